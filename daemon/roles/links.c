/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles/links.h"

#include <errno.h>
#include <stdlib.h>

#include <uthash.h>

struct sp_link_question {
        uint64_t id;
        sp_answer_fn fn;
        void *userdata;
        UT_hash_handle hh;
};

static void watch(struct sp_link *l);

static void fail_all(struct sp_link *l)
{
        struct sp_link_question *q, *tmp;
        struct sp_err e;

        (void)sp_err_set(&e, -EPIPE, "worker.link-lost", "",
                         "a part of the daemon is restarting; try again");
        HASH_ITER(hh, l->questions, q, tmp)
        {
                HASH_DEL(l->questions, q);
                q->fn(q->userdata, -EPIPE, &e, SP_STR_NULL);
                free(q);
        }
}

static void on_closed(uv_handle_t *h)
{
        free(h);
}

void sp_link_close(struct sp_link *l)
{
        if (!l->is_open)
                return;
        l->is_open = false;
        (void)uv_poll_stop(l->poll);
        uv_close((uv_handle_t *)l->poll, on_closed);
        l->poll = NULL;
        sp_ipc_done(&l->ipc);
        fail_all(l);
}

static void lost(struct sp_link *l)
{
        if (!l->is_open)
                return;
        sp_link_close(l);
        if (l->on_lost)
                l->on_lost(l->userdata);
}

static void answered(struct sp_link *l, const struct sp_ipc_msg *m)
{
        struct sp_link_question *q;
        struct sp_msg_error me;
        struct sp_err e;

        HASH_FIND(hh, l->questions, &m->id, sizeof(m->id), q);
        if (!q)
                return;
        HASH_DEL(l->questions, q);
        if (m->type == SP_MSG_ANSWER_OK) {
                q->fn(q->userdata, 0, NULL, m->payload);
        } else {
                /* ids are literals in our own binary; what came over the wire only names one */
                if (sp_msg_read_error(m->payload, &me) < 0 || me.code == 0 ||
                    me.code > 4095)
                        me = (struct sp_msg_error){ EBADMSG,
                                                    SP_STR("worker.bad-answer"),
                                                    SP_STR("unreadable answer") };
                (void)sp_err_set(&e, -(int)me.code, "worker.refused", "", "%.*s",
                                 SP_FMT(me.what));
                (void)snprintf(e.where, sizeof(e.where), "%.*s", SP_FMT(me.id));
                q->fn(q->userdata, e.code, &e, SP_STR_NULL);
        }
        free(q);
}

static void receive(struct sp_link *l)
{
        struct sp_ipc_msg m;

        while (l->is_open) {
                int r = sp_ipc_recv(&l->ipc, &m);

                if (r == 0)
                        return;
                if (r < 0) {
                        lost(l);
                        return;
                }
                if (m.type == SP_MSG_ANSWER_OK || m.type == SP_MSG_ANSWER_ERROR)
                        answered(l, &m);
                else if (l->on_push)
                        l->on_push(l->userdata, &m);
                sp_closep(&m.fd);
        }
}

static void on_poll(uv_poll_t *p, int status, int events)
{
        struct sp_link *l = p->data;

        if (status < 0) {
                lost(l);
                return;
        }
        if ((events & UV_WRITABLE) && sp_ipc_flush(&l->ipc) < 0) {
                lost(l);
                return;
        }
        if (events & (UV_READABLE | UV_DISCONNECT))
                receive(l);
        if (l->is_open)
                watch(l);
}

static void watch(struct sp_link *l)
{
        int events = UV_READABLE | (sp_ipc_wants_write(&l->ipc) ? UV_WRITABLE : 0);

        if (events == l->events) /* libuv would make two system calls of it */
                return;
        l->events = events;
        (void)uv_poll_start(l->poll, events, on_poll);
}

int sp_link_open(struct sp_link *l, uv_loop_t *loop, int fd)
{
        int r;

        sp_link_close(l);
        l->poll = malloc(sizeof(*l->poll));
        r = l->poll ? uv_poll_init(loop, l->poll, fd) : -ENOMEM;
        if (r < 0) {
                free(SP_TAKE(l->poll));
                (void)close(fd);
                return r;
        }
        l->loop = loop;
        l->events = 0;
        l->poll->data = l;
        sp_ipc_init(&l->ipc, fd);
        l->is_open = true;
        watch(l);
        return 0;
}

int sp_link_ask_about(struct sp_link *l, uint16_t type, struct sp_str payload, int fd,
                      sp_answer_fn fn, void *userdata)
{
        struct sp_link_question *q;
        int r;

        if (!l->is_open)
                return -EPIPE;
        q = malloc(sizeof(*q));
        if (!q)
                return -ENOMEM;
        *q = (struct sp_link_question){ .id = ++l->next_id,
                                        .fn = fn,
                                        .userdata = userdata };
        r = sp_ipc_send(&l->ipc, type, q->id, payload, fd);
        if (r < 0) {
                free(q);
                return r;
        }
        HASH_ADD(hh, l->questions, id, sizeof(q->id), q);
        watch(l);
        return 0;
}

int sp_link_ask(struct sp_link *l, uint16_t type, struct sp_str payload,
                sp_answer_fn fn, void *userdata)
{
        return sp_link_ask_about(l, type, payload, -1, fn, userdata);
}

void sp_link_answer(struct sp_link *l, uint64_t id, struct sp_str payload)
{
        if (l->is_open && sp_ipc_send(&l->ipc, SP_MSG_ANSWER_OK, id, payload, -1) == 0)
                watch(l);
}

void sp_link_refuse(struct sp_link *l, uint64_t id, const struct sp_err *e)
{
        if (l->is_open && sp_msg_answer_error(&l->ipc, id, e) == 0)
                watch(l);
}
