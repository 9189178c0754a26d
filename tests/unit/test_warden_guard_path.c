/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/warden/guard_path.h"

static void test_patterns(void **state)
{
        static const struct {
                const char *sentence, *path, *want; /* NULL: refused */
        } rows[] = {
                { "a name alone starts at the root", "agents.slice", "/agents.slice" },
                { "a leading slash changes nothing", "/agents.slice", "/agents.slice" },
                { "a slash at the end goes", "/a/b/", "/a/b" },
                { "stars and question marks stay", "/a/job-*/r?n", "/a/job-*/r?n" },
                { "systemd's backslashes are bytes like others", "/a/x\\x2dy.slice",
                  "/a/x\\x2dy.slice" },
                { "the root cannot be guarded", "/", NULL },
                { "nothing is no path", "", NULL },
                { "an empty component is refused", "/a//b", NULL },
                { "two slashes at the end are refused", "/a//", NULL },
                { "dot is refused", "/a/./b", NULL },
                { "dot dot is refused", "../b", NULL },
                { "three dots are a name", "/...", "/..." },
                { "a newline is refused", "/a\nb", NULL },
                { "what is not UTF-8 is refused", "/a\xff", NULL },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_err err = SP_ERR_NULL;
                struct sp_tag_key key;
                int r = sp_guard_path_pattern(sp_str_c(rows[i].path), &key, &err);

                SP_CHECK(rows[i].sentence, rows[i].want ? r == 0 : r == -EINVAL);
                if (rows[i].want)
                        SP_CHECK(rows[i].sentence, !strcmp(key.pattern, rows[i].want));
                else
                        SP_CHECK(rows[i].sentence, !strcmp(err.id, "guard.pattern"));
        }
}

static void test_pattern_limits(void **state)
{
        char path[SP_TAG_PATTERN_LEN + 8], deep[2 * SP_GUARD_DEPTH_MAX + 8] = "";
        struct sp_tag_key key;
        size_t max =
                SP_TAG_PATTERN_LEN - 2; /* without the slash in front and the NUL */

        (void)state;
        memset(path, 'a', sizeof(path));
        assert_int_equal(sp_guard_path_pattern(sp_str(path, max), &key, NULL), 0);
        assert_int_equal(strlen(key.pattern), SP_TAG_PATTERN_LEN - 1);
        assert_int_equal(sp_guard_path_pattern(sp_str(path, max + 1), &key, NULL),
                         -ENAMETOOLONG);
        assert_int_equal(sp_guard_path_pattern(sp_str("/a\0b", 4), &key, NULL),
                         -EINVAL);
        for (int i = 0; i < SP_GUARD_DEPTH_MAX; i++)
                strcat(deep, "/d");
        assert_int_equal(sp_guard_path_pattern(sp_str_c(deep), &key, NULL), 0);
        assert_int_equal(sp_guard_path_depth(key.pattern), SP_GUARD_DEPTH_MAX);
        strcat(deep, "/d");
        assert_int_equal(sp_guard_path_pattern(sp_str_c(deep), &key, NULL), -EINVAL);
}

static void test_match(void **state)
{
        static const struct {
                const char *sentence, *pattern, *path;
                bool want;
        } rows[] = {
                { "the same is the same", "/a/b", "/a/b", true },
                { "a prefix is not enough", "/a", "/a/b", false },
                { "nor is a longer pattern", "/a/b", "/a", false },
                { "a star takes any run", "/a/job-*", "/a/job-17", true },
                { "and also none", "/a/job-*", "/a/job-", true },
                { "a star ends with its component", "/a/*", "/a/b/c", false },
                { "a star is not the slash before", "/a*", "/a/", false },
                { "a question mark takes one byte", "/q/a?", "/q/ab", true },
                { "and not none", "/q/a?", "/q/a", false },
                { "and no slash", "/q?a", "/q/a", false },
                { "stars in several components", "/u/*/run/*", "/u/one/run/x", true },
                { "which do not slip", "/u/*/run/*", "/u/one/two/run", false },
                { "the last star tries again", "/a*b*c", "/aXbXbc", true },
                { "but not for ever", "/a*b*c", "/aXbXb", false },
                { "two stars are one", "/**", "/abc", true },
                { "a star takes an empty name, which no directory has", "/a/*/c",
                  "/a//c", true },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                SP_CHECK(rows[i].sentence,
                         sp_guard_path_match(rows[i].pattern, rows[i].path) ==
                                 rows[i].want);
}

static void test_below(void **state)
{
        static const struct {
                const char *sentence, *path, *top;
                bool want;
        } rows[] = {
                { "everything is below the root", "/a", "/", true },
                { "a child is below", "/a/b", "/a", true },
                { "oneself is not", "/a", "/a", false },
                { "a name with the same start is not", "/ab/c", "/a", false },
                { "a sibling is not", "/b/c", "/a", false },
                { "a slash behind the top changes nothing", "/a/b", "/a/", true },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                SP_CHECK(rows[i].sentence,
                         sp_guard_path_is_below(rows[i].path, rows[i].top) ==
                                 rows[i].want);
}

static void test_score(void **state)
{
        (void)state;
        assert_true(sp_guard_path_score("/a/b", 9) >
                    sp_guard_path_score("/a/longer-*", 0));
        assert_true(sp_guard_path_score("/a/job-*", 9) >
                    sp_guard_path_score("/a/*", 0));
        assert_true(sp_guard_path_score("/a/*x", 0) > sp_guard_path_score("/a/x*", 1));
}

static void test_mountinfo(void **state)
{
        static const struct {
                const char *sentence, *text, *want;
        } rows[] = {
                { "the line with cgroup2 counts",
                  "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - tmpfs tmpfs rw\n"
                  "31 30 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 "
                  "rw\n",
                  "/sys/fs/cgroup/unified" },
                { "without optional fields too",
                  "31 30 0:27 / /cg rw - cgroup2 none rw", "/cg" },
                { "with two of them too",
                  "31 30 0:27 / /cg rw shared:5 master:1 - cgroup2 none rw\n", "/cg" },
                { "escapes are taken back",
                  "31 30 0:27 / /c\\040g\\134x rw - cgroup2 none rw\n", "/c g\\x" },
                { "a mount of a part is passed over",
                  "31 30 0:27 /part /one rw - cgroup2 none rw\n"
                  "32 30 0:27 / /two rw - cgroup2 none rw\n",
                  "/two" },
                { "version 1 does not count", "31 30 0:27 / /cg rw - cgroup none rw\n",
                  NULL },
                { "a directory of that name does not count",
                  "31 30 0:27 / /cgroup2 rw - tmpfs cgroup2 rw\n", NULL },
                { "cut lines do not count", "31 30 0:27 /\n31 30 0:27 / /cg rw -\n\n",
                  NULL },
                { "nothing has none", "", NULL },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                char got[PATH_MAX] = "untouched";
                int r = sp_guard_path_mount_in(rows[i].text, got);

                SP_CHECK(rows[i].sentence, r == (rows[i].want ? 0 : -ENOENT));
                SP_CHECK(rows[i].sentence,
                         !strcmp(got, rows[i].want ? rows[i].want : "untouched"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_patterns), cmocka_unit_test(test_pattern_limits),
                cmocka_unit_test(test_match),    cmocka_unit_test(test_below),
                cmocka_unit_test(test_score),    cmocka_unit_test(test_mountinfo),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
