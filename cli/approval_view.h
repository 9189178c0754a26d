/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/approval_view — an approval as the bus tells it, and as a person reads it.
 *
 * Ownership: strings belong to the view; sp_view_free. All of them were escaped by the
 *            daemon; unknown properties are skipped.
 * Errors:    "cli.bus", "cli.unknown-object", "cli.ambiguous".
 */
#pragma once

#include "cli/bus_client.h"
#include "cli/cli.h"

struct sp_view {
        char *path;
        char *id, *state, *job, *session, *workload, *person, *comm, *action, *rule,
                *reason, *sql, *request_hash, *policy_version, *approver,
                *decision_reason;
        char **resources, **masked; /* ended by NULL */
        uint32_t uid, pid;
        uint64_t estimated_bytes, created,
                expires; /* estimated_bytes UINT64_MAX: unknown */
        int sql_truncated;
};

void sp_view_free(struct sp_view *v); /* NULL is fine */
/* Reads an a{sv} of interface Approval. */
sp_must_check int sp_view_read(sd_bus_message *m, const char *path,
                               struct sp_view **ret);
/* Calls `each` for all approvals, in order of creation; it takes the view over. */
typedef void (*sp_view_fn)(void *userdata, struct sp_view *v);
sp_must_check int sp_view_all(sd_bus *bus, sp_view_fn each, void *userdata,
                              struct sp_err *reterr);
/* By id, or by a beginning of it that is unique. */
sp_must_check int sp_view_find(sd_bus *bus, const char *id, struct sp_view **ret,
                               struct sp_err *reterr);
/* Everything a person must know to decide; the whole SQL, fetched in parts. */
sp_must_check int sp_view_print(sd_bus *bus, const struct sp_view *v, FILE *to,
                                struct sp_err *reterr);
