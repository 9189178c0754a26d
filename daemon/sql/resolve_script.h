/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/resolve_script — what a script's statements leave for those behind them.
 *
 * Job:       variables, the tables and views that the script itself makes, functions; which
 *            statement needs which of them, so that what could not be resolved in one
 *            place is not believed in another.
 * Rule:      statements may run again (loops) or not at all (branches). A variable's value
 *            is all that is ever assigned to it; a table that a branch made is certain in
 *            that branch only, and reading it elsewhere is `unresolved`.
 */
#pragma once

#include "daemon/sql/resolve_shape.h"

/* Bodies of functions resolved anew for their calls, in bytes of text. */
#define SP_SQL_CALLS_BYTES_MAX ((size_t)4 * SP_SQL_TEXT_MAX)
#define SP_SQL_CALLS_DEPTH_MAX 50

struct sp_sql_thing { /* what a statement can leave: its value is not to be believed when
                         a statement that wrote it is unresolved */
        bool is_doubtful;
        size_t read_by; /* the last statement that was noted, plus 1 */
};

struct sp_sql_variable {
        struct sp_sql_name link;
        const struct sp_sql_value *value;
        struct sp_sql_sources *cell; /* of value; NULL: a function's parameter */
        struct sp_sql_thing thing;
};

enum sp_sql_temp_state {
        SP_SQL_TEMP_GONE, /* dropped */
        SP_SQL_TEMP_UNSURE, /* there or not, or one of several */
        SP_SQL_TEMP_KNOWN,
};

struct sp_sql_temp {
        const struct sp_sql_temp *next;
        struct sp_str name; /* qualified as far as the defaults say */
        bool is_temporary; /* a TEMP table: named without a dataset */
        enum sp_sql_temp_state state;
        const struct sp_sql_relation *relation; /* KNOWN */
        struct sp_sql_sources **cells; /* of the columns, when rows are added later */
        struct sp_sql_thing thing;
};

struct sp_sql_routine {
        const struct sp_sql_routine *next;
        struct sp_str name;
        const struct sp_sql_node *create;
        bool is_unsure; /* made in a branch */
};

struct sp_sql_scripting {
        struct sp_sql_resolver *r;
        struct sp_sql_lineage *out;
        size_t n_out, at; /* the next statement's place */
        size_t current; /* of the statement being resolved */
        unsigned conditional; /* blocks around that may run or not */
        bool is_dynamic; /* EXECUTE IMMEDIATE or CALL somewhere */
        bool is_dataset_unsure, is_project_unsure; /* SET @@dataset_id, … */
        struct sp_sql_places written; /* last names of tables that DML adds rows to */
        struct sp_sql_places branched; /* functions made in a branch */
        struct sp_sql_vector links; /* struct link of resolve_define.c */
        size_t call_bytes;
        unsigned call_depth;
};

/* ---- resolve_define.c ---- */
/* The current statement reads, or writes, the thing. */
bool sp_sql_thing_read(struct sp_sql_scripting *w, struct sp_sql_thing *t);
bool sp_sql_thing_written(struct sp_sql_scripting *w, struct sp_sql_thing *t);
/* At the end: what depends on something unresolved is unresolved. */
void sp_sql_spread_doubt(struct sp_sql_scripting *w);

struct sp_sql_variable *sp_sql_variable_add(struct sp_sql_scripting *w,
                                            struct sp_str name,
                                            const struct sp_sql_type *type);
/* NULL: none. */
struct sp_sql_variable *sp_sql_variable_get(const struct sp_sql_resolver *r,
                                            struct sp_str name);
bool sp_sql_variable_assign(struct sp_sql_scripting *w, const struct sp_sql_node *name,
                            const struct sp_sql_value *value);

/* CREATE: `relation` NULL when its columns are not known. */
bool sp_sql_temp_make(struct sp_sql_scripting *w, const struct sp_sql_node *create,
                      const struct sp_sql_relation *relation);
/* DROP, or anything else that leaves the target in this state. */
bool sp_sql_temp_mark(struct sp_sql_scripting *w, const struct sp_sql_node *path,
                      enum sp_sql_temp_state state);
/* DML: the columns of `relation` are added to the rows of the target. */
bool sp_sql_temp_write(struct sp_sql_scripting *w, const struct sp_sql_node *path,
                       const struct sp_sql_relation *relation);
/* Around a block that may run or not: what was made in it is unsure behind it. In a loop
 * it is so before it as well. */
bool sp_sql_block_begin(struct sp_sql_scripting *w, const struct sp_sql_node *block,
                        bool is_loop);
bool sp_sql_block_end(struct sp_sql_scripting *w, const struct sp_sql_temp *before);

/* ---- resolve_routine.c ---- */
bool sp_sql_routine_make(struct sp_sql_scripting *w, const struct sp_sql_node *create);
/* What a function that was just made gives, whatever its arguments: its one value, or the
 * columns of a table function. NULL without a reason: its body is not SQL. */
const struct sp_sql_relation *sp_sql_routine_result(struct sp_sql_scripting *w);

/* ---- resolve_script.c ---- */
/* The current statement gives these columns; false for NULL. */
bool sp_sql_script_outputs(struct sp_sql_scripting *w,
                           const struct sp_sql_relation *relation);
static inline bool sp_sql_is_kind(const struct sp_sql_node *statement, const char *kind)
{
        return sp_str_eq(statement->text, sp_str_c(kind));
}

/* ---- resolve_create.c ---- */
/* The queries of a statement, their columns behind each other (CREATE MODEL has several).
 */
const struct sp_sql_relation *sp_sql_resolve_queries(struct sp_sql_scripting *w,
                                                     const struct sp_sql_node *s);
/* CREATE TABLE, VIEW, MATERIALIZED VIEW and SNAPSHOT TABLE. */
bool sp_sql_resolve_create_table(struct sp_sql_scripting *w,
                                 const struct sp_sql_node *s);
