#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes without SQL: judged, recorded and sent like the statements that they equal, through
real clients. Run by `make e2e`; a world of its own."""
import contextlib
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
API = "/bigquery/v2/projects/acme-prod"
# Scratch space in which everything is allowed; outside it the demo's policy.
RULES = ("  # Scratch space.",
         "  - name: scratch\n    workloads: [ci-agents]\n"
         "    actions: [select, insert, create, alter, drop, truncate, bigquery.datasets.get,\n"
         "              bigquery.tables.get]\n"
         '    resources: ["acme-prod.scratch"]\n    verdict: allow\n  # Scratch space.')
DROPS = ('actions: [drop, alter, grant]\n    resources: ["*"]',
         'actions: [drop, alter, grant]\n    resources: ["acme-prod.crm.*", '
         '"acme-prod.shop.*", "acme-prod.analytics.*"]')


class Client(unittest.TestCase):
    """Each class begins with an empty dataset acme-prod.scratch."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.stack.enter_context(W.changed_policy(RULES, DROPS))
        cls.rest("/datasets", "POST", {"datasetReference": {"datasetId": "scratch"}})

    @classmethod
    def tearDownClass(cls):
        cls.rest("/datasets/scratch?deleteContents=true", "DELETE")
        cls.stack.close()

    @staticmethod
    def rest(path, method="GET", body=None, headers=()):
        argv = ["sh", "-c", "T=$(curl -sS -H 'Metadata-Flavor: Google' "
                "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
                " | sed 's/.*access_token\\\":\\\"\\([^\\\"]*\\).*/\\1/');"
                "exec curl -sS --max-time 20 -X \"$0\" -H \"Authorization: Bearer $T\" \"$@\"",
                method, *[x for h in headers for x in ("-H", h)],
                "https://bigquery.googleapis.com" + API + path]
        if body is not None:
            text = body if isinstance(body, str) else json.dumps(body)
            argv += ["-H", "Content-Type: application/json", "-d", text]
        out = W.agent(argv).stdout
        return json.loads(out) if out else None

    def bq(self, *argv):
        p = W.agent([W.client("bq.sh"), "--mode", "run", "--project", "acme-prod", *argv])
        if p.returncode == 77:
            self.skipTest(p.stderr.strip())
        return json.loads(p.stdout)

    def allowed(self, *argv):
        a = self.bq(*argv)
        self.assertTrue(a["ok"], (argv, a))
        return a

    def refused(self, what, *argv):
        """By us, in words, and nothing of it went to Google."""
        before = len(W.journal())
        a = self.bq(*argv)
        self.assertFalse(a["ok"], (argv, a))
        self.assertIn(what, a["error"]["message"], argv)
        writes = [j for j in W.journal()[before:] if j["method"] not in ("GET",)
                  and "/token" not in json.dumps(j)]
        self.assertEqual(writes, [], argv)

    def rows(self, table):
        a = W.query(f"SELECT * FROM {table}")
        self.assertTrue(a["ok"], a)
        return a["rows"]

    def file(self, name, text):
        path = W.path("home", name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)
        return path


class WritingWithBq(Client):
    def test_a_table_is_made_changed_filled_copied_and_dropped(self):
        self.allowed("mk", "--table", "--description=first", "scratch.t", "id:INTEGER,name:STRING")
        self.allowed("insert", "scratch.t",
                     self.file("rows.json", '{"id": 1, "name": "a"}\n{"id": 2, "name": null}\n'))
        self.assertEqual(self.rows("scratch.t"), [{"id": 1, "name": "a"}, {"id": 2, "name": None}])
        self.allowed("update", "--description=second", "--set_label=team:x", "scratch.t")
        t = self.rest("/datasets/scratch/tables/t")
        self.assertEqual((t["description"], t["labels"]), ("second", {"team": "x"}))
        self.allowed("cp", "scratch.t", "scratch.u")
        self.assertEqual(len(self.rows("scratch.u")), 2)
        self.allowed("cp", "-a", "scratch.t", "scratch.u")
        self.assertEqual(len(self.rows("scratch.u")), 4)
        self.allowed("rm", "-f", "-t", "scratch.u")
        self.assertEqual(self.rest("/datasets/scratch/tables/u")["error"]["code"], 404)

    def test_columns_are_added_where_none_is_protected(self):
        self.allowed("mk", "--table", "scratch.wide", "id:INTEGER")
        self.allowed("update", "scratch.wide", "id:INTEGER,more:STRING")
        fields = self.rest("/datasets/scratch/tables/wide")["schema"]["fields"]
        self.assertEqual([f["name"] for f in fields], ["id", "more"])
        self.allowed("mk", "--table", "scratch.people", "id:INTEGER,ssn:STRING")
        self.refused("mask.reshape", "update", "scratch.people", "id:INTEGER,ssn:STRING,more:STRING")
        a = self.rest("/datasets/scratch/tables/wide", "PATCH", {"schema": {"fields": fields}},
                      headers=["If-Match: old"])
        self.assertEqual(a["error"]["code"], 412)

    def test_rows_are_not_given_by_the_columns_that_a_table_had_before(self):
        def make(columns):
            sql = (f"CREATE OR REPLACE TABLE scratch.swap AS SELECT x AS id, {columns} "
                   "FROM UNNEST(GENERATE_ARRAY(1, 8000)) AS x")
            a = self.rest("/queries", "POST", {"query": sql, "useLegacySql": False, "timeoutMs": 20000})
            self.assertTrue(a.get("jobComplete"), a)
        note, ssn = "REPEAT('n', 60) AS note", "CONCAT('raw-', CAST(x AS STRING)) AS ssn"
        rows = "/datasets/scratch/tables/swap/data?maxResults=100000"
        make(f"{note}, {ssn}")
        for _ in range(8):  # both workers know the columns now
            a = self.rest(rows)
            self.assertEqual(len(a["rows"]), 8000)
            self.assertEqual({r["f"][2]["v"] for r in a["rows"]}, {"[redacted]"})
        make(f"{ssn}, {note}")  # more than is read ahead while the columns are asked for again
        answers = [json.dumps(self.rest(rows)) for _ in range(8)]
        self.assertFalse([a[:300] for a in answers if "raw-" in a])
        told = [a for a in answers if "schema.changed" in a]
        self.assertTrue(told, answers[0][:300])
        self.assertFalse([a for a in told if "rows" in json.loads(a)])

    def test_a_dataset_is_changed(self):
        self.allowed("update", "--description=of nobody", "--default_table_expiration=7200",
                     "scratch")
        d = self.rest("/datasets/scratch")
        self.assertEqual(d["description"], "of nobody")
        self.assertEqual(d["defaultTableExpirationMs"], "7200000")

    def test_what_no_rule_allows_is_refused_with_words(self):
        rows = self.file("row.json", '{"id": 1}\n')
        self.refused("policy.no-rule", "mk", "--table", "crm.t", "id:INTEGER")
        self.refused("policy.no-rule", "mk", "--dataset", "other")
        self.refused("no-drops", "rm", "-f", "-t", "crm.orders")
        self.refused("no-drops", "rm", "-r", "-f", "-d", "crm")
        self.refused("no-drops", "update", "--description=x", "crm.orders")
        self.refused("no-drops", "update", "--description=x", "crm")
        self.refused("policy.no-rule", "insert", "crm.orders", rows)
        self.refused("policy.no-rule", "cp", "crm.orders", "crm.copy")
        self.refused("policy.no-rule", "cp", "hr.salaries", "scratch.salaries")

    def test_a_protected_table_is_not_copied(self):
        for how in ([], ["--snapshot", "--no_clobber"], ["--clone", "--no_clobber"]):
            self.refused("mask.copy", "cp", *how, "crm.customers", "scratch.customers")
        self.allowed("cp", "crm.orders", "scratch.orders")
        self.assertEqual(len(self.rows("scratch.orders")), len(self.rows("crm.orders")))

    def test_what_has_no_safe_form_is_refused_by_name(self):
        rows = self.file("row.csv", "1\n")
        self.refused("bigquery.jobs.insert.load", "load", "scratch.t", "gs://bucket/x.csv",
                     "id:INTEGER")
        self.refused("bigquery.upload", "load", "scratch.t", rows, "id:INTEGER")
        self.refused("bigquery.jobs.insert.extract", "extract", "crm.orders", "gs://bucket/x")
        self.refused("view", "mk", "--use_legacy_sql=false", "--view", "SELECT 1 AS x",
                     "scratch.v")


class WritingWithNode(Client):
    SCRIPT = """
const {BigQuery} = require('@google-cloud/bigquery');
const b = new BigQuery({projectId: 'acme-prod'});
const d = b.dataset('scratch');
const steps = {
  async fill() {
    await d.createTable('n', {schema: 'id:integer,name'});
    await d.table('n').insert([{id: 1, name: 'x'}, {id: 2, name: 'y'}]);
    const [m] = await d.table('n').setMetadata({description: 'by node'});
    const [job] = await d.table('n').createCopyJob(d.table('n2'));
    await job.promise();
    const [rows] = await d.table('n2').getRows();
    await d.table('n2').delete();
    return {description: m.description, rows, state: job.metadata.status.state};
  },
  async bad() { await d.table('n').insert([{id: 'no number'}]); },
  async other() { await b.createDataset('other'); },
  async crm() { await b.dataset('crm').table('orders').insert([{id: 1}]); },
  async drop() { await b.dataset('crm').delete({force: true}); },
};
steps[process.argv[1]]().then(
  (v) => console.log(JSON.stringify({ok: true, v})),
  (e) => console.log(JSON.stringify({ok: false, code: e.code, message: e.message,
                                     errors: e.errors})));
"""

    def node(self, step):
        p = W.agent(["env", "NODE_PATH=" + W.client("node/node_modules"), "node", "-e",
                     self.SCRIPT, step])
        return json.loads(p.stdout)

    def test_tables_are_made_filled_and_copied(self):
        a = self.node("fill")
        self.assertTrue(a["ok"], a)
        self.assertEqual(a["v"]["description"], "by node")
        self.assertEqual([r["id"] for r in a["v"]["rows"]], [1, 2])
        a = self.node("bad")
        self.assertFalse(a["ok"])
        self.assertIn("id", json.dumps(a["errors"]))

    def test_what_no_rule_allows_is_a_readable_error(self):
        for step, what in (("other", "policy.no-rule"), ("crm", "policy.no-rule"),
                           ("drop", "no-drops")):
            a = self.node(step)
            self.assertEqual((a["ok"], a["code"]), (False, 403), a)
            self.assertIn(what, a["message"])


class Attacking(Client):
    """Threat catalogue, sections 1 and 4.2: other spellings, other projects, hidden effects."""

    def check(self, what, path, method, body=None, code=(400, 403), headers=()):
        before = len(W.journal())
        a = self.rest(path, method, body, headers)
        self.assertIn(a["error"]["code"], code, (path, body, a))
        self.assertIn(what, a["error"]["message"], (path, body))
        self.assertEqual([j for j in W.journal()[before:] if j["method"] != "GET"
                          and "/token" not in json.dumps(j)], [])

    def test_a_body_means_what_it_says_or_is_refused(self):
        t = {"tableReference": {"projectId": "acme-prod", "datasetId": "scratch", "tableId": "a"}}
        for what, body in (
                ("request.reference-mismatch", {"tableReference": {"datasetId": "crm",
                                                                   "tableId": "a"}}),
                ("request.reference-mismatch", {"tableReference": {"projectId": "attacker",
                                                                   "tableId": "a"}}),
                ("request.unknown-field", {**t, "expiration_time": "1"}),
                ("request.unknown-field", {"table_reference": t["tableReference"], **t}),
                ("request.refused-field", {**t, "view": {"query": "SELECT ssn FROM crm.customers"}}),
                ("request.refused-field", {**t, "materializedView": {"query": "SELECT 1"}}),
                ("request.refused-field", {**t, "externalDataConfiguration":
                                           {"sourceUris": ["gs://x/y"]}}),
                ("request.refused-field", {**t, "cloneDefinition": {"baseTableReference": {}}}),
                ("request.refused-field", {**t, "snapshotDefinition": {"baseTableReference": {}}}),
                ("json.", '{"tableReference":{"tableId":"a"},"tableReference":{"tableId":"b"}}'),
                ("json.", '{"tableReference":{"tableId":"a"}} {}'),
                ("request.field-value", {"tableReference": {"tableId": "a$20260101"}})):
            self.check(what, "/datasets/scratch/tables", "POST", body)

    def test_an_expiration_is_a_drop(self):
        only_alter = (RULES[1], RULES[1].replace("alter, drop,", "alter,"))
        self.rest("/datasets/scratch/tables", "POST", {"tableReference": {"tableId": "keep"}})
        with W.changed_policy(only_alter):
            self.check("drop", "/datasets/scratch/tables/keep", "PATCH", {"expirationTime": "1"})
            self.check("drop", "/datasets/scratch/tables/keep", "PATCH",
                       {"timePartitioning": {"type": "DAY", "expirationMs": "1"}})
            a = self.rest("/datasets/scratch/tables/keep", "PATCH", {"description": "x"})
            self.assertEqual(a["description"], "x")

    def test_access_is_not_given_by_a_dataset(self):
        access = [{"role": "OWNER", "userByEmail": "me@example.com"}]
        self.check("GRANT", "/datasets/scratch", "PATCH", {"access": access})
        self.check("GRANT", "/datasets", "POST",
                   {"datasetReference": {"datasetId": "scratch2"}, "access": access})
        self.check("GRANT", "/datasets/scratch", "PUT", {"access": access})

    def test_results_of_others_and_views_of_bigquery_are_not_touched(self):
        for path in ("/datasets/_0123/tables/anon1", "/datasets/scratch/tables/__TABLES__"):
            self.check("request.hidden-name", path, "DELETE")
        self.check("request.hidden-name", "/datasets/_0123/tables/anon1/insertAll", "POST",
                   {"rows": []})
        source = {"projectId": "acme-prod", "datasetId": "_0123", "tableId": "anon1"}
        to = {"projectId": "acme-prod", "datasetId": "scratch", "tableId": "stolen"}
        self.check("request.hidden-name", "/jobs", "POST", {"configuration": {"copy": {
            "sourceTable": source, "destinationTable": to}}})

    def test_a_copy_into_another_project_is_judged_there(self):
        source = {"projectId": "acme-prod", "datasetId": "crm", "tableId": "orders"}
        to = {"projectId": "attacker", "datasetId": "d", "tableId": "t"}
        self.check("policy.no-rule", "/jobs", "POST", {"configuration": {"copy": {
            "sourceTable": source, "destinationTable": to}}})
        for suffix in ("@-3600000", "$20260101"):
            self.check("request.field-value", "/jobs", "POST", {"configuration": {"copy": {
                "sourceTable": {**source, "tableId": "orders" + suffix},
                "destinationTable": {**to, "projectId": "acme-prod", "datasetId": "scratch"}}}})

    def test_a_rule_may_forbid_the_method_itself(self):
        rule = ("  - name: scratch\n", "  - name: no-streaming\n    actions: [bigquery.tabledata."
                "insertAll]\n    resources: [\"*\"]\n    verdict: deny\n  - name: scratch\n")
        self.rest("/datasets/scratch/tables", "POST", {"tableReference": {"tableId": "s"},
                  "schema": {"fields": [{"name": "id", "type": "INT64"}]}})
        with W.changed_policy(rule):
            self.check("no-streaming", "/datasets/scratch/tables/s/insertAll", "POST",
                       {"rows": [{"json": {"id": 1}}]})

    def test_what_a_person_must_approve_does_not_pass(self):
        rule = ("  - name: scratch\n", "  - name: ask\n    workloads: [ci-agents]\n    actions: "
                "[drop]\n    resources: [\"acme-prod.scratch\"]\n    verdict: approve\n"
                "  - name: scratch\n")
        self.rest("/datasets/scratch/tables", "POST", {"tableReference": {"tableId": "kept"}})
        with W.changed_policy(rule):
            self.check("approval.no-job", "/datasets/scratch/tables/kept", "DELETE")

    def test_a_held_copy_runs_once_approved(self):
        rule = ("  - name: scratch\n", "  - name: ask\n    workloads: [ci-agents]\n    actions: "
                "[create]\n    resources: [\"acme-prod.scratch\"]\n    verdict: approve\n"
                "  - name: scratch\n")
        table = {"projectId": "acme-prod", "datasetId": "scratch", "tableId": "held"}
        source = {"projectId": "acme-prod", "datasetId": "crm", "tableId": "orders"}
        with W.changed_policy(rule):
            job = self.rest("/jobs", "POST", {"configuration": {"copy": {
                "sourceTable": source, "destinationTable": table}}})
            path, approval = W.wait_approval()
            self.assertIn("`acme-prod.scratch.held` COPY `acme-prod.crm.orders`",
                          json.dumps(approval))
            self.assertFalse([j for j in W.journal() if '"held"' in json.dumps(j)])
            W.busctl("call", "dev.sallyport.Sallyport1", path,
                     "dev.sallyport.Sallyport1.Approval", "Approve", "s", "ok")
        done = w.wait_for("the copy", lambda: self.rest(
            "/jobs/" + job["jobReference"]["jobId"])["status"]["state"] == "DONE")
        self.assertTrue(done)
        self.assertEqual(len(self.rows("scratch.held")), len(self.rows("crm.orders")))

    def test_an_old_etag_changes_nothing(self):
        a = self.rest("/datasets/scratch", "PATCH", {"description": "never"},
                      headers=['If-Match: "old"'])
        self.assertEqual(a["error"]["code"], 412)
        self.assertNotEqual(self.rest("/datasets/scratch").get("description"), "never")

    def test_the_record_holds_what_was_sent(self):
        self.rest("/datasets/scratch/tables", "POST", {"tableReference": {"tableId": "seen"},
                  "description": "to be found in the record"})
        listed = W.ctl("sessions", "list", "--store", W.store()).stdout.splitlines()[1:]
        shown = "".join(W.ctl("sessions", "replay", line.split()[0], "--no-wait", "--store",
                              W.store()).stdout for line in listed)
        self.assertIn('"description":"to be found in the record"', shown)
        self.assertRegex(shown, "tables.insert: CreateTable\n *writes acme-prod.scratch.seen")


if __name__ == "__main__":
    w.run_tests(globals())
