/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escape — ways by which a guarded process might send bytes past the daemon.
 *
 * Job:    one struct way each: what it tries, what stops it, and the code that tries it.
 *         The code does not know whether it is guarded: tests/escape/run starts each way
 *         twice, inside the guard and outside (the positive control), and looks on the
 *         wire, in another network namespace, for the token that the way sends.
 * In:     environment: ESCAPE_TOKEN; ESCAPE_CGROUP, the directory that the acting process
 *         enters; ESCAPE_CONTROL, set outside; ESCAPE_NETNS, Google's network namespace;
 *         ESCAPE_NETNS_PATH, a namespace like a container's, with a path to Google;
 *         ESCAPE_AWAY, a cgroup that no tag matches; ESCAPE_DELEGATED, one below
 *         ESCAPE_CGROUP that belongs to nobody; ESCAPE_PINS; ESCAPE_DAEMON, a pid.
 * Out:    one line: "sent", or the name of the error that stopped it.
 * Errors: act returns 0 when it believes that it got through, else -errno.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REAL4 "203.0.113.5"
#define REAL6 "2001:db8::5"
#define MAPPED "::ffff:203.0.113.5"
#define OWN4 "203.0.113.1"
#define OWN6 "2001:db8::1"
#define RESOLVER4 "203.0.113.53" /* the one that the guard is told of */
#define DEVICE "v0"
#define DAEMON_PORT 844

#define FDS_MAX 4

enum way_flags {
        WAY_LATE = 1, /* starts in a cgroup that is tagged between `before` and `act` */
        WAY_RESULT =
                2, /* judged by what act returns: there is nothing to see on a wire */
        WAY_OPEN = 4, /* not stopped, and said so: shown to be true, never counted */
        WAY_CONTAINER = 8, /* acts in a network namespace with a path out */
        WAY_DELEGATED = 16, /* starts in $ESCAPE_DELEGATED/a */
};

/* Who acts. Without root on the host there is no more than these. */
enum who {
        WHO_NOBODY, /* uid 65534, no capability */
        WHO_UID0, /* root without any capability: sudo in a unit that has none to give */
        WHO_NET_RAW, /* the same with CAP_NET_RAW, CAP_NET_BIND_SERVICE */
        WHO_NET_ADMIN, /* and CAP_NET_ADMIN */
        WHO_ROOT, /* everything; for positive controls */
};

struct env {
        const struct way *way;
        const char *token;
        size_t token_len;
        int peer; /* to the helper, or from it to who acts: SOCK_SEQPACKET */
        int fds[FDS_MAX]; /* what `before` made */
        bool is_control;
};

struct way {
        const char *id, *group;
        const char *what; /* a sentence for docs/threat-model.md */
        const char *stop; /* what stops it there; for WAY_OPEN what would */
        int (*act)(struct env *e);
        const char *ip;
        uint16_t port;
        int type, protocol;
        int (*before)(struct env *e); /* outside the guard, or before the tag */
        int (*helper)(struct env *e); /* a process outside, beside the act */
        unsigned flags;
        enum who who, control_who; /* control_who: where more is needed outside */
};

struct ways {
        const struct way *v;
        size_t n;
};
extern const struct ways ways_tcp, ways_uring, ways_datagram, ways_kinds, ways_handed,
        ways_late, ways_network, ways_cgroup, ways_host;

/* Where to, as the kernel wants it. */
struct target {
        struct sockaddr_storage a;
        socklen_t n;
};
struct target target_of(const char *ip, uint16_t port);
struct target target(const struct env *e); /* the way's own */

int family_of(const char *ip);
int err(int r); /* r, or -errno when it is negative */
int new_socket(
        const struct env *e); /* of the way's family, type and protocol; times out */
int set(int fd, int level, int option, int value); /* setsockopt of an int */
int connect_to(int fd, const struct target *t);
int send_token(const struct env *e, int fd);
int finish(const struct env *e, int fd); /* connects as the way says and sends */

int send_fd(int to, int fd);
int receive_fd(int from);
int enter_netns(const char *variable); /* ESCAPE_NETNS… */
int enter_cgroup(const char *directory);
int write_file(const char *path, const char *text);
void pause_ms(unsigned ms);
