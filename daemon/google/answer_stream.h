/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/answer_stream — an answer with rows, rebuilt while it streams.
 *
 * Job:       push the answer of jobs.query, getQueryResults or tabledata.list in pieces. Each
 *            member comes out as google/shapes lets it; the rows must be those of a plan: the
 *            one given, or else of the schema that stands before them, which must be the planned
 *            one where there is a plan of it.
 * Ownership: embedded; holds the members in its own arena. The call, own, page and text given
 *            outlive it.
 * Errors:    those of mask/stream; -EBADMSG "answer.not-understood", "answer.schema"; -ENOMEM
 *            "answer.too-large".
 */
#pragma once

#include "daemon/google/answer.h"
#include "daemon/google/page_token.h"
#include "daemon/mask/outputs.h"
#include "daemon/mask/stream.h"

struct sp_answer_stream_from {
        const char *action;
        const struct sp_answer_own *own;
        const struct sp_page_plan *page; /* of tabledata.list; or NULL */
        struct sp_str
                planned; /* what sp_outputs_write wrote; empty: nothing is known */
        /* For page tokens. `result` empty: that of the job which the answer names. `key` empty: they
         * pass as they are. */
        struct sp_page_seal seal;
};

struct sp_answer_stream {
        struct sp_stream stream;
        struct sp_arena arena;
        const struct sp_shape *shape;
        const struct sp_answer_own *own;
        struct sp_str planned;
        struct sp_page_plan plan; /* of the schema in the answer */
        struct sp_page_seal seal;
        struct sp_str reference; /* JSON of jobReference, once it came */
        bool is_compared; /* with `planned` */
};

sp_must_check int sp_answer_stream_init(struct sp_answer_stream *s,
                                        const struct sp_answer_stream_from *from,
                                        struct sp_err *reterr);
void sp_answer_stream_done(struct sp_answer_stream *s);
