/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/stream — the second wall: an answer with rows, checked and cut while it streams.
 *
 * Job:       push the upstream's JSON in pieces of any size. Each top-level member that the hooks
 *            know is collected and handed to them whole; what they make of it goes out. The others
 *            are dropped. Rows are not collected: mask/page checks, counts and masks them as they
 *            come.
 * Ownership: `out` belongs to the caller; the stream holds only bounded state.
 * Errors:    -EBADMSG "answer.*": not JSON, nested wrongly or too deep, a member twice, an
 *            escaped member name at the top, rows that are no rows or not those of the plan;
 *            or what a hook refuses: nothing more may be sent. Any split of the input gives the same output.
 * Limits:    depth 64, member names 128 bytes, a collected value SP_STREAM_VALUE_MAX.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/err.h"
#include "daemon/mask/page.h"

#define SP_STREAM_DEPTH_MAX 64
#define SP_STREAM_NAME_MAX 128
/* The schema of 10,000 columns, with what is then taken out of it. */
#define SP_STREAM_VALUE_MAX (8 * 1024 * 1024)
#define SP_STREAM_MEMBERS_MAX 63
#define SP_STREAM_ROWS SP_STREAM_MEMBERS_MAX /* the member that is not collected */

struct sp_stream_hooks {
        /* Below SP_STREAM_MEMBERS_MAX, another for each name; SP_STREAM_ROWS; -1: dropped. */
        int (*find)(void *userdata, struct sp_str name);
        /* The value of a member, as JSON text without blanks, of which only the nesting was
         * looked at. Appends what stands for it to `out`; or returns 1: nothing does. */
        int (*value)(void *userdata, int member, struct sp_str json, struct sp_buf *out,
                     struct sp_err *reterr);
};

struct sp_stream {
        const struct sp_stream_hooks *hooks;
        void *userdata;
        uint64_t rows; /* complete ones */
        struct sp_page page; /* the value of "rows" */
        /* state */
        unsigned char stack[SP_STREAM_DEPTH_MAX];
        unsigned depth, expect;
        int member; /* the current top-level one; -1: dropped */
        bool in_string, is_escape, is_name, in_scalar, has_output_member, is_done;
        uint64_t seen; /* bit per member */
        char name[SP_STREAM_NAME_MAX];
        size_t name_len;
        struct sp_buf value, rebuilt; /* of the member in hand */
        int error;
};

void sp_stream_init(struct sp_stream *s, const struct sp_stream_hooks *hooks,
                    void *userdata);
/* Before the rows come: they are those of `plan`, which outlives the stream. */
void sp_stream_plan(struct sp_stream *s, const struct sp_page_plan *plan);
void sp_stream_done(struct sp_stream *s);
sp_must_check int sp_stream_push(struct sp_stream *s, struct sp_str in,
                                 struct sp_buf *out, struct sp_err *reterr);
/* The input is over: 0 only when exactly one object was complete. */
sp_must_check int sp_stream_end(const struct sp_stream *s, struct sp_err *reterr);
