/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/session_columns — who touched a column, from the records of requests.
 *
 * Job:    find the requests that read a protected column, and tell how: for `sessions columns`
 *         as a table or JSON, for `sessions show` and `replay` in words.
 * In:     records as worker/record_columns writes them. A request whose record does not tell
 *         its columns is listed where it names the table: it may have read the column.
 * Errors: -ENOMEM; those of the store. A pattern that is none is a usage error.
 * Spec:   docs/records.md, "request".
 */
#pragma once

#include "cli/cli.h"
#include "daemon/base/json.h"
#include "daemon/recorder/store.h"

#define SP_COLUMN_PARTS_MAX 20 /* three of the table, 15 of nested records, and room */

/* [PROJECT.]DATASET.TABLE.COLUMN[.FIELD…], each part a glob. */
struct sp_column_pattern {
        struct sp_str part[SP_COLUMN_PARTS_MAX];
        size_t n;
        bool may_have_project, may_lack_project;
};
/* Borrows `text`. What is wrong with it, or NULL. */
const char *sp_column_pattern_read(struct sp_str text, struct sp_column_pattern *ret);

/* "7d", "12h", "30min", "2026-11-20", "2026-11-20 18:30" (local), or with T and Z (UTC).
 * -EINVAL. */
sp_must_check int sp_since_read(const char *text, uint64_t now_us, uint64_t *ret_us);

sp_must_check int sp_session_columns(struct sp_store *store,
                                     const struct sp_column_pattern *pattern,
                                     uint64_t since_us, bool as_json,
                                     struct sp_err *reterr);

/* "reaches mail, x; decides rows" and "redact by RULE", of an entry of `columns`. At most
 * `max_names` outputs are named. */
sp_must_check int sp_column_how(const struct sp_json *column, bool is_preview,
                                size_t max_names, struct sp_buf *to);
sp_must_check int sp_column_mask(const struct sp_json *column, struct sp_buf *to);
