/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/groups.h"

#include "daemon/policy/rules.h"

static bool applies(const struct sp_group_rule *g, const struct sp_principal *who)
{
        return !g->has_except || !sp_subjects_match(&g->except, who);
}

unsigned sp_policy_min_group(const struct sp_policy *p, const struct sp_principal *who,
                             struct sp_str table, struct sp_str *ret_rule)
{
        struct sp_resource r = sp_resource_split(table);
        unsigned rows = 0;

        for (size_t i = 0; i < p->n_groups; i++) {
                const struct sp_group_rule *g = &p->groups[i];

                if (g->rows <= rows || !applies(g, who))
                        continue;
                for (size_t t = 0; t < g->n_tables; t++)
                        if (sp_resource_catches(&g->tables[t], &r, false)) {
                                rows = g->rows;
                                if (ret_rule)
                                        *ret_rule = g->rule;
                                break;
                        }
        }
        return rows;
}

bool sp_policy_has_groups(const struct sp_policy *p, const struct sp_principal *who)
{
        for (size_t i = 0; i < p->n_groups; i++)
                if (applies(&p->groups[i], who))
                        return true;
        return false;
}
