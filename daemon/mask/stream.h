/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/stream — the second wall: an answer with rows, checked and cut while it streams.
 *
 * Job:       push the upstream's JSON in pieces of any size; what comes out is the same JSON with
 *            only the listed top-level members. Notes the job reference; has the rows checked,
 *            counted and, under a plan, masked by mask/page.
 * Ownership: `out` belongs to the caller; the stream holds only bounded state.
 * Errors:    -EBADMSG "answer.*": not JSON, nested wrongly or too deep, a member twice, an
 *            escaped member name at the top, rows that are no rows or not those of the plan:
 *            nothing more may be sent. Any split of the input gives the same output.
 * Limits:    depth 64, member names 128 bytes, a noted member 64 KiB.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/err.h"
#include "daemon/mask/page.h"

#define SP_STREAM_DEPTH_MAX 64
#define SP_STREAM_NAME_MAX 128
#define SP_STREAM_NOTE_MAX (64 * 1024)

/* What may pass at the top level: ends with a NULL name. */
struct sp_stream_member {
        const char *name;
        bool is_noted; /* its JSON text is kept in sp_stream.notes, in table order */
};
extern const struct sp_stream_member
        sp_stream_query[]; /* jobs.query, getQueryResults */
extern const struct sp_stream_member sp_stream_table_data[];

#define SP_STREAM_MEMBERS_MAX 24
struct sp_stream {
        const struct sp_stream_member *members;
        struct sp_buf notes[SP_STREAM_MEMBERS_MAX]; /* by index in `members` */
        uint64_t rows; /* complete ones */
        struct sp_page page; /* the value of "rows" */
        /* state */
        unsigned char stack[SP_STREAM_DEPTH_MAX];
        unsigned depth, expect;
        int member; /* index of the current top-level member, -1: dropped */
        bool in_string, is_escape, is_name, in_scalar, has_output_member, is_done;
        uint32_t seen; /* bit per member */
        char name[SP_STREAM_NAME_MAX];
        size_t name_len;
        int error;
        /* within one push */
        const char *at; /* the byte in hand */
        struct sp_str run; /* of the input: passes, and is not in `out` yet */
};

void sp_stream_init(struct sp_stream *s, const struct sp_stream_member *members);
/* Before the first push: the rows are those of `plan`, which outlives the stream. */
void sp_stream_plan(struct sp_stream *s, const struct sp_page_plan *plan);
void sp_stream_done(struct sp_stream *s);
sp_must_check int sp_stream_push(struct sp_stream *s, struct sp_str in,
                                 struct sp_buf *out, struct sp_err *reterr);
/* The input is over: 0 only when exactly one object was complete. */
sp_must_check int sp_stream_end(const struct sp_stream *s, struct sp_err *reterr);
/* JSON text of the noted member `name`; empty if it did not come (yet: complete values only). */
struct sp_str sp_stream_note(const struct sp_stream *s, const char *name);
