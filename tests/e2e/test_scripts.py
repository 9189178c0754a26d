#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scripts: every statement judged and masked, their child jobs their owner's, through real
clients. Run by `make e2e`; a world of its own."""
import hashlib
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
JOBS = "/bigquery/v2/projects/acme-prod/jobs"
RAW_SSN = "900-13-1317"  # of customer 1, in the stand-in's data
SCRIPT = """DECLARE first STRING DEFAULT (SELECT MIN(ssn) FROM crm.customers);
CREATE TEMP TABLE customers AS SELECT id, name, ssn, email FROM crm.customers WHERE id < 3;
SELECT ssn, first FROM customers ORDER BY id;
SELECT COUNT(*) AS n FROM customers WHERE ssn = '%s' OR email LIKE '%%@%%';
SELECT 7 AS seven""" % RAW_SSN
REWRITTEN = ("sallyport_s", "[redacted]' AS", "p.crm", "gateway@")


class Scripts(unittest.TestCase):
    @staticmethod
    def rest(path, method="GET", body=None):
        argv = ["sh", "-c", "T=$(curl -sS -H 'Metadata-Flavor: Google' "
                "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
                " | sed 's/.*access_token\\\":\\\"\\([^\\\"]*\\).*/\\1/');"
                "exec curl -sS --max-time 20 -X \"$0\" -H \"Authorization: Bearer $T\" \"$@\"",
                method, "https://bigquery.googleapis.com" + path]
        if body is not None:
            argv += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        return json.loads(W.agent(argv).stdout)

    def run_script(self, job, sql=SCRIPT):
        a = self.rest(JOBS, "POST", {
            "jobReference": {"projectId": "acme-prod", "jobId": job},
            "configuration": {"query": {"query": sql, "useLegacySql": False}}})
        self.assertIn("jobReference", a)
        self.rest(f"/bigquery/v2/projects/acme-prod/queries/{job}")
        return job

    def clean(self, answer):
        text = json.dumps(answer).replace(f"ssn = '{RAW_SSN}'", "")  # the agent's own guess
        for word in (RAW_SSN[:6], *REWRITTEN):
            self.assertNotIn(word, text, word)

    def test_the_node_client_reads_the_last_result_masked(self):
        for mode in ("query", "job", "promise"):
            a = W.query("CREATE TEMP TABLE t AS SELECT * FROM crm.customers; "
                        "SELECT id, ssn FROM t WHERE id = 1", "--mode", mode)
            self.assertTrue(a["ok"], a)
            self.assertEqual(a["rows"], [{"id": 1, "ssn": "[redacted]"}], mode)

    def test_bq_prints_the_result_of_each_statement_masked(self):
        p = W.agent([W.client("bq.sh"), SCRIPT])
        if p.returncode == 77:
            self.skipTest(p.stderr.strip())
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr)
        a = json.loads(p.stdout)
        flat = json.dumps(a)
        self.assertIn("[redacted]", flat)
        self.assertIn('"n": "0"', flat.replace('"n":"0"', '"n": "0"'), "no guess is right")
        self.assertIn("seven", flat)
        self.assertNotIn(RAW_SSN, flat)

    def test_a_variable_and_a_temporary_table_hold_masked_values(self):
        a = W.query("DECLARE x STRING; SET x = (SELECT ssn FROM crm.customers WHERE id = 1); "
                    "CREATE TEMP TABLE t AS SELECT x AS y; SELECT y, LENGTH(x) AS n FROM t")
        self.assertTrue(a["ok"], a)
        self.assertEqual(a["rows"], [{"y": "[redacted]", "n": 10}])

    def test_a_hash_works_in_a_script(self):
        a = W.query("DECLARE x STRING; SET x = (SELECT email FROM crm.customers WHERE id = 1); "
                    "SELECT x, COUNT(*) AS n FROM crm.customers WHERE email = x GROUP BY 1")
        self.assertTrue(a["ok"], a)
        self.assertEqual([(len(r["x"]), r["n"]) for r in a["rows"]], [(64, 1)])

    def test_child_jobs_are_listed_and_read_by_their_owner(self):
        job = self.run_script("script-1")
        a = self.rest(f"{JOBS}?parentJobId={job}")
        children = [j["jobReference"]["jobId"] for j in a["jobs"]]
        self.assertEqual(len(children), 5, a)
        self.clean(a)
        self.assertNotIn("script_job_", json.dumps(self.rest(JOBS)), "they are their parent's")
        for child in children:
            shown = self.rest(f"{JOBS}/{child}")
            self.assertEqual(shown["statistics"]["parentJobId"], job)
            self.clean(shown)
            self.clean(self.rest(f"/bigquery/v2/projects/acme-prod/queries/{child}"))
        text = [j["statistics"]["scriptStatistics"]["stackFrames"][0].get("text")
                for j in a["jobs"]]
        self.assertIn("SELECT 7 AS seven", text, "what was not rewritten is shown")
        last = next(c for c, t in zip(children, text) if t == "SELECT 7 AS seven")
        result = self.rest(f"/bigquery/v2/projects/acme-prod/queries/{last}")
        self.assertEqual(result["rows"], [{"f": [{"v": "7"}]}])
        table = self.rest(f"{JOBS}/{last}")["configuration"]["query"]["destinationTable"]
        rows = self.rest("/bigquery/v2/projects/acme-prod/datasets/%s/tables/%s/data"
                         % (table["datasetId"], table["tableId"]))
        self.assertEqual(rows["rows"], [{"f": [{"v": "7"}]}])

    def test_child_jobs_of_others_are_not_found(self):
        source, cred = W.path("home", "script.jwt"), W.path("home", "script.json")
        for path, text in ((source, W.oidc_token("--sub", "eve@example.test", "--groups", "dev")),
                           (cred, json.dumps({
                               "type": "external_account", "audience": "//iam.googleapis.com/x",
                               "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                               "token_url": "https://sts.googleapis.com/v1/token",
                               "credential_source": {"file": source}}))):
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, 0o644)
        a = W.query("SELECT 1 AS a; SELECT 2 AS b", "--mode", "job",
                    env={"GOOGLE_APPLICATION_CREDENTIALS": cred})
        self.assertEqual(a["rows"], [{"b": 2}])
        job = a["job_id"]
        digest = hashlib.sha256(f"acme-prod:{job}".encode()).hexdigest()[:32]
        child = f"script_job_{digest}_0"  # as the stand-in calls it
        for path in (f"{JOBS}/{child}", f"{JOBS}/{job}", f"{JOBS}?parentJobId={job}",
                     f"/bigquery/v2/projects/acme-prod/queries/{child}",
                     f"{JOBS}/script_job_nobodys_0", f"{JOBS}?parentJobId=nobodys"):
            self.assertEqual(self.rest(path)["error"]["code"], 404, path)

    def test_dynamic_sql_of_a_constant_is_masked_like_any_text(self):
        sql = "EXECUTE IMMEDIATE 'SELECT id, ssn FROM crm.customers ORDER BY id LIMIT 1'"
        for text in (sql, f"SELECT 1; {sql}"):
            a = W.query(text)
            self.assertTrue(a["ok"], a)
            self.assertEqual(a["rows"], [{"id": 1, "ssn": "[redacted]"}])
        a = W.query(sql, "--mode", "job")
        shown = self.rest(f"{JOBS}/{a['job_id']}")["configuration"]["query"]["query"]
        self.assertEqual(shown, sql, "the agent's own text")

    def test_sessions_are_refused_with_what_to_do_instead(self):
        query = {"query": "SELECT 1", "useLegacySql": False}
        for more, word in (
                ({"createSession": True}, "send one script"),
                ({"connectionProperties": [{"key": "session_id", "value": "x"}]}, "no sessions")):
            for path, body in (("/bigquery/v2/projects/acme-prod/queries", {**query, **more}),
                               (JOBS, {"configuration": {"query": {**query, **more}}})):
                text = json.dumps(self.rest(path, "POST", body))
                self.assertIn("request.refused-field", text)
                self.assertIn(word, text)
        for sql in ("SELECT * FROM _SESSION.t", "CALL BQ.ABORT_SESSION()", "SELECT @@session_id"):
            self.assertIn("sql.", json.dumps(W.query(sql)), sql)

    def test_what_a_script_must_not_do_is_refused_by_name(self):
        for sql, word in (
                ("SET @@dataset_id = 'hr'; SELECT * FROM pay", "sql.system-variable"),
                ("BEGIN SELECT ERROR('a'); EXCEPTION WHEN ERROR THEN SELECT "
                 "@@error.statement_text; END", "sql.system-variable"),
                ("EXECUTE IMMEDIATE CONCAT('SELECT ', '1'); SELECT 2", "sql.opaque"),
                ("EXECUTE IMMEDIATE 'DROP TABLE crm.orders'", "no-drops"),
                ("CREATE TEMP FUNCTION to_hex(x BYTES) AS (''); SELECT email FROM crm.customers",
                 "sql.function-name"),
                ("IF TRUE THEN CREATE TEMP TABLE t AS SELECT 1 AS x; END IF; SELECT * FROM t",
                 "sql.temporary-unsure"),
                ("SELECT 1; DROP TABLE crm.orders", "no-drops"),
                ("IF FALSE THEN SELECT * FROM secret.things; END IF; SELECT 1",
                 "secret.things")):
            a = W.query(sql)
            self.assertFalse(a["ok"], (sql, a))
            self.assertIn(word, a["error"]["message"], sql)

    def test_a_script_needs_a_rule(self):
        with W.changed_policy(("actions: [script]", "actions: [call]")):
            a = W.query("SELECT 1; SELECT 2")
            self.assertFalse(a["ok"], a)
            self.assertIn("script on acme-prod", a["error"]["message"])


if __name__ == "__main__":
    w.run_tests(globals())
