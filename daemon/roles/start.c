/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/start.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGIN_MS 30000 /* the warden checks who it is, and answers at once */
#define DESCRIPTORS 65536
#define THREADS 1024 /* of a role's user, all its processes together */
#define DATA_BYTES (UINT64_C(8) << 30) /* of each process */
#define FILE_BYTES (UINT64_C(1) << 30)

/* Everything else goes: notify sockets, bus addresses, credentials' directory, proxies. The
 * sanitizers' two are harmless and tests need them. */
static const char *const kept_variables[] = { "PATH",         "LANG",
                                              "TZ",           "JOURNAL_STREAM",
                                              "ASAN_OPTIONS", "UBSAN_OPTIONS" };

int sp_role_clean_environment(void)
{
        char *kept[SP_ARRAY_SIZE(kept_variables)] = { 0 };
        int r = 0;

        for (size_t i = 0; i < SP_ARRAY_SIZE(kept_variables); i++) {
                const char *value = getenv(kept_variables[i]);

                kept[i] = value ? strdup(value) : NULL;
                if (value && !kept[i])
                        r = -ENOMEM;
        }
        if (clearenv() != 0)
                r = -ENOMEM;
        for (size_t i = 0; i < SP_ARRAY_SIZE(kept_variables); i++) {
                if (r == 0 && kept[i] && setenv(kept_variables[i], kept[i], 1) < 0)
                        r = -ENOMEM;
                free(kept[i]);
        }
        return r;
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
        struct rlimit l;

        if (getrlimit((__rlimit_resource_t)which, &l) < 0)
                return -errno;
        /* a unit's own may be narrower, and without capabilities no limit is raised */
        l.rlim_cur = l.rlim_max = SP_MIN(l.rlim_max, (rlim_t)most);
        return setrlimit((__rlimit_resource_t)which, &l) < 0 ? -errno : 0;
}

static int limit(bool writes_files)
{
        int r = set_limit(RLIMIT_CORE, 0);

#ifndef __SANITIZE_ADDRESS__ /* its shadow is data, too */
        if (r == 0)
                r = set_limit(RLIMIT_DATA, DATA_BYTES);
#endif
        if (r == 0 && getuid() != 0) /* root has other processes, and keeps its own */
                r = set_limit(RLIMIT_NPROC, THREADS);
        if (r == 0 && !writes_files)
                r = set_limit(RLIMIT_FSIZE, FILE_BYTES);
        (void)signal(SIGXFSZ, SIG_IGN); /* a write fails instead */
        return r;
}

static int drop_rights(void)
{
        if (capng_get_caps_process() < 0)
                return -EPERM;
        if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
                /* not where there are none: a unit's filter does not have the call */
                capng_clear(CAPNG_SELECT_ALL);
                if (capng_apply(CAPNG_SELECT_CAPS) < 0)
                        return -EPERM;
        }
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        (void)umask(0077);
        return 0;
}

static int take_channel(void)
{
        int type, flags;
        socklen_t n = sizeof(type);

        if (getsockopt(SP_ROLE_CHANNEL, SOL_SOCKET, SO_TYPE, &type, &n) < 0)
                return -errno;
        if (type != SOCK_SEQPACKET)
                return -EPROTOTYPE;
        flags = fcntl(SP_ROLE_CHANNEL, F_GETFL);
        if (flags < 0 || fcntl(SP_ROLE_CHANNEL, F_SETFD, FD_CLOEXEC) < 0 ||
            fcntl(SP_ROLE_CHANNEL, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        return 0;
}

/* Nothing else is due before the first message, so it may block. */
static int first_message(struct sp_msg_begin *ret)
{
        struct pollfd p = { .fd = SP_ROLE_CHANNEL, .events = POLLIN };
        struct sp_ipc ipc;
        struct sp_ipc_msg m;
        int r;

        do
                r = poll(&p, 1, BEGIN_MS);
        while (r < 0 && errno == EINTR);
        if (r <= 0)
                return r < 0 ? -errno : -ETIMEDOUT;
        sp_ipc_init(&ipc, SP_ROLE_CHANNEL);
        r = sp_ipc_recv(&ipc, &m);
        if (r > 0) {
                r = m.type == SP_MSG_BEGIN && m.fd < 0
                            ? sp_msg_read_begin(m.payload, ret)
                            : -EBADMSG;
                sp_closep(&m.fd);
        } else if (r == 0) {
                r = -EBADMSG;
        }
        ipc.fd = -1; /* the role's own, from here on */
        sp_ipc_done(&ipc);
        return r;
}

int sp_role_start(bool writes_files, struct sp_msg_begin *ret, struct sp_err *reterr)
{
        int r = take_channel();

        if (r < 0)
                return sp_err_set(reterr, r, "start.channel", "",
                                  "roles are started by the warden");
        r = sp_role_clean_environment();
        if (r < 0)
                return sp_err_set(reterr, r, "start.environment", "", "%s",
                                  strerror(-r));
        r = drop_rights();
        if (r < 0)
                return sp_err_set(reterr, r, "start.rights", "",
                                  "capabilities cannot be given away: %s",
                                  strerror(-r));
        raise_descriptor_limit();
        r = limit(writes_files);
        if (r < 0)
                return sp_err_set(reterr, r, "start.limits", "", "%s", strerror(-r));
        r = sp_ipc_hello(SP_ROLE_CHANNEL);
        if (r == 0)
                r = first_message(ret);
        return r < 0 ? sp_err_set(reterr, r, "start.begin", "",
                                  "the warden has not said what to begin with: %s",
                                  strerror(-r))
                     : 0;
}
