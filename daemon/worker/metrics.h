/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/metrics — this worker's counters, in Prometheus text on request.
 *
 * Job:  plain numbers that only this process writes; the warden adds the labels and
 *       the sums are Prometheus' business.
 * Spec: Prometheus text exposition format 0.0.4.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/policy/policy.h"
#include "daemon/worker/conn.h"

/* Upper bounds in microseconds of the latency histograms; the last is +Inf. */
#define SP_LATENCY_BUCKETS 12
struct sp_latency {
        uint64_t buckets[SP_LATENCY_BUCKETS], sum_us, count;
};

struct sp_metrics {
        uint64_t verdicts[SP_VERDICT_MAX_];
        uint64_t requests, faults, held, executed, masked_columns, masked_requests;
        uint64_t
                unresolved_texts; /* the resolver could not read, the policy had masks */
        uint64_t dry_runs, dry_runs_saved, mismatches; /* see server_truth.h */
        uint64_t rows, answer_bytes, foreign_credentials, tokens_minted;
        uint64_t connections_not_recorded; /* over the rate, see record.c */
        struct sp_latency request, upstream, record, judge;
};

void sp_latency_add(struct sp_latency *l, uint64_t us);
sp_must_check int sp_metrics_write(const struct sp_metrics *m,
                                   const struct sp_front_counters *front,
                                   struct sp_buf *to);
