/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a condition chooses rows or only looks as if it did. Not a proof system: constants
 * are computed, the usual tautologies recognised, and what depends on something that is not in
 * the text (parameters, variables, subqueries, unknown functions) is "unproven".
 */
#include "daemon/sql/builtin.h"
#include "daemon/sql/facts.h"

enum truth {
        YES, /* true for every row, but perhaps those where a column is NULL */
        NO, /* false or NULL for every row */
        SELECTS, /* depends on the row in a way that chooses */
        MAYBE, /* cannot be told: may be true for every row */
};

#define OPERANDS_MAX 64 /* of one OR, compared pair by pair */

struct value {
        enum { NOTHING, NULL_, BOOL, INT, TEXT } type;
        int64_t i; /* BOOL, INT */
        struct sp_str s;
};

struct judge {
        const struct sp_sql_parser *p;
};

static enum truth judge(const struct judge *j, const struct sp_sql_node *n);

static const struct sp_sql_node *strip(const struct sp_sql_node *n)
{
        while (n && n->kind == SP_SQL_N_PAREN)
                n = n->first;
        return n;
}

/* ---- sameness ---- */

/* x and t.x name the same column: one path ends with the other. */
static bool same_path(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        size_t na = 0, nb = 0;
        const struct sp_sql_node *c;

        for (c = a->first; c; c = c->next)
                na++;
        for (c = b->first; c; c = c->next)
                nb++;
        a = a->first;
        b = b->first;
        for (; na > nb; na--)
                a = a->next;
        for (; nb > na; nb--)
                b = b->next;
        for (; a && b; a = a->next, b = b->next)
                if (!sp_str_caseeq(a->text, b->text))
                        return false;
        return true;
}

static bool same(const struct sp_sql_node *a, const struct sp_sql_node *b);

static bool same_children(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        for (a = a->first, b = b->first; a && b; a = a->next, b = b->next)
                if (a->link != b->link || !same(a, b))
                        return false;
        return !a && !b;
}

static bool same(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        a = strip(a);
        b = strip(b);
        if (!a || !b || a->kind != b->kind)
                return false;
        if (a->kind == SP_SQL_N_PATH)
                return same_path(a, b);
        /* two `?` are two values; a query may read something else each time */
        if (a->kind == SP_SQL_N_SUBQUERY || (a->kind == SP_SQL_N_PARAM && !a->text.n))
                return false;
        if (a->op != b->op || a->flags != b->flags)
                return false;
        if (a->kind == SP_SQL_N_STRING || a->kind == SP_SQL_N_BYTES) {
                if (!sp_str_eq(a->text, b->text))
                        return false;
        } else if (!sp_str_caseeq(a->text, b->text)) {
                return false;
        }
        return same_children(a, b);
}

/* ---- what an expression depends on ---- */

struct depends {
        bool on_column, on_unknown;
        const struct sp_sql_node *column; /* the first one */
};

static bool is_variable(const struct judge *j, const struct sp_sql_node *path)
{
        const struct sp_str *v = j->p->variables.v;

        for (size_t i = 0; i < j->p->variables.n; i++)
                if (sp_str_caseeq(v[i], path->first->text))
                        return true;
        return false;
}

static bool is_known_function(const struct sp_sql_node *call)
{
        const struct sp_sql_node *path = call->first;
        char lower[64];

        if (!path || path->kind != SP_SQL_N_PATH || !path->first || path->first != path->last ||
            path->first->text.n >= sizeof(lower))
                return false;
        for (size_t i = 0; i < path->first->text.n; i++) {
                char c = path->first->text.p[i];

                lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        return sp_sql_is_builtin(sp_str(lower, path->first->text.n));
}

static void depends(const struct judge *j, const struct sp_sql_node *n, struct depends *d)
{
        const struct sp_sql_node *c = n->first;

        switch (n->kind) {
        case SP_SQL_N_PATH:
                if (n->first && is_variable(j, n)) {
                        d->on_unknown = true;
                        return;
                }
                d->on_column = true;
                if (!d->column)
                        d->column = n;
                return;
        case SP_SQL_N_PARAM:
        case SP_SQL_N_SYSTEM:
        case SP_SQL_N_SUBQUERY:
                d->on_unknown = true;
                return;
        case SP_SQL_N_CALL:
                if (!is_known_function(n))
                        d->on_unknown = true;
                c = c ? c->next : NULL; /* the function's name is no column */
                break;
        case SP_SQL_N_TYPE:
        case SP_SQL_N_NAME:
                return;
        case SP_SQL_N_INTERVAL:
        case SP_SQL_N_EXTRACT:
                break;
        default:
                break;
        }
        for (; c; c = c->next)
                depends(j, c, d);
}

static struct depends depends_on(const struct judge *j, const struct sp_sql_node *n)
{
        struct depends d = { 0 };

        depends(j, n, &d);
        return d;
}

/* What to say of an expression of which only its dependencies are known. */
static enum truth by_dependency(const struct judge *j, const struct sp_sql_node *n)
{
        struct depends d = depends_on(j, n);

        return d.on_column && !d.on_unknown ? SELECTS : MAYBE;
}

/* ---- constants ---- */

/* A query that gives exactly one row whatever the data: SELECT e, nothing else. */
static const struct sp_sql_node *only_item(const struct sp_sql_node *subquery)
{
        const struct sp_sql_node *q = subquery->first, *s, *item;

        while (q && q->kind == SP_SQL_N_QUERY && q->first && !q->first->next)
                q = q->first;
        s = q;
        if (!s || s->kind != SP_SQL_N_SELECT || !s->first || s->first->next)
                return NULL;
        item = s->first;
        return item->kind == SP_SQL_N_ITEM ? item->first : NULL;
}

static bool constant(const struct sp_sql_node *n, struct value *v);

static bool constant_sum(const struct sp_sql_node *n, struct value *v)
{
        struct value b;

        if (!constant(n->first, v) || v->type != INT)
                return false;
        for (const struct sp_sql_node *c = n->first->next; c; c = c->next) {
                bool over;

                if (!constant(c, &b) || b.type != INT)
                        return false;
                if (c->link == '+')
                        over = __builtin_add_overflow(v->i, b.i, &v->i);
                else if (c->link == '-')
                        over = __builtin_sub_overflow(v->i, b.i, &v->i);
                else if (c->link == '*')
                        over = __builtin_mul_overflow(v->i, b.i, &v->i);
                else
                        return false;
                if (over)
                        return false;
        }
        return true;
}

static bool constant(const struct sp_sql_node *n, struct value *v)
{
        const struct sp_sql_node *item;

        n = strip(n);
        *v = (struct value){ 0 };
        switch (n->kind) {
        case SP_SQL_N_NULL:
                v->type = NULL_;
                return true;
        case SP_SQL_N_TRUE:
        case SP_SQL_N_FALSE:
                v->type = BOOL;
                v->i = n->kind == SP_SQL_N_TRUE;
                return true;
        case SP_SQL_N_INT:
                v->type = INT;
                return sp_str_i64(n->text, &v->i) == 0;
        case SP_SQL_N_STRING:
                v->type = TEXT;
                v->s = n->text;
                return true;
        case SP_SQL_N_UNARY:
                if (!constant(n->first, v) || v->type != INT || n->op == '~')
                        return false;
                return n->op == '+' || !__builtin_sub_overflow((int64_t)0, v->i, &v->i);
        case SP_SQL_N_BINARY:
                return constant_sum(n, v);
        case SP_SQL_N_SUBQUERY:
                item = n->op ? NULL : only_item(n);
                return item && constant(item, v);
        default:
                return false;
        }
}

static int compare_values(const struct value *a, const struct value *b)
{
        if (a->type == TEXT)
                return sp_str_cmp(a->s, b->s);
        return a->i < b->i ? -1 : a->i > b->i;
}

static enum truth holds(unsigned op, int c)
{
        switch (op) {
        case '=':
                return c == 0 ? YES : NO;
        case SP_SQL_T_NE:
                return c != 0 ? YES : NO;
        case '<':
                return c < 0 ? YES : NO;
        case SP_SQL_T_LE:
                return c <= 0 ? YES : NO;
        case '>':
                return c > 0 ? YES : NO;
        default:
                return c >= 0 ? YES : NO;
        }
}

/* ---- predicates ---- */

static enum truth negate(enum truth t)
{
        return t == YES ? NO : t == NO ? YES : t;
}

/* Only values >= 0 come out: LENGTH(x) >= 0 chooses nothing. */
static bool is_non_negative(const struct sp_sql_node *n)
{
        static const char *const names[] = { "length", "char_length", "character_length",
                                             "byte_length", "octet_length", "array_length",
                                             "abs", "bit_count", "rand" };

        n = strip(n);
        if (n->kind != SP_SQL_N_CALL || n->first->kind != SP_SQL_N_PATH || !n->first->first)
                return false;
        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_str_caseeq(n->first->last->text, sp_str_c(names[i])))
                        return true;
        return false;
}

static unsigned mirror(unsigned op)
{
        switch (op) {
        case '<':
                return '>';
        case '>':
                return '<';
        case SP_SQL_T_LE:
                return SP_SQL_T_GE;
        case SP_SQL_T_GE:
                return SP_SQL_T_LE;
        default:
                return op;
        }
}

/* expression op constant */
static enum truth judge_against(const struct judge *j, const struct sp_sql_node *e, unsigned op,
                                const struct value *v, const struct sp_sql_node *whole)
{
        if (v->type == NULL_)
                return NO; /* a comparison with NULL is never true */
        if (v->type == BOOL && (op == '=' || op == SP_SQL_T_NE)) {
                enum truth t = judge(j, e);

                return (op == '=') == (v->i != 0) ? t : negate(t);
        }
        if (v->type == INT && is_non_negative(e)) {
                if ((op == SP_SQL_T_GE && v->i <= 0) || (op == '>' && v->i < 0) ||
                    (op == SP_SQL_T_NE && v->i < 0))
                        return YES;
        }
        return by_dependency(j, whole);
}

static enum truth judge_comparison(const struct judge *j, const struct sp_sql_node *n)
{
        const struct sp_sql_node *a = n->first, *b = a->next;
        struct value x, y;
        bool cx = constant(a, &x), cy = constant(b, &y);
        struct depends da, db;

        if (cx && cy) {
                if (x.type == NULL_ || y.type == NULL_)
                        return NO;
                return x.type == y.type ? holds(n->op, compare_values(&x, &y)) : MAYBE;
        }
        if (cy)
                return judge_against(j, a, n->op, &y, n);
        if (cx)
                return judge_against(j, b, mirror(n->op), &x, n);
        if (same(a, b))
                return holds(n->op, 0);
        da = depends_on(j, a);
        db = depends_on(j, b);
        /* x = x + 0, CONCAT(x, '') = x: the same column on both sides */
        if (da.column && db.column)
                return da.on_unknown || db.on_unknown || same_path(da.column, db.column)
                               ? MAYBE
                               : SELECTS;
        if (!da.on_column && !db.on_column)
                return MAYBE;
        /* id = @id picks one value; id >= @id may be all */
        return n->op == '=' && !(da.on_column ? da.on_unknown : db.on_unknown)
                       ? SELECTS
                       : by_dependency(j, n);
}

static enum truth judge_is(const struct judge *j, const struct sp_sql_node *n)
{
        bool is_not = n->flags & SP_SQL_F_NOT;
        const struct sp_sql_node *e = strip(n->first);
        struct value v;
        enum truth t;

        if (n->op == SP_KW_NULL || n->op == SP_KW_UNKNOWN) {
                if (constant(e, &v))
                        return (v.type == NULL_) != is_not ? YES : NO;
                if (e->kind == SP_SQL_N_ARRAY || e->kind == SP_SQL_N_STRUCT ||
                    (e->kind == SP_SQL_N_SUBQUERY && e->op))
                        return is_not ? YES : NO; /* never NULL */
                /* most columns have no NULL, so IS NOT NULL mostly chooses nothing */
                return is_not ? MAYBE : by_dependency(j, e);
        }
        t = judge(j, e);
        if (n->op == SP_KW_FALSE)
                t = negate(t);
        if (!is_not)
                return t;
        return t == SELECTS ? SELECTS : negate(t);
}

static bool is_any_pattern(const struct sp_sql_node *n)
{
        n = strip(n);
        if (n->kind != SP_SQL_N_STRING || !n->text.n)
                return false;
        for (size_t i = 0; i < n->text.n; i++)
                if (n->text.p[i] != '%')
                        return false;
        return true;
}

static enum truth judge_like(const struct judge *j, const struct sp_sql_node *n)
{
        const struct sp_sql_node *a = n->first, *b = a->next;
        enum truth t;
        struct value v;

        if (is_any_pattern(b) || same(a, b))
                t = YES;
        else if (constant(a, &v) && constant(b, &v))
                t = MAYBE;
        else
                t = by_dependency(j, n);
        return n->flags & SP_SQL_F_NOT ? negate(t) : t;
}

static enum truth judge_between(const struct judge *j, const struct sp_sql_node *n)
{
        const struct sp_sql_node *e = n->first, *low = e->next, *high = low->next;
        struct value x, l, h;
        enum truth t;

        if ((same(e, low) && same(e, high)))
                t = YES;
        else if (constant(e, &x) && constant(low, &l) && constant(high, &h))
                t = x.type == l.type && x.type == h.type && x.type != NULL_
                            ? (compare_values(&l, &x) <= 0 && compare_values(&x, &h) <= 0 ? YES
                                                                                         : NO)
                            : x.type == NULL_ || l.type == NULL_ || h.type == NULL_ ? NO
                                                                                    : MAYBE;
        else if (same(e, low) || same(e, high))
                t = MAYBE;
        else
                t = by_dependency(j, n);
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
        array = strip(right->first->first);
        if (!array || array->kind != SP_SQL_N_ARRAY)
                return NULL;
        array = array->first;
        return array && array->kind == SP_SQL_N_TYPE ? array->next : array;
}

static enum truth judge_elements(const struct judge *j, const struct sp_sql_node *e,
                                 const struct sp_sql_node *elements)
{
        struct value x, y;
        bool is_constant = constant(e, &x), all_constant = is_constant;
        struct depends d = depends_on(j, e);
        enum truth t = NO;

        for (const struct sp_sql_node *c = elements; c; c = c->next) {
                bool cy = constant(c, &y);

                if (same(e, c) && !(cy && y.type == NULL_))
                        return YES;
                if (is_constant && x.type == BOOL && x.i && judge(j, c) == YES)
                        return YES;
                if (!cy) {
                        struct depends dc = depends_on(j, c);

                        if (!d.on_column && (!dc.on_column || dc.on_unknown))
                                t = MAYBE;
                        if (dc.column && d.column && same_path(dc.column, d.column))
                                t = MAYBE;
                        all_constant = false;
                } else if (is_constant && x.type == y.type && x.type != NULL_ &&
                           compare_values(&x, &y) == 0) {
                        return YES;
                }
        }
        if (t == MAYBE || all_constant)
                return t;
        return d.on_unknown ? MAYBE : SELECTS;
}

static enum truth judge_in(const struct judge *j, const struct sp_sql_node *n)
{
        const struct sp_sql_node *e = n->first, *right = n->last,
                                 *elements = elements_of(right), *item;
        enum truth t = MAYBE;

        if (elements) {
                t = judge_elements(j, e, elements);
        } else if (right->kind == SP_SQL_N_SUBQUERY) {
                item = only_item(right);
                if (item && same(e, item))
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
        /* without FROM a SELECT has one row; WHERE and the rest need a FROM or make it MAYBE */
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
        bool all_yes, decided;
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
                if (a->sum == NO)
                        a->sum = result;
                else if (result == YES) /* ELSE TRUE behind arms that choose */
                        a->sum = MAYBE;
        }
}

static enum truth sum_arms(const struct arms *a)
{
        return a->all_yes && a->decided ? YES : a->sum;
}

static enum truth judge_case(const struct judge *j, const struct sp_sql_node *n)
{
        struct arms a = { .all_yes = true, .sum = NO };

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_WHEN)
                        add_arm(&a, n->op ? MAYBE : judge(j, c->first), judge(j, c->last));
                else if (c->kind == SP_SQL_N_ELSE)
                        add_arm(&a, YES, judge(j, c->first));
        }
        return sum_arms(&a);
}

static enum truth judge_coalesce(const struct judge *j, const struct sp_sql_node *args)
{
        enum truth t = NO;

        for (const struct sp_sql_node *c = args; c; c = c->next) {
                enum truth one = judge(j, c);
                struct value v;

                if (constant(c, &v) && v.type == NULL_)
                        continue;
                if (c == args || t == NO)
                        t = one;
                else if (one == YES || one == MAYBE)
                        t = t == YES ? YES : MAYBE; /* a column that is NULL lets it through */
                if (one == YES || (constant(c, &v) && v.type == BOOL))
                        return t;
        }
        return t;
}

static enum truth judge_call(const struct judge *j, const struct sp_sql_node *n)
{
        const struct sp_sql_node *path = n->first, *a = path ? path->next : NULL,
                                 *b = a ? a->next : NULL, *c = b ? b->next : NULL;
        struct sp_str name;
        struct value v;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first || path->first != path->last)
                return MAYBE;
        name = path->first->text;
        if (sp_str_caseeq(name, SP_STR("if")) && c) {
                struct arms arms = { .all_yes = true, .sum = NO };

                add_arm(&arms, judge(j, a), judge(j, b));
                add_arm(&arms, YES, judge(j, c));
                return sum_arms(&arms);
        }
        if (a && (sp_str_caseeq(name, SP_STR("ifnull")) ||
                  sp_str_caseeq(name, SP_STR("coalesce"))))
                return judge_coalesce(j, a);
        if (b && (sp_str_caseeq(name, SP_STR("starts_with")) ||
                  sp_str_caseeq(name, SP_STR("ends_with")) ||
                  sp_str_caseeq(name, SP_STR("regexp_contains")) ||
                  sp_str_caseeq(name, SP_STR("contains_substr"))) &&
            ((constant(b, &v) && v.type == TEXT &&
              (!v.s.n || sp_str_eq(v.s, SP_STR(".*")) || sp_str_eq(v.s, SP_STR(".")) ||
               sp_str_eq(v.s, SP_STR("^")) || sp_str_eq(v.s, SP_STR("$")))) ||
             same(a, b)))
                return YES;
        return by_dependency(j, n);
}

/* ---- AND, OR, NOT ---- */

static enum truth judge_and(const struct judge *j, const struct sp_sql_node *n)
{
        enum truth t = YES;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                enum truth one = judge(j, c);

                if (one == NO)
                        return NO;
                if (one == SELECTS || (one == MAYBE && t == YES))
                        t = one; /* one that chooses is enough */
        }
        return t;
}

/* e op constant, whichever side it was written on */
static bool as_range(const struct sp_sql_node *n, const struct sp_sql_node **e, unsigned *op,
                     struct value *v)
{
        const struct sp_sql_node *a, *b;

        if (n->kind != SP_SQL_N_COMPARE)
                return false;
        a = n->first;
        b = a->next;
        if (constant(b, v)) {
                *e = a;
                *op = n->op;
                return true;
        }
        if (!constant(a, v))
                return false;
        *e = b;
        *op = mirror(n->op);
        return true;
}

/* x < 5 OR x >= 3; x != 1 OR x != 2; x = 1 OR x != 1 */
static bool ranges_cover(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        const struct sp_sql_node *ea, *eb;
        unsigned oa, ob;
        struct value va, vb;
        int c;

        if (!as_range(a, &ea, &oa, &va) || !as_range(b, &eb, &ob, &vb) || va.type != vb.type ||
            va.type == NULL_ || !same(ea, eb))
                return false;
        c = compare_values(&va, &vb);
        if (oa == SP_SQL_T_NE)
                return ob == SP_SQL_T_NE ? c != 0 : holds(ob, compare_values(&va, &vb)) == YES;
        if (ob == SP_SQL_T_NE)
                return holds(oa, compare_values(&vb, &va)) == YES;
        if (oa == '>' || oa == SP_SQL_T_GE) { /* let a be the one from below */
                unsigned o = oa;

                oa = ob;
                ob = o;
                c = -c;
        }
        if ((oa != '<' && oa != SP_SQL_T_LE) || (ob != '>' && ob != SP_SQL_T_GE))
                return false;
        /* everything <= va and everything >= vb: no gap when va >= vb */
        return c > 0 || (c == 0 && (oa == SP_SQL_T_LE || ob == SP_SQL_T_GE));
}

static unsigned opposite(unsigned op)
{
        switch (op) {
        case '=':
                return SP_SQL_T_NE;
        case SP_SQL_T_NE:
                return '=';
        case '<':
                return SP_SQL_T_GE;
        case '>':
                return SP_SQL_T_LE;
        case SP_SQL_T_LE:
                return '>';
        default:
                return '<';
        }
}

/* One is true whenever the other is not. */
static bool is_complement(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        a = strip(a);
        b = strip(b);
        if (a->kind == SP_SQL_N_NOT && same(a->first, b))
                return true;
        if (b->kind == SP_SQL_N_NOT && same(b->first, a))
                return true;
        if (a->kind != b->kind)
                return false;
        if (a->kind == SP_SQL_N_COMPARE) {
                const struct sp_sql_node *x = a->first, *y = b->first;

                if (opposite(a->op) == b->op && same(x, y) && same(x->next, y->next))
                        return true;
                if (opposite(a->op) == mirror(b->op) && same(x, y->next) && same(x->next, y))
                        return true;
                return ranges_cover(a, b);
        }
        if (a->kind != SP_SQL_N_IS && a->kind != SP_SQL_N_LIKE && a->kind != SP_SQL_N_IN &&
            a->kind != SP_SQL_N_BETWEEN && a->kind != SP_SQL_N_IS_DISTINCT)
                return false;
        return (a->flags ^ b->flags) == SP_SQL_F_NOT && a->op == b->op && same_children(a, b);
}

static enum truth judge_or(const struct judge *j, const struct sp_sql_node *n)
{
        enum truth t = NO;
        size_t count = 0;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                enum truth one = judge(j, c);

                if (one == YES)
                        return YES;
                if (one == MAYBE || (one == SELECTS && t == NO))
                        t = one;
                for (const struct sp_sql_node *d = n->first; d != c && count <= OPERANDS_MAX;
                     d = d->next)
                        if (is_complement(c, d))
                                return YES;
                count++;
        }
        return t == SELECTS && count > OPERANDS_MAX ? MAYBE : t;
}

static enum truth judge(const struct judge *j, const struct sp_sql_node *n)
{
        const struct sp_sql_node *item;

        n = strip(n);
        switch (n->kind) {
        case SP_SQL_N_TRUE:
                return YES;
        case SP_SQL_N_FALSE:
        case SP_SQL_N_NULL:
                return NO;
        case SP_SQL_N_AND:
                return judge_and(j, n);
        case SP_SQL_N_OR:
                return judge_or(j, n);
        case SP_SQL_N_NOT:
                return negate(judge(j, n->first));
        case SP_SQL_N_COMPARE:
                return judge_comparison(j, n);
        case SP_SQL_N_IS:
                return judge_is(j, n);
        case SP_SQL_N_IS_DISTINCT:
                if (same(n->first, n->first->next))
                        return n->flags & SP_SQL_F_NOT ? YES : NO;
                return by_dependency(j, n);
        case SP_SQL_N_LIKE:
                return judge_like(j, n);
        case SP_SQL_N_BETWEEN:
                return judge_between(j, n);
        case SP_SQL_N_IN:
                return judge_in(j, n);
        case SP_SQL_N_CASE:
                return judge_case(j, n);
        case SP_SQL_N_CALL:
                return judge_call(j, n);
        case SP_SQL_N_CAST:
                return judge(j, n->first);
        case SP_SQL_N_SUBQUERY:
                if (n->op == SP_KW_EXISTS)
                        return judge_exists(n);
                item = n->op ? NULL : only_item(n);
                return item ? judge(j, item) : MAYBE;
        case SP_SQL_N_PATH:
        case SP_SQL_N_POSTFIX:
                return by_dependency(j, n);
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

static const struct sp_sql_node *find(const struct sp_sql_node *n, enum sp_sql_node_kind kind)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == kind)
                        return c;
        return NULL;
}

/* The rows of the target that one WHEN touches. Rows without a partner are all of them when
 * nothing matches, and whether something does depends on the source. */
static enum sp_sql_where judge_when(const struct judge *j, const struct sp_sql_node *when,
                                    enum truth on)
{
        const struct sp_sql_node *where = find(when, SP_SQL_N_WHERE);
        enum truth and = where ? judge(j, where->first) : YES;

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

static enum sp_sql_where judge_merge(const struct judge *j, const struct sp_sql_node *n)
{
        enum sp_sql_where least = SP_SQL_WHERE_SELECTIVE;
        const struct sp_sql_node *on = find(n, SP_SQL_N_ON);
        enum truth t = on ? judge(j, on->first) : MAYBE;

        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == SP_SQL_N_MERGE_WHEN) {
                        enum sp_sql_where w = judge_when(j, c, t);

                        if (w < least) /* the enum is in this order */
                                least = w;
                }
        return least;
}

enum sp_sql_where sp_sql_where_of(const struct sp_sql_parser *p,
                                  const struct sp_sql_node *statement)
{
        const struct sp_sql_node *where = find(statement, SP_SQL_N_WHERE);
        struct judge j = { .p = p };

        switch (statement->op) {
        case SP_SQL_MERGE:
                return judge_merge(&j, statement);
        case SP_SQL_UPDATE:
        case SP_SQL_DELETE:
        case SP_SQL_TRUNCATE:
                return where ? as_where(judge(&j, where->first)) : SP_SQL_WHERE_ABSENT;
        default:
                return SP_SQL_WHERE_NONE;
        }
}
