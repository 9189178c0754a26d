/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/members — a guarded process takes its guard along when it leaves its cgroup.
 *
 * Hook:   tp_btf/cgroup_attach_task, sched_process_fork, sched_process_exit; iter/task,
 *         which the daemon runs after it has set tags.
 * Why:    root without any capability may still write to cgroup.procs, and a child may be
 *         born in another cgroup. None of these hooks can refuse it.
 * Out:    map `members`. An unguarded process (an administrator, systemd) that moves a
 *         guarded one out of its guard frees it; a guarded one never does.
 * Fails:  open, and counted: without room for a member the guard is where its cgroup is.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/guard.h"
#include "bpf/lib/others.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

static __always_inline void enter(__u32 pid, __u64 guard)
{
        if (bpf_map_update_elem(&members, &pid, &guard, BPF_ANY))
                count(SP_STAT_ERROR_MEMBER);
}

static __always_inline void note_left(__u64 guard, struct cgroup *to)
{
        struct attempt a = { .guard_id = guard,
                             .cgroup_id = BPF_CORE_READ(to, kn, id),
                             .what = SP_GUARD_LEFT,
                             .has_task = true };

        count(SP_STAT_LEFT);
        report(&a);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(sallyport_attach, struct cgroup *to, const char *path,
             struct task_struct *task)
{
        __u32 pid = task->tgid;
        __u64 guard, was;

        if (to->root->hierarchy_id != 0) /* a v1 hierarchy */
                return 0;
        guard = guard_of_cgroup(to);
        if (guard) {
                enter(pid, guard);
                return 0;
        }
        was = guard_of_member(pid);
        if (!was)
                return 0;
        /* A process that moves itself is in the new cgroup by now, and a member still. */
        if (caller_guard().id)
                note_left(was, to);
        else
                bpf_map_delete_elem(&members, &pid);
        return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sallyport_fork, struct task_struct *parent, struct task_struct *child)
{
        __u64 guard;

        if (child->tgid == parent->tgid) /* a thread */
                return 0;
        guard = guard_of_cgroup(BPF_CORE_READ(child, cgroups, dfl_cgrp));
        if (!guard)
                guard = guard_of_member(parent->tgid);
        if (guard)
                enter(child->tgid, guard);
        return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sallyport_exit, struct task_struct *task)
{
        __u32 pid = task->tgid;

        if (!task->signal->live.counter) /* the last thread */
                bpf_map_delete_elem(&members, &pid);
        return 0;
}

/* Those who were there before the tag. */
SEC("iter/task")
int sallyport_seed(struct bpf_iter__task *ctx)
{
        struct task_struct *task = ctx->task;
        __u64 guard;

        if (!task || task->tgid != task->pid)
                return 0;
        guard = guard_of_cgroup(BPF_CORE_READ(task, cgroups, dfl_cgrp));
        if (guard)
                enter(task->tgid, guard);
        return 0;
}
