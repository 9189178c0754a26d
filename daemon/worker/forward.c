/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage forward: the fresh request goes out with the gateway's credential; the answer comes back
 * through the second wall (mask/stream for rows, google/answer for all else), is counted, hashed and
 * recorded. Back-pressure: a slow client pauses the upstream transfer.
 */
#include "daemon/worker/flow_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/worker/keep.h"
#include "daemon/worker/limits.h"
#include "daemon/worker/record.h"
#include "daemon/worker/reply.h"

#define WHOLE_MAX (8 * 1024 * 1024) /* answers that are rebuilt, not streamed */
#define MEDIA_MAX (4llu << 30) /* an object of Cloud Storage, streamed */
#define AHEAD_MAX (12 * 1024 * 1024) /* a schema, and rows before the job is known */

static void reply_free(struct sp_reply *r)
{
        sp_answer_stream_done(&r->rows);
        sp_buf_done(&r->out);
        sp_buf_done(&r->whole);
        sp_kept_done(&r->kept);
        sp_buf_done_secret(&r->sample);
        sp_buf_done_secret(&r->token);
        (void)sp_digest_free(r->digest);
        free(r);
}

/* ---- end ---- */

/* Against what the rows were checked. */
static const char *columns_of(const struct sp_reply *r)
{
        if (!r->rows.stream.rows)
                return NULL;
        if (r->f->has_page || r->rows.is_compared)
                return "plan";
        return r->rows.stream.page.plan ? "schema" : "any";
}

/* Observing: what do the columns look like that no mask protects? */
static void look_at_sample(struct sp_reply *r, struct sp_sample_counts *to)
{
        struct sp_flow *f = r->f;

        if (r->sample.n && !r->error.id &&
            sp_sample_rows(f->arena, f->policy, sp_reply_columns(f),
                           sp_buf_str(&r->sample), to) < 0)
                to->n = 0;
}

/* Of everything that was sent, where it is wanted or costs nothing. What is kept whole in a
 * memfd the recorder hashes anyway. */
static void digest_of(const struct sp_reply *r, char hex[SP_SHA256_HEX_LEN + 1])
{
        uint8_t hash[SP_SHA256_LEN];
        int e = -ENODATA;

        if (r->digest)
                e = sp_digest_end(r->digest, hash);
        else if (r->bytes == r->kept.bytes && r->kept.fd < 0)
                e = sp_sha256(sp_buf_str(&r->kept.begin), hash);
        hex[0] = 0;
        if (e == 0)
                sp_hex(hash, sizeof(hash), hex);
}

static void record(struct sp_reply *r)
{
        struct sp_sample_counts counts = { .n = 0 };
        struct sp_flow *f = r->f;
        char hex[SP_SHA256_HEX_LEN + 1];
        char error[sizeof(r->error.what) + 64] = "";
        uint64_t now = sp_clock_us();

        if (r->error.id)
                (void)snprintf(error, sizeof(error), "%s (%s)", r->error.what,
                               r->error.id);
        digest_of(r, hex);
        if (sp_kept_seal(&r->kept) < 0)
                sp_kept_done(&r->kept);
        look_at_sample(r, &counts);
        sp_record_answer(f->w, &(struct sp_answer_facts){
                                       .session = f->id.session,
                                       .exchange = sp_str_c(f->x->id.c),
                                       .job = f->job.id,
                                       .status = r->status,
                                       .columns = columns_of(r),
                                       .bytes = r->bytes,
                                       .rows = r->rows.stream.rows,
                                       .took_us = now - f->started_us,
                                       .upstream_us = r->answered_us - r->sent_us,
                                       .is_truncated = r->bytes > r->kept.bytes,
                                       .kept = &r->kept,
                                       .sha256 = hex,
                                       .looks_like = &counts,
                                       .error = sp_str_c(error),
                               });
        sp_limits_answered(f, r->status, r->rows.stream.rows);
        f->w->metrics.rows += r->rows.stream.rows;
        f->w->metrics.answer_bytes += r->bytes;
        sp_latency_add(&f->w->metrics.upstream, r->answered_us - r->sent_us);
}

void sp_reply_note(struct sp_reply *r, struct sp_str bytes)
{
        size_t room = r->sample.max - r->sample.n;

        r->bytes += bytes.n;
        if ((r->digest && sp_digest_add(r->digest, bytes) < 0) ||
            sp_kept_add(&r->kept, bytes) < 0)
                r->f->w->metrics.faults++; /* the record is poorer; the answer is not */
        if (room && sp_buf_add(&r->sample, sp_str_sub(bytes, 0, room)) < 0)
                r->sample.max = r->sample.n;
}

void sp_reply_give(struct sp_reply *r, struct sp_str bytes)
{
        sp_reply_note(r, bytes);
        (void)sp_exchange_write(r->f->x, bytes);
}

void sp_reply_finish(struct sp_reply *r)
{
        struct sp_flow *f = r->f;

        sp_exchange_end(f->x); /* first: a record wakes others up */
        record(r);
        reply_free(r);
        sp_flow_end(f);
}

void sp_reply_send_head(struct sp_reply *r, unsigned status, uint64_t length)
{
        const struct sp_header headers[] = {
                { SP_STR("content-type"),
                  r->is_media ? SP_STR("application/octet-stream")
                              : SP_STR("application/json; charset=UTF-8") },
                { SP_STR("cache-control"), SP_STR("no-cache, no-store, max-age=0") },
        };

        r->is_head_sent = true;
        r->status = status;
        (void)sp_exchange_respond(r->f->x, status, headers, SP_ARRAY_SIZE(headers),
                                  length);
}

static void answer_whole(struct sp_reply *r, unsigned status, struct sp_str body)
{
        sp_reply_send_head(r, status, body.n);
        sp_reply_give(r, body);
        sp_reply_finish(r);
}

static void stop_transfer(struct sp_reply *r)
{
        if (r->transfer)
                sp_transfer_cancel(SP_TAKE(r->transfer));
}

/* The answer cannot be given. Before its head was sent the client is told; after that only
 * an abort tells it that what it has is not all. */
void sp_reply_fail(struct sp_reply *r, unsigned status, const char *reason)
{
        struct sp_flow *f = r->f;

        stop_transfer(r);
        if (r->is_keeping) {
                r->failed_status = status;
                r->failed_reason = reason;
                return;
        }
        if (!r->is_head_sent) {
                struct sp_str why = sp_answer_denial_message(f->arena, &r->error,
                                                             SP_STR_NULL, SP_STR_NULL);

                answer_whole(r, status, sp_answer_error(f->arena, status, reason, why));
                return;
        }
        f->w->metrics.faults++;
        record(r);
        reply_free(r);
        sp_flow_abort(f);
}

void sp_reply_fault(struct sp_reply *r, const char *what)
{
        (void)sp_err_set(&r->error, -EIO, "upstream.unreachable", "", "%s", what);
        r->f->w->metrics.faults++;
        sp_reply_fail(r, 503, "backendError");
}

/* ---- everything else: whole, rebuilt ---- */

static bool may_see(const struct sp_flow *f, const char *action, struct sp_str resource)
{
        return sp_policy_may_see(f->policy, &f->id.who, sp_str_c(action), resource,
                                 sp_clock_wall_us());
}

static bool keep_item(void *userdata, struct sp_str resource)
{
        const struct sp_flow *f = userdata;

        /* results: only their jobs lead to them */
        if (sp_str_starts(f->call.dataset, SP_STR("_")) ||
            (!f->call.dataset.n && memmem(resource.p, resource.n, "._", 2)))
                return false;
        if (strcmp(f->call.action, "bigquery.routines.list") == 0)
                return may_see(f, "bigquery.routines.get", resource);
        if (strcmp(f->call.action, "bigquery.models.list") == 0)
                return may_see(f, "bigquery.models.get", resource);
        return may_see(f, "select", resource) ||
               may_see(f, "bigquery.tables.get", resource);
}

static bool is_job_list(const struct sp_flow *f)
{
        return strcmp(f->call.action, "bigquery.jobs.list") == 0;
}

static struct sp_answer_own own_of(const struct sp_flow *f)
{
        struct sp_job j = f->job;

        if (f->call.query)
                sp_flow_describe_job(f, &j);
        return sp_job_own(&j);
}

/* What is known of the tables that were written to is old now. */
static void forget_schemas(const struct sp_flow *f)
{
        for (size_t i = 0; i < f->call.write->n_effects; i++)
                sp_schemas_forget(&f->w->schemas, f->call.write->effects[i].resource);
}

static void rebuild(struct sp_reply *r)
{
        struct sp_flow *f = r->f;
        struct sp_str body;
        int e;

        if (f->call.write)
                forget_schemas(f);
        if (r->status == 400)
                sp_flow_forget_schemas(f);
        if (r->status == 204 || (r->status == 200 && !r->whole.n)) {
                answer_whole(r, 204, SP_STR_NULL);
                return;
        }
        if (is_job_list(f) && r->status == 200)
                e = sp_answer_job_list(f->arena, &f->call, sp_buf_str(&r->whole),
                                       sp_joblist_own, r->list, &body, &r->error);
        else if (f->call.handling == SP_HANDLING_FILTER && r->status == 200)
                e = sp_answer_filter(f->arena, &f->call, sp_buf_str(&r->whole),
                                     keep_item, f, &body, &r->error);
        else
                e = sp_answer_rebuild(f->arena, &f->call, r->status,
                                      sp_buf_str(&r->whole), &r->own, &body, &r->error);
        if (e < 0)
                sp_reply_fail(r, 502, "backendError");
        else
                answer_whole(r, r->status, body);
}

static void on_resource_owned(void *userdata, int err)
{
        struct sp_reply *r = userdata;

        r->is_keeping = false;
        if (err < 0)
                sp_reply_fault(
                        r,
                        "the owner of the job cannot be kept; its result is not given "
                        "out");
        else
                rebuild(r);
}

static void on_listed(void *userdata, int err)
{
        struct sp_reply *r = userdata;

        r->is_keeping = false;
        if (err < 0)
                sp_reply_fault(r, "the owners of the jobs are not known; try again");
        else
                rebuild(r);
}

static void list_jobs(struct sp_reply *r)
{
        struct sp_flow *f = r->f;
        int e;

        r->list = sp_arena_array(f->arena, 1, sizeof(*r->list));
        e = r->list ? sp_joblist_ask(r->list, f->w, f->arena, &f->id.who,
                                     f->job.id.n ? &f->job : NULL,
                                     sp_buf_str(&r->whole), on_listed, r)
                    : -ENOMEM;
        r->is_keeping = e == 0;
        if (e < 0)
                sp_reply_fault(r, "the owners of the jobs are not known; try again");
        else if (e == 1)
                rebuild(r);
}

/* A job resource names the table that the result is read from: it gets the job's owner. */
static bool own_resource(struct sp_reply *r)
{
        struct sp_flow *f = r->f;
        struct sp_job j = f->job;
        struct sp_str table;

        if (sp_keep_read_resource(f->arena, sp_buf_str(&r->whole), &j, &table) < 0)
                return false;
        if (f->call.query) {
                sp_flow_describe_job(f, &j);
                f->job = j;
        } else if (!table.n) {
                return false; /* jobs.get of a job that is known already */
        }
        r->is_keeping = sp_keep_job(f->w, &j, table, on_resource_owned, r) == 0;
        if (!r->is_keeping)
                sp_reply_fault(
                        r,
                        "the owner of the job cannot be kept; its result is not given "
                        "out");
        return true;
}

static bool is_job_resource(const struct sp_flow *f)
{
        if (f->call.query)
                return !f->call.query->dry_run;
        return strcmp(f->call.action, "bigquery.jobs.get") == 0;
}

/* Approved a moment ago and not there yet: the job is simply not done. */
static bool answer_not_there_yet(struct sp_reply *r)
{
        struct sp_flow *f = r->f;
        const struct sp_job_view v = { .project = f->job.project,
                                       .job_id = f->job.id,
                                       .location = f->job.location,
                                       .sql = f->job.sql,
                                       .state = SP_STR("RUNNING"),
                                       .statement_kind = f->job.kind,
                                       .created_ms = f->job.created_ms };

        if (r->status != 404 || !f->job.approval.n ||
            f->call.handling != SP_HANDLING_OWN_JOB)
                return false;
        answer_whole(r, 200,
                     strcmp(f->call.action, "bigquery.jobs.getQueryResults") == 0
                             ? sp_answer_query_incomplete(f->arena, &v, true)
                             : sp_answer_job(f->arena, &v));
        return true;
}

static int start(struct sp_reply *r);

static void whole_done(struct sp_reply *r)
{
        struct sp_flow *f = r->f;

        if (r->status == 401) {
                sp_access_forget(&f->w->access);
                sp_reply_fault(
                        r, "Google did not accept the gateway's credential; try again");
                return;
        }
        if (answer_not_there_yet(r))
                return;
        if (r->status == 200 && is_job_list(f)) {
                list_jobs(r);
                return;
        }
        if (r->status == 200 && is_job_resource(f) && own_resource(r))
                return;
        if (r->status == 200 && f->call.query && !f->call.query->dry_run) {
                sp_reply_fault(r, "the upstream's answer names no job");
                return;
        }
        rebuild(r);
}

/* ---- the transfer ---- */

static bool is_row_answer(const struct sp_flow *f)
{
        if (f->call.query)
                return !f->call.is_insert;
        return strcmp(f->call.action, "bigquery.jobs.getQueryResults") == 0 ||
               strcmp(f->call.action, "bigquery.tabledata.list") == 0;
}

/* ---- the client leaves ---- */

/* Nobody waits for the rest: it may be long, and a transfer that waits for its reader would
 * wait until its timeout. */
void sp_reply_left(struct sp_reply *r)
{
        (void)sp_err_set(&r->error, -EPIPE, "answer.client-left", "",
                         "the client left before the end of the answer");
        stop_transfer(r);
        sp_reply_finish(r);
}

/* What makes a job goes on until its owner is kept; then, as all that is not paused, it finds
 * that nobody reads. */
static void on_abort(struct sp_exchange *x)
{
        struct sp_flow *f = x->flow;
        struct sp_reply *r = f->reply;

        f->is_aborted = true;
        if (r && r->transfer && (r->is_media || (r->is_streamed && r->is_owned)))
                sp_reply_left(r);
}

/* ---- the content of an object: as it is, counted and hashed ---- */

static void media_piece(struct sp_reply *r, struct sp_str piece)
{
        if (r->f->is_aborted) {
                sp_reply_left(r);
                return;
        }
        if (r->bytes + piece.n > MEDIA_MAX) {
                (void)sp_err_set(&r->error, -EFBIG, "answer.too-large", "",
                                 "the object is larger than %llu bytes", MEDIA_MAX);
                sp_reply_fail(r, 502, "backendError");
                return;
        }
        if (!r->is_head_sent)
                sp_reply_send_head(r, r->status, UINT64_MAX);
        sp_reply_give(r, piece);
        if (r->transfer && sp_exchange_is_congested(r->f->x))
                sp_transfer_pause(r->transfer);
}

static void media_done(struct sp_reply *r)
{
        if (!r->is_head_sent)
                sp_reply_send_head(r, r->status, UINT64_MAX);
        sp_reply_finish(r);
}

static void on_head(void *userdata, unsigned status)
{
        struct sp_reply *r = userdata;
        const struct sp_flow *f = r->f;
        unsigned one_of;

        r->answered_us = sp_clock_us();
        r->status = status;
        r->is_streamed = status == 200 && is_row_answer(f);
        r->is_media = status == 200 && f->call.is_media;
        if (r->is_media) { /* its record has the digest instead */
                r->kept.max = 0;
                r->digest = r->digest ?: sp_digest_new();
                f->w->metrics.faults += !r->digest;
        }
        r->own = own_of(f);
        if (!r->is_streamed)
                return;
        one_of = sp_policy_sample(f->policy);
        if (one_of && f->w->answers_seen++ % one_of == 0 && sp_reply_columns(f).n)
                r->sample.max = SP_SAMPLE_BYTES;
        sp_reply_rows_begin(r);
}

static void on_data(void *userdata, struct sp_str piece)
{
        struct sp_reply *r = userdata;

        if (r->is_streamed)
                sp_reply_rows_piece(r, piece);
        else if (r->is_media)
                media_piece(r, piece);
        else if (sp_buf_add(&r->whole, piece) < 0)
                sp_reply_fault(r, "the upstream's answer is too long");
}

static void on_done(void *userdata, int err, const char *what)
{
        struct sp_reply *r = userdata;

        r->transfer = NULL;
        if (!r->answered_us)
                r->answered_us = sp_clock_us();
        if (err < 0) {
                sp_reply_fault(r, what);
        } else if (r->is_media) {
                media_done(r);
        } else if (!r->is_streamed) {
                whole_done(r);
        } else {
                sp_reply_rows_end(r);
        }
}

static int start(struct sp_reply *r)
{
        static const struct sp_transfer_hooks hooks = { on_head, on_data, on_done };
        struct sp_flow *f = r->f;

        r->sent_us = sp_clock_us();
        return sp_upstream_send(f->w->upstream, &f->upstream, sp_buf_str(&r->token),
                                NULL, &hooks, r, &r->transfer);
}

static void on_access(void *userdata, int err, const char *what, struct sp_str token)
{
        struct sp_flow *f = userdata;

        f->step = 2;
        if (err == 0)
                err = sp_buf_add(&f->reply->token, token);
        if (err < 0) {
                (void)sp_err_set(&f->error, err, "upstream.no-credential", "", "%s",
                                 what);
                f->step = 3;
        }
        sp_flow_resume(f);
}

static struct sp_reply *reply_new(struct sp_flow *f)
{
        struct sp_reply *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->f = f;
        r->token = SP_BUF_INIT(8192);
        r->out = SP_BUF_INIT(AHEAD_MAX);
        r->whole = SP_BUF_INIT(WHOLE_MAX);
        sp_kept_init(&r->kept, f->w->settings.records.answer_max_bytes);
        if (f->w->settings.records.digest_whole)
                r->digest = sp_digest_new();
        if (f->w->settings.records.digest_whole && !r->digest) {
                reply_free(r);
                return NULL;
        }
        return r;
}

static enum sp_next give_up(struct sp_flow *f)
{
        if (f->reply)
                reply_free(SP_TAKE(f->reply));
        return sp_flow_fault(f, &f->error);
}

enum sp_next sp_flow_forward(struct sp_flow *f)
{
        switch (f->step) {
        case 0:
                f->reply = reply_new(f);
                if (!f->reply)
                        break;
                f->x->on_drain = sp_reply_drain;
                f->x->on_abort = on_abort;
                f->step = 1;
                sp_access_get(&f->w->access, on_access, f);
                return SP_WAIT;
        case 1:
                return SP_WAIT;
        case 2:
                /* never completes from within: libcurl is entered by the loop */
                if (start(f->reply) == 0)
                        return SP_DONE;
                break;
        default:
                return give_up(f);
        }
        (void)sp_err_set(&f->error, -ENOMEM, "upstream.unreachable", "",
                         "out of memory");
        return give_up(f);
}
