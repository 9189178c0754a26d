#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""client.py FILE FIRST: an agent at work: numbered queries, each retried until it is answered. Appends the number of each answered
query to FILE, and each failure's reason to FILE.err. With an ID token in the variable PERSON it signs in with that, anew
before every tenth query. Ends when FILE.stop is there, after its last answer.
client.py --query SQL: one statement; prints {"ok", "rows" or "error"} as the Node client does, for machines that are
too slow for that one's own timeouts."""
import http.client
import json
import os
import ssl
import sys
import time
import urllib.parse
import urllib.request

HOST = "bigquery.googleapis.com"
CA = os.environ.get("SSL_CERT_FILE", "/run/sallyport/ca.pem")
PATIENCE_S = 10 * int(os.environ.get("SLOW", "1"))


def token():
    if os.environ.get("PERSON"):
        form = urllib.parse.urlencode({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                                       "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                                       "subject_token": os.environ["PERSON"]})
        context = ssl.create_default_context(cafile=CA)
        with urllib.request.urlopen("https://sts.googleapis.com/v1/token", form.encode(), timeout=PATIENCE_S,
                                    context=context) as a:
            return json.load(a)["access_token"]
    r = urllib.request.Request("http://169.254.169.254/computeMetadata/v1/instance/service-accounts/"
                               "default/token", headers={"Metadata-Flavor": "Google"})
    with urllib.request.urlopen(r, timeout=PATIENCE_S) as a:
        return json.load(a)["access_token"]


def call(state, method, path, body=None):
    """One request over a kept connection; its status and JSON."""
    if not state.get("token"):
        state["token"] = token()
    if not state.get("http"):
        context = ssl.create_default_context(cafile=CA)
        state["http"] = http.client.HTTPSConnection(HOST, timeout=state.get("timeout", PATIENCE_S), context=context)
    c = state["http"]
    c.request(method, "/bigquery/v2/projects/acme-prod" + path, body and json.dumps(body),
              {"Authorization": "Bearer " + state["token"], "Content-Type": "application/json"})
    a = c.getresponse()
    answer = json.loads(a.read())
    if a.status == 401:
        state["token"] = None
    return a.status, answer


def ask(state, sql):
    return call(state, "POST", "/queries", {"query": sql, "useLegacySql": False})


def work(out, n):
    state = {}
    with open(out, "a", buffering=1) as answered, open(out + ".err", "a", buffering=1) as errors:
        while not os.path.exists(out + ".stop"):
            try:
                status, body = ask(state, f"SELECT {n} AS n")
                if status != 200:
                    raise RuntimeError(f"{status} {body}")
                if body["rows"][0]["f"][0]["v"] != str(n):
                    raise SystemExit(f"asked {n}, was answered {body}")
                answered.write(f"{n}\n")
                n += 1
                if n % 10 == 0 and os.environ.get("PERSON"):
                    state["token"] = None
            except (OSError, RuntimeError, ValueError, http.client.HTTPException) as e:
                state.pop("http", None)
                errors.write(f"{type(e).__name__} {e}\n")
                time.sleep(0.02)


def once(sql):
    state = {"timeout": 120}
    status, body = ask(state, sql)
    while status == 200 and not body.get("jobComplete"):
        status, body = call(state, "GET", "/queries/" + body["jobReference"]["jobId"])
    if status != 200:
        print(json.dumps({"ok": False, "error": body["error"]}))
        return
    names = [f["name"] for f in body.get("schema", {}).get("fields", [])]
    print(json.dumps({"ok": True, "rows": [dict(zip(names, (c["v"] for c in r["f"]))) for r in body.get("rows", [])]}))


if sys.argv[1] == "--query":
    once(sys.argv[2])
else:
    work(sys.argv[1], int(sys.argv[2]))
