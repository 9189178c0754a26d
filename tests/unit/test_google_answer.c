/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/google/answer.h"

static bool contains(struct sp_str s, const char *what)
{
        return s.p && memmem(s.p, s.n, what, strlen(what)) != NULL;
}

#define ARENA()                                                                        \
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(16u * 1024 * 1024)

static void test_error(void **state sp_unused)
{
        ARENA();
        struct sp_str s =
                sp_answer_error(&a, 403, NULL, SP_STR("no\n\"\xe2\x80\xae\xff"));

        assert_true(sp_str_eq(s, SP_STR("{\"error\":{\"code\":403,\"message\":"
                                        "\"no\\\\x0a\\\"\\\\xe2\\\\x80\\\\xae\\\\xff\","
                                        "\"errors\":[{\"message\":"
                                        "\"no\\\\x0a\\\"\\\\xe2\\\\x80\\\\xae\\\\xff\","
                                        "\"domain\":\"global\","
                                        "\"reason\":\"accessDenied\"}],\"status\":"
                                        "\"PERMISSION_DENIED\"}}")));
        assert_true(contains(sp_answer_error(&a, 400, "invalidQuery", SP_STR("x")),
                             "\"reason\":\"invalidQuery\""));
        assert_true(
                contains(sp_answer_error(&a, 503, NULL, SP_STR("x")), "backendError"));
        assert_true(contains(sp_answer_error(&a, 599, NULL, SP_STR("x")), "INTERNAL"));
}

static void test_denial(void **state sp_unused)
{
        ARENA();
        struct sp_err e = SP_ERR_NULL;

        (void)sp_err_set(&e, -EPERM, "policy.denied", "",
                         "drop on acme-prod.crm.customers");
        assert_true(
                sp_str_eq(sp_answer_denial_message(&a, &e, SP_STR("prod.yaml#no-ddl"),
                                                   SP_STR("ask data-eng")),
                          SP_STR("Access Denied: Sallyport: drop on "
                                 "acme-prod.crm.customers (policy.denied; "
                                 "rule prod.yaml#no-ddl): ask data-eng")));
        assert_true(
                sp_str_eq(sp_answer_denial_message(&a, &e, SP_STR_NULL, SP_STR_NULL),
                          SP_STR("Access Denied: Sallyport: drop on "
                                 "acme-prod.crm.customers (policy.denied)")));
}

static void test_jobs(void **state sp_unused)
{
        ARENA();
        struct sp_job_view j = { .project = SP_STR("p"),
                                 .job_id = SP_STR("j1"),
                                 .location = SP_STR("EU"),
                                 .sql = SP_STR("SELECT \"x\""),
                                 .state = SP_STR("PENDING"),
                                 .statement_kind = SP_STR("UPDATE"),
                                 .created_ms = 1234 };
        struct sp_json *o;

        assert_true(sp_str_eq(sp_answer_query_incomplete(&a, &j, false),
                              SP_STR("{\"kind\":\"bigquery#queryResponse\","
                                     "\"jobReference\":{\"projectId\":"
                                     "\"p\",\"jobId\":\"j1\",\"location\":\"EU\"},"
                                     "\"jobComplete\":false}")));
        assert_true(contains(sp_answer_query_incomplete(&a, &j, true),
                             "getQueryResultsResponse"));
        assert_int_equal(sp_json_parse(&a, sp_answer_job(&a, &j), &o, NULL), 0);
        assert_true(sp_str_eq(sp_json_get_str(o, "id"), SP_STR("p:EU.j1")));
        assert_true(sp_str_eq(sp_json_get_str(sp_json_get(o, "status"), "state"),
                              SP_STR("PENDING")));
        assert_null(sp_json_get(sp_json_get(o, "status"), "errorResult"));
        j.error_message = SP_STR("denied");
        j.state = SP_STR("DONE");
        assert_int_equal(sp_json_parse(&a, sp_answer_job_cancel(&a, &j), &o, NULL), 0);
        o = sp_json_get(sp_json_get(sp_json_get(o, "job"), "status"), "errorResult");
        assert_true(sp_str_eq(sp_json_get_str(o, "reason"), SP_STR("accessDenied")));
        assert_true(sp_str_eq(sp_json_get_str(o, "message"), SP_STR("denied")));
}

static void test_tokens(void **state sp_unused)
{
        ARENA();

        assert_true(sp_str_eq(
                sp_answer_token(&a, SP_LOCAL_OAUTH_TOKEN, SP_STR("t"), 900, 0),
                SP_STR("{\"access_token\":\"t\",\"expires_in\":900,\"token_type\":"
                       "\"Bearer\"}")));
        assert_true(
                sp_str_eq(sp_answer_token(&a, SP_LOCAL_STS_TOKEN, SP_STR("t"), 900, 0),
                          SP_STR("{\"access_token\":\"t\",\"issued_token_type\":\"urn:"
                                 "ietf:params:oauth:token-type:access_token\","
                                 "\"expires_in\":900,\"token_type\":\"Bearer\"}")));
        assert_true(sp_str_eq(sp_answer_token(&a, SP_LOCAL_IAM_ACCESS_TOKEN,
                                              SP_STR("t"), 900, 1795218840123456),
                              SP_STR("{\"accessToken\":\"t\",\"expireTime\":\"2026-11-"
                                     "21T00:09:00Z\"}")));
}

static void test_projects(void **state sp_unused)
{
        ARENA();
        const struct sp_str ids[] = { SP_STR("acme-prod") };

        assert_true(sp_str_eq(sp_answer_projects(&a, NULL, 0),
                              SP_STR("{\"kind\":\"bigquery#projectList\",\"projects\":["
                                     "],\"totalItems\":0}")));
        assert_true(contains(sp_answer_projects(&a, ids, 1),
                             "\"projectReference\":{\"projectId\":\"acme-prod\"}"));
}

/* The document names exactly the methods that are handled. */
static void test_discovery(void **state sp_unused)
{
        ARENA();
        struct sp_str s = sp_answer_discovery(&a);
        struct sp_json *root;
        size_t n, handled = 0, found = 0;
        const struct sp_method_info *m = sp_call_methods(&n);

        assert_int_equal(sp_json_parse(&a, s, &root, NULL), 0);
        assert_true(sp_str_eq(sp_json_get_str(root, "rootUrl"),
                              SP_STR("https://bigquery.googleapis.com/")));
        for (size_t i = 0; i < n; i++)
                handled += m[i].handling != SP_HANDLING_DENY;
        for (const struct sp_json *r = sp_json_get(root, "resources")->first; r;
             r = r->next)
                for (const struct sp_json *x = sp_json_get(r, "methods")->first; x;
                     x = x->next) {
                        for (size_t i = 0; i < n; i++)
                                if (sp_str_eq(sp_json_get_str(x, "id"),
                                              sp_str_c(m[i].action)) &&
                                    m[i].handling != SP_HANDLING_DENY)
                                        found++;
                }
        assert_int_equal(found, handled);
        assert_int_equal(handled, 26);
}

static void test_metadata(void **state sp_unused)
{
#define V "/computeMetadata/v1"
#define SA V "/instance/service-accounts"
        static const struct {
                const char *path, *query;
                bool has_flavor;
                unsigned status;
                const char *body; /* NULL: a token */
        } rows[] = {
                { "/", "", false, 200, "computeMetadata/\n" },
                { V "/", "", true, 200, "instance/\nproject/\nuniverse/\n" },
                { V "/instance", "", true, 200,
                  "attributes/\nhostname\nid\nname\nservice-accounts/\nzone\n" },
                { V "/project/project-id", "", true, 200, "acme-prod" },
                { V "/project/project-id", "", false, 403,
                  "the header Metadata-Flavor: Google is missing\n" },
                { V "/project/numeric-project-id", "", true, 200, "0" },
                { V "/universe/universe-domain", "", true, 200, "googleapis.com" },
                { SA "/", "", true, 200,
                  "default/\nsallyport@acme-prod.iam.gserviceaccount.com/\n" },
                { SA "/default/email", "", true, 200,
                  "sallyport@acme-prod.iam.gserviceaccount.com" },
                { SA "/default/token",
                  "scopes=https://www.googleapis.com/auth/bigquery", true, 200, NULL },
                { SA "/sallyport@acme-prod.iam.gserviceaccount.com/token", "", true,
                  200, NULL },
                { SA "/default/token", "", false, 403,
                  "the header Metadata-Flavor: Google is missing\n" },
                { SA "/default/identity", "audience=x", true, 404, "not found\n" },
                { SA "/other@acme-prod.iam.gserviceaccount.com/token", "", true, 404,
                  "not found\n" },
                { V "/instance/attributes/cluster-name", "", true, 404, "not found\n" },
                { "/computeMetadata/v1beta1/instance", "", true, 404, "not found\n" },
                { "/../etc", "", true, 400, "bad request\n" },
                { SA "/default/", "recursive=true", true, 200,
                  "{\"aliases\":[\"default\"],\"email\":\"sallyport@acme-prod.iam."
                  "gserviceaccount.com\",\"scopes\":["
                  "\"https://www.googleapis.com/auth/bigquery\",\"https://"
                  "www.googleapis.com/auth/cloud-platform\"]}" },
        };
        static const struct sp_header flavor[] = {
                { SP_STR("metadata-flavor"), SP_STR("Google") },
                { SP_STR("x-forwarded-for"), SP_STR("1.2.3.4") }
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                ARENA();
                struct sp_request r = { .path = sp_str_c(rows[i].path),
                                        .query = sp_str_c(rows[i].query),
                                        .headers = flavor,
                                        .n_headers = rows[i].has_flavor };
                struct sp_metadata_answer m;

                SP_CHECK(rows[i].path,
                         sp_answer_metadata(&a, &r, SP_STR("acme-prod"), &m) == 0);
                SP_CHECK(rows[i].path, m.status == rows[i].status);
                SP_CHECK(rows[i].path, m.needs_token == !rows[i].body);
                SP_CHECK(rows[i].path,
                         !rows[i].body || sp_str_eq(m.body, sp_str_c(rows[i].body)));
                r.n_headers = 2;
                SP_CHECK(rows[i].path,
                         sp_answer_metadata(&a, &r, SP_STR("acme-prod"), &m) == 0);
                SP_CHECK("through a proxy", m.status == 403 && !m.needs_token);
        }
}

/* ---- rebuilt answers ---- */

static void without_a_configured_project_the_client_is_told_so(void **state sp_unused)
{
        const struct sp_header flavor = { SP_STR("metadata-flavor"), SP_STR("Google") };
        const struct sp_request r = {
                .scheme = SP_STR("http"),
                .method = SP_STR("GET"),
                .authority = SP_STR("169.254.169.254"),
                .path = SP_STR("/computeMetadata/v1/project/project-id"),
                .headers = &flavor,
                .n_headers = 1,
        };
        struct sp_arena a = SP_ARENA_INIT(1 << 16);
        struct sp_metadata_answer m;

        assert_int_equal(sp_answer_metadata(&a, &r, SP_STR_NULL, &m), 0);
        assert_int_equal(m.status, 404);
        sp_arena_done(&a);
}

static void test_rebuild(void **state sp_unused)
{
        static const struct {
                const char *sentence, *action;
                unsigned status;
                const char *upstream;
                const char *sql; /* NULL: no own */
                bool is_rewritten;
                const char *want; /* NULL: refused */
        } rows[] = {
                { "a job gives the agent's text back", "bigquery.jobs.get", 200,
                  "{\"kind\":\"bigquery#job\",\"user_email\":\"gateway@x\",\"principal_"
                  "subject\":\"s\",\"selfLink\":\"u\","
                  "\"configuration\":{\"labels\":{\"a\":\"b\",\"sallyport_session\":"
                  "\"s\"},\"query\":{\"query\":"
                  "\"SELECT * FROM (SELECT * REPLACE(NULL AS ssn) FROM "
                  "t)\",\"queryParameters\":[{\"name\":\"sallyport_salt\"}]}},"
                  "\"statistics\":{\"query\":{\"statementType\":\"SELECT\","
                  "\"queryPlan\":[{\"steps\":[]}],\"timeline\":[],"
                  "\"undeclaredQueryParameters\":[{}]}},\"status\":{\"state\":\"DONE\"}"
                  "}",
                  "SELECT * FROM t", true,
                  "{\"kind\":\"bigquery#job\",\"configuration\":{\"query\":{\"query\":"
                  "\"SELECT * FROM t\"},\"labels\":{\"a\":\"b\"}},"
                  "\"status\":{\"state\":\"DONE\"},\"statistics\":{\"query\":{"
                  "\"statementType\":\"SELECT\"}}}" },
                { "tables that the statement does not name are not told",
                  "bigquery.jobs.get", 200,
                  "{\"statistics\":{\"query\":{\"referencedTables\":[{\"projectId\":"
                  "\"p\","
                  "\"datasetId\":\"d\",\"tableId\":\"behind\"},{\"projectId\":\"p\","
                  "\"datasetId\":\"d\",\"tableId\":\"view\",\"x\":1},{\"tableId\":"
                  "\"view\"},1],"
                  "\"queryPlan\":[{\"steps\":[{\"substeps\":[\"$1:ssn\"]}]}]}}}",
                  "SELECT * FROM d.view", true,
                  "{\"statistics\":{\"query\":{\"referencedTables\":[{\"projectId\":"
                  "\"p\","
                  "\"datasetId\":\"d\",\"tableId\":\"view\"}]}}}" },
                { "without an own text none is shown", "bigquery.jobs.insert", 200,
                  "{\"configuration\":{\"query\":{\"query\":\"SELECT secret\"}}}", NULL,
                  false, "{\"configuration\":{\"query\":{\"query\":\"\"}}}" },
                { "positions are taken out of messages about a rewritten text",
                  "bigquery.jobs.get", 200,
                  "{\"status\":{\"errorResult\":{\"reason\":\"invalidQuery\","
                  "\"debugInfo\":\"x\",\"message\":\"Unrecognized name: q at [1:88]; "
                  "see [2:3] and [a]\"}}}",
                  "SELECT q", true,
                  "{\"status\":{\"errorResult\":{\"reason\":\"invalidQuery\","
                  "\"message\":\"Unrecognized name: q; see  and [a]\"}}}" },
                { "positions stay when nothing was rewritten", "bigquery.jobs.get", 400,
                  "{\"error\":{\"code\":400,\"message\":\"Syntax error at "
                  "[1:5]\",\"details\":[1]}}",
                  "SELECT q", false,
                  "{\"error\":{\"code\":400,\"message\":\"Syntax error at [1:5]\"}}" },
                { "a message that quotes the rewriting is not shown",
                  "bigquery.jobs.query", 400,
                  "{\"error\":{\"code\":400,\"message\":\"No matching signature: "
                  "@SALLYPORT_salt\",\"errors\":[{\"message\":\"in SELECT * REPLACE "
                  "(x)\",\"reason\":\"invalidQuery\"}],\"status\":\"INVALID_ARGUMENT\"}"
                  "}",
                  "SELECT 1", true,
                  "{\"error\":{\"code\":400,\"message\":\"BigQuery refused the "
                  "statement; its message is about the masked form of it and is not "
                  "shown\","
                  "\"errors\":[{\"message\":\"BigQuery refused the statement; its "
                  "message is about the masked form of it and is not "
                  "shown\",\"reason\":\"invalidQuery\"}],\"status\":\"INVALID_"
                  "ARGUMENT\"}}" },
                { "an error that is no JSON keeps its code only", "bigquery.tables.get",
                  502, "<html>secret</html>", NULL, false,
                  "{\"error\":{\"code\":502,\"message\":\"BigQuery refused the request "
                  "without saying why\",\"errors\":[{\"message\":\"BigQuery refused "
                  "the request without saying "
                  "why\",\"domain\":\"global\",\"reason\":\"internalError\"}],"
                  "\"status\":\"INTERNAL\"}}" },
                { "a dataset without its access list", "bigquery.datasets.get", 200,
                  "{\"id\":\"p:d\",\"access\":[{\"role\":\"OWNER\"}],\"location\":"
                  "\"EU\"}",
                  NULL, false, "{\"id\":\"p:d\",\"location\":\"EU\"}" },
                { "a table without policy tags and view text", "bigquery.tables.get",
                  200,
                  "{\"etag\":\"e\",\"view\":{\"query\":\"SELECT "
                  "1\",\"useLegacySql\":false},\"schema\":{\"fields\":[{\"name\":\"a\","
                  "\"type\":\"RECORD\","
                  "\"policyTags\":{\"names\":[\"x\"]},\"fields\":[{\"name\":\"b\","
                  "\"type\":\"STRING\",\"defaultValueExpression\":\"'x'\"}]}]},"
                  "\"clustering\":{\"fields\":[\"a\"]}}",
                  NULL, false,
                  "{\"etag\":\"e\",\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":"
                  "\"RECORD\",\"fields\":[{\"name\":\"b\",\"type\":\"STRING\"}]}]},"
                  "\"clustering\":{\"fields\":[\"a\"]},\"view\":{\"useLegacySql\":"
                  "false}}" },
                { "a string that is more than its member is for is left out",
                  "bigquery.jobs.get", 400,
                  "{\"error\":{\"code\":400,\"errors\":[{\"reason\":\"said "
                  "x\",\"location\":\"caf\u00e9\",\"domain\":\"global\"}],"
                  "\"status\":\"a\\nb\"}}",
                  "SELECT q", false,
                  "{\"error\":{\"code\":400,\"errors\":[{\"domain\":\"global\"}]}}" },
                { "a dry run's schema tells names and types only",
                  "bigquery.jobs.insert", 200,
                  "{\"statistics\":{\"query\":{\"schema\":{\"fields\":[{\"name\":\"a\","
                  "\"type\":\"NUMERIC\",\"precision\":\"5\",\"description\":\"the "
                  "boss\",\"policyTags\":{\"names\":[\"t\"]}}]}}}}",
                  "SELECT 1", true,
                  "{\"statistics\":{\"query\":{\"schema\":{\"fields\":[{\"name\":\"a\","
                  "\"type\":\"NUMERIC\",\"precision\":\"5\"}]}}}}" },
                { "a field of another type", "bigquery.datasets.get", 200,
                  "{\"location\":{\"x\":1}}", NULL, false, NULL },
                { "an answer that is no JSON", "bigquery.tables.get", 200, "<html>",
                  NULL, false, NULL },
                { "an answer that is no object", "bigquery.tables.get", 200, "[]", NULL,
                  false, NULL },
                { "an answer to a method that is not handled", "bigquery.tables.delete",
                  200, "{}", NULL, false, NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                ARENA();
                struct sp_call c = { .action = rows[i].action };
                struct sp_answer_own own = { .sql = sp_str_c(rows[i].sql),
                                             .is_rewritten = rows[i].is_rewritten,
                                             .tables = SP_STR("p.d.view\n") };
                struct sp_str got = SP_STR_NULL;
                struct sp_err err = SP_ERR_NULL;
                int e = sp_answer_rebuild(&a, &c, rows[i].status,
                                          sp_str_c(rows[i].upstream),
                                          rows[i].sql ? &own : NULL, &got, &err);

                SP_CHECK(rows[i].sentence, (e == 0) == (rows[i].want != NULL));
                if (rows[i].want && !sp_str_eq(got, sp_str_c(rows[i].want)))
                        print_message("got  %.*s\nwant %s\n", SP_FMT(got),
                                      rows[i].want);
                SP_CHECK(rows[i].sentence,
                         !rows[i].want || sp_str_eq(got, sp_str_c(rows[i].want)));
                SP_CHECK(rows[i].sentence, e == 0 || err.id);
        }
}

static bool keep(void *userdata, struct sp_str resource)
{
        return sp_str_eq(resource, sp_str_c(userdata));
}

static void test_filter(void **state sp_unused)
{
        ARENA();
        struct sp_call c = { .action = "bigquery.tables.list",
                             .handling = SP_HANDLING_FILTER };
        struct sp_str s;
        char granted[] = "p.d.t1", dataset[] = "p.d2", no_name[] = "p.no name.t";

        assert_int_equal(
                sp_answer_filter(
                        &a, &c,
                        SP_STR("{\"kind\":\"k\",\"tables\":["
                               "{\"id\":\"p:d.t1\",\"tableReference\":{\"projectId\":"
                               "\"p\",\"datasetId\":\"d\",\"tableId\":\"t1\"},"
                               "\"secret\":1},"
                               "{\"id\":\"p:d.t2\",\"tableReference\":{\"projectId\":"
                               "\"p\",\"datasetId\":\"d\",\"tableId\":\"t2\"}},"
                               "{\"id\":\"p:d.t1\"}],\"totalItems\":3,"
                               "\"nextPageToken\":\"n\"}"),
                        keep, granted, &s, NULL),
                0);
        assert_true(sp_str_eq(s, SP_STR("{\"kind\":\"k\",\"tables\":[{\"id\":\"p:d."
                                        "t1\",\"tableReference\":{\"projectId\":\"p\","
                                        "\"datasetId\":\"d\",\"tableId\":\"t1\"}}],"
                                        "\"totalItems\":1,\"nextPageToken\":\"n\"}")));
        /* what would be shown without its data set is not shown */
        assert_int_equal(sp_answer_filter(&a, &c,
                                          SP_STR("{\"tables\":[{\"tableReference\":{"
                                                 "\"projectId\":\"p\",\"datasetId\":"
                                                 "\"no name\",\"tableId\":\"t\"}}]}"),
                                          keep, no_name, &s, NULL),
                         0);
        assert_true(sp_str_eq(s, SP_STR("{\"tables\":[],\"totalItems\":0}")));
        c.action = "bigquery.models.list";
        assert_int_equal(
                sp_answer_filter(
                        &a, &c,
                        SP_STR("{\"models\":[{\"modelReference\":{\"projectId\":\"p\","
                               "\"datasetId\":\"d\",\"modelId\":\"t1\"},\"modelType\":"
                               "\"KMEANS\",\"trainingRuns\":[{\"results\":[7]}],"
                               "\"labelColumns\":[{\"name\":\"secret\"}]},"
                               "{\"modelReference\":{\"projectId\":\"p\",\"datasetId\":"
                               "\"d\",\"modelId\":\"t2\"}}]}"),
                        keep, granted, &s, NULL),
                0);
        assert_true(sp_str_eq(
                s, SP_STR("{\"models\":[{\"modelReference\":{\"projectId\":\"p\","
                          "\"datasetId\":\"d\",\"modelId\":\"t1\"},\"modelType\":"
                          "\"KMEANS\"}],\"totalItems\":1}")));
        c.action = "bigquery.datasets.list";
        assert_int_equal(
                sp_answer_filter(&a, &c,
                                 SP_STR("{\"datasets\":[{\"datasetReference\":{"
                                        "\"projectId\":\"p\",\"datasetId\":\"d2\"}},"
                                        "{\"datasetReference\":{\"projectId\":\"p\","
                                        "\"datasetId\":\"d\"}}]}"),
                                 keep, dataset, &s, NULL),
                0);
        assert_true(contains(s, "\"d2\"") && !contains(s, "\"d\""));
        /* a list that reaches rebuild instead shows nothing */
        assert_int_equal(sp_answer_rebuild(
                                 &a, &c, 200,
                                 SP_STR("{\"datasets\":[{\"datasetReference\":{"
                                        "\"projectId\":\"p\",\"datasetId\":\"d2\"}}]}"),
                                 NULL, &s, NULL),
                         0);
        assert_false(contains(s, "d2"));
        c.handling = SP_HANDLING_READ;
        assert_int_equal(
                sp_answer_filter(&a, &c, SP_STR("{}"), keep, dataset, &s, NULL),
                -ENOTSUP);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_error),
                cmocka_unit_test(test_denial),
                cmocka_unit_test(test_jobs),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_projects),
                cmocka_unit_test(test_discovery),
                cmocka_unit_test(test_metadata),
                cmocka_unit_test(without_a_configured_project_the_client_is_told_so),
                cmocka_unit_test(test_rebuild),
                cmocka_unit_test(test_filter),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
