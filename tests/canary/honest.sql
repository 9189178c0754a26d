-- SPDX-License-Identifier: Apache-2.0
-- What people and their tools really send, in the shapes of those tools, written for this test.
-- Blocks are separated by empty lines. They must run, masked where columns are protected.

-- class: Looker

SELECT
    customers.country  AS customers_country,
    COUNT(DISTINCT orders.id ) AS orders_count,
    COALESCE(SUM(orders.amount ), 0) AS orders_total_amount
FROM `acme-prod.shop.orders`
     AS orders
LEFT JOIN `acme-prod.crm.customers`
     AS customers ON orders.customer_id = customers.id
GROUP BY
    1
ORDER BY
    2 DESC
LIMIT 500

SELECT * FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY z___min_rank) as z___pivot_row_rank, RANK() OVER (PARTITION BY z__pivot_col_rank ORDER BY z___min_rank) as z__pivot_col_ordering FROM (
SELECT *, MIN(z___rank) OVER (PARTITION BY customers_country) as z___min_rank FROM (
SELECT *, RANK() OVER (ORDER BY customers_country DESC, z__pivot_col_rank) AS z___rank FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY orders_status NULLS LAST) AS z__pivot_col_rank FROM (
SELECT orders.status AS orders_status, customers.country AS customers_country, COUNT(*) AS orders_count
FROM `acme-prod.shop.orders` AS orders LEFT JOIN `acme-prod.crm.customers` AS customers ON orders.customer_id = customers.id
GROUP BY 1, 2) ww
) bb ) aa
) xx ) zz
 WHERE (z__pivot_col_rank <= 50 OR orders_status IS NULL) AND (z___pivot_row_rank <= 500 OR z__pivot_col_ordering = 1) ORDER BY z___pivot_row_rank

SELECT
    (DATE(TIMESTAMP_TRUNC(customers.created , DAY))) AS customers_created_date,
    COUNT(*) AS customers_count
FROM `acme-prod.crm.customers` AS customers
WHERE ((( customers.created  ) >= ((TIMESTAMP('2019-01-01 00:00:00'))) AND ( customers.created  ) < ((TIMESTAMP('2022-01-01 00:00:00')))))
GROUP BY
    1
ORDER BY
    1 DESC
LIMIT 500

WITH customer_facts AS (SELECT customer_id, COUNT(*) AS lifetime_orders, MIN(placed) AS first_order FROM `acme-prod.shop.orders` GROUP BY 1)
SELECT customers.name AS customers_name, customers.email AS customers_email, customer_facts.lifetime_orders AS facts_lifetime_orders
FROM `acme-prod.crm.customers` AS customers
LEFT JOIN customer_facts ON customers.id = customer_facts.customer_id
ORDER BY 3 DESC, 1
LIMIT 10

SELECT CASE WHEN customers.segment = 'x' THEN 'Key' WHEN customers.segment IS NULL THEN 'None' ELSE 'Other' END AS customers_tier, COUNT(*) AS customers_count FROM `acme-prod.crm.customers` AS customers GROUP BY 1 HAVING COUNT(*) > 0 ORDER BY 2 DESC, 1

SELECT COUNT(*) FROM (SELECT customers.country AS customers_country FROM `acme-prod.crm.customers` AS customers GROUP BY 1) AS looker_total

SELECT COALESCE(SUM(CASE WHEN orders.status = 'y' THEN orders.amount ELSE NULL END), 0) AS open_amount, APPROX_QUANTILES(orders.id, 100)[OFFSET(50)] AS median_id FROM `acme-prod.shop.orders` AS orders

SELECT FORMAT_DATE('%Y-%m', orders.placed) AS orders_placed_month, customers.email AS customers_email FROM `acme-prod.shop.orders` AS orders INNER JOIN `acme-prod.crm.customers` AS customers ON orders.customer_id = customers.id GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 5000

SELECT COUNT(DISTINCT customers.email) AS customers_distinct_email FROM `acme-prod.crm.customers` AS customers WHERE LENGTH(customers.country) <> 0

SELECT item.sku AS item_sku, SUM(item.qty) AS item_qty FROM `acme-prod.shop.orders` AS orders LEFT JOIN UNNEST(orders.items) AS item GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20

-- class: Metabase

SELECT `crm.customers`.`id` AS `id`, `crm.customers`.`country` AS `country` FROM `crm.customers` LIMIT 2000

SELECT `acme-prod.crm.customers`.`id` AS `id`, `acme-prod.crm.customers`.`name` AS `name`, `acme-prod.crm.customers`.`ssn` AS `ssn` FROM `acme-prod.crm.customers` LIMIT 2000

SELECT `acme-prod.shop.orders`.`status` AS `status`, COUNT(*) AS `count` FROM `acme-prod.shop.orders` GROUP BY `status` ORDER BY `status` ASC

SELECT `source`.`country` AS `country`, COUNT(*) AS `count` FROM (SELECT `c`.`country` AS `country`, `c`.`ssn` AS `ssn` FROM `acme-prod.crm.customers` AS `c`) AS `source` GROUP BY `country` ORDER BY `country` ASC

SELECT DATE_TRUNC(`o`.`placed`, MONTH) AS `placed`, SUM(`o`.`amount`) AS `sum` FROM `acme-prod.shop.orders` AS `o` WHERE `o`.`placed` >= DATE '2019-01-01' GROUP BY `placed` ORDER BY `placed` ASC

SELECT `Customers`.`country` AS `Customers__country`, COUNT(*) AS `count` FROM `acme-prod.shop.orders` AS `o` LEFT JOIN `acme-prod.crm.customers` AS `Customers` ON `o`.`customer_id` = `Customers`.`id` GROUP BY `Customers__country` ORDER BY `count` DESC, `Customers__country` ASC

SELECT * FROM `acme-prod.crm.customers` AS t LIMIT 0

SELECT SUBSTRING(`c`.`name`, 1, 1234) AS `substring1`, SUBSTRING(`c`.`email`, 1, 1234) AS `substring2` FROM `acme-prod.crm.customers` AS `c` LIMIT 10000

SELECT COUNT(DISTINCT `c`.`country`) AS `count` FROM `acme-prod.crm.customers` AS `c`

SELECT `c`.`country` AS `country` FROM `acme-prod.crm.customers` AS `c` WHERE (LOWER(`c`.`country`) LIKE '%x%') GROUP BY `country` ORDER BY `country` ASC LIMIT 1000

-- class: dbt

with source as (
    select * from `acme-prod`.`crm`.`customers`
),
renamed as (
    select
        id as customer_id,
        name as customer_name,
        email,
        country,
        created as created_at
    from source
)
select * from renamed

create or replace table `acme-prod`.`shop`.`dim_customers` as (
with customers as (select * from `acme-prod`.`crm`.`customers`),
orders as (select customer_id, count(*) as number_of_orders, sum(amount) as value from `acme-prod`.`shop`.`orders` group by 1),
final as (
    select customers.id, customers.email, customers.country, coalesce(orders.number_of_orders, 0) as number_of_orders, orders.value
    from customers left join orders on customers.id = orders.customer_id
)
select * from final
);

select
      count(*) as failures,
      count(*) != 0 as should_warn,
      count(*) != 0 as should_error
    from (
      select id from `acme-prod`.`crm`.`customers` where id is null
    ) dbt_internal_test

select count(*) as failures from (
select email as unique_field, count(*) as n_records from `acme-prod`.`crm`.`customers` where email is not null group by email having count(*) > 1000
) dbt_internal_test

with child as (select customer_id as from_field from `acme-prod`.`shop`.`orders` where customer_id is not null),
parent as (select id as to_field from `acme-prod`.`crm`.`customers`)
select from_field from child left join parent on child.from_field = parent.to_field where parent.to_field is null

with all_values as (select country as value_field, count(*) as n_records from `acme-prod`.`crm`.`customers` group by country)
select * from all_values where value_field not in ('x','y','z')

merge into `acme-prod`.`shop`.`notes` as DBT_INTERNAL_DEST
    using (select id, country as body from `acme-prod`.`crm`.`customers`) as DBT_INTERNAL_SOURCE
    on (DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id)
when matched then update set body = DBT_INTERNAL_SOURCE.body
when not matched then insert (`id`, `body`) values (`id`, `body`)

select * from (select * from `acme-prod`.`crm`.`customers`) as __dbt_sbq where false limit 0

select table_name from `acme-prod`.`crm`.INFORMATION_SCHEMA.TABLES

create or replace view `acme-prod`.`shop`.`stg_orders` as select * from `acme-prod`.`shop`.`orders`

select max(placed) from `acme-prod`.`shop`.`orders`

select * from (select *, row_number() over (partition by customer_id order by placed desc, id) as rn from `acme-prod`.`shop`.`orders`) where rn = 1

-- class: notebooks

SELECT * FROM `acme-prod.crm.customers` ORDER BY id LIMIT 5

SELECT country, AVG(o.amount) AS mean, STDDEV(CAST(o.amount AS FLOAT64)) AS sd, COUNT(*) AS n
FROM `acme-prod.shop.orders` o JOIN `acme-prod.crm.customers` c ON c.id = o.customer_id
GROUP BY country
ORDER BY n DESC, country

SELECT id, country, created FROM `acme-prod.crm.customers` WHERE MOD(ABS(FARM_FINGERPRINT(CAST(id AS STRING))), 10) < 8 ORDER BY id

SELECT corr(o.id, o.customer_id) FROM `acme-prod.shop.orders` o

SELECT TO_JSON_STRING(t) FROM `acme-prod.shop.products` AS t ORDER BY id

SELECT TO_JSON_STRING(t) FROM `acme-prod.crm.customers` AS t ORDER BY id

SELECT id, items FROM `acme-prod.shop.orders` WHERE ARRAY_LENGTH(items) > 0 ORDER BY id

SELECT DATE_TRUNC(placed, WEEK(MONDAY)) AS week, COUNT(*) AS n FROM `acme-prod.shop.orders` GROUP BY week ORDER BY week

WITH cohort AS (
  SELECT customer_id, MIN(DATE_TRUNC(placed, MONTH)) AS first_month FROM `acme-prod.shop.orders` GROUP BY 1
), activity AS (
  SELECT o.customer_id, DATE_DIFF(DATE_TRUNC(o.placed, MONTH), c.first_month, MONTH) AS month_number
  FROM `acme-prod.shop.orders` o JOIN cohort c USING (customer_id)
)
SELECT first_month, month_number, COUNT(DISTINCT customer_id) AS customers
FROM cohort JOIN activity USING (customer_id)
GROUP BY 1, 2 ORDER BY 1, 2

SELECT segment, country, COUNT(*) AS n FROM `acme-prod.crm.customers` GROUP BY ROLLUP(segment, country) ORDER BY 3 DESC, 1, 2

SELECT APPROX_TOP_COUNT(country, 3) AS top FROM `acme-prod.crm.customers`

SELECT id, name, LAG(created) OVER (PARTITION BY country ORDER BY created, id) AS before FROM `acme-prod.crm.customers` ORDER BY id

SELECT * FROM (SELECT country, status FROM `acme-prod.shop.orders` o JOIN `acme-prod.crm.customers` c ON c.id = o.customer_id) PIVOT(COUNT(*) FOR status IN ('x', 'y', 'z')) ORDER BY country

SELECT p.key, COUNT(*) AS n FROM `acme-prod.analytics.events`, UNNEST(params) AS p GROUP BY 1 ORDER BY 2 DESC, 1

SELECT device.os, COUNT(DISTINCT user_id) AS users FROM `acme-prod.analytics.events` GROUP BY 1 ORDER BY 1

SELECT (SELECT value FROM UNNEST(params) WHERE key = 'alpha' LIMIT 1) AS page, COUNT(*) AS hits FROM `acme-prod.analytics.events` GROUP BY 1 ORDER BY 2 DESC, 1

SELECT EXTRACT(DAYOFWEEK FROM ts) AS dow, COUNT(*) FROM `acme-prod.analytics.events` GROUP BY 1 ORDER BY 1

SELECT c.country, COUNTIF(e.name = 'alpha') / COUNT(*) AS rate FROM `acme-prod.analytics.events` e JOIN `acme-prod.crm.customers` c ON c.id = e.user_id GROUP BY 1 ORDER BY 1

SELECT id, IF(birthday IS NULL, 'unknown', 'known') AS has_birthday FROM `acme-prod.crm.customers` ORDER BY id

SELECT * EXCEPT (ssn, phone, birthday, salary) FROM `acme-prod.crm.customers` ORDER BY id

-- class: bq shell

UPDATE crm.customers SET ssn = NULL, phone = 'withdrawn' WHERE id = -3

UPDATE crm.customers c SET segment = o.status FROM shop.orders o WHERE o.id = c.id


SELECT COUNT(*) FROM crm.customers

select * from crm.customers limit 10

SELECT 1

SELECT CURRENT_DATE() IS NOT NULL AS ok

SELECT country, COUNT(1) n FROM `crm.customers` GROUP BY 1 ORDER BY n DESC, 1;

SELECT DISTINCT segment FROM acme-prod.crm.customers ORDER BY segment

SELECT max(id), min(id) FROM crm.customers

SELECT id, placed, amount FROM shop.orders WHERE placed > '2019-06-01' ORDER BY placed, id LIMIT 3

-- how many orders has each customer
SELECT c.id, c.email, COUNT(o.id) AS orders
FROM crm.customers c
LEFT JOIN shop.orders o ON o.customer_id = c.id
GROUP BY c.id, c.email
ORDER BY orders DESC, c.id

SELECT a.id, b.id FROM crm.customers a JOIN crm.customers b ON a.email = b.email AND a.id < b.id ORDER BY 1, 2

SELECT id FROM crm.customers WHERE id IN (SELECT customer_id FROM shop.orders WHERE amount > 10) ORDER BY id

SELECT 'customers' AS t, COUNT(*) AS n FROM crm.customers UNION ALL SELECT 'orders', COUNT(*) FROM shop.orders ORDER BY t

SELECT id, tags FROM crm.customers ORDER BY id

SELECT address.city, COUNT(*) FROM crm.customers GROUP BY 1

SELECT STRING_AGG(country, ', ' ORDER BY country) FROM crm.customers

SELECT FORMAT('%s: %d', country, COUNT(*)) FROM crm.customers GROUP BY country ORDER BY 1

SELECT id FROM crm.customers WHERE created BETWEEN '2019-01-01' AND '2020-12-31' ORDER BY id

SELECT ANY_VALUE(name) FROM crm.customers WHERE id = 1

SELECT c.* FROM crm.customers AS c WHERE c.id = 1

INSERT INTO shop.notes (id, body) VALUES (500, 'a note')

UPDATE shop.notes SET body = 'changed' WHERE id = 500

DELETE FROM shop.notes WHERE id = 500

CREATE TABLE shop.by_country AS SELECT country, COUNT(*) AS n FROM crm.customers GROUP BY country

SELECT * FROM shop.by_country ORDER BY n DESC, country

UPDATE crm.customers SET segment = 'y' WHERE id = 1

SELECT event_id, name FROM `acme-prod.analytics.events_*` WHERE _TABLE_SUFFIX = '20260101'

SELECT name FROM crm.customers FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)

SELECT id FROM shop.orders TABLESAMPLE SYSTEM (100 PERCENT)

SELECT * FROM crm.people ORDER BY id LIMIT 10

-- class: records and lists

SELECT home.city, COUNT(*) AS n FROM crm.people GROUP BY home.city ORDER BY n DESC, 1

SELECT p.id, n.label, n.number FROM crm.people AS p CROSS JOIN UNNEST(p.phones) AS n WITH OFFSET AS o ORDER BY p.id, o

SELECT id, ARRAY_LENGTH(phones) AS phones, home IS NULL AS is_homeless FROM crm.people ORDER BY id

SELECT p.id, (SELECT COUNT(*) FROM UNNEST(p.phones) n, UNNEST(n.calls)) AS calls, (SELECT MAX(c.day) FROM UNNEST(p.phones) n, UNNEST(n.calls) c) AS last_call FROM crm.people p ORDER BY id

SELECT c.peer, COUNT(*) AS n FROM crm.people, UNNEST(phones) AS p, UNNEST(p.calls) AS c GROUP BY c.peer ORDER BY n DESC, c.peer

SELECT id, home.geo.lon, phones[SAFE_OFFSET(0)].label FROM crm.people WHERE home.city IS NOT NULL ORDER BY id

SELECT a.id, b.id AS neighbour FROM crm.people a JOIN crm.people b ON a.home.zip = b.home.zip AND a.id < b.id ORDER BY 1, 2

CREATE TABLE shop.flat AS SELECT p.id, n.label, n.number FROM crm.people p, p.phones n

-- class: pipes and agents

FROM crm.customers |> AGGREGATE COUNT(*) AS n GROUP BY country |> ORDER BY n DESC

FROM shop.orders |> WHERE status = 'x' |> JOIN crm.customers AS c ON c.id = customer_id |> SELECT c.name, amount |> LIMIT 10

WITH recent AS (SELECT * FROM shop.orders WHERE placed > DATE '2019-01-01') SELECT c.country, SUM(r.amount) AS total FROM recent r JOIN crm.customers c ON r.customer_id = c.id GROUP BY c.country QUALIFY RANK() OVER (ORDER BY SUM(r.amount) DESC) <= 3 ORDER BY total DESC, country

SELECT column_name, data_type FROM crm.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'customers'

SELECT country FROM crm.customers EXCEPT DISTINCT SELECT segment FROM crm.customers ORDER BY country

SELECT p.category, SUM(i.qty * i.price) AS revenue FROM shop.orders o, UNNEST(o.items) AS i JOIN shop.products p ON p.sku = i.sku GROUP BY 1 ORDER BY 2 DESC, 1

SELECT c.id, ARRAY_AGG(STRUCT(o.id AS order_id, o.amount) ORDER BY o.id) AS orders FROM crm.customers c JOIN shop.orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id

SELECT id, (SELECT COUNT(*) FROM shop.orders o WHERE o.customer_id = c.id) AS orders FROM crm.customers c ORDER BY id

-- class: stored functions

SELECT id, shop.initials(name, country) AS i FROM crm.customers ORDER BY id

SELECT `acme-prod.shop.initials`(status, status) AS i, SUM(amount) AS total FROM shop.orders GROUP BY i ORDER BY i

SELECT shop.twice(category) AS c, COUNT(*) AS n FROM shop.products GROUP BY 1 ORDER BY 1

SELECT shop.initials('ab', 'cd')

SELECT o.id FROM shop.orders AS o JOIN crm.customers AS c ON c.id = o.customer_id WHERE shop.same(c.country) = 'a' ORDER BY o.id
