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
#include "daemon/sql/lex.h"

struct sp_sql_vector {
        void *v;
        size_t n, capacity;
};

struct sp_sql_parser {
        struct sp_arena *arena;
        struct sp_str text;
        const struct sp_sql_token *tokens;
        size_t n_tokens, at;
        unsigned depth;
        int code; /* 0 or the first -errno; then *err is filled */
        struct sp_err *err;
        struct sp_sql_node
                *operand; /* already parsed primary that an expression starts with */
        struct sp_sql_vector positional; /* struct sp_sql_span */
        struct sp_sql_vector named; /* struct sp_str */
        struct sp_sql_vector variables; /* struct sp_str: DECLAREd, FOR records */
        size_t n_statements;
        bool is_script; /* several statements, or procedural language, are allowed */
        bool has_procedural;
};

/* *ret: one more zeroed element of `size` bytes; NULL without memory. */
void *sp_sql_vector_add(struct sp_arena *a, struct sp_sql_vector *v, size_t size);

/* ---- errors: all return NULL / false, and only the first one is kept ---- */
void *sp_sql_fail(struct sp_sql_parser *p, uint32_t at, const char *fmt, ...)
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
        n->span.end = sp_sql_behind(p);
        return n;
}

/* ---- names (parse_name.c) ---- */
struct sp_sql_node *sp_sql_parse_name(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_path(struct sp_sql_parser *p);
struct sp_sql_node *
sp_sql_parse_table_path(struct sp_sql_parser *p); /* dashes allowed */
/* [AS] alias; adds to `to` when there is one. */
bool sp_sql_parse_alias(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_hint(struct sp_sql_parser *p, struct sp_sql_node *to); /* optional */
bool sp_sql_parse_options(struct sp_sql_parser *p,
                          struct sp_sql_node *to); /* optional */
bool sp_sql_parse_option_list(struct sp_sql_parser *p,
                              struct sp_sql_node *to); /* ( … ) */
/* ( name, … ) */
struct sp_sql_node *sp_sql_parse_name_list(struct sp_sql_parser *p);
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
struct sp_sql_node *sp_sql_parse_paren(struct sp_sql_parser *p); /* at `(` */
struct sp_sql_node *sp_sql_parse_call(struct sp_sql_parser *p,
                                      struct sp_sql_node *path);
struct sp_sql_node *sp_sql_parse_unnest(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_window(struct sp_sql_parser *p); /* ( … ) or a name */
struct sp_sql_node *sp_sql_parse_order(struct sp_sql_parser *p); /* at ORDER */
struct sp_sql_node *sp_sql_parse_parameter(struct sp_sql_parser *p); /* @x, @@x or ? */

/* ---- queries ---- */
bool sp_sql_starts_query(const struct sp_sql_parser *p); /* SELECT, WITH, FROM, ( … */
struct sp_sql_node *sp_sql_parse_query(struct sp_sql_parser *p);
/* A query whose first operand, a query in parentheses, is already parsed. */
struct sp_sql_node *sp_sql_parse_query_from(struct sp_sql_parser *p,
                                            struct sp_sql_node *operand);
bool sp_sql_continues_query(
        const struct sp_sql_parser *p); /* set operation, ORDER, LIMIT, |> */
struct sp_sql_node *sp_sql_parse_query_paren(struct sp_sql_parser *p); /* ( query ) */
struct sp_sql_node *sp_sql_parse_with(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_item(struct sp_sql_parser *p); /* e [AS a], *, e.* */
bool sp_sql_parse_select_list(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_select_with(struct sp_sql_parser *p, struct sp_sql_node *to);
bool sp_sql_parse_windows(struct sp_sql_parser *p,
                          struct sp_sql_node *to); /* behind WINDOW */
struct sp_sql_node *sp_sql_parse_where(struct sp_sql_parser *p); /* at WHERE */
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
bool sp_sql_parse_join_kind(struct sp_sql_parser *p,
                            unsigned *kind); /* [LEFT …] JOIN */
bool sp_sql_parse_on(struct sp_sql_parser *p, struct sp_sql_node *to); /* ON or USING */
struct sp_sql_node *sp_sql_parse_sample(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_pivot(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_match_recognize(struct sp_sql_parser *p);
bool sp_sql_is_pivot(const struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_pipe(struct sp_sql_parser *p); /* at |> */

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
struct sp_sql_node *sp_sql_parse_update(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_delete(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_merge(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_truncate(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_create(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_create_routine(struct sp_sql_parser *p,
                                                unsigned object, struct sp_sql_node *s);
struct sp_sql_node *sp_sql_parse_alter(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_drop(struct sp_sql_parser *p);
struct sp_sql_node *sp_sql_parse_other(struct sp_sql_parser *p);
/* DDL pieces. `kind` of sp_sql_parse_object: TARGET or SOURCE. */
struct sp_sql_node *sp_sql_parse_object(struct sp_sql_parser *p,
                                        enum sp_sql_node_kind kind);
bool sp_sql_parse_if_exists(struct sp_sql_parser *p); /* optional; false: bad */
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
