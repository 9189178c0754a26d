/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage limit: what this request uses of its principal's limits is counted, over all workers,
 * by the warden. What does not fit is refused for good: 403, never an answer that clients retry.
 */
#include "daemon/worker/limits.h"

#include <errno.h>
#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/policy/limits.h"
#include "daemon/worker/bill.h"

/* A record holds the statement: a long one fills the disk as many short ones would. */
#define REFUSAL_BYTES (16 * 1024)

enum step { START, ASKED, FITS, TOO_MUCH, REFUSED, COUNTED, FAULT };

static int ask(struct sp_flow *f, struct sp_msg_charge *m, sp_answer_fn fn)
{
        sp_autobuf groups = SP_BUF_INIT(64 * 1024);
        sp_autobuf b = SP_BUF_INIT(128 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        int r = sp_bill_principal(&f->id.who, &groups, m);

        sp_msg_put_charge(&w, m);
        if (r == 0)
                r = w.error;
        f->step = ASKED;
        return r == 0 ? sp_link_ask(&f->w->warden, SP_MSG_CHARGE, sp_buf_str(&b), fn, f)
                      : r;
}

/* ---- before ---- */

static bool gives_rows(const struct sp_flow *f)
{
        return (f->call.query && !f->call.query->dry_run && !f->call.is_insert) ||
               f->call.handling == SP_HANDLING_OWN_TABLE ||
               strcmp(f->call.action, "bigquery.jobs.getQueryResults") == 0;
}

static struct sp_msg_charge use_of(const struct sp_flow *f)
{
        bool runs = f->call.query && !f->call.query->dry_run;
        bool is_poll = f->call.handling == SP_HANDLING_OWN_JOB ||
                       (f->call.handling == SP_HANDLING_OWN_TABLE && !f->is_preview);
        uint64_t guess = sp_policy_maximum_bytes_billed(f->policy);

        return (struct sp_msg_charge){
                .may_refuse = 1,
                .gives_rows = gives_rows(f),
                .requests = !is_poll,
                .queries = runs,
                .bytes = !runs             ? 0
                         : f->has_estimate ? f->estimated_bytes
                                           : guess,
                .job = f->is_held ? sp_job_key(f->arena, f->call.project, f->job.id)
                                  : SP_STR_NULL,
        };
}

static const char *error_id(enum sp_limit_kind kind)
{
        switch (kind) {
        case SP_LIMIT_BYTES:
        case SP_LIMIT_ROWS:
                return "limit.budget";
        case SP_LIMIT_APPROVALS:
                return "limit.approvals";
        default:
                return "limit.rate";
        }
}

static void explain(struct sp_flow *f, const struct sp_msg_charged *m)
{
        const char *kind = sp_limit_kind_name(m->kind);
        char frees[SP_TIME_LEN + 1];

        f->decision.rule = sp_arena_str(f->arena, m->rule);
        f->decision.reason = SP_STR_NULL;
        if (m->kind == SP_LIMIT_APPROVALS) {
                (void)sp_err_set(&f->error, -EPERM, error_id(m->kind), "",
                                 "%" PRIu64 " of %" PRIu64
                                 " requests that may wait for "
                                 "a person wait already; ask for them to be decided",
                                 m->used, m->max);
                return;
        }
        sp_clock_format(m->frees_s * SP_USEC_PER_SEC, frees);
        (void)sp_err_set(&f->error, -EPERM, error_id(m->kind), "",
                         "%" PRIu64 " of %" PRIu64 " %s per %s are used, and this does "
                         "not fit; it is free again at %.19sZ",
                         m->used, m->max, kind ? kind : "",
                         sp_limit_window_name(m->window_s), frees);
}

static void on_charged(void *userdata, int err, const struct sp_err *e,
                       struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_msg_charged m;

        if (err == 0)
                err = sp_msg_read_charged(payload, &m);
        if (err < 0) {
                if (e)
                        f->error = *e;
                else
                        (void)sp_err_set(&f->error, err, "limit.unknown", "",
                                         "the limits cannot be read");
                f->step = FAULT;
        } else if (m.rule.n) {
                explain(f, &m);
                f->step = TOO_MUCH;
        } else {
                f->charged_s = m.now_s;
                f->step = FITS;
        }
        sp_flow_resume(f);
}

/* Observe mode counts and says what would not fit, and lets it pass. */
static enum sp_next too_much(struct sp_flow *f)
{
        if (sp_policy_mode(f->policy) == SP_MODE_OBSERVE) {
                f->decision.verdict = SP_VERDICT_DENY;
                f->is_observed = true;
                return SP_NEXT;
        }
        (void)sp_flow_refuse(f, 403, "accessDenied");
        f->step = REFUSED;
        f->is_woken = true;
        return SP_WAIT;
}

static bool is_limited(const struct sp_flow *f, unsigned kinds)
{
        return sp_policy_is_limited(f->policy, &f->id.who, kinds);
}

static enum sp_next charge(struct sp_flow *f)
{
        struct sp_msg_charge m = use_of(f);
        unsigned kinds = 0;
        int r;

        kinds |= m.requests ? 1U << SP_LIMIT_REQUESTS : 0;
        kinds |= m.queries ? 1U << SP_LIMIT_QUERIES | 1U << SP_LIMIT_BYTES : 0;
        kinds |= m.gives_rows ? 1U << SP_LIMIT_ROWS : 0;
        kinds |= m.job.n ? 1U << SP_LIMIT_APPROVALS : 0;
        if (!is_limited(f, kinds))
                return SP_NEXT;
        f->is_billed = m.queries && is_limited(f, 1U << SP_LIMIT_BYTES);
        f->charged_bytes = m.bytes;
        r = ask(f, &m, on_charged);
        if (r == 0)
                return SP_WAIT;
        (void)sp_err_set(&f->error, r, "limit.unknown", "",
                         "what is left of the limits is not known now; try again");
        return sp_flow_fault(f, &f->error);
}

/* ---- refusals, and what is answered here ---- */

static void on_counted(void *userdata, int err, const struct sp_err *e,
                       struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_msg_charged m;

        (void)e;
        /* in doubt it gets a record */
        if (err == 0 && sp_msg_read_charged(payload, &m) == 0 && m.is_quiet) {
                f->is_unrecorded = true;
                f->w->metrics.verdicts[f->outcome == SP_OUTCOME_REFUSE
                                               ? SP_VERDICT_DENY
                                               : f->decision.verdict]++;
        }
        f->step = COUNTED;
        sp_flow_resume(f);
}

/* Many of them are not worth a record each: nothing is sent, and they are counted. Tokens of
 * the daemon's own are asked for as easily as things that are refused. */
static enum sp_next count_unsent(struct sp_flow *f)
{
        struct sp_msg_charge m = {
                .refusals = 1 + f->x->request.body.n / REFUSAL_BYTES,
        };

        if (!f->id.who.workload.n || f->is_unrecorded)
                return SP_NEXT;
        return ask(f, &m, on_counted) == 0 ? SP_WAIT : SP_NEXT;
}

enum sp_next sp_flow_limit(struct sp_flow *f)
{
        switch ((enum step)f->step) {
        case START:
                return f->outcome == SP_OUTCOME_OPEN ? charge(f) : count_unsent(f);
        case ASKED:
                return SP_WAIT;
        case TOO_MUCH:
                return too_much(f);
        case REFUSED:
                return count_unsent(f);
        case FAULT:
                return sp_flow_fault(f, &f->error);
        default:
                return SP_NEXT;
        }
}

/* ---- after ---- */

static void on_told(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        (void)userdata, (void)payload;
        if (err < 0)
                sp_log_err(SP_LOG_WARNING, e, "rows were not counted");
}

static void tell_rows(struct sp_flow *f, uint64_t rows)
{
        struct sp_msg_charge m = { .rows = rows };

        if (rows && is_limited(f, 1U << SP_LIMIT_ROWS) && ask(f, &m, on_told) < 0)
                sp_log(SP_LOG_WARNING, "rows were not counted");
}

/* An error bills nothing; but of a script that failed, and has no job here to be asked about, the
 * statements before the one that failed are billed. */
bool sp_limits_is_free(const struct sp_flow *f, unsigned status)
{
        const struct sp_sql_script *s = f->judgement.script;
        bool may_have_run =
                !f->call.is_insert && s && (s->is_script || s->n_statements > 1);

        return status >= 400 && status < 500 && !may_have_run;
}

void sp_limits_answered(struct sp_flow *f, unsigned status, uint64_t rows)
{
        tell_rows(f, rows);
        if (!f->is_billed)
                return;
        f->is_billed = false;
        if (sp_limits_is_free(f, status))
                sp_bill_tell(f->w, &f->id.who, 0, f->charged_bytes, f->charged_s);
        else if (f->job.id.n)
                sp_bill_await(f->w, &f->id.who,
                              &(struct sp_bill_job){ f->job.project, f->job.id,
                                                     f->job.location, f->charged_bytes,
                                                     f->charged_s });
}
