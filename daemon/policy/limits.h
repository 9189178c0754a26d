/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/limits — how much one principal may do in a time.
 *
 * Job:       say which limits of a policy speak of a principal. Each counts for each
 *            principal (workload and person) by itself; all that match hold.
 * Out:       pointers into the policy; they live as long as it does.
 * Spec:      docs/policy.md §7.
 */
#pragma once

#include "daemon/policy/policy.h"

#define SP_POLICY_LIMITS_MAX 64 /* of all files together */

enum sp_limit_kind {
        SP_LIMIT_REQUESTS, /* sent to BigQuery, polls of one's own jobs aside */
        SP_LIMIT_QUERIES, /* statements that run: no dry runs */
        SP_LIMIT_BYTES,
        SP_LIMIT_ROWS, /* given to the client */
        SP_LIMIT_REFUSALS,
        SP_LIMIT_APPROVALS, /* that wait for a person at one time */
        SP_LIMIT_KINDS
};
const char *sp_limit_kind_name(enum sp_limit_kind k); /* its key in the policy */

struct sp_limit_amount {
        uint64_t max; /* 0: not limited */
        uint32_t window_s; /* 0: at one time */
};
struct sp_limit {
        struct sp_str rule; /* "10-base.yaml#agents" */
        struct sp_limit_amount of[SP_LIMIT_KINDS];
};
/* "min", "h", "day" */
const char *sp_limit_window_name(uint32_t window_s);

/* The limits for `who` into `ret`, in the order of the files; last, when none of them counts
 * refusals, one of our own that does: an agent must not fill the disk with records. */
size_t sp_policy_limits(const struct sp_policy *p, const struct sp_principal *who,
                        const struct sp_limit *ret[SP_POLICY_LIMITS_MAX + 1]);
/* Whether any of the policy's own counts one of these kinds (bits 1 << kind). */
bool sp_policy_is_limited(const struct sp_policy *p, const struct sp_principal *who,
                          unsigned kinds);
