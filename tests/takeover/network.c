/* SPDX-License-Identifier: Apache-2.0 */
/* What he asks of the network. */
#include "tests/takeover/system.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- the network ---- */

static int open_socket(int family, int type, int protocol)
{
        int fd = socket(family, type | SOCK_CLOEXEC, protocol);

        return fd < 0 ? errno : of(close(fd));
}
static int raw(TARGET)
{
        (void)t;
        return open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static int packet(TARGET)
{
        (void)t;
        return open_socket(AF_PACKET, SOCK_DGRAM, 0);
}
static int mptcp(TARGET)
{
        (void)t;
        return open_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}
static int udplite(TARGET)
{
        (void)t;
        return open_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
}
static int audit_socket(TARGET)
{
        (void)t;
        return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}
static int diag_socket(TARGET)
{
        (void)t;
        return open_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
}
static int alg_socket(TARGET)
{
        (void)t;
        return open_socket(AF_KEY, SOCK_RAW, 2);
}
static int connect_to(TARGET, uint16_t port)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0 || inet_pton(AF_INET, t->google, &a.sin_addr) != 1)
                return errno ?: EINVAL;
        r = of(connect(fd, (struct sockaddr *)&a, sizeof(a)));
        (void)close(fd);
        return r;
}
static int other_port(TARGET)
{
        return connect_to(t, t->port);
}
static int upstream_port(TARGET)
{
        return connect_to(t, 443);
}
static int send_datagram(TARGET)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(t->port) };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0 || inet_pton(AF_INET, t->google, &a.sin_addr) != 1)
                return errno ?: EINVAL;
        r = of(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
        (void)close(fd);
        return r;
}
static int bind_port(TARGET)
{
        struct sockaddr_in a = { .sin_family = AF_INET };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        (void)t;
        a.sin_port = htons(18993);
        r = fd < 0 ? errno : of(bind(fd, (struct sockaddr *)&a, sizeof(a)));
        (void)close(fd);
        return r;
}
static int listen_somewhere(TARGET)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        (void)t;
        r = fd < 0 ? errno : of(listen(fd, 1));
        (void)close(fd);
        return r;
}
static int connect_unix(int type, const struct sockaddr_un *a, socklen_t n)
{
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), r;

        if (fd < 0)
                return errno;
        r = of(connect(fd, (const struct sockaddr *)a, n));
        (void)close(fd);
        return r;
}
static int system_bus(TARGET)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/bus", t->dir);
        return connect_unix(SOCK_STREAM, &a, sizeof(a));
}
static int abstract_socket(TARGET)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0takeover" };

        (void)t;
        return connect_unix(SOCK_DGRAM, &a, offsetof(struct sockaddr_un, sun_path) + 9);
}

static int unix_address(TARGET)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0reachable" };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

        (void)t;
        if (fd < 0)
                return errno;
        r = of(bind(fd, (struct sockaddr *)&a, sizeof(a)));
        (void)close(fd);
        return r;
}

/* What goes out over a Unix socket of his: his channel, for somebody else to speak on. */
static int send_descriptor(int from, const struct takeover_target *t, int fd)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        struct iovec v = { "x", 1 };
        struct msghdr m = { .msg_name = &a,
                            .msg_namelen = sizeof(a),
                            .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes) };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);

        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/outside", t->dir);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
        return of(sendmsg(from, &m, 0));
}
static int give_away(TARGET)
{
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0)
                return errno;
        r = send_descriptor(fd, t, fd);
        (void)close(fd);
        return r;
}
/* Whoever gets one end of a pair sends to the other one. */
static int be_given(TARGET)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        char byte;
        struct iovec v = { &byte, 1 };
        struct msghdr m = { .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes) };
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
                return errno;
        r = send_descriptor(pair[0], t, pair[1]);
        if (r == 0 &&
            (recvmsg(pair[0], &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m)))
                r = ENOMSG;
        (void)close(pair[0]);
        (void)close(pair[1]);
        return r;
}

#define NET "Network and sockets"

/* clang-format off */
const struct takeover_attempt takeover_network[] = {
        ROW("raw", NET, "raw socket", FILTER, REFUSED, raw, true),
        ROW("packet", NET, "packet socket", FILTER, REFUSED, packet, true),
        ROW("mptcp", NET, "MPTCP socket", FILTER, REFUSED, mptcp, true),
        ROW("udplite", NET, "UDP-lite socket", FILTER, REFUSED, udplite, true),
        ROW("netlink-audit", NET, "netlink socket for audit", FILTER, REFUSED, audit_socket, true),
        ROW("netlink-diag", NET, "netlink socket that lists others' sockets", FILTER, REFUSED, diag_socket, true),
        ROW("key-socket", NET, "key management socket", FILTER, REFUSED, alg_socket, false),
        SINCE(4, "other-port", NET, "connects to a TCP port that is not upstream's", LANDLOCK " (Linux 6.7)", REFUSED, other_port, true),
        ROW("bind", NET, "binds a TCP port of its own", FILTER, REFUSED, bind_port, true),
        ROW("unix-address", NET, "takes an address to which others could send descriptors", FILTER, REFUSED, unix_address, true),
        ROW("give-away", NET, "sends descriptors of his, the warden's channel for one, to somebody outside", FILTER, REFUSED, give_away, true),
        ROW("be-given", NET, "is sent a descriptor by somebody outside: of a file system in user space, to make the warden wait", FILTER, REFUSED, be_given, true),
        ROW("listen", NET, "listens", FILTER, REFUSED, listen_somewhere, true),
        ROW("bus", NET, "connects to the system bus (any Unix stream socket)", FILTER, REFUSED, system_bus, true),
        ROW("abstract", NET, "an abstract Unix socket of another process", FILTER, REFUSED, abstract_socket, true),
        ROW("port-443", NET, "connects to port 443, of whatever host", "packet filter of the host", OPEN, upstream_port, true),
        ROW("udp", NET, "sends datagrams anywhere: it asks resolvers", "packet filter of the host, `IPAddressAllow=`", OPEN, send_datagram, true),
};
/* clang-format on */
const size_t n_takeover_network = sizeof(takeover_network) / sizeof(*takeover_network);
