/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/event — tells the daemon what was refused. Never decides anything: an event that
 * finds no room is counted and dropped, the refusal stands.
 */
#pragma once

#include "bpf/lib/addr.h"
#include "bpf/lib/maps.h"
#include <bpf/bpf_core_read.h>

struct attempt {
        __u64 guard_id, cgroup_id, netns_cookie;
        const __u32 *ip; /* NULL: none */
        __u16 port, protocol;
        __u8 what, family, type;
        bool has_task; /* current is who did it */
};

/* Who did it, as far as the kernel can tell now: a process that ends at once is gone
 * when the daemon asks. */
static __always_inline void describe_task(struct sp_guard_event *e)
{
        struct task_struct *t = (struct task_struct *)bpf_get_current_task();
        struct dentry *exe = BPF_CORE_READ(t, mm, exe_file, f_path.dentry);
        const char *cgroup = BPF_CORE_READ(t, cgroups, dfl_cgrp, kn, name);

        e->pid = bpf_get_current_pid_tgid() >> 32;
        e->uid = bpf_get_current_uid_gid();
        bpf_get_current_comm(e->comm, sizeof(e->comm));
        e->ppid = BPF_CORE_READ(t, real_parent, tgid);
        if (exe) {
                e->exe_inode = BPF_CORE_READ(exe, d_inode, i_ino);
                bpf_probe_read_kernel_str(e->exe, sizeof(e->exe),
                                          BPF_CORE_READ(exe, d_name.name));
        }
        if (cgroup)
                bpf_probe_read_kernel_str(e->cgroup, sizeof(e->cgroup), cgroup);
}

static __always_inline void report(const struct attempt *a)
{
        struct sp_guard_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

        if (!e) {
                count(SP_STAT_ERROR_EVENT);
                return;
        }
        __builtin_memset(e, 0, sizeof(*e));
        e->time_ns = bpf_ktime_get_ns();
        e->guard_id = a->guard_id;
        e->cgroup_id = a->cgroup_id;
        e->netns_cookie = a->netns_cookie;
        e->what = a->what;
        e->family = a->family;
        e->type = a->type;
        e->protocol = a->protocol;
        e->size_words = sizeof(*e) / 8;
        e->dst_port = a->port;
        if (a->ip) {
                e->dst_ip[0] = a->ip[0];
                e->dst_ip[1] = a->ip[1];
                e->dst_ip[2] = a->ip[2];
                e->dst_ip[3] = a->ip[3];
        }
        if (a->has_task)
                describe_task(e);
        bpf_ringbuf_submit(e, 0);
}
