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

static bool is_view(const struct sp_mask_input *in, struct sp_str name)
{
        for (size_t i = 0; i < in->n_views; i++)
                if (sp_str_eq(in->views[i].name, name))
                        return true;
        return false;
}

static size_t count(const struct sp_column *columns, size_t n)
{
        size_t all = n;

        for (size_t i = 0; i < n; i++) /* as deep as sp_schema_read lets it be */
                all += count(columns[i].fields, columns[i].n_fields);
        return all;
}

/* Appends those of the columns, or fields of `parent`, that are masked: what a mask hides
 * as a whole is not looked into. As deep as sp_schema_read lets it be. */
static int find_masked(struct sp_arena *a, const struct sp_mask_input *in,
                       const struct sp_mask_column *parent, const struct sp_column *c,
                       size_t n, struct sp_mask_table *t)
{
        size_t before;
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                struct sp_mask_column one = { &c[i], &c[i], c[i].name, { 0 } };

                if (parent) {
                        one.top = parent->top;
                        one.path = sp_arena_printf(a, "%.*s.%.*s", SP_FMT(parent->path),
                                                   SP_FMT(c[i].name));
                }
                if (!one.path.p)
                        return -ENOMEM;
                one.mask = sp_policy_mask_tagged(in->policy, in->who, t->schema->table,
                                                 one.path, c[i].tags, in->now_us);
                if (one.mask.kind != SP_MASK_NONE) {
                        t->columns[t->n_columns++] = one;
                        continue;
                }
                before = t->n_columns;
                r = find_masked(a, in, &one, c[i].fields, c[i].n_fields, t);
                if (c[i].n_fields && t->n_columns == before)
                        t->is_open |= sp_policy_may_mask_below(in->policy, in->who,
                                                               t->schema->table,
                                                               one.path, in->now_us);
        }
        return r;
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
        if (!sp_str_eq(t.schema->kind, SP_STR("TABLE")) &&
            !sp_str_eq(t.schema->kind, SP_STR("SNAPSHOT")) && !is_view(in, name))
                return sp_err_set(
                        reterr, -EPERM, "mask.not-a-table", "",
                        "%.*s has protected columns and is not a table or a view whose "
                        "definition is known (%.*s)",
                        (int)SP_MIN(name.n, 160), name.p,
                        (int)SP_MIN(t.schema->kind.n, 40), t.schema->kind.p);
        t.columns = sp_arena_array(a, count(t.schema->columns, t.schema->n_columns),
                                   sizeof(*t.columns));
        if (!t.columns ||
            find_masked(a, in, NULL, t.schema->columns, t.schema->n_columns, &t) < 0)
                return -ENOMEM;
        *ret = t;
        return 0;
}
