/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/err.h"

#include <stdarg.h>
#include <stdio.h>

/* U+202A-202E and U+2066-2069 turn text around, U+200B-200F hide in it: all are
 * E2 80 xx or E2 81 xx. */
static bool is_deceptive(const unsigned char *s, size_t n)
{
        if (n < 3 || s[0] != 0xE2)
                return false;
        if (s[1] == 0x80)
                return (s[2] >= 0x8B && s[2] <= 0x8F) || (s[2] >= 0xA8 && s[2] <= 0xAE);
        return s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9;
}

void sp_err_escape(char *to, size_t size, struct sp_str from)
{
        const unsigned char *s = (const unsigned char *)from.p;
        size_t o = 0;

        if (!size)
                return;
        for (size_t i = 0; i < from.n;) {
                size_t len = 1;
                bool plain = s[i] >= 0x20 && s[i] < 0x7F;

                if (s[i] >= 0xC2 && !is_deceptive(s + i, from.n - i)) {
                        len = s[i] >= 0xF0 ? 4 : s[i] >= 0xE0 ? 3 : 2;
                        /* C2 80-9F are the C1 controls */
                        plain = len <= from.n - i &&
                                !(s[i] == 0xC2 && s[i + 1] < 0xA0) &&
                                sp_str_is_utf8(sp_str(from.p + i, len));
                        if (!plain)
                                len = 1;
                }
                if (o + (plain ? len : 4) >= size)
                        break;
                if (plain) {
                        memcpy(to + o, s + i, len);
                        o += len;
                } else {
                        o += (size_t)snprintf(to + o, size - o, "\\x%02x", s[i]);
                }
                i += len;
        }
        to[o] = '\0';
}

static void set(struct sp_err *e, int code, const char *id, const char *where,
                const char *fmt, va_list ap)
{
        char raw[sizeof(e->what)];
        int n = vsnprintf(raw, sizeof(raw), fmt, ap);

        e->code = code;
        e->id = id;
        sp_err_escape(e->where, sizeof(e->where), sp_str_c(where));
        n = n < 0 ? 0 : n;
        sp_err_escape(e->what, sizeof(e->what),
                      sp_str(raw, SP_MIN((size_t)n, sizeof(raw) - 1)));
}

int sp_err_set(struct sp_err *e, int code, const char *id, const char *where,
               const char *fmt, ...)
{
        va_list ap;

        if (!e)
                return code;
        va_start(ap, fmt);
        set(e, code, id, where, fmt, ap);
        va_end(ap);
        return code;
}

int sp_err_set_at(struct sp_err *e, int code, const char *id, const char *name,
                  unsigned line, unsigned column, const char *fmt, ...)
{
        char where[sizeof(e->where)];
        va_list ap;

        if (!e)
                return code;
        (void)snprintf(where, sizeof(where), "%s:%u:%u", name ? name : "", line,
                       column);
        va_start(ap, fmt);
        set(e, code, id, where, fmt, ap);
        va_end(ap);
        return code;
}
