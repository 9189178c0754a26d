/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

bool sp_sql_starts_query(const struct sp_sql_parser *p)
{
        return kw(p, SELECT) || kw(p, WITH) || kw(p, FROM) || sp_sql_is(p, '(');
}

bool sp_sql_is_set_operation(const struct sp_sql_parser *p)
{
        size_t i = 0;

        if (kw(p, FULL) || kw(p, LEFT) || kw(p, INNER) || kw(p, OUTER) || kw(p, RIGHT))
                i++;
        if (i && kw_at(p, i, OUTER))
                i++;
        return kw_at(p, i, UNION) || kw_at(p, i, INTERSECT) || kw_at(p, i, EXCEPT);
}

bool sp_sql_continues_query(const struct sp_sql_parser *p)
{
        return sp_sql_is_set_operation(p) || kw(p, ORDER) || kw(p, LIMIT) ||
               sp_sql_is(p, SP_SQL_T_PIPE);
}

/* How columns are matched, behind ALL or DISTINCT. */
static bool parse_column_match(struct sp_sql_parser *p, struct sp_sql_node *to,
                               bool is_outer)
{
        uint32_t at = sp_sql_here(p);
        bool is_strict = take_kw(p, STRICT);

        if (is_strict && is_outer) {
                sp_sql_fail(p, at,
                            "STRICT cannot be used with outer mode in set operations");
                return false;
        }
        if (take_kw(p, CORRESPONDING))
                return !take_kw(p, BY) || sp_sql_add(to, sp_sql_parse_name_list(p));
        if (take_kw(p, BY)) {
                if (is_strict) {
                        sp_sql_fail(
                                p, at,
                                "STRICT cannot be used with BY NAME in set operations");
                        return false;
                }
                if (!need_kw(p, NAME))
                        return false;
                return !take_kw(p, ON) || sp_sql_add(to, sp_sql_parse_name_list(p));
        }
        return true;
}

bool sp_sql_parse_set_operator(struct sp_sql_parser *p, struct sp_sql_node *to,
                               unsigned *op)
{
        bool is_outer = take_kw(p, FULL) || take_kw(p, LEFT) || take_kw(p, INNER);

        if (take_kw(p, OUTER))
                is_outer = true;
        *op = sp_sql_token_at(p, 0)->keyword * 2u;
        if (!take_kw(p, UNION) && !take_kw(p, INTERSECT) && !take_kw(p, EXCEPT)) {
                sp_sql_unexpected(p);
                return false;
        }
        if (!sp_sql_parse_hint(p, to))
                return false;
        if (take_kw(p, DISTINCT)) {
                (*op)++;
        } else if (!take_kw(p, ALL)) {
                sp_sql_expected(p, "keyword ALL or keyword DISTINCT");
                return false;
        }
        return parse_column_match(p, to, is_outer);
}

static struct sp_sql_node *parse_cte(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CTE), *name;

        if (!n)
                return NULL;
        name = sp_sql_parse_name(p);
        if (!name || !sp_sql_parse_hint(p, n) || !need_kw(p, AS))
                return NULL;
        n->text = name->text;
        /* such a name would be both one part here and a path where it is used */
        if (memchr(name->text.p, '.', name->text.n))
                return sp_sql_unsupported(p, name->span.start, "WITH name with a dot");
        if (!sp_sql_parse_hint(p, n) || !sp_sql_add(n, sp_sql_parse_query_paren(p)))
                return NULL;
        if (kw(p, WITH) && kw_at(p, 1, DEPTH)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                if (!kw(p, MAX) && !kw(p, BETWEEN) && !sp_sql_parse_alias(p, n))
                        return NULL;
                if (take_kw(p, MAX)) {
                        if (!sp_sql_add(n, sp_sql_parse_higher(p)))
                                return NULL;
                } else if (take_kw(p, BETWEEN)) {
                        if (!sp_sql_add(n, sp_sql_parse_higher(p)) ||
                            !need_kw(p, AND) || !sp_sql_add(n, sp_sql_parse_higher(p)))
                                return NULL;
                }
        }
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_with(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_WITH);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (take_kw(p, RECURSIVE))
                n->flags |= SP_SQL_F_RECURSIVE;
        do {
                if (n->first && sp_sql_is(p, SP_SQL_T_PIPE))
                        break; /* |> WITH … , */
                if (n->first && (kw(p, SELECT) || kw(p, FROM) || sp_sql_is(p, '(')))
                        return sp_sql_fail(
                                p, sp_sql_behind(p) - 1,
                                "Trailing comma after the WITH clause before the main "
                                "query is not allowed");
                if (!sp_sql_add(n, parse_cte(p)))
                        return NULL;
        } while (sp_sql_take(p, ','));
        return sp_sql_end(p, n);
}

/* ---- SELECT ---- */

/* EXCEPT (a, b) and REPLACE (e AS a, …) behind a star. */
static bool parse_star_modifiers(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (kw(p, EXCEPT) && sp_sql_is_at(p, 1, '(')) {
                sp_sql_advance(p);
                if (!sp_sql_add(n, sp_sql_parse_name_list(p)))
                        return false;
        } else if (kw(p, EXCEPT) && !kw_at(p, 1, ALL) && !kw_at(p, 1, DISTINCT) &&
                   !sp_sql_is_at(p, 1, '@')) {
                sp_sql_fail(p, sp_sql_here(p),
                            "EXCEPT must be followed by ALL, DISTINCT, or \"(\"");
                return false;
        }
        if (!kw(p, REPLACE) || !sp_sql_is_at(p, 1, '('))
                return true;
        sp_sql_advance(p);
        sp_sql_advance(p);
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM), *name;

                if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) || !need_kw(p, AS))
                        return false;
                name = sp_sql_parse_name(p);
                if (!sp_sql_add(item, name))
                        return false;
                sp_sql_add(n, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static struct sp_sql_node *parse_star(struct sp_sql_parser *p, struct sp_sql_node *of)
{
        struct sp_sql_node *n =
                sp_sql_node_new(p, of ? SP_SQL_N_DOT_STAR : SP_SQL_N_STAR);

        if (!n)
                return NULL;
        if (of) {
                n->span.start = of->span.start;
                sp_sql_add(n, of);
                sp_sql_advance(p); /* the dot */
        }
        sp_sql_advance(p);
        return parse_star_modifiers(p, n) ? sp_sql_end(p, n) : NULL;
}

struct sp_sql_node *sp_sql_parse_item(struct sp_sql_parser *p)
{
        struct sp_sql_node *item, *e;

        if (sp_sql_is(p, '*'))
                return parse_star(p, NULL);
        item = sp_sql_node_new(p, SP_SQL_N_ITEM);
        if (!item)
                return NULL;
        e = sp_sql_parse_expr(p);
        if (!e)
                return NULL;
        if (sp_sql_is(p, '.') && sp_sql_is_at(p, 1, '*'))
                return parse_star(p, e);
        sp_sql_add(item, e);
        return sp_sql_parse_alias(p, item) ? sp_sql_end(p, item) : NULL;
}

/* Nothing that could begin an item: the list is over. */
static bool ends_list(const struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->type) {
        case SP_SQL_T_END:
        case ')':
        case ';':
        case SP_SQL_T_PIPE:
                return true;
        default:
                return kw(p, FROM) || kw(p, WHERE) || kw(p, GROUP) || kw(p, HAVING) ||
                       kw(p, QUALIFY) || kw(p, WINDOW) || kw(p, ORDER) ||
                       kw(p, LIMIT) || sp_sql_is_set_operation(p);
        }
}

bool sp_sql_parse_select_list(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (ends_list(p)) {
                sp_sql_fail(p, sp_sql_here(p), "SELECT list must not be empty");
                return false;
        }
        do
                if (!sp_sql_add(to, sp_sql_parse_item(p)))
                        return false;
        while (sp_sql_take(p, ',') && !ends_list(p));
        return true;
}

struct sp_sql_node *sp_sql_parse_where(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_WHERE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        return sp_sql_add(n, sp_sql_parse_expr(p)) ? sp_sql_end(p, n) : NULL;
}

static bool parse_group_set(struct sp_sql_parser *p, struct sp_sql_node *to);

/* ROLLUP (…), CUBE (…), GROUPING SETS (…), (), or an expression */
bool sp_sql_parse_group_item(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (kw(p, ROLLUP) || kw(p, CUBE)) {
                sp_sql_advance(p);
                return parse_group_set(p, to);
        }
        if (kw(p, GROUPING) && kw_at(p, 1, SETS)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                return parse_group_set(p, to);
        }
        if (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')')) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                return true;
        }
        return sp_sql_add(to, sp_sql_parse_expr(p));
}

static bool parse_group_set(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool ok = sp_sql_enter(p) && sp_sql_need(p, '(');

        while (ok) {
                ok = sp_sql_parse_group_item(p, to);
                if (!ok || !sp_sql_take(p, ','))
                        break;
        }
        ok = ok && sp_sql_need(p, ')');
        sp_sql_leave(p);
        return ok;
}

bool sp_sql_parse_group(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_GROUP);

        if (!n)
                return false;
        if (!take_kw(p, ALL)) {
                do
                        if (!sp_sql_parse_group_item(p, n))
                                return false;
                while (sp_sql_take(p, ','));
        }
        return sp_sql_add(to, sp_sql_end(p, n));
}

bool sp_sql_parse_windows(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        do {
                if (!sp_sql_add(to, sp_sql_parse_name(p)) || !need_kw(p, AS) ||
                    !sp_sql_add(to, sp_sql_parse_window(p)))
                        return false;
        } while (sp_sql_take(p, ',') && !ends_list(p));
        return true;
}

static bool parse_clause(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!n)
                return false;
        sp_sql_advance(p);
        return sp_sql_add(n, sp_sql_parse_expr(p)) && sp_sql_add(to, sp_sql_end(p, n));
}

/* WITH DIFFERENTIAL_PRIVACY [OPTIONS (…)], and the like */
bool sp_sql_parse_select_with(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!kw(p, WITH) || sp_sql_is_at(p, 1, '('))
                return true;
        sp_sql_advance(p);
        if (!sp_sql_parse_name(p))
                return false;
        if (kw(p, OPTIONS) && sp_sql_is_at(p, 1, '('))
                return sp_sql_parse_options(p, n);
        return true;
}

static bool parse_select_head(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        sp_sql_advance(p);
        if (!sp_sql_parse_hint(p, n) || !sp_sql_parse_select_with(p, n))
                return false;
        if (take_kw(p, DISTINCT))
                n->flags |= SP_SQL_F_DISTINCT;
        else
                (void)take_kw(p, ALL);
        if (!take_kw(p, AS))
                return true;
        if (take_kw(p, STRUCT))
                return true;
        return sp_sql_parse_path(p) != NULL; /* VALUE, or a type */
}

static struct sp_sql_node *parse_select(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_SELECT);

        if (!n || !parse_select_head(p, n) || !sp_sql_parse_select_list(p, n))
                return NULL;
        if (take_kw(p, FROM) && !sp_sql_add(n, sp_sql_parse_from(p)))
                return NULL;
        if (kw(p, WHERE) && !sp_sql_add(n, sp_sql_parse_where(p)))
                return NULL;
        if (take_kw(p, GROUP) &&
            (!sp_sql_parse_hint(p, n) || !need_kw(p, BY) || !sp_sql_parse_group(p, n)))
                return NULL;
        if (kw(p, HAVING) && !parse_clause(p, n))
                return NULL;
        if (kw(p, QUALIFY) && !parse_clause(p, n))
                return NULL;
        if (take_kw(p, WINDOW) && !sp_sql_parse_windows(p, n))
                return NULL;
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_limit(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_LIMIT);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_hint(p, n))
                return NULL;
        if (!take_kw(p, ALL) && !sp_sql_add(n, sp_sql_parse_higher(p)))
                return NULL;
        if (take_kw(p, OFFSET) && !sp_sql_add(n, sp_sql_parse_higher(p)))
                return NULL;
        return sp_sql_end(p, n);
}

/* ---- queries ---- */

struct sp_sql_node *sp_sql_parse_query_paren(struct sp_sql_parser *p)
{
        struct sp_sql_node *q;

        if (!sp_sql_need(p, '('))
                return NULL;
        q = sp_sql_parse_query(p);
        return q && sp_sql_need(p, ')') ? q : NULL;
}

static struct sp_sql_node *parse_operand(struct sp_sql_parser *p)
{
        if (kw(p, SELECT))
                return parse_select(p);
        if (sp_sql_is(p, '('))
                return sp_sql_parse_query_paren(p);
        if (kw(p, FROM))
                return sp_sql_fail(p, sp_sql_here(p), "Unexpected FROM");
        return sp_sql_unexpected(p);
}

/* operand (UNION ALL operand)…: one node, all with the same operator */
static struct sp_sql_node *parse_set_operations(struct sp_sql_parser *p,
                                                struct sp_sql_node *left)
{
        struct sp_sql_node *n;
        unsigned first = 0, op;

        if (!left || !sp_sql_is_set_operation(p))
                return left;
        n = sp_sql_node_at(p, SP_SQL_N_SETOP, left->span.start);
        if (!n)
                return NULL;
        sp_sql_add(n, left);
        while (sp_sql_is_set_operation(p)) {
                uint32_t at = sp_sql_here(p);

                if (!sp_sql_parse_set_operator(p, n, &op))
                        return NULL;
                if (first && op != first)
                        return sp_sql_fail(
                                p, at,
                                "Different set operations cannot be used in the same "
                                "query without using parentheses for grouping");
                first = op;
                if (!sp_sql_add(n, parse_operand(p)))
                        return NULL;
        }
        return sp_sql_end(p, n);
}

/* What follows a query's body. */
static struct sp_sql_node *parse_query_tail(struct sp_sql_parser *p,
                                            struct sp_sql_node *n)
{
        if (kw(p, ORDER) && !sp_sql_add(n, sp_sql_parse_order(p)))
                return NULL;
        if (kw(p, LIMIT) && !sp_sql_add(n, sp_sql_parse_limit(p)))
                return NULL;
        if (kw(p, FOR) && kw_at(p, 1, UPDATE))
                return sp_sql_unsupported(p, sp_sql_here(p), "FOR UPDATE");
        while (sp_sql_is(p, SP_SQL_T_PIPE))
                if (!sp_sql_add(n, sp_sql_parse_pipe(p)))
                        return NULL;
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_query(struct sp_sql_parser *p,
                                       struct sp_sql_node *operand)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_QUERY);

        if (!n)
                return NULL;
        if (operand)
                n->span.start = operand->span.start;
        else if (kw(p, WITH) && !sp_sql_add(n, sp_sql_parse_with(p)))
                return NULL;
        if (!operand && take_kw(p, FROM)) {
                if (!sp_sql_add(n, sp_sql_parse_from(p)))
                        return NULL;
                if (!sp_sql_is(p, SP_SQL_T_PIPE) && !sp_sql_is(p, SP_SQL_T_END) &&
                    !sp_sql_is(p, ')') && !sp_sql_is(p, ';'))
                        return sp_sql_unexpected(p);
        } else if (!sp_sql_add(n, parse_set_operations(
                                          p, operand ? operand : parse_operand(p)))) {
                return NULL;
        }
        /* ( query ) AS alias, only before a pipe */
        if (kw(p, AS) && n->last->kind == SP_SQL_N_QUERY &&
            sp_sql_is_at(p, 2, SP_SQL_T_PIPE) && !sp_sql_parse_alias(p, n))
                return NULL;
        return parse_query_tail(p, n);
}

struct sp_sql_node *sp_sql_parse_query(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_enter(p) ? parse_query(p, NULL) : NULL;

        sp_sql_leave(p);
        return n;
}

struct sp_sql_node *sp_sql_parse_query_from(struct sp_sql_parser *p,
                                            struct sp_sql_node *operand)
{
        struct sp_sql_node *n = NULL;

        if (sp_sql_enter(p) && operand)
                n = parse_query(p, operand);
        sp_sql_leave(p);
        return n;
}
