/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that a worker sends once somebody approved them. */
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <utlist.h>

#include "daemon/worker/held.h"

#define SALT SP_STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

static struct sp_str number(char to[32], unsigned i)
{
        return sp_str(to, (size_t)snprintf(to, 32, "01M7YRQP4RR8NVSE8F%08u", i));
}

static void a_request_that_is_sent_again_takes_one_place(void **state)
{
        struct sp_str first = SP_STR("01M7YRQP4RR8NVSE8F0EFR90BD");
        struct sp_worker w = { 0 };
        char name[32];
        unsigned places = 0;

        (void)state;
        for (unsigned i = 0; i < 5000; i++)
                assert_int_equal(sp_held_park(&w, first, first, SALT), 0);
        /* so that there is room for those of others */
        while (sp_held_park(&w, number(name, places), first, SALT) == 0)
                assert_true(++places < 5000);
        assert_int_equal(sp_held_park(&w, number(name, places), first, SALT), -ENOBUFS);
        assert_int_equal(places, 1023);
        assert_int_equal(sp_held_park(&w, first, first, SALT), 0);
        sp_held_done(&w);
        assert_null(w.parked);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_request_that_is_sent_again_takes_one_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
