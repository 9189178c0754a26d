/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sql_lineage.h"

static const struct lineage_row variables[] = {
        { "statements stand for themselves",
          "SELECT k FROM pairs; SELECT nothing FROM pairs; SELECT 1 AS x",
          "k<-pairs.k | ! | x<-" },
        { "a variable is what it was set to",
          "DECLARE x STRING; SET x = (SELECT MAX(ssn) FROM customers); SELECT x",
          "- | - | x<-customers.ssn" },
        { "its default too",
          "DECLARE x DEFAULT (SELECT MAX(ssn) FROM customers); SELECT x AS y",
          "- | y<-customers.ssn" },
        { "several at once",
          "DECLARE a, b INT64 DEFAULT (SELECT MAX(id) FROM orders); SELECT a, b",
          "- | a<-orders.id b<-orders.id" },
        { "all that was ever assigned counts, also later: a loop may come back",
          "DECLARE x STRING; LOOP SELECT x; SET x = (SELECT MAX(ssn) FROM customers); "
          "END LOOP",
          "- | - | x<-customers.ssn | -" },
        { "a column hides a variable",
          "DECLARE k STRING DEFAULT (SELECT MAX(ssn) FROM customers); "
          "SELECT k FROM pairs",
          "- | k<-pairs.k" },
        { "from a STRUCT, field by field",
          "DECLARE a, b STRING; SET (a, b) = (SELECT AS STRUCT MAX(name), MAX(ssn) "
          "FROM customers); "
          "SELECT a; SELECT b",
          "- | - | a<-customers.name | b<-customers.ssn" },
        { "a field of a variable",
          "DECLARE s STRUCT<a STRING, b INT64> DEFAULT "
          "(SELECT AS STRUCT ssn, id FROM customers LIMIT 1); SELECT s.a",
          "- | a<-customers.id,customers.ssn" },
        { "a variable that is not there", "SET x = 1", "!Undeclared variable: x" },
        { "a block's variables end with it",
          "BEGIN DECLARE x INT64 DEFAULT (SELECT MAX(id) FROM orders); SELECT x; END; "
          "SELECT x",
          "- | - | x<-orders.id | !" },
        { "a value that could not be resolved spoils who reads it",
          "DECLARE x STRING; DECLARE y STRING; SET x = (SELECT MAX(nothing) FROM "
          "customers); "
          "SET y = CONCAT(x, '!'); SELECT y; SELECT 1 AS one",
          "- | - | ! | ! | ! | one<-" },
        { "also from behind, in a loop",
          "DECLARE x STRING; WHILE TRUE DO SELECT x; SET x = (SELECT nothing FROM "
          "customers); END WHILE",
          "- | - | ! | !" },
        { "dynamic SQL gives unknown values",
          "DECLARE x STRING; EXECUTE IMMEDIATE 'SELECT 1' INTO x; SELECT x; SELECT 1 "
          "AS a",
          "- | ! | ! | a<-" },
        { "a procedure may set its arguments",
          "DECLARE x INT64; DECLARE y INT64; CALL d.f(x, y + 1); SELECT x; SELECT 1 AS "
          "a",
          "- | - | ! | ! | a<-" },
        { "conditions decide",
          "IF (SELECT MAX(k) FROM pairs) > 1 THEN SELECT v FROM d.pairs; "
          "ELSEIF EXISTS (SELECT 1 FROM orders WHERE id = 1) THEN SELECT 2 AS two; "
          "ELSE SELECT 3 AS three; END IF",
          "- ? orders.id,pairs.k | v<-pairs.v | two<- | three<-" },
        { "CASE",
          "CASE (SELECT MAX(k) FROM pairs) WHEN 1 THEN SELECT 1 AS x; ELSE SELECT 2 AS "
          "x; END CASE",
          "- ? pairs.k | x<- | x<-" },
        { "REPEAT looks behind",
          "DECLARE n INT64 DEFAULT 0; REPEAT SET n = n + 1; "
          "UNTIL n > (SELECT MAX(k) FROM pairs) END REPEAT",
          "- | - ? pairs.k | -" },
        { "FOR gives rows whose columns are apart",
          "FOR r IN (SELECT id, ssn FROM customers WHERE name = 'x') DO SELECT r.id; "
          "SELECT r.ssn AS s; END FOR",
          "- ? customers.name | id<-customers.id | s<-customers.ssn" },
        { "a row that is assigned to is not only what it was",
          "FOR r IN (SELECT id, name FROM customers) DO SELECT r.name; "
          "SET r = (SELECT AS STRUCT id, ssn FROM customers LIMIT 1); END FOR",
          "- | ! | -" },
        { "labels",
          "a: LOOP b: BEGIN SELECT k FROM pairs; LEAVE a; END b; END LOOP a; SELECT 1 "
          "AS x",
          "- | - | k<-pairs.k | - | x<-" },
        { "a message is told", "RAISE USING MESSAGE = (SELECT MAX(ssn) FROM customers)",
          "message<-customers.ssn" },
        { "ASSERT decides", "ASSERT (SELECT MAX(k) FROM pairs) > 1 AS 'x'",
          "- ? pairs.k" },
        { "parameters have no source", "SELECT @p AS a, ? AS b", "a<- b<-" },
        { "nor have system variables", "SELECT @@time_zone AS z", "z<-" },
        { "transactions",
          "BEGIN TRANSACTION; DELETE FROM pairs WHERE k = 1; COMMIT TRANSACTION",
          "- | - ? pairs.k | -" },
};

static void test_variables(void **state)
{
        (void)state;
        check_lineage(variables, SP_ARRAY_SIZE(variables));
}

static const struct lineage_row tables[] = {
        { "a row access policy decides",
          "CREATE ROW ACCESS POLICY p ON pairs GRANT TO ('user:a@b.c') FILTER USING (v "
          "= SESSION_USER() "
          "AND k IN (SELECT id FROM orders))",
          "- ? orders.id,pairs.k,pairs.v" },
        { "a TEMP table is what it was made of",
          "CREATE TEMP TABLE t AS SELECT id, ssn AS s FROM customers; SELECT s, t.id "
          "FROM t",
          "id<-customers.id s<-customers.ssn | s<-customers.ssn id<-customers.id" },
        { "also under _SESSION",
          "CREATE TEMP TABLE t AS SELECT ssn FROM customers; SELECT * FROM _SESSION.t",
          "ssn<-customers.ssn | ssn<-customers.ssn" },
        { "it hides a table of the dataset",
          "CREATE TEMP TABLE pairs AS SELECT ssn AS v FROM customers; SELECT v FROM "
          "pairs; SELECT v FROM d.pairs",
          "v<-customers.ssn | v<-customers.ssn | v<-pairs.v" },
        { "until it is dropped",
          "CREATE TEMP TABLE pairs AS SELECT ssn AS v FROM customers; DROP TABLE "
          "pairs; SELECT v FROM pairs",
          "v<-customers.ssn | - | v<-pairs.v" },
        { "its column list names its columns",
          "CREATE TEMP TABLE t (a STRING) AS SELECT ssn FROM customers; SELECT a FROM "
          "t",
          "a<-customers.ssn | a<-customers.ssn" },
        { "rows that are added later count, wherever it is read",
          "CREATE TEMP TABLE t (a STRING); SELECT a FROM t; INSERT INTO t SELECT ssn "
          "FROM customers; "
          "UPDATE t SET a = (SELECT MAX(note) FROM orders) WHERE TRUE",
          "- | a<-customers.ssn,orders.note | a<-customers.ssn | a<-orders.note" },
        { "rows that could not be resolved spoil it",
          "CREATE TEMP TABLE t AS SELECT k FROM pairs; INSERT INTO t SELECT nothing "
          "FROM pairs; "
          "CREATE TEMP TABLE u AS SELECT k FROM t; SELECT k FROM u; SELECT k FROM "
          "pairs",
          "k<-pairs.k | ! | ! | ! | k<-pairs.k" },
        { "a new one takes its place",
          "CREATE TEMP TABLE t AS SELECT k AS a FROM pairs; "
          "CREATE OR REPLACE TEMP TABLE t AS SELECT ssn AS a FROM customers; SELECT a "
          "FROM t",
          "a<-pairs.k | a<-customers.ssn | a<-customers.ssn" },
        { "a branch makes it certain for itself alone",
          "IF RAND() > 0.5 THEN CREATE TEMP TABLE t AS SELECT k FROM pairs; SELECT k "
          "FROM t; END IF; "
          "SELECT k FROM t",
          "- | k<-pairs.k | k<-pairs.k | !What table t is at this place is not "
          "certain" },
        { "what a loop makes is not certain before",
          "CREATE TEMP TABLE t AS SELECT k AS a FROM pairs; "
          "LOOP SELECT a FROM t; CREATE OR REPLACE TEMP TABLE t AS SELECT ssn AS a "
          "FROM customers; "
          "SELECT a FROM t; END LOOP",
          "a<-pairs.k | - | ! | a<-customers.ssn | a<-customers.ssn" },
        { "nor what a block with a handler makes",
          "BEGIN CREATE TEMP TABLE t AS SELECT k FROM pairs; EXCEPTION WHEN ERROR THEN "
          "SELECT 1 AS x; END; "
          "SELECT k FROM t",
          "- | k<-pairs.k | x<- | !" },
        { "a block without one is certain",
          "BEGIN CREATE TEMP TABLE t AS SELECT k FROM pairs; END; SELECT k FROM t",
          "- | k<-pairs.k | k<-pairs.k" },
        { "a stored table that the script makes",
          "CREATE OR REPLACE TABLE d.pairs AS SELECT ssn AS v FROM customers; SELECT v "
          "FROM pairs; "
          "SELECT v FROM p.d.pairs",
          "v<-customers.ssn | v<-customers.ssn | v<-customers.ssn" },
        { "a view that the script makes",
          "CREATE VIEW x AS SELECT ssn FROM customers WHERE id > 1; SELECT * FROM "
          "p.d.x",
          "ssn<-customers.ssn ? customers.id | ssn<-customers.ssn" },
        { "if it did not exist, or an older one",
          "CREATE TABLE IF NOT EXISTS pairs AS SELECT ssn AS v FROM customers; SELECT "
          "v FROM pairs",
          "v<-customers.ssn | !" },
        { "altered, it is not certain",
          "ALTER TABLE pairs ADD COLUMN x INT64; SELECT * FROM pairs; SELECT * FROM "
          "e.pairs",
          "- | ! | k<-p.e.pairs.k secret<-p.e.pairs.secret" },
        { "dropped, it is not there", "DROP TABLE d.pairs; SELECT k FROM pairs",
          "- | !" },
        { "a wildcard may read what was made",
          "CREATE TABLE d.pairs_1 AS SELECT ssn AS v FROM customers; SELECT v FROM "
          "`d.pairs_*`",
          "v<-customers.ssn | !" },
        { "letter case matters",
          "CREATE TEMP TABLE T AS SELECT k FROM pairs; SELECT k FROM t",
          "k<-pairs.k | !" },
        { "dynamic SQL may have made tables",
          "EXECUTE IMMEDIATE 'CREATE TEMP TABLE pairs AS SELECT 1 AS k'; SELECT k FROM "
          "pairs; SELECT k FROM d.pairs",
          "! | ! | k<-pairs.k" },
        { "LIKE and rows",
          "CREATE TEMP TABLE t LIKE pairs; INSERT INTO t (v) SELECT ssn FROM "
          "customers; SELECT * FROM t",
          "- | v<-customers.ssn | k<- v<-customers.ssn" },
        { "SET @@dataset_id",
          "SET @@dataset_id = 'e'; SELECT * FROM pairs; SELECT * FROM d.pairs",
          "- | k<-p.e.pairs.k secret<-p.e.pairs.secret | k<-pairs.k v<-pairs.v" },
        { "and back",
          "SET @@dataset_id = 'e'; SET @@dataset_id = 'd'; SELECT * FROM pairs",
          "- | - | k<-pairs.k v<-pairs.v" },
        { "to what is not known here",
          "SET @@dataset_id = @p; SELECT k FROM pairs; SELECT k FROM d.pairs",
          "- | ! | k<-pairs.k" },
        { "in a branch, it is not certain anywhere",
          "SELECT k FROM pairs; IF TRUE THEN SET @@dataset_id = 'e'; END IF",
          "! | - | -" },
        { "the project",
          "SET @@dataset_project_id = 'q'; SELECT k FROM d.pairs; SELECT k FROM "
          "p.d.pairs",
          "- | ! | k<-pairs.k" },
};

static void test_tables(void **state)
{
        (void)state;
        check_lineage(tables, SP_ARRAY_SIZE(tables));
}

static const struct lineage_row routines[] = {
        { "a function is its body",
          "CREATE TEMP FUNCTION f(a STRING, b STRING) AS (CONCAT(a, 'x')); SELECT "
          "f(name, ssn) AS x FROM customers",
          "- | x<-customers.name" },
        { "also of what it reads itself",
          "CREATE TEMP FUNCTION f(a INT64) AS ((SELECT MAX(ssn) FROM customers WHERE "
          "id = a)); "
          "SELECT f(k) AS x FROM pairs",
          "- | x<-customers.ssn ? customers.id,pairs.k" },
        { "functions of functions",
          "CREATE TEMP FUNCTION f(a INT64) AS (a + 1); CREATE TEMP FUNCTION g(a INT64, "
          "b INT64) AS (f(b)); "
          "SELECT g(k, 1) AS x, g(1, k) AS y FROM pairs",
          "- | - | x<- y<-pairs.k" },
        { "an older function is meant by its time",
          "CREATE TEMP FUNCTION f(a INT64) AS (1); CREATE TEMP FUNCTION g(a INT64) AS "
          "(f(a)); "
          "CREATE OR REPLACE TEMP FUNCTION f(a INT64) AS (g(a) + a); SELECT f(k) AS x, "
          "g(k) AS y FROM pairs",
          "- | - | - | x<-pairs.k y<-" },
        { "fields of a STRUCT",
          "CREATE TEMP FUNCTION f(s ANY TYPE) AS (s.v); SELECT f(STRUCT(k AS u, v AS "
          "v)) AS x FROM pairs",
          "- | x<-pairs.v" },
        { "what it returns is typed",
          "CREATE TEMP FUNCTION f(a STRING, b STRING) RETURNS STRUCT<x STRING, y "
          "STRING> AS (STRUCT(a, b)); "
          "SELECT f(name, ssn).x FROM customers",
          "- | x<-customers.name" },
        { "another language: all of its arguments",
          "CREATE TEMP FUNCTION f(a STRING, b STRING) RETURNS STRING LANGUAGE js AS "
          "'return a'; "
          "SELECT f(name, ssn) AS x FROM customers",
          "- | x<-customers.name,customers.ssn" },
        { "a stored function that the script makes",
          "CREATE FUNCTION d.f(a INT64) AS (a); SELECT p.d.f(k) AS x, d.f(1) AS y FROM "
          "pairs",
          "_<- | x<-pairs.k y<-" },
        { "parameters are seen in WITH queries too",
          "CREATE TEMP FUNCTION f(a INT64) AS ((WITH w AS (SELECT a AS b) SELECT b "
          "FROM w)); "
          "SELECT f(k) AS x FROM pairs",
          "- | x<-pairs.k" },
        { "but columns hide them",
          "CREATE TEMP FUNCTION f(v STRING) AS ((SELECT MAX(v) FROM pairs)); "
          "SELECT f(ssn) AS x FROM customers",
          "- | x<-pairs.v" },
        { "an argument takes the type that was declared",
          "CREATE TEMP FUNCTION f(s STRUCT<a INT64, b STRING>) AS (s.b); "
          "SELECT f((id, ssn)) AS x FROM customers",
          "- | x<-customers.ssn" },
        { "SAFE is no part of the name",
          "CREATE TEMP FUNCTION f(a INT64, b INT64) AS (b); SELECT SAFE.f(k, 1) AS x "
          "FROM pairs",
          "- | x<-" },
        { "a wrong number of arguments",
          "CREATE TEMP FUNCTION f(a INT64) AS (a); SELECT f(1, 2)",
          "- | !The number of arguments does not match function f" },
        { "a body sees no variables and no columns of the caller",
          "DECLARE x INT64 DEFAULT 1; CREATE TEMP FUNCTION f() AS (k); SELECT f() FROM "
          "pairs",
          "- | - | !Unrecognized name: k" },
        { "made in a branch, it is not certain",
          "IF TRUE THEN CREATE TEMP FUNCTION f(a INT64) AS (a); END IF; SELECT f(k) AS "
          "x FROM pairs",
          "- | - | !Which function f is at this place is not certain" },
        { "bodies that grow by doubling are refused, not resolved",
          "CREATE TEMP FUNCTION a(x INT64) AS (x+x); CREATE TEMP FUNCTION b(x INT64) "
          "AS (a(a(a(a(a(a(a(a(x)))))))));"
          "CREATE TEMP FUNCTION c(x INT64) AS (b(b(b(b(b(b(b(b(b(x))))))))));"
          "CREATE TEMP FUNCTION d(x INT64) AS (c(c(c(c(c(c(c(c(c(x))))))))));"
          "CREATE TEMP FUNCTION e(x INT64) AS (d(d(d(d(d(d(d(d(d(x))))))))));"
          "CREATE TEMP FUNCTION f(x INT64) AS (e(e(e(e(e(e(e(e(e(x))))))))));"
          "SELECT f(f(k)) AS x FROM pairs",
          "- | - | - | - | - | - | !Functions of this script call each other too "
          "often" },
        { "a procedure's body is one statement with it",
          "CREATE PROCEDURE d.f() BEGIN SELECT 1; SELECT 2; END; SELECT 1 AS x",
          "! | x<-" },
        { "a table function",
          "CREATE TABLE FUNCTION d.f(a INT64) AS SELECT v, a AS w FROM pairs WHERE k = "
          "a; "
          "SELECT v, w FROM d.f((SELECT MAX(id) FROM orders))",
          "v<-pairs.v w<- ? pairs.k | v<-pairs.v w<-orders.id ? orders.id,pairs.k" },
        { "with a table for an argument",
          "CREATE TABLE FUNCTION d.f(t TABLE<k INT64, v STRING>) AS SELECT v FROM t "
          "WHERE k > 1; "
          "SELECT * FROM d.f(TABLE pairs)",
          "v<- | v<-pairs.v ? pairs.k" },
        { "with the rows of a pipe",
          "CREATE TABLE FUNCTION d.f(t TABLE<k INT64>, n INT64) AS SELECT k + n AS s "
          "FROM t; "
          "FROM orders |> SELECT id |> RENAME id AS k |> CALL d.f(1)",
          "s<- | s<-orders.id" },
        { "a stored function that reads tables is like a view",
          "CREATE FUNCTION d.f() AS ((SELECT MAX(ssn) FROM customers WHERE id = 1))",
          "_<-customers.ssn ? customers.id" },
};

static void test_routines(void **state)
{
        (void)state;
        check_lineage(routines, SP_ARRAY_SIZE(routines));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_variables),
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_routines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
