/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/record_columns.h"

#include <errno.h>
#include <stdlib.h>

/* One way of one column. */
struct way {
        const struct sp_mask_reach *reach;
        size_t i; /* order of the text */
        bool is_bare, decides;
};

static int compare_ways(const void *x, const void *y)
{
        const struct way *a = x, *b = y;
        int c = sp_str_cmp(a->reach->column, b->reach->column);

        return c ? c : a->i < b->i ? -1 : a->i > b->i;
}

static size_t add(struct way *to, size_t n, const struct sp_mask_reach *v, size_t n_v,
                  bool is_bare, bool decides)
{
        for (size_t i = 0; i < n_v; i++, n++)
                to[n] = (struct way){ &v[i], n, is_bare, decides };
        return n;
}

/* Foreign, and perhaps not UTF-8: escaped, as everywhere in a record. */
static void put_output(struct sp_jsonw *w, struct sp_str name)
{
        char whole[4 * SP_RECORD_OUTPUT_MAX + 1];
        char text[SP_RECORD_OUTPUT_MAX + sizeof("…")];

        sp_err_escape(whole, sizeof(whole), name);
        sp_err_escape(text, SP_RECORD_OUTPUT_MAX + 1, name);
        if (strcmp(whole, text) != 0)
                strcat(text, "…");
        sp_jsonw_str(w, sp_str_c(text));
}

/* The outputs of one column, each name once after the other. *left is what the record has room
 * for. */
static void put_outputs(struct sp_jsonw *w, const struct way *v, size_t n, size_t *left)
{
        const struct sp_mask_reach *last = NULL;
        size_t more = 0;

        sp_jsonw_key(w, "outputs");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < n; i++) {
                if (v[i].decides ||
                    (last && sp_str_eq(last->output, v[i].reach->output)))
                        continue;
                last = v[i].reach;
                if (!*left) {
                        more++;
                        continue;
                }
                (*left)--;
                put_output(w, last->output);
        }
        sp_jsonw_close(w, ']');
        if (more)
                sp_jsonw_ku64(w, "outputs_more", more);
}

static void put_column(struct sp_jsonw *w, const struct way *v, size_t n, size_t *left)
{
        const struct sp_mask *m = &v->reach->mask;
        bool decides = false;

        for (size_t i = 0; i < n; i++)
                decides |= v[i].decides;
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "column", v->reach->column);
        sp_jsonw_kstr(w, "mask",
                      sp_str_c(sp_mask_kind_name(v->is_bare ? SP_MASK_NONE : m->kind)));
        sp_jsonw_kstr(w, "rule", m->rule);
        put_outputs(w, v, n, left);
        if (decides)
                sp_jsonw_kbool(w, "decides", true);
        sp_jsonw_close(w, '}');
}

static void put_columns(struct sp_jsonw *w, const struct way *v, size_t n)
{
        size_t left = SP_RECORD_OUTPUTS_MAX, columns = 0, end;

        sp_jsonw_key(w, "columns");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < n; i = end) {
                for (end = i + 1;
                     end < n && sp_str_eq(v[end].reach->column, v[i].reach->column);)
                        end++;
                if (columns++ < SP_RECORD_COLUMNS_MAX)
                        put_column(w, v + i, end - i, &left);
        }
        sp_jsonw_close(w, ']');
        if (columns > SP_RECORD_COLUMNS_MAX)
                sp_jsonw_ku64(w, "columns_more", columns - SP_RECORD_COLUMNS_MAX);
}

void sp_record_columns(struct sp_jsonw *w, const struct sp_mask_reading *r)
{
        size_t n = r->n_reaches + r->n_decides + r->n_bare_reaches + r->n_bare_decides;
        char why[512];
        struct way *v;

        if (!r->is_done)
                return;
        if (r->unresolved.n) { /* it may quote the text */
                sp_err_escape(why, sizeof(why), r->unresolved);
                sp_jsonw_kstr(w, "unresolved", sp_str_c(why));
                return;
        }
        v = calloc(n + 1, sizeof(*v));
        if (!v) {
                w->error = w->error ?: -ENOMEM;
                return;
        }
        n = add(v, 0, r->reaches, r->n_reaches, false, false);
        n = add(v, n, r->decides, r->n_decides, false, true);
        n = add(v, n, r->bare_reaches, r->n_bare_reaches, true, false);
        n = add(v, n, r->bare_decides, r->n_bare_decides, true, true);
        qsort(v, n, sizeof(*v), compare_ways);
        put_columns(w, v, n);
        free(v);
}
