/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/write — small helpers that the answer files share.
 */
#pragma once

#include "daemon/google/answer.h"

/* The written text in the arena; a NULL string when something failed. */
struct sp_str sp_write_end(struct sp_arena *a, const struct sp_jsonw *w);
/* `text` without control and bidi bytes, cut to `size`. */
struct sp_str sp_write_clean(char *to, size_t size, struct sp_str text);
const char *sp_write_status(unsigned code); /* "PERMISSION_DENIED" */
const char *sp_write_reason(unsigned code); /* "accessDenied" */
