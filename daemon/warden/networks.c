/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/networks.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/base/ipc.h"
#include "daemon/base/log.h"
#include "daemon/warden/netns.h"

#define COMPLAIN_US (60 * SP_USEC_PER_SEC)
#define SEARCHES_MAX                                                                   \
        8 /* each looks at all processes of a guard, of which there may be many */

/* A worker that starts is given all of them at once, and may be busy meanwhile. */
_Static_assert(SP_NETWORKS_SERVED_MAX *SP_LISTENERS <= SP_IPC_QUEUE_MAX / 2,
               "room for them in the queue of a worker");

struct network {
        struct sp_guard_network is; /* cookie 0: free */
        uint64_t guard_id;
        struct sp_listeners listeners;
};

struct sp_networks {
        struct sp_guard *guard;
        uint16_t port, metadata_port;
        struct sp_networks_hooks hooks;
        struct network each[SP_NETWORKS_SERVED_MAX];
        uint64_t own; /* the daemon's, where it listens always */
        unsigned count, next; /* whose processes are searched first */
        uint64_t complained_us; /* a workload can make as many namespaces as it likes */
};

int sp_networks_new(struct sp_guard *g, uint16_t port, uint16_t metadata_port,
                    const struct sp_networks_hooks *hooks, struct sp_networks **ret)
{
        struct sp_networks *n = calloc(1, sizeof(*n));
        int r = n ? sp_netns_cookie(&n->own) : -ENOMEM;

        if (r < 0) {
                free(n);
                return r;
        }
        n->guard = g;
        n->port = port;
        n->metadata_port = metadata_port;
        n->hooks = *hooks;
        *ret = n;
        return 0;
}

static void close_one(struct sp_networks *n, struct network *k)
{
        uint64_t network = k->is.cookie;

        /* First: a connection from now on is one that waits for us again. */
        sp_guard_network_forget(n->guard, network);
        n->hooks.on_close(n->hooks.userdata, network);
        sp_listeners_close(&k->listeners);
        k->is.cookie = 0;
        n->count--;
}

void sp_networks_close_all(struct sp_networks *n)
{
        for (size_t i = 0; i < SP_NETWORKS_SERVED_MAX; i++)
                if (n->each[i].is.cookie)
                        close_one(n, &n->each[i]);
}

struct sp_networks *sp_networks_free(struct sp_networks *n)
{
        if (n)
                sp_networks_close_all(n);
        free(n);
        return NULL;
}

unsigned sp_networks_count(const struct sp_networks *n)
{
        return n->count;
}

/* *ret: where it fits in. -EALREADY: it is there. */
static int find_room(struct sp_networks *n, const struct sp_guard_event *e,
                     struct network **ret, struct sp_err *reterr)
{
        struct network *room = NULL;
        unsigned of_guard = 0;

        if (e->netns_cookie == n->own)
                return -EALREADY;
        for (size_t i = 0; i < SP_NETWORKS_SERVED_MAX; i++) {
                struct network *k = &n->each[i];

                if (k->is.cookie == e->netns_cookie)
                        return -EALREADY;
                if (!k->is.cookie)
                        room = room ? room : k;
                else
                        of_guard += k->guard_id == e->guard_id;
        }
        if (!room || of_guard >= SP_NETWORKS_OF_GUARD_MAX)
                return sp_err_set(reterr, -ENOSPC, "network.limit", "",
                                  "guarded cgroup %llu has %u network namespaces with "
                                  "listeners, all together %u; more are not served",
                                  (unsigned long long)e->guard_id, of_guard, n->count);
        *ret = room;
        return 0;
}

static int listen_in(struct sp_networks *n, int netns_fd, struct sp_listeners *ret,
                     struct sp_err *reterr)
{
        int own, r = sp_netns_enter(netns_fd, &own);

        if (r < 0)
                return sp_err_set(
                        reterr, r, "network.enter", "",
                        "a workload's network namespace cannot be entered: %s",
                        strerror(-r));
        r = sp_listeners_open_shared(n->port, n->metadata_port, ret, reterr);
        sp_netns_leave(own);
        return r;
}

static int serve(struct sp_networks *n, const struct sp_guard_event *e,
                 struct sp_err *reterr)
{
        sp_autoclose int fd = -1;
        struct network *k = NULL, new = { .guard_id = e->guard_id };
        int r = find_room(n, e, &k, reterr);

        if (r < 0)
                return r;
        r = sp_guard_network_find(n->guard, e->guard_id, e->netns_cookie, (pid_t)e->pid,
                                  &new.is, &fd);
        if (r < 0)
                return r == -ENOENT ? r
                                    : sp_err_set(reterr, r, "network.find", "",
                                                 "processes of guarded cgroup %llu: %s",
                                                 (unsigned long long)e->guard_id,
                                                 strerror(-r));
        r = listen_in(n, fd, &new.listeners, reterr);
        if (r < 0)
                return r;
        *k = new;
        n->count++;
        n->hooks.on_open(n->hooks.userdata, k->is.cookie, &k->listeners);
        sp_log(SP_LOG_INFO,
               "listening in network namespace %llu of guarded cgroup %llu",
               (unsigned long long)k->is.inode, (unsigned long long)k->guard_id);
        return 0;
}

void sp_networks_ask(struct sp_networks *n, const struct sp_guard_event *e)
{
        struct sp_err err = SP_ERR_NULL;
        uint64_t now = sp_clock_us();
        int r = serve(n, e, &err);

        if (r == -ENOENT) { /* whoever it was is gone */
                sp_guard_network_forget(n->guard, e->netns_cookie);
                return;
        }
        if (r < 0 && r != -EALREADY &&
            (!n->complained_us || now - n->complained_us > COMPLAIN_US)) {
                n->complained_us = now;
                sp_log_err(SP_LOG_WARNING, &err,
                           "connections from a workload's own network are refused");
        }
        r = sp_guard_network_set(n->guard, e->netns_cookie,
                                 r == 0 || r == -EALREADY ? SP_NETWORK_SERVED
                                                          : SP_NETWORK_REFUSED);
        if (r < 0)
                sp_log(SP_LOG_ERR, "guard: a network namespace cannot be noted: %s",
                       strerror(-r));
}

void sp_networks_tick(struct sp_networks *n)
{
        unsigned searches = SEARCHES_MAX, first = n->next;

        for (unsigned i = 0; i < SP_NETWORKS_SERVED_MAX; i++) {
                unsigned at = (first + i) % SP_NETWORKS_SERVED_MAX;
                struct network *k = &n->each[at];
                int r;

                if (!k->is.cookie)
                        continue;
                r = sp_guard_network_look(n->guard, k->guard_id, &k->is, &searches);
                if (r == -EAGAIN && n->next == first)
                        n->next = at; /* its turn is next time */
                else if (r <= 0 && r != -EAGAIN)
                        close_one(n, k);
        }
        sp_guard_network_age(n->guard);
}

void sp_networks_again(struct sp_networks *n, const struct sp_networks_hooks *hooks)
{
        for (size_t i = 0; i < SP_NETWORKS_SERVED_MAX; i++)
                if (n->each[i].is.cookie)
                        hooks->on_open(hooks->userdata, n->each[i].is.cookie,
                                       &n->each[i].listeners);
}
