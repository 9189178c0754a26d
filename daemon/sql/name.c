/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/name.h"

#include <errno.h>
#include <stdlib.h>
#include <utf8proc.h>

/* What one character folds to: U+FDFA, the longest, makes 18. */
#define UNFOLDED_MAX 32
#define NO_CHARACTER 0x110000 /* and above: bytes that are no UTF-8 */
#define FOLD                                                                           \
        (UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)

static bool is_ascii(char c)
{
        return !((unsigned char)c & 0x80);
}

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* ---- one character after the other, each folded and decomposed ---- */

struct points {
        struct sp_str s;
        size_t at; /* behind the character that `v` is of */
        utf8proc_int32_t v[UNFOLDED_MAX];
        unsigned n, i;
};

static void read_one(struct points *p)
{
        const unsigned char *c = (const unsigned char *)p->s.p + p->at;
        utf8proc_int32_t point;
        utf8proc_ssize_t n =
                utf8proc_iterate(c, (utf8proc_ssize_t)(p->s.n - p->at), &point);
        int unused = 0;

        p->i = 0;
        p->n = 1;
        if (n <= 0) {
                p->v[0] = NO_CHARACTER + *c;
                p->at++;
                return;
        }
        p->at += (size_t)n;
        n = utf8proc_decompose_char(point, p->v, UNFOLDED_MAX, FOLD, &unused);
        if (n >= 0 && n <= UNFOLDED_MAX)
                p->n = (unsigned)n; /* 0: an invisible character */
        else
                p->v[0] = point;
}

static bool peek(struct points *p, utf8proc_int32_t *ret)
{
        while (p->i == p->n) {
                if (p->at >= p->s.n)
                        return false;
                read_one(p);
        }
        *ret = p->v[p->i];
        return true;
}

static unsigned class_of(utf8proc_int32_t point)
{
        return (unsigned)utf8proc_get_property(point)->combining_class;
}

/* ---- the same in canonical order ---- */

/* Marks that may stand behind each other: UAX #15, stream-safe text, has 30. Of more than
 * these the order is not looked at as a whole (sp_sql_name_is_known). */
#define MARKS_MAX 32

struct folded {
        struct points points;
        utf8proc_int32_t marks[MARKS_MAX];
        unsigned n, i;
};

static struct folded folded_from(struct sp_str s)
{
        return (struct folded){ .points = { .s = s } };
}

/* By their class; those of one class as they stand. */
static void read_marks(struct folded *f)
{
        utf8proc_int32_t point;
        unsigned class, to;

        f->i = f->n = 0;
        while (f->n < MARKS_MAX && peek(&f->points, &point) &&
               (class = class_of(point)) != 0) {
                for (to = f->n++; to && class_of(f->marks[to - 1]) > class; to--)
                        f->marks[to] = f->marks[to - 1];
                f->marks[to] = point;
                f->points.i++;
        }
}

static bool next(struct folded *f, utf8proc_int32_t *ret)
{
        if (f->i == f->n) {
                if (!peek(&f->points, ret))
                        return false;
                if (!class_of(*ret)) {
                        f->points.i++;
                        return true;
                }
                read_marks(f);
        }
        *ret = f->marks[f->i++];
        return true;
}

/* ---- */

static bool is_same(struct sp_str x, struct sp_str y)
{
        struct folded a = folded_from(x), b = folded_from(y);
        utf8proc_int32_t from_a, from_b;

        for (;;) {
                bool more = next(&a, &from_a);

                if (more != next(&b, &from_b))
                        return false;
                if (!more || from_a != from_b)
                        return !more;
        }
}

bool sp_sql_name_eq(struct sp_str x, struct sp_str y)
{
        size_t i = 0;

        if (!x.n || !y.n)
                return x.n == y.n;
        for (;; i++) {
                bool more_x = i < x.n, more_y = i < y.n;

                if (!more_x && !more_y)
                        return true;
                if ((more_x && !is_ascii(x.p[i])) || (more_y && !is_ascii(y.p[i])))
                        break;
                if (more_x != more_y || lower(x.p[i]) != lower(y.p[i]))
                        return false;
        }
        /* no mark of what follows moves in front of an ASCII character */
        return is_same(sp_str_sub(x, i, x.n), sp_str_sub(y, i, y.n));
}

bool sp_sql_name_starts(struct sp_str x, struct sp_str prefix)
{
        struct folded a, b;
        utf8proc_int32_t from_a, from_b;
        size_t i = 0;

        for (; i < x.n && i < prefix.n && is_ascii(x.p[i]) && is_ascii(prefix.p[i]);
             i++)
                if (lower(x.p[i]) != lower(prefix.p[i]))
                        return false;
        a = folded_from(sp_str_sub(x, i, x.n));
        b = folded_from(sp_str_sub(prefix, i, prefix.n));
        while (next(&b, &from_b))
                if (!next(&a, &from_a) || from_a != from_b)
                        return false;
        return true;
}

uint64_t sp_sql_name_hash(struct sp_str x)
{
        uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a, by code point */
        struct folded f;
        utf8proc_int32_t point;
        size_t i = 0;

        for (; i < x.n && is_ascii(x.p[i]); i++)
                h = (h ^ (unsigned char)lower(x.p[i])) * UINT64_C(0x100000001b3);
        if (i == x.n)
                return h;
        f = folded_from(sp_str_sub(x, i, x.n));
        while (next(&f, &point))
                h = (h ^ (uint64_t)point) * UINT64_C(0x100000001b3);
        return h;
}

bool sp_sql_name_is_ascii(struct sp_str x)
{
        unsigned char all = 0;

        for (size_t i = 0; i < x.n; i++)
                all |= (unsigned char)x.p[i];
        return !(all & 0x80);
}

static bool has_many_marks(struct sp_str x)
{
        struct points p = { .s = x };
        utf8proc_int32_t point;
        unsigned n = 0;

        for (; peek(&p, &point) && n <= MARKS_MAX; p.i++)
                n = class_of(point) ? n + 1 : 0;
        return n > MARKS_MAX;
}

bool sp_sql_name_is_known(struct sp_str x)
{
        const unsigned char *c = (const unsigned char *)x.p;
        utf8proc_int32_t point;

        if (sp_sql_name_is_ascii(x))
                return true;
        for (size_t i = 0; i < x.n;) {
                utf8proc_ssize_t n =
                        utf8proc_iterate(c + i, (utf8proc_ssize_t)(x.n - i), &point);

                if (n <= 0 || utf8proc_category(point) == UTF8PROC_CATEGORY_CN)
                        return false;
                i += (size_t)n;
        }
        return !has_many_marks(x);
}

int sp_sql_name_fold(struct sp_str x, struct sp_buf *to)
{
        utf8proc_uint8_t *folded = NULL;
        utf8proc_ssize_t n;
        int r;

        if (!x.n)
                return 0;
        n = utf8proc_map((const utf8proc_uint8_t *)x.p, (utf8proc_ssize_t)x.n, &folded,
                         UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                 UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
        if (n < 0)
                return n == UTF8PROC_ERROR_NOMEM ? -ENOMEM : -EINVAL;
        r = sp_buf_add(to, sp_str((const char *)folded, (size_t)n));
        free(folded);
        return r;
}
