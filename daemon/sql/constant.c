/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/constant.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/sql/functions.h"
#include "daemon/sql/name.h"

const struct sp_sql_node *sp_sql_strip(const struct sp_sql_node *n)
{
        while (n && n->kind == SP_SQL_N_PAREN)
                n = n->first;
        return n;
}

/* ---- names of functions ---- */

/* The name of a call of one part; no text for anything else. */
struct sp_str sp_sql_called(const struct sp_sql_node *n)
{
        const struct sp_sql_node *path = n->kind == SP_SQL_N_CALL ? n->first : NULL;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first ||
            path->first != path->last)
                return SP_STR_NULL;
        return path->first->text;
}

bool sp_sql_is_one_of(struct sp_str name, const char *const *words)
{
        for (; name.n && *words; words++)
                if (sp_str_caseeq(name, sp_str_c(*words)))
                        return true;
        return false;
}

static bool is_known_function(const struct sp_sql_node *call)
{
        struct sp_str name = sp_sql_called(call);
        char lower[64];

        if (!name.n || name.n >= sizeof(lower))
                return false;
        for (size_t i = 0; i < name.n; i++)
                lower[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32
                                                                       : name.p[i]);
        return sp_sql_is_builtin(sp_str(lower, name.n));
}

/* What gives another value each time, or may. */
static bool is_volatile(const struct sp_sql_node *call)
{
        static const char *const words[] = { "rand", "generate_uuid", NULL };

        return !is_known_function(call) || sp_sql_is_one_of(sp_sql_called(call), words);
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
                if (!sp_sql_name_eq(a->text, b->text))
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
        if (a->kind == SP_SQL_N_CALL && is_volatile(a))
                return false;
        if (a->op != b->op || a->flags != b->flags)
                return false;
        if (a->kind == SP_SQL_N_STRING || a->kind == SP_SQL_N_BYTES) {
                if (!sp_str_eq(a->text, b->text))
                        return false;
        } else if (!sp_sql_name_eq(a->text, b->text)) {
                return false;
        }
        return sp_sql_same_children(a, b);
}

/* ---- what an expression depends on ---- */

static bool is_variable(const struct sp_sql_parser *p, const struct sp_sql_node *path)
{
        size_t at;

        return sp_sql_index_find(&p->variables_index, p->variables.v,
                                 sizeof(struct sp_str), path->first->text, &at) > 0;
}

static bool is_word_of(const struct sp_sql_node *path, const char *const *words)
{
        return path->kind == SP_SQL_N_PATH && path->first &&
               path->first == path->last && !(path->first->flags & SP_SQL_F_QUOTED) &&
               sp_sql_is_one_of(path->first->text, words);
}

/* CURRENT_DATE needs no parentheses. */
static bool is_clock(const struct sp_sql_node *path)
{
        static const char *const words[] = { "current_date", "current_datetime",
                                             "current_time", "current_timestamp",
                                             NULL };

        return is_word_of(path, words);
}

/* The DAY of DATE_DIFF(a, b, DAY). A column of such a name as an argument makes the condition
 * unproven, which is the safe side. */
static bool is_date_part(const struct sp_sql_node *argument)
{
        static const char *const words[] = {
                "microsecond", "millisecond", "second",    "minute",  "hour",
                "day",         "dayofweek",   "dayofyear", "week",    "month",
                "quarter",     "year",        "isoweek",   "isoyear", NULL,
        };

        return is_word_of(argument, words);
}

static void depends_on_path(const struct sp_sql_rows *rows, const struct sp_sql_node *n,
                            struct sp_sql_depends *d)
{
        if (is_clock(n) || !n->first)
                return; /* without a column beside it the whole is unproven anyway */
        if (is_variable(rows->parser, n)) {
                d->on_unknown = true;
                return;
        }
        /* beside other tables a name says whose it is, or is nobody's for sure */
        if (rows->has_others &&
            (n->first == n->last || !sp_sql_name_eq(n->first->text, rows->alias))) {
                d->on_other = true;
                return;
        }
        d->on_column = true;
        if (!d->column)
                d->column = n;
}

static void depends(const struct sp_sql_rows *rows, const struct sp_sql_node *n,
                    struct sp_sql_depends *d)
{
        const struct sp_sql_node *c = n->first;

        switch (n->kind) {
        case SP_SQL_N_PATH:
                depends_on_path(rows, n, d);
                return;
        case SP_SQL_N_PARAM:
        case SP_SQL_N_SYSTEM:
                d->on_unknown = true;
                return;
        case SP_SQL_N_SUBQUERY:
                d->on_unknown = d->on_query = true;
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
                        depends(rows, c, d);
}

struct sp_sql_depends sp_sql_depends_on(const struct sp_sql_rows *rows,
                                        const struct sp_sql_node *n)
{
        struct sp_sql_depends d = { 0 };

        depends(rows, n, &d);
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

static bool constant_sum(const struct sp_sql_node *n, struct sp_sql_constant *v)
{
        struct sp_sql_constant b;

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

static bool constant_float(struct sp_str text, struct sp_sql_constant *v)
{
        char number[64], *end;

        if (text.n >= sizeof(number))
                return false;
        memcpy(number, text.p, text.n);
        number[text.n] = 0;
        v->type = SP_SQL_V_FLOAT;
        v->f = strtod(number, &end);
        return !*end;
}

/* 2024-01-31, whatever follows */
bool sp_sql_looks_like_date(struct sp_str s)
{
        for (size_t i = 0; i < 10; i++) {
                char c = i < s.n ? s.p[i] : 0;

                if (i == 4 || i == 7 ? c != '-' : c < '0' || c > '9')
                        return false;
        }
        return true;
}

/* DATE '…', and where only the day counts DATETIME and TIMESTAMP */
static bool constant_typed(const struct sp_sql_node *n, struct sp_sql_constant *v)
{
        v->s = n->first->text;
        v->type = sp_str_caseeq(n->text, SP_STR("DATE")) && v->s.n == 10
                          ? SP_SQL_V_DATE
                          : SP_SQL_V_MOMENT;
        return n->first->kind == SP_SQL_N_STRING && sp_sql_looks_like_date(v->s);
}

static bool negative(struct sp_sql_constant *v)
{
        if (v->type == SP_SQL_V_FLOAT) {
                v->f = -v->f;
                return true;
        }
        return !__builtin_sub_overflow((int64_t)0, v->i, &v->i);
}

bool sp_sql_constant(const struct sp_sql_node *n, struct sp_sql_constant *v)
{
        const struct sp_sql_node *item;

        n = sp_sql_strip(n);
        *v = (struct sp_sql_constant){ 0 };
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
        case SP_SQL_N_FLOAT:
                return constant_float(n->text, v);
        case SP_SQL_N_TYPED:
                return constant_typed(n, v);
        case SP_SQL_N_STRING:
                v->type = SP_SQL_V_TEXT;
                v->s = n->text;
                return true;
        case SP_SQL_N_UNARY:
                if (!sp_sql_constant(n->first, v) || n->op == '~' ||
                    (v->type != SP_SQL_V_INT && v->type != SP_SQL_V_FLOAT))
                        return false;
                return n->op == '+' || negative(v);
        case SP_SQL_N_BINARY:
                return constant_sum(n, v);
        case SP_SQL_N_SUBQUERY:
                item = n->op ? NULL : sp_sql_only_item(n);
                return item && sp_sql_constant(item, v);
        default:
                return false;
        }
}

static bool is_number(const struct sp_sql_constant *v)
{
        return v->type == SP_SQL_V_INT || v->type == SP_SQL_V_FLOAT;
}

/* An INT64 that a FLOAT64 cannot hold is left alone. */
static bool as_float(const struct sp_sql_constant *v, double *ret)
{
        const int64_t most = (int64_t)1 << 53;

        *ret = v->type == SP_SQL_V_FLOAT ? v->f : (double)v->i;
        return v->type == SP_SQL_V_FLOAT || (v->i >= -most && v->i <= most);
}

bool sp_sql_compare_values(const struct sp_sql_constant *a,
                           const struct sp_sql_constant *b, int *ret)
{
        double x, y;

        if (a->type == b->type &&
            (a->type == SP_SQL_V_TEXT || a->type == SP_SQL_V_DATE)) {
                *ret = sp_str_cmp(a->s, b->s);
                return true;
        }
        if (a->type == b->type &&
            (a->type == SP_SQL_V_INT || a->type == SP_SQL_V_BOOL)) {
                *ret = a->i < b->i ? -1 : a->i > b->i;
                return true;
        }
        if (!is_number(a) || !is_number(b) || !as_float(a, &x) || !as_float(b, &y))
                return false;
        *ret = x < y ? -1 : x > y;
        return true;
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
                     unsigned *op, struct sp_sql_constant *v)
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
        struct sp_sql_constant va, vb;
        int c;

        if (!as_range(a, &ea, &oa, &va) || !as_range(b, &eb, &ob, &vb) ||
            !sp_sql_same(ea, eb) || !sp_sql_compare_values(&va, &vb, &c))
                return false;
        if (oa == SP_SQL_T_NE)
                return ob == SP_SQL_T_NE ? c != 0 : sp_sql_holds(ob, c);
        if (ob == SP_SQL_T_NE)
                return sp_sql_holds(oa, -c);
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
