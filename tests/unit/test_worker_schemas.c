/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are masked by position: what counts as the same columns, before and after they were read. */
#include "tests/test.h"

#include "daemon/worker/schemas.h"

static const struct sp_column street[] = {
        { SP_STR("street"), SP_STR("STRING"), SP_STR(""), NULL, 0 },
        { SP_STR("city"), SP_STR("STRING"), SP_STR(""), NULL, 0 },
};
static const struct sp_column turned[] = {
        { SP_STR("city"), SP_STR("STRING"), SP_STR(""), NULL, 0 },
        { SP_STR("street"), SP_STR("STRING"), SP_STR(""), NULL, 0 },
};
#define ID                                                                             \
        {                                                                              \
                SP_STR("id"), SP_STR("INTEGER"), SP_STR("REQUIRED"), NULL, 0           \
        }
#define SSN                                                                            \
        {                                                                              \
                SP_STR("ssn"), SP_STR("STRING"), SP_STR(""), NULL, 0                   \
        }

static const struct {
        const char *sentence;
        struct sp_column columns[3];
        size_t n;
        struct sp_str kind;
        bool is_same;
} rows[] = {
        { "the same",
          { ID, SSN, { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), street, 2 } },
          3,
          SP_STR("TABLE"),
          true },
        { "two columns changed places",
          { SSN, ID, { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), street, 2 } },
          3,
          SP_STR("TABLE"),
          false },
        { "one went", { ID, SSN }, 2, SP_STR("TABLE"), false },
        { "one has another name",
          { ID,
            { SP_STR("tax"), SP_STR("STRING"), SP_STR(""), NULL, 0 },
            { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), street, 2 } },
          3,
          SP_STR("TABLE"),
          false },
        { "one has another type",
          { ID,
            { SP_STR("ssn"), SP_STR("BYTES"), SP_STR(""), NULL, 0 },
            { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), street, 2 } },
          3,
          SP_STR("TABLE"),
          false },
        { "one became a list",
          { ID,
            { SP_STR("ssn"), SP_STR("STRING"), SP_STR("REPEATED"), NULL, 0 },
            { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), street, 2 } },
          3,
          SP_STR("TABLE"),
          false },
        { "fields changed places",
          { ID, SSN, { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), turned, 2 } },
          3,
          SP_STR("TABLE"),
          false },
        { "a field went",
          { ID, SSN, { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), street, 1 } },
          3,
          SP_STR("TABLE"),
          false },
        { "the table became a view",
          { ID, SSN, { SP_STR("home"), SP_STR("RECORD"), SP_STR(""), street, 2 } },
          3,
          SP_STR("VIEW"),
          false },
};

static void columns_are_the_same_when_nothing_about_them_differs(void **state)
{
        const struct sp_schema before = { SP_STR("p.d.t"), SP_STR("etag 1"),
                                          SP_STR("TABLE"), rows[0].columns, rows[0].n };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                const struct sp_schema after = { SP_STR("p.d.t"), SP_STR("etag 2"),
                                                 rows[i].kind, rows[i].columns,
                                                 rows[i].n };

                SP_CHECK(rows[i].sentence,
                         sp_schema_is_same(&before, &after) == rows[i].is_same);
                SP_CHECK(rows[i].sentence,
                         sp_schema_is_same(&after, &before) == rows[i].is_same);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(columns_are_the_same_when_nothing_about_them_differs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
