/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/worker/conn_protocol.h"
#include "daemon/worker/exchange_fields.h"

/* In one allocation, so that what the exchange points at lives as long as it does,
 * whatever becomes of the connection. */
struct whole {
        struct sp_exchange x;
        struct sp_origin origin;
        char sni[256];
};

int sp_exchange_new(struct sp_stream *s, const struct sp_pipe *pipe,
                    struct sp_arena *arena, const struct sp_request *request,
                    struct sp_exchange **ret)
{
        struct whole *w = calloc(1, sizeof(*w));
        int r = w ? sp_ulid_new(&w->x.id) : -ENOMEM;

        assert(!s->x);
        if (r < 0) {
                free(w);
                sp_arena_done(arena);
                return r;
        }
        w->x.arena = *arena;
        *arena = SP_ARENA_INIT(arena->max_bytes);
        w->x.request = *request;
        assert(pipe->sni.n < sizeof(w->sni));
        if (pipe->sni.n)
                memcpy(w->sni, pipe->sni.p, pipe->sni.n);
        w->x.request.sni = sp_str(w->sni, pipe->sni.n);
        w->x.request.scheme = pipe->sni.n ? SP_STR("https") : SP_STR("http");
        w->origin = *pipe->origin;
        w->x.origin = &w->origin;
        w->x.started_us = sp_clock_us();
        w->x.transport = s;
        s->x = &w->x;
        s->expected_bytes = UINT64_MAX;
        s->is_bodyless = s->is_congested = s->is_failed = false;
        *ret = &w->x;
        return 0;
}

static void destroy(struct sp_exchange *x)
{
        struct sp_arena arena = x->arena;

        free(x); /* first member of struct whole */
        sp_arena_done(&arena);
}

static struct sp_stream *detach(struct sp_exchange *x)
{
        struct sp_stream *s = x->transport;

        x->transport = NULL;
        x->conn = NULL;
        if (s)
                s->x = NULL;
        return s;
}

void sp_exchange_orphan(struct sp_stream *s)
{
        struct sp_exchange *x = s->x;

        if (!x)
                return;
        (void)detach(x);
        x->is_aborted = true;
        if (x->on_abort)
                x->on_abort(x);
}

void sp_exchange_sent(struct sp_stream *s)
{
        if (!s->x || !s->is_congested || s->ops->queued(s) > SP_DRAINED_BYTES)
                return;
        s->is_congested = false;
        if (s->x->on_drain)
                s->x->on_drain(s->x);
}

/* What flow hands over may come from upstream: a CR in a value would be a response of
 * the upstream's own making. */
static bool is_header_fine(const struct sp_header *h)
{
        for (size_t i = 0; i < h->name.n; i++)
                if (h->name.p[i] >= 'A' && h->name.p[i] <= 'Z')
                        return false;
        return sp_fields_is_token(h->name) && sp_fields_is_value(h->value) &&
               !sp_fields_is_framing(h->name) && !sp_str_eq(h->name, SP_STR("date"));
}

int sp_exchange_respond(struct sp_exchange *x, unsigned status,
                        const struct sp_header *headers, size_t n_headers,
                        uint64_t content_length)
{
        struct sp_stream *s = x->transport;
        int r;

        assert(!x->is_responded && !x->is_finished);
        if (status < 200 || status > 999)
                return -EINVAL;
        for (size_t i = 0; i < n_headers; i++)
                if (!is_header_fine(&headers[i]))
                        return -EINVAL;
        if (!s) {
                x->is_responded = true;
                return 0;
        }
        s->expected_bytes = content_length;
        s->is_bodyless = status == 204 || status == 304 ||
                         sp_str_eq(x->request.method, SP_STR("HEAD"));
        r = s->ops->respond(s, status, headers, n_headers);
        if (r == 0)
                x->is_responded = true;
        return r;
}

static int queue(struct sp_exchange *x, struct sp_stream *s, struct sp_str bytes)
{
        int r;

        if (!x->is_responded)
                return -EINVAL;
        if (bytes.n > s->expected_bytes - x->sent_bytes)
                return -EMSGSIZE;
        if (s->is_bodyless)
                return 0;
        if (s->ops->queued(s) > SP_QUEUE_MAX - SP_MIN(bytes.n, SP_QUEUE_MAX))
                return -ENOBUFS;
        r = s->ops->write(s, bytes);
        if (r == 0 && s->ops->queued(s) > SP_CONGESTED_BYTES)
                s->is_congested = true;
        return r;
}

int sp_exchange_write(struct sp_exchange *x, struct sp_str bytes)
{
        struct sp_stream *s = x->transport;
        int r;

        assert(!x->is_finished);
        if (!s || bytes.n == 0)
                return 0;
        r = queue(x, s, bytes);
        if (r < 0)
                s->is_failed = true;
        else
                x->sent_bytes += bytes.n;
        return r;
}

struct sp_buf *sp_exchange_lend(struct sp_exchange *x)
{
        struct sp_stream *s = x->transport;

        assert(!x->is_finished);
        /* as much as is lent may be more than is taken at once: not behind much that waits */
        if (!s || !s->ops->lend || !x->is_responded || s->is_bodyless || s->is_failed ||
            s->expected_bytes != UINT64_MAX || s->ops->queued(s) > SP_CONGESTED_BYTES)
                return NULL;
        return s->ops->lend(s);
}

int sp_exchange_settle(struct sp_exchange *x, bool keep)
{
        struct sp_stream *s = x->transport;
        size_t n = 0;
        int r = s->ops->settle(s, keep, &n);

        if (r < 0)
                s->is_failed = true;
        else
                x->sent_bytes += n;
        if (s->ops->queued(s) > SP_CONGESTED_BYTES)
                s->is_congested = true;
        return r;
}

static bool is_whole(const struct sp_exchange *x, const struct sp_stream *s)
{
        return x->is_responded && !s->is_failed &&
               (s->is_bodyless || s->expected_bytes == UINT64_MAX ||
                s->expected_bytes == x->sent_bytes);
}

static void leave(struct sp_exchange *x, bool is_whole)
{
        struct sp_stream *s = detach(x);

        x->is_finished = true;
        x->is_aborted |= !is_whole;
        if (s && is_whole)
                s->ops->finish(s);
        else if (s)
                s->ops->abort(s);
}

void sp_exchange_end(struct sp_exchange *x)
{
        struct sp_stream *s = x->transport;

        assert(!x->is_finished);
        /* A response cut short must not look whole. */
        leave(x, !s || is_whole(x, s));
}

void sp_exchange_finish(struct sp_exchange *x)
{
        if (!x->is_finished)
                sp_exchange_end(x);
        destroy(x);
}

void sp_exchange_abort(struct sp_exchange *x)
{
        leave(x, false);
        destroy(x);
}

bool sp_exchange_is_congested(const struct sp_exchange *x)
{
        const struct sp_stream *s = x->transport;

        return s && s->is_congested;
}

void sp_exchange_answer(struct sp_exchange *x, unsigned status, struct sp_str json)
{
        struct sp_header type = { SP_STR("content-type"),
                                  SP_STR("application/json; charset=UTF-8") };

        if (sp_exchange_respond(x, status, &type, 1, json.n) < 0 ||
            sp_exchange_write(x, json) < 0)
                sp_exchange_abort(x);
        else
                sp_exchange_finish(x);
}
