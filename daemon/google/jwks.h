/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/jwks — the public keys of an issuer, inside struct sp_jwks.
 *
 * Job:       read a JWKS and hold each usable key as the PEM text that libjwt wants,
 *            beside what a token must say to be checked with it.
 * Spec:      RFC 7517, RFC 7518 §6. Only RSA of 2048 to 8192 bits (RS256) and P-256
 *            (ES256).
 */
#pragma once

#include "daemon/google/oidc.h"

enum sp_jwk_type { SP_JWK_RS256, SP_JWK_ES256 };

struct sp_jwk {
        enum sp_jwk_type type;
        char *kid; /* NULL: none */
        char *pem;
        size_t pem_len;
};

struct sp_jwks {
        size_t n;
        struct sp_jwk keys[];
};
