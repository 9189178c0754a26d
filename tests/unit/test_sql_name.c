/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/sql/catalog.h"
#include "daemon/sql/name.h"
#include "daemon/sql/sql.h"

static const struct {
        const char *sentence, *x, *y;
        bool eq;
} pairs[] = {
        { "the same", "name", "name", true },
        { "ASCII letter case", "Name", "nAME", true },
        { "another letter", "name", "nome", false },
        { "a beginning", "name", "names", false },
        { "the missing name is itself", "", "", true },
        { "and no other", "", "a", false },
        { "nor one of invisible characters", "", "\u200b", false },
        { "of which all are alike", "\u200b", "\u00ad", true },
        { "Latin letter case", "GRÖSSE", "größe", true },
        { "Greek, with a final sigma", "ΟΔΟΣ", "οδος", true },
        { "Cyrillic", "ИМЯ", "имя", true },
        { "no case", "å学", "Å学", true },
        { "another character without case", "å学", "å字", false },
        { "one character, or a letter and a mark", "\u00f4", "o\u0302", true },
        { "in another letter case as well", "\u00d4", "o\u0302", true },
        { "an accent counts", "o", "o\u0302", false },
        { "at the end of ASCII", "so\u0302", "so", false },
        { "marks of two classes in any order", "a\u0301\u0323", "a\u0323\u0301", true },
        { "marks of one class in theirs", "a\u0301\u0302", "a\u0302\u0301", false },
        { "a mark of each letter", "a\u0301b", "ab\u0301", false },
        { "the Angstrom sign", "\u212b", "å", true },
        { "the Kelvin sign is a k", "\u212aey", "KEY", true },
        { "a long s is an s", "\u017fsn", "SSN", true },
        { "a ligature", "o\ufb00set", "OFFSET", true },
        { "full width", "\uff33\uff33\uff2e", "ssn", true },
        { "mathematical bold", "\U0001d42c", "s", true },
        { "a soft hyphen is nothing", "s\u00adsn", "ssn", true },
        { "at the end neither", "ssn\u200d", "ssn", true },
        { "a Hangul syllable and its parts", "\uac01", "\u1100\u1161\u11a8", true },
        { "a dotted capital I is an i with a dot", "\u0130", "i\u0307", true },
        { "a dotless i is no i", "\u0131", "i", false },
        { "Cyrillic looks Latin", "\u0430", "a", false },
        { "the longest there is", "\ufdfa", "صلى الله عليه وسلم", true },
        { "bytes that are no UTF-8", "\xff\xfe", "\xff\xfe", true },
        { "other bytes", "\xff", "\xfe", false },
        { "half a character", "\xc3", "\xc3\xa5", false },
};

static void check_pair(const char *sentence, struct sp_str x, struct sp_str y, bool eq)
{
        SP_CHECK(sentence, sp_sql_name_eq(x, y) == eq);
        SP_CHECK(sentence, sp_sql_name_eq(y, x) == eq);
        SP_CHECK(sentence, sp_sql_name_eq(x, x) && sp_sql_name_eq(y, y));
        SP_CHECK(sentence, !eq || sp_sql_name_hash(x) == sp_sql_name_hash(y));
        SP_CHECK(sentence, !eq || !x.n || sp_sql_name_starts(x, y));
}

static void test_pairs(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(pairs); i++)
                check_pair(pairs[i].sentence, sp_str_c(pairs[i].x),
                           sp_str_c(pairs[i].y), pairs[i].eq);
}

/* ---- random names, compared with what the whole string folds to ---- */

static const char *const pieces[] = {
        "a",      "A",          "k",      "K",      "s",      "S",          "_",
        "ß",      "ẞ",          "å",      "\u212b", "\u212a", "\u017f",     "\ufb00",
        "\u00ad", "\u200b",     "Σ",      "ς",      "İ",      "가",         "\u1100",
        "\u1161", "\u11a8",     "ﷺ",      "ΐ",      "ᾼ",      "\U00010330", "\u0300",
        "\u0301", "\u0323",     "\u0327", "\u0345", "\u3099", "\u05b0",     "\u0f71",
        "\u0302", "\U0001d165", "\u0e38", "\u0308",
};

static uint32_t random_next(uint32_t *seed)
{
        return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

static struct sp_str random_name(uint32_t *seed, char *to)
{
        size_t n = 0, many = 1 + random_next(seed) % 5;

        for (size_t i = 0; i < many; i++) {
                const char *piece = pieces[random_next(seed) % SP_ARRAY_SIZE(pieces)];

                memcpy(to + n, piece, strlen(piece));
                n += strlen(piece);
        }
        return sp_str(to, n);
}

static void test_random(void **state)
{
        uint32_t seed = 7;
        unsigned equal = 0;

        (void)state;
        for (unsigned i = 0; i < 200000; i++) {
                char x_bytes[64], y_bytes[64];
                struct sp_str x = random_name(&seed, x_bytes),
                              y = random_name(&seed, y_bytes);
                struct sp_buf a = SP_BUF_INIT(4096), b = SP_BUF_INIT(4096),
                              again = SP_BUF_INIT(4096);
                bool eq;

                assert_int_equal(sp_sql_name_fold(x, &a), 0);
                assert_int_equal(sp_sql_name_fold(y, &b), 0);
                assert_int_equal(sp_sql_name_fold(sp_buf_str(&a), &again), 0);
                eq = sp_str_eq(sp_buf_str(&a), sp_buf_str(&b));
                equal += eq;
                check_pair("random names", x, y, eq);
                if (a.n)
                        check_pair("a name and its fold", x, sp_buf_str(&a), true);
                SP_CHECK("a fold folds to itself",
                         sp_str_eq(sp_buf_str(&a), sp_buf_str(&again)));
                sp_buf_done(&a);
                sp_buf_done(&b);
                sp_buf_done(&again);
        }
        assert_true(equal > 100); /* or nothing was looked at */
}

/* All names without a character beyond ASCII are compared as they ever were. */
static void test_ascii(void **state)
{
        (void)state;
        for (unsigned x = 1; x < 128; x++)
                for (unsigned y = 1; y < 128; y++) {
                        char a[] = { 'n', (char)x, '1' }, b[] = { 'N', (char)y, '1' };
                        struct sp_str p = sp_str(a, 3), q = sp_str(b, 3);

                        check_pair("ASCII", p, q, sp_str_caseeq(p, q));
                }
}

static void test_known(void **state)
{
        char marks[1 + 33 * 2];

        (void)state;
        assert_true(sp_sql_name_is_known(SP_STR("")));
        assert_true(sp_sql_name_is_known(SP_STR("name")));
        assert_true(sp_sql_name_is_known(SP_STR("größe")));
        assert_true(sp_sql_name_is_known(
                SP_STR("\ue000"))); /* private use folds to itself */
        assert_false(sp_sql_name_is_known(SP_STR("x\u0378")));
        assert_false(sp_sql_name_is_known(SP_STR("x\xff")));
        marks[0] = 'x';
        for (size_t i = 0; i < 33; i++)
                memcpy(marks + 1 + 2 * i, "\u0301", 2);
        assert_true(sp_sql_name_is_known(sp_str(marks, 1 + 32 * 2)));
        assert_false(sp_sql_name_is_known(sp_str(marks, 1 + 33 * 2)));
}

static void test_starts(void **state)
{
        (void)state;
        assert_true(sp_sql_name_starts(SP_STR("Events_1"), SP_STR("events_")));
        assert_true(sp_sql_name_starts(SP_STR("ÉTAT_1"), SP_STR("e\u0301tat_")));
        assert_true(sp_sql_name_starts(SP_STR("x"), SP_STR("")));
        assert_false(sp_sql_name_starts(SP_STR("event"), SP_STR("events_")));
        assert_false(sp_sql_name_starts(SP_STR("état"), SP_STR("etat")));
}

static void test_fold(void **state)
{
        struct sp_buf b = SP_BUF_INIT(4);

        (void)state;
        assert_int_equal(sp_sql_name_fold(SP_STR("\xff"), &b), -EINVAL);
        assert_int_equal(sp_sql_name_fold(SP_STR("abcde"), &b), -ENOBUFS);
        assert_int_equal(b.n, 0);
        assert_int_equal(sp_sql_name_fold(SP_STR("\u212aO\u0302"), &b), 0);
        assert_true(sp_str_eq(sp_buf_str(&b), SP_STR("k\u00f4")));
        sp_buf_done(&b);
}

/* ---- what the facts make of them ---- */

/* What a WITH query or an alias hides for sure is not listed; what it may hide is. */
static const struct {
        const char *sentence, *sql;
        size_t n_tables;
} hidden[] = {
        { "a WITH query", "WITH s AS (SELECT 1 AS a) SELECT a FROM S", 0 },
        { "beyond ASCII", "WITH `ü` AS (SELECT 1 AS a) SELECT a FROM `ü`", 0 },
        { "in another letter case", "WITH `ü` AS (SELECT 1 AS a) SELECT a FROM `Ü`",
          1 },
        { "by a long s", "WITH `\\u017f` AS (SELECT 1 AS a) SELECT a FROM s", 1 },
        { "an alias", "SELECT 1 FROM d.t AS s, S.a", 1 },
        { "an alias by a long s", "SELECT 1 FROM d.t AS `\\u017f`, s.a", 2 },
};

static struct sp_sql_script *parse(struct sp_arena *a, const char *sql)
{
        struct sp_sql_script *script = NULL;
        struct sp_err err = SP_ERR_NULL;

        assert_int_equal(sp_sql_parse(a, sp_str_c(sql), &script, &err), 0);
        assert_int_equal(script->n_statements, 1);
        return script;
}

static void test_hidden(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(hidden); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                struct sp_sql_script *script = parse(&a, hidden[i].sql);

                SP_CHECK(hidden[i].sentence,
                         script->statements[0].n_tables == hidden[i].n_tables);
                sp_arena_done(&a);
        }
}

static const struct {
        const char *condition;
        enum sp_sql_where where;
} conditions[] = {
        { "`ü` = 1", SP_SQL_WHERE_SELECTIVE },
        { "name = 'ü' AND note = 'Ü'", SP_SQL_WHERE_SELECTIVE },
        { "`ü` = `ü`", SP_SQL_WHERE_ALWAYS_TRUE },
        { "`ü` = `Ü`", SP_SQL_WHERE_ALWAYS_TRUE },
        { "`ü` = 1 OR `Ü` != 1", SP_SQL_WHERE_ALWAYS_TRUE },
        { "`ü` != `Ü`", SP_SQL_WHERE_UNPROVEN },
        { "`ü` = 1 AND `u\\u0308` != 1", SP_SQL_WHERE_UNPROVEN },
        { "s.`ü` = 1 AND s.`Ü` = 1", SP_SQL_WHERE_UNPROVEN },
};

static void test_conditions(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(conditions); i++) {
                struct sp_arena a = SP_ARENA_INIT(1 << 20);
                char sql[200];

                (void)snprintf(sql, sizeof(sql), "DELETE FROM d.t WHERE %s",
                               conditions[i].condition);
                SP_CHECK(conditions[i].condition,
                         parse(&a, sql)->statements[0].where == conditions[i].where);
                sp_arena_done(&a);
        }
}

/* ---- catalogues ---- */

static void test_catalog(void **state)
{
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        const struct sp_sql_type *type = sp_sql_type_simple(SP_SQL_TYPE_STRING);
        struct sp_sql_catalog_table *t;
        struct sp_sql_catalog *c;
        struct sp_err err = SP_ERR_NULL;
        size_t at = 9;

        (void)state;
        assert_int_equal(sp_sql_catalog_new(&a, false, &c), 0);
        assert_int_equal(sp_sql_catalog_add(c, SP_STR("t"), &t, &err), 0);
        assert_int_equal(sp_sql_catalog_add_column(c, t, SP_STR("a"), type, &err), 0);
        assert_true(sp_sql_catalog_is_ascii(c));
        assert_int_equal(sp_sql_catalog_add_column(c, t, SP_STR("å"), type, &err), 0);
        assert_false(sp_sql_catalog_is_ascii(c));
        assert_true(sp_sql_catalog_column(t, SP_STR("A\u030a"), &at));
        assert_int_equal(at, 1);
        assert_int_equal(sp_sql_catalog_add_column(c, t, SP_STR("å"), type, &err),
                         -EEXIST);
        assert_int_equal(sp_sql_catalog_add_column(c, t, SP_STR("Å"), type, &err), 0);
        assert_int_equal(sp_sql_type_parse(&a,
                                           SP_STR("ARRAY<STRUCT<x STRUCT<`é` INT64>>>"),
                                           &type, &err),
                         0);
        assert_int_equal(sp_sql_catalog_new(&a, false, &c), 0);
        assert_int_equal(sp_sql_catalog_add(c, SP_STR("t"), &t, &err), 0);
        assert_int_equal(sp_sql_catalog_add_column(c, t, SP_STR("a"), type, &err), 0);
        assert_false(sp_sql_catalog_is_ascii(c));
        sp_arena_done(&a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pairs),   cmocka_unit_test(test_random),
                cmocka_unit_test(test_ascii),   cmocka_unit_test(test_known),
                cmocka_unit_test(test_starts),  cmocka_unit_test(test_fold),
                cmocka_unit_test(test_hidden),  cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_catalog),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
