/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/clock — monotonic time for deadlines, wall time for records, ULIDs for names.
 *
 * Units:  microseconds. sp_clock_us: CLOCK_MONOTONIC. sp_clock_wall_us: since 1970, UTC.
 * Spec:   ULID: 48 bit milliseconds, 80 bit random, Crockford base32, 26 characters.
 */
#pragma once

#include "daemon/base/str.h"

uint64_t sp_clock_us(void);
uint64_t sp_clock_wall_us(void);

#define SP_ULID_LEN 26
struct sp_ulid {
        char c[SP_ULID_LEN + 1]; /* NUL-terminated */
};

sp_must_check int sp_ulid_new(struct sp_ulid *ret); /* -errno of getrandom */
bool sp_ulid_is_valid(struct sp_str s);
/* When it was made; false: not a ULID. */
bool sp_ulid_ms(struct sp_str s, uint64_t *ret);
#define SP_TIME_LEN 27 /* "2026-11-20T23:54:00.000000Z" */
void sp_clock_format(uint64_t wall_us, char ret[SP_TIME_LEN + 1]);
