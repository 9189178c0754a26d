/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/open — from a configuration file to everything that the loop works with.
 *
 * Order: what can be wrong without touching the machine first (configuration, users,
 * policy), then files, then listeners, and the guard last: when it is attached,
 * connections come.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "daemon/base/clock.h"
#include "daemon/warden/files.h"
#include "daemon/warden/metrics_socket.h"
#include "daemon/warden/state.h"

#define SETTINGS_MAX (1024 * 1024)
#define SETTINGS_ARENA (16 * 1024 * 1024)

int sp_warden_read_settings(struct sp_warden *w, struct sp_err *reterr)
{
        sp_autobuf text = SP_BUF_INIT(2 * SETTINGS_MAX);
        struct sp_str kept;
        int r;

        w->arena = SP_ARENA_INIT(SETTINGS_ARENA);
        r = sp_file_read(w->options->config, SP_FILE_TRUSTED, SETTINGS_MAX, &text,
                         reterr);
        if (r < 0)
                return r;
        kept = sp_arena_str(&w->arena, sp_buf_str(&text));
        if (!kept.p)
                return sp_err_set(reterr, -ENOMEM, "warden.memory", "",
                                  "out of memory");
        r = sp_settings_parse(&w->arena, w->options->config, kept, &w->settings,
                              reterr);
        if (r < 0)
                return r;
        r = sp_memfd_new("sallyport-settings", kept, &w->settings_fd);
        return r < 0 ? sp_err_set(reterr, r, "warden.memory", "", "no memfd: %s",
                                  strerror(-r))
                     : 0;
}

/* SO_REUSEPORT would let a second daemon take half of the connections unnoticed. */
static int take_lock(struct sp_warden *w, struct sp_err *reterr)
{
        sp_autoclose int fd = -1;
        char path[PATH_MAX];
        int r = sp_file_join(path, w->settings.runtime_dir, "sallyportd.lock", reterr);

        if (r < 0)
                return r;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return sp_err_set(reterr, -errno, "warden.lock", path,
                                  "cannot be made: %m");
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return sp_err_set(reterr, -errno, "warden.lock", path,
                                  errno == EWOULDBLOCK ? "another sallyportd is running"
                                                       : "cannot be locked: %m");
        w->lock_fd = SP_TAKE_FD(fd);
        return 0;
}

static int make_dirs(struct sp_warden *w, struct sp_err *reterr)
{
        const struct sp_user *u = &w->user_recorder;
        char path[PATH_MAX];
        /* 0711: the recorder walks through it to its own directory */
        int r = sp_file_make_dir(w->settings.state_dir.p, 0711, (uid_t)-1, (gid_t)-1,
                                 reterr);

        if (r == 0)
                r = sp_file_make_dir(w->settings.runtime_dir.p, 0755, (uid_t)-1,
                                     (gid_t)-1, reterr);
        if (r == 0)
                r = sp_file_join(path, w->settings.state_dir, "records", reterr);
        if (r == 0)
                r = sp_file_make_dir(path, 0700, u->is_set ? u->uid : (uid_t)-1,
                                     u->is_set ? u->gid : (gid_t)-1, reterr);
        return r;
}

static int load_secrets(struct sp_warden *w, struct sp_err *reterr)
{
        struct sp_err e;
        int r = sp_keys_load(w->settings.state_dir, &w->keys, reterr);

        if (r == 0)
                r = sp_ca_open(w->settings.state_dir, &w->ca, reterr);
        if (r == 0)
                r = sp_ca_export(w->ca, w->settings.runtime_dir, reterr);
        if (r < 0)
                return r;
        /* those of libcrypto are on its own locked heap */
        if (mlock(&w->keys, sizeof(w->keys)) < 0)
                sp_log(SP_LOG_WARNING, "memory for keys cannot be locked: %m");
        (void)snprintf(w->ca_file, sizeof(w->ca_file), "%s/ca.pem",
                       w->settings.runtime_dir.p);
        (void)snprintf(w->ca_bundle, sizeof(w->ca_bundle), "%s/ca-bundle.pem",
                       w->settings.runtime_dir.p);
        r = sp_credential_load(&w->settings, &w->credential, &e);
        if (r < 0 && (w->settings.credential.service_account_file.n ||
                      w->settings.credential.credential_name.n)) {
                *reterr = e; /* one is configured: do not start without it */
                return r;
        }
        if (r < 0)
                sp_log_err(SP_LOG_WARNING, &e, "nothing can be forwarded");
        return 0;
}

static int open_workers(struct sp_warden *w, struct sp_err *reterr)
{
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        unsigned n = w->settings.workers ? w->settings.workers
                     : cpus > 0          ? (unsigned)SP_MIN(cpus, (long)SP_WORKERS_MAX)
                                         : 1;

        struct sp_kept_fds kept;
        int r = sp_kept_fds_receive(&kept);

        if (r < 0)
                return sp_err_set(reterr, r, "listen.kept", "",
                                  "descriptors that were kept: %s", strerror(-r));
        w->workers = calloc(n, sizeof(*w->workers));
        if (!w->workers)
                r = sp_err_set(reterr, -ENOMEM, "warden.memory", "", "out of memory");
        for (unsigned i = 0; r == 0 && i < n; i++) {
                r = sp_listeners_open(i, w->settings.guard.port,
                                      w->settings.guard.metadata_port, &kept,
                                      &w->workers[i].listeners, reterr);
                w->n_workers += r == 0;
        }
        sp_kept_fds_done(&kept);
        if (r < 0)
                return r;
        if (w->workers[0].listeners.each[SP_LISTENERS - 1].fd < 0)
                sp_log(SP_LOG_WARNING, "no IPv6 here: guarded processes cannot use it");
        return 0;
}

int sp_warden_open_guard(struct sp_warden *w, struct sp_err *reterr)
{
        const struct sp_guard_missing *m;
        int r = sp_guard_open(&w->settings, &w->guard, reterr);

        if (r == 0)
                r = sp_guard_apply(w->guard, w->settings.workloads,
                                   w->settings.n_workloads, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; (m = sp_guard_missing(w->guard, i)); i++)
                sp_log(SP_LOG_WARNING, "on this kernel %s (%s)", m->what, m->why);
        sp_log(SP_LOG_INFO, "guard attached at %s", sp_guard_attach_path(w->guard));
        return 0;
}

static int open_metrics(struct sp_warden *w, struct sp_err *reterr)
{
        char path[PATH_MAX];
        int r = sp_file_join(path, w->settings.runtime_dir, "metrics.sock", reterr);

        return r < 0 ? r
                     : sp_metrics_socket_new(w->event, path, sp_warden_metrics, w,
                                             &w->metrics_socket, reterr);
}

int sp_warden_open(struct sp_warden *w, struct sp_err *reterr)
{
        int r = sp_warden_read_settings(w, reterr);

        if (r == 0)
                r = sp_user_find(w->settings.user_worker, &w->user_worker, reterr);
        if (r == 0)
                r = sp_user_find(w->settings.user_recorder, &w->user_recorder, reterr);
        if (r == 0)
                r = sp_user_find(w->settings.user_verifier, &w->user_verifier, reterr);
        if (r == 0)
                r = sp_policy_source_load(&w->settings, &w->policy, reterr);
        if (r == 0)
                r = make_dirs(w, reterr);
        if (r == 0)
                r = take_lock(w, reterr);
        if (r == 0)
                r = load_secrets(w, reterr);
        if (r == 0)
                r = open_workers(w, reterr);
        if (r < 0)
                return r;
        r = sp_refusals_new(sp_record_refusal, w, &w->refusals);
        if (r == 0)
                r = sp_sessions_new(w->settings.limits.session_idle_us, &w->sessions);
        if (r < 0)
                return sp_err_set(reterr, r, "warden.memory", "", "out of memory");
        sp_children_init(w);
        r = sp_warden_open_approvals(w, reterr);
        if (r == 0)
                r = sp_warden_open_limits(w, reterr);
        if (r == 0)
                r = sp_warden_open_guard(w, reterr);
        if (r == 0 && sp_children_open_networks(w) < 0)
                r = sp_err_set(reterr, -ENOMEM, "warden.memory", "", "out of memory");
        if (r == 0 && !w->options->no_bus)
                r = sp_warden_open_bus(w, reterr);
        if (r == 0)
                r = open_metrics(w, reterr);
        return r;
}

void sp_warden_close(struct sp_warden *w)
{
        for (unsigned i = 0; i < w->n_workers; i++) {
                sp_child_done(&w->workers[i].child);
                sp_listeners_close(&w->workers[i].listeners);
        }
        sp_child_done(&w->verifier);
        sp_child_done(&w->recorder);
        w->metrics_socket = sp_metrics_socket_free(w->metrics_socket);
        w->bus = sp_bus_free(w->bus); /* after the children: their answers go to it */
        w->guard_events = sd_event_source_unref(w->guard_events);
        w->approvals_timer = sd_event_source_unref(w->approvals_timer);
        w->housekeeping = sd_event_source_unref(w->housekeeping);
        w->limits_timer = sd_event_source_unref(w->limits_timer);
        w->limits = sp_limits_free(w->limits);
        w->approvals = sp_approvals_free(w->approvals);
        w->networks = sp_networks_free(w->networks);
        w->guard = sp_guard_close(w->guard); /* the pins stay */
        w->sessions = sp_sessions_free(w->sessions);
        w->credential = sp_credential_free(w->credential);
        w->ca = sp_ca_free(w->ca);
        sp_keys_done(&w->keys);
        sp_policy_source_done(&w->policy);
        w->refusals = sp_refusals_free(w->refusals);
        sp_record_forget_unsent(w);
        free(w->workers);
        sp_closep(&w->settings_fd);
        sp_closep(&w->lock_fd);
        sp_arena_done(&w->arena);
}
