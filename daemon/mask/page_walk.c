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

/* Whether `lit` stands at p: eight bytes can be read there. */
static inline bool is_at(const char *p, const char lit[8])
{
        return load8(p) == load8(lit);
}

static inline bool is_at_7(const char *p, const char lit[7])
{
        uint64_t x = 0;

        memcpy(&x, lit, 7);
        return load8(p) << 8 == x << 8;
}

static inline bool is_at_6(const char *p, const char lit[6])
{
        uint64_t x = 0;

        memcpy(&x, lit, 6);
        return load8(p) << 16 == x << 16;
}

/* Back to p[i], after looking further ahead than there was to take. */
static void rewind_to(struct sp_page_walk *w, size_t i)
{
        while (w->mark && w->marks[w->mark - 1] >= i)
                w->mark--;
}

/* Behind the string whose opening quote stands at p[i]; `limit` or more when its end is not there,
 * or something is wrong. */
static inline size_t string_end(struct sp_page_walk *w, size_t i, size_t limit)
{
        for (i++;;) {
                size_t e = sp_page_next_mark(w, i);

                if (e >= limit || w->p[e] == '"')
                        return e + 1;
                if (w->p[e] != '\\' || (unsigned char)w->p[e + 1] < 0x20)
                        return limit;
                i = e + 2;
        }
}

/* Behind the scalar at p[i], or `limit`. */
static inline size_t scalar_end(struct sp_page_walk *w, size_t i, size_t limit)
{
        if (w->p[i] == '"')
                return string_end(w, i, limit);
        return memcmp(w->p + i, "null", 4) == 0 ? i + 4 : limit;
}

/* Over a scalar and up to `more` others that follow it as cells: "…"},{"v":null},{"v":"…". Behind the
 * last; `limit` or more when it is not there, and then *i is where it begins. */
static inline size_t scalars(struct sp_page_walk *w, size_t *i, uint32_t *more,
                             size_t limit)
{
        const char *p = w->p;
        size_t at = *i, e;
        uint32_t left = *more;

        for (;;) {
                if (p[at] == '"') {
                        /* string to string: no step depends on the one before but by a guess */
                        for (e = sp_page_next_mark(w, at + 1);
                             left && e < limit && is_at(p + e, "\"},{\"v\":") &&
                             p[e + 8] == '"';
                             e = w->marks[w->mark]) {
                                at = e + 8;
                                left--;
                                w->mark +=
                                        4; /* quotes: this one, two of "v", the next */
                        }
                        e = string_end(w, at, limit);
                } else if (memcmp(p + at, "null", 4) == 0) {
                        e = at + 4;
                } else {
                        e = limit;
                }
                if (e >= limit || !left || !is_at_7(p + e, "},{\"v\":"))
                        break;
                at = e + 7;
                left--;
        }
        *more = left;
        *i = at;
        return e;
}

/* Behind a list of scalars, or of any length: `limit` when it is something else, or not whole. */
static inline size_t list_end(struct sp_page_walk *w, size_t i, size_t limit)
{
        uint32_t more = UINT32_MAX;
        const char *p = w->p;

        if (p[i + 1] == ']')
                return i + 2;
        if (!is_at_6(p + i, "[{\"v\":"))
                return limit;
        i += 6;
        i = scalars(w, &i, &more, limit);
        return i < limit && p[i] == '}' && p[i + 1] == ']' ? i + 2 : limit;
}

/* Behind a record of n scalars (0: any number). */
static inline size_t record_end(struct sp_page_walk *w, size_t i, size_t n,
                                size_t limit)
{
        uint32_t more = (uint32_t)n - 1;
        const char *p = w->p;

        if (!is_at(p + i, "{\"f\":[{\"") || !is_at(p + i + 3, "\":[{\"v\":"))
                return limit;
        i += 11;
        i = scalars(w, &i, &more, limit);
        if (i >= limit || (n && more) || memcmp(p + i, "}]}", 3) != 0)
                return limit;
        return i + 3;
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

static inline enum sp_page_way way_of(const struct sp_page_frame *f,
                                      const struct sp_page_column *c, char first)
{
        if (!c)
                return first == '['   ? SP_PAGE_WAY_LIST
                       : first == '{' ? SP_PAGE_WAY_RECORD
                                      : SP_PAGE_WAY_PLAIN;
        if (f->kind == IN_LIST)
                return c->form == SP_PAGE_RECORD ? SP_PAGE_WAY_RECORD
                                                 : SP_PAGE_WAY_PLAIN;
        return (enum sp_page_way)c->way;
}

/* Into the list or record at p[*i] that was not all scalars, or not all there. */
static bool enter(struct sp_page_walk *w, const struct sp_page_column *c,
                  enum sp_page_way way, size_t *i, int *r)
{
        const char *p = w->p + *i;

        if (way == SP_PAGE_WAY_LIST) {
                if (!is_at_6(p, "[{\"v\":"))
                        return false;
                *r = sp_page_open(w, IN_LIST, c, 0);
                *i += 6;
        } else {
                if (memcmp(p, "{\"f\":[{\"v\":", 11) != 0 ||
                    (c && c->fields[0].action == SP_PAGE_STRIP))
                        return false;
                *r = sp_page_open_fields(w);
                *i += 11;
        }
        return true;
}

enum went { STOPPED, ENTERED, BEHIND };

/* The cells of the innermost list from the value at p[*i] on; of a row, the rows behind it too.
 * BEHIND: *i is behind the last value that could be taken. */
static inline enum went cells(struct sp_page_walk *w, size_t *i, size_t limit, int *r)
{
        struct sp_page *g = w->g;
        struct sp_page_frame *f = sp_page_top(g);
        bool is_planned = f->kind == IN_FIELDS && f->columns;
        bool is_row = g->depth == 2, has_room = g->depth < SP_PAGE_DEPTH_MAX;
        const char *p = w->p;
        size_t at = *i, e;

        for (;;) {
                const struct sp_page_column *c = sp_page_column_of(f);
                enum sp_page_way way;
                uint32_t more;

                e = limit;
                if (at >= limit)
                        break;
                way = way_of(f, c, p[at]);
                switch (way) {
                case SP_PAGE_WAY_PLAIN:
                        more = is_planned ? c->plain - 1 : UINT32_MAX;
                        f->i += is_planned ? more : 0;
                        e = scalars(w, &at, &more, limit);
                        f->i -= is_planned ? more : 0;
                        break;
                case SP_PAGE_WAY_FIXED:
                case SP_PAGE_WAY_VALUE:
                        e = scalar_end(w, at, limit);
                        if (e < limit)
                                *r = mask_scalar(w, c, at, e);
                        break;
                case SP_PAGE_WAY_LIST:
                        if (has_room && (!c || c->form != SP_PAGE_RECORD))
                                e = list_end(w, at, limit);
                        break;
                case SP_PAGE_WAY_RECORD:
                        if (p[at] == 'n')
                                e = scalar_end(w, at, limit);
                        else if (has_room && (!c || c->fields[0].plain == c->n_fields))
                                e = record_end(w, at, c ? c->n_fields : 0, limit);
                        break;
                default:
                        break;
                }
                if (e >= limit || *r < 0) {
                        *i = at;
                        rewind_to(w, at);
                        if (*r == 0 &&
                            (way == SP_PAGE_WAY_LIST || way == SP_PAGE_WAY_RECORD))
                                return enter(w, c, way, i, r) ? ENTERED : STOPPED;
                        return STOPPED;
                }
                if (is_at_7(p + e, "},{\"v\":")) {
                        if (is_planned) {
                                if (f->i + 1 >= f->n || !f->columns[f->i + 1].has_comma)
                                        break;
                                f->i++;
                        }
                        at = e + 7;
                } else if (is_row && is_at(p + e, "}]},{\"f\"") &&
                           is_at(p + e + 7, "\":[{\"v\":")) {
                        if (is_planned &&
                            (f->i + 1 != f->n || f->columns[0].action == SP_PAGE_STRIP))
                                break;
                        g->rows++;
                        f->i = 0;
                        at = e + 15;
                } else {
                        break;
                }
        }
        *i = e < limit ? e : at;
        return e < limit ? BEHIND : STOPPED;
}

/* Behind a cell: over the ends of lists and records to the next value. False: the state says what
 * comes next at *i. */
static bool next(struct sp_page_walk *w, size_t *i, size_t limit)
{
        struct sp_page *g = w->g;

        for (;;) {
                struct sp_page_frame *f = sp_page_top(g);
                const char *p = w->p + *i;
                bool is_planned = f->kind == IN_FIELDS && f->columns;

                g->state = AT_COMMA_OR_CLOSE;
                if (*i >= limit)
                        return false;
                if (*p == ',') {
                        if (!is_at_6(p, ",{\"v\":") ||
                            (is_planned &&
                             (f->i + 1 >= f->n || !f->columns[f->i + 1].has_comma)))
                                return false;
                        f->i += is_planned;
                        *i += 6;
                        return true;
                }
                if (is_planned && f->i + 1 != f->n)
                        return false;
                if (f->kind == IN_LIST) {
                        if (p[0] != ']' || p[1] != '}')
                                return false;
                        g->depth--;
                        *i += 2;
                        continue;
                }
                if (f[-1].kind == IN_ROWS || memcmp(p, "]}}", 3) != 0)
                        return false;
                g->depth--;
                *i += 3;
        }
}

size_t sp_page_walk_on(struct sp_page_walk *w, size_t i, int *r)
{
        struct sp_page *g = w->g;
        size_t limit = w->n - SP_PAGE_AHEAD;

        for (;;) {
                enum went went;

                g->state = AT_VALUE;
                went = cells(w, &i, limit, r);
                if (went == STOPPED || *r < 0)
                        return i;
                if (went == ENTERED)
                        continue;
                g->state = AT_CELL_CLOSE;
                if (w->p[i] != '}')
                        return i;
                i++;
                if (!next(w, &i, limit))
                        return i;
        }
}
