/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/google/page_token.h"

static void a_token_opens_for_its_asker_and_result_only(void **state sp_unused)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 16);
        const struct sp_page_seal mine = { SP_STR("key"), SP_STR("ann"),
                                           SP_STR("job p:1") };
        const struct {
                const char *sentence;
                struct sp_page_seal seal;
        } others[] = {
                { "another session",
                  { SP_STR("yek"), SP_STR("ann"), SP_STR("job p:1") } },
                { "another asker",
                  { SP_STR("key"), SP_STR("bob"), SP_STR("job p:1") } },
                { "another job", { SP_STR("key"), SP_STR("ann"), SP_STR("job p:2") } },
                { "the border moved",
                  { SP_STR("key"), SP_STR("annj"), SP_STR("ob p:1") } },
                { "no session", { SP_STR_NULL, SP_STR("ann"), SP_STR("job p:1") } },
        };
        struct sp_str sealed = sp_page_token_seal(&a, &mine, SP_STR("BFP.J3=="));
        struct sp_str got;

        assert_int_equal(sp_page_token_open(&mine, sealed, &got, NULL), 0);
        assert_true(sp_str_eq(got, SP_STR("BFP.J3==")));
        for (size_t i = 0; i < SP_ARRAY_SIZE(others); i++) {
                struct sp_err e = SP_ERR_NULL;

                SP_CHECK(others[i].sentence, sp_page_token_open(&others[i].seal, sealed,
                                                                &got, &e) == -EINVAL);
                SP_CHECK(others[i].sentence, strcmp(e.id, "page.token") == 0);
        }
        /* any byte changed, any byte less */
        for (size_t i = 0; i < sealed.n; i++) {
                struct sp_str changed = sp_arena_str(&a, sealed);

                assert_non_null(changed.p);
                ((char *)changed.p)[i] ^= 1;
                assert_int_equal(sp_page_token_open(&mine, changed, &got, NULL),
                                 -EINVAL);
                assert_int_equal(
                        sp_page_token_open(&mine, sp_str_sub(sealed, 0, i), &got, NULL),
                        -EINVAL);
        }
        assert_int_equal(sp_page_token_open(&mine, SP_STR("BFP.J3=="), &got, NULL),
                         -EINVAL);
}

static void without_a_key_there_is_no_token(void **state sp_unused)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 16);
        const struct sp_page_seal none = { SP_STR_NULL, SP_STR("ann"),
                                           SP_STR("job p:1") };

        assert_null(sp_page_token_seal(&a, &none, SP_STR("t")).p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_token_opens_for_its_asker_and_result_only),
                cmocka_unit_test(without_a_key_there_is_no_token),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
