/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/conn_protocol — the border inside the transport: bytes on one side, requests
 * on the other.
 *
 * Job:       HTTP/1.1 and HTTP/2 as two implementations of one table; the connection
 * moves bytes (TLS or plain), the protocol makes exchanges of them. A protocol never
 *            touches a socket, so tests and fuzzers drive it from memory.
 * Ownership: the connection embeds the pipe and owns the protocol. The protocol owns
 * its unfinished exchanges. Calls:     everything that flow does to an exchange only
 * changes state and calls pipe.wake; bytes move later, in a turn of the connection, or
 * in pipe.relieve. So neither on_abort nor on_drain is ever called from inside a call that
 * flow makes.
 */
#pragma once

#include "daemon/base/buf.h"
#include "daemon/roles/settings.h"
#include "daemon/worker/exchange.h"

#define SP_CONGESTED_BYTES (256 * 1024) /* unsent bytes of one exchange */
#define SP_DRAINED_BYTES (64 * 1024)
#define SP_RELIEF_BYTES (96 * 1024) /* with the next piece what is gathered at once */
#define SP_QUEUE_MAX (32 * 1024 * 1024) /* flow that ignores congestion fails here */

#define SP_HEAD_TIMEOUT_US (30 * SP_USEC_PER_SEC)
#define SP_BODY_TIMEOUT_US (60 * SP_USEC_PER_SEC)
#define SP_DRAIN_IDLE_US (500 * SP_USEC_PER_MSEC)

/* What a protocol needs of its connection. */
struct sp_pipe {
        const struct sp_settings *settings;
        const struct sp_origin *origin;
        struct sp_str sni; /* canonical; empty on plain HTTP */
        struct sp_buf out; /* bytes for the client … */
        size_t out_done; /* … of which that many were written */
        uint64_t
                deadline_us; /* when the protocol wants its timeout call; 0: never, as an
                               * answer is under way, or all is said */
        void (*on_request)(struct sp_pipe *p, struct sp_exchange *x);
        void (*wake)(struct sp_pipe *p); /* there is something to do in a turn */
        /* SP_RELIEF_BYTES wait in `out`, or an answer is complete: what the client takes goes before the turn, so
         * that no transfer is held up by a client that keeps up, and no client by the loop. Calls nobody back. May
         * be NULL. */
        void (*relieve)(struct sp_pipe *p);
};

struct sp_protocol;
struct sp_protocol_ops {
        /* Takes all bytes. Negative: the connection cannot go on, close it. */
        int (*input)(struct sp_protocol *t, struct sp_str bytes);
        /* A turn: add to pipe.out what should be sent now, go on with buffered input,
         * tell drained exchanges. */
        int (*output)(struct sp_protocol *t);
        bool (*wants_input)(const struct sp_protocol *t);
        /* Nothing more will come: close when pipe.out is empty. */
        bool (*is_done)(const struct sp_protocol *t);
        void (*timeout)(struct sp_protocol *t);
        /* The worker wants to end: what is under way is finished, and the client told not to
         * send more here. A kept connection gets SP_DRAIN_IDLE_US to be told with its next
         * answer: closed at once, it would lose a request that is on its way. */
        void (*drain)(struct sp_protocol *t);
        /* Aborts what is not finished: each on_abort is called. */
        void (*free)(struct sp_protocol *t);
};
struct sp_protocol {
        const struct sp_protocol_ops *ops;
        struct sp_pipe *pipe;
};

sp_must_check int sp_serve1_new(struct sp_pipe *pipe, struct sp_protocol **ret);
sp_must_check int sp_serve2_new(struct sp_pipe *pipe, struct sp_protocol **ret);

/* The transport's half of an exchange: embedded in a protocol's own struct. */
struct sp_stream {
        const struct sp_stream_ops *ops;
        struct sp_exchange *x; /* NULL: none, or finished */
        uint64_t expected_bytes; /* of the response; UINT64_MAX: not announced */
        bool is_bodyless; /* HEAD, 204, 304: the body is counted, not sent */
        bool is_congested;
        bool is_failed; /* a write was not taken: the response cannot be whole any more */
};
struct sp_stream_ops {
        int (*respond)(struct sp_stream *s, unsigned status,
                       const struct sp_header *headers, size_t n_headers);
        int (*write)(struct sp_stream *s, struct sp_str bytes);
        /* See sp_exchange_lend; both NULL where every byte is copied anyway. *ret_n bytes were added; not
         * `keep`: they are taken away again. */
        struct sp_buf *(*lend)(struct sp_stream *s);
        int (*settle)(struct sp_stream *s, bool keep, size_t *ret_n);
        void (*finish)(struct sp_stream *s);
        void (*abort)(struct sp_stream *s);
        size_t (*queued)(const struct sp_stream *s);
};

/* Makes the exchange of a complete request whose strings are in `arena`, which it takes
 * over (also on failure), and attaches it to `s`. */
sp_must_check int sp_exchange_new(struct sp_stream *s, const struct sp_pipe *pipe,
                                  struct sp_arena *arena,
                                  const struct sp_request *request,
                                  struct sp_exchange **ret);
/* The client is gone: detaches and tells flow. NULL exchange is fine. */
void sp_exchange_orphan(struct sp_stream *s);
/* Bytes were sent: tells flow when a congested exchange has drained. */
void sp_exchange_sent(struct sp_stream *s);
/* The most that one exchange may take for itself. */
static inline size_t sp_exchange_arena_max(const struct sp_settings *settings)
{
        return (size_t)settings->limits.body_max_bytes * 8 + 16 * 1024 * 1024;
}
