/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/sql/lex.h"
#include "daemon/sql/scope.h"

#define NAMES 2000

static struct sp_str name_of(struct sp_arena *a, size_t i)
{
        return sp_arena_printf(a, i % 3 ? "name_%zu" : "Name_%zu", i % 1500);
}

/* What a walk over the list finds. */
static const struct sp_sql_name *walk(const struct sp_sql_name *n, struct sp_str text)
{
        while (n && !sp_str_caseeq(n->text, text))
                n = n->next;
        return n;
}

/* Lists that grow from the end and from the middle of others; names come twice. */
static void test_finds_what_a_walk_finds(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(64u * 1024 * 1024);
        static const struct sp_sql_name *lists[NAMES + 1];

        (void)state;
        for (size_t i = 0; i < NAMES; i++) {
                const struct sp_sql_name *list = lists[i % 7 ? i : i / 2];
                struct sp_sql_name *n = sp_arena_new(&a, struct sp_sql_name);

                n->text = name_of(&a, i);
                assert_true(sp_sql_scope_push(&a, &list, n));
                assert_int_equal(list->length, list->next ? list->next->length + 1 : 1);
                lists[i + 1] = list;
        }
        for (size_t i = 0; i <= NAMES; i += 37)
                for (size_t k = 0; k < NAMES; k++) {
                        struct sp_str text = name_of(&a, k);
                        const struct sp_sql_name *n = sp_sql_scope_find(lists[i], text),
                                                 *w = walk(lists[i], text);

                        for (; n && n == w; w = walk(w->next, text))
                                n = sp_sql_scope_find_next(n);
                        assert_ptr_equal(n, w);
                }
        sp_arena_done(&a);
}

static void test_memory(void **state)
{
        (void)state;
        for (size_t max = 0; max < 4096; max += 16) {
                struct sp_arena a = SP_ARENA_INIT(max);
                const struct sp_sql_name *list = NULL, *before;
                struct sp_sql_name names[9] = { 0 };
                static const char *const texts[] = { "a", "b", "c", "d", "e",
                                                     "f", "g", "h", "i" };
                size_t i = 0;

                for (; i < SP_ARRAY_SIZE(names); i++) {
                        names[i].text = sp_str_c(texts[i]);
                        before = list;
                        if (!sp_sql_scope_push(&a, &list, &names[i])) {
                                assert_ptr_equal(list, before);
                                break;
                        }
                }
                for (size_t k = 0; k < SP_ARRAY_SIZE(names); k++)
                        assert_ptr_equal(sp_sql_scope_find(list, sp_str_c(texts[k])),
                                         k < i ? &names[k] : NULL);
                sp_arena_done(&a);
        }
}

/* ---- keywords ---- */

static enum sp_sql_keyword find_by_walk(struct sp_str word)
{
        for (int k = SP_KW_NONE + 1; k < SP_KW_MAX_; k++)
                if (sp_str_caseeq(sp_str_c(sp_sql_keyword_name((enum sp_sql_keyword)k)),
                                  word))
                        return (enum sp_sql_keyword)k;
        return SP_KW_NONE;
}

static void check_word(const char *word, size_t n)
{
        struct sp_str s = sp_str(word, n);

        if (sp_sql_keyword_find(s) != find_by_walk(s))
                fail_msg("'%.*s' is keyword %d, not %d", SP_FMT(s), find_by_walk(s),
                         sp_sql_keyword_find(s));
}

/* Each keyword, and each word one byte away from it. */
static void test_keywords(void **state)
{
        static const char others[] = "aAzZ_0 \x7f\xc3@[`{";

        (void)state;
        for (int k = SP_KW_NONE + 1; k < SP_KW_MAX_; k++) {
                const char *name = sp_sql_keyword_name((enum sp_sql_keyword)k);
                size_t n = strlen(name);
                char word[64] = "";

                assert_int_equal(sp_sql_keyword_find(sp_str_c(name)), k);
                memcpy(word, name, n);
                for (size_t i = 0; i <= n; i++) {
                        char was = word[i];

                        for (size_t o = 0; o < sizeof(others) - 1; o++) {
                                word[i] = others[o];
                                check_word(word, i < n ? n : n + 1);
                        }
                        word[i] = was >= 'A' && was <= 'Z' ? (char)(was + 32) : was;
                        check_word(word, n);
                        check_word(word, i);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_finds_what_a_walk_finds),
                cmocka_unit_test(test_memory),
                cmocka_unit_test(test_keywords),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
