/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h, since Linux 5.14 */
#endif

int sp_netns_enter(int netns_fd, int *ret_own)
{
        sp_autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        struct stat here, there;

        if (own < 0 || fstat(own, &here) || fstat(netns_fd, &there))
                return -errno;
        if (here.st_ino == there.st_ino) {
                *ret_own = -1; /* nothing to do, and no capability needed */
                return 0;
        }
        if (setns(netns_fd, CLONE_NEWNET))
                return -errno;
        *ret_own = SP_TAKE_FD(own);
        return 0;
}

void sp_netns_leave(int own)
{
        if (own < 0)
                return;
        if (setns(own, CLONE_NEWNET))
                abort(); /* in a workload's network we must not go on */
        (void)close(own);
}

int sp_netns_open(pid_t pid, int *ret_fd, uint64_t *ret_inode)
{
        sp_autoclose int fd = -1;
        char path[64];
        struct stat st;

        (void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st))
                return -errno;
        *ret_inode = st.st_ino;
        *ret_fd = SP_TAKE_FD(fd);
        return 0;
}

int sp_netns_cookie(uint64_t *ret)
{
        sp_autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        socklen_t n = sizeof(*ret);

        if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &n))
                return -errno;
        return 0;
}
