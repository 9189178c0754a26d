/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer with rows, while it streams: owned before the client learns of the job, checked by
 * google/answer_stream, held back while the client is slow.
 */
#include <errno.h>

#include "daemon/worker/keep.h"
#include "daemon/worker/reply.h"

/* Of rows that are read and checked before it is known whether they may be given out. */
#define HELD_BYTES (256 * 1024)

/* ---- ownership, before the client learns the job's id ---- */

static void flow_on(struct sp_reply *r);

static void on_owned(void *userdata, int err)
{
        struct sp_reply *r = userdata;

        r->is_keeping = false;
        if (r->failed_status) {
                sp_reply_fail(r, r->failed_status, r->failed_reason);
                return;
        }
        if (err < 0) {
                sp_reply_fault(
                        r,
                        "the owner of the job cannot be kept; its result is not given "
                        "out");
                return;
        }
        r->is_owned = true;
        flow_on(r);
}

static int own_reference(struct sp_reply *r, struct sp_str reference)
{
        struct sp_flow *f = r->f;
        struct sp_job j = { 0 };
        int e = sp_keep_read_reference(f->arena, reference, &j);

        if (e < 0)
                return e;
        sp_flow_describe_job(f, &j);
        f->job = j;
        e = sp_keep_job(f->w, &j, SP_STR_NULL, on_owned, r);
        r->is_keeping = e == 0;
        return e;
}

/* ---- the columns are still those of the plan, before rows are given out ---- */

/* Cells are masked by position, or not, as in a table where nothing was protected a moment ago. BigQuery
 * read the rows after the plan's schema and before this one: if the two have the same columns, so have
 * the rows. */
static void on_schema_again(void *userdata, const struct sp_schema *s,
                            const struct sp_err *e)
{
        struct sp_reply *r = userdata;

        r->is_keeping = false;
        if (r->failed_status) {
                sp_reply_fail(r, r->failed_status, r->failed_reason);
                return;
        }
        if (s && sp_schema_is_same(s, r->f->schemas)) {
                r->is_owned = true;
                flow_on(r);
                return;
        }
        if (s)
                (void)sp_err_set(&r->error, -EAGAIN, "schema.changed", "",
                                 "the columns of %.*s changed a moment ago; try again",
                                 SP_FMT(r->f->schemas->table));
        else
                r->error = *e;
        sp_reply_fail(r, 503, "backendError");
}

static void check_schema(struct sp_reply *r)
{
        struct sp_flow *f = r->f;

        r->is_owned = false;
        r->is_keeping = true;
        sp_schemas_forget(&f->w->schemas, f->schemas->table);
        sp_schemas_get(&f->w->schemas, f->call.project, f->schemas->table,
                       on_schema_again, r);
}

/* ---- rows: streamed ---- */

static void keep_pace(struct sp_reply *r)
{
        if (r->transfer && !sp_exchange_is_congested(r->f->x))
                sp_transfer_resume(r->transfer);
        else if (r->transfer)
                sp_transfer_pause(r->transfer);
}

static void pump(struct sp_reply *r)
{
        if (!r->is_head_sent)
                sp_reply_send_head(r, r->status, UINT64_MAX);
        sp_reply_give(r, sp_buf_str(&r->out));
        sp_buf_clear(&r->out);
        keep_pace(r);
}

static void flow_on(struct sp_reply *r)
{
        if (r->is_keeping)
                return;
        if (r->is_complete) {
                if (!r->is_owned) {
                        sp_reply_fault(r, "the upstream's answer names no job");
                        return;
                }
                pump(r);
                sp_reply_finish(r);
                return;
        }
        if (r->is_owned && r->f->is_aborted)
                sp_reply_left(r);
        else if (r->is_owned)
                pump(r);
}

void sp_reply_drain(struct sp_exchange *x)
{
        struct sp_flow *f = x->flow;

        if (f->reply && f->reply->transfer && !f->reply->is_keeping)
                sp_transfer_resume(f->reply->transfer);
}

/* Nothing is held back any more: what passes the wall goes where it is sent from. */
static bool pass_on(struct sp_reply *r, struct sp_str piece)
{
        struct sp_exchange *x = r->f->x;
        struct sp_buf *to;
        size_t before;
        int e;

        if (!r->is_owned || r->is_keeping || !r->is_head_sent || r->f->is_aborted ||
            r->out.n)
                return false;
        to = sp_exchange_lend(x);
        if (!to)
                return false;
        before = to->n;
        e = sp_stream_push(&r->rows.stream, piece, to, &r->error);
        if (e == 0)
                sp_reply_note(r, sp_str_sub(sp_buf_str(to), before, to->n));
        (void)sp_exchange_settle(x, e == 0);
        if (e < 0)
                sp_reply_fail(r, 502, "backendError");
        else
                keep_pace(r);
        return true;
}

void sp_reply_rows_piece(struct sp_reply *r, struct sp_str piece)
{
        struct sp_str reference;
        int e;

        if (pass_on(r, piece))
                return;
        e = sp_stream_push(&r->rows.stream, piece, &r->out, &r->error);

        if (e < 0) {
                sp_reply_fail(r, 502, "backendError");
                return;
        }
        reference = r->is_owned || r->is_keeping ? SP_STR_NULL : r->rows.reference;
        if (reference.n) {
                e = own_reference(r, reference);
                if (e < 0) {
                        sp_reply_fault(r, "the owner of the job cannot be kept");
                        return;
                }
        }
        if (r->is_owned)
                flow_on(r);
        else if (r->is_keeping && r->transfer && r->out.n >= HELD_BYTES)
                sp_transfer_pause(r->transfer);
}

struct sp_str sp_reply_columns(const struct sp_flow *f)
{
        return f->call.query || f->is_preview ? f->judgement.reading.outputs
                                              : f->job.outputs;
}

void sp_reply_rows_begin(struct sp_reply *r)
{
        struct sp_flow *f = r->f;
        struct sp_answer_stream_from from = {
                .action = f->call.action,
                .own = &r->own,
                .page = f->has_page ? &f->page : NULL,
                .planned = f->is_preview ? SP_STR_NULL : sp_reply_columns(f),
        };

        if (sp_flow_page_seal(f, &from.seal) < 0) {
                sp_reply_fault(r, "out of memory");
                return;
        }
        /* nothing new is owned by reading what is owned already, or by a dry run */
        r->is_owned = !f->call.query || f->call.query->dry_run;
        if (sp_answer_stream_init(&r->rows, &from, &r->error) < 0)
                sp_reply_fail(r, 502, "backendError");
        else if (f->has_page)
                check_schema(r);
}

void sp_reply_rows_end(struct sp_reply *r)
{
        if (sp_stream_end(&r->rows.stream, &r->error) < 0) {
                sp_reply_fail(r, 502, "backendError");
                return;
        }
        r->is_complete = true;
        flow_on(r);
}
