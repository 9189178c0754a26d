/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/lex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct prefix {
        bool is_raw, is_bytes;
};

static struct prefix prefix_of(const char *s, size_t n)
{
        struct prefix p = { false, false };

        for (size_t i = 0; i < n; i++) {
                if (s[i] == 'r' || s[i] == 'R')
                        p.is_raw = true;
                else
                        p.is_bytes = true;
        }
        return p;
}

sp_printf(3, 4) static int bad_at(struct sp_sql_bad *bad, uint32_t at, const char *fmt,
                                  ...)
{
        va_list ap;

        bad->at = at;
        va_start(ap, fmt);
        vsnprintf(bad->what, sizeof(bad->what), fmt, ap);
        va_end(ap);
        return -EINVAL;
}

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads up to `want` hex digits at s[i]; returns how many there were. */
static unsigned read_hex(struct sp_str s, size_t i, unsigned want, uint32_t *ret)
{
        uint32_t v = 0;
        unsigned n = 0;

        while (n < want && i + n < s.n && hex_value(s.p[i + n]) >= 0)
                v = v << 4 | (uint32_t)hex_value(s.p[i + n++]);
        *ret = v;
        return n;
}

static size_t put_utf8(char *to, uint32_t c)
{
        if (c < 0x80) {
                to[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                to[0] = (char)(0xC0 | c >> 6);
                to[1] = (char)(0x80 | (c & 0x3F));
                return 2;
        }
        if (c < 0x10000) {
                to[0] = (char)(0xE0 | c >> 12);
                to[1] = (char)(0x80 | (c >> 6 & 0x3F));
                to[2] = (char)(0x80 | (c & 0x3F));
                return 3;
        }
        to[0] = (char)(0xF0 | c >> 18);
        to[1] = (char)(0x80 | (c >> 12 & 0x3F));
        to[2] = (char)(0x80 | (c >> 6 & 0x3F));
        to[3] = (char)(0x80 | (c & 0x3F));
        return 4;
}

struct escape {
        uint32_t value;
        size_t length; /* with the backslash */
        bool is_byte; /* \x and octal: a byte in bytes literals */
};

static int escape_hex(struct sp_str s, size_t at, bool is_bytes, struct escape *e,
                      struct sp_sql_bad *bad)
{
        char c = s.p[at + 1];
        unsigned want = c == 'u' ? 4 : c == 'U' ? 8 : 2;
        unsigned got = read_hex(s, at + 2, want, &e->value);

        if (want > 2 && is_bytes)
                return bad_at(
                        bad, (uint32_t)at,
                        "Illegal escape sequence: Unicode escape sequence \\%c cannot "
                        "be used in bytes literals",
                        c);
        if (got != want)
                return want == 2 ? bad_at(bad, (uint32_t)at,
                                          "Illegal escape sequence: Hex escape must be "
                                          "followed by 2 hex digits")
                                 : bad_at(bad, (uint32_t)at,
                                          "Illegal escape sequence: \\%c must be "
                                          "followed by "
                                          "%u hex digits",
                                          c, want);
        if (e->value > 0x10FFFF)
                return bad_at(
                        bad, (uint32_t)at,
                        "Illegal escape sequence: Value of \\%c%08x exceeds Unicode "
                        "limit (0x0010FFFF)",
                        c, e->value);
        if (e->value >= 0xD800 && e->value <= 0xDFFF)
                return bad_at(
                        bad, (uint32_t)at,
                        "Illegal escape sequence: Unicode value \\%c%x is invalid", c,
                        e->value);
        e->length = 2 + want;
        e->is_byte = want == 2;
        return 0;
}

/* The escape sequence at s[at], which is a backslash with a byte behind it. */
static int read_escape(struct sp_str s, size_t at, bool is_bytes, struct escape *e,
                       struct sp_sql_bad *bad)
{
        static const char plain[] = "abfnrtv\\?\"'`";
        static const char value[] = "\a\b\f\n\r\t\v\\?\"'`";
        char c = s.p[at + 1];
        const char *found = c ? strchr(plain, c) : NULL;

        *e = (struct escape){ .length = 2 };
        if (found) {
                e->value = (unsigned char)value[found - plain];
                return 0;
        }
        if (c == '\n' || c == '\r')
                return bad_at(bad, (uint32_t)at, "Illegal escaped newline");
        if (c == 'x' || c == 'X' || c == 'u' || c == 'U')
                return escape_hex(s, at, is_bytes, e, bad);
        if (c >= '0' && c <= '3') {
                for (size_t i = 1; i <= 3; i++) {
                        if (at + i >= s.n || s.p[at + i] < '0' || s.p[at + i] > '7')
                                return bad_at(
                                        bad, (uint32_t)at,
                                        "Illegal escape sequence: Octal escape must be "
                                        "followed by 3 octal digits");
                        e->value = e->value << 3 | (uint32_t)(s.p[at + i] - '0');
                }
                e->length = 4;
                e->is_byte = true;
                return 0;
        }
        if (c > 0x20 && c < 0x7F)
                return bad_at(bad, (uint32_t)at, "Illegal escape sequence: \\%c", c);
        return bad_at(bad, (uint32_t)at, "Illegal escape sequence");
}

static const char *literal_name(char quote, bool is_triple, struct prefix p)
{
        if (quote == '`')
                return "identifier literal";
        if (is_triple)
                return p.is_raw     ? p.is_bytes ? "triple-quoted raw bytes literal"
                                                 : "triple-quoted raw string literal"
                       : p.is_bytes ? "triple-quoted bytes literal"
                                    : "triple-quoted string literal";
        return p.is_raw     ? p.is_bytes ? "raw bytes literal" : "raw string literal"
               : p.is_bytes ? "bytes literal"
                            : "string literal";
}

/* Where the literal whose first quote is at text[i] ends; 0: nowhere. Nothing in a pair
 * with a backslash ends it, not even a line. */
static size_t find_end(struct sp_str text, size_t i, char quote, size_t close)
{
        for (i += close; i < text.n; i++) {
                char c = text.p[i];

                if (c == quote &&
                    (close == 1 || (i + 2 < text.n && text.p[i + 1] == quote &&
                                    text.p[i + 2] == quote)))
                        return i + close;
                if (close == 1 && (c == '\n' || c == '\r'))
                        return 0;
                if (c == '\\')
                        i++;
        }
        return 0;
}

int sp_sql_scan_quoted(struct sp_str text, uint32_t at, size_t n_prefix, uint32_t *ret,
                       struct sp_sql_bad *bad)
{
        struct prefix p = prefix_of(text.p + at, n_prefix);
        size_t i = at + n_prefix, end;
        char quote = text.p[i];
        bool is_triple = quote != '`' && i + 2 < text.n && text.p[i + 1] == quote &&
                         text.p[i + 2] == quote;
        size_t close = is_triple ? 3 : 1;
        struct escape e;
        int r;

        end = find_end(text, i, quote, close);
        if (!end)
                return bad_at(bad, at, "Unclosed %s",
                              literal_name(quote, is_triple, p));
        if (quote == '`' && end == i + 2)
                return bad_at(bad, at, "Invalid empty identifier");
        for (i += close; !p.is_raw && i < end - close;) {
                if (text.p[i] != '\\') {
                        i++;
                        continue;
                }
                r = read_escape(sp_str(text.p, end - close), i, p.is_bytes, &e, bad);
                if (r < 0)
                        return r;
                i += e.length;
        }
        *ret = (uint32_t)end;
        return 0;
}

static size_t decode_into(char *to, struct sp_str body, struct prefix p)
{
        struct sp_sql_bad bad;
        struct escape e;
        size_t n = 0;

        for (size_t i = 0; i < body.n;) {
                char c = body.p[i];

                if (c == '\r') { /* CR and CR LF count as one LF inside a literal */
                        to[n++] = '\n';
                        i += i + 1 < body.n && body.p[i + 1] == '\n' ? 2 : 1;
                } else if (c == '\\' && p.is_raw && i + 1 < body.n) {
                        to[n++] = c;
                        to[n++] = body.p[i + 1];
                        i += 2;
                } else if (c == '\\' && !p.is_raw &&
                           read_escape(body, i, p.is_bytes, &e, &bad) == 0) {
                        if (e.is_byte && p.is_bytes)
                                to[n++] = (char)e.value;
                        else
                                n += put_utf8(to + n, e.value);
                        i += e.length;
                } else {
                        to[n++] = c;
                        i++;
                }
        }
        return n;
}

int sp_sql_decode(struct sp_arena *a, struct sp_str text, const struct sp_sql_token *t,
                  struct sp_str *ret)
{
        struct sp_str s = sp_str(text.p + t->start, t->end - t->start);
        struct prefix p;
        size_t n_prefix = 0, quote;
        char *to;

        if (t->type != SP_SQL_T_QUOTED && t->type != SP_SQL_T_STRING &&
            t->type != SP_SQL_T_BYTES) {
                *ret = s;
                return 0;
        }
        while (n_prefix < 2 && s.p[n_prefix] != '"' && s.p[n_prefix] != '\'' &&
               s.p[n_prefix] != '`')
                n_prefix++;
        p = prefix_of(s.p, n_prefix);
        s = sp_str_sub(s, n_prefix, s.n);
        quote = s.n >= 6 && s.p[0] != '`' && s.p[1] == s.p[0] && s.p[2] == s.p[0] ? 3
                                                                                  : 1;
        s = sp_str(s.p + quote, s.n - 2 * quote);
        if (!memchr(s.p, '\\', s.n) && !memchr(s.p, '\r', s.n)) {
                *ret = s;
                return 0;
        }
        to = sp_arena_alloc(a, s.n + 1); /* no escape is longer decoded than written */
        if (!to)
                return -ENOMEM;
        *ret = sp_str(to, decode_into(to, s, p));
        return 0;
}
