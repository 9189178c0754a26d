/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/truncate — dates, times and numbers made coarser, in SQL and in previews.
 *
 * Job:       which types the mask `truncate` fits; the SQL of it; and what that SQL gives,
 *            worked out here for rows that are read without SQL. Dates and times go to the
 *            beginning of their unit (timestamps in UTC), numbers towards zero to a multiple
 *            of the step: nothing can overflow, so no error tells values apart.
 * In:        REST type names in either spelling; values as REST writes them, without quotes.
 * Out:       appended to the buffer.
 * Errors:    -EBADMSG: not a value of the type. -ENOBUFS.
 * Spec:      docs/policy.md §6
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/policy/policy.h"

enum sp_truncate_form {
        SP_TRUNCATE_NONE,
        SP_TRUNCATE_DATE,
        SP_TRUNCATE_DATETIME,
        SP_TRUNCATE_TIME,
        SP_TRUNCATE_TIMESTAMP,
        SP_TRUNCATE_INTEGER,
        SP_TRUNCATE_NUMERIC,
        SP_TRUNCATE_BIGNUMERIC,
        SP_TRUNCATE_FLOAT,
};

struct sp_truncate {
        enum sp_truncate_form form;
        enum sp_mask_unit unit;
        uint64_t step;
        bool is_int64_timestamp; /* microseconds, not seconds; of values only */
};

/* False when the mask does not fit the type or would leave every value as it is. */
sp_must_check bool sp_truncate_of(struct sp_str type, const struct sp_mask *m,
                                  struct sp_truncate *ret);
/* `value`: the SQL of the raw value, written once or several times. */
sp_must_check int sp_truncate_put_sql(struct sp_buf *to, const struct sp_truncate *t,
                                      struct sp_str value);
sp_must_check int sp_truncate_put_value(struct sp_buf *to, const struct sp_truncate *t,
                                        struct sp_str value);
