/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/sockops — carries the origin from the client's socket to the accepted one.
 *
 * Hook:   sockops, attached above both the clients' and the daemon's cgroups: the passive
 *         side runs for the daemon's socket.
 * Chain:  TCP_CONNECT_CB runs before the SYN leaves and with the local port chosen: storage
 *         of the client's socket → bridge[addresses]. PASSIVE_ESTABLISHED_CB runs before
 *         accept() can return: bridge → storage of the accepted socket, entry deleted.
 *         TIMEOUT_INIT: a SYN that waits for a listener is sent again soon.
 *         STATE_CB deletes the entry of a connection that never got that far.
 * Fails:  closed. An accepted socket without origin is closed by the daemon.
 */
#include "bpf/lib/network.h"

char LICENSE[] SEC("license") = "GPL";

/* A v4-mapped client meets the IPv4 listener: both ends are told as IPv4 would be.
 * The compiler likes to merge the reads of two branches into one at a computed offset,
 * which the verifier refuses for a context: so read first, then choose. */
static __always_inline void local_ip(struct bpf_sock_ops *ctx, __u32 ip[4])
{
        __u32 ip4 = ctx->local_ip4;

        ip[0] = ctx->local_ip6[0];
        ip[1] = ctx->local_ip6[1];
        ip[2] = ctx->local_ip6[2];
        ip[3] = ctx->local_ip6[3];
        barrier_var(ip4);
        if (ctx->family == AF_INET)
                set_ip4(ip, ip4);
}

static __always_inline void remote_ip(struct bpf_sock_ops *ctx, __u32 ip[4])
{
        __u32 ip4 = ctx->remote_ip4;

        ip[0] = ctx->remote_ip6[0];
        ip[1] = ctx->remote_ip6[1];
        ip[2] = ctx->remote_ip6[2];
        ip[3] = ctx->remote_ip6[3];
        barrier_var(ip4);
        if (ctx->family == AF_INET)
                set_ip4(ip, ip4);
}

static __always_inline void client_key(struct bpf_sock_ops *ctx,
                                       struct sp_bridge_key *k)
{
        k->netns_cookie = bpf_get_netns_cookie(ctx);
        local_ip(ctx, k->client_ip);
        remote_ip(ctx, k->listener_ip);
        k->client_port = ctx->local_port;
        k->listener_port = bpf_ntohl(ctx->remote_port);
}

/* Jiffies: between 50 and 500 ms, as the kernel is configured, instead of a second; doubled
 * each time. */
#define FIRST_RETRY 50

static __always_inline bool is_listener_port(__u32 port)
{
        return port == settings.port || port == settings.metadata_port;
}

static __always_inline void on_connect(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
        struct sp_bridge_key k = { 0 };
        struct sp_origin *o;

        if (!is_listener_port(bpf_ntohl(ctx->remote_port)))
                return;
        o = bpf_sk_storage_get(&origins, sk, 0, 0);
        if (!o)
                return;
        client_key(ctx, &k);
        if (bpf_map_update_elem(&bridge, &k, o, BPF_ANY)) {
                count(SP_STAT_ERROR_BRIDGE);
                return;
        }
        /* Fails only for a socket that is not a full one, which a connecting one is. */
        if (bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags |
                                                   BPF_SOCK_OPS_STATE_CB_FLAG))
                count(SP_STAT_ERROR_BRIDGE);
}

static __always_inline void on_accepted(struct bpf_sock_ops *ctx, struct bpf_sock *sk)
{
        struct sp_bridge_key k = { 0 };
        struct sp_origin *o;

        if (!is_listener_port(ctx->local_port))
                return;
        k.netns_cookie = bpf_get_netns_cookie(ctx);
        remote_ip(ctx, k.client_ip);
        local_ip(ctx, k.listener_ip);
        k.client_port = bpf_ntohl(ctx->remote_port);
        k.listener_port = ctx->local_port;
        o = bpf_map_lookup_elem(&bridge, &k);
        if (!o) {
                count(SP_STAT_ERROR_NO_BRIDGE);
                return;
        }
        if (bpf_sk_storage_get(&origins, sk, o, BPF_SK_STORAGE_GET_F_CREATE))
                count(SP_STAT_ACCEPTED);
        else
                count(SP_STAT_ERROR_ACCEPT);
        bpf_map_delete_elem(&bridge, &k);
}

SEC("sockops")
int sallyport_sockops(struct bpf_sock_ops *ctx)
{
        /* Read once: each read of ctx->sk is a fresh pointer that may be null. */
        struct bpf_sock *sk = ctx->sk;
        struct sp_bridge_key k = { 0 };

        if (!sk)
                return 1;
        switch (ctx->op) {
        case BPF_SOCK_OPS_TCP_CONNECT_CB:
                on_connect(ctx, sk);
                break;
        case BPF_SOCK_OPS_TIMEOUT_INIT:
                if (is_listener_port(bpf_ntohl(ctx->remote_port)) && is_awaited(sk))
                        ctx->reply = FIRST_RETRY;
                break;
        case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
                on_accepted(ctx, sk);
                break;
        case BPF_SOCK_OPS_STATE_CB:
                if (ctx->args[1] != BPF_TCP_CLOSE ||
                    !is_listener_port(bpf_ntohl(ctx->remote_port)))
                        break;
                client_key(ctx, &k);
                bpf_map_delete_elem(&bridge, &k);
                break;
        }
        return 1;
}
