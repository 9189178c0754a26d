/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/digest.h"
#include "daemon/verifier/issuers.h"

/* In place of roles/upstream: what was asked for waits here. */
static struct {
        unsigned asked;
        char url[300];
        sp_fetched_fn fn;
        void *userdata;
} fetch;

int sp_upstream_split(struct sp_str url, struct sp_upstream_request *ret)
{
        if (!sp_str_starts(url, SP_STR("https://")))
                return -EINVAL;
        ret->path_and_query = url;
        return 0;
}

int sp_upstream_fetch(struct sp_upstream *u, const struct sp_upstream_request *r,
                      struct sp_str bearer, const char *content_type, size_t max,
                      sp_fetched_fn fn, void *userdata)
{
        (void)u, (void)content_type, (void)max;
        assert_int_equal(bearer.n, 0);
        fetch.asked++;
        (void)snprintf(fetch.url, sizeof(fetch.url), "%.*s", SP_FMT(r->path_and_query));
        fetch.fn = fn;
        fetch.userdata = userdata;
        return 0;
}

static void they_answer(unsigned status, const char *body)
{
        sp_fetched_fn fn = fetch.fn;

        assert_non_null(fn);
        fetch.fn = NULL;
        fn(fetch.userdata, 0, "", status, sp_str_c(body));
}

#define JWKS                                                                           \
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\","                  \
        "\"x\":\"pJWs_nINjZtt2cC0SGWDII8ETGrnXC9Kt_NXBCAVsV4\","                       \
        "\"y\":\"N3d4UEpSJ9UPq6ezoSI9fZlS9hYUj4lFMd5JsyA_aTw\"}]}"
#define DOCUMENT(issuer)                                                               \
        "{\"issuer\":\"" issuer "\",\"jwks_uri\":\"https://keys.example/k\"}"

struct world {
        struct sp_arena arena;
        struct sp_settings settings;
        struct sp_issuer_settings each[2];
        struct sp_issuers issuers;
        unsigned told;
        char last[64]; /* error id; "" : a person */
};

static void open_world(struct world *w)
{
        memset(&fetch, 0, sizeof(fetch));
        *w = (struct world){
                .arena = SP_ARENA_INIT(1 << 20),
                .each = { { .issuer = SP_STR("https://found.example/"),
                            .audience = SP_STR("a"),
                            .discover = true },
                          { .issuer = SP_STR("https://filed.example"),
                            .audience = SP_STR("a") } },
        };
        w->settings.issuers = w->each;
        w->settings.n_issuers = 2;
        assert_int_equal(sp_issuers_init(&w->issuers, &w->settings, NULL), 0);
}

static void close_world(struct world *w)
{
        sp_issuers_done(&w->issuers);
        sp_arena_done(&w->arena);
}

static void on_verified(void *userdata, const struct sp_person *p,
                        const struct sp_err *e)
{
        struct world *w = userdata;

        assert_true(!p != !e);
        w->told++;
        (void)snprintf(w->last, sizeof(w->last), "%s", e ? e->id : "");
}

/* A token that its issuer's key did not sign; the error tells how far it came. */
static void present(struct world *w, const char *kid, const char *iss)
{
        sp_autobuf t = SP_BUF_INIT(4096);
        char part[256];

        (void)snprintf(part, sizeof(part), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid);
        assert_int_equal(sp_base64url(&t, sp_str_c(part)), 0);
        assert_int_equal(sp_buf_add(&t, SP_STR(".")), 0);
        (void)snprintf(part, sizeof(part),
                       "{\"iss\":\"%s\",\"sub\":\"x\",\"aud\":\"a\"}", iss);
        assert_int_equal(sp_base64url(&t, sp_str_c(part)), 0);
        assert_int_equal(sp_buf_add(&t, SP_STR(".AAAA")), 0);
        sp_issuers_verify(&w->issuers, &w->arena,
                          sp_arena_str(&w->arena, sp_buf_str(&t)), on_verified, w);
}

static void keys_are_found_through_the_issuers_document(void **state)
{
        struct world w;

        (void)state;
        open_world(&w);
        present(&w, "k", "https://found.example/");
        present(&w, "k", "https://found.example/"); /* waits for the same */
        assert_int_equal(fetch.asked, 1);
        assert_string_equal(fetch.url,
                            "https://found.example/.well-known/openid-configuration");
        they_answer(200, DOCUMENT("https://found.example/"));
        assert_string_equal(fetch.url, "https://keys.example/k");
        assert_int_equal(w.told, 0);
        they_answer(200, JWKS);
        assert_int_equal(w.told, 2);
        assert_string_equal(w.last, "identity.signature");
        present(&w, "k", "https://found.example/"); /* they are kept */
        assert_int_equal(w.told, 3);
        present(&w, "new", "https://found.example/"); /* just asked: not again */
        assert_int_equal(w.told, 4);
        assert_string_equal(w.last, "identity.unknown-key");
        assert_int_equal(fetch.asked, 2);
        close_world(&w);
}

static void what_is_not_the_issuers_is_not_believed(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
        } answers[] = {
                { 200, DOCUMENT("https://other.example/") },
                { 200, DOCUMENT("https://found.example") },
                { 404, DOCUMENT("https://found.example/") },
                { 200, "{\"issuer\":\"https://found.example/\"}" },
                { 200, "{\"issuer\":\"https://found.example/\","
                       "\"jwks_uri\":\"http://keys.example/k\"}" },
                { 200, "[" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(answers); i++) {
                struct world w;

                open_world(&w);
                present(&w, "k", "https://found.example/");
                they_answer(answers[i].status, answers[i].body);
                SP_CHECK(answers[i].body, w.told == 1 && fetch.asked == 1 &&
                                                  !strcmp(w.last, "identity.no-keys"));
                present(&w, "k", "https://found.example/"); /* not at once again */
                SP_CHECK(answers[i].body, w.told == 2 && fetch.asked == 1);
                close_world(&w);
        }
}

static void keys_that_were_given_are_not_fetched(void **state)
{
        struct sp_err e;
        struct world w;

        (void)state;
        open_world(&w);
        present(&w, "k", "https://filed.example");
        assert_string_equal(w.last, "identity.no-keys");
        assert_int_equal(sp_issuers_set(&w.issuers, SP_STR("https://filed.example"),
                                        SP_STR(JWKS), &e),
                         0);
        present(&w, "k", "https://filed.example");
        assert_string_equal(w.last, "identity.signature");
        present(&w, "new", "https://filed.example");
        assert_string_equal(w.last, "identity.unknown-key");
        assert_true(sp_issuers_set(&w.issuers, SP_STR("https://filed.example"),
                                   SP_STR("{}"), &e) < 0);
        present(&w, "k", "https://filed.example"); /* those before stay */
        assert_string_equal(w.last, "identity.signature");
        present(&w, "k", "https://nobody.example");
        assert_string_equal(w.last, "identity.unknown-issuer");
        assert_int_equal(fetch.asked, 0);
        close_world(&w);
}

static void who_still_waits_at_the_end_is_told(void **state)
{
        struct world w;

        (void)state;
        open_world(&w);
        present(&w, "k", "https://found.example/");
        assert_int_equal(w.told, 0);
        close_world(&w);
        assert_int_equal(w.told, 1);
        assert_string_equal(w.last, "identity.no-keys");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys_are_found_through_the_issuers_document),
                cmocka_unit_test(what_is_not_the_issuers_is_not_believed),
                cmocka_unit_test(keys_that_were_given_are_not_fetched),
                cmocka_unit_test(who_still_waits_at_the_end_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
