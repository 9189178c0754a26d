/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

bool sp_sql_starts_query(const struct sp_sql_parser *p)
{
        return kw(p, SELECT) || kw(p, WITH) || kw(p, FROM) || sp_sql_is(p, '(') ||
               sp_sql_is_table_clause(p, 0);
}

bool sp_sql_is_set_operation(const struct sp_sql_parser *p)
{
        size_t i = 0;

        if (kw(p, FULL) || kw(p, LEFT) || kw(p, INNER) || kw(p, OUTER))
                i++;
        if ((kw(p, FULL) || kw(p, LEFT)) && kw_at(p, i, OUTER))
                i++;
        return kw_at(p, i, UNION) || kw_at(p, i, INTERSECT) || kw_at(p, i, EXCEPT);
}

bool sp_sql_continues_query(const struct sp_sql_parser *p)
{
        return sp_sql_is_set_operation(p) || kw(p, ORDER) || kw(p, LIMIT) ||
               sp_sql_is(p, SP_SQL_T_PIPE) || sp_sql_is_lock(p) ||
               (kw(p, AS) && sp_sql_token_is_name(sp_sql_token_at(p, 1)));
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
        if (kw(p, CORRESPONDING) || kw(p, BY))
                to->flags |= SP_SQL_F_BY_NAME;
        if (kw(p, CORRESPONDING) && !is_strict && !is_outer)
                to->flags |= SP_SQL_F_INNER;
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
        uint32_t at;
        bool is_outer = kw(p, FULL) || kw(p, LEFT) || kw(p, INNER) || kw(p, OUTER);

        if (take_kw(p, LEFT)) {
                to->flags |= SP_SQL_F_LEFT;
                (void)take_kw(p, OUTER);
        } else if (take_kw(p, INNER)) {
                to->flags |= SP_SQL_F_INNER;
        } else if (is_outer) {
                to->flags |= SP_SQL_F_FULL;
                (void)take_kw(p, FULL);
                (void)take_kw(p, OUTER);
        }
        *op = sp_sql_token_at(p, 0)->keyword * 2u;
        at = sp_sql_here(p);
        if (!take_kw(p, UNION) && !take_kw(p, INTERSECT) && !take_kw(p, EXCEPT)) {
                sp_sql_unexpected(p);
                return false;
        }
        if (!sp_sql_parse_hint(p, to))
                return false;
        if (take_kw(p, DISTINCT)) {
                (*op)++;
        } else if (!kw(p, ALL) && *op == SP_KW_EXCEPT * 2u) {
                sp_sql_fail(p, at,
                            "EXCEPT must be followed by ALL, DISTINCT, or \"(\"");
                return false;
        } else if (!take_kw(p, ALL)) {
                sp_sql_expected(p, "keyword ALL or keyword DISTINCT");
                return false;
        }
        return parse_column_match(p, to, is_outer);
}

/* UNBOUNDED, a number or a parameter */
static bool parse_depth_bound(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, UNBOUNDED))
                return true;
        if (!sp_sql_is(p, SP_SQL_T_INT) && !sp_sql_is(p, '@') && !sp_sql_is(p, '?') &&
            !sp_sql_is(p, SP_SQL_T_SYSTEM)) {
                sp_sql_unexpected(p);
                return false;
        }
        return sp_sql_add(n, sp_sql_parse_primary(p));
}

bool sp_sql_parse_depth(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!take_kw(p, WITH))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);
        if (!n || !need_kw(p, DEPTH))
                return false;
        if (kw(p, AS) && !sp_sql_parse_alias(p, n))
                return false;
        if (take_kw(p, MAX)) {
                if (!parse_depth_bound(p, n))
                        return false;
        } else if (take_kw(p, BETWEEN)) {
                if (!parse_depth_bound(p, n) || !need_kw(p, AND) ||
                    !parse_depth_bound(p, n))
                        return false;
        }
        return sp_sql_add(to, sp_sql_end(p, n));
}

/* g() AS GROUP ROWS: the rows of the group, as a table function */
static struct sp_sql_node *parse_group_rows(struct sp_sql_parser *p,
                                            struct sp_sql_node *n)
{
        return sp_sql_need(p, '(') && sp_sql_need(p, ')') && need_kw(p, AS) &&
                               need_kw(p, GROUP) && need_kw(p, ROWS) &&
                               sp_sql_parse_opaque(p, n, "group-rows")
                       ? sp_sql_end(p, n)
                       : NULL;
}

static struct sp_sql_node *parse_cte(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CTE), *name;
        /* unlike other words these are no names of functions: WITH TIMESTAMP (…) */
        bool is_time = kw(p, TIMESTAMP) || kw(p, VERSION);

        if (!n)
                return NULL;
        name = sp_sql_parse_name(p);
        if (!name)
                return NULL;
        n->text = name->text;
        if (sp_sql_is(p, '(') && !is_time)
                return parse_group_rows(p, n);
        if (!need_kw(p, AS))
                return NULL;
        /* such a name would be both one part here and a path where it is used */
        if (memchr(name->text.p, '.', name->text.n))
                return sp_sql_unsupported(p, name->span.start, "WITH name with a dot");
        if (!sp_sql_add(n, sp_sql_parse_query_paren(p)) || !sp_sql_parse_depth(p, n))
                return NULL;
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_with(struct sp_sql_parser *p, bool is_pipe)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_WITH);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (take_kw(p, RECURSIVE))
                n->flags |= SP_SQL_F_RECURSIVE;
        do {
                if (n->first && is_pipe &&
                    (sp_sql_is(p, SP_SQL_T_PIPE) || sp_sql_is(p, SP_SQL_T_END) ||
                     sp_sql_is(p, ')') || sp_sql_is(p, ';')))
                        break; /* |> WITH … , */
                if (n->first && (kw(p, SELECT) || kw(p, FROM)))
                        return sp_sql_fail(
                                p, sp_sql_here(p),
                                "Trailing comma after the WITH clause before the main "
                                "query is not allowed");
                if (!sp_sql_add(n, parse_cte(p)))
                        return NULL;
        } while (sp_sql_take(p, ','));
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

bool sp_sql_is_table_clause(const struct sp_sql_parser *p, size_t ahead)
{
        return kw_at(p, ahead, TABLE) &&
               sp_sql_token_is_name(sp_sql_token_at(p, ahead + 1));
}

/* TABLE t [WHERE e], which is SELECT * FROM t [WHERE e] and stands so in the tree */
struct sp_sql_node *sp_sql_parse_table_clause(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_QUERY),
                           *select = sp_sql_node_new(p, SP_SQL_N_SELECT),
                           *star = sp_sql_node_new(p, SP_SQL_N_STAR),
                           *from = sp_sql_node_new(p, SP_SQL_N_FROM);

        if (!n || !select || !star || !from ||
            !sp_sql_parse_opaque(p, select, "table-clause"))
                return NULL;
        sp_sql_advance(p);
        from->span.start = sp_sql_here(p);
        if (!sp_sql_add(from, sp_sql_parse_table(p)))
                return NULL;
        sp_sql_add(select, star);
        sp_sql_add(select, sp_sql_end(p, from));
        if (kw(p, WHERE) && !sp_sql_add(select, sp_sql_parse_where(p)))
                return NULL;
        sp_sql_add(n, sp_sql_end(p, select));
        return sp_sql_end(p, n);
}

/* ( query ) [AS alias]: a query of its own when it has one */
static struct sp_sql_node *parse_operand_alias(struct sp_sql_parser *p,
                                               struct sp_sql_node *query)
{
        struct sp_sql_node *n;

        if (!query || !kw(p, AS))
                return query;
        n = sp_sql_node_at(p, SP_SQL_N_QUERY, query->span.start);
        if (!sp_sql_add(n, query) || !sp_sql_parse_alias(p, n))
                return NULL;
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_operand(struct sp_sql_parser *p, bool is_first)
{
        if (kw(p, SELECT))
                return sp_sql_parse_select(p);
        if (sp_sql_is(p, '('))
                return is_first ? sp_sql_parse_query_paren(p)
                                : parse_operand_alias(p, sp_sql_parse_query_paren(p));
        if (sp_sql_is_table_clause(p, 0))
                return sp_sql_parse_table_clause(p);
        if (kw(p, FROM))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "Unexpected FROM; FROM queries following a set "
                                   "operation must be parenthesized");
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
        if (!sp_sql_add(n, parse_operand_alias(p, left)))
                return NULL;
        while (sp_sql_is_set_operation(p)) {
                uint32_t at = sp_sql_here(p);

                if (!sp_sql_parse_set_operator(p, n, &op))
                        return NULL;
                if (first && op != first)
                        return sp_sql_fail(
                                p, at,
                                "Different set operations cannot be used in the same "
                                "query without using parentheses for grouping");
                n->op = (uint16_t)op;
                first = op;
                if (!sp_sql_add(n, parse_operand(p, false)))
                        return NULL;
        }
        return sp_sql_end(p, n);
}

bool sp_sql_is_lock(const struct sp_sql_parser *p)
{
        return kw(p, FOR) && kw_at(p, 1, UPDATE);
}

static bool parse_lock(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_is_lock(p))
                return true;
        sp_sql_advance(p);
        sp_sql_advance(p);
        p->n_locks++;
        return sp_sql_parse_opaque(p, n, "for-update");
}

/* What follows a query's body. */
static struct sp_sql_node *parse_query_tail(struct sp_sql_parser *p,
                                            struct sp_sql_node *n)
{
        if (kw(p, ORDER) && !sp_sql_add(n, sp_sql_parse_order(p)))
                return NULL;
        if (kw(p, LIMIT) && !sp_sql_add(n, sp_sql_parse_limit(p)))
                return NULL;
        if (!parse_lock(p, n))
                return NULL;
        while (sp_sql_is(p, SP_SQL_T_PIPE))
                if (!sp_sql_add(n, sp_sql_parse_pipe(p)))
                        return NULL;
        return sp_sql_end(p, n);
}

/* FROM …, then only pipe operators */
static struct sp_sql_node *parse_from_query(struct sp_sql_parser *p,
                                            struct sp_sql_node *n)
{
        static const struct {
                uint16_t keyword;
                const char *name, *pipe, *more;
        } bad[] = {
                { SP_KW_WHERE, "WHERE", "WHERE", "" },
                { SP_KW_SELECT, "SELECT", "SELECT", "" },
                { SP_KW_GROUP, "GROUP BY", "AGGREGATE", "" },
                { SP_KW_ORDER, "ORDER BY", "ORDER BY",
                  " or parentheses around the FROM query" },
                { SP_KW_UNION, "UNION", "UNION",
                  " or parentheses around the FROM query" },
                { SP_KW_INTERSECT, "INTERSECT", "INTERSECT",
                  " or parentheses around the FROM query" },
                { SP_KW_EXCEPT, "EXCEPT", "EXCEPT",
                  " or parentheses around the FROM query" },
                { SP_KW_LIMIT, "LIMIT", "LIMIT",
                  " or parentheses around the FROM query" },
        };

        sp_sql_advance(p);
        if (!sp_sql_add(n, sp_sql_parse_from(p)))
                return NULL;
        for (size_t i = 0; i < SP_ARRAY_SIZE(bad); i++)
                if (sp_sql_token_at(p, 0)->keyword == bad[i].keyword)
                        return sp_sql_fail(p, sp_sql_here(p),
                                           "%s not supported after FROM query; "
                                           "Consider using pipe operator `|> %s`%s",
                                           bad[i].name, bad[i].pipe, bad[i].more);
        return parse_query_tail(p, n);
}

/* ( query ) AS alias UNION …: the alias is that of the first operand */
static bool is_set_operation_behind_alias(const struct sp_sql_parser *p)
{
        struct sp_sql_parser ahead = *p;

        ahead.at = SP_MIN(ahead.at + 2, ahead.n_tokens - 1);
        return sp_sql_is_set_operation(&ahead);
}

static struct sp_sql_node *parse_query(struct sp_sql_parser *p,
                                       struct sp_sql_node *operand)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_QUERY);
        bool is_paren;

        if (!n)
                return NULL;
        if (operand) {
                n->span.start = operand->span.start;
                if (operand->kind == SP_SQL_N_SUBQUERY)
                        operand = operand->first;
        } else if (kw(p, WITH)) {
                if (!sp_sql_add(n, sp_sql_parse_with(p, false)))
                        return NULL;
                if (sp_sql_is(p, SP_SQL_T_PIPE))
                        return sp_sql_fail(p, sp_sql_here(p),
                                           "A pipe operator cannot follow the WITH "
                                           "clause before the main query; The main "
                                           "query usually starts with SELECT or FROM "
                                           "here");
        }
        if (!operand && kw(p, FROM))
                return parse_from_query(p, n);
        if (!operand)
                operand = parse_operand(p, true);
        is_paren = operand && operand->kind == SP_SQL_N_QUERY;
        if (is_paren && kw(p, AS) && !is_set_operation_behind_alias(p)) {
                sp_sql_add(n, operand);
                if (!sp_sql_parse_alias(p, n))
                        return NULL;
        } else if (!sp_sql_add(n, parse_set_operations(p, operand))) {
                return NULL;
        }
        return parse_query_tail(p, n);
}

struct sp_sql_node *sp_sql_parse_query(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_enter(p) ? parse_query(p, NULL) : NULL;

        sp_sql_leave(p);
        return n;
}

struct sp_sql_node *sp_sql_parse_query_aliased(struct sp_sql_parser *p,
                                               struct sp_sql_node *operand)
{
        struct sp_sql_node *alias = operand->next, *n;

        if (!alias)
                return sp_sql_parse_query_from(p, operand);
        n = sp_sql_node_at(p, SP_SQL_N_QUERY, operand->span.start);
        if (!n)
                return NULL;
        operand->next = NULL;
        sp_sql_add(n, operand);
        sp_sql_add(n, alias);
        return sp_sql_is_set_operation(p) ? sp_sql_parse_query_from(p, sp_sql_end(p, n))
                                          : parse_query_tail(p, n);
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
