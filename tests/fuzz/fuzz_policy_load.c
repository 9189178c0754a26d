/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy text: any bytes load or fail with an id and a place; what loads answers
 * questions without breaking its own promises.
 */
#include <stdlib.h>

#include "daemon/policy/explain.h"
#include "daemon/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct sp_policy *p, const struct sp_access *access,
                const struct sp_principal *who)
{
        struct sp_question q = { .principal = who,
                                 .accesses = access,
                                 .n_accesses = 1 };
        struct sp_decision d = sp_policy_decide(p, &q);
        bool has_grant = false;

        if ((d.verdict == SP_VERDICT_DENY) != (d.error_id != NULL))
                abort();
        for (size_t i = 0; i < sp_policy_n_rules(p); i++) {
                struct sp_rule_view v = sp_policy_explain(p, i, &q, 0);

                /* nothing that matches is stronger than what was decided */
                if (v.is_match && v.verdict < d.verdict)
                        abort();
                has_grant |= v.is_match && v.verdict != SP_VERDICT_DENY;
        }
        if (d.verdict != SP_VERDICT_DENY && !has_grant)
                abort();
        (void)sp_policy_may_see(p, who, access->action, access->resource, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct sp_access accesses[] = {
                { SP_STR("select"), SP_STR("p.d.t") },
                { SP_STR("drop"), SP_STR("p.d") },
                { SP_STR("delete"), SP_STR("acme-prod.crm.events_*") },
                { SP_STR("bigquery.datasets.get"), SP_STR("p.d") },
                { SP_STR("select"), SP_STR("p.region-us.INFORMATION_SCHEMA.JOBS") },
                { SP_STR("nothing"), SP_STR("") },
        };
        static const struct sp_str groups[] = { SP_STR("g"), SP_STR("admins") };
        const struct sp_principal who = { .workload = SP_STR("ci-agents"),
                                          .iss = SP_STR("https://i"),
                                          .sub = SP_STR("ann"),
                                          .email = SP_STR("ann@example.com"),
                                          .groups = groups,
                                          .n_groups = 2 };
        struct sp_policy_file f = { SP_STR("fuzz.yaml"),
                                    sp_str((const char *)data, size) };
        struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;
        struct sp_mask m;

        if (sp_policy_load(&f, 1, NULL, 0, &p, &err) < 0) {
                if (!err.id)
                        abort();
                return 0;
        }
        for (size_t i = 0; i < SP_ARRAY_SIZE(accesses); i++)
                ask(p, &accesses[i], &who);
        m = sp_policy_mask(p, &who, SP_STR("p.d.t"), SP_STR("a.b"), 0);
        if (m.kind != SP_MASK_NONE &&
            !sp_policy_masks_table(p, &who, SP_STR("p.d.t"), 0))
                abort();
        (void)sp_policy_unref(p);
        return 0;
}
