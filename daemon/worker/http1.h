/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/http1 — a strict HTTP/1.1 request reader.
 *
 * Job:       bytes in pieces of any size → one complete request at a time, in the arena.
 * Errors:    any form with two readings is refused (RFC 9112 §6.3, §11.2): Content-Length with
 *            Transfer-Encoding, repeated or signed lengths, obs-fold, bare LF or CR, NUL, blanks before a
 *            colon, unknown transfer codings, bad chunk sizes and extensions, trailers, GET with
 *            a body, CONNECT, Upgrade, absolute-form, HTTP/1.0, duplicate Host.
 *            -EBADMSG or -EMSGSIZE with id "http.*"; exchange_fields.h gives the status to answer.
 *            After an error the reader is spent: answer and close.
 * Limits:    head 64 KiB, 100 headers, body as given.
 * Spec:      RFC 9110, RFC 9112.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/err.h"
#include "daemon/google/request.h"

#define SP_HTTP_HEAD_MAX (64 * 1024)
#define SP_HTTP_HEADERS_MAX 100

struct sp_http1; /* reader state of one connection */
sp_must_check int sp_http1_new(uint64_t body_max_bytes, struct sp_http1 **ret);
struct sp_http1 *sp_http1_free(struct sp_http1 *h);
SP_DEFINE_CLEANUP(struct sp_http1 *, sp_http1_free)
/*
 * Eats from the front of `in`; *ret_eaten bytes were used. 1: *ret holds a complete request
 * (strings in `a`); 0: needs more bytes. `expect_continue` is set once when the client
 * waits for "100 Continue".
 */
sp_must_check int sp_http1_read(struct sp_http1 *h, struct sp_arena *a,
                                struct sp_str in, size_t *ret_eaten,
                                struct sp_request *ret, bool *expect_continue,
                                struct sp_err *reterr);
bool sp_http1_is_idle(const struct sp_http1 *h); /* between two requests */
/* The request handed out last said "Connection: close". Ask before reading on. */
bool sp_http1_is_last(const struct sp_http1 *h);
bool sp_http1_is_in_body(
        const struct sp_http1 *h); /* the head is complete, the body not */
