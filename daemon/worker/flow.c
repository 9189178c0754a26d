/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product on one screen: read `stages` from top to bottom.
 */
#include "daemon/worker/flow_state.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/worker/flow.h"

static enum sp_next identify(struct sp_flow *f);
static enum sp_next recognise(struct sp_flow *f);

/* `always` stages also see a request whose outcome is settled; the others are for open ones. */
static const struct {
        const char *name;
        enum sp_next (*run)(struct sp_flow *f);
        bool always;
} stages[] = {
        { "identify", identify, false }, /* origin, token → workload, person */
        { "recognise", recognise,
          false }, /* host, method, path, body → one typed call */
        { "local", sp_flow_local,
          false }, /* tokens, metadata, discovery: answered here */
        { "own", sp_flow_own, false }, /* jobs and result tables: only their owner's */
        { "parse", sp_flow_parse,
          false }, /* GoogleSQL → statements, tables, functions */
        { "resolve", sp_flow_resolve,
          false }, /* columns of protected tables → masked text */
        { "decide", sp_flow_decide, false }, /* policy, cost → allow, approve, deny */
        { "limit", sp_flow_limit, true }, /* does it fit what its principal may use? */
        { "record", sp_flow_record,
          true }, /* on stable storage before anything is sent */
        { "approve", sp_flow_approve, false }, /* parked while a person decides */
        { "forward", sp_flow_forward,
          false }, /* fresh request; mask and record the answer */
};

static void settle(struct sp_flow *f);

static void step(struct sp_flow *f)
{
        enum sp_next next = SP_NEXT;

        if (f->outcome == SP_OUTCOME_OPEN || stages[f->stage].always)
                next = stages[f->stage].run(f);
        if (next == SP_WAIT)
                return;
        if (next == SP_DONE) {
                f->stage = SP_ARRAY_SIZE(stages);
                return;
        }
        f->stage++;
        f->step = 0;
        f->is_woken = true;
}

void sp_flow_resume(struct sp_flow *f)
{
        f->is_woken = true;
        if (f->is_running) /* called back before the stage returned: it runs again below */
                return;
        f->is_running = true;
        while (f->is_woken && f->stage < SP_ARRAY_SIZE(stages)) {
                f->is_woken = false;
                step(f);
        }
        f->is_running = false;
        if (f->stage >= SP_ARRAY_SIZE(stages))
                settle(f);
}

/* ---- how a flow ends ---- */

static void drop(struct sp_flow *f)
{
        sp_latency_add(&f->w->metrics.request, sp_clock_us() - f->started_us);
        (void)sp_policy_unref(f->policy);
        free(f);
}

void sp_flow_end(struct sp_flow *f)
{
        sp_exchange_finish(f->x); /* the arena goes with it */
        drop(f);
}

void sp_flow_abort(struct sp_flow *f)
{
        sp_exchange_abort(f->x); /* instead of finish: frees it as well */
        drop(f);
}

static void refuse(struct sp_flow *f)
{
        struct sp_str why = sp_answer_denial_message(
                f->arena, &f->error, f->decision.rule, f->decision.reason);

        sp_exchange_answer(f->x, f->status,
                           sp_answer_error(f->arena, f->status, f->reason, why));
}

/* gcp-metadata clients look for the flavor in every answer. */
static void answer_metadata(struct sp_flow *f)
{
        const struct sp_header headers[] = {
                { SP_STR("metadata-flavor"), SP_STR("Google") },
                { SP_STR("server"), SP_STR("Metadata Server for VM") },
                { SP_STR("content-type"),
                  sp_str_c(f->content_type ? f->content_type : "application/json") },
        };

        (void)sp_exchange_respond(f->x, f->status, headers, SP_ARRAY_SIZE(headers),
                                  f->body.n);
        (void)sp_exchange_write(f->x, f->body);
        sp_exchange_finish(f->x);
}

/* All stages are through. A reply in progress ends the flow itself. */
static void settle(struct sp_flow *f)
{
        if (f->reply)
                return;
        if (f->outcome == SP_OUTCOME_REFUSE)
                refuse(f);
        else if (f->outcome == SP_OUTCOME_ANSWER && f->call.local == SP_LOCAL_METADATA)
                answer_metadata(f);
        else if (f->outcome == SP_OUTCOME_ANSWER)
                sp_exchange_answer(f->x, f->status, f->body);
        else
                sp_exchange_abort(
                        f->x); /* unreachable: every path settles the outcome */
        drop(f);
}

enum sp_next sp_flow_refuse(struct sp_flow *f, unsigned status, const char *reason)
{
        f->outcome = SP_OUTCOME_REFUSE;
        f->status = status;
        f->reason = reason;
        return SP_NEXT;
}

enum sp_next sp_flow_answer(struct sp_flow *f, unsigned status, struct sp_str body)
{
        f->outcome = SP_OUTCOME_ANSWER;
        f->status = status;
        f->body = body;
        return SP_NEXT;
}

enum sp_next sp_flow_fault(struct sp_flow *f, const struct sp_err *e)
{
        const struct sp_log_field fields[] = {
                { "exchange", sp_str_c(f->x->id.c) },
                { "error", sp_str_c(e->id) },
                { "detail", sp_str_c(e->where) },
                { NULL, SP_STR_NULL },
        };

        sp_log_fields(SP_LOG_WARNING, fields, "request failed: %s", e->what);
        f->w->metrics.faults++;
        if (e != &f->error)
                f->error = *e;
        f->outcome = SP_OUTCOME_REFUSE;
        f->status = 503;
        f->reason = "backendError";
        return SP_DONE;
}

static void on_abort(struct sp_exchange *x)
{
        struct sp_flow *f = x->flow;

        f->is_aborted = true; /* the exchange drops what is written to it from now on */
}

void sp_flow_start(struct sp_worker *w, struct sp_exchange *x)
{
        struct sp_flow *f = calloc(1, sizeof(*f));

        if (!f) {
                sp_exchange_abort(x);
                return;
        }
        f->w = w;
        f->x = x;
        f->arena = &x->arena;
        f->started_us = x->started_us;
        f->policy = sp_policy_ref(w->policy);
        x->flow = f;
        x->on_abort = on_abort;
        w->metrics.requests++;
        (void)snprintf(f->policy_version, sizeof(f->policy_version), "%.*s",
                       SP_FMT(sp_policy_version(f->policy)));
        sp_flow_resume(f);
}

/* ---- identify ---- */

struct sp_str sp_flow_bearer(const struct sp_flow *f)
{
        struct sp_str v = sp_request_header(&f->x->request, "authorization");

        if (v.n > 7 && sp_str_caseeq(sp_str_sub(v, 0, 7), SP_STR("bearer ")))
                return sp_str_trim(sp_str_sub(v, 7, v.n));
        return v;
}

static void on_identity(void *userdata, const struct sp_identity *id,
                        const struct sp_err *e)
{
        struct sp_flow *f = userdata;

        f->step = 2;
        if (!id)
                f->error = *e;
        else if (sp_identity_copy(f->arena, id, &f->id) < 0)
                (void)sp_err_set(&f->error, -ENOMEM, "identity.fault", "",
                                 "out of memory");
        else
                f->step = 3;
        sp_flow_resume(f);
}

static enum sp_next identify(struct sp_flow *f)
{
        const struct sp_origin *o = f->x->origin;
        int r;

        switch (f->step) {
        case 0:
                f->step = 1;
                r = sp_identify(&f->w->identities, &f->w->warden, o->guard_id,
                                sp_exchange_socket(f->x), sp_flow_bearer(f),
                                on_identity, f);
                if (r == 0)
                        return SP_WAIT;
                (void)sp_err_set(&f->error, r, "identity.fault", "",
                                 "the daemon cannot say who asks; try again");
                return sp_flow_fault(f, &f->error);
        case 1:
                return SP_WAIT;
        case 2:
                return sp_flow_fault(f, &f->error);
        default:
                return SP_NEXT;
        }
}

/* ---- recognise ---- */

static enum sp_next refuse_unrecognised(struct sp_flow *f, int r)
{
        if (r == -ENOMEM)
                return sp_flow_fault(f, &f->error);
        return r == -EPERM ? sp_flow_refuse(f, 403, "accessDenied")
                           : sp_flow_refuse(f, 400, "invalid");
}

/* An API call needs a token that this daemon gave to this cgroup. Any other Google
 * credential would be a way into somebody else's project: refused, never forwarded. */
static enum sp_next check_token(struct sp_flow *f)
{
        if (f->call.handling == SP_HANDLING_LOCAL &&
            f->call.local != SP_LOCAL_IAM_ACCESS_TOKEN)
                return SP_NEXT;
        if (f->id.token_is_ours && f->id.token_is_valid)
                return SP_NEXT;
        if (!sp_flow_bearer(f).n) {
                (void)sp_err_set(
                        &f->error, -EACCES, "identity.no-token", "",
                        "the request has no access token; get one from the metadata "
                        "server or a token endpoint");
                return sp_flow_refuse(f, 401, "authError");
        }
        if (f->id.token_is_ours) {
                (void)sp_err_set(
                        &f->error, -EACCES, "identity.token-expired", "",
                        "the access token has expired or belongs to another cgroup; "
                        "get a new one");
                return sp_flow_refuse(f, 401, "authError");
        }
        f->w->metrics.foreign_credentials++;
        (void)sp_err_set(
                &f->error, -EACCES, "identity.foreign-credential", "",
                "this credential was not given out by Sallyport and is not forwarded; "
                "use the metadata server's token");
        return sp_flow_refuse(f, 403, "accessDenied");
}

static enum sp_next recognise(struct sp_flow *f)
{
        int r = sp_call_recognise(f->arena, &f->x->request, &f->call, &f->error);

        f->is_recognised = f->call.action != NULL;
        if (r < 0)
                return refuse_unrecognised(f, r);
        return check_token(f);
}
