/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/guard_path — cgroup paths and the patterns that match them.
 *
 * Job:    find the cgroup v2 mount, the cgroup of a process, check and normalise a
 *         pattern, match it. The matcher gives the same answer as bpf/tags.
 * Form:   "/a.slice/b": from the v2 root, no empty, "." or ".." components, none at the
 *         end. `*` and `?` stay within a component; every other byte is itself (systemd
 *         escapes with backslashes, so none of those here).
 * Errors: -EINVAL, -ENAMETOOLONG with id "guard.pattern"; -ENOENT "guard.no-cgroup2".
 */
#pragma once

#include <limits.h>
#include <sys/types.h>

#include "daemon/base/err.h"
#include "include/sallyport/bpf_abi.h"

sp_must_check int sp_guard_path_mount(char ret[PATH_MAX], struct sp_err *reterr);
/* The same from a given mountinfo text. -ENOENT: no cgroup2 with its root mounted. */
sp_must_check int sp_guard_path_mount_in(const char *mountinfo, char ret[PATH_MAX]);
/* The "0::" line of /proc/PID/cgroup; pid 0: our own. */
sp_must_check int sp_guard_path_of_pid(pid_t pid, char ret[PATH_MAX]);

sp_must_check int sp_guard_path_pattern(struct sp_str path, struct sp_tag_key *ret,
                                        struct sp_err *reterr);
bool sp_guard_path_match(const char *pattern, const char *path);
unsigned sp_guard_path_depth(const char *path); /* components */
/* Is `path` inside directory `top` ("/" or "/a/b"), and not `top` itself? */
bool sp_guard_path_is_below(const char *path, const char *top);
/* Higher is more specific; `serial` makes scores unique, earlier ones win. */
uint64_t sp_guard_path_score(const char *pattern, uint32_t serial);
