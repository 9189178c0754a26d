/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/members — a guarded process takes its guard along when it leaves its cgroup.
 *
 * Hook:   tp_btf/cgroup_attach_task, sched_process_fork, sched_process_exit; iter/task,
 *         which the daemon runs after it has set tags.
 * Why:    root without any capability may still write to cgroup.procs, and a child may be
 *         born in another cgroup. None of these hooks can refuse it.
 * Out:    map `members`. An unguarded process (an administrator, systemd) that moves a
 *         guarded one gives it the guard of where it moves it, or none; a guarded one never
 *         does: moved into another guard, by itself or at birth, a process keeps its first.
 * Fails:  closed, and counted: whom there is no room for has a bit in `lost_members`, and is
 *         refused when its cgroup does not say by whom it is guarded.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/guard.h"
#include "bpf/lib/others.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* `bits` 0: it is not lost, or no more. */
static __always_inline void lose(__u32 pid, __u64 bits)
{
        __u32 at = pid / 32, shift = pid % 32 * 2;
        __u64 all = SP_LOST_MEMBER | SP_LOST_AWAY;
        __u64 *word = bpf_map_lookup_elem(&lost_members, &at);

        if (!word || (*word >> shift & all) == bits)
                return;
        if (bits)
                __sync_fetch_and_or(word, bits << shift);
        else
                __sync_fetch_and_and(word, ~(all << shift));
}

/* `guard`: maybe with SP_MEMBER_AWAY. */
static __always_inline void enter(__u32 pid, __u64 guard)
{
        if (!bpf_map_update_elem(&members, &pid, &guard, BPF_ANY)) {
                lose(pid, 0);
                return;
        }
        count(SP_STAT_ERROR_MEMBER);
        lose(pid,
             guard & SP_MEMBER_AWAY ? SP_LOST_MEMBER | SP_LOST_AWAY : SP_LOST_MEMBER);
}

static __always_inline void forget(__u32 pid)
{
        bpf_map_delete_elem(&members, &pid);
        lose(pid, 0);
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
        __u32 lost;

        if (to->root->hierarchy_id != 0) /* a v1 hierarchy */
                return 0;
        guard = guard_of_cgroup(to);
        was = member_of(pid) & ~SP_MEMBER_AWAY;
        lost = lost_bits(pid);
        /* A process that moves itself is in the new cgroup by now, and a member still. */
        if ((lost || (was && guard != was)) && is_guarded(caller_guard())) {
                note_left(was, to);
                if (guard && was)
                        enter(pid, was | SP_MEMBER_AWAY);
                else if (guard)
                        lose(pid, SP_LOST_MEMBER | SP_LOST_AWAY);
        } else if (guard) {
                enter(pid, guard);
        } else if (was || lost) {
                forget(pid);
        }
        return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sallyport_fork, struct task_struct *parent, struct task_struct *child)
{
        __u64 born, guard;
        __u32 lost;

        if (child->tgid == parent->tgid) /* a thread */
                return 0;
        born = guard_of_cgroup(BPF_CORE_READ(child, cgroups, dfl_cgrp));
        guard = guard_of_task(parent);
        lost = lost_bits(parent->tgid);
        if (lost && (!guard || lost & SP_LOST_AWAY))
                lose(child->tgid, lost);
        else if (guard && born && guard != born)
                enter(child->tgid, guard | SP_MEMBER_AWAY);
        else if (guard || born)
                enter(child->tgid, guard ? guard : born);
        return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sallyport_exit, struct task_struct *task)
{
        __u32 pid = task->tgid;

        if (!task->signal->live.counter) /* the last thread */
                forget(pid);
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
        if (guard && !(member_of(task->tgid) & SP_MEMBER_AWAY))
                enter(task->tgid, guard);
        return 0;
}
