#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One query with Debian's unmodified python3-googleapi.

    query.py [--mode query|insert] [--project P] [--key-file FILE] [--max-results N]
             [--timeout SECONDS] SQL

Credentials are the default ones (the metadata server) unless a key file is named. The
library hands an unfinished job to its caller, so this program polls, as its users must.
Prints one JSON line: what the user got. Exit status 0 for rows, 1 for an error, 2 for
wrong use.
"""
import argparse
import json
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")

import google.auth  # noqa: E402
from google.auth import exceptions  # noqa: E402
from google.oauth2 import service_account  # noqa: E402
from googleapiclient import discovery, errors  # noqa: E402

SCOPES = ["https://www.googleapis.com/auth/bigquery"]


def credentials(key_file):
    if key_file:
        return service_account.Credentials.from_service_account_file(
            key_file, scopes=SCOPES)
    found, _ = google.auth.default(scopes=SCOPES)
    return found


def cell(value, field):
    if field.get("mode") == "REPEATED":
        one = dict(field, mode="NULLABLE")
        return [cell(v["v"], one) for v in value]
    if value is not None and field["type"] == "RECORD":
        return {f["name"]: cell(v["v"], f) for f, v in zip(field["fields"], value["f"])}
    return value


def start(service, args):
    jobs = service.jobs()
    if args.mode == "insert":
        body = {"configuration": {"query": {"query": args.sql, "useLegacySql": False}}}
        job = jobs.insert(projectId=args.project, body=body).execute()
        return {"jobReference": job["jobReference"], "jobComplete": False}
    body = {"query": args.sql, "useLegacySql": False}
    if args.max_results:
        body["maxResults"] = args.max_results
    return jobs.query(projectId=args.project, body=body).execute()


def run(service, args):
    deadline = time.monotonic() + args.timeout
    reply = start(service, args)
    ref = reply["jobReference"]
    rows, fields, polls = [], [], 0
    while True:
        token = None
        if reply["jobComplete"]:
            fields = reply.get("schema", {}).get("fields", fields)
            rows += [{f["name"]: cell(v["v"], f) for f, v in zip(fields, row["f"])}
                     for row in reply.get("rows", [])]
            token = reply.get("pageToken")
            if not token:
                break
        elif time.monotonic() > deadline:
            raise TimeoutError("the query did not complete in time")
        else:
            polls += 1
        more = {"pageToken": token} if token else {}
        if args.max_results:
            more["maxResults"] = args.max_results
        reply = service.jobs().getQueryResults(
            projectId=ref["projectId"], jobId=ref["jobId"],
            location=ref.get("location"), **more).execute()
    out = {"job_id": ref["jobId"], "rows": rows, "polls": polls}
    if "numDmlAffectedRows" in reply:
        out["dml_rows"] = int(reply["numDmlAffectedRows"])
    return out


def describe(err):
    if not isinstance(err, errors.HttpError):
        return {"message": str(err), "code": None, "reason": type(err).__name__}
    out = {"message": str(err), "code": int(err.resp.status), "reason": None}
    try:
        item = json.loads(err.content)["error"]
        out["message"] = item["message"]
        out["reason"] = item["errors"][0]["reason"]
    except (ValueError, KeyError, IndexError, TypeError):
        pass
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=["query", "insert"], default="query")
    parser.add_argument("--project", default=os.environ.get("GOOGLE_CLOUD_PROJECT"))
    parser.add_argument("--key-file")
    parser.add_argument("--max-results", type=int)
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("sql", nargs="?", default=os.environ.get("SQL"))
    args = parser.parse_args()
    if not args.sql or not args.project:
        parser.error("a project (--project) and SQL are needed")
    started = time.monotonic()
    out = {"client": "python", "mode": args.mode}
    try:
        service = discovery.build("bigquery", "v2", credentials=credentials(args.key_file),
                                  cache_discovery=False)
        out.update(ok=True, **run(service, args))
    except (errors.Error, exceptions.GoogleAuthError, OSError) as err:
        out.update(ok=False, error=describe(err))
    out["elapsed_ms"] = int((time.monotonic() - started) * 1000)
    print(json.dumps(out))
    return 0 if out["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
