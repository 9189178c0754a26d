#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stored functions, end to end: what a body does besides computing decides whether it is called.

Run by `make e2e`."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
JAVASCRIPT = ("masks:\n  - name: ssn", "  - name: javascript\n    workloads: [ci-agents]\n"
              "    actions: [create-temp-js]\n    resources: [acme-prod]\n"
              "    verdict: allow\nmasks:\n  - name: ssn")

METADATA = ("masks:\n  - name: ssn", "  - name: metadata\n    workloads: [ci-agents]\n"
            "    actions: [bigquery.routines.get, bigquery.models.get]\n"
            "    resources: [acme-prod.analytics.ssn_of, acme-prod.analytics.m]\n"
            "    verdict: allow\nmasks:\n  - name: ssn")


class Functions(unittest.TestCase):
    def test_one_that_computes_gets_masked_values(self):
        for name in ("analytics.domain_of", "`acme-prod.analytics.domain_of`"):
            a = W.query(f"SELECT {name}('ann@example.com') AS mine, {name}(email) AS theirs, "
                        "ssn FROM crm.customers ORDER BY id LIMIT 2")
            self.assertTrue(a["ok"], a)
            self.assertEqual({r["mine"] for r in a["rows"]}, {"example.com"})
            self.assertEqual({r["theirs"] for r in a["rows"]}, {None}, "a hash has no domain")
            self.assertEqual({r["ssn"] for r in a["rows"]}, {"[redacted]"})

    def test_its_record_names_it(self):
        self.assertTrue(W.query("SELECT analytics.domain_of('a@recorded.example') AS d")["ok"])
        records = [json.loads(line) for line in
                   W.ctl("audit", "export", "--store", W.store()).stdout.splitlines()]
        mine = [r for r in records if "recorded.example" in r.get("sql", "")]
        self.assertEqual(mine[-1]["routines"], ["acme-prod.analytics.domain_of"])

    def test_bq_calls_one(self):
        p = W.agent([W.client("bq.sh"), "SELECT analytics.domain_of('ann@example.com') AS d"])
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr)
        self.assertIn("example.com", p.stdout)

    def test_one_that_reads_a_table_is_refused_with_a_sentence(self):
        a = W.query("SELECT analytics.ssn_of(1) AS s")
        self.assertFalse(a["ok"], a)
        self.assertIn("sql.stored-function", json.dumps(a))
        self.assertIn("reads tables", json.dumps(a))
        self.assertNotIn("customers", json.dumps(a["error"]["message"]), "its body is not told")

    def test_remote_functions_are_refused_and_javascript_needs_a_rule(self):
        a = W.query("SELECT analytics.tell(ssn) FROM crm.customers")
        self.assertIn("sql.stored-function", json.dumps(a))
        sql = "SELECT analytics.shout(name) FROM crm.customers"
        self.assertIn("policy.no-rule", json.dumps(W.query(sql)))
        with W.changed_policy(JAVASCRIPT):
            a = W.query(sql, "--mode", "dry-run")  # the stand-in runs none
            self.assertTrue(a["ok"], a)

    def test_what_bigquery_does_not_take_for_a_stored_function_is_not_sent(self):
        a = W.query("SELECT analytics.domain_of('a@b.cc') AS d /* stand-in lies: no routines */")
        self.assertFalse(a["ok"], a)
        self.assertIn("judge.mismatch", json.dumps(a))
        a = W.query("SELECT `acme-prod.analytics.domain_of`('a@b.cc') AS d /* stand-in lies: no routines */")
        self.assertTrue(a["ok"], a)
        a = W.query("SELECT COUNT(*) AS n FROM analytics.active_customers /* stand-in lies: another routine */")
        self.assertIn("judge.mismatch", json.dumps(a))

    def test_metadata_is_shown_where_a_rule_names_it_and_never_the_code(self):
        api = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/datasets/analytics"

        def get(path):
            script = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
                      "instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');"
                      "exec curl -sS --max-time 20 -H \"Authorization: Bearer $T\" \"$0\"")
            return json.loads(W.agent(["sh", "-c", script, api + path]).stdout)
        before = len(W.journal())
        for path in ("/routines/domain_of", "/models/m"):
            self.assertIn("policy.no-rule", json.dumps(get(path)), path)
        self.assertEqual(len(W.journal()), before)
        self.assertEqual(get("/routines").get("routines", []), [])
        with W.changed_policy(METADATA):
            a = get("/routines/ssn_of")
            self.assertEqual(a["routineReference"]["routineId"], "ssn_of", a)
            self.assertEqual(a["routineType"], "SCALAR_FUNCTION")
            self.assertIn("policy.no-rule", json.dumps(get("/routines/domain_of")))
            listed = get("/routines")
            self.assertEqual([r["routineReference"]["routineId"] for r in listed["routines"]], ["ssn_of"])
            for shown in (a, listed):
                for word in ("customers", "definitionBody", "SELECT"):
                    self.assertNotIn(word, json.dumps(shown))
            self.assertEqual(get("/models/m")["error"]["code"], 404)


if __name__ == "__main__":
    w.run_tests(globals())
