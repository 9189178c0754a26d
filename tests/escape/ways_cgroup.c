/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving the cgroup, or never having been in it. ESCAPE_AWAY is a cgroup that no tag
 * matches, ESCAPE_DELEGATED one below ESCAPE_CGROUP that belongs to nobody. */
#include "tests/escape/escape.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int tcp(struct env *e)
{
        return finish(e, new_socket(e));
}

static int into(const char *variable, const char *file)
{
        char path[4096];

        (void)snprintf(path, sizeof(path), "%s/%s", getenv(variable), file);
        return write_file(path, "0");
}

static int away(struct env *e)
{
        int r = into("ESCAPE_AWAY", "cgroup.procs");

        return r ? r : tcp(e);
}

static int away_thread(struct env *e)
{
        int r = into("ESCAPE_AWAY", "cgroup.threads");

        if (e->is_control && r == -EOPNOTSUPP) /* between domains nobody may */
                r = into("ESCAPE_AWAY", "cgroup.procs");
        return r ? r : tcp(e);
}

static int upwards(struct env *e)
{
        int r = into("ESCAPE_CGROUP", "../cgroup.procs");

        return r ? r : tcp(e);
}

/* Outside the parent, moves, and is the parent of whoever connects. */
static int away_and_fork(struct env *e)
{
        int r = into("ESCAPE_AWAY", "cgroup.procs"), status;

        if (r)
                return r;
        if (!fork())
                _exit(fork() ? wait(&status), WEXITSTATUS(status) : tcp(e) != 0);
        (void)wait(&status);
        return WEXITSTATUS(status) ? -EPERM : 0;
}

/* Somebody who is guarded moves another one. */
static int moved_by_kin(struct env *e)
{
        char path[4096], pid[16];
        int go[2], r, status;
        char c;
        pid_t child;

        if (pipe(go))
                return -errno;
        child = fork();
        if (!child)
                _exit(read(go[0], &c, 1) == 1 && tcp(e) == 0 ? 0 : 1);
        (void)snprintf(path, sizeof(path), "%s/cgroup.procs", getenv("ESCAPE_AWAY"));
        (void)snprintf(pid, sizeof(pid), "%d", child);
        r = write_file(path, pid);
        (void)!write(go[1], r ? "" : "x", r ? 0 : 1);
        (void)close(go[1]);
        if (r)
                (void)kill(child, SIGKILL);
        (void)wait(&status);
        return r ? r : WEXITSTATUS(status) ? -EPERM : 0;
}

/* A child that is born in another cgroup. */
static int born_in(struct env *e, int fd)
{
        struct clone_args a = { .flags = CLONE_INTO_CGROUP,
                                .exit_signal = SIGCHLD,
                                .cgroup = (uint64_t)fd };
        int status;
        long pid = syscall(SYS_clone3, &a, sizeof(a));

        if (pid < 0)
                return -errno;
        if (!pid)
                _exit(tcp(e) ? 1 : 0);
        (void)wait(&status);
        return WEXITSTATUS(status) ? -EPERM : 0;
}

static int open_away(const char *file, int flags)
{
        char path[4096];

        (void)snprintf(path, sizeof(path), "%s/%s", getenv("ESCAPE_AWAY"), file);
        return err(open(path, flags | O_CLOEXEC));
}

static int born_away(struct env *e)
{
        int fd = open_away(".", O_RDONLY | O_DIRECTORY);

        return fd < 0 ? fd : born_in(e, fd);
}

static int born_plain(struct env *e)
{
        struct clone_args a = { .flags = CLONE_VFORK, .exit_signal = SIGCHLD };
        long pid = syscall(SYS_clone3, &a, sizeof(a));
        int status;

        if (pid < 0)
                return -errno;
        if (!pid)
                _exit(tcp(e) ? 1 : 0);
        (void)wait(&status);
        return WEXITSTATUS(status) ? -EPERM : 0;
}

/* Opened for writing by root outside, and passed in: the kernel asks who opened it. */
static int procs_before(struct env *e)
{
        e->fds[0] = open_away("cgroup.procs", O_WRONLY);
        return e->fds[0] < 0 ? e->fds[0] : 0;
}

static int procs_passed(struct env *e)
{
        int r = err((int)write(e->fds[0], "0", 1));

        return r < 0 ? r : tcp(e);
}

/* ---- below one's own cgroup ---- */

static int child(struct env *e)
{
        char path[4096], file[4200];
        int r;

        (void)snprintf(path, sizeof(path), "%s/sub-%d", getenv("ESCAPE_CGROUP"),
                       getpid());
        if (mkdir(path, 0755))
                return -errno;
        (void)snprintf(file, sizeof(file), "%s/cgroup.procs", path);
        r = write_file(file, "0");
        return r ? r : tcp(e);
}

static int delegated(struct env *e)
{
        char path[4096];
        const char *top = getenv("ESCAPE_DELEGATED");
        int r = into("ESCAPE_DELEGATED", "b/cgroup.procs");

        (void)snprintf(path, sizeof(path), "%s/c-%d", top, getpid());
        if (!r && mkdir(path, 0755))
                r = -errno;
        (void)strcat(path, "/cgroup.procs");
        if (!r)
                r = write_file(path, "0");
        return r ? r : tcp(e);
}

/* Own cgroup and user namespaces, and cgroupfs mounted anew. */
static int own_namespace(struct env *e)
{
        char map[64];
        unsigned uid = getuid();

        if (unshare(CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWNS))
                return -errno;
        (void)write_file("/proc/self/setgroups", "deny");
        (void)snprintf(map, sizeof(map), "0 %u 1", uid);
        (void)write_file("/proc/self/uid_map", map);
        (void)mount("none", "/tmp", "cgroup2", 0, NULL);
        (void)write_file("/tmp/cgroup.procs", "0");
        (void)into("ESCAPE_AWAY", "cgroup.procs");
        return tcp(e);
}

#define GROUP "Cgroups"
#define OWNER "the kernel: cgroupfs belongs to root"
#define STICKY "sticky guard: a guarded process takes its guard along"
#define HOOK "connect hooks: they look at all ancestors"
#define TO REAL4, 443, SOCK_STREAM

static const struct way v[] = {
        { "move", GROUP, "moves itself to another cgroup, as a user", OWNER, away, TO,
          .control_who = WHO_ROOT },
        { "move-thread", GROUP, "moves one thread, as a user", OWNER, away_thread, TO,
          .control_who = WHO_ROOT },
        { "move-procs-passed", GROUP,
          "with a `cgroup.procs` that root opened and passed in", STICKY, procs_passed,
          TO, 0, procs_before },
        { "move-root", GROUP, "moves itself, as root without capabilities", STICKY,
          away, TO, .who = WHO_UID0 },
        { "move-up", GROUP, "moves itself to the parent, as root", STICKY, upwards, TO,
          .who = WHO_UID0 },
        { "move-fork", GROUP, "moves itself, and its grandchild connects", STICKY,
          away_and_fork, TO, .who = WHO_UID0 },
        { "move-kin", GROUP, "moves another guarded process", STICKY, moved_by_kin, TO,
          .who = WHO_UID0 },
        { "clone-into", GROUP,
          "a child born in another cgroup (`CLONE_INTO_CGROUP`), as root", STICKY,
          born_away, TO, .who = WHO_UID0 },
        { "clone-into-user", GROUP, "the same as a user", OWNER, born_away, TO,
          .control_who = WHO_ROOT },
        { "clone-vfork", GROUP, "a child by `clone3(CLONE_VFORK)`", HOOK, born_plain,
          TO },
        { "child", GROUP, "makes a cgroup below its own, as root", HOOK, child, TO,
          .who = WHO_UID0 },
        { "delegated", GROUP, "moves about in a subtree that was delegated to it", HOOK,
          delegated, TO, .flags = WAY_DELEGATED },
        { "namespace", GROUP, "cgroup namespace of its own, cgroupfs mounted anew",
          HOOK, own_namespace, TO },
};
const struct ways ways_cgroup = { v, sizeof(v) / sizeof(v[0]) };
