/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has when its cgroup is tagged. */
#include "tests/escape/escape.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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

static int use(struct env *e)
{
        return finish(e, e->fds[0]);
}

static int use_connected(struct env *e)
{
        return send_token(e, e->fds[0]);
}

/* In flight in a Unix socket: in no table of descriptors when connections are ended. */
static int in_flight(struct env *e)
{
        int pair[2], r = made_connected(e);

        if (r)
                return r;
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
                return -errno;
        r = send_fd(pair[0], e->fds[0]);
        (void)close(e->fds[0]);
        e->fds[0] = pair[1];
        return r;
}

static int out_of_flight(struct env *e)
{
        int fd = receive_fd(e->fds[0]);

        return fd < 0 ? fd : send_token(e, fd);
}

/* Corked: the data waits in the socket, and the tag is set before it leaves. */
static int held_back(struct env *e)
{
        struct target t = target(e);
        int r = made(e);

        if (!r)
                r = set(e->fds[0], IPPROTO_UDP, 1 /* UDP_CORK */, 1);
        if (r)
                return r;
        return sendto(e->fds[0], e->token, e->token_len, MSG_MORE, (void *)&t.a, t.n) <
                               0
                       ? -errno
                       : 0;
}

static int let_go(struct env *e)
{
        int r = set(e->fds[0], IPPROTO_UDP, 1, 0);

        return r;
}

/* Forks all the time while the tag is set; whoever is born after it tries. */
static int forks(struct env *e)
{
        int go[2];

        if (pipe(go))
                return -errno;
        e->fds[1] = go[1];
        if (fork())
                return 0;
        (void)close(go[1]);
        (void)fcntl(go[0], F_SETFL, O_NONBLOCK);
        for (char c; read(go[0], &c, 1) < 0;)
                if (!vfork())
                        _exit(0);
                else
                        (void)wait(NULL);
        _exit(finish(e, new_socket(e)) ? 1 : 0);
}

static int last_born(struct env *e)
{
        int status;

        (void)close(e->fds[1]);
        (void)wait(&status);
        return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EPERM;
}

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

static int invite(struct env *e)
{
        int c;

        (void)!write(e->peer, "x", 1);
        c = accept(e->fds[0], NULL, NULL);
        return c < 0 ? -errno : send_token(e, c);
}

static int call(struct env *e)
{
        struct target t = target_of(OWN4, e->way->port);
        char c;
        int fd, r;

        if (read(e->peer, &c, 1) != 1)
                return -EPIPE;
        r = enter_netns("ESCAPE_NETNS");
        fd = r ? r : new_socket(e);
        r = fd < 0 ? fd : connect_to(fd, &t);
        pause_ms(400);
        return r;
}

#define GROUP "Older than the tag"
#define TCP .type = SOCK_STREAM, .flags = WAY_LATE
#define UDP .type = SOCK_DGRAM, .flags = WAY_LATE

static const struct way v[] = {
        { "late-socket", GROUP, "connects a socket made before the tag",
          "connect hooks", use, REAL4, 443, TCP, .before = made },
        { "late-connected", GROUP, "sends over a connection made before",
          "connections are ended", use_connected, REAL4, 443, TCP,
          .before = made_connected },
        { "late-connected6", GROUP, "the same, IPv6", "connections are ended",
          use_connected, REAL6, 443, TCP, .before = made_connected },
        { "late-connected-8443", GROUP, "the same, another port",
          "connections are ended", use_connected, REAL4, 8443, TCP,
          .before = made_connected },
        { "late-udp", GROUP, "sends with a UDP socket connected before",
          "connections are ended", use_connected, REAL4, 443, UDP,
          .before = made_connected },
        { "late-udp-51820", GROUP, "the same, another port", "connections are ended",
          use_connected, REAL6, 51820, UDP, .before = made_connected },
        { "late-corked", GROUP, "sends a datagram that was held back before",
          "second net", let_go, REAL4, 443, UDP, .before = held_back },
        { "late-flight", GROUP, "a connection that was in flight between processes",
          "second net", out_of_flight, REAL4, 443, TCP, .before = in_flight },
        { "late-listener", GROUP, "answers at a listener made before", "second net",
          invite, REAL4, 20083, TCP, .before = made_listener, .helper = call },
        { "late-forks", GROUP, "was forking while the tag was set", "connect hooks",
          last_born, REAL4, 443, TCP, .before = forks },
};
const struct ways ways_late = { v, sizeof(v) / sizeof(v[0]) };
