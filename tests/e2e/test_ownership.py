#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whose a result is, and for how long: to BigQuery everybody behind the gateway is one user.
Run by `make e2e`; a world of its own, in which jobs are forgotten soon."""
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
KEPT_S = 6
API = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod"
TOKEN = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
         "instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")
# Everything in the project may be read, hidden datasets too if they were ordinary ones.
BROAD = ("  # Scratch space.",
         "  - name: broad\n    workloads: [ci-agents]\n    actions: [select, drop, insert, create, "
         "bigquery.tables.get]\n    resources: [\"acme-prod\"]\n    verdict: allow\n"
         "  # Scratch space.")
DROPS = ('actions: [drop, alter, grant]', 'actions: [alter, grant]')


def rest(path, method="GET", body=None):
    argv = ["sh", "-c", TOKEN + "exec curl -sS --max-time 20 -X \"$0\" "
            "-H \"Authorization: Bearer $T\" \"$@\"", method, API + path]
    if body is not None:
        argv += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    return json.loads(W.agent(argv).stdout)


def run(sql):
    a = rest("/jobs", "POST", {"configuration": {"query": {"query": sql, "useLegacySql": False}}})
    return a["jobReference"]["jobId"]


def result_of(job):
    return rest("/jobs/" + job)["configuration"]["query"]["destinationTable"]


class Results(unittest.TestCase):
    def test_ones_own_result_table_is_shown_and_no_other_by_any_rule(self):
        with W.changed_policy(BROAD, DROPS):
            t = result_of(run("SELECT id FROM crm.orders"))
            self.assertTrue(t["datasetId"].startswith("_"), t)
            own = f"/datasets/{t['datasetId']}/tables/{t['tableId']}"
            self.assertEqual(rest(own)["schema"]["fields"][0]["name"], "id")
            self.assertEqual(rest(own + "/data?maxResults=1")["totalRows"], "20")
            other = f"/datasets/{t['datasetId']}/tables/anon0123"
            before = len(W.journal())
            for path in (other, other + "/data"):
                a = rest(path)
                self.assertEqual(a["error"]["code"], 404, (path, a))
                self.assertIn("table.not-own", a["error"]["message"])
            a = rest(f"/datasets/{t['datasetId']}")
            self.assertEqual(a["error"]["code"], 404)
            self.assertFalse([j for j in W.journal()[before:] if t["datasetId"] in json.dumps(j)])

    def test_sql_does_not_lead_to_a_result_table(self):
        with W.changed_policy(BROAD, DROPS):
            t = result_of(run("SELECT id FROM crm.orders"))
            for sql in ("SELECT * FROM `{d}.{t}`", "SELECT * FROM `acme-prod`.{d}.{t}",
                        "INSERT INTO `{d}`.{t} (id) SELECT 1", "DROP TABLE `acme-prod.{d}.{t}`",
                        "CREATE TABLE `{d}`.x AS SELECT 1 AS y",
                        "SELECT (SELECT COUNT(*) FROM `{d}`.`{t}`) FROM crm.orders"):
                a = W.query(sql.format(d=t["datasetId"], t=t["tableId"]))
                self.assertIn("sql.hidden-dataset", (a.get("error") or {}).get("message", ""), a)
            a = rest("/queries", "POST", {"query": f"SELECT * FROM {t['tableId']}", "useLegacySql":
                     False, "defaultDataset": {"datasetId": t["datasetId"]}})
            self.assertIn("sql.hidden-dataset", a["error"]["message"])

    def test_a_list_of_a_hidden_dataset_is_empty(self):
        with W.changed_policy(BROAD, DROPS):
            t = result_of(run("SELECT id FROM crm.orders"))
            a = rest(f"/datasets/{t['datasetId']}/tables")
            self.assertNotIn(t["tableId"], json.dumps(a))


class Time(unittest.TestCase):
    def test_a_job_is_nobodys_when_its_time_is_over(self):
        job = run("SELECT id FROM crm.orders WHERE id = 1")
        t = result_of(job)
        paths = ("/queries/" + job, "/jobs/" + job,
                 f"/datasets/{t['datasetId']}/tables/{t['tableId']}/data")
        for path in paths:
            self.assertNotIn("error", rest(path), path)
        time.sleep(KEPT_S + 2)
        before = len(W.journal())
        for path in paths:
            self.assertEqual(rest(path)["error"]["code"], 404, path)
        self.assertNotIn(job, json.dumps(rest("/jobs")))
        self.assertFalse([j for j in W.journal()[before:] if job in j["path"]])

    def test_a_request_that_waits_for_a_person_is_kept_until_that_is_decided(self):
        job = run("UPDATE crm.orders SET status = 'kept' WHERE id = 1003")
        time.sleep(KEPT_S + 2)
        self.assertNotEqual(rest("/jobs/" + job)["status"]["state"], "DONE")
        path, _ = W.wait_approval()
        W.busctl("call", "dev.sallyport.Sallyport1", path, "dev.sallyport.Sallyport1.Approval",
                 "Approve", "s", "ok")
        w.wait_for("the update", lambda: rest("/jobs/" + job)["status"]["state"] == "DONE")
        rows = W.query("SELECT status FROM crm.orders WHERE id = 1003")["rows"]
        self.assertEqual(rows, [{"status": "kept"}])


if __name__ == "__main__":
    w.run_tests(globals(), settings=f"  jobs_kept: {KEPT_S}s\n")
