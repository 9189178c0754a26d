/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/err — an error that a person can act on, beside the -errno for the program.
 *
 * Job:    carry a stable id (documented in docs/errors.md), where, and what.
 * Errors: none; texts are cut to fit. Everything that came from outside is escaped here:
 *         control bytes, bidi controls and invalid UTF-8 become \xNN.
 */
#pragma once

#include "daemon/base/str.h"

struct sp_err {
        int code; /* -errno */
        const char *id; /* static storage: "policy.unknown-key" */
        char where[96]; /* "file.yaml:3:7" or "" */
        char what[320];
};

#define SP_ERR_NULL ((struct sp_err){ 0 })

/* Fills *e (NULL is fine) and returns `code`, so that callers can `return sp_err_set(…)`.
 * `id` must be a string literal: the documentation check greps for it. */
int sp_err_set(struct sp_err *e, int code, const char *id, const char *where,
               const char *fmt, ...) sp_printf(5, 6);
/* The same with a position: where = "name:line:column". */
int sp_err_set_at(struct sp_err *e, int code, const char *id, const char *name,
                  unsigned line, unsigned column, const char *fmt, ...) sp_printf(7, 8);
/* Makes foreign bytes safe to show on a terminal or in a log; always terminates. */
void sp_err_escape(char *to, size_t size, struct sp_str from);
