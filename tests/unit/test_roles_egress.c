/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "daemon/roles/egress.h"

static const struct {
        const char *sentence, *text;
        const char *ip; /* NULL: refused, and `what` is in the reason */
        unsigned bits, protocol, first, last;
        const char *what;
} rules[] = {
        { "one address and port", "tcp 192.0.2.1 22", "::ffff:192.0.2.1", 128,
          IPPROTO_TCP, 22, 22, NULL },
        { "an IPv4 range counts its bits behind ::ffff:0:0", "tcp 10.0.0.0/8 5432",
          "::ffff:10.0.0.0", 104, IPPROTO_TCP, 5432, 5432, NULL },
        { "an IPv6 range", "udp 2001:db8::/32 8000-8080", "2001:db8::", 32, IPPROTO_UDP,
          8000, 8080, NULL },
        { "any address is both families", "udp any 123", "::", 0, IPPROTO_UDP, 123, 123,
          NULL },
        { "all of IPv4", "tcp 0.0.0.0/0 any", "::ffff:0.0.0.0", 96, IPPROTO_TCP, 0,
          65535, NULL },
        { "ICMP has no ports", "icmp 192.0.2.0/24", "::ffff:192.0.2.0", 120,
          IPPROTO_ICMP, 0, 65535, NULL },
        { "any protocol has no ports", "any  192.0.2.7 ", "::ffff:192.0.2.7", 128, 0, 0,
          65535, NULL },
        { "nothing at all", "", NULL, 0, 0, 0, 0, "start with" },
        { "an unknown protocol", "sctp any 1", NULL, 0, 0, 0, 0, "start with" },
        { "no address", "tcp", NULL, 0, 0, 0, 0, "address" },
        { "a name is no address", "tcp db.example 1", NULL, 0, 0, 0, 0, "address" },
        { "an address that is too long",
          "tcp 1111:2222:3333:4444:5555:6666:7777:8888:99 1", NULL, 0, 0, 0, 0,
          "address" },
        { "a prefix longer than the address", "tcp 10.0.0.0/33 1", NULL, 0, 0, 0, 0,
          "address" },
        { "bits behind the prefix", "tcp 10.0.0.1/8 1", NULL, 0, 0, 0, 0, "bits set" },
        { "no port", "tcp 10.0.0.1", NULL, 0, 0, 0, 0, "port" },
        { "port 0", "tcp 10.0.0.1 0", NULL, 0, 0, 0, 0, "port" },
        { "a port that is too big", "udp 10.0.0.1 65536", NULL, 0, 0, 0, 0, "port" },
        { "a range backwards", "udp 10.0.0.1 9-8", NULL, 0, 0, 0, 0, "port" },
        { "ICMP with a port", "icmp any 8", NULL, 0, 0, 0, 0, "more behind" },
        { "a word too many", "tcp any 8 9", NULL, 0, 0, 0, 0, "more behind" },
};

static void rules_say_what_is_open(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
                struct sp_egress_rule r = { .first = 7 };
                struct in6_addr want;
                const char *why = "";
                int x = sp_egress_parse(sp_str_c(rules[i].text), &r, &why);

                if (!rules[i].ip) {
                        SP_CHECK(rules[i].sentence, x == -EINVAL);
                        SP_CHECK(rules[i].sentence, strstr(why, rules[i].what));
                        SP_CHECK(rules[i].sentence, r.first == 7);
                        continue;
                }
                SP_CHECK(rules[i].sentence, x == 0);
                SP_CHECK(rules[i].sentence,
                         inet_pton(AF_INET6, rules[i].ip, &want) == 1);
                SP_CHECK(rules[i].sentence, !memcmp(&want, r.ip, 16));
                SP_CHECK(rules[i].sentence, r.prefix_bits == rules[i].bits);
                SP_CHECK(rules[i].sentence, r.protocol == rules[i].protocol);
                SP_CHECK(rules[i].sentence,
                         r.first == rules[i].first && r.last == rules[i].last);
        }
}

static void name_servers_of_resolv_conf_are_open_but_for_local_ones(void **state)
{
        struct sp_egress_rule r[8];
        const char *text =
                "# nameserver 192.0.2.9\nsearch example.com\n"
                "nameserver 127.0.0.53\nnameserver\t192.0.2.53\n"
                "nameserver ::1\nnameserver fe80::1%eth0\nnameserver nonsense\n"
                "nameserver 192.0.2.54 # the second";
        struct in6_addr a;

        (void)state;
        assert_int_equal(sp_egress_resolv_conf(sp_str_c(text), r, 8), 6);
        assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.53", &a), 1);
        assert_memory_equal(r[0].ip, &a, 16);
        assert_int_equal(r[0].protocol, IPPROTO_UDP);
        assert_int_equal(r[1].protocol, IPPROTO_TCP);
        assert_int_equal(r[1].first, 53);
        assert_int_equal(r[1].prefix_bits, 128);
        assert_int_equal(inet_pton(AF_INET6, "fe80::1", &a), 1);
        assert_memory_equal(r[2].ip, &a, 16);
        /* as many as there is room for, in pairs */
        assert_int_equal(sp_egress_resolv_conf(sp_str_c(text), r, 3), 2);
        assert_int_equal(sp_egress_resolv_conf(SP_STR(""), r, 8), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_say_what_is_open),
                cmocka_unit_test(
                        name_servers_of_resolv_conf_are_open_but_for_local_ones),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
