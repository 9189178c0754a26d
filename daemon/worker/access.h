/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/access — the gateway's short-lived access token.
 *
 * Job:       ask the warden for a signed assertion, exchange it at the token endpoint, keep the
 *            token until a minute before it ends; one exchange at a time, others wait.
 * Ownership: the token given to the callback lives during it.
 * Errors:    -EPIPE, -EACCES (the token endpoint refused the key), upstream's own.
 * Spec:      RFC 7523 §2.1; Google: "Using OAuth 2.0 for server to server applications".
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/roles/links.h"
#include "daemon/roles/upstream.h"

typedef void (*sp_access_fn)(void *userdata, int err, const char *what,
                             struct sp_str token);

struct sp_access_waiter;
struct sp_access_tokens {
        struct sp_link *warden;
        struct sp_upstream *upstream;
        struct sp_buf token;
        uint64_t good_until_us;
        bool is_fetching;
        struct sp_access_waiter *waiters;
};

void sp_access_init(struct sp_access_tokens *t, struct sp_link *warden,
                    struct sp_upstream *upstream);
void sp_access_done(struct sp_access_tokens *t);
void sp_access_get(struct sp_access_tokens *t, sp_access_fn fn, void *userdata);
void sp_access_forget(struct sp_access_tokens *t); /* after a 401 */
