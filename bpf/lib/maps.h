/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lib/maps — the pinned maps. Each object that names one shares it by its pin: the
 * daemon gives every map here the path <pin_dir>/vN/maps/NAME before it loads.
 *
 * A change of any type here needs a new SP_BPF_ABI.
 */
#pragma once

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "include/sallyport/bpf_abi.h"

/* Client socket, then accepted socket: where the connection wanted to go. */
struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct sp_origin);
} origins SEC(".maps");

/* Sockets made or used inside a guarded cgroup: the guard they belong to. What a listener
 * accepts inherits it. */
struct {
        __uint(type, BPF_MAP_TYPE_SK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
        __type(key, int);
        __type(value, __u64);
} births SEC(".maps");

/* Not LRU: under load that would drop the origin of somebody's connection for another.
 */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __uint(max_entries, SP_BRIDGE_MAX);
        __type(key, struct sp_bridge_key);
        __type(value, struct sp_origin);
} bridge SEC(".maps");

/* Preallocated: tagging happens under a spinlock and must not need memory. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, SP_GUARDED_MAX);
        __type(key, __u64);
        __type(value, struct sp_guarded);
} guarded SEC(".maps");

/* Process id, as the initial namespace has it → guard id, maybe SP_MEMBER_AWAY. What
 * bpf/members keeps. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __uint(max_entries, SP_MEMBERS_MAX);
        __type(key, __u32);
        __type(value, __u64);
} members SEC(".maps");

/* Room for every process that can be: what `members` has none for. */
struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, SP_PIDS_MAX / 32);
        __type(key, __u32);
        __type(value, __u64);
} lost_members SEC(".maps");

/* LRU: one guard can make any number of namespaces, and no room for those of others would be left.
 * What falls out is asked for again with the next socket there; nothing rests on an entry but that
 * a first packet waits. */
struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, SP_NETWORKS_MAX);
        __type(key, __u64);
        __type(value, struct sp_network);
} networks SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_LPM_TRIE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __uint(max_entries, SP_EXITS_MAX);
        __type(key, struct sp_exit_key);
        __type(value, struct sp_exit);
} exits SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, SP_TAGS_MAX);
        __type(key, struct sp_tag_key);
        __type(value, struct sp_tag);
} tags SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct sp_guard_state);
} guard_state SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, SP_STAT_COUNT);
        __type(key, __u32);
        __type(value, __u64);
} stats SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, SP_EVENTS_BYTES);
} events SEC(".maps");

/* Set by the daemon before the object is loaded. */
SEC(".rodata.settings") const volatile struct sp_bpf_settings settings = { 0 };

static __always_inline void count(enum sp_guard_stat which)
{
        __u32 key = which;
        __u64 *n = bpf_map_lookup_elem(&stats, &key);

        if (n)
                *n += 1; /* per CPU; a lost step under preemption is only a statistic */
}
