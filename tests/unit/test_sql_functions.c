/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/sql/functions.h"
#include "daemon/sql/resolve.h"

#define ALLOWED true
#define REFUSED false

static const struct {
        const char *name;
        bool is_allowed;
} all[] = {
#define F(name_, rule_, allowed_) { name_, allowed_ },
#include "daemon/sql/functions.inc"
#undef F
};

static void test_every_function_is_found_once_by_its_name(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++) {
                if (i && strcmp(all[i - 1].name, all[i].name) >= 0)
                        fail_msg("%s is out of order", all[i].name);
                for (const char *c = all[i].name; *c; c++)
                        if (*c >= 'A' && *c <= 'Z')
                                fail_msg("%s is not lower case", all[i].name);
                if (sp_sql_is_builtin(sp_str_c(all[i].name)) != all[i].is_allowed)
                        fail_msg("%s is not found as it is listed", all[i].name);
        }
}

/* A name more on the allow-list is a decision: it changes this number. */
static void test_the_allow_list_does_not_grow_by_itself(void **state)
{
        size_t n = 0;

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                n += all[i].is_allowed;
        assert_int_equal(n, 298);
}

static void test_what_reaches_out_is_not_allowed(void **state)
{
        static const char *const names[] = {
                "external_query",
                "ai.generate",
                "ai.if",
                "ai.score",
                "ml.distance",
                "ml.predict",
                "keys.new_keyset",
                "aead.decrypt_string",
                "deterministic_decrypt_bytes",
                "dlp_deterministic_decrypt",
                "obj.get_access_url",
                "obj.fetch_metadata",
                "net.host",
                "search",
                "vector_search",
                "p.d.f",
                "d.abs",
                "safe.external_query",
                "safe.safe.abs",
                "safe",
                "safe.",
                "",
                "ABS", /* names are folded before */
                "abs ",
                "appends",
                "changes",
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_sql_is_builtin(sp_str_c(names[i])))
                        fail_msg("%s is allowed", names[i]);
        assert_true(sp_sql_is_builtin(SP_STR("safe.abs")));
        assert_true(sp_sql_is_builtin(SP_STR("hll_count.merge")));
}

static void test_calls_have_types(void **state)
{
        static const struct {
                const char *name, *arguments[3], *want;
        } rows[] = {
                { "count", { NULL }, "INT64" },
                { "lower", { "STRING" }, "STRING" },
                { "reverse", { "BYTES" }, "BYTES" },
                { "safe.lower", { "STRING" }, "STRING" },
                { "sum", { "INT64" }, "INT64" },
                { "sum", { "INT32" }, "INT64" },
                { "sum", { "BIGNUMERIC" }, "BIGNUMERIC" },
                { "avg", { "INT64" }, "FLOAT64" },
                { "avg", { "NUMERIC" }, "NUMERIC" },
                { "round", { "INT64" }, "FLOAT64" },
                { "mod", { "INT64", "NUMERIC" }, "NUMERIC" },
                { "coalesce", { "INT64", "FLOAT64" }, "FLOAT64" },
                { "ifnull", { "NULL", "DATE" }, "DATE" },
                { "if", { "BOOL", "INT64", "NUMERIC" }, "NUMERIC" },
                { "if", { "BOOL", "NULL", "STRING" }, "STRING" },
                { "coalesce", { "error", "STRING" }, "STRING" },
                { "max", { "TIMESTAMP" }, "TIMESTAMP" },
                { "array_agg", { "STRUCT<a INT64>" }, "ARRAY<STRUCT<a INT64>>" },
                { "array_concat", { "ARRAY<INT64>", "ARRAY<INT64>" }, "ARRAY<INT64>" },
                { "array_first", { "ARRAY<DATE>" }, "DATE" },
                { "array_first", { "JSON" }, "UNKNOWN" },
                { "array_transform", { "ARRAY<DATE>", "STRING" }, "ARRAY<STRING>" },
                { "array_sum", { "ARRAY<INT32>" }, "INT64" },
                { "array_avg", { "ARRAY<INT64>" }, "FLOAT64" },
                { "generate_array", { "INT64", "FLOAT64" }, "ARRAY<FLOAT64>" },
                { "generate_date_array", { "DATE", "DATE" }, "ARRAY<DATE>" },
                { "split", { "STRING", "STRING" }, "ARRAY<STRING>" },
                { "range", { "DATE", "NULL" }, "RANGE<DATE>" },
                { "range", { "INT64" }, "UNKNOWN" },
                { "range_start", { "RANGE<DATE>" }, "DATE" },
                { "approx_top_count",
                  { "STRING", "INT64" },
                  "ARRAY<STRUCT<value STRING, count INT64>>" },
                { "approx_top_sum",
                  { "STRING", "NUMERIC", "INT64" },
                  "ARRAY<STRUCT<value STRING, sum NUMERIC>>" },
                { "json_query", { "STRING" }, "STRING" },
                { "json_query", { "JSON" }, "JSON" },
                { "json_value", { "JSON" }, "STRING" },
                { "error", { "STRING" }, "INT64" },
                { "lower", { NULL }, "UNKNOWN" },
                { "d.f", { "STRING" }, "UNKNOWN" },
                { "", { NULL }, "UNKNOWN" },
        };
        struct sp_arena a = SP_ARENA_INIT(1 << 20);

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                const struct sp_sql_value *arguments[3];
                struct sp_sql_value v[3] = { 0 };
                struct sp_str got;
                size_t n = 0;

                for (; n < 3 && rows[i].arguments[n]; n++) {
                        const char *text = rows[i].arguments[n];

                        if (strcmp(text, "NULL") == 0)
                                v[n].type = sp_sql_type_null();
                        else if (strcmp(text, "error") == 0)
                                v[n].type = sp_sql_function_type(&a, SP_STR("error"),
                                                                 NULL, 0);
                        else
                                assert_int_equal(sp_sql_type_parse(&a, sp_str_c(text),
                                                                   &v[n].type, NULL),
                                                 0);
                        arguments[n] = &v[n];
                }
                got = sp_sql_type_text(
                        &a,
                        sp_sql_function_type(&a, sp_str_c(rows[i].name), arguments, n));
                if (!sp_str_eq(got, sp_str_c(rows[i].want)))
                        fail_msg("%s, row %zu: got %.*s", rows[i].name, i, SP_FMT(got));
        }
        sp_arena_done(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_function_is_found_once_by_its_name),
                cmocka_unit_test(test_the_allow_list_does_not_grow_by_itself),
                cmocka_unit_test(test_what_reaches_out_is_not_allowed),
                cmocka_unit_test(test_calls_have_types),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
