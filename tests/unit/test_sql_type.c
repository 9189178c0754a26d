/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/base/buf.h"
#include "daemon/sql/index.h"
#include "daemon/sql/type.h"

#include <errno.h>

static const struct sp_sql_type *type(struct sp_arena *a, const char *text)
{
        const struct sp_sql_type *t = NULL;
        struct sp_err err = SP_ERR_NULL;

        if (sp_sql_type_parse(a, sp_str_c(text), &t, &err) < 0)
                fail_msg("%s: %s", text, err.what);
        return t;
}

static void test_a_type_is_written_as_it_is_read(void **state)
{
        static const struct {
                const char *text, *want; /* NULL: the same */
        } rows[] = {
                { "INT64", NULL },
                { "int64", "INT64" },
                { "integer", "INT64" },
                { "BIGINT", "INT64" },
                { "FLOAT", "FLOAT64" },
                { "decimal(10, 2)", "NUMERIC" },
                { "STRING(10)", "STRING" },
                { "BOOLEAN", "BOOL" },
                { " DATE ", "DATE" },
                { "ARRAY<INT64>", NULL },
                { "array < string(5) >", "ARRAY<STRING>" },
                { "RANGE<DATE>", NULL },
                { "STRUCT<>", NULL },
                { "STRUCT<a INT64, b ARRAY<STRING>>", NULL },
                { "STRUCT<INT64, STRING>", NULL },
                { "STRUCT<date DATE, `a b` STRING, `1` INT64>", NULL },
                { "STRUCT<a STRUCT<b STRUCT<c BYTES>>, d JSON>", NULL },
                { "STRUCT<numeric NUMERIC(3), array ARRAY<INT64>>",
                  "STRUCT<numeric NUMERIC, array ARRAY<INT64>>" },
                { "INT32", NULL },
                { "PROTO<a.b.C>", NULL },
                { "ENUM<a.b.C>", NULL },
                { "some.thing", NULL },
        };
        struct sp_arena a = SP_ARENA_INIT(1 << 20);

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                const char *want = rows[i].want ? rows[i].want : rows[i].text;
                struct sp_str got = sp_sql_type_text(&a, type(&a, rows[i].text));

                if (!sp_str_eq(got, sp_str_c(want)))
                        fail_msg("%s: got %.*s", rows[i].text, SP_FMT(got));
        }
        sp_arena_done(&a);
}

static void test_what_is_no_type_is_an_error(void **state)
{
        static const char *const rows[] = {
                "",
                "<",
                "ARRAY<",
                "ARRAY<>",
                "ARRAY<INT64",
                "INT64 x",
                "STRUCT<a>b",
                "STRUCT<a INT64,>",
                "STRUCT<a INT64 b>",
                "NUMERIC(",
                "`abc",
                "MAP<STRING, INT64",
                "ARRAY<INT64>>",
                "``",
                "STRUCT<a INT64;b INT64>",
        };
        struct sp_arena a = SP_ARENA_INIT(1 << 20);

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                const struct sp_sql_type *t = NULL;
                struct sp_err err = SP_ERR_NULL;
                int r = sp_sql_type_parse(&a, sp_str_c(rows[i]), &t, &err);

                if (r != -EINVAL || t || !err.id || strcmp(err.id, "sql.type") != 0)
                        fail_msg("%s: got %d, %s", rows[i], r, err.what);
        }
        sp_arena_done(&a);
}

/* `before`, `n` times, then "INT64", then `after` as often */
static int parse_nested(struct sp_arena *a, const char *before, size_t n,
                        const char *after, const struct sp_sql_type **ret)
{
        sp_autobuf b = SP_BUF_INIT(1 << 20);
        struct sp_err err = SP_ERR_NULL;

        for (size_t i = 0; i < n; i++)
                assert_int_equal(sp_buf_add(&b, sp_str_c(before)), 0);
        assert_int_equal(sp_buf_add(&b, SP_STR("INT64")), 0);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(sp_buf_add(&b, sp_str_c(after)), 0);
        return sp_sql_type_parse(a, sp_buf_str(&b), ret, &err);
}

static void test_depth_and_size_have_limits(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(16 << 20);
        sp_autobuf b = SP_BUF_INIT(1 << 20);
        const struct sp_sql_type *t = NULL;
        struct sp_err err = SP_ERR_NULL;

        (void)state;
        assert_int_equal(parse_nested(&a, "STRUCT<a ", SP_SQL_TYPE_DEPTH_MAX, ">", &t),
                         0);
        assert_int_equal(
                parse_nested(&a, "STRUCT<a ", SP_SQL_TYPE_DEPTH_MAX + 1, ">", &t),
                -E2BIG);
        assert_int_equal(
                parse_nested(&a, "STRUCT<a ARRAY<", SP_SQL_TYPE_DEPTH_MAX, ">>", &t),
                0);
        assert_int_equal(
                parse_nested(&a, "ARRAY<", SP_SQL_TYPE_LEVELS_MAX - 1, ">", &t), 0);
        assert_int_equal(parse_nested(&a, "ARRAY<", SP_SQL_TYPE_LEVELS_MAX, ">", &t),
                         -E2BIG);

        assert_int_equal(sp_buf_add(&b, SP_STR("STRUCT<c0 INT64")), 0);
        for (int i = 1; i < SP_SQL_TYPE_FIELDS_MAX - 1; i++)
                assert_int_equal(sp_buf_addf(&b, ", c%d INT64", i), 0);
        assert_int_equal(sp_buf_addc(&b, '>'), 0);
        assert_int_equal(sp_sql_type_parse(&a, sp_buf_str(&b), &t, &err), 0);
        assert_int_equal(t->size, SP_SQL_TYPE_FIELDS_MAX);
        b.n--;
        assert_int_equal(sp_buf_add(&b, SP_STR(", x INT64>")), 0);
        assert_int_equal(sp_sql_type_parse(&a, sp_buf_str(&b), &t, &err), -E2BIG);
        sp_arena_done(&a);
}

/* A text may build types by doubling; what is too large in them is not known. */
static void test_types_made_stay_bounded(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(16 << 20);
        const struct sp_sql_type *t = type(&a, "INT64");

        (void)state;
        for (int i = 0; i < 200; i++) {
                const struct sp_sql_field f[] = { { SP_STR("x"), t },
                                                  { SP_STR("y"), t } };

                t = sp_sql_type_struct(&a, f, 2);
                assert_non_null(t);
                assert_true(t->depth <= SP_SQL_TYPE_LEVELS_MAX);
                assert_true(t->size <= SP_SQL_TYPE_FIELDS_MAX);
                assert_int_equal(t->n_fields, 2);
        }
        for (int i = 0; i < 200; i++) {
                t = sp_sql_type_array(&a, t);
                assert_non_null(t);
                assert_true(t->depth <= SP_SQL_TYPE_LEVELS_MAX);
        }
        assert_true(sp_sql_type_text(&a, t).n > 0);
        sp_arena_done(&a);
}

static void test_the_common_type_is_what_both_coerce_to(void **state)
{
        static const struct {
                const char *x, *y, *want;
        } rows[] = {
                { "INT64", "INT64", "INT64" },
                { "INT64", "FLOAT64", "FLOAT64" },
                { "NUMERIC", "INT64", "NUMERIC" },
                { "BIGNUMERIC", "NUMERIC", "BIGNUMERIC" },
                { "BIGNUMERIC", "FLOAT64", "FLOAT64" },
                { "INT32", "INT64", "INT64" },
                { "DATE", "STRING", "DATE" }, /* a literal */
                { "DATE", "TIMESTAMP", "TIMESTAMP" },
                { "STRING", "BYTES", "BYTES" },
                { "STRING", "INT64", "UNKNOWN" },
                { "JSON", "STRING", "UNKNOWN" },
                { "NULL", "STRING", "STRING" },
                { "STRUCT<a INT64>", "NULL", "STRUCT<a INT64>" },
                { "ARRAY<INT64>", "ARRAY<FLOAT64>", "ARRAY<FLOAT64>" },
                { "STRUCT<a INT64, b DATE>", "STRUCT<c NUMERIC, d DATE>",
                  "STRUCT<a NUMERIC, b DATE>" },
                { "STRUCT<a INT64>", "STRUCT<a INT64, b INT64>", "UNKNOWN" },
                { "STRUCT<a INT64>", "ARRAY<INT64>", "UNKNOWN" },
                { "INT64", "some_type", "UNKNOWN" },
                { "STRUCT<a INT64>", "some_type", "STRUCT<a INT64>" },
        };
        struct sp_arena a = SP_ARENA_INIT(1 << 20);

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                for (int swap = 0; swap < 2; swap++) {
                        const char *texts[2] = { rows[i].x, rows[i].y };
                        const struct sp_sql_type *v[2];
                        struct sp_str got;

                        for (int k = 0; k < 2; k++)
                                v[k] = strcmp(texts[k], "NULL") == 0
                                               ? sp_sql_type_null()
                                               : type(&a, texts[k]);
                        if (swap && strstr(rows[i].y, "c NUMERIC"))
                                continue; /* the first one's names count */
                        got = sp_sql_type_text(
                                &a, sp_sql_type_common(&a, v[swap], v[!swap]));
                        if (!sp_str_eq(got, sp_str_c(rows[i].want)))
                                fail_msg("%s, %s: got %.*s", rows[i].x, rows[i].y,
                                         SP_FMT(got));
                }
        sp_arena_done(&a);
}

static void test_a_field_is_found_whatever_its_case(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        const struct sp_sql_type *t =
                type(&a, "STRUCT<Ab INT64, INT64, c DATE, C DATE>");
        sp_autobuf b = SP_BUF_INIT(1 << 20);
        size_t at = 99;

        (void)state;
        assert_int_equal(sp_sql_type_field(t, SP_STR("aB"), &at), 1);
        assert_int_equal(at, 0);
        assert_int_equal(sp_sql_type_field(t, SP_STR("c"), &at), 2);
        assert_int_equal(at, 2);
        assert_int_equal(sp_sql_type_field(t, SP_STR(""), &at), 0);
        assert_int_equal(sp_sql_type_field(t, SP_STR("x"), &at), 0);

        assert_int_equal(sp_buf_add(&b, SP_STR("STRUCT<c0 INT64")), 0);
        for (int i = 1; i < 500; i++)
                assert_int_equal(sp_buf_addf(&b, ", c%d INT64", i % 400), 0);
        assert_int_equal(sp_buf_addc(&b, '>'), 0);
        assert_int_equal(sp_buf_addc(&b, '\0'), 0);
        t = type(&a, b.p);
        assert_non_null(t->index);
        assert_int_equal(sp_sql_type_field(t, SP_STR("C399"), &at), 1);
        assert_int_equal(at, 399);
        assert_int_equal(sp_sql_type_field(t, SP_STR("c7"), &at), 2);
        assert_int_equal(at, 7);
        assert_int_equal(sp_sql_type_field(t, SP_STR("c400"), &at), 0);
        sp_arena_done(&a);
}

static void test_without_memory_there_is_no_type_and_no_crash(void **state)
{
        static const struct sp_str text =
                SP_STR("STRUCT<a ARRAY<STRUCT<b other, c INT64>>, d RANGE<DATE>>");
        size_t limit = 0;
        int r;

        (void)state;
        do {
                struct sp_arena a = SP_ARENA_INIT(limit);
                const struct sp_sql_type *t = NULL;
                struct sp_err err = SP_ERR_NULL;

                r = sp_sql_type_parse(&a, text, &t, &err);
                if (r < 0) {
                        assert_int_equal(r, -ENOMEM);
                        assert_int_equal(err.code, -ENOMEM);
                        assert_null(t);
                }
                sp_arena_done(&a);
                limit += 16;
        } while (r < 0 && limit < 100000);
        assert_int_equal(r, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_type_is_written_as_it_is_read),
                cmocka_unit_test(test_what_is_no_type_is_an_error),
                cmocka_unit_test(test_depth_and_size_have_limits),
                cmocka_unit_test(test_types_made_stay_bounded),
                cmocka_unit_test(test_the_common_type_is_what_both_coerce_to),
                cmocka_unit_test(test_a_field_is_found_whatever_its_case),
                cmocka_unit_test(test_without_memory_there_is_no_type_and_no_crash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
