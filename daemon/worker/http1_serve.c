/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/http1_serve — HTTP/1.1 over a pipe: one exchange at a time, responses in
 * order. Spec: RFC 9112 §7 (chunked), §9 (connections).
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/worker/conn_protocol.h"
#include "daemon/worker/exchange_fields.h"
#include "daemon/worker/http1.h"

/* Requests sent ahead while one is being answered wait here; then reading stops. */
#define PIPELINE_MAX (64 * 1024)
#define PIPELINE_FULL (32 * 1024)

struct serve1 {
        struct sp_protocol protocol;
        struct sp_stream stream; /* of the one exchange */
        struct sp_http1 *reader;
        struct sp_buf ahead;
        bool is_busy; /* an exchange is under way */
        bool is_last; /* close behind the response that is under way */
        bool is_done;
        bool is_chunked;
        bool is_head_sent; /* of the response that is under way */
        bool is_draining;
        size_t lent_at; /* where in pipe.out a chunk is being written; 0: none is */
};

static struct serve1 *of_stream(struct sp_stream *s)
{
        return (struct serve1 *)((char *)s - offsetof(struct serve1, stream));
}

static void set_deadline(struct serve1 *t)
{
        struct sp_pipe *p = t->protocol.pipe;
        uint64_t now = sp_clock_us();

        if (t->is_busy || t->is_done)
                p->deadline_us = 0; /* flow keeps its own time */
        else if (sp_http1_is_idle(t->reader))
                p->deadline_us =
                        now + (t->is_draining ? SP_DRAIN_IDLE_US
                                              : p->settings->limits.idle_timeout_us);
}

static const char *reason_phrase(unsigned status)
{
        static const struct {
                unsigned status;
                const char *phrase;
        } phrases[] = {
                { 200, "OK" },
                { 201, "Created" },
                { 202, "Accepted" },
                { 204, "No Content" },
                { 304, "Not Modified" },
                { 400, "Bad Request" },
                { 401, "Unauthorized" },
                { 403, "Forbidden" },
                { 404, "Not Found" },
                { 408, "Request Timeout" },
                { 409, "Conflict" },
                { 413, "Content Too Large" },
                { 417, "Expectation Failed" },
                { 421, "Misdirected Request" },
                { 429, "Too Many Requests" },
                { 431, "Request Header Fields Too Large" },
                { 500, "Internal Server Error" },
                { 501, "Not Implemented" },
                { 502, "Bad Gateway" },
                { 503, "Service Unavailable" },
                { 504, "Gateway Timeout" },
                { 505, "HTTP Version Not Supported" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(phrases); i++)
                if (phrases[i].status == status)
                        return phrases[i].phrase;
        return "";
}

static int add_status_and_date(struct sp_buf *out, unsigned status)
{
        char date[64] = "";
        struct tm tm;
        time_t now = time(NULL);

        if (gmtime_r(&now, &tm))
                (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        return sp_buf_addf(out, "HTTP/1.1 %u %s\r\ndate: %s\r\n", status,
                           reason_phrase(status), date);
}

static int add_head(struct serve1 *t, struct sp_buf *out, unsigned status,
                    const struct sp_header *headers, size_t n_headers)
{
        uint64_t n = t->stream.expected_bytes;
        int r = add_status_and_date(out, status);

        for (size_t i = 0; r == 0 && i < n_headers; i++)
                r = sp_buf_addf(out, "%.*s: %.*s\r\n", SP_FMT(headers[i].name),
                                SP_FMT(headers[i].value));
        if (r == 0 && t->is_chunked)
                r = sp_buf_add(out, SP_STR("transfer-encoding: chunked\r\n"));
        else if (r == 0 && n != UINT64_MAX && status != 204 && status != 304)
                r = sp_buf_addf(out, "content-length: %llu\r\n", (unsigned long long)n);
        if (r == 0 && t->is_last)
                r = sp_buf_add(out, SP_STR("connection: close\r\n"));
        return r < 0 ? r : sp_buf_add(out, SP_STR("\r\n"));
}

static int serve1_respond(struct sp_stream *s, unsigned status,
                          const struct sp_header *headers, size_t n_headers)
{
        struct serve1 *t = of_stream(s);
        struct sp_buf *out = &t->protocol.pipe->out;
        size_t before = out->n;
        int r;

        t->is_chunked = s->expected_bytes == UINT64_MAX && !s->is_bodyless;
        r = add_head(t, out, status, headers, n_headers);
        if (r < 0)
                out->n = before;
        t->is_head_sent = r == 0;
        t->protocol.pipe->wake(t->protocol.pipe);
        return r;
}

/* RFC 9112 §7.1. In one step: half a chunk would be the end of the connection. */
static int add_chunk(struct sp_buf *out, struct sp_str bytes)
{
        char size[2 * sizeof(bytes.n)], *to;
        size_t n = bytes.n, digits = 0;
        int r = sp_buf_reserve(out, sizeof(size) + 2 + bytes.n + 2, &to);

        if (r < 0)
                return r;
        for (; n || !digits; n >>= 4)
                size[digits++] = "0123456789abcdef"[n & 15];
        while (digits)
                *to++ = size[--digits];
        *to++ = '\r';
        *to++ = '\n';
        memcpy(to, bytes.p, bytes.n);
        to += bytes.n;
        *to++ = '\r';
        *to++ = '\n';
        out->n = (size_t)(to - out->p);
        return 0;
}

static void wrote(struct sp_pipe *p)
{
        if (p->relieve && p->out.n - p->out_done >= SP_RELIEF_BYTES)
                p->relieve(p);
        p->wake(p);
}

static int serve1_write(struct sp_stream *s, struct sp_str bytes)
{
        struct serve1 *t = of_stream(s);
        struct sp_pipe *p = t->protocol.pipe;
        int r = t->is_chunked ? add_chunk(&p->out, bytes) : sp_buf_add(&p->out, bytes);

        wrote(p);
        return r;
}

/* The size of a chunk that is not there yet: zeros may lead it (RFC 9112 §7.1). */
#define SIZE_DIGITS 8
#define SIZE_BYTES (SIZE_DIGITS + 2)

static struct sp_buf *serve1_lend(struct sp_stream *s)
{
        struct serve1 *t = of_stream(s);
        struct sp_buf *out = &t->protocol.pipe->out;
        char *to;

        assert(!t->lent_at && t->is_chunked);
        if (sp_buf_reserve(out, SIZE_BYTES, &to) < 0)
                return NULL;
        memset(to, '0', SIZE_BYTES); /* nothing unwritten can be sent */
        out->n += SIZE_BYTES;
        t->lent_at = out->n;
        return out;
}

static int serve1_settle(struct sp_stream *s, bool keep, size_t *ret_n)
{
        struct serve1 *t = of_stream(s);
        struct sp_pipe *p = t->protocol.pipe;
        size_t begin = t->lent_at, n = p->out.n - begin, left = n;
        char *end;
        int r = 0;

        assert(begin && begin <= p->out.n);
        t->lent_at = 0;
        if (keep && n)
                r = sp_buf_reserve(&p->out, 2, &end);
        if (!keep || !n || r < 0) {
                p->out.n = begin - SIZE_BYTES;
                return r;
        }
        for (size_t i = 1; i <= SIZE_DIGITS; i++, left >>= 4)
                p->out.p[begin - 2 - i] = "0123456789abcdef"[left & 15];
        assert(!left);
        memcpy(p->out.p + begin - 2, "\r\n", 2);
        memcpy(end, "\r\n", 2);
        p->out.n += 2;
        *ret_n = n;
        wrote(p);
        return 0;
}

static void serve1_finish(struct sp_stream *s)
{
        struct serve1 *t = of_stream(s);
        struct sp_pipe *p = t->protocol.pipe;

        if (t->is_chunked && sp_buf_add(&p->out, SP_STR("0\r\n\r\n")) < 0)
                t->is_last =
                        true; /* the missing last chunk shows that it is cut short */
        t->is_busy = false;
        t->is_done |= t->is_last;
        set_deadline(t);
        if (p->relieve && p->out_done < p->out.n)
                p->relieve(
                        p); /* the client need not wait for what else the loop has to do */
        p->wake(p);
}

static void serve1_abort(struct sp_stream *s)
{
        struct serve1 *t = of_stream(s);

        /* Closing without the last chunk or byte is how HTTP/1.1 says "incomplete". */
        t->is_busy = false;
        t->is_done = true;
        set_deadline(t);
        t->protocol.pipe->wake(t->protocol.pipe);
}

static size_t serve1_queued(const struct sp_stream *s)
{
        const struct sp_pipe *p = of_stream((struct sp_stream *)s)->protocol.pipe;

        assert(p->out_done <= p->out.n);
        return p->out.n - p->out_done;
}

/* An answer of the transport's own, without an exchange; the connection ends with it.
 */
static int refuse(struct serve1 *t, const struct sp_err *e)
{
        struct sp_header type = { SP_STR("content-type"),
                                  SP_STR("application/json; charset=UTF-8") };
        unsigned status = sp_fields_status(e);
        sp_autobuf json = SP_BUF_INIT(4096);
        int r = sp_fields_error_json(&json, status, sp_str_c(e->what));

        t->is_last = t->is_done = true;
        t->is_chunked = false;
        t->stream.expected_bytes = json.n;
        if (r == 0)
                r = add_head(t, &t->protocol.pipe->out, status, &type, 1);
        if (r == 0)
                r = sp_buf_add(&t->protocol.pipe->out, sp_buf_str(&json));
        set_deadline(t);
        return r;
}

static int begin_exchange(struct serve1 *t, struct sp_arena *a,
                          const struct sp_request *request)
{
        struct sp_pipe *p = t->protocol.pipe;
        struct sp_exchange *x;
        int r = sp_exchange_new(&t->stream, p, a, request, &x);

        if (r < 0)
                return r;
        t->is_busy = true;
        t->is_head_sent = false;
        t->is_last = t->is_draining || sp_http1_is_last(t->reader);
        set_deadline(t);
        p->on_request(p, x);
        return 0;
}

/* The phases of reading have absolute ends: a byte now and then does not move them. */
static void note_progress(struct serve1 *t, bool was_idle, bool was_in_body)
{
        struct sp_pipe *p = t->protocol.pipe;

        if (t->is_busy || t->is_done)
                return;
        if (!was_in_body && sp_http1_is_in_body(t->reader))
                p->deadline_us = sp_clock_us() + SP_BODY_TIMEOUT_US;
        else if (was_idle && !sp_http1_is_idle(t->reader))
                p->deadline_us = sp_clock_us() + SP_HEAD_TIMEOUT_US;
}

static int feed(struct serve1 *t, struct sp_str in, size_t *ret_eaten)
{
        struct sp_pipe *p = t->protocol.pipe;
        struct sp_arena a = SP_ARENA_INIT(sp_exchange_arena_max(p->settings));
        bool was_idle = sp_http1_is_idle(t->reader);
        bool was_in_body = sp_http1_is_in_body(t->reader);
        struct sp_request request;
        struct sp_err e = SP_ERR_NULL;
        bool expect = false;
        int r;

        r = sp_http1_read(t->reader, &a, in, ret_eaten, &request, &expect, &e);
        if (r > 0)
                return begin_exchange(t, &a, &request);
        sp_arena_done(&a);
        if (r < 0) {
                *ret_eaten = in.n;
                if (r == -ENOMEM)
                        (void)sp_err_set(&e, r, "http.no-memory", "", "out of memory");
                return refuse(t, &e);
        }
        note_progress(t, was_idle, was_in_body);
        if (expect)
                return sp_buf_add(&p->out, SP_STR("HTTP/1.1 100 Continue\r\n\r\n"));
        return 0;
}

static int serve1_input(struct sp_protocol *protocol, struct sp_str bytes)
{
        struct serve1 *t = (struct serve1 *)protocol;

        while (bytes.n && !t->is_busy && !t->is_done && t->ahead.n == 0) {
                size_t eaten;
                int r = feed(t, bytes, &eaten);

                if (r < 0)
                        return r;
                assert(eaten <= bytes.n);
                bytes = sp_str_sub(bytes, eaten, bytes.n);
        }
        if (t->is_done)
                return 0; /* what comes behind the end is dropped */
        return sp_buf_add(&t->ahead, bytes);
}

static int serve1_output(struct sp_protocol *protocol)
{
        struct serve1 *t = (struct serve1 *)protocol;

        sp_exchange_sent(&t->stream);
        while (t->ahead.n && !t->is_busy && !t->is_done) {
                size_t eaten;
                int r = feed(t, sp_buf_str(&t->ahead), &eaten);

                if (r < 0)
                        return r;
                sp_buf_consume(&t->ahead, eaten);
        }
        if (t->ahead.n == 0)
                sp_buf_done(&t->ahead);
        return 0;
}

static bool serve1_wants_input(const struct sp_protocol *protocol)
{
        const struct serve1 *t = (const struct serve1 *)protocol;

        return !t->is_done && t->ahead.n < PIPELINE_FULL;
}

static bool serve1_is_done(const struct sp_protocol *protocol)
{
        return ((const struct serve1 *)protocol)->is_done;
}

static void serve1_timeout(struct sp_protocol *protocol)
{
        struct serve1 *t = (struct serve1 *)protocol;
        struct sp_err e;

        if (t->is_busy || t->is_done)
                return;
        if (sp_http1_is_idle(t->reader)) {
                t->is_done = true;
                return;
        }
        (void)sp_err_set(&e, -ETIMEDOUT, "http.timeout", "",
                         "the request did not arrive in time");
        (void)refuse(t, &e);
}

/* An answer whose head is gone already cannot say so any more: one more may follow it. */
static void serve1_drain(struct sp_protocol *protocol)
{
        struct serve1 *t = (struct serve1 *)protocol;

        t->is_draining = true;
        if (t->is_busy && !t->is_head_sent)
                t->is_last = true;
        set_deadline(t);
}

static void serve1_free(struct sp_protocol *protocol)
{
        struct serve1 *t = (struct serve1 *)protocol;

        sp_exchange_orphan(&t->stream);
        t->reader = sp_http1_free(t->reader);
        sp_buf_done(&t->ahead);
        free(t);
}

int sp_serve1_new(struct sp_pipe *pipe, struct sp_protocol **ret)
{
        static const struct sp_protocol_ops protocol_ops = {
                .input = serve1_input,
                .output = serve1_output,
                .wants_input = serve1_wants_input,
                .is_done = serve1_is_done,
                .timeout = serve1_timeout,
                .drain = serve1_drain,
                .free = serve1_free,
        };
        static const struct sp_stream_ops stream_ops = {
                .respond = serve1_respond,
                .write = serve1_write,
                .lend = serve1_lend,
                .settle = serve1_settle,
                .finish = serve1_finish,
                .abort = serve1_abort,
                .queued = serve1_queued,
        };
        struct serve1 *t = calloc(1, sizeof(*t));
        int r = t ? sp_http1_new(pipe->settings->limits.body_max_bytes, &t->reader)
                  : -ENOMEM;

        if (r < 0) {
                free(t);
                return r;
        }
        t->protocol = (struct sp_protocol){ .ops = &protocol_ops, .pipe = pipe };
        t->stream.ops = &stream_ops;
        t->ahead = SP_BUF_INIT(PIPELINE_MAX);
        set_deadline(t);
        *ret = &t->protocol;
        return 0;
}
