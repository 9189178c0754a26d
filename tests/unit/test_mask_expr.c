/* SPDX-License-Identifier: Apache-2.0 */
/* One expression for each kind of mask and type of column; and schemas as they arrive.
 */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/plan.h"
#include "tests/test.h"

#define C "sallyport_source.`c`"

static const struct {
        const char *sentence;
        enum sp_mask_kind kind;
        unsigned first, last;
        const char *type, *mode;
        const char *text; /* NULL: refused with mask.type */
} table[] = {
        { "redact a string", SP_MASK_REDACT, 0, 0, "STRING", "", "'[redacted]'" },
        { "redact a required string", SP_MASK_REDACT, 0, 0, "STRING", "REQUIRED",
          "'[redacted]'" },
        { "redact bytes", SP_MASK_REDACT, 0, 0, "BYTES", "", "b''" },
        { "redact an integer", SP_MASK_REDACT, 0, 0, "INTEGER", "NULLABLE", "0" },
        { "redact an integer by its other name", SP_MASK_REDACT, 0, 0, "INT64", "",
          "0" },
        { "redact a float", SP_MASK_REDACT, 0, 0, "FLOAT", "", "CAST(0 AS FLOAT64)" },
        { "redact a numeric", SP_MASK_REDACT, 0, 0, "NUMERIC", "",
          "CAST(0 AS NUMERIC)" },
        { "redact a boolean", SP_MASK_REDACT, 0, 0, "BOOLEAN", "", "FALSE" },
        { "redact a date", SP_MASK_REDACT, 0, 0, "DATE", "", "DATE '1970-01-01'" },
        { "redact JSON", SP_MASK_REDACT, 0, 0, "JSON", "", "JSON 'null'" },
        { "redact a place", SP_MASK_REDACT, 0, 0, "GEOGRAPHY", "",
          "CAST(NULL AS GEOGRAPHY)" },
        { "a required place has no harmless value", SP_MASK_REDACT, 0, 0, "GEOGRAPHY",
          "REQUIRED", NULL },
        { "redact a list", SP_MASK_REDACT, 0, 0, "STRING", "REPEATED",
          "ARRAY<STRING>[]" },
        { "redact a type of the future", SP_MASK_REDACT, 0, 0, "QUATERNION", "", NULL },
        { "null a string", SP_MASK_NULL, 0, 0, "STRING", "", "CAST(NULL AS STRING)" },
        { "null a timestamp", SP_MASK_NULL, 0, 0, "TIMESTAMP", "",
          "CAST(NULL AS TIMESTAMP)" },
        { "null a required string", SP_MASK_NULL, 0, 0, "STRING", "REQUIRED",
          "'[redacted]'" },
        { "null a list", SP_MASK_NULL, 0, 0, "INTEGER", "REPEATED", "ARRAY<INT64>[]" },
        { "hash a string", SP_MASK_HASH, 0, 0, "STRING", "",
          "TO_HEX(SHA256(CONCAT(@sallyport_salt, " C ")))" },
        { "hash bytes", SP_MASK_HASH, 0, 0, "BYTES", "",
          "SHA256(CONCAT(CAST(@sallyport_salt AS BYTES), " C "))" },
        { "hash an integer", SP_MASK_HASH, 0, 0, "INTEGER", "",
          "CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(@sallyport_salt, CAST(" C
          " AS STRING)))), 1, 15)) AS INT64)" },
        { "a date cannot be hashed", SP_MASK_HASH, 0, 0, "DATE", "", NULL },
        { "a list cannot be hashed", SP_MASK_HASH, 0, 0, "STRING", "REPEATED", NULL },
        { "keep the end of a string", SP_MASK_PARTIAL, 0, 4, "STRING", "",
          "IF(CHAR_LENGTH(" C ") > 4, CONCAT(REPEAT('*', CHAR_LENGTH(" C
          ") - 4), SUBSTR(" C ", -4)), REPEAT('*', CHAR_LENGTH(" C ")))" },
        { "keep the beginning of a string", SP_MASK_PARTIAL, 2, 0, "STRING", "",
          "IF(CHAR_LENGTH(" C ") > 2, CONCAT(SUBSTR(" C
          ", 1, 2), REPEAT('*', CHAR_LENGTH(" C ") - 2)), REPEAT('*', CHAR_LENGTH(" C
          ")))" },
        { "an integer has no part", SP_MASK_PARTIAL, 0, 4, "INTEGER", "", NULL },
        { "a list has no part", SP_MASK_PARTIAL, 0, 4, "STRING", "REPEATED", NULL },
};

static void test_expressions(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(table); i++) {
                sp_autobuf to = SP_BUF_INIT(10000), want = SP_BUF_INIT(10000);
                struct sp_column c = { SP_STR("c"), sp_str_c(table[i].type),
                                       sp_str_c(table[i].mode), NULL, 0 };
                struct sp_schema schema = { .columns = &c, .n_columns = 1 };
                struct sp_mask_column mc = { &c,
                                             &c,
                                             c.name,
                                             { .kind = table[i].kind,
                                               .keep_first = table[i].first,
                                               .keep_last = table[i].last } };
                struct sp_mask_table t = { .schema = &schema,
                                           .columns = &mc,
                                           .n_columns = 1 };
                struct sp_err err = SP_ERR_NULL;
                bool needs_salt = false;
                int r = sp_mask_put_subquery(&to, &t, SP_STR("`p.d.t`"), SP_STR_NULL,
                                             &needs_salt, &err);

                if (!table[i].text) {
                        SP_CHECK(table[i].sentence, r == -EPERM);
                        SP_CHECK(table[i].sentence, strcmp(err.id, "mask.type") == 0);
                        continue;
                }
                SP_CHECK(table[i].sentence, r == 0);
                SP_CHECK(table[i].sentence,
                         needs_salt == (table[i].kind == SP_MASK_HASH));
                assert_int_equal(sp_buf_addf(&want,
                                             "(SELECT %s AS `c` FROM `p.d.t` AS "
                                             "sallyport_source)",
                                             table[i].text),
                                 0);
                if (!sp_str_eq(sp_buf_str(&to), sp_buf_str(&want)))
                        fail_msg("%s: %.*s", table[i].sentence,
                                 SP_FMT(sp_buf_str(&to)));
        }
}

static void test_record(void **state sp_unused)
{
        sp_autobuf to = SP_BUF_INIT(10000);
        const struct sp_column inner[] = {
                { SP_STR("a b"), SP_STR("STRING"), SP_STR("REPEATED"), NULL, 0 },
                { SP_STR("n"), SP_STR("FLOAT64"), SP_STR(""), NULL, 0 },
        };
        struct sp_column c = { SP_STR("c"), SP_STR("RECORD"), SP_STR("REPEATED"), inner,
                               2 };
        struct sp_schema schema = { .columns = &c, .n_columns = 1 };
        struct sp_mask_column mc = { &c, &c, c.name, { .kind = SP_MASK_REDACT } };
        struct sp_mask_table t = { .schema = &schema, .columns = &mc, .n_columns = 1 };
        struct sp_err err = SP_ERR_NULL;
        bool needs_salt = false;

        assert_int_equal(sp_mask_put_subquery(&to, &t, SP_STR("`p.d.t`"), SP_STR_NULL,
                                              &needs_salt, &err),
                         0);
        assert_true(sp_str_eq(sp_buf_str(&to),
                              SP_STR("(SELECT ARRAY<STRUCT<`a b` ARRAY<STRING>, "
                                     "`n` FLOAT64>>[] AS `c` FROM `p.d.t` AS "
                                     "sallyport_source)")));
        /* a name that could end its quotes is not written */
        c.name = SP_STR("c` FROM x");
        assert_int_equal(sp_mask_put_subquery(&to, &t, SP_STR("`p.d.t`"), SP_STR_NULL,
                                              &needs_salt, &err),
                         -EPERM);
        assert_string_equal(err.id, "mask.name");
}

/* ---- fields of records ---- */

#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"
#define RECORD(name, mode, fields)                                                     \
        "{\"name\":\"" name "\",\"type\":\"RECORD\",\"mode\":\"" mode                  \
        "\",\"fields\":[" fields "]}"
#define V "sallyport_source"

static const struct {
        const char *sentence;
        const char *masks; /* of p.d.t */
        const char *fields;
        const char *select; /* or the id of the refusal */
        const char *variable;
} nested[] = {
        { "a record keeps its other fields, their order, and whether it is NULL",
          "columns: [p.d.t.a.s], mask: redact",
          FIELD("x", "DATE") "," RECORD("a", "",
                                        FIELD("n", "INTEGER") "," FIELD("s", "STRING")),
          V ".`x`, IF(" V ".`a` IS NULL, NULL, STRUCT(" V
            ".`a`.`n` AS `n`, '[redacted]' AS `s`)) AS `a`",
          V },
        { "a list keeps its order", "columns: [p.d.t.a.s], mask: \"null\"",
          RECORD("a", "REPEATED", FIELD("s", "STRING") "," FIELD("n", "FLOAT")),
          "ARRAY(SELECT IF(" V
          "_e1 IS NULL, NULL, STRUCT(CAST(NULL AS STRING) AS `s`, " V
          "_e1.`n` AS `n`)) FROM UNNEST(" V ".`a`) AS " V "_e1 WITH OFFSET AS " V
          "_o1 ORDER BY " V "_o1) AS `a`",
          V },
        { "a list in a list has variables of its own",
          "columns: [p.d.t.a.b.s], mask: redact",
          RECORD("a", "REPEATED", RECORD("b", "REPEATED", FIELD("s", "STRING"))),
          "ARRAY(SELECT IF(" V "_e1 IS NULL, NULL, STRUCT(ARRAY(SELECT IF(" V
          "_e2 IS NULL, NULL, STRUCT('[redacted]' AS `s`)) FROM UNNEST(" V
          "_e1.`b`) AS " V "_e2 WITH OFFSET AS " V "_o2 ORDER BY " V
          "_o2) AS `b`)) FROM UNNEST(" V ".`a`) AS " V "_e1 WITH OFFSET AS " V
          "_o1 ORDER BY " V "_o1) AS `a`",
          V },
        { "only what has a protected field is built anew",
          "columns: [p.d.t.a.b.s], mask: redact",
          RECORD("a", "NULLABLE",
                 RECORD("k", "", FIELD("s", "STRING")) "," RECORD(
                         "b", "", FIELD("s", "STRING"))) "," RECORD("b", "",
                                                                    FIELD("s",
                                                                          "STRING")),
          "IF(" V ".`a` IS NULL, NULL, STRUCT(" V ".`a`.`k` AS `k`, IF(" V
          ".`a`.`b` IS NULL, NULL, STRUCT('[redacted]' AS `s`)) AS `b`)) AS `a`, " V
          ".`b`",
          V },
        { "a mask of the record hides it whole",
          "columns: [p.d.t.a, p.d.t.a.s], mask: redact",
          RECORD("a", "", FIELD("s", "STRING")),
          "CAST(NULL AS STRUCT<`s` STRING>) AS `a`", V },
        { "a field of a record may be a list", "columns: [p.d.t.a.l], mask: redact",
          RECORD("a", "", "{\"name\":\"l\",\"type\":\"STRING\",\"mode\":\"REPEATED\"}"),
          "IF(" V ".`a` IS NULL, NULL, STRUCT(ARRAY<STRING>[] AS `l`)) AS `a`", V },
        { "no field takes the place of a variable",
          "columns: [p.d.t.a.s], mask: redact",
          RECORD("a", "REPEATED",
                 FIELD("s", "STRING") "," FIELD(
                         "SallyPort_source_e1",
                         "DATE") "," FIELD("sallyport_source_41x", "DATE")),
          "ARRAY(SELECT IF(" V "_42_e1 IS NULL, NULL, STRUCT('[redacted]' AS `s`, " V
          "_42_e1.`SallyPort_source_e1` AS `SallyPort_source_e1`, " V
          "_42_e1.`sallyport_source_41x` AS `sallyport_source_41x`)) FROM UNNEST(" V
          "_42.`a`) AS " V "_42_e1 WITH OFFSET AS " V "_42_o1 ORDER BY " V
          "_42_o1) AS `a`",
          V "_42" },
        { "not even in another spelling of the letters",
          "columns: [p.d.t.a.s], mask: redact",
          RECORD("a", "", FIELD("s", "STRING") "," FIELD("ſallyport_source", "DATE")),
          "IF(" V "_1.`a` IS NULL, NULL, STRUCT('[redacted]' AS `s`, " V
          "_1.`a`.`ſallyport_source` AS `ſallyport_source`)) AS `a`",
          V "_1" },
        { "a mask that cannot hide the field", "columns: [p.d.t.a.s], mask: hash",
          RECORD("a", "", FIELD("s", "DATE")), "mask.type", NULL },
        { "a name that could end its quotes", "columns: [p.d.t.a.s], mask: redact",
          RECORD("a", "", FIELD("s", "STRING") "," FIELD("x` FROM y", "DATE")),
          "mask.name", NULL },
};

static void read_schema(struct sp_arena *a, const char *fields, struct sp_schema *ret)
{
        struct sp_json *json = NULL;
        struct sp_err err = SP_ERR_NULL;
        struct sp_str text = sp_arena_printf(a, "{\"schema\":[%s]}", fields);

        assert_int_equal(sp_json_parse(a, text, &json, &err), 0);
        if (sp_schema_read(a, SP_STR("p.d.t"), json, ret, &err) < 0)
                fail_msg("%s: %s", fields, err.what);
}

static struct sp_policy *read_policy(struct sp_arena *a, const char *masks)
{
        struct sp_policy_file f = {
                SP_STR("m.yaml"),
                sp_arena_printf(a, "version: 1\nmasks:\n- {name: m, %s}\n", masks)
        };
        struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;

        if (sp_policy_load(&f, 1, NULL, 0, &p, &err) < 0)
                fail_msg("%s: %s", masks, err.what);
        return p;
}

static void records_and_lists_are_built_anew(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(nested); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                sp_autobuf to = SP_BUF_INIT(10000), want = SP_BUF_INIT(10000);
                sp_cleanup(sp_policy_unrefp) struct sp_policy *p =
                        read_policy(&a, nested[i].masks);
                const struct sp_principal who = { .workload = SP_STR("ci") };
                struct sp_schema schema;
                const struct sp_mask_input in = {
                        .schemas = &schema, .n_schemas = 1, .policy = p, .who = &who
                };
                struct sp_mask_table t;
                struct sp_err err = SP_ERR_NULL;
                bool needs_salt = false;

                read_schema(&a, nested[i].fields, &schema);
                assert_int_equal(sp_mask_table_find(&a, &in, schema.table, &t, &err),
                                 0);
                if (sp_mask_put_subquery(&to, &t, SP_STR("`p.d.t`"), SP_STR_NULL,
                                         &needs_salt, &err) < 0) {
                        assert_string_equal(err.id, nested[i].select);
                        if (strcmp(err.id, "mask.type") == 0)
                                assert_non_null(strstr(err.what, "column a.s of"));
                        sp_arena_done(&a);
                        continue;
                }
                assert_int_equal(sp_buf_addf(&want, "(SELECT %s FROM `p.d.t` AS %s)",
                                             nested[i].select, nested[i].variable),
                                 0);
                if (!sp_str_eq(sp_buf_str(&to), sp_buf_str(&want)))
                        fail_msg("%s:\n%.*s\n%.*s", nested[i].sentence,
                                 SP_FMT(sp_buf_str(&to)), SP_FMT(sp_buf_str(&want)));
                sp_arena_done(&a);
        }
}

static void masked_columns_are_found_in_schema_order(void **state sp_unused)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = read_policy(
                &a,
                "columns: [p.d.t.z, p.d.t.b.c.*, p.d.t.b.a, p.d.t.a], mask: redact");
        const struct sp_principal who = { .workload = SP_STR("ci") };
        static const char *const want[] = { "z", "b.c.y", "b.c.x", "b.a" };
        struct sp_schema schema;
        const struct sp_mask_input in = {
                .schemas = &schema, .n_schemas = 1, .policy = p, .who = &who
        };
        struct sp_mask_table t;

        read_schema(&a,
                    FIELD("z", "DATE") "," RECORD(
                            "b", "REPEATED",
                            RECORD("c", "",
                                   FIELD("y", "DATE") "," RECORD(
                                           "x", "",
                                           FIELD("q", "DATE"))) "," FIELD("a", "DATE")),
                    &schema);
        assert_int_equal(sp_mask_table_find(&a, &in, schema.table, &t, NULL), 0);
        assert_int_equal(t.n_columns, SP_ARRAY_SIZE(want));
        for (size_t i = 0; i < t.n_columns; i++) {
                SP_CHECK(want[i], sp_str_eq(t.columns[i].path, sp_str_c(want[i])));
                SP_CHECK(want[i], t.columns[i].top == &schema.columns[i > 0]);
        }
        sp_arena_done(&a);
}

static const struct {
        const char *sentence, *json;
        bool is_fine;
        size_t n_columns;
        const char *kind;
} schemas[] = {
        { "an answer of tables.get",
          "{\"etag\":\"e\",\"type\":\"TABLE\",\"schema\":{\"fields\":[{\"name\":\"a\","
          "\"type\":\"STRING\",\"mode\":\"REQUIRED\"}]}}",
          true, 1, "TABLE" },
        { "an answer without type has no kind", "{\"schema\":{\"fields\":[]}}", true, 0,
          "" },
        { "a table without columns", "{\"type\":\"TABLE\",\"schema\":{}}", true, 0,
          "TABLE" },
        { "a catalogue entry is a table",
          "{\"schema\":[{\"name\":\"a\",\"type\":\"DATE\"}]}", true, 1, "TABLE" },
        { "unless it says otherwise", "{\"type\":\"VIEW\",\"schema\":[]}", true, 0,
          "VIEW" },
        { "a catalogue entry with a view is one",
          "{\"view\":{\"query\":\"SELECT 1\"},\"schema\":[]}", true, 0, "VIEW" },
        { "a type that is no string", "{\"type\":1}", false, 0, "" },
        { "a column without a name", "{\"schema\":[{\"type\":\"DATE\"}]}", false, 0,
          "" },
        { "a column without a type", "{\"schema\":[{\"name\":\"a\"}]}", false, 0, "" },
        { "a column that is no object", "{\"schema\":[1]}", false, 0, "" },
        { "fields that are no list", "{\"schema\":{\"fields\":{}}}", false, 0, "" },
        { "a mode that nobody knows",
          "{\"schema\":[{\"name\":\"a\",\"type\":\"DATE\",\"mode\":\"MANY\"}]}", false,
          0, "" },
        { "a record without fields",
          "{\"schema\":[{\"name\":\"a\",\"type\":\"RECORD\"}]}", false, 0, "" },
};

static void test_schemas(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(schemas); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_json *json = NULL;
                struct sp_schema s = { 0 };
                struct sp_err err = SP_ERR_NULL;
                int r;

                assert_int_equal(
                        sp_json_parse(&a, sp_str_c(schemas[i].json), &json, &err), 0);
                r = sp_schema_read(&a, SP_STR("p.d.t"), json, &s, &err);
                SP_CHECK(schemas[i].sentence, (r == 0) == schemas[i].is_fine);
                if (r < 0) {
                        SP_CHECK(schemas[i].sentence, r == -EINVAL);
                        SP_CHECK(schemas[i].sentence,
                                 strcmp(err.id, "mask.schema") == 0);
                } else {
                        SP_CHECK(schemas[i].sentence,
                                 s.n_columns == schemas[i].n_columns);
                        SP_CHECK(schemas[i].sentence,
                                 sp_str_eq(s.kind, sp_str_c(schemas[i].kind)));
                }
                sp_arena_done(&a);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_expressions),
                cmocka_unit_test(test_record),
                cmocka_unit_test(records_and_lists_are_built_anew),
                cmocka_unit_test(masked_columns_are_found_in_schema_order),
                cmocka_unit_test(test_schemas),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
