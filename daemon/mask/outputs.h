/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/outputs — which columns the answer to a statement has, and whether one that came has them.
 *
 * Job:       write down the output columns that the resolver found, to be kept with the job; read
 *            that, and the schema of an answer, as columns; compare the two; make the plan by
 *            which mask/page checks the rows.
 * In:        struct sp_sql_lineage of the text that is sent; the `schema` of an answer.
 * Out:       struct sp_outputs in the arena; its columns are those of a schema, but for the name
 *            SP_OUTPUTS_ANY_NAME and the type SP_OUTPUTS_ANY_TYPE.
 * Rule:      a column without a name has whatever name BigQuery gives it, a type that the resolver
 *            does not know is any type, and types that a literal may take are alike. Letter
 *            case aside.
 * Errors:    -EBADMSG "answer.schema": not the columns that were planned; -EINVAL "mask.schema";
 *            -ENOMEM; -ENOBUFS: `to` is full; -ENOTSUP: a type is not known.
 * Spec:      threats.md §3, defence RS.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/mask/page_plan.h"
#include "daemon/sql/lineage.h"

#define SP_OUTPUTS_ANY_NAME "?" /* which no column can have */
#define SP_OUTPUTS_ANY_TYPE "UNKNOWN"
#define SP_OUTPUTS_TEXT_MAX ((size_t)256 * 1024) /* some thousand columns */

struct sp_outputs {
        const struct sp_column *v;
        size_t n;
};

/* The stored column that an output shows; without a table: none, several, or a masked one. */
struct sp_output_origin {
        struct sp_str table, column; /* "p.d.t", "name" or "parent.child" */
};

/* Appends {"schema":[…]}. `origins`: one per output; or NULL. */
sp_must_check int sp_outputs_write(const struct sp_sql_lineage *l,
                                   const struct sp_output_origin *origins,
                                   struct sp_buf *to);
/* Of that text, or of one with the `schema` of an answer. */
sp_must_check int sp_outputs_read(struct sp_arena *a, struct sp_str text,
                                  struct sp_outputs *ret, struct sp_err *reterr);
sp_must_check int sp_outputs_compare(const struct sp_outputs *planned,
                                     const struct sp_outputs *came,
                                     struct sp_err *reterr);
/* Every cell is checked and kept. -ENOTSUP when the type of one is not known. */
sp_must_check int sp_outputs_plan(struct sp_arena *a, const struct sp_outputs *o,
                                  struct sp_page_plan *ret);
