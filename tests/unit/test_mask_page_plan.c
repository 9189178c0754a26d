/* SPDX-License-Identifier: Apache-2.0 */
/* Plans from schemas and policies: the same masks as in SQL, no others; and which cells come for which
 * fields asked for. */
#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/mask/page.h"
#include "daemon/mask/plan.h"
#include "tests/test.h"

static const char policy_text[] =
        "version: 1\n"
        "masks:\n"
        "- {name: redacted, columns: [p.d.t.redacted, p.d.t.home.street], mask: "
        "redact}\n"
        "- {name: nulled, columns: [p.d.t.nulled, p.d.t.phones.number], mask: "
        "\"null\"}\n"
        "- {name: hashed, columns: [p.d.t.hashed], mask: hash}\n"
        "- {name: partial, columns: [p.d.t.partial], mask: {partial: {keep_first: 1, "
        "keep_last: 2}}}\n"
        "- {name: token, columns: [p.d.t.token], mask: tokenize}\n"
        "- {name: cut, columns: [p.d.t.cut], mask: {truncate: {to: month}}}\n"
        "- {name: stepped, columns: [p.d.t.stepped], mask: {truncate: {to: 100}}}\n"
        "- {name: whole, columns: [p.d.t.work, p.d.t.work.street], mask: redact}\n";

static struct sp_policy *load(void)
{
        struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(policy_text) };
        struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;

        if (sp_policy_load(&f, 1, NULL, 0, &p, &err) < 0)
                fail_msg("%s: %s (%s)", err.where, err.what, err.id);
        return p;
}

static int plan(struct sp_arena *a, const struct sp_schema *s, const char *selected,
                bool is_int64, struct sp_page_plan *ret, struct sp_err *e)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load();
        const struct sp_principal who = { .workload = SP_STR("ci") };
        const struct sp_page_source from = { .schema = s,
                                             .policy = p,
                                             .who = &who,
                                             .now_us = 1,
                                             .selected = sp_str_c(selected),
                                             .salt = SP_STR("salt"),
                                             .is_int64_timestamp = is_int64 };
        int r = sp_page_plan_make(a, &from, ret, e);

        /* the policy goes: of the plan only the rules' names point into it */
        for (size_t i = 0; r == 0 && i < ret->n_masked; i++)
                assert_true(ret->masked[i].mask.rule.n > 0);
        return r;
}

/* ---- one column, every type, mode and mask ---- */

static const char *const types[] = {
        "STRING",     "BYTES",      "INTEGER", "INT64",      "FLOAT",    "FLOAT64",
        "NUMERIC",    "BIGNUMERIC", "BOOLEAN", "BOOL",       "DATE",     "DATETIME",
        "TIME",       "TIMESTAMP",  "JSON",    "GEOGRAPHY",  "INTERVAL", "DECIMAL",
        "BIGDECIMAL", "RECORD",     "STRUCT",  "QUATERNION",
};
static const char *const modes[] = { "", "NULLABLE", "REQUIRED", "REPEATED" };
static const struct {
        const char *column;
        struct sp_mask mask;
} masks[] = {
        { "redacted", { SP_MASK_REDACT, 0, 0, { NULL, 0 } } },
        { "nulled", { SP_MASK_NULL, 0, 0, { NULL, 0 } } },
        { "hashed", { SP_MASK_HASH, 0, 0, { NULL, 0 } } },
        { "partial", { SP_MASK_PARTIAL, 1, 2, { NULL, 0 } } },
        { "token", { SP_MASK_TOKENIZE, 0, 0, { NULL, 0 } } },
        { "cut", { SP_MASK_TRUNCATE, 0, 0, { NULL, 0 }, SP_UNIT_MONTH, 0 } },
        { "stepped", { SP_MASK_TRUNCATE, 0, 0, { NULL, 0 }, SP_UNIT_NONE, 100 } },
};

static void a_mask_fits_a_column_here_where_it_does_in_SQL(void **state)
{
        static const struct sp_column inner = { SP_STR("x"), SP_STR("STRING"),
                                                SP_STR(""), NULL, 0 };
        const size_t n_masks = SP_ARRAY_SIZE(masks), n_of_type = n_masks * 4;
        unsigned fit = 0;

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(types) * n_of_type; i++) {
                const char *type = types[i / n_of_type], *mode = modes[i / n_masks % 4];
                bool is_record = i / n_of_type == 19 || i / n_of_type == 20;
                const struct sp_column c = { sp_str_c(masks[i % n_masks].column),
                                             sp_str_c(type), sp_str_c(mode),
                                             is_record ? &inner : NULL, is_record };
                const struct sp_schema s = { SP_STR("p.d.t"), SP_STR("e"),
                                             SP_STR("TABLE"), &c, 1 };
                struct sp_mask_column mc = { &c, &c, c.name, masks[i % n_masks].mask };
                const struct sp_mask_table t = { .schema = &s,
                                                 .columns = &mc,
                                                 .n_columns = 1 };
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_err e = SP_ERR_NULL;
                sp_autobuf sql = SP_BUF_INIT(10000);
                struct sp_page_plan p;
                bool salt = false;
                int in_sql = sp_mask_put_subquery(&sql, &t, SP_STR("p.d.t"),
                                                  SP_STR_NULL, &salt, &e);
                int r = plan(&a, &s, "", false, &p, &e);

                if (r != in_sql)
                        fail_msg("%s %s, %s: %d here, %d in SQL", type, mode,
                                 masks[i % n_masks].column, r, in_sql);
                if (r < 0)
                        assert_string_equal(e.id, "mask.type");
                else
                        assert_true(p.n_columns == 1 && p.n_masked == 1 &&
                                    p.columns[0].action != SP_PAGE_KEEP);
                fit += r == 0;
                sp_arena_done(&a);
        }
        assert_true(fit > 50 && fit < SP_ARRAY_SIZE(types) * n_of_type);
}

static const struct {
        const char *sentence, *type, *mode, *column, *fixed;
        bool is_int64;
} fixed[] = {
        { "a string", "STRING", "", "redacted", "\"[redacted]\"", false },
        { "bytes", "BYTES", "", "redacted", "\"\"", false },
        { "an integer", "INTEGER", "", "redacted", "\"0\"", false },
        { "a float, as BigQuery writes nought", "FLOAT", "", "redacted", "\"0.0\"",
          false },
        { "a numeric", "NUMERIC", "", "redacted", "\"0\"", false },
        { "a boolean", "BOOLEAN", "", "redacted", "\"false\"", false },
        { "a date", "DATE", "", "redacted", "\"1970-01-01\"", false },
        { "a datetime", "DATETIME", "", "redacted", "\"1970-01-01T00:00:00\"", false },
        { "a time", "TIME", "", "redacted", "\"00:00:00\"", false },
        { "a timestamp as seconds", "TIMESTAMP", "", "redacted", "\"0.0\"", false },
        { "a timestamp as microseconds", "TIMESTAMP", "", "redacted", "\"0\"", true },
        { "JSON", "JSON", "", "redacted", "\"null\"", false },
        { "a place has no harmless value", "GEOGRAPHY", "", "redacted", "null", false },
        { "a list", "DATE", "REPEATED", "redacted", "[]", false },
        { "NULL", "DATE", "", "nulled", "null", false },
        { "NULL where none may be", "DATE", "REQUIRED", "nulled", "\"1970-01-01\"",
          false },
        { "NULL for a list", "DATE", "REPEATED", "nulled", "[]", false },
};

static void what_is_redacted_reads_as_its_type(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(fixed); i++) {
                const struct sp_column c = { sp_str_c(fixed[i].column),
                                             sp_str_c(fixed[i].type),
                                             sp_str_c(fixed[i].mode), NULL, 0 };
                const struct sp_schema s = { SP_STR("p.d.t"), SP_STR("e"),
                                             SP_STR("TABLE"), &c, 1 };
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_err e = SP_ERR_NULL;
                struct sp_page_plan p;

                SP_CHECK(fixed[i].sentence,
                         plan(&a, &s, "", fixed[i].is_int64, &p, &e) == 0);
                SP_CHECK(fixed[i].sentence, p.columns[0].action == SP_PAGE_FIXED);
                SP_CHECK(fixed[i].sentence,
                         sp_str_eq(p.columns[0].fixed, sp_str_c(fixed[i].fixed)));
                sp_arena_done(&a);
        }
}

/* ---- a table with everything ---- */

static const char table_text[] =
        "{\"etag\":\"e\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\",\"mode\":\"REQUIRED\"},"
        "{\"name\":\"redacted\",\"type\":\"STRING\"},"
        "{\"name\":\"home\",\"type\":\"RECORD\",\"fields\":["
        "{\"name\":\"street\",\"type\":\"STRING\"},{\"name\":\"city\",\"type\":"
        "\"STRING\"}]},"
        "{\"name\":\"phones\",\"type\":\"RECORD\",\"mode\":\"REPEATED\",\"fields\":["
        "{\"name\":\"kind\",\"type\":\"STRING\"},{\"name\":\"number\",\"type\":"
        "\"STRING\"}]},"
        "{\"name\":\"work\",\"type\":\"RECORD\",\"fields\":["
        "{\"name\":\"street\",\"type\":\"STRING\"}]},"
        "{\"name\":\"hashed\",\"type\":\"STRING\"}]}}";

static const char action_letters[] = { 'k', 'f', 'h', 'p', 's' };

/* "id:k home(street:f city:k)" */
static void show(const struct sp_page_column *c, size_t n, struct sp_buf *to)
{
        for (size_t i = 0; i < n; i++) {
                assert_int_equal(sp_buf_addf(to, "%s%.*s%s:%c", i ? " " : "",
                                             SP_FMT(c[i].name),
                                             c[i].is_repeated ? "*" : "",
                                             action_letters[c[i].action]),
                                 0);
                if (!c[i].n_fields)
                        continue;
                assert_int_equal(sp_buf_addc(to, '('), 0);
                show(c[i].fields, c[i].n_fields, to);
                assert_int_equal(sp_buf_addc(to, ')'), 0);
        }
}

static const struct {
        const char *sentence, *selected;
        const char *plan, *fields; /* plan NULL: refused */
        size_t masked;
} selections[] = {
        { "nothing selected is everything", "",
          "id:k redacted:f home:k(street:f city:k) phones*:k(kind:k number:f) "
          "work:f(street:k) hashed:h",
          "", 5 },
        { "columns come in the table's order, whatever was asked", "hashed,id",
          "id:k hashed:h", "id,hashed", 1 },
        { "a field is one of a record with fewer", "home.city,id",
          "id:k home:k(city:k)", "id,home.city", 0 },
        { "fields of a record come in its order", "phones.number,phones.kind",
          "phones*:k(kind:k number:f)", "phones.kind,phones.number", 1 },
        { "a record with one of its fields is the record", "home.city,home",
          "home:k(street:f city:k)", "home", 1 },
        { "twice is once", "id,id", "id:k", "id", 0 },
        { "letter case does not matter", "HOME.Street,ID", "id:k home:k(street:f)",
          "id,home.street", 1 },
        { "a field of a masked record is hidden with it", "work.street",
          "work:f(street:k)", "work.street", 1 },
        { "an unknown column is refused", "id,ssn", NULL, NULL, 0 },
        { "an unknown field is refused", "home.zip", NULL, NULL, 0 },
        { "a field of a scalar is refused", "id.x", NULL, NULL, 0 },
        { "an empty name is refused", "id,,hashed", NULL, NULL, 0 },
        { "a comma at the end is refused", "id,", NULL, NULL, 0 },
        { "a name with a blank is refused", "id, hashed", NULL, NULL, 0 },
};

static void the_plan_has_the_cells_that_come(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(selections); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_err e = SP_ERR_NULL;
                sp_autobuf text = SP_BUF_INIT(10000);
                struct sp_page_plan p;
                struct sp_schema s;
                struct sp_json *o;
                int r;

                assert_int_equal(sp_json_parse(&a, sp_str_c(table_text), &o, &e), 0);
                assert_int_equal(sp_schema_read(&a, SP_STR("p.d.t"), o, &s, &e), 0);
                r = plan(&a, &s, selections[i].selected, false, &p, &e);
                if (!selections[i].plan) {
                        SP_CHECK(selections[i].sentence, r == -EINVAL);
                        SP_CHECK(selections[i].sentence,
                                 strcmp(e.id, "mask.selected-fields") == 0);
                        sp_arena_done(&a);
                        continue;
                }
                SP_CHECK(selections[i].sentence, r == 0);
                show(p.columns, p.n_columns, &text);
                if (!sp_str_eq(sp_buf_str(&text), sp_str_c(selections[i].plan)))
                        fail_msg("%s: %.*s", selections[i].sentence,
                                 SP_FMT(sp_buf_str(&text)));
                SP_CHECK(selections[i].sentence,
                         sp_str_eq(p.fields, sp_str_c(selections[i].fields)));
                SP_CHECK(selections[i].sentence, p.n_masked == selections[i].masked);
                sp_arena_done(&a);
        }
}

static void only_plain_tables_are_planned(void **state)
{
        static const char *const kinds[] = { "VIEW", "EXTERNAL", "MATERIALIZED_VIEW",
                                             "SNAPSHOT", "" };
        const struct sp_column c = { SP_STR("c"), SP_STR("STRING"), SP_STR(""), NULL,
                                     0 };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(kinds); i++) {
                const struct sp_schema s = { SP_STR("p.d.t"), SP_STR("e"),
                                             sp_str_c(kinds[i]), &c, 1 };
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_err e = SP_ERR_NULL;
                struct sp_page_plan p;

                assert_int_equal(plan(&a, &s, "", false, &p, &e), -EPERM);
                assert_string_equal(e.id, "mask.not-a-table");
                sp_arena_done(&a);
        }
}

static void rows_of_groups_are_not_previewed(void **state)
{
        static const char text[] =
                "version: 1\n"
                "min_groups: [{name: five, tables: [p.d.t], rows: 5, "
                "except: {groups: [hr]}}]\n";
        const struct sp_policy_file f = { SP_STR("g.yaml"), sp_str_c(text) };
        const struct sp_column c = { SP_STR("c"), SP_STR("STRING"), SP_STR(""), NULL,
                                     0 };
        const struct sp_schema s = { SP_STR("p.d.t"), SP_STR("e"), SP_STR("TABLE"), &c,
                                     1 };
        const struct sp_str hr = SP_STR("hr");
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_principal who = { .workload = SP_STR("ci") };
        struct sp_page_source from = { .schema = &s, .who = &who };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
        struct sp_err e = SP_ERR_NULL;
        struct sp_page_plan plan;

        (void)state;
        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &p, &e), 0);
        from.policy = p;
        assert_int_equal(sp_page_plan_make(&a, &from, &plan, &e), -EPERM);
        assert_string_equal(e.id, "mask.group-shape");
        who.groups = &hr;
        who.n_groups = 1;
        assert_int_equal(sp_page_plan_make(&a, &from, &plan, &e), 0);
        sp_arena_done(&a);
}

static void too_many_selected_fields_are_refused(void **state)
{
        const struct sp_column c = { SP_STR("c"), SP_STR("STRING"), SP_STR(""), NULL,
                                     0 };
        const struct sp_schema s = { SP_STR("p.d.t"), SP_STR("e"), SP_STR("TABLE"), &c,
                                     1 };

        (void)state;
        for (unsigned n = 256; n <= 257; n++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_err e = SP_ERR_NULL;
                struct sp_page_plan p;
                char text[600] = "c";

                for (unsigned i = 1; i < n; i++)
                        memcpy(text + 2 * (size_t)i - 1, ",c", 3);
                assert_int_equal(plan(&a, &s, text, false, &p, &e),
                                 n == 256 ? 0 : -EINVAL);
                sp_arena_done(&a);
        }
}

static void memory_that_runs_out_is_an_error_at_every_size(void **state)
{
        struct sp_arena given = SP_ARENA_INIT(1 << 20);
        struct sp_err e = SP_ERR_NULL;
        struct sp_schema s;
        struct sp_json *o;
        int r = -1;

        (void)state;
        assert_int_equal(sp_json_parse(&given, sp_str_c(table_text), &o, &e), 0);
        assert_int_equal(sp_schema_read(&given, SP_STR("p.d.t"), o, &s, &e), 0);
        for (size_t max = 64; r < 0; max += 64) {
                struct sp_arena a = SP_ARENA_INIT(max);
                struct sp_page_plan p = { .n_columns = 99 };

                r = plan(&a, &s, "id,home.street,phones", false, &p, &e);
                assert_true(r == 0 || (r == -ENOMEM && p.n_columns == 99));
                sp_arena_done(&a);
        }
        sp_arena_done(&given);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_mask_fits_a_column_here_where_it_does_in_SQL),
                cmocka_unit_test(what_is_redacted_reads_as_its_type),
                cmocka_unit_test(the_plan_has_the_cells_that_come),
                cmocka_unit_test(only_plain_tables_are_planned),
                cmocka_unit_test(rows_of_groups_are_not_previewed),
                cmocka_unit_test(too_many_selected_fields_are_refused),
                cmocka_unit_test(memory_that_runs_out_is_an_error_at_every_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
