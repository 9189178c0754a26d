--- by a column
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY status
--- by position
SELECT status, customer_id, SUM(total) AS s FROM acme.shop.orders GROUP BY 1, 2
--- by an alias
SELECT EXTRACT(YEAR FROM ordered) AS y, SUM(total) AS s FROM acme.shop.orders GROUP BY y
--- by an expression
SELECT DATE_TRUNC(ordered, MONTH) AS m, MAX(total) AS t FROM acme.shop.orders GROUP BY DATE_TRUNC(ordered, MONTH)
--- by all
SELECT status, customer_id, SUM(total) AS s FROM acme.shop.orders GROUP BY ALL
--- having
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY status HAVING COUNT(*) > 1 AND status IS NOT NULL
--- having an alias
SELECT status, SUM(total) AS s FROM acme.shop.orders GROUP BY status HAVING s > 10
--- rollup
SELECT status, customer_id, SUM(total) AS s FROM acme.shop.orders GROUP BY ROLLUP (status, customer_id)
--- cube
SELECT status, customer_id, SUM(total) AS s FROM acme.shop.orders GROUP BY CUBE (status, customer_id)
--- grouping sets
SELECT status, customer_id, SUM(total) AS s FROM acme.shop.orders GROUP BY GROUPING SETS (status, (status, customer_id), ())
--- grouping sets with rollup inside
SELECT status, customer_id, SUM(total) AS s FROM acme.shop.orders GROUP BY GROUPING SETS (ROLLUP (status, customer_id), CUBE (status))
--- the grouping function
SELECT status, GROUPING(status) AS g, COUNT(*) AS c FROM acme.shop.orders GROUP BY GROUPING SETS (status, ())
--- by nothing
SELECT COUNT(*) AS c FROM acme.shop.orders GROUP BY ()
--- order by an aggregate
SELECT status FROM acme.shop.orders GROUP BY status ORDER BY SUM(total) DESC
--- by a struct field
SELECT address.city, COUNT(*) AS c FROM acme.shop.customers GROUP BY address.city
--- by an unnested element
SELECT t.key, COUNT(DISTINCT c.id) AS people FROM acme.shop.customers AS c, c.tags AS t GROUP BY t.key
--- hint
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP @{a=1} BY status
--- by a struct
SELECT pay, COUNT(*) AS c FROM acme.hr.staff GROUP BY pay
--- [invalid] without by
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP status
--- [invalid] without an item
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY
--- [invalid] before where
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY status WHERE total > 1
--- [invalid] trailing comma
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY status,
--- [invalid] rollup without parentheses
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY ROLLUP status
--- [invalid] grouping sets without parentheses
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY GROUPING SETS status
--- [invalid] all with another item
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY ALL, status
--- [invalid] having without a condition
SELECT status, COUNT(*) AS c FROM acme.shop.orders GROUP BY status HAVING
--- [invalid] empty rollup
SELECT COUNT(*) AS c FROM acme.shop.orders GROUP BY ROLLUP ()
