/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/ahead.h"

#include <errno.h>
#include <stdlib.h>

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

bool sp_ahead_is_clean(const struct sp_ahead *a)
{
        return a->at == a->end && !SSL_has_pending(a->ssl);
}
