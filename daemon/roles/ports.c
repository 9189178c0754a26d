/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/ports.h"

/* "host:8443", "[::1]:8443"; 443 without a number. */
static uint16_t port_of(struct sp_str authority)
{
        struct sp_str digits = authority;
        uint64_t port;

        for (size_t i = authority.n; i && authority.p[i - 1] != ']'; i--) {
                if (authority.p[i - 1] != ':')
                        continue;
                digits = sp_str_sub(authority, i, authority.n);
                return sp_str_u64(digits, &port) == 0 && port <= UINT16_MAX
                               ? (uint16_t)port
                               : 443;
        }
        return 443;
}

size_t sp_ports_of_upstream(const struct sp_settings *s, uint16_t ret[SP_PORTS_MAX])
{
        size_t n = 0;

        ret[n++] = 53;
        ret[n++] = 443;
        ret[n++] = port_of(s->upstream.connect_to);
        return n;
}

size_t sp_ports_of_issuers(const struct sp_settings *s, uint16_t ret[SP_PORTS_MAX])
{
        /* connect_to is for all hosts; keys may be at another host than the issuer's */
        size_t first = sp_ports_of_upstream(s, ret), n = first;

        for (size_t i = 0; i < s->n_issuers; i++) {
                struct sp_str scheme, rest, authority, path;

                if (!s->issuers[i].discover ||
                    !sp_str_cut(s->issuers[i].issuer, '/', &scheme, &rest) || !rest.n)
                        continue;
                (void)sp_str_cut(sp_str_sub(rest, 1, rest.n), '/', &authority, &path);
                ret[n++] = port_of(authority);
        }
        return n == first ? 0 : n;
}
