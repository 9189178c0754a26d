--- pivot
SELECT * FROM acme.web.quarterly PIVOT (SUM(sales) FOR quarter IN ('Q1', 'Q2'))
--- pivot with aliases
SELECT * FROM acme.web.quarterly PIVOT (SUM(sales) AS total, COUNT(*) AS n FOR quarter IN ('Q1' AS first, 'Q2' AS second))
--- pivot of a subquery
SELECT * FROM (SELECT product, quarter, sales FROM acme.web.quarterly) PIVOT (MAX(sales) FOR quarter IN ('Q1', 'Q2', 'Q3', 'Q4'))
--- pivot with an alias of its own
SELECT p.product FROM acme.web.quarterly PIVOT (SUM(sales) FOR quarter IN ('Q1')) AS p
--- pivot of numbers and null
SELECT * FROM acme.web.quarterly PIVOT (SUM(sales) FOR year IN (2023, 2024 AS this_year, NULL))
--- unpivot
SELECT * FROM acme.web.wide UNPIVOT (sales FOR quarter IN (q1, q2, q3, q4))
--- unpivot including nulls
SELECT * FROM acme.web.wide UNPIVOT INCLUDE NULLS (sales FOR quarter IN (q1, q2))
--- unpivot excluding nulls
SELECT product, sales FROM acme.web.wide UNPIVOT EXCLUDE NULLS (sales FOR quarter IN (q1, q2))
--- unpivot several columns
SELECT * FROM acme.web.wide UNPIVOT ((a, b) FOR half IN ((q1, q2) AS 'H1', (q3, q4) AS 'H2'))
--- unpivot with labels
SELECT * FROM acme.web.wide UNPIVOT (sales FOR quarter IN (q1 AS 1, q2 AS 2))
--- unpivot with an alias
SELECT u.sales FROM acme.web.wide UNPIVOT (sales FOR quarter IN (q1, q2)) AS u WHERE u.quarter = 'q1'
--- pivot and a where behind
SELECT product, Q1 FROM acme.web.quarterly PIVOT (SUM(sales) FOR quarter IN ('Q1')) WHERE product = 'x'
--- [invalid] pivot without for
SELECT * FROM acme.web.quarterly PIVOT (SUM(sales) IN ('Q1'))
--- [invalid] pivot without values
SELECT * FROM acme.web.quarterly PIVOT (SUM(sales) FOR quarter IN ())
--- [invalid] pivot without an aggregate
SELECT * FROM acme.web.quarterly PIVOT (FOR quarter IN ('Q1'))
--- [invalid] unpivot with an expression
SELECT * FROM acme.web.wide UNPIVOT (sales FOR quarter IN (q1 + 1))
--- [invalid] unpivot without parentheses
SELECT * FROM acme.web.wide UNPIVOT sales FOR quarter IN (q1)
--- [invalid] unpivot with include alone
SELECT * FROM acme.web.wide UNPIVOT INCLUDE (sales FOR quarter IN (q1))
