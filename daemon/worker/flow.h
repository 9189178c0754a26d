/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/flow — the way of one request, stage by stage.
 *
 * Job:       take a complete exchange from identify to the last record. Start reading the
 *            product in flow.c.
 * Ownership: a flow owns itself; it ends its exchange exactly once.
 * Errors:    every failure between intercept and forward ends in a refusal that names what
 *            was not understood, or in a fault (503) when we ourselves cannot.
 */
#pragma once

#include "daemon/worker/exchange.h"

struct sp_worker;
void sp_flow_start(struct sp_worker *w, struct sp_exchange *x);
