/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/ahead.h"

#include <errno.h>
#include <stdlib.h>

/* Certainly data: an alert, which TLS 1.3 dresses up as data, must not be taken here, as libcurl would
 * not hear of it. */
#define RECORD_LEAST 1024

static char *take_buffer(struct sp_aheads *all)
{
        return all->spare ? SP_TAKE(all->spare) : malloc(SP_AHEAD_BYTES);
}

static void put_buffer(struct sp_aheads *all, char *buffer)
{
        if (all->spare)
                free(buffer);
        else
                all->spare = buffer;
}

static void enlist(struct sp_ahead *a)
{
        if (a->prev)
                return;
        a->next = a->all->filled;
        a->prev = &a->all->filled;
        if (a->next)
                a->next->prev = &a->next;
        a->all->filled = a;
}

static void delist(struct sp_ahead *a)
{
        if (!a->prev)
                return;
        *a->prev = a->next;
        if (a->next)
                a->next->prev = a->prev;
        a->next = NULL;
        a->prev = NULL;
}

static void empty(struct sp_ahead *a)
{
        a->at = a->end = 0;
        if (a->buffer)
                put_buffer(a->all, SP_TAKE(a->buffer));
        delist(a);
}

/* 1, or what the socket's BIO said. */
static int fill(BIO *b, struct sp_ahead *a)
{
        int r;

        a->buffer = take_buffer(a->all);
        if (!a->buffer)
                return -1;
        r = BIO_read(BIO_next(b), a->buffer, (int)SP_AHEAD_BYTES);
        BIO_copy_next_retry(b);
        if (r <= 0) {
                empty(a);
                return r;
        }
        a->end = (size_t)r;
        a->tried = 0;
        enlist(a);
        return 1;
}

static int ahead_read(BIO *b, char *to, int n)
{
        struct sp_ahead *a = BIO_get_data(b);
        size_t got;
        int r;

        BIO_clear_retry_flags(b);
        if (n <= 0)
                return 0;
        if (a->at == a->end && a->all->is_closed) {
                BIO_set_retry_read(b);
                return -1;
        }
        if (a->at == a->end) {
                r = fill(b, a);
                if (r <= 0)
                        return r;
        }
        got = SP_MIN((size_t)n, a->end - a->at);
        memcpy(to, a->buffer + a->at, got);
        a->at += got;
        if (a->at == a->end)
                empty(a);
        return (int)got;
}

static long ahead_control(BIO *b, int command, long n, void *p)
{
        const struct sp_ahead *a = BIO_get_data(b);

        switch (command) {
        case BIO_CTRL_PUSH: /* of the chain, not of what is below */
        case BIO_CTRL_POP:
                return 0;
        case BIO_CTRL_EOF:
                if (a->at < a->end)
                        return 0;
                break;
        default:
                break;
        }
        return BIO_next(b) ? BIO_ctrl(BIO_next(b), command, n, p) : 0;
}

static int ahead_destroy(BIO *b)
{
        struct sp_ahead *a = BIO_get_data(b);

        if (!a)
                return 1;
        if (a->owner)
                *a->owner = NULL;
        empty(a);
        free(a);
        return 1;
}

int sp_aheads_init(struct sp_aheads *all)
{
        int type = BIO_get_new_index() | BIO_TYPE_FILTER;
        BIO_METHOD *m = BIO_meth_new(type, "ahead");

        if (!m || BIO_meth_set_read(m, ahead_read) != 1 ||
            BIO_meth_set_ctrl(m, ahead_control) != 1 ||
            BIO_meth_set_destroy(m, ahead_destroy) != 1) {
                BIO_meth_free(m);
                return -ENOMEM;
        }
        *all = (struct sp_aheads){ .method = m, .type = type };
        return 0;
}

void sp_aheads_done(struct sp_aheads *all)
{
        BIO_meth_free(SP_TAKE(all->method));
        free(SP_TAKE(all->spare));
}

struct sp_ahead *sp_ahead_of(const struct sp_aheads *all, const SSL *ssl)
{
        BIO *b = SSL_get_rbio(ssl);

        return b && BIO_method_type(b) == all->type ? BIO_get_data(b) : NULL;
}

struct sp_ahead *sp_ahead_new(struct sp_aheads *all, SSL *ssl, int fd)
{
        struct sp_ahead *a = calloc(1, sizeof(*a));
        BIO *b = BIO_new(all->method), *below = SSL_get_rbio(ssl);

        if (!a || !b || !below || BIO_up_ref(below) != 1) {
                free(a);
                BIO_free(b);
                return NULL;
        }
        *a = (struct sp_ahead){ .all = all, .ssl = ssl, .fd = fd };
        BIO_set_data(b, a);
        BIO_set_init(b, 1);
        (void)BIO_push(b, below);
        SSL_set0_rbio(ssl,
                      b); /* drops its reference to `below`: ours takes its place */
        return a;
}

/* Is the next record here whole, and certainly data? */
static bool is_whole(const struct sp_ahead *a)
{
        size_t left = a->end - a->at;
        const uint8_t *p;
        size_t n;

        if (left < SSL3_RT_HEADER_LENGTH)
                return false;
        p = (const uint8_t *)a->buffer + a->at;
        n = (size_t)p[3] << 8 | p[4];
        return p[0] == SSL3_RT_APPLICATION_DATA && n >= RECORD_LEAST &&
               left - SSL3_RT_HEADER_LENGTH >= n;
}

void sp_ahead_decrypt(struct sp_ahead *a)
{
        bool was_closed = a->all->is_closed;
        char c;

        if (SSL_pending(a->ssl) || !is_whole(a))
                return;
        /* libcurl's BIO bears no call from outside of libcurl's own reading */
        a->all->is_closed = true;
        if (SSL_peek(a->ssl, &c, 1) <= 0) {
                a->has_news = true; /* libcurl hears of it when it is called */
                enlist(a);
        }
        a->all->is_closed = was_closed;
}

void sp_aheads_begin(struct sp_aheads *all)
{
        for (struct sp_ahead *a = all->filled; a; a = a->next)
                a->tried = 0;
        all->is_closed = true;
}

struct sp_ahead *sp_aheads_next(struct sp_aheads *all,
                                bool (*can_read)(const void *user))
{
        for (struct sp_ahead *a = all->filled; a; a = a->next) {
                size_t left = a->end - a->at;

                if (!a->user || !can_read(a->user) ||
                    (a->tried == left && !a->has_news))
                        continue;
                a->tried = left;
                a->has_news = false;
                if (!left)
                        delist(a);
                return a;
        }
        return NULL;
}

void sp_aheads_end(struct sp_aheads *all)
{
        all->is_closed = false;
}

bool sp_ahead_is_clean(const struct sp_ahead *a)
{
        return a->at == a->end && !a->has_news && !SSL_has_pending(a->ssl);
}
