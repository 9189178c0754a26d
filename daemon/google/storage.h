/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/storage — Cloud Storage's JSON API: which methods are known, and its paths.
 *
 * Job:       the table; and the one path of Google's whose last part may hold anything:
 *            the name of an object, taken out before the rest is read as every path is.
 * Errors:    -EINVAL "request.path", -ENOMEM.
 * Spec:      Cloud Storage v1 discovery document; docs/policy.md (gs://bucket).
 */
#pragma once

#include "daemon/google/call.h"

/* Paths are relative to /storage/v1/. */
const struct sp_method_info *sp_storage_methods(size_t *ret_n);

/* On a host that serves this API: ret_path is r->path with "-" in place of the object's
 * name and without "/download", *ret_object the name, decoded. Else r->path, and empty. */
sp_must_check int sp_storage_path(struct sp_arena *a, const struct sp_request *r,
                                  enum sp_service service, struct sp_str *ret_path,
                                  struct sp_str *ret_object, struct sp_err *reterr);
bool sp_storage_bucket_is_valid(struct sp_str bucket);
/* UTF-8 without control characters, 1 to 1024 bytes, neither "." nor "..". */
bool sp_storage_object_is_valid(struct sp_str object);
