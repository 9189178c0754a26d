/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/examine — what the files of the stages parse, resolve and decide share.
 *
 * Job:    from a recognised call to a verdict and to the request that is sent for it. Files:
 *         examine.c (parse, decide), examine_schemas.c (resolve), examine_preview.c (rows without
 *         SQL), examine_request.c (what is sent).
 * Errors: a stage's return value; f->error says why.
 */
#pragma once

#include "daemon/worker/flow_state.h"

struct sp_judge_input sp_examine_input(const struct sp_flow *f);
/* With f->error, by its code. */
enum sp_next sp_examine_refuse(struct sp_flow *f, int r);
/* Reading rows, copying a table and changing what is said about one are not billed by bytes. */
bool sp_examine_costs_nothing(const struct sp_flow *f);

/* examine_preview.c */
bool sp_examine_is_only_sampled(const struct sp_flow *f);
enum sp_next sp_examine_page(struct sp_flow *f);

/* examine_request.c: a parameter of the call, NULL when it has none of that name. */
const struct sp_header *sp_examine_parameter(const struct sp_flow *f, const char *name);
sp_must_check int sp_examine_replace_parameter(struct sp_flow *f,
                                               const struct sp_header *h,
                                               struct sp_str value);
enum sp_next sp_examine_prepare(struct sp_flow *f);
