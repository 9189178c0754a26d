/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/egress — what guarded processes may reach beside Google's names and loopback.
 *
 * Job:    read the rules of `egress.open` and the resolvers: settings, and resolv.conf.
 * In:     "tcp 10.0.0.0/8 5432", "udp any 123", "icmp any", "any 192.0.2.7".
 * Out:    values; IPv4 addresses as ::ffff:a.b.c.d, so that one trie holds both families.
 * Errors: -EINVAL and a sentence that says what is wrong with it.
 * Spec:   docs/man/sallyport.yaml.5.scd, docs/guard.md
 */
#pragma once

#include "daemon/base/err.h"
#include "daemon/base/str.h"

#define SP_EGRESS_RULES_MAX 64
#define SP_RESOLVERS_MAX 16

struct sp_egress_rule {
        uint8_t ip[16]; /* network order */
        uint8_t prefix_bits; /* of ip */
        uint8_t protocol; /* IPPROTO_TCP, _UDP, _ICMP (and ICMPv6); 0: any */
        uint16_t first, last; /* ports */
};

sp_must_check int sp_egress_parse(struct sp_str text, struct sp_egress_rule *ret,
                                  const char **reterr);
/* `address` alone; with it go UDP and TCP to port 53. */
sp_must_check int sp_egress_resolver(struct sp_str address,
                                     struct sp_egress_rule ret[2]);
/* The name servers of a resolv.conf(5), without those on loopback, which are open anyway.
 * At most `max` rules, two each; further ones are left out. */
size_t sp_egress_resolv_conf(struct sp_str text, struct sp_egress_rule *ret,
                             size_t max);
