/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/launch.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/ipc.h"
#include "daemon/warden/spawn.h"
#include "daemon/warden/unit.h"

#define END_MS 3000 /* after SIGKILL */

int sp_user_find(struct sp_str name, struct sp_user *ret, struct sp_err *reterr)
{
        char text[64];
        const struct passwd *p;

        if (!name.n) {
                *ret = (struct sp_user){ 0 };
                return 0;
        }
        (void)snprintf(text, sizeof(text), "%.*s", SP_FMT(name));
        p = getpwnam(text);
        if (!p)
                return sp_err_set(reterr, -ENOENT, "spawn.user", "",
                                  "there is no user '%s'", text);
        if (p->pw_uid == 0)
                return sp_err_set(reterr, -EPERM, "spawn.user", "",
                                  "'%s' is root: choose a user without rights", text);
        *ret = (struct sp_user){ true, p->pw_uid, p->pw_gid };
        return 0;
}

static int start_child(struct sp_launch *l, int *ret, struct sp_err *reterr)
{
        sp_autoclose int ours = -1, theirs = -1;
        int pair[2], r = sp_ipc_pair(pair);

        if (r < 0)
                return sp_err_set(reterr, r, "spawn.channel", l->role, "no channel: %s",
                                  strerror(-r));
        ours = pair[0];
        theirs = pair[1];
        r = sp_spawn(l, theirs, reterr);
        if (r < 0)
                return r;
        l->is_child = true;
        *ret = SP_TAKE_FD(ours);
        return 0;
}

int sp_launch_start(struct sp_launch *l, int *ret, struct sp_err *reterr)
{
        sp_autoclose int fd = -1;
        int r = l->units_dir ? sp_unit_start(l, &fd, reterr)
                             : start_child(l, &fd, reterr);

        if (r < 0)
                return r;
        r = sp_ipc_expect(fd);
        if (r < 0) {
                sp_launch_end(l);
                return sp_err_set(reterr, r, "spawn.channel", l->role, "%s",
                                  strerror(-r));
        }
        *ret = SP_TAKE_FD(fd);
        return 0;
}

int sp_launch_meet(struct sp_launch *l, int channel, struct sp_err *reterr)
{
        struct ucred who;
        int r = sp_ipc_meet(channel, &who);

        if (r < 0)
                return sp_err_set(reterr, r, "spawn.hello", l->role,
                                  "it did not say hello: %s", strerror(-r));
        if (r == 0)
                return 0;
        if (l->units_dir) {
                r = sp_unit_check(l, &who, reterr);
                return r < 0 ? r : 1;
        }
        if (who.pid != l->pid)
                return sp_err_set(reterr, -EPERM, "spawn.hello", l->role,
                                  "pid %d said hello for pid %d", (int)who.pid,
                                  (int)l->pid);
        return 1;
}

void sp_launch_kill(const struct sp_launch *l)
{
        if (l->pid > 0)
                (void)syscall(SYS_pidfd_send_signal, l->pidfd, SIGKILL, NULL, 0);
}

void sp_launch_reap(struct sp_launch *l, char *text, size_t n)
{
        siginfo_t si = { 0 };

        if (n)
                text[0] = 0;
        if (l->pid <= 0)
                return;
        if (l->is_child && waitid(P_PID, (id_t)l->pid, &si, WEXITED | WNOHANG) == 0 &&
            si.si_pid)
                (void)snprintf(text, n, ": %s %d",
                               si.si_code == CLD_EXITED ? "status" : "signal",
                               si.si_status);
        sp_closep(&l->pidfd);
        l->pid = 0;
}

void sp_launch_end(struct sp_launch *l)
{
        struct pollfd p = { .fd = l->pidfd, .events = POLLIN };

        sp_launch_kill(l);
        while (l->pid > 0 && poll(&p, 1, END_MS) < 0 && errno == EINTR)
                ;
        sp_launch_reap(l, NULL, 0);
}
