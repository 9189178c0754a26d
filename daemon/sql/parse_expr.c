/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* Binary operators above comparisons, loosest first. */
enum {
        LEVEL_OR,
        LEVEL_XOR,
        LEVEL_AND,
        LEVEL_SHIFT,
        LEVEL_ADD,
        LEVEL_CONCAT,
        LEVEL_MULTIPLY,
        LEVEL_UNARY
};

static struct sp_sql_node *parse_unary(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;
        bool ok;

        if (p->operand ||
            !(sp_sql_is(p, '-') || sp_sql_is(p, '+') || sp_sql_is(p, '~')))
                return sp_sql_parse_postfix(p);
        n = sp_sql_node_new(p, SP_SQL_N_UNARY);
        if (!n)
                return NULL;
        n->op = sp_sql_token_at(p, 0)->type;
        sp_sql_advance(p);
        ok = sp_sql_enter(p) && sp_sql_add(n, parse_unary(p));
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

/* `>>` is two tokens that touch. */
static bool is_shift_right(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, '>') && sp_sql_is_at(p, 1, '>') &&
               sp_sql_token_at(p, 0)->end == sp_sql_token_at(p, 1)->start;
}

/* Takes the operator of `level` under the cursor; 0: none. */
static uint8_t take_operator(struct sp_sql_parser *p, int level)
{
        static const uint8_t of[][2] = {
                [LEVEL_OR] = { '|', 0 },
                [LEVEL_XOR] = { '^', 0 },
                [LEVEL_AND] = { '&', 0 },
                [LEVEL_SHIFT] = { SP_SQL_T_SHIFT_LEFT, 0 },
                [LEVEL_ADD] = { '+', '-' },
                [LEVEL_CONCAT] = { SP_SQL_T_CONCAT, 0 },
                [LEVEL_MULTIPLY] = { '*', '/' },
        };
        uint8_t t = sp_sql_token_at(p, 0)->type;

        if (level == LEVEL_SHIFT && is_shift_right(p)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                return '>';
        }
        if (!t || (t != of[level][0] && t != of[level][1]))
                return 0;
        sp_sql_advance(p);
        return t;
}

static struct sp_sql_node *parse_binary(struct sp_sql_parser *p, int level)
{
        struct sp_sql_node *left, *n = NULL;
        uint8_t op;

        if (level == LEVEL_UNARY)
                return parse_unary(p);
        left = parse_binary(p, level + 1);
        if (!left)
                return NULL;
        while ((op = take_operator(p, level))) {
                struct sp_sql_node *right = parse_binary(p, level + 1);

                if (!right)
                        return NULL;
                if (!n) {
                        n = sp_sql_node_at(p, SP_SQL_N_BINARY, left->span.start);
                        if (!n || !sp_sql_add(n, left))
                                return NULL;
                }
                right->link = op;
                sp_sql_add(n, right);
                sp_sql_end(p, n);
        }
        return n ? n : left;
}

struct sp_sql_node *sp_sql_parse_higher(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;

        n = sp_sql_enter(p) ? parse_binary(p, LEVEL_OR) : NULL;
        sp_sql_leave(p);
        return n;
}

/* ( query ) or ( expression, … ), behind IN and ANY. */
static struct sp_sql_node *parse_in_list(struct sp_sql_parser *p)
{
        struct sp_sql_node *n, *paren = NULL;

        if (!sp_sql_is(p, '('))
                return sp_sql_expected(p, "\"(\" or keyword UNNEST");
        if (!sp_sql_is_at(p, 1, '(') && !sp_sql_is_at(p, 1, ')')) {
                if (kw_at(p, 1, SELECT) || kw_at(p, 1, FROM) ||
                    sp_sql_is_table_clause(p, 1) ||
                    (kw_at(p, 1, WITH) && !sp_sql_is_at(p, 2, '('))) {
                        n = sp_sql_node_new(p, SP_SQL_N_SUBQUERY);
                        return n && sp_sql_add(n, sp_sql_parse_query_paren(p))
                                       ? sp_sql_end(p, n)
                                       : NULL;
                }
        }
        n = sp_sql_node_new(p, SP_SQL_N_LIST);
        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (sp_sql_is(p, '(')) {
                paren = sp_sql_parse_paren(p);
                if (!paren)
                        return NULL;
                if (paren->kind == SP_SQL_N_SUBQUERY &&
                    (sp_sql_is(p, ')') || sp_sql_continues_query(p))) {
                        n->kind = SP_SQL_N_SUBQUERY;
                        if (!sp_sql_add(n, sp_sql_parse_query_from(p, paren)) ||
                            !sp_sql_need(p, ')'))
                                return NULL;
                        return sp_sql_end(p, n);
                }
                paren = sp_sql_parse_expr_from(p, paren);
                if (!sp_sql_add(n, paren))
                        return NULL;
                if (!sp_sql_take(p, ','))
                        return sp_sql_need(p, ')') ? sp_sql_end(p, n) : NULL;
        }
        return sp_sql_parse_expr_list(p, n) && sp_sql_need(p, ')') ? sp_sql_end(p, n)
                                                                   : NULL;
}

static struct sp_sql_node *parse_in_right(struct sp_sql_parser *p,
                                          struct sp_sql_node *to)
{
        uint32_t start = sp_sql_here(p);
        struct sp_sql_node *right;
        bool has_hint;

        if (!sp_sql_parse_hint(p, to))
                return NULL;
        if (sp_sql_is(p, '{')) {
                struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_SUBQUERY);

                return n ? sp_sql_parse_graph_subquery(p, n) : NULL;
        }
        has_hint = sp_sql_here(p) != start;

        right = kw(p, UNNEST) ? sp_sql_parse_unnest(p) : parse_in_list(p);
        if (right && has_hint && right->kind != SP_SQL_N_SUBQUERY)
                return sp_sql_fail(
                        p, start, "HINTs cannot be specified on IN clause with %s",
                        right->kind == SP_SQL_N_LIST ? "value list" : "UNNEST");
        return right;
}

static bool parse_is(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, NOT))
                n->flags |= SP_SQL_F_NOT;
        if (take_kw(p, DISTINCT)) {
                n->kind = SP_SQL_N_IS_DISTINCT;
                return need_kw(p, FROM) && sp_sql_add(n, sp_sql_parse_higher(p));
        }
        n->op = sp_sql_token_at(p, 0)->keyword;
        if (take_kw(p, NULL) || take_kw(p, TRUE) || take_kw(p, FALSE) ||
            take_kw(p, UNKNOWN))
                return true;
        if (take_kw(p, LABELED)) /* of a graph's element */
                return sp_sql_parse_graph_label(p);
        if (take_kw(p, SOURCE) || take_kw(p, DESTINATION)) {
                (void)take_kw(p, OF);
                return sp_sql_add(n, sp_sql_parse_higher(p));
        }
        sp_sql_unexpected(p);
        return false;
}

static bool is_quantifier(const struct sp_sql_parser *p)
{
        return kw(p, ANY) || kw(p, SOME) || kw(p, ALL);
}

static unsigned comparison_operator(const struct sp_sql_parser *p)
{
        unsigned t = sp_sql_token_at(p, 0)->type;

        switch (t) {
        case '=':
        case '<':
        case '>':
        case SP_SQL_T_NE:
        case SP_SQL_T_LE:
        case SP_SQL_T_GE:
                return t;
        default:
                return 0;
        }
}

/* What may stand behind the left side: IS, [NOT] IN, LIKE, BETWEEN. */
static bool is_predicate(const struct sp_sql_parser *p)
{
        size_t i = kw(p, NOT) ? 1 : 0;

        return kw_at(p, i, IN) || kw_at(p, i, LIKE) || kw_at(p, i, BETWEEN) ||
               kw(p, IS);
}

/* low AND high: `low` binds tighter than any comparison, AND and OR */
static bool parse_between(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *low = sp_sql_parse_higher(p);

        if (low && (comparison_operator(p) || is_predicate(p) || kw(p, OR)))
                return sp_sql_fail(p, low->span.start,
                                   "Expression in BETWEEN must be parenthesized");
        return sp_sql_add(n, low) && need_kw(p, AND) &&
               sp_sql_add(n, sp_sql_parse_higher(p));
}

static bool parse_predicate(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, IS)) {
                n->kind = SP_SQL_N_IS;
                return parse_is(p, n);
        }
        if (take_kw(p, NOT))
                n->flags |= SP_SQL_F_NOT;
        if (take_kw(p, IN)) {
                n->kind = SP_SQL_N_IN;
                return sp_sql_add(n, parse_in_right(p, n));
        }
        if (take_kw(p, BETWEEN)) {
                n->kind = SP_SQL_N_BETWEEN;
                return parse_between(p, n);
        }
        sp_sql_advance(p);
        n->kind = SP_SQL_N_LIKE;
        if (is_quantifier(p)) {
                n->kind = SP_SQL_N_QUANTIFIED;
                n->op = SP_KW_LIKE;
                sp_sql_advance(p);
                return sp_sql_add(n, parse_in_right(p, n));
        }
        return sp_sql_add(n, sp_sql_parse_higher(p));
}

static struct sp_sql_node *parse_comparison(struct sp_sql_parser *p)
{
        struct sp_sql_node *left = parse_binary(p, LEVEL_OR), *n;
        unsigned op;
        bool ok;

        if (!left)
                return NULL;
        op = comparison_operator(p);
        if (!op && !is_predicate(p))
                return left;
        n = sp_sql_node_at(p, SP_SQL_N_COMPARE, left->span.start);
        if (!n)
                return NULL;
        sp_sql_add(n, left);
        if (op) {
                n->op = (uint16_t)op;
                sp_sql_advance(p);
                if (is_quantifier(p)) {
                        n->kind = SP_SQL_N_QUANTIFIED;
                        sp_sql_advance(p);
                        ok = sp_sql_add(n, parse_in_right(p, n));
                } else {
                        ok = sp_sql_add(n, parse_binary(p, LEVEL_OR));
                }
        } else {
                ok = parse_predicate(p, n);
        }
        if (!ok)
                return NULL;
        sp_sql_end(p, n);
        /* what follows a list is said of the whole: x IN (1, 2).f() */
        if (n->kind == SP_SQL_N_IN && (sp_sql_is(p, '.') || sp_sql_is(p, '['))) {
                n = sp_sql_parse_postfix_of(p, n, false);
                if (!n)
                        return NULL;
        }
        /* comparisons do not chain: a = b = c and a IS NULL IS NULL are errors */
        if (comparison_operator(p) || is_predicate(p))
                return sp_sql_unexpected(p);
        return n;
}

static struct sp_sql_node *parse_not(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;
        bool ok;

        if (p->operand || !kw(p, NOT))
                return parse_comparison(p);
        n = sp_sql_node_new(p, SP_SQL_N_NOT);
        if (!n)
                return NULL;
        sp_sql_advance(p);
        ok = sp_sql_enter(p) && sp_sql_add(n, parse_not(p));
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

/* operand (AND|OR operand)… as one node */
static struct sp_sql_node *parse_chain(struct sp_sql_parser *p,
                                       enum sp_sql_node_kind kind)
{
        bool is_or = kind == SP_SQL_N_OR;
        unsigned k = is_or ? SP_KW_OR : SP_KW_AND;
        struct sp_sql_node *left, *n = NULL;

        left = is_or ? parse_chain(p, SP_SQL_N_AND) : parse_not(p);
        if (!left)
                return NULL;
        while (sp_sql_take_kw(p, k)) {
                if (!n) {
                        n = sp_sql_node_at(p, kind, left->span.start);
                        if (!n)
                                return NULL;
                        sp_sql_add(n, left);
                }
                if (!sp_sql_add(n, is_or ? parse_chain(p, SP_SQL_N_AND) : parse_not(p)))
                        return NULL;
                sp_sql_end(p, n);
        }
        return n ? n : left;
}

struct sp_sql_node *sp_sql_parse_expr(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;

        n = sp_sql_enter(p) ? parse_chain(p, SP_SQL_N_OR) : NULL;
        sp_sql_leave(p);
        return n;
}

struct sp_sql_node *sp_sql_parse_expr_from(struct sp_sql_parser *p,
                                           struct sp_sql_node *operand)
{
        if (!operand)
                return NULL;
        p->operand = operand;
        return sp_sql_parse_expr(p);
}

struct sp_sql_node *sp_sql_parse_paren(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_PAREN), *inner = NULL;
        bool ok = sp_sql_enter(p) && n;

        if (ok)
                sp_sql_advance(p);
        if (ok && (kw(p, SELECT) || kw(p, FROM) || sp_sql_is_table_clause(p, 0) ||
                   (kw(p, WITH) && !sp_sql_is_at(p, 1, '(')))) {
                n->kind = SP_SQL_N_SUBQUERY;
                inner = sp_sql_parse_query(p);
        } else if (ok && sp_sql_is(p, '(')) {
                inner = sp_sql_parse_paren(p);
                if (inner && inner->kind == SP_SQL_N_SUBQUERY &&
                    sp_sql_continues_query(p)) {
                        n->kind = SP_SQL_N_SUBQUERY;
                        inner = sp_sql_parse_query_from(p, inner);
                } else {
                        inner = sp_sql_parse_expr_from(p, inner);
                }
        } else if (ok) {
                inner = sp_sql_parse_expr(p);
        }
        ok = ok && sp_sql_add(n, inner);
        if (ok && n->kind == SP_SQL_N_PAREN && sp_sql_take(p, ',')) {
                n->kind = SP_SQL_N_STRUCT;
                ok = sp_sql_parse_expr_list(p, n);
        }
        ok = ok && sp_sql_need(p, ')');
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}
