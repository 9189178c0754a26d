/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "daemon/worker/exchange_fields.h"
#include "daemon/worker/http2_internal.h"

#define RESPONSE_HEADERS_MAX 64

/* nghttp2 takes as much as flow control allows; what is left stays in the queue. */
static ssize_t read_queue(nghttp2_session *session, int32_t id, uint8_t *to,
                          size_t length, uint32_t *flags, nghttp2_data_source *source,
                          void *userdata)
{
        struct stream2 *s = source->ptr;
        size_t n;

        (void)session, (void)id, (void)userdata;
        assert(s->queue_done <= s->queue.n);
        n = SP_MIN(length, s->queue.n - s->queue_done);
        if (n == 0 && !s->is_complete) {
                s->is_deferred = true;
                return NGHTTP2_ERR_DEFERRED;
        }
        if (n)
                memcpy(to, s->queue.p + s->queue_done, n);
        s->queue_done += n;
        if (s->queue_done == s->queue.n) {
                sp_buf_done(&s->queue);
                s->queue_done = 0;
                if (s->is_complete)
                        *flags |= NGHTTP2_DATA_FLAG_EOF;
        } else if (s->queue_done >= s->queue.n / 2) {
                sp_buf_consume(&s->queue, s->queue_done);
                s->queue_done = 0;
        }
        return (ssize_t)n;
}

static void resume(struct stream2 *s)
{
        struct sp_pipe *p = s->session->protocol.pipe;

        if (s->is_deferred) {
                s->is_deferred = false;
                /* fails only for a stream that is closing: then nothing is to be sent
                 */
                (void)nghttp2_session_resume_data(s->session->session, s->id);
        }
        p->wake(p);
}

static nghttp2_nv nv(struct sp_str name, struct sp_str value)
{
        return (nghttp2_nv){
                .name = (uint8_t *)name.p,
                .namelen = name.n,
                .value = (uint8_t *)(value.n ? value.p : ""),
                .valuelen = value.n,
        };
}

static int submit(struct stream2 *s, unsigned status, const struct sp_header *headers,
                  size_t n_headers, bool has_body)
{
        nghttp2_nv list[RESPONSE_HEADERS_MAX + 3];
        nghttp2_data_provider provider = { .source.ptr = s,
                                           .read_callback = read_queue };
        char status_text[8], length_text[24], date[64] = "";
        struct tm tm;
        time_t now = time(NULL);
        size_t n = 0;

        if (n_headers > RESPONSE_HEADERS_MAX)
                return -E2BIG;
        (void)snprintf(status_text, sizeof(status_text), "%u", status);
        list[n++] = nv(SP_STR(":status"), sp_str_c(status_text));
        if (gmtime_r(&now, &tm) &&
            strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm))
                list[n++] = nv(SP_STR("date"), sp_str_c(date));
        for (size_t i = 0; i < n_headers; i++)
                list[n++] = nv(headers[i].name, headers[i].value);
        if (s->stream.expected_bytes != UINT64_MAX && status != 204 && status != 304) {
                (void)snprintf(length_text, sizeof(length_text), "%llu",
                               (unsigned long long)s->stream.expected_bytes);
                list[n++] = nv(SP_STR("content-length"), sp_str_c(length_text));
        }
        if (nghttp2_submit_response(s->session->session, s->id, list, n,
                                    has_body ? &provider : NULL) != 0)
                return -EIO;
        s->is_answered = true;
        return 0;
}

static struct stream2 *of_stream(struct sp_stream *stream)
{
        return (struct stream2 *)stream;
}

static int stream2_respond(struct sp_stream *stream, unsigned status,
                           const struct sp_header *headers, size_t n_headers)
{
        struct stream2 *s = of_stream(stream);
        bool has_body = !stream->is_bodyless && stream->expected_bytes != 0;
        int r = submit(s, status, headers, n_headers, has_body);

        s->session->protocol.pipe->wake(s->session->protocol.pipe);
        return r;
}

static int stream2_write(struct sp_stream *stream, struct sp_str bytes)
{
        struct stream2 *s = of_stream(stream);
        int r = sp_buf_add(&s->queue, bytes);

        if (r == 0)
                resume(s);
        return r;
}

static void stream2_finish(struct sp_stream *stream)
{
        struct stream2 *s = of_stream(stream);

        s->is_complete = true;
        resume(s);
}

static void stream2_abort(struct sp_stream *stream)
{
        struct stream2 *s = of_stream(stream);

        s->is_complete = true;
        (void)nghttp2_submit_rst_stream(s->session->session, NGHTTP2_FLAG_NONE, s->id,
                                        NGHTTP2_INTERNAL_ERROR);
        resume(s);
}

static size_t stream2_queued(const struct sp_stream *stream)
{
        const struct stream2 *s = (const struct stream2 *)stream;

        return s->queue.n - s->queue_done;
}

const struct sp_stream_ops sp_stream2_ops = {
        .respond = stream2_respond,
        .write = stream2_write,
        .finish = stream2_finish,
        .abort = stream2_abort,
        .queued = stream2_queued,
};

int sp_stream2_refuse(struct stream2 *s, const struct sp_err *e)
{
        struct sp_header type = { SP_STR("content-type"),
                                  SP_STR("application/json; charset=UTF-8") };
        unsigned status = sp_fields_status(e);
        int r = sp_fields_error_json(&s->queue, status, sp_str_c(e->what));

        if (r < 0)
                return r;
        s->stream.expected_bytes = s->queue.n;
        s->is_complete = true;
        return submit(s, status, &type, 1, true);
}
