/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_child.h"
#include "cli/run_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "daemon/base/def.h"
#include "include/sallyport/bpf_abi.h"

static void fail(const struct sp_run_child *c, int status, const char *fmt, ...)
        __attribute__((noreturn, format(printf, 3, 4)));

static void fail(const struct sp_run_child *c, int status, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        (void)vdprintf(c->report, fmt, ap);
        va_end(ap);
        _exit(status);
}

static void wait_for_go(const struct sp_run_child *c)
{
        char go;
        ssize_t n;

        do
                n = read(c->gate, &go, 1);
        while (n < 0 && errno == EINTR);
        if (n != 1)
                _exit(SP_RUN_FAILED); /* the parent has said why */
}

/* The cgroup says that we are guarded; this asks the kernel. */
static void try_guard(const struct sp_run_child *c)
{
        const struct sockaddr_in probe = { .sin_family = AF_INET,
                                           .sin_port = htons(SP_PROBE_PORT),
                                           .sin_addr = { htonl(SP_PROBE_IP4) } };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                fail(c, SP_RUN_FAILED, "cannot ask the kernel for the guard: %m");
        /* Without the right to raw sockets the second tells nothing. */
        if (!connect(fd, (const struct sockaddr *)&probe, sizeof(probe)) ||
            errno != EPERM ||
            socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, SP_PROBE_PROTOCOL) >= 0)
                fail(c, SP_RUN_FAILED,
                     "the cgroup is tagged, but the kernel does not guard it: are the "
                     "BPF "
                     "programs attached above it, and of this version?");
        (void)close(fd);
}

static void drop_rights(const struct sp_run_child *c)
{
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
                fail(c, SP_RUN_FAILED, "cannot set no_new_privs: %m");
        errno = c->allow_namespaces ? 0 : -sp_run_filter();
        if (errno)
                fail(c, SP_RUN_FAILED, "cannot set the filter of system calls: %m");
        if (!c->user)
                return;
        /* AF_PACKET frames pass all cgroup hooks; without this right nobody makes any,
         * also not a set-uid program, were no_new_privs not there. */
        if (c->uid && prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0) && errno != EPERM)
                fail(c, SP_RUN_FAILED, "cannot drop CAP_NET_RAW: %m");
        if (initgroups(c->user, c->gid) || setresgid(c->gid, c->gid, c->gid) ||
            setresuid(c->uid, c->uid, c->uid))
                fail(c, SP_RUN_FAILED, "cannot become user %s: %m", c->user);
}

/* docs/clients.md: what each client looks at, and no more than that. */
const char *const sp_run_ca_replaces[] = {
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "SSL_CERT_FILE",
        "HTTPLIB2_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        NULL,
};

static void set_ca(const struct sp_run_child *c)
{
        /* This one adds to the client's own store, the others replace it. */
        static const char adds[] = "NODE_EXTRA_CA_CERTS";
        const char *const files[] = { c->ca_file, c->ca_bundle };

        for (size_t i = 0; i < SP_ARRAY_SIZE(files); i++)
                if (access(files[i], R_OK))
                        fail(c, SP_RUN_FAILED, "the command could not read %s: %m",
                             files[i]);
        if (setenv(adds, c->ca_file, 1))
                fail(c, SP_RUN_FAILED, "out of memory");
        for (size_t i = 0; sp_run_ca_replaces[i]; i++)
                if (setenv(sp_run_ca_replaces[i], c->ca_bundle, 1))
                        fail(c, SP_RUN_FAILED, "out of memory");
}

/* An inherited descriptor could be a connection that nobody judged. Also 0, 1 and 2 when
 * they are internet sockets, as an inetd would set them up. */
static void close_inherited(const struct sp_run_child *c)
{
        struct sockaddr_storage a;
        int low = SP_MIN(c->gate, c->report), high = SP_MAX(c->gate, c->report), null;

        for (int fd = 0; fd <= 2; fd++) {
                socklen_t n = sizeof(a);

                if (getsockname(fd, (struct sockaddr *)&a, &n) ||
                    a.ss_family == AF_UNIX)
                        continue;
                null = open("/dev/null", O_RDWR | O_CLOEXEC);
                if (null < 0 || dup2(null, fd) < 0)
                        fail(c, SP_RUN_FAILED, "cannot close descriptor %d: %m", fd);
                (void)close(null);
        }
        if ((low > 3 && close_range(3, (unsigned)low - 1, 0)) ||
            (high > low + 1 && close_range((unsigned)low + 1, (unsigned)high - 1, 0)) ||
            close_range((unsigned)high + 1, ~0u, 0))
                fail(c, SP_RUN_FAILED, "cannot close inherited descriptors: %m");
}

void sp_run_child(const struct sp_run_child *c)
{
        sigset_t none;

        wait_for_go(c);
        try_guard(c);
        close_inherited(c);
        drop_rights(c);
        set_ca(c);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)execvp(c->argv[0], c->argv);
        fail(c, errno == ENOENT ? SP_RUN_NOT_FOUND : SP_RUN_CANNOT_EXECUTE, "%s: %m",
             c->argv[0]);
}
