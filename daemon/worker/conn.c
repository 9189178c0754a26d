/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/base/log.h"
#include "daemon/google/hosts.h"
#include "daemon/worker/conn_internal.h"
#include "daemon/worker/hello.h"

/* Chunks sent in one turn; what is left goes in the next. */
#define TURN_ROUNDS 16

#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_ACCESS_DENIED 49
#define ALERT_DECODE_ERROR 50
#define ALERT_INTERNAL_ERROR 80
#define ALERT_UNRECOGNIZED_NAME 112

static void on_ready(uv_poll_t *h, int status, int events);
static void on_timer(uv_timer_t *h);

static struct sp_conn *of_pipe(struct sp_pipe *p)
{
        return (struct sp_conn *)p;
}

static void free_memory(struct sp_conn *c)
{
        struct sp_front *f = c->front;

        /* the list of the awake points here until the turn takes it out */
        if (c->handles == 0 && !c->is_awake) {
                free(c);
                sp_front_handle_closed(f);
        }
}

static void on_handle_closed(uv_handle_t *h)
{
        struct sp_conn *c = h->data;

        c->handles--;
        free_memory(c);
}

void sp_conn_close(struct sp_conn *c)
{
        if (c->state == SP_CONN_CLOSED) {
                free_memory(c); /* from the turn that took it out of the list */
                return;
        }
        c->front->splices -= c->state == SP_CONN_SPLICE;
        c->state = SP_CONN_CLOSED;
        sp_tls_cancel(&c->wait);
        if (c->protocol)
                c->protocol->ops->free(c->protocol);
        c->protocol = NULL;
        c->splice = sp_splice_free(c->splice);
        SSL_free(c->ssl);
        c->ssl = NULL;
        sp_buf_done(&c->hello);
        sp_buf_done(&c->pipe.out);
        sp_tls_io_done(&c->io);
        *c->prev = c->next;
        if (c->next)
                c->next->prev = c->prev;
        c->front->counters.open--;
        sp_front_conn_closed(c->front);
        if (c->fd >= 0)
                uv_close((uv_handle_t *)&c->poll, on_handle_closed);
        uv_close((uv_handle_t *)&c->timer, on_handle_closed);
        sp_closep(&c->fd);
}

static void arm_timer(struct sp_conn *c)
{
        uint64_t ends[] = { c->deadline_us, c->stall_us,
                            c->state == SP_CONN_HTTP ? c->pipe.deadline_us : 0 };
        uint64_t due = UINT64_MAX, now;

        for (size_t i = 0; i < SP_ARRAY_SIZE(ends); i++)
                if (ends[i])
                        due = SP_MIN(due, ends[i]);
        /* A timer that fires early is harmless, one that is moved with each byte is
         * not. */
        if (due == UINT64_MAX || (c->timer_us && c->timer_us <= due))
                return;
        now = sp_clock_us();
        c->timer_us = due;
        (void)uv_timer_start(&c->timer, on_timer,
                             due > now ? (due - now) / SP_USEC_PER_MSEC + 1 : 1, 0);
}

static int wanted_events(const struct sp_conn *c)
{
        int events = 0;

        switch (c->state) {
        case SP_CONN_HELLO:
                return UV_READABLE;
        case SP_CONN_LEAF:
                return UV_DISCONNECT;
        case SP_CONN_HANDSHAKE:
                return c->writes_to_read ? UV_WRITABLE : UV_READABLE;
        case SP_CONN_LINGER:
                return UV_READABLE;
        case SP_CONN_HTTP:
                if (!c->is_ended && c->protocol->ops->wants_input(c->protocol))
                        events |= c->writes_to_read ? UV_WRITABLE : UV_READABLE;
                if (c->is_blocked)
                        events |= c->reads_to_write ? UV_READABLE : UV_WRITABLE;
                if (!(events & UV_READABLE) && !c->is_ended &&
                    !c->protocol->ops->is_done(c->protocol))
                        events |= UV_DISCONNECT;
                return events;
        case SP_CONN_SPLICE:
        case SP_CONN_CLOSED:
                break;
        }
        return 0;
}

static void rearm(struct sp_conn *c)
{
        int events;

        if (c->state == SP_CONN_CLOSED || c->state == SP_CONN_SPLICE)
                return;
        arm_timer(c);
        events = wanted_events(c);
        if (events == c->events)
                return;
        c->events = events;
        if ((events ? uv_poll_start(&c->poll, events, on_ready)
                    : uv_poll_stop(&c->poll)) != 0)
                sp_conn_close(c);
}

/* All is said: ends our side and waits shortly for the client's end. Closing at once
 * would send a reset when unread bytes wait, and the reset can overtake the answer. */
static void linger(struct sp_conn *c)
{
        c->state = SP_CONN_LINGER;
        c->deadline_us = sp_clock_us() + SP_CONN_LINGER_US;
        c->stall_us = 0;
        if (c->protocol)
                c->protocol->ops->free(c->protocol);
        c->protocol = NULL;
        if (shutdown(c->fd, SHUT_WR) < 0)
                sp_conn_close(c);
}

static void refuse(struct sp_conn *c, const char *why, uint8_t alert)
{
        c->front->counters.refused++;
        sp_front_told(c, why);
        sp_conn_alert(c, alert);
        linger(c);
}

static void on_splice_done(void *userdata)
{
        struct sp_conn *c = userdata;

        c->splice = NULL;
        sp_conn_close(c);
}

static void start_splice(struct sp_conn *c, bool hides_name)
{
        struct sp_front *f = c->front;
        int r, fd = SP_TAKE_FD(c->fd);

        /* the splice watches the descriptor from here on, libuv takes one watcher only
         */
        uv_close((uv_handle_t *)&c->poll, on_handle_closed);
        (void)uv_timer_stop(&c->timer);
        c->state = SP_CONN_SPLICE;
        f->splices++;
        r = sp_splice_new(
                f->loop, fd, &c->origin, sp_buf_str(&c->hello),
                SP_MAX(f->settings->limits.idle_timeout_us, SP_CONN_SPLICE_IDLE_US),
                on_splice_done, c, &c->splice);
        if (r < 0) {
                f->counters.refused++;
                sp_front_told(c, "egress.unreachable");
                sp_conn_close(c);
                return;
        }
        f->counters.spliced++;
        sp_front_told(c, hides_name ? "egress.spliced-hidden" : "egress.spliced");
        sp_buf_done(&c->hello);
}

static void fail_tls(struct sp_conn *c, const char *why)
{
        c->front->counters.tls_failed++;
        sp_front_told(c, why);
        linger(c);
}

static void pipe_on_request(struct sp_pipe *p, struct sp_exchange *x)
{
        struct sp_conn *c = of_pipe(p);

        x->conn = c;
        c->front->counters.requests++;
        c->front->hooks.on_request(c->front->hooks.userdata, x);
}

int sp_exchange_socket(const struct sp_exchange *x)
{
        return x->conn ? x->conn->fd : -1;
}

static void pipe_wake(struct sp_pipe *p)
{
        sp_conn_wake(of_pipe(p));
}

static void pipe_relieve(struct sp_pipe *p)
{
        struct sp_conn *c = of_pipe(p);

        if (c->state == SP_CONN_HTTP && !c->is_blocked && sp_conn_flush(c) < 0)
                sp_conn_wake(c); /* it goes wrong there again, and is closed */
}

static void start_http(struct sp_conn *c, bool is_h2)
{
        int r;

        c->pipe.sni = sp_str_c(c->sni);
        r = is_h2 ? sp_serve2_new(&c->pipe, &c->protocol)
                  : sp_serve1_new(&c->pipe, &c->protocol);
        if (r < 0) {
                sp_conn_close(c);
                return;
        }
        c->state = SP_CONN_HTTP;
        c->deadline_us = 0;
        c->has_more = true; /* the first request may have come with the handshake */
        if (c->io.first.n == 0)
                sp_buf_done(&c->hello);
        if (c->front->is_draining)
                c->protocol->ops->drain(c->protocol);
}

void sp_conn_drain(struct sp_conn *c)
{
        if (c->state != SP_CONN_HTTP)
                return; /* start_http sees to it */
        c->protocol->ops->drain(c->protocol);
        rearm(c);
}

static void step_handshake(struct sp_conn *c)
{
        int r = sp_conn_handshake(c);

        if (r == 0)
                return;
        if (r < 0)
                fail_tls(c, "tls.handshake");
        else if (!sp_tls_name_is(c->ssl, sp_str_c(c->sni)))
                fail_tls(c, "tls.name-changed");
        else
                start_http(c, sp_tls_is_h2(c->ssl));
}

static void open_tls(struct sp_conn *c)
{
        int r;

        c->io = (struct sp_tls_io){ .fd = c->fd, .first = sp_buf_str(&c->hello) };
        r = sp_tls_open(c->front->tls, sp_str_c(c->sni), &c->io, &c->ssl);
        if (r < 0) {
                sp_conn_alert(c, ALERT_INTERNAL_ERROR);
                fail_tls(c, "tls.no-certificate");
                return;
        }
        c->state = SP_CONN_HANDSHAKE;
        step_handshake(c);
}

static void leaf_ready(struct sp_tls_wait *w, int err)
{
        struct sp_conn *c =
                (struct sp_conn *)((char *)w - offsetof(struct sp_conn, wait));

        if (err) {
                sp_conn_alert(c, ALERT_INTERNAL_ERROR);
                fail_tls(c, "tls.no-certificate");
        } else {
                open_tls(c);
        }
        sp_conn_wake(c); /* bytes may wait already: have a turn and set the events */
}

static void terminate(struct sp_conn *c)
{
        int r;

        c->state = SP_CONN_LEAF;
        c->wait.ready = leaf_ready;
        r = sp_tls_leaf(c->front->tls, sp_str_c(c->sni), &c->wait);
        if (r > 0) {
                open_tls(c);
        } else if (r < 0) {
                sp_conn_alert(c, ALERT_INTERNAL_ERROR);
                fail_tls(c, "tls.no-certificate");
        }
}

/* The choice of DESIGN.md section 6: by name. */
static void decide(struct sp_conn *c, const struct sp_hello *hello)
{
        struct sp_str sent = sp_str(hello->sni, hello->sni_n), name;
        char canonical[256];

        if (!sent.n) {
                refuse(c, "tls.no-sni", ALERT_UNRECOGNIZED_NAME);
                return;
        }
        /* a port or brackets are no part of a server name (RFC 6066 §3) */
        if (memchr(sent.p, ':', sent.n) ||
            sp_host_canonical(sent, canonical, &name) < 0) {
                refuse(c, "tls.bad-sni", ALERT_UNRECOGNIZED_NAME);
                return;
        }
        assert(name.n < sizeof(c->sni));
        memcpy(c->sni, name.p, name.n);
        c->sni[name.n] = '\0';
        if (sp_host_is_google(name))
                terminate(c);
        else if (!c->front->settings->egress_splice)
                refuse(c, "egress.refused", ALERT_ACCESS_DENIED);
        else if (!sp_splice_is_allowed(&c->origin))
                refuse(c, "egress.google-address", ALERT_ACCESS_DENIED);
        else if (c->is_elsewhere) /* we would go where its own network may not lead */
                refuse(c, "egress.network", ALERT_ACCESS_DENIED);
        else
                start_splice(c, hello->hides_name);
}

static void step_hello(struct sp_conn *c)
{
        struct sp_hello hello;
        struct sp_err e = SP_ERR_NULL;
        char *to;
        ssize_t n;
        int r = sp_buf_reserve(&c->hello, SP_HELLO_RAW_MAX - c->hello.n, &to);

        n = r < 0 ? r : recv(c->fd, to, SP_HELLO_RAW_MAX - c->hello.n, 0);
        if (n < 0 && r == 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                sp_conn_close(c);
                return;
        }
        c->hello.n += (size_t)n;
        r = sp_hello_parse(sp_buf_str(&c->hello), &hello, &e);
        if (r > 0)
                decide(c, &hello);
        else if (r < 0)
                refuse(c, e.id,
                       r == -EPROTO ? ALERT_HANDSHAKE_FAILURE : ALERT_DECODE_ERROR);
}

static void fail_http(struct sp_conn *c)
{
        c->front->counters.http_failed++;
        sp_conn_close(c);
}

static void read_input(struct sp_conn *c)
{
        struct sp_front *f = c->front;
        size_t budget = SP_CONN_READ_BUDGET;

        c->has_more = false;
        while (!c->is_ended && c->protocol->ops->wants_input(c->protocol)) {
                ssize_t n;

                if (budget == 0) {
                        c->has_more = true;
                        sp_conn_wake(c);
                        return;
                }
                n = sp_conn_read(c, f->scratch, SP_MIN(sizeof(f->scratch), budget));
                if (n == -EAGAIN)
                        return;
                if (n < 0) {
                        sp_conn_close(c);
                        return;
                }
                if (n == 0) {
                        /* The client has gone, or at least asks nothing more: what was
                         * answered is still sent, what was not is given up. */
                        c->is_ended = true;
                        if (!sp_conn_has_output(c))
                                sp_conn_close(c);
                        return;
                }
                budget -= (size_t)n;
                if (c->protocol->ops->input(c->protocol,
                                            sp_str(f->scratch, (size_t)n)) < 0) {
                        fail_http(c);
                        return;
                }
        }
        /* Reading stopped here; what OpenSSL holds is not seen by epoll, so look again
         * when the protocol wants input. */
        c->has_more = true;
}

static void say_goodbye(struct sp_conn *c)
{
        if (c->ssl)
                (void)SSL_shutdown(c->ssl); /* close_notify; no wait for the answer */
        linger(c);
}

static void move_output(struct sp_conn *c)
{
        bool had_output;
        int r = 1;

        for (int i = 0; i < TURN_ROUNDS && r == 1; i++) {
                if (c->protocol->ops->output(c->protocol) < 0) {
                        fail_http(c);
                        return;
                }
                had_output = sp_conn_has_output(c);
                r = sp_conn_flush(c); /* without any it gives memory back */
                if (!had_output)
                        break;
        }
        if (r < 0)
                sp_conn_close(c);
        else if (r == 0)
                return; /* goes on when the socket is writable */
        else if (sp_conn_has_output(c))
                sp_conn_wake(c);
        else if (c->is_ended)
                sp_conn_close(c);
        else if (c->protocol->ops->is_done(c->protocol))
                say_goodbye(c);
}

static void step_http(struct sp_conn *c)
{
        read_input(c);
        if (c->state != SP_CONN_HTTP)
                return;
        move_output(c);
        /* sending may have made room for input that waits inside OpenSSL */
        if (c->state == SP_CONN_HTTP && c->has_more && !c->is_ended &&
            c->protocol->ops->wants_input(c->protocol))
                sp_conn_wake(c);
}

static void step_linger(struct sp_conn *c)
{
        char *scratch = c->front->scratch;

        /* not through OpenSSL: what still comes is not looked at */
        for (size_t seen = 0; seen < SP_CONN_READ_BUDGET;) {
                ssize_t n = recv(c->fd, scratch, sizeof(c->front->scratch), 0);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (n <= 0) {
                        sp_conn_close(c);
                        return;
                }
                seen += (size_t)n;
        }
}

static void step(struct sp_conn *c)
{
        if (c->state == SP_CONN_HELLO)
                step_hello(c);
        else if (c->state == SP_CONN_HANDSHAKE)
                step_handshake(c);
        /* a handshake that is done goes straight on: the request may be here already */
        if (c->state == SP_CONN_HTTP)
                step_http(c);
        else if (c->state == SP_CONN_LINGER)
                step_linger(c);
}

static void on_ready(uv_poll_t *h, int status, int events)
{
        struct sp_conn *c = h->data;

        if (status < 0 || (events & UV_DISCONNECT)) {
                sp_conn_close(c);
                return;
        }
        step(c);
        rearm(c);
}

void sp_conn_turn(struct sp_conn *c)
{
        if (c->state == SP_CONN_CLOSED) {
                sp_conn_close(c);
                return;
        }
        if (c->state == SP_CONN_HTTP && !c->has_more)
                move_output(c);
        else
                step(c);
        rearm(c);
}

static void on_timer(uv_timer_t *h)
{
        struct sp_conn *c = h->data;
        uint64_t now = sp_clock_us();

        c->timer_us = 0;
        if (c->state == SP_CONN_LINGER && now >= c->deadline_us) {
                sp_conn_close(c);
        } else if (c->deadline_us && now >= c->deadline_us) {
                c->front->counters.tls_failed++;
                sp_front_told(c, "tls.timeout");
                sp_conn_close(c);
        } else if (c->stall_us && now >= c->stall_us) {
                sp_conn_close(c);
        } else if (c->state == SP_CONN_HTTP && c->pipe.deadline_us &&
                   now >= c->pipe.deadline_us) {
                c->pipe.deadline_us = 0;
                c->protocol->ops->timeout(c->protocol);
                move_output(c);
        }
        rearm(c);
}

void sp_conn_start(struct sp_front *f, int fd, const struct sp_origin *origin,
                   bool is_metadata, bool is_elsewhere)
{
        sp_autoclose int taken = fd;
        struct sp_conn *c = calloc(1, sizeof(*c));

        if (!c || uv_poll_init(f->loop, &c->poll, fd) != 0) {
                free(c);
                return;
        }
        (void)uv_timer_init(f->loop, &c->timer);
        c->poll.data = c->timer.data = c;
        c->handles = 2;
        c->front = f;
        f->handles++;
        c->fd = SP_TAKE_FD(taken);
        c->origin = *origin;
        c->is_elsewhere = is_elsewhere;
        c->hello = SP_BUF_INIT(SP_HELLO_RAW_MAX);
        c->pipe = (struct sp_pipe){
                .settings = f->settings,
                .origin = &c->origin,
                /* one response's queue, its framing, and the head of the next */
                .out = SP_BUF_INIT(SP_QUEUE_MAX + 1024 * 1024),
                .on_request = pipe_on_request,
                .wake = pipe_wake,
                .relieve = pipe_relieve,
        };
        c->next = f->conns;
        c->prev = &f->conns;
        if (c->next)
                c->next->prev = &c->next;
        f->conns = c;
        f->counters.open++;
        c->deadline_us = sp_clock_us() + SP_CONN_HANDSHAKE_US;
        if (is_metadata)
                start_http(c, false);
        rearm(c);
}
