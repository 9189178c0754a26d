/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/warden/warden.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "daemon/base/clock.h"
#include "daemon/warden/state.h"
#include "daemon/warden/vouch.h"

#define HOUSEKEEPING_US (2 * SP_USEC_PER_SEC)
#define SECURE_HEAP_BYTES (256 * 1024)

static void warden_init(struct sp_warden *w, const struct sp_warden_options *o)
{
        *w = (struct sp_warden){ .options = o,
                                 .settings_fd = -1,
                                 .lock_fd = -1,
                                 .policy = SP_POLICY_SOURCE_NULL,
                                 .health = "starting",
                                 .started_wall_us = sp_clock_wall_us() };
}

int sp_warden_reload(struct sp_warden *w, struct sp_err *reterr)
{
        struct sp_policy_source fresh = SP_POLICY_SOURCE_NULL;
        struct sp_err e = SP_ERR_NULL;
        int r = sp_policy_source_load(&w->settings, &fresh, &e);

        w->is_reload_failed = r < 0;
        if (r < 0) {
                sp_log_err(SP_LOG_ERR, &e,
                           "the new policy is refused, the old one stays");
                sp_record_policy(w, &e);
                sp_health_update(w);
                if (reterr)
                        *reterr = e;
                return r;
        }
        sp_policy_source_done(&w->policy);
        w->policy = fresh;
        sp_children_send_policy(w);
        sp_record_policy(w, NULL);
        sp_log(SP_LOG_INFO, "policy %.12s is in force",
               sp_policy_version(w->policy.policy).p);
        if (w->bus)
                sp_bus_policy_reloaded(w->bus, sp_policy_version(w->policy.policy).p);
        sp_health_update(w);
        return 0;
}

/* ---- sources of the loop ---- */

static int on_stop_signal(sd_event_source *s, const struct signalfd_siginfo *si,
                          void *userdata)
{
        struct sp_warden *w = userdata;

        (void)s;
        sp_log(SP_LOG_INFO, "stopping (signal %u)", si->ssi_signo);
        (void)sd_notify(0, "STOPPING=1");
        sp_children_stop(w);
        return 0;
}

static int on_reload_signal(sd_event_source *s, const struct signalfd_siginfo *si,
                            void *userdata)
{
        (void)s, (void)si;
        (void)!sp_warden_reload(userdata, NULL);
        return 0;
}

static bool is_guard_live(void *userdata, uint64_t guard_id)
{
        struct sp_warden *w = userdata;
        char workload[SP_TAG_WORKLOAD_LEN];

        return sp_guard_workload(w->guard, guard_id, workload) != -ENOENT;
}

static int on_housekeeping(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct sp_warden *w = userdata;

        (void)usec;
        if (w->is_stopping)
                return 0;
        sp_sessions_tick(w->sessions, sp_clock_us(), is_guard_live, w);
        sp_networks_tick(w->networks);
        sp_refusals_tell(w->refusals, sp_clock_us());
        sp_vouch_tick(w, sp_clock_us());
        sp_warden_recall_limits(w);
        sp_warden_keep_limits(w);
        sp_warden_record_quiet(w, false);
        sp_warden_age_mask_key(w);
        sp_health_ask_store(w);
        sp_health_update(w);
        (void)sd_event_source_set_time_relative(s, HOUSEKEEPING_US);
        return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int on_guard_events(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct sp_warden *w = userdata;
        int r = sp_guard_events_read(w->guard, sp_record_event, w);

        (void)fd, (void)revents;
        if (r < 0) { /* what the kernel refuses stays refused; only the telling ends */
                sp_log(SP_LOG_ERR, "the guard's events cannot be read: %s",
                       strerror(-r));
                return sd_event_source_set_enabled(s, SD_EVENT_OFF);
        }
        return 0;
}

static int add_sources(struct sp_warden *w, struct sp_err *reterr)
{
        int r = sd_event_add_signal(w->event, NULL, SIGTERM, on_stop_signal, w);

        if (r >= 0)
                r = sd_event_add_signal(w->event, NULL, SIGINT, on_stop_signal, w);
        if (r >= 0)
                r = sd_event_add_signal(w->event, NULL, SIGHUP, on_reload_signal, w);
        if (r >= 0)
                r = sd_event_add_time_relative(w->event, &w->housekeeping,
                                               CLOCK_MONOTONIC, HOUSEKEEPING_US, 0,
                                               on_housekeeping, w);
        if (r >= 0)
                r = sd_event_add_io(w->event, &w->guard_events,
                                    sp_guard_events_fd(w->guard), EPOLLIN,
                                    on_guard_events, w);
        if (r >= 0)
                r = sd_event_set_watchdog(w->event, true);
        return r < 0 ? sp_err_set(reterr, r, "warden.loop", "", "%s", strerror(-r)) : 0;
}

static int run(struct sp_warden *w, struct sp_err *reterr)
{
        int r = sd_event_new(&w->event);

        if (r < 0)
                return sp_err_set(reterr, r, "warden.loop", "", "%s", strerror(-r));
        r = sp_warden_open(w, reterr);
        if (r == 0)
                r = add_sources(w, reterr);
        if (r == 0)
                r = sp_children_start(w, reterr);
        if (r < 0)
                return r;
        r = sd_event_loop(w->event);
        return r < 0 ? sp_err_set(reterr, r, "warden.loop", "", "%s", strerror(-r)) : r;
}

/* Secrets live in this process: no core file, no debugger of the same user. */
static void harden(void)
{
        const struct rlimit no_core = { 0, 0 };

        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void)umask(0022);
        /* 2: the heap is there, but its pages could not be locked */
        if (CRYPTO_secure_malloc_init(SECURE_HEAP_BYTES, 32) != 1)
                sp_log(SP_LOG_WARNING, "memory for keys cannot be locked");
}

static void block_signals(void)
{
        static const int ours[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
        sigset_t set;

        (void)sigemptyset(&set);
        for (size_t i = 0; i < SP_ARRAY_SIZE(ours); i++)
                (void)sigaddset(&set, ours[i]);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
}

int sp_warden_main(const struct sp_warden_options *o)
{
        struct sp_warden w;
        struct sp_err e = SP_ERR_NULL;
        int r;

        harden();
        block_signals();
        warden_init(&w, o);
        r = run(&w, &e);
        if (r < 0) {
                sp_log_err(SP_LOG_ERR, &e, w.is_announced ? "going on" : "starting");
                (void)sd_notifyf(0, "STATUS=%s: %s", e.where, e.what);
        }
        sp_warden_close(&w);
        w.event = sd_event_unref(w.event);
        if (r >= 0)
                sp_log(SP_LOG_INFO, "stopped");
        return r < 0 ? 1 : r;
}

int sp_warden_check(const struct sp_warden_options *o)
{
        struct sp_warden w;
        struct sp_err e = SP_ERR_NULL;
        int r;

        warden_init(&w, o);
        r = sp_warden_read_settings(&w, &e);
        if (r == 0)
                r = sp_policy_source_load(&w.settings, &w.policy, &e);
        if (r < 0)
                (void)fprintf(stderr, "%s%s%s (%s)\n", e.where, e.where[0] ? ": " : "",
                              e.what, e.id);
        else
                (void)printf("%s: good; policy %.12s of %zu files\n", o->config,
                             sp_policy_version(w.policy.policy).p, w.policy.files);
        sp_policy_source_done(&w.policy);
        sp_closep(&w.settings_fd);
        sp_arena_done(&w.arena);
        return r < 0;
}

int sp_warden_install(const struct sp_warden_options *o)
{
        struct sp_warden w;
        struct sp_err e = SP_ERR_NULL;
        int r;

        warden_init(&w, o);
        r = sp_warden_read_settings(&w, &e);
        if (r == 0)
                r = sp_warden_open_guard(&w, &e);
        if (r == -EBUSY) { /* the daemon that runs keeps it better than we would */
                sp_log_err(SP_LOG_INFO, &e, "the guard is there");
                r = 0;
        }
        if (r < 0)
                sp_log_err(SP_LOG_ERR, &e, "installing the guard");
        w.guard = sp_guard_close(w.guard); /* the pins stay */
        sp_closep(&w.settings_fd);
        sp_arena_done(&w.arena);
        return r < 0;
}

int sp_warden_uninstall(const struct sp_warden_options *o)
{
        struct sp_warden w;
        struct sp_err e = SP_ERR_NULL;
        int r;

        warden_init(&w, o);
        r = sp_warden_read_settings(&w, &e);
        if (r == 0)
                r = sp_guard_uninstall(&w.settings, &e);
        if (r < 0)
                sp_log_err(SP_LOG_ERR, &e, "removing the guard");
        sp_closep(&w.settings_fd);
        sp_arena_done(&w.arena);
        return r < 0;
}
