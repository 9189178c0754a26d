/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP/1.1 reader: the first byte says how the rest is cut; the requests read, and
 * the error at the end, must be those of the uncut input. */
#include <stdlib.h>

#include "daemon/worker/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct sp_buf *b, struct sp_str s)
{
        if (sp_buf_add(b, s) < 0 || sp_buf_addc(b, '\n') < 0)
                abort();
}

static void note_request(struct sp_buf *b, const struct sp_request *q)
{
        note(b, q->method);
        note(b, q->authority);
        note(b, q->path);
        note(b, q->query);
        for (size_t i = 0; i < q->n_headers; i++) {
                note(b, q->headers[i].name);
                note(b, q->headers[i].value);
        }
        note(b, q->body);
}

static void read_all(struct sp_str in, size_t piece, struct sp_buf *to)
{
        struct sp_http1 *h;
        struct sp_arena a = SP_ARENA_INIT(1 << 24);
        struct sp_err e = SP_ERR_NULL;

        if (sp_http1_new(4096, &h) < 0)
                abort();
        while (in.n) {
                struct sp_request q;
                struct sp_str part = sp_str_sub(in, 0, piece);
                bool expect;
                size_t eaten;
                int r = sp_http1_read(h, &a, part, &eaten, &q, &expect, &e);

                if (r < 0) {
                        note(to, sp_str_c(e.id));
                        break;
                }
                if (eaten > part.n || (r == 0 && eaten != part.n) || (r > 0 && !eaten))
                        abort();
                if (r > 0)
                        note_request(to, &q);
                in = sp_str_sub(in, eaten, in.n);
        }
        (void)sp_http1_free(h);
        sp_arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        sp_autobuf whole = SP_BUF_INIT(1 << 26), cut = SP_BUF_INIT(1 << 26);
        struct sp_str in;

        if (size < 2)
                return 0;
        in = sp_str((const char *)data + 1, size - 1);
        read_all(in, SIZE_MAX, &whole);
        read_all(in, 1 + data[0] % 16, &cut);
        if (!sp_str_eq(sp_buf_str(&whole), sp_buf_str(&cut)))
                abort();
        return 0;
}
