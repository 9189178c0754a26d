/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/bus_client.h"
#include "cli/cli.h"

static const char usage[] = "sallyctl keys rotate-mask";

int sp_cmd_keys(int argc, char **argv)
{
        sp_cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        struct sp_err e = SP_ERR_NULL;
        const char *since;
        int r;

        if (argc == 2 &&
            (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                (void)printf("usage: %s\n", usage);
                return SP_EXIT_OK;
        }
        if (argc != 2 || strcmp(argv[1], "rotate-mask") != 0)
                return sp_cli_usage(usage, "what is to be done with the keys?");
        r = sp_client_open(&bus, &e);
        if (r == 0)
                r = sp_client_call(bus, SP_DBUS_PATH, SP_DBUS_IFACE_MASKS, "RotateKey",
                                   &reply, &e, NULL);
        if (r == 0 && sd_bus_message_read(reply, "s", &since) < 0)
                r = sp_err_set(&e, -EBADMSG, "cli.bus", "",
                               "the answer was not understood");
        if (r == 0)
                (void)printf("new sessions use a new key from %s on\n", since);
        return r < 0 ? sp_cli_fail(&e) : SP_EXIT_OK;
}
