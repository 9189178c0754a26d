/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/constant.h"

#include "daemon/sql/builtin.h"

const struct sp_sql_node *sp_sql_strip(const struct sp_sql_node *n)
{
        while (n && n->kind == SP_SQL_N_PAREN)
                n = n->first;
        return n;
}

/* ---- sameness ---- */

bool sp_sql_same_path(const struct sp_sql_node *a, const struct sp_sql_node *b)
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

bool sp_sql_same_children(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        for (a = a->first, b = b->first; a && b; a = a->next, b = b->next)
                if (a->link != b->link || !sp_sql_same(a, b))
                        return false;
        return !a && !b;
}

bool sp_sql_same(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        a = sp_sql_strip(a);
        b = sp_sql_strip(b);
        if (!a || !b || a->kind != b->kind)
                return false;
        if (a->kind == SP_SQL_N_PATH)
                return sp_sql_same_path(a, b);
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
        return sp_sql_same_children(a, b);
}

/* ---- what an expression depends on ---- */

static bool is_variable(const struct sp_sql_parser *p, const struct sp_sql_node *path)
{
        const struct sp_str *v = p->variables.v;

        for (size_t i = 0; i < p->variables.n; i++)
                if (sp_str_caseeq(v[i], path->first->text))
                        return true;
        return false;
}

static bool is_word_of(const struct sp_sql_node *path, const char *const *words,
                       size_t n)
{
        if (path->kind != SP_SQL_N_PATH || !path->first || path->first != path->last ||
            path->first->flags & SP_SQL_F_QUOTED)
                return false;
        for (size_t i = 0; i < n; i++)
                if (sp_str_caseeq(path->first->text, sp_str_c(words[i])))
                        return true;
        return false;
}

/* CURRENT_DATE needs no parentheses. */
static bool is_clock(const struct sp_sql_node *path)
{
        static const char *const words[] = { "current_date", "current_datetime",
                                             "current_time", "current_timestamp" };

        return is_word_of(path, words, SP_ARRAY_SIZE(words));
}

/* The DAY of DATE_DIFF(a, b, DAY). A column of such a name as an argument makes the condition
 * unproven, which is the safe side. */
static bool is_date_part(const struct sp_sql_node *argument)
{
        static const char *const words[] = {
                "microsecond", "millisecond", "second",    "minute",  "hour",
                "day",         "dayofweek",   "dayofyear", "week",    "month",
                "quarter",     "year",        "isoweek",   "isoyear",
        };

        return is_word_of(argument, words, SP_ARRAY_SIZE(words));
}

static bool is_known_function(const struct sp_sql_node *call)
{
        const struct sp_sql_node *path = call->first;
        char lower[64];

        if (!path || path->kind != SP_SQL_N_PATH || !path->first ||
            path->first != path->last || path->first->text.n >= sizeof(lower))
                return false;
        for (size_t i = 0; i < path->first->text.n; i++) {
                char c = path->first->text.p[i];

                lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        return sp_sql_is_builtin(sp_str(lower, path->first->text.n));
}

static void depends(const struct sp_sql_parser *p, const struct sp_sql_node *n,
                    struct sp_sql_depends *d)
{
        const struct sp_sql_node *c = n->first;

        switch (n->kind) {
        case SP_SQL_N_PATH:
                if (is_clock(n))
                        return; /* without a column beside it the whole is unproven anyway */
                if (n->first && is_variable(p, n)) {
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
        case SP_SQL_N_EXTRACT:
                c = c ? c->next : NULL; /* nor is the part */
                break;
        default:
                break;
        }
        for (; c; c = c->next)
                if (n->kind != SP_SQL_N_CALL || !is_date_part(c))
                        depends(p, c, d);
}

struct sp_sql_depends sp_sql_depends_on(const struct sp_sql_parser *p,
                                        const struct sp_sql_node *n)
{
        struct sp_sql_depends d = { 0 };

        depends(p, n, &d);
        return d;
}

/* ---- constants ---- */

/* A query that gives exactly one row whatever the data: SELECT e, nothing else. */
const struct sp_sql_node *sp_sql_only_item(const struct sp_sql_node *subquery)
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

static bool constant_sum(const struct sp_sql_node *n, struct sp_sql_value *v)
{
        struct sp_sql_value b;

        if (!sp_sql_constant(n->first, v) || v->type != SP_SQL_V_INT)
                return false;
        for (const struct sp_sql_node *c = n->first->next; c; c = c->next) {
                bool over;

                if (!sp_sql_constant(c, &b) || b.type != SP_SQL_V_INT)
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

bool sp_sql_constant(const struct sp_sql_node *n, struct sp_sql_value *v)
{
        const struct sp_sql_node *item;

        n = sp_sql_strip(n);
        *v = (struct sp_sql_value){ 0 };
        switch (n->kind) {
        case SP_SQL_N_NULL:
                v->type = SP_SQL_V_NULL;
                return true;
        case SP_SQL_N_TRUE:
        case SP_SQL_N_FALSE:
                v->type = SP_SQL_V_BOOL;
                v->i = n->kind == SP_SQL_N_TRUE;
                return true;
        case SP_SQL_N_INT:
                v->type = SP_SQL_V_INT;
                return sp_str_i64(n->text, &v->i) == 0;
        case SP_SQL_N_STRING:
                v->type = SP_SQL_V_TEXT;
                v->s = n->text;
                return true;
        case SP_SQL_N_UNARY:
                if (!sp_sql_constant(n->first, v) || v->type != SP_SQL_V_INT ||
                    n->op == '~')
                        return false;
                return n->op == '+' || !__builtin_sub_overflow((int64_t)0, v->i, &v->i);
        case SP_SQL_N_BINARY:
                return constant_sum(n, v);
        case SP_SQL_N_SUBQUERY:
                item = n->op ? NULL : sp_sql_only_item(n);
                return item && sp_sql_constant(item, v);
        default:
                return false;
        }
}

int sp_sql_compare_values(const struct sp_sql_value *a, const struct sp_sql_value *b)
{
        if (a->type == SP_SQL_V_TEXT)
                return sp_str_cmp(a->s, b->s);
        return a->i < b->i ? -1 : a->i > b->i;
}

/* ---- comparisons ---- */

bool sp_sql_holds(unsigned op, int c)
{
        switch (op) {
        case '=':
                return c == 0;
        case SP_SQL_T_NE:
                return c != 0;
        case '<':
                return c < 0;
        case SP_SQL_T_LE:
                return c <= 0;
        case '>':
                return c > 0;
        default:
                return c >= 0;
        }
}

unsigned sp_sql_mirror(unsigned op)
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

/* e op constant, whichever side it was written on */
static bool as_range(const struct sp_sql_node *n, const struct sp_sql_node **e,
                     unsigned *op, struct sp_sql_value *v)
{
        const struct sp_sql_node *a, *b;

        if (n->kind != SP_SQL_N_COMPARE)
                return false;
        a = n->first;
        b = a->next;
        if (sp_sql_constant(b, v)) {
                *e = a;
                *op = n->op;
                return true;
        }
        if (!sp_sql_constant(a, v))
                return false;
        *e = b;
        *op = sp_sql_mirror(n->op);
        return true;
}

/* x < 5 OR x >= 3; x != 1 OR x != 2; x = 1 OR x != 1 */
static bool ranges_cover(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        const struct sp_sql_node *ea, *eb;
        unsigned oa, ob;
        struct sp_sql_value va, vb;
        int c;

        if (!as_range(a, &ea, &oa, &va) || !as_range(b, &eb, &ob, &vb) ||
            va.type != vb.type || va.type == SP_SQL_V_NULL || !sp_sql_same(ea, eb))
                return false;
        c = sp_sql_compare_values(&va, &vb);
        if (oa == SP_SQL_T_NE)
                return ob == SP_SQL_T_NE
                               ? c != 0
                               : sp_sql_holds(ob, sp_sql_compare_values(&va, &vb));
        if (ob == SP_SQL_T_NE)
                return sp_sql_holds(oa, sp_sql_compare_values(&vb, &va));
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
bool sp_sql_is_complement(const struct sp_sql_node *a, const struct sp_sql_node *b)
{
        a = sp_sql_strip(a);
        b = sp_sql_strip(b);
        if (a->kind == SP_SQL_N_NOT && sp_sql_same(a->first, b))
                return true;
        if (b->kind == SP_SQL_N_NOT && sp_sql_same(b->first, a))
                return true;
        if (a->kind != b->kind)
                return false;
        if (a->kind == SP_SQL_N_COMPARE) {
                const struct sp_sql_node *x = a->first, *y = b->first;

                if (opposite(a->op) == b->op && sp_sql_same(x, y) &&
                    sp_sql_same(x->next, y->next))
                        return true;
                if (opposite(a->op) == sp_sql_mirror(b->op) &&
                    sp_sql_same(x, y->next) && sp_sql_same(x->next, y))
                        return true;
                return ranges_cover(a, b);
        }
        if (a->kind != SP_SQL_N_IS && a->kind != SP_SQL_N_LIKE &&
            a->kind != SP_SQL_N_IN && a->kind != SP_SQL_N_BETWEEN &&
            a->kind != SP_SQL_N_IS_DISTINCT)
                return false;
        return (a->flags ^ b->flags) == SP_SQL_F_NOT && a->op == b->op &&
               sp_sql_same_children(a, b);
}
