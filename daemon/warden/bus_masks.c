/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemon/warden/bus_impl.h"

/* The arguments of a call, which hold as long as it does. */
static int read_question(struct sp_bus_call *c, bool is_first,
                         struct sp_bus_unmask *ret, char who[128])
{
        const char *approval = "", *session, *column, *token, *reason = "";
        int is_integer, r = sd_bus_message_rewind(c->m, true);

        if (r >= 0)
                r = is_first ? sd_bus_message_read(c->m, "ssbss", &session, &column,
                                                   &is_integer, &token, &reason)
                             : sd_bus_message_read(c->m, "sssbs", &approval, &session,
                                                   &column, &is_integer, &token);
        if (r < 0)
                return r;
        sp_bus_user_name(c->uid, who, 128);
        *ret = (struct sp_bus_unmask){ .approval = sp_str_c(approval),
                                       .session = sp_str_c(session),
                                       .column = sp_str_c(column),
                                       .token = sp_str_c(token),
                                       .reason = sp_str_c(reason),
                                       .is_integer = is_integer,
                                       .uid = c->uid,
                                       .pid = (uint32_t)c->pid,
                                       .who = who };
        return 0;
}

static void finish(struct sp_bus_call *c, int r, const struct sp_buf *text,
                   struct sp_err *e)
{
        if (r < 0 && !e->id)
                (void)sp_err_set(e, r, "bus.failed", "", "%s", strerror(-r));
        sp_bus_reply(c, sp_buf_str(text), r < 0 ? e : NULL);
}

static int run_ask(struct sp_bus_call *c)
{
        sp_autobuf id = SP_BUF_INIT(128);
        struct sp_err e = SP_ERR_NULL;
        struct sp_bus_unmask q;
        char who[128];
        int r = read_question(c, true, &q, who);

        if (r == 0)
                r = c->b->hooks.unmask_ask(c->b->hooks.userdata, &q, &id, &e);
        finish(c, r, &id, &e);
        return 0;
}

static int run_unmask(struct sp_bus_call *c)
{
        sp_autobuf nothing = SP_BUF_INIT(1);
        struct sp_err e = SP_ERR_NULL;
        struct sp_bus_unmask q;
        char who[128];
        int r = read_question(c, false, &q, who);

        c->is_secret = true;
        if (r < 0)
                finish(c, r, &nothing, &e);
        else
                c->b->hooks.unmask(c->b->hooks.userdata, &q, c);
        return 0;
}

static int run_rotate(struct sp_bus_call *c)
{
        sp_autobuf text = SP_BUF_INIT(128);
        struct sp_err e = SP_ERR_NULL;
        char who[128];
        int r;

        sp_bus_user_name(c->uid, who, sizeof(who));
        r = c->b->hooks.rotate_mask_key(c->b->hooks.userdata, who, &text, &e);
        finish(c, r, &text, &e);
        return 0;
}

static int on_ask(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, SP_POLKIT_ACTION_UNMASK, SP_STR_NULL,
                             run_ask);
}

static int on_unmask(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, SP_POLKIT_ACTION_UNMASK, SP_STR_NULL,
                             run_unmask);
}

static int on_rotate(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, SP_POLKIT_ACTION_KEYS, SP_STR_NULL,
                             run_rotate);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        /* An approval of somebody else, and then the value: asked by one uid with the
         * same session, column, type and token. */
        SD_BUS_METHOD_WITH_ARGS("AskUnmask",
                                SD_BUS_ARGS("s", session, "s", column, "b", integer,
                                            "s", token, "s", reason),
                                SD_BUS_RESULT("s", approval), on_ask,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unmask",
                                SD_BUS_ARGS("s", approval, "s", session, "s", column,
                                            "b", integer, "s", token),
                                SD_BUS_RESULT("s", value), on_unmask,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("RotateKey", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", since),
                                on_rotate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int sp_bus_add_masks(struct sp_bus *b)
{
        return sd_bus_add_object_vtable(b->bus, NULL, SP_DBUS_PATH, SP_DBUS_IFACE_MASKS,
                                        vtable, b);
}
