/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/api-coverage.md is written from the method table. This test compares; with
 * SP_WRITE_DOCS=1 it writes instead. Run from the root of the tree.
 */
#include "tests/test.h"

#include <stdlib.h>

#include "daemon/base/buf.h"
#include "daemon/google/call.h"

#define FILE_NAME "docs/api-coverage.md"

static const char head[] =
        "# BigQuery v2 methods\n"
        "\n"
        "Made from the method table in `daemon/google/methods.c`; `make unit` "
        "compares. To write it\n"
        "again: `SP_WRITE_DOCS=1 build/unit/test_google_coverage`.\n"
        "\n"
        "Paths are below `https://bigquery.googleapis.com/bigquery/v2/`. Handling:\n"
        "\n"
        "| word | meaning |\n"
        "|---|---|\n"
        "| query | the statement is parsed, judged, masked, recorded and sent |\n"
        "| own-job | only for the session's own jobs; others are not found |\n"
        "| own-table | only for result tables of the session's own jobs |\n"
        "| read | judged by policy under the action's name; the answer is rebuilt from "
        "known fields |\n"
        "| filter | answered with what is granted, the rest is left out |\n"
        "| deny | recognised by name and refused |\n"
        "\n"
        "On every method `alt=json`, `prettyPrint` and `fields` are accepted and not "
        "sent on: the answer\n"
        "is JSON, compact and whole. Any other parameter that is not listed is refused "
        "by name.\n"
        "`timeoutMs` is cut to 55 s.\n"
        "\n"
        "| action | method | path | handling | parameters |\n"
        "|---|---|---|---|---|\n";

static void build(struct sp_buf *to)
{
        size_t n;
        const struct sp_method_info *m = sp_call_methods(&n);

        assert_int_equal(sp_buf_add(to, sp_str_c(head)), 0);
        for (size_t i = 0; i < n; i++) {
                const char *type, *name;

                assert_int_equal(sp_buf_addf(to, "| %s | %s | `%s` | %s |", m[i].action,
                                             m[i].http_method, m[i].path,
                                             sp_handling_name(m[i].handling)),
                                 0);
                for (size_t k = 0; (name = sp_call_parameter(k, &type)) != NULL; k++)
                        if (m[i].parameters & 1u << k)
                                assert_int_equal(sp_buf_addf(to, " `%s`", name), 0);
                assert_int_equal(sp_buf_add(to, SP_STR(" |\n")), 0);
        }
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
