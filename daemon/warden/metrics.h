/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/metrics — several processes' Prometheus texts made into one.
 *
 * Job:       give each sample a label that says whose it is, and put the samples of one
 *            metric together, as the format wants it.
 * Ownership: struct sp_metrics_merge owns copies; _done frees.
 * Errors:    -EBADMSG: a text that is not of the format; what was added before stays.
 * Spec:      Prometheus text exposition format 0.0.4.
 */
#pragma once

#include "daemon/base/buf.h"

struct sp_metrics_family;
struct sp_metrics_merge {
        struct sp_metrics_family *families; /* in order of first sight */
};

void sp_metrics_merge_done(struct sp_metrics_merge *m);
/* `labels`: `role="worker",index="0"`, put in front of those that a sample has. */
sp_must_check int sp_metrics_merge_add(struct sp_metrics_merge *m, struct sp_str text,
                                       const char *labels);
sp_must_check int sp_metrics_merge_write(const struct sp_metrics_merge *m,
                                         struct sp_buf *to);
