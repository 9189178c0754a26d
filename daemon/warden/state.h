/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/state — what hangs off the warden's one struct, shared by its modules: warden
 * (life), table (questions of workers), records, status, bus_hooks.
 *
 * Ownership: struct sp_warden lives in sp_warden_main and owns everything in it.
 */
#pragma once

#include "daemon/roles/settings.h"
#include "daemon/warden/approvals.h"
#include "daemon/warden/bus.h"
#include "daemon/warden/ca.h"
#include "daemon/warden/credential.h"
#include "daemon/warden/guard.h"
#include "daemon/warden/limits.h"
#include "daemon/warden/listeners.h"
#include "daemon/warden/metrics_socket.h"
#include "daemon/warden/networks.h"
#include "daemon/warden/policy_source.h"
#include "daemon/warden/refusals.h"
#include "daemon/warden/sessions.h"
#include "daemon/warden/supervise.h"
#include "daemon/warden/tokens.h"
#include "daemon/warden/warden.h"

#define SP_HEALTH_LEN 200
#define SP_TABLE_TYPES 10 /* kinds of questions with a quota of their own */

struct sp_vouch;
struct sp_warden_worker {
        struct sp_child child;
        struct sp_listeners listeners;
        bool may_accept; /* SP_MSG_START was sent */
        uint64_t quota_second; /* the counts are of this one */
        uint32_t quota_used[SP_TABLE_TYPES];
        uint64_t refused; /* questions over quota */
        struct sp_vouch *vouch; /* an ID token of its that is being checked */
};

struct sp_warden {
        const struct sp_warden_options *options;
        struct sp_arena arena; /* of the settings */
        struct sp_settings settings;
        int settings_fd, lock_fd;
        struct sp_policy_source policy;
        bool is_reload_failed;
        struct sp_keys keys;
        struct sp_ca *ca;
        struct sp_credential *credential; /* NULL: none, nothing can be forwarded */
        struct sp_guard *guard;
        struct sp_sessions *sessions;
        struct sp_approvals *approvals;
        struct sp_limits *limits;
        struct sp_bus *bus; /* NULL with no_bus */
        struct sp_metrics_socket *metrics_socket;
        struct sp_networks *networks; /* of containers */
        struct sp_refusals *refusals; /* what the kernel refused */

        sd_event *event;
        sd_event_source *housekeeping, *approvals_timer, *guard_events, *limits_timer;
        struct sp_child_hooks worker_hooks, recorder_hooks, verifier_hooks;
        struct sp_child recorder;
        struct sp_child verifier; /* only with issuers */
        struct sp_warden_worker *workers;
        unsigned n_workers;
        struct sp_user user_worker, user_recorder, user_verifier;

        struct sp_unsent *unsent,
                **unsent_tail; /* records, while there is no recorder */
        size_t unsent_bytes;

        bool are_workers_started, is_announced, is_stopping;
        bool is_asking_store; /* a RECORDER_STATUS is under way */
        bool is_asking_limits, is_limits_kept_late;
        uint64_t
                quiet_recorded_us; /* when refusals were last recorded by their number */
        char store_health[SP_HEALTH_LEN]; /* "" : it can write */
        char health[SP_HEALTH_LEN];
        char ca_file[128], ca_bundle[128]; /* runtime_dir has at most 80 bytes */
        uint64_t started_wall_us;
        int exit_code;
};

/* records.c: each puts one record on its way; `waits` is told of the outcome, or
 * nobody. */
typedef void (*sp_recorded_fn)(struct sp_warden *w, uint64_t ticket,
                               const struct sp_err *e);
sp_must_check int sp_record_json(struct sp_warden *w, struct sp_str json,
                                 uint64_t ticket, sp_recorded_fn waits);
void sp_record_unsent(struct sp_warden *w); /* what waited, to the recorder that came */
void sp_record_forget_unsent(struct sp_warden *w);
void sp_record_start(struct sp_warden *w);
void sp_record_policy(struct sp_warden *w,
                      const struct sp_err *e); /* NULL: it was loaded */
/* `verb`: "add", "remove" */
void sp_record_tag(struct sp_warden *w, const char *verb, struct sp_str path,
                   struct sp_str workload);
void sp_record_mask_key(struct sp_warden *w, const char *who);
/* An event of the kernel goes to w->refusals, and comes back gathered: it is recorded, and
 * told on the bus. */
void sp_record_event(void *warden, const struct sp_guard_event *e);
void sp_record_refusal(void *warden, const struct sp_refusal *r);
void sp_record_quiet(struct sp_warden *w, const struct sp_limits_quiet *q);

/* table.c: hooks of workers. */
int sp_table_dispatch(void *warden, struct sp_child *c, struct sp_ipc_msg *m);
/* A token of ours for who is behind `from`, no longer than the proof of `p` is good; NULL: for
 * nobody in particular. */
struct sp_origin;
sp_must_check int sp_warden_give_token(struct sp_warden *w,
                                       const struct sp_origin *from,
                                       const struct sp_msg_person *p,
                                       struct sp_wire_out *answer,
                                       struct sp_err *reterr);

/* status.c */
void sp_health_update(struct sp_warden *w);
void sp_health_ask_store(struct sp_warden *w);
sp_must_check int sp_warden_status_json(struct sp_warden *w, struct sp_buf *ret);
void sp_warden_metrics(void *warden, struct sp_bus_call *call);

/* limits_hooks.c: what was used is asked of the recorder once, and kept there. */
sp_must_check int sp_warden_open_limits(struct sp_warden *w, struct sp_err *reterr);
sp_must_check int sp_warden_charge(struct sp_warden *w, const struct sp_msg_charge *m,
                                   struct sp_msg_charged *ret, struct sp_err *reterr);
void sp_warden_recall_limits(struct sp_warden *w);
void sp_warden_keep_limits(struct sp_warden *w); /* now, before the recorder goes */
void sp_warden_record_quiet(struct sp_warden *w, bool now); /* else once a minute */

/* approvals and bus: bus_hooks.c */
sp_must_check int sp_warden_open_approvals(struct sp_warden *w, struct sp_err *reterr);
sp_must_check int sp_warden_open_bus(struct sp_warden *w, struct sp_err *reterr);
void sp_warden_arm_approvals(struct sp_warden *w);
/* For sessions that begin from now on. */
sp_must_check int sp_warden_rotate_mask_key(struct sp_warden *w, const char *who,
                                            struct sp_err *reterr);
void sp_warden_age_mask_key(struct sp_warden *w); /* the same, when it is due */

/* open.c: everything that the loop needs, in the order that fails early; and back. */
sp_must_check int sp_warden_open(struct sp_warden *w, struct sp_err *reterr);
void sp_warden_close(struct sp_warden *w);
sp_must_check int sp_warden_open_guard(struct sp_warden *w, struct sp_err *reterr);
sp_must_check int sp_warden_read_settings(struct sp_warden *w, struct sp_err *reterr);

/* children.c: what workers and recorder are sent, and when. */
void sp_children_init(struct sp_warden *w);
sp_must_check int sp_children_start(struct sp_warden *w, struct sp_err *reterr);
sp_must_check int sp_children_open_networks(struct sp_warden *w);
void sp_children_stop(struct sp_warden *w); /* ends the loop when all are gone */
void sp_children_send_policy(struct sp_warden *w); /* and the key sets */

/* warden.c: loads the policy again and hands it out; the old one stays on failure. */
sp_must_check int sp_warden_reload(struct sp_warden *w, struct sp_err *reterr);
