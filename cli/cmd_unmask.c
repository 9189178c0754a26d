/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/bus_client.h"
#include "cli/cli.h"

static const char usage[] =
        "sallyctl unmask --session ID --column PROJECT.DATASET.TABLE.COLUMN\n"
        "                [--integer] --reason TEXT [--no-wait] TOKEN\n"
        "       sallyctl unmask --session ID --column … [--integer] --approval ID "
        "TOKEN\n"
        "An integer below zero is written behind '--'.";

struct options {
        const char *session, *column, *reason, *approval, *token;
        int is_integer;
        bool is_asking_only;
};

/* 0: go on; else an exit status, negative for success. */
static int parse(int argc, char **argv, struct options *o)
{
        static const struct option longs[] = {
                { "session", required_argument, NULL, 's' },
                { "column", required_argument, NULL, 'c' },
                { "reason", required_argument, NULL, 'r' },
                { "approval", required_argument, NULL, 'a' },
                { "integer", no_argument, NULL, 'i' },
                { "no-wait", no_argument, NULL, 'n' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        *o = (struct options){ 0 };
        optind = 1;
        while ((c = getopt_long(argc, argv, "hs:c:r:a:in", longs, NULL)) >= 0) {
                switch (c) {
                case 's':
                        o->session = optarg;
                        break;
                case 'c':
                        o->column = optarg;
                        break;
                case 'r':
                        o->reason = optarg;
                        break;
                case 'a':
                        o->approval = optarg;
                        break;
                case 'i':
                        o->is_integer = 1;
                        break;
                case 'n':
                        o->is_asking_only = true;
                        break;
                case 'h':
                        (void)printf("usage: %s\n", usage);
                        return -1;
                default:
                        return sp_cli_usage(usage, "that option is not known");
                }
        }
        if (optind < argc)
                o->token = argv[optind++];
        if (optind < argc)
                return sp_cli_usage(usage, "'%s' is too much", argv[optind]);
        if (!o->token || !o->session || !o->column)
                return sp_cli_usage(usage, "which token, session and column?");
        if (!o->reason == !o->approval)
                return sp_cli_usage(usage, "say why, or name the approval");
        return 0;
}

static int ask(sd_bus *bus, const struct options *o, char **ret, struct sp_err *e)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *id;
        int r = sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MASKS, "AskUnmask",
                               &reply, e, "ssbss", o->session, o->column, o->is_integer,
                               o->token, o->reason);

        if (r < 0)
                return r;
        if (sd_bus_message_read(reply, "s", &id) < 0)
                return sp_err_set(e, -EBADMSG, "cli.bus", "",
                                  "the answer was not understood");
        *ret = strdup(id);
        return *ret ? 0 : sp_err_set(e, -ENOMEM, "cli.memory", "", "out of memory");
}

/* Until somebody has decided; what was decided is the daemon's to tell. */
static int wait_for(sd_bus *bus, const char *id, struct sp_err *e)
{
        char path[160];

        (void)snprintf(path, sizeof(path), SP_DBUS_PATH_APPROVAL "/%s", id);
        for (;;) {
                char *state;
                bool is_pending;
                int r = sp_client_get_string(bus, path, SP_DBUS_IFACE_APPROVAL, "State",
                                             &state, e);

                if (r < 0)
                        return r;
                is_pending = strcmp(state, "pending") == 0;
                free(state);
                if (!is_pending)
                        return 0;
                (void)sleep(1);
        }
}

static int open_token(sd_bus *bus, const struct options *o, const char *approval,
                      struct sp_err *e)
{
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *value;
        int r = sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MASKS, "Unmask", &reply,
                               e, "sssbs", approval, o->session, o->column,
                               o->is_integer, o->token);

        if (r == 0 && sd_bus_message_read(reply, "s", &value) < 0)
                r = sp_err_set(e, -EBADMSG, "cli.bus", "",
                               "the answer was not understood");
        if (r == 0) {
                sp_cli_print_escaped(stdout, sp_str_c(value), false);
                (void)putchar('\n');
        }
        return r;
}

int sp_cmd_unmask(int argc, char **argv)
{
        sp_cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        struct sp_err e = SP_ERR_NULL;
        struct options o;
        char *asked = NULL;
        int r = parse(argc, argv, &o);

        if (r)
                return r < 0 ? SP_EXIT_OK : r;
        r = sp_client_open(&bus, &e);
        if (r == 0 && !o.approval) {
                r = ask(bus, &o, &asked, &e);
                if (r == 0)
                        (void)fprintf(
                                stderr,
                                "somebody else must approve %s: sallyctl approvals "
                                "approve %s\n",
                                asked, asked);
                if (r == 0 && !o.is_asking_only)
                        r = wait_for(bus, asked, &e);
        }
        if (r == 0 && o.is_asking_only)
                (void)puts(asked);
        else if (r == 0)
                r = open_token(bus, &o, o.approval ? o.approval : asked, &e);
        free(asked);
        return r < 0 ? sp_cli_fail(&e) : SP_EXIT_OK;
}
