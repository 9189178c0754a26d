/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/sendmsg — refuses datagrams that could be QUIC or go to a metadata server.
 *
 * Hook:   cgroup/sendmsg4, cgroup/sendmsg6: unconnected UDP and UDP-lite. Connected UDP
 *         is judged once, by bpf/connect.
 * Out:    refused with EPERM and an event, or untouched.
 * Fails:  closed by default: there is nothing here that can fail and let pass.
 */
#include "bpf/lib/judge.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int decide(struct bpf_sock_addr *ctx, const __u32 ip[4])
{
        __u16 port = bpf_ntohs(ctx->user_port);
        struct guard g = guard_of(ctx->sk);
        enum judgement j;

        if (!is_guarded(g))
                return SP_PASS;
        j = judge(ctx->type, ctx->protocol, ip, port);
        return j == JUDGE_PASS ? SP_PASS : refuse(ctx, j, g, ip, port);
}

SEC("cgroup/sendmsg4")
int sallyport_sendmsg4(struct bpf_sock_addr *ctx)
{
        __u32 ip[4];

        set_ip4(ip, ctx->user_ip4);
        return decide(ctx, ip);
}

SEC("cgroup/sendmsg6")
int sallyport_sendmsg6(struct bpf_sock_addr *ctx)
{
        __u32 ip[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
                        ctx->user_ip6[3] };

        return decide(ctx, ip);
}
