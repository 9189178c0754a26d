/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/records — how many records a second reach stable storage.
 *
 *   records SALLYPORTD STATE_DIR WAITING SECONDS
 *
 * Starts the recorder's role alone, keeps WAITING records of about 1 KiB on their way
 * to it for SECONDS, and prints {"records", "seconds", "p50_us", "p99_us"} of those it
 * answered: a record is answered when it is synced.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/roles/start.h"

#define WAITING_MAX 512
#define LATENCIES_MAX 4000000

struct bench {
        struct sp_ipc ipc;
        struct sp_buf record; /* the message */
        uint64_t sent_us[WAITING_MAX];
        uint32_t *latencies;
        size_t n;
};

static void must(int r, const char *what)
{
        if (r >= 0)
                return;
        (void)fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static pid_t start(const char *program, int fd)
{
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        /* a copy far away first: dup2 onto itself would keep close-on-exec */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 64);
        if (fd < 0 || dup2(fd, SP_ROLE_CHANNEL) < 0)
                _exit(127);
        (void)execl(program, program, "--role=recorder", (char *)NULL);
        _exit(127);
}

/* The recorder says that it is there, and is told to begin. */
static void begin(struct bench *b, int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        struct ucred who;
        const struct sp_msg_begin m = { 0, SP_LOG_WARNING };
        sp_autobuf text = SP_BUF_INIT(64);
        struct sp_wire_out w = SP_WIRE_OUT(&text);

        must(poll(&p, 1, 10000) == 1 && sp_ipc_meet(fd, &who) == 1 ? 0 : -EPIPE,
             "hello");
        sp_ipc_init(&b->ipc, fd);
        sp_msg_put_begin(&w, &m);
        must(w.error, "begin");
        must(sp_ipc_send(&b->ipc, SP_MSG_BEGIN, 0, sp_buf_str(&text), -1), "begin");
}

static void send_settings(struct bench *b, const char *dir)
{
        sp_autobuf text = SP_BUF_INIT(8192);
        int fd;

        must(sp_buf_addf(&text, "state_dir: %s\nrecords:\n  free_min: 1MiB\n", dir),
             "settings");
        must(sp_memfd_new("settings", sp_buf_str(&text), &fd), "memfd");
        must(sp_ipc_send(&b->ipc, SP_MSG_SETTINGS, 0, SP_STR_NULL, fd), "settings");
        (void)close(fd);
}

/* The size and the shape of a request's record; SQL makes the most of it. */
static void make_record(struct bench *b)
{
        sp_autobuf text = SP_BUF_INIT(8192);
        struct sp_wire_out w;

        must(sp_buf_addf(
                     &text,
                     "{\"type\":\"request\",\"time\":\"2026-01-01T00:00:00.000000Z\","
                     "\"session\":\"01JGEBENCHBENCHBENCHBENCHB\",\"workload\":\"ci-"
                     "agents\","
                     "\"action\":\"bigquery.jobs.query\",\"verdict\":\"allow\",\"sql\":"
                     "\"%0850d\"}",
                     0),
             "record");
        b->record = SP_BUF_INIT(16384);
        w = SP_WIRE_OUT(&b->record);
        sp_wire_put_str(&w, sp_buf_str(&text));
        must(w.error, "record");
}

static void send_one(struct bench *b, uint64_t id)
{
        b->sent_us[id - 1] = sp_clock_us();
        must(sp_ipc_send(&b->ipc, SP_MSG_RECORD, id, sp_buf_str(&b->record), -1),
             "send");
}

/* One answer per question; a question's id is its place in sent_us, from 1. */
static unsigned receive(struct bench *b, bool again)
{
        unsigned gone = 0;
        struct sp_ipc_msg m;
        int r;

        while ((r = sp_ipc_recv(&b->ipc, &m)) == 1) {
                if (m.type != SP_MSG_ANSWER_OK || !m.id || m.id > WAITING_MAX)
                        must(-EPROTO, "the recorder refused a record");
                if (b->n < LATENCIES_MAX)
                        b->latencies[b->n++] =
                                (uint32_t)(sp_clock_us() - b->sent_us[m.id - 1]);
                if (again)
                        send_one(b, m.id);
                else
                        gone++;
        }
        must(r, "the recorder is gone");
        return gone;
}

static void run(struct bench *b, unsigned waiting, uint64_t until_us)
{
        for (uint64_t id = 1; id <= waiting; id++)
                send_one(b, id);
        while (waiting) {
                struct pollfd p = { b->ipc.fd,
                                    POLLIN |
                                            (sp_ipc_wants_write(&b->ipc) ? POLLOUT : 0),
                                    0 };

                if (poll(&p, 1, 10000) <= 0)
                        must(-ETIMEDOUT, "no answer");
                if (p.revents & POLLOUT)
                        must(sp_ipc_flush(&b->ipc), "send");
                if (p.revents & ~POLLOUT)
                        waiting -= receive(b, sp_clock_us() < until_us);
        }
}

static int by_value(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
        unsigned waiting = argc == 5 ? (unsigned)atoi(argv[3]) : 0;
        double seconds = argc == 5 ? atof(argv[4]) : 0;
        struct bench b = { 0 };
        uint64_t from_us;
        int fds[2];
        pid_t pid;

        if (!waiting || waiting > WAITING_MAX || seconds <= 0) {
                (void)fprintf(stderr,
                              "usage: records SALLYPORTD STATE_DIR WAITING SECONDS\n");
                return 2;
        }
        must(sp_ipc_pair(fds), "socketpair");
        must(sp_ipc_expect(fds[0]), "socketpair");
        pid = start(argv[1], fds[1]);
        must(pid, "fork");
        (void)close(fds[1]);
        begin(&b, fds[0]);
        b.latencies = calloc(LATENCIES_MAX, sizeof(*b.latencies));
        must(b.latencies ? 0 : -ENOMEM, "latencies");
        send_settings(&b, argv[2]);
        make_record(&b);
        run(&b, 1, sp_clock_us()); /* the store is open when this one is answered */
        b.n = 0;
        from_us = sp_clock_us();
        run(&b, waiting, from_us + (uint64_t)(seconds * SP_USEC_PER_SEC));
        seconds = (double)(sp_clock_us() - from_us) / SP_USEC_PER_SEC;
        qsort(b.latencies, b.n, sizeof(*b.latencies), by_value);
        (void)printf("{\"records\":%zu,\"seconds\":%.6f,\"p50_us\":%" PRIu32
                     ",\"p99_us\":%" PRIu32 "}\n",
                     b.n, seconds, b.latencies[b.n / 2],
                     b.latencies[b.n - b.n / 100 - 1]);
        sp_ipc_done(&b.ipc);
        (void)waitpid(pid, NULL, 0);
        sp_buf_done(&b.record);
        free(b.latencies);
        return 0;
}
