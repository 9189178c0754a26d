/* SPDX-License-Identifier: Apache-2.0 */
/* One message after the other out of a fuzzer's input: type, number and length (16 bits each, as
 * the machine has them), payload. No descriptors. */
#pragma once

#include "daemon/base/ipc.h"

static uint16_t says_u16(struct sp_str *in)
{
        uint16_t v = 0;
        size_t n = SP_MIN(in->n, sizeof(v));

        if (n)
                memcpy(&v, in->p, n);
        *in = sp_str_sub(*in, n, in->n);
        return v;
}

static struct sp_ipc_msg says_next(struct sp_str *in)
{
        struct sp_ipc_msg m = { .fd = -1 };
        size_t n;

        m.type = says_u16(in);
        m.id = says_u16(in);
        n = says_u16(in);
        n = SP_MIN(n, in->n);
        m.payload = sp_str_sub(*in, 0, n);
        *in = sp_str_sub(*in, n, in->n);
        return m;
}
