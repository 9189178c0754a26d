/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define DNS_PORT 53
#define MAPPED_BITS 96

static bool next_word(struct sp_str *rest, struct sp_str *ret)
{
        size_t i = 0, n;

        while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == '\t'))
                i++;
        for (n = i; n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t';)
                n++;
        *ret = sp_str_sub(*rest, i, n - i);
        *rest = sp_str_sub(*rest, n, rest->n);
        return ret->n > 0;
}

/* An address; *ret_bits: of the family as it was written. */
static int read_address(struct sp_str s, uint8_t ret[16], unsigned *ret_bits)
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        char text[INET6_ADDRSTRLEN];

        if (!s.n || s.n >= sizeof(text) || memchr(s.p, 0, s.n))
                return -EINVAL;
        memcpy(text, s.p, s.n);
        text[s.n] = 0;
        *ret_bits = 128;
        if (inet_pton(AF_INET6, text, ret) == 1)
                return 0;
        memcpy(ret, mapped, sizeof(mapped));
        *ret_bits = 32;
        return inet_pton(AF_INET, text, ret + sizeof(mapped)) == 1 ? 0 : -EINVAL;
}

static bool has_bits_behind(const uint8_t ip[16], unsigned bits)
{
        for (unsigned i = bits; i < 128; i++)
                if (ip[i / 8] & (0x80 >> i % 8))
                        return true;
        return false;
}

static int read_range(struct sp_str s, struct sp_egress_rule *r, const char **reterr)
{
        struct sp_str address, bits;
        unsigned family_bits;
        uint64_t n;
        bool has_bits = sp_str_cut(s, '/', &address, &bits);

        if (sp_str_eq(s, SP_STR("any")))
                return 0; /* no bits: everything */
        *reterr = "needs an address, an address range as 10.0.0.0/8, or 'any'";
        if (read_address(has_bits ? address : s, r->ip, &family_bits) < 0)
                return -EINVAL;
        n = family_bits;
        if (has_bits && (sp_str_u64(bits, &n) < 0 || n > family_bits))
                return -EINVAL;
        r->prefix_bits = (uint8_t)(n + 128 - family_bits);
        *reterr = "has an address with bits set behind its prefix length";
        return has_bits_behind(r->ip, r->prefix_bits) ? -EINVAL : 0;
}

static int read_ports(struct sp_str s, struct sp_egress_rule *r, const char **reterr)
{
        struct sp_str first, last;
        uint64_t a, b;
        bool is_range = sp_str_cut(s, '-', &first, &last);

        if (sp_str_eq(s, SP_STR("any")))
                return 0;
        *reterr = "needs a port, a port range as 8000-8080, or 'any'";
        if (sp_str_u64(is_range ? first : s, &a) < 0 || !a || a > UINT16_MAX)
                return -EINVAL;
        b = a;
        if (is_range && (sp_str_u64(last, &b) < 0 || b < a || b > UINT16_MAX))
                return -EINVAL;
        r->first = (uint16_t)a;
        r->last = (uint16_t)b;
        return 0;
}

int sp_egress_parse(struct sp_str text, struct sp_egress_rule *ret, const char **reterr)
{
        struct sp_egress_rule r = { .last = UINT16_MAX };
        struct sp_str word, rest = text;
        bool has_ports = false;
        int x;

        if (!next_word(&rest, &word))
                word = SP_STR("");
        if (sp_str_eq(word, SP_STR("tcp")) || sp_str_eq(word, SP_STR("udp"))) {
                r.protocol = sp_str_eq(word, SP_STR("tcp")) ? IPPROTO_TCP : IPPROTO_UDP;
                has_ports = true;
        } else if (sp_str_eq(word, SP_STR("icmp"))) {
                r.protocol = IPPROTO_ICMP;
        } else if (!sp_str_eq(word, SP_STR("any"))) {
                *reterr = "must start with tcp, udp, icmp or any";
                return -EINVAL;
        }
        if (!next_word(&rest, &word))
                word = SP_STR("");
        x = read_range(word, &r, reterr);
        if (x == 0 && has_ports) {
                if (!next_word(&rest, &word))
                        word = SP_STR("");
                x = read_ports(word, &r, reterr);
        }
        if (x < 0)
                return x;
        if (next_word(&rest, &word)) {
                *reterr =
                        "has more behind the address (and, for tcp and udp, the port)";
                return -EINVAL;
        }
        *ret = r;
        return 0;
}

int sp_egress_resolver(struct sp_str address, struct sp_egress_rule ret[2])
{
        struct sp_egress_rule r = { .prefix_bits = 128,
                                    .first = DNS_PORT,
                                    .last = DNS_PORT };
        unsigned bits;
        int x = read_address(address, r.ip, &bits);

        if (x < 0)
                return x;
        ret[0] = ret[1] = r;
        ret[0].protocol = IPPROTO_UDP;
        ret[1].protocol = IPPROTO_TCP;
        return 0;
}

static bool is_loopback(const uint8_t ip[16])
{
        struct in6_addr a;

        memcpy(&a, ip, sizeof(a));
        return IN6_IS_ADDR_LOOPBACK(&a) || (IN6_IS_ADDR_V4MAPPED(&a) && ip[12] == 127);
}

size_t sp_egress_resolv_conf(struct sp_str text, struct sp_egress_rule *ret, size_t max)
{
        struct sp_str line, word, address, scope;
        size_t n = 0;
        bool more = true;

        while (more && n + 2 <= max) {
                more = sp_str_cut(text, '\n', &line, &text);
                if (!next_word(&line, &word) ||
                    !sp_str_eq(word, SP_STR("nameserver")) || !next_word(&line, &word))
                        continue;
                if (!sp_str_cut(word, '%', &address, &scope)) /* fe80::1%eth0 */
                        address = word;
                if (sp_egress_resolver(address, &ret[n]) == 0 &&
                    !is_loopback(ret[n].ip))
                        n += 2;
        }
        return n;
}
