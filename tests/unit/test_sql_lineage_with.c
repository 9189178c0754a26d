/* SPDX-License-Identifier: Apache-2.0 */
/* WITH, recursion, set operations. */
#include "tests/unit/sql_lineage.h"

static const struct lineage_row with[] = {
        { "a WITH query", "WITH q AS (SELECT a, b FROM t) SELECT * FROM q",
          "a<-t.a b<-t.b" },
        { "it hides a table", "WITH t AS (SELECT d AS a FROM u) SELECT a FROM t",
          "a<-u.d" },
        { "not a table of two parts",
          "WITH t AS (SELECT d AS a FROM u) SELECT b FROM d.t", "b<-t.b" },
        { "each sees those before it",
          "WITH q AS (SELECT a FROM t), r AS (SELECT a AS z FROM q) "
          "SELECT z FROM r",
          "z<-t.a" },
        { "not those behind it",
          "WITH r AS (SELECT a FROM q), q AS (SELECT a FROM t) SELECT a "
          "FROM r",
          "!Table not found: q" },
        { "an inner one hides an outer one, and only inside",
          "WITH q AS (SELECT a FROM t) SELECT (WITH q AS (SELECT d FROM "
          "u) SELECT MAX(d) FROM q), a FROM q",
          "_<-u.d a<-t.a" },
        { "its own name inside it is the table",
          "WITH t AS (SELECT a FROM t) SELECT a FROM t", "a<-t.a" },
        { "what decides inside decides",
          "WITH q AS (SELECT a FROM t WHERE b = 'x') SELECT 1 AS one "
          "FROM q",
          "one<- ? t.b" },
        { "it is never correlated",
          "SELECT (WITH q AS (SELECT t.a) SELECT a FROM q) FROM t",
          "!Unrecognized name: t.a" },
        { "letter case does not count", "WITH q AS (SELECT a FROM t) SELECT Q.A FROM Q",
          "A<-t.a" },
        { "a recursive query",
          "WITH RECURSIVE r AS (SELECT id, boss, name FROM staff WHERE "
          "pay > 1 UNION ALL SELECT s.id, s.boss, r.name FROM staff AS "
          "s JOIN r ON s.id = r.boss) SELECT name, id FROM r",
          "name<-staff.name id<-staff.id ? "
          "staff.boss,staff.id,staff.pay" },
        { "columns that change places while it repeats",
          "WITH RECURSIVE r AS (SELECT a AS x, b AS y, 1 AS n FROM t "
          "UNION ALL SELECT n, x, y FROM r) SELECT x, y, n FROM r",
          "x<-t.a,t.b y<-t.a,t.b n<-t.a,t.b" },
        { "a recursive query over parentheses",
          "WITH RECURSIVE r AS ((SELECT 1 AS n) UNION ALL (SELECT n + 1 "
          "FROM r WHERE n < 3)) SELECT n, t.b FROM r JOIN t ON t.a = "
          "r.n",
          "n<- b<-t.b ? t.a" },
        { "a recursive query in pipes",
          "WITH RECURSIVE r AS (SELECT a AS n FROM t |> UNION ALL "
          "(SELECT n + 1 FROM r)) SELECT n FROM r",
          "n<-t.a" },
        { "a struct that comes around is one",
          "WITH RECURSIVE r AS (SELECT STRUCT(a AS x, b AS y) AS s FROM "
          "t UNION ALL SELECT s FROM r) SELECT s.x FROM r",
          "x<-t.a,t.b" },
        { "a forward reference",
          "WITH RECURSIVE r AS (SELECT a FROM late), late AS (SELECT d "
          "AS a FROM u) SELECT a FROM r",
          "a<-u.d" },
        { "a query that is nothing but itself",
          "WITH RECURSIVE r AS (SELECT a FROM r) SELECT a FROM r",
          "!Table r is read by itself where it is not known yet" },
        { "two that are each other",
          "WITH RECURSIVE x AS (SELECT * FROM y), y AS (SELECT * FROM "
          "x) SELECT * FROM x",
          "!Table x is read by itself where it is not known yet" },
        { "a recursive query that grows wider",
          "WITH RECURSIVE r AS (SELECT a FROM t UNION ALL SELECT a, a "
          "FROM r) SELECT * FROM r",
          "!Queries in UNION have mismatched column count; query 1 has "
          "1 columns, query 2 has 2 columns" },
        { "a union by position", "SELECT a, b FROM t UNION ALL SELECT a, d FROM u",
          "a<-t.a,u.a b<-t.b,u.d" },
        { "names are those of the first",
          "SELECT a AS one FROM t UNION DISTINCT SELECT d AS two FROM u",
          "one<-t.a,u.d" },
        { "of an intersection both sides count",
          "SELECT a FROM t INTERSECT DISTINCT SELECT a FROM u", "a<-t.a,u.a" },
        { "of a difference too", "SELECT a FROM t EXCEPT DISTINCT SELECT a FROM u",
          "a<-t.a,u.a" },
        { "columns that do not match in number",
          "SELECT a FROM t UNION ALL SELECT a, d FROM u",
          "!Queries in UNION have mismatched column count; query 1 has "
          "1 columns, query 2 has 2 columns" },
        { "three operands",
          "SELECT a FROM t UNION ALL SELECT a FROM u UNION ALL SELECT "
          "pay FROM staff",
          "a<-staff.pay,t.a,u.a" },
        { "NULL adds nothing", "SELECT NULL AS x UNION ALL SELECT b FROM t", "x<-t.b" },
        { "BY NAME matches names",
          "SELECT a, b FROM t UNION ALL BY NAME SELECT d AS b, a FROM u",
          "a<-t.a,u.a b<-t.b,u.d" },
        { "BY NAME wants all of them",
          "SELECT a, b FROM t UNION ALL BY NAME SELECT a FROM u",
          "!Column b does not exist in query 2 of a set operation by "
          "name" },
        { "FULL takes all there are",
          "SELECT a, b FROM t FULL OUTER UNION ALL BY NAME SELECT a, d "
          "FROM u",
          "a<-t.a,u.a b<-t.b d<-u.d" },
        { "LEFT takes those of the first",
          "SELECT a, b FROM t LEFT UNION ALL BY NAME SELECT a, d FROM u",
          "a<-t.a,u.a b<-t.b" },
        { "INNER takes those of all",
          "SELECT a, b FROM t INNER UNION ALL BY NAME SELECT a, d FROM "
          "u",
          "a<-t.a,u.a" },
        { "CORRESPONDING takes those of all",
          "SELECT a, b FROM t UNION ALL CORRESPONDING SELECT d, a FROM "
          "u",
          "a<-t.a,u.a" },
        { "STRICT CORRESPONDING wants all",
          "SELECT a, b FROM t UNION ALL STRICT CORRESPONDING SELECT a, "
          "d FROM u",
          "!Column b does not exist in query 2 of a set operation by "
          "name" },
        { "BY NAME ON takes those it lists",
          "SELECT a, b FROM t UNION ALL BY NAME ON (a) SELECT d, a FROM "
          "u",
          "a<-t.a,u.a" },
        { "FULL CORRESPONDING BY in its own order",
          "SELECT a, b FROM t FULL UNION ALL CORRESPONDING BY (d, b) "
          "SELECT d, a FROM u",
          "d<-u.d b<-t.b" },
        { "a name twice cannot be matched",
          "SELECT a, a FROM t UNION ALL BY NAME SELECT a FROM u",
          "!Duplicate column a in query 1 of a set operation by name" },
        { "no name cannot be matched",
          "SELECT a + 1 FROM t UNION ALL BY NAME SELECT a FROM u",
          "!Anonymous columns are not allowed in set operations by "
          "name: column 1 of query 1" },
        { "ORDER BY of a union",
          "(SELECT a FROM t) UNION ALL (SELECT a FROM u) ORDER BY a "
          "LIMIT 2",
          "a<-t.a,u.a ? t.a,u.a" },
        { "ORDER BY of one operand",
          "(SELECT a FROM t ORDER BY b LIMIT 1) UNION ALL SELECT a FROM "
          "u",
          "a<-t.a,u.a ? t.b" },
        { "fields stay apart in a union",
          "SELECT s.x FROM (SELECT STRUCT(a AS x, b AS y) AS s FROM t "
          "UNION ALL SELECT STRUCT(a, d) FROM u)",
          "x<-t.a,u.a" },
        { "a union of value tables",
          "SELECT x.b FROM (SELECT AS STRUCT a, b FROM t UNION ALL "
          "SELECT AS STRUCT a, d FROM u) AS x",
          "b<-t.b,u.d" },
        { "a WITH inside a predicate",
          "SELECT a FROM t WHERE a IN (WITH q AS (SELECT e FROM u) "
          "SELECT 1 FROM q WHERE e > '2020-01-01')",
          "a<-t.a ? t.a,u.e" },
        { "differential privacy",
          "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1, "
          "privacy_unit_column = a) COUNT(b) FROM t",
          "_<-t.b" },
        { "a query in parentheses", "((SELECT a FROM t))", "a<-t.a" },
        { "pipes behind a query see its columns only",
          "SELECT a FROM t |> WHERE b = 'x'", "!Unrecognized name: b" },
        { "the rows of a group",
          "SELECT ARRAY(WITH g() AS GROUP ROWS SELECT b FROM g()) FROM "
          "t GROUP BY a",
          "_<-t.b ? t.a" },
};

static void test_with(void **state)
{
        (void)state;
        check_lineage(with, SP_ARRAY_SIZE(with));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_with),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
