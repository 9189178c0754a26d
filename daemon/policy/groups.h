/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/groups — tables that are read in groups of so many rows only.
 *
 * Job:       say of how many, for one principal and table.
 * Spec:      docs/policy.md §8; the shape of statements: mask/group.c.
 */
#pragma once

#include "daemon/policy/policy.h"

#define SP_POLICY_GROUPS_MAX 64 /* entries of all files together */

/* The largest of those that apply; 0: rows may be read one by one. *ret_rule is written
 * when it is not 0, and may be NULL. In doubt (letter case, wildcards) an entry applies. */
unsigned sp_policy_min_group(const struct sp_policy *p, const struct sp_principal *who,
                             struct sp_str table, struct sp_str *ret_rule);
/* Whether any entry applies to this principal. */
bool sp_policy_has_groups(const struct sp_policy *p, const struct sp_principal *who);
