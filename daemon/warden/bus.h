/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/bus — the D-Bus service: approvals as objects, run-time guard tags, status.
 *
 * Job:       translate between the bus and the warden: Manager and Guard here, approvals in
 *            bus_approval.c, masks in bus_masks.c. Decides who may call: euid 0, or
 *            polkit's yes when polkit is on the bus; never a caller whose own cgroup is
 *            guarded, and never when that cannot be found out.
 * Ownership: borrows the event loop, the approvals table and the hooks' userdata. When
 *            stopping, sp_approvals_free and all sp_bus_reply come before
 *            sp_bus_free. Strings of hooks are copied at once.
 * Errors:    sp_bus_new: -errno, "bus.*". A bus that goes away is reconnected every
 *            second; sp_bus_is_connected tells.
 * Blocking:  never after sp_bus_new: credentials and polkit are asked asynchronously.
 * Spec:      include/sallyport/dbus.h; docs/man/sallyctl.1.scd section D-BUS.
 */
#pragma once

#include "daemon/warden/approvals.h"

struct sd_event;
struct sp_bus;

struct sp_bus_info { /* NUL-terminated; NULL shows as "" */
        const char *version, *policy_version, *mode;
        const char *ca_file; /* the CA alone */
        const char *ca_bundle; /* ours and the system's */
        const char *state_dir;
        const char *health; /* "ok", "degraded: …" */
};

/* An answer that comes later. Call sp_bus_reply exactly once for each: also when the
 * warden stops (before sp_bus_free). */
struct sp_bus_call;
void sp_bus_reply(struct sp_bus_call *call, struct sp_str text, const struct sp_err *e);

/* A call that came another way than by the bus: `fn` is given what sp_bus_reply is, and
 * the call is gone then. NULL: no memory. */
typedef void (*sp_bus_text_fn)(void *userdata, struct sp_str text,
                               const struct sp_err *e);
struct sp_bus_call *sp_bus_call_local(sp_bus_text_fn fn, void *userdata);

/* What is asked of a token; who asks. Strings live as long as the call. */
struct sp_bus_unmask {
        struct sp_str approval; /* of the second call */
        struct sp_str session, column, token, reason;
        bool is_integer;
        uint32_t uid, pid;
        const char *who; /* "alice (uid 1000)" */
};

typedef int (*sp_bus_guard_fn)(void *to, const char *path, const char *workload,
                               uint64_t cgroup_id);
struct sp_bus_hooks {
        void *userdata;
        void (*info)(void *userdata, struct sp_bus_info *ret);
        /* Appends what the caller is told: the new policy's version. */
        int (*reload_policy)(void *userdata, struct sp_buf *ret, struct sp_err *reterr);
        int (*status)(void *userdata, struct sp_buf *ret); /* a JSON object */
        void (*metrics)(void *userdata,
                        struct sp_bus_call *call); /* sp_bus_reply: text */
        int (*guard_add)(void *userdata, const char *path, const char *workload,
                         struct sp_err *reterr);
        int (*guard_remove)(void *userdata, const char *path, struct sp_err *reterr);
        int (*guard_list)(void *userdata, sp_bus_guard_fn each, void *to);
        /* Whether this process sits in a guarded cgroup: 1 yes, 0 no, -errno (refused).
         * The bus holds a pidfd meanwhile. */
        int (*guard_of_pid)(void *userdata, pid_t pid);
        /* Masks: appends the id of the approval; sp_bus_reply with the value, once it is
         * recorded who is told it; makes a new key. */
        int (*unmask_ask)(void *userdata, const struct sp_bus_unmask *q,
                          struct sp_buf *ret, struct sp_err *reterr);
        void (*unmask)(void *userdata, const struct sp_bus_unmask *q,
                       struct sp_bus_call *call);
        int (*rotate_mask_key)(void *userdata, const char *who, struct sp_buf *ret,
                               struct sp_err *reterr);
        /* Optional: an approval's deadline may have moved: arm a timer for
         * sp_approvals_tick. Called after each decision from the bus. */
        void (*decided)(void *userdata);
};
/* Every hook but `decided` is required. */

/* The system bus; DBUS_SYSTEM_BUS_ADDRESS is honoured. */
sp_must_check int sp_bus_new(struct sd_event *event, struct sp_approvals *approvals,
                             const struct sp_bus_hooks *hooks, struct sp_bus **ret,
                             struct sp_err *reterr);
struct sp_bus *sp_bus_free(struct sp_bus *b); /* NULL is fine; returns NULL */
SP_DEFINE_CLEANUP(struct sp_bus *, sp_bus_free)
bool sp_bus_is_connected(const struct sp_bus *b);

/* To be called from sp_approvals_hooks.changed. */
void sp_bus_approval_changed(struct sp_bus *b, const struct sp_approval *a,
                             enum sp_approval_change change);
void sp_bus_policy_reloaded(struct sp_bus *b, const char *version);
void sp_bus_health_changed(struct sp_bus *b, const char *health);
void sp_bus_refused(struct sp_bus *b, struct sp_str record);
