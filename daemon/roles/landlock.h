/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/landlock — the files and TCP ports that a role can still reach.
 *
 * Job:    a Landlock domain for the calling thread and those that it starts. What the kernel does
 *         not know yet (TCP ports: 6.7; signals and abstract sockets: 6.12) is left out.
 * Worker: reads what the resolver and the trust store need, and writes nowhere; connects to the
 *         TCP ports given. Recorder: the state directory and nothing else; no TCP.
 * Errors: "sandbox.landlock"; the caller must not go on. A kernel without Landlock is no error:
 *         *ret_abi is 0 then, and the filter of system calls and the user are what holds.
 * Spec:   Documentation/userspace-api/landlock.rst
 */
#pragma once

#include "daemon/base/err.h"

struct sp_reach {
        const char *directory; /* written below it; NULL: nowhere */
        const char *ca_file; /* read; NULL: the system's only */
        const uint16_t *ports; /* TCP, connecting */
        size_t n_ports;
        bool is_any_port;
        bool reads_system; /* /etc and the like */
};

sp_must_check int sp_landlock(const struct sp_reach *reach, int *ret_abi,
                              struct sp_err *reterr);
