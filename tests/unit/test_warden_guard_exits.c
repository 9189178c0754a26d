/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "daemon/warden/guard_internal.h"

#define RULES 4
static const char *const texts[RULES] = { "udp any 123", "tcp 10.0.0.0/8 5432",
                                          "tcp 10.1.0.0/16 22-23",
                                          "icmp 2001:db8::/32" };

static const struct {
        const char *sentence, *ip;
        uint8_t protocol;
        uint16_t port;
        bool is_open;
} asked[] = {
        { "what any address may", "::ffff:192.0.2.1", IPPROTO_UDP, 123, true },
        { "of both families", "2001:db9::1", IPPROTO_UDP, 123, true },
        { "not by TCP", "::ffff:192.0.2.1", IPPROTO_TCP, 123, false },
        { "the wider range", "::ffff:10.2.0.1", IPPROTO_TCP, 5432, true },
        { "not outside of it", "::ffff:11.0.0.1", IPPROTO_TCP, 5432, false },
        { "the narrower range", "::ffff:10.1.0.1", IPPROTO_TCP, 22, true },
        { "its last port", "::ffff:10.1.0.1", IPPROTO_TCP, 23, true },
        { "not the port behind", "::ffff:10.1.0.1", IPPROTO_TCP, 24, false },
        { "the narrower has what the wider has", "::ffff:10.1.0.1", IPPROTO_TCP, 5432,
          true },
        { "and what any address has", "::ffff:10.1.0.1", IPPROTO_UDP, 123, true },
        { "the wider not what the narrower has", "::ffff:10.2.0.1", IPPROTO_TCP, 22,
          false },
        { "IPv6 is not a mapped address", "2001:db8::1", IPPROTO_ICMP, 0, true },
        { "ICMP elsewhere", "2001:db9::1", IPPROTO_ICMP, 0, false },
};

static void a_narrow_range_opens_what_the_wide_ones_open_as_well(void **state)
{
        struct sp_egress_rule rules[RULES];
        struct sp_guard_exit v[RULES];
        const char *why;
        size_t n = 0;

        (void)state;
        for (size_t i = 0; i < RULES; i++)
                assert_int_equal(sp_egress_parse(sp_str_c(texts[i]), &rules[i], &why),
                                 0);
        assert_int_equal(sp_guard_exits_compile(rules, RULES, v, &n), 0);
        assert_int_equal(n, RULES);
        for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
                struct in6_addr ip;

                SP_CHECK(asked[i].sentence, inet_pton(AF_INET6, asked[i].ip, &ip) == 1);
                SP_CHECK(asked[i].sentence,
                         sp_guard_exits_allow(v, n, ip.s6_addr, asked[i].protocol,
                                              asked[i].port) == asked[i].is_open);
        }
}

static void one_address_has_so_many_ranges_and_no_more(void **state)
{
        struct sp_egress_rule rules[SP_EXIT_RANGES_MAX + 1];
        struct sp_guard_exit v[SP_EXIT_RANGES_MAX + 1];
        const char *why;
        size_t n = 0;

        (void)state;
        for (size_t i = 0; i < SP_EXIT_RANGES_MAX; i++)
                assert_int_equal(
                        sp_egress_parse(SP_STR("tcp 10.0.0.1 22"), &rules[i], &why), 0);
        assert_int_equal(sp_guard_exits_compile(rules, SP_EXIT_RANGES_MAX, v, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(
                sp_egress_parse(SP_STR("any any"), &rules[SP_EXIT_RANGES_MAX], &why),
                0);
        assert_int_equal(sp_guard_exits_compile(rules, SP_EXIT_RANGES_MAX + 1, v, &n),
                         -E2BIG);
        assert_int_equal(sp_guard_exits_compile(rules, 0, v, &n), 0);
        assert_int_equal(n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_narrow_range_opens_what_the_wide_ones_open_as_well),
                cmocka_unit_test(one_address_has_so_many_ranges_and_no_more),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
