/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/str.h"

#include <errno.h>
#include <stdlib.h>

static unsigned char lower(unsigned char c)
{
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool sp_str_caseeq(struct sp_str a, struct sp_str b)
{
        if (a.n != b.n)
                return false;
        for (size_t i = 0; i < a.n; i++)
                if (lower((unsigned char)a.p[i]) != lower((unsigned char)b.p[i]))
                        return false;
        return true;
}

int sp_str_cmp(struct sp_str a, struct sp_str b)
{
        size_t n = SP_MIN(a.n, b.n);
        int c = n ? memcmp(a.p, b.p, n) : 0;

        if (c)
                return c;
        return a.n < b.n ? -1 : a.n > b.n;
}

bool sp_str_starts(struct sp_str s, struct sp_str prefix)
{
        return s.n >= prefix.n && (!prefix.n || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool sp_str_ends(struct sp_str s, struct sp_str suffix)
{
        return s.n >= suffix.n &&
               (!suffix.n || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

struct sp_str sp_str_trim(struct sp_str s)
{
        while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
                s.p++, s.n--;
        while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
                s.n--;
        return s;
}

bool sp_str_cut(struct sp_str s, char sep, struct sp_str *head, struct sp_str *tail)
{
        const char *at = s.n ? memchr(s.p, sep, s.n) : NULL;

        if (!at) {
                *head = s;
                *tail = SP_STR_NULL;
                return false;
        }
        *tail = sp_str(at + 1, s.n - (size_t)(at - s.p) - 1);
        *head = sp_str(s.p, (size_t)(at - s.p));
        return true;
}

struct sp_str sp_str_sub(struct sp_str s, size_t from, size_t n)
{
        if (from > s.n)
                from = s.n;
        return sp_str(s.p ? s.p + from : NULL, SP_MIN(n, s.n - from));
}

int sp_str_u64(struct sp_str s, uint64_t *ret)
{
        uint64_t v = 0;

        if (!s.n)
                return -EINVAL;
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] < '0' || s.p[i] > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(v, 10, &v) ||
                    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
                        return -ERANGE;
        }
        *ret = v;
        return 0;
}

int sp_str_i64(struct sp_str s, int64_t *ret)
{
        bool negative = s.n && s.p[0] == '-';
        uint64_t v;
        int r = sp_str_u64(negative ? sp_str_sub(s, 1, s.n) : s, &v);

        if (r < 0)
                return r;
        if (v > (uint64_t)INT64_MAX + negative)
                return -ERANGE;
        *ret = negative ? (int64_t)(0 - v) : (int64_t)v;
        return 0;
}

bool sp_str_glob(struct sp_str pattern, struct sp_str text)
{
        size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

        while (t < text.n) {
                if (p < pattern.n && pattern.p[p] == '*') {
                        star = p++;
                        mark = t;
                } else if (p < pattern.n &&
                           (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
                        p++, t++;
                } else if (star != SIZE_MAX) {
                        p = star + 1;
                        t = ++mark;
                } else {
                        return false;
                }
        }
        while (p < pattern.n && pattern.p[p] == '*')
                p++;
        return p == pattern.n;
}

/* Length of the well-formed sequence at s (RFC 3629 §4), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
        size_t want;
        unsigned char low = 0x80, high = 0xBF;

        if (s[0] < 0x80)
                return s[0] ? 1 : 0;
        if (s[0] >= 0xC2 && s[0] <= 0xDF)
                want = 2;
        else if (s[0] >= 0xE0 && s[0] <= 0xEF)
                want = 3;
        else if (s[0] >= 0xF0 && s[0] <= 0xF4)
                want = 4;
        else
                return 0;
        if (s[0] == 0xE0)
                low = 0xA0;
        else if (s[0] == 0xED)
                high = 0x9F;
        else if (s[0] == 0xF0)
                low = 0x90;
        else if (s[0] == 0xF4)
                high = 0x8F;
        if (n < want || s[1] < low || s[1] > high)
                return 0;
        for (size_t i = 2; i < want; i++)
                if (s[i] < 0x80 || s[i] > 0xBF)
                        return 0;
        return want;
}

/* Eight bytes of ASCII, none of them NUL. */
static bool is_ascii_word(const char *p)
{
        uint64_t w;

        memcpy(&w, p, sizeof(w));
        /* a byte's top bit is set, or becomes so by subtracting one: 0x80 and up, or 0 */
        return !((w | (w - UINT64_C(0x0101010101010101))) &
                 UINT64_C(0x8080808080808080));
}

struct sp_str sp_str_utf8(struct sp_str s)
{
        size_t i = 0;

        while (i < s.n) {
                size_t len;

                /* bodies of megabytes are mostly ASCII: eight bytes a step */
                while (s.n - i >= 8 && is_ascii_word(s.p + i))
                        i += 8;
                if (i == s.n)
                        break;
                len = utf8_sequence((const unsigned char *)s.p + i, s.n - i);
                if (!len)
                        break;
                i += len;
        }
        return sp_str_sub(s, 0, i);
}

bool sp_str_is_utf8(struct sp_str s)
{
        return sp_str_utf8(s).n == s.n;
}

bool sp_str_eq_secret(struct sp_str a, struct sp_str b)
{
        volatile unsigned char diff = 0;

        if (a.n != b.n)
                return false;
        for (size_t i = 0; i < a.n; i++)
                diff = diff | (unsigned char)(a.p[i] ^ b.p[i]);
        return diff == 0;
}

char *sp_str_dup(struct sp_str s)
{
        char *p = malloc(s.n + 1);

        if (!p)
                return NULL;
        if (s.n)
                memcpy(p, s.p, s.n);
        p[s.n] = '\0';
        return p;
}
