/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/truth — what a condition is over all rows of a table.
 *
 * Job:  predicates (predicate.c), and what AND, OR, NOT, CASE and the like make of them
 *       (where.c).
 * Rule: SELECTS needs a reason. It says that the condition names the rows it is true for:
 *       equal to a value, in a list, NULL, beginning with a text, inside a range that is
 *       narrow. What is true for all rows but those named (!=, NOT IN) and what is open at
 *       one side (id > -1) is true for a whole table as easily as not, and nothing in the
 *       text tells. Nor does anything for computed values (MOD(id, 1) = 0).
 */
#pragma once

#include "daemon/sql/constant.h"

enum sp_sql_truth {
        SP_SQL_YES, /* true or NULL for every row */
        SP_SQL_ALL, /* looks true for every row; of its opposite nothing is known */
        SP_SQL_NO, /* false or NULL for every row */
        SP_SQL_SELECTS, /* names the rows for which it is true */
        SP_SQL_MATCHES, /* the same, but with another such it may be true for all: the
                           value is not in the text, or is one of a few */
        SP_SQL_EXCLUDES, /* names the rows for which it is false */
        SP_SQL_MAYBE,
};

enum sp_sql_truth sp_sql_judge(const struct sp_sql_rows *rows,
                               const struct sp_sql_node *n);
enum sp_sql_truth sp_sql_negate(enum sp_sql_truth t);

/* ---- pick.c ---- */

enum sp_sql_pick {
        SP_SQL_PICK_NONE,
        SP_SQL_PICK_COARSE, /* perhaps of few values: its month, a CAST that may be of BOOL */
        SP_SQL_PICK_FULL, /* a column, a field, its day, its hash */
};

/* Whether it is a value of the row, taken as it is. */
enum sp_sql_pick sp_sql_pick_of(const struct sp_sql_rows *rows,
                                const struct sp_sql_node *n);
/* 1: the BOOL column *ret, however written; -1: its opposite; 0: neither. */
int sp_sql_flag_of(const struct sp_sql_rows *rows, const struct sp_sql_node *n,
                   const struct sp_sql_node **ret);
bool sp_sql_is_plain(const struct sp_sql_node *n); /* a value written out */
/* The same value for every row, and not the value of a condition. */
bool sp_sql_is_fixed(const struct sp_sql_rows *rows, const struct sp_sql_node *n);
bool sp_sql_is_bool(const struct sp_sql_node *n,
                    struct sp_sql_constant *v); /* constant */

/* ---- predicate.c ---- */

/* x >= 1 and x < 3, in either order. */
bool sp_sql_is_narrow_pair(const struct sp_sql_rows *rows, const struct sp_sql_node *a,
                           const struct sp_sql_node *b);
/* A comparison, IS, LIKE, IN, BETWEEN, EXISTS, a function. */
enum sp_sql_truth sp_sql_judge_predicate(const struct sp_sql_rows *rows,
                                         const struct sp_sql_node *n);
