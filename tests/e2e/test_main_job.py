#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end: real kernel hooks, TLS, D-Bus, RocksDB and real clients.

Run by `make e2e`. One world for all tests; each test says what is promised."""
import contextlib
import json
import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
CUSTOMERS = "SELECT id, name, email, ssn, phone FROM crm.customers ORDER BY id LIMIT 3"
RAW_SSN = "900-13-1317"  # of customer 1, in the stand-in's data


def message(answer):
    return (answer.get("error") or {}).get("message", "")


class Reading(unittest.TestCase):
    def test_a_select_comes_back_with_protected_columns_masked_and_the_rest_untouched(self):
        a = W.query(CUSTOMERS)
        self.assertTrue(a["ok"], a)
        first = a["rows"][0]
        self.assertEqual(first["id"], 1)
        self.assertEqual(first["ssn"], "[redacted]")
        self.assertNotIn("@", first["email"])
        self.assertRegex(first["phone"], r"^\*+..$")
        self.assertNotIn(RAW_SSN, json.dumps(a))

    def test_aliases_expressions_and_whole_rows_see_only_masked_values(self):
        for sql in ("SELECT ssn AS city FROM crm.customers",
                    "SELECT TO_JSON_STRING(c) AS j FROM crm.customers AS c",
                    "WITH t AS (SELECT * FROM crm.customers) SELECT REVERSE(ssn) AS r FROM t",
                    "SELECT a.ssn FROM crm.customers a JOIN crm.customers b USING (ssn)",
                    "SELECT name FROM crm.customers WHERE ssn = '%s'" % RAW_SSN):
            a = W.query(sql)
            self.assertTrue(a["ok"], (sql, a))
            for secret in (RAW_SSN, RAW_SSN[::-1]):
                self.assertNotIn(secret, json.dumps(a), sql)
        self.assertEqual(a["rows"], [], "a predicate on a masked column finds nothing")

    def test_names_that_could_be_an_array_or_a_table_hide_no_table(self):
        for sql in ("SELECT (SELECT MAX(ssn) FROM crm.customers) AS m FROM crm.orders AS crm",
                    "SELECT m FROM crm.orders AS crm, (SELECT MAX(ssn) AS m FROM crm.customers)",
                    "SELECT ssn FROM crm.orders AS crm, crm.customers",
                    "WITH crm AS (SELECT 1 AS customers) SELECT ssn FROM crm.customers",
                    "SELECT (SELECT MAX(ssn) FROM `crm`.customers) AS m FROM UNNEST([1]) AS CRM",
                    "SELECT ARRAY(SELECT ssn FROM crm.customers) AS m FROM (SELECT 1 AS crm)",
                    "SELECT (SELECT MAX(ssn) FROM `acme-prod`.crm.customers) AS m "
                    "FROM UNNEST([1]) AS `acme-prod`"):
            self.assertNotIn(RAW_SSN[:7], json.dumps(W.query(sql)), sql)

    def test_paging_gives_every_row_once(self):
        a = W.query("SELECT id FROM crm.customers ORDER BY id", "--max-results", "5")
        ids = [r["id"] for r in a["rows"]]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual(len(ids), 12)

    def test_jobs_query_parameters_and_dry_runs_work_as_the_client_expects(self):
        self.assertTrue(W.query(CUSTOMERS, "--mode", "job")["ok"])
        self.assertTrue(W.query(CUSTOMERS, "--mode", "promise")["ok"])
        a = W.query("SELECT name FROM crm.customers WHERE name LIKE @who", "--param", "who=Ada%")
        self.assertEqual(len(a["rows"]), 1)
        a = W.query(CUSTOMERS, "--mode", "dry-run")
        self.assertTrue(a["ok"], a)

    def test_an_error_of_bigquery_reaches_the_user(self):
        a = W.query("SELECT zzz FROM shop.products")
        self.assertIn("Unrecognized name: zzz", message(a))

    def test_a_constant_query_is_answered(self):
        self.assertEqual(W.query("SELECT 1 AS one")["rows"], [{"one": 1}])


    def test_the_upstream_host_is_the_one_that_is_configured(self):
        W.query("SELECT 1 AS one")
        self.assertEqual(W.journal()[-1]["host"], "bigquery.mtls.googleapis.com")


class Refusing(unittest.TestCase):
    def refused(self, sql, *words):
        a = W.query(sql)
        self.assertFalse(a["ok"], (sql, a))
        for word in words:
            self.assertIn(word, message(a), sql)
        return a

    def test_a_drop_is_denied_with_the_rule_and_the_reason(self):
        self.refused("DROP TABLE crm.orders", "policy.denied", "no-drops", "migrations")

    def test_a_table_no_rule_speaks_of_is_denied(self):
        self.refused("SELECT * FROM secret.things", "policy.no-rule", "acme-prod.secret.things")

    def test_an_update_of_everything_is_denied(self):
        for where in ("TRUE", "1 = 1", "id = id OR id IS NULL"):
            self.refused(f"UPDATE crm.orders SET status = 'x' WHERE {where}",
                         "no-blanket-changes")

    def test_what_is_not_understood_is_denied_by_name(self):
        self.refused("SELECT * FROM EXTERNAL_QUERY('c', 'select 1')", "external")
        self.refused("EXECUTE IMMEDIATE CONCAT('DROP TABLE ', 'crm.orders')", "sql.opaque")
        self.refused("SELECT ML.PREDICT(1)", "sql.function")
        self.refused("SELECT * FROM `region-us`.INFORMATION_SCHEMA.JOBS", "sql.")
        self.refused("SELECT * FROM `crm.*`", "wildcard")

    def test_nothing_refused_reached_google(self):
        before = len(W.journal())
        self.refused("DROP TABLE crm.orders", "no-drops")
        self.assertFalse([j for j in W.journal()[before:] if "DROP" in json.dumps(j)])


class Writing(unittest.TestCase):
    def test_a_stored_copy_is_masked_already(self):
        a = W.query("CREATE TABLE analytics.copy AS SELECT id, ssn AS s, email AS e "
                    "FROM crm.customers")
        self.assertTrue(a["ok"], a)
        a = W.query("SELECT * FROM analytics.copy")
        self.assertEqual(len(a["rows"]), 12)
        self.assertNotIn("@", json.dumps(a["rows"]))
        self.assertEqual({r["s"] for r in a["rows"]}, {"[redacted]"})

    def test_a_raw_copy_cannot_be_made(self):
        for sql in ("CREATE TABLE analytics.c2 CLONE crm.customers",
                    "CREATE TABLE analytics.c2 COPY crm.customers"):
            a = W.query(sql)
            self.assertIn("mask.table-argument", message(a), sql)

    def test_a_destination_table_is_judged_as_a_write(self):
        a = W.query("SELECT 1 AS one", "--mode", "job", "--destination", "crm.orders")
        self.assertIn("policy.", message(a))

    def test_a_job_in_a_project_no_rule_names_is_denied(self):
        a = W.query("SELECT id FROM `acme-prod`.crm.orders", "--project", "attacker")
        self.assertIn("judge.project", message(a))


class Owning(unittest.TestCase):
    """One gateway credential is one BigQuery user: who owns what is told apart here."""

    def rest(self, path, method="GET", body=None, headers=(), workload=None):
        argv = ["sh", "-c", "T=$(curl -sS -H 'Metadata-Flavor: Google' "
                "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
                " | sed 's/.*access_token\\\":\\\"\\([^\\\"]*\\).*/\\1/');"
                "exec curl -sS --max-time 20 -X \"$0\" -H \"Authorization: Bearer $T\" \"$@\"",
                method, *[x for h in headers for x in ("-H", h)],
                "https://bigquery.googleapis.com" + path]
        if body is not None:
            argv += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        return json.loads(W.agent(argv).stdout)

    def test_jobs_that_are_not_ones_own_are_not_found(self):
        a = self.rest("/bigquery/v2/projects/acme-prod/jobs/somebody-elses")
        self.assertEqual(a["error"]["code"], 404)
        a = self.rest("/bigquery/v2/projects/acme-prod/queries/somebody-elses")
        self.assertEqual(a["error"]["code"], 404)

    def test_ones_own_job_shows_ones_own_sql_and_nothing_of_the_gateway(self):
        job = {"jobReference": {"projectId": "acme-prod", "jobId": "mine-1"},
               "configuration": {"query": {"query": CUSTOMERS, "useLegacySql": False}}}
        self.rest("/bigquery/v2/projects/acme-prod/jobs", "POST", job)
        a = self.rest("/bigquery/v2/projects/acme-prod/jobs/mine-1")
        self.assertEqual(a["configuration"]["query"]["query"], CUSTOMERS)
        for word in ("sallyport", "salt", "REPLACE", "gateway@", "[redacted]"):
            self.assertNotIn(word, json.dumps(a), word)

    def test_a_list_of_jobs_holds_ones_own_with_ones_own_text(self):
        jobs = "/bigquery/v2/projects/acme-prod/jobs"
        job = {"jobReference": {"projectId": "acme-prod", "jobId": "listed-1"},
               "configuration": {"query": {"query": CUSTOMERS, "useLegacySql": False}}}
        a = self.rest(jobs, "POST", job)
        self.assertIn("jobReference", a, a)
        # the same workload, but a person: another principal
        source, cred = W.path("home", "list.jwt"), W.path("home", "list.json")
        for path, text in ((source, W.oidc_token("--sub", "list@example.test", "--groups", "dev")),
                           (cred, json.dumps({
                               "type": "external_account", "audience": "//iam.googleapis.com/x",
                               "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                               "token_url": "https://sts.googleapis.com/v1/token",
                               "credential_source": {"file": source}}))):
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, 0o644)
        theirs = "SELECT 1 AS listed_by_somebody_else"
        a = W.query(theirs, env={"GOOGLE_APPLICATION_CREDENTIALS": cred})
        self.assertTrue(a["ok"], a)

        a = self.rest(jobs + "?projection=full&allUsers=false&maxResults=1000")
        mine = [j for j in a["jobs"] if j["jobReference"]["jobId"] == "listed-1"]
        self.assertEqual(len(mine), 1, a)
        self.assertEqual(mine[0]["configuration"]["query"]["query"], CUSTOMERS)
        self.assertNotIn("listed_by_somebody_else", json.dumps(a))
        # held jobs are called sallyport_…: that name is their owner's to know
        for word in ("sallyport_session", "sallyport_workload", "salt", "REPLACE", "gateway@",
                     "user_email", "[redacted]"):
            self.assertNotIn(word, json.dumps(a), word)
        self.assertIn(["maxResults", "100"], W.journal()[-1]["query"])
        self.assertIn("allUsers", message(self.rest(jobs + "?allUsers=true")))
        self.assertEqual(self.rest(jobs + "?parentJobId=listed-1").get("jobs", []), [])

    def test_bq_lists_and_shows_ones_own_jobs(self):
        job = {"jobReference": {"projectId": "acme-prod", "jobId": "shown-1"},
               "configuration": {"query": {"query": CUSTOMERS, "useLegacySql": False}}}
        self.assertIn("jobReference", self.rest("/bigquery/v2/projects/acme-prod/jobs", "POST", job))
        for mode, what in (("jobs", "acme-prod"), ("job", "shown-1")):
            p = W.agent([W.client("bq.sh"), "--mode", mode, what])
            if p.returncode == 77:
                self.skipTest(p.stderr.strip())
            self.assertEqual(p.returncode, 0, p.stdout + p.stderr)
            self.assertIn("shown-1", p.stdout)
            self.assertNotIn("sallyport_session", p.stdout)
            self.assertNotIn("REPLACE", p.stdout)
            self.assertNotIn("gateway@", p.stdout)
        self.assertIn(CUSTOMERS, p.stdout)

    def test_the_same_job_id_in_another_place_is_another_job(self):
        job = {"jobReference": {"projectId": "acme-prod", "jobId": "placed-1"},
               "configuration": {"query": {"query": "SELECT 1 AS one", "useLegacySql": False}}}
        a = self.rest("/bigquery/v2/projects/acme-prod/jobs", "POST", job)
        place = a["jobReference"]["location"]
        for kind in ("jobs", "queries"):
            path = f"/bigquery/v2/projects/acme-prod/{kind}/placed-1"
            before = len(W.journal())
            a = self.rest(path + "?location=asia-east1")
            self.assertEqual(a["error"]["code"], 404, a)
            self.assertIn("job.not-found", message(a))
            self.assertEqual(len(W.journal()), before, "Google is not asked")
            self.assertNotIn("error", self.rest(path + "?location=" + place.lower()))
            self.assertNotIn("error", self.rest(path))
            self.assertIn(["location", place], W.journal()[-1]["query"])

    def test_a_job_id_that_is_taken_is_not_taken_over(self):
        job = {"jobReference": {"projectId": "acme-prod", "jobId": "mine-2"},
               "configuration": {"query": {"query": "SELECT 1", "useLegacySql": False}}}
        first = self.rest("/bigquery/v2/projects/acme-prod/jobs", "POST", job)
        self.assertIn("jobReference", first, first)
        again = self.rest("/bigquery/v2/projects/acme-prod/jobs", "POST", job)
        self.assertEqual(again["error"]["code"], 409)

    def test_lists_hold_only_what_is_granted(self):
        a = self.rest("/bigquery/v2/projects")
        self.assertEqual([p["id"] for p in a["projects"]], ["acme-prod"])
        a = self.rest("/bigquery/v2/projects/acme-prod/datasets")
        self.assertEqual(sorted(d["datasetReference"]["datasetId"] for d in a["datasets"]),
                         ["analytics", "crm", "shop"])

    def test_the_forms_of_threat_catalogue_4_2_are_refused_with_a_clear_answer(self):
        q = "/bigquery/v2/projects/acme-prod/queries"
        body = {"query": "SELECT 1", "useLegacySql": False}
        for path, method, b, headers, word in (
                (q, "POST", body, ["X-HTTP-Method-Override: DELETE"], "x-http-method-override"),
                (q + "?access_token=x", "POST", body, [], "access_token"),
                (q + "?alt=media", "POST", body, [], "alt"),
                (q, "POST", dict(body, useLegacySql=True), [], "useLegacySql"),
                (q, "POST", dict(body, createSession=True), [], "createSession"),
                (q, "POST", dict(body, frobnicate=1), [], "frobnicate"),
                (q, "POST", {"query": "SELECT 1", "use_legacy_sql": False}, [], "use_legacy_sql"),
                ("/bigquery/v2/projects/acme-prod/datasets/crm%2f..%2fx", "GET", None, [], "request."),
                ("/bigquery/v2/projects/acme-prod//datasets", "GET", None, [], "request."),
                ("/upload/bigquery/v2/projects/acme-prod/jobs", "POST", {}, [], "bigquery.upload"),
                ("/batch/bigquery/v2", "POST", {}, [], "bigquery.batch"),
                ("/mcp", "POST", {}, [], "bigquery.mcp"),
                ("/bigquery/v2/projects/acme-prod/datasets/crm/tables/orders:setIamPolicy", "POST", {}, [],
                 "setIamPolicy"),
                ("/bigquery/v2/projects/acme-prod/datasets/crm/tables/orders", "DELETE", None, [],
                 "no-drops")):
            a = self.rest(path, method, b, headers)
            self.assertIn("error", a, path)
            self.assertIn(a["error"]["code"], (400, 403, 404), (path, a))
            self.assertIn(word.lower(), a["error"]["message"].lower(), path)


class Identity(unittest.TestCase):
    def test_a_person_signed_in_by_token_exchange_is_seen_by_the_policy(self):
        source = W.path("home", "oidc.jwt")
        with open(source, "w") as f:
            f.write(W.oidc_token("--sub", "ann@example.test", "--groups", "finance,dev"))
        os.chmod(source, 0o644)
        cred = W.path("home", "external.json")
        with open(cred, "w") as f:
            json.dump({"type": "external_account", "audience": "//iam.googleapis.com/x",
                       "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                       "token_url": "https://sts.googleapis.com/v1/token",
                       "credential_source": {"file": source}}, f)
        os.chmod(cred, 0o644)
        a = W.query("SELECT 1 AS one", env={"GOOGLE_APPLICATION_CREDENTIALS": cred})
        self.assertTrue(a["ok"], a)
        shown = W.ctl("sessions", "list", "--store", W.store()).stdout
        self.assertIn("ann@example.test", shown)
        a = W.query("SELECT * FROM hr.salaries", env={"GOOGLE_APPLICATION_CREDENTIALS": cred})
        self.assertTrue(a["ok"], a)
        a = W.query("SELECT * FROM hr.salaries")
        self.assertRegex(message(a), "policy.(person-required|no-rule)")

    def test_an_issuer_whose_keys_are_discovered_is_verified_too(self):
        for alg in ("RS256", "ES256"):
            token = W.oidc_token("--iss", w.DISCOVERED, "--sub", "bob@example.test", "--alg",
                                 alg, "--kid", "test-" + alg.lower(), "--key",
                                 W.path("pki", f"oidc-{alg.lower()}.key"))
            p = W.agent(["curl", "-sS", "--max-time", "10", "https://sts.googleapis.com/v1/token", "-d",
                         "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", "-d",
                         "subject_token_type=urn:ietf:params:oauth:token-type:jwt",
                         "--data-urlencode", "subject_token=" + token])
            self.assertIn("access_token", p.stdout, p.stderr)

    def test_an_expired_or_foreign_oidc_token_gives_no_access(self):
        for options in (["--exp-in=-600"], ["--iss", "https://evil.example"],
                        ["--aud", "other"]):
            token = W.oidc_token(*options)
            p = W.agent(["curl", "-sS", "--max-time", "10", "https://sts.googleapis.com/v1/token", "-d",
                         "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", "-d",
                         "subject_token_type=urn:ietf:params:oauth:token-type:jwt",
                         "--data-urlencode", "subject_token=" + token])
            self.assertNotIn("access_token", p.stdout, options)
            self.assertIn("error", p.stdout, p.stderr)

    def test_a_foreign_google_credential_is_refused_and_never_forwarded(self):
        before = len(W.journal())
        p = W.agent(["curl", "-sS", "--max-time", "10", "-H", "Authorization: Bearer ya29.somebody-elses",
                     "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/datasets"])
        self.assertIn("identity.foreign-credential", p.stdout, p.stderr)
        self.assertEqual(len(W.journal()), before)

    def test_a_token_is_worth_nothing_in_another_cgroup(self):
        p = W.agent(["curl", "-sS", "--max-time", "10", "-H", "Metadata-Flavor: Google",
                     "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/"
                     "default/token"])
        token = json.loads(p.stdout)["access_token"]
        url = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/datasets/crm"
        p = W.agent(["curl", "-sS", "--max-time", "10", "-H", "Authorization: Bearer " + token, url])
        self.assertNotIn('"kind": "bigquery#dataset"', p.stdout)
        p = W.outside(["curl", "-sSk", "--max-time", "10", "-H", "Authorization: Bearer " + token, url])
        self.assertIn("401", p.stdout, "Google itself does not know it either")


class Approving(unittest.TestCase):
    UPDATE = "UPDATE crm.orders SET status = 'refunded' WHERE id = %d"

    def held(self, sql, *options, **kw):
        p = W.agent_start(["node", W.client("node/query.js"), *options, sql], **kw)
        path, approval = W.wait_approval()
        return p, path, approval

    def end(self, p):
        out, err = p.communicate(timeout=60)
        W.heard(out + err)
        return json.loads(out) if out.strip() else self.fail(err)

    def status(self, order):
        a = W.query(f"SELECT status FROM crm.orders WHERE id = {order}")
        return a["rows"][0]["status"]

    def test_an_update_waits_for_a_person_and_runs_once_approved_through_busctl(self):
        p, path, a = self.held(self.UPDATE % 1001)
        self.assertEqual(a["Sql"], self.UPDATE % 1001)
        self.assertEqual(a["Workload"], "ci-agents")
        self.assertNotEqual(self.status(1001), "refunded", "not before it is approved")
        W.busctl("call", "dev.sallyport.Sallyport1", path,
                 "dev.sallyport.Sallyport1.Approval", "Approve", "s", "ticket 42")
        a = self.end(p)
        self.assertTrue(a["ok"], a)
        self.assertEqual(self.status(1001), "refunded")
        again = W.busctl("call", "dev.sallyport.Sallyport1", path,
                         "dev.sallyport.Sallyport1.Approval", "Approve", "s", "x", check=False)
        self.assertNotEqual(again.returncode, 0)
        updates = [j for j in W.journal() if "refunded" in json.dumps(j) and "1001" in
                   json.dumps(j) and j["method"] == "POST"]
        self.assertEqual(len(updates), 1, "an approval is good for one request")

    def test_who_approves_reads_the_statement_that_a_constant_runs(self):
        sql = self.UPDATE % 1002
        p, path, a = self.held('EXECUTE IMMEDIATE "%s"' % "".join("\\x%02x" % ord(c) for c in sql))
        self.assertEqual(a["Sql"], sql)
        W.ctl("approvals", "deny", os.path.basename(path), "--reason", "test over")
        self.end(p)

    def test_a_denied_update_tells_the_client_who_and_why_and_never_reaches_google(self):
        p, path, _ = self.held(self.UPDATE % 1002, "--mode", "job")
        W.ctl("approvals", "deny", os.path.basename(path), "--reason", "wrong customer")
        a = self.end(p)
        self.assertFalse(a["ok"])
        self.assertIn("wrong customer", message(a))
        self.assertNotEqual(self.status(1002), "refunded")

    def test_the_one_who_asked_cannot_approve(self):
        p, path, _ = self.held(self.UPDATE % 1003)
        for argv in (["busctl", f"--address=unix:path={W.path('bus')}", "call",
                      "dev.sallyport.Sallyport1", path,
                      "dev.sallyport.Sallyport1.Approval", "Approve", "s", "me"],):
            r = W.agent(argv)
            self.assertNotEqual(r.returncode, 0)
            r = W.run(["setpriv", "--reuid=65534", "--clear-groups", *argv], check=False)
            self.assertNotEqual(r.returncode, 0)
        self.assertTrue(W.approvals())
        W.ctl("approvals", "deny", os.path.basename(path), "--reason", "test over")
        self.end(p)

    def test_a_held_request_outlives_the_worker_that_holds_it(self):
        p, path, _ = self.held(self.UPDATE % 1005)
        for pid in W.pids("worker"):
            os.kill(pid, signal.SIGKILL)
        w.wait_for("new workers", lambda: W.query("SELECT 1 AS one")["ok"], 30)
        W.ctl("approvals", "approve", os.path.basename(path), "--reason", "after the crash")
        a = self.end(p)
        self.assertTrue(a["ok"], a)
        self.assertEqual(self.status(1005), "refunded")

    def test_one_session_cannot_flood_the_people_who_approve(self):
        loop = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/"
                "v1/instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');"
                "for i in $(seq 18); do curl -sS --max-time 10 -H \"Authorization: Bearer $T\" "
                "-H 'Content-Type: application/json' -d '{\"timeoutMs\":1,\"query\":\"UPDATE crm.orders "
                "SET status = \\\"x\\\" WHERE id = '$i'\",\"useLegacySql\":false}' "
                "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/queries; echo; done")
        p = W.agent(["sh", "-c", loop])
        answers = p.stdout.strip().split("\n")
        self.assertEqual([a for a in answers[:16] if "jobComplete" not in a], [])
        for a in answers[16:]:
            self.assertEqual(json.loads(a)["error"]["code"], 403, a)
            self.assertIn("approval.refused", a)
        for path in list(W.approvals()):
            W.ctl("approvals", "deny", os.path.basename(path), "--reason", "test over")

    def test_a_held_job_that_its_client_cancels_can_never_run(self):
        api = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod"
        ask = json.dumps({"timeoutMs": 1, "useLegacySql": False, "query": self.UPDATE % 1008})
        ask = ask.replace("'", "\\u0027")  # it stands in quotes of the shell's
        script = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/"
                  "v1/instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');"
                  "c() { curl -sS --max-time 20 -H \"Authorization: Bearer $T\" "
                  "-H 'Content-Type: application/json' \"$@\"; };"
                  f"a=$(c -d '{ask}' {api}/queries); echo \"$a\" | tr -d '\\n'; echo;"
                  "j=$(echo \"$a\" | tr -d '\\n' | sed 's/.*\"jobId\": *\"\\([^\"]*\\).*/\\1/');"
                  f"c -X POST {api}/jobs/$j/cancel | tr -d '\\n'; echo; c {api}/jobs/$j | tr -d '\\n'")
        p = W.agent(["sh", "-c", script])
        asked, cancelled, job = (json.loads(a) for a in p.stdout.strip().split("\n"))
        self.assertFalse(asked["jobComplete"])
        self.assertEqual(cancelled["job"]["status"]["state"], "DONE", cancelled)
        self.assertIn("approval.withdrawn", json.dumps(job["status"]["errorResult"]))
        self.assertEqual(W.approvals(), {}, "nobody is asked any more")
        self.assertNotEqual(self.status(1008), "refunded")

    def test_a_job_id_that_waits_for_a_person_is_not_used_meanwhile(self):
        api = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/jobs"
        ask = json.dumps({"jobReference": {"projectId": "acme-prod", "jobId": "waits-1"},
                          "configuration": {"query": {"query": self.UPDATE % 1010, "useLegacySql": False}}})
        argv = ["sh", "-c", "T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/"
                "v1/instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');"
                "curl -sS --max-time 20 -H \"Authorization: Bearer $T\" "
                "-H 'Content-Type: application/json' -d \"$1\" \"$0\"", api, ask]
        self.assertIn("PENDING", W.agent(argv).stdout)
        before = len(W.journal())
        with W.changed_policy(('    resources: ["acme-prod.crm.orders"]\n    verdict: approve',
                               '    resources: ["acme-prod.crm.orders"]\n    verdict: allow')):
            again = json.loads(W.agent(argv).stdout)
        self.assertIn("job.duplicate", again["error"]["message"])
        self.assertFalse([j for j in W.journal()[before:] if "refunded" in json.dumps(j)])
        for path in list(W.approvals()):
            W.ctl("approvals", "deny", os.path.basename(path), "--reason", "test over")
        self.assertNotEqual(self.status(1010), "refunded")

    def test_what_has_no_job_to_wait_with_does_not_pass_unapproved(self):
        url = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/datasets/crm/tables/orders"
        get = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/instance/"
               "service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');"
               f"curl -sS --max-time 20 -H \"Authorization: Bearer $T\" {url}")
        self.assertIn('"tableReference"', W.agent(["sh", "-c", get]).stdout, "allowed, it passes")
        ask = ("  # Scratch space.",
               "  - name: ask-metadata\n    workloads: [ci-agents]\n    actions: [bigquery.tables.get]\n"
               '    resources: ["acme-prod.crm.orders"]\n    verdict: approve\n  # Scratch space.')
        with W.changed_policy(("bigquery.tables.get, ", ""), ask):
            p = W.agent(["sh", "-c", get])
        self.assertIn("approval.no-job", p.stdout)
        self.assertNotIn("tableReference", p.stdout)
        self.assertEqual(W.approvals(), {})

    def test_a_request_nobody_decides_expires_and_says_so(self):
        with W.changed_policy(("timeout: 10m", "timeout: 10s")):
            a = W.query(self.UPDATE % 1006)
        self.assertIn("approval.expired", message(a))
        self.assertNotEqual(self.status(1006), "refunded")

    def test_masked_columns_in_a_held_statement_are_masked_when_it_runs(self):
        sql = ("MERGE crm.orders o USING (SELECT id, email FROM crm.customers) c "
               "ON o.customer_id = c.id AND o.id = 1004 "
               "WHEN MATCHED THEN UPDATE SET status = c.email")
        p, path, a = self.held(sql)
        self.assertIn("acme-prod.crm.customers.email", a["Masked"])
        W.busctl("call", "dev.sallyport.Sallyport1", path,
                 "dev.sallyport.Sallyport1.Approval", "Approve", "s", "")
        a = self.end(p)
        self.assertTrue(a["ok"], a)
        self.assertNotIn("@", self.status(1004))


class NoWayRound(unittest.TestCase):
    def test_raw_addresses_ipv6_and_no_proxy_end_at_the_daemon(self):
        url = "https://bigquery.googleapis.com/bigquery/v2/projects"
        control = W.outside(["curl", "-sSk", "--max-time", "10", url])
        self.assertIn("Request is missing required", control.stdout + control.stderr, "the probe works outside")
        for name, argv in {
                "raw address, own Host": ["-k", "-H", "Host: bigquery.googleapis.com",
                                          f"https://{w.GOOGLE4}/bigquery/v2/projects"],
                "IPv6": ["-6", url], "no proxy": ["--noproxy", "*", url],
                "v4-mapped": ["-k", "--resolve", f"bigquery.googleapis.com:443:[::ffff:{w.GOOGLE4}]", url],
        }.items():
            before = len(W.journal())
            W.agent(["curl", "-sS", "--max-time", "10", *argv])
            self.assertEqual(len(W.journal()), before, name)

    def test_udp_and_the_metadata_server_are_not_reached(self):
        probe = ("import socket,sys\n"
                 "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                 f"s.sendto(b'x',('{w.GOOGLE4}',443))\n")
        self.assertEqual(W.outside(["/usr/bin/python3", "-c", probe]).returncode, 0)
        p = W.agent(["/usr/bin/python3", "-c", probe])
        self.assertIn("PermissionError", p.stderr)

    def test_another_host_name_is_refused_by_name(self):
        before = len(W.journal())
        for name in ("storage.googleapis.com", "example.com"):
            p = W.agent(["curl", "-sS", "--max-time", "10", f"https://{name}/"])
            self.assertNotIn("Sallyport stand-in", p.stdout)
        self.assertEqual(len(W.journal()), before)

    def test_host_that_differs_from_the_sni_is_refused(self):
        p = W.agent(["curl", "-sS", "--max-time", "10", "-H", "Host: storage.googleapis.com",
                     "https://bigquery.googleapis.com/bigquery/v2/projects"])
        self.assertIn("sni-mismatch", p.stdout)

    def test_other_ports_are_closed_but_for_those_that_the_settings_open(self):
        for port, inside in ((8080, "Operation not permitted"), (8081, "Connection refused")):
            argv = ["bash", "-c", f"exec 3<>/dev/tcp/{w.GOOGLE4}/{port}"]
            self.assertIn(inside, W.agent(argv).stderr, port)
            self.assertIn("Connection refused", W.outside(argv).stderr, port)

    def test_a_direct_connection_to_the_listener_is_closed(self):
        p = W.outside(["curl", "-sSk", "--max-time", "10", "--resolve", "bigquery.googleapis.com:844:127.0.0.1",
                       "https://bigquery.googleapis.com:844/"])
        self.assertNotEqual(p.returncode, 0)


class RealClients(unittest.TestCase):
    SQL = "SELECT id, name, ssn FROM crm.customers WHERE id = 1"

    def check(self, argv):
        p = W.agent(argv)
        if p.returncode == 77:
            self.skipTest(p.stderr.strip())
        self.assertIn("[redacted]", p.stdout, p.stderr)
        self.assertNotIn(RAW_SSN, p.stdout)

    def test_the_go_client_reads_masked_rows(self):
        build = W.path("home", "go-query")
        p = W.run([W.client("go/build.sh"), build], check=False, timeout=120,
                  env=W.env(HOME=W.path("home")))
        if p.returncode == 77:
            self.skipTest(p.stderr.strip())
        self.check([build, self.SQL])

    def test_the_python_client_reads_masked_rows(self):
        self.check(["/usr/bin/python3", W.client("python/query.py"), self.SQL])

    def test_bq_reads_masked_rows(self):
        self.check([W.client("bq.sh"), self.SQL])


class Previewing(unittest.TestCase):
    """Rows without SQL: nothing can be rewritten, so they are masked on the way back."""

    DATA = "/bigquery/v2/projects/acme-prod/datasets/%s/tables/%s/data%s"

    def rest(self, path):
        return Owning.rest(self, path)

    def records(self):
        listed = W.ctl("sessions", "list", "--store", W.store()).stdout.splitlines()[1:]
        return "".join(W.ctl("sessions", "show", line.split()[0], "--store",
                             W.store()).stdout for line in listed)

    def preview(self, table, query="", dataset="crm"):
        return self.rest(self.DATA % (dataset, table, query))

    def test_a_preview_shows_what_a_select_of_the_same_session_shows(self):
        body = {"query": "SELECT * FROM crm.customers ORDER BY id", "useLegacySql": False}
        argv = ["sh", "-c", "T=$(curl -sS -H 'Metadata-Flavor: Google' "
                "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
                " | sed 's/.*access_token\\\":\\\"\\([^\\\"]*\\).*/\\1/');"
                "curl -sS --max-time 20 -H \"Authorization: Bearer $T\" \"$0$1\"; echo;"
                "curl -sS --max-time 20 -H \"Authorization: Bearer $T\" "
                "-H 'Content-Type: application/json' -d \"$3\" \"$0$2\"",
                "https://bigquery.googleapis.com", self.DATA % ("crm", "customers", ""),
                "/bigquery/v2/projects/acme-prod/queries", json.dumps(body)]
        preview, select = map(json.loads, W.agent(argv).stdout.splitlines())
        self.assertEqual(len(preview["rows"]), 12, preview)
        self.assertEqual(sorted(preview["rows"], key=lambda r: int(r["f"][0]["v"])),
                         select["rows"], "hashes and all, cell by cell")

    def test_the_node_client_reads_a_table_masked(self):
        preview = W.query("crm.customers", "--mode", "rows")
        self.assertTrue(preview["ok"], preview)
        self.assertEqual(len(preview["rows"]), 12)
        self.assertEqual({r["ssn"] for r in preview["rows"]}, {"[redacted]"})
        self.assertNotIn("@", json.dumps(preview))

    def test_a_table_without_protected_columns_is_untouched(self):
        preview = W.query("crm.orders", "--mode", "rows")
        select = W.query("SELECT * FROM crm.orders ORDER BY id")
        self.assertTrue(preview["ok"], preview)
        self.assertEqual(sorted(preview["rows"], key=lambda r: r["id"]), select["rows"])

    def test_pages_have_every_row_once_and_masked(self):
        # in one session, as a page token is good for no other
        script = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
                  "instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');"
                  "t=; while :; do a=$(curl -sS --max-time 20 -H \"Authorization: Bearer $T\" \"$0$t\");"
                  "echo \"$a\"; case $a in *pageToken*) ;; *) break ;; esac;"
                  "t=\"&pageToken=$(echo \"$a\" | sed 's/.*pageToken\":\"\\([^\"]*\\).*/\\1/')\"; done")
        p = W.agent(["sh", "-c", script, "https://bigquery.googleapis.com" +
                     self.DATA % ("crm", "customers", "?maxResults=5")])
        pages = [json.loads(line) for line in p.stdout.splitlines()]
        rows = [r for a in pages for r in a["rows"]]
        self.assertEqual(len(pages), 3)
        self.assertEqual(len({r["f"][0]["v"] for r in rows}), 12)
        self.assertEqual({r["f"][3]["v"] for r in rows}, {"[redacted]"})

    def test_selected_fields_are_masked_in_whatever_order_they_are_asked_for(self):
        for fields in ("ssn,id,phone", "phone,ssn,id", "ID,Phone,SSN,id"):
            a = self.preview("customers", "?selectedFields=" + fields)
            self.assertEqual([len(r["f"]) for r in a["rows"]], [3] * 12, a)
            self.assertEqual({r["f"][1]["v"] for r in a["rows"]}, {"[redacted]"})
            self.assertTrue(all(r["f"][2]["v"].startswith("***") for r in a["rows"]))
        a = self.preview("customers", "?selectedFields=id,nothing")
        self.assertEqual(a["error"]["code"], 400)
        self.assertIn("mask.selected-fields", message(a))

    def test_a_table_no_rule_speaks_of_and_hidden_ones_are_refused(self):
        self.assertIn("policy.", message(self.preview("salaries", dataset="hr")))
        self.assertIn("policy.no-rule", message(self.preview("t", dataset="secret")))
        a = self.preview("anon1", dataset="_results")
        self.assertIn("table.not-own", message(a))
        self.assertEqual(a["error"]["code"], 404)

    def test_a_preview_is_recorded_with_what_was_masked(self):
        a = self.preview("customers", "?maxResults=1&selectedFields=ssn,city")
        self.assertEqual(len(a["rows"]), 1)
        shown = self.records()
        self.assertIn("bigquery.tabledata.list", shown)
        self.assertIn("acme-prod.crm.customers.ssn", shown)
        self.assertNotIn(RAW_SSN, shown)

    def test_bq_head_shows_masked_rows(self):
        p = W.agent([W.client("bq.sh"), "--mode", "head", "crm.customers"])
        if p.returncode == 77:
            self.skipTest(p.stderr.strip())
        self.assertIn("[redacted]", p.stdout, p.stderr)
        self.assertNotIn(RAW_SSN, p.stdout)

    def test_the_go_client_reads_a_table_masked(self):
        build = W.path("home", "go-query")
        if not os.path.exists(build):
            p = W.run([W.client("go/build.sh"), build], check=False, timeout=120,
                      env=W.env(HOME=W.path("home")))
            if p.returncode == 77:
                self.skipTest(p.stderr.strip())
        p = W.agent([build, "-table", "crm.customers"])
        self.assertIn("[redacted]", p.stdout, p.stderr)
        self.assertNotIn(RAW_SSN, p.stdout)


class Recording(unittest.TestCase):
    def test_a_session_can_be_replayed_as_it_happened(self):
        W.query("SELECT id, ssn FROM crm.customers WHERE id = 2")
        sessions = json.loads(W.ctl("sessions", "list", "--json", "--store", W.store()).stdout)
        self.assertTrue(sessions)
        shown = ""
        for line in W.ctl("sessions", "list", "--store", W.store()).stdout.splitlines()[1:]:
            shown += W.ctl("sessions", "replay", line.split()[0], "--no-wait", "--store",
                           W.store()).stdout
        self.assertIn("SELECT id, ssn FROM crm.customers WHERE id = 2", shown)
        self.assertIn("[redacted]", shown)
        answers = [x for x in shown.splitlines() if not x.startswith("    | ")]
        self.assertNotIn(RAW_SSN, "\n".join(answers), "but in what the agent asked")

    def touched(self, column):
        return [(r["verdict"], r["column"], r["how"], r["masked"]) for r in
                json.loads(W.ctl("sessions", "columns", "--column", column, "--json", "--store",
                                 W.store()).stdout)["columns"]]

    def test_the_records_answer_who_touched_a_column_and_how(self):
        ssn, by = "acme-prod.crm.customers.ssn", "redact by policy.yaml#ssn"
        self.assertTrue(W.query("SELECT CONCAT(ssn, '!') AS touched_1, id AS touched_2 "
                                "FROM crm.customers ORDER BY email")["ok"])
        self.assertTrue(W.query("SELECT id FROM crm.customers WHERE ssn = 'touched_3'")["ok"])
        before = self.touched("crm.customers.ssn")
        self.assertTrue(W.query("crm.customers", "--mode", "rows")["ok"])
        rows = self.touched("crm.customers.ssn")
        self.assertIn(("allow", ssn, "reaches touched_1", by), rows)
        self.assertIn(("allow", ssn, "decides rows", by), rows)
        self.assertEqual(rows[len(before):], [("allow", ssn, "preview", by)])
        self.assertIn(("allow", "acme-prod.crm.customers.email", "decides rows",
                       "hash by policy.yaml#email"), self.touched("*.*.customers.email"))
        self.assertNotIn("touched_2", str(self.touched("*.*.*.*")))
        exempt = ("mask: redact", "mask: redact\n    except: { workloads: [ci-agents] }")
        with W.changed_policy(exempt):
            self.assertTrue(W.query("SELECT COUNT(DISTINCT ssn) AS touched_4 "
                                    "FROM crm.customers")["ok"])
        self.assertIn(("allow", ssn, "reaches touched_4",
                       "not masked: policy.yaml#ssn exempts them"),
                      self.touched("crm.customers.ssn"))
        W.query("SELECT ssn AS touched_5 FROM crm.customers WHERE nothing = 1")
        self.assertTrue(any(how.startswith("not known: ") and mask == by
                            for _v, _c, how, mask in self.touched("crm.customers.ssn")))

    def test_audit_verify_finds_a_flipped_byte_in_a_copy(self):
        p = W.ctl("audit", "verify", "--store", W.store())
        self.assertIn("intact", p.stdout)
        copy = W.path("copy")
        W.run(["cp", "-r", W.store(), copy])
        flipped = flip_a_byte(copy)
        p = W.ctl("audit", "verify", "--store", copy, check=False)
        self.assertNotEqual(p.returncode, 0, f"{flipped}: {p.stdout}")


def flip_a_byte(store, needle=b'"type":"request"'):
    """In the newest file that holds a record in the clear: one bit of one record."""
    names = sorted(os.listdir(store), key=lambda n: -os.path.getmtime(os.path.join(store, n)))
    for name in names:
        if not name.endswith((".log", ".sst")):
            continue
        path = os.path.join(store, name)
        with open(path, "r+b") as f:
            data = f.read()
            at = data.find(needle)
            if at >= 0:
                f.seek(at + 3)
                f.write(bytes([data[at + 3] ^ 1]))
                return name
    raise AssertionError("no record was found in the copy")


class Surviving(unittest.TestCase):
    """Last by name order of unittest's loader is not needed: each test leaves a live daemon."""

    def test_a_killed_worker_comes_back_and_loses_no_record(self):
        self.kill("worker")

    def test_a_killed_recorder_comes_back_and_nothing_passed_unrecorded(self):
        self.kill("recorder")

    def kill(self, role):
        ends = []
        p = W.agent_start(["node", W.client("node/query.js"), CUSTOMERS])
        for pid in W.pids(role):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ends.append(p.communicate(timeout=60))
        w.wait_for("a working daemon", lambda: W.query("SELECT 1 AS one")["ok"], 30)
        self.assertIn("intact", W.ctl("audit", "verify", "--store", W.store()).stdout)
        self.everything_sent_was_recorded()

    def everything_sent_was_recorded(self):
        sent = [j for j in W.journal() if j["method"] == "POST" and "/queries" in j["path"]]
        listed = W.ctl("sessions", "list", "--store", W.store()).stdout.splitlines()[1:]
        recorded = "".join(W.ctl("sessions", "show", line.split()[0], "--store",
                                 W.store()).stdout for line in listed)
        self.assertGreaterEqual(recorded.count("bigquery.jobs.query"), len(sent))

    def test_with_the_daemon_dead_connections_fail_and_it_comes_back(self):
        before = len(W.journal())
        os.kill(W.children["sallyportd"].pid, signal.SIGKILL)
        W.children["sallyportd"].wait()
        del W.children["sallyportd"]
        code = W.run(["sh", "-c", f"echo $$ > {W.cgroup}/agents.slice/cgroup.procs; "
                      "exec curl -sSk --max-time 5 https://bigquery.googleapis.com/bigquery/v2/projects"],
                     check=False)
        self.assertNotEqual(code.returncode, 0, code.stdout)
        self.assertEqual(len(W.journal()), before)
        W.start_daemon()
        self.assertTrue(W.query("SELECT 1 AS one")["ok"])
        self.assertIn("intact", W.ctl("audit", "verify", "--store", W.store()).stdout)

    NO_SHOP = ('"acme-prod.shop.*", ', "")

    def test_a_policy_reload_takes_effect_and_a_bad_one_keeps_the_old(self):
        with W.changed_policy(self.NO_SHOP) as path:
            self.assertEqual(W.ctl("policy", "check", W.path("policy")).returncode, 0)
            self.assertIn("policy.no-rule", message(W.query("SELECT * FROM shop.products")))
            with open(path, "a") as f:
                f.write("\nrulez: []\n")
            p = W.reload_policy(check=False)
            self.assertNotEqual(p.returncode, 0)
            self.assertIn("policy.yaml:", p.stderr)
            self.assertIn("policy.no-rule", message(W.query("SELECT * FROM shop.products")))
        self.assertTrue(W.query("SELECT * FROM shop.products")["ok"])

    def test_in_observe_mode_the_denied_passes_recorded_and_still_masked(self):
        with W.changed_policy(("mode: enforce", "mode: observe"), self.NO_SHOP):
            a = W.query("SELECT * FROM shop.products")
            self.assertTrue(a["ok"], a)
            a = W.query("SELECT ssn FROM crm.customers")
            self.assertEqual({r["ssn"] for r in a["rows"]}, {"[redacted]"})
            self.assertIn("mask.", message(W.query("CREATE TABLE analytics.c3 CLONE crm.customers")),
                          "what cannot be masked does not pass")
        last = W.ctl("sessions", "list", "--store", W.store()).stdout.splitlines()[1:]
        shown = "".join(W.ctl("sessions", "show", x.split()[0], "--store", W.store()).stdout
                        for x in last[-3:])
        self.assertIn("deny (only observed)", shown)

    def test_roles_killed_under_load_let_nothing_pass_unrecorded_and_lose_no_record(self):
        stop = W.path("home", "stop")
        loop = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/"
                "v1/instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');"
                f"for i in $(seq 3000); do [ -e {stop} ] && break; curl -sS --max-time 10 -o /dev/null -w '%{{http_code}}\\n' "
                "-H \"Authorization: Bearer $T\" -H 'Content-Type: application/json' "
                "-d '{\"query\":\"SELECT * FROM shop.products\",\"useLegacySql\":false}' "
                "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/queries; done")
        before = self.sent()
        load = [W.agent_start(["sh", "-c", loop]) for _ in range(2)]
        for role in ("worker", "recorder", "worker", "recorder", "worker"):
            w.wait_for("load", lambda: self.sent() > before + 4)
            before = self.sent()
            for pid in W.pids(role)[:1]:
                os.kill(pid, signal.SIGKILL)
        w.wait_for("load", lambda: self.sent() > before + 4)
        open(stop, "w").close()
        codes = "".join(p.communicate(timeout=120)[0] for p in load).split()
        self.assertGreater(codes.count("200"), 20, codes)
        self.assertTrue(set(codes) <= {"200", "503", "000"}, set(codes))
        self.assertIn("intact", W.ctl("audit", "verify", "--store", W.store()).stdout)
        self.everything_sent_was_recorded()

    def sent(self):
        return len([j for j in W.journal() if j["method"] == "POST" and "/queries" in j["path"]])

    def test_a_store_without_room_stops_everything_with_503_and_comes_back_by_itself(self):
        before = len(W.journal())
        with W.full_disk():
            a = W.query("SELECT 1 AS one", env={"GOOGLE_SDK_NODE_LOGGING": ""}, timeout=120)
            self.assertFalse(a["ok"])
            self.assertEqual(a["error"]["code"], 503)
            self.assertFalse([j for j in W.journal()[before:] if "/queries" in j["path"]])
        w.wait_for("room again", lambda: W.query("SELECT 1 AS one", timeout=120)["ok"], 60)
        self.assertIn("intact", W.ctl("audit", "verify", "--store", W.store()).stdout)


class ZSecrets(unittest.TestCase):
    """Runs last: searches everything that the run left."""

    def test_no_secret_and_no_protected_value_is_where_it_must_not_be(self):
        with open(W.path("pki", "demo-sa.json")) as f:
            key = json.load(f)["private_key"].split("\n")[1]
        with open(os.path.join(w.TOP, "sandbox", "demo-data.json")) as f:
            table = json.load(f)["tables"]["acme-prod.crm.customers"]
        names = [c["name"] for c in table["schema"]]
        raw = [row[names.index(c)] for row in table["rows"] for c in ("ssn", "email")]
        with open(W.path("metrics.log"), "w") as f:
            f.write(W.ctl("metrics").stdout + W.ctl("status", "--json").stdout)
        with open(W.path("memory.log"), "w") as f:
            for role in ("worker", "recorder"):
                for pid in W.pids(role):
                    for name in ("cmdline", "environ"):
                        with open(f"/proc/{pid}/{name}", errors="replace") as g:
                            f.write(g.read())
        W.stop("sallyportd")
        secrets = [key, *[r for r in raw if r]]
        asked = "\n".join(self.sql_of_the_tests())
        for path in self.everything():
            with open(path, "rb") as f:
                data = f.read()
            for secret in secrets:
                if secret in asked:  # an agent's own text may name what it guesses
                    continue
                self.assertNotIn(secret.encode(), data, path)
        self.start_again()

    def sql_of_the_tests(self):
        with open(os.path.abspath(__file__)) as f:
            yield f.read()
        yield RAW_SSN

    def everything(self):
        """Logs, records, metrics, the stand-in's journal, runtime files; not keys and data."""
        for top in (W.path("state", "records"), W.path("run")):
            for d, _dirs, files in os.walk(top):
                yield from (os.path.join(d, f) for f in files)
        yield from (W.path(f) for f in os.listdir(W.dir) if f.endswith(".log"))
        yield W.path("journal")

    def start_again(self):
        W.start_daemon()


if __name__ == "__main__":
    w.run_tests(globals())
