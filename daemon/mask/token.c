/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/token.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/base/digest.h"
#include "daemon/mask/mask.h"

#define SALT "@" SP_MASK_SALT_PARAMETER
#define SALT_MAX 128
#define LOW_BITS 31 /* of an integer; the high half has 32 */
#define LOW_MAX (UINT64_C(1) << LOW_BITS)
#define HIGH_MAX (UINT64_C(1) << 32)

bool sp_token_fits(struct sp_str type)
{
        return sp_str_eq(type, SP_STR("STRING")) ||
               sp_str_eq(type, SP_STR("INTEGER")) || sp_str_eq(type, SP_STR("INT64"));
}

/* ---- strings ---- */

/* 0, 'A', 'a' stand for the class of a character in the format; others for themselves. */
static char class_of(char c)
{
        if (c >= '0' && c <= '9')
                return '0';
        if (c >= 'A' && c <= 'Z')
                return 'A';
        return c >= 'a' && c <= 'z' ? 'a' : c;
}

static bool is_moved(char c)
{
        return class_of(c) != c || c == '0' || c == 'A' || c == 'a';
}

struct halves {
        char text[SP_TOKEN_STRING_MAX], format[SP_TOKEN_STRING_MAX];
        size_t n, cut; /* the right half begins at `cut` */
};

/* False: not a string that has a token. */
static bool cut_in_two(struct sp_str s, struct halves *ret)
{
        size_t n = 0, half;

        if (s.n > SP_TOKEN_STRING_MAX)
                return false;
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] < ' ' || s.p[i] > '~')
                        return false;
                n += is_moved(s.p[i]);
                ret->text[i] = s.p[i];
                ret->format[i] = class_of(s.p[i]);
        }
        if (n < SP_TOKEN_MIN)
                return false;
        half = n / 2;
        ret->n = s.n;
        for (ret->cut = 0; half || !is_moved(s.p[ret->cut]); ret->cut++)
                half -= is_moved(s.p[ret->cut]);
        return ret->cut <= SP_TOKEN_HALF_MAX && s.n - ret->cut <= SP_TOKEN_HALF_MAX;
}

/* Adds the round's digest to one half, or takes it off again. */
static int turn(struct halves *h, struct sp_str salt, unsigned round, bool is_undo)
{
        bool is_left = round % 2 == 0;
        size_t from = is_left ? 0 : h->cut, to = is_left ? h->cut : h->n;
        size_t other = is_left ? h->cut : 0, n_other = is_left ? h->n - h->cut : h->cut;
        char in[SALT_MAX + 2 * SP_TOKEN_STRING_MAX + 16];
        uint8_t key[SP_SHA512_LEN];
        int n = snprintf(in, sizeof(in), "%.*s/token/%u/%.*s/%.*s", SP_FMT(salt), round,
                         (int)h->n, h->format, (int)n_other, h->text + other);
        int r = n > 0 && (size_t)n < sizeof(in) ? 0 : -ENOBUFS;

        if (r == 0)
                r = sp_sha512(sp_str(in, (size_t)n), key);
        for (size_t i = from; r == 0 && i < to; i++) {
                unsigned add =
                        (unsigned)key[2 * (i - from)] << 8 | key[2 * (i - from) + 1];
                unsigned size = h->format[i] == '0' ? 10 : 26;

                if (!is_moved(h->text[i]))
                        continue;
                add %= size;
                add = (unsigned)(h->text[i] - h->format[i]) +
                      (is_undo ? size - add : add);
                h->text[i] = (char)(h->format[i] + (char)(add % size));
        }
        explicit_bzero(in, sizeof(in));
        explicit_bzero(key, sizeof(key));
        return r;
}

static int turn_all(struct halves *h, struct sp_str salt, bool is_undo)
{
        int r = salt.n && salt.n <= SALT_MAX ? 0 : -EINVAL;

        for (unsigned i = 0; r == 0 && i < SP_TOKEN_ROUNDS; i++)
                r = turn(h, salt, is_undo ? SP_TOKEN_ROUNDS - 1 - i : i, is_undo);
        return r;
}

static int put_hash(struct sp_buf *to, struct sp_str salt, struct sp_str value)
{
        sp_cleanup(sp_digest_freep) struct sp_digest *d = sp_digest_new();
        char hex[SP_SHA256_HEX_LEN + 1];
        uint8_t sum[SP_SHA256_LEN];
        int r = d ? sp_digest_add(d, salt) : -ENOMEM;

        if (r == 0)
                r = sp_digest_add(d, value);
        if (r == 0)
                r = sp_digest_end(d, sum);
        if (r < 0)
                return r;
        sp_hex(sum, sizeof(sum), hex);
        return sp_buf_add(to, sp_str(hex, SP_SHA256_HEX_LEN));
}

int sp_token_put_string(struct sp_buf *to, struct sp_str salt, struct sp_str value)
{
        struct halves h;
        int r;

        if (!cut_in_two(value, &h))
                return put_hash(to, salt, value);
        r = turn_all(&h, salt, false);
        return r < 0 ? r : sp_buf_add(to, sp_str(h.text, h.n));
}

int sp_token_undo_string(struct sp_buf *to, struct sp_str salt, struct sp_str token)
{
        struct halves h;
        int r;

        if (!cut_in_two(token, &h))
                return -EBADMSG;
        r = turn_all(&h, salt, true);
        return r < 0 ? r : sp_buf_add(to, sp_str(h.text, h.n));
}

/* ---- integers ---- */

static int turn_integer(uint64_t *value, struct sp_str salt, bool is_minus,
                        unsigned round, bool is_undo)
{
        uint64_t high = *value >> LOW_BITS, low = *value & (LOW_MAX - 1), add;
        bool is_high = round % 2 == 0;
        uint64_t size = is_high ? HIGH_MAX : LOW_MAX;
        char in[SALT_MAX + 64];
        uint8_t key[SP_SHA256_LEN];
        int n = snprintf(in, sizeof(in), "%.*s/token/%u%c%llu", SP_FMT(salt), round,
                         is_minus ? '-' : '+',
                         (unsigned long long)(is_high ? low : high));
        int r = n > 0 && (size_t)n < sizeof(in) ? 0 : -ENOBUFS;

        if (r == 0)
                r = sp_sha256(sp_str(in, (size_t)n), key);
        explicit_bzero(in, sizeof(in));
        if (r < 0)
                return r;
        add = ((uint64_t)key[0] << 24 | (uint64_t)key[1] << 16 | (uint64_t)key[2] << 8 |
               key[3]) %
              size;
        add = is_undo ? size - add : add;
        if (is_high)
                high = (high + add) % size;
        else
                low = (low + add) % size;
        *value = high << LOW_BITS | low;
        explicit_bzero(key, sizeof(key));
        return 0;
}

static int put_integer(struct sp_buf *to, struct sp_str salt, struct sp_str text,
                       bool is_undo)
{
        int64_t v;
        uint64_t u;
        int r = salt.n && salt.n <= SALT_MAX ? 0 : -EINVAL;

        if (sp_str_i64(text, &v) < 0)
                return -EBADMSG;
        u = (uint64_t)(v < 0 ? ~v : v);
        for (unsigned i = 0; r == 0 && i < SP_TOKEN_ROUNDS; i++)
                r = turn_integer(&u, salt, v < 0, is_undo ? SP_TOKEN_ROUNDS - 1 - i : i,
                                 is_undo);
        if (r < 0)
                return r;
        return sp_buf_addf(to, "%lld", v < 0 ? ~(long long)u : (long long)u);
}

int sp_token_put_integer(struct sp_buf *to, struct sp_str salt, struct sp_str value)
{
        return put_integer(to, salt, value, false);
}

int sp_token_undo_integer(struct sp_buf *to, struct sp_str salt, struct sp_str token)
{
        return put_integer(to, salt, token, true);
}

/* ---- SQL ---- */

/* `FROM UNNEST([x]) AS a, UNNEST([f(a)]) AS b` gives names to what is used twice: written out,
 * each round would double the text. No table is read, so nothing has to be decorrelated. Each
 * name is a level of the plan, though: what is used once, or is short, has none. */

static int put_cut(struct sp_buf *to, struct sp_str x)
{
        return sp_buf_addf(
                to,
                "UNNEST([IF(CHAR_LENGTH(%.*s) <= %d AND REGEXP_CONTAINS(%.*s, r'^[ "
                "-~]*$') "
                "AND LENGTH(REGEXP_REPLACE(%.*s, r'[^0-9A-Za-z]', '')) >= %d, %.*s, "
                "NULL)]) "
                "AS v, UNNEST([REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(v, "
                "r'[0-9]', "
                "'0'), r'[A-Z]', 'A'), r'[a-z]', 'a')]) AS f, UNNEST([(SELECT IF(p <= "
                "%d AND "
                "LENGTH(v) - p <= %d, p, NULL) FROM UNNEST([ARRAY(SELECT o FROM "
                "UNNEST(SPLIT(f, '')) AS c WITH OFFSET AS o WHERE c IN ('0', 'A', 'a') "
                "ORDER "
                "BY o)[SAFE_OFFSET(DIV(LENGTH(REGEXP_REPLACE(f, r'[^0Aa]', '')), "
                "2))]]) AS "
                "p)]) AS p",
                SP_FMT(x), SP_TOKEN_STRING_MAX, SP_FMT(x), SP_FMT(x), SP_TOKEN_MIN,
                SP_FMT(x), SP_TOKEN_HALF_MAX, SP_TOKEN_HALF_MAX);
}

/* The halves are called h0, h1, …: h0 and h1 are the raw ones, and each round makes the next one
 * out of the one before the last, by the last. */
static int put_half(struct sp_buf *to, unsigned i, const char *first,
                    const char *second)
{
        return i > 1 ? sp_buf_addf(to, "h%u", i)
                     : sp_buf_add(to, sp_str_c(i ? second : first));
}

#define LEFT "SUBSTR(v, 1, p)"
#define RIGHT "SUBSTR(v, p + 1)"

/* '0x0' before the digits: where there are none the number is 0, and no error. */
static int put_round(struct sp_buf *to, unsigned round)
{
        int r = sp_buf_addf(to,
                            ", UNNEST([CODE_POINTS_TO_STRING(ARRAY(SELECT IF(c BETWEEN "
                            "48 AND 57, 48 + "
                            "MOD(c - 48 + k, 10), IF(c BETWEEN 65 AND 90, 65 + MOD(c - "
                            "65 + k, 26), IF(c "
                            "BETWEEN 97 AND 122, 97 + MOD(c - 97 + k, 26), c))) FROM "
                            "UNNEST([TO_HEX(SHA512(CONCAT(" SALT
                            ", '/token/%u/', f, '/', ",
                            round);

        if (r == 0)
                r = put_half(to, round + 1, LEFT, RIGHT);
        if (r == 0)
                r = sp_buf_add(to, SP_STR(")))]) AS h, UNNEST(TO_CODE_POINTS("));
        if (r == 0)
                r = put_half(to, round, LEFT, RIGHT);
        if (r == 0)
                r = sp_buf_addf(
                        to,
                        ")) AS c WITH OFFSET AS o, UNNEST([CAST(CONCAT('0x0', "
                        "SUBSTR(h, 4 * o + 1, 4)) AS INT64)]) AS k ORDER BY o))]) "
                        "AS h%u",
                        round + 2);
        return r;
}

static int put_string_sql(struct sp_buf *to, struct sp_str x)
{
        int r = sp_buf_addf(to,
                            "(SELECT IF(p IS NULL, TO_HEX(SHA256(CONCAT(" SALT
                            ", %.*s))), CONCAT(h%d, h%d)) FROM ",
                            SP_FMT(x), SP_TOKEN_ROUNDS, SP_TOKEN_ROUNDS + 1);

        if (r == 0)
                r = put_cut(to, x);
        for (unsigned i = 0; r == 0 && i < SP_TOKEN_ROUNDS; i++)
                r = put_round(to, i);
        return r < 0 ? r : sp_buf_addc(to, ')');
}

#define HIGH "DIV(v, 2147483648)" /* LOW_MAX */
#define LOW "MOD(v, 2147483648)"

static int put_integer_round(struct sp_buf *to, unsigned round, struct sp_str x)
{
        int r = sp_buf_add(to, SP_STR(", UNNEST([MOD("));

        if (r == 0)
                r = put_half(to, round, HIGH, LOW);
        if (r == 0)
                r = sp_buf_addf(to,
                                " + CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(" SALT
                                ", '/token/%u', IF(%.*s < 0, '-', '+'), CAST(",
                                round, SP_FMT(x));
        if (r == 0)
                r = put_half(to, round + 1, HIGH, LOW);
        return r < 0 ? r
                     : sp_buf_addf(to,
                                   " AS STRING)))), 1, 8)) AS INT64), %llu)]) AS h%u",
                                   (unsigned long long)(round % 2 ? LOW_MAX : HIGH_MAX),
                                   round + 2);
}

/* ~x is -x - 1 and cannot overflow. */
static int put_integer_sql(struct sp_buf *to, struct sp_str x)
{
        int high = SP_TOKEN_ROUNDS, low = SP_TOKEN_ROUNDS + 1;
        int r = sp_buf_addf(
                to,
                "(SELECT IF(%.*s < 0, ~(h%d * %llu + h%d), h%d * %llu + h%d) "
                "FROM UNNEST([IF(%.*s < 0, ~%.*s, %.*s)]) AS v",
                SP_FMT(x), high, (unsigned long long)LOW_MAX, low, high,
                (unsigned long long)LOW_MAX, low, SP_FMT(x), SP_FMT(x), SP_FMT(x));

        for (unsigned i = 0; r == 0 && i < SP_TOKEN_ROUNDS; i++)
                r = put_integer_round(to, i, x);
        return r < 0 ? r : sp_buf_addc(to, ')');
}

int sp_token_put_sql(struct sp_buf *to, struct sp_str type, struct sp_str value)
{
        return sp_str_eq(type, SP_STR("STRING")) ? put_string_sql(to, value)
                                                 : put_integer_sql(to, value);
}
