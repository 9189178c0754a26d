/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/parser — what the files of the recursive descent share.
 *
 * Job:       cursor over the tokens, node making, errors, the depth limit; and one
 * entry per area of the grammar (expressions, types, queries, FROM, pipes, DML, DDL,
 *            scripts).
 * Contract:  an sp_sql_parse_* function returns its node with the cursor behind it, or
 * NULL with the first error kept in the parser. There is no backtracking, so time and
 *            memory are linear; a choice is made by looking at tokens ahead.
 *            Here NULL stands for -errno: a grammar written with two results per step
 *            would hide the grammar.
 */
#pragma once

#include <errno.h>

#include "daemon/sql/ast.h"
#include "daemon/sql/index.h"
#include "daemon/sql/lex.h"

struct sp_sql_vector {
        void *v;
        size_t n, capacity;
};

/* A labelled statement around the cursor; it lives on the stack. */
struct sp_sql_label {
        struct sp_str name;
        bool is_loop;
        const struct sp_sql_label *outer;
};

struct sp_sql_parser {
        struct sp_arena *arena;
        struct sp_str text;
        const struct sp_sql_token *tokens;
        size_t n_tokens, at;
        size_t item; /* the token at which a select item began: `x.*` may be one, `1 + x.*`
                        not */
        unsigned depth;
        int code; /* 0 or the first -errno; then *err is filled */
        struct sp_err *err;
        struct sp_sql_node
                *operand; /* already parsed primary that an expression starts with */
        struct sp_sql_vector positional; /* struct sp_sql_span */
        struct sp_sql_vector named; /* struct sp_str */
        struct sp_sql_vector variables; /* struct sp_str: DECLAREd, FOR records */
        struct sp_sql_index named_index, variables_index;
        const struct sp_sql_label *labels;
        size_t n_statements, n_nodes, n_locks;
        bool is_body; /* in the body of a procedure, in a text that is one statement */
        bool is_script; /* several statements, or procedural language, are allowed */
        bool has_procedural;
};

/* *ret: one more zeroed element of `size` bytes; NULL without memory. */
void *sp_sql_vector_add(struct sp_arena *a, struct sp_sql_vector *v, size_t size);

/* ---- errors: all return NULL / false, and only the first one is kept ---- */
void *sp_sql_fail(struct sp_sql_parser *p, uint32_t at, const char *fmt, ...)
        sp_printf(3, 4);
/* The same of what GoogleSQL's grammar reads and its check of the script refuses. */
void *sp_sql_invalid(struct sp_sql_parser *p, uint32_t at, const char *fmt, ...)
        sp_printf(3, 4);
void *sp_sql_unsupported(struct sp_sql_parser *p, uint32_t at, const char *what);
void *sp_sql_unexpected(struct sp_sql_parser *p); /* "Unexpected keyword FROM" */
void *sp_sql_expected(struct sp_sql_parser *p,
                      const char *what); /* "Expected … but got …" */
void *sp_sql_no_memory(struct sp_sql_parser *p);
bool sp_sql_enter(struct sp_sql_parser *p); /* one level deeper; false at the limit */
static inline void sp_sql_leave(struct sp_sql_parser *p)
{
        p->depth--;
}

/* ---- tokens ---- */
static inline const struct sp_sql_token *sp_sql_token_at(const struct sp_sql_parser *p,
                                                         size_t ahead)
{
        size_t i = p->at + ahead;

        return &p->tokens[i < p->n_tokens ? i : p->n_tokens - 1];
}
static inline bool sp_sql_is(const struct sp_sql_parser *p, unsigned type)
{
        return p->tokens[p->at].type == type;
}
static inline bool sp_sql_is_at(const struct sp_sql_parser *p, size_t ahead,
                                unsigned type)
{
        return sp_sql_token_at(p, ahead)->type == type;
}
static inline bool sp_sql_kw_at(const struct sp_sql_parser *p, size_t ahead, unsigned k)
{
        return sp_sql_token_at(p, ahead)->keyword == k;
}
static inline void sp_sql_advance(struct sp_sql_parser *p)
{
        if (p->at + 1 < p->n_tokens)
                p->at++;
}
static inline bool sp_sql_take(struct sp_sql_parser *p, unsigned type)
{
        if (!sp_sql_is(p, type))
                return false;
        sp_sql_advance(p);
        return true;
}
static inline bool sp_sql_take_kw(struct sp_sql_parser *p, unsigned k)
{
        if (p->tokens[p->at].keyword != k)
                return false;
        sp_sql_advance(p);
        return true;
}
bool sp_sql_need(struct sp_sql_parser *p, unsigned type); /* one ASCII mark */
bool sp_sql_need_kw(struct sp_sql_parser *p, unsigned k);
#define kw(p, name) (sp_sql_kw_at((p), 0, SP_KW_##name))
#define kw_at(p, ahead, name) (sp_sql_kw_at((p), (ahead), SP_KW_##name))
#define take_kw(p, name) (sp_sql_take_kw((p), SP_KW_##name))
#define need_kw(p, name) (sp_sql_need_kw((p), SP_KW_##name))

static inline uint32_t sp_sql_here(const struct sp_sql_parser *p)
{
        return p->tokens[p->at].start;
}
static inline uint32_t sp_sql_behind(const struct sp_sql_parser *p)
{
        return p->at ? p->tokens[p->at - 1].end : 0;
}
static inline bool sp_sql_token_is_name(const struct sp_sql_token *t)
{
        return t->type == SP_SQL_T_QUOTED ||
               (t->type == SP_SQL_T_WORD &&
                !sp_sql_keyword_is_reserved((enum sp_sql_keyword)t->keyword));
}
static inline bool sp_sql_is_name(const struct sp_sql_parser *p)
{
        return sp_sql_token_is_name(&p->tokens[p->at]);
}

/* ---- nodes ---- */
struct sp_sql_node *sp_sql_node_new(struct sp_sql_parser *p,
                                    enum sp_sql_node_kind kind);
struct sp_sql_node *sp_sql_node_at(struct sp_sql_parser *p, enum sp_sql_node_kind kind,
                                   uint32_t start);
bool sp_sql_add(struct sp_sql_node *to, struct sp_sql_node *child); /* false for NULL */
static inline struct sp_sql_node *sp_sql_end(struct sp_sql_parser *p,
                                             struct sp_sql_node *n)
{
        uint32_t end = sp_sql_behind(p);

        /* a node of no tokens, such as an empty block, is at its start */
        n->span.end = end > n->span.start ? end : n->span.start;
        return n;
}

/* ---- names (parse_name.c) ---- */
struct sp_sql_node *sp_sql_parse_name(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_path(struct sp_sql_parser *p);
struct sp_sql_node *
sp_sql_parse_table_path(struct sp_sql_parser *p); /* dashes allowed */
struct sp_sql_node *
sp_sql_parse_whole_path(struct sp_sql_parser *p); /* no dot behind */
struct sp_sql_node *sp_sql_parse_field_path(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_braced(struct sp_sql_parser *p); /* at `{` */
/* [AS] alias; adds to `to` when there is one. */
bool sp_sql_parse_alias(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_hint(struct sp_sql_parser *p, struct sp_sql_node *to); /* optional */
bool sp_sql_parse_options(struct sp_sql_parser *p,
                          struct sp_sql_node *to); /* optional */
bool sp_sql_parse_option_list(struct sp_sql_parser *p,
                              struct sp_sql_node *to); /* ( … ) */
/* ( name, … ) */
struct sp_sql_node *sp_sql_parse_name_list(struct sp_sql_parser *p);
bool sp_sql_parse_path_list(struct sp_sql_parser *p); /* ( path, … ), thrown away */
struct sp_sql_node *
sp_sql_parse_string(struct sp_sql_parser *p); /* a string literal only */

/* ---- types ---- */
struct sp_sql_node *sp_sql_parse_type(struct sp_sql_parser *p);
/* Without what may follow in a column definition: STRUCT<a INT64>(1) is a value. */
struct sp_sql_node *sp_sql_parse_bare_type(struct sp_sql_parser *p);

/* ---- expressions ---- */
struct sp_sql_node *sp_sql_parse_expr(struct sp_sql_parser *p);
/* An expression whose first operand is already parsed. */
struct sp_sql_node *sp_sql_parse_expr_from(struct sp_sql_parser *p,
                                           struct sp_sql_node *operand);
/* Above comparisons: for BETWEEN's bounds and the like. */
struct sp_sql_node *sp_sql_parse_higher(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_primary(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_postfix(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_postfix_of(struct sp_sql_parser *p,
                                            struct sp_sql_node *operand,
                                            bool may_be_star);
struct sp_sql_node *sp_sql_parse_paren(struct sp_sql_parser *p); /* at `(` */
struct sp_sql_node *sp_sql_parse_call(struct sp_sql_parser *p,
                                      struct sp_sql_node *path);
/* REPLACE_FIELDS, which is syntax and no function: (value, new AS field, …) */
struct sp_sql_node *sp_sql_parse_replace_fields(struct sp_sql_parser *p,
                                                struct sp_sql_node *path);
/* One name without quotes: is it this word? */
bool sp_sql_is_word_path(const struct sp_sql_node *path, struct sp_str name);
/* One argument (parse_argument.c); a table function's may be more. */
struct sp_sql_node *sp_sql_parse_argument(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_table_argument(struct sp_sql_parser *p);
/* The arguments of a table function or a procedure: no clauses, but TABLE, MODEL, … */
struct sp_sql_node *sp_sql_parse_table_call(struct sp_sql_parser *p,
                                            struct sp_sql_node *path);
struct sp_sql_node *sp_sql_parse_unnest(struct sp_sql_parser *p);
/* A reserved word that is a function's name, as a path: IF, LEFT, … */
struct sp_sql_node *sp_sql_parse_reserved_path(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_window(struct sp_sql_parser *p); /* ( … ) or a name */
struct sp_sql_node *sp_sql_parse_order(struct sp_sql_parser *p); /* at ORDER */
/* The same where a trailing comma is allowed. */
struct sp_sql_node *sp_sql_parse_pipe_order(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_parameter(struct sp_sql_parser *p); /* @x, @@x or ? */

/* ---- queries ---- */
bool sp_sql_starts_query(const struct sp_sql_parser *p); /* SELECT, WITH, FROM, ( … */
struct sp_sql_node *sp_sql_parse_query(struct sp_sql_parser *p);
/* A query whose first operand, a query in parentheses, is already parsed. */
struct sp_sql_node *sp_sql_parse_query_from(struct sp_sql_parser *p,
                                            struct sp_sql_node *operand);
/* The same, and the operand's next sibling, if any, is its alias. */
struct sp_sql_node *sp_sql_parse_query_aliased(struct sp_sql_parser *p,
                                               struct sp_sql_node *operand);
bool sp_sql_continues_query(
        const struct sp_sql_parser *p); /* set operation, ORDER, LIMIT, |> */
struct sp_sql_node *sp_sql_parse_query_paren(struct sp_sql_parser *p); /* ( query ) */
/* A pipe's may end in a comma, as may its WINDOW. */
struct sp_sql_node *sp_sql_parse_with(struct sp_sql_parser *p, bool is_pipe);
struct sp_sql_node *sp_sql_parse_item(struct sp_sql_parser *p); /* e [AS a], *, e.* */
bool sp_sql_parse_select_list(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_select_with(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_select_head(struct sp_sql_parser *p,
                              struct sp_sql_node *to); /* behind SELECT */
bool sp_sql_is_table_clause(const struct sp_sql_parser *p,
                            size_t ahead); /* TABLE t as a query */
struct sp_sql_node *sp_sql_parse_table_clause(struct sp_sql_parser *p);
bool sp_sql_is_lock(const struct sp_sql_parser *p); /* FOR UPDATE */
bool sp_sql_parse_depth(struct sp_sql_parser *p,
                        struct sp_sql_node *to); /* optional: WITH DEPTH */
bool sp_sql_parse_windows(struct sp_sql_parser *p, struct sp_sql_node *to,
                          bool is_pipe); /* behind WINDOW */
struct sp_sql_node *sp_sql_parse_where(struct sp_sql_parser *p); /* at WHERE */
struct sp_sql_node *sp_sql_parse_select(struct sp_sql_parser *p); /* at SELECT */
struct sp_sql_node *sp_sql_parse_limit(struct sp_sql_parser *p);
bool sp_sql_parse_group_item(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_group(struct sp_sql_parser *p,
                        struct sp_sql_node *to); /* behind BY */
bool sp_sql_is_set_operation(const struct sp_sql_parser *p);
bool sp_sql_parse_set_operator(struct sp_sql_parser *p, struct sp_sql_node *to,
                               unsigned *op);
struct sp_sql_node *sp_sql_parse_from(struct sp_sql_parser *p); /* behind FROM */
struct sp_sql_node *
sp_sql_parse_table(struct sp_sql_parser *p); /* one table expression */
bool sp_sql_parse_join_kind(struct sp_sql_parser *p, struct sp_sql_node *join,
                            unsigned *kind); /* [LEFT …] JOIN */
bool sp_sql_parse_on(struct sp_sql_parser *p, struct sp_sql_node *to); /* ON or USING */
struct sp_sql_node *
sp_sql_parse_join_operand(struct sp_sql_parser *p); /* [LATERAL] table expression */
struct sp_sql_node *sp_sql_parse_sample(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_pivot(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_match_recognize(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_align(struct sp_sql_parser *p);
bool sp_sql_is_pivot(const struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_pipe(struct sp_sql_parser *p); /* at |> */
/* The operators BigQuery does not have; op is set and the cursor at it. */
bool sp_sql_parse_pipe_more(struct sp_sql_parser *p, struct sp_sql_node *n);

/* ---- graphs (parse_graph.c, parse_graph_pattern.c, parse_property_graph.c) ---- */
struct sp_sql_node *sp_sql_parse_graph_query(struct sp_sql_parser *p); /* at GRAPH */
struct sp_sql_node *sp_sql_parse_query_or_graph(struct sp_sql_parser *p);
/* What may stand behind AS in DDL and EXPORT DATA: one of these without FOR UPDATE. */
struct sp_sql_node *sp_sql_parse_definition(struct sp_sql_parser *p);
/* At `{`; n: the SUBQUERY it becomes the child of. */
struct sp_sql_node *sp_sql_parse_graph_subquery(struct sp_sql_parser *p,
                                                struct sp_sql_node *n);
struct sp_sql_node *
sp_sql_parse_graph_argument(struct sp_sql_parser *p); /* GRAPH name, of a function */
bool sp_sql_is_graph_table(const struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_graph_table(struct sp_sql_parser *p); /* no suffixes */
bool sp_sql_starts_graph_path(const struct sp_sql_parser *p);
/* path, … [WHERE condition] */
bool sp_sql_parse_graph_pattern(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_graph_label(struct sp_sql_parser *p); /* A | !(B & %) */
struct sp_sql_node *
sp_sql_parse_property_graph(struct sp_sql_parser *p,
                            struct sp_sql_node *s); /* at PROPERTY */

/* ---- statements ---- */
struct sp_sql_node *sp_sql_statement_new(struct sp_sql_parser *p, const char *kind,
                                         enum sp_sql_action action, uint32_t start);
struct sp_sql_node *sp_sql_parse_statement(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_script(struct sp_sql_parser *p); /* the whole text */
struct sp_sql_node *
sp_sql_parse_block_statement(struct sp_sql_parser *p); /* BEGIN … END */
bool sp_sql_is_procedural(const struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_procedural(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_insert(struct sp_sql_parser *p);
/* INSERT, CREATE TABLE and EXPORT DATA up to their query, which is a pipe's input. */
struct sp_sql_node *sp_sql_parse_insert_prefix(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_create_prefix(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_export_prefix(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_update(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_delete(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_merge(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_truncate(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_create(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_create_routine(struct sp_sql_parser *p,
                                                unsigned object, struct sp_sql_node *s);
struct sp_sql_node *sp_sql_parse_alter(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_drop(struct sp_sql_parser *p);
/* The statements BigQuery does not have (parse_other.c). */
struct sp_sql_node *sp_sql_parse_statement_pipes(struct sp_sql_parser *p,
                                                 struct sp_sql_node *s);
struct sp_sql_node *sp_sql_parse_create_restriction(struct sp_sql_parser *p,
                                                    struct sp_sql_node *s);
struct sp_sql_node *sp_sql_parse_alter_restriction(struct sp_sql_parser *p,
                                                   struct sp_sql_node *s);
struct sp_sql_node *sp_sql_parse_drop_restriction(struct sp_sql_parser *p,
                                                  struct sp_sql_node *s);
struct sp_sql_node *sp_sql_parse_other(struct sp_sql_parser *p);
/* DDL pieces. `kind` of sp_sql_parse_object: TARGET or SOURCE. */
struct sp_sql_node *sp_sql_parse_object(struct sp_sql_parser *p,
                                        enum sp_sql_node_kind kind);
bool sp_sql_parse_if_exists(struct sp_sql_parser *p); /* optional; false: bad */
/* The same for objects whose name may not have a dash: all but tables and views. */
struct sp_sql_node *sp_sql_parse_plain_object(struct sp_sql_parser *p,
                                              enum sp_sql_node_kind kind);
bool sp_sql_parse_system_time(struct sp_sql_parser *p,
                              struct sp_sql_node *to); /* FOR SYSTEM_TIME AS OF … */
/* path [FOR SYSTEM_TIME …] [WHERE …] of COPY and CLONE */
bool sp_sql_parse_data_source(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_partition_columns(
        struct sp_sql_parser *p, struct sp_sql_node *to); /* WITH PARTITION COLUMNS */
/* JSON '…' or '…' behind AS, of a reservation and the like */
bool sp_sql_parse_entity_body(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_security(struct sp_sql_parser *p); /* SQL SECURITY …, optional */
bool sp_sql_parse_null_order(struct sp_sql_parser *p); /* [ASC|DESC] [NULLS …] */
bool sp_sql_parse_privileges(struct sp_sql_parser *p);
bool sp_sql_parse_transaction_modes(struct sp_sql_parser *p); /* optional */
/* 'user:…', … */
bool sp_sql_parse_people(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_collation(struct sp_sql_parser *p,
                            struct sp_sql_node *to); /* COLLATE …, optional */
bool sp_sql_parse_if_not_exists(struct sp_sql_parser *p);
bool sp_sql_parse_column_list(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_column(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_constraint(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_is_constraint(const struct sp_sql_parser *p);
bool sp_sql_parse_connection(struct sp_sql_parser *p,
                             struct sp_sql_node *to); /* optional */
bool sp_sql_parse_partition(struct sp_sql_parser *p,
                            struct sp_sql_node *to); /* and CLUSTER */
bool sp_sql_parse_expr_list(struct sp_sql_parser *p,
                            struct sp_sql_node *to); /* e, e, … */
bool sp_sql_parse_identity(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_opaque(struct sp_sql_parser *p, struct sp_sql_node *to,
                         const char *name);
