/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/google/answer_stream.h"

struct row {
        const char *sentence, *action, *planned, *in;
        const char *out; /* NULL: refused */
        const char *id; /* then with this error */
};

#define QUERY "bigquery.jobs.query"
#define DATA "bigquery.tabledata.list"
#define PLAN(columns) "{\"schema\":[" columns "]}"
#define COLUMN(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"
#define SCHEMA(columns) "\"schema\":{\"fields\":[" columns "]}"
#define ROWS(cells) "\"rows\":[{\"f\":[" cells "]}]"
#define ONE "{\"v\":\"1\"}"

static const struct row rows[] = {
        { "an answer passes without what its tables say about their columns", QUERY,
          NULL,
          "{\"kind\":\"bigquery#queryResponse\",\"schema\":{\"fields\":[{\"name\":"
          "\"a\","
          "\"type\":\"STRING\",\"mode\":\"NULLABLE\",\"description\":\"of Ann\","
          "\"policyTags\":{\"names\":[\"t\"]},\"dataPolicies\":[{\"name\":\"x\"}],"
          "\"defaultValueExpression\":\"'x'\",\"timestampPrecision\":\"6\"}]},"
          "\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"j\",\"x\":1},"
          "\"sessionInfo\":{},\"totalRows\":\"1\"," ROWS(ONE) ",\"jobComplete\":true}",
          "{\"kind\":\"bigquery#queryResponse\",\"schema\":{\"fields\":[{\"name\":"
          "\"a\","
          "\"type\":\"STRING\",\"mode\":\"NULLABLE\",\"timestampPrecision\":\"6\"}]},"
          "\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"j\"},"
          "\"totalRows\":\"1\"," ROWS(ONE) ",\"jobComplete\":true}",
          NULL },
        { "a scalar that is something else is refused", QUERY, NULL,
          "{\"totalRows\":{\"x\":1}}", NULL, "answer.not-understood" },
        { "a scalar that is a text is left out", QUERY, NULL,
          "{\"location\":\"said Ann\",\"cacheHit\":false}", "{\"cacheHit\":false}",
          NULL },
        { "a member of a schema that stands twice is refused", QUERY, NULL,
          "{\"schema\":{\"fields\":[{\"name\":\"a\",\"name\":\"b\",\"type\":\"STRING\"}"
          "]}}",
          NULL, "answer.not-understood" },
        { "an escaped member of a schema is read as what it is", QUERY, NULL,
          "{\"schema\":{\"fields\":[{\"n\\u0061me\":\"a\",\"type\":\"STRING\"}]}}",
          "{" SCHEMA(COLUMN("a", "STRING")) "}", NULL },
        { "a schema that is none is refused", QUERY, NULL, "{\"schema\":[1]}", NULL,
          "answer.not-understood" },
        { "a column whose type or name would be left out is refused", QUERY, NULL,
          "{" SCHEMA(COLUMN("a", "STRING of Ann")) "}", NULL, "answer.not-understood" },
        { "so is one in a record", QUERY, NULL,
          "{" SCHEMA("{\"name\":\"r\",\"type\":\"RECORD\",\"fields\":[" COLUMN(
                  "a\\u0001", "STRING") "]}") "}",
          NULL, "answer.not-understood" },
        { "an error's text is cleaned", QUERY, NULL,
          "{\"errors\":[{\"reason\":\"x\",\"message\":\"a\\nb\",\"debugInfo\":\"d\"}]}",
          "{\"errors\":[{\"reason\":\"x\",\"message\":\"a\\\\x0ab\"}]}", NULL },
        { "rows before their schema are refused", QUERY, NULL,
          "{" ROWS(ONE) "," SCHEMA(COLUMN("a", "STRING")) "}", NULL, "answer.shape" },
        { "rows without a schema are refused", QUERY, NULL,
          "{\"schema\":{}," ROWS(ONE) "}", NULL, "answer.shape" },
        { "a schema behind its rows is refused, though there are none", QUERY, NULL,
          "{\"rows\":[]," SCHEMA(COLUMN("a", "STRING")) "}", NULL, "answer.shape" },
        { "an answer without rows has none", QUERY, NULL, "{\"schema\":{},\"rows\":[]}",
          "{\"schema\":{},\"rows\":[]}", NULL },
        { "a row with a cell more than the schema has columns is refused", QUERY, NULL,
          "{" SCHEMA(COLUMN("a", "STRING")) "," ROWS(ONE "," ONE) "}", NULL,
          "answer.shape" },
        { "a row with a cell less is refused", QUERY, NULL,
          "{" SCHEMA(COLUMN("a", "STRING") "," COLUMN("b", "STRING")) "," ROWS(ONE) "}",
          NULL, "answer.shape" },
        { "a record where the schema has a scalar is refused", QUERY, NULL,
          "{" SCHEMA(COLUMN("a", "STRING")) "," ROWS("{\"v\":{\"f\":[" ONE "]}}") "}",
          NULL, "answer.shape" },
        { "a list where the schema has none is refused", QUERY, NULL,
          "{" SCHEMA(COLUMN("a", "STRING")) "," ROWS("{\"v\":[" ONE "]}") "}", NULL,
          "answer.shape" },
        { "the planned columns pass, under the names that answers have for their types",
          QUERY, PLAN(COLUMN("N", "INT64") "," COLUMN("?", "UNKNOWN")),
          "{" SCHEMA(COLUMN("n", "INTEGER") "," COLUMN("f0_", "DATE")) "," ROWS(
                  ONE "," ONE) "}",
          "{" SCHEMA(COLUMN("n", "INTEGER") "," COLUMN("f0_", "DATE")) "," ROWS(
                  ONE "," ONE) "}",
          NULL },
        { "a column of another name than planned is refused", QUERY,
          PLAN(COLUMN("a", "STRING")), "{" SCHEMA(COLUMN("ssn", "STRING")) "}", NULL,
          "answer.schema" },
        { "a column of another type is refused", QUERY, PLAN(COLUMN("a", "STRING")),
          "{" SCHEMA(COLUMN("a", "BYTES")) "}", NULL, "answer.schema" },
        { "a column more is refused", QUERY, PLAN(COLUMN("a", "STRING")),
          "{" SCHEMA(COLUMN("a", "STRING") "," COLUMN("b", "STRING")) "}", NULL,
          "answer.schema" },
        { "a list instead of a scalar is refused", QUERY, PLAN(COLUMN("a", "STRING")),
          "{\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"STRING\",\"mode\":"
          "\"REPEATED\"}]}}",
          NULL, "answer.schema" },
        { "a record with another field is refused", QUERY,
          PLAN("{\"name\":\"a\",\"type\":\"RECORD\",\"fields\":[" COLUMN(
                  "x", "STRING") "]}"),
          "{\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"RECORD\",\"fields\":["
          "{\"name\":\"y\",\"type\":\"STRING\"}]}]}}",
          NULL, "answer.schema" },
        { "SELECT AS STRUCT gives the fields as columns", QUERY,
          PLAN("{\"name\":\"?\",\"type\":\"RECORD\",\"fields\":[" COLUMN(
                  "x", "STRING") "]}"),
          "{" SCHEMA(COLUMN("x", "STRING")) "}", "{" SCHEMA(COLUMN("x", "STRING")) "}",
          NULL },
        { "rows of a result table have the columns that were planned", DATA,
          PLAN(COLUMN("a", "STRING")), "{" ROWS(ONE) "}", "{" ROWS(ONE) "}", NULL },
        { "others are refused", DATA, PLAN(COLUMN("a", "STRING")),
          "{" ROWS(ONE "," ONE) "}", NULL, "answer.shape" },
        { "where nothing is known of them they are rows all the same", DATA,
          PLAN(COLUMN("a", "UNKNOWN")), "{" ROWS(ONE "," ONE) "}",
          "{" ROWS(ONE "," ONE) "}", NULL },
};

static int run(const struct row *w, size_t piece, struct sp_buf *out, struct sp_err *e)
{
        const struct sp_answer_own own = { .sql = SP_STR("SELECT 1") };
        const struct sp_answer_stream_from from = {
                .action = w->action,
                .own = &own,
                .planned = w->planned ? sp_str_c(w->planned) : SP_STR_NULL,
        };
        struct sp_str in = sp_str_c(w->in);
        struct sp_answer_stream s;
        int r = sp_answer_stream_init(&s, &from, e);

        for (size_t i = 0; i < in.n && r == 0; i += piece)
                r = sp_stream_push(&s.stream, sp_str_sub(in, i, piece), out, e);
        if (r == 0)
                r = sp_stream_end(&s.stream, e);
        sp_answer_stream_done(&s);
        return r;
}

static void answers_are_rebuilt_and_compared_at_any_split(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                for (size_t piece = 1; piece <= strlen(rows[i].in); piece++) {
                        sp_autobuf out = SP_BUF_INIT(4096);
                        struct sp_err e = SP_ERR_NULL;
                        int r = run(&rows[i], piece, &out, &e);

                        SP_CHECK(rows[i].sentence, (r == 0) == (rows[i].out != NULL));
                        if (rows[i].out)
                                SP_CHECK(rows[i].sentence,
                                         sp_str_eq(sp_buf_str(&out),
                                                   sp_str_c(rows[i].out)));
                        else
                                SP_CHECK(rows[i].sentence,
                                         e.id && strcmp(e.id, rows[i].id) == 0);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_are_rebuilt_and_compared_at_any_split),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
