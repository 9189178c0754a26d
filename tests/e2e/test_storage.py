#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other services of Google: objects of Cloud Storage that a rule names, and nothing else.
Run by `make e2e`; a world of its own."""
import hashlib
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
API = "https://storage.googleapis.com"
JSON = "/storage/v1/b/"
TOKEN = ("T=$(curl -sS -H 'Metadata-Flavor: Google' http://169.254.169.254/computeMetadata/v1/"
         "instance/service-accounts/default/token | sed 's/.*access_token\":\"\\([^\"]*\\).*/\\1/');")
RULE = ("rules:\n",
        "rules:\n  - name: reports\n    workloads: [ci-agents]\n    actions: [storage.*]\n"
        "    resources: [\"gs://acme-reports\"]\n    verdict: allow\n")
BIG = hashlib.sha512(b"big").hexdigest() * 65536

PATH = {"bucket": {"type": "string", "required": True, "location": "path"},
        "object": {"type": "string", "required": True, "location": "path"}}
DOCUMENT = {
    "name": "storage", "version": "v1", "id": "storage:v1", "rootUrl": API + "/", "servicePath": "storage/v1/",
    "baseUrl": API + "/storage/v1/", "batchPath": "batch",
    "schemas": {"Any": {"id": "Any", "type": "object"}},
    "resources": {"objects": {"methods": {
        "get": {"id": "storage.objects.get", "path": "b/{bucket}/o/{object}", "httpMethod": "GET",
                "parameters": PATH, "supportsMediaDownload": True, "response": {"$ref": "Any"}},
        "list": {"id": "storage.objects.list", "path": "b/{bucket}/o", "httpMethod": "GET",
                 "response": {"$ref": "Any"},
                 "parameters": {"bucket": PATH["bucket"],
                                "delimiter": {"type": "string", "location": "query"}}}}}}}
CLIENT = f"""
import json
from google.auth import compute_engine
from googleapiclient import discovery
s = discovery.build_from_document({DOCUMENT!r}, credentials=compute_engine.Credentials()).objects()
name = {{"bucket": "acme-reports", "object": "top.txt"}}
print(json.dumps({{"listed": [o["name"] for o in s.list(bucket="acme-reports", delimiter="/").execute()["items"]],
                  "size": s.get(**name).execute()["size"],
                  "content": s.get_media(**name).execute().decode()}}))
"""


def curl(path, *more, host=API, token=True):
    auth = "-H \"Authorization: Bearer $T\"" if token else ""
    return W.agent(["sh", "-c", (TOKEN if token else "") + f"exec curl -sS --max-time 60 {auth} \"$@\"",
                    "curl", *more, host + path])


def get(path, *more, **kw):
    return json.loads(curl(path, *more, **kw).stdout)


def error(path, *more, **kw):
    return get(path, *more, **kw)["error"]["message"]


class Storage(unittest.TestCase):
    def test_without_a_rule_nothing_is_read(self):
        before = len(W.journal())
        for path in ("acme-reports", "acme-reports/o", "acme-reports/o/top.txt?alt=media"):
            self.assertIn("policy.no-rule", error(JSON + path))
        # a rule about everything is about tables, and observing lets no bucket pass
        with W.changed_policy(("\nmasks:\n", "\n  - name: all\n    actions: [\"*\"]\n"
                               "    resources: [\"*\"]\n    verdict: allow\n\nmasks:\n"),
                              ("mode: enforce", "mode: observe")):
            self.assertIn("policy.no-rule", error(JSON + "acme-reports/o/top.txt?alt=media"))
        self.assertEqual(len(W.journal()), before)

    def test_a_rule_opens_the_bucket_that_it_names(self):
        with W.changed_policy(RULE):
            bucket = get(JSON + "acme-reports")
            self.assertEqual(bucket["labels"], {"team": "data"})
            listed = get(JSON + "acme-reports/o?delimiter=/")
            self.assertEqual([o["name"] for o in listed["items"]], ["big.bin", "empty", "top.txt"])
            self.assertEqual(listed["prefixes"], ["2026/"])
            one = get(JSON + "acme-reports/o/2026%2Fjune%20%26%20july.csv")
            self.assertEqual(one["contentType"], "text/plain; charset=utf-8")
            for a in (bucket, listed, one):
                for word in ("owner", "acl", "Link", "projectNumber"):
                    self.assertNotIn(word, json.dumps(a))
            self.assertIn("policy.no-rule", error(JSON + "acme-private/o/secret.txt?alt=media"))
            self.assertEqual(get(JSON + "acme-reports/o/none")["error"]["code"], 404)
            self.assertEqual(get(JSON + "acme-reports/o/none?alt=media")["error"]["code"], 404)

    def test_content_streams_as_it_is(self):
        with W.changed_policy(RULE):
            for root in ("", "/download"):
                p = curl(root + JSON + "acme-reports/o/2026%2F%C3%BCmlaut.txt?alt=media")
                self.assertEqual(p.stdout, "grüße\n")
            self.assertEqual(curl(JSON + "acme-reports/o/empty?alt=media").stdout, "")
            p = curl(JSON + "acme-reports/o/big.bin?alt=media")
            self.assertEqual(hashlib.sha256(p.stdout.encode()).digest(),
                             hashlib.sha256(BIG.encode()).digest())
            p = curl(JSON + "acme-reports/o/big.bin?alt=media", "--limit-rate", "4M", "--http1.1")
            self.assertEqual(len(p.stdout), len(BIG))
            self.assertIn("request.header", error(JSON + "acme-reports/o/big.bin?alt=media",
                                                  "-H", "Range: bytes=0-9"))

    def records(self):
        listed = W.ctl("sessions", "list", "--store", W.store()).stdout.splitlines()[1:]
        return "".join(W.ctl("sessions", "show", line.split()[0], "--store",
                             W.store()).stdout for line in listed)

    def test_the_record_of_an_object_has_its_digest_and_not_its_content(self):
        with W.changed_policy(RULE):
            self.assertIn("30", curl(JSON + "acme-reports/o/2026%2Fjune%20%26%20july.csv?alt=media").stdout)
        shown = self.records()
        self.assertIn("storage.objects.get", shown)
        self.assertIn("policy.yaml#reports", shown)
        self.assertNotIn("north,12", shown)

    def test_who_leaves_early_does_not_stop_others(self):
        with W.changed_policy(RULE):
            p = curl(JSON + "acme-reports/o/big.bin?alt=media", "--limit-rate", "100k", "--max-time", "1")
            self.assertEqual(p.returncode, 28)
            self.assertLess(len(p.stdout), len(BIG))
            self.assertEqual(curl(JSON + "acme-reports/o/top.txt?alt=media").stdout, "top\n")

    def test_googles_python_client_reads_an_object(self):
        with W.changed_policy(RULE):
            p = W.agent(["/usr/bin/python3", "-W", "ignore", "-c", CLIENT])
            self.assertEqual(json.loads(p.stdout or "0"),
                             {"listed": ["big.bin", "empty", "top.txt"], "size": "4", "content": "top\n"}, p.stderr)

    def test_foreign_credentials_go_nowhere(self):
        canary = "ya29.canary-of-somebody-else"
        path = JSON + "acme-reports/o/top.txt"
        with W.changed_policy(RULE):
            before = len(W.journal())
            for suffix in ("acme-reports", "acme-reports/o", "acme-reports/o/top.txt",
                           "acme-reports/o/top.txt?alt=media"):
                self.assertIn("foreign-credential", error(
                    JSON + suffix, "-H", "Authorization: Bearer " + canary, token=False))
            for query in ("key=", "access_token=", "oauth_token=", "X-Goog-Signature=", "userProject="):
                self.assertIn("unknown-parameter", error(f"{path}?{query}{canary}"))
            self.assertIn("request.header", error(path, "-H", "X-Goog-Api-Key: " + canary))
            self.assertEqual(len(W.journal()), before)
            self.assertEqual(curl(path + "?alt=media", "-H", "Cookie: SID=" + canary).stdout, "top\n")
            self.assertEqual(len(W.journal()), before + 1)
            self.assertNotIn(canary, json.dumps(W.journal()[before:]))

    def test_what_is_not_offered_is_refused_by_its_name(self):
        before = len(W.journal())
        with W.changed_policy(RULE):
            for method, path, name in (
                    ("GET", "/storage/v1/b?project=acme-prod", "storage.buckets.list"),
                    ("POST", "/upload" + JSON + "acme-reports/o?name=x", "storage.objects.insert"),
                    ("DELETE", JSON + "acme-reports/o/top.txt", "storage.objects.delete"),
                    ("GET", "/acme-reports/top.txt?X-Goog-Signature=0", "storage.xml"),
                    ("POST", "/google.storage.v2.Storage/ReadObject", "storage.grpc")):
                message = error(path, "-X", method)
                self.assertIn(name, message)
                self.assertIn("api.not-offered", message)
        self.assertEqual(len(W.journal()), before)


if __name__ == "__main__":
    w.run_tests(globals())
