/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/functions.h"

#include <stdlib.h>

#include "daemon/sql/resolve.h"

enum rule {
        FIXED, /* the kind */
        ARRAY_FIXED, /* ARRAY<kind> */
        SAME_TYPE, /* of an argument */
        COMMON_TYPE, /* of all arguments from one on */
        NUMBER_TYPE, /* FLOAT64, but NUMERIC and BIGNUMERIC stay what they are */
        SUM_TYPE, /* as SUM does: small integers become INT64 */
        ARRAY_OF_TYPE, /* ARRAY<the type of an argument> */
        ARRAY_COMMON_TYPE, /* ARRAY<the common type> */
        ELEMENT_TYPE, /* of an ARRAY or RANGE argument */
        ELEMENT_SUM_TYPE,
        ELEMENT_NUMBER_TYPE,
        RANGE_TYPE, /* RANGE<the type of an argument> */
        CONCAT_TYPE, /* BYTES of BYTES, STRING of all else */
        TOP_COUNT_TYPE, /* ARRAY<STRUCT<value T, count INT64>> */
        TOP_SUM_TYPE, /* ARRAY<STRUCT<value T, sum U>> */
        NULL_TYPE, /* ERROR() is of whatever type is needed */
};

struct function {
        struct sp_str name;
        enum rule rule;
        unsigned detail; /* a kind, or the place of an argument */
        bool is_allowed;
};

#define ALLOWED true
#define REFUSED false
#define RETURNS(kind) FIXED, SP_SQL_TYPE_##kind
#define RETURNS_ARRAY(kind) ARRAY_FIXED, SP_SQL_TYPE_##kind
#define SAME(argument) SAME_TYPE, (argument)
#define COMMON(from) COMMON_TYPE, (from)
#define NUMBER NUMBER_TYPE, 0
#define SUMMED SUM_TYPE, 0
#define ARRAY_OF(argument) ARRAY_OF_TYPE, (argument)
#define ARRAY_COMMON ARRAY_COMMON_TYPE, 0
#define ELEMENT(argument) ELEMENT_TYPE, (argument)
#define ELEMENT_SUM ELEMENT_SUM_TYPE, 0
#define ELEMENT_NUMBER ELEMENT_NUMBER_TYPE, 0
#define RANGE_OF(argument) RANGE_TYPE, (argument)
#define CONCATENATED CONCAT_TYPE, 0
#define TOP_COUNT TOP_COUNT_TYPE, 0
#define TOP_SUM TOP_SUM_TYPE, 0
#define NULLS NULL_TYPE, 0

static const struct function functions[] = {
#define F(name_, rule_, allowed_) { { name_, sizeof(name_) - 1 }, rule_, allowed_ },
#include "daemon/sql/functions.inc"
#undef F
};

static int compare(const void *key, const void *item)
{
        return sp_str_cmp(*(const struct sp_str *)key,
                          ((const struct function *)item)->name);
}

static const struct function *find(struct sp_str name)
{
        /* SAFE.f is f with NULL for an error */
        if (sp_str_starts(name, SP_STR("safe.")))
                name = sp_str_sub(name, 5, name.n);
        return bsearch(&name, functions, SP_ARRAY_SIZE(functions), sizeof(functions[0]),
                       compare);
}

bool sp_sql_is_builtin(struct sp_str name)
{
        const struct function *f = find(name);

        return f && f->is_allowed;
}

/* ---- types ---- */

static const struct sp_sql_type *unknown(void)
{
        return sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
}

static const struct sp_sql_type *argument(const struct sp_sql_value *const *arguments,
                                          size_t n, size_t at)
{
        return at < n && arguments[at] ? arguments[at]->type : unknown();
}

static const struct sp_sql_type *common(struct sp_arena *a,
                                        const struct sp_sql_value *const *arguments,
                                        size_t n, size_t from)
{
        const struct sp_sql_type *t = argument(arguments, n, from);

        for (size_t i = from + 1; i < n; i++)
                t = sp_sql_type_common(a, t, argument(arguments, n, i));
        return t;
}

static const struct sp_sql_type *number(const struct sp_sql_type *t)
{
        switch (t->kind) {
        case SP_SQL_TYPE_NUMERIC:
        case SP_SQL_TYPE_BIGNUMERIC:
        case SP_SQL_TYPE_INTERVAL: /* AVG */
                return t;
        case SP_SQL_TYPE_UNKNOWN:
                return unknown();
        default:
                return sp_sql_type_simple(SP_SQL_TYPE_FLOAT64);
        }
}

static const struct sp_sql_type *summed(const struct sp_sql_type *t)
{
        if (t->kind == SP_SQL_TYPE_NAMED && sp_str_caseeq(t->name, SP_STR("INT32")))
                return sp_sql_type_simple(SP_SQL_TYPE_INT64);
        return t;
}

static const struct sp_sql_type *element(const struct sp_sql_type *t)
{
        return t->kind == SP_SQL_TYPE_ARRAY || t->kind == SP_SQL_TYPE_RANGE ? t->element
                                                                            : unknown();
}

static const struct sp_sql_type *top(struct sp_arena *a, const char *name,
                                     const struct sp_sql_type *value,
                                     const struct sp_sql_type *weight)
{
        const struct sp_sql_field fields[] = { { SP_STR("value"), value },
                                               { sp_str_c(name), weight } };
        const struct sp_sql_type *t = sp_sql_type_struct(a, fields, 2);

        return t ? sp_sql_type_array(a, t) : NULL;
}

static const struct sp_sql_type *range(struct sp_arena *a, const struct sp_sql_type *of)
{
        return of->kind == SP_SQL_TYPE_DATE || of->kind == SP_SQL_TYPE_DATETIME ||
                               of->kind == SP_SQL_TYPE_TIMESTAMP
                       ? sp_sql_type_range(a, of)
                       : unknown();
}

static const struct sp_sql_type *concatenated(const struct sp_sql_type *of)
{
        return of->kind == SP_SQL_TYPE_BYTES || of == unknown()
                       ? of
                       : sp_sql_type_simple(SP_SQL_TYPE_STRING);
}

static const struct sp_sql_type *returned(struct sp_arena *a, const struct function *f,
                                          const struct sp_sql_value *const *v, size_t n)
{
        switch (f->rule) {
        case FIXED:
                return sp_sql_type_simple(f->detail);
        case ARRAY_FIXED:
                return sp_sql_type_array(a, sp_sql_type_simple(f->detail));
        case SAME_TYPE:
                return argument(v, n, f->detail);
        case COMMON_TYPE:
                return common(a, v, n, f->detail);
        case NUMBER_TYPE:
                return number(common(a, v, n, 0));
        case SUM_TYPE:
                return summed(argument(v, n, 0));
        case ARRAY_OF_TYPE:
                return sp_sql_type_array(a, argument(v, n, f->detail));
        case ARRAY_COMMON_TYPE:
                return sp_sql_type_array(a, common(a, v, n, 0));
        case ELEMENT_TYPE:
                return element(argument(v, n, f->detail));
        case ELEMENT_SUM_TYPE:
                return summed(element(argument(v, n, 0)));
        case ELEMENT_NUMBER_TYPE:
                return number(element(argument(v, n, 0)));
        case RANGE_TYPE:
                return range(a, common(a, v, n, 0));
        case CONCAT_TYPE:
                return concatenated(common(a, v, n, 0));
        case TOP_COUNT_TYPE:
                return top(a, "count", argument(v, n, 0),
                           sp_sql_type_simple(SP_SQL_TYPE_INT64));
        case TOP_SUM_TYPE:
                return top(a, "sum", argument(v, n, 0), summed(argument(v, n, 1)));
        case NULL_TYPE:
                return sp_sql_type_null();
        }
        return unknown();
}

const struct sp_sql_type *
sp_sql_function_type(struct sp_arena *a, struct sp_str name,
                     const struct sp_sql_value *const *arguments, size_t n)
{
        const struct function *f = find(name);
        const struct sp_sql_type *t = f ? returned(a, f, arguments, n) : unknown();

        return t ? t : unknown(); /* without memory the next allocation says so */
}
