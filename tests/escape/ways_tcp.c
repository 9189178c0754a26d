/* SPDX-License-Identifier: Apache-2.0 */
/* TCP: destinations, and the many ways to ask for a connection. */
#include "tests/escape/escape.h"

#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef TCP_FASTOPEN_NO_COOKIE
#define TCP_FASTOPEN_NO_COOKIE 34
#endif

static int tcp(struct env *e)
{
        return finish(e, new_socket(e));
}

/* What waits until the socket can be written, looks for an error, then sends. */
static int when_writable(const struct env *e, int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        int error = 0;
        socklen_t n = sizeof(error);

        if (poll(&p, 1, 1500) != 1)
                return -ETIMEDOUT;
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
        return error ? -error : send_token(e, fd);
}

static int nonblocking(struct env *e)
{
        struct target t = target(e);
        int fd = new_socket(e), r;

        if (fd < 0)
                return fd;
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        r = connect_to(fd, &t);
        return r == -EINPROGRESS || !r ? when_writable(e, fd) : r;
}

static int twice(struct env *e)
{
        struct target t = target(e), nobody = target_of("127.0.0.1", 9);
        int fd = new_socket(e), r;

        if (fd < 0)
                return fd;
        (void)connect_to(fd, &nobody);
        r = connect_to(fd, &t);
        return r && r != -EISCONN ? r : send_token(e, fd);
}

/* A connection that may be made is dissolved, and its socket used for another. */
static int dissolve(struct env *e)
{
        const struct sockaddr none = { .sa_family = AF_UNSPEC };
        int l = socket(AF_INET, SOCK_STREAM, 0), fd = new_socket(e), r;
        struct sockaddr_in here = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(here);

        if (l < 0 || fd < 0)
                return -errno;
        if (bind(l, (void *)&here, sizeof(here)) || listen(l, 1) ||
            getsockname(l, (void *)&here, &n) || connect(fd, (void *)&here, n) ||
            connect(fd, &none, sizeof(none)))
                return -errno;
        r = finish(e, fd);
        (void)close(l);
        return r;
}

static int fast_open_sendto(struct env *e)
{
        struct target t = target(e);
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        if (sendto(fd, e->token, e->token_len, MSG_FASTOPEN | MSG_NOSIGNAL,
                   (void *)&t.a, t.n) < 0)
                return -errno;
        pause_ms(150);
        return 0;
}

static int fast_open_sendmsg(struct env *e)
{
        struct target t = target(e);
        struct iovec v = { .iov_base = (void *)e->token, .iov_len = e->token_len };
        struct msghdr m = {
                .msg_name = &t.a, .msg_namelen = t.n, .msg_iov = &v, .msg_iovlen = 1
        };
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        if (sendmsg(fd, &m, MSG_FASTOPEN | MSG_NOSIGNAL) < 0)
                return -errno;
        pause_ms(150);
        return 0;
}

/* connect() returns at once and the first send connects. */
static int fast_open_connect(struct env *e)
{
        int fd = new_socket(e),
            r = fd < 0 ? fd : set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);

        return r ? r : finish(e, fd);
}

/* The SYN itself has the data: nobody needs to answer. */
static int blind_socket(const struct env *e)
{
        int fd = new_socket(e),
            r = fd < 0 ? fd : set(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1);

        if (!r)
                r = set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
        return r ? r : fd;
}

static int bind_device(int fd)
{
        return err(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, DEVICE, sizeof(DEVICE)));
}

static int fast_open_blind(struct env *e)
{
        return finish(e, blind_socket(e));
}

static int fast_open_blind_device(struct env *e)
{
        int fd = blind_socket(e), r = fd < 0 ? fd : bind_device(fd);

        return r ? r : finish(e, fd);
}

static int zerocopy(struct env *e)
{
        struct target t = target(e);
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, SOL_SOCKET, SO_ZEROCOPY, 1);

        if (!r)
                r = connect_to(fd, &t);
        if (r)
                return r;
        if (send(fd, e->token, e->token_len, MSG_ZEROCOPY | MSG_NOSIGNAL) < 0)
                return -errno;
        pause_ms(150);
        return 0;
}

static int from_address(struct env *e)
{
        struct target own = target_of(strchr(e->way->ip, ':') ? OWN6 : OWN4, 0);
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        if (bind(fd, (void *)&own.a, own.n))
                return -errno;
        return finish(e, fd);
}

static int from_port(struct env *e)
{
        struct target own = target_of("0.0.0.0", 443);
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, SOL_SOCKET, SO_REUSEADDR, 1);

        if (r)
                return r;
        if (bind(fd, (void *)&own.a, own.n))
                return -errno;
        return finish(e, fd);
}

/* An address of nobody: the answer never comes, the data in the SYN has left. */
static int from_nowhere(struct env *e)
{
        struct target own = target_of("2001:db8::77", 0);
        int fd = blind_socket(e),
            r = fd < 0 ? fd : set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);

        if (!r)
                r = err(bind(fd, (void *)&own.a, own.n));
        return r ? r : finish(e, fd);
}

static int transparent(struct env *e)
{
        struct target own = target_of("203.0.113.1", 0);
        int fd = new_socket(e),
            r = fd < 0 ? fd : set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);

        if (!r)
                r = err(bind(fd, (void *)&own.a, own.n));
        return r ? r : finish(e, fd);
}

static int to_device(struct env *e)
{
        int fd = new_socket(e), r = fd < 0 ? fd : bind_device(fd);

        return r ? r : finish(e, fd);
}

static int marked(struct env *e)
{
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, SOL_SOCKET, SO_MARK, 844);

        return r ? r : finish(e, fd);
}

/* A connection that exists without a handshake: the first packet has data. */
static int repaired(struct env *e)
{
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, IPPROTO_TCP, TCP_REPAIR, 1);
        struct target t = target(e), own = target_of(OWN4, 20999);
        const struct tcp_repair_window w = { .snd_wnd = 4096,
                                             .max_window = 4096,
                                             .rcv_wnd = 4096 };

        if (!r)
                r = err(bind(fd, (void *)&own.a, own.n));
        if (!r)
                r = connect_to(fd, &t);
        if (!r)
                r = err(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &w, sizeof(w)));
        if (!r)
                r = set(fd, IPPROTO_TCP, TCP_REPAIR, -1); /* without a probe */
        return r ? r : send_token(e, fd);
}

/* RFC 791 loose source route: the first hop is whom we want, the destination is not. */
static int source_route(struct env *e)
{
        unsigned char o[8] = { 1, IPOPT_LSRR, 7, 4 };
        int fd = blind_socket(e), r;

        if (fd < 0)
                return fd;
        (void)inet_pton(AF_INET, REAL4, o + 4);
        r = err(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, o, sizeof(o)));
        return r ? r : finish(e, fd);
}

/* Somebody connects to us, and we answer. */
static int answer(struct env *e)
{
        struct target own =
                target_of(strchr(e->way->ip, ':') ? "::" : "0.0.0.0", e->way->port);
        int fd = new_socket(e), c,
            r = fd < 0 ? fd : set(fd, SOL_SOCKET, SO_REUSEADDR, 1);

        if (r)
                return r;
        if (bind(fd, (void *)&own.a, own.n) || listen(fd, 1))
                return -errno;
        (void)!write(e->peer, "x", 1);
        c = accept(fd, NULL, NULL);
        if (c < 0)
                return -errno;
        return send_token(e, c);
}

/* The helper of `answer`: from Google's side. */
static int call_in(struct env *e)
{
        struct target t =
                target_of(strchr(e->way->ip, ':') ? OWN6 : OWN4, e->way->port);
        char c;
        int fd = -1, r;

        if (read(e->peer, &c, 1) != 1)
                return -EPIPE;
        r = enter_netns("ESCAPE_NETNS");
        if (!r)
                fd = new_socket(e);
        if (r || fd < 0)
                return r ? r : fd;
        r = connect_to(fd, &t);
        pause_ms(300);
        (void)close(fd);
        return r;
}

/* Both sides connect at the same time and nobody listens. */
static int simultaneous(struct env *e)
{
        struct target own = target_of(OWN4, 20443), t = target(e);
        int fd = -1, r = -ECONNREFUSED;

        (void)!write(e->peer, "x", 1);
        for (int i = 0; r && i < 20000; i++) {
                fd = new_socket(e);
                if (fd < 0)
                        return fd;
                (void)set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
                (void)set(fd, IPPROTO_TCP, TCP_SYNCNT, 1);
                if (bind(fd, (void *)&own.a, own.n))
                        return -errno;
                r = connect_to(fd, &t);
                if (r)
                        (void)close(fd);
                if (r == -EPERM)
                        break;
        }
        return r ? r : send_token(e, fd);
}

static int meet(struct env *e)
{
        struct target t = target_of(OWN4, 20443), own = target_of(REAL4, e->way->port);
        int fd, r = -ECONNREFUSED;
        char c;

        if (read(e->peer, &c, 1) != 1 || enter_netns("ESCAPE_NETNS"))
                return -EPIPE;
        for (int i = 0; r && i < 60000; i++) {
                fd = new_socket(e);
                if (fd < 0)
                        return fd;
                (void)set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
                if (bind(fd, (void *)&own.a, own.n))
                        return -errno;
                r = connect_to(fd, &t);
                if (r)
                        (void)close(fd);
                if (recv(e->peer, &c, 1, MSG_DONTWAIT) == 0)
                        return r; /* the other end is done */
        }
        pause_ms(500);
        return r;
}

#define TCP .type = SOCK_STREAM
#define HOOK "connect hooks: redirected to the daemon"
#define EGRESS "connect hooks: `egress.open` does not name it"
#define NET "second net"

static const struct way v[] = {
        { "tcp4", "TCP", "connects to port 443, IPv4", HOOK, tcp, REAL4, 443, TCP },
        { "tcp6", "TCP", "IPv6", HOOK, tcp, REAL6, 443, TCP },
        { "tcp-mapped", "TCP", "IPv4 through an IPv6 socket (`::ffff:a.b.c.d`)", HOOK,
          tcp, MAPPED, 443, TCP },
        { "tcp-80", "TCP", "port 80, where Google answers without TLS", EGRESS, tcp,
          REAL4, 80, TCP },
        { "tcp-8443", "TCP", "another port of the same host", EGRESS, tcp, REAL6, 8443,
          TCP },
        { "tcp-3128", "TCP", "a relay: HTTP `CONNECT` proxy, SSH, VPN on its own port",
          EGRESS, tcp, REAL4, 3128, TCP },
        { "tcp-853", "TCP", "DNS over TLS", EGRESS, tcp, REAL4, 853, TCP },
        { "tcp-53", "TCP", "DNS over TCP, to a resolver of its own choice", EGRESS, tcp,
          REAL4, 53, TCP },
        { "tcp-nonblocking", "TCP", "connects without waiting, and polls", HOOK,
          nonblocking, REAL4, 443, TCP },
        { "tcp-twice", "TCP", "connects a socket again whose first connect failed",
          HOOK, twice, REAL4, 443, TCP },
        { "tcp-dissolve", "TCP",
          "dissolves an allowed connection (`AF_UNSPEC`), connects again", HOOK,
          dissolve, REAL4, 443, TCP },
        { "tcp-fastopen-sendto", "TCP", "`sendto(MSG_FASTOPEN)`, never calling connect",
          HOOK, fast_open_sendto, REAL4, 443, TCP },
        { "tcp-fastopen-sendmsg", "TCP", "`sendmsg(MSG_FASTOPEN)`, IPv6", HOOK,
          fast_open_sendmsg, REAL6, 443, TCP },
        { "tcp-fastopen-mapped", "TCP", "`sendto(MSG_FASTOPEN)`, v4-mapped", HOOK,
          fast_open_sendto, MAPPED, 443, TCP },
        { "tcp-fastopen-connect", "TCP",
          "`TCP_FASTOPEN_CONNECT`: the first send connects", HOOK, fast_open_connect,
          REAL4, 443, TCP },
        { "tcp-fastopen-blind", "TCP",
          "`TCP_FASTOPEN_NO_COOKIE`: data in the SYN itself", HOOK, fast_open_blind,
          REAL4, 443, TCP },
        { "tcp-fastopen-device", "TCP",
          "the same bound to a device, so that loopback cannot be reached", NET,
          fast_open_blind_device, REAL4, 443, TCP },
        { "tcp-zerocopy", "TCP", "sends with `MSG_ZEROCOPY`", HOOK, zerocopy, REAL4,
          443, TCP },
        { "tcp-from-address", "TCP", "binds to an address first, IPv4", HOOK,
          from_address, REAL4, 443, TCP },
        { "tcp-from-address6", "TCP", "the same, IPv6", HOOK, from_address, REAL6, 443,
          TCP },
        { "tcp-from-port", "TCP",
          "binds to port 443 as its source (CAP_NET_BIND_SERVICE)", HOOK, from_port,
          REAL4, 443, TCP, .who = WHO_NET_RAW },
        { "tcp-from-nowhere", "TCP",
          "`IPV6_FREEBIND` to an address of nobody, data in the SYN",
          HOOK ", second net", from_nowhere, REAL6, 443, TCP },
        { "tcp-transparent", "TCP", "`IP_TRANSPARENT` (CAP_NET_ADMIN)", HOOK,
          transparent, REAL4, 443, TCP, .who = WHO_NET_ADMIN },
        { "tcp-device", "TCP", "`SO_BINDTODEVICE`", HOOK ", second net", to_device,
          REAL4, 443, TCP },
        { "tcp-mark", "TCP", "`SO_MARK`, for another routing table (CAP_NET_ADMIN)",
          HOOK, marked, REAL4, 443, TCP, .who = WHO_NET_ADMIN },
        { "tcp-repair", "TCP",
          "`TCP_REPAIR`: a connection without handshake (CAP_NET_ADMIN)", HOOK,
          repaired, REAL4, 443, TCP, .who = WHO_NET_ADMIN },
        { "tcp-source-route", "TCP",
          "loose source route: to loopback, by way of the forbidden host (CAP_NET_RAW)",
          NET, source_route, "127.0.0.1", 8080, TCP, .who = WHO_NET_RAW },
        { "tcp-answer", "TCP", "listens, is connected to from outside, and answers",
          NET, answer, REAL4, 20080, TCP, .helper = call_in },
        { "tcp-answer6", "TCP", "the same, IPv6, from port 443", NET, answer, REAL6,
          443, TCP, .helper = call_in, .who = WHO_NET_RAW },
        { "tcp-simultaneous", "TCP",
          "simultaneous open with an accomplice on the network", EGRESS, simultaneous,
          REAL4, 20081, TCP, .helper = meet },
};
const struct ways ways_tcp = { v, sizeof(v) / sizeof(v[0]) };
