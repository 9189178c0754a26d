/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles/sandbox — the system calls that a role may still make, and what it reaches by them.
 *
 * Job:    put the role into a Landlock domain (roles/landlock) and install a seccomp filter for
 *         good, on all threads. A call that is not listed fails with EPERM; those that only an
 *         intruder would make (exec, ptrace, mount, …) end the process.
 * Worker: TCP and UDP sockets, none that listen; files for reading only; bpf() for looking up a
 *         map element only; no executable memory; threads but no processes; signals to itself only.
 *         The name service is asked once before, so that its modules are in.
 * All: no socket on whose closing somebody else would have to wait. No Unix socket that reaches or
 *         is reached by another process, only what the role was started with and pairs that are
 *         connected for good: so no bus, no other daemon, and nobody to exchange descriptors with.
 *         Whoever receives one of a file system in user space waits for that when it closes it, or
 *         even dies: no check after recvmsg() helps the warden, so no role may come to have one.
 *         Log lines go to stderr (base/log).
 * Verifier: the same without listeners and without bpf.
 * Recorder: files below the state directory, no sockets, no bpf.
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
