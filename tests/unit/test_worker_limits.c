/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of a job before its bill is known. */
#include "daemon/worker/limits.h"
#include "daemon/worker/server_truth.h"
#include "tests/test.h"

static void a_failed_script_keeps_its_charge_unless_it_never_was_a_job(void **state)
{
        static const struct {
                const char *sentence;
                struct sp_sql_script script;
                bool is_insert;
                unsigned status;
                bool is_free;
        } rows[] = {
                { "a query that fails", { .n_statements = 1 }, false, 400, true },
                { "one that is answered", { .n_statements = 1 }, false, 200, false },
                { "one whose answer is lost",
                  { .n_statements = 1 },
                  false,
                  503,
                  false },
                { "a script that fails", { .is_script = true }, false, 400, false },
                { "one that finds no table", { .is_script = true }, false, 404, false },
                { "two statements", { .n_statements = 2 }, false, 400, false },
                { "a script that is no job", { .is_script = true }, true, 400, true },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                const struct sp_flow f = { .judgement.script = &rows[i].script,
                                           .call.is_insert = rows[i].is_insert };

                SP_CHECK(rows[i].sentence,
                         sp_limits_is_free(&f, rows[i].status) == rows[i].is_free);
        }
}

static void what_may_cost_more_is_no_estimate(void **state)
{
        (void)state;
        assert_true(sp_truth_is_estimate(SP_STR("PRECISE")));
        assert_true(sp_truth_is_estimate(SP_STR("UPPER_BOUND")));
        assert_false(sp_truth_is_estimate(SP_STR("LOWER_BOUND")));
        assert_false(sp_truth_is_estimate(SP_STR("UNKNOWN")));
        assert_false(sp_truth_is_estimate(SP_STR("ANYTHING")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(
                        a_failed_script_keeps_its_charge_unless_it_never_was_a_job),
                cmocka_unit_test(what_may_cost_more_is_no_estimate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
