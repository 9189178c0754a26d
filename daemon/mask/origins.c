/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/origins.h"

#include <errno.h>

const struct sp_sql_type *sp_mask_struct_of(const struct sp_sql_catalog *catalog,
                                            const struct sp_sql_source *s)
{
        const struct sp_sql_catalog_table *table =
                sp_sql_catalog_find(catalog, s->table);
        const struct sp_sql_type *t;
        struct sp_str rest = s->field, head;
        size_t i;

        if (!table || !sp_sql_catalog_column(table, s->column, &i))
                return NULL;
        for (t = table->columns[i].type;; t = t->fields[i].type) {
                if (t->kind == SP_SQL_TYPE_ARRAY)
                        t = t->element;
                if (t->kind != SP_SQL_TYPE_STRUCT)
                        return NULL;
                if (!rest.n)
                        return t;
                (void)sp_str_cut(rest, '.', &head, &rest);
                if (sp_sql_type_field(t, head, &i) != 1)
                        return NULL;
        }
}

/* A record that shows a stored one, field for field. */
static bool has_same_fields(const struct sp_sql_type *a, const struct sp_sql_type *b)
{
        if (!b || a->n_fields != b->n_fields)
                return false;
        for (size_t i = 0; i < a->n_fields; i++)
                if (!sp_str_caseeq(a->fields[i].name, b->fields[i].name))
                        return false;
        return true;
}

static bool is_masked(const struct sp_mask_input *in, const struct sp_sql_source *s,
                      struct sp_str path)
{
        struct sp_schema schema = { .table = s->table };

        for (size_t i = 0; i < in->n_schemas; i++)
                if (sp_str_eq(in->schemas[i].table, s->table))
                        schema = in->schemas[i];
        return sp_mask_of_path(in->policy, NULL, &schema, s->column, 0).kind ||
               sp_mask_of_path(in->policy, NULL, &schema, path, 0).kind;
}

int sp_mask_origins(struct sp_arena *a, const struct sp_mask_input *in,
                    const struct sp_sql_catalog *catalog,
                    const struct sp_sql_lineage *l, struct sp_output_origin **ret)
{
        struct sp_output_origin *to = sp_arena_array(a, l->n_outputs, sizeof(*to));

        if (!to)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_outputs; i++) {
                const struct sp_sql_output *o = &l->outputs[i];
                const struct sp_sql_source *s = o->sources;
                const struct sp_sql_type *t = o->type;
                struct sp_str path;

                if (o->n_sources != 1 || s->is_presence)
                        continue;
                if (t->kind == SP_SQL_TYPE_ARRAY)
                        t = t->element;
                if (t->kind == SP_SQL_TYPE_STRUCT &&
                    !has_same_fields(t, sp_mask_struct_of(catalog, s)))
                        continue;
                path = sp_arena_printf(a, "%.*s%s%.*s", SP_FMT(s->column),
                                       s->field.n ? "." : "", SP_FMT(s->field));
                if (!path.p)
                        return -ENOMEM;
                if (!is_masked(in, s, path))
                        to[i] = (struct sp_output_origin){ s->table, path };
        }
        *ret = to;
        return 0;
}
