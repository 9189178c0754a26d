/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/unmask — the value behind a token of the mask `tokenize`, for a person who may know it.
 *
 * Job:       ask for it, as an approval that somebody else gives; once it is given, record who
 *            is told the value of which column, and tell it. No record, no value.
 * In:        the session in which the token was seen, its column, and whether that is INT64;
 *            who asks. The approval covers exactly these, once (warden/approvals).
 * Out:       the value. It is in no record, log or file; the token and the reason are in the
 *            approval and in the record.
 * Errors:    "unmask.reason", "unmask.column", "unmask.not-tokenized", "unmask.not-a-token",
 *            "unmask.not-recorded", "keys.session", "keys.gone", "approval.*".
 * Spec:      docs/policy.md §6, docs/man/sallyctl.1.scd
 */
#pragma once

#include "daemon/policy/policy.h"
#include "daemon/warden/approvals.h"
#include "daemon/warden/bus.h"
#include "daemon/warden/keys.h"

#define SP_UNMASK_TOKEN_MAX 256
#define SP_UNMASK_REASON_MAX 1000
#define SP_UNMASK_TIMEOUT_US (UINT64_C(3600) * SP_USEC_PER_SEC)

struct sp_unmask_desk {
        const struct sp_keys *keys;
        const struct sp_policy *policy;
        struct sp_approvals *approvals;
};

sp_must_check int sp_unmask_ask(const struct sp_unmask_desk *d,
                                const struct sp_bus_unmask *q, struct sp_ulid *ret,
                                struct sp_err *reterr);
/* Uses the approval up, appends the value, and the JSON of the record that must be on stable
 * storage before the value goes anywhere. */
sp_must_check int sp_unmask_open(const struct sp_unmask_desk *d,
                                 const struct sp_bus_unmask *q, struct sp_buf *value,
                                 struct sp_buf *record, struct sp_err *reterr);
