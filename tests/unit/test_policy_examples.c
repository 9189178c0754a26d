/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that are shipped load, and say what their comments say. */
#include <stdlib.h>

#include "daemon/policy/policy.h"
#include "tests/test.h"

static struct sp_policy *load(const char *name)
{
        char path[128], *text = NULL;
        size_t size = 0;
        struct sp_policy_file f = { .name = sp_str_c(name) };
        struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;
        FILE *file;
        ssize_t n;

        (void)snprintf(path, sizeof(path), "policies/%s", name);
        file = fopen(path, "r");
        if (!file)
                fail_msg("%s: cannot be opened; run from the root of the tree", path);
        n = getdelim(&text, &size, '\0', file);
        (void)fclose(file);
        f.text = sp_str(text, n > 0 ? (size_t)n : 0);
        if (sp_policy_load(&f, 1, NULL, 0, &p, &err) < 0)
                fail_msg("%s: %s (%s)", err.where, err.what, err.id);
        free(text);
        return p;
}

static const struct {
        const char *sentence, *file, *sub, *group, *action, *resource;
        enum sp_sql_where where;
        uint64_t bytes;
        enum sp_verdict verdict;
        const char *rule;
} table[] = {
        { "analytics can be read", "read-only.yaml", "", "", "select",
          "acme-prod.analytics.events", 0, 1, SP_VERDICT_ALLOW, "read-analytics" },
        { "but not who asked what", "read-only.yaml", "", "", "select",
          "acme-prod.region-us.INFORMATION_SCHEMA.JOBS", 0, 1, SP_VERDICT_DENY, "" },
        { "nothing can be written", "read-only.yaml", "", "", "insert",
          "acme-prod.analytics.events", 0, 1, SP_VERDICT_DENY, "" },
        { "the payroll is closed", "read-only.yaml", "", "", "select",
          "acme-prod.hr.pay", 0, 1, SP_VERDICT_DENY, "no-payroll" },
        { "schemas can be read", "read-only.yaml", "", "", "bigquery.tables.get",
          "acme-prod.analytics.events", 0, 1, SP_VERDICT_ALLOW, "look-around" },
        { "customers can be read", "masked-crm.yaml", "", "", "select",
          "acme-prod.crm.customers", 0, 1, SP_VERDICT_ALLOW, "read" },
        { "a large read is held", "masked-crm.yaml", "", "", "select",
          "acme-prod.crm.customers", 0, 5000000001, SP_VERDICT_APPROVE,
          "ask-before-large-reads" },
        { "a change is held", "masked-crm.yaml", "", "", "update",
          "acme-prod.crm.orders", SP_SQL_WHERE_SELECTIVE, 1, SP_VERDICT_APPROVE,
          "ask-before-changes" },
        { "a change of everything is denied", "masked-crm.yaml", "", "", "update",
          "acme-prod.crm.orders", SP_SQL_WHERE_ALWAYS_TRUE, 1, SP_VERDICT_DENY,
          "no-change-without-where" },
        { "a drop is denied", "masked-crm.yaml", "", "", "drop", "acme-prod.crm.orders",
          0, 1, SP_VERDICT_DENY, "no-structure-changes" },
        { "so is the drop of a dataset", "masked-crm.yaml", "", "", "drop",
          "acme-prod.crm", 0, 1, SP_VERDICT_DENY, "no-structure-changes" },
        { "an analyst reads", "people-and-hours.yaml", "x", "ai-coding-agents",
          "select", "acme-prod.sales.orders", 0, 1, SP_VERDICT_ALLOW, "analysts-read" },
        { "an owner changes some rows", "people-and-hours.yaml", "svc-loader-1", "",
          "update", "acme-prod.sales.staging_1", SP_SQL_WHERE_SELECTIVE, 1,
          SP_VERDICT_ALLOW, "owners-change" },
        { "but not all", "people-and-hours.yaml", "svc-loader-1", "", "update",
          "acme-prod.sales.staging_1", SP_SQL_WHERE_UNPROVEN, 1, SP_VERDICT_DENY, "" },
        { "within the budget analytics can be read", "budgets.yaml", "", "", "select",
          "acme-prod.analytics.events", 0, 1, SP_VERDICT_ALLOW, "read" },
        { "scratch tables are written with consent", "budgets.yaml", "", "", "insert",
          "acme-prod.scratch.t", 0, 1, SP_VERDICT_APPROVE, "write-scratch" },
        { "heavy work waits for the night", "people-and-hours.yaml", "x",
          "data-analysts", "select", "acme-prod.sales.orders", 0,
          UINT64_C(1000000000000), SP_VERDICT_DENY, "heavy-reads-at-night" },
};

static void test_examples(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(table); i++) {
                sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load(table[i].file);
                struct sp_str group = sp_str_c(table[i].group), file, name;
                struct sp_principal who = { .workload = SP_STR("ci-agents"),
                                            .sub = sp_str_c(table[i].sub),
                                            .groups = &group,
                                            .n_groups = group.n ? 1 : 0 };
                struct sp_access a = { sp_str_c(table[i].action),
                                       sp_str_c(table[i].resource) };
                /* 1970-01-05, a Monday, at noon UTC */
                struct sp_question q = { .principal = &who,
                                         .accesses = &a,
                                         .n_accesses = 1,
                                         .where = table[i].where,
                                         .has_estimate = true,
                                         .estimated_bytes = table[i].bytes,
                                         .now_us = UINT64_C(108) * 3600 *
                                                   SP_USEC_PER_SEC };
                struct sp_decision d;

                if (who.sub.n)
                        who.iss = SP_STR("https://login.example.com");
                d = sp_policy_decide(p, &q);
                (void)sp_str_cut(d.rule, '#', &file, &name);
                SP_CHECK(table[i].sentence, d.verdict == table[i].verdict);
                SP_CHECK(table[i].sentence, sp_str_eq(name, sp_str_c(table[i].rule)));
        }
}

static const struct {
        const char *sentence, *file, *column, *group;
        enum sp_mask_kind kind;
} masks[] = {
        { "identity numbers keep their end", "masked-crm.yaml", "ssn", "",
          SP_MASK_PARTIAL },
        { "addresses are hashed", "masked-crm.yaml", "email", "", SP_MASK_HASH },
        { "whatever the letter case", "masked-crm.yaml", "EMail", "", SP_MASK_HASH },
        { "phones are hidden", "masked-crm.yaml", "phone", "", SP_MASK_REDACT },
        { "but not from support leads", "masked-crm.yaml", "phone", "support-leads",
          SP_MASK_NONE },
        { "names are free", "masked-crm.yaml", "name", "", SP_MASK_NONE },
        { "salaries are gone", "people-and-hours.yaml", "salary", "", SP_MASK_NULL },
};

static void test_masks(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(masks); i++) {
                sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load(masks[i].file);
                struct sp_str group = sp_str_c(masks[i].group);
                struct sp_principal who = { .workload = SP_STR("ci-agents"),
                                            .groups = &group,
                                            .n_groups = group.n ? 1 : 0 };
                struct sp_mask m =
                        sp_policy_mask(p, &who, SP_STR("acme-prod.crm.customers"),
                                       sp_str_c(masks[i].column), 0);

                SP_CHECK(masks[i].sentence, m.kind == masks[i].kind);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_examples),
                cmocka_unit_test(test_masks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
