/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli — sallyctl: a table of subcommands, one cmd_<verb>.c each.
 *
 * A subcommand is `int sp_cmd_<verb>(int argc, char **argv)` with argv[0] its own name;
 * it returns the exit status. Exit statuses: SP_EXIT_*. Errors go to stderr as
 * "sallyctl: what (id)", results to stdout.
 */
#pragma once

#include <stdio.h>

#include "daemon/base/buf.h"
#include "daemon/base/err.h"

enum {
        SP_EXIT_OK = 0,
        SP_EXIT_FAILED = 1, /* asked, and the answer is no, or it did not work */
        SP_EXIT_USAGE = 2,
};

int sp_cmd_run(int argc, char **argv);
int sp_cmd_guard(int argc, char **argv);
int sp_cmd_approvals(int argc, char **argv);
int sp_cmd_sessions(int argc, char **argv);
int sp_cmd_audit(int argc, char **argv);
int sp_cmd_policy(int argc, char **argv); /* check, explain; decide goes to … */
int sp_cmd_policy_decide(int argc, char **argv); /* argv[0] = "decide" */
int sp_cmd_policy_suggest(int argc, char **argv); /* argv[0] = "suggest" */
int sp_cmd_sql(int argc, char **argv);
int sp_cmd_unmask(int argc, char **argv);
int sp_cmd_keys(int argc, char **argv);
int sp_cmd_doctor(int argc, char **argv);
int sp_cmd_status(int argc, char **argv);
int sp_cmd_metrics(int argc, char **argv);

/* Prints "sallyctl: what (id)" with the place, if any; returns SP_EXIT_FAILED. */
int sp_cli_fail(const struct sp_err *e);
/* Prints `usage` with a reason to stderr; returns SP_EXIT_USAGE. */
int sp_cli_usage(const char *usage, const char *fmt, ...) sp_printf(2, 3);
/* Foreign text, escaped for a terminal; `multiline` keeps newlines and tabs. */
void sp_cli_print_escaped(FILE *to, struct sp_str s, bool multiline);
/* "3 min ago", "in 14 min", and "2026-11-20 23:54:00" local. `to` holds 32 bytes. */
void sp_cli_time_ago(char *to, size_t size, uint64_t wall_us);
void sp_cli_time_local(char *to, size_t size, uint64_t wall_us);
/* "12.3 MiB" */
void sp_cli_bytes(char *to, size_t size, uint64_t bytes);

/*
 * Tables for people, JSON for programs, from one description (libsmartcols).
 */
struct sp_table;
struct sp_table *sp_table_new(const char *name, bool as_json,
                              const char *const *columns,
                              size_t n_columns); /* NULL: no memory */
sp_must_check int sp_table_row(struct sp_table *t, const char *const *cells);
/* Prints, frees. */
int sp_table_finish(struct sp_table *t);
/* The same with `indent` in front of each line. */
int sp_table_finish_indented(struct sp_table *t, const char *indent);
