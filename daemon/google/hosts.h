/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/hosts — which names are Google's, and which service stands behind each.
 *
 * Job:  the canonical host table of threats.md §1.1. Used by the TLS front to choose
 *       between terminating and splicing, by the CA for its name constraints, by
 *       recognise.
 */
#pragma once

#include "daemon/base/str.h"

enum sp_service {
        SP_SERVICE_NOT_GOOGLE,
        SP_SERVICE_UNKNOWN, /* a Google name not in the table: terminated, denied */
        SP_SERVICE_BIGQUERY, /* bigquery.googleapis.com and its other names */
        SP_SERVICE_GOOGLEAPIS, /* www.googleapis.com: service by path */
        SP_SERVICE_OAUTH2, /* oauth2.googleapis.com */
        SP_SERVICE_STS,
        SP_SERVICE_IAMCREDENTIALS,
        SP_SERVICE_STORAGE, /* storage.googleapis.com and its other names */
        SP_SERVICE_METADATA, /* the metadata server's names and addresses */
        SP_SERVICE_MAX_
};

/* `host` in lower case, without port or trailing dot. */
enum sp_service sp_host_service(struct sp_str host);
/* Google's, so its TLS is ours to terminate: *.googleapis.com, *.google.com, … */
bool sp_host_is_google(struct sp_str host);
/* The DNS suffixes the local CA may sign for ("googleapis.com", …); ends with NULL. */
const char *const *sp_host_suffixes(void);
/* Letters, digits, hyphens and dots, at most 253 bytes; lower-cases into `to` (254
 * bytes) and strips a trailing dot and ":port". "[fd20:ce::254]" loses its brackets.
 * -EINVAL for anything else. */
sp_must_check int sp_host_canonical(struct sp_str host, char *to, struct sp_str *ret);
