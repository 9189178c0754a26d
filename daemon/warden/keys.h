/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/keys — the random keys of this host: one signs tokens, others key masks.
 *
 * Job:       load `token.key`, `mask.key` and its successors `mask.key.MILLISECONDS` from the
 *            state directory, or make the first ones; make a new mask key.
 * How:       a session uses the mask key that was the newest when it began, which its id (a ULID)
 *            tells: nothing has to be kept with the session, and a session of long ago has
 *            the key that it had. An empty file is a key that was thrown away on purpose.
 * Ownership: the caller's struct; sp_keys_done wipes it.
 * Errors:    "file.*"; "keys.damaged" (-EINVAL) when a file has another length: it is
 *            never replaced, because another mask key changes every hashed value;
 *            "keys.too-many", "keys.clock", "keys.gone", "keys.session".
 * Spec:      docs/decisions/0007-session-salts.md, 0012-mask-key-generations.md
 */
#pragma once

#include "daemon/base/digest.h"
#include "daemon/base/err.h"

#define SP_KEY_LEN 32
#define SP_MASK_KEYS_MAX 128

struct sp_mask_key {
        uint64_t from_ms; /* sessions from then on use it; 0: the first key */
        uint8_t key[SP_KEY_LEN];
        bool is_gone;
};
struct sp_keys {
        uint8_t token[SP_KEY_LEN];
        struct sp_mask_key mask[SP_MASK_KEYS_MAX]; /* oldest first; one at least */
        size_t n_mask;
        uint64_t first_ms; /* when the first one was made, by its file */
};

sp_must_check int sp_keys_load(struct sp_str state_dir, struct sp_keys *ret,
                               struct sp_err *reterr);
void sp_keys_done(struct sp_keys *k);
/* A new mask key, on disk before it is used: for sessions that begin after `now_ms`. */
sp_must_check int sp_keys_rotate(struct sp_keys *k, struct sp_str state_dir,
                                 uint64_t now_ms, struct sp_err *reterr);
/* The key of masks for one session, hex: HMAC(its mask key, session). -ENOKEY "keys.gone",
 * -EINVAL "keys.session": not the id of a session. */
sp_must_check int sp_keys_salt(const struct sp_keys *k, struct sp_str session,
                               char ret[SP_SHA256_HEX_LEN + 1], struct sp_err *reterr);
