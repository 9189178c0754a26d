/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/hello.h"

#include <errno.h>

#define RECORD_HANDSHAKE 22
#define HANDSHAKE_CLIENT_HELLO 1
#define RECORD_HEADER 5
#define MESSAGE_HEADER 4
#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ENCRYPTED_HELLO 0xfe0d
#define ENCRYPTED_HELLO_OUTER 0 /* the other kind is only found in what is encrypted */
#define NAME_TYPE_HOST 0

/* Takes from the front; after the first short read everything is empty and is_bad. */
struct cursor {
        const uint8_t *p;
        size_t n;
        bool is_bad;
};

static struct cursor take(struct cursor *c, size_t n)
{
        struct cursor part = { .p = c->p, .n = n };

        if (c->is_bad || n > c->n) {
                c->is_bad = true;
                c->n = 0;
                return (struct cursor){ .is_bad = true };
        }
        c->p += n;
        c->n -= n;
        return part;
}

static size_t take_number(struct cursor *c, size_t width)
{
        struct cursor part = take(c, width);
        size_t v = 0;

        for (size_t i = 0; !part.is_bad && i < width; i++)
                v = v << 8 | part.p[i];
        return v;
}

/* A vector with a length in front of it. */
static struct cursor take_vector(struct cursor *c, size_t width)
{
        return take(c, take_number(c, width));
}

static int bad(struct sp_err *reterr, const char *what)
{
        return sp_err_set(reterr, -EBADMSG, "tls.bad-hello", "", "ClientHello: %s",
                          what);
}

/*
 * Walks the records at the front of `in` and joins their payloads in `to` (or only
 * counts when `to` is NULL) until `want` bytes are there. 1: they are; 0: not yet.
 */
static int join_records(struct sp_str in, uint8_t *to, size_t want, bool must_end,
                        struct sp_err *reterr)
{
        const uint8_t *p = (const uint8_t *)in.p;
        size_t at = 0, n = 0;

        while (n < want) {
                size_t length, part;

                if (at < in.n && p[at] != RECORD_HANDSHAKE)
                        return n == 0 ? sp_err_set(
                                                reterr, -EPROTO, "tls.not-tls", "",
                                                "the connection does not begin with a "
                                                "TLS handshake")
                                      : bad(reterr,
                                            "interrupted by another record type");
                if (in.n - at > 1 && p[at + 1] != 3)
                        return bad(reterr, "record of an unknown version");
                if (in.n - at < RECORD_HEADER)
                        break;
                length = (size_t)p[at + 3] << 8 | p[at + 4];
                if (length == 0 || length > SP_HELLO_MAX)
                        return bad(reterr, "record of a forbidden length");
                at += RECORD_HEADER;
                part = SP_MIN(SP_MIN(length, in.n - at), want - n);
                if (to)
                        memcpy(to + n, p + at, part);
                n += part;
                /* Nothing may follow the hello in its last record (RFC 8446 §5.1: the
                 * key change comes right behind it). */
                if (must_end && n == want && part < length)
                        return bad(reterr, "more data in its last record");
                if (part < length)
                        break;
                at += length;
        }
        return n == want;
}

static int read_server_name(struct cursor body, struct sp_hello *hello,
                            struct sp_err *reterr)
{
        struct cursor list = take_vector(&body, 2);
        size_t type = take_number(&list, 1);
        struct cursor name = take_vector(&list, 2);

        if (body.is_bad || list.is_bad || name.is_bad || body.n || list.n)
                return bad(reterr, "malformed server_name");
        if (type != NAME_TYPE_HOST)
                return bad(reterr, "server_name of an unknown type");
        if (name.n == 0 || name.n >= sizeof(hello->sni) || memchr(name.p, 0, name.n))
                return bad(reterr, "server_name is empty, too long or holds a NUL");
        memcpy(hello->sni, name.p, name.n);
        hello->sni[name.n] = '\0';
        hello->sni_n = name.n;
        return 0;
}

/* There is no telling what browsers make up (GREASE) from a name that is really hidden: by
 * design. What does not have the form of either is refused. */
static int read_encrypted_hello(struct cursor body, struct sp_hello *hello,
                                struct sp_err *reterr)
{
        struct cursor payload;

        if (hello->hides_name)
                return bad(reterr, "encrypted_client_hello twice");
        if (take_number(&body, 1) != ENCRYPTED_HELLO_OUTER)
                return bad(reterr, "encrypted_client_hello of an unknown type");
        (void)take(&body, 5); /* two algorithms and the number of a key */
        (void)take_vector(&body, 2); /* the client's share */
        payload = take_vector(&body, 2);
        if (body.is_bad || body.n || !payload.n)
                return bad(reterr, "malformed encrypted_client_hello");
        hello->hides_name = true;
        return 0;
}

static int read_extensions(struct cursor all, struct sp_hello *hello,
                           struct sp_err *reterr)
{
        while (all.n) {
                size_t type = take_number(&all, 2);
                struct cursor body = take_vector(&all, 2);
                int r = 0;

                if (all.is_bad || body.is_bad)
                        return bad(reterr, "malformed extensions");
                if (type == EXTENSION_ENCRYPTED_HELLO)
                        r = read_encrypted_hello(body, hello, reterr);
                else if (type == EXTENSION_SERVER_NAME && hello->sni_n)
                        r = bad(reterr, "server_name twice");
                else if (type == EXTENSION_SERVER_NAME)
                        r = read_server_name(body, hello, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_hello(struct cursor c, struct sp_hello *ret, struct sp_err *reterr)
{
        struct sp_hello hello = { .sni_n = 0 };
        struct cursor id, suites, compression, extensions;
        int r;

        if (take_number(&c, 2) >> 8 != 3)
                return bad(reterr, "unknown version");
        (void)take(&c, 32); /* random */
        id = take_vector(&c, 1);
        suites = take_vector(&c, 2);
        compression = take_vector(&c, 1);
        if (c.is_bad || id.n > 32 || suites.n < 2 || suites.n % 2 || !compression.n)
                return bad(reterr, "malformed");
        if (c.n) {
                extensions = take_vector(&c, 2);
                if (c.is_bad || c.n)
                        return bad(reterr, "malformed extensions");
                r = read_extensions(extensions, &hello, reterr);
                if (r < 0)
                        return r;
        }
        *ret = hello;
        return 1;
}

static int read_message(struct sp_str in, struct sp_hello *ret, struct sp_err *reterr)
{
        uint8_t message[MESSAGE_HEADER + SP_HELLO_MAX];
        struct cursor c = { .p = message };
        size_t length;
        int r;

        r = join_records(in, message, MESSAGE_HEADER, false, reterr);
        if (r <= 0)
                return r;
        if (message[0] != HANDSHAKE_CLIENT_HELLO)
                return bad(reterr, "another handshake message came first");
        length = (size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3];
        if (length > SP_HELLO_MAX)
                return sp_err_set(reterr, -EMSGSIZE, "tls.hello-too-large", "",
                                  "ClientHello of %zu bytes; at most %d", length,
                                  SP_HELLO_MAX);
        c.n = MESSAGE_HEADER + length;
        /* Copy only when all is there: a hello sent byte by byte must not cost a copy
         * per byte. */
        r = join_records(in, NULL, c.n, true, reterr);
        if (r <= 0)
                return r;
        r = join_records(in, message, c.n, true, reterr);
        if (r <= 0)
                return r;
        (void)take(&c, MESSAGE_HEADER);
        return read_hello(c, ret, reterr);
}

int sp_hello_parse(struct sp_str in, struct sp_hello *ret, struct sp_err *reterr)
{
        int r = read_message(sp_str_sub(in, 0, SP_HELLO_RAW_MAX), ret, reterr);

        if (r == 0 && in.n >= SP_HELLO_RAW_MAX)
                return sp_err_set(reterr, -EMSGSIZE, "tls.hello-too-large", "",
                                  "no complete ClientHello in %d bytes",
                                  SP_HELLO_RAW_MAX);
        return r;
}
