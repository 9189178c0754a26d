/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/approvals_impl — what approvals.c (asking, using, time) and approvals_decide.c (persons'
 * decisions) share.
 */
#pragma once

#include "daemon/warden/approvals.h"

struct sp_approvals_entry {
        struct sp_approval a; /* first: sp_approvals_next gets it back */
        struct sp_approvals_entry *next;
        struct sp_buf text; /* what a.ask (and of a loaded one: approver, reason) points
                               into */
        char *approver,
                *reason; /* what a.approver and a.reason point into, if set here */
        uint64_t due_us; /* pending, approved: expiry; else when it is forgotten */
        struct {
                uint64_t ticket; /* 0: none under way */
                bool approve;
                char *who, *reason;
                uid_t uid;
                sp_approvals_done_fn done;
                void *userdata;
        } decision;
};

struct sp_approvals {
        char *dir;
        uint32_t pending_max;
        struct sp_approvals_hooks hooks;
        struct sp_approvals_entry *first, **tail;
        size_t n;
        uint64_t next_ticket;
        uint64_t total[SP_APPROVAL_STATES_]; /* transitions into each state */
        uint64_t refused;
        bool is_ticking; /* hooks may end up in tick again */
};

struct sp_approvals_entry *sp_approvals_entry(const struct sp_approvals *t,
                                              struct sp_str id);
sp_must_check int sp_approvals_unknown(struct sp_err *reterr); /* there is none */
sp_must_check int sp_approvals_record(struct sp_approvals *t,
                                      const struct sp_approvals_entry *e,
                                      const char *event, struct sp_str who,
                                      uint32_t uid, struct sp_str reason,
                                      uint64_t ticket);
/* The state on disk first, then ours: nobody hears of a state that a restart undoes. */
sp_must_check int sp_approvals_move(struct sp_approvals *t,
                                    struct sp_approvals_entry *e,
                                    enum sp_approval_state state, uint64_t lasts_us,
                                    struct sp_err *reterr);
static inline uint64_t sp_approvals_claim_us(const struct sp_msg_approval *ask)
{
        return SP_MIN(ask->timeout_us, SP_APPROVALS_QUEUED_US);
}
