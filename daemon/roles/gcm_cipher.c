/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/gcm_cipher.h"

#ifdef SP_GCM_IS_BUILT

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define NONCE_LEN IMB_GCM_IV_DATA_LEN
#define SALT_LEN EVP_GCM_TLS_FIXED_IV_LEN /* of TLS 1.2: the part not sent */
#define SENT_LEN EVP_GCM_TLS_EXPLICIT_IV_LEN
#define TAG_LEN IMB_MAX_TAG_LEN

struct sp_gcm_kind sp_gcm_aes128, sp_gcm_aes256;

struct unrolled {
        uint64_t id; /* of the key; 0: none */
        _Alignas(64) struct gcm_key_data
                key; /* the header aligns it only #ifdef LINUX */
};

static struct {
        uint64_t last_id;
        struct unrolled keys[SP_GCM_KEYS];
} gcm;

enum state {
        NO_NONCE, /* also after a message: no nonce serves twice */
        HAS_NONCE, /* and perhaps additional data */
        IN_MESSAGE
};

struct cipher {
        const struct sp_gcm_kind *kind;
        uint64_t key_id; /* 0: no key */
        enum state state;
        bool is_encrypting, has_tag;
        bool is_record; /* the next message is a record of TLS 1.2 */
        uint8_t n_aad;
        uint8_t key[IMB_GCM_256_KEY_LEN];
        uint8_t nonce[NONCE_LEN], aad[SP_GCM_AAD_MAX], tag[TAG_LEN];
        struct gcm_context_data message;
};

static struct unrolled *slot_of(const struct cipher *c)
{
        return &gcm.keys[c->key_id % SP_GCM_KEYS];
}

static const struct gcm_key_data *unrolled(const struct cipher *c)
{
        struct unrolled *u = slot_of(c);

        if (u->id != c->key_id) {
                c->kind->unroll(c->key, &u->key);
                u->id = c->key_id;
        }
        return &u->key;
}

static void forget_key(struct cipher *c)
{
        struct unrolled *u = slot_of(c);

        if (c->key_id && u->id == c->key_id)
                OPENSSL_cleanse(u, sizeof(*u));
        OPENSSL_cleanse(c->key, sizeof(c->key));
        c->key_id = 0;
        c->state = NO_NONCE;
}

static void begin(struct cipher *c)
{
        c->kind->begin(unrolled(c), &c->message, c->nonce, c->aad, c->n_aad);
        c->state = IN_MESSAGE;
}

static void crypt_some(struct cipher *c, uint8_t *to, const uint8_t *from, size_t n)
{
        c->kind->update[c->is_encrypting](unrolled(c), &c->message, to, from, n);
}

static void end(struct cipher *c, uint8_t tag[TAG_LEN])
{
        c->kind->end[c->is_encrypting](unrolled(c), &c->message, tag, TAG_LEN);
        OPENSSL_cleanse(&c->message, sizeof(c->message));
        c->state = NO_NONCE;
        c->n_aad = 0;
}

/* ---- what a provider's cipher has (provider-cipher(7)); 1: done, 0: refused ---- */

static void *new_cipher(const struct sp_gcm_kind *kind)
{
        struct cipher *c = OPENSSL_zalloc(sizeof(*c));

        if (c)
                c->kind = kind;
        return c;
}

static void *new_aes128(void *provider)
{
        (void)provider;
        return new_cipher(&sp_gcm_aes128);
}

static void *new_aes256(void *provider)
{
        (void)provider;
        return new_cipher(&sp_gcm_aes256);
}

static void free_cipher(void *data)
{
        struct cipher *c = data;

        if (!c)
                return;
        forget_key(c);
        OPENSSL_clear_free(c, sizeof(*c));
}

/* RFC 5246 §6.2.3.3: number, type, version and length of the record; the length has what is added to it. */
static int set_record(struct cipher *c, const OSSL_PARAM *p)
{
        size_t added = SENT_LEN + (c->is_encrypting ? 0 : TAG_LEN), n;
        uint8_t *end_of_aad = c->aad + EVP_AEAD_TLS1_AAD_LEN;

        if (p->data_type != OSSL_PARAM_OCTET_STRING || !p->data ||
            p->data_size != EVP_AEAD_TLS1_AAD_LEN)
                return 0;
        memcpy(c->aad, p->data, p->data_size);
        n = (size_t)end_of_aad[-2] << 8 | end_of_aad[-1];
        if (n < added)
                return 0;
        n -= added;
        end_of_aad[-2] = (uint8_t)(n >> 8);
        end_of_aad[-1] = (uint8_t)n;
        c->n_aad = EVP_AEAD_TLS1_AAD_LEN;
        c->is_record = true;
        return 1;
}

static int set_tag(struct cipher *c, const OSSL_PARAM *p)
{
        if (p->data_type != OSSL_PARAM_OCTET_STRING || p->data_size != TAG_LEN)
                return 0;
        if (!p->data) /* only its length */
                return 1;
        if (c->is_encrypting)
                return 0;
        memcpy(c->tag, p->data, TAG_LEN);
        c->has_tag = true;
        return 1;
}

static int set_salt(struct cipher *c, const OSSL_PARAM *p)
{
        if (p->data_type != OSSL_PARAM_OCTET_STRING || !p->data ||
            p->data_size != SALT_LEN)
                return 0;
        memcpy(c->nonce, p->data, SALT_LEN);
        return 1;
}

static int set_params(void *data, const OSSL_PARAM *params)
{
        struct cipher *c = data;

        for (const OSSL_PARAM *p = params; p && p->key; p++) {
                size_t n;
                int is_good = 1;

                if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG) == 0)
                        is_good = set_tag(c, p);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD) == 0)
                        is_good = set_record(c, p);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED) == 0)
                        is_good = set_salt(c, p);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_IVLEN) == 0)
                        is_good = OSSL_PARAM_get_size_t(p, &n) && n == NONCE_LEN;
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN) == 0)
                        is_good = OSSL_PARAM_get_size_t(p, &n) && n == c->kind->key_len;
                if (!is_good)
                        return 0;
        }
        return 1;
}

static int get_params(void *data, OSSL_PARAM *params)
{
        struct cipher *c = data;

        for (OSSL_PARAM *p = params; p && p->key; p++) {
                int is_good = 1;

                if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_IVLEN) == 0)
                        is_good = OSSL_PARAM_set_size_t(p, NONCE_LEN);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN) == 0)
                        is_good = OSSL_PARAM_set_size_t(p, c->kind->key_len);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAGLEN) == 0 ||
                         strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD) == 0)
                        is_good = OSSL_PARAM_set_size_t(p, TAG_LEN);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG) == 0)
                        is_good = c->is_encrypting && c->has_tag &&
                                  OSSL_PARAM_set_octet_string(p, c->tag, TAG_LEN);
                if (!is_good)
                        return 0;
        }
        return 1;
}

static int init(struct cipher *c, const uint8_t *key, size_t key_len,
                const uint8_t *nonce, size_t nonce_len, const OSSL_PARAM *params)
{
        if ((key && key_len != c->kind->key_len) || (nonce && nonce_len != NONCE_LEN))
                return 0;
        if (key) {
                forget_key(c);
                memcpy(c->key, key, key_len);
                c->key_id = ++gcm.last_id;
        }
        c->n_aad = 0;
        c->is_record = c->has_tag = false;
        c->state = nonce ? HAS_NONCE : NO_NONCE;
        if (nonce)
                memcpy(c->nonce, nonce, nonce_len);
        return set_params(c, params);
}

static int init_encrypt(void *data, const unsigned char *key, size_t key_len,
                        const unsigned char *nonce, size_t nonce_len,
                        const OSSL_PARAM params[])
{
        ((struct cipher *)data)->is_encrypting = true;
        return init(data, key, key_len, nonce, nonce_len, params);
}

static int init_decrypt(void *data, const unsigned char *key, size_t key_len,
                        const unsigned char *nonce, size_t nonce_len,
                        const OSSL_PARAM params[])
{
        ((struct cipher *)data)->is_encrypting = false;
        return init(data, key, key_len, nonce, nonce_len, params);
}

/* A record of TLS 1.2, in place: the part of the nonce that is sent, the text, the tag. The number of the
 * record is that part, so none comes twice (RFC 5288 §3). *ret_n is with the former when encrypting, and of the
 * text alone when decrypting, which is how OpenSSL's record layer counts. */
static int crypt_record(struct cipher *c, uint8_t *p, size_t *ret_n, size_t n)
{
        uint8_t *text = p + SENT_LEN, tag[TAG_LEN];
        size_t n_text;

        c->is_record = false;
        if (n < SENT_LEN + TAG_LEN)
                return 0;
        n_text = n - SENT_LEN - TAG_LEN;
        if (c->is_encrypting)
                memcpy(p, c->aad, SENT_LEN);
        memcpy(c->nonce + SALT_LEN, p, SENT_LEN);
        begin(c);
        crypt_some(c, text, text, n_text);
        if (c->is_encrypting) {
                end(c, text + n_text);
                *ret_n = n;
                return 1;
        }
        end(c, tag);
        if (CRYPTO_memcmp(tag, text + n_text, TAG_LEN) != 0) {
                OPENSSL_cleanse(text, n_text);
                return 0;
        }
        *ret_n = n_text;
        return 1;
}

static int add_aad(struct cipher *c, const uint8_t *p, size_t n)
{
        if (c->state != HAS_NONCE || n > (size_t)(SP_GCM_AAD_MAX - c->n_aad))
                return 0;
        memcpy(c->aad + c->n_aad, p, n);
        c->n_aad = (uint8_t)(c->n_aad + n);
        return 1;
}

static int update(void *data, unsigned char *to, size_t *ret_n, size_t room,
                  const unsigned char *from, size_t n)
{
        struct cipher *c = data;

        if (!c->key_id || (to && room < n))
                return 0;
        if (c->is_record)
                return to == from && to ? crypt_record(c, to, ret_n, n) : 0;
        *ret_n = n;
        if (!n)
                return 1;
        if (!to)
                return add_aad(c, from, n);
        if (c->state == HAS_NONCE)
                begin(c);
        if (c->state != IN_MESSAGE)
                return 0;
        crypt_some(c, to, from, n);
        return 1;
}

static int final(void *data, unsigned char *to, size_t *ret_n, size_t room)
{
        struct cipher *c = data;
        uint8_t tag[TAG_LEN];

        (void)to, (void)room;
        if (!c->key_id || c->state == NO_NONCE || c->is_record)
                return 0;
        if (c->state == HAS_NONCE)
                begin(c);
        end(c, tag);
        *ret_n = 0;
        if (!c->is_encrypting)
                return c->has_tag && CRYPTO_memcmp(tag, c->tag, TAG_LEN) == 0;
        memcpy(c->tag, tag, TAG_LEN);
        c->has_tag = true;
        return 1;
}

static int describe(OSSL_PARAM *params, size_t key_len)
{
        for (OSSL_PARAM *p = params; p && p->key; p++) {
                int is_good = 1;

                if (strcmp(p->key, OSSL_CIPHER_PARAM_MODE) == 0)
                        is_good = OSSL_PARAM_set_uint(p, EVP_CIPH_GCM_MODE);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN) == 0)
                        is_good = OSSL_PARAM_set_size_t(p, key_len);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN) == 0)
                        is_good = OSSL_PARAM_set_size_t(p, NONCE_LEN);
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_BLOCK_SIZE) == 0)
                        is_good = OSSL_PARAM_set_size_t(p, 1); /* a stream */
                else if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD) == 0 ||
                         strcmp(p->key, OSSL_CIPHER_PARAM_CUSTOM_IV) == 0)
                        is_good = OSSL_PARAM_set_int(p, 1);
                if (!is_good)
                        return 0;
        }
        return 1;
}

static int describe_aes128(OSSL_PARAM params[])
{
        return describe(params, IMB_GCM_128_KEY_LEN);
}

static int describe_aes256(OSSL_PARAM params[])
{
        return describe(params, IMB_GCM_256_KEY_LEN);
}

#define FUNCTIONS(new, describe)                                                       \
        {                                                                              \
                { OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))(new) },                    \
                        { OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))free_cipher },     \
                        { OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))(describe) },   \
                        { OSSL_FUNC_CIPHER_GET_CTX_PARAMS,                             \
                          (void (*)(void))get_params },                                \
                        { OSSL_FUNC_CIPHER_SET_CTX_PARAMS,                             \
                          (void (*)(void))set_params },                                \
                        { OSSL_FUNC_CIPHER_ENCRYPT_INIT,                               \
                          (void (*)(void))init_encrypt },                              \
                        { OSSL_FUNC_CIPHER_DECRYPT_INIT,                               \
                          (void (*)(void))init_decrypt },                              \
                        { OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update },           \
                        { OSSL_FUNC_CIPHER_FINAL, (void (*)(void)) final },            \
                {                                                                      \
                        0, NULL                                                        \
                }                                                                      \
        }

const OSSL_ALGORITHM *sp_gcm_algorithms(void *provider, int operation, int *no_cache)
{
        static const OSSL_DISPATCH aes128[] = FUNCTIONS(new_aes128, describe_aes128);
        static const OSSL_DISPATCH aes256[] = FUNCTIONS(new_aes256, describe_aes256);
        static const OSSL_ALGORITHM ciphers[] = {
                { "AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6",
                  "provider=" SP_GCM_PROVIDER, aes128, NULL },
                { "AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46",
                  "provider=" SP_GCM_PROVIDER, aes256, NULL },
                { NULL, NULL, NULL, NULL },
        };

        (void)provider;
        *no_cache = 0;
        return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

#endif
