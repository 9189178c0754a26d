/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden — the root role: holds the guard, the listeners and every secret; starts and
 * watches the others; never parses agents' bytes.
 *
 * Job:    wire guard, keys, policy, approvals, bus and children to one sd-event loop.
 * Out:    sp_warden_main returns an exit status: 0 after SIGTERM, SIGINT; 1 when it
 * could not start or go on. Signal: HUP reloads policy and key sets. Fails:  closed.
 * The kernel programs stay pinned, the listeners are gone, so guarded connections are
 * refused until the next start.
 */
#pragma once

#include "daemon/base/log.h"

struct sp_warden_options {
        const char *config; /* path */
        enum sp_log_level log_level; /* for the children */
        bool has_units; /* roles are systemd's to start, else ours */
        bool no_bus; /* without D-Bus: nothing can be approved (tests) */
};

int sp_warden_main(const struct sp_warden_options *o);
/* Reads configuration and policy as a start would; prints what is wrong. */
int sp_warden_check(const struct sp_warden_options *o);
/* Attaches and pins the guard, and ends: at boot, before any workload. A daemon that runs already
 * has done so. */
int sp_warden_install(const struct sp_warden_options *o);
/* Detaches and unpins the guard. Guarded processes are free afterwards. */
int sp_warden_uninstall(const struct sp_warden_options *o);
