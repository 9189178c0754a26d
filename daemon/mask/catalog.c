/* SPDX-License-Identifier: Apache-2.0 */
/* The schemas that were fetched, as the resolver wants them. */
#include <errno.h>

#include "daemon/mask/plan.h"

static const struct sp_sql_type *type_of(struct sp_arena *a, const struct sp_column *c);

static const struct sp_sql_type *record_of(struct sp_arena *a,
                                           const struct sp_column *c)
{
        struct sp_sql_field *fields = sp_arena_array(a, c->n_fields, sizeof(*fields));

        for (size_t i = 0; fields && i < c->n_fields; i++) {
                fields[i].name = c->fields[i].name;
                fields[i].type = type_of(a, &c->fields[i]);
                if (!fields[i].type)
                        return NULL;
        }
        return fields ? sp_sql_type_struct(a, fields, c->n_fields) : NULL;
}

/* NULL without memory. The depth is that of sp_schema_read. */
static const struct sp_sql_type *type_of(struct sp_arena *a, const struct sp_column *c)
{
        const struct sp_sql_type *t = NULL;

        if (c->n_fields)
                t = record_of(a, c);
        else if (sp_sql_type_parse(a, c->type, &t, NULL) == -EINVAL)
                t = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        if (t && sp_str_eq(c->mode, SP_STR("REPEATED")))
                t = sp_sql_type_array(a, t);
        return t;
}

static int add_schema(struct sp_arena *a, struct sp_sql_catalog *to,
                      const struct sp_schema *s)
{
        struct sp_sql_catalog_table *t;
        int e;

        if (sp_sql_catalog_find(to, s->table))
                return 0;
        e = sp_sql_catalog_add(to, s->table, &t, NULL);
        for (size_t i = 0; e == 0 && i < s->n_columns; i++) {
                const struct sp_sql_type *type = type_of(a, &s->columns[i]);

                e = type ? sp_sql_catalog_add_column(to, t, s->columns[i].name, type,
                                                     NULL)
                         : -ENOMEM;
        }
        return e;
}

int sp_mask_catalog(struct sp_arena *a, const struct sp_mask_input *in,
                    struct sp_sql_catalog **ret)
{
        struct sp_sql_catalog *c;
        int e = sp_sql_catalog_new(a, false, &c);

        for (size_t i = 0; e == 0 && i < in->n_schemas; i++)
                e = add_schema(a, c, &in->schemas[i]);
        if (e == 0)
                *ret = c;
        return e;
}
