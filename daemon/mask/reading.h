/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/reading — the text read a second time, by the resolver.
 *
 * Job:       resolve the agent's text and the one that is sent over the schemas that were
 *            fetched; say which protected columns reach the answer, and refuse where this
 *            reading and that of the facts, or of the two texts, do not agree. Of rows that
 *            are read without SQL, say the same in the same form.
 * In:        what sp_mask_rewrite was given, and its plan.
 * Out:       struct sp_mask_reading in the arena. What cannot be resolved says so and is
 *            not refused for it: views, wildcards and the like are refused by name elsewhere.
 * Errors:    -EPERM "sql.readings-differ"; -ENOMEM.
 *            The resolver's own memory is not the request's: past SP_MASK_READING_BYTES_MAX
 *            a text counts as not resolved.
 */
#pragma once

#include "daemon/mask/mask.h"
#include "daemon/mask/page_plan.h"

#define SP_MASK_READING_BYTES_MAX ((size_t)128 * 1024 * 1024)
/* Fields of records that are read whole, over all outputs: a short text may name a record of
 * many fields many times. Past it, the same. */
#define SP_MASK_READING_FIELDS_MAX 400000

/* A protected column, and where its value gets to. */
struct sp_mask_reach {
        struct sp_str output; /* name of the output column; empty: anonymous */
        struct sp_str column; /* "project.dataset.table.column[.field]" */
        struct sp_mask mask;
};

struct sp_mask_reading {
        bool is_done; /* schemas were known, so that there was something to read over */
        struct sp_str
                unresolved; /* why the agent's text could not be resolved; or empty */
        struct sp_str sent_unresolved; /* the same of the text that is sent */
        /* of one query, as sp_outputs_write writes them: the columns of the answer to the text
         * that is sent; empty when they are not known */
        struct sp_str outputs;
        struct sp_mask_reach *reaches; /* of the agent's text, in output order */
        size_t n_reaches;
        struct sp_mask_reach
                *decides; /* protected columns that decide rows; no output */
        size_t n_decides;
        /* protected from others, and not from this principal: `mask` is what they would see.
         * Facts for the record, nothing is checked by them */
        struct sp_mask_reach *bare_reaches, *bare_decides;
        size_t n_bare_reaches, n_bare_decides;
};

sp_must_check int sp_mask_read(struct sp_arena *a, const struct sp_mask_input *in,
                               const struct sp_mask_plan *plan,
                               struct sp_mask_reading *ret, struct sp_err *reterr);
/* A table's rows, read by `plan`, which was made from `from`: outputs are fields. -ENOMEM. */
sp_must_check int sp_mask_read_page(struct sp_arena *a,
                                    const struct sp_page_source *from,
                                    const struct sp_page_plan *plan,
                                    struct sp_mask_reading *ret);
