/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/warden/guard_path.h"

#define STATUS_MAX 8192

static int refuse(const struct sp_launch *l, struct sp_err *reterr, const char *why)
{
        return sp_err_set(reterr, -EPERM, "spawn.unit", l->role, "%s", why);
}

int sp_unit_start(const struct sp_launch *l, int *ret, struct sp_err *reterr)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        struct ucred who;
        socklen_t n = sizeof(who);
        sp_autoclose int fd =
                socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return sp_err_set(reterr, -errno, "spawn.channel", l->role,
                                  "no channel: %m");
        if (snprintf(a.sun_path, sizeof(a.sun_path), "%s/" SP_UNIT_ROLES "/%s",
                     l->units_dir, l->role) >= (int)sizeof(a.sun_path))
                return sp_err_set(reterr, -ENAMETOOLONG, "spawn.socket", l->units_dir,
                                  "the path is too long for a socket");
        if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
                return sp_err_set(reterr, -errno, "spawn.socket", a.sun_path,
                                  "%m; systemctl start sallyport-%s.socket", l->role);
        /* of who called listen() */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
                return sp_err_set(reterr, -errno, "spawn.socket", a.sun_path, "%m");
        if (who.pid != 1 || who.uid != 0)
                return sp_err_set(reterr, -EPERM, "spawn.socket", a.sun_path,
                                  "who listens there is not systemd");
        *ret = SP_TAKE_FD(fd);
        return 0;
}

bool sp_unit_is_beside(const char *own, const char *path, const char *role)
{
        struct sp_str slice = sp_str_c(own), dir = sp_str_c(path), unit, rest;
        char prefix[48];

        while (slice.n && slice.p[slice.n - 1] != '/')
                slice.n--;
        if (!slice.n || !sp_str_starts(dir, slice))
                return false;
        unit = sp_str_sub(dir, slice.n, dir.n);
        (void)snprintf(prefix, sizeof(prefix), "sallyport-%s@", role);
        return sp_str_starts(unit, sp_str_c(prefix)) &&
               sp_str_ends(unit, SP_STR(".service")) &&
               !sp_str_cut(unit, '/', &unit, &rest);
}

static struct sp_str field(struct sp_str status, struct sp_str name)
{
        struct sp_str line;

        while (status.n) {
                (void)sp_str_cut(status, '\n', &line, &status);
                if (sp_str_starts(line, name))
                        return sp_str_trim(sp_str_sub(line, name.n, line.n));
        }
        return SP_STR_NULL;
}

/* The role itself gives away more before it says hello; these it cannot, and would not have
 * been given by a unit that is as we ship it. */
const char *sp_unit_excess(struct sp_str status)
{
        if (!sp_str_eq(field(status, SP_STR("CapBnd:")), SP_STR("0000000000000000")))
                return "the unit leaves it capabilities: CapabilityBoundingSet= must "
                       "be "
                       "empty";
        if (!sp_str_eq(field(status, SP_STR("Seccomp:")), SP_STR("2")))
                return "the unit has no SystemCallFilter=";
        return NULL;
}

static int check_status(const struct sp_launch *l, pid_t pid, struct sp_err *reterr)
{
        char name[64], text[STATUS_MAX];
        sp_autoclose int fd = -1;
        const char *why;
        ssize_t n;

        (void)snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text)); /* one read gives all of it */
        if (n < 0)
                return refuse(l, reterr, "its status cannot be read");
        why = sp_unit_excess(sp_str(text, (size_t)n));
        return why ? refuse(l, reterr, why) : 0;
}

/* After an upgrade the unit runs the new program, and this one is the old: they would not
 * understand each other. */
static int check_program(const struct sp_launch *l, pid_t pid, struct sp_err *reterr)
{
        struct stat ours, its;
        char name[64];

        (void)snprintf(name, sizeof(name), "/proc/%d/exe", (int)pid);
        if (stat("/proc/self/exe", &ours) < 0 || stat(name, &its) < 0)
                return refuse(l, reterr, "its program cannot be seen");
        if (ours.st_dev != its.st_dev || ours.st_ino != its.st_ino)
                return sp_err_set(reterr, -ESTALE, "spawn.program", l->role,
                                  "its program is another than the one that runs here: "
                                  "systemctl restart sallyportd");
        return 0;
}

static int check(const struct sp_launch *l, const struct ucred *who,
                 struct sp_err *reterr)
{
        char own[PATH_MAX], path[PATH_MAX];
        int r;

        if (l->user.is_set ? who->uid != l->user.uid || who->gid != l->user.gid
                           : who->uid == 0 || who->gid == 0)
                return refuse(l, reterr,
                              "User= of the unit is not the one in users: of the "
                              "configuration");
        if (sp_guard_path_of_pid(0, own) < 0 ||
            sp_guard_path_of_pid(who->pid, path) < 0)
                return refuse(l, reterr, "its cgroup cannot be seen");
        if (!sp_unit_is_beside(own, path, l->role))
                return refuse(l, reterr,
                              "it is not a unit of its own beside this one's: Slice= "
                              "must be the same");
        r = check_status(l, who->pid, reterr);
        return r == 0 ? check_program(l, who->pid, reterr) : r;
}

int sp_unit_check(struct sp_launch *l, const struct ucred *who, struct sp_err *reterr)
{
        /* 0: it is in a name space of process numbers below ours, or beside it */
        sp_autoclose int fd =
                who->pid > 0 ? (int)syscall(SYS_pidfd_open, who->pid, 0) : -1;
        int r;

        if (fd < 0)
                return refuse(l, reterr, "its process cannot be seen");
        r = check(l, who, reterr);
        /* what was looked up by its number is still the process of the pidfd */
        if (r == 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) < 0)
                r = refuse(l, reterr, "it ended meanwhile");
        if (r < 0)
                return r;
        l->pid = who->pid;
        l->pidfd = SP_TAKE_FD(fd);
        return 0;
}
