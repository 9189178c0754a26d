/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

static int fail(struct sp_err *reterr, const char *doing)
{
        return sp_err_set(reterr, errno ? -errno : -EIO, "cli.check", "",
                          "cannot %s: %m", doing);
}

static int up(int fd, const char *name)
{
        struct ifreq r = { 0 };

        (void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
        if (ioctl(fd, SIOCGIFFLAGS, &r))
                return -1;
        r.ifr_flags |= IFF_UP;
        return ioctl(fd, SIOCSIFFLAGS, &r);
}

static int configure4(int fd)
{
        struct ifreq r = { .ifr_name = SP_CHECK_DEVICE };
        struct sockaddr_in *a = (struct sockaddr_in *)(void *)&r.ifr_addr;
        struct rtentry route = { .rt_flags = RTF_UP,
                                 .rt_dev = (char[]){ SP_CHECK_DEVICE } };

        a->sin_family = AF_INET;
        (void)inet_pton(AF_INET, "192.0.2.1", &a->sin_addr);
        if (ioctl(fd, SIOCSIFADDR, &r) || up(fd, SP_CHECK_DEVICE) || up(fd, "lo"))
                return -1;
        route.rt_dst.sa_family = route.rt_genmask.sa_family = AF_INET;
        return ioctl(fd, SIOCADDRT, &route);
}

/* A host without IPv6 has no way out by it either. */
static int configure6(void)
{
        sp_autoclose int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        unsigned index = if_nametoindex(SP_CHECK_DEVICE);
        struct in6_ifreq a = { .ifr6_prefixlen = 64, .ifr6_ifindex = (int)index };
        struct in6_rtmsg route = { .rtmsg_flags = RTF_UP,
                                   .rtmsg_metric = 1,
                                   .rtmsg_ifindex = (int)index };

        if (fd < 0)
                return 0;
        (void)inet_pton(AF_INET6, "2001:db8::1", &a.ifr6_addr);
        if (ioctl(fd, SIOCSIFADDR, &a) && errno != EACCES && errno != EOPNOTSUPP)
                return -1;
        return ioctl(fd, SIOCADDRT, &route) && errno != EACCES && errno != EEXIST &&
                               errno != EOPNOTSUPP
                       ? -1
                       : 0;
}

int sp_check_wire_open(struct sp_check_wire *w, struct sp_err *reterr)
{
        struct ifreq r = { .ifr_name = SP_CHECK_DEVICE,
                           .ifr_flags = IFF_TUN | IFF_NO_PI };
        sp_autoclose int fd = -1;

        w->before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (w->before < 0 || unshare(CLONE_NEWNET))
                return fail(reterr, "make a network namespace");
        w->tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (w->tun < 0 || ioctl(w->tun, TUNSETIFF, &r))
                return fail(reterr, "make a tun device (/dev/net/tun)");
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || configure4(fd) || configure6())
                return fail(reterr, "set up the network of the probes");
        return 0;
}

void sp_check_wire_done(struct sp_check_wire *w)
{
        if (w->before >= 0 && setns(w->before, CLONE_NEWNET))
                abort(); /* nothing we do next would be where the caller thinks */
        sp_closep(&w->tun);
        sp_closep(&w->before);
}

static bool is_ours(const unsigned char *p, size_t n)
{
        unsigned char ip4[4], metadata[4], ip6[16];

        (void)inet_pton(AF_INET, SP_CHECK_IP4, ip4);
        (void)inet_pton(AF_INET, SP_CHECK_METADATA, metadata);
        (void)inet_pton(AF_INET6, SP_CHECK_IP6, ip6);
        if (n >= 20 && p[0] >> 4 == 4)
                return !memcmp(p + 16, ip4, 4) || !memcmp(p + 16, metadata, 4);
        return n >= 40 && p[0] >> 4 == 6 && !memcmp(p + 24, ip6, 16);
}

bool sp_check_wire_saw(const struct sp_check_wire *w, int wait_ms)
{
        struct pollfd p = { .fd = w->tun, .events = POLLIN };
        unsigned char packet[4096];
        bool saw = false;
        ssize_t n;

        do {
                while ((n = read(w->tun, packet, sizeof(packet))) > 0)
                        saw |= is_ours(packet, (size_t)n);
        } while (!saw && poll(&p, 1, wait_ms) > 0);
        return saw;
}
