/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/base/clock.h"
#include "daemon/recorder/recorder.h"
#include "daemon/recorder/store.h"
#include "daemon/roles/messages.h"
#include "tests/test.h"

struct role {
        struct sp_ipc ipc; /* the warden's end */
        pid_t pid;
        char dir[64];
};

static void must(int r)
{
        if (r < 0)
                fail_msg("%s", strerror(-r));
}

static void start(struct role *x, const char *free_min)
{
        sp_autobuf settings = SP_BUF_INIT(4096);
        int fds[2], memfd;

        must(sp_ipc_pair(fds));
        x->pid = fork();
        if (x->pid == 0) {
                close(fds[0]);
                _exit(sp_recorder_main(fds[1]));
        }
        close(fds[1]);
        sp_ipc_init(&x->ipc, fds[0]);
        must(sp_buf_addf(&settings, "state_dir: %s\nrecords:\n  free_min: %s\n", x->dir,
                         free_min));
        must(sp_memfd_new("settings", sp_buf_str(&settings), &memfd));
        must(sp_ipc_send(&x->ipc, SP_MSG_SETTINGS, 0, SP_STR_NULL, memfd));
        close(memfd);
}

static void set_up_dir(struct role *x)
{
        memset(x, 0, sizeof(*x));
        (void)snprintf(x->dir, sizeof(x->dir), "/tmp/sp-recorder-XXXXXX");
        assert_non_null(mkdtemp(x->dir));
}

static void stop(struct role *x, bool remove)
{
        char command[128];
        int status = -1;

        sp_ipc_done(&x->ipc);
        assert_int_equal(waitpid(x->pid, &status, 0), x->pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", x->dir);
        if (remove)
                assert_int_equal(system(command), 0);
}

static bool receive(struct sp_ipc *c, struct sp_ipc_msg *m, int timeout_ms)
{
        struct pollfd p = { .fd = c->fd, .events = POLLIN };

        for (;;) {
                int r = sp_ipc_recv(c, m);

                must(r);
                if (r == 1)
                        return true;
                if (poll(&p, 1, timeout_ms) <= 0)
                        return false;
        }
}

static void answer(struct sp_ipc *c, uint64_t id, struct sp_ipc_msg *m)
{
        if (!receive(c, m, 10000))
                fail_msg("no answer to %llu", (unsigned long long)id);
        assert_int_equal(m->id, id);
}

static void send_record(struct sp_ipc *c, uint64_t id, const char *json)
{
        sp_autobuf b = SP_BUF_INIT(SP_IPC_PAYLOAD_MAX);
        struct sp_wire_out w = SP_WIRE_OUT(&b);

        sp_wire_put_str(&w, sp_str_c(json));
        must(sp_ipc_send(c, SP_MSG_RECORD, id, sp_buf_str(&b), -1));
}

static void expect_error(struct sp_ipc *c, uint64_t id, const char *error)
{
        struct sp_msg_error e;
        struct sp_ipc_msg m;

        answer(c, id, &m);
        assert_int_equal(m.type, SP_MSG_ANSWER_ERROR);
        must(sp_msg_read_error(m.payload, &e));
        if (!sp_str_eq(e.id, sp_str_c(error)))
                fail_msg("'%.*s' instead of '%s'", SP_FMT(e.id), error);
}

static uint64_t expect_sequence(struct sp_ipc *c, uint64_t id)
{
        struct sp_ipc_msg m;
        struct sp_wire_in w;
        uint64_t seq;

        answer(c, id, &m);
        assert_int_equal(m.type, SP_MSG_ANSWER_OK);
        w = SP_WIRE_IN(m.payload);
        seq = sp_wire_u64(&w);
        must(sp_wire_end(&w));
        return seq;
}

static struct sp_str text_answer(struct sp_ipc *c, uint16_t type, uint64_t id)
{
        struct sp_msg_metrics t;
        struct sp_ipc_msg m;

        must(sp_ipc_send(c, type, id, SP_STR_NULL, -1));
        answer(c, id, &m);
        assert_int_equal(m.type, SP_MSG_ANSWER_OK);
        must(sp_msg_read_metrics(m.payload, &t));
        return t.text;
}

static bool contains(struct sp_str s, const char *part)
{
        return memmem(s.p, s.n, part, strlen(part)) != NULL;
}

static void add_channel(struct role *x, struct sp_ipc *worker)
{
        int fds[2];

        must(sp_ipc_pair(fds));
        must(sp_ipc_send(&x->ipc, SP_MSG_CHANNEL, 0, SP_STR_NULL, fds[1]));
        close(fds[1]);
        sp_ipc_init(worker, fds[0]);
}

static uint64_t verified(const struct role *x)
{
        const struct sp_store_options o = { .read_only = true };
        struct sp_store *s = NULL;
        struct sp_err e = SP_ERR_NULL;
        char dir[128];
        uint64_t n = 0;

        (void)snprintf(dir, sizeof(dir), "%s/records", x->dir);
        if (sp_store_open(dir, &o, &s, &e) < 0 || sp_store_verify(s, &n, &e) < 0)
                fail_msg("%s", e.what);
        sp_store_close(s);
        return n;
}

static void records_are_answered_when_they_are_safe(void **state)
{
        struct role x;
        struct sp_ipc worker;
        struct sp_ipc_msg m;

        (void)state;
        set_up_dir(&x);
        start(&x, "1KiB");
        /* asked before the store was tried, answered after */
        assert_true(contains(text_answer(&x.ipc, SP_MSG_RECORDER_STATUS, 1),
                             "\"store\":\"ok\""));
        add_channel(&x, &worker);
        for (uint64_t i = 1; i <= 300; i++)
                send_record(&worker, i, "{\"type\":\"request\",\"session\":\"S1\"}");
        for (uint64_t i = 1; i <= 300; i++)
                assert_int_equal(expect_sequence(&worker, i), i);
        send_record(&x.ipc, 7, "{\"type\":\"start\"}");
        assert_int_equal(expect_sequence(&x.ipc, 7), 301);
        assert_int_equal(verified(&x), 301); /* beside the running recorder */
        must(sp_ipc_send(&x.ipc, SP_MSG_PING, 9, SP_STR_NULL, -1));
        answer(&x.ipc, 9, &m);
        assert_int_equal(m.type, SP_MSG_ANSWER_OK);
        assert_true(contains(text_answer(&x.ipc, SP_MSG_METRICS_GET, 10),
                             "sallyport_records_total 301\n"));
        sp_ipc_done(&worker);
        stop(&x, true);
}

static void what_must_not_be_recorded_is_refused(void **state)
{
        static const struct {
                const char *sentence, *json;
                bool from_warden, want;
        } rows[] = {
                { "a worker's request", "{\"type\":\"request\"}", false, true },
                { "a worker cannot make up an approval", "{\"type\":\"approval\"}",
                  false, false },
                { "nor a policy change", "{\"type\":\"policy\"}", false, false },
                { "nor hide the type in an escape", "{\"type\":\"appro\\u0076al\"}",
                  false, false },
                { "nor give two types", "{\"type\":\"request\",\"type\":\"approval\"}",
                  false, false },
                { "the warden can", "{\"type\":\"approval\"}", true, true },
                { "no type", "{\"session\":\"x\"}", true, false },
                { "no object", "[1]", true, false },
                { "no JSON", "{", true, false },
                { "nothing", "", true, false },
                { "a session's name has a limit",
                  "{\"type\":\"request\",\"session\":"
                  "\"12345678901234567890123456789012345678"
                  "901234567890123456789012345\"}",
                  true, false },
        };
        struct role x;
        struct sp_ipc worker;

        (void)state;
        set_up_dir(&x);
        start(&x, "1KiB");
        add_channel(&x, &worker);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_ipc *c = rows[i].from_warden ? &x.ipc : &worker;
                struct sp_ipc_msg m;

                send_record(c, i + 1, rows[i].json);
                answer(c, i + 1, &m);
                SP_CHECK(rows[i].sentence,
                         (m.type == SP_MSG_ANSWER_OK) == rows[i].want);
        }
        assert_int_equal(verified(&x), 2);
        /* a message of an unknown type ends the channel, not the recorder */
        must(sp_ipc_send(&worker, 9999, 1, SP_STR_NULL, -1));
        struct pollfd p = { .fd = worker.fd, .events = POLLIN };
        struct sp_ipc_msg m;
        assert_int_equal(poll(&p, 1, 5000), 1);
        assert_int_equal(sp_ipc_recv(&worker, &m), -EPIPE);
        send_record(&x.ipc, 5, "{\"type\":\"start\"}");
        assert_int_equal(expect_sequence(&x.ipc, 5), 3);
        sp_ipc_done(&worker);
        stop(&x, true);
}

static void a_body_comes_sealed_and_with_one_record(void **state)
{
        static const struct {
                const char *sentence, *json;
                size_t bytes;
                bool is_sealed, want;
        } rows[] = {
                { "a body beside its record", "{\"type\":\"response\"}", 100000, true,
                  true },
                { "one that could still be changed", "{\"type\":\"response\"}", 100000,
                  false, false },
                { "an empty one", "{\"type\":\"response\"}", 0, true, false },
                { "of more than 8 MiB", "{\"type\":\"response\"}",
                  SP_RECORD_BODY_MAX + 1, true, false },
                { "of 8 MiB", "{\"type\":\"response\"}", SP_RECORD_BODY_MAX, true,
                  true },
                { "of a record that has one", "{\"type\":\"response\",\"body\":\"\"}",
                  10, true, false },
                { "of a record that is none", "{}", 10, true, false },
        };
        static char bytes[SP_RECORD_BODY_MAX + 1];
        struct role x;
        struct sp_ipc worker;

        (void)state;
        memset(bytes, 'b', sizeof(bytes));
        set_up_dir(&x);
        start(&x, "1KiB");
        add_channel(&x, &worker);
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                sp_autobuf b = SP_BUF_INIT(SP_IPC_PAYLOAD_MAX);
                struct sp_wire_out w = SP_WIRE_OUT(&b);
                struct sp_ipc_msg m;
                int fd;

                if (rows[i].is_sealed) {
                        must(sp_memfd_new("body", sp_str(bytes, rows[i].bytes), &fd));
                } else {
                        fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING);
                        assert_int_equal(write(fd, bytes, rows[i].bytes),
                                         rows[i].bytes);
                }
                sp_wire_put_str(&w, sp_str_c(rows[i].json));
                must(sp_ipc_send(&worker, SP_MSG_RECORD, i + 1, sp_buf_str(&b), fd));
                close(fd);
                answer(&worker, i + 1, &m);
                SP_CHECK(rows[i].sentence,
                         (m.type == SP_MSG_ANSWER_OK) == rows[i].want);
        }
        assert_int_equal(verified(&x), 2);
        sp_ipc_done(&worker);
        stop(&x, true);
}

static void send_keep(struct sp_ipc *c, uint64_t id, const char *key,
                      struct sp_str value)
{
        sp_autobuf b = SP_BUF_INIT(SP_IPC_PAYLOAD_MAX);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        const struct sp_msg_keep k = { SP_STR("held"), sp_str_c(key), value,
                                       sp_clock_wall_us() / SP_USEC_PER_SEC + 60 };

        sp_msg_put_keep(&w, &k);
        must(sp_ipc_send(c, SP_MSG_KEEP, id, sp_buf_str(&b), -1));
}

static void send_recall(struct sp_ipc *c, uint64_t id, const char *key)
{
        sp_autobuf b = SP_BUF_INIT(4096);
        struct sp_wire_out w = SP_WIRE_OUT(&b);

        sp_wire_put_str(&w, SP_STR("held"));
        sp_wire_put_str(&w, sp_str_c(key));
        must(sp_ipc_send(c, SP_MSG_RECALL, id, sp_buf_str(&b), -1));
}

static void facts_are_kept_and_live_through_a_restart(void **state)
{
        static char large[3 * 1024 * 1024];
        struct role x;
        struct sp_ipc_msg m;
        struct sp_wire_in w;

        (void)state;
        memset(large, 'v', sizeof(large));
        set_up_dir(&x);
        start(&x, "1KiB");
        send_keep(&x.ipc, 1, "p:j1", SP_STR("value"));
        answer(&x.ipc, 1, &m);
        assert_int_equal(m.type, SP_MSG_ANSWER_OK);
        assert_int_equal(m.payload.n, 0);
        send_keep(&x.ipc, 2, "p:j2", sp_str(large, sizeof(large)));
        answer(&x.ipc, 2, &m);
        assert_int_equal(m.type, SP_MSG_ANSWER_OK);
        send_recall(&x.ipc, 3, "p:j2");
        answer(&x.ipc, 3, &m);
        w = SP_WIRE_IN(m.payload);
        assert_true(sp_str_eq(sp_wire_str(&w), sp_str(large, sizeof(large))));
        send_recall(&x.ipc, 4, "p:j3");
        expect_error(&x.ipc, 4, "store.no-fact");
        stop(&x, false);
        start(&x, "1KiB"); /* and they are there after a restart */
        assert_true(contains(text_answer(&x.ipc, SP_MSG_RECORDER_STATUS, 1),
                             "\"records\":0,"));
        send_recall(&x.ipc, 2, "p:j1");
        answer(&x.ipc, 2, &m);
        w = SP_WIRE_IN(m.payload);
        assert_true(sp_str_eq(sp_wire_str(&w), SP_STR("value")));
        stop(&x, true);
}

static void while_nothing_can_be_written_everything_is_refused(void **state)
{
        struct role x;
        char path[128];

        (void)state;
        set_up_dir(&x);
        start(&x, "1024GiB");
        must(sp_ipc_send(&x.ipc, SP_MSG_RECORDER_STATUS, 1, SP_STR_NULL, -1));
        expect_error(&x.ipc, 1, "store.full");
        send_record(&x.ipc, 2, "{\"type\":\"start\"}");
        expect_error(&x.ipc, 2, "store.full");
        stop(&x, true);

        /* something else is where the store should be: it comes back once that is gone
         */
        set_up_dir(&x);
        (void)snprintf(path, sizeof(path), "%s/records", x.dir);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        (void)fclose(f);
        start(&x, "1KiB");
        send_record(&x.ipc, 1, "{\"type\":\"start\"}");
        struct sp_ipc_msg m;
        answer(&x.ipc, 1, &m);
        assert_int_equal(m.type, SP_MSG_ANSWER_ERROR);
        assert_int_equal(unlink(path), 0);
        uint64_t id = 2, end = sp_clock_us() + 8 * SP_USEC_PER_SEC;
        do {
                usleep(100000);
                send_record(&x.ipc, id, "{\"type\":\"start\"}");
                answer(&x.ipc, id++, &m);
        } while (m.type != SP_MSG_ANSWER_OK && sp_clock_us() < end);
        assert_int_equal(m.type, SP_MSG_ANSWER_OK);
        assert_int_equal(verified(&x), 1);
        stop(&x, true);
}

static void kill_dash_nine_loses_nothing_answered(void **state)
{
        struct role x;
        uint64_t answered = 0, id = 0;

        (void)state;
        set_up_dir(&x);
        for (int round = 0; round < 5; round++) {
                uint64_t until = sp_clock_us() + 40000;
                struct sp_ipc_msg m;
                int status;

                start(&x, "1KiB");
                for (int i = 0; i < 40; i++)
                        send_record(&x.ipc, ++id, "{\"type\":\"start\"}");
                /* the first answer may wait for the store to be made */
                while (sp_clock_us() < until || answered == 0) {
                        assert_true(receive(&x.ipc, &m, 10000));
                        struct sp_wire_in w = SP_WIRE_IN(m.payload);
                        uint64_t seq = sp_wire_u64(&w);

                        assert_int_equal(m.type, SP_MSG_ANSWER_OK);
                        if (answered == 0)
                                until = sp_clock_us() + 40000;
                        assert_true(seq > answered);
                        answered = seq;
                        send_record(&x.ipc, ++id, "{\"type\":\"start\"}");
                }
                kill(x.pid, SIGKILL);
                assert_int_equal(waitpid(x.pid, &status, 0), x.pid);
                /* answers that were on the way count too */
                for (int r = 1; r == 1;) {
                        r = sp_ipc_recv(&x.ipc, &m);
                        if (r == 1) {
                                struct sp_wire_in w = SP_WIRE_IN(m.payload);

                                answered = sp_wire_u64(&w);
                        }
                }
                sp_ipc_done(&x.ipc);
                assert_true(verified(&x) >= answered);
        }
        assert_true(answered > 100);
        start(&x, "1KiB");
        stop(&x, true);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(records_are_answered_when_they_are_safe),
                cmocka_unit_test(what_must_not_be_recorded_is_refused),
                cmocka_unit_test(a_body_comes_sealed_and_with_one_record),
                cmocka_unit_test(facts_are_kept_and_live_through_a_restart),
                cmocka_unit_test(while_nothing_can_be_written_everything_is_refused),
                cmocka_unit_test(kill_dash_nine_loses_nothing_answered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
