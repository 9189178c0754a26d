/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql/resolve_shape — what the files about reshaping rows share: pipe operators, PIVOT,
 * MATCH_RECOGNIZE, DML, scripts.
 *
 * Job:       small sets by name or by identity; names whose columns can be told apart;
 *            the columns of CREATE … AS.
 * Ownership: everything in the resolver's arena.
 * Errors:    as in resolve.h: NULL or false, with the reason in the resolver.
 */
#pragma once

#include "daemon/sql/resolve.h"

static inline const struct sp_sql_node *sp_sql_child(const struct sp_sql_node *n,
                                                     enum sp_sql_node_kind kind)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == kind)
                        return c;
        return NULL;
}

/* ---- a set with room for n members, each at a place ---- */
struct sp_sql_place {
        const void *identity; /* or NULL: by name */
        struct sp_str name;
        size_t at;
        bool is_used;
};

struct sp_sql_places {
        struct sp_sql_place *slots;
        size_t n_slots;
};

bool sp_sql_places_new(struct sp_sql_resolver *r, struct sp_sql_places *p, size_t n);
/* The member with this identity (or, for NULL, this name, letter case aside); without
 * one, a free place to become it: is_used is false. */
struct sp_sql_place *sp_sql_place(const struct sp_sql_places *p, const void *identity,
                                  struct sp_str name);

/* The same names with a value object of its own for each column, in one array: so a
 * value that comes out of resolving a name tells which column that was. */
const struct sp_sql_names *sp_sql_names_apart(struct sp_sql_resolver *r,
                                              const struct sp_sql_names *names,
                                              const struct sp_sql_names *outer,
                                              const struct sp_sql_value **ret_values);

/* ---- relations ---- */
static inline bool sp_sql_is_visible(const struct sp_sql_column *c)
{
        return !c->is_pseudo && !c->is_excluded;
}
/* n anonymous columns to fill in; counted. */
struct sp_sql_column *sp_sql_columns_new(struct sp_sql_resolver *r, size_t n,
                                         struct sp_sql_span at);
const struct sp_sql_relation *sp_sql_relation_of(struct sp_sql_resolver *r,
                                                 const struct sp_sql_column *columns,
                                                 size_t n);
/* With the names of the column list of a CREATE statement, when it has one. */
const struct sp_sql_relation *
sp_sql_relation_renamed(struct sp_sql_resolver *r, const struct sp_sql_node *create,
                        const struct sp_sql_relation *relation);
/* The WINDOW clause of a SELECT or pipe operator: what its windows say of rows. One that
 * is not used is not looked at; unless its user may be out of sight (ORDER BY behind the
 * SELECT), then it may say something but need not be right. */
bool sp_sql_resolve_windows(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                            const struct sp_sql_node *n, bool is_all_in_sight);
/* An expression that stands for itself, as a select item would be named. */
struct sp_str sp_sql_expr_name(const struct sp_sql_node *expr);
/* The name that PIVOT gives a column by its value (resolve_pivot_name.c): `prefix` is the
 * aggregate's alias or empty, `type` that of the FOR expression. */
bool sp_sql_pivot_name(struct sp_sql_resolver *r, struct sp_str prefix,
                       const struct sp_sql_node *value, const struct sp_sql_type *type,
                       struct sp_str *ret);
