/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/roles/gcm.h"

#define OURS "provider=sallyport"
#define THEIRS "provider=default"
#define RECORD_MAX 16384

static const char *const names[] = { "AES-128-GCM", "AES-256-GCM" };

/* One message, in pieces of `step` bytes. */
static bool seal(const char *name, const char *provider, bool encrypt,
                 const uint8_t *key, const uint8_t *nonce, size_t n_aad, uint8_t *text,
                 size_t n, size_t step, uint8_t tag[16])
{
        EVP_CIPHER *how = EVP_CIPHER_fetch(NULL, name, provider);
        EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
        int got, end;
        bool ok;

        assert_non_null(how);
        ok = EVP_CipherInit_ex2(c, how, key, nonce, encrypt, NULL) == 1;
        for (size_t i = 0; ok && i < n_aad; i++)
                ok = EVP_CipherUpdate(c, NULL, &got, key + i, 1) == 1;
        if (ok && !encrypt)
                ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1;
        for (size_t i = 0; ok && i < n; i += step) {
                int now = (int)(n - i < step ? n - i : step);

                ok = EVP_CipherUpdate(c, text + i, &got, text + i, now) == 1 &&
                     got == now;
        }
        ok = ok && EVP_CipherFinal_ex(c, text + n, &end) == 1 && end == 0;
        if (ok && encrypt)
                ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
        EVP_CIPHER_CTX_free(c);
        EVP_CIPHER_free(how);
        return ok;
}

static void check_length(const char *name, size_t n, size_t n_aad, size_t step)
{
        uint8_t key[32], nonce[12], tag[16], their_tag[16], plain[RECORD_MAX + 64];
        static uint8_t ours[RECORD_MAX + 64], theirs[RECORD_MAX + 64];

        RAND_bytes(key, sizeof(key));
        RAND_bytes(nonce, sizeof(nonce));
        RAND_bytes(plain, (int)n);
        memcpy(ours, plain, n);
        memcpy(theirs, plain, n);
        assert_true(seal(name, OURS, true, key, nonce, n_aad, ours, n, step, tag));
        assert_true(seal(name, THEIRS, true, key, nonce, n_aad, theirs, n, n + 1,
                         their_tag));
        assert_memory_equal(ours, theirs, n);
        assert_memory_equal(tag, their_tag, 16);
        assert_true(seal(name, OURS, false, key, nonce, n_aad, ours, n, step, tag));
        assert_memory_equal(ours, plain, n);
        tag[n % 16] ^= 1;
        assert_false(seal(name, OURS, false, key, nonce, n_aad, theirs, n, step, tag));
}

static void test_each_length_is_encrypted_as_openssl_does(void **state)
{
        (void)state;
        for (size_t i = 0; i < 2; i++) {
                for (size_t n = 0; n < 1100; n++)
                        check_length(names[i], n, n % (SP_GCM_AAD_MAX + 1), 1 + n % 97);
                check_length(names[i], RECORD_MAX, 5, RECORD_MAX);
                check_length(names[i], RECORD_MAX + 1, 5, 1000);
        }
}

static void test_the_same_nonce_does_not_serve_twice(void **state)
{
        uint8_t key[32] = { 1 }, nonce[12] = { 2 }, text[64] = { 3 };

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                EVP_CIPHER *how = EVP_CIPHER_fetch(NULL, names[i], OURS);
                EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
                int n;

                assert_int_equal(EVP_EncryptInit_ex2(c, how, key, nonce, NULL), 1);
                assert_int_equal(EVP_EncryptUpdate(c, text, &n, text, 64), 1);
                assert_int_equal(EVP_EncryptFinal_ex(c, text, &n), 1);
                assert_int_equal(EVP_EncryptUpdate(c, text, &n, text, 64), 0);
                assert_int_equal(EVP_EncryptFinal_ex(c, text, &n), 0);
                EVP_CIPHER_CTX_free(c);
                EVP_CIPHER_free(how);
        }
}

static void test_what_tls_does_not_ask_for_is_refused(void **state)
{
        uint8_t key[32] = { 1 }, nonce[16] = { 2 }, text[64] = { 3 };

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                EVP_CIPHER *how = EVP_CIPHER_fetch(NULL, names[i], OURS);
                EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
                int n;

                /* no key; no nonce; a nonce of 16 bytes; a short tag; too much additional data */
                assert_int_equal(EVP_EncryptInit_ex2(c, how, NULL, nonce, NULL), 1);
                assert_int_equal(EVP_EncryptUpdate(c, text, &n, text, 64), 0);
                assert_int_equal(EVP_EncryptInit_ex2(c, how, key, NULL, NULL), 1);
                assert_int_equal(EVP_EncryptUpdate(c, text, &n, text, 64), 0);
                assert_int_equal(
                        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 16, NULL), 0);
                assert_int_equal(EVP_DecryptInit_ex2(c, how, key, nonce, NULL), 1);
                assert_int_equal(
                        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 12, text), 0);
                assert_int_equal(EVP_DecryptUpdate(c, NULL, &n, text, 32), 1);
                assert_int_equal(EVP_DecryptUpdate(c, NULL, &n, text, 1), 0);
                /* decrypted, and no tag to compare with */
                assert_int_equal(EVP_DecryptUpdate(c, text, &n, text, 64), 1);
                assert_int_equal(EVP_DecryptFinal_ex(c, text, &n), 0);
                EVP_CIPHER_CTX_free(c);
                EVP_CIPHER_free(how);
        }
        ERR_clear_error();
}

/* ---- TLS: our server, OpenSSL's client ---- */

struct pair {
        SSL *server, *client;
};

static SSL_CTX *server_context(EVP_PKEY *key, X509 *certificate)
{
        SSL_CTX *s = SSL_CTX_new(TLS_server_method());

        assert_int_equal(SSL_CTX_use_certificate(s, certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(s, key), 1);
        return s;
}

static X509 *self_signed(EVP_PKEY *key)
{
        X509 *c = X509_new();

        ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
        X509_gmtime_adj(X509_getm_notBefore(c), 0);
        X509_gmtime_adj(X509_getm_notAfter(c), 3600);
        X509_set_pubkey(c, key);
        assert_true(X509_sign(c, key, EVP_sha256()) > 0);
        return c;
}

static struct pair shake_hands(SSL_CTX *server, SSL_CTX *client)
{
        struct pair p = { SSL_new(server), SSL_new(client) };
        BIO *a, *b;

        assert_int_equal(BIO_new_bio_pair(&a, 64 * 1024, &b, 64 * 1024), 1);
        SSL_set_bio(p.server, a, a);
        SSL_set_bio(p.client, b, b);
        SSL_set_accept_state(p.server);
        SSL_set_connect_state(p.client);
        for (int i = 0; i < 8; i++) {
                (void)SSL_do_handshake(p.client);
                (void)SSL_do_handshake(p.server);
        }
        assert_true(SSL_is_init_finished(p.server) && SSL_is_init_finished(p.client));
        return p;
}

static void pass(SSL *from, SSL *to, size_t n)
{
        uint8_t sent[RECORD_MAX], got[RECORD_MAX];

        RAND_bytes(sent, (int)n);
        assert_int_equal(SSL_write(from, sent, (int)n), (int)n);
        assert_int_equal(SSL_read(to, got, sizeof(got)), (int)n);
        assert_memory_equal(sent, got, n);
}

#define PAIRS (SP_GCM_KEYS + 5)

static void check_suite(SSL_CTX *server, SSL_CTX *client)
{
        struct pair p[PAIRS];
        uint8_t c;

        for (size_t i = 0; i < PAIRS; i++)
                p[i] = shake_hands(server, client);
        /* by turns: there are more keys than are kept unrolled */
        for (size_t n = 1; n < RECORD_MAX; n = n * 3 + 1) {
                for (size_t i = 0; i < PAIRS; i++) {
                        pass(p[i].server, p[i].client, n);
                        pass(p[i].client, p[i].server, n);
                }
        }
        for (size_t i = 0; i < PAIRS; i++) {
                /* an empty record, another of its keys, and what was not sent by the client */
                if (SSL_version(p[i].server) == TLS1_3_VERSION) {
                        assert_int_equal(
                                SSL_key_update(p[i].client, SSL_KEY_UPDATE_REQUESTED),
                                1);
                        pass(p[i].client, p[i].server, 100);
                        pass(p[i].server, p[i].client, 100);
                }
                assert_int_equal(BIO_write(SSL_get_wbio(p[i].client),
                                           "\x17\x03\x03\x00\x20"
                                           "0123456789abcdef0123456789abcdef",
                                           37),
                                 37);
                assert_int_equal(SSL_read(p[i].server, &c, 1), -1);
                assert_int_equal(ERR_GET_REASON(ERR_get_error()),
                                 SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
                ERR_clear_error();
                SSL_free(p[i].server);
                SSL_free(p[i].client);
        }
}

/* A record of each short length, which no key made. */
static void check_forged(SSL_CTX *server, SSL_CTX *client)
{
        for (size_t n = 0; n <= 40; n++) {
                struct pair p = shake_hands(server, client);
                uint8_t record[5 + 40] = { 0x17, 3, 3, 0, (uint8_t)n }, c;

                pass(p.client, p.server, 10);
                assert_int_equal(BIO_write(SSL_get_wbio(p.client), record, 5 + (int)n),
                                 5 + (int)n);
                assert_int_equal(SSL_read(p.server, &c, 1), -1);
                assert_int_equal(SSL_get_error(p.server, -1), SSL_ERROR_SSL);
                ERR_clear_error();
                SSL_free(p.server);
                SSL_free(p.client);
        }
}

static void test_tls_with_openssl_on_the_other_side(void **state)
{
        static const char *const suites[] = { "TLS_AES_128_GCM_SHA256",
                                              "TLS_AES_256_GCM_SHA384",
                                              "ECDHE-ECDSA-AES128-GCM-SHA256",
                                              "ECDHE-ECDSA-AES256-GCM-SHA384" };
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *certificate = self_signed(key);

        (void)state;
        for (size_t i = 0; i < 4; i++) {
                SSL_CTX *s = server_context(key, certificate);
                SSL_CTX *c = SSL_CTX_new_ex(NULL, THEIRS, TLS_client_method());

                if (strncmp(suites[i], "TLS_", 4) == 0) {
                        SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
                        assert_int_equal(SSL_CTX_set_ciphersuites(c, suites[i]), 1);
                } else {
                        SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
                        assert_int_equal(SSL_CTX_set_cipher_list(c, suites[i]), 1);
                }
                check_suite(s, c);
                check_forged(s, c);
                SSL_CTX_free(s);
                SSL_CTX_free(c);
        }
        X509_free(certificate);
        EVP_PKEY_free(key);
}

static void test_openssl_asks_it_first_and_for_nothing_else(void **state)
{
        EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "id-aes128-GCM", NULL);
        EVP_CIPHER *chacha = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);

        (void)state;
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(aes)),
                            "sallyport");
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(chacha)),
                            "default");
        EVP_CIPHER_free(aes);
        EVP_CIPHER_free(chacha);
}

/* In a process of its own: it is for the whole process. */
static void test_where_openssl_is_set_up_for_fips_it_stays_so(void **state)
{
        pid_t child = fork();
        int status;

        (void)state;
        if (child == 0) {
                (void)EVP_default_properties_enable_fips(NULL, 1);
                _exit(sp_gcm_prefer(true) == -EOPNOTSUPP &&
                                      EVP_default_properties_is_fips_enabled(NULL) == 1
                              ? 0
                              : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

static void test_else_it_is_taken(void **state)
{
        int r = sp_gcm_prefer(true);

        (void)state;
        if (r < 0)
                fail_msg("libIPSec_MB: %s", strerror(-r));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_where_openssl_is_set_up_for_fips_it_stays_so),
#ifdef __x86_64__
                cmocka_unit_test(test_else_it_is_taken),
                cmocka_unit_test(test_each_length_is_encrypted_as_openssl_does),
                cmocka_unit_test(test_the_same_nonce_does_not_serve_twice),
                cmocka_unit_test(test_what_tls_does_not_ask_for_is_refused),
                cmocka_unit_test(test_tls_with_openssl_on_the_other_side),
                cmocka_unit_test(test_openssl_asks_it_first_and_for_nothing_else),
#endif
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
