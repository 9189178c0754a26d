/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/show.h"
#include "tests/test.h"

static void foreign_text_is_shown_harmlessly_and_whole(void **state)
{
        static const struct {
                const char *sentence;
                struct sp_str text;
                bool multiline;
                const char *want;
        } rows[] = {
                { "plain text stays", SP_STR("SELECT 1"), false, "SELECT 1" },
                { "a newline is escaped in a line", SP_STR("a\nb"), false, "a\\x0ab" },
                { "and kept in a text", SP_STR("a\nb\tc\n"), true, "a\nb\tc\n" },
                { "an escape sequence is not obeyed", SP_STR("\x1b[2J"), true,
                  "\\x1b[2J" },
                { "text is not turned around",
                  SP_STR("a\xe2\x80\xae"
                         "b"),
                  true, "a\\xe2\\x80\\xaeb" },
                { "letters of the world stay",
                  SP_STR("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5"), true,
                  "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5" },
                { "a carriage return does not overwrite", SP_STR("a\rb"), true,
                  "a\\x0db" },
                { "broken UTF-8 is shown as bytes", SP_STR("\xc3("), true, "\\xc3(" },
                { "nothing is nothing", SP_STR(""), true, "" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_autobuf b = SP_BUF_INIT(1024);

                SP_CHECK(rows[i].sentence,
                         sp_show(&b, rows[i].text, rows[i].multiline) == 0);
                SP_CHECK(rows[i].sentence,
                         sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)));
        }
}

static void characters_survive_any_place_in_a_long_text(void **state)
{
        (void)state;
        for (size_t shift = 0; shift < 8; shift++) {
                sp_autobuf in = SP_BUF_INIT(8192), out = SP_BUF_INIT(8192);

                for (size_t i = 0; i < shift; i++)
                        assert_int_equal(sp_buf_addc(&in, 'x'), 0);
                for (size_t i = 0; i < 600; i++)
                        assert_int_equal(
                                sp_buf_add(&in, SP_STR("\xe6\x97\xa5\xf0\x9f\x98\x80")),
                                0);
                assert_int_equal(sp_show(&out, sp_buf_str(&in), true), 0);
                assert_true(sp_str_eq(sp_buf_str(&in), sp_buf_str(&out)));
        }
}

static void too_much_leaves_the_buffer_as_it_was(void **state)
{
        sp_autobuf b = SP_BUF_INIT(10);

        (void)state;
        assert_int_equal(sp_buf_add(&b, SP_STR("keep")), 0);
        assert_true(sp_show(&b, SP_STR("more than fits"), false) < 0);
        assert_true(sp_str_eq(sp_buf_str(&b), SP_STR("keep")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(foreign_text_is_shown_harmlessly_and_whole),
                cmocka_unit_test(characters_survive_any_place_in_a_long_text),
                cmocka_unit_test(too_much_leaves_the_buffer_as_it_was),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
