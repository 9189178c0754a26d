/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask/page_plan — which cells the rows of a table have, and what becomes of each.
 *
 * Job:       from a table's schema, the masks of a principal and the fields asked for: a tree of
 *            columns in the order in which the cells come. mask/page applies it.
 * In:        struct sp_page_source. A plan may also be made by hand, and sealed.
 * Out:       struct sp_page_plan in the arena.
 * Errors:    -EPERM "mask.type": a mask that cannot hide its column (the same ones as in SQL),
 *            "mask.not-a-table"; -EINVAL "mask.selected-fields": no such column; -ENOMEM.
 */
#pragma once

#include "daemon/mask/mask.h"
#include "daemon/mask/truncate.h"

enum sp_page_action {
        SP_PAGE_KEEP,
        SP_PAGE_FIXED, /* `fixed` stands for every value, also for NULL: redact, null */
        SP_PAGE_HASH, /* NULL stays NULL; so it does for what follows */
        SP_PAGE_PARTIAL,
        SP_PAGE_TRUNCATE,
        SP_PAGE_TOKEN,
        SP_PAGE_STRIP, /* the cell is taken out: the answer has one column less */
};

enum sp_page_form {
        SP_PAGE_SCALAR,
        SP_PAGE_STRING,
        SP_PAGE_BYTES,
        SP_PAGE_INTEGER,
        SP_PAGE_RECORD
};

struct sp_page_column {
        struct sp_str name;
        enum sp_page_form form; /* of an element, if the column is repeated */
        bool is_repeated;
        enum sp_page_action action;
        struct sp_str fixed; /* JSON text: "\"[redacted]\"", "null", "[]" */
        unsigned keep_first, keep_last; /* of SP_PAGE_PARTIAL, characters */
        struct sp_truncate truncate; /* of SP_PAGE_TRUNCATE */
        const struct sp_page_column *fields; /* of a record */
        size_t n_fields;
        /* set by sp_page_plan_seal */
        uint32_t plain; /* so many columns from here on are kept scalars */
        uint8_t way;
        bool has_comma; /* the comma before this column stays: one before it was kept */
        char short_fixed
                [32]; /* `fixed`, if it fits: copied at once, whatever its length */
};

struct sp_page_plan {
        const struct sp_page_column *columns;
        size_t n_columns;
        struct sp_str salt; /* of hashes and tokens */
        struct sp_str
                fields; /* for selectedFields: the columns, in the order of the plan */
        struct sp_masked_column *masked; /* each once, for the record */
        size_t n_masked;
};

/* What a plan is made from. */
struct sp_page_source {
        const struct sp_schema *schema;
        const struct sp_policy *policy;
        const struct sp_principal *who;
        uint64_t now_us; /* wall clock */
        struct sp_str selected; /* selectedFields: "a,b.c"; empty: every column */
        struct sp_str salt; /* value of the SQL parameter of hash masks */
        bool is_int64_timestamp; /* formatOptions.useInt64Timestamp */
};
sp_must_check int sp_page_plan_make(struct sp_arena *a,
                                    const struct sp_page_source *from,
                                    struct sp_page_plan *ret, struct sp_err *reterr);
/* Fills in what mask/page goes by, for columns made by hand. -EINVAL: a record without fields, a
 * mask that its column cannot have, nested too deeply. */
sp_must_check int sp_page_plan_seal(struct sp_page_column *columns, size_t n);
