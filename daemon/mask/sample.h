/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/sample — what the first rows of an answer look like, counted by stored column.
 *
 * Job:       in observe mode, find the columns that no mask protects and that hold values which a
 *            detector takes for personal data.
 * In:        the beginning of an answer as the client got it (mask/stream writes it without blanks),
 *            cut anywhere; what sp_outputs_write wrote of its columns, with origins.
 * Out:       struct sp_sample_counts: names and numbers. No value is in it.
 * Errors:    -ENOMEM. What is not as expected is not counted.
 * Limits:    SP_SAMPLE_BYTES of an answer, SP_SAMPLE_COUNTS_MAX pairs of column and detector.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/json.h"
#include "daemon/policy/policy.h"

#define SP_SAMPLE_BYTES ((size_t)32 * 1024)
#define SP_SAMPLE_COUNTS_MAX 100

struct sp_sample_count {
        struct sp_str table, column, detector;
        struct sp_str type; /* "STRING", … */
        uint64_t hits;
        uint64_t cells; /* of that column that hold anything, hits included */
};

struct sp_sample_counts {
        struct sp_sample_count v[SP_SAMPLE_COUNTS_MAX];
        size_t n;
};

/* Strings of *ret are in the arena. `answer` is read once and not kept. */
sp_must_check int sp_sample_rows(struct sp_arena *a, const struct sp_policy *p,
                                 struct sp_str outputs, struct sp_str answer,
                                 struct sp_sample_counts *ret);
