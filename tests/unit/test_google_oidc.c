/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <stdarg.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "daemon/base/digest.h"
#include "daemon/google/oidc.h"

#define NOW 1800000000u
#define ISS "https://issuer.example"
#define AUD "sallyport"
#define CLAIMS(more)                                                                   \
        "{\"iss\":\"" ISS "\",\"aud\":\"" AUD "\",\"sub\":\"ann\",\"iat\":1799999990," \
        "\"exp\":1800000600" more "}"
#define RS "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"JWT\"}"
#define ES "{\"alg\":\"ES256\",\"kid\":\"e1\",\"typ\":\"JWT\"}"

static EVP_PKEY *rsa, *rsa_other, *ec;
static struct sp_jwks *keys;

static void add_b64(struct sp_buf *to, const unsigned char *p, size_t n)
{
        assert_int_equal(sp_base64url(to, sp_str((const char *)p, n)), 0);
}

static void add_bn(struct sp_buf *to, EVP_PKEY *key, const char *name)
{
        unsigned char bytes[1024];
        BIGNUM *bn = NULL;

        assert_true(EVP_PKEY_get_bn_param(key, name, &bn));
        add_b64(to, bytes, (size_t)BN_bn2bin(bn, bytes));
        BN_free(bn);
}

static void add_rsa_jwk(struct sp_buf *to, EVP_PKEY *key, const char *kid,
                        const char *more)
{
        assert_int_equal(sp_buf_addf(to, "{\"kty\":\"RSA\",\"kid\":\"%s\"%s,\"n\":\"",
                                     kid, more),
                         0);
        add_bn(to, key, OSSL_PKEY_PARAM_RSA_N);
        assert_int_equal(sp_buf_add(to, SP_STR("\",\"e\":\"")), 0);
        add_bn(to, key, OSSL_PKEY_PARAM_RSA_E);
        assert_int_equal(sp_buf_add(to, SP_STR("\"}")), 0);
}

static void add_ec_jwk(struct sp_buf *to, EVP_PKEY *key, const char *kid,
                       bool is_off_curve)
{
        unsigned char point[65];
        size_t n;

        assert_true(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                    65, &n));
        point[64] ^= is_off_curve;
        assert_int_equal(
                sp_buf_addf(to,
                            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\",\"x\":\"",
                            kid),
                0);
        add_b64(to, point + 1, 32);
        assert_int_equal(sp_buf_add(to, SP_STR("\",\"y\":\"")), 0);
        add_b64(to, point + 33, 32);
        assert_int_equal(sp_buf_add(to, SP_STR("\"}")), 0);
}

/* JWS wants r‖s, OpenSSL makes DER. */
static size_t raw_signature(const unsigned char *der, size_t n, unsigned char raw[64])
{
        const unsigned char *p = der;
        ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);

        assert_non_null(sig);
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32), 32);
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32), 32);
        ECDSA_SIG_free(sig);
        return 64;
}

static struct sp_str sign(struct sp_buf *t, EVP_PKEY *key, const char *header,
                          const char *claims)
{
        unsigned char sig[512], raw[64];
        size_t n = sizeof(sig);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        sp_buf_clear(t);
        add_b64(t, (const unsigned char *)header, strlen(header));
        assert_int_equal(sp_buf_addc(t, '.'), 0);
        add_b64(t, (const unsigned char *)claims, strlen(claims));
        assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key));
        assert_true(EVP_DigestSign(ctx, sig, &n, (unsigned char *)t->p, t->n));
        EVP_MD_CTX_free(ctx);
        assert_int_equal(sp_buf_addc(t, '.'), 0);
        if (key == ec)
                add_b64(t, raw, raw_signature(sig, n, raw));
        else
                add_b64(t, sig, n);
        return sp_buf_str(t);
}

static int setup(void **state sp_unused)
{
        sp_autobuf set = SP_BUF_INIT(65536);

        rsa = EVP_RSA_gen(2048);
        rsa_other = EVP_RSA_gen(2048);
        ec = EVP_EC_gen("P-256");
        assert_true(rsa && rsa_other && ec);
        assert_int_equal(sp_buf_add(&set, SP_STR("{\"keys\":[{\"kty\":\"OKP\",\"crv\":"
                                                 "\"Ed25519\",\"x\":\"AA\"},")),
                         0);
        add_rsa_jwk(&set, rsa, "r1", ",\"use\":\"sig\",\"alg\":\"RS256\"");
        assert_int_equal(sp_buf_addc(&set, ','), 0);
        add_ec_jwk(&set, ec, "e1", false);
        assert_int_equal(sp_buf_add(&set, SP_STR("]}")), 0);
        return sp_jwks_new(sp_buf_str(&set), &keys, NULL);
}

static int teardown(void **state sp_unused)
{
        keys = sp_jwks_free(keys);
        EVP_PKEY_free(rsa);
        EVP_PKEY_free(rsa_other);
        EVP_PKEY_free(ec);
        return 0;
}

static int verify(struct sp_arena *a, struct sp_str token, struct sp_person *p,
                  struct sp_err *err)
{
        struct sp_issuer issuers[] = {
                { SP_STR("https://other.example"), SP_STR(AUD), SP_STR("groups"),
                  NULL },
                { SP_STR(ISS), SP_STR(AUD), SP_STR("groups"), keys },
        };

        return sp_oidc_verify(a, token, issuers, 2, NOW, p, err);
}

static void test_good(void **state sp_unused)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
        sp_autobuf t = SP_BUF_INIT(65536);
        struct sp_person p;
        struct sp_str iss;

        assert_int_equal(
                verify(&a,
                       sign(&t, rsa, RS,
                            CLAIMS(",\"email\":\"ann@x\",\"groups\":[\"g1\",\"g2\"]")),
                       &p, NULL),
                0);
        assert_true(sp_str_eq(p.sub, SP_STR("ann")) &&
                    sp_str_eq(p.email, SP_STR("ann@x")));
        assert_int_equal(p.n_groups, 2);
        assert_true(sp_str_eq(p.groups[1], SP_STR("g2")));
        assert_int_equal(p.expires_s, 1800000600);
        assert_int_equal(
                verify(&a,
                       sign(&t, ec, ES,
                            CLAIMS(",\"email\":\"ann@x\",\"email_verified\":false")),
                       &p, NULL),
                0);
        assert_int_equal(p.email.n, 0);
        assert_int_equal(sp_oidc_peek_issuer(&a, sp_buf_str(&t), &iss, NULL), 0);
        assert_true(sp_str_eq(iss, SP_STR(ISS)));
        assert_int_equal(
                verify(&a, sign(&t, ec, "{\"alg\":\"ES256\"}", CLAIMS("")), &p, NULL),
                0);
}

static void test_bad(void **state sp_unused)
{
#define BODY(aud, sub, iat, exp)                                                       \
        "{\"iss\":\"" ISS "\",\"aud\":" aud ",\"sub\":" sub ",\"iat\":" iat            \
        ",\"exp\":" exp "}"
        static const struct {
                const char *sentence;
                int key; /* 0 RSA, 1 another RSA, 2 EC */
                const char *header, *claims, *id; /* id NULL: accepted */
        } rows[] = {
                { "another key's signature", 1, RS, CLAIMS(""), "identity.signature" },
                { "the EC key called RSA", 2, RS, CLAIMS(""), "identity.signature" },
                { "an RSA signature called ES256", 0, ES, CLAIMS(""),
                  "identity.signature" },
                { "an RSA algorithm with the EC key's kid", 0,
                  "{\"alg\":\"RS256\",\"kid\":\"e1\"}", CLAIMS(""),
                  "identity.unknown-key" },
                { "an unknown kid", 0, "{\"alg\":\"RS256\",\"kid\":\"r2\"}", CLAIMS(""),
                  "identity.unknown-key" },
                { "a kid that is a number", 0, "{\"alg\":\"RS256\",\"kid\":1}",
                  CLAIMS(""), "identity.header" },
                { "no algorithm", 0, "{\"alg\":\"none\",\"kid\":\"r1\"}", CLAIMS(""),
                  "identity.algorithm" },
                { "a shared-secret algorithm", 0, "{\"alg\":\"HS256\",\"kid\":\"r1\"}",
                  CLAIMS(""), "identity.algorithm" },
                { "a longer hash", 0, "{\"alg\":\"RS512\",\"kid\":\"r1\"}", CLAIMS(""),
                  "identity.algorithm" },
                { "a header without alg", 0, "{\"kid\":\"r1\"}", CLAIMS(""),
                  "identity.algorithm" },
                { "alg twice", 0, "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"r1\"}",
                  CLAIMS(""), "identity.malformed" },
                { "crit", 0, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"crit\":[]}",
                  CLAIMS(""), "identity.header" },
                { "an embedded key", 0, "{\"alg\":\"RS256\",\"kid\":\"r1\",\"jwk\":{}}",
                  CLAIMS(""), "identity.header" },
                { "a key address", 0,
                  "{\"alg\":\"RS256\",\"kid\":\"r1\",\"jku\":\"https://evil\"}",
                  CLAIMS(""), "identity.header" },
                { "a certificate address", 0,
                  "{\"alg\":\"RS256\",\"kid\":\"r1\",\"x5u\":\"https://evil\"}",
                  CLAIMS(""), "identity.header" },
                { "another type", 0,
                  "{\"alg\":\"RS256\",\"kid\":\"r1\",\"typ\":\"at+jwt\"}", CLAIMS(""),
                  "identity.header" },
                { "an unknown issuer", 0, RS, "{\"iss\":\"https://evil.example\"}",
                  "identity.unknown-issuer" },
                { "an issuer with a slash more", 0, RS, "{\"iss\":\"" ISS "/\"}",
                  "identity.unknown-issuer" },
                { "an issuer whose keys are not there", 0, RS,
                  "{\"iss\":\"https://other.example\"}", "identity.no-keys" },
                { "no issuer", 0, RS, "{}", "identity.unknown-issuer" },
                { "claims twice", 0, RS, CLAIMS(",\"sub\":\"root\""),
                  "identity.malformed" },
                { "another audience", 0, RS,
                  BODY("\"x\"", "\"a\"", "1799999990", "1800000600"),
                  "identity.audience" },
                { "an audience list with ours alone", 0, RS,
                  BODY("[\"sallyport\"]", "\"a\"", "1799999990", "1800000600"), NULL },
                { "an audience list with others", 0, RS,
                  BODY("[\"sallyport\",\"x\"]", "\"a\"", "1799999990", "1800000600"),
                  "identity.audience" },
                { "an audience list with a number", 0, RS,
                  BODY("[1,\"sallyport\"]", "\"a\"", "1799999990", "1800000600"),
                  "identity.audience" },
                { "an empty audience list", 0, RS,
                  BODY("[]", "\"a\"", "1799999990", "1800000600"),
                  "identity.audience" },
                { "expired just within the skew", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1799999000", "1799999941"), NULL },
                { "expired at the skew", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1799999000", "1799999940"),
                  "identity.expired" },
                { "issued just within the skew", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1800000060", "1800000600"), NULL },
                { "issued in the future", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1800000061", "1800000600"),
                  "identity.not-yet-valid" },
                { "not before", 0, RS, CLAIMS(",\"nbf\":1800000061"),
                  "identity.not-yet-valid" },
                { "exp as a string", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1799999990", "\"1800000600\""),
                  "identity.time" },
                { "exp as a fraction", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1799999990", "1800000600.5"),
                  "identity.time" },
                { "exp as an exponent", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1799999990", "18e8"),
                  "identity.time" },
                { "exp beyond all years", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1799999990", "253402300800"),
                  "identity.time" },
                { "negative iat", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "-1", "1800000600"), "identity.time" },
                { "a life of years", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1700000000", "1800000600"),
                  "identity.time" },
                { "exp before iat", 0, RS,
                  BODY("\"sallyport\"", "\"a\"", "1800000000", "1799999999"),
                  "identity.time" },
                { "no exp", 0, RS,
                  "{\"iss\":\"" ISS
                  "\",\"aud\":\"sallyport\",\"sub\":\"a\",\"iat\":1799999990}",
                  "identity.time" },
                { "an empty subject", 0, RS,
                  BODY("\"sallyport\"", "\"\"", "1799999990", "1800000600"),
                  "identity.subject" },
                { "a subject with a line end", 0, RS,
                  BODY("\"sallyport\"", "\"a\\nb\"", "1799999990", "1800000600"),
                  "identity.subject" },
                { "a group with a line end", 0, RS,
                  CLAIMS(",\"groups\":[\"a\\nadmins\"]"), "identity.groups" },
                { "groups that are a string", 0, RS, CLAIMS(",\"groups\":\"admins\""),
                  "identity.groups" },
                { "a group that is a number", 0, RS, CLAIMS(",\"groups\":[1]"),
                  "identity.groups" },
                { "claims that are an array", 0, RS, "[]", "identity.malformed" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
                sp_autobuf t = SP_BUF_INIT(65536);
                EVP_PKEY *const all[] = { rsa, rsa_other, ec };
                struct sp_err err = SP_ERR_NULL;
                struct sp_person p;
                int e = verify(
                        &a, sign(&t, all[rows[i].key], rows[i].header, rows[i].claims),
                        &p, &err);

                if (rows[i].id && (!err.id || strcmp(err.id, rows[i].id) != 0))
                        print_message("%s: %s\n", rows[i].sentence,
                                      err.id ? err.id : "accepted");
                SP_CHECK(rows[i].sentence, e == (rows[i].id ? -EACCES : 0));
                /* as text from the verifier it is known again */
                SP_CHECK(rows[i].sentence,
                         !rows[i].id || sp_oidc_error_id(sp_str_c(rows[i].id)));
                SP_CHECK(rows[i].sentence, !rows[i].id || !strcmp(err.id, rows[i].id));
        }
}

/* No byte of a token can be changed, and no part left out. */
static void test_tampered(void **state sp_unused)
{
        sp_autobuf t = SP_BUF_INIT(65536);
        struct sp_person p;

        (void)sign(&t, ec, ES, CLAIMS(""));
        for (size_t i = 0; i < t.n; i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
                char was = t.p[i];

                t.p[i] = was == 'A' ? 'B' : 'A';
                SP_CHECK("a changed byte",
                         verify(&a, sp_buf_str(&t), &p, NULL) == -EACCES);
                t.p[i] = was;
                SP_CHECK("a cut token",
                         verify(&a, sp_str(t.p, i), &p, NULL) == -EACCES);
        }
}

static void test_key_sets(void **state sp_unused)
{
        sp_autobuf set = SP_BUF_INIT(65536);
        EVP_PKEY *weak = EVP_RSA_gen(1024);
        struct sp_jwks *j = NULL;

        assert_int_equal(sp_jwks_new(SP_STR("{"), &j, NULL), -EINVAL);
        assert_int_equal(sp_jwks_new(SP_STR("{}"), &j, NULL), -EINVAL);
        assert_int_equal(sp_jwks_new(SP_STR("{\"keys\":[]}"), &j, NULL), -EINVAL);
        assert_int_equal(
                sp_jwks_new(SP_STR("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"), &j,
                            NULL),
                -EINVAL);
        assert_int_equal(sp_buf_add(&set, SP_STR("{\"keys\":[")), 0);
        add_rsa_jwk(&set, weak, "w", "");
        assert_int_equal(sp_buf_addc(&set, ','), 0);
        add_ec_jwk(&set, ec, "off", true);
        assert_int_equal(sp_buf_addc(&set, ','), 0);
        add_rsa_jwk(&set, rsa, "enc", ",\"use\":\"enc\"");
        assert_int_equal(sp_buf_addc(&set, ','), 0);
        add_rsa_jwk(&set, rsa, "pss", ",\"alg\":\"PS256\"");
        assert_int_equal(sp_buf_add(&set, SP_STR("]}")), 0);
        assert_int_equal(sp_jwks_new(sp_buf_str(&set), &j, NULL), -EINVAL);
        EVP_PKEY_free(weak);
}

static void test_token_request(void **state sp_unused)
{
        static const struct {
                const char *sentence, *type, *body;
                int error;
                const char *grant, *subject;
        } rows[] = {
                { "a form", "application/x-www-form-urlencoded; charset=utf-8",
                  "grant_type=urn%3Aietf%3Ax&subject_token=a.b.c&client_id=x", 0,
                  "urn:ietf:x", "a.b.c" },
                { "JSON as sts wants it", "application/json",
                  "{\"grantType\":\"g\",\"subjectToken\":\"t\",\"options\":{}}", 0, "g",
                  "t" },
                { "JSON with the form's names", "application/json",
                  "{\"grant_type\":\"g\",\"scope\":[\"x\"]}", 0, "g", "" },
                { "twins in JSON", "application/json",
                  "{\"grant_type\":\"g\",\"grantType\":\"h\"}", -EINVAL, "", "" },
                { "a name twice", "application/x-www-form-urlencoded",
                  "grant_type=a&grant_type=b", -EINVAL, "", "" },
                { "a control byte", "application/x-www-form-urlencoded",
                  "grant_type=a%00", -EINVAL, "", "" },
                { "a cut escape", "application/x-www-form-urlencoded", "grant_type=%4",
                  -EINVAL, "", "" },
                { "another type", "text/plain", "grant_type=a", -EPERM, "", "" },
                { "no type", "", "grant_type=a", -EPERM, "", "" },
                { "an empty form", "application/x-www-form-urlencoded", "", 0, "", "" },
                { "an array", "application/json", "[]", -EINVAL, "", "" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_token_request t = { 0 };
                int e = sp_token_request_read(&a, sp_str_c(rows[i].type),
                                              sp_str_c(rows[i].body), &t, NULL);

                SP_CHECK(rows[i].sentence, e == rows[i].error);
                SP_CHECK(rows[i].sentence,
                         sp_str_eq(t.grant_type, sp_str_c(rows[i].grant)));
                SP_CHECK(rows[i].sentence,
                         sp_str_eq(t.subject_token, sp_str_c(rows[i].subject)));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),          cmocka_unit_test(test_bad),
                cmocka_unit_test(test_tampered),      cmocka_unit_test(test_key_sets),
                cmocka_unit_test(test_token_request),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
