/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/sql_inspect.h"
#include "daemon/base/json.h"
#include "daemon/sql/lex.h"

static int write_tables(struct sp_jsonw *w, struct sp_arena *a,
                        const struct sp_inspect *in, const struct sp_sql_statement *s,
                        const char *key, enum sp_inspect_which which)
{
        struct sp_inspect_names names;
        int r = sp_inspect_tables(a, in, s, which, &names);

        if (r < 0)
                return r;
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < names.n; i++)
                sp_jsonw_str(w, names.v[i]);
        sp_jsonw_close(w, ']');
        return 0;
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

/* ---- lineage ---- */

/* "T.col", each once: a list is sorted, so what is equal stands side by side. */
static int write_sources(struct sp_jsonw *w, struct sp_arena *a, const char *key,
                         const struct sp_sql_source *v, size_t n)
{
        sp_jsonw_key(w, key);
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < n; i++) {
                struct sp_str s;

                if (i && sp_str_eq(v[i].table, v[i - 1].table) &&
                    sp_str_eq(v[i].column, v[i - 1].column))
                        continue;
                s = sp_arena_printf(a, "%.*s.%.*s", SP_FMT(v[i].table),
                                    SP_FMT(v[i].column));
                if (!s.p)
                        return -ENOMEM;
                sp_jsonw_str(w, s);
        }
        sp_jsonw_close(w, ']');
        return 0;
}

/* "T.col.a.b" of those that are a field of a column; the key only if there is one. */
static int write_fields(struct sp_jsonw *w, struct sp_arena *a, const char *key,
                        const struct sp_sql_source *v, size_t n)
{
        bool is_open = false;

        for (size_t i = 0; i < n; i++) {
                struct sp_str s;

                if (!v[i].field.n)
                        continue;
                if (!is_open) {
                        sp_jsonw_key(w, key);
                        sp_jsonw_open(w, '[');
                        is_open = true;
                }
                s = sp_arena_printf(a, "%.*s.%.*s.%.*s", SP_FMT(v[i].table),
                                    SP_FMT(v[i].column), SP_FMT(v[i].field));
                if (!s.p)
                        return -ENOMEM;
                sp_jsonw_str(w, s);
        }
        if (is_open)
                sp_jsonw_close(w, ']');
        return 0;
}

static int write_output(struct sp_jsonw *w, struct sp_arena *a,
                        const struct sp_sql_output *o)
{
        struct sp_str type = sp_sql_type_text(a, o->type);
        int r;

        if (!type.p)
                return -ENOMEM;
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "name", o->name);
        sp_jsonw_key(w, "type");
        if (o->type->kind == SP_SQL_TYPE_UNKNOWN && o->type != sp_sql_type_null())
                sp_jsonw_null(w);
        else
                sp_jsonw_str(w, type);
        r = write_sources(w, a, "sources", o->sources, o->n_sources);
        if (r == 0)
                r = write_fields(w, a, "fields", o->sources, o->n_sources);
        sp_jsonw_close(w, '}');
        return r;
}

static void write_place(struct sp_jsonw *w, unsigned line, unsigned column)
{
        sp_jsonw_ku64(w, "line", line);
        sp_jsonw_ku64(w, "column", column);
}

static int write_lineage(struct sp_jsonw *w, struct sp_arena *a,
                         const struct sp_inspected *what,
                         const struct sp_sql_lineage *l)
{
        unsigned line, column;
        int r = 0;

        if (l->unresolved) {
                sp_sql_position(what->script->text, l->unresolved_at.start, &line,
                                &column);
                sp_jsonw_kstr(w, "unresolved", sp_str_c(l->unresolved));
                sp_jsonw_key(w, "unresolved_at");
                sp_jsonw_open(w, '{');
                write_place(w, line, column);
                sp_jsonw_close(w, '}');
                return 0;
        }
        if (l->has_outputs) {
                sp_jsonw_key(w, "outputs");
                sp_jsonw_open(w, '[');
                for (size_t i = 0; r == 0 && i < l->n_outputs; i++)
                        r = write_output(w, a, &l->outputs[i]);
                sp_jsonw_close(w, ']');
        }
        if (r == 0)
                r = write_sources(w, a, "filters", l->filters, l->n_filters);
        if (r == 0)
                r = write_fields(w, a, "filter_fields", l->filters, l->n_filters);
        return r;
}

/* ---- statements ---- */

static int write_statement(struct sp_jsonw *w, struct sp_arena *a,
                           const struct sp_inspect *in, const struct sp_inspected *what,
                           size_t at)
{
        const struct sp_sql_statement *s = &what->script->statements[at];
        const char *where = sp_inspect_where(s->where);
        int r;

        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "kind", sp_str_c(s->kind));
        sp_jsonw_kstr(w, "action", sp_str_c(sp_sql_action_name(s->action)));
        r = write_tables(w, a, in, s, "tables", SP_INSPECT_READ);
        if (r == 0)
                r = write_tables(w, a, in, s, "targets", SP_INSPECT_WRITTEN);
        write_functions(w, s, "functions", false);
        write_functions(w, s, "table_functions", true);
        sp_jsonw_key(w, "opaque");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; i < s->n_opaque; i++)
                sp_jsonw_str(w, sp_str_c(s->opaque[i]));
        sp_jsonw_close(w, ']');
        if (s->n_system_variables) {
                sp_jsonw_key(w, "system_variables");
                sp_jsonw_open(w, '[');
                for (size_t i = 0; i < s->n_system_variables; i++)
                        sp_jsonw_str(w, s->system_variables[i]);
                sp_jsonw_close(w, ']');
        }
        if (where)
                sp_jsonw_kstr(w, "where", sp_str_c(where));
        if (r == 0 && what->lineage)
                r = write_lineage(w, a, what, &what->lineage[at]);
        sp_jsonw_close(w, '}');
        return r;
}

static int write_statements(struct sp_jsonw *w, struct sp_arena *a,
                            const struct sp_inspect *in,
                            const struct sp_inspected *what)
{
        int r = 0;

        sp_jsonw_key(w, "statements");
        sp_jsonw_open(w, '[');
        for (size_t i = 0; r == 0 && i < what->script->n_statements; i++)
                r = write_statement(w, a, in, what, i);
        sp_jsonw_close(w, ']');
        return r;
}

static void write_error(struct sp_jsonw *w, const struct sp_err *e)
{
        unsigned line, column;

        sp_jsonw_key(w, "error");
        sp_jsonw_open(w, '{');
        sp_jsonw_kstr(w, "id", sp_str_c(e->id));
        sp_jsonw_kstr(w, "message", sp_str_c(e->what));
        if (sp_inspect_place(e, &line, &column))
                write_place(w, line, column);
        sp_jsonw_close(w, '}');
}

int sp_inspect_json(struct sp_arena *a, const struct sp_inspect *in, struct sp_str line,
                    struct sp_buf *out)
{
        struct sp_jsonw w = SP_JSONW(out);
        struct sp_inspected what = { 0 };
        struct sp_err err = SP_ERR_NULL;
        struct sp_json *row, *is_script;
        int r;

        sp_jsonw_open(&w, '{');
        r = sp_json_parse(a, line, &row, &err);
        if (r == 0) {
                is_script = sp_json_get(row, "script");
                sp_jsonw_kstr(&w, "id", sp_json_get_str(row, "id"));
                r = sp_inspect_read(a, in, sp_json_get_str(row, "sql"),
                                    is_script && is_script->type == SP_JSON_TRUE, &what,
                                    &err);
        }
        sp_jsonw_kbool(&w, "ok", r == 0);
        if (r < 0) {
                write_error(&w, &err);
        } else {
                r = write_statements(&w, a, in, &what);
                if (r < 0)
                        return r;
        }
        sp_jsonw_close(&w, '}');
        return sp_jsonw_end(&w);
}
