/* SPDX-License-Identifier: Apache-2.0 */
/* Graph patterns: paths of nodes and edges, their labels, properties and quantifiers.
 * Labels and variables stay out of the tree: they name nothing that is stored. */
#include "daemon/sql/parser.h"

static bool parse_path(struct sp_sql_parser *p, struct sp_sql_node *to);

/* ( - < and ->: what an element can begin with */
static bool is_element_at(const struct sp_sql_parser *p, size_t ahead)
{
        return sp_sql_is_at(p, ahead, '(') || sp_sql_is_at(p, ahead, '-') ||
               sp_sql_is_at(p, ahead, '<') || sp_sql_is_at(p, ahead, SP_SQL_T_ARROW);
}

static bool is_mode(const struct sp_sql_parser *p)
{
        return kw(p, WALK) || kw(p, TRAIL) || kw(p, SIMPLE) || kw(p, ACYCLIC);
}

static bool is_number_at(const struct sp_sql_parser *p, size_t ahead)
{
        return sp_sql_is_at(p, ahead, SP_SQL_T_INT) || sp_sql_is_at(p, ahead, '?') ||
               (sp_sql_is_at(p, ahead, '@') && !sp_sql_is_at(p, ahead + 1, '{')) ||
               sp_sql_is_at(p, ahead, SP_SQL_T_SYSTEM);
}

bool sp_sql_starts_graph_path(const struct sp_sql_parser *p)
{
        if (is_element_at(p, 0) || kw(p, ANY) || kw(p, ALL))
                return true;
        if (!sp_sql_is_name(p))
                return false;
        if (sp_sql_is_at(p, 1, '='))
                return true;
        if (kw(p, SHORTEST) || kw(p, CHEAPEST))
                return is_number_at(p, 1);
        return is_mode(p) &&
               (is_element_at(p, 1) || kw_at(p, 1, PATH) || kw_at(p, 1, PATHS));
}

/* ---- labels ---- */

static bool parse_label(struct sp_sql_parser *p);

static bool parse_label_operand(struct sp_sql_parser *p)
{
        if (sp_sql_take(p, '%'))
                return true;
        if (sp_sql_take(p, '('))
                return parse_label(p) && sp_sql_need(p, ')');
        return sp_sql_parse_name(p) != NULL;
}

static bool parse_label(struct sp_sql_parser *p)
{
        bool ok = sp_sql_enter(p);

        do {
                while (ok && sp_sql_take(p, '!'))
                        continue;
                ok = ok && parse_label_operand(p);
        } while (ok && (sp_sql_take(p, '|') || sp_sql_take(p, '&')));
        sp_sql_leave(p);
        return ok;
}

bool sp_sql_parse_graph_label(struct sp_sql_parser *p)
{
        return parse_label(p);
}

/* ---- elements ---- */

/* { name: value, … } */
static bool parse_properties(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_take(p, '{'))
                return true;
        do
                if (!sp_sql_parse_name(p) || !sp_sql_need(p, ':') ||
                    !sp_sql_add(to, sp_sql_parse_expr(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, '}');
}

/* COST is a variable's name where nothing but what follows a variable stands behind. */
static bool is_cost(const struct sp_sql_parser *p)
{
        return kw(p, COST) && !sp_sql_is_at(p, 1, ')') && !sp_sql_is_at(p, 1, ']') &&
               !sp_sql_is_at(p, 1, ':') && !sp_sql_is_at(p, 1, '{') &&
               !kw_at(p, 1, IS) && !kw_at(p, 1, WHERE) && !kw_at(p, 1, COST);
}

/* [variable] [: label] [{ properties }] [WHERE condition] [COST value] */
static bool parse_filler(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (sp_sql_is_name(p) && !is_cost(p) && !sp_sql_parse_name(p))
                return false;
        if ((take_kw(p, IS) || sp_sql_take(p, ':')) && !parse_label(p))
                return false;
        if (!parse_properties(p, to))
                return false;
        if (kw(p, WHERE) && !sp_sql_add(to, sp_sql_parse_where(p)))
                return false;
        return !take_kw(p, COST) || sp_sql_add(to, sp_sql_parse_expr(p));
}

/* ( filler ) or ( path [WHERE condition] ) */
static bool parse_paren(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool ok = sp_sql_enter(p) && sp_sql_need(p, '(') && sp_sql_parse_hint(p, to);

        if (ok && sp_sql_starts_graph_path(p)) {
                ok = parse_path(p, to);
                if (ok && kw(p, WHERE))
                        ok = sp_sql_add(to, sp_sql_parse_where(p));
        } else if (ok) {
                ok = parse_filler(p, to);
        }
        ok = ok && sp_sql_need(p, ')');
        sp_sql_leave(p);
        return ok;
}

/* The marks of one edge touch: `a < -b` must not become one. */
static bool is_glued(struct sp_sql_parser *p)
{
        const struct sp_sql_token *a = sp_sql_token_at(p, 0),
                                  *b = sp_sql_token_at(p, 1);

        if (a->end == b->start)
                return true;
        sp_sql_fail(p, a->start, "Unexpected whitespace between \"%.*s\" and \"%.*s\"",
                    (int)(a->end - a->start), p->text.p + a->start,
                    (int)(b->end - b->start), p->text.p + b->start);
        return false;
}

/* <-[…]-  -[…]-  -[…]->  <-  -  -> */
static bool parse_edge(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool is_left;

        if (sp_sql_take(p, SP_SQL_T_ARROW))
                return true;
        is_left = sp_sql_is(p, '<');
        if (is_left) {
                if (sp_sql_is_at(p, 1, '-') && !is_glued(p))
                        return false;
                sp_sql_advance(p);
        }
        if (!sp_sql_is(p, '-'))
                return sp_sql_need(p, '-');
        if (!sp_sql_is_at(p, 1, '[')) {
                sp_sql_advance(p);
                return true;
        }
        if (!is_glued(p))
                return false;
        sp_sql_advance(p);
        sp_sql_advance(p);
        if (!sp_sql_parse_hint(p, to) || !parse_filler(p, to))
                return false;
        if (!sp_sql_is(p, ']'))
                return sp_sql_need(p, ']');
        if ((sp_sql_is_at(p, 1, '-') || sp_sql_is_at(p, 1, SP_SQL_T_ARROW)) &&
            !is_glued(p))
                return false;
        sp_sql_advance(p);
        return (!is_left && sp_sql_take(p, SP_SQL_T_ARROW)) || sp_sql_need(p, '-');
}

/* ---- paths ---- */

static bool parse_bound(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        return !is_number_at(p, 0) || sp_sql_add(to, sp_sql_parse_primary(p));
}

/* {2} {1,3} {,3} {1,} {,} * + */
static bool parse_quantifier(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool is_exact;

        if (!sp_sql_take(p, '{')) {
                if (!sp_sql_take(p, '*'))
                        (void)sp_sql_take(p, '+');
                return true;
        }
        is_exact = is_number_at(p, 0);
        if (!parse_bound(p, to))
                return false;
        if (is_exact && sp_sql_take(p, '}'))
                return true;
        return sp_sql_need(p, ',') && parse_bound(p, to) && sp_sql_need(p, '}');
}

/* [ANY | ALL] [SHORTEST | CHEAPEST] [count] [mode [PATH | PATHS]] */
static bool parse_prefix(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool is_counted = kw(p, ANY) || kw(p, SHORTEST) || kw(p, CHEAPEST);

        if (take_kw(p, ANY) || take_kw(p, ALL)) {
                if (take_kw(p, SHORTEST) || take_kw(p, CHEAPEST))
                        is_counted = false;
        } else if (is_counted) {
                sp_sql_advance(p);
                if (!is_number_at(p, 0)) {
                        sp_sql_expected(p, "integer literal or parameter");
                        return false;
                }
        }
        if (is_counted && is_number_at(p, 0) &&
            !sp_sql_add(to, sp_sql_parse_primary(p)))
                return false;
        if (is_mode(p)) {
                sp_sql_advance(p);
                if (!take_kw(p, PATH))
                        (void)take_kw(p, PATHS);
        }
        return true;
}

/* Elements one behind the other, with hints between them. */
static bool parse_elements(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool was_edge = false, is_edge;

        do {
                uint32_t at = sp_sql_here(p);
                bool is_hinted = sp_sql_is(p, '@');
                size_t before;

                if (!sp_sql_parse_hint(p, to))
                        return false;
                if (!is_element_at(p, 0)) {
                        sp_sql_expected(p, "\"(\" or \"-\" or \"<\" or ->");
                        return false;
                }
                is_edge = !sp_sql_is(p, '(');
                if (!(is_edge ? parse_edge(p, to) : parse_paren(p, to)))
                        return false;
                before = p->at;
                if (!parse_quantifier(p, to))
                        return false;
                is_edge = is_edge && p->at == before;
                if (is_hinted && was_edge && is_edge) {
                        sp_sql_fail(p, at,
                                    "Hint cannot be used in between two edge patterns");
                        return false;
                }
                was_edge = is_edge;
        } while (is_element_at(p, 0) || sp_sql_is(p, '@'));
        return true;
}

static bool parse_path(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool ok = sp_sql_enter(p);

        if (ok && sp_sql_is_name(p) && sp_sql_is_at(p, 1, '=')) {
                ok = sp_sql_parse_name(p) != NULL;
                sp_sql_advance(p);
        }
        ok = ok && parse_prefix(p, to) && parse_elements(p, to);
        sp_sql_leave(p);
        return ok;
}

bool sp_sql_parse_graph_pattern(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        do {
                if (!sp_sql_parse_hint(p, to))
                        return false;
                if (!sp_sql_starts_graph_path(p) && !kw(p, SHORTEST) &&
                    !kw(p, CHEAPEST)) {
                        sp_sql_unexpected(p);
                        return false;
                }
                if (!parse_path(p, to))
                        return false;
        } while (sp_sql_take(p, ','));
        return !kw(p, WHERE) || sp_sql_add(to, sp_sql_parse_where(p));
}
