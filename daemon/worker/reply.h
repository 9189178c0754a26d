/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/reply — an answer on its way from upstream to the client. Included by stage forward only.
 *
 * forward.c sends the request, has whole answers rebuilt, and ends; reply_rows.c sends on answers
 * with rows while they stream.
 */
#pragma once

#include "daemon/google/answer_stream.h"
#include "daemon/worker/flow_state.h"
#include "daemon/worker/joblist.h"
#include "daemon/worker/kept.h"

struct sp_reply {
        struct sp_flow *f;
        struct sp_transfer *transfer;
        struct sp_buf token;
        unsigned status;
        bool is_media; /* an object of Cloud Storage, as it is */
        bool is_streamed, is_head_sent, is_owned, is_keeping, is_complete;
        unsigned failed_status; /* failed while a fact is being kept: told when it is */
        const char *failed_reason;
        struct sp_answer_own own;
        struct sp_answer_stream rows;
        struct sp_buf out; /* through the wall, not yet with the client */
        struct sp_buf whole;
        struct sp_kept kept; /* beginning of what was sent, for the record */
        struct sp_buf sample; /* beginning of rows that are looked at; no room: not */
        struct sp_joblist *list; /* of jobs.list */
        struct sp_digest *digest; /* of all that is sent; NULL: not wanted */
        uint64_t bytes, sent_us, answered_us;
        struct sp_err error;
};

/* `length` UINT64_MAX: not known yet. */
void sp_reply_send_head(struct sp_reply *r, unsigned status, uint64_t length);
/* What the client gets, the record sees too: the second does both, the first only the record. */
void sp_reply_note(struct sp_reply *r, struct sp_str bytes);
void sp_reply_give(struct sp_reply *r, struct sp_str bytes);
/* Each of these four is the last that is done with `r`, unless a fact is being kept. */
void sp_reply_finish(struct sp_reply *r);
void sp_reply_fail(struct sp_reply *r, unsigned status, const char *reason);
void sp_reply_fault(struct sp_reply *r, const char *what);
/* The client is gone and all that must be kept is kept. */
void sp_reply_left(struct sp_reply *r);

/* reply_rows.c: the head has come, a piece, the end. */
struct sp_str sp_reply_columns(const struct sp_flow *f); /* as sp_outputs_write wrote */
void sp_reply_rows_begin(struct sp_reply *r);
void sp_reply_rows_piece(struct sp_reply *r, struct sp_str piece);
void sp_reply_rows_end(struct sp_reply *r);
void sp_reply_drain(struct sp_exchange *x);
