/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/show.h"

#include "daemon/base/err.h"

#define PIECE 256 /* bytes escaped at a time; each becomes at most four */

/* The end of a piece must not cut a character in two: up to three bytes back to its
 * start. */
static size_t piece_length(struct sp_str s)
{
        size_t n = SP_MIN(s.n, (size_t)PIECE);

        if (n == s.n)
                return n;
        for (size_t i = 0; i < 4 && i < n; i++)
                if (((unsigned char)s.p[n - i] & 0xC0) != 0x80)
                        return n - i;
        return n;
}

static int show_line(struct sp_buf *to, struct sp_str s)
{
        char escaped[4 * PIECE + 8];
        int r = 0;

        while (r == 0 && s.n) {
                size_t n = piece_length(s);

                sp_err_escape(escaped, sizeof(escaped), sp_str(s.p, n));
                r = sp_buf_add(to, sp_str_c(escaped));
                s = sp_str_sub(s, n, s.n);
        }
        return r;
}

int sp_show(struct sp_buf *to, struct sp_str s, bool multiline)
{
        size_t before = to->n, start = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && multiline && i < s.n; i++) {
                if (s.p[i] != '\n' && s.p[i] != '\t')
                        continue;
                r = show_line(to, sp_str_sub(s, start, i - start));
                if (r == 0)
                        r = sp_buf_addc(to, s.p[i]);
                start = i + 1;
        }
        if (r == 0)
                r = show_line(to, sp_str_sub(s, start, s.n));
        if (r < 0)
                to->n = before;
        return r;
}
