/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/job — what the daemon knows about a BigQuery job that went through it.
 *
 * Job:       the owner of a job id, the agent's own SQL, and the approval it waits for; kept by
 *            the recorder (space "job", key "project:id") as one JSON object.
 * Ownership: strings in the arena given.
 * Errors:    -EBADMSG: unreadable fact.
 */
#pragma once

#include "daemon/base/arena.h"
#include "daemon/base/buf.h"
#include "daemon/google/answer.h"
#include "daemon/policy/policy.h"

#define SP_JOB_SPACE "job"
#define SP_TABLE_SPACE "table" /* result tables: key "p.d.t", value: a job */
#define SP_HELD_SPACE "held" /* key: approval id; value: struct sp_held */
#define SP_REQUEST_SPACE "request" /* key "session:requestId", value: job key */
/* Of a request that waits for a person, longer than any approval may; the setting
 * records.jobs_kept counts from when it is sent. */
#define SP_HELD_LIFETIME_S (180 * 24 * 3600)

struct sp_job {
        struct sp_str project, id, location;
        struct sp_str workload, iss, sub; /* the owner */
        struct sp_str session, exchange;
        struct sp_str sql; /* the agent's own text */
        struct sp_str kind; /* "SELECT", … */
        bool is_rewritten;
        struct sp_str tables; /* that the text names, a line each; p NULL: not known */
        struct sp_str places; /* for positions in messages: mask/places */
        struct sp_str
                outputs; /* the answer's columns (mask/outputs); empty: not known */
        struct sp_str approval, request_hash; /* approval empty: was sent */
        struct sp_str failure; /* it was approved, and sending it failed: why */
        uint64_t created_ms;
};

sp_must_check int sp_job_write(const struct sp_job *j, struct sp_buf *to);
sp_must_check int sp_job_read(struct sp_arena *a, struct sp_str json,
                              struct sp_job *ret);
bool sp_job_is_owner(const struct sp_job *j, const struct sp_principal *who);
/* What of an upstream answer about it its owner may see. */
struct sp_answer_own sp_job_own(const struct sp_job *j);
struct sp_str sp_job_key(struct sp_arena *a, struct sp_str project, struct sp_str id);

/* A request that waits for a person: enough to send it later, by any worker. */
struct sp_held {
        struct sp_str job_key, approval, request_hash;
        struct sp_str method, host, path_and_query, body;
        uint64_t salt_at; /* offset of the salt's place in `body`; UINT64_MAX: none */
        struct sp_str session, exchange, workload;
};
sp_must_check int sp_held_write(const struct sp_held *h, struct sp_buf *to);
sp_must_check int sp_held_read(struct sp_str value, struct sp_held *ret); /* borrows */
