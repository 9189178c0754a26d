/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE … AS and the like: the columns of what is made, and what reaches them. */
#include "daemon/sql/resolve_script.h"

const struct sp_sql_relation *sp_sql_resolve_queries(struct sp_sql_scripting *w,
                                                     const struct sp_sql_node *s)
{
        const struct sp_sql_relation *all = NULL;
        struct sp_sql_vector columns = { 0 };
        size_t many = 0;

        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                if (c->kind != SP_SQL_N_QUERY)
                        continue;
                all = sp_sql_resolve_query(w->r, NULL, c);
                for (size_t i = 0; all && i < all->n; i++) {
                        struct sp_sql_column *to =
                                sp_sql_vector_add(w->r->arena, &columns, sizeof(*to));

                        if (!to)
                                return sp_sql_resolver_no_memory(w->r);
                        *to = all->columns[i];
                }
                if (!all)
                        return NULL;
                many++;
        }
        return many == 1 ? all : sp_sql_relation_of(w->r, columns.v, columns.n);
}

/* CREATE TABLE t (a INT64, …) without a query: columns that nothing reached yet. */
static const struct sp_sql_relation *declared(struct sp_sql_scripting *w,
                                              const struct sp_sql_node *s)
{
        struct sp_sql_vector columns = { 0 };

        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                const struct sp_sql_node *type = sp_sql_child(c, SP_SQL_N_TYPE);
                const struct sp_sql_type *t = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
                struct sp_sql_column *to;
                struct sp_err err = { 0 };

                if (c->kind != SP_SQL_N_CLAUSE || c->op != SP_KW_COLUMN)
                        continue;
                if (type && sp_sql_type_of(w->r->arena, type, &t, &err) == -ENOMEM)
                        return sp_sql_resolver_no_memory(w->r);
                to = sp_sql_vector_add(w->r->arena, &columns, sizeof(*to));
                if (!to)
                        return sp_sql_resolver_no_memory(w->r);
                to->name = c->text;
                to->value = sp_sql_value_new(w->r, t, NULL);
                if (!to->value)
                        return NULL;
        }
        if (!columns.n || !sp_sql_count_columns(w->r, columns.n, s->span))
                return NULL;
        return sp_sql_relation_of(w->r, columns.v, columns.n);
}

/* The same columns with nothing in them: LIKE copies no rows. */
static const struct sp_sql_relation *emptied(struct sp_sql_scripting *w,
                                             const struct sp_sql_relation *of)
{
        struct sp_sql_column *columns =
                of ? sp_sql_columns_new(w->r, of->n, (struct sp_sql_span){ 0 }) : NULL;

        if (!columns)
                return NULL;
        for (size_t i = 0; i < of->n; i++) {
                columns[i] = of->columns[i];
                columns[i].value =
                        sp_sql_value_new(w->r, of->columns[i].value->type, NULL);
                if (!columns[i].value)
                        return NULL;
        }
        return sp_sql_relation_of(w->r, columns, of->n);
}

/* *ret_writes: rows come with it. NULL without a reason: the columns are not known. */
static const struct sp_sql_relation *
created(struct sp_sql_scripting *w, const struct sp_sql_node *s, bool *ret_writes)
{
        const struct sp_sql_node *source = sp_sql_child(s, SP_SQL_N_SOURCE);
        const struct sp_sql_relation *relation;

        *ret_writes = true;
        if (sp_sql_child(s, SP_SQL_N_QUERY))
                return sp_sql_relation_renamed(w->r, s, sp_sql_resolve_queries(w, s));
        if (source && source->first) {
                relation = sp_sql_resolve_path(w->r, source->first);
                if (source->op == SP_KW_CLONE || !sp_sql_is_kind(s, "CreateTable"))
                        return relation;
                *ret_writes = false;
                return emptied(w, relation);
        }
        *ret_writes = false;
        return sp_sql_is_kind(s, "CreateTable") ? declared(w, s) : NULL;
}

/* A view that reads itself: its columns are those of its first operand. */
static const struct sp_sql_relation *recursive_view(struct sp_sql_scripting *w,
                                                    const struct sp_sql_node *s)
{
        return sp_sql_resolve_recursive(w->r, sp_sql_child(s, SP_SQL_N_TARGET)->first,
                                        sp_sql_child(s, SP_SQL_N_QUERY));
}

bool sp_sql_resolve_create_table(struct sp_sql_scripting *w,
                                 const struct sp_sql_node *s)
{
        const struct sp_sql_relation *relation;
        bool writes = true, ok;

        if (s->flags & SP_SQL_F_RECURSIVE && sp_sql_child(s, SP_SQL_N_QUERY))
                relation = sp_sql_relation_renamed(w->r, s, recursive_view(w, s));
        else
                relation = created(w, s, &writes);
        ok = !w->r->unresolved && !w->r->code &&
             (!writes || sp_sql_script_outputs(w, relation));
        return sp_sql_temp_make(w, s, relation) && ok;
}
