/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/buf.h"
#include "daemon/sql/lineage.h"

static const char catalog[] =
        "{\"tables\":{\"p.d.t\":[{\"name\":\"a\",\"type\":\"INT64\"},{\"name\":\"b\","
        "\"type\":\"STRING\"},{\"name\":\"s\",\"type\":\"STRUCT<x INT64>\"}],"
        "\"p.d.u\":[{\"name\":\"a\",\"type\":\"INT64\"},{\"name\":\"c\",\"type\":"
        "\"DATE\"}]}}";

static struct sp_sql_lineage *resolve(struct sp_arena *a, const char *sql,
                                      struct sp_sql_script **script)
{
        struct sp_sql_resolve_options o = { .default_project = SP_STR("p"),
                                            .default_dataset = SP_STR("d") };
        struct sp_sql_lineage *l = NULL;
        struct sp_sql_catalog *c = NULL;
        struct sp_err err = SP_ERR_NULL;

        assert_int_equal(sp_sql_catalog_read(a, sp_str_c(catalog), &c, &err), 0);
        o.catalog = c;
        if (sp_sql_parse(a, sp_str_c(sql), script, &err) < 0 ||
            sp_sql_resolve(a, *script, &o, &l, &err) < 0)
                fail_msg("%s: %s", sql, err.what);
        return l;
}

static void put_sources(struct sp_buf *to, const struct sp_sql_source *v, size_t n)
{
        for (size_t i = 0; i < n; i++)
                assert_int_equal(sp_buf_addf(to, "%s%.*s.%.*s%s%.*s", i ? "," : "",
                                             SP_FMT(v[i].table), SP_FMT(v[i].column),
                                             v[i].field.n ? "/" : "",
                                             SP_FMT(v[i].field)),
                                 0);
}

/* "x<p.d.t.a y< |p.d.t.b" per statement; "!" for one that is not resolved. */
static void put(struct sp_buf *to, const struct sp_sql_lineage *l, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (i)
                        assert_int_equal(sp_buf_add(to, SP_STR("; ")), 0);
                if (l[i].unresolved) {
                        assert_int_equal(sp_buf_addc(to, '!'), 0);
                        assert_false(l[i].has_outputs);
                        assert_true(!l[i].n_outputs && !l[i].n_filters);
                }
                for (size_t k = 0; k < l[i].n_outputs; k++) {
                        assert_int_equal(sp_buf_addf(to, "%s%.*s<", k ? " " : "",
                                                     SP_FMT(l[i].outputs[k].name)),
                                         0);
                        put_sources(to, l[i].outputs[k].sources,
                                    l[i].outputs[k].n_sources);
                }
                if (l[i].n_filters)
                        assert_int_equal(sp_buf_add(to, SP_STR(" |")), 0);
                put_sources(to, l[i].filters, l[i].n_filters);
        }
}

static void each_statement_has_its_own_lineage(void **state)
{
        static const struct {
                const char *sql, *want;
        } rows[] = {
                { "SELECT a AS x, 1 AS y FROM t WHERE b = ''",
                  "x<p.d.t.a y< |p.d.t.b" },
                { "SELECT a FROM t; SELECT c FROM u", "a<p.d.t.a; c<p.d.u.c" },
                { "SELECT nothing FROM t; SELECT a FROM t", "!; a<p.d.t.a" },
                { "SELECT a FROM t; SELECT a FROM nowhere; SELECT 1 AS x",
                  "a<p.d.t.a; !; x<" },
                { "SELECT s.x, s FROM t", "x<p.d.t.s/x s<p.d.t.s" },
                { "SELECT x.a + u.a AS z FROM t AS x JOIN u ON x.a = u.a",
                  "z<p.d.t.a,p.d.u.a |p.d.t.a,p.d.u.a" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                sp_autobuf b = SP_BUF_INIT(4096);
                struct sp_sql_script *script = NULL;
                struct sp_sql_lineage *l = resolve(&a, rows[i].sql, &script);

                put(&b, l, script->n_statements);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)))
                        fail_msg("%s: got \"%.*s\"", rows[i].sql,
                                 SP_FMT(sp_buf_str(&b)));
                sp_arena_done(&a);
        }
}

/* What is shown of a variable is what it may hold at any time, also from further down. */
static void a_variable_has_what_is_assigned_later_in_the_loop(void **state)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_sql_script *script = NULL;
        struct sp_sql_lineage *l =
                resolve(&a,
                        "DECLARE v INT64; LOOP SELECT v AS x; SET v = (SELECT MAX(a) "
                        "FROM t); END LOOP",
                        &script);
        bool found = false;

        (void)state;
        for (size_t i = 0; i < script->n_statements; i++)
                if (l[i].n_outputs && !found) {
                        put(&b, &l[i], 1);
                        found = true;
                }
        assert_true(sp_str_starts(sp_buf_str(&b), SP_STR("x<p.d.t.a")));
        sp_arena_done(&a);
}

static void reads_are_listed_with_their_places(void **state)
{
        static const struct {
                const char *sql, *want; /* "statement:start-end name[?]" */
        } rows[] = {
                { "SELECT 1", "" },
                { "SELECT a FROM t", "0:14-15 p.d.t " },
                { "SELECT 1 FROM `p.d.u` AS x, d.t", "0:14-21 p.d.u 0:28-31 p.d.t " },
                { "SELECT a FROM t; SELECT a FROM u", "0:14-15 p.d.t 1:31-32 p.d.u " },
                { "SELECT a FROM t, nowhere", "0:14-15 p.d.t 0:17-24 nowhere? " },
                { "WITH t AS (SELECT a FROM u) SELECT a FROM t", "0:25-26 p.d.u " },
                { "SELECT (SELECT MAX(a) FROM u) FROM t WHERE a IN (SELECT a FROM u)",
                  "0:27-28 p.d.u 0:35-36 p.d.t 0:63-64 p.d.u " },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                sp_autobuf b = SP_BUF_INIT(4096);
                struct sp_sql_script *script = NULL;
                struct sp_sql_lineage *l = resolve(&a, rows[i].sql, &script);

                for (size_t k = 0; k < script->n_statements; k++)
                        for (size_t n = 0; n < l[k].n_reads; n++)
                                assert_int_equal(
                                        sp_buf_addf(&b, "%zu:%u-%u %.*s%s ", k,
                                                    l[k].reads[n].at.start,
                                                    l[k].reads[n].at.end,
                                                    SP_FMT(l[k].reads[n].table),
                                                    l[k].reads[n].is_known ? "" : "?"),
                                        0);
                if (!sp_str_eq(sp_buf_str(&b), sp_str_c(rows[i].want)))
                        fail_msg("%s: got \"%.*s\"", rows[i].sql,
                                 SP_FMT(sp_buf_str(&b)));
                sp_arena_done(&a);
        }
}

static void a_reason_has_a_place_and_is_safe_to_show(void **state)
{
        struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
        struct sp_sql_script *script = NULL;
        struct sp_sql_lineage *l =
                resolve(&a, "SELECT a,\n  `\\x1b[31m` FROM t", &script);

        (void)state;
        assert_non_null(l[0].unresolved);
        assert_int_equal(l[0].unresolved_at.start, 12);
        assert_null(strchr(l[0].unresolved, 0x1b));
        sp_arena_done(&a);
}

static void without_memory_there_is_no_lineage_and_no_crash(void **state)
{
        static const char sql[] =
                "WITH x AS (SELECT a, s FROM t WHERE b = '') SELECT x.s.x, SUM(x.a + "
                "u.a) FROM x JOIN u USING (a) GROUP BY 1 ORDER BY 2";
        size_t limit = 0;
        int r;

        (void)state;
        do {
                struct sp_arena a = SP_ARENA_INIT((size_t)8 << 20);
                struct sp_arena small = SP_ARENA_INIT(limit);
                struct sp_sql_resolve_options o = { .default_project = SP_STR("p"),
                                                    .default_dataset = SP_STR("d") };
                struct sp_sql_lineage *l = NULL;
                struct sp_sql_script *script = NULL;
                struct sp_sql_catalog *c = NULL;
                struct sp_err err = SP_ERR_NULL;

                assert_int_equal(sp_sql_catalog_read(&a, sp_str_c(catalog), &c, &err),
                                 0);
                assert_int_equal(sp_sql_parse(&a, sp_str_c(sql), &script, &err), 0);
                o.catalog = c;
                r = sp_sql_resolve(&small, script, &o, &l, &err);
                if (r < 0) {
                        assert_int_equal(r, -ENOMEM);
                        assert_string_equal(err.id, "sql.memory");
                        assert_null(l);
                } else {
                        assert_null(l[0].unresolved);
                        assert_int_equal(l[0].n_outputs, 2);
                }
                sp_arena_done(&small);
                sp_arena_done(&a);
                limit += 16;
        } while (r < 0 && limit < 200000);
        assert_int_equal(r, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_statement_has_its_own_lineage),
                cmocka_unit_test(a_variable_has_what_is_assigned_later_in_the_loop),
                cmocka_unit_test(reads_are_listed_with_their_places),
                cmocka_unit_test(a_reason_has_a_place_and_is_safe_to_show),
                cmocka_unit_test(without_memory_there_is_no_lineage_and_no_crash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
