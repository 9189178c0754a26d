/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/resolve — what the files of the resolver share (lineage.h is the public side).
 *
 * Job:       values (a type and the stored columns that reach it), relations (ordered
 *            columns), names in scope, and one entry per area of the language.
 * Contract:  an sp_sql_resolve_* function returns what it found, or NULL / false with the
 *            first reason kept in the resolver (sp_sql_unresolved). Everything is
 *            immutable once returned, but for cells.
 * Bounds:    the tree's depth is bounded by the parser; WITH RECURSIVE's forward
 *            references and the bodies of functions count in `depth`. Columns made are
 *            counted in `n_columns`. A set of sources is a graph that shares its parts, so
 *            making a union costs O(1); it is walked once per distinct output.
 */
#pragma once

#include "daemon/sql/lineage.h"
#include "daemon/sql/parser.h"
#include "daemon/sql/scope.h"
#include "daemon/sql/spelling.h"

/* Calls of the resolver inside each other: the tree's nodes, the WITH queries and the
 * bodies of functions that are met on the way. */
#define SP_SQL_RESOLVE_DEPTH_MAX 3000

/* ---- sources (sources.c): a set of stored columns, as a graph; NULL is empty ---- */
struct sp_sql_sources;
struct sp_sql_leaf { /* a stored column or a field of it; one object for each */
        const struct sp_sql_catalog_table *table;
        struct sp_str column, field;
        bool is_target, is_presence; /* see struct sp_sql_source */
};

struct sp_sql_resolver;
/* The set of this one leaf; interned. NULL: no memory (kept). */
const struct sp_sql_sources *sp_sql_sources_leaf(struct sp_sql_resolver *r,
                                                 const struct sp_sql_leaf *leaf);
/* x ∪ y; either may be NULL (empty). Without memory: NULL, and r->code is set. */
const struct sp_sql_sources *sp_sql_sources_join(struct sp_sql_resolver *r,
                                                 const struct sp_sql_sources *x,
                                                 const struct sp_sql_sources *y);
/* A set that grows later: a recursive CTE's column, a script's variable. Cycles are fine.
 */
struct sp_sql_sources *sp_sql_sources_cell(struct sp_sql_resolver *r);
bool sp_sql_sources_fill(struct sp_sql_resolver *r, struct sp_sql_sources *cell,
                         const struct sp_sql_sources *more);
/* The leaf when the set is exactly one leaf, else NULL. */
const struct sp_sql_leaf *sp_sql_sources_single(const struct sp_sql_sources *s);
/* As the catalogue has it; NULL: not in the catalogue (a pseudo-column). */
const struct sp_sql_type *sp_sql_leaf_type(const struct sp_sql_leaf *l);
/* Walk, dedupe, sort. Remembered per node: equal nodes share the array. */
bool sp_sql_sources_list(struct sp_sql_resolver *r, const struct sp_sql_sources *s,
                         const struct sp_sql_source **ret, size_t *ret_n);

/* ---- values: what is known of an expression or a column ---- */
struct sp_sql_value {
        const struct sp_sql_type *type; /* never NULL */
        const struct sp_sql_sources *sources; /* all that reaches any part of it */
        bool is_stored; /* a stored column, a field or an element of it, as it is */
        const struct sp_sql_value *const
                *fields; /* a STRUCT whose parts are known one by one: type->n_fields of
                            them; NULL: not known apart (a stored STRUCT's fields follow
                            from its leaf) */
};

/* ---- relations and names ---- */
struct sp_sql_column {
        struct sp_str name; /* empty: anonymous */
        const struct sp_sql_value *value;
        bool is_pseudo; /* found by name, not by a star: _PARTITIONTIME, _TABLE_SUFFIX */
        bool is_range; /* a value table's row or an UNNEST element: a star over the
                          relation shows the value; alias.* shows its fields */
        bool is_excluded; /* of the star only: merged away by USING, still reachable as
                             range.name */
        const struct sp_sql_hidden
                *hidden; /* is_range: fields that USING merged away */
};

struct sp_sql_hidden { /* resolve_scope.c */
        struct sp_str name;
        const struct sp_sql_hidden *next;
};

/* Pseudo columns need no catalogue: found by name when nothing else has it. */
#define SP_SQL_PSEUDO_STORED 0x1u /* a stored table: _PARTITIONTIME, _FILE_NAME, … */
#define SP_SQL_PSEUDO_WILDCARD 0x2u /* and _TABLE_SUFFIX */

struct sp_sql_relation { /* result of a query, a table, a range variable's columns */
        const struct sp_sql_column *columns;
        size_t n;
        bool is_value_table; /* one column, which is the row */
        unsigned pseudo; /* SP_SQL_PSEUDO_* */
        const struct sp_sql_names *names; /* of a FROM or pipe query: its aliases are
                                             still names where it stands without one */
        struct sp_sql_name_index *index; /* resolve_scope.c: made when it is needed */
};

struct sp_sql_range { /* a range variable: table alias */
        struct sp_str name;
        const struct sp_sql_relation *relation;
};

/* What a FROM clause or a pipe input puts in scope. Lookups: a column by its name (two
 * of them: ambiguous), a range by its alias; the inner scope hides the outer. */
struct sp_sql_names {
        const struct sp_sql_names *outer; /* correlation; NULL at the top */
        const struct sp_sql_column *columns; /* in the order of `*` */
        size_t n_columns;
        const struct sp_sql_range *ranges;
        size_t n_ranges;
        unsigned pseudo; /* SP_SQL_PSEUDO_* of all ranges */
        struct sp_sql_name_index
                *index; /* made by sp_sql_names_new and the like; never by hand */
};

struct sp_sql_cte; /* resolve_query.c */
struct sp_sql_lateral; /* resolve_select.c */
struct sp_sql_variable; /* resolve_script.c */
struct sp_sql_routine; /* resolve_script.c: TEMP functions with their bodies */
struct sp_sql_temp; /* resolve_script.c: TEMP tables with their columns */

struct sp_sql_resolver {
        struct sp_arena *arena;
        struct sp_str text;
        const struct sp_sql_catalog *catalog;
        struct sp_str default_project, default_dataset;
        const struct sp_sql_name *ctes; /* visible here: struct sp_sql_cte */
        struct sp_sql_cte *recursing; /* the WITH query being resolved */
        const struct sp_sql_lateral *lateral; /* select lists being resolved */
        const struct sp_sql_name *variables; /* struct sp_sql_variable */
        const struct sp_sql_routine *routines;
        const struct sp_sql_temp *temps;
        const struct sp_sql_sources *filters; /* of the statement being resolved */
        const char *unresolved; /* the first reason; then everything returns NULL */
        struct sp_sql_span unresolved_at;
        int code; /* 0 or -ENOMEM */
        unsigned depth;
        size_t n_columns, n_pairs;
        void *leaves; /* sources.c: the interned ones */
        void *tables; /* resolve_table.c: relations of stored tables */
        struct sp_sql_spellings *spellings; /* of the script and of what it read so
                                               far; NULL: all names are ASCII */
        struct sp_sql_vector pending; /* lineage.c: lists to make at the end */
        struct sp_sql_vector reads; /* lineage.c: of all statements */
        struct sp_sql_vector
                *uses; /* while set: sp_sql_use keeps here what it is told */
        struct sp_sql_scripting
                *script; /* resolve_script.c: the walk over statements */
};

/* Keep the first reason ("Unrecognized name: x"); always NULL. printf-like. */
void *sp_sql_unresolved(struct sp_sql_resolver *r, struct sp_sql_span at,
                        const char *fmt, ...) sp_printf(3, 4);
void *sp_sql_resolver_no_memory(struct sp_sql_resolver *r);
static inline bool sp_sql_resolver_enter(struct sp_sql_resolver *r,
                                         struct sp_sql_span at)
{
        return ++r->depth <= SP_SQL_RESOLVE_DEPTH_MAX ||
               sp_sql_unresolved(r, at, "The statement is nested too deeply") != NULL;
}
static inline void sp_sql_resolver_leave(struct sp_sql_resolver *r)
{
        r->depth--;
}
bool sp_sql_count_columns(struct sp_sql_resolver *r, size_t more,
                          struct sp_sql_span at);
/* Something has a name that is not written in the script. */
static inline bool sp_sql_spell(struct sp_sql_resolver *r, struct sp_str name)
{
        return !r->spellings || sp_sql_spelling_add(r->spellings, name) ||
               sp_sql_resolver_no_memory(r) != NULL;
}
/* A stored table was looked up by this path: `t` was found, or NULL and the name as it is
 * written. */
bool sp_sql_note_read(struct sp_sql_resolver *r, const struct sp_sql_node *path,
                      const struct sp_sql_catalog_table *t, struct sp_str name);
/* These columns decide rows, groups or order. */
bool sp_sql_filter(struct sp_sql_resolver *r, const struct sp_sql_value *v);

/* ---- values (value.c) ---- */
const struct sp_sql_value *sp_sql_value_new(struct sp_sql_resolver *r,
                                            const struct sp_sql_type *type,
                                            const struct sp_sql_sources *sources);
const struct sp_sql_value *sp_sql_value_stored(struct sp_sql_resolver *r,
                                               const struct sp_sql_type *type,
                                               const struct sp_sql_leaf *leaf);
/* What IS NULL reads of `v`, and who counts its elements: of a stored record or list
 * whether it is there; of anything else all. */
const struct sp_sql_value *sp_sql_value_presence(struct sp_sql_resolver *r,
                                                 const struct sp_sql_value *v);
const struct sp_sql_value *
sp_sql_value_struct(struct sp_sql_resolver *r, const struct sp_sql_type *type,
                    const struct sp_sql_value *const *fields);
/* v.name: fields known apart, a stored STRUCT's leaf, JSON, or an UNKNOWN type (all of
 * v's sources then). NULL + unresolved: no such field, or ambiguous. */
const struct sp_sql_value *sp_sql_value_field(struct sp_sql_resolver *r,
                                              const struct sp_sql_value *v,
                                              struct sp_str name,
                                              struct sp_sql_span at);
const struct sp_sql_value *sp_sql_value_field_at(struct sp_sql_resolver *r,
                                                 const struct sp_sql_value *v,
                                                 size_t index);
const struct sp_sql_value *sp_sql_value_element(struct sp_sql_resolver *r,
                                                const struct sp_sql_value *array);
/* One of both, unchanged: set operations by column, CASE branches by type only. Keeps
 * the fields apart when both are STRUCTs of as many fields. */
const struct sp_sql_value *sp_sql_value_either(struct sp_sql_resolver *r,
                                               const struct sp_sql_value *x,
                                               const struct sp_sql_value *y);

/* ---- names (resolve_scope.c) ---- */
enum sp_sql_found {
        SP_SQL_FOUND_NONE,
        SP_SQL_FOUND_COLUMN,
        SP_SQL_FOUND_RANGE,
        SP_SQL_FOUND_AMBIGUOUS
};
/* The innermost scope that knows the name. *ret_column or *ret_range is set. */
enum sp_sql_found sp_sql_names_find(const struct sp_sql_names *names,
                                    struct sp_str name,
                                    const struct sp_sql_column **ret_column,
                                    const struct sp_sql_range **ret_range);
/* The same, and what the name may be when the scopes that do not have it hold rows of a
 * type that is not known here: a field of one of them. */
struct sp_sql_unsure {
        unsigned pseudo; /* SP_SQL_PSEUDO_* of the scopes passed */
        bool is_row;
        bool is_name; /* found, if both are one name (name.h); else perhaps such a field
                         of an outer scope */
        const struct sp_sql_sources *sources;
};
enum sp_sql_found sp_sql_names_find_all(struct sp_sql_resolver *r,
                                        const struct sp_sql_names *names,
                                        struct sp_str name,
                                        const struct sp_sql_column **ret_column,
                                        const struct sp_sql_range **ret_range,
                                        struct sp_sql_unsure *unsure);
/* Names from columns and ranges put together elsewhere (pipe operators): the arrays must
 * stay as they are. Names are always made by this or by the functions below, for the
 * index and the fields of value tables. */
const struct sp_sql_names *
sp_sql_names_new(struct sp_sql_resolver *r, const struct sp_sql_column *columns,
                 size_t n_columns, const struct sp_sql_range *ranges, size_t n_ranges,
                 const struct sp_sql_names *outer);
/* The same names over another outer scope. */
const struct sp_sql_names *sp_sql_names_over(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *names,
                                             const struct sp_sql_names *outer);
/* What a query that ends here gives: the columns of `*`, or the one value table. */
const struct sp_sql_relation *sp_sql_names_relation(struct sp_sql_resolver *r,
                                                    const struct sp_sql_names *names,
                                                    struct sp_sql_span at);
/* How many columns of the relation have this name: 0, 1, 2; pseudo ones count. */
unsigned sp_sql_relation_find(struct sp_sql_resolver *r,
                              const struct sp_sql_relation *relation,
                              struct sp_str name, const struct sp_sql_column **ret);
/* Columns, a range variable, as one value: the row as a STRUCT. */
const struct sp_sql_value *sp_sql_columns_value(struct sp_sql_resolver *r,
                                                const struct sp_sql_column *columns,
                                                size_t n, struct sp_sql_span at);
const struct sp_sql_value *sp_sql_range_value(struct sp_sql_resolver *r,
                                              const struct sp_sql_range *range);
/* The columns of a `*` over these names, or over one range, without pseudo ones. */
bool sp_sql_names_star(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                       struct sp_sql_span at, struct sp_sql_vector *to);
bool sp_sql_range_star(struct sp_sql_resolver *r, const struct sp_sql_range *range,
                       struct sp_sql_span at, struct sp_sql_vector *to);
/* value.*: the fields of a STRUCT */
bool sp_sql_value_star(struct sp_sql_resolver *r, const struct sp_sql_value *v,
                       struct sp_sql_span at, struct sp_sql_vector *to);
/* EXCEPT and REPLACE children of a STAR node, over the columns from `first` on. */
bool sp_sql_star_modify(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                        const struct sp_sql_node *star, struct sp_sql_vector *columns,
                        size_t first);
/* A relation under one alias (or none): its columns, and the alias as a range. */
const struct sp_sql_names *sp_sql_names_of(struct sp_sql_resolver *r,
                                           const struct sp_sql_relation *relation,
                                           struct sp_str alias,
                                           const struct sp_sql_names *outer);
/* As a FROM clause sees a query: under its alias, or with the aliases inside. */
const struct sp_sql_names *sp_sql_names_of_query(struct sp_sql_resolver *r,
                                                 const struct sp_sql_relation *relation,
                                                 struct sp_str alias,
                                                 const struct sp_sql_names *outer);
/* The columns behind each other, the ranges of both. */
const struct sp_sql_names *sp_sql_names_join(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *left,
                                             const struct sp_sql_names *right,
                                             struct sp_sql_span at);
/* Where a column that these names were asked for stands among them: true; or whose field
 * it is: false. */
bool sp_sql_names_place(const struct sp_sql_names *names,
                        const struct sp_sql_column *found, size_t *ret);
/* USING: the merged columns first, each side's own behind, as GoogleSQL orders them. */
const struct sp_sql_names *sp_sql_names_using(struct sp_sql_resolver *r,
                                              const struct sp_sql_names *left,
                                              const struct sp_sql_names *right,
                                              const struct sp_sql_node *using,
                                              unsigned join_kind);

/* ---- expressions (resolve_expr.c, resolve_call.c) ---- */
const struct sp_sql_value *sp_sql_resolve_expr(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *names,
                                               const struct sp_sql_node *expr);
/* A PATH that names something in scope; a CALL, after `operand.` when it is chained. */
const struct sp_sql_value *sp_sql_resolve_name(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *names,
                                               const struct sp_sql_node *path);
const struct sp_sql_value *sp_sql_resolve_call(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *names,
                                               const struct sp_sql_node *call,
                                               const struct sp_sql_value *operand);
/* The same value after a cast: fields known one by one stay so. */
const struct sp_sql_value *sp_sql_value_as(struct sp_sql_resolver *r,
                                           const struct sp_sql_value *v,
                                           const struct sp_sql_type *type);
/* STRUCT, ARRAY, { … } (resolve_construct.c) */
const struct sp_sql_value *sp_sql_resolve_struct(struct sp_sql_resolver *r,
                                                 const struct sp_sql_names *names,
                                                 const struct sp_sql_node *n);
const struct sp_sql_value *sp_sql_resolve_array(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *names,
                                                const struct sp_sql_node *n);
const struct sp_sql_value *sp_sql_resolve_braced(struct sp_sql_resolver *r,
                                                 const struct sp_sql_names *names,
                                                 const struct sp_sql_node *n);
/* A TYPE node; what is no type known here is UNKNOWN. NULL without memory. */
const struct sp_sql_type *sp_sql_resolve_type(struct sp_sql_resolver *r,
                                              const struct sp_sql_node *type);
/* CURRENT_DATE and the like, which need no parentheses where no column has their name:
 * its type; else UNKNOWN. */
enum sp_sql_type_kind sp_sql_bare_function(struct sp_str name);
/* v.name, also through arrays: FLATTEN(a.b.c), FROM t.a.b */
const struct sp_sql_value *sp_sql_value_member(struct sp_sql_resolver *r,
                                               const struct sp_sql_value *v,
                                               struct sp_str name,
                                               struct sp_sql_span at);
/* The name GoogleSQL gives a select item without AS; empty: anonymous. */
struct sp_str sp_sql_item_name(const struct sp_sql_node *item);
/* A window specification, ORDER, GROUP: everything in it decides rows or order. */
bool sp_sql_resolve_deciding(struct sp_sql_resolver *r,
                             const struct sp_sql_names *names,
                             const struct sp_sql_node *n);

/* ---- queries (resolve_query.c, resolve_select.c, resolve_from.c) ---- */
const struct sp_sql_relation *sp_sql_resolve_query(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *outer,
                                                   const struct sp_sql_node *query);
/* Select list (the ITEM, STAR children of `select`) over `names`, to a relation. */
const struct sp_sql_relation *sp_sql_resolve_items(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *names,
                                                   const struct sp_sql_node *select);
const struct sp_sql_names *sp_sql_resolve_from(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *outer,
                                               const struct sp_sql_node *from);
/* One table expression; `left` is what stands before it in the same FROM (correlation).
 */
const struct sp_sql_names *sp_sql_resolve_table(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *left,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *table);
/* One JOIN node onto `left`. */
const struct sp_sql_names *sp_sql_resolve_join(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *left,
                                               const struct sp_sql_names *outer,
                                               const struct sp_sql_node *join);
/* A stored table by its path (CTEs and temp tables included): its relation. */
const struct sp_sql_relation *sp_sql_resolve_path(struct sp_sql_resolver *r,
                                                  const struct sp_sql_node *path);
/* x set-operation y, as the SETOP node (or PIPE) says: by position, BY NAME, … */
const struct sp_sql_relation *
sp_sql_resolve_setop(struct sp_sql_resolver *r, const struct sp_sql_node *setop,
                     const struct sp_sql_relation *const *v, size_t n);
/* One SELECT; *ret_order: what its ORDER BY sees. */
const struct sp_sql_relation *
sp_sql_resolve_select(struct sp_sql_resolver *r, const struct sp_sql_names *outer,
                      const struct sp_sql_node *select,
                      const struct sp_sql_names **ret_order);
/* A column of a select list that is being resolved, for a name that nothing else has. */
const struct sp_sql_value *sp_sql_lateral_find(struct sp_sql_resolver *r,
                                               struct sp_str name);
/* The value as a relation of one row type (AS STRUCT, AS VALUE), or its columns. */
const struct sp_sql_relation *sp_sql_relation_new(struct sp_sql_resolver *r,
                                                  const struct sp_sql_vector *columns,
                                                  bool is_value_table);
/* Aliases in front of the names of a FROM clause: for GROUP BY, HAVING, ORDER BY. */
const struct sp_sql_names *sp_sql_names_aliased(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *names,
                                                const struct sp_sql_column *columns,
                                                size_t n);
/* ORDER BY and GROUP BY items over `columns`, which an integer counts from 1. */
bool sp_sql_resolve_ordinals(struct sp_sql_resolver *r,
                             const struct sp_sql_names *names,
                             const struct sp_sql_node *n,
                             const struct sp_sql_column *columns, size_t n_columns);
/* Enter a WITH: its names are visible until r->ctes is put back by the caller. */
bool sp_sql_resolve_with(struct sp_sql_resolver *r, const struct sp_sql_names *outer,
                         const struct sp_sql_node *with);
/* A name for a relation that is known, as WITH gives it; put r->ctes back as well. */
bool sp_sql_cte_add(struct sp_sql_resolver *r, struct sp_str name,
                    const struct sp_sql_relation *relation);
/* A view that reads itself by this path (CREATE RECURSIVE VIEW). */
const struct sp_sql_relation *sp_sql_resolve_recursive(struct sp_sql_resolver *r,
                                                       const struct sp_sql_node *path,
                                                       const struct sp_sql_node *query);
/* Around a set operation (SETOP, PIPE) that may be the repeated one of a recursive query:
 * `first` is its first operand, `all` its result. */
bool sp_sql_recursion_begin(struct sp_sql_resolver *r, const struct sp_sql_node *setop,
                            const struct sp_sql_relation *first,
                            struct sp_sql_sources ***ret_cells);
bool sp_sql_recursion_end(struct sp_sql_resolver *r, const struct sp_sql_node *setop,
                          struct sp_sql_sources **cells,
                          const struct sp_sql_relation *all);
/* False: no such name; true with NULL in *ret: it cannot be resolved. */
bool sp_sql_cte_find(struct sp_sql_resolver *r, const struct sp_sql_node *path,
                     const struct sp_sql_relation **ret);

/* For what is repeated: the columns of `of` with a cell each, to be filled from the
 * whole afterwards. */
const struct sp_sql_relation *sp_sql_relation_cells(struct sp_sql_resolver *r,
                                                    const struct sp_sql_relation *of,
                                                    struct sp_sql_sources ***ret_cells);
bool sp_sql_relation_fill(struct sp_sql_resolver *r, struct sp_sql_sources **cells,
                          size_t n, const struct sp_sql_relation *with,
                          struct sp_sql_span at);

/* ---- behind a table (resolve_pivot.c, resolve_match.c) and pipes (resolve_pipe.c) ---- */
const struct sp_sql_names *sp_sql_resolve_pivot(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *input,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *pivot);
const struct sp_sql_names *sp_sql_resolve_match(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *input,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *match);
/* TABLESAMPLE: the input, and the column of WITH WEIGHT. */
const struct sp_sql_names *sp_sql_resolve_sample(struct sp_sql_resolver *r,
                                                 const struct sp_sql_names *input,
                                                 const struct sp_sql_names *outer,
                                                 const struct sp_sql_node *sample);
/* To be called with the value of each column that an expression names, by its name or
 * through its range: PIVOT groups by the columns that nobody named. Does nothing else,
 * and nothing at all while r->uses is NULL. */
bool sp_sql_use(struct sp_sql_resolver *r, const struct sp_sql_value *column);
/* The PIPE operators from `first` on, over `input`; the relation at the end. */
const struct sp_sql_relation *sp_sql_resolve_pipes(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *input,
                                                   const struct sp_sql_names *outer,
                                                   const struct sp_sql_node *first);

/* ---- statements (resolve_script.c, resolve_dml.c) ---- */
/* Walks the statements of a script in text order, blocks included; fills `out`, which
 * has one entry per statement of the facts, in the same order. */
bool sp_sql_resolve_script(struct sp_sql_resolver *r, const struct sp_sql_node *root,
                           struct sp_sql_lineage *out, size_t n_out);
/* INSERT, UPDATE, DELETE, MERGE: the columns written, each once, by the target's name. */
const struct sp_sql_relation *sp_sql_resolve_dml(struct sp_sql_resolver *r,
                                                 const struct sp_sql_node *statement);
/* `relation` written to a table whose columns, or those of `list` (NAMEs), are named. */
const struct sp_sql_relation *
sp_sql_resolve_insert(struct sp_sql_resolver *r, const struct sp_sql_node *statement,
                      const struct sp_sql_relation *relation);
/* A relation as the outputs of a statement. The sources are listed when the whole script
 * is resolved: a variable may be assigned later and come back in a loop. */
bool sp_sql_resolve_outputs(struct sp_sql_resolver *r,
                            const struct sp_sql_relation *relation,
                            struct sp_sql_lineage *out);
/* r->filters as the filters of a statement: once, at its end; with the same promise. */
bool sp_sql_resolve_filters(struct sp_sql_resolver *r, struct sp_sql_lineage *out);
/* Looked up by resolve_expr.c, resolve_from.c. NULL: no such thing. */
const struct sp_sql_value *sp_sql_variable_find(struct sp_sql_resolver *r,
                                                struct sp_str name);
/* A table or view that the script itself made. NULL with r->unresolved set: perhaps. */
const struct sp_sql_relation *sp_sql_temp_find(struct sp_sql_resolver *r,
                                               const struct sp_sql_node *path);
/* A call in FROM of a table function that the script itself defines; `input`: the rows
 * that a pipe gives it for its first table, or NULL. */
const struct sp_sql_relation *sp_sql_routine_table(struct sp_sql_resolver *r,
                                                   const struct sp_sql_relation *input,
                                                   const struct sp_sql_names *names,
                                                   const struct sp_sql_node *call,
                                                   bool *ret_is_known);
/* A call of a function the script itself defines: *ret_is_known false when it is none.
 */
const struct sp_sql_value *
sp_sql_routine_call(struct sp_sql_resolver *r, const struct sp_sql_node *call,
                    const struct sp_sql_value *const *arguments, size_t n,
                    bool *ret_is_known);

/* ---- functions (functions.c): what a builtin returns ---- */
/* UNKNOWN when not known. `name` lower case, dotted. */
const struct sp_sql_type *
sp_sql_function_type(struct sp_arena *a, struct sp_str name,
                     const struct sp_sql_value *const *arguments, size_t n);
