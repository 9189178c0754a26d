/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/google/storage.h"

#define HOST "storage.googleapis.com"
#define O "/storage/v1/b/acme-reports/o"

struct asked {
        struct sp_arena arena;
        struct sp_call call;
        struct sp_err err;
        int e;
};

static void ask(struct asked *f, const char *method, const char *host, const char *path,
                const char *query, const struct sp_header *header)
{
        struct sp_request r = {
                .scheme = SP_STR("https"),
                .method = sp_str_c(method),
                .authority = sp_str_c(host),
                .sni = sp_str_c(host),
                .path = sp_str_c(path),
                .query = sp_str_c(query ? query : ""),
                .has_query = query != NULL,
                .headers = header,
                .n_headers = header ? 1 : 0,
        };

        *f = (struct asked){ .arena = SP_ARENA_INIT(1024 * 1024) };
        f->e = sp_call_recognise(&f->arena, &r, &f->call, &f->err);
}

static void what_is_offered_is_sent_anew(void **state sp_unused)
{
        static const struct {
                const char *sentence, *host, *path, *query, *action, *sent;
        } rows[] = {
                { "a bucket", HOST, "/storage/v1/b/acme-reports", NULL,
                  "storage.buckets.get",
                  "/storage/v1/b/acme-reports?prettyPrint=false" },
                { "its objects", HOST, O, "prefix=a%2Fb+c&delimiter=/&maxResults=5",
                  "storage.objects.list",
                  O "?prettyPrint=false&maxResults=5&prefix=a%2Fb%20c&delimiter=%2F" },
                { "an object", HOST, O "/a.txt", "alt=json&projection=noAcl",
                  "storage.objects.get", O "/a.txt?prettyPrint=false" },
                { "its content", HOST, O "/a.txt", "alt=media&generation=7",
                  "storage.objects.get",
                  O "/a.txt?prettyPrint=false&alt=media&generation=7" },
                { "as a download", HOST, "/download" O "/a.txt", "alt=media",
                  "storage.objects.get", O "/a.txt?prettyPrint=false&alt=media" },
                { "a name with slashes, blanks and what not", HOST,
                  O "/a%2Fb%20c%3f%23%25;'%5C+%C3%BC", NULL, "storage.objects.get",
                  O "/a%2Fb%20c%3F%23%25%3B%27%5C%2B%C3%BC?prettyPrint=false" },
                { "a name decoded once", HOST, O "/a%252Fb", NULL,
                  "storage.objects.get", O "/a%252Fb?prettyPrint=false" },
                { "a name that looks like one of ours", HOST, O "/-", NULL,
                  "storage.objects.get", O "/-?prettyPrint=false" },
                { "names that point upwards stay names", HOST, O "/..%2F..%2Fx", NULL,
                  "storage.objects.get", O "/..%2F..%2Fx?prettyPrint=false" },
                { "a letter of the path as %XX", HOST, "/%73torage/v1/b/acme-reports",
                  NULL, "storage.buckets.get",
                  "/storage/v1/b/acme-reports?prettyPrint=false" },
                { "the old root", "www.googleapis.com", O "/a", NULL,
                  "storage.objects.get", O "/a?prettyPrint=false" },
                { "a regional name", "storage.europe-west3.rep.googleapis.com", O "/a",
                  NULL, "storage.objects.get", O "/a?prettyPrint=false" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_upstream_request to = { 0 };
                struct asked f;

                ask(&f, "GET", rows[i].host, rows[i].path, rows[i].query, NULL);
                SP_CHECK(rows[i].sentence,
                         f.e == 0 && strcmp(f.call.action, rows[i].action) == 0);
                SP_CHECK(rows[i].sentence,
                         sp_call_upstream(&f.arena, &f.call, NULL, &to, &f.err) == 0);
                SP_CHECK(rows[i].sentence, sp_str_eq(to.host, SP_STR(HOST)) &&
                                                   sp_str_eq(to.method, SP_STR("GET")));
                SP_CHECK(rows[i].sentence,
                         sp_str_eq(to.path_and_query, sp_str_c(rows[i].sent)));
                SP_CHECK(rows[i].sentence,
                         f.call.is_media ==
                                 (rows[i].query && strstr(rows[i].query, "=media")));
                sp_arena_done(&f.arena);
        }
}

static void what_is_not_offered_is_refused_by_name(void **state sp_unused)
{
        static const struct {
                const char *method, *path, *query, *id, *action; /* action NULL: none */
        } rows[] = {
                { "GET", "/storage/v1/b", "project=p", "api.not-offered",
                  "storage.buckets.list" },
                { "POST", "/storage/v1/b", NULL, "api.not-offered",
                  "storage.buckets.insert" },
                { "DELETE", O "/a", NULL, "api.not-offered", "storage.objects.delete" },
                { "POST", O, NULL, "api.not-offered", "storage.objects.insert" },
                { "POST", "/upload" O, "uploadType=media", "api.not-offered",
                  "storage.objects.insert" },
                { "PUT", "/resumable/upload" O, NULL, "api.not-offered",
                  "storage.objects.insert" },
                { "POST", "/batch/storage/v1", NULL, "api.not-offered",
                  "storage.batch" },
                { "POST", "/google.storage.v2.Storage/ReadObject", NULL,
                  "api.not-offered", "storage.grpc" },
                { "GET", "/acme-reports/a.txt", NULL, "api.not-offered",
                  "storage.xml" },
                { "GET", "/acme-reports/a.txt", "X-Goog-Signature=00",
                  "api.not-offered", "storage.xml" },
                { "PUT", "/acme-reports/a.txt", NULL, "api.not-offered",
                  "storage.xml" },
                { "GET", "/", NULL, "api.not-offered", "storage.xml" },
                { "GET", O "/a/acl", NULL, "api.not-offered", "storage.b.o.acl.list" },
                { "POST", O "/a/rewriteTo/b/other/o/x", NULL, "api.not-offered", NULL },
                { "GET", O "/a/b", NULL, "api.not-offered", NULL },
                { "HEAD", O "/a", NULL, "api.not-offered", NULL },
                { "GET", "/storage/v2/b/acme-reports", NULL, "api.not-offered", NULL },
                { "GET", O "/", NULL, "api.unknown-method", NULL },
                { "GET", O "/a/", NULL, "api.unknown-method", NULL },
                { "GET", "/storage/v1/b/ACME/o/a", NULL, "request.path", NULL },
                { "GET", "/storage/v1/b/a%2Fb/o/a", NULL, "request.path", NULL },
                { "GET", "/storage/v1/b/../o/a", NULL, "request.path", NULL },
                { "GET", O "/..", NULL, "request.path", NULL },
                { "GET", O "/%2E", NULL, "request.path", NULL },
                { "GET", O "/a%00b", NULL, "request.path", NULL },
                { "GET", O "/a%0Ab", NULL, "request.path", NULL },
                { "GET", O "/a%FF", NULL, "request.path", NULL },
                { "GET", O "/a%2", NULL, "request.path", NULL },
                { "GET", O "/a\xc3\xbc", NULL, "request.path", NULL },
                { "GET", O "/a", "key=x", "request.unknown-parameter", NULL },
                { "GET", O "/a", "access_token=x", "request.unknown-parameter", NULL },
                { "GET", O "/a", "userProject=x", "request.unknown-parameter", NULL },
                { "GET", O "/a", "X-Goog-Signature=x", "request.unknown-parameter",
                  NULL },
                { "GET", O "/a", "projection=full", "request.parameter", NULL },
                { "GET", O, "alt=media", "request.parameter", NULL },
                { "GET", "/storage/v1/b/acme-reports", "alt=media", "request.parameter",
                  NULL },
                { "GET", O, "versions=true", "request.unknown-parameter", NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct asked f;

                ask(&f, rows[i].method, HOST, rows[i].path, rows[i].query, NULL);
                SP_CHECK(rows[i].path,
                         f.e < 0 && f.err.id && strcmp(f.err.id, rows[i].id) == 0);
                SP_CHECK(rows[i].path,
                         !rows[i].action ||
                                 (f.call.action &&
                                  strcmp(f.call.action, rows[i].action) == 0));
                sp_arena_done(&f.arena);
        }
}

static void alt_media_is_of_objects_only(void **state sp_unused)
{
        struct asked f;

        ask(&f, "GET", "bigquery.googleapis.com", "/bigquery/v2/projects/p/jobs/j",
            "alt=media", NULL);
        SP_CHECK("a job has no content", f.e == -EPERM);
        sp_arena_done(&f.arena);
        ask(&f, "GET", "bigquery.googleapis.com", O "/a", NULL, NULL);
        SP_CHECK("BigQuery's host serves no objects", f.e < 0);
        sp_arena_done(&f.arena);
}

static void a_range_is_refused(void **state sp_unused)
{
        static const struct sp_header range = { SP_STR("range"), SP_STR("bytes=0-3") };
        struct asked f;

        ask(&f, "GET", HOST, O "/a", "alt=media", &range);
        SP_CHECK("a part of an object",
                 f.e == -EPERM && strcmp(f.err.id, "request.header") == 0);
        sp_arena_done(&f.arena);
}

static void limits_of_names(void **state sp_unused)
{
        char text[1100];

        memset(text, 'a', sizeof(text));
        SP_CHECK("an object of 1024",
                 sp_storage_object_is_valid(sp_str(text, 1024)) &&
                         !sp_storage_object_is_valid(sp_str(text, 1025)));
        SP_CHECK("a bucket of 222",
                 sp_storage_bucket_is_valid(sp_str(text, 222)) &&
                         !sp_storage_bucket_is_valid(sp_str(text, 223)));
        SP_CHECK("a bucket of 2", !sp_storage_bucket_is_valid(sp_str(text, 2)));
        SP_CHECK("dots", sp_storage_bucket_is_valid(SP_STR("a.b")) &&
                                 !sp_storage_bucket_is_valid(SP_STR("a..b")) &&
                                 !sp_storage_bucket_is_valid(SP_STR(".ab")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_offered_is_sent_anew),
                cmocka_unit_test(what_is_not_offered_is_refused_by_name),
                cmocka_unit_test(alt_media_is_of_objects_only),
                cmocka_unit_test(a_range_is_refused),
                cmocka_unit_test(limits_of_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
