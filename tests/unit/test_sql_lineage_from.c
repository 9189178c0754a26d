/* SPDX-License-Identifier: Apache-2.0 */
/* FROM: joins, arrays, stored tables, pseudo columns. */
#include "tests/unit/sql_lineage.h"

static const struct lineage_row tables[] = {
        { "a join with a condition", "SELECT * FROM t JOIN u ON t.a = u.a",
          "a<-t.a b<-t.b c<-t.c a<-u.a d<-u.d e<-u.e ? t.a,u.a" },
        { "USING gives the column once, in front", "SELECT * FROM t JOIN u USING (a)",
          "a<-t.a b<-t.b c<-t.c d<-u.d e<-u.e ? t.a,u.a" },
        { "LEFT JOIN USING has the left one", "SELECT a FROM t LEFT JOIN u USING (a)",
          "a<-t.a ? t.a,u.a" },
        { "RIGHT JOIN USING has the right one",
          "SELECT a FROM t RIGHT JOIN u USING (a)", "a<-u.a ? t.a,u.a" },
        { "FULL JOIN USING has either", "SELECT a FROM t FULL JOIN u USING (a)",
          "a<-t.a,u.a ? t.a,u.a" },
        { "each side's own is still there",
          "SELECT t.a, u.a FROM t FULL JOIN u USING (a)", "a<-t.a a<-u.a ? t.a,u.a" },
        { "a table's star has the merged column too",
          "SELECT t.*, u.* FROM t JOIN u USING (a)",
          "a<-t.a b<-t.b c<-t.c a<-u.a d<-u.d e<-u.e ? t.a,u.a" },
        { "USING of no column", "SELECT * FROM t JOIN u USING (b)",
          "!Column b in USING clause not found on right side of join" },
        { "USING twice in a row",
          "SELECT * FROM t AS x JOIN t AS y USING (a, b) JOIN u USING "
          "(a)",
          "a<-t.a b<-t.b c<-t.c c<-t.c d<-u.d e<-u.e ? t.a,t.b,u.a" },
        { "USING hides a field of a row",
          "SELECT * FROM UNNEST([STRUCT(1 AS a, 2 AS k)]) AS r JOIN t "
          "USING (a)",
          "a<- k<- b<-t.b c<-t.c ? t.a" },
        { "USING merges an array's element",
          "SELECT * FROM UNNEST([1]) AS a JOIN t USING (a)",
          "a<- b<-t.b c<-t.c ? t.a" },
        { "USING merges two offsets",
          "SELECT pos FROM UNNEST([1]) WITH OFFSET pos JOIN UNNEST([2]) "
          "WITH OFFSET pos USING (pos)",
          "pos<-" },
        { "a join in parentheses",
          "SELECT t.a, d, pay FROM t JOIN (u JOIN staff ON u.a = "
          "staff.id) ON t.a = u.a",
          "a<-t.a d<-u.d pay<-staff.pay ? staff.id,t.a,u.a" },
        { "what is in parentheses does not see what is beside them",
          "SELECT 1 FROM people AS c, (c.baskets CROSS JOIN t)",
          "!Table not found: c.baskets" },
        { "nor do its names get lost",
          "SELECT n FROM t, (people AS c CROSS JOIN c.baskets AS k), "
          "k.parts",
          "n<-people.baskets.parts.n ? "
          "people.baskets,people.baskets.parts" },
        { "two conditions close two joins",
          "SELECT t.b, s.pay FROM t JOIN u JOIN staff AS s ON u.a = "
          "s.id ON t.a = u.a",
          "b<-t.b pay<-staff.pay ? staff.id,t.a,u.a" },
        { "the same table twice", "SELECT * FROM t JOIN t ON TRUE",
          "!Duplicate table alias t in the same FROM clause" },
        { "a table beside itself",
          "SELECT s.name, b.name FROM staff AS s LEFT JOIN staff AS b "
          "ON s.boss = b.id",
          "name<-staff.name name<-staff.name ? staff.boss,staff.id" },
        { "an array path", "SELECT o.price FROM people AS c, c.baskets AS o",
          "price<-people.baskets.price ? people.baskets" },
        { "an array path of an array path",
          "SELECT price, note FROM people c, c.baskets o, o.parts",
          "price<-people.baskets.price note<-people.baskets.parts.note "
          "? people.baskets,people.baskets.parts" },
        { "an array path is called by its last part",
          "SELECT parts.n FROM people, people.baskets, baskets.parts",
          "n<-people.baskets.parts.n ? "
          "people.baskets,people.baskets.parts" },
        { "an array path through an array",
          "SELECT p.note FROM people, UNNEST(baskets.parts) AS p",
          "note<-people.baskets.parts.note ? people.baskets.parts" },
        { "an array of a stored table", "SELECT note FROM people.baskets.parts",
          "note<-people.baskets.parts.note ? people.baskets.parts" },
        { "UNNEST and its place",
          "SELECT tag, pos FROM people, UNNEST(tags) AS tag WITH OFFSET "
          "AS pos",
          "tag<-people.tags pos<- ? people.tags" },
        { "the place without an alias", "SELECT * FROM UNNEST([1, 2]) AS x WITH OFFSET",
          "x<- offset<-" },
        { "an element hides a column of its name",
          "SELECT name FROM people, UNNEST(baskets) AS name",
          "name<-people.baskets ? people.baskets" },
        { "a star has an element's fields",
          "SELECT id, o.* FROM people CROSS JOIN UNNEST(baskets) AS o",
          "id<-people.id sku<-people.baskets.sku "
          "price<-people.baskets.price parts<-people.baskets.parts ? "
          "people.baskets" },
        { "an element's fields are names",
          "SELECT sku FROM people, UNNEST(baskets) WHERE price > 1",
          "sku<-people.baskets.sku ? "
          "people.baskets,people.baskets.price" },
        { "an element as a whole", "SELECT o FROM people, UNNEST(baskets) AS o",
          "o<-people.baskets ? people.baskets" },
        { "columns of an array subquery stay apart",
          "SELECT r.x FROM t, UNNEST(ARRAY(SELECT AS STRUCT d AS x, e "
          "AS y FROM u)) AS r",
          "x<-u.d" },
        { "PIVOT behind UNNEST does nothing",
          "SELECT * FROM UNNEST([STRUCT(1 AS x, 2 AS y)]) AS r "
          "PIVOT(SUM(x) FOR y IN (1, 2))",
          "x<- y<-" },
        { "a parameter's elements", "SELECT x FROM UNNEST(@list) AS x", "x<-" },
        { "whose fields nobody knows", "SELECT * FROM UNNEST(@list)",
          "!The columns that * stands for are not known: a row has no "
          "known type" },
        { "a name may be a field of such a row", "SELECT k FROM t, UNNEST(@list)",
          "k<-" },
        { "of two rows at once",
          "SELECT k FROM people, UNNEST(some_function(id)), "
          "UNNEST(some_function(name))",
          "k<-people.id,people.name ? people.id,people.name" },
        { "or the outer query's column",
          "SELECT (SELECT b FROM UNNEST(some_function(c))) FROM t",
          "_<-t.b,t.c ? t.c" },
        { "arrays side by side",
          "SELECT one, two FROM t, UNNEST([a] AS one, [b] AS two, mode "
          "=> 'PAD')",
          "one<-t.a two<-t.b" },
        { "an array of the outer query",
          "SELECT (SELECT SUM(o.price) FROM c.baskets AS o) FROM people "
          "AS c",
          "_<-people.baskets.price ? people.baskets" },
        { "an array of the outer query that decides",
          "SELECT c.name FROM people AS c WHERE EXISTS (SELECT 1 FROM "
          "c.baskets AS o WHERE o.price > 1)",
          "name<-people.name ? people.baskets,people.baskets.price" },
        { "the default dataset", "SELECT a FROM t", "a<-t.a" },
        { "the default project", "SELECT iban FROM crm.accounts",
          "iban<-p.crm.accounts.iban" },
        { "no default", "SELECT iban FROM p.crm.accounts",
          "iban<-p.crm.accounts.iban" },
        { "one pair of backquotes", "SELECT accounts.iban FROM `p.crm.accounts`",
          "iban<-p.crm.accounts.iban" },
        { "another dataset", "SELECT iban FROM other.accounts",
          "!Table not found: other.accounts" },
        { "an alias hides a dataset of its name",
          "SELECT 1 FROM t AS crm, crm.accounts",
          "!Name accounts not found inside crm" },
        { "a WITH name does not",
          "WITH crm AS (SELECT 1 AS one) SELECT iban FROM crm.accounts",
          "iban<-p.crm.accounts.iban" },
        { "a view of the schema that is known",
          "SELECT table_name FROM crm.INFORMATION_SCHEMA.TABLES",
          "table_name<-p.crm.INFORMATION_SCHEMA.TABLES.table_name" },
        { "one that is not", "SELECT column_name FROM crm.INFORMATION_SCHEMA.COLUMNS",
          "!Table not found: crm.INFORMATION_SCHEMA.COLUMNS" },
        { "a wildcard table and its suffix",
          "SELECT payload, _TABLE_SUFFIX FROM `logs.events_*` WHERE "
          "_TABLE_SUFFIX = 'x'",
          "payload<-p.logs.events_*.payload _TABLE_SUFFIX<-" },
        { "the suffix under an alias",
          "SELECT e._table_suffix FROM `logs.events_*` AS e", "_table_suffix<-" },
        { "a plain table has no suffix", "SELECT _TABLE_SUFFIX FROM t",
          "!Unrecognized name: _TABLE_SUFFIX" },
        { "pseudo columns are found by name",
          "SELECT a, _PARTITIONTIME, t._PARTITIONDATE, _FILE_NAME FROM "
          "t",
          "a<-t.a _PARTITIONTIME<- _PARTITIONDATE<- _FILE_NAME<-" },
        { "a real column comes before a pseudo column",
          "SELECT _PARTITIONDATE FROM odd", "_PARTITIONDATE<-odd._partitiondate" },
        { "a subquery has no pseudo columns",
          "SELECT _PARTITIONTIME FROM (SELECT a FROM t)",
          "!Unrecognized name: _PARTITIONTIME" },
        { "a subquery may give them a name",
          "SELECT since, x FROM (SELECT _PARTITIONTIME AS since, a AS x "
          "FROM t)",
          "since<- x<-t.a" },
        { "a table without known columns", "SELECT * FROM empty",
          "!The columns of empty are not known" },
        { "its rows can be counted", "SELECT COUNT(*) FROM empty", "_<-" },
        { "time travel",
          "SELECT a FROM t FOR SYSTEM_TIME AS OF "
          "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)",
          "a<-t.a" },
        { "a sample", "SELECT a FROM t TABLESAMPLE SYSTEM (10 PERCENT)", "a<-t.a" },
        { "LATERAL sees its neighbours",
          "SELECT q.x FROM t, LATERAL (SELECT t.b AS x FROM u WHERE u.a "
          "= t.a) AS q",
          "x<-t.b ? t.a,u.a" },
        { "a plain subquery does not",
          "SELECT q.x FROM t, (SELECT t.b AS x FROM u) AS q",
          "!Unrecognized name: t.b" },
        { "a table function", "SELECT * FROM ML.PREDICT(MODEL m, TABLE t)",
          "!The columns of a table function's result are not known" },
        { "an unknown table", "SELECT a FROM nothing", "!Table not found: nothing" },
        { "aliases inside a FROM query",
          "SELECT kv.b FROM (FROM t AS kv |> WHERE a > 1)", "b<-t.b ? t.a" },
        { "a FROM query with an alias", "SELECT q.b FROM (FROM t AS kv) AS q",
          "b<-t.b" },
};

static void test_tables(void **state)
{
        (void)state;
        check_lineage(tables, SP_ARRAY_SIZE(tables));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
