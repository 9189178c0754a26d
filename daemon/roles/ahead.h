/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/ahead — upstream connections are read many TLS records at a time.
 *
 * Job:       a BIO between OpenSSL and libcurl's socket that asks the kernel for as much as there is. By
 *            itself OpenSSL asks twice a record: for its head and for the rest.
 * Danger:    libcurl asks the socket whether there is more to read, and what waits here is not in the
 *            socket any more. So `filled` has every connection with such bytes, and who drives libcurl
 *            calls it again until none is left (roles/upstream). SSL_CTX_set_read_ahead would hide them in
 *            OpenSSL, which does not say how many there are.
 * Ownership: OpenSSL owns the BIO, the BIO its struct sp_ahead; *owner is NULL again when it is freed. A
 *            buffer is there only while bytes are in it, and one more for whoever reads next.
 * Errors:    without memory there is none: then the connection is read as OpenSSL does.
 */
#pragma once

#include <openssl/ssl.h>

#include "daemon/base/str.h"

#define SP_AHEAD_BYTES ((size_t)(128 * 1024))

struct sp_aheads;
struct sp_ahead {
        struct sp_aheads *all;
        struct sp_ahead *next, **prev; /* among the filled; prev NULL: not */
        struct sp_ahead **owner; /* who is told of the end; may be NULL */
        void *user; /* the owner's */
        SSL *ssl;
        int fd;
        char *buffer;
        size_t at, end;
        size_t tried; /* what was left when its reader was last called */
        bool has_news; /* not data, and OpenSSL alone has heard of it */
};

struct sp_aheads {
        BIO_METHOD *method;
        int type; /* of BIO */
        struct sp_ahead *filled; /* latest first */
        char *spare;
        bool is_closed; /* nothing more is taken from sockets, only what is here already */
};

sp_must_check int sp_aheads_init(struct sp_aheads *all);
/* After all connections. */
void sp_aheads_done(struct sp_aheads *all);
/* The connection's, or NULL. */
struct sp_ahead *sp_ahead_of(const struct sp_aheads *all, const SSL *ssl);
/* Puts one in between, after the handshake; `fd` is only kept. NULL: no memory. */
struct sp_ahead *sp_ahead_new(struct sp_aheads *all, SSL *ssl, int fd);
/* Begins a round of calls to those who have something to read. */
void sp_aheads_begin(struct sp_aheads *all);
/* Who is to be called next, in this round; NULL: nobody more. `can_read` is asked of its user. */
struct sp_ahead *sp_aheads_next(struct sp_aheads *all,
                                bool (*can_read)(const void *user));
void sp_aheads_end(struct sp_aheads *all);
/* Has OpenSSL decrypt the next record, if it is here whole: then libcurl knows of it, and neither asks
 * the socket nor has to be called again. Behind a read that succeeded. */
void sp_ahead_decrypt(struct sp_ahead *a);
/* Before a request: nothing may have come that answers none. */
bool sp_ahead_is_clean(const struct sp_ahead *a);
