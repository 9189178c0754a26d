/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/egress — the second net: packets that a guarded socket should not be able to send.
 *
 * Hook:   cgroup_skb/egress: IPv4 and IPv6 packets of sockets below the attach point.
 * Whose:  a socket's that was made in a guarded cgroup, or that carries a mark. The current
 *         task is not asked, because a packet may leave from a timer while anybody is
 *         running; bpf/egress_handed, which is this with SP_HANDED, asks where it may.
 * Catches: what connect hooks do not see: connections older than the tag, answers to who
 *         connects from outside, ping, packets steered by a bound device or by source
 *         routes, connections handed in.
 * Holds:  the first packet of a connection to a listener that the daemon is about to open.
 * Out:    dropped (a UDP sender sees EPERM, TCP times out), or untouched.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/exit.h"
#include "bpf/lib/guard.h"
#include "bpf/lib/network.h"

char LICENSE[] SEC("license") = "GPL";

#define LOOPBACK_IFINDEX 1 /* in every network namespace */
#define TCP_SYN 0x02
#define TCP_ACK 0x10
#define DNS_PORT 53
#define DNS_LABELS_MAX 127 /* RFC 1035 §2.3.4: 255 bytes in all */
#define DNS_SVCB 64 /* RFC 9460 */
#define DNS_HTTPS 65
#define EXTENSIONS_MAX 6 /* IPv6 extension headers that are walked */

struct packet {
        __u32 dst[4];
        __u32 payload; /* where the UDP payload starts */
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
        p->payload = offset + 8;
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
        if (!(h[6] & 0x1f) && !h[7]) /* else a later fragment: whatever is there */
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

/* A question for records that bring the keys of encrypted client hello: with them a name
 * would be hidden from the daemon. Clients go on without. */
static __always_inline bool asks_for_keys(struct __sk_buff *skb, const struct packet *p)
{
        __u32 at = p->payload + 12;
        __be16 count, type;
        __u8 n;

        if (bpf_skb_load_bytes(skb, p->payload + 4, &count, 2))
                return false; /* too short to be a question */
        if (count != bpf_htons(1))
                return true; /* which one would be answered? */
        for (int i = 0; i <= DNS_LABELS_MAX; i++) {
                if (bpf_skb_load_bytes(skb, at, &n, 1) || n > 63)
                        return true;
                at += n + 1;
                if (!n)
                        break;
        }
        if (bpf_skb_load_bytes(skb, at, &type, 2))
                return true;
        return type == bpf_htons(DNS_SVCB) || type == bpf_htons(DNS_HTTPS);
}

#ifdef SP_HANDED
void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

/* A guarded process that sends on a socket made outside: from now on it is a guarded one.
 * Datagrams leave while their sender runs. TCP also sends from timers and acknowledgements,
 * on anybody's time: bpf/handed looks at that. So do tunnels of the kernel; their sockets
 * have no descriptor. */
static __always_inline __u64 adopt(struct bpf_sock *sk)
{
        struct sock *kernel_sk;
        struct socket *socket;
        struct guard g;

        if (!sk || sk->protocol == IPPROTO_TCP)
                return 0;
        kernel_sk = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct sock));
        socket = kernel_sk->sk_socket;
        if (!socket || !socket->file)
                return 0;
        g = caller_guard();
        if (g.id)
                bpf_sk_storage_get(&births, sk, &g.id, BPF_SK_STORAGE_GET_F_CREATE);
        return g.id;
}
#else
static __always_inline __u64 adopt(struct bpf_sock *sk)
{
        return 0;
}
#endif

static __always_inline __u64 guard_of_packet(struct __sk_buff *skb)
{
        struct bpf_sock *sk = skb->sk;
        __u64 guard = 0, *birth;

        if (sk)
                sk = bpf_sk_fullsock(sk);
        if (sk) {
                birth = bpf_sk_storage_get(&births, sk, 0, 0);
                if (birth)
                        return *birth;
        }
        for (int level = 1; level <= SP_GUARD_DEPTH_MAX; level++) {
                __u64 id = bpf_skb_ancestor_cgroup_id(skb, level);

                if (!id)
                        break;
                if (bpf_map_lookup_elem(&guarded, &id))
                        guard = id;
        }
        return guard ? guard : adopt(sk);
}

enum { LEAVES, REFUSE, REFUSE_NAME };

static __always_inline int judge_packet(struct __sk_buff *skb, const struct packet *p)
{
        if (p->dst_port == SP_HTTPS_PORT || is_metadata(p->dst))
                return REFUSE;
        /* By the device and not by the address: "loopback" can be sent out of another. */
        if (skb->ifindex != LOOPBACK_IFINDEX &&
            !is_exit(p->dst, p->protocol, p->dst_port))
                return REFUSE;
        if (p->protocol == IPPROTO_UDP && p->dst_port == DNS_PORT &&
            asks_for_keys(skb, p))
                return REFUSE_NAME;
        return LEAVES;
}

static __always_inline bool must_wait(struct __sk_buff *skb, const struct packet *p)
{
        struct bpf_sock *sk = skb->sk;
        __u8 flags;

        if (skb->ifindex != LOOPBACK_IFINDEX || p->protocol != IPPROTO_TCP ||
            (p->dst_port != settings.port && p->dst_port != settings.metadata_port))
                return false;
        if (bpf_skb_load_bytes(skb, p->payload + 5, &flags, 1) ||
            (flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
                return false;
        if (sk)
                sk = bpf_sk_fullsock(sk);
        if (!sk || !is_awaited(sk))
                return false;
        count(SP_STAT_HELD);
        return true;
}

SEC("cgroup_skb/egress")
int sallyport_egress(struct __sk_buff *skb)
{
        struct packet p = { 0 };
        struct attempt a = { 0 };
        int verdict = REFUSE;

        if (skb->protocol == bpf_htons(ETH_P_IP)) {
                if (read_ip4(skb, &p))
                        verdict = judge_packet(skb, &p);
        } else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
                if (read_ip6(skb, &p))
                        verdict = judge_packet(skb, &p);
        }
        /* What stays on the host mostly ends here, before any cgroup is looked at. */
        if (verdict == LEAVES)
                return must_wait(skb, &p) ? SP_BLOCK : SP_PASS;
        a.guard_id = guard_of_packet(skb);
        if (!a.guard_id)
                return SP_PASS;
        count(SP_STAT_REFUSED_EGRESS);
        a.cgroup_id = bpf_skb_cgroup_id(skb);
        a.what = verdict == REFUSE_NAME ? SP_GUARD_REFUSED_NAME
                                        : SP_GUARD_REFUSED_EGRESS;
        a.ip = p.dst;
        a.port = p.dst_port;
        a.protocol = p.protocol;
        a.family = p.family;
        report(&a);
        return SP_BLOCK;
}
