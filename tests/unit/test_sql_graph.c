/* SPDX-License-Identifier: Apache-2.0 */
/* Graph queries and property graphs: read in full, and refused by their name. */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/sql/sql.h"
#include "tests/unit/append.h"

#define ARENA_MAX (64 * 1024 * 1024)

/* "Kind: reads > targets | opaque | functions", empty parts left out */
static void describe(const struct sp_sql_statement *st, char *to, size_t size)
{
        to[0] = '\0';
        append(to, size, "%s:", st->kind);
        for (int targets = 0; targets < 2; targets++)
                for (size_t i = 0; i < st->n_tables; i++) {
                        const struct sp_sql_table *t = &st->tables[i];

                        if (targets ? !t->is_target : !t->is_read)
                                continue;
                        append(to, size, "%s ", targets ? " >" : "");
                        for (size_t m = 0; m < t->n_parts; m++)
                                append(to, size, "%s%.*s", m ? "." : "",
                                       SP_FMT(t->parts[m]));
                }
        for (size_t i = 0; i < st->n_opaque; i++)
                append(to, size, "%s%s", i ? " " : " | ", st->opaque[i]);
        for (size_t i = 0; i < st->n_functions; i++)
                append(to, size, "%s%.*s", i ? " " : " | ",
                       SP_FMT(st->functions[i].name));
}

#define Q(body) "GRAPH g " body
#define IS_GRAPH "Query: g | graph"

static const struct {
        const char *sentence, *sql, *facts;
} accepted[] = {
        { "a node", Q("MATCH (n) RETURN n"), IS_GRAPH },
        { "the graph's name is a path", "GRAPH `my-p`.d.g RETURN 1 AS one",
          "Query: my-p.d.g | graph" },
        { "words of the language are names", "GRAPH graph MATCH (match) RETURN match",
          "Query: graph | graph" },
        { "edges in all directions",
          Q("MATCH (a)-[]->(b)<-[]-(c)-[]-(d)->(e)<-(f)-(h) RETURN *"), IS_GRAPH },
        { "edges without nodes between", Q("MATCH -[x]->-[y]-> RETURN x"), IS_GRAPH },
        { "labels", Q("MATCH (a:A|B&!C), (b IS !(A|%)&B), (:`x y`) RETURN 1"),
          IS_GRAPH },
        { "properties and a condition inside",
          Q("MATCH (a:A {x: 1, y: f(2)} WHERE a.z < -3)-[e WHERE e.x > 0]->() RETURN "
            "a"),
          "Query: g | graph | f" },
        { "only a condition inside", Q("MATCH (WHERE TRUE) RETURN 1"), IS_GRAPH },
        { "quantifiers",
          Q("MATCH ->{2}->{1,3}->{,3}->{1,}->{,}->*->+((a)->(b)){@n, ?} RETURN 1"),
          IS_GRAPH },
        { "path variables and parentheses",
          Q("MATCH p = (a)(q = (b)-(c) WHERE b.x = c.x)->(d) RETURN p"), IS_GRAPH },
        { "search prefixes",
          Q("MATCH ANY SHORTEST (a)->(b), ALL SHORTEST (a), ANY (a), ALL (a), ANY 3 "
            "(a), SHORTEST 2 (a), CHEAPEST @k (a), ANY CHEAPEST (a) RETURN 1"),
          IS_GRAPH },
        { "path modes",
          Q("MATCH WALK (a), TRAIL PATH (b), SIMPLE PATHS (c), p = ANY ACYCLIC "
            "(d)->(e),"
            " (TRAIL ->{1,2}) RETURN 1"),
          IS_GRAPH },
        { "words of paths are names too",
          Q("MATCH (trail), (simple {a: 1}), (shortest), (cost), (walk:A) RETURN path"),
          IS_GRAPH },
        { "the cost of an edge",
          Q("MATCH ANY CHEAPEST (a)-[e:T WHERE e.x < -1 COST e.y + 1]->{1,3}(b), "
            "-[cost {a: 1} COST 2]-> RETURN 1"),
          IS_GRAPH },
        { "hints between elements",
          Q("MATCH @{a=1} (@{b=2} x) @{c=3} -[@{d=4} e]-> @{e=5} (y), @{f=6} (z) "
            "RETURN@{g=7} 1 AS o"),
          IS_GRAPH },
        { "every linear statement",
          Q("MATCH (a) WHERE a.x = 1 OPTIONAL MATCH (a)->(b) LET c = a.x, d = c + 1 "
            "FILTER c > 1 FILTER WHERE d > 2 FOR e IN [1, 2] WITH OFFSET AS o "
            "FOR f IN a.list ORDER BY c DESCENDING, d ASC NULLS LAST LIMIT 5 OFFSET 2 "
            "SKIP 1 WITH DISTINCT c, COUNT(*) AS n GROUP BY c "
            "TABLESAMPLE BERNOULLI (5 PERCENT PARTITION BY c) WITH WEIGHT AS w "
            "REPEATABLE (1) RETURN DISTINCT c AS d, * GROUP BY ALL ORDER BY c SKIP 1 "
            "LIMIT 2"),
          "Query: g | graph | count" },
        { "WITH WEIGHT takes no name without AS",
          Q("TABLESAMPLE RESERVOIR (5 ROWS) WITH WEIGHT RETURN 1 AS x"), IS_GRAPH },
        { "one query after the other",
          Q("MATCH (a) RETURN a NEXT MATCH (a)->(b) RETURN b NEXT RETURN 1 AS x"),
          IS_GRAPH },
        { "set operations",
          Q("RETURN 1 AS a UNION ALL RETURN 2 AS a FULL OUTER UNION DISTINCT RETURN 3 "
            "AS a INNER INTERSECT ALL RETURN 4 AS a LEFT EXCEPT DISTINCT RETURN 5 AS a "
            "NEXT RETURN a"),
          IS_GRAPH },
        { "CALL of a subquery",
          Q("MATCH (a) CALL (a) { MATCH (a)->(b) RETURN b } "
            "OPTIONAL CALL () { GRAPH h RETURN 1 AS x } "
            "CALL { RETURN 2 AS y } RETURN *"),
          "Query: g h | graph" },
        { "CALL of a table function",
          Q("CALL PER (a, b) d.f(x, GRAPH h) YIELD c, d AS e OPTIONAL CALL d.h() "
            "RETURN "
            "*"),
          "Query: g h | graph | d.f d.h" },
        { "subqueries in braces",
          Q("MATCH (n) WHERE EXISTS { (n)->() } AND EXISTS { MATCH (n) FILTER n.x = 1 "
            "} "
            "AND EXISTS @{h=1} { GRAPH h MATCH (m) RETURN m } AND 1 IN { RETURN 1 AS x "
            "} RETURN VALUE { MATCH (k) RETURN k.x LIMIT 1 } AS v, ARRAY { RETURN 1 AS "
            "x } AS a, n.x NOT IN { GRAPH i RETURN 2 AS x } AS b"),
          "Query: g h i | graph" },
        { "a subquery that is a path with a prefix",
          Q("RETURN EXISTS { p = ANY SHORTEST (a)->{1,3}(b) } AS x"), IS_GRAPH },
        { "predicates",
          Q("MATCH (a)-[e]-(b) WHERE a IS SOURCE OF e AND b IS NOT DESTINATION OF e "
            "AND "
            "a IS SOURCE e AND a IS LABELED A|!(B&%) AND b IS NOT LABELED C AND "
            "ALL_DIFFERENT(a, b) AND SAME(a, b) AND PROPERTY_EXISTS(a, x) RETURN "
            "LABELS(a) AS l"),
          "Query: g | graph | all_different same property_exists labels" },
        { "SQL inside", Q("MATCH (n) WHERE n.x IN (SELECT y FROM s.t) RETURN n"),
          "Query: g s.t | graph" },
        { "INSERT, which BigQuery has not", Q("MATCH (a) INSERT (a)-[:E {x: 1}]->(:N)"),
          "Query: g | graph graph-insert" },

        { "GRAPH_TABLE with RETURN",
          "SELECT x FROM GRAPH_TABLE(d.g MATCH (n) RETURN n.x NEXT RETURN x) AS t JOIN "
          "s.u ON t.x = u.x",
          "Query: d.g s.u | graph" },
        { "GRAPH_TABLE with COLUMNS",
          "SELECT * FROM graph_table(g MATCH (n)->(m) COLUMNS (n.x, m.y AS z, n.*)) t",
          IS_GRAPH },
        { "GRAPH_TABLE with a pattern alone",
          "SELECT * FROM GRAPH_TABLE(g MATCH (n IS A))", IS_GRAPH },
        { "GRAPH_TABLE's alias hides no table",
          "SELECT * FROM GRAPH_TABLE(g RETURN 1 AS x) AS t, t.arr, u.arr",
          "Query: g u.arr | graph" },
        { "GRAPH_TABLE is no CTE's name",
          "WITH g AS (SELECT 1) SELECT * FROM GRAPH_TABLE(g RETURN 1 AS x)", IS_GRAPH },
        { "GRAPH_TABLE in a pipe",
          "FROM s.t |> CROSS JOIN GRAPH_TABLE(g RETURN 1 AS x)",
          "Query: s.t g | graph" },
        { "a graph in DDL", "CREATE VIEW s.v AS GRAPH g MATCH (n) RETURN n.x",
          "CreateView: g > s.v | graph" },
        { "a graph into a table", "CREATE TABLE s.t AS GRAPH g RETURN 1 AS x",
          "CreateTable: g > s.t | graph" },
        { "an export", "EXPORT DATA OPTIONS (uri = 'u') AS GRAPH g RETURN 1 AS x",
          "ExportData: g | graph" },
        { "the graph as a string", "SELECT * FROM GRAPH_EXPAND('p.d.g')",
          "Query: | graph | graph_expand" },
        { "a column of that name", "SELECT graph, graph_table, value FROM t",
          "Query: t" },

        { "a property graph",
          "CREATE OR REPLACE PROPERTY GRAPH IF NOT EXISTS d.g NODE TABLES (s.a, s.b AS "
          "bb KEY (id) LABEL L1 PROPERTIES (x, y + 1 AS z OPTIONS (o = 1)) LABEL L2 NO "
          "PROPERTIES DEFAULT LABEL OPTIONS (o = 1) PROPERTIES ARE ALL COLUMNS EXCEPT "
          "(p, q),) EDGE TABLES (s.e KEY (i) SOURCE KEY (a, b) REFERENCES a (x, y) "
          "DESTINATION KEY (c) REFERENCES bb OPTIONS (o = 1) PROPERTIES ALL COLUMNS "
          "DYNAMIC LABEL (l) DYNAMIC PROPERTIES (p)) OPTIONS (o = 2)",
          "CreatePropertyGraph: s.a s.b s.e > d.g | graph" },
        { "a measure",
          "CREATE PROPERTY GRAPH g NODE TABLES (t PROPERTIES (MEASURE(SUM(x)) AS m))",
          "CreatePropertyGraph: t > g | graph | measure sum" },
        { "its end", "DROP PROPERTY GRAPH IF EXISTS d.g", "Drop: > d.g | graph" },
};

static void test_accepted(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(accepted); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_str text = sp_str_c(accepted[i].sql);
                struct sp_sql_script *s;
                struct sp_err err = SP_ERR_NULL;
                char got[512];

                if (sp_sql_parse_one(&a, text, &s, &err) < 0)
                        fail_msg("%s: %s %s", accepted[i].sentence, err.where,
                                 err.what);
                assert_int_equal(s->n_statements, 1);
                describe(&s->statements[0], got, sizeof(got));
                if (strcmp(got, accepted[i].facts) != 0)
                        fail_msg("%s: %s", accepted[i].sentence, got);
                sp_arena_done(&a);
        }
}

static const struct {
        const char *sentence, *sql, *where, *what;
} refused[] = {
        { "no RETURN", Q("MATCH (n)"), "sql:1:18",
          "Expected keyword INSERT or keyword RETURN but got end of statement" },
        { "two RETURN", Q("RETURN 1 AS a RETURN 2 AS b"), "sql:1:23",
          "Expected end of input" },
        { "a statement behind RETURN", Q("RETURN 1 AS a FILTER a > 1"), "sql:1:23",
          "Expected end of input" },
        { "a name without AS", Q("RETURN 1 one"), "sql:1:18", "Expected end of input" },
        { "no star behind a name", Q("MATCH (a) RETURN a.*"), "sql:1:28",
          "Unexpected \"*\"" },
        { "an edge to both sides", Q("MATCH <-[]-> RETURN 1 AS a"), "sql:1:19",
          "Expected \"-\" but got \"->\"" },
        { "space in an edge", Q("MATCH - []-> RETURN 1 AS a"), "sql:1:15",
          "Unexpected whitespace between \"-\" and \"[\"" },
        { "space before an edge's end", Q("MATCH -[] -> RETURN 1 AS a"), "sql:1:17",
          "Unexpected whitespace between \"]\" and \"->\"" },
        { "space in an arrow", Q("MATCH (a)< -(b) RETURN 1 AS a"), "sql:1:18",
          "Unexpected whitespace between \"<\" and \"-\"" },
        { "half an edge", Q("MATCH (a)-[e](b) RETURN 1 AS a"), "sql:1:22",
          "Expected \"-\" but got \"(\"" },
        { "a label with a dot", Q("MATCH (a:A.B) RETURN 1 AS a"), "sql:1:19",
          "Expected \")\" but got \".\"" },
        { "a label that is none", Q("MATCH (a:A|) RETURN 1 AS a"), "sql:1:20",
          "Unexpected \")\"" },
        { "a property without a value", Q("MATCH (a {x}) RETURN 1 AS a"), "sql:1:20",
          "Expected \":\" but got \"}\"" },
        { "no property", Q("MATCH (a {}) RETURN 1 AS a"), "sql:1:19",
          "Unexpected \"}\"" },
        { "an empty quantifier", Q("MATCH ->{} RETURN 1 AS a"), "sql:1:18",
          "Expected \",\" but got \"}\"" },
        { "a quantifier of words", Q("MATCH ->{a} RETURN 1 AS a"), "sql:1:18",
          "Expected \",\"" },
        { "a path of nothing", Q("MATCH p = RETURN 1 AS a"), "sql:1:19",
          "Expected \"(\" or \"-\" or \"<\" or -> but got keyword RETURN" },
        { "a comma and nothing", Q("MATCH (a), RETURN 1 AS a"), "sql:1:20",
          "Unexpected keyword RETURN" },
        { "a hint between edges", Q("MATCH ->@{a=1}-> RETURN 1 AS a"), "sql:1:17",
          "Hint cannot be used" },
        { "a hint behind the last element", Q("MATCH (a) @{a=1} RETURN 1 AS a"),
          "sql:1:26", "Expected \"(\" or \"-\"" },
        { "SHORTEST without a number", Q("MATCH SHORTEST (a) RETURN 1 AS a"),
          "sql:1:24", "Expected integer literal or parameter" },
        { "a set operation without ALL", Q("RETURN 1 AS a UNION RETURN 2 AS a"),
          "sql:1:29", "Expected keyword ALL or keyword DISTINCT" },
        { "LIMIT before OFFSET", Q("RETURN 1 AS a LIMIT 1 OFFSET 2"), "sql:1:31",
          "Expected end of input" },
        { "LIMIT ALL", Q("LIMIT ALL RETURN 1 AS a"), "sql:1:15",
          "Unexpected keyword ALL" },
        { "FOR with another WITH", Q("FOR x IN [1] WITH y RETURN y"), "sql:1:27",
          "Expected keyword OFFSET" },
        { "LET of an expression", Q("LET a.b = 1 RETURN a"), "sql:1:14",
          "Expected \"=\" but got \".\"" },
        { "a call's alias", Q("CALL f() AS t RETURN *"), "sql:1:18",
          "Expected keyword INSERT or keyword RETURN but got keyword AS" },
        { "an open subquery", Q("RETURN VALUE { MATCH (a) } AS x"), "sql:1:34",
          "Expected keyword INSERT or keyword RETURN but got \"}\"" },
        { "two things in braces", Q("RETURN EXISTS { (a) RETURN 1 AS x } AS x"),
          "sql:1:29", "Expected \"}\" or keyword NEXT" },
        { "COLUMNS behind two statements",
          "SELECT 1 FROM GRAPH_TABLE(g MATCH (a) MATCH (b) COLUMNS (a.x))", "sql:1:49",
          "Expected keyword INSERT or keyword RETURN but got keyword COLUMNS" },
        { "more than GRAPH_TABLE takes",
          "SELECT 1 FROM GRAPH_TABLE(g RETURN 1 AS x, LIMIT 1)", "sql:1:44",
          "Unexpected keyword LIMIT" },
        { "a graph is no subquery", "SELECT (GRAPH g RETURN 1 AS x)", "sql:1:15",
          "Expected \")\"" },
        { "a graph is no WITH query", "WITH a AS (GRAPH g RETURN 1 AS x) SELECT 1",
          "sql:1:12", "Unexpected keyword GRAPH" },
        { "a graph is no operand", "SELECT 1 UNION ALL GRAPH g RETURN 1 AS x",
          "sql:1:20", "Unexpected keyword GRAPH" },
        { "a graph without nodes", "CREATE PROPERTY GRAPH g EDGE TABLES (t)",
          "sql:1:25", "Expected keyword NODE but got keyword EDGE" },
        { "no tables", "CREATE PROPERTY GRAPH g NODE TABLES ()", "sql:1:38",
          "Unexpected \")\"" },
        { "dynamic before static",
          "CREATE PROPERTY GRAPH g NODE TABLES (t DYNAMIC LABEL (x) LABEL y)",
          "sql:1:58", "LABEL or PROPERTIES clause should be moved before" },
        { "two dynamic labels",
          "CREATE PROPERTY GRAPH g NODE TABLES (t DYNAMIC LABEL (x) DYNAMIC LABEL (y))",
          "sql:1:66", "More than one DYNAMIC LABEL" },
        { "an element refers to a name",
          "CREATE PROPERTY GRAPH g NODE TABLES (t SOURCE KEY (a) REFERENCES s.t (b))",
          "sql:1:67", "Expected" },

};

static void test_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(refused); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s = NULL;
                struct sp_err err = SP_ERR_NULL;
                int r = sp_sql_parse_one(&a, sp_str_c(refused[i].sql), &s, &err);
                const char *what = err.what;

                if (strncmp(what, "Syntax error: ", 14) == 0)
                        what += 14;
                if (r != -EINVAL ||
                    strncmp(err.where, refused[i].where, strlen(refused[i].where)) !=
                            0 ||
                    strncmp(what, refused[i].what, strlen(refused[i].what)) != 0)
                        fail_msg("%s: %d %s %s", refused[i].sentence, r, err.where,
                                 err.what);
                assert_null(s);
                sp_arena_done(&a);
        }
}

static void test_alter(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_script *s;
        struct sp_err err = SP_ERR_NULL;

        (void)state;
        assert_int_equal(
                sp_sql_parse_one(&a, SP_STR("ALTER PROPERTY GRAPH g SET OPTIONS (x=1)"),
                                 &s, &err),
                -ENOTSUP);
        assert_string_equal(err.what, "ALTER PROPERTY GRAPH is not supported");
        sp_arena_done(&a);
}

/* What a predicate on a graph's elements lets through is not known here. */
static void test_where(void **state)
{
        static const char *const conditions[] = {
                "TRUE IS LABELED y",         "TRUE IS SOURCE OF y",
                "x IS NOT DESTINATION OF y", "EXISTS { RETURN 1 AS x }",
                "1 IN { RETURN 1 AS x }",
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(conditions); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                struct sp_sql_script *s;
                struct sp_err err = SP_ERR_NULL;
                char sql[128];

                snprintf(sql, sizeof(sql), "DELETE FROM s.t WHERE %s", conditions[i]);
                SP_CHECK(sql, sp_sql_parse_one(&a, sp_str_c(sql), &s, &err) == 0);
                SP_CHECK(sql, s->statements[0].where == SP_SQL_WHERE_UNPROVEN);
                sp_arena_done(&a);
        }
}

/* No nesting overruns the stack, and the error is that of the limit. */
static void test_depth(void **state)
{
        static const char *const parts[] = {
                "(p = ",
                "(a:(",
                "(a:!(",
                "CALL { MATCH ",
                "(a) WHERE EXISTS { ",
                "(a {x: VALUE { MATCH ",
                "(a) RETURN ARRAY { MATCH ",
                "(a) FILTER 1 IN { MATCH ",
                "(a) FILTER a IS LABELED (",
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(parts); i++) {
                struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                size_t n = strlen(parts[i]), many = 30000, at;
                char *sql = malloc(64 + n * many);
                struct sp_sql_script *s;
                struct sp_err err = SP_ERR_NULL;

                assert_non_null(sql);
                at = (size_t)sprintf(sql, "%s", i == 3 ? "GRAPH g " : "GRAPH g MATCH ");
                for (size_t k = 0; k < many; k++, at += n)
                        memcpy(sql + at, parts[i], n);
                SP_CHECK(parts[i], sp_sql_parse(&a, sp_str(sql, at), &s, &err) < 0);
                sp_arena_done(&a);
                free(sql);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused),
                cmocka_unit_test(test_alter),    cmocka_unit_test(test_where),
                cmocka_unit_test(test_depth),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
