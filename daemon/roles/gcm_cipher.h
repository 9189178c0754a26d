/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/gcm_cipher — the ciphers that roles/gcm gives to OpenSSL, by functions of libIPSec_MB.
 *
 * Ownership: a cipher belongs to OpenSSL; the two kinds here are filled in by roles/gcm before the first.
 * Errors:    1: done, 0: refused, as OpenSSL counts.
 * Spec:      provider-cipher(7).
 */
#pragma once

#include "daemon/roles/gcm.h"

#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)
#define SP_GCM_IS_BUILT 1

#include <intel-ipsec-mb.h>
#include <openssl/core_dispatch.h>

#define SP_GCM_PROVIDER "sallyport"

struct sp_gcm_kind {
        size_t key_len;
        aes_gcm_pre_t unroll;
        aes_gcm_init_t begin;
        aes_gcm_enc_dec_update_t update[2]; /* decrypting, encrypting */
        aes_gcm_enc_dec_finalize_t end[2];
};
/* OpenSSL has one set of providers a process, and hands nothing to the functions of one. */
extern struct sp_gcm_kind sp_gcm_aes128, sp_gcm_aes256;

/* OSSL_FUNC_provider_query_operation of the provider. */
const OSSL_ALGORITHM *sp_gcm_algorithms(void *provider, int operation, int *no_cache);
#endif
