/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <wchar.h>

#include "cli/cli.h"
#include "cli/sql_inspect.h"
#include "daemon/sql/lex.h"

#define INDENT "   "
#define WIDTH 96 /* lists are broken behind it */
#define TYPE_MAX 44 /* bytes of a type */
#define BEFORE 60 /* bytes of a long line that are shown before its error, and behind */

/* ---- lists: "reads     a, b," and what follows below the first ---- */

struct list {
        const char *title;
        int indent; /* of the items */
        size_t column; /* 0: nothing printed yet */
};
#define LIST(title_) ((struct list){ .title = (title_), .indent = 8 })

/* How many columns of a terminal the bytes take. */
static size_t width_of(struct sp_str s)
{
        wchar_t wide[512];
        mbstate_t state = { 0 };
        const char *p = s.p;
        size_t n = mbsnrtowcs(wide, &p, s.n, SP_ARRAY_SIZE(wide), &state);
        int width = n == (size_t)-1 ? -1 : wcswidth(wide, n);

        return width < 0 ? s.n : (size_t)width;
}

static int list_add(struct list *l, struct sp_str item, const char *note)
{
        sp_autobuf b = SP_BUF_INIT(1u << 20);
        size_t width;
        char *shown;
        int r = sp_buf_reserve(&b, 4 * item.n + 1, &shown);

        if (r < 0)
                return r;
        sp_err_escape(shown, 4 * item.n + 1, item);
        width = width_of(sp_str_c(shown)) + strlen(note);
        if (!l->column) {
                printf(INDENT "%-*s  ", l->indent, l->title);
        } else if (l->column + 2 + width > WIDTH) {
                printf(",\n" INDENT "%-*s  ", l->indent, "");
                l->column = 0;
        } else {
                printf(", ");
                l->column += 2;
        }
        if (!l->column)
                l->column = sizeof(INDENT) + 1 + (size_t)l->indent;
        printf("%s%s", shown, note);
        l->column += width;
        return 0;
}

static void list_end(struct list *l)
{
        if (l->column)
                printf("\n");
        l->column = 0;
}

/* ---- facts ---- */

static const char *table_note(const struct sp_sql_table *t, enum sp_inspect_which which)
{
        if (t->is_temporary)
                return " (temporary)";
        if (which == SP_INSPECT_WRITTEN)
                return t->is_model ? " (model)" : t->is_routine ? " (routine)" : "";
        if (which != SP_INSPECT_READ)
                return "";
        if (t->is_wildcard)
                return " (wildcard)";
        if (t->is_time_travel)
                return " (as it was)";
        return t->is_argument ? " (as a whole)" : "";
}

static int show_tables(struct sp_arena *a, const struct sp_inspect *in,
                       const struct sp_sql_statement *s, enum sp_inspect_which which)
{
        static const char *const titles[] = { "reads", "writes", "models" };
        struct list l = LIST(titles[which]);
        struct sp_inspect_names names;
        int r = sp_inspect_tables(a, in, s, which, &names);

        for (size_t i = 0; r == 0 && i < names.n; i++)
                r = list_add(&l, names.v[i], table_note(names.tables[i], which));
        list_end(&l);
        return r;
}

static int show_names(const struct sp_sql_statement *s)
{
        struct list calls = LIST("calls"), sets = LIST("sets"), opaque = LIST("opaque");
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->n_functions; i++)
                r = list_add(&calls, s->functions[i].name,
                             s->functions[i].is_table_function ? " (table function)"
                                                               : "");
        list_end(&calls);
        for (size_t i = 0; r == 0 && i < s->n_system_variables; i++)
                r = list_add(&sets, s->system_variables[i], "");
        list_end(&sets);
        for (size_t i = 0; r == 0 && i < s->n_opaque; i++)
                r = list_add(&opaque, sp_str_c(s->opaque[i]), "");
        list_end(&opaque);
        return r;
}

/* ---- places ---- */

/* Of the line around `at`, what is shown: its bytes, blanks for tabs. */
static void show_line(FILE *to, struct sp_str text, size_t at, const char *indent)
{
        size_t start = at, end = at;
        char shown[8 * BEFORE + 1], before[4 * BEFORE + 1];
        struct sp_str line;
        char *copy;

        while (start > 0 && text.p[start - 1] != '\n' && text.p[start - 1] != '\r' &&
               at - start < BEFORE)
                start--;
        while (start < at && ((unsigned char)text.p[start] & 0xC0) == 0x80)
                start++; /* not inside a character */
        while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r' &&
               end - at < BEFORE)
                end++;
        while (end > at && end < text.n && ((unsigned char)text.p[end] & 0xC0) == 0x80)
                end--;
        line = sp_str_sub(text, start, end - start);
        copy = sp_str_dup(line);
        if (!copy)
                return;
        for (size_t i = 0; i < line.n; i++)
                if (copy[i] == '\t')
                        copy[i] = ' ';
        sp_err_escape(shown, sizeof(shown), sp_str(copy, line.n));
        sp_err_escape(before, sizeof(before), sp_str(copy, at - start));
        fprintf(to, "%s%s\n%s%*s^\n", indent, shown, indent,
                (int)width_of(sp_str_c(before)), "");
        free(copy);
}

/* The byte that is called line:column; the front end counts upwards, so halving finds it. */
static size_t offset_of(struct sp_str text, unsigned line, unsigned column)
{
        size_t low = 0, high = text.n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                unsigned l, c;

                sp_sql_position(text, (uint32_t)middle, &l, &c);
                if (l < line || (l == line && c < column))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void sp_inspect_show_error(const struct sp_err *e, struct sp_str text)
{
        unsigned line, column;

        (void)fflush(stdout);
        if (!sp_inspect_place(e, &line, &column)) {
                fprintf(stderr, "%s (%s)\n", e->what, e->id);
                return;
        }
        fprintf(stderr, "%s [at %u:%u] (%s)\n", e->what, line, column, e->id);
        show_line(stderr, text, offset_of(text, line, column), "  ");
}

/* ---- lineage ---- */

static struct sp_str source_name(struct sp_arena *a, const struct sp_sql_source *s)
{
        return sp_arena_printf(a, "%.*s.%.*s%s%.*s", SP_FMT(s->table),
                               SP_FMT(s->column), s->field.n ? "." : "",
                               SP_FMT(s->field));
}

/* Not all of a large one: --jsonl has it. */
static struct sp_str type_name(struct sp_arena *a, const struct sp_sql_type *t)
{
        struct sp_str s = sp_sql_type_text(a, t);

        if (t->kind == SP_SQL_TYPE_UNKNOWN && t != sp_sql_type_null())
                return SP_STR("?");
        if (s.n <= TYPE_MAX)
                return s.p ? sp_arena_str(a, s) : s;
        for (s.n = TYPE_MAX - 1; s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80;)
                s.n--;
        return sp_arena_printf(a, "%.*s…", SP_FMT(s));
}

/* One row per source; name and type stand at the first. */
static int add_output(struct sp_table *t, struct sp_arena *a,
                      const struct sp_sql_output *o)
{
        struct sp_str type = type_name(a, o->type),
                      name = sp_arena_str(a, o->name.n ? o->name : SP_STR("(unnamed)"));
        const char *cells[3];
        int r = 0;

        if (!type.p || !name.p)
                return -ENOMEM;
        cells[0] = name.p;
        cells[1] = type.p;
        if (!o->n_sources) {
                cells[2] = "no column";
                return sp_table_row(t, cells);
        }
        for (size_t i = 0; r == 0 && i < o->n_sources; i++) {
                struct sp_str s = source_name(a, &o->sources[i]);

                if (!s.p)
                        return -ENOMEM;
                cells[2] = s.p;
                r = sp_table_row(t, cells);
                cells[0] = cells[1] = "";
        }
        return r;
}

static int show_outputs(struct sp_arena *a, const struct sp_sql_lineage *l)
{
        static const char *const columns[] = { "output", "type", "comes from" };
        struct sp_table *t = sp_table_new("outputs", false, columns, 3);
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < l->n_outputs; i++)
                r = add_output(t, a, &l->outputs[i]);
        if (t) {
                int shown = sp_table_finish_indented(t, INDENT);

                r = r < 0 ? r : shown;
        }
        return r;
}

/* "acme.crm.customers: id, email", a line for each table. */
static int show_filters(struct sp_arena *a, const struct sp_sql_lineage *l)
{
        struct list list = { .title = "decides rows", .indent = 12 };
        int r = 0;

        for (size_t i = 0; r == 0 && i < l->n_filters; i++) {
                const struct sp_sql_source *s = &l->filters[i];
                bool is_first = !i || !sp_str_eq(s->table, l->filters[i - 1].table);
                struct sp_str name;

                if (is_first && i) {
                        list_end(&list);
                        list.title = "";
                }
                name = sp_arena_printf(a, "%.*s%s%.*s%s%.*s",
                                       SP_FMT(is_first ? s->table : SP_STR("")),
                                       is_first ? ": " : "", SP_FMT(s->column),
                                       s->field.n ? "." : "", SP_FMT(s->field));
                r = name.p ? list_add(&list, name, "") : -ENOMEM;
        }
        list_end(&list);
        return r;
}

static int show_lineage(struct sp_arena *a, const struct sp_inspected *what,
                        const struct sp_sql_lineage *l)
{
        unsigned line, column;
        int r = 0;

        if (l->unresolved) {
                sp_sql_position(what->script->text, l->unresolved_at.start, &line,
                                &column);
                printf("\n" INDENT "not resolved: %s [at %u:%u]\n", l->unresolved, line,
                       column);
                show_line(stdout, what->script->text, l->unresolved_at.start,
                          INDENT "  ");
                return 1;
        }
        if (l->n_outputs) {
                printf("\n");
                r = show_outputs(a, l);
        }
        if (r == 0 && l->n_filters) {
                printf("\n");
                r = show_filters(a, l);
        }
        return r;
}

/* ---- statements ---- */

static int show_statement(struct sp_arena *a, const struct sp_inspect *in,
                          const struct sp_inspected *what, size_t at)
{
        const struct sp_sql_statement *s = &what->script->statements[at];
        unsigned line, column;
        int r = 0;

        printf("%s%2zu %s (%s)", at ? "\n" : "", at + 1, s->kind,
               sp_sql_action_name(s->action));
        if (what->script->n_statements > 1) {
                sp_sql_position(what->script->text, s->span.start, &line, &column);
                printf(", line %u", line);
        }
        printf("\n");
        for (int which = SP_INSPECT_READ; r == 0 && which <= SP_INSPECT_MODELS; which++)
                r = show_tables(a, in, s, (enum sp_inspect_which)which);
        if (sp_inspect_where(s->where))
                printf(INDENT "%-8s  %s\n", "WHERE", sp_inspect_where(s->where));
        if (r == 0)
                r = show_names(s);
        if (r == 0 && what->lineage)
                r = show_lineage(a, what, &what->lineage[at]);
        return r;
}

int sp_inspect_show(struct sp_arena *a, const struct sp_inspect *in,
                    const struct sp_inspected *what)
{
        bool is_unresolved = false;

        for (size_t i = 0; i < what->script->n_statements; i++) {
                int r = show_statement(a, in, what, i);

                if (r < 0) {
                        fprintf(stderr, "sallyctl: %s\n", strerror(-r));
                        return r;
                }
                is_unresolved |= r > 0;
        }
        if (!what->script->n_statements)
                printf("no statement\n");
        return is_unresolved;
}
