/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>

#include "cli/approval_view.h"

static const char usage[] = "sallyctl approvals list [--all] [--json]\n"
                            "       sallyctl approvals show ID\n"
                            "       sallyctl approvals approve ID [--reason TEXT]\n"
                            "       sallyctl approvals deny ID [--reason TEXT]\n"
                            "       sallyctl approvals watch";

struct options {
        bool all, json;
        const char *reason, *id;
};

/* 0: go on; else an exit status, negative for success. */
static int parse(int argc, char **argv, bool wants_id, struct options *o)
{
        static const struct option longs[] = {
                { "all", no_argument, NULL, 'a' },
                { "json", no_argument, NULL, 'j' },
                { "reason", required_argument, NULL, 'r' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        *o = (struct options){ .reason = "" };
        optind = 1;
        while ((c = getopt_long(argc, argv, "hr:", longs, NULL)) >= 0) {
                switch (c) {
                case 'a':
                        o->all = true;
                        break;
                case 'j':
                        o->json = true;
                        break;
                case 'r':
                        o->reason = optarg;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return -1;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (wants_id && optind < argc)
                o->id = argv[optind++];
        if (wants_id && !o->id)
                return sp_cli_usage(usage, "which approval?");
        if (optind < argc)
                return sp_cli_usage(usage, "'%s' is too much", argv[optind]);
        return 0;
}

/* ---- list ---- */

struct list {
        struct sp_table *table;
        bool all;
        int error;
};

static void add_row(void *userdata, struct sp_view *v)
{
        struct list *l = userdata;
        char created[32], expires[32];
        bool is_live =
                strcmp(v->state, "pending") == 0 || strcmp(v->state, "approved") == 0;
        const char *on = v->resources && v->resources[0] ? v->resources[0] : "";

        sp_cli_time_ago(created, sizeof(created), v->created);
        sp_cli_time_ago(expires, sizeof(expires), v->expires);
        const char *const cells[] = { v->id,       v->state,
                                      created,     is_live ? expires : "",
                                      v->workload, v->person,
                                      v->action,   on,
                                      v->rule,     v->approver };

        if (l->all || is_live)
                l->error = l->error ?: sp_table_row(l->table, cells);
        sp_view_free(v);
}

static int list(sd_bus *bus, const struct options *o, struct sp_err *e)
{
        static const char *const columns[] = { "ID",      "STATE",    "ASKED",
                                               "EXPIRES", "WORKLOAD", "PERSON",
                                               "ACTION",  "ON",       "RULE",
                                               "APPROVER" };
        struct list l = { .all = o->all };
        int r;

        l.table = sp_table_new("approvals", o->json, columns, SP_ARRAY_SIZE(columns));
        if (!l.table)
                return sp_err_set(e, -ENOMEM, "cli.memory", "", "out of memory");
        r = sp_view_all(bus, add_row, &l, e);
        if (r == 0 && l.error)
                r = sp_err_set(e, -ENOMEM, "cli.memory", "", "out of memory");
        (void)sp_table_finish(l.table);
        return r;
}

/* ---- show, approve, deny ---- */

static int show(sd_bus *bus, const struct options *o, struct sp_err *e)
{
        struct sp_view *v;
        int r = sp_view_find(bus, o->id, &v, e);

        if (r < 0)
                return r;
        r = sp_view_print(bus, v, stdout, e);
        sp_view_free(v);
        return r;
}

static int decide(sd_bus *bus, const struct options *o, bool approve, struct sp_err *e)
{
        struct sp_view *v;
        int r = sp_view_find(bus, o->id, &v, e);

        if (r < 0)
                return r;
        r = sp_client_call(bus, v->path, SP_DBUS_IFACE_APPROVAL,
                           approve ? "Approve" : "Deny", NULL, e, "s", o->reason);
        if (r == 0)
                (void)printf("%s %s\n", v->id, approve ? "approved" : "denied");
        sp_view_free(v);
        return r;
}

static int approve(sd_bus *bus, const struct options *o, struct sp_err *e)
{
        return decide(bus, o, true, e);
}

static int deny(sd_bus *bus, const struct options *o, struct sp_err *e)
{
        return decide(bus, o, false, e);
}

/* ---- watch ---- */

struct watch {
        sd_bus *bus;
        char **waiting; /* ids that the person was shown and has not answered, oldest
                           first */
        size_t n;
        bool is_terminal;
};

static void prompt(const struct watch *w)
{
        if (w->is_terminal && w->n) {
                (void)printf("approve %s? [y/n/s(kip), may be followed by a reason] ",
                             w->waiting[0]);
                (void)fflush(stdout);
        }
}

static void drop(struct watch *w, const char *id)
{
        for (size_t i = 0; i < w->n; i++) {
                if (strcmp(w->waiting[i], id) != 0)
                        continue;
                free(w->waiting[i]);
                memmove(w->waiting + i, w->waiting + i + 1,
                        (w->n - i - 1) * sizeof(*w->waiting));
                w->n--;
                return;
        }
}

static void present(struct watch *w, struct sp_view *v)
{
        struct sp_err e = SP_ERR_NULL;
        char **more;

        (void)puts("");
        if (sp_view_print(w->bus, v, stdout, &e) < 0)
                (void)sp_cli_fail(&e);
        more = realloc(w->waiting, (w->n + 1) * sizeof(*more));
        if (more && strcmp(v->state, "pending") == 0) {
                w->waiting = more;
                w->waiting[w->n] = strdup(v->id);
                w->n += w->waiting[w->n] != NULL;
        } else if (more) {
                w->waiting = more;
        }
        if (w->n == 1)
                prompt(w);
        (void)fflush(stdout);
}

static void present_pending(void *userdata, struct sp_view *v)
{
        if (strcmp(v->state, "pending") == 0)
                present(userdata, v);
        sp_view_free(v);
}

static int on_added(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct watch *w = userdata;
        struct sp_view *v;
        struct sp_err e = SP_ERR_NULL;
        const char *path;

        (void)error;
        if (sd_bus_message_read(m, "o", &path) < 0 ||
            strncmp(path, SP_DBUS_PATH_APPROVAL "/",
                    strlen(SP_DBUS_PATH_APPROVAL) + 1) != 0)
                return 0;
        if (sp_view_find(w->bus, path + strlen(SP_DBUS_PATH_APPROVAL) + 1, &v, &e) < 0)
                return 0; /* gone already */
        present(w, v);
        sp_view_free(v);
        return 0;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *path = sd_bus_message_get_path(m);
        struct watch *w = userdata;
        struct sp_view *v;
        struct sp_err e = SP_ERR_NULL;

        (void)error;
        if (sp_view_find(w->bus, path + strlen(SP_DBUS_PATH_APPROVAL) + 1, &v, &e) < 0)
                return 0;
        (void)printf("\n%s  %s%s%s%s%s\n", v->id, v->state,
                     v->approver[0] ? " by " : "", v->approver,
                     v->decision_reason[0] ? ": " : "", v->decision_reason);
        drop(w, v->id);
        sp_view_free(v);
        prompt(w);
        (void)fflush(stdout);
        return 0;
}

static void answer(struct watch *w, char *line)
{
        char *reason = line + strcspn(line, " \n");
        struct options o = { .reason = "" };
        struct sp_err e = SP_ERR_NULL;

        if (*reason)
                *reason++ = '\0';
        reason += strspn(reason, " ");
        reason[strcspn(reason, "\n")] = '\0';
        o.reason = reason;
        if (!w->n)
                return;
        o.id = w->waiting[0];
        bool decides = strcmp(line, "y") == 0 || strcmp(line, "n") == 0;

        if (decides && decide(w->bus, &o, line[0] == 'y', &e) < 0)
                (void)sp_cli_fail(&e);
        /* At once: the next line may be here before the signal of this decision. */
        if (decides || strcmp(line, "s") == 0)
                drop(w, w->waiting[0]);
        prompt(w);
}

static int watch_turn(struct watch *w, struct sp_err *e)
{
        struct pollfd fds[2] = { { .fd = sd_bus_get_fd(w->bus), .events = POLLIN },
                                 { .fd = STDIN_FILENO, .events = POLLIN } };
        char line[1200];
        int r;

        while ((r = sd_bus_process(w->bus, NULL)) > 0)
                ;
        if (r < 0)
                return sp_err_set(e, r, "cli.bus", "", "the bus is gone: %s",
                                  strerror(-r));
        fds[0].events = (short)sd_bus_get_events(w->bus);
        if (poll(fds, w->is_terminal ? 2 : 1, -1) < 0 && errno != EINTR)
                return sp_err_set(e, -errno, "cli.bus", "", "%s", strerror(errno));
        if (w->is_terminal && fds[1].revents) {
                if (!fgets(line, sizeof(line), stdin))
                        return 1;
                answer(w, line);
        }
        return 0;
}

static int watch(sd_bus *bus, const struct options *o, struct sp_err *e)
{
        struct watch w = { .bus = bus, .is_terminal = isatty(STDIN_FILENO) };
        int r = sd_bus_match_signal(bus, NULL, SP_DBUS_SERVICE, SP_DBUS_PATH,
                                    "org.freedesktop.DBus.ObjectManager",
                                    "InterfacesAdded", on_added, &w);

        (void)o;
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL,
                                     "type='signal',sender='" SP_DBUS_SERVICE "',"
                                     "interface='org.freedesktop.DBus.Properties',"
                                     "member='PropertiesChanged',"
                                     "path_namespace='" SP_DBUS_PATH_APPROVAL "'",
                                     on_changed, &w);
        if (r < 0)
                return sp_err_set(e, r, "cli.bus", "", "%s", strerror(-r));
        r = sp_view_all(bus, present_pending, &w, e);
        if (r == 0 && !w.n)
                (void)puts("nothing waits; watching");
        (void)fflush(stdout);
        while (r == 0)
                r = watch_turn(&w, e);
        while (w.n)
                drop(&w, w.waiting[0]);
        free(w.waiting);
        return r < 0 ? r : 0;
}

int sp_cmd_approvals(int argc, char **argv)
{
        static const struct {
                const char *name;
                bool wants_id;
                int (*run)(sd_bus *bus, const struct options *o, struct sp_err *e);
        } verbs[] = {
                { "list", false, list },      { "show", true, show },
                { "approve", true, approve }, { "deny", true, deny },
                { "watch", false, watch },
        };
        sp_cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        struct sp_err e = SP_ERR_NULL;
        struct options o;
        int r;

        for (size_t i = 0; argc > 1 && i < SP_ARRAY_SIZE(verbs); i++) {
                if (strcmp(argv[1], verbs[i].name) != 0)
                        continue;
                r = parse(argc - 1, argv + 1, verbs[i].wants_id, &o);
                if (r)
                        return r < 0 ? SP_EXIT_OK : r;
                r = sp_client_open(&bus, &e);
                if (r == 0)
                        r = verbs[i].run(bus, &o, &e);
                return r < 0 ? sp_cli_fail(&e) : SP_EXIT_OK;
        }
        if (argc > 1 &&
            (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                (void)printf("usage: %s\n", usage);
                return SP_EXIT_OK;
        }
        return sp_cli_usage(usage, "what about approvals?");
}
