/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every method in all spellings that a client, a proxy or an attacker may use: each gives the
 * handling of the table, or a refusal.
 */
#include "tests/test.h"

#include <ctype.h>
#include <errno.h>

#include "daemon/google/call.h"

#define BQ "bigquery.googleapis.com"
#define PREFIX "/bigquery/v2/"

struct asked {
        struct sp_arena arena;
        struct sp_call call;
        struct sp_err err;
        int e;
};

static struct sp_str body_of(const struct sp_method_info *m)
{
        if (strcmp(m->action, "bigquery.jobs.query") == 0)
                return SP_STR("{\"query\":\"SELECT 1\",\"useLegacySql\":false}");
        if (strcmp(m->action, "bigquery.jobs.insert") == 0)
                return SP_STR("{\"configuration\":{\"query\":{\"query\":\"SELECT 1\","
                              "\"useLegacySql\":false}}}");
        if (strcmp(m->action, "bigquery.datasets.insert") == 0)
                return SP_STR("{\"datasetReference\":{\"datasetId\":\"x2\"}}");
        if (strcmp(m->action, "bigquery.tables.insert") == 0)
                return SP_STR("{\"tableReference\":{\"tableId\":\"x2\"}}");
        return m->has_body ? SP_STR("{}") : SP_STR("");
}

static void ask_with(struct asked *f, const struct sp_method_info *m,
                     const char *method, const char *host, struct sp_str path,
                     const char *query, const struct sp_header *extra)
{
        struct sp_header headers[2] = { { SP_STR("content-type"),
                                          SP_STR("application/json") } };
        struct sp_request r = {
                .scheme = SP_STR("https"),
                .method = sp_str_c(method),
                .authority = sp_str_c(host),
                .sni = sp_str_c(host),
                .path = path,
                .query = sp_str_c(query ? query : ""),
                .has_query = query != NULL,
                .headers = headers,
                .n_headers = 1,
                .body = body_of(m),
        };

        if (extra)
                headers[r.n_headers++] = *extra;
        *f = (struct asked){ .arena = SP_ARENA_INIT(1 << 20), .err = SP_ERR_NULL };
        f->e = sp_call_recognise(&f->arena, &r, &f->call, &f->err);
}

static void ask(struct asked *f, const struct sp_method_info *m, const char *path)
{
        ask_with(f, m, m->http_method, BQ, sp_str_c(path), NULL, NULL);
}

static bool id_is(const struct asked *f, const char *id)
{
        return f->err.id && strcmp(f->err.id, id) == 0;
}

/* What the table says: this action, and its handling. */
static bool is_handled(const struct asked *f, const struct sp_method_info *m)
{
        if (!f->call.action || strcmp(f->call.action, m->action) != 0 ||
            f->call.handling != m->handling)
                return false;
        return m->handling == SP_HANDLING_DENY
                       ? f->e == -EPERM && id_is(f, "api.not-offered")
                       : f->e == 0;
}

static bool is_refused_as(const struct asked *f, const char *ids)
{
        return f->e < 0 && f->err.id && strstr(ids, f->err.id) != NULL;
}

/* The path of a method, each {id} as "x1". */
static void path_of(const struct sp_method_info *m, char to[256])
{
        size_t o = strlen(strcpy(to, PREFIX));

        for (const char *p = m->path; *p; p++)
                if (*p == '{') {
                        to[o++] = 'x';
                        to[o++] = '1';
                        p = strchr(p, '}');
                } else {
                        to[o++] = *p;
                }
        to[o] = '\0';
}

/* `what` in place of the i-th `c` of the path; false if there are not so many. */
static bool replaced(const char *path, char c, size_t i, const char *what, char to[512])
{
        const char *at = strchr(path, c);

        while (at && i--)
                at = strchr(at + 1, c);
        if (!at)
                return false;
        (void)snprintf(to, 512, "%.*s%s%s", (int)(at - path), path, what, at + 1);
        return true;
}

typedef void (*method_fn)(const struct sp_method_info *m, const char *path);

static void for_methods(method_fn fn)
{
        size_t n;
        const struct sp_method_info *m = sp_call_methods(&n);
        char path[256];

        assert_int_equal(n, 47);
        for (size_t i = 0; i < n; i++) {
                path_of(&m[i], path);
                fn(&m[i], path);
        }
}

#define CHECK_ASKED(what, f, condition)                                                \
        do {                                                                           \
                if (!(condition))                                                      \
                        print_message("%s: %s: %d %s %s\n", m->action, what, (f)->e,   \
                                      (f)->err.id ? (f)->err.id : "-",                 \
                                      (f)->call.action ? (f)->call.action : "-");      \
                SP_CHECK(m->action, condition);                                        \
                sp_arena_done(&(f)->arena);                                            \
        } while (0)

static void same_method(const struct sp_method_info *m, const char *path)
{
        static const char *const hosts[] = { BQ,
                                             "bigquery.europe-west3.rep.googleapis.com",
                                             "bigquery.mtls.googleapis.com",
                                             "content-bigquery.googleapis.com",
                                             "bigquery-x.p.googleapis.com",
                                             "www.googleapis.com" };
        char other[512], encoded[8];
        struct asked f;

        for (size_t i = 0; i < SP_ARRAY_SIZE(hosts); i++) {
                ask_with(&f, m, m->http_method, hosts[i], sp_str_c(path), NULL, NULL);
                CHECK_ASKED(hosts[i], &f, is_handled(&f, m));
        }
        ask_with(&f, m, m->http_method, BQ, sp_str_c(path),
                 "alt=json&prettyPrint=true&fields=kind", NULL);
        CHECK_ASKED("what every library sends", &f, is_handled(&f, m));
        for (const char *c = "bpj:"; *c; c++) {
                (void)snprintf(encoded, sizeof(encoded), "%%%02x", (unsigned char)*c);
                if (!replaced(path, *c, 0, encoded, other))
                        continue;
                ask(&f, m, other);
                CHECK_ASKED(other, &f, is_handled(&f, m));
        }
}

static void every_method_is_found_in_its_spellings(void **state sp_unused)
{
        for_methods(same_method);
}

#define PATH_IDS "request.path api.unknown-method"

static void odd_slashes(const struct sp_method_info *m, const char *path)
{
        static const char *const instead[] = {
                "//",    "/./",   "/../x/",     "%2f",  "%2F/",    "/%2e/", "\\",
                "%5C",   "/%00/", "%252F",      "/;x/", "/ /",     "/%20/", "/#/",
                "/%23/", "/%3F/", "/\xc3\xa9/", "/?/",  "/%0d%0a/"
        };
        char other[512];
        struct asked f;

        for (size_t k = 0; k < SP_ARRAY_SIZE(instead); k++)
                for (size_t i = 0; replaced(path, '/', i, instead[k], other); i++) {
                        ask(&f, m, other);
                        CHECK_ASKED(other, &f, is_refused_as(&f, PATH_IDS));
                }
}

static void no_method_passes_with_odd_slashes(void **state sp_unused)
{
        for_methods(odd_slashes);
}

static void odd_ends(const struct sp_method_info *m, const char *path)
{
        static const char *const ends[] = {
                "/",   "//",  "/.",        "/..",     "%2F", "%2f..", ";",   ";a=b",
                "#x",  "%23", "%",         "%2",      "%zz", "%2570", "%00", "\\",
                " ",   "%20", "\x7f",      "\xff",    ":x",  "$",     "*",   "@-1",
                "/x1", "/*",  "?alt=json", ":custom", "$2",  "\"",    "<",   ".",
        };
        char other[512];
        struct asked f;

        for (size_t k = 0; k < SP_ARRAY_SIZE(ends); k++) {
                (void)snprintf(other, sizeof(other), "%s%s", path, ends[k]);
                ask(&f, m, other);
                /* "…/x1" names another method below some; nothing else may */
                CHECK_ASKED(other, &f,
                            is_refused_as(&f, PATH_IDS " api.not-offered") ||
                                    strcmp(ends[k], "/x1") == 0);
        }
        (void)snprintf(other, sizeof(other), "https://" BQ "%s", path);
        ask(&f, m, other);
        CHECK_ASKED(other, &f, is_refused_as(&f, PATH_IDS));
        ask(&f, m, path + 1);
        CHECK_ASKED("no slash in front", &f, is_refused_as(&f, PATH_IDS));
        ask_with(&f, m, m->http_method, BQ, sp_str(path, strlen(path) + 1), NULL, NULL);
        CHECK_ASKED("a NUL at the end", &f, is_refused_as(&f, PATH_IDS));
}

/* An end that is part of an id makes another id, never another method. */
static void odd_ends_change_nothing_but_ids(void **state sp_unused)
{
        for_methods(odd_ends);
}

static void other_cases(const struct sp_method_info *m, const char *path)
{
        static const char *const words[] = { "bigquery", "v2",     "projects",
                                             "datasets", "tables", "jobs",
                                             "queries",  "data",   "cancel" };
        char other[512];
        struct asked f;

        for (size_t k = 0; k < SP_ARRAY_SIZE(words); k++) {
                char *at;

                (void)snprintf(other, sizeof(other), "%s", path);
                at = strstr(other, words[k]);
                if (!at || (at[strlen(words[k])] && at[strlen(words[k])] != '/'))
                        continue;
                at[0] = (char)toupper(at[0]);
                ask(&f, m, other);
                CHECK_ASKED(other, &f, is_refused_as(&f, PATH_IDS));
        }
}

static void another_case_is_another_path(void **state sp_unused)
{
        for_methods(other_cases);
}

static void other_prefixes(const struct sp_method_info *m, const char *path)
{
        static const struct {
                const char *prefix, *action; /* NULL: unknown */
        } all[] = {
                { "/upload" PREFIX, "bigquery.upload" },
                { "/resumable/upload" PREFIX, "bigquery.upload" },
                { "/batch" PREFIX, "bigquery.batch" },
                { "/mcp" PREFIX, "bigquery.mcp" },
                { "/$rpc" PREFIX, "bigquery.rpc" },
                { "/bigquery/v2" PREFIX, NULL },
                { "/bigquery/v1/", NULL },
                { "/bigquery/v2beta1/", NULL },
                { "/bigquery/v2.0/", NULL },
                { "/bigquery/", NULL },
                { "/v2/", NULL },
                { "/", NULL },
                { "/download" PREFIX, NULL },
                { "/bigquery/v2/$discovery/", NULL },
        };
        char other[512];
        struct asked f;

        for (size_t k = 0; k < SP_ARRAY_SIZE(all); k++) {
                (void)snprintf(other, sizeof(other), "%s%s", all[k].prefix,
                               path + strlen(PREFIX));
                ask(&f, m, other);
                CHECK_ASKED(other, &f,
                            f.e == -EPERM &&
                                    (all[k].action
                                             ? f.call.action && !strcmp(f.call.action,
                                                                        all[k].action)
                                             : !f.call.action));
        }
}

static void aliases_of_a_path_are_refused_by_name(void **state sp_unused)
{
        for_methods(other_prefixes);
}

static void other_verbs(const struct sp_method_info *m, const char *path)
{
        static const char *const verbs[] = {
                "GET",   "POST",    "PUT",   "PATCH",   "DELETE",
                "HEAD",  "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
                "MERGE", "get",     "Post",  "",        "GET ",
        };
        size_t n;
        const struct sp_method_info *all = sp_call_methods(&n);
        struct asked f;

        for (size_t k = 0; k < SP_ARRAY_SIZE(verbs); k++) {
                const struct sp_method_info *other = NULL;

                for (size_t i = 0; i < n; i++)
                        if (strcmp(all[i].http_method, verbs[k]) == 0 &&
                            strcmp(all[i].path, m->path) == 0)
                                other = &all[i];
                ask_with(&f, other ? other : m, verbs[k], BQ, sp_str_c(path), NULL,
                         NULL);
                /* "GET …/x1:undelete" would be a name with a colon, which is none */
                CHECK_ASKED(verbs[k], &f,
                            other ? is_handled(&f, other)
                                  : is_refused_as(&f, "api.unknown-method") ||
                                            (strchr(path, ':') &&
                                             is_refused_as(&f, "request.path")));
        }
}

static void another_verb_is_the_method_that_has_it_or_none(void **state sp_unused)
{
        for_methods(other_verbs);
}

/* A method that is not offered is refused for that, before its parameters are looked at. */
static void odd_parameters(const struct sp_method_info *m, const char *path)
{
        static const char *const all[] = {
                "alt=media",
                "alt=proto",
                "alt=JSON",
                "$alt=json",
                "%24alt=media",
                "$fields=x",
                "$.xgafv=2",
                "$httpMethod=DELETE",
                "%24httpMethod=GET",
                "httpMethod=GET",
                "_method=DELETE",
                "callback=x",
                "key=x",
                "access_token=x",
                "oauth_token=x",
                "bearer_token=x",
                "uploadType=media",
                "upload_protocol=raw",
                "upload_id=x",
                "quotaUser=x",
                "userProject=x",
                "userIp=1.2.3.4",
                "prettyPrint=2",
                "fields=%00",
                "ALT=json",
                "alt=json&alt=json",
                "allUsers=true",
                "parentJobId=%2F",
                "deleteContents=1",
                "force=true",
                "readMask=*",
                "somethingNew=1",
                "=",
                "updateMode=ALL",
                "autodetect_schema=true",
        };
        struct asked f;

        for (size_t k = 0; k < SP_ARRAY_SIZE(all); k++) {
                ask_with(&f, m, m->http_method, BQ, sp_str_c(path), all[k], NULL);
                CHECK_ASKED(all[k], &f,
                            m->handling == SP_HANDLING_DENY
                                    ? is_handled(&f, m)
                                    : is_refused_as(&f, "request.parameter "
                                                        "request.unknown-parameter "
                                                        "request.query"));
        }
}

static void no_parameter_makes_a_method_another(void **state sp_unused)
{
        for_methods(odd_parameters);
}

static void odd_headers(const struct sp_method_info *m, const char *path)
{
        static const struct sp_header all[] = {
                { SP_STR("x-http-method-override"), SP_STR("GET") },
                { SP_STR("x-http-method-override"), SP_STR("DELETE") },
                { SP_STR("x-http-method"), SP_STR("PATCH") },
                { SP_STR("x-method-override"), SP_STR("PUT") },
                { SP_STR("x-goog-fieldmask"), SP_STR("*") },
                { SP_STR("x-goog-api-key"), SP_STR("k") },
                { SP_STR("x-goog-iam-authorization-token"), SP_STR("t") },
                { SP_STR("x-goog-upload-protocol"), SP_STR("resumable") },
                { SP_STR("x-upload-content-type"), SP_STR("text/csv") },
                { SP_STR("upgrade"), SP_STR("h2c") },
        };
        struct asked f;

        for (size_t k = 0; k < SP_ARRAY_SIZE(all); k++) {
                ask_with(&f, m, m->http_method, BQ, sp_str_c(path), NULL, &all[k]);
                CHECK_ASKED(all[k].name.p, &f,
                            m->handling == SP_HANDLING_DENY
                                    ? is_handled(&f, m)
                                    : is_refused_as(&f, "request.header"));
        }
}

static void no_header_makes_a_method_another(void **state sp_unused)
{
        for_methods(odd_headers);
}

/* What goes to Google is made from the table, in one spelling, whatever came. */
static void upstream_path(const struct sp_method_info *m, const char *path)
{
        struct sp_query_extra extra = { .sql = SP_STR("SELECT 1") };
        struct sp_upstream_request to;
        char other[512], want[512];
        struct asked f;
        int e;

        if (m->handling == SP_HANDLING_DENY)
                return;
        assert_true(replaced(path, 'p', 0, "%70", other));
        ask(&f, m, other);
        e = sp_call_upstream(&f.arena, &f.call, f.call.query ? &extra : NULL, &to,
                             &f.err);
        if (strcmp(m->action, "bigquery.projects.list") == 0) {
                CHECK_ASKED("never sent", &f, e == -EINVAL);
                return;
        }
        (void)snprintf(want, sizeof(want), "%s?prettyPrint=false%s", path,
                       strcmp(m->action, "bigquery.jobs.list") ? "" : "&maxResults=50");
        CHECK_ASKED(want, &f,
                    e == 0 && sp_str_eq(to.path_and_query, sp_str_c(want)) &&
                            sp_str_eq(to.method, strcmp(m->http_method, "PUT") == 0
                                                         ? SP_STR("PATCH")
                                                         : sp_str_c(m->http_method)));
}

static void what_is_sent_on_has_one_spelling(void **state sp_unused)
{
        for_methods(upstream_path);
}

static void a_page_of_jobs_is_small(void **state sp_unused)
{
        static const struct {
                const char *query, *sent;
        } rows[] = {
                { "maxResults=7", "&maxResults=7" },
                { "maxResults=100000&pageToken=x", "&maxResults=100&pageToken=x" },
                { "projection=full&allUsers=false", "&maxResults=50&projection=full" },
                { "stateFilter=done&minCreationTime=1&maxCreationTime=2",
                  "&maxResults=50&stateFilter=done&minCreationTime=1&maxCreationTime="
                  "2" },
        };
        size_t n;
        const struct sp_method_info *m = sp_call_methods(&n);

        while (strcmp(m->action, "bigquery.jobs.list") != 0)
                m++;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_upstream_request to = { 0 };
                struct asked f;

                ask_with(&f, m, "GET", BQ, SP_STR(PREFIX "projects/p1/jobs"),
                         rows[i].query, NULL);
                SP_CHECK(rows[i].query,
                         f.e == 0 && sp_call_upstream(&f.arena, &f.call, NULL, &to,
                                                      &f.err) == 0);
                SP_CHECK(rows[i].query,
                         sp_str_ends(to.path_and_query, sp_str_c(rows[i].sent)));
                sp_arena_done(&f.arena);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_method_is_found_in_its_spellings),
                cmocka_unit_test(no_method_passes_with_odd_slashes),
                cmocka_unit_test(odd_ends_change_nothing_but_ids),
                cmocka_unit_test(another_case_is_another_path),
                cmocka_unit_test(aliases_of_a_path_are_refused_by_name),
                cmocka_unit_test(another_verb_is_the_method_that_has_it_or_none),
                cmocka_unit_test(no_parameter_makes_a_method_another),
                cmocka_unit_test(no_header_makes_a_method_another),
                cmocka_unit_test(what_is_sent_on_has_one_spelling),
                cmocka_unit_test(a_page_of_jobs_is_small),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
