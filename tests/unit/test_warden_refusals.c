/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/warden/refusals.h"

#define SECOND SP_USEC_PER_SEC
#define REPORTS_MAX 256

struct told {
        struct sp_refusals *all;
        struct sp_refusal each[REPORTS_MAX];
        size_t n;
        uint64_t sum;
};

static void hear(void *userdata, const struct sp_refusal *r)
{
        struct told *t = userdata;

        assert_true(t->n < REPORTS_MAX);
        t->each[t->n++] = *r;
        t->sum += r->count;
}

static struct told *begin(void)
{
        struct told *t = calloc(1, sizeof(*t));

        assert_non_null(t);
        assert_int_equal(sp_refusals_new(hear, t, &t->all), 0);
        return t;
}

static void end(struct told *t)
{
        sp_refusals_free(t->all);
        free(t);
}

static void happen(struct told *t, uint64_t guard, unsigned what, uint64_t exe,
                   uint64_t now_us)
{
        const struct sp_guard_event e = { .guard_id = guard,
                                          .what = (uint8_t)what,
                                          .exe_inode = exe,
                                          .exe = "probe",
                                          .cgroup = "job.service" };

        sp_refusals_add(t->all, &e, "ci", now_us);
}

static void the_first_attempt_is_told_at_once_and_the_next_are_gathered(void **state)
{
        struct told *t = begin();

        (void)state;
        happen(t, 7, SP_GUARD_REFUSED_UDP, 1, SECOND);
        assert_int_equal(t->n, 1);
        assert_int_equal(t->each[0].count, 1);
        assert_string_equal(t->each[0].workload, "ci");
        assert_string_equal(t->each[0].exe, "probe");
        assert_string_equal(t->each[0].unit, "job.service");
        for (int i = 0; i < 1000; i++)
                happen(t, 7, SP_GUARD_REFUSED_UDP, 1, SECOND);
        assert_int_equal(t->n, 1);
        sp_refusals_tell(t->all, 2 * SECOND);
        assert_int_equal(t->n, 1);
        sp_refusals_tell(t->all, 3 * SECOND);
        assert_int_equal(t->n, 2);
        assert_int_equal(t->each[1].count, 1000);
        end(t);
}

static void who_goes_on_is_told_of_less_often_and_every_attempt_is_counted(void **state)
{
        struct told *t = begin();
        uint64_t s;

        (void)state;
        for (s = 1; s <= 600; s++) {
                happen(t, 7, SP_GUARD_REFUSED_UDP, 1, s * SECOND);
                sp_refusals_tell(t->all, s * SECOND);
        }
        assert_in_range(t->n, 10, 20);
        sp_refusals_tell(t->all, UINT64_MAX);
        assert_int_equal(t->sum, 600);
        end(t);
}

static void who_was_quiet_is_told_of_at_once_again(void **state)
{
        struct told *t = begin();

        (void)state;
        happen(t, 7, SP_GUARD_REFUSED_UDP, 1, SECOND);
        sp_refusals_tell(t->all, 100 * SECOND);
        happen(t, 7, SP_GUARD_REFUSED_UDP, 1, 101 * SECOND);
        assert_int_equal(t->n, 2);
        end(t);
}

static void a_flood_of_kinds_costs_a_number_and_hides_nobody_else(void **state)
{
        struct told *t = begin();
        const struct sp_refusal *last;

        (void)state;
        for (uint64_t exe = 1; exe <= 10000; exe++)
                happen(t, 7, SP_GUARD_REFUSED_UDP, exe, SECOND);
        assert_int_equal(t->n, SP_REFUSAL_KINDS_MAX);
        happen(t, 8, SP_GUARD_REFUSED_SOCKET, 1, SECOND);
        assert_int_equal(t->n, SP_REFUSAL_KINDS_MAX + 1);
        assert_int_equal(t->each[t->n - 1].last.guard_id, 8);
        sp_refusals_tell(t->all, 3 * SECOND);
        last = &t->each[t->n - 1];
        assert_true(last->is_rest);
        assert_int_equal(last->last.guard_id, 7);
        assert_string_equal(last->workload, "ci");
        assert_int_equal(last->count, 10000 - SP_REFUSAL_KINDS_MAX);
        assert_int_equal(t->sum, 10001);
        end(t);
}

static void very_many_guards_lose_no_count_either(void **state)
{
        struct told *t = calloc(1, sizeof(*t));
        uint64_t heard = 0;

        (void)state;
        assert_non_null(t);
        assert_int_equal(sp_refusals_new(hear, t, &t->all), 0);
        for (uint64_t guard = 1; guard <= 5000; guard++) {
                happen(t, guard, SP_GUARD_REFUSED_UDP, 1, SECOND);
                if (t->n)
                        assert_int_equal(t->each[0].count, 1);
                heard += t->n;
                t->n = 0;
        }
        assert_in_range(heard, 1000, 1100);
        sp_refusals_tell(t->all, UINT64_MAX);
        assert_int_equal(t->sum, 5000);
        end(t);
}

static void the_metrics_tell_workloads_and_kinds_apart(void **state)
{
        const struct sp_guard_event e = { .what = SP_GUARD_REFUSED_BPF };
        sp_autobuf text = SP_BUF_INIT(65536);
        struct told *t = begin();

        (void)state;
        happen(t, 7, SP_GUARD_REFUSED_UDP, 1, SECOND);
        happen(t, 7, SP_GUARD_REFUSED_UDP, 1, SECOND);
        sp_refusals_add(t->all, &e, "nightly", SECOND);
        assert_int_equal(sp_refusals_metrics(t->all, &text), 0);
        assert_int_equal(sp_buf_addc(&text, '\0'), 0);
        assert_non_null(strstr(text.p, "sallyport_guard_refused_total{workload=\"ci\","
                                       "what=\"refused-udp\"} 2\n"));
        assert_non_null(
                strstr(text.p, "{workload=\"nightly\",what=\"refused-bpf\"} 1\n"));
        end(t);
}

static void a_unit_is_found_in_a_path(void **state)
{
        static const struct {
                const char *path, *unit;
        } asked[] = {
                { "/agents.slice/job.service", "job.service" },
                { "/agents.slice/job.service/inner/deep", "job.service" },
                { "/agents.slice/runner-4.scope", "runner-4.scope" },
                { "/docker/0123abcd", "0123abcd" },
                { "/agents.slice", "agents.slice" },
                { "/", "" },
                { "", "" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(asked); i++) {
                struct sp_str u = sp_refusal_unit_of(sp_str_c(asked[i].path));

                if (!sp_str_eq(u, sp_str_c(asked[i].unit)))
                        fail_msg("%s: %.*s", asked[i].path, SP_FMT(u));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(
                        the_first_attempt_is_told_at_once_and_the_next_are_gathered),
                cmocka_unit_test(
                        who_goes_on_is_told_of_less_often_and_every_attempt_is_counted),
                cmocka_unit_test(who_was_quiet_is_told_of_at_once_again),
                cmocka_unit_test(a_flood_of_kinds_costs_a_number_and_hides_nobody_else),
                cmocka_unit_test(very_many_guards_lose_no_count_either),
                cmocka_unit_test(the_metrics_tell_workloads_and_kinds_apart),
                cmocka_unit_test(a_unit_is_found_in_a_path),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
