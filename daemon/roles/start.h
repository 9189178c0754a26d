/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/start — what a process of a role does before anything else, whoever started it.
 *
 * Job:    give away what it does not need: capabilities, new privileges, variables, core files,
 *         limits that are too wide; then tell the warden that it is there, and be told which one of
 *         its role it is. What needs root is the starter's: user, bounding set, descriptors.
 * In:     SP_ROLE_CHANNEL, a SOCK_SEQPACKET socket whose other end is the warden's.
 * Out:    the first message. The channel is non-blocking and close-on-exec then.
 * Errors: "start.*", and the caller must end: it never runs with more than it should have.
 */
#pragma once

#include "daemon/base/err.h"
#include "daemon/roles/messages.h"

/* Also the first descriptor that systemd passes (SD_LISTEN_FDS_START). */
#define SP_ROLE_CHANNEL 3

/* Part of it. A starter calls it too, where it makes the environment: what a process was given
 * stays to be read in /proc. */
sp_must_check int sp_role_clean_environment(void);
/* `writes_files`: its files may grow; else none over a gigabyte, memory files among them. */
sp_must_check int sp_role_start(bool writes_files, struct sp_msg_begin *ret,
                                struct sp_err *reterr);
