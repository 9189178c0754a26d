/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* ---- joins ---- */

static bool is_join(const struct sp_sql_parser *p)
{
        size_t i = 0;

        if (kw(p, JOIN))
                return true;
        if (kw(p, CROSS) || kw(p, INNER) || kw(p, LEFT) || kw(p, RIGHT) || kw(p, FULL))
                i = 1;
        if (i && kw_at(p, i, OUTER))
                i++;
        if (kw_at(p, i, HASH) || kw_at(p, i, LOOKUP))
                i++;
        return kw_at(p, i, JOIN);
}

bool sp_sql_parse_join_kind(struct sp_sql_parser *p, unsigned *kind)
{
        *kind = sp_sql_token_at(p, 0)->keyword;
        if (take_kw(p, LEFT) || take_kw(p, RIGHT) || take_kw(p, FULL))
                (void)take_kw(p, OUTER);
        else if (!take_kw(p, CROSS))
                (void)take_kw(p, INNER);
        if (!take_kw(p, HASH))
                (void)take_kw(p, LOOKUP);
        return need_kw(p, JOIN);
}

bool sp_sql_parse_on(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_ON);

        if (!n)
                return false;
        if (take_kw(p, ON)) {
                if (!sp_sql_add(n, sp_sql_parse_expr(p)))
                        return false;
        } else {
                if (!need_kw(p, USING) || !sp_sql_add(n, sp_sql_parse_name_list(p)))
                        return false;
        }
        return sp_sql_add(to, sp_sql_end(p, n));
}

static struct sp_sql_node *parse_join_operand(struct sp_sql_parser *p)
{
        struct sp_sql_node *t;
        bool is_lateral = take_kw(p, LATERAL);

        t = sp_sql_parse_table(p);
        if (t && is_lateral) {
                if (t->kind != SP_SQL_N_TABLE_QUERY && t->kind != SP_SQL_N_TABLE_CALL)
                        return sp_sql_fail(
                                p, t->span.start,
                                "LATERAL is only supported with subqueries and table "
                                "function calls");
                t->flags |= SP_SQL_F_LATERAL;
        }
        return t;
}

/* JOINs, commas and ON/USING behind the first table expression. Several conditions in a
 * row belong to the joins before them that have none yet: a JOIN b JOIN c ON … ON …  */
static bool parse_joins(struct sp_sql_parser *p, struct sp_sql_node *from,
                        bool has_comma)
{
        unsigned open = 0, joins = 0, conditions = 0, kind;
        bool had_comma = false;

        for (;;) {
                struct sp_sql_node *join = sp_sql_node_new(p, SP_SQL_N_JOIN);
                uint32_t at = sp_sql_here(p);

                if (!join)
                        return false;
                if ((kw(p, ON) || kw(p, USING)) && joins) {
                        if (!open) {
                                sp_sql_fail(p, at,
                                            "The number of join conditions is %u but "
                                            "the number "
                                            "of joins that require a join condition is "
                                            "only %u. "
                                            "Unexpected keyword %s",
                                            conditions + 1, joins,
                                            kw(p, ON) ? "ON" : "USING");
                                return false;
                        }
                        open--;
                        conditions++;
                        if (!sp_sql_parse_on(p, from))
                                return false;
                        continue;
                }
                if (has_comma && sp_sql_take(p, ',')) {
                        had_comma = true;
                        joins = conditions = open = 0;
                } else if (is_join(p)) {
                        if (!sp_sql_parse_join_kind(p, &kind) ||
                            !sp_sql_parse_hint(p, join))
                                return false;
                        if (had_comma && (kind == SP_KW_RIGHT || kind == SP_KW_FULL)) {
                                sp_sql_fail(p, at,
                                            "%s JOIN must be parenthesized when "
                                            "following a comma "
                                            "join",
                                            kind == SP_KW_RIGHT ? "RIGHT" : "FULL");
                                return false;
                        }
                        if (kind != SP_KW_CROSS) {
                                joins++;
                                open++;
                        }
                } else {
                        return true;
                }
                if (!sp_sql_add(join, parse_join_operand(p)))
                        return false;
                sp_sql_add(from, sp_sql_end(p, join));
        }
}

struct sp_sql_node *sp_sql_parse_from(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_FROM);

        if (!n || !sp_sql_add(n, parse_join_operand(p)) || !parse_joins(p, n, true))
                return NULL;
        return sp_sql_end(p, n);
}

/* ---- one table expression ---- */

static bool is_suffix(const struct sp_sql_parser *p)
{
        return sp_sql_is_pivot(p) ||
               (kw(p, MATCH_RECOGNIZE) && sp_sql_is_at(p, 1, '('));
}

static bool parse_offset(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!kw(p, WITH) || !kw_at(p, 1, OFFSET))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_OFFSET);
        if (!n)
                return false;
        sp_sql_advance(p);
        sp_sql_advance(p);
        if (!is_suffix(p) && !sp_sql_parse_alias(p, n))
                return false;
        return sp_sql_add(to, sp_sql_end(p, n));
}

static bool parse_system_time(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!kw(p, FOR) || !(kw_at(p, 1, SYSTEM_TIME) || kw_at(p, 1, SYSTEM)))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_SYSTEM_TIME);
        if (!n)
                return false;
        sp_sql_advance(p);
        if (take_kw(p, SYSTEM)) {
                if (!need_kw(p, TIME))
                        return false;
        } else {
                sp_sql_advance(p);
        }
        return need_kw(p, AS) && need_kw(p, OF) &&
               sp_sql_add(n, sp_sql_parse_expr(p)) && sp_sql_add(to, sp_sql_end(p, n));
}

/* PIVOT, UNPIVOT, MATCH_RECOGNIZE, TABLESAMPLE, in any number. */
static bool parse_suffixes(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        for (;;) {
                struct sp_sql_node *n;

                if (sp_sql_is_pivot(p))
                        n = sp_sql_parse_pivot(p);
                else if (kw(p, MATCH_RECOGNIZE) && sp_sql_is_at(p, 1, '('))
                        n = sp_sql_parse_match_recognize(p);
                else if (kw(p, TABLESAMPLE))
                        n = sp_sql_parse_sample(p);
                else
                        return true;
                if (!sp_sql_add(to, n))
                        return false;
                if (n->kind == SP_SQL_N_PIVOT && !is_suffix(p) &&
                    !sp_sql_parse_alias(p, n))
                        return false;
        }
}

/* Everything behind a table expression's core. */
static struct sp_sql_node *parse_table_tail(struct sp_sql_parser *p,
                                            struct sp_sql_node *n)
{
        if (!sp_sql_parse_hint(p, n))
                return NULL;
        if (n->kind != SP_SQL_N_TABLE_JOIN && !is_suffix(p) &&
            !sp_sql_parse_alias(p, n))
                return NULL;
        if (n->kind == SP_SQL_N_TABLE && kw(p, WITH) && !parse_offset(p, n))
                return NULL;
        if (n->kind == SP_SQL_N_TABLE_UNNEST && !parse_offset(p, n))
                return NULL;
        if (n->kind == SP_SQL_N_TABLE && !parse_system_time(p, n))
                return NULL;
        if (!parse_suffixes(p, n))
                return NULL;
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_table_path_or_call(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TABLE), *path;

        if (!n)
                return NULL;
        if (kw(p, IF) && sp_sql_is_at(p, 1, '(')) {
                path = sp_sql_parse_primary(p);
                n->kind = SP_SQL_N_TABLE_CALL;
                return sp_sql_add(n, path) ? parse_table_tail(p, n) : NULL;
        }
        path = sp_sql_parse_table_path(p);
        if (!path)
                return NULL;
        if (sp_sql_is(p, '[') || (sp_sql_is(p, '.') && sp_sql_is_at(p, 1, '(')))
                return sp_sql_fail(
                        p, sp_sql_here(p),
                        "%s is not allowed in the FROM clause without UNNEST; Use "
                        "UNNEST(<expression>)",
                        sp_sql_is(p, '[') ? "Array element access"
                                          : "Generalized field access");
        if (sp_sql_is(p, '(')) {
                n->kind = SP_SQL_N_TABLE_CALL;
                path = sp_sql_parse_call(p, path);
        }
        return sp_sql_add(n, path) ? parse_table_tail(p, n) : NULL;
}

/* `(` before anything but a query: a join in parentheses. `first` is its first operand,
 * when that is already parsed. */
static struct sp_sql_node *parse_join_paren(struct sp_sql_parser *p,
                                            struct sp_sql_node *n,
                                            struct sp_sql_node *first)
{
        struct sp_sql_node *from;

        n->kind = SP_SQL_N_TABLE_JOIN;
        from = sp_sql_node_new(p, SP_SQL_N_FROM);
        if (!from)
                return NULL;
        if (!first)
                first = sp_sql_parse_table(p);
        if (!first)
                return NULL;
        from->span.start = first->span.start;
        sp_sql_add(from, first);
        if (!is_join(p))
                return sp_sql_expected(p, "keyword JOIN");
        if (!parse_joins(p, from, false) || !sp_sql_need(p, ')'))
                return NULL;
        sp_sql_add(n, sp_sql_end(p, from));
        return n;
}

/* A query in parentheses stands alone: it had no alias nor any other suffix. */
static bool is_bare_query(const struct sp_sql_node *t)
{
        return t->kind == SP_SQL_N_TABLE_QUERY && t->first == t->last;
}

static struct sp_sql_node *parse_table_paren(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TABLE_QUERY), *inner;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (kw(p, SELECT) || kw(p, WITH) || kw(p, FROM)) {
                if (!sp_sql_add(n, sp_sql_parse_query(p)) || !sp_sql_need(p, ')'))
                        return NULL;
                return parse_table_tail(p, n);
        }
        if (!sp_sql_is(p, '('))
                return parse_join_paren(p, n, NULL) ? parse_table_tail(p, n) : NULL;
        inner = sp_sql_parse_table(p);
        if (!inner)
                return NULL;
        if (is_bare_query(inner) && (sp_sql_is(p, ')') || sp_sql_continues_query(p))) {
                if (!sp_sql_add(n, sp_sql_parse_query_from(p, inner->first)) ||
                    !sp_sql_need(p, ')'))
                        return NULL;
                return parse_table_tail(p, n);
        }
        return parse_join_paren(p, n, inner) ? parse_table_tail(p, n) : NULL;
}

static struct sp_sql_node *parse_table(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;

        if (sp_sql_is(p, '('))
                return parse_table_paren(p);
        if (!kw(p, UNNEST))
                return parse_table_path_or_call(p);
        n = sp_sql_node_new(p, SP_SQL_N_TABLE_UNNEST);
        return n && sp_sql_add(n, sp_sql_parse_unnest(p)) ? parse_table_tail(p, n)
                                                          : NULL;
}

struct sp_sql_node *sp_sql_parse_table(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_enter(p) ? parse_table(p) : NULL;

        sp_sql_leave(p);
        return n;
}
