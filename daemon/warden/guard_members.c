/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that take their guard along (bpf/members): those who were in a cgroup before it
 * was tagged are entered by a task iterator, because only the kernel knows process ids as
 * its programs see them.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/warden/guard_internal.h"

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INIT_PID_NAMESPACE 0xEFFFFFFCU

int sp_guard_members_seed(struct sp_guard *g)
{
        char pin[PATH_MAX], nothing[64];
        sp_autoclose int link = -1, iter = -1;
        ssize_t n;
        int r = sp_guard_load_pin_path(g, pin, "links", "sallyport_seed");

        if (r)
                return r;
        link = bpf_obj_get(pin);
        if (link < 0)
                return errno == ENOENT ? 0 : -errno; /* this kernel has no members */
        iter = bpf_iter_create(link);
        if (iter < 0)
                return -errno;
        while ((n = read(iter, nothing, sizeof(nothing))) > 0)
                ;
        return n < 0 ? -errno : 0;
}

int sp_guard_members_forget(struct sp_guard *g, uint64_t guard_id)
{
        uint32_t pid, next;
        uint64_t id;
        int more = !bpf_map_get_next_key(g->members_fd, NULL, &pid);

        while (more) {
                more = !bpf_map_get_next_key(g->members_fd, &pid, &next);
                if (!bpf_map_lookup_elem(g->members_fd, &pid, &id) &&
                    (id & ~SP_MEMBER_AWAY) == guard_id &&
                    bpf_map_delete_elem(g->members_fd, &pid) && errno != ENOENT)
                        return -errno;
                pid = next;
        }
        return 0;
}

bool sp_guard_sees_kernel_pids(void)
{
        struct stat st;

        return !stat("/proc/self/ns/pid", &st) && st.st_ino == INIT_PID_NAMESPACE;
}

int sp_guard_members_find(struct sp_guard *g, pid_t pid, struct sp_guard_member *ret)
{
        uint32_t key = (uint32_t)pid, at = key / 32;
        struct sp_guard_member m = { 0 };
        uint64_t id, bits;

        if (!sp_guard_sees_kernel_pids()) {
                *ret = m;
                return 0;
        }
        if (bpf_map_lookup_elem(g->lost_members_fd, &at, &bits))
                return -errno;
        bits = bits >> (key % 32 * 2) & (SP_LOST_MEMBER | SP_LOST_AWAY);
        m.is_lost = bits != 0;
        m.is_away = bits & SP_LOST_AWAY;
        if (!bpf_map_lookup_elem(g->members_fd, &key, &id)) {
                m.id = id & ~SP_MEMBER_AWAY;
                m.is_away |= (id & SP_MEMBER_AWAY) != 0;
        } else if (errno != ENOENT) {
                return -errno;
        }
        *ret = m;
        return 0;
}
