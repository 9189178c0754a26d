/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/upstream and roles/ahead against a server of their own: however the records of an answer
 * arrive, all of it comes out, at once, and nothing of it is taken for the next.
 */
#include "tests/test.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/roles/upstream.h"
#include "tests/unit/worker_front.h"

#define NAME "upstream.example"
#define PATIENCE_US (10 * SP_USEC_PER_SEC) /* far less than a timeout of the upstream */

static char at(size_t i)
{
        return (char)(i * 2654435761u >> 13);
}

/* In place of libc's, for libcurl too. */
static size_t reads;
ssize_t recv(int fd, void *to, size_t n, int flags)
{
        reads++;
        return syscall(SYS_recvfrom, fd, to, n, flags, NULL, NULL);
}

/* ---- the server: a process that answers "/KIND/BODY/RECORD/SEGMENT" ---- */

enum kind {
        LENGTH,
        CHUNKED,
        UNTIL_CLOSED,
        CHANGED, /* on its way: one bit, in the last record */
        BEHIND, /* an answer to nothing right behind it, in the same segment */
};

struct client {
        int fd;
        SSL *ssl;
        BIO *in, *out;
        size_t record, segment;
};

static void send_all(int fd, const char *p, size_t n)
{
        for (size_t done = 0; done < n;) {
                ssize_t r = send(fd, p + done, n - done, MSG_NOSIGNAL);

                if (r <= 0)
                        _exit(0);
                done += (size_t)r;
        }
}

/* All that OpenSSL has for the client, so many bytes a send; 0: all at once. */
static void flush(struct client *c)
{
        char *p;
        size_t n = (size_t)BIO_get_mem_data(c->out, &p);

        for (size_t done = 0; done < n;) {
                size_t some = SP_MIN(c->segment ? c->segment : n, n - done);

                send_all(c->fd, p + done, some);
                done += some;
        }
        (void)BIO_reset(c->out);
}

static bool hear(struct client *c)
{
        char text[4096];
        ssize_t n = recv(c->fd, text, sizeof(text), 0);

        return n > 0 && BIO_write(c->in, text, (int)n) == n;
}

static void put(struct client *c, const char *p, size_t n)
{
        for (size_t done = 0; done < n;) {
                size_t some = SP_MIN(c->record, n - done);

                if (SSL_write(c->ssl, p + done, (int)some) != (int)some)
                        _exit(1);
                done += some;
        }
}

static void answer(struct client *c, enum kind kind, size_t n)
{
        static const char *const how[] = { "content-length: %zu\r\n\r\n",
                                           "transfer-encoding: chunked\r\n\r\n%zx\r\n",
                                           "connection: close\r\n\r\n",
                                           "content-length: %zu\r\n\r\n",
                                           "content-length: %zu\r\n\r\n" };
        char *all = malloc(n + 1000), *p;
        int head = sprintf(all, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n");

        head += sprintf(all + head, how[kind], n);
        for (size_t i = 0; i < n; i++)
                all[(size_t)head + i] = at(i);
        n += (size_t)head;
        if (kind == CHUNKED)
                n += (size_t)sprintf(all + n, "\r\n0\r\n\r\n");
        put(c, all, n);
        if (kind == BEHIND)
                put(c, all, n);
        if (kind == UNTIL_CLOSED)
                (void)SSL_shutdown(c->ssl);
        if (kind == CHANGED) {
                n = (size_t)BIO_get_mem_data(c->out, &p);
                p[n - 1] ^= 1;
        }
        flush(c);
        free(all);
}

static void serve_one(SSL_CTX *context, int fd)
{
        struct client c = { .fd = fd,
                            .ssl = SSL_new(context),
                            .in = BIO_new(BIO_s_mem()),
                            .out = BIO_new(BIO_s_mem()) };
        char head[4096];

        SSL_set_bio(c.ssl, c.in, c.out);
        while (SSL_accept(c.ssl) != 1) {
                flush(&c);
                if (!hear(&c))
                        return;
        }
        flush(&c);
        for (;;) {
                unsigned kind;
                size_t body;
                int n = SSL_read(c.ssl, head, sizeof(head) - 1);

                if (n <= 0) {
                        if (!hear(&c))
                                return;
                        continue;
                }
                head[n] = 0; /* our requests are one record */
                if (sscanf(head, "GET /%u/%zu/%zu/%zu ", &kind, &body, &c.record,
                           &c.segment) != 4)
                        return;
                answer(&c, kind, body);
                if (kind == UNTIL_CLOSED)
                        return;
        }
}

static void serve(int listener, const char *chain, const char *key, int version)
{
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());
        BIO *b = BIO_new_mem_buf(chain, -1);
        X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
        BIO *k = BIO_new_mem_buf(key, -1);
        int fd;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)SSL_CTX_set_max_proto_version(context, version);
        (void)SSL_CTX_use_certificate(context, x);
        (void)SSL_CTX_use_PrivateKey(context,
                                     PEM_read_bio_PrivateKey(k, NULL, NULL, NULL));
        while ((fd = accept(listener, NULL, NULL)) >= 0) {
                int one = 1;

                (void)setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one,
                                 sizeof(one));
                if (fork() == 0) {
                        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                        serve_one(context, fd);
                        _exit(0);
                }
                (void)close(fd);
        }
        _exit(0);
}

/* ---- the world ---- */

struct world {
        uv_loop_t loop;
        struct sp_settings settings;
        struct sp_upstream *upstream;
        pid_t server;
        char ca[64], to[32];
};

static void open_world(struct world *w, int version)
{
        char *chain, *key;
        uint16_t port = 0;
        int fd, listener = front_listener("127.0.0.1", 0, &port);

        *w = (struct world){ .ca = "/tmp/sallyport-upstream-XXXXXX" };
        front_leaf(NAME, &chain, &key);
        fd = mkstemp(w->ca);
        assert_true(fd >= 0 && listener >= 0);
        assert_int_equal(write(fd, chain, strlen(chain)), strlen(chain));
        (void)close(fd);
        w->server = fork();
        assert_true(w->server >= 0);
        if (w->server == 0)
                serve(listener, chain, key, version);
        (void)close(listener);
        free(chain);
        free(key);
        (void)snprintf(w->to, sizeof(w->to), "127.0.0.1:%u", port);
        w->settings.upstream.connect_to = sp_str_c(w->to);
        w->settings.upstream.ca_file = sp_str_c(w->ca);
        w->settings.upstream.timeout_us = 60 * SP_USEC_PER_SEC;
        assert_int_equal(uv_loop_init(&w->loop), 0);
        assert_int_equal(sp_upstream_new(&w->loop, &w->settings, &w->upstream), 0);
}

static void close_world(struct world *w)
{
        w->upstream = sp_upstream_free(w->upstream);
        assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&w->loop), 0);
        (void)kill(w->server, SIGKILL);
        (void)waitpid(w->server, NULL, 0);
        (void)unlink(w->ca);
}

struct got {
        struct sp_transfer *transfer;
        size_t bytes, pause_each; /* 0: never paused */
        size_t paused_at;
        unsigned status, dones;
        bool is_wrong, is_paused;
        int error;
};

static void on_head(void *userdata, unsigned status)
{
        ((struct got *)userdata)->status = status;
}

static void on_data(void *userdata, struct sp_str piece)
{
        struct got *g = userdata;

        for (size_t i = 0; i < piece.n; i++)
                g->is_wrong |= piece.p[i] != at(g->bytes + i);
        g->bytes += piece.n;
        if (g->pause_each && g->bytes - g->paused_at >= g->pause_each) {
                g->paused_at = g->bytes;
                g->is_paused = true;
                sp_transfer_pause(g->transfer);
        }
}

static void on_done(void *userdata, int err, const char *what)
{
        struct got *g = userdata;

        (void)what;
        g->error = err;
        g->dones++;
}

static const struct sp_transfer_hooks hooks = { on_head, on_data, on_done };

static void ask(struct world *w, struct got *g, enum kind kind, size_t body,
                size_t record, size_t segment)
{
        char path[100];
        struct sp_upstream_request r = { .method = SP_STR("GET"),
                                         .host = SP_STR(NAME) };

        (void)snprintf(path, sizeof(path), "/%u/%zu/%zu/%zu", (unsigned)kind, body,
                       record, segment);
        r.path_and_query = sp_str_c(path);
        assert_int_equal(sp_upstream_send(w->upstream, &r, SP_STR_NULL, NULL, &hooks, g,
                                          &g->transfer),
                         0);
}

static void on_tick(uv_timer_t *t)
{
        (void)t;
}

/* Until all of them have ended; what is paused goes on in the turn after the next. */
static void wait_for(struct world *w, struct got *g, size_t n)
{
        uint64_t end = sp_clock_us() + PATIENCE_US;
        uv_timer_t tick;
        size_t done = 0;

        assert_int_equal(uv_timer_init(&w->loop, &tick), 0);
        assert_int_equal(uv_timer_start(&tick, on_tick, 1, 1), 0);
        while (done < n && sp_clock_us() < end) {
                bool was_paused[8] = { false };

                for (size_t i = 0; i < n; i++)
                        was_paused[i] = g[i].is_paused;
                (void)uv_run(&w->loop, UV_RUN_ONCE);
                done = 0;
                for (size_t i = 0; i < n; i++) {
                        if (was_paused[i] && !g[i].dones) {
                                g[i].is_paused = false;
                                sp_transfer_resume(g[i].transfer);
                        }
                        done += g[i].dones;
                }
        }
        uv_close((uv_handle_t *)&tick, NULL);
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
}

static const size_t records[] = { 16384, 16383, 8192, 100 };
static const size_t segments[] = { 0, 16406, 20000, 70000 };
static const size_t bodies[] = { 0, 1, 16384, 100000, 400003 };

static void every_answer_is_whole(const char *sentence, int version, enum kind kind,
                                  size_t pause_each)
{
        struct world w;

        open_world(&w, version);
        for (size_t b = 0; b < SP_ARRAY_SIZE(bodies); b++)
                for (size_t r = 0; r < SP_ARRAY_SIZE(records); r++)
                        for (size_t s = 0; s < SP_ARRAY_SIZE(segments); s++) {
                                struct got g = { .pause_each = pause_each };

                                if (kind == CHUNKED && !bodies[b])
                                        continue; /* its chunk would be the last */
                                ask(&w, &g, kind, bodies[b], records[r], segments[s]);
                                wait_for(&w, &g, 1);
                                if (g.dones != 1 || g.error || g.is_wrong ||
                                    g.status != 200 || g.bytes != bodies[b])
                                        fail_msg("%s: body %zu, records of %zu, "
                                                 "segments of %zu: %u ends, error %d, "
                                                 "%zu bytes",
                                                 sentence, bodies[b], records[r],
                                                 segments[s], g.dones, g.error,
                                                 g.bytes);
                        }
        close_world(&w);
}

static void an_answer_ends_however_its_records_arrive(void **state)
{
        (void)state;
        every_answer_is_whole("length", TLS1_3_VERSION, LENGTH, 0);
        every_answer_is_whole("length, TLS 1.2", TLS1_2_VERSION, LENGTH, 0);
        every_answer_is_whole("chunked", TLS1_3_VERSION, CHUNKED, 0);
        every_answer_is_whole("until it is closed", TLS1_3_VERSION, UNTIL_CLOSED, 0);
}

static void a_paused_answer_goes_on(void **state)
{
        (void)state;
        every_answer_is_whole("length", TLS1_3_VERSION, LENGTH, 30000);
        every_answer_is_whole("chunked", TLS1_3_VERSION, CHUNKED, 30000);
        every_answer_is_whole("often", TLS1_3_VERSION, CHUNKED, 7000);
}

static void many_records_take_one_read(void **state)
{
        struct got g = { .pause_each = 0 };
        struct world w;

        (void)state;
        open_world(&w, TLS1_3_VERSION);
        ask(&w, &g, LENGTH, 1000000, 2000, 0);
        wait_for(&w, &g, 1);
        assert_true(g.dones == 1 && g.bytes == 1000000);
        reads = 0;
        g = (struct got){ .pause_each = 0 };
        ask(&w, &g, LENGTH, 1000000, 2000, 0);
        wait_for(&w, &g, 1);
        assert_true(g.dones == 1 && g.bytes == 1000000);
        assert_true(reads > 0 &&
                    reads < 250); /* of 500 records, 1000 as OpenSSL reads */
        close_world(&w);
}

static void what_comes_behind_an_answer_is_not_the_next_one(void **state)
{
        struct world w;

        (void)state;
        open_world(&w, TLS1_3_VERSION);
        for (size_t i = 0; i < SP_ARRAY_SIZE(records); i++) {
                struct got g[2] = { { .pause_each = 0 }, { .pause_each = 0 } };

                ask(&w, &g[0], BEHIND, 5000, records[i], 0);
                wait_for(&w, &g[0], 1);
                assert_true(g[0].dones == 1 && g[0].error == 0 && g[0].bytes == 5000);
                ask(&w, &g[1], LENGTH, 7000, records[i], 0);
                wait_for(&w, &g[1], 1);
                assert_true(g[1].dones == 1 && g[1].error == 0 && !g[1].is_wrong);
                assert_int_equal(g[1].bytes, 7000);
        }
        close_world(&w);
}

static void a_record_that_was_changed_ends_it(void **state)
{
        struct world w;

        (void)state;
        open_world(&w, TLS1_3_VERSION);
        for (size_t r = 0; r < SP_ARRAY_SIZE(records); r++)
                for (size_t s = 0; s < SP_ARRAY_SIZE(segments); s++) {
                        struct got g = { .pause_each = r == 1 ? 30000 : 0 };

                        ask(&w, &g, CHANGED, 200000, records[r], segments[s]);
                        wait_for(&w, &g, 1);
                        if (g.dones != 1 || g.error >= 0)
                                fail_msg("records of %zu, segments of %zu: %u ends, "
                                         "error %d, %zu bytes",
                                         records[r], segments[s], g.dones, g.error,
                                         g.bytes);
                        assert_true(g.bytes < 200000 && !g.is_wrong);
                }
        close_world(&w);
}

static void one_that_waits_holds_up_nobody(void **state)
{
        struct got g[4] = { { .pause_each = 0 } };
        struct world w;

        (void)state;
        open_world(&w, TLS1_3_VERSION);
        g[0].pause_each = 1;
        ask(&w, &g[0], LENGTH, 400000, 1000, 0);
        for (uint64_t end = sp_clock_us() + PATIENCE_US;
             !g[0].is_paused && sp_clock_us() < end;)
                (void)uv_run(&w.loop, UV_RUN_ONCE);
        assert_true(g[0].is_paused);
        for (size_t i = 1; i < 4; i++)
                ask(&w, &g[i], CHUNKED, 100000 + i, 16384, 0);
        wait_for(&w, &g[1], 3);
        for (size_t i = 1; i < 4; i++)
                assert_true(g[i].dones == 1 && g[i].bytes == 100000 + i);
        assert_true(g[0].dones == 0 && g[0].bytes < 20000);
        close_world(&w); /* with what was read for it and not decrypted */
}

static void on_data_cancel(void *userdata, struct sp_str piece)
{
        struct got *g = userdata;

        g->bytes += piece.n;
        sp_transfer_cancel(g->transfer);
}

static void it_may_be_cancelled_with_more_to_read(void **state)
{
        static const struct sp_transfer_hooks cancels = { on_head, on_data_cancel,
                                                          on_done };
        struct got g = { .pause_each = 0 }, after = { .pause_each = 0 };
        struct sp_upstream_request r = { .method = SP_STR("GET"),
                                         .host = SP_STR(NAME),
                                         .path_and_query = SP_STR("/0/400000/1000/0") };
        struct world w;

        (void)state;
        open_world(&w, TLS1_3_VERSION);
        assert_int_equal(sp_upstream_send(w.upstream, &r, SP_STR_NULL, NULL, &cancels,
                                          &g, &g.transfer),
                         0);
        for (uint64_t end = sp_clock_us() + PATIENCE_US;
             !g.bytes && sp_clock_us() < end;)
                (void)uv_run(&w.loop, UV_RUN_ONCE);
        ask(&w, &after, LENGTH, 9000, 1000, 0);
        wait_for(&w, &after, 1);
        assert_true(after.dones == 1 && after.error == 0 && after.bytes == 9000);
        assert_true(g.dones == 0 && g.bytes > 0 && g.bytes <= 1000);
        close_world(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_answer_ends_however_its_records_arrive),
                cmocka_unit_test(a_paused_answer_goes_on),
                cmocka_unit_test(many_records_take_one_read),
                cmocka_unit_test(what_comes_behind_an_answer_is_not_the_next_one),
                cmocka_unit_test(a_record_that_was_changed_ends_it),
                cmocka_unit_test(one_that_waits_holds_up_nobody),
                cmocka_unit_test(it_may_be_cancelled_with_more_to_read),
        };

        (void)signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
