/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/verifier/issuers.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"

#define DOCUMENT_MAX (256 * 1024)
#define FRESH_US (3600 * SP_USEC_PER_SEC)
#define RETRY_US (60 * SP_USEC_PER_SEC)
#define AGAIN_US (10 * SP_USEC_PER_SEC)
#define WAITERS_MAX 64

struct waiter {
        struct waiter *next;
        struct sp_issuers *all;
        struct sp_arena *arena;
        struct sp_str token;
        sp_verified_fn fn;
        void *userdata;
};

struct sp_issuer_entry {
        struct sp_issuers *all;
        struct sp_issuer issuer;
        struct sp_jwks *keys;
        bool discover, is_fetching;
        uint64_t next_fetch_us, fetched_us;
        struct waiter *waiters;
        size_t n_waiters;
};

int sp_issuers_init(struct sp_issuers *i, const struct sp_settings *s,
                    struct sp_upstream *upstream)
{
        *i = (struct sp_issuers){ .upstream = upstream };
        i->entries = calloc(s->n_issuers ? s->n_issuers : 1, sizeof(*i->entries));
        if (!i->entries)
                return -ENOMEM;
        i->n = s->n_issuers;
        for (size_t k = 0; k < i->n; k++)
                i->entries[k] = (struct sp_issuer_entry){
                        .all = i,
                        .issuer = { .issuer = s->issuers[k].issuer,
                                    .audience = s->issuers[k].audience,
                                    .groups_claim = s->issuers[k].groups_claim },
                        .discover = s->issuers[k].discover,
                };
        return 0;
}

static int verify(struct sp_issuer_entry *e, struct sp_arena *a, struct sp_str token,
                  struct sp_person *ret, struct sp_err *reterr)
{
        int r;

        *reterr = SP_ERR_NULL;
        r = sp_oidc_verify(a, token, &e->issuer, 1,
                           sp_clock_wall_us() / SP_USEC_PER_SEC, ret, reterr);
        return r < 0 && !reterr->id
                       ? sp_err_set(reterr, r, "identity.fault", "", "out of memory")
                       : r;
}

static void tell(struct sp_issuer_entry *e, struct sp_arena *a, struct sp_str token,
                 sp_verified_fn fn, void *userdata)
{
        struct sp_person person;
        struct sp_err err;
        int r = verify(e, a, token, &person, &err);

        fn(userdata, r == 0 ? &person : NULL, r == 0 ? NULL : &err);
}

static void settle(struct sp_issuer_entry *e, bool is_ok)
{
        struct waiter *w = e->waiters;

        e->waiters = NULL;
        e->n_waiters = 0;
        e->is_fetching = false;
        e->fetched_us = sp_clock_us();
        e->next_fetch_us = e->fetched_us + (is_ok ? FRESH_US : RETRY_US);
        while (w) {
                struct waiter *next = w->next;

                tell(e, w->arena, w->token, w->fn, w->userdata);
                free(w);
                w = next;
        }
}

void sp_issuers_done(struct sp_issuers *i)
{
        for (size_t k = 0; k < i->n; k++) {
                settle(&i->entries[k], false);
                (void)sp_jwks_free(i->entries[k].keys);
        }
        free(i->entries);
        *i = (struct sp_issuers){ 0 };
}

static struct sp_issuer_entry *find(struct sp_issuers *i, struct sp_str issuer)
{
        for (size_t k = 0; k < i->n; k++)
                if (sp_str_eq(i->entries[k].issuer.issuer, issuer))
                        return &i->entries[k];
        return NULL;
}

static int set_keys(struct sp_issuer_entry *e, struct sp_str jwks, struct sp_err *err)
{
        struct sp_jwks *keys;
        int r = sp_jwks_new(jwks, &keys, err);

        if (r < 0)
                return r;
        (void)sp_jwks_free(e->keys);
        e->keys = keys;
        e->issuer.keys = keys;
        return 0;
}

int sp_issuers_set(struct sp_issuers *i, struct sp_str issuer, struct sp_str jwks,
                   struct sp_err *reterr)
{
        struct sp_issuer_entry *e = find(i, issuer);

        if (!e)
                return sp_err_set(reterr, -ENOENT, "identity.unknown-issuer", "",
                                  "no such issuer is configured");
        return set_keys(e, jwks, reterr);
}

static void on_jwks(void *userdata, int err, const char *what, unsigned status,
                    struct sp_str body)
{
        struct sp_issuer_entry *e = userdata;

        (void)what;
        settle(e, err == 0 && status == 200 && set_keys(e, body, NULL) == 0);
}

static int fetch(struct sp_issuer_entry *e, struct sp_str url, sp_fetched_fn fn)
{
        struct sp_upstream_request r = { .method = SP_STR("GET") };
        int v = sp_upstream_split(url, &r);

        if (v < 0)
                return v;
        return sp_upstream_fetch(e->all->upstream, &r, SP_STR_NULL, NULL, DOCUMENT_MAX,
                                 fn, e);
}

static void on_document(void *userdata, int err, const char *what, unsigned status,
                        struct sp_str body)
{
        struct sp_issuer_entry *e = userdata;
        struct sp_arena a = SP_ARENA_INIT(1024 * 1024);
        struct sp_json *doc;

        (void)what;
        if (err == 0)
                err = status == 200 ? sp_json_parse(&a, body, &doc, NULL) : -EACCES;
        /* OpenID Connect Discovery §4.3: the issuer in it must be the one we asked */
        if (err == 0 && !sp_str_eq(sp_json_get_str(doc, "issuer"), e->issuer.issuer))
                err = -EACCES;
        if (err == 0)
                err = fetch(e, sp_json_get_str(doc, "jwks_uri"), on_jwks);
        if (err < 0)
                settle(e, false);
        sp_arena_done(&a);
}

static int discover(struct sp_issuer_entry *e)
{
        char url[512];
        struct sp_str issuer = e->issuer.issuer;
        int n;

        if (sp_str_ends(issuer, SP_STR("/")))
                issuer.n--;
        n = snprintf(url, sizeof(url), "%.*s/.well-known/openid-configuration",
                     SP_FMT(issuer));
        if (n < 0 || n >= (int)sizeof(url))
                return -EINVAL;
        return fetch(e, sp_str(url, (size_t)n), on_document);
}

static bool wait_for_keys(struct sp_issuer_entry *e, struct sp_arena *a,
                          struct sp_str token, sp_verified_fn fn, void *userdata)
{
        struct waiter *w;

        if (e->n_waiters >= WAITERS_MAX)
                return false;
        w = malloc(sizeof(*w));
        if (!w)
                return false;
        if (!e->is_fetching) {
                if (discover(e) < 0) {
                        free(w);
                        return false;
                }
                e->is_fetching = true;
        }
        *w = (struct waiter){ e->waiters, e->all, a, token, fn, userdata };
        e->waiters = w;
        e->n_waiters++;
        return true;
}

/* An issuer that changed its keys: the new one is asked for at once, but strangers cannot make
 * us ask all the time. */
static bool may_be_new(const struct sp_issuer_entry *e, const struct sp_err *err)
{
        return strcmp(err->id, "identity.unknown-key") == 0 && e->discover &&
               (e->is_fetching || sp_clock_us() - e->fetched_us >= AGAIN_US);
}

void sp_issuers_verify(struct sp_issuers *i, struct sp_arena *a, struct sp_str token,
                       sp_verified_fn fn, void *userdata)
{
        struct sp_issuer_entry *e;
        struct sp_person person;
        struct sp_str issuer;
        struct sp_err err;
        int r = sp_oidc_peek_issuer(a, token, &issuer, &err);

        if (r < 0) {
                fn(userdata, NULL, &err);
                return;
        }
        e = find(i, issuer);
        if (!e) {
                (void)sp_err_set(&err, -EACCES, "identity.unknown-issuer", "",
                                 "the token's issuer is not configured");
                fn(userdata, NULL, &err);
                return;
        }
        if (e->discover && sp_clock_us() >= e->next_fetch_us &&
            wait_for_keys(e, a, token, fn, userdata))
                return;
        r = verify(e, a, token, &person, &err);
        if (r < 0 && may_be_new(e, &err) && wait_for_keys(e, a, token, fn, userdata))
                return;
        fn(userdata, r == 0 ? &person : NULL, r == 0 ? NULL : &err);
}
