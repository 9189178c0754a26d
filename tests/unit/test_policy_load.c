/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/policy/explain.h"
#include "daemon/policy/policy.h"
#include "tests/test.h"

#define RULE "{name: a, actions: [select], resources: [p.d.t], verdict: allow}"
#define HEAD "version: 1\n"

/* Each text with the error it must give: id, and line:column of the file "p.yaml". */
static const struct {
        const char *sentence, *text, *id, *where;
} errors[] = {
        { "a file with nothing in it", "", "policy.yaml", "1:1" },
        { "a file that is not a mapping", "- a\n", "policy.bad-type", "1:1" },
        { "broken YAML", HEAD "rules: [\n", "policy.yaml", "3:1" },
        { "the version is missing", "rules: [" RULE "]\n", "policy.missing-key",
          "1:1" },
        { "a version from the future", "version: 2\n", "policy.bad-version", "1:10" },
        { "an unknown key at the top", HEAD "rule: []\n", "policy.unknown-key", "2:1" },
        { "an unknown key in a rule",
          HEAD "rules:\n  - name: a\n    action: [select]\n", "policy.unknown-key",
          "4:5" },
        { "an unknown key in when",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {wher: [absent]}}\n",
          "policy.unknown-key", "3:70" },
        { "a dry run that is neither needed nor always", HEAD "dry_run: never\n",
          "policy.bad-value", "2:10" },
        { "a key set twice", HEAD "mode: enforce\nmode: observe\n",
          "policy.duplicate-key", "3:1" },
        { "an anchor", HEAD "rules: &x []\n", "policy.yaml-feature", "2:8" },
        { "an alias", HEAD "mode: *x\n", "policy.yaml-feature", "2:7" },
        { "a tag", HEAD "mode: !!str enforce\n", "policy.yaml-feature", "2:7" },
        { "a merge key", HEAD "<<: {mode: observe}\n", "policy.yaml-feature", "2:1" },
        { "two documents", HEAD "---\n" HEAD, "policy.yaml-feature", "2:1" },
        { "a YAML directive", "%YAML 1.1\n---\n" HEAD, "policy.yaml-feature", "1:1" },
        { "a limit of nothing", HEAD "limits: {per_principal: [{name: a}]}\n",
          "policy.missing-key", "2:26" },
        { "a limit without a time",
          HEAD "limits: {per_principal: [{name: a, queries: 100}]}\n",
          "policy.bad-value", "2:45" },
        { "a limit for a time there is not",
          HEAD "limits: {per_principal: [{name: a, queries: 100/week}]}\n",
          "policy.bad-value", "2:45" },
        { "a limit of none", HEAD "limits: {per_principal: [{name: a, rows: 0/day}]}\n",
          "policy.bad-value", "2:42" },
        { "a limit that overflows",
          HEAD "limits: {per_principal: [{name: a, rows: 99999999999999999M/day}]}\n",
          "policy.bad-value", "2:42" },
        { "bytes written as a number of things",
          HEAD "limits: {maximum_bytes_billed: 1GB, per_principal: [{name: a, "
               "bytes_billed: 5k/day}]}\n",
          "policy.bad-value", "2:77" },
        { "a budget of bytes, and jobs that may cost any number of them",
          HEAD "limits: {per_principal: [{name: a, bytes_billed: 1TB/day}]}\n",
          "policy.missing-key", "2:26" },
        { "a budget of bytes that one job may exceed",
          HEAD "limits: {maximum_bytes_billed: 2TB, per_principal: [{name: a, "
               "bytes_billed: 1TB/day}]}\n",
          "policy.bad-value", "2:53" },
        { "nobody may wait",
          HEAD "limits: {per_principal: [{name: a, approvals: 0}]}\n",
          "policy.bad-value", "2:47" },
        { "a limit with the name of a rule",
          HEAD "rules: [" RULE
               "]\nlimits: {per_principal: [{name: a, queries: 1/h}]}\n",
          "policy.duplicate-name", "3:26" },
        { "a workload of a limit that another covers",
          HEAD "limits: {per_principal: [{name: a, workloads: [ci-x, \"ci-*\"], "
               "queries: 1/h}]}\n",
          "policy.unreachable-pattern", "2:48" },
        { "groups of one row",
          HEAD "min_groups: [{name: a, tables: [p.d.t], rows: 1}]\n",
          "policy.bad-value", "2:47" },
        { "groups of no table", HEAD "min_groups: [{name: a, tables: [], rows: 5}]\n",
          "policy.empty-list", "2:32" },
        { "a table of groups that another covers",
          HEAD "min_groups: [{name: a, tables: [p.d.t, p.d], rows: 5}]\n",
          "policy.unreachable-pattern", "2:33" },
        { "groups but for nobody",
          HEAD "min_groups: [{name: a, tables: [p], rows: 5, except: {}}]\n",
          "policy.missing-key", "2:54" },
        { "nesting without end", HEAD "rules: [[[[[[[[[[[[a]]]]]]]]]]]]\n",
          "policy.too-big", "2:17" },
        { "a NUL in a value", HEAD "mode: \"en\\0force\"\n", "policy.yaml", "2:7" },
        { "Latin-1 bytes", HEAD "mode: \xE9\n", "policy.yaml", "1:1" },
        { "an unknown mode", HEAD "mode: dry-run\n", "policy.bad-value", "2:7" },
        { "an empty list of rules", HEAD "rules: []\n", "policy.empty-list", "2:8" },
        { "an empty list of actions",
          HEAD "rules:\n- {name: a, actions: [], resources: [p], verdict: deny}\n",
          "policy.empty-list", "3:22" },
        { "a rule without verdict",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p]}\n",
          "policy.missing-key", "3:3" },
        { "an unknown verdict",
          HEAD
          "rules:\n- {name: a, actions: [select], resources: [p], verdict: block}\n",
          "policy.bad-value", "3:57" },
        { "an unknown action",
          HEAD
          "rules:\n- {name: a, actions: [selekt], resources: [p], verdict: deny}\n",
          "policy.unknown-action", "3:23" },
        { "a method that does not exist",
          HEAD "rules:\n- {name: a, actions: [bigquery.tables.read], resources: [p], "
               "verdict: deny}\n",
          "policy.unknown-action", "3:23" },
        { "an action covered by another",
          HEAD "rules:\n- {name: a, actions: [bigquery.tables.get, \"bigquery.*\"], "
               "resources: [p], verdict: deny}\n",
          "policy.unreachable-pattern", "3:23" },
        { "the same action twice",
          HEAD "rules:\n- {name: a, actions: [select, select], resources: [p], "
               "verdict: deny}\n",
          "policy.unreachable-pattern", "3:31" },
        { "a resource with an empty part",
          HEAD
          "rules:\n- {name: a, actions: [select], resources: [p..t], verdict: deny}\n",
          "policy.bad-pattern", "3:44" },
        { "a resource with four parts",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p.d.t.c], "
               "verdict: deny}\n",
          "policy.bad-pattern", "3:44" },
        { "brackets in a pattern",
          HEAD "rules:\n- {name: a, actions: [select], resources: [\"p.d.[ab]\"], "
               "verdict: deny}\n",
          "policy.bad-pattern", "3:44" },
        { "two stars in a row",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p.d.**], "
               "verdict: deny}\n",
          "policy.bad-pattern", "3:44" },
        { "a resource covered by another",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p.d.t, p.d], "
               "verdict: deny}\n",
          "policy.unreachable-pattern", "3:44" },
        { "a person without issuer",
          HEAD "rules:\n- {name: a, persons: [ann], actions: [select], resources: [p], "
               "verdict: deny}\n",
          "policy.bad-person", "3:23" },
        { "a person whose issuer is a pattern",
          HEAD "rules:\n- {name: a, persons: [\"https://*#ann\"], actions: [select], "
               "resources: [p], verdict: deny}\n",
          "policy.bad-person", "3:23" },
        { "a person covered by another",
          HEAD "rules:\n- {name: a, persons: [\"i#ann\", \"i#*\"], actions: [select], "
               "resources: [p], verdict: deny}\n",
          "policy.unreachable-pattern", "3:23" },
        { "a bad name", HEAD "rules:\n- {name: Read It, verdict: deny}\n",
          "policy.bad-name", "3:10" },
        { "two rules of one name", HEAD "rules:\n- " RULE "\n- " RULE "\n",
          "policy.duplicate-name", "4:10" },
        { "a rule behind an equal one",
          HEAD
          "rules:\n- {name: a, actions: [select], resources: [p], verdict: allow}\n"
          "- {name: b, actions: [select], resources: [p.d.t], verdict: allow}\n",
          "policy.dead-rule", "4:10" },
        { "an allow below a deny, whatever the order",
          HEAD
          "rules:\n- {name: a, actions: [drop], resources: [p.d.t], verdict: allow}\n"
          "- {name: b, actions: [\"*\"], resources: [\"*\"], verdict: deny}\n",
          "policy.dead-rule", "3:10" },
        { "where on a statement that has none",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {where: [absent]}}\n",
          "policy.condition-without-effect", "3:69" },
        { "estimated bytes of an API method",
          HEAD "rules:\n- {name: a, actions: [bigquery.jobs.get], resources: [p], "
               "verdict: deny, when: {estimated_bytes: \">1GB\"}}\n",
          "policy.condition-without-effect", "3:80" },
        { "person: required on a deny rule",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {person: required}}\n",
          "policy.condition-without-effect", "3:69" },
        { "an empty when",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {}}\n",
          "policy.empty-list", "3:69" },
        { "bytes without comparison",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {estimated_bytes: 10GB}}\n",
          "policy.bad-value", "3:87" },
        { "a time window without zone",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {time: {days: [mon]}}}\n",
          "policy.missing-key", "3:76" },
        { "a time window with half its hours",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {time: {from: \"09:00\", zone: UTC}}}\n",
          "policy.missing-key", "3:76" },
        { "a day twice",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {time: {days: [mon-fri, tue], zone: UTC}}}\n",
          "policy.unreachable-pattern", "3:93" },
        { "a zone by name",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p], verdict: deny, "
               "when: {time: {days: [mon], zone: Europe/Berlin}}}\n",
          "policy.bad-value", "3:96" },
        { "an approval time-out that is too long", HEAD "approvals: {timeout: 40d}\n",
          "policy.bad-value", "2:22" },
        { "a billing limit of nothing", HEAD "limits: {maximum_bytes_billed: 0}\n",
          "policy.bad-value", "2:32" },
        { "a masked column without its table",
          HEAD "masks:\n- {name: m, columns: [crm.customers.ssn], mask: redact}\n",
          "policy.bad-pattern", "3:23" },
        { "a mask of no kind",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: blur}\n",
          "policy.bad-value", "3:39" },
        { "a mask of nothing", HEAD "masks:\n- {name: m, mask: hash}\n",
          "policy.missing-key", "3:3" },
        { "a policy tag of nothing",
          HEAD "masks:\n- {name: m, tags: [\"\"], mask: hash}\n", "policy.bad-value",
          "3:20" },
        { "an end without its zone",
          HEAD
          "masks:\n- {name: m, columns: [p.d.t.c], mask: hash, except: {groups: [g], "
          "until: \"2027-01-31T18:30\"}}\n",
          "policy.bad-value", "3:74" },
        { "a tag that another covers",
          HEAD "masks:\n- {name: m, tags: [\"a/*\", a/b], mask: hash}\n",
          "policy.unreachable-pattern", "3:27" },
        { "an inference that is not offered", HEAD "inference: maybe\n",
          "policy.bad-value", "2:12" },
        { "a detector of nothing", HEAD "detectors:\n- {name: staff}\n",
          "policy.missing-key", "3:3" },
        { "a detector that is on and off",
          HEAD "detectors:\n- {name: staff, names: [a], off: true}\n",
          "policy.missing-key", "3:3" },
        { "detectors that are none", HEAD "detectors: []\n", "policy.empty-list",
          "2:12" },
        { "a truncation without what to",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: {truncate: {}}}\n",
          "policy.missing-key", "3:50" },
        { "a truncation as a name alone",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: truncate}\n",
          "policy.bad-value", "3:39" },
        { "a unit that does not exist",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: {truncate: {to: "
               "week}}}\n",
          "policy.bad-value", "3:55" },
        { "a step of nothing",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: {truncate: {to: 0}}}\n",
          "policy.bad-value", "3:55" },
        { "a step beyond the largest",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: {truncate: {to: "
               "1000000000001}}}\n",
          "policy.bad-value", "3:55" },
        { "two kinds of mask at once",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: {truncate: {to: 5}, "
               "partial: {keep_last: 1}}}\n",
          "policy.bad-value", "3:39" },
        { "a mask that one coarser covers",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: {truncate: {to: 4}}}\n"
               "- {name: n, columns: [p.d.t.c], mask: {truncate: {to: 12}}}\n",
          "policy.dead-mask", "3:3" },
        { "a partial mask that keeps nothing",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: {partial: {}}}\n",
          "policy.missing-key", "3:49" },
        { "an exemption for nobody in particular",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: redact, "
               "except: {until: 2027-01-01}}\n",
          "policy.missing-key", "3:55" },
        { "a date that does not exist",
          HEAD "masks:\n- {name: m, columns: [p.d.t.c], mask: redact, "
               "except: {groups: [g], until: 2027-02-29}}\n",
          "policy.bad-value", "3:76" },
        { "a masked column covered by another",
          HEAD
          "masks:\n- {name: m, columns: [p.d.t.ssn, \"*.*.*.ssn\"], mask: redact}\n",
          "policy.unreachable-pattern", "3:23" },
        { "a mask below a stricter one",
          HEAD "masks:\n- {name: m, columns: [p.d.t.ssn], mask: hash}\n"
               "- {name: n, columns: [\"p.d.*.ssn\"], mask: redact}\n",
          "policy.dead-mask", "3:3" },
};

static int load(const char *text, struct sp_policy **ret, struct sp_err *err)
{
        struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(text) };

        return sp_policy_load(&f, 1, NULL, 0, ret, err);
}

static void test_errors(void **state sp_unused)
{
        unsigned wrong = 0;

        for (size_t i = 0; i < SP_ARRAY_SIZE(errors); i++) {
                sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
                struct sp_err err = SP_ERR_NULL;
                char where[64];

                SP_CHECK(errors[i].sentence, load(errors[i].text, &p, &err) == -EINVAL);
                (void)snprintf(where, sizeof(where), "p.yaml:%s", errors[i].where);
                if (!err.id || strcmp(err.id, errors[i].id) ||
                    strcmp(err.where, where)) {
                        print_error("%s: got %s at %s, not %s at %s: %s\n",
                                    errors[i].sentence, err.id, err.where, errors[i].id,
                                    where, err.what);
                        wrong++;
                }
        }
        assert_int_equal(wrong, 0);
}

/* Rules that look dead and are not. */
static const struct {
        const char *sentence, *text;
} fine[] = {
        { "a policy without rules denies everything", HEAD },
        { "an allow beside a deny with a condition", HEAD
          "rules:\n- {name: a, actions: [drop], resources: [p.d.t], verdict: allow}\n"
          "- {name: b, actions: [drop], resources: [p], verdict: deny, when: {time: "
          "{days: [sat, sun], zone: UTC}}}\n" },
        { "an allow wider than the deny", HEAD
          "rules:\n- {name: a, actions: [select], resources: [p], verdict: allow}\n"
          "- {name: b, actions: [select], resources: [p.d], verdict: deny}\n" },
        { "a rule for all beside the same for one workload", HEAD
          "rules:\n- {name: a, workloads: [ci], actions: [select], resources: [p], "
          "verdict: deny}\n"
          "- {name: b, actions: [select], resources: [p], verdict: allow}\n" },
        { "a narrow rule before a wide one of the same verdict",
          HEAD "rules:\n- " RULE "\n"
               "- {name: b, actions: [select], resources: [p], verdict: allow}\n" },
        { "metadata views beside everything",
          HEAD "rules:\n- {name: a, actions: [select], resources: [p, "
               "p.d.INFORMATION_SCHEMA.COLUMNS], verdict: allow}\n" },
        { "a mask beside a stricter one with an exemption", HEAD
          "masks:\n- {name: m, columns: [p.d.t.ssn], mask: hash}\n"
          "- {name: n, columns: [p.d.t.ssn], mask: redact, except: {groups: [g]}}\n" },
        { "every kind of value",
          HEAD "mode: observe\napprovals: {timeout: 2h, on_timeout: queue}\n"
               "limits: {maximum_bytes_billed: 10GB}\nrules:\n"
               "- name: a\n  workloads: [\"ci-*\"]\n"
               "  persons: [\"https://i.example#ann@example.com\"]\n  groups: [g]\n"
               "  actions: [update, delete]\n  resources: [\"p.d.*\"]\n"
               "  when: {where: [absent, always-true, unproven, selective], "
               "estimated_bytes: \"<= 5MiB\", time: {days: [mon-fri], from: \"22:00\", "
               "to: \"06:00\", zone: \"-05:30\"}, person: required}\n"
               "  verdict: approve\n  reason: ask ann\n"
               "masks:\n- name: m\n  columns: [\"*.*.*.email\", p.d.t.address.zip]\n"
               "  mask: {partial: {keep_first: 1, keep_last: 4}}\n"
               "  except: {workloads: [x], persons: [\"i#s\"], groups: [g], "
               "until: 2028-02-29}\n" },
};

static void test_fine(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(fine); i++) {
                sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
                struct sp_err err = SP_ERR_NULL;

                if (load(fine[i].text, &p, &err) < 0)
                        fail_msg("%s: %s at %s: %s", fine[i].sentence, err.id,
                                 err.where, err.what);
        }
}

static void test_settings(void **state sp_unused)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL, *q = NULL;

        assert_int_equal(load(fine[SP_ARRAY_SIZE(fine) - 1].text, &p, NULL), 0);
        assert_int_equal(sp_policy_mode(p), SP_MODE_OBSERVE);
        assert_int_equal(sp_policy_approvals(p).timeout_us, 7200 * SP_USEC_PER_SEC);
        assert_true(sp_policy_approvals(p).keep_queued);
        assert_int_equal(sp_policy_maximum_bytes_billed(p), UINT64_C(10000000000));
        assert_true(sp_policy_needs_estimate(p));
        assert_int_equal(sp_policy_version(p).n, 64);

        assert_int_equal(load(HEAD, &q, NULL), 0);
        assert_int_equal(sp_policy_mode(q), SP_MODE_ENFORCE);
        assert_int_equal(sp_policy_approvals(q).timeout_us, 900 * SP_USEC_PER_SEC);
        assert_false(sp_policy_approvals(q).keep_queued);
        assert_int_equal(sp_policy_maximum_bytes_billed(q), 0);
        assert_false(sp_policy_needs_estimate(q));
        assert_string_not_equal(sp_policy_version(p).p, sp_policy_version(q).p);
}

static void test_files(void **state sp_unused)
{
        struct sp_policy_file files[] = {
                { SP_STR("10-a.yaml"),
                  SP_STR(HEAD "mode: observe\nrules:\n- " RULE "\n") },
                { SP_STR("20-b.yaml"), SP_STR(HEAD "mode: observe\n") },
                { SP_STR("30-c.yaml"), SP_STR(HEAD "rules:\n- " RULE "\n") },
        };
        const struct sp_str workloads[] = { SP_STR("ci-agents") };
        struct sp_policy_file named = {
                SP_STR("p.yaml"),
                SP_STR(HEAD "rules:\n- {name: a, workloads: [\"ci-*\", "
                            "dev], actions: [select], resources: [p], "
                            "verdict: deny}\n")
        };
        struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;

        assert_int_equal(sp_policy_load(files, 2, NULL, 0, &p, &err), -EINVAL);
        assert_string_equal(err.id, "policy.set-twice");
        assert_string_equal(err.where, "20-b.yaml:2:1");
        files[1] = files[2];
        assert_int_equal(sp_policy_load(files, 2, NULL, 0, &p, &err), -EINVAL);
        assert_string_equal(err.id, "policy.duplicate-name");
        assert_int_equal(sp_policy_load(NULL, 0, NULL, 0, &p, &err), -EINVAL);
        assert_string_equal(err.id, "policy.empty");
        assert_int_equal(sp_policy_load(&named, 1, workloads, 1, &p, &err), -EINVAL);
        assert_string_equal(err.id, "policy.unknown-workload");
        assert_string_equal(err.where, "p.yaml:3:33");
        assert_int_equal(sp_policy_load(&named, 1, NULL, 0, &p, &err), 0);
        p = sp_policy_unref(sp_policy_ref(p)) ? NULL : p;
        assert_int_equal(sp_policy_n_rules(p), 1);
        assert_null(sp_policy_unref(p));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_fine),
                cmocka_unit_test(test_settings),
                cmocka_unit_test(test_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
