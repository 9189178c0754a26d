/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the SQL front end fails once, for statements of every sort: each
 * time an error, never a crash or an answer made of half the text. */
#include "tests/test.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/fuzz/sql_catalog.h"

#define ARENA_MAX (64 * 1024 * 1024)
#define FILE_MAX 65536

/* The catalogue has memory of its own: only what is done for the text may fail. */
struct fixture {
        struct sp_arena arena;
        struct sp_sql_catalog *catalog;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct sp_err err = SP_ERR_NULL;

        assert_non_null(f);
        f->arena = SP_ARENA_INIT(ARENA_MAX);
        assert_int_equal(sp_sql_catalog_read(&f->arena, sp_str_c(sql_catalog),
                                             &f->catalog, &err),
                         0);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        sp_arena_done(&f->arena);
        free(f);
        return 0;
}

/* Parses and resolves within `max_bytes`. */
static int run(const struct fixture *f, struct sp_str text, size_t max_bytes,
               size_t *used_bytes, struct sp_err *err)
{
        struct sp_arena a = SP_ARENA_INIT(max_bytes);
        struct sp_sql_resolve_options o = { .catalog = f->catalog,
                                            .default_dataset = SP_STR("shop") };
        struct sp_sql_script *script = NULL;
        struct sp_sql_lineage *lineage = NULL;
        int r = sp_sql_parse(&a, text, &script, err);

        assert_true(r == 0 ? script != NULL : script == NULL);
        if (r == 0) {
                r = sp_sql_resolve(&a, script, &o, &lineage, err);
                assert_true(r == 0 ? lineage != NULL || script->n_statements == 0
                                   : lineage == NULL);
        }
        *used_bytes = a.used_bytes;
        sp_arena_done(&a);
        return r;
}

/* A limit below what is used refuses the last allocation; what is used then is what was
 * there before it, so going down like this fails every allocation, one in each run. */
static size_t fail_each(const struct fixture *f, const char *name, struct sp_str text)
{
        struct sp_err err = SP_ERR_NULL;
        size_t used, count = 0;
        int whole = run(f, text, ARENA_MAX, &used, &err);

        if (whole == -ENOMEM)
                fail_msg("%s: out of memory with all of it", name);
        for (; used; count++) {
                struct sp_err why = SP_ERR_NULL;
                size_t max = used - 1;
                int r = run(f, text, max, &used, &why);

                if (r != -ENOMEM || !why.id || !why.what[0])
                        fail_msg("%s: %zu bytes: %d %s", name, max, r,
                                 why.id ? why.id : "no error");
        }
        return count;
}

/* Every file of a directory, as a text. */
static void fail_each_of(const struct fixture *fixture, const char *directory)
{
        DIR *d = opendir(directory);
        char *text = malloc(FILE_MAX);
        size_t files = 0, count = 0;
        const struct dirent *e;

        assert_non_null(d);
        assert_non_null(text);
        while ((e = readdir(d))) {
                char path[512];
                size_t n;
                FILE *f;

                if (e->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "%s/%s", directory, e->d_name);
                f = fopen(path, "r");
                assert_non_null(f);
                n = fread(text, 1, FILE_MAX, f);
                fclose(f);
                count += fail_each(fixture, path, sp_str(text, n));
                files++;
        }
        free(text);
        closedir(d);
        assert_true(files > 0 && count > files);
        print_message("%s: %zu texts, %zu allocations\n", directory, files, count);
}

static void test_parse_corpus(void **state)
{
        fail_each_of(*state, "tests/fuzz/corpus/sql_parse");
}

static void test_resolve_corpus(void **state)
{
        fail_each_of(*state, "tests/fuzz/corpus/sql_resolve");
}

/* A directory of one's own, for more than fits into a test run. */
static void test_named(void **state)
{
        fail_each_of(*state, getenv("SQL_MEMORY_TEXTS"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse_corpus),
                cmocka_unit_test(test_resolve_corpus),
        };
        const struct CMUnitTest named[] = { cmocka_unit_test(test_named) };

        if (getenv("SQL_MEMORY_TEXTS"))
                return cmocka_run_group_tests(named, setup, teardown);
        return cmocka_run_group_tests(tests, setup, teardown);
}
