/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/answer.h"

#include <stdio.h>
#include <time.h>

#include "daemon/google/write.h"

#define MESSAGE_MAX 2048

struct sp_str sp_write_end(struct sp_arena *a, const struct sp_jsonw *w)
{
        if (sp_jsonw_end(w) < 0)
                return SP_STR_NULL;
        return sp_arena_str(a, sp_buf_str(w->to));
}

struct sp_str sp_write_clean(char *to, size_t size, struct sp_str text)
{
        sp_err_escape(to, size, text);
        return sp_str_c(to);
}

/* What Google's front ends say for a code. Never rateLimitExceeded, backendError only
 * for faults of ours: clients retry those. */
static const struct code {
        unsigned code;
        const char *reason, *status;
} codes[] = {
        { 400, "invalid", "INVALID_ARGUMENT" },
        { 401, "authError", "UNAUTHENTICATED" },
        { 403, "accessDenied", "PERMISSION_DENIED" },
        { 404, "notFound", "NOT_FOUND" },
        { 405, "httpMethodNotAllowed", "UNIMPLEMENTED" },
        { 409, "duplicate", "ALREADY_EXISTS" },
        { 412, "conditionNotMet", "FAILED_PRECONDITION" },
        { 413, "uploadTooLarge", "INVALID_ARGUMENT" },
        { 429, "rateLimitExceeded", "RESOURCE_EXHAUSTED" },
        { 500, "internalError", "INTERNAL" },
        { 501, "notImplemented", "UNIMPLEMENTED" },
        { 503, "backendError", "UNAVAILABLE" },
        { 504, "backendError", "DEADLINE_EXCEEDED" },
};

static const struct code *code_find(unsigned code)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(codes); i++)
                if (codes[i].code == code)
                        return &codes[i];
        return code_find(code >= 500 ? 500 : 400);
}

const char *sp_write_status(unsigned code)
{
        return code_find(code)->status;
}

const char *sp_write_reason(unsigned code)
{
        return code_find(code)->reason;
}

struct sp_str sp_answer_error(struct sp_arena *a, unsigned code, const char *reason,
                              struct sp_str message)
{
        sp_autobuf b = SP_BUF_INIT(64 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);
        char text[MESSAGE_MAX];
        struct sp_str clean = sp_write_clean(text, sizeof(text), message);

        sp_jsonw_open(&w, '{');
        sp_jsonw_key(&w, "error");
        sp_jsonw_open(&w, '{');
        sp_jsonw_ku64(&w, "code", code);
        sp_jsonw_kstr(&w, "message", clean);
        sp_jsonw_key(&w, "errors");
        sp_jsonw_open(&w, '[');
        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "message", clean);
        sp_jsonw_kstr(&w, "domain", SP_STR("global"));
        sp_jsonw_kstr(&w, "reason", sp_str_c(reason ? reason : sp_write_reason(code)));
        sp_jsonw_close(&w, '}');
        sp_jsonw_close(&w, ']');
        sp_jsonw_kstr(&w, "status", sp_str_c(sp_write_status(code)));
        sp_jsonw_close(&w, '}');
        sp_jsonw_close(&w, '}');
        return sp_write_end(a, &w);
}

struct sp_str sp_answer_denial_message(struct sp_arena *a, const struct sp_err *e,
                                       struct sp_str rule, struct sp_str reason)
{
        char rule_text[256], reason_text[1024];

        (void)sp_write_clean(rule_text, sizeof(rule_text), rule);
        (void)sp_write_clean(reason_text, sizeof(reason_text), reason);
        return sp_arena_printf(a, "Access Denied: Sallyport: %s (%s%s%s)%s%s",
                               e->what[0] ? e->what : "not allowed",
                               e->id ? e->id : "denied", rule.n ? "; rule " : "",
                               rule_text, reason.n ? ": " : "", reason_text);
}

/* ---- jobs ---- */

static void write_job_reference(struct sp_jsonw *w, const struct sp_job_view *j)
{
        sp_jsonw_key(w, "jobReference");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "projectId", j->project);
        sp_jsonw_kstr(w, "jobId", j->job_id);
        if (j->location.n)
                sp_jsonw_kstr(w, "location", j->location);
        sp_jsonw_close(w, '}');
}

struct sp_str sp_answer_query_incomplete(struct sp_arena *a,
                                         const struct sp_job_view *j,
                                         bool is_get_query_results)
{
        sp_autobuf b = SP_BUF_INIT(64 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "kind",
                      is_get_query_results ? SP_STR("bigquery#getQueryResultsResponse")
                                           : SP_STR("bigquery#queryResponse"));
        write_job_reference(&w, j);
        sp_jsonw_kbool(&w, "jobComplete", false);
        sp_jsonw_close(&w, '}');
        return sp_write_end(a, &w);
}

static void write_error_proto(struct sp_jsonw *w, struct sp_str message)
{
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "reason", SP_STR("accessDenied"));
        sp_jsonw_kstr(w, "message", message);
        sp_jsonw_close(w, '}');
}

static void write_status(struct sp_jsonw *w, const struct sp_job_view *j)
{
        char text[MESSAGE_MAX];
        struct sp_str message = sp_write_clean(text, sizeof(text), j->error_message);

        sp_jsonw_key(w, "status");
        sp_jsonw_open(w, '{');
        if (message.n) {
                sp_jsonw_key(w, "errorResult");
                write_error_proto(w, message);
                sp_jsonw_key(w, "errors");
                sp_jsonw_open(w, '[');
                write_error_proto(w, message);
                sp_jsonw_close(w, ']');
        }
        sp_jsonw_kstr(w, "state", j->state);
        sp_jsonw_close(w, '}');
}

static void write_statistics(struct sp_jsonw *w, const struct sp_job_view *j)
{
        char text[24];
        int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)j->created_ms);
        struct sp_str created = sp_str(text, (size_t)n);

        sp_jsonw_key(w, "statistics");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "creationTime", created);
        sp_jsonw_kstr(w, "startTime", created);
        if (j->error_message.n)
                sp_jsonw_kstr(w, "endTime", created);
        sp_jsonw_key(w, "query");
        sp_jsonw_open(w, '{');
        if (j->statement_kind.n)
                sp_jsonw_kstr(w, "statementType", j->statement_kind);
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
}

static void write_job(struct sp_jsonw *w, const struct sp_job_view *j)
{
        char id[1400];
        int n = snprintf(id, sizeof(id), "%.*s:%.*s.%.*s", SP_FMT(j->project),
                         SP_FMT(j->location.n ? j->location : SP_STR("US")),
                         SP_FMT(j->job_id));

        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "kind", SP_STR("bigquery#job"));
        sp_jsonw_kstr(w, "id", sp_str(id, SP_MIN((size_t)n, sizeof(id) - 1)));
        write_job_reference(w, j);
        sp_jsonw_key(w, "configuration");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "jobType", SP_STR("QUERY"));
        sp_jsonw_key(w, "query");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "query", j->sql);
        sp_jsonw_kbool(w, "useLegacySql", false);
        sp_jsonw_kstr(w, "priority", SP_STR("INTERACTIVE"));
        sp_jsonw_close(w, '}');
        sp_jsonw_close(w, '}');
        write_status(w, j);
        write_statistics(w, j);
        sp_jsonw_close(w, '}');
}

struct sp_str sp_answer_job(struct sp_arena *a, const struct sp_job_view *j)
{
        sp_autobuf b = SP_BUF_INIT(16 * 1024 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);

        write_job(&w, j);
        return sp_write_end(a, &w);
}

struct sp_str sp_answer_job_cancel(struct sp_arena *a, const struct sp_job_view *j)
{
        sp_autobuf b = SP_BUF_INIT(16 * 1024 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "kind", SP_STR("bigquery#jobCancelResponse"));
        sp_jsonw_key(&w, "job");
        write_job(&w, j);
        sp_jsonw_close(&w, '}');
        return sp_write_end(a, &w);
}

/* ---- tokens and projects ---- */

/* Whole seconds and Z: a Python client refuses fractions (clients.md §4). */
static struct sp_str whole_seconds(uint64_t wall_us, char to[32])
{
        time_t s = (time_t)(wall_us / SP_USEC_PER_SEC);
        struct tm tm;
        size_t n = gmtime_r(&s, &tm) ? strftime(to, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) : 0;

        return sp_str(to, n);
}

struct sp_str sp_answer_token(struct sp_arena *a, enum sp_local kind,
                              struct sp_str token, uint64_t expires_in_s,
                              uint64_t now_wall_us)
{
        sp_autobuf b = SP_BUF_INIT(256 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);
        char time[32];

        sp_jsonw_open(&w, '{');
        if (kind == SP_LOCAL_IAM_ACCESS_TOKEN) {
                sp_jsonw_kstr(&w, "accessToken", token);
                sp_jsonw_kstr(
                        &w, "expireTime",
                        whole_seconds(now_wall_us + expires_in_s * SP_USEC_PER_SEC,
                                      time));
        } else {
                sp_jsonw_kstr(&w, "access_token", token);
                if (kind == SP_LOCAL_STS_TOKEN)
                        sp_jsonw_kstr(&w, "issued_token_type",
                                      SP_STR("urn:ietf:params:oauth:token-type:access_"
                                             "token"));
                sp_jsonw_ku64(&w, "expires_in", expires_in_s);
                sp_jsonw_kstr(&w, "token_type", SP_STR("Bearer"));
        }
        sp_jsonw_close(&w, '}');
        return sp_write_end(a, &w);
}

struct sp_str sp_answer_projects(struct sp_arena *a, const struct sp_str *ids, size_t n)
{
        sp_autobuf b = SP_BUF_INIT(1024 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);

        sp_jsonw_open(&w, '{');
        sp_jsonw_kstr(&w, "kind", SP_STR("bigquery#projectList"));
        sp_jsonw_key(&w, "projects");
        sp_jsonw_open(&w, '[');
        for (size_t i = 0; i < n; i++) {
                sp_jsonw_open(&w, '{');
                sp_jsonw_kstr(&w, "kind", SP_STR("bigquery#project"));
                sp_jsonw_kstr(&w, "id", ids[i]);
                sp_jsonw_key(&w, "projectReference");
                sp_jsonw_open(&w, '{');
                sp_jsonw_kstr(&w, "projectId", ids[i]);
                sp_jsonw_close(&w, '}');
                sp_jsonw_kstr(&w, "friendlyName", ids[i]);
                sp_jsonw_close(&w, '}');
        }
        sp_jsonw_close(&w, ']');
        sp_jsonw_ku64(&w, "totalItems", n);
        sp_jsonw_close(&w, '}');
        return sp_write_end(a, &w);
}
