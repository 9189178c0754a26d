/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/guard_internal — what the parts of the guard share: guard.c (lifecycle, questions),
 * guard_load.c (programs and pins), guard_tags.c (tags and directories), guard_sweep.c
 * (sockets older than their guard), guard_exits.c (what is open), guard_members.c
 * (processes that left), guard_networks.c (network namespaces), guard_adopt.c (upgrades), guard_procs.c (who is in a
 * cgroup). Included by those only, and by the tests of guard_exits.
 *
 * Ownership: each part frees in its _done what it opened.
 */
#pragma once

#include <limits.h>

#include "daemon/warden/guard.h"
#include "daemon/warden/guard_path.h"

struct ring_buffer;

#define SP_GUARD_RULES_MAX (SP_EGRESS_RULES_MAX + 2 * SP_RESOLVERS_MAX)
#define SP_GUARD_MISSING_MAX 8

struct sp_guard_exit {
        struct sp_exit_key key;
        struct sp_exit value;
};

struct sp_guard {
        char mount[PATH_MAX]; /* of the cgroup v2 root */
        char attach[PATH_MAX]; /* as a cgroup path: "/" or "/a/b" */
        char attach_path[PATH_MAX]; /* in the file system */
        char pin_dir[PATH_MAX / 2];
        int root_fd; /* directory: the v2 root */
        int attach_fd; /* directory */
        int lock_fd; /* held for as long as the guard is open */

        int tags_fd, guarded_fd, state_fd, stats_fd, events_map_fd, origins_fd;
        int members_fd, lost_members_fd, exits_fd, networks_fd;
        bool has_old_pins; /* of another version: gone once our tags are set */
        struct sp_guard_missing missing[SP_GUARD_MISSING_MAX];
        size_t n_missing;
        struct sp_guard_exit exits[SP_GUARD_RULES_MAX];
        size_t n_exits;

        struct ring_buffer *events;
        sp_guard_event_fn on_event;
        void *on_event_data;
        unsigned n_events; /* of this call */
};

/* guard_load.c. _lock: finds or makes the pin directory and takes its lock. */
int sp_guard_load_lock(struct sp_guard *g, struct sp_err *reterr);
int sp_guard_load_programs(struct sp_guard *g, const struct sp_bpf_settings *settings,
                           struct sp_err *reterr);
/* Removes the pins of other versions, which have been live till now. */
void sp_guard_load_forget_others(struct sp_guard *g);
int sp_guard_load_pin_path(const struct sp_guard *g, char ret[PATH_MAX],
                           const char *kind, const char *name);
int sp_guard_load_remove(struct sp_guard *g, struct sp_err *reterr);
void sp_guard_load_done(struct sp_guard *g);

/* guard_exits.c. _set: from the settings and the host's resolvers. _compile: *ret has room
 * for n; -E2BIG: too many ranges for one address. */
int sp_guard_exits_set(struct sp_guard *g, const struct sp_settings *s,
                       struct sp_err *reterr);
int sp_guard_exits_compile(const struct sp_egress_rule *rules, size_t n,
                           struct sp_guard_exit *ret, size_t *ret_n);
bool sp_guard_exits_allow(const struct sp_guard_exit *v, size_t n, const uint8_t ip[16],
                          uint8_t protocol, uint16_t port);

/* guard_members.c. _seed: enters whoever is in a guarded cgroup now. _find: what is
 * known of one process beside its cgroup. */
int sp_guard_members_seed(struct sp_guard *g);
int sp_guard_members_forget(struct sp_guard *g, uint64_t guard_id);
struct sp_guard_member {
        uint64_t id; /* 0: none */
        bool is_lost; /* guarded, by nobody knows whom */
        bool is_away; /* not by whom its cgroup says */
};
int sp_guard_members_find(struct sp_guard *g, pid_t pid, struct sp_guard_member *ret);
/* Are process ids here those that the programs see? Not in a process namespace. */
bool sp_guard_sees_kernel_pids(void);

/* guard_adopt.c: takes over what the pins of other versions know. Members: when the programs
 * of both run, so before those go. */
enum sp_guard_adopted { SP_GUARD_ADOPT_TAGS, SP_GUARD_ADOPT_MEMBERS };
int sp_guard_adopt(struct sp_guard *g, enum sp_guard_adopted what);

/* guard_networks.c: what the map says of a run before ours is forgotten. */
int sp_guard_networks_open(struct sp_guard *g, struct sp_err *reterr);

/* guard_procs.c: calls `fn` for each process in directory `path` (a cgroup path) and below;
 * 1 from it ends the walk, and is returned. -ENOENT: there is no such directory. */
typedef int (*sp_guard_process_fn)(void *userdata, pid_t pid);
int sp_guard_procs(struct sp_guard *g, const char *path, sp_guard_process_fn fn,
                   void *userdata);

/* guard_sweep.c. Destroys connections that processes below directory `path` (a cgroup path)
 * had to destinations that are not open; *ret: how many. Best effort: docs/guard.md. */
int sp_guard_sweep(struct sp_guard *g, const char *path, unsigned *ret);
