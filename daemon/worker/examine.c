/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages parse and decide: from text to verdict. The pure work is judge's; what needs an answer from
 * outside is asked for in stage resolve (examine_schemas.c) and by server_truth.c.
 */
#include "daemon/worker/examine.h"

#include <errno.h>

bool sp_examine_costs_nothing(const struct sp_flow *f)
{
        return f->is_preview || f->call.write;
}

struct sp_judge_input sp_examine_input(const struct sp_flow *f)
{
        return (struct sp_judge_input){
                .call = &f->call,
                .who = &f->id.who,
                .policy = f->policy,
                .now_us = sp_clock_wall_us(),
                .has_estimate = f->has_estimate || sp_examine_costs_nothing(f),
                .estimated_bytes = f->estimated_bytes,
        };
}

enum sp_next sp_examine_refuse(struct sp_flow *f, int r)
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
        struct sp_judge_input in = sp_examine_input(f);

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
        const struct sp_judge_input in = sp_examine_input(f);
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
        return r < 0 ? sp_examine_refuse(f, r) : decide_early(f);
}

/* ---- decide ---- */

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
        const struct sp_judge_input in = sp_examine_input(f);
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
        return sp_examine_prepare(f);
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
                return sp_examine_refuse(f, r);
        return r ? SP_WAIT : decide(f);
}

enum sp_next sp_flow_decide(struct sp_flow *f)
{
        if (!is_judged(f))
                return f->call.handling == SP_HANDLING_LOCAL ? SP_NEXT
                                                             : sp_examine_prepare(f);
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
