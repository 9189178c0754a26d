/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/inference — may a column whose equality shows decide rows?
 *
 * Job:       with `inference: deny` in the policy, refuse a text in which a column that is hashed
 *            or made a token decides which rows, groups or order there are, by whatever comparison:
 *            a constant may hide behind a join or a WITH. It may still be shown.
 * In:        the plan and the reading of one text (mask/reading: `decides`).
 * Errors:    -EPERM "mask.inference"; also when the text could not be resolved.
 * Spec:      docs/policy.md §6
 */
#pragma once

#include "daemon/mask/reading.h"

sp_must_check int sp_mask_check_inference(const struct sp_policy *p,
                                          const struct sp_mask_plan *plan,
                                          const struct sp_mask_reading *reading,
                                          struct sp_err *reterr);
