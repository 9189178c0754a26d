/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/mask/stream.h"

struct row {
        const char *sentence, *in, *out; /* out NULL: refused */
        uint64_t rows;
};

/* Members "a" and "b" pass as they are, "drop" does not, "bad" is refused. */
static const char *const members[] = { "a", "b", "drop", "bad" };

static int find(void *userdata, struct sp_str name)
{
        (void)userdata;
        for (size_t i = 0; i < SP_ARRAY_SIZE(members); i++)
                if (sp_str_eq(name, sp_str_c(members[i])))
                        return (int)i;
        return sp_str_eq(name, SP_STR("rows")) ? SP_STREAM_ROWS : -1;
}

static int value(void *userdata, int member, struct sp_str json, struct sp_buf *out,
                 struct sp_err *reterr)
{
        (void)userdata;
        if (strcmp(members[member], "bad") == 0)
                return sp_err_set(reterr, -EBADMSG, "answer.shape", "", "no");
        return strcmp(members[member], "drop") == 0 ? 1 : sp_buf_add(out, json);
}

static const struct sp_stream_hooks hooks = { find, value };

static const struct row rows[] = {
        { "members that are known pass, blanks go",
          "{ \"a\" : \"k\", \"b\" : [ 1 , \" x \" ] }",
          "{\"a\":\"k\",\"b\":[1,\" x \"]}", 0 },
        { "a member that is not known is taken out, wherever it stands",
          "{\"errors\":[{\"message\":\"x\"}],\"a\":\"k\",\"sessionInfo\":{\"a\":[1,{"
          "}]},"
          "\"b\":false,\"x\":1}",
          "{\"a\":\"k\",\"b\":false}", 0 },
        { "of a member that is made into nothing its name goes, too",
          "{\"drop\":1,\"a\":2,\"rows\":[]}", "{\"a\":2,\"rows\":[]}", 0 },
        { "a value that is refused ends the answer", "{\"a\":1,\"bad\":{},\"b\":2}",
          NULL, 0 },
        { "a value is handed on as it is written", "{\"a\":{\"\\u0061\":[-1e5,null]}}",
          "{\"a\":{\"\\u0061\":[-1e5,null]}}", 0 },
        { "rows are counted and pass as they are",
          "{\"rows\":[{\"f\":[{\"v\":\"a\\\"}\"},{\"v\":null}]},{\"f\":[]}]}",
          "{\"rows\":[{\"f\":[{\"v\":\"a\\\"}\"},{\"v\":null}]},{\"f\":[]}]}", 2 },
        { "rows in a string are not rows", "{\"a\":\"\\\"rows\\\":[{}]\"}",
          "{\"a\":\"\\\"rows\\\":[{}]\"}", 0 },
        { "blanks go from rows too, not from what they hold",
          " { \"rows\" : [ { \"f\" :\n[ { \"v\" : \" a \" } ,\t{ \"v\" : 1 } ] } ] } ",
          "{\"rows\":[{\"f\":[{\"v\":\" a \"},{\"v\":1}]}]}", 1 },
        { "an empty list of rows is one", "{\"rows\":[],\"a\":\"k\"}",
          "{\"rows\":[],\"a\":\"k\"}", 0 },
        { "a member that is not listed may hold anything under the name of rows",
          "{\"x\":{\"rows\":[1]},\"a\":\"k\"}", "{\"a\":\"k\"}", 0 },
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
        { "a missing value is refused", "{\"a\":}", NULL, 0 },
        { "a trailing comma is refused", "{\"a\":\"k\",}", NULL, 0 },
        { "a control character in a string is refused", "{\"a\":\"\n\"}", NULL, 0 },
        { "an empty object is an empty object", "{}", "{}", 0 },
};

static int run(const char *in, size_t piece, struct sp_buf *out, uint64_t *n)
{
        struct sp_stream s;
        struct sp_err e;
        size_t len = strlen(in);
        int r = 0;

        sp_stream_init(&s, &hooks, NULL);
        for (size_t i = 0; i < len && r == 0; i += piece)
                r = sp_stream_push(&s, sp_str(in + i, SP_MIN(piece, len - i)), out, &e);
        if (r == 0)
                r = sp_stream_end(&s, &e);
        *n = s.rows;
        sp_stream_done(&s);
        return r;
}

static void answers_are_cut_to_the_known_members_at_any_split(void **state)
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

static void a_value_may_have_so_many_bytes_and_no_more(void **state)
{
        static const char head[] = "{\"a\":\"", tail[] = "\"}";
        sp_autobuf in = SP_BUF_INIT(2 * SP_STREAM_VALUE_MAX);

        (void)state;
        for (size_t extra = 0; extra < 2; extra++) {
                sp_autobuf out = SP_BUF_INIT(2 * SP_STREAM_VALUE_MAX);
                size_t n = SP_STREAM_VALUE_MAX - 2 + extra;
                struct sp_err e = SP_ERR_NULL;
                struct sp_stream s;
                char *room;
                int r;

                sp_buf_clear(&in);
                assert_int_equal(sp_buf_add(&in, sp_str_c(head)), 0);
                assert_int_equal(sp_buf_reserve(&in, n, &room), 0);
                memset(room, 'x', n);
                in.n += n;
                assert_int_equal(sp_buf_add(&in, sp_str_c(tail)), 0);
                sp_stream_init(&s, &hooks, NULL);
                r = sp_stream_push(&s, sp_buf_str(&in), &out, &e);
                assert_int_equal(r, extra ? -ENOBUFS : 0);
                if (extra)
                        assert_string_equal(e.id, "answer.too-large");
                sp_stream_done(&s);
        }
}

static void nesting_is_allowed_to_the_limit_and_no_further(void **state)
{
        char in[2 * SP_STREAM_DEPTH_MAX + 32];
        uint64_t n;

        (void)state;
        for (int extra = 0; extra < 2; extra++) {
                sp_autobuf out = SP_BUF_INIT(4096);
                int deep = SP_STREAM_DEPTH_MAX - 1 + extra, at;

                at = snprintf(in, sizeof(in), "{\"a\":");
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
                cmocka_unit_test(answers_are_cut_to_the_known_members_at_any_split),
                cmocka_unit_test(a_value_may_have_so_many_bytes_and_no_more),
                cmocka_unit_test(nesting_is_allowed_to_the_limit_and_no_further),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
