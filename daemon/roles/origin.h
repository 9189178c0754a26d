/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/origin — where an accepted connection came from, out of the kernel's hands.
 *
 * Job:       look up the socket storage of an accepted socket by its descriptor. The worker does it
 *            for itself; the warden again for each socket that a worker speaks for.
 * Errors:    -ENOENT: nothing registered, so nobody of ours redirected it: close; also any other
 *            socket. -ENOTSOCK, others: -errno.
 * Spec:      DESIGN.md section 6, include/sallyport/bpf_abi.h
 */
#pragma once

#include "daemon/base/def.h"
#include "include/sallyport/bpf_abi.h"

sp_must_check int sp_origin_read(int map_fd, int socket_fd, struct sp_origin *ret);
/* -ENOTCONN: its connection has ended: storage lasts as long as a descriptor is open. */
sp_must_check int sp_origin_read_open(int map_fd, int socket_fd, struct sp_origin *ret);
