/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/access.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"

#define TOKEN_MAX 8192
#define ANSWER_MAX (64 * 1024)
#define MARGIN_S 60 /* renew before it ends */

struct sp_access_waiter {
        struct sp_access_waiter *next;
        sp_access_fn fn;
        void *userdata;
};

void sp_access_init(struct sp_access_tokens *t, struct sp_link *warden,
                    struct sp_upstream *upstream)
{
        *t = (struct sp_access_tokens){ .warden = warden,
                                        .upstream = upstream,
                                        .token = SP_BUF_INIT(TOKEN_MAX) };
}

void sp_access_done(struct sp_access_tokens *t)
{
        sp_buf_done_secret(&t->token);
}

void sp_access_forget(struct sp_access_tokens *t)
{
        t->good_until_us = 0;
}

static void settle(struct sp_access_tokens *t, int err, const char *what)
{
        struct sp_access_waiter *w = t->waiters;

        t->waiters = NULL;
        t->is_fetching = false;
        while (w) {
                struct sp_access_waiter *next = w->next;

                w->fn(w->userdata, err, what,
                      err ? SP_STR_NULL : sp_buf_str(&t->token));
                free(w);
                w = next;
        }
}

static int read_token(struct sp_access_tokens *t, struct sp_str body)
{
        struct sp_arena a = SP_ARENA_INIT(256 * 1024);
        struct sp_json *v;
        const struct sp_json *expires;
        uint64_t seconds = 0;
        int r = sp_json_parse(&a, body, &v, NULL);

        if (r == 0) {
                struct sp_str token = sp_json_get_str(v, "access_token");

                expires = sp_json_get(v, "expires_in");
                sp_buf_clear(&t->token);
                if (!token.n || !expires || expires->type != SP_JSON_NUMBER ||
                    sp_str_u64(expires->text, &seconds) < 0)
                        r = -EPROTO;
                else
                        r = sp_buf_add(&t->token, token);
        }
        if (r == 0)
                t->good_until_us =
                        sp_clock_us() +
                        (seconds > MARGIN_S ? seconds - MARGIN_S : 0) * SP_USEC_PER_SEC;
        sp_arena_done(&a);
        return r;
}

static void on_exchanged(void *userdata, int err, const char *what, unsigned status,
                         struct sp_str body)
{
        struct sp_access_tokens *t = userdata;

        if (err == 0 && status != 200) {
                err = status >= 500 ? -EIO : -EACCES;
                what = "the token endpoint refused the gateway's credential";
        }
        if (err == 0) {
                err = read_token(t, body);
                what = "the token endpoint gave an unreadable answer";
        }
        settle(t, err, what);
}

static int exchange(struct sp_access_tokens *t, const struct sp_msg_assertion *m)
{
        static const char grant[] = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-"
                                    "type%3Ajwt-bearer&assertion=";
        sp_autobuf b = SP_BUF_INIT(16 * 1024);
        struct sp_upstream_request r = { .method = SP_STR("POST") };
        int e;

        /* a JWT is base64url and dots: nothing to escape in a form */
        e = sp_upstream_split(m->token_uri, &r);
        if (e == 0)
                e = sp_buf_add(&b, sp_str_c(grant));
        if (e == 0)
                e = sp_buf_add(&b, m->assertion);
        if (e < 0)
                return e;
        r.body = sp_buf_str(&b);
        return sp_upstream_fetch(t->upstream, &r, SP_STR_NULL,
                                 "application/x-www-form-urlencoded", ANSWER_MAX,
                                 on_exchanged, t);
}

static void on_assertion(void *userdata, int err, const struct sp_err *e,
                         struct sp_str payload)
{
        struct sp_access_tokens *t = userdata;
        struct sp_msg_assertion m;
        const char *what = e ? e->what : "";

        if (err == 0) {
                err = sp_msg_read_assertion(payload, &m);
                if (err == 0)
                        err = exchange(t, &m);
                what = "the gateway's credential cannot be used";
        }
        if (err < 0)
                settle(t, err, what);
}

void sp_access_get(struct sp_access_tokens *t, sp_access_fn fn, void *userdata)
{
        struct sp_access_waiter *w;
        int r;

        if (t->good_until_us > sp_clock_us()) {
                fn(userdata, 0, "", sp_buf_str(&t->token));
                return;
        }
        w = malloc(sizeof(*w));
        if (!w) {
                fn(userdata, -ENOMEM, "out of memory", SP_STR_NULL);
                return;
        }
        *w = (struct sp_access_waiter){ t->waiters, fn, userdata };
        t->waiters = w;
        if (t->is_fetching)
                return;
        t->is_fetching = true;
        r = sp_link_ask(t->warden, SP_MSG_ASSERTION_GET, SP_STR_NULL, on_assertion, t);
        if (r < 0)
                settle(t, r, "a part of the daemon is restarting; try again");
}
