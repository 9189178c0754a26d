/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_ways.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/check_wire.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define PROTOCOL_OTHER 253 /* RFC 3692: for experiments */

union address {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
};

static socklen_t address_of(const struct sp_check_way *w, union address *a)
{
        memset(a, 0, sizeof(*a));
        if (!strchr(w->ip, ':')) {
                a->in.sin_family = AF_INET;
                a->in.sin_port = htons((uint16_t)w->port);
                (void)inet_pton(AF_INET, w->ip, &a->in.sin_addr);
                return sizeof(a->in);
        }
        a->in6.sin6_family = AF_INET6;
        a->in6.sin6_port = htons((uint16_t)w->port);
        (void)inet_pton(AF_INET6, w->ip, &a->in6.sin6_addr);
        return sizeof(a->in6);
}

static int socket_of(const struct sp_check_way *w)
{
        union address a;
        int fd;

        (void)address_of(w, &a);
        fd = socket(a.sa.sa_family, w->type | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    w->protocol);
        return fd < 0 ? -errno : fd;
}

static int result(int r)
{
        return r < 0 && errno != EINPROGRESS ? -errno : 0;
}

static int by_connect(const struct sp_check_way *w, int fd)
{
        union address a;
        socklen_t n = address_of(w, &a);

        fd = fd < 0 ? socket_of(w) : fd;
        return fd < 0 ? fd : result(connect(fd, &a.sa, n));
}

static int by_sendto(const struct sp_check_way *w, int fd)
{
        union address a;
        socklen_t n = address_of(w, &a);

        fd = fd < 0 ? socket_of(w) : fd;
        return fd < 0 ? fd : result((int)sendto(fd, "sallyport", 9, 0, &a.sa, n));
}

static int by_connected_send(const struct sp_check_way *w, int fd)
{
        int r = fd < 0 ? 0 : -EBADF;

        fd = socket_of(w);
        if (fd < 0)
                return fd;
        r = by_connect(w, fd);
        return r ? r : result((int)send(fd, "sallyport", 9, 0));
}

static int by_sendmmsg(const struct sp_check_way *w, int fd)
{
        union address a;
        struct iovec v = { (char[]){ "sallyport" }, 9 };
        struct mmsghdr m = { .msg_hdr = { .msg_name = &a,
                                          .msg_namelen = address_of(w, &a),
                                          .msg_iov = &v,
                                          .msg_iovlen = 1 } };

        fd = fd < 0 ? socket_of(w) : fd;
        return fd < 0 ? fd : result(sendmmsg(fd, &m, 1, 0));
}

static int by_fast_open(const struct sp_check_way *w, int fd)
{
        union address a;
        socklen_t n = address_of(w, &a);

        fd = fd < 0 ? socket_of(w) : fd;
        return fd < 0 ? fd
                      : result((int)sendto(fd, "sallyport", 9, MSG_FASTOPEN, &a.sa, n));
}

static int by_second_connect(const struct sp_check_way *w, int fd)
{
        const struct sockaddr none = { .sa_family = AF_UNSPEC };

        fd = fd < 0 ? socket_of(w) : fd;
        if (fd < 0)
                return fd;
        (void)by_connect(w, fd);
        (void)connect(fd, &none, sizeof(none));
        return by_connect(w, fd);
}

static int by_send(const struct sp_check_way *w, int fd)
{
        (void)w;
        return result((int)send(fd, "sallyport", 9, 0));
}

/* Connected in `prepare`, outside: only what leaves later is looked at. */
static int prepare_connected(const struct sp_check_way *w)
{
        int fd = socket_of(w);
        int r = fd < 0 ? fd : by_connect(w, fd);

        return r < 0 ? r : fd;
}

static int by_packet_socket(const struct sp_check_way *w, int fd)
{
        unsigned char ip[29] = { 0x45, 0, 0, 29, 0, 1, 0, 0, 64, PROTOCOL_OTHER };
        struct sockaddr_ll to = { .sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_IP),
                                  .sll_ifindex = (int)if_nametoindex(SP_CHECK_DEVICE) };

        (void)fd;
        (void)inet_pton(AF_INET, "192.0.2.1", ip + 12);
        (void)inet_pton(AF_INET, w->ip, ip + 16);
        memcpy(ip + 20, "sallyport", 9);
        fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
        return fd < 0 ? -errno
                      : result((int)sendto(fd, ip, sizeof(ip), 0,
                                           (struct sockaddr *)&to, sizeof(to)));
}

/* The kernel connects on the process's behalf: io_uring_setup(2), one request. */
static int by_io_uring(const struct sp_check_way *w, int fd)
{
        struct io_uring_params p = { 0 };
        struct io_uring_sqe *sqes;
        union address a;
        socklen_t n = address_of(w, &a);
        int ring = (int)syscall(SYS_io_uring_setup, 4, &p);
        char *m;

        if (ring < 0)
                return -errno;
        fd = fd < 0 ? socket_of(w) : fd;
        if (fd < 0)
                return fd;
        m = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned),
                 PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
        sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE,
                    MAP_SHARED, ring, IORING_OFF_SQES);
        if (m == MAP_FAILED || sqes == MAP_FAILED)
                return -errno;
        sqes[0] = (struct io_uring_sqe){
                .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)&a, .off = n
        };
        *(unsigned *)(void *)(m + p.sq_off.array) = 0;
        atomic_store((_Atomic unsigned *)(void *)(m + p.sq_off.tail), 1);
        return result((int)syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0));
}

static const char connect_hook[] = "connect: sent to the daemon";
static const char exits[] = "connect: egress.open";
static const char send_hook[] = "sendmsg: QUIC is refused";
static const char socket_hook[] = "socket: kinds that nobody judges";
static const char metadata[] = "metadata: TCP 80 to the daemon only";
static const char second_net[] = "egress: the second net";

const struct sp_check_way sp_check_ways[] = {
        { "TCP 443, IPv4", connect_hook, NULL, by_connect, SP_CHECK_IP4, 443,
          SOCK_STREAM, 0 },
        { "TCP 443, IPv6", connect_hook, NULL, by_connect, SP_CHECK_IP6, 443,
          SOCK_STREAM, 0 },
        { "TCP 443, v4-mapped", connect_hook, NULL, by_connect, "::ffff:" SP_CHECK_IP4,
          443, SOCK_STREAM, 0 },
        { "TCP 443, fast open", connect_hook, NULL, by_fast_open, SP_CHECK_IP4, 443,
          SOCK_STREAM, 0 },
        { "TCP 443, connected twice", connect_hook, NULL, by_second_connect,
          SP_CHECK_IP4, 443, SOCK_STREAM, 0 },
        { "TCP 443, io_uring", connect_hook, NULL, by_io_uring, SP_CHECK_IP4, 443,
          SOCK_STREAM, 0 },
        { "TCP 443, socket made outside", connect_hook, socket_of, by_connect,
          SP_CHECK_IP4, 443, SOCK_STREAM, 0 },
        { "TCP 80", exits, NULL, by_connect, SP_CHECK_IP4, 80, SOCK_STREAM, 0 },
        { "TCP 853 (DNS over TLS)", exits, NULL, by_connect, SP_CHECK_IP4, 853,
          SOCK_STREAM, 0 },
        { "TCP 8443, IPv6", exits, NULL, by_connect, SP_CHECK_IP6, 8443, SOCK_STREAM,
          0 },
        { "UDP 443, IPv4", send_hook, NULL, by_sendto, SP_CHECK_IP4, 443, SOCK_DGRAM,
          0 },
        { "UDP 443, IPv6", send_hook, NULL, by_sendto, SP_CHECK_IP6, 443, SOCK_DGRAM,
          0 },
        { "UDP 443, connected", send_hook, NULL, by_connected_send, SP_CHECK_IP4, 443,
          SOCK_DGRAM, 0 },
        { "UDP 443, sendmmsg", send_hook, NULL, by_sendmmsg, SP_CHECK_IP4, 443,
          SOCK_DGRAM, 0 },
        { "UDP 51820 (a tunnel)", exits, NULL, by_sendto, SP_CHECK_IP4, 51820,
          SOCK_DGRAM, 0 },
        { "UDP 53 of another resolver", "connect, sendmsg: egress.resolvers", NULL,
          by_sendto, SP_CHECK_IP4, 53, SOCK_DGRAM, 0 },
        { "UDP, connected outside", second_net, prepare_connected, by_send,
          SP_CHECK_IP4, 4433, SOCK_DGRAM, 0 },
        { "metadata server, TCP 8080", metadata, NULL, by_connect, SP_CHECK_METADATA,
          8080, SOCK_STREAM, 0 },
        { "metadata server, UDP 80", metadata, NULL, by_sendto, SP_CHECK_METADATA, 80,
          SOCK_DGRAM, 0 },
        { "MPTCP", socket_hook, NULL, by_connect, SP_CHECK_IP4, 443, SOCK_STREAM,
          IPPROTO_MPTCP },
        { "SCTP", socket_hook, NULL, by_connect, SP_CHECK_IP4, 443, SOCK_STREAM,
          IPPROTO_SCTP },
        { "UDP-lite", socket_hook, NULL, by_sendto, SP_CHECK_IP4, 443, SOCK_DGRAM,
          IPPROTO_UDPLITE },
        { "raw IP", socket_hook, NULL, by_sendto, SP_CHECK_IP4, 0, SOCK_RAW,
          PROTOCOL_OTHER },
        { "packet socket", "no CAP_NET_RAW, or lsm", NULL, by_packet_socket,
          SP_CHECK_IP4, 0, 0, 0 },
};
const size_t sp_check_n_ways = sizeof(sp_check_ways) / sizeof(sp_check_ways[0]);
