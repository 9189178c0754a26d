/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/google/hosts.h"
#include "daemon/warden/ca.h"
#include "daemon/warden/credential.h"
#include "daemon/warden/files.h"
#include "daemon/warden/x509.h"

static char dir[64];

static int make_dir(void **state)
{
        (void)state;
        (void)snprintf(dir, sizeof(dir), "/tmp/sallyport-test-XXXXXX");
        return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
        return system(command);
}

static struct sp_ca *open_ca(void)
{
        struct sp_ca *ca = NULL;
        struct sp_err e = SP_ERR_NULL;

        if (sp_ca_open(sp_str_c(dir), &ca, &e) < 0)
                fail_msg("%s: %s", e.where, e.what);
        return ca;
}

static X509 *ca_cert(void)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX];
        X509 *cert;

        (void)snprintf(path, sizeof(path), "%s/ca.pem", dir);
        assert_int_equal(sp_file_read(path, SP_FILE_TRUSTED, 65536, &b, &e), 0);
        cert = sp_x509_read_cert(sp_buf_str(&b));
        assert_non_null(cert);
        return cert;
}

/* X509_V_OK or why not, as a TLS client would find it. */
static int verify(X509 *ca, X509 *leaf, const char *name)
{
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        int r;

        assert_int_equal(X509_STORE_add_cert(store, ca), 1);
        assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
        (void)X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
        (void)X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), name, 0);
        (void)X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx),
                                          X509_V_FLAG_X509_STRICT);
        r = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
        X509_STORE_CTX_free(ctx);
        X509_STORE_free(store);
        return r;
}

static void a_leaf_verifies_under_the_ca(void **state)
{
        sp_cleanup(sp_ca_freep) struct sp_ca *ca = open_ca();
        struct sp_msg_leaf leaf;
        struct sp_err e = SP_ERR_NULL;
        X509 *root = ca_cert(), *cert;
        EVP_PKEY *key;

        (void)state;
        assert_int_equal(sp_ca_leaf(ca, SP_STR("BigQuery.GoogleAPIs.com."), &leaf, &e),
                         0);
        cert = sp_x509_read_cert(leaf.chain_pem);
        key = sp_x509_read_key(leaf.key_pem);
        assert_non_null(cert);
        assert_int_equal(X509_check_private_key(cert, key), 1);
        assert_int_equal(verify(root, cert, "bigquery.googleapis.com"), X509_V_OK);
        assert_int_equal(verify(root, cert, "storage.googleapis.com"),
                         X509_V_ERR_HOSTNAME_MISMATCH);
        assert_true(leaf.valid_s > 3600 && leaf.valid_s < 86400);
        assert_int_equal(X509_cmp_time(X509_get0_notAfter(cert),
                                       &(time_t){ time(NULL) + 7 * 86400 }),
                         -1);
        /* the chain that a client is sent holds the CA behind the leaf */
        assert_non_null(strstr(strstr(leaf.chain_pem.p, "-----END"), "-----BEGIN"));
        X509_free(cert);
        X509_free(root);
        EVP_PKEY_free(key);
}

/* Signed with the stolen CA key, past the checks of sp_ca_leaf. */
static void the_ca_cannot_vouch_for_other_names(void **state)
{
        static const struct {
                const char *name;
                int result;
        } rows[] = {
                { "bigquery.googleapis.com", X509_V_OK },
                { "a.b.c.googleapis.com", X509_V_OK },
                { "www.example.com", X509_V_ERR_PERMITTED_VIOLATION },
                { "googleapis.com.example.com", X509_V_ERR_PERMITTED_VIOLATION },
                { "evilgoogleapis.com", X509_V_ERR_PERMITTED_VIOLATION },
        };
        sp_cleanup(sp_ca_freep) struct sp_ca *ca = open_ca();
        sp_autobuf pem = SP_BUF_INIT(65536);
        struct sp_err e = SP_ERR_NULL;
        EVP_PKEY *ca_key, *key = EVP_EC_gen("P-256");
        X509 *root = ca_cert();
        char path[PATH_MAX];

        (void)state;
        assert_non_null(ca);
        (void)snprintf(path, sizeof(path), "%s/ca.key", dir);
        assert_int_equal(sp_file_read(path, SP_FILE_SECRET, 65536, &pem, &e), 0);
        ca_key = sp_x509_read_key(sp_buf_str(&pem));
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                X509 *leaf = sp_x509_make_leaf(root, ca_key, key,
                                               sp_str_c(rows[i].name), 60);

                assert_non_null(leaf);
                SP_CHECK(rows[i].name,
                         verify(root, leaf, rows[i].name) == rows[i].result);
                X509_free(leaf);
        }
        EVP_PKEY_free(ca_key);
        EVP_PKEY_free(key);
        X509_free(root);
}

static void only_googles_names_get_a_leaf(void **state)
{
        static const char *const names[] = { "www.example.com",
                                             "",
                                             "localhost",
                                             "127.0.0.1",
                                             "googleapis.com.evil.org",
                                             "evilgoogleapis.com",
                                             "a b.googleapis.com",
                                             "*.googleapis.com",
                                             "bigquery.googleapis.com\nDNS:evil.org",
                                             "bigquery.googleapis.com,DNS:evil.org" };
        sp_cleanup(sp_ca_freep) struct sp_ca *ca = open_ca();

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++) {
                struct sp_err e = SP_ERR_NULL;
                struct sp_msg_leaf leaf;

                SP_CHECK(names[i],
                         sp_ca_leaf(ca, sp_str_c(names[i]), &leaf, &e) == -EACCES);
        }
}

static void leaves_are_cached_up_to_a_limit(void **state)
{
        sp_cleanup(sp_ca_freep) struct sp_ca *ca = open_ca();
        struct sp_err e = SP_ERR_NULL;
        struct sp_msg_leaf a, b;
        char name[64];
        struct sp_str first;

        (void)state;
        assert_int_equal(sp_ca_leaf(ca, SP_STR("bigquery.googleapis.com"), &a, &e), 0);
        first = sp_str_c(strdup(a.chain_pem.p));
        assert_int_equal(sp_ca_leaf(ca, SP_STR("bigquery.googleapis.com"), &b, &e), 0);
        assert_true(sp_str_eq(first, b.chain_pem));
        for (unsigned i = 0; i < SP_CA_LEAVES_MAX; i++) {
                (void)snprintf(name, sizeof(name), "n%u.googleapis.com", i);
                assert_int_equal(sp_ca_leaf(ca, sp_str_c(name), &b, &e), 0);
        }
        assert_int_equal(sp_ca_leaf(ca, SP_STR("bigquery.googleapis.com"), &b, &e), 0);
        assert_false(
                sp_str_eq(first, b.chain_pem)); /* it was the oldest and had to go */
        free((char *)first.p);
}

static void the_ca_is_made_once_and_damage_is_reported(void **state)
{
        struct sp_ca *ca = open_ca();
        X509 *one = ca_cert(), *two;
        struct sp_err e = SP_ERR_NULL;
        struct stat st;
        char path[PATH_MAX];

        (void)state;
        ca = sp_ca_free(ca);
        ca = sp_ca_free(open_ca());
        two = ca_cert();
        assert_int_equal(X509_cmp(one, two), 0);
        (void)snprintf(path, sizeof(path), "%s/ca.key", dir);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(truncate(path, 10), 0);
        assert_int_equal(sp_ca_open(sp_str_c(dir), &ca, &e), -EINVAL);
        assert_string_equal(e.id, "ca.damaged");
        X509_free(one);
        X509_free(two);
}

static void a_ca_with_other_constraints_is_replaced(void **state)
{
        static const char *const others[] = { "example.org", NULL };
        sp_autobuf key = SP_BUF_INIT(65536);
        sp_autobuf cert = SP_BUF_INIT(65536);
        EVP_PKEY *k = EVP_EC_gen("P-256");
        X509 *c = sp_x509_make_ca(k, 100, others), *now;
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX];

        (void)state;
        assert_int_equal(sp_x509_write_key(k, &key), 0);
        assert_int_equal(sp_x509_write_cert(c, &cert), 0);
        (void)snprintf(path, sizeof(path), "%s/ca.key", dir);
        assert_int_equal(sp_file_replace(path, sp_buf_str(&key), 0600, &e), 0);
        (void)snprintf(path, sizeof(path), "%s/ca.pem", dir);
        assert_int_equal(sp_file_replace(path, sp_buf_str(&cert), 0644, &e), 0);
        (void)sp_ca_free(open_ca());
        now = ca_cert();
        assert_int_not_equal(X509_cmp(c, now), 0);
        assert_true(sp_x509_has_constraints(now, sp_host_suffixes()));
        assert_false(sp_x509_has_constraints(c, sp_host_suffixes()));
        X509_free(now);
        X509_free(c);
        EVP_PKEY_free(k);
}

static void the_bundle_starts_with_our_ca(void **state)
{
        sp_cleanup(sp_ca_freep) struct sp_ca *ca = open_ca();
        sp_autobuf own = SP_BUF_INIT(1 << 16);
        sp_autobuf bundle = SP_BUF_INIT(1 << 23);
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX], out[PATH_MAX];

        (void)state;
        (void)snprintf(out, sizeof(out), "%s/run", dir);
        assert_int_equal(sp_file_make_dir(out, 0755, (uid_t)-1, (gid_t)-1, &e), 0);
        assert_int_equal(sp_ca_export(ca, sp_str_c(out), &e), 0);
        (void)snprintf(path, sizeof(path), "%.4000s/ca.pem", out);
        assert_int_equal(sp_file_read(path, SP_FILE_TRUSTED, 1 << 15, &own, &e), 0);
        (void)snprintf(path, sizeof(path), "%.4000s/ca-bundle.pem", out);
        assert_int_equal(sp_file_read(path, SP_FILE_TRUSTED, 1 << 22, &bundle, &e), 0);
        assert_true(sp_str_starts(sp_buf_str(&bundle), sp_buf_str(&own)));
        assert_null(memmem(bundle.p, bundle.n, "PRIVATE KEY", 11));
}

/* ---- the service account key ---- */

static void key_file(struct sp_buf *to, EVP_PKEY *key, const char *type,
                     const char *uri)
{
        sp_autobuf pem = SP_BUF_INIT(65536);
        struct sp_jsonw w = SP_JSONW(to);

        assert_int_equal(sp_x509_write_key(key, &pem), 0);
        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "type", sp_str_c(type));
        sp_jsonw_kstr(&w, "client_email", SP_STR("gw@p.iam.gserviceaccount.com"));
        sp_jsonw_kstr(&w, "private_key_id", SP_STR("k1"));
        sp_jsonw_kstr(&w, "private_key", sp_buf_str(&pem));
        sp_jsonw_kstr(&w, "token_uri", sp_str_c(uri));
        sp_jsonw_close(&w, '}');
        assert_int_equal(sp_jsonw_end(&w), 0);
}

static void check_signature(EVP_PKEY *key, struct sp_str jws)
{
        sp_autobuf signature = SP_BUF_INIT(4096);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        size_t dot = jws.n;

        while (jws.p[dot - 1] != '.')
                dot--;
        assert_int_equal(sp_base64url_decode(&signature, sp_str_sub(jws, dot, jws.n)),
                         0);
        assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(ctx, (unsigned char *)signature.p,
                                          signature.n, (const unsigned char *)jws.p,
                                          dot - 1),
                         1);
        EVP_MD_CTX_free(ctx);
}

static void an_assertion_is_signed_and_names_everything(void **state)
{
        sp_cleanup(sp_credential_freep) struct sp_credential *c = NULL;
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 16);
        sp_autobuf file = SP_BUF_INIT(65536);
        sp_autobuf jws = SP_BUF_INIT(65536);
        sp_autobuf claims = SP_BUF_INIT(65536);
        struct sp_str head, rest, body;
        struct sp_err e = SP_ERR_NULL;
        EVP_PKEY *key = EVP_RSA_gen(2048);
        struct sp_json *o;

        (void)state;
        key_file(&file, key, "service_account", "https://oauth2.googleapis.com/token");
        if (sp_credential_parse("f", sp_buf_str(&file), &c, &e) < 0)
                fail_msg("%s", e.what);
        assert_int_equal(sp_credential_assert(c, 1000, &jws, &e), 0);
        check_signature(key, sp_buf_str(&jws));
        assert_true(sp_str_cut(sp_buf_str(&jws), '.', &head, &rest));
        assert_true(sp_str_cut(rest, '.', &body, &rest));
        assert_int_equal(sp_base64url_decode(&claims, body), 0);
        assert_int_equal(sp_json_parse(&a, sp_buf_str(&claims), &o, &e), 0);
        assert_true(sp_str_eq(sp_json_get_str(o, "iss"),
                              SP_STR("gw@p.iam.gserviceaccount.com")));
        assert_true(sp_str_eq(sp_json_get_str(o, "aud"),
                              SP_STR("https://oauth2.googleapis.com/token")));
        assert_true(sp_str_eq(sp_json_get(o, "exp")->text, SP_STR("4600")));
        assert_true(sp_str_eq(sp_json_get(o, "iat")->text, SP_STR("1000")));
        EVP_PKEY_free(key);
}

static void bad_key_files_are_refused_without_quoting_them(void **state)
{
        EVP_PKEY *rsa = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024);
        EVP_PKEY *ec = EVP_EC_gen("P-256");
        const struct {
                const char *sentence, *type, *uri;
                EVP_PKEY *key;
        } rows[] = {
                { "another type of account", "authorized_user", "https://a/", rsa },
                { "a token endpoint by http", "service_account", "http://a/", rsa },
                { "a key of 1024 bits", "service_account", "https://a/", small },
                { "an elliptic key", "service_account", "https://a/", ec },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_autobuf file = SP_BUF_INIT(65536);
                struct sp_credential *c = NULL;
                struct sp_err e = SP_ERR_NULL;

                key_file(&file, rows[i].key, rows[i].type, rows[i].uri);
                SP_CHECK(rows[i].sentence, sp_credential_parse("f", sp_buf_str(&file),
                                                               &c, &e) == -EINVAL);
                SP_CHECK(rows[i].sentence, strcmp(e.id, "credential.format") == 0);
                SP_CHECK(rows[i].sentence, !strstr(e.what, "BEGIN"));
        }
        EVP_PKEY_free(rsa);
        EVP_PKEY_free(small);
        EVP_PKEY_free(ec);
}

static void a_key_file_that_others_can_read_is_refused(void **state)
{
        struct sp_settings s = { 0 };
        struct sp_credential *c = NULL;
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX];

        (void)state;
        assert_int_equal(sp_credential_load(&s, &c, &e), -ENOENT);
        (void)snprintf(path, sizeof(path), "%s/key.json", dir);
        assert_int_equal(sp_file_replace(path, SP_STR("{}"), 0644, &e), 0);
        s.credential.service_account_file = sp_str_c(path);
        assert_int_equal(sp_credential_load(&s, &c, &e), -EPERM);
        assert_string_equal(e.id, "file.unsafe");
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(sp_credential_load(&s, &c, &e), -EINVAL);
        s.credential.credential_name = SP_STR("key.json"); /* preferred when set */
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        assert_int_equal(sp_credential_load(&s, &c, &e), -ENOENT);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
        assert_int_equal(sp_credential_load(&s, &c, &e), -EINVAL);
        assert_string_equal(e.id, "credential.format");
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
        const struct CMUnitTest tests[] = {
                IN_DIR(a_leaf_verifies_under_the_ca),
                IN_DIR(the_ca_cannot_vouch_for_other_names),
                IN_DIR(only_googles_names_get_a_leaf),
                IN_DIR(leaves_are_cached_up_to_a_limit),
                IN_DIR(the_ca_is_made_once_and_damage_is_reported),
                IN_DIR(a_ca_with_other_constraints_is_replaced),
                IN_DIR(the_bundle_starts_with_our_ca),
                cmocka_unit_test(an_assertion_is_signed_and_names_everything),
                cmocka_unit_test(bad_key_files_are_refused_without_quoting_them),
                IN_DIR(a_key_file_that_others_can_read_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
