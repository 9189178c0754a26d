/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/scan — where a JSON string may end, many bytes at a time.
 *
 * Job:       list each '"' that no backslash escapes and each control byte (below 0x20) of a run of
 *            bytes, in order. Every way of doing it gives the same list, so what reads it (mask/page)
 *            is written once. A list rather than bits: who goes from string to string along bits
 *            waits for each before it can look for the next.
 * In:        `n` bytes, at most SP_SCAN_MAX, at any alignment; nothing behind them is read. Whether a
 *            backslash before them escapes the first. A backslash counts wherever it stands: who meets
 *            one outside of a string refuses it.
 * Out:       offsets; SP_SCAN_ROOM(n) of them have room. Behind the last stand SP_SCAN_ENDS that are
 *            SP_SCAN_NONE: a search ends there. What lies behind those is scratch.
 *            *is_escaped: whether the byte that comes next is.
 * Errors:    none.
 */
#pragma once

#include "daemon/base/def.h"

#define SP_SCAN_MAX ((size_t)16 * 1024)
#define SP_SCAN_NONE UINT16_MAX
#define SP_SCAN_ENDS 8
#define SP_SCAN_ROOM(n) ((n) + 64) /* the fast ways write a block's worth ahead */

enum sp_scan_kind {
        SP_SCAN_SCALAR, /* eight bytes in a register: every machine */
        SP_SCAN_SSE2,
        SP_SCAN_AVX2,
        SP_SCAN_AVX512,
        SP_SCAN_KINDS_
};

/* Returns how many offsets there are. */
typedef size_t (*sp_scan_fn)(const char *p, size_t n, bool *is_escaped, uint16_t *ret);

const char *sp_scan_name(enum sp_scan_kind kind);
/* NULL: this machine cannot. */
sp_scan_fn sp_scan_of(enum sp_scan_kind kind);
/* The fastest that this machine can. */
sp_scan_fn sp_scan_best(void);
