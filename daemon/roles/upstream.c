/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/upstream.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/base/log.h"
#include "daemon/roles/ahead.h"

#define CONNECT_TIMEOUT_MS 10000L
#define IDLE_MAX 64

struct sp_upstream {
        uv_loop_t *loop;
        uv_timer_t *timer;
        CURLM *multi;
        const struct sp_settings *settings;
        struct curl_slist *connect_to;
        struct sp_transfer *all;
        struct sp_aheads aheads;
        CURL *idle
                [IDLE_MAX]; /* handles to use again: making one costs more than a request */
        size_t n_idle;
};

struct sp_transfer {
        struct sp_upstream *upstream;
        struct sp_transfer *next, **prev;
        CURL *easy;
        struct curl_slist *headers;
        struct sp_transfer_hooks hooks;
        void *userdata;
        struct sp_ahead
                *ahead; /* of the connection that it has; NULL: none, or closed */
        curl_socket_t fd; /* that libcurl last wanted watched for it */
        bool is_paused, is_headed, is_in_curl, is_cancelled;
        bool is_waiting; /* sent from a hook: libcurl takes none while it is in one */
        char error[CURL_ERROR_SIZE];
        char *url;
        char text[]; /* the URL, then the body */
};

/* ---- libcurl's sockets and timer on libuv ---- */

struct watched {
        uv_poll_t poll;
        struct sp_upstream *upstream;
        curl_socket_t fd;
        int events;
};

/* Connections and TLS sessions belong to the multi handle; an easy handle that was reset
 * remembers nothing of the request before. */
static CURL *take_handle(struct sp_upstream *u)
{
        return u->n_idle ? u->idle[--u->n_idle] : curl_easy_init();
}

static void put_handle(struct sp_upstream *u, CURL *easy)
{
        if (u->n_idle == IDLE_MAX) {
                curl_easy_cleanup(easy);
                return;
        }
        curl_easy_reset(easy);
        u->idle[u->n_idle++] = easy;
}

/* One of them is the gateway's token. */
static void forget_headers(struct curl_slist *headers)
{
        for (struct curl_slist *l = headers; l; l = l->next)
                explicit_bzero(l->data, strlen(l->data));
        curl_slist_free_all(headers);
}

static void leave_connection(struct sp_transfer *t)
{
        if (!t->ahead)
                return;
        t->ahead->owner = NULL;
        t->ahead->user = NULL;
        t->ahead = NULL;
}

static void drop(struct sp_transfer *t)
{
        leave_connection(t);
        (void)curl_multi_remove_handle(t->upstream->multi, t->easy);
        put_handle(t->upstream, t->easy);
        forget_headers(t->headers);
        *t->prev = t->next;
        if (t->next)
                t->next->prev = t->prev;
        free(t);
}

static int code_of(CURLcode c)
{
        switch (c) {
        case CURLE_OK:
                return 0;
        case CURLE_COULDNT_RESOLVE_HOST:
                return -EHOSTUNREACH;
        case CURLE_COULDNT_CONNECT:
                return -ECONNREFUSED;
        case CURLE_OPERATION_TIMEDOUT:
                return -ETIMEDOUT;
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_HTTP2:
                return -EPROTO;
        default:
                return -EIO;
        }
}

static void headed(struct sp_transfer *t)
{
        long status = 0;

        if (t->is_headed)
                return;
        t->is_headed = true;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        t->hooks.on_head(t->userdata, (unsigned)status);
}

static void collect(struct sp_upstream *u)
{
        CURLMsg *m;
        int left;

        while ((m = curl_multi_info_read(u->multi, &left))) {
                struct sp_transfer *t;
                CURLcode result = m->data.result;

                if (m->msg != CURLMSG_DONE)
                        continue;
                (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
                /* libcurl keeps the connection, and does not see what is behind the answer */
                if (t->ahead && !sp_ahead_is_clean(t->ahead))
                        (void)shutdown(t->ahead->fd, SHUT_RDWR);
                t->is_in_curl = true; /* a cancel from a hook must not free */
                if (!t->is_cancelled && result == CURLE_OK)
                        headed(t); /* an answer without a body */
                if (!t->is_cancelled) {
                        t->hooks.on_done(t->userdata, code_of(result),
                                         result ? curl_easy_strerror(result) : "");
                }
                drop(t);
        }
}

/* Out of libcurl again: it can have what hooks sent meanwhile. */
static void send_waiting(struct sp_upstream *u)
{
        struct sp_transfer *next;

        for (struct sp_transfer *t = u->all; t; t = next) {
                bool is_refused;

                next = t->next;
                if (!t->is_waiting)
                        continue;
                t->is_waiting = false;
                t->is_in_curl = true; /* a cancel from the hook must not free */
                is_refused = curl_multi_add_handle(u->multi, t->easy) != CURLM_OK;
                if (is_refused)
                        t->hooks.on_done(t->userdata, -EIO, "it could not be sent");
                t->is_in_curl = false;
                if (is_refused)
                        drop(t);
        }
}

static bool can_read(const void *transfer)
{
        return !((const struct sp_transfer *)transfer)->is_paused;
}

/* libcurl stops at a record's end when the socket is empty. A call takes a record, or nothing
 * and then is not made again; no call takes more from a socket, so one that never falls silent
 * keeps nobody waiting. */
static void read_on(struct sp_upstream *u)
{
        const struct sp_ahead *a;
        int running;

        sp_aheads_begin(&u->aheads);
        while ((a = sp_aheads_next(&u->aheads, can_read))) {
                (void)curl_multi_socket_action(u->multi, a->fd, CURL_CSELECT_IN,
                                               &running);
                collect(u);
        }
        sp_aheads_end(&u->aheads);
}

static void on_socket_event(uv_poll_t *p, int status, int events)
{
        struct watched *s = p->data;
        struct sp_upstream *u = s->upstream;
        int flags = 0, running;

        if (status < 0)
                flags = CURL_CSELECT_ERR;
        if (events & UV_READABLE)
                flags |= CURL_CSELECT_IN;
        if (events & UV_WRITABLE)
                flags |= CURL_CSELECT_OUT;
        (void)curl_multi_socket_action(u->multi, s->fd, flags, &running);
        collect(u);
        read_on(u);
        send_waiting(u);
}

static void on_watched_closed(uv_handle_t *h)
{
        free(h->data);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *slot)
{
        struct sp_upstream *u = userdata;
        struct watched *s = slot;
        struct sp_transfer *t;
        int events;

        if (what == CURL_POLL_REMOVE) {
                if (s) {
                        (void)uv_poll_stop(&s->poll);
                        uv_close((uv_handle_t *)&s->poll, on_watched_closed);
                        (void)curl_multi_assign(u->multi, fd, NULL);
                }
                return 0;
        }
        if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t) == CURLE_OK && t)
                t->fd = fd;
        if (!s) {
                s = calloc(1, sizeof(*s));
                if (!s || uv_poll_init_socket(u->loop, &s->poll, fd) < 0) {
                        free(s);
                        return -1;
                }
                s->poll.data = s;
                s->upstream = u;
                s->fd = fd;
                (void)curl_multi_assign(u->multi, fd, s);
        }
        events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
                 (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
        if (events != s->events) {
                s->events = events;
                (void)uv_poll_start(&s->poll, events, on_socket_event);
        }
        return 0;
}

static void on_timeout(uv_timer_t *t)
{
        struct sp_upstream *u = t->data;
        int running;

        (void)curl_multi_socket_action(u->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        collect(u);
        read_on(u);
        send_waiting(u);
}

static int on_timer(CURLM *multi, long ms, void *userdata)
{
        struct sp_upstream *u = userdata;

        (void)multi;
        if (ms < 0)
                return uv_timer_stop(u->timer);
        /* libcurl must not be entered again from within itself: libuv never calls back from
         * uv_timer_start; 0 is the loop's next turn. */
        return uv_timer_start(u->timer, on_timeout, (uint64_t)ms, 0);
}

int sp_upstream_new(uv_loop_t *loop, const struct sp_settings *settings,
                    struct sp_upstream **ret)
{
        struct sp_upstream *u = calloc(1, sizeof(*u));
        char to[300];

        if (!u)
                return -ENOMEM;
        u->loop = loop;
        u->settings = settings;
        u->multi = curl_multi_init();
        u->timer = calloc(1, sizeof(*u->timer));
        if (sp_aheads_init(&u->aheads) < 0 || !u->multi || !u->timer ||
            uv_timer_init(loop, u->timer) < 0) {
                if (u->multi)
                        (void)curl_multi_cleanup(u->multi);
                sp_aheads_done(&u->aheads);
                free(u->timer);
                free(u);
                return -ENOMEM;
        }
        u->timer->data = u;
        (void)curl_multi_setopt(u->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        (void)curl_multi_setopt(u->multi, CURLMOPT_SOCKETDATA, u);
        (void)curl_multi_setopt(u->multi, CURLMOPT_TIMERFUNCTION, on_timer);
        (void)curl_multi_setopt(u->multi, CURLMOPT_TIMERDATA, u);
        (void)curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, 256L);
        if (settings->upstream.connect_to.n) {
                (void)snprintf(to, sizeof(to), "::%.*s",
                               SP_FMT(settings->upstream.connect_to));
                u->connect_to = curl_slist_append(NULL, to);
        }
        *ret = u;
        return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
        free(h);
}

struct sp_upstream *sp_upstream_free(struct sp_upstream *u)
{
        if (!u)
                return NULL;
        while (u->all)
                drop(u->all);
        while (u->n_idle)
                curl_easy_cleanup(u->idle[--u->n_idle]);
        (void)curl_multi_cleanup(u->multi);
        sp_aheads_done(&u->aheads);
        curl_slist_free_all(u->connect_to);
        uv_close((uv_handle_t *)u->timer, on_timer_closed);
        free(u);
        return NULL;
}

int sp_upstream_split(struct sp_str url, struct sp_upstream_request *ret)
{
        struct sp_str rest = sp_str_sub(url, 8, url.n);
        size_t n = 0;

        while (n < rest.n && rest.p[n] != '/')
                n++;
        if (!sp_str_starts(url, SP_STR("https://")) || !n)
                return -EINVAL;
        ret->host = sp_str_sub(rest, 0, n);
        ret->path_and_query = sp_str_sub(rest, n, rest.n);
        return 0;
}

/* ---- one transfer ---- */

static size_t on_body(char *p, size_t size, size_t n, void *userdata)
{
        struct sp_transfer *t = userdata;

        if (t->is_cancelled)
                return 0; /* makes libcurl end the transfer */
        if (t->is_paused)
                return CURL_WRITEFUNC_PAUSE;
        t->is_in_curl = true;
        headed(t);
        if (!t->is_cancelled)
                t->hooks.on_data(t->userdata, sp_str(p, size * n));
        t->is_in_curl = false;
        if (t->ahead && !t->is_cancelled && !t->is_paused)
                sp_ahead_decrypt(t->ahead);
        return t->is_cancelled ? 0 : size * n;
}

/* libcurl tells the descriptor of a connection only when it is not in use any more. */
static bool is_local_port(int fd, int port)
{
        struct sockaddr_storage a;
        socklen_t n = sizeof(a);

        if (fd < 0 || getsockname(fd, (struct sockaddr *)&a, &n) < 0)
                return false;
        if (a.ss_family == AF_INET)
                return ntohs(((struct sockaddr_in *)&a)->sin_port) == port;
        return a.ss_family == AF_INET6 &&
               ntohs(((struct sockaddr_in6 *)&a)->sin6_port) == port;
}

/* The connection is there, the request is not sent yet. */
static int on_connection(void *userdata, char *remote, char *local, int remote_port,
                         int local_port)
{
        struct sp_transfer *t = userdata;
        struct sp_aheads *all = &t->upstream->aheads;
        struct curl_tlssessioninfo *tls;
        struct sp_ahead *a;

        (void)remote, (void)local, (void)remote_port;
        leave_connection(t); /* it may be sent again */
        if (curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK ||
            tls->backend != CURLSSLBACKEND_OPENSSL || !tls->internals)
                return CURL_PREREQFUNC_OK; /* as libcurl reads it */
        a = sp_ahead_of(all, tls->internals);
        if (!a && is_local_port(t->fd, local_port))
                a = sp_ahead_new(all, tls->internals, t->fd);
        if (!a)
                return CURL_PREREQFUNC_OK;
        if (a->owner)
                leave_connection(a->user);
        a->owner = &t->ahead;
        a->user = t;
        t->ahead = a;
        if (sp_ahead_is_clean(a))
                return CURL_PREREQFUNC_OK;
        /* it would be taken for the answer */
        (void)shutdown(a->fd, SHUT_RDWR);
        return CURL_PREREQFUNC_ABORT;
}

static size_t on_header(char *p, size_t size, size_t n, void *userdata)
{
        (void)p, (void)userdata;
        return size * n; /* no header of the answer is passed on: nothing to keep */
}

static int set_headers(struct sp_transfer *t, const struct sp_upstream_request *r,
                       struct sp_str bearer, const char *content_type)
{
        char line[8192];
        struct curl_slist *l;
        int n = snprintf(line, sizeof(line), "Authorization: Bearer %.*s",
                         SP_FMT(bearer));

        if (n < 0 || n >= (int)sizeof(line))
                return -EMSGSIZE;
        l = bearer.n ? curl_slist_append(NULL, line) : NULL;
        explicit_bzero(line, sizeof(line));
        if (bearer.n && !l)
                return -ENOMEM;
        t->headers = l;
        (void)snprintf(line, sizeof(line), "If-Match: %.*s", SP_FMT(r->etag));
        if (r->etag.n && !(l = curl_slist_append(t->headers, line)))
                return -ENOMEM;
        t->headers = r->etag.n ? l : t->headers;
        (void)snprintf(line, sizeof(line), "Content-Type: %s",
                       content_type ? content_type : "application/json");
        if (r->body.n && (l = curl_slist_append(t->headers, line)))
                t->headers = l;
        l = curl_slist_append(t->headers, "Accept: application/json");
        if (!l)
                return -ENOMEM;
        t->headers = l;
        /* no "Expect: 100-continue" round trip on larger bodies */
        l = curl_slist_append(t->headers, "Expect:");
        if (!l)
                return -ENOMEM;
        t->headers = l;
        return 0;
}

static void set_options(struct sp_transfer *t, const struct sp_upstream_request *r,
                        const char *body)
{
        const struct sp_settings *s = t->upstream->settings;
        CURL *e = t->easy;

        (void)curl_easy_setopt(e, CURLOPT_URL, t->url);
        (void)curl_easy_setopt(e, CURLOPT_PRIVATE, t);
        (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
        (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
        (void)curl_easy_setopt(e, CURLOPT_PROXY,
                               ""); /* whatever the environment says */
        (void)curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
        (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
        (void)curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
        (void)curl_easy_setopt(e, CURLOPT_TLS13_CIPHERS, SP_TLS_SUITES);
        if (s->upstream.ca_file
                    .n) /* NUL-terminated: settings strings come from an arena */
                (void)curl_easy_setopt(e, CURLOPT_CAINFO, s->upstream.ca_file.p);
        if (t->upstream->connect_to)
                (void)curl_easy_setopt(e, CURLOPT_CONNECT_TO, t->upstream->connect_to);
        (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
        (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
                               (long)(s->upstream.timeout_us / 1000));
        (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
        (void)curl_easy_setopt(e, CURLOPT_USERAGENT, "sallyport/" SP_VERSION);
        (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
        (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
        (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
        (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
        (void)curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connection);
        (void)curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
        if (r->body.n || sp_str_eq(r->method, SP_STR("POST"))) {
                (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                                       (curl_off_t)r->body.n);
                (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
        }
        if (sp_str_eq(r->method, SP_STR("PATCH")))
                (void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, "PATCH");
        if (sp_str_eq(r->method, SP_STR("DELETE")))
                (void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, "DELETE");
}

/* A private endpoint is another name for the same API; TLS is verified against it. */
static struct sp_str real_host(const struct sp_upstream *u, struct sp_str host)
{
        return u->settings->upstream.base_host.n &&
                               sp_str_eq(host, SP_STR("bigquery.googleapis.com"))
                       ? u->settings->upstream.base_host
                       : host;
}

int sp_upstream_send(struct sp_upstream *u, const struct sp_upstream_request *r,
                     struct sp_str bearer, const char *content_type,
                     const struct sp_transfer_hooks *hooks, void *userdata,
                     struct sp_transfer **ret)
{
        struct sp_str host = real_host(u, r->host);
        size_t url = sizeof("https://") + host.n + r->path_and_query.n;
        struct sp_transfer *t = calloc(1, sizeof(*t) + url + r->body.n + 1);
        int e;

        if (!t)
                return -ENOMEM;
        t->upstream = u;
        t->fd = -1;
        t->hooks = *hooks;
        t->userdata = userdata;
        t->url = t->text;
        (void)snprintf(t->url, url, "https://%.*s%.*s", SP_FMT(host),
                       SP_FMT(r->path_and_query));
        if (r->body.n)
                memcpy(t->url + url, r->body.p, r->body.n);
        t->easy = take_handle(u);
        e = t->easy ? set_headers(t, r, bearer, content_type) : -ENOMEM;
        if (e == 0) {
                CURLMcode code;

                set_options(t, r, t->url + url);
                code = curl_multi_add_handle(u->multi, t->easy);
                t->is_waiting = code == CURLM_RECURSIVE_API_CALL;
                if (code != CURLM_OK && !t->is_waiting)
                        e = -EIO;
        }
        if (e < 0) {
                curl_easy_cleanup(t->easy);
                forget_headers(t->headers);
                free(t);
                return e;
        }
        t->next = u->all;
        t->prev = &u->all;
        if (t->next)
                t->next->prev = &t->next;
        u->all = t;
        if (ret)
                *ret = t;
        return 0;
}

void sp_transfer_pause(struct sp_transfer *t)
{
        t->is_paused = true;
}

void sp_transfer_resume(struct sp_transfer *t)
{
        if (!t->is_paused)
                return;
        t->is_paused = false;
        if (t->is_in_curl)
                return;
        /* May call on_body at once; completion shows in the next turn's collect(). What is
         * cancelled there would not be looked at again before more bytes come, or the timeout. */
        (void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
        if (t->is_cancelled)
                drop(t);
        else if (t->ahead && !sp_ahead_is_clean(t->ahead))
                /* libcurl may not know that it was to wait; it bears being called early */
                (void)uv_timer_start(t->upstream->timer, on_timeout, 0, 0);
}

void sp_transfer_cancel(struct sp_transfer *t)
{
        if (t->is_in_curl)
                t->is_cancelled = true;
        else
                drop(t);
}
