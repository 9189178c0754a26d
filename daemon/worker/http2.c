/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/http2 — HTTP/2 over a pipe: nghttp2 does the frames, this makes requests of
 * them.
 *
 * nghttp2 enforces the message rules of RFC 9113 §8 (lower-case names, pseudo fields
 * first and once, no connection fields, content-length equal to DATA); what it would
 * only ignore is refused here, and what it leaves to the application is checked here.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/worker/exchange_fields.h"
#include "daemon/worker/http2_internal.h"

void sp_stream2_free(struct stream2 *s)
{
        struct serve2 *t = s->session;

        sp_exchange_orphan(&s->stream);
        assert(t->buffered_bytes >= s->body.n);
        t->buffered_bytes -= s->body.n;
        *s->prev = s->next;
        if (s->next)
                s->next->prev = s->prev;
        sp_arena_done(&s->arena);
        sp_buf_done(&s->body);
        sp_buf_done(&s->queue);
        free(s);
}

/* A request must be whole in time, counted from its first frame: absolute, so that a
 * byte now and then does not move it. */
static void set_deadline(struct serve2 *t)
{
        struct sp_pipe *p = t->protocol.pipe;
        uint64_t end_us = UINT64_MAX;

        for (const struct stream2 *s = t->streams; s; s = s->next)
                if (s->is_reading)
                        end_us = SP_MIN(end_us, s->begun_us + SP_BODY_TIMEOUT_US);
        if (end_us != UINT64_MAX)
                p->deadline_us = end_us;
        else
                p->deadline_us =
                        t->streams
                                ? 0
                                : sp_clock_us() + (t->is_draining
                                                           ? SP_DRAIN_IDLE_US
                                                           : p->settings->limits
                                                                     .idle_timeout_us);
}

static bool is_flood(struct serve2 *t)
{
        uint64_t now = sp_clock_us();

        if (now - t->period_start_us > SP_H2_FLOOD_PERIOD_US) {
                t->period_start_us = now;
                t->resets = t->controls = 0;
        }
        return t->resets > SP_H2_RESETS_MAX || t->controls > SP_H2_CONTROL_MAX ||
               t->continuations > SP_H2_CONTINUATIONS_MAX;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd,
                          void *userdata)
{
        struct serve2 *t = userdata;

        (void)session;
        t->continuations = hd->type == NGHTTP2_CONTINUATION ? t->continuations + 1 : 0;
        switch (hd->type) {
        case NGHTTP2_RST_STREAM:
                t->resets++;
                break;
        case NGHTTP2_SETTINGS:
        case NGHTTP2_PING:
        case NGHTTP2_PRIORITY:
                t->controls++;
                break;
        case NGHTTP2_DATA:
                if (hd->length == 0 && !(hd->flags & NGHTTP2_FLAG_END_STREAM))
                        t->controls++;
                break;
        default:
                break;
        }
        if (!is_flood(t))
                return 0;
        t->is_flooded = true;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
                            void *userdata)
{
        struct serve2 *t = userdata;
        struct stream2 *s;
        const struct sp_settings *settings = t->protocol.pipe->settings;

        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
                return 0;
        s = calloc(1, sizeof(*s));
        if (!s)
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        s->stream.ops = &sp_stream2_ops;
        s->session = t;
        s->id = frame->hd.stream_id;
        s->arena = SP_ARENA_INIT(sp_exchange_arena_max(settings));
        s->body = SP_BUF_INIT(settings->limits.body_max_bytes);
        s->queue = SP_BUF_INIT(SP_QUEUE_MAX);
        s->next = t->streams;
        s->prev = &t->streams;
        if (s->next)
                s->next->prev = &s->next;
        t->streams = s;
        s->is_reading = true;
        s->begun_us = sp_clock_us();
        set_deadline(t);
        (void)nghttp2_session_set_stream_user_data(session, s->id, s);
        return 0;
}

static int take_pseudo(struct stream2 *s, struct sp_str name, struct sp_str value)
{
        struct sp_str *to = NULL;

        if (sp_str_eq(name, SP_STR(":method")))
                to = &s->request.method;
        else if (sp_str_eq(name, SP_STR(":path")))
                to = &s->request.path;
        else if (sp_str_eq(name, SP_STR(":authority")))
                to = &s->request.authority;
        else if (sp_str_eq(name, SP_STR(":scheme")))
                to = &s->request.scheme;
        if (!to || to->p)
                return -EBADMSG; /* nghttp2 refuses these: a second net */
        *to = sp_arena_str(&s->arena, value);
        return to->p ? 0 : -ENOMEM;
}

/* RFC 9113 §8.2.3: crumbs of one cookie are joined again. */
static int take_cookie(struct stream2 *s, struct sp_str value)
{
        for (size_t i = 0; i < s->request.n_headers; i++) {
                struct sp_header *h = &s->headers[i];

                if (!sp_str_eq(h->name, SP_STR("cookie")))
                        continue;
                h->value = sp_arena_printf(&s->arena, "%.*s; %.*s", SP_FMT(h->value),
                                           SP_FMT(value));
                return h->value.p ? 1 : -ENOMEM;
        }
        return 0;
}

static int take_field(struct stream2 *s, struct sp_str name, struct sp_str value)
{
        struct sp_header *h;
        int r = 0;

        if (sp_str_eq(name, SP_STR("host"))) {
                if (s->host.p)
                        return -EBADMSG;
                s->host = sp_arena_str(&s->arena, value);
                return s->host.p ? 0 : -ENOMEM;
        }
        if (sp_str_eq(name, SP_STR("expect"))) {
                if (!sp_str_caseeq(value, SP_STR("100-continue")))
                        return sp_err_set(&s->refused, -EBADMSG, "http.expectation", "",
                                          "the only expectation is 100-continue");
                s->wants_continue = true;
        }
        if (sp_fields_is_framing(name))
                return 0;
        if (sp_str_eq(name, SP_STR("cookie")))
                r = take_cookie(s, value);
        if (r != 0)
                return SP_MIN(r, 0);
        if (!s->headers)
                s->headers = sp_arena_array(&s->arena, SP_HTTP_HEADERS_MAX,
                                            sizeof(*s->headers));
        if (!s->headers)
                return -ENOMEM;
        h = &s->headers[s->request.n_headers];
        h->name = sp_arena_str(&s->arena, name);
        h->value = sp_arena_str(&s->arena, value);
        if (!h->name.p || !h->value.p)
                return -ENOMEM;
        s->request.n_headers++;
        return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
                     const uint8_t *name, size_t name_n, const uint8_t *value,
                     size_t value_n, uint8_t flags, void *userdata)
{
        struct stream2 *s =
                nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        struct sp_str n = sp_str((const char *)name, name_n);
        struct sp_str v = sp_str((const char *)value, value_n);
        int r;

        (void)flags, (void)userdata;
        if (!s || frame->hd.type != NGHTTP2_HEADERS)
                return 0;
        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
                /* trailers: nothing behind the body may change what was read before it
                 */
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        if (s->refused.code)
                return 0; /* decode on (the HPACK state is shared), keep nothing */
        s->head_bytes += name_n + value_n + 32; /* RFC 9113 §6.5.2 counts like this */
        if (s->head_bytes > SP_HTTP_HEAD_MAX ||
            s->request.n_headers == SP_HTTP_HEADERS_MAX) {
                (void)sp_err_set(&s->refused, -EMSGSIZE, "http.head-too-large", "",
                                 "the fields are too many or too long");
                return 0;
        }
        if (!sp_fields_is_value(v))
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        r = n.n && n.p[0] == ':' ? take_pseudo(s, n, v) : take_field(s, n, v);
        if (s->refused.code)
                return 0; /* answered when the head is complete */
        return r < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

/* By default nghttp2 drops an invalid field and goes on; here the stream ends. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_n, const uint8_t *value,
                             size_t value_n, uint8_t flags, void *userdata)
{
        (void)session, (void)frame, (void)name, (void)name_n, (void)value,
                (void)value_n;
        (void)flags, (void)userdata;
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int check_head(struct stream2 *s, struct sp_err *reterr)
{
        struct sp_request *q = &s->request;
        struct sp_str authority, host, target = q->path;
        int r;

        if (s->refused.code) {
                *reterr = s->refused;
                return s->refused.code;
        }
        r = sp_fields_method(q->method, reterr);
        if (r < 0)
                return r;
        if (!q->authority.p)
                return sp_err_set(reterr, -EBADMSG, "http.bad-authority", "",
                                  ":authority is missing");
        if (!sp_str_eq(q->scheme, SP_STR("https")))
                return sp_err_set(reterr, -EBADMSG, "http.bad-target", "",
                                  ":scheme is not https");
        r = sp_fields_target(target, q, reterr);
        if (r == 0)
                r = sp_fields_authority(&s->arena, q->authority, &authority, reterr);
        if (r == 0 && s->host.p)
                r = sp_fields_authority(&s->arena, s->host, &host, reterr);
        if (r < 0)
                return r;
        if (s->host.p && !sp_str_eq(host, authority))
                return sp_err_set(reterr, -EBADMSG, "http.bad-authority", "",
                                  "Host and :authority differ");
        q->authority = authority;
        q->headers = s->headers;
        return sp_fields_check(q, reterr);
}

static int refuse(struct stream2 *s, const struct sp_err *e)
{
        if (s->is_answered)
                return 0;
        if (s->refused.code == 0)
                s->refused = *e;
        if (sp_stream2_refuse(s, e) < 0)
                return NGHTTP2_ERR_CALLBACK_FAILURE;
        s->session->protocol.pipe->wake(s->session->protocol.pipe);
        return 0;
}

/* Gives the connection window back while not too much is held in bodies: all streams
 * together may hold two whole bodies, then the client waits. */
static void pay_window(struct serve2 *t)
{
        const struct sp_settings *settings = t->protocol.pipe->settings;

        if (t->owed_bytes == 0 ||
            t->buffered_bytes > 2 * settings->limits.body_max_bytes)
                return;
        (void)nghttp2_session_consume_connection(t->session, t->owed_bytes);
        t->owed_bytes = 0;
}

static int complete(struct stream2 *s)
{
        struct serve2 *t = s->session;
        struct sp_pipe *p = t->protocol.pipe;
        struct sp_exchange *x;
        struct sp_err e = SP_ERR_NULL;
        int r;

        s->is_reading = false;
        if (s->is_answered)
                return 0;
        s->request.body = sp_arena_str(&s->arena, sp_buf_str(&s->body));
        t->buffered_bytes -= s->body.n;
        sp_buf_done(&s->body);
        pay_window(t);
        r = s->request.body.p
                    ? sp_fields_check(&s->request, &e)
                    : sp_err_set(&e, -ENOMEM, "http.no-memory", "", "out of memory");
        if (r < 0)
                return refuse(s, &e);
        r = sp_exchange_new(&s->stream, p, &s->arena, &s->request, &x);
        if (r < 0)
                return NGHTTP2_ERR_CALLBACK_FAILURE;
        x->stream_id = s->id;
        set_deadline(t);
        p->on_request(p, x);
        return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
                    void *userdata)
{
        struct stream2 *s;
        struct sp_err e = SP_ERR_NULL;
        bool is_end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
        int r;

        (void)userdata;
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
                return 0;
        s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        if (!s || !s->is_reading)
                return 0;
        if (frame->hd.type == NGHTTP2_HEADERS) {
                if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
                        (void)sp_err_set(&e, -EBADMSG, "http.refused-field", "",
                                         "trailer fields");
                        r = refuse(s, &e);
                } else {
                        r = check_head(s, &e) < 0 ? refuse(s, &e) : 0;
                }
                if (r != 0)
                        return r;
                if (s->wants_continue && !s->is_answered && !is_end) {
                        nghttp2_nv nv = { (uint8_t *)":status", (uint8_t *)"100", 7, 3,
                                          NGHTTP2_NV_FLAG_NONE };

                        (void)nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, s->id,
                                                     NULL, &nv, 1, NULL);
                }
        }
        return is_end ? complete(s) : 0;
}

static int take_body(struct stream2 *s, struct sp_str part)
{
        struct sp_err e;
        int r = sp_buf_add(&s->body, part);

        if (r == 0) {
                s->session->buffered_bytes += part.n;
                return 0;
        }
        if (r == -ENOBUFS)
                (void)sp_err_set(&e, -EMSGSIZE, "http.body-too-large", "",
                                 "the body may have at most %zu bytes", s->body.max);
        else
                (void)sp_err_set(&e, r, "http.no-memory", "", "out of memory");
        return refuse(s, &e);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
                   const uint8_t *data, size_t n, void *userdata)
{
        struct serve2 *t = userdata;
        struct stream2 *s = nghttp2_session_get_stream_user_data(session, id);
        int r = 0;

        (void)flags;
        (void)nghttp2_session_consume_stream(session, id, n);
        t->owed_bytes += n;
        if (s && !s->is_answered)
                r = take_body(s, sp_str((const char *)data, n));
        else if (s)
                s->discarded_bytes += n;
        if (s && s->discarded_bytes > SP_H2_DISCARD_MAX)
                (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
                                                NGHTTP2_NO_ERROR);
        pay_window(t);
        return r;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error,
                    void *userdata)
{
        struct serve2 *t = userdata;
        struct stream2 *s = nghttp2_session_get_stream_user_data(session, id);

        (void)error;
        if (!s)
                return 0;
        (void)nghttp2_session_set_stream_user_data(session, id, NULL);
        sp_stream2_free(s);
        pay_window(t);
        set_deadline(t);
        return 0;
}

static int serve2_input(struct sp_protocol *protocol, struct sp_str bytes)
{
        struct serve2 *t = (struct serve2 *)protocol;
        ssize_t n;

        if (t->is_ending)
                return 0;
        n = nghttp2_session_mem_recv(t->session, (const uint8_t *)bytes.p, bytes.n);
        if (t->is_flooded) {
                /* the session is dead after a callback's failure: say why by hand */
                t->is_ending = true;
                return sp_buf_add(&protocol->pipe->out, sp_str("\0\0\x08\x07\0\0\0\0\0"
                                                               "\0\0\0\0\0\0\0\x0b",
                                                               17));
        }
        return n < 0 || (size_t)n != bytes.n ? -EBADMSG : 0;
}

static void tell_drained(struct serve2 *t)
{
        struct stream2 *s, *next;

        for (s = t->streams; s; s = next) {
                next = s->next;
                sp_exchange_sent(&s->stream);
        }
}

static int serve2_output(struct sp_protocol *protocol)
{
        struct serve2 *t = (struct serve2 *)protocol;
        struct sp_pipe *p = protocol->pipe;

        if (t->is_flooded)
                return 0;
        while (p->out.n - p->out_done < SP_H2_OUT_CHUNK) {
                const uint8_t *frame;
                ssize_t n = nghttp2_session_mem_send(t->session, &frame);
                int r;

                if (n < 0)
                        return -EBADMSG;
                if (n == 0)
                        break;
                r = sp_buf_add(&p->out, sp_str((const char *)frame, (size_t)n));
                if (r < 0)
                        return r;
        }
        tell_drained(t);
        return 0;
}

static bool serve2_wants_input(const struct sp_protocol *protocol)
{
        const struct serve2 *t = (const struct serve2 *)protocol;
        const struct sp_pipe *p = protocol->pipe;

        /* Who does not read what we send gets no more work done. */
        return !t->is_ending && p->out.n - p->out_done < 2 * SP_H2_OUT_CHUNK;
}

static bool serve2_is_done(const struct sp_protocol *protocol)
{
        const struct serve2 *t = (const struct serve2 *)protocol;

        return t->is_flooded || (!nghttp2_session_want_read(t->session) &&
                                 !nghttp2_session_want_write(t->session));
}

static void serve2_timeout(struct sp_protocol *protocol)
{
        struct serve2 *t = (struct serve2 *)protocol;
        uint64_t now = sp_clock_us();
        struct sp_err e;

        (void)sp_err_set(&e, -ETIMEDOUT, "http.timeout", "",
                         "the request did not arrive in time");
        for (struct stream2 *s = t->streams; s; s = s->next) {
                if (!s->is_reading || now < s->begun_us + SP_BODY_TIMEOUT_US)
                        continue;
                s->begun_us = now;
                /* the first time it is told, the second time it is cut off */
                if (s->is_answered || refuse(s, &e) != 0)
                        (void)nghttp2_submit_rst_stream(t->session, NGHTTP2_FLAG_NONE,
                                                        s->id, NGHTTP2_NO_ERROR);
        }
        set_deadline(t);
        if (t->streams)
                return;
        protocol->pipe->deadline_us = 0;
        (void)nghttp2_session_terminate_session(t->session, NGHTTP2_NO_ERROR);
}

/* Streams that the client opened before it reads this are answered; RFC 9113 §6.8. */
static void serve2_drain(struct sp_protocol *protocol)
{
        struct serve2 *t = (struct serve2 *)protocol;

        t->is_draining = true;
        (void)nghttp2_submit_shutdown_notice(t->session);
        if (!t->streams)
                protocol->pipe->deadline_us = sp_clock_us() + SP_DRAIN_IDLE_US;
        protocol->pipe->wake(protocol->pipe);
}

static void serve2_free(struct sp_protocol *protocol)
{
        struct serve2 *t = (struct serve2 *)protocol;

        while (t->streams)
                sp_stream2_free(t->streams);
        nghttp2_session_del(t->session);
        free(t);
}

static int make_session(struct serve2 *t)
{
        nghttp2_session_callbacks *callbacks;
        nghttp2_option *option;
        int r;

        if (nghttp2_session_callbacks_new(&callbacks) != 0)
                return -ENOMEM;
        if (nghttp2_option_new(&option) != 0) {
                nghttp2_session_callbacks_del(callbacks);
                return -ENOMEM;
        }
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_max_settings(option, 32);
        nghttp2_option_set_max_continuations(option, SP_H2_CONTINUATIONS_MAX);
        nghttp2_option_set_max_send_header_block_length(option, SP_HTTP_HEAD_MAX);
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks,
                                                              on_begin_frame);
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                                on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks,
                                                                 on_invalid_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        r = nghttp2_session_server_new2(&t->session, callbacks, t, option);
        nghttp2_option_del(option);
        nghttp2_session_callbacks_del(callbacks);
        return r == 0 ? 0 : -ENOMEM;
}

int sp_serve2_new(struct sp_pipe *pipe, struct sp_protocol **ret)
{
        static const struct sp_protocol_ops ops = {
                .input = serve2_input,
                .output = serve2_output,
                .wants_input = serve2_wants_input,
                .is_done = serve2_is_done,
                .drain = serve2_drain,
                .timeout = serve2_timeout,
                .free = serve2_free,
        };
        const nghttp2_settings_entry entries[] = {
                { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                  pipe->settings->limits.streams_max },
                { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, SP_H2_WINDOW },
                { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, SP_HTTP_HEAD_MAX },
        };
        struct serve2 *t = calloc(1, sizeof(*t));
        int r = t ? make_session(t) : -ENOMEM;

        if (r < 0) {
                free(t);
                return r;
        }
        t->protocol = (struct sp_protocol){ .ops = &ops, .pipe = pipe };
        if (nghttp2_submit_settings(t->session, NGHTTP2_FLAG_NONE, entries,
                                    SP_ARRAY_SIZE(entries)) != 0 ||
            nghttp2_session_set_local_window_size(t->session, NGHTTP2_FLAG_NONE, 0,
                                                  4 * SP_H2_WINDOW) != 0) {
                serve2_free(&t->protocol);
                return -ENOMEM;
        }
        set_deadline(t);
        *ret = &t->protocol;
        return 0;
}
