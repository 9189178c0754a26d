/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/tls — the server side of TLS for all connections of a worker.
 *
 * Job:       one SSL_CTX, built once (its building is slow and contended in OpenSSL
 *            3.0), a cache of leaf certificates by name, and sessions that read and
 *            write the socket directly behind bytes that were already read.
 * In:        leaves come from `get_leaf`, asked once per name however many wait.
 * Ownership: sp_tls owns the leaves. A waiting connection embeds struct sp_tls_wait and
 *            must cancel it before it goes away.
 * Errors:    -errno; details of OpenSSL are logged at debug.
 * Policy:    TLS 1.2 and 1.3, ECDHE with AEAD only, no renegotiation, no compression,
 *            tickets, ALPN h2 then http/1.1 (none offered: http/1.1; none of these:
 *            refused).
 */
#pragma once

#include <openssl/ssl.h>

#include "daemon/worker/conn.h"

#define SP_TLS_LEAVES_MAX 256
/* Two packets of loopback; what a client that does not read may cost beside its answer. */
#define SP_TLS_GATHER_MAX ((size_t)(128 * 1024))

struct sp_tls;
struct sp_tls_wait {
        struct sp_tls_wait *next, **prev; /* prev NULL: not waiting */
        void (*ready)(struct sp_tls_wait *w, int err);
};

/* `get_leaf` is called with `userdata`, as in struct sp_front_hooks. */
sp_must_check int sp_tls_new(void (*get_leaf)(void *userdata, struct sp_str sni,
                                              sp_leaf_fn done, void *done_data),
                             void *userdata, struct sp_tls **ret);
/* Answers to get_leaf may still come afterwards: they are ignored. */
struct sp_tls *sp_tls_free(struct sp_tls *t);

/* 1: the leaf of `name` is there; 0: w->ready will be called, later; negative: none. */
sp_must_check int sp_tls_leaf(struct sp_tls *t, struct sp_str name,
                              struct sp_tls_wait *w);
void sp_tls_cancel(struct sp_tls_wait *w);

/* What a session reads: first the bytes already taken from the socket, then the socket.
 * What it writes: to the socket, or, while it gathers, here, so that the kernel gets many
 * records at a time: each send costs its packets and the client's wake-up. */
struct sp_tls_out; /* there only while records wait in it: an idle connection pays for little */
struct sp_tls_io {
        int fd;
        uint32_t sent; /* bytes that the kernel took; only a change means anything */
        struct sp_str first;
        struct sp_tls_out *out;
};
/* -ENOENT when the leaf has gone from the cache meanwhile. `io` outlives the session.
 */
sp_must_check int sp_tls_open(struct sp_tls *t, struct sp_str name,
                              struct sp_tls_io *io, SSL **ret);
/* Gives up what waits. */
void sp_tls_io_done(struct sp_tls_io *io);
/* `n` bytes will be written: gathers their records if they are several. */
void sp_tls_io_gather(struct sp_tls_io *io, size_t n);
/* Sends what was gathered, and gathers no more. 1: all of it; 0: the socket is full, call again;
 * negative: broken. */
sp_must_check int sp_tls_io_send(struct sp_tls_io *io);
/* After the handshake: the name inside equals the name that was decided on. */
bool sp_tls_name_is(const SSL *ssl, struct sp_str name);
bool sp_tls_is_h2(const SSL *ssl);
