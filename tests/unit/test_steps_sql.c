/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of reading SQL grows as the text does. Counted, not timed: this program links
 * the layers compiled so that each piece of straight code calls a counter.
 */
#include "tests/test.h"

#include "daemon/sql/lineage.h"
#include "tests/unit/sql_shapes.h"

#define SHORT_BYTES (16u * 1024)
#define LONG_BYTES (256u * 1024)
/* Sorting adds a logarithm; what is quadratic grows by LONG / SHORT. */
#define GROWTH_MAX 1.3
/* Twice what the dearest shape takes. What doubles with each level of nesting takes more. */
#define STEPS_MAX 120.0

static uint64_t steps;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
        steps++;
}

struct cost {
        double steps, memory; /* a byte of text */
};

static const char tables[] =
        "{\"case_insensitive_tables\":true,\"tables\":{"
        "\"lineitem\":[{\"name\":\"l_orderkey\",\"type\":\"INT64\"},"
        "{\"name\":\"l_partkey\",\"type\":\"INT64\"},"
        "{\"name\":\"l_linenumber\",\"type\":\"INT64\"},"
        "{\"name\":\"l_quantity\",\"type\":\"FLOAT64\"},"
        "{\"name\":\"l_extendedprice\",\"type\":\"FLOAT64\"},"
        "{\"name\":\"l_discount\",\"type\":\"FLOAT64\"},"
        "{\"name\":\"l_tax\",\"type\":\"FLOAT64\"},"
        "{\"name\":\"l_shipdate\",\"type\":\"DATE\"},"
        "{\"name\":\"l_commitdate\",\"type\":\"DATE\"},"
        "{\"name\":\"l_receiptdate\",\"type\":\"DATE\"},"
        "{\"name\":\"l_shipmode\",\"type\":\"STRING\"},"
        "{\"name\":\"l_comment\",\"type\":\"STRING\"}],"
        "\"orders\":[{\"name\":\"o_orderkey\",\"type\":\"INT64\"},"
        "{\"name\":\"o_custkey\",\"type\":\"INT64\"},"
        "{\"name\":\"o_totalprice\",\"type\":\"FLOAT64\"},"
        "{\"name\":\"o_comment\",\"type\":\"STRING\"}],"
        "\"customer\":[{\"name\":\"c_custkey\",\"type\":\"INT64\"}],"
        "\"region\":[{\"name\":\"r_regionkey\",\"type\":\"INT64\"},"
        "{\"name\":\"r_name\",\"type\":\"STRING\"},"
        "{\"name\":\"r_comment\",\"type\":\"STRING\"}]}}";

static struct cost cost_of(const struct sql_shape *s, size_t size,
                           const struct sp_sql_resolve_options *o)
{
        struct sp_arena a = SP_ARENA_INIT(1024u * 1024 * 1024);
        struct sp_sql_script *script;
        struct sp_sql_lineage *lineage;
        struct sp_err err = { 0 };
        struct cost c;
        size_t n = 0;
        char *text = sql_shape_text(s, size, &n);

        assert_non_null(text);
        steps = 0;
        if (sp_sql_parse(&a, sp_str(text, n), &script, &err) < 0)
                fail_msg("%s: %s", s->name, err.what);
        if (o) {
                if (sp_sql_resolve(&a, script, o, &lineage, &err) < 0)
                        fail_msg("%s: %s", s->name, err.what);
                for (size_t i = 0; i < script->n_statements; i++)
                        if (lineage[i].unresolved)
                                fail_msg("%s: %s", s->name, lineage[i].unresolved);
        }
        c = (struct cost){ (double)steps / (double)n,
                           (double)a.used_bytes / (double)n };
        sp_arena_done(&a);
        free(text);
        return c;
}

static void check_growth(const struct sp_sql_resolve_options *o)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(sql_shapes); i++) {
                const struct sql_shape *s = &sql_shapes[i];
                struct cost less = cost_of(s, SHORT_BYTES, o),
                            more = cost_of(s, LONG_BYTES, o);

                SP_CHECK(s->name, less.steps > 0 && less.steps < STEPS_MAX);
                if (more.steps > GROWTH_MAX * less.steps)
                        fail_msg("%s: %.1f steps a byte, then %.1f", s->name,
                                 less.steps, more.steps);
                if (more.memory > GROWTH_MAX * less.memory)
                        fail_msg("%s: %.1f bytes a byte, then %.1f", s->name,
                                 less.memory, more.memory);
        }
}

static void test_parse_and_facts(void **state)
{
        (void)state;
        check_growth(NULL);
}

static void test_resolve(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(1024 * 1024);
        struct sp_sql_resolve_options o = { 0 };
        struct sp_sql_catalog *catalog;
        struct sp_err err;

        (void)state;
        assert_int_equal(sp_sql_catalog_read(&a, sp_str_c(tables), &catalog, &err), 0);
        o.catalog = catalog;
        check_growth(&o);
        sp_arena_done(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse_and_facts),
                cmocka_unit_test(test_resolve),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
