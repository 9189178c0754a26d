/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/digest — SHA-256, SHA-512, HMAC-SHA-256, hex and base64url, over OpenSSL.
 *
 * Errors: -EIO when OpenSSL fails, -ENOBUFS from the buffer, -EINVAL for bad input.
 * Spec:   FIPS 180-4, RFC 2104, RFC 4648 §4 (base64) and §5 (base64url, no padding).
 */
#pragma once

#include "daemon/base/buf.h"

#define SP_SHA256_LEN 32
#define SP_SHA256_HEX_LEN 64
#define SP_SHA512_LEN 64

struct sp_digest; /* a running SHA-256 */
struct sp_digest *sp_digest_new(void); /* NULL: no memory */
struct sp_digest *sp_digest_free(struct sp_digest *d);
SP_DEFINE_CLEANUP(struct sp_digest *, sp_digest_free)
/* Forgets what was added, also after sp_digest_end: cheaper than a new one. */
sp_must_check int sp_digest_restart(struct sp_digest *d);
sp_must_check int sp_digest_add(struct sp_digest *d, struct sp_str s);
sp_must_check int sp_digest_end(struct sp_digest *d, uint8_t ret[SP_SHA256_LEN]);

sp_must_check int sp_sha256(struct sp_str s, uint8_t ret[SP_SHA256_LEN]);
sp_must_check int sp_sha512(struct sp_str s, uint8_t ret[SP_SHA512_LEN]);
sp_must_check int sp_hmac_sha256(struct sp_str key, struct sp_str s,
                                 uint8_t ret[SP_SHA256_LEN]);
void sp_hex(const uint8_t *p, size_t n, char *to); /* writes 2n digits and a NUL */
sp_must_check int sp_unhex(struct sp_str s, uint8_t *to,
                           size_t n); /* exactly n bytes */
sp_must_check int sp_base64url(struct sp_buf *to, struct sp_str s);
sp_must_check int sp_base64url_decode(struct sp_buf *to, struct sp_str s); /* strict */
sp_must_check int sp_base64(struct sp_buf *to, struct sp_str s); /* with padding */
