/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/integration/bus_server — approvals and the D-Bus service without the rest of
 * the warden, driven by lines on stdin:
 *
 *   ask JOB HASH UID TIMEOUT_MS [SQL…]   → asked ID
 *   claim ID HASH, get ID                → state NAME APPROVER
 *   token VALUE                          → token TEXT, as session SESSION shows it
 *   sql N                                the next ask has N bytes of SQL
 *   records ok|fail|hold, release        whether decisions can be recorded
 *   guard PID                            this process is in a guarded cgroup from now
 * on quit
 *
 * A request that is refused answers "error ID TEXT". What the hooks are called with is
 * printed as "hook …".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "daemon/mask/token.h"
#include "daemon/warden/bus.h"
#include "daemon/warden/metrics_socket.h"
#include "daemon/warden/unmask.h"
#include "include/sallyport/dbus.h"

#define SESSION "01JAAAAAAAAAAAAAAAAAAAAAAA"
static const char policy_text[] = "version: 1\nmasks:\n- {name: m, columns: "
                                  "[p.crm.customers.ssn], mask: tokenize}\n";

struct server {
        sd_event *event;
        sd_event_source *timer;
        struct sp_approvals *approvals;
        struct sp_bus *bus;
        struct sp_metrics_socket *metrics;
        pid_t guarded[8];
        size_t n_guarded;
        enum { RECORDS_OK, RECORDS_FAIL, RECORDS_HOLD } records;
        uint64_t held_ticket;
        size_t sql_bytes;
        struct sp_keys keys;
        struct sp_policy *policy;
};

static void arm(struct server *s);

static int on_record(void *userdata, struct sp_str json, uint64_t ticket)
{
        struct server *s = userdata;

        printf("hook record %.*s\n", SP_FMT(json));
        if (s->records == RECORDS_FAIL)
                return -ENOSPC;
        if (ticket && s->records == RECORDS_OK)
                sp_approvals_recorded(s->approvals, ticket, NULL);
        else if (ticket)
                s->held_ticket = ticket;
        return 0;
}

static void on_changed(void *userdata, const struct sp_approval *a,
                       enum sp_approval_change change)
{
        struct server *s = userdata;

        printf("hook changed %s %s\n", a->id.c, sp_approval_state_name(a->state));
        sp_bus_approval_changed(s->bus, a, change);
}

static void hook_info(void *userdata, struct sp_bus_info *ret)
{
        (void)userdata;
        *ret = (struct sp_bus_info){ .version = SP_VERSION,
                                     .policy_version = "abc",
                                     .mode = "enforce",
                                     .ca_file = "/run/x/ca.pem",
                                     .health = "ok" };
}

static int hook_reload(void *userdata, struct sp_buf *ret, struct sp_err *reterr)
{
        struct server *s = userdata;

        puts("hook reload");
        if (s->records == RECORDS_FAIL)
                return sp_err_set(reterr, -EINVAL, "policy.unknown-key", "a.yaml:1:2",
                                  "no key 'x'");
        sp_bus_policy_reloaded(s->bus, "def");
        return sp_buf_add(ret, SP_STR("def"));
}

static int hook_status(void *userdata, struct sp_buf *ret)
{
        (void)userdata;
        return sp_buf_add(ret, SP_STR("{\"health\":\"ok\",\"workers\":2,"
                                      "\"list\":[{\"a\":1},{\"a\":2}]}"));
}

static void hook_metrics(void *userdata, struct sp_bus_call *call)
{
        (void)userdata;
        sp_bus_reply(call, SP_STR("sallyport_up 1\n"), NULL);
}

static int hook_guard_add(void *userdata, const char *path, const char *workload,
                          struct sp_err *reterr)
{
        (void)userdata;
        printf("hook guard_add %s %s\n", path, workload);
        if (strcmp(path, "taken") == 0)
                return sp_err_set(reterr, -EEXIST, "guard.taken", path,
                                  "has another tag");
        return 0;
}

static int hook_guard_remove(void *userdata, const char *path, struct sp_err *reterr)
{
        (void)userdata, (void)reterr;
        printf("hook guard_remove %s\n", path);
        return 0;
}

static int hook_guard_list(void *userdata, sp_bus_guard_fn each, void *to)
{
        (void)userdata;
        return each(to, "agents.slice", "ci-agents", 42);
}

static int hook_guard_of_pid(void *userdata, pid_t pid)
{
        struct server *s = userdata;

        for (size_t i = 0; i < s->n_guarded; i++)
                if (s->guarded[i] == pid)
                        return 1;
        return 0;
}

static int hook_unmask_ask(void *userdata, const struct sp_bus_unmask *q,
                           struct sp_buf *ret, struct sp_err *reterr)
{
        struct server *s = userdata;
        const struct sp_unmask_desk d = { &s->keys, s->policy, s->approvals };
        struct sp_ulid id;
        int r = sp_unmask_ask(&d, q, &id, reterr);

        arm(s);
        return r < 0 ? r : sp_buf_add(ret, sp_str_c(id.c));
}

static void hook_unmask(void *userdata, const struct sp_bus_unmask *q,
                        struct sp_bus_call *call)
{
        struct server *s = userdata;
        const struct sp_unmask_desk d = { &s->keys, s->policy, s->approvals };
        sp_autobuf value = SP_BUF_INIT(1024), record = SP_BUF_INIT(65536);
        struct sp_err e = SP_ERR_NULL;
        int r = sp_unmask_open(&d, q, &value, &record, &e);

        if (r == 0)
                r = on_record(s, sp_buf_str(&record), 0);
        if (r < 0 && !e.id)
                (void)sp_err_set(&e, r, "unmask.not-recorded", "", "no record");
        sp_bus_reply(call, sp_buf_str(&value), r < 0 ? &e : NULL);
}

static int hook_rotate(void *userdata, const char *who, struct sp_buf *ret,
                       struct sp_err *reterr)
{
        (void)userdata, (void)reterr;
        printf("hook rotate %s\n", who);
        return sp_buf_add(ret, SP_STR("2027-01-01T00:00:00.000000Z"));
}

static void hook_decided(void *userdata)
{
        arm(userdata);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source, (void)usec;
        arm(userdata);
        return 0;
}

static void arm(struct server *s)
{
        uint64_t next = sp_approvals_tick(s->approvals);

        s->timer = sd_event_source_disable_unref(s->timer);
        if (next != UINT64_MAX)
                (void)sd_event_add_time(s->event, &s->timer, CLOCK_MONOTONIC, next, 0,
                                        on_time, s);
}

static void print_error(const struct sp_err *e)
{
        printf("error %s %s\n", e->id ?: "-", e->what);
}

static void ask(struct server *s, char *args)
{
        char job[64], hash[64], *sql = NULL;
        unsigned uid, timeout_ms;
        struct sp_ulid id;
        struct sp_err e = SP_ERR_NULL;
        int n = 0;

        if (sscanf(args, "%63s %63s %u %u %n", job, hash, &uid, &timeout_ms, &n) < 4) {
                puts("error usage -");
                return;
        }
        if (s->sql_bytes) {
                sql = malloc(s->sql_bytes);
                memset(sql, 'x', s->sql_bytes);
                memcpy(sql + s->sql_bytes - 3, "END", 3);
        }
        const struct sp_msg_approval m = {
                .job = sp_str_c(job),
                .session = SP_STR(SESSION),
                .workload = SP_STR("ci-agents"),
                .iss = SP_STR("https://issuer"),
                .sub = SP_STR("bob"),
                .uid = uid,
                .pid = 4711,
                .comm = SP_STR("node"),
                .action = SP_STR("update"),
                .resources = SP_STR("p.crm.customers\np.crm.orders"),
                .rule = SP_STR("10-base.yaml#updates"),
                .reason = SP_STR("writes need a person"),
                .sql = sql ? sp_str(sql, s->sql_bytes) : sp_str_c(args + n),
                .masked = SP_STR("p.crm.customers.ssn"),
                .estimated_bytes = 1048576,
                .has_estimate = 1,
                .request_hash = sp_str_c(hash),
                .policy_version = SP_STR("abc"),
                .timeout_us = timeout_ms * SP_USEC_PER_MSEC,
        };
        if (sp_approvals_ask(s->approvals, &m, &id, &e) < 0)
                print_error(&e);
        else
                printf("asked %s\n", id.c);
        free(sql);
        s->sql_bytes = 0;
        arm(s);
}

static void state(int r, const struct sp_msg_approval_state *m, const struct sp_err *e)
{
        if (r < 0)
                print_error(e);
        else
                printf("state %s %.*s\n", sp_approval_state_name(m->state),
                       SP_FMT(m->approver));
}

static void token(const struct server *s, struct sp_str value);

static void run(struct server *s, char *line)
{
        struct sp_msg_approval_state m;
        struct sp_err e = SP_ERR_NULL;
        struct sp_str command, rest, a, b;

        (void)sp_str_cut(sp_str_c(line), ' ', &command, &rest);
        (void)sp_str_cut(rest, ' ', &a, &b);
        if (sp_str_eq(command, SP_STR("ask"))) {
                ask(s, line + 4);
        } else if (sp_str_eq(command, SP_STR("claim"))) {
                const struct sp_msg_claim c = { a, b };

                state(sp_approvals_claim(s->approvals, &c, &m, &e), &m, &e);
        } else if (sp_str_eq(command, SP_STR("get"))) {
                state(sp_approvals_get(s->approvals, a, &m, &e), &m, &e);
        } else if (sp_str_eq(command, SP_STR("sql"))) {
                s->sql_bytes = strtoul(line + 4, NULL, 10);
                puts("done");
        } else if (sp_str_eq(command, SP_STR("records"))) {
                s->records = a.p[0] == 'o'   ? RECORDS_OK
                             : a.p[0] == 'f' ? RECORDS_FAIL
                                             : RECORDS_HOLD;
                puts("done");
        } else if (sp_str_eq(command, SP_STR("release"))) {
                sp_approvals_recorded(s->approvals, s->held_ticket, NULL);
                puts("done");
        } else if (sp_str_eq(command, SP_STR("guard")) && s->n_guarded < 8) {
                s->guarded[s->n_guarded++] = (pid_t)strtol(line + 6, NULL, 10);
                puts("done");
        } else if (sp_str_eq(command, SP_STR("token"))) {
                token(s, rest);
        } else if (sp_str_eq(command, SP_STR("quit"))) {
                (void)sd_event_exit(s->event, 0);
        } else {
                puts("error usage -");
        }
}

/* token VALUE: what session S shows for it, and what the policy says of p.crm.customers.ssn. */
static void token(const struct server *s, struct sp_str value)
{
        sp_autobuf b = SP_BUF_INIT(1024);
        char salt[SP_SHA256_HEX_LEN + 1];
        struct sp_err e = SP_ERR_NULL;

        if (sp_keys_salt(&s->keys, SP_STR(SESSION), salt, &e) < 0 ||
            sp_token_put_string(&b, sp_str_c(salt), value) < 0)
                puts("error token -");
        else
                printf("token %.*s\n", SP_FMT(sp_buf_str(&b)));
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        struct server *s = userdata;
        char line[4096];

        (void)source, (void)fd, (void)events;
        if (!fgets(line, sizeof(line), stdin))
                return sd_event_exit(s->event, 0);
        line[strcspn(line, "\n")] = '\0';
        run(s, line);
        return 0;
}

/* A client instead, who sends a descriptor along. */
static int send_descriptor(void)
{
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        if (r >= 0)
                r = sd_bus_call_method(bus, SP_DBUS_SERVICE, SP_DBUS_PATH,
                                       SP_DBUS_IFACE_MANAGER, "Status", &e, NULL, "h",
                                       STDOUT_FILENO);
        (void)printf("%s\n", r < 0 && e.name ? e.name : "through");
        sd_bus_error_free(&e);
        sd_bus_flush_close_unref(bus);
        return 0;
}

int main(int argc, char **argv)
{
        struct server s = { 0 };
        const struct sp_approvals_hooks approvals_hooks = { &s, on_record, on_changed };
        const struct sp_bus_hooks hooks = {
                .userdata = &s,
                .info = hook_info,
                .reload_policy = hook_reload,
                .status = hook_status,
                .metrics = hook_metrics,
                .guard_add = hook_guard_add,
                .guard_remove = hook_guard_remove,
                .guard_list = hook_guard_list,
                .guard_of_pid = hook_guard_of_pid,
                .unmask_ask = hook_unmask_ask,
                .unmask = hook_unmask,
                .rotate_mask_key = hook_rotate,
                .decided = hook_decided,
        };
        const struct sp_policy_file file = { SP_STR("p.yaml"), sp_str_c(policy_text) };
        struct sp_err e = SP_ERR_NULL;
        int r;

        if (argc > 1 && strcmp(argv[1], "send-descriptor") == 0)
                return send_descriptor();
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        (void)setvbuf(stdin, NULL, _IONBF, 0);
        if (sd_event_default(&s.event) < 0)
                return 1;
        s.keys.n_mask = 1;
        memset(s.keys.mask[0].key, 7, sizeof(s.keys.mask[0].key));
        r = sp_policy_load(&file, 1, NULL, 0, &s.policy, &e);
        if (r == 0)
                r = sp_approvals_new(argc > 1 ? argv[1] : NULL, 4, &approvals_hooks,
                                     &s.approvals, &e);
        if (r == 0)
                r = sp_bus_new(s.event, s.approvals, &hooks, &s.bus, &e);
        if (r == 0)
                r = sd_event_add_io(s.event, NULL, STDIN_FILENO, 1, on_input, &s);
        if (r >= 0 && argc > 2)
                r = sp_metrics_socket_new(s.event, argv[2], hook_metrics, &s,
                                          &s.metrics, &e);
        if (r < 0) {
                print_error(&e);
                return 1;
        }
        arm(&s);
        puts("ready");
        r = sd_event_loop(s.event);
        s.approvals = sp_approvals_free(s.approvals);
        s.metrics = sp_metrics_socket_free(s.metrics);
        s.bus = sp_bus_free(s.bus);
        s.policy = sp_policy_unref(s.policy);
        (void)sd_event_source_disable_unref(s.timer);
        sd_event_unref(s.event);
        return r;
}
