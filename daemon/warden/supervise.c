/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/supervise.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "daemon/base/clock.h"

#define MESSAGES_PER_TURN 64 /* then the other children get their turn */
#define STABLE_US (10 * SP_USEC_PER_SEC)
#define STOP_US (3 * SP_USEC_PER_SEC)
#define RESTART_FIRST_US (100 * SP_USEC_PER_MSEC)

struct sp_child_question {
        struct sp_child_question *next;
        uint64_t id;
        sp_child_answer_fn fn;
        void *userdata;
};

static void drop_source(sd_event_source **s)
{
        if (*s)
                (void)sd_event_source_set_enabled(*s, SD_EVENT_OFF);
        *s = sd_event_source_unref(*s);
}

static void fail_questions(struct sp_child *c)
{
        struct sp_err e;

        (void)sp_err_set(&e, -EPIPE, "supervise.lost", "", "the %s is gone",
                         c->launch.role);
        while (c->questions) {
                struct sp_child_question *q = c->questions;

                c->questions = q->next;
                q->fn(q->userdata, c, SP_STR_NULL, &e);
                free(q);
        }
}

static void close_channel(struct sp_child *c)
{
        if (!c->has_channel)
                return;
        c->has_channel = c->is_open = false;
        drop_source(&c->channel);
        drop_source(&c->ping);
        sp_ipc_done(&c->ipc);
        fail_questions(c);
}

static int on_never_came(sd_event_source *s, void *userdata);

/* Its end is seen later, by its pidfd. */
static void let_go(struct sp_child *c)
{
        sp_launch_kill(&c->launch);
        /* a unit that has not said hello: it ends when it finds its channel closed */
        if (c->has_channel && c->launch.pid <= 0 && !c->process)
                (void)sd_event_add_defer(c->event, &c->process, on_never_came, c);
        close_channel(c);
}

void sp_child_kill(struct sp_child *c, const char *why)
{
        if (c->has_channel || c->launch.pid > 0)
                sp_log(SP_LOG_ERR, "%s %u (pid %d) is killed: %s", c->launch.role,
                       c->index, (int)c->launch.pid, why);
        let_go(c);
}

static void watch_writing(struct sp_child *c)
{
        if (c->is_open)
                (void)sd_event_source_set_io_events(
                        c->channel,
                        EPOLLIN | (sp_ipc_wants_write(&c->ipc) ? EPOLLOUT : 0));
}

int sp_child_send(struct sp_child *c, uint16_t type, struct sp_str payload, int fd)
{
        int r = c->is_open ? sp_ipc_send(&c->ipc, type, 0, payload, fd) : -EPIPE;

        watch_writing(c);
        if (r == -ENOBUFS) {
                sp_child_kill(c, "it does not read its messages");
                r = -EPIPE;
        }
        return r;
}

int sp_child_ask(struct sp_child *c, uint16_t type, struct sp_str payload,
                 sp_child_answer_fn fn, void *userdata)
{
        struct sp_child_question *q = c->is_open ? malloc(sizeof(*q)) : NULL;
        int r;

        if (!q)
                return c->is_open ? -ENOMEM : -EPIPE;
        *q = (struct sp_child_question){ NULL, ++c->next_id, fn, userdata };
        r = sp_ipc_send(&c->ipc, type, q->id, payload, -1);
        watch_writing(c);
        if (r < 0) {
                free(q);
                if (r == -ENOBUFS)
                        sp_child_kill(c, "it does not read its messages");
                return r == -ENOBUFS ? -EPIPE : r;
        }
        q->next = c->questions;
        c->questions = q;
        return 0;
}

void sp_child_answer(struct sp_child *c, uint64_t id, const struct sp_buf *payload)
{
        if (!id || !c->is_open)
                return;
        if (sp_msg_answer(&c->ipc, id, payload) < 0)
                sp_child_kill(c, "it does not take an answer");
        watch_writing(c);
}

void sp_child_refuse(struct sp_child *c, uint64_t id, const struct sp_err *e)
{
        if (!id || !c->is_open)
                return;
        if (sp_msg_answer_error(&c->ipc, id, e) < 0)
                sp_child_kill(c, "it does not take an answer");
        watch_writing(c);
}

static int on_answer(struct sp_child *c, const struct sp_ipc_msg *m)
{
        struct sp_child_question **at = &c->questions, *q;
        struct sp_msg_error text;
        char what[160], id[80];
        struct sp_err e = SP_ERR_NULL;

        while (*at && (*at)->id != m->id)
                at = &(*at)->next;
        q = *at;
        if (!q)
                return -EBADMSG;
        *at = q->next;
        if (m->type == SP_MSG_ANSWER_ERROR) {
                if (sp_msg_read_error(m->payload, &text) < 0)
                        text = (struct sp_msg_error){ .code = EBADMSG };
                sp_err_escape(what, sizeof(what), text.what);
                sp_err_escape(id, sizeof(id), text.id);
                /* the id of a struct sp_err is static storage: the child's goes into
                 * the text */
                (void)sp_err_set(&e, text.code ? -(int)text.code : -EIO,
                                 "supervise.refused", id, "%s", what);
        }
        q->fn(q->userdata, c, m->payload, m->type == SP_MSG_ANSWER_OK ? NULL : &e);
        free(q);
        return 0;
}

static void on_pong(void *userdata, struct sp_child *c, struct sp_str payload,
                    const struct sp_err *e)
{
        (void)userdata, (void)payload;
        if (e)
                return;
        c->pinged_us = 0;
        if (c->state == SP_CHILD_STARTING) {
                c->state = SP_CHILD_READY;
                sp_log(SP_LOG_DEBUG, "%s %u (pid %d) is ready", c->launch.role,
                       c->index, (int)c->launch.pid);
                c->hooks->on_ready(c->hooks->userdata, c);
        }
}

static void send_ping(struct sp_child *c)
{
        c->pinged_us = sp_clock_us();
        if (sp_child_ask(c, SP_MSG_PING, SP_STR_NULL, on_pong, NULL) < 0)
                sp_child_kill(c, "it cannot be asked");
}

static int on_ping_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct sp_child *c = userdata;
        uint64_t late = c->state == SP_CHILD_READY ? SP_PING_LATE_US : SP_PING_FIRST_US;

        (void)usec;
        if (c->pinged_us && sp_clock_us() - c->pinged_us >= late) {
                sp_child_kill(c, "it did not answer in time");
                return 0;
        }
        if (!c->pinged_us)
                send_ping(c);
        if (c->has_channel) {
                (void)sd_event_source_set_time_relative(s, SP_PING_EVERY_US);
                (void)sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        }
        return 0;
}

static int take_message(struct sp_child *c, struct sp_ipc_msg *m)
{
        int r;

        if (m->type == SP_MSG_ANSWER_OK || m->type == SP_MSG_ANSWER_ERROR)
                r = on_answer(c, m);
        else
                r = c->hooks->on_message(c->hooks->userdata, c, m);
        sp_closep(&m->fd);
        return r;
}

/* The channel failed: it closed, or broke the rules. */
static void lose(struct sp_child *c, int r)
{
        if (r == -EPIPE) /* it is going, or gone */
                let_go(c);
        else
                sp_child_kill(c, "it sent what it may not send");
}

static int read_messages(struct sp_child *c)
{
        int r = 0;

        for (unsigned i = 0; r == 0 && c->is_open && i < MESSAGES_PER_TURN; i++) {
                struct sp_ipc_msg m;

                r = sp_ipc_recv(&c->ipc, &m);
                if (r == 0)
                        break;
                if (r > 0)
                        r = take_message(c, &m);
        }
        return r;
}

static void meet(struct sp_child *c);

static int on_channel(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct sp_child *c = userdata;
        int r = 0;

        (void)s, (void)fd;
        if (!c->is_open) {
                meet(c);
                return 0;
        }
        if (revents & EPOLLOUT)
                r = sp_ipc_flush(&c->ipc);
        if (r == 0)
                r = read_messages(c);
        if (r < 0 && c->has_channel)
                lose(c, r);
        watch_writing(c);
        return 0;
}

static uint64_t backoff_us(unsigned failures)
{
        uint64_t us = RESTART_FIRST_US;

        if (failures <= 1)
                return 0;
        for (unsigned i = 2; i < failures && us < SP_RESTART_MAX_US; i++)
                us *= 2;
        return SP_MIN(us, SP_RESTART_MAX_US);
}

static int launch(struct sp_child *c, struct sp_err *reterr);

static int on_restart_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct sp_child *c = userdata;
        struct sp_err e;

        (void)s, (void)usec;
        drop_source(&c->restart);
        if (c->is_stopping)
                return 0;
        c->restarts++;
        if (launch(c, &e) < 0) {
                sp_log_err(SP_LOG_ERR, &e, "restarting");
                c->failures++;
                (void)sd_event_add_time_relative(c->event, &c->restart, CLOCK_MONOTONIC,
                                                 SP_RESTART_MAX_US, 0, on_restart_time,
                                                 c);
        }
        return 0;
}

static int went_down(struct sp_child *c)
{
        c->state = SP_CHILD_DOWN;
        drop_source(&c->process);
        drop_source(&c->restart);
        close_channel(c);
        c->hooks->on_down(c->hooks->userdata, c);
        if (c->is_stopping)
                return 0;
        c->failures = sp_clock_us() - c->started_us >= STABLE_US ? 1 : c->failures + 1;
        return sd_event_add_time_relative(c->event, &c->restart, CLOCK_MONOTONIC,
                                          backoff_us(c->failures), 0, on_restart_time,
                                          c);
}

static int on_exit_of(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct sp_child *c = userdata;
        pid_t pid = c->launch.pid;
        char how[32];

        (void)s, (void)fd, (void)revents;
        /* before the descriptor: a child between fork and exec has it, too, so that closing it
         * alone leaves it in the epoll set, where it would name a source that is gone */
        drop_source(&c->process);
        sp_launch_reap(&c->launch, how, sizeof(how));
        sp_log(c->is_stopping ? SP_LOG_DEBUG : SP_LOG_WARNING,
               "%s %u (pid %d) has ended%s", c->launch.role, c->index, (int)pid, how);
        return went_down(c);
}

static int on_never_came(sd_event_source *s, void *userdata)
{
        struct sp_child *c = userdata;

        (void)s;
        sp_log(SP_LOG_WARNING, "%s %u did not come: journalctl -u 'sallyport-%s@*'",
               c->launch.role, c->index, c->launch.role);
        return went_down(c);
}

static int watch_process(struct sp_child *c)
{
        return sd_event_add_io(c->event, &c->process, c->launch.pidfd, EPOLLIN,
                               on_exit_of, c);
}

static int watch(struct sp_child *c)
{
        int r = c->launch.pid > 0 ? watch_process(c) : 0;

        if (r >= 0)
                r = sd_event_add_io(c->event, &c->channel, c->ipc.fd, EPOLLIN,
                                    on_channel, c);
        if (r >= 0)
                r = sd_event_add_time_relative(c->event, &c->ping, CLOCK_MONOTONIC,
                                               SP_PING_EVERY_US, 0, on_ping_time, c);
        return r < 0 ? r : 0;
}

static int begin(struct sp_child *c)
{
        const struct sp_msg_begin m = { c->index, (uint8_t)c->log_level };
        sp_autobuf b = SP_BUF_INIT(64);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        int r;

        sp_msg_put_begin(&out, &m);
        r = out.error;
        if (r == 0)
                r = sp_child_send(c, SP_MSG_BEGIN, sp_buf_str(&b), -1);
        return r == 0 ? c->hooks->on_start(c->hooks->userdata, c) : r;
}

/* It is there. Nothing was said to it before this. */
static void meet(struct sp_child *c)
{
        struct sp_err e;
        int r = sp_launch_meet(&c->launch, c->ipc.fd, &e);

        if (r == 0)
                return;
        if (r > 0 && !c->process && watch_process(c) < 0)
                r = sp_err_set(&e, -ENOMEM, "spawn.watch", c->launch.role, "no memory");
        if (r == -EPIPE) {
                lose(c, r);
                return;
        }
        if (r < 0) {
                sp_log_err(SP_LOG_ERR, &e, "a role that was started");
                sp_child_kill(c, "it is not what was started");
                return;
        }
        c->is_open = true;
        if (begin(c) < 0)
                sp_child_kill(c, "it cannot be started");
        else
                send_ping(c);
}

static int launch(struct sp_child *c, struct sp_err *reterr)
{
        int fd, r;

        c->launch = SP_LAUNCH(c->launch.role, c->launch.user, c->launch.units_dir);
        r = sp_launch_start(&c->launch, &fd, reterr);
        if (r < 0)
                return r;
        sp_ipc_init(&c->ipc, fd);
        c->has_channel = true;
        c->state = SP_CHILD_STARTING;
        c->started_us = c->pinged_us = sp_clock_us(); /* its hello is due */
        r = watch(c);
        if (r == 0)
                return 0;
        drop_source(&c->process);
        sp_launch_end(&c->launch);
        close_channel(c);
        return sp_err_set(reterr, r, "spawn.watch", c->launch.role, "%s", strerror(-r));
}

int sp_child_start(struct sp_child *c, sd_event *event, struct sp_err *reterr)
{
        c->event = event;
        return launch(c, reterr);
}

static int on_stop_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        (void)s, (void)usec;
        sp_child_kill(userdata, "it does not stop");
        return 0;
}

static int on_drain_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct sp_child *c = userdata;

        (void)s, (void)usec;
        sp_log(SP_LOG_INFO, "%s %u has exchanges under way that are cut",
               c->launch.role, c->index);
        sp_child_stop(c);
        return 0;
}

void sp_child_drain(struct sp_child *c)
{
        c->is_stopping = true;
        drop_source(&c->restart);
        if (c->state != SP_CHILD_READY ||
            sp_child_send(c, SP_MSG_DRAIN, SP_STR_NULL, -1) < 0 ||
            sd_event_add_time_relative(c->event, &c->restart, CLOCK_MONOTONIC,
                                       SP_DRAIN_US, 0, on_drain_time, c) < 0)
                sp_child_stop(c);
}

void sp_child_stop(struct sp_child *c)
{
        c->is_stopping = true;
        drop_source(&c->restart);
        close_channel(c);
        if (c->launch.pid > 0)
                (void)sd_event_add_time_relative(c->event, &c->restart, CLOCK_MONOTONIC,
                                                 STOP_US, 0, on_stop_time, c);
}

void sp_child_done(struct sp_child *c)
{
        c->is_stopping = true;
        drop_source(&c->process);
        drop_source(&c->restart);
        sp_launch_end(&c->launch);
        close_channel(c);
}
