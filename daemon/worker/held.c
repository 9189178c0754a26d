/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/held.h"

#include <errno.h>
#include <stdlib.h>

#include <utlist.h>

#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/base/log.h"
#include "daemon/google/message.h"
#include "daemon/worker/keep.h"
#include "daemon/worker/record.h"

#define ANSWER_MAX (4 * 1024 * 1024)
#define ARENA_MAX (32 * 1024 * 1024)
#define PARKED_MAX 1024
#define SALT_LEN SP_SHA256_HEX_LEN

/* ---- who waits, who executes ---- */

struct sp_held_waiter {
        struct sp_held_waiter *next;
        struct sp_ulid approval;
        uv_timer_t timer;
        struct sp_worker *w;
        sp_decided_fn fn; /* NULL: called already */
        void *userdata;
};

struct sp_held_parked {
        struct sp_held_parked *next;
        struct sp_ulid approval, session;
        char salt[SALT_LEN + 1];
};

static bool put_ulid(struct sp_ulid *to, struct sp_str s)
{
        if (!sp_ulid_is_valid(s))
                return false;
        memcpy(to->c, s.p, SP_ULID_LEN);
        to->c[SP_ULID_LEN] = '\0';
        return true;
}

static bool is_ulid(const struct sp_ulid *u, struct sp_str s)
{
        return sp_str_eq(sp_str_c(u->c), s);
}

static void on_waiter_closed(uv_handle_t *h)
{
        free(h->data);
}

static void call_waiter(struct sp_held_waiter *waiter)
{
        sp_decided_fn fn = waiter->fn;
        void *userdata = waiter->userdata;

        LL_DELETE(waiter->w->waiters, waiter);
        uv_close((uv_handle_t *)&waiter->timer, on_waiter_closed);
        fn(userdata);
}

static void on_deadline(uv_timer_t *t)
{
        call_waiter(t->data);
}

int sp_held_wait(struct sp_worker *w, struct sp_str approval, uint64_t deadline_us,
                 sp_decided_fn fn, void *userdata)
{
        struct sp_held_waiter *waiter = calloc(1, sizeof(*waiter));
        uint64_t now = sp_clock_us();
        int r;

        if (!waiter)
                return -ENOMEM;
        if (!put_ulid(&waiter->approval, approval)) {
                free(waiter);
                return -EINVAL;
        }
        r = uv_timer_init(&w->loop, &waiter->timer);
        if (r < 0) {
                free(waiter);
                return r;
        }
        waiter->timer.data = waiter;
        waiter->w = w;
        waiter->fn = fn;
        waiter->userdata = userdata;
        LL_PREPEND(w->waiters, waiter);
        (void)uv_timer_start(&waiter->timer, on_deadline,
                             deadline_us > now ? (deadline_us - now) / 1000 + 1 : 1, 0);
        return 0;
}

int sp_held_park(struct sp_worker *w, struct sp_str approval, struct sp_str session,
                 struct sp_str salt)
{
        struct sp_held_parked *p;
        size_t n;

        /* a client may send the same held request again and again */
        LL_FOREACH(w->parked, p)
        if (is_ulid(&p->approval, approval) && is_ulid(&p->session, session))
                return 0;
        LL_COUNT(w->parked, p, n);
        if (n >= PARKED_MAX)
                return -ENOBUFS;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        if (!put_ulid(&p->approval, approval) || !put_ulid(&p->session, session) ||
            salt.n != SALT_LEN) {
                free(p);
                return -EINVAL;
        }
        memcpy(p->salt, salt.p, SALT_LEN);
        LL_PREPEND(w->parked, p);
        return 0;
}

static void parked_free(struct sp_held_parked *p)
{
        explicit_bzero(p, sizeof(*p));
        free(p);
}

static void on_executed(void *userdata, int err, const struct sp_err *e)
{
        (void)userdata;
        if (err < 0 && err != -EALREADY)
                sp_log_err(SP_LOG_WARNING, e, "an approved request was not sent");
}

static void execute_parked(struct sp_worker *w, const struct sp_msg_approval_state *m)
{
        struct sp_held_parked *p, *tmp;

        LL_FOREACH_SAFE(w->parked, p, tmp)
        {
                if (!is_ulid(&p->approval, m->approval))
                        continue;
                LL_DELETE(w->parked, p);
                if (m->state == SP_APPROVAL_APPROVED &&
                    sp_held_execute(w, m->approval, sp_str_c(p->session.c),
                                    sp_str(p->salt, SALT_LEN), on_executed, NULL) < 0)
                        sp_log(SP_LOG_WARNING,
                               "an approved request waits for its next poll");
                parked_free(p);
        }
}

void sp_held_decided(struct sp_worker *w, const struct sp_msg_approval_state *m)
{
        bool again = true;

        execute_parked(w, m);
        while (again) { /* a waiter's function may add or end others */
                struct sp_held_waiter *waiter;

                again = false;
                LL_FOREACH(w->waiters, waiter)
                {
                        if (is_ulid(&waiter->approval, m->approval)) {
                                call_waiter(waiter);
                                again = true;
                                break;
                        }
                }
        }
}

void sp_held_drain(struct sp_worker *w)
{
        while (w->waiters)
                call_waiter(w->waiters);
}

void sp_held_done(struct sp_worker *w)
{
        struct sp_held_parked *p, *tmp;

        LL_FOREACH_SAFE(w->parked, p, tmp)
        {
                LL_DELETE(w->parked, p);
                parked_free(p);
        }
}

/* ---- sending one ---- */

struct execution {
        struct sp_worker *w;
        struct sp_arena arena;
        struct sp_str approval, session, salt;
        struct sp_held held;
        struct sp_job job;
        struct sp_upstream_request request;
        struct sp_str table;
        uint64_t started_us;
        unsigned status;
        struct sp_err err;
        sp_executed_fn fn;
        void *userdata;
};

static void end(struct execution *x, int err)
{
        x->fn(x->userdata, err, err < 0 ? &x->err : NULL);
        sp_arena_done(&x->arena);
        free(x);
}

static void stop(struct execution *x, int err, const char *id, const char *what)
{
        end(x, sp_err_set(&x->err, err, id, "", "%s", what));
}

static void on_outcome_kept(void *userdata, int err)
{
        struct execution *x = userdata;

        if (err < 0)
                stop(x, err, "store.unavailable",
                     "what became of the job cannot be kept");
        else if (x->job.failure.n)
                end(x, -EREMOTEIO);
        else
                end(x, 0);
}

static void keep_outcome(struct execution *x)
{
        if (sp_keep_job(x->w, &x->job, x->table, on_outcome_kept, x) < 0)
                stop(x, -EPIPE, "store.unavailable",
                     "what became of the job cannot be kept");
}

/* Sending failed for good: polls get this from now on, and nothing of a job upstream
 * that happens to have the same id. */
static void failed(struct execution *x, const char *what)
{
        (void)sp_err_set(&x->err, -EREMOTEIO, "approval.failed", "", "%s", what);
        x->job.failure = sp_arena_str(&x->arena, sp_str_c(x->err.what));
        keep_outcome(x);
}

static void record(const struct execution *x, struct sp_str body)
{
        sp_record_answer(x->w, &(struct sp_answer_facts){
                                       .session = x->held.session,
                                       .exchange = x->held.exchange,
                                       .job = x->job.id,
                                       .approval = x->approval,
                                       .status = x->status,
                                       .took_us = sp_clock_us() - x->started_us,
                                       .upstream_us = sp_clock_us() - x->started_us,
                                       .bytes = body.n,
                                       .error = sp_str_c(x->err.what),
                               });
}

static void on_answer(void *userdata, int err, const char *what, unsigned status,
                      struct sp_str body)
{
        struct execution *x = userdata;
        const struct sp_answer_own own = sp_job_own(&x->job);
        struct sp_job fresh = x->job;
        struct sp_json *v;
        struct sp_str message = SP_STR_NULL;
        char text[300];

        x->status = status;
        if (err == 0 && status == 200 &&
            sp_keep_read_resource(&x->arena, body, &fresh, &x->table) == 0) {
                x->job.location = fresh.location;
                x->job.kind = fresh.kind;
                x->job.approval = SP_STR_NULL; /* sent: from now on a job like others */
                x->w->metrics.executed++;
                record(x, body);
                keep_outcome(x);
                return;
        }
        if (err == 0 && sp_json_parse(&x->arena, body, &v, NULL) == 0)
                message = sp_json_get_str(sp_json_get(v, "error"), "message");
        message = sp_message_clean(&x->arena, &own, message);
        sp_err_escape(text, sizeof(text), message);
        (void)sp_err_set(
                &x->err, -EREMOTEIO, "approval.failed", "",
                "it was approved, and BigQuery did not take it (status %u): %s", status,
                err ? what : text);
        record(x, body);
        x->job.failure = sp_arena_str(&x->arena, sp_str_c(x->err.what));
        keep_outcome(x);
}

static int fill_salt(struct execution *x)
{
        char *body;

        x->request = (struct sp_upstream_request){
                .method = x->held.method,
                .host = x->held.host,
                .path_and_query = x->held.path_and_query,
                .body = x->held.body,
        };
        if (x->held.salt_at == UINT64_MAX)
                return 0;
        if (x->held.body.n < SALT_LEN || x->held.salt_at > x->held.body.n - SALT_LEN ||
            x->salt.n != SALT_LEN || !sp_str_eq(x->session, x->held.session))
                return -EINVAL;
        body = sp_arena_alloc(&x->arena, x->held.body.n);
        if (!body)
                return -ENOMEM;
        memcpy(body, x->held.body.p, x->held.body.n);
        memcpy(body + x->held.salt_at, x->salt.p, SALT_LEN);
        x->request.body = sp_str(body, x->held.body.n);
        return 0;
}

static void on_access(void *userdata, int err, const char *what, struct sp_str token)
{
        struct execution *x = userdata;

        if (err == 0)
                err = sp_upstream_fetch(x->w->upstream, &x->request, token, NULL,
                                        ANSWER_MAX, on_answer, x);
        if (err < 0)
                failed(x, what[0] ? what : "it was approved and cannot be sent");
}

static void on_claimed(void *userdata, int err, const struct sp_err *e,
                       struct sp_str payload)
{
        struct execution *x = userdata;

        (void)payload;
        if (err < 0) {
                x->err = *e;
                end(x, err == -EALREADY || err == -EEXIST ? -EALREADY : err);
                return;
        }
        x->started_us = sp_clock_us();
        sp_access_get(&x->w->access, on_access, x);
}

static void claim(struct execution *x)
{
        const struct sp_msg_claim m = { x->approval, x->held.request_hash };
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        int r = fill_salt(x);

        if (r < 0) {
                stop(x, r, "approval.session-over",
                     "the session whose key masks this request is over");
                return;
        }
        sp_msg_put_claim(&out, &m);
        if (out.error < 0 || sp_link_ask(&x->w->warden, SP_MSG_APPROVAL_CLAIM,
                                         sp_buf_str(&b), on_claimed, x) < 0)
                stop(x, -EPIPE, "worker.link-lost",
                     "a part of the daemon is restarting");
}

static int ask_fact(struct execution *x, const char *space, struct sp_str key,
                    sp_answer_fn fn)
{
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out out = SP_WIRE_OUT(&b);

        sp_wire_put_str(&out, sp_str_c(space));
        sp_wire_put_str(&out, key);
        if (out.error < 0)
                return out.error;
        return sp_link_ask(&x->w->recorder, SP_MSG_RECALL, sp_buf_str(&b), fn, x);
}

/* The value of a RECALL answer, copied into the arena. */
static struct sp_str fact(struct execution *x, struct sp_str payload)
{
        struct sp_wire_in in = SP_WIRE_IN(payload);
        struct sp_str value = sp_wire_str(&in);

        return sp_wire_end(&in) < 0 ? SP_STR_NULL : sp_arena_str(&x->arena, value);
}

static void on_job(void *userdata, int err, const struct sp_err *e,
                   struct sp_str payload)
{
        struct execution *x = userdata;

        (void)e;
        if (err == 0)
                err = sp_job_read(&x->arena, fact(x, payload), &x->job);
        if (err == 0 && !sp_str_eq(x->job.approval, x->approval))
                err = -EALREADY; /* sent already */
        if (err < 0)
                stop(x, err, "job.unreadable", "the held job is not known any more");
        else
                claim(x);
}

static void on_held(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        struct execution *x = userdata;

        (void)e;
        if (err == 0)
                err = sp_held_read(fact(x, payload), &x->held);
        if (err == 0)
                err = ask_fact(x, SP_JOB_SPACE, x->held.job_key, on_job);
        if (err < 0)
                stop(x, err, "job.unreadable",
                     "the held request is not known any more");
}

int sp_held_execute(struct sp_worker *w, struct sp_str approval, struct sp_str session,
                    struct sp_str salt, sp_executed_fn fn, void *userdata)
{
        struct execution *x = calloc(1, sizeof(*x));
        int r;

        if (!x)
                return -ENOMEM;
        *x = (struct execution){ .w = w,
                                 .arena = SP_ARENA_INIT(ARENA_MAX),
                                 .fn = fn,
                                 .userdata = userdata };
        x->approval = sp_arena_str(&x->arena, approval);
        x->session = sp_arena_str(&x->arena, session);
        x->salt = sp_arena_str(&x->arena, salt);
        r = x->approval.p && x->session.p && x->salt.p ? 0 : -ENOMEM;
        if (r == 0)
                r = ask_fact(x, SP_HELD_SPACE, x->approval, on_held);
        if (r < 0) {
                sp_arena_done(&x->arena);
                free(x);
        }
        return r;
}
