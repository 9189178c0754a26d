/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden/networks — listeners inside the network namespaces of guarded processes.
 *
 * Job:       a redirected connection goes to loopback, and a container has a loopback of its
 *            own. Where the kernel says that a guarded process makes sockets in a namespace
 *            without us, open the listeners there, as long as a process is in it.
 * In:        SP_GUARD_NETWORK events (ask), the passing of time (tick).
 * Out:       hooks: listeners to hand to the workers, and when to take them back.
 * Limits:    SP_NETWORKS_SERVED_MAX in all, SP_NETWORKS_OF_GUARD_MAX of one guard: what is
 *            over is refused by the kernel, because nobody listens.
 * Ownership: sp_networks_free closes all. An open listener keeps its namespace in being, so
 *            each is closed when tick finds nobody in it any more.
 * Errors:    "network.*", logged: nobody waits for an answer.
 * Spec:      docs/guard.md, "Containers"
 */
#pragma once

#include "daemon/warden/guard.h"
#include "daemon/warden/listeners.h"

#define SP_NETWORKS_SERVED_MAX 128
#define SP_NETWORKS_OF_GUARD_MAX 64

struct sp_networks_hooks {
        void *userdata;
        void (*on_open)(void *userdata, uint64_t network, const struct sp_listeners *l);
        void (*on_close)(void *userdata, uint64_t network);
};

struct sp_networks;
sp_must_check int sp_networks_new(struct sp_guard *g, uint16_t port,
                                  uint16_t metadata_port,
                                  const struct sp_networks_hooks *hooks,
                                  struct sp_networks **ret);
struct sp_networks *sp_networks_free(struct sp_networks *n);
void sp_networks_ask(struct sp_networks *n, const struct sp_guard_event *e);
void sp_networks_tick(struct sp_networks *n);
/* Calls on_open for each once more: for a worker that started. */
void sp_networks_again(struct sp_networks *n, const struct sp_networks_hooks *hooks);
void sp_networks_close_all(struct sp_networks *n);
unsigned sp_networks_count(const struct sp_networks *n);
