/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/keep — ownership facts, written before the client learns of what it owns.
 *
 * Job:       keep a job's fact, and that of its result table, with the recorder; call back once
 *            when all of it is on stable storage.
 */
#pragma once

#include "daemon/worker/job.h"
#include "daemon/worker/worker.h"

typedef void (*sp_kept_fn)(void *userdata, int err);
/* `table` ("p.d.t") may be empty. Fails before anything was sent, or calls back. */
sp_must_check int sp_keep_job(struct sp_worker *w, const struct sp_job *j,
                              struct sp_str table, sp_kept_fn fn, void *userdata);
/* The same of a job that waits for a person: for as long as that may take. */
sp_must_check int sp_keep_waiting(struct sp_worker *w, const struct sp_job *j,
                                  sp_kept_fn fn, void *userdata);
sp_must_check int sp_keep_held(struct sp_worker *w, const struct sp_held *h,
                               sp_kept_fn fn, void *userdata);
/* From a job resource: its id, location, kind and anonymous result table, into `j`. *ret_table
 * is empty when the job writes to a table that has an owner of its own. */
sp_must_check int sp_keep_read_resource(struct sp_arena *a, struct sp_str body,
                                        struct sp_job *j, struct sp_str *ret_table);
/* The table alone. -ENOMEM. */
sp_must_check int sp_keep_read_table(struct sp_arena *a, const struct sp_json *resource,
                                     struct sp_str *ret);
/* The same from a jobReference object. */
sp_must_check int sp_keep_read_reference(struct sp_arena *a, struct sp_str json,
                                         struct sp_job *j);
