/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/server_truth.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/outputs.h"
#include "daemon/worker/flow_state.h"

#define ANSWER_MAX (4 * 1024 * 1024)

/* One reading of our own is not enough where columns are protected. */
static bool has_one_reading(const struct sp_flow *f)
{
        const struct sp_mask_reading *r = &f->judgement.reading;

        return r->is_done && (r->unresolved.n || r->sent_unresolved.n);
}

bool sp_truth_is_needed(const struct sp_flow *f)
{
        const struct sp_judgement *j = &f->judgement;

        if (!f->call.query || !j->script)
                return false;
        return sp_policy_needs_estimate(f->policy) ||
               sp_policy_always_dry_runs(f->policy) || j->n_views || j->n_routines ||
               j->script->is_script || j->script->n_statements > 1 ||
               has_one_reading(f);
}

/* ---- what was asked a moment ago ---- */

static bool recall(struct sp_flow *f)
{
        const struct sp_truths *t = &f->w->truths;

        for (size_t i = 0; i < SP_TRUTHS_MAX; i++)
                if (t->all[i].until_us > sp_clock_us() &&
                    strcmp(t->all[i].hash, f->request_hash) == 0) {
                        f->has_estimate = t->all[i].has_estimate;
                        f->estimated_bytes = t->all[i].estimated_bytes;
                        return true;
                }
        return false;
}

static void remember(struct sp_flow *f)
{
        struct sp_truths *t = &f->w->truths;
        struct sp_truth *to = &t->all[t->next];

        t->next = (t->next + 1) % SP_TRUTHS_MAX;
        *to = (struct sp_truth){ .until_us = sp_clock_us() + SP_TRUTH_LIFETIME_US,
                                 .has_estimate = f->has_estimate,
                                 .estimated_bytes = f->estimated_bytes };
        memcpy(to->hash, f->request_hash, sizeof(to->hash));
}

/* ---- compare ---- */

/* The statementType that a statement of ours must have; a trailing '_' stands for a family. NULL:
 * BigQuery has no one name for it. */
static const char *type_of(const struct sp_sql_script *s)
{
        static const struct {
                enum sp_sql_action action;
                const char *type;
        } types[] = {
                { SP_SQL_SELECT, "SELECT" },  { SP_SQL_INSERT, "INSERT" },
                { SP_SQL_UPDATE, "UPDATE" },  { SP_SQL_DELETE, "DELETE" },
                { SP_SQL_MERGE, "MERGE" },    { SP_SQL_TRUNCATE, "TRUNCATE_TABLE" },
                { SP_SQL_CREATE, "CREATE_" }, { SP_SQL_ALTER, "ALTER_" },
                { SP_SQL_DROP, "DROP_" },     { SP_SQL_EXPORT, "EXPORT_" },
                { SP_SQL_LOAD, "LOAD_DATA" },
        };

        if (s->is_script || s->n_statements != 1)
                return "SCRIPT";
        for (size_t i = 0; i < SP_ARRAY_SIZE(types); i++)
                if (s->statements[0].action == types[i].action)
                        return types[i].type;
        return NULL;
}

static int compare_type(struct sp_flow *f, struct sp_str theirs)
{
        const char *text = type_of(f->judgement.script);
        struct sp_str ours = text ? sp_str_c(text) : SP_STR_NULL;
        bool is_family = sp_str_ends(ours, SP_STR("_"));

        if (!ours.n ||
            (is_family ? sp_str_starts(theirs, ours) : sp_str_eq(theirs, ours)))
                return 0;
        return sp_err_set(&f->error, -EPERM, "judge.mismatch", "",
                          "BigQuery takes the statement for %.*s, Sallyport for %s",
                          (int)SP_MIN(theirs.n, (size_t)40),
                          theirs.n ? theirs.p : "something without a type", text);
}

/* A wildcard is reported as it is written, or by what it matches. */
static bool is_named(struct sp_str ours, struct sp_str theirs)
{
        return sp_str_eq(ours, theirs) ||
               (sp_str_ends(ours, SP_STR("*")) &&
                sp_str_starts(theirs, sp_str_sub(ours, 0, ours.n - 1)));
}

/* Tables BigQuery says it would touch that we did not see: then one of the two readings is
 * wrong, and it is not BigQuery's. */
static int compare_tables(struct sp_flow *f, const struct sp_json *referenced)
{
        const struct sp_judgement *j = &f->judgement;

        for (const struct sp_json *t = referenced ? referenced->first : NULL; t;
             t = t->next) {
                struct sp_str dataset = sp_json_get_str(t, "datasetId");
                struct sp_str name = sp_arena_printf(
                        f->arena, "%.*s.%.*s.%.*s",
                        SP_FMT(sp_json_get_str(t, "projectId")), SP_FMT(dataset),
                        SP_FMT(sp_json_get_str(t, "tableId")));
                /* a script's own temporary table: no text can name a hidden dataset */
                bool is_known = (j->script->is_script &&
                                 sp_str_starts(dataset, SP_STR("_script"))) ||
                                j->reads_beyond;

                for (size_t i = 0; i < j->n_names; i++)
                        is_known |= is_named(j->names[i], name);
                for (size_t v = 0; v < j->n_views; v++)
                        for (size_t i = 0; i < j->views[v].n_names; i++)
                                is_known |= is_named(j->views[v].names[i], name);
                if (!is_known)
                        return sp_err_set(
                                &f->error, -EPERM, "judge.mismatch", "",
                                "BigQuery reads table %.*s here, Sallyport does not "
                                "see it in the text",
                                SP_FMT(name));
        }
        return 0;
}

static bool is_referenced(struct sp_flow *f, const struct sp_json *r,
                          struct sp_str name)
{
        struct sp_str theirs = sp_arena_printf(f->arena, "%.*s.%.*s.%.*s()",
                                               SP_FMT(sp_json_get_str(r, "projectId")),
                                               SP_FMT(sp_json_get_str(r, "datasetId")),
                                               SP_FMT(sp_json_get_str(r, "routineId")));

        return sp_str_eq(theirs, name);
}

/* It may call no other stored function than we judged; and what is written dataset.function must be
 * one to BigQuery, too: it may be a builtin function that was not there yesterday. */
static int compare_routines(struct sp_flow *f, const struct sp_json *referenced)
{
        const struct sp_judgement *j = &f->judgement;

        for (const struct sp_json *r = referenced ? referenced->first : NULL; r;
             r = r->next) {
                bool is_known = false;

                for (size_t i = 0; !is_known && i < j->n_needs_schema; i++)
                        is_known = sp_is_routine(j->needs_schema[i]) &&
                                   is_referenced(f, r, j->needs_schema[i]);
                if (!is_known)
                        return sp_err_set(
                                &f->error, -EPERM, "judge.mismatch", "",
                                "BigQuery calls the routine %.*s here, Sallyport does "
                                "not see it in the text",
                                SP_FMT(sp_json_get_str(r, "routineId")));
        }
        for (size_t i = 0; i < j->n_guessed; i++) {
                const struct sp_json *r = referenced ? referenced->first : NULL;

                while (r && !is_referenced(f, r, j->guessed[i]))
                        r = r->next;
                if (!r)
                        return sp_err_set(
                                &f->error, -EPERM, "judge.mismatch", "",
                                "BigQuery does not say that it calls the stored "
                                "function %.*s: write project.dataset.function",
                                (int)SP_MIN(j->guessed[i].n, (size_t)80),
                                j->guessed[i].p);
        }
        return 0;
}

static int compare_columns(struct sp_flow *f, const struct sp_json *query)
{
        const struct sp_json *schema = sp_json_get(query, "schema");
        struct sp_str planned = f->judgement.reading.outputs;
        sp_autobuf b = SP_BUF_INIT(ANSWER_MAX);
        struct sp_jsonw w = SP_JSONW(&b);
        struct sp_outputs ours, theirs;
        struct sp_err e = SP_ERR_NULL;
        int r;

        if (!planned.n || !schema)
                return 0;
        sp_jsonw_open(&w, '{');
        sp_jsonw_key(&w, "schema");
        sp_jsonw_node(&w, schema);
        sp_jsonw_close(&w, '}');
        r = sp_jsonw_end(&w);
        if (r == 0)
                r = sp_outputs_read(f->arena, sp_buf_str(&b), &theirs, &e);
        if (r == 0)
                r = sp_outputs_read(f->arena, planned, &ours, &e);
        if (r == 0)
                r = sp_outputs_compare(&ours, &theirs, &e);
        if (r == -ENOMEM || r == 0)
                return r;
        return sp_err_set(&f->error, -EPERM, "judge.mismatch", "", "%s", e.what);
}

bool sp_truth_is_estimate(struct sp_str accuracy)
{
        return !accuracy.n || sp_str_eq(accuracy, SP_STR("PRECISE")) ||
               sp_str_eq(accuracy, SP_STR("UPPER_BOUND"));
}

static void read_estimate(struct sp_flow *f, const struct sp_json *statistics)
{
        const struct sp_json *query = sp_json_get(statistics, "query");
        struct sp_str bytes = sp_json_get_str(query, "totalBytesProcessed");

        if (!bytes.n)
                bytes = sp_json_get_str(statistics, "totalBytesProcessed");
        /* what may be more is no estimate: then rules on it see none, which fails closed */
        if (sp_truth_is_estimate(
                    sp_json_get_str(query, "totalBytesProcessedAccuracy")) &&
            sp_str_u64(bytes, &f->estimated_bytes) == 0)
                f->has_estimate = true;
}

static int compare(struct sp_flow *f, struct sp_str body)
{
        const struct sp_json *statistics, *query;
        struct sp_json *job;
        int r = sp_json_parse(f->arena, body, &job, &f->error);

        if (r < 0)
                return -EIO;
        statistics = sp_json_get(job, "statistics");
        query = sp_json_get(statistics, "query");
        read_estimate(f, statistics);
        r = compare_type(f, sp_json_get_str(query, "statementType"));
        if (r == 0)
                r = compare_tables(f, sp_json_get(query, "referencedTables"));
        if (r == 0)
                r = compare_routines(f, sp_json_get(query, "referencedRoutines"));
        if (r == 0)
                r = compare_columns(f, query);
        if (r == -EPERM)
                f->w->metrics.mismatches++;
        return r;
}

/* It cannot run. That is for BigQuery to say, with the rules as strict as they get. A text with one
 * reading is not sent to hear it again: what fails here might do otherwise there. 1: f->status and
 * f->body are the answer. */
static int refused(struct sp_flow *f, unsigned status, struct sp_str body)
{
        struct sp_job j = f->job;
        struct sp_answer_own own;
        int r;

        f->has_estimate = false;
        sp_flow_forget_schemas(f);
        if (!has_one_reading(f) && !f->judgement.n_guessed)
                return 0;
        sp_flow_describe_job(f, &j);
        own = sp_job_own(&j);
        r = sp_answer_rebuild(f->arena, &f->call, status, body, &own, &f->body,
                              &f->error);
        f->status = status;
        return r < 0 ? -EIO : 1;
}

/* ---- ask ---- */

static void on_dry_run(void *userdata, int err, const char *what, unsigned status,
                       struct sp_str body)
{
        struct sp_flow *f = userdata;
        int r = 0;

        f->step = 2;
        if (status == 401)
                sp_access_forget(&f->w->access);
        if (err < 0 || status == 401 || status >= 500) {
                (void)sp_err_set(&f->error, err ? err : -EIO, "upstream.unreachable",
                                 "", "the dry run failed: %s (status %u)", what,
                                 status);
                f->step = 4;
        } else {
                r = status == 200 ? compare(f, body) : refused(f, status, body);
        }
        if (r < 0)
                f->step = r == -EPERM ? 3 : 4;
        else if (r == 1)
                f->step = 5;
        else if (f->step == 2 && status == 200)
                remember(f);
        sp_flow_resume(f);
}

static void on_access(void *userdata, int err, const char *what, struct sp_str token)
{
        struct sp_flow *f = userdata;

        if (err == 0)
                err = sp_upstream_fetch(f->w->upstream, &f->upstream, token, NULL,
                                        ANSWER_MAX, on_dry_run, f);
        if (err < 0) {
                (void)sp_err_set(&f->error, err, "upstream.no-credential", "", "%s",
                                 what);
                f->step = 4;
                sp_flow_resume(f);
        }
}

int sp_truth_ask(struct sp_flow *f)
{
        const struct sp_query_extra e = sp_flow_extra(f, true);
        int r = sp_call_upstream(f->arena, &f->call, &e, &f->upstream, &f->error);

        if (r == 0)
                r = sp_flow_hash_request(f);
        if (r < 0)
                return r;
        if (recall(f)) {
                f->w->metrics.dry_runs_saved++;
                f->step = 2;
                return 0;
        }
        f->w->metrics.dry_runs++;
        f->step = 1;
        sp_access_get(&f->w->access, on_access, f);
        return 1;
}
