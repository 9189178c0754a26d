/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/buf — an owned run of bytes that grows up to a maximum given at birth.
 *
 * Ownership: SP_BUF_INIT(max) needs no memory; sp_buf_done frees; sp_buf_str borrows.
 * Errors:    -ENOBUFS past the maximum, -ENOMEM without memory; the content is then
 *            what it was before the call.
 */
#pragma once

#include <stdarg.h>

#include "daemon/base/str.h"

struct sp_buf {
        char *p;
        size_t n, capacity, max;
};

#define SP_BUF_INIT(max_) ((struct sp_buf){ .max = (max_) })

void sp_buf_done(struct sp_buf *b);
/* Wipes before freeing: for buffers that held a secret. */
void sp_buf_done_secret(struct sp_buf *b);
static inline void sp_buf_clear(struct sp_buf *b)
{
        b->n = 0;
}
static inline struct sp_str sp_buf_str(const struct sp_buf *b)
{
        return sp_str(b->p, b->n);
}
/* Makes room for `n` more bytes behind the content; *ret points at it. Commit by adding to b->n. */
sp_must_check int sp_buf_reserve(struct sp_buf *b, size_t n, char **ret);
sp_must_check int sp_buf_add(struct sp_buf *b, struct sp_str s);
sp_must_check int sp_buf_addc(struct sp_buf *b, char c);
sp_must_check int sp_buf_addf(struct sp_buf *b, const char *fmt, ...) sp_printf(2, 3);
sp_must_check int sp_buf_addv(struct sp_buf *b, const char *fmt, va_list ap);
/* Drops the first `n` bytes. */
void sp_buf_consume(struct sp_buf *b, size_t n);

#define sp_autobuf sp_cleanup(sp_buf_done) struct sp_buf
