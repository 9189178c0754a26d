/* SPDX-License-Identifier: Apache-2.0 */
/* The mask `tokenize`: form kept, there and back, and spread. That the SQL gives the same is in
 * tests/integration/previews.test.js. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/mask/token.h"
#include "tests/test.h"

#define SALT SP_STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
#define OTHER SP_STR("1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

static const struct {
        const char *sentence, *value;
        bool has_token;
} strings[] = {
        { "a social security number", "078-05-1120", true },
        { "an address of e-mail", "Ann.OBrien+x@mail.example.com", true },
        { "six digits are enough", "123456", true },
        { "five are not", "12345", false },
        { "punctuation is nothing to hide among", "--- 12345 ---", false },
        { "nothing", "", false },
        { "63 characters",
          "aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3", true },
        { "64 characters are as long as a hash",
          "aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3a", false },
        { "a half that is too long", "-----------------------------------123456",
          false },
        { "letters that have no class here",
          "Gr\xc3\xb6\xc3\x9f"
          "enwahn 123456",
          false },
        { "an end of line", "123456\n", false },
        { "the last of each class", "zzzZZZ999", true },
        { "the first of each class", "aaaAAA000", true },
};

static char class_of(char c)
{
        return c >= '0' && c <= '9'   ? '0'
               : c >= 'a' && c <= 'z' ? 'a'
               : c >= 'A' && c <= 'Z' ? 'A'
                                      : c;
}

static void a_token_has_the_form_of_its_value_and_a_way_back(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(strings); i++) {
                const char *sentence = strings[i].sentence;
                struct sp_str value = sp_str_c(strings[i].value);
                sp_autobuf t = SP_BUF_INIT(1000), back = SP_BUF_INIT(1000),
                           other = SP_BUF_INIT(1000), wrong = SP_BUF_INIT(1000);

                assert_int_equal(sp_token_put_string(&t, SALT, value), 0);
                assert_int_equal(sp_token_put_string(&other, OTHER, value), 0);
                SP_CHECK(sentence, !sp_str_eq(sp_buf_str(&t), value));
                SP_CHECK(sentence, !sp_str_eq(sp_buf_str(&t), sp_buf_str(&other)));
                if (!strings[i].has_token) {
                        SP_CHECK(sentence, t.n == 64);
                        SP_CHECK(sentence,
                                 sp_token_undo_string(&back, SALT, sp_buf_str(&t)) ==
                                         -EBADMSG);
                        continue;
                }
                SP_CHECK(sentence, t.n == value.n);
                for (size_t k = 0; k < t.n; k++)
                        SP_CHECK(sentence, class_of(t.p[k]) == class_of(value.p[k]));
                assert_int_equal(sp_token_undo_string(&back, SALT, sp_buf_str(&t)), 0);
                SP_CHECK(sentence, sp_str_eq(sp_buf_str(&back), value));
                assert_int_equal(sp_token_undo_string(&wrong, OTHER, sp_buf_str(&t)),
                                 0);
                SP_CHECK(sentence, !sp_str_eq(sp_buf_str(&wrong), value));
        }
}

static void an_integer_has_a_token_and_a_way_back(void **state)
{
        static const char *const values[] = { "0",
                                              "-1",
                                              "1",
                                              "78051120",
                                              "-78051120",
                                              "9223372036854775807",
                                              "-9223372036854775808" };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(values); i++) {
                struct sp_str value = sp_str_c(values[i]);
                sp_autobuf t = SP_BUF_INIT(100), back = SP_BUF_INIT(100);

                assert_int_equal(sp_token_put_integer(&t, SALT, value), 0);
                SP_CHECK(values[i], (t.p[0] == '-') == (value.p[0] == '-'));
                SP_CHECK(values[i], !sp_str_eq(sp_buf_str(&t), value));
                assert_int_equal(sp_token_undo_integer(&back, SALT, sp_buf_str(&t)), 0);
                SP_CHECK(values[i], sp_str_eq(sp_buf_str(&back), value));
        }
}

static int compare(const void *a, const void *b)
{
        return memcmp(a, b, 8);
}

/* Neighbours get tokens that share nothing, and no two values one token. */
static void tokens_are_spread_over_all_values(void **state)
{
        static char all[20000][8];
        unsigned seen[8][10] = { { 0 } };

        (void)state;
        for (unsigned i = 0; i < SP_ARRAY_SIZE(all); i++) {
                sp_autobuf t = SP_BUF_INIT(100);
                char value[16];

                (void)snprintf(value, sizeof(value), "%08u", 10000000 + i);
                assert_int_equal(sp_token_put_string(&t, SALT, sp_str_c(value)), 0);
                assert_int_equal(t.n, 8);
                memcpy(all[i], t.p, 8);
                for (size_t k = 0; k < 8; k++)
                        seen[k][t.p[k] - '0']++;
        }
        qsort(all, SP_ARRAY_SIZE(all), sizeof(all[0]), compare);
        for (size_t i = 1; i < SP_ARRAY_SIZE(all); i++)
                assert_int_not_equal(memcmp(all[i - 1], all[i], 8), 0);
        for (size_t k = 0; k < 8; k++)
                for (size_t d = 0; d < 10;
                     d++) /* 2000 expected; 5.5 deviations of 42 */
                        assert_in_range(seen[k][d], 1770, 2230);
}

static void what_is_no_integer_is_refused(void **state)
{
        sp_autobuf b = SP_BUF_INIT(100);

        (void)state;
        assert_int_equal(sp_token_put_integer(&b, SALT, SP_STR("12x")), -EBADMSG);
        assert_int_equal(sp_token_undo_integer(&b, SALT, SP_STR("")), -EBADMSG);
        assert_int_equal(sp_token_put_integer(&b, SP_STR_NULL, SP_STR("12")), -EINVAL);
        assert_int_equal(b.n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_token_has_the_form_of_its_value_and_a_way_back),
                cmocka_unit_test(an_integer_has_a_token_and_a_way_back),
                cmocka_unit_test(tokens_are_spread_over_all_values),
                cmocka_unit_test(what_is_no_integer_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
