/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/judge.h"

#include <errno.h>

#include "daemon/sql/functions.h"
#include "daemon/sql/name.h"
#include "daemon/worker/judge_script.h"
#include "daemon/worker/judge_write.h"

struct judge {
        struct sp_arena *arena;
        const struct sp_judge_input *in;
        struct sp_judgement *j;
        struct sp_err *err;
        struct sp_judge_own own; /* temporary objects of the text */
};

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "judge.too-large", "",
                          "the statement needs more memory than a request may use");
}

int sp_judge_check_functions(const struct sp_judge_own *own,
                             const struct sp_sql_statement *s, struct sp_err *err)
{
        for (size_t i = 0; i < s->n_functions; i++) {
                const struct sp_sql_function *f = &s->functions[i];

                if (f->is_table_function)
                        return sp_err_set(
                                err, -EPERM, "sql.table-function", "",
                                "the table function %.*s is not offered; read a "
                                "table instead",
                                SP_FMT(f->name));
                if (!sp_sql_is_builtin(f->name) && !sp_judge_is_own_function(own, f) &&
                    !sp_judge_is_stored(f))
                        return sp_err_set(
                                err, -EPERM, "sql.function", "",
                                "the function %.*s is not on the list of functions "
                                "that only compute from their arguments",
                                (int)SP_MIN(f->name.n, (size_t)60), f->name.p);
        }
        return 0;
}

/* Results of queries lie in datasets whose names begin with '_'. To BigQuery all who are
 * behind the gateway are one user: only their jobs tell whose they are. */
static int check_dataset(const struct judge *g, struct sp_str dataset)
{
        if (!sp_str_starts(dataset, SP_STR("_")))
                return 0;
        return sp_err_set(g->err, -EPERM, "sql.hidden-dataset", "",
                          "the dataset %.*s holds results of queries; read them "
                          "through their job",
                          SP_FMT(sp_str_sub(dataset, 0, 80)));
}

/* p.d.t, d.t with the job's project, t with the default dataset. */
static int resolve(const struct judge *g, const struct sp_sql_table *t,
                   struct sp_str *ret)
{
        const struct sp_call *c = g->in->call;
        const struct sp_bq_query *q = c->query;
        struct sp_str project = q->default_project.n ? q->default_project : c->project;
        struct sp_str s, last;
        size_t n;
        int r = sp_judge_check_name(t, g->err);

        if (r < 0)
                return r;
        if (sp_judge_split_name(g->arena, t, &n, &last) < 0)
                return no_memory(g->err);
        if (n == 1 && !q->default_dataset.n)
                return sp_err_set(g->err, -EINVAL, "sql.no-default-dataset", "",
                                  "table \"%.*s\" must be qualified with a dataset: "
                                  "dataset.table",
                                  SP_FMT(t->parts[0]));
        /* whether d.t belongs to the job's or the default dataset's project: not ours to guess */
        if (n == 2 && !sp_str_eq(project, c->project))
                return sp_err_set(
                        g->err, -EPERM, "sql.ambiguous-project", "",
                        "write project.dataset.table when the default dataset is "
                        "in another project");
        if (n == 1)
                s = sp_arena_printf(g->arena, "%.*s.%.*s.%.*s", SP_FMT(project),
                                    SP_FMT(q->default_dataset), SP_FMT(last));
        else if (n == 2)
                s = sp_arena_printf(g->arena, "%.*s.%.*s.%.*s", SP_FMT(c->project),
                                    SP_FMT(t->parts[0]), SP_FMT(last));
        else if (n == 3)
                s = sp_arena_printf(g->arena, "%.*s.%.*s.%.*s", SP_FMT(t->parts[0]),
                                    SP_FMT(t->parts[1]), SP_FMT(last));
        else
                return sp_err_set(g->err, -EPERM, "sql.table-name", "",
                                  "a table name has one to three parts");
        if (!s.p)
                return no_memory(g->err);
        r = check_dataset(g, n == 1 ? q->default_dataset : t->parts[n - 2]);
        if (r == 0)
                *ret = s;
        return r;
}

static void add_access(struct sp_judgement *j, struct sp_str action,
                       struct sp_str resource)
{
        for (size_t i = 0; i < j->n_accesses; i++)
                if (sp_str_eq(j->accesses[i].action, action) &&
                    sp_str_eq(j->accesses[i].resource, resource))
                        return;
        j->accesses[j->n_accesses++] = (struct sp_access){ action, resource };
}

static void note_schema(const struct judge *g, struct sp_str name)
{
        struct sp_judgement *j = g->j;

        /* whatever the masks say: a view under any name may show a table that is not granted,
         * or is protected */
        if (!sp_judge_needs_schema(g->in, name))
                return;
        for (size_t i = 0; i < j->n_needs_schema; i++)
                if (sp_str_eq(j->needs_schema[i], name))
                        return;
        j->needs_schema[j->n_needs_schema++] = name;
}

/* A target that is only written to, or made, shows none of its columns. */
static bool reads_columns(const struct sp_sql_statement *s,
                          const struct sp_sql_table *t)
{
        return t->is_read || !t->is_target || s->action == SP_SQL_UPDATE ||
               s->action == SP_SQL_DELETE || s->action == SP_SQL_MERGE;
}

/* ASSERT tells whether a query's answer is TRUE. */
static struct sp_str action_of(const struct sp_sql_statement *s)
{
        return strcmp(s->kind, "Assert") == 0 ? SP_STR("select")
                                              : sp_str_c(sp_sql_action_name(s->action));
}

/* Told while they are read: each is compared with all before it. */
static int too_many(struct sp_err *e)
{
        return sp_err_set(e, -EPERM, "judge.too-many-tables", "",
                          "the text touches more than %d tables", SP_JUDGE_OBJECTS_MAX);
}

static int read_statement(const struct judge *g, const struct sp_sql_statement *s)
{
        struct sp_str action = action_of(s);
        struct sp_judgement *j = g->j;
        int r = sp_judge_check_functions(&g->own, s, g->err);

        if (r == 0)
                r = sp_judge_read_functions(g->arena, g->in, s, j, g->err);
        if (r < 0)
                return r;
        if (sp_judge_is_javascript(s))
                add_access(j, SP_STR("create-temp-js"), g->in->call->project);
        for (size_t i = 0; i < s->n_tables; i++) {
                const struct sp_sql_table *t = &s->tables[i];
                struct sp_str name;

                if (t->is_temporary) { /* holds what masked reads put there */
                        j->names[j->n_names++] = SP_STR_NULL;
                        continue;
                }
                r = resolve(g, t, &name);
                if (r < 0)
                        return r;
                j->names[j->n_names++] = name;
                if (t->is_target)
                        add_access(j, action, name);
                if (t->is_read || !t->is_target)
                        add_access(j, SP_STR("select"), name);
                if (reads_columns(s, t))
                        note_schema(g, name);
                if (j->n_accesses > SP_JUDGE_OBJECTS_MAX)
                        return too_many(g->err);
        }
        /* A query of constants reads no data; it is still somebody's query in a project. */
        if (!s->n_tables && !j->n_routines &&
            !g->in->call->query->destination_table.n && !j->script->is_script)
                add_access(j, action, g->in->call->project);
        /* The enum runs from worst to best after NONE: keep the least selective. */
        if (s->where != SP_SQL_WHERE_NONE &&
            (j->where == SP_SQL_WHERE_NONE || s->where < j->where))
                j->where = s->where;
        return 0;
}

/* A destination table of the job's configuration is a write, as INSERT or CREATE would be. */
static int read_destination(const struct judge *g)
{
        const struct sp_bq_query *q = g->in->call->query;
        struct sp_str name;

        if (!q->destination_table.n)
                return 0;
        name = sp_arena_printf(g->arena, "%.*s.%.*s.%.*s",
                               SP_FMT(q->destination_project.n ? q->destination_project
                                                               : g->in->call->project),
                               SP_FMT(q->destination_dataset),
                               SP_FMT(q->destination_table));
        if (!name.p)
                return no_memory(g->err);
        if (check_dataset(g, q->destination_dataset) < 0)
                return -EPERM;
        add_access(g->j, SP_STR("insert"), name);
        add_access(g->j, SP_STR("create"), name);
        if (sp_str_eq(q->write_disposition, SP_STR("WRITE_TRUNCATE"))) {
                add_access(g->j, SP_STR("truncate"), name);
                g->j->where = SP_SQL_WHERE_ABSENT;
        }
        return 0;
}

static size_t count_stored(const struct sp_sql_statement *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_functions; i++)
                n += sp_judge_is_stored(&s->functions[i]);
        return n;
}

static int read_query(struct judge *g)
{
        struct sp_judgement *j = g->j;
        struct sp_sql_script *script;
        size_t mentions = 0, calls = 0;
        int r = sp_sql_parse(g->arena, g->in->call->query->sql, &script, g->err);

        if (r == 0)
                r = sp_judge_unfold(g->arena, &script, j, g->err);
        if (r < 0)
                return r;
        j->script = script;
        if (!script->n_statements)
                return sp_err_set(g->err, -EINVAL, "sql.empty", "",
                                  "the query is empty");
        r = sp_judge_check_script(g->arena, script, &g->own, g->err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < script->n_statements; i++)
                mentions += script->statements[i].n_tables;
        for (size_t i = 0; i < script->n_statements; i++)
                calls += count_stored(&script->statements[i]);
        j->names = sp_arena_array(g->arena, mentions, sizeof(*j->names));
        j->needs_schema =
                sp_arena_array(g->arena, mentions + calls, sizeof(*j->needs_schema));
        j->guessed = sp_arena_array(g->arena, calls, sizeof(*j->guessed));
        /* each mention reads and writes at most; a call, a statement of constants and a function
         * in JavaScript add one, the destination three, a script one */
        j->accesses = sp_arena_array(g->arena,
                                     2 * mentions + calls + script->n_statements + 4,
                                     sizeof(*j->accesses));
        if (!j->names || !j->needs_schema || !j->guessed || !j->accesses)
                return no_memory(g->err);
        if (script->is_script)
                add_access(j, SP_STR("script"), g->in->call->project);
        for (size_t i = 0; i < script->n_statements; i++) {
                r = read_statement(g, &script->statements[i]);
                if (r < 0)
                        return r;
        }
        return read_destination(g);
}

static int read_method(const struct judge *g)
{
        const struct sp_call *c = g->in->call;
        struct sp_str resource = c->project;

        if (c->dataset.n)
                resource = sp_arena_printf(g->arena, "%.*s.%.*s", SP_FMT(c->project),
                                           SP_FMT(c->dataset));
        if (c->dataset.n && c->table.n)
                resource =
                        sp_arena_printf(g->arena, "%.*s.%.*s.%.*s", SP_FMT(c->project),
                                        SP_FMT(c->dataset), SP_FMT(c->table));
        if (c->bucket.n)
                resource = sp_arena_printf(g->arena, "gs://%.*s", SP_FMT(c->bucket));
        g->j->accesses = sp_arena_array(g->arena, 1, sizeof(*g->j->accesses));
        g->j->needs_schema = sp_arena_array(g->arena, 1, sizeof(*g->j->needs_schema));
        if (!g->j->accesses || !g->j->needs_schema ||
            ((c->project.n || c->bucket.n) && !resource.p))
                return no_memory(g->err);
        /* reading a table's rows is what a SELECT of it is */
        if (strcmp(c->action, "bigquery.tabledata.list") == 0) {
                add_access(g->j, SP_STR("select"), resource);
                if (sp_policy_has_masks(g->in->policy, g->in->who, g->in->now_us) ||
                    sp_policy_sample(g->in->policy)) /* which columns are these? */
                        note_schema(g, resource);
                return 0;
        }
        add_access(g->j, sp_str_c(c->action), resource);
        return 0;
}

/* A job's text and its result lie in the job's project. One that no rule speaks of may be
 * the agent's own: then a query of granted tables would carry them there. */
static int check_project(const struct judge *g)
{
        const struct sp_judge_input *in = g->in;
        struct sp_str project = in->call->project;

        if (sp_policy_may_see(in->policy, in->who, SP_STR("select"), project,
                              in->now_us))
                return 0;
        for (size_t i = 0; i < g->j->n_accesses; i++)
                if (sp_policy_may_see(in->policy, in->who, g->j->accesses[i].action,
                                      project, in->now_us))
                        return 0;
        return sp_err_set(g->err, -EPERM, "judge.project", "",
                          "no rule lets workload %.*s run jobs in project %.*s",
                          SP_FMT(in->who->workload), SP_FMT(project));
}

int sp_judge_read(struct sp_arena *a, const struct sp_judge_input *in,
                  struct sp_judgement *ret, struct sp_err *reterr)
{
        struct sp_judgement j = { .text = in->call->query ? in->call->query->sql
                                                          : SP_STR_NULL };
        struct judge g = { .arena = a, .in = in, .j = &j, .err = reterr };
        int r = in->call->write   ? sp_judge_read_write(a, in, &j, reterr)
                : in->call->query ? read_query(&g)
                                  : read_method(&g);

        if (r == 0 && in->call->query)
                r = check_project(&g);
        if (r < 0)
                return r;
        j.plan.text = j.text;
        *ret = j;
        return 0;
}

/* SELECT 1 names no table that a rule could list. Whoever may read anything in the project
 * may compute there too. */
static bool is_constant_query(const struct sp_judge_input *in,
                              const struct sp_judgement *j)
{
        return j->script && j->n_accesses == 1 && !j->n_names &&
               sp_str_eq(j->accesses[0].action, SP_STR("select")) &&
               sp_str_eq(j->accesses[0].resource, in->call->project);
}

/* What is read through a view needs no rule that allows it. */
static void deny_below(const struct sp_policy *p, const struct sp_judgement *j,
                       struct sp_question q, struct sp_decision *d)
{
        for (size_t i = j->n_accesses; i < j->n_accesses + j->n_below; i++) {
                struct sp_decision below;

                if (d->verdict == SP_VERDICT_DENY && d->rule.n)
                        return;
                q.accesses = &j->accesses[i];
                q.n_accesses = 1;
                below = sp_policy_decide(p, &q);
                below.access = i;
                if (below.verdict == SP_VERDICT_DENY && below.rule.n)
                        *d = below;
        }
}

struct sp_decision sp_judge_decide(const struct sp_judge_input *in,
                                   const struct sp_judgement *j)
{
        const struct sp_question q = {
                .principal = in->who,
                .accesses = j->accesses,
                .n_accesses = j->n_accesses,
                .where = j->where,
                .has_estimate = in->has_estimate,
                .estimated_bytes = in->estimated_bytes,
                .now_us = in->now_us,
        };
        struct sp_decision d = sp_policy_decide(in->policy, &q);

        if (d.verdict == SP_VERDICT_DENY && !d.rule.n && is_constant_query(in, j) &&
            sp_policy_may_see(in->policy, in->who, SP_STR("select"), in->call->project,
                              in->now_us))
                d = (struct sp_decision){ .verdict = SP_VERDICT_ALLOW,
                                          .rule = SP_STR("builtin#no-data-read") };
        deny_below(in->policy, j, q, &d);
        return d;
}
