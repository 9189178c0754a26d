/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "daemon/base/log.h"
#include "daemon/warden/bus_impl.h"

#define CREDENTIALS_TIMEOUT_US (10 * SP_USEC_PER_SEC)
#define POLKIT_TIMEOUT_US                                                              \
        (120 * SP_USEC_PER_SEC) /* it may ask a person for a password */
#define POLKIT_INTERACTIVE 1u /* CheckAuthorizationFlags.AllowUserInteraction */

static void call_free(struct sp_bus_call *c)
{
        *c->previous = c->next;
        if (c->next)
                c->next->previous = c->previous;
        c->b->n_calls--;
        sd_bus_slot_unref(c->slot);
        sd_bus_message_unref(c->m);
        free(c);
}

int sp_bus_answer_error(sd_bus_message *m, const struct sp_err *e)
{
        const char *id = e->id ?: "bus.failed";
        char name[160];
        size_t n = (size_t)snprintf(name, sizeof(name), SP_DBUS_ERROR_PREFIX "%s", id);

        for (size_t i = 0; i < SP_MIN(n, sizeof(name) - 1); i++)
                if (name[i] == '-')
                        name[i] = '_';
        if (!e->what[0])
                return sd_bus_reply_method_errorf(m, name, "%s: %s", id,
                                                  strerror(-e->code));
        return sd_bus_reply_method_errorf(m, name, "%s: %s%s%s", id, e->where,
                                          e->where[0] ? ": " : "", e->what);
}

static void warn(int r)
{
        if (r < 0 && r != -ENOTCONN && r != -ECONNRESET)
                sp_log(SP_LOG_WARNING, "cannot answer on the bus: %s", strerror(-r));
}

void sp_call_reply_error(struct sp_bus_call *c, const struct sp_err *e)
{
        warn(sp_bus_answer_error(c->m, e));
        call_free(c);
}

void sp_call_reply(struct sp_bus_call *c, const char *types, const char *text)
{
        warn(types ? sd_bus_reply_method_return(c->m, types, text)
                   : sd_bus_reply_method_return(c->m, ""));
        call_free(c);
}

static void reply_secret(struct sp_bus_call *c, const char *text)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(c->m, &reply);

        if (r >= 0)
                r = sd_bus_message_sensitive(reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", text);
        warn(r < 0 ? r : sd_bus_send(NULL, reply, NULL));
        call_free(c);
}

void sp_bus_reply(struct sp_bus_call *c, struct sp_str text, const struct sp_err *e)
{
        char *copy;
        struct sp_err err;

        if (c->local) {
                c->local(c->local_userdata, text, e);
                free(c);
                return;
        }
        if (e) {
                sp_call_reply_error(c, e);
                return;
        }
        copy = sp_str_is_utf8(text) ? sp_str_dup(text) : NULL;
        if (copy) {
                if (c->is_secret)
                        reply_secret(c, copy);
                else
                        sp_call_reply(c, "s", copy);
                explicit_bzero(copy, text.n);
                free(copy);
                return;
        }
        (void)sp_err_set(&err, -EINVAL, "bus.failed", "", "the answer cannot be shown");
        sp_call_reply_error(c, &err);
}

struct sp_bus_call *sp_bus_call_local(sp_bus_text_fn fn, void *userdata)
{
        struct sp_bus_call *c = calloc(1, sizeof(*c));

        if (c) {
                c->local = fn;
                c->local_userdata = userdata;
        }
        return c;
}

void sp_bus_user_name(uid_t uid, char *to, size_t size)
{
        char text[1024], name[64];
        struct passwd entry, *found;
        FILE *f = fopen("/etc/passwd", "re");

        (void)snprintf(to, size, "uid %u", uid);
        if (!f)
                return;
        while (fgetpwent_r(f, &entry, text, sizeof(text), &found) == 0) {
                if (found->pw_uid != uid)
                        continue;
                sp_err_escape(name, sizeof(name), sp_str_c(found->pw_name));
                (void)snprintf(to, size, "%s (uid %u)", name, uid);
                break;
        }
        (void)fclose(f);
}

/* ---- who may call ---- */

static void denied(struct sp_bus_call *c, const char *why)
{
        struct sp_err e;

        (void)sp_err_set(&e, -EACCES, "bus.denied", "", "%s", why);
        sp_log(SP_LOG_WARNING, "uid %u, pid %d: %s refused: %s", c->uid, c->pid,
               sd_bus_message_get_member(c->m), why);
        sp_call_reply_error(c, &e);
}

static int on_polkit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct sp_bus_call *c = userdata;
        int authorised = 0, challenge;

        (void)error;
        c->slot = sd_bus_slot_unref(c->slot);
        if (sd_bus_message_is_method_error(m, NULL)) {
                sp_log(SP_LOG_DEBUG, "polkit: %s",
                       sd_bus_message_get_error(m)->message);
                denied(c,
                       "only root may do this: polkit is not there or did not answer");
        } else if (sd_bus_message_enter_container(m, 'r', "bba{ss}") < 0 ||
                   sd_bus_message_read(m, "bb", &authorised, &challenge) < 0)
                denied(c, "polkit's answer was not understood");
        else if (!authorised)
                denied(c, "polkit does not authorise you to do this");
        else
                (void)c->run(c);
        return 0;
}

static int append_details(sd_bus_message *m, const struct sp_bus_call *c)
{
        int r = sd_bus_message_open_container(m, 'a', "{ss}");

        if (r >= 0 && c->subject[0])
                r = sd_bus_message_append(m, "{ss}", "workload", c->subject);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static void ask_polkit(struct sp_bus_call *c)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *q = NULL;
        unsigned flags = sd_bus_message_get_allow_interactive_authorization(c->m) > 0
                                 ? POLKIT_INTERACTIVE
                                 : 0;
        int r = sd_bus_message_new_method_call(
                c->b->bus, &q, "org.freedesktop.PolicyKit1",
                "/org/freedesktop/PolicyKit1/Authority",
                "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");

        if (r >= 0)
                r = sd_bus_message_append(q, "(sa{sv})s", "system-bus-name", 1, "name",
                                          "s", sd_bus_message_get_sender(c->m),
                                          c->action);
        if (r >= 0)
                r = append_details(q, c);
        if (r >= 0)
                r = sd_bus_message_append(q, "us", flags, "");
        if (r >= 0)
                r = sd_bus_call_async(c->b->bus, &c->slot, q, on_polkit, c,
                                      POLKIT_TIMEOUT_US);
        if (r < 0)
                denied(c, "polkit cannot be asked");
}

/* Whoever cannot be placed is treated as guarded. */
static bool is_guarded(struct sp_bus_call *c)
{
        int fd = c->pid > 0 ? (int)syscall(SYS_pidfd_open, c->pid, 0) : -1;
        int r = fd < 0 ? -errno
                       : c->b->hooks.guard_of_pid(c->b->hooks.userdata, c->pid);

        /* The process the bus told us about is still the one that was looked up. */
        if (r == 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) < 0)
                r = -errno;
        sp_closep(&fd);
        return r != 0;
}

static int read_credentials(sd_bus_message *m, struct sp_bus_call *c)
{
        bool has_uid = false, has_pid = false;
        const char *key;
        uint32_t v;
        int r = sd_bus_message_enter_container(m, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r < 0)
                        break;
                if (strcmp(key, "UnixUserID") == 0 || strcmp(key, "ProcessID") == 0) {
                        r = sd_bus_message_read(m, "v", "u", &v);
                        if (r >= 0 && key[0] == 'U')
                                c->uid = v, has_uid = true;
                        else if (r >= 0)
                                c->pid = (pid_t)v, has_pid = true;
                } else {
                        r = sd_bus_message_skip(m, "v");
                }
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : has_uid && has_pid ? 0 : -ENODATA;
}

static int on_credentials(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct sp_bus_call *c = userdata;

        (void)error;
        c->slot = sd_bus_slot_unref(c->slot);
        if (sd_bus_message_is_method_error(m, NULL) || read_credentials(m, c) < 0)
                denied(c, "the bus does not tell who you are");
        else if (is_guarded(c))
                denied(c, "you are in a guarded cgroup");
        else if (c->uid == 0)
                (void)c->run(c);
        else
                ask_polkit(c);
        return 0;
}

static int call_new(struct sp_bus *b, sd_bus_message *m, struct sp_bus_call **ret)
{
        struct sp_bus_call *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        c->b = b;
        c->m = sd_bus_message_ref(m);
        c->next = b->calls;
        c->previous = &b->calls;
        if (b->calls)
                b->calls->previous = &c->next;
        b->calls = c;
        b->n_calls++;
        *ret = c;
        return 0;
}

int sp_call_start(struct sp_bus *b, sd_bus_message *m, const char *action,
                  struct sp_str subject, sp_call_fn run)
{
        struct sp_bus_call *c;
        int r;

        if (b->n_calls >= SP_BUS_CALLS_MAX)
                return sd_bus_reply_method_errorf(
                        m, SD_BUS_ERROR_LIMITS_EXCEEDED,
                        "bus.busy: too many calls wait already");
        r = call_new(b, m, &c);
        if (r < 0)
                return r;
        c->action = action;
        c->run = run;
        sp_err_escape(c->subject, sizeof(c->subject), subject);
        if (!action) {
                (void)run(c);
                return 1;
        }
        r = sd_bus_call_method_async(b->bus, &c->slot, "org.freedesktop.DBus",
                                     "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "GetConnectionCredentials", on_credentials, c, "s",
                                     sd_bus_message_get_sender(m));
        if (r < 0)
                call_free(c);
        return r < 0 ? r : 1;
}
