/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/json.h"
#include "daemon/worker/judge.h"

static const char policy_text[] =
        "version: 1\n"
        "rules:\n"
        "  - {name: scripts, actions: [script], resources: [p], verdict: allow}\n"
        "  - {name: js, workloads: [js], actions: [create-temp-js], resources: [p], "
        "verdict: allow}\n"
        "  - {name: read, actions: [select], resources: [p.crm], verdict: allow}\n"
        "  - {name: write, actions: [insert, create, update, delete], resources: "
        "[p.out, p.crm.customers], verdict: allow}\n"
        "  - {name: all, actions: [delete, update], resources: [p.out], when: {where: "
        "[absent, always-true]}, verdict: deny}\n"
        "masks:\n"
        "  - {name: a, columns: [p.crm.customers.ssn], mask: redact}\n"
        "  - {name: b, columns: [p.crm.leads.mail], mask: hash}\n";

static const char schemas_text[] =
        "[{\"table\":\"p.crm.customers\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"},{\"name\":\"ssn\",\"type\":\"STRING\"}"
        "]}},{\"table\":\"p.crm.leads\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"mail\",\"type\":\"STRING\"}]}},"
        "{\"table\":\"p.crm.orders\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"}]}},"
        "{\"table\":\"p.out.a\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"}]}},"
        "{\"table\":\"p.crm.t\",\"type\":\"TABLE\",\"schema\":{\"fields\":["
        "{\"name\":\"id\",\"type\":\"INTEGER\"}]}}]";

#define CUSTOMERS                                                                      \
        "(SELECT sallyport_source.`id`, '[redacted]' AS `ssn` FROM `p.crm.customers` " \
        "AS sallyport_source) AS `customers`"

struct row {
        const char *sentence, *sql;
        const char *id; /* of the error; NULL: see `verdict` */
        enum sp_verdict verdict;
        const char *accesses; /* "action resource;…"; NULL: not looked at */
        const char *sent; /* a part of the text that is sent; NULL: as it was */
};

#define ALLOW NULL, SP_VERDICT_ALLOW
#define DENY NULL, SP_VERDICT_DENY

static const struct row rows[] = {
        { "several statements are a script", "SELECT 1; SELECT id FROM orders", ALLOW,
          "script p;select p.crm.orders;", NULL },
        { "a query in a declaration is masked",
          "DECLARE x STRING DEFAULT (SELECT MAX(ssn) FROM customers); SELECT x", ALLOW,
          "script p;select p.crm.customers;",
          "DEFAULT (SELECT MAX(ssn) FROM " CUSTOMERS "); SELECT x" },
        { "and in an assignment",
          "DECLARE x INT64; SET x = (SELECT COUNT(*) FROM customers); SET (x) = "
          "(SELECT "
          "AS STRUCT id FROM customers)",
          ALLOW, "script p;select p.crm.customers;",
          "SET x = (SELECT COUNT(*) FROM " CUSTOMERS
          "); SET (x) = (SELECT AS STRUCT id FROM " CUSTOMERS ")" },
        { "and in each condition and each branch",
          "IF EXISTS (SELECT 1 FROM customers) THEN SELECT ssn FROM customers; ELSEIF "
          "(SELECT ssn FROM customers) = 'a' THEN SELECT 1; ELSE SELECT * FROM "
          "customers; END IF",
          ALLOW, "script p;select p.crm.customers;",
          "IF EXISTS (SELECT 1 FROM " CUSTOMERS ") THEN SELECT ssn FROM " CUSTOMERS
          "; ELSEIF (SELECT ssn FROM " CUSTOMERS ") = 'a' THEN SELECT 1; ELSE SELECT * "
          "FROM " CUSTOMERS "; END IF" },
        { "and in a CASE",
          "CASE (SELECT ssn FROM customers) WHEN (SELECT ssn FROM customers) THEN "
          "SELECT "
          "1; END CASE",
          ALLOW, NULL,
          "CASE (SELECT ssn FROM " CUSTOMERS ") WHEN (SELECT ssn FROM " CUSTOMERS
          ") THEN" },
        { "and in loops",
          "WHILE (SELECT ssn FROM customers) > 'a' DO BREAK; END WHILE; REPEAT SELECT "
          "1; "
          "UNTIL (SELECT ssn FROM customers) = 'a' END REPEAT; LOOP SELECT ssn FROM "
          "customers; LEAVE; END LOOP; FOR r IN (SELECT ssn FROM customers) DO SELECT "
          "r.ssn; END FOR",
          ALLOW, NULL,
          "WHILE (SELECT ssn FROM " CUSTOMERS
          ") > 'a' DO BREAK; END WHILE; REPEAT SELECT 1; UNTIL (SELECT ssn "
          "FROM " CUSTOMERS ") = 'a' END REPEAT; LOOP SELECT ssn FROM " CUSTOMERS
          "; LEAVE; END LOOP; FOR r IN (SELECT ssn FROM " CUSTOMERS ") DO SELECT "
          "r.ssn; END FOR" },
        { "and in a block, its handler and RAISE",
          "BEGIN SELECT CAST(ssn AS INT64) FROM customers; EXCEPTION WHEN ERROR THEN "
          "SELECT @@error.message; RAISE USING MESSAGE = (SELECT ssn FROM customers); "
          "END",
          ALLOW, NULL, "RAISE USING MESSAGE = (SELECT ssn FROM " CUSTOMERS ")" },
        { "a transaction is a script's",
          "BEGIN TRANSACTION; SELECT ssn FROM "
          "crm.customers; COMMIT TRANSACTION",
          ALLOW, "script p;select p.crm.customers;",
          "SELECT ssn FROM " CUSTOMERS "; COMMIT" },
        { "ASSERT is a query", "ASSERT (SELECT MAX(ssn) FROM customers) = 'x'", ALLOW,
          "select p.crm.customers;", "FROM " CUSTOMERS ") = 'x'" },
        { "the strictest verdict wins", "SELECT id FROM orders; SELECT 1 FROM hr.pay",
          DENY, "script p;select p.crm.orders;select p.hr.pay;", NULL },
        { "wherever it stands", "IF FALSE THEN DELETE FROM orders WHERE id = 1; END IF",
          DENY, NULL, NULL },
        { "the least selective WHERE counts",
          "DELETE FROM out.a WHERE id = 1; DELETE FROM out.a WHERE TRUE", DENY, NULL,
          NULL },
        { "without it the script passes",
          "DELETE FROM out.a WHERE id = 1; DELETE FROM out.a WHERE id = 2", ALLOW, NULL,
          NULL },
        { "a temporary table is made of masked rows, and is no stored one",
          "CREATE TEMP TABLE t AS SELECT * FROM customers; SELECT ssn FROM t; INSERT t "
          "SELECT 1, 'a'; DELETE FROM t WHERE ssn = 'a'; UPDATE t SET ssn = 'x' WHERE "
          "TRUE; DROP TABLE t",
          ALLOW, "script p;select p.crm.customers;",
          "AS SELECT * FROM " CUSTOMERS "; SELECT ssn FROM t; INSERT t" },
        { "before it is made the name is the stored table's",
          "SELECT id FROM t; CREATE TEMP TABLE t AS SELECT 1 AS id; SELECT id FROM t",
          ALLOW, "script p;select p.crm.t;", NULL },
        { "and behind its end again",
          "CREATE TEMP TABLE t AS SELECT 1 AS id; DROP TABLE t; CREATE TEMP TABLE u AS "
          "SELECT 1 AS id; SELECT id FROM u",
          ALLOW, "script p;", NULL },
        { "a temporary table of a protected one's name hides it",
          "CREATE TEMP TABLE customers AS SELECT id, ssn FROM crm.customers; SELECT "
          "ssn "
          "FROM customers",
          ALLOW, "script p;select p.crm.customers;",
          "FROM " CUSTOMERS "; SELECT ssn FROM customers" },
        { "one made in a branch is not certain",
          "IF RAND() < 1 THEN CREATE TEMP TABLE customers AS SELECT 1 AS id; END IF; "
          "SELECT * FROM customers",
          "sql.temporary-unsure", 0, NULL, NULL },
        { "nor one dropped in a branch",
          "CREATE TEMP TABLE customers AS SELECT 1 AS id; IF RAND() < 1 THEN DROP "
          "TABLE "
          "customers; END IF; SELECT * FROM customers",
          "sql.temporary-unsure", 0, NULL, NULL },
        { "nor one that a transaction takes back",
          "BEGIN TRANSACTION; CREATE TEMP TABLE customers AS SELECT 1 AS id; ROLLBACK; "
          "SELECT * FROM customers",
          "sql.temporary-unsure", 0, NULL, NULL },
        { "nor one that a later round makes",
          "LOOP SELECT * FROM customers; CREATE TEMP TABLE customers AS SELECT 1 AS "
          "id; "
          "END LOOP",
          "sql.temporary-unsure", 0, NULL, NULL },
        { "nor one in another spelling",
          "CREATE TEMP TABLE Customers AS SELECT 1 AS id; SELECT * FROM customers",
          "sql.temporary-unsure", 0, NULL, NULL },
        { "nor behind a block that was left",
          "l: BEGIN IF RAND() < 1 THEN BREAK l; END IF; CREATE TEMP TABLE customers AS "
          "SELECT 1 AS id; END; SELECT * FROM customers",
          "sql.temporary-unsure", 0, NULL, NULL },
        { "_SESSION is not offered",
          "CREATE TEMP TABLE x AS SELECT 1 AS id; SELECT * FROM _SESSION.x",
          "sql.temporary", 0, NULL, NULL },
        { "a stored table of a temporary one's name is judged",
          "CREATE TEMP TABLE x AS SELECT 1 AS id; CREATE TABLE x AS SELECT 1 AS id",
          "sql.temporary-unsure", 0, NULL, NULL },
        { "a temporary table alone has no script to live in",
          "CREATE TEMP TABLE x AS SELECT 1 AS id", "sql.temporary", 0, NULL, NULL },
        { "a temporary function's body is masked",
          "CREATE TEMP FUNCTION f(x INT64) AS ((SELECT MAX(ssn) FROM customers WHERE "
          "id "
          "= x)); SELECT f(id) FROM orders",
          ALLOW, "script p;select p.crm.customers;select p.crm.orders;",
          "AS ((SELECT MAX(ssn) FROM " CUSTOMERS " WHERE id = x))" },
        { "its tables are judged",
          "CREATE TEMP FUNCTION f() AS ((SELECT MAX(x) FROM hr.pay)); SELECT f()", DENY,
          NULL, NULL },
        { "it is called behind its making only",
          "SELECT f(); CREATE TEMP FUNCTION f() AS (1)", "sql.function", 0, NULL,
          NULL },
        { "it cannot be called as a builtin is",
          "CREATE TEMP FUNCTION To_Hex(x BYTES) AS (''); SELECT mail FROM leads",
          "sql.function-name", 0, NULL, NULL },
        { "nor as IF",
          "CREATE TEMP FUNCTION `if`(a BOOL, b INT64, c INT64) AS (1); "
          "SELECT 1",
          "sql.function-name", 0, NULL, NULL },
        { "nor in letters that may be folded",
          "CREATE TEMP FUNCTION `ſha256`(x STRING) AS (b''); SELECT 1",
          "sql.function-name", 0, NULL, NULL },
        { "a hash has no key in a function's body",
          "CREATE TEMP FUNCTION f() AS ((SELECT MAX(mail) FROM leads)); SELECT f()",
          "mask.stored-hash", 0, NULL, NULL },
        { "it has one in the rest of a script",
          "DECLARE x STRING DEFAULT (SELECT MAX(mail) FROM leads); SELECT x", ALLOW,
          NULL, "CONCAT(@sallyport_salt" },
        { "a function in JavaScript needs a rule of its own",
          "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return x'; "
          "SELECT f(ssn) FROM customers",
          DENY, "script p;create-temp-js p;select p.crm.customers;", NULL },
        { "and may load nothing",
          "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js OPTIONS "
          "(library "
          "= ['gs://x/y.js']) AS 'return x'; SELECT 1",
          "sql.opaque", 0, NULL, NULL },
        { "another language is not offered",
          "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE python AS 'x'; "
          "SELECT 1",
          "sql.opaque", 0, NULL, NULL },
        { "a view is stored with its masks",
          "CREATE VIEW out.v AS SELECT * FROM customers", ALLOW,
          "create p.out.v;select p.crm.customers;",
          "CREATE VIEW out.v AS SELECT * FROM " CUSTOMERS },
        { "the key of a hash is never stored",
          "CREATE OR REPLACE VIEW out.v AS SELECT mail FROM leads", "mask.stored-hash",
          0, NULL, NULL },
        { "a stored function is not offered",
          "CREATE FUNCTION crm.f() AS (1); SELECT 1", "sql.kind", 0, NULL, NULL },
        { "dynamic SQL is not offered", "DECLARE x STRING; EXECUTE IMMEDIATE x",
          "sql.opaque", 0, NULL, NULL },
        { "of a constant text, it is that text",
          "EXECUTE IMMEDIATE 'SELECT id, ssn FROM customers'", ALLOW,
          "select p.crm.customers;", "SELECT id, ssn FROM " CUSTOMERS },
        { "in a block too, without what stands behind the statement",
          "BEGIN EXECUTE IMMEDIATE r\"\"\"SELECT ssn FROM customers; -- '\"\"\"; "
          "SELECT "
          "ssn "
          "FROM customers; END",
          ALLOW, "script p;select p.crm.customers;",
          "BEGIN SELECT ssn FROM " CUSTOMERS "; SELECT ssn FROM " CUSTOMERS "; END" },
        { "escapes are read", "EXECUTE IMMEDIATE 'SELECT s\\x73n FROM customers'",
          ALLOW, NULL, "SELECT ssn FROM " CUSTOMERS },
        { "what it changes is asked",
          "EXECUTE IMMEDIATE 'DELETE FROM out.a WHERE TRUE'", DENY, "delete p.out.a;",
          NULL },
        { "and what it may not be stays refused", "EXECUTE IMMEDIATE 'CALL crm.p()'",
          "sql.kind", 0, NULL, NULL },
        { "it is no way to set what names mean",
          "EXECUTE IMMEDIATE \"SET @@dataset_id = 'hr'\"; SELECT 1",
          "sql.system-variable", 0, NULL, NULL },
        { "a text that is no GoogleSQL is an error", "EXECUTE IMMEDIATE 'SELEC 1'",
          "sql.syntax", 0, NULL, NULL },
        { "a text in parts is not offered",
          "EXECUTE IMMEDIATE CONCAT('SELECT ', 'ssn FROM customers')", "sql.opaque", 0,
          NULL, NULL },
        { "nor one with values put in", "EXECUTE IMMEDIATE 'SELECT ?' USING 1",
          "sql.opaque", 0, NULL, NULL },
        { "nor one with the job's parameters", "EXECUTE IMMEDIATE 'SELECT @x'",
          "sql.opaque", 0, NULL, NULL },
        { "nor one that sets variables",
          "DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT 1' INTO x", "sql.opaque", 0, NULL,
          NULL },
        { "nor one of two statements", "EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'",
          "sql.opaque", 0, NULL, NULL },
        { "nor one of none", "EXECUTE IMMEDIATE ' -- '", "sql.opaque", 0, NULL, NULL },
        { "nor one in one", "EXECUTE IMMEDIATE \"EXECUTE IMMEDIATE 'SELECT 1'\"",
          "sql.opaque", 0, NULL, NULL },
        { "nor bytes", "EXECUTE IMMEDIATE b'SELECT 1'", "sql.opaque", 0, NULL, NULL },
        { "one beside a constant is still refused",
          "EXECUTE IMMEDIATE 'SELECT 1'; EXECUTE IMMEDIATE CONCAT('a', 'b')",
          "sql.opaque", 0, NULL, NULL },
        { "nor is CALL", "CALL crm.p()", "sql.kind", 0, NULL, NULL },
        { "what changes the meaning of names is not offered",
          "SET @@dataset_id = 'hr'; SELECT * FROM pay", "sql.system-variable", 0, NULL,
          NULL },
        { "nor what changes that of a mask", "SET @@time_zone = 'Asia/Tokyo'; SELECT 1",
          "sql.system-variable", 0, NULL, NULL },
        { "the text that was sent is not told",
          "BEGIN SELECT ERROR('a'); EXCEPTION WHEN ERROR THEN SELECT "
          "@@error.statement_text; END",
          "sql.system-variable", 0, NULL, NULL },
        { "nor the whole of the error", "SELECT TO_JSON_STRING(@@error)",
          "sql.system-variable", 0, NULL, NULL },
        { "the target's own row is not read in a script either",
          "DECLARE ssn STRING; UPDATE crm.customers SET id = 1 WHERE ssn = 'a'",
          "mask.dml-target", 0, NULL, NULL },
};

struct given {
        struct sp_policy *policy;
        struct sp_arena arena;
        struct sp_bq_query query;
        struct sp_call call;
        struct sp_principal who;
        struct sp_judge_input in;
        struct sp_schema schemas[5];
};

static void give(struct given *g, const char *sql)
{
        const struct sp_policy_file file = { SP_STR("p.yaml"), sp_str_c(policy_text) };
        struct sp_json *list = NULL;
        struct sp_err e = SP_ERR_NULL;
        size_t n = 0;

        *g = (struct given){ .arena = SP_ARENA_INIT(1 << 23) };
        if (sp_policy_load(&file, 1, NULL, 0, &g->policy, &e) < 0)
                fail_msg("%s %s", e.where, e.what);
        assert_int_equal(sp_json_parse(&g->arena, sp_str_c(schemas_text), &list, &e),
                         0);
        for (const struct sp_json *s = list->first; s; s = s->next)
                assert_int_equal(sp_schema_read(&g->arena, sp_json_get_str(s, "table"),
                                                s, &g->schemas[n++], &e),
                                 0);
        g->query.sql = sp_str_c(sql);
        g->query.default_dataset = SP_STR("crm");
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

static void check_sent(const struct row *r, const struct sp_judgement *j)
{
        if (!r->sent && j->plan.is_rewritten)
                fail_msg("%s: %.*s", r->sentence, SP_FMT(j->plan.text));
        if (r->sent &&
            !memmem(j->plan.text.p, j->plan.text.n, r->sent, strlen(r->sent)))
                fail_msg("%s: %.*s", r->sentence, SP_FMT(j->plan.text));
        if (j->reading.unresolved.n || j->reading.sent_unresolved.n)
                fail_msg("%s: unresolved: %.*s", r->sentence,
                         SP_FMT(j->reading.unresolved.n ? j->reading.unresolved
                                                        : j->reading.sent_unresolved));
}

static void check_row(const struct row *r)
{
        struct sp_judgement j = { 0 };
        struct sp_err e = SP_ERR_NULL;
        struct sp_decision d = { 0 };
        struct given g;
        int code;

        give(&g, r->sql);
        code = sp_judge_read(&g.arena, &g.in, &j, &e);
        if (code == 0)
                d = sp_judge_decide(&g.in, &j);
        if (code == 0 && d.verdict == SP_VERDICT_ALLOW)
                code = sp_judge_rewrite(&g.arena, &g.in, g.schemas, 5, &j, &e);
        if (r->id && (code == 0 || strcmp(e.id, r->id) != 0))
                fail_msg("%s: %d %s %s", r->sentence, code, e.id ? e.id : "", e.what);
        if (!r->id && code < 0)
                fail_msg("%s: %s %s", r->sentence, e.id, e.what);
        if (!r->id) {
                if (d.verdict != r->verdict)
                        fail_msg("%s: verdict %d", r->sentence, d.verdict);
                check_accesses(r, &j);
                if (d.verdict == SP_VERDICT_ALLOW)
                        check_sent(r, &j);
        }
        take(&g);
}

static void each_statement_of_a_script_is_judged_and_masked(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                check_row(&rows[i]);
}

static void a_rule_may_allow_functions_in_javascript(void **state)
{
        struct sp_judgement j;
        struct sp_err e = SP_ERR_NULL;
        struct given g;

        (void)state;
        give(&g,
             "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return "
             "x'; SELECT f(ssn) FROM customers");
        g.who.workload = SP_STR("js");
        assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, &e), 0);
        assert_int_equal(sp_judge_decide(&g.in, &j).verdict, SP_VERDICT_ALLOW);
        assert_int_equal(sp_judge_rewrite(&g.arena, &g.in, g.schemas, 5, &j, &e), 0);
        assert_non_null(
                memmem(j.plan.text.p, j.plan.text.n, CUSTOMERS, strlen(CUSTOMERS)));
        take(&g);
}

/* Applied to the agent's text, its splices give what is sent. */
static void what_was_unfolded_is_a_splice_of_the_agents_text(void **state)
{
        static const char *const texts[] = {
                "SELECT ssn FROM customers; EXECUTE IMMEDIATE 'SELECT ssn FROM "
                "customers "
                "JOIN customers AS b USING (id)'; SELECT 1; EXECUTE IMMEDIATE 'SELECT "
                "2'; "
                "SELECT ssn FROM customers",
                "EXECUTE IMMEDIATE 'SELECT 1';",
                "SELECT ssn FROM customers",
                "SELECT 1",
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(texts); i++) {
                sp_autobuf b = SP_BUF_INIT(65536);
                struct sp_mask_splice *s;
                struct sp_err e = SP_ERR_NULL;
                struct sp_judgement j;
                struct sp_str own = sp_str_c(texts[i]);
                struct given g;
                size_t n, at = 0;

                give(&g, texts[i]);
                assert_int_equal(sp_judge_read(&g.arena, &g.in, &j, &e), 0);
                assert_int_equal(
                        sp_judge_rewrite(&g.arena, &g.in, g.schemas, 5, &j, &e), 0);
                assert_int_equal(sp_judge_own_splices(&g.arena, &j, &s, &n), 0);
                for (size_t k = 0; k < n; k++) {
                        assert_true(s[k].span.start >= at);
                        assert_int_equal(
                                sp_buf_add(&b,
                                           sp_str_sub(own, at, s[k].span.start - at)),
                                0);
                        assert_int_equal(sp_buf_add(&b, s[k].text), 0);
                        at = s[k].span.end;
                }
                assert_int_equal(sp_buf_add(&b, sp_str_sub(own, at, own.n)), 0);
                if (!sp_str_eq(sp_buf_str(&b), j.plan.text))
                        fail_msg("%.*s\n%.*s", SP_FMT(sp_buf_str(&b)),
                                 SP_FMT(j.plan.text));
                take(&g);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_unfolded_is_a_splice_of_the_agents_text),
                cmocka_unit_test(each_statement_of_a_script_is_judged_and_masked),
                cmocka_unit_test(a_rule_may_allow_functions_in_javascript),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
