/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/conn — one accepted connection: from the first byte to the last.
 *
 * Job:       take the origin of an accepted socket, read the ClientHello, choose between
 *            terminating (a Google name) and the egress rule (splice to the original
 *            destination, or refuse), run TLS and HTTP/1.1 or HTTP/2 over it, and hand each complete
 *            request to `on_request`. On the metadata listener: plain HTTP/1.1.
 * Ownership: the front owns its connections; a connection owns its exchanges.
 * Errors:    a connection's failure closes that connection, is counted, and is logged at debug.
 *            No origin, no guard id: closed at once.
 * Loop:      libuv uv_poll, uv_timer and uv_prepare. Hooks are called from the loop; sp_exchange_*
 *            calls made by flow only queue, and bytes move before the loop sleeps again.
 */
#pragma once

#include <uv.h>

#include "daemon/roles/settings.h"
#include "daemon/worker/exchange.h"

struct sp_front; /* all connections of one worker */

/* How the front gets a leaf certificate: asks, and is called back (maybe at once). The
 * answer is PEM; err != 0 means none: the handshake is refused. */
typedef void (*sp_leaf_fn)(void *userdata, int err, struct sp_str chain_pem,
                           struct sp_str key_pem);
struct sp_front_hooks {
        void *userdata;
        void (*on_request)(void *userdata, struct sp_exchange *x);
        void (*get_leaf)(void *userdata, struct sp_str sni, sp_leaf_fn done,
                         void *done_data);
        /* told of each refused or spliced connection, for records: `why` is an error id
         * ("tls.no-sni", "egress.refused", "egress.spliced", "origin.missing", …); origin may be NULL */
        void (*on_connection)(void *userdata, const struct sp_origin *origin,
                              struct sp_str name, const char *why);
};

struct sp_front_counters {
        uint64_t accepted, no_origin, refused, spliced, tls_failed, http_failed,
                requests;
        uint64_t open;
};

sp_must_check int sp_front_new(uv_loop_t *loop, const struct sp_settings *settings,
                               const struct sp_front_hooks *hooks,
                               struct sp_front **ret);
/* Closes everything; exchanges under way get their on_abort. The memory is given back in the
 * loop's next turn: run the loop once more before closing it. */
struct sp_front *sp_front_free(struct sp_front *f);
/* Takes the descriptor. is_metadata: plain HTTP/1.1. `network`: cookie of the network
 * namespace that the socket is in; 0: our own. */
sp_must_check int sp_front_listen(struct sp_front *f, int fd, bool is_metadata,
                                  uint64_t network);
void sp_front_unlisten(struct sp_front *f, uint64_t network);
/* Stops listening, lets what is under way come to its end, and calls back once nothing is: maybe at
 * once, from the loop otherwise. Spliced connections are not waited for. */
void sp_front_drain(struct sp_front *f, void (*on_drained)(void *userdata));
/* Takes the descriptor of the BPF socket-storage map. */
void sp_front_set_origins(struct sp_front *f, int map_fd);
const struct sp_front_counters *sp_front_counters(const struct sp_front *f);
