#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Observing, end to end: columns that hold personal data and that no mask protects are counted.

Run by `make e2e`."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
OBSERVE = ("mode: enforce", "mode: observe\nsample_answers: 1")
FORGOTTEN = ('columns: ["acme-prod.crm.customers.email"]', 'columns: ["acme-prod.crm.none.email"]')
ALSO = ('columns: ["acme-prod.crm.customers.phone"]', 'columns: ["acme-prod.crm.none.phone"]')
EMAIL = ("acme-prod.crm.customers", "email", "email")


def records():
    return [json.loads(line) for line in
            W.ctl("audit", "export", "--store", W.store()).stdout.splitlines()]


def seen(since):
    """(table, column, detector) → hits, of the answers recorded since then."""
    found = {}
    for r in records()[since:]:
        for c in r.get("looks_like", []):
            key = (c["table"], c["column"], c["detector"])
            found[key] = found.get(key, 0) + c["hits"]
    return found


class Observing(unittest.TestCase):
    def test_what_no_mask_protects_is_counted_under_its_stored_column(self):
        with W.changed_policy(OBSERVE, FORGOTTEN, ALSO):
            since = len(records())
            a = W.query("SELECT LOWER(c.email) AS x, id, ssn, 'a@example.com' AS y "
                        "FROM (SELECT * FROM crm.customers) AS c ORDER BY id")
            self.assertTrue(a["ok"], a)
            rows = len(a["rows"])
            self.assertIn("@", a["rows"][0]["x"])
            found = seen(since)
            self.assertEqual(found, {EMAIL: rows}, "not ssn, which is masked, nor a constant")
            self.assertTrue(W.query("SELECT email FROM analytics.active_customers")["ok"])
            self.assertGreater(seen(since)[EMAIL], rows, "through a view, the table below")

    def test_counts_have_no_value_in_them_and_the_log_has_none(self):
        with W.changed_policy(OBSERVE, FORGOTTEN, ALSO):
            since = len(records())
            a = W.query("SELECT email, phone FROM crm.customers")
            values = [v for row in a["rows"] for v in row.values() if v]
            self.assertTrue(values)
            told = [{k: v for k, v in r.items() if k != "body"} for r in records()[since:]]
            text = json.dumps(told)
            self.assertIn("looks_like", text)
            for name in W.logs.values():
                with open(name if isinstance(name, str) else name.name) as f:
                    text += f.read()
            for v in values:
                self.assertNotIn(v, text)
            for r in told:
                for c in r.get("looks_like", []):
                    self.assertEqual(sorted(c), ["cells", "column", "column_type", "detector",
                                                 "hits", "table"])

    def test_suggest_shows_counts_and_writes_rules_that_mask(self):
        with W.changed_policy(OBSERVE, FORGOTTEN) as path:
            self.assertTrue(W.query("SELECT * FROM crm.customers")["ok"])
            store = ["--policy", path, "--store", W.store()]
            p = W.ctl("policy", "suggest", *store, "--json", check=False)
            self.assertEqual(p.returncode, 1, p.stderr)
            rows = {r["column"]: r for r in json.loads(p.stdout)["suspects"]}
            row = rows["acme-prod.crm.customers.email"]
            self.assertRegex(row["seen"], r"^\d+ of \d+$")
            self.assertEqual(row["mask"], "hash", row)
            self.assertNotIn("acme-prod.crm.customers.ssn", rows)
            rules = W.ctl("policy", "suggest", *store, "--rules", check=False).stdout
            with open(path, encoding="utf-8") as f:
                both = f.read() + rules.replace("version: 1\nmasks:\n", "")
            with open(W.path("both.yaml"), "w", encoding="utf-8") as f:
                f.write(both)
            p = W.ctl("policy", "suggest", "--policy", W.path("both.yaml"), "--store", W.store())
            self.assertEqual(p.returncode, 0, p.stdout)

    def test_previews_are_counted_with_masks_and_without(self):
        head = [W.client("bq.sh"), "--mode", "head", "crm.customers"]
        whole = open(W.path("policy", "policy.yaml"), encoding="utf-8").read()
        no_masks = (whole[whole.index("masks:"):], "")
        for changes in ((FORGOTTEN, ALSO), (no_masks,)):
            with W.changed_policy(OBSERVE, *changes):
                since = len(records())
                p = W.agent(head)
                if p.returncode == 77:
                    self.skipTest(p.stderr.strip())
                self.assertEqual(p.returncode, 0, p.stdout + p.stderr)
                found = seen(since)
                self.assertGreater(found[EMAIL], 0)
                ssn = ("acme-prod.crm.customers", "ssn", "national-id")
                self.assertEqual(ssn in found, changes == (no_masks,), found)
                p = W.agent([W.client("bq.sh"), "--mode", "head", "crm.nothing"])
                self.assertIn("ot found", p.stdout + p.stderr)

    def test_who_enforces_looks_at_nothing(self):
        with W.changed_policy(FORGOTTEN):
            since = len(records())
            self.assertTrue(W.query("SELECT email FROM crm.customers")["ok"])
            self.assertEqual(seen(since), {})


if __name__ == "__main__":
    w.run_tests(globals())
