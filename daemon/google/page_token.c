/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/page_token.h"

#include <errno.h>

#include "daemon/base/digest.h"
#include "daemon/base/wire.h"

#define MAC_LEN 32u /* hex digits: 128 bits */
#define TOKEN_MAX ((size_t)16 * 1024)

static int mac(const struct sp_page_seal *s, struct sp_str token,
               char to[SP_SHA256_HEX_LEN + 1])
{
        sp_autobuf b = SP_BUF_INIT(4 * TOKEN_MAX);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        uint8_t digest[SP_SHA256_LEN];
        int r;

        sp_wire_put_str(&w, SP_STR("sallyport page token"));
        sp_wire_put_str(&w, s->asker);
        sp_wire_put_str(&w, s->result);
        sp_wire_put_str(&w, token);
        r = w.error;
        if (r == 0 && (!s->key.n || token.n > TOKEN_MAX))
                r = -EINVAL;
        if (r == 0)
                r = sp_hmac_sha256(s->key, sp_buf_str(&b), digest);
        if (r == 0)
                sp_hex(digest, sizeof(digest), to);
        return r;
}

struct sp_str sp_page_token_job(struct sp_arena *a, struct sp_str project,
                                struct sp_str id)
{
        return sp_arena_printf(a, "job %.*s:%.*s", SP_FMT(project), SP_FMT(id));
}

struct sp_str sp_page_token_seal(struct sp_arena *a, const struct sp_page_seal *s,
                                 struct sp_str token)
{
        char hex[SP_SHA256_HEX_LEN + 1];

        if (mac(s, token, hex) < 0)
                return SP_STR_NULL;
        return sp_arena_printf(a, "%.*s.%.*s", SP_FMT(token), (int)MAC_LEN, hex);
}

int sp_page_token_open(const struct sp_page_seal *s, struct sp_str sealed,
                       struct sp_str *ret, struct sp_err *reterr)
{
        size_t n = sealed.n > MAC_LEN ? sealed.n - MAC_LEN - 1 : 0;
        struct sp_str token = sp_str_sub(sealed, 0, n);
        char hex[SP_SHA256_HEX_LEN + 1];

        if (n && sealed.p[n] == '.' && mac(s, token, hex) == 0 &&
            sp_str_eq_secret(sp_str_sub(sealed, n + 1, MAC_LEN),
                             sp_str(hex, MAC_LEN))) {
                *ret = token;
                return 0;
        }
        return sp_err_set(reterr, -EINVAL, "page.token", "",
                          "the page token was not given out for this result in this "
                          "session; read it from its first page, or by startIndex");
}
