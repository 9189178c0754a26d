/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/json.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/digest.h"

struct reader {
        struct sp_arena *arena;
        const char *p, *end;
        const char *mark, *line_start; /* lines are counted up to `mark`, in one walk */
        unsigned line, depth;
        struct sp_err *err;
};

/* Callers ask for positions in text order, so the whole text is walked once. */
static void position(struct reader *r, const char *at, unsigned *line, unsigned *column)
{
        for (; r->mark < at; r->mark++)
                if (*r->mark == '\n')
                        r->line++, r->line_start = r->mark + 1;
        *line = r->line;
        *column = at > r->line_start ? (unsigned)(at - r->line_start) + 1 : 1;
}

#define FAIL(r, id, ...) fail_at((r), (r)->p, (id), __VA_ARGS__)
static int fail_at(struct reader *r, const char *at, const char *id, const char *what)
{
        unsigned line, column;

        position(r, at, &line, &column);
        return sp_err_set_at(r->err, -EINVAL, id, "json", line, column, "%s", what);
}

static int no_memory(struct reader *r)
{
        return sp_err_set(r->err, -ENOMEM, "json.too-large", "",
                          "the JSON text needs more memory than a request may use");
}

static void skip_blanks(struct reader *r)
{
        while (r->p < r->end &&
               (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
                r->p++;
}

static int hex4(struct sp_str s, uint32_t *ret)
{
        uint8_t b[2];

        if (s.n < 4 || sp_unhex(sp_str_sub(s, 0, 4), b, sizeof(b)) < 0)
                return -EINVAL;
        *ret = (uint32_t)b[0] << 8 | b[1];
        return 0;
}

char *sp_json_put_utf8(char *to, uint32_t c)
{
        if (c < 0x80) {
                *to++ = (char)c;
        } else if (c < 0x800) {
                *to++ = (char)(0xC0 | c >> 6);
                *to++ = (char)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
                *to++ = (char)(0xE0 | c >> 12);
                *to++ = (char)(0x80 | (c >> 6 & 0x3F));
                *to++ = (char)(0x80 | (c & 0x3F));
        } else {
                *to++ = (char)(0xF0 | c >> 18);
                *to++ = (char)(0x80 | (c >> 12 & 0x3F));
                *to++ = (char)(0x80 | (c >> 6 & 0x3F));
                *to++ = (char)(0x80 | (c & 0x3F));
        }
        return to;
}

static int unicode_escape(struct sp_str s, uint32_t *ret, size_t *ret_n)
{
        uint32_t c, low;

        if (hex4(sp_str_sub(s, 2, 4), &c) < 0)
                return -EINVAL;
        if (c >= 0xDC00 && c <= 0xDFFF)
                return -EILSEQ;
        *ret_n = 6;
        if (c >= 0xD800 && c <= 0xDBFF) {
                if (s.n < 12 || s.p[6] != '\\' || s.p[7] != 'u' ||
                    hex4(sp_str_sub(s, 8, 4), &low) < 0 || low < 0xDC00 || low > 0xDFFF)
                        return -EILSEQ;
                *ret_n = 12;
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        }
        *ret = c;
        return 0;
}

int sp_json_escape(struct sp_str s, uint32_t *ret, size_t *ret_n)
{
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *at;

        if (s.n < 2 || s.p[0] != '\\' || !s.p[1])
                return -EINVAL;
        if (s.p[1] == 'u')
                return unicode_escape(s, ret, ret_n);
        at = strchr(from, s.p[1]);
        if (!at)
                return -EINVAL;
        *ret = (unsigned char)to[at - from];
        *ret_n = 2;
        return 0;
}

/* At the backslash; a byte follows. */
static int read_escape(struct reader *r, char **o)
{
        char quick = r->p[1]; /* nearly all of them are this: answers in records */
        uint32_t c;
        size_t n;

        if (quick == '"' || quick == '\\') {
                *(*o)++ = quick;
                r->p += 2;
                return 0;
        }
        switch (sp_json_escape(sp_str(r->p, (size_t)(r->end - r->p)), &c, &n)) {
        case 0:
                break;
        case -EILSEQ:
                return FAIL(r, "json.surrogate", "half of a surrogate pair");
        default:
                return FAIL(r, "json.syntax", "unknown escape in a string");
        }
        if (c == 0)
                return FAIL(r, "json.nul", "NUL is not allowed in a string");
        r->p += n;
        *o = sp_json_put_utf8(*o, c);
        return 0;
}

/* How many of these eight bytes are themselves in a string: all but a quote, a backslash and
 * what is below a blank. */
static size_t plain_bytes(const char *p)
{
        const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
        uint64_t w, quote, slash;

        memcpy(&w, p, sizeof(w));
        w = le64toh(w);
        quote = w ^ (ones * '"');
        slash = w ^ (ones * '\\');
        /* the lowest bit that is set is right; a borrow may set others above it */
        w = (((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) |
             ((slash - ones) & ~slash)) &
            tops;
        return w ? (size_t)__builtin_ctzll(w) / 8 : 8;
}

/* At the opening quote. */
static int read_string(struct reader *r, struct sp_str *ret)
{
        const char *start = ++r->p, *close = start;
        char *out, *o;
        int e;

        while (close < r->end && *close != '"') {
                if (*close == '\\')
                        close += 2;
                else if (r->end - close >= 8)
                        close += SP_MAX(plain_bytes(close), (size_t)1);
                else
                        close++;
        }
        if (close >= r->end)
                return FAIL(r, "json.syntax", "the text ends inside a string");
        /* decoding never makes a string longer */
        out = o = sp_arena_alloc(r->arena, (size_t)(close - start) + 1);
        if (!out)
                return no_memory(r);
        while (r->p < close) {
                unsigned char c = (unsigned char)*r->p;

                if (c < 0x20)
                        return FAIL(r, "json.syntax", "control character in a string");
                if (c != '\\') {
                        size_t n = close - r->p >= 8 ? plain_bytes(r->p) : 1;

                        memcpy(o, r->p, close - r->p >= 8 ? 8 : 1);
                        o += n;
                        r->p += n;
                        continue;
                }
                e = read_escape(r, &o);
                if (e < 0)
                        return e;
        }
        r->p = close + 1;
        *ret = sp_str(out, (size_t)(o - out));
        return 0;
}

static const char *digits(const char *p, const char *end)
{
        while (p < end && *p >= '0' && *p <= '9')
                p++;
        return p;
}

static int read_number(struct reader *r, struct sp_str *ret)
{
        const char *p = r->p, *from;

        if (*p == '-')
                p++;
        from = p;
        p = digits(p, r->end);
        if (p == from || (*from == '0' && p - from > 1))
                return FAIL(r, "json.syntax", "not a JSON value");
        if (p < r->end && *p == '.') {
                from = ++p;
                p = digits(p, r->end);
                if (p == from)
                        return FAIL(r, "json.syntax",
                                    "a number needs digits behind the dot");
        }
        if (p < r->end && (*p | 0x20) == 'e') {
                p++;
                if (p < r->end && (*p == '+' || *p == '-'))
                        p++;
                from = p;
                p = digits(p, r->end);
                if (p == from)
                        return FAIL(r, "json.syntax",
                                    "a number needs digits in its exponent");
        }
        *ret = sp_str(r->p, (size_t)(p - r->p));
        r->p = p;
        return 0;
}

static int read_word(struct reader *r, const char *word, enum sp_json_type type,
                     struct sp_json *v)
{
        size_t n = strlen(word);

        if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
                return FAIL(r, "json.syntax", "not a JSON value");
        r->p += n;
        v->type = type;
        return 0;
}

static int read_value(struct reader *r, struct sp_json *v);

/* Sorts member keys once; comparing each with all others would be quadratic. */
static int compare_keys(const void *a, const void *b)
{
        return sp_str_cmp((*(struct sp_json *const *)a)->key,
                          (*(struct sp_json *const *)b)->key);
}

static int refuse_duplicates(struct reader *r, struct sp_json *o)
{
        struct sp_json **all;
        size_t i = 0;

        if (o->count < 2)
                return 0;
        all = sp_arena_array(r->arena, o->count, sizeof(*all));
        if (!all)
                return no_memory(r);
        for (struct sp_json *m = o->first; m; m = m->next)
                all[i++] = m;
        qsort(all, i, sizeof(*all), compare_keys);
        for (size_t k = 1; k < i; k++)
                if (sp_str_eq(all[k - 1]->key, all[k]->key))
                        return sp_err_set_at(
                                r->err, -EINVAL, "json.duplicate-key", "json",
                                all[k]->line, all[k]->column,
                                "the key \"%.*s\" stands twice in one object",
                                SP_FMT(all[k]->key));
        return 0;
}

static int read_key(struct reader *r, struct sp_str *ret)
{
        int e;

        skip_blanks(r);
        if (r->p >= r->end || *r->p != '"')
                return FAIL(r, "json.syntax", "expected a key in quotes");
        e = read_string(r, ret);
        if (e < 0)
                return e;
        skip_blanks(r);
        if (r->p >= r->end || *r->p != ':')
                return FAIL(r, "json.syntax", "expected ':' behind a key");
        r->p++;
        return 0;
}

static int read_members(struct reader *r, struct sp_json *v, char close)
{
        struct sp_json **tail = &v->first;

        r->p++;
        skip_blanks(r);
        if (r->p < r->end && *r->p == close) {
                r->p++;
                return 0;
        }
        for (;;) {
                struct sp_json *m = sp_arena_new(r->arena, struct sp_json);
                int e = m ? 0 : no_memory(r);

                if (e == 0 && v->type == SP_JSON_OBJECT)
                        e = read_key(r, &m->key);
                if (e == 0)
                        e = read_value(r, m);
                if (e < 0)
                        return e;
                *tail = m;
                tail = &m->next;
                v->count++;
                skip_blanks(r);
                if (r->p >= r->end || (*r->p != ',' && *r->p != close))
                        return FAIL(r, "json.syntax",
                                    "expected ',' or a closing bracket");
                if (*r->p++ == close)
                        return 0;
        }
}

static int read_container(struct reader *r, struct sp_json *v)
{
        bool is_object = *r->p == '{';
        int e;

        if (++r->depth > SP_JSON_DEPTH_MAX)
                return FAIL(r, "json.too-deep", "nested deeper than 64 levels");
        v->type = is_object ? SP_JSON_OBJECT : SP_JSON_ARRAY;
        e = read_members(r, v, is_object ? '}' : ']');
        r->depth--;
        if (e < 0)
                return e;
        return is_object ? refuse_duplicates(r, v) : 0;
}

static int read_value(struct reader *r, struct sp_json *v)
{
        skip_blanks(r);
        if (r->p >= r->end)
                return FAIL(r, "json.syntax", "the text ends where a value should be");
        position(r, r->p, &v->line, &v->column);
        switch (*r->p) {
        case '{':
        case '[':
                return read_container(r, v);
        case '"':
                v->type = SP_JSON_STRING;
                return read_string(r, &v->text);
        case 't':
                return read_word(r, "true", SP_JSON_TRUE, v);
        case 'f':
                return read_word(r, "false", SP_JSON_FALSE, v);
        case 'n':
                return read_word(r, "null", SP_JSON_NULL, v);
        default:
                v->type = SP_JSON_NUMBER;
                return read_number(r, &v->text);
        }
}

int sp_json_parse(struct sp_arena *a, struct sp_str text, struct sp_json **ret,
                  struct sp_err *reterr)
{
        struct reader r = { .arena = a,
                            .p = text.p,
                            .end = text.n ? text.p + text.n : text.p,
                            .mark = text.p,
                            .line_start = text.p,
                            .line = 1,
                            .err = reterr };
        struct sp_json *v;
        int e;

        if (text.n && memchr(text.p, '\0', text.n))
                return sp_err_set(reterr, -EINVAL, "json.nul", "",
                                  "NUL in a JSON text");
        if (!sp_str_is_utf8(text))
                return sp_err_set(reterr, -EINVAL, "json.utf8", "", "not valid UTF-8");
        v = sp_arena_new(a, struct sp_json);
        if (!v)
                return no_memory(&r);
        e = read_value(&r, v);
        if (e < 0)
                return e;
        skip_blanks(&r);
        if (r.p != r.end)
                return FAIL(&r, "json.trailing",
                            "something stands behind the JSON value");
        *ret = v;
        return 0;
}

struct sp_json *sp_json_get(const struct sp_json *o, const char *key)
{
        struct sp_str k = sp_str_c(key);

        if (!o || o->type != SP_JSON_OBJECT)
                return NULL;
        for (struct sp_json *m = o->first; m; m = m->next)
                if (sp_str_eq(m->key, k))
                        return m;
        return NULL;
}

struct sp_str sp_json_get_str(const struct sp_json *o, const char *key)
{
        const struct sp_json *m = sp_json_get(o, key);

        return m && m->type == SP_JSON_STRING ? m->text : SP_STR_NULL;
}

/* ---- writer ---- */

static void put(struct sp_jsonw *w, struct sp_str s)
{
        if (w->error == 0)
                w->error = sp_buf_add(w->to, s);
}

static void comma(struct sp_jsonw *w)
{
        if (w->needs_comma)
                put(w, SP_STR(","));
        w->needs_comma = true;
}

void sp_jsonw_open(struct sp_jsonw *w, char bracket)
{
        comma(w);
        put(w, sp_str(&bracket, 1));
        w->needs_comma = false;
}

void sp_jsonw_close(struct sp_jsonw *w, char bracket)
{
        put(w, sp_str(&bracket, 1));
        w->needs_comma = true;
}

/* How many bytes more than itself a byte of a string takes. */
static const uint8_t escape_bytes[256] = {
        [0 ... '\n' - 1] = 5, ['\n'] = 1, ['\n' + 1 ... 0x1F] = 5, ['"'] = 1,
        ['\\'] = 1,           [0x7F] = 5
};

static char *escape(char *to, unsigned char c)
{
        static const char digits_[] = "0123456789abcdef";

        *to++ = '\\';
        if (escape_bytes[c] == 1) {
                *to++ = (char)(c == '\n' ? 'n' : c);
                return to;
        }
        memcpy(to, "u00", 3);
        to[3] = digits_[c >> 4];
        to[4] = digits_[c & 15];
        return to + 5;
}

/* Counted first and then written at once: answers in records are JSON in JSON, where every
 * sixth byte is a quote. */
static void quoted(struct sp_jsonw *w, struct sp_str s)
{
        size_t more = 0;
        char *to;

        if (!sp_str_is_utf8(s) && w->error == 0)
                w->error = -EILSEQ;
        for (size_t i = 0; i < s.n; i++)
                more += escape_bytes[(unsigned char)s.p[i]];
        if (w->error == 0)
                w->error = sp_buf_reserve(w->to, s.n + more + 2, &to);
        if (w->error)
                return;
        *to++ = '"';
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];

                if (escape_bytes[c])
                        to = escape(to, c);
                else
                        *to++ = (char)c;
        }
        *to = '"';
        w->to->n += s.n + more + 2;
}

void sp_jsonw_key_str(struct sp_jsonw *w, struct sp_str key)
{
        comma(w);
        quoted(w, key);
        put(w, SP_STR(":"));
        w->needs_comma = false;
}

void sp_jsonw_key(struct sp_jsonw *w, const char *key)
{
        sp_jsonw_key_str(w, sp_str_c(key));
}

void sp_jsonw_str(struct sp_jsonw *w, struct sp_str s)
{
        comma(w);
        quoted(w, s);
}

void sp_jsonw_raw(struct sp_jsonw *w, struct sp_str json)
{
        comma(w);
        put(w, json);
}

void sp_jsonw_number(struct sp_jsonw *w, struct sp_str text)
{
        sp_jsonw_raw(w, text);
}

void sp_jsonw_bool(struct sp_jsonw *w, bool b)
{
        sp_jsonw_raw(w, b ? SP_STR("true") : SP_STR("false"));
}

void sp_jsonw_null(struct sp_jsonw *w)
{
        sp_jsonw_raw(w, SP_STR("null"));
}

void sp_jsonw_u64(struct sp_jsonw *w, uint64_t v)
{
        comma(w);
        w->error = w->error ?: sp_buf_addf(w->to, "%llu", (unsigned long long)v);
}

void sp_jsonw_i64(struct sp_jsonw *w, int64_t v)
{
        comma(w);
        w->error = w->error ?: sp_buf_addf(w->to, "%lld", (long long)v);
}

void sp_jsonw_node(struct sp_jsonw *w, const struct sp_json *node)
{
        bool is_object = node->type == SP_JSON_OBJECT;

        switch (node->type) {
        case SP_JSON_NULL:
                sp_jsonw_null(w);
                break;
        case SP_JSON_FALSE:
        case SP_JSON_TRUE:
                sp_jsonw_bool(w, node->type == SP_JSON_TRUE);
                break;
        case SP_JSON_NUMBER:
                sp_jsonw_number(w, node->text);
                break;
        case SP_JSON_STRING:
                sp_jsonw_str(w, node->text);
                break;
        case SP_JSON_ARRAY:
        case SP_JSON_OBJECT: /* depth: bounded by the reader's limit */
                sp_jsonw_open(w, is_object ? '{' : '[');
                for (const struct sp_json *m = node->first; m; m = m->next) {
                        if (is_object)
                                sp_jsonw_key_str(w, m->key);
                        sp_jsonw_node(w, m);
                }
                sp_jsonw_close(w, is_object ? '}' : ']');
                break;
        }
}

int sp_jsonw_end(const struct sp_jsonw *w)
{
        return w->error;
}

void sp_jsonw_kstr(struct sp_jsonw *w, const char *key, struct sp_str s)
{
        sp_jsonw_key(w, key);
        sp_jsonw_str(w, s);
}

void sp_jsonw_ku64(struct sp_jsonw *w, const char *key, uint64_t v)
{
        sp_jsonw_key(w, key);
        sp_jsonw_u64(w, v);
}

void sp_jsonw_kbool(struct sp_jsonw *w, const char *key, bool b)
{
        sp_jsonw_key(w, key);
        sp_jsonw_bool(w, b);
}
