/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/detect_value — does a value look like personal data?
 *
 * Job:       name the detector that one value sets off. As with names nothing is decided by it: the
 *            hits of a column are counted, and shown to authors.
 * In:        the text of one cell. Longer than SP_DETECT_VALUE_MAX: looked at up to there.
 * Out:       a name of this module or of the policy, which lives as long as that. Of the value
 *            itself nothing is kept.
 * Spec:      docs/policy.md §6, "What was forgotten"; ISO 13616 (IBAN), ISO/IEC 7812-1 (cards).
 */
#pragma once

#include "daemon/policy/policy.h"

#define SP_DETECT_VALUE_MAX 256

/* Empty: nothing is suspected. The policy's own detectors come first; one with `values`, or that
 * is off, stands in for the built-in one of its name. */
struct sp_str sp_policy_detect_value(const struct sp_policy *p, struct sp_str value);
/* NULL: it is a pattern for values. Otherwise what is wrong with it. */
const char *sp_detect_value_check(struct sp_str pattern);
