/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/policy_source — the policy directory, read, checked and packed for workers.
 *
 * Job:       read *.yaml of a directory in the order of their names; compile them, so
 * that a policy with errors never reaches a worker; seal the texts in a memfd.
 * Ownership: struct sp_policy_source by value; sp_policy_source_done.
 * Errors:    "file.*" (a file that others may write is refused), "policy.*". On failure
 *            *ret is untouched: the policy in force stays.
 * Limits:    256 files, 1 MiB each, 8 MiB in all.
 */
#pragma once

#include "daemon/policy/policy.h"
#include "daemon/roles/settings.h"

struct sp_policy_source {
        struct sp_policy *policy;
        int fd; /* sealed memfd, sp_policy_pack format */
        size_t files;
        uint64_t loaded_wall_us;
};
#define SP_POLICY_SOURCE_NULL ((struct sp_policy_source){ .fd = -1 })

sp_must_check int sp_policy_source_load(const struct sp_settings *settings,
                                        struct sp_policy_source *ret,
                                        struct sp_err *reterr);
void sp_policy_source_done(struct sp_policy_source *p);
