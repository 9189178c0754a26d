/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <time.h>

#include "daemon/google/message.h"
#include "daemon/mask/places.h"

#define GENERIC(at)                                                                    \
        "BigQuery refused the statement" at                                            \
        "; its message is about the masked form of it and is not shown"

/* The agent's text, and what was put in for its table. */
static const char sql[] =
        "SELECT\tc.nmae, c.ssn\nFROM crm.customers c\nWHERE c.id = 'x' "
        "-- ann@example.com";
static const char subquery[] =
        "(SELECT id, '[redacted]' AS ssn\nFROM `p.crm.customers`)";
#define TABLES "p.crm.customers\np.log.events_*\n"

struct row {
        const char *sentence, *in, *want;
};

/* Of a statement that was rewritten. */
static const struct row rewritten[] = {
        { "a place before what was put in",
          "Unrecognized name: nmae; Did you mean name? at [1:11]",
          "Unrecognized name: nmae; Did you mean name? at [1:11]" },
        { "a place inside it is that of the table",
          "Syntax error: Unexpected identifier at [3:6]",
          "Syntax error: Unexpected identifier at [2:6]" },
        { "a place on its last line, behind it", "Unrecognized name: q at [3:25]",
          "Unrecognized name: q at [2:20]" },
        { "a place on a later line",
          "No matching signature for operator = for argument types: INT64, STRING. "
          "Supported "
          "signature: ANY = ANY at [4:7]",
          "No matching signature for operator = for argument types: INT64, STRING. "
          "Supported "
          "signature: ANY = ANY at [3:7]" },
        { "a place that the text does not have", "Unrecognized name: q at [9:1]",
          "Unrecognized name: q" },
        { "what is in brackets and no place",
          "Unrecognized name: a[1:x] and [12] at [1:1]",
          "Unrecognized name: a[1:x] and [12] at [1:1]" },
        { "a type error", "Could not cast literal \"x\" to type INT64 at [4:14]",
          "Could not cast literal \"x\" to type INT64 at [3:14]" },
        { "a missing field",
          "Field name zip does not exist in STRUCT<city STRING> at [1:1]",
          "Field name zip does not exist in STRUCT<city STRING> at [1:1]" },
        { "an aggregate",
          "SELECT list expression references c.ssn which is neither grouped nor "
          "aggregated at [1:17]",
          "SELECT list expression references c.ssn which is neither grouped nor "
          "aggregated at "
          "[1:17]" },
        { "a value of a masked column", "Bad int64 value: 900-[redacted]",
          GENERIC("") },
        { "another value", "Bad int64 value: x", "Bad int64 value: x" },
        { "a division", "division by zero: 1 / 0", "division by zero: 1 / 0" },
        { "a missing filter",
          "Cannot query over table 'p.log.events_1' without a filter over column(s) "
          "'day' that "
          "can be used for partition elimination",
          "Cannot query over table 'p.log.events_1' without a filter over column(s) "
          "'day' that "
          "can be used for partition elimination" },
        { "a limit",
          "Query exceeded limit for bytes billed: 1000. 20971520 or higher required.",
          "Query exceeded limit for bytes billed: 1000. 20971520 or higher required." },
        { "resources",
          "Resources exceeded during query execution: The query could not be executed "
          "in the "
          "allotted memory.",
          "Resources exceeded during query execution: The query could not be executed "
          "in the "
          "allotted memory." },
        { "a quota and where it is explained",
          "Quota exceeded: Your table exceeded quota for imports. For more "
          "information, see "
          "https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
          "Quota exceeded: Your table exceeded quota for imports. For more "
          "information, see "
          "https://cloud.google.com/bigquery/docs/troubleshoot-quotas" },
        { "a table that the agent names",
          "Not found: Table p:crm.customers was not found in location US",
          "Not found: Table p:crm.customers was not found in location US" },
        { "a table that stands behind a view",
          "Access Denied: Table p:hr.pay: User does not have permission to query table "
          "p:hr.pay, "
          "or perhaps it does not exist.",
          "Access Denied: Table [a table]: User does not have permission to query "
          "table [a "
          "table], or perhaps it does not exist." },
        { "its data set", "Not found: Dataset p:hr was not found in location US",
          "Not found: Dataset [a dataset] was not found in location US" },
        { "the agent's own data set",
          "Not found: Dataset p:crm was not found in location US",
          "Not found: Dataset p:crm was not found in location US" },
        { "the gateway's account",
          "Access Denied: Project p: User sa-gw@p.iam.gserviceaccount.com does not "
          "have "
          "bigquery.jobs.create permission in project p.",
          "Access Denied: Project p: User [an account] does not have "
          "bigquery.jobs.create "
          "permission in project p." },
        { "an address that the agent wrote", "Bad int64 value: ann@example.com",
          "Bad int64 value: ann@example.com" },
        { "one that it did not write", "Bad int64 value: eve@example.com",
          "Bad int64 value: [an account]" },
        { "a job of one's own", "Already Exists: Job p:US.mine-1",
          "Already Exists: Job p:US.mine-1" },
        { "the salt", "Query parameter 'sallyport_salt' not found at [3:1]",
          GENERIC(" at [2:6]") },
        { "the text that was put in",
          "Syntax error: in (SELECT id, '[redacted]' AS ssn FROM `p.crm.customers`) at "
          "[2:6]",
          GENERIC(" at [2:6]") },
        { "a shape that is not known",
          "Something new about t in p.hr.pay at [4:7] and [1:1]",
          GENERIC(" at [3:7]") },
        { "a shape that is not known, without a place", "Something new", GENERIC("") },
        { "a known shape in a frame", "Query error: Division by zero at [1:1]",
          "Query error: Division by zero at [1:1]" },
};

/* Of one that was sent as it is. */
static const struct row plain[] = {
        { "any shape passes, with its places", "Something new about c at [9:9]",
          "Something new about c at [9:9]" },
        { "accounts do not", "Job by user:boss@corp.example failed.",
          "Job by [an account] failed." },
        { "nor do tables that the text does not name",
          "view reads p:hr.pay.salary and p.hr.pay.",
          "view reads [a table] and [a table]." },
        { "those that it names do, with their columns",
          "in p:crm.customers.ssn, p.log.events_7",
          "in p:crm.customers.ssn, p.log.events_7" },
        { "a time is no table", "at 12:30.5, 2024-01-01 10:00:00.5 and 1.2.3",
          "at 12:30.5, 2024-01-01 10:00:00.5 and 1.2.3" },
};

static void check(const struct row *rows, size_t n, bool is_rewritten)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
        sp_autobuf places = SP_BUF_INIT(SP_PLACES_TEXT_MAX);
        const char *at = strstr(sql, "crm.customers");
        const struct sp_mask_splice splice = {
                .span = { (uint32_t)(at - sql), (uint32_t)(at - sql) + 13 },
                .text = sp_str_c(subquery),
        };
        struct sp_answer_own own = { .sql = sp_str_c(sql),
                                     .is_rewritten = is_rewritten,
                                     .tables = SP_STR(TABLES) };

        assert_int_equal(sp_places_write(own.sql, &splice, 1, &places), 0);
        own.places = sp_buf_str(&places);
        for (size_t i = 0; i < n; i++) {
                struct sp_str got = sp_message_clean(&a, &own, sp_str_c(rows[i].in));

                if (!sp_str_eq(got, sp_str_c(rows[i].want)))
                        print_message("%.*s\n", SP_FMT(got));
                SP_CHECK(rows[i].sentence, sp_str_eq(got, sp_str_c(rows[i].want)));
        }
}

static void
of_a_rewritten_statement_known_shapes_pass_in_the_agents_places(void **state sp_unused)
{
        check(rewritten, SP_ARRAY_SIZE(rewritten), true);
}

static void
of_any_statement_accounts_and_other_tables_do_not_pass(void **state sp_unused)
{
        check(plain, SP_ARRAY_SIZE(plain), false);
}

static void without_a_statement_only_accounts_are_taken_out(void **state sp_unused)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 16);

        assert_true(
                sp_str_eq(sp_message_clean(&a, NULL, SP_STR("p:d.t of x@y.z at [1:2]")),
                          SP_STR("p:d.t of [an account] at [1:2]")));
        assert_true(sp_str_eq(sp_message_clean(&a, NULL, SP_STR("")), SP_STR("")));
}

static void
a_job_without_names_shows_tables_unless_it_was_rewritten(void **state sp_unused)
{
        struct sp_answer_own own = { .sql = SP_STR("SELECT 1") };

        assert_true(sp_message_is_own_table(&own, SP_STR("p.d.t")));
        own.is_rewritten = true;
        assert_false(sp_message_is_own_table(&own, SP_STR("p.d.t")));
        own.tables = SP_STR("p.d.t\n");
        assert_true(sp_message_is_own_table(&own, SP_STR("p.d.t")));
        assert_false(sp_message_is_own_table(&own, SP_STR("p.d.tt")));
        assert_false(sp_message_is_own_table(&own, SP_STR("p.d.")));
}

/* The words come from the agent too (ERROR), and the statement may have a megabyte. */
static void a_message_of_many_words_is_searched_for_only_a_few(void **state sp_unused)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(8 << 20);
        char *text = test_malloc(1 << 20), words[2048];
        struct sp_answer_own own = { .sql = sp_str(text, 1 << 20),
                                     .tables = SP_STR(TABLES) };
        clock_t began;
        struct sp_str got;

        memset(text, 'q', 1 << 20);
        memcpy(text + (1 << 20) - 6, "me@b.c", 6);
        got = sp_message_clean(&a, &own, SP_STR("for me@b.c"));
        assert_true(sp_str_eq(got, SP_STR("for me@b.c")));
        memset(words, ' ', sizeof(words));
        for (size_t i = 0; i + 4 < sizeof(words) - 8; i += 4)
                memcpy(words + i, "q@z", 3);
        memcpy(words + sizeof(words) - 6, "me@b.c", 6);
        began = clock();
        got = sp_message_clean(&a, &own, sp_str(words, sizeof(words)));
        assert_true((clock() - began) / CLOCKS_PER_SEC < 1);
        /* what was not looked for does not pass */
        assert_true(sp_str_ends(got, SP_STR(" [an account]")));
        test_free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(
                        of_a_rewritten_statement_known_shapes_pass_in_the_agents_places),
                cmocka_unit_test(
                        of_any_statement_accounts_and_other_tables_do_not_pass),
                cmocka_unit_test(a_message_of_many_words_is_searched_for_only_a_few),
                cmocka_unit_test(without_a_statement_only_accounts_are_taken_out),
                cmocka_unit_test(
                        a_job_without_names_shows_tables_unless_it_was_rewritten),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
