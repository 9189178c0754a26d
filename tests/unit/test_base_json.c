/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/json.h"

struct row {
        const char *sentence, *in, *id; /* id NULL: accepted */
};

static const struct row rows[] = {
        { "an object of all types",
          "{\"a\":[1,-2.5e+3,true,false,null,\"x\"],\"b\":{}}", NULL },
        { "blanks anywhere", " \t\r\n[ 1 , 2 ] \n", NULL },
        { "escapes and a surrogate pair",
          "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"", NULL },
        { "the same key in two objects", "[{\"a\":1},{\"a\":1}]", NULL },
        { "the same key twice is refused", "{\"a\":1,\"b\":2,\"a\":3}",
          "json.duplicate-key" },
        { "an escaped spelling of the same key is refused", "{\"a\":1,\"\\u0061\":3}",
          "json.duplicate-key" },
        { "a BOM is refused", "\xEF\xBB\xBF{}", "json.syntax" },
        { "bytes behind the value are refused", "{} x", "json.trailing" },
        { "an escaped NUL is refused", "\"\\u0000\"", "json.nul" },
        { "a lone low surrogate is refused", "\"\\udc00\"", "json.surrogate" },
        { "a lone high surrogate is refused", "\"\\ud800x\"", "json.surrogate" },
        { "invalid UTF-8 is refused", "\"\xC0\xAF\"", "json.utf8" },
        { "an encoded surrogate is refused", "\"\xED\xA0\x80\"", "json.utf8" },
        { "a control character in a string is refused", "\"\x01\"", "json.syntax" },
        { "a leading zero is refused", "01", "json.syntax" },
        { "a plus sign is refused", "+1", "json.syntax" },
        { "a trailing comma is refused", "[1,]", "json.syntax" },
        { "a single-quoted string is refused", "'a'", "json.syntax" },
        { "a comment is refused", "/* */1", "json.syntax" },
        { "an empty text is refused", "", "json.syntax" },
        { "an unfinished string is refused", "\"abc\\", "json.syntax" },
        { "NaN is refused", "NaN", "json.syntax" },
};

static void a_text_has_one_meaning_or_is_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_json *v;
                struct sp_err e = SP_ERR_NULL;
                int r = sp_json_parse(&a, sp_str_c(rows[i].in), &v, &e);

                SP_CHECK(rows[i].sentence, (r == 0) == (rows[i].id == NULL));
                if (rows[i].id)
                        SP_CHECK(rows[i].sentence, strcmp(e.id, rows[i].id) == 0);
                sp_arena_done(&a);
        }
}

static void nul_bytes_are_refused_wherever_they_stand(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(4096);
        struct sp_json *v;
        struct sp_err e;

        (void)state;
        assert_int_equal(sp_json_parse(&a, sp_str("{}\0", 3), &v, &e), -EINVAL);
        assert_string_equal(e.id, "json.nul");
        sp_arena_done(&a);
}

static void depth_is_allowed_to_the_limit_and_no_further(void **state)
{
        (void)state;
        for (int extra = 0; extra < 2; extra++) {
                char text[2 * (SP_JSON_DEPTH_MAX + 1)];
                size_t n = SP_JSON_DEPTH_MAX + (size_t)extra;
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_json *v;
                struct sp_err e;

                memset(text, '[', n);
                memset(text + n, ']', n);
                assert_int_equal(sp_json_parse(&a, sp_str(text, 2 * n), &v, &e),
                                 extra ? -EINVAL : 0);
                if (extra)
                        assert_string_equal(e.id, "json.too-deep");
                sp_arena_done(&a);
        }
}

static void an_error_says_where(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(4096);
        struct sp_json *v;
        struct sp_err e;

        (void)state;
        assert_int_equal(sp_json_parse(&a, SP_STR("{\n \"a\": 1,\n \"b\" 2}"), &v, &e),
                         -EINVAL);
        assert_string_equal(e.where, "json:3:6");
        sp_arena_done(&a);
}

static void what_is_written_reads_back_the_same(void **state)
{
        static const char text[] = "{\"k\":[\"a\\\"\\\\\\n\\u0001\",1.50,true,null,{"
                                   "\"n\":{}}],\"\xC3\xA9\":\"\"}";
        struct sp_arena a = SP_ARENA_INIT(1 << 16);
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_jsonw w = SP_JSONW(&b);
        struct sp_json *v;

        (void)state;
        assert_int_equal(sp_json_parse(&a, sp_str_c(text), &v, NULL), 0);
        sp_jsonw_node(&w, v);
        assert_int_equal(sp_jsonw_end(&w), 0);
        assert_true(sp_str_eq(sp_buf_str(&b), sp_str_c(text)));
        sp_arena_done(&a);
}

/* Strings are read eight bytes at a time: every byte at every place of one, of any length. */
static void a_byte_means_the_same_wherever_it_stands(void **state)
{
        (void)state;
        for (size_t n = 1; n <= 18; n++)
                for (size_t at = 0; at < n; at++)
                        for (unsigned c = 1; c < 0x80; c++) {
                                struct sp_arena a = SP_ARENA_INIT(4096);
                                bool is_escaped = c == '"' || c == '\\';
                                struct sp_json *v = NULL;
                                char text[32], want[32];
                                size_t to = 0;
                                int r;

                                memset(want, 'x', n);
                                want[at] = (char)c;
                                text[to++] = '"';
                                for (size_t i = 0; i < n; i++) {
                                        if (i == at && is_escaped)
                                                text[to++] = '\\';
                                        text[to++] = want[i];
                                }
                                text[to++] = '"';
                                r = sp_json_parse(&a, sp_str(text, to), &v, NULL);
                                assert_int_equal(r, c < 0x20 ? -EINVAL : 0);
                                if (r == 0)
                                        assert_true(
                                                sp_str_eq(v->text, sp_str(want, n)));
                                sp_arena_done(&a);
                        }
}

static void each_byte_of_a_string_is_written_in_one_way(void **state)
{
        static const char want[] =
                "\"a\\\"\\\\/\\n\\u0001\\u000b\\u001f\\u007f~\xc3\xa9z\"";
        /* bytes between the quotes: what fits exactly, and one less */
        const size_t n = sizeof(want) - 1;

        (void)state;
        for (size_t max = n - 1; max <= n; max++) {
                sp_autobuf b = SP_BUF_INIT(max);
                struct sp_jsonw w = SP_JSONW(&b);

                sp_jsonw_str(&w, SP_STR("a\"\\/\n\x01\x0b\x1f\x7f~\xc3\xa9z"));
                assert_int_equal(sp_jsonw_end(&w), max < n ? -ENOBUFS : 0);
                if (max == n)
                        assert_true(sp_str_eq(sp_buf_str(&b), sp_str(want, n)));
        }
}

static void the_writer_refuses_what_is_not_utf8(void **state)
{
        sp_autobuf b = SP_BUF_INIT(64);
        struct sp_jsonw w = SP_JSONW(&b);

        (void)state;
        sp_jsonw_str(&w, SP_STR("\xFF"));
        assert_int_equal(sp_jsonw_end(&w), -EILSEQ);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_text_has_one_meaning_or_is_refused),
                cmocka_unit_test(nul_bytes_are_refused_wherever_they_stand),
                cmocka_unit_test(depth_is_allowed_to_the_limit_and_no_further),
                cmocka_unit_test(an_error_says_where),
                cmocka_unit_test(what_is_written_reads_back_the_same),
                cmocka_unit_test(a_byte_means_the_same_wherever_it_stands),
                cmocka_unit_test(each_byte_of_a_string_is_written_in_one_way),
                cmocka_unit_test(the_writer_refuses_what_is_not_utf8),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
