/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/oidc — an OIDC ID token, checked, becomes a person.
 *
 * Job:       verify a JWS compact token against configured issuers and their JWKS.
 * Ownership: a key set is built once per JWKS text; sp_person strings are in the arena.
 * Errors:    -EACCES with id "identity.*" (never quoting the token), -EINVAL for a bad
 *            JWKS, -ENOMEM.
 * Spec:      RFC 7515, 7517, 7519, OIDC Core §3.1.3.7; threats.md §4.5.
 * Trap:      libjwt 1.10 picks the algorithm from the token: our own strict reading of
 *            the header comes first, and claims are taken from our reading only.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/err.h"

struct sp_jwks;
sp_must_check int sp_jwks_new(struct sp_str json, struct sp_jwks **ret,
                              struct sp_err *reterr);
struct sp_jwks *sp_jwks_free(struct sp_jwks *j);
SP_DEFINE_CLEANUP(struct sp_jwks *, sp_jwks_free)

struct sp_issuer {
        struct sp_str issuer, audience;
        struct sp_str groups_claim; /* "groups" when empty */
        const struct sp_jwks *keys; /* NULL: not loaded yet, refuse */
};

struct sp_person {
        struct sp_str iss, sub, email;
        struct sp_str *groups;
        size_t n_groups;
        uint64_t expires_s; /* Unix time */
};
/* The `iss` of a token that is not verified yet: to know whose keys to fetch. */
sp_must_check int sp_oidc_peek_issuer(struct sp_arena *a, struct sp_str token,
                                      struct sp_str *ret, struct sp_err *reterr);
sp_must_check int sp_oidc_verify(struct sp_arena *a, struct sp_str token,
                                 const struct sp_issuer *issuers, size_t n_issuers,
                                 uint64_t now_s, struct sp_person *ret,
                                 struct sp_err *reterr);

/* An id of sp_oidc_verify's that came as text from another process; NULL: it is none. */
const char *sp_oidc_error_id(struct sp_str id);

/* The body of a token endpoint request (application/x-www-form-urlencoded or JSON). */
struct sp_token_request {
        struct sp_str grant_type, subject_token, subject_token_type, assertion, scope;
};
sp_must_check int sp_token_request_read(struct sp_arena *a, struct sp_str content_type,
                                        struct sp_str body,
                                        struct sp_token_request *ret,
                                        struct sp_err *reterr);
