/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/sql_inspect — what the parts of `sallyctl sql inspect` share.
 *
 * Job:       cmd_sql.c reads arguments and files, sql_json.c writes for programs, sql_show.c
 *            for people. Both say the same of a script: its facts, and with a catalogue its
 *            lineage.
 * Ownership: everything in the arena of the text at hand; the catalogue outlives it.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/sql/lineage.h"

struct sp_inspect {
        const struct sp_sql_catalog *catalog; /* or NULL */
        struct sp_str project, dataset; /* of names that leave them out; or empty */
};

struct sp_inspected {
        const struct sp_sql_script *script;
        const struct sp_sql_lineage *lineage; /* per statement; NULL: no catalogue */
};

/* Names as they are shown, each once, in text order. */
struct sp_inspect_names {
        struct sp_str *v;
        const struct sp_sql_table **tables; /* the first mention of each */
        size_t n;
};

/* Parses, and resolves when there is a catalogue. */
sp_must_check int sp_inspect_read(struct sp_arena *a, const struct sp_inspect *in,
                                  struct sp_str sql, bool is_script,
                                  struct sp_inspected *ret, struct sp_err *reterr);
/* "absent", "always-true", …; NULL: the statement has no place for a WHERE. */
const char *sp_inspect_where(enum sp_sql_where w);
enum sp_inspect_which { SP_INSPECT_READ, SP_INSPECT_WRITTEN, SP_INSPECT_MODELS };
/* With a default dataset what is missing in front is filled in. -ENOMEM. */
sp_must_check int sp_inspect_tables(struct sp_arena *a, const struct sp_inspect *in,
                                    const struct sp_sql_statement *s,
                                    enum sp_inspect_which which,
                                    struct sp_inspect_names *ret);
/* Line and column of an error of the front end; false: it has no place. */
bool sp_inspect_place(const struct sp_err *e, unsigned *ret_line, unsigned *ret_column);

/* One line of JSON, as docs/sql.md describes it, appended to `out`. */
sp_must_check int sp_inspect_json(struct sp_arena *a, const struct sp_inspect *in,
                                  struct sp_str line, struct sp_buf *out);

/* For a person, to standard output. -ENOMEM; 1: a statement is not resolved. */
sp_must_check int sp_inspect_show(struct sp_arena *a, const struct sp_inspect *in,
                                  const struct sp_inspected *what);
/* The error with the line it is in and a caret under the place, to standard error. */
void sp_inspect_show_error(const struct sp_err *e, struct sp_str text);
