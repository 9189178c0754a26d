/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/detect_digits.h"

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
        return c >= 'A' && c <= 'Z';
}

static unsigned number(struct sp_str d, size_t from, size_t n)
{
        unsigned v = 0;

        for (size_t i = from; i < from + n; i++)
                v = 10 * v + (unsigned)(d.p[i] - '0');
        return v;
}

static bool is_day(unsigned month, unsigned day)
{
        return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool has_luhn(struct sp_str d)
{
        unsigned sum = 0;

        for (size_t i = 0; i < d.n; i++) {
                unsigned v = (unsigned)(d.p[d.n - 1 - i] - '0') << (i % 2);

                sum += v > 9 ? v - 9 : v;
        }
        return sum % 10 == 0;
}

bool sp_digits_are_card(struct sp_str d)
{
        unsigned first = d.n >= 13 && d.n <= 19 ? number(d, 0, 4) : 0;
        bool is_issued;

        switch (d.n) {
        case 14: /* Diners */
                is_issued = (first >= 3000 && first < 3060) || first / 100 == 36 ||
                            first / 100 == 38;
                break;
        case 15: /* American Express */
                is_issued = first / 100 == 34 || first / 100 == 37;
                break;
        case 16: /* Visa, Mastercard, Discover, JCB, UnionPay */
                is_issued = first / 1000 == 4 || (first >= 5100 && first < 5600) ||
                            (first >= 2221 && first <= 2720) || first == 6011 ||
                            (first >= 6440 && first < 6600) ||
                            (first >= 3528 && first < 3590) || first / 100 == 62;
                break;
        case 13:
        case 19:
                is_issued = first / 1000 == 4;
                break;
        default:
                is_issued = false;
        }
        return is_issued && has_luhn(d);
}

/* The country and the check digits go behind the rest; a letter is two digits; modulo 97 is 1. */
bool sp_digits_are_iban(struct sp_str v)
{
        char c[34];
        size_t n = 0;
        unsigned rest = 0;

        for (size_t i = 0; i < v.n; i++) {
                if (v.p[i] == ' ' && i >= 4)
                        continue;
                if (n == sizeof(c) || (!is_digit(v.p[i]) && !is_capital(v.p[i])))
                        return false;
                c[n++] = v.p[i];
        }
        if (n < 15 || !is_capital(c[0]) || !is_capital(c[1]) || !is_digit(c[2]) ||
            !is_digit(c[3]))
                return false;
        for (size_t i = 0; i < n; i++) {
                char x = c[(i + 4) % n];

                rest = is_digit(x) ? (10 * rest + (unsigned)(x - '0')) % 97
                                   : (100 * rest + (unsigned)(x - 'A') + 10) % 97;
        }
        return rest == 1;
}

bool sp_digits_are_ssn(struct sp_str d)
{
        unsigned area = d.n == 9 ? number(d, 0, 3) : 0;

        /* areas from 900 on were never given out: they are the tax numbers of foreigners */
        return area && area != 666 && number(d, 3, 2) && number(d, 5, 4);
}

static unsigned cpf_digit(struct sp_str d, size_t n)
{
        unsigned sum = 0;

        for (size_t i = 0; i < n; i++)
                sum += (unsigned)(d.p[i] - '0') * (unsigned)(n + 1 - i);
        return sum * 10 % 11 % 10;
}

bool sp_digits_are_cpf(struct sp_str d)
{
        return d.n == 11 && cpf_digit(d, 9) == number(d, 9, 1) &&
               cpf_digit(d, 10) == number(d, 10, 1);
}

bool sp_digits_are_personnummer(struct sp_str d)
{
        /* a coordination number has 60 added to its day */
        return d.n == 10 && is_day(number(d, 2, 2), number(d, 4, 2) % 60) &&
               has_luhn(d);
}

/* Verhoeff, "Error Detecting Decimal Codes", 1969: a digit is moved by its place, and multiplied in
 * the dihedral group of ten. */
bool sp_digits_are_aadhaar(struct sp_str d)
{
        static const unsigned char moved[8][10] = {
                { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 5, 7, 6, 2, 8, 3, 0, 9, 4 },
                { 5, 8, 0, 3, 7, 9, 6, 1, 4, 2 }, { 8, 9, 1, 6, 0, 4, 3, 5, 2, 7 },
                { 9, 4, 5, 3, 1, 2, 6, 8, 7, 0 }, { 4, 2, 8, 6, 5, 7, 3, 9, 0, 1 },
                { 2, 7, 9, 3, 8, 0, 6, 4, 1, 5 }, { 7, 0, 4, 6, 9, 1, 3, 2, 5, 8 },
        };
        unsigned c = 0;

        if (d.n != 12 || d.p[0] < '2')
                return false;
        for (size_t i = 0; i < d.n; i++) {
                unsigned x = moved[i % 8][d.p[d.n - 1 - i] - '0'];

                if (c < 5)
                        c = x < 5 ? (c + x) % 5 : (c + x - 5) % 5 + 5;
                else
                        c = x < 5 ? (c + 5 - x) % 5 + 5 : (c + 5 - x) % 5;
        }
        return c == 0;
}

bool sp_digits_are_pesel(struct sp_str d)
{
        static const unsigned weights[] = { 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1 };
        unsigned sum = 0;

        for (size_t i = 0; d.n == 11 && i < d.n; i++)
                sum += weights[i] * (unsigned)(d.p[i] - '0');
        /* the century is added to the month, in twenties */
        return d.n == 11 && sum % 10 == 0 &&
               is_day(number(d, 2, 2) % 20, number(d, 4, 2));
}

bool sp_digits_are_nir(struct sp_str d)
{
        unsigned rest = 0;

        if (d.n != 15 || (d.p[0] != '1' && d.p[0] != '2') ||
            !is_day(number(d, 3, 2), 1))
                return false;
        for (size_t i = 0; i < 13; i++)
                rest = (10 * rest + (unsigned)(d.p[i] - '0')) % 97;
        return 97 - rest == number(d, 13, 2);
}

bool sp_digits_are_dni(struct sp_str v)
{
        char d[8];

        if (v.n != 9)
                return false;
        memcpy(d, v.p, 8);
        if (d[0] >= 'X' && d[0] <= 'Z') /* of foreigners */
                d[0] = (char)('0' + d[0] - 'X');
        for (size_t i = 0; i < 8; i++)
                if (!is_digit(d[i]))
                        return false;
        return v.p[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[number(sp_str(d, 8), 0, 8) % 23];
}

bool sp_digits_are_nino(struct sp_str v)
{
        char c[9];
        size_t n = 0;

        for (size_t i = 0; i < v.n; i++) {
                if (v.p[i] == ' ')
                        continue;
                if (n == sizeof(c))
                        return false;
                c[n++] = v.p[i];
        }
        if (n != 9 || !is_capital(c[0]) || !is_capital(c[1]) || c[8] < 'A' ||
            c[8] > 'D')
                return false;
        for (size_t i = 2; i < 8; i++)
                if (!is_digit(c[i]))
                        return false;
        return !strchr("DFIQUV", c[0]) && !strchr("DFIQUVO", c[1]);
}

/* Letters and digits in odd places count by a table; those in even places are their own number. */
bool sp_digits_are_codice_fiscale(struct sp_str v)
{
        static const unsigned char odd[] = { 1,  0,  5,  7,  9,  13, 15, 17, 19,
                                             21, 2,  4,  18, 20, 11, 3,  6,  8,
                                             12, 14, 16, 10, 22, 25, 24, 23 };
        unsigned sum = 0;

        if (v.n != 16)
                return false;
        for (size_t i = 0; i < 16; i++) {
                bool is_number = is_digit(v.p[i]);
                unsigned x = (unsigned)(v.p[i] - (is_number ? '0' : 'A'));

                /* digits may stand as the letters LMNPQRSTUV, letters not as digits */
                if (!is_number && !is_capital(v.p[i]))
                        return false;
                if (is_number && (i < 6 || i == 8 || i == 11 || i == 15))
                        return false;
                if (i < 15)
                        sum += i % 2 == 0 ? odd[x] : x;
        }
        return strchr("ABCDEHLMPRST", v.p[8]) && sum % 26 == (unsigned)(v.p[15] - 'A');
}
