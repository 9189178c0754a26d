/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/call — one request recognised as one known API call, typed.
 *
 * Job:       host + method + path + query + headers + body → struct sp_call. All that
 *            is not on the allow-lists (parameter, header that changes meaning, body
 *            field, type) is an error that names it.
 * Ownership: strings in the exchange's arena or the request.
 * Errors:    -EPERM "request.*"/"api.*" (recognised and refused, or not recognised),
 *            -EINVAL "request.*"/"json.*" (malformed). sp_err.what says what was not
 *            understood and what would make it pass. SP_HANDLING_DENY comes back as
 *            -EPERM "api.not-offered", never as success.
 * Spec:      BigQuery v2 discovery document (46 methods); threats.md §1.2, §4.2.
 */
#pragma once

#include "daemon/base/err.h"
#include "daemon/base/json.h"
#include "daemon/google/hosts.h"
#include "daemon/google/request.h"

enum sp_handling {
        SP_HANDLING_DENY, /* known by name, not offered */
        SP_HANDLING_QUERY, /* jobs.query, jobs.insert: parse, decide, mask */
        SP_HANDLING_OWN_JOB, /* jobs.get, cancel, getQueryResults: owner only */
        SP_HANDLING_OWN_TABLE, /* tabledata.list: own result tables, or a SELECT of others */
        SP_HANDLING_READ, /* metadata judged by policy: tables.get, datasets.get */
        SP_HANDLING_WRITE, /* judged as the statement that it equals */
        SP_HANDLING_FILTER, /* lists from which what is not granted is taken out */
        SP_HANDLING_LOCAL, /* answered by the daemon: tokens, metadata, discovery */
};

enum sp_local {
        SP_LOCAL_NONE,
        SP_LOCAL_DISCOVERY,
        SP_LOCAL_OAUTH_TOKEN,
        SP_LOCAL_STS_TOKEN,
        SP_LOCAL_IAM_ACCESS_TOKEN,
        SP_LOCAL_METADATA,
        SP_LOCAL_MAX_
};

/* The typed query of jobs.query, or of configuration.query in jobs.insert. Absent
 * strings are empty, absent numbers have their has_ flag false. */
struct sp_bq_query {
        struct sp_str sql;
        struct sp_str default_project, default_dataset;
        struct sp_str location, request_id, client_job_id;
        struct sp_str parameter_mode; /* "NAMED", "POSITIONAL" or empty */
        const struct sp_json *parameters; /* checked queryParameters array, or NULL */
        const struct sp_json *labels; /* checked object of strings, or NULL */
        struct sp_str destination_project, destination_dataset, destination_table;
        struct sp_str write_disposition, create_disposition, priority;
        bool dry_run, use_query_cache, has_use_query_cache;
        bool use_int64_timestamp, has_use_int64_timestamp;
        bool has_max_results, has_timeout_ms, has_maximum_bytes_billed,
                has_job_timeout_ms;
        uint64_t max_results, timeout_ms, maximum_bytes_billed, job_timeout_ms;
};

/* What a request without SQL does, in the words of the statement that it equals. */
enum sp_effect_kind {
        SP_EFFECT_WRITES,
        SP_EFFECT_READS, /* every column, as it is stored */
        SP_EFFECT_RESHAPES, /* writes, and its columns are described anew */
};
struct sp_effect {
        const char *action; /* of a policy: "create" */
        struct sp_str resource; /* "p.d.t", "p.d" */
        enum sp_effect_kind kind;
};
#define SP_CALL_COPY_SOURCES_MAX 20
struct sp_bq_write {
        const char *statement; /* its kind, as sp_sql_statement has it: "CreateTable" */
        struct sp_str equal; /* of a copy job: its text */
        struct sp_str body; /* written anew from checked fields; empty: none */
        struct sp_str etag; /* of If-Match; empty: none */
        struct sp_effect *effects;
        size_t n_effects;
};

struct sp_call {
        enum sp_service service;
        enum sp_handling handling;
        enum sp_local local;
        const char *action; /* "bigquery.jobs.query"; NULL only when not recognised */
        struct sp_str project, dataset, table, job_id, location;
        struct sp_str bucket, object; /* of Cloud Storage */
        bool is_media; /* the object's content, not what is said of it */
        struct sp_bq_query *query; /* SP_HANDLING_QUERY only */
        struct sp_bq_write *write; /* SP_HANDLING_WRITE, and a job that copies */
        bool is_insert; /* jobs.insert rather than jobs.query */
        /* paging and view parameters of the reads: checked, decoded (sp_call_upstream
         * encodes them again), in a fixed order. Without location and timeoutMs, which
         * are above and below, and without what is accepted and not forwarded (alt,
         * prettyPrint, fields). */
        const struct sp_header *parameters;
        size_t n_parameters;
        uint64_t timeout_ms; /* of getQueryResults */
        bool has_timeout_ms;
};

/* *ret is meaningful for `action` and `project` even on -EPERM (for the record), if
 * they were recognised; it is zeroed first. */
sp_must_check int sp_call_recognise(struct sp_arena *a, const struct sp_request *r,
                                    struct sp_call *ret, struct sp_err *reterr);

/* No page of jobs.list is asked to hold more: the owner of each is looked up. */
#define SP_CALL_LIST_JOBS_MAX 100

/* What is sent upstream for a call: built from typed fields only. */
struct sp_upstream_request {
        struct sp_str method, host, path_and_query, body; /* body: JSON or empty */
        struct sp_str etag; /* sent as If-Match; empty: not */
};
struct sp_query_extra {
        struct sp_str sql; /* the rewritten text */
        bool as_insert; /* as jobs.insert whatever the client used (held queries) */
        struct sp_str job_id; /* of jobs.insert; empty: the client's, or none */
        /* Ours, before the real one. Always a jobs.insert (only a Job tells its
         * statementType and referencedTables), without job id, request id and
         * maximumBytesBilled. */
        bool dry_run;
        uint64_t maximum_bytes_billed; /* 0: the client's or none; else the smaller */
        struct sp_str salt; /* value of @sallyport_salt; empty: not used */
        /* Job labels sallyport_session and sallyport_workload, made label-safe here;
         * the session also scopes the client's requestId. */
        struct sp_str label_session, label_workload;
};
/* `extra` may be NULL for calls without a query; for a query its `sql` must not be
 * empty. -EINVAL "request.upstream": nothing to send for this call (local answers). */
sp_must_check int sp_call_upstream(struct sp_arena *a, const struct sp_call *c,
                                   const struct sp_query_extra *extra,
                                   struct sp_upstream_request *ret,
                                   struct sp_err *reterr);
/* tables.get of a full table name, for the schema cache. */
sp_must_check int sp_call_tables_get(struct sp_arena *a, struct sp_str table,
                                     struct sp_upstream_request *ret);
/* routines.get of "project.dataset.function()". */
sp_must_check int sp_call_routines_get(struct sp_arena *a, struct sp_str routine,
                                       struct sp_upstream_request *ret);
/* The same of a wildcard table, which only a dry run of a query in `project` can tell. */
sp_must_check int sp_call_wildcard_get(struct sp_arena *a, struct sp_str project,
                                       struct sp_str table,
                                       struct sp_upstream_request *ret);

/* The table of all 47 methods of BigQuery v2: what recognise goes by, and what
 * docs/api-coverage.md and the discovery document are made from. */
struct sp_method_info {
        const char *action, *http_method, *path; /* "projects/{projectId}/queries" */
        enum sp_handling handling;
        uint32_t parameters; /* bit i: sp_call_parameter(i) is accepted */
        bool has_body;
        const char *why; /* what it is judged as, or why it is not offered */
};
const struct sp_method_info *sp_call_methods(size_t *ret_n);
/* The paths around them, known by name: first match wins. */
struct sp_route_info {
        unsigned services; /* bits of enum sp_service */
        const char *http_method, *path, *action; /* http_method NULL: any */
        enum sp_handling handling;
        enum sp_local local;
        const char *why;
};
const struct sp_route_info *sp_call_routes(size_t *ret_n);
/* Name and JSON type ("string", "integer", "boolean") of query parameter `i` of the
 * table above; NULL past the last. */
const char *sp_call_parameter(size_t i, const char **ret_type);
const char *sp_handling_name(enum sp_handling h); /* "deny"; NULL out of range */
