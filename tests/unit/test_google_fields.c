/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A canary in every field of every resource: only the fields that are listed here come out.
 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/google/answer_stream.h"
#include "tests/unit/google_fields.h"

#define OWN_SQL "SELECT own FROM text"

/* What a client sees of a job. A name that ends with '.' stands for all below it. */
static const char *const job_shown[] = {
        "kind",
        "etag",
        "id",
        "jobReference.",
        "configuration.jobType",
        "configuration.dryRun",
        "configuration.jobTimeoutMs",
        "configuration.labels.any",
        "configuration.copy.createDisposition",
        "configuration.copy.destinationExpirationTime",
        "configuration.copy.destinationTable.",
        "configuration.copy.operationType",
        "configuration.copy.sourceTable.",
        "configuration.copy.sourceTables[].",
        "configuration.copy.writeDisposition",
        "configuration.query.destinationTable.",
        "configuration.query.defaultDataset.",
        "configuration.query.createDisposition",
        "configuration.query.writeDisposition",
        "configuration.query.priority",
        "configuration.query.useQueryCache",
        "configuration.query.useLegacySql",
        "configuration.query.maximumBytesBilled",
        "statistics.copy.copiedLogicalBytes",
        "statistics.copy.copiedRows",
        "statistics.creationTime",
        "statistics.startTime",
        "statistics.endTime",
        "statistics.completionRatio",
        "statistics.finalExecutionDurationMs",
        "statistics.numChildJobs",
        "statistics.parentJobId",
        "statistics.scriptStatistics.evaluationKind",
        "statistics.scriptStatistics.stackFrames[].endColumn",
        "statistics.scriptStatistics.stackFrames[].endLine",
        "statistics.scriptStatistics.stackFrames[].startColumn",
        "statistics.scriptStatistics.stackFrames[].startLine",
        "statistics.totalBytesProcessed",
        "statistics.totalSlotMs",
        "statistics.query.statementType",
        "statistics.query.cacheHit",
        "statistics.query.billingTier",
        "statistics.query.estimatedBytesProcessed",
        "statistics.query.totalBytesProcessed",
        "statistics.query.totalBytesProcessedAccuracy",
        "statistics.query.totalBytesBilled",
        "statistics.query.totalPartitionsProcessed",
        "statistics.query.totalSlotMs",
        "statistics.query.numDmlAffectedRows",
        "statistics.query.dmlStats.",
        "statistics.query.ddlOperationPerformed",
        "statistics.query.ddlTargetTable.",
        "statistics.query.ddlTargetDataset.",
        "statistics.query.schema.fields[].collation",
        "statistics.query.schema.fields[].fields[].name",
        "statistics.query.schema.fields[].maxLength",
        "statistics.query.schema.fields[].mode",
        "statistics.query.schema.fields[].name",
        "statistics.query.schema.fields[].precision",
        "statistics.query.schema.fields[].rangeElementType.type",
        "statistics.query.schema.fields[].roundingMode",
        "statistics.query.schema.fields[].scale",
        "statistics.query.schema.fields[].type",
        "status.state",
        "status.errorResult.reason",
        "status.errorResult.location",
        "status.errorResult.message",
        "status.errors[].reason",
        "status.errors[].location",
        "status.errors[].message",
        NULL,
};
/* What jobs.list adds to the fields of a job. */
static const char *const job_item_shown[] = { "state", "errorResult.message",
                                              "errorResult.reason",
                                              "errorResult.location", NULL };
static const char *const response_shown[] = {
        "kind",
        "etag",
        "jobReference.",
        "location",
        "jobComplete",
        "totalRows",
        "pageToken",
        "rows[].f[].v",
        "errors[].reason",
        "errors[].location",
        "errors[].message",
        "cacheHit",
        "totalBytesProcessed",
        "totalBytesBilled",
        "totalSlotMs",
        "numDmlAffectedRows",
        "dmlStats.",
        "creationTime",
        "startTime",
        "endTime",
        "queryId",
        "schema.fields[].collation",
        "schema.fields[].maxLength",
        "schema.fields[].mode",
        "schema.fields[].name",
        "schema.fields[].precision",
        "schema.fields[].rangeElementType.type",
        "schema.fields[].roundingMode",
        "schema.fields[].scale",
        "schema.fields[].type",
        NULL,
};
static const char *const table_shown[] = {
        "kind",
        "etag",
        "id",
        "tableReference.",
        "friendlyName",
        "description",
        "labels.any",
        "type",
        "location",
        "numBytes",
        "numLongTermBytes",
        "numRows",
        "creationTime",
        "expirationTime",
        "lastModifiedTime",
        "timePartitioning.",
        "rangePartitioning.",
        "clustering.fields[]",
        "requirePartitionFilter",
        "view.useLegacySql",
        "defaultCollation",
        "schema.fields[].collation",
        "schema.fields[].description",
        "schema.fields[].fields[].name",
        "schema.fields[].maxLength",
        "schema.fields[].mode",
        "schema.fields[].name",
        "schema.fields[].precision",
        "schema.fields[].rangeElementType.type",
        "schema.fields[].roundingMode",
        "schema.fields[].scale",
        "schema.fields[].type",
        NULL,
};
static const char *const dataset_shown[] = {
        "kind",
        "etag",
        "id",
        "datasetReference.",
        "friendlyName",
        "description",
        "location",
        "labels.any",
        "type",
        "creationTime",
        "lastModifiedTime",
        "defaultTableExpirationMs",
        "defaultPartitionExpirationMs",
        "defaultCollation",
        "isCaseInsensitive",
        "maxTimeTravelHours",
        "storageBillingModel",
        NULL,
};
static const char *const table_item_shown[] = { "kind",
                                                "id",
                                                "tableReference.",
                                                "friendlyName",
                                                "type",
                                                "labels.any",
                                                "timePartitioning.",
                                                "rangePartitioning.",
                                                "clustering.fields[]",
                                                "view.useLegacySql",
                                                "creationTime",
                                                "expirationTime",
                                                NULL };
static const char *const dataset_item_shown[] = {
        "kind",       "id", "friendlyName", "datasetReference.", "location",
        "labels.any", NULL
};

static bool is_listed(const char *const *list, const char *path)
{
        for (; *list; list++) {
                size_t n = strlen(*list);

                if ((*list)[n - 1] == '.' ? strncmp(path, *list, n) == 0
                                          : strcmp(path, *list) == 0)
                        return true;
        }
        return false;
}

/* "a.b[].c" → "a":{"b":[{"c":"value"}]} */
static void put(struct sp_buf *to, const char *path, const char *value)
{
        size_t name = strcspn(path, ".["), arrays = 0;
        const char *rest = path + name;

        assert_int_equal(sp_buf_addf(to, "\"%.*s\":", (int)name, path), 0);
        for (; strncmp(rest, "[]", 2) == 0; rest += 2, arrays++)
                assert_int_equal(sp_buf_addc(to, '['), 0);
        if (*rest == '.') {
                assert_int_equal(sp_buf_addc(to, '{'), 0);
                put(to, rest + 1, value);
                assert_int_equal(sp_buf_addc(to, '}'), 0);
        } else {
                assert_int_equal(sp_buf_addf(to, "\"%s\"", value), 0);
        }
        while (arrays--)
                assert_int_equal(sp_buf_addc(to, ']'), 0);
}

static bool contains(struct sp_str s, const char *what)
{
        return s.p && memmem(s.p, s.n, what, strlen(what)) != NULL;
}

static bool everything(void *userdata sp_unused, struct sp_str resource sp_unused)
{
        return true;
}

static bool everybody(void *userdata sp_unused, struct sp_str job sp_unused,
                      struct sp_str location sp_unused, struct sp_answer_own *ret)
{
        *ret = (struct sp_answer_own){ .sql = SP_STR(OWN_SQL) };
        return true;
}

/* Answers that stream are compared with their schema: it must be one. */
static int stream(const char *action, struct sp_str body, struct sp_buf *to)
{
        static const char at[] = "\"fields\":[{";
        const struct sp_answer_own own = { .sql = SP_STR(OWN_SQL) };
        const struct sp_answer_stream_from from = { .action = action, .own = &own };
        const char *fields = memmem(body.p, body.n, at, strlen(at));
        sp_autobuf b = SP_BUF_INIT(1 << 16);
        size_t n = fields ? (size_t)(fields - body.p) + strlen(at) : 1;
        struct sp_answer_stream s;
        int r = sp_buf_add(&b, sp_str(body.p, n));

        if (r == 0 && fields && strncmp(fields + strlen(at), "\"name\"", 6) != 0)
                r = sp_buf_add(&b, SP_STR("\"name\":\"n\","));
        if (r == 0 && fields && strncmp(fields + strlen(at), "\"type\"", 6) != 0)
                r = sp_buf_add(&b, SP_STR("\"type\":\"DATE\","));
        if (r == 0 && contains(body, "\"rows\""))
                r = sp_buf_add(&b, SP_STR("\"schema\":{\"fields\":[{\"name\":\"n\","
                                          "\"type\":\"DATE\"}]},"));
        if (r == 0)
                r = sp_buf_add(&b, sp_str_sub(body, n, body.n));
        if (r == 0)
                r = sp_answer_stream_init(&s, &from, NULL);
        if (r < 0)
                return r;
        r = sp_stream_push(&s.stream, sp_buf_str(&b), to, NULL);
        sp_answer_stream_done(&s);
        return r;
}

struct answer {
        const char *action;
        const char *before, *after; /* around the field */
        const char *const *paths;
        size_t n;
        const char *const *shown, *const *shown_too;
        const char *given; /* what `before` holds of the resource itself */
        const char *not_there; /* shown elsewhere, not here */
};

static int answer(struct sp_arena *a, const struct answer *t, struct sp_str body,
                  struct sp_str *ret)
{
        const struct sp_answer_own own = { .sql = SP_STR(OWN_SQL) };
        struct sp_call c = { .action = t->action };
        sp_autobuf streamed = SP_BUF_INIT(1 << 16);

        if (strcmp(t->action, "bigquery.jobs.query") == 0 ||
            strcmp(t->action, "bigquery.jobs.getQueryResults") == 0) {
                int r = stream(t->action, body, &streamed);

                *ret = sp_arena_str(a, sp_buf_str(&streamed));
                return r;
        }
        if (strcmp(t->action, "bigquery.jobs.list") == 0)
                return sp_answer_job_list(a, &c, body, everybody, NULL, ret, NULL);
        if (strstr(t->action, ".list") &&
            strcmp(t->action, "bigquery.tabledata.list")) {
                c.handling = SP_HANDLING_FILTER;
                return sp_answer_filter(a, &c, body, everything, NULL, ret, NULL);
        }
        return sp_answer_rebuild(a, &c, 200, body, &own, ret, NULL);
}

static void check_answer(const struct answer *t)
{
        size_t shown = 0;

        for (size_t i = 0; i < t->n; i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
                sp_autobuf b = SP_BUF_INIT(1 << 16);
                struct sp_str got = SP_STR_NULL;
                char canary[32];
                bool wanted = is_listed(t->shown, t->paths[i]) ||
                              (t->shown_too && is_listed(t->shown_too, t->paths[i]));

                if (t->not_there && strcmp(t->paths[i], t->not_there) == 0)
                        wanted = false;
                if (t->given && strncmp(t->paths[i], t->given, strlen(t->given)) == 0)
                        continue;
                (void)snprintf(canary, sizeof(canary), "CANARY-%zu-", i);
                assert_int_equal(sp_buf_add(&b, sp_str_c(t->before)), 0);
                put(&b, t->paths[i], canary);
                assert_int_equal(sp_buf_add(&b, sp_str_c(t->after)), 0);
                if (answer(&a, t, sp_buf_str(&b), &got) < 0)
                        got = SP_STR_NULL; /* refused whole: nothing came out */
                if (contains(got, "CANARY") != wanted)
                        print_message("%s %s: %.*s\n", t->action, t->paths[i],
                                      SP_FMT(got));
                SP_CHECK(t->paths[i], contains(got, "CANARY") == wanted);
                /* the statement is the agent's, wherever it stands in a job */
                if (strcmp(t->paths[i], "configuration.query.query") == 0)
                        SP_CHECK(t->action, contains(got, OWN_SQL));
                shown += wanted;
        }
        SP_CHECK(t->action, shown > 0);
}

#define FIELDS(x) fields_of_##x, SP_ARRAY_SIZE(fields_of_##x)

static void only_listed_fields_of_any_answer_come_out(void **state sp_unused)
{
        static const struct answer all[] = {
                { "bigquery.jobs.get", "{", "}", FIELDS(job), job_shown, NULL, NULL },
                { "bigquery.jobs.insert", "{", "}", FIELDS(job), job_shown, NULL,
                  NULL },
                { "bigquery.jobs.cancel", "{\"job\":{", "}}", FIELDS(job), job_shown,
                  NULL, NULL },
                { "bigquery.jobs.list",
                  "{\"jobs\":[{\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"j\"},",
                  "}]}", FIELDS(job), job_shown, job_item_shown, "jobReference.",
                  "etag" },
                { "bigquery.jobs.query", "{", "}", FIELDS(query_response),
                  response_shown, NULL, NULL, "schema.fields[].mode" },
                { "bigquery.jobs.getQueryResults", "{", "}", FIELDS(query_response),
                  response_shown, NULL, NULL, "schema.fields[].mode" },
                { "bigquery.tables.get", "{", "}", FIELDS(table), table_shown, NULL,
                  NULL },
                { "bigquery.datasets.get", "{", "}", FIELDS(dataset), dataset_shown,
                  NULL, NULL },
                { "bigquery.tables.list",
                  "{\"tables\":[{\"tableReference\":{\"projectId\":\"p\","
                  "\"datasetId\":\"d\",\"tableId\":\"t\"},",
                  "}]}", FIELDS(table_item), table_item_shown, NULL,
                  "tableReference." },
                { "bigquery.datasets.list",
                  "{\"datasets\":[{\"datasetReference\":{\"projectId\":\"p\","
                  "\"datasetId\":\"d\"},",
                  "}]}", FIELDS(dataset_item), dataset_item_shown, NULL,
                  "datasetReference." },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                check_answer(&all[i]);
}

/* The item has fields that a Job has not. */
static void the_items_of_jobs_list_have_their_own_fields(void **state sp_unused)
{
        static const char *const paths[] = { "state",
                                             "errorResult.message",
                                             "errorResult.reason",
                                             "errorResult.debugInfo",
                                             "user_email",
                                             "principal_subject",
                                             "selfLink" };
        static const char *const none[] = { NULL };
        static const struct answer t = {
                "bigquery.jobs.list",
                "{\"jobs\":[{\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"j\"},",
                "}],\"unreachable\":[\"CANARY\"]}",
                paths,
                SP_ARRAY_SIZE(paths),
                job_item_shown,
                none,
                NULL
        };

        check_answer(&t);
}

static bool only_j1(void *userdata, struct sp_str job, struct sp_str location,
                    struct sp_answer_own *ret)
{
        (*(unsigned *)userdata)++;
        *ret = (struct sp_answer_own){ SP_STR("SELECT mine"), false };
        return sp_str_eq(job, SP_STR("p:j1")) && sp_str_eq(location, SP_STR("EU"));
}

static void a_list_of_jobs_holds_own_ones_only(void **state sp_unused)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_call c = { .action = "bigquery.jobs.list" };
        unsigned asked = 0;
        struct sp_str s;

#define ITEM(id, place)                                                                \
        "{\"id\":\"p:" place "." id                                                    \
        "\",\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"" id                     \
        "\",\"location\":\"" place                                                     \
        "\"},\"configuration\":{\"query\":{\"query\":\"SELECT of " id "\"}}}"
        assert_int_equal(
                sp_answer_job_list(
                        &a, &c,
                        SP_STR("{\"kind\":\"bigquery#jobList\",\"jobs\":[" ITEM(
                                "j0",
                                "EU") "," ITEM("j1",
                                               "EU") "," ITEM("j1",
                                                              "US") ","
                                                                    "{\"id\":\"p:EU."
                                                                    "j1\"},"
                                                                    "{\"jobReference\":"
                                                                    "{\"jobId\":\"j1\"}"
                                                                    "}],"
                                                                    "\"nextPageToken\":"
                                                                    "\"n\"}"),
                        only_j1, &asked, &s, NULL),
                0);
        assert_int_equal(asked, 3);
        assert_true(sp_str_eq(
                s,
                SP_STR("{\"kind\":\"bigquery#jobList\",\"jobs\":[{\"id\":\"p:EU.j1\","
                       "\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"j1\","
                       "\"location\":\"EU\"},\"configuration\":{\"query\":{\"query\":"
                       "\"SELECT mine\"}}}],\"nextPageToken\":\"n\"}")));
        /* a list that reaches rebuild instead shows nothing */
        assert_int_equal(sp_answer_rebuild(&a, &c, 200,
                                           SP_STR("{\"jobs\":[" ITEM("j1", "EU") "]}"),
                                           NULL, &s, NULL),
                         0);
        assert_false(contains(s, "j1"));
        c.action = "bigquery.jobs.get";
        assert_int_equal(
                sp_answer_job_list(&a, &c, SP_STR("{}"), only_j1, &asked, &s, NULL),
                -ENOTSUP);
}

/* Errors of Google have four places for text, and some for anything. */
static void of_an_error_only_texts_for_people_come_out(void **state sp_unused)
{
        static const char *const paths[] = {
                "error.code",
                "error.message",
                "error.status",
                "error.errors[].message",
                "error.errors[].domain",
                "error.errors[].reason",
                "error.errors[].location",
                "error.errors[].locationType",
                "error.errors[].debugInfo",
                "error.errors[].extendedHelp",
                "error.details[].text",
                "error.details[].metadata.any",
                "error.debugInfo",
                "error_description",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(paths); i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
                sp_autobuf b = SP_BUF_INIT(1 << 16);
                struct sp_call c = { .action = "bigquery.jobs.get" };
                struct sp_str got;

                assert_int_equal(sp_buf_addc(&b, '{'), 0);
                put(&b, paths[i], "CANARY");
                assert_int_equal(sp_buf_addc(&b, '}'), 0);
                assert_int_equal(sp_answer_rebuild(&a, &c, 400, sp_buf_str(&b), NULL,
                                                   &got, NULL),
                                 0);
                SP_CHECK(paths[i], contains(got, "CANARY") == (i < 8));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_listed_fields_of_any_answer_come_out),
                cmocka_unit_test(the_items_of_jobs_list_have_their_own_fields),
                cmocka_unit_test(a_list_of_jobs_holds_own_ones_only),
                cmocka_unit_test(of_an_error_only_texts_for_people_come_out),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
