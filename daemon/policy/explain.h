/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/explain — what each rule of a policy says about one question, and why.
 *
 * Job:       for people: the same match as sp_policy_decide, rule by rule.
 * Out:       views by value; their strings live as long as the policy.
 */
#pragma once

#include "daemon/policy/policy.h"

struct sp_rule_view {
        struct sp_str name;
        enum sp_verdict verdict;
        bool is_match;
        const char *why; /* "matches", "not its resource", … : static */
};
size_t sp_policy_n_rules(const struct sp_policy *p);
size_t sp_policy_n_masks(const struct sp_policy *p);
/* Rule `rule` (below sp_policy_n_rules) for access `access` of the question. */
struct sp_rule_view sp_policy_explain(const struct sp_policy *p, size_t rule,
                                      const struct sp_question *q, size_t access);
/* Whether an action of that name exists. */
bool sp_policy_knows_action(struct sp_str name);
