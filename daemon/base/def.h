/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/def — the few attributes and macros that every file may use.
 *
 * Ownership: `sp_cleanup(f)` runs f(&var) when the variable leaves scope, SP_TAKE hands
 *            the value over and leaves the variable empty, so the cleanup finds NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define sp_must_check __attribute__((warn_unused_result))
#define sp_printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define sp_cleanup(f) __attribute__((cleanup(f)))
#define sp_unused __attribute__((unused))

#define SP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SP_MIN(a, b) ((a) < (b) ? (a) : (b))
#define SP_MAX(a, b) ((a) > (b) ? (a) : (b))

#define SP_TAKE(v)                                                                     \
        __extension__({                                                                \
                __typeof__(v) sp_take_ = (v);                                          \
                (v) = NULL;                                                            \
                sp_take_;                                                              \
        })

#define SP_TAKE_FD(v)                                                                  \
        __extension__({                                                                \
                int sp_take_ = (v);                                                    \
                (v) = -1;                                                              \
                sp_take_;                                                              \
        })

/* From `T *f(T *)` (takes NULL, returns NULL) makes `void fp(T **)` for sp_cleanup. */
#define SP_DEFINE_CLEANUP(type, func)                                                  \
        static inline sp_unused void func##p(type *v)                                  \
        {                                                                              \
                if (*v)                                                                \
                        *v = func(*v);                                                 \
        }

static inline void sp_closep(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd);
        *fd = -1;
}

#define sp_autoclose sp_cleanup(sp_closep)

#define SP_USEC_PER_SEC UINT64_C(1000000)
#define SP_USEC_PER_MSEC UINT64_C(1000)
