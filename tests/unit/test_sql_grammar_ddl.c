/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that define, and those about rights. */
#include "tests/unit/sql_grammar.h"

static const struct row schemas[] = {
        { "CREATE SCHEMA d", "CreateSchema > d" },
        { "CREATE SCHEMA IF NOT EXISTS p.d DEFAULT COLLATE 'und:ci' "
          "OPTIONS(location='us', is_case_insensitive=TRUE)",
          "CreateSchema > p.d" },
        { "CREATE SCHEMA d OPTIONS()", "CreateSchema > d" },
        { "CREATE DATABASE d", "CreateDatabase > d" },
        { "CREATE OR REPLACE SCHEMA d", "CreateSchema > d" },
        { "CREATE EXTERNAL SCHEMA d WITH CONNECTION `p.us.c` "
          "OPTIONS(external_source='x')",
          "CreateExternalSchema > d" },
        { "DROP SCHEMA d", "Drop > d" },
        { "DROP SCHEMA IF EXISTS d CASCADE", "Drop > d" },
        { "DROP SCHEMA d RESTRICT", "Drop > d" },
        { "DROP EXTERNAL SCHEMA d", "Drop > d" },
        { "UNDROP SCHEMA d", "Undrop > d" },
        { "UNDROP SCHEMA IF NOT EXISTS d OPTIONS(location='x')", "Undrop > d" },
        { "ALTER SCHEMA d SET OPTIONS(a=1)", "AlterSchema > d" },
        { "ALTER SCHEMA IF EXISTS d SET DEFAULT COLLATE 'x'", "AlterSchema > d" },
        { "ALTER SCHEMA d ADD REPLICA `r` OPTIONS(location='x')", "AlterSchema > d" },
        { "ALTER SCHEMA d DROP REPLICA r", "AlterSchema > d" },
        { "ALTER SCHEMA d ALTER REPLICA IF EXISTS r SET OPTIONS(a=1)",
          "AlterSchema > d" },
        { "ALTER SCHEMA d ALTER REPLICA r", "1:31" },
        { "ALTER SCHEMA d RENAME TO e", "AlterSchema > d e" },
};

static const struct row tables[] = {
        { "CREATE TABLE d.t (a INT64)", "CreateTable > d.t" },
        { "CREATE TABLE d.t", "CreateTable > d.t" },
        { "CREATE TABLE d.t ()", "CreateTable > d.t" },
        { "CREATE TABLE d.t (a)", "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64,)", "CreateTable > d.t" },
        { "CREATE OR REPLACE TABLE d.t (a INT64 NOT NULL OPTIONS(description='x'), b "
          "STRING(10) COLLATE 'und:ci', c NUMERIC(10,2) DEFAULT 1, d ARRAY<STRUCT<x "
          "INT64 NOT NULL OPTIONS(description='y')>>) PARTITION BY DATE(a) CLUSTER BY "
          "a, b OPTIONS(x=1) AS SELECT 1",
          "CreateTable > d.t" },
        { "CREATE TEMP TABLE t (a INT64)", "CreateTable > t" },
        { "CREATE TEMPORARY TABLE t AS SELECT 1", "CreateTable > t" },
        { "CREATE TABLE IF NOT EXISTS d.t AS SELECT 1", "CreateTable > d.t" },
        { "CREATE OR REPLACE TABLE IF NOT EXISTS d.t AS SELECT 1",
          "CreateTable > d.t" },
        { "CREATE TABLE d.t AS (SELECT 1)", "CreateTable > d.t" },
        { "CREATE TABLE d.t AS WITH x AS (SELECT 1) SELECT * FROM x",
          "CreateTable > d.t" },
        { "CREATE TABLE d.t AS FROM u |> WHERE TRUE", "CreateTable > d.t" },
        { "CREATE TABLE d.t SELECT 1", "1:18" },
        { "CREATE TABLE d.t (a, b) AS SELECT 1, 2", "CreateTable > d.t" },
        { "CREATE TABLE d.t LIKE d.u", "CreateTable > d.t" },
        { "CREATE TABLE d.t LIKE d.u AS SELECT 1", "CreateTable > d.t" },
        { "CREATE TABLE d.t COPY d.u OPTIONS(a=1)", "CreateTable > d.t" },
        { "CREATE TABLE d.t CLONE d.u FOR SYSTEM_TIME AS OF x", "CreateTable > d.t" },
        { "CREATE SNAPSHOT TABLE d.t CLONE d.u FOR SYSTEM_TIME AS OF x OPTIONS(a=1)",
          "CreateSnapshotTable > d.t" },
        { "CREATE SNAPSHOT TABLE d.t AS SELECT 1", "1:27" },
        { "CREATE TABLE d.t (a INT64 PRIMARY KEY NOT ENFORCED)", "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64, PRIMARY KEY (a) NOT ENFORCED, CONSTRAINT fk "
          "FOREIGN KEY (a) REFERENCES d.u(b) NOT ENFORCED)",
          "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64 REFERENCES d.u(b) NOT ENFORCED)",
          "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64 UNIQUE)", "1:27" },
        { "CREATE TABLE d.t (a INT64 AUTO_INCREMENT)", "1:27" },
        { "CREATE TABLE d.t (a INT64 GENERATED ALWAYS AS (b + 1) STORED)",
          "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64 AS (b + 1))", "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64 GENERATED ALWAYS AS IDENTITY)", "1:55" },
        { "CREATE TABLE d.t (a INT64) DEFAULT COLLATE 'und:ci'", "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64) PARTITION BY RANGE_BUCKET(a, GENERATE_ARRAY(0, "
          "10, 1))",
          "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64) CLUSTER BY", "1:38" },
        { "CREATE TABLE d.t (a INT64) OPTIONS(a=1) PARTITION BY a", "1:41" },
        { "CREATE TABLE d.t (a VARCHAR(10))", "CreateTable > d.t" },
        { "CREATE TABLE d.t (a INT64) WITH CONNECTION `p.us.c` "
          "OPTIONS(file_format='x')",
          "CreateTable > d.t" },
        { "CREATE EXTERNAL TABLE d.t (a INT64) WITH CONNECTION `c` WITH PARTITION "
          "COLUMNS (b STRING) OPTIONS(format='CSV')",
          "1:57" },
        { "CREATE EXTERNAL TABLE d.t OPTIONS(format='CSV', uris=['gs://a'])",
          "CreateExternalTable > d.t" },
        { "CREATE EXTERNAL TABLE d.t WITH PARTITION COLUMNS OPTIONS(format='CSV')",
          "CreateExternalTable > d.t" },
        { "CREATE EXTERNAL TABLE d.t AS SELECT 1", "1:27" },
        { "CREATE TABLE my-proj.d.t (a INT64)", "CreateTable > my-proj.d.t" },
        { "ALTER TABLE d.t SET OPTIONS(a=1)", "AlterTable > d.t" },
        { "ALTER TABLE IF EXISTS d.t ADD COLUMN a INT64 OPTIONS(x=1), ADD COLUMN IF "
          "NOT EXISTS b STRUCT<c INT64>",
          "AlterTable > d.t" },
        { "ALTER TABLE d.t ADD COLUMN a INT64 NOT NULL FIRST", "1:45" },
        { "ALTER TABLE d.t ADD PRIMARY KEY (a) NOT ENFORCED", "AlterTable > d.t" },
        { "ALTER TABLE d.t ADD CONSTRAINT IF NOT EXISTS c FOREIGN KEY (a) REFERENCES "
          "d.u(b) NOT ENFORCED",
          "AlterTable > d.t" },
        { "ALTER TABLE d.t RENAME TO u", "AlterTable > d.t u" },
        { "ALTER TABLE d.t RENAME COLUMN a TO b, RENAME COLUMN IF EXISTS c TO d",
          "AlterTable > d.t" },
        { "ALTER TABLE d.t DROP COLUMN a, DROP COLUMN IF EXISTS b",
          "AlterTable > d.t" },
        { "ALTER TABLE d.t DROP PRIMARY KEY", "AlterTable > d.t" },
        { "ALTER TABLE d.t DROP PRIMARY KEY IF EXISTS", "AlterTable > d.t" },
        { "ALTER TABLE d.t DROP CONSTRAINT IF EXISTS c", "AlterTable > d.t" },
        { "ALTER TABLE d.t SET DEFAULT COLLATE 'x'", "AlterTable > d.t" },
        { "ALTER TABLE d.t ALTER COLUMN a SET OPTIONS(x=1)", "AlterTable > d.t" },
        { "ALTER TABLE d.t ALTER COLUMN IF EXISTS a DROP NOT NULL",
          "AlterTable > d.t" },
        { "ALTER TABLE d.t ALTER COLUMN a SET DATA TYPE NUMERIC(10)",
          "AlterTable > d.t" },
        { "ALTER TABLE d.t ALTER COLUMN a SET DEFAULT 1", "AlterTable > d.t" },
        { "ALTER TABLE d.t ALTER COLUMN a DROP DEFAULT", "AlterTable > d.t" },
        { "ALTER TABLE d.t ALTER COLUMN a.b SET DATA TYPE INT64", "AlterTable > d.t" },
        { "ALTER TABLE d.t ALTER COLUMN a TYPE INT64", "1:32" },
        { "ALTER TABLE d.t MODIFY COLUMN a INT64", "1:17" },
        { "ALTER TABLE d.t ADD a INT64", "1:21" },
        { "ALTER TABLE d.t", "1:16" },
        { "ALTER d.t SET OPTIONS()", "1:7" },
        { "DROP TABLE d.t", "DropTable > d.t" },
        { "DROP TABLE IF EXISTS d.t", "DropTable > d.t" },
        { "DROP TABLE d.t, d.u", "1:15" },
        { "DROP TABLE d.t CASCADE", "1:16" },
        { "DROP SNAPSHOT TABLE IF EXISTS d.t", "DropSnapshotTable > d.t" },
        { "DROP EXTERNAL TABLE d.t", "Drop > d.t" },
        { "UNDROP TABLE d.t", "1:8" },
};

static const struct row views[] = {
        { "CREATE VIEW d.v AS SELECT 1", "CreateView > d.v" },
        { "CREATE OR REPLACE VIEW d.v (a OPTIONS(x=1), b) OPTIONS(x=1) AS SELECT 1, 2",
          "CreateView > d.v" },
        { "CREATE VIEW IF NOT EXISTS d.v AS (SELECT 1)", "CreateView > d.v" },
        { "CREATE RECURSIVE VIEW d.v AS SELECT 1", "CreateView > d.v" },
        { "CREATE TEMP VIEW v AS SELECT 1", "CreateView > v" },
        { "CREATE VIEW d.v SQL SECURITY INVOKER AS SELECT 1", "CreateView > d.v" },
        { "CREATE VIEW d.v", "1:16" },
        { "CREATE MATERIALIZED VIEW d.v PARTITION BY a CLUSTER BY b OPTIONS(x=1) AS "
          "SELECT 1",
          "CreateMaterializedView > d.v" },
        { "CREATE TABLE d.t AS SELECT 1 FROM d.u FOR UPDATE", "1:21" },
        { "CREATE TABLE d.t AS (SELECT * FROM (SELECT 1 FROM d.u FOR UPDATE))",
          "1:21" },
        { "CREATE VIEW d.v AS SELECT 1 FROM d.u FOR UPDATE", "1:20" },
        { "CREATE MATERIALIZED VIEW d.v AS SELECT 1 FROM d.u FOR UPDATE", "1:33" },
        { "CREATE MATERIALIZED VIEW d.v AS GRAPH g MATCH (a) RETURN 1 AS b", "1:33" },
        { "CREATE MATERIALIZED VIEW d.v OPTIONS(x=1) AS REPLICA OF d.w",
          "CreateMaterializedView > d.v" },
        { "CREATE MATERIALIZED VIEW IF NOT EXISTS d.v AS SELECT 1",
          "CreateMaterializedView > d.v" },
        { "ALTER VIEW d.v SET OPTIONS(a=1)", "AlterView > d.v" },
        { "ALTER VIEW IF EXISTS d.v ALTER COLUMN a SET OPTIONS(x=1)",
          "AlterView > d.v" },
        { "ALTER MATERIALIZED VIEW d.v SET OPTIONS(a=1)",
          "AlterMaterializedView > d.v" },
        { "DROP VIEW IF EXISTS d.v", "Drop > d.v" },
        { "DROP MATERIALIZED VIEW d.v", "DropMaterializedView > d.v" },
};

static const struct row routines[] = {
        { "CREATE FUNCTION d.f(a INT64, b ANY TYPE) RETURNS INT64 AS (a + b)",
          "CreateFunction > d.f" },
        { "CREATE OR REPLACE TEMP FUNCTION f() AS (1)", "CreateFunction > f" },
        { "CREATE FUNCTION IF NOT EXISTS d.f(a INT64 DEFAULT 1) AS (a)",
          "CreateFunction > d.f" },
        { "CREATE FUNCTION d.f(a INT64) AS SELECT 1", "1:33" },
        { "CREATE FUNCTION d.f(a INT64) AS (SELECT 1)", "1:34" },
        { "CREATE FUNCTION d.f(a INT64) AS ((SELECT 1))", "CreateFunction > d.f" },
        { "CREATE FUNCTION d.f(a FLOAT64) RETURNS FLOAT64 LANGUAGE js "
          "OPTIONS(library=['gs://x']) AS r\"\"\"return 1;\"\"\"",
          "CreateFunction (javascript foreign-language) > d.f" },
        { "CREATE FUNCTION d.f(a FLOAT64) RETURNS FLOAT64 DETERMINISTIC LANGUAGE js AS "
          "'x'",
          "CreateFunction (javascript foreign-language) > d.f" },
        { "CREATE FUNCTION d.f(a FLOAT64) RETURNS FLOAT64 NOT DETERMINISTIC LANGUAGE "
          "js AS 'x'",
          "CreateFunction (javascript foreign-language) > d.f" },
        { "CREATE FUNCTION d.f(a FLOAT64) RETURNS FLOAT64 LANGUAGE python WITH "
          "CONNECTION c OPTIONS(entry_point='x', runtime_version='python-3.11') AS "
          "r'x'",
          "CreateFunction (foreign-language) > d.f" },
        { "CREATE FUNCTION d.f(a FLOAT64) RETURNS FLOAT64 REMOTE WITH CONNECTION "
          "`p.us.c` OPTIONS(endpoint='https://x')",
          "CreateFunction (remote) > d.f" },
        { "CREATE AGGREGATE FUNCTION d.f(a INT64, b INT64 NOT AGGREGATE) RETURNS INT64 "
          "AS (SUM(a) * b)",
          "CreateFunction > d.f" },
        { "CREATE TABLE FUNCTION d.f(a INT64) RETURNS TABLE<x INT64, y STRING> AS "
          "SELECT 1, 'a'",
          "CreateTableFunction > d.f" },
        { "CREATE OR REPLACE TABLE FUNCTION d.f() AS SELECT 1",
          "CreateTableFunction > d.f" },
        { "CREATE TABLE FUNCTION d.f(t TABLE<a INT64>, u ANY TABLE) AS SELECT * FROM t",
          "CreateTableFunction > d.f" },
        { "CREATE TABLE FUNCTION d.f() OPTIONS(description='x') AS SELECT 1",
          "CreateTableFunction > d.f" },
        { "CREATE FUNCTION f", "1:18" },
        { "CREATE FUNCTION d.f(a) AS (1)", "CreateFunction > d.f" },
        { "CREATE FUNCTION d.f(INT64) AS (1)", "CreateFunction > d.f" },
        { "CREATE PROCEDURE d.p() BEGIN END", "CreateProcedure > d.p" },
        { "CREATE OR REPLACE PROCEDURE d.p(IN a INT64, OUT b STRING, INOUT c "
          "ARRAY<INT64>) OPTIONS(strict_mode=FALSE) BEGIN SELECT 1; END",
          "CreateProcedure > d.p" },
        { "CREATE PROCEDURE IF NOT EXISTS d.p(a INT64) BEGIN SELECT 1; RETURN; END;",
          "CreateProcedure > d.p" },
        { "CREATE PROCEDURE d.p() BEGIN SELECT 1 END", "1:39" },
        { "CREATE PROCEDURE d.p() WITH CONNECTION `p.us.c` OPTIONS(engine='SPARK') "
          "LANGUAGE PYTHON AS R\"\"\"x\"\"\"",
          "CreateProcedure (foreign-language) > d.p" },
        { "CREATE PROCEDURE d.p() WITH CONNECTION c OPTIONS(main_file_uri='gs://x') "
          "LANGUAGE SCALA",
          "CreateProcedure (foreign-language) > d.p" },
        { "CREATE PROCEDURE d.p() EXTERNAL SECURITY INVOKER BEGIN END",
          "CreateProcedure > d.p" },
        { "DROP FUNCTION d.f", "DropFunction > d.f" },
        { "DROP FUNCTION IF EXISTS d.f", "DropFunction > d.f" },
        { "DROP FUNCTION d.f(INT64)", "DropFunction > d.f" },
        { "DROP TABLE FUNCTION IF EXISTS d.f", "DropTableFunction > d.f" },
        { "DROP PROCEDURE IF EXISTS d.p", "Drop > d.p" },
        { "DROP AGGREGATE FUNCTION d.f", "1:6" },
        { "ALTER FUNCTION d.f SET OPTIONS(a=1)", "1:7" },
};

static const struct row objects[] = {
        { "CREATE SEARCH INDEX i ON d.t(a, b)", "CreateIndex > i" },
        { "CREATE SEARCH INDEX IF NOT EXISTS i ON d.t(ALL COLUMNS WITH COLUMN OPTIONS "
          "(a OPTIONS(x=1))) OPTIONS(analyzer='x')",
          "CreateIndex > i" },
        { "CREATE SEARCH INDEX i ON d.t(a OPTIONS(index_granularity='COLUMN'))",
          "CreateIndex > i" },
        { "CREATE VECTOR INDEX i ON d.t(a) STORING(b, c) PARTITION BY d "
          "OPTIONS(index_type='IVF')",
          "CreateIndex > i" },
        { "CREATE OR REPLACE VECTOR INDEX IF NOT EXISTS i ON d.t(a) OPTIONS(x=1)",
          "CreateIndex > i" },
        { "ALTER VECTOR INDEX i ON d.t REBUILD", "AlterIndex > i d.t" },
        { "ALTER VECTOR INDEX IF EXISTS i ON d.t REBUILD", "AlterIndex > i d.t" },
        { "DROP SEARCH INDEX IF EXISTS i ON d.t", "DropSearchIndex > i d.t" },
        { "DROP VECTOR INDEX i ON d.t", "DropVectorIndex > i d.t" },
        { "DROP SEARCH INDEX i", "DropSearchIndex > i" },
        { "CREATE ROW ACCESS POLICY p ON d.t GRANT TO ('user:a@b', 'domain:x') FILTER "
          "USING (a = 'x')",
          "CreateRowAccessPolicy > d.t" },
        { "CREATE OR REPLACE ROW ACCESS POLICY p ON d.t GRANT TO ('allUsers') FILTER "
          "USING (TRUE)",
          "CreateRowAccessPolicy > d.t" },
        { "CREATE ROW ACCESS POLICY IF NOT EXISTS p ON d.t FILTER USING (TRUE)",
          "CreateRowAccessPolicy > d.t" },
        { "CREATE ROW POLICY p ON d.t USING (TRUE)", "CreateRowAccessPolicy > d.t" },
        { "DROP ROW ACCESS POLICY IF EXISTS p ON d.t", "DropRowAccessPolicy > p d.t" },
        { "DROP ALL ROW ACCESS POLICIES ON d.t", "DropAllRowAccessPolicies > d.t" },
        { "CREATE CAPACITY `p.region-us.c` OPTIONS(slot_count=100)",
          "CreateEntity > p.region-us.c" },
        { "CREATE RESERVATION `p.region-us.r` AS JSON '{}'",
          "CreateEntity > p.region-us.r" },
        { "CREATE ASSIGNMENT `p.region-us.r.a` OPTIONS(assignee='x')",
          "CreateEntity > p.region-us.r.a" },
        { "DROP RESERVATION IF EXISTS `p.region-us.r`", "DropEntity > p.region-us.r" },
        { "DROP CAPACITY `x`", "DropEntity > x" },
        { "DROP ASSIGNMENT `x`", "DropEntity > x" },
        { "ALTER CAPACITY `p.r.c` SET OPTIONS(x=1)", "AlterEntity > p.r.c" },
        { "ALTER RESERVATION `p.r.c` SET OPTIONS(x=1)", "AlterEntity > p.r.c" },
        { "ALTER BI_CAPACITY `p.region-us.default` SET OPTIONS(size_gb=1)",
          "AlterEntity > p.region-us.default" },
        { "ALTER ORGANIZATION SET OPTIONS(`region-us.x`=1)", "AlterOrganization" },
        { "ALTER PROJECT SET OPTIONS(x=1)", "AlterProject" },
        { "ALTER PROJECT `p` SET OPTIONS(x=1)", "AlterProject > p" },
        { "CREATE DATA_POLICY `p.region-us.d` OPTIONS(x=1)",
          "CreateEntity > p.region-us.d" },
        { "CREATE DATA_POLICY IF NOT EXISTS `p.region-us.d` OPTIONS(x=1)",
          "CreateEntity > p.region-us.d" },
        { "ALTER DATA_POLICY `p.region-us.d` SET OPTIONS(x=1)",
          "AlterEntity > p.region-us.d" },
        { "DROP DATA_POLICY `p.region-us.d`", "DropEntity > p.region-us.d" },
        { "CREATE CONNECTION c OPTIONS(x=1)", "CreateConnection > c" },
        { "DROP CONNECTION IF EXISTS c", "Drop > c" },
        { "CREATE MODEL d.m OPTIONS(model_type='linear_reg') AS SELECT 1",
          "CreateModel > d.m" },
        { "CREATE OR REPLACE MODEL d.m TRANSFORM(a, ML.F(b) OVER () AS c, * EXCEPT(d)) "
          "OPTIONS(x=1) AS SELECT 1",
          "CreateModel > d.m" },
        { "CREATE MODEL IF NOT EXISTS d.m REMOTE WITH CONNECTION `p.us.c` "
          "OPTIONS(endpoint='x')",
          "CreateModel (remote) > d.m" },
        { "CREATE MODEL d.m INPUT(a FLOAT64) OUTPUT(b FLOAT64) REMOTE WITH CONNECTION "
          "c OPTIONS(x=1)",
          "CreateModel (remote) > d.m" },
        { "CREATE MODEL d.m OPTIONS(model_type='tensorflow', model_path='gs://x')",
          "CreateModel > d.m" },
        { "CREATE MODEL d.m AS (training_data AS (SELECT 1), custom_holiday AS (SELECT "
          "2))",
          "CreateModel > d.m" },
        { "CREATE MODEL d.m REMOTE WITH CONNECTION DEFAULT OPTIONS(endpoint='x')",
          "CreateModel (remote) > d.m" },
        { "CREATE MODEL d.m WITH CONNECTION c", "CreateModel > d.m" },
        { "ALTER MODEL d.m SET OPTIONS(x=1)", "AlterModel > d.m" },
        { "DROP MODEL IF EXISTS d.m", "Drop > d.m" },
        { "EXPORT MODEL d.m OPTIONS(uri='gs://x')", "ExportModel > d.m" },
        { "EXPORT DATA OPTIONS(uri='gs://x/*', format='CSV') AS SELECT 1",
          "ExportData" },
        { "EXPORT DATA WITH CONNECTION c OPTIONS(uri='x') AS (SELECT 1)",
          "ExportData" },
        { "EXPORT DATA OPTIONS(uri='x')", "1:29" },
        { "EXPORT DATA AS SELECT 1", "ExportData" },
        { "EXPORT TABLE METADATA FROM d.t OPTIONS(uri='x')", "ExportMetadata" },
        { "LOAD DATA INTO d.t FROM FILES(format='CSV', uris=['gs://x'])",
          "LoadData > d.t" },
        { "LOAD DATA OVERWRITE d.t (a INT64) PARTITION BY a CLUSTER BY b OPTIONS(x=1) "
          "FROM FILES(uris=['x']) WITH PARTITION COLUMNS (c STRING) WITH CONNECTION c",
          "LoadData > d.t" },
        { "LOAD DATA INTO TEMP TABLE t FROM FILES(uris=['x'])", "LoadData > t" },
        { "LOAD DATA INTO d.t OVERWRITE PARTITIONS (a = 1) FROM FILES(uris=['x'])",
          "LoadData > d.t" },
        { "LOAD DATA INTO d.t PARTITIONS(_PARTITIONTIME = TIMESTAMP '2020-01-01') FROM "
          "FILES(uris=['x'])",
          "LoadData > d.t" },
        { "LOAD DATA d.t FROM FILES(uris=['x'])", "1:11" },
        { "LOAD DATA INTO d.t", "1:19" },
};

static const struct row rights[] = {
        { "GRANT `roles/bigquery.dataViewer` ON TABLE d.t TO 'user:a@b', \"group:c\"",
          "Grant > d.t" },
        { "GRANT `roles/a`, `roles/b` ON SCHEMA `p`.d TO 'user:a'", "Grant > p.d" },
        { "GRANT `roles/a` ON VIEW d.v TO 'user:a'", "Grant > d.v" },
        { "GRANT `roles/a` ON EXTERNAL TABLE d.v TO 'user:a'", "Grant > d.v" },
        { "GRANT `roles/a` ON PROJECT p TO 'user:a'", "Grant > p" },
        { "GRANT SELECT ON TABLE d.t TO 'user:a'", "Grant > d.t" },
        { "GRANT ALL PRIVILEGES ON TABLE d.t TO 'user:a'", "Grant > d.t" },
        { "GRANT `roles/a` ON TABLE d.t TO user", "1:33" },
        { "GRANT `roles/a` ON d.t TO 'x'", "Grant > d.t" },
        { "GRANT ON TABLE d.t TO 'x'", "1:7" },
        { "REVOKE `roles/a` ON SCHEMA d FROM 'user:a'", "Revoke > d" },
        { "REVOKE ALL ON TABLE d.t FROM 'x'", "Revoke > d.t" },
        { "REVOKE `roles/a` ON SCHEMA d TO 'user:a'", "1:30" },
        { "GRANT `roles/a` ON SCHEMA d FROM 'user:a'", "1:29" },
        { "GRANT `roles/a` ON SCHEMA d TO @p", "Grant > d" },
};

static void test_schemas(void **state)
{
        (void)state;
        check(schemas, SP_ARRAY_SIZE(schemas), false);
}

static void test_tables(void **state)
{
        (void)state;
        check(tables, SP_ARRAY_SIZE(tables), false);
}

static void test_views(void **state)
{
        (void)state;
        check(views, SP_ARRAY_SIZE(views), false);
}

static void test_routines(void **state)
{
        (void)state;
        check(routines, SP_ARRAY_SIZE(routines), false);
}

static void test_objects(void **state)
{
        (void)state;
        check(objects, SP_ARRAY_SIZE(objects), false);
}

static void test_rights(void **state)
{
        (void)state;
        check(rights, SP_ARRAY_SIZE(rights), false);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_schemas), cmocka_unit_test(test_tables),
                cmocka_unit_test(test_views),   cmocka_unit_test(test_routines),
                cmocka_unit_test(test_objects), cmocka_unit_test(test_rights),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
