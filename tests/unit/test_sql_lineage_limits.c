/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of the resolver: the last that is taken, and the first that is not. */
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/buf.h"
#include "daemon/sql/resolve.h"

#define ARENA_MAX (256 * 1024 * 1024)
#define TEXT_MAX (1024 * 1024)

struct outcome {
        size_t n_outputs, used_bytes;
        char unresolved[160];
};

static const char catalog_json[] =
        "{\"tables\":{\"t\":[{\"name\":\"a\",\"type\":\"INT64\"},"
        "{\"name\":\"b\",\"type\":\"STRING\"}],"
        "\"wide\":[%.*s]}}";

static struct sp_sql_catalog *make_catalog(struct sp_arena *a, unsigned columns)
{
        sp_autobuf list = SP_BUF_INIT(TEXT_MAX);
        sp_autobuf json = SP_BUF_INIT(TEXT_MAX);
        struct sp_sql_catalog *c = NULL;
        struct sp_err err = SP_ERR_NULL;

        for (unsigned i = 0; i < columns; i++)
                assert_int_equal(sp_buf_addf(&list,
                                             "%s{\"name\":\"c%u\",\"type\":\"INT64\"}",
                                             i ? "," : "", i),
                                 0);
        assert_int_equal(sp_buf_addf(&json, catalog_json, SP_FMT(sp_buf_str(&list))),
                         0);
        assert_int_equal(sp_sql_catalog_read(a, sp_buf_str(&json), &c, &err), 0);
        return c;
}

static void resolve(struct sp_str sql, unsigned columns, struct outcome *to)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX), memory = SP_ARENA_INIT(ARENA_MAX);
        struct sp_sql_resolve_options o = { .catalog = make_catalog(&memory, columns) };
        struct sp_sql_script *script = NULL;
        struct sp_sql_lineage *l = NULL;
        struct sp_err err = SP_ERR_NULL;

        if (sp_sql_parse(&a, sql, &script, &err) < 0)
                fail_msg("%s %s", err.where, err.what);
        assert_int_equal(sp_sql_resolve(&a, script, &o, &l, &err), 0);
        l = &l[script->n_statements - 1];
        to->n_outputs = l->n_outputs;
        to->used_bytes = a.used_bytes;
        snprintf(to->unresolved, sizeof(to->unresolved), "%s",
                 l->unresolved ? l->unresolved : "");
        sp_arena_done(&a);
        sp_arena_done(&memory);
}

/* before, then `n` times `each` with its number twice, then after */
static void build(struct sp_buf *b, const char *before, const char *between,
                  const char *each, unsigned n, const char *after)
{
        sp_buf_clear(b);
        assert_int_equal(sp_buf_add(b, sp_str_c(before)), 0);
        for (unsigned i = 0; i < n; i++) {
                struct sp_str rest = sp_str_c(each), head;
                bool more = true;

                if (i)
                        assert_int_equal(sp_buf_add(b, sp_str_c(between)), 0);
                while (more) { /* # is the number, % the one behind it */
                        const char *mark = strpbrk(rest.p, "#%");

                        more = mark && mark < rest.p + rest.n;
                        head = sp_str_sub(rest, 0,
                                          more ? (size_t)(mark - rest.p) : rest.n);
                        assert_int_equal(sp_buf_add(b, head), 0);
                        if (!more)
                                break;
                        assert_int_equal(sp_buf_addf(b, "%u", *mark == '#' ? i : i + 1),
                                         0);
                        rest = sp_str_sub(rest, head.n + 1, rest.n);
                }
        }
        assert_int_equal(sp_buf_add(b, sp_str_c(after)), 0);
}

static void test_columns_of_one_query(void **state)
{
        sp_autobuf sql = SP_BUF_INIT(TEXT_MAX);
        struct outcome o;

        (void)state;
        build(&sql, "SELECT ", ", ", "1", SP_SQL_COLUMNS_MAX, "");
        resolve(sp_buf_str(&sql), 1, &o);
        assert_string_equal(o.unresolved, "");
        assert_int_equal(o.n_outputs, SP_SQL_COLUMNS_MAX);
        build(&sql, "SELECT ", ", ", "1", SP_SQL_COLUMNS_MAX + 1, "");
        resolve(sp_buf_str(&sql), 1, &o);
        assert_string_equal(o.unresolved, "more than 10000 columns");
}

/* The same columns again and again: each star makes new ones. */
static void test_columns_of_one_text(void **state)
{
        sp_autobuf sql = SP_BUF_INIT(TEXT_MAX);
        struct outcome few, many;

        (void)state;
        build(&sql, "", ";", "SELECT * FROM wide", 20, "");
        resolve(sp_buf_str(&sql), 9000, &few);
        assert_string_equal(few.unresolved, "");
        assert_int_equal(few.n_outputs, 9000);
        build(&sql, "", ";", "SELECT * FROM wide", 60, "");
        resolve(sp_buf_str(&sql), 9000, &many);
        assert_non_null(strstr(many.unresolved, "more than 400000 columns"));
}

/* Each WITH query is met inside the one before it. */
static void test_forward_references(void **state)
{
        sp_autobuf sql = SP_BUF_INIT(TEXT_MAX);
        unsigned low = 1, high = 3900;
        struct outcome o;

        (void)state;
        while (high - low > 1) {
                unsigned n = low + (high - low) / 2;

                build(&sql, "WITH RECURSIVE ", ", ", "q# AS (SELECT a FROM q%)", n, "");
                assert_int_equal(sp_buf_addf(&sql,
                                             ", q%u AS (SELECT a FROM t) "
                                             "SELECT a FROM q0",
                                             n),
                                 0);
                resolve(sp_buf_str(&sql), 1, &o);
                if (o.unresolved[0]) {
                        assert_string_equal(o.unresolved,
                                            "The statement is nested too deeply");
                        high = n;
                } else {
                        assert_int_equal(o.n_outputs, 1);
                        low = n;
                }
        }
        /* a query and its table expression count */
        assert_in_range(high, SP_SQL_RESOLVE_DEPTH_MAX / 4, SP_SQL_RESOLVE_DEPTH_MAX);
}

/* What the parser takes, however deep, the resolver takes too. */
static void test_depth_of_the_text(void **state)
{
        static const struct {
                const char *open, *inside, *close;
        } shapes[] = {
                { "(", "a", ")" },
                { "ABS(-", "a", ")" },
                { "(SELECT ", "a", ")" },
                { "ARRAY(SELECT AS STRUCT ", "a", ")" },
                { "STRUCT(", "a", ")" },
                { "[", "a", "]" },
                { "CASE WHEN NOT a = 1 AND (a > 1 OR ", "a", ") THEN 1 + 2 * 3 END" },
                { "f([1], x -> ", "a", ")" },
                { "WITH(x AS 1, ", "a", ")" },
        };
        sp_autobuf sql = SP_BUF_INIT(TEXT_MAX);

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(shapes); i++) {
                unsigned depth = 0;

                for (unsigned n = 1; n <= SP_SQL_DEPTH_MAX; n++) {
                        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
                        struct sp_sql_script *script = NULL;
                        struct sp_err err = SP_ERR_NULL;
                        struct outcome o;

                        build(&sql, "SELECT ", "", shapes[i].open, n, shapes[i].inside);
                        for (unsigned k = 0; k < n; k++)
                                assert_int_equal(
                                        sp_buf_add(&sql, sp_str_c(shapes[i].close)), 0);
                        assert_int_equal(sp_buf_add(&sql, SP_STR(" FROM t")), 0);
                        if (sp_sql_parse(&a, sp_buf_str(&sql), &script, &err) < 0) {
                                sp_arena_done(&a);
                                break;
                        }
                        sp_arena_done(&a);
                        depth = n;
                        resolve(sp_buf_str(&sql), 1, &o);
                        assert_string_equal(o.unresolved, "");
                }
                assert_in_range(depth, 20, SP_SQL_DEPTH_MAX);
        }
}

static void test_memory_is_linear(void **state)
{
        static const struct {
                const char *before, *between, *each, *after;
        } shapes[] = {
                { "SELECT ", ", ", "a + # AS x#", " FROM t" },
                { "SELECT a FROM t WHERE ", " AND ", "b = '#'", "" },
                { "SELECT t0.a FROM t AS t0", "", " JOIN t AS t% ON t%.a = t#.a", "" },
                { "SELECT t0.a FROM t AS t0", "", ", t AS t%", "" },
                { "", " UNION ALL ", "SELECT a, b FROM t", "" },
                { "", " UNION ALL BY NAME ", "SELECT b, a FROM t", "" },
                { "WITH q0 AS (SELECT a, b FROM t)", "",
                  ", q% AS (SELECT a + b AS a, b FROM q#)", " SELECT * FROM q7" },
                { "SELECT a IN (", ", ", "#", ") FROM t" },
                { "SELECT WITH(v0 AS a", "", ", v% AS v# + a", ", v7) FROM t" },
                { "SELECT ", ", ", "(SELECT MAX(u.b) FROM t AS u WHERE u.a = t.a)",
                  " FROM t" },
                { "SELECT 1 FROM t", "", ", UNNEST([STRUCT(# AS f#)]) AS r%", "" },
                { "SELECT STRUCT(", ", ", "a AS f#", ").f3 FROM t" },
        };
        sp_autobuf sql = SP_BUF_INIT(TEXT_MAX);

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(shapes); i++) {
                struct outcome one, two;

                build(&sql, shapes[i].before, shapes[i].between, shapes[i].each, 1000,
                      shapes[i].after);
                resolve(sp_buf_str(&sql), 1, &one);
                build(&sql, shapes[i].before, shapes[i].between, shapes[i].each, 2000,
                      shapes[i].after);
                resolve(sp_buf_str(&sql), 1, &two);
                assert_string_equal(one.unresolved, "");
                assert_string_equal(two.unresolved, "");
                /* arrays that double may do so just between the two */
                if (two.used_bytes > one.used_bytes * 3)
                        fail_msg("%s%s: %zu bytes, then %zu", shapes[i].before,
                                 shapes[i].each, one.used_bytes, two.used_bytes);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_columns_of_one_query),
                cmocka_unit_test(test_columns_of_one_text),
                cmocka_unit_test(test_forward_references),
                cmocka_unit_test(test_depth_of_the_text),
                cmocka_unit_test(test_memory_is_linear),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
