/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/spawn.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define CHANNEL 3
#define DESCRIPTORS 65536
#define THREADS 1024 /* of a role's user, all its processes together */
#define DATA_BYTES (UINT64_C(8) << 30) /* of each process */
#define FILE_BYTES (UINT64_C(1) << 30) /* of a worker: memory files only */

/* Everything else stays behind: notify sockets, bus addresses, credentials' directory,
 * proxies. The sanitizers' two are harmless and tests need them. */
static const char *const kept_variables[] = { "PATH",         "LANG",
                                              "TZ",           "JOURNAL_STREAM",
                                              "ASAN_OPTIONS", "UBSAN_OPTIONS" };

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
        if (channel == CHANNEL) {
                if (fcntl(CHANNEL, F_SETFD, 0) < 0)
                        return -errno;
        } else if (dup2(channel, CHANNEL) < 0) {
                return -errno;
        }
        if (null == CHANNEL) /* dup2 has replaced it */
                null = -1;
        return close_range(CHANNEL + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static void reset_signals(void)
{
        sigset_t none;

        (void)sigemptyset(&none);
        for (int s = 1; s < SIGRTMIN; s++)
                (void)signal(s, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static char **clean_environment(void)
{
        static char *kept[SP_ARRAY_SIZE(kept_variables) + 1];
        size_t n = 0;

        for (size_t i = 0; i < SP_ARRAY_SIZE(kept_variables); i++) {
                const char *value = getenv(kept_variables[i]);

                if (value && asprintf(&kept[n], "%s=%s", kept_variables[i], value) >= 0)
                        n++;
        }
        kept[n] = NULL;
        return kept;
}

/* Each client connection takes two descriptors; the soft limit is made for select(). */
static void raise_descriptor_limit(void)
{
        struct rlimit l;

        if (getrlimit(RLIMIT_NOFILE, &l) < 0)
                return;
        l.rlim_cur = SP_MIN(l.rlim_max, (rlim_t)DESCRIPTORS);
        (void)setrlimit(RLIMIT_NOFILE, &l);
}

static int set_limit(int which, uint64_t most)
{
        const struct rlimit l = { most, most };

        return setrlimit((__rlimit_resource_t)which, &l) < 0 ? -errno : 0;
}

static int limit(const struct sp_spawn *s)
{
        int r = set_limit(RLIMIT_CORE, 0);

#ifndef __SANITIZE_ADDRESS__ /* its shadow is data, too */
        if (r == 0)
                r = set_limit(RLIMIT_DATA, DATA_BYTES);
#endif
        if (r == 0 && s->user.is_set)
                r = set_limit(RLIMIT_NPROC, THREADS);
        if (r == 0 && strcmp(s->role, "worker") == 0)
                r = set_limit(RLIMIT_FSIZE, FILE_BYTES);
        (void)signal(SIGXFSZ, SIG_IGN); /* a write fails instead */
        return r;
}

static _Noreturn void in_child(const struct sp_spawn *s, pid_t parent)
{
        char index[16], role[32];
        char *argv[] = { "sallyportd",         role, "--index", index, "--log-level",
                         (char *)s->log_level, NULL };
        char **environment = clean_environment();
        int r;

        (void)snprintf(role, sizeof(role), "--role=%s", s->role);
        (void)snprintf(index, sizeof(index), "%u", s->index);
        reset_signals();
        raise_descriptor_limit();
        r = keep_descriptors(s->channel);
        if (r == 0)
                r = limit(s);
        if (r == 0)
                r = become(&s->user);
        /* after the change of user, which clears it */
        if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                r = -errno;
        if (r == 0 && getppid() != parent) /* it died before the line above */
                _exit(0);
        if (r == 0) {
                (void)execve("/proc/self/exe", argv, environment);
                r = -errno;
        }
        (void)dprintf(STDERR_FILENO, "error warden: starting a %s: %s\n", s->role,
                      strerror(-r));
        _exit(127);
}

int sp_spawn(const struct sp_spawn *s, pid_t *ret, struct sp_err *reterr)
{
        pid_t parent = getpid(), pid = fork();

        if (pid < 0)
                return sp_err_set(reterr, -errno, "spawn.fork", s->role, "fork: %m");
        if (pid == 0)
                in_child(s, parent);
        *ret = pid;
        return 0;
}
