/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/roles/messages.h"
#include "daemon/warden/files.h"
#include "daemon/warden/policy_source.h"

static char dir[64];
static struct sp_settings settings;
static struct sp_workload agents = { .name = { "agents", 6 } };

static int make_dir(void **state)
{
        (void)state;
        (void)snprintf(dir, sizeof(dir), "/tmp/sallyport-test-XXXXXX");
        if (!mkdtemp(dir))
                return -1;
        settings.policy_dir = sp_str_c(dir);
        settings.workloads = &agents;
        settings.n_workloads = 1;
        return 0;
}

static int remove_dir(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
        return system(command);
}

static void put(const char *name, const char *text, mode_t mode)
{
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        assert_int_equal(sp_file_replace(path, sp_str_c(text), mode, &e), 0);
}

#define RULE(name, workload)                                                           \
        "version: 1\nrules:\n- {name: " name ", workloads: [" workload "],"            \
        " actions: [select], resources: [p." name "], verdict: allow}\n"

static void files_come_in_the_order_of_their_names(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
        sp_autobuf packed = SP_BUF_INIT(1 << 20);
        struct sp_policy_source s = SP_POLICY_SOURCE_NULL;
        struct sp_policy_file *files;
        struct sp_err e = SP_ERR_NULL;
        size_t n;

        (void)state;
        put("20-b.yaml", RULE("two", "agents"), 0644);
        put("10-a.yaml", RULE("one", "agents"), 0600);
        put("30-c.yml", "not read", 0644);
        put(".40.yaml", "not read", 0644);
        put("50.yaml~", "not read", 0644);
        if (sp_policy_source_load(&settings, &s, &e) < 0)
                fail_msg("%s: %s", e.where, e.what);
        assert_int_equal(s.files, 2);
        assert_int_equal(sp_memfd_read(s.fd, 1 << 20, &packed), 0);
        assert_int_equal(sp_policy_unpack(&a, sp_buf_str(&packed), &files, &n), 0);
        assert_int_equal(n, 2);
        assert_true(sp_str_eq(files[0].name, SP_STR("10-a.yaml")));
        assert_true(sp_str_eq(files[1].name, SP_STR("20-b.yaml")));
        assert_int_equal(sp_policy_version(s.policy).n, 64);
        sp_policy_source_done(&s);
        assert_int_equal(s.fd, -1);
}

static void a_directory_with_errors_changes_nothing(void **state)
{
        struct sp_policy_source s = SP_POLICY_SOURCE_NULL;
        struct sp_err e = SP_ERR_NULL;

        (void)state;
        assert_int_equal(sp_policy_source_load(&settings, &s, &e), -ENOENT);
        assert_string_equal(e.id, "policy.empty");
        put("10-a.yaml", RULE("one", "agents"), 0644);
        put("20-b.yaml", RULE("two", "nobody-known"), 0644);
        assert_int_equal(sp_policy_source_load(&settings, &s, &e), -EINVAL);
        assert_non_null(strstr(e.where, "20-b.yaml:"));
        put("20-b.yaml", RULE("two", "agents"), 0664);
        assert_int_equal(sp_policy_source_load(&settings, &s, &e), -EPERM);
        assert_string_equal(e.id, "file.unsafe");
        put("20-b.yaml", RULE("two", "agents"), 0644);
        assert_int_equal(chmod(dir, 0777), 0);
        assert_int_equal(sp_policy_source_load(&settings, &s, &e), -EPERM);
        assert_null(s.policy);
        assert_int_equal(s.fd, -1);
        assert_int_equal(chmod(dir, 0755), 0);
        assert_int_equal(sp_policy_source_load(&settings, &s, &e), 0);
        sp_policy_source_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(files_come_in_the_order_of_their_names,
                                                make_dir, remove_dir),
                cmocka_unit_test_setup_teardown(a_directory_with_errors_changes_nothing,
                                                make_dir, remove_dir),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
