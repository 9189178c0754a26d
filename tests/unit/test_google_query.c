/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/google/call.h"

#define P "/bigquery/v2/projects/acme-prod"

struct fixture {
        struct sp_arena arena;
        struct sp_call call;
        struct sp_err err;
};

static int recognise(struct fixture *f, bool is_insert, const char *body)
{
        static const struct sp_header json[] = { { SP_STR("content-type"),
                                                   SP_STR("application/json") } };
        struct sp_request r = { .scheme = SP_STR("https"),
                                .method = SP_STR("POST"),
                                .authority = SP_STR("bigquery.googleapis.com"),
                                .sni = SP_STR("bigquery.googleapis.com"),
                                .path = is_insert ? SP_STR(P "/jobs")
                                                  : SP_STR(P "/queries"),
                                .query = SP_STR("prettyPrint=false"),
                                .has_query = true,
                                .headers = json,
                                .n_headers = 1,
                                .body = sp_str_c(body) };

        sp_arena_reset(&f->arena);
        f->arena.max_bytes = 64u * 1024 * 1024;
        f->err = SP_ERR_NULL;
        return sp_call_recognise(&f->arena, &r, &f->call, &f->err);
}

/* What clients really sent, beside the upstream body that must come of it. */
static void test_round_trip(void **state sp_unused)
{
        static const struct {
                const char *sentence;
                bool is_insert;
                const char *body, *upstream;
        } rows[] = {
                { "Node's query()", false,
                  "{\"formatOptions\":{\"useInt64Timestamp\":true},\"query\":\"SELECT "
                  "1\","
                  "\"useLegacySql\":false,\"requestId\":\"27470d6c-0000-4000-8000-"
                  "000000000000\"}",
                  "{\"query\":\"SELECT 1\",\"useLegacySql\":false,"
                  "\"requestId\":\"27470d6c-0000-4000-8000-000000000000\","
                  "\"formatOptions\":{\"useInt64Timestamp\":true},"
                  "\"jobCreationMode\":\"JOB_CREATION_REQUIRED\",\"labels\":{}}" },
                { "everything that jobs.query may say", false,
                  "{\"kind\":\"bigquery#queryRequest\",\"query\":\"SELECT "
                  "@a\",\"maxResults\":10,"
                  "\"timeoutMs\":60000,\"defaultDataset\":{\"datasetId\":\"crm\"},"
                  "\"location\":\"EU\",\"labels\":{\"team\":\"x\",\"sallyport_"
                  "session\":\"forged\"},"
                  "\"maximumBytesBilled\":\"1000\",\"useQueryCache\":false,\"dryRun\":"
                  "true,"
                  "\"jobTimeoutMs\":5000,\"parameterMode\":\"NAMED\","
                  "\"jobCreationMode\":\"JOB_CREATION_OPTIONAL\",\"preserveNulls\":"
                  "true,"
                  "\"queryParameters\":[{\"name\":\"a\",\"parameterType\":{\"type\":"
                  "\"int64\"},"
                  "\"parameterValue\":{\"value\":5}}]}",
                  "{\"query\":\"SELECT @a\",\"useLegacySql\":false,"
                  "\"defaultDataset\":{\"projectId\":\"acme-prod\",\"datasetId\":"
                  "\"crm\"},"
                  "\"useQueryCache\":false,\"maximumBytesBilled\":\"1000\","
                  "\"parameterMode\":\"NAMED\",\"queryParameters\":[{\"name\":\"a\","
                  "\"parameterType\":{\"type\":\"INT64\"},\"parameterValue\":{"
                  "\"value\":\"5\"}}],"
                  "\"location\":\"EU\",\"maxResults\":10,\"timeoutMs\":55000,"
                  "\"jobTimeoutMs\":\"5000\",\"dryRun\":true,"
                  "\"jobCreationMode\":\"JOB_CREATION_REQUIRED\",\"labels\":{\"team\":"
                  "\"x\"}}" },
                { "bq's job", true,
                  "{\"configuration\":{\"query\":{\"query\":\"SELECT "
                  "1\",\"useLegacySql\":false,"
                  "\"useQueryCache\":true,\"tableDefinitions\":{},"
                  "\"connectionProperties\":[]},"
                  "\"dryRun\":false},\"jobReference\":{\"jobId\":\"bqjob_r1\","
                  "\"projectId\":\"acme-prod\",\"location\":\"US\"}}",
                  "{\"jobReference\":{\"projectId\":\"acme-prod\",\"jobId\":\"bqjob_"
                  "r1\","
                  "\"location\":\"US\"},\"configuration\":{\"jobType\":\"QUERY\","
                  "\"query\":{"
                  "\"query\":\"SELECT "
                  "1\",\"useLegacySql\":false,\"useQueryCache\":true},"
                  "\"labels\":{}}}" },
                { "a job with a destination", true,
                  "{\"configuration\":{\"jobType\":\"QUERY\",\"labels\":{\"a\":\"b\"},"
                  "\"query\":{\"query\":\"SELECT "
                  "1\",\"destinationTable\":{\"datasetId\":\"d\","
                  "\"tableId\":\"t\",\"projectId\":\"other\"},\"writeDisposition\":"
                  "\"WRITE_TRUNCATE\",\"createDisposition\":\"CREATE_NEVER\","
                  "\"priority\":\"BATCH\","
                  "\"allowLargeResults\":true,\"flattenResults\":false}}}",
                  "{\"jobReference\":{\"projectId\":\"acme-prod\"},\"configuration\":{"
                  "\"jobType\":\"QUERY\",\"query\":{\"query\":\"SELECT "
                  "1\",\"useLegacySql\":false,"
                  "\"destinationTable\":{\"projectId\":\"other\",\"datasetId\":\"d\","
                  "\"tableId\":\"t\"},\"createDisposition\":\"CREATE_NEVER\","
                  "\"writeDisposition\":\"WRITE_TRUNCATE\",\"priority\":\"BATCH\"},"
                  "\"labels\":{\"a\":\"b\"}}}" },
                { "Go's parameters without a mode", true,
                  "{\"configuration\":{\"query\":{\"query\":\"SELECT "
                  "?\",\"queryParameters\":["
                  "{\"parameterType\":{\"type\":\"STRING\"},\"parameterValue\":{"
                  "\"value\":\"x\"}}]}}}",
                  "{\"jobReference\":{\"projectId\":\"acme-prod\"},\"configuration\":{"
                  "\"jobType\":\"QUERY\",\"query\":{\"query\":\"SELECT "
                  "?\",\"useLegacySql\":false,"
                  "\"parameterMode\":\"POSITIONAL\",\"queryParameters\":[{"
                  "\"parameterType\":{\"type\":\"STRING\"},\"parameterValue\":{"
                  "\"value\":\"x\"}}]},"
                  "\"labels\":{}}}" },
                { "structs, arrays, ranges and nulls", false,
                  "{\"query\":\"SELECT "
                  "1\",\"parameterMode\":\"NAMED\",\"queryParameters\":["
                  "{\"name\":\"s\",\"parameterType\":{\"type\":\"STRUCT\","
                  "\"structTypes\":[{\"name\":"
                  "\"x\",\"type\":{\"type\":\"ARRAY\",\"arrayType\":{\"type\":\"BOOL\"}"
                  "}}]},"
                  "\"parameterValue\":{\"structValues\":{\"x\":{\"arrayValues\":[{"
                  "\"value\":true},"
                  "{\"value\":null}]}}}},{\"name\":\"r\",\"parameterType\":{\"type\":"
                  "\"RANGE\","
                  "\"rangeElementType\":{\"type\":\"DATE\"}},\"parameterValue\":{"
                  "\"rangeValue\":{"
                  "\"start\":{\"value\":\"2026-01-01\"}}}}]}",
                  "{\"query\":\"SELECT "
                  "1\",\"useLegacySql\":false,\"parameterMode\":\"NAMED\","
                  "\"queryParameters\":[{\"name\":\"s\",\"parameterType\":{\"type\":"
                  "\"STRUCT\","
                  "\"structTypes\":[{\"name\":\"x\",\"type\":{\"type\":\"ARRAY\","
                  "\"arrayType\":{"
                  "\"type\":\"BOOL\"}}}]},\"parameterValue\":{\"structValues\":{\"x\":{"
                  "\"arrayValues\":[{\"value\":\"true\"},{}]}}}},{\"name\":\"r\","
                  "\"parameterType\":{\"type\":\"RANGE\",\"rangeElementType\":{"
                  "\"type\":\"DATE\"}},"
                  "\"parameterValue\":{\"rangeValue\":{\"start\":{\"value\":\"2026-01-"
                  "01\"}}}}],"
                  "\"jobCreationMode\":\"JOB_CREATION_REQUIRED\",\"labels\":{}}" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                struct sp_upstream_request up;
                struct sp_query_extra x = { 0 };
                int e = recognise(&f, rows[i].is_insert, rows[i].body);

                if (e < 0)
                        print_message("%s: %s: %s\n", rows[i].sentence, f.err.id,
                                      f.err.what);
                SP_CHECK(rows[i].sentence, e == 0);
                x.sql = f.call.query->sql;
                SP_CHECK(rows[i].sentence,
                         sp_call_upstream(&f.arena, &f.call, &x, &up, &f.err) == 0);
                if (!sp_str_eq(up.body, sp_str_c(rows[i].upstream)))
                        print_message("got  %.*s\nwant %s\n", SP_FMT(up.body),
                                      rows[i].upstream);
                SP_CHECK(rows[i].sentence,
                         sp_str_eq(up.body, sp_str_c(rows[i].upstream)));
                SP_CHECK(rows[i].sentence,
                         sp_str_eq(up.path_and_query,
                                   rows[i].is_insert
                                           ? SP_STR(P "/jobs?prettyPrint=false")
                                           : SP_STR(P "/queries?prettyPrint=false")));
                sp_arena_done(&f.arena);
        }
}

static void test_typed_fields(void **state sp_unused)
{
        struct fixture f = { 0 };

        assert_int_equal(
                recognise(
                        &f, true,
                        "{\"jobReference\":{\"projectId\":\"acme-prod\",\"jobId\":"
                        "\"j\"},"
                        "\"configuration\":{\"query\":{\"query\":\"SELECT 1\","
                        "\"defaultDataset\":{\"projectId\":\"p2\",\"datasetId\":\"d\"},"
                        "\"destinationTable\":{\"datasetId\":\"d\",\"tableId\":\"t\"}}}"
                        "}"),
                0);
        assert_true(sp_str_eq(f.call.query->default_project, SP_STR("p2")));
        assert_true(sp_str_eq(f.call.query->destination_project, SP_STR("acme-prod")));
        assert_true(sp_str_eq(f.call.job_id, SP_STR("j")));
        assert_true(f.call.is_insert);
        assert_false(f.call.query->has_use_query_cache);
        assert_int_equal(recognise(&f, false, "{\"query\":\"x\",\"maxResults\":null}"),
                         0);
        assert_false(f.call.query->has_max_results);
        sp_arena_done(&f.arena);
}

static void test_refused(void **state sp_unused)
{
#define Q(x) "{\"query\":\"SELECT 1\"," x "}"
#define J(x) "{\"configuration\":{\"query\":{\"query\":\"SELECT 1\"," x "}}}"
#define PARAM(x) Q("\"queryParameters\":[" x "]")
#define TYPE "\"parameterType\":{\"type\":\"STRING\"}"
        static const struct {
                const char *sentence;
                bool is_insert;
                const char *body, *id,
                        *what; /* what: must be in the message; may be NULL */
        } rows[] = {
                { "no JSON", false, "query=1", "json.syntax", NULL },
                { "a duplicate key", false, "{\"query\":\"a\",\"query\":\"b\"}",
                  "json.duplicate-key", NULL },
                { "the same key escaped", false,
                  "{\"query\":\"a\",\"\\u0071uery\":\"b\"}", "json.duplicate-key",
                  NULL },
                { "an array", false, "[]", "request.field-type", NULL },
                { "nothing to run", false, "{}", "request.no-query", NULL },
                { "an empty statement", false, "{\"query\":\"\"}", "request.no-query",
                  NULL },
                { "a statement that is no string", false, "{\"query\":5}",
                  "request.field-type", "query" },
                { "an unknown field", false, Q("\"foo\":1"), "request.unknown-field",
                  "foo" },
                { "a snake_case twin", false, Q("\"use_legacy_sql\":true"),
                  "request.unknown-field", "use_legacy_sql" },
                { "another case", false, Q("\"UseLegacySql\":true"),
                  "request.unknown-field", NULL },
                { "an unknown nested field, by its path", true, J("\"foo\":1"),
                  "request.unknown-field", "configuration.query.foo" },
                { "legacy SQL", false, Q("\"useLegacySql\":true"), "request.legacy-sql",
                  "--nouse_legacy_sql" },
                { "a boolean as a string", false, Q("\"useLegacySql\":\"false\""),
                  "request.field-type", NULL },
                { "a fraction", false, Q("\"maxResults\":1.5"), "request.field-type",
                  "maxResults" },
                { "a negative number", false, Q("\"timeoutMs\":-1"),
                  "request.field-type", NULL },
                { "an exponent", false, Q("\"maxResults\":1e3"), "request.field-type",
                  NULL },
                { "a number past 32 bits", false, Q("\"maxResults\":4294967296"),
                  "request.field-type", NULL },
                { "a number past 63 bits", false,
                  Q("\"maximumBytesBilled\":\"9223372036854775808\""),
                  "request.field-type", NULL },
                { "session properties", false,
                  Q("\"connectionProperties\":[{\"key\":\"session_id\",\"value\":\"x\"}"
                    "]"),
                  "request.refused-field", "connectionProperties" },
                { "a new session", false, Q("\"createSession\":true"),
                  "request.refused-field", NULL },
                { "a continuous query", false, Q("\"continuous\":true"),
                  "request.refused-field", NULL },
                { "a reservation", false, Q("\"reservation\":\"r\""),
                  "request.refused-field", NULL },
                { "an encryption key", false,
                  Q("\"destinationEncryptionConfiguration\":{\"kmsKeyName\":\"k\"}"),
                  "request.refused-field", NULL },
                { "a destination in jobs.query", false, Q("\"destinationTable\":{}"),
                  "request.unknown-field", NULL },
                { "inline external tables", true, J("\"tableDefinitions\":{\"t\":{}}"),
                  "request.refused-field", "configuration.query.tableDefinitions" },
                { "function files", true,
                  J("\"userDefinedFunctionResources\":[{\"resourceUri\":\"gs://x\"}]"),
                  "request.refused-field", NULL },
                { "schema updates", true,
                  J("\"schemaUpdateOptions\":[\"ALLOW_FIELD_ADDITION\"]"),
                  "request.refused-field", NULL },
                { "a partitioned destination", true,
                  J("\"destinationTable\":{\"datasetId\":\"d\",\"tableId\":\"t$"
                    "20260101\"}"),
                  "request.field-value", NULL },
                { "half a destination", true,
                  J("\"destinationTable\":{\"datasetId\":\"d\"}"), "request.field-type",
                  NULL },
                { "an unknown disposition", true,
                  J("\"writeDisposition\":\"WRITE_TRUNCATE_DATA\""),
                  "request.field-value", NULL },
                { "a default dataset with a dot", false,
                  Q("\"defaultDataset\":{\"datasetId\":\"a.b\"}"),
                  "request.field-value", NULL },
                { "a default dataset with more", false,
                  Q("\"defaultDataset\":{\"datasetId\":\"a\",\"tableId\":\"b\"}"),
                  "request.unknown-field", NULL },
                { "a job of another project", true,
                  "{\"jobReference\":{\"projectId\":\"evil\"},\"configuration\":{"
                  "\"query\":{\"query\":\"x\"}}}",
                  "request.project-mismatch", NULL },
                { "a load job", true,
                  "{\"configuration\":{\"load\":{\"sourceUris\":[\"gs://x\"]}}}",
                  "api.not-offered", "bigquery.jobs.insert.load" },
                { "an extract job", true, "{\"configuration\":{\"extract\":{}}}",
                  "api.not-offered", "bigquery.jobs.insert.extract" },
                { "a copy job of nothing", true, "{\"configuration\":{\"copy\":{}}}",
                  "request.field-type", "configuration.copy" },
                { "two kinds of job", true,
                  "{\"configuration\":{\"query\":{\"query\":\"x\"},\"copy\":{}}}",
                  "request.refused-field", "one thing" },
                { "a second kind that is null", true,
                  "{\"configuration\":{\"query\":{\"query\":\"x\"},\"load\":null}}",
                  "api.not-offered", NULL },
                { "a job type that disagrees", true,
                  "{\"configuration\":{\"jobType\":\"COPY\",\"query\":{\"query\":\"x\"}"
                  "}}",
                  "request.field-value", NULL },
                { "no configuration", true, "{}", "api.not-offered", NULL },
                { "output fields", true,
                  "{\"status\":{},\"configuration\":{\"query\":{\"query\":\"x\"}}}",
                  "request.unknown-field", "status" },
                { "a label in upper case", false, Q("\"labels\":{\"A\":\"b\"}"),
                  "request.field-type", NULL },
                { "a label that is a number", false, Q("\"labels\":{\"a\":1}"),
                  "request.field-type", NULL },
                { "a request id with a blank", false, Q("\"requestId\":\"a b\""),
                  "request.field-value", NULL },
                { "a parameter without a type", false,
                  PARAM("{\"name\":\"a\",\"parameterValue\":{\"value\":\"x\"}}"),
                  "request.query-parameter", NULL },
                { "a parameter of an unknown type", false,
                  PARAM("{\"name\":\"a\",\"parameterType\":{\"type\":\"SQL\"}}"),
                  "request.query-parameter", NULL },
                { "a parameter with an unknown member", false,
                  PARAM("{\"name\":\"a\"," TYPE ",\"x\":1}"), "request.unknown-field",
                  NULL },
                { "a value with an unknown member", false,
                  PARAM("{\"name\":\"a\"," TYPE ",\"parameterValue\":{\"x\":1}}"),
                  "request.unknown-field", NULL },
                { "a value that is an object", false,
                  PARAM("{\"name\":\"a\"," TYPE ",\"parameterValue\":{\"value\":{}}}"),
                  "request.query-parameter", NULL },
                { "a parameter name that is no identifier", false,
                  PARAM("{\"name\":\"a b\"," TYPE "}"), "request.query-parameter",
                  NULL },
                { "the salt's name", false,
                  PARAM("{\"name\":\"sallyport_salt\"," TYPE "}"),
                  "request.reserved-parameter", NULL },
                { "the salt's name in capitals", false,
                  PARAM("{\"name\":\"Sallyport_SALT\"," TYPE "}"),
                  "request.reserved-parameter", NULL },
                { "named and positional mixed", false,
                  PARAM("{\"name\":\"a\"," TYPE "},{" TYPE "}"),
                  "request.query-parameter", NULL },
                { "named parameters called positional", false,
                  Q("\"parameterMode\":\"POSITIONAL\",\"queryParameters\":[{\"name\":"
                    "\"a\"," TYPE "}]"),
                  "request.query-parameter", NULL },
                { "a mode that is none", false, Q("\"parameterMode\":\"BOTH\""),
                  "request.field-value", NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f = { 0 };
                int e = recognise(&f, rows[i].is_insert, rows[i].body);

                if (e == 0 || strcmp(f.err.id, rows[i].id) != 0)
                        print_message("%s: %s: %s\n", rows[i].sentence, f.err.id,
                                      f.err.what);
                SP_CHECK(rows[i].sentence, (e == -EPERM || e == -EINVAL) &&
                                                   !strcmp(f.err.id, rows[i].id));
                SP_CHECK(rows[i].sentence,
                         !rows[i].what || strstr(f.err.what, rows[i].what));
                SP_CHECK(rows[i].sentence,
                         sp_str_eq(f.call.project, SP_STR("acme-prod")));
                sp_arena_done(&f.arena);
        }
}

static void test_sql_limit(void **state sp_unused)
{
        struct fixture f = { 0 };
        size_t max = 1024 * 1024;
        char *body = malloc(max + 64);

        for (size_t extra = 0; extra < 2; extra++) {
                size_t o = (size_t)sprintf(body, "{\"query\":\"");

                memset(body + o, 'x', max + extra);
                memcpy(body + o + max + extra, "\"}", 3);
                assert_int_equal(recognise(&f, false, body), extra ? -EPERM : 0);
        }
        sp_arena_done(&f.arena);
        free(body);
}

static bool contains(struct sp_str s, const char *what)
{
        return memmem(s.p, s.n, what, strlen(what)) != NULL;
}

static void test_extra(void **state sp_unused)
{
        struct fixture f = { 0 };
        struct sp_upstream_request up;
        struct sp_query_extra x = { .sql = SP_STR("SELECT 2"),
                                    .salt = SP_STR("00ff"),
                                    .maximum_bytes_billed = 500,
                                    .label_session =
                                            SP_STR("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
                                    .label_workload = SP_STR("CI Agents/1") };

        assert_int_equal(
                recognise(&f, false,
                          "{\"query\":\"SELECT "
                          "1\",\"requestId\":\"r1\",\"maximumBytesBilled\":900}"),
                0);
        assert_int_equal(sp_call_upstream(&f.arena, &f.call, &x, &up, &f.err), 0);
        assert_true(contains(up.body, "\"query\":\"SELECT 2\""));
        assert_false(contains(up.body, "SELECT 1"));
        assert_true(contains(up.body, "\"maximumBytesBilled\":\"500\""));
        assert_true(contains(up.body,
                             "\"sallyport_session\":\"01arz3ndektsv4rrffq69g5fav\""));
        assert_true(contains(up.body, "\"sallyport_workload\":\"ci-agents-1\""));
        assert_true(contains(up.body, "\"parameterMode\":\"NAMED\""));
        assert_true(contains(up.body,
                             "{\"name\":\"sallyport_salt\",\"parameterType\":{\"type\":"
                             "\"STRING\"},\"parameterValue\":{\"value\":\"00ff\"}}"));
        /* request ids of two sessions are two, of one session one */
        assert_false(contains(up.body, "\"r1\""));
        struct sp_str first = up.body;
        assert_int_equal(sp_call_upstream(&f.arena, &f.call, &x, &up, &f.err), 0);
        assert_true(sp_str_eq(first, up.body));

        x.maximum_bytes_billed = 5000;
        x.as_insert = true;
        x.job_id = SP_STR("held_1");
        assert_int_equal(sp_call_upstream(&f.arena, &f.call, &x, &up, &f.err), 0);
        assert_true(sp_str_eq(up.path_and_query, SP_STR(P "/jobs?prettyPrint=false")));
        assert_true(contains(up.body, "\"jobId\":\"held_1\""));
        assert_true(contains(up.body, "\"maximumBytesBilled\":\"900\""));

        x.dry_run = true;
        assert_int_equal(sp_call_upstream(&f.arena, &f.call, &x, &up, &f.err), 0);
        assert_true(contains(up.body, "\"dryRun\":true"));
        assert_false(contains(up.body, "jobId"));
        assert_false(contains(up.body, "maximumBytesBilled"));
        assert_false(contains(up.body, "requestId"));

        x = (struct sp_query_extra){ .salt = SP_STR("00") };
        assert_int_equal(sp_call_upstream(&f.arena, &f.call, &x, &up, &f.err), -EINVAL);
        assert_int_equal(recognise(&f, false,
                                   "{\"query\":\"SELECT "
                                   "?\",\"queryParameters\":[{\"parameterType\":{"
                                   "\"type\":\"STRING\"}}]}"),
                         0);
        x.sql = SP_STR("SELECT ?");
        assert_int_equal(sp_call_upstream(&f.arena, &f.call, &x, &up, &f.err), -EPERM);
        sp_arena_done(&f.arena);
}

static void test_reads_upstream(void **state sp_unused)
{
        static const struct {
                const char *method, *path, *query, *upstream; /* upstream NULL: none */
        } rows[] = {
                { "GET", P "/jobs/j1", "location=EU&alt=json",
                  P "/jobs/j1?prettyPrint=false&location=EU" },
                { "POST", P "/jobs/j1/cancel", "location=EU",
                  P "/jobs/j1/cancel?prettyPrint=false&location=EU" },
                { "GET", P "/queries/j1",
                  "timeoutMs=90000&pageToken=a%2Bb%2F%3D&maxResults=5&fields=rows",
                  P "/queries/"
                    "j1?prettyPrint=false&maxResults=5&pageToken=a%2Bb%2F%3D&timeoutMs="
                    "55000" },
                { "GET", P "/queries/j1", "formatOptions.useInt64Timestamp=true",
                  P "/queries/"
                    "j1?prettyPrint=false&formatOptions.useInt64Timestamp=true" },
                { "GET", P "/datasets", "all=true&filter=labels.a:b",
                  P "/datasets?prettyPrint=false&all=true&filter=labels.a%3Ab" },
                { "GET", P "/datasets/crm", "datasetView=FULL",
                  P "/datasets/crm?prettyPrint=false" },
                { "GET", P "/datasets/crm/tables", NULL,
                  P "/datasets/crm/tables?prettyPrint=false" },
                { "GET", P "/datasets/crm/tables/t", "view=FULL",
                  P "/datasets/crm/tables/t?prettyPrint=false" },
                { "GET", P "/datasets/crm/tables/t/data", "selectedFields=a,b.c",
                  P "/datasets/crm/tables/t/"
                    "data?prettyPrint=false&selectedFields=a%2Cb.c" },
                { "GET", "/bigquery/v2/projects/example.com:p/datasets", NULL,
                  "/bigquery/v2/projects/example.com%3Ap/datasets?prettyPrint=false" },
                { "GET", "/bigquery/v2/projects", NULL, NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_request r = { .scheme = SP_STR("https"),
                                        .method = sp_str_c(rows[i].method),
                                        .authority = SP_STR("bigquery.googleapis.com"),
                                        .sni = SP_STR("bigquery.googleapis.com"),
                                        .path = sp_str_c(rows[i].path),
                                        .query = sp_str_c(rows[i].query) };
                struct sp_upstream_request up = { 0 };
                struct sp_call c;
                int e;

                SP_CHECK(rows[i].path, sp_call_recognise(&a, &r, &c, NULL) == 0);
                e = sp_call_upstream(&a, &c, NULL, &up, NULL);
                if (e == 0 && rows[i].upstream &&
                    !sp_str_eq(up.path_and_query, sp_str_c(rows[i].upstream)))
                        print_message("%.*s\n", SP_FMT(up.path_and_query));
                SP_CHECK(rows[i].path, (e == 0) == (rows[i].upstream != NULL));
                SP_CHECK(rows[i].path,
                         !rows[i].upstream || sp_str_eq(up.path_and_query,
                                                        sp_str_c(rows[i].upstream)));
                SP_CHECK(rows[i].path, e < 0 || sp_str_eq(up.method, r.method));
                sp_arena_done(&a);
        }
}

static void test_tables_get(void **state sp_unused)
{
        static const struct {
                const char *table, *path; /* path NULL: refused */
        } rows[] = {
                { "acme-prod.crm.customers",
                  P "/datasets/crm/tables/customers?prettyPrint=false" },
                { "example.com:p.d.t", "/bigquery/v2/projects/example.com%3Ap/datasets/"
                                       "d/tables/t?prettyPrint=false" },
                { "p.d.caf\xc3\xa9 1", "/bigquery/v2/projects/p/datasets/d/tables/"
                                       "caf%C3%A9%201?prettyPrint=false" },
                { "d.t", NULL },
                { "p.d.", NULL },
                { "..", NULL },
                { "p.d.t$20260101", NULL },
                { "p.d.t/../x", NULL },
                { "p.d.t*", NULL },
                { "p.d.t\n", NULL },
                { "p/x.d.t", NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_upstream_request up;
                int e = sp_call_tables_get(&a, sp_str_c(rows[i].table), &up);

                SP_CHECK(rows[i].table, (e == 0) == (rows[i].path != NULL));
                SP_CHECK(rows[i].table,
                         !rows[i].path ||
                                 sp_str_eq(up.path_and_query, sp_str_c(rows[i].path)));
                sp_arena_done(&a);
        }
}

/* With less memory than it needs, everything fails with an error and nothing else
 * happens. */
static void test_memory(void **state sp_unused)
{
        static const struct sp_header json[] = { { SP_STR("content-type"),
                                                   SP_STR("application/json") } };
        static const char body[] =
                "{\"query\":\"SELECT @a\",\"labels\":{\"a\":\"b\"},"
                "\"queryParameters\":[{\"name\":\"a\",\"parameterType\":"
                "{\"type\":\"STRING\"},\"parameterValue\":{\"value\":\"x\"}}]}";
        struct sp_request r = { .scheme = SP_STR("https"),
                                .method = SP_STR("POST"),
                                .authority = SP_STR("bigquery.googleapis.com"),
                                .sni = SP_STR("bigquery.googleapis.com"),
                                .path = SP_STR(P "/queries"),
                                .query = SP_STR("alt=json"),
                                .headers = json,
                                .n_headers = 1,
                                .body = sp_str_c(body) };
        bool done = false;

        for (size_t max = 0; !done; max += 16) {
                struct sp_arena a = SP_ARENA_INIT(max);
                struct sp_query_extra x = { .sql = SP_STR("SELECT 1"),
                                            .salt = SP_STR("s") };
                struct sp_upstream_request up;
                struct sp_err err = SP_ERR_NULL;
                struct sp_call c;
                int e = sp_call_recognise(&a, &r, &c, &err);

                SP_CHECK("an error has an id", e == 0 || err.id);
                if (e == 0)
                        e = sp_call_upstream(&a, &c, &x, &up, &err);
                SP_CHECK("nothing but no memory", e == 0 || e == -ENOMEM);
                done = e == 0;
                sp_arena_done(&a);
                SP_CHECK("it works in the end", max < (1u << 20));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_typed_fields),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_sql_limit),
                cmocka_unit_test(test_extra),
                cmocka_unit_test(test_reads_upstream),
                cmocka_unit_test(test_tables_get),
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
