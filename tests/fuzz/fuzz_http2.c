/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 behind its preface: whatever frames come, requests are well formed, exchanges
 * are answered in several ways, and everything is given back at the end. */
#include <stdlib.h>

#include "daemon/worker/conn_protocol.h"
#include "daemon/worker/exchange_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sp_exchange *held[8];
static unsigned n_held, n_seen;

static void on_abort(struct sp_exchange *x)
{
        for (unsigned i = 0; i < n_held; i++)
                if (held[i] == x) {
                        held[i] = held[--n_held];
                        break;
                }
        sp_exchange_finish(x);
}

static void check(const struct sp_request *q)
{
        if (!sp_fields_is_token(q->method) || !q->path.n || q->path.p[0] != '/' ||
            !q->authority.n || !sp_str_eq(q->scheme, SP_STR("https")) ||
            q->body.n > 4096 || sp_fields_check(q, NULL) < 0)
                abort();
        for (size_t i = 0; i < q->n_headers; i++)
                if (!sp_fields_is_token(q->headers[i].name) ||
                    !sp_fields_is_value(q->headers[i].value) ||
                    sp_fields_is_framing(q->headers[i].name))
                        abort();
}

static void on_request(struct sp_pipe *p, struct sp_exchange *x)
{
        (void)p;
        check(&x->request);
        x->on_abort = on_abort;
        switch (n_seen++ % 4) {
        case 0:
                sp_exchange_answer(x, 200, SP_STR("{}"));
                break;
        case 1:
                sp_exchange_abort(x);
                break;
        case 2:
                if (sp_exchange_respond(x, 200, NULL, 0, UINT64_MAX) < 0 ||
                    sp_exchange_write(x, SP_STR("begun")) < 0)
                        abort();
                /* fallthrough */
        default:
                if (n_held < 8)
                        held[n_held++] = x;
                else
                        sp_exchange_abort(x);
        }
}

static void wake(struct sp_pipe *p)
{
        (void)p;
}

/* What a turn of the connection does, with a socket that takes everything. */
static int turn(struct sp_protocol *t)
{
        for (int i = 0; i < 4; i++) {
                if (t->ops->output(t) < 0)
                        return -1;
                sp_buf_clear(&t->pipe->out);
                t->pipe->out_done = 0;
        }
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_settings settings = { .egress_splice = false };
        struct sp_origin origin = { .guard_id = 1 };
        struct sp_pipe pipe = { .settings = &settings,
                                .origin = &origin,
                                .sni = SP_STR("bigquery.googleapis.com"),
                                .out = SP_BUF_INIT(SP_QUEUE_MAX),
                                .on_request = on_request,
                                .wake = wake };
        static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        struct sp_protocol *t;
        struct sp_str in = sp_str((const char *)data, size);
        int r;

        settings.limits.body_max_bytes = 4096;
        settings.limits.streams_max = 8;
        settings.limits.idle_timeout_us = SP_USEC_PER_SEC;
        n_held = n_seen = 0;
        if (sp_serve2_new(&pipe, &t) < 0)
                abort();
        r = t->ops->input(t, sp_str_c(preface));
        while (r == 0 && in.n && !t->ops->is_done(t)) {
                size_t n = SP_MIN(in.n, (size_t)1000);

                r = t->ops->input(t, sp_str_sub(in, 0, n));
                in = sp_str_sub(in, n, in.n);
                if (r == 0)
                        r = turn(t);
                while (r == 0 && n_held > 4) {
                        struct sp_exchange *x = held[--n_held];

                        if (x->is_responded)
                                sp_exchange_finish(x);
                        else
                                sp_exchange_answer(x, 404, SP_STR("{\"a\":1}"));
                }
        }
        t->ops->timeout(t);
        if (r == 0)
                (void)turn(t);
        t->ops->free(t);
        if (n_held)
                abort(); /* each unfinished exchange was told */
        sp_buf_done(&pipe.out);
        return 0;
}
