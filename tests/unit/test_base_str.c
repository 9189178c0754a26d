/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "daemon/base/digest.h"
#include "daemon/base/err.h"

static void globs_match_whole_texts(void **state)
{
        static const struct {
                const char *sentence, *pattern, *text;
                bool matches;
        } rows[] = {
                { "a star is any run", "a*c", "abbbc", true },
                { "a star is the empty run too", "a*c", "ac", true },
                { "a question mark is one byte", "a?c", "ac", false },
                { "the whole text must match", "b", "abc", false },
                { "many stars stay linear enough to answer", "*a*a*a*a*a*a*a*a*b",
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "ac",
                  false },
                { "an empty pattern matches only nothing", "", "x", false },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                SP_CHECK(rows[i].sentence,
                         sp_str_glob(sp_str_c(rows[i].pattern),
                                     sp_str_c(rows[i].text)) == rows[i].matches);
}

static void numbers_are_digits_and_fit(void **state)
{
        uint64_t u = 1;
        int64_t i = 1;

        (void)state;
        assert_int_equal(sp_str_u64(SP_STR("18446744073709551615"), &u), 0);
        assert_true(u == UINT64_MAX);
        assert_int_equal(sp_str_u64(SP_STR("18446744073709551616"), &u), -ERANGE);
        assert_int_equal(sp_str_u64(SP_STR("+1"), &u), -EINVAL);
        assert_int_equal(sp_str_u64(SP_STR(" 1"), &u), -EINVAL);
        assert_int_equal(sp_str_u64(SP_STR(""), &u), -EINVAL);
        assert_true(u == UINT64_MAX);
        assert_int_equal(sp_str_i64(SP_STR("-9223372036854775808"), &i), 0);
        assert_true(i == INT64_MIN);
        assert_int_equal(sp_str_i64(SP_STR("9223372036854775808"), &i), -ERANGE);
}

static void base64url_is_strict_and_turns_round(void **state)
{
        static const char *const wrong[] = { "A", "A=", "AA==", "A+", "AB", "AAB" };
        sp_autobuf b = SP_BUF_INIT(256);
        sp_autobuf back = SP_BUF_INIT(256);
        unsigned char bytes[67];

        (void)state;
        for (size_t n = 0; n < sizeof(bytes); n++) {
                for (size_t i = 0; i < n; i++)
                        bytes[i] = (unsigned char)(i * 37 + n);
                sp_buf_clear(&b);
                sp_buf_clear(&back);
                assert_int_equal(sp_base64url(&b, sp_str((char *)bytes, n)), 0);
                assert_int_equal(sp_base64url_decode(&back, sp_buf_str(&b)), 0);
                assert_true(sp_str_eq(sp_buf_str(&back), sp_str((char *)bytes, n)));
        }
        for (size_t i = 0; i < SP_ARRAY_SIZE(wrong); i++)
                SP_CHECK(wrong[i],
                         sp_base64url_decode(&back, sp_str_c(wrong[i])) == -EINVAL);
}

static void foreign_bytes_are_escaped_and_text_is_not(void **state)
{
        static const struct {
                const char *sentence, *in, *out;
        } rows[] = {
                { "plain text stays", "abc \xC3\xA9 \xE2\x82\xAC",
                  "abc \xC3\xA9 \xE2\x82\xAC" },
                { "terminal escapes are shown", "\x1b[31m", "\\x1b[31m" },
                { "newlines are shown", "a\nb", "a\\x0ab" },
                { "bidi controls are shown", "\xE2\x80\xAE", "\\xe2\\x80\\xae" },
                { "zero-width space is shown", "\xE2\x80\x8B", "\\xe2\\x80\\x8b" },
                { "C1 controls are shown", "\xC2\x9B", "\\xc2\\x9b" },
                { "broken UTF-8 is shown", "\xE2\x82", "\\xe2\\x82" },
        };
        char to[64];

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_err_escape(to, sizeof(to), sp_str_c(rows[i].in));
                SP_CHECK(rows[i].sentence, strcmp(to, rows[i].out) == 0);
        }
        sp_err_escape(to, 4, SP_STR("\x01"));
        assert_string_equal(to, "");
}

static void an_arena_gives_zeroed_memory_up_to_its_limit(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(1024 * 1024);
        size_t n = 0;
        char *p;

        (void)state;
        while ((p = sp_arena_alloc(&a, 1000))) {
                for (size_t i = 0; i < 1000; i++)
                        assert_int_equal(p[i], 0);
                memset(p, 'x', 1000);
                n++;
        }
        assert_int_equal(n, 1024 * 1024 / 1008);
        assert_null(sp_arena_array(&a, SIZE_MAX / 2, 16));
        sp_arena_done(&a);
        assert_non_null(sp_arena_alloc(&a, 0));
        sp_arena_done(&a);
}

static void text_is_utf8_without_nul_wherever_the_byte_stands(void **state)
{
        static const struct {
                const char *bytes;
                bool is_valid;
        } sequences[] = {
                { "\xC3\xA9", true },         { "\xE6\x97\xA5", true },
                { "\xF0\x9F\x98\x80", true }, { "\xF4\x8F\xBF\xBF", true },
                { "\xC0\xAF", false },        { "\xE0\x80\xAF", false },
                { "\xED\xA0\x80", false },    { "\xF4\x90\x80\x80", false },
                { "\xE6\x97", false },        { "\x80", false },
        };
        char text[24];

        (void)state;
        for (size_t at = 0; at < sizeof(text); at++) {
                for (int byte = 0; byte < 256; byte++) {
                        memset(text, 'a', sizeof(text));
                        text[at] = (char)byte;
                        assert_int_equal(sp_str_is_utf8(sp_str(text, sizeof(text))),
                                         byte > 0 && byte < 0x80);
                }
                for (size_t k = 0; k < SP_ARRAY_SIZE(sequences); k++) {
                        size_t n = strlen(sequences[k].bytes);

                        if (at + n > sizeof(text))
                                continue;
                        memset(text, 'a', sizeof(text));
                        memcpy(text + at, sequences[k].bytes, n);
                        assert_int_equal(sp_str_is_utf8(sp_str(text, sizeof(text))),
                                         sequences[k].is_valid);
                }
        }
}

static void ulids_are_valid_and_sort_by_time(void **state)
{
        struct sp_ulid a, b;

        (void)state;
        assert_int_equal(sp_ulid_new(&a), 0);
        assert_int_equal(sp_ulid_new(&b), 0);
        assert_true(sp_ulid_is_valid(sp_str_c(a.c)));
        assert_true(memcmp(a.c, b.c, 10) <= 0);
        assert_string_not_equal(a.c, b.c);
        assert_false(sp_ulid_is_valid(SP_STR("81ARZ3NDEKTSV4RRFFQ69G5FAV")));
        assert_false(sp_ulid_is_valid(SP_STR("01ARZ3NDEKTSV4RRFFQ69G5FA")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(globs_match_whole_texts),
                cmocka_unit_test(numbers_are_digits_and_fit),
                cmocka_unit_test(base64url_is_strict_and_turns_round),
                cmocka_unit_test(foreign_bytes_are_escaped_and_text_is_not),
                cmocka_unit_test(an_arena_gives_zeroed_memory_up_to_its_limit),
                cmocka_unit_test(text_is_utf8_without_nul_wherever_the_byte_stands),
                cmocka_unit_test(ulids_are_valid_and_sort_by_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
