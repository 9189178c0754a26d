/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/service — the Google services that are known by name, and what a call of one is named.
 *
 * Job:       host or path → service; HTTP method and path → "service.method", so that a
 *            refusal and its record say what was wanted. Nothing here lets a call pass.
 * Ownership: names in the arena; the table is static.
 * Spec:      docs/api-coverage.md; threats.md §1.1 (spellings of hosts), AIP-127 (paths).
 */
#pragma once

#include "daemon/google/url.h"

struct sp_service_info {
        const char *name; /* "pubsub": first label of its host */
        const char *why; /* what it is, or what to use instead */
};
/* NULL past the last. */
const struct sp_service_info *sp_service_info(size_t i);
/* Of a Google name in any of its spellings: NAME.googleapis.com, NAME.mtls.…,
 * content-NAME.…, REGION-NAME.…, NAME.REGION.rep.…, NAME-ENDPOINT.p.…,
 * NAME.clients6.google.com, NAME.google.com. NULL: none that is known. */
const struct sp_service_info *sp_service_of_host(struct sp_str host);
/* Of a path on www.googleapis.com ("/drive/v3/files", "/upload/drive/v3/files"). */
const struct sp_service_info *sp_service_of_path(const struct sp_url_path *path);
/* "pubsub.projects.topics.publish", "pubsub.Publisher.Publish" (gRPC), "drive.files.list",
 * "pubsub.other" for a path that is not Google's usual form. Ids never stand in it. NULL: no
 * memory. */
const char *sp_service_method(struct sp_arena *a, const struct sp_service_info *s,
                              struct sp_str http_method,
                              const struct sp_url_path *path);
