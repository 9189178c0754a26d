/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces of guarded processes. The kernel names them by their cookie, which tells
 * nothing about where they are; so a process is looked for that lives in one of that cookie.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/base/clock.h"
#include "daemon/warden/guard_internal.h"
#include "daemon/warden/netns.h"

#define FORGET_NS (10ull * 1000 * SP_USEC_PER_SEC)
#define SEEN_MAX 256 /* namespaces that one search remembers to have looked at */

static uint64_t now_ns(void)
{
        return sp_clock_us() * 1000;
}

/* Calls `fn` with each entry; it may delete that one. */
static void each(struct sp_guard *g, void (*fn)(struct sp_guard *g, uint64_t cookie,
                                                const struct sp_network *n))
{
        struct sp_network n;
        uint64_t cookie, next;
        int more = !bpf_map_get_next_key(g->networks_fd, NULL, &cookie);

        for (unsigned i = 0; more && i < 2 * SP_NETWORKS_MAX; i++) {
                more = !bpf_map_get_next_key(g->networks_fd, &cookie, &next);
                if (!bpf_map_lookup_elem(g->networks_fd, &cookie, &n))
                        fn(g, cookie, &n);
                cookie = next;
        }
}

/* Of what was asked while nobody was there the event still waits in the ring buffer. */
static void forget_answered(struct sp_guard *g, uint64_t cookie,
                            const struct sp_network *n)
{
        if (n->state != SP_NETWORK_ASKED)
                sp_guard_network_forget(g, cookie);
}

static void forget_old(struct sp_guard *g, uint64_t cookie, const struct sp_network *n)
{
        if (n->state != SP_NETWORK_SERVED && n->since_ns + FORGET_NS < now_ns())
                sp_guard_network_forget(g, cookie);
}

int sp_guard_networks_open(struct sp_guard *g, struct sp_err *reterr)
{
        uint64_t cookie;
        int r = sp_netns_cookie(&cookie);

        each(g, forget_answered);
        /* Here the listeners are always, or will be. Should the entry fall out of the map, what is
         * asked for here is found to be there (warden/networks). */
        if (!r)
                (void)!sp_guard_network_set(g, cookie, SP_NETWORK_SERVED);
        return r ? sp_err_set(reterr, r, "guard.network", "",
                              "our own network namespace cannot be told: %s",
                              strerror(-r))
                 : 0;
}

int sp_guard_network_set(struct sp_guard *g, uint64_t cookie,
                         enum sp_network_state state)
{
        struct sp_network n = { .since_ns = now_ns(), .state = state };

        n.told_ns = n.since_ns;
        return bpf_map_update_elem(g->networks_fd, &cookie, &n, BPF_ANY) ? -errno : 0;
}

void sp_guard_network_forget(struct sp_guard *g, uint64_t cookie)
{
        (void)bpf_map_delete_elem(g->networks_fd, &cookie);
}

void sp_guard_network_age(struct sp_guard *g)
{
        each(g, forget_old);
}

/* ---- where is it ---- */

struct search {
        uint64_t cookie; /* 0: by inode */
        uint64_t seen[SEEN_MAX];
        size_t n_seen;
        struct sp_guard_network found;
        int fd;
};

static bool was_seen(struct search *s, uint64_t inode)
{
        for (size_t i = 0; i < s->n_seen; i++)
                if (s->seen[i] == inode)
                        return true;
        if (s->n_seen < SEEN_MAX)
                s->seen[s->n_seen++] = inode;
        return false;
}

static int look_at(void *userdata, pid_t pid)
{
        struct search *s = userdata;
        sp_autoclose int fd = -1;
        uint64_t inode, cookie;
        int own, r = sp_netns_open(pid, &fd, &inode);

        if (r < 0 || was_seen(s, inode))
                return 0; /* it is gone, or we may not look */
        if (sp_netns_enter(fd, &own))
                return 0;
        r = sp_netns_cookie(&cookie);
        sp_netns_leave(own);
        if (r < 0 || cookie != s->cookie)
                return 0;
        s->found = (struct sp_guard_network){ cookie, inode, pid };
        s->fd = SP_TAKE_FD(fd);
        return 1;
}

static int is_inside(pid_t pid, uint64_t inode)
{
        sp_autoclose int fd = -1;
        uint64_t its;

        return sp_netns_open(pid, &fd, &its) == 0 && its == inode;
}

static int look_for(void *userdata, pid_t pid)
{
        struct sp_guard_network *n = userdata;

        if (!is_inside(pid, n->inode))
                return 0;
        n->pid = pid;
        return 1;
}

/* All processes of one guard. 1: `fn` ended it. */
static int search_guard(struct sp_guard *g, uint64_t guard_id, sp_guard_process_fn fn,
                        void *userdata)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(16 * 1024 * 1024);
        struct sp_guard_tag *tags;
        char path[PATH_MAX];
        struct sp_err e;
        size_t n;
        int r = sp_guard_list(g, &a, &tags, &n, &e);

        if (r)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (tags[i].cgroup_id != guard_id || tags[i].path.n >= sizeof(path))
                        continue;
                (void)snprintf(path, sizeof(path), "%.*s", SP_FMT(tags[i].path));
                return sp_guard_procs(g, path, fn, userdata);
        }
        return 0;
}

int sp_guard_network_find(struct sp_guard *g, uint64_t guard_id, uint64_t cookie,
                          pid_t hint, struct sp_guard_network *ret, int *ret_fd)
{
        struct search s = { .cookie = cookie, .fd = -1 };
        /* A process that is gone by now is none to look for at length: what is left of its
         * network asks again. */
        int r = sp_guard_sees_kernel_pids() ? look_at(&s, hint)
                                            : search_guard(g, guard_id, look_at, &s);

        if (r < 0)
                return r;
        if (!r)
                return -ENOENT;
        *ret = s.found;
        *ret_fd = s.fd;
        return 0;
}

int sp_guard_network_look(struct sp_guard *g, uint64_t guard_id,
                          struct sp_guard_network *n, unsigned *searches)
{
        struct sp_guarded guard;

        /* As long as our listeners are there, nobody else gets that inode. */
        if (is_inside(n->pid, n->inode))
                return 1;
        if (bpf_map_lookup_elem(g->guarded_fd, &guard_id, &guard) && errno == ENOENT)
                return 0; /* its directory is gone; who had left that asks again */
        if (!*searches)
                return -EAGAIN;
        (*searches)--;
        return search_guard(g, guard_id, look_for, n);
}
