/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/spawn — start this binary again in another role, with nothing that it does not
 * need.
 *
 * Job:    fork, give away root (user, groups, capabilities, new privileges), close all
 *         descriptors but the channel (SP_ROLE_CHANNEL) and the standard ones, exec. The
 *         rest is the role's own (roles/start).
 * Errors: -errno "spawn.*". What fails in the new process ends it with status 127 and a
 *         line on stderr: it never runs with more than it should have.
 */
#pragma once

#include "daemon/warden/launch.h"

/* Fills in pid and pidfd. `channel` becomes the new process's; the caller closes its own. */
sp_must_check int sp_spawn(struct sp_launch *l, int channel, struct sp_err *reterr);
