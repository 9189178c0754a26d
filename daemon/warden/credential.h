/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/credential — the service-account key, which only this module ever holds.
 *
 * Job:       read the key file (or the systemd credential), sign JWT assertions with
 * it. Ownership: the key is an EVP_PKEY here; the file's text is wiped after reading.
 * Errors:    "credential.*", "file.*"; never quoting the file.
 * Spec:      RFC 7523 §2.1, §3; RFC 7518 §3.3 (RS256).
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/err.h"
#include "daemon/roles/settings.h"

#define SP_ASSERTION_LIFETIME_S 3600 /* Google's maximum */

struct sp_credential;
/* settings->credential: the systemd credential of that name when it is set, else the
 * file. -ENOENT "credential.missing": neither is configured. */
sp_must_check int sp_credential_load(const struct sp_settings *settings,
                                     struct sp_credential **ret, struct sp_err *reterr);
sp_must_check int sp_credential_parse(const char *name, struct sp_str json,
                                      struct sp_credential **ret,
                                      struct sp_err *reterr);
struct sp_credential *sp_credential_free(struct sp_credential *c);
SP_DEFINE_CLEANUP(struct sp_credential *, sp_credential_free)
struct sp_str sp_credential_email(const struct sp_credential *c);
struct sp_str sp_credential_token_uri(const struct sp_credential *c);
/* Appends a compact JWS. */
sp_must_check int sp_credential_assert(const struct sp_credential *c, uint64_t now_s,
                                       struct sp_buf *to, struct sp_err *reterr);
