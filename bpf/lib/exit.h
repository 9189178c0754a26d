/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/exit — what guarded processes may reach beside the daemon and loopback: the
 * resolvers, and what `egress.open` names. Never port 443 and never a metadata server:
 * callers look at those first.
 */
#pragma once

#include "bpf/lib/addr.h"
#include "bpf/lib/maps.h"

static __always_inline bool is_exit(const __u32 ip[4], __u32 protocol, __u16 port)
{
        struct sp_exit_key k = { .prefix_bits = 128,
                                 .ip = { ip[0], ip[1], ip[2], ip[3] } };
        struct sp_exit *e = bpf_map_lookup_elem(&exits, &k);

        if (!e)
                return false;
        if (protocol == IPPROTO_ICMPV6)
                protocol = IPPROTO_ICMP; /* one name for both in egress.open */
        for (int i = 0; i < SP_EXIT_RANGES_MAX; i++) {
                const struct sp_exit_range *r = &e->v[i];

                if (i >= e->n)
                        break;
                if ((!r->protocol || r->protocol == protocol) && port >= r->first &&
                    port <= r->last)
                        return true;
        }
        return false;
}
