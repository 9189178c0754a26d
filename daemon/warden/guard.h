/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/guard — whose connections the kernel sends to us.
 *
 * Job:       load and pin the BPF programs, keep the tags (path pattern → workload) and
 *            with them the set of guarded cgroups, tell what the kernel refused.
 * Out:       the guard outlives its struct: programs, links, tags and runtime tags are
 *            pinned below <pin_dir>/v1 and adopted by the next sp_guard_open.
 * Ownership: sp_guard_close frees the struct and leaves the pins, sp_guard_uninstall
 *            removes them.
 * Errors:    -errno and an id "guard.*". A pin or a link that fails is an error of open:
 *            a guard that would die with the daemon is none.
 * Needs:     CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON; cgroup v2; bpffs (mounted at
 *            /sys/fs/bpf when nothing is, which needs CAP_SYS_ADMIN).
 * Spec:      docs/guard.md
 */
#pragma once

#include <sys/types.h>

#include "daemon/base/arena.h"
#include "daemon/base/err.h"
#include "daemon/roles/settings.h"
#include "include/sallyport/bpf_abi.h"

struct sp_guard;

/* Uses settings->guard and ->egress_… only, and only during the call. -EBUSY: another daemon holds it.
 */
sp_must_check int sp_guard_open(const struct sp_settings *settings,
                                struct sp_guard **ret, struct sp_err *reterr);
struct sp_guard *sp_guard_close(struct sp_guard *g);
SP_DEFINE_CLEANUP(struct sp_guard *, sp_guard_close)
/* Detaches and unpins everything. Nothing there is fine. -EBUSY: a daemon still runs.
 */
sp_must_check int sp_guard_uninstall(const struct sp_settings *settings,
                                     struct sp_err *reterr);

/* Makes the tags of the configuration exactly these; runtime tags stay. Directories that
 * exist are guarded on return, later ones before their mkdir returns. All or nothing but
 * for -EIO. */
sp_must_check int sp_guard_apply(struct sp_guard *g,
                                 const struct sp_workload *workloads, size_t n,
                                 struct sp_err *reterr);
/* `path`: relative to the v2 root, may contain `*` and `?`; need not exist yet. The same
 * tag once more is fine; -EEXIST: that path has another workload. */
sp_must_check int sp_guard_add(struct sp_guard *g, struct sp_str path,
                               struct sp_str workload, struct sp_err *reterr);
/* Runtime tags only. -ENOENT: no such tag; -EPERM: it comes from the configuration. */
sp_must_check int sp_guard_remove(struct sp_guard *g, struct sp_str path,
                                  struct sp_err *reterr);

struct sp_guard_tag {
        struct sp_str path; /* of the directory; the pattern while there is none */
        struct sp_str pattern, workload;
        uint64_t cgroup_id; /* 0: no directory yet */
        enum sp_tag_source source;
};
/* One entry per guarded directory, and one per tag without any. In arena `a`. */
sp_must_check int sp_guard_list(struct sp_guard *g, struct sp_arena *a,
                                struct sp_guard_tag **ret, size_t *ret_n,
                                struct sp_err *reterr);

/* -ENOENT: no such guarded cgroup (any more). */
sp_must_check int sp_guard_workload(struct sp_guard *g, uint64_t guard_id,
                                    char ret[SP_TAG_WORKLOAD_LEN]);
/* Is process `pid` guarded? 1: yes, *ret_guard_id is its guard, or 0 where there was no room
 * to remember it; 0: no.
 * The caller makes sure, by a pidfd, that `pid` still is who it was. */
sp_must_check int sp_guard_of_pid(struct sp_guard *g, pid_t pid,
                                  uint64_t *ret_guard_id);

/* ---- network namespaces: where a guarded process makes sockets, SP_GUARD_NETWORK tells ---- */

/* A process in it, and the namespace's inode: both to look again later. */
struct sp_guard_network {
        uint64_t cookie, inode;
        pid_t pid;
};
/* *ret_fd: network namespace `cookie`, through `hint`, a process id as the kernel's programs
 * see it, or where we see others, any process of the guard. Nobody is mistaken for another: cookies are never used
 * twice. -ENOENT: nobody is in it any more. */
sp_must_check int sp_guard_network_find(struct sp_guard *g, uint64_t guard_id,
                                        uint64_t cookie, pid_t hint,
                                        struct sp_guard_network *ret, int *ret_fd);
/* Is still somebody in it? 1: yes, maybe another (n->pid); 0: no. Another is searched for among
 * all processes of the guard, *searches times at most; then -EAGAIN. */
sp_must_check int sp_guard_network_look(struct sp_guard *g, uint64_t guard_id,
                                        struct sp_guard_network *n, unsigned *searches);
/* What becomes of connections from there. _forget: the next socket asks again; _age: refused
 * ones, and those that nobody answered, are forgotten after a while. */
sp_must_check int sp_guard_network_set(struct sp_guard *g, uint64_t cookie,
                                       enum sp_network_state state);
void sp_guard_network_forget(struct sp_guard *g, uint64_t cookie);
void sp_guard_network_age(struct sp_guard *g);

/* The storage map of accepted sockets, opened read only; owned by the guard. Look up with
 * bpf_map_lookup_elem(fd, &accepted_fd, &struct sp_origin): no capability is needed. */
int sp_guard_origins_fd(const struct sp_guard *g);
/* Where settings.guard.attach is in the file system, for diagnostics. */
const char *sp_guard_attach_path(const struct sp_guard *g);
/* What this kernel does not have, one by one; NULL behind the last. */
struct sp_guard_missing {
        const char *what; /* the guarantee that is weaker for it */
        char why[360];
};
const struct sp_guard_missing *sp_guard_missing(const struct sp_guard *g, size_t i);

sp_must_check int sp_guard_stats(struct sp_guard *g, uint64_t ret[SP_STAT_COUNT]);
const char *
sp_guard_stat_name(enum sp_guard_stat s); /* "redirected"; NULL out of range */

/* Watch for reading; then sp_guard_events_read calls `on_event` for each one waiting, for
 * SP_GUARD_EVENTS_MAX at most, and returns their number. Who makes them faster than they are
 * read would otherwise keep the daemon from everything else. */
#define SP_GUARD_EVENTS_MAX 256
typedef void (*sp_guard_event_fn)(void *userdata, const struct sp_guard_event *e);
int sp_guard_events_fd(const struct sp_guard *g);
sp_must_check int sp_guard_events_read(struct sp_guard *g, sp_guard_event_fn on_event,
                                       void *userdata);
const char *sp_guard_what_name(enum sp_guard_what w); /* "refused-udp" */
