/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/facts — from the syntax tree to what a policy asks.
 *
 * Job:       walk the tree of a script with the scopes of GoogleSQL and list, for each
 *            statement, the tables, functions and opaque parts.
 * Rule:      a name is left out of the tables only when it certainly is none: a WITH
 *            name in scope, or a path whose first part is an alias in scope. What is
 *            not known here (a column that is an array) is listed, and so denied if
 *            nobody allows it.
 * Spec:      GoogleSQL query syntax: "WITH clause", "Correlated joins", "Range
 *            variables".
 */
#pragma once

#include "daemon/sql/parser.h"

sp_must_check int sp_sql_facts(struct sp_sql_parser *p,
                               const struct sp_sql_node *script,
                               struct sp_sql_script *ret);

/* where.c: what a DELETE, UPDATE, MERGE or TRUNCATE statement's condition amounts to.
 * facts: what is known of the statement so far, its tables at least. */
void sp_sql_find_where(const struct sp_sql_parser *p,
                       const struct sp_sql_node *statement,
                       struct sp_sql_statement *facts);
