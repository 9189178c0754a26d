#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An agent at work: numbered queries, each retried until it is answered. Appends the number of each answered
query to FILE, and every 50th failure's reason to FILE.err. Ends when FILE.stop is there, after its last answer."""
import http.client
import json
import os
import ssl
import sys
import time
import urllib.request

OUT, FIRST = sys.argv[1], int(sys.argv[2])
HOST = "bigquery.googleapis.com"


def token():
    r = urllib.request.Request("http://169.254.169.254/computeMetadata/v1/instance/service-accounts/"
                               "default/token", headers={"Metadata-Flavor": "Google"})
    with urllib.request.urlopen(r, timeout=5) as a:
        return json.load(a)["access_token"]


def query(state, n):
    """One try over a kept connection; True when the answer is this query's."""
    if not state.get("token"):
        state["token"] = token()
    if not state.get("http"):
        context = ssl.create_default_context(cafile="/run/sallyport/ca.pem")
        state["http"] = http.client.HTTPSConnection(HOST, timeout=10, context=context)
    c = state["http"]
    c.request("POST", "/bigquery/v2/projects/acme-prod/queries",
              json.dumps({"query": f"SELECT {n} AS n", "useLegacySql": False}),
              {"Authorization": "Bearer " + state["token"], "Content-Type": "application/json"})
    a = c.getresponse()
    body = json.loads(a.read())
    if a.status == 401:
        state["token"] = None
    if a.status != 200:
        raise RuntimeError(f"{a.status} {body}")
    if body["rows"][0]["f"][0]["v"] != str(n):
        raise SystemExit(f"asked {n}, was answered {body}")


state, n, failures = {}, FIRST, 0
with open(OUT, "a", buffering=1) as answered, open(OUT + ".err", "a", buffering=1) as errors:
    while not os.path.exists(OUT + ".stop"):
        try:
            query(state, n)
            answered.write(f"{n}\n")
            n += 1
        except (OSError, RuntimeError, ValueError, http.client.HTTPException) as e:
            state.pop("http", None)
            failures += 1
            errors.write(f"{type(e).__name__} {e}\n")
            time.sleep(0.02)
