/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/append — facts written behind each other, for tables that compare texts.
 *
 * Job: printf to the end of the text in `to`, which has room for `size` bytes with its NUL;
 *      what does not fit is left out.
 */
#pragma once

#include "tests/test.h"

#include "daemon/base/def.h"

static void append(char *to, size_t size, const char *fmt, ...) sp_printf(3, 4);
static void append(char *to, size_t size, const char *fmt, ...)
{
        size_t n = strlen(to);
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(to + n, size - n, fmt, ap);
        va_end(ap);
}
