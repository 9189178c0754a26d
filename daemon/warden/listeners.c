/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#define BACKLOG 1024

/* Shared: by workers, of one socket. Else each of them has a socket of its own. */
static int set_options(int fd, int family, bool is_shared)
{
        const int yes = 1;
        int r = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));

        if (!r && family == AF_INET6)
                r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
        if (!r && !is_shared)
                r = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
        if (!r && is_shared)
                r = family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND,
                                                    &yes, sizeof(yes))
                                       : setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &yes,
                                                    sizeof(yes));
        return r ? -errno : 0;
}

static int open_one(int family, uint16_t port, bool is_shared, int *ret)
{
        sp_autoclose int fd =
                socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        struct sockaddr_in v4 = { .sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                                   .sin6_port = htons(port),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        const void *address = family == AF_INET ? (void *)&v4 : (void *)&v6;
        socklen_t n = family == AF_INET ? sizeof(v4) : sizeof(v6);
        int r = fd < 0 ? -errno : set_options(fd, family, is_shared);

        if (r < 0)
                return r;
        if (bind(fd, address, n) < 0 || listen(fd, BACKLOG) < 0)
                return -errno;
        *ret = SP_TAKE_FD(fd);
        return 0;
}

int sp_kept_fds_receive(struct sp_kept_fds *ret)
{
        char **names = NULL;
        int n = sd_listen_fds_with_names(true, &names);

        if (n < 0)
                return n;
        *ret = (struct sp_kept_fds){ names, n };
        return 0;
}

/* -1: there is none of that name which listens. */
static int take_kept(struct sp_kept_fds *k, const char *name)
{
        for (int i = 0; i < k->n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (!k->names[i] || strcmp(k->names[i], name) != 0 ||
                    sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, true) <= 0)
                        continue;
                free(k->names[i]);
                k->names[i] = NULL;
                (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
                return fd;
        }
        return -1;
}

void sp_kept_fds_done(struct sp_kept_fds *k)
{
        for (int i = 0; i < k->n; i++) {
                if (!k->names[i])
                        continue;
                (void)close(SD_LISTEN_FDS_START + i);
                (void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", k->names[i]);
                free(k->names[i]);
        }
        free(k->names);
        *k = (struct sp_kept_fds){ NULL, 0 };
}

/* The name has the port: after a change of it, what was kept is of no use. */
static int open_or_take(unsigned index, int family, bool is_metadata, uint16_t port,
                        struct sp_kept_fds *kept, int *ret)
{
        char name[64], state[96];
        int r;

        (void)snprintf(name, sizeof(name), "%s%d.%u.%u",
                       is_metadata ? "metadata" : "tls", family == AF_INET ? 4 : 6,
                       port, index);
        *ret = take_kept(kept, name);
        if (*ret >= 0)
                return 0;
        r = open_one(family, port, false, ret);
        if (r < 0)
                return r;
        (void)snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
        (void)sd_pid_notify_with_fds(0, false, state, ret, 1);
        return 0;
}

/* How to get one of them. */
struct source {
        unsigned index;
        struct sp_kept_fds *kept; /* NULL: shared */
};

static int open_all(const struct source *from, uint16_t port, uint16_t metadata_port,
                    struct sp_listeners *ret, struct sp_err *reterr)
{
        static const int families[] = { AF_INET, AF_INET6 };
        struct sp_listeners l;

        for (size_t i = 0; i < SP_LISTENERS; i++)
                l.each[i] = (struct sp_listener){ .fd = -1, .is_metadata = i % 2 };
        for (size_t i = 0; i < SP_LISTENERS; i++) {
                int family = families[i / 2], r;
                uint16_t p = l.each[i].is_metadata ? metadata_port : port;
                char where[64];

                r = from->kept
                            ? open_or_take(from->index, family, l.each[i].is_metadata,
                                           p, from->kept, &l.each[i].fd)
                            : open_one(family, p, true, &l.each[i].fd);
                if (r == 0 ||
                    (family == AF_INET6 && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)))
                        continue;
                sp_listeners_close(&l);
                (void)snprintf(where, sizeof(where), "%s:%u",
                               family == AF_INET ? "127.0.0.1" : "[::1]", p);
                return sp_err_set(reterr, r, "listen.bind", where, "cannot listen: %s",
                                  strerror(-r));
        }
        *ret = l;
        return 0;
}

int sp_listeners_open(unsigned index, uint16_t port, uint16_t metadata_port,
                      struct sp_kept_fds *kept, struct sp_listeners *ret,
                      struct sp_err *reterr)
{
        const struct source from = { index, kept };

        return open_all(&from, port, metadata_port, ret, reterr);
}

int sp_listeners_open_shared(uint16_t port, uint16_t metadata_port,
                             struct sp_listeners *ret, struct sp_err *reterr)
{
        const struct source from = { 0, NULL };

        return open_all(&from, port, metadata_port, ret, reterr);
}

void sp_listeners_close(struct sp_listeners *l)
{
        for (size_t i = 0; i < SP_LISTENERS; i++)
                sp_closep(&l->each[i].fd);
}
