/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/listeners — the four sockets of one worker.
 *
 * Job:       TLS and metadata port on 127.0.0.1 and ::1, each worker with sockets of
 * its own (SO_REUSEPORT), so that workers share no accept queue. The warden keeps them
 *            open: a worker that restarts finds its queue as it was.
 * Errors:    "listen.*". A machine without IPv6 gets two sockets: IPv6 connections of
 *            guarded processes are then refused by the kernel, because nobody listens.
 * Place:     the sockets belong to the warden's own cgroup, which must be inside the
 *            guard's attach point for the kernel to hand origins over.
 */
#pragma once

#include "daemon/base/err.h"

#define SP_LISTENERS 4
struct sp_listener {
        int fd; /* -1: none */
        bool is_metadata;
};
struct sp_listeners {
        struct sp_listener each[SP_LISTENERS];
};

sp_must_check int sp_listeners_open(uint16_t port, uint16_t metadata_port,
                                    struct sp_listeners *ret, struct sp_err *reterr);
void sp_listeners_close(struct sp_listeners *l);
