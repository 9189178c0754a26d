/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages parse, resolve, decide: from text to verdict. The pure work is judge's; here are the
 * questions that need an answer from outside: schemas and the dry run.
 */
#include "daemon/worker/flow_state.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/base/log.h"
#include "daemon/google/page_token.h"
#include "daemon/mask/places.h"
#include "daemon/worker/judge_write.h"

#define TABLES_TEXT_MAX ((size_t)256 * 1024)

/* Reading rows, copying a table and changing what is said about one are not billed by bytes. */
static bool costs_nothing(const struct sp_flow *f)
{
        return f->is_preview || f->call.write;
}

static struct sp_judge_input input(const struct sp_flow *f)
{
        return (struct sp_judge_input){
                .call = &f->call,
                .who = &f->id.who,
                .policy = f->policy,
                .now_us = sp_clock_wall_us(),
                .has_estimate = f->has_estimate || costs_nothing(f),
                .estimated_bytes = f->estimated_bytes,
        };
}

static enum sp_next refuse(struct sp_flow *f, int r)
{
        if (r == -ENOMEM)
                return sp_flow_fault(f, &f->error);
        return r == -EINVAL || r == -E2BIG || r == -ENOTSUP
                       ? sp_flow_refuse(f, 400, "invalidQuery")
                       : sp_flow_refuse(f, 403, "accessDenied");
}

/* ---- parse ---- */

static enum sp_next denied(struct sp_flow *f)
{
        const struct sp_access *a = f->judgement.n_accesses
                                            ? &f->judgement.accesses[f->decision.access]
                                            : NULL;
        const char *id = f->decision.error_id ? f->decision.error_id : "policy.denied";

        if (strcmp(id, "policy.person-required") == 0)
                (void)sp_err_set(
                        &f->error, -EPERM, "policy.person-required", "",
                        "%.*s on %.*s needs a known person; sign in so that the "
                        "token exchange can name you",
                        a ? (int)a->action.n : 0, a ? a->action.p : "",
                        a ? (int)a->resource.n : 0, a ? a->resource.p : "");
        else if (strcmp(id, "policy.no-rule") == 0)
                (void)sp_err_set(&f->error, -EPERM, "policy.no-rule", "",
                                 "no rule allows %.*s on %.*s for workload %.*s",
                                 a ? (int)a->action.n : 0, a ? a->action.p : "",
                                 a ? (int)a->resource.n : 0, a ? a->resource.p : "",
                                 SP_FMT(f->id.who.workload));
        else
                (void)sp_err_set(&f->error, -EPERM, "policy.denied", "",
                                 "%.*s on %.*s is denied", a ? (int)a->action.n : 0,
                                 a ? a->action.p : "", a ? (int)a->resource.n : 0,
                                 a ? a->resource.p : "");
        return sp_flow_refuse(f, 403, "accessDenied");
}

/* Observe mode decides and records, and lets the denied pass, masked all the same: what lies in
 * a bucket has no masks. */
static enum sp_next apply(struct sp_flow *f)
{
        if (f->decision.verdict == SP_VERDICT_ALLOW)
                return SP_NEXT;
        if (sp_policy_mode(f->policy) == SP_MODE_OBSERVE && !f->call.bucket.n) {
                f->is_observed = true;
                return SP_NEXT;
        }
        return f->decision.verdict == SP_VERDICT_DENY ? denied(f) : SP_NEXT;
}

/* Refuse before asking upstream anything, where the answer cannot change it: with an
 * estimate of zero a cost rule is at its mildest. */
static enum sp_next decide_early(struct sp_flow *f)
{
        struct sp_judge_input in = input(f);

        in.has_estimate = in.has_estimate || sp_policy_needs_estimate(f->policy);
        f->decision = sp_judge_decide(&in, &f->judgement);
        return f->decision.verdict == SP_VERDICT_DENY ? apply(f) : SP_NEXT;
}

static bool is_judged(const struct sp_flow *f)
{
        return f->call.handling == SP_HANDLING_QUERY ||
               (f->call.handling == SP_HANDLING_READ && !f->is_own_result) ||
               f->call.handling == SP_HANDLING_WRITE || f->is_preview;
}

enum sp_next sp_flow_parse(struct sp_flow *f)
{
        const struct sp_judge_input in = input(f);
        uint64_t before = sp_clock_us();
        int r;

        if (!is_judged(f)) { /* owned or filtered: the owner check, the filter decide */
                f->decision.verdict = SP_VERDICT_ALLOW;
                f->decision.rule = f->call.handling == SP_HANDLING_FILTER
                                           ? SP_STR("builtin#filtered")
                                           : SP_STR("builtin#own");
                return SP_NEXT;
        }
        r = sp_judge_read(f->arena, &in, &f->judgement, &f->error);
        sp_latency_add(&f->w->metrics.judge, sp_clock_us() - before);
        return r < 0 ? refuse(f, r) : decide_early(f);
}

/* ---- resolve ---- */

/* Rows without SQL that no mask changes: their columns are asked for to be counted by, and what
 * cannot be told about them changes nothing. */
static bool is_only_sampled(const struct sp_flow *f)
{
        return f->is_preview &&
               !sp_policy_has_masks(f->policy, &f->id.who, sp_clock_wall_us());
}

/* What is not there is no view that could show another table; and where there are no masks,
 * BigQuery may say so itself. */
static bool may_be_missing(const struct sp_flow *f, const struct sp_err *e)
{
        if (is_only_sampled(f))
                return true;
        return e->code == -ENOENT && f->call.query &&
               !sp_policy_has_masks(f->policy, &f->id.who, sp_clock_wall_us());
}

static void on_schema(void *userdata, const struct sp_schema *s, const struct sp_err *e)
{
        struct sp_flow *f = userdata;
        struct sp_schema *to = &f->schemas[f->n_schemas];
        int r = s ? sp_schema_copy(f->arena, s, to) : 0;

        f->step = 3;
        if (!s && !may_be_missing(f, e)) {
                f->error = *e;
        } else if (r < 0) {
                (void)sp_err_set(&f->error, r, "judge.too-large", "", "out of memory");
        } else {
                if (!s)
                        *to = (struct sp_schema){
                                .table = f->judgement.needs_schema[f->n_schemas]
                        };
                f->n_schemas++;
                f->step = 0;
        }
        sp_flow_resume(f);
}

void sp_flow_forget_schemas(const struct sp_flow *f)
{
        for (size_t i = 0; i < f->n_schemas; i++)
                sp_schemas_forget(&f->w->schemas, f->schemas[i].table);
}

/* The second reading refuses where it differs; where it could not read, it only says so. It may
 * have been a column that came since its table was looked at. */
static void note_reading(struct sp_flow *f, const struct sp_mask_reading *r)
{
        struct sp_str why = r->unresolved.n ? r->unresolved : r->sent_unresolved;

        if (!why.n)
                return;
        f->w->metrics.unresolved_texts++;
        sp_flow_forget_schemas(f);
        sp_log_fields(SP_LOG_DEBUG,
                      (const struct sp_log_field[]){ { "why", why }, { NULL } },
                      "request %s: %s text is not resolved", f->x->id.c,
                      r->unresolved.n ? "its" : "the masked");
}

/* What of the statement its answers are compared with, also when the job is read later. */
static int note_statement(struct sp_flow *f)
{
        const struct sp_judgement *j = &f->judgement;
        sp_autobuf names = SP_BUF_INIT(TABLES_TEXT_MAX);
        sp_autobuf places = SP_BUF_INIT(SP_PLACES_TEXT_MAX);
        struct sp_mask_splice *splices = NULL;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < j->n_names && r == 0; i++)
                if (j->names[i].n)
                        r = sp_buf_addf(&names, "%.*s\n", SP_FMT(j->names[i]));
        /* cut short they name less: less is shown then */
        if (r == 0 || r == -ENOBUFS)
                r = sp_judge_own_splices(f->arena, j, &splices, &n);
        if (r == 0)
                r = sp_places_write(f->call.query->sql, splices, n, &places);
        if (r == -ENOBUFS)
                sp_buf_clear(&places);
        else if (r < 0)
                return r;
        f->tables = sp_arena_str(f->arena, sp_buf_str(&names));
        f->places = sp_arena_str(f->arena, sp_buf_str(&places));
        return f->tables.p && f->places.p ? 0 : -ENOMEM;
}

static enum sp_next ask(struct sp_flow *f);

/* A column that came since shows where a table cannot be read by a list of its columns: what was known
 * up to a minute ago is too old then. */
static enum sp_next ask_anew(struct sp_flow *f)
{
        const struct sp_judge_input in = input(f);
        int r;

        f->is_asked_anew = true;
        sp_flow_forget_schemas(f);
        f->n_schemas = 0;
        r = sp_judge_read(f->arena, &in, &f->judgement, &f->error);
        return r < 0 ? refuse(f, r) : ask(f);
}

static enum sp_next rewrite(struct sp_flow *f)
{
        const struct sp_judge_input in = input(f);
        int r = sp_judge_rewrite(f->arena, &in, f->schemas, f->n_schemas, &f->judgement,
                                 &f->error);

        if (r == 0 && f->judgement.plan.is_unpinned && !f->is_asked_anew)
                return ask_anew(f);
        if (r == 0)
                r = note_statement(f);
        if (r < 0)
                return refuse(f, r);
        f->w->metrics.masked_columns += f->judgement.plan.n_columns;
        f->w->metrics.masked_requests += f->judgement.plan.is_rewritten;
        note_reading(f, &f->judgement.reading);
        return SP_NEXT;
}

/* Nothing to rewrite: what is read must be as it may be seen. */
static enum sp_next check_write(struct sp_flow *f)
{
        const struct sp_judge_input in = input(f);
        int r = sp_judge_check_write(&in, f->schemas, f->n_schemas, &f->error);

        if (r == -ESTALE)
                return sp_flow_refuse(f, 412, "conditionNotMet");
        return r < 0 ? refuse(f, r) : SP_NEXT;
}

static const struct sp_header *parameter(const struct sp_flow *f, const char *name)
{
        for (size_t i = 0; i < f->call.n_parameters; i++)
                if (sp_str_eq(f->call.parameters[i].name, sp_str_c(name)))
                        return &f->call.parameters[i];
        return NULL;
}

/* The fields are asked for in the order of the plan, whatever order the client wrote. */
static int replace_parameter(struct sp_flow *f, const struct sp_header *h,
                             struct sp_str value)
{
        struct sp_header *all =
                sp_arena_array(f->arena, f->call.n_parameters, sizeof(*all));

        if (!all)
                return -ENOMEM;
        memcpy(all, f->call.parameters, f->call.n_parameters * sizeof(*all));
        all[h - f->call.parameters].value = value;
        f->call.parameters = all;
        return 0;
}

/* As BigQuery orders all columns; those of selectedFields may come in another order. */
static enum sp_next sample_page(struct sp_flow *f, const struct sp_page_source *from)
{
        struct sp_page_plan plan;
        struct sp_err e;
        int r = -ENODATA;

        if (from->schema->n_columns && !from->selected.n)
                r = sp_page_plan_make(f->arena, from, &plan, &e);
        if (r == 0)
                r = sp_mask_read_page(f->arena, from, &plan, &f->judgement.reading);
        if (r < 0) /* not counted */
                f->judgement.reading.outputs = SP_STR_NULL;
        return SP_NEXT;
}

/* There is no SQL to rewrite: the masks are for forward to apply, cell by cell. */
static enum sp_next plan_page(struct sp_flow *f)
{
        const struct sp_header *selected = parameter(f, "selectedFields");
        const struct sp_header *int64 = parameter(f, "formatOptions.useInt64Timestamp");
        struct sp_page_source from = {
                .schema = f->schemas,
                .policy = f->policy,
                .who = &f->id.who,
                .now_us = sp_clock_wall_us(),
                .selected = selected ? selected->value : SP_STR_NULL,
                .salt = f->id.salt,
                .is_int64_timestamp = int64 && sp_str_eq(int64->value, SP_STR("true")),
        };
        int r;

        if (!f->n_schemas)
                return SP_NEXT; /* no mask is in force for this principal */
        if (is_only_sampled(f))
                return sample_page(f, &from);
        r = sp_page_plan_make(f->arena, &from, &f->page, &f->error);
        if (r == 0 && selected)
                r = replace_parameter(f, selected, f->page.fields);
        if (r == 0)
                r = sp_mask_read_page(f->arena, &from, &f->page, &f->judgement.reading);
        if (r == -ENOMEM)
                (void)sp_err_set(&f->error, r, "judge.too-large", "", "out of memory");
        if (r < 0)
                return refuse(f, r);
        f->has_page = true;
        f->judgement.plan.columns = f->page.masked;
        f->judgement.plan.n_columns = f->page.n_masked;
        f->w->metrics.masked_columns += f->page.n_masked;
        return SP_NEXT;
}

/* A rewrite names the columns it knows, where a write reads what there is. */
static bool is_written(const struct sp_flow *f, struct sp_str table)
{
        const struct sp_judgement *j = &f->judgement;

        for (size_t i = 0; i < j->n_accesses; i++)
                if (sp_str_eq(j->accesses[i].resource, table) &&
                    !sp_str_eq(j->accesses[i].action, SP_STR("select")))
                        return true;
        return f->call.write;
}

/* The definitions of views are read, and what they mention is asked for in turn. */
static enum sp_next ask(struct sp_flow *f)
{
        const struct sp_judge_input in = input(f);
        struct sp_judgement *j = &f->judgement;
        struct sp_schema *all;
        int r = f->call.query ? sp_judge_expand(f->arena, &in, f->schemas, f->n_schemas,
                                                j, &f->error)
                              : 0;

        if (r < 0)
                return refuse(f, r);
        if (f->n_schemas == j->n_needs_schema && f->call.write)
                return check_write(f);
        if (f->n_schemas == j->n_needs_schema)
                return f->is_preview ? plan_page(f) : rewrite(f);
        if (f->schemas_max < j->n_needs_schema) {
                all = sp_arena_array(f->arena, j->n_needs_schema, sizeof(*all));
                if (!all) {
                        (void)sp_err_set(&f->error, -ENOMEM, "judge.too-large", "",
                                         "out of memory");
                        return sp_flow_fault(f, &f->error);
                }
                if (f->n_schemas)
                        memcpy(all, f->schemas, f->n_schemas * sizeof(*all));
                f->schemas = all;
                f->schemas_max = j->n_needs_schema;
        }
        f->step = 1;
        if (is_written(f, j->needs_schema[f->n_schemas]))
                sp_schemas_forget(&f->w->schemas, j->needs_schema[f->n_schemas]);
        sp_schemas_get(&f->w->schemas, f->call.project, j->needs_schema[f->n_schemas],
                       on_schema, f);
        return SP_WAIT;
}

enum sp_next sp_flow_resolve(struct sp_flow *f)
{
        if (f->call.handling != SP_HANDLING_QUERY && !costs_nothing(f))
                return SP_NEXT;
        if (f->step == 3 && f->error.code == -ENOENT)
                return sp_flow_refuse(f, 404, "notFound");
        if (f->step == 3)
                return f->error.code == -EACCES || f->error.code == -EINVAL
                               ? sp_flow_refuse(f, 403, "accessDenied")
                               : sp_flow_fault(f, &f->error);
        return f->step == 1 ? SP_WAIT : ask(f);
}

/* ---- decide ---- */

struct sp_query_extra sp_flow_extra(const struct sp_flow *f, bool is_dry_run)
{
        return (struct sp_query_extra){
                .sql = f->judgement.plan.text,
                .dry_run = is_dry_run,
                .as_insert = is_dry_run,
                .maximum_bytes_billed = sp_policy_maximum_bytes_billed(f->policy),
                .salt = f->judgement.plan.needs_salt ? f->id.salt : SP_STR_NULL,
                .label_session = f->id.session,
                .label_workload = f->id.who.workload,
        };
}

/* The placeholder stands where the salt will: the same for the same session, so that a
 * retried request has the same hash, and not to be guessed by the agent. */
static int placeholder(struct sp_flow *f, struct sp_str *ret)
{
        uint8_t mac[SP_SHA256_LEN];
        char hex[SP_SHA256_HEX_LEN + 1];
        int r = sp_hmac_sha256(f->id.salt, SP_STR("sallyport placeholder"), mac);

        if (r < 0)
                return r;
        sp_hex(mac, sizeof(mac), hex);
        *ret = sp_arena_str(f->arena, sp_str(hex, SP_SHA256_HEX_LEN));
        return ret->p ? 0 : -ENOMEM;
}

/* Who, what exactly, under which policy, on which versions of the tables. */
int sp_flow_hash_request(struct sp_flow *f)
{
        sp_autobuf b = SP_BUF_INIT(4 * 1024 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        uint8_t hash[SP_SHA256_LEN];
        int r;

        sp_wire_put_str(&w, f->id.who.workload);
        sp_wire_put_str(&w, f->id.who.iss);
        sp_wire_put_str(&w, f->id.who.sub);
        sp_wire_put_str(&w, f->upstream.method);
        sp_wire_put_str(&w, f->upstream.host);
        sp_wire_put_str(&w, f->upstream.path_and_query);
        sp_wire_put_str(&w, f->upstream.body);
        sp_wire_put_str(&w, f->upstream.etag);
        sp_wire_put_str(&w, sp_str_c(f->policy_version));
        for (size_t i = 0; i < f->n_schemas; i++) {
                sp_wire_put_str(&w, f->schemas[i].table);
                sp_wire_put_str(&w, f->schemas[i].etag);
        }
        r = w.error;
        if (r == 0)
                r = sp_sha256(sp_buf_str(&b), hash);
        if (r == 0)
                sp_hex(hash, sizeof(hash), f->request_hash);
        return r;
}

static bool must_hold(const struct sp_flow *f)
{
        return f->decision.verdict == SP_VERDICT_APPROVE && !f->is_observed &&
               f->call.query &&
               !f->call.query->dry_run; /* a dry run has no effect to hold */
}

/* A held query goes out later, as jobs.insert under the id that the client polls. */
static int prepare_held(struct sp_flow *f, struct sp_query_extra *e)
{
        struct sp_str id = f->call.query->client_job_id;
        int r = 0;

        f->is_held = true;
        if (!id.n && f->call.query->request_id.n) {
                /* jobs.query is retried with the same requestId: the same job then */
                char hex[SP_SHA256_HEX_LEN + 1];
                uint8_t mac[SP_SHA256_LEN];

                r = sp_hmac_sha256(f->id.salt, f->call.query->request_id, mac);
                if (r < 0)
                        return r;
                sp_hex(mac, sizeof(mac), hex);
                id = sp_arena_printf(f->arena, "sallyport_%.32s", hex);
        } else if (!id.n) {
                id = sp_arena_printf(f->arena, "sallyport_%s", f->x->id.c);
        }
        e->as_insert = true;
        e->job_id = id;
        if (f->judgement.plan.needs_salt)
                r = placeholder(f, &f->salt_placeholder);
        e->salt = f->salt_placeholder;
        if (r == 0 && !id.p)
                r = -ENOMEM;
        return r;
}

/* The client's page token is ours around BigQuery's. */
static int open_page_token(struct sp_flow *f)
{
        const struct sp_header *h = parameter(f, "pageToken");
        struct sp_page_seal seal;
        struct sp_str token;
        int r;

        if (!h || !h->value.n ||
            (f->call.handling != SP_HANDLING_OWN_JOB &&
             f->call.handling != SP_HANDLING_OWN_TABLE))
                return 0;
        r = sp_flow_page_seal(f, &seal);
        if (r == 0)
                r = sp_page_token_open(&seal, h->value, &token, &f->error);
        return r < 0 ? r : replace_parameter(f, h, token);
}

static enum sp_next prepare(struct sp_flow *f)
{
        struct sp_query_extra e = sp_flow_extra(f, false);
        int r = open_page_token(f);

        if (r == -EINVAL)
                return sp_flow_refuse(f, 400, "invalid");

        if (!f->call.query)
                e = (struct sp_query_extra){ 0 };
        if (r == 0 && must_hold(f))
                r = prepare_held(f, &e);
        if (r == 0)
                r = sp_call_upstream(f->arena, &f->call, &e, &f->upstream, &f->error);
        else
                (void)sp_err_set(&f->error, r, "judge.too-large", "", "out of memory");
        if (r < 0)
                return refuse(f, r);
        if (f->is_held)
                f->job.id = e.job_id;
        r = sp_flow_hash_request(f);
        if (r < 0) {
                (void)sp_err_set(&f->error, r, "judge.too-large", "",
                                 "the request cannot be hashed");
                return sp_flow_fault(f, &f->error);
        }
        return SP_NEXT;
}

/* What is judged as a statement has a name of its own too, that a rule may forbid. */
static bool is_forbidden_by_name(struct sp_flow *f)
{
        const struct sp_access *first = &f->judgement.accesses[0];
        const struct sp_access own = { sp_str_c(f->call.action), first->resource };
        const struct sp_question q = { .principal = &f->id.who,
                                       .accesses = &own,
                                       .n_accesses = 1,
                                       .has_estimate = true,
                                       .now_us = sp_clock_wall_us() };
        struct sp_decision d = sp_policy_decide(f->policy, &q);

        if (d.verdict != SP_VERDICT_DENY || !d.error_id ||
            strcmp(d.error_id, "policy.denied") != 0)
                return false;
        f->decision = d;
        return true;
}

/* A preview cannot wait for a person, as it has no job to be polled. */
static bool is_no_preview(struct sp_flow *f)
{
        bool is_forbidden = is_forbidden_by_name(f);

        if (!is_forbidden && f->decision.verdict != SP_VERDICT_APPROVE)
                return false;
        (void)sp_err_set(&f->error, -EPERM, "table.no-preview", "",
                         "%.*s cannot be read without SQL%s: use a SELECT",
                         SP_FMT(f->judgement.accesses[0].resource),
                         is_forbidden ? "" : ", because a person must approve it");
        return true;
}

static bool is_no_write(struct sp_flow *f)
{
        if (!is_forbidden_by_name(f))
                return false;
        (void)sp_err_set(&f->error, -EPERM, "policy.denied", "", "%s on %.*s is denied",
                         f->call.action, SP_FMT(f->judgement.accesses[0].resource));
        return true;
}

/* Only a query or a copy has a job that its client can poll meanwhile. What cannot wait does not pass. */
static bool cannot_wait(struct sp_flow *f)
{
        if (f->decision.verdict != SP_VERDICT_APPROVE || f->call.query)
                return false;
        (void)sp_err_set(&f->error, -EPERM, "approval.no-job", "",
                         "a person must approve %s, and only a job can wait for one",
                         f->call.action);
        return true;
}

static enum sp_next decide(struct sp_flow *f)
{
        const struct sp_judge_input in = input(f);
        enum sp_next next;

        f->decision = sp_judge_decide(&in, &f->judgement);
        if (f->decision.verdict != SP_VERDICT_DENY &&
            (sp_policy_mode(f->policy) != SP_MODE_OBSERVE || f->call.bucket.n) &&
            ((f->is_preview && is_no_preview(f)) || (f->call.write && is_no_write(f)) ||
             cannot_wait(f)))
                return sp_flow_refuse(f, 403, "accessDenied");
        next = apply(f);
        if (f->outcome != SP_OUTCOME_OPEN)
                return next;
        return prepare(f);
}

/* Denied it may be all the same; else BigQuery's own error is the answer. */
static enum sp_next answer_refused(struct sp_flow *f)
{
        const unsigned status = f->status;
        enum sp_next next = decide(f);

        return f->outcome == SP_OUTCOME_OPEN ? sp_flow_answer(f, status, f->body)
                                             : next;
}

static enum sp_next ask_truth(struct sp_flow *f)
{
        int r = sp_truth_ask(f);

        if (r < 0)
                return refuse(f, r);
        return r ? SP_WAIT : decide(f);
}

enum sp_next sp_flow_decide(struct sp_flow *f)
{
        if (!is_judged(f))
                return f->call.handling == SP_HANDLING_LOCAL ? SP_NEXT : prepare(f);
        switch (f->step) {
        case 0:
                if (!f->call.write && sp_truth_is_needed(f))
                        return ask_truth(f);
                return decide(f);
        case 1:
                return SP_WAIT;
        case 2:
                return decide(f);
        case 3:
                return sp_flow_refuse(f, 403, "accessDenied");
        case 5:
                return answer_refused(f);
        default:
                return sp_flow_fault(f, &f->error);
        }
}
