/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/socket.h>

#define CLONE3_ABSENT                                                                  \
        SCMP_ACT_ERRNO(ENOSYS) /* its flags are in memory: libc takes clone */

static int no_namespaces(scmp_filter_ctx f)
{
        static const unsigned flags[] = { CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                          CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                          CLONE_NEWNET };
        const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
        int r = seccomp_rule_add(f, refuse, SCMP_SYS(setns), 0);

        for (size_t i = 0; !r && i < sizeof(flags) / sizeof(flags[0]); i++) {
                const struct scmp_arg_cmp c =
                        SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]);

                r = seccomp_rule_add(f, refuse, SCMP_SYS(unshare), 1, c);
                if (!r)
                        r = seccomp_rule_add(f, refuse, SCMP_SYS(clone), 1, c);
        }
        return r ? r : seccomp_rule_add(f, CLONE3_ABSENT, SCMP_SYS(clone3), 0);
}

static int no_families(scmp_filter_ctx f)
{
        const uint32_t refuse = SCMP_ACT_ERRNO(EAFNOSUPPORT);
        int r = seccomp_rule_add(f, refuse, SCMP_SYS(socket), 1,
                                 SCMP_A0_32(SCMP_CMP_GT, AF_NETLINK));

        for (unsigned family = AF_INET + 1; !r && family < AF_NETLINK; family++)
                if (family != AF_INET6)
                        r = seccomp_rule_add(f, refuse, SCMP_SYS(socket), 1,
                                             SCMP_A0_32(SCMP_CMP_EQ, family));
        return r;
}

int sp_run_filter(void)
{
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
        int r = f ? 0 : -ENOMEM;

        if (!r)
                r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH,
                                     SCMP_ACT_ERRNO(ENOSYS));
        if (!r)
                r = no_namespaces(f);
        if (!r)
                r = no_families(f);
        if (!r) /* a ring makes sockets of any family where no filter looks */
                r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup),
                                     0);
        if (!r)
                r = seccomp_load(f);
        seccomp_release(f);
        return r;
}
