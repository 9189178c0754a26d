/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/workload — where a workload lives, and what its processes may.
 *
 * Job:    find the guarded cgroup of a workload or a process by the daemon's list, and the
 *         rights of a process in it, for probes that are to see what it sees.
 * Errors: "cli.check-unguarded", "cli.check", those of cli/bus_client.
 */
#pragma once

#include <limits.h>
#include <sys/types.h>

#include "daemon/base/err.h"
#include "include/sallyport/bpf_abi.h"

struct sp_workload_rights {
        pid_t pid; /* whose they are; 0: nobody's, without capabilities */
        uid_t uid;
        gid_t gid;
        uint64_t effective, permitted, bounding;
};
struct sp_workload_place {
        char path[PATH_MAX]; /* from the v2 root */
        char workload[SP_TAG_WORKLOAD_LEN];
        struct sp_workload_rights rights;
};

/* By `name`, or by `pid` if it is not 0. */
sp_must_check int sp_workload_find(const char *name, pid_t pid,
                                   struct sp_workload_place *ret,
                                   struct sp_err *reterr);
/* For a child that is to become such a process: they cannot be had back. */
sp_must_check int sp_workload_take_rights(const struct sp_workload_rights *r);
