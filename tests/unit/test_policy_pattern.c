/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/actions.h"
#include "daemon/policy/pattern.h"
#include "tests/test.h"

static const struct {
        const char *sentence, *pattern, *text;
        bool covers, meets;
} globs[] = {
        { "a name matches itself", "orders", "orders", true, true },
        { "a name does not match another", "orders", "order", false, false },
        { "a star matches nothing at all", "orders*", "orders", true, true },
        { "a star matches a run", "o*s", "orders", true, true },
        { "two stars need the middle", "*pi*", "my_pii_table", true, true },
        { "a question mark is one character", "caf?", "caf\xC3\xA9", true, true },
        { "a question mark is not nothing", "caf?", "caf", false, true },
        { "a wildcard table is covered by a wider pattern", "ev*", "events_*", true,
          true },
        { "a narrower pattern does not cover a wildcard table", "events_2*", "events_*",
          false, true },
        { "a literal prefix does not cover a wildcard", "events_", "events_*", false,
          true },
        { "suffix pattern and prefix wildcard can meet", "*_private", "events_*", false,
          true },
        { "different beginnings never meet", "a*", "b*", false, false },
        { "different ends never meet", "*a", "*b", false, false },
        { "a question mark does not cover a star", "e?", "e*", false, true },
        { "a star covers a question mark", "e*", "e?", true, true },
        { "an empty pattern matches only the empty name", "", "", true, true },
};

static void test_globs(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(globs); i++) {
                struct sp_str p = sp_str_c(globs[i].pattern),
                              t = sp_str_c(globs[i].text);

                SP_CHECK(globs[i].sentence,
                         sp_pattern_covers(p, t, false) == globs[i].covers);
                SP_CHECK(globs[i].sentence,
                         sp_pattern_meets(p, t, false) == globs[i].meets);
                SP_CHECK(globs[i].sentence,
                         sp_pattern_meets(t, p, false) == globs[i].meets);
        }
}

static const struct {
        const char *sentence, *pattern, *name;
        bool catches, grants;
} folds[] = {
        { "ASCII letter case", "p.d.T", "p.d.t", true, false },
        { "another letter case", "p.d.\u00e9t\u00e9", "p.d.\u00c9T\u00c9", true,
          false },
        { "another normal form", "p.d.\u00e9", "p.d.e\u0301", true, false },
        { "a wildcard table", "p.d.\u00e9t\u00e9_2026", "p.d.\u00c9T*", true, false },
        { "another wildcard table", "p.d.\u00e9t\u00e9_2026", "p.d.\u00c9D*", false,
          false },
        { "the same", "p.d.\u00e9", "p.d.\u00e9", true, true },
        { "another", "p.d.\u00e9", "p.d.e", false, false },
        { "metadata in letters of another kind", "p.*.*",
          "p.d.INFORMATION_\u017fCHEMA.COLUMNS", true, false },
};

/* What is refused or masked goes by the name, what is granted by its letters. */
static void test_letter_case(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(folds); i++) {
                struct sp_resource_pattern p = { sp_str_c(folds[i].pattern) };
                struct sp_resource r = sp_resource_split(sp_str_c(folds[i].name));

                p.r = sp_resource_split(p.text);
                SP_CHECK(folds[i].sentence,
                         sp_resource_catches(&p, &r, false) == folds[i].catches);
                SP_CHECK(folds[i].sentence,
                         sp_resource_grants(&p, &r) == folds[i].grants);
        }
}

/* Every pair of short patterns against every short name: the two relations are sound.
 */
static void test_relations_are_sound(void **state sp_unused)
{
        static const char alphabet[] = "ab*?";
        char patterns[4 + 16 + 64 + 1][4] = { "" };
        char names[2 + 4 + 8 + 1][4] = { "" };
        size_t n = 1, n_names = 1;

        for (size_t from = 0, end = 1, len = 0; len < 3; len++, from = end, end = n)
                for (size_t i = from; i < end; i++)
                        for (size_t c = 0; c < 4; c++)
                                (void)snprintf(patterns[n++], 4, "%s%c", patterns[i],
                                               alphabet[c]);
        for (size_t from = 0, end = 1, len = 0; len < 3;
             len++, from = end, end = n_names)
                for (size_t i = from; i < end; i++)
                        for (size_t c = 0; c < 2; c++)
                                (void)snprintf(names[n_names++], 4, "%s%c", names[i],
                                               alphabet[c]);
        assert_int_equal(n, 85);
        for (size_t a = 0; a < n; a++)
                for (size_t b = 0; b < n; b++) {
                        struct sp_str pa = sp_str_c(patterns[a]),
                                      pb = sp_str_c(patterns[b]);

                        for (size_t k = 0; k < n_names; k++) {
                                struct sp_str name = sp_str_c(names[k]);
                                bool in_a = sp_pattern_covers(pa, name, false);
                                bool in_b = sp_pattern_covers(pb, name, false);

                                if (sp_pattern_covers(pa, pb, false) && in_b)
                                        SP_CHECK(patterns[a], in_a);
                                if (in_a && in_b)
                                        SP_CHECK(patterns[a],
                                                 sp_pattern_meets(pa, pb, false));
                        }
                }
}

static const struct {
        const char *sentence, *pattern, *resource;
        bool grants, catches, catches_inside;
} resources[] = {
        { "a table pattern matches its table", "p.d.t", "p.d.t", true, true, true },
        { "a dataset pattern holds all its tables", "p.d", "p.d.t", true, true, true },
        { "a project pattern holds everything in it", "p", "p.d.t", true, true, true },
        { "a star is everything", "*", "p.d.t", true, true, true },
        { "a table pattern is not the dataset, unless it is changed as a whole",
          "p.d.t", "p.d", false, false, true },
        { "another dataset is another dataset", "p.e.*", "p.d", false, false, false },
        { "letter case matters to grant, not to catch", "p.d.Orders", "p.d.orders",
          false, true, true },
        { "a star does not cross a dot", "p.*", "p.d.t", true, true, true },
        { "two parts of a pattern are project and dataset", "*.t", "p.d.t", false,
          false, false },
        { "a star grants no INFORMATION_SCHEMA", "p.d.*",
          "p.d.INFORMATION_SCHEMA.TABLES", false, true, true },
        { "nor does everything", "*", "p.region-us.INFORMATION_SCHEMA.JOBS", false,
          true, true },
        { "a pattern that names INFORMATION_SCHEMA does",
          "p.d.INFORMATION_SCHEMA.COLUMNS", "p.d.INFORMATION_SCHEMA.COLUMNS", true,
          true, true },
        { "and only the view it names", "p.d.INFORMATION_SCHEMA.COLUMNS",
          "p.d.INFORMATION_SCHEMA.VIEWS", false, false, false },
        { "old metadata tables are no ordinary tables", "p.d.*", "p.d.__TABLES__",
          false, true, true },
        { "a domain project keeps its dot", "example.com:p.d.t", "example.com:p.d.t",
          true, true, true },
        { "a partition is caught with its table", "p.d.t", "p.d.t$20260101", false,
          true, true },
        { "a wildcard table is granted only as a whole", "p.d.events_2026*",
          "p.d.events_*", false, true, true },
        { "a bucket", "gs://acme-reports", "gs://acme-reports", true, true, true },
        { "buckets by a pattern, whose dots are their own", "gs://*.example.com",
          "gs://a.example.com", true, true, true },
        { "another bucket", "gs://acme-reports", "gs://acme-reports2", false, false,
          false },
        { "a star grants no bucket, and catches all", "*", "gs://acme-reports", false,
          true, true },
        { "nor do three", "*.*.*", "gs://acme-reports", false, true, true },
        { "a pattern of projects is of no bucket", "g*", "gs://acme-reports", false,
          false, false },
        { "a bucket's pattern is of no project", "gs://*", "gs.d.t", false, false,
          false },
        { "a wildcard table inside a pattern is granted", "p.d.events*",
          "p.d.events_2026*", true, true, true },
};

static void test_resources(void **state sp_unused)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(resources); i++) {
                struct sp_resource_pattern p = { .text = sp_str_c(
                                                         resources[i].pattern) };
                struct sp_resource r =
                        sp_resource_split(sp_str_c(resources[i].resource));

                p.r = sp_resource_split(p.text);
                assert_null(sp_resource_check(p.text));
                SP_CHECK(resources[i].sentence,
                         sp_resource_grants(&p, &r) == resources[i].grants);
                SP_CHECK(resources[i].sentence,
                         sp_resource_catches(&p, &r, false) == resources[i].catches);
                SP_CHECK(resources[i].sentence, sp_resource_catches(&p, &r, true) ==
                                                        resources[i].catches_inside);
        }
}

static void test_actions(void **state sp_unused)
{
        struct sp_action_set set;
        size_t methods = 0;

        for (unsigned i = 0; i < SP_ACTIONS_MAX; i++) {
                const char *name = sp_action_name(i);

                if (!name)
                        continue;
                SP_CHECK(name, sp_action_number(sp_str_c(name)) == (int)i);
                methods += !sp_action_is_sql(i);
        }
        assert_int_equal(methods, 47 + 3);
        assert_int_equal(sp_action_number(SP_STR("bigquery.tables")), -1);
        assert_int_equal(sp_action_number(SP_STR("SELECT")), -1);
        assert_int_equal(sp_action_number(SP_STR("unknown")), -1);
        assert_false(sp_action_pattern(SP_STR("bigquery.nothing.*"), &set));
        assert_false(sp_action_pattern(SP_STR("sel*"), &set));
        assert_true(sp_action_pattern(SP_STR("bigquery.*"), &set));
        assert_false(sp_action_has(&set, SP_SQL_SELECT));
        assert_true(sp_action_pattern(SP_STR("*"), &set));
        assert_true(sp_action_has(&set, SP_SQL_DROP));
        assert_false(sp_action_has(&set, SP_SQL_UNKNOWN));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_globs),
                cmocka_unit_test(test_letter_case),
                cmocka_unit_test(test_relations_are_sound),
                cmocka_unit_test(test_resources),
                cmocka_unit_test(test_actions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
