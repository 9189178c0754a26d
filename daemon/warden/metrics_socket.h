/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/metrics_socket — the metrics for Prometheus, on a socket in the file system.
 *
 * Job:       answer GET on `path` (mode 0660) with the text of the metrics hook, in
 *            HTTP/1.0, one request a connection.
 * Ownership: owns the listener, the connections and the path: _free removes it. All
 *            calls handed to the hook must have been answered before.
 * Errors:    "metrics.socket". A client that is slow (2 s) or talks too much is
 *            dropped.
 * Limits:    SP_METRICS_CLIENTS_MAX connections; the next ones wait in the backlog.
 */
#pragma once

#include "daemon/warden/bus.h"

#define SP_METRICS_CLIENTS_MAX 8

typedef void (*sp_metrics_fn)(void *userdata, struct sp_bus_call *call);
struct sp_metrics_socket;
sp_must_check int sp_metrics_socket_new(struct sd_event *event, const char *path,
                                        sp_metrics_fn metrics, void *userdata,
                                        struct sp_metrics_socket **ret,
                                        struct sp_err *reterr);
struct sp_metrics_socket *sp_metrics_socket_free(struct sp_metrics_socket *s);
SP_DEFINE_CLEANUP(struct sp_metrics_socket *, sp_metrics_socket_free)
