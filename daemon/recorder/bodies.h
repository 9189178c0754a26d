/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder/bodies — long bodies of answers, in files beside the database that only grow.
 *
 * Job:       append what a descriptor holds and say where it is and what its SHA-256 is; read it
 *            again and compare.
 * Shape:     files body-00000001, body-00000002, … in the store's directory: bodies one behind the
 *            other, each at a multiple of SP_BODIES_ALIGN, and nothing else. The record of a body names
 *            file, place, length and digest, so what no record names (zeros up to the next, or what a
 *            crash left) is of no meaning.
 * Ownership: struct sp_bodies owns the descriptor of the file that it appends to.
 * Errors:    -ENOSPC, -EIO of the disk; -ENOENT, -EBADMSG: what is there is not what was recorded.
 * Spec:      docs/records.md, "Bodies".
 */
#pragma once

#include "daemon/base/err.h"
#include "daemon/recorder/store.h"

#define SP_BODIES_FILE_BYTES (256u << 20) /* then the next file begins */
/* What O_DIRECT asks of place and length, on every disk of today. */
#define SP_BODIES_ALIGN 4096u

struct sp_bodies {
        const char *dir; /* borrowed */
        int fd; /* -1: nothing was appended yet */
        uint32_t file;
        uint64_t bytes; /* of it */
        bool is_unsynced;
        bool is_lost; /* a sync failed: the kernel says so once, we as long as it is open */
};

void sp_bodies_init(struct sp_bodies *b, const char *dir);
void sp_bodies_done(struct sp_bodies *b); /* and may be used again */
/* Copies `bytes` bytes from the beginning of `from`, a memfd sealed against any change. On failure
 * nothing of it is left. */
sp_must_check int sp_bodies_append(struct sp_bodies *b, int from, uint64_t bytes,
                                   struct sp_store_body *ret, struct sp_err *reterr);
/* Before a record that names one of them is written. */
sp_must_check int sp_bodies_sync(struct sp_bodies *b, struct sp_err *reterr);

/* In pieces, each to `fn` (may be NULL), then the comparison: *reterr says what is wrong. */
sp_must_check int sp_body_read(const char *dir, const struct sp_store_body *where,
                               int (*fn)(void *userdata, struct sp_str piece),
                               void *userdata, struct sp_err *reterr);
