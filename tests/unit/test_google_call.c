/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "daemon/google/call.h"

#define BQ "bigquery.googleapis.com"
#define P "/bigquery/v2/projects/acme-prod"
#define JSON                                                                           \
        {                                                                              \
                SP_STR("content-type"), SP_STR("application/json")                     \
        }

struct fixture {
        struct sp_arena arena;
        struct sp_request request;
        struct sp_header headers[4];
        struct sp_call call;
        struct sp_err err;
};

static int recognise(struct fixture *f, const char *method, const char *host,
                     const char *path, const char *query, const char *body)
{
        sp_arena_reset(&f->arena);
        f->arena.max_bytes = 64u * 1024 * 1024;
        f->err = SP_ERR_NULL;
        f->request.scheme = f->request.scheme.p ? f->request.scheme : SP_STR("https");
        f->request.method = sp_str_c(method);
        f->request.authority = sp_str_c(host);
        f->request.sni = f->request.sni.p ? f->request.sni : sp_str_c(host);
        f->request.path = sp_str_c(path);
        f->request.query = sp_str_c(query ? query : "");
        f->request.has_query = query != NULL;
        f->request.body = sp_str_c(body ? body : "");
        if (body && f->request.n_headers == 0) {
                f->headers[0] = (struct sp_header)JSON;
                f->request.headers = f->headers;
                f->request.n_headers = 1;
        }
        return sp_call_recognise(&f->arena, &f->request, &f->call, &f->err);
}

static bool id_is(const struct fixture *f, const char *id)
{
        return f->err.id && strcmp(f->err.id, id) == 0;
}

static void test_handled(void **state sp_unused)
{
        static const struct {
                const char *method, *path, *query, *action;
                enum sp_handling handling;
                const char *project, *dataset, *table, *job;
        } rows[] = {
                { "GET", P "/jobs/j1", "location=EU&alt=json&prettyPrint=false",
                  "bigquery.jobs.get", SP_HANDLING_OWN_JOB, "acme-prod", "", "", "j1" },
                { "POST", P "/jobs/j1/cancel", NULL, "bigquery.jobs.cancel",
                  SP_HANDLING_OWN_JOB, "acme-prod", "", "", "j1" },
                { "GET", P "/queries/j1",
                  "maxResults=0&formatOptions.useInt64Timestamp=true&timeoutMs=0&"
                  "startIndex=0&fields=rows,pageToken,totalRows",
                  "bigquery.jobs.getQueryResults", SP_HANDLING_OWN_JOB, "acme-prod", "",
                  "", "j1" },
                { "GET", P "/datasets", "maxResults=50", "bigquery.datasets.list",
                  SP_HANDLING_FILTER, "acme-prod", "", "", "" },
                { "GET", P "/datasets/crm", NULL, "bigquery.datasets.get",
                  SP_HANDLING_READ, "acme-prod", "crm", "", "" },
                { "GET", P "/datasets/crm/tables", NULL, "bigquery.tables.list",
                  SP_HANDLING_FILTER, "acme-prod", "crm", "", "" },
                { "GET", P "/datasets/crm/tables/t1", "view=FULL",
                  "bigquery.tables.get", SP_HANDLING_READ, "acme-prod", "crm", "t1",
                  "" },
                { "GET", P "/datasets/_anon1/tables/anon1/data", "pageToken=a%2Bb%3D",
                  "bigquery.tabledata.list", SP_HANDLING_OWN_TABLE, "acme-prod",
                  "_anon1", "anon1", "" },
                { "GET", "/bigquery/v2/projects", NULL, "bigquery.projects.list",
                  SP_HANDLING_FILTER, "", "", "", "" },
                { "GET", "/bigquery/v2/projects/example.com%3Aacme/datasets", NULL,
                  "bigquery.datasets.list", SP_HANDLING_FILTER, "example.com:acme", "",
                  "", "" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e = recognise(&f, rows[i].method, BQ, rows[i].path, rows[i].query,
                                  NULL);

                if (e < 0)
                        print_message("%s: %s\n", f.err.id, f.err.what);
                SP_CHECK(rows[i].path,
                         e == 0 && strcmp(f.call.action, rows[i].action) == 0);
                SP_CHECK(rows[i].path, f.call.handling == rows[i].handling);
                SP_CHECK(rows[i].path,
                         sp_str_eq(f.call.project, sp_str_c(rows[i].project)));
                SP_CHECK(rows[i].path,
                         sp_str_eq(f.call.dataset, sp_str_c(rows[i].dataset)));
                SP_CHECK(rows[i].path,
                         sp_str_eq(f.call.table, sp_str_c(rows[i].table)));
                SP_CHECK(rows[i].path, sp_str_eq(f.call.job_id, sp_str_c(rows[i].job)));
                sp_arena_done(&f.arena);
        }
}

/* Every method of the table is found by a path made from its template, under both
 * hosts; what is not offered is refused by its name. */
static void test_every_method(void **state sp_unused)
{
        size_t n;
        const struct sp_method_info *m = sp_call_methods(&n);

        assert_int_equal(n, 47);
        for (size_t i = 0; i < n; i++) {
                char path[256] = "/bigquery/v2/";
                size_t o = strlen(path);
                int e;

                for (const char *p = m[i].path; *p; p++) {
                        if (*p == '{') {
                                path[o++] = 'x';
                                p = strchr(p, '}');
                        } else {
                                path[o++] = *p;
                        }
                }
                path[o] = '\0';
                for (int k = 0; k < 2; k++) {
                        struct fixture f = { 0 };

                        e = recognise(&f, m[i].http_method,
                                      k ? "www.googleapis.com" : BQ, path, NULL,
                                      m[i].has_body ? "{}" : NULL);
                        SP_CHECK(m[i].action,
                                 f.call.action &&
                                         strcmp(f.call.action, m[i].action) == 0);
                        if (m[i].handling == SP_HANDLING_DENY)
                                SP_CHECK(m[i].action,
                                         e == -EPERM && id_is(&f, "api.not-offered") &&
                                                 strstr(f.err.what, m[i].action));
                        else if (m[i].handling != SP_HANDLING_QUERY &&
                                 !(m[i].has_body && strstr(m[i].action, ".insert")))
                                SP_CHECK(m[i].action, e == 0);
                        sp_arena_done(&f.arena);
                }
        }
}

static void test_routes(void **state sp_unused)
{
        static const struct {
                const char *method, *host, *path, *action; /* action NULL: unknown */
                int error;
                enum sp_local local;
        } rows[] = {
                { "POST", BQ, "/upload/bigquery/v2/projects/p/jobs", "bigquery.upload",
                  -EPERM, 0 },
                { "PUT", BQ, "/resumable/upload/bigquery/v2/projects/p/jobs",
                  "bigquery.upload", -EPERM, 0 },
                { "POST", BQ, "/batch/bigquery/v2", "bigquery.batch", -EPERM, 0 },
                { "POST", "www.googleapis.com", "/batch", "bigquery.batch", -EPERM, 0 },
                { "POST", BQ, "/mcp", "bigquery.mcp", -EPERM, 0 },
                { "GET", BQ, "/$discovery/rest", "discovery.getRest", 0,
                  SP_LOCAL_DISCOVERY },
                { "GET", "www.googleapis.com", "/discovery/v1/apis/bigquery/v2/rest",
                  "discovery.getRest", 0, SP_LOCAL_DISCOVERY },
                { "GET", "www.googleapis.com", "/discovery/v1/apis/storage/v1/rest",
                  "discovery.list", -EPERM, 0 },
                { "POST", "oauth2.googleapis.com", "/token", "oauth2.token", 0,
                  SP_LOCAL_OAUTH_TOKEN },
                { "GET", "oauth2.googleapis.com", "/token", NULL, -EPERM, 0 },
                { "POST", "www.googleapis.com", "/oauth2/v4/token", "oauth2.token", 0,
                  SP_LOCAL_OAUTH_TOKEN },
                { "GET", "www.googleapis.com", "/oauth2/v3/userinfo", "oauth2.other",
                  -EPERM, 0 },
                { "POST", "sts.googleapis.com", "/v1/token", "sts.token", 0,
                  SP_LOCAL_STS_TOKEN },
                { "POST", "sts.googleapis.com", "/v1/introspect", "sts.other", -EPERM,
                  0 },
                { "POST", "iamcredentials.googleapis.com",
                  "/v1/projects/-/serviceAccounts/"
                  "a%40b.iam.gserviceaccount.com:generateAccessToken",
                  "iamcredentials.generateAccessToken", 0, SP_LOCAL_IAM_ACCESS_TOKEN },
                { "POST", "iamcredentials.googleapis.com",
                  "/v1/projects/-/serviceAccounts/a@b:signJwt",
                  "iamcredentials.signJwt", -EPERM, 0 },
                { "GET", "www.googleapis.com", "/drive/v3/files", "drive.files.list",
                  -EPERM, 0 },
                { "POST", "www.googleapis.com", "/upload/drive/v3/files",
                  "drive.files.create", -EPERM, 0 },
                { "GET", "www.googleapis.com", "/nothing/v1/x", NULL, -EPERM, 0 },
                { "GET", "bigquerystorage.googleapis.com", "/v1/projects/p",
                  "bigquerystorage.projects.get", -EPERM, 0 },
                { "GET", "unheard-of.googleapis.com", "/", NULL, -EPERM, 0 },
                { "GET", BQ, "/", NULL, -EPERM, 0 },
                { "GET", BQ, "/bigquery/v2", NULL, -EPERM, 0 },
                { "GET", BQ, "/bigquery/v3/projects", NULL, -EPERM, 0 },
                { "GET", BQ, "/projects/p/datasets", NULL, -EPERM, 0 },
                { "PATCH", BQ, P "/jobs/j1", NULL, -EPERM, 0 },
                { "get", BQ, P "/jobs/j1", NULL, -EPERM, 0 },
                { "GET", BQ, P "/JOBS/j1", NULL, -EPERM, 0 },
                { "GET", BQ, P "/jobs/j1/", NULL, -EPERM, 0 },
                { "POST", "sts.googleapis.com", "/bigquery/v2/projects/p/queries", NULL,
                  -EPERM, 0 },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e = recognise(&f, rows[i].method, rows[i].host, rows[i].path, NULL,
                                  NULL);

                SP_CHECK(rows[i].path, e == rows[i].error);
                SP_CHECK(rows[i].path,
                         rows[i].action ? f.call.action &&
                                                  !strcmp(f.call.action, rows[i].action)
                                        : !f.call.action);
                SP_CHECK(rows[i].path, f.call.local == rows[i].local);
                sp_arena_done(&f.arena);
        }
}

static void test_paths(void **state sp_unused)
{
        static const struct {
                const char *sentence, *path, *id;
        } rows[] = {
                { "an encoded slash", P "/jobs/a%2fb", "request.path" },
                { "an encoded backslash", P "/jobs/a%5Cb", "request.path" },
                { "an encoded NUL", P "/jobs/a%00", "request.path" },
                { "an empty segment", "/bigquery/v2//projects", "request.path" },
                { "a dot segment", "/bigquery/v2/./projects", "request.path" },
                { "an encoded dot segment", "/bigquery/v2/%2e%2E/projects",
                  "request.path" },
                { "a semicolon", P "/jobs/j;x=1", "request.path" },
                { "a fragment", P "/jobs/j#x", "request.path" },
                { "an encoded fragment", P "/jobs/j%23", "request.path" },
                { "double encoding", P "/jobs/j%2561", "request.path" },
                { "a cut escape", P "/jobs/j%6", "request.path" },
                { "no hexadecimal", P "/jobs/j%zz", "request.path" },
                { "non-ASCII", P "/jobs/j\xc3\xa4", "request.path" },
                { "encoded non-ASCII", P "/jobs/j%C3%A4", "request.path" },
                { "a blank", P "/jobs/j x", "request.path" },
                { "a partition decorator", P "/datasets/d/tables/t$20240101/data",
                  "request.path" },
                { "an encoded decorator", P "/datasets/d/tables/t%24x",
                  "request.path" },
                { "a snapshot decorator", P "/datasets/d/tables/t@-3600000",
                  "request.path" },
                { "a dot in a dataset", P "/datasets/a.b", "request.path" },
                { "a dot in a table", P "/datasets/d/tables/a.b", "request.path" },
                { "a project of dots", "/bigquery/v2/projects/a..b/datasets",
                  "request.path" },
                { "no path", "", "request.path" },
                { "an asterisk", "*", "request.path" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e = recognise(&f, "GET", BQ, rows[i].path, NULL, NULL);

                SP_CHECK(rows[i].sentence, e == -EINVAL && id_is(&f, rows[i].id));
                sp_arena_done(&f.arena);
        }
}

static void test_parameters(void **state sp_unused)
{
        static const struct {
                const char *sentence, *query, *id; /* id NULL: accepted */
        } rows[] = {
                { "none", "", NULL },
                { "what every library sends", "alt=json&prettyPrint=false", NULL },
                { "an encoded name is the same name", "%61lt=json", NULL },
                { "fields is accepted", "fields=jobReference(jobId),status", NULL },
                { "fields with odd bytes", "fields=%3Cx%3E", "request.parameter" },
                { "another format", "alt=media", "request.parameter" },
                { "the same twice", "alt=json&alt=json", "request.query" },
                { "the same twice, once encoded", "alt=json&%61lt=json",
                  "request.query" },
                { "an access token", "access_token=x", "request.unknown-parameter" },
                { "an OAuth token", "oauth_token=x", "request.unknown-parameter" },
                { "an API key", "key=x", "request.unknown-parameter" },
                { "JSONP", "callback=x", "request.unknown-parameter" },
                { "a dollar twin", "$alt=media", "request.unknown-parameter" },
                { "an encoded dollar twin", "%24fields=x",
                  "request.unknown-parameter" },
                { "the error format", "$.xgafv=2", "request.unknown-parameter" },
                { "uploadType", "uploadType=media", "request.unknown-parameter" },
                { "upload_protocol", "upload_protocol=raw",
                  "request.unknown-parameter" },
                { "quotaUser", "quotaUser=x", "request.unknown-parameter" },
                { "userProject", "userProject=x", "request.unknown-parameter" },
                { "a parameter of another method", "pageToken=x",
                  "request.unknown-parameter" },
                { "a location", "location=europe-west3", NULL },
                { "a location that is none", "location=a/b", "request.parameter" },
                { "upper case is another name", "Location=EU",
                  "request.unknown-parameter" },
                { "no name", "=x", "request.query" },
                { "an empty pair", "alt=json&&location=EU", "request.query" },
                { "a control byte", "location=a%0a", "request.query" },
                { "a cut escape", "location=%4", "request.query" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e = recognise(&f, "GET", BQ, P "/jobs/j1", rows[i].query, NULL);

                SP_CHECK(rows[i].sentence, (e == 0) == !rows[i].id);
                if (rows[i].id)
                        SP_CHECK(rows[i].sentence, id_is(&f, rows[i].id));
                sp_arena_done(&f.arena);
        }
}

static void test_headers(void **state sp_unused)
{
        static const struct {
                const char *sentence, *name, *value;
                bool ok;
        } rows[] = {
                { "a method override", "x-http-method-override", "DELETE", false },
                { "another method override", "x-http-method", "DELETE", false },
                { "a third one", "x-method-override", "DELETE", false },
                { "a field mask", "x-goog-fieldmask", "*", false },
                { "an API key", "x-goog-api-key", "k", false },
                { "an upload", "x-goog-upload-protocol", "raw", false },
                { "an upgrade", "upgrade", "websocket", false },
                { "a harmless header that begins alike", "upgrade-insecure-requests",
                  "1", true },
                { "the path's project", "x-goog-user-project", "acme-prod", true },
                { "another project", "x-goog-user-project", "evil", false },
                { "expect continue", "expect", "100-Continue", true },
                { "another expectation", "expect", "the-worst", false },
                { "brotli", "content-encoding", "br", false },
                { "gzip twice", "content-encoding", "gzip, gzip", false },
                { "an unknown header is ignored", "x-anything", "1", true },
                { "a cookie is ignored", "cookie", "a=b", true },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e;

                f.headers[0] = (struct sp_header){ sp_str_c(rows[i].name),
                                                   sp_str_c(rows[i].value) };
                f.request.headers = f.headers;
                f.request.n_headers = 1;
                e = recognise(&f, "GET", BQ, P "/jobs/j1", NULL, NULL);
                SP_CHECK(rows[i].sentence, (e == 0) == rows[i].ok);
                if (!rows[i].ok)
                        SP_CHECK(rows[i].sentence, id_is(&f, "request.header"));
                sp_arena_done(&f.arena);
        }
}

static void test_host_and_scheme(void **state sp_unused)
{
        static const struct {
                const char *sentence, *scheme, *sni, *host, *id;
        } rows[] = {
                { "SNI and authority agree", "https", BQ, BQ, NULL },
                { "SNI in other case", "https", "BIGQUERY.googleapis.com", BQ, NULL },
                { "another Google name inside", "https", "storage.googleapis.com", BQ,
                  "request.sni-mismatch" },
                { "another name of the same service", "https",
                  "bigquery.mtls.googleapis.com", BQ, "request.sni-mismatch" },
                { "no SNI", "https", "", BQ, "request.sni-mismatch" },
                { "BigQuery without TLS", "http", "", BQ, "request.scheme" },
                { "the metadata server with TLS", "https", "metadata.google.internal",
                  "metadata.google.internal", "request.scheme" },
                { "another scheme", "ftp", "", "169.254.169.254", "request.scheme" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e;

                f.request.scheme = sp_str_c(rows[i].scheme);
                f.request.sni = sp_str_c(rows[i].sni);
                e = recognise(&f, "GET", rows[i].host, P "/jobs/j1", NULL, NULL);
                SP_CHECK(rows[i].sentence, (e == 0) == !rows[i].id);
                if (rows[i].id)
                        SP_CHECK(rows[i].sentence,
                                 e == -EPERM && id_is(&f, rows[i].id));
                sp_arena_done(&f.arena);
        }
}

static void test_metadata_is_local(void **state sp_unused)
{
        struct fixture f = { .request.scheme = SP_STR("http"),
                             .request.sni = SP_STR("") };

        assert_int_equal(recognise(&f, "GET", "169.254.169.254",
                                   "/computeMetadata/v1/instance/service-accounts/",
                                   "recursive=true&anything=1", NULL),
                         0);
        assert_int_equal(f.call.local, SP_LOCAL_METADATA);
        assert_int_equal(recognise(&f, "PUT", "169.254.169.254", "/latest/api/token",
                                   NULL, NULL),
                         -EPERM);
        sp_arena_done(&f.arena);
}

static void test_unexpected_body(void **state sp_unused)
{
        struct fixture f = { 0 };

        assert_int_equal(recognise(&f, "GET", BQ, P "/jobs/j1", NULL, "{}"), -EPERM);
        assert_true(id_is(&f, "request.unexpected-body"));
        assert_int_equal(recognise(&f, "POST", BQ, P "/jobs/j1/cancel", NULL, "{}"), 0);
        assert_int_equal(
                recognise(&f, "POST", BQ, P "/jobs/j1/cancel", NULL, "{\"a\":1}"),
                -EPERM);
        sp_arena_done(&f.arena);
}

/* ---- content type and gzip ---- */

static void test_content_type(void **state sp_unused)
{
        static const struct {
                const char *type;
                bool ok;
        } rows[] = {
                { "application/json", true },
                { "Application/JSON; charset=UTF-8", true },
                { "application/json;charset=\"utf-8\"", true },
                { "application/json; charset=utf-16", false },
                { "application/json; charset=utf-8; x=y", false },
                { "text/json", false },
                { "multipart/related", false },
                { "application/x-protobuf", false },
                { "", false },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e;

                f.headers[0] = (struct sp_header){ SP_STR("content-type"),
                                                   sp_str_c(rows[i].type) };
                f.request.headers = f.headers;
                f.request.n_headers = 1;
                e = recognise(&f, "POST", BQ, P "/queries", NULL,
                              "{\"query\":\"SELECT 1\"}");
                SP_CHECK(rows[i].type, (e == 0) == rows[i].ok);
                sp_arena_done(&f.arena);
        }
}

static size_t gzip(const char *from, size_t n, char *to, size_t size)
{
        z_stream z = { .next_in = (Bytef *)(uintptr_t)from,
                       .avail_in = (uInt)n,
                       .next_out = (Bytef *)to,
                       .avail_out = (uInt)size };

        assert_int_equal(
                deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        assert_int_equal(deflateEnd(&z), Z_OK);
        return z.total_out;
}

static int recognise_gzip(struct fixture *f, const char *body, size_t n)
{
        f->headers[0] = (struct sp_header)JSON;
        f->headers[1] =
                (struct sp_header){ SP_STR("content-encoding"), SP_STR("gzip") };
        f->request = (struct sp_request){ .scheme = SP_STR("https"),
                                          .method = SP_STR("POST"),
                                          .authority = SP_STR(BQ),
                                          .sni = SP_STR(BQ),
                                          .path = SP_STR(P "/queries"),
                                          .headers = f->headers,
                                          .n_headers = 2,
                                          .body = sp_str(body, n) };
        sp_arena_reset(&f->arena);
        f->arena.max_bytes = 64u * 1024 * 1024;
        return sp_call_recognise(&f->arena, &f->request, &f->call, &f->err);
}

static void test_gzip(void **state sp_unused)
{
        static const char json[] = "{\"query\":\"SELECT 1\",\"useLegacySql\":false}";
        struct fixture f = { 0 };
        char small[256];
        size_t n = gzip(json, sizeof(json) - 1, small, sizeof(small) - 1),
               big = 8u << 20;
        char *zeros = malloc(big), *packed = malloc(big);

        assert_int_equal(recognise_gzip(&f, small, n), 0);
        assert_true(sp_str_eq(f.call.query->sql, SP_STR("SELECT 1")));
        assert_int_equal(recognise_gzip(&f, small, n - 1), -EINVAL); /* cut */
        small[n] = 'x';
        assert_int_equal(recognise_gzip(&f, small, n + 1),
                         -EINVAL); /* something behind */
        small[n / 2] ^= 1;
        assert_int_equal(recognise_gzip(&f, small, n), -EINVAL); /* checksum */
        assert_int_equal(recognise_gzip(&f, json, sizeof(json) - 1),
                         -EINVAL); /* no gzip */
        assert_int_equal(recognise_gzip(&f, "", 0), -EINVAL);
        memset(zeros, ' ', big);
        memcpy(zeros + big - sizeof(json) + 1, json, sizeof(json) - 1);
        n = gzip(zeros, big, packed, big);
        assert_int_equal(recognise_gzip(&f, packed, n), -EINVAL); /* a bomb */
        assert_true(id_is(&f, "request.too-large"));
        sp_arena_done(&f.arena);
        free(zeros);
        free(packed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_handled),
                cmocka_unit_test(test_every_method),
                cmocka_unit_test(test_routes),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_parameters),
                cmocka_unit_test(test_headers),
                cmocka_unit_test(test_host_and_scheme),
                cmocka_unit_test(test_metadata_is_local),
                cmocka_unit_test(test_unexpected_body),
                cmocka_unit_test(test_content_type),
                cmocka_unit_test(test_gzip),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
