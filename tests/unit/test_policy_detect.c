/* SPDX-License-Identifier: Apache-2.0 */
/* Which names look like personal data, and which do not. */
#include "daemon/policy/detect.h"
#include "tests/test.h"

static const struct {
        const char *name, *detector; /* "": none */
} rows[] = {
        { "ssn", "national-id" },
        { "customer_ssn", "national-id" },
        { "SocialSecurityNumber", "national-id" },
        { "Email", "email" },
        { "workEmail", "email" },
        { "phone", "phone" },
        { "home-phone", "phone" },
        { "lastName", "person-name" },
        { "date_of_birth", "birth" },
        { "DOB", "birth" },
        { "iban", "payment" },
        { "pan", "payment" },
        { "zip_code", "address" },
        { "staff_no_2", "staff-number" },
        { "company", "" },
        { "assessment_number", "" },
        { "session", "" },
        { "created", "" },
        { "lesson", "" },
        { "email_sent_count", "email" },
        /* replaced, and switched off */
        { "diagnosis", "" },
        { "chart_no", "health" },
        { "ip_address", "" },
        { "", "" },
};

static void names_are_told_apart(void **state)
{
        static const char text[] = "version: 1\ndetectors:\n"
                                   "- {name: staff-number, names: [\"staff_no*\"]}\n"
                                   "- {name: health, names: [\"chart_no\"]}\n"
                                   "- {name: network, off: true}\n";
        const struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(text) };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
        struct sp_err e = SP_ERR_NULL;

        (void)state;
        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &p, &e), 0);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_str found = sp_policy_detect(p, sp_str_c(rows[i].name));

                if (!sp_str_eq(found, sp_str_c(rows[i].detector)))
                        fail_msg("%s: %.*s", rows[i].name, SP_FMT(found));
        }
}

static void a_long_name_is_looked_at_up_to_its_limit(void **state)
{
        static const char text[] = "version: 1\n";
        const struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(text) };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
        struct sp_err e = SP_ERR_NULL;
        char name[2000];

        (void)state;
        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &p, &e), 0);
        for (size_t i = 0; i < sizeof(name); i++)
                name[i] = i % 2 ? 'A' : 'a';
        assert_int_equal(sp_policy_detect(p, sp_str(name, sizeof(name))).n, 0);
        memcpy(name, "email_", 6);
        assert_true(sp_policy_detect(p, sp_str(name, sizeof(name))).n);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_told_apart),
                cmocka_unit_test(a_long_name_is_looked_at_up_to_its_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
