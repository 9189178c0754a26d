/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/wire.h"

#include <errno.h>

static void put(struct sp_wire_out *w, const void *p, size_t n)
{
        if (w->error == 0)
                w->error = sp_buf_add(w->to, sp_str(p, n));
}

void sp_wire_put_u8(struct sp_wire_out *w, uint8_t v)
{
        put(w, &v, sizeof(v));
}

void sp_wire_put_u32(struct sp_wire_out *w, uint32_t v)
{
        put(w, &v, sizeof(v));
}

void sp_wire_put_u64(struct sp_wire_out *w, uint64_t v)
{
        put(w, &v, sizeof(v));
}

void sp_wire_put_str(struct sp_wire_out *w, struct sp_str s)
{
        if (s.n > UINT32_MAX && w->error == 0)
                w->error = -EMSGSIZE;
        sp_wire_put_u32(w, (uint32_t)s.n);
        put(w, s.p, s.n);
}

static const char *take(struct sp_wire_in *w, size_t n)
{
        const char *p = w->rest.p;

        if (w->is_bad || w->rest.n < n) {
                w->is_bad = true;
                return NULL;
        }
        w->rest = sp_str(p + n, w->rest.n - n);
        return p;
}

static void get(struct sp_wire_in *w, void *to, size_t n)
{
        const char *p = take(w, n);

        if (p)
                memcpy(to, p, n);
}

uint8_t sp_wire_u8(struct sp_wire_in *w)
{
        uint8_t v = 0;

        get(w, &v, sizeof(v));
        return v;
}

uint32_t sp_wire_u32(struct sp_wire_in *w)
{
        uint32_t v = 0;

        get(w, &v, sizeof(v));
        return v;
}

uint64_t sp_wire_u64(struct sp_wire_in *w)
{
        uint64_t v = 0;

        get(w, &v, sizeof(v));
        return v;
}

struct sp_str sp_wire_str(struct sp_wire_in *w)
{
        uint32_t n = sp_wire_u32(w);
        const char *p = take(w, n);

        return p ? sp_str(p, n) : SP_STR_NULL;
}

int sp_wire_end(const struct sp_wire_in *w)
{
        return w->is_bad || w->rest.n ? -EBADMSG : 0;
}
