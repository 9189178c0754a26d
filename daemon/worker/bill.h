/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/bill — what a job was billed in the end.
 *
 * Job:       ask BigQuery about a job until it is done, and then tell the warden what it was
 *            billed in place of the estimate that was counted before.
 * Ownership: bills that are awaited hang off the worker; one timer serves them all.
 * Errors:    none to tell: a bill that is never known (the worker dies, too many at a time, a
 *            job of days) stays counted as its estimate.
 */
#pragma once

#include "daemon/worker/worker.h"

struct sp_bill_job {
        struct sp_str project, id, location;
        uint64_t estimate, charged_s; /* what was counted, and when */
};
void sp_bill_await(struct sp_worker *w, const struct sp_principal *who,
                   const struct sp_bill_job *job);
/* Known already: `billed` in place of the estimate. */
void sp_bill_tell(struct sp_worker *w, const struct sp_principal *who, uint64_t billed,
                  uint64_t estimate, uint64_t charged_s);
void sp_bill_done(struct sp_worker *w); /* with the worker; after its upstream */
/* The principal's part of a charge; `groups` gets its groups. */
sp_must_check int sp_bill_principal(const struct sp_principal *who,
                                    struct sp_buf *groups, struct sp_msg_charge *ret);
