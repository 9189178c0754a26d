/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlinux — the few kernel types that the BPF programs look at, and nothing else.
 *
 * Two kinds of declaration:
 * - program contexts and constants are user API: their layout is fixed, they are declared
 *   up to the last field that is used;
 * - types inside the kernel move between versions: only the fields used are declared and
 *   libbpf finds the real offsets on the running kernel (preserve_access_index).
 *
 * vmlinux/README says how to compare this with a kernel's own BTF.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false = 0, true = 1 };

/* ---- constants of the user API ---- */

enum bpf_map_type {
        BPF_MAP_TYPE_HASH = 1,
        BPF_MAP_TYPE_ARRAY = 2,
        BPF_MAP_TYPE_PERCPU_ARRAY = 6,
        BPF_MAP_TYPE_LRU_HASH = 9,
        BPF_MAP_TYPE_LPM_TRIE = 11,
        BPF_MAP_TYPE_SK_STORAGE = 24,
        BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
        BPF_ANY = 0,
        BPF_NOEXIST = 1,
        BPF_F_NO_PREALLOC = 1,
        BPF_F_CLONE = 1 << 9,
        BPF_SK_STORAGE_GET_F_CREATE = 1,
};

/* bpf_sock_ops.op, and the flag that asks for STATE_CB */
enum {
        BPF_SOCK_OPS_TIMEOUT_INIT = 1,
        BPF_SOCK_OPS_TCP_CONNECT_CB = 3,
        BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB = 5,
        BPF_SOCK_OPS_STATE_CB = 10,
        BPF_SOCK_OPS_STATE_CB_FLAG = 1 << 2,
};

enum { BPF_TCP_CLOSE = 7 };

enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16 };
enum sock_type { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3 };

enum {
        IPPROTO_ICMP = 1,
        IPPROTO_TCP = 6,
        IPPROTO_UDP = 17,
        IPPROTO_IPV6 = 41,
        IPPROTO_ICMPV6 = 58,
        IPPROTO_UDPLITE = 136,
};

enum { ETH_P_IP = 0x0800, ETH_P_IPV6 = 0x86dd };

/* ---- contexts: user API, fixed layout ---- */

struct bpf_sock {
        __u32 bound_dev_if;
        __u32 family;
        __u32 type;
        __u32 protocol;
};

struct bpf_sock_addr {
        __u32 user_family;
        __u32 user_ip4;
        __u32 user_ip6[4];
        __u32 user_port; /* network order, in the first two bytes */
        __u32 family;
        __u32 type;
        __u32 protocol;
        __u32 msg_src_ip4;
        __u32 msg_src_ip6[4];
        union {
                struct bpf_sock *sk;
                __u64 : 64;
        } __attribute__((aligned(8)));
};

struct bpf_sock_ops {
        __u32 op;
        union {
                __u32 args[4];
                __u32 reply;
        };
        __u32 family;
        __u32 remote_ip4;
        __u32 local_ip4;
        __u32 remote_ip6[4];
        __u32 local_ip6[4];
        __u32 remote_port; /* network order */
        __u32 local_port; /* host order */
        __u32 is_fullsock;
        __u32 snd_cwnd;
        __u32 srtt_us;
        __u32 bpf_sock_ops_cb_flags;
        __u32 state;
        __u32 rtt_min;
        __u32 snd_ssthresh;
        __u32 rcv_nxt;
        __u32 snd_nxt;
        __u32 snd_una;
        __u32 mss_cache;
        __u32 ecn_flags;
        __u32 rate_delivered;
        __u32 rate_interval_us;
        __u32 packets_out;
        __u32 retrans_out;
        __u32 total_retrans;
        __u32 segs_in;
        __u32 data_segs_in;
        __u32 segs_out;
        __u32 data_segs_out;
        __u32 lost_out;
        __u32 sacked_out;
        __u32 sk_txhash;
        __u64 bytes_received;
        __u64 bytes_acked;
        union {
                struct bpf_sock *sk;
                __u64 : 64;
        } __attribute__((aligned(8)));
};

struct __sk_buff {
        __u32 len;
        __u32 pkt_type;
        __u32 mark;
        __u32 queue_mapping;
        __u32 protocol; /* network order */
        __u32 vlan_present;
        __u32 vlan_tci;
        __u32 vlan_proto;
        __u32 priority;
        __u32 ingress_ifindex;
        __u32 ifindex;
        __u32 tc_index;
        __u32 cb[5];
        __u32 hash;
        __u32 tc_classid;
        __u32 data;
        __u32 data_end;
        __u32 napi_id;
        __u32 family;
        __u32 remote_ip4;
        __u32 local_ip4;
        __u32 remote_ip6[4];
        __u32 local_ip6[4];
        __u32 remote_port;
        __u32 local_port;
        __u32 data_meta;
        __u64 flow_keys;
        __u64 tstamp;
        __u32 wire_len;
        __u32 gso_segs;
        union {
                struct bpf_sock *sk;
                __u64 : 64;
        } __attribute__((aligned(8)));
};

struct task_struct;
struct bpf_iter_meta;

struct bpf_iter__task {
        union {
                struct bpf_iter_meta *meta;
                __u64 : 64;
        } __attribute__((aligned(8)));
        union {
                struct task_struct *task;
                __u64 : 64;
        } __attribute__((aligned(8)));
};

/* ---- inside the kernel: offsets are found when the program is loaded ---- */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
        __u64 id;
        const char *name;
};

struct cgroup_root {
        int hierarchy_id; /* 0: the default (v2) hierarchy */
};

struct cgroup_subsys_state {
        struct cgroup_subsys_state *parent;
};

struct cgroup {
        struct cgroup_subsys_state self; /* first: its parent's is where the parent is */
        int level; /* 0: the root */
        struct kernfs_node *kn;
        struct cgroup_root *root;
        struct cgroup *ancestors[]; /* since 6.1; [level] is the cgroup itself */
};

struct css_set {
        struct cgroup *dfl_cgrp;
};

typedef struct {
        int counter;
} atomic_t;

struct signal_struct {
        atomic_t live;
};

struct super_block {
        unsigned long s_magic;
};

struct inode {
        unsigned long i_ino;
        struct super_block *i_sb;
};

struct vfsmount {
        struct super_block *mnt_sb;
};

struct qstr {
        const unsigned char *name;
};

struct dentry {
        struct qstr d_name;
        struct inode *d_inode;
};

struct path {
        struct dentry *dentry;
};

struct file {
        struct path f_path;
};

struct mm_struct {
        struct file *exe_file;
};

struct sock;

struct socket {
        struct file *file;
        struct sock *sk;
};

struct sock_common {
        unsigned short skc_family;
        volatile unsigned char skc_state;
};

struct sock {
        struct sock_common __sk_common;
        struct socket *sk_socket;
        __u16 sk_type;
};

struct task_struct {
        int pid, tgid;
        struct mm_struct *mm;
        struct task_struct *real_parent;
        struct signal_struct *signal;
        struct css_set *cgroups;
};

#pragma clang attribute pop
