/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/detect — does a column look as if it held personal data?
 *
 * Job:       name the detector that a column's name sets off, so that authors find what no mask
 *            protects. Nothing is decided by it: a name proves neither presence nor absence.
 * In:        the name of a column or field; camelCase counts as snake_case.
 * Out:       a name of this module or of the policy, which lives as long as that.
 * Spec:      docs/policy.md §7
 */
#pragma once

#include "daemon/policy/policy.h"

/* Empty: nothing is suspected. The policy's own detectors come first; one that has the name of a
 * built-in one stands in for it. */
struct sp_str sp_policy_detect(const struct sp_policy *p, struct sp_str name);
