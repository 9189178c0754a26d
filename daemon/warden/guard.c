/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/guard.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/warden/guard_internal.h"

static struct sp_guard *guard_new(void)
{
        struct sp_guard *g = calloc(1, sizeof(*g));

        if (!g)
                return NULL;
        g->root_fd = g->attach_fd = g->lock_fd = -1;
        g->tags_fd = g->guarded_fd = g->state_fd = g->stats_fd = -1;
        g->events_map_fd = g->origins_fd = g->members_fd = g->lost_members_fd =
                g->exits_fd = g->networks_fd = -1;
        return g;
}

struct sp_guard *sp_guard_close(struct sp_guard *g)
{
        if (!g)
                return NULL;
        ring_buffer__free(g->events);
        sp_guard_load_done(g);
        sp_closep(&g->root_fd);
        sp_closep(&g->attach_fd);
        free(g);
        return NULL;
}

static int copy_path(struct sp_str from, char *to, size_t size, const char *setting,
                     struct sp_err *reterr)
{
        if (!from.n || from.p[0] != '/' || from.n >= size || memchr(from.p, 0, from.n))
                return sp_err_set(reterr, -EINVAL, "guard.settings", setting,
                                  "must be an absolute path of less than %zu bytes",
                                  size);
        memcpy(to, from.p, from.n);
        to[from.n] = 0;
        while (from.n > 1 && to[from.n - 1] == '/')
                to[--from.n] = 0;
        return 0;
}

static int on_event(void *userdata, void *data, size_t size)
{
        struct sp_guard *g = userdata;
        struct sp_guard_event e;

        if (size < sizeof(e))
                return 0;
        memcpy(&e, data, sizeof(e));
        e.comm[SP_COMM_LEN - 1] = 0;
        e.exe[SP_EVENT_EXE_LEN - 1] = 0;
        e.cgroup[SP_EVENT_CGROUP_LEN - 1] = 0;
        if (g->on_event)
                g->on_event(g->on_event_data, &e);
        return ++g->n_events < SP_GUARD_EVENTS_MAX ? 0 : -ECANCELED;
}

static int find_cgroups(struct sp_guard *g, struct sp_str attach, struct sp_err *reterr)
{
        struct sp_tag_key checked;
        int n, r = sp_guard_path_mount(g->mount, reterr);

        if (!r)
                r = copy_path(attach, g->attach, sizeof(g->attach), "guard.attach",
                              reterr);
        if (!r && strcmp(g->attach, "/"))
                r = sp_guard_path_pattern(sp_str_c(g->attach), &checked, reterr);
        if (r)
                return r;
        n = snprintf(g->attach_path, sizeof(g->attach_path), "%s%s", g->mount,
                     strcmp(g->attach, "/") ? g->attach : "");
        if (n < 0 || (size_t)n >= sizeof(g->attach_path))
                return sp_err_set(reterr, -ENAMETOOLONG, "guard.settings",
                                  "guard.attach", "path too long");
        g->root_fd = open(g->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (g->root_fd < 0)
                return sp_err_set(reterr, -errno, "guard.no-cgroup2", g->mount, "%m");
        g->attach_fd = open(g->attach_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (g->attach_fd < 0)
                return sp_err_set(reterr, -errno, "guard.attach", g->attach_path, "%m");
        return 0;
}

int sp_guard_open(const struct sp_settings *settings, struct sp_guard **ret,
                  struct sp_err *reterr)
{
        sp_cleanup(sp_guard_closep) struct sp_guard *g = guard_new();
        struct sp_bpf_settings ports = { .port = settings->guard.port,
                                         .metadata_port =
                                                 settings->guard.metadata_port };
        struct stat root;
        int r;

        if (!g)
                return sp_err_set(reterr, -ENOMEM, "guard.memory", "", "out of memory");
        if (!ports.port || !ports.metadata_port || ports.port == ports.metadata_port)
                return sp_err_set(
                        reterr, -EINVAL, "guard.settings", "",
                        "guard.port and guard.metadata_port must be two ports");
        r = copy_path(settings->guard.pin_dir, g->pin_dir, sizeof(g->pin_dir),
                      "guard.pin_dir", reterr);
        if (!r)
                r = find_cgroups(g, settings->guard.attach, reterr);
        if (!r && fstat(g->root_fd, &root))
                r = sp_err_set(reterr, -errno, "guard.no-cgroup2", g->mount, "%m");
        if (!r)
                ports.root_id = root.st_ino;
        if (!r)
                r = sp_guard_load_lock(g, reterr);
        if (!r)
                r = sp_guard_load_programs(g, &ports, reterr);
        if (!r)
                r = sp_guard_exits_set(g, settings, reterr);
        if (!r)
                r = sp_guard_networks_open(g, reterr);
        if (r)
                return r;
        g->events = ring_buffer__new(g->events_map_fd, on_event, g, NULL);
        if (!g->events)
                return sp_err_set(reterr, -errno, "guard.events", "",
                                  "cannot read the ring buffer: %m");
        *ret = SP_TAKE(g);
        return 0;
}

int sp_guard_uninstall(const struct sp_settings *settings, struct sp_err *reterr)
{
        sp_cleanup(sp_guard_closep) struct sp_guard *g = guard_new();
        int r;

        if (!g)
                return sp_err_set(reterr, -ENOMEM, "guard.memory", "", "out of memory");
        r = copy_path(settings->guard.pin_dir, g->pin_dir, sizeof(g->pin_dir),
                      "guard.pin_dir", reterr);
        if (r)
                return r;
        if (access(g->pin_dir, F_OK) && errno == ENOENT)
                return 0;
        r = sp_guard_load_lock(g, reterr);
        return r ? r : sp_guard_load_remove(g, reterr);
}

int sp_guard_workload(struct sp_guard *g, uint64_t guard_id,
                      char ret[SP_TAG_WORKLOAD_LEN])
{
        struct sp_guarded v;

        if (bpf_map_lookup_elem(g->guarded_fd, &guard_id, &v))
                return -errno;
        v.workload[sizeof(v.workload) - 1] = 0;
        memcpy(ret, v.workload, sizeof(v.workload));
        return 0;
}

/* From the process upwards: the first hit is the most specific tag, as in BPF. 0: none. */
static int guard_of_cgroup(struct sp_guard *g, pid_t pid, uint64_t *ret)
{
        char path[PATH_MAX];
        struct sp_guarded v;
        struct stat st;
        uint64_t id;
        int r = sp_guard_path_of_pid(pid, path);

        if (r)
                return r;
        while (path[0] == '/' && path[1]) {
                if (fstatat(g->root_fd, path + 1, &st, 0))
                        return -errno;
                id = st.st_ino;
                if (!bpf_map_lookup_elem(g->guarded_fd, &id, &v)) {
                        *ret = id;
                        return 0;
                }
                if (errno != ENOENT)
                        return -errno;
                *strrchr(path, '/') = 0;
        }
        *ret = 0;
        return 0;
}

int sp_guard_of_pid(struct sp_guard *g, pid_t pid, uint64_t *ret_guard_id)
{
        struct sp_guard_member m;
        uint64_t id;
        int r = guard_of_cgroup(g, pid, &id);

        if (!r)
                r = sp_guard_members_find(g, pid, &m);
        if (r)
                return r;
        if (m.is_away || !id)
                id = m.id;
        if (!id && !m.is_lost)
                return 0;
        *ret_guard_id = id;
        return 1;
}

int sp_guard_origins_fd(const struct sp_guard *g)
{
        return g->origins_fd;
}

const char *sp_guard_attach_path(const struct sp_guard *g)
{
        return g->attach_path;
}

const struct sp_guard_missing *sp_guard_missing(const struct sp_guard *g, size_t i)
{
        return i < g->n_missing ? &g->missing[i] : NULL;
}

int sp_guard_stats(struct sp_guard *g, uint64_t ret[SP_STAT_COUNT])
{
        int cpus = libbpf_num_possible_cpus();
        uint64_t *v, sums[SP_STAT_COUNT] = { 0 };

        if (cpus < 0)
                return cpus;
        v = calloc((size_t)cpus, sizeof(*v));
        if (!v)
                return -ENOMEM;
        for (uint32_t i = 0; i < SP_STAT_COUNT; i++) {
                if (bpf_map_lookup_elem(g->stats_fd, &i, v)) {
                        int r = -errno;

                        free(v);
                        return r;
                }
                for (int c = 0; c < cpus; c++)
                        sums[i] += v[c];
        }
        free(v);
        memcpy(ret, sums, sizeof(sums));
        return 0;
}

const char *sp_guard_stat_name(enum sp_guard_stat s)
{
        static const char *const names[SP_STAT_COUNT] = {
                [SP_STAT_REDIRECTED] = "redirected",
                [SP_STAT_REDIRECTED_METADATA] = "redirected_metadata",
                [SP_STAT_ACCEPTED] = "accepted",
                [SP_STAT_REFUSED_UDP] = "refused_udp",
                [SP_STAT_REFUSED_METADATA] = "refused_metadata",
                [SP_STAT_REFUSED_SOCKET] = "refused_socket",
                [SP_STAT_REFUSED_EGRESS] = "refused_egress",
                [SP_STAT_REFUSED_LOST] = "refused_lost",
                [SP_STAT_REFUSED_EXIT] = "refused_exit",
                [SP_STAT_REFUSED_HOST] = "refused_host",
                [SP_STAT_LEFT] = "left",
                [SP_STAT_HELD] = "held",
                [SP_STAT_TAGGED] = "tagged",
                [SP_STAT_UNTAGGED] = "untagged",
                [SP_STAT_ERROR_STORAGE] = "error_storage",
                [SP_STAT_ERROR_BRIDGE] = "error_bridge",
                [SP_STAT_ERROR_NO_BRIDGE] = "error_no_bridge",
                [SP_STAT_ERROR_ACCEPT] = "error_accept",
                [SP_STAT_ERROR_TAG] = "error_tag",
                [SP_STAT_ERROR_MEMBER] = "error_member",
                [SP_STAT_ERROR_NETWORK] = "error_network",
                [SP_STAT_ERROR_EVENT] = "error_event",
        };

        return (unsigned)s < SP_STAT_COUNT ? names[s] : NULL;
}

const char *sp_guard_what_name(enum sp_guard_what w)
{
        switch (w) {
        case SP_GUARD_REFUSED_UDP:
                return "refused-udp";
        case SP_GUARD_REFUSED_METADATA:
                return "refused-metadata";
        case SP_GUARD_REFUSED_SOCKET:
                return "refused-socket";
        case SP_GUARD_REFUSED_EGRESS:
                return "refused-egress";
        case SP_GUARD_REFUSED_LOST:
                return "refused-lost";
        case SP_GUARD_TAGGED:
                return "tagged";
        case SP_GUARD_UNTAGGED:
                return "untagged";
        case SP_GUARD_REFUSED_EXIT:
                return "refused-exit";
        case SP_GUARD_REFUSED_NAME:
                return "refused-name";
        case SP_GUARD_REFUSED_FILE:
                return "refused-file";
        case SP_GUARD_REFUSED_PROCESS:
                return "refused-process";
        case SP_GUARD_REFUSED_BPF:
                return "refused-bpf";
        case SP_GUARD_LEFT:
                return "left";
        case SP_GUARD_NETWORK:
                return "network";
        }
        return NULL;
}

int sp_guard_events_fd(const struct sp_guard *g)
{
        return ring_buffer__epoll_fd(g->events);
}

int sp_guard_events_read(struct sp_guard *g, sp_guard_event_fn f, void *userdata)
{
        int r;

        g->on_event = f;
        g->on_event_data = userdata;
        g->n_events = 0;
        r = ring_buffer__consume(g->events);
        g->on_event = NULL;
        return r == -ECANCELED ? (int)g->n_events : r;
}
