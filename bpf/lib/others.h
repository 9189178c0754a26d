/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/others — is another process than the current one guarded?
 */
#pragma once

#include "bpf/lib/maps.h"
#include <bpf/bpf_core_read.h>

static __always_inline __u64 guard_of_cgroup(struct cgroup *cgrp)
{
        __u64 guard = 0;
        int deepest = BPF_CORE_READ(cgrp, level);

        for (int level = 1; level <= SP_GUARD_DEPTH_MAX; level++) {
                struct cgroup *up;
                __u64 id;

                if (level > deepest)
                        break;
                /* Of cgrp->ancestors: the array is at its end and has no length. */
                if (bpf_core_read(&up, sizeof(up), &cgrp->ancestors[level]))
                        break;
                id = BPF_CORE_READ(up, kn, id);
                if (bpf_map_lookup_elem(&guarded, &id))
                        guard = id;
        }
        return guard;
}

/* 0: none; else maybe with SP_MEMBER_AWAY. */
static __always_inline __u64 member_of(__u32 pid)
{
        __u64 *id = bpf_map_lookup_elem(&members, &pid);

        return id ? *id : 0;
}

static __always_inline __u64 guard_of_task(struct task_struct *task)
{
        __u64 member = member_of(BPF_CORE_READ(task, tgid)), guard;

        if (member & SP_MEMBER_AWAY)
                return member & ~SP_MEMBER_AWAY;
        guard = guard_of_cgroup(BPF_CORE_READ(task, cgroups, dfl_cgrp));
        return guard ? guard : member;
}
