/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of the upstream that is wanted whole. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/roles/upstream.h"

struct fetch {
        struct sp_buf body;
        unsigned status;
        int error;
        sp_fetched_fn fn;
        void *userdata;
};

static void fetch_head(void *userdata, unsigned status)
{
        ((struct fetch *)userdata)->status = status;
}

static void fetch_data(void *userdata, struct sp_str piece)
{
        struct fetch *f = userdata;

        if (f->error == 0 && sp_buf_add(&f->body, piece) < 0)
                f->error = -EMSGSIZE;
}

static void fetch_done(void *userdata, int err, const char *what)
{
        struct fetch *f = userdata;

        if (err == 0 && f->error < 0) {
                err = f->error;
                what = "the answer is too long";
        }
        f->fn(f->userdata, err, what, f->status, sp_buf_str(&f->body));
        sp_buf_done_secret(&f->body); /* may be a token */
        free(f);
}

int sp_upstream_fetch(struct sp_upstream *u, const struct sp_upstream_request *r,
                      struct sp_str bearer, const char *content_type, size_t max,
                      sp_fetched_fn fn, void *userdata)
{
        static const struct sp_transfer_hooks hooks = { fetch_head, fetch_data,
                                                        fetch_done };
        struct fetch *f = calloc(1, sizeof(*f));
        int e;

        if (!f)
                return -ENOMEM;
        *f = (struct fetch){ .body = SP_BUF_INIT(max), .fn = fn, .userdata = userdata };
        e = sp_upstream_send(u, r, bearer, content_type, &hooks, f, NULL);
        if (e < 0)
                free(f);
        return e;
}
