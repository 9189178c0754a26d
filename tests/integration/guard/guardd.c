/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guardd — the guard without the rest of the daemon, for tests/integration/guard/run.
 *
 * Opens the guard and listens; a child without any capability accepts and tells each
 * client what origin the kernel handed over (nothing and a close when there is none).
 * Commands on stdin, one answer line each: apply, add, remove, list, workload, pid,
 * stats, events, reopen, fill, unfill, fill-bridge, unfill-bridge, some-events,
 * fill-members, unfill-members, lost-members, fill-networks, unfill-networks, quit.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/base/log.h"
#include "daemon/warden/guard.h"

#define WORDS_MAX 64

static struct sp_settings settings;

static void die(const char *what)
{
        (void)fprintf(stderr, "guardd: %s: %s\n", what, strerror(errno));
        exit(1);
}

static int answer_err(int r, const struct sp_err *e)
{
        if (r < 0)
                (void)printf("{\"error\":\"%s\",\"code\":%d,\"what\":\"%s: %s\"}\n",
                             e->id ? e->id : "", -r, e->where, e->what);
        else
                (void)printf("{\"ok\":true}\n");
        (void)fflush(stdout);
        return r;
}

/* ---- the accepting side: what a worker is to be ---- */

static int listen_on(int family, uint16_t port)
{
        struct sockaddr_in a4 = { .sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
                                   .sin6_port = htons(port),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

        if (fd < 0)
                die("socket");
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
                die("SO_REUSEADDR");
        if (family == AF_INET ? bind(fd, (void *)&a4, sizeof(a4))
                              : bind(fd, (void *)&a6, sizeof(a6)))
                die("bind");
        one = 16; /* TCP fast open on the listener, as the hardest case for the chain */
        (void)setsockopt(fd, IPPROTO_TCP, 23 /* TCP_FASTOPEN */, &one, sizeof(one));
        if (listen(fd, 512))
                die("listen");
        return fd;
}

static void tell_origin(int fd, const struct sp_origin *o, bool on_metadata)
{
        char line[512], ip[INET6_ADDRSTRLEN];
        int n;

        if (!inet_ntop(AF_INET6, o->dst_ip, ip, sizeof(ip)))
                return;
        n = snprintf(
                line, sizeof(line),
                "GUARD {\"guard\":%llu,\"cgroup\":%llu,\"pid\":%u,\"uid\":%u,"
                "\"gid\":%u,\"ip\":\"%s\",\"port\":%u,\"family\":%u,\"metadata\":%u,"
                "\"listener\":\"%s\",\"comm\":\"%.15s\"}\n",
                (unsigned long long)o->guard_id, (unsigned long long)o->cgroup_id,
                o->pid, o->uid, o->gid, ip, o->dst_port, o->family, o->is_metadata,
                on_metadata ? "metadata" : "tls", o->comm);
        if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
                (void)fprintf(stderr, "guardd: short answer\n");
}

static void accept_loop(const int listeners[4], int origins_fd)
{
        struct pollfd p[4];
        struct sp_origin o;
        char drain[256];
        int fd;

        for (int i = 0; i < 4; i++)
                p[i] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
        for (;;) {
                if (poll(p, 4, -1) < 0)
                        _exit(1);
                for (int i = 0; i < 4; i++) {
                        if (!(p[i].revents & POLLIN))
                                continue;
                        fd = accept4(p[i].fd, NULL, NULL, SOCK_CLOEXEC);
                        if (fd < 0)
                                continue;
                        memset(&o, 0, sizeof(o));
                        if (!bpf_map_lookup_elem(origins_fd, &fd, &o))
                                tell_origin(fd, &o, i >= 2);
                        /* Without capabilities and by this descriptor nobody writes. */
                        if (!bpf_map_update_elem(origins_fd, &fd, &o, BPF_ANY))
                                (void)!write(2, "guardd: origins are writable\n", 29);
                        /* Unread data would turn the close into a reset. */
                        (void)!recv(fd, drain, sizeof(drain), MSG_DONTWAIT);
                        (void)close(fd);
                }
        }
}

static pid_t start_acceptor(const int listeners[4], int origins_fd)
{
        pid_t pid = fork();

        if (pid < 0)
                die("fork");
        if (pid)
                return pid;
        capng_clear(CAPNG_SELECT_BOTH);
        if (setgroups(0, NULL) || setgid(65534) || setuid(65534) ||
            capng_apply(CAPNG_SELECT_CAPS) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
            prctl(PR_SET_PDEATHSIG, SIGKILL))
                die("dropping privileges");
        accept_loop(listeners, origins_fd);
        _exit(0);
}

/* ---- commands ---- */

static int do_apply(struct sp_guard *g, char **w, size_t n)
{
        struct sp_workload workloads[WORDS_MAX / 2];
        struct sp_str paths[WORDS_MAX / 2];
        struct sp_err err = SP_ERR_NULL;
        size_t count = 0;

        for (size_t i = 1; i + 1 < n; i += 2, count++) {
                paths[count] = sp_str_c(w[i]);
                workloads[count] = (struct sp_workload){ .name = sp_str_c(w[i + 1]),
                                                         .cgroups = &paths[count],
                                                         .n_cgroups = 1 };
        }
        return answer_err(sp_guard_apply(g, workloads, count, &err), &err);
}

static void do_list(struct sp_guard *g)
{
        struct sp_arena a = SP_ARENA_INIT(16 * 1024 * 1024);
        struct sp_err err = SP_ERR_NULL;
        struct sp_guard_tag *t;
        size_t n;
        int r = sp_guard_list(g, &a, &t, &n, &err);

        if (r) {
                (void)answer_err(r, &err);
        } else {
                (void)printf("[");
                for (size_t i = 0; i < n; i++)
                        (void)printf("%s[\"%.*s\",\"%.*s\",%llu,\"%s\"]", i ? "," : "",
                                     SP_FMT(t[i].path), SP_FMT(t[i].workload),
                                     (unsigned long long)t[i].cgroup_id,
                                     t[i].source == SP_TAG_CONFIG ? "config"
                                                                  : "runtime");
                (void)printf("]\n");
        }
        sp_arena_done(&a);
        (void)fflush(stdout);
}

static void do_stats(struct sp_guard *g)
{
        uint64_t v[SP_STAT_COUNT];

        if (sp_guard_stats(g, v))
                die("stats");
        (void)printf("{");
        for (unsigned i = 0; i < SP_STAT_COUNT; i++)
                (void)printf("%s\"%s\":%llu", i ? "," : "",
                             sp_guard_stat_name((enum sp_guard_stat)i),
                             (unsigned long long)v[i]);
        (void)printf("}\n");
        (void)fflush(stdout);
}

static void on_event(void *userdata, const struct sp_guard_event *e)
{
        size_t *n = userdata;
        char ip[INET6_ADDRSTRLEN] = "";

        (void)inet_ntop(AF_INET6, e->dst_ip, ip, sizeof(ip));
        (void)printf("%s{\"what\":\"%s\",\"guard\":%llu,\"cgroup\":%llu,\"pid\":%u,"
                     "\"uid\":%u,"
                     "\"ip\":\"%s\",\"port\":%u,\"protocol\":%u,\"comm\":\"%.15s\","
                     "\"ppid\":%u,\"exe\":\"%s\",\"exe_inode\":%llu,"
                     "\"cgroup_name\":\"%s\",\"netns\":%llu}",
                     (*n)++ ? "," : "", sp_guard_what_name((enum sp_guard_what)e->what),
                     (unsigned long long)e->guard_id, (unsigned long long)e->cgroup_id,
                     e->pid, e->uid, ip, e->dst_port, e->protocol, e->comm, e->ppid,
                     e->exe, (unsigned long long)e->exe_inode, e->cgroup,
                     (unsigned long long)e->netns_cookie);
}

/* All of them; or those of one call. */
static void do_events(struct sp_guard *g, bool all)
{
        size_t n = 0;
        int r;

        (void)printf("[");
        do {
                r = sp_guard_events_read(g, on_event, &n);
                if (r < 0)
                        die("events");
        } while (all && r);
        (void)printf("]\n");
        (void)fflush(stdout);
}

static int open_map(const char *name)
{
        char path[4096];
        int fd;

        (void)snprintf(path, sizeof(path), "%.*s/v%d/maps/%s",
                       SP_FMT(settings.guard.pin_dir), SP_BPF_ABI, name);
        fd = bpf_obj_get(path);
        if (fd < 0)
                die(path);
        return fd;
}

/* The same with connections on their way that are nobody's. */
static void do_fill_bridge(bool is_fill)
{
        struct sp_origin o = { 0 };
        struct sp_bridge_key key = { .netns_cookie = UINT64_MAX };
        unsigned n = 0;
        int fd = open_map("bridge");

        for (; n < SP_BRIDGE_MAX; n++) {
                key.client_ip[0] = n;
                if (is_fill ? bpf_map_update_elem(fd, &key, &o, BPF_ANY)
                            : bpf_map_delete_elem(fd, &key))
                        break;
        }
        (void)close(fd);
        (void)printf("%u\n", n);
        (void)fflush(stdout);
}

/* Fills the map of guarded ids up with ids that are nobody's, or takes them out again.
 */
static void do_fill(bool is_fill)
{
        struct sp_guarded v = { .score = 1, .workload = "filler" };
        uint64_t id = UINT64_C(1) << 62;
        unsigned n = 0;
        int fd = open_map("guarded");

        for (; n < SP_GUARDED_MAX; n++, id++)
                if (is_fill ? bpf_map_update_elem(fd, &id, &v, BPF_ANY)
                            : bpf_map_delete_elem(fd, &id))
                        break;
        (void)close(fd);
        (void)printf("%u\n", n);
        (void)fflush(stdout);
}

/* The same with processes that cannot be: their numbers are too big. */
static void do_fill_members(bool is_fill)
{
        uint64_t id = UINT64_C(1) << 62;
        uint32_t pid = SP_PIDS_MAX + 1;
        unsigned n = 0;
        int fd = open_map("members");

        for (; n < SP_MEMBERS_MAX; n++, pid++)
                if (is_fill ? bpf_map_update_elem(fd, &pid, &id, BPF_ANY)
                            : bpf_map_delete_elem(fd, &pid))
                        break;
        (void)close(fd);
        (void)printf("%u\n", n);
}

/* The same with network namespaces that asked for us a moment ago. Ours goes. */
static void do_fill_networks(bool is_fill)
{
        struct sp_network v = { .state = SP_NETWORK_ASKED };
        struct timespec now;
        uint64_t id, next;
        unsigned n = 0;
        int fd = open_map("networks"), more;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        v.since_ns = v.told_ns =
                (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        more = !bpf_map_get_next_key(fd, NULL, &id);
        for (; more; id = next) {
                more = !bpf_map_get_next_key(fd, &id, &next);
                (void)bpf_map_delete_elem(fd, &id);
        }
        for (id = UINT64_C(1) << 62; is_fill && n < SP_NETWORKS_MAX; n++, id++)
                if (bpf_map_update_elem(fd, &id, &v, BPF_ANY))
                        break;
        (void)close(fd);
        (void)printf("%u\n", n);
}

/* How many words of bits are not empty. */
static void do_lost_members(void)
{
        unsigned n = 0;
        int fd = open_map("lost_members");

        for (uint32_t i = 0; i < SP_PIDS_MAX / 32; i++) {
                uint64_t bits = 1;

                (void)bpf_map_lookup_elem(fd, &i, &bits);
                n += bits != 0;
        }
        (void)close(fd);
        (void)printf("%u\n", n);
}

static void command(struct sp_guard **g, char **w, size_t n)
{
        struct sp_err err = SP_ERR_NULL;
        char name[SP_TAG_WORKLOAD_LEN] = "";
        uint64_t id = 0;
        int r;

        if (!strcmp(w[0], "apply")) {
                (void)do_apply(*g, w, n);
        } else if (!strcmp(w[0], "add") && n == 3) {
                r = sp_guard_add(*g, sp_str_c(w[1]), sp_str_c(w[2]), &err);
                (void)answer_err(r, &err);
        } else if (!strcmp(w[0], "remove") && n == 2) {
                r = sp_guard_remove(*g, sp_str_c(w[1]), &err);
                (void)answer_err(r, &err);
        } else if (!strcmp(w[0], "list")) {
                do_list(*g);
        } else if (!strcmp(w[0], "stats")) {
                do_stats(*g);
        } else if (!strcmp(w[0], "events") || !strcmp(w[0], "some-events")) {
                do_events(*g, w[0][0] == 'e');
        } else if (!strcmp(w[0], "workload") && n == 2) {
                r = sp_guard_workload(*g, strtoull(w[1], NULL, 10), name);
                (void)printf("[%d,\"%s\"]\n", r, name);
        } else if (!strcmp(w[0], "pid") && n == 2) {
                r = sp_guard_of_pid(*g, atoi(w[1]), &id);
                (void)printf("[%d,%llu]\n", r, (unsigned long long)id);
        } else if (!strcmp(w[0], "fill") || !strcmp(w[0], "unfill")) {
                do_fill(w[0][0] == 'f');
        } else if (!strcmp(w[0], "fill-bridge") || !strcmp(w[0], "unfill-bridge")) {
                do_fill_bridge(w[0][0] == 'f');
        } else if (!strcmp(w[0], "fill-members") || !strcmp(w[0], "unfill-members")) {
                do_fill_members(w[0][0] == 'f');
        } else if (!strcmp(w[0], "fill-networks") || !strcmp(w[0], "unfill-networks")) {
                do_fill_networks(w[0][0] == 'f');
        } else if (!strcmp(w[0], "lost-members")) {
                do_lost_members();
        } else if (!strcmp(w[0], "reopen")) {
                *g = sp_guard_close(*g);
                r = sp_guard_open(&settings, g, &err);
                if (answer_err(r, &err))
                        exit(1);
        } else {
                (void)printf("{\"error\":\"usage\"}\n");
        }
        (void)fflush(stdout);
}

/* What is open, as egress.open has it; nothing of this host's resolvers. */
static int open_rules(char **texts)
{
        static struct sp_egress_rule rules[SP_EGRESS_RULES_MAX];
        const char *why = NULL;

        settings.egress_open = rules;
        settings.has_resolvers = true;
        for (; texts && *texts && settings.n_egress_open < SP_EGRESS_RULES_MAX; texts++)
                if (sp_egress_parse(sp_str_c(*texts), &rules[settings.n_egress_open++],
                                    &why) < 0) {
                        (void)fprintf(stderr, "guardd: '%s' %s\n", *texts, why);
                        return -EINVAL;
                }
        return 0;
}

int main(int argc, char **argv)
{
        struct sp_guard *g = NULL;
        struct sp_err err = SP_ERR_NULL;
        char line[8192], *w[WORDS_MAX];
        const struct sp_guard_missing *m;
        pid_t acceptor;
        int fds[4], r;

        if (argc < 6 && argc != 4) {
                (void)fprintf(
                        stderr,
                        "usage: guardd ATTACH PINS PORT METADATA-PORT LEVEL [OPEN…] | "
                        "guardd uninstall ATTACH PINS\n");
                return 2;
        }
        sp_log_init("guardd",
                    argc >= 6 ? (enum sp_log_level)atoi(argv[5]) : SP_LOG_INFO);
        settings.guard.attach = sp_str_c(argc == 4 ? argv[2] : argv[1]);
        settings.guard.pin_dir = sp_str_c(argc == 4 ? argv[3] : argv[2]);
        if (argc == 4)
                return answer_err(sp_guard_uninstall(&settings, &err), &err) ? 1 : 0;
        settings.guard.port = (uint16_t)atoi(argv[3]);
        settings.guard.metadata_port = (uint16_t)atoi(argv[4]);
        if (open_rules(argc > 6 ? argv + 6 : NULL))
                return 2;
        r = sp_guard_open(&settings, &g, &err);
        if (answer_err(r, &err))
                return 1;
        for (size_t i = 0; (m = sp_guard_missing(g, i)); i++)
                (void)fprintf(stderr, "guardd: here %s: %s\n", m->what, m->why);
        fds[0] = listen_on(AF_INET, settings.guard.port);
        fds[1] = listen_on(AF_INET6, settings.guard.port);
        fds[2] = listen_on(AF_INET, settings.guard.metadata_port);
        fds[3] = listen_on(AF_INET6, settings.guard.metadata_port);
        acceptor = start_acceptor(fds, sp_guard_origins_fd(g));
        while (fgets(line, sizeof(line), stdin)) {
                char *save = NULL;
                size_t n = 0;

                for (char *p = strtok_r(line, " \n", &save); p && n < WORDS_MAX;
                     p = strtok_r(NULL, " \n", &save))
                        w[n++] = p;
                if (!n || !strcmp(w[0], "quit"))
                        break;
                command(&g, w, n);
        }
        (void)kill(acceptor, SIGKILL);
        (void)waitpid(acceptor, NULL, 0);
        sp_guard_close(g);
        return 0;
}
