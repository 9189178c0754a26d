/* SPDX-License-Identifier: Apache-2.0 */
/* sallyctl sql inspect: what the front end understands of a text. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/json.h"
#include "daemon/sql/sql.h"

#define LINE_MAX_BYTES (16 * 1024 * 1024) /* JSON may escape each byte of the text */
#define ARENA_MAX (512 * 1024 * 1024)

int sp_cmd_sql(int argc, char **argv);

struct inspect {
        bool is_jsonl;
        struct sp_str default_dataset; /* "p.d" or empty */
        const char *file; /* NULL: standard input */
};

static const char *where_name(enum sp_sql_where w)
{
        switch (w) {
        case SP_SQL_WHERE_ABSENT:
                return "absent";
        case SP_SQL_WHERE_ALWAYS_TRUE:
                return "always-true";
        case SP_SQL_WHERE_UNPROVEN:
                return "unproven";
        case SP_SQL_WHERE_SELECTIVE:
                return "selective";
        default:
                return NULL;
        }
}

/* The parts with dots; with --default-dataset what is missing in front is filled in. */
static struct sp_str table_name(struct sp_arena *a, const struct inspect *in,
                                const struct sp_sql_table *t)
{
        struct sp_str project, dataset, s = SP_STR("");

        if (in->default_dataset.n && !t->is_temporary && t->n_parts == 1)
                s = in->default_dataset;
        else if (in->default_dataset.n && !t->is_temporary && t->n_parts == 2 &&
                 sp_str_cut(in->default_dataset, '.', &project, &dataset))
                s = project;
        for (size_t i = 0; i < t->n_parts; i++)
                s = sp_arena_printf(a, "%.*s%s%.*s", SP_FMT(s), s.n ? "." : "",
                                    SP_FMT(t->parts[i]));
        return s;
}

static bool is_listed(const struct sp_sql_table *t, bool targets)
{
        return targets ? t->is_target : t->is_read && !t->is_temporary && !t->is_model;
}

/* ---- JSON ---- */

static void write_tables(struct sp_jsonw *w, struct sp_arena *a,
                         const struct inspect *in, const struct sp_sql_statement *s,
                         const char *key, bool targets)
{
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < s->n_tables; i++) {
                struct sp_str name = table_name(a, in, &s->tables[i]);
                bool is_new = is_listed(&s->tables[i], targets);

                for (size_t k = 0; k < i && is_new && k < 200; k++)
                        if (is_listed(&s->tables[k], targets) &&
                            sp_str_eq(name, table_name(a, in, &s->tables[k])))
                                is_new = false;
                if (is_new)
                        sp_jsonw_str(w, name);
        }
        sp_jsonw_close(w, ']');
}

static void write_functions(struct sp_jsonw *w, const struct sp_sql_statement *s,
                            const char *key, bool tables)
{
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < s->n_functions; i++)
                if (s->functions[i].is_table_function == tables)
                        sp_jsonw_str(w, s->functions[i].name);
        sp_jsonw_close(w, ']');
}

static void write_statement(struct sp_jsonw *w, struct sp_arena *a,
                            const struct inspect *in, const struct sp_sql_statement *s)
{
        const char *where = where_name(s->where);

        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "kind", sp_str_c(s->kind));
        sp_jsonw_kstr(w, "action", sp_str_c(sp_sql_action_name(s->action)));
        write_tables(w, a, in, s, "tables", false);
        write_tables(w, a, in, s, "targets", true);
        write_functions(w, s, "functions", false);
        write_functions(w, s, "table_functions", true);
        sp_jsonw_key(w, "opaque");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < s->n_opaque; i++)
                sp_jsonw_str(w, sp_str_c(s->opaque[i]));
        sp_jsonw_close(w, ']');
        if (where)
                sp_jsonw_kstr(w, "where", sp_str_c(where));
        sp_jsonw_close(w, '}');
}

/* "sql:LINE:COLUMN" of an error; zeros when it has no place. */
static void error_place(const struct sp_err *e, unsigned *line, unsigned *column)
{
        *line = *column = 0;
        if (sscanf(e->where, "sql:%u:%u", line, column) != 2)
                *line = *column = 0;
}

static void write_error(struct sp_jsonw *w, const struct sp_err *e)
{
        unsigned line, column;

        error_place(e, &line, &column);
        sp_jsonw_key(w, "error");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "id", sp_str_c(e->id));
        sp_jsonw_kstr(w, "message", sp_str_c(e->what));
        if (line) {
                sp_jsonw_ku64(w, "line", line);
                sp_jsonw_ku64(w, "column", column);
        }
        sp_jsonw_close(w, '}');
}

static int inspect_line(const struct inspect *in, struct sp_str line)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        sp_autobuf out = SP_BUF_INIT(LINE_MAX_BYTES * 4);
        struct sp_jsonw w = SP_JSONW(&out);
        struct sp_sql_script *script = NULL;
        struct sp_err err = SP_ERR_NULL;
        struct sp_json *row, *is_script;
        int r;

        sp_jsonw_open(&w, '{');
        r = sp_json_parse(&a, line, &row, &err);
        if (r == 0) {
                struct sp_str sql = sp_json_get_str(row, "sql");

                is_script = sp_json_get(row, "script");
                sp_jsonw_kstr(&w, "id", sp_json_get_str(row, "id"));
                r = is_script && is_script->type == SP_JSON_TRUE
                            ? sp_sql_parse(&a, sql, &script, &err)
                            : sp_sql_parse_one(&a, sql, &script, &err);
        }
        sp_jsonw_kbool(&w, "ok", r == 0);
        if (r == 0) {
                sp_jsonw_key(&w, "statements");
                sp_jsonw_open(&w, '[');
                for (size_t i = 0; i < script->n_statements; i++)
                        write_statement(&w, &a, in, &script->statements[i]);
                sp_jsonw_close(&w, ']');
        } else {
                write_error(&w, &err);
        }
        sp_jsonw_close(&w, '}');
        r = sp_jsonw_end(&w);
        if (r == 0)
                printf("%.*s\n", SP_FMT(sp_buf_str(&out)));
        sp_arena_done(&a);
        return r;
}

static int inspect_jsonl(const struct inspect *in, FILE *f)
{
        char *line = NULL;
        size_t capacity = 0;
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = getline(&line, &capacity, f)) > 0) {
                if (line[n - 1] == '\n')
                        n--;
                if (n > LINE_MAX_BYTES)
                        r = -E2BIG;
                else if (n > 0)
                        r = inspect_line(in, sp_str(line, (size_t)n));
        }
        free(line);
        return r;
}

/* ---- for a person ---- */

static void print_names(struct sp_arena *a, const struct inspect *in,
                        const struct sp_sql_statement *s, const char *title,
                        bool targets)
{
        for (size_t i = 0; i < s->n_tables; i++) {
                const struct sp_sql_table *t = &s->tables[i];
                char shown[300];

                if (targets ? !t->is_target : !t->is_read)
                        continue;
                sp_err_escape(shown, sizeof(shown), table_name(a, in, t));
                printf("  %-8s %s%s%s%s%s%s\n", title, shown,
                       t->is_temporary ? " (temporary)" : "",
                       t->is_model ? " (model)" : "",
                       t->is_wildcard ? " (wildcard)" : "",
                       t->is_time_travel ? " (time travel)" : "",
                       t->is_argument && !t->is_model ? " (as a whole)" : "");
                title = "";
        }
}

static void print_statement(struct sp_arena *a, const struct inspect *in, size_t number,
                            const struct sp_sql_statement *s)
{
        printf("%3zu  %-22s %s", number, s->kind, sp_sql_action_name(s->action));
        if (where_name(s->where))
                printf("   WHERE %s", where_name(s->where));
        printf("\n");
        print_names(a, in, s, "reads", false);
        print_names(a, in, s, "writes", true);
        for (size_t i = 0; i < s->n_functions; i++) {
                char shown[200];

                sp_err_escape(shown, sizeof(shown), s->functions[i].name);
                printf("%s%s%s", i ? ", " : "  calls    ", shown,
                       s->functions[i].is_table_function ? " (table function)" : "");
        }
        if (s->n_functions)
                printf("\n");
        for (size_t i = 0; i < s->n_opaque; i++)
                printf("%s%s", i ? ", " : "  opaque   ", s->opaque[i]);
        if (s->n_opaque)
                printf("\n");
}

/* The line of the error with a caret under its place. */
static void print_error(const struct sp_err *e, struct sp_str text)
{
        unsigned line, column, at = 1;
        size_t start = 0, end;
        char shown[400];

        error_place(e, &line, &column);
        if (!line) {
                fprintf(stderr, "%s (%s)\n", e->what, e->id);
                return;
        }
        for (size_t i = 0; i < text.n && at < line; i++)
                if (text.p[i] == '\n' ||
                    (text.p[i] == '\r' && !(i + 1 < text.n && text.p[i + 1] == '\n'))) {
                        at++;
                        start = i + 1;
                }
        for (end = start; end < text.n && text.p[end] != '\n' && text.p[end] != '\r';)
                end++;
        if (column > 200) {
                start += column - 100;
                column = 101;
        }
        sp_err_escape(shown, sizeof(shown),
                      sp_str_sub(text, start, SP_MIN(end - start, 300u)));
        fprintf(stderr, "%s [at %s] (%s)\n  %s\n  %*s^\n", e->what, e->where + 4, e->id,
                shown, (int)column - 1, "");
}

static int inspect_text(const struct inspect *in, FILE *f)
{
        struct sp_arena a = SP_ARENA_INIT(ARENA_MAX);
        sp_autobuf text = SP_BUF_INIT(SP_SQL_TEXT_MAX + 1);
        struct sp_sql_script *script = NULL;
        struct sp_err err = SP_ERR_NULL;
        char *to;
        size_t n;
        int r = 0;

        do {
                r = sp_buf_reserve(&text, SP_MIN((size_t)65536, text.max - text.n),
                                   &to);
                n = r < 0 ? 0
                          : fread(to, 1, SP_MIN((size_t)65536, text.max - text.n), f);
                text.n += n;
        } while (n);
        if (r == 0)
                r = sp_sql_parse(&a, sp_buf_str(&text), &script, &err);
        if (r < 0)
                print_error(&err, sp_buf_str(&text));
        else
                for (size_t i = 0; script && i < script->n_statements; i++)
                        print_statement(&a, in, i + 1, &script->statements[i]);
        sp_arena_done(&a);
        return r;
}

static int usage(void)
{
        fprintf(stderr, "usage: sallyctl sql inspect [--jsonl] [--default-dataset P.D] "
                        "[FILE]\n");
        return 2;
}

int sp_cmd_sql(int argc, char **argv)
{
        struct inspect in = { 0 };
        FILE *f = stdin;
        int r;

        if (argc < 2 || strcmp(argv[1], "inspect") != 0)
                return usage();
        for (int i = 2; i < argc; i++) {
                if (strcmp(argv[i], "--jsonl") == 0)
                        in.is_jsonl = true;
                else if (strcmp(argv[i], "--default-dataset") == 0 && i + 1 < argc)
                        in.default_dataset = sp_str_c(argv[++i]);
                else if (in.file || (argv[i][0] == '-' && argv[i][1]))
                        return usage();
                else
                        in.file = argv[i];
        }
        if (in.file && strcmp(in.file, "-") != 0)
                f = fopen(in.file, "re");
        if (!f) {
                fprintf(stderr, "%s: %s\n", in.file, strerror(errno));
                return 1;
        }
        r = in.is_jsonl ? inspect_jsonl(&in, f) : inspect_text(&in, f);
        if (f != stdin)
                fclose(f);
        return r < 0 ? 1 : 0;
}
