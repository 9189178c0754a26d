/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/group — a statement over a table whose rows are read in groups only.
 *
 * Job:       take only the shape whose answer says nothing of fewer than `rows` rows, and
 *            make it so: HAVING COUNT(*) >= rows.
 * In:        one SELECT of this table alone. Its outputs are keys of GROUP BY and COUNT, SUM, AVG
 *            and their like of plain columns. Its conditions compare columns with constants:
 *            nothing in it can fail for one row and not for another, because a failure is
 *            an answer too.
 * Errors:    -EPERM "mask.group-shape" for every other shape, with what is wrong in it; -ENOMEM.
 * Spec:      docs/policy.md §8, with what it does not stop.
 */
#pragma once

#include "daemon/mask/rewrite.h"

/* For a mention `t` of `name`, which sp_policy_min_group gives `rows`, by `rule`. */
sp_must_check int sp_mask_group(struct sp_mask_text *w,
                                const struct sp_sql_statement *st,
                                const struct sp_sql_table *t, struct sp_str name,
                                unsigned rows, struct sp_str rule);
