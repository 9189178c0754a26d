/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/base/buf.h"
#include "daemon/sql/catalog.h"
#include "daemon/sql/lineage.h"

#include <errno.h>

static int read_text(struct sp_arena *a, const char *json, struct sp_sql_catalog **ret,
                     struct sp_err *err)
{
        return sp_sql_catalog_read(a, sp_str_c(json), ret, err);
}

static void test_tables_and_columns_are_found(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_err err = SP_ERR_NULL;
        struct sp_sql_catalog *c;
        const struct sp_sql_catalog_table *t;
        size_t at = 99;

        (void)state;
        assert_int_equal(read_text(&a,
                                   "{\"tables\":{\"p.d.People\":[{\"name\":\"Id\","
                                   "\"type\":\"INT64\"},"
                                   "{\"name\":\"tags\",\"type\":\"ARRAY<STRING>\"},"
                                   "{\"name\":\"odd\",\"type\":null},{\"name\":null}],"
                                   "\"p.d.rows\":{\"columns\":[{\"name\":\"v\","
                                   "\"type\":\"DATE\"}],"
                                   "\"value_table\":true},\"p.d.none\":[]}}",
                                   &c, &err),
                         0);
        t = sp_sql_catalog_find(c, SP_STR("p.d.People"));
        assert_non_null(t);
        assert_int_equal(t->n_columns, 4);
        assert_false(t->is_value_table);
        assert_true(sp_sql_catalog_column(t, SP_STR("ID"), &at));
        assert_int_equal(at, 0);
        assert_int_equal(t->columns[0].type->kind, SP_SQL_TYPE_INT64);
        assert_true(sp_sql_catalog_column(t, SP_STR("tags"), &at));
        assert_int_equal(at, 1);
        assert_int_equal(t->columns[2].type->kind, SP_SQL_TYPE_UNKNOWN);
        assert_false(sp_sql_catalog_column(t, SP_STR(""), &at));
        assert_false(sp_sql_catalog_column(t, SP_STR("name"), &at));
        assert_null(sp_sql_catalog_find(c, SP_STR("p.d.people")));
        assert_null(sp_sql_catalog_find(c, SP_STR("People")));
        assert_true(sp_sql_catalog_find(c, SP_STR("p.d.rows"))->is_value_table);
        assert_int_equal(sp_sql_catalog_find(c, SP_STR("p.d.none"))->n_columns, 0);
        sp_arena_done(&a);
}

static void test_letter_case_of_tables_counts_unless_told(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_err err = SP_ERR_NULL;
        struct sp_sql_catalog *c;

        (void)state;
        assert_int_equal(read_text(&a,
                                   "{\"tables\":{\"T\":[],\"t\":[]},"
                                   "\"case_insensitive_tables\":false}",
                                   &c, &err),
                         0);
        assert_int_equal(read_text(&a,
                                   "{\"case_insensitive_tables\":true,"
                                   "\"tables\":{\"T\":[]}}",
                                   &c, &err),
                         0);
        assert_non_null(sp_sql_catalog_find(c, SP_STR("t")));
        sp_arena_done(&a);
}

static void test_a_catalogue_that_is_wrong_is_refused_with_its_place(void **state)
{
        static const struct {
                const char *json, *id, *where;
        } rows[] = {
                { "", "json.syntax", "json:1:1" },
                { "[]", "sql.catalog", "catalog:1:1" },
                { "{}", "sql.catalog", "catalog:1:1" },
                { "{\"tables\":[]}", "sql.catalog", "catalog:1:1" },
                { "{\"tables\":{\"\":[]}}", "sql.catalog", "catalog:1:15" },
                { "{\"tables\":{\"t\":3}}", "sql.catalog", "catalog:1:16" },
                { "{\"tables\":{\"t\":{}}}", "sql.catalog", "catalog:1:16" },
                { "{\"tables\":{\n\"t\":[3]}}", "sql.catalog", "catalog:2:6" },
                { "{\"tables\":{\"t\":[{\"type\":\"INT64\"}]}}", "sql.catalog",
                  "catalog:1:17" },
                { "{\"tables\":{\"t\":[{\"name\":\"a\",\"type\":3}]}}", "sql.catalog",
                  "catalog:1:36" },
                { "{\"tables\":{\"t\":[{\"name\":\"a\",\"type\":\"ARRAY<\"}]}}",
                  "sql.catalog", "catalog:1:36" },
                { "{\"tables\":{\"t\":[{\"name\":\"a\"},{\"name\":\"A\"}]}}",
                  "sql.catalog", "catalog:1:30" },
                { "{\"tables\":{\"t\":[],\"t\":[]}}", "json.duplicate-key",
                  "json:1:23" },
                { "{\"tables\":{\"t\":[],\"T\":[]},"
                  "\"case_insensitive_tables\":true}",
                  "sql.catalog", "catalog:1:23" },
                { "{\"tables\":{},\"case_insensitive_tables\":1}", "sql.catalog",
                  "catalog:1:40" },
                { "{\"tables\":{\"t\":{\"columns\":[],\"value_table\":true}}}",
                  "sql.catalog", "catalog:1:16" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_err err = SP_ERR_NULL;
                struct sp_sql_catalog *c = NULL;

                if (read_text(&a, rows[i].json, &c, &err) >= 0 || c ||
                    strcmp(err.id, rows[i].id) != 0 ||
                    strcmp(err.where, rows[i].where) != 0)
                        fail_msg("%s: got %s at %s: %s", rows[i].json,
                                 err.id ? err.id : "nothing", err.where, err.what);
                sp_arena_done(&a);
        }
}

static void test_wide_tables_and_many_tables(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(64 << 20);
        struct sp_sql_catalog *c;
        struct sp_sql_catalog_table *t = NULL;
        struct sp_err err = SP_ERR_NULL;
        char name[32];
        size_t at = 0;

        (void)state;
        assert_int_equal(sp_sql_catalog_new(&a, false, &c), 0);
        for (int i = 0; i < 20000; i++) {
                snprintf(name, sizeof(name), "p.d.t%d", i);
                assert_int_equal(sp_sql_catalog_add(c, sp_str_c(name), &t, &err), 0);
        }
        for (int i = 0; i < SP_SQL_COLUMNS_MAX; i++) {
                snprintf(name, sizeof(name), "c%d", i);
                assert_int_equal(sp_sql_catalog_add_column(
                                         c, t, sp_str_c(name),
                                         sp_sql_type_simple(SP_SQL_TYPE_DATE), &err),
                                 0);
        }
        assert_int_equal(sp_sql_catalog_add_column(c, t, SP_STR("one_more"),
                                                   sp_sql_type_simple(SP_SQL_TYPE_DATE),
                                                   &err),
                         -E2BIG);
        assert_int_equal(sp_sql_catalog_add(c, SP_STR("p.d.t77"), &t, &err), -EEXIST);
        assert_non_null(sp_sql_catalog_find(c, SP_STR("p.d.t0")));
        assert_null(sp_sql_catalog_find(c, SP_STR("p.d.t20000")));
        assert_true(sp_sql_catalog_column(sp_sql_catalog_find(c, SP_STR("p.d.t19999")),
                                          SP_STR("C9999"), &at));
        assert_int_equal(at, 9999);
        sp_arena_done(&a);
}

static void test_without_memory_there_is_no_catalogue_and_no_crash(void **state)
{
        static const char json[] =
                "{\"tables\":{\"a.b\":[{\"name\":\"x\",\"type\":\"STRUCT<y INT64>\"},"
                "{\"name\":\"z\",\"type\":\"named\"}],\"c\":[]}}";
        size_t limit = 0;
        int r;

        (void)state;
        do {
                struct sp_arena a = SP_ARENA_INIT(limit);
                struct sp_err err = SP_ERR_NULL;
                struct sp_sql_catalog *c = NULL;

                r = read_text(&a, json, &c, &err);
                if (r < 0) {
                        assert_int_equal(r, -ENOMEM);
                        assert_int_equal(err.code, -ENOMEM);
                        assert_null(c);
                }
                sp_arena_done(&a);
                limit += 16;
        } while (r < 0 && limit < 100000);
        assert_int_equal(r, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables_and_columns_are_found),
                cmocka_unit_test(test_letter_case_of_tables_counts_unless_told),
                cmocka_unit_test(
                        test_a_catalogue_that_is_wrong_is_refused_with_its_place),
                cmocka_unit_test(test_wide_tables_and_many_tables),
                cmocka_unit_test(
                        test_without_memory_there_is_no_catalogue_and_no_crash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
