/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/metrics_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

#include "daemon/base/log.h"

#define REQUEST_MAX 4096
#define ANSWER_MAX (8u << 20)
#define SLOW_US (2 * SP_USEC_PER_SEC)

struct client {
        struct sp_metrics_socket *s;
        int fd;
        sd_event_source *io, *timer;
        char request[REQUEST_MAX];
        size_t n;
        struct sp_buf answer;
        bool is_asking; /* the hook has a call of ours: the client must stay */
        bool is_gone;
};

struct sp_metrics_socket {
        sd_event *event;
        sd_event_source *io;
        int fd;
        char *path;
        sp_metrics_fn metrics;
        void *userdata;
        struct client *clients[SP_METRICS_CLIENTS_MAX];
};

static void client_free(struct client *c)
{
        struct sp_metrics_socket *s = c->s;

        (void)sd_event_source_disable_unref(c->io);
        (void)sd_event_source_disable_unref(c->timer);
        c->io = c->timer = NULL;
        sp_closep(&c->fd);
        c->is_gone = true;
        if (c->is_asking)
                return;
        for (size_t i = 0; i < SP_METRICS_CLIENTS_MAX; i++)
                if (s->clients[i] == c)
                        s->clients[i] = NULL;
        sp_buf_done(&c->answer);
        free(c);
        (void)sd_event_source_set_enabled(s->io, SD_EVENT_ON);
}

/* ---- the answer ---- */

static void client_write(struct client *c)
{
        ssize_t n = send(c->fd, c->answer.p, c->answer.n, MSG_NOSIGNAL);

        if (n > 0)
                sp_buf_consume(&c->answer, (size_t)n);
        if ((n < 0 && errno != EAGAIN && errno != EINTR) || c->answer.n == 0)
                client_free(c);
        else
                (void)sd_event_source_set_io_events(c->io, EPOLLOUT);
}

static void answer(struct client *c, const char *status, struct sp_str body)
{
        int r = sp_buf_addf(&c->answer,
                            "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4\r\n"
                            "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                            status, body.n);

        if (r == 0)
                r = sp_buf_add(&c->answer, body);
        if (r < 0)
                client_free(c);
        else
                client_write(c);
}

static void on_text(void *userdata, struct sp_str text, const struct sp_err *e)
{
        struct client *c = userdata;

        c->is_asking = false;
        if (c->is_gone)
                client_free(c);
        else if (e)
                answer(c, "503 Service Unavailable", sp_str_c(e->what));
        else
                answer(c, "200 OK", text);
}

static void respond(struct client *c)
{
        struct sp_bus_call *call;

        (void)sd_event_source_set_io_events(c->io, 0);
        if (!sp_str_starts(sp_str(c->request, c->n), SP_STR("GET /"))) {
                answer(c, "405 Method Not Allowed", SP_STR("only GET\n"));
                return;
        }
        call = sp_bus_call_local(on_text, c);
        if (!call) {
                client_free(c);
                return;
        }
        c->is_asking = true;
        c->s->metrics(c->s->userdata, call);
}

/* ---- the question ---- */

static void client_read(struct client *c)
{
        ssize_t n = recv(c->fd, c->request + c->n, sizeof(c->request) - c->n, 0);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n > 0)
                c->n += (size_t)n;
        if (n > 0 && memmem(c->request, c->n, "\r\n\r\n", 4))
                respond(c);
        else if (n <= 0 || c->n == sizeof(c->request))
                client_free(c);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        struct client *c = userdata;

        (void)source, (void)fd;
        if (c->answer.n)
                client_write(c);
        else if (events & EPOLLIN)
                client_read(c);
        else
                client_free(c); /* hung up */
        return 0;
}

static int on_slow(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source, (void)usec;
        client_free(userdata);
        return 0;
}

static int client_new(struct sp_metrics_socket *s, int fd, struct client **slot)
{
        struct client *c = calloc(1, sizeof(*c));
        int r;

        if (!c) {
                (void)close(fd);
                return -ENOMEM;
        }
        c->s = s;
        c->fd = fd;
        c->answer = SP_BUF_INIT(ANSWER_MAX);
        *slot = c;
        r = sd_event_add_io(s->event, &c->io, fd, EPOLLIN, on_client, c);
        if (r >= 0)
                r = sd_event_add_time_relative(s->event, &c->timer, CLOCK_MONOTONIC,
                                               SLOW_US, 0, on_slow, c);
        if (r < 0)
                client_free(c);
        return r;
}

static int on_listener(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        struct sp_metrics_socket *s = userdata;
        struct client **slot = NULL;
        int client;

        (void)events;
        for (size_t i = 0; !slot && i < SP_METRICS_CLIENTS_MAX; i++)
                if (!s->clients[i])
                        slot = &s->clients[i];
        if (!slot) { /* client_free turns it on again */
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
                return 0;
        }
        client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0 && client_new(s, client, slot) < 0)
                sp_log(SP_LOG_WARNING, "a client of the metrics socket was dropped");
        return 0;
}

/* ---- the socket ---- */

static int listen_at(struct sp_metrics_socket *s)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        if (strlen(s->path) >= sizeof(a.sun_path))
                return -ENAMETOOLONG;
        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", s->path);
        s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (s->fd < 0)
                return -errno;
        if (unlink(s->path) < 0 && errno != ENOENT) /* of a daemon that was killed */
                return -errno;
        /* Closed to others until it has its mode: nobody connects to it before listen.
         */
        if (bind(s->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
            chmod(s->path, 0660) < 0 || listen(s->fd, 16) < 0)
                return -errno;
        return sd_event_add_io(s->event, &s->io, s->fd, EPOLLIN, on_listener, s);
}

int sp_metrics_socket_new(struct sd_event *event, const char *path,
                          sp_metrics_fn metrics, void *userdata,
                          struct sp_metrics_socket **ret, struct sp_err *reterr)
{
        sp_cleanup(sp_metrics_socket_freep) struct sp_metrics_socket *s =
                calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->fd = -1;
        s->event = sd_event_ref(event);
        s->metrics = metrics;
        s->userdata = userdata;
        s->path = strdup(path);
        r = s->path ? listen_at(s) : -ENOMEM;
        if (r < 0)
                return sp_err_set(reterr, r, "metrics.socket", path, "%s",
                                  strerror(-r));
        *ret = SP_TAKE(s);
        return 0;
}

struct sp_metrics_socket *sp_metrics_socket_free(struct sp_metrics_socket *s)
{
        if (!s)
                return NULL;
        for (size_t i = 0; i < SP_METRICS_CLIENTS_MAX; i++)
                if (s->clients[i])
                        client_free(s->clients[i]);
        (void)sd_event_source_disable_unref(s->io);
        if (s->fd >= 0)
                (void)unlink(s->path);
        sp_closep(&s->fd);
        sd_event_unref(s->event);
        free(s->path);
        free(s);
        return NULL;
}
