--- create schema
CREATE SCHEMA IF NOT EXISTS acme.shop DEFAULT COLLATE 'und:ci' OPTIONS (location = 'eu')
--- drop schema
DROP SCHEMA IF EXISTS acme.shop CASCADE
--- drop schema restrict
DROP SCHEMA acme.shop RESTRICT
--- alter schema
ALTER SCHEMA IF EXISTS acme.shop SET OPTIONS (description = 'x')
--- alter schema collation
ALTER SCHEMA acme.shop SET DEFAULT COLLATE ''
--- external schema
CREATE EXTERNAL SCHEMA acme.remote WITH CONNECTION acme.us.c OPTIONS (external_source = 'x')
--- function
CREATE FUNCTION acme.shop.f(x INT64, y STRING) RETURNS STRING AS (CONCAT(CAST(x AS STRING), y))
--- temp function
CREATE TEMP FUNCTION f(x INT64) AS (x + 1)
--- function with any type
CREATE OR REPLACE FUNCTION acme.shop.f(x ANY TYPE) AS (x)
--- function with a subquery
CREATE FUNCTION acme.shop.f() RETURNS INT64 AS ((SELECT MAX(n) FROM numbers))
--- function in javascript
CREATE TEMP FUNCTION f(x FLOAT64) RETURNS FLOAT64 LANGUAGE js AS r"""return x * 2;"""
--- function in javascript with libraries
CREATE FUNCTION acme.shop.f(x STRING) RETURNS STRING DETERMINISTIC LANGUAGE js OPTIONS (library = ['gs://b/l.js']) AS 'return x;'
--- remote function
CREATE FUNCTION acme.shop.f(x INT64) RETURNS STRING REMOTE WITH CONNECTION acme.us.c OPTIONS (endpoint = 'https://x')
--- aggregate function
CREATE AGGREGATE FUNCTION acme.shop.f(x FLOAT64, y FLOAT64 NOT AGGREGATE) RETURNS FLOAT64 AS (SUM(x) * y)
--- function if not exists
CREATE FUNCTION IF NOT EXISTS acme.shop.f() AS (1)
--- table function
CREATE TABLE FUNCTION acme.shop.f(low INT64) AS SELECT id FROM acme.shop.orders WHERE id > low
--- table function with a result type
CREATE OR REPLACE TABLE FUNCTION acme.shop.f(x STRING) RETURNS TABLE<a INT64, b STRING> AS SELECT n, word FROM numbers
--- table function over a table argument
CREATE TABLE FUNCTION acme.shop.f(t TABLE<a INT64>, low INT64) AS SELECT a FROM t WHERE a > low
--- procedure
CREATE PROCEDURE acme.shop.p(IN a INT64, OUT b STRING, INOUT c BOOL) BEGIN SET b = CAST(a AS STRING); END
--- procedure with options
CREATE OR REPLACE PROCEDURE acme.shop.p() OPTIONS (strict_mode = FALSE) BEGIN SELECT 1; END
--- drop function
DROP FUNCTION IF EXISTS acme.shop.f
--- drop table function
DROP TABLE FUNCTION acme.shop.f
--- drop procedure
DROP PROCEDURE IF EXISTS acme.shop.p
--- model
CREATE MODEL acme.shop.m OPTIONS (model_type = 'linear_reg') AS SELECT total AS label, customer_id FROM acme.shop.orders
--- model with a transform
CREATE OR REPLACE MODEL acme.shop.m TRANSFORM (ML.STANDARD_SCALER(total) OVER () AS t, status) OPTIONS (model_type = 'kmeans') AS SELECT total, status FROM acme.shop.orders
--- remote model
CREATE MODEL acme.shop.m INPUT (x STRING) OUTPUT (y FLOAT64) REMOTE WITH CONNECTION acme.us.c OPTIONS (endpoint = 'e')
--- alter model
ALTER MODEL acme.shop.m SET OPTIONS (description = 'x')
--- drop model
DROP MODEL IF EXISTS acme.shop.m
--- export model
EXPORT MODEL acme.shop.m OPTIONS (uri = 'gs://b/m')
--- row access policy
CREATE ROW ACCESS POLICY p ON acme.shop.orders GRANT TO ('user:a@example.com') FILTER USING (status = 'open')
--- row access policy with a subquery
CREATE OR REPLACE ROW ACCESS POLICY p ON acme.shop.orders GRANT TO ('allUsers') FILTER USING (customer_id IN (SELECT id FROM acme.hr.staff))
--- drop row access policy
DROP ROW ACCESS POLICY IF EXISTS p ON acme.shop.orders
--- drop all row access policies
DROP ALL ROW ACCESS POLICIES ON acme.shop.orders
--- search index
CREATE SEARCH INDEX i ON acme.shop.products (title, category) OPTIONS (analyzer = 'LOG_ANALYZER')
--- search index of all columns
CREATE SEARCH INDEX IF NOT EXISTS i ON acme.shop.products (ALL COLUMNS)
--- drop search index
DROP SEARCH INDEX IF EXISTS i ON acme.shop.products
--- vector index
CREATE VECTOR INDEX i ON acme.shop.products (weight) STORING (title) OPTIONS (index_type = 'IVF')
--- drop vector index
DROP VECTOR INDEX i ON acme.shop.products
--- grant
GRANT `roles/bigquery.dataViewer` ON TABLE acme.shop.orders TO 'user:a@example.com', 'group:b@example.com'
--- grant on a schema
GRANT `roles/bigquery.dataViewer`, `roles/bigquery.user` ON SCHEMA shop TO 'user:a@example.com'
--- revoke
REVOKE `roles/bigquery.dataViewer` ON TABLE acme.shop.orders FROM 'user:a@example.com'
--- export data
EXPORT DATA OPTIONS (uri = 'gs://b/*.csv', format = 'CSV') AS SELECT id FROM acme.shop.orders
--- export data with a connection
EXPORT DATA WITH CONNECTION acme.us.c OPTIONS (uri = 's3://b/*') AS SELECT id FROM acme.shop.orders
--- load data
LOAD DATA INTO acme.shop.t FROM FILES (format = 'CSV', uris = ['gs://b/f.csv'])
--- load data with everything
LOAD DATA OVERWRITE acme.shop.t (a INT64, d DATE) PARTITION BY d CLUSTER BY a OPTIONS (description = 'x') FROM FILES (format = 'CSV', uris = ['gs://b/f.csv']) WITH PARTITION COLUMNS (p STRING) WITH CONNECTION acme.us.c
--- load data into a partition
LOAD DATA INTO acme.shop.t PARTITIONS (d = DATE '2024-01-01') FROM FILES (format = 'CSV', uris = ['gs://b/f.csv'])
--- load data over a partition
LOAD DATA INTO acme.shop.t OVERWRITE PARTITIONS (d = DATE '2024-01-01') FROM FILES (format = 'CSV', uris = ['gs://b/f.csv'])
--- load data into a temp table
LOAD DATA INTO TEMP TABLE t FROM FILES (format = 'JSON', uris = ['gs://b/f'])
--- assert
ASSERT (SELECT COUNT(*) FROM numbers) > 0 AS 'no numbers'
--- call
CALL acme.shop.p(1, x, @y)
--- call with a subquery
CALL acme.shop.p((SELECT MAX(id) FROM acme.shop.orders))
--- capacity
CREATE CAPACITY `acme.region-eu.c` OPTIONS (slot_count = 100)
--- reservation
CREATE RESERVATION `acme.region-eu.r` OPTIONS (slot_capacity = 10)
--- assignment
CREATE ASSIGNMENT `acme.region-eu.r.a` OPTIONS (assignee = 'projects/acme', job_type = 'QUERY')
--- drop reservation
DROP RESERVATION IF EXISTS `acme.region-eu.r`
--- alter capacity
ALTER BI_CAPACITY `acme.region-eu.default` SET OPTIONS (size_gb = 1)
--- [invalid] function without a body in parentheses
CREATE FUNCTION acme.shop.f(x INT64) AS x + 1
--- [invalid] function without an argument list
CREATE FUNCTION acme.shop.f AS (1)
--- [invalid] argument that is a literal
CREATE FUNCTION acme.shop.f(1) AS (1)
--- [invalid] function with two languages
CREATE FUNCTION acme.shop.f() RETURNS INT64 LANGUAGE js LANGUAGE sql AS 'return 1'
--- [invalid] returns nothing
CREATE FUNCTION acme.shop.f() RETURNS AS (1)
--- [invalid] table function with two queries
CREATE TABLE FUNCTION acme.shop.f() AS SELECT 1 AS x; SELECT 2 AS y
--- [invalid] procedure without a body
CREATE PROCEDURE acme.shop.p()
--- [invalid] procedure without end
CREATE PROCEDURE acme.shop.p() BEGIN SELECT 1;
--- [invalid] grant without to
GRANT `roles/bigquery.dataViewer` ON TABLE acme.shop.orders
--- [invalid] grant to an identifier
GRANT `roles/bigquery.dataViewer` ON TABLE acme.shop.orders TO someone
--- [invalid] revoke with to
REVOKE `roles/bigquery.dataViewer` ON TABLE acme.shop.orders TO 'user:a@example.com'
--- [invalid] export data without a query
EXPORT DATA OPTIONS (uri = 'x')
--- [invalid] load data over a partition without saying which
LOAD DATA INTO acme.shop.t OVERWRITE FROM FILES (format = 'CSV', uris = ['gs://b/f.csv'])
--- [invalid] load data without files
LOAD DATA INTO acme.shop.t
--- [invalid] row access policy without a filter
CREATE ROW ACCESS POLICY p ON acme.shop.orders GRANT TO ('allUsers')
--- [invalid] search index without columns
CREATE SEARCH INDEX i ON acme.shop.products
--- [invalid] call without parentheses
CALL acme.shop.p
--- [invalid] call of a string
CALL 'p'()
--- [invalid] assert without a condition
ASSERT AS 'x'
--- [invalid] drop all policies without on
DROP ALL ROW ACCESS POLICIES acme.shop.orders
--- [invalid] schema with a column list
CREATE SCHEMA acme.shop (a INT64)
--- [invalid] use
USE acme.shop
--- [invalid] vacuum
VACUUM acme.shop.orders
--- alter a replica
ALTER SCHEMA acme.shop ALTER REPLICA r SET OPTIONS (default_region = 'us')
