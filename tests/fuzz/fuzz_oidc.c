/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: what the rest is. 0: a JWKS; 1: an OIDC token against a fixed key set
 * (nothing may be accepted: no input is signed); 2, 3: a token request.
 */
#include <stdlib.h>

#include "daemon/google/oidc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A P-256 public key; the private half was thrown away. */
static const char jwks[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\","
                           "\"x\":\"pJWs_nINjZtt2cC0SGWDII8ETGrnXC9Kt_NXBCAVsV4\","
                           "\"y\":\"N3d4UEpSJ9UPq6ezoSI9fZlS9hYUj4lFMd5JsyA_aTw\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct sp_jwks *keys;
        struct sp_arena a = SP_ARENA_INIT(16u * 1024 * 1024);
        struct sp_str text = sp_str((const char *)data, size);
        struct sp_jwks *set = NULL;
        struct sp_err err = SP_ERR_NULL;
        struct sp_token_request t;
        struct sp_person p;
        struct sp_str iss;

        if (!keys && sp_jwks_new(sp_str_c(jwks), &keys, NULL) < 0)
                abort();
        if (size == 0)
                return 0;
        text = sp_str_sub(text, 1, text.n);
        if (data[0] % 4 == 0) {
                if (sp_jwks_new(text, &set, &err) == 0)
                        (void)sp_jwks_free(set);
        } else if (data[0] % 4 == 1) {
                struct sp_issuer issuer = { SP_STR("https://issuer.example"),
                                            SP_STR("a"), SP_STR("groups"), keys };

                (void)!sp_oidc_peek_issuer(&a, text, &iss, NULL);
                if (sp_oidc_verify(&a, text, &issuer, 1, 1800000000, &p, &err) == 0 ||
                    !err.id)
                        abort();
        } else {
                (void)!sp_token_request_read(
                        &a,
                        data[0] % 4 == 2 ? SP_STR("application/json")
                                         : SP_STR("application/x-www-form-urlencoded"),
                        text, &t, &err);
        }
        sp_arena_done(&a);
        return 0;
}
