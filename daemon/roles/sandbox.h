/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/sandbox — the system calls that a role may still make.
 *
 * Job:    install a seccomp filter for good, on all threads. A call that is not listed
 * fails with EPERM; those that only an intruder would make (exec, ptrace, mount, …) end
 *         the process.
 * Worker: sockets (no raw ones), files for reading only (the resolver and the trust
 * store need them), bpf() for looking up a map element only, no executable memory,
 * threads but no processes. The name service is asked once before, so that its modules
 * are in. Recorder: files, no sockets but AF_UNIX ones (the journal), no bpf. Errors:
 * "sandbox.*"; the caller must not go on.
 */
#pragma once

#include "daemon/base/err.h"

sp_must_check int sp_sandbox_worker(struct sp_err *reterr);
sp_must_check int sp_sandbox_recorder(struct sp_err *reterr);
