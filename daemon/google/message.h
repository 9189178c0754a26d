/* SPDX-License-Identifier: Apache-2.0 */
/*
 * google/message — what of BigQuery's words about a statement its owner may read.
 *
 * Job:       a message is written about the text that was sent, by somebody who speaks to the
 *            gateway: take out accounts, and tables that the agent did not name; say places in the
 *            agent's own text. Of a statement that was rewritten only messages of known shapes pass,
 *            and none that quotes what was put in; the others become one sentence, with the place.
 * Out:       text in the arena, not escaped; SP_STR_NULL without memory.
 * Spec:      threats.md §3 row 11; BigQuery's "Error messages", and GoogleSQL's analyzer.
 */
#pragma once

#include "daemon/google/answer.h"

struct sp_str sp_message_clean(struct sp_arena *a, const struct sp_answer_own *own,
                               struct sp_str message);
/* Did the agent name the table "project.dataset.table"? */
bool sp_message_is_own_table(const struct sp_answer_own *own, struct sp_str name);
