--- correlated subquery in the select list
SELECT c.name, (SELECT COUNT(*) FROM acme.shop.orders AS o WHERE o.customer_id = c.id) AS orders FROM acme.shop.customers AS c
--- correlated exists
SELECT c.name FROM acme.shop.customers AS c WHERE EXISTS (SELECT 1 FROM acme.shop.orders AS o WHERE o.customer_id = c.id AND o.total > 10)
--- inner alias hides the outer one
SELECT (SELECT t.n FROM numbers AS t) AS x, t.id FROM acme.hr.staff AS t
--- inner column hides the outer one
SELECT (SELECT MAX(id) FROM acme.hr.staff) AS m, id FROM acme.shop.customers
--- column before range variable
SELECT address FROM acme.shop.customers AS address
--- derived names through two levels
SELECT city FROM (SELECT address.city FROM (SELECT address FROM acme.shop.customers))
--- star through two levels
SELECT * FROM (SELECT * EXCEPT (reason) FROM (SELECT * FROM acme.shop.returns))
--- renamed through levels
SELECT c AS d FROM (SELECT b AS c FROM (SELECT email AS b FROM acme.shop.customers))
--- struct built and taken apart
SELECT s.p.mail FROM (SELECT STRUCT(STRUCT(email AS mail, id AS key) AS p) AS s FROM acme.shop.customers)
--- array built and unnested
SELECT x.mail FROM (SELECT ARRAY_AGG(STRUCT(email AS mail)) AS list FROM acme.shop.customers), UNNEST(list) AS x
--- case keeps the source
SELECT CASE WHEN active THEN email ELSE 'none' END AS e FROM acme.shop.customers
--- value table of structs
SELECT s.a, s.b FROM (SELECT AS STRUCT id AS a, name AS b FROM acme.shop.customers) AS s
--- using on both sides of a subquery
SELECT id, a.name, b.office FROM (SELECT id, name FROM acme.shop.customers) AS a JOIN (SELECT id, office FROM acme.hr.staff) AS b USING (id)
--- alias in having and order by
SELECT office AS place, COUNT(*) AS people FROM acme.hr.staff GROUP BY place HAVING people > 1 ORDER BY place, people
--- alias does not reach where
SELECT balance AS id FROM acme.shop.customers WHERE id = 1
--- column named like a function
SELECT n AS sum, word AS max FROM numbers
--- array of array through an offset
SELECT o.items[OFFSET(0)].price AS p, pos FROM acme.shop.orders AS o, UNNEST(o.items) AS i WITH OFFSET AS pos
--- unnest element fields without a qualifier
SELECT sku, quantity FROM acme.shop.orders, UNNEST(items)
--- json of a row
SELECT TO_JSON_STRING(c) AS j FROM acme.shop.customers AS c
--- row in a struct
SELECT STRUCT(r) AS s FROM acme.shop.returns AS r
--- aggregate of a row
SELECT ARRAY_AGG(r) AS all_rows FROM acme.shop.returns AS r
--- qualified star of a subquery
SELECT q.*, n FROM (SELECT id, email FROM acme.shop.customers) AS q, numbers
--- star with a join using and qualified star
SELECT a.*, b.reason FROM acme.shop.products AS a LEFT JOIN acme.shop.returns AS b USING (sku)
--- filter column reaches no output
SELECT name FROM acme.hr.staff WHERE salary > 100000
--- conditional output
SELECT IF(salary > 100000, name, office) AS x FROM acme.hr.staff
--- union mixes sources by position
SELECT email AS x FROM acme.shop.customers UNION ALL SELECT office FROM acme.hr.staff
--- window mixes sources
SELECT FIRST_VALUE(name) OVER (PARTITION BY office ORDER BY salary DESC) AS best FROM acme.hr.staff
--- view over a join
CREATE VIEW acme.shop.big AS SELECT c.name, SUM(o.total) AS total FROM acme.shop.customers AS c JOIN acme.shop.orders AS o ON c.id = o.customer_id GROUP BY c.name
--- table from a query
CREATE TABLE acme.shop.copy AS SELECT * EXCEPT (phones, tags) FROM acme.shop.customers
--- table from a query with columns named
CREATE TABLE acme.shop.copy (a INT64, b STRING) AS SELECT id, name FROM acme.shop.customers
--- lambda that reads a column
SELECT ARRAY_TRANSFORM(phones, p -> CONCAT(name, p)) AS x FROM acme.shop.customers
--- lambda parameter hides a column
SELECT ARRAY_FILTER(phones, name -> name != 'x') AS x FROM acme.shop.customers
--- scalar subquery over a path of the outer table
SELECT (SELECT SUM(i.price * i.quantity) FROM o.items AS i) AS total FROM acme.shop.orders AS o
--- three levels of correlation
SELECT (SELECT (SELECT MAX(d.amount + o.total) FROM i.discounts AS d) FROM o.items AS i LIMIT 1) AS x FROM acme.shop.orders AS o
--- recursion carries a source
WITH RECURSIVE up AS (SELECT id, manager_id, name AS path FROM acme.hr.staff UNION ALL SELECT u.id, s.manager_id, CONCAT(u.path, s.name) FROM up AS u JOIN acme.hr.staff AS s ON u.manager_id = s.id) SELECT path FROM up
--- types of arithmetic
SELECT 1 + 1 AS a, 1 + 1.5 AS b, 1 / 2 AS c, DIV(5, 2) AS d, 'a' || 'b' AS e, n > 1 AS f, -n AS g, total + 1 AS h FROM numbers, acme.shop.orders
--- types of aggregates
SELECT COUNT(*) AS a, SUM(n) AS b, AVG(n) AS c, MAX(word) AS d, ARRAY_AGG(n) AS e, STRING_AGG(word) AS f, LOGICAL_AND(n > 1) AS g FROM numbers
--- types of literals
SELECT 1 AS a, 1.5 AS b, 'x' AS c, b'x' AS d, TRUE AS e, NULL AS f, DATE '2024-01-01' AS g, [1] AS h, STRUCT(1 AS p, 'x' AS q) AS i, JSON '1' AS j
--- types of conditionals
SELECT IF(n > 1, 1, 1.5) AS a, COALESCE(NULL, word) AS b, CASE WHEN n > 1 THEN NULL ELSE n END AS c FROM numbers
--- types of field paths
SELECT address.geo AS a, address.geo.lat AS b, tags[0] AS c, tags[0].key AS d, phones AS e FROM acme.shop.customers
