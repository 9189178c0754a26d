/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/mask/origins.h"
#include "daemon/mask/plan.h"
#include "daemon/mask/reach.h"

struct reader {
        struct sp_arena *arena; /* the request's: what is handed out */
        struct sp_arena scratch; /* the resolver's */
        const struct sp_mask_input *in;
        struct sp_sql_catalog *catalog;
        size_t fields; /* looked at, in records */
        struct sp_sql_source asked; /* the last column of is_built_anew */
        bool is_asked_built_anew;
        struct sp_err *err;
};

/* One text, resolved. */
struct text {
        const struct sp_sql_script *script;
        const struct sp_sql_lineage *lineage;
        const char *unresolved; /* the first reason in it, or NULL */
};

static int differ(struct reader *r, const char *fmt, ...) sp_printf(2, 3);
static int differ(struct reader *r, const char *fmt, ...)
{
        char what[256];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(what, sizeof(what), fmt, ap);
        va_end(ap);
        return sp_err_set(r->err, -EPERM, "sql.readings-differ", "",
                          "two readings of the statement do not agree: %s", what);
}

/* ---- one text ---- */

static int resolve(struct reader *r, const struct sp_sql_script *script,
                   struct text *ret)
{
        const struct sp_sql_resolve_options options = {
                .catalog = r->catalog,
                .default_project = r->in->default_project,
                .default_dataset = r->in->default_dataset,
        };
        struct sp_sql_lineage *lineage;
        int e = sp_sql_resolve(&r->scratch, script, &options, &lineage, NULL);

        if (e < 0)
                return e;
        *ret = (struct text){ .script = script, .lineage = lineage };
        for (size_t i = 0; i < script->n_statements && !ret->unresolved; i++)
                ret->unresolved = lineage[i].unresolved;
        return 0;
}

static bool is_view(const struct reader *r, struct sp_str name)
{
        for (size_t i = 0; i < r->in->n_views; i++)
                if (sp_str_eq(r->in->views[i].name, name))
                        return true;
        return false;
}

/* A mention in the facts, and its full name. */
struct mention {
        uint32_t start, end;
        struct sp_str name;
};

static int compare_mentions(const void *x, const void *y)
{
        const struct mention *a = x, *b = y;

        return a->start < b->start ? -1 : a->start > b->start;
}

/* Each table that the resolver looked up stands, at that place and under that name, in the
 * facts, which is what was judged. `names` belong to the mentions of this text. */
static int check_reads(struct reader *r, const struct text *t,
                       const struct sp_str *names, size_t n_names)
{
        const struct sp_sql_script *s = t->script;
        struct mention *all = sp_arena_array(&r->scratch, n_names, sizeof(*all));
        size_t n = 0;

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_statements; i++)
                for (size_t k = 0; k < s->statements[i].n_tables; k++, n++) {
                        const struct sp_sql_table *m = &s->statements[i].tables[k];

                        if (n >= n_names)
                                return differ(r, "tables were added");
                        all[n] = (struct mention){ m->path.start, m->path.end,
                                                   names[n] };
                }
        qsort(all, n, sizeof(*all), compare_mentions);
        for (size_t i = 0; i < s->n_statements; i++)
                for (size_t k = 0; k < t->lineage[i].n_reads; k++) {
                        const struct sp_sql_read *read = &t->lineage[i].reads[k];
                        const struct mention key = { .start = read->at.start };
                        const struct mention *m =
                                bsearch(&key, all, n, sizeof(*all), compare_mentions);

                        if (!m || m->end != read->at.end ||
                            (read->is_known && !sp_str_eq(m->name, read->table)))
                                return differ(r, "%.*s is read, and was not judged",
                                              (int)SP_MIN(read->table.n, (size_t)150),
                                              read->table.p);
                }
        return 0;
}

/* ---- protected columns ---- */

/* Without columns, if it is not known. */
static struct sp_schema schema_of(const struct reader *r, struct sp_str table)
{
        for (size_t i = 0; i < r->in->n_schemas; i++)
                if (sp_str_eq(r->in->schemas[i].table, table))
                        return r->in->schemas[i];
        return (struct sp_schema){ .table = table };
}

static struct sp_mask mask_of(const struct reader *r, const struct sp_sql_source *s,
                              struct sp_str path)
{
        const struct sp_mask_input *in = r->in;
        const struct sp_schema schema = schema_of(r, s->table);
        struct sp_mask m =
                sp_mask_of_path(in->policy, in->who, &schema, s->column, in->now_us);

        if (!m.kind && s->field.n)
                m = sp_mask_of_path(in->policy, in->who, &schema, path, in->now_us);
        return m;
}

/* The same of somebody whom no rule exempts. */
static struct sp_mask mask_of_others(const struct reader *r,
                                     const struct sp_sql_source *s, struct sp_str path)
{
        const struct sp_schema schema = schema_of(r, s->table);
        struct sp_mask m = sp_mask_of_path(r->in->policy, NULL, &schema, s->column, 0);

        if (!m.kind && s->field.n)
                m = sp_mask_of_path(r->in->policy, NULL, &schema, path, 0);
        return m;
}

/* Where protected columns go: to `bare`, those that are protected from others only. */
struct lists {
        struct sp_mask_reaches to, bare;
        struct sp_arena *arena;
};

/* Who reads a record reads its fields. As deep as sp_schema_read lets it be. */
static int add_fields(struct reader *r, struct sp_str output, struct sp_str table,
                      const struct sp_sql_type *t, struct sp_str parent,
                      struct lists *lists)
{
        const struct sp_mask_input *in = r->in;
        const struct sp_schema schema = schema_of(r, table);
        int e = 0;

        if (t && t->kind == SP_SQL_TYPE_ARRAY)
                t = t->element;
        for (size_t i = 0; t && e == 0 && i < t->n_fields; i++) {
                struct sp_str path =
                        sp_arena_printf(&r->scratch, "%.*s.%.*s", SP_FMT(parent),
                                        SP_FMT(t->fields[i].name));
                struct sp_mask_reaches *l = &lists->to;
                struct sp_mask m;

                if (!path.p)
                        return -ENOMEM;
                if (r->fields++ == SP_MASK_READING_FIELDS_MAX)
                        return -E2BIG;
                m = sp_mask_of_path(in->policy, in->who, &schema, path, in->now_us);
                if (!m.kind) {
                        m = sp_mask_of_path(in->policy, NULL, &schema, path, 0);
                        l = &lists->bare;
                }
                if (m.kind)
                        e = sp_mask_reaches_add(lists->arena, l, output, table, path,
                                                m);
                else
                        e = add_fields(r, output, table, t->fields[i].type, path,
                                       lists);
        }
        return e;
}

/* Appends those of the sources that are protected; with `of_views`, of columns of views. */
static int add_reaches(struct reader *r, struct sp_str output, bool of_views,
                       const struct sp_sql_source *v, size_t n, struct lists *lists)
{
        int e = 0;

        for (size_t i = 0; e == 0 && i < n; i++) {
                struct sp_str path =
                        sp_arena_printf(&r->scratch, "%.*s%s%.*s", SP_FMT(v[i].column),
                                        v[i].field.n ? "." : "", SP_FMT(v[i].field));
                struct sp_mask_reaches *l = &lists->to;
                struct sp_mask m;

                if (is_view(r, v[i].table) != of_views)
                        continue;
                if (!path.p)
                        return -ENOMEM;
                m = mask_of(r, &v[i], path);
                if (!m.kind) {
                        m = mask_of_others(r, &v[i], path);
                        l = &lists->bare;
                }
                if (m.kind)
                        e = sp_mask_reaches_add(lists->arena, l, output, v[i].table,
                                                path, m);
                else if (!v[i].is_presence)
                        e = add_fields(r, output, v[i].table,
                                       sp_mask_struct_of(r->catalog, &v[i]), path,
                                       lists);
        }
        return e;
}

/* What is protected and read somewhere. */
struct found {
        struct lists reaches, decides;
};

static int find_reaches(struct reader *r, const struct text *t, bool of_views,
                        struct found *to)
{
        int e = 0;

        for (size_t i = 0; e == 0 && i < t->script->n_statements; i++) {
                const struct sp_sql_lineage *l = &t->lineage[i];

                for (size_t k = 0; e == 0 && k < l->n_outputs; k++)
                        e = add_reaches(r, l->outputs[k].name, of_views,
                                        l->outputs[k].sources, l->outputs[k].n_sources,
                                        &to->reaches);
                if (e == 0)
                        e = add_reaches(r, SP_STR(""), of_views, l->filters,
                                        l->n_filters, &to->decides);
        }
        return e;
}

/* Of tables, as they are read through views too; and of the views that have masks of their
 * own. */
static int find_all_reaches(struct reader *r, const struct text *agents,
                            const struct text *whole, struct sp_mask_reading *to)
{
        struct found found = {
                { { &to->reaches, &to->n_reaches, 0 },
                  { &to->bare_reaches, &to->n_bare_reaches, 0 },
                  r->arena },
                { { &to->decides, &to->n_decides, 0 },
                  { &to->bare_decides, &to->n_bare_decides, 0 },
                  r->arena },
        };
        int e = find_reaches(r, whole, false, &found);

        return e == 0 && r->in->n_views ? find_reaches(r, agents, true, &found) : e;
}

/* ---- both texts ---- */

static bool is_constant(struct sp_mask m)
{
        return m.kind == SP_MASK_REDACT || m.kind == SP_MASK_NULL;
}

/* What of the sources is protected, for a moment. */
static int find_protected(struct reader *r, const struct sp_sql_source *v, size_t n,
                          struct sp_mask_reading *to)
{
        struct lists lists = {
                { &to->reaches, &to->n_reaches, 0 },
                { &to->bare_reaches, &to->n_bare_reaches, 0 },
                &r->scratch,
        };
        int e = add_reaches(r, SP_STR(""), false, v, n, &lists);

        return e == 0 ? add_reaches(r, SP_STR(""), true, v, n, &lists) : e;
}

/* Redacted and nulled columns and fields are constants in the text that is sent: nothing of
 * them may be in it. */
static int check_hidden(struct reader *r, const struct sp_sql_source *v, size_t n)
{
        struct sp_mask_reading found = { 0 };
        int e = find_protected(r, v, n, &found);

        for (size_t i = 0; e == 0 && i < found.n_reaches; i++)
                if (is_constant(found.reaches[i].mask))
                        return differ(
                                r, "%.*s would still be read unmasked",
                                (int)SP_MIN(found.reaches[i].column.n, (size_t)150),
                                found.reaches[i].column.p);
        return e;
}

/* The same, or of something inside of it. */
static bool is_in(struct sp_str path, struct sp_str of)
{
        return !of.n ||
               (sp_str_starts(path, of) && (path.n == of.n || path.p[of.n] == '.'));
}

/* 1: a record with protected fields is built anew, of all its fields, whichever is read. */
static int is_built_anew(struct reader *r, const struct sp_sql_source *s)
{
        const struct sp_sql_source whole = { .table = s->table, .column = s->column };
        struct sp_mask_reading found = { 0 };
        int e;

        /* sources are sorted: the next one is mostly of the same record */
        if (sp_str_eq(r->asked.table, s->table) &&
            sp_str_eq(r->asked.column, s->column))
                return r->is_asked_built_anew;
        e = find_protected(r, &whole, 1, &found);
        if (e < 0)
                return e;
        r->asked = whole;
        r->is_asked_built_anew = found.n_reaches > 0;
        return r->is_asked_built_anew;
}

/* Where the sources of this column begin, if there are any: they are sorted. */
static size_t first_of(const struct sp_sql_output *o, const struct sp_sql_source *s)
{
        size_t low = 0, high = o->n_sources;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct sp_sql_source *x = &o->sources[middle];
                int c = sp_str_cmp(x->table, s->table);

                if (c == 0)
                        c = sp_str_cmp(x->column, s->column);
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* 1: the output was made of this before, or of what this is a part of. */
static int is_made_of(struct reader *r, const struct sp_sql_output *o,
                      const struct sp_sql_source *s)
{
        bool is_same_column = false;

        for (size_t i = first_of(o, s); i < o->n_sources; i++) {
                const struct sp_sql_source *x = &o->sources[i];

                if (!sp_str_eq(x->table, s->table) || !sp_str_eq(x->column, s->column))
                        break;
                is_same_column = true;
                if (is_in(s->field, x->field) && (s->is_presence || !x->is_presence))
                        return 1;
        }
        return is_same_column ? is_built_anew(r, s) : 0;
}

/* The same output columns, made of nothing that they were not made of before. */
static int compare_outputs(struct reader *r, const struct sp_sql_lineage *was,
                           const struct sp_sql_lineage *is)
{
        if (was->n_outputs != is->n_outputs)
                return differ(r, "the masked text has other columns");
        for (size_t i = 0; i < was->n_outputs; i++) {
                const struct sp_sql_output *x = &was->outputs[i], *y = &is->outputs[i];

                if (!sp_str_caseeq(x->name, y->name))
                        return differ(r, "the masked text has other columns");
                for (size_t k = 0; k < y->n_sources; k++) {
                        int e = is_view(r, y->sources[k].table)
                                        ? 1
                                        : is_made_of(r, x, &y->sources[k]);

                        if (e < 0)
                                return e;
                        if (!e)
                                return differ(r,
                                              "column %.*s of the masked text is "
                                              "made of something else",
                                              (int)SP_MIN(x->name.n, (size_t)100),
                                              x->name.p);
                }
        }
        return 0;
}

static int compare(struct reader *r, const struct text *was, const struct text *is)
{
        int e = 0;

        for (size_t i = 0; e == 0 && i < is->script->n_statements; i++) {
                const struct sp_sql_lineage *l = &is->lineage[i];

                for (size_t k = 0; e == 0 && k < l->n_outputs; k++)
                        e = check_hidden(r, l->outputs[k].sources,
                                         l->outputs[k].n_sources);
                if (e == 0)
                        e = check_hidden(r, l->filters, l->n_filters);
                if (e == 0 && !was->unresolved)
                        e = compare_outputs(r, &was->lineage[i], l);
        }
        return e;
}

/* `t` is what is sent. */
static int note_outputs(struct reader *r, const struct text *t,
                        struct sp_mask_reading *to)
{
        const struct sp_sql_script *s = t->script;
        sp_autobuf b = SP_BUF_INIT(SP_OUTPUTS_TEXT_MAX);
        struct sp_output_origin *origins = NULL;
        int e = 0;

        if (t->unresolved || s->is_script || s->n_statements != 1 ||
            s->statements[0].action != SP_SQL_SELECT || !t->lineage[0].has_outputs)
                return 0;
        if (sp_policy_sample(r->in->policy))
                e = sp_mask_origins(&r->scratch, r->in, r->catalog, t->lineage,
                                    &origins);
        if (e == 0)
                e = sp_outputs_write(t->lineage, origins, &b);
        if (e == 0)
                to->outputs = sp_arena_str(r->arena, sp_buf_str(&b));
        if (e < 0) /* too many, or names that JSON cannot have: the answer tells then */
                return e == -ENOMEM ? e : 0;
        return to->outputs.p ? 0 : -ENOMEM;
}

static int read_sent(struct reader *r, const struct text *was,
                     const struct sp_mask_plan *plan, struct sp_mask_reading *to)
{
        struct sp_sql_script *script;
        struct text is;
        int e = sp_sql_parse(&r->scratch, plan->text, &script, NULL);

        if (e < 0 && e != -ENOMEM)
                return differ(r, "the masked text cannot be read");
        if (e == 0 && script->n_statements != was->script->n_statements)
                return differ(r, "the masked text has other statements");
        if (e == 0)
                e = resolve(r, script, &is);
        if (e == 0)
                e = check_reads(r, &is, plan->names, plan->n_names);
        if (e < 0)
                return e;
        if (!is.unresolved) {
                e = compare(r, was, &is);
                return e < 0 ? e : note_outputs(r, &is, to);
        }
        to->sent_unresolved = sp_arena_str(r->arena, sp_str_c(is.unresolved));
        return to->sent_unresolved.p ? 0 : -ENOMEM;
}

/* No table of it was taken for a protected one. */
static int check_unmasked(struct reader *r, const struct sp_mask_reading *reading)
{
        const struct sp_mask_reach *first =
                reading->n_reaches ? reading->reaches : reading->decides;

        if (!reading->n_reaches && !reading->n_decides)
                return 0;
        return differ(r, "%.*s would be read unmasked",
                      (int)SP_MIN(first->column.n, (size_t)150), first->column.p);
}

/* The agent's text with the definitions of views in their place. */
static int read_whole(struct reader *r, const struct sp_mask_named *whole,
                      const struct text *agents, struct text *ret)
{
        struct sp_sql_script *script;
        int e;

        if (!r->in->n_views) {
                *ret = *agents;
                return 0;
        }
        e = sp_sql_parse(&r->scratch, whole->text, &script, NULL);
        if (e < 0 && e != -ENOMEM)
                return differ(r, "the text with its views cannot be read");
        if (e == 0)
                e = resolve(r, script, ret);
        return e < 0 ? e : check_reads(r, ret, whole->names, whole->n_names);
}

static int read_both(struct reader *r, const struct sp_mask_plan *plan,
                     struct sp_mask_reading *to)
{
        struct text agents, was;
        const char *why;
        int e = sp_mask_catalog(&r->scratch, r->in, &r->catalog);

        if (e == 0)
                e = resolve(r, r->in->script, &agents);
        if (e == 0)
                e = check_reads(r, &agents, r->in->names, r->in->n_names);
        if (e == 0)
                e = read_whole(r, &plan->whole, &agents, &was);
        if (e < 0)
                return e;
        why = agents.unresolved ? agents.unresolved : was.unresolved;
        if (why) {
                to->unresolved = sp_arena_str(r->arena, sp_str_c(why));
                e = to->unresolved.p ? 0 : -ENOMEM;
        } else {
                e = find_all_reaches(r, &agents, &was, to);
        }
        if (e < 0)
                return e;
        if (plan->is_rewritten)
                return read_sent(r, &was, plan, to);
        e = check_unmasked(r, to);
        return e < 0 ? e : note_outputs(r, &was, to);
}

int sp_mask_read(struct sp_arena *a, const struct sp_mask_input *in,
                 const struct sp_mask_plan *plan, struct sp_mask_reading *ret,
                 struct sp_err *reterr)
{
        struct reader r = { .arena = a,
                            .scratch = SP_ARENA_INIT(SP_MASK_READING_BYTES_MAX),
                            .in = in,
                            .err = reterr };
        struct sp_mask_reading reading = { .is_done = in->n_schemas > 0 };
        int e = reading.is_done ? read_both(&r, plan, &reading) : 0;

        if (e < 0 && e != -EPERM) {
                reading = (struct sp_mask_reading){
                        .is_done = true,
                        .unresolved = e == -ENOMEM || e == -E2BIG
                                              ? SP_STR("it is too large to be read "
                                                       "twice")
                                              : SP_STR("a schema has columns that "
                                                       "cannot be told apart"),
                };
                e = 0;
        }
        sp_arena_done(&r.scratch);
        if (e == 0)
                *ret = reading;
        return e;
}
