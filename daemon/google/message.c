/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/message.h"

#include "daemon/mask/places.h"

#define TEXT_MAX 8192u
/* What is searched for all words of a message: an agent can have a thousand of them looked for in
 * a statement of a megabyte, while everybody else waits. */
#define SEARCHED_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct cleaning {
        struct sp_arena *arena;
        const struct sp_answer_own *own; /* never NULL */
        bool is_known; /* own was given: what it does not name is somebody else's */
        struct sp_buf to;
        int error;
        size_t searched; /* bytes, of SEARCHED_BYTES_MAX */
        struct sp_str first_place; /* "[2:3]", of the agent's text */
};

/* False: this message had its share, and what is not looked for is not found. */
static bool may_search(struct cleaning *c, size_t n)
{
        if (n > SEARCHED_BYTES_MAX - c->searched)
                return false;
        c->searched += n;
        return true;
}

static bool contains(struct sp_str s, struct sp_str what)
{
        for (size_t i = 0; i + what.n <= s.n; i++)
                if (sp_str_caseeq(sp_str(s.p + i, what.n), what))
                        return true;
        return false;
}

bool sp_message_is_own_table(const struct sp_answer_own *own, struct sp_str name)
{
        struct sp_str rest = own->tables, line;

        if (!own->tables.p)
                return !own->is_rewritten; /* a job from before names were kept */
        while (rest.n) {
                (void)sp_str_cut(rest, '\n', &line, &rest);
                /* a wildcard stands for its members; other names have no '*' and no '?' */
                if (sp_str_eq(line, name) ||
                    (sp_str_ends(line, SP_STR("*")) && sp_str_glob(line, name)))
                        return true;
        }
        return false;
}

/* ---- shapes ---- */

static bool is_known_shape(struct sp_str s)
{
        static const char *const shapes[] = {
#include "daemon/google/message_shapes.inc"
        };
        static const char *const prefixes[] = {
                "Query error: ", "Error in query string: ", "Query execution failed: ",
                "Invalid query: ", "Bad request: "
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(prefixes); i++)
                if (sp_str_starts(s, sp_str_c(prefixes[i])))
                        s = sp_str_sub(s, strlen(prefixes[i]), s.n);
        for (size_t i = 0; i < SP_ARRAY_SIZE(shapes); i++)
                if (sp_str_glob(sp_str_c(shapes[i]), s))
                        return true;
        return false;
}

/* What the rewriting writes. The agent may have written it too: then it does without the message. */
static bool quotes_rewriting(struct sp_str s)
{
        static const char *const marks[] = { "sallyport_", "* replace", "(select ",
                                             "[redacted]" };

        for (size_t i = 0; i < SP_ARRAY_SIZE(marks); i++)
                if (contains(s, sp_str_c(marks[i])))
                        return true;
        return false;
}

/* ---- words ---- */

static void add(struct cleaning *c, struct sp_str s)
{
        c->error = c->error ?: sp_buf_add(&c->to, s);
}

static bool is_word_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 ||
               (c != '\0' && strchr("_-.:@$%+*", c));
}

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t count(struct sp_str s, char c)
{
        size_t n = 0;

        for (size_t i = 0; i < s.n; i++)
                n += s.p[i] == c;
        return n;
}

/* "project:dataset.table[.column]" or with dots only. Google's own names are none. */
static bool is_table(struct sp_str w)
{
        static const char *const others[] = { "bigquery.", "cloud.", "www." };
        size_t colons = count(w, ':'), dots = count(w, '.');

        for (size_t i = 0; i < SP_ARRAY_SIZE(others); i++)
                if (sp_str_starts(w, sp_str_c(others[i])))
                        return false;
        return w.n && is_letter(w.p[0]) &&
               (colons == 1 ? dots >= 1 : colons == 0 && dots >= 2);
}

/* Of the table itself, or of a column in it. */
static bool is_own(struct cleaning *c, struct sp_str w)
{
        struct sp_str name = sp_arena_str(c->arena, w);
        unsigned dots = 0;

        if (!name.p)
                return false;
        for (size_t i = 0; i < name.n; i++) {
                if (name.p[i] == ':')
                        ((char *)name.p)[i] = '.'; /* our own copy */
                if (name.p[i] == '.' && ++dots > 2 && may_search(c, c->own->tables.n) &&
                    sp_message_is_own_table(c->own, sp_str_sub(name, 0, i)))
                        return true;
        }
        return may_search(c, c->own->tables.n) && sp_message_is_own_table(c->own, name);
}

static bool is_written(struct cleaning *c, struct sp_str w)
{
        return may_search(c, c->own->sql.n) && contains(c->own->sql, w);
}

static bool is_after(const struct cleaning *c, const char *word)
{
        return sp_str_ends(sp_buf_str(&c->to), sp_str_c(word));
}

static bool is_own_dataset(struct cleaning *c, struct sp_str w)
{
        struct sp_str project, dataset;

        (void)sp_str_cut(w, ':', &project, &dataset);
        return is_written(c, dataset) ||
               (may_search(c, c->own->tables.n) && contains(c->own->tables, dataset));
}

/* What stands for a word that is not for the agent; NULL: the word itself. */
static const char *stand_in(struct cleaning *c, struct sp_str w)
{
        if (count(w, '@') && w.p[0] != '@')
                return is_written(c, w) ? NULL : "[an account]";
        if (!c->is_known || is_after(c, "Job "))
                return NULL;
        if (is_table(w))
                return is_own(c, w) || is_written(c, w) ? NULL : "[a table]";
        if (is_after(c, "Dataset ") && count(w, ':') == 1 && !is_own_dataset(c, w))
                return "[a dataset]";
        return NULL;
}

static void add_word(struct cleaning *c, struct sp_str w)
{
        struct sp_str tail = SP_STR("");
        const char *instead;

        /* the end of the sentence */
        while (w.n && (w.p[w.n - 1] == '.' || w.p[w.n - 1] == ':')) {
                tail = sp_str(w.p + w.n - 1, tail.n + 1);
                w.n--;
        }
        instead = stand_in(c, w);
        add(c, instead ? sp_str_c(instead) : w);
        add(c, tail);
}

/* ---- places ---- */

/* "[12:34]": how long it is; 0: it is none. */
static size_t read_place(struct sp_str s, struct sp_place *ret)
{
        struct sp_str line, column, rest;
        uint64_t l, n;

        if (!s.n || s.p[0] != '[')
                return 0;
        s = sp_str_sub(s, 1, 24);
        if (!sp_str_cut(s, ']', &line, &rest) || !sp_str_cut(line, ':', &line, &column))
                return 0;
        if (sp_str_u64(line, &l) < 0 || sp_str_u64(column, &n) < 0 || l > UINT32_MAX ||
            n > UINT32_MAX)
                return 0;
        *ret = (struct sp_place){ (uint32_t)l, (uint32_t)n };
        return line.n + column.n + 3;
}

static void add_place(struct cleaning *c, struct sp_place sent,
                      struct sp_str as_written)
{
        static const char at[] = " at ";
        struct sp_place own;
        struct sp_str text;

        if (!c->own->is_rewritten) {
                add(c, as_written);
                return;
        }
        if (!may_search(c, c->own->sql.n) ||
            !sp_places_find(c->own->sql, c->own->places, sent, &own)) {
                if (is_after(c, at))
                        c->to.n -= strlen(at);
                return;
        }
        text = sp_arena_printf(c->arena, "[%u:%u]", own.line, own.column);
        if (!text.p)
                c->error = c->error ?: -1;
        else if (!c->first_place.n)
                c->first_place = text;
        add(c, text);
}

static void clean(struct cleaning *c, struct sp_str s)
{
        for (size_t i = 0, n; i < s.n && !c->error; i += n) {
                struct sp_str rest = sp_str_sub(s, i, s.n);
                struct sp_place place;

                n = read_place(rest, &place);
                if (n) {
                        add_place(c, place, sp_str_sub(rest, 0, n));
                        continue;
                }
                if (sp_str_starts(rest, SP_STR("https://"))) {
                        while (n < rest.n && rest.p[n] != ' ')
                                n++;
                        add(c, sp_str_sub(rest, 0, n));
                        continue;
                }
                while (n < rest.n && is_word_byte(rest.p[n]))
                        n++;
                if (n)
                        add_word(c, sp_str_sub(rest, 0, n));
                else
                        add(c, sp_str_sub(rest, 0, n = 1));
        }
}

struct sp_str sp_message_clean(struct sp_arena *a, const struct sp_answer_own *own,
                               struct sp_str message)
{
        static const struct sp_answer_own nothing = { .sql = { "", 0 } };
        struct cleaning c = { .arena = a,
                              .own = own ? own : &nothing,
                              .is_known = own != NULL,
                              .to = SP_BUF_INIT(TEXT_MAX) };
        struct sp_str s = sp_str_sub(message, 0, TEXT_MAX / 4), ret;
        bool is_hidden =
                c.own->is_rewritten && (!is_known_shape(s) || quotes_rewriting(s));

        clean(&c, s);
        if (is_hidden)
                ret = sp_arena_printf(
                        a,
                        "BigQuery refused the statement%s%.*s; its message "
                        "is about the masked form of it and is not shown",
                        c.first_place.n ? " at " : "", SP_FMT(c.first_place));
        else
                ret = c.error ? SP_STR_NULL : sp_arena_str(a, sp_buf_str(&c.to));
        sp_buf_done(&c.to);
        return ret;
}
