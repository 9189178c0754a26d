/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/create — which sockets may be made inside a guard, and the mark they carry.
 *
 * Hook:   cgroup/sock_create: AF_INET and AF_INET6 only.
 * Out:    TCP, UDP and ping sockets get the guard's id as birth mark, so that they stay
 *         guarded when their maker leaves or hands them out. Everything else (raw, MPTCP
 *         which adds subflows that nobody connects, SCTP, DCCP, UDP-lite) is refused.
 * Fails:  closed. No mark, no socket.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/guard.h"
#include "bpf/lib/network.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline bool is_allowed(__u32 type, __u32 protocol)
{
        if (type == SOCK_STREAM)
                return protocol == IPPROTO_TCP;
        if (type == SOCK_DGRAM)
                return protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP ||
                       protocol == IPPROTO_ICMPV6;
        return false;
}

SEC("cgroup/sock_create")
int sallyport_create(struct bpf_sock *ctx)
{
        struct guard g = caller_guard();
        struct attempt a = { .guard_id = g.id, .has_task = true };
        bool has_left = g.is_lost && lost_bits(bpf_get_current_pid_tgid() >> 32);

        if (!is_guarded(g))
                return SP_PASS;
        if (ctx->type == SOCK_RAW && ctx->protocol == SP_PROBE_PROTOCOL)
                return SP_BLOCK;
        /* Of one that left, neither its cgroup nor a mark would tell the second net. */
        if (has_left || !is_allowed(ctx->type, ctx->protocol)) {
                count(has_left ? SP_STAT_REFUSED_LOST : SP_STAT_REFUSED_SOCKET);
                a.cgroup_id = bpf_get_current_cgroup_id();
                a.what = g.is_lost ? SP_GUARD_REFUSED_LOST : SP_GUARD_REFUSED_SOCKET;
                a.family = ctx->family;
                a.type = ctx->type;
                a.protocol = ctx->protocol;
                report(&a);
                return SP_BLOCK;
        }
        if (g.is_lost)
                return SP_PASS; /* refused wherever it goes, as long as that holds */
        if (!bpf_sk_storage_get(&births, ctx, &g.id, BPF_SK_STORAGE_GET_F_CREATE)) {
                count(SP_STAT_ERROR_STORAGE);
                return SP_BLOCK;
        }
        /* Long before most connect: they ask a resolver first. */
        ask_for_listeners(g.id, bpf_get_netns_cookie(ctx));
        return SP_PASS;
}
