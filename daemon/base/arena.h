/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/arena — memory that is given back all at once.
 *
 * Job:       bump allocation in chunks; one sp_arena_reset or sp_arena_done frees all.
 * Ownership: what comes out belongs to the arena; nothing that outlives it may point in.
 * Errors:    NULL when memory or the arena's limit (`max` bytes in all) is exhausted.
 */
#pragma once

#include "daemon/base/str.h"

struct sp_arena_chunk;

struct sp_arena {
        struct sp_arena_chunk *chunk;
        size_t used_bytes, max_bytes;
};

#define SP_ARENA_INIT(max_) ((struct sp_arena){ .max_bytes = (max_) })

void sp_arena_done(struct sp_arena *a);
static inline void sp_arena_reset(struct sp_arena *a)
{
        sp_arena_done(a);
}
/* Zeroed, aligned for any type. n = 0 gives a valid pointer to nothing. */
void *sp_arena_alloc(struct sp_arena *a, size_t n);
void *sp_arena_array(struct sp_arena *a, size_t count, size_t size);
/* Copies; the result is NUL-terminated behind its n bytes. p is NULL without memory. */
struct sp_str sp_arena_str(struct sp_arena *a, struct sp_str s);
struct sp_str sp_arena_printf(struct sp_arena *a, const char *fmt, ...) sp_printf(2, 3);

#define sp_arena_new(a, type) ((type *)sp_arena_alloc((a), sizeof(type)))
