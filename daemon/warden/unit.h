/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/unit — a role as a systemd unit of its own.
 *
 * Job:    connect to DIRECTORY/ROLE, where systemd listens (sallyport-ROLE.socket) and starts an
 *         instance of sallyport-ROLE@.service for each connection; then see that who says hello is
 *         that unit: beside our own in the cgroup tree, of the user it should have, without
 *         capabilities to come, under a filter, running the program that we run.
 * Errors: "spawn.socket", "spawn.unit", "spawn.program". A unit that was loosened by hand is told
 *         nothing.
 * Spec:   systemd.socket(5) Accept=, docs/decisions/0017
 */
#pragma once

#include "daemon/warden/launch.h"

#define SP_UNIT_ROLES "roles" /* below runtime_dir */

/* *ret: the connection, from systemd's listener and nobody else's. */
sp_must_check int sp_unit_start(const struct sp_launch *l, int *ret,
                                struct sp_err *reterr);
/* Fills in pid and pidfd when it is what it should be. */
sp_must_check int sp_unit_check(struct sp_launch *l, const struct ucred *who,
                                struct sp_err *reterr);

/* Its parts, which need no systemd. `own`: our cgroup; `path`: of the process. */
bool sp_unit_is_beside(const char *own, const char *path, const char *role);
/* `status`: /proc/PID/status. What a role's unit must not give; NULL: nothing of that. */
const char *sp_unit_excess(struct sp_str status);
