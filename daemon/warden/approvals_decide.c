/* SPDX-License-Identifier: Apache-2.0 */
/* What persons decide: recorded first, then it takes effect. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/warden/approvals_impl.h"

#define REASON_MAX 1000

static int may_decide(const struct sp_approvals_entry *e,
                      const struct sp_approvals_decision *d, struct sp_err *reterr)
{
        if (d->is_guarded)
                return sp_err_set(reterr, -EPERM, "approval.guarded-caller", "",
                                  "a process in a guarded cgroup decides nothing");
        if (d->uid == e->a.ask.uid)
                return sp_err_set(
                        reterr, -EPERM, "approval.own-request", "",
                        "uid %u asked for this itself; somebody else must decide",
                        d->uid);
        if (e->a.state != SP_APPROVAL_PENDING || e->due_us <= sp_clock_us())
                return sp_err_set(reterr, -EALREADY, "approval.not-pending", "",
                                  "it is %s already",
                                  e->a.state == SP_APPROVAL_PENDING
                                          ? "expired"
                                          : sp_approval_state_name(e->a.state));
        if (e->decision.ticket)
                return sp_err_set(reterr, -EBUSY, "approval.being-decided", "",
                                  "somebody else is deciding it at this moment");
        if (d->reason.n > REASON_MAX || !sp_str_is_utf8(d->reason) || !d->who.n ||
            !sp_str_is_utf8(d->who))
                return sp_err_set(reterr, -EINVAL, "approval.reason", "",
                                  "a reason is at most %d bytes of UTF-8", REASON_MAX);
        return 0;
}

static void decision_clear(struct sp_approvals_entry *e)
{
        free(e->decision.who);
        free(e->decision.reason);
        memset(&e->decision, 0, sizeof(e->decision));
}

int sp_approvals_decide(struct sp_approvals *t, const struct sp_approvals_decision *d,
                        sp_approvals_done_fn done, void *userdata,
                        struct sp_err *reterr)
{
        struct sp_approvals_entry *e = sp_approvals_entry(t, d->id);
        int r;

        if (!e)
                return sp_approvals_unknown(reterr);
        r = may_decide(e, d, reterr);
        if (r < 0) {
                t->refused++;
                return r;
        }
        e->decision.who = sp_str_dup(d->who);
        e->decision.reason = sp_str_dup(d->reason);
        if (!e->decision.who || !e->decision.reason) {
                decision_clear(e);
                return sp_err_set(reterr, -ENOMEM, "approval.memory", "",
                                  "out of memory");
        }
        e->decision.ticket = ++t->next_ticket;
        e->decision.approve = d->approve;
        e->decision.uid = d->uid;
        e->decision.done = done;
        e->decision.userdata = userdata;
        /* From here on only sp_approvals_recorded may touch the decision: the hook may
         * call it at once. */
        r = sp_approvals_record(t, e, d->approve ? "approved" : "denied", d->who,
                                d->uid, d->reason, t->next_ticket);
        if (r < 0) {
                decision_clear(e);
                return sp_err_set(reterr, r, "approval.not-recorded", "",
                                  "the decision could not be recorded: %s",
                                  strerror(-r));
        }
        return 0;
}

/* What the record says is now made true: on disk, then for all to see. */
static int take_effect(struct sp_approvals *t, struct sp_approvals_entry *e,
                       struct sp_err *reterr)
{
        char *approver = e->approver, *reason = e->reason;
        struct sp_approval before = e->a;
        int r;

        if (e->a.state != SP_APPROVAL_PENDING) /* withdrawn while it was recorded */
                return sp_err_set(reterr, -EALREADY, "approval.not-pending", "",
                                  "it is %s already",
                                  sp_approval_state_name(e->a.state));
        e->a.approver = sp_str_c(e->decision.who);
        e->a.reason = sp_str_c(e->decision.reason);
        e->a.approver_uid = e->decision.uid;
        r = sp_approvals_move(
                t, e, e->decision.approve ? SP_APPROVAL_APPROVED : SP_APPROVAL_DENIED,
                e->decision.approve ? sp_approvals_claim_us(&e->a.ask)
                                    : SP_APPROVALS_KEEP_US,
                reterr);
        if (r < 0) {
                e->a = before;
                return r;
        }
        e->approver = SP_TAKE(e->decision.who);
        e->reason = SP_TAKE(e->decision.reason);
        free(approver);
        free(reason);
        return 0;
}

void sp_approvals_recorded(struct sp_approvals *t, uint64_t ticket,
                           const struct sp_err *e)
{
        struct sp_approvals_entry *i = t->first;
        sp_approvals_done_fn done;
        struct sp_err err = SP_ERR_NULL;
        void *userdata;
        int r;

        while (i && (!ticket || i->decision.ticket != ticket))
                i = i->next;
        if (!i)
                return;
        done = i->decision.done;
        userdata = i->decision.userdata;
        if (e)
                r = sp_err_set(&err, e->code ?: -EIO, "approval.not-recorded", "",
                               "the decision could not be recorded: %s", e->what);
        else
                r = take_effect(t, i, &err);
        decision_clear(i);
        if (r == 0)
                t->hooks.changed(t->hooks.userdata, &i->a, SP_APPROVAL_CHANGE_STATE);
        done(userdata, r < 0 ? NULL : &i->a, r < 0 ? &err : NULL);
}
