#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What comes back of a query: its columns, its errors, its job, its pages.
Run by `make e2e`; a world of its own."""
import hashlib
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
        self.assertIn("page.token", b["error"]["message"], "each rest() is a session of its own")
        b = rest(f"/queries/{job}?maxResults=3&startIndex=9")
        self.assertEqual([r["f"][0]["v"] for r in b["rows"]], ["10", "11", "12"])
        t = rest("/jobs/" + job)["configuration"]["query"]["destinationTable"]
        b = rest(f"/datasets/{t['datasetId']}/tables/{t['tableId']}/data?startIndex=11")
        self.assertEqual(b["rows"][0]["f"][1]["v"], "[redacted]", b)


class Pages(unittest.TestCase):
    def test_a_stream_of_rows_comes_masked_and_whole(self):
        a = W.query("SELECT id, ssn, city FROM crm.customers ORDER BY id", "--mode", "stream")
        self.assertTrue(a["ok"], a)
        self.assertEqual([r["id"] for r in a["rows"]], list(range(1, len(a["rows"]) + 1)))
        self.assertGreater(len(a["rows"]), 10)
        self.assertEqual({r["ssn"] for r in a["rows"]}, {"[redacted]"})

    def test_a_page_token_is_good_for_its_own_result_only(self):
        api, rows = API + "/queries", "SELECT id FROM crm.orders ORDER BY id"
        ask = "-H \"Authorization: Bearer $T\" -H 'Content-Type: application/json'"
        page = json.dumps({"query": rows, "useLegacySql": False, "maxResults": 5})
        # one session: two jobs, then pages with tokens of either
        script = TOKEN + f"""
c() {{ curl -sS --max-time 20 {ask} "$@"; echo; }}
get() {{ sed "s/.*\\\"$1\\\":\\\"\\([^\\\"]*\\).*/\\1/"; }}
a=$(c -d "$0" {api}); b=$(c -d "$0" {api})
ja=$(echo "$a" | get jobId); jb=$(echo "$b" | get jobId); t=$(echo "$a" | get pageToken)
c "{api}/$ja?maxResults=5&pageToken=$t"
c "{api}/$jb?maxResults=5&pageToken=$t"
c "{api}/$ja?maxResults=5&pageToken=x$t"
c "{api}/$ja?maxResults=5&pageToken=${{t%.*}}"
"""
        p = W.agent(["bash", "-c", script, page])
        good, *bad = (json.loads(x) for x in p.stdout.splitlines())
        self.assertEqual(good["rows"][0]["f"][0]["v"], "1006", good)
        self.assertEqual(len(bad), 3)
        for a in bad:
            self.assertEqual(a["error"]["code"], 400, a)
            self.assertIn("page.token", a["error"]["message"])


class Previews(unittest.TestCase):
    def test_a_column_that_became_a_protected_one_is_masked_at_once(self):
        data = "/datasets/analytics/tables/reborn/data"
        make = "CREATE OR REPLACE TABLE analytics.reborn AS SELECT '%s' AS %s"
        self.assertNotIn("error", query(make % ("open value", "note")))
        for _ in range(8):  # every worker has seen it
            self.assertIn("open value", json.dumps(rest(data)))
        self.assertNotIn("error", query(make % ("raw value", "ssn")))
        answers = [json.dumps(rest(data)) for _ in range(8)]
        self.assertNotIn("raw value", "".join(answers))
        self.assertIn("[redacted]", answers[-1])


class Changes(unittest.TestCase):
    def test_a_query_of_a_table_that_got_a_protected_column_shows_none_of_it(self):
        make = "CREATE OR REPLACE TABLE analytics.changed%d AS SELECT 1 AS id, '%s' AS %s"
        row = "SELECT TO_JSON_STRING(t) AS j FROM analytics.changed%d AS t"
        for i, after in enumerate((
                "SELECT * FROM analytics.changed%d", row, "SELECT ssn AS note FROM analytics.changed%d",
                "SELECT (SELECT AS STRUCT t.*) AS s FROM analytics.changed%d AS t",
                "CREATE TABLE analytics.copied%d AS " + row)):
            self.assertNotIn("error", query(make % (i, "open value", "note")))
            for _ in range(6):  # every worker has seen it
                self.assertIn("open value", json.dumps(query(row % i)))
            self.assertNotIn("error", query(make % (i, "raw value", "ssn")))
            text = after % ((i,) * after.count("%d"))
            answers = [json.dumps(query(text)) for _ in range(6)]
            if "copied" in after:
                answers.append(json.dumps(query("SELECT j FROM analytics.copied%d" % i)))
            self.assertNotIn("raw value", "".join(answers), text)

    def test_nor_does_one_that_cannot_be_read_by_a_list_of_its_columns(self):
        make = "CREATE OR REPLACE TABLE analytics.shard_1 AS SELECT 1 AS id, '%s' AS %s"
        row = ("SELECT TO_JSON_STRING(t) AS j, s.* FROM `analytics.shard_*` AS t, (SELECT 1 AS x) AS s "
               "WHERE t._TABLE_SUFFIX = '1'")
        self.assertNotIn("error", query(make % ("open value", "note")))
        for _ in range(6):
            self.assertIn("open value", json.dumps(query(row)))
        self.assertNotIn("error", query(make % ("raw value", "ssn")))
        for _ in range(6):
            self.assertNotIn("raw value", json.dumps(query(row)))


class Digests(unittest.TestCase):
    def test_the_digest_is_of_what_is_kept(self):
        for n, is_whole in ((3, True), (15000, False)):
            sql = f"SELECT x, REPEAT('digest {n} ', 12) AS t FROM UNNEST(GENERATE_ARRAY(1, {n})) AS x"
            a = query(sql, maxResults=n)
            self.assertEqual(len(a.get("rows", [])), n, str(a)[:500])

            def look(sql=sql):
                records = [json.loads(line) for line in
                           W.ctl("audit", "export", "--store", W.store()).stdout.splitlines()]
                ids = {r["exchange"] for r in records if r.get("sql") == sql}
                return next((r for r in records if r["type"] == "response" and
                             r["exchange"] in ids), None)
            r = w.wait_for("the record", look, 20)
            self.assertEqual(r["truncated"], not is_whole)
            self.assertEqual(len(r["body"]), min(r["bytes"], 1 << 20))
            digest = hashlib.sha256(r["body"].encode()).hexdigest()
            self.assertEqual(r["sha256" if is_whole else "body_sha256"], digest)
            self.assertEqual("sha256" in r, is_whole)


class Lies(unittest.TestCase):
    """What BigQuery would not answer: the stand-in does, when the statement asks for it."""
    SELECT = "SELECT name, ssn FROM crm.customers /* stand-in lies: %s */ ORDER BY name"

    def test_an_answer_with_other_columns_or_cells_is_not_given_out(self):
        for lie, error in (("another column", "answer.schema"), ("another name", "answer.schema"),
                           ("another type", "answer.schema"), ("a cell more", "answer.shape"),
                           ("a cell less", "answer.shape"), ("a record", "answer.shape"),
                           ("a value twice", "answer.shape"), ("a late schema", "answer.shape")):
            a = query(self.SELECT % lie)
            self.assertIn(error, a["error"]["message"], (lie, a))
            self.assertNotIn("redacted", json.dumps(a), lie)
        a = query(self.SELECT % "told tables")
        self.assertNotIn("error", a)
        self.assertNotIn("of the table", json.dumps(a))
        self.assertNotIn("policyTags", json.dumps(a))

    def test_a_dry_run_that_reads_it_differently_stops_the_statement(self):
        with W.changed_policy(("version: 1\n", "version: 1\ndry_run: always\n")):
            for lie, words in (("another kind", "for SCRIPT, Sallyport for SELECT"),
                               ("another table", "reads table acme-prod.hr.pay"),
                               ("another name", "answers with other STRING where Sallyport reads name STRING"),
                               ("another column", "answers with extra STRING where Sallyport reads nothing")):
                before = len(W.journal())
                a = query(self.SELECT % lie)
                self.assertIn("judge.mismatch", a["error"]["message"], (lie, a))
                self.assertIn(words, a["error"]["message"])
                self.assertEqual(a["error"]["code"], 403)
                self.assertFalse([j for j in W.journal()[before:] if j["path"].endswith("/queries")])

    def test_a_dry_run_is_asked_once_a_minute_for_the_same_of_a_session(self):
        body = json.dumps({"useLegacySql": False,
                           "query": "SELECT id, ssn FROM crm.customers WHERE id = 2 -- once"})

        def asked(times):
            before = len(W.journal())
            p = W.agent(["sh", "-c", TOKEN + f"for i in $(seq {times}); do curl -sS --max-time 20 "
                         "-H \"Authorization: Bearer $T\" -H 'Content-Type: application/json' "
                         "-d \"$0\" \"$1\"; done", body, API + "/queries"])
            self.assertEqual(p.stdout.count('"jobComplete":true'), times, p.stdout)
            return sum(j["path"].endswith("/jobs") for j in W.journal()[before:])
        self.assertEqual(asked(1), 0, "not needed")
        with W.changed_policy(("version: 1\n", "version: 1\ndry_run: always\n")):
            self.assertIn(asked(8), range(1, 1 + len(W.pids("worker"))))

    def test_a_token_that_google_does_not_know_any_more_is_not_used_again(self):
        with W.changed_policy(("version: 1\n", "version: 1\ndry_run: always\n")):
            sql = "SELECT id FROM crm.customers WHERE id = %d"
            for i in range(6):  # every worker has a token
                self.assertNotIn("error", query(sql % i))
            W.stop("standin")
            os.unlink(W.path("standin.ready"))
            W.start_google()
            answers = [query(sql % i) for i in range(6, 6 + 8 * len(W.pids("worker")))]
            self.assertIn("upstream.unreachable", json.dumps(answers), "the old one was refused")
            self.assertNotIn("error", answers[-1])


class Messages(unittest.TestCase):
    def test_a_place_in_a_message_is_one_of_the_agents_own_text(self):
        for sql, place in (("SELECT zzz FROM crm.customers", "[1:8]"),
                           ("SELECT id FROM crm.customers\nWHERE zzz = 1", "[2:7]"),
                           ("SELECT id FROM crm.customers AS c WHERE c.zzz = 1", "[1:")):
            a = query(sql)
            self.assertIn("zzz", a["error"]["message"], a)
            self.assertIn(place, a["error"]["message"], sql)
            self.assertEqual(a["error"]["errors"][0]["reason"], "invalidQuery")
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
