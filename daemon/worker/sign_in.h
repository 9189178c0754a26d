/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/sign_in — tokens of ours for clients: the warden gives them.
 *
 * Job:       ask it for one for nobody in particular, for the person of a token of ours, or for whom an
 *            ID token names. The last goes to the warden as it came: who it names is said there. One
 *            is under way at a time; the others wait here, at most SP_SIGN_INS_MAX.
 * Ownership: who waits is a flow, which waits for its own end.
 * Errors:    sp_flow_mint, sp_flow_sign_in (worker/flow_state.h): f->step is 2 with the answer in
 *            f->body, 3: f->error is a fault, 4: the ID token is refused. The flow is resumed.
 */
#pragma once

#include "daemon/base/def.h"

#define SP_SIGN_INS_MAX 64

struct sp_flow;
struct sp_sign_ins {
        struct sp_flow *first, **last; /* that wait; `last` NULL: not used yet */
        size_t n;
        bool is_busy; /* one was sent */
};
