/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/run_cgroup — the cgroup that `sallyctl run` makes for one command.
 *
 * Job:       make <parent>/<name>, put a process in and read back that it is there, end
 *            whoever is left and remove it.
 * Errors:    -errno and "cli.run-cgroup". _remove fails with -EBUSY when somebody in it
 *            does not end: the directory, and so its tag, must then stay.
 */
#pragma once

#include <limits.h>
#include <sys/types.h>

#include "daemon/base/err.h"

struct sp_run_cgroup {
        char path[PATH_MAX]; /* from the v2 root: what is tagged */
        char directory[PATH_MAX]; /* in the file system */
        char parent[PATH_MAX]; /* in the file system */
        bool made_parent;
        uint64_t id;
};

/* `parent`: from the v2 root; made if missing and removed again when empty. */
sp_must_check int sp_run_cgroup_make(struct sp_run_cgroup *c, const char *parent,
                                     struct sp_err *reterr);
sp_must_check int sp_run_cgroup_enter(const struct sp_run_cgroup *c, pid_t pid,
                                      struct sp_err *reterr);
sp_must_check int sp_run_cgroup_remove(const struct sp_run_cgroup *c,
                                       struct sp_err *reterr);
