/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/limits_hooks — joins limits to the rest of the warden.
 *
 * The table is kept with the recorder as one fact, a quarter of a second after it changed:
 * a crash of the warden forgets no more than that. A worker's or the recorder's forgets
 * nothing.
 */
#include <errno.h>

#include "daemon/base/clock.h"
#include "daemon/warden/state.h"

#define KEEP_AFTER_US (250 * SP_USEC_PER_MSEC)
#define KEEP_FOR_S (2 * 86400) /* longer than the longest window */
#define QUIET_EVERY_US (60 * SP_USEC_PER_SEC)
#define TABLE_MAX (8 * 1024 * 1024)
static const char fact_key[] = "used";

static uint64_t now_s(void)
{
        return sp_clock_wall_us() / SP_USEC_PER_SEC;
}

/* ---- kept ---- */

/* Not pushed back by what comes meanwhile. */
static void arm(struct sp_warden *w)
{
        int is_armed = 0;

        if (!w->limits_timer ||
            sd_event_source_get_enabled(w->limits_timer, &is_armed) < 0 || is_armed)
                return;
        (void)sd_event_source_set_time_relative(w->limits_timer, KEEP_AFTER_US);
        (void)sd_event_source_set_enabled(w->limits_timer, SD_EVENT_ONESHOT);
}

static void on_kept(void *userdata, struct sp_child *c, struct sp_str payload,
                    const struct sp_err *e)
{
        struct sp_warden *w = userdata;

        (void)c, (void)payload;
        if (!e)
                return;
        sp_log_err(SP_LOG_WARNING, e, "what was used of limits was not kept");
        sp_limits_mark(w->limits, true);
}

static int keep(struct sp_warden *w)
{
        sp_autobuf value = SP_BUF_INIT(TABLE_MAX);
        sp_autobuf b = SP_BUF_INIT(TABLE_MAX + 1024);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        int r = sp_limits_write(w->limits, now_s(), &value);

        if (r < 0)
                return r;
        sp_msg_put_keep(&out, &(struct sp_msg_keep){
                                      SP_STR(SP_LIMITS_SPACE), sp_str_c(fact_key),
                                      sp_buf_str(&value), now_s() + KEEP_FOR_S });
        if (out.error < 0)
                return out.error;
        if (w->is_stopping) /* there is nobody to hear the answer */
                return sp_child_send(&w->recorder, SP_MSG_KEEP, sp_buf_str(&b), -1);
        return sp_child_ask(&w->recorder, SP_MSG_KEEP, sp_buf_str(&b), on_kept, w);
}

void sp_warden_keep_limits(struct sp_warden *w)
{
        int r;

        /* what was used before must not be overwritten by what was used since */
        if (!sp_limits_is_started(w->limits) || !sp_limits_is_changed(w->limits))
                return;
        r = keep(w); /* asked again when the house is kept */
        if (r < 0 && !w->is_limits_kept_late)
                sp_log(SP_LOG_ERR,
                       "what is used of limits cannot be kept, and a crash would "
                       "forget it: %s",
                       strerror(-r));
        w->is_limits_kept_late = r < 0;
        sp_limits_mark(w->limits, r < 0);
}

static int on_keep_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        (void)s, (void)usec;
        sp_warden_keep_limits(userdata);
        return 0;
}

/* ---- recalled ---- */

static void on_recalled(void *userdata, struct sp_child *c, struct sp_str payload,
                        const struct sp_err *e)
{
        struct sp_warden *w = userdata;
        struct sp_wire_in in = SP_WIRE_IN(payload);
        struct sp_str table = sp_wire_str(&in);
        int r;

        (void)c;
        w->is_asking_limits = false;
        if (e && e->code != -ENOENT) { /* asked again by and by */
                sp_log_err(
                        SP_LOG_WARNING, e,
                        "what was used of limits is not known yet, and nothing fits");
                return;
        }
        r = e ? 0 : sp_wire_end(&in);
        if (r == 0 && !e)
                r = sp_limits_read(w->limits, table, now_s());
        if (r < 0)
                sp_log(SP_LOG_ERR, "what was used of limits cannot be read: %s",
                       strerror(-r));
        sp_limits_start(w->limits);
}

void sp_warden_recall_limits(struct sp_warden *w)
{
        sp_autobuf b = SP_BUF_INIT(1024);
        struct sp_wire_out out = SP_WIRE_OUT(&b);

        if (sp_limits_is_started(w->limits) || w->is_asking_limits)
                return;
        sp_wire_put_str(&out, SP_STR(SP_LIMITS_SPACE));
        sp_wire_put_str(&out, sp_str_c(fact_key));
        w->is_asking_limits =
                out.error == 0 && sp_child_ask(&w->recorder, SP_MSG_RECALL,
                                               sp_buf_str(&b), on_recalled, w) == 0;
}

/* ---- used ---- */

/* Those of this principal, but for the request itself when it is sent once more. */
static uint64_t count_waiting(const struct sp_warden *w, const struct sp_msg_charge *m)
{
        struct sp_str sub = m->email.n ? m->email : m->sub; /* what approvals show */
        const struct sp_approval *a = NULL;
        uint64_t n = 0;

        while (m->job.n && (a = sp_approvals_next(w->approvals, a)))
                n += a->state == SP_APPROVAL_PENDING &&
                     sp_str_eq(a->ask.workload, m->workload) &&
                     sp_str_eq(a->ask.iss, m->iss) && sp_str_eq(a->ask.sub, sub) &&
                     !sp_str_eq(a->ask.job, m->job);
        return n;
}

int sp_warden_charge(struct sp_warden *w, const struct sp_msg_charge *m,
                     struct sp_msg_charged *ret, struct sp_err *reterr)
{
        int r = sp_limits_charge(w->limits, w->policy.policy, m, count_waiting(w, m),
                                 now_s(), ret, reterr);

        arm(w);
        return r;
}

static void on_quiet(void *userdata, const struct sp_limits_quiet *q)
{
        sp_record_quiet(userdata, q);
}

void sp_warden_record_quiet(struct sp_warden *w, bool now)
{
        if (!now && sp_clock_us() - w->quiet_recorded_us < QUIET_EVERY_US)
                return;
        w->quiet_recorded_us = sp_clock_us();
        sp_limits_take_quiet(w->limits, on_quiet, w);
}

int sp_warden_open_limits(struct sp_warden *w, struct sp_err *reterr)
{
        int r = sp_limits_new(&w->limits);

        if (r == 0)
                r = sd_event_add_time_relative(w->event, &w->limits_timer,
                                               CLOCK_MONOTONIC, KEEP_AFTER_US, 0,
                                               on_keep_time, w);
        if (r >= 0)
                r = sd_event_source_set_enabled(w->limits_timer, SD_EVENT_OFF);
        return r < 0 ? sp_err_set(reterr, r, "warden.memory", "", "%s", strerror(-r))
                     : 0;
}
