/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/explain.h"

#include "daemon/policy/rules.h"

size_t sp_policy_n_rules(const struct sp_policy *p)
{
        return p->n_rules;
}

size_t sp_policy_n_masks(const struct sp_policy *p)
{
        return p->n_masks;
}

struct sp_rule_view sp_policy_explain(const struct sp_policy *p, size_t rule,
                                      const struct sp_question *q, size_t access)
{
        static const char *const why[SP_MISS_MAX_] = {
                [SP_MISS_NOTHING] = "matches",
                [SP_MISS_ACTION] = "not its action",
                [SP_MISS_RESOURCE] = "not its resource",
                [SP_MISS_WORKLOAD] = "not its workload",
                [SP_MISS_PERSON] = "not one of its persons",
                [SP_MISS_GROUP] = "in none of its groups",
                [SP_MISS_TIME] = "outside its time window",
                [SP_MISS_WHERE] = "its WHERE condition is not met",
                [SP_MISS_BYTES] = "its estimated_bytes condition is not met",
                [SP_MISS_NO_PERSON] = "needs a person, and there is none",
        };
        const struct sp_rule *r = &p->rules[rule];
        enum sp_miss miss = sp_rule_match(r, q, &q->accesses[access]);

        return (struct sp_rule_view){ r->name, r->verdict, miss == SP_MISS_NOTHING,
                                      why[miss] };
}

bool sp_policy_knows_action(struct sp_str name)
{
        return sp_action_number(name) >= 0;
}
