/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/rebuild — one member of an answer, written again from its shape; for answers that stream.
 */
#pragma once

#include "daemon/google/answer.h"
#include "daemon/google/shapes.h"

/* Appends to `out` what the shape lets through of `json`, the value of a member. 1: nothing. */
sp_must_check int sp_rebuild_member(struct sp_arena *a, const struct sp_shape *shape,
                                    const struct sp_answer_own *own, struct sp_str json,
                                    struct sp_buf *out, struct sp_err *reterr);
/* Whether a string of SP_SHAPE_SCALAR or SP_SHAPE_NAME is written, or left out. */
bool sp_rebuild_is_plain(enum sp_shape_kind kind, struct sp_str s);
/* -EBADMSG "answer.not-understood" */
int sp_rebuild_refuse(struct sp_err *reterr);
