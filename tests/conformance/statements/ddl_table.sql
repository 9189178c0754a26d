--- create table
CREATE TABLE acme.shop.t (a INT64, b STRING)
--- create or replace
CREATE OR REPLACE TABLE acme.shop.t (a INT64)
--- create if not exists
CREATE TABLE IF NOT EXISTS acme.shop.t (a INT64)
--- create temp table
CREATE TEMP TABLE t (a INT64)
--- create temporary table as
CREATE TEMPORARY TABLE t AS SELECT n FROM numbers
--- column attributes
CREATE TABLE acme.shop.t (a INT64 NOT NULL OPTIONS (description = 'key'), b STRING DEFAULT 'x', c NUMERIC(10, 2), d STRING(20) COLLATE 'und:ci')
--- nested types
CREATE TABLE acme.shop.t (a STRUCT<x INT64 NOT NULL, y ARRAY<STRUCT<z STRING OPTIONS (description = 'd')>>>, b ARRAY<INT64>, c RANGE<DATE>)
--- every scalar type
CREATE TABLE acme.shop.t (a BOOL, b BYTES, c DATE, d DATETIME, e FLOAT64, f GEOGRAPHY, g INTERVAL, h JSON, i NUMERIC, j BIGNUMERIC, k TIME, l TIMESTAMP, m INT, n BIGINT, o DECIMAL(5), p BOOLEAN)
--- primary key
CREATE TABLE acme.shop.t (a INT64, b STRING, PRIMARY KEY (a, b) NOT ENFORCED)
--- primary key of a column
CREATE TABLE acme.shop.t (a INT64 PRIMARY KEY NOT ENFORCED)
--- foreign key
CREATE TABLE acme.shop.t (a INT64, CONSTRAINT fk FOREIGN KEY (a) REFERENCES acme.shop.orders (id) NOT ENFORCED)
--- reference of a column
CREATE TABLE acme.shop.t (a INT64 REFERENCES acme.shop.orders (id) NOT ENFORCED)
--- partition by a date
CREATE TABLE acme.shop.t (d DATE) PARTITION BY d
--- partition by a function and cluster
CREATE TABLE acme.shop.t (s TIMESTAMP, a INT64, b STRING) PARTITION BY TIMESTAMP_TRUNC(s, DAY) CLUSTER BY a, b OPTIONS (partition_expiration_days = 3)
--- partition by a range
CREATE TABLE acme.shop.t (a INT64) PARTITION BY RANGE_BUCKET(a, GENERATE_ARRAY(0, 100, 10))
--- options
CREATE TABLE acme.shop.t (a INT64) OPTIONS (expiration_timestamp = TIMESTAMP '2030-01-01 00:00:00+00', labels = [('k', 'v')], description = NULL)
--- table with a default collation
CREATE TABLE acme.shop.t (a STRING) DEFAULT COLLATE 'und:ci'
--- as a query with options and partition
CREATE TABLE acme.shop.t PARTITION BY ordered OPTIONS (description = 'x') AS SELECT id, ordered FROM acme.shop.orders
--- like
CREATE TABLE acme.shop.t LIKE acme.shop.orders
--- copy
CREATE TABLE acme.shop.t COPY acme.shop.orders
--- clone
CREATE TABLE acme.shop.t CLONE acme.shop.orders
--- clone at a time
CREATE TABLE acme.shop.t CLONE acme.shop.orders FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01 00:00:00+00'
--- snapshot
CREATE SNAPSHOT TABLE acme.shop.t CLONE acme.shop.orders OPTIONS (description = 'x')
--- external table
CREATE EXTERNAL TABLE acme.shop.t (a INT64) OPTIONS (format = 'CSV', uris = ['gs://b/f.csv'])
--- external table with partitions and a connection
CREATE EXTERNAL TABLE acme.shop.t WITH PARTITION COLUMNS (d DATE) WITH CONNECTION `acme.us.c` OPTIONS (format = 'PARQUET', uris = ['gs://b/*'])
--- view
CREATE VIEW acme.shop.v AS SELECT id FROM acme.shop.orders
--- view with columns and options
CREATE OR REPLACE VIEW acme.shop.v (a OPTIONS (description = 'x'), b) OPTIONS (friendly_name = 'v') AS SELECT id, total FROM acme.shop.orders
--- materialized view
CREATE MATERIALIZED VIEW acme.shop.v PARTITION BY ordered CLUSTER BY c OPTIONS (enable_refresh = TRUE) AS SELECT ordered, COUNT(*) AS c FROM acme.shop.orders GROUP BY ordered
--- materialized view that is a replica
CREATE MATERIALIZED VIEW acme.shop.v AS REPLICA OF acme.shop.w
--- drop table
DROP TABLE acme.shop.t
--- drop if exists
DROP TABLE IF EXISTS acme.shop.t
--- drop view
DROP VIEW acme.shop.v
--- drop materialized view
DROP MATERIALIZED VIEW IF EXISTS acme.shop.v
--- drop external table
DROP EXTERNAL TABLE acme.shop.t
--- drop snapshot table
DROP SNAPSHOT TABLE IF EXISTS acme.shop.t
--- undrop schema
UNDROP SCHEMA IF NOT EXISTS shop
--- add columns
ALTER TABLE acme.shop.t ADD COLUMN a INT64, ADD COLUMN IF NOT EXISTS b STRUCT<x STRING> OPTIONS (description = 'd')
--- drop columns
ALTER TABLE acme.shop.t DROP COLUMN a, DROP COLUMN IF EXISTS b
--- rename a column
ALTER TABLE acme.shop.t RENAME COLUMN a TO b
--- rename a table
ALTER TABLE IF EXISTS acme.shop.t RENAME TO u
--- set options of a table
ALTER TABLE acme.shop.t SET OPTIONS (description = 'x')
--- alter the type of a column
ALTER TABLE acme.shop.t ALTER COLUMN a SET DATA TYPE NUMERIC
--- alter nullability
ALTER TABLE acme.shop.t ALTER COLUMN IF EXISTS a DROP NOT NULL
--- alter a default
ALTER TABLE acme.shop.t ALTER COLUMN a SET DEFAULT 1, ALTER COLUMN b DROP DEFAULT
--- alter options of a column
ALTER TABLE acme.shop.t ALTER COLUMN a SET OPTIONS (description = 'x')
--- add constraints
ALTER TABLE acme.shop.t ADD PRIMARY KEY (a) NOT ENFORCED, ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES acme.shop.u (c) NOT ENFORCED
--- drop constraints
ALTER TABLE acme.shop.t DROP PRIMARY KEY, DROP CONSTRAINT IF EXISTS k
--- set the default collation
ALTER TABLE acme.shop.t SET DEFAULT COLLATE 'und:ci'
--- alter a view
ALTER VIEW acme.shop.v SET OPTIONS (description = 'x')
--- alter a materialized view
ALTER MATERIALIZED VIEW IF EXISTS acme.shop.v SET OPTIONS (enable_refresh = FALSE)
--- [invalid] create table without anything
CREATE TABLE
--- [invalid] create table with empty parentheses around nothing but a comma
CREATE TABLE acme.shop.t (,)
--- column without a type
CREATE TABLE acme.shop.t (a)
--- [invalid] or replace if not exists without table
CREATE OR REPLACE IF NOT EXISTS acme.shop.t (a INT64)
--- [invalid] if exists in a create
CREATE TABLE IF EXISTS acme.shop.t (a INT64)
--- [invalid] auto increment
CREATE TABLE acme.shop.t (a INT64 AUTO_INCREMENT)
--- [invalid] partition without by
CREATE TABLE acme.shop.t (d DATE) PARTITION d
--- [invalid] options without parentheses
CREATE TABLE acme.shop.t (a INT64) OPTIONS description = 'x'
--- [invalid] options behind the query
CREATE TABLE acme.shop.t AS SELECT 1 AS x OPTIONS (description = 'x')
--- [invalid] primary key without columns
CREATE TABLE acme.shop.t (a INT64, PRIMARY KEY)
--- [invalid] view without a query
CREATE VIEW acme.shop.v
--- [invalid] view with typed columns
CREATE VIEW acme.shop.v (a INT64) AS SELECT 1
--- [invalid] drop two tables
DROP TABLE acme.shop.t, acme.shop.u
--- [invalid] drop without a kind
DROP acme.shop.t
--- [invalid] drop cascade
DROP TABLE acme.shop.t CASCADE
--- [invalid] drop if not exists
DROP TABLE IF NOT EXISTS acme.shop.t
--- [invalid] alter without an action
ALTER TABLE acme.shop.t
--- add a column without a type
ALTER TABLE acme.shop.t ADD COLUMN a
--- [invalid] modify a column
ALTER TABLE acme.shop.t MODIFY COLUMN a STRING
--- [invalid] alter a column without an action
ALTER TABLE acme.shop.t ALTER COLUMN a
--- [invalid] rename without to
ALTER TABLE acme.shop.t RENAME u
--- [invalid] options with a colon
ALTER TABLE acme.shop.t SET OPTIONS (description: 'x')
--- [invalid] like a query
CREATE TABLE acme.shop.t LIKE (SELECT 1)
--- [invalid] unbalanced struct type
CREATE TABLE acme.shop.t (a STRUCT<x INT64)
--- [invalid] column with a default and a generation
CREATE TABLE acme.shop.t (a INT64 DEFAULT 1 GENERATED ALWAYS AS (2))
--- [invalid] foreign key without columns
CREATE TABLE acme.shop.t (a INT64, FOREIGN KEY () REFERENCES acme.shop.orders (id) NOT ENFORCED)
--- foreign key that matches nulls
CREATE TABLE acme.shop.t (a INT64, FOREIGN KEY (a) REFERENCES acme.shop.orders (id) MATCH NOT DISTINCT)
--- [invalid] foreign key with an unknown match
CREATE TABLE acme.shop.t (a INT64, FOREIGN KEY (a) REFERENCES acme.shop.orders (id) MATCH NEARLY)
--- [invalid] table of a query that locks
CREATE TABLE acme.shop.t AS SELECT id FROM acme.shop.orders FOR UPDATE
