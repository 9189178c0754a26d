/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/test — cmocka with the headers it needs first, and the table idiom.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Prints the sentence of a table row when its check fails. */
#define SP_CHECK(sentence, condition)                                                  \
        do {                                                                           \
                if (!(condition))                                                      \
                        fail_msg("%s: %s", (sentence), #condition);                    \
        } while (0)
