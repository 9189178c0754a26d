/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one way (tests/escape/escape.h), lists them, or prints them as a table. */
#include "tests/escape/escape.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define NOBODY 65534
#define SECONDS_MAX 8

static const struct ways *const all[] = { &ways_tcp,     &ways_uring,  &ways_datagram,
                                          &ways_kinds,   &ways_handed, &ways_late,
                                          &ways_network, &ways_cgroup, &ways_host };
#define GROUPS (sizeof(all) / sizeof(all[0]))

/* ---- what the ways are made of ---- */

int err(int r)
{
        return r < 0 ? -errno : r;
}

int family_of(const char *ip)
{
        return strchr(ip, ':') ? AF_INET6 : AF_INET;
}

struct target target_of(const char *ip, uint16_t port)
{
        struct target t = { 0 };
        struct sockaddr_in *a4 = (void *)&t.a;
        struct sockaddr_in6 *a6 = (void *)&t.a;

        t.a.ss_family = (sa_family_t)family_of(ip);
        if (t.a.ss_family == AF_INET6) {
                a6->sin6_port = htons(port);
                (void)inet_pton(AF_INET6, ip, &a6->sin6_addr);
                t.n = sizeof(*a6);
        } else {
                a4->sin_port = htons(port);
                (void)inet_pton(AF_INET, ip, &a4->sin_addr);
                t.n = sizeof(*a4);
        }
        return t;
}

struct target target(const struct env *e)
{
        return target_of(e->way->ip, e->way->port);
}

int set(int fd, int level, int option, int value)
{
        return err(setsockopt(fd, level, option, &value, sizeof(value)));
}

int new_socket(const struct env *e)
{
        const struct timeval limit = { .tv_sec = 1, .tv_usec = 500000 };
        int fd = socket(family_of(e->way->ip), e->way->type, e->way->protocol);

        if (fd < 0)
                return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        return fd;
}

int connect_to(int fd, const struct target *t)
{
        return err(connect(fd, (const void *)&t->a, t->n));
}

int send_token(const struct env *e, int fd)
{
        ssize_t n = send(fd, e->token, e->token_len, MSG_NOSIGNAL);

        if (n < 0)
                return -errno;
        pause_ms(150); /* a stream sends when it likes: stay until it has */
        return 0;
}

int finish(const struct env *e, int fd)
{
        struct target t = target(e);
        int r = fd < 0 ? fd : connect_to(fd, &t);

        return r ? r : send_token(e, fd);
}

int send_fd(int to, int fd)
{
        union {
                char b[CMSG_SPACE(sizeof(int))];
                struct cmsghdr h;
        } c = { { 0 } };
        struct iovec v = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
        struct msghdr m = { .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = c.b,
                            .msg_controllen = sizeof(c.b) };

        c.h.cmsg_level = SOL_SOCKET;
        c.h.cmsg_type = SCM_RIGHTS;
        c.h.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
        return sendmsg(to, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int receive_fd(int from)
{
        union {
                char b[CMSG_SPACE(sizeof(int))];
                struct cmsghdr h;
        } c;
        char byte;
        struct iovec v = { .iov_base = &byte, .iov_len = 1 };
        struct msghdr m = { .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = c.b,
                            .msg_controllen = sizeof(c.b) };
        int fd;

        if (recvmsg(from, &m, 0) < 0)
                return -errno;
        if (m.msg_controllen < sizeof(c.h) || c.h.cmsg_type != SCM_RIGHTS)
                return -EBADMSG;
        memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
        return fd;
}

int enter_netns(const char *variable)
{
        const char *path = getenv(variable);
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1, r;

        if (fd < 0)
                return path ? -errno : -EINVAL;
        r = err(setns(fd, CLONE_NEWNET));
        (void)close(fd);
        return r;
}

int write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

        if (fd < 0)
                return -errno;
        if (write(fd, text, strlen(text)) < 0)
                r = -errno;
        (void)close(fd);
        return r;
}

int enter_cgroup(const char *directory)
{
        char path[4096];

        (void)snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
        return write_file(path, "0");
}

void pause_ms(unsigned ms)
{
        struct timespec t = { .tv_sec = ms / 1000,
                              .tv_nsec = (long)(ms % 1000) * 1000000 };

        (void)nanosleep(&t, NULL);
}

/* ---- running one ---- */

static void die(const char *what)
{
        (void)fprintf(stderr, "escape: %s: %s\n", what, strerror(errno));
        exit(2);
}

static void keep_only(const unsigned *caps, size_t n)
{
        capng_clear(CAPNG_SELECT_BOTH);
        for (size_t i = 0; i < n; i++)
                if (capng_update(CAPNG_ADD,
                                 CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
                                 caps[i]))
                        die("capng_update");
        if (capng_apply(CAPNG_SELECT_BOTH))
                die("dropping capabilities");
}

static void become(enum who who)
{
        static const unsigned caps[] = { CAP_NET_RAW, CAP_NET_BIND_SERVICE,
                                         CAP_NET_ADMIN };

        if (who == WHO_ROOT)
                return;
        if (who == WHO_NOBODY) {
                if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
                    setresuid(NOBODY, NOBODY, NOBODY))
                        die("becoming nobody");
        } else {
                keep_only(caps, who == WHO_UID0 ? 0 : who == WHO_NET_RAW ? 2 : 3);
        }
        /* As a program that was started so, not one that changed: may write its own
         * /proc/self/uid_map, may be traced by its own kind. */
        (void)prctl(PR_SET_DUMPABLE, 1);
}

static int tell(int r)
{
        (void)printf("%s\n", r >= 0 ? "sent" : strerrorname_np(-r));
        (void)fflush(stdout);
        return 0;
}

/* Started in the cgroup that will be tagged: says so, and waits until it is. */
static int wait_for_tag(void)
{
        char c;

        (void)printf("ready\n");
        (void)fflush(stdout);
        return read(0, &c, 1) == 1 ? 0 : -EPIPE;
}

static int acting(struct env *e)
{
        const struct way *w = e->way;
        bool is_late = w->flags & WAY_LATE;
        char path[4096];
        int r;

        (void)snprintf(
                path, sizeof(path), "%s%s",
                getenv(w->flags & WAY_DELEGATED ? "ESCAPE_DELEGATED" : "ESCAPE_CGROUP"),
                w->flags & WAY_DELEGATED ? "/a" : "");
        r = enter_cgroup(path);
        if (r) {
                errno = -r;
                die("ESCAPE_CGROUP");
        }
        if (w->flags & WAY_CONTAINER && (r = enter_netns("ESCAPE_NETNS_PATH"))) {
                errno = -r;
                die("ESCAPE_NETNS_PATH");
        }
        (void)printf("pid %d\n", getpid());
        (void)fflush(stdout);
        become(e->is_control && w->control_who ? w->control_who : w->who);
        if (is_late) {
                r = w->before ? w->before(e) : 0;
                if (r < 0)
                        return tell(r);
                r = wait_for_tag();
        }
        return tell(r ? r : w->act(e));
}

static int run(const struct way *w)
{
        struct env e = { .way = w,
                         .token = getenv("ESCAPE_TOKEN"),
                         .is_control = getenv("ESCAPE_CONTROL") };
        int pair[2], r = 0, status;
        pid_t actor;

        if (!e.token || !getenv("ESCAPE_CGROUP"))
                die("ESCAPE_TOKEN, ESCAPE_CGROUP");
        e.token_len = strlen(e.token);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
                die("socketpair");
        if (w->before && !(w->flags & WAY_LATE))
                r = w->before(&e);
        if (r < 0)
                return tell(r);
        actor = fork();
        if (actor < 0)
                die("fork");
        if (!actor) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)close(pair[1]);
                e.peer = pair[0];
                _exit(acting(&e));
        }
        (void)close(pair[0]);
        e.peer = pair[1];
        (void)alarm(SECONDS_MAX); /* ends the helper, and the act with it */
        if (w->helper)
                (void)w->helper(&e);
        while (waitpid(actor, &status, 0) < 0 && errno == EINTR)
                ;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* ---- listing ---- */

static void list(void)
{
        for (size_t g = 0; g < GROUPS; g++)
                for (size_t i = 0; i < all[g]->n; i++) {
                        const struct way *w = &all[g]->v[i];

                        (void)printf("%s\t%u\t%s\t%s\t%s\n", w->id, w->flags, w->group,
                                     w->what, w->stop);
                }
}

static void table(void)
{
        const char *group = "";

        (void)printf("| | a guarded process … | stopped by |\n|---|---|---|\n");
        for (size_t g = 0; g < GROUPS; g++)
                for (size_t i = 0; i < all[g]->n; i++) {
                        const struct way *w = &all[g]->v[i];

                        (void)printf("| %s | %s | %s%s |\n",
                                     strcmp(group, w->group) ? w->group : "", w->what,
                                     w->flags & WAY_OPEN ? "**not stopped**: " : "",
                                     w->stop);
                        group = w->group;
                }
}

static const struct way *find(const char *id)
{
        for (size_t g = 0; g < GROUPS; g++)
                for (size_t i = 0; i < all[g]->n; i++)
                        if (!strcmp(all[g]->v[i].id, id))
                                return &all[g]->v[i];
        return NULL;
}

int main(int argc, char **argv)
{
        const struct way *w =
                argc == 3 && !strcmp(argv[1], "run") ? find(argv[2]) : NULL;

        (void)signal(SIGPIPE, SIG_IGN);
        if (w)
                return run(w);
        if (argc == 2 && !strcmp(argv[1], "list"))
                list();
        else if (argc == 2 && !strcmp(argv[1], "table"))
                table();
        else
                return (void)fprintf(stderr, "usage: escape list | table | run WAY\n"),
                       2;
        return 0;
}
