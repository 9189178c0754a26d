/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/joblist — whose are the jobs of a jobs.list answer?
 *
 * Job:       ask the recorder about each job that the upstream names, and keep what is known of those
 *            that the asker owns. BigQuery sees one user behind the gateway, so its list is everybody's.
 * Ownership: the list belongs to the caller and outlasts the callback; strings in the arena given.
 * Errors:    -EBADMSG: the answer is no list of jobs; what sp_link_ask says, or the recorder.
 */
#pragma once

#include "daemon/google/answer.h"
#include "daemon/worker/job.h"
#include "daemon/worker/worker.h"

typedef void (*sp_joblist_fn)(void *userdata, int err);

struct sp_joblist {
        struct sp_job jobs[SP_CALL_LIST_JOBS_MAX]; /* the asker's own */
        size_t n;
        /* state */
        struct sp_worker *w;
        struct sp_arena *arena;
        const struct sp_principal *who;
        const struct sp_job
                *parent; /* its children are asked for: theirs is its owner */
        const struct sp_json *at; /* the item in question */
        size_t asked;
        sp_joblist_fn fn;
        void *userdata;
};

/* `parent` NULL, or a job that the asker owns. Calls back once, never from within, unless it returns an error. 1: nothing to ask, and no
 * call back. */
sp_must_check int sp_joblist_ask(struct sp_joblist *l, struct sp_worker *w,
                                 struct sp_arena *a, const struct sp_principal *who,
                                 const struct sp_job *parent, struct sp_str body,
                                 sp_joblist_fn fn, void *userdata);
/* A sp_answer_own_fn; userdata is the list. */
bool sp_joblist_own(void *userdata, struct sp_str job, struct sp_str location,
                    struct sp_answer_own *ret);
