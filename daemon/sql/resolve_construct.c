/* SPDX-License-Identifier: Apache-2.0 */
/* Constructors: what they are made of stays known part by part. */
#include "daemon/sql/resolve.h"

const struct sp_sql_value *sp_sql_value_as(struct sp_sql_resolver *r,
                                           const struct sp_sql_value *v,
                                           const struct sp_sql_type *type)
{
        const struct sp_sql_value **fields;

        if (!v || v->type == type)
                return v;
        if (!v->fields || type->kind != SP_SQL_TYPE_STRUCT ||
            type->n_fields != v->type->n_fields)
                return sp_sql_value_new(r, type, v->sources);
        fields =
                sp_arena_array(r->arena, type->n_fields, sizeof(struct sp_sql_value *));
        if (!fields)
                return sp_sql_resolver_no_memory(r);
        for (size_t i = 0; i < type->n_fields; i++) {
                fields[i] = sp_sql_value_as(r, v->fields[i], type->fields[i].type);
                if (!fields[i])
                        return NULL;
        }
        return sp_sql_value_struct(r, type, fields);
}

static size_t count(const struct sp_sql_node *n)
{
        size_t many = 0;

        for (; n; n = n->next)
                many++;
        return many;
}

/* The fields as they were met; NULL in `type`: their own type. */
static const struct sp_sql_value *make(struct sp_sql_resolver *r,
                                       const struct sp_sql_field *fields,
                                       const struct sp_sql_value **values, size_t n,
                                       const struct sp_sql_node *type)
{
        const struct sp_sql_type *t = sp_sql_type_struct(r->arena, fields, n);
        const struct sp_sql_value *v = sp_sql_value_struct(r, t, values);

        if (!v || !type)
                return v;
        t = sp_sql_resolve_type(r, type);
        return t ? sp_sql_value_as(r, v, t) : NULL;
}

const struct sp_sql_value *sp_sql_resolve_struct(struct sp_sql_resolver *r,
                                                 const struct sp_sql_names *names,
                                                 const struct sp_sql_node *n)
{
        const struct sp_sql_node *first = n->first, *type = NULL;
        const struct sp_sql_value **values, *v;
        struct sp_sql_field *fields;
        size_t many, i = 0;

        if (first && first->kind == SP_SQL_N_TYPE) {
                type = first;
                first = first->next;
        }
        if (first && first->kind == SP_SQL_N_BRACED) {
                const struct sp_sql_type *t =
                        type ? sp_sql_resolve_type(r, type) : NULL;

                v = sp_sql_resolve_braced(r, names, first);
                return type && v && t ? sp_sql_value_as(r, v, t) : r->code ? NULL : v;
        }
        many = count(first);
        fields = sp_arena_array(r->arena, many, sizeof(*fields));
        values = sp_arena_array(r->arena, many, sizeof(struct sp_sql_value *));
        if (!fields || !values)
                return sp_sql_resolver_no_memory(r);
        if (!sp_sql_count_columns(r, many, n->span))
                return NULL;
        for (; first; first = first->next, i++) {
                values[i] = sp_sql_resolve_expr(r, names, first);
                if (!values[i])
                        return NULL;
                fields[i].type = values[i]->type;
                /* (a, b) has no names; STRUCT(a, b AS c) has */
                if (first->kind == SP_SQL_N_ITEM && !type)
                        fields[i].name = sp_sql_item_name(first);
        }
        return make(r, fields, values, many, type);
}

const struct sp_sql_value *sp_sql_resolve_braced(struct sp_sql_resolver *r,
                                                 const struct sp_sql_names *names,
                                                 const struct sp_sql_node *n)
{
        size_t many = count(n->first) / 2, i = 0;
        struct sp_sql_field *fields = sp_arena_array(r->arena, many, sizeof(*fields));
        const struct sp_sql_value **values =
                sp_arena_array(r->arena, many, sizeof(struct sp_sql_value *));

        if (!fields || !values)
                return sp_sql_resolver_no_memory(r);
        if (!sp_sql_count_columns(r, many, n->span))
                return NULL;
        for (const struct sp_sql_node *c = n->first; c && c->next && i < many;
             c = c->next->next, i++) {
                if (c->kind != SP_SQL_N_NAME)
                        return sp_sql_unresolved(r, c->span,
                                                 "This expression cannot be resolved");
                values[i] = sp_sql_resolve_expr(r, names, c->next);
                if (!values[i])
                        return NULL;
                fields[i].name = c->text;
                fields[i].type = values[i]->type;
        }
        return make(r, fields, values, many, NULL);
}

const struct sp_sql_value *sp_sql_resolve_array(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *names,
                                                const struct sp_sql_node *n)
{
        const struct sp_sql_type *type = NULL, *element = NULL;
        const struct sp_sql_sources *sources = NULL;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_value *v;

                if (c->kind == SP_SQL_N_TYPE) {
                        type = sp_sql_resolve_type(r, c);
                        if (!type)
                                return NULL;
                        continue;
                }
                v = sp_sql_resolve_expr(r, names, c);
                if (!v)
                        return NULL;
                sources = sp_sql_sources_join(r, sources, v->sources);
                if (!type)
                        element =
                                element ? sp_sql_type_common(r->arena, element, v->type)
                                        : v->type;
        }
        if (r->code)
                return NULL;
        if (!type)
                type = sp_sql_type_array(r->arena,
                                         element ? element : sp_sql_type_null());
        return type ? sp_sql_value_new(r, type, sources) : sp_sql_resolver_no_memory(r);
}
