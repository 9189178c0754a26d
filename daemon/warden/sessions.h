/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/sessions — who is at work: one entry per guarded cgroup instance and person.
 *
 * Job:       give (guard id, issuer, subject) a session id that lasts until it is idle
 *            for limits.session_idle or its cgroup is gone.
 * Ownership: the table owns its copies; a returned id lives in the entry until the next
 *            call that may end sessions (get, tick).
 * Errors:    -ENOSPC when SP_SESSIONS_MAX are live and none is idle.
 * Time:      the caller's: monotonic microseconds.
 */
#pragma once

#include "daemon/base/clock.h"

#define SP_SESSIONS_MAX 4096

struct sp_session_key {
        uint64_t guard_id;
        struct sp_str iss, sub; /* both empty: nobody in particular */
};

struct sp_sessions;
sp_must_check int sp_sessions_new(uint64_t idle_us, struct sp_sessions **ret);
struct sp_sessions *sp_sessions_free(struct sp_sessions *t);
SP_DEFINE_CLEANUP(struct sp_sessions *, sp_sessions_free)

/* The live session of `key`, made when there is none: with the id `resume` if that is
 * given (a token from before a restart), else a new one. Marks it used. */
sp_must_check int sp_sessions_get(struct sp_sessions *t,
                                  const struct sp_session_key *key,
                                  struct sp_str resume, uint64_t now_us,
                                  const struct sp_ulid **ret);
/* Ends idle sessions, and those whose guard is gone when `is_live` says so. */
void sp_sessions_tick(struct sp_sessions *t, uint64_t now_us,
                      bool (*is_live)(void *userdata, uint64_t guard_id),
                      void *userdata);
size_t sp_sessions_count(const struct sp_sessions *t);
