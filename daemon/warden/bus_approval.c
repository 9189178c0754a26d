/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/show.h"
#include "daemon/warden/bus_impl.h"

/* ---- paths ---- */

static struct sp_str id_of(const char *path)
{
        struct sp_str p = sp_str_c(path), prefix = SP_STR(SP_DBUS_PATH_APPROVAL "/");

        return sp_str_starts(p, prefix) ? sp_str_sub(p, prefix.n, p.n) : SP_STR_NULL;
}

static void path_of(const struct sp_approval *a, char to[128])
{
        (void)snprintf(to, 128, SP_DBUS_PATH_APPROVAL "/%s", a->id.c);
}

static int find_object(sd_bus *bus, const char *path, const char *iface, void *userdata,
                       void **ret, sd_bus_error *error)
{
        struct sp_bus *b = userdata;

        (void)bus, (void)iface, (void)error;
        if (!sp_approvals_find(b->approvals, id_of(path)))
                return 0;
        *ret = b;
        return 1;
}

static void free_paths(char **paths)
{
        for (size_t i = 0; paths && paths[i]; i++)
                free(paths[i]);
        free(paths);
}

static int list_objects(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
                        sd_bus_error *error)
{
        struct sp_bus *b = userdata;
        char **paths = calloc(SP_APPROVALS_MAX + 1, sizeof(*paths)), path[128];
        size_t n = 0;

        (void)bus, (void)prefix, (void)error;
        if (!paths)
                return -ENOMEM;
        for (const struct sp_approval *a = sp_approvals_next(b->approvals, NULL);
             a && n < SP_APPROVALS_MAX; a = sp_approvals_next(b->approvals, a)) {
                path_of(a, path);
                paths[n] = strdup(path);
                if (!paths[n++]) {
                        free_paths(paths);
                        return -ENOMEM;
                }
        }
        *ret = paths;
        return 0;
}

/* ---- properties ---- */

int sp_bus_append_text(sd_bus_message *reply, struct sp_str s, bool multiline)
{
        sp_autobuf b = SP_BUF_INIT(4 * s.n + 1);
        int r = sp_show(&b, s, multiline);

        if (r == 0)
                r = sp_buf_addc(&b, '\0');
        return r < 0 ? r : sd_bus_message_append(reply, "s", b.p);
}

static int append_lines(sd_bus_message *reply, struct sp_str lines)
{
        int r = sd_bus_message_open_container(reply, 'a', "s");

        while (r >= 0 && lines.n) {
                struct sp_str line;

                (void)sp_str_cut(lines, '\n', &line, &lines);
                r = sp_bus_append_text(reply, line, false);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_person(sd_bus_message *reply, const struct sp_msg_approval *ask)
{
        sp_autobuf b = SP_BUF_INIT(ask->sub.n + ask->iss.n + 8);
        int r = 0;

        if (ask->sub.n)
                r = sp_buf_addf(&b, "%.*s at %.*s", SP_FMT(ask->sub), SP_FMT(ask->iss));
        return r < 0 ? r : sp_bus_append_text(reply, sp_buf_str(&b), false);
}

/* The first part of the text, cut between characters. */
static struct sp_str sql_part(struct sp_str sql, uint64_t part)
{
        size_t from = 0, n;

        for (;; part--) {
                n = SP_MIN(sql.n - from, (size_t)SP_BUS_SQL_PART);
                while (from + n < sql.n && n &&
                       ((unsigned char)sql.p[from + n] & 0xC0) == 0x80)
                        n--;
                if (part == 0 || n == 0)
                        return sp_str_sub(sql, from, n);
                from += n;
        }
}

static const struct sp_approval *approval_at(struct sp_bus *b, const char *path)
{
        return sp_approvals_find(b->approvals, id_of(path));
}

static int get_text(sd_bus *bus, const char *path, const char *iface,
                    const char *property, sd_bus_message *reply, void *userdata,
                    sd_bus_error *error)
{
        const struct sp_approval *a = approval_at(userdata, path);
        struct sp_str s = SP_STR_NULL;

        (void)bus, (void)iface, (void)error;
        if (!a)
                return -ENOENT;
        const struct {
                const char *name;
                struct sp_str value;
        } texts[] = {
                { "Id", sp_str_c(a->id.c) },
                { "State", sp_str_c(sp_approval_state_name(a->state)) },
                { "Job", a->ask.job },
                { "Session", a->ask.session },
                { "Workload", a->ask.workload },
                { "Comm", a->ask.comm },
                { "Action", a->ask.action },
                { "Rule", a->ask.rule },
                { "Reason", a->ask.reason },
                { "RequestHash", a->ask.request_hash },
                { "PolicyVersion", a->ask.policy_version },
                { "Approver", a->approver },
                { "DecisionReason", a->reason },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(texts); i++)
                if (strcmp(texts[i].name, property) == 0)
                        s = texts[i].value;
        return sp_bus_append_text(reply, s, false);
}

static int get_other(sd_bus *bus, const char *path, const char *iface,
                     const char *property, sd_bus_message *reply, void *userdata,
                     sd_bus_error *error)
{
        const struct sp_approval *a = approval_at(userdata, path);
        struct sp_str part;

        (void)bus, (void)iface, (void)error;
        if (!a)
                return -ENOENT;
        part = sql_part(a->ask.sql, 0);
        if (strcmp(property, "Person") == 0)
                return append_person(reply, &a->ask);
        if (strcmp(property, "Uid") == 0)
                return sd_bus_message_append(reply, "u", a->ask.uid);
        if (strcmp(property, "Pid") == 0)
                return sd_bus_message_append(reply, "u", a->ask.pid);
        if (strcmp(property, "Resources") == 0)
                return append_lines(reply, a->ask.resources);
        if (strcmp(property, "Masked") == 0)
                return append_lines(reply, a->ask.masked);
        if (strcmp(property, "EstimatedBytes") == 0)
                return sd_bus_message_append(
                        reply, "t",
                        a->ask.has_estimate ? a->ask.estimated_bytes : UINT64_MAX);
        if (strcmp(property, "Created") == 0)
                return sd_bus_message_append(reply, "t", a->created_wall_us);
        if (strcmp(property, "Expires") == 0)
                return sd_bus_message_append(reply, "t", a->expires_wall_us);
        if (strcmp(property, "Sql") == 0)
                return sp_bus_append_text(reply, part, true);
        if (strcmp(property, "SqlTruncated") == 0)
                return sd_bus_message_append(reply, "b", part.n < a->ask.sql.n);
        return -EINVAL;
}

/* ---- methods ---- */

static void on_decided(void *userdata, const struct sp_approval *a,
                       const struct sp_err *e)
{
        struct sp_bus_call *c = userdata;
        struct sp_bus *b = c->b;

        (void)a;
        if (e)
                sp_call_reply_error(c, e);
        else
                sp_call_reply(c, NULL, NULL);
        if (b->hooks.decided)
                b->hooks.decided(b->hooks.userdata);
}

static int decide(struct sp_bus_call *c)
{
        const char *reason;
        struct sp_err e = SP_ERR_NULL;
        char who[128];
        int r = sd_bus_message_rewind(c->m, true);

        if (r >= 0)
                r = sd_bus_message_read(c->m, "s", &reason);
        if (r < 0) {
                (void)sp_err_set(&e, r, "bus.failed", "", "%s", strerror(-r));
                sp_call_reply_error(c, &e);
                return 0;
        }
        sp_bus_user_name(c->uid, who, sizeof(who));
        /* A guarded caller did not get here: bus_call.c. */
        const struct sp_approvals_decision d = {
                .id = id_of(sd_bus_message_get_path(c->m)),
                .approve = !c->is_denying,
                .reason = sp_str_c(reason),
                .who = sp_str_c(who),
                .uid = c->uid,
        };
        r = sp_approvals_decide(c->b->approvals, &d, on_decided, c, &e);
        if (r < 0)
                sp_call_reply_error(c, &e);
        return 0;
}

static int run_approve(struct sp_bus_call *c)
{
        c->is_denying = false;
        return decide(c);
}

static int run_deny(struct sp_bus_call *c)
{
        c->is_denying = true;
        return decide(c);
}

static int start(sd_bus_message *m, struct sp_bus *b, sp_call_fn run)
{
        const struct sp_approval *a = approval_at(b, sd_bus_message_get_path(m));

        if (!a)
                return -ENOENT;
        return sp_call_start(b, m, SP_POLKIT_ACTION_APPROVE, a->ask.workload, run);
}

static int on_approve(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return start(m, userdata, run_approve);
}

static int on_deny(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return start(m, userdata, run_deny);
}

static int on_sql_part(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const struct sp_approval *a = approval_at(userdata, sd_bus_message_get_path(m));
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        uint32_t part;
        int r = sd_bus_message_read(m, "u", &part);

        (void)error;
        if (r >= 0 && !a)
                r = -ENOENT;
        if (r >= 0)
                r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sp_bus_append_text(reply, sql_part(a->ask.sql, part), true);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

#define CONSTANT SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("State", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("Job", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Session", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Workload", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Person", "s", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("Uid", "u", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("Pid", "u", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("Comm", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Action", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Resources", "as", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("Rule", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Reason", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Sql", "s", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("SqlTruncated", "b", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("Masked", "as", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("EstimatedBytes", "t", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("RequestHash", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("PolicyVersion", "s", get_text, 0, CONSTANT),
        SD_BUS_PROPERTY("Created", "t", get_other, 0, CONSTANT),
        SD_BUS_PROPERTY("Expires", "t", get_other, 0, CHANGES),
        SD_BUS_PROPERTY("Approver", "s", get_text, 0, CHANGES),
        SD_BUS_PROPERTY("DecisionReason", "s", get_text, 0, CHANGES),
        SD_BUS_METHOD_WITH_ARGS("Approve", SD_BUS_ARGS("s", reason), SD_BUS_NO_RESULT,
                                on_approve, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Deny", SD_BUS_ARGS("s", reason), SD_BUS_NO_RESULT,
                                on_deny, SD_BUS_VTABLE_UNPRIVILEGED),
        /* The SQL in parts of 64 KiB; an empty one is behind the last. */
        SD_BUS_METHOD_WITH_ARGS("SqlPart", SD_BUS_ARGS("u", part),
                                SD_BUS_RESULT("s", text), on_sql_part,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int sp_bus_add_approvals(struct sp_bus *b)
{
        int r = sd_bus_add_fallback_vtable(b->bus, NULL, SP_DBUS_PATH_APPROVAL,
                                           SP_DBUS_IFACE_APPROVAL, vtable, find_object,
                                           b);

        if (r >= 0)
                r = sd_bus_add_node_enumerator(b->bus, NULL, SP_DBUS_PATH_APPROVAL,
                                               list_objects, b);
        return r;
}

void sp_bus_approval_changed(struct sp_bus *b, const struct sp_approval *a,
                             enum sp_approval_change change)
{
        char path[128];

        if (!b || !b->bus)
                return;
        path_of(a, path);
        switch (change) {
        case SP_APPROVAL_CHANGE_NEW:
                (void)sd_bus_emit_object_added(b->bus, path);
                break;
        case SP_APPROVAL_CHANGE_STATE:
                (void)sd_bus_emit_properties_changed(
                        b->bus, path, SP_DBUS_IFACE_APPROVAL, "State", "Expires",
                        "Approver", "DecisionReason", NULL);
                break;
        case SP_APPROVAL_CHANGE_GONE:
                (void)sd_bus_emit_object_removed(b->bus, path);
                break;
        }
}
