/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/warden/limits.h"
#include "tests/test.h"

#define DAY UINT64_C(86400)
#define NOW (UINT64_C(20000) * DAY + 100) /* shortly after midnight */

static const char text[] =
        "version: 1\n"
        "limits:\n"
        "  maximum_bytes_billed: 10GB\n"
        "  per_principal:\n"
        "  - {name: rate, workloads: [ci], requests: 3/min, queries: 2/min}\n"
        "  - {name: budget, bytes_billed: 100GB/day, rows: 1k/day}\n"
        "  - {name: few, groups: [interns], queries: 1/day}\n"
        "  - {name: quiet, workloads: [loud], refusals: 2/min, approvals: 2}\n";

struct bench {
        struct sp_policy *policy;
        struct sp_limits *limits;
        struct sp_msg_charged answer;
        struct sp_err err;
};

static void bench_init(struct bench *b)
{
        const struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(text) };

        memset(b, 0, sizeof(*b));
        if (sp_policy_load(&f, 1, NULL, 0, &b->policy, &b->err) < 0)
                fail_msg("%s: %s", b->err.where, b->err.what);
        assert_int_equal(sp_limits_new(&b->limits), 0);
        sp_limits_start(b->limits);
}

static void bench_done(struct bench *b)
{
        b->limits = sp_limits_free(b->limits);
        b->policy = sp_policy_unref(b->policy);
}

static bool fits(struct bench *b, struct sp_msg_charge m, uint64_t now)
{
        m.may_refuse = 1;
        assert_int_equal(
                sp_limits_charge(b->limits, b->policy, &m, 0, now, &b->answer, &b->err),
                0);
        return !b->answer.rule.n;
}

static void use(struct bench *b, struct sp_msg_charge m, uint64_t now)
{
        assert_int_equal(
                sp_limits_charge(b->limits, b->policy, &m, 0, now, &b->answer, &b->err),
                0);
        assert_int_equal(b->answer.rule.n, 0);
}

#define WHO(w, s) .workload = SP_STR(w), .iss = SP_STR("i"), .sub = SP_STR(s)
#define CI(...) ((struct sp_msg_charge){ WHO("ci", "ann"), __VA_ARGS__ })

static void
what_fits_is_counted_and_what_does_not_is_refused_with_the_limit(void **state)
{
        struct bench b;

        (void)state;
        bench_init(&b);
        assert_true(fits(&b, CI(.requests = 1, .queries = 1), NOW));
        assert_true(fits(&b, CI(.requests = 1, .queries = 1), NOW));
        assert_false(fits(&b, CI(.requests = 1, .queries = 1), NOW));
        assert_true(sp_str_eq(b.answer.rule, SP_STR("p.yaml#rate")));
        assert_int_equal(b.answer.kind, SP_LIMIT_QUERIES);
        assert_int_equal(b.answer.used, 2);
        assert_int_equal(b.answer.max, 2);
        assert_int_equal(b.answer.frees_s, NOW - NOW % 60 + 60);
        assert_true(
                fits(&b, CI(.requests = 1), NOW)); /* the refused one took nothing */
        assert_false(fits(&b, CI(.requests = 1), NOW));
        assert_true(fits(&b, CI(.requests = 1, .queries = 1), NOW + 60));
        bench_done(&b);
}

static void each_principal_has_its_own_count(void **state)
{
        struct bench b;

        (void)state;
        bench_init(&b);
        assert_true(fits(&b, CI(.queries = 2), NOW));
        assert_false(fits(&b, CI(.queries = 1), NOW));
        assert_true(fits(&b, (struct sp_msg_charge){ WHO("ci", "bob"), .queries = 1 },
                         NOW));
        assert_true(fits(
                &b, (struct sp_msg_charge){ .workload = SP_STR("ci"), .queries = 1 },
                NOW));
        /* ("ci", "i", "ann") is not ("ci", "ia", "nn") */
        assert_true(fits(&b,
                         (struct sp_msg_charge){ .workload = SP_STR("ci"),
                                                 .iss = SP_STR("ia"),
                                                 .sub = SP_STR("nn"),
                                                 .queries = 1 },
                         NOW));
        bench_done(&b);
}

static void all_limits_that_match_hold(void **state)
{
        struct bench b;

        (void)state;
        bench_init(&b);
        assert_true(fits(&b, CI(.groups = SP_STR("a\ninterns\n"), .queries = 1), NOW));
        assert_false(fits(&b, CI(.groups = SP_STR("a\ninterns\n"), .queries = 1), NOW));
        assert_true(sp_str_eq(b.answer.rule, SP_STR("p.yaml#few")));
        assert_int_equal(b.answer.window_s, DAY);
        assert_true(fits(&b, (struct sp_msg_charge){ WHO("other", "x"), .queries = 99 },
                         NOW));
        bench_done(&b);
}

static void the_bill_takes_the_place_of_the_estimate(void **state)
{
        struct bench b;

        (void)state;
        bench_init(&b);
        assert_true(fits(&b, CI(.bytes = 90000000000), NOW));
        assert_false(fits(&b, CI(.bytes = 20000000000), NOW));
        use(&b, CI(.bytes = 10000000000, .estimate = 90000000000, .charged_s = NOW),
            NOW + 5);
        assert_true(fits(&b, CI(.bytes = 90000000000), NOW + 5));
        assert_false(fits(&b, CI(.bytes = 1), NOW + 5));
        /* an estimate of yesterday was counted yesterday */
        use(&b, CI(.bytes = 7, .estimate = 90000000000, .charged_s = NOW), NOW + DAY);
        assert_true(fits(&b, CI(.bytes = 99999999993), NOW + DAY));
        assert_false(fits(&b, CI(.bytes = 1), NOW + DAY));
        bench_done(&b);
}

static void rows_are_refused_when_none_are_left(void **state)
{
        struct bench b;

        (void)state;
        bench_init(&b);
        use(&b, CI(.rows = 999), NOW);
        assert_true(fits(&b, CI(.gives_rows = 1), NOW));
        use(&b, CI(.rows = 500), NOW); /* one answer may go over */
        assert_false(fits(&b, CI(.gives_rows = 1), NOW));
        assert_int_equal(b.answer.kind, SP_LIMIT_ROWS);
        assert_int_equal(b.answer.used, 1499);
        assert_true(fits(&b, CI(.requests = 1), NOW)); /* that gives none */
        bench_done(&b);
}

static void no_number_wraps_round(void **state)
{
        struct bench b;

        (void)state;
        bench_init(&b);
        use(&b, CI(.bytes = UINT64_MAX), NOW);
        use(&b, CI(.bytes = UINT64_MAX), NOW);
        assert_false(fits(&b, CI(.bytes = 1), NOW));
        assert_false(fits(&b, CI(.bytes = UINT64_MAX), NOW));
        assert_int_equal(b.answer.used, UINT64_MAX);
        bench_done(&b);
}

static void note_quiet(void *userdata, const struct sp_limits_quiet *q)
{
        uint64_t *n = userdata;

        assert_true(sp_str_eq(q->rule, SP_STR("quiet")));
        assert_true(sp_str_eq(q->workload, SP_STR("loud")));
        assert_true(sp_str_eq(q->sub, SP_STR("x")));
        *n += q->count;
}

static void refusals_over_the_rate_are_counted_and_not_recorded(void **state)
{
        const struct sp_msg_charge m = { WHO("loud", "x"), .refusals = 1 };
        uint64_t n = 0;
        struct bench b;

        (void)state;
        bench_init(&b);
        for (int i = 0; i < 5; i++) {
                use(&b, m, NOW);
                assert_int_equal(b.answer.is_quiet, i >= 2);
        }
        sp_limits_take_quiet(b.limits, note_quiet, &n);
        assert_int_equal(n, 3);
        sp_limits_take_quiet(b.limits, note_quiet, &n);
        assert_int_equal(n, 3); /* told once */
        use(&b, m, NOW + 60);
        assert_int_equal(b.answer.is_quiet, 0);
        bench_done(&b);
}

static void refusals_are_limited_where_the_policy_says_nothing_of_them(void **state)
{
        struct bench b;

        (void)state;
        bench_init(&b);
        use(&b, CI(.refusals = 600), NOW);
        assert_int_equal(b.answer.is_quiet, 0);
        use(&b, CI(.refusals = 1), NOW);
        assert_int_equal(b.answer.is_quiet, 1);
        bench_done(&b);
}

static void only_so_many_wait_for_a_person(void **state)
{
        struct sp_msg_charge m = { WHO("loud", "x"), .may_refuse = 1,
                                   .job = SP_STR("p:j") };
        struct bench b;

        (void)state;
        bench_init(&b);
        assert_int_equal(
                sp_limits_charge(b.limits, b.policy, &m, 1, NOW, &b.answer, &b.err), 0);
        assert_int_equal(b.answer.rule.n, 0);
        assert_int_equal(
                sp_limits_charge(b.limits, b.policy, &m, 2, NOW, &b.answer, &b.err), 0);
        assert_int_equal(b.answer.kind, SP_LIMIT_APPROVALS);
        assert_int_equal(b.answer.frees_s, 0);
        bench_done(&b);
}

static void what_was_used_outlives_a_restart(void **state)
{
        sp_autobuf kept = SP_BUF_INIT(1 << 20);
        struct bench b, after;

        (void)state;
        bench_init(&b);
        bench_init(&after);
        use(&b, CI(.bytes = 60000000000, .requests = 3, .rows = 5), NOW);
        assert_true(sp_limits_is_changed(b.limits));
        assert_int_equal(sp_limits_write(b.limits, NOW, &kept), 0);
        /* what was counted while it was not known yet is not lost */
        use(&after, CI(.bytes = 30000000000), NOW + 1);
        assert_int_equal(sp_limits_read(after.limits, sp_buf_str(&kept), NOW + 1), 0);
        assert_false(fits(&after, CI(.bytes = 10000000001), NOW + 1));
        assert_int_equal(after.answer.used, 90000000000);
        assert_false(fits(&after, CI(.requests = 1), NOW + 1));
        assert_true(fits(&after, CI(.requests = 1), NOW + 61)); /* the minute is over */
        bench_done(&after);
        bench_init(&after);
        assert_int_equal(sp_limits_read(after.limits, sp_buf_str(&kept), NOW + DAY), 0);
        assert_true(fits(&after, CI(.bytes = 100000000000), NOW + DAY));
        bench_done(&after);
        bench_done(&b);
}

static void a_damaged_table_changes_nothing(void **state)
{
        sp_autobuf kept = SP_BUF_INIT(1 << 20);
        struct bench b, after;

        (void)state;
        bench_init(&b);
        use(&b, CI(.bytes = 60000000000, .rows = 5), NOW);
        assert_int_equal(sp_limits_write(b.limits, NOW, &kept), 0);
        for (size_t n = 0; n < kept.n; n++) {
                bench_init(&after);
                if (sp_limits_read(after.limits, sp_str_sub(sp_buf_str(&kept), 0, n),
                                   NOW) < 0)
                        assert_true(fits(&after, CI(.bytes = 100000000000), NOW));
                bench_done(&after);
        }
        bench_done(&b);
}

static void nothing_fits_before_it_is_known_what_was_used(void **state)
{
        struct sp_msg_charge m = CI(.queries = 1, .may_refuse = 1);
        struct sp_limits *fresh;
        struct bench b;

        (void)state;
        bench_init(&b);
        assert_int_equal(sp_limits_new(&fresh), 0);
        assert_int_equal(
                sp_limits_charge(fresh, b.policy, &m, 0, NOW, &b.answer, &b.err),
                -EAGAIN);
        sp_limits_start(fresh);
        assert_int_equal(
                sp_limits_charge(fresh, b.policy, &m, 0, NOW, &b.answer, &b.err), 0);
        fresh = sp_limits_free(fresh);
        bench_done(&b);
}

static void the_table_has_an_end_and_old_windows_make_room(void **state)
{
        struct bench b;
        char sub[16];
        int r = 0;

        (void)state;
        bench_init(&b);
        for (int i = 0; i <= SP_LIMITS_COUNTERS_MAX && r == 0; i++) {
                struct sp_msg_charge m = { WHO("ci", ""), .may_refuse = 1,
                                           .requests = 1 };

                (void)snprintf(sub, sizeof(sub), "p%d", i);
                m.sub = sp_str_c(sub);
                r = sp_limits_charge(b.limits, b.policy, &m, 0, NOW, &b.answer, &b.err);
        }
        assert_int_equal(r, -ENOSPC);
        assert_true(fits(&b, CI(.requests = 1), NOW + 60));
        bench_done(&b);
}

static void names_that_are_no_text_are_not_counted(void **state)
{
        struct sp_msg_charge bad[] = { CI(.requests = 1), CI(.requests = 1) };
        struct bench b;

        (void)state;
        bench_init(&b);
        bad[0].sub = SP_STR("a\0b");
        bad[1].workload = SP_STR("ci\xFF");
        for (size_t i = 0; i < SP_ARRAY_SIZE(bad); i++)
                assert_int_equal(sp_limits_charge(b.limits, b.policy, &bad[i], 0, NOW,
                                                  &b.answer, &b.err),
                                 -EBADMSG);
        bench_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(
                        what_fits_is_counted_and_what_does_not_is_refused_with_the_limit),
                cmocka_unit_test(each_principal_has_its_own_count),
                cmocka_unit_test(all_limits_that_match_hold),
                cmocka_unit_test(the_bill_takes_the_place_of_the_estimate),
                cmocka_unit_test(rows_are_refused_when_none_are_left),
                cmocka_unit_test(no_number_wraps_round),
                cmocka_unit_test(refusals_over_the_rate_are_counted_and_not_recorded),
                cmocka_unit_test(
                        refusals_are_limited_where_the_policy_says_nothing_of_them),
                cmocka_unit_test(only_so_many_wait_for_a_person),
                cmocka_unit_test(what_was_used_outlives_a_restart),
                cmocka_unit_test(a_damaged_table_changes_nothing),
                cmocka_unit_test(nothing_fits_before_it_is_known_what_was_used),
                cmocka_unit_test(the_table_has_an_end_and_old_windows_make_room),
                cmocka_unit_test(names_that_are_no_text_are_not_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
