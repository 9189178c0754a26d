/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/kept — the beginning of an answer, for its record.
 *
 * Job:       take the pieces that the client gets, keep the first `max` bytes: short ones in memory,
 *            longer ones in a memfd, which the recorder reads by itself.
 * Ownership: owns buffer and descriptor.
 * Errors:    -ENOMEM, -errno of the memfd: then nothing is kept, and is_failed says so.
 */
#pragma once

#include "daemon/base/buf.h"

#define SP_KEPT_INLINE_MAX (64 * 1024)

struct sp_kept {
        struct sp_buf begin; /* as long as `fd` is -1 */
        int fd;
        uint64_t bytes, max;
        bool is_failed;
};

void sp_kept_init(struct sp_kept *k, uint64_t max);
void sp_kept_done(struct sp_kept *k);
sp_must_check int sp_kept_add(struct sp_kept *k, struct sp_str piece);
/* No more is added: from now on `fd` may be passed on. */
sp_must_check int sp_kept_seal(struct sp_kept *k);
