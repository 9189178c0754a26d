#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that leave while their answer is on its way.
Run by `make e2e`; a world of its own."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
API = "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod"
OBJECT = "https://storage.googleapis.com/storage/v1/b/acme-reports/o/big.bin?alt=media"
TOKEN = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
         "instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")
RULE = ("rules:\n",
        "rules:\n  - name: reports\n    workloads: [ci-agents]\n    actions: [storage.*]\n"
        "    resources: [\"gs://acme-reports\"]\n    verdict: allow\n")
LONG = "SELECT REPEAT('x', 1000) AS x FROM UNNEST(GENERATE_ARRAY(1, 9000))"


def slow(*argv):
    """Reads a little, then nothing, and goes away; the text of its session's record."""
    p = W.agent(["sh", "-c", TOKEN + "curl -sS --max-time 30 -H \"Authorization: Bearer $T\" \"$@\" | "
                 "(head -c 1000 | wc -c; sleep 1)", "curl", *argv])
    assert p.stdout.strip() == "1000", p.stdout + p.stderr
    session = W.ctl("sessions", "list", "--store", W.store()).stdout.splitlines()[1].split()[0]
    return lambda: W.ctl("sessions", "show", session, "--store", W.store()).stdout


class Leaving(unittest.TestCase):
    """The record of an answer is written when its transfer ends: in seconds, not at the timeout."""

    def ends(self, *argv):
        shown = slow(*argv)
        w.wait_for("the end of the transfer", lambda: "answer.client-left" in shown(), 8)

    def test_an_objects_transfer_ends_with_its_client(self):
        with W.changed_policy(RULE):
            for version in ("--http1.1", "--http2"):
                self.ends(version, OBJECT)

    def test_a_querys_transfer_ends_with_its_client(self):
        body = json.dumps({"query": LONG, "useLegacySql": False})
        for version in ("--http1.1", "--http2"):
            self.ends(version, "-H", "Content-Type: application/json", "-d", body, API + "/queries")


if __name__ == "__main__":
    w.run_tests(globals())
