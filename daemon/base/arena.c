/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define SP_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SP_ASAN 1
#endif
#endif
#ifdef SP_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ALIGN 16
#define CHUNK_MIN 4096
#define CHUNK_MAX (256 * 1024)

struct sp_arena_chunk {
        struct sp_arena_chunk *next;
        size_t used, size;
        _Alignas(ALIGN) char data[];
};

void sp_arena_done(struct sp_arena *a)
{
        while (a->chunk) {
                struct sp_arena_chunk *next = a->chunk->next;

                ASAN_UNPOISON_MEMORY_REGION(a->chunk->data, a->chunk->size);
                free(a->chunk);
                a->chunk = next;
        }
        a->used_bytes = 0;
}

static bool grow(struct sp_arena *a, size_t n)
{
        size_t size =
                a->chunk ? SP_MIN(a->chunk->size * 2, (size_t)CHUNK_MAX) : CHUNK_MIN;
        struct sp_arena_chunk *c;

        size = SP_MAX(size, n);
        c = malloc(sizeof(*c) + size);
        if (!c)
                return false;
        c->next = a->chunk;
        c->used = 0;
        c->size = size;
        a->chunk = c;
        ASAN_POISON_MEMORY_REGION(c->data, size);
        return true;
}

void *sp_arena_alloc(struct sp_arena *a, size_t n)
{
        size_t take;
        char *p;

        if (n > SIZE_MAX - ALIGN)
                return NULL;
        take = n ? (n + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
        if (take > a->max_bytes || a->used_bytes > a->max_bytes - take)
                return NULL;
        if ((!a->chunk || a->chunk->size - a->chunk->used < take) && !grow(a, take))
                return NULL;
        p = a->chunk->data + a->chunk->used;
        a->chunk->used += take;
        a->used_bytes += take;
        ASAN_UNPOISON_MEMORY_REGION(p, n ? n : 1);
        memset(p, 0, n);
        return p;
}

void *sp_arena_array(struct sp_arena *a, size_t count, size_t size)
{
        size_t n;

        if (__builtin_mul_overflow(count, size, &n))
                return NULL;
        return sp_arena_alloc(a, n);
}

struct sp_str sp_arena_str(struct sp_arena *a, struct sp_str s)
{
        char *p = s.n < SIZE_MAX ? sp_arena_alloc(a, s.n + 1) : NULL;

        if (!p)
                return SP_STR_NULL;
        if (s.n)
                memcpy(p, s.p, s.n);
        return sp_str(p, s.n);
}

struct sp_str sp_arena_printf(struct sp_arena *a, const char *fmt, ...)
{
        va_list ap;
        int n;
        char *p;

        va_start(ap, fmt);
        n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (n < 0)
                return SP_STR_NULL;
        p = sp_arena_alloc(a, (size_t)n + 1);
        if (!p)
                return SP_STR_NULL;
        va_start(ap, fmt);
        (void)vsnprintf(p, (size_t)n + 1, fmt, ap);
        va_end(ap);
        return sp_str(p, (size_t)n);
}
