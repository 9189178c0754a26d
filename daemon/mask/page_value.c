/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value, masked to what the SQL of function.c gives for it. The SQL sees characters and bytes; here
 * they arrive as JSON text, so what is hashed is decoded first, and what is shown in part is cut at
 * whole characters of the JSON text.
 */
#include <errno.h>

#include "daemon/base/digest.h"
#include "daemon/base/json.h"
#include "daemon/mask/page_impl.h"
#include "daemon/mask/token.h"

/* 15 hexadecimal digits, as put_hash of function.c takes: 60 bits fit an INT64. */
#define INTEGER_DIGITS 15

static int bad(struct sp_err *e, const char *what)
{
        return sp_err_set(e, -EBADMSG, "answer.shape", "",
                          "a value that must be masked is %s", what);
}

/* ---- JSON text to characters ---- */

/* The length of the character at raw[i], one or more bytes of text. The bytes are valid UTF-8. */
static int character(struct sp_str raw, size_t i, size_t *ret_n)
{
        unsigned char c = (unsigned char)raw.p[i];
        uint32_t code;

        if (c == '\\')
                return sp_json_escape(sp_str_sub(raw, i, raw.n - i), &code, ret_n);
        *ret_n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        return 0;
}

/* The characters of `raw` into `to`, which has room for raw.n bytes: no escape is shorter than
 * what it stands for. */
static int decode(struct sp_str raw, char *to, size_t *ret_n)
{
        char *o = to;

        for (size_t i = 0; i < raw.n;) {
                uint32_t c;
                size_t length;

                if (raw.p[i] != '\\') {
                        *o++ = raw.p[i++];
                        continue;
                }
                if (sp_json_escape(sp_str_sub(raw, i, raw.n - i), &c, &length) < 0)
                        return -EBADMSG;
                o = sp_json_put_utf8(o, c);
                i += length;
        }
        *ret_n = (size_t)(o - to);
        return 0;
}

/* ---- hash ---- */

static int digest(struct sp_page *g, struct sp_str text, uint8_t ret[SP_SHA256_LEN])
{
        int r;

        if (!g->digest)
                g->digest = sp_digest_new();
        if (!g->digest)
                return -ENOMEM;
        r = sp_digest_restart(g->digest);
        if (r == 0)
                r = sp_digest_add(g->digest, g->plan->salt);
        if (r == 0)
                r = sp_digest_add(g->digest, text);
        return r < 0 ? r : sp_digest_end(g->digest, ret);
}

/* Base64 as BigQuery writes bytes: padded. What it stands for goes into g->masked for the moment. */
static int read_bytes(struct sp_page *g, char *text, size_t n, struct sp_str *ret)
{
        size_t pad = n && text[n - 1] == '=' ? n > 1 && text[n - 2] == '=' ? 2 : 1 : 0;
        int r;

        if (n % 4)
                return -EBADMSG;
        for (size_t i = 0; i < n - pad; i++) {
                if (text[i] == '-' || text[i] == '_')
                        return -EBADMSG;
                text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
        }
        r = sp_base64url_decode(&g->masked, sp_str(text, n - pad));
        if (r == 0)
                *ret = sp_buf_str(&g->masked);
        return r == -EINVAL ? -EBADMSG : r;
}

/* Only as CAST(… AS STRING) would write it: the same number has one hash. */
static bool is_integer(struct sp_str s)
{
        int64_t v;

        if (sp_str_i64(s, &v) < 0)
                return false;
        if (s.p[0] == '-')
                return s.p[1] != '0';
        return s.p[0] != '0' || s.n == 1;
}

static int put_hashed_integer(struct sp_buf *to, const uint8_t hash[SP_SHA256_LEN])
{
        uint64_t v = 0;

        for (unsigned i = 0; i < INTEGER_DIGITS; i++)
                v = v << 4 | (i % 2 ? hash[i / 2] & 15 : hash[i / 2] >> 4);
        return sp_buf_addf(to, "\"%llu\"", (unsigned long long)v);
}

static int put_hashed(struct sp_page *g, enum sp_page_form form,
                      const uint8_t hash[SP_SHA256_LEN])
{
        char hex[SP_SHA256_HEX_LEN + 1];
        int r;

        sp_buf_clear(&g->masked);
        if (form == SP_PAGE_INTEGER)
                return put_hashed_integer(&g->masked, hash);
        r = sp_buf_addc(&g->masked, '"');
        if (r == 0 && form == SP_PAGE_BYTES) {
                r = sp_base64(&g->masked, sp_str((const char *)hash, SP_SHA256_LEN));
        } else if (r == 0) {
                sp_hex(hash, SP_SHA256_LEN, hex);
                r = sp_buf_add(&g->masked, sp_str(hex, SP_SHA256_HEX_LEN));
        }
        return r < 0 ? r : sp_buf_addc(&g->masked, '"');
}

/* `text` is decoded and may be changed. */
static int hash(struct sp_page *g, const struct sp_page_column *c, char *text, size_t n,
                struct sp_err *e)
{
        struct sp_str plain = sp_str(text, n);
        uint8_t sum[SP_SHA256_LEN];
        int r = 0;

        if (c->form == SP_PAGE_BYTES)
                r = read_bytes(g, text, n, &plain);
        if (r == -EBADMSG || (c->form == SP_PAGE_INTEGER && !is_integer(plain)))
                return bad(e, "not of its column's type");
        if (r == 0)
                r = digest(g, plain, sum);
        return r < 0 ? r : put_hashed(g, c->form, sum);
}

/* ---- partial ---- */

/* Where the character number `keep` from the start begins, of `count` in all. */
static int cut_at(struct sp_str raw, size_t keep, size_t *ret)
{
        size_t i = 0, n;

        while (keep--) {
                if (character(raw, i, &n) < 0)
                        return -EBADMSG;
                i += n;
        }
        *ret = i;
        return 0;
}

static int put_stars(struct sp_buf *to, size_t n)
{
        char *p;
        int r = sp_buf_reserve(to, n, &p);

        if (r < 0)
                return r;
        memset(p, '*', n);
        to->n += n;
        return 0;
}

/* As put_partial of function.c: what would stay whole is starred whole. */
static int partial(struct sp_page *g, const struct sp_page_column *c, struct sp_str raw,
                   struct sp_err *e)
{
        size_t keep = (size_t)c->keep_first + c->keep_last, count = 0, n, head = 0,
               tail;
        int r;

        for (size_t i = 0; i < raw.n; i += n, count++)
                if (character(raw, i, &n) < 0)
                        return bad(e, "not a JSON string");
        tail = raw.n;
        if (count > keep && (cut_at(raw, c->keep_first, &head) < 0 ||
                             cut_at(raw, count - c->keep_last, &tail) < 0))
                return bad(e, "not a JSON string");
        r = sp_buf_addc(&g->masked, '"');
        if (r == 0)
                r = sp_buf_add(&g->masked, sp_str(raw.p, head));
        if (r == 0)
                r = put_stars(&g->masked, count > keep ? count - keep : count);
        if (r == 0)
                r = sp_buf_add(&g->masked, sp_str(raw.p + tail, raw.n - tail));
        return r < 0 ? r : sp_buf_addc(&g->masked, '"');
}

/* ---- what is worked out from the decoded text ---- */

static int quoted(struct sp_page *g, const struct sp_page_column *c, struct sp_str text,
                  struct sp_err *e)
{
        struct sp_buf *to = &g->masked;
        int r = sp_buf_addc(to, '"');

        if (r < 0)
                return r;
        if (c->action == SP_PAGE_TRUNCATE)
                r = sp_truncate_put_value(to, &c->truncate, text);
        else if (c->form == SP_PAGE_INTEGER)
                r = is_integer(text) ? sp_token_put_integer(to, g->plan->salt, text)
                                     : -EBADMSG;
        else
                return -EINVAL;
        if (r == -EBADMSG)
                return bad(e, "not of its column's type");
        return r < 0 ? r : sp_buf_addc(to, '"');
}

/* A token keeps the characters that JSON escapes. */
static int token(struct sp_page *g, struct sp_str text)
{
        sp_autobuf plain = SP_BUF_INIT(SP_PAGE_VALUE_MAX);
        struct sp_jsonw w;
        int r = sp_token_put_string(&plain, g->plan->salt, text);

        if (r < 0)
                return r;
        w = SP_JSONW(&g->masked);
        sp_jsonw_str(&w, sp_buf_str(&plain));
        return w.error;
}

static int decoded(struct sp_page *g, const struct sp_page_column *c, struct sp_str raw,
                   struct sp_err *e)
{
        sp_autobuf text = SP_BUF_INIT(SP_PAGE_VALUE_MAX);
        char small[256], *to = small;
        size_t n;
        int r = raw.n > sizeof(small) ? sp_buf_reserve(&text, raw.n, &to) : 0;

        if (r < 0)
                return r;
        if (decode(raw, to, &n) < 0)
                return bad(e, "not a JSON string");
        if (c->action == SP_PAGE_HASH)
                return hash(g, c, to, n, e);
        if (c->action == SP_PAGE_TOKEN && c->form == SP_PAGE_STRING)
                return token(g, sp_str(to, n));
        return quoted(g, c, sp_str(to, n), e);
}

int sp_page_mask_value(struct sp_page *g, const struct sp_page_column *c,
                       struct sp_str raw, struct sp_err *reterr)
{
        sp_buf_clear(&g->masked);
        if (raw.n > SP_PAGE_VALUE_MAX)
                return -ENOBUFS;
        if (!sp_str_is_utf8(raw))
                return bad(reterr, "not UTF-8");
        return c->action == SP_PAGE_PARTIAL ? partial(g, c, raw, reterr)
                                            : decoded(g, c, raw, reterr);
}
