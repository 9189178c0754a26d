#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Masks, end to end: tokens and who may turn them back, policy tags, exemptions that end, keys.

Run by `make e2e`."""
import concurrent.futures
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
RAW_SSN = "900-13-1317"  # of customer 1, in the stand-in's data
COLUMN = "acme-prod.crm.customers.ssn"
API = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod"
METADATA = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
            "instance/service-accounts/default/token | "
            "sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")
CALL = ("c() { curl -sS --max-time 20 -H \"Authorization: Bearer $T\" "
        "-H 'Content-Type: application/json' \"$@\" | tr -d '\\n'; echo; };"
        "q() { c -d \"{\\\"query\\\":\\\"$1\\\",\\\"useLegacySql\\\":false}\" " + API + "/queries; };")
SSN = ("mask: redact", "mask: tokenize")


def cells(line):
    return [[c["v"] for c in row["f"]] for row in json.loads(line).get("rows", [])]


class Client(unittest.TestCase):
    def agent(self, script, token=METADATA):
        """Each line that the commands printed; all in one session."""
        return W.agent(["sh", "-c", token + CALL + script]).stdout.splitlines()

    def records(self):
        return [json.loads(line) for line in
                W.ctl("audit", "export", "--store", W.store()).stdout.splitlines()]


class Tokens(Client):
    def test_a_token_is_the_same_by_query_and_by_preview(self):
        with W.changed_policy(SSN):
            by_query, by_rows, again = self.agent(
                "q 'SELECT id, ssn FROM crm.customers ORDER BY id LIMIT 1';"
                f"c '{API}/datasets/crm/tables/customers/data?maxResults=1&selectedFields=id,ssn';"
                "q 'SELECT COUNT(*) FROM crm.customers a JOIN crm.customers b USING (ssn)'")
            token = cells(by_query)[0][1]
            self.assertRegex(token, r"^\d{3}-\d\d-\d{4}$")
            self.assertNotEqual(token, RAW_SSN)
            self.assertEqual(cells(by_query), cells(by_rows))
            self.assertEqual(cells(again), [["12"]], again)
            other, = self.agent("q 'SELECT ssn FROM crm.customers ORDER BY id LIMIT 1'")
            self.assertNotEqual(cells(other)[0][0], token, "another session, another token")

    def test_a_token_is_asked_about_and_told_to_nobody_alone(self):
        with W.changed_policy(SSN):
            line, = self.agent("q 'SELECT ssn FROM crm.customers ORDER BY id LIMIT 1'")
            token = cells(line)[0][0]
            session = [r for r in self.records() if r["type"] == "request"][-1]["session"]
            arguments = ["unmask", "--session", session, "--column", COLUMN, token]
            asked = W.ctl(*arguments, "--reason", "case 12", "--no-wait").stdout.strip()
            p = W.ctl(*arguments, "--approval", asked, check=False)
            self.assertIn("approval.not-approved", p.stderr)
            p = W.ctl("approvals", "approve", asked, check=False)
            self.assertIn("approval.own-request", p.stderr)
            p = W.agent([os.path.join(W.build, "sallyctl"), *arguments, "--reason", "x"],
                        user="root")
            self.assertNotEqual(p.returncode, 0)
            self.assertNotIn(RAW_SSN, p.stdout)
            self.assertEqual([a["resources"] for a in self.records() if
                              a["type"] == "approval" and a["action"] == "unmask"], [[COLUMN]])
        p = W.ctl(*arguments, "--reason", "x", check=False)
        self.assertIn("unmask.not-tokenized", p.stderr)


class Selecting(Client):
    def test_a_policy_tag_masks_its_column_in_queries_and_previews(self):
        rule = ("  - name: email\n", "  - name: by-tag\n    tags: [\"projects/acme-prod/*/"
                "policyTags/2\"]\n    mask: redact\n  - name: email\n")
        with W.changed_policy(rule):
            by_query, by_rows = self.agent(
                "q 'SELECT UPPER(city) FROM crm.customers LIMIT 1';"
                f"c '{API}/datasets/crm/tables/customers/data?maxResults=1&selectedFields=city'")
        self.assertEqual(cells(by_query), [["[REDACTED]"]])
        self.assertEqual(cells(by_rows), [["[redacted]"]])
        city, = self.agent("q 'SELECT city FROM crm.customers ORDER BY id LIMIT 1'")
        self.assertEqual(cells(city), [["London"]])

    def test_an_exemption_of_a_group_ends_while_a_session_is_open(self):
        proof = W.oidc_token("--sub", "ann@example.test", "--groups", "finance,dev")
        exchange = ("T=$(curl -sS https://sts.googleapis.com/v1/token -d "
                    "grant_type=urn:ietf:params:oauth:grant-type:token-exchange -d "
                    "subject_token_type=urn:ietf:params:oauth:token-type:jwt --data-urlencode "
                    f"subject_token={proof} | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")
        end = int(time.time()) + 12
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
        exempt = ("mask: redact", "mask: redact\n    except: { groups: [finance], "
                  f"until: \"{until}\" }}")
        with W.changed_policy(exempt):
            ask = "q 'SELECT ssn FROM crm.customers ORDER BY id LIMIT 1';"
            before, after = self.agent(
                ask + f"while [ $(date +%s) -le {end} ]; do sleep 1; done;" + ask, exchange)
            someone, = self.agent(ask)
        self.assertEqual(cells(before), [[RAW_SSN]])
        self.assertEqual(cells(after), [["[redacted]"]])
        self.assertEqual(cells(someone), [["[redacted]"]])
        sessions = [r["session"] for r in self.records() if
                    r["type"] == "request" and "sql" in r][-3:]
        self.assertEqual(sessions[0], sessions[1], "one session saw both")


    def test_columns_are_asked_for_anew_where_a_record_may_get_a_protected_field(self):
        def asked(n):
            before = len(W.journal())
            for line in self.agent("q 'SELECT TO_JSON_STRING(address) FROM crm.contacts LIMIT 1';" * n):
                self.assertIn('"rows":', line)
            return sum(j["method"] == "GET" and j["path"].endswith("/tables/contacts")
                       for j in W.journal()[before:])
        self.assertLessEqual(asked(6), 2, "each of two workers once a minute")
        with W.changed_policy(('"*.*.*.ssn"', '"*.*.*.*ssn"')):
            self.assertEqual(asked(6), 6)


class Keys(Client):
    def test_a_new_key_is_for_new_sessions_and_survives_a_restart(self):
        ask = "q 'SELECT email FROM crm.customers ORDER BY id LIMIT 1';"
        state, flag = W.path("state"), W.path("home", "rotated")
        keys = [n for n in os.listdir(state) if n.startswith("mask.key")]

        def rotate():
            time.sleep(2)
            p = W.ctl("keys", "rotate-mask")
            with open(flag, "w"):
                pass
            return p
        with concurrent.futures.ThreadPoolExecutor() as pool:
            rotated = pool.submit(rotate)
            before, after = self.agent(
                ask + f"while [ ! -e {flag} ]; do sleep 0.2; done;" + ask)
            self.assertRegex(rotated.result().stdout, r"from \d{4}-\d\d-\d\dT")
        self.assertEqual(cells(before), cells(after), "a session under way keeps its key")
        now = [n for n in os.listdir(state) if n.startswith("mask.key")]
        self.assertEqual(len(now), len(keys) + 1)
        for name in now:
            self.assertEqual(os.stat(os.path.join(state, name)).st_mode & 0o777, 0o600)
        self.assertTrue(any(r["type"] == "mask-key" and r["by"] == "root (uid 0)"
                            for r in self.records()))
        W.stop("sallyportd")
        W.start_daemon()
        line, = self.agent(ask)
        self.assertRegex(cells(line)[0][0], r"^[0-9a-f]{64}$")


if __name__ == "__main__":
    w.run_tests(globals())
