/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask — protected columns replaced at the source, by splicing bytes into the SQL.
 *
 * Job:       from a parsed script, the schemas of the tables that have masks, and the
 *            policy, make the text that is sent: each read of a protected table becomes
 *            a subquery with the masked columns.
 * In:        the agent's text (unchanged) and its parse; resolved table names.
 * Out:       struct sp_mask_plan in the arena: new text, which columns, whether the salt
 *            parameter @sallyport_salt is used.
 * Errors:    -EPERM with id "mask.*": a form that cannot be rewritten safely; the request
 *            is denied with that error. -ENOMEM.
 * Spec:      threats.md §3 defence RW; decision "mask at the source".
 */
#pragma once

#include "daemon/policy/policy.h"
#include "daemon/sql/sql.h"

#define SP_MASK_SALT_PARAMETER "sallyport_salt"

struct sp_column {
        struct sp_str name,
                type; /* REST type names: STRING, INTEGER or INT64, RECORD, … */
        struct sp_str mode; /* NULLABLE (or empty), REQUIRED, REPEATED */
        const struct sp_column *fields; /* of a RECORD/STRUCT */
        size_t n_fields;
        struct sp_tags tags; /* of policyTags */
};

struct sp_schema {
        struct sp_str table; /* "project.dataset.table" */
        struct sp_str etag;
        struct sp_str kind; /* TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL, SNAPSHOT, … */
        const struct sp_column *columns;
        size_t n_columns;
        struct sp_str definition; /* the query of a view, materialised or not */
        bool is_legacy; /* it is not GoogleSQL */
        bool has_unshown; /* a column has members that clients are not shown */
        bool is_by_ingestion; /* partitioned: has _PARTITIONTIME */
};

/* The mask of a column or field by its path, with the tags that the schema has for it and for
 * the records it is in. `who` NULL: of somebody whom no rule exempts. */
struct sp_mask sp_mask_of_path(const struct sp_policy *p,
                               const struct sp_principal *who,
                               const struct sp_schema *s, struct sp_str path,
                               uint64_t now_us);

/* The schema of "p.d.INFORMATION_SCHEMA.TABLES" and the like, which nobody needs to ask for.
 * *clauses: which rows of it may be seen. False for other names. */
bool sp_mask_metadata(struct sp_str name, struct sp_schema *ret,
                      struct sp_str *clauses);
/* How the offered view of INFORMATION_SCHEMA is spelled; empty: it is not offered. */
struct sp_str sp_mask_metadata_view(struct sp_str view);

/* Reads the `schema`, `etag`, `type`, `view`, `materializedView` members of a tables.get answer
 * (or a catalogue entry) into the arena. -EINVAL "mask.schema". */
struct sp_json;
sp_must_check int sp_schema_read(struct sp_arena *a, struct sp_str table,
                                 const struct sp_json *resource, struct sp_schema *ret,
                                 struct sp_err *reterr);

/* Of a routines.get answer: `table` is "project.dataset.function()", `kind` one of these, `etag` its
 * version, `definition` the body of a function that is judged. */
#define SP_ROUTINE_SQL "SQL_FUNCTION" /* scalar or aggregate */
#define SP_ROUTINE_JAVASCRIPT "JAVASCRIPT_FUNCTION" /* without libraries */
#define SP_ROUTINE_OTHER "OTHER_ROUTINE"
sp_must_check int sp_routine_read(struct sp_arena *a, struct sp_str name,
                                  const struct sp_json *resource, struct sp_schema *ret,
                                  struct sp_err *reterr);
/* No table's name ends so. */
static inline bool sp_is_routine(struct sp_str name)
{
        return sp_str_ends(name, SP_STR("()"));
}

/* A view that a text mentions, or the definition of another one does. Its definition was
 * judged: one query that reads tables and only computes. */
struct sp_mask_view {
        struct sp_str name; /* "project.dataset.view" */
        const struct sp_sql_script *script; /* of the definition */
        struct sp_str *names; /* full name of each table mention in it */
        size_t n_names;
};
/* BigQuery nests views no deeper. */
#define SP_MASK_VIEW_DEPTH_MAX 16

/* A full name for each sp_sql_table of each statement, as the caller resolved it with the
 * default dataset: names[i] belongs to the i-th table in statement order. */
struct sp_mask_input {
        struct sp_str text;
        const struct sp_sql_script *script;
        const struct sp_str *names;
        size_t n_names;
        struct sp_str default_project, default_dataset; /* or empty; for mask/reading */
        const struct sp_schema
                *schemas; /* of every table that is read, if the policy has masks */
        size_t n_schemas;
        const struct sp_mask_view *views;
        size_t n_views;
        const struct sp_policy *policy;
        const struct sp_principal *who;
        uint64_t now_us;
        bool is_positional; /* parameterMode POSITIONAL: the salt cannot be passed */
};

struct sp_masked_column {
        struct sp_str column; /* "project.dataset.table.column" */
        struct sp_mask mask;
};

/* What stands in the new text in place of a span of the input's. */
struct sp_mask_splice {
        struct sp_sql_span span;
        struct sp_str text;
};

/* A text, and the full name of each table mention in it. */
struct sp_mask_named {
        struct sp_str text;
        const struct sp_str *names;
        size_t n_names;
};

struct sp_mask_plan {
        struct sp_str text; /* equal to the input's text when nothing is masked */
        bool is_rewritten, needs_salt;
        bool is_unpinned; /* a table that a mask's pattern names shows all that it has, or all of a record */
        struct sp_mask_splice *splices; /* by position, none inside another */
        size_t n_splices;
        const struct sp_str *names; /* of each table mention in `text` */
        size_t n_names;
        /* The input with the definition of every view in its place and nothing masked:
         * what the text reads, for mask/reading. */
        struct sp_mask_named whole;
        unsigned min_group; /* rows of a group, HAVING was added; 0: read as ever */
        struct sp_str group_rule;
        struct sp_masked_column *columns; /* each once */
        size_t n_columns;
};
sp_must_check int sp_mask_rewrite(struct sp_arena *a, const struct sp_mask_input *in,
                                  struct sp_mask_plan *ret, struct sp_err *reterr);
