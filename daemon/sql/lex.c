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
#define TAB_WIDTH 8 /* how GoogleSQL counts columns */

/* The first eight letters of a keyword as one number: numbers are in the order of the
 * words, and compared in one step. */
#define HEAD_LENGTH 8
#define LETTER(word, i) ((uint64_t)(word "\0\0\0\0\0\0\0")[i] << (56 - 8 * (i)))
#define HEAD(word)                                                                     \
        (LETTER(word, 0) | LETTER(word, 1) | LETTER(word, 2) | LETTER(word, 3) |       \
         LETTER(word, 4) | LETTER(word, 5) | LETTER(word, 6) | LETTER(word, 7))
static const uint64_t heads[] = {
        [SP_KW_NONE] = 0,
#define KEYWORD(name_, is_reserved_) [SP_KW_##name_] = HEAD(#name_),
#include "daemon/sql/keywords.inc"
#undef KEYWORD
};

static char to_upper(char c)
{
        return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool equals_upper(struct sp_str word, const char *upper)
{
        for (size_t i = HEAD_LENGTH; i < word.n; i++)
                if (to_upper(word.p[i]) != upper[i])
                        return false;
        return true;
}

/* The word's HEAD; all its letters are made upper case at once. */
static uint64_t head_of(struct sp_str word)
{
        const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
        size_t n = SP_MIN(word.n, (size_t)HEAD_LENGTH);
        uint64_t head = 0, low, from_a, past_z;

        for (size_t i = 0; i < n; i++)
                head = head << 8 | (unsigned char)word.p[i];
        head <<= (8 * (HEAD_LENGTH - n)) & 56; /* no word: nothing to shift */
        low = head & ~tops;
        from_a = low + (0x80 - 'a') * ones; /* sets the top bit of 'a' and all behind */
        past_z = low + (0x80 - 'z' - 1) * ones;
        return head - ((from_a & ~past_z & ~head & tops) >> 2); /* 0x20 of each */
}

enum sp_sql_keyword sp_sql_keyword_find(struct sp_str word)
{
        size_t at = 1, n = SP_KW_MAX_ - 1;
        uint64_t head;

        if (word.n > KEYWORD_LENGTH_MAX || word.n < 2)
                return SP_KW_NONE;
        head = head_of(word);
        /* Halving without a branch on what is found: most words are no keywords, and a
         * wrongly guessed branch costs more than all the rest of a step. */
        for (; n > 1; n -= n / 2)
                at += n / 2 & -(size_t)(heads[at + n / 2 - 1] < head);
        at += heads[at] < head;
        for (; at < SP_KW_MAX_ && heads[at] == head; at++)
                if (keywords[at].length == word.n &&
                    equals_upper(word, keywords[at].name))
                        return (enum sp_sql_keyword)at;
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
                } else if (c == '\t') {
                        *column += TAB_WIDTH - (*column - 1) % TAB_WIDTH;
                } else if (((unsigned char)c & 0xC0) != 0x80) {
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

/* What a byte can be; several at once. */
enum {
        CLASS_WORD_START = 1,
        CLASS_DIGIT = 2,
        CLASS_WORD = CLASS_WORD_START | CLASS_DIGIT,
        CLASS_SPACE = 4, /* by itself; the longer ones are in space_at */
        CLASS_MARK = 8,
};
static const uint8_t classes[256] = {
        [0x08 ... 0x0D] = CLASS_SPACE,
        [' '] = CLASS_SPACE,
        ['a' ... 'z'] = CLASS_WORD_START,
        ['A' ... 'Z'] = CLASS_WORD_START,
        ['_'] = CLASS_WORD_START,
        ['0' ... '9'] = CLASS_DIGIT,
        ['('] = CLASS_MARK,
        [')'] = CLASS_MARK,
        ['['] = CLASS_MARK,
        [']'] = CLASS_MARK,
        ['{'] = CLASS_MARK,
        ['}'] = CLASS_MARK,
        ['.'] = CLASS_MARK,
        [','] = CLASS_MARK,
        [';'] = CLASS_MARK,
        [':'] = CLASS_MARK,
        ['@'] = CLASS_MARK,
        ['?'] = CLASS_MARK,
        ['='] = CLASS_MARK,
        ['<'] = CLASS_MARK,
        ['>'] = CLASS_MARK,
        ['+'] = CLASS_MARK,
        ['-'] = CLASS_MARK,
        ['*'] = CLASS_MARK,
        ['/'] = CLASS_MARK,
        ['|'] = CLASS_MARK,
        ['&'] = CLASS_MARK,
        ['^'] = CLASS_MARK,
        ['~'] = CLASS_MARK,
        ['!'] = CLASS_MARK,
        ['$'] = CLASS_MARK,
        ['%'] = CLASS_MARK,
};

static bool is_a(char c, unsigned class)
{
        return classes[(unsigned char)c] & class;
}

static bool is_digit(char c)
{
        return is_a(c, CLASS_DIGIT);
}

static bool is_word(char c)
{
        return is_a(c, CLASS_WORD);
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

        if (s[0] < 0x80)
                return is_a((char)s[0], CLASS_SPACE);
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

enum { NO_COMMENT, LINE_COMMENT, BLOCK_COMMENT };

/* Which of them was skipped, a line comment without the end of its line. */
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
                return BLOCK_COMMENT;
        }
        if (c != '#' && !(c == '-' && char_at(l, i + 1) == '-'))
                return NO_COMMENT;
        while (i < l->text.n && l->text.p[i] != '\n' && l->text.p[i] != '\r')
                i++;
        if (l->n == 0) {
                int r = check_dialect(l, sp_str(l->text.p + start, i - start));

                if (r < 0)
                        return r;
        }
        l->at = i;
        return LINE_COMMENT;
}

/* Behind the end of the line a comment ran to, which belongs to it. */
static uint32_t end_of_line(const struct lexer *l)
{
        if (char_at(l, l->at) == '\r' && char_at(l, l->at + 1) == '\n')
                return l->at + 2;
        return char_at(l, l->at) == '\r' || char_at(l, l->at) == '\n' ? l->at + 1
                                                                      : l->at;
}

/* *ret: where the white space at the end of it begins */
static int skip_blank(struct lexer *l, uint32_t *ret)
{
        *ret = l->at;
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
                if (r == NO_COMMENT)
                        break;
                *ret = r == LINE_COMMENT ? end_of_line(l) : l->at;
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
                /* 1E0x1 is 1 and E0x1 without a space between them */
                if (e != i && (char_at(l, e) | 0x20) != 'x') {
                        t.type = SP_SQL_T_FLOAT;
                        i = e;
                }
        }
        t.end = l->at = i;
        t.is_glued = is_word(char_at(l, i));
        return push(l, t);
}

static int lex_word(struct lexer *l)
{
        struct sp_sql_token t = { .type = SP_SQL_T_WORD, .start = l->at };
        uint32_t i = l->at;

        while (i < l->text.n && is_word(l->text.p[i]))
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

/* The type of a mark of two characters; 0 when they are none. */
static uint8_t pair_type(char c, char next)
{
        switch (c) {
        case '@':
                return next == '@' ? SP_SQL_T_SYSTEM : 0;
        case '!':
                return next == '=' ? SP_SQL_T_NE : 0;
        case '<':
                return next == '>'   ? SP_SQL_T_NE
                       : next == '=' ? SP_SQL_T_LE
                       : next == '<' ? SP_SQL_T_SHIFT_LEFT
                                     : 0;
        case '>':
                return next == '=' ? SP_SQL_T_GE : 0;
        case '|':
                return next == '|' ? SP_SQL_T_CONCAT : next == '>' ? SP_SQL_T_PIPE : 0;
        case '-':
                return next == '>'   ? SP_SQL_T_ARROW
                       : next == '=' ? SP_SQL_T_SUB_ASSIGN
                                     : 0;
        case '=':
                return next == '>' ? SP_SQL_T_FAT_ARROW : 0;
        case '+':
                return next == '=' ? SP_SQL_T_ADD_ASSIGN : 0;
        default:
                return 0;
        }
}

static int lex_punctuation(struct lexer *l)
{
        struct sp_sql_token t = { .start = l->at, .end = l->at + 1 };
        char c = char_at(l, l->at);

        t.type = pair_type(c, char_at(l, l->at + 1));
        if (t.type)
                t.end++;
        else if (is_a(c, CLASS_MARK))
                t.type = (uint8_t)c;
        else
                return fail(l, l->at, "Illegal input character");
        l->at = t.end;
        return push(l, t);
}

static int lex_one(struct lexer *l)
{
        char c = char_at(l, l->at);
        size_t prefix;

        if (is_after_dot(l) && is_word(c))
                return lex_word(
                        l); /* `.1d`, `.select`, `.r"…"` is a name and then a string */
        prefix = (c | 0x20) == 'r' || (c | 0x20) == 'b' ? prefix_length(l) : 0;
        if (prefix || c == '"' || c == '\'' || c == '`')
                return lex_quoted(l, prefix);
        if (is_a(c, CLASS_WORD_START))
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
        uint32_t end;
        int r;

        if (text.n > SP_SQL_TEXT_MAX)
                return sp_err_set(reterr, -E2BIG, "sql.limit", "", "text over %d bytes",
                                  SP_SQL_TEXT_MAX);
        if (!sp_str_is_utf8(text))
                return sp_err_set(reterr, -EINVAL, "sql.encoding", "",
                                  "Query string is not valid UTF-8, or has a NUL byte");
        for (;;) {
                r = skip_blank(&l, &end);
                if (r < 0)
                        return r;
                if (l.at >= text.n)
                        break;
                r = lex_one(&l);
                if (r < 0)
                        return r;
        }
        /* errors at the end point behind the last thing that is not blank */
        r = push(&l, (struct sp_sql_token){ .start = end, .end = end });
        if (r < 0)
                return r;
        *ret = (struct sp_sql_tokens){ .v = l.v, .n = l.n };
        return 0;
}
