--- literal without a table
SELECT 1
--- several columns
SELECT id, name, email FROM acme.shop.customers
--- star
SELECT * FROM acme.shop.returns
--- star of a range variable
SELECT c.* FROM acme.shop.customers AS c
--- star of two tables in order
SELECT * FROM acme.shop.returns AS r, numbers
--- star of the second table
SELECT o.id, r.* FROM acme.shop.orders AS o JOIN acme.shop.returns AS r ON o.id = r.order_id
--- star except
SELECT * EXCEPT (email, phones) FROM acme.shop.customers
--- star replace
SELECT * REPLACE ('x' AS email, balance * 2 AS balance) FROM acme.shop.customers
--- star except replace
SELECT * EXCEPT (id) REPLACE (UPPER(reason) AS reason) FROM acme.shop.returns
--- star of a struct
SELECT address.* FROM acme.shop.customers
--- star of a nested struct
SELECT c.address.geo.* FROM acme.shop.customers AS c
--- star of a struct except
SELECT address.* EXCEPT (geo) FROM acme.shop.customers
--- star of an expression
SELECT (SELECT AS STRUCT 1 AS a, 2 AS b).*
--- alias without AS
SELECT name customer, email mail FROM acme.shop.customers c
--- names that are derived
SELECT id, c.name, address.city, address.geo.lat, id + 1, COUNT(*) OVER () FROM acme.shop.customers AS c
--- range variable as a value
SELECT c FROM acme.shop.returns AS c
--- distinct
SELECT DISTINCT status FROM acme.shop.orders
--- all
SELECT ALL status FROM acme.shop.orders
--- select as struct
SELECT AS STRUCT id, name FROM acme.shop.customers
--- select as value
SELECT AS VALUE STRUCT(id AS a, name AS b) FROM acme.shop.customers
--- select as value of a scalar
SELECT AS VALUE id FROM acme.shop.customers
--- trailing comma in the select list
SELECT id, name, FROM acme.shop.customers
--- where
SELECT id FROM acme.shop.customers WHERE active AND balance > 0
--- order by with directions
SELECT id, name FROM acme.shop.customers ORDER BY name DESC, id ASC NULLS LAST, 1
--- order by collate
SELECT name FROM acme.shop.customers ORDER BY name COLLATE 'und:ci'
--- order by an alias
SELECT id * 2 AS twice FROM acme.shop.customers ORDER BY twice
--- order by a column that is not selected
SELECT id FROM acme.shop.customers ORDER BY email
--- limit and offset
SELECT id FROM acme.shop.customers LIMIT 10 OFFSET 5
--- limit with parameters
SELECT id FROM acme.shop.customers LIMIT @n OFFSET @m
--- limit with a cast
SELECT id FROM acme.shop.customers LIMIT CAST(@n AS INT64)
--- qualify
SELECT id FROM acme.shop.orders QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY ordered) = 1
--- qualify with where
SELECT id, RANK() OVER (ORDER BY total) AS r FROM acme.shop.orders WHERE total > 1 QUALIFY r < 3
--- query in parentheses
(SELECT id FROM acme.shop.customers)
--- query in parentheses with order and limit
(SELECT id FROM acme.shop.customers) ORDER BY id LIMIT 3
--- doubly parenthesised
((SELECT id FROM acme.shop.customers))
--- differential privacy
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1.0, delta = 0.01, privacy_unit_column = customer_id) status, COUNT(*) AS c FROM acme.shop.orders GROUP BY status
--- aggregation threshold
SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = customer_id) status, COUNT(*) AS c FROM acme.shop.orders GROUP BY status
--- duplicate output names
SELECT id, id, name AS id FROM acme.shop.customers
--- column named like its table
WITH t AS (SELECT 1 AS t) SELECT t FROM t
--- having without group by
SELECT COUNT(*) AS c FROM numbers HAVING COUNT(*) > 1
--- limit all
SELECT id FROM acme.shop.customers LIMIT ALL
--- [invalid] empty select list
SELECT FROM numbers
--- [invalid] two commas
SELECT n,, word FROM numbers
--- [invalid] distinct and all
SELECT DISTINCT ALL n FROM numbers
--- [invalid] from without a table
SELECT n FROM
--- [invalid] where before from
SELECT n WHERE n > 1 FROM numbers
--- [invalid] where without a condition
SELECT n FROM numbers WHERE
--- [invalid] order without by
SELECT n FROM numbers ORDER n
--- [invalid] limit before order
SELECT n FROM numbers LIMIT 1 ORDER BY n
--- [invalid] offset without limit
SELECT n FROM numbers OFFSET 1
--- [invalid] limit with a comma
SELECT n FROM numbers LIMIT 1, 2
--- limit with a sign
SELECT n FROM numbers LIMIT -1
--- limit with an expression
SELECT n FROM numbers LIMIT 1 + 1
--- [invalid] having before group
SELECT n FROM numbers HAVING n > 1 GROUP BY n
--- [invalid] except without parentheses
SELECT * EXCEPT n FROM numbers
--- [invalid] empty except list
SELECT * EXCEPT () FROM numbers
--- [invalid] replace without a name
SELECT * REPLACE (1) FROM numbers
--- [invalid] star with an alias
SELECT * AS x FROM numbers
--- [invalid] as struct without columns
SELECT AS STRUCT FROM numbers
--- [invalid] alias is a string
SELECT n AS 'x' FROM numbers
--- [invalid] text after the query
SELECT n FROM numbers foo bar
--- [invalid] unmatched parenthesis around a query
(SELECT n FROM numbers
--- [invalid] select into
SELECT n INTO acme.shop.copy FROM numbers
--- [invalid] top
SELECT TOP 3 n FROM numbers
--- [invalid] fetch first
SELECT n FROM numbers FETCH FIRST 3 ROWS ONLY
