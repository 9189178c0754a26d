/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/bill.h"

#include <errno.h>
#include <stdlib.h>

#include <utlist.h>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/base/log.h"

#define AWAITED_MAX 1024
#define ANSWER_MAX (4 * 1024 * 1024)
#define ARENA_MAX (16 * 1024 * 1024)
#define TICK_MS 500
#define WAIT_MAX_US (60 * SP_USEC_PER_SEC)
#define TRIES_MAX 400 /* some six hours, as long as BigQuery lets a query run */

struct sp_bill {
        struct sp_bill *next;
        struct sp_worker *w;
        struct sp_arena arena;
        struct sp_principal who;
        struct sp_bill_job job;
        struct sp_upstream_request request;
        uint64_t due_us, wait_us;
        unsigned tries;
        bool is_asking;
};

/* ---- telling ---- */

int sp_bill_principal(const struct sp_principal *who, struct sp_buf *groups,
                      struct sp_msg_charge *ret)
{
        int r = sp_msg_join_groups(groups, who->groups, who->n_groups);

        if (r < 0)
                return r;
        ret->workload = who->workload;
        ret->iss = who->iss;
        ret->sub = who->sub;
        ret->email = who->email;
        ret->groups = sp_buf_str(groups);
        return 0;
}

static void on_told(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        (void)userdata, (void)payload;
        if (err < 0)
                sp_log_err(SP_LOG_WARNING, e, "a job's bill was not counted");
}

void sp_bill_tell(struct sp_worker *w, const struct sp_principal *who, uint64_t billed,
                  uint64_t estimate, uint64_t charged_s)
{
        sp_autobuf groups = SP_BUF_INIT(64 * 1024);
        sp_autobuf b = SP_BUF_INIT(128 * 1024);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        struct sp_msg_charge m = { .bytes = billed,
                                   .estimate = estimate,
                                   .charged_s = charged_s };
        int r = sp_bill_principal(who, &groups, &m);

        sp_msg_put_charge(&out, &m);
        if (r == 0)
                r = out.error;
        if (r == 0)
                r = sp_link_ask(&w->warden, SP_MSG_CHARGE, sp_buf_str(&b), on_told,
                                NULL);
        if (r < 0)
                sp_log(SP_LOG_WARNING, "a job's bill was not counted: %s",
                       strerror(-r));
}

/* ---- asking ---- */

static void bill_free(struct sp_bill *b)
{
        LL_DELETE(b->w->bills, b);
        sp_arena_done(&b->arena);
        free(b);
}

/* True when the job is done. A job that failed costs nothing; one that says nothing of a
 * bill (it was paid for otherwise) is left at its estimate. */
static bool read_bill(struct sp_str body, bool *ret_is_known, uint64_t *ret)
{
        const struct sp_json *status, *query;
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_json *job;
        bool is_done = false;

        *ret_is_known = false;
        if (sp_json_parse(&a, body, &job, NULL) == 0) {
                status = sp_json_get(job, "status");
                query = sp_json_get(sp_json_get(job, "statistics"), "query");
                is_done = sp_str_eq(sp_json_get_str(status, "state"), SP_STR("DONE"));
                *ret_is_known = sp_str_u64(sp_json_get_str(query, "totalBytesBilled"),
                                           ret) == 0;
                if (is_done && !*ret_is_known && sp_json_get(status, "errorResult")) {
                        *ret_is_known = true;
                        *ret = 0;
                }
        }
        sp_arena_done(&a);
        return is_done;
}

static void again(struct sp_bill *b)
{
        b->is_asking = false;
        b->due_us = sp_clock_us() + b->wait_us;
        b->wait_us = SP_MIN(2 * b->wait_us, WAIT_MAX_US);
        if (++b->tries < TRIES_MAX)
                return;
        sp_log(SP_LOG_WARNING,
               "the bill of a job is not known; it counts as estimated");
        bill_free(b);
}

static void on_job(void *userdata, int err, const char *what, unsigned status,
                   struct sp_str body)
{
        struct sp_bill *b = userdata;
        uint64_t billed = 0;
        bool is_known = false;

        (void)what;
        if (err < 0 || status != 200 || !read_bill(body, &is_known, &billed)) {
                if (status == 401)
                        sp_access_forget(&b->w->access);
                again(b);
                return;
        }
        if (is_known)
                sp_bill_tell(b->w, &b->who, billed, b->job.estimate, b->job.charged_s);
        bill_free(b);
}

static void on_access(void *userdata, int err, const char *what, struct sp_str token)
{
        struct sp_bill *b = userdata;

        (void)what;
        if (err == 0)
                err = sp_upstream_fetch(b->w->upstream, &b->request, token, NULL,
                                        ANSWER_MAX, on_job, b);
        if (err < 0)
                again(b);
}

static void on_tick(uv_timer_t *t)
{
        struct sp_worker *w = t->data;
        uint64_t now = sp_clock_us();
        bool is_asked = true;

        if (!w->bills)
                (void)uv_timer_stop(t);
        while (is_asked) { /* an answer that comes at once changes the list */
                struct sp_bill *b;

                is_asked = false;
                LL_FOREACH(w->bills, b)
                {
                        if (b->is_asking || b->due_us > now)
                                continue;
                        is_asked = b->is_asking = true;
                        sp_access_get(&w->access, on_access, b);
                        break;
                }
        }
}

/* ---- awaiting ---- */

static int copy(struct sp_arena *a, struct sp_str from, struct sp_str *to)
{
        *to = sp_arena_str(a, from);
        return to->p ? 0 : -ENOMEM;
}

static int fill(struct sp_bill *b, const struct sp_principal *who,
                const struct sp_bill_job *job)
{
        struct sp_call call = { .handling = SP_HANDLING_OWN_JOB,
                                .action = "bigquery.jobs.get" };
        struct sp_str *groups =
                sp_arena_array(&b->arena, who->n_groups, sizeof(*groups));
        struct sp_err e;
        int r = groups ? 0 : -ENOMEM;

        if (r == 0)
                r = copy(&b->arena, who->workload, &b->who.workload);
        if (r == 0)
                r = copy(&b->arena, who->iss, &b->who.iss);
        if (r == 0)
                r = copy(&b->arena, who->sub, &b->who.sub);
        if (r == 0)
                r = copy(&b->arena, who->email, &b->who.email);
        for (size_t i = 0; r == 0 && i < who->n_groups; i++)
                r = copy(&b->arena, who->groups[i], &groups[i]);
        b->who.groups = groups;
        b->who.n_groups = who->n_groups;
        if (r < 0)
                return r;
        call.project = job->project;
        call.job_id = job->id;
        call.location = job->location;
        return sp_call_upstream(&b->arena, &call, NULL, &b->request, &e);
}

static int start_timer(struct sp_worker *w)
{
        int r = 0;

        if (!w->bill_timer.data) {
                r = uv_timer_init(&w->loop, &w->bill_timer);
                if (r == 0)
                        w->bill_timer.data = w;
        }
        if (r == 0 && !uv_is_active((uv_handle_t *)&w->bill_timer))
                r = uv_timer_start(&w->bill_timer, on_tick, TICK_MS, TICK_MS);
        return r;
}

void sp_bill_await(struct sp_worker *w, const struct sp_principal *who,
                   const struct sp_bill_job *job)
{
        struct sp_bill *b;
        size_t n;

        LL_COUNT(w->bills, b, n);
        if (n >= AWAITED_MAX || start_timer(w) < 0)
                return;
        b = calloc(1, sizeof(*b));
        if (!b)
                return;
        *b = (struct sp_bill){ .w = w,
                               .arena = SP_ARENA_INIT(ARENA_MAX),
                               .job = *job,
                               .due_us = sp_clock_us(),
                               .wait_us = SP_USEC_PER_SEC };
        LL_PREPEND(w->bills, b);
        if (fill(b, who, job) < 0)
                bill_free(b);
}

void sp_bill_done(struct sp_worker *w)
{
        while (w->bills)
                bill_free(w->bills);
}
