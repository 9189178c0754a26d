/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/warden/metrics.h"

#define LABELS(i) "role=\"worker\",index=\"" i "\""

static void samples_of_one_metric_stand_together(void **state)
{
        static const char text[] =
                "# HELP a Things.\n# TYPE a counter\na 1\na{x=\"y\"} 2\n"
                "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\n"
                "h_count 5\n# a remark\nb{} 6\n";
        static const char expected[] =
                "# HELP a Things.\n# TYPE a counter\n"
                "a{" LABELS("0") "} 1\na{" LABELS(
                        "0") ",x=\"y\"} 2\n"
                             "a{" LABELS("1") "} 1\na{" LABELS(
                                     "1") ",x=\"y\"} 2\n"
                                          "# TYPE h histogram\n"
                                          "h_bucket{" LABELS(
                                                  "0") ",le=\"+Inf\"} "
                                                       "3\nh_sum{" LABELS(
                                                               "0") "} 4\n"
                                                                    "h_"
                                                                    "count"
                                                                    "{" LABELS(
                                                                            "0") "} 5\n"
                                                                                 "h_"
                                                                                 "bucke"
                                                                                 "t"
                                                                                 "{" LABELS("1") ",le=\"+Inf\"} 3\nh_sum{" LABELS(
                                                                                         "1") "} 4\n"
                                                                                              "h_count{" LABELS(
                                                                                                      "1") "} 5\n"
                                                                                                           "b{" LABELS("0") "} 6\nb{" LABELS(
                                                                                                                   "1") "} 6\n";
        sp_cleanup(sp_metrics_merge_done) struct sp_metrics_merge m = { 0 };
        sp_autobuf out = SP_BUF_INIT(65536);

        (void)state;
        assert_int_equal(sp_metrics_merge_add(&m, sp_str_c(text), LABELS("0")), 0);
        assert_int_equal(sp_metrics_merge_add(&m, sp_str_c(text), LABELS("1")), 0);
        assert_int_equal(sp_metrics_merge_write(&m, &out), 0);
        assert_int_equal(sp_buf_addc(&out, '\0'), 0);
        assert_string_equal(out.p, expected);
}

static void what_is_not_a_sample_is_refused(void **state)
{
        static const char *const texts[] = { "a",      "a1",
                                             "=1\n",   "{x=\"y\"} 1\n",
                                             "a\t1\n", "# TYPE \n" };
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(texts); i++) {
                sp_cleanup(sp_metrics_merge_done) struct sp_metrics_merge m = { 0 };

                SP_CHECK(texts[i], sp_metrics_merge_add(&m, sp_str_c(texts[i]),
                                                        "r=\"x\"") == -EBADMSG);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(samples_of_one_metric_stand_together),
                cmocka_unit_test(what_is_not_a_sample_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
