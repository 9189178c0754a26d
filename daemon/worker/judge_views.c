/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view's definition is judged like a text: one query, of functions that only compute. Names
 * in it without a project are of the view's own, as in BigQuery; there is no default dataset.
 */
#include <errno.h>

#include "daemon/sql/name.h"
#include "daemon/worker/judge.h"
#include "daemon/worker/judge_script.h"

struct expand {
        struct sp_arena *arena;
        const struct sp_judge_input *in;
        struct sp_judgement *j;
        struct sp_err *err;
};

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "judge.too-large", "",
                          "the statement needs more memory than a request may use");
}

static int refuse(const struct expand *x, const struct sp_schema *s, const char *what)
{
        return sp_err_set(x->err, -EPERM, "mask.view", "", "%.*s %s",
                          (int)SP_MIN(s->table.n, (size_t)160), s->table.p, what);
}

/* The caller may read what is below the view without a rule of its own for it. */
static bool is_authorized(const struct expand *x, struct sp_str view)
{
        const struct sp_access access = { SP_STR("select-through"), view };
        const struct sp_question q = { .principal = x->in->who,
                                       .accesses = &access,
                                       .n_accesses = 1,
                                       .now_us = x->in->now_us };

        return sp_policy_decide(x->in->policy, &q).verdict == SP_VERDICT_ALLOW;
}

static int resolve(const struct expand *x, const struct sp_schema *s,
                   const struct sp_sql_table *t, struct sp_str *ret)
{
        struct sp_str project, rest, last;
        size_t n;
        int r = sp_judge_check_name(t, x->err);

        if (r < 0)
                return r;
        if (sp_judge_split_name(x->arena, t, &n, &last) < 0)
                return no_memory(x->err);
        (void)sp_str_cut(s->table, '.', &project, &rest);
        if (n == 2)
                *ret = sp_arena_printf(x->arena, "%.*s.%.*s.%.*s", SP_FMT(project),
                                       SP_FMT(t->parts[0]), SP_FMT(last));
        else if (n == 3)
                *ret = sp_arena_printf(x->arena, "%.*s.%.*s.%.*s", SP_FMT(t->parts[0]),
                                       SP_FMT(t->parts[1]), SP_FMT(last));
        else
                return sp_err_set(x->err, -EPERM, "sql.table-name", "",
                                  "a table in it is not named with its dataset");
        return ret->p ? 0 : no_memory(x->err);
}

/* Its own words, for who reads the view did not write it. */
static int blame(const struct expand *x, const struct sp_schema *s, struct sp_err *e)
{
        const struct sp_err inner = *e;

        if (inner.code == -ENOMEM)
                return no_memory(x->err);
        if (inner.code == -EINVAL) /* quotes the text */
                return sp_err_set(x->err, -EPERM, "mask.view", "",
                                  "the definition of view %.*s cannot be read: %s %s",
                                  (int)SP_MIN(s->table.n, (size_t)160), s->table.p,
                                  inner.id, inner.where);
        return sp_err_set(x->err, inner.code, inner.id, "", "view %.*s: %s",
                          (int)SP_MIN(s->table.n, (size_t)120), s->table.p, inner.what);
}

static int check_definition(const struct expand *x, const struct sp_sql_script *script)
{
        const struct sp_sql_statement *st = script->statements;
        struct sp_judge_own own = { 0 };
        int r;

        if (script->n_statements != 1 || script->is_script ||
            strcmp(st->kind, "Query") != 0 || script->n_named || script->n_positional)
                return sp_err_set(x->err, -EPERM, "mask.view", "",
                                  "its definition is no query without parameters");
        r = sp_judge_check_script(x->arena, script, &own, x->err);
        return r < 0 ? r : sp_judge_check_functions(&own, st, x->err);
}

static int read_definition(const struct expand *x, const struct sp_schema *s,
                           struct sp_mask_view *v)
{
        struct sp_sql_script *script;
        int r;

        v->name = s->table;
        if (!s->definition.n)
                return refuse(x, s, "is a view without a definition that can be read");
        if (s->is_legacy)
                return refuse(x, s, "is a view in legacy SQL, which is not offered");
        r = sp_sql_parse(x->arena, s->definition, &script, x->err);
        if (r == 0)
                r = check_definition(x, script);
        if (r < 0)
                return blame(x, s, x->err);
        r = sp_judge_need_functions(x->arena, s->table, script->statements, x->j,
                                    x->err);
        if (r < 0)
                return blame(x, s, x->err);
        v->script = script;
        v->n_names = script->statements[0].n_tables;
        v->names = sp_arena_array(x->arena, v->n_names, sizeof(*v->names));
        if (!v->names)
                return no_memory(x->err);
        for (size_t i = 0; i < v->n_names; i++) {
                r = resolve(x, s, &script->statements[0].tables[i], &v->names[i]);
                if (r < 0)
                        return blame(x, s, x->err);
        }
        return 0;
}

/* Room for `more` behind `n`. */
static void *grow(struct sp_arena *a, const void *old, size_t n, size_t more,
                  size_t size)
{
        void *p = sp_arena_array(a, n + more, size);

        if (p && n)
                memcpy(p, old, n * size);
        return p;
}

static int too_many(const struct expand *x)
{
        return sp_err_set(x->err, -EPERM, "judge.too-many-tables", "",
                          "the statement and the views in it read more than %d tables",
                          SP_JUDGE_OBJECTS_MAX);
}

static int need(const struct expand *x, const struct sp_mask_view *v)
{
        struct sp_judgement *j = x->j;
        struct sp_str *all = grow(x->arena, j->needs_schema, j->n_needs_schema,
                                  v->n_names, sizeof(*all));

        if (!all)
                return no_memory(x->err);
        j->needs_schema = all;
        for (size_t i = 0; i < v->n_names; i++) {
                size_t k = 0;

                if (!sp_judge_needs_schema(x->in, v->names[i]))
                        continue;
                while (k < j->n_needs_schema && !sp_str_eq(all[k], v->names[i]))
                        k++;
                if (k == j->n_needs_schema)
                        all[j->n_needs_schema++] = v->names[i];
        }
        return j->n_needs_schema > SP_JUDGE_OBJECTS_MAX ? too_many(x) : 0;
}

static int add_view(const struct expand *x, const struct sp_schema *s)
{
        struct sp_judgement *j = x->j;
        struct sp_mask_view v = { 0 }, *views;
        bool has_masks = sp_policy_has_masks(x->in->policy, x->in->who, x->in->now_us);
        int r;

        /* then nothing below it matters */
        if (!has_masks && is_authorized(x, s->table) &&
            !sp_policy_may_deny(x->in->policy, x->in->who, SP_STR("select"))) {
                j->reads_beyond = true;
                return 0;
        }
        r = read_definition(x, s, &v);
        if (r == 0)
                r = need(x, &v);
        if (r < 0)
                return r;
        views = grow(x->arena, j->views, j->n_views, 1, sizeof(*views));
        if (!views)
                return no_memory(x->err);
        views[j->n_views++] = v;
        j->views = views;
        return 0;
}

/* ---- accesses ---- */

static size_t find_view(const struct sp_judgement *j, struct sp_str name)
{
        size_t i = 0;

        while (i < j->n_views && !sp_str_eq(j->views[i].name, name))
                i++;
        return i;
}

static void add_select(struct sp_judgement *j, struct sp_str name)
{
        for (size_t i = 0; i < j->n_accesses; i++)
                if (sp_str_eq(j->accesses[i].action, SP_STR("select")) &&
                    sp_str_eq(j->accesses[i].resource, name))
                        return;
        j->accesses[j->n_accesses++] = (struct sp_access){ SP_STR("select"), name };
}

/* By a rule that says so, not for want of one; sp_judge_decide asks again when it knows what the text
 * costs. */
static bool may_be_denied(const struct expand *x, struct sp_str name)
{
        const struct sp_access access = { SP_STR("select"), name };
        const struct sp_question q = { .principal = x->in->who,
                                       .accesses = &access,
                                       .n_accesses = 1,
                                       .where = x->j->where,
                                       .has_estimate = x->in->has_estimate,
                                       .estimated_bytes = x->in->estimated_bytes,
                                       .now_us = x->in->now_us };
        struct sp_decision d = sp_policy_decide(x->in->policy, &q);

        return d.verdict == SP_VERDICT_DENY && d.rule.n;
}

/* Behind all accesses: what is below a view and has room there already. */
static void add_below(struct sp_judgement *j, struct sp_str name)
{
        size_t n = j->n_accesses + j->n_below;

        for (size_t i = 0; i < n; i++)
                if (sp_str_eq(j->accesses[i].action, SP_STR("select")) &&
                    sp_str_eq(j->accesses[i].resource, name))
                        return;
        j->accesses[n] = (struct sp_access){ SP_STR("select"), name };
        j->n_below++;
}

/* Views that may be read through, and the views and functions below them: each once. */
struct through {
        struct sp_str *names;
        size_t n;
};

static void look_through(struct through *t, struct sp_str name)
{
        for (size_t i = 0; i < t->n; i++)
                if (sp_str_eq(t->names[i], name))
                        return;
        t->names[t->n++] = name;
}

/* Deny wins, also where a view may be read through. */
static int add_denied(const struct expand *x, struct through *t)
{
        struct sp_judgement *j = x->j;

        for (size_t i = 0; i < t->n; i++) {
                size_t v = find_view(j, t->names[i]);

                for (size_t k = 0; v < j->n_views && k < j->views[v].n_names; k++) {
                        struct sp_str below = j->views[v].names[k];

                        if (may_be_denied(x, below))
                                add_below(j, below);
                        if (find_view(j, below) < j->n_views)
                                look_through(t, below);
                }
                for (size_t k = 0; k < j->n_calls; k++) {
                        if (!sp_str_eq(j->calls[k].caller, t->names[i]))
                                continue;
                        if (may_be_denied(x, j->calls[k].callee))
                                add_below(j, j->calls[k].callee);
                        look_through(t, j->calls[k].callee);
                }
                if (j->n_accesses + j->n_below > SP_JUDGE_OBJECTS_MAX)
                        return too_many(x);
        }
        return 0;
}

/* What is named `name` mentions these: a view, a function, or one of each. */
static void add_mentioned(struct sp_judgement *j, struct sp_str name)
{
        size_t v = find_view(j, name);

        for (size_t k = 0; v < j->n_views && k < j->views[v].n_names; k++)
                add_select(j, j->views[v].names[k]);
        for (size_t k = 0; k < j->n_calls; k++)
                if (sp_str_eq(j->calls[k].caller, name))
                        add_select(j, j->calls[k].callee);
}

/* Who selects from a view selects from what it mentions, and so on down to the tables; a function
 * likewise calls what it mentions. The list grows while it is walked. */
static int add_accesses(const struct expand *x)
{
        struct sp_judgement *j = x->j;
        struct sp_access *all;
        struct through through = { 0 };
        size_t mentions =
                j->n_calls; /* not the schemas that are needed: wildcards need none */

        for (size_t i = 0; i < j->n_views; i++)
                mentions += j->views[i].n_names;
        all = grow(x->arena, j->accesses, j->n_accesses, mentions, sizeof(*all));
        through.names = sp_arena_array(x->arena, j->n_views + j->n_calls,
                                       sizeof(*through.names));
        if (!all || !through.names)
                return no_memory(x->err);
        j->accesses = all;
        for (size_t i = 0; i < j->n_accesses; i++) {
                if (!sp_str_eq(all[i].action, SP_STR("select")))
                        continue;
                if (find_view(j, all[i].resource) < j->n_views &&
                    is_authorized(x, all[i].resource))
                        look_through(&through, all[i].resource);
                else
                        add_mentioned(j, all[i].resource);
                if (j->n_accesses > SP_JUDGE_OBJECTS_MAX)
                        return too_many(x);
        }
        return add_denied(x, &through);
}

/* ---- the WHERE of what is written ---- */

static struct sp_str last_part(struct sp_str name)
{
        const char *dot = memrchr(name.p, '.', name.n);

        return dot ? sp_str_sub(name, (size_t)(dot + 1 - name.p), name.n) : name;
}

/* By its last name, as the statement's own tables are compared with its target. */
static bool views_read(const struct sp_judgement *j, struct sp_str target)
{
        for (size_t i = 0; i < j->n_views; i++)
                for (size_t k = 0; k < j->views[i].n_names; k++) {
                        struct sp_str name = j->views[i].names[k];

                        if (memchr(name.p, '*', name.n) ||
                            sp_sql_name_eq(last_part(name), last_part(target)))
                                return true;
                }
        return false;
}

enum sp_sql_where sp_judge_where(const struct sp_judgement *j,
                                 const struct sp_sql_statement *st,
                                 const struct sp_str *names)
{
        struct sp_str target = SP_STR_NULL;
        bool has_view = j->reads_beyond;

        for (size_t i = 0; i < st->n_tables; i++) {
                if (st->tables[i].is_target)
                        target = names[i];
                has_view = has_view || find_view(j, names[i]) < j->n_views;
        }
        return has_view && target.n && (j->reads_beyond || views_read(j, target))
                       ? SP_MIN(st->where, st->where_among_own)
                       : st->where;
}

static void weaken_where(struct sp_judgement *j)
{
        size_t first = 0;

        for (size_t i = 0; j->script && i < j->script->n_statements; i++) {
                const struct sp_sql_statement *st = &j->script->statements[i];
                enum sp_sql_where where = sp_judge_where(j, st, j->names + first);

                if (where != SP_SQL_WHERE_NONE)
                        j->where = SP_MIN(j->where, where);
                first += st->n_tables;
        }
}

/* What tables.get calls it. Other kinds may show tables that are not granted, as views do. A table
 * that is not there has neither kind nor version. */
static bool is_known_kind(const struct sp_schema *s)
{
        static const char *const kinds[] = { "TABLE", "SNAPSHOT", "EXTERNAL", "VIEW",
                                             "MATERIALIZED_VIEW" };

        for (size_t i = 0; i < SP_ARRAY_SIZE(kinds); i++)
                if (sp_str_eq(s->kind, sp_str_c(kinds[i])))
                        return true;
        return !s->kind.n && !s->etag.n;
}

int sp_judge_expand(struct sp_arena *a, const struct sp_judge_input *in,
                    const struct sp_schema *schemas, size_t n_schemas,
                    struct sp_judgement *j, struct sp_err *reterr)
{
        struct expand x = { a, in, j, reterr };
        int r = 0;

        for (; r == 0 && j->n_expanded < n_schemas; j->n_expanded++)
                if (sp_is_routine(schemas[j->n_expanded].table))
                        r = sp_judge_expand_routine(a, in, &schemas[j->n_expanded], j,
                                                    reterr);
                else if (!is_known_kind(&schemas[j->n_expanded]))
                        r = refuse(&x, &schemas[j->n_expanded],
                                   "is of a kind that is not known, and may show other "
                                   "tables: read a table or a view");
                else if (sp_str_ends(schemas[j->n_expanded].kind, SP_STR("VIEW")))
                        r = add_view(&x, &schemas[j->n_expanded]);
        if (r == 0 && j->n_expanded == j->n_needs_schema) {
                weaken_where(j);
                r = j->n_views || j->n_calls ? add_accesses(&x) : 0;
        }
        return r;
}
