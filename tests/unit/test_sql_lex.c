/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/sql/lex.h"

#define ARENA_MAX (64 * 1024 * 1024)

/* Token types written as one letter each: w word, k keyword, q quoted, i int, f float,
 * s string, b bytes, punctuation as itself, other marks as "o". */
static char letter(const struct sp_sql_token *t)
{
        switch (t->type) {
        case SP_SQL_T_WORD:
                return t->keyword ? 'k' : 'w';
        case SP_SQL_T_QUOTED:
                return 'q';
        case SP_SQL_T_INT:
                return 'i';
        case SP_SQL_T_FLOAT:
                return 'f';
        case SP_SQL_T_STRING:
                return 's';
        case SP_SQL_T_BYTES:
                return 'b';
        default:
                return t->type < 128 ? (char)t->type : 'o';
        }
}

static void test_tokens(void **state)
{
        static const struct {
                const char *sentence;
                struct sp_str text;
                const char *tokens; /* NULL: an error */
        } rows[] = {
                { "nothing is nothing", SP_STR(""), "" },
                { "back space, vertical tab and form feed are blanks",
                  SP_STR("select\x08"
                         "a\x0b,\x0c"
                         "b"),
                  "kw,w" },
                { "no-break space is a blank", SP_STR("a\xc2\xa0z"), "ww" },
                { "U+2003, U+202F, U+205F and U+3000 are blanks",
                  SP_STR("a\xe2\x80\x83z\xe2\x80\xafz\xe2\x81\x9fz\xe3\x80\x80z"),
                  "wwwww" },
                { "zero width space is none", SP_STR("a\xe2\x80\x8bz"), NULL },
                { "a byte order mark is none", SP_STR("\xef\xbb\xbfselect 1"), NULL },
                { "U+1680 is none", SP_STR("a\xe1\x9a\x80z"), NULL },
                { "a line comment ends at CR", SP_STR("a -- b\rz"), "ww" },
                { "a line comment ends at LF", SP_STR("a # b\nz"), "ww" },
                { "U+2028 does not end a comment", SP_STR("a -- \xe2\x80\xa8 z"), "w" },
                { "block comments do not nest", SP_STR("a /* /* */ z */"), "ww*/" },
                { "an open block comment is an error", SP_STR("a /* z"), NULL },
                { "/*/ is not a whole comment", SP_STR("a /*/ z"), NULL },
                { "an exponent in front of x is none: the number ends before it",
                  SP_STR("1e1x"), "iw" },
                { "any other exponent is part of its number", SP_STR("1e1 x"), "fw" },
                { "NUL is an error", SP_STR("a\0b"), NULL },
                { "invalid UTF-8 is an error", SP_STR("'\xff'"), NULL },
                { "a quote in a comment opens nothing", SP_STR("a # '\nz"), "ww" },
                { "a comment mark in a string is text", SP_STR("'-- /* #' z"), "sw" },
                { "strings of all forms",
                  SP_STR("'a' \"b\" r'c' R\"d\" b'e' Br'f' rB'g' '''h''' "
                         "\"\"\"i\"\"\""),
                  "ssssbbbss" },
                { "a word before a quote is no prefix", SP_STR("x'a'"), "ws" },
                { "an escaped quote does not end a string", SP_STR("'a\\'b'"), "s" },
                { "nor does it end a raw string", SP_STR("r'a\\'b'"), "s" },
                { "two backslashes end before the quote", SP_STR("r'\\\\' 'x'"), "ss" },
                { "one quote inside three is text", SP_STR("'''a'b''c'''"), "s" },
                { "three quotes take line ends", SP_STR("'''a\nb'''"), "s" },
                { "one quote does not", SP_STR("'a\nb'"), NULL },
                { "an escaped line end is an error", SP_STR("'a\\\nb'"), NULL },
                { "also in three quotes", SP_STR("'''a\\\nb'''"), NULL },
                { "unknown escapes are errors", SP_STR("'\\z'"), NULL },
                { "\\x wants two digits", SP_STR("'\\x1'"), NULL },
                { "octal wants three", SP_STR("'\\12'"), NULL },
                { "octal ends at 377", SP_STR("'\\400'"), NULL },
                { "surrogates are errors", SP_STR("'\\ud800'"), NULL },
                { "past U+10FFFF is an error", SP_STR("'\\U00110000'"), NULL },
                { "\\u has no place in bytes", SP_STR("b'\\u0041'"), NULL },
                { "an open string is an error", SP_STR("'a"), NULL },
                { "a backslash at the end too", SP_STR("'a\\"), NULL },
                { "quoted identifiers", SP_STR("`a b`.`c`"), "q.q" },
                { "an empty one is an error", SP_STR("``"), NULL },
                { "one with a NUL is an error", SP_STR("`a\\x00`"), NULL },
                { "one over two lines is an error", SP_STR("`a\nb`"), NULL },
                { "numbers", SP_STR("1 0x1F 1.5 .5 5. 1e5 1.e-3 1E+2"), "iiffffff" },
                { "after a dot everything is a name", SP_STR("a.select.1b.2e5.from"),
                  "w.w.w.w.w" },
                { "after an operand a dot belongs to a path",
                  SP_STR("x .5 (x).1 a[0].2"), "w.w(w).ww[i].w" },
                { "after an operator it does not", SP_STR("1+.5"), "i+f" },
                { "hexadecimal takes no fraction", SP_STR("0x1.5"), "if" },
                { "after @ everything is a name", SP_STR("@from @@select.x"),
                  "@wow.w" },
                { "marks of two", SP_STR("a<=b <> != >= || |> -> => += -= << @@x"),
                  "wowooooooooooow" },
                { ">> is two, for ARRAY<ARRAY<>>", SP_STR(">>"), ">>" },
                { "an unknown character is an error", SP_STR("a \\ b"), NULL },
                { "legacy SQL is refused", SP_STR("#legacySQL\nselect 1"), NULL },
                { "in any case and after other comments",
                  SP_STR("-- x\n# LEGACYsql\nselect 1"), NULL },
                { "but not further down", SP_STR("select 1 #legacySQL"), "ki" },
                { "standard SQL may be said", SP_STR("#standardSQL\nselect 1"), "ki" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_tokens tokens;
                struct sp_err err = SP_ERR_NULL;
                char got[64] = "";
                int r = sp_sql_lex(&a, rows[i].text, &tokens, &err);

                SP_CHECK(rows[i].sentence, (r == 0) == (rows[i].tokens != NULL));
                if (r == 0) {
                        for (size_t k = 0; k + 1 < tokens.n && k < sizeof(got) - 1; k++)
                                got[k] = letter(&tokens.v[k]);
                        if (strcmp(got, rows[i].tokens) != 0)
                                fail_msg("%s: got %s", rows[i].sentence, got);
                }
                sp_arena_done(&a);
        }
}

static void test_errors(void **state)
{
        static const struct {
                const char *text, *where, *what;
        } rows[] = {
                { "'a", "1:1", "Unclosed string literal" },
                { "'a\nb'", "1:1", "Unclosed string literal" },
                { "x '''a''", "1:3", "Unclosed triple-quoted string literal" },
                { "r'a\\'", "1:1", "Unclosed raw string literal" },
                { "b\"a", "1:1", "Unclosed bytes literal" },
                { "`a", "1:1", "Unclosed identifier literal" },
                { "``", "1:1", "Invalid empty identifier" },
                { "x /* a", "1:3", "Unclosed comment" },
                { "'ab\\q'", "1:4", "Illegal escape sequence: \\q" },
                { "`a\\q`", "1:3", "Illegal escape sequence: \\q" },
                { "'\\x1'", "1:2",
                  "Illegal escape sequence: Hex escape must be followed by 2 hex "
                  "digits" },
                { "'\\12'", "1:2",
                  "Illegal escape sequence: Octal escape must be followed by 3 octal "
                  "digits" },
                { "'\\ud800'", "1:2",
                  "Illegal escape sequence: Unicode value \\ud800 is invalid" },
                { "b'\\u0041'", "1:3",
                  "Illegal escape sequence: Unicode escape sequence \\u cannot be used "
                  "in bytes literals" },
                { "'''a\n\\\nb'''", "2:1", "Illegal escaped newline" },
                { "'\xc3\xa9' \\", "1:5", "Illegal input character" },
                { "\t\\", "1:9", "Illegal input character" },
                { "a\tb \\", "1:11", "Illegal input character" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_tokens tokens;
                struct sp_err err = SP_ERR_NULL;

                SP_CHECK(rows[i].text, sp_sql_lex(&a, sp_str_c(rows[i].text), &tokens,
                                                  &err) == -EINVAL);
                if (strcmp(err.where + strlen("sql:"), rows[i].where) != 0 ||
                    strcmp(err.what + strlen("Syntax error: "), rows[i].what) != 0)
                        fail_msg("%s: %s %s", rows[i].text, err.where, err.what);
                sp_arena_done(&a);
        }
}

static void test_values(void **state)
{
        static const struct {
                const char *sentence;
                struct sp_str text, value;
        } rows[] = {
                { "plain text", SP_STR("'abc'"), SP_STR("abc") },
                { "the short escapes",
                  SP_STR("'\\a\\b\\f\\n\\r\\t\\v\\\\\\?\\\"\\'\\`'"),
                  SP_STR("\a\b\f\n\r\t\v\\?\"'`") },
                { "\\x is a character in strings", SP_STR("'\\xe9'"),
                  SP_STR("\xc3\xa9") },
                { "and a byte in bytes", SP_STR("b'\\xe9'"), SP_STR("\xe9") },
                { "so is octal", SP_STR("'\\351' "), SP_STR("\xc3\xa9") },
                { "\\u and \\U", SP_STR("'\\u00e9\\U0001F600'"),
                  SP_STR("\xc3\xa9\xf0\x9f\x98\x80") },
                { "raw keeps backslashes", SP_STR("r'a\\nb\\''"), SP_STR("a\\nb\\'") },
                { "CR LF becomes LF", SP_STR("'''a\r\nb\rc'''"), SP_STR("a\nb\nc") },
                { "empty in three quotes", SP_STR("''''''"), SP_STR("") },
                { "identifiers take escapes", SP_STR("`s\\x73n`"), SP_STR("ssn") },
                { "a dot by escape is a dot", SP_STR("`s\\u002et`"), SP_STR("s.t") },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_tokens tokens;
                struct sp_str value;

                SP_CHECK(rows[i].sentence,
                         sp_sql_lex(&a, rows[i].text, &tokens, NULL) == 0);
                SP_CHECK(rows[i].sentence,
                         sp_sql_decode(&a, rows[i].text, &tokens.v[0], &value) == 0);
                SP_CHECK(rows[i].sentence, sp_str_eq(value, rows[i].value));
                sp_arena_done(&a);
        }
}

static void test_keywords(void **state)
{
        (void)state;
        /* looked up by halving: the list must be sorted, and every word must be found
         */
        for (int k = 1; k < SP_KW_MAX_; k++) {
                struct sp_str name =
                        sp_str_c(sp_sql_keyword_name((enum sp_sql_keyword)k));

                SP_CHECK(name.p, (int)sp_sql_keyword_find(name) == k);
                if (k > 1)
                        SP_CHECK(name.p, strcmp(sp_sql_keyword_name(
                                                        (enum sp_sql_keyword)(k - 1)),
                                                name.p) < 0);
        }
        assert_int_equal(sp_sql_keyword_find(SP_STR("sElEcT")), SP_KW_SELECT);
        assert_int_equal(sp_sql_keyword_find(SP_STR("selec")), SP_KW_NONE);
        assert_int_equal(sp_sql_keyword_find(SP_STR("selectx")), SP_KW_NONE);
        assert_true(sp_sql_keyword_is_reserved(SP_KW_SELECT));
        assert_true(sp_sql_keyword_is_reserved(SP_KW_QUALIFY));
        assert_false(sp_sql_keyword_is_reserved(SP_KW_VALUES));
        assert_false(sp_sql_keyword_is_reserved(SP_KW_OPTIONS));
}

static void test_position(void **state)
{
        struct sp_str text = SP_STR("ab\r\ncd\re\nf");
        unsigned line, column;

        (void)state;
        sp_sql_position(text, 0, &line, &column);
        assert_true(line == 1 && column == 1);
        sp_sql_position(text, 5, &line, &column);
        assert_true(line == 2 && column == 2);
        sp_sql_position(text, 7, &line, &column);
        assert_true(line == 3 && column == 1);
        sp_sql_position(text, 9, &line, &column);
        assert_true(line == 4 && column == 1);
        /* characters count, and a tab goes on to the next multiple of eight */
        text = SP_STR("\xc3\xa9\xe2\x82\xac"
                      "a\tb\t\tc");
        sp_sql_position(text, 5, &line, &column);
        assert_true(line == 1 && column == 3);
        sp_sql_position(text, 7, &line, &column);
        assert_true(line == 1 && column == 9);
        sp_sql_position(text, 10, &line, &column);
        assert_true(line == 1 && column == 25);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tokens),   cmocka_unit_test(test_errors),
                cmocka_unit_test(test_values),   cmocka_unit_test(test_keywords),
                cmocka_unit_test(test_position),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
