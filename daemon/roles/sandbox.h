/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/sandbox — the system calls that a role may still make, and what it reaches by them.
 *
 * Job:    put the role into a Landlock domain (roles/landlock) and install a seccomp filter for
 *         good, on all threads. A call that is not listed fails with EPERM; those that only an
 *         intruder would make (exec, ptrace, mount, …) end the process.
 * Worker: TCP and UDP sockets, none that listen; files for reading only; Unix sockets for datagrams
 *         only (the journal), so that no bus and no other daemon is reached; bpf() for looking up a
 *         map element only; no executable memory; threads but no processes; signals to itself only.
 *         The name service is asked once before, so that its modules are in.
 * All: no socket on whose closing somebody else would have to wait; no address that others could
 *         send to.
 * Verifier: the same without listeners and without bpf.
 * Recorder: files below the state directory, no sockets but AF_UNIX datagrams, no bpf.
 * Errors: "sandbox.*"; the caller must not go on.
 */
#pragma once

#include "daemon/roles/landlock.h"

/* `ret_abi`: Landlock's version; 0: this kernel has none, files are guarded by their modes. */
sp_must_check int sp_sandbox_worker(const struct sp_reach *reach, int *ret_abi,
                                    struct sp_err *reterr);
sp_must_check int sp_sandbox_verifier(const struct sp_reach *reach, int *ret_abi,
                                      struct sp_err *reterr);
sp_must_check int sp_sandbox_recorder(const char *directory, int *ret_abi,
                                      struct sp_err *reterr);
