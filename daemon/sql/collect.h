/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/collect — the names in scope, and the list of what a statement mentions.
 *
 * Job:       scopes as immutable lists; make sp_sql_table and sp_sql_function entries
 * from the paths of the tree, splitting quoted paths and refusing decorators.
 * Ownership: everything in the parser's arena.
 * Errors:    false, with the error kept in the parser.
 */
#pragma once

#include "daemon/sql/parser.h"

/* Names in scope: immutable lists that share their tails, so leaving a scope is
 * forgetting its head. */
struct sp_sql_name {
        const struct sp_sql_name *next;
        struct sp_str text;
        unsigned length; /* of the list from here on */
};

struct sp_sql_scope {
        const struct sp_sql_name *ctes;
        const struct sp_sql_name *ranges; /* aliases a path may begin with */
        const struct sp_sql_name *temps; /* TEMP tables certainly made before */
};

/* Collects the facts of one statement. */
struct sp_sql_collector {
        struct sp_sql_vector tables, functions, opaque;
};

bool sp_sql_scope_add(struct sp_sql_parser *p, const struct sp_sql_name **list,
                      struct sp_str text);
bool sp_sql_is_cte(const struct sp_sql_node *path, struct sp_sql_scope s);
bool sp_sql_is_correlated(const struct sp_sql_node *path, struct sp_sql_scope s);
struct sp_str sp_sql_implicit_alias(const struct sp_sql_node *path);

bool sp_sql_collect_table(struct sp_sql_parser *p, struct sp_sql_collector *to,
                          const struct sp_sql_node *path, struct sp_sql_scope s,
                          struct sp_sql_table **ret);
void sp_sql_collect_alias(struct sp_sql_table *t, const struct sp_sql_node *alias);
bool sp_sql_collect_opaque(struct sp_sql_parser *p, struct sp_sql_collector *to,
                           struct sp_str name);
bool sp_sql_collect_function(struct sp_sql_parser *p, struct sp_sql_collector *to,
                             const struct sp_sql_node *call, bool is_table);
bool sp_sql_is_subscript(const struct sp_sql_node *call);
bool sp_sql_is_week(const struct sp_sql_node *call);
