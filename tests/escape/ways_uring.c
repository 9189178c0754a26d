/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring: the same calls, made by the kernel on the process's behalf. */
#include "tests/escape/escape.h"

#include <linux/io_uring.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef IORING_OP_SOCKET
#define IORING_OP_SOCKET 45
#endif

struct ring {
        int fd;
        char *rings;
        struct io_uring_sqe *sqes;
        struct io_uring_params p;
};

static int ring_open(struct ring *r, unsigned flags)
{
        *r = (struct ring){ .p = { .flags = flags, .sq_thread_idle = 2000 } };
        r->fd = (int)syscall(SYS_io_uring_setup, 8, &r->p);
        if (r->fd < 0)
                return -errno;
        /* IORING_FEAT_SINGLE_MMAP: since 5.4 */
        r->rings = mmap(
                NULL, r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe),
                PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
        r->sqes = mmap(NULL, r->p.sq_entries * sizeof(*r->sqes), PROT_READ | PROT_WRITE,
                       MAP_SHARED, r->fd, IORING_OFF_SQES);
        return r->rings == MAP_FAILED || r->sqes == MAP_FAILED ? -errno : 0;
}

static _Atomic unsigned *word(struct ring *r, unsigned offset)
{
        return (_Atomic unsigned *)(void *)(r->rings + offset);
}

/* One request and its result. */
static int ring_do(struct ring *r, const struct io_uring_sqe *sqe)
{
        unsigned tail = atomic_load(word(r, r->p.sq_off.tail)), head;
        unsigned i = tail & *word(r, r->p.sq_off.ring_mask);
        struct io_uring_cqe *c;
        bool polls = r->p.flags & IORING_SETUP_SQPOLL;
        int result;

        r->sqes[i] = *sqe;
        *word(r, r->p.sq_off.array + i * 4) = i;
        atomic_store(word(r, r->p.sq_off.tail), tail + 1);
        if (syscall(SYS_io_uring_enter, r->fd, polls ? 0 : 1, 1,
                    IORING_ENTER_GETEVENTS | (polls ? IORING_ENTER_SQ_WAKEUP : 0), NULL,
                    0) < 0)
                return -errno;
        head = atomic_load(word(r, r->p.cq_off.head));
        c = (void *)(r->rings + r->p.cq_off.cqes +
                     (head & *word(r, r->p.cq_off.ring_mask)) * sizeof(*c));
        result = c->res;
        atomic_store(word(r, r->p.cq_off.head), head + 1);
        return result;
}

static int ring_connect(struct ring *r, int fd, const struct target *t, uint8_t flags)
{
        const struct io_uring_sqe q = { .opcode = IORING_OP_CONNECT,
                                        .flags = flags,
                                        .fd = fd,
                                        .addr = (uintptr_t)&t->a,
                                        .off = t->n };

        return ring_do(r, &q);
}

static int ring_send(const struct env *e, struct ring *r, int fd, uint8_t flags)
{
        const struct io_uring_sqe q = { .opcode = IORING_OP_SEND,
                                        .flags = flags,
                                        .fd = fd,
                                        .addr = (uintptr_t)e->token,
                                        .len = (uint32_t)e->token_len };
        int n = ring_do(r, &q);

        pause_ms(150);
        return n;
}

static int connect_by(const struct env *e, struct ring *r, uint8_t flags)
{
        struct target t = target(e);
        int fd = new_socket(e), n = fd < 0 ? fd : ring_connect(r, fd, &t, flags);

        return n < 0 ? n : ring_send(e, r, fd, flags);
}

static int plain(struct env *e)
{
        struct ring r;
        int n = ring_open(&r, 0);

        return n ? n : connect_by(e, &r, 0);
}

static int async(struct env *e)
{
        struct ring r;
        int n = ring_open(&r, 0);

        return n ? n : connect_by(e, &r, IOSQE_ASYNC);
}

static int sqpoll(struct env *e)
{
        struct ring r;
        int n = ring_open(&r, IORING_SETUP_SQPOLL);

        return n ? n : connect_by(e, &r, 0);
}

static int make_socket(struct env *e)
{
        const struct io_uring_sqe q = { .opcode = IORING_OP_SOCKET,
                                        .fd = family_of(e->way->ip),
                                        .off = (uint64_t)e->way->type,
                                        .len = (uint32_t)e->way->protocol };
        struct target t = target(e);
        struct ring r;
        int fd, n = ring_open(&r, 0);

        if (n)
                return n;
        fd = ring_do(&r, &q);
        if (fd < 0)
                return fd;
        n = ring_connect(&r, fd, &t, 0);
        return n < 0 ? n : ring_send(e, &r, fd, 0);
}

static int datagram(struct env *e)
{
        struct target t = target(e);
        struct iovec v = { .iov_base = (void *)e->token, .iov_len = e->token_len };
        struct msghdr m = {
                .msg_name = &t.a, .msg_namelen = t.n, .msg_iov = &v, .msg_iovlen = 1
        };
        struct io_uring_sqe q = { .opcode = IORING_OP_SENDMSG,
                                  .addr = (uintptr_t)&m,
                                  .len = 1 };
        struct ring r;
        int n = ring_open(&r, 0);

        if (n)
                return n;
        q.fd = new_socket(e);
        return q.fd < 0 ? q.fd : ring_do(&r, &q);
}

/* ---- a ring whose registered file is a connected socket: no descriptor shows it ---- */

static struct ring early;

static int register_connected(struct env *e)
{
        struct target t = target(e);
        int n = ring_open(&early, 0), fd = n ? n : new_socket(e);

        if (fd < 0)
                return fd;
        n = connect_to(fd, &t);
        if (!n)
                n = err((int)syscall(SYS_io_uring_register, early.fd,
                                     IORING_REGISTER_FILES, &fd, 1));
        (void)close(fd);
        return n;
}

static int send_registered(struct env *e)
{
        return ring_send(e, &early, 0, IOSQE_FIXED_FILE);
}

static int ring_before(struct env *e)
{
        (void)e;
        return ring_open(&early, 0);
}

static int use_ring(struct env *e)
{
        return connect_by(e, &early, 0);
}

#define HOOK "connect hooks: they see the process behind the ring"
static const struct way v[] = {
        { "uring-connect", "io_uring", "connects and sends through a ring", HOOK, plain,
          REAL4, 443, SOCK_STREAM },
        { "uring-connect6", "io_uring", "the same, IPv6", HOOK, plain, REAL6, 443,
          SOCK_STREAM },
        { "uring-async", "io_uring", "by a worker thread of the kernel (`IOSQE_ASYNC`)",
          HOOK, async, REAL4, 443, SOCK_STREAM },
        { "uring-sqpoll", "io_uring", "by a polling thread of the kernel (`SQPOLL`)",
          HOOK, sqpoll, REAL4, 443, SOCK_STREAM },
        { "uring-socket", "io_uring", "makes the socket through the ring, too", HOOK,
          make_socket, REAL4, 443, SOCK_STREAM },
        { "uring-raw", "io_uring", "makes a UDP-lite socket through the ring",
          "socket hook", make_socket, REAL4, 443, SOCK_DGRAM, 136 },
        { "uring-sendmsg", "io_uring", "sends datagrams through a ring",
          "sendmsg hooks: they see the process behind the ring", datagram, REAL4, 443,
          SOCK_DGRAM },
        { "uring-early", "io_uring", "a ring made before the process was guarded", HOOK,
          use_ring, REAL4, 443, SOCK_STREAM, .before = ring_before, .flags = WAY_LATE },
        { "uring-registered", "io_uring",
          "a connected socket registered in a ring before the tag, its descriptor "
          "closed",
          "second net", send_registered, REAL4, 443, SOCK_STREAM,
          .before = register_connected, .flags = WAY_LATE },
};
const struct ways ways_uring = { v, sizeof(v) / sizeof(v[0]) };
