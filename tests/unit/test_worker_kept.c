/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/ipc.h"
#include "daemon/worker/kept.h"
#include "tests/test.h"

static char text[200000];

static int set_up(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (char)(i * 31 % 251);
        return 0;
}

/* What was kept, wherever it is. */
static void expect(struct sp_kept *k, size_t want)
{
        sp_autobuf b = SP_BUF_INIT(sizeof(text));

        assert_int_equal(k->bytes, want);
        assert_int_equal(sp_kept_seal(k), 0);
        if (k->fd >= 0)
                assert_int_equal(sp_memfd_read(k->fd, sizeof(text), &b), 0);
        else
                assert_int_equal(sp_buf_add(&b, sp_buf_str(&k->begin)), 0);
        assert_int_equal(b.n, want);
        assert_memory_equal(b.n ? b.p : "", text, want);
}

static void the_beginning_is_kept_however_it_comes(void **state)
{
        static const size_t maxes[] = { 0,
                                        1,
                                        1000,
                                        SP_KEPT_INLINE_MAX - 1,
                                        SP_KEPT_INLINE_MAX,
                                        SP_KEPT_INLINE_MAX + 1,
                                        150000,
                                        sizeof(text),
                                        sizeof(text) + 1 };
        static const size_t pieces[] = { 777, 16384, SP_KEPT_INLINE_MAX,
                                         SP_KEPT_INLINE_MAX + 1, sizeof(text) };

        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(maxes); i++) {
                for (size_t j = 0; j < SP_ARRAY_SIZE(pieces); j++) {
                        size_t want = SP_MIN(maxes[i], sizeof(text));
                        struct sp_kept k;

                        sp_kept_init(&k, maxes[i]);
                        for (size_t at = 0; at < sizeof(text); at += pieces[j])
                                assert_int_equal(
                                        sp_kept_add(&k, sp_str_sub(sp_str(text,
                                                                          sizeof(text)),
                                                                   at, pieces[j])),
                                        0);
                        assert_int_equal(k.fd >= 0, want > SP_KEPT_INLINE_MAX);
                        expect(&k, want);
                        sp_kept_done(&k);
                }
        }
}

static void a_sealed_one_cannot_be_changed(void **state)
{
        struct sp_kept k;

        (void)state;
        sp_kept_init(&k, sizeof(text));
        assert_int_equal(sp_kept_add(&k, sp_str(text, sizeof(text))), 0);
        expect(&k, sizeof(text));
        assert_int_equal(pwrite(k.fd, "x", 1, 0), -1);
        assert_int_equal(ftruncate(k.fd, 1), -1);
        sp_kept_done(&k);
}

static void what_cannot_be_kept_is_not_kept_in_part(void **state)
{
        struct sp_kept k;

        (void)state;
        sp_kept_init(&k, sizeof(text));
        assert_int_equal(sp_kept_add(&k, sp_str(text, 100000)), 0);
        assert_int_equal(sp_kept_seal(&k), 0); /* writing fails from now on */
        assert_int_equal(sp_kept_add(&k, sp_str(text, 100)), -EPERM);
        assert_true(k.is_failed);
        assert_int_equal(k.bytes, 0);
        assert_int_equal(k.fd, -1);
        assert_int_equal(sp_kept_add(&k, sp_str(text, 100)), 0);
        assert_int_equal(k.bytes, 0);
        sp_kept_done(&k);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_beginning_is_kept_however_it_comes),
                cmocka_unit_test(a_sealed_one_cannot_be_changed),
                cmocka_unit_test(what_cannot_be_kept_is_not_kept_in_part),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
