/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that somebody outside made: passed, inherited, or taken. */
#include "tests/escape/escape.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* ---- before: the socket, outside ---- */

static int made(struct env *e)
{
        e->fds[0] = new_socket(e);
        return e->fds[0] < 0 ? e->fds[0] : 0;
}

static int made_connected(struct env *e)
{
        struct target t = target(e);
        int r = made(e);

        return r ? r : connect_to(e->fds[0], &t);
}

/* ---- how it comes in; inherited ones are simply there ---- */

static int pass(struct env *e)
{
        int r = send_fd(e->peer, e->fds[0]);

        (void)close(e->fds[0]);
        return r;
}

/* The act must not use the one it inherited with the fork. */
static int passed(struct env *e)
{
        (void)close(e->fds[0]);
        return receive_fd(e->peer);
}

static int connect_passed(struct env *e)
{
        return finish(e, passed(e));
}

static int send_passed(struct env *e)
{
        int fd = passed(e);

        return fd < 0 ? fd : send_token(e, fd);
}

static int send_inherited(struct env *e)
{
        return send_token(e, e->fds[0]);
}

static int connect_inherited(struct env *e)
{
        return finish(e, e->fds[0]);
}

/* From a process outside that runs as the same user. */
static int taken(struct env *e)
{
        int numbers[2], pidfd;

        (void)close(e->fds[0]);
        if (read(e->peer, numbers, sizeof(numbers)) != sizeof(numbers))
                return -EPIPE;
        pidfd = (int)syscall(SYS_pidfd_open, numbers[0], 0);
        if (pidfd < 0)
                return -errno;
        return err((int)syscall(SYS_pidfd_getfd, pidfd, numbers[1], 0));
}

static int send_taken(struct env *e)
{
        int fd = taken(e);

        return fd < 0 ? fd : send_token(e, fd);
}

static int connect_taken(struct env *e)
{
        return finish(e, taken(e));
}

/* The same user, with no knowledge of what is taken. */
static int be_taken_from(struct env *e)
{
        int numbers[2] = { getpid(), e->fds[0] };

        if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
                return -errno;
        (void)prctl(PR_SET_DUMPABLE, 1);
        if (write(e->peer, numbers, sizeof(numbers)) < 0)
                return -errno;
        return 0;
}

/* ---- how it is used ---- */

static int memory_file(const struct env *e)
{
        int fd = memfd_create("token", MFD_CLOEXEC);

        if (fd < 0 || write(fd, e->token, e->token_len) < 0)
                return -errno;
        return fd;
}

static int by_sendfile(struct env *e)
{
        int to = passed(e), from = memory_file(e);
        off_t at = 0;

        if (to < 0 || from < 0)
                return to < 0 ? to : from;
        if (sendfile(to, from, &at, e->token_len) < 0)
                return -errno;
        pause_ms(150);
        return 0;
}

static int by_splice(struct env *e)
{
        int to = passed(e), p[2];

        if (to < 0)
                return to;
        if (pipe(p) || write(p[1], e->token, e->token_len) < 0 ||
            splice(p[0], NULL, to, NULL, e->token_len, 0) < 0)
                return -errno;
        pause_ms(150);
        return 0;
}

static int by_vmsplice(struct env *e)
{
        struct iovec v = { .iov_base = (void *)e->token, .iov_len = e->token_len };
        int to = passed(e), p[2];

        if (to < 0)
                return to;
        if (pipe(p) || vmsplice(p[1], &v, 1, 0) < 0 ||
            splice(p[0], NULL, to, NULL, e->token_len, 0) < 0)
                return -errno;
        pause_ms(150);
        return 0;
}

static int by_write(struct env *e)
{
        struct iovec v = { .iov_base = (void *)e->token, .iov_len = e->token_len };
        int to = passed(e);

        if (to < 0)
                return to;
        if (writev(to, &v, 1) < 0)
                return -errno;
        pause_ms(150);
        return 0;
}

static int by_sendto(struct env *e)
{
        struct target t = target(e);
        int fd = passed(e);

        if (fd < 0)
                return fd;
        return sendto(fd, e->token, e->token_len, 0, (void *)&t.a, t.n) < 0 ? -errno
                                                                            : 0;
}

/* The peer's window is full when data is queued: it leaves later, from an interrupt. */
static int send_and_wait(struct env *e)
{
        int fd = passed(e), r = fd < 0 ? fd : send_token(e, fd);

        pause_ms(700); /* the retransmission timer fires meanwhile */
        return r;
}

/* ---- a listener from outside: what it accepts was made by nobody inside ---- */

static int made_listener(struct env *e)
{
        struct target own = target_of(OWN4, e->way->port);
        int r = made(e);

        if (!r)
                r = set(e->fds[0], SOL_SOCKET, SO_REUSEADDR, 1);
        if (!r)
                r = err(bind(e->fds[0], (void *)&own.a, own.n));
        return r ? r : err(listen(e->fds[0], 1));
}

static int call(struct env *e)
{
        struct target t = target_of(OWN4, e->way->port);
        int fd, r;

        (void)close(e->fds[0]);
        r = enter_netns("ESCAPE_NETNS");
        fd = r ? r : new_socket(e);
        r = fd < 0 ? fd : connect_to(fd, &t);
        pause_ms(500);
        return r;
}

static int accept_inherited(struct env *e)
{
        int c = accept(e->fds[0], NULL, NULL);

        return c < 0 ? -errno : send_token(e, c);
}

#define TCP .type = SOCK_STREAM
#define GROUP "Sockets from outside"
#define NET "second net: it sees who sends"
#define HOOK "connect hooks: they look at who connects"

static const struct way v[] = {
        { "passed", GROUP, "connects a socket that was passed in", HOOK, connect_passed,
          REAL4, 443, TCP, 0, made, pass },
        { "passed6", GROUP, "the same, IPv6", HOOK, connect_passed, REAL6, 443, TCP, 0,
          made, pass },
        { "passed-udp", GROUP, "sends with a UDP socket that was passed in",
          "sendmsg hooks", by_sendto, REAL4, 443, SOCK_DGRAM, 0, made, pass },
        { "passed-udplite", GROUP, "sends with a UDP-lite socket that was passed in",
          "sendmsg hooks", by_sendto, REAL4, 443, SOCK_DGRAM, 136, made, pass },
        { "passed-connected", GROUP, "sends over a TCP connection that was passed in",
          NET, send_passed, REAL4, 443, TCP, 0, made_connected, pass },
        { "passed-connected6", GROUP, "the same, IPv6", NET, send_passed, REAL6, 443,
          TCP, 0, made_connected, pass },
        { "passed-connected-8443", GROUP, "the same, another port", NET, send_passed,
          REAL4, 8443, TCP, 0, made_connected, pass },
        { "passed-retransmit", GROUP,
          "the same, and waits for the kernel to send again", NET, send_and_wait, REAL4,
          443, TCP, 0, made_connected, pass },
        { "passed-write", GROUP, "the same with `writev`", NET, by_write, REAL4, 443,
          TCP, 0, made_connected, pass },
        { "passed-sendfile", GROUP, "the same with `sendfile`", NET, by_sendfile, REAL4,
          443, TCP, 0, made_connected, pass },
        { "passed-splice", GROUP, "the same with `splice`", NET, by_splice, REAL4, 443,
          TCP, 0, made_connected, pass },
        { "passed-vmsplice", GROUP, "the same with `vmsplice`", NET, by_vmsplice, REAL4,
          443, TCP, 0, made_connected, pass },
        { "passed-connected-udp", GROUP,
          "sends with a connected UDP socket that was passed in", NET, send_passed,
          REAL4, 443, SOCK_DGRAM, 0, made_connected, pass },
        { "passed-mptcp", GROUP, "sends over an MPTCP connection that was passed in",
          "nobody outside may help; `lsm`, `net.mptcp.enabled=0`", send_passed, REAL4,
          443, TCP, 262, made_connected, pass, WAY_OPEN },
        { "passed-mptcp-new", GROUP, "connects an MPTCP socket that was passed in",
          HOOK, connect_passed, REAL4, 443, TCP, 262, made, pass },
        { "inherited", GROUP, "connects a socket that it inherited", HOOK,
          connect_inherited, REAL4, 443, TCP, 0, made },
        { "inherited-connected", GROUP, "sends over a connection that it inherited",
          NET, send_inherited, REAL4, 443, TCP, 0, made_connected },
        { "inherited-listener", GROUP,
          "answers what comes in at a listener that it inherited", NET,
          accept_inherited, REAL4, 20082, TCP, 0, made_listener, call },
        { "taken", GROUP,
          "takes a socket with `pidfd_getfd` from its own user, connects it", HOOK,
          connect_taken, REAL4, 443, TCP, 0, made, be_taken_from },
        { "taken-connected", GROUP,
          "takes a connection with `pidfd_getfd`, sends over it", NET, send_taken,
          REAL4, 443, TCP, 0, made_connected, be_taken_from },
};
const struct ways ways_handed = { v, sizeof(v) / sizeof(v[0]) };
