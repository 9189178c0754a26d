/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/approvals — requests that wait for a person, and what became of them.
 *
 * Job:       ask, decide, claim, expire. An approval covers one request hash, once,
 *            until it expires, and is never given by the uid that asked nor from inside
 *            a guarded cgroup (DESIGN.md promise 7).
 * In:        SP_MSG_APPROVAL_* of workers (the message table calls ask, get, claim);
 *            decisions from the bus.
 * Out:       hooks: `record` before a decision takes effect (no record → no approval),
 *            `changed` after each change (the warden tells workers and the bus).
 * Ownership: struct sp_approval and its strings belong to the table and live until
 *            `changed` reports SP_APPROVAL_CHANGE_GONE; copy what must live longer.
 * Persists:  each live approval is one file below `dir` (root only), synced before its
 *            state is told to anybody, so that a restart of the warden neither forgets
 *            one nor lets one be used twice. dir NULL: nothing is kept (tests).
 * Hooks:     must not call ask, claim or decide; next, find and tick are fine.
 * Time:      no clock of its own but sp_clock_us: call sp_approvals_tick at the time it
 *            returned. After approval the asker has the request's time-out again to
 *            claim.
 * Errors:    ids "approval.*".
 */
#pragma once

#include <sys/types.h>

#include "daemon/base/clock.h"
#include "daemon/roles/messages.h"

#define SP_APPROVALS_MAX 4096 /* in all; decided ones make room for new ones */
#define SP_APPROVALS_KEEP_US                                                           \
        (UINT64_C(3600) * SP_USEC_PER_SEC) /* decided ones stay visible */
/* keep_queued: the time-out does not end it, this does. */
#define SP_APPROVALS_QUEUED_US (UINT64_C(7) * 24 * 3600 * SP_USEC_PER_SEC)

struct sp_approval {
        struct sp_ulid id;
        enum sp_approval_state state;
        struct sp_msg_approval ask; /* strings owned by the table */
        uint64_t created_wall_us, expires_wall_us;
        struct sp_str
                approver; /* "alice (uid 1000)", "time-out"; empty while pending */
        struct sp_str reason; /* the approver's; may be empty */
        uint32_t approver_uid; /* SP_APPROVER_NONE: nobody yet, or the time-out */
};
#define SP_APPROVER_NONE UINT32_MAX

enum sp_approval_change {
        SP_APPROVAL_CHANGE_NEW,
        SP_APPROVAL_CHANGE_STATE, /* decided, used or expired */
        SP_APPROVAL_CHANGE_GONE, /* forgotten; the pointer dies with the call */
};

struct sp_approvals_hooks {
        void *userdata;
        /* Puts `json` on stable storage and then calls sp_approvals_recorded(ticket,
         * …), once: later, or from within this call. An error return means it never
         * will. ticket 0: nobody waits, do not call back. */
        int (*record)(void *userdata, struct sp_str json, uint64_t ticket);
        void (*changed)(void *userdata, const struct sp_approval *a,
                        enum sp_approval_change change);
};

struct sp_approvals;
sp_must_check int sp_approvals_new(const char *dir, uint32_t pending_max_per_session,
                                   const struct sp_approvals_hooks *hooks,
                                   struct sp_approvals **ret, struct sp_err *reterr);
/* `done` of decisions under way is called with an error first. */
struct sp_approvals *sp_approvals_free(struct sp_approvals *t); /* NULL is fine */
SP_DEFINE_CLEANUP(struct sp_approvals *, sp_approvals_free)

/* The same job with the same request hash gives the approval it already has, whatever
 * its state. -EEXIST: the job is in use for another request; -EAGAIN
 * "approval.too-many": the session has too many pending. */
sp_must_check int sp_approvals_ask(struct sp_approvals *t,
                                   const struct sp_msg_approval *ask,
                                   struct sp_ulid *ret, struct sp_err *reterr);
/* -ENOENT: no such approval (or forgotten). Strings of *ret live until the next call.
 */
sp_must_check int sp_approvals_get(struct sp_approvals *t, struct sp_str id,
                                   struct sp_msg_approval_state *ret,
                                   struct sp_err *reterr);
/* Takes the approval for sending its request: state USED, on disk, before 0 is
 * returned; the second claim fails. -EACCES: not approved, or another hash. */
sp_must_check int sp_approvals_claim(struct sp_approvals *t,
                                     const struct sp_msg_claim *claim,
                                     struct sp_msg_approval_state *ret,
                                     struct sp_err *reterr);

/* The asker cancelled: pending or approved becomes WITHDRAWN, on disk, before 0 is returned.
 * What was decided, used or expired stays what it is: *ret says what that is. */
sp_must_check int sp_approvals_withdraw(struct sp_approvals *t,
                                        const struct sp_msg_claim *claim,
                                        struct sp_msg_approval_state *ret,
                                        struct sp_err *reterr);

struct sp_approvals_decision {
        struct sp_str id;
        bool approve;
        struct sp_str reason;
        struct sp_str who; /* the caller, for people: "alice (uid 1000)" */
        uid_t uid; /* of the caller, as the kernel told the bus */
        bool is_guarded; /* the caller sits in a guarded cgroup (or may: fail closed) */
};
/* Called once for each sp_approvals_decide that returned 0; `e` is NULL on success. */
typedef void (*sp_approvals_done_fn)(void *userdata, const struct sp_approval *a,
                                     const struct sp_err *e);
sp_must_check int sp_approvals_decide(struct sp_approvals *t,
                                      const struct sp_approvals_decision *d,
                                      sp_approvals_done_fn done, void *userdata,
                                      struct sp_err *reterr);
/* The record of `ticket` is on stable storage (e NULL) or will never be. */
void sp_approvals_recorded(struct sp_approvals *t, uint64_t ticket,
                           const struct sp_err *e);

/* Expires and forgets what is due; a decision under way is waited for. Returns the time
 * (sp_clock_us) of the next call needed, UINT64_MAX for none. Call it also after ask
 * and decide to learn the new time. */
uint64_t sp_approvals_tick(struct sp_approvals *t);
/* The next in order of creation after `id` (NULL: the first); NULL at the end. */
const struct sp_approval *sp_approvals_next(const struct sp_approvals *t,
                                            const struct sp_approval *after);
const struct sp_approval *sp_approvals_find(const struct sp_approvals *t,
                                            struct sp_str id);
/* Prometheus text: sallyport_approvals{state=…}, sallyport_approvals_total{…}. */
sp_must_check int sp_approvals_metrics(const struct sp_approvals *t, struct sp_buf *to);
