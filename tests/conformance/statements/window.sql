--- over everything
SELECT SUM(total) OVER () AS s FROM acme.shop.orders
--- partition
SELECT id, SUM(total) OVER (PARTITION BY customer_id) AS s FROM acme.shop.orders
--- order
SELECT id, ROW_NUMBER() OVER (ORDER BY ordered DESC) AS r FROM acme.shop.orders
--- partition and order
SELECT id, RANK() OVER (PARTITION BY customer_id, status ORDER BY total DESC, id) AS r FROM acme.shop.orders
--- rows frame
SELECT AVG(total) OVER (ORDER BY ordered ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS a FROM acme.shop.orders
--- unbounded frame
SELECT SUM(total) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS a FROM acme.shop.orders
--- range frame
SELECT SUM(total) OVER (ORDER BY id RANGE BETWEEN 10 PRECEDING AND 10 FOLLOWING) AS a FROM acme.shop.orders
--- frame to the end
SELECT SUM(total) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS a FROM acme.shop.orders
--- navigation
SELECT LAG(total) OVER (ORDER BY id) AS a, LEAD(total, 2, 0) OVER (ORDER BY id) AS b, FIRST_VALUE(note IGNORE NULLS) OVER (ORDER BY id) AS c FROM acme.shop.orders
--- percentiles
SELECT PERCENTILE_CONT(total, 0.5) OVER (PARTITION BY status) AS m FROM acme.shop.orders
--- named window
SELECT SUM(total) OVER w AS a, AVG(total) OVER w AS b FROM acme.shop.orders WINDOW w AS (PARTITION BY status)
--- named window that is refined
SELECT SUM(total) OVER (w ORDER BY id) AS a FROM acme.shop.orders WINDOW w AS (PARTITION BY status)
--- window that names another
SELECT SUM(total) OVER b AS a FROM acme.shop.orders WINDOW a AS (PARTITION BY status), b AS (a ORDER BY id)
--- window over an aggregate
SELECT status, SUM(SUM(total)) OVER () AS s FROM acme.shop.orders GROUP BY status
--- window in order by
SELECT id FROM acme.shop.orders ORDER BY ROW_NUMBER() OVER (ORDER BY total)
--- distinct inside
SELECT COUNT(DISTINCT status) OVER (PARTITION BY customer_id) AS c FROM acme.shop.orders
--- in an expression
SELECT total / SUM(total) OVER (PARTITION BY status) AS share FROM acme.shop.orders
--- qualify with a named window
SELECT id FROM acme.shop.orders QUALIFY ROW_NUMBER() OVER w = 1 WINDOW w AS (PARTITION BY customer_id ORDER BY id)
--- with a hint
SELECT SUM(total) OVER (PARTITION @{a=1} BY status) AS s FROM acme.shop.orders
--- [invalid] over without anything
SELECT SUM(total) OVER FROM acme.shop.orders
--- [invalid] partition without by
SELECT SUM(total) OVER (PARTITION status) FROM acme.shop.orders
--- [invalid] order before partition
SELECT SUM(total) OVER (ORDER BY id PARTITION BY status) FROM acme.shop.orders
--- [invalid] frame between without and
SELECT SUM(total) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING) FROM acme.shop.orders
--- [invalid] frame of groups
SELECT SUM(total) OVER (ORDER BY id GROUPS 1 PRECEDING) FROM acme.shop.orders
--- [invalid] frame exclusion
SELECT SUM(total) OVER (ORDER BY id ROWS 1 PRECEDING EXCLUDE TIES) FROM acme.shop.orders
--- [invalid] window clause without as
SELECT SUM(total) OVER w FROM acme.shop.orders WINDOW w (PARTITION BY status)
--- [invalid] window clause before where
SELECT SUM(total) OVER w FROM acme.shop.orders WINDOW w AS () WHERE total > 1
--- [invalid] ignore nulls behind the call
SELECT LAG(total) IGNORE NULLS OVER (ORDER BY id) FROM acme.shop.orders
--- [invalid] within group
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY total) FROM acme.shop.orders
