/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/plan — what the parts of mask/ share while one text is rewritten.
 *
 * Job:       the masks of one table's columns (columns.c), the SQL that replaces a
 *            mention of it (expr.c, function.c), names that are qualified by its path (qualified.c),
 *            the schemas for the resolver (catalog.c), what a statement may not do to a
 *            protected target (target.c), and the check of the result (verify.c).
 * Ownership: everything in the arena of the request.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/mask/mask.h"
#include "daemon/sql/lineage.h"

struct sp_mask_column {
        const struct sp_column *column; /* of the table, or a field at any depth */
        const struct sp_column *top; /* the table's column that it is or is inside of */
        struct sp_str path; /* "ssn", "address.street" */
        struct sp_mask mask;
};

enum sp_mask_pseudo {
        SP_MASK_TABLE_SUFFIX,
        SP_MASK_PARTITIONTIME,
        SP_MASK_PARTITIONDATE,
        SP_MASK_PSEUDO_MAX
};
struct sp_str sp_mask_pseudo_name(enum sp_mask_pseudo p);
/* Which of them the text names, and whether it selects all columns anywhere. */
sp_must_check int sp_mask_find_pseudo(struct sp_arena *a, struct sp_str text,
                                      bool ret[SP_MASK_PSEUDO_MAX], bool *ret_star,
                                      struct sp_err *reterr);

/* A table with at least one protected column. */
struct sp_mask_table {
        const struct sp_schema *schema;
        struct sp_mask_column *columns; /* the masked ones, in schema order; none inside
                                           of another */
        size_t n_columns;
        bool is_open; /* a record without masked fields, passed on whole, may get one */
        bool pseudo[SP_MASK_PSEUDO_MAX]; /* passed on by the subquery */
};

/* Finds schema and masks of `name`. ret->n_columns may be 0: the patterns match the
 * table but none of its columns. */
sp_must_check int sp_mask_table_find(struct sp_arena *a, const struct sp_mask_input *in,
                                     struct sp_str name, struct sp_mask_table *ret,
                                     struct sp_err *reterr);

/* Appends "(SELECT …every column… FROM source AS … clauses)": `source` is the quoted name or
 * a subquery, `clauses` are FOR SYSTEM_TIME and TABLESAMPLE as written. Records with masked
 * fields are built anew. *needs_salt is set when an expression uses the
 * parameter, and left alone otherwise. */
sp_must_check int sp_mask_put_subquery(struct sp_buf *to, const struct sp_mask_table *t,
                                       struct sp_str source, struct sp_str clauses,
                                       bool *needs_salt, struct sp_err *reterr);
/* Appends `s` as a backquoted identifier. -EPERM for what has no safe form. */
sp_must_check int sp_mask_put_quoted(struct sp_buf *to, struct sp_str s,
                                     struct sp_err *reterr);

/* The schemas of `in` for the resolver. -ENOMEM, -E2BIG; -EEXIST for columns that cannot be
 * told apart. */
sp_must_check int sp_mask_catalog(struct sp_arena *a, const struct sp_mask_input *in,
                                  struct sp_sql_catalog **ret);

/* Whether DML of a protected table reads a protected column of the row it changes: -EPERM
 * "mask.dml-target". Of all statements. */
sp_must_check int sp_mask_check_targets(struct sp_arena *a,
                                        const struct sp_mask_input *in,
                                        struct sp_err *reterr);

/* A table mention that the new text must have: one of the agent's text, or of the definition
 * that stands in place of one. */
struct sp_mask_mention {
        const struct sp_sql_table *was;
        struct sp_str name;
        enum {
                SP_MASK_LEFT, /* as it was */
                SP_MASK_NAMED, /* by its full name */
                SP_MASK_REPLACED, /* the same, inside a subquery that masks */
        } how;
};

/* Parses the new text and compares: same statements, and the mentions that are expected,
 * counts[i] of them for mention i of the old text. -EPERM "mask.verify". */
sp_must_check int sp_mask_verify(struct sp_arena *a, const struct sp_mask_input *in,
                                 const struct sp_mask_mention *mentions,
                                 const size_t *counts, struct sp_str text,
                                 struct sp_err *reterr);

/* A place where the text names a replaced table by its quoted path, as in `p.d.t`.column,
 * and what it is called now. In no order. */
struct sp_mask_qualified {
        struct sp_sql_span span;
        struct sp_str alias;
};
sp_must_check int sp_mask_find_qualified(struct sp_arena *a,
                                         const struct sp_mask_input *in,
                                         const bool *replaced,
                                         struct sp_mask_qualified **ret, size_t *ret_n,
                                         struct sp_err *reterr);
