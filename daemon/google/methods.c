/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/methods.h"

#include <errno.h>

#include "daemon/google/service.h"
#include "daemon/google/storage.h"

#define P(x) (1u << SP_PARAMETER_##x)
#define PAGES (P(MAX_RESULTS) | P(PAGE_TOKEN))
#define P_P "projects/{projectId}"
#define P_D P_P "/datasets/{datasetId}"
#define P_T P_D "/tables/{tableId}"
#define P_R P_D "/routines/{routineId}"
#define P_A P_T "/rowAccessPolicies/{policyId}"
#define DENY SP_HANDLING_DENY
#define WRITE SP_HANDLING_WRITE

/* Alphabetical, as in the discovery document. Paths are relative to /bigquery/v2/;
 * where the document says {+resource} the full path stands here. */
static const struct sp_method_info methods[] = {
        { "bigquery.datasets.delete", "DELETE", P_D, WRITE, P(DELETE_CONTENTS), false,
          "DROP SCHEMA; with deleteContents of all tables in it too" },
        { "bigquery.datasets.get", "GET", P_D, SP_HANDLING_READ,
          P(DATASET_VIEW) | P(ACCESS_POLICY_VERSION), false,
          "judged as this action on the dataset; shown without access lists, keys and "
          "external references" },
        { "bigquery.datasets.insert", "POST", P_P "/datasets", WRITE, 0, true,
          "CREATE SCHEMA, without access lists" },
        { "bigquery.datasets.list", "GET", P_P "/datasets", SP_HANDLING_FILTER,
          PAGES | P(ALL) | P(FILTER), false,
          "shows the datasets in which the principal may select or look at something" },
        { "bigquery.datasets.patch", "PATCH", P_D, WRITE,
          P(ACCESS_POLICY_VERSION) | P(UPDATE_MODE), true,
          "ALTER SCHEMA, without access lists" },
        { "bigquery.datasets.undelete", "POST", P_D ":undelete", WRITE, 0, true,
          "UNDROP SCHEMA, judged as create" },
        { "bigquery.datasets.update", "PUT", P_D, WRITE,
          P(ACCESS_POLICY_VERSION) | P(UPDATE_MODE), true,
          "ALTER SCHEMA, without access lists; sent as datasets.patch, so that what is "
          "not shown here stays" },
        { "bigquery.jobs.cancel", "POST", P_P "/jobs/{jobId}/cancel",
          SP_HANDLING_OWN_JOB, P(LOCATION), false, "withdraws a held job too" },
        { "bigquery.jobs.delete", "DELETE", P_P "/jobs/{jobId}/delete", DENY, 0, false,
          "would take away what records point to" },
        { "bigquery.jobs.get", "GET", P_P "/jobs/{jobId}", SP_HANDLING_OWN_JOB,
          P(LOCATION), false,
          "shows the agent's own text; nothing of the plan, of the rewritten text, of "
          "who ran it" },
        { "bigquery.jobs.getQueryResults", "GET", P_P "/queries/{jobId}",
          SP_HANDLING_OWN_JOB,
          P(LOCATION) | PAGES | P(START_INDEX) | P(TIMEOUT_MS) | P(INT64_TIMESTAMP),
          false, "rows are checked and cut while they stream" },
        { "bigquery.jobs.insert", "POST", P_P "/jobs", SP_HANDLING_QUERY, 0, true,
          "judged as what its statement does; a destinationTable as insert, create and "
          "truncate too. copy (also clone, snapshot and restore) is judged as select "
          "on its sources and as a write of its destination; load and extract are "
          "refused as bigquery.jobs.insert.KIND" },
        { "bigquery.jobs.list", "GET", P_P "/jobs", SP_HANDLING_FILTER,
          PAGES | P(ALL_USERS) | P(PROJECTION) | P(STATE_FILTER) |
                  P(MIN_CREATION_TIME) | P(MAX_CREATION_TIME) | P(PARENT_JOB_ID),
          false,
          "shows the principal's own jobs as jobs.get does, not those that still wait "
          "for a person; with parentJobId the child jobs of one's own script; allUsers "
          "is refused" },
        { "bigquery.jobs.query", "POST", P_P "/queries", SP_HANDLING_QUERY, 0, true,
          "judged as what its statement does" },
        { "bigquery.models.delete", "DELETE", P_D "/models/{modelId}", DENY, 0, false,
          "DROP MODEL" },
        { "bigquery.models.get", "GET", P_D "/models/{modelId}", SP_HANDLING_READ, 0,
          false,
          "judged as this action on PROJECT.DATASET.MODEL; shown without its features "
          "and "
          "training runs, which hold values of what it was trained on" },
        { "bigquery.models.list", "GET", P_D "/models", SP_HANDLING_FILTER, PAGES,
          false, "shows the models that bigquery.models.get would, as that does" },
        { "bigquery.models.patch", "PATCH", P_D "/models/{modelId}", DENY, 0, true,
          "ALTER MODEL" },
        { "bigquery.projects.getServiceAccount", "GET", P_P "/serviceAccount", DENY, 0,
          false, "names an identity that only key grants need" },
        { "bigquery.projects.list", "GET", "projects", SP_HANDLING_FILTER, PAGES, false,
          "answered from the policy, without asking Google" },
        { "bigquery.routines.delete", "DELETE", P_R, DENY, 0, false,
          "DROP FUNCTION or DROP PROCEDURE" },
        { "bigquery.routines.get", "GET", P_R, SP_HANDLING_READ, 0, false,
          "judged as this action on PROJECT.DATASET.ROUTINE; shown without its code "
          "and "
          "descriptions, which may quote protected data" },
        { "bigquery.routines.getIamPolicy", "POST", P_R ":getIamPolicy", DENY, 0, true,
          "tells who may do what" },
        { "bigquery.routines.insert", "POST", P_D "/routines", DENY, 0, true,
          "CREATE FUNCTION or CREATE PROCEDURE" },
        { "bigquery.routines.list", "GET", P_D "/routines", SP_HANDLING_FILTER, PAGES,
          false, "shows the routines that bigquery.routines.get would, as that does" },
        { "bigquery.routines.setIamPolicy", "POST", P_R ":setIamPolicy", DENY, 0, true,
          "GRANT and REVOKE" },
        /* not in revision 20250528; in later ones */
        { "bigquery.routines.testIamPermissions", "POST", P_R ":testIamPermissions",
          DENY, 0, true, "tells what the gateway may do" },
        { "bigquery.routines.update", "PUT", P_R, DENY, 0, true,
          "CREATE OR REPLACE FUNCTION" },
        { "bigquery.rowAccessPolicies.batchDelete", "POST",
          P_T "/rowAccessPolicies:batchDelete", DENY, 0, true,
          "DROP ROW ACCESS POLICY" },
        { "bigquery.rowAccessPolicies.delete", "DELETE", P_A, DENY, 0, false,
          "DROP ROW ACCESS POLICY" },
        { "bigquery.rowAccessPolicies.get", "GET", P_A, DENY, 0, false,
          "its filter quotes protected data" },
        { "bigquery.rowAccessPolicies.getIamPolicy", "POST", P_A ":getIamPolicy", DENY,
          0, true, "tells who may do what" },
        { "bigquery.rowAccessPolicies.insert", "POST", P_T "/rowAccessPolicies", DENY,
          0, true, "CREATE ROW ACCESS POLICY" },
        { "bigquery.rowAccessPolicies.list", "GET", P_T "/rowAccessPolicies", DENY, 0,
          false, "its filter quotes protected data" },
        { "bigquery.rowAccessPolicies.testIamPermissions", "POST",
          P_A ":testIamPermissions", DENY, 0, true, "tells what the gateway may do" },
        { "bigquery.rowAccessPolicies.update", "PUT", P_A, DENY, 0, true,
          "CREATE OR REPLACE ROW ACCESS POLICY" },
        { "bigquery.tabledata.insertAll", "POST", P_T "/insertAll", WRITE, 0, true,
          "INSERT" },
        { "bigquery.tabledata.list", "GET", P_T "/data", SP_HANDLING_OWN_TABLE,
          PAGES | P(START_INDEX) | P(INT64_TIMESTAMP) | P(SELECTED_FIELDS), false,
          "rows of a table are judged as select (and as this action, by a rule that "
          "denies it) and masked; results are their owner's" },
        { "bigquery.tables.delete", "DELETE", P_T, WRITE, 0, false, "DROP TABLE" },
        { "bigquery.tables.get", "GET", P_T, SP_HANDLING_READ,
          P(VIEW) | P(SELECTED_FIELDS), false,
          "judged as this action on the table; shown without the text of views, policy "
          "tags, default values and keys" },
        { "bigquery.tables.getIamPolicy", "POST", P_T ":getIamPolicy", DENY, 0, true,
          "tells who may do what" },
        { "bigquery.tables.insert", "POST", P_D "/tables", WRITE, 0, true,
          "CREATE TABLE; views, external tables, snapshots and clones are refused by "
          "field" },
        { "bigquery.tables.list", "GET", P_D "/tables", SP_HANDLING_FILTER, PAGES,
          false, "shows the tables that the principal may select or look at" },
        { "bigquery.tables.patch", "PATCH", P_T, WRITE, P(AUTODETECT_SCHEMA), true,
          "ALTER TABLE, and DROP by an expiration time; a schema only of tables "
          "without protected columns" },
        { "bigquery.tables.setIamPolicy", "POST", P_T ":setIamPolicy", DENY, 0, true,
          "GRANT and REVOKE" },
        { "bigquery.tables.testIamPermissions", "POST", P_T ":testIamPermissions", DENY,
          0, true, "tells what the gateway may do" },
        { "bigquery.tables.update", "PUT", P_T, WRITE, P(AUTODETECT_SCHEMA), true,
          "ALTER TABLE, and DROP by an expiration time; sent as tables.patch, so that "
          "what is not shown here stays" },
};

#define S(x) (1u << SP_SERVICE_##x)
#define BOTH (S(BIGQUERY) | S(GOOGLEAPIS))
#define STORAGE (S(STORAGE) | S(GOOGLEAPIS))
#define ACCOUNT "v1/projects/-/serviceAccounts/{account}"

/* Everything else that is known by name. First match wins; "*" as the last segment
 * matches any rest, also none; http_method NULL matches any. */
static const struct sp_route_info routes[] = {
        { BOTH, NULL, "upload/bigquery/*", "bigquery.upload", DENY, 0,
          "a load job whose data comes in the body" },
        { BOTH, NULL, "resumable/upload/bigquery/*", "bigquery.upload", DENY, 0,
          "a load job whose data comes in the body" },
        { BOTH, NULL, "batch/*", "bigquery.batch", DENY, 0,
          "requests inside a request, each with a path and credential of its own" },
        { S(BIGQUERY), NULL, "mcp/*", "bigquery.mcp", DENY, 0,
          "tools that run any statement: use the REST methods" },
        { S(BIGQUERY), NULL, "$rpc/*", "bigquery.rpc", DENY, 0,
          "another spelling of the methods, with bodies that are not JSON" },
        { S(BIGQUERY), "GET", "$discovery/rest", "discovery.getRest", SP_HANDLING_LOCAL,
          SP_LOCAL_DISCOVERY, "lists the methods that are offered" },
        { BOTH, "GET", "discovery/v1/apis/bigquery/v2/rest", "discovery.getRest",
          SP_HANDLING_LOCAL, SP_LOCAL_DISCOVERY, "lists the methods that are offered" },
        { BOTH, NULL, "discovery/*", "discovery.list", DENY, 0,
          "documents of other APIs" },
        { S(GOOGLEAPIS), "POST", "oauth2/v4/token", "oauth2.token", SP_HANDLING_LOCAL,
          SP_LOCAL_OAUTH_TOKEN, "gives a token of this daemon, whatever was sent" },
        { S(GOOGLEAPIS), NULL, "oauth2/*", "oauth2.other", DENY, 0,
          "accounts of Google" },
        { STORAGE, NULL, "upload/storage/*", "storage.objects.insert", DENY, 0,
          "nothing is written to buckets: data would leave by them" },
        { STORAGE, NULL, "resumable/upload/storage/*", "storage.objects.insert", DENY,
          0, "nothing is written to buckets: data would leave by them" },
        { STORAGE, NULL, "batch/*", "storage.batch", DENY, 0,
          "requests inside a request, each with a path and credential of its own" },
        { S(STORAGE), NULL, "google.storage.v2.Storage/*", "storage.grpc", DENY, 0,
          "gRPC: use the JSON API" },
        { S(STORAGE), NULL, "*", "storage.xml", DENY, 0,
          "the XML API and signed URLs: use the JSON API" },
        { S(OAUTH2), "POST", "token", "oauth2.token", SP_HANDLING_LOCAL,
          SP_LOCAL_OAUTH_TOKEN, "gives a token of this daemon, whatever was sent" },
        { S(OAUTH2), NULL, "tokeninfo", "oauth2.tokeninfo", DENY, 0,
          "Google does not know the tokens of this daemon" },
        { S(OAUTH2), NULL, "revoke", "oauth2.revoke", DENY, 0,
          "tokens end with their session" },
        { S(STS), "POST", "v1/token", "sts.token", SP_HANDLING_LOCAL,
          SP_LOCAL_STS_TOKEN,
          "gives a token of this daemon for the person whose identity token is sent" },
        { S(STS), NULL, "v1/*", "sts.other", DENY, 0, "only the exchange is offered" },
        { S(IAMCREDENTIALS), "POST", ACCOUNT ":generateAccessToken",
          "iamcredentials.generateAccessToken", SP_HANDLING_LOCAL,
          SP_LOCAL_IAM_ACCESS_TOKEN, "gives a token of this daemon" },
        { S(IAMCREDENTIALS), "POST", ACCOUNT ":generateIdToken",
          "iamcredentials.generateIdToken", DENY, 0,
          "would speak for the gateway elsewhere" },
        { S(IAMCREDENTIALS), "POST", ACCOUNT ":signBlob", "iamcredentials.signBlob",
          DENY, 0, "would speak for the gateway elsewhere" },
        { S(IAMCREDENTIALS), "POST", ACCOUNT ":signJwt", "iamcredentials.signJwt", DENY,
          0, "would speak for the gateway elsewhere" },
        { S(METADATA), "GET", "*", "metadata.get", SP_HANDLING_LOCAL, SP_LOCAL_METADATA,
          "the emulated metadata server: a token of this daemon" },
        { S(METADATA), NULL, "*", "metadata.other", DENY, 0, "it is only read" },
};

const struct sp_method_info *sp_call_methods(size_t *ret_n)
{
        *ret_n = SP_ARRAY_SIZE(methods);
        return methods;
}

const struct sp_route_info *sp_call_routes(size_t *ret_n)
{
        *ret_n = SP_ARRAY_SIZE(routes);
        return routes;
}

const struct sp_method_info *sp_method_of(const char *action)
{
        size_t n;
        const struct sp_method_info *others = sp_storage_methods(&n);

        for (size_t i = 0; i < SP_ARRAY_SIZE(methods); i++)
                if (strcmp(methods[i].action, action) == 0)
                        return &methods[i];
        for (size_t i = 0; i < n; i++)
                if (strcmp(others[i].action, action) == 0)
                        return &others[i];
        return NULL;
}

uint32_t sp_method_parameters(const char *action)
{
        const struct sp_method_info *m = sp_method_of(action);

        if (m)
                return m->parameters;
        return strcmp(action, "discovery.getRest") == 0 ? P(VERSION) : 0;
}

bool sp_method_has_body(const char *action)
{
        const struct sp_method_info *m = sp_method_of(action);

        return m && m->has_body;
}

const char *sp_method_why(const char *action)
{
        const struct sp_method_info *m = sp_method_of(action);

        if (m)
                return m->why;
        for (size_t i = 0; i < SP_ARRAY_SIZE(routes); i++)
                if (strcmp(routes[i].action, action) == 0)
                        return routes[i].why;
        return NULL;
}

struct bindings {
        struct sp_str project, dataset, table, job, bucket, object, other;
};

static struct sp_str *binding(struct bindings *b, struct sp_str name)
{
        if (sp_str_eq(name, SP_STR("projectId")))
                return &b->project;
        if (sp_str_eq(name, SP_STR("datasetId")))
                return &b->dataset;
        if (sp_str_eq(name, SP_STR("tableId")))
                return &b->table;
        if (sp_str_eq(name, SP_STR("jobId")))
                return &b->job;
        if (sp_str_eq(name, SP_STR("bucket")))
                return &b->bucket;
        if (sp_str_eq(name, SP_STR("object")))
                return &b->object;
        return &b->other;
}

/* `pattern`: "datasets", "{datasetId}" or "{tableId}:getIamPolicy". */
static bool segment_matches(struct sp_str pattern, struct sp_str segment,
                            struct bindings *b)
{
        const char *close;
        struct sp_str verb;

        if (pattern.n == 0 || pattern.p[0] != '{')
                return sp_str_eq(pattern, segment);
        close = memchr(pattern.p, '}', pattern.n);
        verb = sp_str(close + 1, (size_t)(pattern.p + pattern.n - close) - 1);
        if (!sp_str_ends(segment, verb) || segment.n == verb.n)
                return false;
        *binding(b, sp_str(pattern.p + 1, (size_t)(close - pattern.p) - 1)) =
                sp_str_sub(segment, 0, segment.n - verb.n);
        return true;
}

static bool path_matches(const char *pattern, const struct sp_url_path *path,
                         size_t from, struct bindings *ret)
{
        struct sp_str rest = sp_str_c(pattern), head;
        struct bindings b = { 0 };

        for (size_t i = from;; i++) {
                bool more = sp_str_cut(rest, '/', &head, &rest);

                if (sp_str_eq(head, SP_STR("*")))
                        return true;
                if (i >= path->n || !segment_matches(head, path->segments[i], &b))
                        return false;
                if (!more) {
                        *ret = b;
                        return i + 1 == path->n;
                }
        }
}

static int check_ids(const struct bindings *b, struct sp_err *reterr)
{
        const struct {
                const char *what;
                enum sp_id_kind kind;
                struct sp_str id;
        } ids[] = {
                { "project", SP_ID_PROJECT, b->project },
                { "dataset", SP_ID_DATASET, b->dataset },
                { "table", SP_ID_TABLE, b->table },
                { "job", SP_ID_JOB, b->job },
                { "routine, model or policy", SP_ID_TABLE, b->other },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(ids); i++)
                if (ids[i].id.n && !sp_id_is_valid(ids[i].kind, ids[i].id))
                        return sp_err_set(reterr, -EINVAL, "request.path", "",
                                          "'%.*s' is no %s id (decorators such as $ "
                                          "and @ are not offered)",
                                          SP_FMT(ids[i].id), ids[i].what);
        if (b->bucket.n && !sp_storage_bucket_is_valid(b->bucket))
                return sp_err_set(reterr, -EINVAL, "request.path", "",
                                  "'%.*s' is no name of a bucket",
                                  SP_FMT(sp_str_sub(b->bucket, 0, 64)));
        return 0;
}

static int unknown_method(const struct sp_request *r, struct sp_err *reterr)
{
        return sp_err_set(reterr, -EPERM, "api.unknown-method", "",
                          "%.*s %.*s on %.*s is no API method that is known here",
                          SP_FMT(r->method), SP_FMT(r->path), SP_FMT(r->authority));
}

/* 1: none of these. */
static int find_method(const struct sp_request *r, const struct sp_url_path *path,
                       const struct sp_method_info *all, size_t n, struct sp_call *ret,
                       struct sp_err *reterr)
{
        struct bindings b = { 0 };
        int e;

        for (size_t i = 0; i < n; i++) {
                const struct sp_method_info *m = &all[i];

                if (!sp_str_eq(r->method, sp_str_c(m->http_method)) ||
                    !path_matches(m->path, path, 2, &b))
                        continue;
                ret->action = m->action;
                e = check_ids(&b, reterr);
                if (e < 0)
                        return e;
                ret->handling = m->handling;
                ret->project = b.project;
                ret->dataset = b.dataset;
                ret->table = b.table.n ? b.table : b.other;
                ret->job_id = b.job;
                ret->bucket = b.bucket;
                return 0;
        }
        return 1;
}

/* A service that is known and not offered: its method is named, in the error and the record.
 * NULL `s`: 1, nothing is known. */
static int refuse_service(struct sp_arena *a, const struct sp_service_info *s,
                          const struct sp_request *r, const struct sp_url_path *path,
                          struct sp_call *ret, struct sp_err *reterr)
{
        if (!s)
                return 1;
        ret->action = sp_service_method(a, s, r->method, path);
        if (!ret->action)
                return -ENOMEM;
        return sp_err_set(
                reterr, -EPERM, "api.not-offered", "",
                "%.160s is recognised but not offered here, as all of %s (%s)",
                ret->action, s->name, s->why);
}

static int find_route(struct sp_arena *a, const struct sp_request *r,
                      const struct sp_url_path *path, struct sp_call *ret,
                      struct sp_err *reterr)
{
        struct bindings b = { 0 };
        int e = 1;

        for (size_t i = 0; i < SP_ARRAY_SIZE(routes); i++) {
                const struct sp_route_info *route = &routes[i];

                if (!(route->services & 1u << ret->service) ||
                    (route->http_method &&
                     !sp_str_eq(r->method, sp_str_c(route->http_method))) ||
                    !path_matches(route->path, path, 0, &b))
                        continue;
                ret->action = route->action;
                ret->handling = route->handling;
                ret->local = route->local;
                return 0;
        }
        if (ret->service == SP_SERVICE_GOOGLEAPIS)
                e = refuse_service(a, sp_service_of_path(path), r, path, ret, reterr);
        return e == 1 ? unknown_method(r, reterr) : e;
}

static int unknown_host(struct sp_arena *a, const struct sp_request *r,
                        const struct sp_url_path *path, struct sp_call *ret,
                        struct sp_err *reterr)
{
        int e = refuse_service(a, sp_service_of_host(r->authority), r, path, ret,
                               reterr);

        if (e != 1)
                return e;
        return sp_err_set(reterr, -EPERM, "api.unknown-host", "",
                          "%.*s is not offered here; only the BigQuery REST API is",
                          SP_FMT(r->authority));
}

static int find_storage(struct sp_arena *a, const struct sp_request *r,
                        const struct sp_url_path *path, struct sp_call *ret,
                        struct sp_err *reterr)
{
        size_t n;
        const struct sp_method_info *all = sp_storage_methods(&n);
        int e = find_method(r, path, all, n, ret, reterr);

        return e == 1 ? refuse_service(a, sp_service_of_path(path), r, path, ret,
                                       reterr)
                      : e;
}

static bool is_under(const struct sp_url_path *path, const char *api,
                     const char *version)
{
        return path->n >= 2 && sp_str_eq(path->segments[0], sp_str_c(api)) &&
               sp_str_eq(path->segments[1], sp_str_c(version));
}

int sp_method_find(struct sp_arena *a, const struct sp_request *r,
                   const struct sp_url_path *path, struct sp_call *ret,
                   struct sp_err *reterr)
{
        int e;

        if (ret->service == SP_SERVICE_UNKNOWN || ret->service == SP_SERVICE_NOT_GOOGLE)
                return unknown_host(a, r, path, ret, reterr);
        /* a trailing slash is another resource to some front ends; the metadata server
         * alone uses it, for directories */
        if (path->has_trailing_slash && ret->service != SP_SERVICE_METADATA)
                return unknown_method(r, reterr);
        if ((STORAGE & 1u << ret->service) && is_under(path, "storage", "v1"))
                return find_storage(a, r, path, ret, reterr);
        if (!(BOTH & 1u << ret->service) || !is_under(path, "bigquery", "v2"))
                return find_route(a, r, path, ret, reterr);
        e = find_method(r, path, methods, SP_ARRAY_SIZE(methods), ret, reterr);
        return e == 1 ? unknown_method(r, reterr) : e;
}
