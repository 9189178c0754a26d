/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "daemon/base/buf.h"
#include "daemon/sql/resolve.h"

static const char catalog[] =
        "{\"tables\":{\"t\":[{\"name\":\"a\",\"type\":\"INT64\"},{\"name\":\"b\","
        "\"type\":"
        "\"STRING\"},{\"name\":\"s\",\"type\":\"STRUCT<x INT64, y STRUCT<z DATE, Z2 "
        "DATE>, "
        "list ARRAY<STRUCT<k STRING>>>\"},{\"name\":\"j\",\"type\":\"JSON\"},"
        "{\"name\":\"u\",\"type\":null}],\"w\":[{\"name\":\"c0\",\"type\":\"INT64\"}]}"
        "}";

struct world {
        struct sp_arena arena;
        struct sp_sql_resolver r;
        const struct sp_sql_catalog_table *t;
};

static void begin(struct world *w)
{
        struct sp_sql_catalog *c;
        struct sp_err err = SP_ERR_NULL;

        *w = (struct world){ .arena = SP_ARENA_INIT(64 << 20) };
        assert_int_equal(sp_sql_catalog_read(&w->arena, sp_str_c(catalog), &c, &err),
                         0);
        w->r.arena = &w->arena;
        w->r.catalog = c;
        w->t = sp_sql_catalog_find(c, SP_STR("t"));
}

static const struct sp_sql_sources *leaf(struct world *w, const char *column)
{
        const struct sp_sql_sources *s = sp_sql_sources_leaf(
                &w->r, &(struct sp_sql_leaf){
                               .table = w->t,
                               .column = sp_arena_str(&w->arena, sp_str_c(column)) });

        assert_non_null(s);
        return s;
}

static const struct sp_sql_value *column(struct world *w, const char *name)
{
        size_t at = 0;

        assert_true(sp_sql_catalog_column(w->t, sp_str_c(name), &at));
        return sp_sql_value_new(&w->r, w->t->columns[at].type, leaf(w, name));
}

static void expect(struct world *w, const struct sp_sql_sources *s, const char *want)
{
        sp_autobuf b = SP_BUF_INIT(1 << 20);
        const struct sp_sql_source *list;
        size_t n;

        assert_true(sp_sql_sources_list(&w->r, s, &list, &n));
        for (size_t i = 0; i < n; i++)
                assert_int_equal(
                        sp_buf_addf(&b, "%s%.*s.%.*s%s%.*s", i ? " " : "",
                                    SP_FMT(list[i].table), SP_FMT(list[i].column),
                                    list[i].field.n ? "/" : "", SP_FMT(list[i].field)),
                        0);
        if (!sp_str_eq(sp_buf_str(&b), sp_str_c(want)))
                fail_msg("got \"%.*s\", want \"%s\"", SP_FMT(sp_buf_str(&b)), want);
}

static const struct sp_sql_value *field(struct world *w, const struct sp_sql_value *v,
                                        const char *name)
{
        return sp_sql_value_field(&w->r, v, sp_str_c(name), (struct sp_sql_span){ 0 });
}

static void test_unions_are_sorted_sets(void **state)
{
        struct world w;
        const struct sp_sql_sources *a, *b, *ab;

        (void)state;
        begin(&w);
        a = leaf(&w, "a");
        b = leaf(&w, "B"); /* as the catalogue writes it */
        assert_ptr_equal(b, leaf(&w, "b"));
        ab = sp_sql_sources_join(&w.r, b, a);
        expect(&w, NULL, "");
        expect(&w, a, "t.a");
        expect(&w, ab, "t.a t.b");
        assert_ptr_equal(sp_sql_sources_join(&w.r, ab, a), ab);
        assert_ptr_equal(sp_sql_sources_join(&w.r, a, ab), ab);
        assert_ptr_equal(sp_sql_sources_join(&w.r, NULL, a), a);
        assert_ptr_equal(sp_sql_sources_join(&w.r, a, NULL), a);
        assert_null(sp_sql_sources_join(&w.r, NULL, NULL));
        assert_non_null(sp_sql_sources_single(a));
        assert_null(sp_sql_sources_single(ab));
        assert_null(sp_sql_sources_single(NULL));
        sp_arena_done(&w.arena);
}

/* More columns than a flat set holds, joined in every order, several times. */
static void test_large_unions_lose_nothing(void **state)
{
        struct world w;
        char name[16];
        const struct sp_sql_sources *s = NULL, *odd = NULL;
        const struct sp_sql_source *list;
        size_t n;

        (void)state;
        begin(&w);
        for (int round = 0; round < 3; round++)
                for (int i = 0; i < 300; i++) {
                        const struct sp_sql_sources *one;

                        snprintf(name, sizeof(name), "x%d", i * 7 % 300);
                        one = leaf(&w, name);
                        s = i % 2 ? sp_sql_sources_join(&w.r, s, one)
                                  : sp_sql_sources_join(&w.r, one, s);
                        if (i % 2)
                                odd = sp_sql_sources_join(&w.r, odd, s);
                }
        assert_true(sp_sql_sources_list(&w.r, s, &list, &n));
        assert_int_equal(n, 300);
        for (size_t i = 1; i < n; i++)
                assert_true(sp_str_cmp(list[i - 1].column, list[i].column) < 0);
        assert_true(sp_sql_sources_list(&w.r, odd, &list, &n));
        assert_int_equal(n, 300);
        sp_arena_done(&w.arena);
}

static void test_a_cell_may_grow_and_hold_itself(void **state)
{
        struct world w;
        struct sp_sql_sources *cell, *other;
        const struct sp_sql_sources *both;

        (void)state;
        begin(&w);
        cell = sp_sql_sources_cell(&w.r);
        other = sp_sql_sources_cell(&w.r);
        both = sp_sql_sources_join(&w.r, cell, leaf(&w, "a"));
        expect(&w, cell, "");
        expect(&w, both, "t.a");
        assert_true(sp_sql_sources_fill(&w.r, cell, leaf(&w, "b")));
        expect(&w, both, "t.a t.b");
        assert_true(sp_sql_sources_fill(&w.r, cell, both));
        assert_true(sp_sql_sources_fill(&w.r, cell, cell));
        assert_true(sp_sql_sources_fill(&w.r, cell, other));
        assert_true(sp_sql_sources_fill(&w.r, cell, NULL));
        assert_true(sp_sql_sources_fill(&w.r, other, cell));
        expect(&w, cell, "t.a t.b");
        assert_true(sp_sql_sources_fill(&w.r, other, leaf(&w, "j")));
        expect(&w, both, "t.a t.b t.j");
        sp_arena_done(&w.arena);
}

/* The same few columns again and again make no long graph to walk for each output. */
static void test_chains_over_few_columns_stay_short(void **state)
{
        struct world w;
        const struct sp_sql_sources *s = NULL, *last = NULL;
        size_t before;

        (void)state;
        begin(&w);
        for (int i = 0; i < 20; i++) {
                char name[16];

                snprintf(name, sizeof(name), "x%d", i);
                last = leaf(&w, name);
                s = sp_sql_sources_join(&w.r, s, last);
        }
        before = w.arena.used_bytes;
        for (int i = 0; i < 100000; i++) {
                s = sp_sql_sources_join(&w.r, s, last);
                assert_true(sp_sql_sources_join(&w.r, last, s) == s);
        }
        assert_int_equal(w.arena.used_bytes, before);
        sp_arena_done(&w.arena);
}

static void test_too_many_sources_are_told_not_lost(void **state)
{
        struct world w;
        const struct sp_sql_sources *s = NULL;
        const struct sp_sql_source *list;
        size_t n;
        char name[24];
        int made = 0;

        (void)state;
        begin(&w);
        for (int i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "x%d", i);
                s = sp_sql_sources_join(&w.r, s, leaf(&w, name));
        }
        for (; made < 1000; made++) {
                snprintf(name, sizeof(name), "y%d", made);
                if (!sp_sql_sources_list(&w.r,
                                         sp_sql_sources_join(&w.r, s, leaf(&w, name)),
                                         &list, &n))
                        break;
                assert_int_equal(n, 1001);
        }
        assert_int_equal(made, SP_SQL_SOURCES_TOTAL / 1001);
        assert_non_null(w.r.unresolved);
        sp_arena_done(&w.arena);
}

static void test_fields_of_a_stored_struct_are_told_apart(void **state)
{
        struct world w;
        const struct sp_sql_value *s, *v;

        (void)state;
        begin(&w);
        s = column(&w, "s");
        expect(&w, s->sources, "t.s");
        expect(&w, field(&w, s, "X")->sources, "t.s/x");
        v = field(&w, field(&w, s, "y"), "z2");
        expect(&w, v->sources, "t.s/y.Z2");
        assert_int_equal(v->type->kind, SP_SQL_TYPE_DATE);
        v = sp_sql_value_element(&w.r, field(&w, s, "list"));
        expect(&w, v->sources, "t.s/list");
        expect(&w, field(&w, v, "k")->sources, "t.s/list.k");
        expect(&w, field(&w, column(&w, "j"), "any")->sources, "t.j");
        expect(&w, field(&w, field(&w, column(&w, "u"), "any"), "more")->sources,
               "t.u");
        assert_null(w.r.unresolved);
        sp_arena_done(&w.arena);
}

static void test_a_field_that_is_not_there_is_told(void **state)
{
        static const struct {
                const char *column, *field, *why;
        } rows[] = {
                { "a", "x", "Cannot access field x on a value with type INT64" },
                { "s", "q",
                  "Field name q does not exist in STRUCT<x INT64, y STRUCT<z DATE, Z2 "
                  "DATE>, list ARRAY<STRUCT<k STRING>>>" },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct world w;

                begin(&w);
                assert_null(field(&w, column(&w, rows[i].column), rows[i].field));
                assert_string_equal(w.r.unresolved, rows[i].why);
                sp_arena_done(&w.arena);
        }
}

static const struct sp_sql_value *pair(struct world *w, const struct sp_sql_value *x,
                                       const struct sp_sql_value *y)
{
        const struct sp_sql_field fields[] = { { SP_STR("x"), x->type },
                                               { SP_STR("y"), y->type } };
        const struct sp_sql_value *v[] = { x, y };

        return sp_sql_value_struct(&w->r, sp_sql_type_struct(w->r.arena, fields, 2), v);
}

static void test_parts_of_a_made_struct_stay_apart(void **state)
{
        struct world w;
        const struct sp_sql_value *p, *q, *e;

        (void)state;
        begin(&w);
        p = pair(&w, column(&w, "a"), column(&w, "s"));
        expect(&w, p->sources, "t.a t.s");
        expect(&w, field(&w, p, "x")->sources, "t.a");
        expect(&w, field(&w, field(&w, p, "y"), "x")->sources, "t.s/x");
        q = pair(&w, column(&w, "b"), column(&w, "s"));
        e = sp_sql_value_either(&w.r, p, q);
        expect(&w, field(&w, e, "x")->sources, "t.a t.b");
        expect(&w, field(&w, e, "y")->sources, "t.s");
        expect(&w, field(&w, field(&w, e, "y"), "x")->sources, "t.s/x");
        assert_ptr_equal(sp_sql_value_either(&w.r, p, p), p);
        assert_ptr_equal(
                sp_sql_value_either(
                        &w.r, sp_sql_value_new(&w.r, sp_sql_type_null(), NULL), p),
                p);
        sp_arena_done(&w.arena);
}

/* Doubling a STRUCT again and again: sizes stay bounded, and no source gets lost. */
static void test_structs_made_by_doubling_stay_bounded(void **state)
{
        struct world w;
        const struct sp_sql_value *p, *q;

        (void)state;
        begin(&w);
        p = pair(&w, column(&w, "a"), column(&w, "b"));
        q = pair(&w, column(&w, "b"), column(&w, "j"));
        for (int i = 0; i < 300; i++) {
                p = pair(&w, p, q);
                q = pair(&w, q, p);
                assert_non_null(p);
                assert_non_null(q);
        }
        assert_non_null(sp_sql_value_either(&w.r, p, q));
        for (int i = 0; i < 300; i++) {
                p = field(&w, p, "x");
                assert_non_null(p);
        }
        expect(&w, p->sources, "t.a t.b t.j");
        sp_arena_done(&w.arena);
}

static void test_only_arrays_have_elements(void **state)
{
        struct world w;

        (void)state;
        begin(&w);
        assert_non_null(sp_sql_value_element(&w.r, column(&w, "u")));
        assert_null(sp_sql_value_element(&w.r, column(&w, "a")));
        assert_string_equal(w.r.unresolved, "A value with type INT64 is not an array");
        sp_arena_done(&w.arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_unions_are_sorted_sets),
                cmocka_unit_test(test_large_unions_lose_nothing),
                cmocka_unit_test(test_a_cell_may_grow_and_hold_itself),
                cmocka_unit_test(test_chains_over_few_columns_stay_short),
                cmocka_unit_test(test_too_many_sources_are_told_not_lost),
                cmocka_unit_test(test_fields_of_a_stored_struct_are_told_apart),
                cmocka_unit_test(test_a_field_that_is_not_there_is_told),
                cmocka_unit_test(test_parts_of_a_made_struct_stay_apart),
                cmocka_unit_test(test_structs_made_by_doubling_stay_bounded),
                cmocka_unit_test(test_only_arrays_have_elements),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
