/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opcode: a request with the header `x-takeover: NAME` runs an attempt inside the worker that
 * reads it, in place of the way of a request. The objects of the daemon are the product's own: the
 * linker puts this function in front of sp_flow_start (--wrap), in this test's program only. In the
 * verifier it is an ID token "takeover NAME WARDEN RECORDER OTHER DIR", which is passed on unread.
 */
#include "tests/takeover/backdoor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/verifier/issuers.h"
#include "daemon/worker/exchange.h"
#include "daemon/worker/flow.h"
#include "daemon/worker/worker.h"

void __real_sp_flow_start(struct sp_worker *w, struct sp_exchange *x);
void __wrap_sp_flow_start(struct sp_worker *w, struct sp_exchange *x);

/* Several answers, one outcome: the first that is an error, else the last. */
struct said {
        struct sp_exchange *x;
        struct sp_link *link;
        const struct takeover_message *m;
        unsigned left;
        bool is_done;
};

static void answer(struct sp_exchange *x, const char *outcome)
{
        char json[256];

        (void)snprintf(json, sizeof(json), "{\"pid\":%d,\"outcome\":\"%s\"}\n",
                       (int)getpid(), outcome);
        sp_exchange_answer(x, 200, sp_str_c(json));
}

static void on_said(void *userdata, int err, const struct sp_err *e,
                    struct sp_str payload)
{
        struct said *s = userdata;

        (void)payload;
        s->left--;
        if (!s->is_done && (err < 0 || !s->left)) {
                s->is_done = true;
                answer(s->x, err == 0                          ? "through"
                             : strcmp(e->id, "worker.refused") ? e->id
                                                               : e->where);
        }
        if (!s->left)
                free(s);
}

static int ask(struct said *s, uint16_t type, void (*write)(struct sp_buf *to),
               int socket, sp_answer_fn fn)
{
        sp_autobuf payload = SP_BUF_INIT(1 << 20);

        if (write)
                write(&payload);
        return sp_link_ask_about(s->link, type, sp_buf_str(&payload), socket, fn, s);
}

static void say(struct said *s)
{
        unsigned times = s->left, sent = 0;
        int r = 0;

        while (r == 0 && sent < times) {
                sp_autoclose int fd = s->m->socket ? s->m->socket() : -1;

                r = s->m->socket && fd < 0
                            ? -EBADF
                            : ask(s, s->m->type, s->m->write, fd, on_said);
                sent += r == 0;
        }
        s->left -= times - sent;
        if (!sent) {
                answer(s->x, strerrorname_np(-r));
                free(s);
        }
}

static void on_asked(void *userdata, int err, const struct sp_err *e,
                     struct sp_str payload)
{
        struct said *s = userdata;
        struct sp_wire_in in = SP_WIRE_IN(payload);

        if (err < 0) {
                answer(s->x, e->id);
                free(s);
                return;
        }
        takeover_remember(sp_wire_str(&in));
        say(s);
}

static void start(struct sp_worker *w, struct sp_exchange *x,
                  const struct takeover_message *m)
{
        struct sp_link *l = m->is_to_recorder ? &w->recorder : &w->warden;
        struct said *s;
        int r;

        takeover_socket = sp_exchange_socket(x);
        (void)snprintf(takeover_id_token, sizeof(takeover_id_token), "%.*s",
                       SP_FMT(sp_request_header(&x->request, "x-id-token")));
        if (m->raw) { /* its end ends the channel, and the connection */
                r = m->raw(l->ipc.fd);
                if (r)
                        answer(x, strerrorname_np(r));
                return;
        }
        s = calloc(1, sizeof(*s));
        if (!s)
                abort();
        *s = (struct said){ x, l, m, m->times ? m->times : 1, false };
        if (!m->ask_first)
                say(s);
        else if (ask(s, SP_MSG_APPROVAL_ASK, takeover_ask, takeover_socket, on_asked) <
                 0)
                abort();
}

static pid_t pid_of(const struct sp_exchange *x, const char *name)
{
        uint64_t n = 0;

        return sp_str_u64(sp_request_header(&x->request, name), &n) < 0 ? 0 : (pid_t)n;
}

void __real_sp_issuers_verify(struct sp_issuers *i, struct sp_arena *a,
                              struct sp_str token, sp_verified_fn fn, void *userdata);
void __wrap_sp_issuers_verify(struct sp_issuers *i, struct sp_arena *a,
                              struct sp_str token, sp_verified_fn fn, void *userdata);

void __wrap_sp_issuers_verify(struct sp_issuers *i, struct sp_arena *a,
                              struct sp_str token, sp_verified_fn fn, void *userdata)
{
        struct takeover_target t = { .google = "203.0.113.10", .port = 8080 };
        char text[512], name[64];
        const char *outcome = "no such attempt";
        struct sp_err e;

        (void)snprintf(text, sizeof(text), "%.*s", SP_FMT(token));
        if (sscanf(text, "takeover %63s %d %d %d %199s", name, &t.warden, &t.recorder,
                   &t.other, t.dir) != 5) {
                __real_sp_issuers_verify(i, a, token, fn, userdata);
                return;
        }
        for (size_t k = 0; takeover_system(k); k++) {
                if (strcmp(takeover_system(k)->id, name) == 0) {
                        int r;

                        errno = 0;
                        r = takeover_system(k)->act(&t);
                        outcome = r == 0 ? "through" : strerrorname_np(r);
                }
        }
        (void)sp_err_set(&e, -EACCES, "identity.malformed", "", "takeover: %s",
                         outcome);
        fn(userdata, NULL, &e);
}

static void act(struct sp_exchange *x, const struct takeover_attempt *a)
{
        struct takeover_target t = { .warden = pid_of(x, "x-warden"),
                                     .recorder = pid_of(x, "x-recorder"),
                                     .other = pid_of(x, "x-other"),
                                     .google = "203.0.113.10",
                                     .port = 8080 };
        struct sp_str dir = sp_request_header(&x->request, "x-dir");
        int r;

        (void)snprintf(t.dir, sizeof(t.dir), "%.*s", SP_FMT(dir));
        errno = 0;
        r = a->act(&t);
        answer(x, r == 0 ? "through" : strerrorname_np(r));
}

void __wrap_sp_flow_start(struct sp_worker *w, struct sp_exchange *x)
{
        struct sp_str name = sp_request_header(&x->request, "x-takeover");

        if (!name.n) {
                __real_sp_flow_start(w, x);
                return;
        }
        for (size_t i = 0; takeover_system(i); i++) {
                if (sp_str_eq(name, sp_str_c(takeover_system(i)->id))) {
                        act(x, takeover_system(i));
                        return;
                }
        }
        for (size_t i = 0; i < n_takeover_messages; i++) {
                if (sp_str_eq(name, sp_str_c(takeover_messages[i].id))) {
                        start(w, x, &takeover_messages[i]);
                        return;
                }
        }
        answer(x, sp_str_eq(name, SP_STR("who")) ? "through" : "no such attempt");
}
