/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/bus_client.h"
#include "cli/cli.h"
#include "cli/guard_verbs.h"

static const char usage[] =
        "sallyctl guard list [--json]\n"
        "       sallyctl guard add CGROUP WORKLOAD\n"
        "       sallyctl guard remove CGROUP\n"
        "       sallyctl guard events [--follow] [--workload NAME]\n"
        "       sallyctl guard check --workload NAME | --pid PID\n"
        "       sallyctl guard unit NAME\n"
        "CGROUP is a path from the cgroup v2 root; '*' and '?' match "
        "within one component.";

static int list_row(struct sp_table *t, const char *path, const char *workload,
                    uint64_t id)
{
        char text[24];

        (void)snprintf(text, sizeof(text), "%" PRIu64, id);
        const char *const cells[] = { path, workload, id ? text : "" };

        return sp_table_row(t, cells);
}

static int list(sd_bus *bus, bool as_json)
{
        static const char *const columns[] = { "CGROUP", "WORKLOAD", "ID" };
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path, *workload;
        struct sp_table *t;
        struct sp_err err = SP_ERR_NULL;
        uint64_t id;
        int r;

        if (sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD, "List", &reply, &err,
                           ""))
                return sp_cli_fail(&err);
        t = sp_table_new("guarded", as_json, columns, SP_ARRAY_SIZE(columns));
        if (!t)
                return SP_EXIT_FAILED;
        r = sd_bus_message_enter_container(reply, 'a', "(sst)");
        while (r >= 0 &&
               (r = sd_bus_message_read(reply, "(sst)", &path, &workload, &id)) > 0)
                r = list_row(t, path, workload, id);
        if (sp_table_finish(t) || r < 0) {
                (void)sp_err_set(&err, r < 0 ? r : -EIO, "cli.bus", "",
                                 "the daemon's answer is not understood");
                return sp_cli_fail(&err);
        }
        return SP_EXIT_OK;
}

static int change(sd_bus *bus, const char *method, const char *path,
                  const char *workload)
{
        struct sp_err err = SP_ERR_NULL;
        int r = workload ? sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD,
                                          method, NULL, &err, "ss", path, workload)
                         : sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_GUARD,
                                          method, NULL, &err, "s", path);

        return r ? sp_cli_fail(&err) : SP_EXIT_OK;
}

int sp_cmd_guard(int argc, char **argv)
{
        static const struct option longs[] = {
                { "json", no_argument, NULL, 'j' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        sp_cleanup(sd_bus_unrefp) sd_bus *bus = NULL;
        struct sp_err err = SP_ERR_NULL;
        bool as_json = false;
        const char *verb;
        int c, n;

        if (argc > 1 && !strcmp(argv[1], "events"))
                return sp_guard_verb_events(argc - 1, argv + 1);
        if (argc > 1 && !strcmp(argv[1], "check"))
                return sp_guard_verb_check(argc - 1, argv + 1);
        if (argc > 1 && !strcmp(argv[1], "unit"))
                return sp_guard_verb_unit(argc - 1, argv + 1);
        optind = 1;
        while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
                if (c == 'h') {
                        (void)printf("usage: %s\n", usage);
                        return SP_EXIT_OK;
                }
                if (c != 'j')
                        return sp_cli_usage(usage, "that option is not known");
                as_json = true;
        }
        verb = optind < argc ? argv[optind] : "";
        n = argc - optind - 1;
        argv += optind + 1;
        if (strcmp(verb, "list") && strcmp(verb, "add") && strcmp(verb, "remove"))
                return sp_cli_usage(usage, "list, add, remove, events, check or unit?");
        if (n != (verb[0] == 'l' ? 0 : verb[0] == 'a' ? 2 : 1))
                return sp_cli_usage(usage, "wrong number of arguments for '%s'", verb);
        if (sp_client_open(&bus, &err))
                return sp_cli_fail(&err);
        if (verb[0] == 'l')
                return list(bus, as_json);
        if (verb[0] == 'a')
                return change(bus, "Add", argv[0], argv[1]);
        return change(bus, "Remove", argv[0], NULL);
}
