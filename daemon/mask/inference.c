/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/inference.h"

#include <errno.h>

/* Masks that keep which values are equal. */
static bool keeps_equality(const struct sp_mask *m)
{
        return m->kind == SP_MASK_HASH || m->kind == SP_MASK_TOKENIZE;
}

int sp_mask_check_inference(const struct sp_policy *p, const struct sp_mask_plan *plan,
                            const struct sp_mask_reading *reading,
                            struct sp_err *reterr)
{
        bool is_read = reading->is_done && !reading->unresolved.n &&
                       !reading->sent_unresolved.n;

        if (!sp_policy_denies_inference(p))
                return 0;
        for (size_t i = 0; i < plan->n_columns && !is_read; i++)
                if (keeps_equality(&plan->columns[i].mask))
                        return sp_err_set(
                                reterr, -EPERM, "mask.inference", "",
                                "%.*s may decide no rows (inference: deny), and "
                                "what this text does with it is not known",
                                (int)SP_MIN(plan->columns[i].column.n, 120),
                                plan->columns[i].column.p);
        for (size_t i = 0; i < reading->n_decides; i++)
                if (keeps_equality(&reading->decides[i].mask))
                        return sp_err_set(
                                reterr, -EPERM, "mask.inference", "",
                                "%.*s may decide no rows (inference: deny): leave "
                                "it out of WHERE, JOIN, GROUP BY and ORDER BY",
                                (int)SP_MIN(reading->decides[i].column.n, 120),
                                reading->decides[i].column.p);
        return 0;
}
