/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/connect — sends the connections of guarded callers to the daemon's listeners.
 *
 * Hook:   cgroup/connect4, cgroup/connect6, at the attach point above daemon and
 *         workloads. They see TCP (also with fast open and io_uring) and connected UDP.
 * In:     the caller's cgroups, the socket's birth mark, the destination.
 * Out:    struct sp_origin in the socket's storage; bpf/sockops hands it on.
 * Fails:  closed. No storage, no connection.
 */
#include "bpf/lib/judge.h"
#include "bpf/lib/network.h"

char LICENSE[] SEC("license") = "GPL";

/* A socket that is connected once more must not keep an origin from before: it would vouch
 * for a connection that nobody judged. */
static __always_inline int pass_through(struct bpf_sock_addr *ctx)
{
        if (ctx->sk)
                bpf_sk_storage_delete(&origins, ctx->sk);
        return SP_PASS;
}

static __always_inline bool note_origin(struct bpf_sock_addr *ctx, __u64 guard_id,
                                        const __u32 ip[4], __u16 port, bool to_metadata)
{
        __u64 pid_tgid = bpf_get_current_pid_tgid();
        __u64 uid_gid = bpf_get_current_uid_gid();
        struct sp_origin *o;

        if (!ctx->sk)
                return false;
        o = bpf_sk_storage_get(&origins, ctx->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
        if (!o)
                return false;
        o->guard_id = guard_id;
        o->cgroup_id = bpf_get_current_cgroup_id();
        o->netns_cookie = bpf_get_netns_cookie(ctx);
        o->pid = pid_tgid >> 32;
        o->tid = (__u32)pid_tgid;
        o->uid = (__u32)uid_gid;
        o->gid = uid_gid >> 32;
        o->dst_ip[0] = ip[0];
        o->dst_ip[1] = ip[1];
        o->dst_ip[2] = ip[2];
        o->dst_ip[3] = ip[3];
        o->dst_port = port;
        o->family = ctx->user_family;
        o->is_metadata = to_metadata;
        o->pad = 0;
        bpf_get_current_comm(o->comm, sizeof(o->comm));
        return true;
}

/* SP_PASS with *to set to the listener's port (0: leave the address alone), or
 * SP_BLOCK. */
static __always_inline int decide(struct bpf_sock_addr *ctx, const __u32 ip[4],
                                  __u16 *to)
{
        __u16 port = bpf_ntohs(ctx->user_port);
        struct guard g = guard_of(ctx->sk);
        enum judgement j;

        if (!is_guarded(g))
                return pass_through(ctx);
        j = judge(ctx->type, ctx->protocol, ip, port);
        if (j == JUDGE_PASS)
                return pass_through(ctx);
        if (g.is_lost || j >= JUDGE_REFUSE_UDP)
                return refuse(ctx, j, g, ip, port);
        if (!note_origin(ctx, g.id, ip, port, j == JUDGE_TO_METADATA)) {
                count(SP_STAT_ERROR_STORAGE);
                return SP_BLOCK;
        }
        ask_for_listeners(g.id, bpf_get_netns_cookie(ctx));
        if (j == JUDGE_TO_METADATA) {
                count(SP_STAT_REDIRECTED_METADATA);
                *to = settings.metadata_port;
        } else {
                count(SP_STAT_REDIRECTED);
                *to = settings.port;
        }
        return SP_PASS;
}

SEC("cgroup/connect4")
int sallyport_connect4(struct bpf_sock_addr *ctx)
{
        __u32 ip[4];
        __u16 to = 0;
        int r;

        set_ip4(ip, ctx->user_ip4);
        r = decide(ctx, ip, &to);
        if (to) {
                ctx->user_ip4 = bpf_htonl(0x7f000001);
                ctx->user_port = bpf_htons(to);
        }
        return r;
}

SEC("cgroup/connect6")
int sallyport_connect6(struct bpf_sock_addr *ctx)
{
        __u32 ip[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
                        ctx->user_ip6[3] };
        bool mapped = is_mapped(ip);
        __u16 to = 0;
        int r;

        r = decide(ctx, ip, &to);
        if (to) {
                /* A mapped destination goes to the IPv4 listener: the socket may be
                 * bound to an IPv4 address, which cannot reach ::1. */
                ctx->user_ip6[0] = 0;
                ctx->user_ip6[1] = 0;
                ctx->user_ip6[2] = mapped ? SP_MAPPED_WORD : 0;
                ctx->user_ip6[3] = mapped ? bpf_htonl(0x7f000001) : bpf_htonl(1);
                ctx->user_port = bpf_htons(to);
        }
        return r;
}
