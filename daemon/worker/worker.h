/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker — one worker process: what hangs off its one struct, and its life.
 *
 * Job:       wire the front (client side), the flow (product), the upstream (Google side) and
 *            the links to warden and recorder to one libuv loop.
 * Ownership: struct sp_worker owns everything below it; modules borrow it.
 */
#pragma once

#include "daemon/policy/policy.h"
#include "daemon/roles/links.h"
#include "daemon/roles/settings.h"
#include "daemon/roles/upstream.h"
#include "daemon/worker/access.h"
#include "daemon/worker/conn.h"
#include "daemon/worker/identity.h"
#include "daemon/worker/metrics.h"
#include "daemon/worker/schemas.h"
#include "daemon/worker/server_truth.h"
#include "daemon/worker/sign_in.h"

struct sp_held_parked;
struct sp_held_waiter;
struct sp_bill;
struct sp_worker {
        uv_loop_t loop;
        unsigned index;
        struct sp_arena settings_arena;
        struct sp_settings settings;
        bool has_settings;
        struct sp_policy *policy;
        struct sp_link warden, recorder;
        struct sp_front *front;
        struct sp_upstream *upstream;
        struct sp_access_tokens access;
        struct sp_identities identities;
        struct sp_sign_ins sign_ins;
        struct sp_schemas schemas;
        struct sp_truths truths;
        struct sp_metrics metrics;
        uint64_t connection_records_from_us,
                connection_records; /* of the running second */
        uint64_t answers_seen; /* with rows, in observe mode: one of some is sampled */
        struct sp_held_waiter *waiters; /* polls that wait for a decision */
        struct sp_held_parked *parked; /* requests this worker sends once approved */
        struct sp_bill *bills; /* of jobs that are not done */
        uv_timer_t bill_timer; /* data NULL: not made yet */
        bool is_draining; /* ends when its last exchange has */
        int exit_code;
};

/* Runs until the warden's channel closes. Returns the exit status. */
int sp_worker_main(int warden_fd, unsigned index);
