/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata servers, and networks of one's own. */
#include "tests/escape/escape.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static int tcp(struct env *e)
{
        return finish(e, new_socket(e));
}

static int udp(struct env *e)
{
        struct target t = target(e);
        int fd = new_socket(e);

        if (fd < 0)
                return fd;
        return sendto(fd, e->token, e->token_len, 0, (void *)&t.a, t.n) < 0 ? -errno
                                                                            : 0;
}

static int command(const char *shell)
{
        int status = system(shell);

        return status == -1                                ? -errno
               : WIFEXITED(status) && !WEXITSTATUS(status) ? 0
                                                           : -EPERM;
}

/* A user namespace in which we are root, and a network of its own. Outside, the positive
 * control: a network namespace that does lead somewhere. */
static int own_network(struct env *e)
{
        char map[64];
        unsigned uid = getuid();
        int r;

        if (e->is_control)
                return enter_netns("ESCAPE_NETNS_PATH");
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
                return -errno;
        (void)write_file("/proc/self/setgroups", "deny");
        (void)snprintf(map, sizeof(map), "0 %u 1", uid);
        r = write_file("/proc/self/uid_map", map);
        return r ? r : command("ip link set lo up");
}

static int from_own_network(struct env *e)
{
        int r = own_network(e);

        return r ? r : tcp(e);
}

static int from_own_network_udp(struct env *e)
{
        int r = own_network(e);

        return r ? r : udp(e);
}

static int packet_from_own_network(struct env *e)
{
        char f[256] = { 0 };
        int r = own_network(e), fd = r ? -1 : socket(AF_PACKET, SOCK_RAW, 0);
        struct ifreq q = { .ifr_name = DEVICE };

        if (r || fd < 0)
                return r ? r : -errno;
        r = err(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, &q, sizeof(q)));
        if (!r)
                r = err(ioctl(fd, SIOCGIFINDEX, &q));
        if (r)
                return r;
        memset(f, 0xff, 12);
        f[12] = 8;
        memcpy(f + 42, e->token, e->token_len);
        {
                struct sockaddr_storage a = { 0 };
                const int link[] = { q.ifr_ifindex };

                /* struct sockaddr_ll without its header, which clashes with ours */
                a.ss_family = AF_PACKET;
                memcpy((char *)&a + 4, link, sizeof(link));
                return sendto(fd, f, sizeof(f), 0, (void *)&a, 20) < 0 ? -errno : 0;
        }
}

/* Sockets of the old network stay usable in the new one. */
static int old_socket_in_new_network(struct env *e)
{
        int fd = new_socket(e), r;

        if (fd < 0)
                return fd;
        r = e->is_control ? 0 : own_network(e);
        return r ? r : finish(e, fd);
}

/* ---- devices and tunnels in the host's network ---- */

static int tun(struct env *e)
{
        struct ifreq q = { .ifr_name = "", .ifr_flags = IFF_TUN | IFF_NO_PI };
        int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

        (void)e;
        if (fd < 0)
                return -errno;
        return err(ioctl(fd, TUNSETIFF, &q)); /* gone with the descriptor */
}

/* A kind of device that this kernel does not have is missing outside as well. */
static int add_and_delete(const struct env *e, const char *name, const char *what)
{
        char shell[256];
        int r;

        (void)snprintf(shell, sizeof(shell),
                       "ip link add sp-%s %s 2>/dev/null && ip link del sp-%s", name,
                       what, name);
        r = command(shell);
        return r && e->is_control ? -EOPNOTSUPP : r;
}

#define ADD_AND_DELETE(name, what)                                                     \
        static int name(struct env *e)                                                 \
        {                                                                              \
                return add_and_delete(e, #name, what);                                 \
        }
ADD_AND_DELETE(ipip, "type ipip local " OWN4 " remote " REAL4)
ADD_AND_DELETE(gre, "type gre local " OWN4 " remote " REAL4)
ADD_AND_DELETE(macvlan, "link " DEVICE " type macvlan")
ADD_AND_DELETE(wireguard, "type wireguard")
ADD_AND_DELETE(veth, "type veth peer name sp-vethpeer")

/* From its own network, one end of a cable into the host's: the parent's. */
static int cable(struct env *e)
{
        char shell[256];
        int r;

        (void)snprintf(shell, sizeof(shell),
                       "ip link add sp-cable type veth peer name sp-cable2 netns %d "
                       "2>/dev/null && ip link del sp-cable",
                       getppid());
        r = e->is_control ? 0 : own_network(e);
        return r ? r : command(shell);
}

/* Somebody outside opens a network namespace with a path out and passes it in. */
static int namespace_before(struct env *e)
{
        const char *path = getenv("ESCAPE_NETNS_PATH");

        e->fds[0] = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        return err(e->fds[0]);
}

static int namespace_passed(struct env *e)
{
        int r = err(setns(e->fds[0], CLONE_NEWNET));

        return r ? r : tcp(e);
}

/* On the port that connections are redirected to, in a network where the daemon was not
 * first: passes on what it gets. */
static int relay(struct env *e)
{
        const struct target port = target_of("127.0.0.1", DAEMON_PORT);
        int listener = socket(AF_INET, SOCK_STREAM, 0), got, r;
        char token[128];

        r = listener < 0 ? -errno : set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
        if (!r)
                r = err(bind(listener, (const void *)&port.a, port.n));
        if (!r)
                r = err(listen(listener, 16));
        if (r)
                return r;
        if (!fork()) {
                (void)alarm(3);
                got = accept(listener, NULL, NULL);
                if (got >= 0 && recv(got, token, sizeof(token), 0) > 0)
                        (void)finish(e, new_socket(e));
                _exit(0);
        }
        if (!e->is_control)
                return tcp(e); /* redirected to the relay */
        got = new_socket(e);
        if (got < 0)
                return got;
        r = connect_to(got, &port);
        r = r ? r : send_token(e, got);
        (void)wait(NULL);
        return r;
}

static int route(struct env *e)
{
        (void)e;
        return command("ip route add 198.51.100.7/32 dev lo 2>/dev/null && "
                       "ip route del 198.51.100.7/32 dev lo");
}

#define META "Metadata server"
#define OWN "Networks"
#define HOOK "connect hooks"
#define LO                                                                             \
        "connect hooks: redirected to that namespace's loopback, where the daemon "    \
        "listens or nobody"
#define ADMIN "the kernel: needs CAP_NET_ADMIN in the host's network"
#define TCP .type = SOCK_STREAM
#define UDP .type = SOCK_DGRAM

static const struct way v[] = {
        { "metadata", META, "asks 169.254.169.254 for a token",
          "connect hooks: the daemon answers", tcp, "169.254.169.254", 80, TCP },
        { "metadata-mapped", META, "the same, v4-mapped",
          "connect hooks: the daemon answers", tcp, "::ffff:169.254.169.254", 80, TCP },
        { "metadata6", META, "fd20:ce::254", "connect hooks: the daemon answers", tcp,
          "fd20:ce::254", 80, TCP },
        { "metadata-gke", META, "169.254.169.252", "connect hooks: the daemon answers",
          tcp, "169.254.169.252", 80, TCP },
        { "metadata-8080", META, "another port", HOOK, tcp, "169.254.169.254", 8080,
          TCP },
        { "metadata-443", META, "port 443", HOOK, tcp, "fd20:ce::254", 443, TCP },
        { "metadata-udp", META, "UDP", "sendmsg hooks", udp, "169.254.169.254", 53,
          UDP },
        { "metadata-udp6", META, "UDP, IPv6", "sendmsg hooks", udp, "fd20:ce::254", 53,
          UDP },
        { "own-network", OWN, "makes user and network namespaces of its own", LO,
          from_own_network, REAL4, 443, TCP, .control_who = WHO_ROOT },
        { "own-network-udp", OWN, "the same, UDP", "sendmsg hooks",
          from_own_network_udp, REAL4, 443, UDP, .control_who = WHO_ROOT },
        { "own-network-packet", OWN, "the same, and forges frames there",
          "nothing is connected to it", packet_from_own_network, REAL4, 443, TCP,
          .control_who = WHO_ROOT },
        { "own-network-old", OWN, "the same, with a socket of the network before", HOOK,
          old_socket_in_new_network, REAL4, 443, TCP },
        { "container", OWN, "runs in a network namespace with a path out: a container",
          LO, tcp, REAL4, 443, TCP, .flags = WAY_CONTAINER },
        { "container-8443", OWN, "the same, another port", HOOK, tcp, REAL4, 8443, TCP,
          .flags = WAY_CONTAINER },
        { "container-udp", OWN, "the same, UDP", "sendmsg hooks", udp, REAL4, 443, UDP,
          .flags = WAY_CONTAINER },
        { "container-root", OWN, "the same as root of the container with CAP_NET_ADMIN",
          LO, tcp, REAL4, 443, TCP, .flags = WAY_CONTAINER, .who = WHO_NET_ADMIN },
        { "container-relay", OWN,
          "listens on the daemon's port there before the daemon does, and passes on",
          LO, relay, REAL4, 443, TCP, .flags = WAY_CONTAINER, .who = WHO_NET_RAW },
        { "setns", OWN, "enters a network namespace that was passed in",
          "the kernel: needs CAP_SYS_ADMIN", namespace_passed, REAL4, 443, TCP, 0,
          namespace_before, .control_who = WHO_ROOT },
        { "tun", OWN, "makes a tun device in the host's network", ADMIN, tun, REAL4, 0,
          0, 0, .flags = WAY_RESULT, .control_who = WHO_NET_ADMIN },
        { "ipip", OWN, "an IP tunnel", ADMIN, ipip, REAL4, 0, 0, 0, .flags = WAY_RESULT,
          .control_who = WHO_ROOT },
        { "gre", OWN, "a GRE tunnel", ADMIN, gre, REAL4, 0, 0, 0, .flags = WAY_RESULT,
          .control_who = WHO_ROOT },
        { "wireguard", OWN, "a WireGuard tunnel of the kernel", ADMIN, wireguard, REAL4,
          0, 0, 0, .flags = WAY_RESULT, .control_who = WHO_ROOT },
        { "macvlan", OWN, "a second device beside the host's", ADMIN, macvlan, REAL4, 0,
          0, 0, .flags = WAY_RESULT, .control_who = WHO_ROOT },
        { "veth", OWN, "a pair of devices", ADMIN, veth, REAL4, 0, 0, 0,
          .flags = WAY_RESULT, .control_who = WHO_ROOT },
        { "cable", OWN, "a cable from its own network into the host's", ADMIN, cable,
          REAL4, 0, 0, 0, .flags = WAY_RESULT, .control_who = WHO_ROOT },
        { "route", OWN, "changes the host's routes", ADMIN, route, REAL4, 0, 0, 0,
          .flags = WAY_RESULT, .control_who = WHO_ROOT },
};
const struct ways ways_network = { v, sizeof(v) / sizeof(v[0]) };
