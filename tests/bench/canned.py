# SPDX-License-Identifier: Apache-2.0
"""
canned - the bench's upstream, and the peer beside us, as nginx configurations.

The upstream answers every query with the same 1 KB, every page of a result with the same 10 MB,
the preview of one table with 10 MB of rows, and what the gateway asks for itself (a token, the columns of tables).
"""
import json
import os

import world

NAME = "bigquery.googleapis.com"
PEER_PORT = 8443
JOB = "job_0123456789abcdefghijklmn"
PROJECT = "/bigquery/v2/projects/acme-prod"
QUERIES = f"{PROJECT}/queries"
OUTPUTS = ["id", "customer_id", "total", "note"]  # of both queries
TABLES = {("shop", "baskets"): OUTPUTS,
          ("crm", "customers"): ["id", "name", "email", "ssn", "phone", "city"],
          ("crm", "badges"): ["id", "name", "code", "ssn", "phone", "city"]}
TABLE = f"{PROJECT}/datasets/crm/tables/badges"
PREVIEW = f"{TABLE}/data"


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def fields(columns):
    return {"fields": [{"name": c, "type": "STRING", "mode": "NULLABLE"} for c in columns]}


def row(i, n_columns):
    """With nulls, escapes and text beyond ASCII."""
    cells = [str(1000000 + i), f"name {i * 7919 % 10007}", "3f5a9c0e" * 4,
             None if i % 17 == 0 else '[redacted] "\\' + str(i), "*****%02d" % (i % 100),
             ("Lyon", "Köln", "Oslo")[i % 3]]
    return {"f": [{"v": c} for c in cells[:n_columns]]}


def fill(answer, n_columns, target):
    """With rows, up to about `target` bytes."""
    each = len(compact(row(12345, n_columns)).encode()) + 1
    n = max(1, (target - len(compact(answer))) // each)
    return compact({**answer, "totalRows": str(n), "rows": [row(i, n_columns) for i in range(n)]})


def page(target):
    """An answer of jobs.query or getQueryResults."""
    return fill({"kind": "bigquery#queryResponse", "schema": fields(OUTPUTS),
                 "jobReference": {"projectId": "acme-prod", "jobId": JOB, "location": "US"},
                 "totalRows": "0", "rows": [], "totalBytesProcessed": "1234567",
                 "jobComplete": True, "cacheHit": False}, len(OUTPUTS), target)


def preview(target):
    """Of tabledata.list: rows that no SQL was rewritten for."""
    return fill({"kind": "bigquery#tableDataList", "etag": "e1", "totalRows": "0", "rows": []},
                len(TABLES["crm", "badges"]), target)


def table(dataset, name, columns):
    return compact({"kind": "bigquery#table", "etag": "e1", "type": "TABLE",
                    "id": f"acme-prod:{dataset}.{name}", "schema": fields(columns),
                    "tableReference": {"projectId": "acme-prod", "datasetId": dataset,
                                       "tableId": name}})


def write_answers(w):
    files = {"small.json": page(1024), "page.json": page(10 * 1024 * 1024),
             "preview.json": preview(10 * 1024 * 1024),
             "token.json": compact({"access_token": "upstream-token", "expires_in": 3600,
                                    "token_type": "Bearer"})}
    for (dataset, name), columns in TABLES.items():
        files[f"{dataset}.{name}.json"] = table(dataset, name, columns)
    os.mkdir(w.path("answers"))
    for name, text in files.items():
        with open(w.path("answers", name), "w") as f:
            f.write(text)


def common(w, name):
    temp = "".join(f" {kind}_temp_path {w.path(name + '-' + kind)};"
                   for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""worker_processes 1; daemon off; pid {w.path(name + '.pid')}; error_log stderr warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 12000; }}
http {{
 access_log off; sendfile off; tcp_nodelay on;{temp}
 keepalive_requests 1000000000; keepalive_timeout 600s;
 ssl_protocols TLSv1.3; ssl_session_cache shared:s:1m; ssl_buffer_size 16k;
 ssl_certificate {w.path('pki', 'upstream.crt')};
 ssl_certificate_key {w.path('pki', 'upstream.key')};
"""


def always(w, name):
    """Whatever the method: a POST on a file is a 405 for nginx, which becomes the file."""
    return (f"{{ root {w.path('answers')}; rewrite ^ /{name} break; "
            f"error_page 405 =200 /{name}; }}")


def upstream(w):
    write_answers(w)
    tables = "".join(f"  location = {PROJECT}/datasets/{d}/tables/{t} "
                     f"{always(w, f'{d}.{t}.json')}\n" for d, t in TABLES)
    with open(w.path("upstream.conf"), "w") as f:
        f.write(common(w, "upstream") + f"""
 default_type "application/json; charset=UTF-8";
 open_file_cache max=16 inactive=1h; output_buffers 2 64k;
 server {{
  listen {world.GOOGLE4}:443 ssl sndbuf=512k;
  location = {QUERIES} {always(w, 'small.json')}
  location {QUERIES}/ {always(w, 'page.json')}
  location = {PREVIEW} {always(w, 'preview.json')}
  location = /token {always(w, 'token.json')}
{tables}  location ~ ^/[a-z.]+\\.json$ {{ root {w.path('answers')}; error_page 405 =200 $uri; }}
  location / {{ return 404 '{{"error":{{"code":404,"message":"not canned"}}}}'; }}
 }}
}}
""")
    return w.path("upstream.conf")


def peer(w):
    """What nginx is commonly set up as: TLS both sides, kept alive, the upstream verified."""
    with open(w.path("peer.conf"), "w") as f:
        f.write(common(w, "peer") + f"""
 upstream google {{
  server {world.GOOGLE4}:443; keepalive 64; keepalive_requests 1000000000;
 }}
 server {{
  listen 127.0.0.1:{PEER_PORT} ssl;
  location / {{
   proxy_pass https://google; proxy_http_version 1.1; proxy_set_header Connection "";
   proxy_set_header Host {NAME}; proxy_set_header Authorization "Bearer swapped";
   proxy_ssl_server_name on; proxy_ssl_name {NAME}; proxy_ssl_protocols TLSv1.3;
   proxy_ssl_verify on; proxy_ssl_trusted_certificate {w.path('pki', 'upstream-ca.crt')};
   proxy_buffer_size 16k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;
   proxy_max_temp_file_size 0;
  }}
 }}
}}
""")
    return w.path("peer.conf")
