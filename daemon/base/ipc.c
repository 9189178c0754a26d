/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define MAGIC 0x5350u /* "SP" */
#define TYPE_HELLO 0u
#define SEND_BYTES (4 * 1024 * 1024) /* the kernel caps it at wmem_max */
#define FLAG_MEMFD 1u /* the payload is in the first descriptor */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct header {
        uint16_t magic, version, type, flags;
        uint64_t id;
        uint64_t length; /* of the payload, wherever it is */
};
_Static_assert(sizeof(struct header) == 24, "no padding on the wire");

struct sp_ipc_queued {
        struct sp_ipc_queued *next;
        struct header head;
        int fds[2];
        size_t n;
        char payload[];
};

int sp_ipc_pair(int ret[2])
{
        return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                          ret) < 0
                       ? -errno
                       : 0;
}

static int pass_credentials(int fd, int on)
{
        return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ? -errno
                                                                            : 0;
}

/* With the flag on this end too, the kernel adds who we are even where the other end has not
 * come to expecting us yet. */
int sp_ipc_hello(int fd)
{
        const struct header h = { MAGIC, SP_IPC_VERSION, TYPE_HELLO, 0, 0, 0 };
        int r = pass_credentials(fd, 1);

        if (r < 0)
                return r;
        if (send(fd, &h, sizeof(h), MSG_NOSIGNAL) < 0)
                return -errno;
        return pass_credentials(fd, 0);
}

int sp_ipc_expect(int fd)
{
        return pass_credentials(fd, 1);
}

int sp_ipc_meet(int fd, struct ucred *ret)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct header h;
        struct iovec v = { &h, sizeof(h) };
        struct msghdr m = { .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes) };
        struct cmsghdr *c;
        ssize_t n;

        do
                n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
        if (n == 0)
                return -EPIPE;
        c = CMSG_FIRSTHDR(&m);
        /* MSG_CTRUNC: descriptors came along; the kernel has not installed them */
        if (n != sizeof(h) || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !c ||
            c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
            c->cmsg_len != CMSG_LEN(sizeof(*ret)) || h.magic != MAGIC ||
            h.version != SP_IPC_VERSION || h.type != TYPE_HELLO)
                return -EBADMSG;
        memcpy(ret, CMSG_DATA(c), sizeof(*ret));
        return pass_credentials(fd, 0) < 0 ? -EBADMSG : 1;
}

void sp_ipc_init(struct sp_ipc *c, int fd)
{
        const int size = SEND_BYTES;

        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        *c = (struct sp_ipc){ .fd = fd, .in = SP_BUF_INIT(SP_IPC_PAYLOAD_MAX) };
        c->tail = &c->head;
}

static void queued_free(struct sp_ipc_queued *q)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(q->fds); i++)
                if (q->fds[i] >= 0)
                        (void)close(q->fds[i]);
        free(q);
}

void sp_ipc_done(struct sp_ipc *c)
{
        while (c->head) {
                struct sp_ipc_queued *q = c->head;

                c->head = q->next;
                queued_free(q);
        }
        c->tail = &c->head;
        c->queued = 0;
        sp_buf_done(&c->in);
        sp_closep(&c->fd);
}

int sp_memfd_new(const char *name, struct sp_str content, int *ret)
{
        sp_autoclose int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        size_t done = 0;

        if (fd < 0)
                return -errno;
        while (done < content.n) {
                ssize_t n = write(fd, content.p + done, content.n - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                done += (size_t)n;
        }
        if (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0)
                return -errno;
        *ret = SP_TAKE_FD(fd);
        return 0;
}

int sp_memfd_read(int fd, size_t max, struct sp_buf *ret)
{
        int seals = fcntl(fd, F_GET_SEALS);
        struct stat st;
        char *to;
        size_t done = 0;
        int r;

        /* The kernel answers this by itself. fstat() asks the file system, which may be anybody's. */
        if (seals < 0 || (seals & SEALS) != SEALS)
                return -EBADMSG;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > max)
                return -EBADMSG;
        r = sp_buf_reserve(ret, (size_t)st.st_size, &to);
        if (r < 0)
                return r;
        while (done < (size_t)st.st_size) {
                ssize_t n =
                        pread(fd, to + done, (size_t)st.st_size - done, (off_t)done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EBADMSG;
                done += (size_t)n;
        }
        ret->n += done;
        return 0;
}

/* 0: sent; -EAGAIN: the socket is full. */
static int transmit(int fd, const struct sp_ipc_queued *q)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(2 * sizeof(int))];
        } control = { 0 };
        struct iovec v[2] = { { (void *)&q->head, sizeof(q->head) },
                              { (void *)q->payload, q->n } };
        struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
        size_t fds = (q->fds[0] >= 0) + (q->fds[1] >= 0);

        if (fds) {
                struct cmsghdr *c;

                m.msg_control = control.bytes;
                m.msg_controllen = CMSG_SPACE(fds * sizeof(int));
                c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(fds * sizeof(int));
                memcpy(CMSG_DATA(c), q->fds[0] >= 0 ? q->fds : q->fds + 1,
                       fds * sizeof(int));
        }
        while (sendmsg(fd, &m, MSG_NOSIGNAL) < 0) {
                if (errno == EINTR)
                        continue;
                return errno == EWOULDBLOCK  ? -EAGAIN
                       : errno == ECONNRESET ? -EPIPE
                                             : -errno;
        }
        return 0;
}

int sp_ipc_flush(struct sp_ipc *c)
{
        while (c->head) {
                struct sp_ipc_queued *q = c->head;
                int r = transmit(c->fd, q);

                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        return r;
                c->head = q->next;
                if (!c->head)
                        c->tail = &c->head;
                c->queued--;
                queued_free(q);
        }
        return 0;
}

int sp_ipc_send(struct sp_ipc *c, uint16_t type, uint64_t id, struct sp_str payload,
                int fd)
{
        bool is_big = payload.n > SP_IPC_INLINE_MAX;
        struct sp_ipc_queued *q;
        int r = 0;

        if (payload.n > SP_IPC_PAYLOAD_MAX)
                return -EMSGSIZE;
        if (c->queued >= SP_IPC_QUEUE_MAX)
                return -ENOBUFS;
        q = malloc(sizeof(*q) + (is_big ? 0 : payload.n));
        if (!q)
                return -ENOMEM;
        *q = (struct sp_ipc_queued){
                .head = { MAGIC, SP_IPC_VERSION, type, is_big ? FLAG_MEMFD : 0, id,
                          payload.n },
                .fds = { -1, -1 },
                .n = is_big ? 0 : payload.n,
        };
        if (!is_big && payload.n)
                memcpy(q->payload, payload.p, payload.n);
        if (is_big)
                r = sp_memfd_new("sallyport-message", payload, &q->fds[0]);
        if (r == 0 && fd >= 0) {
                q->fds[1] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                r = q->fds[1] < 0 ? -errno : 0;
        }
        if (r < 0) {
                queued_free(q);
                return r;
        }
        *c->tail = q;
        c->tail = &q->next;
        c->queued++;
        return sp_ipc_flush(c);
}

static int take_descriptors(struct msghdr *m, int fds[2])
{
        struct cmsghdr *c = CMSG_FIRSTHDR(m);
        size_t n;

        if (!c)
                return 0;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                return -EBADMSG;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), SP_MIN(n, (size_t)2) * sizeof(int));
        return (int)SP_MIN(n, (size_t)2);
}

static int unpack(struct sp_ipc *c, size_t n, int fds[2], int n_fds,
                  struct sp_ipc_msg *ret)
{
        struct header h;
        bool is_big;
        int r;

        if (n < sizeof(h))
                return -EBADMSG;
        memcpy(&h, c->in.p, sizeof(h));
        is_big = h.flags & FLAG_MEMFD;
        if (h.magic != MAGIC || h.version != SP_IPC_VERSION || n_fds < is_big ||
            h.length > SP_IPC_PAYLOAD_MAX || (!is_big && h.length != n - sizeof(h)))
                return -EBADMSG;
        if (is_big) {
                sp_buf_clear(&c->in);
                r = sp_memfd_read(fds[0], SP_IPC_PAYLOAD_MAX, &c->in);
                if (r < 0)
                        return r;
                if (c->in.n != h.length)
                        return -EBADMSG;
        }
        *ret = (struct sp_ipc_msg){
                .type = h.type,
                .id = h.id,
                .payload = is_big ? sp_buf_str(&c->in)
                                  : sp_str(c->in.p + sizeof(h), n - sizeof(h)),
                .fd = n_fds > is_big ? SP_TAKE_FD(fds[is_big]) : -1,
        };
        return 1;
}

int sp_ipc_recv(struct sp_ipc *c, struct sp_ipc_msg *ret)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(2 * sizeof(int))];
        } control;
        int fds[2] = { -1, -1 }, n_fds, r;
        struct msghdr m = { .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes) };
        struct iovec v = { .iov_len = sizeof(struct header) + SP_IPC_INLINE_MAX };
        char *to;
        ssize_t n;

        sp_buf_clear(&c->in);
        r = sp_buf_reserve(&c->in, v.iov_len, &to);
        if (r < 0)
                return r;
        v.iov_base = to;
        m.msg_iov = &v;
        m.msg_iovlen = 1;
        do
                n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
        if (n == 0)
                return -EPIPE;
        n_fds = take_descriptors(&m, fds);
        c->in.n = (size_t)n;
        r = n_fds < 0 || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                    ? -EBADMSG
                    : unpack(c, (size_t)n, fds, n_fds, ret);
        sp_closep(&fds[0]);
        sp_closep(&fds[1]);
        return r;
}
