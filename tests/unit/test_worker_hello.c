/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/base/buf.h"
#include "daemon/worker/hello.h"

/* Builds a ClientHello from its parts, so that the table below can spoil each. */
struct recipe {
        const char *sentence;
        const char *sni; /* NULL: no extension */
        int want; /* 1, or -errno */
        const char *id;
        unsigned char record_type, message_type, name_type;
        unsigned record_size; /* payload per record; 0: all in one */
        unsigned padding; /* bytes in an unknown extension */
        int twice, empty_name, trailing, odd_suites, extra_in_record, list_short;
        int no_extensions;
        const char *ech; /* body of encrypted_client_hello */
        size_t ech_n;
        int ech_twice;
};

/* What a client sends that has a key from DNS: outer, HKDF-SHA256, AES-128-GCM, key 0x2a, a
 * share of 32 bytes, 48 encrypted bytes. (Of GREASE the numbers are random, the form is the
 * same.) */
#define ECH_HEAD "\0\0\1\0\1\x2a"
#define SHARE                                                                          \
        "\0\x20"                                                                       \
        "0123456789abcdef0123456789abcdef"
#define SECRET                                                                         \
        "\0\x30"                                                                       \
        "0123456789abcdef0123456789abcdef0123456789abcdef"
#define ECH(bytes) .ech = (bytes), .ech_n = sizeof(bytes) - 1

static void put(struct sp_buf *b, unsigned long v, int width)
{
        while (width--)
                assert_int_equal(sp_buf_addc(b, (char)(v >> (8 * width))), 0);
}

static void put_str(struct sp_buf *b, const char *s, size_t n)
{
        assert_int_equal(sp_buf_add(b, sp_str(s, n)), 0);
}

static void put_server_name(struct sp_buf *b, const struct recipe *r)
{
        size_t n = r->empty_name ? 0 : strlen(r->sni);

        put(b, 0, 2);
        put(b, n + 5, 2);
        put(b, n + 3 - (size_t)r->list_short, 2);
        put(b, r->name_type, 1);
        put(b, n, 2);
        put_str(b, r->sni, n);
}

static void put_body(struct sp_buf *b, const struct recipe *r)
{
        sp_autobuf extensions = SP_BUF_INIT(65536);

        if (r->padding) {
                put(&extensions, 21, 2);
                put(&extensions, r->padding, 2);
                for (unsigned i = 0; i < r->padding; i++)
                        put(&extensions, 0, 1);
        }
        for (int i = 0; r->sni && i <= r->twice; i++)
                put_server_name(&extensions, r);
        for (int i = 0; r->ech && i <= r->ech_twice; i++) {
                put(&extensions, 0xfe0d, 2);
                put(&extensions, r->ech_n, 2);
                put_str(&extensions, r->ech, r->ech_n);
        }
        put(b, 0x0303, 2);
        for (int i = 0; i < 32; i++)
                put(b, 0xaa, 1);
        put(b, 0, 1);
        put(b, r->odd_suites ? 3 : 2, 2);
        put(b, 0x1301, 2);
        if (r->odd_suites)
                put(b, 0, 1);
        put(b, 1, 1);
        put(b, 0, 1);
        if (r->no_extensions)
                return;
        put(b, extensions.n, 2);
        put_str(b, extensions.p, extensions.n);
        if (r->trailing)
                put(b, 0, 1);
}

static void build(struct sp_buf *to, const struct recipe *r)
{
        sp_autobuf body = SP_BUF_INIT(65536), message = SP_BUF_INIT(65536);
        size_t at = 0;

        put_body(&body, r);
        put(&message, r->message_type ? r->message_type : 1, 1);
        put(&message, body.n, 3);
        put_str(&message, body.p, body.n);
        if (r->extra_in_record)
                put(&message, 0x14, 1);
        while (at < message.n) {
                size_t n = message.n - at;

                n = SP_MIN(n, r->record_size ? r->record_size : 16384);
                put(to, r->record_type ? r->record_type : 22, 1);
                put(to, 0x0301, 2);
                put(to, n, 2);
                put_str(to, message.p + at, n);
                at += n;
        }
}

static const struct recipe recipes[] = {
        { "a plain name is found", "bigquery.googleapis.com", 1, NULL },
        { "upper case is handed on as sent", "BigQuery.GoogleAPIs.com", 1, NULL },
        { "without the extension there is no name", NULL, 1, NULL },
        { "without any extension there is no name", NULL, 1, NULL, .no_extensions = 1 },
        { "records of one byte", "a.example", 1, NULL, .record_size = 1 },
        { "records of three bytes cut the header", "a.example", 1, NULL,
          .record_size = 3 },
        { "a big hello (post-quantum shares)", "a.example", 1, NULL, .padding = 9000 },
        { "a hello over several full records is too large", "a.example", -EMSGSIZE,
          "tls.hello-too-large", .padding = 17000 },
        { "many tiny records are too large", "a.example", -EMSGSIZE,
          "tls.hello-too-large", .padding = 5000, .record_size = 1 },
        { "server_name twice", "a.example", -EBADMSG, "tls.bad-hello", .twice = 1 },
        { "an empty name", "", -EBADMSG, "tls.bad-hello", .empty_name = 1 },
        { "a name of another type", "a.example", -EBADMSG, "tls.bad-hello",
          .name_type = 1 },
        { "a list that is shorter than its name", "a.example", -EBADMSG,
          "tls.bad-hello", .list_short = 1 },
        { "bytes behind the extensions", "a.example", -EBADMSG, "tls.bad-hello",
          .trailing = 1 },
        { "half a cipher suite", "a.example", -EBADMSG, "tls.bad-hello",
          .odd_suites = 1 },
        { "another message in the hello's record", "a.example", -EBADMSG,
          "tls.bad-hello", .extra_in_record = 1 },
        { "an encrypted hello beside the name", "a.example", 1, NULL,
          ECH(ECH_HEAD SHARE SECRET) },
        { "one after a second hello has no share", "a.example", 1, NULL,
          ECH(ECH_HEAD "\0\0" SECRET) },
        { "an encrypted hello twice", "a.example", -EBADMSG, "tls.bad-hello",
          ECH(ECH_HEAD SHARE SECRET), .ech_twice = 1 },
        { "an inner hello that is not encrypted", "a.example", -EBADMSG,
          "tls.bad-hello", ECH("\1") },
        { "an encrypted hello with nothing in it", "a.example", -EBADMSG,
          "tls.bad-hello", ECH(ECH_HEAD SHARE "\0\0") },
        { "an encrypted hello that is cut", "a.example", -EBADMSG, "tls.bad-hello",
          ECH(ECH_HEAD SHARE "\0\x30"
                             "short") },
        { "bytes behind an encrypted hello", "a.example", -EBADMSG, "tls.bad-hello",
          ECH(ECH_HEAD SHARE SECRET "x") },
        { "an empty encrypted hello", "a.example", -EBADMSG, "tls.bad-hello", .ech = "",
          .ech_n = 0 },
        { "a ServerHello", "a.example", -EBADMSG, "tls.bad-hello", .message_type = 2 },
        { "an alert first", "a.example", -EPROTO, "tls.not-tls", .record_type = 21 },
};

static void hello_is_read_or_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(recipes); i++) {
                const struct recipe *r = &recipes[i];
                sp_autobuf bytes = SP_BUF_INIT(1 << 20);
                struct sp_hello hello = { .sni_n = 0 };
                struct sp_err e = SP_ERR_NULL;
                int got;

                build(&bytes, r);
                got = sp_hello_parse(sp_buf_str(&bytes), &hello, &e);
                SP_CHECK(r->sentence, got == r->want);
                if (r->want < 0)
                        SP_CHECK(r->sentence, strcmp(e.id, r->id) == 0);
                else
                        SP_CHECK(r->sentence,
                                 sp_str_eq(sp_str(hello.sni, hello.sni_n),
                                           sp_str_c(r->sni ? r->sni : "")) &&
                                         hello.hides_name == (r->ech != NULL));
        }
}

/* Fed byte by byte it says "more" until the answer, which is that of the whole. */
static void pieces_give_the_same_answer(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(recipes); i++) {
                const struct recipe *r = &recipes[i];
                sp_autobuf bytes = SP_BUF_INIT(1 << 20);
                struct sp_hello hello;
                struct sp_err e = SP_ERR_NULL;
                int got = 0;

                build(&bytes, r);
                for (size_t n = 0; n <= bytes.n && got == 0; n++)
                        got = sp_hello_parse(sp_str(bytes.p, n), &hello, &e);
                SP_CHECK(r->sentence, got == r->want);
                if (got < 0)
                        SP_CHECK(r->sentence, strcmp(e.id, r->id) == 0);
        }
}

static void what_is_not_tls_is_refused(void **state)
{
        static const struct {
                const char *sentence;
                struct sp_str bytes;
                int want;
        } rows[] = {
                { "plain HTTP", { "GET / HTTP/1.1\r\n", 16 }, -EPROTO },
                { "one wrong byte is enough", { "S", 1 }, -EPROTO },
                { "nothing yet", { "", 0 }, 0 },
                { "SSL 2", { "\x80\x2e\x01", 3 }, -EPROTO },
                { "a record of version 4", { "\x16\x04", 2 }, -EBADMSG },
                { "an empty record", { "\x16\x03\x01\0\0", 5 }, -EBADMSG },
                { "a record over 16 KiB", { "\x16\x03\x01\x40\x01", 5 }, -EBADMSG },
                { "an alert between the parts",
                  { "\x16\x03\x01\0\x01\x01\x15", 7 },
                  -EBADMSG },
        };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_hello hello;

                SP_CHECK(rows[i].sentence,
                         sp_hello_parse(rows[i].bytes, &hello, NULL) == rows[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hello_is_read_or_refused),
                cmocka_unit_test(pieces_give_the_same_answer),
                cmocka_unit_test(what_is_not_tls_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
