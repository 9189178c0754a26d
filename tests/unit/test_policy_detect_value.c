/* SPDX-License-Identifier: Apache-2.0 */
/* Which values look like personal data, and which do not. Numbers are those of specimens. */
#include "daemon/policy/detect_value.h"
#include "tests/test.h"

#include <errno.h>

static const struct {
        const char *value, *detector; /* "": none */
} rows[] = {
        { "ann@example.com", "email" },
        { " ann.lee+x@mail.example.co.uk\t", "email" },
        { "Write to <ann@example.com>, please.", "email" },
        { "{\"to\":\"ann@example.com\"}", "email" },
        { "ann@localhost", "" },
        { "@example.com", "" },
        { "ann@example..com", "" },
        { "ann@.com", "" },
        { "a@b@example.com", "" },
        { "ann@1.2", "" },
        { "4111111111111111", "payment" },
        { "4111 1111 1111 1111", "payment" },
        { "5555-5555-5555-4444", "payment" },
        { "378282246310005", "payment" },
        { "30569309025904", "payment" },
        { "6011111111111117", "payment" },
        { "paid with 4111111111111111.", "payment" },
        { "4111111111111112", "" },
        { "1111111111111117", "" },
        { "0000000000000000", "" },
        { "DE89370400440532013000", "payment" },
        { "GB82 WEST 1234 5698 7654 32", "payment" },
        { "DE89370400440532013001", "" },
        { "078-05-1120", "national-id" },
        { "her number is 078-05-1120.", "national-id" },
        { "000-05-1120", "" },
        { "666-05-1120", "" },
        { "078-00-1120", "" },
        { "078-05-0000", "" },
        { "529.982.247-25", "national-id" },
        { "529.982.247-26", "" },
        { "811218-9876", "national-id" },
        { "811318-9876", "" },
        { "2341 2341 2346", "national-id" },
        { "2341 2341 2347", "" },
        { "44051401359", "national-id" },
        { "44051401358", "" },
        { "44991401359", "" },
        { "255081416802538", "national-id" },
        { "2 55 08 14 168 025 38", "national-id" },
        { "255081416802539", "" },
        { "12345678Z", "national-id" },
        { "X1234567L", "national-id" },
        { "12345678A", "" },
        { "AB123456C", "national-id" },
        { "AB 12 34 56 C", "national-id" },
        { "QQ123456C", "" },
        { "RSSMRA85T10A562S", "national-id" },
        { "RSSMRA85T10A562T", "" },
        { "+44 20 7946 0958", "phone" },
        { "+1-212-555-0123", "phone" },
        { "(212) 555-0123", "phone" },
        { "212-555-0123", "phone" },
        { "06 12 34 56 78", "phone" },
        { "0612345678", "" },
        { "112-155-0123", "" },
        { "2025-01-31", "" },
        { "2025-01-31 10:00:00", "" },
        { "192.168.0.7", "network" },
        { "2001:db8::1", "network" },
        { "00:1A:2b:3c:4D:5e", "network" },
        { "192.168.0.256", "" },
        { "10:20:30", "" },
        { "AKIAIOSFODNN7EXAMPLE", "secret" },
        { "AKIA", "" },
        { "", "" },
        { "yes", "" },
        { "London", "" },
        { "3.14159265", "" },
        { "d41d8cd98f00b204e9800998ecf8427e", "" },
        { "[redacted]", "" },
        { "123456789", "" },
        { "order 17 of 3 boxes", "" },
};

/* Of the policy's own. */
static const struct {
        const char *value, *detector;
} own_rows[] = {
        { "EMP-004711", "staff-number" },
        { "seen by EMP-004711", "staff-number" },
        { "EMP-0047", "" },
        { "emp-004711", "" },
        { "room-blue", "room" },
        /* replaced, switched off, and names alone */
        { "+44 20 7946 0958", "" },
        { "x4711", "phone" },
        { "192.168.0.7", "" },
        { "ann@example.com", "email" },
};

static struct sp_policy *load(const char *text)
{
        const struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(text) };
        struct sp_policy *p = NULL;
        struct sp_err e = SP_ERR_NULL;

        if (sp_policy_load(&f, 1, NULL, 0, &p, &e) < 0)
                fail_msg("%s %s: %s", e.id, e.where, e.what);
        return p;
}

static void values_are_told_apart(void **state)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load("version: 1\n");

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_str found =
                        sp_policy_detect_value(p, sp_str_c(rows[i].value));

                if (!sp_str_eq(found, sp_str_c(rows[i].detector)))
                        fail_msg("%s: '%.*s'", rows[i].value, SP_FMT(found));
        }
}

static void a_policy_has_detectors_of_its_own(void **state)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p =
                load("version: 1\ndetectors:\n"
                     "- {name: staff-number, values: [\"EMP-######\"]}\n"
                     "- {name: room, names: [\"room*\"], values: [\"room-*\"]}\n"
                     "- {name: phone, values: [\"x####\"]}\n"
                     "- {name: email, names: [\"post\"]}\n"
                     "- {name: network, off: true}\n");

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(own_rows); i++) {
                struct sp_str found =
                        sp_policy_detect_value(p, sp_str_c(own_rows[i].value));

                if (!sp_str_eq(found, sp_str_c(own_rows[i].detector)))
                        fail_msg("%s: '%.*s'", own_rows[i].value, SP_FMT(found));
        }
}

static void a_pattern_that_means_two_things_is_refused(void **state)
{
        const struct sp_policy_file f = {
                SP_STR("p.yaml"),
                SP_STR("version: 1\ndetectors: [{name: x, values: [\"A1###\"]}]\n")
        };
        struct sp_policy *p = NULL;
        struct sp_err e = SP_ERR_NULL;

        (void)state;
        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &p, &e), -EINVAL);
        assert_string_equal(e.id, "policy.bad-pattern");
}

static void a_long_value_is_looked_at_up_to_its_limit(void **state)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load("version: 1\n");
        char value[4096];

        (void)state;
        memset(value, ' ', sizeof(value));
        memcpy(value, "ann@example.com", 15);
        assert_true(sp_policy_detect_value(p, sp_str(value, sizeof(value))).n);
        memset(value, 'x', sizeof(value));
        memcpy(value + 300, " ann@example.com ", 17);
        assert_int_equal(sp_policy_detect_value(p, sp_str(value, sizeof(value))).n, 0);
}

static void only_observing_looks_at_answers(void **state)
{
        static const struct {
                const char *text;
                unsigned one_of;
        } policies[] = { { "version: 1\n", 0 },
                         { "version: 1\nsample_answers: 1\n", 0 },
                         { "version: 1\nmode: observe\n", 10 },
                         { "version: 1\nmode: observe\nsample_answers: 1\n", 1 },
                         { "version: 1\nmode: observe\nsample_answers: 0\n", 0 } };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(policies); i++) {
                sp_cleanup(sp_policy_unrefp) struct sp_policy *p =
                        load(policies[i].text);

                assert_int_equal(sp_policy_sample(p), policies[i].one_of);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_told_apart),
                cmocka_unit_test(a_policy_has_detectors_of_its_own),
                cmocka_unit_test(a_pattern_that_means_two_things_is_refused),
                cmocka_unit_test(a_long_value_is_looked_at_up_to_its_limit),
                cmocka_unit_test(only_observing_looks_at_answers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
