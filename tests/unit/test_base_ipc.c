/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/ipc.h"
#include "daemon/base/wire.h"

static void pair(struct sp_ipc c[2])
{
        int fds[2];

        assert_int_equal(sp_ipc_pair(fds), 0);
        sp_ipc_init(&c[0], fds[0]);
        sp_ipc_init(&c[1], fds[1]);
}

static void done(struct sp_ipc c[2])
{
        sp_ipc_done(&c[0]);
        sp_ipc_done(&c[1]);
}

static void messages_arrive_whole_whatever_their_size(void **state)
{
        static const size_t sizes[] = { 0, 1, SP_IPC_INLINE_MAX, SP_IPC_INLINE_MAX + 1,
                                        3 * 1024 * 1024 };
        struct sp_ipc c[2];
        struct sp_ipc_msg m;

        (void)state;
        pair(c);
        for (size_t i = 0; i < SP_ARRAY_SIZE(sizes); i++) {
                char *p = calloc(1, sizes[i] + 1);

                memset(p, 'a' + (int)i, sizes[i]);
                assert_int_equal(sp_ipc_send(&c[0], 7, i, sp_str(p, sizes[i]), -1), 0);
                assert_int_equal(sp_ipc_recv(&c[1], &m), 1);
                assert_int_equal(m.type, 7);
                assert_int_equal(m.id, i);
                assert_true(sp_str_eq(m.payload, sp_str(p, sizes[i])));
                assert_int_equal(m.fd, -1);
                free(p);
        }
        assert_int_equal(sp_ipc_recv(&c[1], &m), 0);
        done(c);
}

static void the_kernel_says_who_said_hello(void **state)
{
        int fds[2], byte = 'x';
        struct ucred who = { 0 };
        struct sp_ipc c;

        (void)state;
        assert_int_equal(sp_ipc_pair(fds), 0);
        assert_int_equal(sp_ipc_expect(fds[0]), 0);
        assert_int_equal(sp_ipc_meet(fds[0], &who), 0);
        assert_int_equal(sp_ipc_hello(fds[1]), 0);
        assert_int_equal(sp_ipc_meet(fds[0], &who), 1);
        assert_int_equal(who.pid, getpid());
        assert_int_equal(who.uid, getuid());
        /* anything else is not a hello: another message, one without credentials */
        assert_int_equal(sp_ipc_expect(fds[0]), 0);
        sp_ipc_init(&c, fds[1]);
        assert_int_equal(sp_ipc_send(&c, 1, 0, SP_STR_NULL, -1), 0);
        assert_int_equal(sp_ipc_meet(fds[0], &who), -EBADMSG);
        assert_int_equal(sp_ipc_send(&c, 0, 0, SP_STR_NULL, fds[0]), 0);
        assert_int_equal(sp_ipc_meet(fds[0], &who), -EBADMSG);
        assert_int_equal(write(fds[1], &byte, 1), 1);
        assert_int_equal(sp_ipc_meet(fds[0], &who), -EBADMSG);
        sp_ipc_done(&c);
        assert_int_equal(sp_ipc_meet(fds[0], &who), -EPIPE);
        (void)close(fds[0]);
}

static void descriptors_travel_with_small_and_large_messages(void **state)
{
        struct sp_ipc c[2];
        struct sp_ipc_msg m;
        char *big = calloc(1, SP_IPC_INLINE_MAX + 1), byte;
        int p[2];

        (void)state;
        pair(c);
        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        for (size_t n = 1; n <= SP_IPC_INLINE_MAX + 1; n += SP_IPC_INLINE_MAX) {
                assert_int_equal(sp_ipc_send(&c[0], 1, 0, sp_str(big, n), p[1]), 0);
                assert_int_equal(sp_ipc_recv(&c[1], &m), 1);
                assert_int_equal(m.payload.n, n);
                assert_true(m.fd >= 0);
                assert_int_equal(write(m.fd, "x", 1), 1);
                assert_int_equal(read(p[0], &byte, 1), 1);
                (void)close(m.fd);
        }
        (void)close(p[0]);
        (void)close(p[1]);
        free(big);
        done(c);
}

static void a_peer_that_does_not_read_fills_the_queue_and_no_more(void **state)
{
        struct sp_ipc c[2];
        struct sp_ipc_msg m;
        char *p = calloc(1, SP_IPC_INLINE_MAX);
        int r = 0, sent = 0, got = 0;

        (void)state;
        pair(c);
        while (sent < 100000 &&
               (r = sp_ipc_send(&c[0], 1, 0, sp_str(p, SP_IPC_INLINE_MAX), -1)) == 0)
                sent++;
        assert_int_equal(r, -ENOBUFS);
        assert_true(sp_ipc_wants_write(&c[0]));
        while (got < sent) {
                while ((r = sp_ipc_recv(&c[1], &m)) == 1)
                        got++;
                assert_int_equal(r, 0);
                assert_int_equal(sp_ipc_flush(&c[0]), 0);
        }
        assert_int_equal(got, sent);
        free(p);
        done(c);
}

static void a_closed_peer_is_told_apart_from_silence(void **state)
{
        struct sp_ipc c[2];
        struct sp_ipc_msg m;

        (void)state;
        pair(c);
        assert_int_equal(sp_ipc_recv(&c[0], &m), 0);
        sp_ipc_done(&c[1]);
        assert_int_equal(sp_ipc_recv(&c[0], &m), -EPIPE);
        assert_int_equal(sp_ipc_send(&c[0], 1, 0, SP_STR_NULL, -1), -EPIPE);
        sp_ipc_done(&c[0]);
}

static void bytes_that_are_not_our_framing_are_refused(void **state)
{
        static const char junk[64] = "this is no message";
        struct sp_ipc c[2];
        struct sp_ipc_msg m;

        (void)state;
        pair(c);
        assert_int_equal(send(c[0].fd, junk, sizeof(junk), 0), sizeof(junk));
        assert_int_equal(sp_ipc_recv(&c[1], &m), -EBADMSG);
        assert_int_equal(send(c[0].fd, junk, 3, 0), 3);
        assert_int_equal(sp_ipc_recv(&c[1], &m), -EBADMSG);
        done(c);
}

static void short_and_left_over_fields_are_refused(void **state)
{
        sp_autobuf b = SP_BUF_INIT(64);
        struct sp_wire_out out = SP_WIRE_OUT(&b);
        struct sp_wire_in in;

        (void)state;
        sp_wire_put_u64(&out, 5);
        sp_wire_put_str(&out, SP_STR("abc"));
        assert_int_equal(out.error, 0);
        in = SP_WIRE_IN(sp_buf_str(&b));
        assert_int_equal(sp_wire_u64(&in), 5);
        assert_true(sp_str_eq(sp_wire_str(&in), SP_STR("abc")));
        assert_int_equal(sp_wire_end(&in), 0);
        assert_int_equal(sp_wire_u8(&in), 0);
        assert_int_equal(sp_wire_end(&in), -EBADMSG);
        in = SP_WIRE_IN(sp_buf_str(&b));
        assert_int_equal(sp_wire_u64(&in), 5);
        assert_int_equal(sp_wire_end(&in), -EBADMSG);
        in = SP_WIRE_IN(sp_str("\xFF\xFF\xFF\xFFx", 5));
        assert_int_equal(sp_wire_str(&in).n, 0);
        assert_int_equal(sp_wire_end(&in), -EBADMSG);
}

/* What is not memory belongs to a file system, which lets whom it pleases wait. */
static void only_sealed_memory_is_read(void **state)
{
        sp_autobuf b = SP_BUF_INIT(4096);
        sp_autoclose int sealed = -1, open_memory = memfd_create("x", MFD_CLOEXEC),
                         file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

        (void)state;
        assert_int_equal(write(open_memory, "x", 1), 1);
        assert_true(file >= 0);
        assert_int_equal(sp_memfd_new("x", SP_STR("abc"), &sealed), 0);
        assert_int_equal(sp_memfd_read(sealed, 4096, &b), 0);
        assert_true(sp_str_eq(sp_buf_str(&b), SP_STR("abc")));
        assert_int_equal(sp_memfd_read(open_memory, 4096, &b), -EBADMSG);
        assert_int_equal(sp_memfd_read(file, 1 << 20, &b), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_sealed_memory_is_read),
                cmocka_unit_test(messages_arrive_whole_whatever_their_size),
                cmocka_unit_test(the_kernel_says_who_said_hello),
                cmocka_unit_test(descriptors_travel_with_small_and_large_messages),
                cmocka_unit_test(a_peer_that_does_not_read_fills_the_queue_and_no_more),
                cmocka_unit_test(a_closed_peer_is_told_apart_from_silence),
                cmocka_unit_test(bytes_that_are_not_our_framing_are_refused),
                cmocka_unit_test(short_and_left_over_fields_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
