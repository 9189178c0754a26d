/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/script_child — a script's child jobs belong to who sent the script.
 *
 * Job:       BigQuery runs each statement of a script as a job of its own, called
 *            script_job_…; clients ask for them by those ids. Of one that is not known yet,
 *            BigQuery is asked whose child it is; the parent's owner becomes its owner, and
 *            that is kept as for any job.
 * In:        a flow in stage own, with a call about one job.
 * Out:       f->job, the child; steps SP_SCRIPT_CHILD_WAITS, then SP_SCRIPT_CHILD_FOUND, SP_SCRIPT_CHILD_NONE or
 *            SP_SCRIPT_CHILD_FAULT.
 * Errors:    f->error with SP_SCRIPT_CHILD_FAULT: upstream or the recorder does not answer.
 * Spec:      BigQuery v2, JobStatistics.parentJobId; clients.md on scripts.
 */
#pragma once

#include "daemon/worker/flow_state.h"

enum {
        SP_SCRIPT_CHILD_WAITS = 10,
        SP_SCRIPT_CHILD_FOUND,
        SP_SCRIPT_CHILD_NONE,
        SP_SCRIPT_CHILD_FAULT,
};

bool sp_script_child_may_be(const struct sp_flow *f);
/* Sets f->step; the flow waits, or it is SP_SCRIPT_CHILD_FAULT at once. */
void sp_script_child_ask(struct sp_flow *f);
/* `item`, a job resource, is a child of `parent`: *ret describes it. */
bool sp_script_child_of(const struct sp_json *item, const struct sp_job *parent,
                        struct sp_job *ret);
