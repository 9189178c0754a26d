/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/guard — is this caller, or this socket, guarded?
 *
 * The kernel picks cgroup programs by the cgroup a socket was made in, which says nothing
 * about who uses it now. So the programs sit above everybody and ask: is an ancestor of the
 * *caller's* cgroup guarded, is the caller one that was, and was the *socket* made inside.
 */
#pragma once

#include "bpf/lib/maps.h"

enum { SP_BLOCK = 0, SP_PASS = 1 };

struct guard {
        __u64 id; /* 0: not guarded */
        bool is_lost; /* may be one that could not be entered: refuse */
};

static __always_inline bool is_guarded(struct guard g)
{
        return g.id || g.is_lost;
}

static __always_inline __u32 lost_bits(__u32 pid)
{
        __u32 at = pid / 32;
        __u64 *bits = bpf_map_lookup_elem(&lost_members, &at);

        return bits ? *bits >> (pid % 32 * 2) & (SP_LOST_MEMBER | SP_LOST_AWAY) : 0;
}

static __always_inline struct guard caller_guard(void)
{
        struct guard g = { 0 };
        __u32 zero = 0;
        struct sp_guard_state *state = bpf_map_lookup_elem(&guard_state, &zero);
        __u64 lost_from = state ? state->lost_from : 0;
        __u32 pid = bpf_get_current_pid_tgid() >> 32;
        __u64 *member = bpf_map_lookup_elem(&members, &pid);
        __u32 lost = lost_bits(pid);

        if (lost & SP_LOST_AWAY) {
                g.is_lost = true;
                return g;
        }
        if (member && *member & SP_MEMBER_AWAY) {
                g.id = *member & ~SP_MEMBER_AWAY;
                return g;
        }
        /* Downwards, and the last hit stays: the most specific tag decides. */
        for (int level = 1; level <= SP_GUARD_DEPTH_MAX; level++) {
                __u64 id = bpf_get_current_ancestor_cgroup_id(level);

                if (!id)
                        break;
                if (bpf_map_lookup_elem(&guarded, &id))
                        g.id = id;
                else if (lost_from && id >= lost_from)
                        g.is_lost = true;
        }
        /* A process that left its cgroup by its own doing: see bpf/members. */
        if (!g.id && member)
                g.id = *member;
        if (lost)
                g.is_lost = true;
        if (g.id)
                g.is_lost = false;
        return g;
}

/* The caller's guard; failing that, the one that a socket was born in. */
static __always_inline struct guard guard_of(struct bpf_sock *sk)
{
        struct guard g = caller_guard();
        __u64 *birth;

        if (g.id || !sk)
                return g;
        birth = bpf_sk_storage_get(&births, sk, 0, 0);
        if (birth)
                g.id = *birth;
        return g;
}
