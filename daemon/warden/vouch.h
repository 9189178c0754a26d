/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/vouch — an ID token that a worker passed on, until the verifier has said whose it is.
 *
 * Job:       hand the bytes on, unread; give a token for the person that comes back. A worker has one
 *            under way at a time, and never names a person itself.
 * Ownership: what is under way hangs off its worker; it is gone when it was answered, was late, or
 *            the worker has ended. The verifier's answer finds nobody then.
 * Errors:    the verifier's own ("identity.*", those of google/oidc); "identity.busy",
 *            "identity.verifier": there is none, or it ended; "identity.verifier-late".
 * Spec:      docs/decisions/0013-who-vouches-for-a-person.md
 */
#pragma once

#include "daemon/warden/state.h"

#define SP_VOUCH_US (20 * SP_USEC_PER_SEC) /* keys may have to be fetched */

/* 0: the question `id` of `k` will be answered, from `from`, later. */
sp_must_check int sp_vouch_ask(struct sp_warden *w, struct sp_warden_worker *k,
                               uint64_t id, struct sp_str token,
                               const struct sp_origin *from, struct sp_err *reterr);
void sp_vouch_forget(struct sp_warden_worker *k); /* it has ended */
void sp_vouch_tick(struct sp_warden *w, uint64_t now_us); /* refuses what is late */
