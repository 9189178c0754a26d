/* SPDX-License-Identifier: Apache-2.0 */
/* Rows without SQL, read like a SELECT of their fields. */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/outputs.h"
#include "daemon/mask/reach.h"

/* `parent`: path of the record, or empty. As deep as sp_schema_read lets it be. */
static int read_cells(struct sp_arena *a, const struct sp_page_source *from,
                      const struct sp_page_column *c, size_t n, struct sp_str parent,
                      struct sp_mask_reaches *bare)
{
        int e = 0;

        for (size_t i = 0; e == 0 && i < n; i++) {
                struct sp_str path =
                        sp_arena_printf(a, "%.*s%s%.*s", SP_FMT(parent),
                                        parent.n ? "." : "", SP_FMT(c[i].name));
                struct sp_mask m;

                if (!path.p)
                        return -ENOMEM;
                if (c[i].action != SP_PAGE_KEEP)
                        continue;
                m = sp_mask_of_path(from->policy, NULL, from->schema, path, 0);
                if (m.kind)
                        e = sp_mask_reaches_add(a, bare, path, from->schema->table,
                                                path, m);
                else
                        e = read_cells(a, from, c[i].fields, c[i].n_fields, path, bare);
        }
        return e;
}

/* In the form of sp_outputs_write, for observing: a masked cell has a type of its own. */
static void put_columns(struct sp_jsonw *w, struct sp_str table,
                        const struct sp_page_column *c, size_t n)
{
        static const char *const types[] = { [SP_PAGE_STRING] = "STRING",
                                             [SP_PAGE_BYTES] = "BYTES",
                                             [SP_PAGE_INTEGER] = "INTEGER",
                                             [SP_PAGE_RECORD] = "RECORD" };

        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < n; i++) {
                const char *type = types[c[i].form];

                if (c[i].action == SP_PAGE_STRIP)
                        continue;
                sp_jsonw_open(w, '{');
                sp_jsonw_kstr(w, "name", c[i].name);
                sp_jsonw_kstr(w, "type",
                              c[i].action == SP_PAGE_KEEP && type ? sp_str_c(type)
                                                                  : SP_STR("OTHER"));
                if (table.n) {
                        sp_jsonw_kstr(w, "table", table);
                        sp_jsonw_kstr(w, "column", c[i].name);
                }
                if (c[i].n_fields) {
                        sp_jsonw_key(w, "fields");
                        put_columns(w, SP_STR_NULL, c[i].fields, c[i].n_fields);
                }
                sp_jsonw_close(w, '}');
        }
        sp_jsonw_close(w, ']');
}

static int note_outputs(struct sp_arena *a, const struct sp_page_source *from,
                        const struct sp_page_plan *plan, struct sp_mask_reading *to)
{
        sp_autobuf b = SP_BUF_INIT(SP_OUTPUTS_TEXT_MAX);
        struct sp_jsonw w = SP_JSONW(&b);

        sp_jsonw_open(&w, '{');
        sp_jsonw_key(&w, "schema");
        put_columns(&w, from->schema->table, plan->columns, plan->n_columns);
        sp_jsonw_close(&w, '}');
        if (sp_jsonw_end(&w) < 0) /* too many columns: not looked at */
                return 0;
        to->outputs = sp_arena_str(a, sp_buf_str(&b));
        return to->outputs.p ? 0 : -ENOMEM;
}

int sp_mask_read_page(struct sp_arena *a, const struct sp_page_source *from,
                      const struct sp_page_plan *plan, struct sp_mask_reading *ret)
{
        struct sp_mask_reading to = { .is_done = true };
        struct sp_mask_reaches bare = { &to.bare_reaches, &to.n_bare_reaches, 0 };
        size_t table_n = from->schema->table.n + 1;

        to.reaches = sp_arena_array(a, plan->n_masked, sizeof(*to.reaches));
        if (!to.reaches)
                return -ENOMEM;
        for (; to.n_reaches < plan->n_masked; to.n_reaches++) {
                const struct sp_masked_column *m = &plan->masked[to.n_reaches];

                to.reaches[to.n_reaches] = (struct sp_mask_reach){
                        .output = sp_str_sub(m->column, table_n, m->column.n),
                        .column = m->column,
                        .mask = m->mask,
                };
        }
        if (read_cells(a, from, plan->columns, plan->n_columns, SP_STR(""), &bare) < 0)
                return -ENOMEM;
        if (sp_policy_sample(from->policy) && note_outputs(a, from, plan, &to) < 0)
                return -ENOMEM;
        *ret = to;
        return 0;
}
