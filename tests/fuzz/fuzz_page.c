/* SPDX-License-Identifier: Apache-2.0 */
/* Rows under a plan that the input itself begins with: any split and any way of scanning gives the
 * same output or the same refusal; what comes out is JSON that the strict reader takes for rows of
 * the same number; no byte of a value that is redacted comes out. */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/json.h"
#include "daemon/mask/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS 4
/* no other value of a generated page has it, and no mask makes it */
#define CANARY "CANARY"

struct plan {
        struct sp_page_column columns[COLUMNS], fields[COLUMNS];
        struct sp_page_plan plan;
};

static struct sp_page_column one(uint8_t bits)
{
        static const struct sp_str fixed[] = { SP_STR("null"),
                                               SP_STR("\"[redacted]\"") };
        struct sp_page_column c = { .form = (enum sp_page_form)(bits % 4),
                                    .is_repeated = bits & 0x80,
                                    .action = (enum sp_page_action)(bits / 4 % 7),
                                    .keep_first = bits >> 6 & 1,
                                    .keep_last = 1,
                                    .truncate = { (enum sp_truncate_form)(bits % 9),
                                                  SP_UNIT_HOUR, 10, bits & 0x40 } };

        c.fixed = c.is_repeated ? SP_STR("[]") : fixed[bits >> 5 & 1];
        return c;
}

/* COLUMNS + 1 bytes of the input; false: a plan that is refused. */
static bool make(const uint8_t *data, struct plan *p)
{
        *p = (struct plan){ .plan = { .columns = p->columns,
                                      .n_columns = 1 + data[0] % COLUMNS,
                                      .salt = SP_STR("salt") } };
        for (size_t i = 0; i < COLUMNS; i++) {
                p->columns[i] = one(data[1 + i]);
                p->fields[i] = one((uint8_t)(data[1 + i] * 7 + 3));
        }
        if (data[0] & 0x80) { /* the last one is a record, perhaps in a list */
                struct sp_page_column *c = &p->columns[p->plan.n_columns - 1];

                c->form = SP_PAGE_RECORD;
                c->fields = p->fields;
                c->n_fields = 1 + (data[0] >> 4 & 3);
        }
        return sp_page_plan_seal(p->columns, p->plan.n_columns) == 0;
}

static int run(const struct sp_page_plan *plan, sp_scan_fn scan, struct sp_str in,
               size_t piece, struct sp_buf *out, uint64_t *ret_rows)
{
        struct sp_page g;
        size_t i = 0;
        int r = 0;

        sp_page_init(&g, plan);
        if (scan)
                g.scan = scan;
        while (r == 0 && i < in.n && !g.is_done) {
                size_t taken = 0;

                r = sp_page_push(&g, sp_str_sub(in, i, piece), out, &taken, NULL);
                i += taken;
        }
        *ret_rows = g.rows;
        if (r == 0 && (!g.is_done || i != in.n))
                r = 1;
        sp_page_done(&g);
        return r;
}

static void check_output(struct sp_str out, uint64_t rows)
{
        struct sp_arena a = SP_ARENA_INIT(256 << 20);
        struct sp_json *tree;

        /* what passes need not be UTF-8, nor its escapes good: strings are the client's to read */
        if (sp_json_parse(&a, out, &tree, NULL) == 0 &&
            (tree->type != SP_JSON_ARRAY || tree->count != rows))
                abort();
        sp_arena_done(&a);
}

static bool hides_all(const struct plan *p)
{
        for (size_t i = 0; i < p->plan.n_columns; i++)
                if (p->columns[i].action != SP_PAGE_FIXED &&
                    p->columns[i].action != SP_PAGE_STRIP)
                        return false;
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        sp_autobuf whole = SP_BUF_INIT(1 << 24);
        struct plan p;
        struct sp_str in;
        uint64_t rows, other_rows;
        int r;

        if (size < 1 + COLUMNS || !make(data, &p))
                return 0;
        in = sp_str((const char *)data + 1 + COLUMNS, size - 1 - COLUMNS);
        r = run(&p.plan, NULL, in, SIZE_MAX / 2, &whole, &rows);
        for (unsigned k = 0; k < SP_SCAN_KINDS_ + 2; k++) {
                sp_autobuf other = SP_BUF_INIT(1 << 24);
                sp_scan_fn scan = sp_scan_of((enum sp_scan_kind)k);
                size_t piece =
                        k == SP_SCAN_KINDS_ ? 1 : 1 + (size_t)data[k % 5] * (k + 1);

                if (run(&p.plan, scan, in, piece, &other, &other_rows) != r)
                        abort();
                if (r >= 0 && (rows != other_rows ||
                               !sp_str_eq(sp_buf_str(&whole), sp_buf_str(&other))))
                        abort();
        }
        if (r != 0)
                return 0;
        check_output(sp_buf_str(&whole), rows);
        if (hides_all(&p) && whole.n &&
            memmem(whole.p, whole.n, CANARY, strlen(CANARY)))
                abort();
        return 0;
}
