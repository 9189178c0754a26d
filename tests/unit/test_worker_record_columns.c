/* SPDX-License-Identifier: Apache-2.0 */
/* What the record of a request says of protected columns. */
#include <errno.h>

#include "daemon/worker/record_columns.h"
#include "tests/test.h"

#define RULE(rule_) SP_STR("m.yaml#" rule_)
#define REACH(output_, column_, kind_)                                                 \
        {                                                                              \
                SP_STR(output_), SP_STR("p.d.t." column_),                             \
                {                                                                      \
                        kind_, 0, 0, RULE(column_)                                     \
                }                                                                      \
        }

static int write_columns(const struct sp_mask_reading *r, struct sp_buf *to)
{
        struct sp_jsonw w = SP_JSONW(to);

        sp_jsonw_open(&w, '{');
        sp_record_columns(&w, r);
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}

static void pairs_become_one_entry_for_each_column(void **state)
{
        struct sp_mask_reach reaches[] = {
                REACH("x", "ssn", SP_MASK_REDACT), REACH("x", "mail", SP_MASK_HASH),
                REACH("a", "ssn", SP_MASK_REDACT), REACH("a", "ssn", SP_MASK_REDACT),
                REACH("", "ssn", SP_MASK_REDACT),
        };
        struct sp_mask_reach decides[] = { REACH("", "pay", SP_MASK_NULL),
                                           REACH("", "ssn", SP_MASK_REDACT) };
        struct sp_mask_reach bare[] = { REACH("x", "tax", SP_MASK_REDACT) };
        struct sp_mask_reach bare_decides[] = { REACH("", "tax", SP_MASK_REDACT) };
        const struct {
                const char *sentence;
                struct sp_mask_reading reading;
                const char *want;
        } rows[] = {
                { "a reading that was not done says nothing", { 0 }, "{}" },
                { "one that found nothing says so",
                  { .is_done = true },
                  "{\"columns\":[]}" },
                { "a text that cannot be resolved says why, and is escaped",
                  { .is_done = true, .unresolved = SP_STR("no column \x1b\xff") },
                  "{\"unresolved\":\"no column \\\\x1b\\\\xff\"}" },
                { "outputs in the order of the text, each once; deciding is told "
                  "beside",
                  { .is_done = true,
                    .reaches = reaches,
                    .n_reaches = SP_ARRAY_SIZE(reaches),
                    .decides = decides,
                    .n_decides = SP_ARRAY_SIZE(decides) },
                  "{\"columns\":["
                  "{\"column\":\"p.d.t.mail\",\"mask\":\"hash\",\"rule\":\"m.yaml#"
                  "mail\","
                  "\"outputs\":[\"x\"]},"
                  "{\"column\":\"p.d.t.pay\",\"mask\":\"null\",\"rule\":\"m.yaml#pay\","
                  "\"outputs\":[],\"decides\":true},"
                  "{\"column\":\"p.d.t.ssn\",\"mask\":\"redact\",\"rule\":\"m.yaml#"
                  "ssn\","
                  "\"outputs\":[\"x\",\"a\",\"\"],\"decides\":true}]}" },
                { "who is exempt sees it unmasked, and that is told with the rule",
                  { .is_done = true,
                    .bare_reaches = bare,
                    .n_bare_reaches = SP_ARRAY_SIZE(bare),
                    .bare_decides = bare_decides,
                    .n_bare_decides = SP_ARRAY_SIZE(bare_decides) },
                  "{\"columns\":["
                  "{\"column\":\"p.d.t.tax\",\"mask\":\"none\",\"rule\":\"m.yaml#tax\","
                  "\"outputs\":[\"x\"],\"decides\":true}]}" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_autobuf b = SP_BUF_INIT(4096);

                SP_CHECK(rows[i].sentence, write_columns(&rows[i].reading, &b) == 0);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)))
                        fail_msg("%s: %.*s", rows[i].sentence, SP_FMT(sp_buf_str(&b)));
        }
}

static size_t count(const struct sp_json *columns, size_t *outputs,
                    uint64_t *outputs_more)
{
        size_t n = 0;

        *outputs = 0;
        *outputs_more = 0;
        for (const struct sp_json *c = columns->first; c; c = c->next, n++) {
                const struct sp_json *more = sp_json_get(c, "outputs_more");
                uint64_t v = 0;

                *outputs += sp_json_get(c, "outputs")->count;
                if (more)
                        assert_int_equal(sp_str_u64(more->text, &v), 0);
                *outputs_more += v;
        }
        return n;
}

/* `n_columns` columns that reach `n_outputs` outputs each. */
static void check_bounds(size_t n_columns, size_t n_outputs)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)64 << 20);
        struct sp_mask_reading r = { .is_done = true };
        sp_autobuf b = SP_BUF_INIT(4 << 20);
        uint64_t outputs_more, columns_more = 0;
        const struct sp_json *more;
        struct sp_json *json;
        size_t outputs, shown = SP_MIN(n_columns, (size_t)SP_RECORD_COLUMNS_MAX);

        r.reaches = sp_arena_array(&a, n_columns * n_outputs, sizeof(*r.reaches));
        assert_non_null(r.reaches);
        for (size_t k = 0; k < n_outputs; k++)
                for (size_t i = 0; i < n_columns; i++)
                        r.reaches[r.n_reaches++] = (struct sp_mask_reach){
                                sp_arena_printf(&a, "o%zu", k),
                                sp_arena_printf(&a, "p.d.t.c%zu", i),
                                { SP_MASK_REDACT, 0, 0, SP_STR("r") },
                        };
        assert_int_equal(write_columns(&r, &b), 0);
        assert_int_equal(sp_json_parse(&a, sp_buf_str(&b), &json, NULL), 0);
        assert_int_equal(count(sp_json_get(json, "columns"), &outputs, &outputs_more),
                         shown);
        more = sp_json_get(json, "columns_more");
        if (more)
                assert_int_equal(sp_str_u64(more->text, &columns_more), 0);
        assert_int_equal(columns_more, n_columns - shown);
        assert_int_equal(outputs,
                         SP_MIN(shown * n_outputs, (size_t)SP_RECORD_OUTPUTS_MAX));
        assert_int_equal(outputs + outputs_more, shown * n_outputs);
        sp_arena_done(&a);
}

static void what_there_is_no_room_for_is_counted(void **state)
{
        (void)state;
        check_bounds(SP_RECORD_COLUMNS_MAX, 1);
        check_bounds(SP_RECORD_COLUMNS_MAX + 1, 1);
        check_bounds(1, SP_RECORD_OUTPUTS_MAX);
        check_bounds(1, SP_RECORD_OUTPUTS_MAX + 1);
        check_bounds(SP_RECORD_COLUMNS_MAX + 100, 50);
}

static void
a_long_or_odd_name_is_cut_or_escaped_and_never_breaks_the_record(void **state)
{
        static const struct {
                const char *sentence, *piece;
                size_t n; /* times */
                bool is_cut;
        } rows[] = {
                { "a name of the whole length stays", "a", SP_RECORD_OUTPUT_MAX,
                  false },
                { "one more is cut", "a", SP_RECORD_OUTPUT_MAX + 1, true },
                { "no character is cut in two", "aé漢", 1000, true },
                { "escapes count", "\x01", SP_RECORD_OUTPUT_MAX / 4, false },
                { "one escape more is cut", "\x01", SP_RECORD_OUTPUT_MAX / 4 + 1,
                  true },
                { "bytes that are no UTF-8", "\xff\xc3", 40000, true },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                sp_autobuf name = SP_BUF_INIT(1 << 20), b = SP_BUF_INIT(4096);
                struct sp_mask_reach reach = REACH("", "ssn", SP_MASK_REDACT);
                struct sp_mask_reading r = { .is_done = true,
                                             .reaches = &reach,
                                             .n_reaches = 1 };
                struct sp_json *json;
                struct sp_str shown;

                for (size_t k = 0; k < rows[i].n; k++)
                        assert_int_equal(sp_buf_add(&name, sp_str_c(rows[i].piece)), 0);
                reach.output = sp_buf_str(&name);
                SP_CHECK(rows[i].sentence, write_columns(&r, &b) == 0);
                SP_CHECK(rows[i].sentence,
                         sp_json_parse(&a, sp_buf_str(&b), &json, NULL) == 0);
                shown = sp_json_get(sp_json_get(json, "columns")->first, "outputs")
                                ->first->text;
                SP_CHECK(rows[i].sentence,
                         sp_str_ends(shown, SP_STR("…")) == rows[i].is_cut);
                SP_CHECK(rows[i].sentence,
                         shown.n <= SP_RECORD_OUTPUT_MAX + (rows[i].is_cut ? 3 : 0));
                sp_arena_done(&a);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pairs_become_one_entry_for_each_column),
                cmocka_unit_test(what_there_is_no_room_for_is_counted),
                cmocka_unit_test(
                        a_long_or_odd_name_is_cut_or_escaped_and_never_breaks_the_record),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
