/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored function gets masked values, like any other: what matters is what it does besides. Its body
 * is judged like a text: an expression of functions that only compute. One that reads tables would
 * show them raw, and one that runs something elsewhere would carry values there.
 */
#include <errno.h>

#include "daemon/google/url.h"
#include "daemon/sql/functions.h"
#include "daemon/worker/judge.h"
#include "daemon/worker/judge_script.h"

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "judge.too-large", "",
                          "the statement needs more memory than a request may use");
}

static int refuse(struct sp_err *e, struct sp_str name, const char *what)
{
        return sp_err_set(e, -EPERM, "sql.stored-function", "", "the function %.*s %s",
                          (int)SP_MIN(name.n, (size_t)100), name.p, what);
}

/* ---- names ---- */

/* Before the first dot of builtin functions. That there may be others tomorrow is what the dry run is
 * asked about. */
static bool is_namespace(struct sp_str s)
{
        static const char *const names[] = {
                "safe",
                "net",
                "keys",
                "aead",
                "hll_count",
                "kll_quantiles",
                "ml",
                "ai",
                "obj",
                "external",
                "d3a_count",
                "google",
                "st",
                "bfmt",
                "sql",
                "error",
                "differential_privacy",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_str_caseeq(s, sp_str_c(names[i])))
                        return true;
        return false;
}

/* "p.d.f", "d.f": at the last two dots, for a project may have some of its own. */
static size_t split(struct sp_str name, struct sp_str part[3])
{
        size_t end = name.n, n = 0;

        for (size_t i = name.n; i-- > 0 && n < 2;)
                if (name.p[i] == '.') {
                        part[2 - n++] = sp_str_sub(name, i + 1, end - i - 1);
                        end = i;
                }
        part[2 - n] = sp_str_sub(name, 0, end);
        return n + 1;
}

bool sp_judge_is_stored(const struct sp_sql_function *f)
{
        struct sp_str part[3];
        size_t n = split(f->written, part);

        return !f->is_table_function && n > 1 && !is_namespace(part[3 - n]) &&
               !sp_sql_is_builtin(f->name);
}

static int check_name(const struct sp_str *part, size_t n, struct sp_str name,
                      struct sp_err *err)
{
        if ((n < 3 || sp_id_is_valid(SP_ID_PROJECT, part[0])) &&
            sp_id_is_valid(SP_ID_DATASET, part[1]) &&
            sp_id_is_valid(SP_ID_DATASET, part[2]))
                return 0;
        return refuse(err, name, "has a name that no stored function has");
}

static bool is_there(const struct sp_str *v, size_t n, struct sp_str name)
{
        for (size_t i = 0; i < n; i++)
                if (sp_str_eq(v[i], name))
                        return true;
        return false;
}

/* ---- called in the text ---- */

static int resolve(struct sp_arena *a, const struct sp_judge_input *in,
                   const struct sp_sql_function *f, struct sp_judgement *j,
                   struct sp_str *ret, struct sp_err *err)
{
        const struct sp_call *c = in->call;
        struct sp_str part[3];
        size_t n = split(f->written, part);
        int r = check_name(part, n, f->written, err);

        if (r < 0)
                return r;
        if (n < 3 && (j->script->is_script || j->script->n_statements > 1))
                return refuse(err, f->written,
                              "is named without its project, which a script does not "
                              "offer: write project.dataset.function");
        if (n < 3 && c->query->default_project.n &&
            !sp_str_eq(c->query->default_project, c->project))
                return sp_err_set(err, -EPERM, "sql.ambiguous-project", "",
                                  "write project.dataset.function when the default "
                                  "dataset is in another project");
        *ret = sp_arena_printf(a, "%.*s.%.*s.%.*s()",
                               SP_FMT(n < 3 ? c->project : part[0]), SP_FMT(part[1]),
                               SP_FMT(part[2]));
        if (!ret->p)
                return no_memory(err);
        if (n < 3 && !is_there(j->guessed, j->n_guessed, *ret))
                j->guessed[j->n_guessed++] = *ret;
        return 0;
}

int sp_judge_read_functions(struct sp_arena *a, const struct sp_judge_input *in,
                            const struct sp_sql_statement *s, struct sp_judgement *j,
                            struct sp_err *err)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->n_functions; i++) {
                struct sp_str name;

                if (!sp_judge_is_stored(&s->functions[i]))
                        continue;
                r = resolve(a, in, &s->functions[i], j, &name, err);
                if (r < 0 || is_there(j->needs_schema, j->n_needs_schema, name))
                        continue;
                j->needs_schema[j->n_needs_schema++] = name;
                j->n_routines++;
                j->accesses[j->n_accesses++] =
                        (struct sp_access){ SP_STR("select"),
                                            sp_str_sub(name, 0, name.n - 2) };
                if (j->n_accesses > SP_JUDGE_OBJECTS_MAX)
                        r = sp_err_set(err, -EPERM, "judge.too-many-tables", "",
                                       "the text touches more than %d tables",
                                       SP_JUDGE_OBJECTS_MAX);
        }
        return r;
}

/* ---- called in a definition ---- */

static int too_many(struct sp_err *err)
{
        return sp_err_set(err, -EPERM, "judge.too-many-tables", "",
                          "the statement, its views and its functions touch "
                          "more than %d tables and functions",
                          SP_JUDGE_OBJECTS_MAX);
}

static int need(struct sp_arena *a, struct sp_judgement *j, struct sp_str name,
                struct sp_err *err)
{
        struct sp_str *all;

        if (is_there(j->needs_schema, j->n_needs_schema, name))
                return 0;
        if (j->n_needs_schema >= SP_JUDGE_OBJECTS_MAX)
                return too_many(err);
        all = sp_arena_array(a, j->n_needs_schema + 1, sizeof(*all));
        if (!all)
                return no_memory(err);
        if (j->n_needs_schema)
                memcpy(all, j->needs_schema, j->n_needs_schema * sizeof(*all));
        all[j->n_needs_schema++] = name;
        j->needs_schema = all;
        j->n_routines++;
        return 0;
}

static bool is_called(const struct sp_judgement *j, size_t first, struct sp_str name)
{
        for (size_t i = first; i < j->n_calls; i++)
                if (sp_str_eq(j->calls[i].callee, name))
                        return true;
        return false;
}

static int add_call(struct sp_arena *a, struct sp_judgement *j, struct sp_str caller,
                    struct sp_str callee, struct sp_err *err)
{
        struct sp_judge_call *all;

        if (j->n_calls >= SP_JUDGE_OBJECTS_MAX)
                return too_many(err);
        all = sp_arena_array(a, j->n_calls + 1, sizeof(*all));
        if (!all)
                return no_memory(err);
        if (j->n_calls)
                memcpy(all, j->calls, j->n_calls * sizeof(*all));
        all[j->n_calls++] = (struct sp_judge_call){ caller, callee };
        j->calls = all;
        return 0;
}

int sp_judge_need_functions(struct sp_arena *a, struct sp_str caller,
                            const struct sp_sql_statement *s, struct sp_judgement *j,
                            struct sp_err *err)
{
        size_t first = j->n_calls;
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->n_functions; i++) {
                const struct sp_sql_function *f = &s->functions[i];
                struct sp_str part[3], name;
                size_t n;

                if (!sp_judge_is_stored(f))
                        continue;
                n = split(f->written, part);
                r = check_name(part, n, f->written, err);
                if (r == 0 && n < 3)
                        r = refuse(err, f->written,
                                   "is named without its project in a definition");
                if (r < 0)
                        return r;
                if (is_called(j, first, f->written))
                        continue;
                r = add_call(a, j, caller, f->written, err);
                if (r < 0)
                        return r;
                name = sp_arena_printf(a, "%.*s()", SP_FMT(f->written));
                r = name.p ? need(a, j, name, err) : no_memory(err);
        }
        return r;
}

/* ---- its definition ---- */

/* In other words than those of the body, which the caller did not write. */
static int blame(struct sp_str name, struct sp_err *e)
{
        const struct sp_err inner = *e;

        if (inner.code == -ENOMEM)
                return no_memory(e);
        if (inner.code == -EINVAL)
                return sp_err_set(e, -EPERM, "sql.stored-function", "",
                                  "the body of the function %.*s cannot be read: %s",
                                  (int)SP_MIN(name.n, (size_t)80), name.p, inner.id);
        return sp_err_set(e, inner.code, inner.id, "", "in the function %.*s: %s",
                          (int)SP_MIN(name.n, (size_t)60), name.p, inner.what);
}

/* The body is one expression: so it is without the parentheses too, which a body that closes
 * them and opens others is not. */
static int parse_body(struct sp_arena *a, struct sp_str body,
                      struct sp_sql_script **ret, struct sp_err *err)
{
        struct sp_str bare = sp_arena_printf(a, "SELECT %.*s\n", SP_FMT(body));
        struct sp_str text = sp_arena_printf(a, "SELECT (%.*s\n)", SP_FMT(body));
        struct sp_sql_script *script;
        int r;

        if (!bare.p || !text.p)
                return no_memory(err);
        r = sp_sql_parse(a, bare, &script, err);
        if (r == 0)
                r = sp_sql_parse(a, text, &script, err);
        if (r == 0 &&
            (script->is_script || script->n_statements != 1 || script->n_named ||
             script->n_positional || strcmp(script->statements[0].kind, "Query") != 0))
                r = sp_err_set(err, -EINVAL, "sql.syntax", "", "it is no expression");
        if (r == 0)
                *ret = script;
        return r;
}

static int judge_body(struct sp_arena *a, struct sp_str name,
                      const struct sp_sql_script *script, struct sp_judgement *j,
                      struct sp_err *err)
{
        struct sp_judge_own own = { 0 };
        int r = sp_judge_check_script(a, script, &own, err);

        if (r == 0)
                r = sp_judge_check_functions(&own, &script->statements[0], err);
        return r < 0 ? r
                     : sp_judge_need_functions(a, name, &script->statements[0], j, err);
}

/* Like one that the text makes itself. */
static int add_javascript(struct sp_arena *a, const struct sp_judge_input *in,
                          struct sp_judgement *j, struct sp_err *err)
{
        const struct sp_access new = { SP_STR("create-temp-js"), in->call->project };
        struct sp_access *all = sp_arena_array(a, j->n_accesses + 1, sizeof(*all));

        for (size_t i = 0; i < j->n_accesses; i++)
                if (sp_str_eq(j->accesses[i].action, new.action))
                        return 0;
        if (!all)
                return no_memory(err);
        if (j->n_accesses)
                memcpy(all, j->accesses, j->n_accesses * sizeof(*all));
        all[j->n_accesses++] = new;
        j->accesses = all;
        return 0;
}

int sp_judge_expand_routine(struct sp_arena *a, const struct sp_judge_input *in,
                            const struct sp_schema *s, struct sp_judgement *j,
                            struct sp_err *err)
{
        struct sp_str name = sp_str_sub(s->table, 0, s->table.n - 2);
        struct sp_sql_script *script = NULL;
        int r;

        if (!s->kind.n)
                return refuse(err, name,
                              "does not exist, or its definition cannot be read");
        if (sp_str_eq(s->kind, SP_STR(SP_ROUTINE_JAVASCRIPT)))
                return add_javascript(a, in, j, err);
        if (!sp_str_eq(s->kind, SP_STR(SP_ROUTINE_SQL)))
                return refuse(
                        err, name,
                        "is not offered: it runs elsewhere, uses libraries, or is no "
                        "function of SQL or JavaScript");
        r = parse_body(a, s->definition, &script, err);
        if (r == 0 && script->statements[0].n_tables)
                return refuse(
                        err, name,
                        "reads tables: write what it does into the query, or make it "
                        "a view");
        if (r == 0)
                r = judge_body(a, name, script, j, err);
        return r < 0 ? blame(name, err) : 0;
}
