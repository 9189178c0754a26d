/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/resolve_pipe — what the files of the pipe operators share.
 *
 * Job:       one operator after the other, each over the names that the one before left.
 * Errors:    false, with the reason in the resolver.
 * Spec:      GoogleSQL pipe query syntax.
 */
#pragma once

#include "daemon/sql/resolve_shape.h"

struct sp_sql_pipe {
        struct sp_sql_resolver *r;
        const struct sp_sql_names *names; /* the input of the next operator */
        const struct sp_sql_names *outer; /* what subqueries and calls see */
};

/* The operator's output is this relation, under one alias or none. */
bool sp_sql_pipe_becomes(struct sp_sql_pipe *p, const struct sp_sql_relation *relation,
                         struct sp_str alias);

/* resolve_pipe_columns.c */
bool sp_sql_pipe_select(struct sp_sql_pipe *p, const struct sp_sql_node *n);
bool sp_sql_pipe_extend(struct sp_sql_pipe *p, const struct sp_sql_node *n);
bool sp_sql_pipe_change(struct sp_sql_pipe *p,
                        const struct sp_sql_node *n); /* SET, DROP, RENAME */
bool sp_sql_pipe_aggregate(struct sp_sql_pipe *p, const struct sp_sql_node *n);
bool sp_sql_pipe_distinct(struct sp_sql_pipe *p, const struct sp_sql_node *n);
