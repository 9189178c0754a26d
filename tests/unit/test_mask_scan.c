/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>

#include "daemon/mask/scan.h"

#define ALIGNMENTS 64
#define LENGTHS 300
#define GUARD 0x1234

/* Scans, and compares with the definition, a byte at a time. */
static void check(enum sp_scan_kind kind, const char *p, size_t n, bool is_escaped,
                  uint16_t *list)
{
        const char *what = sp_scan_name(kind);
        bool is_next_escaped = is_escaped;
        size_t count = sp_scan_of(kind)(p, n, &is_next_escaped, list), k = 0;

        for (size_t i = 0; i < n; i++) {
                if ((p[i] == '"' && !is_escaped) || (unsigned char)p[i] < 0x20) {
                        SP_CHECK(what, k < count && list[k] == i);
                        k++;
                }
                is_escaped = p[i] == '\\' && !is_escaped;
        }
        SP_CHECK(what, k == count);
        SP_CHECK(what, is_next_escaped == is_escaped);
        for (; k < count + SP_SCAN_ENDS; k++)
                SP_CHECK(what, list[k] == SP_SCAN_NONE);
}

/* Many of the bytes that matter, and their neighbours in value. */
static char random_byte(unsigned dense)
{
        static const char near[] = { '"',        '!',  '#',  '\\',
                                     '[',        '\\', '\\', ']',
                                     0,          0x1f, ' ',  (char)('"' | 0x80),
                                     (char)0x80, 'a',  '\n', (char)0xff };

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
                enum sp_scan_kind kind = (enum sp_scan_kind)k;

                if (!sp_scan_of(kind)) {
                        print_message("%s: this machine has not got it\n",
                                      sp_scan_name(kind));
                        continue;
                }
                for (size_t at = 0; at < ALIGNMENTS; at++)
                        for (size_t n = 0; n <= LENGTHS; n += n < 140 ? 1 : 7) {
                                /* exactly as long as the text: a sanitizer sees a byte read behind */
                                char *mem = malloc(at + n + 1), *p;
                                uint16_t list[SP_SCAN_ROOM(LENGTHS) + 1];
                                unsigned percent = dense[(at + n) % 4];

                                assert_non_null(mem);
                                p = mem + at;
                                for (size_t i = 0; i < n; i++)
                                        p[i] = random_byte(percent);
                                mem = realloc(mem, at + n ? at + n : 1);
                                assert_non_null(mem);
                                p = mem + at;
                                list[SP_SCAN_ROOM(n)] = GUARD;
                                check(kind, p, n, rand() % 2, list);
                                SP_CHECK("room", list[SP_SCAN_ROOM(n)] == GUARD);
                                free(mem);
                        }
        }
}

static void a_run_of_backslashes_escapes_across_blocks_and_pieces(void **state)
{
        (void)state;
        for (unsigned k = 0; k < SP_SCAN_KINDS_; k++)
                for (size_t start = 0; sp_scan_of((enum sp_scan_kind)k) && start < 70;
                     start++)
                        for (size_t length = 0; length < 140; length++) {
                                uint16_t list[SP_SCAN_ROOM(256)];
                                char p[256];

                                memset(p, '"', sizeof(p));
                                memset(p + start, '\\', length);
                                check((enum sp_scan_kind)k, p, sizeof(p), start % 2,
                                      list);
                                check((enum sp_scan_kind)k, p, start + length,
                                      start % 3 == 0, list);
                        }
}

static void every_byte_alone_is_marked_or_not_by_every_way(void **state)
{
        (void)state;
        for (unsigned k = 0; k < SP_SCAN_KINDS_; k++)
                for (int c = 0; sp_scan_of((enum sp_scan_kind)k) && c < 256; c++)
                        for (int beside = 0; beside < 256; beside += 5) {
                                uint16_t list[SP_SCAN_ROOM(64)];
                                char p[64];

                                memset(p, beside, sizeof(p));
                                p[c % 64] = (char)c;
                                check((enum sp_scan_kind)k, p, sizeof(p), false, list);
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
                cmocka_unit_test(a_run_of_backslashes_escapes_across_blocks_and_pieces),
                cmocka_unit_test(every_byte_alone_is_marked_or_not_by_every_way),
                cmocka_unit_test(the_best_way_is_one_that_this_machine_has),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
