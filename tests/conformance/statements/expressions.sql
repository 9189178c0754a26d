--- arithmetic and precedence
SELECT 1 + 2 * 3 - 4 / 5 AS a, -n AS b, +n AS c, - - n AS d FROM numbers
--- bit operators
SELECT n & 1 AS a, n | 2 AS b, n ^ 3 AS c, ~n AS d, n << 2 AS e, n >> 1 AS f FROM numbers
--- comparison operators
SELECT n = 1 AS a, n != 1 AS b, n <> 1 AS c, n < 1 AS d, n <= 1 AS e, n > 1 AS f, n >= 1 AS g FROM numbers
--- logic
SELECT NOT n = 1 AND n > 2 OR n < 3 AS b FROM numbers
--- not not
SELECT NOT NOT active AS b FROM acme.shop.customers
--- is null and friends
SELECT n IS NULL AS a, n IS NOT NULL AS b, (n = 2) IS TRUE AS c, (n = 1) IS NOT FALSE AS d FROM numbers
--- is distinct from
SELECT n IS DISTINCT FROM 1 AS a, n IS NOT DISTINCT FROM NULL AS b FROM numbers
--- between
SELECT n BETWEEN 1 AND 2 AND n NOT BETWEEN 5 AND 6 AS b FROM numbers
--- like
SELECT word LIKE 'a%' AS a, word NOT LIKE '_b' AS b FROM numbers
--- like any
SELECT word LIKE ANY ('a%', 'b%') AS a, word NOT LIKE ALL ('c%', 'd%') AS b, word LIKE SOME ('e') AS c FROM numbers
--- in list
SELECT n IN (1, 2, 3) AS a, n NOT IN (4) AS b FROM numbers
--- in unnest
SELECT n IN UNNEST([1, 2]) AS a, 'x' NOT IN UNNEST(phones) AS b FROM numbers, acme.shop.customers
--- in subquery
SELECT n IN (SELECT id FROM acme.hr.staff) AS a FROM numbers
--- in list of structs
SELECT (n, word) IN ((1, 'a'), (2, 'b')) AS a FROM numbers
--- case with conditions
SELECT CASE WHEN n > 1 THEN 'a' WHEN n > 2 THEN 'b' ELSE word END AS c FROM numbers
--- case with a value
SELECT CASE n WHEN 1 THEN 'a' WHEN 2 THEN 'b' END AS c FROM numbers
--- if, coalesce, nullif, ifnull
SELECT IF(n > 1, word, 'x') AS a, COALESCE(word, 'y') AS b, NULLIF(n, 1) AS c, IFNULL(n, 2) AS d FROM numbers
--- cast
SELECT CAST(n AS STRING) AS a, SAFE_CAST(word AS INT64) AS b, CAST('1' AS NUMERIC) AS c FROM numbers
--- cast with parameters
SELECT CAST(word AS STRING(10)) AS a, CAST(n AS NUMERIC(10, 2)) AS b FROM numbers
--- cast with a format
SELECT CAST(ordered AS STRING FORMAT 'YYYY-MM') AS a, CAST(created AS STRING FORMAT 'YYYY' AT TIME ZONE 'UTC') AS b FROM acme.shop.orders, acme.shop.customers
--- cast to array and struct
SELECT CAST([1, 2] AS ARRAY<FLOAT64>) AS a, CAST(STRUCT(1, 'x') AS STRUCT<p INT64, q STRING>) AS b
--- extract
SELECT EXTRACT(YEAR FROM ordered) AS a, EXTRACT(WEEK(MONDAY) FROM ordered) AS b, EXTRACT(HOUR FROM created AT TIME ZONE 'UTC') AS c, EXTRACT(DATE FROM created) AS d FROM acme.shop.orders, acme.shop.customers
--- interval expression
SELECT ordered + INTERVAL n DAY AS a, TIMESTAMP_SUB(created, INTERVAL 2 * n HOUR) AS b FROM acme.shop.orders, acme.shop.customers, numbers
--- date functions with parts
SELECT DATE_TRUNC(ordered, MONTH) AS a, DATE_DIFF(ordered, DATE '2024-01-01', WEEK(SUNDAY)) AS b, DATE_ADD(ordered, INTERVAL 1 QUARTER) AS c FROM acme.shop.orders
--- functions without parentheses
SELECT CURRENT_DATE AS a, CURRENT_TIMESTAMP AS b
--- functions with empty parentheses
SELECT CURRENT_DATE() AS a, RAND() AS b, GENERATE_UUID() AS c
--- dotted functions
SELECT NET.HOST(url) AS a, SAFE.SUBSTR(url, 1, 2) AS b FROM acme.web.events
--- function names in any case
SELECT sUm(n) AS s, LoWeR(MAX(word)) AS w FROM numbers
--- named arguments
SELECT PARSE_JSON('1', wide_number_mode => 'round') AS j
--- struct constructors
SELECT STRUCT(1, 'a') AS a, STRUCT(1 AS x, n AS y) AS b, STRUCT<INT64, p STRING>(1, 'z') AS c, (1, 'b') AS d FROM numbers
--- empty struct
SELECT STRUCT() AS s
--- array constructors
SELECT [1, 2, 3] AS a, ARRAY<STRING>['x'] AS b, ARRAY[4] AS c, ARRAY<STRUCT<a INT64, b STRING>>[(1, 'x')] AS d
--- empty array
SELECT [] AS a, ARRAY<INT64>[] AS b
--- array element access
SELECT phones[0] AS a, phones[OFFSET(0)] AS b, phones[ORDINAL(1)] AS c, phones[SAFE_OFFSET(9)] AS d, phones[SAFE_ORDINAL(9)] AS e FROM acme.shop.customers
--- field of an array element
SELECT tags[0].key AS k, items[OFFSET(0)].discounts[OFFSET(1)].amount AS d FROM acme.shop.customers, acme.shop.orders
--- deep field access
SELECT address.geo.lat AS lat, c.address.city, c.address.geo AS geo FROM acme.shop.customers AS c
--- field of an expression
SELECT (address).city AS a, (SELECT AS STRUCT 1 AS x, 2 AS y).y AS b, STRUCT(1 AS q).q AS c FROM acme.shop.customers
--- json access
SELECT extra.a.b AS x, extra['k'] AS y, extra.list[0] AS z, LAX_STRING(extra.name) AS s FROM acme.shop.customers
--- array subquery
SELECT ARRAY(SELECT n FROM numbers ORDER BY n) AS a
--- scalar subquery
SELECT (SELECT MAX(n) FROM numbers) AS m
--- exists
SELECT EXISTS(SELECT 1 FROM numbers WHERE n = id) AS e FROM acme.hr.staff
--- comparison with a scalar subquery
SELECT name FROM acme.hr.staff WHERE salary > (SELECT AVG(salary) FROM acme.hr.staff)
--- lambda
SELECT ARRAY_FILTER(phones, p -> p LIKE '+%') AS a, ARRAY_TRANSFORM([1, 2], (e, i) -> e + i) AS b FROM acme.shop.customers
--- with expression
SELECT WITH(a AS n + 1, b AS a * 2, a + b) AS r FROM numbers
--- concatenation
SELECT name || ' ' || email AS s FROM acme.shop.customers
--- aggregate modifiers
SELECT COUNT(DISTINCT n) AS a, ARRAY_AGG(word IGNORE NULLS ORDER BY n DESC LIMIT 3) AS b, STRING_AGG(word, ',' ORDER BY n) AS c FROM numbers
--- aggregate having max
SELECT ANY_VALUE(word HAVING MAX n) AS a, ARRAY_AGG(word RESPECT NULLS) AS b FROM numbers
--- count star
SELECT COUNT(*) AS c FROM numbers
--- nested function calls
SELECT UPPER(SUBSTR(CONCAT(word, CAST(n AS STRING)), 1, GREATEST(1, n))) AS s FROM numbers
--- at time zone in a function
SELECT FORMAT_TIMESTAMP('%Y', created, 'UTC') AS s, STRING(created, 'UTC') AS t FROM acme.shop.customers
--- replace fields of a range
SELECT RANGE(DATE '2024-01-01', NULL) AS r, RANGE_START(span) AS s FROM acme.web.events
--- deeply parenthesised
SELECT ((((((n + 1)))))) AS x FROM numbers
--- ternary chains
SELECT CASE WHEN n = 1 THEN CASE WHEN word = 'a' THEN 1 ELSE 2 END ELSE 3 END AS x FROM numbers
--- safe navigation of calls
SELECT SAFE.DIV(n, 0) AS x FROM numbers
--- comparison of structs
SELECT (n, 1) = (2, 3) AS b FROM numbers
--- unary minus on literals
SELECT -1 AS a, -1.5 AS b, - 0x10 AS c
--- quantified like with an array
SELECT word LIKE ANY UNNEST(['a%', 'b%']) AS b FROM numbers
--- collate
SELECT COLLATE(word, 'und:ci') = 'A' AS b FROM numbers
--- interval arithmetic
SELECT MAKE_INTERVAL(1, 2, 3) AS i, JUSTIFY_DAYS(INTERVAL 40 DAY) AS j
--- chained function call
SELECT (word).UPPER().SUBSTR(1, 2) AS s FROM numbers
--- struct brace constructor
SELECT STRUCT<a INT64, b STRING> {a: 1, b: 'x'} AS s
--- aggregate with a group inside
SELECT SUM(MAX(n) GROUP BY word) AS s FROM numbers
--- aggregate with a filter inside
SELECT COUNT(n WHERE n > 1) AS c FROM numbers
--- equality with any
SELECT n = ANY (SELECT id FROM acme.hr.staff) AS b FROM numbers
--- [invalid] two operators in a row
SELECT n * / 2 FROM numbers
--- [invalid] comparison chain
SELECT 1 < n < 3 FROM numbers
--- [invalid] equality chain
SELECT 1 = n = 3 FROM numbers
--- [invalid] between without and
SELECT n BETWEEN 1 OR 2 FROM numbers
--- [invalid] in without parentheses
SELECT n IN 1, 2 FROM numbers
--- [invalid] empty in list
SELECT n IN () FROM numbers
--- [invalid] case without end
SELECT CASE WHEN n = 1 THEN 2 FROM numbers
--- [invalid] case without when
SELECT CASE n ELSE 1 END FROM numbers
--- [invalid] cast without as
SELECT CAST(n STRING) FROM numbers
--- [invalid] cast to nothing
SELECT CAST(n AS) FROM numbers
--- [invalid] extract without from
SELECT EXTRACT(YEAR ordered) FROM acme.shop.orders
--- [invalid] trailing comma in a call
SELECT CONCAT(word, ) FROM numbers
--- [invalid] unclosed call
SELECT CONCAT(word, 'a' FROM numbers
--- [invalid] star with an alias as an argument
SELECT COUNT(* AS x) FROM numbers
--- [invalid] struct type without a closing bracket
SELECT STRUCT<INT64(1) AS x
--- [invalid] array type with two elements
SELECT ARRAY<INT64, STRING>[1] AS x
--- [invalid] unclosed array
SELECT [1, 2 AS x
--- [invalid] unclosed parenthesis
SELECT (1 + 2 AS x
--- [invalid] closing parenthesis too many
SELECT (1 + 2)) AS x
--- [invalid] empty parentheses
SELECT () AS x
--- [invalid] not without an operand
SELECT NOT FROM numbers
--- [invalid] is with an expression
SELECT n IS 1 FROM numbers
--- [invalid] like without a pattern
SELECT word LIKE FROM numbers
--- [invalid] exists without a query
SELECT EXISTS(1) AS b
--- [invalid] array of a query without parentheses
SELECT ARRAY SELECT 1 AS a
--- [invalid] double distinct
SELECT COUNT(DISTINCT DISTINCT n) FROM numbers
--- [invalid] order by without a key
SELECT ARRAY_AGG(n ORDER BY) FROM numbers
--- [invalid] limit before order
SELECT ARRAY_AGG(n LIMIT 1 ORDER BY n) FROM numbers
--- [invalid] named argument before a positional one without a value
SELECT PARSE_JSON(wide_number_mode =>) AS j
--- [invalid] lambda without a body
SELECT ARRAY_FILTER(phones, p ->) FROM acme.shop.customers
--- [invalid] dot at the end
SELECT address. FROM acme.shop.customers
--- [invalid] empty subscript
SELECT phones[] FROM acme.shop.customers
--- [invalid] alias inside an expression
SELECT (n AS x) + 1 FROM numbers
--- [invalid] double equal sign
SELECT n == 1 FROM numbers
--- [invalid] logical operators of other languages
SELECT n = 1 && n = 2 FROM numbers
--- [invalid] double colon cast
SELECT n::STRING FROM numbers
--- [invalid] is distinct without from
SELECT n IS DISTINCT 1 FROM numbers
--- [invalid] with expression without a result
SELECT WITH(a AS 1) AS x
--- hint of an in with a subquery
SELECT n IN @{a=1} (SELECT id FROM acme.hr.staff) AS b FROM numbers
--- [invalid] hint of an in with values
SELECT n IN @{a=1} (1, 2) AS b FROM numbers
--- [invalid] hint of an in with an array
SELECT n IN @{a=1} UNNEST([1, 2]) AS b FROM numbers
--- [invalid] braces behind a call
SELECT ABS(1) {a: 1} AS b
--- [invalid] replace fields without a name
SELECT REPLACE_FIELDS(STRUCT(1 AS a), 2) AS s
