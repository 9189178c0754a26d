/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two readers of one state. Here a byte is taken at a time, with the whole grammar: this is what a page
 * means. page_walk.c takes what lies whole in the input in the usual spelling, and stops before anything
 * else at a byte where this one can go on. So it may only be too modest, never of another opinion; that
 * any split gives the same output (a split at every byte leaves it nothing) is what tests hold it to.
 */
#include <errno.h>

#include "daemon/base/digest.h"
#include "daemon/mask/page_impl.h"

static int malformed(struct sp_page_walk *w, const char *what)
{
        return sp_err_set(w->err, -EBADMSG, "answer.malformed", "",
                          "the upstream's answer is not what it should be: %s", what);
}

static int shape(struct sp_page_walk *w, const char *what)
{
        return sp_err_set(w->err, -EBADMSG, "answer.shape", "",
                          "row %llu of the upstream's answer is not as planned: %s",
                          (unsigned long long)w->g->rows + 1, what);
}

int sp_page_open(struct sp_page_walk *w, enum sp_page_kind kind,
                 const struct sp_page_column *columns, size_t n)
{
        struct sp_page *g = w->g;

        if (g->depth == SP_PAGE_DEPTH_MAX)
                return malformed(w, "nested too deep");
        g->frames[g->depth++] = (struct sp_page_frame){ columns, (uint32_t)n, 0, kind };
        return 0;
}

int sp_page_open_fields(struct sp_page_walk *w)
{
        static const struct sp_page_column none; /* no column is not any column */
        const struct sp_page_plan *plan = w->g->plan;
        const struct sp_page_column *c = sp_page_column_of(sp_page_top(w->g));
        const struct sp_page_column *columns = c ? c->fields : NULL;
        size_t n = c ? c->n_fields : 0;

        if (!plan)
                return sp_page_open(w, IN_FIELDS, NULL, 0);
        if (sp_page_top(w->g)->kind == IN_ROWS) {
                columns = plan->columns;
                n = plan->n_columns;
        }
        return sp_page_open(w, IN_FIELDS, columns ? columns : &none, n);
}

/* ---- a byte at a time ---- */

/* What stands from `at` on does not pass, until the value or the cell in hand is over. */
static int hide(struct sp_page_walk *w, enum sp_page_hide what, const char *at)
{
        w->g->hide = what;
        w->g->hide_depth = w->g->depth;
        return sp_page_flush(w, at);
}

static inline void show(struct sp_page_walk *w, enum sp_page_hide what,
                        const char *from)
{
        struct sp_page *g = w->g;

        if (g->hide == what && g->hide_depth == g->depth) {
                g->hide = HIDE_NOTHING;
                w->from = from;
        }
}

static int begin_element(struct sp_page_walk *w, const char *at)
{
        struct sp_page *g = w->g;
        const struct sp_page_frame *f = sp_page_top(g);

        g->key = f->kind == IN_ROWS ? 'f' : 'v';
        g->state = AT_NAME;
        if (f->kind != IN_FIELDS || !f->columns)
                return 0;
        if (f->i >= f->n)
                return shape(w, "more cells than columns");
        if (g->hide == HIDE_NOTHING && f->columns[f->i].action == SP_PAGE_STRIP)
                return hide(w, HIDE_CELL, at);
        return 0;
}

static bool is_scalar_byte(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' ||
               c == '+' || c == '.' || c == 'E';
}

/* The mask of the value that begins at `at`, if it has one. */
static int begin_masked(struct sp_page_walk *w, const struct sp_page_column *c,
                        const char *at)
{
        struct sp_page *g = w->g;
        int r = 0;

        switch (c->action) {
        case SP_PAGE_FIXED:
                r = hide(w, HIDE_VALUE, at);
                return r < 0 ? r : sp_page_put(w, c->fixed.p, c->fixed.n);
        case SP_PAGE_HASH:
        case SP_PAGE_PARTIAL:
        case SP_PAGE_TRUNCATE:
        case SP_PAGE_TOKEN:
                if (*at == 'n')
                        return 0; /* NULL stays NULL */
                if (*at != '"')
                        return shape(w, "a cell that cannot be masked");
                r = hide(w, HIDE_VALUE, at);
                g->is_captured = true;
                sp_buf_clear(&g->value);
                return r;
        default:
                return 0;
        }
}

static int begin_value(struct sp_page_walk *w, const char *at)
{
        struct sp_page *g = w->g;
        const struct sp_page_frame *f = sp_page_top(g);
        const struct sp_page_column *c = sp_page_column_of(f);
        bool is_list = c && c->is_repeated && f->kind == IN_FIELDS;
        bool is_record = c && c->form == SP_PAGE_RECORD && !is_list;
        int r = 0;

        /* a list's mask is that of the whole: its elements have none of their own */
        if (c && g->hide == HIDE_NOTHING && f->kind == IN_FIELDS)
                r = begin_masked(w, c, at);
        if (r < 0)
                return r;
        if (*at == 'n') {
                g->state = AT_NULL;
                g->literal = 1;
        } else if (*at == '"' && !is_list && !is_record) {
                g->state = AT_STRING;
        } else if (*at == '[' && (!c || is_list)) {
                g->state = AT_ELEMENT_OR_CLOSE;
                return sp_page_open(w, IN_LIST, c, 0);
        } else if (*at == '{' && (!c || is_record)) {
                g->key = 'f';
                g->state = AT_NAME;
        } else if (!c && is_scalar_byte(*at)) {
                g->state = AT_OTHER;
        } else {
                return c ? shape(w, "a cell that is not of its column's type")
                         : malformed(w, "a value that is not JSON");
        }
        return 0;
}

static void end_value(struct sp_page_walk *w, const char *behind)
{
        w->g->state = AT_CELL_CLOSE;
        show(w, HIDE_VALUE, behind);
}

static int end_string(struct sp_page_walk *w, const char *behind)
{
        struct sp_page *g = w->g;
        int r = 0;

        if (g->is_captured) {
                struct sp_str raw = g->value.n ? sp_buf_str(&g->value) : SP_STR("");

                g->is_captured = false;
                r = sp_page_mask_value(g, sp_page_column_of(sp_page_top(g)), raw,
                                       w->err);
                if (r == 0)
                        r = sp_page_put(w, g->masked.p, g->masked.n);
        }
        end_value(w, behind);
        return r;
}

static int close_list(struct sp_page_walk *w, const char *behind)
{
        struct sp_page *g = w->g;
        const struct sp_page_frame *f = sp_page_top(g);
        bool is_empty = g->state == AT_ELEMENT_OR_CLOSE;

        if (f->kind == IN_FIELDS && f->columns && f->i + !is_empty != f->n)
                return shape(w, "fewer cells than columns");
        g->depth--;
        switch (f->kind) {
        case IN_ROWS:
                g->is_done = true;
                break;
        case IN_FIELDS:
                g->state = AT_RECORD_CLOSE;
                break;
        default:
                end_value(w, behind);
        }
        return 0;
}

static int next_element(struct sp_page_walk *w, const char *at)
{
        struct sp_page *g = w->g;
        struct sp_page_frame *f = sp_page_top(g);
        int r = 0;

        g->state = AT_ELEMENT;
        if (f->kind != IN_FIELDS || !f->columns)
                return 0;
        if (++f->i >= f->n)
                return shape(w, "more cells than columns");
        if (!f->columns[f->i].has_comma && g->hide == HIDE_NOTHING) {
                r = sp_page_flush(w, at);
                w->from = at + 1;
        }
        return r;
}

static int close_record(struct sp_page_walk *w, const char *behind)
{
        struct sp_page *g = w->g;

        if (sp_page_top(g)->kind != IN_ROWS) {
                end_value(w, behind);
                return 0;
        }
        g->rows++;
        g->state = AT_COMMA_OR_CLOSE;
        return 0;
}

/* Between the tokens of the grammar. */
static int structure(struct sp_page_walk *w, const char *at)
{
        struct sp_page *g = w->g;
        char c = *at;

        switch (g->state) {
        case AT_START:
                if (c != '[')
                        break;
                g->state = AT_ELEMENT_OR_CLOSE;
                return sp_page_open(w, IN_ROWS, NULL, 0);
        case AT_ELEMENT_OR_CLOSE:
                if (c == ']')
                        return close_list(w, at + 1);
                /* fall through */
        case AT_ELEMENT:
                if (c != '{')
                        break;
                return begin_element(w, at);
        case AT_NAME:
                if (c != '"')
                        break;
                g->state = AT_KEY;
                return 0;
        case AT_COLON:
                if (c != ':')
                        break;
                g->state = g->key == 'f' ? AT_FIELDS : AT_VALUE;
                return 0;
        case AT_FIELDS:
                if (c != '[')
                        break;
                g->state = AT_ELEMENT_OR_CLOSE;
                return sp_page_open_fields(w);
        case AT_VALUE:
                return begin_value(w, at);
        case AT_RECORD_CLOSE:
                if (c != '}')
                        break;
                return close_record(w, at + 1);
        case AT_CELL_CLOSE:
                if (c != '}')
                        break;
                g->state = AT_COMMA_OR_CLOSE;
                show(w, HIDE_CELL, at + 1);
                return 0;
        case AT_COMMA_OR_CLOSE:
                if (c == ']')
                        return close_list(w, at + 1);
                if (c == ',')
                        return next_element(w, at);
                break;
        default:
                break;
        }
        return shape(w, "not [{\"f\":[{\"v\":…}]}]");
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes the byte at `at`, or none (*ret false) when it ends a scalar and is yet to be looked at. */
static int step(struct sp_page_walk *w, const char *at, bool *ret)
{
        struct sp_page *g = w->g;
        int r = 0;

        *ret = true;
        switch (g->state) {
        case AT_KEY:
                if (*at != g->key)
                        return shape(w, "a member of another name");
                g->state = AT_KEY_END;
                return 0;
        case AT_KEY_END:
                if (*at != '"')
                        return shape(w, "a member of another name");
                g->state = AT_COLON;
                return 0;
        case AT_NULL:
                if (*at != "null"[g->literal])
                        return malformed(w, "a value that is not JSON");
                if (++g->literal == 4)
                        end_value(w, at + 1);
                return 0;
        case AT_OTHER:
                if (is_scalar_byte(*at))
                        return 0;
                end_value(w, at);
                *ret = false;
                return 0;
        default:
                break;
        }
        if (!is_blank(*at))
                return structure(w, at);
        if (g->hide == HIDE_NOTHING) {
                r = sp_page_flush(w, at);
                w->from = at + 1;
        }
        return r;
}

/* In a string: goes to its end, or that of the input; *i is behind it. */
static int in_string(struct sp_page_walk *w, size_t *i)
{
        struct sp_page *g = w->g;
        size_t e = SP_MIN(sp_page_next_mark(w, *i), w->n);
        int r = 0;

        if (e < w->n && w->p[e] != '"')
                return malformed(w, "a control character in a string");
        if (g->is_captured)
                r = sp_buf_add(&g->value, sp_str(w->p + *i, e - *i));
        if (r < 0)
                return r;
        *i = e + (e < w->n);
        return e < w->n ? end_string(w, w->p + *i) : 0;
}

static int take(struct sp_page_walk *w, size_t *i)
{
        struct sp_page *g = w->g;
        bool is_taken;
        int r = 0;

        if (g->state == AT_VALUE && g->hide == HIDE_NOTHING &&
            w->n - *i > SP_PAGE_AHEAD) {
                size_t at = sp_page_walk_on(w, *i, &r);

                if (r < 0 || at > *i) {
                        *i = at;
                        return r;
                }
        }
        if (g->state == AT_STRING)
                return in_string(w, i);
        r = step(w, w->p + *i, &is_taken);
        if (r == 0)
                *i += is_taken;
        return r;
}

static int push_chunk(struct sp_page *g, struct sp_str in, struct sp_buf *out,
                      size_t *ret_n, struct sp_err *e)
{
        uint16_t marks[SP_SCAN_ROOM(SP_SCAN_MAX)];
        struct sp_page_walk w = { .g = g,
                                  .p = in.p,
                                  .n = in.n,
                                  .from = g->hide == HIDE_NOTHING ? in.p : NULL,
                                  .marks = marks,
                                  .out = out,
                                  .err = e };
        size_t i = 0;
        char *room;
        int r;

        (void)g->scan(in.p, in.n, &g->is_escaped, marks);
        /* most of what comes in goes out: one growth, not many */
        r = sp_buf_reserve(out, SP_MIN(in.n + SP_SCAN_MAX / 8, out->max - out->n),
                           &room);
        while (r == 0 && i < in.n && !g->is_done)
                r = take(&w, &i);
        if (r == 0)
                r = sp_page_flush(&w, in.p + i);
        *ret_n = i;
        return r;
}

void sp_page_init(struct sp_page *g, const struct sp_page_plan *plan)
{
        *g = (struct sp_page){ .plan = plan, .scan = sp_scan_best() };
        g->value = SP_BUF_INIT(SP_PAGE_VALUE_MAX);
        g->masked = SP_BUF_INIT(SP_PAGE_VALUE_MAX + 128);
}

void sp_page_done(struct sp_page *g)
{
        /* they held what must not be seen */
        sp_buf_done_secret(&g->value);
        sp_buf_done_secret(&g->masked);
        g->digest = sp_digest_free(g->digest);
}

int sp_page_push(struct sp_page *g, struct sp_str in, struct sp_buf *out, size_t *ret_n,
                 struct sp_err *reterr)
{
        size_t n = 0;
        int r = g->error;

        if (r < 0)
                return sp_err_set(reterr, r, "answer.malformed", "",
                                  "the upstream's answer was refused already");
        while (r == 0 && n < in.n && !g->is_done) {
                size_t taken;

                r = push_chunk(g, sp_str_sub(in, n, SP_SCAN_MAX), out, &taken, reterr);
                n += taken;
        }
        if (r == 0) {
                *ret_n = n;
                return 0;
        }
        g->error = r;
        if (r != -EBADMSG)
                return sp_err_set(reterr, r, "answer.too-large", "",
                                  "a part of the upstream's answer is too long");
        return r;
}
