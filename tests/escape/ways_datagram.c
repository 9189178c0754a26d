/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams: UDP, what is spoken over it, and what steers a packet elsewhere. */
#include "tests/escape/escape.h"

#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/uio.h>

#define QUIC_MIN 1200 /* RFC 9000 §14.1: an Initial is at least so long */

static int to_target(const struct env *e, int fd, const void *data, size_t n)
{
        struct target t = target(e);

        return sendto(fd, data, n, 0, (void *)&t.a, t.n) < 0 ? -errno : 0;
}

static int udp(struct env *e)
{
        int fd = new_socket(e);

        return fd < 0 ? fd : to_target(e, fd, e->token, e->token_len);
}

static int connected(struct env *e)
{
        return finish(e, new_socket(e));
}

/* Connected where it may, then sends elsewhere. */
static int elsewhere(struct env *e)
{
        struct target ok = target_of(RESOLVER4, 53);
        int fd = new_socket(e), r = fd < 0 ? fd : connect_to(fd, &ok);

        return r ? r : to_target(e, fd, e->token, e->token_len);
}

static int many(struct env *e)
{
        struct target t = target(e);
        struct iovec v = { .iov_base = (void *)e->token, .iov_len = e->token_len };
        struct mmsghdr m[3] = { 0 };
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        for (int i = 0; i < 3; i++)
                m[i].msg_hdr = (struct msghdr){ .msg_name = &t.a,
                                                .msg_namelen = t.n,
                                                .msg_iov = &v,
                                                .msg_iovlen = 1 };
        return sendmmsg(fd, m, 3, 0) < 0 ? -errno : 0;
}

static int segmented(struct env *e)
{
        char data[3000] = { 0 };
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, SOL_UDP, UDP_SEGMENT, 1000);

        if (r)
                return r;
        memcpy(data + 2000, e->token, e->token_len);
        return to_target(e, fd, data, sizeof(data));
}

static int quic(struct env *e)
{
        /* long header, Initial, version 1 (RFC 9000 §17.2.2) */
        unsigned char data[QUIC_MIN] = { 0xc0, 0, 0, 0, 1, 8 };
        int fd = new_socket(e);

        memcpy(data + 100, e->token, e->token_len);
        return fd < 0 ? fd : to_target(e, fd, data, sizeof(data));
}

static int corked(struct env *e)
{
        struct target t = target(e);
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, SOL_UDP, UDP_CORK, 1);

        if (r)
                return r;
        if (sendto(fd, e->token, e->token_len, MSG_MORE, (void *)&t.a, t.n) < 0)
                return -errno;
        return set(fd, SOL_UDP, UDP_CORK, 0);
}

/* An IPv6 socket takes an IPv4 address structure as well. */
static int v4_address_on_v6(struct env *e)
{
        struct target t = target(e);
        int fd = socket(AF_INET6, SOCK_DGRAM, 0);

        if (fd < 0)
                return -errno;
        return sendto(fd, e->token, e->token_len, 0, (void *)&t.a, t.n) < 0 ? -errno
                                                                            : 0;
}

static int spread(struct env *e)
{
        int fd = new_socket(e), r = fd < 0 ? fd : set(fd, SOL_SOCKET, SO_BROADCAST, 1);

        return r ? r : to_target(e, fd, e->token, e->token_len);
}

static int multicast(struct env *e)
{
        struct ip_mreqn m = { .imr_ifindex = (int)if_nametoindex(DEVICE) };
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m)))
                return -errno;
        return to_target(e, fd, e->token, e->token_len);
}

/* "Loopback", by the device that leads out: the next hop sees it. */
static int loopback_by_device(struct env *e)
{
        int fd = new_socket(e), r;

        if (fd < 0)
                return fd;
        r = err(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, DEVICE, sizeof(DEVICE)));
        return r ? r : to_target(e, fd, e->token, e->token_len);
}

static int loopback_by_pktinfo(struct env *e)
{
        union {
                char b[CMSG_SPACE(sizeof(struct in_pktinfo))];
                struct cmsghdr h;
        } c = { { 0 } };
        struct in_pktinfo info = { .ipi_ifindex = (int)if_nametoindex(DEVICE) };
        struct target t = target(e);
        struct iovec v = { .iov_base = (void *)e->token, .iov_len = e->token_len };
        struct msghdr m = { .msg_name = &t.a,
                            .msg_namelen = t.n,
                            .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = c.b,
                            .msg_controllen = sizeof(c.b) };
        int fd = new_socket(e);

        c.h.cmsg_level = IPPROTO_IP;
        c.h.cmsg_type = IP_PKTINFO;
        c.h.cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(&c.h), &info, sizeof(info));
        return fd < 0 ? fd : sendmsg(fd, &m, 0) < 0 ? -errno : 0;
}

static int source_route(struct env *e)
{
        unsigned char o[8] = { 1, IPOPT_LSRR, 7, 4 };
        int fd = new_socket(e), r;

        if (fd < 0)
                return fd;
        (void)inet_pton(AF_INET, REAL4, o + 4);
        r = err(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, o, sizeof(o)));
        return r ? r : to_target(e, fd, e->token, e->token_len);
}

/* RFC 8754: the packet goes to the first segment, the address given is the last. */
static int segment_route(struct env *e)
{
        /* length in 8 bytes without the first, type, segments left, index of the last */
        unsigned char srh[8 + 2 * 16] = { 0, 4, 4, 1, 1 };
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        (void)inet_pton(AF_INET6, REAL6,
                        srh + 8 + 16); /* the last segment comes first */
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, srh, sizeof(srh)))
                return -errno;
        return to_target(e, fd, e->token, e->token_len);
}

/* A question to the resolver that may be asked: one label is the token. */
static int ask(struct env *e, uint16_t type)
{
        unsigned char q[128] = { 0x12, 0x34, 1, 0, 0, 1 };
        unsigned char *p = q + 12;

        *p++ = (unsigned char)e->token_len;
        memcpy(p, e->token, e->token_len);
        p += e->token_len;
        memcpy(p, "\7example\4test\0", 14);
        p += 14;
        *p++ = (unsigned char)(type >> 8);
        *p++ = (unsigned char)type;
        *p++ = 0;
        *p++ = 1;
        {
                int fd = new_socket(e);

                return fd < 0 ? fd : to_target(e, fd, q, (size_t)(p - q));
        }
}

static int ask_https(struct env *e)
{
        return ask(e, 65);
}

static int ask_svcb(struct env *e)
{
        return ask(e, 64);
}

static int ask_address(struct env *e)
{
        return ask(e, 1);
}

#define UDP .type = SOCK_DGRAM
#define HOOK "sendmsg hooks"
#define CONNECT "connect hooks"
#define NET "second net"

static const struct way v[] = {
        { "udp4", "UDP", "sends to port 443, IPv4", HOOK, udp, REAL4, 443, UDP },
        { "udp6", "UDP", "IPv6", HOOK, udp, REAL6, 443, UDP },
        { "udp-mapped", "UDP", "IPv4 through an IPv6 socket (`::ffff:a.b.c.d`)", HOOK,
          udp, MAPPED, 443, UDP },
        { "udp-v4-on-v6", "UDP", "an IPv4 address structure on an IPv6 socket", HOOK,
          v4_address_on_v6, REAL4, 443, UDP },
        { "udp-connected", "UDP", "connected, then `send`", CONNECT, connected, REAL4,
          443, UDP },
        { "udp-connected6", "UDP", "the same, IPv6", CONNECT, connected, REAL6, 443,
          UDP },
        { "udp-elsewhere", "UDP",
          "connected to an allowed address, then `sendto` another", HOOK, elsewhere,
          REAL4, 443, UDP },
        { "udp-sendmmsg", "UDP", "`sendmmsg`", HOOK, many, REAL4, 443, UDP },
        { "udp-segments", "UDP", "one send, many packets (`UDP_SEGMENT`)", HOOK,
          segmented, REAL4, 443, UDP },
        { "udp-corked", "UDP", "corked, and sent later", HOOK, corked, REAL4, 443,
          UDP },
        { "quic", "UDP", "a QUIC Initial of 1200 bytes", HOOK, quic, REAL4, 443, UDP },
        { "quic-8443", "UDP", "QUIC on another port", HOOK, quic, REAL6, 8443, UDP },
        { "udp-51820", "UDP", "a tunnel of its own: WireGuard in user space, WebRTC",
          HOOK, udp, REAL4, 51820, UDP },
        { "udp-853", "UDP", "DNS over QUIC", HOOK, udp, REAL4, 853, UDP },
        { "udp-broadcast", "UDP", "broadcasts to its network", HOOK, spread,
          "255.255.255.255", 5353, UDP },
        { "udp-multicast", "UDP", "multicast", HOOK, multicast, "224.0.0.251", 5353,
          UDP },
        { "udp-loopback-device", "UDP",
          "“loopback” bound to the device that leads out: the next hop sees it", NET,
          loopback_by_device, "127.0.0.1", 4433, UDP },
        { "udp-loopback-pktinfo", "UDP", "the same with `IP_PKTINFO`", NET,
          loopback_by_pktinfo, "127.0.0.1", 4433, UDP },
        { "udp-source-route", "UDP",
          "loose source route: to loopback, by way of the forbidden host (CAP_NET_RAW)",
          NET, source_route, "127.0.0.1", 4433, UDP, .who = WHO_NET_RAW },
        { "udp-segment-route", "UDP", "IPv6 segment routing header, the same", NET,
          segment_route, "::1", 4433, UDP },
        { "dns-elsewhere", "DNS", "asks a resolver of its own choice", HOOK,
          ask_address, REAL4, 53, UDP },
        { "dns-elsewhere6", "DNS", "the same, IPv6, connected", CONNECT, connected,
          REAL6, 53, UDP },
        { "dns-https", "DNS",
          "asks the allowed resolver for HTTPS records (keys of encrypted client "
          "hello)",
          NET, ask_https, RESOLVER4, 53, UDP },
        { "dns-svcb", "DNS", "the same for SVCB records", NET, ask_svcb, RESOLVER4, 53,
          UDP },
        { "dns-tunnel", "DNS",
          "hides data in names that the allowed resolver passes on to their owner",
          "a resolver that answers for known names only", ask_address, RESOLVER4, 53,
          UDP, .flags = WAY_OPEN },
};
const struct ways ways_datagram = { v, sizeof(v) / sizeof(v[0]) };
