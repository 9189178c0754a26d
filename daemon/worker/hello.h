/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/hello — the server name out of the first bytes of a TLS connection.
 *
 * Job:       read the record layer and the ClientHello just far enough to choose
 *            between terminating, splicing and refusing, before OpenSSL sees a byte.
 * In:        everything received so far on the connection, from its first byte.
 * Out:       struct sp_hello by value.
 * Errors:    -EPROTO "tls.not-tls" (no handshake record), -EBADMSG "tls.bad-hello",
 *            -EMSGSIZE "tls.hello-too-large". A hello without a name is no error here:
 *            sni_n is 0.
 * Limits:    message 16 KiB, with record headers 18 KiB.
 * Spec:      RFC 8446 §4.1.2 and §5.1, RFC 6066 §3, RFC 9849 §5.
 */
#pragma once

#include "daemon/base/err.h"

#define SP_HELLO_MAX (16 * 1024)
#define SP_HELLO_RAW_MAX                                                               \
        (18 * 1024) /* a hello cut into absurdly small records ends here */

struct sp_hello {
        char sni[256]; /* as sent; NUL-terminated */
        size_t sni_n; /* 0: no server_name extension */
        bool hides_name; /* there may be another hello, encrypted, for another name */
};

/* 1: *ret is filled; 0: needs more bytes. The answer depends on the bytes only, not on
 * how they were cut into records or calls. */
sp_must_check int sp_hello_parse(struct sp_str in, struct sp_hello *ret,
                                 struct sp_err *reterr);
