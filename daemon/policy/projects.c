/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/rules.h"

static bool is_literal(struct sp_str s)
{
        return s.n && !memchr(s.p, '*', s.n) && !memchr(s.p, '?', s.n);
}

static bool is_listed(const struct sp_str *list, size_t n, struct sp_str name)
{
        for (size_t i = 0; i < n; i++)
                if (sp_str_eq(list[i], name))
                        return true;
        return false;
}

size_t sp_policy_projects(const struct sp_policy *p, struct sp_str *ret, size_t max)
{
        size_t n = 0;

        for (size_t i = 0; i < p->n_rules; i++) {
                const struct sp_rule *rule = &p->rules[i];

                if (rule->verdict == SP_VERDICT_DENY)
                        continue;
                for (size_t k = 0; k < rule->n_resources && n < max; k++) {
                        struct sp_str project = rule->resources[k].r.part[0];

                        if (is_literal(project) &&
                            !sp_resource_is_bucket(&rule->resources[k].r) &&
                            !is_listed(ret, n, project))
                                ret[n++] = project;
                }
        }
        return n;
}
