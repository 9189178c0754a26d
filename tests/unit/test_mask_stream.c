/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/mask/stream.h"

struct row {
        const char *sentence, *in, *out; /* out NULL: refused */
        uint64_t rows;
};

static const struct row rows[] = {
        { "listed members pass, blanks go",
          "{ \"kind\" : \"k\", \"totalRows\" : \"2\" }",
          "{\"kind\":\"k\",\"totalRows\":\"2\"}", 0 },
        { "a member that is not listed is taken out, wherever it stands",
          "{\"errors\":[{\"message\":\"x\"}],\"kind\":\"k\",\"sessionInfo\":{\"a\":[1,{"
          "}]},"
          "\"cacheHit\":false,\"x\":1}",
          "{\"kind\":\"k\",\"cacheHit\":false}", 0 },
        { "rows are counted and pass as they are",
          "{\"rows\":[{\"f\":[{\"v\":\"a\\\"}\"},{\"v\":null}]},{\"f\":[]}]}",
          "{\"rows\":[{\"f\":[{\"v\":\"a\\\"}\"},{\"v\":null}]},{\"f\":[]}]}", 2 },
        { "rows in a string are not rows", "{\"kind\":\"\\\"rows\\\":[{}]\"}",
          "{\"kind\":\"\\\"rows\\\":[{}]\"}", 0 },
        { "blanks go from rows too, not from what they hold",
          " { \"rows\" : [ { \"f\" :\n[ { \"v\" : \" a \" } ,\t{ \"v\" : 1 } ] } ] } ",
          "{\"rows\":[{\"f\":[{\"v\":\" a \"},{\"v\":1}]}]}", 1 },
        { "an empty list of rows is one", "{\"rows\":[],\"kind\":\"k\"}",
          "{\"rows\":[],\"kind\":\"k\"}", 0 },
        { "a member that is not listed may hold anything under the name of rows",
          "{\"x\":{\"rows\":[1]},\"kind\":\"k\"}", "{\"kind\":\"k\"}", 0 },
        { "rows that are no list are refused", "{\"rows\":{}}", NULL, 0 },
        { "a row that is no object is refused", "{\"rows\":[[]]}", NULL, 0 },
        { "a row with another member is refused", "{\"rows\":[{\"f\":[],\"g\":[]}]}",
          NULL, 0 },
        { "a cell with a value twice is refused",
          "{\"rows\":[{\"f\":[{\"v\":\"a\",\"v\":\"b\"}]}]}", NULL, 0 },
        { "an escaped name of a cell's value is refused",
          "{\"rows\":[{\"f\":[{\"\\u0076\":\"a\"}]}]}", NULL, 0 },
        { "a member twice is refused", "{\"rows\":[],\"rows\":[]}", NULL, 0 },
        { "an escaped member name is refused", "{\"row\\u0073\":[]}", NULL, 0 },
        { "brackets that do not match are refused", "{\"rows\":[}", NULL, 0 },
        { "an answer that is no object is refused", "[1]", NULL, 0 },
        { "a scalar answer is refused", "1", NULL, 0 },
        { "bytes behind the answer are refused", "{} {}", NULL, 0 },
        { "an answer that ends early is refused", "{\"rows\":[{\"f\":", NULL, 0 },
        { "a missing value is refused", "{\"kind\":}", NULL, 0 },
        { "a trailing comma is refused", "{\"kind\":\"k\",}", NULL, 0 },
        { "a control character in a string is refused", "{\"kind\":\"\n\"}", NULL, 0 },
        { "an empty object is an empty object", "{}", "{}", 0 },
};

static int run(const char *in, size_t piece, struct sp_buf *out, uint64_t *n)
{
        struct sp_stream s;
        struct sp_err e;
        size_t len = strlen(in);
        int r = 0;

        sp_stream_init(&s, sp_stream_query);
        for (size_t i = 0; i < len && r == 0; i += piece)
                r = sp_stream_push(&s, sp_str(in + i, SP_MIN(piece, len - i)), out, &e);
        if (r == 0)
                r = sp_stream_end(&s, &e);
        *n = s.rows;
        sp_stream_done(&s);
        return r;
}

static void answers_are_cut_to_the_listed_members_at_any_split(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                for (size_t piece = 1; piece <= strlen(rows[i].in); piece++) {
                        sp_autobuf out = SP_BUF_INIT(4096);
                        uint64_t n;
                        int r = run(rows[i].in, piece, &out, &n);

                        if (!rows[i].out) {
                                SP_CHECK(rows[i].sentence, r == -EBADMSG);
                                continue;
                        }
                        SP_CHECK(rows[i].sentence, r == 0);
                        SP_CHECK(rows[i].sentence,
                                 sp_str_eq(sp_buf_str(&out), sp_str_c(rows[i].out)));
                        SP_CHECK(rows[i].sentence, n == rows[i].rows);
                }
}

static void the_job_reference_is_noted_when_it_is_complete(void **state)
{
        static const char in[] =
                "{\"kind\":\"k\",\"jobReference\":{\"jobId\":\"j1\"},\"rows\":[]}";
        struct sp_stream s;
        sp_autobuf out = SP_BUF_INIT(4096);

        (void)state;
        sp_stream_init(&s, sp_stream_query);
        assert_int_equal(sp_stream_push(&s, sp_str(in, 30), &out, NULL), 0);
        assert_int_equal(sp_stream_note(&s, "jobReference").n, 0);
        assert_int_equal(
                sp_stream_push(&s, sp_str(in + 30, sizeof(in) - 31), &out, NULL), 0);
        assert_true(sp_str_eq(sp_stream_note(&s, "jobReference"),
                              SP_STR("{\"jobId\":\"j1\"}")));
        sp_stream_done(&s);
}

static void nesting_is_allowed_to_the_limit_and_no_further(void **state)
{
        char in[2 * SP_STREAM_DEPTH_MAX + 32];
        uint64_t n;

        (void)state;
        for (int extra = 0; extra < 2; extra++) {
                sp_autobuf out = SP_BUF_INIT(4096);
                int deep = SP_STREAM_DEPTH_MAX - 1 + extra, at;

                at = snprintf(in, sizeof(in), "{\"schema\":");
                memset(in + at, '[', (size_t)deep);
                memset(in + at + deep, ']', (size_t)deep);
                in[at + 2 * deep] = '}';
                in[at + 2 * deep + 1] = '\0';
                assert_int_equal(run(in, 7, &out, &n), extra ? -EBADMSG : 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_are_cut_to_the_listed_members_at_any_split),
                cmocka_unit_test(the_job_reference_is_noted_when_it_is_complete),
                cmocka_unit_test(nesting_is_allowed_to_the_limit_and_no_further),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
