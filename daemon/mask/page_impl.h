/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/page_impl — what the parts of mask/page share.
 *
 * Job:       page.c reads the grammar a byte at a time, page_walk.c the common case of it many bytes
 *            at a time, page_value.c masks one value, page_plan.c makes the plan.
 */
#pragma once

#include "daemon/mask/page.h"

/* What sp_page_walk_on may look at behind a cell without asking whether it is there. */
#define SP_PAGE_AHEAD 32

/* How a column is treated there. */
enum sp_page_way {
        SP_PAGE_WAY_PLAIN, /* a scalar that is kept */
        SP_PAGE_WAY_RECORD, /* kept; its fields may not be */
        SP_PAGE_WAY_LIST,
        SP_PAGE_WAY_FIXED, /* a scalar that something else stands for */
        SP_PAGE_WAY_VALUE, /* a scalar that is worked on: hash, partial */
        SP_PAGE_WAY_SLOW, /* all else: byte by byte */
};

enum sp_page_state {
        AT_START, /* the list of rows */
        AT_ELEMENT_OR_CLOSE,
        AT_ELEMENT,
        AT_NAME, /* of the one member of an object */
        AT_KEY,
        AT_KEY_END,
        AT_COLON,
        AT_FIELDS, /* the list of cells */
        AT_VALUE,
        AT_STRING,
        AT_NULL,
        AT_OTHER, /* a number, true, false: only where there is no plan */
        AT_RECORD_CLOSE, /* '}' of {"f":[…]} */
        AT_CELL_CLOSE, /* '}' of {"v":…} */
        AT_COMMA_OR_CLOSE,
};

enum sp_page_kind { IN_ROWS, IN_FIELDS, IN_LIST };

/* What does not pass at the moment. */
enum sp_page_hide { HIDE_NOTHING, HIDE_VALUE, HIDE_CELL };

/* One piece of input under the walkers. */
struct sp_page_walk {
        struct sp_page *g;
        const char *p;
        size_t n;
        const char
                *from; /* input that passes and is not in `out` yet; NULL: none does */
        const uint16_t *marks; /* of p, by sp_scan */
        size_t mark; /* of those before it, none is needed any more */
        struct sp_buf *out;
        struct sp_err *err;
};

static inline struct sp_page_frame *sp_page_top(struct sp_page *g)
{
        return &g->frames[g->depth - 1];
}

/* The column of the cell in hand; NULL: any. */
static inline const struct sp_page_column *
sp_page_column_of(const struct sp_page_frame *f)
{
        return f->columns && f->kind == IN_FIELDS ? &f->columns[f->i] : f->columns;
}

/* The first marked byte at or behind p[i]; n or more when there is none. `i` only grows. */
static inline size_t sp_page_next_mark(struct sp_page_walk *w, size_t i)
{
        size_t k = w->mark;

        while (w->marks[k] < i)
                k++;
        w->mark = k;
        return w->marks[k];
}

static inline int sp_page_put(struct sp_page_walk *w, const char *p, size_t n)
{
        struct sp_buf *b = w->out;

        if (__builtin_expect(b->capacity - b->n < n, 0))
                return sp_buf_add(b, sp_str(p, n));
        memcpy(b->p + b->n, p, n);
        b->n += n;
        return 0;
}

/* Input up to `to` passes; what comes next does not, unless `from` is set again. */
static inline int sp_page_flush(struct sp_page_walk *w, const char *to)
{
        const char *from = w->from;

        w->from = NULL;
        return from && to > from ? sp_page_put(w, from, (size_t)(to - from)) : 0;
}

sp_must_check int sp_page_open(struct sp_page_walk *w, enum sp_page_kind kind,
                               const struct sp_page_column *columns, size_t n);
/* The list of cells of a row or of a record. */
sp_must_check int sp_page_open_fields(struct sp_page_walk *w);
/* From the value at p[i] as far as it goes; returns where the state says what comes next. */
size_t sp_page_walk_on(struct sp_page_walk *w, size_t i, int *r);

/* Masks the string whose JSON text is `raw` (without its quotes) and appends the JSON that stands
 * for it to g->masked, after clearing that. -EBADMSG "answer.shape": not what a column of this form
 * holds. */
sp_must_check int sp_page_mask_value(struct sp_page *g, const struct sp_page_column *c,
                                     struct sp_str raw, struct sp_err *reterr);
