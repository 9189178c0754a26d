-- SPDX-License-Identifier: Apache-2.0
-- One request, over and over:  wrk -s load.lua URL -- METHOD PATH [JSON BODY]
-- The access token comes from the environment. Fields are set in init so that wrk builds the
-- request once: a request function of one's own would cost the load's CPU each time.

function init(args)
   wrk.method, wrk.path, wrk.body = args[1], args[2], args[3]
   wrk.headers["Host"] = "bigquery.googleapis.com"
   wrk.headers["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or "none")
   if args[3] then
      wrk.headers["Content-Type"] = "application/json"
   end
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      '{"requests":%d,"seconds":%.6f,"bytes":%d,"p50_us":%d,"p99_us":%d,"bad":%d,"broken":%d}\n',
      summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50),
      latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
