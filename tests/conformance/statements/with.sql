--- one common table expression
WITH q AS (SELECT id, name FROM acme.shop.customers) SELECT name FROM q
--- two, one using the other
WITH a AS (SELECT id AS x FROM acme.shop.customers), b AS (SELECT x + 1 AS y FROM a) SELECT y FROM b
--- name of a table that exists
WITH numbers AS (SELECT 7 AS seven) SELECT * FROM numbers
--- a later name does not reach back
WITH a AS (SELECT n FROM numbers), numbers AS (SELECT 1 AS one) SELECT a.n, numbers.one FROM a, numbers
--- names are not case-sensitive
WITH Totals AS (SELECT SUM(total) AS t FROM acme.shop.orders) SELECT t FROM TOTALS
--- inner name hides an outer one
WITH q AS (SELECT 1 AS a) SELECT (WITH q AS (SELECT 2 AS b) SELECT b FROM q) AS x, a FROM q
--- with inside a subquery
SELECT s.m FROM (WITH q AS (SELECT MAX(n) AS m FROM numbers) SELECT m FROM q) AS s
--- with inside an expression subquery
SELECT ARRAY(WITH q AS (SELECT n FROM numbers) SELECT n FROM q) AS a
--- qualified name is not the expression
WITH customers AS (SELECT 1 AS id) SELECT c.email FROM acme.shop.customers AS c JOIN customers USING (id)
--- recursive
WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 10) SELECT i FROM r
--- recursive over a table
WITH RECURSIVE chain AS (SELECT id, name, manager_id FROM acme.hr.staff WHERE manager_id IS NULL UNION ALL SELECT s.id, s.name, s.manager_id FROM acme.hr.staff AS s JOIN chain AS c ON s.manager_id = c.id) SELECT name FROM chain
--- recursive with forward references
WITH RECURSIVE a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a
--- recursive with a distinct union
WITH RECURSIVE r AS (SELECT 1 AS i UNION DISTINCT SELECT MOD(i + 1, 5) FROM r) SELECT i FROM r
--- two uses
WITH q AS (SELECT n FROM numbers) SELECT a.n, b.n FROM q AS a JOIN q AS b ON a.n = b.n
--- with before a union
WITH q AS (SELECT n FROM numbers) SELECT n FROM q UNION ALL SELECT n + 1 FROM q
--- unused
WITH q AS (SELECT salary FROM acme.hr.staff) SELECT 1 AS one
--- with around parentheses
WITH q AS (SELECT n FROM numbers) (SELECT n FROM q LIMIT 1)
--- a correlated array is not the expression of its name
WITH tags AS (SELECT 1 AS x) SELECT t.key FROM acme.shop.customers AS c, c.tags AS t
--- insert with a common table expression
INSERT INTO acme.shop.returns (order_id) WITH q AS (SELECT id FROM acme.shop.orders) SELECT id FROM q
--- recursive with a depth
WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) WITH DEPTH AS d BETWEEN 0 AND 3 SELECT i, d FROM r
--- [invalid] without parentheses
WITH q AS SELECT 1 AS x SELECT x FROM q
--- [invalid] without a query behind it
WITH q AS (SELECT 1 AS x)
--- [invalid] trailing comma
WITH q AS (SELECT 1 AS x), SELECT x FROM q
--- [invalid] name with a dot
WITH a.b AS (SELECT 1 AS x) SELECT x FROM a.b
--- [invalid] column list
WITH q (a, b) AS (SELECT 1, 2) SELECT a FROM q
--- [invalid] empty expression
WITH q AS () SELECT 1 AS one
--- [invalid] materialized
WITH q AS MATERIALIZED (SELECT 1 AS x) SELECT x FROM q
--- [invalid] with twice
WITH a AS (SELECT 1 AS x) WITH b AS (SELECT 2 AS y) SELECT x FROM a
--- [invalid] group rows under the name of a type
SELECT ARRAY(WITH timestamp() AS GROUP ROWS SELECT 1 AS one) AS a FROM numbers
