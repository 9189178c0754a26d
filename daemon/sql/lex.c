/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/lex.h"

#include <errno.h>

static const struct {
        const char *name;
        uint8_t length;
        bool is_reserved;
} keywords[] = {
        [SP_KW_NONE] = { "", 0, false },
#define KEYWORD(name_, is_reserved_)                                                   \
        [SP_KW_##name_] = { #name_, sizeof(#name_) - 1, is_reserved_ },
#include "daemon/sql/keywords.inc"
#undef KEYWORD
};

#define KEYWORD_LENGTH_MAX 24

enum sp_sql_keyword sp_sql_keyword_find(struct sp_str word)
{
        char upper[KEYWORD_LENGTH_MAX];
        int lo = 1, hi = SP_KW_MAX_ - 1;

        if (word.n > KEYWORD_LENGTH_MAX || word.n < 2)
                return SP_KW_NONE;
        for (size_t i = 0; i < word.n; i++) {
                char c = word.p[i];

                upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        }
        while (lo <= hi) {
                int mid = (lo + hi) / 2;
                size_t n = SP_MIN(word.n, (size_t)keywords[mid].length);
                int c = memcmp(upper, keywords[mid].name, n);

                if (c == 0)
                        c = (int)word.n - (int)keywords[mid].length;
                if (c == 0)
                        return (enum sp_sql_keyword)mid;
                if (c < 0)
                        hi = mid - 1;
                else
                        lo = mid + 1;
        }
        return SP_KW_NONE;
}

bool sp_sql_keyword_is_reserved(enum sp_sql_keyword k)
{
        return keywords[k].is_reserved;
}

const char *sp_sql_keyword_name(enum sp_sql_keyword k)
{
        return keywords[k].name;
}

void sp_sql_position(struct sp_str text, uint32_t at, unsigned *line, unsigned *column)
{
        *line = *column = 1;
        for (size_t i = 0; i < at && i < text.n; i++) {
                char c = text.p[i];

                if (c == '\n' ||
                    (c == '\r' && !(i + 1 < text.n && text.p[i + 1] == '\n'))) {
                        (*line)++;
                        *column = 1;
                } else {
                        (*column)++;
                }
        }
}

struct lexer {
        struct sp_arena *arena;
        struct sp_str text;
        uint32_t at;
        struct sp_sql_token *v;
        size_t n, capacity;
        struct sp_err *err;
};

static int fail(struct lexer *l, uint32_t at, const char *what)
{
        unsigned line, column;

        sp_sql_position(l->text, at, &line, &column);
        return sp_err_set_at(l->err, -EINVAL, "sql.syntax", "sql", line, column,
                             "Syntax error: %s", what);
}

static bool is_word_start(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
        return is_word_start(c) || is_digit(c);
}

static char char_at(const struct lexer *l, size_t at)
{
        return at < l->text.n ? l->text.p[at] : '\0';
}

/* Bytes of white space at `at`; the set of the language, which is neither ASCII's nor
 * Unicode's: BS and the no-break spaces are in, U+200B, U+FEFF and U+1680 are not. */
static unsigned space_at(const struct lexer *l, uint32_t at)
{
        const unsigned char *s = (const unsigned char *)l->text.p + at;
        size_t n = l->text.n - at;

        if (s[0] == ' ' || (s[0] >= 0x08 && s[0] <= 0x0D))
                return 1;
        if (n >= 2 && s[0] == 0xC2 && s[1] == 0xA0)
                return 2;
        if (n < 3)
                return 0;
        if (s[0] == 0xE2 && s[1] == 0x80 &&
            ((s[2] >= 0x80 && s[2] <= 0x8A) || s[2] == 0xAF))
                return 3;
        if (s[0] == 0xE2 && s[1] == 0x81 && s[2] == 0x9F)
                return 3;
        return s[0] == 0xE3 && s[1] == 0x80 && s[2] == 0x80 ? 3 : 0;
}

/* The first line may switch the dialect on the server; the gate reads only one. */
static int check_dialect(struct lexer *l, struct sp_str comment)
{
        unsigned line, column;

        if (comment.p[0] != '#')
                return 0;
        comment = sp_str_trim(sp_str_sub(comment, 1, comment.n));
        if (!sp_str_caseeq(sp_str_sub(comment, 0, 9), SP_STR("legacySQL")))
                return 0;
        sp_sql_position(l->text, l->at, &line, &column);
        return sp_err_set_at(l->err, -ENOTSUP, "sql.unsupported", "sql", line, column,
                             "#legacySQL: legacy SQL is not supported");
}

/* 1: skipped one; 0: none here. */
static int skip_comment(struct lexer *l)
{
        uint32_t start = l->at, i = start;
        char c = char_at(l, i);

        if (c == '/' && char_at(l, i + 1) == '*') {
                const char *end;

                i += 2;
                end = memmem(l->text.p + i, l->text.n - i, "*/", 2);
                if (!end)
                        return fail(l, start, "Unclosed comment");
                l->at = (uint32_t)(end - l->text.p) + 2;
                return 1;
        }
        if (c != '#' && !(c == '-' && char_at(l, i + 1) == '-'))
                return 0;
        while (i < l->text.n && l->text.p[i] != '\n' && l->text.p[i] != '\r')
                i++;
        if (l->n == 0) {
                int r = check_dialect(l, sp_str(l->text.p + start, i - start));

                if (r < 0)
                        return r;
        }
        l->at = i;
        return 1;
}

static int skip_blank(struct lexer *l)
{
        while (l->at < l->text.n) {
                unsigned n = space_at(l, l->at);
                int r;

                if (n) {
                        l->at += n;
                        continue;
                }
                r = skip_comment(l);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
        }
        return 0;
}

static int push(struct lexer *l, struct sp_sql_token t)
{
        if (l->n >= SP_SQL_TOKENS_MAX)
                return sp_err_set(l->err, -E2BIG, "sql.limit", "",
                                  "more than %d tokens", SP_SQL_TOKENS_MAX);
        if (l->n == l->capacity) {
                size_t capacity = l->capacity ? l->capacity * 2 : l->text.n / 4 + 16;
                struct sp_sql_token *v;

                v = sp_arena_array(l->arena, capacity, sizeof(*v));
                if (!v)
                        return sp_err_set(l->err, -ENOMEM, "sql.memory", "",
                                          "out of memory");
                if (l->n)
                        memcpy(v, l->v, l->n * sizeof(*v));
                l->v = v;
                l->capacity = capacity;
        }
        l->v[l->n++] = t;
        return 0;
}

/* After these a `.` is a path's dot even when a digit follows: `x .1`, `a[0].1`. */
static bool ends_operand(const struct sp_sql_token *t)
{
        switch (t->type) {
        case SP_SQL_T_WORD:
                return !sp_sql_keyword_is_reserved((enum sp_sql_keyword)t->keyword);
        case SP_SQL_T_QUOTED:
        case ')':
        case ']':
        case '}':
        case '?':
                return true;
        default:
                return false;
        }
}

/* A `.` is a path's dot, so what follows is a name, whatever it looks like. */
static bool is_after_dot(const struct lexer *l)
{
        return l->n >= 1 && l->v[l->n - 1].type == '.';
}

static bool is_after_at(const struct lexer *l)
{
        return l->n >= 1 &&
               (l->v[l->n - 1].type == '@' || l->v[l->n - 1].type == SP_SQL_T_SYSTEM);
}

static uint32_t scan_exponent(const struct lexer *l, uint32_t i)
{
        uint32_t j = i;

        if ((char_at(l, j) | 0x20) != 'e')
                return i;
        j++;
        if (char_at(l, j) == '+' || char_at(l, j) == '-')
                j++;
        if (!is_digit(char_at(l, j)))
                return i;
        while (is_digit(char_at(l, j)))
                j++;
        return j;
}

static int lex_number(struct lexer *l)
{
        struct sp_sql_token t = { .type = SP_SQL_T_INT, .start = l->at };
        uint32_t i = l->at, e;

        if (char_at(l, i) == '0' && (char_at(l, i + 1) | 0x20) == 'x' &&
            ((char_at(l, i + 2) >= '0' && char_at(l, i + 2) <= '9') ||
             ((char_at(l, i + 2) | 0x20) >= 'a' &&
              (char_at(l, i + 2) | 0x20) <= 'f'))) {
                i += 2;
                while (is_digit(char_at(l, i)) ||
                       ((char_at(l, i) | 0x20) >= 'a' && (char_at(l, i) | 0x20) <= 'f'))
                        i++;
        } else {
                while (is_digit(char_at(l, i)))
                        i++;
                if (char_at(l, i) == '.') {
                        t.type = SP_SQL_T_FLOAT;
                        i++;
                        while (is_digit(char_at(l, i)))
                                i++;
                }
                e = scan_exponent(l, i);
                if (e != i)
                        t.type = SP_SQL_T_FLOAT;
                i = e;
        }
        t.end = l->at = i;
        t.is_glued = is_word(char_at(l, i));
        return push(l, t);
}

static int lex_word(struct lexer *l)
{
        struct sp_sql_token t = { .type = SP_SQL_T_WORD, .start = l->at };
        uint32_t i = l->at;

        while (is_word(char_at(l, i)))
                i++;
        t.end = l->at = i;
        if (!is_after_dot(l) && !is_after_at(l))
                t.keyword = (uint16_t)sp_sql_keyword_find(
                        sp_str(l->text.p + t.start, t.end - t.start));
        return push(l, t);
}

/* Letters of a string prefix at the cursor, when a quote follows them; else 0. */
static size_t prefix_length(const struct lexer *l)
{
        size_t n = 0;
        bool raw = false, bytes = false;

        for (; n < 2; n++) {
                char c = char_at(l, l->at + n) | 0x20;

                if (c == 'r' && !raw)
                        raw = true;
                else if (c == 'b' && !bytes)
                        bytes = true;
                else
                        break;
        }
        return n && (char_at(l, l->at + n) == '"' || char_at(l, l->at + n) == '\'') ? n
                                                                                    : 0;
}

static int lex_quoted(struct lexer *l, size_t n_prefix)
{
        struct sp_sql_token t = { .start = l->at };
        struct sp_sql_bad bad;
        struct sp_str value;
        int r;

        r = sp_sql_scan_quoted(l->text, l->at, n_prefix, &t.end, &bad);
        if (r < 0)
                return fail(l, bad.at, bad.what);
        t.type = char_at(l, l->at) == '`' ? SP_SQL_T_QUOTED : SP_SQL_T_STRING;
        for (size_t i = 0; i < n_prefix; i++)
                if ((char_at(l, l->at + i) | 0x20) == 'b')
                        t.type = SP_SQL_T_BYTES;
        if (t.type == SP_SQL_T_QUOTED) {
                r = sp_sql_decode(l->arena, l->text, &t, &value);
                if (r < 0)
                        return sp_err_set(l->err, r, "sql.memory", "", "out of memory");
                /* no object of BigQuery has such a name, and C strings end there */
                if (memchr(value.p, '\0', value.n))
                        return fail(l, t.start,
                                    "Invalid identifier with a NUL character");
        }
        l->at = t.end;
        return push(l, t);
}

static int lex_punctuation(struct lexer *l)
{
        static const struct {
                char text[3];
                uint8_t type;
        } pairs[] = {
                { "@@", SP_SQL_T_SYSTEM },     { "!=", SP_SQL_T_NE },
                { "<>", SP_SQL_T_NE },         { "<=", SP_SQL_T_LE },
                { ">=", SP_SQL_T_GE },         { "<<", SP_SQL_T_SHIFT_LEFT },
                { "||", SP_SQL_T_CONCAT },     { "|>", SP_SQL_T_PIPE },
                { "->", SP_SQL_T_ARROW },      { "=>", SP_SQL_T_FAT_ARROW },
                { "+=", SP_SQL_T_ADD_ASSIGN }, { "-=", SP_SQL_T_SUB_ASSIGN },
        };
        struct sp_sql_token t = { .start = l->at, .end = l->at + 1 };
        char c = char_at(l, l->at);

        for (size_t i = 0; i < SP_ARRAY_SIZE(pairs); i++)
                if (c == pairs[i].text[0] &&
                    char_at(l, l->at + 1) == pairs[i].text[1]) {
                        t.type = pairs[i].type;
                        t.end++;
                        break;
                }
        if (!t.type) {
                if (!c || !strchr("()[]{}.,;:@?=<>+-*/|&^~!$%", c))
                        return fail(l, l->at, "Illegal input character");
                t.type = (uint8_t)c;
        }
        l->at = t.end;
        return push(l, t);
}

static int lex_one(struct lexer *l)
{
        char c = char_at(l, l->at);
        size_t prefix = prefix_length(l);

        if (is_after_dot(l) && is_word(c))
                return lex_word(
                        l); /* `.1d`, `.select`, `.r"…"` is a name and then a string */
        if (prefix || c == '"' || c == '\'' || c == '`')
                return lex_quoted(l, prefix);
        if (is_word_start(c))
                return lex_word(l);
        if (is_digit(c))
                return lex_number(l);
        if (c == '.' && is_digit(char_at(l, l->at + 1)) &&
            !(l->n && ends_operand(&l->v[l->n - 1]))) {
                struct sp_sql_token *t;
                int r = lex_number(l); /* lex_number reads `.5` by its second branch */

                t = r < 0 ? NULL : &l->v[l->n - 1];
                if (t && t->type == SP_SQL_T_INT)
                        t->type = SP_SQL_T_FLOAT;
                return r;
        }
        return lex_punctuation(l);
}

int sp_sql_lex(struct sp_arena *a, struct sp_str text, struct sp_sql_tokens *ret,
               struct sp_err *reterr)
{
        struct lexer l = { .arena = a, .text = text, .err = reterr };
        int r;

        if (text.n > SP_SQL_TEXT_MAX)
                return sp_err_set(reterr, -E2BIG, "sql.limit", "", "text over %d bytes",
                                  SP_SQL_TEXT_MAX);
        if (!sp_str_is_utf8(text))
                return sp_err_set(reterr, -EINVAL, "sql.encoding", "",
                                  "Query string is not valid UTF-8, or has a NUL byte");
        for (;;) {
                r = skip_blank(&l);
                if (r < 0)
                        return r;
                if (l.at >= text.n)
                        break;
                r = lex_one(&l);
                if (r < 0)
                        return r;
        }
        r = push(&l, (struct sp_sql_token){ .start = (uint32_t)text.n,
                                            .end = (uint32_t)text.n });
        if (r < 0)
                return r;
        *ret = (struct sp_sql_tokens){ .v = l.v, .n = l.n };
        return 0;
}
