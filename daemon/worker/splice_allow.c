/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "daemon/worker/splice.h"

struct range {
        const char *address; /* IPv4 as written; all compared as 16 bytes */
        unsigned bits;
};

/* Networks of Google's own front ends: its published list of all its addresses without
 * those of cloud customers, and the virtual addresses of Private Google Access. */
static const struct range ranges[] = {
        { "34.126.0.0", 18 },         { "64.233.160.0", 19 },
        { "66.102.0.0", 20 },         { "66.249.64.0", 19 },
        { "72.14.192.0", 18 },        { "74.125.0.0", 16 },
        { "108.177.0.0", 17 },        { "142.250.0.0", 15 },
        { "172.217.0.0", 16 },        { "172.253.0.0", 16 },
        { "173.194.0.0", 16 },        { "192.178.0.0", 15 },
        { "199.36.153.0", 24 },       { "209.85.128.0", 17 },
        { "216.58.192.0", 19 },       { "216.239.32.0", 19 },
        { "2001:4860::", 32 },        { "2404:6800::", 32 },
        { "2404:f340::", 32 },        { "2600:2d00:2:1000::", 56 },
        { "2600:2d00:2:2000::", 56 }, { "2607:f8b0::", 32 },
        { "2800:3f0::", 32 },         { "2a00:1450::", 32 },
        { "2c0f:fb50::", 32 },
};

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b }; /* RFC 6052 §2.1 */

static bool range_has(const struct range *r, const uint8_t address[16])
{
        uint8_t from[16];
        unsigned bits = r->bits;

        if (strchr(r->address, ':')) {
                if (inet_pton(AF_INET6, r->address, from) != 1)
                        return true; /* a slip in the table must not open anything */
        } else {
                memcpy(from, mapped, sizeof(mapped));
                if (inet_pton(AF_INET, r->address, from + sizeof(mapped)) != 1)
                        return true;
                bits += 96;
        }
        if (memcmp(from, address, bits / 8) != 0)
                return false;
        return bits % 8 == 0 ||
               ((from[bits / 8] ^ address[bits / 8]) >> (8 - bits % 8)) == 0;
}

bool sp_splice_is_allowed(const struct sp_origin *origin)
{
        uint8_t address[16];

        if (origin->dst_port != 443 || origin->is_metadata)
                return false;
        memcpy(address, origin->dst_ip, sizeof(address));
        if (origin->family == AF_INET || memcmp(address, nat64, sizeof(nat64)) == 0)
                memcpy(address, mapped, sizeof(mapped));
        for (size_t i = 0; i < SP_ARRAY_SIZE(ranges); i++)
                if (range_has(&ranges[i], address))
                        return false;
        return true;
}
