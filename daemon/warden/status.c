/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/status — how it stands: health, the status object, and everybody's metrics.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "daemon/base/clock.h"
#include "daemon/base/json.h"
#include "daemon/warden/metrics.h"
#include "daemon/warden/state.h"

#define METRICS_MAX (8 * 1024 * 1024)

static const char *const child_states[] = { [SP_CHILD_DOWN] = "down",
                                            [SP_CHILD_STARTING] = "starting",
                                            [SP_CHILD_READY] = "ready" };

/* ---- health ---- */

static unsigned workers_down(const struct sp_warden *w)
{
        unsigned n = 0;

        for (unsigned i = 0; i < w->n_workers; i++)
                n += w->workers[i].child.state != SP_CHILD_READY;
        return n;
}

static void describe(const struct sp_warden *w, char to[SP_HEALTH_LEN])
{
        unsigned down = workers_down(w);

        if (w->recorder.state != SP_CHILD_READY)
                (void)snprintf(to, SP_HEALTH_LEN, "degraded: the recorder is down");
        else if (w->store_health[0])
                (void)snprintf(to, SP_HEALTH_LEN, "degraded: %.180s", w->store_health);
        else if (down)
                (void)snprintf(to, SP_HEALTH_LEN, "degraded: %u of %u workers are down",
                               down, w->n_workers);
        else if (w->settings.n_issuers && w->verifier.state != SP_CHILD_READY)
                (void)snprintf(to, SP_HEALTH_LEN,
                               "degraded: the verifier is down, nobody can sign in");
        else if (w->bus && !sp_bus_is_connected(w->bus))
                (void)snprintf(to, SP_HEALTH_LEN, "degraded: not on the bus");
        else if (!w->credential)
                (void)snprintf(to, SP_HEALTH_LEN, "degraded: no service account key");
        else if (w->is_reload_failed)
                (void)snprintf(
                        to, SP_HEALTH_LEN,
                        "degraded: the last policy was refused, the one before it is "
                        "in force");
        else
                (void)snprintf(to, SP_HEALTH_LEN, "ok");
}

void sp_health_update(struct sp_warden *w)
{
        char now[SP_HEALTH_LEN];

        if (!w->is_announced || w->is_stopping)
                return;
        describe(w, now);
        if (strcmp(now, w->health) == 0)
                return;
        memcpy(w->health, now, sizeof(now));
        sp_log(strcmp(now, "ok") ? SP_LOG_WARNING : SP_LOG_INFO, "health: %s", now);
        (void)sd_notifyf(0, "STATUS=%s", now);
        if (w->bus)
                sp_bus_health_changed(w->bus, now);
}

static void on_store(void *userdata, struct sp_child *c, struct sp_str payload,
                     const struct sp_err *e)
{
        struct sp_warden *w = userdata;

        (void)c, (void)payload;
        w->is_asking_store = false;
        w->store_health[0] = '\0';
        if (e)
                (void)snprintf(w->store_health, sizeof(w->store_health),
                               "%.60s: %.120s", e->where, e->what);
        sp_health_update(w);
}

void sp_health_ask_store(struct sp_warden *w)
{
        if (w->is_asking_store || w->recorder.state != SP_CHILD_READY)
                return;
        w->is_asking_store = sp_child_ask(&w->recorder, SP_MSG_RECORDER_STATUS,
                                          SP_STR_NULL, on_store, w) == 0;
}

/* ---- status ---- */

static void put_child(struct sp_jsonw *j, const struct sp_child *c)
{
        sp_jsonw_kstr(j, "state", sp_str_c(child_states[c->state]));
        sp_jsonw_ku64(j, "pid", (uint64_t)c->launch.pid);
        sp_jsonw_ku64(j, "restarts", c->restarts);
        sp_jsonw_ku64(j, "up_us",
                      c->launch.pid > 0 ? sp_clock_us() - c->started_us : 0);
}

static void put_time(struct sp_jsonw *j, const char *key, uint64_t wall_us)
{
        char text[SP_TIME_LEN + 1];

        sp_clock_format(wall_us, text);
        sp_jsonw_kstr(j, key, sp_str_c(text));
}

static void put_guard(struct sp_warden *w, struct sp_jsonw *j)
{
        uint64_t stats[SP_STAT_COUNT];
        const struct sp_guard_missing *m;

        sp_jsonw_key(j, "guard");
        sp_jsonw_open(j, '{');
        sp_jsonw_kstr(j, "attach", sp_str_c(sp_guard_attach_path(w->guard)));
        sp_jsonw_key(j, "weaker");
        sp_jsonw_open(j, '[');
        for (size_t i = 0; (m = sp_guard_missing(w->guard, i)); i++)
                sp_jsonw_str(j, sp_str_c(m->what));
        sp_jsonw_close(j, ']');
        sp_jsonw_ku64(j, "networks", sp_networks_count(w->networks));
        if (sp_guard_stats(w->guard, stats) == 0)
                for (enum sp_guard_stat i = 0; i < SP_STAT_COUNT; i++)
                        sp_jsonw_ku64(j, sp_guard_stat_name(i), stats[i]);
        sp_jsonw_close(j, '}');
}

static size_t count_pending(const struct sp_approvals *t)
{
        const struct sp_approval *a = NULL;
        size_t n = 0;

        while ((a = sp_approvals_next(t, a)))
                n += a->state == SP_APPROVAL_PENDING;
        return n;
}

int sp_warden_status_json(struct sp_warden *w, struct sp_buf *ret)
{
        struct sp_jsonw j = SP_JSONW(ret);
        const struct sp_policy *p = w->policy.policy;

        sp_jsonw_open(&j, '{');
        sp_jsonw_kstr(&j, "version", SP_STR(SP_VERSION));
        sp_jsonw_kstr(&j, "health", sp_str_c(w->health));
        put_time(&j, "started", w->started_wall_us);
        sp_jsonw_key(&j, "policy");
        sp_jsonw_open(&j, '{');
        sp_jsonw_kstr(&j, "version", sp_policy_version(p));
        sp_jsonw_kstr(&j, "mode",
                      sp_policy_mode(p) == SP_MODE_OBSERVE ? SP_STR("observe")
                                                           : SP_STR("enforce"));
        sp_jsonw_ku64(&j, "files", w->policy.files);
        put_time(&j, "loaded", w->policy.loaded_wall_us);
        sp_jsonw_kbool(&j, "reload_failed", w->is_reload_failed);
        sp_jsonw_close(&j, '}');
        sp_jsonw_key(&j, "workers");
        sp_jsonw_open(&j, '[');
        for (unsigned i = 0; i < w->n_workers; i++) {
                sp_jsonw_open(&j, '{');
                sp_jsonw_ku64(&j, "index", i);
                put_child(&j, &w->workers[i].child);
                sp_jsonw_close(&j, '}');
        }
        sp_jsonw_close(&j, ']');
        sp_jsonw_key(&j, "recorder");
        sp_jsonw_open(&j, '{');
        put_child(&j, &w->recorder);
        sp_jsonw_kstr(&j, "store",
                      w->store_health[0] ? sp_str_c(w->store_health) : SP_STR("ok"));
        sp_jsonw_close(&j, '}');
        if (w->settings.n_issuers) {
                sp_jsonw_key(&j, "verifier");
                sp_jsonw_open(&j, '{');
                put_child(&j, &w->verifier);
                sp_jsonw_close(&j, '}');
        }
        put_guard(w, &j);
        sp_jsonw_ku64(&j, "sessions", sp_sessions_count(w->sessions));
        sp_jsonw_ku64(&j, "approvals_pending", count_pending(w->approvals));
        sp_jsonw_key(&j, "limits");
        sp_limits_status(w->limits, sp_clock_wall_us() / SP_USEC_PER_SEC, &j);
        sp_jsonw_kbool(&j, "has_credential", w->credential != NULL);
        sp_jsonw_close(&j, '}');
        return sp_jsonw_end(&j);
}

/* ---- metrics ---- */

struct collection {
        struct sp_warden *w;
        struct sp_bus_call *call;
        struct sp_metrics_merge all;
        unsigned waiting; /* answers to come, and one for the asking itself */
};

static int add_own(struct sp_warden *w, struct sp_buf *to)
{
        uint64_t stats[SP_STAT_COUNT];
        int r = sp_buf_addf(
                to,
                "# HELP sallyport_sessions Sessions at work.\n"
                "# TYPE sallyport_sessions gauge\n"
                "sallyport_sessions %zu\n"
                "# HELP sallyport_networks Network namespaces of guarded "
                "processes with listeners inside.\n"
                "# TYPE sallyport_networks gauge\n"
                "sallyport_networks %u\n"
                "# HELP sallyport_healthy 1: nothing is degraded.\n"
                "# TYPE sallyport_healthy gauge\n"
                "sallyport_healthy %d\n"
                "# HELP sallyport_restarts_total Children started again.\n"
                "# TYPE sallyport_restarts_total counter\n"
                "sallyport_restarts_total{child=\"recorder\"} %llu\n"
                "sallyport_restarts_total{child=\"verifier\"} %llu\n",
                sp_sessions_count(w->sessions), sp_networks_count(w->networks),
                strcmp(w->health, "ok") == 0, (unsigned long long)w->recorder.restarts,
                (unsigned long long)w->verifier.restarts);

        for (unsigned i = 0; r == 0 && i < w->n_workers; i++)
                r = sp_buf_addf(to,
                                "sallyport_restarts_total{child=\"worker-%u\"} %llu\n",
                                i, (unsigned long long)w->workers[i].child.restarts);
        if (r == 0)
                r = sp_buf_add(to,
                               SP_STR("# HELP sallyport_over_quota_total Questions of "
                                      "workers that were refused.\n"
                                      "# TYPE sallyport_over_quota_total counter\n"));
        for (unsigned i = 0; r == 0 && i < w->n_workers; i++)
                r = sp_buf_addf(
                        to, "sallyport_over_quota_total{child=\"worker-%u\"} %llu\n", i,
                        (unsigned long long)w->workers[i].refused);
        if (r < 0 || sp_guard_stats(w->guard, stats) < 0)
                return r;
        r = sp_buf_add(to, SP_STR("# HELP sallyport_guard_total What the kernel did.\n"
                                  "# TYPE sallyport_guard_total counter\n"));
        for (enum sp_guard_stat i = 0; r == 0 && i < SP_STAT_COUNT; i++)
                r = sp_buf_addf(to, "sallyport_guard_total{what=\"%s\"} %llu\n",
                                sp_guard_stat_name(i), (unsigned long long)stats[i]);
        return r;
}

static void finish(struct collection *k)
{
        sp_autobuf own = SP_BUF_INIT(METRICS_MAX);
        sp_autobuf text = SP_BUF_INIT(METRICS_MAX);
        struct sp_err e;
        int r;

        if (--k->waiting > 0)
                return;
        r = add_own(k->w, &own);
        if (r == 0)
                r = sp_approvals_metrics(k->w->approvals, &own);
        if (r == 0)
                r = sp_limits_metrics(k->w->limits, &own);
        if (r == 0)
                r = sp_refusals_metrics(k->w->refusals, &own);
        if (r == 0)
                r = sp_metrics_merge_add(&k->all, sp_buf_str(&own), "role=\"warden\"");
        if (r == 0)
                r = sp_metrics_merge_write(&k->all, &text);
        if (r < 0)
                (void)sp_err_set(&e, r, "warden.metrics", "",
                                 "the metrics do not fit: %s", strerror(-r));
        sp_bus_reply(k->call, sp_buf_str(&text), r < 0 ? &e : NULL);
        sp_metrics_merge_done(&k->all);
        free(k);
}

static void on_metrics(void *userdata, struct sp_child *c, struct sp_str payload,
                       const struct sp_err *e)
{
        struct collection *k = userdata;
        struct sp_msg_metrics m;
        char labels[64];

        (void)snprintf(labels, sizeof(labels), "role=\"%s\",index=\"%u\"",
                       c->launch.role, c->index);
        if (!e && (sp_msg_read_metrics(payload, &m) < 0 ||
                   sp_metrics_merge_add(&k->all, m.text, labels) < 0))
                sp_log(SP_LOG_WARNING, "the metrics of %s %u cannot be read",
                       c->launch.role, c->index);
        finish(k);
}

static void ask_metrics(struct collection *k, struct sp_child *c)
{
        k->waiting++;
        if (sp_child_ask(c, SP_MSG_METRICS_GET, SP_STR_NULL, on_metrics, k) < 0)
                k->waiting--;
}

void sp_warden_metrics(void *warden, struct sp_bus_call *call)
{
        struct sp_warden *w = warden;
        struct collection *k = calloc(1, sizeof(*k));
        struct sp_err e;

        if (!k) {
                (void)sp_err_set(&e, -ENOMEM, "warden.metrics", "", "out of memory");
                sp_bus_reply(call, SP_STR_NULL, &e);
                return;
        }
        *k = (struct collection){ .w = w, .call = call, .waiting = 1 };
        for (unsigned i = 0; i < w->n_workers; i++)
                ask_metrics(k, &w->workers[i].child);
        ask_metrics(k, &w->recorder);
        ask_metrics(k, &w->verifier);
        finish(k);
}
