#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Limits of each principal, end to end: real clients see a final, readable error.

Run by `make e2e`."""
import contextlib
import json
import os
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
SQL = "SELECT id, name FROM crm.customers ORDER BY id LIMIT 3"
BASE = "limits: { maximum_bytes_billed: 10GB }"
TOKEN = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
         "instance/service-accounts/default/token | "
         "sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")
API = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod"


def message(answer):
    return (answer.get("error") or {}).get("message", "")


class Limits(unittest.TestCase):
    used = 0

    @contextlib.contextmanager
    def limit(self, amounts, *changes, maximum="10GB"):
        """A limit that no test has used, in force; gives its name."""
        Limits.used += 1
        name = f"limit-{Limits.used}"
        text = (f"limits: {{ maximum_bytes_billed: {maximum}, "
                f"per_principal: [{{ name: {name}, workloads: [ci-agents], {amounts} }}] }}")
        with W.changed_policy((BASE, text), *changes):
            yield name

    def rest(self, script):
        p = W.agent(["sh", "-c", TOKEN + "api=" + API + ";"
                     "c() { curl -sS --max-time 20 -w '\\n%{http_code}\\n' "
                     "-H \"Authorization: Bearer $T\" -H 'Content-Type: application/json' "
                     "\"$@\" | tr -d '\\n'; echo; };" + script])
        return p.stdout

    def posts(self):
        """Statements that reached Google to run."""
        return sum(1 for j in W.journal() if j["method"] == "POST" and
                   re.search(r"/(queries|jobs)(\?|$)", j["path"]) and
                   '"dryRun":true' not in json.dumps(j).replace(" ", "").replace("\\", ""))

    def status(self, name, kind):
        for entry in json.loads(W.ctl("status", "--json").stdout)["limits"]:
            if entry["limit"] == name and entry["counts"] == kind:
                return entry
        return None

    def records(self):
        return [json.loads(line) for line in
                W.ctl("audit", "export", "--store", W.store()).stdout.splitlines()]

    def test_a_rate_is_counted_over_all_workers_and_refused_for_good(self):
        with self.limit("queries: 3/day") as name:
            for _ in range(3):
                self.assertTrue(W.query(SQL)["ok"])
            before, started = self.posts(), time.monotonic()
            a = W.query(SQL)
            self.assertFalse(a["ok"])
            self.assertLess(time.monotonic() - started, 8, "the client did not try again")
            self.assertEqual(a["error"]["code"], 403)
            self.assertIn("limit.rate", message(a))
            self.assertIn(name, message(a))
            self.assertIn("3 of 3 queries per day", message(a))
            self.assertRegex(message(a), r"free again at \d{4}-\d\d-\d\dT00:00:00Z")
            job = W.query(SQL, "--mode", "job")
            self.assertIn("limit.rate", message(job))
            self.assertEqual(self.posts(), before, "nothing was sent")
            self.assertEqual(self.status(name, "queries")["used"], 3)
            self.assertIn("sallyport_limit_refused_total", W.ctl("metrics").stdout)

    def test_bq_shows_it_and_does_not_try_again(self):
        with self.limit("queries: 1/day"):
            self.assertTrue(W.query(SQL)["ok"])
            before = self.posts()
            p = W.agent([W.client("bq.sh"), SQL])
            if p.returncode == 77:
                self.skipTest(p.stderr.strip())
            self.assertEqual(p.returncode, 1)
            self.assertIn("limit.rate", re.sub(r"\s+", " ", p.stdout + p.stderr))
            self.assertEqual(self.posts(), before)
            refused = [r for r in self.refusals("limit.rate")]
            self.assertEqual(len(refused), 1, "one request of bq's was refused, and it ended")

    def refusals(self, error):
        rule = f"limit-{Limits.used}"
        return [r for r in self.records() if r["type"] == "request" and
                r.get("error", {}).get("id") == error and r["rule"].endswith("#" + rule)]

    def test_the_record_names_the_limit_that_decided(self):
        with self.limit("queries: 1/day"):
            W.query(SQL)
            W.query(SQL)
        refused = self.refusals("limit.rate")
        self.assertEqual(len(refused), 1)
        self.assertEqual(refused[0]["verdict"], "deny")

    def test_a_budget_counts_the_estimate_and_then_the_bill(self):
        with self.limit("bytes_billed: 40MB/day", maximum="20MB") as name:
            self.assertTrue(W.query(SQL)["ok"])
            # BigQuery bills 10 MiB at least for each table
            used = w.wait_for("the bill", lambda: (self.status(name, "bytes_billed") or {}).get(
                "used", 0) >= 10 << 20 and self.status(name, "bytes_billed")["used"], 10)
            self.assertEqual(used, 10 << 20)
            broken = "SELECT broken FROM crm.customers"
            self.assertIn("broken", message(W.query(broken)), "BigQuery says why")
            self.assertEqual(self.status(name, "bytes_billed")["used"], used, "and bills nothing")
            for n in (2, 3):
                self.assertTrue(W.query(SQL)["ok"])
                w.wait_for("the bill", lambda: self.status(name, "bytes_billed")["used"] ==
                           n * (10 << 20), 10)
            # what has no estimate may cost 20 MB, and so much is not left
            unknown = SQL + " /* stand-in lies: a lower bound */"
            self.assertIn("limit.budget", message(W.query(unknown)))

    def test_the_budget_of_the_day_survives_a_restart_and_a_crash(self):
        with self.limit("queries: 2/day") as name:
            self.assertTrue(W.query(SQL)["ok"])
            W.stop("sallyportd")
            W.start_daemon()
            self.assertEqual(self.status(name, "queries")["used"], 1)
            self.assertTrue(W.query(SQL)["ok"])
            time.sleep(1)
            W.stop("sallyportd", signal.SIGKILL)
            W.start_daemon()
            self.assertIn("limit.rate", message(W.query(SQL)))

    def test_rows_are_counted_and_end(self):
        with self.limit("rows: 5/day") as name:
            self.assertTrue(W.query(SQL)["ok"])
            self.assertEqual(self.status(name, "rows")["used"], 3)
            self.assertTrue(W.query(SQL)["ok"], "an answer may go over")
            a = W.query(SQL)
            self.assertIn("limit.budget", message(a))
            # nor by reading the result of a job that ran before
            self.assertIn("6 of 5 rows per day", message(a))

    def test_polls_of_ones_own_job_are_no_requests(self):
        with self.limit("requests: 1/day"):
            out = self.rest(
                "c -d '{\"query\":\"SELECT 1 AS x\",\"useLegacySql\":false,\"timeoutMs\":0,"
                "\"requestId\":\"r1\"}' $api/queries > ~/a; cat ~/a;"
                "j=$(sed 's/.*\"jobId\": *\"\\([^\"]*\\).*/\\1/' ~/a);"
                "c $api/queries/$j; c $api/jobs/$j; c $api/datasets")
            first, results, job, lists = out.strip().split("\n")
            self.assertTrue(first.endswith("200"), out)
            self.assertTrue(results.endswith("200"), out)
            self.assertTrue(job.endswith("200"), out)
            self.assertTrue(lists.endswith("403") and "limit.rate" in lists, out)

    def test_too_many_refusals_are_answered_and_counted_without_a_record_each(self):
        with self.limit("refusals: 5/min"):
            if time.time() % 60 > 40:  # not over the end of a minute
                time.sleep(60 - time.time() % 60)
            before = [r for r in self.records() if "error" in r]
            sent = self.posts()
            out = self.rest("for i in $(seq 12); do c -d '{\"query\":\"DROP TABLE crm.orders\","
                            "\"useLegacySql\":false}' $api/queries; done")
            answers = out.strip().split("\n")
            self.assertEqual(len([a for a in answers if a.endswith("403")]), 12, out)
            self.assertIn("no-drops", answers[-1], "the answer is as readable as before")
            after = [r for r in self.records() if "error" in r]
            self.assertEqual(len(after) - len(before), 4, "and the token was the fifth")
            self.assertEqual(self.posts(), sent, "promise 6: nothing is sent without a record")
            self.assertTrue(W.query(SQL)["ok"], "and what is allowed is not hindered")
            self.assertIn("sallyport_requests_not_recorded_total", W.ctl("metrics").stdout)
            W.stop("sallyportd")  # or a minute later
            W.start_daemon()
            told = [r for r in self.records() if r["type"] == "limit"]
            self.assertGreaterEqual(sum(t["count"] for t in told), 8, told)
            self.assertEqual(told[-1]["workload"], "ci-agents")

    def test_only_so_many_requests_wait_for_a_person(self):
        ask = ("c -d '{\"timeoutMs\":1,\"query\":\"UPDATE crm.orders SET status = \\\"x\\\" "
               "WHERE id = %d\",\"useLegacySql\":false}' $api/queries;")
        with self.limit("approvals: 2"):
            out = self.rest("".join(ask % i for i in range(3)))
            try:
                answers = out.strip().split("\n")
                self.assertIn("jobComplete", answers[0])
                self.assertIn("jobComplete", answers[1])
                self.assertIn("limit.approvals", answers[2])
                self.assertEqual(len(W.approvals()), 2)
            finally:
                for path in list(W.approvals()):
                    W.ctl("approvals", "deny", os.path.basename(path), "--reason", "test over")

    def test_in_observe_mode_what_does_not_fit_passes_and_is_recorded(self):
        with self.limit("queries: 1/day", ("mode: enforce", "mode: observe")) as name:
            W.query(SQL)
            self.assertTrue(W.query(SQL)["ok"])
        seen = [r for r in self.records() if r["type"] == "request" and r.get("observed") and
                r["rule"].endswith("#" + name)]
        self.assertEqual(len(seen), 1)


class Groups(unittest.TestCase):
    """A table that is read in groups of rows only."""
    RULE = ("masks:\n", "min_groups:\n  - { name: orders-in-groups, tables: [acme-prod.crm.orders], "
            "rows: 4 }\nmasks:\n")

    def test_aggregates_pass_and_rows_and_small_groups_do_not(self):
        sql = "SELECT status, COUNT(*) AS n FROM crm.orders GROUP BY status"
        before = {r["status"]: r["n"] for r in W.query(sql)["rows"]}
        with W.changed_policy(self.RULE):
            a = W.query(sql)
            self.assertTrue(a["ok"], a)
            self.assertEqual({r["status"]: r["n"] for r in a["rows"]},
                             {s: n for s, n in before.items() if n >= 4})
            one = W.query("SELECT status FROM crm.orders WHERE id = 1001")
            self.assertIn("mask.group-shape", message(one))
            rows = W.query("crm.orders", "--mode", "rows")
            self.assertIn("mask.group-shape", message(rows))
            job = W.query("SELECT COUNT(*) AS n FROM crm.orders WHERE id = 1001", "--mode", "job")
            self.assertEqual(job["rows"], [])
        groups = [r["min_group"] for r in Limits.records(self) if r.get("min_group")]
        self.assertEqual(groups[0], {"rows": 4, "rule": "policy.yaml#orders-in-groups"})
        self.assertTrue(before)


if __name__ == "__main__":
    w.run_tests(globals())
