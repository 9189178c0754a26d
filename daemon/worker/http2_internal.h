/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker/http2_internal — what http2.c (frames in, requests out) and http2_respond.c
 * (responses in, frames out) share.
 *
 * Limits:    http2_limits below, beside those of settings.limits; each has its counter
 *            here and ends the connection with ENHANCE_YOUR_CALM.
 * Spec:      RFC 9113; threats.md §4.2 (rapid reset, CONTINUATION, SETTINGS and PING
 *            floods).
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include "daemon/worker/conn_protocol.h"
#include "daemon/worker/http1.h"

#define SP_H2_WINDOW (1024 * 1024)
#define SP_H2_CONTINUATIONS_MAX 16 /* frames of one head: 64 KiB fit into four */
#define SP_H2_FLOOD_PERIOD_US (10 * SP_USEC_PER_SEC)
#define SP_H2_RESETS_MAX 200 /* by the client, per period (CVE-2023-44487) */
#define SP_H2_CONTROL_MAX 2000 /* SETTINGS, PING, PRIORITY, empty DATA; per period */
/* Taken and dropped behind an early answer. RFC 9113 §8.1 allows a reset at once, but
 * clients (curl 7.88) then lose the answer when the reset meets them sending. */
#define SP_H2_DISCARD_MAX (16 * 1024 * 1024)
#define SP_H2_OUT_CHUNK (32 * 1024) /* frames made ahead of the socket */

struct serve2 {
        struct sp_protocol protocol;
        nghttp2_session *session;
        struct stream2 *streams; /* those that nghttp2 has open */
        uint64_t buffered_bytes; /* request bodies held by streams */
        size_t owed_bytes; /* received, not yet given back to the connection window */
        uint64_t period_start_us;
        unsigned resets, controls, continuations;
        bool is_flooded, is_ending, is_draining;
};

struct stream2 {
        struct sp_stream stream; /* first: found again from it */
        struct stream2 *next, **prev;
        struct serve2 *session;
        int32_t id;

        /* request, until it is handed over */
        struct sp_arena arena;
        struct sp_request request;
        struct sp_header *headers;
        struct sp_str host;
        size_t head_bytes;
        uint64_t begun_us;
        uint64_t discarded_bytes;
        struct sp_buf body;
        bool is_reading, wants_continue, is_answered;
        struct sp_err refused; /* code 0: nothing wrong so far */

        /* response */
        struct sp_buf queue;
        size_t queue_done;
        bool is_complete, is_deferred;
};

extern const struct sp_stream_ops sp_stream2_ops;
void sp_stream2_free(struct stream2 *s);
/* An answer of the transport's own, without an exchange. */
sp_must_check int sp_stream2_refuse(struct stream2 *s, const struct sp_err *e);
