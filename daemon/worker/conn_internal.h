/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/conn_internal — what conn_front.c (listeners, turns), conn.c (one connection's
 * way through its states) and conn_io.c (its bytes) share. Tests use
 * sp_front_set_origin_fn.
 */
#pragma once

#include "daemon/worker/conn.h"
#include "daemon/worker/conn_protocol.h"
#include "daemon/worker/splice.h"
#include "daemon/worker/tls.h"

#define SP_CONN_HANDSHAKE_US (10 * SP_USEC_PER_SEC)
#define SP_CONN_STALL_US                                                               \
        (60 * SP_USEC_PER_SEC) /* the client reads nothing for so long */
#define SP_CONN_LINGER_US (2 * SP_USEC_PER_SEC)
#define SP_CONN_SPLICE_IDLE_US (900 * SP_USEC_PER_SEC)
#define SP_CONN_READ_CHUNK (16 * 1024) /* one TLS record */
#define SP_CONN_READ_BUDGET                                                            \
        (64 * 1024) /* per turn, so that one client does not starve others */

enum sp_conn_state {
        SP_CONN_HELLO, /* reading the ClientHello */
        SP_CONN_LEAF, /* waiting for its certificate */
        SP_CONN_HANDSHAKE,
        SP_CONN_HTTP,
        SP_CONN_SPLICE, /* everything is the splice's */
        SP_CONN_LINGER, /* said all; waits for the client's end, so that it can read it
                         */
        SP_CONN_CLOSED,
};

struct sp_conn {
        struct sp_pipe pipe; /* first: found again from it */
        struct sp_front *front;
        struct sp_conn *next, **prev;
        struct sp_conn *next_awake;
        enum sp_conn_state state;
        bool is_awake; /* in the front's list for the next turn */
        bool has_more; /* bytes may wait inside OpenSSL, which epoll does not see */
        bool is_blocked; /* the socket takes no more for now */
        bool is_ended; /* the client sends nothing more */
        bool reads_to_write, writes_to_read; /* OpenSSL wants the other direction */
        int fd;
        uv_poll_t poll;
        uv_timer_t timer;
        int events;
        unsigned handles; /* that libuv still holds */
        uint64_t timer_us; /* when the timer will fire; 0: not armed */
        uint64_t deadline_us; /* of the state; the protocol has its own in the pipe */
        uint64_t stall_us; /* end of patience with a client that does not read */
        struct sp_origin origin;
        bool is_elsewhere; /* the client is in a network namespace that is not ours */
        char sni[256];
        struct sp_buf hello;
        struct sp_tls_io io;
        struct sp_tls_wait wait;
        SSL *ssl; /* NULL: plain HTTP */
        struct sp_protocol *protocol;
        struct sp_splice *splice;
};

typedef int (*sp_front_origin_fn)(void *userdata, int socket_fd, struct sp_origin *ret);

struct sp_listener;
struct sp_front {
        uv_loop_t *loop;
        const struct sp_settings *settings;
        struct sp_front_hooks hooks;
        struct sp_front_counters counters;
        struct sp_tls *tls;
        struct sp_listener *listeners;
        struct sp_conn *conns;
        struct sp_conn *awake, **awake_tail;
        uv_prepare_t prepare; /* runs the awake connections before the loop sleeps … */
        uv_idle_t idle; /* … and keeps it from sleeping while some are left */
        bool is_freed, is_draining;
        void (*on_drained)(void *userdata);
        unsigned splices; /* among the open ones */
        unsigned handles; /* of libuv, of listeners and connections too */
        int origins_fd, spare_fd;
        sp_front_origin_fn origin_fn;
        void *origin_userdata;
        char scratch[SP_CONN_READ_CHUNK];
};

/* Tests and benchmarks only: origins without a kernel map. */
void sp_front_set_origin_fn(struct sp_front *f, sp_front_origin_fn fn, void *userdata);

/* conn_front.c */
void sp_front_handle_closed(struct sp_front *f);
void sp_front_conn_closed(struct sp_front *f);
void sp_front_told(struct sp_conn *c, const char *why);

/* conn.c; `fd` is taken */
void sp_conn_start(struct sp_front *f, int fd, const struct sp_origin *origin,
                   bool is_metadata, bool is_elsewhere);
void sp_conn_wake(struct sp_conn *c);
void sp_conn_turn(struct sp_conn *c);
void sp_conn_close(struct sp_conn *c);
void sp_conn_drain(struct sp_conn *c);

/* conn_io.c: positive bytes, 0 end of stream, -EAGAIN, other -errno */
ssize_t sp_conn_read(struct sp_conn *c, char *to, size_t n);
bool sp_conn_has_output(const struct sp_conn *c);
/* Writes what waits in the pipe. 1: all of it; 0: the socket is full; negative: broken.
 */
sp_must_check int sp_conn_flush(struct sp_conn *c);
/* 1: done; 0: goes on later; negative: failed. */
sp_must_check int sp_conn_handshake(struct sp_conn *c);
/* A TLS alert before there is TLS, so that the client's message names a reason. */
void sp_conn_alert(struct sp_conn *c, uint8_t description);
