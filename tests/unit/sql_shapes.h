/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/sql_shapes — texts of any size whose cost must grow as their length does.
 *
 * Job: one long thing of each sort that a statement can hold many of. The unit test of
 *      growth counts steps and bytes over them, the benchmark measures time.
 * Out: malloc'ed text of at most `size` bytes. The columns are TPC-H's.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/str.h"

struct sql_shape {
        const char *name;
        const char *head, *unit, *tail; /* %1$zu: number of the unit, %2$zu: of the one
                                           before it */
        size_t unit_bytes; /* blanks are added up to this, to keep below the limits of
                              what 1 MiB may hold */
        const char *middle, *again; /* or NULL: behind the units, and as many more */
};

#define SQL_LINE "l_extendedprice * (1 - l_discount)"
#define SQL_DATES "l_shipdate < l_commitdate AND l_commitdate < l_receiptdate"

#define SQL_TIMES_8(text) text text text text text text text text
#define SQL_TIMES_32(text) SQL_TIMES_8(text text text text)

static const struct sql_shape sql_shapes[] = {
        { "nested NOT in DELETE", "DELETE FROM lineitem WHERE l_tax > 3",
          "\nAND " SQL_TIMES_32("NOT (") "l_tax > %1$zu" SQL_TIMES_32(")"), "", 700 },
        { "nested AND and OR in DELETE", "DELETE FROM lineitem WHERE l_tax > 3",
          "\nAND " SQL_TIMES_32(
                  "(l_tax = 1 OR (l_tax = 2 AND ") "l_tax > %1$zu" SQL_TIMES_32("))"),
          "", 2200 },
        { "nested CASE in DELETE", "DELETE FROM lineitem WHERE l_tax > 3",
          "\nAND " SQL_TIMES_32("CASE WHEN ") "l_tax > %1$zu" SQL_TIMES_32(
                  " THEN TRUE ELSE FALSE END"),
          "", 1400 },
        { "nested comparisons in DELETE", "DELETE FROM lineitem WHERE l_tax > 3",
          "\nAND " SQL_TIMES_32("((") "l_tax > %1$zu" SQL_TIMES_32(") = (l_tax > 1))"),
          "", 1900 },
        { "nested subqueries", "SELECT 1",
          ",\n" SQL_TIMES_32("(SELECT ") "l_tax > %1$zu" SQL_TIMES_32(
                  " FROM lineitem AS l)"),
          "", 1400 },
        { "select list", "SELECT l_orderkey",
          ",\n" SQL_LINE " * (1 + l_tax) + l_quantity AS charged_and_counted_%1$zu",
          " FROM lineitem", 112 },
        { "AND chain", "SELECT 1 FROM lineitem WHERE TRUE",
          "\nAND l_quantity + l_tax > %1$zu.5", "", 40 },
        { "OR chain in DELETE", "DELETE FROM lineitem WHERE l_tax > 3",
          "\nOR l_orderkey = 10%1$zu AND l_linenumber < 7", "", 48 },
        { "OR of equal columns in DELETE", "DELETE FROM lineitem WHERE l_tax > 3",
          "\nOR l_orderkey IS NULL OR l_partkey <> 10%1$zu", "", 56 },
        { "AND chain in UPDATE", "UPDATE lineitem SET l_tax = 0 WHERE l_tax > 3",
          "\nAND (l_orderkey <> 10%1$zu OR l_comment LIKE '%%x')", "", 64 },
        { "nested parentheses", "SELECT 1",
          "\n+ ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
          "%1$zu"
          ")))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
          "", 800 },
        { "NOT and minus chains", "SELECT TRUE",
          "\nAND NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT - - - - - - %1$zu < 3", "",
          144 },
        { "IN list", "SELECT 1 FROM lineitem WHERE l_orderkey IN (0",
          ", 100000000%1$zu", ")", 14 },
        { "CTE chain", "WITH c0 AS (SELECT l_orderkey, l_tax, l_comment FROM lineitem)",
          ",\nc%1$zu AS (SELECT l_orderkey, l_tax * 2 AS l_tax, l_comment FROM c%2$zu "
          "WHERE l_comment LIKE '%%late%%' AND l_tax BETWEEN 0.01 AND 0.09)",
          " SELECT * FROM lineitem", 280 },
        { "star over CTE chain", "WITH c0 AS (SELECT * FROM lineitem)",
          ",\nc%1$zu AS (SELECT * FROM c%2$zu WHERE " SQL_DATES ")",
          " SELECT * FROM lineitem", 280 },
        { "UNION ALL chain", "SELECT l_orderkey, l_comment FROM lineitem",
          "\nUNION ALL SELECT o_orderkey, o_comment FROM orders WHERE o_orderkey > "
          "%1$zu",
          "", 90 },
        { "joins", "SELECT r0.r_name FROM region AS r0",
          "\nJOIN region AS r%1$zu ON r%1$zu.r_regionkey = r%2$zu.r_regionkey "
          "AND r%1$zu.r_name <> r0.r_name",
          "", 340 },
        { "comma joins", "SELECT 1 FROM region AS r0", ",\nregion AS r%1$zu",
          " WHERE r0.r_name = 'ASIA'", 340 },
        { "many statements", "SELECT 1", ";\nSELECT %1$zu, " SQL_LINE " FROM lineitem",
          "", 1060 },
        { "pipe WHERE and SET", "FROM lineitem",
          "\n|> WHERE " SQL_DATES " |> SET l_tax = l_tax * 1.%1$zu", "", 112 },
        { "pipe EXTEND", "FROM lineitem", "\n|> EXTEND l_tax * 2 AS e%1$zu", "", 120 },
        { "scalar subqueries", "SELECT 1",
          ",\n(SELECT MAX(o.o_totalprice) FROM orders AS o WHERE o.o_custkey = %1$zu) "
          "AS most_%1$zu",
          " FROM customer AS c", 120 },
        { "correlated EXISTS", "SELECT 1 FROM customer AS c WHERE TRUE",
          "\nAND EXISTS (SELECT 1 FROM orders AS o%1$zu WHERE o%1$zu.o_custkey = "
          "c.c_custkey)",
          "", 120 },
        { "CASE", "SELECT CASE",
          "\nWHEN l_orderkey = %1$zu THEN '%1$zu of them' || l_comment",
          " END FROM lineitem", 64 },
        { "function arguments", "SELECT CONCAT('a'",
          ",\nUPPER(l_comment), SAFE.SUBSTR(l_shipmode, %1$zu)", ") FROM lineitem",
          80 },
        { "named parameters", "SELECT 0", ", @parameter_number_%1$zu", "", 290 },
        { "same parameter", "SELECT 0", " + @p + ?", "", 36 },
        { "INSERT rows",
          "INSERT INTO region (r_regionkey, r_name, r_comment) VALUES\n"
          "(0, '', '')",
          ",\n(%1$zu, 'region %1$zu', 'it is here')", "", 64 },
        { "script variables", "DECLARE v0 INT64;",
          "\nSET v0 = v0 + (SELECT COUNT(*) FROM lineitem WHERE l_orderkey = v0 + "
          "%1$zu);",
          "", 1060 },
        { "DECLARE list", "DECLARE v0", ",\nv%1$zu", " INT64; SELECT v0;", 290 },
        { "temporary tables", "SELECT 1;",
          "\nCREATE TEMP TABLE t%1$zu AS SELECT %1$zu AS x;", " SELECT 2;", 1060 },
        { "adjacent strings", "SELECT 'a'", "\n'string number %1$zu'", "", 32 },
        { "one string", "SELECT '''", "it is \\x41 \\n long %1$zu, ", "'''", 0 },
        { "one comment", "SELECT 1 /*", " * it is long %1$zu, ", "*/", 0 },
        { "line comments", "SELECT 1", "\n# it is long %1$zu\n-- --", "", 0 },
        { "fields and subscripts", "SELECT PARSE_JSON(l_comment)", "\n.f%1$zu[1]",
          " FROM lineitem", 40 },
        { "ARRAY of STRUCTs", "SELECT [STRUCT(1 AS a, 'x' AS b)",
          ",\nSTRUCT(%1$zu AS a, 'x' AS b)", "]", 60 },
        { "GROUP BY and ORDER BY", "SELECT COUNT(*) FROM lineitem GROUP BY l_orderkey",
          ",\nl_tax + %1$zu", " ORDER BY COUNT(*)", 32 },
        { "windows", "SELECT 1",
          ",\nSUM(l_tax) OVER (PARTITION BY l_shipmode ORDER BY l_orderkey + %1$zu)",
          " FROM lineitem", 128 },
        { "MERGE clauses", "MERGE region AS t USING region AS s ON t.r_name = s.r_name",
          "\nWHEN MATCHED AND t.r_regionkey = %1$zu THEN UPDATE SET r_comment = "
          "s.r_comment",
          "", 100 },
        { "CREATE TABLE columns", "CREATE TABLE made (c0 INT64",
          ",\nc%1$zu STRUCT<a ARRAY<STRUCT<x INT64>>, b STRING(10)> NOT NULL", ")",
          128 },
        { "variables in DELETE", "DECLARE v0", ",\nv%1$zu", "", 150,
          " INT64; DELETE FROM lineitem WHERE l_orderkey < 0",
          "\nAND l_orderkey <> v%1$zu" },
        { "CTEs in FROM", "WITH c0 AS (SELECT 1 AS x)",
          ",\nc%1$zu AS (SELECT %1$zu AS x)", " WHERE TRUE", 150, " SELECT 1 FROM c0",
          ",\nc%1$zu" },
        { "CTEs in subqueries", "WITH c0 AS (SELECT 1 AS x)",
          ",\nc%1$zu AS (SELECT %1$zu AS x)", "", 150, " SELECT 1",
          ",\n(SELECT MAX(x) FROM c%1$zu)" },
        { "joins and array paths", "SELECT 1 FROM region AS r0", ",\nregion AS r%1$zu",
          " WHERE TRUE", 350, "", ",\nUNNEST([r%1$zu.r_name]) AS n%1$zu" },
        { "joins and their columns", "SELECT 1 FROM region AS r0",
          ",\nregion AS r%1$zu", "", 170, " WHERE TRUE",
          "\nAND r%1$zu.r_regionkey = r%2$zu.r_regionkey" },
        { "joins with USING", "SELECT 1 FROM region AS r0",
          "\nJOIN region AS r%1$zu USING (r_regionkey)", "", 350, NULL, NULL },
        { "aliases in ORDER BY", "SELECT 0 AS a0", ",\nl_tax + %1$zu AS a%1$zu",
          " LIMIT 1", 110, " FROM lineitem ORDER BY a0", ",\na%1$zu" },
        { "aliases in GROUP BY", "SELECT 0 AS a0", ",\nl_tax + %1$zu AS a%1$zu", "",
          110, " FROM lineitem GROUP BY a0", ",\na%1$zu" },
        { "columns of a subquery", "SELECT s.a0 FROM (SELECT 0 AS a0",
          ",\n%1$zu AS a%1$zu", "", 110, ") AS s WHERE TRUE",
          "\nAND s.a%1$zu = a%2$zu" },
        { "EXCEPT list", "SELECT * EXCEPT (a0", ",\na%1$zu", ")", 110,
          ") FROM (SELECT 0 AS a0, 1 AS kept", ",\n%1$zu AS a%1$zu" },
        { "REPLACE list", "SELECT * REPLACE (0 AS a0", ",\na%1$zu + 1 AS a%1$zu", ")",
          110, ") FROM (SELECT 0 AS a0, 1 AS kept", ",\n%1$zu AS a%1$zu" },
        { "STRUCT fields", "SELECT s.f0", ",\ns.f%1$zu AS x%1$zu", ") AS s)", 110,
          " FROM (SELECT STRUCT(0 AS f0", ",\n%1$zu AS f%1$zu" },
        { "named windows", "SELECT 1", ",\nSUM(l_tax) OVER (w%1$zu) AS s%1$zu", "", 128,
          " FROM lineitem WINDOW w0 AS (ORDER BY l_tax)",
          ",\nw%1$zu AS (PARTITION BY l_tax ORDER BY l_orderkey)" },
        { "temporary tables in FROM", "SELECT 1;",
          "\nCREATE TEMP TABLE t%1$zu AS SELECT %1$zu AS x;", " SELECT 2;", 1060, "",
          "\nSELECT x FROM t%1$zu;" },
        { "pipe EXTEND of the one before", "FROM lineitem |> EXTEND l_tax AS e0",
          "\n|> EXTEND e%2$zu + l_discount AS e%1$zu", "", 120 },
        { "aliases of the one before", "SELECT 0 AS a0 FROM lineitem |> EXTEND 0 AS a",
          "\n|> AS t%1$zu |> SET a = t%1$zu.a + a0 |> WHERE a > %1$zu", "", 90 },
        { "CTEs of the one before, all shown",
          "WITH c0 AS (SELECT l_tax AS x FROM lineitem)",
          ",\nc%1$zu AS (SELECT x + 1 AS x FROM c%2$zu)", "", 160,
          " SELECT (SELECT MAX(x) FROM c0)", ",\n(SELECT MAX(x) FROM c%1$zu)" },
        { "recursive CTEs", "WITH RECURSIVE c0 AS (SELECT l_tax AS x FROM lineitem)",
          ",\nc%1$zu AS (SELECT x FROM c%2$zu UNION ALL SELECT x + 1 FROM c%1$zu "
          "WHERE x < 9)",
          " SELECT x FROM c0", 280 },
        { "UNION ALL BY NAME", "SELECT 0 AS kept", ",\n%1$zu AS a%1$zu", "", 110,
          " UNION ALL BY NAME SELECT 0 AS kept", ",\n%1$zu AS a%1$zu" },
        { "UNION ALL of wide queries", "SELECT * FROM lineitem",
          "\nUNION ALL SELECT * FROM lineitem WHERE l_tax > %1$zu", "", 64 },
        { "UNPIVOT list", "SELECT * FROM (SELECT 0 AS a0", ",\n%1$zu AS a%1$zu", "))",
          110, ") UNPIVOT (v FOR n IN (a0", ",\na%1$zu" },
        { "PIVOT list",
          "SELECT * FROM (SELECT l_tax, l_orderkey FROM lineitem) "
          "PIVOT (SUM(l_tax) FOR l_orderkey IN (0",
          ",\n%1$zu AS p%1$zu", "))", 110 },
        { "GROUPING SETS",
          "SELECT SUM(l_tax) FROM lineitem GROUP BY GROUPING SETS (l_tax",
          ",\n(l_orderkey, l_partkey), ROLLUP (l_comment, l_shipmode)", ")", 80 },
        { "INSERT of a query's columns",
          "INSERT INTO region (r_regionkey) SELECT a0 FROM (SELECT 0 AS a0",
          ",\n%1$zu AS a%1$zu", ")", 110 },
        { "lambdas", "SELECT 1",
          ",\nARRAY_FILTER([l_tax], e%1$zu -> e%1$zu > l_discount)", " FROM lineitem",
          120 },
        { "UNNESTs", "SELECT 1 FROM UNNEST([1]) AS u0",
          ",\nUNNEST([u%2$zu]) AS u%1$zu WITH OFFSET AS o%1$zu", "", 350 },
        { "quantified and BETWEEN", "SELECT 1 FROM lineitem WHERE TRUE",
          "\nAND l_tax BETWEEN %1$zu AND l_discount AND l_comment LIKE ANY ('a', "
          "'b%1$zu')",
          "", 110 },
        { "functions and calls", "SELECT 1;",
          "\nCREATE TEMP FUNCTION f%1$zu(x INT64) AS (x + %1$zu);", " SELECT 2;", 1060,
          "", "\nSELECT f%1$zu(l_orderkey), f%1$zu(f%1$zu(1)) FROM lineitem;" },
};

#define SQL_UNIT_MAX 4096

/* One unit into `to`; its length. */
static inline size_t sql_shape_unit(char *to, const char *unit, size_t i, size_t least)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        size_t n = (size_t)snprintf(to, SQL_UNIT_MAX, unit, i, i - 1);
#pragma GCC diagnostic pop

        while (n < least)
                to[n++] = ' ';
        return n;
}

/* The shape's text of at most `size` bytes; NULL without memory. */
static inline char *sql_shape_text(const struct sql_shape *s, size_t size, size_t *ret)
{
        const char *again = s->again ? s->again : "",
                   *middle = s->again ? s->middle : "";
        size_t rest = strlen(middle) + strlen(s->tail), n = 0, count = 0;
        char *text = malloc(size + 1), unit[SQL_UNIT_MAX];

        if (!text)
                return NULL;
        n = strlen(s->head);
        for (size_t need = n + rest; need <= size;) {
                count++;
                need += sql_shape_unit(unit, s->unit, count, s->unit_bytes);
                if (*again)
                        need += sql_shape_unit(unit, again, count, s->unit_bytes);
                if (need > size)
                        count--;
        }
        memcpy(text, s->head, n);
        for (size_t i = 1; i <= count; i++, n += rest) {
                rest = sql_shape_unit(unit, s->unit, i, s->unit_bytes);
                memcpy(text + n, unit, rest);
        }
        memcpy(text + n, middle, strlen(middle));
        n += strlen(middle);
        for (size_t i = 1; *again && i <= count; i++, n += rest) {
                rest = sql_shape_unit(unit, again, i, s->unit_bytes);
                memcpy(text + n, unit, rest);
        }
        memcpy(text + n, s->tail, strlen(s->tail) + 1);
        *ret = n + strlen(s->tail);
        return text;
}
