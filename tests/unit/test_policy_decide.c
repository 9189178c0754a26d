/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/explain.h"
#include "daemon/policy/policy.h"
#include "tests/test.h"

static const char rules[] =
        "version: 1\n"
        "rules:\n"
        "- {name: read, workloads: [\"ci-*\"], actions: [select], resources: [p.a, "
        "p.b], "
        "verdict: allow}\n"
        "- {name: read-crm, actions: [select], resources: [p.crm], when: {person: "
        "required}, "
        "verdict: allow}\n"
        "- {name: no-pay, actions: [\"*\"], resources: [p.b.pay], verdict: deny, "
        "reason: pay is private}\n"
        "- {name: change, actions: [update, delete], resources: [p.a], verdict: "
        "allow}\n"
        "- {name: ask-wide, actions: [update, delete], resources: [p.a], when: {where: "
        "[absent, always-true]}, verdict: approve, reason: ask first}\n"
        "- {name: no-wild-delete, actions: [delete], resources: [p.a.orders], when: "
        "{where: "
        "[always-true]}, verdict: deny}\n"
        "- {name: ask-dear, actions: [select], resources: [p.a], when: "
        "{estimated_bytes: "
        "\">10GB\"}, verdict: approve}\n"
        "- {name: cheap, actions: [select], resources: [p.c], when: {estimated_bytes: "
        "\"<=1KB\"}, verdict: allow}\n"
        "- {name: by-group, groups: [admins], actions: [drop], resources: [p], "
        "verdict: "
        "approve}\n"
        "- {name: by-person, persons: [\"https://i#ann@example.com\", "
        "\"https://i#u-*\"], "
        "actions: [create], resources: [p.a], verdict: allow}\n"
        "- {name: see, actions: [\"bigquery.tables.*\", bigquery.datasets.get], "
        "resources: "
        "[p.a, p.crm.orders], verdict: allow}\n"
        "- {name: see-all, actions: [bigquery.datasets.get, bigquery.models.delete], "
        "resources: [\"p.e.*\", \"q.*\"], verdict: allow}\n"
        "- {name: office, actions: [insert], resources: [p.a], when: {time: {days: "
        "[mon-fri], from: \"09:00\", to: \"18:00\", zone: \"+02:00\"}}, verdict: "
        "allow}\n"
        "- {name: night, actions: [merge], resources: [p.a], when: {time: {days: "
        "[fri], "
        "from: \"22:00\", to: \"04:00\", zone: UTC}}, verdict: allow}\n"
        "- {name: ask-narrow, actions: [truncate], resources: [\"p.a.events_2026*\"], "
        "verdict: approve}\n"
        "- {name: select-narrow, actions: [export], resources: [\"p.a.ev*\"], verdict: "
        "allow}\n";

#define HOUR (3600 * SP_USEC_PER_SEC)
#define MONDAY (UINT64_C(4) * 24 * HOUR) /* 1970-01-05, 00:00 UTC */
#define ABSENT SP_SQL_WHERE_ABSENT
#define TRUE_ SP_SQL_WHERE_ALWAYS_TRUE
#define UNPROVEN SP_SQL_WHERE_UNPROVEN
#define SELECTIVE SP_SQL_WHERE_SELECTIVE

static const struct {
        const char *sentence, *workload, *who, *group, *action, *resource;
        enum sp_sql_where where;
        int64_t bytes; /* -1: no estimate */
        uint64_t now_us;
        enum sp_verdict verdict;
        const char *rule; /* or the id of the error */
} table[] = {
        { "a rule allows", "ci-1", "", "", "select", "p.a.t", 0, 5, 0, SP_VERDICT_ALLOW,
          "read" },
        { "another workload is not allowed", "dev", "", "", "select", "p.b.t", 0, 5, 0,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "another action is not allowed", "ci-1", "", "", "alter", "p.a.t", 0, 5, 0,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "an action nobody knows is denied", "ci-1", "", "", "optimize", "p.a.t", 0, 5,
          0, SP_VERDICT_DENY, "policy.no-rule" },
        { "the unknown action is denied", "ci-1", "", "", "unknown", "p.b.pay", 0, 5, 0,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "deny wins over allow", "ci-1", "", "", "select", "p.b.pay", 0, 5, 0,
          SP_VERDICT_DENY, "no-pay" },
        { "deny does not mind letter case", "ci-1", "", "", "select", "p.b.PAY", 0, 5,
          0, SP_VERDICT_DENY, "no-pay" },
        { "deny of a table denies the drop of its dataset", "ci-1", "", "", "drop",
          "p.b", 0, -1, 0, SP_VERDICT_DENY, "no-pay" },
        { "but not reading about the dataset", "ci-1", "", "", "bigquery.datasets.get",
          "p.b", 0, -1, 0, SP_VERDICT_DENY, "policy.no-rule" },
        { "deny of a table denies a wildcard over it", "ci-1", "", "", "select",
          "p.b.p*", 0, 5, 0, SP_VERDICT_DENY, "no-pay" },
        { "a person is required", "ci-1", "", "", "select", "p.crm.t", 0, 5, 0,
          SP_VERDICT_DENY, "policy.person-required" },
        { "a person is there", "ci-1", "x", "", "select", "p.crm.t", 0, 5, 0,
          SP_VERDICT_ALLOW, "read-crm" },
        { "a selective WHERE is allowed", "ci-1", "", "", "update", "p.a.t", SELECTIVE,
          5, 0, SP_VERDICT_ALLOW, "change" },
        { "approve wins over allow", "ci-1", "", "", "update", "p.a.t", ABSENT, 5, 0,
          SP_VERDICT_APPROVE, "ask-wide" },
        { "an unproven WHERE counts as the worst", "ci-1", "", "", "update", "p.a.t",
          UNPROVEN, 5, 0, SP_VERDICT_APPROVE, "ask-wide" },
        { "no word about the WHERE counts as the worst too", "ci-1", "", "", "update",
          "p.a.t", 0, 5, 0, SP_VERDICT_APPROVE, "ask-wide" },
        { "deny wins over approve", "ci-1", "", "", "delete", "p.a.orders", TRUE_, 5, 0,
          SP_VERDICT_DENY, "no-wild-delete" },
        { "an unproven WHERE meets a deny condition", "ci-1", "", "", "delete",
          "p.a.orders", UNPROVEN, 5, 0, SP_VERDICT_DENY, "no-wild-delete" },
        { "an absent WHERE is not an always-true one", "ci-1", "", "", "delete",
          "p.a.orders", ABSENT, 5, 0, SP_VERDICT_APPROVE, "ask-wide" },
        { "an estimate at the limit passes", "ci-1", "", "", "select", "p.a.t", 0,
          10000000000, 0, SP_VERDICT_ALLOW, "read" },
        { "an estimate over the limit is held", "ci-1", "", "", "select", "p.a.t", 0,
          10000000001, 0, SP_VERDICT_APPROVE, "ask-dear" },
        { "no estimate is held", "ci-1", "", "", "select", "p.a.t", 0, -1, 0,
          SP_VERDICT_APPROVE, "ask-dear" },
        { "an allow needs its estimate", "ci-1", "", "", "select", "p.c.t", 0, -1, 0,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "an allow with a small estimate", "ci-1", "", "", "select", "p.c.t", 0, 1000,
          0, SP_VERDICT_ALLOW, "cheap" },
        { "an allow with too big an estimate", "ci-1", "", "", "select", "p.c.t", 0,
          1001, 0, SP_VERDICT_DENY, "policy.no-rule" },
        { "a group is needed", "ci-1", "x", "devs", "drop", "p.a.t", 0, -1, 0,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "a group is there", "ci-1", "x", "admins", "drop", "p.a.t", 0, -1, 0,
          SP_VERDICT_APPROVE, "by-group" },
        { "a subject matches", "ci-1", "u-7", "", "create", "p.a.t", 0, -1, 0,
          SP_VERDICT_ALLOW, "by-person" },
        { "another subject does not", "ci-1", "v-7", "", "create", "p.a.t", 0, -1, 0,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "an e-mail address matches without regard to case", "ci-1",
          "9:Ann@example.com", "", "create", "p.a.t", 0, -1, 0, SP_VERDICT_ALLOW,
          "by-person" },
        { "nobody is not a person", "ci-1", "", "", "create", "p.a.t", 0, -1, 0,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "a table rule does not show the dataset", "ci-1", "", "",
          "bigquery.datasets.get", "p.crm", 0, -1, 0, SP_VERDICT_DENY,
          "policy.no-rule" },
        { "a dataset rule does", "ci-1", "", "", "bigquery.datasets.get", "p.a", 0, -1,
          0, SP_VERDICT_ALLOW, "see" },
        { "all tables of a dataset show the dataset", "ci-1", "", "",
          "bigquery.datasets.get", "p.e", 0, -1, 0, SP_VERDICT_ALLOW, "see-all" },
        { "but grant no change of it", "ci-1", "", "", "bigquery.models.delete", "p.e",
          0, -1, 0, SP_VERDICT_DENY, "policy.no-rule" },
        { "nor another dataset", "ci-1", "", "", "bigquery.datasets.get", "p.f", 0, -1,
          0, SP_VERDICT_DENY, "policy.no-rule" },
        { "office begins at nine, two hours east", "ci-1", "", "", "insert", "p.a.t", 0,
          -1, MONDAY + 7 * HOUR, SP_VERDICT_ALLOW, "office" },
        { "and not a moment before", "ci-1", "", "", "insert", "p.a.t", 0, -1,
          MONDAY + 7 * HOUR - 1, SP_VERDICT_DENY, "policy.no-rule" },
        { "and ends at six", "ci-1", "", "", "insert", "p.a.t", 0, -1,
          MONDAY + 16 * HOUR, SP_VERDICT_DENY, "policy.no-rule" },
        { "not on Sunday", "ci-1", "", "", "insert", "p.a.t", 0, -1, MONDAY - 14 * HOUR,
          SP_VERDICT_DENY, "policy.no-rule" },
        { "a night that begins on Friday", "ci-1", "", "", "merge", "p.a.t", 0, -1,
          MONDAY + (4 * 24 + 23) * HOUR, SP_VERDICT_ALLOW, "night" },
        { "goes on into Saturday", "ci-1", "", "", "merge", "p.a.t", 0, -1,
          MONDAY + (5 * 24 + 3) * HOUR, SP_VERDICT_ALLOW, "night" },
        { "but does not begin before Friday", "ci-1", "", "", "merge", "p.a.t", 0, -1,
          MONDAY + (4 * 24 + 3) * HOUR, SP_VERDICT_DENY, "policy.no-rule" },
        { "an approve rule grants no more than it names", "ci-1", "", "", "truncate",
          "p.a.events_*", SELECTIVE, -1, 0, SP_VERDICT_DENY, "policy.no-rule" },
        { "an approve rule grants what it names", "ci-1", "", "", "truncate",
          "p.a.events_2026*", SELECTIVE, -1, 0, SP_VERDICT_APPROVE, "ask-narrow" },
        { "an allow rule grants letter for letter", "ci-1", "", "", "export", "p.a.EV",
          0, -1, 0, SP_VERDICT_DENY, "policy.no-rule" },
        { "no metadata views by accident", "ci-1", "", "", "select",
          "p.a.INFORMATION_SCHEMA.TABLES", 0, 5, 0, SP_VERDICT_DENY, "policy.no-rule" },
};

static struct sp_policy *load(const char *text)
{
        struct sp_policy_file f = { SP_STR("r.yaml"), sp_str_c(text) };
        struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;

        if (sp_policy_load(&f, 1, NULL, 0, &p, &err) < 0)
                fail_msg("%s: %s (%s)", err.where, err.what, err.id);
        return p;
}

static void test_table(void **state sp_unused)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load(rules);

        for (size_t i = 0; i < SP_ARRAY_SIZE(table); i++) {
                struct sp_str group = sp_str_c(table[i].group), sub, email;
                bool has_mail = sp_str_cut(sp_str_c(table[i].who), ':', &sub, &email);
                struct sp_principal who = { .workload = sp_str_c(table[i].workload),
                                            .groups = &group,
                                            .n_groups = group.n ? 1 : 0 };
                struct sp_access a = { sp_str_c(table[i].action),
                                       sp_str_c(table[i].resource) };
                struct sp_question q = { .principal = &who,
                                         .accesses = &a,
                                         .n_accesses = 1,
                                         .where = table[i].where,
                                         .has_estimate = table[i].bytes >= 0,
                                         .now_us = table[i].now_us };
                struct sp_decision d;
                struct sp_str file, name;

                if (q.has_estimate)
                        q.estimated_bytes = (uint64_t)table[i].bytes;
                if (sub.n) {
                        who.iss = SP_STR("https://i");
                        who.sub = sub;
                        who.email = has_mail ? email : SP_STR_NULL;
                }
                d = sp_policy_decide(p, &q);
                SP_CHECK(table[i].sentence, d.verdict == table[i].verdict);
                (void)sp_str_cut(d.rule, '#', &file, &name);
                if (!name.n)
                        name = sp_str_c(d.error_id);
                SP_CHECK(table[i].sentence, sp_str_eq(name, sp_str_c(table[i].rule)));
                SP_CHECK(table[i].sentence,
                         (d.error_id == NULL) == (d.verdict != SP_VERDICT_DENY));
                /* the explanation and the decision agree */
                for (size_t r = 0; r < sp_policy_n_rules(p); r++) {
                        struct sp_rule_view v = sp_policy_explain(p, r, &q, 0);

                        if (v.is_match && v.verdict < d.verdict)
                                fail_msg("%s: %.*s matches", table[i].sentence,
                                         SP_FMT(v.name));
                        if (sp_str_eq(v.name, d.rule))
                                SP_CHECK(table[i].sentence, v.is_match);
                }
        }
}

static void test_several_accesses(void **state sp_unused)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load(rules);
        struct sp_principal who = { .workload = SP_STR("ci-1") };
        struct sp_access a[] = {
                { SP_STR("select"), SP_STR("p.a.t") },
                { SP_STR("update"), SP_STR("p.a.t") },
                { SP_STR("alter"), SP_STR("p.a.t") },
                { SP_STR("select"), SP_STR("p.b.pay") },
        };
        struct sp_question q = { .principal = &who,
                                 .accesses = a,
                                 .n_accesses = 1,
                                 .where = ABSENT,
                                 .has_estimate = true };
        struct sp_decision d = sp_policy_decide(p, &q);

        assert_int_equal(d.verdict, SP_VERDICT_ALLOW);
        q.n_accesses = 2;
        d = sp_policy_decide(p, &q);
        assert_int_equal(d.verdict, SP_VERDICT_APPROVE);
        assert_int_equal(d.access, 1);
        assert_true(sp_str_eq(d.reason, SP_STR("ask first")));
        q.n_accesses = 3;
        d = sp_policy_decide(p, &q);
        assert_int_equal(d.verdict, SP_VERDICT_DENY);
        assert_int_equal(d.access, 2);
        assert_string_equal(d.error_id, "policy.no-rule");
        q.n_accesses = 4; /* a rule that denies says more than no rule */
        d = sp_policy_decide(p, &q);
        assert_int_equal(d.access, 3);
        assert_string_equal(d.error_id, "policy.denied");
        assert_true(sp_str_eq(d.reason, SP_STR("pay is private")));
        q.n_accesses = 0;
        d = sp_policy_decide(p, &q);
        assert_int_equal(d.verdict, SP_VERDICT_DENY);
        assert_string_equal(d.error_id, "policy.no-rule");
}

static void test_may_see(void **state sp_unused)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load(rules);
        struct sp_principal ci = { .workload = SP_STR("ci-1") };
        struct sp_principal dev = { .workload = SP_STR("dev") };
        struct sp_str select = SP_STR("select");

        assert_true(sp_policy_may_see(p, &ci, select, SP_STR("p"), 0));
        assert_true(sp_policy_may_see(p, &ci, select, SP_STR("p.b"), 0));
        assert_false(sp_policy_may_see(p, &ci, select, SP_STR("p.b.pay"), 0));
        assert_false(sp_policy_may_see(p, &ci, select, SP_STR("p.crm"), 0));
        assert_false(sp_policy_may_see(p, &ci, select, SP_STR("q"), 0));
        assert_false(sp_policy_may_see(p, &dev, select, SP_STR("p.b"), 0));
        assert_true(sp_policy_may_see(p, &dev, SP_STR("bigquery.tables.get"),
                                      SP_STR("p.crm"), 0));
        assert_false(sp_policy_may_see(p, &dev, SP_STR("bigquery.tables.get"),
                                       SP_STR("p.crm.customers"), 0));
        dev.iss = dev.sub = SP_STR("x");
        assert_true(sp_policy_may_see(p, &dev, select, SP_STR("p.crm"), 0));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_several_accesses),
                cmocka_unit_test(test_may_see),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
