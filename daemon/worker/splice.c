/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/splice.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/base/buf.h"
#include "daemon/base/clock.h"

#define CHUNK (64 * 1024)
#define ROUNDS_MAX                                                                     \
        8 /* chunks per turn, so that one fast pair does not starve the rest */
#define CONNECT_TIMEOUT_US (10 * SP_USEC_PER_SEC)
#define TIMER_MS 5000

enum side { CLIENT, SERVER, SIDES };

/* From one side to the other. */
struct direction {
        struct sp_buf pending; /* read, not yet written */
        size_t done; /* of them written */
        bool is_ended; /* the reading side has sent its end … */
        bool is_shut; /* … and it was passed on */
};

struct sp_splice {
        uv_poll_t poll[SIDES];
        uv_timer_t timer;
        int fd[SIDES];
        int events[SIDES];
        struct direction from[SIDES];
        bool is_connected, is_freed;
        unsigned handles; /* that libuv still holds */
        uint64_t active_us, idle_us;
        sp_splice_done_fn done;
        void *userdata;
};

static void on_handle_closed(uv_handle_t *h)
{
        struct sp_splice *s = h->data;

        if (--s->handles == 0)
                free(s);
}

struct sp_splice *sp_splice_free(struct sp_splice *s)
{
        unsigned n;

        if (!s || s->is_freed)
                return NULL;
        s->is_freed = true;
        n = s->handles;
        for (unsigned i = 0; i < SP_MIN(n, SIDES); i++)
                uv_close((uv_handle_t *)&s->poll[i], on_handle_closed);
        if (n > SIDES)
                uv_close((uv_handle_t *)&s->timer, on_handle_closed);
        for (int i = 0; i < SIDES; i++) {
                sp_closep(&s->fd[i]);
                sp_buf_done(&s->from[i].pending);
        }
        if (n == 0)
                free(s);
        return NULL;
}

static void end(struct sp_splice *s)
{
        sp_splice_done_fn done = s->done;
        void *userdata = s->userdata;

        (void)sp_splice_free(s);
        done(userdata);
}

/* 1: all pending bytes are written; 0: the receiver is slow. */
static int write_pending(struct direction *d, int to)
{
        assert(d->done <= d->pending.n);
        while (d->done < d->pending.n) {
                ssize_t n = send(to, d->pending.p + d->done, d->pending.n - d->done,
                                 MSG_NOSIGNAL);

                if (n < 0)
                        return errno == EAGAIN ? 0 : errno == EINTR ? 0 : -errno;
                d->done += (size_t)n;
        }
        /* nothing is held for an idle connection */
        sp_buf_done(&d->pending);
        d->done = 0;
        return 1;
}

static int move(struct sp_splice *s, enum side side)
{
        struct direction *d = &s->from[side];
        int from = s->fd[side], to = s->fd[!side], r;

        for (int i = 0; i < ROUNDS_MAX; i++) {
                char *at;
                ssize_t n;

                r = write_pending(d, to);
                if (r <= 0)
                        return r;
                if (d->is_ended)
                        break;
                r = sp_buf_reserve(&d->pending, CHUNK, &at);
                if (r < 0)
                        return r;
                n = recv(from, at, CHUNK, 0);
                if (n < 0) {
                        sp_buf_done(&d->pending);
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                }
                d->is_ended = n == 0;
                d->pending.n = (size_t)n;
                s->active_us = sp_clock_us();
        }
        if (d->is_ended && !d->is_shut && d->pending.n == 0) {
                sp_buf_done(&d->pending);
                d->is_shut = true;
                if (shutdown(to, SHUT_WR) < 0 && errno != ENOTCONN)
                        return -errno;
        }
        return 0;
}

static void on_ready(uv_poll_t *h, int status, int events);

static int watch(struct sp_splice *s)
{
        for (int side = 0; side < SIDES; side++) {
                struct direction *out = &s->from[!side], *in = &s->from[side];
                int events = 0;

                if (!s->is_connected)
                        events = side == SERVER ? UV_WRITABLE : 0;
                else if (out->pending.n)
                        events |= UV_WRITABLE;
                if (s->is_connected && !in->is_ended && !in->pending.n)
                        events |= UV_READABLE;
                if (events == s->events[side])
                        continue;
                s->events[side] = events;
                if ((events ? uv_poll_start(&s->poll[side], events, on_ready)
                            : uv_poll_stop(&s->poll[side])) != 0)
                        return -EIO;
        }
        return 0;
}

static int finish_connect(struct sp_splice *s)
{
        int error = 0;
        socklen_t n = sizeof(error);

        if (getsockopt(s->fd[SERVER], SOL_SOCKET, SO_ERROR, &error, &n) < 0)
                return -errno;
        if (error)
                return -error;
        s->is_connected = true;
        return 0;
}

static void on_ready(uv_poll_t *h, int status, int events)
{
        struct sp_splice *s = h->data;
        int r = status < 0 ? -EIO : 0;

        (void)events;
        if (r == 0 && !s->is_connected)
                r = finish_connect(s);
        if (r == 0)
                r = move(s, CLIENT);
        if (r == 0)
                r = move(s, SERVER);
        if (r == 0)
                r = watch(s);
        if (r < 0 || (s->from[CLIENT].is_shut && s->from[SERVER].is_shut))
                end(s);
}

static void on_timer(uv_timer_t *h)
{
        struct sp_splice *s = h->data;
        uint64_t limit = s->is_connected ? s->idle_us : CONNECT_TIMEOUT_US;

        if (sp_clock_us() - s->active_us > limit)
                end(s);
}

static int start_connect(const struct sp_origin *origin, int *ret)
{
        sp_autoclose int fd = -1;
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                                   .sin6_port = htons(origin->dst_port) };
        struct sockaddr_in v4 = { .sin_family = AF_INET,
                                  .sin_port = htons(origin->dst_port),
                                  .sin_addr.s_addr = origin->dst_ip[3] };
        bool is_v4 = origin->family == AF_INET;
        int one = 1, r;

        memcpy(&v6.sin6_addr, origin->dst_ip, sizeof(v6.sin6_addr));
        fd = socket(is_v4 ? AF_INET : AF_INET6,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        r = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
                  : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
        if (r < 0 && errno != EINPROGRESS)
                return -errno;
        *ret = SP_TAKE_FD(fd);
        return 0;
}

/* `handles` counts up as they begin to exist, in the order in which they are closed. */
static int start_handles(uv_loop_t *loop, struct sp_splice *s)
{
        s->timer.data = s->poll[CLIENT].data = s->poll[SERVER].data = s;
        for (int side = 0; side < SIDES; side++) {
                if (uv_poll_init(loop, &s->poll[side], s->fd[side]) != 0)
                        return -EIO;
                s->handles++;
        }
        if (uv_timer_init(loop, &s->timer) != 0)
                return -EIO;
        s->handles++;
        if (uv_timer_start(&s->timer, on_timer, TIMER_MS, TIMER_MS) != 0)
                return -EIO;
        return watch(s);
}

int sp_splice_new(uv_loop_t *loop, int client_fd, const struct sp_origin *origin,
                  struct sp_str first, uint64_t idle_us, sp_splice_done_fn done,
                  void *userdata, struct sp_splice **ret)
{
        sp_autoclose int fd = client_fd;
        struct sp_splice *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->from[CLIENT].pending = s->from[SERVER].pending = SP_BUF_INIT(CHUNK);
        s->fd[CLIENT] = SP_TAKE_FD(fd);
        s->fd[SERVER] = -1;
        s->active_us = sp_clock_us();
        s->idle_us = idle_us;
        s->done = done;
        s->userdata = userdata;
        r = sp_splice_is_allowed(origin) ? start_connect(origin, &s->fd[SERVER])
                                         : -EPERM;
        if (r == 0)
                r = sp_buf_add(&s->from[CLIENT].pending, first);
        if (r == 0)
                r = start_handles(loop, s);
        if (r < 0) {
                (void)sp_splice_free(s);
                return r;
        }
        *ret = s;
        return 0;
}
