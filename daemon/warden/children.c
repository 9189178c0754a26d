/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/children — what recorder, verifier and workers are given at their start, in which
 * order they come up and go down.
 *
 * The recorder comes first: no worker accepts a connection before the store has been
 * tried. It goes last, so that the workers' last records are written.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "daemon/warden/files.h"
#include "daemon/warden/state.h"
#include "daemon/warden/vouch.h"

#define JWKS_MAX (1024 * 1024)

/* ---- what they are given ---- */

/* A pair between the recorder and one worker. A worker that starts while there is no
 * recorder gets its channel, and its SP_MSG_START, when there is one again. */
static int join_recorder(struct sp_warden *w, struct sp_warden_worker *k)
{
        struct sp_child *worker = &k->child;
        int pair[2], r;

        if (!w->recorder.is_open || !worker->is_open)
                return 0;
        r = sp_ipc_pair(pair);
        if (r < 0)
                return r;
        r = sp_child_send(&w->recorder, SP_MSG_CHANNEL, SP_STR_NULL, pair[0]);
        if (r == 0)
                r = sp_child_send(worker, SP_MSG_RECORDER, SP_STR_NULL, pair[1]);
        (void)close(pair[0]);
        (void)close(pair[1]);
        if (r == 0 && !k->may_accept) {
                r = sp_child_send(worker, SP_MSG_START, SP_STR_NULL, -1);
                k->may_accept = r == 0;
        }
        return r;
}

static int send_listeners(struct sp_child *c, uint64_t network,
                          const struct sp_listeners *all)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < SP_LISTENERS; i++) {
                const struct sp_listener *l = &all->each[i];
                sp_autobuf payload = SP_BUF_INIT(64);
                struct sp_wire_out out = SP_WIRE_OUT(&payload);

                if (l->fd < 0)
                        continue;
                sp_wire_put_u8(&out, l->is_metadata);
                sp_wire_put_u64(&out, network);
                r = out.error;
                if (r == 0)
                        r = sp_child_send(c, SP_MSG_LISTENER, sp_buf_str(&payload),
                                          l->fd);
        }
        return r;
}

/* ---- listeners in the networks of containers ---- */

static void give_network(void *child, uint64_t network, const struct sp_listeners *all)
{
        struct sp_child *c = child;

        if (c->is_open && send_listeners(c, network, all) < 0)
                sp_child_kill(c, "it cannot be given listeners");
}

static void give_network_to_all(void *warden, uint64_t network,
                                const struct sp_listeners *all)
{
        struct sp_warden *w = warden;

        for (unsigned i = 0; i < w->n_workers; i++)
                give_network(&w->workers[i].child, network, all);
}

/* A worker that kept them would keep the namespace in being. */
static void take_network_from_all(void *warden, uint64_t network)
{
        struct sp_warden *w = warden;

        for (unsigned i = 0; i < w->n_workers; i++) {
                struct sp_child *c = &w->workers[i].child;
                sp_autobuf payload = SP_BUF_INIT(64);
                struct sp_wire_out out = SP_WIRE_OUT(&payload);

                sp_wire_put_u64(&out, network);
                if (c->is_open &&
                    (out.error < 0 ||
                     sp_child_send(c, SP_MSG_UNLISTEN, sp_buf_str(&payload), -1) < 0))
                        sp_child_kill(c, "listeners cannot be taken from it");
        }
}

int sp_children_open_networks(struct sp_warden *w)
{
        const struct sp_networks_hooks hooks = { w, give_network_to_all,
                                                 take_network_from_all };

        return sp_networks_new(w->guard, w->settings.guard.port,
                               w->settings.guard.metadata_port, &hooks, &w->networks);
}

static int send_jwks_of(struct sp_child *c, const struct sp_issuer_settings *i,
                        struct sp_err *reterr)
{
        sp_autobuf keys = SP_BUF_INIT(2 * JWKS_MAX);
        sp_autobuf payload = SP_BUF_INIT(4096);
        struct sp_wire_out out = SP_WIRE_OUT(&payload);
        char path[PATH_MAX];
        int fd, r = sp_file_join(path, i->jwks_file, "", reterr);

        if (r == 0)
                r = sp_file_read(path, SP_FILE_TRUSTED, JWKS_MAX, &keys, reterr);
        if (r < 0)
                return r;
        sp_wire_put_str(&out, i->issuer);
        r = out.error;
        if (r == 0)
                r = sp_memfd_new("sallyport-jwks", sp_buf_str(&keys), &fd);
        if (r < 0)
                return sp_err_set(reterr, r, "warden.jwks", path, "%s", strerror(-r));
        r = sp_child_send(c, SP_MSG_JWKS, sp_buf_str(&payload), fd);
        (void)close(fd);
        return r < 0 ? sp_err_set(reterr, r, "warden.jwks", path, "not sent") : 0;
}

/* An issuer without keys vouches for nobody; the rest of the product goes on. */
static void send_jwks(struct sp_warden *w, struct sp_child *c)
{
        for (size_t i = 0; i < w->settings.n_issuers; i++) {
                struct sp_err e;

                if (w->settings.issuers[i].jwks_file.n &&
                    send_jwks_of(c, &w->settings.issuers[i], &e) < 0)
                        sp_log_err(SP_LOG_ERR, &e, "handing out an issuer's keys");
        }
}

void sp_children_send_policy(struct sp_warden *w)
{
        if (w->verifier.is_open)
                send_jwks(w, &w->verifier);
        for (unsigned i = 0; i < w->n_workers; i++) {
                struct sp_child *c = &w->workers[i].child;

                if (!c->is_open)
                        continue;
                if (sp_child_send(c, SP_MSG_POLICY, SP_STR_NULL, w->policy.fd) < 0)
                        sp_child_kill(c, "it cannot be given the new policy");
        }
}

static int on_worker_start(void *userdata, struct sp_child *c)
{
        struct sp_warden *w = userdata;
        struct sp_warden_worker *k = c->owner;
        int r = sp_child_send(c, SP_MSG_SETTINGS, SP_STR_NULL, w->settings_fd);

        k->may_accept = false;
        if (r == 0)
                r = sp_child_send(c, SP_MSG_POLICY, SP_STR_NULL, w->policy.fd);
        if (r == 0)
                r = sp_child_send(c, SP_MSG_ORIGINS, SP_STR_NULL,
                                  sp_guard_origins_fd(w->guard));
        if (r == 0)
                r = send_listeners(c, 0, &k->listeners);
        if (r == 0)
                sp_networks_again(w->networks,
                                  &(struct sp_networks_hooks){ c, give_network, NULL });
        return r == 0 ? join_recorder(w, k) : r; /* last: it says START */
}

static int on_recorder_start(void *userdata, struct sp_child *c)
{
        struct sp_warden *w = userdata;
        int r = sp_child_send(c, SP_MSG_SETTINGS, SP_STR_NULL, w->settings_fd);

        (void)snprintf(w->store_health, sizeof(w->store_health),
                       "the store is not open yet");
        for (unsigned i = 0; r == 0 && i < w->n_workers; i++)
                r = join_recorder(w, &w->workers[i]);
        return r;
}

static int on_verifier_start(void *userdata, struct sp_child *c)
{
        struct sp_warden *w = userdata;
        int r = sp_child_send(c, SP_MSG_SETTINGS, SP_STR_NULL, w->settings_fd);

        if (r == 0)
                send_jwks(w, c);
        return r == 0 ? sp_child_send(c, SP_MSG_START, SP_STR_NULL, -1) : r;
}

/* ---- up ---- */

static void announce(struct sp_warden *w)
{
        if (w->is_announced)
                return;
        for (unsigned i = 0; i < w->n_workers; i++)
                if (w->workers[i].child.state != SP_CHILD_READY)
                        return;
        if (w->settings.n_issuers && w->verifier.state != SP_CHILD_READY)
                return;
        w->is_announced = true;
        sp_log(SP_LOG_INFO, "ready: %u workers, policy %.12s", w->n_workers,
               sp_policy_version(w->policy.policy).p);
        (void)sd_notify(0, "READY=1");
}

/* A worker, or the verifier. */
static void on_ready(void *userdata, struct sp_child *c)
{
        struct sp_warden *w = userdata;

        (void)c;
        announce(w);
        sp_health_update(w);
}

static void start_workers(struct sp_warden *w)
{
        if (w->are_workers_started || w->is_stopping)
                return;
        w->are_workers_started = true;
        for (unsigned i = 0; i < w->n_workers; i++) {
                struct sp_err e;

                if (sp_child_start(&w->workers[i].child, w->event, &e) < 0) {
                        sp_log_err(SP_LOG_ERR, &e, "starting a worker");
                        w->exit_code = 1;
                        sp_children_stop(w);
                        return;
                }
        }
}

/* The store has been tried: what became of it, workers tell their clients. */
static void on_first_store(void *userdata, struct sp_child *c, struct sp_str payload,
                           const struct sp_err *e)
{
        struct sp_warden *w = userdata;

        (void)payload;
        if (!c->is_open) /* the recorder died over it; it comes again */
                return;
        if (e)
                sp_log_err(SP_LOG_ERR, e, "the store cannot be written");
        sp_warden_recall_limits(w);
        start_workers(w);
}

static void on_recorder_ready(void *userdata, struct sp_child *c)
{
        struct sp_warden *w = userdata;

        sp_record_unsent(w);
        if (!w->are_workers_started) {
                sp_record_start(w);
                if (sp_child_ask(c, SP_MSG_RECORDER_STATUS, SP_STR_NULL, on_first_store,
                                 w) < 0)
                        sp_child_kill(c, "it cannot be asked");
        }
        sp_health_ask_store(w);
        sp_health_update(w);
}

/* ---- down ---- */

static bool is_anyone_left(const struct sp_warden *w)
{
        for (unsigned i = 0; i < w->n_workers; i++)
                if (w->workers[i].child.launch.pid > 0)
                        return true;
        return false;
}

static void go_on_stopping(struct sp_warden *w)
{
        if (is_anyone_left(w))
                return;
        if (!w->recorder.is_stopping) {
                sp_warden_keep_limits(w);
                sp_child_stop(&w->recorder);
        }
        sp_child_stop(&w->verifier);
        if (w->recorder.launch.pid <= 0 && w->verifier.launch.pid <= 0)
                (void)sd_event_exit(w->event, w->exit_code);
}

static void on_down(void *userdata, struct sp_child *c)
{
        struct sp_warden *w = userdata;

        (void)c;
        if (w->is_stopping)
                go_on_stopping(w);
        else
                sp_health_update(w);
}

static void on_worker_down(void *userdata, struct sp_child *c)
{
        sp_vouch_forget(c->owner);
        on_down(userdata, c);
}

/* Recorder and verifier answer, and ask nothing. */
static int on_question(void *userdata, struct sp_child *c, struct sp_ipc_msg *m)
{
        (void)userdata;
        sp_log(SP_LOG_ERR, "the %s sent message type %u, which it may not",
               c->launch.role, m->type);
        return -EBADMSG;
}

void sp_children_init(struct sp_warden *w)
{
        const char *units = w->options->has_units ? w->settings.runtime_dir.p : NULL;

        w->worker_hooks = (struct sp_child_hooks){ w, on_worker_start, on_ready,
                                                   sp_table_dispatch, on_worker_down };
        w->recorder_hooks =
                (struct sp_child_hooks){ w, on_recorder_start, on_recorder_ready,
                                         on_question, on_down };
        w->verifier_hooks = (struct sp_child_hooks){ w, on_verifier_start, on_ready,
                                                     on_question, on_down };
        w->recorder = (struct sp_child){ .launch = SP_LAUNCH("recorder",
                                                             w->user_recorder, units),
                                         .log_level = w->options->log_level,
                                         .hooks = &w->recorder_hooks };
        w->verifier = (struct sp_child){ .launch = SP_LAUNCH("verifier",
                                                             w->user_verifier, units),
                                         .log_level = w->options->log_level,
                                         .hooks = &w->verifier_hooks };
        for (unsigned i = 0; i < w->n_workers; i++)
                w->workers[i].child =
                        (struct sp_child){ .launch = SP_LAUNCH("worker", w->user_worker,
                                                               units),
                                           .index = i,
                                           .log_level = w->options->log_level,
                                           .hooks = &w->worker_hooks,
                                           .owner = &w->workers[i] };
}

int sp_children_start(struct sp_warden *w, struct sp_err *reterr)
{
        int r = sp_child_start(&w->recorder, w->event, reterr);

        return r == 0 && w->settings.n_issuers
                       ? sp_child_start(&w->verifier, w->event, reterr)
                       : r;
}

void sp_children_stop(struct sp_warden *w)
{
        if (w->is_stopping)
                return;
        sp_refusals_tell(w->refusals, UINT64_MAX);
        sp_warden_record_quiet(w, true);
        w->is_stopping = true;
        sp_networks_close_all(w->networks); /* who connects waits for the next daemon */
        for (unsigned i = 0; i < w->n_workers; i++) {
                /* from here on the kernel refuses what guarded processes try; or they wait,
                 * where systemd keeps the listeners for the next daemon */
                sp_listeners_close(&w->workers[i].listeners);
                sp_child_drain(&w->workers[i].child);
        }
        go_on_stopping(w);
}
