/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/judge — what a guarded caller may do with one address. The one table behind
 * the connect and the sendmsg programs.
 */
#pragma once

#include "bpf/lib/event.h"
#include "bpf/lib/exit.h"
#include "bpf/lib/guard.h"

enum judgement {
        JUDGE_PASS,
        JUDGE_TO_TLS, /* to the TLS listener */
        JUDGE_TO_METADATA, /* to the metadata listener */
        JUDGE_REFUSE_UDP,
        JUDGE_REFUSE_METADATA,
        JUDGE_REFUSE_SOCKET,
        JUDGE_REFUSE_EXIT,
        JUDGE_REFUSE_PROBE, /* see SP_PROBE_IP4 */
};

static __always_inline enum judgement judge(__u32 type, __u32 protocol,
                                            const __u32 ip[4], __u16 port)
{
        bool is_tcp = type == SOCK_STREAM && protocol == IPPROTO_TCP;
        bool is_udp = type == SOCK_DGRAM &&
                      (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE);
        bool is_ping = type == SOCK_DGRAM &&
                       (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6);

        if (is_metadata(ip))
                return is_tcp && port == SP_METADATA_HTTP_PORT ? JUDGE_TO_METADATA
                                                               : JUDGE_REFUSE_METADATA;
        /* Made outside and handed in: sock_create would have refused it. */
        if (!is_tcp && !is_udp && !is_ping)
                return JUDGE_REFUSE_SOCKET;
        if (port == SP_HTTPS_PORT && !is_ping)
                return is_tcp ? JUDGE_TO_TLS : JUDGE_REFUSE_UDP;
        if (is_udp && port == SP_PROBE_PORT && is_mapped(ip) &&
            ip[3] == bpf_htonl(SP_PROBE_IP4))
                return JUDGE_REFUSE_PROBE;
        /* Nothing can be sent to port 0. The C library connects datagram sockets there, to
         * learn which of its addresses would be used. */
        if (is_loopback(ip) || (is_udp && !port) || is_exit(ip, protocol, port))
                return JUDGE_PASS;
        return JUDGE_REFUSE_EXIT;
}

/* Counts and reports a refusal; always SP_BLOCK. */
static __always_inline int refuse(struct bpf_sock_addr *ctx, enum judgement j,
                                  struct guard g, const __u32 ip[4], __u16 port)
{
        struct attempt a = {
                .guard_id = g.id,
                .cgroup_id = bpf_get_current_cgroup_id(),
                .ip = ip,
                .port = port,
                .protocol = ctx->protocol,
                .family = ctx->user_family,
                .type = ctx->type,
                .has_task = true,
        };

        if (j == JUDGE_REFUSE_PROBE)
                return SP_BLOCK;
        if (g.is_lost) {
                a.what = SP_GUARD_REFUSED_LOST;
                count(SP_STAT_REFUSED_LOST);
        } else if (j == JUDGE_REFUSE_UDP) {
                a.what = SP_GUARD_REFUSED_UDP;
                count(SP_STAT_REFUSED_UDP);
        } else if (j == JUDGE_REFUSE_METADATA) {
                a.what = SP_GUARD_REFUSED_METADATA;
                count(SP_STAT_REFUSED_METADATA);
        } else if (j == JUDGE_REFUSE_EXIT) {
                a.what = SP_GUARD_REFUSED_EXIT;
                count(SP_STAT_REFUSED_EXIT);
        } else {
                a.what = SP_GUARD_REFUSED_SOCKET;
                count(SP_STAT_REFUSED_SOCKET);
        }
        report(&a);
        return SP_BLOCK;
}
