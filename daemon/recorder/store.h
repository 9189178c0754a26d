/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder/store — records and small durable facts in RocksDB.
 *
 * Job:       append records to a hash chain, synced, in batches; keep and recall facts
 *            with an expiry; read them again in order, also from another process, read
 *            only.
 * Shape:     column families: "records" (key: 8 bytes big-endian sequence number, from
 *            1), "sessions" (session ULID + sequence → empty), "facts" (space \0 key →
 *            expiry + value). A record's value: {u8 version, u64 wall_us, 32 bytes
 *            previous hash, 32 bytes own hash, JSON}. hash = SHA-256(previous ‖
 *            sequence ‖ wall_us ‖ JSON). One with a long body (bodies.h) has its place,
 *            length and digest before the JSON, and the hash covers the last two.
 * Ownership: the store owns the database; iterators borrow it.
 * Errors:    -ENOSPC: below the free-space floor or the disk is full, nothing was
 *            written; -EIO: RocksDB failed (reterr says what); -ENOENT: no such fact.
 * Threads:   one writer at a time; bodies and recall may run beside it.
 * Witness:   the file chain-head beside the database names the newest record, so that a
 *            database cut off at the end is noticed: "store.truncated".
 * Recovery:  after a failed commit the next sp_store_batch_new reopens the database.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/base/err.h"

struct sp_store;
struct sp_store_options {
        uint64_t free_min_bytes; /* refuse below */
        bool read_only;
        bool for_audit; /* with read_only: open what is left of a damaged store, so that
                           verify can name the first bad record */
};
sp_must_check int sp_store_open(const char *dir, const struct sp_store_options *o,
                                struct sp_store **ret, struct sp_err *reterr);
struct sp_store *sp_store_close(struct sp_store *s);
SP_DEFINE_CLEANUP(struct sp_store *, sp_store_close)

/* The newest record: its number (0: none yet) and hash. Of the writer's own thread. */
void sp_store_head(const struct sp_store *s, uint64_t *ret_seq, uint8_t ret_hash[32]);

/* Where a body is. `bytes` 0: the record has none. */
struct sp_store_body {
        uint32_t file;
        uint64_t at, bytes;
        uint8_t sha256[32];
};
/* Long bodies, bodies.h. All of them from one thread, which may be another than the batches'. Put some, sync,
 * and then append the records that name them. After a failed sync none is there of those put since the last. */
sp_must_check int sp_store_put_body(struct sp_store *s, int from, uint64_t bytes,
                                    struct sp_store_body *ret, struct sp_err *reterr);
sp_must_check int sp_store_sync_bodies(struct sp_store *s, struct sp_err *reterr);

/* One write: gather appends and keeps, then commit (one fsync). Nothing is visible, and
 * no sequence number is used up, until commit returns 0. */
struct sp_store_batch;
sp_must_check int sp_store_batch_new(struct sp_store *s, struct sp_store_batch **ret,
                                     struct sp_err *reterr);
struct sp_store_batch *sp_store_batch_free(struct sp_store_batch *b);
SP_DEFINE_CLEANUP(struct sp_store_batch *, sp_store_batch_free)
/* `session` may be empty; at most 64 bytes. */
sp_must_check int sp_store_append(struct sp_store_batch *b, struct sp_str session,
                                  struct sp_str json, uint64_t *ret_seq);
/* With a body that was put, and synced. */
sp_must_check int sp_store_append_body(struct sp_store_batch *b, struct sp_str session,
                                       struct sp_str json,
                                       const struct sp_store_body *body,
                                       uint64_t *ret_seq);
sp_must_check int sp_store_keep(struct sp_store_batch *b, struct sp_str space,
                                struct sp_str key, struct sp_str value,
                                uint64_t expires_s); /* Unix time; 0: never */
sp_must_check int sp_store_commit(struct sp_store_batch *b, struct sp_err *reterr);
/* Writes nothing of interest, synced: 0 when records could be written. Reopens if
 * needed. */
sp_must_check int sp_store_probe(struct sp_store *s, struct sp_err *reterr);
sp_must_check int sp_store_recall(struct sp_store *s, struct sp_str space,
                                  struct sp_str key, struct sp_buf *ret);

/* For the parsed JSON of a record: whoever reads has as much as the recorder, which checks it. */
#define SP_RECORD_ARENA_BYTES (64u << 20)
struct sp_store_record {
        uint64_t seq, wall_us;
        struct sp_str json; /* without the body */
        struct sp_store_body body;
        uint8_t previous[32], hash[32];
};
/* The record as people and programs read it: its JSON, with the body in it as a member. Where the
 * body is not what was recorded, member "body_lost" says so. *ret is r->json or in `room`. */
sp_must_check int sp_store_text(struct sp_store *s, const struct sp_store_record *r,
                                struct sp_buf *room, struct sp_str *ret);
/* Calls `fn` for each record, in order; of one session if not empty. fn returning
 * non-zero ends the walk with that value. */
typedef int (*sp_store_walk_fn)(void *userdata, const struct sp_store_record *r);
sp_must_check int sp_store_walk(struct sp_store *s, struct sp_str session,
                                uint64_t from_seq, sp_store_walk_fn fn, void *userdata,
                                struct sp_err *reterr);
/* Walks the whole chain and recomputes it. 0: intact, *ret_count records. -EBADMSG:
 * broken, reterr names the sequence number and what does not match. */
sp_must_check int sp_store_verify(struct sp_store *s, uint64_t *ret_count,
                                  struct sp_err *reterr);
