/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage own: one gateway credential means that BigQuery sees one user. Jobs and result
 * tables are therefore told apart here: whoever is not the owner gets 404.
 */
#include "daemon/worker/script_child.h"

#include <errno.h>

#include "daemon/google/page_token.h"

void sp_flow_describe_job(const struct sp_flow *f, struct sp_job *j)
{
        j->workload = f->id.who.workload;
        j->iss = f->id.who.iss;
        j->sub = f->id.who.sub;
        j->session = f->id.session;
        j->exchange = sp_str_c(f->x->id.c);
        j->sql = f->call.query ? f->call.query->sql : SP_STR_NULL;
        j->is_rewritten = f->judgement.plan.is_rewritten;
        j->tables = f->tables;
        j->places = f->places;
        j->outputs = f->judgement.reading.outputs;
        j->request_hash = sp_str_c(f->request_hash);
        j->created_ms = sp_clock_wall_us() / 1000;
}

int sp_flow_page_seal(const struct sp_flow *f, struct sp_page_seal *ret)
{
        const struct sp_call *c = &f->call;
        struct sp_page_seal s = {
                .key = f->id.salt,
                .asker = sp_arena_printf(f->arena, "%.*s\n%.*s\n%.*s",
                                         SP_FMT(f->id.who.workload),
                                         SP_FMT(f->id.who.iss), SP_FMT(f->id.who.sub)),
        };

        if (c->handling == SP_HANDLING_OWN_JOB)
                s.result = sp_page_token_job(f->arena, c->project, c->job_id);
        else if (c->handling == SP_HANDLING_OWN_TABLE)
                s.result = sp_arena_printf(f->arena, "table %.*s.%.*s.%.*s",
                                           SP_FMT(c->project), SP_FMT(c->dataset),
                                           SP_FMT(c->table));
        if (!s.asker.p || (!c->query && !s.result.p))
                return -ENOMEM;
        *ret = s;
        return 0;
}

static void on_fact(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_wire_in w = SP_WIRE_IN(payload);
        struct sp_str value = sp_wire_str(&w);

        if (err == 0)
                err = sp_wire_end(&w);
        if (err == 0)
                err = sp_job_read(f->arena, value, &f->job);
        if (err == -ENOENT)
                f->step = 2;
        else if (err < 0) {
                if (e)
                        f->error = *e;
                else
                        (void)sp_err_set(&f->error, err, "job.unreadable", "",
                                         "what is known of this job cannot be read");
                f->step = 3;
        } else {
                f->step = 4;
        }
        sp_flow_resume(f);
}

static enum sp_next recall(struct sp_flow *f, struct sp_str space, struct sp_str key)
{
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        int r;

        sp_wire_put_str(&w, space);
        sp_wire_put_str(&w, key);
        f->step = 1;
        r = key.p ? w.error : -ENOMEM;
        if (r == 0)
                r = sp_link_ask(&f->w->recorder, SP_MSG_RECALL, sp_buf_str(&b), on_fact,
                                f);
        if (r == 0)
                return SP_WAIT;
        (void)sp_err_set(&f->error, r, "store.unavailable", "",
                         "the record store does not answer; try again");
        return sp_flow_fault(f, &f->error);
}

/* Of a jobs.list: whose children are asked for. Empty: nobody's. */
static struct sp_str parent_of(const struct sp_call *c)
{
        if (strcmp(c->action, "bigquery.jobs.list") == 0)
                for (size_t i = 0; i < c->n_parameters; i++)
                        if (sp_str_eq(c->parameters[i].name, SP_STR("parentJobId")))
                                return c->parameters[i].value;
        return SP_STR_NULL;
}

static enum sp_next not_found(struct sp_flow *f)
{
        const struct sp_call *c = &f->call;
        struct sp_str job = c->job_id.n ? c->job_id : parent_of(c);

        if (c->handling != SP_HANDLING_OWN_JOB && c->handling != SP_HANDLING_FILTER)
                (void)sp_err_set(&f->error, -ENOENT, "table.not-own", "",
                                 "Not found: Table %.*s:%.*s.%.*s is not a result "
                                 "table of yours",
                                 SP_FMT(c->project), SP_FMT(c->dataset),
                                 SP_FMT(c->table));
        else
                (void)sp_err_set(&f->error, -ENOENT, "job.not-found", "",
                                 "Not found: Job %.*s:%.*s", SP_FMT(c->project),
                                 SP_FMT(job));
        return sp_flow_refuse(f, 404, "notFound");
}

/* A client's own job id that is taken: the same held request again is a retry and is
 * answered from the job; anything else is what BigQuery calls a duplicate. */
static enum sp_next taken(struct sp_flow *f)
{
        if (sp_job_is_owner(&f->job, &f->id.who) && f->job.approval.n &&
            sp_str_eq(f->job.sql, f->call.query->sql))
                return SP_NEXT; /* approve compares the whole request's hash */
        (void)sp_err_set(&f->error, -EEXIST, "job.duplicate", "",
                         "Already Exists: Job %.*s:%.*s", SP_FMT(f->call.project),
                         SP_FMT(f->call.query->client_job_id));
        return sp_flow_refuse(f, 409, "duplicate");
}

/* A job's id is unique in a location only: the same id elsewhere is another job, perhaps one that
 * did not go through here. The one that is owned is asked for. */
static bool is_place(struct sp_flow *f)
{
        if (f->call.handling != SP_HANDLING_OWN_JOB || !f->job.location.n)
                return true;
        if (f->call.location.n && !sp_str_caseeq(f->call.location, f->job.location))
                return false;
        f->call.location = f->job.location;
        return true;
}

static enum sp_next known(struct sp_flow *f)
{
        if (f->call.handling == SP_HANDLING_QUERY)
                return taken(f);
        if (!sp_job_is_owner(&f->job, &f->id.who) || !is_place(f))
                return not_found(f);
        return SP_NEXT;
}

static bool is_result(const struct sp_call *c)
{
        return sp_str_starts(c->dataset, SP_STR("_"));
}

static enum sp_next recall_table(struct sp_flow *f)
{
        const struct sp_call *c = &f->call;

        return recall(f, SP_STR(SP_TABLE_SPACE),
                      sp_arena_printf(f->arena, "%.*s.%.*s.%.*s", SP_FMT(c->project),
                                      SP_FMT(c->dataset), SP_FMT(c->table)));
}

static enum sp_next ask(struct sp_flow *f)
{
        const struct sp_call *c = &f->call;

        switch (c->handling) {
        case SP_HANDLING_OWN_JOB:
                return recall(f, SP_STR(SP_JOB_SPACE),
                              sp_job_key(f->arena, c->project, c->job_id));
        case SP_HANDLING_OWN_TABLE:
                /* hidden datasets hold results; all others are for the policy to judge */
                f->is_preview = !is_result(c);
                return f->is_preview ? SP_NEXT : recall_table(f);
        case SP_HANDLING_QUERY:
                if (c->query->client_job_id.n && !c->query->dry_run)
                        return recall(f, SP_STR(SP_JOB_SPACE),
                                      sp_job_key(f->arena, c->project,
                                                 c->query->client_job_id));
                return SP_NEXT;
        case SP_HANDLING_READ:
                f->is_own_result = is_result(c);
                return f->is_own_result ? recall_table(f) : SP_NEXT;
        case SP_HANDLING_FILTER:
                if (!parent_of(c).n)
                        return SP_NEXT;
                return recall(f, SP_STR(SP_JOB_SPACE),
                              sp_job_key(f->arena, c->project, parent_of(c)));
        default:
                return SP_NEXT;
        }
}

static enum sp_next unknown(struct sp_flow *f)
{
        if (f->call.handling == SP_HANDLING_QUERY) {
                f->is_job_new = true;
                return SP_NEXT;
        }
        if (!sp_script_child_may_be(f))
                return not_found(f);
        sp_script_child_ask(f);
        return f->step == SP_SCRIPT_CHILD_FAULT ? sp_flow_fault(f, &f->error) : SP_WAIT;
}

enum sp_next sp_flow_own(struct sp_flow *f)
{
        switch (f->step) {
        case 0:
                return ask(f);
        case 1:
                return SP_WAIT;
        case 2:
                return unknown(f);
        case SP_SCRIPT_CHILD_WAITS:
                return SP_WAIT;
        case SP_SCRIPT_CHILD_NONE:
                return not_found(f);
        case SP_SCRIPT_CHILD_FAULT:
        case 3:
                return sp_flow_fault(f, &f->error);
        default:
                return known(f);
        }
}
