/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verifier/issuers — the key sets of OIDC issuers: given by the warden, or discovered.
 *
 * Job:       hold a JWKS per configured issuer; fetch <issuer>/.well-known/openid-configuration and
 *            its jwks_uri when `discover` is set: again after an hour, and for a key that is not
 *            there, but not twice in ten seconds; verify ID tokens against them.
 * Errors:    -EACCES with id "identity.*".
 * Spec:      OpenID Connect Discovery 1.0 §4.
 */
#pragma once

#include "daemon/google/oidc.h"
#include "daemon/roles/settings.h"
#include "daemon/roles/upstream.h"

struct sp_issuer_entry;
struct sp_issuers {
        struct sp_upstream *upstream;
        struct sp_issuer_entry *entries;
        size_t n;
};

sp_must_check int sp_issuers_init(struct sp_issuers *i, const struct sp_settings *s,
                                  struct sp_upstream *upstream);
void sp_issuers_done(struct sp_issuers *i);
sp_must_check int sp_issuers_set(struct sp_issuers *i, struct sp_str issuer,
                                 struct sp_str jwks, struct sp_err *reterr);
/* Calls back with the person (strings in `a`) or an error. May call back at once. */
typedef void (*sp_verified_fn)(void *userdata, const struct sp_person *p,
                               const struct sp_err *e);
void sp_issuers_verify(struct sp_issuers *i, struct sp_arena *a, struct sp_str token,
                       sp_verified_fn fn, void *userdata);
