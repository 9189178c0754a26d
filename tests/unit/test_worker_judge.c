/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/worker/job.h"
#include "daemon/worker/judge.h"

static const char policy_text[] =
        "version: 1\n"
        "mode: enforce\n"
        "rules:\n"
        "  - name: read\n"
        "    workloads: [ci]\n"
        "    actions: [select]\n"
        "    resources: [\"p.crm.*\", \"p.web.*\"]\n"
        "    verdict: allow\n"
        "  - name: metadata\n"
        "    workloads: [ci]\n"
        "    actions: [select]\n"
        "    resources: [\"p.web.INFORMATION_SCHEMA.*\"]\n"
        "    verdict: allow\n"
        "  - name: write\n"
        "    workloads: [ci]\n"
        "    actions: [insert, create, truncate, update, delete, merge]\n"
        "    resources: [\"p.out.*\"]\n"
        "    verdict: allow\n"
        "  - name: blanket\n"
        "    actions: [update, delete, merge, truncate]\n"
        "    resources: [\"*\"]\n"
        "    when: { where: [absent, always-true] }\n"
        "    verdict: deny\n"
        "masks:\n"
        "  - name: ssn\n"
        "    columns: [\"*.*.*.ssn\"]\n"
        "    mask: redact\n";

struct row {
        const char *sentence, *sql;
        const char *id; /* of the error; NULL: see `verdict` */
        enum sp_verdict verdict;
        const char *accesses; /* "action resource;…", NULL: not looked at */
};

static const struct row rows[] = {
        { "a read of a granted table is allowed", "SELECT id FROM crm.t", NULL,
          SP_VERDICT_ALLOW, "select p.crm.t;" },
        { "a name in full is the same table", "SELECT id FROM `p.crm.t`", NULL,
          SP_VERDICT_ALLOW, "select p.crm.t;" },
        { "every table must be granted", "SELECT 1 FROM crm.t JOIN hr.s USING (id)",
          NULL, SP_VERDICT_DENY, "select p.crm.t;select p.hr.s;" },
        { "a subquery's table counts", "SELECT (SELECT MAX(x) FROM hr.s) FROM crm.t",
          NULL, SP_VERDICT_DENY, NULL },
        { "a CTE is no table", "WITH t AS (SELECT 1 AS a) SELECT a FROM t", NULL,
          SP_VERDICT_ALLOW, "select p;" },
        { "a query of constants is allowed to who may read in the project", "SELECT 1",
          NULL, SP_VERDICT_ALLOW, "select p;" },
        { "an insert writes its target and reads its source",
          "INSERT INTO out.a SELECT * FROM crm.t", NULL, SP_VERDICT_ALLOW,
          "insert p.out.a;select p.crm.t;" },
        { "an update without selection is caught", "UPDATE out.a SET x = 1 WHERE TRUE",
          NULL, SP_VERDICT_DENY, NULL },
        { "a table that another project owns is not granted", "SELECT 1 FROM q.crm.t",
          NULL, SP_VERDICT_DENY, "select q.crm.t;" },
        { "a name without a dataset needs a default one", "SELECT 1 FROM t",
          "sql.no-default-dataset", 0, NULL },
        { "an empty text is refused", " ", "sql.empty", 0, NULL },
        { "two statements are a script", "SELECT 1; SELECT 2", NULL, SP_VERDICT_DENY,
          "script p;" },
        { "a function of a dataset is read, too", "SELECT crm.f(1)", NULL,
          SP_VERDICT_ALLOW, "select p.crm.f;" },
        { "a model function is refused", "SELECT ML.F(1)", "sql.function", 0, NULL },
        { "SAFE. is a prefix, not a name space", "SELECT SAFE.SUBSTR('a', 1)", NULL,
          SP_VERDICT_ALLOW, NULL },
        { "a table function is refused", "SELECT * FROM APPENDS(TABLE crm.t)",
          "sql.table-function", 0, NULL },
        { "a wildcard is allowed where all that it may match is",
          "SELECT * FROM `p.crm.t*`", NULL, SP_VERDICT_ALLOW, "select p.crm.t*;" },
        { "no other wildcard is", "SELECT * FROM `p.hr.t*`", NULL, SP_VERDICT_DENY,
          "select p.hr.t*;" },
        { "a wildcard of everything in a dataset is refused", "SELECT * FROM `p.crm.*`",
          "sql.wildcard", 0, NULL },
        { "nothing is written to a wildcard", "DELETE FROM `p.out.t*` WHERE x = 1",
          "sql.wildcard", 0, NULL },
        { "a decorator is refused", "SELECT * FROM `p.crm.t$2020`", "sql.decorator", 0,
          NULL },
        { "a name of two lines is refused", "SELECT * FROM `p.crm.t\\n*`",
          "sql.table-name", 0, NULL },
        { "metadata of a dataset is denied where no rule names it",
          "SELECT * FROM crm.INFORMATION_SCHEMA.TABLES", NULL, SP_VERDICT_DENY,
          "select p.crm.INFORMATION_SCHEMA.TABLES;" },
        { "and allowed where one does, in any letter case",
          "SELECT * FROM `p.web.information_schema`.columns", NULL, SP_VERDICT_ALLOW,
          "select p.web.INFORMATION_SCHEMA.COLUMNS;" },
        { "metadata that shows texts is refused",
          "SELECT * FROM web.INFORMATION_SCHEMA.VIEWS", "sql.information-schema", 0,
          NULL },
        { "metadata of a region is refused",
          "SELECT * FROM `p.Region-us.INFORMATION_SCHEMA.COLUMNS`",
          "sql.information-schema", 0, NULL },
        { "metadata of nothing is refused", "SELECT * FROM INFORMATION_SCHEMA.TABLES",
          "sql.information-schema", 0, NULL },
        { "nothing is written to metadata",
          "DELETE FROM web.INFORMATION_SCHEMA.TABLES WHERE TRUE",
          "sql.information-schema", 0, NULL },
        { "__TABLES__ is refused", "SELECT * FROM web.__TABLES__",
          "sql.information-schema", 0, NULL },
        { "DDL that is not offered is refused by name",
          "CREATE MATERIALIZED VIEW out.v AS SELECT 1", "sql.kind", 0, NULL },
        { "a view is made in a dataset that may be written to",
          "CREATE VIEW out.v AS SELECT id FROM crm.t", NULL, SP_VERDICT_ALLOW,
          "create p.out.v;select p.crm.t;" },
        { "what it reads counts", "CREATE VIEW out.v AS SELECT x FROM hr.s", NULL,
          SP_VERDICT_DENY, NULL },
        { "and where it is", "CREATE OR REPLACE VIEW crm.v AS SELECT id FROM crm.t",
          NULL, SP_VERDICT_DENY, NULL },
        { "a temporary view is refused", "CREATE TEMP VIEW v AS SELECT 1; SELECT 1",
          "sql.kind", 0, NULL },
        { "a truncate that chooses rows is not BigQuery's",
          "TRUNCATE TABLE out.a WHERE ssn = '1'", "sql.opaque", 0, NULL },
        { "dynamic SQL is refused", "EXECUTE IMMEDIATE x", "sql.opaque", 0, NULL },
};

struct given {
        struct sp_policy *policy;
        struct sp_arena arena;
        struct sp_bq_query query;
        struct sp_call call;
        struct sp_principal who;
        struct sp_judge_input in;
};

static void give(struct given *g, const char *sql)
{
        const struct sp_policy_file file = { SP_STR("p.yaml"), sp_str_c(policy_text) };
        struct sp_err e = SP_ERR_NULL;

        *g = (struct given){ .arena = SP_ARENA_INIT(1 << 22) };
        if (sp_policy_load(&file, 1, NULL, 0, &g->policy, &e) < 0)
                fail_msg("%s %s", e.where, e.what);
        g->query.sql = sp_str_c(sql);
        g->call.project = SP_STR("p");
        g->call.action = "bigquery.jobs.query";
        g->call.handling = SP_HANDLING_QUERY;
        g->call.query = &g->query;
        g->who.workload = SP_STR("ci");
        g->in = (struct sp_judge_input){
                .call = &g->call, .who = &g->who, .policy = g->policy, .now_us = 1
        };
}

static void take(struct given *g)
{
        sp_arena_done(&g->arena);
        (void)sp_policy_unref(g->policy);
}

static void check_accesses(const struct row *r, const struct sp_judgement *j)
{
        sp_autobuf b = SP_BUF_INIT(4096);

        for (size_t i = 0; i < j->n_accesses; i++)
                assert_int_equal(sp_buf_addf(&b, "%.*s %.*s;",
                                             SP_FMT(j->accesses[i].action),
                                             SP_FMT(j->accesses[i].resource)),
                                 0);
        if (r->accesses && !sp_str_eq(sp_buf_str(&b), sp_str_c(r->accesses)))
                fail_msg("%s: %.*s", r->sentence, SP_FMT(sp_buf_str(&b)));
}

static void statements_are_judged_by_what_they_touch(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_judgement j;
                struct sp_err e = SP_ERR_NULL;
                struct given g;
                int r;

                give(&g, rows[i].sql);
                r = sp_judge_read(&g.arena, &g.in, &j, &e);
                if (rows[i].id) {
                        SP_CHECK(rows[i].sentence,
                                 r < 0 && strcmp(e.id, rows[i].id) == 0);
                } else {
                        if (r < 0)
                                fail_msg("%s: %s %s", rows[i].sentence, e.id, e.what);
                        SP_CHECK(rows[i].sentence,
                                 sp_judge_decide(&g.in, &j).verdict == rows[i].verdict);
                        check_accesses(&rows[i], &j);
                }
                take(&g);
        }
}

static void a_job_in_a_project_that_no_rule_names_is_refused(void **state)
{
        struct sp_judgement j;
        struct sp_err e = SP_ERR_NULL;
        struct given g;

        (void)state;
        give(&g, "SELECT id FROM `p`.crm.t");
        g.call.project = SP_STR("attacker");
        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, &e), -EPERM);
        assert_string_equal(e.id, "judge.project");
        take(&g);
}

static void a_destination_table_is_a_write_and_truncating_it_has_no_where(void **state)
{
        struct sp_judgement j;
        struct given g;

        (void)state;
        give(&g, "SELECT 1");
        g.query.destination_dataset = SP_STR("out");
        g.query.destination_table = SP_STR("a");
        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, NULL), 0);
        assert_int_equal(sp_judge_decide(&g.in, &j).verdict, SP_VERDICT_ALLOW);
        g.query.destination_dataset = SP_STR("crm");
        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, NULL), 0);
        assert_int_equal(sp_judge_decide(&g.in, &j).verdict, SP_VERDICT_DENY);
        g.query.destination_dataset = SP_STR("out");
        g.query.write_disposition = SP_STR("WRITE_TRUNCATE");
        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, NULL), 0);
        assert_int_equal(sp_judge_decide(&g.in, &j).verdict, SP_VERDICT_DENY);
        take(&g);
}

static void a_written_target_needs_no_schema_and_a_read_table_does(void **state)
{
        static const struct {
                const char *sql;
                size_t n;
        } cases[] = {
                { "CREATE TABLE out.a AS SELECT 1 AS x", 0 },
                { "INSERT INTO out.a (x) VALUES (1)", 0 },
                { "INSERT INTO out.a SELECT * FROM crm.t", 1 },
                { "UPDATE out.a SET x = 1 WHERE id = 3", 1 },
                { "SELECT * FROM crm.t, crm.t AS u", 1 },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(cases); i++) {
                struct sp_judgement j;
                struct given g;

                give(&g, cases[i].sql);
                assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, NULL), 0);
                SP_CHECK(cases[i].sql, j.n_needs_schema == cases[i].n);
                take(&g);
        }
}

static void a_table_read_without_sql_is_a_select_of_it(void **state)
{
        struct sp_err e = SP_ERR_NULL;
        struct sp_judgement j;
        struct given g;

        (void)state;
        give(&g, "");
        g.call.query = NULL;
        g.call.action = "bigquery.tabledata.list";
        g.call.dataset = SP_STR("crm");
        g.call.table = SP_STR("t");
        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, &e), 0);
        assert_int_equal(j.n_accesses, 1);
        assert_true(sp_str_eq(j.accesses[0].action, SP_STR("select")));
        assert_true(sp_str_eq(j.accesses[0].resource, SP_STR("p.crm.t")));
        assert_int_equal(j.n_needs_schema, 1);
        assert_true(sp_str_eq(j.needs_schema[0], SP_STR("p.crm.t")));
        take(&g);
}

static void memory_that_runs_out_is_an_error_at_every_size(void **state)
{
        int r = -1;

        (void)state;
        for (size_t max = 64; r < 0; max += 64) {
                struct sp_judgement j;
                struct sp_err e = SP_ERR_NULL;
                struct given g;

                give(&g,
                     "SELECT a.id FROM crm.t AS a JOIN crm.u USING (id) WHERE a.x > 1");
                g.arena.max_bytes = max;
                r = sp_judge_read(&g.arena, &g.in, &j, &e);
                if (r < 0)
                        assert_non_null(e.id);
                take(&g);
        }
        assert_int_equal(r, 0);
}

static void a_text_touches_a_thousand_tables_at_most(void **state)
{
        (void)state;
        for (int n = 1000; n <= 1001; n++) {
                sp_autobuf b = SP_BUF_INIT(64 * 1024);
                struct sp_err e = SP_ERR_NULL;
                struct sp_judgement j;
                struct given g;

                assert_int_equal(sp_buf_addf(&b, "SELECT 1"), 0);
                for (int i = 0; i < n; i++)
                        assert_int_equal(sp_buf_addf(&b, ",(SELECT 1 FROM crm.t%d)", i),
                                         0);
                give(&g, "");
                g.query.sql = sp_buf_str(&b);
                if (n == 1000) {
                        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, &e), 0);
                        assert_int_equal(j.n_needs_schema, 1000);
                } else {
                        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, &e),
                                         -EPERM);
                        assert_string_equal(e.id, "judge.too-many-tables");
                }
                take(&g);
        }
}

static void what_is_kept_of_a_job_reads_back_the_same(void **state)
{
        const struct sp_job j = { .project = SP_STR("p"),
                                  .id = SP_STR("j"),
                                  .location = SP_STR("US"),
                                  .workload = SP_STR("ci"),
                                  .iss = SP_STR("https://i"),
                                  .sub = SP_STR("s"),
                                  .sql = SP_STR("SELECT '\"\n'"),
                                  .is_rewritten = true,
                                  .outputs = SP_STR("{\"schema\":[]}"),
                                  .approval = SP_STR("A"),
                                  .created_ms = 17 };
        const struct sp_principal owner = { .workload = SP_STR("ci"),
                                            .iss = SP_STR("https://i"),
                                            .sub = SP_STR("s") },
                                  other = { .workload = SP_STR("ci") };
        struct sp_arena a = SP_ARENA_INIT(1 << 16);
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_job back;

        (void)state;
        assert_int_equal(sp_job_write(&j, &b), 0);
        assert_int_equal(sp_job_read(&a, sp_buf_str(&b), &back), 0);
        assert_true(sp_str_eq(back.sql, j.sql) && sp_str_eq(back.approval, j.approval));
        assert_true(back.is_rewritten && sp_str_eq(back.outputs, j.outputs));
        assert_int_equal(back.created_ms, 17);
        assert_true(sp_job_is_owner(&back, &owner));
        assert_false(sp_job_is_owner(&back, &other));
        assert_int_equal(sp_job_read(&a, SP_STR("{}"), &back), -EBADMSG);
        sp_arena_done(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(statements_are_judged_by_what_they_touch),
                cmocka_unit_test(a_job_in_a_project_that_no_rule_names_is_refused),
                cmocka_unit_test(
                        a_destination_table_is_a_write_and_truncating_it_has_no_where),
                cmocka_unit_test(
                        a_written_target_needs_no_schema_and_a_read_table_does),
                cmocka_unit_test(a_table_read_without_sql_is_a_select_of_it),
                cmocka_unit_test(memory_that_runs_out_is_an_error_at_every_size),
                cmocka_unit_test(a_text_touches_a_thousand_tables_at_most),
                cmocka_unit_test(what_is_kept_of_a_job_reads_back_the_same),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
