/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/server_truth — what BigQuery itself understands of the request that would be sent.
 *
 * Job:       send it as a dry run where the policy needs an estimate or wants every statement
 *            compared, where a view or a script stands between the text and its tables, and where
 *            masks are in force and a text has only one reading of our own. Compare the kind of
 *            statement, the tables and the columns of the answer with our reading.
 * Out:       f->has_estimate, f->estimated_bytes. What was the same is remembered for
 *            SP_TRUTH_LIFETIME_US under the hash of the request: who, what exactly, the policy and
 *            the versions of the tables.
 * Errors:    -EPERM "judge.mismatch" with both readings; "upstream.*".
 * Spec:      DESIGN.md 6, "Ask BigQuery what it understood"; threats.md 0.4.
 */
#pragma once

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/base/err.h"

#define SP_TRUTHS_MAX 512
#define SP_TRUTH_LIFETIME_US (60 * SP_USEC_PER_SEC)

struct sp_truth {
        char hash[SP_SHA256_HEX_LEN + 1];
        uint64_t until_us; /* sp_clock_us; 0: none */
        uint64_t estimated_bytes;
        bool has_estimate;
};
struct sp_truths {
        struct sp_truth all[SP_TRUTHS_MAX]; /* the oldest is overwritten */
        size_t next;
};

/* LOWER_BOUND, UNKNOWN and what else may come: it may cost more. */
bool sp_truth_is_estimate(struct sp_str accuracy);

struct sp_flow;
bool sp_truth_is_needed(const struct sp_flow *f);
/* 0: it is known, f->step is 2. Negative: it cannot be asked. 1: asked; sp_flow_resume comes with
 * f->step 2: it agrees; 3: it does not, f->error is a refusal; 4: f->error is a fault; 5: it does not
 * take the statement, which is not to be sent: f->status and f->body tell the client. */
sp_must_check int sp_truth_ask(struct sp_flow *f);
