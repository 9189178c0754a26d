/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the grammar needs more than one token to choose, the cost still grows as the text
 * does: there is no backtracking. Counted, not timed, as in test_steps_sql.c.
 */
#include "tests/test.h"

#include "daemon/sql/sql.h"
#include "tests/unit/sql_shapes.h"

#define SHORT_BYTES (16u * 1024)
#define LONG_BYTES (256u * 1024)
#define GROWTH_MAX 1.3
#define STEPS_MAX 120.0

static uint64_t steps;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
        steps++;
}

static const struct sql_shape shapes[] = {
        { "a project's name with dashes", "SELECT 1 FROM p", "-part%1$zu", ".d.t", 0 },
        { "a long path", "SELECT t", ".field%1$zu", " FROM t", 0 },
        { "a long path with a star", "SELECT t", ".field%1$zu", ".* FROM t", 0 },
        { "a system variable's path", "SELECT @@a", ".part%1$zu", "", 0 },
        { "a tuple, or a lambda's parameters", "SELECT f((a", ", b%1$zu", ") -> 1)",
          0 },
        { "a tuple that is compared", "SELECT (a", ", b%1$zu", ") = c", 0 },
        { "tuples behind IN", "SELECT a IN ((1, 1)", ", (%1$zu, 2)", ")", 0 },
        { "parentheses that are expressions", "SELECT a",
          ", " SQL_TIMES_32("(") "%1$zu" SQL_TIMES_32(")"), "", 150 },
        { "parentheses that are queries", "SELECT a",
          ", " SQL_TIMES_32("(") "SELECT %1$zu" SQL_TIMES_32(")"), "", 150 },
        { "parentheses that go on as expressions", "SELECT a",
          ", " SQL_TIMES_32("(") "SELECT %1$zu" SQL_TIMES_32(") + 1"), "", 300 },
        { "parentheses that go on as queries", "SELECT 1",
          " UNION ALL " SQL_TIMES_32("(") "SELECT %1$zu" SQL_TIMES_32(
                  ") UNION ALL SELECT 1"),
          "", 1100 },
        { "joins in parentheses", "SELECT 1 FROM a",
          ", " SQL_TIMES_8("(") "t%1$zu" SQL_TIMES_8(" JOIN u ON TRUE)"), "", 1100 },
        { "conditions behind all joins", "SELECT 1 FROM t", "\nJOIN t%1$zu", "", 80, "",
          "\nON TRUE" },
        { "hints", "@{a = 1", ", b%1$zu = 1", "} SELECT 1", 0 },
        { "options", "CREATE SCHEMA d OPTIONS (a = 1", ", b%1$zu = 1", ")", 0 },
        { "fields of a type", "SELECT CAST(a AS STRUCT<INT64", ", b%1$zu INT64", ">)",
          0 },
        { "columns", "CREATE TABLE d.t (a INT64", ", b%1$zu STRING(10) NOT NULL", ")",
          0 },
        { "actions of ALTER TABLE", "ALTER TABLE d.t DROP COLUMN a",
          ", DROP COLUMN IF EXISTS b%1$zu", "", 0 },
        { "rows of VALUES", "INSERT INTO d.t VALUES (1)", ", (DEFAULT, %1$zu)", "", 0 },
        { "operands of a pipe's UNION", "FROM t |> UNION ALL (SELECT 1)",
          ", (SELECT %1$zu)", "", 0 },
        { "pipes in pipes", "FROM t",
          "\n|> IF TRUE THEN (" SQL_TIMES_8("|> TEE (") "|> WHERE a = "
                                                        "%1$zu" SQL_TIMES_8(")") ")",
          "", 110 },
        { "labels and blocks", "SELECT 1;",
          "\na: BEGIN IF b THEN SET c = %1$zu; END IF; END a;", "", 1100 },
        { "a list that DELETE looks through", "DELETE d.t WHERE a IN (1", ", %1$zu",
          ")", 0 },
        { "flags that DELETE compares", "DELETE d.t WHERE a", " OR NOT b%1$zu IS TRUE",
          "", 0 },
        { "ranges that DELETE compares", "DELETE d.t WHERE a > 1",
          " AND b%1$zu < %1$zu", "", 0 },
        { "arguments that DELETE looks through", "DELETE d.t WHERE COALESCE(a = 1",
          ", b = %1$zu", ")", 0 },
        { "NOTs that DELETE looks through", "DELETE d.t WHERE TRUE",
          " AND " SQL_TIMES_32("NOT ") "b%1$zu", "", 150 },
        { "functions that DELETE looks through", "DELETE d.t WHERE TRUE",
          " AND " SQL_TIMES_32("LOWER(") "b%1$zu" SQL_TIMES_32(")") " = 'a'", "", 260 },
};

static double cost_of(const struct sql_shape *s, size_t size)
{
        struct sp_arena a = SP_ARENA_INIT(1024u * 1024 * 1024);
        struct sp_sql_script *script;
        struct sp_err err = { 0 };
        size_t n = 0;
        char *text = sql_shape_text(s, size, &n);

        assert_non_null(text);
        steps = 0;
        if (sp_sql_parse(&a, sp_str(text, n), &script, &err) < 0)
                fail_msg("%s: %s %s", s->name, err.where, err.what);
        sp_arena_done(&a);
        free(text);
        return (double)steps / (double)n;
}

static void test_choices(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(shapes); i++) {
                double less = cost_of(&shapes[i], SHORT_BYTES),
                       more = cost_of(&shapes[i], LONG_BYTES);

                if (less > STEPS_MAX || more > GROWTH_MAX * less)
                        fail_msg("%s: %.1f steps a byte, then %.1f", shapes[i].name,
                                 less, more);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_choices),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
