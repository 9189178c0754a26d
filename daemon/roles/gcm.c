/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/gcm.h"

#include <errno.h>

#include "daemon/roles/gcm_cipher.h"

#ifdef SP_GCM_IS_BUILT

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>

#define LIBRARY "libIPSec_MB.so.1"
#define NONCE_LEN IMB_GCM_IV_DATA_LEN
#define TAG_LEN IMB_MAX_TAG_LEN

/* For the rest of the process. */
static struct {
        void *library;
        IMB_MGR *manager;
        OSSL_PROVIDER *own, *others;
} gcm;

static int make_provider(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *given,
                         const OSSL_DISPATCH **ret, void **ret_provider)
{
        static const OSSL_DISPATCH functions[] = {
                { OSSL_FUNC_PROVIDER_QUERY_OPERATION,
                  (void (*)(void))sp_gcm_algorithms },
                { 0, NULL },
        };

        (void)core, (void)given;
        *ret = functions;
        *ret_provider = &gcm;
        return 1;
}

/* ---- the library ---- */

static int open_library(bool any_cpu)
{
        IMB_MGR *(*make)(uint64_t);
        void (*set_up)(IMB_MGR *, IMB_ARCH *);
        unsigned (*version)(void);

        gcm.library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (!gcm.library)
                return -EOPNOTSUPP;
        *(void **)&make = dlsym(gcm.library, "alloc_mb_mgr");
        *(void **)&set_up = dlsym(gcm.library, "init_mb_mgr_auto");
        *(void **)&version = dlsym(gcm.library, "imb_get_version");
        /* the functions are members of a struct: of another version, they might lie elsewhere */
        if (!make || !set_up || !version || version() >> 8 != IMB_VERSION_NUM >> 8)
                return -EOPNOTSUPP;
        gcm.manager = make(0);
        if (!gcm.manager)
                return -ENOMEM;
        if (!any_cpu &&
            (gcm.manager->features & IMB_CPUFLAGS_AVX512_T2) != IMB_CPUFLAGS_AVX512_T2)
                return -EOPNOTSUPP;
        set_up(gcm.manager, NULL);
        return 0;
}

static bool name_functions(void)
{
        const IMB_MGR *m = gcm.manager;

        sp_gcm_aes128 = (struct sp_gcm_kind){
                .key_len = IMB_GCM_128_KEY_LEN,
                .unroll = m->gcm128_pre,
                .begin = m->gcm128_init,
                .update = { m->gcm128_dec_update, m->gcm128_enc_update },
                .end = { m->gcm128_dec_finalize, m->gcm128_enc_finalize },
        };
        sp_gcm_aes256 = (struct sp_gcm_kind){
                .key_len = IMB_GCM_256_KEY_LEN,
                .unroll = m->gcm256_pre,
                .begin = m->gcm256_init,
                .update = { m->gcm256_dec_update, m->gcm256_enc_update },
                .end = { m->gcm256_dec_finalize, m->gcm256_enc_finalize },
        };
        return m->gcm128_pre && m->gcm256_pre && m->gcm128_init && m->gcm256_init &&
               sp_gcm_aes128.update[0] && sp_gcm_aes128.update[1] &&
               sp_gcm_aes256.update[0] && sp_gcm_aes256.update[1] &&
               sp_gcm_aes128.end[0] && sp_gcm_aes128.end[1] && sp_gcm_aes256.end[0] &&
               sp_gcm_aes256.end[1];
}

static void close_library(void)
{
        void (*give_up)(IMB_MGR *);

        if (!gcm.library)
                return;
        *(void **)&give_up = dlsym(gcm.library, "free_mb_mgr");
        if (gcm.manager && give_up)
                give_up(gcm.manager);
        gcm.manager = NULL;
        dlclose(SP_TAKE(gcm.library));
}

/* ---- beside OpenSSL's own, once ---- */

#define SAMPLE_LEN 4099 /* no multiple of anything */

static bool sample(const char *name, const char *provider, uint8_t text[SAMPLE_LEN],
                   uint8_t tag[TAG_LEN], bool encrypt)
{
        static const uint8_t key[IMB_GCM_256_KEY_LEN] = "only to compare two ciphers";
        static const uint8_t nonce[NONCE_LEN] = "used once";
        EVP_CIPHER *how = EVP_CIPHER_fetch(NULL, name, provider);
        EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
        int n, aad_n;
        bool is_good = how && c &&
                       EVP_CipherInit_ex2(c, how, key, nonce, encrypt, NULL) == 1 &&
                       EVP_CipherUpdate(c, NULL, &aad_n, nonce, 5) == 1 &&
                       EVP_CipherUpdate(c, text, &n, text, SAMPLE_LEN) == 1 &&
                       n == SAMPLE_LEN &&
                       (encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG,
                                                       TAG_LEN, tag) == 1) &&
                       EVP_CipherFinal_ex(c, text, &n) == 1 &&
                       (!encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG,
                                                        TAG_LEN, tag) == 1);

        EVP_CIPHER_CTX_free(c);
        EVP_CIPHER_free(how);
        return is_good;
}

static bool is_same(const char *name)
{
        uint8_t ours[SAMPLE_LEN] = { 7 }, theirs[SAMPLE_LEN] = { 7 };
        uint8_t tag[TAG_LEN], their_tag[TAG_LEN];

        return sample(name, "provider=" SP_GCM_PROVIDER, ours, tag, true) &&
               sample(name, "provider=default", theirs, their_tag, true) &&
               memcmp(ours, theirs, SAMPLE_LEN) == 0 &&
               memcmp(tag, their_tag, TAG_LEN) == 0 &&
               sample(name, "provider=" SP_GCM_PROVIDER, theirs, their_tag, false) &&
               theirs[0] == 7 && theirs[SAMPLE_LEN - 1] == 0;
}

static int load_provider(void)
{
        /* whoever loads one has to load OpenSSL's own, too: OSSL_PROVIDER_load(3) */
        gcm.others = OSSL_PROVIDER_load(NULL, "default");
        if (!gcm.others ||
            OSSL_PROVIDER_add_builtin(NULL, SP_GCM_PROVIDER, make_provider) != 1)
                return -ENOMEM;
        gcm.own = OSSL_PROVIDER_load(NULL, SP_GCM_PROVIDER);
        if (!gcm.own)
                return -ENOMEM;
        if (!is_same("AES-128-GCM") || !is_same("AES-256-GCM"))
                return -EBADMSG;
        return EVP_set_default_properties(NULL, "?provider=" SP_GCM_PROVIDER) == 1
                       ? 0
                       : -ENOMEM;
}

/* Who configures OpenSSL to use validated code only gets no other. */
static bool is_validated_only(void)
{
        return OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 ||
               EVP_default_properties_is_fips_enabled(NULL) == 1;
}

int sp_gcm_prefer(bool any_cpu)
{
        int r = is_validated_only() ? -EOPNOTSUPP : open_library(any_cpu);

        if (r == 0)
                r = name_functions() ? load_provider() : -EOPNOTSUPP;
        if (r == 0)
                return 0;
        ERR_clear_error();
        if (gcm.own) /* OpenSSL may still have ciphers of it: the library stays */
                OSSL_PROVIDER_unload(SP_TAKE(gcm.own));
        else
                close_library();
        return r;
}

#else

int sp_gcm_prefer(bool any_cpu)
{
        (void)any_cpu;
        return -EOPNOTSUPP;
}

#endif
