/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/x509 — certificates by way of OpenSSL: the fields, nothing of when and why.
 *
 * Ownership: returned objects are the caller's. NULL or -EIO: OpenSSL failed.
 * Spec:      RFC 5280.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "daemon/base/buf.h"

/* Self-signed; may sign server certificates for names at or below `suffixes`. */
X509 *sp_x509_make_ca(EVP_PKEY *key, int days, const char *const *suffixes);
/* Whether the name constraints are exactly those that make_ca would write. */
bool sp_x509_has_constraints(const X509 *ca, const char *const *suffixes);
X509 *sp_x509_make_leaf(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, struct sp_str name,
                        long valid_s);
EVP_PKEY *sp_x509_read_key(struct sp_str pem);
X509 *sp_x509_read_cert(struct sp_str pem);
sp_must_check int sp_x509_write_key(EVP_PKEY *key, struct sp_buf *to); /* PKCS#8, PEM */
sp_must_check int sp_x509_write_cert(X509 *cert, struct sp_buf *to);
