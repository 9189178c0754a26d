--- from alone
FROM acme.shop.orders
--- where
FROM acme.shop.orders |> WHERE total > 10
--- select
FROM acme.shop.orders |> SELECT id, total * 2 AS twice
--- select distinct
FROM acme.shop.orders |> SELECT DISTINCT status
--- extend
FROM acme.shop.orders |> EXTEND total * 2 AS twice |> WHERE twice > 10
--- set
FROM acme.shop.orders |> SET total = total * 2, note = 'x'
--- drop
FROM acme.shop.orders |> DROP note, items
--- rename
FROM acme.shop.orders |> RENAME total AS amount, note AS remark
--- as
FROM acme.shop.orders |> AS o |> SELECT o.id
--- aggregate
FROM acme.shop.orders |> AGGREGATE SUM(total) AS t, COUNT(*) AS c
--- aggregate with groups
FROM acme.shop.orders |> AGGREGATE SUM(total) AS t GROUP BY status, EXTRACT(YEAR FROM ordered) AS y
--- aggregate and order
FROM acme.shop.orders |> AGGREGATE SUM(total) AS t DESC GROUP AND ORDER BY status ASC
--- aggregate with rollup
FROM acme.shop.orders |> AGGREGATE SUM(total) AS t GROUP BY ROLLUP (status, customer_id)
--- groups without an aggregate
FROM acme.shop.orders |> AGGREGATE GROUP BY status
--- order by
FROM acme.shop.orders |> ORDER BY total DESC, id
--- limit
FROM acme.shop.orders |> LIMIT 3 OFFSET 1
--- join
FROM acme.shop.orders AS o |> JOIN acme.shop.customers AS c ON o.customer_id = c.id
--- left join using
FROM acme.shop.returns |> LEFT JOIN acme.shop.products USING (sku)
--- cross join with unnest
FROM acme.shop.orders AS o |> CROSS JOIN UNNEST(o.items) AS i |> SELECT o.id, i.sku
--- join of a correlated path
FROM acme.shop.orders AS o |> JOIN o.items AS i |> SELECT i.price
--- distinct
FROM acme.shop.returns |> DISTINCT
--- union
FROM acme.shop.returns |> UNION ALL (SELECT * FROM acme.shop.returns)
--- union of several
FROM numbers |> UNION DISTINCT (FROM numbers), (SELECT 1 AS n, 'x' AS word)
--- except
FROM numbers |> EXCEPT DISTINCT (SELECT 1, 'x')
--- union by name
FROM numbers |> UNION ALL BY NAME (SELECT 'x' AS word, 1 AS n)
--- call
FROM acme.shop.orders |> CALL acme.shop.enrich(1, 'x') AS e
--- window
FROM acme.shop.orders |> WINDOW SUM(total) OVER (PARTITION BY status) AS s
--- extend with a window function
FROM acme.shop.orders |> EXTEND RANK() OVER (ORDER BY total) AS r |> WHERE r = 1
--- tablesample
FROM acme.shop.orders |> TABLESAMPLE SYSTEM (1 PERCENT)
--- pivot
FROM acme.web.quarterly |> PIVOT (SUM(sales) FOR quarter IN ('Q1', 'Q2'))
--- unpivot
FROM acme.web.wide |> UNPIVOT (sales FOR quarter IN (q1, q2))
--- with
FROM numbers |> WITH q AS (SELECT 1 AS n) |> JOIN q USING (n)
--- behind a select
SELECT id, total FROM acme.shop.orders |> WHERE total > 1 |> SELECT id
--- behind a select with a limit
SELECT id FROM acme.shop.orders ORDER BY id LIMIT 3 |> AGGREGATE COUNT(*) AS c
--- in a subquery
SELECT x FROM (FROM numbers |> SELECT n + 1 AS x)
--- in an expression subquery
SELECT (FROM numbers |> AGGREGATE MAX(n) AS m) AS m
--- in a common table expression
WITH q AS (FROM numbers |> WHERE n > 1) FROM q |> SELECT word
--- in an insert
INSERT INTO numbers FROM numbers |> WHERE n > 1
--- in a view
CREATE VIEW acme.shop.v AS FROM acme.shop.orders |> SELECT id
--- from with a join
FROM acme.shop.orders AS o JOIN acme.shop.customers AS c ON o.customer_id = c.id |> SELECT c.email, o.id
--- several of each
FROM acme.shop.orders |> WHERE total > 1 |> EXTEND total AS t |> SET t = t + 1 |> AGGREGATE SUM(t) AS s GROUP BY customer_id |> ORDER BY s DESC |> LIMIT 3
--- assert
FROM numbers |> ASSERT n > 0, 'negative'
--- select star except
FROM acme.shop.customers |> SELECT * EXCEPT (email)
--- parenthesised start
(SELECT n FROM numbers) |> WHERE n > 1
--- match recognize
FROM acme.shop.orders |> MATCH_RECOGNIZE (ORDER BY ordered MEASURES COUNT(*) AS c PATTERN (a+) DEFINE a AS total > 1)
--- [invalid] operator without a name
FROM numbers |>
--- [invalid] operator that does not exist
FROM numbers |> FILTER n > 1
--- [invalid] where without a condition
FROM numbers |> WHERE
--- [invalid] space inside the symbol
FROM numbers | > WHERE n > 1
--- [invalid] set without a value
FROM numbers |> SET n
--- [invalid] set of a path
FROM acme.shop.customers |> SET address.city = 'x'
--- [invalid] drop of an expression
FROM numbers |> DROP n + 1
--- [invalid] rename without a new name
FROM numbers |> RENAME n
--- [invalid] as without a name
FROM numbers |> AS
--- [invalid] aggregate of everything
FROM numbers |> AGGREGATE *
--- [invalid] union without parentheses
FROM numbers |> UNION ALL SELECT 1, 'x'
--- [invalid] having
FROM numbers |> HAVING n > 1
--- [invalid] from twice
FROM numbers |> FROM numbers
--- [invalid] order without by
FROM numbers |> ORDER n
--- [invalid] select without columns
FROM numbers |> SELECT
--- [invalid] limit without a number
FROM numbers |> LIMIT
--- [invalid] from with a where
FROM numbers WHERE n > 1
--- finish
FROM acme.shop.orders |> ASSERT total > 0 |> FINISH
--- [invalid] aggregate a star with an order
FROM acme.shop.orders |> AS o |> AGGREGATE o.* ASC
