/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/http1.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/worker/exchange_fields.h"

#define CHUNK_DIGITS_MAX 8 /* 4 GiB, far over any body limit; no overflow possible */

enum phase {
        PHASE_REQUEST_LINE,
        PHASE_FIELDS,
        PHASE_LENGTH_BODY,
        PHASE_CHUNK_SIZE,
        PHASE_CHUNK_DATA,
        PHASE_CHUNK_END, /* the CRLF behind the data */
        PHASE_LAST_LINE, /* the empty line behind the last chunk */
        PHASE_COMPLETE,
        PHASE_FAILED,
};

/* Parts of the head by position: its buffer moves while it grows. */
struct span {
        uint32_t at, n;
};

struct field {
        struct span name, value;
};

struct sp_http1 {
        enum phase phase;
        uint64_t body_max_bytes;
        struct sp_buf head; /* all lines, with their CRLF */
        struct sp_buf
                body; /* body bytes that did not come in one piece with the head */
        struct sp_buf line; /* a chunk-size line that is not whole yet */
        size_t line_at; /* where in `head` the unfinished line begins */
        struct span method, target, host;
        bool is_last; /* "Connection: close"; holds until the next request begins */
        bool has_host, has_length, is_chunked, has_expect, expect_told;
        uint64_t left; /* of the body or of the chunk */
        struct field *fields; /* SP_HTTP_HEADERS_MAX, from the first one on */
        size_t n_fields;
};

int sp_http1_new(uint64_t body_max_bytes, struct sp_http1 **ret)
{
        struct sp_http1 *h = calloc(1, sizeof(*h));

        if (!h)
                return -ENOMEM;
        h->body_max_bytes = body_max_bytes;
        h->head = SP_BUF_INIT(SP_HTTP_HEAD_MAX);
        h->body = SP_BUF_INIT(body_max_bytes);
        h->line = SP_BUF_INIT(CHUNK_DIGITS_MAX + 2);
        *ret = h;
        return 0;
}

struct sp_http1 *sp_http1_free(struct sp_http1 *h)
{
        if (h) {
                sp_buf_done(&h->head);
                sp_buf_done(&h->body);
                sp_buf_done(&h->line);
                free(h->fields);
                free(h);
        }
        return NULL;
}

bool sp_http1_is_idle(const struct sp_http1 *h)
{
        return h->phase == PHASE_REQUEST_LINE && h->head.n == 0;
}

bool sp_http1_is_in_body(const struct sp_http1 *h)
{
        return h->phase >= PHASE_LENGTH_BODY && h->phase <= PHASE_LAST_LINE;
}

bool sp_http1_is_last(const struct sp_http1 *h)
{
        return h->is_last;
}

/* Nothing stays allocated for what may be thousands of idle connections. */
static void begin(struct sp_http1 *h)
{
        sp_buf_done(&h->head);
        sp_buf_done(&h->body);
        sp_buf_done(&h->line);
        free(SP_TAKE(h->fields));
        h->phase = PHASE_REQUEST_LINE;
        h->line_at = h->n_fields = 0;
        h->has_host = h->has_length = h->is_chunked = h->has_expect = false;
        h->expect_told = false;
        h->left = 0;
}

static struct sp_str text(const struct sp_http1 *h, struct span s)
{
        return sp_str(h->head.p + s.at, s.n);
}

static struct span span_of(const struct sp_http1 *h, struct sp_str s)
{
        /* an empty value may have no address of its own */
        return (struct span){ s.n ? (uint32_t)(s.p - h->head.p) : 0, (uint32_t)s.n };
}

static int read_request_line(struct sp_http1 *h, struct sp_str line,
                             struct sp_err *reterr)
{
        struct sp_str method, target, version, rest;
        struct sp_request scratch;
        int r;

        if (!sp_str_cut(line, ' ', &method, &rest) ||
            !sp_str_cut(rest, ' ', &target, &version))
                return sp_err_set(reterr, -EBADMSG, "http.bad-request-line", "",
                                  "not of the form METHOD SP TARGET SP VERSION");
        r = sp_fields_method(method, reterr);
        if (r < 0)
                return r;
        if (version.n == 8 && sp_str_starts(version, SP_STR("HTTP/")) &&
            !sp_str_eq(version, SP_STR("HTTP/1.1")))
                return sp_err_set(reterr, -EBADMSG, "http.version", "",
                                  "only HTTP/1.1 and HTTP/2 are served here");
        if (!sp_str_eq(version, SP_STR("HTTP/1.1")))
                return sp_err_set(reterr, -EBADMSG, "http.bad-request-line", "",
                                  "bad protocol version");
        r = sp_fields_target(target, &scratch, reterr);
        if (r < 0)
                return r;
        h->method = span_of(h, method);
        h->target = span_of(h, target);
        h->phase = PHASE_FIELDS;
        return 0;
}

static int read_length(struct sp_http1 *h, struct sp_str value, struct sp_err *reterr)
{
        uint64_t n;
        int r;

        if (h->has_length)
                return sp_err_set(reterr, -EBADMSG, "http.bad-length", "",
                                  "Content-Length stands twice");
        r = sp_str_u64(value, &n);
        /* digits that overflow are a length all the same, only not one we take */
        if (r == -ERANGE || (r == 0 && n > h->body_max_bytes))
                return sp_err_set(reterr, -EMSGSIZE, "http.body-too-large", "",
                                  "the body may have at most %llu bytes",
                                  (unsigned long long)h->body_max_bytes);
        if (r < 0)
                return sp_err_set(reterr, -EBADMSG, "http.bad-length", "",
                                  "Content-Length is not a plain decimal number");
        h->has_length = true;
        h->left = n;
        return 0;
}

/* Fields that steer the reading itself; the rest is for the product. */
static int read_known_field(struct sp_http1 *h, struct sp_str name, struct sp_str value,
                            struct sp_err *reterr)
{
        if (sp_str_eq(name, SP_STR("host"))) {
                if (h->has_host)
                        return sp_err_set(reterr, -EBADMSG, "http.bad-authority", "",
                                          "Host stands twice");
                h->has_host = true;
                h->host = span_of(h, value);
                return 0;
        }
        if (sp_str_eq(name, SP_STR("content-length")))
                return read_length(h, value, reterr);
        if (sp_str_eq(name, SP_STR("transfer-encoding"))) {
                if (h->is_chunked)
                        return sp_err_set(reterr, -EBADMSG, "http.bad-length", "",
                                          "Transfer-Encoding stands twice");
                if (!sp_str_caseeq(value, SP_STR("chunked")))
                        return sp_err_set(reterr, -EBADMSG, "http.unknown-coding", "",
                                          "the only transfer coding is chunked");
                h->is_chunked = true;
                return 0;
        }
        if (sp_str_eq(name, SP_STR("expect"))) {
                if (h->has_expect || !sp_str_caseeq(value, SP_STR("100-continue")))
                        return sp_err_set(reterr, -EBADMSG, "http.expectation", "",
                                          "the only expectation is 100-continue");
                h->has_expect = true;
        }
        if (sp_str_eq(name, SP_STR("te")) && !sp_str_caseeq(value, SP_STR("trailers")))
                return sp_err_set(reterr, -EBADMSG, "http.refused-field", "",
                                  "TE asks for more than trailers");
        if (sp_str_eq(name, SP_STR("connection")) &&
            sp_fields_list_has(value, SP_STR("close")))
                h->is_last = true;
        return 0;
}

static int read_field(struct sp_http1 *h, struct sp_str line, struct sp_err *reterr)
{
        struct sp_str name, value;
        char *p;

        if (line.p[0] == ' ' || line.p[0] == '\t')
                return sp_err_set(reterr, -EBADMSG, "http.bad-field", "",
                                  "a field goes on in the next line");
        if (!sp_str_cut(line, ':', &name, &value) || !sp_fields_is_token(name))
                return sp_err_set(reterr, -EBADMSG, "http.bad-field", "",
                                  "not of the form NAME ':' VALUE");
        if (h->n_fields == SP_HTTP_HEADERS_MAX)
                return sp_err_set(reterr, -EMSGSIZE, "http.head-too-large", "",
                                  "more than %d fields", SP_HTTP_HEADERS_MAX);
        p = h->head.p + (name.p - h->head.p);
        for (size_t i = 0; i < name.n; i++)
                if (p[i] >= 'A' && p[i] <= 'Z')
                        p[i] = (char)(p[i] - 'A' + 'a');
        value = sp_str_trim(value);
        if (!h->fields)
                h->fields = calloc(SP_HTTP_HEADERS_MAX, sizeof(*h->fields));
        if (!h->fields)
                return -ENOMEM;
        h->fields[h->n_fields].name = span_of(h, name);
        h->fields[h->n_fields++].value = span_of(h, value);
        return read_known_field(h, name, value, reterr);
}

static int end_fields(struct sp_http1 *h, struct sp_err *reterr)
{
        if (!h->has_host)
                return sp_err_set(reterr, -EBADMSG, "http.bad-authority", "",
                                  "Host is missing");
        if (h->is_chunked && h->has_length)
                return sp_err_set(reterr, -EBADMSG, "http.bad-length", "",
                                  "Content-Length and Transfer-Encoding together");
        h->phase = h->is_chunked ? PHASE_CHUNK_SIZE
                   : h->left     ? PHASE_LENGTH_BODY
                                 : PHASE_COMPLETE;
        return 0;
}

/* The line of the head that begins at line_at and ends with the buffer's last byte. */
static int read_line(struct sp_http1 *h, struct sp_err *reterr)
{
        struct sp_str line = sp_str_sub(sp_buf_str(&h->head), h->line_at, h->head.n);

        h->line_at = h->head.n;
        if (line.n < 2 || line.p[line.n - 2] != '\r')
                return sp_err_set(reterr, -EBADMSG, "http.bad-field", "",
                                  "a line ends with a bare LF");
        line.n -= 2;
        if (!sp_fields_is_value(line)) /* also a CR inside */
                return sp_err_set(reterr, -EBADMSG, "http.bad-field", "",
                                  "a control byte in the head");
        if (h->phase == PHASE_REQUEST_LINE)
                return read_request_line(h, line, reterr);
        return line.n ? read_field(h, line, reterr) : end_fields(h, reterr);
}

/* Eats up to the end of a line of the head. */
static int take_head(struct sp_http1 *h, struct sp_str *in, struct sp_err *reterr)
{
        const char *lf = memchr(in->p, '\n', in->n);
        struct sp_str part = sp_str_sub(*in, 0, lf ? (size_t)(lf - in->p) + 1 : in->n);
        int r;

        if (h->head.n == 0)
                h->is_last = false;
        r = sp_buf_add(&h->head, part);
        if (r == -ENOBUFS)
                return sp_err_set(reterr, -EMSGSIZE, "http.head-too-large", "",
                                  "the head may have at most %d bytes",
                                  SP_HTTP_HEAD_MAX);
        if (r < 0)
                return r;
        *in = sp_str_sub(*in, part.n, in->n);
        return lf ? read_line(h, reterr) : 0;
}

static int take_body(struct sp_http1 *h, struct sp_str *in)
{
        struct sp_str part = sp_str_sub(*in, 0, SP_MIN(h->left, (uint64_t)in->n));
        int r = sp_buf_add(&h->body, part);

        if (r < 0)
                return r; /* the length was checked: only memory can fail */
        h->left -= part.n;
        *in = sp_str_sub(*in, part.n, in->n);
        return 0;
}

static int bad_chunk(struct sp_err *reterr, const char *what)
{
        return sp_err_set(reterr, -EBADMSG, "http.bad-chunk", "", "%s", what);
}

static int read_chunk_size(struct sp_http1 *h, struct sp_err *reterr)
{
        struct sp_str line = sp_buf_str(&h->line);
        uint64_t n = 0;

        if (line.n < 3 || line.p[line.n - 2] != '\r')
                return bad_chunk(reterr, "a chunk size that does not end with CRLF");
        for (size_t i = 0; i < line.n - 2; i++) {
                char c = line.p[i];
                int digit = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'f' ? c - 'a' + 10
                            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                   : -1;

                /* extensions included: nobody sends them, smugglers do */
                if (digit < 0)
                        return bad_chunk(reterr,
                                         "a chunk size that is not a hex number");
                n = n << 4 | (unsigned)digit;
        }
        if (n > h->body_max_bytes - h->body.n)
                return sp_err_set(reterr, -EMSGSIZE, "http.body-too-large", "",
                                  "the body may have at most %llu bytes",
                                  (unsigned long long)h->body_max_bytes);
        h->left = n;
        h->phase = n ? PHASE_CHUNK_DATA : PHASE_LAST_LINE;
        return 0;
}

/* One byte of the framing between chunks: short, so byte by byte is fast enough. */
static int take_framing(struct sp_http1 *h, struct sp_str *in, struct sp_err *reterr)
{
        char c = in->p[0];
        bool is_line;

        if (sp_buf_addc(&h->line, c) < 0)
                return h->line.n == h->line.max
                               ? bad_chunk(reterr, "a chunk size that does not end")
                               : -ENOMEM;
        *in = sp_str_sub(*in, 1, in->n);
        is_line = c == '\n';
        if (h->phase == PHASE_CHUNK_SIZE) {
                int r = is_line ? read_chunk_size(h, reterr) : 0;

                if (is_line)
                        sp_buf_clear(&h->line);
                return r;
        }
        /* CRLF and nothing else: a trailer section is refused here */
        if (c != "\r\n"[h->line.n - 1])
                return bad_chunk(reterr, h->phase == PHASE_LAST_LINE
                                                 ? "trailer fields"
                                                 : "no CRLF behind a chunk");
        if (is_line) {
                sp_buf_clear(&h->line);
                h->phase =
                        h->phase == PHASE_LAST_LINE ? PHASE_COMPLETE : PHASE_CHUNK_SIZE;
        }
        return 0;
}

static int take_some(struct sp_http1 *h, struct sp_str *in, struct sp_err *reterr)
{
        int r;

        switch (h->phase) {
        case PHASE_REQUEST_LINE:
        case PHASE_FIELDS:
                return take_head(h, in, reterr);
        case PHASE_LENGTH_BODY:
                r = take_body(h, in);
                if (r == 0 && h->left == 0)
                        h->phase = PHASE_COMPLETE;
                return r;
        case PHASE_CHUNK_DATA:
                r = take_body(h, in);
                if (r == 0 && h->left == 0)
                        h->phase = PHASE_CHUNK_END;
                return r;
        case PHASE_CHUNK_SIZE:
        case PHASE_CHUNK_END:
        case PHASE_LAST_LINE:
                return take_framing(h, in, reterr);
        case PHASE_COMPLETE:
        case PHASE_FAILED:
                break;
        }
        return -EINVAL;
}

/* Copies the finished request into the arena. */
static int hand_out(struct sp_http1 *h, struct sp_arena *a, struct sp_request *ret,
                    struct sp_err *reterr)
{
        struct sp_request q = { .scheme = SP_STR_NULL };
        struct sp_header *headers = sp_arena_array(a, h->n_fields, sizeof(*headers));
        int r;

        if (!headers)
                return -ENOMEM;
        for (size_t i = 0; i < h->n_fields; i++) {
                struct sp_header *to = &headers[q.n_headers];
                struct sp_str name = text(h, h->fields[i].name);

                if (sp_fields_is_framing(name))
                        continue;
                to->name = sp_arena_str(a, name);
                to->value = sp_arena_str(a, text(h, h->fields[i].value));
                if (!to->name.p || !to->value.p)
                        return -ENOMEM;
                q.n_headers++;
        }
        q.headers = headers;
        q.method = sp_arena_str(a, text(h, h->method));
        q.path = sp_arena_str(a, text(h, h->target));
        q.body = sp_arena_str(a, sp_buf_str(&h->body));
        if (!q.method.p || !q.path.p || !q.body.p)
                return -ENOMEM;
        r = sp_fields_target(q.path, &q, reterr);
        if (r == 0)
                r = sp_fields_authority(a, text(h, h->host), &q.authority, reterr);
        if (r == 0)
                r = sp_fields_check(&q, reterr);
        if (r < 0)
                return r;
        *ret = q;
        return 0;
}

int sp_http1_read(struct sp_http1 *h, struct sp_arena *a, struct sp_str in,
                  size_t *ret_eaten, struct sp_request *ret, bool *expect_continue,
                  struct sp_err *reterr)
{
        struct sp_str rest = in;
        int r = 0;

        assert(h->phase != PHASE_FAILED && h->phase != PHASE_COMPLETE);
        while (r == 0 && rest.n && h->phase != PHASE_COMPLETE)
                r = take_some(h, &rest, reterr);
        if (r == 0 && h->phase == PHASE_COMPLETE) {
                r = hand_out(h, a, ret, reterr);
                if (r == 0) {
                        begin(h);
                        r = 1;
                }
        }
        assert(rest.n <= in.n);
        if (r < 0) {
                h->phase = PHASE_FAILED;
                return r;
        }
        *ret_eaten = in.n - rest.n;
        *expect_continue = r == 0 && h->has_expect && !h->expect_told &&
                           sp_http1_is_in_body(h) && h->body.n == 0;
        if (*expect_continue)
                h->expect_told = true;
        return r;
}
