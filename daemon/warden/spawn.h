/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/spawn — start this binary again in another role, with nothing that it does not
 * need.
 *
 * Job:    fork, give away root (user, groups, capabilities, new privileges), close all
 *         descriptors but the channel (3) and the standard ones, clean the environment,
 * exec. Errors: -errno "spawn.*". What fails in the new process ends it with status 127
 * and a line on stderr: it never runs with more than it should have.
 */
#pragma once

#include <sys/types.h>

#include "daemon/base/err.h"
#include "daemon/base/log.h"

struct sp_user {
        bool is_set; /* false: stay who we are, without capabilities (tests) */
        uid_t uid;
        gid_t gid;
};
/* An empty name gives an unset user. -ENOENT: no such user; -EPERM: it is root. */
sp_must_check int sp_user_find(struct sp_str name, struct sp_user *ret,
                               struct sp_err *reterr);

struct sp_spawn {
        const char *role; /* "worker", "recorder" */
        unsigned index;
        const char *log_level;
        struct sp_user user;
        int channel; /* becomes descriptor 3 */
};
sp_must_check int sp_spawn(const struct sp_spawn *s, pid_t *ret, struct sp_err *reterr);
