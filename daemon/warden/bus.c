/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/bus.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/warden/bus_impl.h"

#define RECONNECT_US SP_USEC_PER_SEC
#define TEXT_MAX (8u << 20)

/* ---- Manager ---- */

static int get_info(sd_bus *bus, const char *path, const char *iface,
                    const char *property, sd_bus_message *reply, void *userdata,
                    sd_bus_error *error)
{
        struct sp_bus *b = userdata;
        struct sp_bus_info i = { 0 };
        const char *s = NULL;

        (void)bus, (void)path, (void)iface, (void)error;
        b->hooks.info(b->hooks.userdata, &i);
        const struct {
                const char *name, *value;
        } texts[] = {
                { "Version", i.version },    { "PolicyVersion", i.policy_version },
                { "Mode", i.mode },          { "CaFile", i.ca_file },
                { "CaBundle", i.ca_bundle }, { "StateDirectory", i.state_dir },
                { "Health", i.health },
        };

        for (size_t n = 0; n < SP_ARRAY_SIZE(texts); n++)
                if (strcmp(texts[n].name, property) == 0)
                        s = texts[n].value;
        return sp_bus_append_text(reply, sp_str_c(s), false);
}

static int run_reload(struct sp_bus_call *c)
{
        sp_autobuf version = SP_BUF_INIT(4096);
        struct sp_err e = SP_ERR_NULL;
        int r = c->b->hooks.reload_policy(c->b->hooks.userdata, &version, &e);

        if (r < 0 && !e.id)
                (void)sp_err_set(&e, r, "bus.failed", "", "%s", strerror(-r));
        sp_bus_reply(c, sp_buf_str(&version), r < 0 ? &e : NULL);
        return 0;
}

static int on_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, SP_POLKIT_ACTION_RELOAD, SP_STR_NULL,
                             run_reload);
}

static int run_status(struct sp_bus_call *c)
{
        sp_autobuf text = SP_BUF_INIT(TEXT_MAX);
        struct sp_err e = SP_ERR_NULL;
        int r = c->b->hooks.status(c->b->hooks.userdata, &text);

        if (r < 0)
                (void)sp_err_set(&e, r, "bus.failed", "", "%s", strerror(-r));
        sp_bus_reply(c, sp_buf_str(&text), r < 0 ? &e : NULL);
        return 0;
}

static int on_status(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, NULL, SP_STR_NULL, run_status);
}

static int run_metrics(struct sp_bus_call *c)
{
        c->b->hooks.metrics(c->b->hooks.userdata, c);
        return 0;
}

static int on_metrics(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, NULL, SP_STR_NULL, run_metrics);
}

#define CONSTANT SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ANYBODY                                                                        \
        SD_BUS_VTABLE_UNPRIVILEGED /* whom the bus lets through; we ask ourselves */
static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_info, 0, CONSTANT),
        SD_BUS_PROPERTY("PolicyVersion", "s", get_info, 0, CHANGES),
        SD_BUS_PROPERTY("Mode", "s", get_info, 0, CHANGES),
        SD_BUS_PROPERTY("CaFile", "s", get_info, 0, CONSTANT),
        SD_BUS_PROPERTY("CaBundle", "s", get_info, 0, CONSTANT),
        SD_BUS_PROPERTY("StateDirectory", "s", get_info, 0, CONSTANT),
        SD_BUS_PROPERTY("Health", "s", get_info, 0, CHANGES),
        SD_BUS_METHOD_WITH_ARGS("ReloadPolicy", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("s", version), on_reload, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Status", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                                on_status, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Metrics", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text),
                                on_metrics, ANYBODY),
        SD_BUS_SIGNAL_WITH_ARGS("PolicyReloaded", SD_BUS_ARGS("s", version), 0),
        SD_BUS_SIGNAL_WITH_ARGS("HealthChanged", SD_BUS_ARGS("s", health), 0),
        SD_BUS_VTABLE_END,
};

/* ---- Guard ---- */

static void guard_done(struct sp_bus_call *c, int r, struct sp_err *e)
{
        if (r < 0 && !e->id)
                (void)sp_err_set(e, r, "bus.failed", "", "%s", strerror(-r));
        if (r < 0)
                sp_call_reply_error(c, e);
        else
                sp_call_reply(c, NULL, NULL);
}

static int run_guard_add(struct sp_bus_call *c)
{
        const char *path, *workload;
        struct sp_err e = SP_ERR_NULL;
        int r = sd_bus_message_rewind(c->m, true);

        if (r >= 0)
                r = sd_bus_message_read(c->m, "ss", &path, &workload);
        if (r >= 0)
                r = c->b->hooks.guard_add(c->b->hooks.userdata, path, workload, &e);
        guard_done(c, r, &e);
        return 0;
}

static int on_guard_add(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, SP_POLKIT_ACTION_GUARD, SP_STR_NULL,
                             run_guard_add);
}

static int run_guard_remove(struct sp_bus_call *c)
{
        struct sp_err e = SP_ERR_NULL;
        const char *path;
        int r = sd_bus_message_rewind(c->m, true);

        if (r >= 0)
                r = sd_bus_message_read(c->m, "s", &path);
        if (r >= 0)
                r = c->b->hooks.guard_remove(c->b->hooks.userdata, path, &e);
        guard_done(c, r, &e);
        return 0;
}

static int on_guard_remove(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)error;
        return sp_call_start(userdata, m, SP_POLKIT_ACTION_GUARD, SP_STR_NULL,
                             run_guard_remove);
}

static int append_guard(void *to, const char *path, const char *workload,
                        uint64_t cgroup_id)
{
        return sd_bus_message_append(to, "(sst)", path, workload, cgroup_id);
}

static int on_guard_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct sp_bus *b = userdata;
        int r = sd_bus_message_new_method_return(m, &reply);

        (void)error;
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sst)");
        if (r >= 0)
                r = b->hooks.guard_list(b->hooks.userdata, append_guard, reply);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static const sd_bus_vtable guard_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Add", SD_BUS_ARGS("s", path, "s", workload),
                                SD_BUS_NO_RESULT, on_guard_add, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("s", path), SD_BUS_NO_RESULT,
                                on_guard_remove, ANYBODY),
        SD_BUS_METHOD_WITH_ARGS("List", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sst)", guards),
                                on_guard_list, ANYBODY),
        SD_BUS_SIGNAL_WITH_ARGS("Refused", SD_BUS_ARGS("s", record), 0),
        SD_BUS_VTABLE_END,
};

/* ---- the connection ---- */

static int on_reconnect(sd_event_source *source, uint64_t time, void *userdata);

static void retry_later(struct sp_bus *b)
{
        if (!b->reconnect &&
            sd_event_add_time_relative(b->event, &b->reconnect, CLOCK_MONOTONIC,
                                       RECONNECT_US, 0, on_reconnect, b) < 0)
                sp_log(SP_LOG_ERR, "no timer: the bus will not be reconnected");
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        (void)m, (void)error;
        sp_log(SP_LOG_ERR, "the system bus is gone: nobody can approve");
        retry_later(userdata);
        return 0;
}

static int publish(struct sp_bus *b)
{
        int r = sd_bus_match_signal(b->bus, NULL, "org.freedesktop.DBus.Local",
                                    "/org/freedesktop/DBus/Local",
                                    "org.freedesktop.DBus.Local", "Disconnected",
                                    on_disconnected, b);

        if (r >= 0)
                r = sd_bus_add_object_vtable(b->bus, NULL, SP_DBUS_PATH,
                                             SP_DBUS_IFACE_MANAGER, manager_vtable, b);
        if (r >= 0)
                r = sd_bus_add_object_vtable(b->bus, NULL, SP_DBUS_PATH,
                                             SP_DBUS_IFACE_GUARD, guard_vtable, b);
        if (r >= 0)
                r = sd_bus_add_object_manager(b->bus, NULL, SP_DBUS_PATH);
        if (r >= 0)
                r = sp_bus_add_approvals(b);
        if (r >= 0)
                r = sp_bus_add_masks(b);
        if (r >= 0)
                r = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
        /* The name last: who sees it finds everything there. */
        return r < 0 ? r : sd_bus_request_name(b->bus, SP_DBUS_SERVICE, 0);
}

static void disconnect(struct sp_bus *b)
{
        b->bus = sd_bus_flush_close_unref(b->bus);
}

/* As sd_bus_open_system does it, but that no message brings descriptors: closing one of a file system
 * in user space is to wait for whom it pleases. The bus refuses them. */
static int open_bus(sd_bus **ret)
{
        const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
        sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);

        if (r >= 0)
                r = sd_bus_set_address(
                        bus, address ?: "unix:path=/run/dbus/system_bus_socket");
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, false);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                sd_bus_unref(bus);
        else
                *ret = bus;
        return r;
}

static int connect_bus(struct sp_bus *b, struct sp_err *reterr)
{
        int r = open_bus(&b->bus);

        if (r < 0)
                return sp_err_set(reterr, r, "bus.none", "",
                                  "cannot reach the system bus: %s", strerror(-r));
        r = publish(b);
        if (r < 0) {
                disconnect(b);
                return sp_err_set(reterr, r, "bus.name", "",
                                  "cannot serve as " SP_DBUS_SERVICE ": %s",
                                  strerror(-r));
        }
        return 0;
}

static int on_reconnect(sd_event_source *source, uint64_t time, void *userdata)
{
        struct sp_bus *b = userdata;
        struct sp_err e = SP_ERR_NULL;

        (void)source, (void)time;
        b->reconnect = sd_event_source_disable_unref(b->reconnect);
        disconnect(b);
        if (connect_bus(b, &e) < 0)
                retry_later(b);
        else
                sp_log(SP_LOG_INFO, "the system bus is back");
        return 0;
}

int sp_bus_new(struct sd_event *event, struct sp_approvals *approvals,
               const struct sp_bus_hooks *hooks, struct sp_bus **ret,
               struct sp_err *reterr)
{
        sp_cleanup(sp_bus_freep) struct sp_bus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->event = sd_event_ref(event);
        b->approvals = approvals;
        b->hooks = *hooks;
        r = connect_bus(b, reterr);
        if (r < 0)
                return r;
        *ret = SP_TAKE(b);
        return 0;
}

struct sp_bus *sp_bus_free(struct sp_bus *b)
{
        struct sp_err e;

        if (!b)
                return NULL;
        /* Calls that wait for the recorder end by sp_approvals_free, those for metrics
         * by the warden: both come before. What is left waits for the bus itself. */
        (void)sp_err_set(&e, -ECANCELED, "bus.stopping", "", "the daemon stops");
        while (b->calls)
                sp_call_reply_error(b->calls, &e);
        (void)sd_event_source_disable_unref(b->reconnect);
        disconnect(b);
        sd_event_unref(b->event);
        free(b);
        return NULL;
}

bool sp_bus_is_connected(const struct sp_bus *b)
{
        return b && b->bus && sd_bus_is_open(b->bus) > 0;
}

void sp_bus_policy_reloaded(struct sp_bus *b, const char *version)
{
        if (!b || !b->bus)
                return;
        (void)sd_bus_emit_signal(b->bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                 "PolicyReloaded", "s", version);
        (void)sd_bus_emit_properties_changed(b->bus, SP_DBUS_PATH,
                                             SP_DBUS_IFACE_MANAGER, "PolicyVersion",
                                             "Mode", NULL);
}

void sp_bus_health_changed(struct sp_bus *b, const char *health)
{
        if (!b || !b->bus)
                return;
        (void)sd_bus_emit_signal(b->bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER,
                                 "HealthChanged", "s", health);
        (void)sd_bus_emit_properties_changed(b->bus, SP_DBUS_PATH,
                                             SP_DBUS_IFACE_MANAGER, "Health", NULL);
}

void sp_bus_refused(struct sp_bus *b, struct sp_str record)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        if (b && b->bus &&
            sd_bus_message_new_signal(b->bus, &m, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD,
                                      "Refused") >= 0 &&
            sp_bus_append_text(m, record, false) >= 0)
                (void)sd_bus_send(b->bus, m, NULL);
}
