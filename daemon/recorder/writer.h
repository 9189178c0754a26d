/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder/writer — the threads that write: what waits becomes one synced batch.
 *
 * Job:       take jobs in from the loop, write them in batches, give them back done.
 *            Opens the store, and opens it again every second while it cannot write. Long
 *            bodies are hashed and written by a second thread, before their records: a request
 *            does not wait while another's answer is kept.
 * Ownership: a job belongs to the writer from sp_writer_put until sp_writer_take
 *            returns it; the caller frees it with sp_job_free.
 * Errors:    in the job: `result` and `err`. Jobs are never lost. Those without a body are
 *            written in their order, and so are those with one; not one kind to the other.
 * Threads:   all functions are for the loop's thread; `event_fd` is readable when
 *            sp_writer_take has something.
 */
#pragma once

#include <pthread.h>

#include "daemon/recorder/store.h"
#include "daemon/roles/messages.h"

#define SP_WRITER_BATCH_BYTES (4u << 20)
#define SP_WRITER_BATCH_JOBS 1024
#define SP_WRITER_QUEUE_BYTES (64u << 20)

struct sp_job {
        struct sp_job *next;
        uint64_t channel, id; /* where the answer goes; id 0: none wanted */
        struct sp_str record, session; /* empty: no record */
        int body; /* of the record: a descriptor, owned; -1: none, or none any more */
        uint64_t body_bytes; /* 0: none */
        struct sp_store_body where; /* once it is written */
        struct sp_msg_keep keep; /* space empty: nothing to keep */
        uint64_t queued_us;
        uint64_t seq; /* of the record, when result is 0 */
        int result;
        struct sp_err err;
        char bytes[]; /* what the strings above point into */
};
/* Copies the strings. NULL: no memory. */
struct sp_job *sp_job_new(struct sp_str record, struct sp_str session,
                          const struct sp_msg_keep *keep);
void sp_job_free(struct sp_job *j);

struct sp_writer_stats {
        uint64_t records, facts, bytes, batches, failures;
        uint64_t last_batch_jobs, last_commit_us, longest_commit_us, waiting_jobs;
        uint64_t waiting_bytes, oldest_us; /* when the oldest waiting job was queued */
        bool was_tried; /* the store was opened, or could not be */
        struct sp_err state; /* code 0: it can write */
        struct {
                uint64_t seq;
                uint8_t hash[32];
        } head;
};

struct sp_writer;
sp_must_check int sp_writer_new(const char *dir, const struct sp_store_options *o,
                                struct sp_writer **ret, struct sp_err *reterr);
/* Writes what waits, then stops. */
struct sp_writer *sp_writer_free(struct sp_writer *w);
SP_DEFINE_CLEANUP(struct sp_writer *, sp_writer_free)
int sp_writer_event_fd(const struct sp_writer *w);
/* -ENOBUFS: too much waits already; the caller keeps the job. */
sp_must_check int sp_writer_put(struct sp_writer *w, struct sp_job *j);
struct sp_job *
sp_writer_take(struct sp_writer *w); /* a list, oldest first; NULL: none */
void sp_writer_stats(struct sp_writer *w, struct sp_writer_stats *ret);
/* NULL until it was opened for the first time; then the same for ever. For recall. */
struct sp_store *sp_writer_store(struct sp_writer *w);
