/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder/recorder — the role that owns the disk: everything is written here, once.
 *
 * Job:    serve the channels to warden (fd) and workers (SP_MSG_CHANNEL): batch what
 *         waits into one synced write and answer only after it.
 * Errors: while the store cannot write, RECORD and KEEP are answered at once with
 *         "store.full" or "store.io"; it tries again by itself every second.
 *         SP_MSG_RECORDER_STATUS answers OK with a JSON text (sp_msg_metrics)
 *         {"store":"ok","records":N,"head":"hex"} or the error that RECORD would get;
 *         it is answered after the first attempt to open the store, never before.
 * Rule:   only the warden may write records of type approval, policy, guard and start.
 *         SP_MSG_METRICS_GET: Prometheus text, names sallyport_records_* and
 *         sallyport_store_*.
 */
#pragma once

#include "daemon/base/def.h"

/* Runs until the other end of `fd` (the warden) is gone. Returns an exit status. */
int sp_recorder_main(int fd);
