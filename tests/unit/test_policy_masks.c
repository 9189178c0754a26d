/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/policy.h"
#include "tests/test.h"

static const char text[] =
        "version: 1\n"
        "masks:\n"
        "- {name: ssn, columns: [p.crm.customers.ssn, \"p.crm.cust*.tax_*\"], mask: "
        "hash}\n"
        "- {name: mail, columns: [\"*.*.*.email\"], mask: {partial: {keep_first: 2, "
        "keep_last: 4}}}\n"
        "- {name: mail-crm, columns: [\"p.crm.*.email\"], mask: {partial: {keep_first: "
        "4, "
        "keep_last: 1}}, except: {groups: [support], until: 2027-01-01}}\n"
        "- {name: first, columns: [p.x.t.a], mask: {partial: {keep_first: 2}}}\n"
        "- {name: last, columns: [p.x.t.a], mask: {partial: {keep_last: 2}}}\n"
        "- {name: nested, columns: [p.crm.people.home.street, p.crm.people.work], "
        "mask: "
        "redact, except: {workloads: [hr], persons: [\"i#ann\"]}}\n"
        "- {name: unicode, columns: [\"p.größen.*.straße_*\", \"p.x.t.caf?\"], mask: "
        "redact}\n"
        "- {name: hard, columns: [\"p.*.*.ssn\"], mask: \"null\", except: {workloads: "
        "[free]}}\n"
        "- {name: month, columns: [p.x.t.born], mask: {truncate: {to: month}}}\n"
        "- {name: year, columns: [\"p.x.t.b*\"], mask: {truncate: {to: year}}, except: "
        "{workloads: [hr]}}\n"
        "- {name: six, columns: [p.x.t.pay], mask: {truncate: {to: 6}}}\n"
        "- {name: four, columns: [\"p.x.t.p*\"], mask: {truncate: {to: 4}}}\n"
        "- {name: large, columns: [p.x.t.prime], mask: {truncate: {to: "
        "999999999989}}}\n"
        "- {name: day, columns: [p.x.t.place], mask: {truncate: {to: day}}}\n";

#define UNTIL (UINT64_C(1798761600) * SP_USEC_PER_SEC) /* 2027-01-01 00:00 UTC */

static struct sp_policy *load(void)
{
        struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(text) };
        struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;

        if (sp_policy_load(&f, 1, NULL, 0, &p, &err) < 0)
                fail_msg("%s: %s (%s)", err.where, err.what, err.id);
        return p;
}

static const struct {
        const char *sentence, *workload, *group, *sub, *table, *column;
        uint64_t now_us;
        enum sp_mask_kind kind;
        unsigned first, last; /* characters kept; or the unit and the step */
} table[] = {
        { "the stricter of two masks wins", "ci", "", "", "p.crm.customers", "ssn", 0,
          SP_MASK_NULL, 0, 0 },
        { "the other stays when one is lifted", "free", "", "", "p.crm.customers",
          "ssn", 0, SP_MASK_HASH, 0, 0 },
        { "a column glob", "ci", "", "", "p.crm.customers", "tax_id", 0, SP_MASK_HASH,
          0, 0 },
        { "letter case of columns does not matter", "ci", "", "", "p.crm.customers",
          "TAX_ID", 0, SP_MASK_HASH, 0, 0 },
        { "nor does that beyond ASCII", "ci", "", "", "p.GRÖSSEN.t", "STRASSE_1", 0,
          SP_MASK_REDACT, 0, 0 },
        { "nor the normal form", "ci", "", "", "p.gro\u0308ßen.t",
          "stra\u017f\u017fe_1", 0, SP_MASK_REDACT, 0, 0 },
        { "of a parent either", "ci", "", "", "p.größen.t", "Straße_1.nr", 0,
          SP_MASK_REDACT, 0, 0 },
        { "a letter and its mark are one character", "ci", "", "", "p.x.t",
          "cafe\u0301", 0, SP_MASK_REDACT, 0, 0 },
        { "an accent makes another name", "ci", "", "", "p.großen.t", "straße_1", 0,
          SP_MASK_NONE, 0, 0 },
        { "a name that is no UTF-8 may be any", "ci", "", "", "p.größen.t", "\xff", 0,
          SP_MASK_REDACT, 0, 0 },
        { "letter case of tables does not matter", "ci", "", "", "p.CRM.Customers",
          "tax_id", 0, SP_MASK_HASH, 0, 0 },
        { "a partition is its table", "ci", "", "", "p.crm.customers$20260101",
          "tax_id", 0, SP_MASK_HASH, 0, 0 },
        { "another column is free", "ci", "", "", "p.crm.customers", "name", 0,
          SP_MASK_NONE, 0, 0 },
        { "another table is free", "ci", "", "", "p.crm.orders", "tax_id", 0,
          SP_MASK_NONE, 0, 0 },
        { "two partial masks leave what both leave", "ci", "", "", "p.crm.orders",
          "email", 0, SP_MASK_PARTIAL, 2, 1 },
        { "an exemption lifts its own mask only", "ci", "support", "", "p.crm.orders",
          "email", UNTIL - 1, SP_MASK_PARTIAL, 2, 4 },
        { "an exemption ends", "ci", "support", "", "p.crm.orders", "email", UNTIL,
          SP_MASK_PARTIAL, 2, 1 },
        { "partial masks with nothing in common hide everything", "ci", "", "", "p.x.t",
          "a", 0, SP_MASK_REDACT, 0, 0 },
        { "a nested column", "ci", "", "", "p.crm.people", "home.street", 0,
          SP_MASK_REDACT, 0, 0 },
        { "its neighbour is free", "ci", "", "", "p.crm.people", "home.zip", 0,
          SP_MASK_NONE, 0, 0 },
        { "its parent is free", "ci", "", "", "p.crm.people", "home", 0, SP_MASK_NONE,
          0, 0 },
        { "fields of a masked record are masked", "ci", "", "", "p.crm.people",
          "work.phone.number", 0, SP_MASK_REDACT, 0, 0 },
        { "a longer name is not a field", "ci", "", "", "p.crm.people", "workplace", 0,
          SP_MASK_NONE, 0, 0 },
        { "an exemption needs all it names: not the workload alone", "hr", "", "",
          "p.crm.people", "work", 0, SP_MASK_REDACT, 0, 0 },
        { "nor the person alone", "ci", "", "ann", "p.crm.people", "work", 0,
          SP_MASK_REDACT, 0, 0 },
        { "of two units the coarser", "ci", "", "", "p.x.t", "born", 0,
          SP_MASK_TRUNCATE, SP_UNIT_YEAR, 0 },
        { "the other unit when one is lifted", "hr", "", "", "p.x.t", "born", 0,
          SP_MASK_TRUNCATE, SP_UNIT_MONTH, 0 },
        { "of two steps one that both divide", "ci", "", "", "p.x.t", "pay", 0,
          SP_MASK_TRUNCATE, 0, 12 },
        { "steps without a small common one hide everything", "ci", "", "", "p.x.t",
          "prime", 0, SP_MASK_REDACT, 0, 0 },
        { "so do a unit and a step", "ci", "", "", "p.x.t", "place", 0, SP_MASK_REDACT,
          0, 0 },
        { "both", "hr", "", "ann", "p.crm.people", "work", 0, SP_MASK_NONE, 0, 0 },
};

static void test_table(void **state sp_unused)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load();

        for (size_t i = 0; i < SP_ARRAY_SIZE(table); i++) {
                struct sp_str group = sp_str_c(table[i].group);
                struct sp_principal who = { .workload = sp_str_c(table[i].workload),
                                            .sub = sp_str_c(table[i].sub),
                                            .groups = &group,
                                            .n_groups = group.n ? 1 : 0 };
                struct sp_str name = sp_str_c(table[i].table);
                struct sp_mask m;

                if (who.sub.n)
                        who.iss = SP_STR("i");
                m = sp_policy_mask(p, &who, name, sp_str_c(table[i].column),
                                   table[i].now_us);
                SP_CHECK(table[i].sentence, m.kind == table[i].kind);
                SP_CHECK(table[i].sentence,
                         m.keep_first == table[i].first || m.kind != SP_MASK_PARTIAL);
                SP_CHECK(table[i].sentence,
                         m.keep_last == table[i].last || m.kind != SP_MASK_PARTIAL);
                if (m.kind == SP_MASK_TRUNCATE)
                        SP_CHECK(table[i].sentence,
                                 m.unit == (enum sp_mask_unit)table[i].first &&
                                         m.step == table[i].last);
                if (m.kind != SP_MASK_NONE)
                        SP_CHECK(table[i].sentence,
                                 sp_policy_masks_table(p, &who, name, table[i].now_us));
        }
}

static void test_tables(void **state sp_unused)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load();
        struct sp_policy_file plain = { SP_STR("m.yaml"), SP_STR("version: 1\n") };
        struct sp_policy_file only = {
                SP_STR("m.yaml"),
                SP_STR("version: 1\nmasks:\n- {name: a, columns: [p.d.t_2026.c], mask: "
                       "redact, except: {workloads: [free]}}\n")
        };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *none = NULL, *one = NULL;
        struct sp_principal ci = { .workload = SP_STR("ci") };
        struct sp_principal free_ = { .workload = SP_STR("free") };

        assert_true(sp_policy_has_masks(p, &ci, 0));
        assert_int_equal(sp_policy_load(&plain, 1, NULL, 0, &none, NULL), 0);
        assert_false(sp_policy_has_masks(none, &ci, 0));
        assert_false(sp_policy_masks_table(none, &ci, SP_STR("p.d.t"), 0));
        assert_int_equal(sp_policy_load(&only, 1, NULL, 0, &one, NULL), 0);
        assert_true(sp_policy_has_masks(one, &ci, 0));
        assert_false(sp_policy_has_masks(one, &free_, 0));
        assert_false(sp_policy_masks_table(one, &ci, SP_STR("p.d.t_2025"), 0));
        assert_true(sp_policy_masks_table(one, &ci, SP_STR("p.d.t_*"), 0));
        assert_false(sp_policy_masks_table(one, &ci, SP_STR("p.d.u_*"), 0));
        assert_false(sp_policy_masks_table(one, &free_, SP_STR("p.d.t_*"), 0));
}

static void test_of_others(void **state sp_unused)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = load();
        const struct sp_principal free_ = { .workload = SP_STR("free") };
        static const struct {
                const char *sentence, *table, *column;
                enum sp_mask_kind kind;
        } rows[] = {
                { "no exemption counts", "p.crm.customers", "ssn", SP_MASK_NULL },
                { "a field counts", "p.crm.people", "home.street", SP_MASK_REDACT },
                { "a free column is free to all", "p.crm.people", "home.city",
                  SP_MASK_NONE },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                SP_CHECK(rows[i].sentence,
                         sp_policy_mask_of_others(p, sp_str_c(rows[i].table),
                                                  sp_str_c(rows[i].column),
                                                  (struct sp_tags){ NULL, 0 })
                                         .kind == rows[i].kind);
        assert_int_equal(
                sp_policy_mask(p, &free_, SP_STR("p.crm.customers"), SP_STR("ssn"), 0)
                        .kind,
                SP_MASK_HASH);
}

static void a_mask_may_go_by_policy_tags(void **state sp_unused)
{
        static const char tagged[] =
                "version: 1\nmasks:\n"
                "- {name: pii, tags: [\"projects/p/locations/*/policyTags/7\"], mask: "
                "hash, "
                "except: {groups: [support], until: 2027-01-01}}\n"
                "- {name: both, tags: [secret], columns: [p.d.t.key], mask: redact}\n";
        const struct sp_policy_file f = { SP_STR("m.yaml"), sp_str_c(tagged) };
        const struct sp_str seven[] = { SP_STR("x"),
                                        SP_STR("projects/p/locations/eu/taxonomies/1/"
                                               "policyTags/7") },
                            eight[] = { SP_STR("projects/p/locations/eu/policyTags/8"),
                                        SP_STR("Secret") },
                            support = SP_STR("support");
        const struct sp_principal ci = { .workload = SP_STR("ci") },
                                  helper = { .groups = &support, .n_groups = 1 };
        const struct sp_tags none = { NULL, 0 }, two = { seven, 2 }, one = { eight, 1 },
                             secret = { eight, 2 };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = NULL;
        struct sp_err err = SP_ERR_NULL;
        const struct sp_str t = SP_STR("p.d.t"), c = SP_STR("c");

        assert_int_equal(sp_policy_load(&f, 1, NULL, 0, &p, &err), 0);
        assert_true(sp_policy_has_tags(p));
        assert_true(sp_policy_masks_table(p, &ci, SP_STR("any.other.table"), 0));
        assert_int_equal(sp_policy_mask_tagged(p, &ci, t, c, two, 0).kind,
                         SP_MASK_HASH);
        assert_int_equal(sp_policy_mask_tagged(p, &ci, t, c, one, 0).kind,
                         SP_MASK_NONE);
        assert_int_equal(sp_policy_mask_tagged(p, &ci, t, c, none, 0).kind,
                         SP_MASK_NONE);
        /* in doubt it is meant: letter case does not count */
        assert_int_equal(sp_policy_mask_tagged(p, &ci, t, c, secret, 0).kind,
                         SP_MASK_REDACT);
        assert_int_equal(sp_policy_mask(p, &ci, t, SP_STR("key"), 0).kind,
                         SP_MASK_REDACT);
        assert_int_equal(sp_policy_mask_tagged(p, &helper, t, c, two, UNTIL - 1).kind,
                         SP_MASK_NONE);
        assert_int_equal(sp_policy_mask_tagged(p, &helper, t, c, two, UNTIL).kind,
                         SP_MASK_HASH);
        assert_int_equal(sp_policy_mask_of_others(p, t, c, two).kind, SP_MASK_HASH);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_mask_may_go_by_policy_tags),
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_of_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
