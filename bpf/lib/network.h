/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/network — network namespaces of guarded processes, where the daemon has to listen
 * before a redirected connection can get anywhere.
 *
 * The first socket made in one makes an entry in `networks` and an event; the daemon opens its
 * listeners there and says so in the entry. Until it has, the first packets of connections to
 * the listeners are held (bpf/egress) and sent again soon (bpf/sockops), so that who connects
 * at once need not be lucky. None of this decides where a connection goes.
 */
#pragma once

#include "bpf/lib/event.h"

static __always_inline void ask_for_listeners(__u64 guard_id, __u64 cookie)
{
        struct sp_network *n = bpf_map_lookup_elem(&networks, &cookie);
        struct sp_network fresh = { 0 };
        struct attempt a = { .guard_id = guard_id,
                             .what = SP_GUARD_NETWORK,
                             .netns_cookie = cookie,
                             .has_task = true };
        __u64 now;

        if (n && n->state != SP_NETWORK_ASKED)
                return;
        now = bpf_ktime_get_ns();
        if (n && now - n->told_ns < SP_NETWORK_AGAIN_NS)
                return;
        if (n) {
                n->told_ns = now; /* the event was lost, or the daemon is away */
        } else {
                fresh.state = SP_NETWORK_ASKED;
                fresh.since_ns = now;
                fresh.told_ns = now;
                if (bpf_map_update_elem(&networks, &cookie, &fresh, BPF_NOEXIST)) {
                        count(SP_STAT_ERROR_NETWORK);
                        return;
                }
        }
        a.cgroup_id = bpf_get_current_cgroup_id();
        report(&a);
}

/* Is somebody about to listen there? For a while only: with the daemon away, the kernel says
 * that nobody does. */
static __always_inline bool is_awaited(struct bpf_sock *sk)
{
        struct sp_origin *o = bpf_sk_storage_get(&origins, sk, 0, 0);
        struct sp_network *n;
        __u64 cookie;

        if (!o)
                return false;
        cookie = o->netns_cookie;
        n = bpf_map_lookup_elem(&networks, &cookie);
        return n && n->state == SP_NETWORK_ASKED &&
               bpf_ktime_get_ns() - n->since_ns < SP_NETWORK_HOLD_NS;
}
