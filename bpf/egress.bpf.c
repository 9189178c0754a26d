/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/egress — the second net: packets that a guarded socket should not be able to send.
 *
 * Hook:   cgroup_skb/egress: IPv4 and IPv6 packets of sockets below the attach point.
 *         Selected by the socket's cgroup; the current task is not looked at, because a
 *         packet may leave from a timer while anybody is running.
 * Catches: sockets of a guarded cgroup that were connected before it was tagged.
 * Out:    dropped (a UDP sender sees EPERM, TCP times out), or untouched.
 * Optional: the daemon runs without it and says so.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/guard.h"

char LICENSE[] SEC("license") = "GPL";

#define EXTENSIONS_MAX 6 /* IPv6 extension headers that are walked */

struct packet {
        __u32 dst[4];
        __u16 dst_port; /* host order; 0: has none */
        __u8 protocol, family;
};

static __always_inline bool has_ports(__u8 protocol)
{
        return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
               protocol == IPPROTO_UDPLITE;
}

static __always_inline void read_port(struct __sk_buff *skb, __u32 offset,
                                      struct packet *p)
{
        __be16 port;

        if (has_ports(p->protocol) && !bpf_skb_load_bytes(skb, offset + 2, &port, 2))
                p->dst_port = bpf_ntohs(port);
}

static __always_inline bool read_ip4(struct __sk_buff *skb, struct packet *p)
{
        __u8 h[20];
        __u32 ip4;

        if (bpf_skb_load_bytes(skb, 0, h, sizeof(h)))
                return false;
        __builtin_memcpy(&ip4, h + 16, 4);
        set_ip4(p->dst, ip4);
        p->family = AF_INET;
        p->protocol = h[9];
        read_port(skb, (h[0] & 0xf) * 4, p);
        return true;
}

static __always_inline bool read_ip6(struct __sk_buff *skb, struct packet *p)
{
        __u8 h[40], extension[2];
        __u32 offset = sizeof(h);

        if (bpf_skb_load_bytes(skb, 0, h, sizeof(h)))
                return false;
        __builtin_memcpy(p->dst, h + 24, 16);
        p->family = AF_INET6;
        p->protocol = h[6];
        for (int i = 0; i < EXTENSIONS_MAX; i++) {
                /* hop-by-hop, routing, destination options (RFC 8200 §4) */
                if (p->protocol != 0 && p->protocol != 43 && p->protocol != 60)
                        break;
                if (bpf_skb_load_bytes(skb, offset, extension, sizeof(extension)))
                        return false;
                p->protocol = extension[0];
                offset += (extension[1] + 1) * 8;
        }
        read_port(skb, offset, p);
        return true;
}

static __always_inline __u64 guard_of_packet(struct __sk_buff *skb)
{
        __u64 guard = 0;

        for (int level = 1; level <= SP_GUARD_DEPTH_MAX; level++) {
                __u64 id = bpf_skb_ancestor_cgroup_id(skb, level);

                if (!id)
                        break;
                if (bpf_map_lookup_elem(&guarded, &id))
                        guard = id;
        }
        return guard;
}

SEC("cgroup_skb/egress")
int sallyport_egress(struct __sk_buff *skb)
{
        struct packet p = { 0 };
        struct attempt a = { 0 };
        bool is_known = false;

        if (skb->protocol == bpf_htons(ETH_P_IP))
                is_known = read_ip4(skb, &p);
        else if (skb->protocol == bpf_htons(ETH_P_IPV6))
                is_known = read_ip6(skb, &p);
        /* Almost everything ends here, before any cgroup is looked at. */
        if (is_known && p.dst_port != SP_HTTPS_PORT && !is_metadata(p.dst))
                return SP_PASS;
        a.guard_id = guard_of_packet(skb);
        if (!a.guard_id)
                return SP_PASS;
        count(SP_STAT_REFUSED_EGRESS);
        a.cgroup_id = bpf_skb_cgroup_id(skb);
        a.what = SP_GUARD_REFUSED_EGRESS;
        a.ip = p.dst;
        a.port = p.dst_port;
        a.protocol = p.protocol;
        a.family = p.family;
        report(&a);
        return SP_BLOCK;
}
