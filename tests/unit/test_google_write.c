/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes without SQL: which statement each equals, what of its body is sent, what is refused.
 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/buf.h"
#include "daemon/google/call.h"
#include "tests/unit/google_fields.h"

#define BQ "bigquery.googleapis.com"
#define D "/bigquery/v2/projects/p/datasets/d"
#define T D "/tables/t"
#define REF_D "\"datasetReference\":{\"projectId\":\"p\",\"datasetId\":\"d\"}"
#define REF_T                                                                          \
        "\"tableReference\":{\"projectId\":\"p\",\"datasetId\":\"d\",\"tableId\":"     \
        "\"t\"}"
#define NEW_T "{" REF_T "}"
#define COPY(more)                                                                     \
        "{\"configuration\":{\"copy\":{\"sourceTable\":{\"projectId\":\"p\","          \
        "\"datasetId\":\"d\",\"tableId\":\"s\"},\"destinationTable\":{\"projectId\":"  \
        "\"q\",\"datasetId\":\"e\",\"tableId\":\"t\"}" more "}}}"

struct fixture {
        struct sp_arena arena;
        struct sp_call call;
        struct sp_err err;
        struct sp_upstream_request to;
        int e;
};

static void ask_as(struct fixture *f, const char *method, const char *path,
                   const char *query, const char *body, const struct sp_header *extra)
{
        struct sp_header headers[2] = { { SP_STR("content-type"),
                                          SP_STR("application/json") } };
        struct sp_request r = { .scheme = SP_STR("https"),
                                .method = sp_str_c(method),
                                .authority = SP_STR(BQ),
                                .sni = SP_STR(BQ),
                                .path = sp_str_c(path),
                                .query = sp_str_c(query ? query : ""),
                                .has_query = query != NULL,
                                .headers = headers,
                                .n_headers = 1,
                                .body = sp_str_c(body ? body : "") };
        struct sp_query_extra x = { 0 };

        if (extra)
                headers[r.n_headers++] = *extra;
        *f = (struct fixture){ .arena = SP_ARENA_INIT(64u << 20), .err = SP_ERR_NULL };
        f->e = sp_call_recognise(&f->arena, &r, &f->call, &f->err);
        if (f->e < 0)
                return;
        x.sql = f->call.query ? f->call.query->sql : SP_STR_NULL;
        f->e = sp_call_upstream(&f->arena, &f->call, &x, &f->to, &f->err);
}

static void ask(struct fixture *f, const char *method, const char *path,
                const char *query, const char *body)
{
        ask_as(f, method, path, query, body, NULL);
}

static bool contains(struct sp_str s, const char *what)
{
        return s.p && memmem(s.p, s.n, what, strlen(what)) != NULL;
}

/* "create p.d.t, +select p.d.s": the plus marks what is read whole. */
static struct sp_str effects_of(const struct fixture *f, struct sp_buf *b)
{
        const struct sp_bq_write *w = f->call.write;

        for (size_t i = 0; w && i < w->n_effects; i++)
                assert_int_equal(
                        sp_buf_addf(b, "%s%s%s %.*s", i ? ", " : "",
                                    w->effects[i].kind == SP_EFFECT_READS ? "+" : "",
                                    w->effects[i].action,
                                    SP_FMT(w->effects[i].resource)),
                        0);
        return sp_buf_str(b);
}

static void each_is_the_statement_that_it_equals(void **state sp_unused)
{
        static const struct {
                const char *method, *path, *query, *body;
                const char *statement, *effects, *sent;
        } rows[] = {
                { "POST", D "/tables", NULL, NEW_T, "CreateTable", "create p.d.t",
                  "{" REF_T "}" },
                { "PATCH", T, NULL, "{\"description\":\"x\"}", "AlterTable",
                  "alter p.d.t", "{\"description\":\"x\"}" },
                { "PATCH", T, "autodetect_schema=false", "{\"description\":null}",
                  "AlterTable", "alter p.d.t", "{\"description\":null}" },
                { "PUT", T, NULL, "{\"labels\":{\"a\":\"b\",\"c\":null}}", "AlterTable",
                  "alter p.d.t", "{\"labels\":{\"a\":\"b\",\"c\":null}}" },
                { "PATCH", T, NULL, "{\"expirationTime\":1}", "AlterTable",
                  "alter p.d.t, drop p.d.t", "{\"expirationTime\":\"1\"}" },
                { "PATCH", T, NULL, "{\"expirationTime\":null}", "AlterTable",
                  "alter p.d.t", "{\"expirationTime\":null}" },
                { "PATCH", T, NULL, "{\"timePartitioning\":{\"expirationMs\":\"1\"}}",
                  "AlterTable", "alter p.d.t, drop p.d.t",
                  "{\"timePartitioning\":{\"expirationMs\":\"1\"}}" },
                { "DELETE", T, NULL, NULL, "DropTable", "drop p.d.t", "" },
                { "POST", "/bigquery/v2/projects/p/datasets", NULL, "{" REF_D "}",
                  "CreateSchema", "create p.d", "{" REF_D "}" },
                { "PATCH", D, "accessPolicyVersion=3&updateMode=UPDATE_FULL",
                  "{\"access\":[],\"description\":\"x\",\"etag\":\"e\"}", "AlterSchema",
                  "alter p.d", "{\"description\":\"x\"}" },
                { "PUT", D, NULL, "{\"location\":\"US\",\"maxTimeTravelHours\":\"48\"}",
                  "AlterSchema", "alter p.d", "{\"maxTimeTravelHours\":\"48\"}" },
                { "DELETE", D, NULL, NULL, "DropSchema", "drop p.d", "" },
                { "DELETE", D, "deleteContents=false", NULL, "DropSchema", "drop p.d",
                  "" },
                { "DELETE", D, "deleteContents=true", NULL, "DropSchema",
                  "drop p.d, drop p.d.*", "" },
                { "POST", D ":undelete", NULL,
                  "{\"deletionTime\":\"2026-01-01T00:00:00Z\"}", "Undrop", "create p.d",
                  "{\"deletionTime\":\"2026-01-01T00:00:00Z\"}" },
                { "POST", T "/insertAll", NULL,
                  "{\"rows\":[{\"json\":{\"b\":[1,null,{\"x\":1.50}],\"A\":\"\\u00e9\"}"
                  ","
                  "\"insertId\":\"i\"}],\"templateSuffix\":null}",
                  "Insert", "insert p.d.t",
                  "{\"rows\":[{\"insertId\":\"i\",\"json\":{\"b\":[1,null,{\"x\":1.50}]"
                  ","
                  "\"A\":\"\xc3\xa9\"}}]}" },
                { "POST", "/bigquery/v2/projects/p/jobs", NULL, COPY(""), "CreateTable",
                  "+select p.d.s, create q.e.t, insert q.e.t", NULL },
                { "POST", "/bigquery/v2/projects/p/jobs", NULL,
                  COPY(",\"operationType\":\"CLONE\""), "CreateTable",
                  "+select p.d.s, create q.e.t", NULL },
                { "POST", "/bigquery/v2/projects/p/jobs", NULL,
                  COPY(",\"writeDisposition\":\"WRITE_TRUNCATE\""), "CreateTable",
                  "+select p.d.s, create q.e.t, insert q.e.t, truncate q.e.t", NULL },
                { "POST", "/bigquery/v2/projects/p/jobs", NULL,
                  COPY(",\"operationType\":\"snapshot\",\"destinationExpirationTime\":"
                       "\"2027-01-01T00:00:00Z\""),
                  "CreateTable", "+select p.d.s, create q.e.t, drop q.e.t", NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_autobuf b = SP_BUF_INIT(4096);
                struct fixture f;
                struct sp_str effects;

                ask(&f, rows[i].method, rows[i].path, rows[i].query, rows[i].body);
                effects = effects_of(&f, &b);
                if (f.e < 0 || !sp_str_eq(effects, sp_str_c(rows[i].effects)))
                        print_message("%s %s %.*s: %.*s\n", rows[i].effects,
                                      f.err.id ? f.err.id : "", 150, f.err.what,
                                      SP_FMT(effects));
                SP_CHECK(rows[i].effects, f.e == 0 && f.call.write);
                SP_CHECK(rows[i].effects,
                         strcmp(f.call.write->statement, rows[i].statement) == 0);
                SP_CHECK(rows[i].effects,
                         sp_str_eq(effects, sp_str_c(rows[i].effects)));
                if (rows[i].sent)
                        SP_CHECK(rows[i].effects,
                                 sp_str_eq(f.to.body, sp_str_c(rows[i].sent)));
                sp_arena_done(&f.arena);
        }
}

static void a_copy_job_is_described_and_sent_as_a_copy(void **state sp_unused)
{
        struct fixture f;

        ask(&f, "POST", "/bigquery/v2/projects/p/jobs", NULL,
            COPY(",\"operationType\":\"snapshot\""));
        assert_int_equal(f.e, 0);
        SP_CHECK("text", sp_str_eq(f.call.query->sql,
                                   SP_STR("CREATE SNAPSHOT TABLE `q.e.t` CLONE "
                                          "`p.d.s`")));
        SP_CHECK("type", contains(f.to.body, "\"jobType\":\"COPY\""));
        SP_CHECK("operation", contains(f.to.body, "\"operationType\":\"SNAPSHOT\""));
        SP_CHECK("no query", !contains(f.to.body, "\"query\""));
        sp_arena_done(&f.arena);
}

static void what_is_not_offered_is_refused_by_name(void **state sp_unused)
{
        static const struct {
                const char *method, *path, *body, *id, *what;
        } rows[] = {
                { "POST", D "/tables", "{}", "request.field-type", "tableId" },
                { "POST", D "/tables", "[]", "request.field-type", "body" },
                { "POST", D "/tables", "{" REF_T ",\"view\":{\"query\":\"SELECT 1\"}}",
                  "request.refused-field", "CREATE VIEW" },
                { "POST", D "/tables", "{" REF_T ",\"Description\":\"x\"}",
                  "request.unknown-field", "Description" },
                { "POST", D "/tables", "{" REF_T ",\"expiration_time\":\"1\"}",
                  "request.unknown-field", "expiration_time" },
                { "POST", D "/tables",
                  "{\"table_reference\":{\"tableId\":\"t\"}," REF_T "}",
                  "request.unknown-field", "table_reference" },
                { "POST", D "/tables", "{" REF_T "," REF_T "}", "json.", "" },
                { "POST", D "/tables",
                  "{\"tableReference\":{\"projectId\":\"q\",\"datasetId\":\"d\","
                  "\"tableId\":\"t\"}}",
                  "request.reference-mismatch", "projectId" },
                { "POST", D "/tables",
                  "{\"tableReference\":{\"datasetId\":\"e\",\"tableId\":\"t\"}}",
                  "request.reference-mismatch", "datasetId" },
                { "POST", D "/tables", "{\"tableReference\":{\"tableId\":\"t$2026\"}}",
                  "request.field-value", "t$2026" },
                { "POST", D "/tables",
                  "{" REF_T
                  ",\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"STRING\","
                  "\"policyTags\":{\"names\":[\"x\"]}}]}}",
                  "request.refused-field", "schema.fields[0].policyTags" },
                { "POST", D "/tables",
                  "{" REF_T
                  ",\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"INT64\","
                  "\"defaultValueExpression\":\"SESSION_USER()\"}]}}",
                  "request.refused-field", "defaultValueExpression" },
                { "POST", D "/tables",
                  "{" REF_T
                  ",\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"X\"}]}}",
                  "request.field-value", "type" },
                { "PATCH", T,
                  "{\"schema\":{\"fields\":[{\"name\":\"a\",\"policyTags\":{"
                  "\"names\":[\"x\"]}}]}}",
                  "request.refused-field", "policyTags" },
                { "PATCH", T,
                  "{"
                  "\"tableReference\":{\"tableId\":\"u\"}}",
                  "request.reference-mismatch", "tableId" },
                { "PATCH", T, "{\"labels\":{\"A\":\"b\"}}", "request.field-type",
                  "labels" },
                { "PATCH", T, "{\"expirationTime\":\"soon\"}", "request.field-type",
                  "expirationTime" },
                { "PATCH", T, "{\"expirationTime\":1.5}", "request.field-type",
                  "expirationTime" },
                { "PATCH", T, "{\"requirePartitionFilter\":\"true\"}",
                  "request.field-type", "requirePartitionFilter" },
                { "PATCH", D,
                  "{\"access\":[{\"role\":\"READER\",\"userByEmail\":\"x@example.com\"}"
                  "]}",
                  "request.refused-field", "GRANT" },
                { "PATCH", D,
                  "{\"defaultEncryptionConfiguration\":{\"kmsKeyName\":\"k\"}}",
                  "request.refused-field", "keys" },
                { "POST", "/bigquery/v2/projects/p/datasets",
                  "{\"datasetReference\":{\"projectId\":\"attacker\",\"datasetId\":"
                  "\"d\"}}",
                  "request.reference-mismatch", "projectId" },
                { "POST", "/bigquery/v2/projects/p/datasets",
                  "{\"datasetReference\":{\"datasetId\":\"_hidden\"}}",
                  "request.hidden-name", "_hidden" },
                { "POST", "/bigquery/v2/projects/p/datasets",
                  "{" REF_D ",\"linkedDatasetSource\":{\"sourceDataset\":{}}}",
                  "request.refused-field", "linkedDatasetSource" },
                { "DELETE", "/bigquery/v2/projects/p/datasets/_anon/tables/anon1", NULL,
                  "request.hidden-name", "_anon" },
                { "DELETE", D "/tables/INFORMATION_SCHEMA", NULL, "request.hidden-name",
                  "INFORMATION_SCHEMA" },
                { "DELETE", T, "{\"x\":1}", "request.unexpected-body", "" },
                { "POST", T "/insertAll", "{\"rows\":[],\"templateSuffix\":\"_x\"}",
                  "request.refused-field", "templateSuffix" },
                { "POST", T "/insertAll", "{\"rows\":[{\"json\":[1]}]}",
                  "request.field-type", "rows[0].json" },
                { "POST", T "/insertAll", "{\"rows\":[{\"json\":{\"a\":1,\"a\":2}}]}",
                  "json.", "" },
                { "POST", T "/insertAll", "{\"rows\":[{\"row\":{}}]}",
                  "request.unknown-field", "rows[0].row" },
                { "POST", "/bigquery/v2/projects/p/jobs",
                  COPY(",\"sourceTables\":[{\"projectId\":\"p\",\"datasetId\":\"d\","
                       "\"tableId\":\"u\"}]"),
                  "request.field-type", "copy" },
                { "POST", "/bigquery/v2/projects/p/jobs",
                  "{\"configuration\":{\"copy\":{\"sourceTable\":{\"projectId\":\"p\","
                  "\"datasetId\":\"d\",\"tableId\":\"s@-1\"}}}}",
                  "request.field-value", "s@-1" },
                { "POST", "/bigquery/v2/projects/p/jobs",
                  "{\"configuration\":{\"copy\":{\"sourceTable\":{\"datasetId\":\"d\","
                  "\"tableId\":\"s\"}}}}",
                  "request.field-type", "complete" },
                { "POST", "/bigquery/v2/projects/p/jobs",
                  "{\"configuration\":{\"copy\":{},\"query\":{\"query\":\"SELECT "
                  "1\"}}}",
                  "request.refused-field", "one thing" },
                { "POST", "/bigquery/v2/projects/p/jobs",
                  "{\"configuration\":{\"jobType\":\"QUERY\",\"copy\":{}}}",
                  "request.field-value", "jobType" },
                { "POST", "/bigquery/v2/projects/p/jobs", COPY(",\"sourceTable2\":{}"),
                  "request.unknown-field", "sourceTable2" },
                { "POST", "/bigquery/v2/projects/p/jobs",
                  COPY(",\"operationType\":\"MOVE\""), "request.field-value", "MOVE" },
                { "POST", "/bigquery/v2/projects/p/jobs",
                  "{\"configuration\":{\"load\":{},\"copy\":{}}}", "api.not-offered",
                  "bigquery.jobs.insert.load" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct fixture f;

                ask(&f, rows[i].method, rows[i].path, NULL, rows[i].body);
                if (f.e >= 0 || strncmp(f.err.id, rows[i].id, strlen(rows[i].id)) ||
                    !strstr(f.err.what, rows[i].what))
                        print_message("%s: %s: %s\n", rows[i].id,
                                      f.e < 0 ? f.err.id : "accepted", f.err.what);
                SP_CHECK(rows[i].id, f.e < 0);
                SP_CHECK(rows[i].id,
                         strncmp(f.err.id, rows[i].id, strlen(rows[i].id)) == 0);
                SP_CHECK(rows[i].what, strstr(f.err.what, rows[i].what) != NULL);
                sp_arena_done(&f.arena);
        }
}

/* The same fields in another order, spelled with escapes, are the same request. */
static void equal_bodies_are_sent_as_equal_bytes(void **state sp_unused)
{
        struct fixture a, b;

        ask(&a, "PATCH", T, NULL,
            "{\"description\":\"x\",\"friendlyName\":\"y\",\"expirationTime\":\"7\"}");
        ask(&b, "PATCH", T, NULL,
            "{ \"expirationTime\" : 7, \"friendly\\u004eame\":\"\\u0079\","
            "\"description\":\"x\", \"id\":\"dropped\"}");
        SP_CHECK("both", a.e == 0 && b.e == 0);
        SP_CHECK("equal", sp_str_eq(a.to.body, b.to.body));
        sp_arena_done(&a.arena);
        sp_arena_done(&b.arena);
}

static void the_version_that_the_client_saw_goes_along(void **state sp_unused)
{
        static const struct sp_header good = { SP_STR("if-match"),
                                               SP_STR("\"abc==\"") };
        static const struct sp_header bad[] = {
                { SP_STR("if-match"), SP_STR("a\r\nx: y") },
                { SP_STR("if-match"), SP_STR("a b") },
                { SP_STR("if-match"), SP_STR("") },
                { SP_STR("if-match"), SP_STR("\xc3\xa9") },
        };
        struct fixture f;

        ask_as(&f, "PATCH", T, NULL, "{}", &good);
        SP_CHECK("sent", f.e == 0 && sp_str_eq(f.to.etag, SP_STR("\"abc==\"")));
        sp_arena_done(&f.arena);
        for (size_t i = 0; i < SP_ARRAY_SIZE(bad); i++) {
                ask_as(&f, "PATCH", T, NULL, "{}", &bad[i]);
                SP_CHECK("refused",
                         f.e == -EPERM && strcmp(f.err.id, "request.header") == 0);
                sp_arena_done(&f.arena);
        }
}

static void rows_and_sources_have_limits(void **state sp_unused)
{
        for (size_t n = 50000; n <= 50001; n++) {
                sp_autobuf b = SP_BUF_INIT(1 << 20);
                struct fixture f;

                assert_int_equal(sp_buf_add(&b, SP_STR("{\"rows\":[{}")), 0);
                for (size_t i = 1; i < n; i++)
                        assert_int_equal(sp_buf_add(&b, SP_STR(",{}")), 0);
                assert_int_equal(sp_buf_add(&b, sp_str("]}", 3)), 0);
                ask(&f, "POST", T "/insertAll", NULL, b.p);
                SP_CHECK("rows", n == 50000 ? f.e == 0 : f.e == -EINVAL);
                sp_arena_done(&f.arena);
        }
        for (size_t n = SP_CALL_COPY_SOURCES_MAX; n <= SP_CALL_COPY_SOURCES_MAX + 1;
             n++) {
                sp_autobuf b = SP_BUF_INIT(1 << 16);
                struct fixture f;

                assert_int_equal(
                        sp_buf_add(&b, SP_STR("{\"configuration\":{\"copy\":{"
                                              "\"destinationTable\":{\"projectId\":"
                                              "\"p\",\"datasetId\":\"d\",\"tableId\":"
                                              "\"t\"},\"sourceTables\":[")),
                        0);
                for (size_t i = 0; i < n; i++)
                        assert_int_equal(sp_buf_addf(&b,
                                                     "%s{\"projectId\":\"p\","
                                                     "\"datasetId\":\"d\",\"tableId\":"
                                                     "\"s%zu\"}",
                                                     i ? "," : "", i),
                                         0);
                assert_int_equal(sp_buf_add(&b, sp_str("]}}}", 5)), 0);
                ask(&f, "POST", "/bigquery/v2/projects/p/jobs", NULL, b.p);
                SP_CHECK("sources",
                         n == SP_CALL_COPY_SOURCES_MAX ? f.e == 0 : f.e == -EINVAL);
                sp_arena_done(&f.arena);
        }
}

/* ---- every field of the resources ---- */

/* Sent with these values; all others of the discovery document are dropped or refused. */
static const struct sent {
        const char *path, *value;
} table_sent[] = {
        { "friendlyName", "\"F1\"" },
        { "description", "\"F2\"" },
        { "labels.any", "\"f3\"" },
        { "expirationTime", "\"1004\"" },
        { "timePartitioning.type", "\"DAY\"" },
        { "timePartitioning.field", "\"F6\"" },
        { "timePartitioning.expirationMs", "\"1007\"" },
        { "timePartitioning.requirePartitionFilter", "true" },
        { "rangePartitioning.field", "\"F8\"" },
        { "rangePartitioning.range.start", "\"1009\"" },
        { "rangePartitioning.range.end", "\"1010\"" },
        { "rangePartitioning.range.interval", "\"1011\"" },
        { "clustering.fields[]", "\"F12\"" },
        { "requirePartitionFilter", "true" },
        { "defaultCollation", "\"F13\"" },
        { "defaultRoundingMode", "\"ROUND_HALF_EVEN\"" },
        { "tableReference.projectId", "\"p\"" },
        { "tableReference.datasetId", "\"d\"" },
        { "tableReference.tableId", "\"t\"" },
}, schema_sent[] = {
        { "schema.fields[].name", "\"F14\"" },
        { "schema.fields[].type", "\"STRING\"" },
        { "schema.fields[].mode", "\"REPEATED\"" },
        { "schema.fields[].fields[].name", "\"F15\"" },
        { "schema.fields[].description", "\"F16\"" },
        { "schema.fields[].maxLength", "\"1017\"" },
        { "schema.fields[].precision", "\"1018\"" },
        { "schema.fields[].scale", "\"1019\"" },
        { "schema.fields[].roundingMode", "\"ROUND_HALF_EVEN\"" },
        { "schema.fields[].collation", "\"F20\"" },
        { "schema.fields[].rangeElementType.type", "\"DATETIME\"" },
}, dataset_sent[] = {
        { "friendlyName", "\"F1\"" },
        { "description", "\"F2\"" },
        { "labels.any", "\"f3\"" },
        { "defaultTableExpirationMs", "\"1004\"" },
        { "defaultPartitionExpirationMs", "\"1005\"" },
        { "defaultCollation", "\"F6\"" },
        { "defaultRoundingMode", "\"ROUND_HALF_EVEN\"" },
        { "isCaseInsensitive", "true" },
        { "maxTimeTravelHours", "\"1007\"" },
        { "storageBillingModel", "\"PHYSICAL\"" },
        { "datasetReference.projectId", "\"p\"" },
        { "datasetReference.datasetId", "\"d\"" },
}, location_sent[] = {
        { "location", "\"F8\"" },
};

static const struct sent *find_sent(const struct sent *list, size_t n, const char *path)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(list[i].path, path) == 0)
                        return &list[i];
        return NULL;
}

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
                assert_int_equal(sp_buf_add(to, sp_str_c(value)), 0);
        }
        while (arrays--)
                assert_int_equal(sp_buf_addc(to, ']'), 0);
}

struct body {
        const char *method, *path, *needed;
        const char *const *paths;
        size_t n;
        const struct sent *sent[2];
        size_t n_sent[2];
};

static void check_path(const struct body *t, const char *path)
{
        const struct sent *s = find_sent(t->sent[0], t->n_sent[0], path);
        sp_autobuf b = SP_BUF_INIT(1 << 16);
        struct fixture f;

        s = s ? s : find_sent(t->sent[1], t->n_sent[1], path);
        assert_int_equal(sp_buf_addf(&b, "{%s", t->needed), 0);
        if (*t->needed && strncmp(path, t->needed + 1, strcspn(path, ".")) == 0)
                b.n = 1; /* what is needed is what is tried */
        else if (*t->needed)
                assert_int_equal(sp_buf_addc(&b, ','), 0);
        put(&b, path, s ? s->value : "\"CANARY\"");
        assert_int_equal(sp_buf_add(&b, sp_str("}", 2)), 0);
        ask(&f, t->method, t->path, NULL, b.p);
        if (f.e < 0 && s && !strstr(path, "Reference"))
                print_message("%s %s: %s\n", t->path, b.p, f.err.what);
        if (s && !strstr(path, "Reference"))
                SP_CHECK(path, f.e == 0 && contains(f.to.body, s->value));
        else if (f.e == 0)
                SP_CHECK(path, !contains(f.to.body, "CANARY"));
        else
                SP_CHECK(path, strncmp(f.err.id, "request.", 8) == 0);
        sp_arena_done(&f.arena);
}

#define FIELDS(x) fields_of_##x, SP_ARRAY_SIZE(fields_of_##x)
#define SENT(a, b)                                                                     \
        { a, b },                                                                      \
        {                                                                              \
                SP_ARRAY_SIZE(a), SP_ARRAY_SIZE(b)                                     \
        }
#define SENT1(a)                                                                       \
        { a, NULL },                                                                   \
        {                                                                              \
                SP_ARRAY_SIZE(a), 0                                                    \
        }

static void every_field_of_a_resource_is_sent_dropped_or_refused(void **state sp_unused)
{
        static const struct body all[] = {
                { "POST", D "/tables", REF_T, FIELDS(table),
                  SENT(table_sent, schema_sent) },
                { "PATCH", T, "", FIELDS(table), SENT(table_sent, schema_sent) },
                { "PUT", T, "", FIELDS(table), SENT(table_sent, schema_sent) },
                { "POST", "/bigquery/v2/projects/p/datasets", REF_D, FIELDS(dataset),
                  SENT(dataset_sent, location_sent) },
                { "PATCH", D, "", FIELDS(dataset), SENT1(dataset_sent) },
                { "PUT", D, "", FIELDS(dataset), SENT1(dataset_sent) },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                for (size_t k = 0; k < all[i].n; k++)
                        check_path(&all[i], all[i].paths[k]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_is_the_statement_that_it_equals),
                cmocka_unit_test(a_copy_job_is_described_and_sent_as_a_copy),
                cmocka_unit_test(what_is_not_offered_is_refused_by_name),
                cmocka_unit_test(equal_bodies_are_sent_as_equal_bytes),
                cmocka_unit_test(the_version_that_the_client_saw_goes_along),
                cmocka_unit_test(rows_and_sources_have_limits),
                cmocka_unit_test(every_field_of_a_resource_is_sent_dropped_or_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
