/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/guard_internal — what the parts of the guard share: guard.c (lifecycle, questions),
 * guard_load.c (programs and pins), guard_tags.c (tags and directories), guard_sweep.c
 * (sockets older than their guard). Included by those four only.
 *
 * Ownership: each part frees in its _done what it opened.
 */
#pragma once

#include <limits.h>

#include "daemon/warden/guard.h"
#include "daemon/warden/guard_path.h"

struct ring_buffer;

struct sp_guard {
        char mount[PATH_MAX]; /* of the cgroup v2 root */
        char attach[PATH_MAX]; /* as a cgroup path: "/" or "/a/b" */
        char attach_path[PATH_MAX]; /* in the file system */
        char pin_dir[PATH_MAX / 2];
        int root_fd; /* directory: the v2 root */
        int attach_fd; /* directory */
        int lock_fd; /* held for as long as the guard is open */

        int tags_fd, guarded_fd, state_fd, stats_fd, events_map_fd, origins_fd;
        bool has_egress;
        char egress_why[320];

        struct ring_buffer *events;
        sp_guard_event_fn on_event;
        void *on_event_data;
};

/* guard_load.c. _lock: finds or makes the pin directory and takes its lock. */
int sp_guard_load_lock(struct sp_guard *g, struct sp_err *reterr);
int sp_guard_load_programs(struct sp_guard *g, const struct sp_bpf_settings *settings,
                           struct sp_err *reterr);
int sp_guard_load_remove(struct sp_guard *g, struct sp_err *reterr);
void sp_guard_load_done(struct sp_guard *g);

/* guard_sweep.c. Destroys connections that processes below directory `path` (a cgroup path)
 * had to guarded destinations before; *ret: how many. Best effort: docs/guard.md. */
int sp_guard_sweep(struct sp_guard *g, const char *path, unsigned *ret);
