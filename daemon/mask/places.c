/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/places.h"

#define TAB 8

/* `before`: the byte before, for CR LF. */
static void advance(struct sp_place *p, char before, char c)
{
        if (c == '\n' && before == '\r')
                return;
        if (c == '\n' || c == '\r')
                *p = (struct sp_place){ p->line + 1, 1 };
        else if (c == '\t')
                p->column = (p->column - 1) / TAB * TAB + TAB + 1;
        else if (((unsigned char)c & 0xc0) != 0x80) /* not inside a character */
                p->column++;
}

static void advance_over(struct sp_place *p, struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++)
                advance(p, i ? s.p[i - 1] : '\0', s.p[i]);
}

static bool is_before(struct sp_place x, struct sp_place y)
{
        return x.line < y.line || (x.line == y.line && x.column < y.column);
}

int sp_places_write(struct sp_str own, const struct sp_mask_splice *splices, size_t n,
                    struct sp_buf *to)
{
        struct sp_place at = { 1, 1 };
        size_t from = 0;
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                const struct sp_mask_splice *s = &splices[i];

                advance_over(&at, sp_str_sub(own, from, s->span.start - from));
                advance_over(&at, s->text);
                from = s->span.end;
                r = sp_buf_addf(to, "%u %u %u %u\n", s->span.start, s->span.end,
                                at.line, at.column);
        }
        return r;
}

/* The next line of `places`: 1, 0 at the end, -1 when it is none. */
static int next(struct sp_str *places, uint64_t ret[4])
{
        struct sp_str line, word;

        if (!places->n)
                return 0;
        (void)sp_str_cut(*places, '\n', &line, places);
        for (int i = 0; i < 4; i++) {
                (void)sp_str_cut(line, ' ', &word, &line);
                if (sp_str_u64(word, &ret[i]) < 0 || ret[i] > UINT32_MAX)
                        return -1;
        }
        return 1;
}

bool sp_places_find(struct sp_str own, struct sp_str places, struct sp_place sent,
                    struct sp_place *ret)
{
        struct sp_place at = { 1, 1 }, mine = { 1, 1 };
        uint64_t v[4] = { 0 };
        int more = next(&places, v);

        for (size_t i = 0; more >= 0;) {
                char before = i ? own.p[i - 1] : '\0';

                if (more && i == v[0]) {
                        at = (struct sp_place){ (uint32_t)v[2], (uint32_t)v[3] };
                        if (is_before(sent, at))
                                break;
                        if (v[1] < i || v[1] > own.n)
                                return false;
                        advance_over(&mine, sp_str_sub(own, i, v[1] - i));
                        i = v[1];
                        more = next(&places, v);
                        if (more && v[0] < i)
                                return false;
                        continue;
                }
                if (!is_before(at, sent))
                        break;
                if (i == own.n)
                        return false;
                advance(&at, before, own.p[i]);
                advance(&mine, before, own.p[i]);
                i++;
        }
        if (more < 0)
                return false;
        *ret = mine;
        return true;
}
