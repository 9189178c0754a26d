/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/api-coverage.md is written from the tables of google/methods. This test compares; with
 * SP_WRITE_DOCS=1 it writes instead. Run from the root of the tree.
 */
#include "tests/test.h"

#include <stdlib.h>

#include "daemon/base/buf.h"
#include "daemon/google/call.h"
#include "daemon/google/service.h"
#include "daemon/google/storage.h"

#define FILE_NAME "docs/api-coverage.md"

static const char head[] =
        "# BigQuery v2: what is done with every method\n"
        "\n"
        "Made from the tables in `daemon/google/methods.c`; `make check-docs` and "
        "`make "
        "unit` compare. To write it\n"
        "again: `SP_WRITE_DOCS=1 build/unit/test_google_coverage`.\n"
        "\n"
        "Paths are below `https://bigquery.googleapis.com/bigquery/v2/`, and the same "
        "under every other name of that host\n"
        "(`bigquery.LOCATION.rep.googleapis.com`, `bigquery.mtls.googleapis.com`, "
        "`www.googleapis.com`, …). Handling:\n"
        "\n"
        "| word | meaning | refusal |\n"
        "|---|---|---|\n"
        "| query | the statement is parsed, judged, masked, recorded and sent | 400 "
        "`sql.*`, `request.*`; 403 `policy.*`, `judge.*`, `mask.*`; 409 "
        "`job.duplicate` |\n"
        "| own-job | only for the principal's own jobs, in the location they ran in | "
        "404 `job.not-found`, also for jobs that are somebody else's |\n"
        "| own-table | result tables of the principal's own jobs; the rows of any "
        "other "
        "table are judged as a SELECT of it and masked | 404 `table.not-own` for "
        "results; 403 `policy.*`, `table.no-preview` |\n"
        "| read | judged by policy under the action's name; the answer is rebuilt from "
        "known fields | 403 `policy.*` |\n"
        "| write | judged as the statement that it equals (the column *why*), and by a "
        "rule that denies the action's name; its fields are checked, written anew and "
        "recorded before they are sent | 403 `policy.*`, `mask.*`, "
        "`request.refused-field`, `approval.no-job` |\n"
        "| filter | answered with what is granted or own, the rest is left out | |\n"
        "| local | answered by the daemon, nothing is sent to Google | 400, 401 "
        "`identity.*` |\n"
        "| deny | recognised by name and refused, whatever the policy says | 403 "
        "`api.not-offered` |\n"
        "\n"
        "What is not in these tables is refused too: 403 `api.unknown-method`, "
        "`api.unknown-host`.\n"
        "\n"
        "On every method `alt=json`, `prettyPrint` and `fields` are accepted and not "
        "sent on: the answer\n"
        "is JSON, compact and whole. Any other parameter that is not listed is refused "
        "by name.\n"
        "`timeoutMs` is cut to 55 s, `maxResults` of jobs.list to 100.\n"
        "\n"
        "## Methods\n"
        "\n"
        "The column *why* says what a method is judged as; for one that is not "
        "offered, "
        "the statement that it equals or the\n"
        "reason.\n"
        "\n"
        "| action | method | path | handling | why | parameters |\n"
        "|---|---|---|---|---|---|\n";

static const char around[] = "\n"
                             "## Paths around them\n"
                             "\n"
                             "`*` is any rest, also none.\n"
                             "\n"
                             "| name | hosts | method | path | handling | why |\n"
                             "|---|---|---|---|---|---|\n";

static const char spellings[] =
        "\n"
        "## Other spellings\n"
        "\n"
        "Each is tried on every method (`tests/unit/test_google_spelling.c`).\n"
        "\n"
        "| spelling | handling |\n"
        "|---|---|\n"
        "| a letter or `:` as `%XX` | decoded once; the same method |\n"
        "| a trailing, a doubled or an encoded slash, `.` and `..` segments, a "
        "backslash, `;`, `#`, NUL, non-ASCII, `%25XX` | refused: `request.path`, "
        "`api.unknown-method` |\n"
        "| another case of the path or of the HTTP method | refused: "
        "`api.unknown-method` |\n"
        "| another HTTP method, also HEAD and OPTIONS | the method of the table that "
        "has "
        "it, or `api.unknown-method` |\n"
        "| `X-HTTP-Method-Override`, `X-HTTP-Method`, `X-Method-Override`, "
        "`X-Goog-FieldMask`, `X-Goog-Upload-*` | refused: `request.header` |\n"
        "| `alt=media`, `alt=proto` | refused: `request.parameter` |\n"
        "| `$alt`, `$fields`, `$httpMethod`, `$.xgafv`, `callback`, `key`, "
        "`access_token`, `oauth_token`, `uploadType`, `upload_protocol`, `quotaUser`, "
        "`userProject` | refused: `request.unknown-parameter` |\n"
        "| a parameter twice | refused: `request.query` |\n"
        "| `/upload/bigquery/v2/…`, `/resumable/upload/bigquery/v2/…`, "
        "`/batch/bigquery/v2/…` | refused by name |\n"
        "| `/projects/…` and `/v2/projects/…` without the prefix, other versions | "
        "refused: `api.unknown-method` |\n"
        "| decorators (`table$20250101`, `table@-3600000`) | refused: `request.path` "
        "|\n";

static void add(struct sp_buf *to, const char *s)
{
        assert_int_equal(sp_buf_add(to, sp_str_c(s)), 0);
}

static void write_table(struct sp_buf *to, const struct sp_method_info *m, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const char *type, *name;

                SP_CHECK(m[i].action, m[i].why && *m[i].why);
                assert_int_equal(sp_buf_addf(to, "| %s | %s | `%s` | %s | %s |",
                                             m[i].action, m[i].http_method, m[i].path,
                                             sp_handling_name(m[i].handling), m[i].why),
                                 0);
                for (size_t k = 0; (name = sp_call_parameter(k, &type)) != NULL; k++)
                        if (m[i].parameters & 1u << k)
                                assert_int_equal(sp_buf_addf(to, " `%s`", name), 0);
                add(to, " |\n");
        }
}

static void write_methods(struct sp_buf *to)
{
        size_t n;
        const struct sp_method_info *m = sp_call_methods(&n);

        write_table(to, m, n);
}

static void write_routes(struct sp_buf *to)
{
        static const char *const hosts[] = {
                [SP_SERVICE_BIGQUERY] = "BigQuery",
                [SP_SERVICE_GOOGLEAPIS] = "www.googleapis.com",
                [SP_SERVICE_OAUTH2] = "oauth2",
                [SP_SERVICE_STS] = "sts",
                [SP_SERVICE_IAMCREDENTIALS] = "iamcredentials",
                [SP_SERVICE_STORAGE] = "Cloud Storage",
                [SP_SERVICE_METADATA] = "metadata server",
        };
        size_t n;
        const struct sp_route_info *r = sp_call_routes(&n);

        for (size_t i = 0; i < n; i++) {
                const char *comma = "";

                SP_CHECK(r[i].action, r[i].why && *r[i].why);
                assert_int_equal(sp_buf_addf(to, "| %s | ", r[i].action), 0);
                for (size_t k = 0; k < SP_ARRAY_SIZE(hosts); k++)
                        if (r[i].services & 1u << k) {
                                assert_non_null(hosts[k]);
                                assert_int_equal(
                                        sp_buf_addf(to, "%s%s", comma, hosts[k]), 0);
                                comma = ", ";
                        }
                assert_int_equal(
                        sp_buf_addf(to, " | %s | `/%s` | %s | %s |\n",
                                    r[i].http_method ? r[i].http_method : "any",
                                    r[i].path, sp_handling_name(r[i].handling),
                                    r[i].why),
                        0);
        }
}

static void write_storage(struct sp_buf *to)
{
        size_t n;
        const struct sp_method_info *m = sp_storage_methods(&n);

        add(to,
            "\n## Cloud Storage\n\n"
            "Paths are relative to `/storage/v1/` and `/download/storage/v1/` of "
            "storage.googleapis.com under its\n"
            "names, and of www.googleapis.com. Judged on `gs://BUCKET`; observe mode "
            "opens no bucket.\n\n"
            "| method | HTTP | path | handling | why | parameters |\n"
            "|---|---|---|---|---|---|\n");
        write_table(to, m, n);
}

static void write_services(struct sp_buf *to)
{
        const struct sp_service_info *s;

        add(to, "\n## Other services\n\n"
                "Recognised under each of their names (`NAME.googleapis.com`, "
                "`NAME.mtls.…`, `content-NAME.…`,\n"
                "`REGION-NAME.…`, `NAME.REGION.rep.…`, `NAME-ENDPOINT.p.…`, "
                "`NAME.clients6.google.com`,\n"
                "`NAME.google.com`, and the path `/NAME/…` of www.googleapis.com) and "
                "refused: 403 `api.not-offered`\n"
                "with the name of the method, read from its path as "
                "`pubsub.projects.topics.publish` or, of gRPC,\n"
                "`pubsub.Publisher.Publish`. No rule opens them; of storage the "
                "methods above are offered. Any other name of "
                "Google is refused: 403 `api.unknown-host`.\n\n"
                "| service | why |\n|---|---|\n");
        for (size_t i = 0; (s = sp_service_info(i)) != NULL; i++)
                assert_int_equal(sp_buf_addf(to, "| %s | %s |\n", s->name, s->why), 0);
}

static void build(struct sp_buf *to)
{
        add(to, head);
        write_methods(to);
        add(to, around);
        write_routes(to);
        add(to, spellings);
        write_storage(to);
        write_services(to);
}

static void test_document(void **state sp_unused)
{
        sp_autobuf wanted = SP_BUF_INIT(1 << 20);
        char found[65536];
        size_t n;
        FILE *f;

        build(&wanted);
        if (getenv("SP_WRITE_DOCS")) {
                f = fopen(FILE_NAME, "w");
                assert_non_null(f);
                assert_int_equal(fwrite(wanted.p, 1, wanted.n, f), wanted.n);
                assert_int_equal(fclose(f), 0);
        }
        f = fopen(FILE_NAME, "r");
        assert_non_null(f);
        n = fread(found, 1, sizeof(found), f);
        (void)fclose(f);
        SP_CHECK(FILE_NAME " is what the method table says",
                 sp_str_eq(sp_buf_str(&wanted), sp_str(found, n)));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_document) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
