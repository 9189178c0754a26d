/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/origin.h"

#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The plain system call: libbpf's wrapper would bring its other uses into the worker's
 * system call filter's review for nothing. */
int sp_origin_read(int map_fd, int socket_fd, struct sp_origin *ret)
{
        struct sp_origin origin = { .guard_id = 0 };
        union bpf_attr attr;

        memset(&attr, 0, sizeof(attr));
        attr.map_fd = (uint32_t)map_fd;
        attr.key = (uint64_t)(uintptr_t)&socket_fd;
        attr.value = (uint64_t)(uintptr_t)&origin;
        if (syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0)
                return -errno;
        if (origin.guard_id == 0)
                return -ENOENT; /* storage without an owner is no origin */
        *ret = origin;
        return 0;
}

int sp_origin_read_open(int map_fd, int socket_fd, struct sp_origin *ret)
{
        struct tcp_info info = { 0 };
        socklen_t n = sizeof(info);
        struct sp_origin origin;
        int r = sp_origin_read(map_fd, socket_fd, &origin);

        if (r < 0)
                return r;
        if (getsockopt(socket_fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
                return -errno;
        /* CLOSE_WAIT: a client that has said all and waits for the answer */
        if (info.tcpi_state != TCP_ESTABLISHED && info.tcpi_state != TCP_CLOSE_WAIT)
                return -ENOTCONN;
        *ret = origin;
        return 0;
}
