/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/warden/unit.h"

static const struct {
        const char *sentence, *own, *path;
        bool is_beside;
} places[] = {
        { "an instance in our slice", "/sallyport.slice/sallyportd.service",
          "/sallyport.slice/sallyport-worker@3-77-0.service", true },
        { "and without any slice", "/sallyportd.service",
          "/sallyport-worker@3-77-0.service", true },
        { "another role's", "/sallyport.slice/sallyportd.service",
          "/sallyport.slice/sallyport-recorder@3-77-0.service", false },
        { "another slice", "/sallyport.slice/sallyportd.service",
          "/agents.slice/sallyport-worker@3-77-0.service", false },
        { "a slice whose name begins like ours", "/sallyport.slice/sallyportd.service",
          "/sallyport.slice2/sallyport-worker@3-77-0.service", false },
        { "a cgroup that a user made in its own part of the tree",
          "/sallyport.slice/sallyportd.service",
          "/user.slice/user-7.slice/user@7.service/sallyport-worker@1.service", false },
        { "a cgroup below an instance", "/sallyport.slice/sallyportd.service",
          "/sallyport.slice/sallyport-worker@3.service/a.service", false },
        { "a cgroup below one that is beside ours",
          "/sallyport.slice/sallyportd.service",
          "/sallyport.slice/other.service/sallyport-worker@3.service", false },
        { "no service", "/sallyport.slice/sallyportd.service",
          "/sallyport.slice/sallyport-worker@3.scope", false },
        { "one whose directory is gone", "/sallyport.slice/sallyportd.service",
          "/sallyport.slice/sallyport-worker@3.service (deleted)", false },
        { "our own", "/sallyport.slice/sallyportd.service",
          "/sallyport.slice/sallyportd.service", false },
        { "nothing", "/sallyport.slice/sallyportd.service", "", false },
};

static void a_role_is_an_instance_of_its_unit_beside_our_own(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(places); i++)
                if (sp_unit_is_beside(places[i].own, places[i].path, "worker") !=
                    places[i].is_beside)
                        fail_msg("%s", places[i].sentence);
}

static void a_unit_that_gives_more_than_it_should_is_found_out(void **state)
{
        (void)state;
        assert_null(
                sp_unit_excess(SP_STR("Name:\tsallyportd\nCapEff:\t0000000000000000\n"
                                      "CapBnd:\t0000000000000000\nSeccomp:\t2\n")));
        assert_non_null(strstr(
                sp_unit_excess(SP_STR("CapBnd:\t0000000000000400\nSeccomp:\t2\n")),
                "CapabilityBoundingSet="));
        assert_non_null(strstr(
                sp_unit_excess(SP_STR("CapBnd:\t0000000000000000\nSeccomp:\t0\n")),
                "SystemCallFilter="));
        /* a status that does not say is not a good one */
        assert_non_null(sp_unit_excess(SP_STR("")));
        assert_non_null(sp_unit_excess(SP_STR("CapBnd:\t0000000000000000\n")));
}

/* Listens as systemd would, but is this test. */
static int listen_at(const char *dir, const char *role)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/" SP_UNIT_ROLES "/%s", dir,
                       role);
        assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(fd, 1), 0);
        return fd;
}

static void only_systemd_is_asked_for_a_unit(void **state)
{
        char dir[] = "/tmp/sp-units-XXXXXX", roles[64];
        struct sp_launch l = SP_LAUNCH("worker", (struct sp_user){ 0 }, dir);
        struct sp_err e = SP_ERR_NULL;
        int fd = -1, door;

        (void)state;
        assert_non_null(mkdtemp(dir));
        (void)snprintf(roles, sizeof(roles), "%s/" SP_UNIT_ROLES, dir);
        assert_int_equal(mkdir(roles, 0700), 0);
        assert_int_equal(sp_launch_start(&l, &fd, &e), -ENOENT);
        assert_string_equal(e.id, "spawn.socket");
        assert_non_null(strstr(e.what, "systemctl start sallyport-worker.socket"));
        door = listen_at(dir, "worker");
        assert_int_equal(sp_launch_start(&l, &fd, &e), -EPERM);
        assert_string_equal(e.id, "spawn.socket");
        assert_int_equal(fd, -1);
        (void)close(door);
}

static void a_process_of_another_user_or_place_is_refused(void **state)
{
        struct sp_launch l =
                SP_LAUNCH("worker", ((struct sp_user){ true, 4711, 4711 }), "/nowhere");
        struct ucred who = { getpid(), 4712, 4711 };
        struct sp_err e = SP_ERR_NULL;

        (void)state;
        assert_int_equal(sp_unit_check(&l, &who, &e), -EPERM);
        assert_string_equal(e.id, "spawn.unit");
        assert_non_null(strstr(e.what, "User="));
        l.user.is_set = false; /* no user is set: anybody but root */
        who.uid = 0;
        assert_int_equal(sp_unit_check(&l, &who, &e), -EPERM);
        assert_non_null(strstr(e.what, "User="));
        who.uid = 4711;
        assert_int_equal(sp_unit_check(&l, &who, &e), -EPERM);
        assert_non_null(strstr(e.what, "Slice="));
        who.pid = 0; /* of another name space of process numbers */
        assert_int_equal(sp_unit_check(&l, &who, &e), -EPERM);
        assert_int_equal(l.pid, 0);
        assert_int_equal(l.pidfd, -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_role_is_an_instance_of_its_unit_beside_our_own),
                cmocka_unit_test(a_unit_that_gives_more_than_it_should_is_found_out),
                cmocka_unit_test(only_systemd_is_asked_for_a_unit),
                cmocka_unit_test(a_process_of_another_user_or_place_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
