/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of sockets other than TCP and UDP. */
#include "tests/escape/escape.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef AF_MCTP
#define AF_MCTP 45
#endif

static int stream(struct env *e)
{
        return finish(e, new_socket(e));
}

static int datagram(struct env *e)
{
        struct target t = target(e);
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        return sendto(fd, e->token, e->token_len, 0, (void *)&t.a, t.n) < 0 ? -errno
                                                                            : 0;
}

static uint16_t checksum(const void *data, size_t n)
{
        const unsigned char *p = data;
        uint32_t sum = 0;

        for (size_t i = 0; i < n; i++)
                sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return htons((uint16_t)~sum);
}

struct packet {
        struct iphdr ip;
        struct udphdr udp;
        char data[128];
};

/* A whole UDP packet to REAL4:443; returns its length. */
static size_t forge(const struct env *e, struct packet *p)
{
        size_t n = sizeof(p->ip) + sizeof(p->udp) + e->token_len;

        *p = (struct packet){ .ip = { .version = 4,
                                      .ihl = 5,
                                      .ttl = 9,
                                      .protocol = IPPROTO_UDP,
                                      .tot_len = htons((uint16_t)n) },
                              .udp = { .source = htons(5000),
                                       .dest = htons(443),
                                       .len = htons((uint16_t)(n - sizeof(p->ip))) } };
        (void)inet_pton(AF_INET, OWN4, &p->ip.saddr);
        (void)inet_pton(AF_INET, REAL4, &p->ip.daddr);
        p->ip.check = checksum(&p->ip, sizeof(p->ip));
        memcpy(p->data, e->token, e->token_len);
        return n;
}

static int raw_with_header(struct env *e)
{
        struct target t = target_of(REAL4, 0);
        struct packet p;
        size_t n = forge(e, &p);
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        return sendto(fd, &p, n, 0, (void *)&t.a, t.n) < 0 ? -errno : 0;
}

static int ping(struct env *e)
{
        union {
                struct icmphdr h4;
                struct icmp6_hdr h6;
                char b[128];
        } m = { .b = { 0 } };
        struct target t = target(e);
        int fd = new_socket(e);

        m.b[0] = t.a.ss_family == AF_INET6 ? (char)ICMP6_ECHO_REQUEST : ICMP_ECHO;
        memcpy(m.b + 8, e->token, e->token_len);
        if (fd < 0)
                return fd;
        return sendto(fd, &m, 8 + e->token_len, 0, (void *)&t.a, t.n) < 0 ? -errno : 0;
}

/* ---- below IP ---- */

/* To everybody on the wire: the sink looks at all frames. */
static struct sockaddr_ll device_address(void)
{
        struct sockaddr_ll a = { .sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETH_P_IP),
                                 .sll_ifindex = (int)if_nametoindex(DEVICE),
                                 .sll_halen = 6 };

        memset(a.sll_addr, 0xff, 6);
        return a;
}

static int packet_datagram(struct env *e)
{
        struct sockaddr_ll a = device_address();
        struct packet p;
        size_t n = forge(e, &p);
        int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));

        if (fd < 0)
                return -errno;
        return sendto(fd, &p, n, 0, (void *)&a, sizeof(a)) < 0 ? -errno : 0;
}

static size_t frame(const struct env *e, char b[256])
{
        struct packet p;
        size_t n = forge(e, &p);

        memset(b, 0xff, 6);
        memset(b + 6, 2, 6);
        b[12] = 8; /* ETH_P_IP */
        b[13] = 0;
        memcpy(b + 14, &p, n);
        return n + 14;
}

static int packet_raw(struct env *e)
{
        struct sockaddr_ll a = device_address();
        char b[256];
        size_t n = frame(e, b);
        int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));

        if (fd < 0)
                return -errno;
        return sendto(fd, b, n, 0, (void *)&a, sizeof(a)) < 0 ? -errno : 0;
}

static int packet_ring(struct env *e)
{
        struct sockaddr_ll a = device_address();
        struct tpacket_req q = { .tp_block_size = 4096,
                                 .tp_block_nr = 1,
                                 .tp_frame_size = 2048,
                                 .tp_frame_nr = 2 };
        struct tpacket2_hdr *h;
        int fd = socket(AF_PACKET, SOCK_RAW, 0), version = TPACKET_V2;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
            setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &q, sizeof(q)) ||
            bind(fd, (void *)&a, sizeof(a)))
                return -errno;
        h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (h == MAP_FAILED)
                return -errno;
        h->tp_len = (unsigned)frame(e, (char *)h + TPACKET2_HDRLEN -
                                               sizeof(struct sockaddr_ll));
        h->tp_status = TP_STATUS_SEND_REQUEST;
        return send(fd, NULL, 0, 0) < 0 ? -errno : 0;
}

static int packet_passed(struct env *e)
{
        struct sockaddr_ll a = device_address();
        char b[256];
        size_t n = frame(e, b);

        return sendto(e->fds[0], b, n, 0, (void *)&a, sizeof(a)) < 0 ? -errno : 0;
}

static int packet_before(struct env *e)
{
        e->fds[0] = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
        return err(e->fds[0]);
}

/* ---- families that are only made: there is nothing here at their other end ---- */

static int only_make(struct env *e)
{
        int fd = socket(e->way->port, e->way->type, e->way->protocol);

        if (fd < 0)
                return -errno;
        (void)close(fd);
        return 0;
}

#define CREATE "socket hook"
#define CAP "needs CAP_NET_RAW: do not give it to agents (`sallyctl run`)"
#define FAMILY(name, family, kind, proto, sentence)                                    \
        {                                                                              \
                name, "Other sockets", sentence,                                       \
                        "`RestrictAddressFamilies=` of the unit, `lsm`", only_make,    \
                        REAL4, family, kind, proto, .flags = WAY_RESULT | WAY_OPEN     \
        }

static const struct way v[] = {
        { "udplite", "Other sockets", "UDP-lite", CREATE, datagram, REAL4, 443,
          SOCK_DGRAM, IPPROTO_UDPLITE },
        { "mptcp4", "Other sockets", "MPTCP: subflows that nobody connects, IPv4",
          CREATE, stream, REAL4, 443, SOCK_STREAM, 262 },
        { "mptcp6", "Other sockets", "MPTCP, IPv6", CREATE, stream, REAL6, 443,
          SOCK_STREAM, 262 },
        { "sctp", "Other sockets", "SCTP, one to one", CREATE, stream, REAL4, 443,
          SOCK_STREAM, IPPROTO_SCTP },
        { "sctp-many", "Other sockets", "SCTP, one to many: `sendto` connects", CREATE,
          datagram, REAL4, 443, SOCK_SEQPACKET, IPPROTO_SCTP },
        { "dccp", "Other sockets", "DCCP", CREATE, stream, REAL4, 443, 6, 33 },
        { "smc-inet", "Other sockets", "SMC by protocol number", CREATE, stream, REAL4,
          443, SOCK_STREAM, 256 },
        { "l2tp-ip", "Other sockets", "L2TP over IP", CREATE, datagram, REAL4, 443,
          SOCK_DGRAM, 115 },
        { "ping4", "Other sockets", "data in an ICMP echo request, without capability",
          "second net", ping, REAL4, 0, SOCK_DGRAM, IPPROTO_ICMP },
        { "ping6", "Other sockets", "the same, IPv6", "second net", ping, REAL6, 0,
          SOCK_DGRAM, IPPROTO_ICMPV6 },
        { "raw-header", "Other sockets", "forges a whole IPv4 packet (CAP_NET_RAW)",
          CREATE, raw_with_header, REAL4, 0, SOCK_RAW, IPPROTO_RAW,
          .who = WHO_NET_RAW },
        { "raw-udp", "Other sockets", "raw socket of another protocol (CAP_NET_RAW)",
          CREATE, datagram, REAL4, 0, SOCK_RAW, 250, .who = WHO_NET_RAW },
        { "raw-tcp6", "Other sockets", "raw, IPv6 (CAP_NET_RAW)", CREATE, datagram,
          REAL6, 0, SOCK_RAW, 250, .who = WHO_NET_RAW },
        { "packet-user", "Other sockets", "packet socket, as a user",
          "the kernel: " CAP, packet_raw, REAL4, 0, 0, 0, .control_who = WHO_NET_RAW },
        { "packet-dgram-user", "Other sockets",
          "packet socket without link header, as a user", "the kernel: " CAP,
          packet_datagram, REAL4, 0, 0, 0, .control_who = WHO_NET_RAW },
        { "packet-ring-user", "Other sockets", "packet socket with a ring, as a user",
          "the kernel: " CAP, packet_ring, REAL4, 0, 0, 0, .control_who = WHO_NET_RAW },
        { "xdp", "Other sockets", "AF_XDP, as a user", "the kernel: needs CAP_NET_RAW",
          only_make, REAL4, AF_XDP, SOCK_RAW, 0, .control_who = WHO_NET_RAW,
          .flags = WAY_RESULT },
        FAMILY("vsock", AF_VSOCK, SOCK_STREAM, 0,
               "AF_VSOCK: to the host of a virtual machine"),
        FAMILY("tipc", AF_TIPC, SOCK_STREAM, 0, "AF_TIPC"),
        FAMILY("smc", AF_SMC, SOCK_STREAM, 0, "AF_SMC"),
        FAMILY("rds", AF_RDS, SOCK_SEQPACKET, 0, "AF_RDS"),
        FAMILY("mctp", AF_MCTP, SOCK_DGRAM, 0, "AF_MCTP"),
        FAMILY("qrtr", AF_QIPCRTR, SOCK_DGRAM, 0, "AF_QIPCRTR"),
        FAMILY("bluetooth", AF_BLUETOOTH, SOCK_STREAM, 3, "AF_BLUETOOTH"),
        { "packet-passed", "Other sockets",
          "a packet socket made by root outside and passed in",
          "nobody with CAP_NET_RAW may help; `lsm`", packet_passed, REAL4, 0, 0, 0,
          packet_before, .flags = WAY_OPEN },
};
const struct ways ways_kinds = { v, sizeof(v) / sizeof(v[0]) };
