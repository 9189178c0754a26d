/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sql_lineage.h"

static const struct lineage_row rows[] = {
        { "INSERT of a query, by place",
          "INSERT INTO pairs SELECT id, ssn FROM customers WHERE name = 'x'",
          "k<-customers.id v<-customers.ssn ? customers.name" },
        { "INSERT with a column list", "INSERT pairs (v) SELECT ssn FROM customers",
          "v<-customers.ssn" },
        { "the list's order counts",
          "INSERT INTO pairs (v, K) SELECT name, id FROM customers",
          "v<-customers.name k<-customers.id" },
        { "VALUES",
          "INSERT INTO pairs VALUES (1, (SELECT MAX(ssn) FROM customers)), (2, "
          "DEFAULT)",
          "k<- v<-customers.ssn" },
        { "too few values", "INSERT INTO pairs VALUES (1)",
          "!Inserted row has wrong column count; Has 1, expected 2" },
        { "too many columns of a query", "INSERT INTO pairs (k) SELECT k, v FROM pairs",
          "!Inserted row has wrong column count; Has 2, expected 1" },
        { "a column that is not there", "INSERT INTO pairs (x) VALUES (1)",
          "!Column x is not present in the table written" },
        { "a table that is not there", "INSERT INTO nothing (x) VALUES (1)",
          "!Table not found: nothing" },
        { "VALUES see no columns", "INSERT INTO pairs VALUES (k, v)",
          "!Unrecognized name: k" },
        { "a pipe as the query",
          "INSERT INTO pairs (k) FROM orders |> AGGREGATE MAX(id)", "k<-orders.id" },
        { "what is done to a row that is there already",
          "INSERT INTO pairs (k, v) (SELECT id, note FROM orders) "
          "ON CONFLICT (k) DO UPDATE SET v = CONCAT(pairs.v, excluded.v) WHERE "
          "excluded.k > 1",
          "k<-orders.id v<-orders.note,pairs.v ? orders.id" },
        { "UPDATE", "UPDATE pairs SET v = CONCAT(v, CAST(k AS STRING)) WHERE k = 1",
          "v<-pairs.k,pairs.v ? pairs.k" },
        { "UPDATE with an alias",
          "UPDATE pairs AS t SET t.v = 'x', k = t.k + 1 WHERE TRUE", "v<- k<-pairs.k" },
        { "UPDATE FROM",
          "UPDATE pairs p SET v = c.ssn FROM customers c JOIN orders o ON o.customer = "
          "c.id "
          "WHERE p.k = o.id",
          "v<-customers.ssn ? customers.id,orders.customer,orders.id,pairs.k" },
        { "a field counts as its column",
          "UPDATE customers SET address.city = name, address.zip = ssn WHERE TRUE",
          "address<-customers.name,customers.ssn" },
        { "DEFAULT", "UPDATE pairs SET v = DEFAULT WHERE TRUE", "v<-" },
        { "SET of no column", "UPDATE pairs SET x = 1 WHERE TRUE",
          "!Column x is not present in the table written" },
        { "an element of an array",
          "UPDATE customers SET (UPDATE lines SET sku = name WHERE qty > 1) WHERE id = "
          "1",
          "lines<-customers.name ? customers.id,customers.lines.qty" },
        { "new elements of an array",
          "UPDATE customers c SET (INSERT c.tags VALUES (c.ssn), ('x')) WHERE TRUE",
          "tags<-customers.ssn" },
        { "elements that go",
          "UPDATE customers SET (DELETE tags WHERE tags = name) WHERE TRUE",
          "tags<- ? customers.name,customers.tags" },
        { "DELETE decides only",
          "DELETE FROM pairs t WHERE t.v IN (SELECT note FROM orders)",
          "- ? orders.note,pairs.v" },
        { "DELETE of all", "DELETE pairs WHERE TRUE", "-" },
        { "TRUNCATE", "TRUNCATE TABLE pairs", "-" },
        { "MERGE in full",
          "MERGE pairs t USING (SELECT id, ssn, name FROM customers) s ON t.k = s.id "
          "WHEN MATCHED AND s.name = 'x' THEN UPDATE SET v = s.ssn "
          "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (id, name) "
          "WHEN NOT MATCHED BY SOURCE AND t.v IS NULL THEN DELETE",
          "v<-customers.name,customers.ssn k<-customers.id ? "
          "customers.id,customers.name,pairs.k,pairs.v" },
        { "INSERT ROW takes the source's columns in their order",
          "MERGE pairs USING (SELECT id, ssn FROM customers) s ON FALSE "
          "WHEN NOT MATCHED THEN INSERT ROW",
          "k<-customers.id v<-customers.ssn" },
        { "INSERT ROW with a list",
          "MERGE pairs USING (SELECT ssn, id FROM customers) s ON FALSE "
          "WHEN NOT MATCHED BY TARGET THEN INSERT (v, k) ROW",
          "v<-customers.ssn k<-customers.id" },
        { "INSERT ROW of another width",
          "MERGE pairs USING customers s ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
          "!Inserted row has wrong column count; Has 6, expected 2" },
        { "an INSERT of MERGE does not see the target",
          "MERGE pairs t USING orders s ON t.k = s.id "
          "WHEN NOT MATCHED THEN INSERT (k) VALUES (t.k)",
          "!Unrecognized name: t.k" },
        { "BY SOURCE does not see the source",
          "MERGE pairs t USING orders s ON t.k = s.id "
          "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = s.note",
          "!Unrecognized name: s.note" },
        { "BY SOURCE sees the target",
          "MERGE pairs t USING orders s ON t.k = s.id "
          "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = CAST(k AS STRING)",
          "v<-pairs.k ? orders.id,pairs.k" },
        { "MERGE with a table as the source",
          "MERGE INTO d.pairs USING orders ON pairs.k = orders.id "
          "WHEN MATCHED THEN UPDATE SET v = note, k = pairs.k",
          "v<-orders.note k<-pairs.k ? orders.id,pairs.k" },
        { "THEN RETURN tells what was written and what was there",
          "UPDATE pairs SET v = 'x' WHERE k = 1 THEN RETURN k, v AS now",
          "v<- k<-pairs.k now<-pairs.v ? pairs.k" },
        { "CREATE TABLE AS", "CREATE TABLE x AS SELECT ssn AS a FROM customers",
          "a<-customers.ssn" },
        { "its column list names them",
          "CREATE TABLE x (b STRING, c INT64 NOT NULL) AS SELECT ssn AS a, id FROM "
          "customers",
          "b<-customers.ssn c<-customers.id" },
        { "of another length", "CREATE TABLE x (b STRING) AS SELECT k, v FROM pairs",
          "!The number of columns in the column definition list does not match the "
          "number of "
          "columns in the query" },
        { "constraints are no columns",
          "CREATE TABLE x (b INT64, PRIMARY KEY (b) NOT ENFORCED) AS SELECT k FROM "
          "pairs",
          "b<-pairs.k" },
        { "CREATE TABLE without a query", "CREATE TABLE x (b STRING)", "-" },
        { "CREATE VIEW",
          "CREATE OR REPLACE VIEW d.x (a, b OPTIONS (description = 'x')) AS "
          "SELECT k, v FROM pairs WHERE k > 1",
          "a<-pairs.k b<-pairs.v ? pairs.k" },
        { "CREATE MATERIALIZED VIEW",
          "CREATE MATERIALIZED VIEW x AS SELECT MAX(k) AS m FROM pairs", "m<-pairs.k" },
        { "a view that reads itself",
          "CREATE RECURSIVE VIEW d.x AS SELECT k AS n FROM pairs UNION ALL "
          "SELECT n + (SELECT MAX(id) FROM orders) FROM d.x WHERE n < 3",
          "n<-orders.id,pairs.k ? orders.id,pairs.k" },
        { "CLONE has the rows", "CREATE TABLE x CLONE pairs", "k<-pairs.k v<-pairs.v" },
        { "COPY too", "CREATE TABLE x COPY pairs", "k<-pairs.k v<-pairs.v" },
        { "a snapshot too", "CREATE SNAPSHOT TABLE x CLONE pairs",
          "k<-pairs.k v<-pairs.v" },
        { "LIKE has not", "CREATE TABLE x LIKE pairs", "-" },
        { "EXPORT DATA",
          "EXPORT DATA OPTIONS (uri = 'gs://b/*', format = 'CSV') AS SELECT v FROM "
          "pairs",
          "v<-pairs.v" },
        { "CREATE MODEL",
          "CREATE MODEL m OPTIONS (model_type = 'x') AS SELECT k, v AS label FROM "
          "pairs",
          "k<-pairs.k label<-pairs.v" },
        { "CREATE MODEL of several queries",
          "CREATE MODEL m OPTIONS (model_type = 'x') AS (training_data AS (SELECT k "
          "FROM pairs), "
          "custom_holiday AS (SELECT day FROM orders))",
          "k<-pairs.k day<-orders.day" },
        { "DROP", "DROP TABLE pairs", "-" },
};

static void test_dml(void **state)
{
        (void)state;
        check_lineage(rows, SP_ARRAY_SIZE(rows));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_dml) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
