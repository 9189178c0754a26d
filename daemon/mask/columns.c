/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/mask/plan.h"

static const struct sp_schema *find_schema(const struct sp_mask_input *in,
                                           struct sp_str name)
{
        for (size_t i = 0; i < in->n_schemas; i++)
                if (sp_str_eq(in->schemas[i].table, name))
                        return &in->schemas[i];
        return NULL;
}

/* Whether a field below `parent` is protected. The depth is that of sp_schema_read. */
static int any_nested(struct sp_arena *a, const struct sp_mask_input *in,
                      struct sp_str table, struct sp_str parent,
                      const struct sp_column *c)
{
        for (size_t i = 0; i < c->n_fields; i++) {
                const struct sp_column *f = &c->fields[i];
                struct sp_str path = sp_arena_printf(a, "%.*s.%.*s", SP_FMT(parent),
                                                     SP_FMT(f->name));
                int r;

                if (!path.p)
                        return -ENOMEM;
                if (sp_policy_mask(in->policy, in->who, table, path, in->now_us).kind)
                        return 1;
                r = any_nested(a, in, table, path, f);
                if (r)
                        return r;
        }
        return 0;
}

int sp_mask_table_find(struct sp_arena *a, const struct sp_mask_input *in,
                       struct sp_str name, struct sp_mask_table *ret,
                       struct sp_err *reterr)
{
        struct sp_mask_table t = { .schema = find_schema(in, name) };

        if (!t.schema)
                return sp_err_set(
                        reterr, -EPERM, "mask.schema-missing", "",
                        "the columns of %.*s are protected and its schema is not "
                        "known",
                        (int)SP_MIN(name.n, 160), name.p);
        if (!sp_str_eq(t.schema->kind, SP_STR("TABLE")))
                return sp_err_set(
                        reterr, -EPERM, "mask.not-a-table", "",
                        "%.*s has protected columns and is not a plain table (%.*s); "
                        "masks work on tables only",
                        (int)SP_MIN(name.n, 160), name.p,
                        (int)SP_MIN(t.schema->kind.n, 40), t.schema->kind.p);
        t.columns = sp_arena_array(a, t.schema->n_columns, sizeof(*t.columns));
        t.nested = sp_arena_array(a, t.schema->n_columns, sizeof(*t.nested));
        if (!t.columns || !t.nested)
                return -ENOMEM;
        for (size_t i = 0; i < t.schema->n_columns; i++) {
                const struct sp_column *c = &t.schema->columns[i];
                struct sp_mask m =
                        sp_policy_mask(in->policy, in->who, name, c->name, in->now_us);

                if (m.kind != SP_MASK_NONE) {
                        t.columns[t.n_columns++] = (struct sp_mask_column){ c, m };
                } else {
                        int r = any_nested(a, in, name, c->name, c);

                        if (r < 0)
                                return r;
                        if (r)
                                t.nested[t.n_nested++] = c;
                }
        }
        *ret = t;
        return 0;
}
