/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/record — what is written down of a request and of its answer.
 *
 * Job:       JSON records in the shapes of docs/records.md. Nothing in them that the agent
 *            was not shown: its own SQL, the masked answer; no token, no salt, no rewritten text.
 * Errors:    -ENOBUFS, -ENOMEM, -EILSEQ.
 */
#pragma once

#include "daemon/mask/sample.h"
#include "daemon/worker/flow_state.h"

sp_must_check int sp_record_write_request(const struct sp_flow *f, struct sp_buf *to);

struct sp_kept;
struct sp_answer_facts {
        struct sp_str session, exchange, job, approval, error;
        const struct sp_kept *kept; /* sealed; NULL: nothing is */
        const char *columns; /* against what those of the rows were checked; or NULL */
        unsigned status;
        uint64_t bytes, rows, took_us, upstream_us;
        bool is_truncated;
        const char *sha256; /* hex, of everything that was sent; empty: not computed */
        const struct sp_sample_counts *looks_like; /* or NULL */
};
sp_must_check int sp_record_write_answer(const struct sp_answer_facts *a,
                                         struct sp_buf *to);
/* Tells the recorder and does not wait: nothing depends on it being on disk already. */
void sp_record_answer(struct sp_worker *w, const struct sp_answer_facts *a);
/* A connection that never became a request: refused, spliced, without origin. */
void sp_record_connection(struct sp_worker *w, const struct sp_origin *o,
                          struct sp_str name, const char *why);
