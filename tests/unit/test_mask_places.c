/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

#include "daemon/mask/places.h"

/* Counts from the beginning, as GoogleSQL does; false behind the end. */
static bool place_of(const char *text, size_t at, struct sp_place *ret)
{
        struct sp_place p = { 1, 1 };

        if (at > strlen(text))
                return false;
        for (size_t i = 0; i < at; i++) {
                unsigned char c = (unsigned char)text[i];

                if (c == '\n' || (c == '\r' && text[i + 1] != '\n'))
                        p = (struct sp_place){ p.line + 1, 1 };
                else if (c == '\t')
                        p.column += 8 - (p.column - 1) % 8;
                else if (c != '\r' && (c & 0xc0) != 0x80)
                        p.column++;
        }
        *ret = p;
        return true;
}

static void every_place_of_the_sent_text_is_found_in_the_agents(void **state sp_unused)
{
        static const char own[] = "a\tT \xc3\xa9 T\n\tT x\r\nT\rz";
        static const char put[] = "(s\n\tT\xc3\xa9)";
        struct sp_mask_splice splices[4];
        sp_autobuf places = SP_BUF_INIT(SP_PLACES_TEXT_MAX);
        char sent[128] = "";
        uint32_t mine[128]; /* of each byte sent: the byte of `own` it stands for */
        size_t n = 0, length = 0;

        for (uint32_t i = 0; own[i]; i++) {
                size_t more = own[i] == 'T' ? strlen(put) : 1;

                memcpy(sent + length, own[i] == 'T' ? put : own + i, more);
                for (size_t k = 0; k < more; k++)
                        mine[length + k] = i;
                length += more;
                if (own[i] == 'T')
                        splices[n++] =
                                (struct sp_mask_splice){ { i, i + 1 }, sp_str_c(put) };
        }
        assert_int_equal(n, 4);
        assert_int_equal(sp_places_write(sp_str_c(own), splices, n, &places), 0);
        for (size_t i = 0; i < length; i++) {
                struct sp_place at, want, got;

                /* no place begins inside a character or a line's end */
                if ((sent[i] & 0xc0) == 0x80 || sent[i] == '\n' || sent[i] == '\r')
                        continue;
                assert_true(place_of(sent, i, &at) && place_of(own, mine[i], &want));
                assert_true(
                        sp_places_find(sp_str_c(own), sp_buf_str(&places), at, &got));
                if (got.line != want.line || got.column != want.column)
                        fail_msg("byte %zu at %u:%u is at %u:%u, not %u:%u", i, at.line,
                                 at.column, want.line, want.column, got.line,
                                 got.column);
        }
}

static void what_is_no_place_is_not_found(void **state sp_unused)
{
        static const struct {
                const char *sentence, *places;
                struct sp_place at;
        } rows[] = {
                { "a line behind the last", "", { 3, 1 } },
                { "a column behind the end", "", { 2, 9 } },
                { "a list that is none", "x", { 1, 2 } },
                { "a splice behind the text", "1 99 1 5\n", { 2, 1 } },
                { "a splice that ends before it begins", "3 1 1 5\n", { 2, 1 } },
                { "splices that overlap", "1 3 1 5\n2 4 1 6\n", { 2, 1 } },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(rows); i++) {
                struct sp_place got;

                SP_CHECK(rows[i].sentence,
                         !sp_places_find(SP_STR("abcd\nef"), sp_str_c(rows[i].places),
                                         rows[i].at, &got));
        }
}

static void more_splices_than_there_is_room_for_are_refused(void **state sp_unused)
{
        const struct sp_mask_splice s = { { 0, 0 }, SP_STR("") };
        sp_autobuf small = SP_BUF_INIT(7);

        assert_int_equal(sp_places_write(SP_STR("x"), &s, 1, &small), -ENOBUFS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_place_of_the_sent_text_is_found_in_the_agents),
                cmocka_unit_test(what_is_no_place_is_not_found),
                cmocka_unit_test(more_splices_than_there_is_room_for_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
