/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/spawn.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/roles/start.h"

static int become(const struct sp_user *u)
{
        /* Without CAP_SETPCAP the bounding set stays; no_new_privs makes it harmless.
         */
        for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
                (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
        if (u->is_set &&
            (setgroups(0, NULL) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
             setresuid(u->uid, u->uid, u->uid) < 0))
                return -errno;
        capng_clear(CAPNG_SELECT_ALL);
        if (capng_apply(CAPNG_SELECT_CAPS) < 0)
                return -EPERM;
        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

static int keep_descriptors(int channel)
{
        sp_autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0)
                return -errno;
        if (channel == SP_ROLE_CHANNEL) {
                if (fcntl(SP_ROLE_CHANNEL, F_SETFD, 0) < 0)
                        return -errno;
        } else if (dup2(channel, SP_ROLE_CHANNEL) < 0) {
                return -errno;
        }
        if (null == SP_ROLE_CHANNEL) /* dup2 has replaced it */
                null = -1;
        return close_range(SP_ROLE_CHANNEL + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno
                                                                              : 0;
}

static void reset_signals(void)
{
        sigset_t none;

        (void)sigemptyset(&none);
        for (int s = 1; s < SIGRTMIN; s++)
                (void)signal(s, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void in_child(const struct sp_launch *l, int channel, pid_t parent)
{
        char role[32];
        char *argv[] = { "sallyportd", role, NULL };
        int r;

        (void)snprintf(role, sizeof(role), "--role=%s", l->role);
        reset_signals();
        r = keep_descriptors(channel);
        if (r == 0)
                r = become(&l->user);
        /* after the change of user, which clears it */
        if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                r = -errno;
        if (r == 0 && getppid() != parent) /* it died before the line above */
                _exit(0);
        if (r == 0)
                r = sp_role_clean_environment();
        if (r == 0) {
                (void)execv("/proc/self/exe", argv);
                r = -errno;
        }
        (void)dprintf(STDERR_FILENO, "error warden: starting a %s: %s\n", l->role,
                      strerror(-r));
        _exit(127);
}

int sp_spawn(struct sp_launch *l, int channel, struct sp_err *reterr)
{
        pid_t parent = getpid(), pid = fork();
        int fd;

        if (pid < 0)
                return sp_err_set(reterr, -errno, "spawn.fork", l->role, "fork: %m");
        if (pid == 0)
                in_child(l, channel, parent);
        fd = (int)syscall(SYS_pidfd_open, pid,
                          0); /* ours to wait for, so that it is there in any case */
        if (fd < 0) {
                int r = -errno;

                (void)kill(pid, SIGKILL);
                (void)waitpid(pid, NULL, 0);
                return sp_err_set(reterr, r, "spawn.watch", l->role, "%s",
                                  strerror(-r));
        }
        l->pid = pid;
        l->pidfd = fd;
        return 0;
}
