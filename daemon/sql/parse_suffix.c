/* SPDX-License-Identifier: Apache-2.0 */
/* What reshapes a table expression: TABLESAMPLE, PIVOT, UNPIVOT, MATCH_RECOGNIZE. */
#include "daemon/sql/parser.h"

static bool parse_weight(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!kw(p, WITH) || !kw_at(p, 1, WEIGHT))
                return true;
        sp_sql_advance(p);
        sp_sql_advance(p);
        return kw(p, REPEATABLE) || sp_sql_parse_alias(p, n);
}

struct sp_sql_node *sp_sql_parse_sample(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_SAMPLE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_name(p) || !sp_sql_need(p, '(') ||
            !sp_sql_add(n, sp_sql_parse_higher(p)))
                return NULL;
        if (!take_kw(p, PERCENT) && !take_kw(p, ROWS))
                return sp_sql_expected(p, "keyword PERCENT or keyword ROWS");
        if (take_kw(p, PARTITION) && (!need_kw(p, BY) || !sp_sql_parse_expr_list(p, n)))
                return NULL;
        if (!sp_sql_need(p, ')') || !parse_weight(p, n))
                return NULL;
        if (take_kw(p, REPEATABLE) &&
            (!sp_sql_need(p, '(') || !sp_sql_add(n, sp_sql_parse_higher(p)) ||
             !sp_sql_need(p, ')')))
                return NULL;
        return sp_sql_end(p, n);
}

bool sp_sql_is_pivot(const struct sp_sql_parser *p)
{
        if (kw(p, PIVOT))
                return sp_sql_is_at(p, 1, '(');
        return kw(p, UNPIVOT) &&
               (sp_sql_is_at(p, 1, '(') ||
                ((kw_at(p, 1, INCLUDE) || kw_at(p, 1, EXCLUDE)) && kw_at(p, 2, NULLS)));
}

/* expression [[AS] alias], … */
static bool parse_aliased(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) ||
                    !sp_sql_parse_alias(p, item))
                        return false;
                sp_sql_add(to, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return true;
}

static bool parse_pivot_body(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        return sp_sql_need(p, '(') && parse_aliased(p, n) && need_kw(p, FOR) &&
               sp_sql_add(n, sp_sql_parse_higher(p)) && need_kw(p, IN) &&
               sp_sql_need(p, '(') && parse_aliased(p, n) && sp_sql_need(p, ')') &&
               sp_sql_need(p, ')');
}

/* path or ( path, … ) */
static bool parse_columns(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_take(p, '('))
                return sp_sql_add(n, sp_sql_parse_path(p));
        do
                if (!sp_sql_add(n, sp_sql_parse_path(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static bool parse_unpivot_label(struct sp_sql_parser *p)
{
        if (take_kw(p, AS) && !sp_sql_is(p, SP_SQL_T_STRING) &&
            !sp_sql_is(p, SP_SQL_T_INT)) {
                sp_sql_unexpected(p);
                return false;
        }
        return (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, SP_SQL_T_INT)) ||
               sp_sql_parse_primary(p) != NULL;
}

static bool parse_unpivot_body(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, INCLUDE) || take_kw(p, EXCLUDE))
                sp_sql_advance(p); /* NULLS: sp_sql_is_pivot looked */
        if (!sp_sql_need(p, '(') || !parse_columns(p, n) || !need_kw(p, FOR) ||
            !sp_sql_add(n, sp_sql_parse_path(p)) || !need_kw(p, IN) ||
            !sp_sql_need(p, '('))
                return false;
        do
                if (!parse_columns(p, n) || !parse_unpivot_label(p))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')') && sp_sql_need(p, ')');
}

struct sp_sql_node *sp_sql_parse_pivot(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PIVOT);
        bool is_unpivot = kw(p, UNPIVOT);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!(is_unpivot ? parse_unpivot_body(p, n) : parse_pivot_body(p, n)))
                return NULL;
        return sp_sql_end(p, n);
}

/* ---- MATCH_RECOGNIZE ---- */

static bool parse_pattern(struct sp_sql_parser *p);

static bool parse_quantifier(struct sp_sql_parser *p)
{
        if (sp_sql_take(p, '{')) {
                while (sp_sql_is(p, SP_SQL_T_INT) || sp_sql_is(p, ',') ||
                       sp_sql_is(p, '@') || sp_sql_is(p, '?')) {
                        if (sp_sql_is(p, SP_SQL_T_INT) || sp_sql_is(p, ','))
                                sp_sql_advance(p);
                        else if (!sp_sql_parse_parameter(p))
                                return false;
                }
                if (!sp_sql_need(p, '}'))
                        return false;
        } else if (!sp_sql_take(p, '*') && !sp_sql_take(p, '+') &&
                   !sp_sql_take(p, '?')) {
                return true;
        }
        (void)sp_sql_take(p, '?'); /* reluctant */
        return true;
}

static bool parse_pattern(struct sp_sql_parser *p)
{
        bool ok = sp_sql_enter(p);

        while (ok) {
                if (sp_sql_take(p, '|') || sp_sql_take(p, SP_SQL_T_CONCAT) ||
                    sp_sql_take(p, '^') || sp_sql_take(p, '$'))
                        continue;
                if (sp_sql_take(p, '('))
                        ok = parse_pattern(p) && sp_sql_need(p, ')');
                else if (sp_sql_is_name(p))
                        ok = sp_sql_parse_name(p) != NULL;
                else
                        break;
                ok = ok && parse_quantifier(p);
        }
        sp_sql_leave(p);
        return ok;
}

static bool parse_skip(struct sp_sql_parser *p)
{
        if (!take_kw(p, AFTER))
                return true;
        if (!need_kw(p, MATCH) || !need_kw(p, SKIP))
                return false;
        if (take_kw(p, PAST))
                return need_kw(p, LAST) && need_kw(p, ROW);
        return need_kw(p, TO) && need_kw(p, NEXT) && need_kw(p, ROW);
}

struct sp_sql_node *sp_sql_parse_match_recognize(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PIVOT);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_need(p, '('))
                return NULL;
        if (take_kw(p, PARTITION) && (!need_kw(p, BY) || !sp_sql_parse_expr_list(p, n)))
                return NULL;
        if (kw(p, ORDER) && !sp_sql_add(n, sp_sql_parse_order(p)))
                return NULL;
        if (!need_kw(p, MEASURES) || !parse_aliased(p, n) || !parse_skip(p) ||
            !need_kw(p, PATTERN) || !sp_sql_need(p, '(') || !parse_pattern(p) ||
            !sp_sql_need(p, ')') || !need_kw(p, DEFINE))
                return NULL;
        do {
                if (!sp_sql_parse_name(p) || !need_kw(p, AS) ||
                    !sp_sql_add(n, sp_sql_parse_expr(p)))
                        return NULL;
        } while (sp_sql_take(p, ','));
        return sp_sql_parse_options(p, n) && sp_sql_need(p, ')') ? sp_sql_end(p, n)
                                                                 : NULL;
}
