/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/type — the types of GoogleSQL, as far as names and masks need them.
 *
 * Job:       read a type from its text or its node, find fields, find the common type
 *            of two, write a type as GoogleSQL does.
 * Ownership: types live in an arena, are never changed after they were made, and share
 *            their parts.
 * Errors:    -EINVAL with id "sql.type" for a text that is no type; -E2BIG for depth or
 *            size; -ENOMEM.
 * Spec:      GoogleSQL data types; parameters (STRING(10)) are read and dropped.
 */
#pragma once

#include "daemon/sql/ast.h"

#define SP_SQL_TYPE_DEPTH_MAX 15 /* BigQuery's limit of nested RECORDs */
#define SP_SQL_TYPE_LEVELS_MAX (2 * SP_SQL_TYPE_DEPTH_MAX + 2) /* ARRAYs between them */
#define SP_SQL_TYPE_FIELDS_MAX 10000 /* BigQuery's limit of columns */

enum sp_sql_type_kind {
        SP_SQL_TYPE_UNKNOWN, /* not known here: a field of it may be anything */
        SP_SQL_TYPE_BOOL,
        SP_SQL_TYPE_INT64,
        SP_SQL_TYPE_FLOAT64,
        SP_SQL_TYPE_NUMERIC,
        SP_SQL_TYPE_BIGNUMERIC,
        SP_SQL_TYPE_STRING,
        SP_SQL_TYPE_BYTES,
        SP_SQL_TYPE_DATE,
        SP_SQL_TYPE_DATETIME,
        SP_SQL_TYPE_TIME,
        SP_SQL_TYPE_TIMESTAMP,
        SP_SQL_TYPE_INTERVAL,
        SP_SQL_TYPE_GEOGRAPHY,
        SP_SQL_TYPE_JSON,
        SP_SQL_TYPE_RANGE, /* element */
        SP_SQL_TYPE_ARRAY, /* element */
        SP_SQL_TYPE_STRUCT, /* fields */
        SP_SQL_TYPE_NAMED, /* a scalar of another name: INT32, UUID, an enum; `name` */
};

struct sp_sql_type;

struct sp_sql_field {
        struct sp_str name; /* empty for an anonymous field */
        const struct sp_sql_type *type;
};

struct sp_sql_index;

struct sp_sql_type {
        enum sp_sql_type_kind kind;
        unsigned depth, size; /* levels and types in it, this one included; bounded */
        struct sp_str name; /* NAMED, UNKNOWN: as written, or empty */
        const struct sp_sql_type *element; /* ARRAY, RANGE */
        const struct sp_sql_field *fields; /* STRUCT */
        size_t n_fields;
        const struct sp_sql_index *index; /* of the fields, when there are many */
};

/* The types without parts: one static object each. NULL for ARRAY, STRUCT and the like.
 */
const struct sp_sql_type *sp_sql_type_simple(enum sp_sql_type_kind kind);
sp_must_check int sp_sql_type_parse(struct sp_arena *a, struct sp_str text,
                                    const struct sp_sql_type **ret,
                                    struct sp_err *reterr);
/* From a TYPE node of the tree. */
sp_must_check int sp_sql_type_of(struct sp_arena *a, const struct sp_sql_node *type,
                                 const struct sp_sql_type **ret, struct sp_err *reterr);
/* Of a NULL literal: it becomes whatever stands beside it. UNKNOWN by kind. */
const struct sp_sql_type *sp_sql_type_null(void);
/* NULL without memory. A type made here is at most SP_SQL_TYPE_LEVELS_MAX deep and
 * SP_SQL_TYPE_FIELDS_MAX large: what is beyond is UNKNOWN in it. */
const struct sp_sql_type *sp_sql_type_array(struct sp_arena *a,
                                            const struct sp_sql_type *element);
const struct sp_sql_type *sp_sql_type_range(struct sp_arena *a,
                                            const struct sp_sql_type *element);
const struct sp_sql_type *
sp_sql_type_struct(struct sp_arena *a, const struct sp_sql_field *fields, size_t n);
/* How many fields have this name (letter case aside): 0, 1, or 2 for several; *ret: the
 * place of the first. */
unsigned sp_sql_type_field(const struct sp_sql_type *t, struct sp_str name,
                           size_t *ret);
/* What both coerce to; UNKNOWN when there is no such type, never an error. */
const struct sp_sql_type *sp_sql_type_common(struct sp_arena *a,
                                             const struct sp_sql_type *x,
                                             const struct sp_sql_type *y);
bool sp_sql_type_equal(const struct sp_sql_type *x, const struct sp_sql_type *y);
/* "STRUCT<a INT64, b ARRAY<STRING>>"; p is NULL without memory. */
struct sp_str sp_sql_type_text(struct sp_arena *a, const struct sp_sql_type *t);
