/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sql_lineage.h"

static const struct lineage_row rows[] = {
        { "FROM alone gives all columns", "FROM pairs", "k<-pairs.k v<-pairs.v" },
        { "WHERE only decides", "FROM pairs |> WHERE k > 1",
          "k<-pairs.k v<-pairs.v ? pairs.k" },
        { "WHERE with a window",
          "FROM pairs |> WHERE COUNT(*) OVER (PARTITION BY v) > 1",
          "k<-pairs.k v<-pairs.v ? pairs.v" },
        { "SELECT makes a new row", "FROM pairs |> SELECT v AS x, k + 1",
          "x<-pairs.v _<-pairs.k" },
        { "and ends the aliases", "FROM pairs t |> SELECT k |> SELECT t.k",
          "!Unrecognized name: t.k" },
        { "SELECT DISTINCT decides by its columns", "FROM pairs |> SELECT DISTINCT v",
          "v<-pairs.v ? pairs.v" },
        { "SELECT with a star", "FROM pairs |> SELECT *, k AS again",
          "k<-pairs.k v<-pairs.v again<-pairs.k" },
        { "a window that is used decides",
          "FROM pairs |> SELECT SUM(k) OVER w AS s WINDOW w AS (PARTITION BY v)",
          "s<-pairs.k ? pairs.v" },
        { "one that is not is not even read",
          "FROM pairs |> EXTEND k AS s WINDOW w AS (PARTITION BY nothing)",
          "k<-pairs.k v<-pairs.v s<-pairs.k" },
        { "a window over a window",
          "FROM orders |> SELECT COUNT(*) OVER b AS n WINDOW a AS (PARTITION BY day), "
          "b AS a",
          "n<- ? orders.day" },
        { "EXTEND adds behind", "FROM pairs |> EXTEND k * 2 AS x, v",
          "k<-pairs.k v<-pairs.v x<-pairs.k v<-pairs.v" },
        { "EXTEND keeps the aliases",
          "FROM pairs t |> EXTEND 1 AS one |> SELECT t.v, one", "v<-pairs.v one<-" },
        { "SET replaces in place", "FROM pairs |> SET v = CAST(k AS STRING)",
          "k<-pairs.k v<-pairs.k" },
        { "SET sees the old row", "FROM pairs t |> SET k = 1, v = CONCAT(v, k)",
          "k<- v<-pairs.k,pairs.v" },
        { "the alias keeps the old value",
          "FROM pairs t |> SET k = 1 |> SELECT k, t.k AS o", "k<- o<-pairs.k" },
        { "SET ends an alias of that name", "FROM pairs k |> SET k = 1 |> SELECT k",
          "k<-" },
        { "SET of no column", "FROM pairs |> SET x = 1",
          "!Column name in pipe SET not found in input table: x" },
        { "SET twice", "FROM pairs |> SET k = 1, K = 2",
          "!Duplicate column name in pipe SET: K" },
        { "SET of two columns with the name",
          "FROM pairs, orders |> EXTEND 1 AS k |> SET k = 2",
          "!Column name in pipe SET exists more than once in input table: k" },
        { "DROP", "FROM orders |> DROP id, customer, day",
          "amount<-orders.amount note<-orders.note" },
        { "DROP of all columns with the name", "FROM pairs |> EXTEND 1 AS k |> DROP k",
          "v<-pairs.v" },
        { "what is dropped is still under its alias",
          "FROM pairs t |> DROP k |> SELECT v, t.k", "v<-pairs.v k<-pairs.k" },
        { "DROP of no column", "FROM pairs |> DROP nothing",
          "!Column name in pipe DROP not found in input table: nothing" },
        { "RENAME", "FROM pairs |> RENAME k AS v, v AS k", "v<-pairs.k k<-pairs.v" },
        { "RENAME keeps the alias' names",
          "FROM pairs t |> RENAME k AS x |> SELECT t.k, x", "k<-pairs.k x<-pairs.k" },
        { "AS gives a name to the row", "FROM pairs |> AS t |> SELECT t.v, t",
          "v<-pairs.v t<-pairs.k,pairs.v" },
        { "AS ends the aliases before", "FROM pairs a |> AS b |> SELECT a.k",
          "!Unrecognized name: a.k" },
        { "ORDER BY decides", "FROM pairs |> ORDER BY v DESC",
          "k<-pairs.k v<-pairs.v ? pairs.v" },
        { "ORDER BY a place", "FROM pairs |> ORDER BY 2",
          "k<-pairs.k v<-pairs.v ? pairs.v" },
        { "LIMIT", "FROM pairs |> LIMIT 3 OFFSET 1", "k<-pairs.k v<-pairs.v" },
        { "AGGREGATE alone", "FROM orders |> AGGREGATE SUM(amount) AS total, COUNT(*)",
          "total<-orders.amount _<-" },
        { "the groups come first",
          "FROM orders |> AGGREGATE SUM(amount) AS total GROUP BY customer, day AS d",
          "customer<-orders.customer d<-orders.day total<-orders.amount ? "
          "orders.customer,orders.day" },
        { "GROUP BY an expression", "FROM orders |> AGGREGATE GROUP BY id + customer",
          "_<-orders.customer,orders.id ? orders.customer,orders.id" },
        { "grouping sets name a column once",
          "FROM orders |> AGGREGATE COUNT(*) AS n "
          "GROUP BY GROUPING SETS ((id, day), (id), ROLLUP (day))",
          "id<-orders.id day<-orders.day n<- ? orders.day,orders.id" },
        { "an aggregate that orders",
          "FROM orders |> AGGREGATE MAX(note) AS m DESC GROUP BY day",
          "day<-orders.day m<-orders.note ? orders.day,orders.note" },
        { "AGGREGATE ends the aliases",
          "FROM pairs t |> AGGREGATE MAX(k) AS m |> SELECT t.v",
          "!Unrecognized name: t.v" },
        { "DISTINCT decides by everything", "FROM pairs |> DISTINCT",
          "k<-pairs.k v<-pairs.v ? pairs.k,pairs.v" },
        { "and keeps the aliases", "FROM pairs t |> DISTINCT |> SELECT t.v",
          "v<-pairs.v ? pairs.k,pairs.v" },
        { "but only what the row still has",
          "FROM pairs t |> DROP v |> DISTINCT |> SELECT t.*", "k<-pairs.k ? pairs.k" },
        { "JOIN ON", "FROM pairs t |> JOIN orders o ON t.k = o.id |> SELECT v, note",
          "v<-pairs.v note<-orders.note ? orders.id,pairs.k" },
        { "LEFT JOIN USING",
          "FROM orders |> LEFT JOIN customers USING (id) |> SELECT id, ssn",
          "id<-orders.id ssn<-customers.ssn ? customers.id,orders.id" },
        { "JOIN of an array of the row",
          "FROM customers c |> JOIN UNNEST(c.lines) AS l |> SELECT name, l.sku",
          "name<-customers.name sku<-customers.lines.sku ? customers.lines" },
        { "UNION ALL by position",
          "FROM pairs |> UNION ALL (SELECT id, note FROM orders)",
          "k<-orders.id,pairs.k v<-orders.note,pairs.v" },
        { "UNION ALL BY NAME",
          "FROM pairs |> UNION ALL BY NAME (SELECT note AS v, id AS k FROM orders)",
          "k<-orders.id,pairs.k v<-orders.note,pairs.v" },
        { "several operands",
          "SELECT 1 AS x |> UNION ALL (SELECT k FROM pairs), (SELECT id FROM orders)",
          "x<-orders.id,pairs.k" },
        { "a set operation ends the aliases",
          "FROM pairs t |> UNION ALL (FROM pairs) |> SELECT t.k",
          "!Unrecognized name: t.k" },
        { "WITH in the middle",
          "FROM pairs |> WITH o AS (SELECT id AS k, note FROM orders) |> JOIN o USING "
          "(k)",
          "k<-pairs.k v<-pairs.v note<-orders.note ? orders.id,pairs.k" },
        { "its names end with the query",
          "SELECT * FROM (SELECT 1 AS one |> WITH o AS (SELECT 2)) JOIN o ON TRUE",
          "!Table not found: o" },
        { "TABLESAMPLE", "FROM pairs |> TABLESAMPLE SYSTEM (1 PERCENT)",
          "k<-pairs.k v<-pairs.v" },
        { "a pipe behind SELECT",
          "SELECT k FROM pairs WHERE v = 'x' |> EXTEND k + 1 AS n",
          "k<-pairs.k n<-pairs.k ? pairs.v" },
        { "a pipe in a subquery sees the outer row",
          "SELECT (SELECT c.id AS x |> EXTEND c.ssn AS s |> AGGREGATE MAX(s)) AS m "
          "FROM customers c",
          "m<-customers.ssn" },
        { "ASSERT decides", "FROM pairs |> ASSERT k > 0, 'bad', v",
          "k<-pairs.k v<-pairs.v ? pairs.k,pairs.v" },
        { "DESCRIBE tells no values", "FROM pairs |> DESCRIBE", "Describe<-" },
        { "FINISH lets no row out", "FROM pairs |> WHERE k > 0 |> FINISH",
          " ? pairs.k" },
        { "LOG looks beside", "FROM pairs |> LOG (|> WHERE v = 'x') |> SELECT k",
          "k<-pairs.k ? pairs.v" },
        { "IF takes the branch that holds",
          "FROM pairs |> IF FALSE THEN (|> SELECT nothing) ELSEIF NOT (FALSE) THEN (|> "
          "SELECT v) "
          "ELSE (|> SELECT k)",
          "v<-pairs.v" },
        { "IF NULL is no", "FROM pairs |> IF NULL THEN (|> SELECT v)",
          "k<-pairs.k v<-pairs.v" },
        { "IF needs a constant", "FROM pairs |> IF @p THEN (|> SELECT v)",
          "!Pipe IF condition expression is not a constant known here" },
        { "aliases go into a branch", "FROM pairs t |> IF TRUE THEN (|> SELECT t.v)",
          "v<-pairs.v" },
        { "RECURSIVE UNION comes back",
          "FROM pairs |> RECURSIVE UNION ALL (|> SET k = k + 1, v = CONCAT(v, k) |> "
          "WHERE k < 9) AS t",
          "k<-pairs.k v<-pairs.k,pairs.v ? pairs.k" },
        { "RECURSIVE UNION of a query that reads itself",
          "SELECT 0 AS n |> RECURSIVE UNION ALL (SELECT n + id FROM orders JOIN t ON "
          "TRUE) AS t "
          "|> SELECT t.n",
          "n<-orders.id" },
        { "the row of an array keeps its name",
          "FROM UNNEST([1]) AS n |> RECURSIVE UNION ALL (|> SELECT n + 1)", "_<-" },
        { "its depth is no stored value",
          "FROM pairs |> DROP v |> RECURSIVE UNION ALL WITH DEPTH AS level (|> WHERE k "
          "< 3)",
          "k<-pairs.k level<- ? pairs.k" },
        { "FORK has several results", "FROM pairs |> FORK (|> SELECT k), (|> SELECT v)",
          "!this pipe operator cannot be resolved" },
        { "INSERT at the end writes by place",
          "FROM orders |> SELECT id, note |> INSERT INTO pairs",
          "k<-orders.id v<-orders.note" },
        { "INSERT with a column list",
          "FROM orders |> SELECT id, note |> INSERT INTO pairs (v, k)",
          "v<-orders.id k<-orders.note" },
        { "CREATE TABLE at the end",
          "FROM pairs |> SELECT v |> CREATE TABLE t2 (x STRING)", "x<-pairs.v" },
};

static void test_pipes(void **state)
{
        (void)state;
        check_lineage(rows, SP_ARRAY_SIZE(rows));
}

static const struct lineage_row pivots[] = {
        { "PIVOT groups by what is not named",
          "SELECT * FROM (SELECT customer, amount, day FROM orders) "
          "PIVOT(SUM(amount) FOR customer IN (1, 2 AS two))",
          "day<-orders.day _1<-orders.amount two<-orders.amount ? "
          "orders.customer,orders.day" },
        { "the names of several aggregates",
          "SELECT * FROM pairs PIVOT(COUNT(*) AS n, MAX(v) m FOR k IN (-1, 20))",
          "n_minus_1<- m_minus_1<-pairs.v n_20<- m_20<-pairs.v ? pairs.k" },
        { "they must have aliases",
          "SELECT * FROM pairs PIVOT(COUNT(*), MAX(v) m FOR k IN (1))",
          "!PIVOT expression must specify an alias unless it is the only pivot "
          "expression in "
          "the PIVOT clause" },
        { "names by text",
          "SELECT * FROM pairs PIVOT(MAX(k) FOR v IN ('a b', '', NULL, 'Q1'))",
          "a b<-pairs.k empty_string_value<-pairs.k NULL<-pairs.k Q1<-pairs.k ? "
          "pairs.v" },
        { "names by text behind an alias",
          "SELECT * FROM pairs PIVOT(MAX(k) AS m FOR v IN ('', NULL))",
          "m__empty_string_value<-pairs.k m_NULL<-pairs.k ? pairs.v" },
        { "names by numbers",
          "SELECT * FROM (SELECT amount, id FROM orders) PIVOT(MAX(id) FOR amount IN "
          "(1, 007, NUMERIC '-1.50', 2.5))",
          "_1<-orders.id _7<-orders.id minus_1_point_5<-orders.id "
          "_2_point_5<-orders.id ? "
          "orders.amount" },
        { "names by dates",
          "SELECT * FROM (SELECT day, id FROM orders) PIVOT(MAX(id) FOR day IN "
          "('2024-1-31', DATE '2024-02-01'))",
          "_2024_01_31<-orders.id _2024_02_01<-orders.id ? orders.day" },
        { "names by booleans",
          "SELECT * FROM pairs PIVOT(MAX(v) FOR (k > 1) IN (TRUE, FALSE))",
          "true<-pairs.v false<-pairs.v ? pairs.k" },
        { "names by structs",
          "SELECT * FROM (SELECT id, customer, note FROM orders) "
          "PIVOT(MAX(note) FOR STRUCT(id AS i, customer AS c) IN ((1, 2), STRUCT(3, "
          "4)))",
          "i_1_c_2<-orders.note i_3_c_4<-orders.note ? orders.customer,orders.id" },
        { "a value that has no name",
          "SELECT * FROM pairs PIVOT(MAX(v) FOR k IN (1 + 1))",
          "!Generating an implicit alias for this PIVOT value is not supported; please "
          "provide "
          "an explicit alias" },
        { "but an alias will do",
          "SELECT * FROM pairs PIVOT(MAX(v) FOR k IN (1 + 1 AS two))",
          "two<-pairs.v ? pairs.k" },
        { "the alias of the result",
          "SELECT p.one FROM pairs AS t PIVOT(MAX(t.v) FOR t.k IN (1 AS one)) AS p",
          "one<-pairs.v ? pairs.k" },
        { "the input's alias is gone",
          "SELECT t.one FROM pairs AS t PIVOT(MAX(v) FOR k IN (1 AS one))",
          "!Unrecognized name: t.one" },
        { "two columns of one value are two",
          "SELECT * FROM (SELECT k AS a, k AS b, v FROM pairs) PIVOT(MAX(v) FOR b IN "
          "(1 AS x))",
          "a<-pairs.k x<-pairs.v ? pairs.k" },
        { "a self join in parentheses",
          "SELECT * FROM (SELECT x.k AS xk, y.k AS yk, y.v AS yv FROM pairs x, pairs "
          "y) "
          "PIVOT(MAX(yv) FOR yk IN (1 AS one))",
          "xk<-pairs.k one<-pairs.v ? pairs.k" },
        { "as a pipe operator",
          "FROM pairs |> PIVOT(MAX(v) FOR k IN (1 AS one)) AS p |> SELECT p.one",
          "one<-pairs.v ? pairs.k" },
        { "UNPIVOT",
          "SELECT * FROM quarters UNPIVOT(sales FOR quarter IN (q1, q2, q3, q4))",
          "product<-quarters.product "
          "sales<-quarters.q1,quarters.q2,quarters.q3,quarters.q4 "
          "quarter<-" },
        { "UNPIVOT of some",
          "SELECT * FROM quarters UNPIVOT INCLUDE NULLS (s FOR q IN (q1 AS 1, q3 AS "
          "3))",
          "product<-quarters.product q2<-quarters.q2 q4<-quarters.q4 "
          "s<-quarters.q1,quarters.q3 "
          "q<-" },
        { "UNPIVOT of groups",
          "SELECT * FROM quarters AS t UNPIVOT((a, b) FOR half IN ((q1, t.q2) AS 'h1', "
          "(q3, q4) AS 'h2'))",
          "product<-quarters.product a<-quarters.q1,quarters.q3 "
          "b<-quarters.q2,quarters.q4 half<-" },
        { "groups of different length",
          "SELECT * FROM quarters UNPIVOT((a, b) FOR h IN ((q1, q2), (q3)))",
          "!All column groups in UNPIVOT IN clause must have the same number of "
          "columns" },
        { "UNPIVOT wants columns",
          "SELECT * FROM customers UNPIVOT(x FOR y IN (address.city))",
          "!UNPIVOT IN clause cannot have expressions, only column names are allowed" },
        { "UNPIVOT as a pipe operator",
          "FROM pairs |> UNPIVOT(x FOR y IN (v)) |> SELECT x, y", "x<-pairs.v y<-" },
        { "ALIGN has the partition, the time and the metrics",
          "SELECT * FROM orders ALIGN (TIMESTAMP day PERIOD INTERVAL 1 DAY PARTITION "
          "BY customer, "
          "id + 1 AS next METRICS SUM(amount) WITHIN (INTERVAL 2 DAY) AS total)",
          "customer<-orders.customer next<-orders.id day<-orders.day "
          "total<-orders.amount ? "
          "orders.customer,orders.day,orders.id" },
        { "a weight", "SELECT * FROM pairs TABLESAMPLE RESERVOIR (3 ROWS) WITH WEIGHT",
          "k<-pairs.k v<-pairs.v weight<-" },
        { "a sample in parts decides",
          "SELECT k FROM pairs TABLESAMPLE RESERVOIR (3 ROWS PARTITION BY v)",
          "k<-pairs.k ? pairs.v" },
};

static void test_pivots(void **state)
{
        (void)state;
        check_lineage(pivots, SP_ARRAY_SIZE(pivots));
}

static const struct lineage_row matches[] = {
        { "a row per match: partition, then measures",
          "SELECT * FROM orders MATCH_RECOGNIZE (PARTITION BY customer ORDER BY day "
          "MEASURES MIN(amount) AS low, MAX(up.note) AS last PATTERN (down+ up) "
          "DEFINE down AS amount < 5, up AS amount > 5)",
          "customer<-orders.customer low<-orders.amount last<-orders.note ? "
          "orders.amount,orders.customer,orders.day" },
        { "a variable that is not defined is true",
          "SELECT * FROM orders MATCH_RECOGNIZE (ORDER BY day MEASURES MAX(a.note) AS "
          "n "
          "PATTERN (a b) DEFINE b AS id > 1)",
          "n<-orders.note ? orders.day,orders.id" },
        { "a variable hides a column of its name",
          "SELECT * FROM (SELECT STRUCT(1 AS id) AS a, note, id, day FROM orders) "
          "MATCH_RECOGNIZE (ORDER BY day MEASURES MAX(a.id) AS m PATTERN (a) DEFINE a "
          "AS TRUE)",
          "m<-orders.id ? orders.day" },
        { "expressions of PARTITION BY have no name",
          "SELECT * FROM pairs MATCH_RECOGNIZE (PARTITION BY k + 1, v ORDER BY k "
          "MEASURES COUNT(*) AS n PATTERN (a) DEFINE a AS TRUE) AS m",
          "_<-pairs.k v<-pairs.v n<- ? pairs.k,pairs.v" },
        { "its alias",
          "SELECT m.n FROM pairs MATCH_RECOGNIZE (ORDER BY k "
          "MEASURES MAX(v) AS n PATTERN (a) DEFINE a AS TRUE) AS m",
          "n<-pairs.v ? pairs.k" },
        { "as a pipe operator, under the input's alias",
          "FROM pairs AS t |> MATCH_RECOGNIZE (ORDER BY k MEASURES MAX(t.v) AS n "
          "PATTERN (a) DEFINE a AS TRUE) |> SELECT n",
          "n<-pairs.v ? pairs.k" },
};

static void test_matches(void **state)
{
        (void)state;
        check_lineage(matches, SP_ARRAY_SIZE(matches));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pipes),
                cmocka_unit_test(test_pivots),
                cmocka_unit_test(test_matches),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
