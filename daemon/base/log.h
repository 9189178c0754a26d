/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/log — structured lines for the operator: journal fields, or one line on stderr.
 *
 * Job:    a level, a message, and key=value pairs. Goes to the journal when stderr is one
 *         (JOURNAL_STREAM), else to stderr as `level role: message key=value …`. Who may have no
 *         Unix socket writes that line to stderr, too, when it is the journal, with its level.
 * Rule:   never a secret, never a raw value: callers pass ids, counts and names. Foreign
 *         text goes through SP_LOG_STR, which escapes it.
 */
#pragma once

#include "daemon/base/err.h"

enum sp_log_level {
        SP_LOG_ERR = 3,
        SP_LOG_WARNING = 4,
        SP_LOG_INFO = 6,
        SP_LOG_DEBUG = 7
};

struct sp_log_field {
        const char *key; /* "workload"; NULL ends the list */
        struct sp_str value;
};

void sp_log_init(const char *role, enum sp_log_level max); /* once, in main */
void sp_log_init_confined(const char *role,
                          enum sp_log_level max); /* never opens a socket */
void sp_log_fields(enum sp_log_level level, const struct sp_log_field *fields,
                   const char *fmt, ...) sp_printf(3, 4);
void sp_log_err(enum sp_log_level level, const struct sp_err *e, const char *doing);

#define sp_log(level, ...) sp_log_fields((level), NULL, __VA_ARGS__)
