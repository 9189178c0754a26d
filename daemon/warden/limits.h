/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/limits — what each principal has used of its limits, over all workers.
 *
 * Job:       count, say whether a request still fits, and say when it will. One counter
 *            for each limit, kind and principal, for the running minute, hour or day (UTC).
 * In:        struct sp_msg_charge of a worker, which may be hostile: it can lie about what
 *            it used, and make others wait; it cannot make the table grow without bound.
 * Out:       struct sp_msg_charged. The table as bytes, for the recorder to keep.
 * Errors:    -ENOSPC: too many principals at a time; -EAGAIN: what was used before the
 *            daemon started is not known yet. Both: the request is not sent.
 * Time:      the caller's wall clock, in seconds. Set back, it lengthens the running window.
 */
#pragma once

#include "daemon/base/json.h"
#include "daemon/policy/limits.h"
#include "daemon/roles/messages.h"

#define SP_LIMITS_COUNTERS_MAX 8192

struct sp_limits;
sp_must_check int sp_limits_new(struct sp_limits **ret);
struct sp_limits *sp_limits_free(struct sp_limits *t);
SP_DEFINE_CLEANUP(struct sp_limits *, sp_limits_free)

/* `waiting`: requests of this principal that wait for a person, but for m->job. Strings of
 * *ret belong to the policy. */
sp_must_check int sp_limits_charge(struct sp_limits *t, const struct sp_policy *p,
                                   const struct sp_msg_charge *m, uint64_t waiting,
                                   uint64_t now_s, struct sp_msg_charged *ret,
                                   struct sp_err *reterr);

/* The counters that still count. Adding them to a table is done once, before anything is
 * allowed: a damaged text (-EBADMSG) changes nothing, and sp_limits_start begins without. */
sp_must_check int sp_limits_write(const struct sp_limits *t, uint64_t now_s,
                                  struct sp_buf *to);
sp_must_check int sp_limits_read(struct sp_limits *t, struct sp_str text,
                                 uint64_t now_s);
void sp_limits_start(struct sp_limits *t); /* nothing was used before */
bool sp_limits_is_started(const struct sp_limits *t);
/* Whether something was counted that is not kept; the caller says when it is. */
bool sp_limits_is_changed(const struct sp_limits *t);
void sp_limits_mark(struct sp_limits *t, bool is_changed);

/* Refusals that were counted and not recorded, since the last call; each principal once. */
struct sp_limits_quiet {
        struct sp_str rule, workload, iss, sub;
        uint64_t count;
};
typedef void (*sp_limits_quiet_fn)(void *userdata, const struct sp_limits_quiet *q);
void sp_limits_take_quiet(struct sp_limits *t, sp_limits_quiet_fn fn, void *userdata);

/* An array of what is used, for status; Prometheus text. */
void sp_limits_status(const struct sp_limits *t, uint64_t now_s, struct sp_jsonw *w);
sp_must_check int sp_limits_metrics(const struct sp_limits *t, struct sp_buf *to);
