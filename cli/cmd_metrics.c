/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/bus_client.h"
#include "cli/cli.h"

static const char usage[] = "sallyctl metrics";

int sp_cmd_metrics(int argc, char **argv)
{
        sp_cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct sp_err e = SP_ERR_NULL;
        const char *text;
        int r;

        if (argc == 2 &&
            (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                (void)printf("usage: %s\n", usage);
                return SP_EXIT_OK;
        }
        if (argc > 1)
                return sp_cli_usage(usage, "'%s' is not known", argv[1]);
        r = sp_client_open(&bus, &e);
        if (r == 0)
                r = sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MANAGER, "Metrics",
                                   &reply, &e, NULL);
        if (r == 0 && sd_bus_message_read(reply, "s", &text) < 0)
                r = sp_err_set(&e, -EBADMSG, "cli.bus", "",
                               "the answer was not understood");
        if (r < 0)
                return sp_cli_fail(&e);
        (void)fputs(text, stdout);
        return SP_EXIT_OK;
}
