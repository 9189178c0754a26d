/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/sql/ast.h"

#define ARENA_MAX (256 * 1024 * 1024)

static const struct {
        const char *sentence, *sql;
        int code;
        const char *where, *what; /* what: the beginning of the message */
} errors[] = {
        { "something behind the end", "SELECT 1 FROM t HAVING x HAVING y", -EINVAL,
          "sql:1:26", "Syntax error: Expected end of input but got keyword HAVING" },
        { "the place is line and column", "SELECT 1\nFROM", -EINVAL, "sql:2:5",
          "Syntax error: Unexpected end of statement" },
        { "a number runs into a word", "SELECT 1from t", -EINVAL, "sql:1:9",
          "Syntax error: Missing whitespace between literal and alias" },
        { "an empty list", "SELECT FROM t", -EINVAL, "sql:1:8",
          "Syntax error: SELECT list must not be empty" },
        { "comparisons do not chain", "SELECT a = b = c", -EINVAL, "sql:1:14",
          "Syntax error: Unexpected \"=\"" },
        { "WITH stands before queries only",
          "WITH x AS (SELECT 1) DELETE FROM t WHERE TRUE", -EINVAL, "sql:1:22",
          "Syntax error: Unexpected keyword DELETE" },
        { "a dash in a later part", "SELECT * FROM s.my-t", -EINVAL, "sql:1:19",
          "Syntax error: Expected end of input but got \"-\"" },
        { "two statements where one is wanted", "SELECT 1; SELECT 2", -EINVAL,
          "sql:1:11", "Syntax error: Expected end of input but got keyword SELECT" },
        { "procedural language where one is wanted", "IF TRUE THEN SELECT 1; END IF",
          -EINVAL, "sql:1:1", "Syntax error: Unexpected keyword IF" },
        { "mixed set operations",
          "SELECT 1 UNION ALL SELECT 2 EXCEPT DISTINCT SELECT 3", -EINVAL, "sql:1:29",
          "Syntax error: Different set operations" },
        { "literals that touch", "SELECT 'a''b'", -EINVAL, "sql:1:11",
          "Syntax error: concatenated string literals must be separated by" },
        { "a hint without an end", "SELECT @{a=1 1", -EINVAL, "sql:1:14",
          "Syntax error: Expected \"}\"" },
        { "legacy SQL", "#legacySQL\nSELECT 1", -ENOTSUP, "sql:1:1", "#legacySQL" },
        { "legacy SQL's brackets", "SELECT 1 FROM [p:d.t]", -EINVAL, "sql:1:15",
          "Syntax error: Unexpected \"[\"; what legacy SQL writes as" },
        { "an unknown pipe operator", "FROM t |> PEEK a", -EINVAL, "sql:1:11",
          "Syntax error: Unexpected identifier \"PEEK\"" },
        { "a statement that nobody has", "VACUUM d.t", -EINVAL, "sql:1:1",
          "Syntax error: Unexpected identifier \"VACUUM\"" },
        { "columns are characters, not bytes", "SELECT 'h\xc3\xa9', ,", -EINVAL,
          "sql:1:14", "Syntax error: Unexpected \",\"" },
        { "a tab goes to the next multiple of eight", "\tSELECT\t,", -EINVAL,
          "sql:1:17", "Syntax error: Unexpected \",\"" },
        { "CR LF is one line end", "SELECT\r\n1\r2\n3", -EINVAL, "sql:3:1",
          "Syntax error: Expected end of input but got integer" },
        { "the end is behind the last word", "SELECT 1 +   \n  ", -EINVAL, "sql:1:11",
          "Syntax error: Unexpected end of statement" },
        { "or behind a comment that follows it", "SELECT 1 + -- x\n\n", -EINVAL,
          "sql:2:1", "Syntax error: Unexpected end of statement" },
        { "a table decorator", "SELECT 1 FROM `s.t@-3600000`", -ENOTSUP, "sql:1:15",
          "table decorator @ is not supported" },
        { "a star in the middle of a name", "SELECT 1 FROM `s.*.t`", -ENOTSUP,
          "sql:1:15", "* inside a table name is not supported" },
        { "an empty part", "SELECT 1 FROM `s..t`", -ENOTSUP, "sql:1:15",
          "table name with an empty part is not supported" },
        { "a WITH name with a dot", "WITH `a.b` AS (SELECT 1) SELECT 1", -ENOTSUP,
          "sql:1:6", "WITH name with a dot is not supported" },
        { "an object that cannot be altered", "ALTER FUNCTION d.f SET OPTIONS (a=1)",
          -ENOTSUP, "sql:1:7", "ALTER FUNCTION is not supported" },
        { "a label that is not around", "CREATE PROCEDURE p() BEGIN LEAVE a; END",
          -EINVAL, "sql:1:28", "Label a does not exist or is out of scope" },
        { "the next round of what is no loop",
          "CREATE PROCEDURE p() BEGIN a: BEGIN ITERATE a; END; END", -EINVAL,
          "sql:1:37", "ITERATE with label must refer to a loop" },
        { "a label in a label of that name",
          "CREATE PROCEDURE p() BEGIN a: LOOP A: LOOP END LOOP; END LOOP; END", -EINVAL,
          "sql:1:36", "Label A already exists" },
        { "another label at the end",
          "CREATE PROCEDURE p() BEGIN a: LOOP END LOOP b; END", -EINVAL, "sql:1:45",
          "Syntax error: Mismatched end label; expected a, got b" },
        { "a view that locks", "CREATE VIEW v AS (SELECT 1 FROM t FOR UPDATE)", -EINVAL,
          "sql:1:18", "Syntax error: Unexpected lock mode in query" },
        { "a function that locks",
          "CREATE FUNCTION f() AS (1 + (SELECT 1 FROM t FOR UPDATE))", -EINVAL,
          "sql:1:24", "Syntax error: Unexpected lock mode in function body query" },
        { "braces behind a call", "SELECT f(a) { b: 1 }", -EINVAL, "sql:1:13",
          "Syntax error: Unexpected braced constructor" },
};

static void test_errors(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(errors); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s = NULL;
                struct sp_err err = SP_ERR_NULL;
                int r = sp_sql_parse_one(&a, sp_str_c(errors[i].sql), &s, &err);

                if (r != errors[i].code || strcmp(err.where, errors[i].where) != 0 ||
                    strncmp(err.what, errors[i].what, strlen(errors[i].what)) != 0)
                        fail_msg("%s: %d %s %s", errors[i].sentence, r, err.where,
                                 err.what);
                assert_null(s);
                sp_arena_done(&a);
        }
}

/* Each is one statement that must be understood, with the kind it is of. */
static const struct {
        const char *kind, *action, *sql;
} accepted[] = {
        { "Query", "select",
          "SELECT * EXCEPT (a, b) REPLACE (c + 1 AS c), t.* FROM t" },
        { "Query", "select", "SELECT AS STRUCT 1 AS a, FROM t" },
        { "Query", "select",
          "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon=1) SUM(x) FROM t" },
        { "Query", "select",
          "SELECT a FROM t GROUP BY GROUPING SETS ((a, b), ROLLUP (c), ())" },
        { "Query", "select", "SELECT a FROM t GROUP BY ALL" },
        { "Query", "select", "((SELECT 1) UNION ALL (SELECT 2)) ORDER BY 1 LIMIT 1" },
        { "Query", "select", "SELECT 1 FULL OUTER UNION ALL BY NAME ON (a) SELECT 2" },
        { "Query", "select",
          "SELECT ((SELECT 1) + 1, ((SELECT 2) UNION ALL (SELECT 3)))" },
        { "Query", "select", "SELECT * FROM ((SELECT 1) JOIN (SELECT 2) ON TRUE)" },
        { "Query", "select", "SELECT * FROM a JOIN b JOIN c ON x ON y" },
        { "Query", "select",
          "SELECT f(a, b => (x, y) -> x + y, c ORDER BY d LIMIT 1)" },
        { "Query", "select", "SELECT x BETWEEN 1 AND 2 AND y NOT LIKE ALL ('a', 'b')" },
        { "Query", "select",
          "SELECT 1 >> 2, CAST(x AS ARRAY<STRUCT<a ARRAY<INT64>>>)" },
        { "Query", "select",
          "SELECT RANGE<DATE> '[2020-01-01, UNBOUNDED)', RANGE(a, b)" },
        { "Query", "select", "SELECT WITH(a AS 1, b AS a + 1, a + b)" },
        { "Query", "select",
          "SELECT date, value, offset, type, format FROM window_ AS row" },
        { "Query", "select", "SELECT 1 FROM t UNPIVOT" },
        { "Query", "select",
          "FROM t |> AGGREGATE COUNT(*) AS n GROUP AND ORDER BY x DESC" },
        { "Insert", "insert", "INSERT s.t (a) VALUES (DEFAULT), ((SELECT 1))" },
        { "Insert", "insert", "INSERT INTO s.t (SELECT 1)" },
        { "Update", "update", "UPDATE s.t SET a.b = 1, c = DEFAULT WHERE TRUE" },
        { "Merge", "merge",
          "MERGE s.t USING UNNEST([1]) x ON FALSE WHEN NOT MATCHED THEN INSERT ROW" },
        { "CreateTable", "create",
          "CREATE TABLE s.t (a INT64 DEFAULT 1, b STRING(10) NOT NULL)" },
        { "CreateTable", "create",
          "CREATE TABLE s.t (a INT64 PRIMARY KEY NOT ENFORCED, FOREIGN KEY (a) "
          "REFERENCES s.u (b) NOT ENFORCED) CLUSTER BY a" },
        { "CreateView", "create",
          "CREATE OR REPLACE VIEW s.v (a OPTIONS (x=1)) AS (SELECT 1)" },
        { "CreateFunction", "create", "CREATE TEMP FUNCTION f(x ANY TYPE) AS (x + 1)" },
        { "CreateFunction", "create",
          "CREATE AGGREGATE FUNCTION d.f(x INT64 NOT AGGREGATE) AS (SUM(x))" },
        { "CreateTableFunction", "create",
          "CREATE TABLE FUNCTION d.f(x TABLE<a INT64>) AS SELECT 1" },
        { "CreateProcedure", "create",
          "CREATE PROCEDURE d.p(INOUT x INT64) BEGIN SET x = 1; END" },
        { "CreateModel", "create",
          "CREATE MODEL d.m TRANSFORM (a, b AS c) OPTIONS (x='y') AS (t AS (SELECT "
          "1), h AS (SELECT 2))" },
        { "CreateIndex", "create",
          "CREATE SEARCH INDEX i ON s.t (ALL COLUMNS) OPTIONS (a='b')" },
        { "CreateRowAccessPolicy", "create",
          "CREATE ROW ACCESS POLICY p ON s.t GRANT TO ('user:x') FILTER "
          "USING (a = SESSION_USER())" },
        { "CreateSchema", "create",
          "CREATE SCHEMA IF NOT EXISTS p.d OPTIONS (location='EU')" },
        { "AlterTable", "alter",
          "ALTER TABLE s.t ADD COLUMN a INT64, ADD COLUMN IF NOT EXISTS b STRING" },
        { "AlterTable", "alter",
          "ALTER TABLE s.t ALTER COLUMN a SET DATA TYPE NUMERIC(10, 2)" },
        { "AlterTable", "alter", "ALTER TABLE s.t RENAME TO u" },
        { "AlterSchema", "alter",
          "ALTER SCHEMA d ADD REPLICA `eu` OPTIONS (location='eu')" },
        { "AlterProject", "alter",
          "ALTER PROJECT p SET OPTIONS (`region-us.x` = TRUE)" },
        { "DropTable", "drop", "DROP TABLE IF EXISTS s.t" },
        { "DropFunction", "drop", "DROP FUNCTION IF EXISTS d.f" },
        { "DropAllRowAccessPolicies", "drop", "DROP ALL ROW ACCESS POLICIES ON s.t" },
        { "Grant", "grant",
          "GRANT `roles/bigquery.dataViewer`, SELECT ON TABLE s.t TO 'user:x'" },
        { "Revoke", "grant", "REVOKE `roles/x` ON SCHEMA d FROM 'user:x', 'user:y'" },
        { "ExportData", "export", "EXPORT DATA OPTIONS (uri='gs://b/*') AS SELECT 1" },
        { "ExportModel", "export", "EXPORT MODEL d.m OPTIONS (uri='gs://b')" },
        { "LoadData", "load",
          "LOAD DATA INTO TEMP TABLE t (a INT64) FROM FILES (uris=['x'])" },
        { "Call", "call", "CALL `p.d`.proc(1, @x)" },
        { "ExecuteImmediate", "execute",
          "EXECUTE IMMEDIATE 'SELECT ?' INTO x USING 1 AS y" },
        { "Begin", "script", "BEGIN TRANSACTION" },
        { "Commit", "script", "COMMIT TRANSACTION" },
        { "Assert", "other", "ASSERT EXISTS (SELECT 1) AS 'x'" },
        { "SystemVariableAssignment", "script", "SET @@time_zone = 'UTC'" },
};

static void test_accepted(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(accepted); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s;
                struct sp_err err = SP_ERR_NULL;

                if (sp_sql_parse_one(&a, sp_str_c(accepted[i].sql), &s, &err) < 0)
                        fail_msg("%s: %s %s", accepted[i].sql, err.where, err.what);
                assert_int_equal(s->n_statements, 1);
                if (strcmp(s->statements[0].kind, accepted[i].kind) != 0 ||
                    strcmp(sp_sql_action_name(s->statements[0].action),
                           accepted[i].action) != 0)
                        fail_msg("%s: %s %s", accepted[i].sql, s->statements[0].kind,
                                 sp_sql_action_name(s->statements[0].action));
                sp_arena_done(&a);
        }
}

static void test_actions(void **state)
{
        enum sp_sql_action got;

        (void)state;
        for (int i = SP_SQL_UNKNOWN + 1; i < SP_SQL_ACTION_MAX_; i++) {
                const char *name = sp_sql_action_name((enum sp_sql_action)i);

                assert_non_null(name);
                assert_int_equal(sp_sql_action_parse(sp_str_c(name), &got), 0);
                assert_int_equal(got, i);
        }
        assert_null(sp_sql_action_name(SP_SQL_ACTION_MAX_));
        assert_int_equal(sp_sql_action_parse(SP_STR("unknown"), &got), -EINVAL);
        assert_int_equal(sp_sql_action_parse(SP_STR("Select"), &got), -EINVAL);
}

/* head, then `n` times before, its number and after, then tail; no `after`: no numbers */
static int parse_numbered(const char *head, const char *before, const char *after,
                          size_t n, const char *tail, struct sp_err *err)
{
        size_t size = strlen(head) +
                      (strlen(before) + (after ? strlen(after) + 20 : 0)) * n +
                      strlen(tail) + 1,
               at;
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        char *sql = malloc(size);
        struct sp_sql_script *s;
        int r;

        assert_non_null(sql);
        at = (size_t)snprintf(sql, size, "%s", head);
        for (size_t i = 0; i < n; i++) {
                for (const char *c = before; *c; c++)
                        sql[at++] = *c;
                if (after)
                        at += (size_t)snprintf(sql + at, size - at, "%zu%s", i, after);
        }
        at += (size_t)snprintf(sql + at, size - at, "%s", tail);
        *err = SP_ERR_NULL;
        r = sp_sql_parse(&a, sp_str(sql, at), &s, err);
        sp_arena_done(&a);
        free(sql);
        return r;
}

static int parse_repeated(const char *head, const char *part, size_t n,
                          const char *tail, struct sp_err *err)
{
        return parse_numbered(head, part, NULL, n, tail, err);
}

static size_t count(const struct sp_sql_node *n)
{
        size_t sum = 1;

        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                sum += count(c);
        return sum;
}

/* Statements of 2,000 tables each, `n` tables in all, and `more` signs before a number:
 * the nodes of their tree; 0 when there are too many. */
static size_t nodes_of(size_t n, size_t more)
{
        static const char first[] = ";SELECT 1 FROM a", next[] = ",a",
                          last[] = ";SELECT";
        char *sql = malloc(n * 8 + more * 2 + 64), *to = sql;
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_script *s;
        struct sp_err err = SP_ERR_NULL;
        size_t nodes = 0;
        int r;

        assert_non_null(sql);
        to += snprintf(to, 64, "SELECT 1");
        for (size_t i = 0; i < n; i++) {
                const char *part = i % 2000 ? next : first;

                for (; *part; part++)
                        *to++ = *part;
        }
        to += snprintf(to, 64, "%s", last);
        for (size_t i = 0; i < more; i++)
                *to++ = i % 2 ? '-' : ' ';
        to += snprintf(to, 64, " 1");
        r = sp_sql_parse(&a, sp_str(sql, (size_t)(to - sql)), &s, &err);
        if (r == 0)
                nodes = count(s->root);
        else
                assert_true(r == -E2BIG &&
                            strstr(err.what, "nodes in the syntax tree") != NULL);
        sp_arena_done(&a);
        free(sql);
        return nodes;
}

static void test_nodes(void **state)
{
        size_t low = 0, high = SP_SQL_NODES_MAX / 4, more = 0;

        (void)state;
        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;

                if (nodes_of(middle, 0))
                        low = middle;
                else
                        high = middle;
        }
        /* a few are thrown away in each statement; each table is four, each sign one */
        assert_in_range(nodes_of(low, 0), SP_SQL_NODES_MAX - 100, SP_SQL_NODES_MAX);
        while (nodes_of(low, 2 * (more + 1)))
                more++;
        assert_in_range(more, 0, 3);
}

static void test_names(void **state)
{
        static const struct {
                const char *sentence, *head, *before, *after, *tail;
                size_t n; /* of the head */
        } rows[] = {
                { "named parameters", "SELECT 1", ",@p", "", "", 0 },
                { "variables", "DECLARE v", ",v", "", " INT64", 1 },
                { "tables in a FROM", "SELECT 1 FROM a", ",a", "", "", 1 },
                { "WITH names", "WITH w AS (SELECT 1)", ",w", " AS (SELECT 1)",
                  " SELECT 1", 1 },
        };
        struct sp_err err;

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                for (size_t more = 0; more < 2; more++) {
                        int r = parse_numbered(rows[i].head, rows[i].before,
                                               rows[i].after,
                                               SP_SQL_NAMES_MAX - rows[i].n + more,
                                               rows[i].tail, &err);

                        if (r != (more ? -E2BIG : 0) ||
                            (more && strcmp(err.id, "sql.limit") != 0))
                                fail_msg("%s, %zu more: %s", rows[i].sentence, more,
                                         err.what);
                }
        }
}

static void test_limits(void **state)
{
        struct sp_err err;

        (void)state;
        assert_int_equal(parse_repeated("SELECT ", " ", SP_SQL_TEXT_MAX - 8, "1", &err),
                         0);
        assert_int_equal(parse_repeated("SELECT ", " ", SP_SQL_TEXT_MAX - 7, "1", &err),
                         -E2BIG);
        assert_string_equal(err.id, "sql.limit");
        assert_int_equal(
                parse_repeated("", "SELECT 1;", SP_SQL_STATEMENTS_MAX, "", &err), 0);
        assert_int_equal(
                parse_repeated("", "SELECT 1;", SP_SQL_STATEMENTS_MAX + 1, "", &err),
                -E2BIG);
        /* each NOT is one level, below the statement's expression and query */
        assert_int_equal(
                parse_repeated("SELECT ", "NOT ", SP_SQL_DEPTH_MAX - 2, "a", &err), 0);
        assert_int_equal(
                parse_repeated("SELECT ", "NOT ", SP_SQL_DEPTH_MAX - 1, "a", &err),
                -E2BIG);
        assert_string_equal(err.id, "sql.limit");
        /* SELECT, 1, and the end are tokens too */
        assert_int_equal(
                parse_repeated("SELECT 1", "+1", (SP_SQL_TOKENS_MAX - 4) / 2, "", &err),
                0);
        assert_int_equal(parse_repeated("SELECT -1", "+1", (SP_SQL_TOKENS_MAX - 4) / 2,
                                        "", &err),
                         0);
        assert_int_equal(parse_repeated("SELECT --\n- -1", "+1",
                                        (SP_SQL_TOKENS_MAX - 4) / 2, "", &err),
                         -E2BIG);
}

/* No nesting of any sort overruns the stack. */
static void test_depth(void **state)
{
        static const char *const parts[] = {
                "SELECT (",
                "SELECT [",
                "SELECT NOT ",
                "SELECT -",
                "SELECT f(",
                "SELECT a[",
                "SELECT CASE WHEN ",
                "SELECT ARRAY(",
                "SELECT IF(",
                "SELECT x IN (",
                "SELECT {a:",
                "SELECT * FROM (",
                "SELECT CAST(1 AS ARRAY<",
                "SELECT STRUCT(",
                "SELECT f(x -> ",
                "SELECT 1 GROUP BY ROLLUP(",
                "SELECT WITH(a AS ",
                "BEGIN ",
                "IF a THEN ",
                "LOOP ",
                "CREATE PROCEDURE p() BEGIN ",
                "WITH a AS (",
                "SELECT EXISTS(",
                "UPDATE t SET (",
                "FROM t |> JOIN (",
                "SELECT f(TABLE f(",
                "SELECT INTERVAL ",
                "SELECT {a {",
                "SELECT NEW x(",
                "SELECT a LIKE ANY (",
                "SELECT a BETWEEN ",
                "SELECT EXTRACT(",
                "SELECT f(() -> ",
                "SELECT CAST(1 AS MAP<INT64, ",
                "SELECT CAST(1 AS FUNCTION<",
                "SELECT CAST(1 AS STRUCT<a ",
                "SELECT a IN UNNEST(",
                "SELECT f(a ORDER BY ",
                "SELECT SUM(a) OVER (PARTITION BY ",
                "SELECT * FROM ((",
                "SELECT * FROM f(",
                "SELECT * FROM t JOIN (t JOIN ",
                "SELECT * FROM t PIVOT (",
                "SELECT * FROM t MATCH_RECOGNIZE (ORDER BY ",
                "SELECT @{a = ",
                "FROM t |> IF TRUE THEN (|> ",
                "FROM t |> FORK (|> ",
                "FROM t |> TEE (|> ",
                "FROM t |> LOG (|> ",
                "FROM t |> UNION ALL (",
                "FROM t |> RECURSIVE UNION ALL (|> ",
                "FROM t |> WITH a AS (",
                "TABLE t |> JOIN (",
                "EXPLAIN ",
                "EXPLAIN EXPLAIN SELECT (",
                "CREATE TABLE t (a STRUCT<a ",
                "CREATE TABLE t (a INT64 DEFAULT (",
                "CREATE FUNCTION f() AS (",
                "DELETE t WHERE NOT ",
                "MERGE t USING (",
                "CASE WHEN TRUE THEN ",
                "a: BEGIN ",
                "FOR r IN (",
                "REPEAT ",
                "WHILE TRUE DO ",
                "BEGIN EXCEPTION WHEN ERROR THEN ",
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(parts); i++) {
                struct sp_err err;
                const char *space = strchr(parts[i], ' ');

                /* the whole text again and again, and only its last part */
                SP_CHECK(parts[i], parse_repeated("", parts[i], 20000, "", &err) < 0);
                SP_CHECK(parts[i],
                         parse_repeated("SELECT ", space + 1, 20000, "", &err) < 0);
        }
}

/* Runs out of memory at every possible point: an error each time, never a wrong answer.
 */
static void test_memory(void **state)
{
        static const char sql[] = "DECLARE i INT64; CREATE TEMP TABLE x AS WITH a AS "
                                  "(SELECT 'a' 'b' AS c, `d\\x41` "
                                  "FROM s.t, t.arr) SELECT *, f(x => 1), @p FROM a "
                                  "JOIN UNNEST([1]) ON TRUE; MERGE "
                                  "s.u USING x ON u.i = x.i WHEN MATCHED AND x.a > 1 "
                                  "THEN UPDATE SET a = ? WHEN NOT "
                                  "MATCHED BY SOURCE THEN DELETE";
        size_t max = 0;
        int r = -ENOMEM;

        (void)state;
        for (; r != 0 && max < 4 * 1024 * 1024; max += 64) {
                struct sp_arena a = SP_ARENA_INIT(max);
                struct sp_sql_script *s = NULL;
                struct sp_err err = SP_ERR_NULL;

                r = sp_sql_parse(&a, sp_str_c(sql), &s, &err);
                assert_true(r == 0 ? s != NULL : r == -ENOMEM && s == NULL);
                sp_arena_done(&a);
        }
        assert_int_equal(r, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_errors),  cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_actions), cmocka_unit_test(test_limits),
                cmocka_unit_test(test_nodes),   cmocka_unit_test(test_names),
                cmocka_unit_test(test_depth),   cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
