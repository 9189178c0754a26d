--- union all
SELECT id FROM acme.shop.customers UNION ALL SELECT id FROM acme.hr.staff
--- union distinct
SELECT name FROM acme.shop.customers UNION DISTINCT SELECT name FROM acme.hr.staff
--- names come from the first
SELECT id AS a, name AS b FROM acme.shop.customers UNION ALL SELECT id, office FROM acme.hr.staff
--- three parts
SELECT 1 AS x UNION ALL SELECT n FROM numbers UNION ALL SELECT id FROM acme.hr.staff
--- intersect
SELECT id FROM acme.shop.customers INTERSECT DISTINCT SELECT customer_id FROM acme.shop.orders
--- except
SELECT id FROM acme.shop.customers EXCEPT DISTINCT SELECT customer_id FROM acme.shop.orders
--- mixed with parentheses
(SELECT 1 AS x UNION ALL SELECT 2) EXCEPT DISTINCT SELECT 2
--- order by behind
SELECT id, name FROM acme.shop.customers UNION ALL SELECT id, name FROM acme.hr.staff ORDER BY name LIMIT 5
--- parts with order of their own
(SELECT id FROM acme.shop.customers ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM acme.hr.staff ORDER BY id LIMIT 1)
--- in a subquery
SELECT COUNT(*) AS c FROM (SELECT id FROM acme.shop.customers UNION ALL SELECT id FROM acme.hr.staff)
--- with a hint
SELECT 1 AS x UNION @{a=1} ALL SELECT 2
--- corresponding
SELECT id, name FROM acme.shop.customers UNION ALL CORRESPONDING SELECT name, id FROM acme.hr.staff
--- corresponding by
SELECT id, name, email FROM acme.shop.customers UNION ALL CORRESPONDING BY (name) SELECT office, name FROM acme.hr.staff
--- by name
SELECT id, name FROM acme.shop.customers UNION ALL BY NAME SELECT name, id FROM acme.hr.staff
--- by name on
SELECT id, name, email FROM acme.shop.customers INNER UNION ALL BY NAME ON (name, id) SELECT office, id, name FROM acme.hr.staff
--- full outer by name
SELECT id, email FROM acme.shop.customers FULL OUTER UNION ALL BY NAME SELECT id, office FROM acme.hr.staff
--- left by name
SELECT id, email FROM acme.shop.customers LEFT OUTER UNION ALL BY NAME SELECT id, office FROM acme.hr.staff
--- types are widened
SELECT 1 AS x UNION ALL SELECT 1.5
--- strict corresponding
SELECT 1 AS a, 2 AS b UNION ALL STRICT CORRESPONDING SELECT 3 AS b, 4 AS a
--- [invalid] union without all or distinct
SELECT 1 AS x UNION SELECT 2
--- [invalid] except without distinct
SELECT 1 AS x EXCEPT SELECT 2
--- [invalid] minus
SELECT 1 AS x MINUS SELECT 2
--- [invalid] mixed without parentheses
SELECT 1 AS x UNION ALL SELECT 2 INTERSECT DISTINCT SELECT 3
--- [invalid] all and distinct mixed
SELECT 1 AS x UNION ALL SELECT 2 UNION DISTINCT SELECT 3
--- [invalid] order by in the first part
SELECT 1 AS x ORDER BY x UNION ALL SELECT 2
--- [invalid] nothing behind
SELECT 1 AS x UNION ALL
--- [invalid] nothing in front
UNION ALL SELECT 1 AS x
--- [invalid] limit in the first part
SELECT 1 AS x LIMIT 1 UNION ALL SELECT 2
--- [invalid] by without name
SELECT 1 AS x UNION ALL BY SELECT 2 AS x
