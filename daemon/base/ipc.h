/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/ipc — one end of a SOCK_SEQPACKET pair between two roles.
 *
 * Job:       send and receive whole messages {type, id, payload, optional descriptor}
 *            without blocking; what the socket does not take waits in a bounded queue.
 *            A payload over SP_IPC_INLINE_MAX travels in a sealed memfd.
 * Ownership: sp_ipc owns its socket. A received message's payload lives until the next
 *            sp_ipc_recv on the same end; its `fd` belongs to the caller (SP_TAKE_FD).
 *            A sent descriptor is duplicated: the caller keeps its own.
 * Errors:    -EPIPE: the other end is gone. -ENOBUFS: the queue is full (the peer is
 *            stuck: treat it as gone). -EBADMSG: not our framing; close.
 * Loop:      none of its own. Watch sp_ipc.fd for reading always, for writing while
 *            sp_ipc_wants_write; then call sp_ipc_flush.
 */
#pragma once

#include "daemon/base/buf.h"

#define SP_IPC_VERSION 1
#define SP_IPC_INLINE_MAX (60 * 1024)
#define SP_IPC_PAYLOAD_MAX (16 * 1024 * 1024)
#define SP_IPC_QUEUE_MAX 1024 /* messages */

struct sp_ipc_msg {
        uint16_t type;
        uint64_t id; /* pairs an answer with its question; 0: no answer wanted */
        struct sp_str payload;
        int fd; /* -1: none */
};

struct sp_ipc_queued;
struct sp_ipc {
        int fd;
        struct sp_ipc_queued *head, **tail;
        size_t queued;
        struct sp_buf in;
};

sp_must_check int sp_ipc_pair(int ret[2]); /* non-blocking, close-on-exec */

/* Who is at the other end, by the kernel's word: the end that was started says hello before
 * anything else, the other one expects it before the first could speak, then meets it.
 * `fd` is a socket that no sp_ipc has yet. Meet: 1: *ret is the process that said hello;
 * 0: none yet; -EBADMSG: it said something else. */
struct ucred;
sp_must_check int sp_ipc_hello(int fd);
sp_must_check int sp_ipc_expect(int fd);
sp_must_check int sp_ipc_meet(int fd, struct ucred *ret);
void sp_ipc_init(struct sp_ipc *c, int fd); /* takes fd */
void sp_ipc_done(struct sp_ipc *c);
static inline bool sp_ipc_wants_write(const struct sp_ipc *c)
{
        return c->head != NULL;
}
sp_must_check int sp_ipc_send(struct sp_ipc *c, uint16_t type, uint64_t id,
                              struct sp_str payload, int fd);
sp_must_check int sp_ipc_flush(struct sp_ipc *c);
/* 1: *ret holds a message; 0: none now. */
sp_must_check int sp_ipc_recv(struct sp_ipc *c, struct sp_ipc_msg *ret);
/* A sealed, read-only-from-now-on memfd with `content`; and its reading back. */
sp_must_check int sp_memfd_new(const char *name, struct sp_str content, int *ret);
sp_must_check int sp_memfd_read(int fd, size_t max, struct sp_buf *ret);
