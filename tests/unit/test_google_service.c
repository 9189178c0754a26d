/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/google/service.h"

static void test_hosts(void **state sp_unused)
{
        static const struct {
                const char *sentence, *host, *service; /* service NULL: not known */
        } rows[] = {
                { "its own name", "pubsub.googleapis.com", "pubsub" },
                { "the mTLS name", "pubsub.mtls.googleapis.com", "pubsub" },
                { "the content name", "content-pubsub.googleapis.com", "pubsub" },
                { "a region before it", "us-central1-aiplatform.googleapis.com",
                  "aiplatform" },
                { "a region before it, and mTLS",
                  "europe-west3-aiplatform.mtls.googleapis.com", "aiplatform" },
                { "a regional endpoint", "pubsub.europe-west3.rep.googleapis.com",
                  "pubsub" },
                { "a private endpoint", "storage-abc.p.googleapis.com", "storage" },
                { "the name for browsers", "drive.clients6.google.com", "drive" },
                { "a name of google.com", "accounts.google.com", "accounts" },
                { "a bucket before it", "my.bucket.storage.googleapis.com", "storage" },
                { "the old name of storage", "commondatastorage.googleapis.com",
                  "storage" },
                { "storage for people", "storage.cloud.google.com", "storage" },
                { "a bucket for people", "b.storage.cloud.google.com", "storage" },
                { "a service that is not known", "unheard-of.googleapis.com", NULL },
                { "the bare suffix", "googleapis.com", NULL },
                { "a suffix without a name", ".googleapis.com", NULL },
                { "a name that only ends alike", "pubsub.evilgoogleapis.com", NULL },
                { "another name", "pubsub.example.org", NULL },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                const struct sp_service_info *s =
                        sp_service_of_host(sp_str_c(rows[i].host));

                SP_CHECK(rows[i].sentence,
                         rows[i].service ? s && strcmp(s->name, rows[i].service) == 0
                                         : !s);
        }
}

static void test_methods(void **state sp_unused)
{
        static const struct {
                const char *sentence, *host, *method, *path, *name;
        } rows[] = {
                { "a verb", "pubsub.googleapis.com", "POST",
                  "/v1/projects/p/topics/t:publish", "pubsub.projects.topics.publish" },
                { "a list", "pubsub.googleapis.com", "GET", "/v1/projects/p/topics",
                  "pubsub.projects.topics.list" },
                { "one", "pubsub.googleapis.com", "GET", "/v1/projects/p/topics/t",
                  "pubsub.projects.topics.get" },
                { "a new one", "secretmanager.googleapis.com", "POST",
                  "/v1/projects/p/secrets", "secretmanager.projects.secrets.create" },
                { "a beta version", "run.googleapis.com", "DELETE",
                  "/v1beta1/projects/p/jobs/j", "run.projects.jobs.delete" },
                { "the service in the path", "compute.googleapis.com", "PATCH",
                  "/compute/v1/projects/p/zones/z/instances/i",
                  "compute.projects.zones.instances.patch" },
                { "an upload", "www.googleapis.com", "POST", "/upload/drive/v3/files",
                  "drive.files.create" },
                { "a batch", "pubsub.googleapis.com", "POST", "/batch",
                  "pubsub.batch" },
                { "gRPC", "pubsub.googleapis.com", "POST",
                  "/google.pubsub.v1.Publisher/Publish", "pubsub.Publisher.Publish" },
                { "nothing", "pubsub.googleapis.com", "GET", "/", "pubsub.other" },
                { "what is no word", "pubsub.googleapis.com", "GET", "/v1/a-b/x",
                  "pubsub.other" },
                { "an unknown HTTP method", "pubsub.googleapis.com", "PURGE",
                  "/v1/topics", "pubsub.topics.other" },
                { "more words than fit", "pubsub.googleapis.com", "GET",
                  "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x/"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x/"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x/"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x/"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x/"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x/"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x",
                  "pubsub.other" },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(65536);
                const struct sp_service_info *s =
                        sp_service_of_host(sp_str_c(rows[i].host));
                struct sp_url_path path;
                struct sp_err e;
                const char *name;

                assert_int_equal(
                        sp_url_path_read(&a, sp_str_c(rows[i].path), &path, &e), 0);
                s = s ? s : sp_service_of_path(&path);
                assert_non_null(s);
                name = sp_service_method(&a, s, sp_str_c(rows[i].method), &path);
                SP_CHECK(rows[i].sentence, name && strcmp(name, rows[i].name) == 0);
        }
}

static void test_table(void **state sp_unused)
{
        const struct sp_service_info *s, *before = NULL;

        for (size_t i = 0; (s = sp_service_info(i)) != NULL; i++, before = s) {
                char host[128];

                SP_CHECK(s->name, !before || strcmp(before->name, s->name) < 0);
                (void)snprintf(host, sizeof(host), "%s.googleapis.com", s->name);
                SP_CHECK(s->name, sp_service_of_host(sp_str_c(host)) == s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hosts),
                cmocka_unit_test(test_methods),
                cmocka_unit_test(test_table),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
