/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/places — where a place of the text that was sent stands in the agent's own.
 *
 * Job:       BigQuery names places of the text it was given, as [line:column]. Write down what is
 *            needed to find them again, small enough to be kept with a job and without a word of
 *            that text; find one.
 * In:        the splices of a plan.
 * Rule:      a place inside what was put in is that of the mention it was put in for.
 * Errors:    -ENOBUFS.
 * Spec:      lines and columns are counted from 1; a column is a character, a tab goes to the next
 *            column behind a multiple of 8 (GoogleSQL, ParseLocationTranslator).
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/mask/mask.h"

#define SP_PLACES_TEXT_MAX ((size_t)64 * 1024)

struct sp_place {
        uint32_t line, column;
};

/* Of each splice a line: "START END LINE COLUMN", bytes of `own` and the place behind it in the
 * text that is sent. */
sp_must_check int sp_places_write(struct sp_str own,
                                  const struct sp_mask_splice *splices, size_t n,
                                  struct sp_buf *to);
/* False: no place of the text that was sent, or `places` is not what was written for `own`. */
bool sp_places_find(struct sp_str own, struct sp_str places, struct sp_place sent,
                    struct sp_place *ret);
