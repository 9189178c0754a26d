/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/netns — for a moment in another network namespace.
 *
 * Job:    enter it, come back, tell which one it is.
 * Errors: -errno. Who cannot come back does not go on: it would act, and be reached, from
 *         within a workload's network.
 * Needs:  CAP_SYS_ADMIN over the namespace; a single thread, or one that does nothing else.
 */
#pragma once

#include <sys/types.h>

#include "daemon/base/def.h"

/* *ret_own: where to go back to; -1: we are there. */
sp_must_check int sp_netns_enter(int netns_fd, int *ret_own);
void sp_netns_leave(int own); /* closes it */
/* Of process `pid`. */
sp_must_check int sp_netns_open(pid_t pid, int *ret_fd, uint64_t *ret_inode);
/* What bpf_get_netns_cookie says here: unlike inodes no two ever have the same. */
sp_must_check int sp_netns_cookie(uint64_t *ret);
