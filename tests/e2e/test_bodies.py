#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long answers in the records: what is kept of them, shown, proved, and left after a crash.
Run by `make e2e`; a world of its own, whose records have digests of whole answers."""
import hashlib
import json
import os
import re
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
KEPT = 300 * 1024
RAW_SSN = "900-13-1317"  # of customer 1, in the stand-in's data
TOKEN = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
         "instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")
ROWS = ("SELECT x, CONCAT('{mark} ', REPEAT('é\"', 40)) AS text, "
        "(SELECT ssn FROM crm.customers WHERE id = 1) AS ssn "
        "FROM UNNEST(GENERATE_ARRAY(1, {n})) AS x ORDER BY x")


URL = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/queries"
CURL = ("curl -sS --max-time 30 -H \"Authorization: Bearer $T\" -H 'Content-Type: application/json' "
        f"{URL} -d ")


def question(mark, n):
    return json.dumps({"query": ROWS.format(mark=mark, n=n), "useLegacySql": False,
                       "maxResults": 100000, "timeoutMs": 10000})


def answer(mark, n):
    """The bytes that the client got."""
    p = W.agent(["sh", "-c", TOKEN + CURL + '"$0"', question(mark, n)])
    rows = json.loads(p.stdout).get("rows", [])
    assert len(rows) == n, p.stdout[:2000]
    return p.stdout.encode()


def record(mark):
    """The record of the answer to the query with that mark, once it is there."""
    def look():
        lines = W.ctl("audit", "export", "--store", W.store()).stdout.splitlines()
        records = [json.loads(line) for line in lines]
        asked = {r["exchange"] for r in records if r["type"] == "request" and mark in r.get("sql", "")}
        return next((r for r in records if r["type"] == "response" and r["exchange"] in asked), None)
    return w.wait_for(f"the answer to {mark}", look, 20)


class Bodies(unittest.TestCase):
    def test_an_answer_that_fits_is_kept_and_replayed_whole(self):
        body = answer("fits", 1000)
        self.assertTrue(64 * 1024 < len(body) < KEPT, len(body))
        r = record("fits")
        self.assertEqual(r["body"].encode(), body)
        self.assertEqual((r["truncated"], r["bytes"], r["body_bytes"]), (False, len(body), len(body)))
        digest = hashlib.sha256(body).hexdigest()
        self.assertEqual((r["sha256"], r["body_sha256"]), (digest, digest))
        shown = W.ctl("sessions", "replay", r["session"], "--no-wait", "--store", W.store()).stdout
        self.assertIn("fits é", shown)
        self.assertIn("[redacted]", shown)

    def test_of_a_longer_one_the_beginning_is_kept_and_the_digest_is_of_all(self):
        body = answer("longer", 4000)
        self.assertGreater(len(body), KEPT)
        r = record("longer")
        kept = body[:KEPT]
        self.assertEqual(r["body"], kept.decode(errors="ignore"))
        self.assertEqual((r["truncated"], r["bytes"], r["body_bytes"]), (True, len(body), KEPT))
        self.assertEqual(r["sha256"], hashlib.sha256(body).hexdigest())
        self.assertEqual(r["body_sha256"], hashlib.sha256(kept).hexdigest())

    def test_a_body_has_nothing_raw_and_cannot_be_changed_unseen(self):
        answer("tampered", 1000)
        record("tampered")
        copy = W.path("copy")
        W.run(["cp", "-r", W.store(), copy])
        self.assertIn("intact", W.ctl("audit", "verify", "--store", copy).stdout)
        name = os.path.join(copy, "body-00000001")
        with open(name, "r+b") as f:
            data = f.read()
            self.assertNotIn(RAW_SSN.encode(), data)
            at = data.rindex(b"tampered")
            f.seek(at)
            f.write(b"T")
        p = W.ctl("audit", "verify", "--store", copy, check=False)
        self.assertNotEqual(p.returncode, 0)
        self.assertIn("its body does not match its digest", p.stderr)
        exported = W.ctl("audit", "export", "--type", "response", "--store", copy).stdout
        self.assertNotIn("Tampered", exported)
        self.assertIn('"body_lost":"its body does not match its digest"', exported)

    def test_an_answer_that_is_not_below_its_request_says_whose_it_is(self):
        def together():
            """Four at once in one session: some answer is recorded behind another's request."""
            W.agent(["sh", "-c", TOKEN + f'for q in "$@"; do {CURL} "$q" >/dev/null & done; wait', "sh",
                     *(question(f"together{i}", 1000) for i in range(4))])
            r = [record(f"together{i}") for i in range(4)][0]
            shown = W.ctl("sessions", "replay", r["session"], "--no-wait", "--store", W.store()).stdout
            lines = W.ctl("sessions", "show", r["session"], "--store", W.store()).stdout
            return (shown, lines) if "to the request of" in shown else None
        shown, lines = w.wait_for("answers in another order", together, 60)
        # as the records have it: who follows whom, and when each was asked
        blocks = [b.split("\n") for b in re.split(r"\n\n(?=\d\d:)", shown)]
        told = re.findall(r"<= .*\(to the request of ([0-9:.]+)\)", shown)
        asked = {b[0].split()[0] for b in blocks if b[0].endswith("request")}
        self.assertTrue(told and set(told) <= asked, (told, asked))
        self.assertEqual(re.findall(r"<= .*\(to the request of ([0-9:.]+)\)", lines), told)
        for above, b in zip(blocks, blocks[1:]):
            if b[0].endswith("response") and not above[0].endswith("request"):
                self.assertIn("to the request of", b[1])

    def test_a_killed_recorder_leaves_bodies_that_fit_their_records(self):
        for i in range(3):
            answer(f"before{i}", 1000)
            for pid in W.pids("recorder"):
                os.kill(pid, signal.SIGKILL)
            w.wait_for("a working daemon", lambda: W.query("SELECT 1 AS one")["ok"], 30)
            self.assertIn("intact", W.ctl("audit", "verify", "--store", W.store()).stdout)
        body = answer("afterwards", 1000)
        self.assertEqual(record("afterwards")["body"].encode(), body)


if __name__ == "__main__":
    w.run_tests(globals(), settings=f"  answer_max: {KEPT}\n  answer_digest: whole\n")
