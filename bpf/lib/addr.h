/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/addr — one form for all addresses: four words in network order, IPv4 as
 * ::ffff:a.b.c.d. Which of them are metadata servers.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SP_HTTPS_PORT 443
#define SP_METADATA_HTTP_PORT 80
#define SP_MAPPED_WORD bpf_htonl(0x0000ffff) /* third word of ::ffff:0:0/96 */

static __always_inline bool is_mapped(const __u32 ip[4])
{
        return ip[0] == 0 && ip[1] == 0 && ip[2] == SP_MAPPED_WORD;
}

static __always_inline void set_ip4(__u32 ip[4], __u32 ip4)
{
        ip[0] = 0;
        ip[1] = 0;
        ip[2] = SP_MAPPED_WORD;
        ip[3] = ip4;
}

/* An address that stays on this host. The unspecified one means loopback to connect(). */
static __always_inline bool is_loopback(const __u32 ip[4])
{
        if (is_mapped(ip))
                return ip[3] == 0 ||
                       (ip[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
        return ip[0] == 0 && ip[1] == 0 && ip[2] == 0 &&
               (ip[3] == 0 || ip[3] == bpf_htonl(1));
}

/* 169.254.169.254, and .252 which GKE nodes serve it on. */
static __always_inline bool is_metadata4(__u32 ip4)
{
        return ip4 == bpf_htonl(0xa9fea9fe) || ip4 == bpf_htonl(0xa9fea9fc);
}

static __always_inline bool is_metadata(const __u32 ip[4])
{
        if (is_mapped(ip))
                return is_metadata4(ip[3]);
        /* fd20:ce::254 */
        if (ip[0] == bpf_htonl(0xfd2000ce) && ip[1] == 0 && ip[2] == 0 &&
            ip[3] == bpf_htonl(0x254))
                return true;
        /* 64:ff9b::/96 (RFC 6052): the same through a NAT64 gateway */
        return ip[0] == bpf_htonl(0x0064ff9b) && ip[1] == 0 && ip[2] == 0 &&
               is_metadata4(ip[3]);
}
