/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/judge_write — writes without SQL, judged as the statements that they equal.
 *
 * Job:       the effects of a call → the accesses that policy decides, and the tables
 *            whose columns must be known; then whether those may be read as they are.
 * Errors:    -EPERM "mask.copy", "mask.reshape"; -ESTALE "schema.changed"; -ENOMEM
 *            "judge.too-large".
 */
#pragma once

#include "daemon/worker/judge.h"

/* Fills accesses, needs_schema and where of `j`. */
sp_must_check int sp_judge_read_write(struct sp_arena *a,
                                      const struct sp_judge_input *in,
                                      struct sp_judgement *j, struct sp_err *reterr);
/* A copy has no text to put masks into: what it reads must have nothing to mask. Nor must a
 * table whose columns are described anew; the version that was looked at becomes the write's
 * etag. */
sp_must_check int sp_judge_check_write(const struct sp_judge_input *in,
                                       const struct sp_schema *schemas,
                                       size_t n_schemas, struct sp_err *reterr);
