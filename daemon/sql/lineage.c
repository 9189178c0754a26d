/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/lineage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/sql/resolve.h"

/* Lists of sources that are made when the whole script is read: a variable that an
 * output was made of may be assigned further down, and come back in a loop. */
struct pending {
        struct sp_sql_lineage *to;
        const struct sp_sql_sources **outputs; /* to->n_outputs; NULL: filters */
        const struct sp_sql_sources *filters;
};

/* A read, and the statement it is found to stand in. */
struct noted {
        struct sp_sql_read read;
        size_t statement;
};

/* ---- reasons and counts ---- */

void *sp_sql_resolver_no_memory(struct sp_sql_resolver *r)
{
        r->code = -ENOMEM;
        return NULL;
}

void *sp_sql_unresolved(struct sp_sql_resolver *r, struct sp_sql_span at,
                        const char *fmt, ...)
{
        char what[512], shown[512];
        va_list ap;
        struct sp_str kept;

        if (r->unresolved || r->code)
                return NULL;
        va_start(ap, fmt);
        vsnprintf(what, sizeof(what), fmt, ap);
        va_end(ap);
        sp_err_escape(shown, sizeof(shown), sp_str_c(what)); /* names are foreign */
        kept = sp_arena_str(r->arena, sp_str_c(shown));
        if (!kept.p)
                return sp_sql_resolver_no_memory(r);
        r->unresolved = kept.p;
        r->unresolved_at = at;
        return NULL;
}

bool sp_sql_count_columns(struct sp_sql_resolver *r, size_t more, struct sp_sql_span at)
{
        if (more > SP_SQL_COLUMNS_MAX) {
                sp_sql_unresolved(r, at, "more than %d columns", SP_SQL_COLUMNS_MAX);
                return false;
        }
        r->n_columns += more;
        if (r->n_columns <= SP_SQL_COLUMNS_TOTAL)
                return !r->unresolved && !r->code;
        sp_sql_unresolved(r, at, "more than %d columns in all queries of this text",
                          SP_SQL_COLUMNS_TOTAL);
        return false;
}

bool sp_sql_filter(struct sp_sql_resolver *r, const struct sp_sql_value *v)
{
        if (!v)
                return false;
        r->filters = sp_sql_sources_join(r, r->filters, v->sources);
        return !r->code;
}

bool sp_sql_note_read(struct sp_sql_resolver *r, const struct sp_sql_node *path,
                      const struct sp_sql_catalog_table *t, struct sp_str name)
{
        struct noted *to = sp_sql_vector_add(r->arena, &r->reads, sizeof(*to));

        if (!to)
                return sp_sql_resolver_no_memory(r) != NULL;
        to->read.table = t ? t->name : name;
        to->read.at = path->span;
        to->read.is_known = t != NULL;
        return true;
}

/* ---- outputs ---- */

static struct pending *pend(struct sp_sql_resolver *r, struct sp_sql_lineage *out)
{
        struct pending *p =
                sp_sql_vector_add(r->arena, &r->pending, sizeof(struct pending));

        if (!p)
                return sp_sql_resolver_no_memory(r);
        p->to = out;
        return p;
}

bool sp_sql_resolve_outputs(struct sp_sql_resolver *r,
                            const struct sp_sql_relation *relation,
                            struct sp_sql_lineage *out)
{
        struct pending *p;
        size_t n = 0;

        if (!relation ||
            !sp_sql_count_columns(r, relation->n, (struct sp_sql_span){ 0 }))
                return false;
        p = pend(r, out);
        if (!p)
                return false;
        p->outputs = sp_arena_array(r->arena, relation->n, sizeof(*p->outputs));
        out->outputs = sp_arena_array(r->arena, relation->n, sizeof(*out->outputs));
        if (!p->outputs || !out->outputs)
                return sp_sql_resolver_no_memory(r) != NULL;
        for (size_t i = 0; i < relation->n; i++) {
                const struct sp_sql_column *c = &relation->columns[i];

                if (c->is_pseudo || c->is_excluded)
                        continue;
                out->outputs[n].name = c->name;
                out->outputs[n].type = c->value->type;
                p->outputs[n++] = c->value->sources;
        }
        out->n_outputs = n;
        out->has_outputs = true;
        return true;
}

bool sp_sql_resolve_filters(struct sp_sql_resolver *r, struct sp_sql_lineage *out)
{
        struct pending *p = pend(r, out);

        if (!p)
                return false;
        p->filters = r->filters;
        return true;
}

static bool list_one(struct sp_sql_resolver *r, const struct pending *p)
{
        bool ok = true;

        if (!p->outputs)
                return sp_sql_sources_list(r, p->filters, &p->to->filters,
                                           &p->to->n_filters);
        for (size_t i = 0; ok && i < p->to->n_outputs; i++)
                ok = sp_sql_sources_list(r, p->outputs[i], &p->to->outputs[i].sources,
                                         &p->to->outputs[i].n_sources);
        return ok;
}

/* A statement whose names could not all be resolved says nothing but that. */
static void forget(struct sp_sql_lineage *l)
{
        l->has_outputs = false;
        l->outputs = NULL;
        l->filters = NULL;
        l->n_outputs = l->n_filters = 0;
}

static bool list_all(struct sp_sql_resolver *r, struct sp_sql_lineage *out,
                     size_t n_out)
{
        const struct pending *p = r->pending.v;

        for (size_t i = 0; i < r->pending.n && !r->code; i++) {
                if (p[i].to->unresolved)
                        continue;
                r->unresolved = NULL;
                if (list_one(r, &p[i]))
                        continue;
                p[i].to->unresolved = r->unresolved;
                p[i].to->unresolved_at = r->unresolved_at;
        }
        for (size_t i = 0; i < n_out; i++)
                if (out[i].unresolved)
                        forget(&out[i]);
        return !r->code;
}

/* ---- reads ---- */

static int compare_noted(const void *x, const void *y)
{
        const struct noted *a = x, *b = y;

        if (a->statement != b->statement)
                return a->statement < b->statement ? -1 : 1;
        return a->read.at.start < b->read.at.start
                       ? -1
                       : a->read.at.start > b->read.at.start;
}

/* The statement that a place is in: the innermost, so the last that began before it and
 * is not over. */
static size_t statement_at(const struct sp_sql_script *script, uint32_t at)
{
        size_t low = 0, high = script->n_statements;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (script->statements[middle].span.start <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        while (low > 1 && script->statements[low - 1].span.end <= at)
                low--;
        return low ? low - 1 : 0;
}

/* What was looked up, each place once, with the statement it stands in. */
static bool share_reads(struct sp_sql_resolver *r, const struct sp_sql_script *script,
                        struct sp_sql_lineage *out)
{
        struct noted *v = r->reads.v;
        struct sp_sql_read *all = sp_arena_array(r->arena, r->reads.n, sizeof(*all));

        if (!all)
                return sp_sql_resolver_no_memory(r) != NULL;
        for (size_t i = 0; i < r->reads.n; i++)
                v[i].statement = statement_at(script, v[i].read.at.start);
        if (r->reads.n)
                qsort(v, r->reads.n, sizeof(*v), compare_noted);
        for (size_t i = 0; i < r->reads.n; i++) {
                struct sp_sql_lineage *l = &out[v[i].statement];

                if (i && v[i].read.at.start == v[i - 1].read.at.start)
                        continue;
                if (!l->n_reads++)
                        l->reads = all;
                *all++ = v[i].read;
        }
        return true;
}

/* Names that are found though nothing in the text or the catalogue has them. */
static bool spell_own(struct sp_sql_spellings *s)
{
        static const char *const own[] = {
                "_PARTITIONTIME", "_PARTITIONDATE", "_FILE_NAME", "_TABLE_SUFFIX",
                "offset",         "depth",          "weight",     "excluded",
                "timestamp",      "Describe",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(own); i++)
                if (!sp_sql_spelling_add(s, sp_str_c(own[i])))
                        return false;
        return true;
}

static bool spell_all(struct sp_sql_resolver *r, const struct sp_sql_script *script,
                      struct sp_sql_spellings *to)
{
        if (sp_sql_spelling_is_plain(script->text) &&
            sp_sql_catalog_is_ascii(r->catalog))
                return true;
        to->arena = r->arena;
        r->spellings = to;
        return spell_own(to) && sp_sql_spelling_add_tree(to, script->root, false);
}

int sp_sql_resolve(struct sp_arena *a, const struct sp_sql_script *script,
                   const struct sp_sql_resolve_options *o, struct sp_sql_lineage **ret,
                   struct sp_err *reterr)
{
        struct sp_sql_resolver r = {
                .arena = a,
                .text = script->text,
                .catalog = o->catalog,
                .default_project = o->default_project,
                .default_dataset = o->default_dataset,
        };
        struct sp_sql_lineage *out =
                sp_arena_array(a, script->n_statements, sizeof(*out));
        struct sp_sql_spellings spellings = { 0 };

        if (!out || !spell_all(&r, script, &spellings))
                sp_sql_resolver_no_memory(&r);
        if (!r.code &&
            !sp_sql_resolve_script(&r, script->root, out, script->n_statements)) {
                /* what concerns all of the text, not one statement */
                for (size_t i = 0; i < script->n_statements; i++)
                        if (!out[i].unresolved) {
                                out[i].unresolved = r.unresolved
                                                            ? r.unresolved
                                                            : "the script could not "
                                                              "be resolved";
                                out[i].unresolved_at = r.unresolved_at;
                        }
        }
        if (r.code || !list_all(&r, out, script->n_statements) ||
            !share_reads(&r, script, out))
                return sp_err_set(reterr, r.code, "sql.memory", "", "out of memory");
        *ret = out;
        return 0;
}
