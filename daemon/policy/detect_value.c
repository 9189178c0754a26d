/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/detect_value.h"

#include <arpa/inet.h>

#include "daemon/policy/detect_digits.h"
#include "daemon/policy/rules.h"

#define DIGITS_MAX 20

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_word(char c)
{
        return is_digit(c) || is_letter(c);
}

/* `digits` hold the value without what separates them; 0: there is something else in it. */
static size_t digits_of(struct sp_str v, const char *separators,
                        char digits[DIGITS_MAX], size_t *ret_separators)
{
        size_t n = 0, between = 0;

        for (size_t i = 0; i < v.n; i++) {
                if (is_digit(v.p[i])) {
                        if (n == DIGITS_MAX)
                                return 0;
                        digits[n++] = v.p[i];
                } else if (strchr(separators, v.p[i]) && v.p[i]) {
                        between++;
                } else {
                        return 0;
                }
        }
        *ret_separators = between;
        return n;
}

/* 'd' a digit, 'A' a letter, everything else itself. */
static bool has_shape(struct sp_str v, const char *shape)
{
        if (strlen(shape) != v.n)
                return false;
        for (size_t i = 0; i < v.n; i++)
                if (shape[i] == 'd'   ? !is_digit(v.p[i])
                    : shape[i] == 'A' ? !is_letter(v.p[i])
                                      : v.p[i] != shape[i])
                        return false;
        return true;
}

/* ---- the detectors ---- */

static bool is_email(struct sp_str v)
{
        const char *at = v.n ? memchr(v.p, '@', v.n) : NULL;
        size_t local = at ? (size_t)(at - v.p) : 0, dot = 0;

        if (!local || local > 64)
                return false;
        for (size_t i = 0; i < local; i++)
                if (!is_word(v.p[i]) &&
                    (!v.p[i] || !strchr(".!#$%&'*+/=?^_`{|}~-", v.p[i])))
                        return false;
        for (size_t i = local + 1; i < v.n; i++) {
                if (!is_word(v.p[i]) && v.p[i] != '.' && v.p[i] != '-')
                        return false;
                if (v.p[i] == '.') {
                        if (i == dot + 1 || i == local + 1)
                                return false;
                        dot = i;
                }
        }
        /* a domain of letters, at least two */
        return dot && v.n - dot > 2 && is_letter(v.p[dot + 1]) &&
               is_letter(v.p[v.n - 1]);
}

static bool is_payment(struct sp_str v)
{
        char digits[DIGITS_MAX];
        size_t between, n = digits_of(v, " -", digits, &between);

        return sp_digits_are_card(sp_str(digits, n)) || sp_digits_are_iban(v);
}

static bool is_national_id(struct sp_str v)
{
        char digits[DIGITS_MAX];
        size_t between, n = digits_of(v, " -.+", digits, &between);
        struct sp_str d = sp_str(digits, n);

        if (has_shape(v, "ddd-dd-dddd"))
                return sp_digits_are_ssn(d);
        if (has_shape(v, "ddd.ddd.ddd-dd"))
                return sp_digits_are_cpf(d);
        if (has_shape(v, "dddddd-dddd") || has_shape(v, "dddddd+dddd"))
                return sp_digits_are_personnummer(d);
        if (has_shape(v, "dddd dddd dddd"))
                return sp_digits_are_aadhaar(d);
        if (has_shape(v, "ddddddddddd"))
                return sp_digits_are_pesel(d);
        if (n == 15 && between != 1)
                return sp_digits_are_nir(d);
        return sp_digits_are_dni(v) || sp_digits_are_nino(v) ||
               sp_digits_are_codice_fiscale(v);
}

/* Numbers alone are no telephone number: they have a prefix, or are written in groups. */
static bool is_phone(struct sp_str v)
{
        bool is_international = v.n && v.p[0] == '+';
        struct sp_str rest = is_international ? sp_str_sub(v, 1, v.n - 1) : v;
        char digits[DIGITS_MAX];
        size_t between, n = digits_of(rest, " -.()/", digits, &between);

        if (is_international)
                return n >= 8 && n <= 15 && digits[0] != '0';
        if (has_shape(v, "(ddd) ddd-dddd") || has_shape(v, "ddd-ddd-dddd") ||
            has_shape(v, "ddd.ddd.dddd"))
                return digits[0] > '1' && digits[3] > '1';
        return n >= 9 && n <= 12 && !has_shape(v, "ddd-dd-dddd") && digits[0] == '0' &&
               between >= 2 && !memchr(v.p, '.', v.n);
}

static bool is_network(struct sp_str v)
{
        char text[INET6_ADDRSTRLEN];
        uint8_t address[16];
        size_t colons = 0;

        if (v.n >= sizeof(text))
                return false;
        if (v.n == 17 && (v.p[2] == ':' || v.p[2] == '-')) { /* MAC */
                for (size_t i = 0; i < v.n; i++)
                        if (i % 3 == 2 ? v.p[i] != v.p[2]
                                       : !is_digit(v.p[i]) && ((v.p[i] | 0x20) < 'a' ||
                                                               (v.p[i] | 0x20) > 'f'))
                                return false;
                return true;
        }
        memcpy(text, v.p, v.n);
        text[v.n] = '\0';
        for (size_t i = 0; i < v.n; i++)
                colons += v.p[i] == ':';
        return colons >= 2 ? inet_pton(AF_INET6, text, address) == 1
                           : inet_pton(AF_INET, text, address) == 1;
}

/* What services put in front of their keys, so that scanners find them. */
static bool is_secret(struct sp_str v)
{
        static const struct {
                const char *prefix;
                size_t least;
        } keys[] = { { "-----BEGIN ", 30 }, { "AKIA", 20 },        { "AIza", 39 },
                     { "ghp_", 40 },        { "github_pat_", 40 }, { "xoxb-", 30 },
                     { "sk_live_", 24 },    { "ya29.", 30 } };

        for (size_t i = 0; i < SP_ARRAY_SIZE(keys); i++)
                if (v.n >= keys[i].least && sp_str_starts(v, sp_str_c(keys[i].prefix)))
                        return true;
        return false;
}

/* `in_text`: also where it is a word of a longer text. The others are too often right by chance. */
static const struct {
        const char *name;
        bool (*is)(struct sp_str v);
        bool in_text;
} builtin[] = {
        { "email", is_email, true },      { "secret", is_secret, true },
        { "payment", is_payment, true },  { "national-id", is_national_id, true },
        { "network", is_network, false }, { "phone", is_phone, false },
};

/* ---- the policy's own ---- */

const char *sp_detect_value_check(struct sp_str pattern)
{
        bool has_digit = false, has_any = false;

        for (size_t i = 0; i < pattern.n; i++) {
                has_digit |= is_digit(pattern.p[i]);
                has_any |= pattern.p[i] == '#';
        }
        if (pattern.n > SP_DETECT_VALUE_MAX)
                return "a pattern for values has at most 256 bytes";
        if (has_digit && has_any)
                return "a pattern for values has '#' for every digit, or none";
        return NULL;
}

static bool matches(struct sp_str pattern, struct sp_str v)
{
        char shape[SP_DETECT_VALUE_MAX];

        if (!memchr(pattern.p, '#', pattern.n))
                return sp_str_glob(pattern, v);
        for (size_t i = 0; i < v.n; i++)
                shape[i] = is_digit(v.p[i]) ? '#' : v.p[i];
        return sp_str_glob(pattern, sp_str(shape, v.n));
}

static bool is_replaced(const struct sp_policy *p, const char *name)
{
        for (size_t i = 0; i < p->n_detectors; i++)
                if ((p->detectors[i].n_values || p->detectors[i].is_off) &&
                    sp_str_eq(p->detectors[i].name, sp_str_c(name)))
                        return true;
        return false;
}

static struct sp_str detect(const struct sp_policy *p, struct sp_str v, bool is_word_of)
{
        for (size_t i = 0; i < p->n_detectors; i++)
                for (size_t k = 0; k < p->detectors[i].n_values; k++)
                        if (matches(p->detectors[i].values[k].text, v))
                                return p->detectors[i].name;
        for (size_t i = 0; i < SP_ARRAY_SIZE(builtin); i++)
                if ((builtin[i].in_text || !is_word_of) && builtin[i].is(v) &&
                    !is_replaced(p, builtin[i].name))
                        return sp_str_c(builtin[i].name);
        return SP_STR_NULL;
}

static bool is_between(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' ||
               strchr("<>()[]{},;\"'=", c);
}

struct sp_str sp_policy_detect_value(const struct sp_policy *p, struct sp_str value)
{
        struct sp_str v = sp_str_trim(sp_str_sub(value, 0, SP_DETECT_VALUE_MAX)), found;

        if (v.n < 3)
                return SP_STR_NULL;
        found = detect(p, v, false);
        for (size_t i = 0, start = 0; !found.n && i <= v.n; i++) {
                if (i < v.n && v.p[i] && !is_between(v.p[i]))
                        continue;
                if (i - start >= 6 && i - start < v.n) {
                        struct sp_str word = sp_str_sub(v, start, i - start);

                        if (strchr(".:!?", word.p[word.n - 1]) && word.p[word.n - 1])
                                word.n--;
                        found = detect(p, word, true);
                }
                start = i + 1;
        }
        return found;
}
