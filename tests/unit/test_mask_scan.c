/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>

#include "daemon/mask/scan.h"

#define ALIGNMENTS 64
#define LENGTHS 300
#define GUARD 0x1234

/* The definition, a byte at a time. */
static bool is_marked(unsigned char c)
{
        return c == '"' || c == '\\' || c < 0x20;
}

static void check(const char *what, const char *p, size_t n, const uint16_t *list,
                  size_t count)
{
        size_t k = 0;

        for (size_t i = 0; i < n; i++)
                if (is_marked((unsigned char)p[i])) {
                        SP_CHECK(what, k < count && list[k] == i);
                        k++;
                }
        SP_CHECK(what, k == count);
        for (; k < count + SP_SCAN_ENDS; k++)
                SP_CHECK(what, list[k] == SP_SCAN_NONE);
}

/* Many of the bytes that matter, and their neighbours in value. */
static char random_byte(unsigned dense)
{
        static const char near[] = {
                '"',        '!', '#',  '\\',      '[',
                ']',        0,   0x1f, ' ',       (char)('"' | 0x80),
                (char)0x80, 'a', '\n', (char)0xff
        };

        if ((unsigned)rand() % 100 < dense)
                return near[(size_t)rand() % sizeof(near)];
        return (char)('a' + rand() % 26);
}

static void every_way_marks_the_same_bytes_at_any_alignment_and_length(void **state)
{
        static const unsigned dense[] = { 0, 3, 50, 100 };

        (void)state;
        srand(4);
        for (unsigned k = 0; k < SP_SCAN_KINDS_; k++) {
                sp_scan_fn scan = sp_scan_of((enum sp_scan_kind)k);
                const char *name = sp_scan_name((enum sp_scan_kind)k);

                if (!scan) {
                        print_message("%s: this machine has not got it\n", name);
                        continue;
                }
                for (size_t at = 0; at < ALIGNMENTS; at++)
                        for (size_t n = 0; n <= LENGTHS; n += n < 140 ? 1 : 7) {
                                /* exactly as long as the text: a sanitizer sees a byte read behind */
                                char *mem = malloc(at + n + 1), *p;
                                uint16_t list[SP_SCAN_ROOM(LENGTHS) + 1];
                                size_t count;
                                unsigned percent = dense[(at + n) % 4];

                                assert_non_null(mem);
                                p = mem + at;
                                for (size_t i = 0; i < n; i++)
                                        p[i] = random_byte(percent);
                                mem = realloc(mem, at + n ? at + n : 1);
                                assert_non_null(mem);
                                p = mem + at;
                                list[SP_SCAN_ROOM(n)] = GUARD;
                                count = scan(p, n, list);
                                check(name, p, n, list, count);
                                SP_CHECK(name, list[SP_SCAN_ROOM(n)] == GUARD);
                                free(mem);
                        }
        }
}

static void every_byte_alone_is_marked_or_not_by_every_way(void **state)
{
        (void)state;
        for (unsigned k = 0; k < SP_SCAN_KINDS_; k++) {
                sp_scan_fn scan = sp_scan_of((enum sp_scan_kind)k);

                for (int c = 0; scan && c < 256; c++)
                        for (int beside = 0; beside < 256; beside += 5) {
                                char p[64];
                                uint16_t list[SP_SCAN_ROOM(sizeof(p))];
                                size_t count;

                                memset(p, beside, sizeof(p));
                                p[c % 64] = (char)c;
                                count = scan(p, sizeof(p), list);
                                check(sp_scan_name((enum sp_scan_kind)k), p, sizeof(p),
                                      list, count);
                        }
        }
}

static void the_best_way_is_one_that_this_machine_has(void **state)
{
        bool is_known = false;

        (void)state;
        for (unsigned k = 0; k < SP_SCAN_KINDS_; k++)
                is_known |= sp_scan_of((enum sp_scan_kind)k) == sp_scan_best();
        assert_true(is_known);
        assert_null(sp_scan_of(SP_SCAN_KINDS_));
        assert_null(sp_scan_name(SP_SCAN_KINDS_));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(
                        every_way_marks_the_same_bytes_at_any_alignment_and_length),
                cmocka_unit_test(every_byte_alone_is_marked_or_not_by_every_way),
                cmocka_unit_test(the_best_way_is_one_that_this_machine_has),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
