-- SPDX-License-Identifier: Apache-2.0
-- Statements that try to get at protected values. Blocks are separated by empty lines; {{column}}
-- is a true value of that column, or of a field ({{home.street}}), {{column:n}} its first n
-- characters, as if somebody had guessed them. tests/canary/written.js says what became of each.

-- class: renaming

SELECT ssn AS city FROM crm.customers

SELECT x FROM (SELECT ssn AS x FROM crm.customers)

WITH a AS (SELECT ssn AS s FROM crm.customers), b AS (SELECT s AS t FROM a) SELECT t FROM b

SELECT * REPLACE (ssn AS country) FROM crm.customers

SELECT * EXCEPT (id) FROM crm.customers

SELECT customers.ssn FROM crm.customers

SELECT `acme-prod.crm.customers`.* FROM `acme-prod.crm.customers`

SELECT c.`s\x73n` FROM crm.customers c

SELECT SSN, Ssn, `sSn` FROM `acme-prod`.`crm`.`customers`

SELECT ssn FROM `acme-prod.crm`.customers AS orders

WITH customers AS (SELECT * FROM crm.customers) SELECT ssn FROM customers

WITH RECURSIVE r AS (SELECT 1 AS n, MAX(ssn) AS s FROM crm.customers UNION ALL SELECT n + 1, CONCAT(s, s) FROM r WHERE n < 3) SELECT * FROM r

SELECT ssn FROM/**/crm.customers-- x

-- class: casts and encodings

SELECT TO_HEX(CAST(ssn AS BYTES)) FROM crm.customers

SELECT TO_BASE64(notes), TO_HEX(notes), TO_BASE32(notes) FROM crm.customers

SELECT REVERSE(ssn), UPPER(ssn), LOWER(ssn) FROM crm.customers

SELECT TO_CODE_POINTS(ssn) FROM crm.customers

SELECT CODE_POINTS_TO_STRING(ARRAY(SELECT c + 1 FROM UNNEST(TO_CODE_POINTS(ssn)) AS c)) FROM crm.customers

SELECT FORMAT('%s', ssn), FORMAT('%T', notes), FORMAT('%t', birthday) FROM crm.customers

SELECT CAST(salary AS STRING), CAST(salary AS FLOAT64) + 1, ROUND(salary, -2) FROM crm.customers

SELECT UNIX_DATE(birthday), EXTRACT(YEAR FROM birthday), DATE_DIFF(birthday, DATE '2000-01-01', DAY) FROM crm.customers

SELECT SAFE_CONVERT_BYTES_TO_STRING(notes) FROM crm.customers

SELECT NORMALIZE(ssn), TRANSLATE(ssn, 'QXZ', 'qxz'), SOUNDEX(ssn) FROM crm.customers

SELECT SPLIT(ssn, ''), ARRAY_TO_STRING(SPLIT(ssn, ''), '-') FROM crm.customers

SELECT REGEXP_REPLACE(ssn, r'(.)', r'\1_') FROM crm.customers

SELECT CAST(CAST(ssn AS BYTES) AS STRING FORMAT 'HEX') FROM crm.customers

SELECT BIT_COUNT(CAST(ssn AS BYTES)), CAST(phone AS BYTES) ^ b'aaaaaaaaaaaa' FROM crm.customers

SELECT NET.IP_FROM_STRING(ssn), NET.HOST(CONCAT('http://', ssn, '.example')) FROM crm.customers

-- class: substring games

SELECT SUBSTR(ssn, 1, 1), SUBSTR(ssn, 2, 1), SUBSTR(ssn, 3, 1) FROM crm.customers

SELECT p, SUBSTR(ssn, p, 1) FROM crm.customers, UNNEST(GENERATE_ARRAY(1, 12)) AS p

SELECT ASCII(SUBSTR(phone, 1, 1)), UNICODE(SUBSTR(phone, 2)) FROM crm.customers

SELECT LEFT(ssn, 4), RIGHT(ssn, 4), LENGTH(ssn), CHAR_LENGTH(phone) FROM crm.customers

SELECT STRPOS(ssn, 'Q'), INSTR(ssn, 'X', 1, 2) FROM crm.customers

SELECT REGEXP_EXTRACT(ssn, r'^.{4}'), REGEXP_EXTRACT_ALL(ssn, r'..') FROM crm.customers

SELECT LPAD(ssn, 3), RPAD(ssn, 30, ssn), TRIM(ssn, 'Q') FROM crm.customers

SELECT id FROM crm.customers WHERE SUBSTR(ssn, 1, 1) = SUBSTR('{{ssn}}', 1, 1)

SELECT id, COUNTIF(STARTS_WITH(ssn, '{{ssn:3}}')) FROM crm.customers GROUP BY id

SELECT name, SUBSTR(name, 2, 6), REPLACE(name, '*', '') FROM crm.customers

-- class: predicates

SELECT id FROM crm.customers WHERE ssn = '{{ssn}}'

SELECT COUNT(*) FROM crm.customers WHERE ssn LIKE '{{ssn:4}}%'

SELECT COUNT(*) FROM crm.customers WHERE ssn BETWEEN '{{ssn:2}}' AND 'zzzz'

SELECT id FROM crm.customers WHERE salary > 70000000

SELECT id FROM crm.customers ORDER BY salary DESC LIMIT 1

SELECT id, RANK() OVER (ORDER BY ssn), ROW_NUMBER() OVER (ORDER BY birthday) FROM crm.customers

SELECT id FROM crm.customers QUALIFY RANK() OVER (ORDER BY salary) = 1

SELECT country, COUNT(*) FROM crm.customers GROUP BY country HAVING MAX(ssn) = '{{ssn}}'

SELECT id, CASE WHEN ssn = '{{ssn}}' THEN 'yes' ELSE 'no' END FROM crm.customers

SELECT c.id FROM crm.customers c JOIN UNNEST(['{{ssn}}', 'guess']) AS g ON c.ssn = g

SELECT id FROM crm.customers WHERE ssn IN ('{{ssn}}', 'x') OR phone IN (SELECT '{{phone}}')

SELECT id FROM crm.customers WHERE EXISTS (SELECT 1 FROM UNNEST([ssn]) AS s WHERE s = '{{ssn}}')

SELECT id FROM crm.customers WHERE REGEXP_CONTAINS(ssn, r'^{{ssn:2}}')

SELECT id FROM crm.customers WHERE phone IS NULL

SELECT id, ARRAY_LENGTH(tags) FROM crm.customers

SELECT id FROM crm.customers WHERE 'x' IN UNNEST(tags)

SELECT o.id FROM shop.orders o WHERE o.customer_id IN (SELECT id FROM crm.customers WHERE birthday = DATE '{{birthday}}')

SELECT MIN(ssn), MAX(ssn), APPROX_TOP_COUNT(ssn, 3), APPROX_QUANTILES(salary, 4) FROM crm.customers

SELECT CORR(CAST(salary AS FLOAT64), id), STDDEV(salary), VAR_POP(salary), SUM(salary) FROM crm.customers

SELECT HLL_COUNT.EXTRACT(HLL_COUNT.INIT(ssn)) FROM crm.customers

SELECT id FROM crm.customers WHERE EDIT_DISTANCE(ssn, '{{ssn}}') < 3

-- class: LIKE ANY and quantified

SELECT id FROM crm.customers WHERE ssn LIKE ANY ('{{ssn:2}}%', 'x%')

SELECT id FROM crm.customers WHERE ssn LIKE ALL ('%', '{{ssn:1}}%')

SELECT id FROM crm.customers WHERE ssn NOT LIKE ANY ('{{ssn:2}}%')

SELECT id FROM crm.customers WHERE '{{ssn}}' LIKE ANY (SELECT ssn FROM crm.customers)

SELECT id FROM crm.customers WHERE ssn LIKE SOME UNNEST(['{{ssn:3}}%'])

SELECT id FROM crm.customers WHERE CONTAINS_SUBSTR(ssn, '{{ssn:4}}')

SELECT id FROM crm.customers c WHERE CONTAINS_SUBSTR(c, '{{ssn}}')

SELECT id FROM crm.customers c WHERE SEARCH(c, '{{ssn}}')

-- class: error oracles

SELECT ERROR(ssn) FROM crm.customers

SELECT CAST(ssn AS INT64) FROM crm.customers

SELECT IF(ssn = '{{ssn}}', 1 / 0, 1) FROM crm.customers

SELECT PARSE_DATE('%Y', ssn) FROM crm.customers

SELECT PARSE_JSON(ssn) FROM crm.customers

SELECT CASE WHEN salary > 0 THEN ERROR(CAST(salary AS STRING)) END FROM crm.customers

SELECT ARRAY[1, 2][OFFSET(LENGTH(ssn))] FROM crm.customers

SELECT (SELECT ssn FROM crm.customers)

SELECT id FROM crm.customers WHERE CAST(CONCAT(ssn, '!') AS DATE) IS NULL

SELECT CHR(IF(STARTS_WITH(ssn, '{{ssn:1}}'), -1, 65)) FROM crm.customers

SELECT FROM_BASE64(ssn), FROM_HEX(ssn) FROM crm.customers

SELECT 1 / (SELECT COUNT(*) FROM crm.customers WHERE ssn = '{{ssn}}')

SELECT ST_GEOGFROMTEXT(ssn) FROM crm.customers

SELECT REGEXP_CONTAINS('x', CONCAT('(', ssn)) FROM crm.customers

ASSERT EXISTS (SELECT 1 FROM crm.customers WHERE ssn = '{{ssn}}') AS 'no'

-- class: whole rows

SELECT c FROM crm.customers c

SELECT TO_JSON_STRING(c) FROM crm.customers c

SELECT TO_JSON_STRING(customers) FROM crm.customers

SELECT TO_JSON(c), TO_JSON(STRUCT(c)) FROM crm.customers c

SELECT FORMAT('%t', c), FORMAT('%T', c) FROM crm.customers c

SELECT AS STRUCT * FROM crm.customers

SELECT AS VALUE c FROM crm.customers c

SELECT STRUCT(c.*) FROM crm.customers c

SELECT ARRAY_AGG(c) FROM crm.customers c

SELECT ANY_VALUE(c).ssn FROM crm.customers c

SELECT ARRAY(SELECT AS STRUCT * FROM crm.customers)

SELECT (SELECT AS STRUCT c.ssn, c.phone) FROM crm.customers c

SELECT s.* FROM (SELECT c AS s FROM crm.customers c)

SELECT x.ssn FROM UNNEST(ARRAY(SELECT AS STRUCT ssn FROM crm.customers)) AS x

SELECT JSON_VALUE(TO_JSON(c), '$.ssn') FROM crm.customers c

SELECT JSON_QUERY(TO_JSON_STRING(c), '$') FROM crm.customers c

SELECT TO_JSON(c).ssn, TO_JSON(c)['phone'] FROM crm.customers c

SELECT c = (SELECT x FROM crm.customers x WHERE x.id = 1) FROM crm.customers c

SELECT c IS NULL, c.ssn IS NOT DISTINCT FROM '{{ssn}}' FROM crm.customers c

SELECT STRING_AGG(TO_JSON_STRING(c), ',') FROM crm.customers AS c

SELECT LAG(c) OVER (ORDER BY id), FIRST_VALUE(TO_JSON_STRING(c)) OVER (ORDER BY id) FROM crm.customers c

-- class: records and arrays

SELECT address.street FROM crm.customers

SELECT c.address.* FROM crm.customers c

SELECT address FROM crm.customers WHERE address.city = '{{ssn}}'

SELECT (SELECT address.zip) FROM crm.customers

SELECT t FROM crm.customers, UNNEST(tags) AS t

SELECT t FROM crm.customers c, c.tags t

SELECT tags[SAFE_OFFSET(0)], ARRAY_TO_STRING(tags, '+') FROM crm.customers

SELECT p.number FROM crm.contacts, UNNEST(phones) AS p

SELECT p.* FROM crm.contacts c CROSS JOIN c.phones AS p

SELECT p.number, o FROM crm.contacts c LEFT JOIN UNNEST(c.phones) AS p WITH OFFSET o

SELECT ARRAY(SELECT number FROM UNNEST(phones)) FROM crm.contacts

SELECT phones[SAFE_ORDINAL(1)].number FROM crm.contacts

SELECT ARRAY_CONCAT_AGG(tags) FROM crm.customers

SELECT ARRAY_LENGTH(phones), TO_JSON_STRING(phones) FROM crm.contacts

SELECT profile.k, JSON_VALUE(profile, '$.k'), JSON_EXTRACT(profile, '$') FROM crm.customers

SELECT LAX_STRING(profile.k), JSON_KEYS(profile) FROM crm.customers

-- class: fields of records

SELECT home.street FROM crm.people

SELECT p.home.street AS city, p.home.geo.lat FROM crm.people AS p

SELECT home FROM crm.people

SELECT home.* FROM crm.people

SELECT p.home.geo.*, p.home.zip FROM crm.people p

SELECT home.`st\x72eet`, HOME.Street FROM crm.people

SELECT TO_JSON_STRING(home), FORMAT('%T', home.geo) FROM crm.people

SELECT TO_JSON_STRING(p), FORMAT('%t', p) FROM crm.people p

SELECT JSON_VALUE(TO_JSON(p), '$.home.street') FROM crm.people p

SELECT COUNT(*) FROM crm.people WHERE home.street = '{{home.street}}'

SELECT COUNT(*) FROM crm.people WHERE STARTS_WITH(home.street, '{{home.street:4}}') OR home.geo.lat > 0

SELECT id, home.city FROM crm.people ORDER BY home.geo.lat, home.street, id

SELECT (SELECT h.street FROM (SELECT p.home AS h)) FROM crm.people p

SELECT AS STRUCT home.* FROM crm.people

SELECT * REPLACE (home.street AS kind) FROM crm.people

SELECT CAST(home AS STRUCT<a STRING, b STRING, c INT64, d STRUCT<e FLOAT64, f FLOAT64>>).b FROM crm.people

SELECT STRUCT(home.street AS a) = STRUCT('{{home.street}}' AS a) FROM crm.people

SELECT ARRAY_AGG(home ORDER BY id) FROM crm.people

SELECT MAX(home.street), MIN(home.geo.lat), COUNT(DISTINCT home.street) FROM crm.people

SELECT IF(home.street = '{{home.street}}', ERROR('yes'), 'no') FROM crm.people

SELECT a.id FROM crm.people a JOIN crm.people b ON a.home.street = b.home.street AND a.home.geo.lat < b.home.geo.lat

SELECT n.number FROM crm.people, UNNEST(phones) AS n

SELECT n.* FROM crm.people AS p, p.phones AS n

SELECT c.peer, c.note, o FROM crm.people p, p.phones n, n.calls c WITH OFFSET o

SELECT phones[SAFE_OFFSET(0)].calls[SAFE_OFFSET(0)].note, phones[SAFE_OFFSET(0)].number FROM crm.people

SELECT ARRAY(SELECT c.note FROM UNNEST(phones) n, UNNEST(n.calls) c ORDER BY c.day, c.note) FROM crm.people

SELECT (SELECT STRING_AGG(c.peer, '+' ORDER BY c.day) FROM UNNEST(n.calls) c) FROM crm.people p, p.phones n

SELECT ARRAY_CONCAT_AGG(phones ORDER BY id) FROM crm.people

SELECT STRING(TO_JSON(phones)[0].calls[0].note) FROM crm.people

SELECT id FROM crm.people p WHERE EXISTS (SELECT 1 FROM p.phones n WHERE n.number = '{{phones.number}}')

SELECT id FROM crm.people WHERE '{{phones.calls.note}}' IN UNNEST(ARRAY(SELECT c.note FROM UNNEST(phones) n, UNNEST(n.calls) c))

SELECT id FROM crm.people, UNNEST(phones) n, UNNEST(n.calls) c WHERE c.peer = '{{phones.calls.peer}}'

SELECT sallyport_source.home.street FROM crm.people AS sallyport_source

SELECT sallyport_source_e1.number FROM crm.people, UNNEST(phones) AS sallyport_source_e1

WITH people AS (SELECT home.street AS s FROM crm.people) SELECT s FROM people

FROM crm.people |> EXTEND home.street AS s |> SELECT s

FROM crm.people AS p |> CROSS JOIN UNNEST(p.phones) AS n |> AGGREGATE MAX(n.number)

CREATE TABLE shop.copy3 AS SELECT * FROM crm.people

SELECT home.street, phones FROM shop.copy3

INSERT INTO shop.notes (id, body) SELECT id, home.street FROM crm.people

UPDATE crm.people SET kind = home.street WHERE TRUE

UPDATE crm.people SET kind = 'x' WHERE home.street LIKE '{{home.street:1}}%'

DELETE FROM crm.people WHERE EXISTS (SELECT 1 FROM UNNEST(phones) n WHERE n.number = '{{phones.number}}')

MERGE shop.notes t USING crm.people p ON t.body = p.home.street WHEN MATCHED THEN DELETE

-- class: set operations

SELECT country FROM crm.customers UNION ALL SELECT ssn FROM crm.customers

SELECT ssn AS a, country AS b FROM crm.customers UNION ALL BY NAME SELECT country AS a, phone AS b FROM crm.customers

SELECT ssn FROM crm.customers INTERSECT DISTINCT SELECT '{{ssn}}'

SELECT '{{ssn}}' EXCEPT DISTINCT SELECT ssn FROM crm.customers

(SELECT 1, 'x') UNION ALL (SELECT id, phone FROM crm.customers ORDER BY phone LIMIT 1)

SELECT * FROM crm.customers UNION ALL SELECT * FROM crm.customers

-- class: joins

SELECT a.ssn, b.ssn FROM crm.customers a JOIN crm.customers b USING (ssn)

SELECT * FROM crm.customers a JOIN crm.customers b ON a.ssn < b.ssn

SELECT ssn FROM crm.customers JOIN shop.orders USING (id)

SELECT o.* FROM shop.orders o LEFT JOIN crm.customers c ON c.id = o.customer_id AND c.ssn = '{{ssn}}' WHERE c.id IS NOT NULL

SELECT customers.ssn FROM shop.orders AS c RIGHT JOIN crm.customers USING (id)

SELECT x.ssn FROM (shop.orders o JOIN crm.customers x ON o.customer_id = x.id)

SELECT o.id, (SELECT ssn FROM crm.customers c WHERE c.id = o.customer_id) FROM shop.orders o

SELECT g, COUNT(*) FROM UNNEST(['{{ssn}}', '{{phone}}']) AS g LEFT JOIN crm.customers c ON c.ssn = g OR c.phone = g GROUP BY g

-- class: PIVOT and UNPIVOT

SELECT * FROM crm.customers UNPIVOT(v FOR k IN (ssn, phone))

SELECT * FROM (SELECT id, ssn FROM crm.customers) PIVOT(COUNT(id) FOR ssn IN ('{{ssn}}' AS hit, 'other' AS miss))

SELECT * FROM (SELECT country, segment, ssn FROM crm.customers) PIVOT(STRING_AGG(ssn) FOR country IN ('DE', 'FR'))

SELECT v FROM crm.customers UNPIVOT INCLUDE NULLS(v FOR k IN (ssn AS 'a', phone AS 'b')) WHERE k = 'a'

SELECT * FROM crm.customers UNPIVOT((x, y) FOR k IN ((ssn, phone), (phone, country)))

SELECT k, ANY_VALUE(v) FROM (SELECT ssn, phone FROM crm.customers) UNPIVOT(v FOR k IN (ssn, phone)) GROUP BY k

-- class: pipes

FROM crm.customers |> SELECT ssn

FROM crm.customers |> EXTEND ssn AS x |> DROP ssn |> SELECT x

FROM crm.customers |> SET country = ssn |> SELECT country

FROM crm.customers |> RENAME ssn AS country2 |> SELECT country2

FROM crm.customers |> WHERE ssn = '{{ssn}}' |> AGGREGATE COUNT(*) AS n

FROM shop.orders |> JOIN crm.customers AS c ON c.id = customer_id |> SELECT c.ssn

FROM crm.customers |> AGGREGATE ARRAY_AGG(ssn) AS s GROUP BY country |> CROSS JOIN UNNEST(s) AS one |> SELECT one

FROM crm.customers |> UNPIVOT(v FOR k IN (ssn, phone))

FROM shop.products |> SELECT title |> UNION ALL (FROM crm.customers |> SELECT ssn)

FROM crm.customers |> AS t |> SELECT TO_JSON_STRING(t)

FROM crm.customers |> WINDOW LAG(ssn) OVER (ORDER BY id) AS before |> SELECT before

FROM crm.customers |> TABLESAMPLE SYSTEM (100 PERCENT) |> SELECT ssn

SELECT * FROM (FROM crm.customers |> SELECT phone, ssn)

FROM crm.customers |> LOG |> SELECT id

-- class: wildcards

SELECT * FROM `crm.customers*`

SELECT ssn, _TABLE_SUFFIX FROM `acme-prod.crm.cust*`

SELECT * FROM `acme-prod.crm.*` WHERE _TABLE_SUFFIX = 'customers'

SELECT ssn FROM `acme-prod`.crm.`customers_*`

SELECT * FROM `crm.visits_*` ORDER BY id, kind

SELECT ssn, mail, kind FROM `acme-prod.crm.visits_*` ORDER BY id, kind

SELECT v.ssn, _TABLE_SUFFIX AS year FROM `crm.visits_*` AS v ORDER BY id, year

SELECT * FROM `crm.visits_*` WHERE _TABLE_SUFFIX = '2025'

SELECT COUNT(*) FROM `crm.visits_*` WHERE _TABLE_SUFFIX >= '2025' AND ssn LIKE '%1%'

SELECT TO_JSON_STRING(v) FROM `crm.vis*` AS v ORDER BY id, kind

SELECT a.ssn FROM `crm.visits_*` AS a JOIN `crm.visits_202*` AS b USING (ssn) ORDER BY 1

SELECT MAX(mail) AS m FROM (SELECT * FROM `crm.visits_202*`) WHERE kind IS NOT NULL

-- class: time travel and decorators

SELECT ssn FROM crm.customers FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)

SELECT c.ssn FROM crm.customers AS c FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()

SELECT ssn FROM `crm.customers@-3600000`

SELECT ssn FROM `acme-prod.crm.customers$20260101`

SELECT * FROM APPENDS(TABLE crm.customers, NULL, NULL)

SELECT * FROM CHANGES(TABLE crm.customers, NULL, TIMESTAMP '2026-01-01 00:00:00+00')

SELECT ssn FROM crm.customers TABLESAMPLE SYSTEM (100 PERCENT)

SELECT * FROM crm.customers PIVOT(COUNT(id) FOR ssn IN ('{{ssn}}')) AS q TABLESAMPLE SYSTEM (100 PERCENT)

-- class: views and metadata

SELECT * FROM crm.v_customers

SELECT ssn FROM `acme-prod.crm.v_customers` AS v

SELECT TO_JSON_STRING(v) FROM crm.v_customers AS v ORDER BY id

SELECT COUNT(*) FROM crm.v_customers WHERE ssn = '{{ssn}}'

SELECT COUNT(*) FROM crm.v_customers AS v WHERE SUBSTR(v.phone, 1, 1) = '{{phone:1}}'

WITH customers AS (SELECT 1 AS id, 'x' AS ssn) SELECT v.ssn, c.ssn FROM crm.v_customers AS v, customers AS c ORDER BY v.id

SELECT * FROM crm.v_deep ORDER BY amount, tax, email

SELECT tax FROM (SELECT * FROM crm.v_deep) AS d WHERE d.town LIKE '%' ORDER BY 1

SELECT (SELECT MAX(v.tax) FROM crm.v_deep AS v WHERE v.amount = o.amount) AS m FROM shop.orders AS o ORDER BY o.id

SELECT `acme-prod.crm.v_deep`.tax FROM `acme-prod.crm.v_deep` ORDER BY 1

SELECT top, n FROM shop.v_totals ORDER BY n, status

SELECT a.ssn FROM crm.v_customers AS a JOIN crm.customers AS b ON a.email = b.email AND a.ssn != b.ssn

SELECT DISTINCT ERROR(ssn) FROM crm.v_customers

SELECT * FROM crm.v_customers UNION ALL SELECT * FROM crm.customers ORDER BY id

CREATE TABLE shop.copy7 AS SELECT * FROM crm.v_customers

INSERT INTO shop.notes (id, body) SELECT id, ssn FROM crm.v_customers

SELECT * FROM shop.v_loop

SELECT ssn FROM crm.v_customers FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01 00:00:00+00'

SELECT ssn FROM crm.v_customers TABLESAMPLE SYSTEM (100 PERCENT)

FROM crm.v_customers |> SELECT ssn

SELECT table_name, column_name, data_type FROM crm.INFORMATION_SCHEMA.COLUMNS ORDER BY 1, 2

SELECT query FROM `region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT

SELECT * EXCEPT (creation_time) FROM (SELECT table_name, table_type, creation_time FROM `acme-prod.crm.INFORMATION_SCHEMA.TABLES`) ORDER BY table_name

SELECT option_value FROM crm.INFORMATION_SCHEMA.TABLE_OPTIONS WHERE option_name = 'description'

SELECT * FROM `region-us`.INFORMATION_SCHEMA.COLUMNS

SELECT * FROM INFORMATION_SCHEMA.SCHEMATA

SELECT * FROM `acme-prod`.`Region-EU`.INFORMATION_SCHEMA.TABLES

SELECT data_type FROM crm.information_schema.columns ORDER BY table_name, ordinal_position

SELECT partition_id FROM crm.INFORMATION_SCHEMA.PARTITIONS

SELECT view_definition FROM crm.INFORMATION_SCHEMA.VIEWS

SELECT * FROM crm.__TABLES__

SELECT * FROM `acme-prod.crm`.`INFORMATION_SCHEMA`.TABLE_STORAGE

-- class: copies

CREATE TABLE shop.copy1 AS SELECT * FROM crm.customers

SELECT * FROM shop.copy1

CREATE OR REPLACE TABLE shop.copy2 AS SELECT ssn AS s, phone AS p FROM crm.customers

SELECT s, p FROM shop.copy2

INSERT INTO shop.notes (id, body) SELECT id, ssn FROM crm.customers

INSERT shop.notes (id, body) VALUES (99, (SELECT MAX(phone) FROM crm.customers))

UPDATE shop.notes SET body = (SELECT MAX(ssn) FROM crm.customers) WHERE id = 1

UPDATE shop.notes n SET body = c.phone FROM crm.customers c WHERE c.id = n.id

MERGE shop.notes n USING crm.customers c ON n.id = c.id WHEN MATCHED THEN UPDATE SET body = c.ssn WHEN NOT MATCHED THEN INSERT (id, body) VALUES (c.id, c.ssn)

DELETE FROM shop.notes WHERE body IN (SELECT ssn FROM crm.customers)

SELECT * FROM shop.notes

CREATE VIEW shop.peek AS SELECT * FROM crm.customers

CREATE MATERIALIZED VIEW shop.peek2 AS SELECT ssn FROM crm.customers

CREATE TABLE shop.twin CLONE crm.customers

CREATE TABLE shop.twin COPY crm.customers

CREATE SNAPSHOT TABLE shop.snap CLONE crm.customers

CREATE TABLE shop.shape LIKE crm.customers AS SELECT * FROM crm.customers

EXPORT DATA OPTIONS (uri = 'gs://b/*.csv', format = 'CSV') AS SELECT ssn FROM crm.customers

CREATE MODEL shop.m OPTIONS (model_type = 'kmeans') AS SELECT ssn FROM crm.customers

-- class: writing to the protected table

UPDATE crm.customers SET country = ssn WHERE TRUE

UPDATE crm.customers SET country = 'x' WHERE ssn = '{{ssn}}'

UPDATE crm.customers c SET segment = TO_JSON_STRING(c) WHERE id = 1

DELETE FROM crm.customers WHERE ssn LIKE '{{ssn:2}}%'

DELETE crm.customers AS c WHERE c.`ssn` = '{{ssn}}'

UPDATE crm.customers SET country = (SELECT ssn) WHERE id = 1

UPDATE crm.customers SET country = address.street WHERE id = 2

MERGE crm.customers c USING shop.orders o ON c.ssn = '{{ssn}}' WHEN MATCHED THEN UPDATE SET country = 'hit'

MERGE shop.notes n USING shop.orders o ON FALSE WHEN NOT MATCHED THEN INSERT (id, body) VALUES (1, (SELECT ANY_VALUE(ssn) FROM crm.customers))

INSERT INTO crm.customers (id, country) SELECT id + 1000, ssn FROM crm.customers WHERE FALSE

UPDATE crm.customers SET country = IF(ssn > 'm', 'a', 'b') WHERE TRUE

DELETE FROM crm.customers c WHERE EXISTS (SELECT 1 FROM c.tags)

UPDATE crm.customers SET phone = email WHERE id = 1

MERGE crm.customers c USING shop.orders o ON o.id = c.id WHEN MATCHED AND c.salary > 100000 THEN UPDATE SET country = 'rich'

UPDATE crm.customers c SET country = s.ssn FROM crm.customers s WHERE s.id = c.id

ALTER TABLE crm.customers RENAME COLUMN ssn TO plain

ALTER TABLE crm.customers ADD COLUMN extra STRING DEFAULT 'x'

ALTER TABLE crm.customers RENAME TO cust2

DROP ROW ACCESS POLICY p ON crm.customers

-- class: scripts and dynamic SQL

EXECUTE IMMEDIATE 'SELECT ssn FROM crm.customers'

EXECUTE IMMEDIATE "EXECUTE IMMEDIATE 'SELECT ssn FROM crm.customers'"

EXECUTE IMMEDIATE """SELECT ssn FROM crm.customers -- """ ; SELECT 1

EXECUTE IMMEDIATE 'SELECT \x73sn, id FROM \143rm.customers WHERE ssn = "{{ssn}}"'

EXECUTE IMMEDIATE 'SELECT ssn FROM crm.customers WHERE ssn = ?' USING '{{ssn}}'

EXECUTE IMMEDIATE CONCAT('SELECT s', 'sn FROM crm.custo', 'mers')

DECLARE x STRING DEFAULT (SELECT ssn FROM crm.customers LIMIT 1); SELECT x

BEGIN SELECT CAST(ssn AS INT64) FROM crm.customers; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END

FOR r IN (SELECT ssn FROM crm.customers) DO SELECT r.ssn; END FOR

CREATE TEMP TABLE t AS SELECT ssn FROM crm.customers; SELECT * FROM t

CALL BQ.JOBS.CANCEL('x')

SET @@dataset_id = 'crm'; SELECT ssn FROM customers

BEGIN TRANSACTION; SELECT ssn FROM crm.customers; COMMIT TRANSACTION

-- class: functions of one's own

CREATE TEMP FUNCTION f(x STRING) AS (CONCAT(x, '!')); SELECT f(ssn) FROM crm.customers

CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return x'; SELECT f(ssn) FROM crm.customers

CREATE FUNCTION shop.f() AS ((SELECT MAX(ssn) FROM crm.customers))

CREATE TABLE FUNCTION shop.tvf() AS SELECT ssn FROM crm.customers

SELECT shop.leak(ssn) FROM crm.customers

SELECT * FROM shop.tvf(TABLE crm.customers)

SELECT * FROM EXTERNAL_QUERY('eu.connection', 'SELECT ssn FROM customers')

SELECT * FROM ML.PREDICT(MODEL shop.m, TABLE crm.customers)

SELECT AI.GENERATE(CONCAT('say ', ssn)) FROM crm.customers

SELECT * FROM VECTOR_SEARCH(TABLE crm.customers, 'ssn', (SELECT 'x'))

SELECT * FROM GAP_FILL(TABLE crm.customers, ts_column => 'created', bucket_width => INTERVAL 1 DAY)

-- class: stored functions

SELECT shop.same(ssn) FROM crm.customers ORDER BY id

SELECT id, `acme-prod.shop.spell`(ssn), shop.spell(phone) FROM crm.customers ORDER BY id

SELECT id FROM crm.customers WHERE shop.same(ssn) = '{{ssn}}'

SELECT id, shop.guess(ssn, '{{ssn}}') FROM crm.customers ORDER BY id

SELECT COUNT(shop.guess(email, '{{email}}')) FROM crm.customers

SELECT shop.twice(TO_JSON_STRING(c)) FROM crm.customers AS c ORDER BY id

WITH w AS (SELECT id, shop.spell(notes_text) AS n FROM (SELECT id, TO_HEX(notes) AS notes_text FROM crm.customers)) SELECT n FROM w ORDER BY id

SELECT shop.top()

SELECT id, shop.under(country) FROM crm.customers

SELECT shop.ask(ssn) FROM crm.customers

SELECT shop.tell(ssn) FROM crm.customers

SELECT shop.js(ssn) FROM crm.customers

SELECT shop.closes(country) FROM crm.customers

SELECT `acme-prod.shop.sa``me`(ssn) FROM crm.customers

SELECT ai.generate(ssn), ml.generate_text(ssn) FROM crm.customers

SELECT other.shop.same(ssn) FROM crm.customers

SELECT SHOP.SAME(ssn) FROM crm.customers

BEGIN SELECT shop.same(ssn) FROM crm.customers; END

CREATE TEMP FUNCTION f(x STRING) AS (`acme-prod.shop.ask`(x)); SELECT f(ssn) FROM crm.customers

UPDATE crm.customers SET name = shop.same(ssn) WHERE id = 1

CREATE TABLE shop.copy2 AS SELECT shop.same(ssn) AS s, shop.twice(phone) AS p FROM crm.customers

-- class: hash games

SELECT id FROM crm.customers WHERE email = '{{email}}'

SELECT id FROM crm.customers WHERE email = TO_HEX(SHA256('{{email}}'))

SELECT id FROM crm.customers WHERE email = TO_HEX(SHA256(CONCAT(@sallyport_salt, '{{email}}')))

SELECT @sallyport_salt

SELECT @SALLYPORT_SALT, email FROM crm.customers

SELECT email FROM crm.customers WHERE email LIKE '{{email:3}}%'

SELECT COUNT(*) FROM crm.customers c JOIN (SELECT '{{email}}' AS email) g USING (email)

SELECT TO_HEX(MD5(email)), FARM_FINGERPRINT(email), SHA512(email) FROM crm.customers

SELECT id FROM crm.customers WHERE TO_HEX(MD5(email)) = TO_HEX(MD5('{{email}}'))

SELECT score, score - 1, CAST(score AS STRING) FROM crm.customers ORDER BY score

SELECT id FROM crm.customers WHERE score > 7000000000000

SELECT FARM_FINGERPRINT(ssn), SHA256(phone), MD5(CAST(salary AS STRING)) FROM crm.customers

SELECT KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), AEAD.ENCRYPT(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), ssn, '') FROM crm.customers

-- class: names that collide

SELECT sallyport_source.ssn FROM crm.customers

SELECT sallyport_source FROM crm.customers AS sallyport_source

SELECT `acme-prod`.crm.customers.ssn FROM `acme-prod`.crm.customers

SELECT crm.ssn FROM crm.customers AS crm

SELECT ssn FROM crm.customers ssn

SELECT ssn.ssn FROM crm.customers AS ssn

SELECT id.ssn FROM crm.customers AS id

SELECT customers.status FROM shop.orders customers, crm.customers c WHERE c.ssn = '{{ssn}}' OR customers.status = c.ssn

SELECT `customers`.`ssn` FROM crm.customers AS `customers`

SELECT ssn FROM ((crm.customers))

-- class: system variables and session

SELECT @@project_id, @@dataset_id, @@error.message

SELECT SESSION_USER(), CURRENT_USER(), ssn FROM crm.customers

SELECT @@query_label, ssn FROM crm.customers

SELECT @@time_zone, ssn FROM crm.customers

-- class: lexer tricks

SELECT ssn FROM crm . customers

SELECT ssn FROM `crm`.`customers`

SELECT ssn FROM crm.customers # comment; SELECT

SELECT 'FROM crm.customers', """ -- """, ssn FROM crm.customers

SELECT r'\', ssn FROM crm.customers -- '

SELECT ssn FROM acme-prod.crm.customers;

@{hint=1} SELECT ssn FROM crm.customers @{x=1}

SELECT/* */ssn/**/FROM/*
*/crm/**/./**/customers

SELECT ssn FROM `acme-prod.crm.customers` WITH OFFSET

SELECT ssn FROM CRM.Customers

-- class: confidentiality claims

SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20, delta = 0.5, privacy_unit_column = id) ssn, COUNT(*) FROM crm.customers GROUP BY ssn

SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 1, privacy_unit_column = id) ssn, COUNT(*) FROM crm.customers GROUP BY ssn

SELECT ssn FROM crm.customers MATCH_RECOGNIZE (PARTITION BY country ORDER BY id MEASURES FIRST(a.ssn) AS s PATTERN (a) DEFINE a AS TRUE)

SELECT * FROM GRAPH_TABLE(shop.g MATCH (n) RETURN n.ssn)

-- class: replacing the table

CREATE OR REPLACE TABLE crm.customers AS SELECT * FROM crm.customers WHERE ssn <> '{{ssn}}'
