/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/constant — what can be said of an expression without data.
 *
 * Job: its value when it is constant; whether two expressions are the same one; whether
 * it depends on columns, or on what is not in the text (parameters, variables,
 * subqueries, functions that are not built in).
 */
#pragma once

#include "daemon/sql/parser.h"

struct sp_sql_value {
        enum {
                SP_SQL_V_NONE,
                SP_SQL_V_NULL,
                SP_SQL_V_BOOL,
                SP_SQL_V_INT,
                SP_SQL_V_TEXT,
        } type;
        int64_t i; /* BOOL, INT */
        struct sp_str s;
};

struct sp_sql_depends {
        bool on_column, on_unknown;
        const struct sp_sql_node *column; /* the first one */
};

const struct sp_sql_node *sp_sql_strip(const struct sp_sql_node *n); /* parentheses */
/* x and t.x name the same column: one path ends with the other. */
bool sp_sql_same_path(const struct sp_sql_node *a, const struct sp_sql_node *b);
bool sp_sql_same(const struct sp_sql_node *a, const struct sp_sql_node *b);
bool sp_sql_same_children(const struct sp_sql_node *a, const struct sp_sql_node *b);
struct sp_sql_depends sp_sql_depends_on(const struct sp_sql_parser *p,
                                        const struct sp_sql_node *n);
/* The expression of SELECT e, when the subquery is nothing else; NULL. */
const struct sp_sql_node *sp_sql_only_item(const struct sp_sql_node *subquery);
bool sp_sql_constant(const struct sp_sql_node *n, struct sp_sql_value *v);
int sp_sql_compare_values(const struct sp_sql_value *a, const struct sp_sql_value *b);
/* What a comparison `op` gives for the result of sp_sql_compare_values. */
bool sp_sql_holds(unsigned op, int c);
unsigned sp_sql_mirror(unsigned op); /* of a < b: what stands in b > a */
/* One is true whenever the other is not: x < 5, x >= 3. */
bool sp_sql_is_complement(const struct sp_sql_node *a, const struct sp_sql_node *b);
