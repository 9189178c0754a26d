/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/schemas — the columns of tables that have masks, read with the gateway's credential.
 *
 * Job:       full table name → struct sp_schema, from tables.get, or for a wildcard table from a
 *            dry run, remembered for a minute. A
 *            stale entry is safe: the rewrite lists the columns it knows, so a column that
 *            came later is not shown and one that went makes the query fail.
 * Ownership: the schema given to the callback lives during it; the cache may drop it later:
 *            copy with sp_schema_copy.
 * Errors:    -ENOENT no such table, -EACCES, upstream's own.
 */
#pragma once

#include "daemon/mask/mask.h"
#include "daemon/roles/upstream.h"
#include "daemon/worker/access.h"

#define SP_SCHEMAS_MAX 2048
#define SP_SCHEMA_FRESH_US (60 * SP_USEC_PER_SEC)

struct sp_schema_entry;
struct sp_schemas {
        struct sp_access_tokens *access;
        struct sp_upstream *upstream;
        struct sp_schema_entry *entries;
        size_t count;
};

typedef void (*sp_schema_fn)(void *userdata, const struct sp_schema *s,
                             const struct sp_err *e);
/* `project` is asked about wildcard tables: it runs the jobs. */
void sp_schemas_get(struct sp_schemas *all, struct sp_str project, struct sp_str table,
                    sp_schema_fn fn, void *userdata);
/* sp_schemas_get would answer at once, with what was asked for before. */
bool sp_schemas_has(const struct sp_schemas *all, struct sp_str table);
/* The next sp_schemas_get of it asks upstream. */
void sp_schemas_forget(struct sp_schemas *all, struct sp_str table);
/* Whether two schemas have the same columns: names, types, modes, fields, in one order. */
bool sp_schema_is_same(const struct sp_schema *a, const struct sp_schema *b);
void sp_schemas_clear(struct sp_schemas *all);
sp_must_check int sp_schema_copy(struct sp_arena *a, const struct sp_schema *from,
                                 struct sp_schema *to);
