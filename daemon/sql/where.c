/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a condition chooses rows or only looks as if it did. Not a proof system:
 * constants are computed, the usual tautologies recognised, and what depends on
 * something that is not in the text (parameters, variables, subqueries, unknown
 * functions) is "unproven".
 */
#include "daemon/sql/constant.h"
#include "daemon/sql/facts.h"

enum truth {
        YES, /* true for every row, but perhaps those where a column is NULL */
        NO, /* false or NULL for every row */
        SELECTS, /* depends on the row in a way that chooses */
        MAYBE, /* cannot be told: may be true for every row */
};

#define OPERANDS_MAX 64 /* of one OR, compared pair by pair */

static enum truth judge(const struct sp_sql_parser *p, const struct sp_sql_node *n);

/* What to say of an expression of which only its dependencies are known. */
static enum truth by_dependency(const struct sp_sql_parser *p,
                                const struct sp_sql_node *n)
{
        struct sp_sql_depends d = sp_sql_depends_on(p, n);

        return d.on_column && !d.on_unknown ? SELECTS : MAYBE;
}

static enum truth from_bool(bool b)
{
        return b ? YES : NO;
}

/* ---- predicates ---- */

static enum truth negate(enum truth t)
{
        return t == YES ? NO : t == NO ? YES : t;
}

/* Only values >= 0 come out: LENGTH(x) >= 0 chooses nothing. */
static bool is_non_negative(const struct sp_sql_node *n)
{
        static const char *const names[] = {
                "length",      "char_length",  "character_length",
                "byte_length", "octet_length", "array_length",
                "abs",         "bit_count",    "rand"
        };

        n = sp_sql_strip(n);
        if (n->kind != SP_SQL_N_CALL || n->first->kind != SP_SQL_N_PATH ||
            !n->first->first)
                return false;
        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_str_caseeq(n->first->last->text, sp_str_c(names[i])))
                        return true;
        return false;
}

/* expression op constant */
static enum truth judge_against(const struct sp_sql_parser *p,
                                const struct sp_sql_node *e, unsigned op,
                                const struct sp_sql_value *v,
                                const struct sp_sql_node *whole)
{
        if (v->type == SP_SQL_V_NULL)
                return NO; /* a comparison with NULL is never true */
        if (v->type == SP_SQL_V_BOOL && (op == '=' || op == SP_SQL_T_NE)) {
                enum truth t = judge(p, e);

                return (op == '=') == (v->i != 0) ? t : negate(t);
        }
        if (v->type == SP_SQL_V_INT && is_non_negative(e)) {
                if ((op == SP_SQL_T_GE && v->i <= 0) || (op == '>' && v->i < 0) ||
                    (op == SP_SQL_T_NE && v->i < 0))
                        return YES;
        }
        return by_dependency(p, whole);
}

static enum truth judge_comparison(const struct sp_sql_parser *p,
                                   const struct sp_sql_node *n)
{
        const struct sp_sql_node *a = n->first, *b = a->next;
        struct sp_sql_value x, y;
        bool cx = sp_sql_constant(a, &x), cy = sp_sql_constant(b, &y);
        struct sp_sql_depends da, db;

        if (cx && cy) {
                if (x.type == SP_SQL_V_NULL || y.type == SP_SQL_V_NULL)
                        return NO;
                return x.type == y.type ? from_bool(sp_sql_holds(
                                                  n->op, sp_sql_compare_values(&x, &y)))
                                        : MAYBE;
        }
        if (cy)
                return judge_against(p, a, n->op, &y, n);
        if (cx)
                return judge_against(p, b, sp_sql_mirror(n->op), &x, n);
        if (sp_sql_same(a, b))
                return from_bool(sp_sql_holds(n->op, 0));
        da = sp_sql_depends_on(p, a);
        db = sp_sql_depends_on(p, b);
        /* x = x + 0, CONCAT(x, '') = x: the same column on both sides */
        if (da.column && db.column)
                return da.on_unknown || db.on_unknown ||
                                       sp_sql_same_path(da.column, db.column)
                               ? MAYBE
                               : SELECTS;
        if (!da.on_column && !db.on_column)
                return MAYBE;
        /* id = @id picks one value; id >= @id may be all */
        return n->op == '=' && !(da.on_column ? da.on_unknown : db.on_unknown)
                       ? SELECTS
                       : by_dependency(p, n);
}

static enum truth judge_is(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        bool is_not = n->flags & SP_SQL_F_NOT;
        const struct sp_sql_node *e = sp_sql_strip(n->first);
        struct sp_sql_value v;
        enum truth t;

        if (n->op == SP_KW_NULL || n->op == SP_KW_UNKNOWN) {
                if (sp_sql_constant(e, &v))
                        return (v.type == SP_SQL_V_NULL) != is_not ? YES : NO;
                if (e->kind == SP_SQL_N_ARRAY || e->kind == SP_SQL_N_STRUCT ||
                    (e->kind == SP_SQL_N_SUBQUERY && e->op))
                        return is_not ? YES : NO; /* never NULL */
                /* most columns have no NULL, so IS NOT NULL mostly chooses nothing */
                return is_not ? MAYBE : by_dependency(p, e);
        }
        t = judge(p, e);
        if (n->op == SP_KW_FALSE)
                t = negate(t);
        if (!is_not)
                return t;
        return t == SELECTS ? SELECTS : negate(t);
}

static bool is_any_pattern(const struct sp_sql_node *n)
{
        n = sp_sql_strip(n);
        if (n->kind != SP_SQL_N_STRING || !n->text.n)
                return false;
        for (size_t i = 0; i < n->text.n; i++)
                if (n->text.p[i] != '%')
                        return false;
        return true;
}

static enum truth judge_like(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *a = n->first, *b = a->next;
        enum truth t;
        struct sp_sql_value v;

        if (is_any_pattern(b) || sp_sql_same(a, b))
                t = YES;
        else if (sp_sql_constant(a, &v) && sp_sql_constant(b, &v))
                t = MAYBE;
        else
                t = by_dependency(p, n);
        return n->flags & SP_SQL_F_NOT ? negate(t) : t;
}

static enum truth judge_between(const struct sp_sql_parser *p,
                                const struct sp_sql_node *n)
{
        const struct sp_sql_node *e = n->first, *low = e->next, *high = low->next;
        struct sp_sql_value x, l, h;
        enum truth t;

        if ((sp_sql_same(e, low) && sp_sql_same(e, high)))
                t = YES;
        else if (sp_sql_constant(e, &x) && sp_sql_constant(low, &l) &&
                 sp_sql_constant(high, &h))
                t = x.type == l.type && x.type == h.type && x.type != SP_SQL_V_NULL
                            ? (sp_sql_compare_values(&l, &x) <= 0 &&
                                               sp_sql_compare_values(&x, &h) <= 0
                                       ? YES
                                       : NO)
                    : x.type == SP_SQL_V_NULL || l.type == SP_SQL_V_NULL ||
                                    h.type == SP_SQL_V_NULL
                            ? NO
                            : MAYBE;
        else if (sp_sql_same(e, low) || sp_sql_same(e, high))
                t = MAYBE;
        else
                t = by_dependency(p, n);
        return n->flags & SP_SQL_F_NOT ? negate(t) : t;
}

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

static enum truth judge_elements(const struct sp_sql_parser *p,
                                 const struct sp_sql_node *e,
                                 const struct sp_sql_node *elements)
{
        struct sp_sql_value x, y;
        bool is_constant = sp_sql_constant(e, &x), all_constant = is_constant;
        struct sp_sql_depends d = sp_sql_depends_on(p, e);
        enum truth t = NO;

        for (const struct sp_sql_node *c = elements; c; c = c->next) {
                bool cy = sp_sql_constant(c, &y);

                if (sp_sql_same(e, c) && !(cy && y.type == SP_SQL_V_NULL))
                        return YES;
                if (is_constant && x.type == SP_SQL_V_BOOL && x.i && judge(p, c) == YES)
                        return YES;
                if (!cy) {
                        struct sp_sql_depends dc = sp_sql_depends_on(p, c);

                        if (!d.on_column && (!dc.on_column || dc.on_unknown))
                                t = MAYBE;
                        if (dc.column && d.column &&
                            sp_sql_same_path(dc.column, d.column))
                                t = MAYBE;
                        all_constant = false;
                } else if (is_constant && x.type == y.type && x.type != SP_SQL_V_NULL &&
                           sp_sql_compare_values(&x, &y) == 0) {
                        return YES;
                }
        }
        if (t == MAYBE || all_constant)
                return t;
        return d.on_unknown ? MAYBE : SELECTS;
}

static enum truth judge_in(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *e = n->first, *right = n->last,
                                 *elements = elements_of(right), *item;
        enum truth t = MAYBE;

        if (elements) {
                t = judge_elements(p, e, elements);
        } else if (right->kind == SP_SQL_N_SUBQUERY) {
                item = sp_sql_only_item(right);
                if (item && sp_sql_same(e, item))
                        t = YES;
        }
        return n->flags & SP_SQL_F_NOT ? negate(t) : t;
}

static enum truth judge_exists(const struct sp_sql_node *n)
{
        const struct sp_sql_node *q = n->last, *s;

        if (!q || q->kind != SP_SQL_N_QUERY || !q->first || q->first->next)
                return MAYBE;
        s = q->first;
        if (s->kind == SP_SQL_N_QUERY)
                return MAYBE;
        if (s->kind != SP_SQL_N_SELECT)
                return MAYBE;
        /* without FROM a SELECT has one row; WHERE and the rest need a FROM or make it
         * MAYBE */
        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                if (c->kind != SP_SQL_N_ITEM)
                        return MAYBE;
        return YES;
}

/* ---- conditional expressions ---- */

/* One arm: its result counts when its condition may hold. */
static enum truth judge_arm(enum truth condition, enum truth result)
{
        if (condition == NO || result == NO)
                return NO;
        if (condition == YES)
                return result;
        return condition == MAYBE || result == MAYBE ? MAYBE : SELECTS;
}

struct arms {
        bool all_yes, any, decided;
        enum truth sum;
};

static void add_arm(struct arms *a, enum truth condition, enum truth result)
{
        enum truth t;

        if (a->decided || condition == NO)
                return;
        t = judge_arm(condition, result);
        if (result != YES)
                a->all_yes = false;
        if (t == MAYBE || (t == SELECTS && a->sum == NO))
                a->sum = t;
        if (condition == YES) {
                a->decided = true;
                if (a->any && (result == YES || result == MAYBE))
                        a->sum = MAYBE; /* all the rows that are left */
                else if (!a->any || a->sum == NO)
                        a->sum = result;
        }
        a->any = true;
}

static enum truth sum_arms(const struct arms *a)
{
        return a->all_yes && a->decided ? YES : a->sum;
}

static enum truth judge_case(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        struct arms a = { .all_yes = true, .sum = NO };

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_WHEN)
                        add_arm(&a, n->op ? MAYBE : judge(p, c->first),
                                judge(p, c->last));
                else if (c->kind == SP_SQL_N_ELSE)
                        add_arm(&a, YES, judge(p, c->first));
        }
        return sum_arms(&a);
}

static enum truth judge_coalesce(const struct sp_sql_parser *p,
                                 const struct sp_sql_node *args)
{
        enum truth t = NO;

        for (const struct sp_sql_node *c = args; c; c = c->next) {
                enum truth one = judge(p, c);
                struct sp_sql_value v;

                if (sp_sql_constant(c, &v) && v.type == SP_SQL_V_NULL)
                        continue;
                if (c == args || t == NO)
                        t = one;
                else if (one == YES || one == MAYBE)
                        t = t == YES
                                    ? YES
                                    : MAYBE; /* a column that is NULL lets it through */
                if (one == YES || (sp_sql_constant(c, &v) && v.type == SP_SQL_V_BOOL))
                        return t;
        }
        return t;
}

static enum truth judge_call(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *path = n->first, *a = path ? path->next : NULL,
                                 *b = a ? a->next : NULL, *c = b ? b->next : NULL;
        struct sp_str name;
        struct sp_sql_value v;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first ||
            path->first != path->last)
                return MAYBE;
        name = path->first->text;
        if (sp_str_caseeq(name, SP_STR("if")) && c) {
                struct arms arms = { .all_yes = true, .sum = NO };

                add_arm(&arms, judge(p, a), judge(p, b));
                add_arm(&arms, YES, judge(p, c));
                return sum_arms(&arms);
        }
        if (a && (sp_str_caseeq(name, SP_STR("ifnull")) ||
                  sp_str_caseeq(name, SP_STR("coalesce"))))
                return judge_coalesce(p, a);
        if (b &&
            (sp_str_caseeq(name, SP_STR("starts_with")) ||
             sp_str_caseeq(name, SP_STR("ends_with")) ||
             sp_str_caseeq(name, SP_STR("regexp_contains")) ||
             sp_str_caseeq(name, SP_STR("contains_substr"))) &&
            ((sp_sql_constant(b, &v) && v.type == SP_SQL_V_TEXT &&
              (!v.s.n || sp_str_eq(v.s, SP_STR(".*")) || sp_str_eq(v.s, SP_STR(".")) ||
               sp_str_eq(v.s, SP_STR("^")) || sp_str_eq(v.s, SP_STR("$")))) ||
             sp_sql_same(a, b)))
                return YES;
        return by_dependency(p, n);
}

/* ---- AND, OR, NOT ---- */

static enum truth judge_and(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        enum truth t = YES;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                enum truth one = judge(p, c);

                if (one == NO)
                        return NO;
                if (one == SELECTS || (one == MAYBE && t == YES))
                        t = one; /* one that chooses is enough */
        }
        return t;
}

static enum truth judge_or(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        enum truth t = NO;
        size_t count = 0;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                enum truth one = judge(p, c);

                if (one == YES)
                        return YES;
                if (one == MAYBE || (one == SELECTS && t == NO))
                        t = one;
                for (const struct sp_sql_node *d = n->first;
                     d != c && count <= OPERANDS_MAX; d = d->next)
                        if (sp_sql_is_complement(c, d))
                                return YES;
                count++;
        }
        return t == SELECTS && count > OPERANDS_MAX ? MAYBE : t;
}

static enum truth judge(const struct sp_sql_parser *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *item;

        n = sp_sql_strip(n);
        switch (n->kind) {
        case SP_SQL_N_TRUE:
                return YES;
        case SP_SQL_N_FALSE:
        case SP_SQL_N_NULL:
                return NO;
        case SP_SQL_N_AND:
                return judge_and(p, n);
        case SP_SQL_N_OR:
                return judge_or(p, n);
        case SP_SQL_N_NOT:
                return negate(judge(p, n->first));
        case SP_SQL_N_COMPARE:
                return judge_comparison(p, n);
        case SP_SQL_N_IS:
                return judge_is(p, n);
        case SP_SQL_N_IS_DISTINCT:
                if (sp_sql_same(n->first, n->first->next))
                        return n->flags & SP_SQL_F_NOT ? YES : NO;
                return by_dependency(p, n);
        case SP_SQL_N_LIKE:
                return judge_like(p, n);
        case SP_SQL_N_BETWEEN:
                return judge_between(p, n);
        case SP_SQL_N_IN:
                return judge_in(p, n);
        case SP_SQL_N_CASE:
                return judge_case(p, n);
        case SP_SQL_N_CALL:
                return judge_call(p, n);
        case SP_SQL_N_CAST:
                return judge(p, n->first);
        case SP_SQL_N_SUBQUERY:
                if (n->op == SP_KW_EXISTS)
                        return judge_exists(n);
                item = n->op ? NULL : sp_sql_only_item(n);
                return item ? judge(p, item) : MAYBE;
        case SP_SQL_N_PATH:
        case SP_SQL_N_POSTFIX:
                return by_dependency(p, n);
        default:
                return MAYBE;
        }
}

/* ---- statements ---- */

static enum sp_sql_where as_where(enum truth t)
{
        switch (t) {
        case YES:
                return SP_SQL_WHERE_ALWAYS_TRUE;
        case MAYBE:
                return SP_SQL_WHERE_UNPROVEN;
        default:
                return SP_SQL_WHERE_SELECTIVE;
        }
}

static const struct sp_sql_node *find(const struct sp_sql_node *n,
                                      enum sp_sql_node_kind kind)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == kind)
                        return c;
        return NULL;
}

/* The rows of the target that one WHEN touches. Rows without a partner are all of them
 * when nothing matches, and whether something does depends on the source. */
static enum sp_sql_where judge_when(const struct sp_sql_parser *p,
                                    const struct sp_sql_node *when, enum truth on)
{
        const struct sp_sql_node *where = find(when, SP_SQL_N_WHERE);
        enum truth and = where ? judge(p, where->first) : YES;

        if (when->op & SP_SQL_MERGE_INSERT)
                return SP_SQL_WHERE_SELECTIVE; /* touches no row that is there */
        if (when->op & SP_SQL_MERGE_MATCHED) {
                if (on == NO || and == NO)
                        return SP_SQL_WHERE_SELECTIVE;
                return as_where(on == SELECTS || and == SELECTS ? SELECTS
                                : on == MAYBE || and == MAYBE   ? MAYBE
                                                                : YES);
        }
        if (on == YES || and == NO)
                return SP_SQL_WHERE_SELECTIVE;
        if (on == NO && and == YES)
                return where ? SP_SQL_WHERE_ALWAYS_TRUE : SP_SQL_WHERE_ABSENT;
        return as_where(and == YES ? MAYBE : and);
}

static enum sp_sql_where judge_merge(const struct sp_sql_parser *p,
                                     const struct sp_sql_node *n)
{
        enum sp_sql_where least = SP_SQL_WHERE_SELECTIVE;
        const struct sp_sql_node *on = find(n, SP_SQL_N_ON);
        enum truth t = on ? judge(p, on->first) : MAYBE;

        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == SP_SQL_N_MERGE_WHEN) {
                        enum sp_sql_where w = judge_when(p, c, t);

                        if (w < least) /* the enum is in this order */
                                least = w;
                }
        return least;
}

enum sp_sql_where sp_sql_where_of(const struct sp_sql_parser *p,
                                  const struct sp_sql_node *statement)
{
        const struct sp_sql_node *where = find(statement, SP_SQL_N_WHERE);

        switch (statement->op) {
        case SP_SQL_MERGE:
                return judge_merge(p, statement);
        case SP_SQL_UPDATE:
        case SP_SQL_DELETE:
        case SP_SQL_TRUNCATE:
                return where ? as_where(judge(p, where->first)) : SP_SQL_WHERE_ABSENT;
        default:
                return SP_SQL_WHERE_NONE;
        }
}
