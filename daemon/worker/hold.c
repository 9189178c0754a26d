/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage approve: a request that a person must see first is parked, and its client sees a
 * BigQuery job that is not done yet. Polls of such a job end here too.
 */
#include "daemon/worker/flow_state.h"

#include <errno.h>

#include "daemon/worker/held.h"
#include "daemon/worker/keep.h"

/* Longest answer to one poll: Node asks again within milliseconds of an early answer,
 * python3-googleapi gives up on one answer after 60 s. */
#define POLL_US (10 * SP_USEC_PER_SEC)

enum step {
        START,
        ASKED_APPROVAL,
        ASKED_KEEP_HELD,
        ASKED_KEEP_JOB,
        PARKED,
        ASKED_STATE,
        HAVE_STATE,
        WAITING,
        EXECUTING,
        READY, /* it was sent: forward the poll */
        REFUSED, /* the warden will not hold this one */
        FAULT,
};

static enum sp_next fault(struct sp_flow *f, int r)
{
        (void)sp_err_set(&f->error, r, "store.unavailable", "",
                         "the request cannot be held for approval now; try again");
        return sp_flow_fault(f, &f->error);
}

static void wake(struct sp_flow *f, unsigned step)
{
        f->step = step;
        sp_flow_resume(f);
}

/* ---- park ---- */

static struct sp_str join_resources(struct sp_flow *f)
{
        sp_autobuf b = SP_BUF_INIT(64 * 1024);

        for (size_t i = 0; i < f->judgement.n_accesses; i++)
                if (sp_buf_addf(&b, "%.*s %.*s\n",
                                SP_FMT(f->judgement.accesses[i].action),
                                SP_FMT(f->judgement.accesses[i].resource)) < 0)
                        break;
        return sp_arena_str(f->arena, sp_str_sub(sp_buf_str(&b), 0, b.n ? b.n - 1 : 0));
}

static struct sp_str join_masked(struct sp_flow *f)
{
        sp_autobuf b = SP_BUF_INIT(64 * 1024);

        for (size_t i = 0; i < f->judgement.plan.n_columns; i++)
                if (sp_buf_addf(&b, "%.*s\n",
                                SP_FMT(f->judgement.plan.columns[i].column)) < 0)
                        break;
        return sp_arena_str(f->arena, sp_str_sub(sp_buf_str(&b), 0, b.n ? b.n - 1 : 0));
}

/* Who approves reads what is judged: escapes in a constant that is executed could say it in
 * other letters. */
static struct sp_str shown_text(const struct sp_flow *f)
{
        return f->judgement.n_unfolded ? f->judgement.text : f->call.query->sql;
}

/* The warden's no to this request, as against not being able to: clients must not try again
 * and again. */
static bool is_refusal(int err)
{
        return err == -EAGAIN || err == -EEXIST || err == -EINVAL || err == -E2BIG ||
               err == -ENOBUFS;
}

static void on_asked(void *userdata, int err, const struct sp_err *e,
                     struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_wire_in in = SP_WIRE_IN(payload);
        struct sp_str id = sp_wire_str(&in);

        if (err == 0)
                err = sp_wire_end(&in);
        if (err == 0 && !sp_ulid_is_valid(id))
                err = -EBADMSG;
        if (err == 0)
                f->job.approval = sp_arena_str(f->arena, id);
        if (err < 0) {
                if (e)
                        f->error = *e;
                else
                        (void)sp_err_set(&f->error, err, "approval.fault", "",
                                         "the request cannot be held");
        }
        if (is_refusal(err)) {
                struct sp_err why = f->error;

                (void)sp_err_set(&f->error, err, "approval.refused", "", "%s",
                                 why.what);
                wake(f, REFUSED);
        } else {
                wake(f, err < 0 ? FAULT : ASKED_KEEP_HELD);
        }
}

static enum sp_next ask_approval(struct sp_flow *f)
{
        const struct sp_policy_approvals rules = sp_policy_approvals(f->policy);
        int fd = sp_exchange_socket(f->x);
        struct sp_msg_approval m = {
                .job = sp_job_key(f->arena, f->job.project, f->job.id),
                .session = f->id.session,
                .action = f->judgement.n_accesses
                                  ? f->judgement.accesses[f->decision.access].action
                                  : SP_STR_NULL,
                .resources = join_resources(f),
                .rule = f->decision.rule,
                .reason = f->decision.reason,
                .sql = shown_text(f),
                .masked = join_masked(f),
                .estimated_bytes = f->estimated_bytes,
                .has_estimate = f->has_estimate,
                .request_hash = sp_str_c(f->request_hash),
                .policy_version = sp_str_c(f->policy_version),
                .timeout_us = rules.timeout_us,
                .keep_queued = rules.keep_queued,
        };
        sp_autobuf b = SP_BUF_INIT(4 * 1024 * 1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        int r;

        sp_wire_put_str(&w, sp_flow_bearer(f));
        sp_msg_put_approval(&w, &m);
        r = fd < 0 ? -ENOTCONN : w.error; /* nobody would ask for it again */
        f->step = ASKED_APPROVAL;
        if (r == 0)
                r = sp_link_ask_about(&f->w->warden, SP_MSG_APPROVAL_ASK,
                                      sp_buf_str(&b), fd, on_asked, f);
        return r == 0 ? SP_WAIT : fault(f, r);
}

static void on_held_kept(void *userdata, int err)
{
        wake(userdata, err < 0 ? FAULT : ASKED_KEEP_JOB);
}

static void on_job_kept(void *userdata, int err)
{
        wake(userdata, err < 0 ? FAULT : PARKED);
}

/* The placeholder stands once in the body, and nobody can guess it. */
static int locate_salt(const struct sp_flow *f, uint64_t *ret)
{
        const char *at;

        *ret = UINT64_MAX;
        if (!f->salt_placeholder.n)
                return 0;
        at = memmem(f->upstream.body.p, f->upstream.body.n, f->salt_placeholder.p,
                    f->salt_placeholder.n);
        if (!at)
                return -EINVAL;
        *ret = (uint64_t)(at - f->upstream.body.p);
        return 0;
}

static enum sp_next keep_held(struct sp_flow *f)
{
        struct sp_held h = {
                .job_key = sp_job_key(f->arena, f->job.project, f->job.id),
                .approval = f->job.approval,
                .request_hash = sp_str_c(f->request_hash),
                .method = f->upstream.method,
                .host = f->upstream.host,
                .path_and_query = f->upstream.path_and_query,
                .body = f->upstream.body,
                .session = f->id.session,
                .exchange = sp_str_c(f->x->id.c),
                .workload = f->id.who.workload,
        };
        int r = locate_salt(f, &h.salt_at);

        f->step = WAITING;
        if (r == 0)
                r = sp_keep_held(f->w, &h, on_held_kept, f);
        return r == 0 ? SP_WAIT : fault(f, r);
}

static enum sp_next keep_job(struct sp_flow *f)
{
        int r;

        f->step = WAITING;
        r = sp_keep_waiting(f->w, &f->job, on_job_kept, f);
        return r == 0 ? SP_WAIT : fault(f, r);
}

static struct sp_job_view view(const struct sp_flow *f, struct sp_str state)
{
        return (struct sp_job_view){ .project = f->job.project,
                                     .job_id = f->job.id,
                                     .location = f->job.location,
                                     .sql = f->job.sql,
                                     .state = state,
                                     .statement_kind = f->job.kind,
                                     .created_ms = f->job.created_ms };
}

static uint64_t poll_deadline(const struct sp_flow *f)
{
        uint64_t wait = POLL_US;

        if (f->call.query && f->call.query->has_timeout_ms)
                wait = SP_MIN(wait, f->call.query->timeout_ms * SP_USEC_PER_MSEC);
        if (!f->call.query && f->call.has_timeout_ms)
                wait = SP_MIN(wait, f->call.timeout_ms * SP_USEC_PER_MSEC);
        return sp_clock_us() + wait;
}

static enum sp_next ask_state(struct sp_flow *f);

static enum sp_next parked(struct sp_flow *f)
{
        const struct sp_job_view v = view(f, SP_STR("PENDING"));

        f->w->metrics.held++;
        if (sp_held_park(f->w, f->job.approval, f->id.session, f->id.salt) < 0)
                return fault(f, -ENOBUFS);
        if (f->call.is_insert)
                return sp_flow_answer(f, 200, sp_answer_job(f->arena, &v));
        f->deadline_us = poll_deadline(f);
        return ask_state(f);
}

/* ---- poll ---- */

static void on_state(void *userdata, int err, const struct sp_err *e,
                     struct sp_str payload)
{
        struct sp_flow *f = userdata;
        struct sp_msg_approval_state m;

        if (err == 0)
                err = sp_msg_read_approval_state(payload, &m);
        if (err == -ENOENT) {
                f->approval_state = 0;
        } else if (err < 0) {
                if (e)
                        f->error = *e;
                wake(f, FAULT);
                return;
        } else {
                f->approval_state = m.state;
                f->approver = sp_arena_str(f->arena, m.approver);
                f->approval_reason = sp_arena_str(f->arena, m.reason);
        }
        wake(f, HAVE_STATE);
}

static enum sp_next ask_warden(struct sp_flow *f, uint16_t type, struct sp_buf *b,
                               int error)
{
        int r = error;

        f->step = WAITING;
        if (r == 0)
                r = sp_link_ask(&f->w->warden, type, sp_buf_str(b), on_state, f);
        return r == 0 ? SP_WAIT : fault(f, r);
}

static enum sp_next ask_state(struct sp_flow *f)
{
        sp_autobuf b = SP_BUF_INIT(256);
        struct sp_wire_out w = SP_WIRE_OUT(&b);

        sp_wire_put_str(&w, f->job.approval);
        return ask_warden(f, SP_MSG_APPROVAL_GET, &b, w.error);
}

/* Its client cancels the job: what nobody has sent yet is never sent. */
static enum sp_next withdraw(struct sp_flow *f)
{
        const struct sp_msg_claim m = { f->job.approval, f->job.request_hash };
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out w = SP_WIRE_OUT(&b);

        sp_msg_put_claim(&w, &m);
        return ask_warden(f, SP_MSG_APPROVAL_WITHDRAW, &b, w.error);
}

static bool is_action(const struct sp_flow *f, const char *action)
{
        return strcmp(f->call.action, action) == 0;
}

static void on_decided(void *userdata)
{
        wake(userdata, ASKED_STATE);
}

static enum sp_next answer_incomplete(struct sp_flow *f)
{
        const struct sp_job_view v = view(f, SP_STR("PENDING"));

        if (is_action(f, "bigquery.jobs.get"))
                return sp_flow_answer(f, 200, sp_answer_job(f->arena, &v));
        return sp_flow_answer(f, 200,
                              sp_answer_query_incomplete(f->arena, &v, !f->call.query));
}

static enum sp_next pending(struct sp_flow *f)
{
        bool may_wait = f->call.query || is_action(f, "bigquery.jobs.getQueryResults");

        if (!may_wait || f->w->is_draining || sp_clock_us() >= f->deadline_us)
                return answer_incomplete(f);
        f->step = WAITING;
        if (sp_held_wait(f->w, f->job.approval, f->deadline_us, on_decided, f) < 0)
                return answer_incomplete(f);
        return SP_WAIT;
}

static enum sp_next not_run(struct sp_flow *f)
{
        struct sp_job_view v = view(f, SP_STR("DONE"));
        bool is_cancel = is_action(f, "bigquery.jobs.cancel");

        if (!is_cancel && !is_action(f, "bigquery.jobs.get"))
                return sp_flow_refuse(f, 403, "accessDenied");
        v.error_message =
                sp_answer_denial_message(f->arena, &f->error, SP_STR_NULL, SP_STR_NULL);
        if (is_cancel)
                return sp_flow_answer(f, 200, sp_answer_job_cancel(f->arena, &v));
        return sp_flow_answer(f, 200, sp_answer_job(f->arena, &v));
}

static void on_executed(void *userdata, int err, const struct sp_err *e)
{
        struct sp_flow *f = userdata;

        if (err < 0 && err != -EALREADY) {
                f->error = *e;
                f->job.failure = sp_arena_str(f->arena, sp_str_c(e->what));
        }
        wake(f, READY);
}

static enum sp_next execute(struct sp_flow *f)
{
        f->step = EXECUTING;
        if (sp_held_execute(f->w, f->job.approval, f->id.session, f->id.salt,
                            on_executed, f) < 0)
                return answer_incomplete(f); /* the next poll tries again */
        return SP_WAIT;
}

static enum sp_next have_state(struct sp_flow *f)
{
        struct sp_str who = f->approver.n ? f->approver : SP_STR("nobody");

        switch (f->approval_state) {
        case SP_APPROVAL_PENDING:
                return pending(f);
        case SP_APPROVAL_APPROVED:
                return execute(f);
        case SP_APPROVAL_USED:
                f->step = READY;
                f->is_woken = true;
                return SP_WAIT;
        case SP_APPROVAL_DENIED:
                (void)sp_err_set(&f->error, -EPERM, "approval.denied", "",
                                 "denied by %.*s: %.*s", SP_FMT(who),
                                 SP_FMT(f->approval_reason));
                return not_run(f);
        case SP_APPROVAL_EXPIRED:
                (void)sp_err_set(
                        &f->error, -EPERM, "approval.expired", "",
                        "nobody approved it in time; send it again to ask again");
                return not_run(f);
        case SP_APPROVAL_WITHDRAWN:
                (void)sp_err_set(&f->error, -EPERM, "approval.withdrawn", "",
                                 "the job was cancelled before it was sent");
                return not_run(f);
        default:
                (void)sp_err_set(
                        &f->error, -EPERM, "approval.lost", "",
                        "the approval is not known any more; send it again to ask "
                        "again");
                return not_run(f);
        }
}

/* A poll in jobs.query's own answer ends here: the client polls getQueryResults next. */
static enum sp_next ready(struct sp_flow *f)
{
        if (f->job.failure.n) {
                (void)sp_err_set(&f->error, -EPERM, "approval.failed", "", "%.*s",
                                 SP_FMT(f->job.failure));
                return not_run(f);
        }
        return f->call.query ? answer_incomplete(f) : SP_NEXT;
}

static enum sp_next duplicate(struct sp_flow *f)
{
        (void)sp_err_set(&f->error, -EEXIST, "job.duplicate", "",
                         "Already Exists: Job %.*s:%.*s", SP_FMT(f->call.project),
                         SP_FMT(f->job.id));
        return sp_flow_refuse(f, 409, "duplicate");
}

static enum sp_next start(struct sp_flow *f)
{
        if (f->is_held) {
                struct sp_str known = f->job.approval;

                /* the client's own job id, parked before: the same request is a retry */
                if (known.n &&
                    !sp_str_eq(f->job.request_hash, sp_str_c(f->request_hash)))
                        return duplicate(f);
                f->job.project = f->call.project;
                f->job.location = f->call.query->location;
                sp_flow_describe_job(f, &f->job);
                return ask_approval(
                        f); /* the same job and hash get the same approval */
        }
        /* The client's own job id waits for a person, and this needs none: the rules have changed.
         * Were it sent, the one that waits would be a second job of that id. */
        if (f->call.query && f->job.approval.n)
                return duplicate(f);
        if (f->call.handling != SP_HANDLING_OWN_JOB || !f->job.approval.n)
                return SP_NEXT;
        if (f->job.failure.n)
                return ready(f);
        f->deadline_us = poll_deadline(f);
        return is_action(f, "bigquery.jobs.cancel") ? withdraw(f) : ask_state(f);
}

enum sp_next sp_flow_approve(struct sp_flow *f)
{
        switch ((enum step)f->step) {
        case START:
                return start(f);
        case ASKED_KEEP_HELD:
                return keep_held(f);
        case ASKED_KEEP_JOB:
                return keep_job(f);
        case PARKED:
                return parked(f);
        case ASKED_STATE:
                return ask_state(f);
        case HAVE_STATE:
                return have_state(f);
        case READY:
                return ready(f);
        case REFUSED:
                return sp_flow_refuse(f, 403, "accessDenied");
        case FAULT:
                return f->error.code ? sp_flow_fault(f, &f->error) : fault(f, -EPIPE);
        default:
                return SP_WAIT;
        }
}
