/* SPDX-License-Identifier: Apache-2.0 */
/* Which stored functions are called, and which are refused for what their bodies do. */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/worker/judge.h"

static const char policy_text[] =
        "version: 1\n"
        "rules:\n"
        "  - { name: read, actions: [select, create, script], resources: [p], verdict: "
        "allow }\n"
        "  - { name: js, workloads: [js], actions: [create-temp-js], resources: [p], "
        "verdict: allow }\n"
        "  - { name: no, actions: [select], resources: [p.closed], verdict: deny }\n"
        "masks:\n"
        "  - { name: ssn, columns: [\"*.*.*.ssn\"], mask: redact }\n";

#define SQL "\"routineType\":\"SCALAR_FUNCTION\",\"language\":\"SQL\","
#define JS "\"routineType\":\"SCALAR_FUNCTION\",\"language\":\"JAVASCRIPT\","

/* What routines.get says; `definition` of the view is that of tables.get. */
static const struct {
        const char *name, *json;
} known[] = {
        { "p.d.low()", "{" SQL "\"definitionBody\":\"LOWER(x)\",\"etag\":\"e1\"}" },
        { "p.d.Low()", "{" SQL "\"definitionBody\":\"AI.GENERATE(x)\"}" },
        { "p.closed.low()", "{" SQL "\"definitionBody\":\"LOWER(x)\"}" },
        { "p.d.bare()",
          "{\"routineType\":\"SCALAR_FUNCTION\",\"definitionBody\":\"x + 1 -- n\"}" },
        { "p.d.mean()", "{\"routineType\":\"AGGREGATE_FUNCTION\",\"language\":\"SQL\","
                        "\"definitionBody\":\"SUM(x) / COUNT(x)\"}" },
        { "p.d.inner()",
          "{" SQL "\"definitionBody\":\"(SELECT MAX(e) FROM UNNEST(l) e)\"}" },
        { "p.d.table()",
          "{" SQL "\"definitionBody\":\"(SELECT MAX(ssn) FROM `p.d.people`)\"}" },
        { "p.d.out()", "{" SQL "\"definitionBody\":\"AI.GENERATE(x)\"}" },
        { "p.d.who()", "{" SQL "\"definitionBody\":\"@@project_number\"}" },
        { "p.d.nest()", "{" SQL "\"definitionBody\":\"p.d.low(p.d.bare(x))\"}" },
        { "p.d.nestbad()", "{" SQL "\"definitionBody\":\"p.d.nest(p.d.out(x))\"}" },
        { "p.d.nestclosed()", "{" SQL "\"definitionBody\":\"p.closed.low(x)\"}" },
        { "p.d.nestdeep()", "{" SQL "\"definitionBody\":\"p.d.nestclosed(x)\"}" },
        { "p.d.nestfar()", "{" SQL "\"definitionBody\":\"q.d.low(x)\"}" },
        { "q.d.low()", "{" SQL "\"definitionBody\":\"LOWER(x)\"}" },
        { "p.d.nestshort()", "{" SQL "\"definitionBody\":\"d.low(x)\"}" },
        { "p.d.loop()", "{" SQL "\"definitionBody\":\"p.d.loop(x)\"}" },
        { "p.d.broken()", "{" SQL "\"definitionBody\":\"LOWER(x\"}" },
        { "p.d.escape()",
          "{" SQL "\"definitionBody\":\"1), (SELECT MAX(ssn) FROM p.d.people\"}" },
        { "p.d.two()", "{" SQL "\"definitionBody\":\"1; SELECT 2\"}" },
        { "p.d.parameter()", "{" SQL "\"definitionBody\":\"CONCAT(x, @p)\"}" },
        { "p.d.empty()", "{" SQL "\"definitionBody\":\"\"}" },
        { "p.d.js()", "{" JS "\"definitionBody\":\"return x\"}" },
        { "p.d.jslib()",
          "{" JS
          "\"definitionBody\":\"return x\",\"importedLibraries\":[\"gs://b/l.js\"]}" },
        { "p.d.py()", "{\"routineType\":\"SCALAR_FUNCTION\",\"language\":\"PYTHON\","
                      "\"definitionBody\":\"x\"}" },
        { "p.d.remote()",
          "{" SQL
          "\"definitionBody\":\"x\",\"remoteFunctionOptions\":{\"endpoint\":\"e\"}}" },
        { "p.d.proc()", "{\"routineType\":\"PROCEDURE\",\"language\":\"SQL\","
                        "\"definitionBody\":\"x\"}" },
        { "p.d.tvf()",
          "{\"routineType\":\"TABLE_VALUED_FUNCTION\",\"language\":\"SQL\","
          "\"definitionBody\":\"SELECT 1\"}" },
};

struct row {
        const char *sentence, *workload, *sql, *id; /* NULL: allowed */
};

static const struct row rows[] = {
        { "one that computes is called", "ci", "SELECT p.d.low(name) FROM d.t", NULL },
        { "in backquotes too", "ci",
          "SELECT `p.d.low`(name), `p`.d.`low`(name) FROM d.t", NULL },
        { "without its project in a query", "ci", "SELECT d.low(name) FROM d.t", NULL },
        { "a name's letters count", "ci", "SELECT p.d.Low(name) FROM d.t",
          "sql.function" },
        { "without a table there is something to decide", "ci", "SELECT p.d.low('x')",
          NULL },
        { "its dataset must be granted", "ci", "SELECT p.closed.low(name) FROM d.t",
          "policy.denied" },
        { "another project must be, too", "ci", "SELECT q.d.low(name) FROM d.t",
          "policy.no-rule" },
        { "a body that ends in a comment is read", "ci", "SELECT p.d.bare(id) FROM d.t",
          NULL },
        { "an aggregate is called", "ci", "SELECT p.d.mean(id) FROM d.t", NULL },
        { "a list is no table", "ci", "SELECT p.d.inner([1]) FROM d.t", NULL },
        { "in the definition of another, with its project", "ci",
          "SELECT p.d.nest(name) FROM d.t", NULL },
        { "the other's dataset must be granted, too", "ci",
          "SELECT p.d.nestclosed(name) FROM d.t", "policy.denied" },
        { "and that of its other's", "ci", "SELECT p.d.nestdeep(name) FROM d.t",
          "policy.denied" },
        { "a function lends no rights", "ci", "SELECT p.d.nestfar(name) FROM d.t",
          "policy.no-rule" },
        { "one that reads a table is refused", "ci", "SELECT p.d.table(name) FROM d.t",
          "sql.stored-function" },
        { "one that calls what is not offered is refused", "ci",
          "SELECT p.d.out(name) FROM d.t", "sql.function" },
        { "so is one that calls such a one", "ci", "SELECT p.d.nestbad(name) FROM d.t",
          "sql.function" },
        { "a definition says which project", "ci",
          "SELECT p.d.nestshort(name) FROM d.t", "sql.stored-function" },
        { "a system variable stays refused", "ci", "SELECT p.d.who() FROM d.t",
          "sql.system-variable" },
        { "one that calls itself ends", "ci", "SELECT p.d.loop(name) FROM d.t", NULL },
        { "a broken body is refused", "ci", "SELECT p.d.broken(name) FROM d.t",
          "sql.stored-function" },
        { "a body that closes the parentheses is refused", "ci",
          "SELECT p.d.escape(name) FROM d.t", "sql.stored-function" },
        { "so is one of two statements", "ci", "SELECT p.d.two(name) FROM d.t",
          "sql.stored-function" },
        { "so is one with a parameter", "ci", "SELECT p.d.parameter(name) FROM d.t",
          "sql.stored-function" },
        { "so is one without a body", "ci", "SELECT p.d.empty(name) FROM d.t",
          "sql.stored-function" },
        { "JavaScript needs a rule", "ci", "SELECT p.d.js(name) FROM d.t",
          "policy.no-rule" },
        { "and has it", "js", "SELECT p.d.js(name) FROM d.t", NULL },
        { "with libraries it is refused", "js", "SELECT p.d.jslib(name) FROM d.t",
          "sql.stored-function" },
        { "so is Python", "js", "SELECT p.d.py(name) FROM d.t", "sql.stored-function" },
        { "so is a remote function", "js", "SELECT p.d.remote(name) FROM d.t",
          "sql.stored-function" },
        { "so is a procedure", "js", "SELECT p.d.proc(name) FROM d.t",
          "sql.stored-function" },
        { "so is a table function", "js", "SELECT p.d.tvf(name) FROM d.t",
          "sql.stored-function" },
        { "one in FROM is refused by name", "js", "SELECT * FROM p.d.tvf(1)",
          "sql.table-function" },
        { "one that is not there is refused", "ci", "SELECT p.d.gone(name) FROM d.t",
          "sql.stored-function" },
        { "a builtin's first name is none of a dataset", "ci",
          "SELECT ai.generate(name) FROM d.t", "sql.function" },
        { "a new builtin's is not known here: the dry run tells", "ci",
          "SELECT d.low(name) FROM d.t", NULL },
        { "a script names the project", "ci", "BEGIN SELECT d.low(name) FROM d.t; END",
          "sql.stored-function" },
        { "and may call it", "ci", "BEGIN SELECT p.d.low(name) FROM d.t; END", NULL },
        { "a name that no routine has is refused", "ci",
          "SELECT `p.d.lo w`(name) FROM d.t", "sql.stored-function" },
        { "a table has no such name", "ci", "SELECT * FROM `p.d.low()`",
          "sql.table-name" },
        { "one part is a builtin or nothing", "ci", "SELECT low(name) FROM d.t",
          "sql.function" },
        { "in a temporary function's body it is judged, too", "ci",
          "CREATE TEMP FUNCTION f(x STRING) AS (p.d.out(x)); SELECT f(name) FROM d.t",
          "sql.function" },
        { "a view that is made may call one", "ci",
          "CREATE VIEW p.d.v AS SELECT p.d.low(name) AS n FROM p.d.t", NULL },
        { "through a view it is judged as well", "ci", "SELECT * FROM d.good", NULL },
        { "and refused as well", "ci", "SELECT * FROM d.bad", "sql.function" },
        { "and told by its project", "ci", "SELECT * FROM d.short",
          "sql.stored-function" },
};

static struct sp_arena arena;

static struct sp_policy *policy(void)
{
        const struct sp_policy_file f = { SP_STR("p.yaml"), sp_str_c(policy_text) };
        struct sp_policy *p = NULL;
        struct sp_err e = SP_ERR_NULL;

        if (sp_policy_load(&f, 1, NULL, 0, &p, &e) < 0)
                fail_msg("%s %s: %s", e.id, e.where, e.what);
        return p;
}

static struct sp_schema schema_of(struct sp_str name)
{
        static const struct sp_column columns[] = {
                { .name = { "id", 2 }, .type = { "INTEGER", 7 } },
                { .name = { "name", 4 }, .type = { "STRING", 6 } },
        };
        struct sp_schema s = { .table = name };
        struct sp_json *json;

        for (size_t i = 0; i < SP_ARRAY_SIZE(known); i++) {
                if (!sp_str_eq(name, sp_str_c(known[i].name)))
                        continue;
                assert_int_equal(
                        sp_json_parse(&arena, sp_str_c(known[i].json), &json, NULL), 0);
                assert_int_equal(sp_routine_read(&arena, name, json, &s, NULL), 0);
                return s;
        }
        if (sp_is_routine(name))
                return s;
        s.etag = SP_STR("t");
        s.kind = SP_STR("TABLE");
        s.columns = columns;
        s.n_columns = 2;
        if (!sp_str_eq(name, SP_STR("p.d.t")))
                s.kind = SP_STR("VIEW");
        if (sp_str_eq(name, SP_STR("p.d.good")))
                s.definition = SP_STR("SELECT 1 AS id, p.d.low(name) AS name FROM d.t");
        if (sp_str_eq(name, SP_STR("p.d.bad")))
                s.definition = SP_STR("SELECT 1 AS id, p.d.out(name) AS name FROM d.t");
        if (sp_str_eq(name, SP_STR("p.d.short")))
                s.definition = SP_STR("SELECT 1 AS id, d.low(name) AS name FROM d.t");
        return s;
}

/* The error's id; NULL: allowed. */
static const char *judge(struct sp_policy *p, const struct row *row,
                         struct sp_judgement *j)
{
        static struct sp_err e;
        const struct sp_principal who = { .workload = sp_str_c(row->workload) };
        struct sp_bq_query q = { .sql = sp_str_c(row->sql) };
        struct sp_call call = { .handling = SP_HANDLING_QUERY,
                                .action = "bigquery.jobs.query",
                                .project = SP_STR("p"),
                                .query = &q };
        const struct sp_judge_input in = { .call = &call, .who = &who, .policy = p };
        struct sp_schema schemas[50];
        struct sp_decision d;
        size_t n = 0;
        int r;

        e = SP_ERR_NULL;
        r = sp_judge_read(&arena, &in, j, &e);
        if (r == 0) {
                d = sp_judge_decide(&in, j);
                if (d.verdict == SP_VERDICT_DENY)
                        return d.error_id ? d.error_id : "policy.denied";
        }
        while (r == 0 && n < j->n_needs_schema) {
                schemas[n] = schema_of(j->needs_schema[n]);
                n++;
                r = sp_judge_expand(&arena, &in, schemas, n, j, &e);
        }
        if (r == 0)
                r = sp_judge_rewrite(&arena, &in, schemas, n, j, &e);
        if (r < 0)
                return e.id;
        d = sp_judge_decide(&in, j);
        return d.verdict == SP_VERDICT_ALLOW ? NULL
               : d.error_id                  ? d.error_id
                                             : "policy.denied";
}

static void stored_functions_are_judged_by_their_bodies(void **state)
{
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = policy();

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_judgement j;
                const char *id = judge(p, &rows[i], &j);

                if (!id != !rows[i].id || (id && strcmp(id, rows[i].id) != 0))
                        fail_msg("%s: %s", rows[i].sentence, id ? id : "allowed");
                sp_arena_reset(&arena);
        }
}

static void what_is_written_short_is_for_the_dry_run_to_confirm(void **state)
{
        static const struct row written[] = {
                { "", "ci", "SELECT d.low(name), d.low('x'), p.d.bare(id) FROM d.t",
                  NULL },
                { "", "ci", "SELECT p.d.low(name) FROM d.t", NULL },
        };
        sp_cleanup(sp_policy_unrefp) struct sp_policy *p = policy();
        struct sp_judgement j;

        (void)state;
        assert_null(judge(p, &written[0], &j));
        assert_int_equal(j.n_guessed, 1);
        assert_true(sp_str_eq(j.guessed[0], SP_STR("p.d.low()")));
        assert_int_equal(j.n_routines, 2);
        assert_null(judge(p, &written[1], &j));
        assert_int_equal(j.n_guessed, 0);
        sp_arena_reset(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stored_functions_are_judged_by_their_bodies),
                cmocka_unit_test(what_is_written_short_is_for_the_dry_run_to_confirm),
        };

        arena = SP_ARENA_INIT((size_t)64 << 20);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
