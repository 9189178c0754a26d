# SPDX-License-Identifier: Apache-2.0
#
# The 22 questions of the TPC-H benchmark, asked in our own words: what `make bench-sql` reads
# when it is given no other statements. Standard enough to be PostgreSQL too, once
# tests/bench/sql_run has put the number of an INTERVAL in quotes and turned the comments.

# 1: what was sold, by state of the return
SELECT
  line.l_returnflag,
  line.l_linestatus,
  SUM(line.l_quantity) AS pieces,
  SUM(line.l_extendedprice) AS gross,
  SUM(line.l_extendedprice * (1 - line.l_discount)) AS net,
  SUM(line.l_extendedprice * (1 - line.l_discount) * (1 + line.l_tax)) AS charged,
  AVG(line.l_quantity) AS pieces_a_line,
  AVG(line.l_extendedprice) AS gross_a_line,
  AVG(line.l_discount) AS discount_a_line,
  COUNT(*) AS n_lines
FROM lineitem AS line
WHERE line.l_shipdate <= DATE '1998-12-01' - INTERVAL 90 DAY
GROUP BY line.l_returnflag, line.l_linestatus
ORDER BY line.l_returnflag, line.l_linestatus;

# 2: the cheapest supplier of a part in a region
WITH offers AS (
  SELECT ps_partkey, ps_supplycost, s_acctbal, s_name, s_address, s_phone, s_comment, n_name
  FROM partsupp
  JOIN supplier ON s_suppkey = ps_suppkey
  JOIN nation ON n_nationkey = s_nationkey
  JOIN region ON r_regionkey = n_regionkey
  WHERE r_name = 'EUROPE'
)
SELECT o.s_acctbal, o.s_name, o.n_name, p.p_partkey, p.p_mfgr, o.s_address, o.s_phone, o.s_comment
FROM part AS p
JOIN offers AS o ON o.ps_partkey = p.p_partkey
WHERE p.p_size = 15
  AND p.p_type LIKE '%BRASS'
  AND o.ps_supplycost = (
    SELECT MIN(cheap.ps_supplycost) FROM offers AS cheap WHERE cheap.ps_partkey = p.p_partkey)
ORDER BY o.s_acctbal DESC, o.n_name, o.s_name, p.p_partkey
LIMIT 100;

# 3: open orders worth most
SELECT
  o.o_orderkey,
  SUM(l.l_extendedprice * (1 - l.l_discount)) AS worth,
  o.o_orderdate,
  o.o_shippriority
FROM customer AS c
JOIN orders AS o ON o.o_custkey = c.c_custkey AND o.o_orderdate < DATE '1995-03-15'
JOIN lineitem AS l ON l.l_orderkey = o.o_orderkey AND l.l_shipdate > DATE '1995-03-15'
WHERE c.c_mktsegment = 'BUILDING'
GROUP BY o.o_orderkey, o.o_orderdate, o.o_shippriority
ORDER BY worth DESC, o.o_orderdate
LIMIT 10;

# 4: late orders by priority
SELECT ord.o_orderpriority, COUNT(*) AS n_orders
FROM orders AS ord
WHERE ord.o_orderdate >= DATE '1993-07-01'
  AND ord.o_orderdate < DATE '1993-07-01' + INTERVAL 3 MONTH
  AND EXISTS (
    SELECT 1
    FROM lineitem AS late
    WHERE late.l_orderkey = ord.o_orderkey AND late.l_commitdate < late.l_receiptdate)
GROUP BY ord.o_orderpriority
ORDER BY ord.o_orderpriority;

# 5: what suppliers sell at home
SELECT n.n_name, SUM(l.l_extendedprice * (1 - l.l_discount)) AS sold_at_home
FROM region AS r
JOIN nation AS n ON n.n_regionkey = r.r_regionkey
JOIN supplier AS s ON s.s_nationkey = n.n_nationkey
JOIN lineitem AS l ON l.l_suppkey = s.s_suppkey
JOIN orders AS o ON o.o_orderkey = l.l_orderkey
JOIN customer AS c ON c.c_custkey = o.o_custkey AND c.c_nationkey = s.s_nationkey
WHERE r.r_name = 'ASIA'
  AND o.o_orderdate >= DATE '1994-01-01'
  AND o.o_orderdate < DATE '1994-01-01' + INTERVAL 1 YEAR
GROUP BY n.n_name
ORDER BY sold_at_home DESC;

# 6: what small discounts cost
SELECT SUM(l_extendedprice * l_discount) AS given_away
FROM lineitem
WHERE l_shipdate BETWEEN DATE '1994-01-01' AND DATE '1994-12-31'
  AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01
  AND l_quantity < 24;

# 7: trade between two nations by year
WITH trade AS (
  SELECT
    seller.n_name AS from_nation,
    buyer.n_name AS to_nation,
    EXTRACT(YEAR FROM l.l_shipdate) AS shipped,
    l.l_extendedprice * (1 - l.l_discount) AS volume
  FROM lineitem AS l
  JOIN supplier AS s ON s.s_suppkey = l.l_suppkey
  JOIN orders AS o ON o.o_orderkey = l.l_orderkey
  JOIN customer AS c ON c.c_custkey = o.o_custkey
  JOIN nation AS seller ON seller.n_nationkey = s.s_nationkey
  JOIN nation AS buyer ON buyer.n_nationkey = c.c_nationkey
  WHERE l.l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
)
SELECT from_nation, to_nation, shipped, SUM(volume) AS traded
FROM trade
WHERE (from_nation = 'FRANCE' AND to_nation = 'GERMANY')
  OR (from_nation = 'GERMANY' AND to_nation = 'FRANCE')
GROUP BY from_nation, to_nation, shipped
ORDER BY from_nation, to_nation, shipped;

# 8: a nation's part of a market
SELECT
  sale.y AS order_year,
  SUM(CASE WHEN sale.nation = 'BRAZIL' THEN sale.volume ELSE 0 END) / SUM(sale.volume) AS part_of_all
FROM (
  SELECT
    EXTRACT(YEAR FROM o.o_orderdate) AS y,
    l.l_extendedprice * (1 - l.l_discount) AS volume,
    seller.n_name AS nation
  FROM part AS p
  JOIN lineitem AS l ON l.l_partkey = p.p_partkey
  JOIN supplier AS s ON s.s_suppkey = l.l_suppkey
  JOIN nation AS seller ON seller.n_nationkey = s.s_nationkey
  JOIN orders AS o ON o.o_orderkey = l.l_orderkey
  JOIN customer AS c ON c.c_custkey = o.o_custkey
  JOIN nation AS buyer ON buyer.n_nationkey = c.c_nationkey
  JOIN region AS r ON r.r_regionkey = buyer.n_regionkey
  WHERE p.p_type = 'ECONOMY ANODIZED STEEL'
    AND r.r_name = 'AMERICA'
    AND o.o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'
) AS sale
GROUP BY sale.y
ORDER BY sale.y;

# 9: profit by nation and year
WITH gain AS (
  SELECT
    n.n_name AS nation,
    EXTRACT(YEAR FROM o.o_orderdate) AS y,
    l.l_extendedprice * (1 - l.l_discount) - ps.ps_supplycost * l.l_quantity AS amount
  FROM lineitem AS l
  JOIN part AS p ON p.p_partkey = l.l_partkey
  JOIN partsupp AS ps ON ps.ps_partkey = l.l_partkey AND ps.ps_suppkey = l.l_suppkey
  JOIN supplier AS s ON s.s_suppkey = l.l_suppkey
  JOIN orders AS o ON o.o_orderkey = l.l_orderkey
  JOIN nation AS n ON n.n_nationkey = s.s_nationkey
  WHERE p.p_name LIKE '%green%'
)
SELECT nation, y, SUM(amount) AS profit
FROM gain
GROUP BY nation, y
ORDER BY nation, y DESC;

# 10: customers who sent most back
SELECT
  c.c_custkey, c.c_name, c.c_acctbal, c.c_phone, c.c_address, c.c_comment, n.n_name,
  SUM(l.l_extendedprice * (1 - l.l_discount)) AS lost
FROM customer AS c
JOIN nation AS n ON n.n_nationkey = c.c_nationkey
JOIN orders AS o ON o.o_custkey = c.c_custkey
JOIN lineitem AS l ON l.l_orderkey = o.o_orderkey
WHERE l.l_returnflag = 'R'
  AND o.o_orderdate >= DATE '1993-10-01'
  AND o.o_orderdate < DATE '1993-10-01' + INTERVAL 3 MONTH
GROUP BY c.c_custkey, c.c_name, c.c_acctbal, c.c_phone, c.c_address, c.c_comment, n.n_name
ORDER BY lost DESC
LIMIT 20;

# 11: the stock that matters
WITH stock AS (
  SELECT ps.ps_partkey AS k, SUM(ps.ps_supplycost * ps.ps_availqty) AS worth
  FROM partsupp AS ps
  JOIN supplier AS s ON s.s_suppkey = ps.ps_suppkey
  JOIN nation AS n ON n.n_nationkey = s.s_nationkey
  WHERE n.n_name = 'GERMANY'
  GROUP BY ps.ps_partkey
)
SELECT k, worth
FROM stock
WHERE worth > (SELECT SUM(whole.worth) * 0.0001 FROM stock AS whole)
ORDER BY worth DESC;

# 12: late lines by ship mode and priority
SELECT
  l.l_shipmode,
  SUM(CASE WHEN o.o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS urgent,
  SUM(CASE WHEN o.o_orderpriority NOT IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS others
FROM orders AS o
JOIN lineitem AS l ON l.l_orderkey = o.o_orderkey
WHERE l.l_shipmode IN ('MAIL', 'SHIP')
  AND l.l_shipdate < l.l_commitdate
  AND l.l_commitdate < l.l_receiptdate
  AND l.l_receiptdate BETWEEN DATE '1994-01-01' AND DATE '1994-12-31'
GROUP BY l.l_shipmode
ORDER BY l.l_shipmode;

# 13: how many customers have how many orders
SELECT per_customer.n_orders, COUNT(*) AS n_customers
FROM (
  SELECT c.c_custkey, COUNT(o.o_orderkey) AS n_orders
  FROM customer AS c
  LEFT OUTER JOIN orders AS o
    ON o.o_custkey = c.c_custkey AND o.o_comment NOT LIKE '%special%requests%'
  GROUP BY c.c_custkey
) AS per_customer
GROUP BY per_customer.n_orders
ORDER BY n_customers DESC, per_customer.n_orders DESC;

# 14: what promotions bring
SELECT
  100.00
    * SUM(CASE WHEN p.p_type LIKE 'PROMO%' THEN l.l_extendedprice * (1 - l.l_discount) ELSE 0 END)
    / SUM(l.l_extendedprice * (1 - l.l_discount)) AS by_promotion
FROM lineitem AS l
JOIN part AS p ON p.p_partkey = l.l_partkey
WHERE l.l_shipdate >= DATE '1995-09-01'
  AND l.l_shipdate < DATE '1995-09-01' + INTERVAL 1 MONTH;

# 15: the best supplier of a quarter
WITH quarter AS (
  SELECT l_suppkey AS k, SUM(l_extendedprice * (1 - l_discount)) AS turnover
  FROM lineitem
  WHERE l_shipdate >= DATE '1996-01-01'
    AND l_shipdate < DATE '1996-01-01' + INTERVAL 3 MONTH
  GROUP BY l_suppkey
)
SELECT s.s_suppkey, s.s_name, s.s_address, s.s_phone, q.turnover
FROM supplier AS s
JOIN quarter AS q ON q.k = s.s_suppkey
WHERE q.turnover = (SELECT MAX(best.turnover) FROM quarter AS best)
ORDER BY s.s_suppkey;

# 16: how many suppliers a kind of part has
SELECT p.p_brand, p.p_type, p.p_size, COUNT(DISTINCT ps.ps_suppkey) AS n_suppliers
FROM partsupp AS ps
JOIN part AS p ON p.p_partkey = ps.ps_partkey
WHERE p.p_brand <> 'Brand#45'
  AND p.p_type NOT LIKE 'MEDIUM POLISHED%'
  AND p.p_size IN (49, 14, 23, 45, 19, 3, 36, 9)
  AND ps.ps_suppkey NOT IN (
    SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%')
GROUP BY p.p_brand, p.p_type, p.p_size
ORDER BY n_suppliers DESC, p.p_brand, p.p_type, p.p_size;

# 17: what small orders bring a year
SELECT SUM(small.l_extendedprice) / 7.0 AS a_year
FROM lineitem AS small
JOIN part AS p ON p.p_partkey = small.l_partkey
WHERE p.p_brand = 'Brand#23'
  AND p.p_container = 'MED BOX'
  AND small.l_quantity < (
    SELECT 0.2 * AVG(each_line.l_quantity) FROM lineitem AS each_line WHERE each_line.l_partkey = p.p_partkey);

# 18: the largest orders
SELECT c.c_name, c.c_custkey, o.o_orderkey, o.o_orderdate, o.o_totalprice, SUM(l.l_quantity) AS pieces
FROM customer AS c
JOIN orders AS o ON o.o_custkey = c.c_custkey
JOIN lineitem AS l ON l.l_orderkey = o.o_orderkey
WHERE o.o_orderkey IN (
  SELECT big.l_orderkey FROM lineitem AS big GROUP BY big.l_orderkey HAVING SUM(big.l_quantity) > 300)
GROUP BY c.c_name, c.c_custkey, o.o_orderkey, o.o_orderdate, o.o_totalprice
ORDER BY o.o_totalprice DESC, o.o_orderdate
LIMIT 100;

# 19: three sorts of discounted lines
SELECT SUM(l.l_extendedprice * (1 - l.l_discount)) AS turnover
FROM lineitem AS l
JOIN part AS p ON p.p_partkey = l.l_partkey
WHERE l.l_shipmode IN ('AIR', 'AIR REG')
  AND l.l_shipinstruct = 'DELIVER IN PERSON'
  AND (
    (p.p_brand = 'Brand#12'
      AND p.p_container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')
      AND l.l_quantity BETWEEN 1 AND 11
      AND p.p_size BETWEEN 1 AND 5)
    OR (p.p_brand = 'Brand#23'
      AND p.p_container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
      AND l.l_quantity BETWEEN 10 AND 20
      AND p.p_size BETWEEN 1 AND 10)
    OR (p.p_brand = 'Brand#34'
      AND p.p_container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')
      AND l.l_quantity BETWEEN 20 AND 30
      AND p.p_size BETWEEN 1 AND 15));

# 20: suppliers with too much of a part
SELECT s.s_name, s.s_address
FROM supplier AS s
JOIN nation AS n ON n.n_nationkey = s.s_nationkey
WHERE n.n_name = 'CANADA'
  AND s.s_suppkey IN (
    SELECT ps.ps_suppkey
    FROM partsupp AS ps
    WHERE ps.ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE 'forest%')
      AND ps.ps_availqty > (
        SELECT 0.5 * SUM(l.l_quantity)
        FROM lineitem AS l
        WHERE l.l_partkey = ps.ps_partkey
          AND l.l_suppkey = ps.ps_suppkey
          AND l.l_shipdate >= DATE '1994-01-01'
          AND l.l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR))
ORDER BY s.s_name;

# 21: who kept orders waiting alone
SELECT s.s_name, COUNT(*) AS kept_waiting
FROM supplier AS s
JOIN nation AS n ON n.n_nationkey = s.s_nationkey
JOIN lineitem AS mine ON mine.l_suppkey = s.s_suppkey AND mine.l_receiptdate > mine.l_commitdate
JOIN orders AS o ON o.o_orderkey = mine.l_orderkey
WHERE o.o_orderstatus = 'F'
  AND n.n_name = 'SAUDI ARABIA'
  AND EXISTS (
    SELECT 1 FROM lineitem AS more
    WHERE more.l_orderkey = mine.l_orderkey AND more.l_suppkey <> mine.l_suppkey)
  AND NOT EXISTS (
    SELECT 1 FROM lineitem AS late
    WHERE late.l_orderkey = mine.l_orderkey
      AND late.l_suppkey <> mine.l_suppkey
      AND late.l_receiptdate > late.l_commitdate)
GROUP BY s.s_name
ORDER BY kept_waiting DESC, s.s_name
LIMIT 100;

# 22: good customers who never ordered
WITH reachable AS (
  SELECT SUBSTR(c.c_phone, 1, 2) AS country, c.c_acctbal, c.c_custkey
  FROM customer AS c
  WHERE SUBSTR(c.c_phone, 1, 2) IN ('13', '31', '23', '29', '30', '18', '17')
)
SELECT r.country, COUNT(*) AS n_customers, SUM(r.c_acctbal) AS balance
FROM reachable AS r
WHERE r.c_acctbal > (SELECT AVG(known.c_acctbal) FROM reachable AS known WHERE known.c_acctbal > 0.00)
  AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.o_custkey = r.c_custkey)
GROUP BY r.country
ORDER BY r.country;
