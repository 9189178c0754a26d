/* SPDX-License-Identifier: Apache-2.0 */
/* Views: whose definition takes their place, what is kept as it is, what is refused. */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/reading.h"
#include "tests/test.h"

static const char policy_text[] =
        "version: 1\n"
        "masks:\n"
        "- {name: ssn, columns: [p.crm.customers.ssn], mask: redact}\n"
        "- {name: own, columns: [p.crm.own.id], mask: null}\n"
        "- {name: later, columns: [p.crm.later.ssn], mask: redact}\n"
        "- {name: bank, columns: [p.hr.pay.bank], mask: hash}\n"
        "min_groups: [{name: five, tables: [p.hr.few, p.crm.all*], rows: 5}]\n";

#define FIELD(name_, type_) "{\"name\":\"" name_ "\",\"type\":\"" type_ "\"}"
#define TABLE(name_, fields_)                                                          \
        "{\"table\":\"" name_ "\",\"type\":\"TABLE\",\"schema\":{\"fields\":[" fields_ \
        "]}}"
#define VIEW(name_, query_, fields_)                                                   \
        "{\"table\":\"" name_ "\",\"type\":\"VIEW\",\"view\":{\"query\":\"" query_     \
        "\",\"useLegacySql\":false},\"schema\":{\"fields\":[" fields_ "]}}"

#define ID FIELD("id", "INTEGER")
/* clang-format off */
static const char schemas_text[] = "["
        TABLE("p.crm.customers", ID "," FIELD("ssn", "STRING")) ","
        TABLE("p.crm.plain", ID) ","
        TABLE("p.hr.few", ID "," FIELD("x", "FLOAT")) ","
        VIEW("p.hr.counts", "SELECT COUNT(*) AS id FROM hr.few", ID) ","
        TABLE("p.hr.pay", ID "," FIELD("bank", "STRING")) ","
        VIEW("p.crm.all_ids", "SELECT id FROM crm.plain", ID) ","
        VIEW("p.crm.all_ssns", "SELECT ssn FROM crm.customers", FIELD("ssn", "STRING")) ","
        VIEW("p.crm.over_all", "SELECT id FROM crm.all_ids", ID) ","
        VIEW("p.crm.open", "SELECT id FROM crm.plain", ID) ","
        VIEW("p.crm.v", "SELECT id, ssn FROM crm.customers; -- all",
             ID "," FIELD("ssn", "STRING")) ","
        VIEW("p.crm.deep", "SELECT v.ssn AS s FROM crm.v JOIN `crm.plain` "
             "ON v.id = `crm.plain`.id", FIELD("s", "STRING")) ","
        TABLE("p.crm.later", ID) ","
        VIEW("p.crm.whole", "SELECT * FROM crm.later", ID) ","
        VIEW("p.crm.mixed", "SELECT c.ssn, TO_JSON_STRING(w) AS j FROM crm.customers "
             "AS c, crm.whole AS w", FIELD("ssn", "STRING") "," FIELD("j", "STRING")) ","
        VIEW("p.crm.own", "SELECT id FROM crm.plain", ID) ","
        VIEW("p.crm.loop", "SELECT id FROM crm.back", ID) ","
        VIEW("p.crm.back", "SELECT id FROM crm.loop", ID) ","
        VIEW("p.crm.cte", "WITH customers AS (SELECT id FROM crm.customers) "
             "SELECT id FROM customers", ID)
        "]";
/* clang-format on */

struct given {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_schema schemas[20];
        struct sp_mask_view views[20];
        size_t n_schemas, n_views;
        struct sp_principal who;
};

/* d.t is of project p. */
static struct sp_str *name_all(struct sp_arena *a, const struct sp_sql_script *s,
                               size_t *ret_n)
{
        const struct sp_sql_statement *st = &s->statements[0];
        struct sp_str *names = sp_arena_array(a, st->n_tables, sizeof(*names));

        assert_int_equal(s->n_statements, 1);
        for (size_t i = 0; i < st->n_tables; i++) {
                const struct sp_sql_table *t = &st->tables[i];

                assert_int_equal(t->n_parts, 2);
                names[i] = sp_arena_printf(a, "p.%.*s.%.*s", SP_FMT(t->parts[0]),
                                           SP_FMT(t->parts[1]));
        }
        *ret_n = st->n_tables;
        return names;
}

static int setup(void **state)
{
        static struct given g;
        struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(policy_text) };
        struct sp_err err = SP_ERR_NULL;
        struct sp_json *list = NULL;

        g = (struct given){ .arena = SP_ARENA_INIT((size_t)64 << 20) };
        g.who.workload = SP_STR("ci");
        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &g.policy, &err), 0);
        assert_int_equal(sp_json_parse(&g.arena, sp_str_c(schemas_text), &list, &err),
                         0);
        for (const struct sp_json *s = list->first; s; s = s->next) {
                struct sp_schema *to = &g.schemas[g.n_schemas++];
                struct sp_mask_view *v = &g.views[g.n_views];
                struct sp_sql_script *script;

                assert_int_equal(sp_schema_read(&g.arena, sp_json_get_str(s, "table"),
                                                s, to, &err),
                                 0);
                if (!to->definition.n)
                        continue;
                assert_int_equal(sp_sql_parse(&g.arena, to->definition, &script, &err),
                                 0);
                v->name = to->table;
                v->script = script;
                v->names = name_all(&g.arena, script, &v->n_names);
                g.n_views++;
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

static int rewrite(struct given *g, struct sp_arena *a, const char *sql,
                   struct sp_mask_plan *plan, struct sp_mask_reading *reading,
                   struct sp_err *err)
{
        struct sp_mask_input in = { .text = sp_str_c(sql),
                                    .schemas = g->schemas,
                                    .n_schemas = g->n_schemas,
                                    .views = g->views,
                                    .n_views = g->n_views,
                                    .default_project = SP_STR("p"),
                                    .policy = g->policy,
                                    .who = &g->who };
        struct sp_sql_script *script;
        int r;

        assert_int_equal(sp_sql_parse(a, in.text, &script, err), 0);
        in.script = script;
        in.names = name_all(a, script, &in.n_names);
        r = sp_mask_rewrite(a, &in, plan, err);
        return r < 0 ? r : sp_mask_read(a, &in, plan, reading, err);
}

#define CUSTOMERS                                                                      \
        "(SELECT sallyport_source.`id`, '[redacted]' AS `ssn` FROM `p.crm.customers` " \
        "AS sallyport_source) AS `customers`"
#define V                                                                              \
        "(SELECT sallyport_source.`id`, sallyport_source.`ssn` FROM (SELECT id, ssn "  \
        "FROM " CUSTOMERS "\n) AS sallyport_source)"

/* `reaches`: "output=column;…" of the agent's text. */
#define FEW                                                                            \
        "(SELECT sallyport_source.`id`, sallyport_source.`x` FROM `p.hr.few` AS "      \
        "sallyport_source) AS `few`"

static const struct {
        const char *sentence, *sql, *text, *id, *reaches;
} table[] = {
        { "a view over nothing protected stays", "SELECT id FROM crm.open", NULL, NULL,
          "" },
        { "the definition of a view over a protected table takes its place",
          "SELECT ssn FROM crm.v WHERE id = 1",
          "SELECT ssn FROM " V " AS `v` WHERE id = 1", NULL,
          "ssn=p.crm.customers.ssn;" },
        { "the alias stays", "SELECT x.ssn AS a FROM crm.v AS x",
          "SELECT x.ssn AS a FROM " V " AS x", NULL, "a=p.crm.customers.ssn;" },
        { "views below views, and names qualified by a path in them",
          "SELECT * FROM crm.deep",
          "SELECT * FROM (SELECT sallyport_source.`s` FROM (SELECT v.ssn AS s FROM " V
          " AS `v` JOIN `p.crm.plain` ON v.id = `plain`.id\n) AS sallyport_source) AS "
          "`deep`",
          NULL, "s=p.crm.customers.ssn;" },
        { "a WITH name inside is its own", "SELECT id FROM crm.cte",
          "SELECT id FROM (SELECT sallyport_source.`id` FROM (WITH customers AS "
          "(SELECT "
          "id FROM " CUSTOMERS ") SELECT id FROM customers\n) AS sallyport_source) AS "
          "`cte`",
          NULL, "" },
        { "a WITH name of the agent does not reach into it",
          "WITH customers AS (SELECT 1 AS id) SELECT v.ssn FROM crm.v, customers",
          "WITH customers AS (SELECT 1 AS id) SELECT v.ssn FROM " V
          " AS `v`, customers",
          NULL, "ssn=p.crm.customers.ssn;" },
        { "a view with a mask of its own is masked by name", "SELECT id FROM crm.own",
          "SELECT id FROM (SELECT CAST(NULL AS INT64) AS `id` FROM `p.crm.own` AS "
          "sallyport_source) AS `own`",
          NULL, "id=p.crm.own.id;" },
        { "a table that is read in groups: HAVING is added",
          "SELECT COUNT(*) FROM hr.few",
          "SELECT COUNT(*) FROM " FEW " HAVING COUNT(*) >= 5", NULL, NULL },
        { "a view over a table that a mask names is read by the columns that are known",
          "SELECT TO_JSON_STRING(whole) FROM crm.whole",
          "SELECT TO_JSON_STRING(whole) FROM (SELECT sallyport_source.`id` FROM "
          "`p.crm.whole` AS sallyport_source) AS `whole`",
          NULL, NULL },
        { "below a view that is written out, too", "SELECT j FROM crm.mixed",
          "SELECT j FROM (SELECT sallyport_source.`ssn`, sallyport_source.`j` FROM "
          "(SELECT c.ssn, TO_JSON_STRING(w) AS j FROM (SELECT sallyport_source.`id`, "
          "'[redacted]' AS `ssn` FROM `p.crm.customers` AS sallyport_source) AS c, "
          "(SELECT sallyport_source.`id` FROM `p.crm.whole` AS sallyport_source) AS "
          "w\n) AS "
          "sallyport_source) AS `mixed`",
          NULL, NULL },
        { "a view that is read in groups itself", "SELECT id FROM crm.all_ids", NULL,
          "mask.group-shape", NULL },
        { "such a view, in groups", "SELECT COUNT(*) FROM crm.all_ids",
          "SELECT COUNT(*) FROM (SELECT sallyport_source.`id` FROM `p.crm.all_ids` AS "
          "sallyport_source) AS `all_ids` HAVING COUNT(*) >= 5",
          NULL, NULL },
        { "such a view with protected columns below, in groups",
          "SELECT COUNT(*) FROM crm.all_ssns",
          "SELECT COUNT(*) FROM (SELECT sallyport_source.`ssn` FROM (SELECT ssn "
          "FROM " CUSTOMERS
          "\n) AS sallyport_source) AS `all_ssns` HAVING COUNT(*) >= 5",
          NULL, NULL },
        { "a view over such a view", "SELECT id FROM crm.over_all", NULL,
          "mask.group-shape", NULL },
        { "of two columns together: rows that have both",
          "SELECT COVAR_POP(id, x) FROM hr.few",
          "SELECT COVAR_POP(id, x) FROM " FEW " HAVING COUNT(*) >= 5 AND "
          "COUNTIF(id IS NOT NULL AND x IS NOT NULL) >= 5",
          NULL, NULL },
        { "a condition of its own stays within the group's",
          "SELECT id FROM hr.few GROUP BY id HAVING (id = 1) OR NOT id = 2 -- x",
          "SELECT id FROM " FEW
          " GROUP BY id HAVING COUNT(*) >= 5 AND ((id = 1) OR NOT "
          "id = 2) -- x",
          NULL, NULL },
        { "a view of one", "SELECT id FROM hr.counts", NULL, "mask.group-shape", NULL },
        { "a view over itself", "SELECT id FROM crm.loop", NULL, "mask.view-depth",
          NULL },
        { "time travel in a view over a protected table",
          "SELECT id FROM crm.v FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", NULL,
          "mask.view", NULL },
        { "a sample of one", "SELECT id FROM crm.v TABLESAMPLE SYSTEM (1 PERCENT)",
          NULL, "mask.view", NULL },
};

static struct sp_str list(struct sp_arena *a, const struct sp_mask_reading *r)
{
        struct sp_str s = SP_STR("");

        for (size_t i = 0; i < r->n_reaches; i++)
                s = sp_arena_printf(a, "%.*s%.*s=%.*s;", SP_FMT(s),
                                    SP_FMT(r->reaches[i].output),
                                    SP_FMT(r->reaches[i].column));
        return s;
}

static void a_view_is_what_its_definition_reads(void **state)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(table); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)16 << 20);
                struct sp_mask_reading reading = { 0 };
                struct sp_mask_plan plan = { 0 };
                struct sp_err err = SP_ERR_NULL;
                int r = rewrite(*state, &a, table[i].sql, &plan, &reading, &err);

                if (table[i].id) {
                        SP_CHECK(table[i].sentence, r == -EPERM);
                        SP_CHECK(table[i].sentence,
                                 err.id && strcmp(err.id, table[i].id) == 0);
                        sp_arena_done(&a);
                        continue;
                }
                if (r < 0)
                        print_error("%s: %s %s\n", table[i].sentence, err.id, err.what);
                if (r == 0 && table[i].text &&
                    !sp_str_eq(plan.text, sp_str_c(table[i].text)))
                        print_error("%s:\n  got  %.*s\n  want %s\n", table[i].sentence,
                                    SP_FMT(plan.text), table[i].text);
                SP_CHECK(table[i].sentence, r == 0);
                SP_CHECK(table[i].sentence, plan.is_rewritten == !!table[i].text);
                SP_CHECK(table[i].sentence,
                         !table[i].text ||
                                 sp_str_eq(plan.text, sp_str_c(table[i].text)));
                if (reading.unresolved.n || reading.sent_unresolved.n)
                        print_error("%s: %.*s %.*s\n", table[i].sentence,
                                    SP_FMT(reading.unresolved),
                                    SP_FMT(reading.sent_unresolved));
                SP_CHECK(table[i].sentence,
                         !reading.unresolved.n && !reading.sent_unresolved.n);
                SP_CHECK(table[i].sentence,
                         sp_str_eq(list(&a, &reading), sp_str_c(table[i].reaches)));
                sp_arena_done(&a);
        }
}

static void what_stands_in_the_text_is_listed_under_full_names(void **state)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)16 << 20);
        struct sp_mask_reading reading;
        struct sp_mask_plan plan;
        struct sp_err err = SP_ERR_NULL;

        assert_int_equal(rewrite(*state, &a, "SELECT * FROM crm.deep, crm.open", &plan,
                                 &reading, &err),
                         0);
        assert_int_equal(plan.n_names, 3);
        assert_true(sp_str_eq(plan.names[0], SP_STR("p.crm.customers")));
        assert_true(sp_str_eq(plan.names[1], SP_STR("p.crm.plain")));
        assert_true(sp_str_eq(plan.names[2], SP_STR("p.crm.open")));
        assert_int_equal(plan.whole.n_names, 3);
        assert_true(sp_str_eq(plan.whole.names[2], SP_STR("p.crm.plain")));
        assert_int_equal(plan.n_columns, 1);
        assert_int_equal(plan.n_splices, 1);
        sp_arena_done(&a);
}

static void a_view_that_is_mentioned_often_is_worked_out_once(void **state)
{
        /* each view names the one before it ten times: 10^9 mentions if one could */
        struct given *g = *state;
        struct sp_arena a = SP_ARENA_INIT((size_t)512 << 20);
        struct sp_mask_input in = { .schemas = g->schemas,
                                    .policy = g->policy,
                                    .who = &g->who };
        struct sp_schema schemas[11];
        struct sp_mask_view views[10];
        struct sp_sql_script *script;
        struct sp_mask_plan plan;
        struct sp_err err = SP_ERR_NULL;

        schemas[10] = g->schemas[0];
        for (size_t i = 0; i < 10; i++) {
                struct sp_str below = i ? sp_arena_printf(&a, "crm.w%zu", i - 1)
                                        : SP_STR("crm.customers");
                struct sp_str sql = sp_arena_printf(
                        &a, "SELECT a.id, a.ssn FROM %.*s AS a", SP_FMT(below));

                for (char c = 'b'; c < 'k'; c++)
                        sql = sp_arena_printf(&a,
                                              "%.*s JOIN %.*s AS %c ON a.id = %c.id",
                                              SP_FMT(sql), SP_FMT(below), c, c);
                schemas[i] = g->schemas[0];
                schemas[i].table = sp_arena_printf(&a, "p.crm.w%zu", i);
                schemas[i].kind = SP_STR("VIEW");
                assert_int_equal(sp_sql_parse(&a, sql, &script, &err), 0);
                views[i] = (struct sp_mask_view){ .name = schemas[i].table,
                                                  .script = script };
                views[i].names = name_all(&a, script, &views[i].n_names);
        }
        in.schemas = schemas;
        in.n_schemas = 11;
        in.views = views;
        in.n_views = 10;
        in.text = SP_STR("SELECT ssn FROM crm.w9");
        assert_int_equal(sp_sql_parse(&a, in.text, &script, &err), 0);
        in.script = script;
        in.names = name_all(&a, script, &in.n_names);
        assert_int_equal(sp_mask_rewrite(&a, &in, &plan, &err), -EPERM);
        assert_string_equal(err.id, "mask.too-long");
        sp_arena_done(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_view_is_what_its_definition_reads,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_stands_in_the_text_is_listed_under_full_names, setup,
                        teardown),
                cmocka_unit_test_setup_teardown(
                        a_view_that_is_mentioned_often_is_worked_out_once, setup,
                        teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
