/* SPDX-License-Identifier: Apache-2.0 */
/* Names beyond ASCII: found by letter case and normal form, and refused where it depends
 * on the engine's rule whose name it is. */
#include "tests/unit/sql_lineage.h"

#define ONE_NAME(x, y) "!Whether " x " and " y " are one name is not certain"

#define MARKS_11                                                                       \
        "\\u0301\\u0301\\u0301\\u0301\\u0301\\u0301\\u0301\\u0301\\u0301\\u0301\\u030" \
        "1"

static const struct lineage_row names[] = {
        { "another letter case", "SELECT `GRÖSSE` FROM unicode",
          "GRÖSSE<-unicode.größe" },
        { "another normal form", "SELECT `gro\\u0308ße`, `o\\u0302`.n FROM unicode",
          "gro\u0308ße<-unicode.größe n<-unicode.Ô.n" },
        { "a field", "SELECT u.`ô`.`STRASSE` FROM unicode AS u",
          "STRASSE<-unicode.Ô.straße" },
        { "a field of a value made here",
          "SELECT s.`É` FROM (SELECT STRUCT(ssn AS `é`, id AS n) AS s FROM customers)",
          "É<-customers.ssn" },
        { "a table's alias", "SELECT `Ü`.ssn FROM customers AS `ü`",
          "ssn<-customers.ssn" },
        { "a column's alias, of a subquery",
          "SELECT `Ü` FROM (SELECT ssn AS `ü` FROM customers)", "Ü<-customers.ssn" },
        { "a column of WITH",
          "WITH w AS (SELECT ssn AS `ü` FROM customers) SELECT `Ü` FROM w",
          "Ü<-customers.ssn" },
        { "a variable",
          "DECLARE `ü` STRING; SET `ü` = (SELECT MAX(ssn) FROM customers); SELECT `ü` "
          "AS x",
          "- | - | x<-customers.ssn" },
        { "a correlated name binds to the inner scope",
          "SELECT (SELECT `ü` FROM (SELECT name AS `ü` FROM customers)) AS x FROM "
          "orders AS o",
          "x<-customers.name" },
        { "and in another letter case",
          "SELECT (SELECT `Ü` FROM (SELECT name AS `ü` FROM customers)) AS x FROM "
          "orders AS o",
          "x<-customers.name" },
        { "both scopes have it: the inner one",
          "SELECT (SELECT i.`Ü` FROM (SELECT amount AS `ü`, id FROM orders) AS i WHERE "
          "i.id = o.id) AS x"
          " FROM (SELECT ssn AS `ü`, id FROM customers) AS o",
          "x<-orders.amount ? customers.id,orders.id" },
        { "unqualified",
          "SELECT (SELECT `ü` FROM (SELECT amount AS `ü` FROM orders)) AS x"
          " FROM (SELECT ssn AS `ü` FROM customers)",
          "x<-orders.amount" },
        { "spelled in two ways at two scopes: the inner one or the outer one",
          "SELECT (SELECT `Ü` FROM (SELECT amount AS `ü` FROM orders)) AS x"
          " FROM (SELECT ssn AS `Ü` FROM customers)",
          ONE_NAME("Ü", "ü") },
        { "in two normal forms at two scopes",
          "SELECT (SELECT `u\\u0308` FROM (SELECT amount AS `\\u00fc` FROM orders)) AS "
          "x"
          " FROM (SELECT ssn AS `u\\u0308` FROM customers)",
          ONE_NAME("u\u0308", "ü") },
        { "a letter that is one of ASCII in another form",
          "SELECT (SELECT ssn FROM (SELECT amount AS `\\u017fsn` FROM orders)) AS x "
          "FROM customers AS c",
          ONE_NAME("ssn", "\u017fsn") },
        { "an invisible character",
          "SELECT (SELECT ssn FROM (SELECT amount AS `ss\\u200bn` FROM orders)) AS x "
          "FROM customers AS c",
          "!" },
        { "a dataset that could be an alias",
          "SELECT o.price FROM people AS `\\u212a`, k.baskets AS o",
          ONE_NAME("k", "\u212a") },
        { "a table that could be a WITH query",
          "WITH `\\u017ftaff` AS (SELECT 1 AS pay) SELECT pay FROM staff",
          ONE_NAME("staff", "\u017ftaff") },
        { "an alias that could be a pseudo column",
          "SELECT (SELECT x FROM (SELECT 1 AS `_TABLE_\\u017fUFFIX`, 2 AS x)) AS y "
          "FROM t",
          ONE_NAME("_TABLE_\u017fUFFIX", "_TABLE_SUFFIX") },
        { "a name that PIVOT makes",
          "SELECT K FROM (SELECT k, v FROM pairs) PIVOT(ANY_VALUE(v) FOR k IN (1 AS "
          "`\\u212a`, 2 AS x))",
          ONE_NAME("\u212a", "k") },
        { "names that PIVOT makes of values",
          "SELECT * FROM (SELECT k, v FROM pairs) PIVOT(MAX(k) FOR v IN ('ü', 'Ü'))",
          ONE_NAME("Ü", "ü") },
        { "EXCEPT of one of two", "SELECT * EXCEPT (`Å`) FROM twins",
          ONE_NAME("å", "Å") },
        { "a table that has both, though only its third column is read",
          "SELECT id FROM twins", ONE_NAME("Å", "å") },
        { "columns of two operands by name",
          "SELECT ssn AS `ü` FROM customers FULL UNION ALL BY NAME SELECT note AS `Ü` "
          "FROM orders",
          ONE_NAME("Ü", "ü") },
        { "a character that is not assigned", "SELECT ssn AS `x\\u0378` FROM customers",
          "!What the name x\u0378 is equal to is not certain" },
        { "more marks than a name has",
          "SELECT ssn AS `x" MARKS_11 MARKS_11 MARKS_11 "` FROM customers", "!" },
        { "USING by letter case",
          "SELECT x FROM (SELECT id AS `ü`, name AS x FROM customers) JOIN"
          " (SELECT id AS `ü` FROM orders) USING (`ü`)",
          "x<-customers.name ? customers.id,orders.id" },
        { "EXCEPT, REPLACE",
          "SELECT * EXCEPT (`größe`) REPLACE (id AS `Ô`) FROM unicode",
          "Ô<-unicode.id id<-unicode.id" },
        { "a function of the script",
          "CREATE TEMP FUNCTION `ü`() AS ((SELECT MAX(ssn) FROM customers)); SELECT "
          "`ü`() AS x",
          "- | x<-customers.ssn" },
        { "a function spelled in two ways",
          "CREATE TEMP FUNCTION `ü`() AS ((SELECT MAX(ssn) FROM customers)); SELECT "
          "`Ü`() AS x",
          "! | !" },
        { "text beyond ASCII is no name", "SELECT ssn, 'Ü', 'ü', r'\\d' FROM customers",
          "ssn<-customers.ssn _<- _<- _<-" },
};

static void test_names(void **state)
{
        (void)state;
        check_lineage(names, SP_ARRAY_SIZE(names));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
