/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/read.h"

#include <errno.h>
#include <zlib.h>

/* Real requests are text that shrinks ten times or so; deflate's own limit is 1032. */
#define RATIO_MAX 100
#define RATIO_FREE_BYTES (64u * 1024)

/* "application/json", optionally with charset=utf-8; case and blanks as RFC 9110 §8.3.
 */
static bool is_json_type(struct sp_str v)
{
        struct sp_str type, rest, name, value;

        (void)sp_str_cut(v, ';', &type, &rest);
        if (!sp_str_caseeq(sp_str_trim(type), SP_STR("application/json")))
                return false;
        rest = sp_str_trim(rest);
        if (rest.n == 0)
                return true;
        (void)sp_str_cut(rest, '=', &name, &value);
        return sp_str_caseeq(name, SP_STR("charset")) &&
               (sp_str_caseeq(value, SP_STR("utf-8")) ||
                sp_str_caseeq(value, SP_STR("\"utf-8\"")));
}

static int bad_gzip(struct sp_err *reterr)
{
        return sp_err_set(reterr, -EINVAL, "request.gzip", "",
                          "the body is not one complete gzip member");
}

static int inflate_all(z_stream *z, struct sp_arena *a, size_t max, struct sp_str *ret,
                       struct sp_err *reterr)
{
        size_t size = SP_MIN(max + 1, (size_t)64 * 1024);

        for (;;) {
                char *to = sp_arena_alloc(a, size);
                int e;

                if (!to)
                        return -ENOMEM;
                if (z->total_out)
                        memcpy(to, ret->p, z->total_out);
                ret->p = to;
                z->next_out = (Bytef *)to + z->total_out;
                z->avail_out = (uInt)(size - z->total_out);
                e = inflate(z, Z_NO_FLUSH);
                if (e == Z_STREAM_END && z->avail_in == 0) {
                        ret->n = z->total_out;
                        return 0;
                }
                if (e != Z_OK || z->avail_out != 0)
                        return bad_gzip(reterr);
                if (size > max)
                        return sp_err_set(reterr, -EINVAL, "request.too-large", "",
                                          "the gzip body opens to more than %zu bytes",
                                          max);
                size = SP_MIN(size * 4, max + 1);
        }
}

static int gunzip(struct sp_arena *a, struct sp_str in, struct sp_str *ret,
                  struct sp_err *reterr)
{
        size_t max =
                SP_MIN((size_t)SP_CALL_BODY_MAX, in.n * RATIO_MAX + RATIO_FREE_BYTES);
        z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n };
        struct sp_str out = SP_STR_NULL;
        int e;

        if (inflateInit2(&z, 15 + 16) != Z_OK) /* 16: gzip only, with its checksum */
                return -ENOMEM;
        e = inflate_all(&z, a, max, &out, reterr);
        (void)inflateEnd(&z);
        if (e == 0 && out.n > max)
                e = sp_err_set(reterr, -EINVAL, "request.too-large", "",
                               "the gzip body opens to more than %zu bytes", max);
        if (e == 0)
                *ret = out;
        return e;
}

int sp_read_body(struct sp_arena *a, const struct sp_request *r, struct sp_json **ret,
                 struct sp_err *reterr)
{
        struct sp_str type = sp_request_header(r, "content-type"), body = r->body;
        int e;

        if (body.n > SP_CALL_BODY_MAX)
                return sp_err_set(reterr, -EINVAL, "request.too-large", "",
                                  "the body is larger than %u bytes", SP_CALL_BODY_MAX);
        if (!is_json_type(type))
                return sp_err_set(reterr, -EPERM, "request.content-type", "",
                                  "the body must be application/json, not '%.*s'",
                                  SP_FMT(sp_str_sub(type, 0, 64)));
        if (sp_str_caseeq(sp_request_header(r, "content-encoding"), SP_STR("gzip"))) {
                e = gunzip(a, body, &body, reterr);
                if (e < 0)
                        return e;
        }
        return sp_json_parse(a, body, ret, reterr);
}
