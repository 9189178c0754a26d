/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/base/buf.h"
#include "daemon/base/json.h"
#include "daemon/mask/mask.h"
#include "tests/test.h"

static const char policy_text[] =
        "version: 1\n"
        "masks:\n"
        "- {name: ssn, columns: [p.crm.customers.ssn], mask: redact}\n"
        "- {name: mail, columns: [p.crm.leads.email], mask: hash}\n"
        "- {name: phone, columns: [p.crm.calls.phone], mask: {partial: {keep_first: 1, "
        "keep_last: 2}}}\n"
        "- {name: nested, columns: [p.crm.people.home.street], mask: redact}\n"
        "- {name: unicode, columns: [p.crm.unicode.größe], mask: redact}\n"
        "- {name: view, columns: [p.crm.v.ssn], mask: redact}\n"
        "- {name: days, columns: [p.crm.days.ssn], mask: redact}\n"
        "- {name: beside, columns: [p.crm.g1.ssn, p.crm.g2.other.ssn], mask: redact}\n"
        "- {name: anywhere, columns: [p.crm.g3.*ssn], mask: redact}\n"
        "- {name: inside, columns: [p.crm.g4.REC.inner.ssn], mask: redact}\n"
        "- {name: within, columns: [p.crm.g5.rec.street], mask: redact}\n"
        "- {name: nowhere, columns: [p.crm.unknown.x, p.crm.plain.none], mask: "
        "redact}\n";

#define GROWS(name)                                                                    \
        "{\"table\":\"p.crm." name "\",\"type\":\"TABLE\",\"schema\":{\"fields\":["    \
        "{\"name\":\"rec\",\"type\":\"RECORD\",\"fields\":["                           \
        "{\"name\":\"street\",\"type\":\"STRING\"},"                                   \
        "{\"name\":\"inner\",\"type\":\"RECORD\",\"fields\":["                         \
        "{\"name\":\"x\",\"type\":\"STRING\"}]}]}]}},"

static const char schemas_text[] = "[" GROWS("g1") GROWS("g2") GROWS("g3") GROWS("g4")
        GROWS("g5") "{\"table\":\"p.crm.customers\",\"type\":\"TABLE\",\"schema\":{"
                    "\"fields\":["
                    "{\"name\":\"id\",\"type\":\"INTEGER\"},{\"name\":\"ssn\",\"type\":"
                    "\"STRING\"},"
                    "{\"name\":\"name\",\"type\":\"STRING\"}]}},"
                    "{\"table\":\"p.crm.leads\",\"type\":\"TABLE\",\"schema\":{"
                    "\"fields\":["
                    "{\"name\":\"Email\",\"type\":\"STRING\"}]}},"
                    "{\"table\":\"p.crm.calls\",\"type\":\"TABLE\",\"schema\":{"
                    "\"fields\":["
                    "{\"name\":\"phone\",\"type\":\"STRING\"},"
                    "{\"name\":\"sallyport_source\",\"type\":\"STRING\"}]}},"
                    "{\"table\":\"p.crm.people\",\"type\":\"TABLE\",\"schema\":{"
                    "\"fields\":["
                    "{\"name\":\"home\",\"type\":\"RECORD\",\"fields\":[{\"name\":"
                    "\"street\","
                    "\"type\":\"STRING\"}]}]}},"
                    "{\"table\":\"p.crm.unicode\",\"type\":\"TABLE\",\"schema\":{"
                    "\"fields\":["
                    "{\"name\":\"GRÖSSE\",\"type\":\"STRING\"},"
                    "{\"name\":\"id\",\"type\":\"INTEGER\"}]}},"
                    "{\"table\":\"p.crm.v\",\"type\":\"VIEW\",\"schema\":{\"fields\":["
                    "{\"name\":\"ssn\",\"type\":\"STRING\"}]}},"
                    "{\"table\":\"p.crm.open_view\",\"type\":\"MATERIALIZED_VIEW\","
                    "\"schema\":{"
                    "\"fields\":[{\"name\":\"id\",\"type\":\"STRING\"}]}},"
                    "{\"table\":\"p.crm.lead*\",\"type\":\"TABLE\",\"schema\":{"
                    "\"fields\":["
                    "{\"name\":\"id\",\"type\":\"INTEGER\"},"
                    "{\"name\":\"email\",\"type\":\"STRING\"}]}},"
                    "{\"table\":\"p.crm.days\",\"type\":\"TABLE\",\"timePartitioning\":"
                    "{\"type\":"
                    "\"DAY\"},\"schema\":{\"fields\":[{\"name\":\"ssn\",\"type\":"
                    "\"STRING\"}]}},"
                    "{\"table\":\"p.crm.plain\",\"type\":\"TABLE\",\"schema\":{"
                    "\"fields\":["
                    "{\"name\":\"id\",\"type\":\"INTEGER\"}]}}]";

#define CUSTOMERS                                                                      \
        "(SELECT sallyport_source.`id`, '[redacted]' AS `ssn`, "                       \
        "sallyport_source.`name` FROM `p.crm.customers` AS sallyport_source)"
#define PLAIN "(SELECT sallyport_source.`id` FROM `p.crm.plain` AS sallyport_source)"
#define LEAD_ALL                                                                       \
        "(SELECT sallyport_source.`id`, TO_HEX(SHA256(CONCAT(@sallyport_salt, "        \
        "sallyport_source.`email`))) AS `email` FROM "
#define LEAD_SUFFIX                                                                    \
        "(SELECT sallyport_source.`id`, TO_HEX(SHA256(CONCAT(@sallyport_salt, "        \
        "sallyport_source.`email`))) AS `email`, sallyport_source._TABLE_SUFFIX AS "   \
        "_TABLE_SUFFIX FROM `p.crm.lead*` AS sallyport_source)"
#define LEADS                                                                          \
        "(SELECT TO_HEX(SHA256(CONCAT(@sallyport_salt, "                               \
        "sallyport_source.`Email`))) AS `Email` FROM `p.crm.leads` AS "                \
        "sallyport_source)"
#define CALLS                                                                          \
        "(SELECT IF(CHAR_LENGTH(sallyport_source_1.`phone`) > 3, "                     \
        "CONCAT(SUBSTR(sallyport_source_1.`phone`, 1, 1), REPEAT('*', "                \
        "CHAR_LENGTH(sallyport_source_1.`phone`) - 3), "                               \
        "SUBSTR(sallyport_source_1.`phone`, -2)), REPEAT('*', "                        \
        "CHAR_LENGTH(sallyport_source_1.`phone`))) AS `phone`, "                       \
        "sallyport_source_1.`sallyport_source` FROM `p.crm.calls` AS "                 \
        "sallyport_source_1)"

struct given {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_schema schemas[24];
        size_t n_schemas;
        struct sp_principal who;
};

static int setup(void **state)
{
        static struct given g;
        struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(policy_text) };
        struct sp_err err = SP_ERR_NULL;
        struct sp_json *list = NULL;

        g = (struct given){ .arena = SP_ARENA_INIT((size_t)64 << 20) };
        g.who.workload = SP_STR("ci");
        if (sp_policy_load(&f, 1, NULL, 0, &g.policy, &err) < 0) {
                print_error("%s: %s\n", err.where, err.what);
                return -1;
        }
        if (sp_json_parse(&g.arena, sp_str_c(schemas_text), &list, &err) < 0)
                return -1;
        for (const struct sp_json *s = list->first; s; s = s->next)
                if (sp_schema_read(&g.arena, sp_json_get_str(s, "table"), s,
                                   &g.schemas[g.n_schemas++], &err) < 0) {
                        print_error("%s\n", err.what);
                        return -1;
                }
        *state = &g;
        return 0;
}

static int teardown(void **state)
{
        struct given *g = *state;

        g->policy = sp_policy_unref(g->policy);
        sp_arena_done(&g->arena);
        return 0;
}

/* Parses and resolves against p.crm, then rewrites. */
static int rewrite(struct given *g, struct sp_arena *a, struct sp_str sql,
                   bool is_positional, struct sp_mask_plan *plan, struct sp_err *err)
{
        struct sp_mask_input in = { .text = sql,
                                    .schemas = g->schemas,
                                    .n_schemas = g->n_schemas,
                                    .policy = g->policy,
                                    .who = &g->who,
                                    .is_positional = is_positional };
        struct sp_sql_script *script = NULL;
        struct sp_str names[256];
        int r = sp_sql_parse(a, sql, &script, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < script->n_statements; i++)
                for (size_t t = 0; t < script->statements[i].n_tables; t++) {
                        const struct sp_sql_table *m = &script->statements[i].tables[t];

                        assert_true(in.n_names < SP_ARRAY_SIZE(names));
                        names[in.n_names++] =
                                m->n_parts == 1 ? sp_arena_printf(a, "p.crm.%.*s",
                                                                  SP_FMT(m->parts[0]))
                                : m->n_parts == 2
                                        ? sp_arena_printf(a, "p.%.*s.%.*s",
                                                          SP_FMT(m->parts[0]),
                                                          SP_FMT(m->parts[1]))
                                        : sp_arena_printf(a, "%.*s.%.*s.%.*s",
                                                          SP_FMT(m->parts[0]),
                                                          SP_FMT(m->parts[1]),
                                                          SP_FMT(m->parts[2]));
                }
        in.names = names;
        in.script = script;
        return sp_mask_rewrite(a, &in, plan, err);
}

/* `text` NULL: as it was; beginning with "mask.": the id of the refusal. */
static const struct {
        const char *sentence, *sql, *text;
} table[] = {
        { "a query without protected tables stays as it is",
          "SELECT id FROM crm.orders", NULL },
        { "a table whose pattern matches no column is read by the columns it has",
          "SELECT * FROM plain", "SELECT * FROM " PLAIN " AS `plain`" },
        { "and so is its whole row", "SELECT TO_JSON_STRING(x) FROM plain AS x",
          "SELECT TO_JSON_STRING(x) FROM " PLAIN " AS x" },
        { "also where it is written down", "CREATE TABLE w.t AS SELECT * FROM plain",
          "CREATE TABLE w.t AS SELECT * FROM " PLAIN " AS `plain`" },
        { "but not in a text that is kept", "CREATE VIEW w.v AS SELECT * FROM plain",
          NULL },
        { "a plain mention gets its implicit alias", "SELECT ssn FROM crm.customers",
          "SELECT ssn FROM " CUSTOMERS " AS `customers`" },
        { "a full name in one pair of backquotes",
          "SELECT * FROM `p.crm.customers` WHERE 1=1",
          "SELECT * FROM " CUSTOMERS " AS `customers` WHERE 1=1" },
        { "an unqualified name is written out in full", "SELECT * FROM customers",
          "SELECT * FROM " CUSTOMERS " AS `customers`" },
        { "a written alias stays", "SELECT c.ssn FROM crm.customers AS c",
          "SELECT c.ssn FROM " CUSTOMERS " AS c" },
        { "an alias without AS stays",
          "SELECT c.ssn FROM crm.customers c, crm.orders o",
          "SELECT c.ssn FROM " CUSTOMERS " c, crm.orders o" },
        { "an escaped name is the same name", "SELECT * FROM crm.`cust\\x6fmers`",
          "SELECT * FROM " CUSTOMERS " AS `customers`" },
        { "comments around it stay", "SELECT 1 FROM /* a */ crm . customers -- b\n",
          "SELECT 1 FROM /* a */ " CUSTOMERS " AS `customers` -- b\n" },
        { "joins mask both sides",
          "SELECT * FROM customers a JOIN crm.leads b ON a.ssn = b.email",
          "SELECT * FROM " CUSTOMERS " a JOIN " LEADS " b ON a.ssn = b.email" },
        { "every mention is masked",
          "SELECT (SELECT MAX(ssn) FROM customers) FROM customers c UNION ALL SELECT "
          "ssn "
          "FROM crm.customers",
          "SELECT (SELECT MAX(ssn) FROM " CUSTOMERS " AS `customers`) FROM " CUSTOMERS
          " c UNION ALL SELECT ssn FROM " CUSTOMERS " AS `customers`" },
        { "a CTE's source is masked, its uses are not touched",
          "WITH x AS (SELECT * FROM customers) SELECT ssn FROM x",
          "WITH x AS (SELECT * FROM " CUSTOMERS " AS `customers`) SELECT ssn FROM x" },
        { "a CTE of the same name hides the table",
          "WITH customers AS (SELECT 1 AS ssn) SELECT ssn FROM customers", NULL },
        { "a hash uses the salt and the column's own spelling",
          "SELECT email FROM leads", "SELECT email FROM " LEADS " AS `leads`" },
        { "the range variable avoids the columns' names", "SELECT * FROM calls",
          "SELECT * FROM " CALLS " AS `calls`" },
        { "time travel goes inside",
          "SELECT * FROM customers FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'",
          "SELECT * FROM (SELECT sallyport_source.`id`, '[redacted]' AS `ssn`, "
          "sallyport_source.`name` FROM `p.crm.customers` AS "
          "sallyport_source FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'\n) AS "
          "`customers`" },
        { "columns qualified by the quoted path follow the subquery's name",
          "SELECT `p.crm.customers`.`ssn`, COUNT(`p.crm.customers` . id) FROM "
          "`p.crm.customers` GROUP BY `p.crm.customers`.`ssn`",
          "SELECT `customers`.`ssn`, COUNT(`customers` . id) FROM " CUSTOMERS
          " AS `customers` GROUP BY `customers`.`ssn`" },
        { "a path qualifies nothing where the name would be somebody else's",
          "SELECT `p.crm.customers`.id FROM `p.crm.customers`, "
          "(SELECT 1 AS one) AS Customers",
          "SELECT `p.crm.customers`.id FROM " CUSTOMERS
          " AS `customers`, (SELECT 1 AS one) AS Customers" },
        { "the path of another table is left alone",
          "SELECT `crm.orders`.id, `crm.customers`.id FROM `crm.orders`, "
          "`crm.customers`",
          "SELECT `crm.orders`.id, `customers`.id FROM `crm.orders`, " CUSTOMERS
          " AS `customers`" },
        { "a sample goes inside, the alias stays",
          "SELECT c.ssn FROM crm.customers c TABLESAMPLE SYSTEM (10 PERCENT) WHERE "
          "TRUE",
          "SELECT c.ssn FROM (SELECT sallyport_source.`id`, '[redacted]' AS `ssn`, "
          "sallyport_source.`name` FROM `p.crm.customers` AS sallyport_source \n"
          "TABLESAMPLE SYSTEM (10 PERCENT)\n) c  WHERE TRUE" },
        { "a sample of the past goes inside",
          "SELECT c.ssn FROM crm.customers AS c FOR SYSTEM_TIME AS OF @t "
          "TABLESAMPLE SYSTEM (@p PERCENT)",
          "SELECT c.ssn FROM (SELECT sallyport_source.`id`, '[redacted]' AS `ssn`, "
          "sallyport_source.`name` FROM `p.crm.customers` AS sallyport_source FOR "
          "SYSTEM_TIME AS OF @t\nTABLESAMPLE SYSTEM (@p PERCENT)\n) AS c " },
        { "a pipe query", "FROM crm.customers |> WHERE ssn = '1' |> SELECT name",
          "FROM " CUSTOMERS " AS `customers` |> WHERE ssn = '1' |> SELECT name" },
        { "the source of an insert",
          "INSERT INTO crm.orders (x) SELECT ssn FROM customers",
          "INSERT INTO crm.orders (x) SELECT ssn FROM " CUSTOMERS " AS `customers`" },
        { "an insert into the table itself",
          "INSERT INTO crm.customers (ssn) SELECT ssn FROM crm.customers",
          "INSERT INTO crm.customers (ssn) SELECT ssn FROM " CUSTOMERS
          " AS `customers`" },
        { "create table as select",
          "CREATE TABLE crm.copy AS SELECT * FROM crm.customers",
          "CREATE TABLE crm.copy AS SELECT * FROM " CUSTOMERS " AS `customers`" },
        { "an update that reads from it",
          "UPDATE crm.orders o SET x = c.ssn FROM crm.customers c WHERE o.id = c.id",
          "UPDATE crm.orders o SET x = c.ssn FROM " CUSTOMERS " c WHERE o.id = c.id" },
        { "an update of unprotected columns",
          "UPDATE crm.customers SET name = 'x' WHERE id = 3", NULL },
        { "a delete by an unprotected column",
          "DELETE FROM crm.customers WHERE customers.id = 3", NULL },
        { "a truncate reads nothing", "TRUNCATE TABLE crm.customers", NULL },
        { "a drop reads nothing", "DROP TABLE crm.customers", NULL },
        { "an update that looks at a protected column",
          "UPDATE crm.customers SET name = 'x' WHERE ssn LIKE '1%'",
          "mask.dml-target" },
        { "in another letter case", "DELETE FROM crm.customers WHERE SSN LIKE '1%'",
          "mask.dml-target" },
        { "or escaped", "DELETE FROM crm.customers WHERE `s\\x73n` LIKE '1%'",
          "mask.dml-target" },
        { "or through the alias", "DELETE FROM crm.customers c WHERE c.ssn LIKE '1%'",
          "mask.dml-target" },
        { "an update that looks at it in another letter case",
          "UPDATE crm.unicode SET id = 1 WHERE `größe` LIKE 'a%'", "mask.dml-target" },
        { "and in another normal form",
          "UPDATE crm.unicode SET id = 1 WHERE `gro\\u0308sse` LIKE 'a%'",
          "mask.dml-target" },
        { "at the whole row by another spelling of the alias",
          "UPDATE crm.unicode AS `ü` SET id = 1 WHERE TO_JSON_STRING(`Ü`) LIKE '%a%'",
          "mask.dml-target" },
        { "an update that copies a protected column",
          "UPDATE crm.customers SET name = ssn WHERE id = 3", "mask.dml-target" },
        { "a delete that looks at the whole row",
          "DELETE FROM crm.customers c WHERE TO_JSON_STRING(c) LIKE '%1%'",
          "mask.dml-target" },
        { "or at the row under its implicit alias",
          "DELETE FROM crm.customers WHERE TO_JSON_STRING(customers) LIKE '%1%'",
          "mask.dml-target" },
        { "or with a star",
          "DELETE FROM crm.customers c WHERE (SELECT TO_JSON_STRING(x) FROM (SELECT "
          "c.*) x) "
          "LIKE '%1%'",
          "mask.dml-target" },
        { "a parameter may have the column's name",
          "UPDATE crm.customers SET name = 'x' WHERE id = @ssn", NULL },
        { "a string may hold the column's name",
          "UPDATE crm.customers SET name = 'ssn' WHERE id = 1", NULL },
        { "an update of a table with protected fields",
          "UPDATE crm.people SET home.street = 'x' WHERE TRUE", "mask.dml-target" },
        { "a merge into another table masks its source",
          "MERGE crm.orders o USING crm.customers c ON o.id = c.id WHEN MATCHED THEN "
          "UPDATE "
          "SET x = c.ssn",
          "MERGE crm.orders o USING " CUSTOMERS
          " c ON o.id = c.id WHEN MATCHED THEN UPDATE "
          "SET x = c.ssn" },
        { "a merge into the table that reads a protected column",
          "MERGE crm.customers c USING crm.orders o ON o.id = c.id WHEN MATCHED AND "
          "c.ssn = "
          "'1' THEN DELETE",
          "mask.dml-target" },
        { "a delete whose subquery reads the table again",
          "DELETE FROM crm.customers WHERE EXISTS (SELECT 1 FROM crm.customers c WHERE "
          "c.id = "
          "1)",
          "DELETE FROM crm.customers WHERE EXISTS (SELECT 1 FROM " CUSTOMERS
          " c WHERE c.id = 1)" },
        { "a protected field of a record", "SELECT home.street FROM crm.people AS p",
          "SELECT home.street FROM (SELECT IF(sallyport_source.`home` IS NULL, NULL, "
          "STRUCT('[redacted]' AS `street`)) AS `home` FROM `p.crm.people` AS "
          "sallyport_source) AS p" },
        { "the alias of another table of the same name is not told apart",
          "DELETE FROM crm.customers WHERE EXISTS (SELECT 1 FROM crm.orders AS "
          "customers)",
          "mask.dml-target" },
        { "a path that begins with the target's alias may be a column",
          "UPDATE crm.customers c SET name = 'x' FROM c.ssn WHERE TRUE",
          "mask.dml-target" },
        { "a copy by metadata would be raw", "CREATE TABLE a.b CLONE crm.customers",
          "mask.table-argument" },
        { "so would a snapshot", "CREATE SNAPSHOT TABLE a.b CLONE crm.customers",
          "mask.table-argument" },
        { "a table function over it",
          "SELECT * FROM ML.PREDICT(MODEL a.m, TABLE crm.customers)",
          "mask.table-argument" },
        { "an alter could take the protection away",
          "ALTER TABLE crm.customers RENAME COLUMN ssn TO note", "mask.statement" },
        { "a view of protected name", "SELECT ssn FROM crm.v", "mask.view" },
        { "a view of any name, its kind known", "SELECT id FROM crm.open_view",
          "mask.view" },
        { "a protected table without schema", "SELECT x FROM crm.unknown",
          "mask.schema-missing" },
        { "a wildcard over protected tables", "SELECT * FROM `p.crm.lead*`",
          "SELECT * FROM " LEAD_ALL "`p.crm.lead*` AS sallyport_source)" },
        { "its alias stays", "SELECT l.email FROM `crm.lead*` AS l",
          "SELECT l.email FROM " LEAD_ALL "`p.crm.lead*` AS sallyport_source) AS l" },
        { "its suffix goes through where the text uses it",
          "SELECT id FROM `crm.lead*` WHERE _table_suffix > '2020'",
          "SELECT id FROM " LEAD_SUFFIX " WHERE _table_suffix > '2020'" },
        { "but then there is no star",
          "SELECT * FROM `crm.lead*` WHERE _TABLE_SUFFIX = ''", "mask.pseudo-column" },
        { "COUNT(*) is none",
          "SELECT COUNT(*), _TABLE_SUFFIX FROM `crm.lead*` GROUP BY 2",
          "SELECT COUNT(*), _TABLE_SUFFIX FROM " LEAD_SUFFIX " GROUP BY 2" },
        { "a wildcard of unknown columns", "SELECT 1 FROM `p.crm.cust*`",
          "mask.schema-missing" },
        { "the time of a partition goes through",
          "SELECT ssn FROM crm.days WHERE _PARTITIONTIME > x",
          "SELECT ssn FROM (SELECT '[redacted]' AS `ssn`, "
          "sallyport_source._PARTITIONTIME "
          "AS _PARTITIONTIME FROM `p.crm.days` AS sallyport_source) AS `days` WHERE "
          "_PARTITIONTIME > x" },
        { "a wildcard over others", "SELECT * FROM `p.crm.events_*`", NULL },
        { "a sample of what a pivot made",
          "SELECT * FROM crm.customers PIVOT(COUNT(id) FOR ssn IN ('1')) AS q "
          "TABLESAMPLE SYSTEM (10 PERCENT)",
          "mask.sampled" },
        { "a form that does not fit behind a subquery",
          "SELECT * FROM crm.customers WITH OFFSET", "mask.verify" },
        { "the implicit alias goes before a pivot, as it would have been",
          "SELECT * FROM crm.customers PIVOT(COUNT(id) FOR ssn IN ('1')) AS q",
          "SELECT * FROM " CUSTOMERS
          " AS `customers` PIVOT(COUNT(id) FOR ssn IN ('1')) AS q" },
        { "an outer alias called like the project",
          "SELECT (SELECT MAX(ssn) FROM p.crm.customers) FROM crm.orders AS p", NULL },
        { "the gateway's own parameter", "SELECT @sallyport_salt",
          "mask.reserved-parameter" },
        { "in any letter case", "SELECT @SallyPort_Salt", "mask.reserved-parameter" },
        { "positional parameters with a hash", "SELECT * FROM leads WHERE id = ?",
          "mask.positional-parameters" },
        { "positional parameters without one", "SELECT * FROM customers WHERE id = ?",
          "SELECT * FROM " CUSTOMERS " AS `customers` WHERE id = ?" },
};

static void test_table(void **state)
{
        unsigned wrong = 0;

        for (size_t i = 0; i < SP_ARRAY_SIZE(table); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)64 << 20);
                struct sp_str sql = sp_str_c(table[i].sql);
                const char *want = table[i].text ? table[i].text : table[i].sql;
                struct sp_mask_plan plan = { .text = SP_STR("") };
                struct sp_err err = SP_ERR_NULL;
                int r = rewrite(*state, &a, sql, false, &plan, &err);
                const char *got = r < 0 ? err.id : plan.text.p;
                size_t n = r < 0 ? strlen(err.id) : plan.text.n;

                if (n != strlen(want) || memcmp(got, want, n) != 0) {
                        print_error("%s:\n  got  %.*s %s\n  want %s\n",
                                    table[i].sentence, (int)n, got,
                                    r < 0 ? err.what : "", want);
                        wrong++;
                } else if (r == 0) {
                        SP_CHECK(table[i].sentence,
                                 plan.is_rewritten == (table[i].text != NULL));
                        SP_CHECK(table[i].sentence,
                                 plan.needs_salt ==
                                         (strstr(want, "@sallyport_salt") != NULL));
                        SP_CHECK(table[i].sentence,
                                 plan.is_rewritten || !plan.n_columns);
                        if (!plan.is_rewritten)
                                SP_CHECK(table[i].sentence, plan.text.p == sql.p);
                }
                sp_arena_done(&a);
        }
        assert_int_equal(wrong, 0);
}

static void test_columns_once(void **state)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)64 << 20);
        struct sp_mask_plan plan;
        struct sp_err err = SP_ERR_NULL;

        assert_int_equal(
                rewrite(*state, &a,
                        SP_STR("SELECT * FROM customers a, crm.customers b, leads, "
                               "orders"),
                        false, &plan, &err),
                0);
        assert_int_equal(plan.n_columns, 2);
        assert_true(sp_str_eq(plan.columns[0].column, SP_STR("p.crm.customers.ssn")));
        assert_int_equal(plan.columns[0].mask.kind, SP_MASK_REDACT);
        assert_true(sp_str_eq(plan.columns[0].mask.rule, SP_STR("m.yaml#ssn")));
        assert_true(sp_str_eq(plan.columns[1].column, SP_STR("p.crm.leads.Email")));
        assert_int_equal(
                rewrite(*state, &a, SP_STR("SELECT * FROM leads"), true, &plan, &err),
                -EPERM);
        assert_string_equal(err.id, "mask.positional-parameters");
        sp_arena_done(&a);
}

static void test_limit(void **state)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)256 << 20);
        sp_autobuf sql = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        struct sp_mask_plan plan;
        struct sp_err err = SP_ERR_NULL;

        assert_int_equal(sp_buf_add(&sql, SP_STR("SELECT * FROM customers -- ")), 0);
        while (sql.n < SP_SQL_TEXT_MAX - 50)
                assert_int_equal(sp_buf_addc(&sql, 'x'), 0);
        assert_int_equal(rewrite(*state, &a, sp_buf_str(&sql), false, &plan, &err),
                         -EPERM);
        assert_string_equal(err.id, "mask.too-long");
        sp_arena_done(&a);
}

/* Whatever the arena has room for, the answer is an error or the right text. */
static void test_memory(void **state)
{
        struct sp_str sql =
                SP_STR("SELECT * FROM customers a JOIN crm.leads b USING (id)");
        size_t failed = 0;
        int r = -ENOMEM;

        for (size_t max = 0; r < 0; max += 256) {
                struct sp_arena a = SP_ARENA_INIT(max);
                struct sp_mask_plan plan = { .text = SP_STR("") };
                struct sp_err err = SP_ERR_NULL;

                r = rewrite(*state, &a, sql, false, &plan, &err);
                if (r < 0)
                        failed++;
                else
                        assert_int_equal(plan.n_columns, 2);
                if (r < 0)
                        assert_int_equal(r, -ENOMEM);
                sp_arena_done(&a);
                assert_true(max < (1 << 20));
        }
        assert_true(failed > 4);
}

/* The text is not read again for each. */
static void test_many_wildcards(void **state)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
        sp_autobuf sql = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        struct sp_mask_plan plan;
        struct sp_err err = SP_ERR_NULL;

        for (size_t i = 0; i < 250; i++)
                assert_int_equal(sp_buf_addf(&sql, "%sSELECT id, %zu FROM `crm.lead*`",
                                             i ? " UNION ALL " : "", i),
                                 0);
        assert_int_equal(rewrite(*state, &a, sp_buf_str(&sql), false, &plan, &err), 0);
        assert_true(plan.is_rewritten);
        sp_arena_done(&a);
}

/* A field that came to it within the minute would show: the columns are asked for anew. */
static void a_record_that_may_get_a_protected_field_is_not_pinned(void **state)
{
        static const struct {
                const char *sentence, *sql;
                bool is_unpinned;
        } of[] = {
                { "no mask looks into records", "SELECT TO_JSON_STRING(rec) FROM g1",
                  false },
                { "into another one", "SELECT TO_JSON_STRING(rec) FROM g2", false },
                { "by a star, into any", "SELECT TO_JSON_STRING(rec) FROM g3", true },
                { "into this one, in other letters",
                  "SELECT TO_JSON_STRING(rec) FROM g4", true },
                { "it is built anew, and what is left in it no mask can name",
                  "SELECT TO_JSON_STRING(rec) FROM g5", false },
                { "where it is written", "CREATE TABLE w.t AS SELECT rec FROM g3",
                  true },
                { "a text that is kept shows its reader's columns",
                  "CREATE VIEW w.v AS SELECT rec FROM g3", false },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(of); i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(16u << 20);
                struct sp_mask_plan plan;
                struct sp_err err = SP_ERR_NULL;
                int r = rewrite(*state, &a, sp_str_c(of[i].sql), false, &plan, &err);

                if (r < 0 || plan.is_unpinned != of[i].is_unpinned)
                        fail_msg("%s: %s %s", of[i].sentence,
                                 r < 0              ? err.what
                                 : plan.is_unpinned ? "unpinned"
                                                    : "pinned",
                                 of[i].sql);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_columns_once),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(a_record_that_may_get_a_protected_field_is_not_pinned),
                cmocka_unit_test(test_memory),
                cmocka_unit_test(test_many_wildcards),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
