/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/peername — getpeername() of a redirected connection shows the peer it asked for.
 *
 * Hook:   cgroup/getpeername4, cgroup/getpeername6.
 * In:     the origin in the socket's storage.
 * Fails:  harmlessly: without an origin the real peer is shown.
 */
#include "bpf/lib/addr.h"
#include "bpf/lib/maps.h"

char LICENSE[] SEC("license") = "GPL";

/* The origin, when the peer still is the listener it was redirected to. */
static __always_inline struct sp_origin *origin_of(struct bpf_sock_addr *ctx)
{
        struct sp_origin *o;
        __u16 port = bpf_ntohs(ctx->user_port);

        if (!ctx->sk)
                return 0;
        o = bpf_sk_storage_get(&origins, ctx->sk, 0, 0);
        if (!o || port != (o->is_metadata ? settings.metadata_port : settings.port))
                return 0;
        return o;
}

SEC("cgroup/getpeername4")
int sallyport_getpeername4(struct bpf_sock_addr *ctx)
{
        struct sp_origin *o;

        if (ctx->user_ip4 != bpf_htonl(0x7f000001))
                return 1;
        o = origin_of(ctx);
        if (o) {
                ctx->user_ip4 = o->dst_ip[3];
                ctx->user_port = bpf_htons(o->dst_port);
        }
        return 1;
}

SEC("cgroup/getpeername6")
int sallyport_getpeername6(struct bpf_sock_addr *ctx)
{
        __u32 ip[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
                        ctx->user_ip6[3] };
        bool is_loopback6 = !ip[0] && !ip[1] && !ip[2] && ip[3] == bpf_htonl(1);
        bool is_loopback4 = is_mapped(ip) && ip[3] == bpf_htonl(0x7f000001);
        struct sp_origin *o;

        if (!is_loopback6 && !is_loopback4)
                return 1;
        o = origin_of(ctx);
        if (o) {
                ctx->user_ip6[0] = o->dst_ip[0];
                ctx->user_ip6[1] = o->dst_ip[1];
                ctx->user_ip6[2] = o->dst_ip[2];
                ctx->user_ip6[3] = o->dst_ip[3];
                ctx->user_port = bpf_htons(o->dst_port);
        }
        return 1;
}
