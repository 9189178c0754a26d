/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "daemon/base/digest.h"
#include "daemon/base/ipc.h"
#include "daemon/base/json.h"
#include "daemon/recorder/bodies.h"
#include "daemon/recorder/chain.h"
#include "daemon/recorder/writer.h"
#include "tests/test.h"

#define JSON "{\"type\":\"response\",\"bytes\":4000000,\"truncated\":true}"
#define WHOLE "{\"type\":\"response\",\"truncated\":false}"

static char base_dir[64];
static unsigned dirs;

static void new_dir(char to[128])
{
        (void)snprintf(to, 128, "%s/%u", base_dir, ++dirs);
}

static unsigned failing_syncs; /* of files of bodies: so many, then they work again */
static int slow_sync = -1; /* a sync of one waits until this ends */

/* The kernel tells of a lost write once. */
int fdatasync(int fd)
{
        char name[64], path[256] = "";

        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        if (readlink(name, path, sizeof(path) - 1) <= 0 || !strstr(path, "/body-"))
                return (int)syscall(SYS_fdatasync, fd);
        if (failing_syncs) {
                failing_syncs--;
                errno = EIO;
                return -1;
        }
        if (slow_sync >= 0)
                assert_int_equal(read(slow_sync, name, 1), 0);
        return (int)syscall(SYS_fdatasync, fd);
}

static int set_up(void **state)
{
        (void)state;
        (void)snprintf(base_dir, sizeof(base_dir), "/tmp/sp-bodies-XXXXXX");
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

/* A body of `n` bytes that no other one begins like; ends within a character. */
static struct sp_str body_of(unsigned which, size_t n)
{
        static char text[3 << 20];
        int head = snprintf(text, sizeof(text), "body %u, \"quoted\"\n", which);

        for (size_t i = (size_t)head; i < n; i++)
                text[i] = (char)('a' + (i * 7 + which) % 23);
        text[n - 1] = (char)0xC3;
        return sp_str(text, n);
}

static int put_body(struct sp_store *s, struct sp_str body, size_t n,
                    struct sp_store_body *ret, struct sp_err *e)
{
        sp_autoclose int fd = -1;
        int r = sp_memfd_new("body", body, &fd);

        return r < 0 ? r : sp_store_put_body(s, fd, n, ret, e);
}

static int append_body(struct sp_store *s, const char *json, struct sp_str body,
                       struct sp_err *e)
{
        sp_cleanup(sp_store_batch_freep) struct sp_store_batch *b = NULL;
        struct sp_store_body where;
        int r = put_body(s, body, body.n, &where, e);

        if (r == 0)
                r = sp_store_sync_bodies(s, e);
        if (r == 0)
                r = sp_store_batch_new(s, &b, e);
        if (r == 0)
                r = sp_store_append_body(b, SP_STR("S"), sp_str_c(json), &where, NULL);
        return r < 0 ? r : sp_store_commit(b, e);
}

struct text {
        struct sp_store *store;
        uint64_t seq;
        struct sp_buf room;
        struct sp_str is;
};

static int see(void *userdata, const struct sp_store_record *r)
{
        struct text *t = userdata;

        return r->seq == t->seq ? sp_store_text(t->store, r, &t->room, &t->is) ?: 1 : 0;
}

/* Record `seq` as a reader gets it, in `a`. */
static const struct sp_json *record(const char *dir, uint64_t seq, struct sp_arena *a)
{
        struct text t = { .store = must_open(dir, true),
                          .seq = seq,
                          .room = SP_BUF_INIT(16 << 20) };
        struct sp_err e = SP_ERR_NULL;
        struct sp_json *json;

        assert_int_equal(sp_store_walk(t.store, SP_STR_NULL, seq, see, &t, &e), 1);
        /* numbers stay in the text: it lives as long as the arena */
        if (sp_json_parse(a, sp_arena_str(a, t.is), &json, &e) < 0)
                fail_msg("%s", e.what);
        sp_buf_done(&t.room);
        sp_store_close(t.store);
        return json;
}

static void expect_body(const char *dir, uint64_t seq, struct sp_str want)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(64 << 20);
        const struct sp_json *json = record(dir, seq, &a);
        struct sp_str body = sp_json_get_str(json, "body");
        char hex[SP_SHA256_HEX_LEN + 1];
        uint8_t hash[SP_SHA256_LEN];

        /* up to the last whole character; the digest is of all of it */
        assert_int_equal(sp_sha256(want, hash), 0);
        sp_hex(hash, sizeof(hash), hex);
        assert_true(sp_str_eq(body, sp_str_sub(want, 0, want.n - 1)));
        assert_true(sp_str_eq(sp_json_get_str(json, "body_sha256"), sp_str_c(hex)));
        assert_null(sp_json_get(json, "body_lost"));
}

static int verify(const char *dir, uint64_t *n, struct sp_err *e)
{
        struct sp_store *s = must_open(dir, true);
        int r = sp_store_verify(s, n, e);

        sp_store_close(s);
        return r;
}

static void expect_broken(const char *sentence, const char *dir, const char *what)
{
        struct sp_err e = SP_ERR_NULL;
        uint64_t n;
        int r = verify(dir, &n, &e);

        if (r != -EBADMSG || !strstr(e.what, what))
                fail_msg("%s: %d, %s", sentence, r, e.what);
}

static void bodies_come_back_beside_records_without_one(void **state)
{
        char dir[128];
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s;
        uint64_t n;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        assert_int_equal(append_body(s, JSON, body_of(1, 100), &e), 0);
        assert_int_equal(append_body(s, WHOLE, body_of(2, 2 << 20), &e), 0);
        expect_body(dir, 1, body_of(1, 100)); /* beside the writer */
        s = sp_store_close(s);
        s = must_open(dir, false); /* and it goes on behind them */
        assert_int_equal(append_body(s, JSON, body_of(3, 65537), &e), 0);
        s = sp_store_close(s);
        for (unsigned i = 1; i <= 3; i++)
                expect_body(dir, i,
                            body_of(i, i == 1   ? 100
                                       : i == 2 ? 2 << 20
                                                : 65537));
        assert_int_equal(verify(dir, &n, &e), 0);
        assert_int_equal(n, 3);
}

static void the_digest_of_all_is_said_of_a_body_that_is_all(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(16 << 20);
        const struct sp_json *cut, *whole;
        char dir[128];
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        assert_int_equal(append_body(s, JSON, body_of(1, 100), &e), 0);
        assert_int_equal(append_body(s, WHOLE, body_of(1, 100), &e), 0);
        sp_store_close(s);
        cut = record(dir, 1, &a);
        whole = record(dir, 2, &a);
        assert_null(sp_json_get(cut, "sha256"));
        assert_true(sp_str_eq(sp_json_get_str(whole, "sha256"),
                              sp_json_get_str(whole, "body_sha256")));
        assert_int_equal(sp_json_get_str(whole, "sha256").n, 64);
}

static void a_changed_body_is_found_and_not_shown(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(16 << 20);
        const struct sp_json *json;
        char dir[128], path[256];
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s;
        int fd;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        assert_int_equal(append_body(s, JSON, body_of(1, 200000), &e), 0);
        assert_int_equal(append_body(s, JSON, body_of(2, 200000), &e), 0);
        sp_store_close(s);
        (void)snprintf(path, sizeof(path), "%s/body-00000001", dir);
        fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, "!", 1, 399990), 1);
        expect_broken("a byte of the second body", dir,
                      "record 2: its body does not match its digest");
        json = record(dir, 2, &a);
        assert_null(sp_json_get(json, "body"));
        assert_true(sp_json_get_str(json, "body_lost").n > 0);
        expect_body(dir, 1, body_of(1, 200000)); /* the other one is as it was */
        assert_int_equal(ftruncate(fd, 399990), 0);
        expect_broken("the end is missing", dir, "record 2: its body is cut off");
        close(fd);
        assert_int_equal(unlink(path), 0);
        expect_broken("the file is missing", dir, "record 1: its body cannot be read");
}

static void what_no_record_names_does_no_harm(void **state)
{
        char dir[128];
        struct sp_store_body where;
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s;
        struct stat st;
        uint64_t n;
        char path[256];

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        assert_int_equal(append_body(s, JSON, body_of(1, 5000), &e), 0);
        /* as after a crash between a body and its record */
        assert_int_equal(put_body(s, body_of(2, 6000), 6000, &where, &e), 0);
        s = sp_store_close(s);
        s = must_open(dir, false);
        assert_int_equal(append_body(s, JSON, body_of(3, 7000), &e), 0);
        /* a body that ends before it should leaves nothing */
        assert_int_equal(put_body(s, body_of(2, 6000), 6001, &where, &e), -EBADMSG);
        s = sp_store_close(s);
        (void)snprintf(path, sizeof(path), "%s/body-00000001", dir);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size,
                         6 * SP_BODIES_ALIGN); /* of each the rest is zeros */
        expect_body(dir, 1, body_of(1, 5000));
        expect_body(dir, 2, body_of(3, 7000));
        assert_int_equal(verify(dir, &n, &e), 0);
        assert_int_equal(n, 2);
}

static void a_full_file_is_followed_by_the_next(void **state)
{
        char dir[128], path[256];
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s;
        struct stat st;
        uint64_t n;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        (void)snprintf(path, sizeof(path), "%s/body-00000007", dir);
        int fd = open(path, O_RDWR | O_CREAT, 0640);
        assert_true(fd >= 0);
        /* sparse: nothing of it is on the disk */
        assert_int_equal(ftruncate(fd, SP_BODIES_FILE_BYTES - SP_BODIES_ALIGN - 100),
                         0);
        close(fd);
        assert_int_equal(append_body(s, JSON, body_of(1, 200), &e), 0);
        assert_int_equal(append_body(s, JSON, body_of(2, 300), &e), 0);
        s = sp_store_close(s);
        (void)snprintf(path, sizeof(path), "%s/body-00000008", dir);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, SP_BODIES_ALIGN);
        expect_body(dir, 1, body_of(1, 200));
        expect_body(dir, 2, body_of(2, 300));
        assert_int_equal(verify(dir, &n, &e), 0);
}

static void a_body_whose_sync_failed_has_no_record(void **state)
{
        struct sp_err e = SP_ERR_NULL;
        struct sp_store_body where;
        char dir[128], path[256];
        struct sp_store *s;
        uint64_t n;

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        (void)snprintf(path, sizeof(path), "%s/body-00000007", dir);
        int fd = open(path, O_RDWR | O_CREAT, 0640);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, SP_BODIES_FILE_BYTES - SP_BODIES_ALIGN - 100),
                         0);
        close(fd);
        assert_int_equal(put_body(s, body_of(1, 200), 200, &where, &e), 0);
        failing_syncs = 1; /* the file is full, and synced before the next one begins */
        assert_int_equal(put_body(s, body_of(2, 300), 300, &where, &e), -EIO);
        assert_int_equal(failing_syncs, 0);
        assert_int_equal(sp_store_sync_bodies(s, &e), -EIO); /* and so is the first */
        assert_int_equal(append_body(s, JSON, body_of(3, 400), &e), 0);
        failing_syncs = 1;
        assert_int_equal(append_body(s, JSON, body_of(4, 400), &e), -EIO);
        assert_int_equal(append_body(s, JSON, body_of(5, 400), &e), 0);
        s = sp_store_close(s);
        expect_body(dir, 1, body_of(3, 400));
        expect_body(dir, 2, body_of(5, 400));
        assert_int_equal(verify(dir, &n, &e), 0);
        assert_int_equal(n, 2);
}

static void put_job(struct sp_writer *w, struct sp_str body)
{
        struct sp_job *j = sp_job_new(SP_STR(JSON), SP_STR("S"), NULL);

        assert_non_null(j);
        if (body.n) {
                assert_int_equal(sp_memfd_new("body", body, &j->body), 0);
                j->body_bytes = body.n;
        }
        assert_int_equal(sp_writer_put(w, j), 0);
}

/* The number of the one job that is done next. */
static uint64_t next_done(struct sp_writer *w)
{
        struct pollfd p = { .fd = sp_writer_event_fd(w), .events = POLLIN };
        struct sp_job *j = NULL;
        uint64_t seq;

        while (!j) { /* the store's opening is told, too */
                assert_int_equal(poll(&p, 1, -1), 1);
                j = sp_writer_take(w);
        }
        assert_null(j->next);
        assert_int_equal(j->result, 0);
        seq = j->seq;
        sp_job_free(j);
        return seq;
}

static void a_record_does_not_wait_for_the_body_of_another(void **state)
{
        const struct sp_store_options o = { 0 };
        struct sp_err e = SP_ERR_NULL;
        struct sp_writer *w = NULL;
        char dir[128];
        uint64_t n;
        int ends[2];

        (void)state;
        new_dir(dir);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        slow_sync = ends[0];
        assert_int_equal(sp_writer_new(dir, &o, &w, &e), 0);
        put_job(w, body_of(1, 70000));
        put_job(w, SP_STR_NULL);
        assert_int_equal(next_done(w), 1);
        put_job(w, SP_STR_NULL);
        assert_int_equal(next_done(w), 2);
        close(ends[1]);
        assert_int_equal(next_done(w), 3);
        put_job(w, body_of(2, 70001)); /* and what waits at the end is written */
        sp_writer_free(w);
        close(ends[0]);
        slow_sync = -1;
        expect_body(dir, 3, body_of(1, 70000));
        expect_body(dir, 4, body_of(2, 70001));
        assert_int_equal(verify(dir, &n, &e), 0);
        assert_int_equal(n, 4);
}

/* What the recorder takes is read again, however much of it there is: else a worker that was
 * taken over could end every export with one record. */
static void a_record_of_many_values_is_told_with_its_body(void **state)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(256 << 20);
        sp_autobuf json = SP_BUF_INIT(4 << 20);
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s;
        char dir[128];

        (void)state;
        new_dir(dir);
        s = must_open(dir, false);
        assert_int_equal(
                sp_buf_add(&json, SP_STR("{\"type\":\"response\",\"many\":[0")), 0);
        for (int i = 0; i < 400000; i++)
                assert_int_equal(sp_buf_add(&json, SP_STR(",1")), 0);
        assert_int_equal(sp_buf_add(&json, sp_str("]}", 3)), 0);
        assert_int_equal(append_body(s, json.p, body_of(1, 100), &e), 0);
        sp_store_close(s);
        expect_body(dir, 1, body_of(1, 100));
        assert_non_null(sp_json_get(record(dir, 1, &a), "many"));
}

/* The hash covers the same bytes: what tells the two formats apart is how the text begins. */
static void a_body_cannot_be_passed_off_as_text(void **state)
{
        struct sp_store_record r = { .seq = 1,
                                     .wall_us = 2,
                                     .json = SP_STR(JSON),
                                     .body = { .file = 1, .bytes = 100 } };
        char v2[SP_CHAIN_PREFIX_MAX], v1[512];
        uint8_t hash[SP_SHA256_LEN];
        struct sp_store_record as_text;
        size_t n = SP_CHAIN_PREFIX;
        int e;

        (void)state;
        memset(r.body.sha256, 7, sizeof(r.body.sha256));
        assert_int_equal(sp_chain_hash(&r, r.hash), 0);
        assert_int_equal(sp_chain_encode(&r, v2), SP_CHAIN_PREFIX_MAX);
        memcpy(v1, v2, SP_CHAIN_PREFIX);
        v1[0] = SP_CHAIN_VERSION;
        memcpy(v1 + n, v2 + SP_CHAIN_PREFIX + 12, 8 + SP_SHA256_LEN);
        n += 8 + SP_SHA256_LEN;
        memcpy(v1 + n, r.json.p, r.json.n);
        e = sp_chain_decode(1, sp_str(v1, n + r.json.n), &as_text);
        if (e == 0) {
                assert_int_equal(sp_chain_hash(&as_text, hash), 0);
                assert_memory_equal(hash, r.hash, sizeof(hash));
        }
        assert_int_equal(e, -EBADMSG);
}

static void below_the_floor_no_body_is_written(void **state)
{
        const struct sp_store_options o = { .free_min_bytes = UINT64_C(1) << 60 };
        struct sp_err e = SP_ERR_NULL;
        struct sp_store *s = NULL;
        char dir[128], path[256];

        (void)state;
        new_dir(dir);
        assert_int_equal(sp_store_open(dir, &o, &s, &e), 0);
        assert_int_equal(append_body(s, JSON, body_of(1, 100), &e), -ENOSPC);
        assert_string_equal(e.id, "store.full");
        sp_store_close(s);
        (void)snprintf(path, sizeof(path), "%s/body-00000001", dir);
        assert_int_equal(access(path, F_OK), -1);
}

/* Appends until killed; tells each acknowledged number. */
static void child(const char *dir, int fd)
{
        const struct sp_store_options o = { 0 };
        struct sp_store *s = NULL;
        struct sp_err e;
        unsigned i = 0;

        if (sp_store_open(dir, &o, &s, &e) < 0)
                _exit(1);
        for (;; i++)
                if (append_body(s, JSON, body_of(i, 70000), &e) < 0 ||
                    write(fd, &i, sizeof(i)) != sizeof(i))
                        _exit(2);
}

static void a_killed_writer_loses_no_body_that_a_record_names(void **state)
{
        uint64_t acknowledged = 0, count;
        struct sp_err e = SP_ERR_NULL;
        char dir[128];

        (void)state;
        new_dir(dir);
        for (unsigned round = 0; round < 8; round++) {
                int fds[2], status;
                unsigned i;
                pid_t pid;

                assert_int_equal(pipe(fds), 0);
                pid = fork();
                if (pid == 0)
                        child(dir, fds[1]);
                close(fds[1]);
                assert_int_equal(read(fds[0], &i, sizeof(i)), sizeof(i));
                acknowledged++;
                usleep(3000 + round * 1500);
                kill(pid, SIGKILL);
                while (read(fds[0], &i, sizeof(i)) == sizeof(i))
                        acknowledged++;
                close(fds[0]);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFSIGNALED(status));
                if (verify(dir, &count, &e) < 0)
                        fail_msg("%s", e.what);
                assert_true(count >= acknowledged);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bodies_come_back_beside_records_without_one),
                cmocka_unit_test(the_digest_of_all_is_said_of_a_body_that_is_all),
                cmocka_unit_test(a_changed_body_is_found_and_not_shown),
                cmocka_unit_test(what_no_record_names_does_no_harm),
                cmocka_unit_test(a_full_file_is_followed_by_the_next),
                cmocka_unit_test(a_body_whose_sync_failed_has_no_record),
                cmocka_unit_test(a_record_does_not_wait_for_the_body_of_another),
                cmocka_unit_test(a_record_of_many_values_is_told_with_its_body),
                cmocka_unit_test(a_body_cannot_be_passed_off_as_text),
                cmocka_unit_test(below_the_floor_no_body_is_written),
                cmocka_unit_test(a_killed_writer_loses_no_body_that_a_record_names),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
