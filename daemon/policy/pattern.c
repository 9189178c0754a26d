/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/pattern.h"

#include "daemon/sql/name.h"

#define FOLDED_MAX 65536 /* bytes; longer names are longer than any engine has them */

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool same(char a, char b, bool fold)
{
        return a == b || (fold && lower(a) == lower(b));
}

/* Past one character of UTF-8: a `?` must not match half of an é, or a rule against
 * "caf?" would miss "café". */
static size_t skip_character(struct sp_str s, size_t i)
{
        i++;
        while (i < s.n && ((unsigned char)s.p[i] & 0xC0) == 0x80)
                i++;
        return i;
}

/* Backtracking to the last star only, as sp_str_glob does. Stars of `text` are symbols
 * that only a star of `pattern` can take: then the answer holds for whatever they mean.
 */
bool sp_pattern_covers(struct sp_str pattern, struct sp_str text, bool fold)
{
        size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

        while (t < text.n) {
                if (p < pattern.n && pattern.p[p] == '*') {
                        star = p++;
                        mark = t;
                } else if (p < pattern.n && pattern.p[p] == '?' && text.p[t] != '*') {
                        p++;
                        t = skip_character(text, t);
                } else if (p < pattern.n && pattern.p[p] != '?' && text.p[t] != '*' &&
                           same(pattern.p[p], text.p[t], fold)) {
                        p++, t++;
                } else if (star != SIZE_MAX) {
                        p = star + 1;
                        t = ++mark;
                } else {
                        return false;
                }
        }
        while (p < pattern.n && pattern.p[p] == '*')
                p++;
        return p == pattern.n;
}

/* As they are written, or as names fold. What cannot be folded is a match. */
static bool either(bool (*matches)(struct sp_str, struct sp_str, bool),
                   struct sp_str pattern, struct sp_str text)
{
        sp_autobuf p = SP_BUF_INIT(FOLDED_MAX), t = SP_BUF_INIT(FOLDED_MAX);

        if (matches(pattern, text, true))
                return true;
        if (sp_sql_name_is_ascii(pattern) && sp_sql_name_is_ascii(text))
                return false;
        if (sp_sql_name_fold(pattern, &p) < 0 || sp_sql_name_fold(text, &t) < 0)
                return true;
        return matches(sp_buf_str(&p), sp_buf_str(&t), true);
}

bool sp_pattern_catches(struct sp_str pattern, struct sp_str text)
{
        return either(sp_pattern_covers, pattern, text);
}

static bool is_star(char c)
{
        return c == '*' ||
               c == '?'; /* `?` taken as `*`: too wide is the safe side here */
}

/* meets[p]: some name matches the first p of the pattern and the first t of the text.
 */
bool sp_pattern_meets(struct sp_str pattern, struct sp_str text, bool fold)
{
        bool meets[SP_PATTERN_MAX + 1] = { true };

        if (pattern.n > SP_PATTERN_MAX)
                return true;
        for (size_t p = 0; p < pattern.n; p++)
                meets[p + 1] = meets[p] && is_star(pattern.p[p]);
        for (size_t t = 0; t < text.n; t++) {
                bool diagonal = meets[0], wide = is_star(text.p[t]);

                meets[0] = meets[0] && wide;
                for (size_t p = 0; p < pattern.n; p++) {
                        bool above = meets[p + 1], any = is_star(pattern.p[p]);

                        if (wide || any)
                                meets[p + 1] = above || meets[p] || diagonal;
                        else
                                meets[p + 1] =
                                        diagonal && same(pattern.p[p], text.p[t], fold);
                        diagonal = above;
                }
        }
        return meets[pattern.n];
}

const char *sp_pattern_check(struct sp_str glob)
{
        if (!glob.n)
                return "a pattern cannot be empty";
        if (glob.n > SP_PATTERN_MAX)
                return "a pattern cannot be longer than 256 bytes";
        for (size_t i = 0; i < glob.n; i++) {
                unsigned char c = (unsigned char)glob.p[i];

                if (c < 0x20 || c == 0x7F)
                        return "a pattern cannot hold control characters";
                if (c && strchr("[]{}\\`'\"", c))
                        return "a pattern knows only * and ?; brackets, quotes and "
                               "backslashes have no meaning";
                if (c == '*' && i && glob.p[i - 1] == '*')
                        return "write * once";
        }
        if (glob.p[0] == ' ' || glob.p[glob.n - 1] == ' ')
                return "a pattern cannot begin or end with a blank";
        return NULL;
}

bool sp_resource_is_bucket(const struct sp_resource *r)
{
        return sp_str_starts(r->part[0], SP_STR("gs://"));
}

struct sp_resource sp_resource_split(struct sp_str text)
{
        struct sp_resource r = { .n = 1, .part = { text } };
        const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
        size_t from = colon ? (size_t)(colon - text.p) : 0;
        struct sp_str head, tail;

        if (sp_resource_is_bucket(&r)) /* its dots are its own */
                return r;
        /* "example.com:project": dots before the colon belong to the project */
        if (sp_str_cut(sp_str_sub(text, from, text.n), '.', &head, &tail)) {
                r.part[0] = sp_str_sub(text, 0, from + head.n);
                r.n = 2;
                if (sp_str_cut(tail, '.', &r.part[1], &r.part[2]))
                        r.n = 3;
        } else {
                r.part[0] = text;
        }
        return r;
}

static bool starts_fold(struct sp_str s, struct sp_str prefix)
{
        return sp_sql_name_starts(s, prefix);
}

/* Views that show other people's queries, and tables of the whole region. */
bool sp_resource_is_system(const struct sp_resource *r)
{
        for (unsigned i = 1; i < r->n; i++)
                if (starts_fold(r->part[i], SP_STR("INFORMATION_SCHEMA")) ||
                    starts_fold(r->part[i], SP_STR("__")) ||
                    (i == 1 && starts_fold(r->part[i], SP_STR("region-"))))
                        return true;
        return false;
}

static const char *check_bucket(struct sp_str text)
{
        if (text.n == 5 || memchr(text.p + 5, '/', text.n - 5))
                return "a bucket is gs://NAME, without a path behind it";
        for (size_t i = 5; i < text.n; i++)
                if (text.p[i] == ':' || (text.p[i] >= 'A' && text.p[i] <= 'Z'))
                        return "a bucket's name is of lower-case letters, digits, -, _ "
                               "and .";
        return NULL;
}

const char *sp_resource_check(struct sp_str text)
{
        struct sp_resource r = sp_resource_split(text);
        const char *wrong = sp_pattern_check(text);

        if (wrong)
                return wrong;
        if (sp_resource_is_bucket(&r))
                return check_bucket(text);
        for (unsigned i = 0; i < r.n; i++)
                if (!r.part[i].n)
                        return "a part between the dots is empty";
        if (r.n == SP_RESOURCE_PARTS && memchr(r.part[2].p, '.', r.part[2].n) &&
            !sp_resource_is_system(&r))
                return "a resource has at most three parts: project.dataset.table";
        return NULL;
}

bool sp_resource_grants(const struct sp_resource_pattern *p,
                        const struct sp_resource *r)
{
        if (p->r.n > r->n || sp_resource_is_bucket(&p->r) != sp_resource_is_bucket(r))
                return false;
        if (sp_resource_is_system(r) && !sp_resource_is_system(&p->r))
                return false;
        for (unsigned i = 0; i < p->r.n; i++)
                if (!sp_pattern_covers(p->r.part[i], r->part[i], false))
                        return false;
        return true;
}

/* "events$20260101", "events@-3600": parts and times of the table itself. */
static struct sp_str without_decorator(struct sp_str table)
{
        size_t i = 0;

        while (i < table.n && table.p[i] != '$' && table.p[i] != '@')
                i++;
        return sp_str_sub(table, 0, i);
}

/* "*", "*.*.*": of whatever kind. */
static bool is_everything(const struct sp_resource *p)
{
        for (unsigned i = 0; i < p->n; i++)
                if (!sp_str_eq(p->part[i], SP_STR("*")))
                        return false;
        return true;
}

bool sp_resource_catches(const struct sp_resource_pattern *p,
                         const struct sp_resource *r, bool inside)
{
        if (sp_resource_is_bucket(&p->r) != sp_resource_is_bucket(r))
                return sp_resource_is_bucket(r) && is_everything(&p->r);
        if (p->r.n > r->n && !inside)
                return false;
        for (unsigned i = 0; i < SP_MIN(p->r.n, r->n); i++) {
                struct sp_str name =
                        i == 2 ? without_decorator(r->part[i]) : r->part[i];

                /* case folded: a dataset may be case-insensitive */
                if (name.n && memchr(name.p, '*', name.n)) {
                        if (!either(sp_pattern_meets, p->r.part[i], name))
                                return false;
                } else if (!sp_pattern_catches(p->r.part[i], name) &&
                           !sp_pattern_catches(p->r.part[i], r->part[i])) {
                        return false;
                }
        }
        return true;
}

struct sp_resource_pattern sp_resource_container(const struct sp_resource_pattern *p)
{
        struct sp_resource_pattern container = *p;

        if (p->r.n > 1 && sp_str_eq(p->r.part[p->r.n - 1], SP_STR("*")))
                container.r.n--;
        return container;
}

bool sp_resource_covers(const struct sp_resource_pattern *a,
                        const struct sp_resource_pattern *b, bool fold)
{
        if (a->r.n > b->r.n ||
            sp_resource_is_bucket(&a->r) != sp_resource_is_bucket(&b->r))
                return false;
        for (unsigned i = 0; i < a->r.n; i++)
                if (!sp_pattern_covers(a->r.part[i], b->r.part[i], fold))
                        return false;
        return true;
}
