/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/truncate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define US_PER_S 1000000
#define S_PER_HOUR 3600
#define S_PER_DAY 86400
/* GoogleSQL's timestamps: the years 1 to 9999 */
#define SECONDS_MIN INT64_C(-62135596800)
#define SECONDS_MAX INT64_C(253402300799)
#define DIGITS_MAX 40 /* before the point of a BIGNUMERIC: 39 */

static const struct form_info {
        const char *rest, *alias;
        enum sp_truncate_form form;
        enum sp_mask_unit from, to; /* units that leave less than the whole value */
        const char *sql; /* of units: the function */
} forms[] = {
        { "DATE", "", SP_TRUNCATE_DATE, SP_UNIT_YEAR, SP_UNIT_MONTH, "DATE_TRUNC" },
        { "DATETIME", "", SP_TRUNCATE_DATETIME, SP_UNIT_YEAR, SP_UNIT_HOUR,
          "DATETIME_TRUNC" },
        { "TIME", "", SP_TRUNCATE_TIME, SP_UNIT_HOUR, SP_UNIT_HOUR, "TIME_TRUNC" },
        { "TIMESTAMP", "", SP_TRUNCATE_TIMESTAMP, SP_UNIT_YEAR, SP_UNIT_HOUR,
          "TIMESTAMP_TRUNC" },
        { "INTEGER", "INT64", SP_TRUNCATE_INTEGER, SP_UNIT_NONE, SP_UNIT_NONE, NULL },
        { "NUMERIC", "DECIMAL", SP_TRUNCATE_NUMERIC, SP_UNIT_NONE, SP_UNIT_NONE, NULL },
        { "BIGNUMERIC", "BIGDECIMAL", SP_TRUNCATE_BIGNUMERIC, SP_UNIT_NONE,
          SP_UNIT_NONE, NULL },
        { "FLOAT", "FLOAT64", SP_TRUNCATE_FLOAT, SP_UNIT_NONE, SP_UNIT_NONE, NULL },
};

bool sp_truncate_of(struct sp_str type, const struct sp_mask *m,
                    struct sp_truncate *ret)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(forms); i++) {
                const struct form_info *f = &forms[i];
                bool fits = f->sql ? m->unit >= f->from && m->unit <= f->to
                                   : m->step > (f->form == SP_TRUNCATE_INTEGER);

                if (!sp_str_eq(type, sp_str_c(f->rest)) &&
                    (!f->alias[0] || !sp_str_eq(type, sp_str_c(f->alias))))
                        continue;
                if (fits)
                        *ret = (struct sp_truncate){ .form = f->form,
                                                     .unit = m->unit,
                                                     .step = m->step };
                return fits;
        }
        return false;
}

/* ---- SQL ---- */

static const char *unit_name(enum sp_mask_unit u)
{
        static const char *const names[] = { "", "YEAR", "MONTH", "DAY", "HOUR" };

        return names[u];
}

static const char *function_of(enum sp_truncate_form form)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(forms); i++)
                if (forms[i].form == form)
                        return forms[i].sql;
        return NULL;
}

/* x - MOD(x, step): MOD has the sign of x, so the difference is the nearer to zero. */
static int put_difference(struct sp_buf *to, struct sp_str value, uint64_t step,
                          const char *type)
{
        unsigned long long n = step;

        if (type)
                return sp_buf_addf(to, "%.*s - MOD(%.*s, CAST(%llu AS %s))",
                                   SP_FMT(value), SP_FMT(value), n, type);
        return sp_buf_addf(to, "%.*s - MOD(%.*s, %llu)", SP_FMT(value), SP_FMT(value),
                           n);
}

/* MOD knows no FLOAT64. The product may overflow by rounding: then 0 or NULL, as the value
 * is. `+ 0` takes the sign off a zero. */
static int put_float(struct sp_buf *to, struct sp_str value, uint64_t step)
{
        unsigned long long n = step;

        return sp_buf_addf(
                to, "IFNULL(SAFE_MULTIPLY(TRUNC(%.*s / %llu), %llu), %.*s * 0) + 0",
                SP_FMT(value), n, n, SP_FMT(value));
}

int sp_truncate_put_sql(struct sp_buf *to, const struct sp_truncate *t,
                        struct sp_str value)
{
        switch (t->form) {
        case SP_TRUNCATE_INTEGER:
                return put_difference(to, value, t->step, NULL);
        case SP_TRUNCATE_NUMERIC:
                return put_difference(to, value, t->step, "NUMERIC");
        case SP_TRUNCATE_BIGNUMERIC:
                return put_difference(to, value, t->step, "BIGNUMERIC");
        case SP_TRUNCATE_FLOAT:
                return put_float(to, value, t->step);
        case SP_TRUNCATE_NONE:
                return -EINVAL;
        default: /* a script may set the zone that the function would take else */
                return sp_buf_addf(to, "%s(%.*s, %s%s)", function_of(t->form),
                                   SP_FMT(value), unit_name(t->unit),
                                   t->form == SP_TRUNCATE_TIMESTAMP ? ", 'UTC'" : "");
        }
}

/* ---- dates and times as text ---- */

/* "0000-00-00": a digit where the shape has a zero, the same character elsewhere. */
static bool has_shape(struct sp_str s, const char *shape)
{
        size_t n = strlen(shape);

        if (s.n < n)
                return false;
        for (size_t i = 0; i < n; i++)
                if (shape[i] == '0' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != shape[i])
                        return false;
        return true;
}

/* ".123456" or nothing */
static bool is_fraction(struct sp_str s)
{
        if (!s.n)
                return true;
        for (size_t i = 1; i < s.n; i++)
                if (s.p[i] < '0' || s.p[i] > '9')
                        return false;
        return s.p[0] == '.' && s.n > 1;
}

static int put_date(struct sp_buf *to, enum sp_mask_unit unit, struct sp_str s)
{
        static const size_t kept[] = { 0, 4, 7, 10, 10 };
        size_t n = kept[unit];
        int r = sp_buf_add(to, sp_str_sub(s, 0, n));

        return r < 0 ? r : sp_buf_add(to, sp_str_c(&"0000-01-01"[n]));
}

static int put_datetime(struct sp_buf *to, enum sp_mask_unit unit, struct sp_str s)
{
        int r;

        if (!has_shape(s, "0000-00-00T00:00:00") ||
            !is_fraction(sp_str_sub(s, 19, s.n - 19)))
                return -EBADMSG;
        r = put_date(to, unit, s);
        if (r == 0 && unit == SP_UNIT_HOUR)
                return sp_buf_addf(to, "T%.2s:00:00", s.p + 11);
        return r < 0 ? r : sp_buf_add(to, SP_STR("T00:00:00"));
}

static int put_time(struct sp_buf *to, struct sp_str s)
{
        if (!has_shape(s, "00:00:00") || !is_fraction(sp_str_sub(s, 8, s.n - 8)))
                return -EBADMSG;
        return sp_buf_addf(to, "%.2s:00:00", s.p);
}

/* ---- timestamps ---- */

static int64_t floor_to(int64_t v, int64_t step)
{
        int64_t rest = v % step;

        return v - (rest < 0 ? rest + step : rest);
}

/* Days from 1970-01-01 to the first of the month, or of the year, that `day` is in. The
 * era is 400 years, counted from the first of March of the year 0. */
static int64_t first_day(int64_t day, bool is_year)
{
        int64_t z = day + 719468, era = floor_to(z, 146097) / 146097;
        int64_t of_era = z - era * 146097;
        int64_t year =
                (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
        int64_t month = (5 * of_year + 2) / 153; /* 0: March */
        int64_t first = day - (of_year - (153 * month + 2) / 5);

        if (!is_year)
                return first;
        if (month >= 10) /* January, February */
                return first - (month == 11 ? 31 : 0);
        /* January and February, before it, have 59 or 60 days */
        year += era * 400;
        return day - of_year - 59 -
               (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

static int64_t truncate_seconds(int64_t s, enum sp_mask_unit unit)
{
        int64_t day = floor_to(s, S_PER_DAY);

        switch (unit) {
        case SP_UNIT_HOUR:
                return floor_to(s, S_PER_HOUR);
        case SP_UNIT_DAY:
                return day;
        default:
                return first_day(day / S_PER_DAY, unit == SP_UNIT_YEAR) * S_PER_DAY;
        }
}

/* "-1.5E3", "1183792027.25": the whole seconds, rounded down. */
static int read_seconds(struct sp_str s, int64_t *ret)
{
        bool is_minus = s.n && s.p[0] == '-', has_rest = false;
        size_t i = is_minus, end = i;
        int64_t exponent = 0, v = 0, point = -1, n = 0;

        while (end < s.n && s.p[end] != 'E' && s.p[end] != 'e')
                end++;
        if (end < s.n) {
                struct sp_str e = sp_str_sub(s, end + 1, s.n - end - 1);

                if (e.n && e.p[0] == '+')
                        e = sp_str_sub(e, 1, e.n - 1);
                if (sp_str_i64(e, &exponent) < 0 || exponent < -30 || exponent > 30)
                        return -EBADMSG;
        }
        for (size_t k = i; k < end; k++) {
                if (s.p[k] == '.' && point < 0)
                        point = n;
                else if (s.p[k] < '0' || s.p[k] > '9' || ++n > 30)
                        return -EBADMSG;
        }
        exponent += point < 0 ? n : point; /* so many digits are before the point */
        if (!n)
                return -EBADMSG;
        for (size_t k = i; k < end; k++) {
                if (s.p[k] == '.')
                        continue;
                if (exponent-- <= 0)
                        has_rest = has_rest || s.p[k] != '0';
                else if (v > SECONDS_MAX)
                        return -EBADMSG;
                else
                        v = v * 10 + (s.p[k] - '0');
        }
        for (; exponent > 0 && v; exponent--) {
                if (v > SECONDS_MAX)
                        return -EBADMSG;
                v *= 10;
        }
        *ret = is_minus ? -v - has_rest : v;
        return 0;
}

/* As BigQuery writes a double: from ten millions on with an exponent, 1.5774408E9, and in as few
 * digits as name it. */
static int put_number(struct sp_buf *to, double v)
{
        char text[40], *e;
        size_t n;

        if (fabs(v) < 1e7)
                return sp_buf_addf(to, "%.1f", v);
        for (int digits = 1; digits <= 16; digits++) {
                (void)snprintf(text, sizeof(text), "%.*e", digits, v);
                if (strtod(text, NULL) == v)
                        break;
        }
        e = strchr(text, 'e');
        n = (size_t)(e - text);
        return sp_buf_addf(to, "%.*sE%d", (int)n, text, atoi(e + 1));
}

static int put_timestamp(struct sp_buf *to, const struct sp_truncate *t,
                         struct sp_str s)
{
        int64_t v;
        int r;

        if (t->is_int64_timestamp) {
                r = sp_str_i64(s, &v);
                if (r == 0)
                        v = floor_to(v, US_PER_S) / US_PER_S;
        } else {
                r = read_seconds(s, &v);
        }
        if (r < 0 || v < SECONDS_MIN || v > SECONDS_MAX)
                return -EBADMSG;
        v = truncate_seconds(v, t->unit);
        if (t->is_int64_timestamp)
                return sp_buf_addf(to, "%lld", (long long)v * US_PER_S);
        return put_number(to, (double)v); /* exact: far below 2^53 */
}

/* ---- numbers ---- */

/* "-12345.67" → "-12000": the digits before the point less their remainder. */
static int put_decimal(struct sp_buf *to, struct sp_str s, uint64_t step)
{
        bool is_minus = s.n && s.p[0] == '-', is_zero = true;
        char digits[DIGITS_MAX];
        uint64_t rest = 0;
        size_t n = 0, i = is_minus;

        for (; i < s.n && s.p[i] != '.'; i++) {
                if (s.p[i] < '0' || s.p[i] > '9' || n == DIGITS_MAX)
                        return -EBADMSG;
                digits[n++] = s.p[i];
                rest = (rest * 10 + (uint64_t)(s.p[i] - '0')) % step;
        }
        if (!n || !is_fraction(sp_str_sub(s, i, s.n - i)))
                return -EBADMSG;
        for (size_t k = n, borrow = 0; k-- > 0; rest /= 10) {
                unsigned d = (unsigned)(digits[k] - '0');
                unsigned less = (unsigned)(rest % 10) + (unsigned)borrow;

                borrow = d < less;
                digits[k] = (char)('0' + (borrow ? d + 10 : d) - less);
        }
        i = 0;
        while (i + 1 < n && digits[i] == '0')
                i++;
        is_zero = digits[i] == '0';
        return sp_buf_addf(to, "%s%.*s", is_minus && !is_zero ? "-" : "", (int)(n - i),
                           digits + i);
}

/* Towards zero. From 2^53 on a double has no fraction. */
static double whole(double v)
{
        return fabs(v) < 9007199254740992.0 ? (double)(int64_t)v : v;
}

static int put_double(struct sp_buf *to, struct sp_str s, uint64_t step)
{
        char text[64], *end;
        double v, cut;

        if (!s.n || s.n >= sizeof(text))
                return -EBADMSG;
        memcpy(text, s.p, s.n);
        text[s.n] = '\0';
        v = strtod(text, &end);
        if (*end || end == text)
                return -EBADMSG;
        if (isnan(v))
                return sp_buf_add(to, SP_STR("NaN"));
        if (isinf(v))
                return sp_buf_add(to, v < 0 ? SP_STR("-Infinity") : SP_STR("Infinity"));
        cut = whole(v / (double)step) * (double)step + 0.0;
        if (isinf(cut))
                cut = 0;
        return put_number(to, cut);
}

int sp_truncate_put_value(struct sp_buf *to, const struct sp_truncate *t,
                          struct sp_str value)
{
        switch (t->form) {
        case SP_TRUNCATE_DATE:
                return has_shape(value, "0000-00-00") && value.n == 10
                               ? put_date(to, t->unit, value)
                               : -EBADMSG;
        case SP_TRUNCATE_DATETIME:
                return put_datetime(to, t->unit, value);
        case SP_TRUNCATE_TIME:
                return put_time(to, value);
        case SP_TRUNCATE_TIMESTAMP:
                return put_timestamp(to, t, value);
        case SP_TRUNCATE_INTEGER:
        case SP_TRUNCATE_NUMERIC:
        case SP_TRUNCATE_BIGNUMERIC:
                return put_decimal(to, value, t->step);
        case SP_TRUNCATE_FLOAT:
                return put_double(to, value, t->step);
        default:
                return -EINVAL;
        }
}
