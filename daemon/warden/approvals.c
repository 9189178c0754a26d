/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/approvals_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/warden/approvals_file.h"
#include "daemon/warden/files.h"

static bool is_live(const struct sp_approvals_entry *e)
{
        return e->a.state == SP_APPROVAL_PENDING || e->a.state == SP_APPROVAL_APPROVED;
}

/* ---- records ---- */

int sp_approvals_record(struct sp_approvals *t, const struct sp_approvals_entry *e,
                        const char *event, struct sp_str who, uint32_t uid,
                        struct sp_str reason, uint64_t ticket)
{
        sp_autobuf json = SP_BUF_INIT(1u << 20);
        int r = sp_approval_record(&e->a, event, who, uid, reason, &json);

        return r < 0 ? r
                     : t->hooks.record(t->hooks.userdata, sp_buf_str(&json), ticket);
}

/* For the history only: what these records tell has been decided elsewhere. */
static void note(struct sp_approvals *t, const struct sp_approvals_entry *e,
                 const char *event)
{
        int r = sp_approvals_record(t, e, event, e->a.approver, e->a.approver_uid,
                                    e->a.reason, 0);

        if (r < 0)
                sp_log(SP_LOG_WARNING, "approval %s: '%s' was not recorded: %s",
                       e->a.id.c, event, strerror(-r));
}

/* ---- entries ---- */

static void entry_free(struct sp_approvals_entry *e)
{
        sp_buf_done(&e->text);
        free(e->approver);
        free(e->reason);
        free(e->decision.who);
        free(e->decision.reason);
        free(e);
}

struct sp_approvals_entry *sp_approvals_entry(const struct sp_approvals *t,
                                              struct sp_str id)
{
        for (struct sp_approvals_entry *e = t->first; e; e = e->next)
                if (sp_str_eq(sp_str_c(e->a.id.c), id))
                        return e;
        return NULL;
}

static void insert(struct sp_approvals *t, struct sp_approvals_entry *e)
{
        *t->tail = e;
        t->tail = &e->next;
        t->n++;
}

static void forget(struct sp_approvals *t, struct sp_approvals_entry *e)
{
        struct sp_approvals_entry **p = &t->first;

        /* told while it can still be found: its object has to be described once more */
        t->hooks.changed(t->hooks.userdata, &e->a, SP_APPROVAL_CHANGE_GONE);
        while (*p != e)
                p = &(*p)->next;
        *p = e->next;
        if (!*p)
                t->tail = p;
        t->n--;
        if (t->dir)
                sp_approval_file_remove(t->dir, &e->a);
        entry_free(e);
}

static int save(struct sp_approvals *t, const struct sp_approval *a,
                struct sp_err *reterr)
{
        return t->dir ? sp_approval_file_save(t->dir, a, reterr) : 0;
}

int sp_approvals_move(struct sp_approvals *t, struct sp_approvals_entry *e,
                      enum sp_approval_state state, uint64_t lasts_us,
                      struct sp_err *reterr)
{
        struct sp_approval next = e->a;
        int r;

        next.state = state;
        next.expires_wall_us = sp_clock_wall_us() + lasts_us;
        if (state != SP_APPROVAL_APPROVED)
                next.expires_wall_us = e->a.expires_wall_us;
        r = save(t, &next, reterr);
        if (r < 0)
                return r;
        e->a = next;
        e->due_us = sp_clock_us() + lasts_us;
        t->total[state]++;
        return 0;
}

static uint64_t waits_us(const struct sp_msg_approval *ask)
{
        return ask->keep_queued ? SP_APPROVALS_QUEUED_US : sp_approvals_claim_us(ask);
}

/* ---- open and close ---- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_approval_name(const struct dirent *d)
{
        return sp_ulid_is_valid(sp_str_c(d->d_name));
}

static int load(struct sp_approvals *t, const char *name, struct sp_err *reterr)
{
        uint64_t now_wall = sp_clock_wall_us(), left;
        struct sp_approvals_entry *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        e->text = SP_BUF_INIT(SP_APPROVAL_FILE_MAX);
        r = sp_approval_file_load(t->dir, name, &e->a, &e->text, reterr);
        if (r < 0) {
                entry_free(e);
                return r;
        }
        left = e->a.expires_wall_us > now_wall ? e->a.expires_wall_us - now_wall : 0;
        if (!is_live(e))
                left = SP_APPROVALS_KEEP_US;
        /* A wall clock that was set back must not make an approval last longer. */
        e->due_us = sp_clock_us() +
                    SP_MIN(left, SP_MAX(waits_us(&e->a.ask), SP_APPROVALS_KEEP_US));
        insert(t, e);
        return 0;
}

/* A damaged file is left for the operator and not used: its request is not sent. */
static int load_all(struct sp_approvals *t, struct sp_err *reterr)
{
        struct dirent **names;
        int n, r = sp_file_make_dir(t->dir, 0700, (uid_t)-1, (gid_t)-1, reterr);

        if (r < 0)
                return r;
        n = scandir(t->dir, &names, is_approval_name, compare_names);
        if (n < 0)
                return sp_err_set(reterr, -errno, "file.open", t->dir, "%s",
                                  strerror(errno));
        for (int i = 0; i < n; i++) {
                struct sp_err e = SP_ERR_NULL;

                if (load(t, names[i]->d_name, &e) < 0)
                        sp_log_err(SP_LOG_WARNING, &e, "an approval is not used");
                free(names[i]);
        }
        free(names);
        return 0;
}

int sp_approvals_new(const char *dir, uint32_t pending_max_per_session,
                     const struct sp_approvals_hooks *hooks, struct sp_approvals **ret,
                     struct sp_err *reterr)
{
        sp_cleanup(sp_approvals_freep) struct sp_approvals *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        t->pending_max = pending_max_per_session;
        t->hooks = *hooks;
        t->tail = &t->first;
        if (dir) {
                t->dir = strdup(dir);
                if (!t->dir)
                        return -ENOMEM;
                r = load_all(t, reterr);
                if (r < 0)
                        return r;
        }
        *ret = SP_TAKE(t);
        return 0;
}

struct sp_approvals *sp_approvals_free(struct sp_approvals *t)
{
        struct sp_err e;

        if (!t)
                return NULL;
        t->is_ticking = true; /* the hooks below must not free what is walked */
        (void)sp_err_set(&e, -ECANCELED, "approval.stopping", "", "the daemon stops");
        for (struct sp_approvals_entry *i = t->first; i; i = i->next)
                if (i->decision.ticket)
                        i->decision.done(i->decision.userdata, NULL, &e);
        while (t->first) {
                struct sp_approvals_entry *i = t->first;

                t->first = i->next;
                entry_free(i);
        }
        free(t->dir);
        free(t);
        return NULL;
}

/* ---- asking ---- */

/* All of it is shown to people and written as JSON. */
static bool is_clean(const struct sp_msg_approval *m)
{
        const struct sp_str all[] = { m->job,          m->session,       m->workload,
                                      m->iss,          m->sub,           m->comm,
                                      m->action,       m->resources,     m->rule,
                                      m->reason,       m->sql,           m->masked,
                                      m->request_hash, m->policy_version };

        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                if (!sp_str_is_utf8(all[i]))
                        return false;
        return m->job.n && m->request_hash.n && m->timeout_us;
}

static int make_room(struct sp_approvals *t, struct sp_str session,
                     struct sp_err *reterr)
{
        struct sp_approvals_entry *oldest = NULL;
        uint32_t pending = 0;

        for (struct sp_approvals_entry *e = t->first; e; e = e->next) {
                pending += e->a.state == SP_APPROVAL_PENDING &&
                           sp_str_eq(e->a.ask.session, session);
                if (!is_live(e) && !oldest)
                        oldest = e;
        }
        if (pending >= t->pending_max)
                return sp_err_set(
                        reterr, -EAGAIN, "approval.too-many", "",
                        "%u requests of this session wait for a person already",
                        pending);
        if (t->n < SP_APPROVALS_MAX)
                return 0;
        if (!oldest)
                return sp_err_set(reterr, -EAGAIN, "approval.too-many", "",
                                  "%zu requests wait for a person already", t->n);
        forget(t, oldest);
        return 0;
}

static int entry_new(const struct sp_msg_approval *ask, struct sp_approvals_entry **ret)
{
        struct sp_approvals_entry *e = calloc(1, sizeof(*e));
        struct sp_msg_approval m = *ask;
        char comm[4 * 16 + 1];
        struct sp_wire_out w;
        int r;

        if (!e)
                return -ENOMEM;
        e->text = SP_BUF_INIT(SP_APPROVAL_FILE_MAX);
        sp_err_escape(comm, sizeof(comm), ask->comm);
        m.comm = sp_str_c(comm);
        w = SP_WIRE_OUT(&e->text);
        sp_msg_put_approval(&w, &m);
        r = w.error ?: sp_msg_read_approval(sp_buf_str(&e->text), &e->a.ask);
        if (r == 0)
                r = sp_ulid_new(&e->a.id);
        if (r < 0) {
                entry_free(e);
                return r;
        }
        e->a.approver_uid = SP_APPROVER_NONE;
        e->a.state = SP_APPROVAL_PENDING;
        e->a.created_wall_us = sp_clock_wall_us();
        e->a.expires_wall_us = e->a.created_wall_us + waits_us(ask);
        e->due_us = sp_clock_us() + waits_us(ask);
        *ret = e;
        return 0;
}

int sp_approvals_ask(struct sp_approvals *t, const struct sp_msg_approval *ask,
                     struct sp_ulid *ret, struct sp_err *reterr)
{
        struct sp_approvals_entry *e;
        int r;

        for (e = t->first; e; e = e->next) {
                if (!sp_str_eq(e->a.ask.job, ask->job))
                        continue;
                if (sp_str_eq_secret(e->a.ask.request_hash, ask->request_hash)) {
                        *ret = e->a.id;
                        return 0;
                }
                if (is_live(e))
                        return sp_err_set(
                                reterr, -EEXIST, "approval.job-in-use", "",
                                "another request with this job id waits already");
        }
        struct sp_msg_approval without_comm =
                *ask; /* any bytes: escaped by entry_new */

        without_comm.comm = SP_STR_NULL;
        if (!is_clean(&without_comm))
                return sp_err_set(reterr, -EINVAL, "approval.malformed", "",
                                  "the request for approval is not well formed");
        r = make_room(t, ask->session, reterr);
        if (r < 0)
                return r;
        r = entry_new(ask, &e);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : sp_err_set(reterr, r, "approval.too-large", "",
                                                 "%s", strerror(-r));
        r = save(t, &e->a, reterr);
        if (r < 0) {
                entry_free(e);
                return r;
        }
        insert(t, e);
        t->total[SP_APPROVAL_PENDING]++;
        *ret = e->a.id;
        note(t, e, "asked");
        t->hooks.changed(t->hooks.userdata, &e->a, SP_APPROVAL_CHANGE_NEW);
        return 0;
}

static struct sp_msg_approval_state state_of(const struct sp_approvals_entry *e)
{
        return (struct sp_msg_approval_state){ .approval = sp_str_c(e->a.id.c),
                                               .state = (uint8_t)e->a.state,
                                               .approver = e->a.approver,
                                               .reason = e->a.reason };
}

int sp_approvals_unknown(struct sp_err *reterr)
{
        return sp_err_set(reterr, -ENOENT, "approval.unknown", "",
                          "there is no such approval, or not any more");
}

int sp_approvals_get(struct sp_approvals *t, struct sp_str id,
                     struct sp_msg_approval_state *ret, struct sp_err *reterr)
{
        const struct sp_approvals_entry *e = sp_approvals_entry(t, id);

        if (!e)
                return sp_approvals_unknown(reterr);
        *ret = state_of(e);
        return 0;
}

int sp_approvals_claim(struct sp_approvals *t, const struct sp_msg_claim *claim,
                       struct sp_msg_approval_state *ret, struct sp_err *reterr)
{
        struct sp_approvals_entry *e = sp_approvals_entry(t, claim->approval);
        int r;

        if (!e)
                return sp_approvals_unknown(reterr);
        if (e->a.state != SP_APPROVAL_APPROVED || e->due_us <= sp_clock_us()) {
                t->refused++;
                return sp_err_set(reterr,
                                  e->a.state == SP_APPROVAL_USED ? -EALREADY : -EACCES,
                                  "approval.not-approved", "", "the approval is %s",
                                  e->a.state == SP_APPROVAL_APPROVED
                                          ? "expired"
                                          : sp_approval_state_name(e->a.state));
        }
        if (!sp_str_eq_secret(e->a.ask.request_hash, claim->request_hash)) {
                t->refused++;
                return sp_err_set(reterr, -EACCES, "approval.other-request", "",
                                  "the approval is for another request");
        }
        r = sp_approvals_move(t, e, SP_APPROVAL_USED, SP_APPROVALS_KEEP_US, reterr);
        if (r < 0)
                return r;
        *ret = state_of(e);
        note(t, e, "used");
        t->hooks.changed(t->hooks.userdata, &e->a, SP_APPROVAL_CHANGE_STATE);
        return 0;
}

int sp_approvals_withdraw(struct sp_approvals *t, const struct sp_msg_claim *claim,
                          struct sp_msg_approval_state *ret, struct sp_err *reterr)
{
        struct sp_approvals_entry *e = sp_approvals_entry(t, claim->approval);
        int r;

        if (!e)
                return sp_approvals_unknown(reterr);
        if (!sp_str_eq_secret(e->a.ask.request_hash, claim->request_hash)) {
                t->refused++;
                return sp_err_set(reterr, -EACCES, "approval.other-request", "",
                                  "the approval is for another request");
        }
        if (is_live(e)) {
                r = sp_approvals_move(t, e, SP_APPROVAL_WITHDRAWN, SP_APPROVALS_KEEP_US,
                                      reterr);
                if (r < 0)
                        return r;
                note(t, e, "withdrawn");
                t->hooks.changed(t->hooks.userdata, &e->a, SP_APPROVAL_CHANGE_STATE);
        }
        *ret = state_of(e);
        return 0;
}

/* ---- time ---- */

static void expire(struct sp_approvals *t, struct sp_approvals_entry *e)
{
        bool was_approved = e->a.state == SP_APPROVAL_APPROVED;
        struct sp_err err = SP_ERR_NULL;

        if (!was_approved) {
                e->a.approver = SP_STR("time-out");
                e->a.reason = SP_STR("nobody decided in time");
        }
        if (sp_approvals_move(t, e, SP_APPROVAL_EXPIRED, SP_APPROVALS_KEEP_US, &err) <
            0) {
                /* Expired all the same: the file's own deadline has passed too. */
                sp_log_err(SP_LOG_WARNING, &err,
                           "an expired approval could not be saved");
                e->a.state = SP_APPROVAL_EXPIRED;
                e->due_us = sp_clock_us() + SP_APPROVALS_KEEP_US;
                t->total[SP_APPROVAL_EXPIRED]++;
        }
        note(t, e, "expired");
        t->hooks.changed(t->hooks.userdata, &e->a, SP_APPROVAL_CHANGE_STATE);
}

uint64_t sp_approvals_tick(struct sp_approvals *t)
{
        uint64_t now_us = sp_clock_us(), next_us = UINT64_MAX;
        bool is_nested = t->is_ticking;
        struct sp_approvals_entry *next;

        t->is_ticking = true;
        for (struct sp_approvals_entry *e = t->first; e; e = next) {
                next = e->next;
                if (e->decision.ticket)
                        continue;
                if (e->due_us <= now_us && !is_nested) {
                        if (!is_live(e)) {
                                forget(t, e);
                                continue;
                        }
                        expire(t, e);
                }
                next_us = SP_MIN(next_us, e->due_us);
        }
        t->is_ticking = is_nested;
        return next_us;
}

/* ---- looking ---- */

const struct sp_approval *sp_approvals_next(const struct sp_approvals *t,
                                            const struct sp_approval *after)
{
        const struct sp_approvals_entry *e =
                after ? ((const struct sp_approvals_entry *)(const void *)after)->next
                      : t->first;

        return e ? &e->a : NULL;
}

const struct sp_approval *sp_approvals_find(const struct sp_approvals *t,
                                            struct sp_str id)
{
        const struct sp_approvals_entry *e = sp_approvals_entry(t, id);

        return e ? &e->a : NULL;
}

int sp_approvals_metrics(const struct sp_approvals *t, struct sp_buf *to)
{
        uint64_t now[SP_APPROVAL_STATES_] = { 0 };
        int r;

        for (const struct sp_approvals_entry *e = t->first; e; e = e->next)
                now[e->a.state]++;
        r = sp_buf_addf(to, "# HELP sallyport_approvals Approvals known, by state.\n"
                            "# TYPE sallyport_approvals gauge\n");
        for (int s = SP_APPROVAL_PENDING; r == 0 && s < SP_APPROVAL_STATES_; s++)
                r = sp_buf_addf(to, "sallyport_approvals{state=\"%s\"} %llu\n",
                                sp_approval_state_name(s), (unsigned long long)now[s]);
        if (r == 0)
                r = sp_buf_addf(to,
                                "# HELP sallyport_approvals_total Approvals that came "
                                "into a state.\n"
                                "# TYPE sallyport_approvals_total counter\n");
        for (int s = SP_APPROVAL_PENDING; r == 0 && s < SP_APPROVAL_STATES_; s++)
                r = sp_buf_addf(to, "sallyport_approvals_total{state=\"%s\"} %llu\n",
                                sp_approval_state_name(s),
                                (unsigned long long)t->total[s]);
        if (r == 0)
                r = sp_buf_addf(
                        to,
                        "# HELP sallyport_approvals_refused_total Decisions and "
                        "claims refused.\n"
                        "# TYPE sallyport_approvals_refused_total counter\n"
                        "sallyport_approvals_refused_total %llu\n",
                        (unsigned long long)t->refused);
        return r;
}
