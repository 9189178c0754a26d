/* SPDX-License-Identifier: Apache-2.0 */
/* Pipe operators: the documented ones; every other is refused by its name. */
#include "daemon/sql/parser.h"

#include <stdio.h>

static bool ends_operator(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, SP_SQL_T_PIPE) || sp_sql_is(p, ')') || sp_sql_is(p, ';') ||
               sp_sql_is(p, SP_SQL_T_END) || kw(p, GROUP);
}

/* AGGREGATE items and GROUP BY items: expression [[AS] alias] [ASC|DESC [NULLS …]] */
static bool parse_ordered_item(struct sp_sql_parser *p, struct sp_sql_node *to,
                               bool is_group)
{
        struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM), *e;

        if (!item)
                return false;
        if (is_group &&
            (kw(p, ROLLUP) || kw(p, CUBE) || (kw(p, GROUPING) && kw_at(p, 1, SETS)) ||
             (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')'))))
                return sp_sql_parse_group_item(p, to);
        if (is_group && sp_sql_is(p, '*')) {
                sp_sql_unexpected(p);
                return false;
        }
        e = sp_sql_parse_item(p);
        if (!e)
                return false;
        sp_sql_add(item, e);
        if ((take_kw(p, ASC) || take_kw(p, DESC)) && take_kw(p, NULLS) &&
            !take_kw(p, FIRST) && !need_kw(p, LAST))
                return false;
        return sp_sql_add(to, sp_sql_end(p, item));
}

static bool parse_aggregate(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        while (!ends_operator(p)) {
                if (!parse_ordered_item(p, n, false))
                        return false;
                if (!sp_sql_take(p, ','))
                        break;
        }
        if (!take_kw(p, GROUP))
                return true;
        if (!sp_sql_parse_hint(p, n))
                return false;
        if (take_kw(p, AND) && !need_kw(p, ORDER))
                return false;
        if (!need_kw(p, BY))
                return false;
        if (take_kw(p, ALL))
                return true;
        do
                if (!parse_ordered_item(p, n, true))
                        return false;
        while (sp_sql_take(p, ',') && !ends_operator(p));
        return true;
}

/* name = expression, … */
static bool parse_set(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do
                if (!sp_sql_parse_path(p) || !sp_sql_need(p, '=') ||
                    !sp_sql_add(n, sp_sql_parse_expr(p)))
                        return false;
        while (sp_sql_take(p, ',') && !ends_operator(p));
        return true;
}

static bool parse_drop(struct sp_sql_parser *p)
{
        do
                if (!sp_sql_parse_path(p))
                        return false;
        while (sp_sql_take(p, ',') && !ends_operator(p));
        return true;
}

static bool parse_rename(struct sp_sql_parser *p)
{
        do {
                if (!sp_sql_parse_path(p))
                        return false;
                (void)take_kw(p, AS);
                if (!sp_sql_parse_name(p))
                        return false;
        } while (sp_sql_take(p, ',') && !ends_operator(p));
        return true;
}

static bool parse_join(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *join = sp_sql_node_new(p, SP_SQL_N_JOIN), *t;
        bool is_lateral;
        unsigned kind;

        if (!join || !sp_sql_parse_join_kind(p, &kind) || !sp_sql_parse_hint(p, join))
                return false;
        is_lateral = take_kw(p, LATERAL);
        t = sp_sql_parse_table(p);
        if (!sp_sql_add(join, t))
                return false;
        if (is_lateral)
                t->flags |= SP_SQL_F_LATERAL;
        sp_sql_add(n, sp_sql_end(p, join));
        return (!kw(p, ON) && !kw(p, USING)) || sp_sql_parse_on(p, n);
}

static bool parse_call(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *t = sp_sql_parse_table(p);

        if (!t)
                return false;
        if (t->kind != SP_SQL_N_TABLE_CALL) {
                sp_sql_expected(p, "\"(\"");
                return false;
        }
        return sp_sql_add(n, t);
}

/* UNION ALL (query), (query), … */
static bool parse_set_operation(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        unsigned op;

        if (!sp_sql_parse_set_operator(p, n, &op))
                return false;
        do
                if (!sp_sql_add(n, sp_sql_parse_query_paren(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return true;
}

static bool parse_select(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_parse_hint(p, n) || !sp_sql_parse_select_with(p, n))
                return false;
        if (!take_kw(p, DISTINCT))
                (void)take_kw(p, ALL);
        if (take_kw(p, AS) && !take_kw(p, STRUCT) && !sp_sql_parse_path(p))
                return false;
        if (!sp_sql_parse_select_list(p, n))
                return false;
        return !take_kw(p, WINDOW) || sp_sql_parse_windows(p, n);
}

static bool parse_extend(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        return sp_sql_parse_select_list(p, n) &&
               (!take_kw(p, WINDOW) || sp_sql_parse_windows(p, n));
}

static bool parse_other(struct sp_sql_parser *p)
{
        const struct sp_sql_token *t = sp_sql_token_at(p, 0);
        struct sp_str name =
                sp_str_sub(p->text, t->start, SP_MIN(t->end - t->start, 40u));
        char what[64];

        if (t->type != SP_SQL_T_WORD) {
                sp_sql_unexpected(p);
                return false;
        }
        snprintf(what, sizeof(what), "pipe operator %.*s", SP_FMT(name));
        sp_sql_unsupported(p, t->start, what);
        return false;
}

static bool parse_operator(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        unsigned k = sp_sql_token_at(p, 0)->keyword;

        if (sp_sql_is_set_operation(p)) {
                n->op = SP_KW_UNION;
                return parse_set_operation(p, n);
        }
        n->op = (uint16_t)k;
        switch (k) {
        case SP_KW_WHERE:
                return sp_sql_add(n, sp_sql_parse_where(p));
        case SP_KW_ORDER:
                return sp_sql_add(n, sp_sql_parse_order(p));
        case SP_KW_LIMIT:
                return sp_sql_add(n, sp_sql_parse_limit(p));
        case SP_KW_TABLESAMPLE:
                return sp_sql_add(n, sp_sql_parse_sample(p));
        case SP_KW_PIVOT:
        case SP_KW_UNPIVOT:
                return sp_sql_add(n, sp_sql_parse_pivot(p)) && sp_sql_parse_alias(p, n);
        case SP_KW_MATCH_RECOGNIZE:
                return sp_sql_add(n, sp_sql_parse_match_recognize(p)) &&
                       sp_sql_parse_alias(p, n);
        case SP_KW_WITH:
                return sp_sql_add(n, sp_sql_parse_with(p));
        case SP_KW_AS:
                return sp_sql_parse_alias(p, n);
        case SP_KW_JOIN:
        case SP_KW_CROSS:
        case SP_KW_INNER:
        case SP_KW_LEFT:
        case SP_KW_RIGHT:
        case SP_KW_FULL:
                n->op = SP_KW_JOIN;
                return parse_join(p, n);
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
                return sp_sql_parse_select_list(p, n);
        if (k == SP_KW_AGGREGATE)
                return parse_aggregate(p, n);
        if (k == SP_KW_SET)
                return parse_set(p, n);
        if (k == SP_KW_DROP)
                return parse_drop(p);
        if (k == SP_KW_RENAME)
                return parse_rename(p);
        if (k == SP_KW_CALL)
                return parse_call(p, n);
        return k == SP_KW_DISTINCT || parse_other(p);
}

struct sp_sql_node *sp_sql_parse_pipe(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PIPE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        return sp_sql_parse_hint(p, n) && parse_operator(p, n) ? sp_sql_end(p, n)
                                                               : NULL;
}
