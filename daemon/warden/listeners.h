/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/listeners — the four sockets of one worker.
 *
 * Job:       TLS and metadata port on 127.0.0.1 and ::1, each worker with sockets of
 * its own (SO_REUSEPORT), so that workers share no accept queue. The warden keeps them
 *            open: a worker that restarts finds its queue as it was. Under systemd they are in
 *            the unit's descriptor store (sd_pid_notify_with_fds(3), FDSTORE=1) as well:
 *            connections that come while the daemon restarts wait for the next one.
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

/* What a daemon before this one left in the descriptor store. Empty without systemd. */
struct sp_kept_fds {
        char **names; /* NULL: taken */
        int n; /* descriptors SD_LISTEN_FDS_START … */
};
sp_must_check int sp_kept_fds_receive(struct sp_kept_fds *ret);
/* Closes what nobody took, and removes it from the store. */
void sp_kept_fds_done(struct sp_kept_fds *k);

/* Of worker `index`: takes the kept ones, and makes those that are missing. */
sp_must_check int sp_listeners_open(unsigned index, uint16_t port,
                                    uint16_t metadata_port, struct sp_kept_fds *kept,
                                    struct sp_listeners *ret, struct sp_err *reterr);
/* In the network namespace that we are in, for all workers together: nobody else can listen
 * beside them, and they may be there before the loopback device is up. */
sp_must_check int sp_listeners_open_shared(uint16_t port, uint16_t metadata_port,
                                           struct sp_listeners *ret,
                                           struct sp_err *reterr);
void sp_listeners_close(struct sp_listeners *l);
