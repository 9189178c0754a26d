/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/refusals — what the kernel refused, gathered until it is told.
 *
 * Job:       make of a flood of events few reports, and lose no count. Events are alike if
 *            guard, kind, user and program are. The first of a kind is reported at once,
 *            those after it together: in the next two seconds, then four, … then in a minute.
 *            A guard has at most SP_REFUSAL_KINDS_MAX kinds at a time; what is over is
 *            reported by its number alone, so nobody hides others in a flood of their own.
 * In:        events of the ring buffer (add), the passing of time (tell).
 * Out:       reports through a callback; counters by workload and kind for the metrics.
 * Ownership: sp_refusals_free frees. Reports live during the call only.
 * Spec:      docs/guard.md, "What it tells"; docs/records.md, "guard".
 */
#pragma once

#include <limits.h>

#include "daemon/base/buf.h"
#include "daemon/base/clock.h"
#include "include/sallyport/bpf_abi.h"

#define SP_REFUSAL_KINDS_MAX 32
#define SP_REFUSAL_UNIT_LEN 256

struct sp_refusal {
        struct sp_guard_event last; /* zero but for guard_id if `is_rest` */
        uint64_t count;
        bool is_rest; /* events of more kinds than have room */
        char workload[SP_TAG_WORKLOAD_LEN];
        char exe[PATH_MAX]; /* of the last one: a path, or a file's name, or "" */
        char unit[SP_REFUSAL_UNIT_LEN]; /* unit, scope or directory it ran in, or "" */
};
typedef void (*sp_refusal_fn)(void *userdata, const struct sp_refusal *r);

struct sp_refusals;
sp_must_check int sp_refusals_new(sp_refusal_fn tell, void *userdata,
                                  struct sp_refusals **ret);
struct sp_refusals *sp_refusals_free(struct sp_refusals *all);
/* `workload`: of the event's guard; "" if it is not known any more. */
void sp_refusals_add(struct sp_refusals *all, const struct sp_guard_event *e,
                     const char *workload, uint64_t now_us);
/* Reports what is due; UINT64_MAX: everything. */
void sp_refusals_tell(struct sp_refusals *all, uint64_t now_us);
sp_must_check int sp_refusals_metrics(const struct sp_refusals *all, struct sp_buf *to);

/* The last component of cgroup path `path` that names a unit; else its last. */
struct sp_str sp_refusal_unit_of(struct sp_str path);
