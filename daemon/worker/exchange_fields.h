/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/exchange_fields — what holds for a request whatever HTTP version carried it.
 *
 * Job:       the checks that HTTP/1.1 and HTTP/2 share, so that one request has one
 *            meaning.
 * Errors:    -EBADMSG with id "http.*"; sp_fields_status gives the status to answer.
 * Spec:      RFC 9110 §4, §5, §7; docs/errors.md
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/err.h"
#include "daemon/google/request.h"

bool sp_fields_is_token(struct sp_str s); /* RFC 9110 §5.6.2; not empty */
bool sp_fields_is_value(struct sp_str s); /* no control bytes but HTAB */
sp_must_check int sp_fields_method(struct sp_str method, struct sp_err *reterr);
/* Origin-form only. Fills path, query and has_query of *r with parts of `target`. */
sp_must_check int sp_fields_target(struct sp_str target, struct sp_request *r,
                                   struct sp_err *reterr);
/* A name or address, optionally with port 443 or 80. *ret is what sp_host_canonical
 * makes of it, in the arena: lower case, no port, no trailing dot, no brackets. */
sp_must_check int sp_fields_authority(struct sp_arena *a, struct sp_str raw,
                                      struct sp_str *ret, struct sp_err *reterr);
/* Fields that may stand once stand once; no Upgrade, no trailers; bodies only where
 * they have a meaning. The last check, on the complete request. */
sp_must_check int sp_fields_check(const struct sp_request *r, struct sp_err *reterr);
/* Fields about the connection or the message's length, which end here: the request
 * handed on is the same whichever version carried it. */
bool sp_fields_is_framing(struct sp_str name);
/* The comma list `list` holds `token` (lower case)? */
bool sp_fields_list_has(struct sp_str list, struct sp_str token);

unsigned sp_fields_status(const struct sp_err *e); /* 400, 413, 417, 431, 501, 505 */
/* Google's error shape: {"error":{"code":…,"message":…,"status":…}}. */
sp_must_check int sp_fields_error_json(struct sp_buf *to, unsigned status,
                                       struct sp_str message);
