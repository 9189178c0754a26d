/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbus — the names the warden and its clients must agree on.
 *
 * Spec: docs/man/sallyctl.1.scd, section D-BUS; `busctl introspect` shows the same.
 */
#pragma once

#define SP_DBUS_SERVICE "dev.sallyport.Sallyport1"
#define SP_DBUS_PATH "/dev/sallyport/Sallyport1"
#define SP_DBUS_PATH_APPROVAL SP_DBUS_PATH "/approval" /* + "/" + ULID */

#define SP_DBUS_IFACE_MANAGER SP_DBUS_SERVICE ".Manager"
#define SP_DBUS_IFACE_GUARD SP_DBUS_SERVICE ".Guard"
#define SP_DBUS_IFACE_APPROVAL SP_DBUS_SERVICE ".Approval"
#define SP_DBUS_IFACE_MASKS SP_DBUS_SERVICE ".Masks"

/* Errors: this prefix, then the id of the error (docs/errors.md) in D-Bus spelling, by
 * this mapping: "approval.own-request" → "dev.sallyport.Error.approval.own_request".
 * The message starts with the id as it is documented: "approval.own-request: …". */
#define SP_DBUS_ERROR_PREFIX "dev.sallyport.Error."

#define SP_POLKIT_ACTION_APPROVE "dev.sallyport.approve"
#define SP_POLKIT_ACTION_GUARD "dev.sallyport.guard"
#define SP_POLKIT_ACTION_RELOAD "dev.sallyport.reload"
#define SP_POLKIT_ACTION_UNMASK "dev.sallyport.unmask"
#define SP_POLKIT_ACTION_KEYS "dev.sallyport.keys"
