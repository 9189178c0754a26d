/* SPDX-License-Identifier: Apache-2.0 */
/* Pipe operators. What each leaves in the tree is listed in ast.h. */
#include "daemon/sql/parser.h"

#include <stdio.h>

static bool ends_operator(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, SP_SQL_T_PIPE) || sp_sql_is(p, ')') || sp_sql_is(p, ';') ||
               sp_sql_is(p, SP_SQL_T_END) || kw(p, GROUP) || kw(p, WINDOW);
}

/* A comma that is not the trailing one. */
static bool take_comma(struct sp_sql_parser *p)
{
        return sp_sql_take(p, ',') && !ends_operator(p);
}

/* ---- items ---- */

static bool is_grouping_set(const struct sp_sql_parser *p)
{
        return kw(p, ROLLUP) || kw(p, CUBE) || (kw(p, GROUPING) && kw_at(p, 1, SETS)) ||
               (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')'));
}

/* [ASC|DESC] [NULLS FIRST|LAST]; NULLS alone only where things are grouped */
static bool parse_item_order(struct sp_sql_parser *p, bool is_group)
{
        if (!take_kw(p, ASC) && !take_kw(p, DESC) && !is_group)
                return true;
        return !take_kw(p, NULLS) || take_kw(p, FIRST) || need_kw(p, LAST);
}

/* AGGREGATE items and GROUP BY items: expression [[AS] alias] [ASC|DESC [NULLS …]] */
static bool parse_ordered_item(struct sp_sql_parser *p, struct sp_sql_node *to,
                               bool is_group)
{
        struct sp_sql_node *item;

        if (is_group && is_grouping_set(p))
                return sp_sql_parse_group_item(p, to);
        item = sp_sql_node_new(p, SP_SQL_N_ITEM);
        if (!item)
                return false;
        if (sp_sql_is(p, '*')) {
                sp_sql_unexpected(p);
                return false;
        }
        if (!sp_sql_add(item, sp_sql_parse_item(p)))
                return false;
        if (item->first->kind == SP_SQL_N_DOT_STAR) /* several columns: no order */
                return sp_sql_add(to, sp_sql_end(p, item));
        if (kw(p, ASC) || kw(p, DESC))
                item->op = sp_sql_token_at(p, 0)->keyword; /* orders by it */
        if (!parse_item_order(p, is_group))
                return false;
        return sp_sql_add(to, sp_sql_end(p, item));
}

/* GROUP [hint] [AND ORDER] BY item, …, the cursor behind GROUP */
static bool parse_grouping(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *g = sp_sql_node_new(p, SP_SQL_N_GROUP);

        if (!g || !sp_sql_parse_hint(p, g) || (take_kw(p, AND) && !need_kw(p, ORDER)) ||
            !need_kw(p, BY))
                return false;
        do
                if (!parse_ordered_item(p, g, true))
                        return false;
        while (take_comma(p));
        return sp_sql_add(n, sp_sql_end(p, g));
}

static bool parse_aggregate(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_parse_select_with(p, n))
                return false;
        while (!ends_operator(p)) {
                if (!parse_ordered_item(p, n, false))
                        return false;
                if (!sp_sql_take(p, ','))
                        break;
        }
        return !take_kw(p, GROUP) || parse_grouping(p, n);
}

/* A name that may not be a path; `what` can be done by name alone. */
static struct sp_sql_node *parse_column(struct sp_sql_parser *p, const char *what)
{
        if (sp_sql_is_name(p) && sp_sql_is_at(p, 1, '.'))
                return sp_sql_fail(p, sp_sql_here(p), "%s", what);
        return sp_sql_parse_name(p);
}

/* name = expression, … */
static bool parse_set(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                if (!item ||
                    !sp_sql_add(item,
                                parse_column(p, "Pipe SET can only update columns by "
                                                "column name alone; Setting columns "
                                                "under table aliases or fields under "
                                                "paths is not supported")) ||
                    !sp_sql_need(p, '=') || !sp_sql_add(item, sp_sql_parse_expr(p)))
                        return false;
                sp_sql_add(n, sp_sql_end(p, item));
        } while (take_comma(p));
        return true;
}

static bool parse_drop(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do
                if (!sp_sql_add(n,
                                parse_column(p, "Pipe DROP can only drop columns by "
                                                "name alone; Dropping columns under "
                                                "table aliases or fields under paths "
                                                "is not supported")))
                        return false;
        while (take_comma(p));
        return true;
}

static bool parse_rename(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                if (!item ||
                    !sp_sql_add(item,
                                parse_column(p, "Pipe RENAME can only rename columns "
                                                "by name alone; Renaming columns under "
                                                "table aliases or fields under paths "
                                                "is not supported")))
                        return false;
                (void)take_kw(p, AS);
                if (!sp_sql_add(item, sp_sql_parse_name(p)))
                        return false;
                sp_sql_add(n, sp_sql_end(p, item));
        } while (take_comma(p));
        return true;
}

/* ---- rows from elsewhere ---- */

static bool parse_join(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *join = sp_sql_node_new(p, SP_SQL_N_JOIN);
        unsigned kind;

        if (!join || !sp_sql_parse_join_kind(p, join, &kind) ||
            !sp_sql_parse_hint(p, join) ||
            !sp_sql_add(join, sp_sql_parse_join_operand(p)))
                return false;
        join->op = (uint16_t)kind;
        sp_sql_add(n, sp_sql_end(p, join));
        return (!kw(p, ON) && !kw(p, USING)) || sp_sql_parse_on(p, n);
}

static bool parse_call(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *t = sp_sql_node_new(p, SP_SQL_N_TABLE_CALL), *path;

        if (!t)
                return false;
        path = kw(p, IF) ? sp_sql_parse_reserved_path(p) : sp_sql_parse_whole_path(p);
        if (path && !sp_sql_is(p, '(')) {
                sp_sql_expected(p, "\"(\" or \".\"");
                return false;
        }
        return sp_sql_add(t, sp_sql_parse_table_call(p, path)) &&
               sp_sql_parse_alias(p, t) && sp_sql_add(n, sp_sql_end(p, t));
}

/* UNION ALL (query), TABLE t, … */
static bool parse_set_operation(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        unsigned op;

        if (!sp_sql_parse_set_operator(p, n, &op))
                return false;
        n->op = (uint16_t)(op / 2);
        if (op & 1)
                n->flags |= SP_SQL_F_DISTINCT;
        do
                if (!sp_sql_add(n, kw(p, TABLE) ? sp_sql_parse_table_clause(p)
                                                : sp_sql_parse_query_paren(p)))
                        return false;
        while (take_comma(p));
        return true;
}

/* ---- columns ---- */

static bool parse_select(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        return sp_sql_parse_select_head(p, n) && sp_sql_parse_select_list(p, n) &&
               (!take_kw(p, WINDOW) || sp_sql_parse_windows(p, n, true));
}

/* items, but no bare star */
static bool parse_items(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do {
                if (sp_sql_is(p, '*')) {
                        sp_sql_unexpected(p);
                        return false;
                }
                if (!sp_sql_add(n, sp_sql_parse_item(p)))
                        return false;
        } while (take_comma(p));
        return true;
}

static bool parse_extend(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        return parse_items(p, n) &&
               (!take_kw(p, WINDOW) || sp_sql_parse_windows(p, n, true));
}

/* Operators that are one clause of an ordinary query. */
static struct sp_sql_node *parse_clause(struct sp_sql_parser *p, unsigned k)
{
        switch (k) {
        case SP_KW_WHERE:
                return sp_sql_parse_where(p);
        case SP_KW_ORDER:
                return sp_sql_parse_pipe_order(p);
        case SP_KW_LIMIT:
                return sp_sql_parse_limit(p);
        case SP_KW_TABLESAMPLE:
                return sp_sql_parse_sample(p);
        case SP_KW_PIVOT:
        case SP_KW_UNPIVOT:
                return sp_sql_parse_pivot(p);
        case SP_KW_MATCH_RECOGNIZE:
                return sp_sql_parse_match_recognize(p);
        case SP_KW_ALIGN:
                return sp_sql_parse_align(p);
        case SP_KW_WITH:
                return sp_sql_parse_with(p, true);
        default:
                return NULL;
        }
}

static bool parse_operator(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        unsigned k = sp_sql_token_at(p, 0)->keyword;

        if (sp_sql_is_set_operation(p))
                return parse_set_operation(p, n);
        n->op = (uint16_t)k;
        switch (k) {
        case SP_KW_WHERE:
        case SP_KW_ORDER:
        case SP_KW_LIMIT:
        case SP_KW_TABLESAMPLE:
        case SP_KW_WITH:
                return sp_sql_add(n, parse_clause(p, k));
        case SP_KW_PIVOT:
        case SP_KW_UNPIVOT:
        case SP_KW_MATCH_RECOGNIZE:
        case SP_KW_ALIGN:
                return sp_sql_add(n, parse_clause(p, k)) && sp_sql_parse_alias(p, n);
        case SP_KW_AS:
                return sp_sql_parse_alias(p, n);
        case SP_KW_NATURAL:
        case SP_KW_JOIN:
        case SP_KW_CROSS:
        case SP_KW_INNER:
        case SP_KW_LEFT:
        case SP_KW_RIGHT:
        case SP_KW_FULL:
        case SP_KW_HASH:
        case SP_KW_LOOKUP:
                n->op = SP_KW_JOIN;
                return parse_join(p, n);
        case SP_KW_GROUP:
                sp_sql_fail(p, sp_sql_here(p),
                            "GROUP BY should be part of a pipe AGGREGATE operator, "
                            "without a leading pipe symbol");
                return false;
        default:
                break;
        }
        if (k == SP_KW_SELECT || k == SP_KW_EXTEND || k == SP_KW_AGGREGATE ||
            k == SP_KW_SET || k == SP_KW_DROP || k == SP_KW_RENAME || k == SP_KW_CALL ||
            k == SP_KW_DISTINCT || k == SP_KW_WINDOW)
                sp_sql_advance(p);
        if (k == SP_KW_SELECT)
                return parse_select(p, n);
        if (k == SP_KW_EXTEND)
                return parse_extend(p, n);
        if (k == SP_KW_WINDOW)
                return parse_items(p, n);
        if (k == SP_KW_AGGREGATE)
                return parse_aggregate(p, n);
        if (k == SP_KW_SET)
                return parse_set(p, n);
        if (k == SP_KW_DROP)
                return parse_drop(p, n);
        if (k == SP_KW_RENAME)
                return parse_rename(p, n);
        if (k == SP_KW_CALL)
                return parse_call(p, n);
        return k == SP_KW_DISTINCT || sp_sql_parse_pipe_more(p, n);
}

struct sp_sql_node *sp_sql_parse_pipe(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PIPE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        return parse_operator(p, n) ? sp_sql_end(p, n) : NULL;
}
