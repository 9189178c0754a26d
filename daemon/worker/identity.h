/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/identity — who is behind a request, as the warden says, remembered for a while.
 *
 * Job:       {guarded cgroup, bearer token} → workload, session, person, salt. The warden is
 *            shown the client's socket; what it said holds for others of the same cgroup, too.
 * Ownership: the identity given to the callback lives only during it; copy with
 *            sp_identity_copy.
 * Errors:    as the warden answers: -ENOENT the cgroup is not guarded (any more), -EPIPE.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/policy/policy.h"
#include "daemon/roles/links.h"

#define SP_IDENTITIES_MAX 4096

struct sp_identity {
        struct sp_principal who;
        struct sp_str session, salt;
        bool token_is_ours, token_is_valid;
};

struct sp_identity_entry;
struct sp_identities {
        struct sp_identity_entry *entries;
        size_t count;
};

typedef void (*sp_identified_fn)(void *userdata, const struct sp_identity *id,
                                 const struct sp_err *e);
sp_must_check int sp_identify(struct sp_identities *all, struct sp_link *warden,
                              uint64_t guard_id, int socket_fd, struct sp_str token,
                              sp_identified_fn fn, void *userdata);
void sp_identities_clear(struct sp_identities *all);
sp_must_check int sp_identity_copy(struct sp_arena *a, const struct sp_identity *from,
                                   struct sp_identity *to);
