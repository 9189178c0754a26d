/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/upstream — requests to Google and to issuers over libcurl: verified TLS, reused connections.
 *
 * Job:       send one sp_upstream_request, hand head, body pieces and the end to hooks.
 * Ownership: the upstream owns transfers; a transfer is gone after on_done or
 *            sp_transfer_cancel. Request strings are copied.
 * Errors:    on_done with -errno and a text without secrets: -EHOSTUNREACH, -ECONNREFUSED,
 *            -EPROTO (TLS or HTTP), -ETIMEDOUT, -EIO.
 * Loop:      libuv timer and polls under curl_multi_socket_action. HTTP/1.1 upstream: a paused
 *            HTTP/2 stream of libcurl 7.88 buffers its whole window (CONVENTIONS §7).
 */
#pragma once

#include <uv.h>

#include "daemon/google/call.h"
#include "daemon/roles/settings.h"

/* Of TLS 1.3, by preference, upstream and for the worker's clients. First the one that every TLS 1.3 must
 * have (RFC 8446 §9.1): a byte costs an eighth less than with AES-256. */
#define SP_TLS_SUITES                                                                  \
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

struct sp_upstream;
struct sp_transfer;

/* "https://host/path" as host and path of a request. -EINVAL: another scheme, no host. */
sp_must_check int sp_upstream_split(struct sp_str url, struct sp_upstream_request *ret);

struct sp_transfer_hooks {
        void (*on_head)(void *userdata, unsigned status);
        void (*on_data)(void *userdata, struct sp_str piece);
        void (*on_done)(void *userdata, int err, const char *what);
};

sp_must_check int sp_upstream_new(uv_loop_t *loop, const struct sp_settings *settings,
                                  struct sp_upstream **ret);
struct sp_upstream *sp_upstream_free(struct sp_upstream *u);
/* `bearer` may be empty; `content_type` NULL: application/json when there is a body. */
sp_must_check int sp_upstream_send(struct sp_upstream *u,
                                   const struct sp_upstream_request *r,
                                   struct sp_str bearer, const char *content_type,
                                   const struct sp_transfer_hooks *hooks,
                                   void *userdata, struct sp_transfer **ret);
void sp_transfer_pause(struct sp_transfer *t);
void sp_transfer_resume(struct sp_transfer *t);
void sp_transfer_cancel(struct sp_transfer *t); /* no hook is called any more */

/*
 * The whole answer in memory, at most `max` bytes: for the daemon's own questions
 * (token endpoint, schemas, dry runs). The body borrows; err -EMSGSIZE when too long.
 */
typedef void (*sp_fetched_fn)(void *userdata, int err, const char *what,
                              unsigned status, struct sp_str body);
sp_must_check int sp_upstream_fetch(struct sp_upstream *u,
                                    const struct sp_upstream_request *r,
                                    struct sp_str bearer, const char *content_type,
                                    size_t max, sp_fetched_fn fn, void *userdata);
