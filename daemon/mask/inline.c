/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view over a protected table shows it raw, so its definition takes its place: rewritten
 * like the agent's own text, every name in full, the columns picked by the names the view
 * gives them. A view with nothing protected below stays: it may be materialised, and may
 * have rights of its own.
 */
#include <errno.h>

#include "daemon/mask/rewrite.h"

const struct sp_mask_view *sp_mask_find_view(const struct sp_mask_input *in,
                                             struct sp_str name)
{
        for (size_t i = 0; i < in->n_views; i++)
                if (sp_str_eq(in->views[i].name, name))
                        return &in->views[i];
        return NULL;
}

static int rewrite_definition(struct sp_mask_work *w, const struct sp_mask_view *view,
                              bool is_plain, struct sp_mask_inlined *to)
{
        struct sp_mask_input in = *w->in;
        struct sp_mask_text t;
        struct sp_sql_span span;
        int r;

        in.text = view->script->text;
        in.script = view->script;
        in.names = view->names;
        in.n_names = view->n_names;
        r = sp_mask_text_init(&t, w, &in);
        if (r < 0)
                return r;
        t.is_definition = true;
        t.is_plain = is_plain;
        r = sp_mask_text_rewrite(&t, &to->text);
        if (r < 0)
                return r;
        /* without what stands before and behind the query: a semicolon, comments */
        span = view->script->statements[0].span;
        to->text = sp_str_sub(to->text, span.start,
                              to->text.n - span.start - (in.text.n - span.end));
        to->mentions = t.mentions;
        to->is_protected = t.is_protected;
        to->is_named = t.is_named;
        return 0;
}

static int inlined(struct sp_mask_work *w, const struct sp_mask_view *view,
                   bool is_plain, struct sp_mask_inlined **ret)
{
        struct sp_mask_inlined *i =
                (is_plain ? w->plain : w->masked) + (view - w->in->views);
        int r;

        *ret = i;
        if (i->is_done)
                return 0;
        if (i->is_begun || w->depth == SP_MASK_VIEW_DEPTH_MAX)
                return sp_mask_refuse(w, "mask.view-depth", view->name,
                                      "is a view over itself, or views are nested "
                                      "more than 16 deep");
        i->is_begun = true;
        w->depth++;
        r = rewrite_definition(w, view, is_plain, i);
        w->depth--;
        i->is_done = r == 0;
        return r;
}

static int add_mentions(struct sp_mask_text *t, size_t mention,
                        const struct sp_mask_inlined *i)
{
        const struct sp_mask_mention *m = i->mentions.v;
        int r = 0;

        for (size_t k = 0; r == 0 && k < i->mentions.n; k++)
                r = sp_mask_text_mention(t, mention, m[k]);
        return r;
}

/* The definition, rewritten; or, where the masks are the view's own, the view itself. */
static int put_in_place(struct sp_mask_text *t, const struct sp_sql_table *table,
                        size_t mention, const struct sp_mask_inlined *i,
                        struct sp_mask_known *known)
{
        sp_autobuf source = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        const struct sp_mask_mention itself = { table, known->name, SP_MASK_REPLACED };
        bool is_inlined = i->is_protected || t->is_plain;
        /* a definition may end in a comment up to the end of its line */
        int r = is_inlined ? sp_buf_addf(&source, "(%.*s\n)", SP_FMT(i->text))
                           : sp_mask_put_quoted(&source, known->name, t->work->err);

        if (r == 0)
                r = sp_mask_text_replace(t, table, mention, sp_buf_str(&source), known);
        if (r == 0)
                r = is_inlined ? add_mentions(t, mention, i)
                               : sp_mask_text_mention(t, mention, itself);
        return r;
}

static int refuse(struct sp_mask_work *w, const struct sp_mask_view *view)
{
        return sp_mask_refuse(w, "mask.view", view->name,
                              "is a view over protected columns, and can only be read "
                              "as it is now, without samples, not as an argument");
}

int sp_mask_inline(struct sp_mask_text *t, const struct sp_sql_table *table,
                   size_t mention, const struct sp_mask_view *view)
{
        struct sp_mask_work *w = t->work;
        struct sp_mask_known bare = { .name = view->name }, *known;
        bool can = !table->is_argument && !table->is_time_travel && !table->is_sampled;
        struct sp_mask_inlined *i;
        int r = inlined(w, view, t->is_plain, &i);

        if (r == 0)
                r = sp_mask_known_table(w, view->name, &known);
        if (r < 0)
                return r;
        t->is_named |= i->is_named;
        can = can && known->table.schema->n_columns;
        if (t->is_plain) {
                if (!can)
                        return 0;
                bare.table.schema = known->table.schema;
                known = &bare;
        } else if (!i->is_protected && !known->table.n_columns) {
                if (!can || t->is_stored ||
                    (!i->is_named && !sp_policy_masks_table(w->in->policy, w->in->who,
                                                            view->name, w->in->now_us)))
                        return 0;
        } else if (!can) {
                return refuse(w, view);
        } else {
                t->is_protected = true;
        }
        r = put_in_place(t, table, mention, i, known);
        return r < 0 ? r : 1;
}
