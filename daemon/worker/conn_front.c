/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/base/log.h"
#include "daemon/roles/origin.h"
#include "daemon/worker/conn_internal.h"

#define ACCEPTS_PER_TURN 32

struct sp_listener {
        struct sp_listener *next;
        struct sp_front *front;
        uv_poll_t poll;
        int fd;
        bool is_metadata;
        uint64_t network; /* 0: our own */
};

void sp_front_handle_closed(struct sp_front *f)
{
        assert(f->handles > 0);
        if (--f->handles == 0 && f->is_freed)
                free(f);
}

void sp_front_told(struct sp_conn *c, const char *why)
{
        struct sp_front *f = c->front;

        if (f->hooks.on_connection)
                f->hooks.on_connection(f->hooks.userdata, &c->origin, sp_str_c(c->sni),
                                       why);
}

void sp_conn_wake(struct sp_conn *c)
{
        struct sp_front *f = c->front;

        if (c->is_awake || c->state == SP_CONN_CLOSED || f->is_freed)
                return;
        c->is_awake = true;
        c->next_awake = NULL;
        *f->awake_tail = c;
        f->awake_tail = &c->next_awake;
}

static void stay_awake(uv_idle_t *h)
{
        (void)h; /* its being active keeps the loop from sleeping */
}

/* One turn for each connection that was awake when it began; what wakes meanwhile has
 * its turn after the loop has looked at the sockets. */
static void on_prepare(uv_prepare_t *h)
{
        struct sp_front *f = h->data;
        struct sp_conn *c = f->awake, *next;

        f->awake = NULL;
        f->awake_tail = &f->awake;
        for (; c; c = next) {
                next = c->next_awake;
                c->is_awake = false;
                sp_conn_turn(c);
        }
        if (f->awake)
                (void)uv_idle_start(&f->idle, stay_awake);
        else
                (void)uv_idle_stop(&f->idle);
}

static void on_front_handle_closed(uv_handle_t *h)
{
        sp_front_handle_closed(h->data);
}

int sp_front_new(uv_loop_t *loop, const struct sp_settings *settings,
                 const struct sp_front_hooks *hooks, struct sp_front **ret)
{
        struct sp_front *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->loop = loop;
        f->settings = settings;
        f->hooks = *hooks;
        f->origins_fd = f->spare_fd = -1;
        f->awake_tail = &f->awake;
        r = sp_tls_new(hooks->get_leaf, hooks->userdata, &f->tls);
        if (r < 0) {
                free(f);
                return r;
        }
        /* neither can fail: they only enter the handle in the loop's lists */
        (void)uv_prepare_init(loop, &f->prepare);
        (void)uv_idle_init(loop, &f->idle);
        (void)uv_prepare_start(&f->prepare, on_prepare);
        f->prepare.data = f->idle.data = f;
        f->handles = 2;
        /* alone they are no reason for the loop to go on */
        uv_unref((uv_handle_t *)&f->prepare);
        *ret = f;
        return 0;
}

static void on_listener_closed(uv_handle_t *h)
{
        struct sp_listener *l = h->data;
        struct sp_front *f = l->front;

        free(l);
        sp_front_handle_closed(f);
}

/* Takes the first off the list. */
static void close_listener(struct sp_listener **at)
{
        struct sp_listener *l = *at;

        *at = l->next;
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
        sp_closep(&l->fd);
}

static void close_listeners(struct sp_front *f)
{
        while (f->listeners)
                close_listener(&f->listeners);
}

void sp_front_unlisten(struct sp_front *f, uint64_t network)
{
        struct sp_listener **at = &f->listeners;

        while (*at) {
                if ((*at)->network == network)
                        close_listener(at);
                else
                        at = &(*at)->next;
        }
}

void sp_front_conn_closed(struct sp_front *f)
{
        if (f->is_draining && !f->is_freed && f->on_drained &&
            f->counters.open == f->splices) {
                void (*fn)(void *userdata) = f->on_drained;

                f->on_drained = NULL;
                fn(f->hooks.userdata);
        }
}

void sp_front_drain(struct sp_front *f, void (*on_drained)(void *userdata))
{
        struct sp_conn *next;

        close_listeners(f);
        f->is_draining = true;
        f->on_drained = on_drained;
        for (struct sp_conn *c = f->conns; c; c = next) {
                next = c->next;
                sp_conn_drain(c);
        }
        sp_front_conn_closed(f);
}

struct sp_front *sp_front_free(struct sp_front *f)
{
        if (!f)
                return NULL;
        while (f->conns)
                sp_conn_close(f->conns);
        f->is_freed = true;
        for (struct sp_conn *c = f->awake, *next; c; c = next) {
                next = c->next_awake;
                c->is_awake = false;
                sp_conn_close(c);
        }
        f->awake = NULL;
        f->awake_tail = &f->awake;
        close_listeners(f);
        f->tls = sp_tls_free(f->tls);
        sp_closep(&f->origins_fd);
        sp_closep(&f->spare_fd);
        uv_close((uv_handle_t *)&f->prepare, on_front_handle_closed);
        uv_close((uv_handle_t *)&f->idle, on_front_handle_closed);
        return NULL;
}

static int read_origin(struct sp_front *f, int fd, struct sp_origin *ret)
{
        if (f->origin_fn)
                return f->origin_fn(f->origin_userdata, fd, ret);
        return f->origins_fd < 0 ? -ENOENT : sp_origin_read(f->origins_fd, fd, ret);
}

static void refuse(struct sp_front *f, int fd, const struct sp_origin *origin,
                   const char *why)
{
        if (f->hooks.on_connection)
                f->hooks.on_connection(f->hooks.userdata, origin, SP_STR_NULL, why);
        (void)close(fd);
}

static void take_connection(struct sp_listener *l, int fd)
{
        struct sp_front *f = l->front;
        struct sp_origin origin;
        int one = 1, r;

        f->counters.accepted++;
        r = read_origin(f, fd, &origin);
        if (r < 0) {
                f->counters.no_origin++;
                sp_log(SP_LOG_DEBUG, "a connection without an origin: %s",
                       strerror(-r));
                refuse(f, fd, NULL, "origin.missing");
                return;
        }
        if ((bool)origin.is_metadata != l->is_metadata ||
            (l->network && l->network != origin.netns_cookie)) {
                f->counters.refused++;
                refuse(f, fd, &origin, "origin.mismatch");
                return;
        }
        if (f->counters.open >= f->settings->limits.connections_max) {
                f->counters.refused++;
                refuse(f, fd, &origin, "origin.limit");
                return;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        sp_conn_start(f, fd, &origin, l->is_metadata, l->network != 0);
}

/* Of nothing that its being open would keep alive, as a listener keeps its network. */
static int open_spare(struct sp_front *f)
{
        return fcntl(uv_backend_fd(f->loop), F_DUPFD_CLOEXEC, 0);
}

/* Out of descriptors, a connection that cannot be accepted would keep the listener
 * readable for ever: the spare one takes it, to close it. */
static void drop_one(struct sp_listener *l)
{
        struct sp_front *f = l->front;
        int fd;

        sp_closep(&f->spare_fd);
        fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
                f->counters.accepted++;
                f->counters.refused++;
                refuse(f, fd, NULL, "origin.descriptors");
        }
        f->spare_fd = open_spare(f);
}

static void on_connection(uv_poll_t *h, int status, int events)
{
        struct sp_listener *l = h->data;

        (void)events;
        if (status < 0)
                sp_log(SP_LOG_ERR, "listening socket: %s", uv_strerror(status));
        for (int i = 0; status == 0 && i < ACCEPTS_PER_TURN; i++) {
                int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd >= 0) {
                        take_connection(l, fd);
                } else if (errno == EMFILE || errno == ENFILE) {
                        drop_one(l);
                        return;
                } else if (errno != ECONNABORTED && errno != EINTR) {
                        if (errno != EAGAIN)
                                sp_log(SP_LOG_ERR, "accept: %s", strerror(errno));
                        return;
                }
        }
}

int sp_front_listen(struct sp_front *f, int fd, bool is_metadata, uint64_t network)
{
        sp_autoclose int taken = fd;
        struct sp_listener *l = calloc(1, sizeof(*l));
        int flags = fcntl(fd, F_GETFL);

        if (!l)
                return -ENOMEM;
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            uv_poll_init(f->loop, &l->poll, fd) != 0) {
                free(l);
                return -EBADF;
        }
        l->poll.data = l;
        l->front = f;
        l->fd = SP_TAKE_FD(taken);
        l->is_metadata = is_metadata;
        l->network = network;
        l->next = f->listeners;
        f->listeners = l;
        f->handles++;
        if (f->spare_fd < 0)
                f->spare_fd = open_spare(f);
        return uv_poll_start(&l->poll, UV_READABLE, on_connection) == 0 ? 0 : -EIO;
}

void sp_front_set_origins(struct sp_front *f, int map_fd)
{
        sp_closep(&f->origins_fd);
        f->origins_fd = map_fd;
}

void sp_front_set_origin_fn(struct sp_front *f, sp_front_origin_fn fn, void *userdata)
{
        f->origin_fn = fn;
        f->origin_userdata = userdata;
}

const struct sp_front_counters *sp_front_counters(const struct sp_front *f)
{
        return &f->counters;
}
