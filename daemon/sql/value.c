/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/resolve.h"

static const struct sp_sql_span nowhere;

const struct sp_sql_value *sp_sql_value_new(struct sp_sql_resolver *r,
                                            const struct sp_sql_type *type,
                                            const struct sp_sql_sources *sources)
{
        struct sp_sql_value *v;

        if (r->code || !type) /* no type: there was no memory for it */
                return sp_sql_resolver_no_memory(r);
        v = sp_arena_new(r->arena, struct sp_sql_value);
        if (!v)
                return sp_sql_resolver_no_memory(r);
        v->type = type;
        v->sources = sources;
        return v;
}

const struct sp_sql_value *sp_sql_value_stored(struct sp_sql_resolver *r,
                                               const struct sp_sql_type *type,
                                               const struct sp_sql_leaf *leaf)
{
        struct sp_sql_value *v = (struct sp_sql_value *)sp_sql_value_new(
                r, type, sp_sql_sources_leaf(r, leaf)); /* nobody's yet */

        if (v)
                v->is_stored = true;
        return r->code ? NULL : v;
}

const struct sp_sql_value *sp_sql_value_presence(struct sp_sql_resolver *r,
                                                 const struct sp_sql_value *v)
{
        const struct sp_sql_leaf *leaf =
                v && v->is_stored ? sp_sql_sources_single(v->sources) : NULL;
        struct sp_sql_leaf of;

        if (!leaf ||
            (v->type->kind != SP_SQL_TYPE_STRUCT && v->type->kind != SP_SQL_TYPE_ARRAY))
                return v;
        of = *leaf;
        of.is_presence = true;
        return sp_sql_value_new(r, v->type, sp_sql_sources_leaf(r, &of));
}

/* The parts as the type has them: what is too deep or too large for a type is not known
 * apart, so that a value is never deeper than its type. */
const struct sp_sql_value *sp_sql_value_struct(struct sp_sql_resolver *r,
                                               const struct sp_sql_type *type,
                                               const struct sp_sql_value *const *fields)
{
        const struct sp_sql_value **own;
        const struct sp_sql_sources *sources = NULL;
        struct sp_sql_value *v;

        if (r->code || !type)
                return sp_sql_resolver_no_memory(r);
        v = sp_arena_new(r->arena, struct sp_sql_value);
        own = sp_arena_array(r->arena, type->n_fields, sizeof(struct sp_sql_value *));
        if (!v || !own)
                return sp_sql_resolver_no_memory(r);
        for (size_t i = 0; i < type->n_fields; i++) {
                const struct sp_sql_type *t = type->fields[i].type;

                if (!fields[i])
                        return NULL;
                own[i] = fields[i];
                if (t->kind != SP_SQL_TYPE_STRUCT && own[i]->fields)
                        own[i] = sp_sql_value_new(r, t, own[i]->sources);
                sources = sp_sql_sources_join(r, sources, fields[i]->sources);
                if (!own[i] || r->code)
                        return NULL;
        }
        v->type = type;
        v->sources = sources;
        v->fields = own;
        return v;
}

/* A stored STRUCT, or an element of a stored ARRAY of them: its field's sources are that
 * field of the leaf. Else all that reaches the value. */
static const struct sp_sql_value *
stored_field(struct sp_sql_resolver *r, const struct sp_sql_value *v, size_t index)
{
        const struct sp_sql_field *field = &v->type->fields[index];
        const struct sp_sql_leaf *leaf = sp_sql_sources_single(v->sources);
        const struct sp_sql_type *t = leaf ? sp_sql_leaf_type(leaf) : NULL;
        struct sp_sql_leaf part;

        while (t && t->kind == SP_SQL_TYPE_ARRAY)
                t = t->element;
        if (t != v->type || !field->name.n || leaf->is_presence)
                return sp_sql_value_new(r, field->type, v->sources);
        part = *leaf;
        part.field = field->name;
        if (leaf->field.n)
                part.field = sp_arena_printf(r->arena, "%.*s.%.*s", SP_FMT(leaf->field),
                                             SP_FMT(field->name));
        if (!part.field.p)
                return sp_sql_resolver_no_memory(r);
        return v->is_stored ? sp_sql_value_stored(r, field->type, &part)
                            : sp_sql_value_new(r, field->type,
                                               sp_sql_sources_leaf(r, &part));
}

const struct sp_sql_value *sp_sql_value_field_at(struct sp_sql_resolver *r,
                                                 const struct sp_sql_value *v,
                                                 size_t index)
{
        if (!v)
                return NULL;
        if (v->fields)
                return v->fields[index];
        if (v->type->kind != SP_SQL_TYPE_STRUCT || index >= v->type->n_fields)
                return sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN),
                                        v->sources);
        return stored_field(r, v, index);
}

static void *no_field(struct sp_sql_resolver *r, const struct sp_sql_value *v,
                      struct sp_str name, struct sp_sql_span at, bool is_struct)
{
        struct sp_str type = sp_sql_type_text(r->arena, v->type);

        if (!type.p)
                return sp_sql_resolver_no_memory(r);
        type = sp_str_sub(type, 0, 120);
        name = sp_str_sub(name, 0, 120);
        if (is_struct)
                return sp_sql_unresolved(r, at,
                                         "Field name %.*s does not exist in %.*s",
                                         SP_FMT(name), SP_FMT(type));
        return sp_sql_unresolved(r, at,
                                 "Cannot access field %.*s on a value with type %.*s",
                                 SP_FMT(name), SP_FMT(type));
}

const struct sp_sql_value *sp_sql_value_field(struct sp_sql_resolver *r,
                                              const struct sp_sql_value *v,
                                              struct sp_str name, struct sp_sql_span at)
{
        size_t index = 0;

        if (!v)
                return NULL;
        switch (v->type->kind) {
        case SP_SQL_TYPE_JSON:
        case SP_SQL_TYPE_UNKNOWN:
                return sp_sql_value_new(r, sp_sql_type_simple(v->type->kind),
                                        v->sources);
        case SP_SQL_TYPE_STRUCT:
                switch (sp_sql_type_field(v->type, name, &index)) {
                case 0:
                        return no_field(r, v, name, at, true);
                case 1:
                        return sp_sql_value_field_at(r, v, index);
                default:
                        return sp_sql_unresolved(r, at,
                                                 "Struct field name %.*s is ambiguous",
                                                 SP_FMT(sp_str_sub(name, 0, 120)));
                }
        default:
                return no_field(r, v, name, at, false);
        }
}

const struct sp_sql_value *sp_sql_value_element(struct sp_sql_resolver *r,
                                                const struct sp_sql_value *array)
{
        const struct sp_sql_type *t;

        if (!array)
                return NULL;
        t = array->type;
        switch (t->kind) {
        case SP_SQL_TYPE_ARRAY:
                if (array->is_stored)
                        return sp_sql_value_stored(
                                r, t->element, sp_sql_sources_single(array->sources));
                return sp_sql_value_new(r, t->element, array->sources);
        case SP_SQL_TYPE_JSON:
        case SP_SQL_TYPE_UNKNOWN:
                return sp_sql_value_new(r, sp_sql_type_simple(t->kind), array->sources);
        default:
                return sp_sql_unresolved(
                        r, nowhere, "A value with type %.*s is not an array",
                        SP_FMT(sp_str_sub(sp_sql_type_text(r->arena, t), 0, 120)));
        }
}

static bool is_null(const struct sp_sql_value *v)
{
        return v->type == sp_sql_type_null() && !v->sources;
}

/* Field by field when either side knows its fields apart. The type bounds the depth; its
 * size counts as columns made. */
static const struct sp_sql_value *either_struct(struct sp_sql_resolver *r,
                                                const struct sp_sql_type *type,
                                                const struct sp_sql_value *x,
                                                const struct sp_sql_value *y)
{
        const struct sp_sql_value **fields =
                sp_arena_array(r->arena, type->n_fields, sizeof(struct sp_sql_value *));

        if (!fields)
                return sp_sql_resolver_no_memory(r);
        if (!sp_sql_count_columns(r, type->n_fields, nowhere))
                return NULL;
        for (size_t i = 0; i < type->n_fields; i++) {
                fields[i] = sp_sql_value_either(r, sp_sql_value_field_at(r, x, i),
                                                sp_sql_value_field_at(r, y, i));
                if (!fields[i])
                        return NULL;
        }
        return sp_sql_value_struct(r, type, fields);
}

const struct sp_sql_value *sp_sql_value_either(struct sp_sql_resolver *r,
                                               const struct sp_sql_value *x,
                                               const struct sp_sql_value *y)
{
        const struct sp_sql_type *type;
        const struct sp_sql_sources *sources;

        if (!x || !y || r->code)
                return NULL;
        if (x == y || is_null(y))
                return x;
        if (is_null(x))
                return y;
        type = sp_sql_type_common(r->arena, x->type, y->type);
        if (type->kind == SP_SQL_TYPE_STRUCT && x->type->kind == SP_SQL_TYPE_STRUCT &&
            y->type->kind == SP_SQL_TYPE_STRUCT && (x->fields || y->fields))
                return either_struct(r, type, x, y);
        sources = sp_sql_sources_join(r, x->sources, y->sources);
        return r->code ? NULL : sp_sql_value_new(r, type, sources);
}
