/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/page_token — page tokens that are good for one asker and one result.
 *
 * Job:       BigQuery's token says where in which result to go on, to whoever shows it: to BigQuery
 *            all askers are one. What the client gets is that token and a MAC over it, the asker and
 *            the result; what it shows is checked and taken apart again.
 * In:        the key of the asker's session, which every worker is told; so a token ends with the
 *            session.
 * Errors:    -EINVAL "page.token".
 * Spec:      threats.md §0.1, §3 row 18.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/buf.h"
#include "daemon/base/err.h"

/* `asker`, `result`: any text; which job or which table. */
struct sp_page_seal {
        struct sp_str key, asker, result;
};
/* A job as a result. p is NULL without memory. */
struct sp_str sp_page_token_job(struct sp_arena *a, struct sp_str project,
                                struct sp_str id);
/* The sealed token in the arena; p is NULL on failure. */
struct sp_str sp_page_token_seal(struct sp_arena *a, const struct sp_page_seal *s,
                                 struct sp_str token);
sp_must_check int sp_page_token_open(const struct sp_page_seal *s, struct sp_str sealed,
                                     struct sp_str *ret, struct sp_err *reterr);
