/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/lineage — which stored columns reach which output column.
 *
 * Job:       resolve every name of a parsed script over a catalogue, as GoogleSQL does,
 *            and state for each statement its output columns with the stored columns
 *            whose values reach them, and the columns that only decide which rows,
 *            groups or order there are.
 * Rule:      nothing is guessed and nothing is lost: a name that cannot be resolved makes
 *            the statement `unresolved`, with the reason and the place; where exactness
 *            would need more than names and types the answer is wider, never narrower.
 * Ownership: in the arena given; may be the script's.
 * Errors:    -ENOMEM; a limit or an unknown name is no error but `unresolved`.
 * Spec:      GoogleSQL query syntax, "Aliases", "Scope", "Correlated joins",
 *            "Value tables", pipe syntax, DML, procedural language.
 */
#pragma once

#include "daemon/sql/catalog.h"

/* Limits of the resolver. */
#define SP_SQL_COLUMNS_MAX 10000 /* of one table, query or struct */
#define SP_SQL_COLUMNS_TOTAL 400000 /* made by one script, star expansion included */
#define SP_SQL_SOURCES_TOTAL 400000 /* (output, source) pairs of one script */

struct sp_sql_source {
        struct sp_str table; /* the catalogue's name of it */
        struct sp_str column; /* as the catalogue writes it */
        struct sp_str field; /* "a.b" inside a STRUCT column; empty: the whole column */
        bool is_target; /* of the row that DML changes, not of a table it reads from */
        bool is_presence; /* only whether there is a record or list, or how long it is:
                             nothing of what is in it */
};

struct sp_sql_output {
        struct sp_str name; /* empty for an anonymous column */
        const struct sp_sql_type *type;
        const struct sp_sql_source *sources; /* sorted, each once */
        size_t n_sources;
};

/* A path that was looked up among the stored tables. */
struct sp_sql_read {
        struct sp_str table; /* the catalogue's name of it; as written if it has none */
        struct sp_sql_span at; /* the path */
        bool is_known;
};

/* One per statement of the script, in its order. */
struct sp_sql_lineage {
        bool has_outputs; /* a statement that makes or writes columns; DML: one per
                             column written, by the target's name */
        struct sp_sql_output *outputs;
        size_t n_outputs;
        const struct sp_sql_source *filters; /* sorted, each once; those of WHERE, JOIN,
                                 GROUP, HAVING, QUALIFY, ORDER, LIMIT, windows */
        size_t n_filters;
        const struct sp_sql_read
                *reads; /* in text order; also of what is unresolved, as
                                            far as it was read */
        size_t n_reads;
        const char *unresolved; /* NULL when all is resolved; else why: the outputs and
                                   filters are then empty and mean nothing */
        struct sp_sql_span unresolved_at;
};

struct sp_sql_resolve_options {
        const struct sp_sql_catalog *catalog;
        struct sp_str default_project, default_dataset; /* or empty */
};

/* *ret: script->n_statements of them. */
sp_must_check int sp_sql_resolve(struct sp_arena *a, const struct sp_sql_script *script,
                                 const struct sp_sql_resolve_options *o,
                                 struct sp_sql_lineage **ret, struct sp_err *reterr);
