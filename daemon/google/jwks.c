/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/jwks.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"

#define JWKS_MAX (256u * 1024)
#define KEYS_MAX 64
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* a check with a larger one is a way to keep us busy */
#define P256_BYTES 32

static EVP_PKEY *pkey_free(EVP_PKEY *k)
{
        EVP_PKEY_free(k);
        return NULL;
}
SP_DEFINE_CLEANUP(EVP_PKEY *, pkey_free)

static BIGNUM *bn_free(BIGNUM *b)
{
        BN_free(b);
        return NULL;
}
SP_DEFINE_CLEANUP(BIGNUM *, bn_free)

/* NULL and *ret = NULL for a bad specification or without memory. */
static EVP_PKEY *pkey_build(const char *type, OSSL_PARAM_BLD *spec)
{
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
        OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(spec);
        EVP_PKEY *key = NULL;

        if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
            EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
                key = NULL;
        OSSL_PARAM_free(params);
        EVP_PKEY_CTX_free(ctx);
        return key;
}

/* A base64url member as bytes. */
static int read_bytes(const struct sp_json *o, const char *name, struct sp_buf *ret)
{
        struct sp_str text = sp_json_get_str(o, name);

        return text.n ? sp_base64url_decode(ret, text) : -EINVAL;
}

static EVP_PKEY *read_rsa(const struct sp_json *o)
{
        sp_autobuf n = SP_BUF_INIT(4096), e = SP_BUF_INIT(64);
        sp_cleanup(bn_freep) BIGNUM *bn_n = NULL;
        sp_cleanup(bn_freep) BIGNUM *bn_e = NULL;
        OSSL_PARAM_BLD *spec;
        EVP_PKEY *key = NULL;

        if (read_bytes(o, "n", &n) < 0 || read_bytes(o, "e", &e) < 0)
                return NULL;
        bn_n = BN_bin2bn((unsigned char *)n.p, (int)n.n, NULL);
        bn_e = BN_bin2bn((unsigned char *)e.p, (int)e.n, NULL);
        if (!bn_n || !bn_e || BN_num_bits(bn_n) < RSA_BITS_MIN ||
            BN_num_bits(bn_n) > RSA_BITS_MAX || !BN_is_odd(bn_n) || !BN_is_odd(bn_e) ||
            BN_is_one(bn_e) || BN_num_bits(bn_e) > 64)
                return NULL;
        spec = OSSL_PARAM_BLD_new();
        if (spec && OSSL_PARAM_BLD_push_BN(spec, OSSL_PKEY_PARAM_RSA_N, bn_n) &&
            OSSL_PARAM_BLD_push_BN(spec, OSSL_PKEY_PARAM_RSA_E, bn_e))
                key = pkey_build("RSA", spec);
        OSSL_PARAM_BLD_free(spec);
        return key;
}

static bool is_on_curve(EVP_PKEY *key)
{
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        bool ok = ctx && EVP_PKEY_public_check(ctx) == 1;

        EVP_PKEY_CTX_free(ctx);
        return ok;
}

static EVP_PKEY *read_p256(const struct sp_json *o)
{
        sp_autobuf x = SP_BUF_INIT(64), y = SP_BUF_INIT(64);
        unsigned char point[1 + 2 * P256_BYTES] = { 0x04 }; /* uncompressed */
        OSSL_PARAM_BLD *spec;
        EVP_PKEY *key = NULL;

        if (!sp_str_eq(sp_json_get_str(o, "crv"), SP_STR("P-256")) ||
            read_bytes(o, "x", &x) < 0 || read_bytes(o, "y", &y) < 0 ||
            x.n != P256_BYTES || y.n != P256_BYTES)
                return NULL;
        memcpy(point + 1, x.p, P256_BYTES);
        memcpy(point + 1 + P256_BYTES, y.p, P256_BYTES);
        spec = OSSL_PARAM_BLD_new();
        if (spec &&
            OSSL_PARAM_BLD_push_utf8_string(spec, OSSL_PKEY_PARAM_GROUP_NAME,
                                            "prime256v1", 0) &&
            OSSL_PARAM_BLD_push_octet_string(spec, OSSL_PKEY_PARAM_PUB_KEY, point,
                                             sizeof(point)))
                key = pkey_build("EC", spec);
        OSSL_PARAM_BLD_free(spec);
        if (key && !is_on_curve(key))
                key = pkey_free(key);
        return key;
}

static int write_pem(EVP_PKEY *key, struct sp_jwk *ret)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *p;
        long n;

        if (!bio || PEM_write_bio_PUBKEY(bio, key) != 1) {
                BIO_free(bio);
                return -ENOMEM;
        }
        n = BIO_get_mem_data(bio, &p);
        ret->pem = sp_str_dup(sp_str(p, (size_t)n));
        ret->pem_len = (size_t)n;
        BIO_free(bio);
        return ret->pem ? 0 : -ENOMEM;
}

/* An optional member must, if it is there, say that the key is for this. */
static bool says(const struct sp_json *o, const char *name, const char *wanted)
{
        const struct sp_json *m = sp_json_get(o, name);

        return !m ||
               (m->type == SP_JSON_STRING && sp_str_eq(m->text, sp_str_c(wanted)));
}

/* 1: a key of a kind that is not used here (other type, too short, for encryption):
 * passed over, as RFC 7517 §5 says. A token signed with it finds no key. */
static int read_key(const struct sp_json *o, struct sp_jwk *ret)
{
        sp_cleanup(pkey_freep) EVP_PKEY *key = NULL;
        struct sp_str kty = sp_json_get_str(o, "kty"), kid = sp_json_get_str(o, "kid");
        bool is_rsa = sp_str_eq(kty, SP_STR("RSA"));

        if (!is_rsa && !sp_str_eq(kty, SP_STR("EC")))
                return 1;
        if (!says(o, "use", "sig") || !says(o, "alg", is_rsa ? "RS256" : "ES256"))
                return 1;
        if (memchr(kid.p ? kid.p : "", '\0', kid.n) || kid.n > 256)
                return 1;
        key = is_rsa ? read_rsa(o) : read_p256(o);
        if (!key)
                return 1;
        ret->type = is_rsa ? SP_JWK_RS256 : SP_JWK_ES256;
        if (kid.n) {
                ret->kid = sp_str_dup(kid);
                if (!ret->kid)
                        return -ENOMEM;
        }
        return write_pem(key, ret);
}

int sp_jwks_new(struct sp_str json, struct sp_jwks **ret, struct sp_err *reterr)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(8u * 1024 * 1024);
        sp_cleanup(sp_jwks_freep) struct sp_jwks *set = NULL;
        const struct sp_json *keys;
        struct sp_json *root;
        int e;

        if (json.n > JWKS_MAX)
                return sp_err_set(reterr, -EINVAL, "identity.jwks", "",
                                  "the key set is larger than %u bytes", JWKS_MAX);
        e = sp_json_parse(&a, json, &root, reterr);
        if (e < 0)
                return e;
        keys = sp_json_get(root, "keys");
        if (!keys || keys->type != SP_JSON_ARRAY || keys->count > KEYS_MAX)
                return sp_err_set(reterr, -EINVAL, "identity.jwks", "",
                                  "a key set has an array \"keys\" of at most %d",
                                  KEYS_MAX);
        set = calloc(1, sizeof(*set) + keys->count * sizeof(set->keys[0]));
        if (!set)
                return -ENOMEM;
        for (const struct sp_json *k = keys->first; k; k = k->next) {
                e = read_key(k, &set->keys[set->n]);
                if (e < 0) {
                        set->n++; /* half made: freed with the rest */
                        return e;
                }
                if (e == 0)
                        set->n++;
        }
        if (set->n == 0)
                return sp_err_set(reterr, -EINVAL, "identity.jwks", "",
                                  "the key set has no RSA key of 2048 bits or more and "
                                  "no P-256 key");
        *ret = SP_TAKE(set);
        return 0;
}

struct sp_jwks *sp_jwks_free(struct sp_jwks *j)
{
        if (!j)
                return NULL;
        for (size_t i = 0; i < j->n; i++) {
                free(j->keys[i].kid);
                free(j->keys[i].pem);
        }
        free(j);
        return NULL;
}
