/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/bus_hooks — joins approvals and bus to the rest of the warden.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/warden/files.h"
#include "daemon/warden/state.h"
#include "daemon/warden/unmask.h"

/* ---- approvals ---- */

static void on_record_done(struct sp_warden *w, uint64_t ticket, const struct sp_err *e)
{
        if (ticket)
                sp_approvals_recorded(w->approvals, ticket, e);
        else if (e)
                sp_log_err(SP_LOG_ERR, e, "a record of an approval was not written");
        sp_warden_arm_approvals(w);
}

static int hook_record(void *userdata, struct sp_str json, uint64_t ticket)
{
        return sp_record_json(userdata, json, ticket, on_record_done);
}

/* Every worker is told: the client may poll through any of them. */
static void tell_workers(struct sp_warden *w, const struct sp_approval *a)
{
        sp_autobuf b = SP_BUF_INIT(65536);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        const struct sp_msg_approval_state m = { sp_str_c(a->id.c), (uint8_t)a->state,
                                                 a->approver, a->reason };

        sp_msg_put_approval_state(&out, &m);
        if (out.error < 0) {
                sp_log(SP_LOG_ERR, "a decision could not be told: %s",
                       strerror(-out.error));
                return;
        }
        for (unsigned i = 0; i < w->n_workers; i++)
                if (w->workers[i].child.is_open)
                        (void)!sp_child_send(&w->workers[i].child,
                                             SP_MSG_APPROVAL_DECIDED, sp_buf_str(&b),
                                             -1);
}

static void hook_changed(void *userdata, const struct sp_approval *a,
                         enum sp_approval_change change)
{
        struct sp_warden *w = userdata;

        if (change == SP_APPROVAL_CHANGE_STATE)
                tell_workers(w, a);
        if (w->bus)
                sp_bus_approval_changed(w->bus, a, change);
}

static int on_approvals_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        (void)s, (void)usec;
        sp_warden_arm_approvals(userdata);
        return 0;
}

void sp_warden_arm_approvals(struct sp_warden *w)
{
        uint64_t next = sp_approvals_tick(w->approvals);

        if (!w->approvals_timer)
                return;
        if (next != UINT64_MAX)
                (void)sd_event_source_set_time(w->approvals_timer, next);
        (void)sd_event_source_set_enabled(w->approvals_timer,
                                          next == UINT64_MAX ? SD_EVENT_OFF
                                                             : SD_EVENT_ONESHOT);
}

int sp_warden_open_approvals(struct sp_warden *w, struct sp_err *reterr)
{
        const struct sp_approvals_hooks hooks = { w, hook_record, hook_changed };
        char dir[PATH_MAX];
        int r = sp_file_join(dir, w->settings.state_dir, "approvals", reterr);

        if (r == 0)
                r = sp_file_make_dir(dir, 0700, (uid_t)-1, (gid_t)-1, reterr);
        if (r == 0)
                r = sp_approvals_new(dir, w->settings.limits.approvals_pending_max,
                                     &hooks, &w->approvals, reterr);
        if (r < 0)
                return r;
        r = sd_event_add_time(w->event, &w->approvals_timer, CLOCK_MONOTONIC,
                              UINT64_MAX, 0, on_approvals_time, w);
        if (r < 0)
                return sp_err_set(reterr, r, "warden.loop", "", "%s", strerror(-r));
        sp_warden_arm_approvals(w);
        return 0;
}

/* ---- bus ---- */

static void hook_info(void *userdata, struct sp_bus_info *ret)
{
        struct sp_warden *w = userdata;

        /* settings come NUL-terminated from their arena, and so does the version */
        *ret = (struct sp_bus_info){
                .version = SP_VERSION,
                .policy_version = sp_policy_version(w->policy.policy).p,
                .mode = sp_policy_mode(w->policy.policy) == SP_MODE_OBSERVE ? "observe"
                                                                            : "enforce",
                .ca_file = w->ca_file,
                .ca_bundle = w->ca_bundle,
                .state_dir = w->settings.state_dir.p,
                .health = w->health,
        };
}

static int hook_reload(void *userdata, struct sp_buf *ret, struct sp_err *reterr)
{
        struct sp_warden *w = userdata;
        int r = sp_warden_reload(w, reterr);

        return r < 0 ? r : sp_buf_add(ret, sp_policy_version(w->policy.policy));
}

static int hook_status(void *userdata, struct sp_buf *ret)
{
        return sp_warden_status_json(userdata, ret);
}

static bool is_workload(const struct sp_warden *w, struct sp_str name)
{
        for (size_t i = 0; i < w->settings.n_workloads; i++)
                if (sp_str_eq(w->settings.workloads[i].name, name))
                        return true;
        return false;
}

static int hook_guard_add(void *userdata, const char *path, const char *workload,
                          struct sp_err *reterr)
{
        struct sp_warden *w = userdata;
        int r;

        /* A typing error would make a workload that no rule speaks of. */
        if (!is_workload(w, sp_str_c(workload)))
                return sp_err_set(reterr, -ENOENT, "guard.unknown-workload", "",
                                  "'%s' is not a workload of the configuration",
                                  workload);
        r = sp_guard_add(w->guard, sp_str_c(path), sp_str_c(workload), reterr);
        if (r == 0)
                sp_record_tag(w, "add", sp_str_c(path), sp_str_c(workload));
        return r;
}

static int hook_guard_remove(void *userdata, const char *path, struct sp_err *reterr)
{
        struct sp_warden *w = userdata;
        int r = sp_guard_remove(w->guard, sp_str_c(path), reterr);

        if (r == 0)
                sp_record_tag(w, "remove", sp_str_c(path), SP_STR_NULL);
        return r;
}

static int hook_guard_list(void *userdata, sp_bus_guard_fn each, void *to)
{
        sp_cleanup(sp_arena_done) struct sp_arena a = SP_ARENA_INIT(32 * 1024 * 1024);
        struct sp_warden *w = userdata;
        struct sp_guard_tag *tags;
        struct sp_err e;
        size_t n;
        int r = sp_guard_list(w->guard, &a, &tags, &n, &e);

        if (r < 0)
                sp_log_err(SP_LOG_WARNING, &e, "listing guarded cgroups");
        for (size_t i = 0; r >= 0 && i < n; i++) {
                struct sp_str path = sp_arena_str(&a, tags[i].path);
                struct sp_str workload = sp_arena_str(&a, tags[i].workload);

                if (!path.p || !workload.p)
                        return -ENOMEM;
                r = each(to, path.p, workload.p, tags[i].cgroup_id);
        }
        return r;
}

static int hook_guard_of_pid(void *userdata, pid_t pid)
{
        struct sp_warden *w = userdata;
        uint64_t guard_id;

        return sp_guard_of_pid(w->guard, pid, &guard_id);
}

static void hook_decided(void *userdata)
{
        sp_warden_arm_approvals(userdata);
}

/* ---- masks ---- */

static struct sp_unmask_desk unmask_desk(const struct sp_warden *w)
{
        return (struct sp_unmask_desk){ &w->keys, w->policy.policy, w->approvals };
}

static int hook_unmask_ask(void *userdata, const struct sp_bus_unmask *q,
                           struct sp_buf *ret, struct sp_err *reterr)
{
        struct sp_warden *w = userdata;
        const struct sp_unmask_desk d = unmask_desk(w);
        struct sp_ulid id;
        int r = sp_unmask_ask(&d, q, &id, reterr);

        if (r < 0)
                return r;
        sp_warden_arm_approvals(w);
        return sp_buf_add(ret, sp_str_c(id.c));
}

/* A value that waits until it is recorded who is told it. */
struct told {
        struct sp_bus_call *call;
        struct sp_buf value;
};

static void on_told(struct sp_warden *w, uint64_t ticket, const struct sp_err *e)
{
        struct told *t = (struct told *)(uintptr_t)ticket;
        struct sp_err not_recorded;

        (void)w;
        if (e)
                (void)sp_err_set(&not_recorded, -EIO, "unmask.not-recorded", "",
                                 "nobody is told what cannot be recorded: %s", e->what);
        sp_bus_reply(t->call, sp_buf_str(&t->value), e ? &not_recorded : NULL);
        sp_buf_done_secret(&t->value);
        free(t);
}

static void hook_unmask(void *userdata, const struct sp_bus_unmask *q,
                        struct sp_bus_call *call)
{
        struct sp_warden *w = userdata;
        const struct sp_unmask_desk d = unmask_desk(w);
        sp_autobuf record = SP_BUF_INIT(65536);
        struct told *t = calloc(1, sizeof(*t));
        struct sp_err e = SP_ERR_NULL;
        int r = t ? 0 : -ENOMEM;

        if (t)
                *t = (struct told){ call, SP_BUF_INIT(1024) };
        if (r == 0)
                r = sp_unmask_open(&d, q, &t->value, &record, &e);
        if (r == 0) {
                sp_warden_arm_approvals(w);
                r = sp_record_json(w, sp_buf_str(&record), (uintptr_t)t, on_told);
                if (r < 0)
                        (void)sp_err_set(&e, r, "unmask.not-recorded", "",
                                         "nobody is told what cannot be recorded");
        }
        if (r == 0)
                return;
        if (!e.id)
                (void)sp_err_set(&e, r, "bus.failed", "", "%s", strerror(-r));
        sp_bus_reply(call, SP_STR_NULL, &e);
        if (t)
                sp_buf_done_secret(&t->value);
        free(t);
}

static int hook_rotate(void *userdata, const char *who, struct sp_buf *ret,
                       struct sp_err *reterr)
{
        struct sp_warden *w = userdata;
        int r = sp_warden_rotate_mask_key(w, who, reterr);
        char time[SP_TIME_LEN + 1];

        if (r < 0)
                return r;
        sp_clock_format(w->keys.mask[w->keys.n_mask - 1].from_ms * 1000, time);
        return sp_buf_add(ret, sp_str_c(time));
}

int sp_warden_rotate_mask_key(struct sp_warden *w, const char *who,
                              struct sp_err *reterr)
{
        int r = sp_keys_rotate(&w->keys, w->settings.state_dir,
                               sp_clock_wall_us() / 1000, reterr);

        if (r < 0)
                return r;
        sp_log(SP_LOG_INFO, "a new mask key, for sessions that begin from now on: %s",
               who);
        sp_record_mask_key(w, who);
        return 0;
}

void sp_warden_age_mask_key(struct sp_warden *w)
{
        uint64_t age_us = w->settings.limits.mask_key_age_us;
        uint64_t now_us = sp_clock_wall_us();
        struct sp_err e = SP_ERR_NULL;

        uint64_t since_us =
                1000 * (w->keys.mask[w->keys.n_mask - 1].from_ms ?: w->keys.first_ms);

        if (age_us && now_us >= since_us && now_us - since_us >= age_us &&
            sp_warden_rotate_mask_key(w, "limits.mask_key_age", &e) < 0)
                sp_log_err(SP_LOG_ERR, &e, "no new mask key was made");
}

int sp_warden_open_bus(struct sp_warden *w, struct sp_err *reterr)
{
        const struct sp_bus_hooks hooks = {
                .userdata = w,
                .info = hook_info,
                .reload_policy = hook_reload,
                .status = hook_status,
                .metrics = sp_warden_metrics,
                .guard_add = hook_guard_add,
                .guard_remove = hook_guard_remove,
                .guard_list = hook_guard_list,
                .guard_of_pid = hook_guard_of_pid,
                .unmask_ask = hook_unmask_ask,
                .unmask = hook_unmask,
                .rotate_mask_key = hook_rotate,
                .decided = hook_decided,
        };

        return sp_bus_new(w->event, w->approvals, &hooks, &w->bus, reterr);
}
