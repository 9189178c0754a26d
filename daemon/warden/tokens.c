/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/tokens.h"

#include <errno.h>

#include "daemon/base/clock.h"
#include "daemon/base/wire.h"

#define PREFIX SP_STR("spt1.")

/* MAC over everything before the last dot, the version included. */
static int mac_of(const struct sp_keys *k, struct sp_str signed_part,
                  uint8_t ret[SP_SHA256_LEN])
{
        return sp_hmac_sha256(sp_str((const char *)k->token, SP_KEY_LEN), signed_part,
                              ret);
}

int sp_token_write(const struct sp_keys *k, const struct sp_token *t, struct sp_buf *to)
{
        sp_autobuf payload = SP_BUF_INIT(SP_TOKEN_MAX);
        struct sp_wire_out w = SP_WIRE_OUT(&payload);
        uint8_t mac[SP_SHA256_LEN];
        size_t start = to->n;
        int r;

        sp_wire_put_u64(&w, t->guard_id);
        sp_wire_put_u64(&w, t->cgroup_id);
        sp_wire_put_u64(&w, t->issued_s);
        sp_wire_put_u64(&w, t->expires_s);
        sp_wire_put_str(&w, t->session);
        sp_wire_put_str(&w, t->iss);
        sp_wire_put_str(&w, t->sub);
        sp_wire_put_str(&w, t->email);
        sp_wire_put_str(&w, t->groups);
        if (w.error < 0)
                return w.error == -ENOBUFS ? -E2BIG : w.error;
        r = sp_buf_add(to, PREFIX);
        if (r == 0)
                r = sp_base64url(to, sp_buf_str(&payload));
        if (r == 0)
                r = mac_of(k, sp_str(to->p + start, to->n - start), mac);
        if (r == 0)
                r = sp_buf_addc(to, '.');
        if (r == 0)
                r = sp_base64url(to, sp_str((const char *)mac, sizeof(mac)));
        if (r == 0 && to->n - start > SP_TOKEN_MAX)
                r = -E2BIG;
        if (r < 0)
                to->n = start;
        return r;
}

static int read_payload(struct sp_arena *a, struct sp_str bytes, struct sp_token *ret)
{
        struct sp_str kept = sp_arena_str(a, bytes);
        struct sp_wire_in w = SP_WIRE_IN(kept);
        struct sp_token t;

        if (!kept.p)
                return -ENOMEM;
        t.guard_id = sp_wire_u64(&w);
        t.cgroup_id = sp_wire_u64(&w);
        t.issued_s = sp_wire_u64(&w);
        t.expires_s = sp_wire_u64(&w);
        t.session = sp_wire_str(&w);
        t.iss = sp_wire_str(&w);
        t.sub = sp_wire_str(&w);
        t.email = sp_wire_str(&w);
        t.groups = sp_wire_str(&w);
        /* the MAC was right, so this is a token of another layout: not one of ours */
        if (sp_wire_end(&w) < 0 || !sp_ulid_is_valid(t.session))
                return -EACCES;
        *ret = t;
        return 0;
}

int sp_token_read(const struct sp_keys *k, struct sp_arena *a, struct sp_str text,
                  struct sp_token *ret)
{
        sp_autobuf mac = SP_BUF_INIT(SP_TOKEN_MAX);
        sp_autobuf payload = SP_BUF_INIT(SP_TOKEN_MAX);
        uint8_t expected[SP_SHA256_LEN];
        struct sp_str body, signature;
        int r;

        if (text.n > SP_TOKEN_MAX || !sp_str_starts(text, PREFIX))
                return -EACCES;
        if (!sp_str_cut(sp_str_sub(text, PREFIX.n, text.n), '.', &body, &signature))
                return -EACCES;
        if (sp_base64url_decode(&mac, signature) < 0 || mac.n != sizeof(expected))
                return -EACCES;
        r = mac_of(k, sp_str_sub(text, 0, PREFIX.n + body.n), expected);
        if (r < 0)
                return r;
        if (!sp_str_eq_secret(sp_buf_str(&mac),
                              sp_str((const char *)expected, sizeof(expected))))
                return -EACCES;
        if (sp_base64url_decode(&payload, body) < 0)
                return -EACCES;
        return read_payload(a, sp_buf_str(&payload), ret);
}
