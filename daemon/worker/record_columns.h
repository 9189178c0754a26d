/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/record_columns — which protected columns a request read, as members of its record.
 *
 * Job:       put together, column by column, what mask/reading says pair by pair: the mask, its
 *            rule, the outputs that it reaches, whether it decides rows. No values.
 * In:        a reading, done or not.
 * Out:       the members "columns", "columns_more" and "unresolved" of docs/records.md, into an
 *            open object. Nothing when the reading was not done.
 * Bounds:    columns and outputs past the limits are only counted.
 * Errors:    those of the writer; -ENOMEM.
 */
#pragma once

#include "daemon/base/json.h"
#include "daemon/mask/reading.h"

#define SP_RECORD_COLUMNS_MAX 200
/* Of all columns of a record: with texts of SP_RECORD_OUTPUT_MAX bytes, at most half a MiB. */
#define SP_RECORD_OUTPUTS_MAX 1000
#define SP_RECORD_OUTPUT_MAX 128 /* longer names are cut, and end in "…" */

void sp_record_columns(struct sp_jsonw *w, const struct sp_mask_reading *r);
