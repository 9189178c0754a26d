/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>

#include "daemon/roles/origin.h"
#include "tests/unit/worker_front.h"

#define NAME "bigquery.googleapis.com"
#define PATIENCE_US (5 * SP_USEC_PER_SEC)

/* A front in this thread's loop, and what its hooks saw. The clients of the tests live
 * in the same thread and turn the loop whenever they would block. */
struct world {
        uv_loop_t loop;
        struct sp_settings settings;
        struct sp_front *front;
        uint16_t port;
        struct sp_origin origin;
        int origin_error;

        char *chain, *key;
        int leaf_error, leaves_asked;
        bool leaf_waits;
        sp_leaf_fn leaf_done;
        void *leaf_data;

        struct sp_exchange *held; /* the last request, when `holds` */
        bool holds;
        int requests, aborts, drains;
        char last[600]; /* the last request in one line */
        char why[64]; /* the last on_connection */
        SSL_SESSION *session;
        uint64_t network; /* where the listener is */
        bool hides_name; /* clients send an encrypted hello as well */
};

static void turn(struct world *w)
{
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
}

#define WAIT_FOR(w, condition)                                                         \
        do {                                                                           \
                uint64_t until_ = sp_clock_us() + PATIENCE_US;                         \
                while (!(condition)) {                                                 \
                        if (sp_clock_us() > until_)                                    \
                                fail_msg("waited in vain for %s", #condition);         \
                        turn(w);                                                       \
                }                                                                      \
        } while (0)

static int fake_origin(void *userdata, int fd, struct sp_origin *ret)
{
        struct world *w = userdata;

        (void)fd;
        *ret = w->origin;
        return w->origin_error;
}

static void get_leaf(void *userdata, struct sp_str sni, sp_leaf_fn done,
                     void *done_data)
{
        struct world *w = userdata;

        (void)sni;
        w->leaves_asked++;
        if (w->leaf_waits) {
                w->leaf_done = done;
                w->leaf_data = done_data;
        } else {
                done(done_data, w->leaf_error, sp_str_c(w->chain), sp_str_c(w->key));
        }
}

static void on_connection(void *userdata, const struct sp_origin *origin,
                          struct sp_str name, const char *why)
{
        struct world *w = userdata;

        (void)origin, (void)name;
        (void)snprintf(w->why, sizeof(w->why), "%s", why);
}

static void on_abort(struct sp_exchange *x)
{
        struct world *w = x->flow;

        w->aborts++;
        if (!w->holds)
                sp_exchange_finish(x);
}

static void on_drain(struct sp_exchange *x)
{
        ((struct world *)x->flow)->drains++;
}

static void on_request(void *userdata, struct sp_exchange *x)
{
        struct world *w = userdata;
        const struct sp_request *q = &x->request;

        w->requests++;
        (void)snprintf(w->last, sizeof(w->last),
                       "%.*s %.*s://%.*s%.*s?%.*s sni=%.*s [%.*s]", SP_FMT(q->method),
                       SP_FMT(q->scheme), SP_FMT(q->authority), SP_FMT(q->path),
                       SP_FMT(q->query), SP_FMT(q->sni), SP_FMT(q->body));
        x->flow = w;
        x->on_abort = on_abort;
        x->on_drain = on_drain;
        if (w->holds)
                w->held = x;
        else
                sp_exchange_answer(x, 200, sp_str_c(w->last));
}

static void open_world(struct world *w, bool is_metadata)
{
        const struct sp_front_hooks hooks = { .userdata = w,
                                              .on_request = on_request,
                                              .get_leaf = get_leaf,
                                              .on_connection = on_connection };
        int fd;

        assert_int_equal(uv_loop_init(&w->loop), 0);
        if (w->settings.limits.body_max_bytes == 0)
                w->settings = front_settings();
        w->origin.guard_id = 7;
        w->origin.dst_port = 443;
        w->origin.family = AF_INET;
        w->origin.is_metadata = is_metadata;
        front_leaf(NAME, &w->chain, &w->key);
        assert_int_equal(sp_front_new(&w->loop, &w->settings, &hooks, &w->front), 0);
        sp_front_set_origin_fn(w->front, fake_origin, w);
        fd = front_listener("127.0.0.1", 0, &w->port);
        assert_true(fd >= 0);
        assert_int_equal(sp_front_listen(w->front, fd, is_metadata, w->network), 0);
}

static void close_world(struct world *w)
{
        w->front = sp_front_free(w->front);
        assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&w->loop), 0);
        SSL_SESSION_free(w->session);
        free(w->chain);
        free(w->key);
}

static int dial(struct world *w)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(w->port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        return fd;
}

/* Reads until `until` is in the text, the end, or patience is over. */
static void hear(struct world *w, int fd, SSL *ssl, const char *until, char *to,
                 size_t size)
{
        uint64_t end = sp_clock_us() + PATIENCE_US;
        size_t n = 0;

        to[0] = '\0';
        while (n + 1 < size && sp_clock_us() < end && !(until && strstr(to, until))) {
                ssize_t r = ssl ? SSL_read(ssl, to + n, (int)(size - 1 - n))
                                : recv(fd, to + n, size - 1 - n, 0);

                if (r > 0) {
                        n += (size_t)r;
                        to[n] = '\0';
                        continue;
                }
                if (ssl ? SSL_get_error(ssl, (int)r) != SSL_ERROR_WANT_READ
                        : (r == 0 || errno != EAGAIN))
                        return;
                turn(w);
        }
}

static void say(struct world *w, int fd, SSL *ssl, struct sp_str s)
{
        uint64_t end = sp_clock_us() + PATIENCE_US;

        while (s.n && sp_clock_us() < end) {
                ssize_t r = ssl ? SSL_write(ssl, s.p, (int)s.n)
                                : send(fd, s.p, s.n, MSG_NOSIGNAL);

                if (r > 0)
                        s = sp_str_sub(s, (size_t)r, s.n);
                else
                        turn(w);
        }
        assert_int_equal(s.n, 0);
}

/* Outer, HKDF-SHA256, AES-128-GCM, key 0x2a, a share of 32 bytes, 48 encrypted bytes. */
static const unsigned char encrypted_hello[1 + 5 + 2 + 32 + 2 + 48] = {
        [2] = 1, [4] = 1, [5] = 0x2a, [7] = 32, [41] = 48
};

static int add_encrypted_hello(SSL *s, unsigned type, const unsigned char **out,
                               size_t *n, int *alert, void *arg)
{
        (void)s, (void)type, (void)alert, (void)arg;
        *out = encrypted_hello;
        *n = sizeof(encrypted_hello);
        return 1;
}

static SSL_CTX *client_context(bool hides_name)
{
        SSL_CTX *c = SSL_CTX_new(TLS_client_method());

        if (hides_name)
                assert_int_equal(SSL_CTX_add_client_custom_ext(c, 0xfe0d,
                                                               add_encrypted_hello,
                                                               NULL, NULL, NULL, NULL),
                                 1);
        return c;
}

/* 1 when the handshake succeeds. ALPN in wire form. */
static int shake(struct world *w, int fd, const char *sni, const char *alpn,
                 int version, SSL **ret)
{
        SSL_CTX *c = client_context(w->hides_name);
        SSL *ssl;
        uint64_t end = sp_clock_us() + PATIENCE_US;
        int r;

        if (version) {
                SSL_CTX_set_max_proto_version(c, version);
                SSL_CTX_set_min_proto_version(c, version);
        }
        ssl = SSL_new(c);
        SSL_CTX_free(c);
        if (sni)
                SSL_set_tlsext_host_name(ssl, sni);
        if (alpn)
                SSL_set_alpn_protos(ssl, (const unsigned char *)alpn,
                                    (unsigned)strlen(alpn));
        if (w->session)
                SSL_set_session(ssl, w->session);
        SSL_set_fd(ssl, fd);
        while ((r = SSL_connect(ssl)) != 1 && sp_clock_us() < end) {
                int e = SSL_get_error(ssl, r);

                if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
                        break;
                turn(w);
        }
        *ret = ssl;
        return r == 1;
}

/* A request of a new connection, held. */
static int ask_held(struct world *w)
{
        int fd = dial(w);

        w->held = NULL;
        say(w, fd, NULL, SP_STR("GET / HTTP/1.1\r\nHost: metadata\r\n\r\n"));
        WAIT_FOR(w, w->held != NULL);
        return fd;
}

static void end_client(int fd, SSL *ssl)
{
        SSL_free(ssl);
        (void)close(fd);
}

static void metadata_is_plain_http(void **state)
{
        struct world w = { .port = 0 };
        char got[4096];
        int fd;

        (void)state;
        open_world(&w, true);
        fd = dial(&w);
        say(&w, fd, NULL,
            SP_STR("GET /computeMetadata/v1/?a=b HTTP/1.1\r\n"
                   "Host: 169.254.169.254\r\n\r\n"));
        hear(&w, fd, NULL, "[]", got, sizeof(got));
        assert_non_null(strstr(got, "HTTP/1.1 200 OK\r\n"));
        assert_non_null(strstr(got,
                               "GET http://169.254.169.254/computeMetadata/v1/?a=b "
                               "sni= []"));
        /* three at once on the same connection, answered in order */
        say(&w, fd, NULL,
            SP_STR("GET /1 HTTP/1.1\r\nHost: metadata\r\n\r\n"
                   "POST /2 HTTP/1.1\r\nHost: metadata\r\nContent-Length: 2\r\n\r\nxy"
                   "HEAD /3 HTTP/1.1\r\nHost: metadata\r\nConnection: close\r\n\r\n"));
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_true(strstr(got, "/1?") < strstr(got, "/2?"));
        assert_non_null(strstr(got, "[xy]"));
        assert_null(strstr(got, "/3?")); /* HEAD: no body */
        assert_non_null(strstr(got, "connection: close\r\n\r\n"));
        assert_int_equal(w.requests, 4);
        assert_int_equal(sp_front_counters(w.front)->requests, 4);
        (void)close(fd);
        close_world(&w);
}

static void a_bad_request_is_answered_and_ends_the_connection(void **state)
{
        struct world w = { .port = 0 };
        char got[4096];
        int fd;

        (void)state;
        open_world(&w, true);
        fd = dial(&w);
        say(&w, fd, NULL,
            SP_STR("POST / HTTP/1.1\r\nHost: metadata\r\nContent-Length: 4\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled "
                   "HTTP/1.1\r\n"
                   "Host: metadata\r\n\r\n"));
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_non_null(strstr(got, "HTTP/1.1 400 Bad Request\r\n"));
        assert_non_null(strstr(got,
                               "{\"error\":{\"code\":400,\"message\":\"Content-Length "
                               "and Transfer-Encoding together\",\"status\":"
                               "\"INVALID_ARGUMENT\"}}"));
        assert_int_equal(w.requests, 0);
        (void)close(fd);
        close_world(&w);
}

static void without_an_origin_there_is_no_service(void **state)
{
        struct world w = { .origin_error = -ENOENT };
        char got[64];
        int fd;

        (void)state;
        open_world(&w, true);
        fd = dial(&w);
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_string_equal(got, "");
        assert_int_equal(sp_front_counters(w.front)->no_origin, 1);
        assert_string_equal(w.why, "origin.missing");
        (void)close(fd);

        /* registered, but for the other listener */
        w.origin_error = 0;
        w.origin.is_metadata = 0;
        fd = dial(&w);
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_string_equal(w.why, "origin.mismatch");
        (void)close(fd);
        /* and with no map at all */
        sp_front_set_origin_fn(w.front, NULL, NULL);
        fd = dial(&w);
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_string_equal(w.why, "origin.missing");
        assert_int_equal(sp_front_counters(w.front)->open, 0);
        (void)close(fd);
        close_world(&w);
}

/* A socket storage map like the guard's; -errno where the kernel does not let us. */
static int make_storage(void)
{
        LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = BPF_F_NO_PREALLOC);
        struct btf *b = btf__new_empty();
        int fd, word, array;

        if (!b)
                return -ENOMEM;
        o.btf_key_type_id = (uint32_t)btf__add_int(b, "int", 4, BTF_INT_SIGNED);
        word = btf__add_int(b, "unsigned long", 8, 0);
        array = btf__add_array(b, word, word, sizeof(struct sp_origin) / 8);
        o.btf_value_type_id =
                (uint32_t)btf__add_struct(b, "origin", sizeof(struct sp_origin));
        (void)btf__add_field(b, "words", array, 0, 0);
        fd = btf__load_into_kernel(b);
        if (fd == 0) {
                o.btf_fd = (uint32_t)btf__fd(b);
                fd = bpf_map_create(BPF_MAP_TYPE_SK_STORAGE, "origins", 4,
                                    sizeof(struct sp_origin), 0, &o);
        }
        btf__free(b);
        return fd;
}

static void origins_come_from_the_kernel(void **state)
{
        struct sp_origin put = { .guard_id = 9, .pid = 42, .dst_port = 443 };
        struct sp_origin got = { .guard_id = 0 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int map = make_storage();

        (void)state;
        if (map < 0) {
                (void)close(fd);
                print_message("no socket storage map: %s\n", strerror(-map));
                skip();
        }
        assert_int_equal(sp_origin_read(map, fd, &got), -ENOENT);
        assert_int_equal(bpf_map_update_elem(map, &fd, &put, BPF_ANY), 0);
        assert_int_equal(sp_origin_read(map, fd, &got), 0);
        assert_memory_equal(&got, &put, sizeof(got));
        put.guard_id = 0; /* storage without an owner is no origin */
        assert_int_equal(bpf_map_update_elem(map, &fd, &put, BPF_ANY), 0);
        assert_int_equal(sp_origin_read(map, fd, &got), -ENOENT);
        (void)close(map);
        assert_true(sp_origin_read(map, fd, &got) < 0);
        (void)close(fd);
}

/* Two ends of a connection over loopback; -1 each on failure. */
static void connect_pair(int ret[2])
{
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(a);
        int l = socket(AF_INET, SOCK_STREAM, 0);

        ret[0] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(l, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(l, 1), 0);
        assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
        assert_int_equal(connect(ret[0], (struct sockaddr *)&a, sizeof(a)), 0);
        ret[1] = accept(l, NULL, NULL);
        assert_true(ret[1] >= 0);
        (void)close(l);
}

static void an_origin_counts_while_its_connection_lasts(void **state)
{
        const struct sp_origin put = { .guard_id = 9, .cgroup_id = 11 };
        int map = make_storage(), fd[2], kept, pipes[2];
        struct sp_origin got;

        (void)state;
        if (map == -EPERM || map == -EACCES)
                skip();
        assert_true(map >= 0);
        connect_pair(fd);
        assert_int_equal(sp_origin_read_open(map, fd[1], &got), -ENOENT);
        assert_int_equal(bpf_map_update_elem(map, &fd[1], &put, BPF_ANY), 0);
        kept = dup(fd[1]); /* the same connection */
        assert_int_equal(sp_origin_read_open(map, kept, &got), 0);
        assert_int_equal(got.cgroup_id, 11);
        assert_int_equal(sp_origin_read_open(map, fd[0], &got), -ENOENT);
        assert_int_equal(shutdown(fd[0], SHUT_WR), 0); /* it said all, and waits */
        assert_int_equal(sp_origin_read_open(map, kept, &got), 0);
        (void)close(fd[1]);
        assert_int_equal(shutdown(kept, SHUT_RDWR), 0);
        (void)close(fd[0]);
        assert_int_equal(sp_origin_read(map, kept, &got),
                         0); /* storage is still there */
        assert_int_equal(sp_origin_read_open(map, kept, &got), -ENOTCONN);
        (void)close(kept);
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(sp_origin_read_open(map, pipes[0], &got), -ENOTSOCK);
        (void)close(pipes[0]);
        (void)close(pipes[1]);
        (void)close(map);
}

static void connections_have_a_limit(void **state)
{
        struct world w = { .settings = front_settings() };
        int fd[3];

        (void)state;
        w.settings.limits.connections_max = 2;
        open_world(&w, true);
        for (int i = 0; i < 3; i++)
                fd[i] = dial(&w);
        WAIT_FOR(&w, sp_front_counters(w.front)->accepted == 3);
        assert_int_equal(sp_front_counters(w.front)->open, 2);
        assert_string_equal(w.why, "origin.limit");
        for (int i = 0; i < 3; i++)
                (void)close(fd[i]);
        WAIT_FOR(&w, sp_front_counters(w.front)->open == 0);
        close_world(&w);
}

static void idle_connections_end(void **state)
{
        struct world w = { .settings = front_settings() };
        char got[64];
        int fd;

        (void)state;
        w.settings.limits.idle_timeout_us = 30 * SP_USEC_PER_MSEC;
        open_world(&w, true);
        fd = dial(&w);
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_string_equal(got, "");
        (void)close(fd);
        WAIT_FOR(&w, sp_front_counters(w.front)->open == 0);
        close_world(&w);
}

static void tls_serves_http1(void **state)
{
        static const struct {
                const char *sentence, *sni, *alpn;
                int version;
        } rows[] = {
                { "TLS 1.3 without ALPN", NAME, NULL, TLS1_3_VERSION },
                { "TLS 1.2 with ALPN http/1.1", NAME, "\x08http/1.1", TLS1_2_VERSION },
                { "upper case in the name", "BigQuery.GoogleAPIs.com", NULL, 0 },
        };
        struct world w = { .port = 0 };

        (void)state;
        open_world(&w, false);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                char got[4096];
                int fd = dial(&w);
                SSL *ssl;

                SP_CHECK(rows[i].sentence, shake(&w, fd, rows[i].sni, rows[i].alpn,
                                                 rows[i].version, &ssl));
                say(&w, fd, ssl,
                    SP_STR("POST /q HTTP/1.1\r\nHost: " NAME
                           "\r\nContent-Length: 3\r\n\r\nabc"));
                hear(&w, fd, ssl, "[abc]", got, sizeof(got));
                SP_CHECK(rows[i].sentence,
                         strstr(got, "POST https://" NAME "/q? sni=" NAME " [abc]"));
                end_client(fd, ssl);
        }
        assert_int_equal(w.leaves_asked, 1); /* cached */
        close_world(&w);
}

static void sessions_are_resumed(void **state)
{
        struct world w = { .port = 0 };

        (void)state;
        open_world(&w, false);
        for (int i = 0; i < 2; i++) {
                char got[1024];
                int fd = dial(&w);
                SSL *ssl;

                assert_true(shake(&w, fd, NAME, NULL, TLS1_3_VERSION, &ssl));
                say(&w, fd, ssl, SP_STR("GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n"));
                hear(&w, fd, ssl, "[]", got, sizeof(got));
                assert_int_equal(SSL_session_reused(ssl), i);
                SSL_SESSION_free(w.session);
                w.session = SSL_get1_session(ssl);
                (void)SSL_shutdown(ssl);
                end_client(fd, ssl);
        }
        close_world(&w);
}

static void tls_that_cannot_be_served_is_refused(void **state)
{
        static const struct {
                const char *sentence, *sni, *alpn;
                int version;
                const char *why;
        } rows[] = {
                { "no name", NULL, NULL, 0, "tls.no-sni" },
                { "a name with an underscore", "big_query.googleapis.com", NULL, 0,
                  "tls.bad-sni" },
                { "an unknown protocol", NAME, "\x06spdy/3", 0, "tls.handshake" },
                { "another name, when egress is refused", "b.example", NULL, 0,
                  "egress.refused" },
                { "a name that only ends like Google's", "evilgoogleapis.com", NULL, 0,
                  "egress.refused" },
        };
        struct world w = { .settings = front_settings() };
        char got[64];
        int fd;

        (void)state;
        w.settings.egress_splice = false;
        open_world(&w, false);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                SSL *ssl;

                fd = dial(&w);
                SP_CHECK(rows[i].sentence, !shake(&w, fd, rows[i].sni, rows[i].alpn,
                                                  rows[i].version, &ssl));
                SP_CHECK(rows[i].sentence, strcmp(w.why, rows[i].why) == 0);
                end_client(fd, ssl);
        }
        fd = dial(&w);
        say(&w, fd, NULL, SP_STR("GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n"));
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_int_equal(got[0], 21); /* an alert */
        assert_string_equal(w.why, "tls.not-tls");
        (void)close(fd);
        assert_int_equal(w.requests, 0);
        close_world(&w);
}

static void a_google_address_is_never_spliced(void **state)
{
        static const struct {
                const char *sentence, *address;
                uint16_t port;
                bool is_metadata, want;
        } rows[] = {
                { "a made-up name at a front end", "::ffff:142.250.1.2", 443, 0, 0 },
                { "private.googleapis.com", "::ffff:199.36.153.8", 443, 0, 0 },
                { "a front end over IPv6", "2607:f8b0:4005::1", 443, 0, 0 },
                { "a front end through NAT64", "64:ff9b::8efa:102", 443, 0, 0 },
                { "the last address of a range", "::ffff:142.251.255.255", 443, 0, 0 },
                { "the first behind it", "::ffff:142.252.0.0", 443, 0, 1 },
                { "somebody else", "::ffff:203.0.113.5", 443, 0, 1 },
                { "somebody else over IPv6", "2001:db8::5", 443, 0, 1 },
                { "another port", "::ffff:203.0.113.5", 8443, 0, 0 },
                { "the metadata server", "::ffff:203.0.113.5", 443, 1, 0 },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_origin o = { .dst_port = rows[i].port,
                                       .is_metadata = rows[i].is_metadata };

                assert_int_equal(inet_pton(AF_INET6, rows[i].address, o.dst_ip), 1);
                o.family = strncmp(rows[i].address, "::ffff:", 7) ? AF_INET6 : AF_INET;
                SP_CHECK(rows[i].sentence, sp_splice_is_allowed(&o) == rows[i].want);
                /* an IPv6 socket that was connected to the mapped address */
                o.family = AF_INET6;
                SP_CHECK(rows[i].sentence, sp_splice_is_allowed(&o) == rows[i].want);
        }
}

static void other_names_are_spliced_untouched(void **state)
{
        struct world w = { .port = 0 };
        static char big[8 * 1024 * 1024], got[sizeof(big) + 1];
        char hello[2048];
        uint16_t port;
        int server = front_listener("127.77.0.1", 443, &port), client, taken;
        BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new(BIO_s_mem());
        SSL_CTX *c = SSL_CTX_new(TLS_client_method());
        SSL *ssl = SSL_new(c);
        int n;
        size_t total = 0, sent = 0;

        (void)state;
        SSL_CTX_free(c);
        SSL_set_bio(ssl, in, out);
        if (server < 0) {
                SSL_free(ssl);
                print_message("port 443 of 127.77.0.1: %s\n", strerror(-server));
                skip();
        }
        open_world(&w, false);
        assert_int_equal(inet_pton(AF_INET, "127.77.0.1", &w.origin.dst_ip[3]), 1);
        SSL_set_tlsext_host_name(ssl, "www.example.org");
        (void)SSL_connect(ssl);
        n = BIO_read(out, hello, sizeof(hello));
        assert_true(n > 0);
        client = dial(&w);
        say(&w, client, NULL, sp_str(hello, 100)); /* in two pieces */
        for (int i = 0; i < 5; i++)
                turn(&w);
        say(&w, client, NULL, sp_str(hello + 100, (size_t)n - 100));
        WAIT_FOR(&w, sp_front_counters(w.front)->spliced == 1);
        assert_string_equal(w.why, "egress.spliced");
        assert_int_equal(fcntl(server, F_SETFL, O_NONBLOCK), 0);
        taken = -1;
        WAIT_FOR(&w, (taken = accept(server, NULL, NULL)) >= 0);
        assert_int_equal(fcntl(taken, F_SETFL, O_NONBLOCK), 0);
        while (total < (size_t)n) {
                ssize_t r = recv(taken, got + total, sizeof(got) - total, 0);

                if (r > 0)
                        total += (size_t)r;
                turn(&w);
        }
        assert_memory_equal(got, hello, (size_t)n);

        /* more than the sockets hold, to a client that reads late; then each half ends
         */
        memset(big, 'x', sizeof(big));
        for (int stuck = 0; sent < sizeof(big) && stuck < 1000; turn(&w)) {
                ssize_t r = send(taken, big + sent, sizeof(big) - sent, MSG_NOSIGNAL);

                stuck = r > 0 ? 0 : stuck + 1;
                sent += r > 0 ? (size_t)r : 0;
        }
        assert_int_equal(shutdown(taken, SHUT_WR), 0);
        total = 0;
        for (uint64_t end = sp_clock_us() + PATIENCE_US; sp_clock_us() < end;) {
                ssize_t r = recv(client, got, sizeof(got), 0);

                if (r == 0)
                        break;
                if (r > 0)
                        total += (size_t)r;
                turn(&w);
        }
        assert_int_equal(total, sent);
        say(&w, client, NULL, SP_STR("last words"));
        assert_int_equal(shutdown(client, SHUT_WR), 0);
        hear(&w, taken, NULL, NULL, got, sizeof(got));
        assert_string_equal(got, "last words");
        WAIT_FOR(&w, sp_front_counters(w.front)->open == 0);
        SSL_free(ssl);
        (void)close(client);
        (void)close(taken);
        (void)close(server);
        close_world(&w);
}

/* For a Google name it changes nothing: the outer name is what counts. A client that really
 * had a key would not trust the answer. */
static void an_encrypted_hello_hides_no_google_name(void **state)
{
        struct world w = { .hides_name = true };
        char got[4096];
        SSL *ssl;
        int fd;

        (void)state;
        open_world(&w, false);
        fd = dial(&w);
        assert_int_equal(shake(&w, fd, NAME, NULL, 0, &ssl), 1);
        say(&w, fd, ssl, SP_STR("GET /a HTTP/1.1\r\nHost: " NAME "\r\n\r\n"));
        hear(&w, fd, ssl, "sni=" NAME, got, sizeof(got));
        assert_non_null(strstr(got, "sni=" NAME));
        end_client(fd, ssl);
        close_world(&w);
}

static void a_container_is_answered_and_not_spliced(void **state)
{
        struct world w = { .network = 99 };
        char got[4096];
        SSL *ssl;
        int fd;

        (void)state;
        w.origin.netns_cookie = 99;
        open_world(&w, false);
        assert_int_equal(inet_pton(AF_INET, "127.77.0.3", &w.origin.dst_ip[3]), 1);
        fd = dial(&w);
        assert_int_equal(shake(&w, fd, NAME, NULL, 0, &ssl), 1);
        end_client(fd, ssl);
        fd = dial(&w);
        assert_int_equal(shake(&w, fd, "www.example.org", NULL, 0, &ssl), 0);
        assert_string_equal(w.why, "egress.network");
        end_client(fd, ssl);
        /* one that says it comes from elsewhere */
        w.origin.netns_cookie = 98;
        fd = dial(&w);
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_string_equal(w.why, "origin.mismatch");
        (void)close(fd);

        /* when the namespace is gone, nobody listens there any more */
        sp_front_unlisten(w.front, 98);
        fd = dial(&w);
        (void)close(fd);
        sp_front_unlisten(w.front, 99);
        turn(&w);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd,
                                 (struct sockaddr *)&(struct sockaddr_in){
                                         .sin_family = AF_INET,
                                         .sin_port = htons(w.port),
                                         .sin_addr = { htonl(INADDR_LOOPBACK) } },
                                 sizeof(struct sockaddr_in)),
                         -1);
        assert_int_equal(errno, ECONNREFUSED);
        (void)close(fd);
        close_world(&w);
}

static void an_encrypted_hello_to_others_is_told_as_such(void **state)
{
        struct world w = { .hides_name = true };
        uint16_t port;
        int server = front_listener("127.77.0.2", 443, &port), client;
        BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new(BIO_s_mem());
        SSL_CTX *c = client_context(true);
        SSL *ssl = SSL_new(c);
        char hello[2048];
        int n;

        (void)state;
        SSL_CTX_free(c);
        SSL_set_bio(ssl, in, out);
        if (server < 0) {
                SSL_free(ssl);
                print_message("port 443 of 127.77.0.2: %s\n", strerror(-server));
                skip();
        }
        open_world(&w, false);
        assert_int_equal(inet_pton(AF_INET, "127.77.0.2", &w.origin.dst_ip[3]), 1);
        SSL_set_tlsext_host_name(ssl, "www.example.org");
        (void)SSL_connect(ssl);
        n = BIO_read(out, hello, sizeof(hello));
        assert_true(n > 0);
        client = dial(&w);
        say(&w, client, NULL, sp_str(hello, (size_t)n));
        WAIT_FOR(&w, sp_front_counters(w.front)->spliced == 1);
        assert_string_equal(w.why, "egress.spliced-hidden");
        SSL_free(ssl);
        (void)close(client);
        (void)close(server);
        close_world(&w);
}

static void a_leaf_may_come_late_or_not_at_all(void **state)
{
        struct world w = { .leaf_waits = true };
        SSL *ssl;
        int fd[3], one;

        (void)state;
        open_world(&w, false);
        /* one that goes away while it waits, one that stays: one question for both */
        for (int i = 0; i < 2; i++) {
                SSL_CTX *c = SSL_CTX_new(TLS_client_method());
                BIO *out = BIO_new(BIO_s_mem());
                char hello[2048];

                ssl = SSL_new(c);
                SSL_CTX_free(c);
                SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
                SSL_set_tlsext_host_name(ssl, NAME);
                (void)SSL_connect(ssl);
                one = BIO_read(out, hello, sizeof(hello));
                fd[i] = dial(&w);
                say(&w, fd[i], NULL, sp_str(hello, (size_t)one));
                SSL_free(ssl);
                WAIT_FOR(&w, w.leaves_asked == 1);
        }
        for (int i = 0; i < 10; i++)
                turn(&w);
        (void)close(fd[0]);
        WAIT_FOR(&w, sp_front_counters(w.front)->open == 1);
        w.leaf_done(w.leaf_data, ENOENT, SP_STR_NULL, SP_STR_NULL);
        {
                char got[64];

                hear(&w, fd[1], NULL, NULL, got, sizeof(got));
                assert_int_equal(got[0], 21);
        }
        assert_string_equal(w.why, "tls.no-certificate");
        (void)close(fd[1]);

        /* the next question is answered while the client waits */
        fd[2] = dial(&w);
        {
                SSL_CTX *c = SSL_CTX_new(TLS_client_method());

                ssl = SSL_new(c);
                SSL_CTX_free(c);
                SSL_set_tlsext_host_name(ssl, NAME);
                SSL_set_fd(ssl, fd[2]);
                (void)SSL_connect(ssl);
                WAIT_FOR(&w, w.leaves_asked == 2);
                w.leaf_done(w.leaf_data, 0, sp_str_c(w.chain), sp_str_c(w.key));
                WAIT_FOR(&w, SSL_connect(ssl) == 1);
                end_client(fd[2], ssl);
        }
        close_world(&w);
}

static void an_answer_to_a_front_that_is_gone_is_ignored(void **state)
{
        struct world w = { .leaf_waits = true };
        SSL *ssl;
        SSL_CTX *c = SSL_CTX_new(TLS_client_method());
        int fd;

        (void)state;
        open_world(&w, false);
        fd = dial(&w);
        ssl = SSL_new(c);
        SSL_CTX_free(c);
        SSL_set_tlsext_host_name(ssl, NAME);
        SSL_set_fd(ssl, fd);
        (void)SSL_connect(ssl);
        WAIT_FOR(&w, w.leaves_asked == 1);
        w.front = sp_front_free(w.front);
        w.leaf_done(w.leaf_data, 0, sp_str_c(w.chain), sp_str_c(w.key));
        end_client(fd, ssl);
        close_world(&w);
}

static void a_client_that_leaves_aborts_its_exchange(void **state)
{
        struct world w = { .holds = true };
        int fd;

        (void)state;
        open_world(&w, true);
        fd = dial(&w);
        say(&w, fd, NULL, SP_STR("GET /slow HTTP/1.1\r\nHost: metadata\r\n\r\n"));
        WAIT_FOR(&w, w.held != NULL);
        (void)close(fd);
        WAIT_FOR(&w, w.aborts == 1);
        WAIT_FOR(&w, sp_front_counters(w.front)->open == 0);
        /* the exchange is whole, writing goes nowhere */
        assert_true(w.held->is_aborted);
        assert_int_equal(w.held->origin->guard_id, 7);
        assert_true(sp_str_eq(w.held->request.path, SP_STR("/slow")));
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, UINT64_MAX), 0);
        assert_int_equal(sp_exchange_write(w.held, SP_STR("x")), 0);
        sp_exchange_finish(w.held);

        /* the same when the front goes first */
        w.held = NULL;
        fd = dial(&w);
        say(&w, fd, NULL, SP_STR("GET /slow HTTP/1.1\r\nHost: metadata\r\n\r\n"));
        WAIT_FOR(&w, w.held != NULL);
        w.front = sp_front_free(w.front);
        assert_int_equal(w.aborts, 2);
        sp_exchange_abort(w.held);
        (void)close(fd);
        close_world(&w);
}

static void a_slow_reader_is_felt(void **state)
{
        struct world w = { .holds = true };
        static char piece[64 * 1024];
        size_t sent = 0, got = 0;
        int fd;
        char *buffer = malloc(65536);
        char tail[8] = "";

        (void)state;
        memset(piece, 'p', sizeof(piece));
        open_world(&w, true);
        fd = ask_held(&w);
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, UINT64_MAX), 0);
        while (!sp_exchange_is_congested(w.held)) {
                assert_int_equal(
                        sp_exchange_write(w.held, sp_str(piece, sizeof(piece))), 0);
                sent += sizeof(piece);
                turn(&w);
                assert_true(sent < 64 * 1024 * 1024);
        }
        assert_int_equal(w.drains, 0);
        for (uint64_t end = sp_clock_us() + PATIENCE_US;
             w.drains == 0 && sp_clock_us() < end;) {
                ssize_t n = recv(fd, buffer, 65536, 0);

                if (n > 0)
                        got += (size_t)n;
                turn(&w);
        }
        assert_int_equal(w.drains, 1);
        assert_false(sp_exchange_is_congested(w.held));
        sp_exchange_finish(w.held);
        for (uint64_t end = sp_clock_us() + PATIENCE_US;
             memcmp(tail, "0\r\n\r\n", 5) != 0 && sp_clock_us() < end;) {
                ssize_t n = recv(fd, buffer, 65536, 0);

                if (n >= 5)
                        memcpy(tail, buffer + n - 5, 5);
                if (n > 0)
                        got += (size_t)n;
                turn(&w);
        }
        assert_memory_equal(tail, "0\r\n\r\n", 5);
        assert_true(got > sent);
        (void)close(fd);
        free(buffer);
        close_world(&w);
}

/* Reads to the end and keeps the last five bytes. */
static void hear_the_end(struct world *w, int fd, char tail[5])
{
        char *buffer = malloc(65536);
        ssize_t n = -1;

        for (uint64_t end = sp_clock_us() + PATIENCE_US; n && sp_clock_us() < end;) {
                n = recv(fd, buffer, 65536, 0);
                if (n >= 5)
                        memcpy(tail, buffer + n - 5, 5);
                turn(w);
        }
        free(buffer);
        assert_int_equal(n, 0);
}

/* A byte that tells its place: what is left out, doubled or moved shows. */
static char at(size_t i)
{
        return (char)(i * 2654435761u >> 13);
}

/* Reads `n` bytes of the body behind the head, and compares. */
static void hear_pattern(struct world *w, SSL *ssl, size_t n, const char *sentence)
{
        static char buffer[65536];
        uint64_t end = sp_clock_us() + 4 * PATIENCE_US;
        const char *from;
        size_t seen = 0;
        bool in_body = false;

        while (seen < n && sp_clock_us() < end) {
                int r = SSL_read(ssl, buffer, sizeof(buffer));

                if (r <= 0) {
                        turn(w);
                        continue;
                }
                from = in_body ? buffer : memmem(buffer, (size_t)r, "\r\n\r\n", 4);
                SP_CHECK(sentence, from != NULL); /* the head came in one piece */
                from += in_body ? 0 : 4;
                in_body = true;
                for (; from < buffer + r; from++, seen++)
                        SP_CHECK(sentence, seen < n && *from == at(seen));
        }
        SP_CHECK(sentence, seen == n);
}

static void records_are_gathered_in_order_and_bounded(void **state)
{
        static const struct {
                const char *sentence;
                int version;
                bool is_rekeyed;
        } rows[] = {
                { "TLS 1.3", TLS1_3_VERSION, false },
                { "TLS 1.3, new keys asked for meanwhile", TLS1_3_VERSION, true },
                { "TLS 1.2", TLS1_2_VERSION, false },
        };
        static const size_t pieces[] = { 1, 16384, 70000, 5, 200001, 16385 };
        static char piece[200001];
        struct world w = { .holds = true };

        (void)state;
        open_world(&w, false);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                int fd = dial(&w);
                struct sp_conn *c;
                size_t sent = 0;
                SSL *ssl;

                w.held = NULL;
                SP_CHECK(rows[i].sentence,
                         shake(&w, fd, NAME, NULL, rows[i].version, &ssl));
                say(&w, fd, ssl, SP_STR("GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n"));
                WAIT_FOR(&w, w.held != NULL);
                c = w.front->conns;
                assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, 24000000),
                                 0);
                for (size_t k = 0; !sp_exchange_is_congested(w.held); k++) {
                        size_t n = pieces[k % SP_ARRAY_SIZE(pieces)];

                        for (size_t j = 0; j < n; j++)
                                piece[j] = at(sent + j);
                        assert_int_equal(sp_exchange_write(w.held, sp_str(piece, n)),
                                         0);
                        sent += n;
                        turn(&w);
                        SP_CHECK(rows[i].sentence, sent < 23000000);
                }
                SP_CHECK(rows[i].sentence, c->is_blocked && c->io.out);
                SP_CHECK(rows[i].sentence, c->stall_us > 0);
                if (rows[i].is_rekeyed) {
                        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED),
                                         1);
                        (void)SSL_do_handshake(ssl);
                }
                for (int k = 0; k < 20; k++)
                        turn(&w);
                hear_pattern(&w, ssl, sent, rows[i].sentence);
                WAIT_FOR(&w, !c->is_blocked);
                SP_CHECK(rows[i].sentence, !c->io.out && c->stall_us == 0);
                sp_exchange_abort(w.held);
                end_client(fd, ssl);
        }
        close_world(&w);
}

static void a_client_that_keeps_up_holds_nothing_up(void **state)
{
        struct world w = { .holds = true };
        static char piece[16384], sink[4 * SP_RELIEF_BYTES];
        struct sp_conn *c;
        int fd, r;
        SSL *ssl;

        (void)state;
        memset(piece, 'p', sizeof(piece));
        open_world(&w, false);
        fd = dial(&w);
        assert_true(shake(&w, fd, NAME, NULL, 0, &ssl));
        say(&w, fd, ssl, SP_STR("GET / HTTP/1.1\r\nHost: " NAME "\r\n\r\n"));
        WAIT_FOR(&w, w.held != NULL);
        c = w.front->conns;
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, UINT64_MAX), 0);
        for (int i = 0; i < 400; i++) { /* without a turn of the connection */
                assert_int_equal(
                        sp_exchange_write(w.held, sp_str(piece, sizeof(piece))), 0);
                assert_false(sp_exchange_is_congested(w.held));
                assert_true(c->pipe.out.capacity <= 2 * SP_RELIEF_BYTES);
                if (i % 8 == 7)
                        while ((r = SSL_read(ssl, sink, sizeof(sink))) > 0)
                                ;
        }
        assert_int_equal(w.drains, 0);
        sp_exchange_finish(w.held);
        hear(&w, fd, ssl, "0\r\n\r\n", sink, sizeof(sink));
        assert_non_null(memmem(sink, sizeof(sink), "0\r\n\r\n", 5));
        WAIT_FOR(&w, c->pipe.out.p == NULL && !c->io.out);
        end_client(fd, ssl);
        close_world(&w);
}

static void responses_keep_to_what_they_announced(void **state)
{
        struct world w = { .holds = true };
        struct sp_header evil = { SP_STR("x-a"), SP_STR("b\r\nset-cookie: c") };
        struct sp_header framing = { SP_STR("transfer-encoding"), SP_STR("chunked") };
        static char piece[1024 * 1024];
        char got[1024], tail[5] = "";
        int fd, r;

        (void)state;
        open_world(&w, true);
        fd = ask_held(&w);
        assert_int_equal(sp_exchange_respond(w.held, 200, &evil, 1, 4), -EINVAL);
        assert_int_equal(sp_exchange_respond(w.held, 200, &framing, 1, 4), -EINVAL);
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, 4), 0);
        assert_int_equal(sp_exchange_write(w.held, SP_STR("abc")), 0);
        assert_int_equal(sp_exchange_write(w.held, SP_STR("de")), -EMSGSIZE);
        sp_exchange_finish(w.held); /* one byte short: the connection shows it */
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_non_null(strstr(got, "content-length: 4\r\n"));
        assert_non_null(strstr(got, "\r\n\r\nabc"));
        assert_null(strstr(got, "abcd"));
        (void)close(fd);

        /* nothing answered at all: closed without a byte */
        fd = ask_held(&w);
        assert_int_equal(sp_exchange_write(w.held, SP_STR("x")), -EINVAL);
        sp_exchange_finish(w.held);
        hear(&w, fd, NULL, NULL, got, sizeof(got));
        assert_string_equal(got, "");
        (void)close(fd);

        /* flow that does not look at is_congested: the answer never looks whole */
        fd = ask_held(&w);
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, UINT64_MAX), 0);
        while ((r = sp_exchange_write(w.held, sp_str(piece, sizeof(piece)))) == 0)
                turn(&w);
        assert_int_equal(r, -ENOBUFS);
        sp_exchange_finish(w.held);
        hear_the_end(&w, fd, tail);
        assert_true(memcmp(tail, "0\r\n\r\n", 5) != 0);
        (void)close(fd);
        close_world(&w);
}

/* One chunk of `text`, `times` over. */
static void lend(struct sp_exchange *x, struct sp_str text, size_t times, bool keep)
{
        struct sp_buf *to = sp_exchange_lend(x);

        assert_non_null(to);
        for (size_t i = 0; i < times; i++)
                assert_int_equal(sp_buf_add(to, text), 0);
        assert_int_equal(sp_exchange_settle(x, keep), 0);
}

static void bytes_may_be_written_where_they_are_sent_from(void **state)
{
        struct world w = { .holds = true };
        static char got[128 * 1024];
        const char *body;
        int fd;

        (void)state;
        open_world(&w, true);
        fd = ask_held(&w);
        assert_null(sp_exchange_lend(w.held)); /* no head yet */
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, UINT64_MAX), 0);
        lend(w.held, SP_STR("abc"), 1, true);
        lend(w.held, SP_STR("taken back"), 1, false);
        lend(w.held, SP_STR_NULL, 0, true); /* an empty chunk would be the end */
        assert_int_equal(sp_exchange_write(w.held, SP_STR("de")), 0);
        lend(w.held, SP_STR("0123456"), 10000, true);
        sp_exchange_end(w.held); /* heard before it is finished */
        hear(&w, fd, NULL, "\r\n0\r\n\r\n", got, sizeof(got));
        sp_exchange_finish(w.held);
        body = strstr(got, "\r\n\r\n");
        assert_non_null(body);
        assert_memory_equal(body + 4,
                            "00000003\r\nabc\r\n2\r\nde\r\n00011170\r\n0123456", 39);
        assert_int_equal(strlen(body + 4), 32 + 70000 + 7);
        (void)close(fd);

        /* a length was announced */
        fd = ask_held(&w);
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, 1), 0);
        assert_null(sp_exchange_lend(w.held));
        sp_exchange_abort(w.held);
        (void)close(fd);

        /* the client reads nothing, or is gone */
        fd = ask_held(&w);
        assert_int_equal(sp_exchange_respond(w.held, 200, NULL, 0, UINT64_MAX), 0);
        while (!sp_exchange_is_congested(w.held))
                lend(w.held, SP_STR("0123456"), 10000, true);
        assert_null(sp_exchange_lend(w.held));
        (void)close(fd);
        WAIT_FOR(&w, w.aborts != 0);
        assert_null(sp_exchange_lend(w.held));
        sp_exchange_finish(w.held);
        close_world(&w);
}

static void http2_by_alpn(void **state)
{
        struct world w = { .port = 0 };
        char got[256];
        SSL *ssl;
        int fd;

        (void)state;
        open_world(&w, false);
        fd = dial(&w);
        assert_true(shake(&w, fd, NAME, "\x02h2\x08http/1.1", 0, &ssl));
        say(&w, fd, ssl, SP_STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        say(&w, fd, ssl, sp_str("\0\0\0\4\0\0\0\0\0", 9));
        WAIT_FOR(&w, SSL_read(ssl, got, sizeof(got)) > 9);
        assert_int_equal(got[3], 4); /* the server's SETTINGS first */
        end_client(fd, ssl);
        close_world(&w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(metadata_is_plain_http),
                cmocka_unit_test(a_bad_request_is_answered_and_ends_the_connection),
                cmocka_unit_test(without_an_origin_there_is_no_service),
                cmocka_unit_test(origins_come_from_the_kernel),
                cmocka_unit_test(an_origin_counts_while_its_connection_lasts),
                cmocka_unit_test(connections_have_a_limit),
                cmocka_unit_test(idle_connections_end),
                cmocka_unit_test(tls_serves_http1),
                cmocka_unit_test(sessions_are_resumed),
                cmocka_unit_test(tls_that_cannot_be_served_is_refused),
                cmocka_unit_test(a_google_address_is_never_spliced),
                cmocka_unit_test(other_names_are_spliced_untouched),
                cmocka_unit_test(an_encrypted_hello_hides_no_google_name),
                cmocka_unit_test(a_container_is_answered_and_not_spliced),
                cmocka_unit_test(an_encrypted_hello_to_others_is_told_as_such),
                cmocka_unit_test(a_leaf_may_come_late_or_not_at_all),
                cmocka_unit_test(an_answer_to_a_front_that_is_gone_is_ignored),
                cmocka_unit_test(a_client_that_leaves_aborts_its_exchange),
                cmocka_unit_test(a_slow_reader_is_felt),
                cmocka_unit_test(records_are_gathered_in_order_and_bounded),
                cmocka_unit_test(a_client_that_keeps_up_holds_nothing_up),
                cmocka_unit_test(responses_keep_to_what_they_announced),
                cmocka_unit_test(bytes_may_be_written_where_they_are_sent_from),
                cmocka_unit_test(http2_by_alpn),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
