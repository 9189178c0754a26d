/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/worker/exchange_fields.h"
#include "daemon/worker/http1.h"

#define BODY_MAX 1000
#define HOST "Host: bigquery.googleapis.com\r\n"

/* One line that says everything about an outcome, so that outcomes can be compared. */
static void outcome(struct sp_str in, size_t first, size_t step, char *to, size_t size)
{
        struct sp_http1 *h = NULL;
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_err e = SP_ERR_NULL;
        struct sp_request q;
        size_t at = 0, n = 0, piece = first;
        int r = 0;

        assert_int_equal(sp_http1_new(BODY_MAX, &h), 0);
        to[0] = '\0';
        while (at < in.n && r >= 0) {
                struct sp_str part = sp_str_sub(in, at, piece ? piece : 1);
                bool expect;
                size_t eaten;

                r = sp_http1_read(h, &a, part, &eaten, &q, &expect, &e);
                if (r < 0)
                        break;
                assert_true(eaten <= part.n);
                if (r == 0)
                        assert_int_equal(eaten, part.n);
                at += eaten;
                piece = step;
                if (r == 0)
                        continue;
                n += (size_t)snprintf(to + n, size - n,
                                      "%.*s %.*s ? %.*s @%.*s #%zu [%.*s]%s;",
                                      SP_FMT(q.method), SP_FMT(q.path), SP_FMT(q.query),
                                      SP_FMT(q.authority), q.n_headers, SP_FMT(q.body),
                                      sp_http1_is_last(h) ? " last" : "");
        }
        if (r < 0)
                (void)snprintf(to + n, size - n, "error %s %u", e.id,
                               sp_fields_status(&e));
        sp_arena_done(&a);
        (void)sp_http1_free(h);
}

struct row {
        const char *sentence, *in, *want;
        size_t n; /* of `in`, where it holds a NUL */
};

static const struct row rows[] = {
        { "a GET", "GET /a?b=c HTTP/1.1\r\n" HOST "\r\n",
          "GET /a ? b=c @bigquery.googleapis.com #0 [];" },
        { "an empty query is a query", "GET /a? HTTP/1.1\r\n" HOST "\r\n",
          "GET /a ?  @bigquery.googleapis.com #0 [];" },
        { "a POST with a length",
          "POST /q HTTP/1.1\r\n" HOST "Content-Length: 5\r\nX-A: b\r\n\r\nhello",
          "POST /q ?  @bigquery.googleapis.com #1 [hello];" },
        { "a chunked POST",
          "POST /q HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
          "5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n",
          "POST /q ?  @bigquery.googleapis.com #0 [hello0123456789];" },
        { "two requests in one piece",
          "GET /1 HTTP/1.1\r\n" HOST "\r\nPOST /2 HTTP/1.1\r\n" HOST
          "Content-Length: 1\r\n\r\nx",
          "GET /1 ?  @bigquery.googleapis.com #0 [];"
          "POST /2 ?  @bigquery.googleapis.com #0 [x];" },
        { "Connection: close is told",
          "GET / HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n",
          "GET / ?  @bigquery.googleapis.com #0 [] last;" },
        { "the port of the scheme is cut off",
          "GET / HTTP/1.1\r\nHost: BigQuery.googleapis.com:443\r\n\r\n",
          "GET / ?  @bigquery.googleapis.com #0 [];" },
        { "an IPv6 host", "GET / HTTP/1.1\r\nHost: [FD20:ce::254]:80\r\n\r\n",
          "GET / ?  @fd20:ce::254 #0 [];" },
        { "a trailing dot is cut off",
          "GET / HTTP/1.1\r\nHost: bigquery.googleapis.com.\r\n\r\n",
          "GET / ?  @bigquery.googleapis.com #0 [];" },
        { "blanks around a value are no part of it",
          "GET / HTTP/1.1\r\nHost: \t a.example \t\r\n\r\n",
          "GET / ?  @a.example #0 [];" },
        { "Content-Length: 0 on a GET",
          "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
          "GET / ?  @bigquery.googleapis.com #0 [];" },
        { "list fields may repeat",
          "GET / HTTP/1.1\r\n" HOST "Accept: a\r\nAccept: b\r\n\r\n",
          "GET / ?  @bigquery.googleapis.com #2 [];" },
        { "TE: trailers is harmless", "GET / HTTP/1.1\r\n" HOST "TE: trailers\r\n\r\n",
          "GET / ?  @bigquery.googleapis.com #0 [];" },
        { "a body of exactly the limit",
          "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", "" },

        /* each of these has two readings somewhere */
        { "length and chunked",
          "POST / HTTP/1.1\r\n" HOST
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
          "error http.bad-length 400" },
        { "chunked and length",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
          "error http.bad-length 400" },
        { "two lengths",
          "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
          "error http.bad-length 400" },
        { "two equal lengths",
          "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
          "error http.bad-length 400" },
        { "a list of lengths",
          "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n",
          "error http.bad-length 400" },
        { "a signed length", "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n",
          "error http.bad-length 400" },
        { "a hexadecimal length",
          "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n",
          "error http.bad-length 400" },
        { "an empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
          "error http.bad-length 400" },
        { "a length that overflows",
          "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\n",
          "error http.body-too-large 413" },
        { "a length over the limit",
          "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n",
          "error http.body-too-large 413" },
        { "gzip as a transfer coding",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
          "error http.unknown-coding 501" },
        { "identity as a transfer coding",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",
          "error http.unknown-coding 501" },
        { "chunked in quotes",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n",
          "error http.unknown-coding 501" },
        { "chunked with a vertical tab",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n",
          "error http.bad-field 400" },
        { "chunked twice",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
          "error http.bad-length 400" },
        { "obs-fold", "GET / HTTP/1.1\r\n" HOST "X-A: b\r\n c\r\n\r\n",
          "error http.bad-field 400" },
        { "a blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
          "error http.bad-field 400" },
        { "a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
          "error http.bad-field 400" },
        { "a field without a colon", "GET / HTTP/1.1\r\n" HOST "nonsense\r\n\r\n",
          "error http.bad-field 400" },
        { "a field without a name", "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n",
          "error http.bad-field 400" },
        { "a bare LF in the head", "GET / HTTP/1.1\r\n" HOST "X: y\n\r\n",
          "error http.bad-field 400" },
        { "a bare LF behind the request line", "GET / HTTP/1.1\n" HOST "\r\n",
          "error http.bad-field 400" },
        { "a bare LF as the empty line", "GET / HTTP/1.1\r\n" HOST "\n",
          "error http.bad-field 400" },
        { "a bare CR in a value", "GET / HTTP/1.1\r\n" HOST "X: y\rz\r\n\r\n",
          "error http.bad-field 400" },
        { "a NUL in a value", "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
          "error http.bad-field 400", 29 },
        { "DEL in a value", "GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n",
          "error http.bad-field 400" },
        { "no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", "error http.bad-authority 400" },
        { "Host twice", "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
          "error http.bad-authority 400" },
        { "an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n",
          "error http.bad-authority 400" },
        { "Host with user information", "GET / HTTP/1.1\r\nHost: a@b.example\r\n\r\n",
          "error http.bad-authority 400" },
        { "Host with a path", "GET / HTTP/1.1\r\nHost: b.example/x\r\n\r\n",
          "error http.bad-authority 400" },
        { "Host with another port", "GET / HTTP/1.1\r\nHost: b.example:8443\r\n\r\n",
          "error http.bad-authority 400" },
        { "Host with an empty port", "GET / HTTP/1.1\r\nHost: b.example:\r\n\r\n",
          "error http.bad-authority 400" },
        { "two Hosts in one field",
          "GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n",
          "error http.bad-authority 400" },
        { "an empty line first", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-request-line 400" },
        { "two blanks in the request line", "GET  / HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-request-line 400" },
        { "a blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-request-line 400" },
        { "a blank at the end", "GET / HTTP/1.1 \r\n" HOST "\r\n",
          "error http.bad-request-line 400" },
        { "a tab as the blank", "GET\t/ HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-request-line 400" },
        { "HTTP/0.9", "GET /\r\n", "error http.bad-request-line 400" },
        { "HTTP/1.0", "GET / HTTP/1.0\r\n" HOST "\r\n", "error http.version 505" },
        { "HTTP/2 in the wrong place", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
          "error http.version 505" },
        { "lower-case http", "GET / http/1.1\r\n" HOST "\r\n",
          "error http.bad-request-line 400" },
        { "absolute-form",
          "GET https://bigquery.googleapis.com/ HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-target 400" },
        { "asterisk-form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-target 400" },
        { "CONNECT", "CONNECT b.example:443 HTTP/1.1\r\n" HOST "\r\n",
          "error http.connect 400" },
        { "a fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-target 400" },
        { "a non-ASCII path", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n",
          "error http.bad-target 400" },
        { "Upgrade", "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n\r\n",
          "error http.refused-field 400" },
        { "Trailer", "GET / HTTP/1.1\r\n" HOST "Trailer: x\r\n\r\n",
          "error http.refused-field 400" },
        { "TE with a coding", "GET / HTTP/1.1\r\n" HOST "TE: gzip\r\n\r\n",
          "error http.refused-field 400" },
        { "another expectation",
          "POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx",
          "error http.expectation 417" },
        { "Authorization twice",
          "GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nauthorization: a\r\n\r\n",
          "error http.duplicate-field 400" },
        { "If-Match twice, of which one would be written by",
          "GET / HTTP/1.1\r\n" HOST "If-Match: a\r\nIf-Match: b\r\n\r\n",
          "error http.duplicate-field 400" },
        { "GET with a body", "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx",
          "error http.unexpected-body 400" },
        { "a chunk extension",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n",
          "error http.bad-chunk 400" },
        { "a chunk size with a bare LF",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n",
          "error http.bad-chunk 400" },
        { "an empty chunk size",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\n",
          "error http.bad-chunk 400" },
        { "a chunk size with 0x",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n",
          "error http.bad-chunk 400" },
        { "a chunk size with a blank",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n",
          "error http.bad-chunk 400" },
        { "a chunk size of nine digits",
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
          "000000005\r\nhello\r\n0\r\n\r\n",
          "error http.bad-chunk 400" },
        { "a chunk without its CRLF",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n",
          "error http.bad-chunk 400" },
        { "a trailer",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
          "error http.bad-chunk 400" },
        { "chunks over the limit together",
          "POST / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3e6\r\n",
          "error http.body-too-large 413" },
};

static struct sp_str input(const struct row *r)
{
        return r->n ? sp_str(r->in, r->n) : sp_str_c(r->in);
}

static void requests_are_read_or_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                char got[1024];

                outcome(input(&rows[i]), SIZE_MAX, SIZE_MAX, got, sizeof(got));
                if (strcmp(got, rows[i].want) != 0)
                        fail_msg("%s: got \"%s\"", rows[i].sentence, got);
        }
}

static void any_split_gives_the_same_outcome(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_str in = input(&rows[i]);
                char whole[1024], got[1024];

                outcome(in, SIZE_MAX, SIZE_MAX, whole, sizeof(whole));
                for (size_t first = 1; first <= in.n; first++) {
                        outcome(in, first, SIZE_MAX, got, sizeof(got));
                        SP_CHECK(rows[i].sentence, strcmp(whole, got) == 0);
                }
                for (size_t step = 1; step < 8; step++) {
                        outcome(in, step, step, got, sizeof(got));
                        SP_CHECK(rows[i].sentence, strcmp(whole, got) == 0);
                }
        }
}

static void limits_hold_exactly(void **state)
{
        static char head[SP_HTTP_HEAD_MAX + 1024];
        char got[1024];
        size_t n;

        (void)state;
        for (int over = 0; over <= 1; over++) {
                size_t fixed = strlen("GET / HTTP/1.1\r\n" HOST "X: \r\n\r\n");

                n = (size_t)snprintf(head, sizeof(head),
                                     "GET / HTTP/1.1\r\n" HOST "X: ");
                memset(head + n, 'a', SP_HTTP_HEAD_MAX - fixed + (size_t)over);
                n += SP_HTTP_HEAD_MAX - fixed + (size_t)over;
                memcpy(head + n, "\r\n\r\n", 4);
                outcome(sp_str(head, n + 4), SIZE_MAX, SIZE_MAX, got, sizeof(got));
                SP_CHECK("a head of 64 KiB passes, one more does not",
                         sp_str_starts(sp_str_c(got),
                                       over ? SP_STR("error http.head-too-large 431")
                                            : SP_STR("GET / ?")));
                outcome(sp_str(head, n + 4), 1000, 1000, got, sizeof(got));
                SP_CHECK("also in pieces",
                         sp_str_starts(sp_str_c(got),
                                       over ? SP_STR("error http.head-too-large 431")
                                            : SP_STR("GET / ?")));
        }
        for (int count = SP_HTTP_HEADERS_MAX; count <= SP_HTTP_HEADERS_MAX + 1;
             count++) {
                n = (size_t)snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n" HOST);
                for (int i = 1; i < count; i++)
                        n += (size_t)snprintf(head + n, sizeof(head) - n, "X-%d: y\r\n",
                                              i);
                n += (size_t)snprintf(head + n, sizeof(head) - n, "\r\n");
                outcome(sp_str(head, n), SIZE_MAX, SIZE_MAX, got, sizeof(got));
                SP_CHECK("100 fields pass, 101 do not",
                         sp_str_starts(sp_str_c(got),
                                       count > SP_HTTP_HEADERS_MAX
                                               ? SP_STR("error http.head-too-large 431")
                                               : SP_STR("GET / ?")));
        }
}

static void continue_is_asked_for_once(void **state)
{
        static const char in[] = "POST / HTTP/1.1\r\n" HOST
                                 "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
        struct sp_http1 *h = NULL;
        struct sp_arena a = SP_ARENA_INIT(1 << 20);
        struct sp_request q;
        bool expect = false;
        size_t eaten;

        (void)state;
        assert_int_equal(sp_http1_new(BODY_MAX, &h), 0);
        assert_int_equal(sp_http1_read(h, &a, sp_str_c(in), &eaten, &q, &expect, NULL),
                         0);
        assert_true(expect);
        assert_int_equal(sp_http1_read(h, &a, SP_STR("x"), &eaten, &q, &expect, NULL),
                         0);
        assert_false(expect);
        assert_int_equal(sp_http1_read(h, &a, SP_STR("y"), &eaten, &q, &expect, NULL),
                         1);
        assert_false(expect);
        sp_arena_done(&a);
        (void)sp_http1_free(h);
}

static void memory_that_runs_out_is_an_error(void **state)
{
        static const char in[] =
                "POST /abc HTTP/1.1\r\n" HOST "X-A: b\r\nContent-Length: 2\r\n\r\nxy";

        (void)state;
        for (size_t max = 0; max < 512; max += 16) {
                struct sp_http1 *h = NULL;
                struct sp_arena a = SP_ARENA_INIT(max);
                struct sp_request q;
                bool expect;
                size_t eaten;
                int r;

                assert_int_equal(sp_http1_new(BODY_MAX, &h), 0);
                r = sp_http1_read(h, &a, sp_str_c(in), &eaten, &q, &expect, NULL);
                assert_true(r == 1 || r == -ENOMEM);
                assert_true(max > 0 || r == -ENOMEM);
                sp_arena_done(&a);
                (void)sp_http1_free(h);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(requests_are_read_or_refused),
                cmocka_unit_test(any_split_gives_the_same_outcome),
                cmocka_unit_test(limits_hold_exactly),
                cmocka_unit_test(continue_is_asked_for_once),
                cmocka_unit_test(memory_that_runs_out_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
