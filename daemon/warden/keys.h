/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/keys — the random keys of this host: one signs tokens, one keys masks.
 *
 * Job:       load `token.key` and `mask.key` from the state directory, or make them.
 * Ownership: the caller's struct; sp_keys_done wipes it.
 * Errors:    "file.*"; "keys.damaged" (-EINVAL) when a file has another length: it is
 * never replaced, because a new mask key changes every hashed value.
 */
#pragma once

#include "daemon/base/digest.h"
#include "daemon/base/err.h"

#define SP_KEY_LEN 32
struct sp_keys {
        uint8_t token[SP_KEY_LEN], mask[SP_KEY_LEN];
};

sp_must_check int sp_keys_load(struct sp_str state_dir, struct sp_keys *ret,
                               struct sp_err *reterr);
void sp_keys_done(struct sp_keys *k);
/* The key of hash masks for one session, hex: HMAC(mask key, session). */
sp_must_check int sp_keys_salt(const struct sp_keys *k, struct sp_str session,
                               char ret[SP_SHA256_HEX_LEN + 1]);
