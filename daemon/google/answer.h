/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/answer — the bodies that the daemon itself answers with, in Google's shapes.
 *
 * Job:    errors that every client shows its user verbatim (clients.md §7), incomplete
 *         jobs for held queries (§6), tokens, metadata, filtered and rebuilt answers.
 * Out:    body in the arena; a NULL string when there is no memory, or when a text
 *         given to it is not UTF-8.
 * Errors: -ENOMEM; -EBADMSG "answer.not-understood": upstream sent what BigQuery
 *         never sends (answer 502, never the bytes); -ENOTSUP: no such rebuild.
 */
#pragma once

#include "daemon/google/call.h"

/* {"error":{"code","message","errors":[{message,domain,reason}],"status"}}. `reason`
 * NULL: by code (400 invalid, 401 authError, 403 accessDenied, 404 notFound, 503
 * backendError). The message is cut to 2 KiB and escaped. */
struct sp_str sp_answer_error(struct sp_arena *a, unsigned code, const char *reason,
                              struct sp_str message);
/* What a denied person reads:
 * "Access Denied: Sallyport: <what> (<id>; rule <rule>): <reason>" */
struct sp_str sp_answer_denial_message(struct sp_arena *a, const struct sp_err *e,
                                       struct sp_str rule, struct sp_str reason);

struct sp_job_view {
        struct sp_str project, job_id, location;
        struct sp_str sql; /* the agent's own text */
        struct sp_str state; /* "PENDING", "RUNNING", "DONE" */
        struct sp_str statement_kind; /* "SELECT", … may be empty */
        struct sp_str error_message; /* of a denied job: errorResult accessDenied */
        uint64_t created_ms;
};
struct sp_str sp_answer_query_incomplete(struct sp_arena *a,
                                         const struct sp_job_view *j,
                                         bool is_get_query_results);
struct sp_str sp_answer_job(struct sp_arena *a, const struct sp_job_view *j);
struct sp_str sp_answer_job_cancel(struct sp_arena *a, const struct sp_job_view *j);

/* {"access_token","expires_in","token_type":"Bearer"} (+ issued_token_type for sts). */
struct sp_str sp_answer_token(struct sp_arena *a, enum sp_local kind,
                              struct sp_str token, uint64_t expires_in_s,
                              uint64_t now_wall_us);
/* The projects.list answer: only these. */
struct sp_str sp_answer_projects(struct sp_arena *a, const struct sp_str *ids,
                                 size_t n);
struct sp_str sp_answer_discovery(struct sp_arena *a);

/* The emulated metadata server (plain HTTP). needs_token: the body is to be made with
 * sp_answer_token(SP_LOCAL_METADATA). Status 200, 400, 403 (no Metadata-Flavor header,
 * X-Forwarded-For), 404. Every answer must carry the header "Metadata-Flavor: Google":
 * Go's library believes in a metadata server by it alone. */
struct sp_metadata_answer {
        unsigned status;
        const char *content_type;
        struct sp_str body;
        bool needs_token;
};
int sp_answer_metadata(struct sp_arena *a, const struct sp_request *r,
                       struct sp_str project,
                       struct sp_metadata_answer *ret) sp_must_check;

/*
 * What of an upstream answer reaches the client: a body rebuilt from an allow-list of
 * fields (google/shapes). Status 300 and above: the error. Else by the call's action:
 * jobs.get/insert/cancel, datasets.get, tables.get, and whole pages of jobs.query,
 * getQueryResults and tabledata.list. `own` NULL: no SQL is shown, texts stay as they
 * are.
 */
struct sp_answer_own {
        struct sp_str sql; /* put in place of the rewritten text */
        bool is_rewritten; /* then few texts about the statement pass: google/message */
        struct sp_str
                tables; /* that it names, "p.d.t", a line each; p NULL: not known */
        struct sp_str places; /* for positions in texts: mask/places */
};
int sp_answer_rebuild(struct sp_arena *a, const struct sp_call *c, unsigned status,
                      struct sp_str upstream_body, const struct sp_answer_own *own,
                      struct sp_str *ret, struct sp_err *reterr) sp_must_check;
/* For datasets.list and tables.list: the items for which `keep` says yes of "p.d" or
 * "p.d.t". */
typedef bool (*sp_answer_keep_fn)(void *userdata, struct sp_str resource);
int sp_answer_filter(struct sp_arena *a, const struct sp_call *c,
                     struct sp_str upstream_body, sp_answer_keep_fn keep,
                     void *userdata, struct sp_str *ret,
                     struct sp_err *reterr) sp_must_check;
/* For jobs.list: the jobs ("project:id") for which `own` says yes, each as jobs.get would
 * show it. */
typedef bool (*sp_answer_own_fn)(void *userdata, struct sp_str job,
                                 struct sp_str location, struct sp_answer_own *ret);
int sp_answer_job_list(struct sp_arena *a, const struct sp_call *c,
                       struct sp_str upstream_body, sp_answer_own_fn own,
                       void *userdata, struct sp_str *ret,
                       struct sp_err *reterr) sp_must_check;
