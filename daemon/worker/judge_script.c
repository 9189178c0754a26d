/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/judge_script.h"

#include <errno.h>

#include "daemon/sql/ast.h"
#include "daemon/sql/functions.h"
#include "daemon/sql/name.h"
#include "daemon/sql/scope.h"

struct script {
        struct sp_arena *arena;
        const struct sp_sql_script *s;
        struct sp_judge_own own;
        struct sp_err *err;
};

/* A name that the text makes, and where. */
struct made {
        struct sp_sql_name link;
        uint32_t start;
};

static int no_memory(struct sp_err *e)
{
        return sp_err_set(e, -ENOMEM, "judge.too-large", "",
                          "the statement needs more memory than a request may use");
}

static bool is_kind(const struct sp_sql_statement *s, const char *kind)
{
        return strcmp(s->kind, kind) == 0;
}

static bool is_one_of(const struct sp_sql_statement *s, const char *const *kinds,
                      size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (is_kind(s, kinds[i]))
                        return true;
        return false;
}

/* ---- kinds ---- */

/* Statement kinds that are offered. All others are refused by name, whatever the policy
 * says: their effect is not read yet. */
static bool is_offered(const struct sp_sql_statement *s)
{
        static const char *const kinds[] = {
                "Query",    "Insert",      "Update",    "Delete", "Merge",
                "Truncate", "CreateTable", "DropTable", "Assert",
        };

        return is_one_of(s, kinds, SP_ARRAY_SIZE(kinds));
}

/* They say which statements run, and how often; those are judged one by one. "Begin" is a
 * block and a transaction. */
static bool is_control(const struct sp_sql_statement *s)
{
        static const char *const kinds[] = {
                "VariableDeclaration",
                "SingleAssignment",
                "AssignmentFromStruct",
                "If",
                "Case",
                "Loop",
                "While",
                "Repeat",
                "For",
                "Begin",
                "Commit",
                "Rollback",
                "Break",
                "Continue",
                "Return",
                "Raise",
        };

        return is_one_of(s, kinds, SP_ARRAY_SIZE(kinds));
}

/* What is stored is the masked text; who reads the view through here is judged again by what
 * it reads. */
static bool is_view(const struct sp_sql_statement *s)
{
        return !s->is_temporary && is_kind(s, "CreateView");
}

static bool is_temporary_function(const struct sp_sql_statement *s)
{
        return s->is_temporary && is_kind(s, "CreateFunction");
}

bool sp_judge_is_javascript(const struct sp_sql_statement *s)
{
        bool is_javascript = false;

        if (!is_temporary_function(s))
                return false;
        for (size_t i = 0; i < s->n_opaque; i++) {
                if (strcmp(s->opaque[i], "javascript") == 0)
                        is_javascript = true;
                else if (strcmp(s->opaque[i], "foreign-language") != 0) /* its body */
                        return false;
        }
        return is_javascript;
}

static int check_opaque(const struct script *c, const struct sp_sql_statement *s)
{
        if (!s->n_opaque || sp_judge_is_javascript(s))
                return 0;
        if (s->n_system_variables)
                return sp_err_set(c->err, -EPERM, "sql.system-variable", "",
                                  "SET @@%.*s is not offered: it would change what the "
                                  "rest of the text means",
                                  (int)SP_MIN(s->system_variables[0].n, 60),
                                  s->system_variables[0].p);
        return sp_err_set(c->err, -EPERM, "sql.opaque", "",
                          "%s: its effect cannot be read from the text", s->opaque[0]);
}

static int check_kind(const struct script *c, const struct sp_sql_statement *s)
{
        int r = check_opaque(c, s);

        if (r < 0)
                return r;
        if (s->is_temporary && !c->s->is_script)
                return sp_err_set(c->err, -EPERM, "sql.temporary", "",
                                  "a temporary object lives in a script: send the "
                                  "statements that use it along");
        if (is_offered(s) || is_view(s) || is_temporary_function(s) ||
            (c->s->is_script && is_control(s)))
                return 0;
        return sp_err_set(c->err, -EPERM, "sql.kind", "",
                          "statements of kind %s are recognised and not offered",
                          s->kind);
}

/* ---- what stands anywhere ---- */

/* What reading one tells: of the script itself, and of the error that was met, whose
 * message has seen masked values only. Not @@error.statement_text: that is the text that
 * was sent. */
static bool is_readable(struct sp_str name)
{
        static const char *const names[] = {
                "dataset_id",
                "dataset_project_id",
                "error.formatted_stack_trace",
                "error.message",
                "error.stack_trace",
                "last_job_id",
                "project_id",
                "row_count",
                "script.bytes_billed",
                "script.bytes_processed",
                "script.creation_time",
                "script.job_id",
                "script.num_child_jobs",
                "script.slot_ms",
                "time_zone",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_str_caseeq(name, sp_str_c(names[i])))
                        return true;
        return false;
}

/* OPTIONS (library = …) would run what a bucket holds. */
static bool has_options(const struct sp_sql_node *n)
{
        bool has_options = false, is_opaque = false;

        for (const struct sp_sql_node *i = n->first; i; i = i->next) {
                has_options |= i->kind == SP_SQL_N_OPTIONS;
                is_opaque |= i->kind == SP_SQL_N_OPAQUE;
        }
        return n->flags & SP_SQL_F_TEMP && has_options && is_opaque;
}

/* As deep as the parser lets a text be. */
static int check_nodes(const struct script *c, const struct sp_sql_node *n)
{
        int r = 0;

        if (n->kind == SP_SQL_N_STATEMENT && has_options(n))
                return sp_err_set(c->err, -EPERM, "sql.opaque", "",
                                  "a function in JavaScript with OPTIONS: its effect "
                                  "cannot be read from the text");
        if (n->kind == SP_SQL_N_SYSTEM && !is_readable(n->text))
                return sp_err_set(c->err, -EPERM, "sql.system-variable", "",
                                  "the system variable @@%.*s is not offered",
                                  (int)SP_MIN(n->text.n, 60), n->text.p);
        for (const struct sp_sql_node *i = n->first; i && r == 0; i = i->next)
                r = check_nodes(c, i);
        return r;
}

/* ---- temporary objects ---- */

static int add_made(struct script *c, const struct sp_sql_name **to,
                    const struct sp_sql_table *t)
{
        struct made *m = sp_arena_new(c->arena, struct made);

        if (!m)
                return no_memory(c->err);
        m->link.text = t->parts[0];
        m->link.is_folded = true;
        m->start = t->path.start;
        return sp_sql_scope_push(c->arena, to, &m->link) ? 0 : no_memory(c->err);
}

/* A function of a builtin's name would be called by the masks, with the raw value. */
static int check_function_name(const struct script *c, struct sp_str name)
{
        char lower[64];
        bool is_plain = name.n && name.n < sizeof(lower);

        for (size_t i = 0; is_plain && i < name.n; i++) {
                char b = name.p[i];

                lower[i] = (char)(b >= 'A' && b <= 'Z' ? b + 32 : b);
                is_plain = (lower[i] >= 'a' && lower[i] <= 'z') || b == '_' ||
                           (i && b >= '0' && b <= '9');
        }
        if (is_plain && !sp_sql_is_builtin(sp_str(lower, name.n)))
                return 0;
        return sp_err_set(
                c->err, -EPERM, "sql.function-name", "",
                "a temporary function cannot be called %.*s: give it a name of "
                "letters, digits and _ that no builtin function has",
                (int)SP_MIN(name.n, 60), name.n ? name.p : "");
}

static int note_made(struct script *c, const struct sp_sql_statement *s)
{
        bool is_table = is_kind(s, "CreateTable");
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->n_tables; i++) {
                const struct sp_sql_table *t = &s->tables[i];

                if (!t->is_target)
                        continue;
                if (t->n_parts != 1)
                        return sp_err_set(
                                c->err, -EPERM, "sql.temporary", "",
                                "the name of a temporary object has one part");
                if (!is_table)
                        r = check_function_name(c, t->parts[0]);
                if (r == 0)
                        r = add_made(c, is_table ? &c->own.tables : &c->own.functions,
                                     t);
        }
        return r;
}

/* Further up, or anywhere if statements may run again. */
static bool may_be_made(const struct sp_judge_own *own, const struct sp_sql_table *t)
{
        const struct sp_sql_name *n = sp_sql_scope_find(own->tables, t->parts[0]);

        for (; n; n = sp_sql_scope_find_next(n))
                if (own->has_loop || ((const struct made *)n)->start < t->path.start)
                        return true;
        return false;
}

static int check_mention(const struct script *c, const struct sp_sql_table *t)
{
        for (size_t i = 0; t->n_parts > 1 && i < t->n_parts; i++)
                if (sp_sql_name_eq(t->parts[i], SP_STR("_SESSION")))
                        return sp_err_set(
                                c->err, -EPERM, "sql.temporary", "",
                                "_SESSION is not offered; write the temporary "
                                "table's name alone");
        if (t->is_temporary || t->is_routine || t->n_parts != 1 ||
            !may_be_made(&c->own, t))
                return 0;
        return sp_err_set(
                c->err, -EPERM, "sql.temporary-unsure", "",
                "whether %.*s is a temporary table here or a stored one is not "
                "certain; make it outside of branches and transactions, or "
                "write dataset.table",
                (int)SP_MIN(t->parts[0].n, 60), t->parts[0].p);
}

static int check_names(struct script *c)
{
        int r = 0;

        for (size_t i = 0; i < c->s->n_statements; i++) {
                const struct sp_sql_statement *s = &c->s->statements[i];

                c->own.has_loop |= is_kind(s, "Loop") || is_kind(s, "While") ||
                                   is_kind(s, "Repeat") || is_kind(s, "For");
                if (s->is_temporary)
                        r = note_made(c, s);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < c->s->n_statements; i++)
                for (size_t k = 0; k < c->s->statements[i].n_tables; k++) {
                        r = check_mention(c, &c->s->statements[i].tables[k]);
                        if (r < 0)
                                return r;
                }
        return 0;
}

int sp_judge_check_script(struct sp_arena *a, const struct sp_sql_script *script,
                          struct sp_judge_own *ret, struct sp_err *reterr)
{
        struct script c = { .arena = a, .s = script, .err = reterr };
        int r = 0;

        for (size_t i = 0; r == 0 && i < script->n_statements; i++)
                r = check_kind(&c, &script->statements[i]);
        if (r == 0)
                r = check_nodes(&c, script->root);
        if (r == 0)
                r = check_names(&c);
        if (r == 0)
                *ret = c.own;
        return r;
}

bool sp_judge_is_own_function(const struct sp_judge_own *own,
                              const struct sp_sql_function *f)
{
        const struct sp_sql_name *n = sp_sql_scope_find(own->functions, f->name);

        for (; n && !f->is_table_function; n = sp_sql_scope_find_next(n))
                if (((const struct made *)n)->start < f->span.start)
                        return true;
        return false;
}
