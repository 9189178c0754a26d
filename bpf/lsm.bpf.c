/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf/lsm — what no cgroup hook sees, where the kernel runs BPF security modules.
 *
 * Hook:   socket_create, file_receive, ptrace_access_check, bpf, inode_unlink, inode_rename,
 *         sb_umount.
 * Out:    a guarded process is refused: families other than IPv4, IPv6, Unix and netlink;
 *         connected, listening and raw sockets from outside, passed or taken; tracing,
 *         reading and writing processes of no guard or another; bpf(); changes of what is pinned.
 * Needs:  CONFIG_BPF_LSM, and `bpf` in the kernel's `lsm=` list. An extra.
 * Fails:  closed by default: there is nothing here that can fail and let pass.
 */
#include "bpf/lib/event.h"
#include "bpf/lib/guard.h"
#include "bpf/lib/others.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define EPERM 1
#define BPF_FS_MAGIC 0xcafe4a11 /* include/uapi/linux/magic.h */
#define TCP_CLOSE 7 /* a socket that is not connected and does not listen; UDP, too */

static __always_inline int refuse(struct guard g, enum sp_guard_what what, __u8 family,
                                  __u8 type)
{
        struct attempt a = { .guard_id = g.id,
                             .cgroup_id = bpf_get_current_cgroup_id(),
                             .what = what,
                             .family = family,
                             .type = type,
                             .has_task = true };

        count(what == SP_GUARD_REFUSED_SOCKET ? SP_STAT_REFUSED_SOCKET
                                              : SP_STAT_REFUSED_HOST);
        report(&a);
        return -EPERM;
}

static __always_inline bool is_ordinary(int family)
{
        return family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
               family == AF_NETLINK;
}

SEC("lsm/socket_create")
int BPF_PROG(sallyport_lsm_socket, int family, int type, int protocol, int is_kernels,
             int ret)
{
        struct guard g;

        if (ret || is_kernels || is_ordinary(family))
                return ret;
        g = caller_guard();
        return is_guarded(g) ? refuse(g, SP_GUARD_REFUSED_SOCKET, family, type) : 0;
}

/* Sockets that are neither connected nor odd are judged when they are used. */
static __always_inline bool is_harmless(struct sock *sk)
{
        __u16 family = sk->__sk_common.skc_family;

        if (family == AF_UNIX || family == AF_NETLINK)
                return true;
        return is_ordinary(family) && sk->sk_type != SOCK_RAW &&
               sk->__sk_common.skc_state == TCP_CLOSE;
}

SEC("lsm/file_receive")
int BPF_PROG(sallyport_lsm_receive, struct file *file, int ret)
{
        struct socket *socket = bpf_sock_from_file(file);
        struct sock *sk;
        struct guard g;

        if (ret || !socket)
                return ret;
        sk = socket->sk;
        if (!sk || is_harmless(sk))
                return 0;
        g = caller_guard();
        if (!is_guarded(g) || bpf_sk_storage_get(&births, sk, 0, 0))
                return 0; /* not guarded, or from one of its kind */
        return refuse(g, SP_GUARD_REFUSED_FILE, sk->__sk_common.skc_family,
                      sk->sk_type);
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(sallyport_lsm_ptrace, struct task_struct *child, unsigned int mode,
             int ret)
{
        struct guard g;

        if (ret)
                return ret;
        g = caller_guard();
        if (!is_guarded(g) || (g.id && guard_of_task(child) == g.id))
                return 0;
        return refuse(g, SP_GUARD_REFUSED_PROCESS, 0, 0);
}

SEC("lsm/bpf")
int BPF_PROG(sallyport_lsm_bpf, int command, void *attr, unsigned int size, int ret)
{
        struct guard g;

        if (ret)
                return ret;
        g = caller_guard();
        return is_guarded(g) ? refuse(g, SP_GUARD_REFUSED_BPF, 0, 0) : 0;
}

static __always_inline int keep_pins(struct super_block *sb)
{
        struct guard g;

        if (sb->s_magic != BPF_FS_MAGIC)
                return 0;
        g = caller_guard();
        return is_guarded(g) ? refuse(g, SP_GUARD_REFUSED_BPF, 0, 0) : 0;
}

SEC("lsm/inode_unlink")
int BPF_PROG(sallyport_lsm_unlink, struct inode *dir, struct dentry *entry, int ret)
{
        return ret ? ret : keep_pins(dir->i_sb);
}

SEC("lsm/inode_rename")
int BPF_PROG(sallyport_lsm_rename, struct inode *dir, struct dentry *entry,
             struct inode *to_dir, struct dentry *to)
{
        return keep_pins(dir->i_sb);
}

SEC("lsm/sb_umount")
int BPF_PROG(sallyport_lsm_umount, struct vfsmount *mount, int flags, int ret)
{
        return ret ? ret : keep_pins(mount->mnt_sb);
}
