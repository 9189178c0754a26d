/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/links — a role's end of its channels to others, on a libuv loop.
 *
 * Job:       ask a question and be called back with its answer; hand pushed messages on.
 * Ownership: the link owns its socket. Answers and pushes borrow from the channel's
 *            buffer: copy what must last.
 * Errors:    every question is answered exactly once: with what came back, or with -EPIPE
 *            ("worker.link-lost") when the other role is gone. sp_link_ask itself fails only
 *            before anything was sent, and then does not call back.
 */
#pragma once

#include <uv.h>

#include "daemon/roles/messages.h"

/* err 0: `payload` is the answer's. err < 0: `e` says why (never NULL then). */
typedef void (*sp_answer_fn)(void *userdata, int err, const struct sp_err *e,
                             struct sp_str payload);

struct sp_link_question;
struct sp_link {
        struct sp_ipc ipc;
        uv_poll_t *poll; /* on the heap: libuv frees it a turn after closing */
        uv_loop_t *loop;
        bool is_open;
        int events; /* that `poll` watches */
        uint64_t next_id;
        struct sp_link_question *questions;
        void (*on_push)(void *userdata,
                        struct sp_ipc_msg *m); /* may SP_TAKE_FD(m->fd) */
        void (*on_lost)(void *userdata);
        void *userdata;
};

/* Takes fd. A link that was open before is closed first (its questions fail). */
sp_must_check int sp_link_open(struct sp_link *l, uv_loop_t *loop, int fd);
void sp_link_close(struct sp_link *l);
sp_must_check int sp_link_ask(struct sp_link *l, uint16_t type, struct sp_str payload,
                              sp_answer_fn fn, void *userdata);
/* The same with a descriptor along, which stays the caller's. */
sp_must_check int sp_link_ask_about(struct sp_link *l, uint16_t type,
                                    struct sp_str payload, int fd, sp_answer_fn fn,
                                    void *userdata);
/* The answer to something the other side asked (SP_MSG_PING, SP_MSG_METRICS_GET). */
void sp_link_answer(struct sp_link *l, uint64_t id, struct sp_str payload);
void sp_link_refuse(struct sp_link *l, uint64_t id, const struct sp_err *e);
