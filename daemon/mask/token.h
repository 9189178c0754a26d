/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/token — values that look like what they stand for, and can be turned back with the key.
 *
 * Job:       the SQL of the mask `tokenize`, what that SQL gives for a value, and the way back.
 * In:        `salt`: the key of the session, as in the parameter @sallyport_salt.
 * Out:       a string: digits for digits, letters for letters of the same case, everything else
 *            in its place; an integer: any other of the same sign. What has too few letters and
 *            digits to hide among, is too long or is not ASCII becomes its keyed hash (64
 *            hexadecimal digits, which no token is): that has no way back.
 * How:       a Feistel network of ten rounds. A string is cut before the letter or digit that
 *            begins its second half; a round adds a keyed digest of the one half, and of what
 *            can be seen of the whole (its length, its classes), to the letters and digits
 *            of the other, each within its class. An integer is cut into 32 and 31 bits.
 * Errors:    -EBADMSG: not a value of the type, or no token.
 * Spec:      docs/policy.md §6; NIST SP 800-38G for rounds and the smallest domain (10^6).
 */
#pragma once

#include "daemon/base/buf.h"

#define SP_TOKEN_ROUNDS 10
#define SP_TOKEN_STRING_MAX 63 /* characters; the hash has 64 */
#define SP_TOKEN_HALF_MAX 32 /* two bytes of a SHA-512 for each */
#define SP_TOKEN_MIN 6 /* letters and digits: 10^6 values at least */

/* "STRING", "INTEGER" or "INT64". */
bool sp_token_fits(struct sp_str type);
/* `value`: the SQL of the raw value, written several times. */
sp_must_check int sp_token_put_sql(struct sp_buf *to, struct sp_str type,
                                   struct sp_str value);
sp_must_check int sp_token_put_string(struct sp_buf *to, struct sp_str salt,
                                      struct sp_str value);
sp_must_check int sp_token_put_integer(struct sp_buf *to, struct sp_str salt,
                                       struct sp_str value);
/* The way back. Every string of the right form is the token of some value: a token that the
 * session never showed gives a value that the table never had. */
sp_must_check int sp_token_undo_string(struct sp_buf *to, struct sp_str salt,
                                       struct sp_str token);
sp_must_check int sp_token_undo_integer(struct sp_buf *to, struct sp_str salt,
                                        struct sp_str token);
