/* SPDX-License-Identifier: Apache-2.0 */
/* Rows without SQL: a plan of their columns takes the place of a rewritten text. */
#include <errno.h>

#include "daemon/worker/examine.h"

/* Rows without SQL that no mask changes: their columns are asked for to be counted by, and what
 * cannot be told about them changes nothing. */
bool sp_examine_is_only_sampled(const struct sp_flow *f)
{
        return f->is_preview &&
               !sp_policy_has_masks(f->policy, &f->id.who, sp_clock_wall_us());
}

/* As BigQuery orders all columns; those of selectedFields may come in another order. */
static enum sp_next sample_page(struct sp_flow *f, const struct sp_page_source *from)
{
        struct sp_page_plan plan;
        struct sp_err e;
        int r = -ENODATA;

        if (from->schema->n_columns && !from->selected.n)
                r = sp_page_plan_make(f->arena, from, &plan, &e);
        if (r == 0)
                r = sp_mask_read_page(f->arena, from, &plan, &f->judgement.reading);
        if (r < 0) /* not counted */
                f->judgement.reading.outputs = SP_STR_NULL;
        return SP_NEXT;
}

/* There is no SQL to rewrite: the masks are for forward to apply, cell by cell. */
enum sp_next sp_examine_page(struct sp_flow *f)
{
        const struct sp_header *selected = sp_examine_parameter(f, "selectedFields");
        const struct sp_header *int64 =
                sp_examine_parameter(f, "formatOptions.useInt64Timestamp");
        struct sp_page_source from = {
                .schema = f->schemas,
                .policy = f->policy,
                .who = &f->id.who,
                .now_us = sp_clock_wall_us(),
                .selected = selected ? selected->value : SP_STR_NULL,
                .salt = f->id.salt,
                .is_int64_timestamp = int64 && sp_str_eq(int64->value, SP_STR("true")),
        };
        int r;

        if (!f->n_schemas)
                return SP_NEXT; /* no mask is in force for this principal */
        if (sp_examine_is_only_sampled(f))
                return sample_page(f, &from);
        r = sp_page_plan_make(f->arena, &from, &f->page, &f->error);
        if (r == 0 && selected)
                r = sp_examine_replace_parameter(f, selected, f->page.fields);
        if (r == 0)
                r = sp_mask_read_page(f->arena, &from, &f->page, &f->judgement.reading);
        if (r == -ENOMEM)
                (void)sp_err_set(&f->error, r, "judge.too-large", "", "out of memory");
        if (r < 0)
                return sp_examine_refuse(f, r);
        f->has_page = true;
        f->judgement.plan.columns = f->page.masked;
        f->judgement.plan.n_columns = f->page.n_masked;
        f->w->metrics.masked_columns += f->page.n_masked;
        return SP_NEXT;
}
