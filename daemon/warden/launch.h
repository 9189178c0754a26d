/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/launch — one process of a role, and the channel to it.
 *
 * Job:       have it started, know it by the kernel's word when it says hello (base/ipc), kill it,
 *            and tell when it has ended. Two ways, chosen by the operator, never by guessing:
 *            fork   (warden/spawn) this program again, as a child with nothing that it does not need;
 *            units  (warden/unit) connect to a socket of systemd's, which starts a unit of its own for
 *                   the connection; the unit says user, name spaces and filters.
 * In:        the first three members. A role is its name: argument of the program, socket, unit.
 * Out:       pid and pidfd: of a fork from the start, of a unit from its hello; 0 and -1 before.
 * Ownership: of pidfd and a child's zombie; the channel belongs to the caller.
 * Errors:    "spawn.*". What says hello and is not what was started is never spoken to.
 */
#pragma once

#include <sys/types.h>

#include "daemon/base/err.h"
#include "daemon/base/log.h"

struct ucred;

struct sp_user {
        bool is_set; /* false: stay who we are, without capabilities (tests) */
        uid_t uid;
        gid_t gid;
};
/* An empty name gives an unset user. -ENOENT: no such user; -EPERM: it is root. */
sp_must_check int sp_user_find(struct sp_str name, struct sp_user *ret,
                               struct sp_err *reterr);

struct sp_launch {
        const char *role; /* "worker", "recorder" */
        struct sp_user user;
        const char *units_dir; /* runtime_dir: units; NULL: fork */

        pid_t pid;
        int pidfd; /* readable when it has ended */
        bool is_child; /* ours to wait for */
};
#define SP_LAUNCH(role_, user_, units_dir_)                                            \
        ((struct sp_launch){ .role = (role_),                                          \
                             .user = (user_),                                          \
                             .units_dir = (units_dir_),                                \
                             .pidfd = -1 })

/* *ret: our end of the channel, on which sp_launch_meet waits for the hello. */
sp_must_check int sp_launch_start(struct sp_launch *l, int *ret, struct sp_err *reterr);
/* 1: it is there, and what it should be; 0: not yet. */
sp_must_check int sp_launch_meet(struct sp_launch *l, int channel,
                                 struct sp_err *reterr);
void sp_launch_kill(const struct sp_launch *l); /* nothing, before there is a pid */
/* After it has ended: forgets it; writes how into `text`, where that is ours to know. */
void sp_launch_reap(struct sp_launch *l, char *text, size_t n);
/* Kills what runs, waits for its end, forgets it. */
void sp_launch_end(struct sp_launch *l);
