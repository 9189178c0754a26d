--- comma join
SELECT c.id, o.id FROM acme.shop.customers AS c, acme.shop.orders AS o WHERE c.id = o.customer_id
--- inner join
SELECT c.name, o.total FROM acme.shop.customers AS c INNER JOIN acme.shop.orders AS o ON c.id = o.customer_id
--- plain join
SELECT name, total FROM acme.shop.customers c JOIN acme.shop.orders o ON c.id = o.customer_id
--- left join
SELECT name, total FROM acme.shop.customers c LEFT JOIN acme.shop.orders o ON c.id = o.customer_id
--- left outer join
SELECT name, total FROM acme.shop.customers c LEFT OUTER JOIN acme.shop.orders o ON c.id = o.customer_id
--- right join
SELECT name, total FROM acme.shop.customers c RIGHT JOIN acme.shop.orders o ON c.id = o.customer_id
--- full join
SELECT name, total FROM acme.shop.customers c FULL OUTER JOIN acme.shop.orders o ON c.id = o.customer_id
--- cross join
SELECT name, n FROM acme.shop.customers CROSS JOIN numbers
--- using
SELECT sku, title, reason FROM acme.shop.products JOIN acme.shop.returns USING (sku)
--- using merges the column
SELECT * FROM acme.shop.products JOIN acme.shop.returns USING (sku)
--- using with a full join
SELECT * FROM acme.shop.returns AS a FULL JOIN acme.shop.returns AS b USING (order_id, sku)
--- three tables
SELECT c.name, o.total, r.reason FROM acme.shop.customers c JOIN acme.shop.orders o ON c.id = o.customer_id JOIN acme.shop.returns r ON o.id = r.order_id
--- consecutive on
SELECT c.name FROM acme.shop.customers c JOIN acme.shop.orders o JOIN acme.shop.returns r ON o.id = r.order_id ON c.id = o.customer_id
--- join in parentheses
SELECT c.name, o.total FROM acme.shop.customers c JOIN (acme.shop.orders o JOIN acme.shop.returns r ON o.id = r.order_id) ON c.id = o.customer_id
--- comma before a join
SELECT n, c.name FROM numbers, acme.shop.customers c JOIN acme.shop.orders o ON c.id = o.customer_id
--- join with a hint
SELECT c.id FROM acme.shop.customers c JOIN @{join_type=hash} acme.shop.orders o ON c.id = o.customer_id
--- subquery with an alias
SELECT q.total FROM (SELECT customer_id, SUM(total) AS total FROM acme.shop.orders GROUP BY customer_id) AS q
--- subquery without an alias
SELECT total FROM (SELECT total FROM acme.shop.orders)
--- unnest a literal
SELECT x FROM UNNEST([1, 2, 3]) AS x
--- unnest without an alias
SELECT 1 AS one FROM UNNEST([1, 2, 3])
--- unnest with offset
SELECT x, o FROM UNNEST(['a', 'b']) AS x WITH OFFSET AS o
--- unnest with offset without a name
SELECT x, offset FROM UNNEST(['a', 'b']) AS x WITH OFFSET
--- unnest of structs
SELECT a, b FROM UNNEST([STRUCT(1 AS a, 'x' AS b)])
--- unnest a column
SELECT c.id, p FROM acme.shop.customers AS c, UNNEST(c.phones) AS p
--- correlated array path
SELECT c.id, t.key FROM acme.shop.customers AS c, c.tags AS t
--- correlated path two levels deep
SELECT o.id, i.sku, d.code FROM acme.shop.orders AS o, o.items AS i, i.discounts AS d
--- correlated path with offset
SELECT o.id, i.sku, pos FROM acme.shop.orders AS o CROSS JOIN o.items AS i WITH OFFSET AS pos
--- left join with an array
SELECT c.id, p FROM acme.shop.customers AS c LEFT JOIN UNNEST(c.phones) AS p
--- implicit alias of a path
SELECT customers.id, phones FROM acme.shop.customers, customers.phones
--- unnest in the select list
SELECT ARRAY(SELECT t.value FROM UNNEST(tags) AS t WHERE t.key = 'x') AS v FROM acme.shop.customers
--- unnest several arrays
SELECT 1 AS one FROM UNNEST([1, 2] AS a, ['x', 'y'] AS b)
--- tablesample
SELECT id FROM acme.shop.customers TABLESAMPLE SYSTEM (10 PERCENT)
--- tablesample with rows
SELECT id FROM acme.shop.customers AS c TABLESAMPLE RESERVOIR (100 ROWS)
--- for system time
SELECT id FROM acme.shop.customers FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)
--- for system time with an alias
SELECT c.id FROM acme.shop.customers AS c FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01 00:00:00+00'
--- wildcard table
SELECT 1 AS one FROM `acme.web.events_*` WHERE _TABLE_SUFFIX = '2024'
--- information schema
SELECT table_name FROM acme.shop.INFORMATION_SCHEMA.TABLES
--- information schema of a region
SELECT job_id FROM `region-us`.INFORMATION_SCHEMA.JOBS
--- table function
SELECT * FROM acme.shop.recent(10, 'x')
--- table function with a table
SELECT * FROM ML.PREDICT(MODEL acme.shop.model, TABLE acme.shop.orders)
--- table function with a query
SELECT * FROM ML.PREDICT(MODEL acme.shop.model, (SELECT * FROM acme.shop.orders), STRUCT(0.5 AS threshold))
--- table function with named arguments
SELECT * FROM APPENDS(TABLE acme.shop.orders, NULL, NULL)
--- vector search
SELECT * FROM VECTOR_SEARCH(TABLE acme.shop.products, 'weight', TABLE acme.shop.orders, top_k => 3)
--- joined subqueries see no neighbour
SELECT 1 AS one FROM acme.shop.customers AS hr, (SELECT * FROM acme.hr.staff) AS s
--- a parenthesised join sees no neighbour
SELECT 1 AS one FROM acme.shop.customers AS acme, (acme.hr.staff JOIN numbers ON TRUE)
--- a range variable named like a project hides it
SELECT 1 AS one FROM acme.shop.customers AS c, c.phones, acme.hr.staff
--- range variable and column of one name
SELECT name FROM acme.hr.staff AS name
--- lateral subquery
SELECT c.id, x.s FROM acme.shop.customers AS c, LATERAL (SELECT SUM(o.total) AS s FROM acme.shop.orders AS o WHERE o.customer_id = c.id) AS x
--- match recognize
SELECT * FROM acme.shop.orders MATCH_RECOGNIZE (PARTITION BY customer_id ORDER BY ordered MEASURES FIRST(low.total) AS start PATTERN (low high+) DEFINE low AS total < 10, high AS total > 10)
--- [invalid] join without a table
SELECT 1 AS one FROM numbers JOIN
--- [invalid] two conditions in a row for three joins
SELECT 1 AS one FROM numbers a JOIN numbers b JOIN numbers c JOIN numbers d ON TRUE ON TRUE
--- [invalid] condition too many
SELECT 1 AS one FROM numbers a JOIN numbers b ON TRUE ON TRUE
--- [invalid] condition of a cross join
SELECT 1 AS one FROM numbers a CROSS JOIN numbers b ON TRUE
--- [invalid] using without parentheses
SELECT 1 AS one FROM numbers a JOIN numbers b USING n
--- [invalid] using with a path
SELECT 1 AS one FROM numbers a JOIN numbers b USING (a.n)
--- [invalid] left without join
SELECT 1 AS one FROM numbers a LEFT numbers b ON TRUE
--- [invalid] full inner join
SELECT 1 AS one FROM numbers a FULL INNER JOIN numbers b ON TRUE
--- natural join
SELECT 1 AS one FROM numbers a NATURAL JOIN numbers b
--- [invalid] on without an expression
SELECT 1 AS one FROM numbers a JOIN numbers b ON
--- [invalid] trailing comma
SELECT 1 AS one FROM numbers,
--- [invalid] two commas between tables
SELECT 1 AS one FROM numbers,, numbers
--- [invalid] unnest without an argument
SELECT 1 AS one FROM UNNEST()
--- [invalid] with offset of a subquery
SELECT 1 AS one FROM (SELECT 1) WITH OFFSET
--- [invalid] tablesample without a size
SELECT 1 AS one FROM numbers TABLESAMPLE SYSTEM
--- [invalid] tablesample without a unit
SELECT 1 AS one FROM numbers TABLESAMPLE SYSTEM (10)
--- [invalid] system time without of
SELECT 1 AS one FROM numbers FOR SYSTEM_TIME AS TIMESTAMP '2024-01-01'
--- [invalid] path ends in a dot
SELECT 1 AS one FROM acme.shop.
--- [invalid] table is a string
SELECT 1 AS one FROM 'numbers'
--- [invalid] empty parentheses
SELECT 1 AS one FROM ()
--- [invalid] join without a comma or keyword
SELECT 1 AS one FROM numbers a numbers b
--- [invalid] star in an unquoted name
SELECT 1 AS one FROM acme.web.events_*
--- [invalid] right comma join
SELECT 1 AS one FROM numbers a, b RIGHT JOIN numbers c
