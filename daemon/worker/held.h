/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/held — requests that wait for a person, after they were parked.
 *
 * Job:       claim an approval (once, by anybody), send the request that was approved, byte for
 *            byte but for the salt, keep what became of it. The worker that parked it does so when
 *            the decision comes; if that worker died, the next poll does.
 * Errors:    the callback gets 0 when the job is (being) run upstream, -EALREADY when somebody else
 *            claimed it, else why it cannot run.
 */
#pragma once

#include "daemon/worker/job.h"
#include "daemon/worker/worker.h"

typedef void (*sp_executed_fn)(void *userdata, int err, const struct sp_err *e);
sp_must_check int sp_held_execute(struct sp_worker *w, struct sp_str approval,
                                  struct sp_str session, struct sp_str salt,
                                  sp_executed_fn fn, void *userdata);

/* Remembers that this worker executes `approval` when it is decided. */
sp_must_check int sp_held_park(struct sp_worker *w, struct sp_str approval,
                               struct sp_str session, struct sp_str salt);

/* Calls fn once: when the approval is decided, or at the deadline. */
typedef void (*sp_decided_fn)(void *userdata);
sp_must_check int sp_held_wait(struct sp_worker *w, struct sp_str approval,
                               uint64_t deadline_us, sp_decided_fn fn, void *userdata);
/* The warden says so. */
void sp_held_decided(struct sp_worker *w, const struct sp_msg_approval_state *m);
/* Who waits is answered now, and asks again. */
void sp_held_drain(struct sp_worker *w);
void sp_held_done(struct sp_worker *w);
