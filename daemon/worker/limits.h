/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/limits — what a request uses of its principal's limits, told to the warden.
 *
 * Job:       stage limit: before a request is recorded and sent, ask whether it fits; count
 *            refusals and what the daemon answers itself. After the answer: rows, and what BigQuery billed in place of the
 *            estimate (worker/bill).
 * Errors:    a request whose use cannot be counted is not sent. A refusal that cannot be
 *            counted gets its record.
 * Spec:      docs/policy.md §7.
 */
#pragma once

#include "daemon/worker/flow_state.h"

/* The answer was given: `status`, and rows in it. */
void sp_limits_answered(struct sp_flow *f, unsigned status, uint64_t rows);
/* Whether an answer with this status tells that nothing is billed: the estimate is given back. */
bool sp_limits_is_free(const struct sp_flow *f, unsigned status);
