/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void sp_buf_done(struct sp_buf *b)
{
        free(b->p);
        b->p = NULL;
        b->n = b->capacity = 0;
}

void sp_buf_done_secret(struct sp_buf *b)
{
        if (b->p)
                explicit_bzero(b->p, b->capacity);
        sp_buf_done(b);
}

int sp_buf_reserve(struct sp_buf *b, size_t n, char **ret)
{
        size_t need, capacity;
        char *p;

        if (n > b->max || b->n > b->max - n)
                return -ENOBUFS;
        need = b->n + n;
        if (need > b->capacity) {
                capacity = SP_MAX(b->capacity * 2, (size_t)64);
                capacity = SP_MIN(SP_MAX(capacity, need), b->max);
                p = realloc(b->p, capacity);
                if (!p)
                        return -ENOMEM;
                b->p = p;
                b->capacity = capacity;
        }
        *ret = b->p ? b->p + b->n : NULL;
        return 0;
}

int sp_buf_add(struct sp_buf *b, struct sp_str s)
{
        char *to;
        int r = sp_buf_reserve(b, s.n, &to);

        if (r < 0)
                return r;
        if (s.n)
                memcpy(to, s.p, s.n);
        b->n += s.n;
        return 0;
}

int sp_buf_addc(struct sp_buf *b, char c)
{
        return sp_buf_add(b, sp_str(&c, 1));
}

int sp_buf_addv(struct sp_buf *b, const char *fmt, va_list ap)
{
        va_list again;
        char *to;
        int n, r;

        va_copy(again, ap);
        n = vsnprintf(NULL, 0, fmt, again);
        va_end(again);
        if (n < 0)
                return -EINVAL;
        /* vsnprintf writes a NUL behind the text: room for it, but it is not content */
        r = sp_buf_reserve(b, (size_t)n + 1, &to);
        if (r < 0)
                return r;
        (void)vsnprintf(to, (size_t)n + 1, fmt, ap);
        b->n += (size_t)n;
        return 0;
}

int sp_buf_addf(struct sp_buf *b, const char *fmt, ...)
{
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = sp_buf_addv(b, fmt, ap);
        va_end(ap);
        return r;
}

void sp_buf_consume(struct sp_buf *b, size_t n)
{
        assert(n <= b->n);
        if (n && n < b->n)
                memmove(b->p, b->p + n, b->n - n);
        b->n -= n;
}
