/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/warden/files.h"
#include "daemon/warden/sessions.h"
#include "daemon/warden/tokens.h"

#define SEC SP_USEC_PER_SEC
#define SESSION "01JD0000000000000000000000"

static char dir[64];

static int make_dir(void **state)
{
        (void)state;
        (void)snprintf(dir, sizeof(dir), "/tmp/sallyport-test-XXXXXX");
        return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
        return system(command);
}

static void path_in(char *to, const char *name)
{
        (void)snprintf(to, PATH_MAX, "%s/%s", dir, name);
}

/* ---- tokens ---- */

static struct sp_keys some_keys(uint8_t seed)
{
        struct sp_keys k = { .n_mask = 1 };

        memset(k.token, seed, sizeof(k.token));
        memset(k.mask[0].key, seed + 1, sizeof(k.mask[0].key));
        return k;
}

static const struct sp_token a_token = {
        .guard_id = 7,
        .cgroup_id = 9,
        .issued_s = 100,
        .expires_s = 1000,
        .session = { SESSION, 26 },
        .iss = { "https://i", 9 },
        .sub = { "ann", 3 },
        .email = { "a@b", 3 },
        .groups = { "x\ny", 3 },
};

static void a_token_comes_back_as_it_was(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 16);
        sp_autobuf b = SP_BUF_INIT(8192);
        struct sp_keys k = some_keys(1);
        struct sp_token t;

        (void)state;
        assert_int_equal(sp_token_write(&k, &a_token, &b), 0);
        assert_true(sp_str_starts(sp_buf_str(&b), SP_STR("spt1.")));
        assert_int_equal(sp_token_read(&k, &a, sp_buf_str(&b), &t), 0);
        assert_int_equal(t.guard_id, 7);
        assert_int_equal(t.cgroup_id, 9);
        assert_int_equal(t.issued_s, 100);
        assert_int_equal(t.expires_s, 1000);
        assert_true(sp_str_eq(t.session, a_token.session));
        assert_true(sp_str_eq(t.sub, a_token.sub));
        assert_true(sp_str_eq(t.groups, a_token.groups));
}

static void a_token_with_any_byte_changed_is_not_ours(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 20);
        sp_autobuf b = SP_BUF_INIT(8192);
        struct sp_keys k = some_keys(1);
        struct sp_token t;

        (void)state;
        assert_int_equal(sp_token_write(&k, &a_token, &b), 0);
        for (size_t i = 0; i < b.n; i++) {
                char was = b.p[i];

                b.p[i] = was == 'A' ? 'B' : 'A';
                if (sp_token_read(&k, &a, sp_buf_str(&b), &t) != -EACCES)
                        fail_msg("changing byte %zu passes", i);
                b.p[i] = was;
        }
        for (size_t n = 0; n < b.n; n++)
                if (sp_token_read(&k, &a, sp_str(b.p, n), &t) != -EACCES)
                        fail_msg("the first %zu bytes pass", n);
}

static void foreign_tokens_are_not_ours(void **state)
{
        static const char *const texts[] = { "",
                                             "spt1.",
                                             "spt1..",
                                             "spt1.AA",
                                             "spt1.AA.AA",
                                             "ya29.a0AfH6SMBx",
                                             "eyJhbGciOiJub25lIn0.e30.",
                                             "spt2.AA.AA",
                                             "SPT1.AA.AA" };
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(1 << 16);
        struct sp_keys ours = some_keys(1), theirs = some_keys(2);
        sp_autobuf b = SP_BUF_INIT(8192);
        struct sp_token t;

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(texts); i++)
                SP_CHECK(texts[i],
                         sp_token_read(&ours, &a, sp_str_c(texts[i]), &t) == -EACCES);
        assert_int_equal(sp_token_write(&theirs, &a_token, &b), 0);
        SP_CHECK("a token of another host's key",
                 sp_token_read(&ours, &a, sp_buf_str(&b), &t) == -EACCES);
}

static void a_person_with_too_many_groups_gets_no_token(void **state)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_keys k = some_keys(1);
        struct sp_token t = a_token;
        char groups[SP_TOKEN_MAX];

        (void)state;
        memset(groups, 'g', sizeof(groups));
        t.groups = sp_str(groups, sizeof(groups));
        assert_int_equal(sp_token_write(&k, &t, &b), -E2BIG);
        t.groups.n = 3200; /* fits as a payload, not as base64 */
        assert_int_equal(sp_token_write(&k, &t, &b), -E2BIG);
        assert_int_equal(b.n, 0);
        t.groups.n = 2700;
        assert_int_equal(sp_token_write(&k, &t, &b), 0);
        assert_true(b.n <= SP_TOKEN_MAX);
}

/* ---- keys and files ---- */

static void keys_are_made_once_and_kept(void **state)
{
        struct sp_keys one, two;
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX], a[65], b[65];
        struct stat st;

        (void)state;
        assert_int_equal(sp_keys_load(sp_str_c(dir), &one, &e), 0);
        path_in(path, "mask.key");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_size, SP_KEY_LEN);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &two, &e), 0);
        assert_memory_equal(&one, &two, sizeof(one));
        assert_true(memcmp(one.token, one.mask[0].key, SP_KEY_LEN) != 0);
        assert_int_equal(
                sp_keys_salt(&one, SP_STR("01JAAAAAAAAAAAAAAAAAAAAAAA"), a, &e), 0);
        assert_int_equal(
                sp_keys_salt(&one, SP_STR("01JAAAAAAAAAAAAAAAAAAAAAAB"), b, &e), 0);
        assert_string_not_equal(a, b);
        assert_int_equal(strlen(a), 64);
        assert_int_equal(sp_keys_salt(&one, SP_STR("a"), a, &e), -EINVAL);
        assert_string_equal(e.id, "keys.session");
}

/* Sessions that began at 1000, 2000 and 5000 ms. */
#define AT_1000 SP_STR("00000000Z8ZZZZZZZZZZZZZZZZ")
#define AT_2000 SP_STR("00000001YG0000000000000000")
#define AT_5000 SP_STR("00000004W80000000000000000")

static void a_session_keeps_the_mask_key_it_began_with(void **state)
{
        struct sp_keys k, again;
        struct sp_err e = SP_ERR_NULL;
        char first[65], salt[65], path[PATH_MAX];
        uint64_t ms;

        (void)state;
        assert_true(sp_ulid_ms(AT_1000, &ms) && ms == 1000);
        assert_true(sp_ulid_ms(AT_2000, &ms) && ms == 2000);
        assert_true(sp_ulid_ms(AT_5000, &ms) && ms == 5000);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &k, &e), 0);
        assert_int_equal(sp_keys_salt(&k, AT_2000, first, &e), 0);
        assert_int_equal(sp_keys_rotate(&k, sp_str_c(dir), 2000, &e), 0);
        assert_int_equal(sp_keys_rotate(&k, sp_str_c(dir), 2000, &e), -EAGAIN);
        assert_string_equal(e.id, "keys.clock");
        assert_int_equal(sp_keys_rotate(&k, sp_str_c(dir), 3000, &e), 0);

        assert_int_equal(sp_keys_salt(&k, AT_2000, salt, &e), 0);
        assert_string_equal(salt, first); /* of the very millisecond too */
        assert_int_equal(sp_keys_salt(&k, AT_5000, first, &e), 0);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &again, &e), 0);
        assert_memory_equal(&again.mask, &k.mask, sizeof(k.mask[0]) * k.n_mask);
        assert_int_equal(again.n_mask, 3);
        assert_true(memcmp(k.mask[1].key, k.mask[2].key, SP_KEY_LEN) != 0);
        assert_int_equal(sp_keys_salt(&again, AT_5000, salt, &e), 0);
        assert_string_equal(salt, first);

        /* one that was thrown away is gone, and no other stands in for it */
        path_in(path, "mask.key");
        assert_int_equal(truncate(path, 0), 0);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &again, &e), 0);
        assert_int_equal(sp_keys_salt(&again, AT_1000, salt, &e), -ENOKEY);
        assert_string_equal(e.id, "keys.gone");
        assert_int_equal(sp_keys_salt(&again, AT_5000, salt, &e), 0);
        assert_string_equal(salt, first);
        path_in(path, "mask.key.3001");
        assert_int_equal(truncate(path, 0), 0);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &again, &e), -EINVAL);
        assert_string_equal(e.id, "keys.damaged");
}

static void damaged_or_readable_keys_are_refused_and_left_alone(void **state)
{
        struct sp_keys k;
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX];
        struct stat st;

        (void)state;
        assert_int_equal(sp_keys_load(sp_str_c(dir), &k, &e), 0);
        path_in(path, "token.key");
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &k, &e), -EPERM);
        assert_string_equal(e.id, "file.unsafe");
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(truncate(path, SP_KEY_LEN - 1), 0);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &k, &e), -EINVAL);
        assert_string_equal(e.id, "keys.damaged");
        assert_int_equal(truncate(path, SP_KEY_LEN + 1), 0);
        assert_int_equal(sp_keys_load(sp_str_c(dir), &k, &e), -EINVAL);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, SP_KEY_LEN + 1);
}

static void files_are_read_to_their_limit_and_not_beyond(void **state)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX], link_path[PATH_MAX];

        (void)state;
        path_in(path, "f");
        path_in(link_path, "d");
        assert_int_equal(sp_file_replace(path, SP_STR("12345"), 0644, &e), 0);
        assert_int_equal(sp_file_read(path, SP_FILE_TRUSTED, 5, &b, &e), 0);
        assert_true(sp_str_eq(sp_buf_str(&b), SP_STR("12345")));
        assert_int_equal(sp_file_read(path, SP_FILE_TRUSTED, 4, &b, &e), -EFBIG);
        assert_int_equal(chmod(path, 0646), 0);
        assert_int_equal(sp_file_read(path, SP_FILE_TRUSTED, 5, &b, &e), -EPERM);
        assert_non_null(strstr(e.what, "write"));
        assert_int_equal(sp_file_read(dir, 0, 5, &b, &e), -EINVAL);
        path_in(path, "none");
        assert_int_equal(sp_file_read(path, 0, 5, &b, &e), -ENOENT);
        path_in(path, "fifo");
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(sp_file_read(path, 0, 5, &b, &e),
                         -EINVAL); /* and does not hang */
        assert_int_equal(symlink("/etc", link_path), 0);
        assert_int_equal(sp_file_make_dir(link_path, 0755, (uid_t)-1, (gid_t)-1, &e),
                         -ENOTDIR);
}

static void replacing_a_file_keeps_the_old_one_when_it_fails(void **state)
{
        sp_autobuf b = SP_BUF_INIT(64);
        struct sp_err e = SP_ERR_NULL;
        char path[PATH_MAX], blocker[PATH_MAX];

        (void)state;
        path_in(path, "k");
        path_in(blocker, "k.new");
        assert_int_equal(sp_file_replace(path, SP_STR("old"), 0600, &e), 0);
        assert_int_equal(mkdir(blocker, 0700), 0);
        assert_true(sp_file_replace(path, SP_STR("new"), 0600, &e) < 0);
        assert_string_equal(e.id, "file.write");
        assert_int_equal(sp_file_read(path, SP_FILE_SECRET, 9, &b, &e), 0);
        assert_true(sp_str_eq(sp_buf_str(&b), SP_STR("old")));
}

/* ---- sessions ---- */

static struct sp_ulid get(struct sp_sessions *t, uint64_t guard, const char *iss,
                          const char *sub, const char *resume, uint64_t now)
{
        const struct sp_session_key key = { guard, sp_str_c(iss), sp_str_c(sub) };
        const struct sp_ulid *id = NULL;

        assert_int_equal(sp_sessions_get(t, &key, sp_str_c(resume), now, &id), 0);
        return *id;
}

static void sessions_are_per_cgroup_and_person(void **state)
{
        sp_cleanup(sp_sessions_freep) struct sp_sessions *t = NULL;
        struct sp_ulid first;

        (void)state;
        assert_int_equal(sp_sessions_new(10 * SEC, &t), 0);
        first = get(t, 1, "", "", "", SEC);
        assert_string_equal(get(t, 1, "", "", "", 2 * SEC).c, first.c);
        assert_string_not_equal(get(t, 2, "", "", "", 2 * SEC).c, first.c);
        assert_string_not_equal(get(t, 1, "i", "ann", "", 2 * SEC).c, first.c);
        assert_string_not_equal(get(t, 1, "ab", "c", "", 2 * SEC).c,
                                get(t, 1, "a", "bc", "", 2 * SEC).c);
        assert_int_equal(sp_sessions_count(t), 5);
}

static bool is_one(void *userdata, uint64_t guard_id)
{
        (void)userdata;
        return guard_id == 1;
}

static void sessions_end_when_idle_or_when_their_cgroup_is_gone(void **state)
{
        sp_cleanup(sp_sessions_freep) struct sp_sessions *t = NULL;
        struct sp_ulid first;

        (void)state;
        assert_int_equal(sp_sessions_new(10 * SEC, &t), 0);
        first = get(t, 1, "", "", "", SEC);
        assert_string_equal(get(t, 1, "", "", "", 11 * SEC - 1).c, first.c);
        assert_string_not_equal(get(t, 1, "", "", "", 21 * SEC).c, first.c);
        (void)get(t, 2, "", "", "", 21 * SEC);
        sp_sessions_tick(t, 22 * SEC, is_one, NULL);
        assert_int_equal(sp_sessions_count(t), 1);
        sp_sessions_tick(t, 40 * SEC, is_one, NULL);
        assert_int_equal(sp_sessions_count(t), 0);
}

static void a_session_is_resumed_only_when_none_is_live(void **state)
{
        sp_cleanup(sp_sessions_freep) struct sp_sessions *t = NULL;
        struct sp_ulid live;

        (void)state;
        assert_int_equal(sp_sessions_new(10 * SEC, &t), 0);
        assert_string_equal(get(t, 1, "", "", SESSION, SEC).c, SESSION);
        live = get(t, 2, "", "", "", SEC);
        assert_string_equal(get(t, 2, "", "", SESSION, SEC).c, live.c);
        assert_string_not_equal(get(t, 3, "", "", "not-an-id", SEC).c, "not-an-id");
}

static void the_number_of_sessions_is_limited(void **state)
{
        sp_cleanup(sp_sessions_freep) struct sp_sessions *t = NULL;
        const struct sp_ulid *id;
        struct sp_session_key key = { 0, SP_STR("i"), SP_STR("s") };

        (void)state;
        assert_int_equal(sp_sessions_new(10 * SEC, &t), 0);
        for (unsigned i = 0; i < SP_SESSIONS_MAX; i++)
                (void)get(t, i, "i", "s", "", SEC);
        key.guard_id = SP_SESSIONS_MAX;
        assert_int_equal(sp_sessions_get(t, &key, SP_STR_NULL, SEC, &id), -ENOSPC);
        key.guard_id = 5; /* those that are live go on */
        assert_int_equal(sp_sessions_get(t, &key, SP_STR_NULL, 2 * SEC, &id), 0);
        key.guard_id = SP_SESSIONS_MAX; /* the idle ones make room */
        assert_int_equal(sp_sessions_get(t, &key, SP_STR_NULL, 11 * SEC, &id), 0);
        assert_int_equal(sp_sessions_count(t), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_token_comes_back_as_it_was),
                cmocka_unit_test(a_token_with_any_byte_changed_is_not_ours),
                cmocka_unit_test(foreign_tokens_are_not_ours),
                cmocka_unit_test(a_person_with_too_many_groups_gets_no_token),
                cmocka_unit_test_setup_teardown(keys_are_made_once_and_kept, make_dir,
                                                remove_dir),
                cmocka_unit_test_setup_teardown(
                        a_session_keeps_the_mask_key_it_began_with, make_dir,
                        remove_dir),
                cmocka_unit_test_setup_teardown(
                        damaged_or_readable_keys_are_refused_and_left_alone, make_dir,
                        remove_dir),
                cmocka_unit_test_setup_teardown(
                        files_are_read_to_their_limit_and_not_beyond, make_dir,
                        remove_dir),
                cmocka_unit_test_setup_teardown(
                        replacing_a_file_keeps_the_old_one_when_it_fails, make_dir,
                        remove_dir),
                cmocka_unit_test(sessions_are_per_cgroup_and_person),
                cmocka_unit_test(sessions_end_when_idle_or_when_their_cgroup_is_gone),
                cmocka_unit_test(a_session_is_resumed_only_when_none_is_live),
                cmocka_unit_test(the_number_of_sessions_is_limited),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
