/* SPDX-License-Identifier: Apache-2.0 */
/* What reshapes a table expression: TABLESAMPLE, PIVOT, UNPIVOT, MATCH_RECOGNIZE. */
#include "daemon/sql/parser.h"

static bool parse_weight(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!kw(p, WITH) || !kw_at(p, 1, WEIGHT))
                return true;
        n->op = SP_KW_WEIGHT;
        sp_sql_advance(p);
        sp_sql_advance(p);
        return kw(p, REPEATABLE) || sp_sql_parse_alias(p, n);
}

static bool is_int_or_parameter(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, SP_SQL_T_INT) || sp_sql_is(p, '@') || sp_sql_is(p, '?') ||
               sp_sql_is(p, SP_SQL_T_SYSTEM);
}

/* A number, a parameter, or a CAST of one: nothing that would have to be computed. */
static bool parse_sample_number(struct sp_sql_parser *p, struct sp_sql_node *n,
                                bool may_be_float)
{
        if (!is_int_or_parameter(p) && !kw(p, CAST) &&
            !(may_be_float && sp_sql_is(p, SP_SQL_T_FLOAT))) {
                sp_sql_unexpected(p);
                return false;
        }
        return sp_sql_add(n, sp_sql_parse_primary(p));
}

struct sp_sql_node *sp_sql_parse_sample(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_SAMPLE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_name(p) || !sp_sql_need(p, '(') ||
            !parse_sample_number(p, n, true))
                return NULL;
        if (!take_kw(p, PERCENT) && !take_kw(p, ROWS))
                return sp_sql_expected(p, "keyword PERCENT or keyword ROWS");
        if (take_kw(p, PARTITION) && (!need_kw(p, BY) || !sp_sql_parse_expr_list(p, n)))
                return NULL;
        if (!sp_sql_need(p, ')') || !parse_weight(p, n))
                return NULL;
        if (take_kw(p, REPEATABLE) &&
            (!sp_sql_need(p, '(') || !parse_sample_number(p, n, false) ||
             !sp_sql_need(p, ')')))
                return NULL;
        return sp_sql_end(p, n);
}

bool sp_sql_is_pivot(const struct sp_sql_parser *p)
{
        if (kw(p, PIVOT))
                return sp_sql_is_at(p, 1, '(');
        return kw(p, UNPIVOT) && (sp_sql_is_at(p, 1, '(') || kw_at(p, 1, EXCLUDE) ||
                                  (kw_at(p, 1, INCLUDE) && kw_at(p, 2, NULLS)));
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

/* path or ( path, … ), a LIST either way */
static bool parse_columns(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_LIST);
        bool is_many = sp_sql_take(p, '(');

        do
                if (!n || !sp_sql_add(n, sp_sql_parse_path(p)))
                        return false;
        while (is_many && sp_sql_take(p, ','));
        return (!is_many || sp_sql_need(p, ')')) && sp_sql_add(to, sp_sql_end(p, n));
}

static bool parse_unpivot_label(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (take_kw(p, AS) && !sp_sql_is(p, SP_SQL_T_STRING) &&
            !sp_sql_is(p, SP_SQL_T_INT)) {
                sp_sql_unexpected(p);
                return false;
        }
        return (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, SP_SQL_T_INT)) ||
               sp_sql_add(to, sp_sql_parse_primary(p));
}

static bool parse_unpivot_body(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if ((take_kw(p, INCLUDE) || take_kw(p, EXCLUDE)) && !need_kw(p, NULLS))
                return false;
        if (!sp_sql_need(p, '(') || !parse_columns(p, n) || !need_kw(p, FOR) ||
            !sp_sql_add(n, sp_sql_parse_path(p)) || !need_kw(p, IN) ||
            !sp_sql_need(p, '('))
                return false;
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                if (!item || !parse_columns(p, item) || !parse_unpivot_label(p, item))
                        return false;
                sp_sql_add(n, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')') && sp_sql_need(p, ')');
}

struct sp_sql_node *sp_sql_parse_pivot(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PIVOT);
        bool is_unpivot = kw(p, UNPIVOT);

        if (!n)
                return NULL;
        n->op = is_unpivot ? SP_KW_UNPIVOT : SP_KW_PIVOT;
        sp_sql_advance(p);
        if (!(is_unpivot ? parse_unpivot_body(p, n) : parse_pivot_body(p, n)))
                return NULL;
        return sp_sql_end(p, n);
}

/* ---- MATCH_RECOGNIZE ---- */

static bool parse_pattern(struct sp_sql_parser *p, struct sp_sql_node *to);

/* {n}, {n,m}, *, + or ?, and ? behind it for the shortest match */
static bool parse_quantifier(struct sp_sql_parser *p)
{
        if (sp_sql_take(p, '{')) {
                bool has_low = is_int_or_parameter(p);

                if (has_low && !sp_sql_parse_primary(p))
                        return false;
                if (has_low && sp_sql_take(p, '}'))
                        return true;
                if (!sp_sql_need(p, ',') ||
                    (is_int_or_parameter(p) && !sp_sql_parse_primary(p)) ||
                    !sp_sql_need(p, '}'))
                        return false;
        } else if (!sp_sql_take(p, '*') && !sp_sql_take(p, '+') &&
                   !sp_sql_take(p, '?')) {
                return true;
        }
        (void)sp_sql_take(p, '?'); /* reluctant */
        return true;
}

/* The names in it go to `to`; how they are combined decides rows only. */
static bool parse_pattern(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool ok = sp_sql_enter(p);

        while (ok) {
                if (sp_sql_take(p, '|') || sp_sql_take(p, SP_SQL_T_CONCAT) ||
                    sp_sql_take(p, '^') || sp_sql_take(p, '$'))
                        continue;
                if (sp_sql_take(p, '('))
                        ok = parse_pattern(p, to) && sp_sql_need(p, ')');
                else if (sp_sql_is_name(p))
                        ok = sp_sql_add(to, sp_sql_parse_name(p));
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

/* variable AS condition */
static bool parse_definition(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_NAMED),
                           *name = sp_sql_parse_name(p);

        if (!n || !name || !need_kw(p, AS) || !sp_sql_add(n, sp_sql_parse_expr(p)))
                return false;
        n->text = name->text;
        return sp_sql_add(to, sp_sql_end(p, n));
}

struct sp_sql_node *sp_sql_parse_match_recognize(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PIVOT), *partition,
                           *pattern;

        if (!n)
                return NULL;
        n->op = SP_KW_MATCH_RECOGNIZE;
        sp_sql_advance(p);
        if (!sp_sql_need(p, '('))
                return NULL;
        if (take_kw(p, PARTITION)) {
                partition = sp_sql_node_new(p, SP_SQL_N_GROUP);
                if (!partition || !need_kw(p, BY) ||
                    !sp_sql_parse_expr_list(p, partition))
                        return NULL;
                sp_sql_add(n, sp_sql_end(p, partition));
        }
        if (!kw(p, ORDER))
                return sp_sql_expected(p, "keyword ORDER");
        if (!sp_sql_add(n, sp_sql_parse_order(p)) || !need_kw(p, MEASURES) ||
            !parse_aliased(p, n) || !parse_skip(p) || !need_kw(p, PATTERN) ||
            !sp_sql_need(p, '('))
                return NULL;
        pattern = sp_sql_node_new(p, SP_SQL_N_LIST);
        if (!pattern || !parse_pattern(p, pattern) || !sp_sql_need(p, ')') ||
            !need_kw(p, DEFINE))
                return NULL;
        sp_sql_add(n, sp_sql_end(p, pattern));
        do
                if (!parse_definition(p, n))
                        return NULL;
        while (sp_sql_take(p, ','));
        return sp_sql_parse_options(p, n) && sp_sql_need(p, ')') ? sp_sql_end(p, n)
                                                                 : NULL;
}

/* ---- ALIGN ---- */

/* expression [PERIOD] [PRECEDING|FOLLOWING], UNBOUNDED PRECEDING */
static bool parse_align_bound(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!take_kw(p, UNBOUNDED) && !sp_sql_add(n, sp_sql_parse_higher(p)))
                return false;
        (void)take_kw(p, PERIOD);
        if (!take_kw(p, PRECEDING))
                (void)take_kw(p, FOLLOWING);
        return true;
}

/* WITHIN bound, WITHIN RANGE FROM bound TO bound */
static bool parse_within(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!need_kw(p, WITHIN))
                return false;
        if (!take_kw(p, RANGE))
                return parse_align_bound(p, n);
        return need_kw(p, FROM) && parse_align_bound(p, n) && need_kw(p, TO) &&
               parse_align_bound(p, n);
}

/* aggregate WITHIN ( [window] ) AS name, … */
static bool parse_metrics(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) ||
                    !need_kw(p, WITHIN) || !sp_sql_need(p, '('))
                        return false;
                item->op = SP_KW_METRICS;
                if (!sp_sql_is(p, ')') && !parse_align_bound(p, item))
                        return false;
                if (!sp_sql_need(p, ')'))
                        return false;
                if (!kw(p, AS)) {
                        sp_sql_expected(p, "keyword AS");
                        return false;
                }
                if (!sp_sql_parse_alias(p, item))
                        return false;
                sp_sql_add(n, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return true;
}

/* expression [AS alias]; op: the keyword of the clause it is in */
static bool parse_align_item(struct sp_sql_parser *p, struct sp_sql_node *n,
                             unsigned clause)
{
        struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

        if (item)
                item->op = (uint16_t)clause;
        return item && sp_sql_add(item, sp_sql_parse_expr(p)) &&
               (!kw(p, AS) || sp_sql_parse_alias(p, item)) &&
               sp_sql_add(n, sp_sql_end(p, item));
}

/* Time series operator of GoogleSQL that BigQuery does not have. */
struct sp_sql_node *sp_sql_parse_align(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PIVOT);

        if (!n)
                return NULL;
        n->op = SP_KW_ALIGN;
        sp_sql_advance(p);
        if (!sp_sql_need(p, '(') || !sp_sql_parse_opaque(p, n, "align"))
                return NULL;
        if (take_kw(p, TIMESTAMP) && !parse_align_item(p, n, SP_KW_TIMESTAMP))
                return NULL;
        if (!need_kw(p, PERIOD) || !sp_sql_add(n, sp_sql_parse_higher(p)))
                return NULL;
        if (take_kw(p, ORIGIN) && !sp_sql_add(n, sp_sql_parse_higher(p)))
                return NULL;
        if (take_kw(p, OUTPUT) && !parse_within(p, n))
                return NULL;
        if (take_kw(p, PARTITION)) {
                if (!need_kw(p, BY))
                        return NULL;
                do
                        if (!parse_align_item(p, n, SP_KW_PARTITION))
                                return NULL;
                while (sp_sql_take(p, ','));
        }
        if (take_kw(p, METRICS) && !parse_metrics(p, n))
                return NULL;
        return sp_sql_need(p, ')') ? sp_sql_end(p, n) : NULL;
}
