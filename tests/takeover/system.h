/* SPDX-License-Identifier: Apache-2.0 */
/* takeover/system — what he asks of the kernel, in three tables. Included by those only. */
#pragma once

#include <errno.h>

#include "tests/takeover/takeover.h"

#define TARGET const struct takeover_target *t
#define SPAN 4096

static inline int of(long r)
{
        return r < 0 ? errno : 0;
}

/* version: of Landlock, below which nothing stops it */
#define SINCE(version, id, group, what, stop, end, act, control)                       \
        {                                                                              \
                id, group, what, stop, TAKEOVER_##end, act, control, version           \
        }
#define ROW(...) SINCE(0, __VA_ARGS__)

#define LANDLOCK "Landlock"
#define FILTER "system call filter"
#define FILTER_ENDS "system call filter: ends the worker"

extern const struct takeover_attempt takeover_reach[], takeover_rights[],
        takeover_network[];
extern const size_t n_takeover_reach, n_takeover_rights, n_takeover_network;
