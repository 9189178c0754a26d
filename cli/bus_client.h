/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/bus_client — sallyctl's side of the D-Bus service.
 *
 * Job:       open the system bus (DBUS_SYSTEM_BUS_ADDRESS is honoured), call, and turn
 *            bus errors into struct sp_err that a person can act on.
 * Ownership: the caller unrefs bus and replies (sd_bus_unrefp, sd_bus_message_unrefp).
 * Errors:    "cli.bus" (no bus), "cli.not-running" (no daemon), "cli.bus-denied", else
 *            the daemon's own id and text.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/base/err.h"
#include "include/sallyport/dbus.h"

#define SP_DBUS_TIMEOUT_US (UINT64_C(120) * 1000000) /* polkit may ask a person */

sp_must_check int sp_client_open(sd_bus **ret, struct sp_err *reterr);
/* `types` as of sd_bus_message_append. *ret may be NULL when no reply is wanted. */
sp_must_check int sp_client_call(sd_bus *bus, const char *path, const char *iface,
                                 const char *method, sd_bus_message **ret,
                                 struct sp_err *reterr, const char *types, ...);
/* A string property; free() it. */
sp_must_check int sp_client_get_string(sd_bus *bus, const char *path, const char *iface,
                                       const char *property, char **ret,
                                       struct sp_err *reterr);
/* From an sd_bus_error of a failed call. Returns r. */
int sp_client_error(int r, const sd_bus_error *error, struct sp_err *reterr);
