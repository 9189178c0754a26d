/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/supervise — one child role: started, watched, restarted.
 *
 * Job:       keep one process of a role running; carry its messages; notice when it
 *            hangs (a PING without an answer for SP_PING_LATE_US) and kill it.
 * Ownership: the caller owns the struct (its address must not move); supervise owns
 *            process, channel and timers. Payloads borrow from the channel until the
 *            next message.
 * Errors:    every question is answered exactly once, with -EPIPE "supervise.lost" when
 *            the child dies first. Restart:   at once, then after 100 ms, 200 ms … 5 s,
 *            until it has lived for 10 s.
 */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/roles/messages.h"
#include "daemon/warden/launch.h"

#define SP_PING_EVERY_US SP_USEC_PER_SEC
#define SP_PING_LATE_US (5 * SP_USEC_PER_SEC)
#define SP_PING_FIRST_US (30 * SP_USEC_PER_SEC) /* opening a store takes its time */
#define SP_DRAIN_US (8 * SP_USEC_PER_SEC) /* for what is under way; then it is cut */
#define SP_RESTART_MAX_US (5 * SP_USEC_PER_SEC)

struct sp_child;
struct sp_child_hooks {
        void *userdata;
        /* The process is there, known and listening: send it what it starts with. */
        int (*on_start)(void *userdata, struct sp_child *c);
        void (*on_ready)(void *userdata,
                         struct sp_child *c); /* its first PING came back */
        /* A question of the child's. Returning < 0 kills it: it speaks out of turn. May
         * SP_TAKE_FD(m->fd). */
        int (*on_message)(void *userdata, struct sp_child *c, struct sp_ipc_msg *m);
        void (*on_down)(void *userdata,
                        struct sp_child *c); /* questions are answered */
};

typedef void (*sp_child_answer_fn)(void *userdata, struct sp_child *c,
                                   struct sp_str payload, const struct sp_err *e);

enum sp_child_state { SP_CHILD_DOWN, SP_CHILD_STARTING, SP_CHILD_READY };

struct sp_child_question;
struct sp_child {
        struct sp_launch launch; /* its first members */
        unsigned index;
        enum sp_log_level log_level;
        const struct sp_child_hooks *hooks;
        void *owner; /* the hooks' own, per child */

        sd_event *event;
        sd_event_source *process, *channel, *ping, *restart;
        struct sp_ipc ipc;
        struct sp_child_question *questions;
        enum sp_child_state state;
        bool has_channel; /* from the start; ipc is there */
        bool is_open; /* from its hello */
        bool is_stopping;
        unsigned failures; /* in a row */
        uint64_t restarts, started_us,
                pinged_us; /* pinged_us: 0, or since when an answer is due */
        uint64_t next_id;
};

/* `c` filled up to `owner`, the rest zero. The process comes later: see on_start. */
sp_must_check int sp_child_start(struct sp_child *c, sd_event *event,
                                 struct sp_err *reterr);
/* Asks a worker to end when its last exchange has; stops it when that takes longer than
 * SP_DRAIN_US. It goes on being answered meanwhile. */
void sp_child_drain(struct sp_child *c);
/* Closes the channel, which ends the child; kills it when it has not gone by itself
 * after three seconds. on_down is called when it is gone, and it is not started again.
 */
void sp_child_stop(struct sp_child *c);
void sp_child_kill(struct sp_child *c, const char *why);
void sp_child_done(struct sp_child *c); /* frees; kills and reaps what still runs */

sp_must_check int sp_child_send(struct sp_child *c, uint16_t type,
                                struct sp_str payload, int fd);
/* fn is called later, also when the child dies; not when this returns < 0. */
sp_must_check int sp_child_ask(struct sp_child *c, uint16_t type, struct sp_str payload,
                               sp_child_answer_fn fn, void *userdata);
void sp_child_answer(struct sp_child *c, uint64_t id, const struct sp_buf *payload);
void sp_child_refuse(struct sp_child *c, uint64_t id, const struct sp_err *e);
