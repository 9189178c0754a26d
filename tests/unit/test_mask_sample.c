/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of an answer's first rows. */
#include "daemon/base/clock.h"
#include "daemon/mask/sample.h"
#include "tests/test.h"

#include <errno.h>

#define PLAN(columns) "{\"schema\":[" columns "]}"
#define OF(name, type, column)                                                         \
        "{\"name\":\"" name "\",\"type\":\"" type                                      \
        "\",\"table\":\"p.d.t\",\"column\":\"" column "\"}"
#define ROW(cells) "{\"f\":[" cells "]}"
#define CELL(v) "{\"v\":\"" v "\"}"
#define ANSWER(rows)                                                                   \
        "{\"schema\":{\"fields\":[{\"name\":\"rows\"}]},\"rows\":[" rows "]}"

static const struct {
        const char *sentence, *outputs, *answer, *counts;
} rows[] = {
        { "hits are counted under the stored column", PLAN(OF("x", "STRING", "mail")),
          ANSWER(ROW(CELL("a@b.cc")) "," ROW(CELL("none")) "," ROW("{\"v\":null}")),
          "mail email 1/2;" },
        { "the part that is cut is not looked at", PLAN(OF("x", "STRING", "mail")),
          "{\"rows\":[" ROW(CELL("a@b.cc")) "," ROW(CELL("c@d.ee")),
          "mail email 1/1;" },
        { "without rows nothing is counted", PLAN(OF("x", "STRING", "mail")),
          "{\"totalRows\":\"0\",\"jobComplete\":true}", "" },
        { "a text that is no answer is not counted", PLAN(OF("x", "STRING", "mail")),
          "rows a@b.cc", "" },
        { "a member's text is not taken for rows", PLAN(OF("x", "STRING", "mail")),
          "{\"kind\":\"\\\"rows\\\":[{}]\",\"rows\":[" ROW(CELL("a@b.cc")) "]}",
          "mail email 1/1;" },
        { "an output that shows no one column is not looked at",
          PLAN("{\"name\":\"x\",\"type\":\"STRING\"}," OF("y", "STRING", "c")),
          ANSWER(ROW(CELL("a@b.cc") "," CELL("d@e.ff"))), "c email 1/1;" },
        { "dates and floats are not looked at", PLAN(OF("x", "FLOAT64", "c")),
          ANSWER(ROW(CELL("4111111111111111"))), "" },
        { "integers are", PLAN(OF("x", "INTEGER", "c")),
          ANSWER(ROW(CELL("4111111111111111"))), "c payment 1/1;" },
        { "each of a list counts",
          PLAN("{\"name\":\"x\",\"type\":\"STRING\",\"mode\":\"REPEATED\",\"table\":"
               "\"p."
               "d.t\",\"column\":\"l\"}"),
          ANSWER(ROW("{\"v\":[" CELL("a@b.cc") "," CELL("x") "]}")), "l email 1/2;" },
        { "a field of a record counts under its path",
          PLAN("{\"name\":\"x\",\"type\":\"RECORD\",\"fields\":[{\"name\":\"a\","
               "\"type\":"
               "\"STRING\"},{\"name\":\"b\",\"type\":\"STRING\"}],\"table\":\"p.d.t\","
               "\"column\":\"r\"}"),
          ANSWER(ROW("{\"v\":" ROW(CELL("x") "," CELL("a@b.cc")) "}")),
          "r.b email 1/1;" },
        { "two outputs of one column count together",
          PLAN(OF("x", "STRING", "c") "," OF("y", "STRING", "c")),
          ANSWER(ROW(CELL("a@b.cc") "," CELL("A@B.CC"))), "c email 2/2;" },
        { "two detectors of one column count apart", PLAN(OF("x", "STRING", "c")),
          ANSWER(ROW(CELL("a@b.cc")) "," ROW(CELL("192.168.0.1")) "," ROW(CELL("z"))),
          "c email 1/3;c network 1/3;" },
        { "a row of another form is not looked at",
          PLAN(OF("x", "STRING", "c") "," OF("y", "STRING", "d")),
          ANSWER(ROW(CELL("a@b.cc"))), "" },
        { "escapes are read", PLAN(OF("x", "STRING", "c")),
          ANSWER(ROW(CELL("a\\u0040b.cc"))), "c email 1/1;" },
        { "outputs that are not known are not looked at", "",
          ANSWER(ROW(CELL("a@b.cc"))), "" },
};

static struct sp_policy *policy(void)
{
        const struct sp_policy_file f = { SP_STR("p.yaml"), SP_STR("version: 1\n") };
        struct sp_policy *p = NULL;
        struct sp_err e = SP_ERR_NULL;

        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &p, &e), 0);
        return p;
}

static void count(struct sp_policy *p, const char *outputs, const char *answer,
                  struct sp_buf *to)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_sample_counts c = { .n = 0 };

        assert_int_equal(sp_sample_rows(&a, p, sp_str_c(outputs), sp_str_c(answer), &c),
                         0);
        for (size_t i = 0; i < c.n; i++) {
                assert_true(sp_str_eq(c.v[i].table, SP_STR("p.d.t")));
                assert_int_equal(sp_buf_addf(to, "%.*s %.*s %d/%d;",
                                             SP_FMT(c.v[i].column),
                                             SP_FMT(c.v[i].detector), (int)c.v[i].hits,
                                             (int)c.v[i].cells),
                                 0);
        }
        sp_arena_done(&a);
}

static void rows_are_counted_by_column_and_detector(void **state)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = policy();

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_autobuf b = SP_BUF_INIT(4096);

                count(p, rows[i].outputs, rows[i].answer, &b);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].counts)))
                        fail_msg("%s: %.*s", rows[i].sentence, SP_FMT(sp_buf_str(&b)));
        }
}

/* A worker does nothing else meanwhile. */
static void the_whole_of_a_sample_takes_milliseconds_at_most(void **state)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = policy();
        sp_autobuf b = SP_BUF_INIT(SP_SAMPLE_BYTES), counts = SP_BUF_INIT(4096);
        uint64_t before;

        (void)state;
        assert_int_equal(sp_buf_addf(&b, "{\"rows\":["), 0);
        while (sp_buf_addf(
                       &b,
                       ROW(CELL("some words of 12 that are 12.5 or a@b c d-e")) ",") ==
               0)
                ;
        b.p[b.n - 1] = '\0';
        before = sp_clock_us();
        count(p, PLAN(OF("x", "STRING", "c")), b.p, &counts);
        assert_true(sp_clock_us() - before < 200000);
        print_message("%zu bytes in %d us\n", b.n, (int)(sp_clock_us() - before));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rows_are_counted_by_column_and_detector),
                cmocka_unit_test(the_whole_of_a_sample_takes_milliseconds_at_most),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
