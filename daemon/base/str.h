/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/str — a borrowed run of bytes: pointer and length, never NUL-terminated by hope.
 *
 * Ownership: none. A sp_str lives as long as what it points into.
 * Errors:    the number readers return -EINVAL (not a number) or -ERANGE.
 */
#pragma once

#include <string.h>

#include "daemon/base/def.h"

struct sp_str {
        const char *p;
        size_t n;
};

#define SP_STR(lit) ((struct sp_str){ "" lit, sizeof(lit) - 1 })
#define SP_STR_NULL ((struct sp_str){ NULL, 0 })
#define SP_FMT(s) (int)(s).n, (s).n ? (s).p : "" /* for "%.*s" */

static inline struct sp_str sp_str(const char *p, size_t n)
{
        return (struct sp_str){ p, n };
}
static inline struct sp_str sp_str_c(const char *c)
{
        return (struct sp_str){ c, c ? strlen(c) : 0 };
}
static inline bool sp_str_eq(struct sp_str a, struct sp_str b)
{
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool sp_str_caseeq(struct sp_str a, struct sp_str b); /* ASCII only */
int sp_str_cmp(struct sp_str a, struct sp_str b);
bool sp_str_starts(struct sp_str s, struct sp_str prefix);
bool sp_str_ends(struct sp_str s, struct sp_str suffix);
struct sp_str sp_str_trim(struct sp_str s); /* SP and HTAB */
/* Cuts `s` at the first `sep`: *head before it, *tail after. False (head = s, tail
 * empty) when there is none. */
bool sp_str_cut(struct sp_str s, char sep, struct sp_str *head, struct sp_str *tail);
/* Part of `s` from `from`, at most `n` bytes; clamps. */
struct sp_str sp_str_sub(struct sp_str s, size_t from, size_t n);
/* Decimal digits only: no sign, no blanks, no empty text. */
int sp_str_u64(struct sp_str s, uint64_t *ret) sp_must_check;
int sp_str_i64(struct sp_str s, int64_t *ret) sp_must_check; /* optional leading '-' */
/* Shell-like match: `*` any run of bytes, `?` one byte. Linear in text × stars. */
bool sp_str_glob(struct sp_str pattern, struct sp_str text);
/* Valid UTF-8 without NUL, overlong forms and surrogates (RFC 3629). */
bool sp_str_is_utf8(struct sp_str s);
struct sp_str sp_str_utf8(struct sp_str s); /* up to where it is not */
/* Equal without leaking where they differ; for tokens. */
bool sp_str_eq_secret(struct sp_str a, struct sp_str b);
char *sp_str_dup(struct sp_str s); /* malloc'ed, NUL-terminated; NULL: no memory */
