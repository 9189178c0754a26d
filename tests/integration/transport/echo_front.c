/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport alone, for real clients: a front on loopback ports of the kernel's
 * choosing with made-up origins and self-signed leaves. Writes "tls PORT metadata PORT"
 * to stdout; leaves go to the directory in argv[1] as NAME.pem. Ends when stdin ends.
 * Answers /big?n=BYTES    that many bytes, streamed as the client takes them /slow
 * after 300 ms /drop           half an answer anything else   the request, as JSON
 */
#include <assert.h>
#include <string.h>

#include "daemon/base/json.h"
#include "daemon/base/log.h"
#include "tests/unit/worker_front.h"

static const char *directory;

struct job {
        struct sp_exchange *x;
        uint64_t left;
        uv_timer_t timer;
        bool is_gone;
};

static int fake_origin(void *userdata, int fd, struct sp_origin *ret)
{
        *ret = (struct sp_origin){ .guard_id = 1, .dst_port = 443, .family = AF_INET };
        (void)fd;
        (void)inet_pton(AF_INET, "127.0.0.1", &ret->dst_ip[3]);
        ret->is_metadata = *(bool *)userdata;
        return 0;
}

static void get_leaf(void *userdata, struct sp_str sni, sp_leaf_fn done,
                     void *done_data)
{
        char name[256], path[512], *chain, *key;
        FILE *f;

        (void)userdata;
        (void)snprintf(name, sizeof(name), "%.*s", SP_FMT(sni));
        (void)snprintf(path, sizeof(path), "%s/%s.pem", directory, name);
        front_leaf(name, &chain, &key);
        f = fopen(path, "w");
        if (f) {
                (void)fputs(chain, f);
                (void)fclose(f);
        }
        done(done_data, 0, sp_str_c(chain), sp_str_c(key));
        free(chain);
        free(key);
}

static void on_connection(void *userdata, const struct sp_origin *origin,
                          struct sp_str name, const char *why)
{
        (void)userdata, (void)origin;
        (void)fprintf(stderr, "connection %s %.*s\n", why, SP_FMT(name));
}

static void timer_gone(uv_handle_t *h)
{
        free(h->data);
}

static void end_job(struct job *j)
{
        uv_close((uv_handle_t *)&j->timer, timer_gone);
}

static void pour(struct sp_exchange *x)
{
        static const char piece[32 * 1024];
        struct job *j = x->flow;

        while (j->left && !sp_exchange_is_congested(x)) {
                size_t n = SP_MIN(j->left, (uint64_t)sizeof(piece));

                if (sp_exchange_write(x, sp_str(piece, n)) < 0) {
                        sp_exchange_abort(x);
                        end_job(j);
                        return;
                }
                j->left -= n;
        }
        if (j->left == 0) {
                sp_exchange_finish(x);
                end_job(j);
        }
}

static void gone(struct sp_exchange *x)
{
        (void)fprintf(stderr, "abort %.*s\n", SP_FMT(x->request.path));
        end_job(x->flow);
        sp_exchange_finish(x);
}

static void late(uv_timer_t *h)
{
        struct job *j = h->data;

        sp_exchange_answer(j->x, 200, SP_STR("{\"late\":true}"));
        end_job(j);
}

static void echo(struct sp_exchange *x)
{
        const struct sp_request *q = &x->request;
        sp_autobuf b = SP_BUF_INIT(8 << 20);
        struct sp_jsonw w = SP_JSONW(&b);

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "method", q->method);
        sp_jsonw_kstr(&w, "scheme", q->scheme);
        sp_jsonw_kstr(&w, "authority", q->authority);
        sp_jsonw_kstr(&w, "path", q->path);
        sp_jsonw_kstr(&w, "query", q->query);
        sp_jsonw_kstr(&w, "sni", q->sni);
        sp_jsonw_ku64(&w, "body_bytes", q->body.n);
        sp_jsonw_key(&w, "headers");
        sp_jsonw_open(&w, '{');
        for (size_t i = 0; i < q->n_headers; i++) {
                sp_jsonw_key_str(&w, q->headers[i].name);
                sp_jsonw_str(&w, q->headers[i].value);
        }
        sp_jsonw_close(&w, '}');
        sp_jsonw_close(&w, '}');
        if (sp_jsonw_end(&w) < 0)
                sp_exchange_abort(x);
        else
                sp_exchange_answer(x, 200, sp_buf_str(&b));
}

static void on_request(void *userdata, struct sp_exchange *x)
{
        bool is_big = sp_str_eq(x->request.path, SP_STR("/big"));
        bool is_slow = sp_str_eq(x->request.path, SP_STR("/slow"));
        struct job *j;

        if (sp_str_eq(x->request.path, SP_STR("/drop"))) {
                if (sp_exchange_respond(x, 200, NULL, 0, 100) == 0 &&
                    sp_exchange_write(x, SP_STR("half")) == 0)
                        sp_exchange_finish(x);
                else
                        sp_exchange_abort(x);
                return;
        }
        if (!is_big && !is_slow) {
                echo(x);
                return;
        }
        j = calloc(1, sizeof(*j));
        assert(j);
        j->x = x;
        x->flow = j;
        x->on_drain = pour;
        x->on_abort = gone;
        (void)uv_timer_init(userdata, &j->timer);
        j->timer.data = j;
        if (is_slow) {
                (void)uv_timer_start(&j->timer, late, 300, 0);
        } else if (sp_str_u64(sp_str_sub(x->request.query, 2, 20), &j->left) < 0 ||
                   sp_exchange_respond(x, 200, NULL, 0, UINT64_MAX) < 0) {
                end_job(j);
                sp_exchange_abort(x);
        } else {
                pour(x);
        }
}

static void on_stdin(uv_poll_t *h, int status, int events)
{
        char c[64];

        (void)status, (void)events;
        if (read(0, c, sizeof(c)) <= 0)
                uv_stop(h->loop);
}

static struct sp_front *open_front(uv_loop_t *loop, const struct sp_settings *settings,
                                   bool *is_metadata, uint16_t *ret_port)
{
        const struct sp_front_hooks hooks = { .userdata = loop,
                                              .on_request = on_request,
                                              .get_leaf = get_leaf,
                                              .on_connection = on_connection };
        struct sp_front *f;
        int fd = front_listener("127.0.0.1", 0, ret_port);

        if (fd < 0 || sp_front_new(loop, settings, &hooks, &f) < 0 ||
            sp_front_listen(f, fd, *is_metadata, 0) < 0)
                exit(1);
        sp_front_set_origin_fn(f, fake_origin, is_metadata);
        return f;
}

int main(int argc, char **argv)
{
        struct sp_settings settings = front_settings();
        bool no = false, yes = true;
        uv_loop_t loop;
        uv_poll_t in;
        struct sp_front *tls, *metadata;
        uint16_t ports[2];

        if (argc != 2 || uv_loop_init(&loop) != 0)
                return 2;
        directory = argv[1];
        sp_log_init("echo", SP_LOG_INFO);
        settings.egress_splice = false;
        settings.limits.connections_max = 1000;
        settings.limits.streams_max = 64;
        tls = open_front(&loop, &settings, &no, &ports[0]);
        metadata = open_front(&loop, &settings, &yes, &ports[1]);
        (void)uv_poll_init(&loop, &in, 0);
        (void)uv_poll_start(&in, UV_READABLE, on_stdin);
        (void)printf("tls %u metadata %u\n", ports[0], ports[1]);
        (void)fflush(stdout);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        uv_close((uv_handle_t *)&in, NULL);
        (void)fprintf(stderr, "open at the end: %llu\n",
                      (unsigned long long)sp_front_counters(tls)->open);
        (void)sp_front_free(tls);
        (void)sp_front_free(metadata);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        return uv_loop_close(&loop) == 0 ? 0 : 1;
}
