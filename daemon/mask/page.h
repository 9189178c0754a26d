/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/page — the rows of an answer, checked cell by cell and masked while they stream.
 *
 * Job:       push the value of the member "rows" of tabledata.list or a query's answer in pieces
 *            of any size: [{"f":[{"v":"1"},{"v":null},{"v":[{"v":"a"}]},{"v":{"f":[…]}}]},…].
 *            Out comes the same JSON without blanks, in which the columns that the plan names
 *            are masked. Cells are known by position, so each row and record must have exactly
 *            the cells of the plan, each of the plan's shape. A row is [{"f":[cells]}]; a member
 *            of another name, twice, or written with escapes is refused.
 * In:        a plan (sp_page_plan_make: from a pinned schema and the masks of a principal), or
 *            NULL: any number of cells of any shape, all kept. What a mask makes of a value is
 *            what the SQL of mask/expr makes of it.
 * Out:       `out` is the caller's. Any split of the input gives the same output.
 * Ownership: the plan outlives the page. State is bounded: nesting by SP_PAGE_DEPTH_MAX, a value
 *            that is hashed or shown in part by SP_PAGE_VALUE_MAX.
 * Errors:    -EBADMSG "answer.shape": not the rows that were planned; "answer.malformed": not
 *            JSON; -ENOBUFS "answer.too-large". Nothing more may be sent then, and every later
 *            push fails.
 * Spec:      issue "response kernel"; threats.md §3, defence RS; docs/performance.md.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/mask/page_plan.h"
#include "daemon/mask/scan.h"

/* Rows, then for each of BigQuery's 15 levels of records a list and its fields, and room. */
#define SP_PAGE_DEPTH_MAX 40
#define SP_PAGE_VALUE_MAX (1024 * 1024)

struct sp_page_frame {
        const struct sp_page_column *columns; /* NULL: any */
        uint32_t n, i; /* columns; the one in hand */
        uint8_t kind;
};

struct sp_page {
        const struct sp_page_plan *plan;
        sp_scan_fn scan;
        uint64_t rows; /* complete ones */
        bool is_done; /* the list of rows was closed */
        /* state */
        struct sp_page_frame frames[SP_PAGE_DEPTH_MAX];
        uint8_t depth, state, hide, hide_depth, literal;
        char key; /* the member that the object in hand must have */
        bool is_captured;
        bool is_escaped; /* the byte that comes next, by a backslash before it */
        struct sp_buf value; /* raw text of a value in hand that is hashed or cut */
        struct sp_buf masked; /* what it became */
        struct sp_digest *digest;
        int error;
};

/* Reads with sp_scan_best(); a test may set page->scan to another. */
void sp_page_init(struct sp_page *g, const struct sp_page_plan *plan);
void sp_page_done(struct sp_page *g);
/* Takes in.n bytes, or fewer when the list of rows ends in them: then is_done is set. *ret_n is
 * how many. */
sp_must_check int sp_page_push(struct sp_page *g, struct sp_str in, struct sp_buf *out,
                               size_t *ret_n, struct sp_err *reterr);
