/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "daemon/worker/http2_internal.h"

#define AUTHORITY "bigquery.googleapis.com"

/* nghttp2 as a client that sends whatever it is told, against the protocol, in memory.
 */
struct world {
        struct sp_settings settings;
        struct sp_origin origin;
        struct sp_pipe pipe;
        struct sp_protocol *protocol;
        nghttp2_session *client;
        int broken; /* what input said last */

        bool holds;
        struct sp_exchange *held;
        int requests, aborts, drains;
        char last[512];

        int status, goaway;
        unsigned reset; /* error code + 1 of the last stream that was reset */
        size_t received;
        char body[2048];
        const char *upload; /* what the client sends as a body */
        size_t upload_n, upload_at;
        bool upload_trailers;
};

static struct world *world_of(struct sp_pipe *p)
{
        return (struct world *)((char *)p - offsetof(struct world, pipe));
}

static void on_abort(struct sp_exchange *x)
{
        ((struct world *)x->flow)->aborts++;
        ((struct world *)x->flow)->held = NULL;
        sp_exchange_finish(x);
}

static void on_drain(struct sp_exchange *x)
{
        ((struct world *)x->flow)->drains++;
}

static void on_request(struct sp_pipe *p, struct sp_exchange *x)
{
        struct world *w = world_of(p);
        const struct sp_request *q = &x->request;
        int n;

        w->requests++;
        n = snprintf(w->last, sizeof(w->last), "%.*s %.*s://%.*s%.*s?%.*s #%zu %zu",
                     SP_FMT(q->method), SP_FMT(q->scheme), SP_FMT(q->authority),
                     SP_FMT(q->path), SP_FMT(q->query), q->n_headers, q->body.n);
        for (size_t i = 0; i < q->n_headers; i++)
                n += snprintf(w->last + n, sizeof(w->last) - (size_t)n, " %.*s=%.*s",
                              SP_FMT(q->headers[i].name), SP_FMT(q->headers[i].value));
        x->flow = w;
        x->on_abort = on_abort;
        x->on_drain = on_drain;
        if (w->holds)
                w->held = x;
        else
                sp_exchange_answer(x, 200, SP_STR("{\"ok\":true}"));
}

static void wake(struct sp_pipe *p)
{
        (void)p; /* the exchange loop below turns until nothing moves */
}

static int client_header(nghttp2_session *session, const nghttp2_frame *frame,
                         const uint8_t *name, size_t name_n, const uint8_t *value,
                         size_t value_n, uint8_t flags, void *userdata)
{
        struct world *w = userdata;

        (void)session, (void)frame, (void)flags, (void)value_n;
        if (name_n == 7 && memcmp(name, ":status", 7) == 0)
                w->status = atoi((const char *)value);
        return 0;
}

static int client_data(nghttp2_session *session, uint8_t flags, int32_t id,
                       const uint8_t *data, size_t n, void *userdata)
{
        struct world *w = userdata;

        (void)session, (void)flags, (void)id;
        if (w->received + n < sizeof(w->body)) {
                memcpy(w->body + w->received, data, n);
                w->body[w->received + n] = '\0';
        }
        w->received += n;
        return 0;
}

static int client_frame(nghttp2_session *session, const nghttp2_frame *frame,
                        void *userdata)
{
        struct world *w = userdata;

        (void)session;
        if (frame->hd.type == NGHTTP2_GOAWAY)
                w->goaway = (int)frame->goaway.error_code + 1;
        if (frame->hd.type == NGHTTP2_RST_STREAM)
                w->reset = frame->rst_stream.error_code + 1;
        return 0;
}

static void open_world(struct world *w)
{
        nghttp2_session_callbacks *c;
        nghttp2_option *o;

        w->settings.limits.body_max_bytes = 3 * 1024 * 1024;
        w->settings.limits.streams_max = 8;
        w->settings.limits.idle_timeout_us = 60 * SP_USEC_PER_SEC;
        w->pipe = (struct sp_pipe){ .settings = &w->settings,
                                    .origin = &w->origin,
                                    .sni = SP_STR(AUTHORITY),
                                    .out = SP_BUF_INIT(SP_QUEUE_MAX),
                                    .on_request = on_request,
                                    .wake = wake };
        assert_int_equal(sp_serve2_new(&w->pipe, &w->protocol), 0);
        assert_int_equal(nghttp2_session_callbacks_new(&c), 0);
        assert_int_equal(nghttp2_option_new(&o), 0);
        nghttp2_option_set_no_http_messaging(o, 1); /* it may send nonsense … */
        nghttp2_option_set_max_send_header_block_length(o, 1 << 20); /* … at length */
        nghttp2_session_callbacks_set_on_header_callback(c, client_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, client_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(c, client_frame);
        assert_int_equal(nghttp2_session_client_new2(&w->client, c, w, o), 0);
        nghttp2_option_del(o);
        nghttp2_session_callbacks_del(c);
        assert_int_equal(nghttp2_submit_settings(w->client, 0, NULL, 0), 0);
}

static void close_world(struct world *w)
{
        nghttp2_session_del(w->client);
        w->protocol->ops->free(w->protocol);
        sp_buf_done(&w->pipe.out);
}

/* The server's bytes to the client. */
static bool deliver(struct world *w)
{
        size_t n;

        assert_int_equal(w->protocol->ops->output(w->protocol), 0);
        n = w->pipe.out.n;
        if (n)
                assert_int_equal(nghttp2_session_mem_recv(w->client,
                                                          (uint8_t *)w->pipe.out.p, n),
                                 n);
        sp_buf_clear(&w->pipe.out);
        return n > 0;
}

/* Moves bytes both ways until nothing moves. `piece`: how the client's are cut. */
static void exchange_bytes(struct world *w, size_t piece)
{
        for (bool moved = true; moved && w->broken == 0;) {
                const uint8_t *p;
                ssize_t n = nghttp2_session_mem_send(w->client, &p);
                struct sp_str s = sp_str((const char *)p, n > 0 ? (size_t)n : 0);

                moved = n > 0;
                while (s.n && w->broken == 0) {
                        w->broken = w->protocol->ops->input(w->protocol,
                                                            sp_str_sub(s, 0, piece));
                        s = sp_str_sub(s, piece, s.n);
                }
                while (w->broken == 0 && deliver(w))
                        moved = true;
        }
}

static nghttp2_nv field(const char *name, const char *value)
{
        return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name),
                             strlen(value),
                             /* copying would make names lower case */
                             NGHTTP2_NV_FLAG_NO_COPY_NAME };
}

static ssize_t read_upload(nghttp2_session *session, int32_t id, uint8_t *to, size_t n,
                           uint32_t *flags, nghttp2_data_source *source, void *userdata)
{
        struct world *w = userdata;

        (void)source;
        n = SP_MIN(n, w->upload_n - w->upload_at);
        memcpy(to, w->upload + w->upload_at, n);
        w->upload_at += n;
        if (w->upload_at == w->upload_n) {
                *flags |= NGHTTP2_DATA_FLAG_EOF;
                if (w->upload_trailers) {
                        nghttp2_nv t = field("x-late", "1");

                        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                        (void)nghttp2_submit_trailer(session, id, &t, 1);
                }
        }
        return (ssize_t)n;
}

struct row {
        const char *sentence;
        const char *fields[16]; /* name, value, …; NULL ends */
        const char *upload;
        bool trailers;
        const char *want; /* the request; NULL: refused … */
        int status; /* … with this status, or 0: by a reset */
        const char *message;
};

#define BASE(method, path)                                                             \
        ":method", method, ":scheme", "https", ":authority", AUTHORITY, ":path", path

static const struct row rows[] = {
        { "a GET",
          { BASE("GET", "/a?b=c"), "x-a", "b" },
          NULL,
          false,
          "GET https://" AUTHORITY "/a?b=c #1 0 x-a=b" },
        { "a POST",
          { BASE("POST", "/q"), "content-length", "2" },
          "{}",
          false,
          "POST https://" AUTHORITY "/q? #0 2" },
        { "te: trailers is harmless",
          { BASE("GET", "/"), "te", "trailers" },
          NULL,
          false,
          "GET https://" AUTHORITY "/? #0 0" },
        { "crumbs of a cookie are joined",
          { BASE("GET", "/"), "cookie", "a=b", "x-a", "b", "cookie", "c=d" },
          NULL,
          false,
          "GET https://" AUTHORITY "/? #2 0 cookie=a=b; c=d x-a=b" },
        { "host that repeats :authority",
          { BASE("GET", "/"), "host", AUTHORITY ":443" },
          NULL,
          false,
          "GET https://" AUTHORITY "/? #0 0" },
        { "expect: 100-continue",
          { BASE("POST", "/"), "expect", "100-continue" },
          "x",
          false,
          "POST https://" AUTHORITY "/? #0 1" },
        { "host that differs",
          { BASE("GET", "/"), "host", "evil.example" },
          NULL,
          false,
          NULL,
          400,
          "Host and :authority differ" },
        { "no :authority",
          { ":method", "GET", ":scheme", "https", ":path", "/", "host", AUTHORITY },
          NULL,
          false,
          NULL,
          400,
          ":authority is missing" },
        { ":authority twice",
          { BASE("GET", "/"), ":authority", AUTHORITY },
          NULL,
          false },
        { ":path twice", { BASE("GET", "/"), ":path", "/b" }, NULL, false },
        { "no :path",
          { ":method", "GET", ":scheme", "https", ":authority", AUTHORITY },
          NULL,
          false },
        { "a pseudo field behind a field",
          { ":method", "GET", ":scheme", "https", ":path", "/", "x-a", "b",
            ":authority", AUTHORITY },
          NULL,
          false },
        { "an unknown pseudo field",
          { BASE("GET", "/"), ":protocol", "websocket" },
          NULL,
          false },
        { "upper case in a name", { BASE("GET", "/"), "X-A", "b" }, NULL, false },
        { "CR LF in a value", { BASE("GET", "/"), "x-a", "b\r\nx-c: d" }, NULL, false },
        { "transfer-encoding",
          { BASE("POST", "/"), "transfer-encoding", "chunked" },
          "x",
          false },
        { "connection", { BASE("GET", "/"), "connection", "close" }, NULL, false },
        { "te: gzip", { BASE("GET", "/"), "te", "gzip" }, NULL, false },
        { "upgrade", { BASE("GET", "/"), "upgrade", "h2c" }, NULL, false },
        { "content-length twice",
          { BASE("POST", "/"), "content-length", "1", "content-length", "1" },
          "x",
          false },
        { "a content-length that lies",
          { BASE("POST", "/"), "content-length", "5" },
          "x",
          false },
        { "trailers", { BASE("POST", "/") }, "x", true },
        { "CONNECT",
          { ":method", "CONNECT", ":authority", AUTHORITY },
          NULL,
          false,
          NULL,
          400,
          "CONNECT is not served here" },
        { ":scheme http",
          { ":method", "GET", ":scheme", "http", ":authority", AUTHORITY, ":path",
            "/" },
          NULL,
          false,
          NULL,
          400,
          ":scheme is not https" },
        { "a path without a slash",
          { BASE("OPTIONS", "*") },
          NULL,
          false,
          NULL,
          400,
          "the request target does not begin with '/'" },
        { "a path with a fragment",
          { BASE("GET", "/a#b") },
          NULL,
          false,
          NULL,
          400,
          "byte 0x23 in the request target" },
        { "another port",
          { ":method", "GET", ":scheme", "https", ":path", "/", ":authority",
            AUTHORITY ":8443" },
          NULL,
          false,
          NULL,
          400,
          "Host '" AUTHORITY ":8443' is not" },
        { "authorization twice",
          { BASE("GET", "/"), "authorization", "a", "authorization", "b" },
          NULL,
          false,
          NULL,
          400,
          "the field 'authorization' stands twice" },
        { "GET with a body",
          { BASE("GET", "/") },
          "x",
          false,
          NULL,
          400,
          "GET with a body" },
        { "another expectation",
          { BASE("POST", "/"), "expect", "200-ok" },
          "x",
          false,
          NULL,
          417,
          "the only expectation is 100-continue" },
        { "trailer announced",
          { BASE("POST", "/"), "trailer", "x-late" },
          "x",
          false,
          NULL,
          400,
          "the field 'trailer' is not served here" },
};

static void send_request(struct world *w, const char *const *fields)
{
        nghttp2_data_provider provider = { .read_callback = read_upload };
        nghttp2_nv list[16];
        size_t n = 0;

        for (; fields[2 * n]; n++)
                list[n] = field(fields[2 * n], fields[2 * n + 1]);
        w->upload_at = 0;
        assert_true(nghttp2_submit_request(w->client, NULL, list, n,
                                           w->upload ? &provider : NULL, NULL) > 0);
}

static void run_row(const struct row *r, size_t piece)
{
        struct world w = { .upload = r->upload,
                           .upload_n = r->upload ? strlen(r->upload) : 0,
                           .upload_trailers = r->trailers };

        open_world(&w);
        send_request(&w, r->fields);
        exchange_bytes(&w, piece);
        SP_CHECK(r->sentence, w.broken == 0);
        if (r->want) {
                if (strcmp(w.last, r->want) != 0)
                        fail_msg("%s: got \"%s\"", r->sentence, w.last);
                SP_CHECK(r->sentence,
                         w.status == 200 && strcmp(w.body, "{\"ok\":true}") == 0);
        } else {
                SP_CHECK(r->sentence, w.requests == 0);
                SP_CHECK(r->sentence, w.status == r->status);
                SP_CHECK(r->sentence, r->status || w.reset);
                if (r->message && !strstr(w.body, r->message))
                        fail_msg("%s: got \"%s\"", r->sentence, w.body);
        }
        close_world(&w);
}

static void requests_are_read_or_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                run_row(&rows[i], SIZE_MAX);
                run_row(&rows[i], 1);
        }
}

static const char *const post[] = { BASE("POST", "/q"), NULL };
static const char *const get[] = { BASE("GET", "/q"), NULL };

static void bodies_are_taken_up_to_the_limit(void **state)
{
        static char big[3 * 1024 * 1024 + 1];

        (void)state;
        for (int over = 0; over <= 1; over++) {
                struct world w = { .upload = big,
                                   .upload_n = sizeof(big) - 1 + (size_t)over };

                open_world(&w);
                send_request(&w, post);
                exchange_bytes(&w, SIZE_MAX);
                assert_int_equal(w.broken, 0);
                assert_int_equal(w.requests, !over);
                assert_int_equal(w.status, over ? 413 : 200);
                close_world(&w);
        }
}

/* More than what all bodies may hold together: the windows are paid back all the same.
 */
static void many_bodies_go_through_one_connection(void **state)
{
        static char big[1024 * 1024];
        struct world w = { .upload = big, .upload_n = sizeof(big) };

        (void)state;
        open_world(&w);
        for (int i = 0; i < 20; i++) {
                send_request(&w, post);
                exchange_bytes(&w, SIZE_MAX);
                assert_int_equal(w.requests, i + 1);
        }
        close_world(&w);
}

static void heads_have_limits(void **state)
{
        static char value[70000], names[101][16];
        nghttp2_nv list[105];
        size_t n;

        (void)state;
        memset(value, 'v', sizeof(value) - 1);
        for (int count = 100; count <= 101; count++) {
                struct world w = { .requests = 0 };

                open_world(&w);
                for (n = 0; n < 4; n++)
                        list[n] = field(get[2 * n], get[2 * n + 1]);
                for (int i = 0; i < count; i++) {
                        (void)snprintf(names[i], sizeof(names[i]), "x-%d", i);
                        list[n++] = field(names[i], "y");
                }
                assert_true(nghttp2_submit_request(w.client, NULL, list, n, NULL,
                                                   NULL) > 0);
                exchange_bytes(&w, SIZE_MAX);
                assert_int_equal(w.status, count > 100 ? 431 : 200);
                close_world(&w);
        }
        {
                struct world w = { .requests = 0 };

                open_world(&w);
                for (n = 0; n < 4; n++)
                        list[n] = field(get[2 * n], get[2 * n + 1]);
                for (int i = 0; i < 5; i++) {
                        value[15000] = '\0';
                        list[n++] = field(names[i], value);
                }
                assert_true(nghttp2_submit_request(w.client, NULL, list, n, NULL,
                                                   NULL) > 0);
                exchange_bytes(&w, SIZE_MAX);
                assert_int_equal(w.requests, 0);
                assert_int_equal(w.status, 431);
                close_world(&w);
        }
}

static void responses_wait_for_flow_and_for_the_client(void **state)
{
        struct world w = { .holds = true };
        static char piece[128 * 1024];

        (void)state;
        open_world(&w);
        send_request(&w, get);
        exchange_bytes(&w, SIZE_MAX);
        assert_non_null(w.held);
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, UINT64_MAX), 0);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.status, 200);
        /* the client's window is 64 KiB: the rest stays in the queue */
        while (!sp_exchange_is_congested(w.held))
                assert_int_equal(
                        sp_exchange_write(w.held, sp_str(piece, sizeof(piece))), 0);
        assert_int_equal(w.drains, 0);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.drains, 1); /* nghttp2's client pays windows by itself */
        assert_int_equal(w.received, 3 * sizeof(piece));
        sp_exchange_finish(w.held);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.reset, 0);
        close_world(&w);
}

static void a_response_cut_short_is_reset(void **state)
{
        struct world w = { .holds = true };

        (void)state;
        open_world(&w);
        send_request(&w, get);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, 5), 0);
        assert_int_equal(sp_exchange_write(w.held, SP_STR("abc")), 0);
        exchange_bytes(&w, SIZE_MAX);
        sp_exchange_finish(w.held);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.reset, NGHTTP2_INTERNAL_ERROR + 1);
        close_world(&w);
}

static void a_reset_by_the_client_aborts_the_exchange(void **state)
{
        struct world w = { .holds = true };

        (void)state;
        open_world(&w);
        send_request(&w, get);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(nghttp2_submit_rst_stream(w.client, 0, 1, NGHTTP2_CANCEL), 0);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.aborts, 1);
        /* and the end of the connection aborts what is left */
        send_request(&w, get);
        exchange_bytes(&w, SIZE_MAX);
        assert_non_null(w.held);
        close_world(&w);
        assert_int_equal(w.aborts, 2);
}

static void rapid_resets_end_the_connection(void **state)
{
        struct world w = { .holds = true };
        int i;

        (void)state;
        open_world(&w);
        for (i = 0; i < 1000 && w.broken == 0 && !w.goaway; i++) {
                send_request(&w, get);
                exchange_bytes(&w, SIZE_MAX);
                (void)nghttp2_submit_rst_stream(w.client, 0, 2 * i + 1, NGHTTP2_CANCEL);
                exchange_bytes(&w, SIZE_MAX);
        }
        assert_int_equal(i, SP_H2_RESETS_MAX + 1);
        assert_int_equal(w.goaway, NGHTTP2_ENHANCE_YOUR_CALM + 1);
        assert_true(w.protocol->ops->is_done(w.protocol));
        close_world(&w);
}

static int feed(struct world *w, const char *bytes, size_t n)
{
        int r = w->protocol->ops->input(w->protocol, sp_str(bytes, n));

        (void)deliver(w);
        return r;
}

static void floods_end_the_connection(void **state)
{
        static const struct {
                const char *sentence, *first, *frame;
                size_t first_n, frame_n;
        } floods[] = {
                { "PING", "", "\0\0\x08\x06\0\0\0\0\0abcdefgh", 0, 17 },
                { "SETTINGS", "", "\0\0\0\x04\0\0\0\0\0", 0, 9 },
                { "PRIORITY", "", "\0\0\x05\x02\0\0\0\0\x03\0\0\0\0\x01", 0, 14 },
                /* an unfinished head, then empty parts of it for ever */
                { "CONTINUATION", "\0\0\x01\x01\0\0\0\0\x01\x82",
                  "\0\0\0\x09\0\0\0\0\x01", 10, 9 },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(floods); i++) {
                struct world w = { .requests = 0 };
                int n, r = 0;

                open_world(&w);
                exchange_bytes(&w, SIZE_MAX);
                if (floods[i].first_n)
                        assert_int_equal(feed(&w, floods[i].first, floods[i].first_n),
                                         0);
                for (n = 0; n < 5000 && r == 0; n++) {
                        if (w.protocol->ops->is_done(w.protocol))
                                break;
                        r = feed(&w, floods[i].frame, floods[i].frame_n);
                }
                SP_CHECK(floods[i].sentence, n < 5000);
                close_world(&w);
        }
}

static void too_many_streams_are_refused(void **state)
{
        struct world w = { .holds = true };

        (void)state;
        open_world(&w);
        for (int i = 0; i < 20; i++)
                send_request(&w, get);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.requests, 8);
        close_world(&w);
        assert_int_equal(w.aborts, 8);
}

/* Asked again later: first told, then cut off; the connection goes on. */
static void an_unfinished_request_is_given_up(void **state)
{
        struct world w = { .requests = 0 };
        struct serve2 *t;
        nghttp2_nv list[4];

        (void)state;
        open_world(&w);
        t = (struct serve2 *)w.protocol;
        for (size_t n = 0; n < 4; n++)
                list[n] = field(post[2 * n], post[2 * n + 1]);
        assert_true(nghttp2_submit_headers(w.client, NGHTTP2_FLAG_NONE, -1, NULL, list,
                                           4, NULL) > 0);
        exchange_bytes(&w, SIZE_MAX);
        assert_non_null(t->streams);
        assert_true(w.pipe.deadline_us <= sp_clock_us() + SP_BODY_TIMEOUT_US);
        for (int i = 0; i < 2; i++) {
                w.protocol->ops->timeout(w.protocol);
                exchange_bytes(&w, SIZE_MAX);
                assert_int_equal(w.status, i ? 408 : 0); /* not before its time */
                t->streams->begun_us -= SP_BODY_TIMEOUT_US;
        }
        assert_int_equal(w.reset, 0);
        w.protocol->ops->timeout(w.protocol);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.reset, NGHTTP2_NO_ERROR + 1);
        assert_int_equal(w.goaway, 0);
        send_request(&w, get);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.requests, 1);
        close_world(&w);
}

static void what_comes_behind_an_early_answer_is_bounded(void **state)
{
        static char big[24 * 1024 * 1024];
        struct world w = { .upload = big, .upload_n = sizeof(big) };

        (void)state;
        open_world(&w);
        send_request(&w, post);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.status, 413);
        assert_int_equal(w.reset, NGHTTP2_NO_ERROR + 1);
        assert_true(w.upload_at < sizeof(big));
        close_world(&w);
}

static void silence_ends_the_connection(void **state)
{
        struct world w = { .requests = 0 };

        (void)state;
        open_world(&w);
        exchange_bytes(&w, SIZE_MAX);
        assert_true(w.pipe.deadline_us > sp_clock_us());
        w.protocol->ops->timeout(w.protocol);
        exchange_bytes(&w, SIZE_MAX);
        assert_int_equal(w.goaway, NGHTTP2_NO_ERROR + 1);
        assert_true(w.protocol->ops->is_done(w.protocol));
        close_world(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(requests_are_read_or_refused),
                cmocka_unit_test(bodies_are_taken_up_to_the_limit),
                cmocka_unit_test(many_bodies_go_through_one_connection),
                cmocka_unit_test(heads_have_limits),
                cmocka_unit_test(responses_wait_for_flow_and_for_the_client),
                cmocka_unit_test(a_response_cut_short_is_reset),
                cmocka_unit_test(a_reset_by_the_client_aborts_the_exchange),
                cmocka_unit_test(rapid_resets_end_the_connection),
                cmocka_unit_test(floods_end_the_connection),
                cmocka_unit_test(too_many_streams_are_refused),
                cmocka_unit_test(an_unfinished_request_is_given_up),
                cmocka_unit_test(what_comes_behind_an_early_answer_is_bounded),
                cmocka_unit_test(silence_ends_the_connection),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
