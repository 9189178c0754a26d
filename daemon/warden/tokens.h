/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/tokens — the bearer tokens that guarded clients get instead of a credential.
 *
 * Job:       make and check `spt1.<payload>.<HMAC-SHA-256>`, base64url. Stateless: a
 *            token outlives a restart of the warden, and is worthless outside the
 * guarded cgroup (guard id) that it names. Ownership: decoded strings are in the arena.
 * Errors:    read: -EACCES: not one of ours (any form, or a wrong MAC). A token of ours
 *            that is expired or of another cgroup reads well: the caller compares.
 * Limits:    4 KiB of token.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/warden/keys.h"

#define SP_TOKEN_MAX 4096

struct sp_token {
        uint64_t guard_id, cgroup_id; /* cgroup_id: who asked first; not checked */
        uint64_t issued_s, expires_s; /* Unix time */
        struct sp_str session; /* ULID */
        struct sp_str iss, sub, email, groups; /* groups: joined by '\n' */
};

/* -E2BIG when the person's fields do not fit. */
sp_must_check int sp_token_write(const struct sp_keys *k, const struct sp_token *t,
                                 struct sp_buf *to);
sp_must_check int sp_token_read(const struct sp_keys *k, struct sp_arena *a,
                                struct sp_str text, struct sp_token *ret);
