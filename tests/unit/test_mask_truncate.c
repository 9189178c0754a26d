/* SPDX-License-Identifier: Apache-2.0 */
/* The mask `truncate`: which types it fits, its SQL, and what becomes of values in previews.
 * That the engine gives the same is in tests/integration/masks.test.js. */
#include <errno.h>

#include "daemon/mask/truncate.h"
#include "tests/test.h"

static const struct {
        const char *sentence, *type;
        enum sp_mask_unit unit;
        uint64_t step;
        const char *sql; /* of the value x; NULL: does not fit */
} fits[] = {
        { "a date to its month", "DATE", SP_UNIT_MONTH, 0, "DATE_TRUNC(x, MONTH)" },
        { "a date to its day would stay whole", "DATE", SP_UNIT_DAY, 0, NULL },
        { "a date has no hour", "DATE", SP_UNIT_HOUR, 0, NULL },
        { "a date has no step", "DATE", SP_UNIT_NONE, 10, NULL },
        { "a datetime to its day", "DATETIME", SP_UNIT_DAY, 0,
          "DATETIME_TRUNC(x, DAY)" },
        { "a timestamp, whatever the zone", "TIMESTAMP", SP_UNIT_HOUR, 0,
          "TIMESTAMP_TRUNC(x, HOUR, 'UTC')" },
        { "a time to its hour", "TIME", SP_UNIT_HOUR, 0, "TIME_TRUNC(x, HOUR)" },
        { "a time has no year", "TIME", SP_UNIT_YEAR, 0, NULL },
        { "an integer", "INTEGER", SP_UNIT_NONE, 1000, "x - MOD(x, 1000)" },
        { "an integer by its other name", "INT64", SP_UNIT_NONE, 10, "x - MOD(x, 10)" },
        { "an integer to 1 would stay whole", "INT64", SP_UNIT_NONE, 1, NULL },
        { "an integer has no month", "INT64", SP_UNIT_MONTH, 0, NULL },
        { "a numeric to 1", "NUMERIC", SP_UNIT_NONE, 1,
          "x - MOD(x, CAST(1 AS NUMERIC))" },
        { "a big one", "BIGDECIMAL", SP_UNIT_NONE, 50,
          "x - MOD(x, CAST(50 AS BIGNUMERIC))" },
        { "a float", "FLOAT", SP_UNIT_NONE, 50,
          "IFNULL(SAFE_MULTIPLY(TRUNC(x / 50), 50), x * 0) + 0" },
        { "a string has no unit", "STRING", SP_UNIT_YEAR, 0, NULL },
        { "nor a step", "STRING", SP_UNIT_NONE, 10, NULL },
        { "nor has what is not known", "RANGE", SP_UNIT_YEAR, 0, NULL },
};

static void it_fits_what_has_something_to_leave(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(fits); i++) {
                const struct sp_mask m = { .kind = SP_MASK_TRUNCATE,
                                           .unit = fits[i].unit,
                                           .step = fits[i].step };
                sp_autobuf b = SP_BUF_INIT(1000);
                struct sp_truncate t;

                SP_CHECK(fits[i].sentence, sp_truncate_of(sp_str_c(fits[i].type), &m,
                                                          &t) == !!fits[i].sql);
                if (!fits[i].sql)
                        continue;
                assert_int_equal(sp_truncate_put_sql(&b, &t, SP_STR("x")), 0);
                SP_CHECK(fits[i].sentence,
                         sp_str_eq(sp_buf_str(&b), sp_str_c(fits[i].sql)));
        }
}

#define UNIT(form, unit)                                                               \
        {                                                                              \
                SP_TRUNCATE_##form, SP_UNIT_##unit, 0, false                           \
        }
#define US(unit)                                                                       \
        {                                                                              \
                SP_TRUNCATE_TIMESTAMP, SP_UNIT_##unit, 0, true                         \
        }
#define STEP(form, step)                                                               \
        {                                                                              \
                SP_TRUNCATE_##form, SP_UNIT_NONE, (step), false                        \
        }

static const struct {
        const char *sentence;
        struct sp_truncate t;
        const char *in, *out; /* out NULL: not a value of the type */
} values[] = {
        { "a date's month", UNIT(DATE, MONTH), "2007-07-31", "2007-07-01" },
        { "a date's year", UNIT(DATE, YEAR), "0007-12-31", "0007-01-01" },
        { "what is longer is no date", UNIT(DATE, YEAR), "2007-07-310", NULL },
        { "letters are no date", UNIT(DATE, YEAR), "2007-0a-31", NULL },
        { "a datetime's hour", UNIT(DATETIME, HOUR), "2007-07-31T23:59:59.999999",
          "2007-07-31T23:00:00" },
        { "a datetime's day", UNIT(DATETIME, DAY), "2007-07-31T23:59:59",
          "2007-07-31T00:00:00" },
        { "a datetime's year", UNIT(DATETIME, YEAR), "2007-07-31T23:59:59",
          "2007-01-01T00:00:00" },
        { "what follows a datetime is refused", UNIT(DATETIME, YEAR),
          "2007-07-31T23:59:59 secret", NULL },
        { "a time's hour", UNIT(TIME, HOUR), "23:59:59.5", "23:00:00" },
        { "half a time", UNIT(TIME, HOUR), "23:59", NULL },
        { "seconds", UNIT(TIMESTAMP, HOUR), "1183792027.0", "1.1837916E9" },
        { "with an exponent", UNIT(TIMESTAMP, DAY), "1.183792027123456E9",
          "1.1837664E9" },
        { "a month", UNIT(TIMESTAMP, MONTH), "1183792027", "1.183248E9" },
        { "a year", UNIT(TIMESTAMP, YEAR), "1183792027.25", "1.1676096E9" },
        { "January", UNIT(TIMESTAMP, YEAR), "1167609600.0", "1.1676096E9" },
        { "February of a leap year", UNIT(TIMESTAMP, MONTH), "951782400.0",
          "9.493632E8" },
        { "the year of 29 February 2000", UNIT(TIMESTAMP, YEAR), "951782400.0",
          "9.466848E8" },
        { "31 December of a leap year", UNIT(TIMESTAMP, YEAR), "978307199.999999",
          "9.466848E8" },
        { "1900 had no 29 February", UNIT(TIMESTAMP, YEAR), "-2203891200.0",
          "-2.2089888E9" },
        { "before 1970, rounded down", UNIT(TIMESTAMP, HOUR), "-0.5", "-3600.0" },
        { "the first of all", UNIT(TIMESTAMP, YEAR), "-62135596800.0",
          "-6.21355968E10" },
        { "the last of all", UNIT(TIMESTAMP, YEAR), "2.53402300799999999E11",
          "2.533707648E11" },
        { "after the last", UNIT(TIMESTAMP, YEAR), "253402300800", NULL },
        { "far after the last", UNIT(TIMESTAMP, YEAR), "9E29", NULL },
        { "no digits", UNIT(TIMESTAMP, YEAR), "-.", NULL },
        { "microseconds", US(HOUR), "1183792027123456", "1183791600000000" },
        { "a microsecond before 1970", US(YEAR), "-1", "-31536000000000" },
        { "microseconds have no point", US(YEAR), "1.5", NULL },
        { "an integer", STEP(INTEGER, 1000), "7007007", "7007000" },
        { "towards zero", STEP(INTEGER, 1000), "-1999", "-1000" },
        { "zero has no sign", STEP(INTEGER, 1000), "-999", "0" },
        { "the smallest", STEP(INTEGER, 1000000000000), "-9223372036854775808",
          "-9223372000000000000" },
        { "no integer", STEP(INTEGER, 10), "12x", NULL },
        { "a numeric", STEP(NUMERIC, 1), "-7007.999999999", "-7007" },
        { "39 digits", STEP(BIGNUMERIC, 7), "578960446186580977117854925043439539266.3",
          "5789604461865809771178549250434395"
          "39264" },
        { "41 digits are none", STEP(BIGNUMERIC, 7),
          "57896044618658097711785492504343953926600", NULL },
        { "a point alone", STEP(NUMERIC, 10), ".", NULL },
        { "a float", STEP(FLOAT, 10), "7007.007", "7000.0" },
        { "a negative float", STEP(FLOAT, 10), "-7007.007", "-7000.0" },
        { "a small negative float has no sign", STEP(FLOAT, 10), "-7.5", "0.0" },
        { "a large float", STEP(FLOAT, 1000), "1E20", "1.0E20" },
        { "not a number stays so", STEP(FLOAT, 10), "NaN", "NaN" },
        { "nor is infinity cut", STEP(FLOAT, 10), "-Infinity", "-Infinity" },
        { "no float", STEP(FLOAT, 10), "secret", NULL },
};

static void a_value_goes_to_the_beginning_of_its_unit(void **state)
{
        (void)state;
        for (size_t i = 0; i < SP_ARRAY_SIZE(values); i++) {
                sp_autobuf b = SP_BUF_INIT(1000);
                int r = sp_truncate_put_value(&b, &values[i].t, sp_str_c(values[i].in));

                if (values[i].out &&
                    (r < 0 || !sp_str_eq(sp_buf_str(&b), sp_str_c(values[i].out))))
                        fail_msg("%s: %s, not %.*s (%d)", values[i].sentence,
                                 values[i].out, SP_FMT(sp_buf_str(&b)), r);
                SP_CHECK(values[i].sentence, values[i].out || r == -EBADMSG);
        }
}

/* Day by day over the whole calendar, beside a clock that counts months by itself. */
static void every_day_has_the_month_and_year_it_is_in(void **state)
{
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int64_t day = -719162, first_of_year = day;

        (void)state;
        for (int year = 1; year < 10000; year++, first_of_year = day) {
                bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

                for (int month = 0; month < 12; month++) {
                        int n = lengths[month] + (leap && month == 1);
                        int64_t first = day;

                        /* the ends and the middle are enough: 400 years of all days else */
                        for (int d = 0; d < n; d += year < 402 ? 1 : n - 1) {
                                const struct sp_truncate m = US(MONTH), y = US(YEAR);
                                char in[32], want[32];
                                sp_autobuf b = SP_BUF_INIT(64), c = SP_BUF_INIT(64);

                                (void)snprintf(in, sizeof(in), "%lld",
                                               (long long)(first + d) * 86400000000 +
                                                       86399999999);
                                assert_int_equal(
                                        sp_truncate_put_value(&b, &m, sp_str_c(in)), 0);
                                assert_int_equal(
                                        sp_truncate_put_value(&c, &y, sp_str_c(in)), 0);
                                (void)snprintf(want, sizeof(want), "%lld",
                                               (long long)first * 86400000000);
                                assert_true(sp_str_eq(sp_buf_str(&b), sp_str_c(want)));
                                (void)snprintf(want, sizeof(want), "%lld",
                                               (long long)first_of_year * 86400000000);
                                assert_true(sp_str_eq(sp_buf_str(&c), sp_str_c(want)));
                        }
                        day += n;
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_fits_what_has_something_to_leave),
                cmocka_unit_test(a_value_goes_to_the_beginning_of_its_unit),
                cmocka_unit_test(every_day_has_the_month_and_year_it_is_in),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
