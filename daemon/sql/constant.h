/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/constant — what can be said of an expression without data.
 *
 * Job: its value when it is constant; whether two expressions are the same one; whether
 * it depends on columns of the rows in question, of others, or on what is not in the text
 * (parameters, variables, subqueries, functions that are not built in).
 */
#pragma once

#include "daemon/sql/parser.h"

struct sp_sql_constant {
        enum {
                SP_SQL_V_NONE,
                SP_SQL_V_NULL,
                SP_SQL_V_BOOL,
                SP_SQL_V_INT,
                SP_SQL_V_FLOAT,
                SP_SQL_V_TEXT,
                SP_SQL_V_DATE,
                SP_SQL_V_MOMENT, /* DATETIME, TIMESTAMP: of s only the day is looked at */
        } type;
        int64_t i; /* BOOL, INT */
        double f;
        struct sp_str s;
};

/* Whose rows a condition is about. */
struct sp_sql_rows {
        const struct sp_sql_parser *parser;
        struct sp_str alias; /* of their table */
        bool has_others; /* columns of other tables are in scope */
        bool is_among_others; /* their own table is one of these */
};

struct sp_sql_depends {
        bool on_column, on_other, on_unknown;
        bool on_query; /* on_unknown too */
        const struct sp_sql_node *column; /* the first one */
};

const struct sp_sql_node *sp_sql_strip(const struct sp_sql_node *n); /* parentheses */
/* x and t.x name the same column: one path ends with the other. */
struct sp_str sp_sql_called(const struct sp_sql_node *n);
bool sp_sql_is_one_of(struct sp_str name, const char *const *words); /* up to NULL */
bool sp_sql_same_path(const struct sp_sql_node *a, const struct sp_sql_node *b);
bool sp_sql_same(const struct sp_sql_node *a, const struct sp_sql_node *b);
bool sp_sql_same_children(const struct sp_sql_node *a, const struct sp_sql_node *b);
struct sp_sql_depends sp_sql_depends_on(const struct sp_sql_rows *rows,
                                        const struct sp_sql_node *n);
/* The expression of SELECT e, when the subquery is nothing else; NULL. */
const struct sp_sql_node *sp_sql_only_item(const struct sp_sql_node *subquery);
bool sp_sql_constant(const struct sp_sql_node *n, struct sp_sql_constant *v);
bool sp_sql_looks_like_date(struct sp_str s); /* 2024-01-31, whatever follows */
/* *ret: below, 0 or above 0; false: they do not compare, or nobody knows here. */
bool sp_sql_compare_values(const struct sp_sql_constant *a,
                           const struct sp_sql_constant *b, int *ret);
/* What a comparison `op` gives for such a result. */
bool sp_sql_holds(unsigned op, int c);
unsigned sp_sql_mirror(unsigned op); /* of a < b: what stands in b > a */
/* One is true whenever the other is not: x < 5, x >= 3. */
bool sp_sql_is_complement(const struct sp_sql_node *a, const struct sp_sql_node *b);
