/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/url — paths, query strings and ids, read so that they have one meaning.
 *
 * Job:       percent-decode once and refuse every form that two readers could
 *            understand differently; encode what is put into an upstream URL.
 * Ownership: strings in the arena.
 * Errors:    -EINVAL with id "request.path" or "request.query"; -ENOMEM.
 * Spec:      RFC 3986; threats.md §4.2.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/buf.h"
#include "daemon/base/err.h"
#include "daemon/google/request.h"

#define SP_URL_PATH_MAX 8192
#define SP_URL_QUERY_MAX 16384
#define SP_URL_SEGMENTS_MAX 16
#define SP_URL_PARAMETERS_MAX 64

struct sp_url_path {
        struct sp_str segments[SP_URL_SEGMENTS_MAX]; /* decoded, none is empty */
        size_t n;
        bool has_trailing_slash; /* never counts as a segment */
};
sp_must_check int sp_url_path_read(struct sp_arena *a, struct sp_str path,
                                   struct sp_url_path *ret, struct sp_err *reterr);
/* name=value pairs of a query string or a form of at most `max` bytes; decoded, each
 * name once. '+' is a space, as in forms. */
sp_must_check int sp_url_query_read(struct sp_arena *a, struct sp_str query, size_t max,
                                    struct sp_header **ret, size_t *ret_n,
                                    struct sp_err *reterr);

/* What a name in Google's URLs and references may look like. */
enum sp_id_kind {
        SP_ID_PROJECT, /* "acme-prod", "example.com:acme" */
        SP_ID_DATASET, /* also of tables: no dot, so that p.d.t splits one way */
        SP_ID_TABLE,
        SP_ID_JOB,
        SP_ID_LOCATION,
};
bool sp_id_is_valid(enum sp_id_kind kind, struct sp_str id);
/* The other way: every %XX once. -EINVAL: an incomplete one, or a byte that is not
 * printable ASCII. */
sp_must_check int sp_url_decode(struct sp_arena *a, struct sp_str raw,
                                struct sp_str *ret);
/* Everything but letters, digits and "-_.~" becomes %XX. */
sp_must_check int sp_url_encode(struct sp_buf *to, struct sp_str s);
