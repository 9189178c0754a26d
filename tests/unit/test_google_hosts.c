/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/google/hosts.h"

static void test_service(void **state sp_unused)
{
        static const struct {
                const char *sentence, *host;
                enum sp_service service;
                bool is_google;
        } rows[] = {
                { "BigQuery's own name", "bigquery.googleapis.com", SP_SERVICE_BIGQUERY,
                  true },
                { "a regional name", "bigquery.europe-west3.rep.googleapis.com",
                  SP_SERVICE_BIGQUERY, true },
                { "a regional name with two labels is unknown",
                  "bigquery.a.b.rep.googleapis.com", SP_SERVICE_UNKNOWN, true },
                { "a regional name without a label is unknown",
                  "bigquery.rep.googleapis.com", SP_SERVICE_UNKNOWN, true },
                { "private service connect", "bigquery-x1.p.googleapis.com",
                  SP_SERVICE_BIGQUERY, true },
                { "the mTLS name", "bigquery.mtls.googleapis.com", SP_SERVICE_BIGQUERY,
                  true },
                { "the old root", "www.googleapis.com", SP_SERVICE_GOOGLEAPIS, true },
                { "tokens", "oauth2.googleapis.com", SP_SERVICE_OAUTH2, true },
                { "token exchange", "sts.googleapis.com", SP_SERVICE_STS, true },
                { "impersonation", "iamcredentials.googleapis.com",
                  SP_SERVICE_IAMCREDENTIALS, true },
                { "Cloud Storage", "storage.googleapis.com", SP_SERVICE_STORAGE, true },
                { "Cloud Storage's regional name",
                  "storage.europe-west3.rep.googleapis.com", SP_SERVICE_STORAGE, true },
                { "Cloud Storage's private endpoint", "storage-x.p.googleapis.com",
                  SP_SERVICE_STORAGE, true },
                { "a bucket's own name is unknown", "b.storage.googleapis.com",
                  SP_SERVICE_UNKNOWN, true },
                { "the Storage API is Google's and unknown",
                  "bigquerystorage.googleapis.com", SP_SERVICE_UNKNOWN, true },
                { "the bare suffix is Google's", "googleapis.com", SP_SERVICE_UNKNOWN,
                  true },
                { "a name that only ends alike is not", "evilgoogleapis.com",
                  SP_SERVICE_NOT_GOOGLE, false },
                { "a name that only begins alike is not", "googleapis.com.example.org",
                  SP_SERVICE_NOT_GOOGLE, false },
                { "another name", "example.org", SP_SERVICE_NOT_GOOGLE, false },
                { "the metadata name", "metadata.google.internal", SP_SERVICE_METADATA,
                  true },
                { "the metadata address", "169.254.169.254", SP_SERVICE_METADATA,
                  false },
                { "the IPv6 metadata address", "fd20:ce::254", SP_SERVICE_METADATA,
                  false },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                SP_CHECK(rows[i].sentence,
                         sp_host_service(sp_str_c(rows[i].host)) == rows[i].service);
                SP_CHECK(rows[i].sentence, sp_host_is_google(sp_str_c(rows[i].host)) ==
                                                   rows[i].is_google);
        }
}

static void test_canonical(void **state sp_unused)
{
        static const struct {
                const char *sentence, *from, *to; /* to NULL: refused */
        } rows[] = {
                { "upper case is lowered", "BigQuery.GoogleAPIs.com",
                  "bigquery.googleapis.com" },
                { "a port is taken off", "a.example:443", "a.example" },
                { "a trailing dot is taken off", "a.example.", "a.example" },
                { "dot and port", "a.example.:8443", "a.example" },
                { "an IPv6 literal loses its brackets", "[FD20:CE::254]:80",
                  "fd20:ce::254" },
                { "nothing", "", NULL },
                { "only a dot", ".", NULL },
                { "only a port", ":443", NULL },
                { "an empty label", "a..b", NULL },
                { "two trailing dots", "a..", NULL },
                { "an underscore", "a_b.c", NULL },
                { "a space", "a b", NULL },
                { "user information", "x@a.example", NULL },
                { "a port that is no number", "a:4x", NULL },
                { "an empty port", "a:", NULL },
                { "a long port", "a:123456", NULL },
                { "a bracket without end", "[::1", NULL },
                { "letters in an IPv6 literal", "[::g]", NULL },
                { "non-ASCII", "b\xc3\xbc.example", NULL },
        };
        char to[254];
        struct sp_str s;

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                int e = sp_host_canonical(sp_str_c(rows[i].from), to, &s);

                SP_CHECK(rows[i].sentence, (e == 0) == (rows[i].to != NULL));
                if (rows[i].to)
                        SP_CHECK(rows[i].sentence, sp_str_eq(s, sp_str_c(rows[i].to)));
        }
}

static void test_canonical_limits(void **state sp_unused)
{
        char host[300], to[254];
        struct sp_str s;

        for (size_t n = 1; n < sizeof(host); n++) {
                for (size_t i = 0; i < n; i++)
                        host[i] = i % 50 == 49 ? '.' : 'a';
                SP_CHECK("253 bytes and a dot are the most",
                         (sp_host_canonical(sp_str(host, n), to, &s) == 0) ==
                                 (n <= 253));
        }
        memset(host, 'a', 64);
        SP_CHECK("a label of 64", sp_host_canonical(sp_str(host, 64), to, &s) < 0);
        SP_CHECK("a label of 63", sp_host_canonical(sp_str(host, 63), to, &s) == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_service),
                cmocka_unit_test(test_canonical),
                cmocka_unit_test(test_canonical_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
