/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/collect — the names in scope, and the list of what a statement mentions.
 *
 * Job:       the scopes of the facts; make sp_sql_table and sp_sql_function entries
 * from the paths of the tree, splitting quoted paths and refusing decorators.
 * Ownership: everything in the parser's arena.
 * Errors:    false, with the error kept in the parser.
 */
#pragma once

#include "daemon/sql/parser.h"
#include "daemon/sql/scope.h"

struct sp_sql_scope {
        const struct sp_sql_name *ctes;
        const struct sp_sql_name *ranges; /* aliases a path may begin with */
        const struct sp_sql_name *temps; /* TEMP tables certainly made before */
};

/* Collects the facts of one statement. */
struct sp_sql_collector {
        struct sp_sql_vector tables, functions, opaque, system_variables;
};

bool sp_sql_scope_add(struct sp_sql_parser *p, const struct sp_sql_name **list,
                      struct sp_str text);
/* The names of `list` that are not in its `tail`, onto *to, which has the same tail. */
bool sp_sql_scope_join(struct sp_sql_parser *p, const struct sp_sql_name *list,
                       const struct sp_sql_name *tail, const struct sp_sql_name **to);
bool sp_sql_scope_has(const struct sp_sql_name *list, struct sp_str text,
                      bool is_case_sensitive);
bool sp_sql_is_cte(const struct sp_sql_node *path, struct sp_sql_scope s);
bool sp_sql_is_correlated(const struct sp_sql_node *path, struct sp_sql_scope s);
struct sp_str sp_sql_implicit_alias(const struct sp_sql_node *path);

bool sp_sql_collect_table(struct sp_sql_parser *p, struct sp_sql_collector *to,
                          const struct sp_sql_node *path, struct sp_sql_scope s,
                          struct sp_sql_table **ret);
void sp_sql_collect_alias(struct sp_sql_table *t, const struct sp_sql_node *alias);
bool sp_sql_collect_opaque(struct sp_sql_parser *p, struct sp_sql_collector *to,
                           struct sp_str name);
bool sp_sql_collect_system_variable(struct sp_sql_parser *p,
                                    struct sp_sql_collector *to, struct sp_str name);
bool sp_sql_collect_function(struct sp_sql_parser *p, struct sp_sql_collector *to,
                             const struct sp_sql_node *call, bool is_table);
void sp_sql_collect_sort(struct sp_sql_collector *c); /* into text order */
bool sp_sql_is_subscript(const struct sp_sql_node *call);
bool sp_sql_is_week(const struct sp_sql_node *call);
