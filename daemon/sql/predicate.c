/* SPDX-License-Identifier: Apache-2.0 */
/* For which rows a single predicate is true, as far as its text tells. */
#include "daemon/sql/truth.h"

#include <string.h>

/* Most there may be between the ends of a range that is said to choose rows. A table is
 * seldom in one of these whole, and a wider one is open for all that is known. */
#define INTS_MAX 1000000
#define YEARS_MAX 1

static enum sp_sql_truth from_bool(bool b)
{
        return b ? SP_SQL_YES : SP_SQL_NO;
}

static enum sp_sql_truth negate_if(bool is_not, enum sp_sql_truth t)
{
        return is_not ? sp_sql_negate(t) : t;
}

/* ---- comparisons ---- */

/* Only values >= 0 come out: LENGTH(x) >= 0 chooses nothing. */
static bool is_non_negative(const struct sp_sql_node *n)
{
        static const char *const words[] = {
                "length",      "char_length",  "character_length",
                "byte_length", "octet_length", "array_length",
                "abs",         "bit_count",    "rand",
                NULL,
        };

        return sp_sql_is_one_of(sp_sql_called(sp_sql_strip(n)), words);
}

/* For e op v with an e that is never below 0. */
static enum sp_sql_truth judge_non_negative(unsigned op, int64_t v)
{
        switch (op) {
        case SP_SQL_T_GE:
                return v <= 0 ? SP_SQL_YES : SP_SQL_MAYBE;
        case '<':
                return v <= 0 ? SP_SQL_NO : SP_SQL_MAYBE;
        case '>':
        case SP_SQL_T_NE:
                return v < 0 ? SP_SQL_YES : SP_SQL_MAYBE;
        default:
                return v < 0 ? SP_SQL_NO : SP_SQL_MAYBE;
        }
}

static enum sp_sql_truth by_pick(enum sp_sql_pick pick)
{
        return pick == SP_SQL_PICK_FULL     ? SP_SQL_SELECTS
               : pick == SP_SQL_PICK_COARSE ? SP_SQL_MATCHES
                                            : SP_SQL_MAYBE;
}

/* e op v */
static enum sp_sql_truth judge_against(const struct sp_sql_rows *rows,
                                       const struct sp_sql_node *e, unsigned op,
                                       const struct sp_sql_constant *v)
{
        if (v->type == SP_SQL_V_NULL)
                return SP_SQL_NO; /* a comparison with NULL is never true */
        if (v->type == SP_SQL_V_BOOL && (op == '=' || op == SP_SQL_T_NE))
                return negate_if((op == '=') != (v->i != 0), sp_sql_judge(rows, e));
        if (v->type == SP_SQL_V_INT && is_non_negative(e))
                return judge_non_negative(op, v->i);
        if (op != '=' && op != SP_SQL_T_NE)
                return SP_SQL_MAYBE; /* open at one side */
        return negate_if(op != '=', by_pick(sp_sql_pick_of(rows, e)));
}

/* a = b */
static enum sp_sql_truth judge_equal(const struct sp_sql_rows *rows,
                                     const struct sp_sql_node *a,
                                     const struct sp_sql_node *b)
{
        enum sp_sql_pick pick = sp_sql_pick_of(rows, a);

        if (!pick || !sp_sql_is_fixed(rows, b)) {
                pick = sp_sql_pick_of(rows, b);
                if (!pick || !sp_sql_is_fixed(rows, a))
                        return SP_SQL_MAYBE;
                b = a;
        }
        return sp_sql_is_plain(b) ? by_pick(pick) : SP_SQL_MATCHES;
}

static enum sp_sql_truth judge_comparison(const struct sp_sql_rows *rows,
                                          const struct sp_sql_node *n)
{
        const struct sp_sql_node *a = n->first, *b = a->next;
        struct sp_sql_constant x, y;
        bool cx = sp_sql_constant(a, &x), cy = sp_sql_constant(b, &y);
        int c;

        if (cx && cy && x.type != SP_SQL_V_NULL && y.type != SP_SQL_V_NULL) {
                if (sp_sql_compare_values(&x, &y, &c))
                        return from_bool(sp_sql_holds(n->op, c));
                if (!sp_sql_same(a, b))
                        return SP_SQL_MAYBE;
        } else if (cy) {
                return judge_against(rows, a, n->op, &y);
        } else if (cx) {
                return judge_against(rows, b, sp_sql_mirror(n->op), &x);
        }
        if (sp_sql_same(a, b))
                return from_bool(sp_sql_holds(n->op, 0));
        if (n->op == '=' || n->op == SP_SQL_T_NE)
                return negate_if(n->op != '=', judge_equal(rows, a, b));
        return SP_SQL_MAYBE;
}

static enum sp_sql_truth judge_distinct(const struct sp_sql_rows *rows,
                                        const struct sp_sql_node *n)
{
        const struct sp_sql_node *a = n->first, *b = a->next;
        bool is_equal = n->flags & SP_SQL_F_NOT;
        struct sp_sql_constant x, y;
        bool cx = sp_sql_constant(a, &x), cy = sp_sql_constant(b, &y);
        int c;

        if (sp_sql_same(a, b))
                return from_bool(is_equal);
        if (cx && cy) {
                if (sp_sql_compare_values(&x, &y, &c))
                        return from_bool(is_equal == !c);
                if (x.type == SP_SQL_V_NULL || y.type == SP_SQL_V_NULL)
                        return from_bool(is_equal == (x.type == y.type));
                return SP_SQL_MAYBE;
        }
        /* TRUE and FALSE together are all there is: left to `=` */
        if ((cx && x.type == SP_SQL_V_BOOL) || (cy && y.type == SP_SQL_V_BOOL))
                return SP_SQL_MAYBE;
        return negate_if(!is_equal, judge_equal(rows, a, b));
}

/* ---- IS ---- */

static enum sp_sql_truth judge_is_null(const struct sp_sql_rows *rows,
                                       const struct sp_sql_node *e)
{
        struct sp_sql_constant v;

        if (sp_sql_constant(e, &v))
                return from_bool(v.type == SP_SQL_V_NULL);
        if (e->kind == SP_SQL_N_ARRAY || e->kind == SP_SQL_N_STRUCT ||
            (e->kind == SP_SQL_N_SUBQUERY && e->op))
                return SP_SQL_NO; /* never NULL */
        /* a computed value may be NULL for all: SAFE_CAST('x' AS INT64) */
        return e->kind == SP_SQL_N_PATH || e->kind == SP_SQL_N_POSTFIX
                       ? by_pick(sp_sql_pick_of(rows, e))
                       : SP_SQL_MAYBE;
}

/* What was NULL is TRUE or FALSE behind IS, so less is known of the opposite. */
static enum sp_sql_truth judge_is_bool(enum sp_sql_truth t, bool is_true, bool is_not)
{
        if (is_true && is_not)
                return t == SP_SQL_NO        ? SP_SQL_YES
                       : t == SP_SQL_SELECTS ? SP_SQL_EXCLUDES
                                             : SP_SQL_MAYBE;
        if (is_true)
                return t == SP_SQL_YES        ? SP_SQL_ALL
                       : t == SP_SQL_EXCLUDES ? SP_SQL_MAYBE
                                              : t;
        if (is_not)
                return t == SP_SQL_YES || t == SP_SQL_ALL ? t : SP_SQL_MAYBE;
        return t == SP_SQL_NO         ? SP_SQL_ALL
               : t == SP_SQL_YES      ? SP_SQL_NO
               : t == SP_SQL_EXCLUDES ? SP_SQL_SELECTS
                                      : SP_SQL_MAYBE;
}

static enum sp_sql_truth judge_is(const struct sp_sql_rows *rows,
                                  const struct sp_sql_node *n)
{
        bool is_not = n->flags & SP_SQL_F_NOT;
        const struct sp_sql_node *e = sp_sql_strip(n->first);

        if (n->op == SP_KW_NULL || n->op == SP_KW_UNKNOWN)
                return negate_if(is_not, judge_is_null(rows, e));
        if (n->op != SP_KW_TRUE && n->op != SP_KW_FALSE)
                return SP_SQL_MAYBE; /* of a graph's elements */
        return judge_is_bool(sp_sql_judge(rows, e), n->op == SP_KW_TRUE, is_not);
}

/* ---- texts ---- */

static bool is_wildcard(char c)
{
        return c == '%' || c == '_';
}

static enum sp_sql_truth judge_like(const struct sp_sql_rows *rows,
                                    const struct sp_sql_node *n)
{
        const struct sp_sql_node *a = n->first, *b = a->next;
        enum sp_sql_truth t = SP_SQL_MAYBE;
        struct sp_sql_constant v;
        size_t i = 0;

        if (sp_sql_same(a, b)) {
                t = SP_SQL_YES;
        } else if (sp_sql_constant(b, &v) && v.type == SP_SQL_V_TEXT) {
                while (i < v.s.n && v.s.p[i] == '%')
                        i++;
                if (v.s.n && i == v.s.n)
                        t = SP_SQL_YES;
                else if (sp_sql_pick_of(rows, a) && /* '%@%' is in every address */
                         (!v.s.n || !is_wildcard(v.s.p[0]) ||
                          !is_wildcard(v.s.p[v.s.n - 1])))
                        t = SP_SQL_SELECTS;
        }
        return negate_if(n->flags & SP_SQL_F_NOT, t);
}

/* ^abc: what matches begins with a certain character. */
static bool is_anchored(struct sp_str pattern)
{
        if (pattern.n < 2 || pattern.p[0] != '^' || memchr(pattern.p, '|', pattern.n))
                return false;
        return ((pattern.p[1] >= '0' && pattern.p[1] <= '9') ||
                (pattern.p[1] >= 'A' && pattern.p[1] <= 'Z') ||
                (pattern.p[1] >= 'a' && pattern.p[1] <= 'z')) &&
               (pattern.n == 2 || !strchr("*?{", pattern.p[2]));
}

static enum sp_sql_truth judge_match(const struct sp_sql_rows *rows,
                                     const struct sp_sql_node *n, bool is_regexp)
{
        static const char *const trivial[] = { ".*", "^.*", ".*$", "^.*$",
                                               "^",  "$",   "^$",  NULL };
        const struct sp_sql_node *a = n->first->next, *b = a->next;
        struct sp_sql_constant v;

        if (!is_regexp && sp_sql_same(a, b))
                return SP_SQL_YES;
        if (!sp_sql_constant(b, &v) || v.type != SP_SQL_V_TEXT)
                return SP_SQL_MAYBE;
        if (!v.s.n)
                return SP_SQL_YES;
        if (is_regexp && sp_sql_is_one_of(v.s, trivial))
                return sp_str_eq(v.s, SP_STR("^$")) ? SP_SQL_MAYBE : SP_SQL_YES;
        return sp_sql_pick_of(rows, a) && (!is_regexp || is_anchored(v.s))
                       ? SP_SQL_SELECTS
                       : SP_SQL_MAYBE;
}

static enum sp_sql_truth judge_call(const struct sp_sql_rows *rows,
                                    const struct sp_sql_node *n)
{
        static const char *const fixes[] = { "starts_with", "ends_with", NULL };
        static const char *const regexps[] = { "regexp_contains", NULL };
        struct sp_str name = sp_sql_called(n);
        bool is_regexp = sp_sql_is_one_of(name, regexps);
        struct sp_sql_constant v;

        if (!name.n || !n->first->next || !n->first->next->next)
                return SP_SQL_MAYBE;
        if (is_regexp || sp_sql_is_one_of(name, fixes))
                return judge_match(rows, n, is_regexp);
        if (sp_str_caseeq(name, SP_STR("contains_substr")) &&
            sp_sql_constant(n->first->next->next, &v) && v.type == SP_SQL_V_TEXT &&
            !v.s.n)
                return SP_SQL_YES;
        return SP_SQL_MAYBE;
}

/* ---- BETWEEN ---- */

static unsigned year_of(struct sp_str date)
{
        unsigned year = 0;

        for (size_t i = 0; i < 4; i++)
                year = year * 10 + (unsigned)(date.p[i] - '0');
        return year;
}

static bool is_narrow(const struct sp_sql_constant *low,
                      const struct sp_sql_constant *high)
{
        int64_t width;

        if (low->type != high->type)
                return false;
        switch (low->type) {
        case SP_SQL_V_INT:
                return !__builtin_sub_overflow(high->i, low->i, &width) &&
                       width <= INTS_MAX;
        case SP_SQL_V_TEXT:
                if (!sp_sql_looks_like_date(low->s) || !sp_sql_looks_like_date(high->s))
                        return low->s.n && high->s.n && low->s.p[0] == high->s.p[0] &&
                               !sp_sql_looks_like_date(low->s) &&
                               !sp_sql_looks_like_date(high->s);
                /* fall through */
        case SP_SQL_V_DATE:
        case SP_SQL_V_MOMENT:
                return year_of(high->s) <= year_of(low->s) + YEARS_MAX;
        default:
                return false;
        }
}

static enum sp_sql_truth judge_constant_between(const struct sp_sql_constant *x,
                                                const struct sp_sql_constant *low,
                                                const struct sp_sql_constant *high)
{
        int from, to;

        if (x->type == SP_SQL_V_NULL || low->type == SP_SQL_V_NULL ||
            high->type == SP_SQL_V_NULL)
                return SP_SQL_NO;
        if (!sp_sql_compare_values(low, x, &from) ||
            !sp_sql_compare_values(x, high, &to))
                return SP_SQL_MAYBE;
        return from_bool(from <= 0 && to <= 0);
}

static enum sp_sql_truth judge_between(const struct sp_sql_rows *rows,
                                       const struct sp_sql_node *n)
{
        const struct sp_sql_node *e = n->first, *low = e->next, *high = low->next;
        struct sp_sql_constant x, l, h;
        bool is_range = sp_sql_constant(low, &l) && sp_sql_constant(high, &h);
        enum sp_sql_truth t = SP_SQL_MAYBE;

        if (sp_sql_same(e, low) && sp_sql_same(e, high))
                t = SP_SQL_YES;
        else if (is_range && sp_sql_constant(e, &x))
                t = judge_constant_between(&x, &l, &h);
        else if (is_range && sp_sql_pick_of(rows, e) == SP_SQL_PICK_FULL &&
                 is_narrow(&l, &h))
                t = SP_SQL_SELECTS;
        return negate_if(n->flags & SP_SQL_F_NOT, t);
}

/* e >= v: 1; e <= v: -1; 0: neither */
static int bound(const struct sp_sql_node *n, const struct sp_sql_node **e,
                 struct sp_sql_constant *v)
{
        unsigned op;

        n = sp_sql_strip(n);
        if (n->kind != SP_SQL_N_COMPARE)
                return 0;
        op = n->op;
        *e = n->first;
        if (!sp_sql_constant(n->first->next, v)) {
                *e = n->first->next;
                op = sp_sql_mirror(op);
                if (!sp_sql_constant(n->first, v))
                        return 0;
        }
        return op == '>' || op == SP_SQL_T_GE   ? 1
               : op == '<' || op == SP_SQL_T_LE ? -1
                                                : 0;
}

bool sp_sql_is_narrow_pair(const struct sp_sql_rows *rows, const struct sp_sql_node *a,
                           const struct sp_sql_node *b)
{
        const struct sp_sql_node *x = NULL, *y = NULL;
        struct sp_sql_constant v, w;
        int side = bound(a, &x, &v);

        if (!side || bound(b, &y, &w) != -side || !sp_sql_same(x, y) ||
            sp_sql_pick_of(rows, x) != SP_SQL_PICK_FULL)
                return false;
        return side > 0 ? is_narrow(&v, &w) : is_narrow(&w, &v);
}

/* ---- IN ---- */

/* Elements of IN (…) or IN UNNEST([…]); NULL when they are not in the text. */
static const struct sp_sql_node *elements_of(const struct sp_sql_node *right)
{
        const struct sp_sql_node *array;

        if (right->kind == SP_SQL_N_LIST)
                return right->first;
        if (right->kind != SP_SQL_N_UNNEST || !right->first || right->first->next)
                return NULL;
        array = sp_sql_strip(right->first->first);
        if (!array || array->kind != SP_SQL_N_ARRAY)
                return NULL;
        array = array->first;
        return array && array->kind == SP_SQL_N_TYPE ? array->next : array;
}

/* A constant in a list. */
static enum sp_sql_truth find_constant(const struct sp_sql_rows *rows,
                                       const struct sp_sql_constant *x,
                                       const struct sp_sql_node *elements)
{
        enum sp_sql_truth t = SP_SQL_NO;

        for (const struct sp_sql_node *c = elements; c; c = c->next) {
                struct sp_sql_constant y;
                bool is_known;
                int order;

                if (x->type == SP_SQL_V_BOOL && x->i &&
                    sp_sql_judge(rows, c) == SP_SQL_YES)
                        return SP_SQL_YES;
                is_known = sp_sql_constant(c, &y);
                if (is_known && y.type == SP_SQL_V_NULL)
                        continue;
                if (!is_known || !sp_sql_compare_values(x, &y, &order))
                        t = SP_SQL_MAYBE;
                else if (!order)
                        return SP_SQL_YES;
        }
        return x->type == SP_SQL_V_NULL ? SP_SQL_NO : t;
}

static enum sp_sql_truth judge_elements(const struct sp_sql_rows *rows,
                                        const struct sp_sql_node *e,
                                        const struct sp_sql_node *elements)
{
        bool is_plain_list = true, has_bool[2] = { false, false };
        enum sp_sql_pick pick = sp_sql_pick_of(rows, e);

        for (const struct sp_sql_node *c = elements; c; c = c->next) {
                struct sp_sql_constant y;

                if (sp_sql_same(e, c))
                        return SP_SQL_YES;
                if (sp_sql_is_bool(c, &y))
                        has_bool[y.i != 0] = true;
                else if (!sp_sql_is_plain(c))
                        is_plain_list = false;
        }
        if (has_bool[0] && has_bool[1])
                return SP_SQL_YES;
        if (has_bool[0] || has_bool[1])
                return SP_SQL_MAYBE;
        if (!elements->next)
                return judge_equal(rows, e, elements);
        return is_plain_list && pick == SP_SQL_PICK_FULL ? SP_SQL_SELECTS
                                                         : SP_SQL_MAYBE;
}

static enum sp_sql_truth judge_in(const struct sp_sql_rows *rows,
                                  const struct sp_sql_node *n)
{
        const struct sp_sql_node *e = n->first, *right = n->last,
                                 *elements = elements_of(right), *item;
        enum sp_sql_truth t = SP_SQL_MAYBE;
        struct sp_sql_constant x;

        if (elements && sp_sql_constant(e, &x)) {
                t = find_constant(rows, &x, elements);
        } else if (elements) {
                t = judge_elements(rows, e, elements);
        } else if (right->kind == SP_SQL_N_SUBQUERY) {
                item = sp_sql_only_item(right);
                if (item && sp_sql_same(e, item))
                        t = SP_SQL_YES;
        }
        return negate_if(n->flags & SP_SQL_F_NOT, t);
}

/* ---- EXISTS ---- */

static enum sp_sql_truth judge_exists(const struct sp_sql_node *n)
{
        const struct sp_sql_node *q = n->last, *s;

        if (!q || q->kind != SP_SQL_N_QUERY || !q->first || q->first->next)
                return SP_SQL_MAYBE;
        s = q->first;
        if (s->kind != SP_SQL_N_SELECT)
                return SP_SQL_MAYBE;
        /* without FROM a SELECT has one row; WHERE and the rest make it MAYBE */
        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                if (c->kind != SP_SQL_N_ITEM)
                        return SP_SQL_MAYBE;
        return SP_SQL_YES;
}

enum sp_sql_truth sp_sql_judge_predicate(const struct sp_sql_rows *rows,
                                         const struct sp_sql_node *n)
{
        const struct sp_sql_node *item;

        switch (n->kind) {
        case SP_SQL_N_COMPARE:
                return judge_comparison(rows, n);
        case SP_SQL_N_IS:
                return judge_is(rows, n);
        case SP_SQL_N_IS_DISTINCT:
                return judge_distinct(rows, n);
        case SP_SQL_N_LIKE:
                return judge_like(rows, n);
        case SP_SQL_N_BETWEEN:
                return judge_between(rows, n);
        case SP_SQL_N_IN:
                return judge_in(rows, n);
        case SP_SQL_N_CALL:
                return judge_call(rows, n);
        case SP_SQL_N_SUBQUERY:
                if (n->op == SP_KW_EXISTS)
                        return judge_exists(n);
                item = n->op ? NULL : sp_sql_only_item(n);
                return item ? sp_sql_judge(rows, item) : SP_SQL_MAYBE;
        default:
                return SP_SQL_MAYBE;
        }
}
