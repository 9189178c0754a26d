/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/rules.h"

/* Digits, then one of `units`: the product, or false for overflow and anything else. */
struct unit {
        struct sp_str suffix;
        uint64_t factor;
};

static bool value_with_unit(struct sp_str s, const struct unit *units, size_t n,
                            uint64_t *ret)
{
        size_t digits = 0;
        struct sp_str suffix;
        uint64_t v;

        while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
                digits++;
        if (sp_str_u64(sp_str_sub(s, 0, digits), &v) < 0)
                return false;
        suffix = sp_str_sub(s, digits, s.n);
        for (size_t i = 0; i < n; i++)
                if (sp_str_eq(suffix, units[i].suffix))
                        return !__builtin_mul_overflow(v, units[i].factor, ret);
        return false;
}

bool sp_value_duration(struct sp_str s, uint64_t *ret_us)
{
        static const struct unit units[] = {
                { { "s", 1 }, SP_USEC_PER_SEC },
                { { "m", 1 }, SP_USEC_PER_SEC * 60 },
                { { "h", 1 }, SP_USEC_PER_SEC * 3600 },
                { { "d", 1 }, SP_USEC_PER_SEC * 86400 },
        };

        return value_with_unit(s, units, SP_ARRAY_SIZE(units), ret_us);
}

bool sp_value_bytes(struct sp_str s, uint64_t *ret)
{
        static const struct unit units[] = {
                { { "", 0 }, 1 },
                { { "B", 1 }, 1 },
                { { "KB", 2 }, UINT64_C(1000) },
                { { "MB", 2 }, UINT64_C(1000000) },
                { { "GB", 2 }, UINT64_C(1000000000) },
                { { "TB", 2 }, UINT64_C(1000000000000) },
                { { "PB", 2 }, UINT64_C(1000000000000000) },
                { { "KiB", 3 }, UINT64_C(1) << 10 },
                { { "MiB", 3 }, UINT64_C(1) << 20 },
                { { "GiB", 3 }, UINT64_C(1) << 30 },
                { { "TiB", 3 }, UINT64_C(1) << 40 },
                { { "PiB", 3 }, UINT64_C(1) << 50 },
        };

        return value_with_unit(s, units, SP_ARRAY_SIZE(units), ret);
}

bool sp_value_rate(struct sp_str s, bool is_bytes, struct sp_limit_amount *ret)
{
        static const struct unit counts[] = {
                { { "", 0 }, 1 },
                { { "k", 1 }, UINT64_C(1000) },
                { { "M", 1 }, UINT64_C(1000000) },
        };
        static const uint32_t windows[] = { 60, 3600, 86400 };
        struct sp_limit_amount a = { 0 };
        struct sp_str amount, window;

        if (!sp_str_cut(s, '/', &amount, &window) ||
            !(is_bytes ? sp_value_bytes(amount, &a.max)
                       : value_with_unit(amount, counts, SP_ARRAY_SIZE(counts),
                                         &a.max)) ||
            !a.max)
                return false;
        for (size_t i = 0; i < SP_ARRAY_SIZE(windows); i++)
                if (sp_str_eq(window, sp_str_c(sp_limit_window_name(windows[i]))))
                        a.window_s = windows[i];
        if (!a.window_s)
                return false;
        *ret = a;
        return true;
}

bool sp_value_compare(struct sp_str s, enum sp_compare *ret, uint64_t *ret_bytes)
{
        enum sp_compare compare;
        size_t skip = 1;

        if (sp_str_starts(s, SP_STR(">=")))
                compare = SP_GREATER_EQUAL, skip = 2;
        else if (sp_str_starts(s, SP_STR("<=")))
                compare = SP_LESS_EQUAL, skip = 2;
        else if (sp_str_starts(s, SP_STR(">")))
                compare = SP_GREATER;
        else if (sp_str_starts(s, SP_STR("<")))
                compare = SP_LESS;
        else
                return false;
        if (!sp_value_bytes(sp_str_trim(sp_str_sub(s, skip, s.n)), ret_bytes))
                return false;
        *ret = compare;
        return true;
}

/* Exactly `n` digits at the start of *s; takes them off. */
static bool take_number(struct sp_str *s, size_t n, uint64_t *ret)
{
        if (s->n < n || sp_str_u64(sp_str_sub(*s, 0, n), ret) < 0)
                return false;
        *s = sp_str_sub(*s, n, s->n);
        return true;
}

static bool take_char(struct sp_str *s, char c)
{
        if (!s->n || s->p[0] != c)
                return false;
        *s = sp_str_sub(*s, 1, s->n);
        return true;
}

bool sp_value_clock(struct sp_str s, int *ret_min)
{
        uint64_t hour, minute;

        if (!take_number(&s, 2, &hour) || !take_char(&s, ':') ||
            !take_number(&s, 2, &minute) || s.n)
                return false;
        if (hour > 24 || minute > 59 || (hour == 24 && minute))
                return false;
        *ret_min = (int)(hour * 60 + minute);
        return true;
}

bool sp_value_zone(struct sp_str s, int *ret_min)
{
        bool is_west = s.n && s.p[0] == '-';
        int minutes;

        if (sp_str_eq(s, SP_STR("UTC"))) {
                *ret_min = 0;
                return true;
        }
        if (!is_west && !sp_str_starts(s, SP_STR("+")))
                return false;
        if (!sp_value_clock(sp_str_sub(s, 1, s.n), &minutes) || minutes > 14 * 60)
                return false;
        *ret_min = is_west ? -minutes : minutes;
        return true;
}

static bool is_leap(uint64_t y)
{
        return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Nothing, or "T18:30Z", "T18:30:00Z". */
static bool take_time(struct sp_str s, uint64_t *ret)
{
        uint64_t hour, minute, second = 0;

        *ret = 0;
        if (!s.n)
                return true;
        if (!take_char(&s, 'T') || !take_number(&s, 2, &hour) || !take_char(&s, ':') ||
            !take_number(&s, 2, &minute))
                return false;
        if (take_char(&s, ':') && !take_number(&s, 2, &second))
                return false;
        *ret = hour * 3600 + minute * 60 + second;
        return take_char(&s, 'Z') && !s.n && hour < 24 && minute < 60 && second < 60;
}

bool sp_value_date(struct sp_str s, uint64_t *ret_us)
{
        static const unsigned month_days[] = { 31, 28, 31, 30, 31, 30,
                                               31, 31, 30, 31, 30, 31 };
        uint64_t year, month, day, seconds, days = 0;

        if (!take_number(&s, 4, &year) || !take_char(&s, '-') ||
            !take_number(&s, 2, &month) || !take_char(&s, '-') ||
            !take_number(&s, 2, &day) || !take_time(s, &seconds))
                return false;
        if (year < 1970 || month < 1 || month > 12 || day < 1 ||
            day > month_days[month - 1] + (month == 2 && is_leap(year)))
                return false;
        for (uint64_t y = 1970; y < year; y++)
                days += is_leap(y) ? 366 : 365;
        for (uint64_t m = 1; m < month; m++)
                days += month_days[m - 1] + (m == 2 && is_leap(year));
        *ret_us = ((days + day - 1) * 86400 + seconds) * SP_USEC_PER_SEC;
        return true;
}

static bool day_number(struct sp_str s, unsigned *ret)
{
        static const char names[7][4] = { "sun", "mon", "tue", "wed",
                                          "thu", "fri", "sat" };

        for (unsigned i = 0; i < 7; i++)
                if (sp_str_eq(s, sp_str_c(names[i]))) {
                        *ret = i;
                        return true;
                }
        return false;
}

bool sp_value_days(struct sp_str s, unsigned *ret)
{
        struct sp_str first, last;
        unsigned from, to;

        if (!sp_str_cut(s, '-', &first, &last))
                last = first;
        if (!day_number(first, &from) || !day_number(last, &to))
                return false;
        for (unsigned d = from;; d = (d + 1) % 7) { /* "fri-mon" goes round */
                *ret |= 1U << d;
                if (d == to)
                        return true;
        }
}
