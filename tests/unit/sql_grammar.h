/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and what the parser makes of them.
 *
 * Job: a row is a text with the statements that it is: their kinds, (what is opaque in
 *      them) and > what they write; or with the place at which it is wrong.
 */
#pragma once

#include "tests/test.h"

#include "daemon/sql/sql.h"
#include "tests/unit/append.h"

#define ARENA_MAX (64 * 1024 * 1024)

struct row {
        const char *sql, *what;
};

static void describe(const struct sp_sql_statement *s, char *to, size_t size)
{
        const char *mark = " > ";

        append(to, size, "%s%s", *to ? " | " : "", s->kind);
        for (size_t i = 0; i < s->n_opaque; i++)
                append(to, size, "%s%s%s", i ? " " : " (", s->opaque[i],
                       i + 1 < s->n_opaque ? "" : ")");
        for (size_t i = 0; i < s->n_tables; i++) {
                if (!s->tables[i].is_target)
                        continue;
                append(to, size, "%s", mark);
                mark = " ";
                for (size_t k = 0; k < s->tables[i].n_parts; k++)
                        append(to, size, "%s%.*s", k ? "." : "",
                               SP_FMT(s->tables[i].parts[k]));
        }
}

static void check(const struct row *rows, size_t n, bool is_script)
{
        size_t wrong = 0;

        for (size_t i = 0; i < n; i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s = NULL;
                struct sp_err err = SP_ERR_NULL;
                char got[500] = "";
                int r = is_script
                                ? sp_sql_parse(&a, sp_str_c(rows[i].sql), &s, &err)
                                : sp_sql_parse_one(&a, sp_str_c(rows[i].sql), &s, &err);

                if (r < 0)
                        append(got, sizeof(got), "%s", err.where + strlen("sql:"));
                for (size_t k = 0; r == 0 && k < s->n_statements; k++)
                        describe(&s->statements[k], got, sizeof(got));
                if (strcmp(got, rows[i].what) != 0) {
                        print_error("%s\n  got  %s %s\n  want %s\n", rows[i].sql, got,
                                    err.what, rows[i].what);
                        wrong++;
                }
                sp_arena_done(&a);
        }
        assert_int_equal(wrong, 0);
}
