/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/bus_impl — what bus.c, bus_call.c and bus_approval.c share.
 *
 * Ownership: a call is made by sp_call_start and ends by exactly one of the
 * sp_call_…reply functions, which free it. It may outlive the connection, never the
 * sp_bus.
 */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "daemon/warden/bus.h"
#include "include/sallyport/dbus.h"

/* waiting for credentials, polkit, the recorder, workers */
#define SP_BUS_CALLS_MAX 64
#define SP_BUS_SQL_PART (64u * 1024)

struct sp_bus {
        sd_event *event;
        sd_bus *bus; /* NULL between a lost connection and the next */
        sd_event_source *reconnect;
        struct sp_approvals *approvals;
        struct sp_bus_hooks hooks;
        struct sp_bus_call *calls;
        size_t n_calls;
};

typedef int (*sp_call_fn)(struct sp_bus_call *c);
struct sp_bus_call {
        struct sp_bus_call *next, **previous;
        struct sp_bus *b;
        sd_bus_message *m;
        sd_bus_slot *slot; /* of the question under way; NULL: none */
        const char *action; /* polkit's; NULL: everybody whom the bus lets through */
        char subject[256]; /* for polkit rules: the workload concerned; may be empty */
        sp_call_fn run; /* once it is authorised */
        pid_t pid;
        uid_t uid;
        bool is_denying; /* of the approval methods */
        bool is_secret; /* the answer: wiped when it was sent */
        sp_bus_text_fn local; /* not from the bus: no b, no m, in no list */
        void *local_userdata;
};

/* A method handler's whole work: finds out who calls, and `run`s if they may. Without
 * `action` nobody is asked and it runs at once. */
int sp_call_start(struct sp_bus *b, sd_bus_message *m, const char *action,
                  struct sp_str subject, sp_call_fn run);
void sp_call_reply(struct sp_bus_call *c, const char *types, const char *text);
void sp_call_reply_error(struct sp_bus_call *c, const struct sp_err *e);
/* The same without a call, from inside a handler. */
int sp_bus_answer_error(sd_bus_message *m, const struct sp_err *e);
/* "alice (uid 1000)", from /etc/passwd only: NSS might ask the network. */
void sp_bus_user_name(uid_t uid, char *to, size_t size);

int sp_bus_add_approvals(struct sp_bus *b);
int sp_bus_add_masks(struct sp_bus *b);
/* Appends a property value: escaped for people. */
int sp_bus_append_text(sd_bus_message *reply, struct sp_str s, bool multiline);
