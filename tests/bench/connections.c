/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/connections — what a connection costs.
 *
 *   connections serve ADDRESS PORT               a plain accept loop: accept, read to the end, close
 *   connections connect ADDRESS PORT N           N times connect and reset: {"p50_ns", "cpu_ns", …}
 *   connections cycle ADDRESS PORT MS WAITING    so many at a time: connect, end, wait for the other
 *                                                side's end: {"connections", "ms"}
 *   connections hold ADDRESS PORT N NAME PATH    N TLS connections with one answered GET each; says
 *                                                "ready" and keeps them until its input ends
 *
 * Talks from wherever it is started: inside a guarded cgroup or outside. BENCH_TOKEN is the bearer
 * token of `hold`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/def.h"

#define N_MAX 20000
#define WAITING_MAX 256

static void must(bool is_so, const char *what)
{
        if (is_so)
                return;
        (void)fprintf(stderr, "connections: %s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

static uint64_t ns_of(clockid_t which)
{
        struct timespec t;

        must(clock_gettime(which, &t) == 0, "clock");
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

static int a_socket(int flags)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

        must(fd >= 0, "socket");
        return fd;
}

static void serve(const struct sockaddr_in *to)
{
        static const int on = 1;
        int fd = a_socket(0);
        char bytes[4096];

        must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "reuse");
        must(bind(fd, (const struct sockaddr *)to, sizeof(*to)) == 0, "bind");
        must(listen(fd, 4096) == 0, "listen");
        (void)puts("ready");
        (void)fflush(stdout);
        for (;;) {
                int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

                if (c < 0)
                        continue; /* reset while it waited */
                while (recv(c, bytes, sizeof(bytes), 0) > 0)
                        ;
                (void)close(c);
        }
}

static void connect_times(const struct sockaddr_in *to, size_t n)
{
        static const struct linger reset = { .l_onoff = 1 };
        static uint64_t took[N_MAX], cpu[N_MAX];

        n = SP_MIN(n, (size_t)N_MAX);
        for (size_t i = 0; i < n; i++) {
                int fd = a_socket(0);
                uint64_t cpu_before = ns_of(CLOCK_THREAD_CPUTIME_ID);
                uint64_t before = ns_of(CLOCK_MONOTONIC);

                must(connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0,
                     "connect");
                took[i] = ns_of(CLOCK_MONOTONIC) - before;
                cpu[i] = ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
                /* no port stays taken */
                (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
                (void)close(fd);
        }
        qsort(took, n, sizeof(*took), by_value);
        qsort(cpu, n, sizeof(*cpu), by_value);
        (void)printf("{\"p50_ns\":%" PRIu64 ",\"p90_ns\":%" PRIu64
                     ",\"cpu_p50_ns\":%" PRIu64 "}\n",
                     took[n / 2], took[n * 9 / 10], cpu[n / 2]);
}

/* ---- as many as go ---- */

static void begin(int loop, const struct sockaddr_in *to)
{
        int fd = a_socket(SOCK_NONBLOCK);
        struct epoll_event e = { .events = EPOLLOUT, .data.fd = fd };
        int r = connect(fd, (const struct sockaddr *)to, sizeof(*to));

        must(r == 0 || errno == EINPROGRESS, "connect");
        must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl");
}

/* True when the other side has ended it. */
static bool is_over(int loop, const struct epoll_event *e)
{
        struct epoll_event next = { .events = EPOLLIN, .data.fd = e->data.fd };
        char bytes[4096];
        ssize_t n;

        if (e->events & EPOLLOUT && !(e->events & (EPOLLERR | EPOLLHUP))) {
                must(shutdown(e->data.fd, SHUT_WR) == 0, "shutdown");
                must(epoll_ctl(loop, EPOLL_CTL_MOD, e->data.fd, &next) == 0,
                     "epoll_ctl");
                return false;
        }
        n = recv(e->data.fd, bytes, sizeof(bytes), 0);
        must(n >= 0 || errno == EAGAIN, "a connection was reset");
        return n == 0;
}

static void cycle(const struct sockaddr_in *to, uint64_t ms, size_t waiting)
{
        int loop = epoll_create1(EPOLL_CLOEXEC);
        uint64_t start = ns_of(CLOCK_MONOTONIC), now = start, n = 0;
        struct epoll_event events[WAITING_MAX];

        must(loop >= 0, "epoll_create1");
        for (size_t i = 0; i < SP_MIN(waiting, (size_t)WAITING_MAX); i++)
                begin(loop, to);
        while (now - start < ms * 1000000) {
                int got = epoll_wait(loop, events, WAITING_MAX, 10000);

                must(got > 0, "nothing happens");
                for (int i = 0; i < got; i++)
                        if (is_over(loop, &events[i])) {
                                (void)close(events[i].data.fd);
                                n++;
                                begin(loop, to);
                        }
                now = ns_of(CLOCK_MONOTONIC);
        }
        (void)printf("{\"connections\":%" PRIu64 ",\"ms\":%.3f}\n", n,
                     (double)(now - start) / 1e6);
}

/* ---- many that do nothing ---- */

/* The end of an answer by its own framing; what is sent here is small. */
static bool is_whole(const char *answer)
{
        const char *body = strstr(answer, "\r\n\r\n"),
                   *length = strcasestr(answer, "\r\ncontent-length:");

        if (!body)
                return false;
        if (length && length < body)
                return strlen(body + 4) >=
                       strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
        return strstr(body, "\r\n0\r\n\r\n") != NULL;
}

static void get(SSL *ssl, const char *request)
{
        static char answer[65536];
        size_t n = 0;

        must(SSL_write(ssl, request, (int)strlen(request)) > 0, "write");
        do {
                int r = SSL_read(ssl, answer + n, (int)(sizeof(answer) - 1 - n));

                must(r > 0, "the answer ended early");
                n += (size_t)r;
                answer[n] = '\0';
        } while (!is_whole(answer));
        must(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, answer);
}

static void hold(const struct sockaddr_in *to, size_t n, const char *name,
                 const char *path)
{
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        const char *token = getenv("BENCH_TOKEN");
        struct rlimit files = { .rlim_cur = n + 100, .rlim_max = n + 100 };
        char request[8192], c;

        (void)setrlimit(RLIMIT_NOFILE, &files); /* if not, socket() says so */
        must(context != NULL, "no context");
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
        (void)snprintf(
                request, sizeof(request),
                "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path,
                name, token ? token : "none");
        for (size_t i = 0; i < n; i++) {
                SSL *ssl = SSL_new(context);
                int fd = a_socket(0);

                must(connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0,
                     "connect");
                must(ssl && SSL_set_fd(ssl, fd) == 1 &&
                             SSL_set_tlsext_host_name(ssl, name) == 1,
                     "no connection");
                must(SSL_connect(ssl) == 1, "handshake");
                get(ssl, request);
        }
        (void)puts("ready");
        (void)fflush(stdout);
        while (read(STDIN_FILENO, &c, 1) > 0)
                ;
}

int main(int argc, char **argv)
{
        struct sockaddr_in to = { .sin_family = AF_INET };
        const char *what = argc > 3 ? argv[1] : "";

        if (argc > 3) {
                must(inet_pton(AF_INET, argv[2], &to.sin_addr) == 1, argv[2]);
                to.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
        }
        if (strcmp(what, "serve") == 0 && argc == 4)
                serve(&to);
        else if (strcmp(what, "connect") == 0 && argc == 5)
                connect_times(&to, strtoul(argv[4], NULL, 10));
        else if (strcmp(what, "cycle") == 0 && argc == 6)
                cycle(&to, strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
        else if (strcmp(what, "hold") == 0 && argc == 7)
                hold(&to, strtoul(argv[4], NULL, 10), argv[5], argv[6]);
        else
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
