/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of PIVOT's columns, from the values in its IN list: 'Q1' gives Q1, -2 gives
 * minus_2, 1.5 gives _1_point_5, DATE '2024-01-31' gives _2024_01_31.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/buf.h"
#include "daemon/sql/resolve_shape.h"

#define NAME_MAX_BYTES 4096

struct naming {
        struct sp_sql_resolver *r;
        struct sp_buf name;
};

static bool put(struct naming *n, struct sp_str s)
{
        int r = sp_buf_add(&n->name, s);

        if (r == -ENOMEM)
                sp_sql_resolver_no_memory(n->r);
        return r == 0;
}

/* A digit may not begin a name. */
static bool put_number(struct naming *n, struct sp_str digits)
{
        if (!n->name.n && digits.n && digits.p[0] >= '0' && digits.p[0] <= '9' &&
            !put(n, SP_STR("_")))
                return false;
        return put(n, digits);
}

static bool put_integer(struct naming *n, struct sp_str text, bool is_negative)
{
        char digits[40], written[40];
        int base = text.n > 2 && (text.p[1] == 'x' || text.p[1] == 'X') ? 16 : 10;
        unsigned long long v;

        if (!text.n || text.n >= sizeof(written))
                return false;
        memcpy(written, text.p, text.n);
        written[text.n] = '\0';
        errno = 0;
        v = strtoull(written, NULL, base);
        if (errno)
                return false;
        snprintf(digits, sizeof(digits), "%llu", v);
        return (!is_negative || !v || put(n, SP_STR("minus_"))) &&
               put_number(n, sp_str_c(digits));
}

/* 001.50 is 1.5. An exponent is left to those who evaluate. */
static bool put_decimal(struct naming *n, struct sp_str text, bool is_negative)
{
        struct sp_str whole, part;

        for (size_t i = 0; i < text.n; i++)
                if ((text.p[i] < '0' || text.p[i] > '9') && text.p[i] != '.')
                        return false;
        (void)sp_str_cut(text, '.', &whole, &part);
        while (whole.n > 1 && whole.p[0] == '0')
                whole = sp_str_sub(whole, 1, whole.n);
        while (part.n && part.p[part.n - 1] == '0')
                part.n--;
        if (!whole.n)
                whole = SP_STR("0");
        if (is_negative && !(sp_str_eq(whole, SP_STR("0")) && !part.n) &&
            !put(n, SP_STR("minus_")))
                return false;
        return put_number(n, whole) &&
               (!part.n || (put(n, SP_STR("_point_")) && put(n, part)));
}

/* year-month-day, each with as many digits as were written */
static bool read_date(struct sp_str text, uint64_t ret[3])
{
        struct sp_str head = text, rest = text;

        for (size_t i = 0; i < 3; i++)
                if (sp_str_cut(rest, '-', &head, &rest) != (i < 2) || !head.n ||
                    head.n > (i ? 2u : 4u) || sp_str_u64(head, &ret[i]) < 0)
                        return false;
        return ret[1] >= 1 && ret[1] <= 12 && ret[2] >= 1 && ret[2] <= 31;
}

static bool put_date(struct naming *n, struct sp_str text)
{
        uint64_t date[3];
        char shown[64];

        if (!read_date(text, date))
                return false;
        snprintf(shown, sizeof(shown), "%04u_%02u_%02u", (unsigned)date[0],
                 (unsigned)date[1], (unsigned)date[2]);
        return put_number(n, sp_str_c(shown));
}

static bool put_string(struct naming *n, struct sp_str text,
                       const struct sp_sql_type *type)
{
        uint64_t date[3];

        if (type->kind == SP_SQL_TYPE_DATE)
                return put_date(n, text);
        if (type->kind == SP_SQL_TYPE_UNKNOWN && read_date(text, date))
                return false; /* a date or not: who knows */
        if (type->kind != SP_SQL_TYPE_STRING && type->kind != SP_SQL_TYPE_UNKNOWN &&
            type->kind != SP_SQL_TYPE_NAMED)
                return false;
        if (text.n)
                return put(n, text);
        return (!n->name.n || put(n, SP_STR("_"))) &&
               put(n, SP_STR("empty_string_value"));
}

static bool put_typed(struct naming *n, const struct sp_sql_node *v)
{
        struct sp_str text = v->first ? v->first->text : SP_STR_NULL;
        bool is_negative = text.n && text.p[0] == '-';

        if (sp_str_caseeq(v->text, SP_STR("DATE")))
                return put_date(n, text);
        if (sp_str_caseeq(v->text, SP_STR("NUMERIC")) ||
            sp_str_caseeq(v->text, SP_STR("DECIMAL")) ||
            sp_str_caseeq(v->text, SP_STR("BIGNUMERIC")) ||
            sp_str_caseeq(v->text, SP_STR("BIGDECIMAL")))
                return put_decimal(n, is_negative ? sp_str_sub(text, 1, text.n) : text,
                                   is_negative);
        return false;
}

static bool put_value(struct naming *n, const struct sp_sql_node *v,
                      const struct sp_sql_type *type);

static bool put_struct(struct naming *n, const struct sp_sql_node *v,
                       const struct sp_sql_type *type)
{
        size_t i = 0;

        if (type->kind != SP_SQL_TYPE_STRUCT)
                return false;
        for (const struct sp_sql_node *c = v->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_TYPE)
                        continue;
                if (i >= type->n_fields || (i && !put(n, SP_STR("_"))))
                        return false;
                if (type->fields[i].name.n &&
                    (!put(n, type->fields[i].name) || !put(n, SP_STR("_"))))
                        return false;
                if (!put_value(n, c->kind == SP_SQL_N_ITEM ? c->first : c,
                               type->fields[i++].type))
                        return false;
        }
        return i == type->n_fields;
}

static bool is_number(const struct sp_sql_type *t)
{
        return t->kind == SP_SQL_TYPE_INT64 || t->kind == SP_SQL_TYPE_NUMERIC ||
               t->kind == SP_SQL_TYPE_BIGNUMERIC || t->kind == SP_SQL_TYPE_UNKNOWN ||
               t->kind == SP_SQL_TYPE_NAMED;
}

static bool put_value(struct naming *n, const struct sp_sql_node *v,
                      const struct sp_sql_type *type)
{
        bool is_negative = false;

        while (v && (v->kind == SP_SQL_N_PAREN ||
                     (v->kind == SP_SQL_N_UNARY && (v->op == '-' || v->op == '+') &&
                      is_number(type)))) {
                is_negative ^= v->kind == SP_SQL_N_UNARY && v->op == '-';
                v = v->first;
        }
        if (!v)
                return false;
        switch (v->kind) {
        case SP_SQL_N_NULL:
                return put(n, SP_STR("NULL"));
        case SP_SQL_N_TRUE:
                return put(n, SP_STR("true"));
        case SP_SQL_N_FALSE:
                return put(n, SP_STR("false"));
        case SP_SQL_N_INT:
                return is_number(type) && put_integer(n, v->text, is_negative);
        case SP_SQL_N_FLOAT:
                return (type->kind == SP_SQL_TYPE_NUMERIC ||
                        type->kind == SP_SQL_TYPE_BIGNUMERIC) &&
                       put_decimal(n, v->text, is_negative);
        case SP_SQL_N_STRING:
                return put_string(n, v->text, type);
        case SP_SQL_N_TYPED:
                return put_typed(n, v);
        case SP_SQL_N_STRUCT:
                return put_struct(n, v, type);
        default:
                return false;
        }
}

bool sp_sql_pivot_name(struct sp_sql_resolver *r, struct sp_str prefix,
                       const struct sp_sql_node *value, const struct sp_sql_type *type,
                       struct sp_str *ret)
{
        struct naming n = { .r = r, .name = SP_BUF_INIT(NAME_MAX_BYTES) };
        bool ok = !prefix.n || (put(&n, prefix) && put(&n, SP_STR("_")));

        ok = ok && put_value(&n, value, type);
        if (ok)
                *ret = sp_arena_str(r->arena, sp_buf_str(&n.name));
        sp_buf_done(&n.name);
        if (ok)
                return ret->p ? sp_sql_spell(r, *ret)
                              : sp_sql_resolver_no_memory(r) != NULL;
        return sp_sql_unresolved(r, value->span,
                                 "Generating an implicit alias for this PIVOT value is "
                                 "not supported; please provide an explicit alias");
}
