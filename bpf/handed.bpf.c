/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/handed — a TCP connection belongs to the guard of whoever sends on it.
 *
 * Hook:   tp_btf/tcp_sendmsg_locked (since 6.16): in the sender's own time, before its bytes
 *         are queued; also splice, sendfile, io_uring.
 * Out:    a connection made outside and handed in gets the sender's mark: from then on
 *         bpf/egress drops what it sends, whoever's time it is sent in.
 * Fails:  open, and counted: without storage the connection is not marked.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/guard.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/tcp_sendmsg_locked")
int BPF_PROG(sallyport_tcp_send, struct sock *sk)
{
        struct guard g;

        if (bpf_sk_storage_get(&births, sk, 0, 0))
                return 0;
        g = caller_guard();
        if (g.id &&
            !bpf_sk_storage_get(&births, sk, &g.id, BPF_SK_STORAGE_GET_F_CREATE))
                count(SP_STAT_ERROR_STORAGE);
        return 0;
}
