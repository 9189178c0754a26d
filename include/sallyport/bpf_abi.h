/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * bpf_abi — what the BPF programs and the daemon must agree on.
 *
 * Fixed width, explicit padding, sizes asserted: both compilers must lay it out alike.
 */
#pragma once

#ifndef __bpf__
#include <stdint.h>
typedef uint8_t __sp_u8;
typedef uint16_t __sp_u16;
typedef uint32_t __sp_u32;
typedef uint64_t __sp_u64;
#else
typedef __u8 __sp_u8;
typedef __u16 __sp_u16;
typedef __u32 __sp_u32;
typedef __u64 __sp_u64;
#endif

#define SP_COMM_LEN 16

/* Where a redirected connection came from and where it wanted to go. In the socket
 * storage of the accepted socket: the daemon reads it by descriptor. */
struct sp_origin {
        __sp_u64 guard_id; /* the guarded cgroup: == st_ino of its directory */
        __sp_u64 cgroup_id; /* the caller's own cgroup */
        __sp_u64 netns_cookie;
        __sp_u32 pid, tid, uid, gid;
        __sp_u32 dst_ip[4]; /* network order; IPv4 in [3] as ::ffff:a.b.c.d */
        __sp_u16 dst_port; /* host order */
        __sp_u8 family; /* AF_INET or AF_INET6, as the client asked */
        __sp_u8 is_metadata; /* the destination was a metadata server address */
        __sp_u32 pad;
        char comm[SP_COMM_LEN];
};
_Static_assert(sizeof(struct sp_origin) == 80, "layout shared with BPF");

/* Connecting a datagram socket there sends nothing and is refused in a guard, untold and
 * uncounted: so whoever starts something in one can see that it is there. So is making a raw
 * socket of that protocol (RFC 3692: for experiments), for those who could make any. */
#define SP_PROBE_IP4 0x7f535031u /* 127.83.80.49, host order */
#define SP_PROBE_PORT 9 /* discard */
#define SP_PROBE_PROTOCOL 253

/* Bumped whenever a pinned map changes its shape: it names the pin directory. */
#define SP_BPF_ABI 4

#define SP_TAG_PATTERN_LEN 192 /* with the NUL behind it */
#define SP_TAG_WORKLOAD_LEN 64 /* with the NUL behind it */
#define SP_TAGS_MAX 256
#define SP_GUARDED_MAX 16384 /* guarded directories that exist at one time */
#define SP_BRIDGE_MAX 65536 /* connections between connect() and the accepted side */
#define SP_EVENTS_BYTES (256 * 1024)
#define SP_MEMBERS_MAX 262144 /* guarded processes */
/* In a value of `members`: it moved itself into a cgroup of another guard. */
#define SP_MEMBER_AWAY (1ull << 63)
/* Map `lost_members`: two bits for each process id, 32 ids in an entry. */
#define SP_PIDS_MAX 4194304 /* include/linux/threads.h: PID_MAX_LIMIT */
#define SP_LOST_MEMBER 1 /* guarded, and there was no room to say by whom */
#define SP_LOST_AWAY 2 /* and not by whom its cgroup says */
#define SP_EXITS_MAX 512 /* address ranges that guarded processes may reach */
#define SP_EXIT_RANGES_MAX 16 /* port ranges of one of them */
#define SP_NETWORKS_MAX 4096 /* network namespaces with sockets of guarded processes */
/* A tagged directory is at most this deep below the v2 root; its children may be
 * deeper. */
#define SP_GUARD_DEPTH_MAX 32

/* Set in each object before it is loaded. Ports are in host order. */
struct sp_bpf_settings {
        __sp_u16 port; /* TLS listener */
        __sp_u16 metadata_port;
        __sp_u32 pad;
        /* Of the directory that the daemon sees as the v2 root: not the hierarchy's where it
         * lives in a cgroup namespace. Patterns begin there, the kernel's paths do not. */
        __sp_u64 root_id;
};
_Static_assert(sizeof(struct sp_bpf_settings) == 16, "layout shared with BPF");

/* Map `tags`: pattern → this. `*` and `?` stay within one path component. */
struct sp_tag_key {
        char pattern[SP_TAG_PATTERN_LEN]; /* "/agents.slice/job-*", padded with NUL */
};
struct sp_tag {
        __sp_u64 score; /* the best score wins where several patterns match; unique */
        __sp_u32 source; /* enum sp_tag_source */
        __sp_u32 pad;
        char workload[SP_TAG_WORKLOAD_LEN];
};
_Static_assert(sizeof(struct sp_tag) == 80, "layout shared with BPF");

enum sp_tag_source { SP_TAG_CONFIG = 1, SP_TAG_RUNTIME = 2 };

/* Map `guarded`: cgroup id → this. */
struct sp_guarded {
        __sp_u64 score; /* of the tag it comes from */
        char workload[SP_TAG_WORKLOAD_LEN];
};
_Static_assert(sizeof(struct sp_guarded) == 72, "layout shared with BPF");

/* Map `exits`, a trie: address range → what is open there. The longest prefix decides
 * alone, so each entry holds what wider ranges open, too. */
struct sp_exit_key {
        __sp_u32 prefix_bits; /* of `ip`; IPv4 as ::ffff:a.b.c.d, so 96 and more */
        __sp_u32 ip[4]; /* network order */
};
_Static_assert(sizeof(struct sp_exit_key) == 20, "layout shared with BPF");
struct sp_exit_range {
        __sp_u8 protocol; /* IPPROTO_…; 0: any */
        __sp_u8 pad;
        __sp_u16 first, last; /* ports, host order; of a protocol without ports: 0 */
};
struct sp_exit {
        __sp_u32 n;
        struct sp_exit_range v[SP_EXIT_RANGES_MAX];
};
_Static_assert(sizeof(struct sp_exit) == 100, "layout shared with BPF");

/* Map `bridge`: the addresses of a connection on its way to the listener, as the client
 * has them → struct sp_origin. IPv4 in [3] as ::ffff:a.b.c.d, ports in host order. */
struct sp_bridge_key {
        __sp_u64 netns_cookie;
        __sp_u32 client_ip[4], listener_ip[4]; /* network order */
        __sp_u16 client_port, listener_port;
        __sp_u32 pad;
};
_Static_assert(sizeof(struct sp_bridge_key) == 48, "layout shared with BPF");

/* Map `networks`: cookie of a network namespace → this. */
enum sp_network_state {
        SP_NETWORK_ASKED = 1, /* by the kernel: a guarded process makes sockets there */
        SP_NETWORK_SERVED, /* the daemon listens there */
        SP_NETWORK_REFUSED, /* it does not: one too many, or it cannot */
};
struct sp_network {
        __sp_u64 since_ns, told_ns; /* CLOCK_MONOTONIC: first asked, last event */
        __sp_u32 state; /* enum sp_network_state */
        __sp_u32 pad;
};
_Static_assert(sizeof(struct sp_network) == 24, "layout shared with BPF");
#define SP_NETWORK_AGAIN_NS 1000000000ull /* after that it is asked for again */
#define SP_NETWORK_HOLD_NS                                                             \
        5000000000ull /* for so long connections wait for the daemon */

/* Map `guard_state`, one entry. */
struct sp_guard_state {
        /* Not 0: a directory that a tag matches could not be entered, and this is the
         * lowest id of such a one. Ids only grow, so whoever is below a directory with
         * this id or a higher one may be one that was lost: it is refused. */
        __sp_u64 lost_from;
};

/* Map `stats`, one slot per CPU each. */
enum sp_guard_stat {
        SP_STAT_REDIRECTED,
        SP_STAT_REDIRECTED_METADATA,
        SP_STAT_ACCEPTED, /* origins handed to the accepted side */
        SP_STAT_REFUSED_UDP,
        SP_STAT_REFUSED_METADATA,
        SP_STAT_REFUSED_SOCKET, /* raw, MPTCP, or another kind than TCP, UDP, ping */
        SP_STAT_REFUSED_EGRESS, /* packets that the second net dropped */
        SP_STAT_REFUSED_LOST, /* see sp_guard_state.lost_from */
        SP_STAT_REFUSED_EXIT, /* an address or port that egress.open does not name */
        SP_STAT_REFUSED_HOST, /* files, processes, bpf(): what the security module refused */
        SP_STAT_LEFT, /* guarded processes that left their cgroup, and stay guarded */
        SP_STAT_HELD, /* first packets that waited for the daemon to listen */
        SP_STAT_TAGGED, /* directories tagged in the kernel as they were made */
        SP_STAT_UNTAGGED,
        SP_STAT_ERROR_STORAGE, /* failed helpers from here on: each refused something */
        SP_STAT_ERROR_BRIDGE,
        SP_STAT_ERROR_NO_BRIDGE, /* accepted, but nobody announced it */
        SP_STAT_ERROR_ACCEPT,
        SP_STAT_ERROR_TAG,
        SP_STAT_ERROR_MEMBER, /* no room for a guarded process: refused if it leaves */
        SP_STAT_ERROR_NETWORK, /* no room for a network namespace */
        SP_STAT_ERROR_EVENT, /* an event was lost; what it told of was still refused */
        SP_STAT_COUNT
};

enum sp_guard_what {
        SP_GUARD_REFUSED_UDP = 1, /* UDP to port 443 */
        SP_GUARD_REFUSED_METADATA, /* metadata address, neither TCP nor port 80 */
        SP_GUARD_REFUSED_SOCKET, /* raw, MPTCP, …: `protocol` and `type` tell */
        SP_GUARD_REFUSED_EGRESS, /* a packet past the connect hooks; no pid, uid, comm
                                  */
        SP_GUARD_REFUSED_LOST,
        SP_GUARD_TAGGED, /* guard_id came into being */
        SP_GUARD_UNTAGGED, /* guard_id is gone */
        SP_GUARD_REFUSED_EXIT,
        SP_GUARD_REFUSED_NAME, /* a question for HTTPS or SVCB records */
        SP_GUARD_REFUSED_FILE, /* a socket from outside, passed in or taken */
        SP_GUARD_REFUSED_PROCESS, /* looked into an unguarded process */
        SP_GUARD_REFUSED_BPF, /* bpf(), or a change of what is pinned */
        SP_GUARD_LEFT, /* pid moved to cgroup_id, and stays guarded by guard_id */
        SP_GUARD_NETWORK, /* a socket in a network where nobody listens for it yet */
};

/* Ring buffer `events`. Grows at its end only: a reader takes what `size` says is there. */
#define SP_EVENT_EXE_LEN 32
#define SP_EVENT_CGROUP_LEN 64
struct sp_guard_event {
        __sp_u64 time_ns; /* CLOCK_MONOTONIC */
        __sp_u64 guard_id, cgroup_id;
        __sp_u32 pid, uid;
        __sp_u32 dst_ip[4]; /* as in sp_origin */
        __sp_u16 dst_port; /* host order */
        __sp_u16 protocol; /* IPPROTO_… */
        __sp_u8 what; /* enum sp_guard_what */
        __sp_u8 family; /* AF_…; 0: no address */
        __sp_u8 type; /* SOCK_… */
        __sp_u8 size_words; /* of this struct, in 8 bytes */
        char comm[SP_COMM_LEN];
        __sp_u32 ppid, pad;
        __sp_u64 exe_inode; /* of the program's file */
        char exe[SP_EVENT_EXE_LEN]; /* its name without directories, may be cut */
        char cgroup[SP_EVENT_CGROUP_LEN]; /* the cgroup's own name: a unit, a scope */
        __sp_u64 netns_cookie; /* SP_GUARD_NETWORK */
};
_Static_assert(sizeof(struct sp_guard_event) == 192, "layout shared with BPF");
