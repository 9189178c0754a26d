/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/url.h"

#include <errno.h>

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)(c | 0x20);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_alnum(char c)
{
        return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* %XX at s.p[*i]; steps over it. */
static int read_escape(struct sp_str s, size_t *i, char *ret)
{
        int high = *i + 2 < s.n ? hex_digit(s.p[*i + 1]) : -1;
        int low = *i + 2 < s.n ? hex_digit(s.p[*i + 2]) : -1;

        if (high < 0 || low < 0)
                return -EINVAL;
        *ret = (char)(high << 4 | low);
        *i += 2;
        return 0;
}

/* Bytes that a decoded path segment may hold. The rest (NUL, '/', '\', ';', '#', '%',
 * blanks, controls, non-ASCII) means something else to some reader. */
static bool is_segment_byte(char c)
{
        return is_alnum(c) || (c && strchr("-_.~:@$+=,!*'()", c));
}

static int read_segment(struct sp_arena *a, struct sp_str raw, struct sp_str *ret,
                        struct sp_err *reterr)
{
        char *to = sp_arena_alloc(a, raw.n + 1);
        size_t n = 0;

        if (!to)
                return -ENOMEM;
        for (size_t i = 0; i < raw.n; i++) {
                char c = raw.p[i];

                if (c == '%' && read_escape(raw, &i, &c) < 0)
                        return sp_err_set(
                                reterr, -EINVAL, "request.path", "",
                                "the path has a '%%' without two hexadecimal digits");
                if (!is_segment_byte(c))
                        return sp_err_set(reterr, -EINVAL, "request.path", "",
                                          "the path holds the byte 0x%02x, which is "
                                          "not allowed there",
                                          (unsigned char)c);
                to[n++] = c;
        }
        if (n == 0 || (n == 1 && to[0] == '.') ||
            (n == 2 && to[0] == '.' && to[1] == '.'))
                return sp_err_set(reterr, -EINVAL, "request.path", "",
                                  "the path has an empty, '.' or '..' segment");
        *ret = sp_str(to, n);
        return 0;
}

int sp_url_path_read(struct sp_arena *a, struct sp_str path, struct sp_url_path *ret,
                     struct sp_err *reterr)
{
        struct sp_url_path out = { .n = 0 };
        struct sp_str rest, head;
        int e;

        if (path.n == 0 || path.p[0] != '/')
                return sp_err_set(reterr, -EINVAL, "request.path", "",
                                  "the path does not begin with '/'");
        if (path.n > SP_URL_PATH_MAX)
                return sp_err_set(reterr, -EINVAL, "request.path", "",
                                  "the path is longer than %d bytes", SP_URL_PATH_MAX);
        rest = sp_str_sub(path, 1, path.n);
        while (rest.n) {
                bool more = sp_str_cut(rest, '/', &head, &rest);

                if (out.n == SP_URL_SEGMENTS_MAX)
                        return sp_err_set(reterr, -EINVAL, "request.path", "",
                                          "the path has more than %d segments",
                                          SP_URL_SEGMENTS_MAX);
                e = read_segment(a, head, &out.segments[out.n], reterr);
                if (e < 0)
                        return e;
                out.n++;
                out.has_trailing_slash = more && rest.n == 0;
        }
        *ret = out;
        return 0;
}

/* One side of a name=value pair. UTF-8 without control bytes; callers narrow further.
 */
static int read_form_text(struct sp_arena *a, struct sp_str raw, struct sp_str *ret,
                          struct sp_err *reterr)
{
        char *to = sp_arena_alloc(a, raw.n + 1);
        size_t n = 0;

        if (!to)
                return -ENOMEM;
        for (size_t i = 0; i < raw.n; i++) {
                char c = raw.p[i] == '+' ? ' ' : raw.p[i];

                if (c == '%' && read_escape(raw, &i, &c) < 0)
                        return sp_err_set(reterr, -EINVAL, "request.query", "",
                                          "a '%%' without two hexadecimal digits");
                if ((unsigned char)c < 0x20 || c == 0x7F)
                        return sp_err_set(reterr, -EINVAL, "request.query", "",
                                          "a control byte in a parameter");
                to[n++] = c;
        }
        if (!sp_str_is_utf8(sp_str(to, n)))
                return sp_err_set(reterr, -EINVAL, "request.query", "",
                                  "a parameter that is not UTF-8");
        *ret = sp_str(to, n);
        return 0;
}

static int read_pair(struct sp_arena *a, struct sp_str pair, struct sp_header *ret,
                     struct sp_err *reterr)
{
        struct sp_str name, value;
        int e;

        (void)sp_str_cut(pair, '=', &name, &value);
        e = read_form_text(a, name, &ret->name, reterr);
        if (e == 0)
                e = read_form_text(a, value, &ret->value, reterr);
        if (e == 0 && ret->name.n == 0)
                return sp_err_set(reterr, -EINVAL, "request.query", "",
                                  "a parameter without a name");
        return e;
}

int sp_url_query_read(struct sp_arena *a, struct sp_str query, size_t max,
                      struct sp_header **ret, size_t *ret_n, struct sp_err *reterr)
{
        struct sp_header *out;
        struct sp_str rest = query, pair;
        size_t n = 0;
        int e;

        if (query.n > max)
                return sp_err_set(reterr, -EINVAL, "request.query", "",
                                  "longer than %zu bytes", max);
        out = sp_arena_array(a, SP_URL_PARAMETERS_MAX, sizeof(*out));
        if (!out)
                return -ENOMEM;
        while (rest.n) {
                bool more = sp_str_cut(rest, '&', &pair, &rest);

                if (n == SP_URL_PARAMETERS_MAX)
                        return sp_err_set(reterr, -EINVAL, "request.query", "",
                                          "more than %d parameters",
                                          SP_URL_PARAMETERS_MAX);
                e = read_pair(a, pair, &out[n], reterr);
                if (e < 0)
                        return e;
                for (size_t i = 0; i < n; i++)
                        if (sp_str_eq(out[i].name, out[n].name))
                                return sp_err_set(reterr, -EINVAL, "request.query", "",
                                                  "the parameter %.*s stands twice",
                                                  SP_FMT(out[n].name));
                n++;
                if (more && rest.n == 0)
                        return sp_err_set(reterr, -EINVAL, "request.query", "",
                                          "the query string ends with '&'");
        }
        *ret = out;
        *ret_n = n;
        return 0;
}

bool sp_id_is_valid(enum sp_id_kind kind, struct sp_str id)
{
        size_t max = kind == SP_ID_PROJECT ? 128 : kind == SP_ID_LOCATION ? 64 : 1024;

        if (id.n == 0 || id.n > max)
                return false;
        for (size_t i = 0; i < id.n; i++) {
                char c = id.p[i];

                if (is_alnum(c) || c == '-' || (c == '_' && kind != SP_ID_LOCATION))
                        continue;
                if (kind == SP_ID_PROJECT && (c == '.' || c == ':') && i > 0 &&
                    i + 1 < id.n && is_alnum(id.p[i - 1]))
                        continue;
                return false;
        }
        return true;
}

int sp_url_decode(struct sp_arena *a, struct sp_str raw, struct sp_str *ret)
{
        char *to = sp_arena_alloc(a, raw.n + 1);
        size_t n = 0;

        if (!to)
                return -ENOMEM;
        for (size_t i = 0; i < raw.n; i++) {
                char c = raw.p[i];

                if (c <= 0x20 || c == 0x7F ||
                    (c == '%' && read_escape(raw, &i, &c) < 0))
                        return -EINVAL;
                to[n++] = c;
        }
        *ret = sp_str(to, n);
        return 0;
}

int sp_url_encode(struct sp_buf *to, struct sp_str s)
{
        int e = 0;

        for (size_t i = 0; i < s.n && e == 0; i++) {
                char c = s.p[i];

                if (is_alnum(c) || (c && strchr("-_.~", c)))
                        e = sp_buf_addc(to, c);
                else
                        e = sp_buf_addf(to, "%%%02X", (unsigned char)c);
        }
        return e;
}
