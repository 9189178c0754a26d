/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables a text touches. Written "statement: reads > writes", tables with dots, a
 * statement's facts separated from the next by " | ". */
#include "tests/test.h"

#include <errno.h>

#include "daemon/sql/sql.h"
#include "tests/unit/append.h"

#define ARENA_MAX (64 * 1024 * 1024)

static void describe(const struct sp_sql_script *s, char *to, size_t size)
{
        to[0] = '\0';
        for (size_t i = 0; i < s->n_statements; i++) {
                const struct sp_sql_statement *st = &s->statements[i];

                append(to, size, "%s%s:", i ? " | " : "", st->kind);
                for (int targets = 0; targets < 2; targets++) {
                        bool any = false;

                        for (size_t k = 0; k < st->n_tables; k++) {
                                const struct sp_sql_table *t = &st->tables[k];

                                if (targets ? !t->is_target : !t->is_read)
                                        continue;
                                append(to, size, targets && !any ? " > " : " ");
                                any = true;
                                for (size_t m = 0; m < t->n_parts; m++)
                                        append(to, size, "%s%.*s", m ? "." : "",
                                               SP_FMT(t->parts[m]));
                                append(to, size, "%s%s%s%s", t->is_temporary ? "~" : "",
                                       t->is_argument ? "!" : "",
                                       t->is_wildcard ? "%" : "",
                                       t->is_model ? "m" : "");
                        }
                }
        }
}

static const struct row {
        const char *sentence, *sql, *facts;
} rows[] = {
        { "a plain table", "SELECT * FROM s.t", "Query: s.t" },
        { "all ways to write three parts",
          "SELECT 1 FROM `p.d.t`, p.d.t, `p`.d.`t`, `p.d`.t, my-proj-1.d.t, `p.d`.`t`",
          "Query: p.d.t p.d.t p.d.t p.d.t my-proj-1.d.t p.d.t" },
        { "a project of a domain", "SELECT 1 FROM `example.com:p.d.t`",
          "Query: example.com:p.d.t" },
        { "an escape in a quoted name", "SELECT 1 FROM `s\\u002et`", "Query: s.t" },
        { "reserved words after a dot", "SELECT 1 FROM s.select", "Query: s.select" },
        { "digits after a dot", "SELECT 1 FROM s.20240101", "Query: s.20240101" },
        { "a wildcard", "SELECT 1 FROM `p.d.events_*`", "Query: p.d.events_*%" },
        { "metadata", "SELECT 1 FROM `region-us`.INFORMATION_SCHEMA.JOBS",
          "Query: region-us.INFORMATION_SCHEMA.JOBS" },

        { "a WITH name hides a table in any case",
          "WITH T AS (SELECT 1) SELECT 1 FROM t", "Query:" },
        { "but only one part of a path", "WITH t AS (SELECT 1) SELECT 1 FROM t, s.t",
          "Query: s.t" },
        { "a WITH name is not seen before it",
          "WITH a AS (SELECT 1 FROM b), b AS (SELECT 1) "
          "SELECT 1 FROM a, b",
          "Query: b" },
        { "nor by itself", "WITH a AS (SELECT 1 FROM a) SELECT 1 FROM a", "Query: a" },
        { "with RECURSIVE it is seen everywhere",
          "WITH RECURSIVE a AS (SELECT 1 FROM b), b AS (SELECT 1 FROM a) SELECT 1 FROM "
          "a",
          "Query:" },
        { "a WITH inside ends with its query",
          "SELECT 1 FROM (WITH a AS (SELECT 1) SELECT 1 FROM a), a", "Query: a" },
        { "a WITH outside is seen inside",
          "WITH a AS (SELECT 1) SELECT (SELECT 1 FROM a) FROM (SELECT 1 FROM a)",
          "Query:" },
        { "a quoted path is no WITH name", "WITH a AS (SELECT 1) SELECT 1 FROM `s.a`",
          "Query: s.a" },

        { "an array path of an alias", "SELECT 1 FROM s.t AS d, d.arr", "Query: s.t" },
        { "of an implicit alias", "SELECT 1 FROM s.t, t.arr AS a, a.b", "Query: s.t" },
        { "of the last part of a quoted path", "SELECT 1 FROM `p.s.t`, t.arr",
          "Query: p.s.t" },
        { "in a join", "SELECT 1 FROM s.t LEFT JOIN t.arr ON TRUE", "Query: s.t" },
        { "not when written as one quoted name", "SELECT 1 FROM s.t AS d, `d.arr`",
          "Query: s.t d.arr" },
        { "not before the alias", "SELECT 1 FROM d.arr, s.t AS d", "Query: d.arr s.t" },
        { "not in a neighbour's subquery",
          "SELECT 1 FROM s.t AS d, (SELECT 1 FROM d.arr)", "Query: s.t d.arr" },
        { "in a subquery of the WHERE",
          "SELECT 1 FROM s.t AS d WHERE EXISTS (SELECT 1 FROM d.arr)", "Query: s.t" },
        { "in a subquery of the select list",
          "SELECT (SELECT 1 FROM d.arr) FROM s.t AS d", "Query: s.t" },
        { "in a subquery of ORDER BY",
          "SELECT 1 FROM s.t d ORDER BY (SELECT 1 FROM d.arr LIMIT 1)", "Query: s.t" },
        { "not in the ORDER BY of a set operation",
          "SELECT 1 FROM s.t d UNION ALL SELECT 2 ORDER BY (SELECT 1 FROM d.arr)",
          "Query: s.t d.arr" },
        { "not in the other operand",
          "SELECT 1 FROM s.t d UNION ALL SELECT 1 FROM d.arr", "Query: s.t d.arr" },
        { "not after PIVOT without an alias",
          "SELECT 1 FROM s.t AS d PIVOT (SUM(x) FOR y IN (1)), d.arr",
          "Query: s.t d.arr" },
        { "an alias inside a subquery is gone outside",
          "SELECT 1 FROM (SELECT 1 FROM s.t AS d), d.arr", "Query: s.t d.arr" },
        { "not in a WITH query",
          "SELECT 1 FROM s.t AS d WHERE EXISTS (WITH x AS (SELECT 1 FROM d.arr) "
          "SELECT 1 FROM x)",
          "Query: s.t d.arr" },
        { "not of an alias with a dot", "SELECT 1 FROM s.t AS `d.e`, `d.e`.arr",
          "Query: s.t d.e.arr" },
        { "in UNNEST", "SELECT 1 FROM s.t, UNNEST(t.arr) AS a, a.b", "Query: s.t" },
        { "an alias that is also a dataset's name wins",
          "SELECT 1 FROM s.t AS crm, crm.customers", "Query: s.t" },

        { "subqueries everywhere",
          "SELECT (SELECT 1 FROM s.a), ARRAY(SELECT 1 FROM s.b) FROM s.c JOIN s.d ON "
          "EXISTS "
          "(SELECT 1 FROM s.e) WHERE 1 IN (SELECT 1 FROM s.f) GROUP BY (SELECT 1 FROM "
          "s.g) "
          "HAVING (SELECT TRUE FROM s.h) QUALIFY (SELECT TRUE FROM s.i) WINDOW w AS "
          "(ORDER BY "
          "(SELECT 1 FROM s.j)) ORDER BY (SELECT 1 FROM s.k)",
          "Query: s.a s.b s.c s.d s.e s.f s.g s.h s.i s.j s.k" },
        { "in arguments, lambdas, CASE, CAST, arrays, structs, windows",
          "SELECT f((SELECT 1 FROM s.a)), g(x -> (SELECT 1 FROM s.b)), CASE (SELECT 1 "
          "FROM s.c) "
          "WHEN (SELECT 1 FROM s.d) THEN (SELECT 1 FROM s.e) ELSE (SELECT 1 FROM s.f) "
          "END, "
          "CAST((SELECT 1 FROM s.g) AS STRING), [(SELECT 1 FROM s.h)], STRUCT((SELECT "
          "1 FROM "
          "s.i) AS x), SUM(x) OVER (PARTITION BY (SELECT 1 FROM s.j)), a[(SELECT 1 "
          "FROM s.k)], "
          "EXTRACT(DAY FROM (SELECT x FROM s.l)), INTERVAL (SELECT 1 FROM s.m) DAY",
          "Query: s.a s.b s.c s.d s.e s.f s.g s.h s.i s.j s.k s.l s.m" },
        { "in options and hints",
          "@{a=(SELECT 1 FROM s.a)} SELECT 1 FROM s.t@{b=(SELECT 1 FROM "
          "s.b)} LIMIT 1",
          "Query: s.a s.t s.b" },
        { "a join in parentheses sees no neighbour",
          "SELECT 1 FROM s.t AS x, (x.a JOIN s.u AS y ON TRUE), y.b, x.c",
          "Query: s.t x.a s.u" },
        { "nor does one inside it, but both see what is around the query",
          "SELECT (SELECT 1 FROM z, (o.a JOIN (z.b JOIN q ON TRUE) ON TRUE)) FROM o",
          "Query: z z.b q o" },
        { "the table arguments of a table function are its own names",
          "CREATE TABLE FUNCTION d.f(t TABLE<a INT64>, u ANY TABLE, v INT64) AS "
          "SELECT 1 FROM T, u, v, s.t",
          "CreateTableFunction: v s.t > d.f" },
        { "in PIVOT, TABLESAMPLE, time travel",
          "SELECT 1 FROM s.t FOR SYSTEM_TIME AS OF (SELECT x FROM s.a) TABLESAMPLE "
          "SYSTEM (CAST((SELECT 1 FROM s.b) AS INT64) PERCENT), s.u PIVOT (SUM((SELECT "
          "1 FROM s.c)) FOR y IN (1)) AS p",
          "Query: s.t s.a s.b s.u s.c" },
        { "arguments of table functions",
          "SELECT 1 FROM ML.PREDICT(MODEL d.m, TABLE s.t), APPENDS(TABLE s.u, NULL, "
          "NULL), "
          "f((SELECT 1 FROM s.v))",
          "Query: d.m!m s.t! s.u! s.v" },
        { "a table argument can be a WITH name",
          "WITH a AS (SELECT 1) SELECT 1 FROM f(TABLE a)", "Query:" },

        { "pipes",
          "FROM s.t |> JOIN s.u USING (x) |> WHERE y IN (SELECT 1 FROM s.v) |> UNION "
          "ALL "
          "(SELECT 1 FROM s.w) |> CALL f(TABLE s.x)",
          "Query: s.t s.u s.v s.w s.x!" },
        { "WITH in a pipe",
          "FROM s.t |> WITH a AS (SELECT 1 FROM s.u) |> JOIN a USING (x)",
          "Query: s.t s.u" },
        { "AGGREGATE takes the aliases away",
          "FROM s.t AS d |> AGGREGATE SUM(x) AS x |> JOIN d.arr ON TRUE",
          "Query: s.t d.arr" },
        { "WHERE does not", "FROM s.t AS d |> WHERE x |> JOIN d.arr", "Query: s.t" },
        { "in the branches of IF",
          "FROM s.t |> IF (SELECT TRUE FROM s.u) THEN (|> JOIN s.v ON TRUE) ELSEIF "
          "TRUE THEN (|> UNION ALL (SELECT 1 FROM s.w)) ELSE (|> CALL f(TABLE s.x))",
          "Query: s.t s.u s.v s.w s.x!" },
        { "in FORK, TEE and LOG",
          "FROM s.t |> TEE (|> JOIN s.u ON TRUE), (|> JOIN s.v ON TRUE) |> LOG (|> "
          "JOIN s.w ON TRUE) |> FORK (|> JOIN s.x ON TRUE)",
          "Query: s.t s.u s.v s.w s.x" },
        { "a WITH name before a branch is seen in it",
          "FROM s.t |> WITH a AS (SELECT 1) |> TEE (|> JOIN a ON TRUE)", "Query: s.t" },
        { "one inside a branch is gone behind it",
          "FROM s.t |> TEE (|> WITH a AS (SELECT 1) |> JOIN a ON TRUE) |> JOIN a",
          "Query: s.t a" },
        { "an alias before a branch begins a path in it",
          "FROM s.t AS d |> TEE (|> JOIN d.arr ON TRUE)", "Query: s.t" },
        { "RECURSIVE", "FROM s.t |> RECURSIVE UNION ALL (|> JOIN s.u ON TRUE)",
          "Query: s.t s.u" },
        { "pipes that write",
          "FROM s.t |> INSERT INTO s.u; FROM s.t |> CREATE TABLE s.v; FROM s.t |> "
          "EXPORT DATA OPTIONS (x = (SELECT 1 FROM s.w))",
          "Query: s.t > s.u | Query: s.t > s.v | Query: s.t s.w" },
        { "a table as a query", "TABLE s.t; SELECT (TABLE s.u); TABLE s.v |> WHERE x",
          "Query: s.t | Query: s.u | Query: s.v" },
        { "TABLE of a WITH name", "WITH a AS (SELECT 1) TABLE a", "Query:" },
        { "what BigQuery does not have reads and writes all the same",
          "EXPLAIN DELETE s.t WHERE x IN (SELECT 1 FROM s.u); CLONE DATA INTO s.a "
          "FROM s.b UNION ALL s.c; RENAME TABLE s.d TO s.e; DESCRIBE s.f; ANALYZE s.g",
          "Explain: s.u > s.t | CloneData: s.b! s.c! > s.a | Rename: > s.d s.e | "
          "Describe: s.f! | Analyze: s.g!" },
        { "pipes behind a statement", "CALL d.p() |> JOIN s.t ON TRUE",
          "Call: s.t > d.p" },

        { "INSERT", "INSERT INTO s.t SELECT * FROM s.u", "Insert: s.u > s.t" },
        { "INSERT with WITH: the target is no WITH name",
          "INSERT INTO t WITH t AS (SELECT 1) SELECT * FROM t", "Insert: > t" },
        { "UPDATE",
          "UPDATE s.t SET a = (SELECT 1 FROM s.u) FROM s.v WHERE x IN (SELECT 1 FROM "
          "s.w)",
          "Update: s.u s.v s.w > s.t" },
        { "the target's alias begins a path",
          "DELETE FROM s.t AS d WHERE EXISTS (SELECT 1 FROM d.arr)", "Delete: > s.t" },
        { "FROM may be left out", "DELETE s.t WHERE TRUE", "Delete: > s.t" },
        { "MERGE",
          "MERGE s.t t USING (SELECT * FROM s.u) AS u ON t.id = u.id WHEN NOT MATCHED "
          "THEN INSERT "
          "VALUES ((SELECT 1 FROM s.v)) WHEN MATCHED AND EXISTS (SELECT 1 FROM s.w) "
          "THEN DELETE",
          "Merge: s.u s.v s.w > s.t" },
        { "TRUNCATE", "TRUNCATE TABLE s.t", "Truncate: > s.t" },

        { "CREATE TABLE AS", "CREATE TABLE s.t AS SELECT * FROM s.u",
          "CreateTable: s.u > s.t" },
        { "COPY, CLONE and LIKE read a table as a whole",
          "CREATE TABLE s.a COPY s.b; CREATE TABLE s.c CLONE s.d; CREATE TABLE s.e "
          "LIKE s.f; CREATE "
          "SNAPSHOT TABLE s.g CLONE s.h FOR SYSTEM_TIME AS OF x",
          "CreateTable: s.b! > s.a | CreateTable: s.d! > s.c | CreateTable: s.f! > s.e "
          "| "
          "CreateSnapshotTable: s.h! > s.g" },
        { "views, functions, models, exports read",
          "CREATE VIEW s.v AS SELECT * FROM s.a; CREATE FUNCTION d.f() AS ((SELECT 1 "
          "FROM s.b)); "
          "CREATE TABLE FUNCTION d.g() AS SELECT * FROM s.c; CREATE MODEL d.m AS "
          "SELECT * FROM s.d; "
          "EXPORT DATA OPTIONS (uri='x') AS SELECT * FROM s.e; CREATE MATERIALIZED "
          "VIEW s.w AS "
          "REPLICA OF s.x",
          "CreateView: s.a > s.v | CreateFunction: s.b > d.f | CreateTableFunction: "
          "s.c > d.g | "
          "CreateModel: s.d > d.mm | ExportData: s.e | CreateMaterializedView: s.x! > "
          "s.w" },
        { "a procedure's body belongs to it",
          "CREATE PROCEDURE d.p() BEGIN INSERT s.t SELECT * FROM s.u; DROP TABLE s.v; "
          "END",
          "CreateProcedure: s.u > d.p s.t s.v" },
        { "a row access policy",
          "CREATE ROW ACCESS POLICY p ON s.t FILTER USING (x IN (SELECT y FROM "
          "s.u))",
          "CreateRowAccessPolicy: s.u > s.t" },
        { "LOAD DATA",
          "LOAD DATA OVERWRITE s.t FROM FILES (format='CSV', uris=['gs://b/x'])",
          "LoadData: > s.t" },
        { "CALL names the procedure", "CALL d.p((SELECT 1 FROM s.t))",
          "Call: s.t > d.p" },

        { "blocks list their statements",
          "BEGIN SELECT 1 FROM s.a; EXCEPTION WHEN ERROR THEN DROP TABLE s.t; END",
          "Begin: | Query: s.a | DropTable: > s.t" },
        { "conditions and loops read",
          "IF EXISTS (SELECT 1 FROM s.a) THEN SELECT 1 FROM s.b; ELSEIF (SELECT TRUE "
          "FROM s.c) THEN "
          "SELECT 2; END IF; FOR r IN (SELECT * FROM s.d) DO SELECT 3; END FOR; WHILE "
          "(SELECT TRUE "
          "FROM s.e) DO BREAK; END WHILE; SET x = (SELECT 1 FROM s.f)",
          "If: s.a s.c | Query: s.b | Query: | For: s.d | Query: | While: s.e | Break: "
          "| "
          "SingleAssignment: s.f" },
        { "a temporary table is known behind its making",
          "CREATE TEMP TABLE t AS SELECT * FROM s.u; SELECT * FROM t; INSERT t VALUES "
          "(1)",
          "CreateTable: s.u > t~ | Query: t~ | Insert: > t~" },
        { "not before", "SELECT * FROM t; CREATE TEMP TABLE t AS SELECT 1",
          "Query: t | CreateTable: > t~" },
        { "not when it may not have been made",
          "IF x THEN CREATE TEMP TABLE t AS SELECT 1; END IF; SELECT * FROM t",
          "If: | CreateTable: > t~ | Query: t" },
        { "not behind a handler",
          "BEGIN CREATE TEMP TABLE t AS SELECT 1; EXCEPTION WHEN ERROR THEN SELECT * "
          "FROM t; END; "
          "SELECT * FROM t",
          "Begin: | CreateTable: > t~ | Query: t | Query: t" },
        { "but behind a plain block",
          "BEGIN CREATE TEMP TABLE t AS SELECT 1; END; SELECT * FROM t",
          "Begin: | CreateTable: > t~ | Query: t~" },
        { "until it is dropped",
          "CREATE TEMP TABLE t AS SELECT 1; SELECT * FROM t; DROP TABLE t; SELECT * "
          "FROM "
          "t",
          "CreateTable: > t~ | Query: t~ | DropTable: > t~ | Query: t" },
        { "it may be made again",
          "CREATE TEMP TABLE t AS SELECT 1; DROP TABLE t; CREATE TEMP TABLE t AS "
          "SELECT "
          "2; SELECT * FROM t",
          "CreateTable: > t~ | DropTable: > t~ | CreateTable: > t~ | Query: t~" },
        { "never when a branch drops it",
          "CREATE TEMP TABLE t AS SELECT 1; SELECT * FROM t; IF x THEN DROP TABLE T; "
          "END "
          "IF",
          "CreateTable: > t~ | Query: t | If: | DropTable: > T" },
        { "nor when it is altered",
          "CREATE TEMP TABLE t AS SELECT 1; SELECT * FROM t; ALTER TABLE t RENAME TO u",
          "CreateTable: > t~ | Query: t | AlterTable: > t u" },
        { "not behind a block that a BREAK can leave",
          "l: BEGIN IF x THEN BREAK l; END IF; CREATE TEMP TABLE t AS SELECT 1; SELECT "
          "* "
          "FROM t; END; SELECT * FROM t",
          "Begin: | If: | Break: | CreateTable: > t~ | Query: t~ | Query: t" },
        { "not when a transaction may take it back",
          "CREATE TEMP TABLE t AS SELECT 1; BEGIN TRANSACTION; CREATE TEMP TABLE u AS "
          "SELECT 1; ROLLBACK; SELECT * FROM t, u",
          "CreateTable: > t~ | Begin: | CreateTable: > u~ | Rollback: | Query: t~ u" },
        { "nor one in a loop",
          "LOOP CREATE TEMP TABLE t AS SELECT 1; ROLLBACK; SELECT * FROM t; BEGIN "
          "TRANSACTION; END LOOP",
          "Loop: | CreateTable: > t~ | Rollback: | Query: t | Begin:" },
        { "a stored table of the same name is another",
          "CREATE TEMP TABLE t AS SELECT 1; CREATE TABLE t AS SELECT * FROM t",
          "CreateTable: > t~ | CreateTable: t~ > t" },
        { "not when dynamic SQL could drop it",
          "CREATE TEMP TABLE t AS SELECT 1; EXECUTE IMMEDIATE x; SELECT * FROM t",
          "CreateTable: > t~ | ExecuteImmediate: | Query: t" },
        { "not in another case", "CREATE TEMP TABLE t AS SELECT 1; SELECT * FROM T",
          "CreateTable: > t~ | Query: T" },
        { "not in a view's definition",
          "CREATE TEMP TABLE t AS SELECT 1; CREATE VIEW s.v AS SELECT * FROM t",
          "CreateTable: > t~ | CreateView: t > s.v" },
};

static void test_tables(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s;
                struct sp_err err = SP_ERR_NULL;
                char got[2000];

                if (sp_sql_parse(&a, sp_str_c(rows[i].sql), &s, &err) < 0)
                        fail_msg("%s: %s %s", rows[i].sentence, err.where, err.what);
                describe(s, got, sizeof(got));
                if (strcmp(got, rows[i].facts) != 0)
                        fail_msg("%s:\n  got  %s\n  want %s", rows[i].sentence, got,
                                 rows[i].facts);
                sp_arena_done(&a);
        }
}

static struct sp_str part_of(struct sp_str text, struct sp_sql_span s)
{
        return sp_str_sub(text, s.start, s.end - s.start);
}

static void test_spans(void **state)
{
        struct sp_str text =
                SP_STR("SELECT * FROM `p.d.t` AS x FOR SYSTEM_TIME AS OF y "
                       "TABLESAMPLE SYSTEM (1 PERCENT), d.u z, d.v");
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_script *s;
        const struct sp_sql_table *t;

        (void)state;
        assert_int_equal(sp_sql_parse(&a, text, &s, NULL), 0);
        assert_int_equal(s->statements[0].n_tables, 3);
        t = s->statements[0].tables;
        assert_true(sp_str_eq(part_of(text, t->path), SP_STR("`p.d.t`")));
        assert_true(sp_str_eq(part_of(text, t->span),
                              SP_STR("`p.d.t` AS x FOR SYSTEM_TIME AS OF y")));
        assert_true(sp_str_eq(part_of(text, t->system_time),
                              SP_STR("FOR SYSTEM_TIME AS OF y")));
        assert_true(sp_str_eq(part_of(text, t->alias_span), SP_STR("AS x")));
        assert_true(t->has_alias && t->is_time_travel && t->is_sampled);
        t++;
        assert_true(sp_str_eq(part_of(text, t->alias_span), SP_STR("z")));
        assert_true(sp_str_eq(part_of(text, t->span), SP_STR("d.u")));
        t++;
        assert_false(t->has_alias);
        assert_true(sp_str_eq(t->alias, SP_STR("v")));
        sp_arena_done(&a);
}

static void test_functions_and_opaque(void **state)
{
        static const struct {
                const char *sentence, *sql, *functions, *opaque;
        } cases[] = {
                { "names are lower case and dotted",
                  "SELECT SUM(x), Net.HOST(y), `p.d.f`(1), IF(a, b, "
                  "c)",
                  "sum net.host p.d.f if", "" },
                { "in every place", "SELECT 1 FROM s.t WHERE f(g(1)) ORDER BY h()",
                  "f g h", "" },
                { "directly under a statement", "ASSERT f(1)", "f", "" },
                { "directly behind SET in a pipe",
                  "FROM t |> SET a = f(1) |> AGGREGATE g(2)", "f g", "" },
                { "of table functions", "SELECT 1 FROM d.f(g(1))", "d.f* g", "" },
                { "chained calls", "SELECT (a).f(1).g()", "f g", "" },
                { "subscripts and week days are none",
                  "SELECT a[OFFSET(0)], a[SAFE_ORDINAL(f(1))], DATE_TRUNC(d, "
                  "WEEK(MONDAY))",
                  "f date_trunc", "" },
                { "dynamic SQL", "EXECUTE IMMEDIATE 'SELECT 1'", "",
                  "execute-immediate" },
                { "federated queries", "SELECT 1 FROM EXTERNAL_QUERY('c', 'x')",
                  "external_query*", "external-query" },
                { "JavaScript",
                  "CREATE FUNCTION d.f() RETURNS INT64 LANGUAGE js AS 'return 1'", "",
                  "javascript foreign-language" },
                { "remote functions",
                  "CREATE FUNCTION d.f() RETURNS INT64 REMOTE WITH CONNECTION c "
                  "OPTIONS (x=1)",
                  "", "remote" },
                { "system variables", "SET @@dataset_id = 'x'", "", "system-variable" },
                { "FOR UPDATE", "SELECT 1 FROM t FOR UPDATE", "", "for-update" },
                { "each name once", "FROM t |> TEE |> TEE |> LOG", "",
                  "pipe-tee pipe-log" },
                { "in a subquery", "SELECT (FROM t |> ASSERT f(1))", "f",
                  "pipe-assert" },
                { "NATURAL JOIN", "SELECT 1 FROM t NATURAL JOIN u", "",
                  "natural-join" },
                { "protocol buffers", "SELECT NEW a.B(f(1) AS c)", "f", "proto" },
                { "graphs", "GRAPH g MATCH (n) RETURN f(n)", "f", "graph" },
                { "keys behind the columns", "CREATE TABLE t (a INT64) PRIMARY KEY (a)",
                  "", "table-key" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(cases); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s;
                struct sp_err err = SP_ERR_NULL;
                char got[500] = "";
                const struct sp_sql_statement *st;

                if (sp_sql_parse(&a, sp_str_c(cases[i].sql), &s, &err) < 0)
                        fail_msg("%s: %s", cases[i].sentence, err.what);
                st = s->statements;
                for (size_t k = 0; k < st->n_functions; k++)
                        append(got, sizeof(got), "%s%.*s%s", k ? " " : "",
                               SP_FMT(st->functions[k].name),
                               st->functions[k].is_table_function ? "*" : "");
                if (strcmp(got, cases[i].functions) != 0)
                        fail_msg("%s: got %s", cases[i].sentence, got);
                got[0] = '\0';
                for (size_t k = 0; k < st->n_opaque; k++)
                        append(got, sizeof(got), "%s%s", k ? " " : "", st->opaque[k]);
                if (strcmp(got, cases[i].opaque) != 0)
                        fail_msg("%s: got %s", cases[i].sentence, got);
                sp_arena_done(&a);
        }
}

/* What is not a table, and what changes the meaning of later names. */
static void test_objects(void **state)
{
        static const struct {
                const char *sentence, *sql;
                bool is_model, is_routine;
                const char *variables;
        } cases[] = {
                { "a table", "CREATE TABLE d.t (a INT64)", false, false, "" },
                { "a view", "DROP VIEW d.v", false, false, "" },
                { "a function", "CREATE FUNCTION d.f() AS (1)", false, true, "" },
                { "a function of aggregation",
                  "CREATE AGGREGATE FUNCTION d.f(x INT64) AS (SUM(x))", false, true,
                  "" },
                { "a table function", "CREATE TABLE FUNCTION d.f() AS SELECT 1", false,
                  true, "" },
                { "a procedure", "CREATE PROCEDURE d.p() BEGIN END", false, true, "" },
                { "a model", "CREATE MODEL d.m AS SELECT 1", true, false, "" },
                { "dropping a function", "DROP FUNCTION d.f", false, true, "" },
                { "dropping a table function", "DROP TABLE FUNCTION d.f", false, true,
                  "" },
                { "dropping a procedure", "DROP PROCEDURE IF EXISTS d.p", false, true,
                  "" },
                { "dropping a model", "DROP MODEL d.m", true, false, "" },
                { "altering a model", "ALTER MODEL d.m SET OPTIONS (a=1)", true, false,
                  "" },
                { "exporting a model", "EXPORT MODEL d.m OPTIONS (uri='x')", true,
                  false, "" },
                { "a system variable", "SET @@Dataset_ID = 'd'", false, false,
                  "dataset_id" },
                { "in backquotes", "SET @@`dataset_project_id` = 'p'", false, false,
                  "dataset_project_id" },
                { "of several parts", "SET @@a . `b`.C = 1", false, false, "a.b.c" },
                { "in a procedure's body",
                  "CREATE PROCEDURE d.p() BEGIN SET @@dataset_id = 'a'; SET "
                  "@@time_zone "
                  "= 'b'; END",
                  false, true, "dataset_id time_zone" },
                { "reading one is not setting it", "SELECT @@dataset_id", false, false,
                  "" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(cases); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s;
                struct sp_err err = SP_ERR_NULL;
                const struct sp_sql_statement *st;
                char got[500] = "";

                if (sp_sql_parse(&a, sp_str_c(cases[i].sql), &s, &err) < 0)
                        fail_msg("%s: %s", cases[i].sentence, err.what);
                st = s->statements;
                for (size_t k = 0; k < st->n_tables; k++) {
                        SP_CHECK(cases[i].sentence,
                                 st->tables[k].is_model == cases[i].is_model);
                        SP_CHECK(cases[i].sentence,
                                 st->tables[k].is_routine == cases[i].is_routine);
                }
                for (size_t k = 0; k < st->n_system_variables; k++)
                        append(got, sizeof(got), "%s%.*s", k ? " " : "",
                               SP_FMT(st->system_variables[k]));
                if (strcmp(got, cases[i].variables) != 0)
                        fail_msg("%s: got %s", cases[i].sentence, got);
                sp_arena_done(&a);
        }
}

static void test_parameters(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_script *s;

        (void)state;
        assert_int_equal(
                sp_sql_parse(&a, SP_STR("SELECT ?, f(?) FROM t WHERE x = ?"), &s, NULL),
                0);
        assert_int_equal(s->n_positional, 3);
        assert_int_equal(s->positional[0].start, 7);
        assert_true(s->positional[1].start < s->positional[2].start);
        assert_int_equal(sp_sql_parse(&a, SP_STR("SELECT @A, @b, @a, @@c"), &s, NULL),
                         0);
        assert_int_equal(s->n_named, 2);
        assert_true(sp_str_eq(s->named[0], SP_STR("a")) &&
                    sp_str_eq(s->named[1], SP_STR("b")));
        assert_false(s->is_script);
        sp_arena_done(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_spans),
                cmocka_unit_test(test_functions_and_opaque),
                cmocka_unit_test(test_objects),
                cmocka_unit_test(test_parameters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
