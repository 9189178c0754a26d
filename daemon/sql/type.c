/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/type.h"

#include "daemon/sql/index.h"
#include "daemon/sql/name.h"

#define INDEXED 16 /* fields from which on an index is worth its memory */
/* Types larger than this are compared by identity only, so that many comparisons of
 * large types stay cheap. */
#define COMPARED_MAX 2000

#define ONE(k) [k] = { .kind = (k), .depth = 1, .size = 1 }
static const struct sp_sql_type simple[] = {
        ONE(SP_SQL_TYPE_UNKNOWN),  ONE(SP_SQL_TYPE_BOOL),
        ONE(SP_SQL_TYPE_INT64),    ONE(SP_SQL_TYPE_FLOAT64),
        ONE(SP_SQL_TYPE_NUMERIC),  ONE(SP_SQL_TYPE_BIGNUMERIC),
        ONE(SP_SQL_TYPE_STRING),   ONE(SP_SQL_TYPE_BYTES),
        ONE(SP_SQL_TYPE_DATE),     ONE(SP_SQL_TYPE_DATETIME),
        ONE(SP_SQL_TYPE_TIME),     ONE(SP_SQL_TYPE_TIMESTAMP),
        ONE(SP_SQL_TYPE_INTERVAL), ONE(SP_SQL_TYPE_GEOGRAPHY),
        ONE(SP_SQL_TYPE_JSON),
};

static const struct sp_sql_type null_type = {
        .kind = SP_SQL_TYPE_UNKNOWN, .depth = 1, .size = 1, .name = { "NULL", 4 }
};

const struct sp_sql_type *sp_sql_type_simple(enum sp_sql_type_kind kind)
{
        return kind < SP_ARRAY_SIZE(simple) ? &simple[kind] : NULL;
}

const struct sp_sql_type *sp_sql_type_null(void)
{
        return &null_type;
}

/* ---- making ---- */

static const struct sp_sql_type *with_element(struct sp_arena *a,
                                              enum sp_sql_type_kind kind,
                                              const struct sp_sql_type *element)
{
        struct sp_sql_type *t = sp_arena_new(a, struct sp_sql_type);

        if (!t || !element)
                return NULL;
        if (element->depth >= SP_SQL_TYPE_LEVELS_MAX ||
            element->size >= SP_SQL_TYPE_FIELDS_MAX)
                element = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        t->kind = kind;
        t->element = element;
        t->depth = element->depth + 1;
        t->size = element->size + 1;
        return t;
}

const struct sp_sql_type *sp_sql_type_array(struct sp_arena *a,
                                            const struct sp_sql_type *element)
{
        return with_element(a, SP_SQL_TYPE_ARRAY, element);
}

const struct sp_sql_type *sp_sql_type_range(struct sp_arena *a,
                                            const struct sp_sql_type *element)
{
        return with_element(a, SP_SQL_TYPE_RANGE, element);
}

static bool add_index(struct sp_arena *a, struct sp_sql_type *t)
{
        struct sp_sql_index *index = sp_arena_new(a, struct sp_sql_index);

        for (size_t i = 0; index && i < t->n_fields; i++)
                if (!sp_sql_index_add(a, index, t->fields, sizeof(t->fields[0])))
                        index = NULL;
        t->index = index;
        return index != NULL;
}

const struct sp_sql_type *
sp_sql_type_struct(struct sp_arena *a, const struct sp_sql_field *fields, size_t n)
{
        struct sp_sql_type *t = sp_arena_new(a, struct sp_sql_type);
        struct sp_sql_field *own = sp_arena_array(a, n, sizeof(*own));
        size_t size = 1;
        bool is_large;

        if (!t || !own)
                return NULL;
        for (size_t i = 0; i < n; i++)
                size += fields[i].type->size;
        is_large = size > SP_SQL_TYPE_FIELDS_MAX;
        t->kind = SP_SQL_TYPE_STRUCT;
        t->depth = 1;
        t->size = 1;
        for (size_t i = 0; i < n; i++) {
                own[i] = fields[i];
                if (own[i].type->depth >= SP_SQL_TYPE_LEVELS_MAX ||
                    (is_large && own[i].type->size > 1))
                        own[i].type = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
                t->depth = SP_MAX(t->depth, own[i].type->depth + 1);
                t->size += own[i].type->size;
        }
        t->fields = own;
        t->n_fields = n;
        return n < INDEXED || add_index(a, t) ? t : NULL;
}

unsigned sp_sql_type_field(const struct sp_sql_type *t, struct sp_str name, size_t *ret)
{
        unsigned found = 0;

        if (t->index)
                return sp_sql_index_find(t->index, t->fields, sizeof(t->fields[0]),
                                         name, ret);
        for (size_t i = 0; i < t->n_fields && found < 2; i++)
                if (t->fields[i].name.n && sp_sql_name_eq(t->fields[i].name, name) &&
                    found++ == 0)
                        *ret = i;
        return found;
}

/* ---- comparing ---- */

static bool is_equal(const struct sp_sql_type *x, const struct sp_sql_type *y)
{
        if (x == y)
                return true;
        if (x->kind != y->kind || x->size != y->size || x->n_fields != y->n_fields)
                return false;
        switch (x->kind) {
        case SP_SQL_TYPE_ARRAY:
        case SP_SQL_TYPE_RANGE:
                return is_equal(x->element, y->element);
        case SP_SQL_TYPE_NAMED:
        case SP_SQL_TYPE_UNKNOWN:
                return sp_str_caseeq(x->name, y->name);
        case SP_SQL_TYPE_STRUCT:
                for (size_t i = 0; i < x->n_fields; i++)
                        if (!sp_sql_name_eq(x->fields[i].name, y->fields[i].name) ||
                            !is_equal(x->fields[i].type, y->fields[i].type))
                                return false;
                return true;
        default:
                return true;
        }
}

bool sp_sql_type_equal(const struct sp_sql_type *x, const struct sp_sql_type *y)
{
        return x == y || (x->size <= COMPARED_MAX && is_equal(x, y));
}

/* Place in the chain INT64 → NUMERIC → BIGNUMERIC → FLOAT64; 0: not a number. */
static int number_rank(const struct sp_sql_type *t)
{
        switch (t->kind) {
        case SP_SQL_TYPE_NAMED:
                return sp_str_caseeq(t->name, SP_STR("INT32")) ||
                                       sp_str_caseeq(t->name, SP_STR("UINT32"))
                               ? 1
                               : 0;
        case SP_SQL_TYPE_INT64:
                return 2;
        case SP_SQL_TYPE_NUMERIC:
                return 3;
        case SP_SQL_TYPE_BIGNUMERIC:
                return 4;
        case SP_SQL_TYPE_FLOAT64:
                return 5;
        default:
                return 0;
        }
}

/* Place in the chain STRING literal → DATE → DATETIME → TIMESTAMP. */
static int time_rank(const struct sp_sql_type *t)
{
        switch (t->kind) {
        case SP_SQL_TYPE_STRING:
                return 1;
        case SP_SQL_TYPE_DATE:
                return 2;
        case SP_SQL_TYPE_DATETIME:
                return 3;
        case SP_SQL_TYPE_TIMESTAMP:
                return 4;
        default:
                return 0;
        }
}

static bool is_literal_target(enum sp_sql_type_kind k)
{
        return k == SP_SQL_TYPE_TIME || k == SP_SQL_TYPE_BYTES ||
               k == SP_SQL_TYPE_INTERVAL || k == SP_SQL_TYPE_NAMED ||
               k == SP_SQL_TYPE_RANGE;
}

static const struct sp_sql_type *common(struct sp_arena *a, const struct sp_sql_type *x,
                                        const struct sp_sql_type *y);

static const struct sp_sql_type *common_struct(struct sp_arena *a,
                                               const struct sp_sql_type *x,
                                               const struct sp_sql_type *y)
{
        struct sp_sql_field *fields;

        if (x->n_fields != y->n_fields)
                return sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        fields = sp_arena_array(a, x->n_fields, sizeof(*fields));
        if (!fields)
                return NULL;
        for (size_t i = 0; i < x->n_fields; i++) {
                /* the first one's names count */
                fields[i].name = x->fields[i].name;
                fields[i].type = common(a, x->fields[i].type, y->fields[i].type);
                if (!fields[i].type)
                        return NULL;
        }
        return sp_sql_type_struct(a, fields, x->n_fields);
}

/* NULL only without memory. */
static const struct sp_sql_type *common(struct sp_arena *a, const struct sp_sql_type *x,
                                        const struct sp_sql_type *y)
{
        const struct sp_sql_type *e;

        if (x == y || y == &null_type)
                return x;
        if (x == &null_type)
                return y;
        if (is_equal(x, y))
                return x;
        if (number_rank(x) && number_rank(y))
                return number_rank(x) > number_rank(y) ? x : y;
        if (time_rank(x) && time_rank(y))
                return time_rank(x) > time_rank(y) ? x : y;
        /* a literal takes the other's type; a STRING that is none is an error there */
        if (x->kind == SP_SQL_TYPE_STRING && is_literal_target(y->kind))
                return y;
        if (y->kind == SP_SQL_TYPE_STRING && is_literal_target(x->kind))
                return x;
        /* what the other side is made of, this side must be made of, or it is an error
         */
        if (x->kind == SP_SQL_TYPE_UNKNOWN &&
            (y->kind == SP_SQL_TYPE_STRUCT || y->kind == SP_SQL_TYPE_ARRAY))
                return y;
        if (y->kind == SP_SQL_TYPE_UNKNOWN &&
            (x->kind == SP_SQL_TYPE_STRUCT || x->kind == SP_SQL_TYPE_ARRAY))
                return x;
        if (x->kind != y->kind)
                return sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        if (x->kind == SP_SQL_TYPE_STRUCT)
                return common_struct(a, x, y);
        if (x->kind == SP_SQL_TYPE_ARRAY || x->kind == SP_SQL_TYPE_RANGE) {
                e = common(a, x->element, y->element);
                return e ? with_element(a, x->kind, e) : NULL;
        }
        return sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
}

const struct sp_sql_type *sp_sql_type_common(struct sp_arena *a,
                                             const struct sp_sql_type *x,
                                             const struct sp_sql_type *y)
{
        const struct sp_sql_type *t;

        if (x == y)
                return x;
        if (x->size > COMPARED_MAX || y->size > COMPARED_MAX)
                return sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        t = common(a, x, y);
        return t ? t : sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
}
