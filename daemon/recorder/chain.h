/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder/chain — the bytes of a stored record, and what ties it to the one before.
 *
 * Job:    encode and decode a record's value; compute its hash; read and write the
 *         chain-head file, which names the newest record outside the database, so that
 *         records cut off at the end are missed.
 * Format: value = version (1), wall_us (8, big endian), previous hash (32), own hash
 *         (32), JSON. hash = SHA-256(previous ‖ sequence ‖ wall_us ‖ JSON), numbers as
 *         8 bytes big endian. Version 2, with a body: before the JSON file (4), place (8), length
 *         (8) and SHA-256 (32) of the body, and hash = SHA-256(previous ‖ sequence ‖ wall_us ‖
 *         length ‖ SHA-256 of the body ‖ JSON): a length begins with a zero byte, JSON does not.
 *         chain-head: "%020u <hash in hex>\n".
 * Errors: -EBADMSG: not this format.
 */
#pragma once

#include "daemon/base/digest.h"
#include "daemon/recorder/store.h"

#define SP_CHAIN_VERSION 1
#define SP_CHAIN_VERSION_BODY 2
#define SP_CHAIN_PREFIX (1 + 8 + 2 * SP_SHA256_LEN)
#define SP_CHAIN_BODY (4 + 8 + 8 + SP_SHA256_LEN)
#define SP_CHAIN_PREFIX_MAX (SP_CHAIN_PREFIX + SP_CHAIN_BODY)
#define SP_CHAIN_BODY_MAX (UINT64_C(1) << 48) /* so a length begins with a zero byte */
#define SP_CHAIN_HEAD_FILE "chain-head"

static inline void sp_put_be64(char *to, uint64_t v)
{
        for (int i = 7; i >= 0; i--, v >>= 8)
                to[i] = (char)(v & 0xFF);
}

static inline uint64_t sp_get_be64(const char *p)
{
        uint64_t v = 0;

        for (int i = 0; i < 8; i++)
                v = v << 8 | (unsigned char)p[i];
        return v;
}

static inline void sp_put_be32(char *to, uint32_t v)
{
        for (int i = 3; i >= 0; i--, v >>= 8)
                to[i] = (char)(v & 0xFF);
}

static inline uint32_t sp_get_be32(const char *p)
{
        uint32_t v = 0;

        for (int i = 0; i < 4; i++)
                v = v << 8 | (unsigned char)p[i];
        return v;
}

struct sp_chain_head {
        uint64_t seq; /* 0: no record yet */
        uint8_t hash[SP_SHA256_LEN];
};

/* Of everything in `r` but its own hash. */
sp_must_check int sp_chain_hash(const struct sp_store_record *r,
                                uint8_t ret[SP_SHA256_LEN]);
/* Writes the bytes that go before the JSON, and returns how many. */
size_t sp_chain_encode(const struct sp_store_record *r, char to[SP_CHAIN_PREFIX_MAX]);
sp_must_check int sp_chain_decode(uint64_t seq, struct sp_str value,
                                  struct sp_store_record *ret);

/* -ENOENT: no file. */
sp_must_check int sp_chain_head_read(const char *dir, struct sp_chain_head *ret);
sp_must_check int sp_chain_head_open(const char *dir,
                                     int *ret); /* creates it, empty chain */
/* No fsync: it may lag behind the database after a power cut, but never leads it. */
sp_must_check int sp_chain_head_write(int fd, const struct sp_chain_head *h);
