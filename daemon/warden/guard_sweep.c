/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tag set on a directory where processes already live finds connections that nobody
 * judged. They are destroyed with sock_diag(7): found by the descriptors of the processes,
 * because the socket itself may come from elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/warden/guard_internal.h"
#include "daemon/warden/netns.h"

#define SOCKETS_MAX 65536
#define NETNS_MAX 64
#define HTTPS_PORT 443

struct sweep {
        const struct sp_guard *guard;
        uint32_t *inodes; /* of the sockets that the processes hold */
        size_t n, capacity;
        struct {
                uint64_t id;
                pid_t pid; /* somebody in it */
        } netns[NETNS_MAX];
        size_t n_netns;
        struct inet_diag_req_v2 *found;
        size_t n_found, found_capacity;
        int error; /* first thing that went wrong; the rest goes on */
};

static void note_error(struct sweep *s, int r)
{
        if (r && !s->error)
                s->error = r;
}

static int grow(void *array, size_t *capacity, size_t n, size_t size)
{
        size_t bigger = *capacity ? 2 * *capacity : 64;
        void **p = array, *q;

        if (n < *capacity)
                return 0;
        if (n >= SOCKETS_MAX)
                return -E2BIG;
        q = reallocarray(*p, bigger, size);
        if (!q)
                return -ENOMEM;
        *p = q;
        *capacity = bigger;
        return 0;
}

/* ---- which sockets do these processes hold ---- */

static void note_netns(struct sweep *s, pid_t pid)
{
        char path[64];
        struct stat st;

        (void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
        if (stat(path, &st))
                return;
        for (size_t i = 0; i < s->n_netns; i++)
                if (s->netns[i].id == st.st_ino)
                        return;
        if (s->n_netns == NETNS_MAX) {
                note_error(s, -E2BIG);
                return;
        }
        s->netns[s->n_netns].id = st.st_ino;
        s->netns[s->n_netns++].pid = pid;
}

static int note_process(void *userdata, pid_t pid)
{
        struct sweep *s = userdata;
        char path[64], to[64];
        struct dirent *e;
        unsigned inode;
        DIR *d;
        ssize_t n;
        int r;

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        d = opendir(path);
        if (!d) {
                if (errno != ENOENT && errno != ESRCH)
                        note_error(s, -errno);
                return 0;
        }
        while ((e = readdir(d)) != NULL) {
                n = readlinkat(dirfd(d), e->d_name, to, sizeof(to) - 1);
                if (n < 0)
                        continue;
                to[n] = 0;
                if (sscanf(to, "socket:[%u]", &inode) != 1)
                        continue;
                r = grow(&s->inodes, &s->capacity, s->n, sizeof(*s->inodes));
                note_error(s, r);
                if (!r)
                        s->inodes[s->n++] = inode;
        }
        (void)closedir(d);
        note_netns(s, pid);
        return 0;
}

/* ---- sock_diag ---- */

static bool is_metadata4(uint32_t ip)
{
        return ip == htonl(0xa9fea9fe) || ip == htonl(0xa9fea9fc);
}

static bool is_metadata(const uint32_t ip[4], bool is_mapped)
{
        if (is_mapped)
                return is_metadata4(ip[3]);
        return ip[0] == htonl(0xfd2000ce) && !ip[1] && !ip[2] && ip[3] == htonl(0x254);
}

/* Of a socket that is connected to nothing: unspecified. */
static bool stays_here(const uint32_t ip[4], bool is_mapped)
{
        if (is_mapped)
                return !ip[3] || (ntohl(ip[3]) >> 24) == IN_LOOPBACKNET;
        return !ip[0] && !ip[1] && !ip[2] && (!ip[3] || ip[3] == htonl(1));
}

/* As bpf/lib/judge would have it. */
static bool is_closed_destination(const struct sweep *s, const struct inet_diag_msg *m,
                                  uint8_t protocol)
{
        uint32_t ip[4] = { 0, 0, htonl(0xffff), m->id.idiag_dst[0] };
        bool is_mapped;

        if (m->idiag_family == AF_INET6)
                memcpy(ip, m->id.idiag_dst, sizeof(ip));
        is_mapped = !ip[0] && !ip[1] && ip[2] == htonl(0xffff);
        if (ntohs(m->id.idiag_dport) == HTTPS_PORT || is_metadata(ip, is_mapped))
                return true;
        return !stays_here(ip, is_mapped) &&
               !sp_guard_exits_allow(s->guard->exits, s->guard->n_exits,
                                     (const uint8_t *)ip, protocol,
                                     ntohs(m->id.idiag_dport));
}

static void note_found(struct sweep *s, const struct inet_diag_msg *m, uint8_t protocol)
{
        bool is_held = false;
        int r;

        for (size_t i = 0; !is_held && i < s->n; i++)
                is_held = s->inodes[i] == m->idiag_inode;
        if (!is_held || !is_closed_destination(s, m, protocol))
                return;
        r = grow(&s->found, &s->found_capacity, s->n_found, sizeof(*s->found));
        note_error(s, r);
        if (!r)
                s->found[s->n_found++] = (struct inet_diag_req_v2){
                        .sdiag_family = m->idiag_family,
                        .sdiag_protocol = protocol,
                        .id = m->id,
                };
}

static int request(int fd, uint16_t type, uint16_t flags,
                   const struct inet_diag_req_v2 *r)
{
        struct {
                struct nlmsghdr h;
                struct inet_diag_req_v2 r;
        } m = { .h = { .nlmsg_len = sizeof(m),
                       .nlmsg_type = type,
                       .nlmsg_flags = NLM_F_REQUEST | flags },
                .r = *r };

        return send(fd, &m, sizeof(m), 0) < 0 ? -errno : 0;
}

/* Reads answers up to the end of a dump or an acknowledgement. */
static int answers(struct sweep *s, int fd, uint8_t protocol)
{
        union {
                char bytes[32768];
                struct nlmsghdr h;
        } buf;

        for (;;) {
                ssize_t n = recv(fd, buf.bytes, sizeof(buf.bytes), 0);
                struct nlmsghdr *h = &buf.h;

                if (n < 0)
                        return -errno;
                for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
                        if (h->nlmsg_type == NLMSG_DONE)
                                return 0;
                        if (h->nlmsg_type == NLMSG_ERROR)
                                return h->nlmsg_len < NLMSG_LENGTH(sizeof(int))
                                               ? -EBADMSG
                                               : ((struct nlmsgerr *)NLMSG_DATA(h))
                                                         ->error;
                        if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
                                note_found(s, NLMSG_DATA(h), protocol);
                }
        }
}

static unsigned sweep_here(struct sweep *s)
{
        static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
        static const uint8_t families[] = { AF_INET, AF_INET6 };
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), r;
        unsigned n = 0;

        if (fd < 0) {
                note_error(s, -errno);
                return 0;
        }
        s->n_found = 0;
        for (size_t i = 0; i < 4; i++) {
                struct inet_diag_req_v2 q = {
                        .sdiag_family = families[i % 2],
                        .sdiag_protocol = protocols[i / 2],
                        .idiag_states = ~(1u << TCP_LISTEN),
                };

                r = request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q);
                note_error(s, r ? r : answers(s, fd, q.sdiag_protocol));
        }
        for (size_t i = 0; i < s->n_found; i++) {
                r = request(fd, SOCK_DESTROY, NLM_F_ACK, &s->found[i]);
                if (!r)
                        r = answers(s, fd, 0);
                n += !r;
                if (r != -ENOENT) /* else it ended by itself */
                        note_error(s, r);
        }
        (void)close(fd);
        return n;
}

static unsigned sweep_netns(struct sweep *s)
{
        unsigned n = 0;

        for (size_t i = 0; i < s->n_netns; i++) {
                sp_autoclose int other = -1;
                uint64_t inode;
                int own, r = sp_netns_open(s->netns[i].pid, &other, &inode);

                if (!r)
                        r = sp_netns_enter(other, &own);
                note_error(s, r);
                if (r)
                        continue;
                n += sweep_here(s);
                sp_netns_leave(own);
        }
        return n;
}

int sp_guard_sweep(struct sp_guard *g, const char *path, unsigned *ret)
{
        struct sweep s = { .guard = g };
        int r = sp_guard_procs(g, path, note_process, &s);

        if (r == -ENOENT)
                return 0;
        note_error(&s, r);
        if (s.n)
                *ret = sweep_netns(&s);
        free(s.inodes);
        free(s.found);
        return s.error;
}
