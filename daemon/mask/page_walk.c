/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells that lie whole in the input and are written as BigQuery writes them, without blanks. What
 * stands between two of them is compared at once, and where a string ends is known from its marks.
 */
#include "daemon/mask/page_impl.h"

static inline uint64_t load8(const char *p)
{
        uint64_t v;

        memcpy(&v, p, sizeof(v));
        return v;
}

/* The first n bytes of a literal as a number. A constant: one that is put together in memory is
 * waited for, at each cell, longer than all else there takes. */
#define BYTE(lit, n, i) ((i) < (n) ? (uint64_t)(unsigned char)(lit)[i] << 8 * (i) : 0)
#define WORD(lit, n)                                                                   \
        (BYTE(lit, n, 0) | BYTE(lit, n, 1) | BYTE(lit, n, 2) | BYTE(lit, n, 3) |       \
         BYTE(lit, n, 4) | BYTE(lit, n, 5) | BYTE(lit, n, 6) | BYTE(lit, n, 7))

/* Whether the first n bytes of `lit`, eight at most, stand at p: eight bytes can be read there. */
#define IS_AT_N(p, lit, n) (load8(p) << 8 * (8 - (n)) == WORD(lit, n) << 8 * (8 - (n)))
#define IS_AT(p, lit) IS_AT_N(p, lit, sizeof(lit) - 1)

/* A place in the input, which is `limit` bytes and SP_PAGE_AHEAD more. Between two places stand known
 * texts, so the marks need no search: each quote that is passed is one. */
struct at {
        const char *p;
        const uint16_t *m; /* the first mark at or behind p[i] */
        size_t i, limit;
};

/* Behind the scalar at p[i], and t->m with it; `limit` or more when its end is not there, or something
 * is wrong, and then *t is as it was. */
static inline size_t scalar_end(struct at *t)
{
        const char *p = t->p;
        size_t e;

        if (p[t->i] != '"')
                return memcmp(p + t->i, "null", 4) == 0 ? t->i + 4 : t->limit;
        e = t->m[1];
        if (e + 1 >= t->limit || p[e] != '"')
                return t->limit;
        t->m += 2;
        return e + 1;
}

/* Over a scalar and up to `more` others that follow it as cells: "…"},{"v":null},{"v":"…". Behind the
 * last; `limit` or more when it is not there, and then *t is where it begins. */
static inline size_t scalars(struct at *t, uint32_t *more)
{
        const size_t limit = t->limit;
        const char *p = t->p;
        const uint16_t *m = t->m;
        size_t at = t->i, e;
        uint32_t left = *more;

        for (;;) {
                /* string to string: no step depends on the one before but by a guess */
                if (p[at] == '"')
                        for (e = m[1]; left && e < limit &&
                                       IS_AT(p + e, "\"},{\"v\":") && p[e + 8] == '"';
                             e = m[1]) {
                                at = e + 8;
                                left--;
                                m += 4; /* this one's, two of "v" */
                        }
                t->i = at;
                t->m = m;
                e = scalar_end(t);
                if (e >= limit || !left || !IS_AT(p + e, "},{\"v\":"))
                        break;
                at = e + 7;
                m = t->m + 2;
                left--;
        }
        *more = left;
        return e;
}

/* Behind a list of scalars of any length: `limit` when it is something else, or not whole, and then
 * *t is anywhere. */
static inline size_t list_end(struct at *t)
{
        uint32_t more = UINT32_MAX;
        const char *p = t->p;
        size_t e;

        if (IS_AT(p + t->i, "[]"))
                return t->i + 2;
        if (!IS_AT(p + t->i, "[{\"v\":"))
                return t->limit;
        t->i += 6;
        t->m += 2;
        e = scalars(t, &more);
        return e < t->limit && p[e] == '}' && p[e + 1] == ']' ? e + 2 : t->limit;
}

/* Likewise of a record of n scalars (0: any number). */
static inline size_t record_end(struct at *t, size_t n)
{
        uint32_t more = (uint32_t)n - 1;
        const char *p = t->p;
        size_t e;

        if (!IS_AT(p + t->i, "{\"f\":[{\"") || !IS_AT(p + t->i + 3, "\":[{\"v\":"))
                return t->limit;
        t->i += 11;
        t->m += 4;
        e = scalars(t, &more);
        if (e >= t->limit || (n && more) || !IS_AT(p + e, "}]}"))
                return t->limit;
        return e + 3;
}

/* The input up to p[i], then what stands for the value there. */
static inline int put_fixed(struct sp_page_walk *w, const struct sp_page_column *c,
                            size_t i)
{
        struct sp_buf *b = w->out;
        size_t run = (size_t)(w->p + i - w->from); /* a value passes up to here */
        int r;

        if (c->fixed.n <= sizeof(c->short_fixed) &&
            b->capacity - b->n >= run + sizeof(c->short_fixed)) {
                memcpy(b->p + b->n, w->from, run);
                memcpy(b->p + b->n + run, c->short_fixed, sizeof(c->short_fixed));
                b->n += run + c->fixed.n;
                return 0;
        }
        r = sp_page_flush(w, w->p + i);
        return r < 0 ? r : sp_page_put(w, c->fixed.p, c->fixed.n);
}

static inline int mask_scalar(struct sp_page_walk *w, const struct sp_page_column *c,
                              size_t i, size_t e)
{
        const char *p = w->p;
        int r;

        if (c->action == SP_PAGE_FIXED) {
                r = put_fixed(w, c, i);
        } else if (p[i] == 'n') {
                return 0; /* NULL stays NULL */
        } else {
                r = sp_page_mask_value(w->g, c, sp_str(p + i + 1, e - i - 2), w->err);
                if (r == 0)
                        r = sp_page_flush(w, p + i);
                if (r == 0)
                        r = sp_page_put(w, w->g->masked.p, w->g->masked.n);
        }
        w->from = p + e;
        return r;
}

/* The element of a list, or any. */
static inline enum sp_page_way way_of(const struct sp_page_column *c, char first)
{
        if (!c)
                return first == '['   ? SP_PAGE_WAY_LIST
                       : first == '{' ? SP_PAGE_WAY_RECORD
                                      : SP_PAGE_WAY_PLAIN;
        return c->form == SP_PAGE_RECORD ? SP_PAGE_WAY_RECORD : SP_PAGE_WAY_PLAIN;
}

/* Into the list or record at p that was not all scalars, or not all there. Returns how many bytes on its
 * first value is; 0: not entered. */
static size_t enter(struct sp_page_walk *w, const struct sp_page_column *c,
                    enum sp_page_way way, const char *p, int *r)
{
        if (way == SP_PAGE_WAY_LIST && IS_AT(p, "[{\"v\":")) {
                *r = sp_page_open(w, IN_LIST, c, 0);
                return 6;
        }
        if (way == SP_PAGE_WAY_RECORD && IS_AT(p, "{\"f\":[{\"") &&
            IS_AT(p + 3, "\":[{\"v\":") &&
            (!c || c->fields[0].action != SP_PAGE_STRIP)) {
                *r = sp_page_open_fields(w);
                return 11;
        }
        return 0;
}

enum went { STOPPED, ENTERED, BEHIND };

/* The value at *t, and with it what follows of a run of kept scalars: *c is the column of the last then.
 * `limit` or more as of scalars(). */
static inline __attribute__((always_inline)) size_t
value_end(struct sp_page_walk *w, struct at *t, const struct sp_page_column **c,
          bool is_planned, enum sp_page_way way, int *r)
{
        const bool has_room = w->g->depth < SP_PAGE_DEPTH_MAX;
        const struct sp_page_column *of = *c;
        const struct at begin = *t;
        uint32_t more, left;
        size_t e = t->limit;

        switch (way) {
        case SP_PAGE_WAY_PLAIN:
                left = more = is_planned ? of->plain - 1 : UINT32_MAX;
                e = scalars(t, &left);
                if (is_planned)
                        *c += more - left;
                return e;
        case SP_PAGE_WAY_FIXED:
        case SP_PAGE_WAY_VALUE:
                e = scalar_end(t);
                if (e < t->limit)
                        *r = mask_scalar(w, of, t->i, e);
                return e;
        case SP_PAGE_WAY_LIST:
                if (has_room && (!of || of->form != SP_PAGE_RECORD))
                        e = list_end(t);
                break;
        case SP_PAGE_WAY_RECORD:
                if (t->p[t->i] == 'n')
                        e = scalar_end(t);
                else if (has_room && (!of || of->fields[0].plain == of->n_fields))
                        e = record_end(t, of ? of->n_fields : 0);
                break;
        default:
                break;
        }
        if (e >= t->limit)
                *t = begin;
        return e;
}

/* The cells of the innermost list from the value at *t on; of a row, the rows behind it too.
 * BEHIND: *t is behind the last value that could be taken. */
static inline __attribute__((always_inline)) enum went
cells(struct sp_page_walk *w, struct at *to, const bool is_planned, int *ret_r)
{
        struct sp_page *g = w->g;
        struct sp_page_frame *f = sp_page_top(g);
        const struct sp_page_column *c = is_planned ? &f->columns[f->i] : f->columns;
        const struct sp_page_column *last = is_planned ? &f->columns[f->n - 1] : NULL;
        const bool is_row = g->depth == 2;
        enum sp_page_way way = SP_PAGE_WAY_SLOW;
        enum went went = STOPPED;
        struct at t = *to;
        const char *p = t.p;
        size_t e = 0, on;
        int r = 0;

        while (t.i < t.limit) {
                way = is_planned ? (enum sp_page_way)c->way : way_of(c, p[t.i]);
                e = value_end(w, &t, &c, is_planned, way, &r);
                if (e >= t.limit || r < 0)
                        break;
                if (IS_AT(p + e, "},{\"v\":") &&
                    (!is_planned || (c != last && c[1].has_comma))) {
                        if (is_planned)
                                c++;
                        t.i = e + 7;
                        t.m += 2;
                } else if (is_row && IS_AT(p + e, "}]},{\"f\"") &&
                           IS_AT(p + e + 7, "\":[{\"v\":") &&
                           (!is_planned ||
                            (c == last && f->columns[0].action != SP_PAGE_STRIP))) {
                        g->rows++;
                        c = f->columns;
                        t.i = e + 15;
                        t.m += 4;
                } else {
                        t.i = e;
                        went = BEHIND;
                        break;
                }
        }
        if (is_planned)
                f->i = (uint32_t)(c - f->columns);
        if (went == STOPPED && r == 0 && t.i < t.limit) {
                on = enter(w, c, way, p + t.i, &r);
                t.i += on;
                t.m += on == 6 ? 2 : on ? 4 : 0;
                went = on ? ENTERED : STOPPED;
        }
        *to = t;
        *ret_r = r;
        return went;
}

/* Behind a cell: over the ends of lists and records to the next value. False: the state says what
 * comes next at *t. */
static bool next(struct sp_page_walk *w, struct at *t)
{
        struct sp_page *g = w->g;

        for (;;) {
                struct sp_page_frame *f = sp_page_top(g);
                const char *p = t->p + t->i;
                bool is_planned = f->kind == IN_FIELDS && f->columns;

                g->state = AT_COMMA_OR_CLOSE;
                if (t->i >= t->limit)
                        return false;
                if (*p == ',') {
                        if (!IS_AT(p, ",{\"v\":") ||
                            (is_planned &&
                             (f->i + 1 >= f->n || !f->columns[f->i + 1].has_comma)))
                                return false;
                        f->i += is_planned;
                        t->i += 6;
                        t->m += 2;
                        return true;
                }
                if (is_planned && f->i + 1 != f->n)
                        return false;
                if (f->kind == IN_LIST) {
                        if (!IS_AT(p, "]}"))
                                return false;
                        g->depth--;
                        t->i += 2;
                        continue;
                }
                if (f[-1].kind == IN_ROWS || !IS_AT(p, "]}}"))
                        return false;
                g->depth--;
                t->i += 3;
        }
}

size_t sp_page_walk_on(struct sp_page_walk *w, size_t i, int *r)
{
        struct sp_page *g = w->g;
        struct at t = { .p = w->p, .i = i, .limit = w->n - SP_PAGE_AHEAD };

        (void)sp_page_next_mark(w, i);
        t.m = w->marks + w->mark;
        for (;;) {
                const struct sp_page_frame *f = sp_page_top(g);
                enum went went;

                g->state = AT_VALUE;
                went = f->kind == IN_FIELDS && f->columns ? cells(w, &t, true, r)
                                                          : cells(w, &t, false, r);
                if (went == ENTERED && *r == 0)
                        continue;
                if (went != BEHIND || *r < 0)
                        break;
                g->state = AT_CELL_CLOSE;
                if (t.p[t.i] != '}')
                        break;
                t.i++;
                if (!next(w, &t))
                        break;
        }
        w->mark = (size_t)(t.m - w->marks);
        return t.i;
}
