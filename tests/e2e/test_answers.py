#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What comes back of a query: its columns, its errors, its job, its pages.
Run by `make e2e`; a world of its own."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
API = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod"
TOKEN = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
         "instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")


def rest(path, method="GET", body=None):
    argv = ["sh", "-c", TOKEN + "exec curl -sS --max-time 20 -X \"$0\" "
            "-H \"Authorization: Bearer $T\" \"$@\"", method, API + path]
    if body is not None:
        argv += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    return json.loads(W.agent(argv).stdout)


def query(sql, **more):
    return rest("/queries", "POST", {"query": sql, "useLegacySql": False, **more})


class Columns(unittest.TestCase):
    def test_the_columns_of_masked_queries_are_those_that_were_planned(self):
        for sql in ("SELECT * FROM crm.customers LIMIT 2",
                    "SELECT COUNT(*), MAX(ssn), AVG(id), ANY_VALUE(name) FROM crm.customers",
                    "SELECT AS STRUCT id, ssn FROM crm.customers LIMIT 1",
                    "SELECT STRUCT(id, ssn AS s) AS x, [email] AS y FROM crm.customers LIMIT 1",
                    "SELECT IF(id > 3, NULL, 0.5) AS a, '2020-01-01' AS b, ssn FROM crm.customers",
                    "SELECT id FROM crm.customers UNION ALL SELECT 1.5"):
            a = query(sql)
            self.assertTrue(a.get("jobComplete"), (sql, a))
            self.assertNotIn("description", json.dumps(a["schema"]))

    def test_the_same_holds_for_every_page_however_it_is_asked_for(self):
        a = query("SELECT id, ssn FROM crm.customers ORDER BY id", maxResults=5)
        job = a["jobReference"]["jobId"]
        self.assertEqual(len(a["rows"]), 5)
        b = rest(f"/queries/{job}?maxResults=5&pageToken={a['pageToken']}")
        self.assertEqual(b["rows"][0]["f"][0]["v"], "6", b)
        b = rest(f"/queries/{job}?maxResults=3&startIndex=9")
        self.assertEqual([r["f"][0]["v"] for r in b["rows"]], ["10", "11", "12"])
        t = rest("/jobs/" + job)["configuration"]["query"]["destinationTable"]
        b = rest(f"/datasets/{t['datasetId']}/tables/{t['tableId']}/data?startIndex=11")
        self.assertEqual(b["rows"][0]["f"][1]["v"], "[redacted]", b)


class Messages(unittest.TestCase):
    def test_a_place_in_a_message_is_one_of_the_agents_own_text(self):
        for sql, place in (("SELECT zzz FROM crm.customers", "[1:8]"),
                           ("SELECT id FROM crm.customers\nWHERE zzz = 1", "[2:7]"),
                           ("SELECT id FROM crm.customers AS c WHERE c.zzz = 1", "[1:")):
            a = query(sql)
            self.assertIn("zzz", a["error"]["message"], a)
            self.assertIn(place, a["error"]["message"], sql)
            for word in ("REPLACE", "sallyport_", "gateway@"):
                self.assertNotIn(word, json.dumps(a))

    def test_a_job_names_the_tables_of_its_statement(self):
        job = query("SELECT id, ssn FROM crm.customers")["jobReference"]["jobId"]
        a = rest("/jobs/" + job)
        self.assertEqual([t["tableId"] for t in a["statistics"]["query"]["referencedTables"]],
                         ["customers"])
        self.assertNotIn("queryPlan", json.dumps(a))


if __name__ == "__main__":
    w.run_tests(globals())
