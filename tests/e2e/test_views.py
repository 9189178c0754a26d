#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Views, end to end: what stands behind a name is judged and masked like the agent's own text.

Run by `make e2e`."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
VIEW = "analytics.active_customers"  # joins crm.customers, whose e-mail is hashed
THROUGH = ("masks:\n  - name: ssn", "  - name: through\n    workloads: [ci-agents]\n"
           "    actions: [select-through]\n    resources: [acme-prod.analytics.pay_by_team]\n"
           "    verdict: allow\nmasks:\n  - name: ssn")
METADATA = (THROUGH[0], "  - name: metadata\n    workloads: [ci-agents]\n    actions: [select]\n"
            "    resources: [acme-prod.crm.INFORMATION_SCHEMA.COLUMNS, "
            "acme-prod.crm.INFORMATION_SCHEMA.TABLES]\n"
            "    verdict: allow\nmasks:\n  - name: ssn")


class Views(unittest.TestCase):
    def test_a_view_over_a_protected_table_shows_what_the_table_shows(self):
        one = "SELECT id, email FROM %s WHERE id = 1"
        a = W.query("SELECT v.email AS x, c.email AS y, v.orders FROM %s AS v JOIN crm.customers "
                    "AS c USING (id) ORDER BY id" % VIEW)
        self.assertTrue(a["ok"], a)
        self.assertGreater(len(a["rows"]), 5)
        for row in a["rows"]:
            self.assertRegex(row["x"], "^[0-9a-f]{64}$")
            self.assertEqual(row["x"], row["y"])
        for name in (VIEW, "`acme-prod.%s`" % VIEW, "(SELECT * FROM %s)" % VIEW):
            a = W.query(one % name)
            self.assertTrue(a["ok"], a)
            self.assertNotIn("@", json.dumps(a))

    def test_a_pattern_of_the_views_own_masks_what_the_table_shows(self):
        sql = ("SELECT v.email AS x, c.email AS y FROM %s AS v JOIN crm.customers AS c USING (id)" % VIEW)
        with W.changed_policy(("\"acme-prod.crm.customers.email\"", "\"*.*.*.email\"")):
            a = W.query(sql)
        self.assertTrue(a["ok"], a)
        for row in a["rows"]:
            self.assertRegex(row["x"] + row["y"], "^[0-9a-f]{128}$")
        self.assertFalse([r for r in a["rows"] if r["x"] == r["y"]], "a hash of the hash")
        self.assertEqual(len({r["x"] for r in a["rows"]}), len({r["y"] for r in a["rows"]}))

    def test_the_record_names_the_column_of_the_table_below(self):
        marker = "email_through_a_view"
        self.assertTrue(W.query("SELECT email AS %s FROM %s" % (marker, VIEW))["ok"])
        out = W.ctl("sessions", "columns", "--column", "acme-prod.crm.customers.email",
                    "--store", W.store()).stdout
        self.assertIn(marker, out)

    def test_a_view_lends_no_rights_unless_the_policy_says_so(self):
        sql = "SELECT title, people FROM analytics.pay_by_team ORDER BY title"
        a = W.query(sql)
        self.assertFalse(a["ok"], a)
        self.assertIn("policy.person-required", json.dumps(a))
        self.assertIn("acme-prod.hr.salaries", json.dumps(a))
        with W.changed_policy(THROUGH):
            a = W.query(sql)
            self.assertTrue(a["ok"], a)
            self.assertEqual([r["people"] for r in a["rows"]], [1, 2])
            self.assertIn("policy.person-required", json.dumps(W.query("SELECT title FROM hr.salaries")))

    def test_a_wildcard_is_masked_like_the_tables_that_it_matches(self):
        for sql in ("SELECT id, ssn, phone FROM `crm.customer*` ORDER BY id",
                    "SELECT ssn, phone FROM `acme-prod.crm.cust*` WHERE _TABLE_SUFFIX = 'omers'"):
            a = W.query(sql)
            self.assertTrue(a["ok"], a)
            self.assertEqual({r["ssn"] for r in a["rows"]}, {"[redacted]"})
            self.assertTrue(all(r["phone"].startswith("*") for r in a["rows"]), a)
        self.assertIn("mask.pseudo-column", json.dumps(W.query(
            "SELECT * FROM `crm.cust*` WHERE _TABLE_SUFFIX = 'omers'")))
        self.assertIn("policy.", json.dumps(W.query("SELECT * FROM `hr.sal*`")))

    def test_what_a_view_reads_is_no_surprise_in_a_dry_run(self):
        # no mask's pattern names these, so that nothing needs to be known of the tables below
        with W.changed_policy(("\"*.*.*.ssn\"", "\"acme-prod.crm.*.ssn\""),
                              ("version: 1\n", "version: 1\ndry_run: always\n")):
            for sql in ("CREATE OR REPLACE TABLE analytics.shard_1 AS SELECT 1 AS n",
                        "CREATE OR REPLACE VIEW analytics.shards AS "
                        "SELECT n FROM `acme-prod.analytics.shard_*`"):
                self.assertTrue(W.query(sql)["ok"], sql)
            for name in ("analytics.shards", "`analytics.shard_*`"):
                a = W.query("SELECT n FROM " + name)
                self.assertEqual(a.get("rows"), [{"n": 1}], a)

    def test_metadata_is_read_where_a_rule_names_it(self):
        sql = "SELECT column_name FROM crm.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'customers'"
        self.assertIn("policy.no-rule", json.dumps(W.query(sql)))
        with W.changed_policy(METADATA):
            a = W.query(sql)
            self.assertTrue(a["ok"], a)
            self.assertIn({"column_name": "ssn"}, a["rows"])
            a = W.query("SELECT ddl FROM crm.INFORMATION_SCHEMA.TABLES")
            self.assertIn("ddl", a["error"]["message"])
            self.assertIn("sql.information-schema", json.dumps(W.query(
                "SELECT * FROM crm.INFORMATION_SCHEMA.VIEWS")))


if __name__ == "__main__":
    w.run_tests(globals())
