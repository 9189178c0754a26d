/* SPDX-License-Identifier: Apache-2.0 */
/* The ClientHello reader: never past the bytes, and the same answer for every prefix on
 * the way that already gives one. */
#include <stdlib.h>

#include "daemon/worker/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct sp_str in = sp_str((const char *)data, size);
        struct sp_hello whole = { .sni_n = 0 }, part = { .sni_n = 0 };
        int r = sp_hello_parse(in, &whole, NULL), at = 0;

        for (size_t n = 0; n <= size && at == 0; n = n < 64 ? n + 1 : n + 1 + n / 8)
                at = sp_hello_parse(sp_str_sub(in, 0, n), &part, NULL);
        if (at != 0 && at != r)
                abort();
        if (at > 0 &&
            (part.sni_n != whole.sni_n || memcmp(part.sni, whole.sni, part.sni_n) != 0))
                abort();
        return 0;
}
