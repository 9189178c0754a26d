/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/recorder/store.h"
#include "tests/test.h"

static char base_dir[64];
static unsigned dirs;

static void new_dir(char to[128])
{
        (void)snprintf(to, 128, "%s/%u", base_dir, ++dirs);
}

static int set_up(void **state)
{
        (void)state;
        (void)snprintf(base_dir, sizeof(base_dir), "/tmp/sp-store-XXXXXX");
        return mkdtemp(base_dir) ? 0 : -1;
}

static int tear_down(void **state)
{
        char command[128];

        (void)state;
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", base_dir);
        return system(command);
}

static struct sp_store *must_open(const char *dir, bool read_only)
{
        const struct sp_store_options o = { .read_only = read_only,
                                            .for_audit = read_only };
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s = NULL;

        if (sp_store_open(dir, &o, &s, &e) < 0)
                fail_msg("cannot open %s: %s", dir, e.what);
        return s;
}

static int append(struct sp_store *s, const char *session, const char *json,
                  uint64_t *seq)
{
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        struct sp_err e = SP_ERR_NULL;
        int r = sp_store_batch_new(s, &b, &e);

        if (r == 0)
                r = sp_store_append(b, sp_str_c(session), sp_str_c(json), seq);
        return r < 0 ? r : sp_store_commit(b, &e);
}

static void fill(struct sp_store *s, unsigned n)
{
        for (unsigned i = 1; i <= n; i++) {
                char json[64];

                (void)snprintf(json, sizeof(json),
                               "{\"number\":%u,\"mark\":\"needle\"}", i);
                assert_int_equal(append(s, i % 2 ? "ODD" : "EVEN", json, NULL), 0);
        }
}

struct seen {
        unsigned n;
        uint64_t first, last;
        char text[64];
        int stop_at;
};

static int see(void *userdata, const struct sp_store_record *r)
{
        struct seen *s = userdata;

        if (!s->n++)
                s->first = r->seq;
        s->last = r->seq;
        (void)snprintf(s->text, sizeof(s->text), "%.*s", SP_FMT(r->json));
        return s->stop_at && s->n == (unsigned)s->stop_at ? 7 : 0;
}

static struct seen walk(struct sp_store *s, const char *session, uint64_t from,
                        int want)
{
        struct seen seen = { 0 };
        struct sp_err e = SP_ERR_NULL;

        assert_int_equal(sp_store_walk(s, sp_str_c(session), from, see, &seen, &e),
                         want);
        return seen;
}

static void records_come_back_in_order_and_by_session(void **state)
{
        char dir[128];
        struct sp_store *s;
        struct sp_err e;
        struct seen seen;
        uint64_t n;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        fill(s, 9);
        seen = walk(s, "", 0, 0);
        assert_int_equal(seen.n, 9);
        assert_int_equal(seen.last, 9);
        assert_string_equal(seen.text, "{\"number\":9,\"mark\":\"needle\"}");
        seen = walk(s, "ODD", 0, 0);
        assert_int_equal(seen.n, 5);
        seen = walk(s, "EVEN", 5, 0);
        assert_int_equal(seen.n, 2);
        assert_int_equal(seen.first, 6);
        assert_int_equal(walk(s, "OD", 0, 0).n, 0); /* a prefix is another session */
        assert_int_equal(walk(s, "", 4, 0).n, 6);
        seen = (struct seen){ .stop_at = 3 };
        assert_int_equal(sp_store_walk(s, SP_STR_NULL, 0, see, &seen, &e), 7);
        assert_int_equal(seen.n, 3);
        assert_int_equal(sp_store_verify(s, &n, &e), 0);
        assert_int_equal(n, 9);
        s = sp_store_close(s);

        /* another process: the number goes on, a reader sees all of it */
        s = must_open(dir, false);
        assert_int_equal(append(s, "", "{}", &n), 0);
        assert_int_equal(n, 10);
        struct sp_store *reader = must_open(dir, true); /* beside the writer */
        assert_int_equal(walk(reader, "", 0, 0).n, 10);
        assert_int_equal(sp_store_verify(reader, &n, &e), 0);
        assert_int_equal(append(reader, "", "{}", NULL), -EROFS);
        sp_store_close(reader);
        sp_store_close(s);
}

static void nothing_is_used_up_before_commit(void **state)
{
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        char dir[128];
        struct sp_store *s;
        struct sp_err e;
        uint64_t n;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        assert_int_equal(sp_store_batch_new(s, &b, &e), 0);
        assert_int_equal(sp_store_append(b, SP_STR_NULL, SP_STR("{\"a\":1}"), &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(walk(s, "", 0, 0).n, 0);
        b = sp_store_batch_free(b);
        assert_int_equal(append(s, "", "{\"b\":1}", &n), 0);
        assert_int_equal(n, 1);
        assert_string_equal(walk(s, "", 0, 0).text, "{\"b\":1}");
        assert_int_equal(append(s, "", "", &n), -EINVAL);
        assert_int_equal(append(s,
                                "123456789012345678901234567890123456789012345678901234"
                                "5678901234",
                                "{}", &n),
                         0);
        assert_int_equal(append(s,
                                "123456789012345678901234567890123456789012345678901234"
                                "56789012345",
                                "{}", &n),
                         -EINVAL);
        sp_store_close(s);
}

static int keep(struct sp_store *s, const char *key, const char *value,
                uint64_t expires_s)
{
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        struct sp_err e;

        assert_int_equal(sp_store_batch_new(s, &b, &e), 0);
        assert_int_equal(sp_store_keep(b, SP_STR("job"), sp_str_c(key), sp_str_c(value),
                                       expires_s),
                         0);
        return sp_store_commit(b, &e);
}

static void facts_are_recalled_until_they_expire(void **state)
{
        const uint64_t now = (uint64_t)time(NULL);
        static const struct {
                const char *sentence, *key, *value;
                int64_t expires;
                int want;
        } rows[] = {
                { "a fact without expiry", "a", "1", 0, 0 },
                { "a fact that lasts", "b", "2", 60, 0 },
                { "a fact that is over", "c", "3", -60, -ENOENT },
                { "an empty fact", "d", "", 60, 0 },
                { "a key with NUL is not cut", "e\0x", "5", 60, 0 },
        };
        char dir[128];
        struct sp_store *s;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++)
                assert_int_equal(keep(s, rows[i].key, rows[i].value,
                                      rows[i].expires ? (uint64_t)((int64_t)now +
                                                                   rows[i].expires)
                                                      : 0),
                                 0);
        assert_int_equal(keep(s, "a", "changed", 0), 0);
        for (int round = 0; round < 2; round++) {
                for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                        sp_autobuf value = SP_BUF_INIT(64);

                        SP_CHECK(rows[i].sentence,
                                 sp_store_recall(s, SP_STR("job"),
                                                 sp_str_c(rows[i].key),
                                                 &value) == rows[i].want);
                        if (!rows[i].want)
                                SP_CHECK(rows[i].sentence,
                                         sp_str_eq(sp_buf_str(&value),
                                                   sp_str_c(i ? rows[i].value
                                                              : "changed")));
                }
                s = sp_store_close(s);
                s = must_open(dir, false);
        }
        sp_autobuf other = SP_BUF_INIT(64);
        assert_int_equal(sp_store_recall(s, SP_STR("jo"), SP_STR("a"), &other),
                         -ENOENT);
        assert_int_equal(sp_store_recall(s, SP_STR("table"), SP_STR("a"), &other),
                         -ENOENT);
        sp_store_close(s);
}

static void below_the_floor_nothing_is_written(void **state)
{
        struct sp_store_options o = { .free_min_bytes = UINT64_MAX / 2 };
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        char dir[128];
        struct sp_store *s = NULL;
        struct sp_err e = SP_ERR_NULL;

        (void)state;
        new_dir(dir);
        assert_int_equal(sp_store_open(dir, &o, &s, &e), 0);
        assert_int_equal(sp_store_batch_new(s, &b, &e), 0);
        assert_int_equal(sp_store_append(b, SP_STR_NULL, SP_STR("{}"), NULL), 0);
        assert_int_equal(sp_store_commit(b, &e), -ENOSPC);
        assert_string_equal(e.id, "store.full");
        assert_int_equal(sp_store_probe(s, &e), -ENOSPC);
        b = sp_store_batch_free(b);
        assert_int_equal(walk(s, "", 0, 0).n, 0);
        sp_store_close(s);
        s = must_open(dir, false); /* there is room again */
        assert_int_equal(append(s, "", "{}", NULL), 0);
        sp_store_close(s);
}

/* ---- damage ---- */

static void copy_store(const char *from, char to[128])
{
        char command[512];

        new_dir(to);
        (void)snprintf(command, sizeof(command), "cp -a '%s' '%s'", from, to);
        assert_int_equal(system(command), 0);
}

/* Changes the byte behind the `nth` occurrence of "needle" in any file. */
static bool flip(const char *dir, unsigned nth)
{
        DIR *d = opendir(dir);
        bool found = false;

        assert_non_null(d);
        for (struct dirent *f; !found && (f = readdir(d));) {
                char path[512], *text = calloc(1, 1 << 20), *p = text;
                int fd;
                ssize_t n;

                (void)snprintf(path, sizeof(path), "%s/%s", dir, f->d_name);
                fd = open(path, O_RDWR);
                n = fd < 0 ? -1 : read(fd, text, 1 << 20);
                while (n > 0 && (p = memmem(p, (size_t)(text + n - p), "needle", 6))) {
                        if (--nth == 0) {
                                p[2] ^= 1;
                                assert_int_equal(pwrite(fd, p + 2, 1, p + 2 - text), 1);
                                found = true;
                                break;
                        }
                        p++;
                }
                if (fd >= 0)
                        close(fd);
                free(text);
        }
        closedir(d);
        return found;
}

static void audit(const char *sentence, const char *dir, int want, const char *record)
{
        const struct sp_store_options o = { .read_only = true, .for_audit = true };
        struct sp_store *s = NULL;
        struct sp_err e = SP_ERR_NULL;
        uint64_t n = 0;
        int r = sp_store_open(dir, &o, &s, &e);

        if (r == 0)
                r = sp_store_verify(s, &n, &e);
        sp_store_close(s);
        if (r != want || (want < 0 && !strstr(e.what, record)))
                fail_msg("%s: %d, %s", sentence, r, e.what);
}

static void a_changed_byte_is_found_wherever_it_is(void **state)
{
        const struct sp_store_options o = { .read_only = false };
        char dir[128], copy[128], path[256];
        struct sp_store *s;
        struct sp_err e;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        fill(s, 20);
        s = sp_store_close(s);
        copy_store(dir, copy);
        audit("an untouched copy is intact", copy, 0, "");
        /* in the log, as a killed recorder leaves it */
        assert_true(flip(copy, 7));
        audit("a byte of record 7 in the log", copy, -EBADMSG, "record 7:");
        assert_int_equal(sp_store_open(copy, &o, &s, &e), -EBADMSG);
        copy_store(dir, copy);
        assert_true(flip(copy, 20));
        audit("a byte of the last record", copy, -EBADMSG, "record 20:");
        copy_store(dir, copy);
        assert_true(flip(copy, 1));
        audit("a byte of the first record", copy, -EBADMSG, "record 1:");

        /* reopening turns the log into a table file */
        s = must_open(dir, false);
        s = sp_store_close(s);
        copy_store(dir, copy);
        audit("an untouched table file is intact", copy, 0, "");
        assert_true(flip(copy, 1));
        audit("a byte in a table file", copy, -EBADMSG, "record 1:");

        copy_store(dir, copy);
        (void)snprintf(path, sizeof(path), "%s/chain-head", copy);
        assert_int_equal(unlink(path), 0);
        audit("a missing witness", copy, -EBADMSG, "chain-head");
}

static void records_cut_off_at_the_end_are_missed(void **state)
{
        const struct sp_store_options o = { .read_only = false };
        char dir[128], copy[128], command[512];
        struct sp_store *s;
        struct sp_err e;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        fill(s, 5);
        s = sp_store_close(s);
        copy_store(dir, copy);
        s = must_open(dir, false);
        fill(s, 3);
        s = sp_store_close(s);
        /* the older database under the newer witness */
        (void)snprintf(command, sizeof(command), "cp '%s/chain-head' '%s/'", dir, copy);
        assert_int_equal(system(command), 0);
        audit("three records were cut off", copy, -EBADMSG, "record 6:");
        assert_int_equal(sp_store_open(copy, &o, &s, &e), -EBADMSG);
        assert_string_equal(e.id, "store.truncated");
}

/* ---- crashes ---- */

/* Appends until killed; tells each acknowledged number. */
static void child(const char *dir, int fd)
{
        const struct sp_store_options o = { 0 };
        struct sp_store *s = NULL;
        struct sp_err e;
        uint64_t seq;

        if (sp_store_open(dir, &o, &s, &e) < 0)
                _exit(1);
        for (;;) {
                if (append(s, "S",
                           "{\"type\":\"request\",\"text\":\"something to lose\"}",
                           &seq) < 0 ||
                    write(fd, &seq, sizeof(seq)) != sizeof(seq))
                        _exit(2);
        }
}

static void a_killed_writer_loses_nothing_acknowledged(void **state)
{
        char dir[128];
        uint64_t acknowledged = 0, count;
        struct sp_store *s;
        struct sp_err e;

        (void)state;
        new_dir(dir);
        for (int round = 0; round < 12; round++) {
                uint64_t seq;
                int fds[2], status;
                pid_t pid;

                assert_int_equal(pipe(fds), 0);
                pid = fork();
                if (pid == 0)
                        child(dir, fds[1]);
                close(fds[1]);
                assert_int_equal(read(fds[0], &seq, sizeof(seq)), sizeof(seq));
                assert_true(seq > acknowledged); /* numbers are not used twice */
                acknowledged = seq;
                usleep(3000 + (unsigned)round * 1500);
                kill(pid, SIGKILL);
                while (read(fds[0], &seq, sizeof(seq)) == sizeof(seq))
                        acknowledged = seq;
                close(fds[0]);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFSIGNALED(status));

                s = must_open(dir, true);
                assert_int_equal(sp_store_verify(s, &count, &e), 0);
                assert_true(count >= acknowledged);
                sp_store_close(s);
        }
        assert_true(acknowledged > 24);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(records_come_back_in_order_and_by_session),
                cmocka_unit_test(nothing_is_used_up_before_commit),
                cmocka_unit_test(facts_are_recalled_until_they_expire),
                cmocka_unit_test(below_the_floor_nothing_is_written),
                cmocka_unit_test(a_changed_byte_is_found_wherever_it_is),
                cmocka_unit_test(records_cut_off_at_the_end_are_missed),
                cmocka_unit_test(a_killed_writer_loses_nothing_acknowledged),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
