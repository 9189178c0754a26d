/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/base/clock.h"
#include "daemon/roles/start.h"
#include "daemon/warden/supervise.h"

/*
 * The supervisor starts /proc/self/exe in another role: here that is this test program,
 * which then plays a child. What it plays depends on its index.
 */
enum play {
        PLAY_WELL, /* answers PING and METRICS_GET until its channel closes */
        PLAY_EXIT, /* ends at once, without a hello */
        PLAY_SILENT, /* never answers */
        PLAY_RUDE, /* answers a question that nobody asked */
        PLAY_ASKING, /* asks once, then plays well */
        PLAY_DEAF, /* ignores that its channel has closed */
        PLAY_MUTE, /* says something else instead of hello */
};

static void answer(struct sp_ipc *c, const struct sp_ipc_msg *m)
{
        sp_autobuf b = SP_BUF_INIT(1024);
        struct sp_wire_out w = SP_WIRE_OUT(&b);
        const struct sp_msg_metrics text = { SP_STR("a 1\n") };
        struct sp_err e = SP_ERR_NULL;

        if (m->type == SP_MSG_METRICS_GET) {
                sp_msg_put_metrics(&w, &text);
                (void)!sp_msg_answer(c, m->id, &b);
        } else if (m->type == SP_MSG_PING) {
                (void)!sp_msg_answer(c, m->id, NULL);
        } else if (m->type == SP_MSG_RECALL) {
                (void)sp_err_set(&e, -ENOENT, "store.none", "", "no such fact");
                (void)!sp_msg_answer_error(c, m->id, &e);
        }
}

static int play_begun(enum play how)
{
        struct sp_ipc c;
        struct sp_ipc_msg m;

        sp_ipc_init(&c, SP_ROLE_CHANNEL);
        if (how == PLAY_RUDE)
                (void)!sp_ipc_send(&c, SP_MSG_ANSWER_OK, 4711, SP_STR_NULL, -1);
        if (how == PLAY_ASKING)
                (void)!sp_ipc_send(&c, SP_MSG_IDENTIFY, 1, SP_STR("who"), -1);
        for (;;) {
                struct pollfd p = { .fd = SP_ROLE_CHANNEL, .events = POLLIN };
                int r;

                (void)poll(&p, 1, -1);
                r = sp_ipc_recv(&c, &m);
                if (r < 0 && how == PLAY_DEAF)
                        (void)pause();
                if (r < 0)
                        return 0;
                if (r > 0 && how != PLAY_SILENT)
                        answer(&c, &m);
        }
}

static int play(void)
{
        const char *unspoken = getenv("LANG"); /* a variable that children keep */
        struct sp_msg_begin begin;
        struct sp_err e;

        if (unspoken && strcmp(unspoken, "exit") == 0)
                return 3;
        if (unspoken && strcmp(unspoken, "mute") == 0) {
                (void)!send(SP_ROLE_CHANNEL, "hello", 5, 0);
                (void)pause();
        }
        if (sp_role_start(false, &begin, &e) < 0)
                return 4;
        return play_begun((enum play)begin.index);
}

/* ---- the supervisor's side ---- */

struct seen {
        unsigned starts, readies, downs, questions;
        sd_event *event;
        unsigned stop_after_readies, stop_after_downs;
        int message_result;
};

static void look(struct seen *s)
{
        if ((s->stop_after_readies && s->readies >= s->stop_after_readies) ||
            (s->stop_after_downs && s->downs >= s->stop_after_downs))
                (void)sd_event_exit(s->event, 0);
}

static int on_start(void *userdata, struct sp_child *c)
{
        struct seen *s = userdata;

        (void)c;
        s->starts++;
        return 0;
}

static void on_ready(void *userdata, struct sp_child *c)
{
        struct seen *s = userdata;

        (void)c;
        s->readies++;
        look(s);
}

static int on_message(void *userdata, struct sp_child *c, struct sp_ipc_msg *m)
{
        struct seen *s = userdata;

        assert_int_equal(m->type, SP_MSG_IDENTIFY);
        assert_true(sp_str_eq(m->payload, SP_STR("who")));
        s->questions++;
        sp_child_answer(c, m->id, NULL);
        return s->message_result;
}

static void on_down(void *userdata, struct sp_child *c)
{
        struct seen *s = userdata;

        (void)c;
        s->downs++;
        look(s);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source, (void)usec, (void)userdata;
        return -ETIMEDOUT;
}

/* Runs until `s` has seen enough, or fails after `limit_us`. */
static void run(struct seen *s, uint64_t limit_us)
{
        sd_event_source *timer = NULL;

        assert_true(sd_event_add_time_relative(s->event, &timer, CLOCK_MONOTONIC,
                                               limit_us, 0, on_timeout, NULL) >= 0);
        assert_int_equal(sd_event_loop(s->event), 0);
        (void)sd_event_source_unref(timer);
}

static struct sp_child_hooks hooks;

static void begin(struct seen *s, struct sp_child *c, enum play how)
{
        struct sp_err e = SP_ERR_NULL;

        assert_int_equal(setenv("LANG",
                                how == PLAY_EXIT   ? "exit"
                                : how == PLAY_MUTE ? "mute"
                                                   : "C",
                                1),
                         0);
        hooks = (struct sp_child_hooks){ s, on_start, on_ready, on_message, on_down };
        *c = (struct sp_child){
                .launch = SP_LAUNCH("worker", (struct sp_user){ 0 }, NULL),
                .index = how,
                .log_level = SP_LOG_ERR,
                .hooks = &hooks,
        };
        assert_true(sd_event_new(&s->event) >= 0);
        if (sp_child_start(c, s->event, &e) < 0)
                fail_msg("%s: %s", e.where, e.what);
}

/* Until it has said hello, and has been spoken to. */
static void begin_and_meet(struct seen *s, struct sp_child *c, enum play how)
{
        begin(s, c, how);
        for (int i = 0; i < 500 && !c->is_open; i++)
                assert_true(sd_event_run(s->event, 10 * SP_USEC_PER_MSEC) >= 0);
        assert_true(c->is_open);
}

static void end(struct seen *s, struct sp_child *c)
{
        sp_child_done(c);
        assert_int_equal(c->launch.pid, 0);
        s->event = sd_event_unref(s->event);
}

static void a_child_is_ready_when_it_answers(void **state)
{
        struct seen s = { .stop_after_readies = 1 };
        struct sp_child c;

        (void)state;
        begin(&s, &c, PLAY_WELL);
        assert_int_equal(c.state, SP_CHILD_STARTING);
        run(&s, 5 * SP_USEC_PER_SEC);
        assert_int_equal(c.state, SP_CHILD_READY);
        assert_int_equal(s.starts, 1);
        end(&s, &c);
}

struct answers {
        struct seen *seen;
        int code;
        char text[160];
        unsigned n;
};

static void on_answer(void *userdata, struct sp_child *c, struct sp_str payload,
                      const struct sp_err *e)
{
        struct answers *a = userdata;
        struct sp_msg_metrics m;

        (void)c;
        a->n++;
        a->code = e ? e->code : 0;
        if (!e && sp_msg_read_metrics(payload, &m) == 0)
                (void)snprintf(a->text, sizeof(a->text), "%.*s", SP_FMT(m.text));
        if (e)
                (void)snprintf(a->text, sizeof(a->text), "%s %.40s", e->where, e->what);
        (void)sd_event_exit(a->seen->event, 0);
}

static void questions_get_their_answers_and_errors(void **state)
{
        struct seen s = { 0 };
        struct answers a = { .seen = &s };
        struct sp_child c;

        (void)state;
        begin_and_meet(&s, &c, PLAY_WELL);
        assert_int_equal(
                sp_child_ask(&c, SP_MSG_METRICS_GET, SP_STR_NULL, on_answer, &a), 0);
        run(&s, 5 * SP_USEC_PER_SEC);
        assert_string_equal(a.text, "a 1\n");
        end(&s, &c);
        begin_and_meet(&s, &c, PLAY_WELL);
        assert_int_equal(sp_child_ask(&c, SP_MSG_RECALL, SP_STR_NULL, on_answer, &a),
                         0);
        run(&s, 5 * SP_USEC_PER_SEC);
        assert_int_equal(a.code, -ENOENT);
        assert_string_equal(a.text, "store.none no such fact");
        end(&s, &c);
}

static void a_question_to_a_child_that_dies_fails_once(void **state)
{
        struct seen s = { 0 };
        struct answers a = { .seen = &s };
        struct sp_child c;

        (void)state;
        begin_and_meet(&s, &c, PLAY_SILENT);
        assert_int_equal(
                sp_child_ask(&c, SP_MSG_METRICS_GET, SP_STR_NULL, on_answer, &a), 0);
        assert_int_equal(kill(c.launch.pid, SIGKILL), 0);
        run(&s, 5 * SP_USEC_PER_SEC);
        assert_int_equal(a.code, -EPIPE);
        assert_int_equal(a.n, 1);
        assert_int_equal(
                sp_child_ask(&c, SP_MSG_METRICS_GET, SP_STR_NULL, on_answer, &a),
                -EPIPE);
        end(&s, &c);
        assert_int_equal(a.n, 1);
}

static void a_child_that_dies_is_started_again_with_growing_pauses(void **state)
{
        struct seen s = { .stop_after_downs = 5 };
        struct sp_child c;
        uint64_t start = sp_clock_us();

        (void)state;
        begin(&s, &c, PLAY_EXIT);
        run(&s, 10 * SP_USEC_PER_SEC);
        assert_int_equal(s.starts, 0);
        assert_int_equal(s.downs, 5);
        assert_int_equal(c.restarts, 4);
        /* 0 + 100 + 200 + 400 ms */
        assert_true(sp_clock_us() - start >= 700 * SP_USEC_PER_MSEC);
        end(&s, &c);
}

static void a_killed_child_is_ready_again(void **state)
{
        struct seen s = { .stop_after_readies = 1 };
        struct sp_child c;
        pid_t first;

        (void)state;
        begin(&s, &c, PLAY_WELL);
        first = c.launch.pid;
        assert_int_equal(kill(first, SIGKILL), 0);
        run(&s, 5 * SP_USEC_PER_SEC); /* the first one was never told to begin */
        assert_int_equal(s.downs, 1);
        assert_int_equal(c.restarts, 1);
        assert_int_not_equal(c.launch.pid, first);
        end(&s, &c);
}

static void a_child_that_speaks_out_of_turn_is_killed(void **state)
{
        struct seen s = { .stop_after_downs = 2 };
        struct sp_child c;

        (void)state;
        begin(&s, &c, PLAY_RUDE);
        run(&s, 5 * SP_USEC_PER_SEC);
        end(&s, &c);
        s = (struct seen){ .stop_after_downs = 1, .message_result = -EBADMSG };
        begin(&s, &c, PLAY_ASKING);
        run(&s, 5 * SP_USEC_PER_SEC);
        assert_int_equal(s.questions, 1);
        end(&s, &c);
}

static void a_child_that_does_not_say_hello_is_told_nothing_and_killed(void **state)
{
        struct seen s = { .stop_after_downs = 2 };
        struct sp_child c;

        (void)state;
        begin(&s, &c, PLAY_MUTE);
        run(&s, 5 * SP_USEC_PER_SEC);
        assert_int_equal(s.starts, 0);
        assert_int_equal(sp_child_send(&c, SP_MSG_PING, SP_STR_NULL, -1), -EPIPE);
        end(&s, &c);
}

static void a_hello_of_another_process_is_refused(void **state)
{
        struct sp_launch l = SP_LAUNCH("worker", (struct sp_user){ 0 }, NULL);
        struct sp_err e = SP_ERR_NULL;
        int pair[2];

        (void)state;
        assert_int_equal(sp_ipc_pair(pair), 0);
        assert_int_equal(sp_ipc_expect(pair[0]), 0);
        assert_int_equal(sp_launch_meet(&l, pair[0], &e), 0);
        assert_int_equal(sp_ipc_hello(pair[1]), 0);
        l.pid = getppid();
        assert_int_equal(sp_launch_meet(&l, pair[0], &e), -EPERM);
        assert_string_equal(e.id, "spawn.hello");
        l.pid = getpid();
        assert_int_equal(sp_ipc_expect(pair[0]), 0);
        assert_int_equal(sp_ipc_hello(pair[1]), 0);
        assert_int_equal(sp_launch_meet(&l, pair[0], &e), 1);
        (void)close(pair[0]);
        (void)close(pair[1]);
}

static void a_child_that_does_not_stop_is_killed(void **state)
{
        struct seen s = { .stop_after_downs = 1 };
        uint64_t start;
        struct sp_child c;

        (void)state;
        begin_and_meet(&s, &c, PLAY_DEAF);
        start = sp_clock_us();
        sp_child_stop(&c);
        run(&s, 10 * SP_USEC_PER_SEC);
        assert_true(sp_clock_us() - start >= 2 * SP_USEC_PER_SEC);
        assert_int_equal(s.starts, 1);
        end(&s, &c);
}

static void a_child_has_nothing_but_its_channel(void **state)
{
        struct seen s = { .stop_after_readies = 1 };
        struct sp_child c;
        char path[64], link[256];
        int secret = open("/etc/hostname", O_RDONLY); /* not even close-on-exec */

        (void)state;
        assert_int_equal(setenv("SECRET_VARIABLE", "x", 1), 0);
        begin(&s, &c, PLAY_WELL);
        run(&s, 5 * SP_USEC_PER_SEC);
        for (int fd = 4; fd < 64; fd++) {
                (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)c.launch.pid,
                               fd);
                if (readlink(path, link, sizeof(link)) >= 0)
                        fail_msg("descriptor %d is open", fd);
        }
        (void)close(secret);
        end(&s, &c);
}

static void users_are_looked_up_and_root_is_refused(void **state)
{
        struct sp_user u = { 0 };
        struct sp_err e = SP_ERR_NULL;

        (void)state;
        assert_int_equal(sp_user_find(SP_STR("root"), &u, &e), -EPERM);
        assert_int_equal(sp_user_find(SP_STR("no-such-user-here"), &u, &e), -ENOENT);
        assert_int_equal(sp_user_find(SP_STR("nobody"), &u, &e), 0);
        assert_true(u.is_set && u.uid != 0);
        assert_int_equal(sp_user_find(SP_STR_NULL, &u, &e), 0);
        assert_false(u.is_set);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_child_is_ready_when_it_answers),
                cmocka_unit_test(questions_get_their_answers_and_errors),
                cmocka_unit_test(a_question_to_a_child_that_dies_fails_once),
                cmocka_unit_test(
                        a_child_that_dies_is_started_again_with_growing_pauses),
                cmocka_unit_test(a_killed_child_is_ready_again),
                cmocka_unit_test(a_child_that_speaks_out_of_turn_is_killed),
                cmocka_unit_test(
                        a_child_that_does_not_say_hello_is_told_nothing_and_killed),
                cmocka_unit_test(a_hello_of_another_process_is_refused),
                cmocka_unit_test(a_child_that_does_not_stop_is_killed),
                cmocka_unit_test(a_child_has_nothing_but_its_channel),
                cmocka_unit_test(users_are_looked_up_and_root_is_refused),
        };

        if (argc > 1 && strcmp(argv[1], "--role=worker") == 0)
                return play();
        sp_log_init("test", 0); /* what is killed on purpose is not news */
        return cmocka_run_group_tests(tests, NULL, NULL);
}
