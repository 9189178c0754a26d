/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bus_client.h"

#include <errno.h>
#include <stdlib.h>

int sp_client_open(sd_bus **ret, struct sp_err *reterr)
{
        int r = sd_bus_open_system(ret);

        if (r < 0)
                return sp_err_set(reterr, r, "cli.bus", "",
                                  "cannot reach the system bus: %s", strerror(-r));
        (void)sd_bus_set_allow_interactive_authorization(*ret, true);
        return 0;
}

/* The daemon writes "id: text"; ids are for programs, so a static one carries them on.
 */
static int daemon_error(int r, const sd_bus_error *error, struct sp_err *reterr)
{
        return sp_err_set(reterr, r, NULL, "", "%s", error->message);
}

int sp_client_error(int r, const sd_bus_error *error, struct sp_err *reterr)
{
        r = r < 0 ? r : -EIO;
        if (sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN,
                                   SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return sp_err_set(
                        reterr, r, "cli.not-running", "",
                        "the daemon is not on the bus: is sallyportd running?");
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED))
                return sp_err_set(
                        reterr, r, "cli.bus-denied", "",
                        "the bus does not let you talk to the daemon: only root and "
                        "the group sallyport may");
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT))
                return sp_err_set(reterr, r, "cli.unknown-object", "",
                                  "there is no such approval, or not any more");
        if (error->message)
                return daemon_error(r, error, reterr);
        return sp_err_set(reterr, r, "cli.bus", "", "%s", strerror(-r));
}

int sp_client_call(sd_bus *bus, const char *path, const char *iface, const char *method,
                   sd_bus_message **ret, struct sp_err *reterr, const char *types, ...)
{
        sp_cleanup(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        sp_cleanup(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus_message *reply = NULL;
        va_list ap;
        int r = sd_bus_message_new_method_call(bus, &m, SP_DBUS_SERVICE, path, iface,
                                               method);

        if (r >= 0 && types && types[0]) {
                va_start(ap, types);
                r = sd_bus_message_appendv(m, types, ap);
                va_end(ap);
        }
        if (r >= 0)
                r = sd_bus_call(bus, m, SP_DBUS_TIMEOUT_US, &error, &reply);
        if (r < 0)
                return sp_client_error(r, &error, reterr);
        if (ret)
                *ret = reply;
        else
                sd_bus_message_unref(reply);
        return 0;
}

int sp_client_get_string(sd_bus *bus, const char *path, const char *iface,
                         const char *property, char **ret, struct sp_err *reterr)
{
        sp_cleanup(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = sd_bus_get_property_string(bus, SP_DBUS_SERVICE, path, iface, property,
                                           &error, ret);

        return r < 0 ? sp_client_error(r, &error, reterr) : 0;
}
