/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/exchange — one HTTP request and its response, the same behind HTTP/1.1 and HTTP/2.
 *
 * Job:       the border between transport (conn, tls, http1, http2) and product (flow).
 * In:        the transport makes an exchange when a request is complete (body whole, at most
 *            limits.body_max_bytes) and calls worker's on_request once.
 * Out:       flow answers with sp_exchange_respond, sp_exchange_write…, sp_exchange_finish.
 * Ownership: the connection owns it. After on_request it lives until flow has called
 *            sp_exchange_finish or sp_exchange_abort; when the client goes away first, the
 *            transport calls x->on_abort and flow must still finish it (writes are dropped).
 * Errors:    none from writing: bytes are queued; a slow client shows as is_congested, and
 *            x->on_drain is called when it is not congested any more.
 */
#pragma once

#include <sys/types.h>

#include "daemon/base/clock.h"
#include "daemon/google/request.h"
#include "include/sallyport/bpf_abi.h"

struct sp_conn;
struct sp_exchange {
        struct sp_arena arena; /* everything of this exchange; freed after finish */
        struct sp_request request;
        struct sp_ulid id;
        const struct sp_origin *origin; /* of the connection */
        uint64_t started_us; /* sp_clock_us when the request was complete */

        void *flow; /* flow's own state */
        void (*on_drain)(struct sp_exchange *x);
        void (*on_abort)(struct sp_exchange *x);

        /* transport's own */
        struct sp_conn *conn;
        int32_t stream_id; /* HTTP/2 */
        bool is_responded, is_finished, is_aborted;
        uint64_t sent_bytes;
        void *transport;
};

/* Errors: -EINVAL: a header that is none, or one of the transport's own; nothing was sent, another
 * response may follow. -EMSGSIZE: more bytes than announced; -ENOBUFS: is_congested was ignored
 * for 32 MiB; -ENOMEM. A caller may ignore them: a response that is not whole is aborted by finish, so
 * that the client sees it is cut short. All take an exchange whose client is gone.
 *
 * Status and headers, once. `content_length` UINT64_MAX: unknown (chunked or DATA frames).
 * Headers the transport adds itself: date, content-length, transfer-encoding, connection. */
int sp_exchange_respond(struct sp_exchange *x, unsigned status,
                        const struct sp_header *headers, size_t n_headers,
                        uint64_t content_length);
int sp_exchange_write(struct sp_exchange *x, struct sp_str bytes);
/* For bytes that are made, not had: they are added to the buffer that they are sent from, instead of being copied
 * into it. NULL: not now, sp_exchange_write them. Else sp_exchange_settle is the next call, whether to keep
 * what was added. */
struct sp_buf *sp_exchange_lend(struct sp_exchange *x);
int sp_exchange_settle(struct sp_exchange *x, bool keep);
/* The response is complete, and sent as far as the client takes it. To be finished nevertheless; till then x
 * is there, and writes are dropped. */
void sp_exchange_end(struct sp_exchange *x);
void sp_exchange_finish(
        struct sp_exchange *x); /* response complete; x is gone afterwards */
/* Cannot complete: resets the stream, or closes. Instead of finish: x is gone afterwards. */
void sp_exchange_abort(struct sp_exchange *x);
/* The client's socket, the connection's own; -1: it is gone. */
int sp_exchange_socket(const struct sp_exchange *x);
bool sp_exchange_is_congested(const struct sp_exchange *x);

/* respond + write + finish with one JSON body. */
void sp_exchange_answer(struct sp_exchange *x, unsigned status, struct sp_str json);
