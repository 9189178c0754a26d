/* SPDX-License-Identifier: Apache-2.0 */
/* What the definition of a view makes of a request: who must be allowed what, what is refused. */
#include <errno.h>

#include "daemon/worker/judge.h"
#include "tests/test.h"

#define POLICY                                                                         \
        "version: 1\n"                                                                 \
        "mode: enforce\n"                                                              \
        "rules:\n"                                                                     \
        "- {name: read, actions: [\"*\"], resources: [\"p.crm.*\"], verdict: allow}\n" \
        "- {name: through, actions: [select-through], resources: [\"p.crm.safe\", "    \
        "\"p.crm.lent\"], verdict: allow}\n"
#define MASKS "masks:\n- {name: ssn, columns: [\"*.*.*.ssn\"], mask: redact}\n"

static const struct sp_column columns[] = {
        { .name = SP_STR("id"), .type = SP_STR("INTEGER") },
        { .name = SP_STR("ssn"), .type = SP_STR("STRING") },
};

/* What there is; the kind is TABLE where there is no definition. */
static const struct {
        const char *name, *definition, *kind;
} objects[] = {
        { "p.crm.t", "", "TABLE" },
        { "p.crm.t*", "", "TABLE" },
        { "p.hr.pay", "", "TABLE" },
        { "q.crm.t", "", "TABLE" },
        { "p.crm.v", "SELECT id, ssn FROM crm.t", "VIEW" },
        { "p.crm.mv", "SELECT id, ssn FROM crm.t", "MATERIALIZED_VIEW" },
        { "p.crm.pay", "SELECT p.id, p.ssn FROM hr.pay AS p JOIN crm.t USING (id)",
          "VIEW" },
        { "p.crm.safe", "SELECT id, ssn FROM crm.pay", "VIEW" },
        { "p.crm.both", "SELECT a.id, b.ssn FROM crm.safe AS a, crm.pay AS b", "VIEW" },
        { "p.crm.other", "SELECT id, ssn FROM hr.pay", "VIEW" },
        { "p.crm.far", "SELECT id, ssn FROM q.crm.t", "VIEW" },
        { "p.crm.secret", NULL, "VIEW" },
        { "p.crm.bare", "SELECT id, ssn FROM t", "VIEW" },
        { "p.crm.two", "SELECT 1 AS id; SELECT 'x' AS ssn", "VIEW" },
        { "p.crm.asks", "SELECT @a AS id, 'x' AS ssn", "VIEW" },
        { "p.crm.writes", "INSERT INTO crm.t (id) VALUES (1)", "VIEW" },
        { "p.crm.calls", "SELECT id, crm.f(ssn) AS ssn FROM crm.t", "VIEW" },
        { "p.crm.own", "SELECT id, p.crm.near(ssn) AS ssn FROM crm.t", "VIEW" },
        { "p.crm.apart", "SELECT id, p.fn.f(ssn) AS ssn FROM crm.t", "VIEW" },
        { "p.crm.nested", "SELECT id, p.crm.over(ssn) AS ssn FROM crm.t", "VIEW" },
        { "p.crm.lent", "SELECT id, ssn FROM crm.nested", "VIEW" },
        { "p.crm.near()", "LOWER(x)", SP_ROUTINE_SQL },
        { "p.crm.over()", "p.fn.f(x)", SP_ROUTINE_SQL },
        { "p.fn.f()", "LOWER(x)", SP_ROUTINE_SQL },
        { "p.crm.outside", "SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')", "VIEW" },
        { "p.crm.broken", "SELECT 'hush' FROM FROM", "VIEW" },
        { "p.crm.shards",
          "SELECT 1 AS id, 'x' AS ssn FROM `crm.a*`, `crm.b*`, `crm.c*`, `crm.d*`, "
          "`crm.e*`, `crm.f*`, `crm.g*`, `crm.h*`, `crm.i*`, `crm.j*`",
          "VIEW" },
};

struct asked {
        struct sp_arena arena;
        struct sp_policy *policy;
        struct sp_principal who;
        struct sp_call call;
        struct sp_bq_query query;
        struct sp_judge_input in;
        struct sp_judgement j;
        struct sp_schema schemas[64];
        size_t n_schemas;
};

static void give(struct asked *q, const char *policy, const char *sql)
{
        struct sp_policy_file file = { SP_STR("p.yaml"), sp_str_c(policy) };

        *q = (struct asked){ .arena = SP_ARENA_INIT((size_t)16 << 20) };
        assert_int_equal(sp_policy_load(&file, 1, NULL, 0, &q->policy, NULL), 0);
        q->who.workload = SP_STR("ci");
        q->query.sql = sp_str_c(sql);
        q->call.project = SP_STR("p");
        q->call.action = "bigquery.jobs.query";
        q->call.handling = SP_HANDLING_QUERY;
        q->call.query = &q->query;
        q->in = (struct sp_judge_input){ .call = &q->call,
                                         .who = &q->who,
                                         .policy = q->policy };
}

static void take(struct asked *q)
{
        (void)sp_policy_unref(q->policy);
        sp_arena_done(&q->arena);
}

static void fetch(struct asked *q, struct sp_str name)
{
        struct sp_schema *s = &q->schemas[q->n_schemas++];

        assert_true(q->n_schemas <= SP_ARRAY_SIZE(q->schemas));
        for (size_t i = 0; i < SP_ARRAY_SIZE(objects); i++) {
                const char *definition = objects[i].definition;

                if (!sp_str_eq(name, sp_str_c(objects[i].name)))
                        continue;
                *s = (struct sp_schema){ .table = name,
                                         .kind = sp_str_c(objects[i].kind),
                                         .columns = columns,
                                         .n_columns = SP_ARRAY_SIZE(columns) };
                if (definition)
                        s->definition = sp_str_c(definition);
                s->is_legacy = !definition;
                return;
        }
        fail_msg("nobody made %.*s", SP_FMT(name));
}

/* As the worker's stage resolve does it. */
static int judge(struct asked *q, struct sp_err *e)
{
        int r = sp_judge_read(&q->arena, &q->in, &q->j, e);

        while (r == 0 && q->n_schemas < q->j.n_needs_schema) {
                fetch(q, q->j.needs_schema[q->n_schemas]);
                r = sp_judge_expand(&q->arena, &q->in, q->schemas, q->n_schemas, &q->j,
                                    e);
        }
        return r < 0 ? r
                     : sp_judge_rewrite(&q->arena, &q->in, q->schemas, q->n_schemas,
                                        &q->j, e);
}

static const struct {
        const char *sentence, *sql;
        enum sp_verdict verdict;
        const char *accesses;
} rows[] = {
        { "who reads a view reads what is below it", "SELECT id FROM crm.v",
          SP_VERDICT_ALLOW, "p.crm.v p.crm.t " },
        { "a materialised one too", "SELECT id FROM crm.mv", SP_VERDICT_ALLOW,
          "p.crm.mv p.crm.t " },
        { "a view does not lend rights", "SELECT id FROM crm.pay", SP_VERDICT_DENY,
          "p.crm.pay p.hr.pay p.crm.t " },
        { "but where the policy says so", "SELECT id FROM crm.safe", SP_VERDICT_ALLOW,
          "p.crm.safe " },
        { "not beside it", "SELECT id FROM crm.both", SP_VERDICT_DENY,
          "p.crm.both p.crm.safe p.crm.pay p.hr.pay p.crm.t " },
        { "who reads a view calls its functions", "SELECT id FROM crm.own",
          SP_VERDICT_ALLOW, "p.crm.own p.crm.t p.crm.near " },
        { "and needs a rule for each", "SELECT id FROM crm.apart", SP_VERDICT_DENY,
          "p.crm.apart p.crm.t p.fn.f " },
        { "also for what these call", "SELECT id FROM crm.nested", SP_VERDICT_DENY,
          "p.crm.nested p.crm.t p.crm.over p.fn.f " },
        { "not below a view that he may read through", "SELECT id FROM crm.lent",
          SP_VERDICT_ALLOW, "p.crm.lent " },
        { "tables of another project are judged as such", "SELECT id FROM crm.far",
          SP_VERDICT_DENY, "p.crm.far q.crm.t " },
};

static void reading_a_view_is_reading_what_is_below_it(void **state)
{
        static const char *const policies[] = { POLICY, POLICY MASKS };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows) * 2; i++) {
                struct sp_str all = SP_STR("");
                struct sp_err e = SP_ERR_NULL;
                struct asked q;
                int r;

                give(&q, policies[i % 2], rows[i / 2].sql);
                r = judge(&q, &e);
                if (r < 0)
                        print_error("%s: %s %s\n", rows[i / 2].sentence, e.id, e.what);
                SP_CHECK(rows[i / 2].sentence, r == 0);
                SP_CHECK(rows[i / 2].sentence,
                         sp_judge_decide(&q.in, &q.j).verdict == rows[i / 2].verdict);
                for (size_t k = 0; k < q.j.n_accesses; k++)
                        all = sp_arena_printf(&q.arena, "%.*s%.*s ", SP_FMT(all),
                                              SP_FMT(q.j.accesses[k].resource));
                /* without masks nothing is asked about what may be read anyway */
                SP_CHECK(rows[i / 2].sentence,
                         sp_str_eq(all, sp_str_c(rows[i / 2].accesses)));
                SP_CHECK(rows[i / 2].sentence, i % 2 || q.j.plan.is_rewritten == false);
                take(&q);
        }
}

static void what_is_denied_stays_denied_below_a_view_that_is_read_through(void **state)
{
#define DENY(what)                                                                     \
        POLICY "- {name: never, actions: [select], resources: [\"" what                \
               "\"], verdict: deny}\n"
        static const struct {
                const char *sentence, *policy, *sql;
                enum sp_verdict verdict;
        } cases[] = {
                { "a table two views below", DENY("p.hr.pay"),
                  "SELECT id FROM crm.safe", SP_VERDICT_DENY },
                { "its dataset", DENY("p.hr.*"), "SELECT id FROM crm.safe",
                  SP_VERDICT_DENY },
                { "the view between", DENY("p.crm.pay"), "SELECT id FROM crm.safe",
                  SP_VERDICT_DENY },
                { "a function two calls below", DENY("p.fn.*"),
                  "SELECT id FROM crm.lent", SP_VERDICT_DENY },
                { "the function between", DENY("p.crm.over"), "SELECT id FROM crm.lent",
                  SP_VERDICT_DENY },
                { "a function elsewhere", DENY("p.fn.g"), "SELECT id FROM crm.lent",
                  SP_VERDICT_ALLOW },
                { "a table elsewhere", DENY("p.hr.more"), "SELECT id FROM crm.safe",
                  SP_VERDICT_ALLOW },
                { "a table that is read beside it", DENY("p.hr.pay"),
                  "SELECT s.id FROM crm.safe AS s, crm.t", SP_VERDICT_DENY },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(cases) * 2; i++) {
                char text[2048];
                struct sp_decision d;
                struct sp_err e = SP_ERR_NULL;
                struct asked q;

                (void)snprintf(text, sizeof(text), "%s%s", cases[i / 2].policy,
                               i % 2 ? MASKS : "");
                give(&q, text, cases[i / 2].sql);
                SP_CHECK(cases[i / 2].sentence, judge(&q, &e) == 0);
                d = sp_judge_decide(&q.in, &q.j);
                SP_CHECK(cases[i / 2].sentence, d.verdict == cases[i / 2].verdict);
                SP_CHECK(cases[i / 2].sentence,
                         d.verdict == SP_VERDICT_ALLOW ||
                                 sp_str_ends(d.rule, SP_STR("never")));
                take(&q);
        }
}

/* Before the dry run every rule on bytes may still deny. */
static void
what_is_denied_below_a_view_for_its_bytes_is_decided_by_the_estimate(void **state)
{
        static const char policy[] =
                POLICY "- {name: never, actions: [select], resources: [\"p.hr.*\"], "
                       "when: {estimated_bytes: \">1GB\"}, verdict: deny}\n" MASKS;
        static const struct {
                const char *sentence;
                bool has_estimate;
                uint64_t bytes;
                enum sp_verdict verdict;
        } cases[] = {
                { "a small one passes", true, 10, SP_VERDICT_ALLOW },
                { "a large one does not", true, 2000000000, SP_VERDICT_DENY },
                { "nor one that nobody knows", false, 0, SP_VERDICT_DENY },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(cases); i++) {
                struct sp_decision d;
                struct sp_err e = SP_ERR_NULL;
                struct asked q;

                give(&q, policy, "SELECT id FROM crm.safe");
                SP_CHECK(cases[i].sentence, judge(&q, &e) == 0);
                q.in.has_estimate = cases[i].has_estimate;
                q.in.estimated_bytes = cases[i].bytes;
                d = sp_judge_decide(&q.in, &q.j);
                SP_CHECK(cases[i].sentence, d.verdict == cases[i].verdict);
                SP_CHECK(cases[i].sentence,
                         d.verdict == SP_VERDICT_ALLOW ||
                                 (sp_str_ends(d.rule, SP_STR("never")) &&
                                  sp_str_eq(q.j.accesses[d.access].resource,
                                            SP_STR("p.hr.pay"))));
                take(&q);
        }
}

/* What equals a column of a view is chosen by it, unless the view shows the written table's rows. */
static void a_view_of_the_written_table_does_not_choose_its_rows(void **state)
{
#define UPDATE(view, and)                                                              \
        "UPDATE crm.t SET id = 1 FROM crm." view " AS v WHERE t.id = v.id" and
#define FROM_MERGE(source) "MERGE crm.t USING " source " AS v ON t.id = v.id WHEN "
        static const struct {
                const char *sentence, *sql;
                enum sp_sql_where where;
        } cases[] = {
                { "a view of it", UPDATE("v", ""), SP_SQL_WHERE_UNPROVEN },
                { "a materialised one", UPDATE("mv", ""), SP_SQL_WHERE_UNPROVEN },
                { "a view that joins it", UPDATE("pay", ""), SP_SQL_WHERE_UNPROVEN },
                { "a view of such a view", UPDATE("safe", ""), SP_SQL_WHERE_UNPROVEN },
                { "a view of a table of its name", UPDATE("far", ""),
                  SP_SQL_WHERE_UNPROVEN },
                { "a view of others", UPDATE("other", ""), SP_SQL_WHERE_SELECTIVE },
                { "a value beside it", UPDATE("v", " AND t.id = 5"),
                  SP_SQL_WHERE_SELECTIVE },
                { "a value of the view", UPDATE("v", " AND v.id = 5"),
                  SP_SQL_WHERE_UNPROVEN },
                { "in a subquery",
                  FROM_MERGE("(SELECT * FROM crm.v)") "MATCHED THEN DELETE",
                  SP_SQL_WHERE_UNPROVEN },
                { "rows that are added",
                  FROM_MERGE("crm.v") "NOT MATCHED THEN INSERT "
                                      "(id) VALUES (v.id)",
                  SP_SQL_WHERE_SELECTIVE },
                { "a view in a subquery of WHERE",
                  "DELETE crm.t WHERE id IN (SELECT id "
                  "FROM crm.v)",
                  SP_SQL_WHERE_UNPROVEN },
                { "a view of it in another statement",
                  "SELECT id FROM crm.v; DELETE crm.t WHERE id = 3",
                  SP_SQL_WHERE_SELECTIVE },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(cases) * 2; i++) {
                struct sp_err e = SP_ERR_NULL;
                struct asked q;

                give(&q, i % 2 ? POLICY MASKS : POLICY, cases[i / 2].sql);
                if (judge(&q, &e) < 0)
                        fail_msg("%s: %s %s", cases[i / 2].sentence, e.id, e.what);
                if (q.j.where != cases[i / 2].where)
                        fail_msg("%s: %d", cases[i / 2].sentence, q.j.where);
                take(&q);
        }
}

static void a_view_is_not_looked_into_where_nothing_below_it_matters(void **state)
{
        struct sp_err e = SP_ERR_NULL;
        struct asked q;

        (void)state;
        give(&q, POLICY, "SELECT id FROM crm.safe");
        assert_int_equal(judge(&q, &e), 0);
        assert_int_equal(q.n_schemas, 1);
        assert_true(q.j.reads_beyond);
        take(&q);
        give(&q, POLICY, "SELECT id FROM crm.v");
        assert_int_equal(judge(&q, &e), 0);
        assert_false(q.j.reads_beyond);
        take(&q);
}

static void a_definition_is_judged_like_a_text(void **state)
{
        static const struct {
                const char *sentence, *sql, *id;
        } cases[] = {
                { "legacy SQL", "SELECT id FROM crm.secret", "mask.view" },
                { "a table without its dataset", "SELECT id FROM crm.bare",
                  "sql.table-name" },
                { "two statements", "SELECT id FROM crm.two", "mask.view" },
                { "parameters", "SELECT id FROM crm.asks", "mask.view" },
                { "no query", "SELECT id FROM crm.writes", "mask.view" },
                { "a function without its project", "SELECT id FROM crm.calls",
                  "sql.stored-function" },
                { "a query elsewhere", "SELECT id FROM crm.outside", "sql.opaque" },
                { "no GoogleSQL", "SELECT id FROM crm.broken", "mask.view" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(cases); i++) {
                struct sp_err e = SP_ERR_NULL;
                struct asked q;

                give(&q, POLICY, cases[i].sql);
                SP_CHECK(cases[i].sentence, judge(&q, &e) == -EPERM);
                if (!e.id || strcmp(e.id, cases[i].id) != 0)
                        print_error("%s: %s %s\n", cases[i].sentence,
                                    e.id ? e.id : "nothing", e.what);
                SP_CHECK(cases[i].sentence, e.id && strcmp(e.id, cases[i].id) == 0);
                SP_CHECK("the text itself is not told", !strstr(e.what, "hush"));
                take(&q);
        }
}

static void columns_are_masked_below_a_view_that_is_read_through(void **state)
{
        struct sp_err e = SP_ERR_NULL;
        struct asked q;

        (void)state;
        give(&q, POLICY MASKS, "SELECT ssn FROM crm.safe");
        assert_int_equal(judge(&q, &e), 0);
        assert_int_equal(sp_judge_decide(&q.in, &q.j).verdict, SP_VERDICT_ALLOW);
        assert_true(q.j.plan.is_rewritten);
        assert_int_equal(q.j.reading.unresolved.n, 0);
        assert_int_equal(q.j.reading.sent_unresolved.n, 0);
        /* ssn of both tables, and of both views */
        assert_int_equal(q.j.plan.n_columns, 4);
        take(&q);
}

static void a_wildcard_is_refused_while_masks_go_by_tag(void **state)
{
        static const char *const masks[] = {
                MASKS,
                "masks:\n- {name: secret, tags: "
                "[\"projects/p/locations/us/taxonomies/1/policyTags/2\"], mask: "
                "redact}\n",
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(masks); i++) {
                struct sp_err e = SP_ERR_NULL;
                char text[1024];
                struct asked q;

                (void)snprintf(text, sizeof(text), "%s%s", POLICY, masks[i]);
                give(&q, text, "SELECT ssn FROM `crm.t*`");
                assert_int_equal(judge(&q, &e), i ? -EPERM : 0);
                if (i)
                        assert_string_equal(e.id, "mask.wildcard");
                else
                        assert_true(q.j.plan.is_rewritten);
                take(&q);
        }
}

static void metadata_needs_no_question_upstream(void **state)
{
        struct sp_err e = SP_ERR_NULL;
        struct asked q;

        (void)state;
        give(&q, POLICY, "SELECT table_name FROM crm.INFORMATION_SCHEMA.TABLES AS t");
        assert_int_equal(judge(&q, &e), 0);
        assert_int_equal(q.n_schemas, 0);
        assert_true(q.j.plan.is_rewritten);
        assert_false(q.j.plan.needs_salt);
        assert_null(memmem(q.j.plan.text.p, q.j.plan.text.n, "ddl", 3));
        /* a star does not mean it */
        assert_int_equal(sp_judge_decide(&q.in, &q.j).verdict, SP_VERDICT_DENY);
        take(&q);
}

/* Their columns are not asked for, so what counts the questions does not count them. */
static void each_wildcard_below_a_view_must_be_allowed(void **state)
{
        struct sp_err e = SP_ERR_NULL;
        struct asked q;
        char *behind;

        (void)state;
        give(&q, POLICY, "SELECT id FROM crm.shards");
        assert_int_equal(sp_judge_read(&q.arena, &q.in, &q.j, &e), 0);
        fetch(&q, q.j.needs_schema[0]);
        assert_int_equal(sp_judge_expand(&q.arena, &q.in, q.schemas, 1, &q.j, &e), 0);
        behind = sp_arena_alloc(&q.arena, 4096);
        assert_non_null(behind);
        memset(behind, 'x', 4096);
        assert_int_equal(q.j.n_accesses, 11);
        for (size_t i = 1; i < 11; i++) {
                assert_true(sp_str_eq(q.j.accesses[i].action, SP_STR("select")));
                assert_int_equal(q.j.accesses[i].resource.p[6], 'a' + (int)i - 1);
        }
        take(&q);
}

static void what_is_of_no_known_kind_is_refused_without_masks_too(void **state)
{
        struct sp_schema s = { .table = SP_STR("p.crm.t"),
                               .etag = SP_STR("1"),
                               .kind = SP_STR("TABLE") };
        static const char *const kinds[] = { "MATERIALIZED_VIEW_REPLICA", "LINKED",
                                             "" };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(kinds) + 2; i++) {
                struct sp_err e = SP_ERR_NULL;
                struct asked q;

                give(&q, POLICY, "SELECT id FROM crm.t");
                assert_int_equal(sp_judge_read(&q.arena, &q.in, &q.j, &e), 0);
                if (i < SP_ARRAY_SIZE(kinds))
                        s.kind = sp_str_c(kinds[i]);
                else if (i == SP_ARRAY_SIZE(kinds))
                        s.kind = SP_STR("EXTERNAL");
                else /* not there */
                        s.kind = s.etag = SP_STR_NULL;
                assert_int_equal(sp_judge_expand(&q.arena, &q.in, &s, 1, &q.j, &e),
                                 i < SP_ARRAY_SIZE(kinds) ? -EPERM : 0);
                take(&q);
        }
}

static void the_wildcards_below_a_view_are_counted(void **state)
{
        sp_autobuf b = SP_BUF_INIT(64 * 1024);
        struct sp_err e = SP_ERR_NULL;
        struct sp_schema s = { .table = SP_STR("p.crm.v"),
                               .etag = SP_STR("1"),
                               .kind = SP_STR("VIEW") };
        struct asked q;

        (void)state;
        give(&q, POLICY, "SELECT id FROM crm.v");
        assert_int_equal(sp_buf_addf(&b, "SELECT 1 AS id FROM `crm.t0*`"), 0);
        for (int i = 1; i < 1000; i++)
                assert_int_equal(sp_buf_addf(&b, ", `crm.t%d*`", i), 0);
        s.definition = sp_buf_str(&b);
        assert_int_equal(sp_judge_read(&q.arena, &q.in, &q.j, &e), 0);
        assert_int_equal(sp_judge_expand(&q.arena, &q.in, &s, 1, &q.j, &e), -EPERM);
        assert_string_equal(e.id, "judge.too-many-tables");
        take(&q);
}

static void memory_that_runs_out_is_an_error_at_every_size(void **state)
{
        int r = -1;

        (void)state;
        for (size_t max = 1024; r < 0; max += 509) {
                struct sp_err e = SP_ERR_NULL;
                struct asked q;

                give(&q, POLICY MASKS, "SELECT ssn FROM crm.both");
                q.arena.max_bytes = max;
                r = judge(&q, &e);
                assert_true(r == 0 || r == -ENOMEM);
                take(&q);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_view_of_the_written_table_does_not_choose_its_rows),
                cmocka_unit_test(
                        what_is_denied_stays_denied_below_a_view_that_is_read_through),
                cmocka_unit_test(
                        what_is_denied_below_a_view_for_its_bytes_is_decided_by_the_estimate),
                cmocka_unit_test(
                        a_view_is_not_looked_into_where_nothing_below_it_matters),
                cmocka_unit_test(reading_a_view_is_reading_what_is_below_it),
                cmocka_unit_test(a_definition_is_judged_like_a_text),
                cmocka_unit_test(columns_are_masked_below_a_view_that_is_read_through),
                cmocka_unit_test(a_wildcard_is_refused_while_masks_go_by_tag),
                cmocka_unit_test(metadata_needs_no_question_upstream),
                cmocka_unit_test(each_wildcard_below_a_view_must_be_allowed),
                cmocka_unit_test(what_is_of_no_known_kind_is_refused_without_masks_too),
                cmocka_unit_test(the_wildcards_below_a_view_are_counted),
                cmocka_unit_test(memory_that_runs_out_is_an_error_at_every_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
