/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/function — the SQL that stands for one masked value.
 *
 * Job:       for a masked column or field and the SQL that names its raw value: an
 *            expression of the same type that shows what the mask lets show.
 * In:        `value` is written into the expression as it is, several times if need be.
 * Out:       appended to the buffer.
 * Errors:    -EPERM "mask.type": the mask cannot hide a value of this type; "mask.name".
 * Spec:      docs/policy.md §6
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/mask/mask.h"

/* *needs_salt is set when the expression uses the parameter, and left alone otherwise. */
struct sp_mask_column; /* daemon/mask/plan.h */
sp_must_check int sp_mask_put_value(struct sp_buf *to, const struct sp_mask_column *c,
                                    struct sp_str value, bool *needs_salt,
                                    struct sp_err *reterr);
