/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/facts.h"

#include "daemon/sql/temps.h"

struct walker {
        struct sp_sql_parser *p;
        struct sp_sql_collector *into;
        struct sp_sql_vector statements; /* struct sp_sql_statement */
        struct sp_sql_temps temps;
        bool is_folding; /* inside a routine's body or nested DML: one statement for
                            outside */
};

static bool walk(struct walker *w, const struct sp_sql_node *n, struct sp_sql_scope s);
static bool walk_query(struct walker *w, const struct sp_sql_node *n,
                       struct sp_sql_scope s);
static bool walk_from(struct walker *w, const struct sp_sql_node *from,
                      struct sp_sql_scope outer, struct sp_sql_scope *running,
                      bool is_pipe);

static const struct sp_sql_node *child(const struct sp_sql_node *n,
                                       enum sp_sql_node_kind kind)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == kind)
                        return c;
        return NULL;
}

/* ---- table expressions ---- */

static bool walk_rest(struct walker *w, const struct sp_sql_node *n,
                      const struct sp_sql_node *but, struct sp_sql_scope s)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c != but && !walk(w, c, s))
                        return false;
        return true;
}

/* TABLESAMPLE of the table itself: not of what PIVOT, MATCH_RECOGNIZE, … made of it. */
static struct sp_sql_span sample_span(const struct sp_sql_node *n)
{
        const struct sp_sql_node *sample = child(n, SP_SQL_N_SAMPLE);

        for (const struct sp_sql_node *c = n->first->next; c && sample; c = c->next)
                if (c != sample && c->kind != SP_SQL_N_ALIAS &&
                    c->kind != SP_SQL_N_SYSTEM_TIME)
                        sample = NULL;
        return sample ? sample->span : (struct sp_sql_span){ 0, 0 };
}

static bool walk_table_path(struct walker *w, const struct sp_sql_node *n,
                            struct sp_sql_scope outer, struct sp_sql_scope *running,
                            bool is_pipe)
{
        const struct sp_sql_node *path = n->first, *alias = child(n, SP_SQL_N_ALIAS),
                                 *time = child(n, SP_SQL_N_SYSTEM_TIME),
                                 *pivot = child(n, SP_SQL_N_PIVOT);
        struct sp_sql_table *t;

        if (!sp_sql_is_cte(path, *running) && !sp_sql_is_correlated(path, *running)) {
                if (!sp_sql_collect_table(w->p, w->into, path, *running, &t))
                        return false;
                t->is_read = true;
                t->is_pipe = is_pipe;
                t->is_sampled = child(n, SP_SQL_N_SAMPLE) != NULL;
                t->sample = sample_span(n);
                sp_sql_collect_alias(t, alias);
                if (time) {
                        t->is_time_travel = true;
                        t->system_time = time->span;
                        t->span.end = time->span.end;
                }
        }
        if (!walk_rest(w, n, path, outer))
                return false;
        if (!pivot)
                return sp_sql_scope_add(w->p, &running->ranges,
                                        alias ? alias->text
                                              : sp_sql_implicit_alias(path));
        alias = child(pivot, SP_SQL_N_ALIAS);
        return !alias || sp_sql_scope_add(w->p, &running->ranges, alias->text);
}

/* One table expression: what it mentions, and the name it brings into `running`. A
 * subquery and a join in parentheses do not see their neighbours (the one may, with
 * LATERAL): `FROM x AS s, (s.t JOIN y)` reads the table s.t. UNNEST and array paths do. */
static bool walk_table(struct walker *w, const struct sp_sql_node *n,
                       struct sp_sql_scope outer, struct sp_sql_scope *running,
                       bool is_pipe)
{
        const struct sp_sql_node *alias = child(n, SP_SQL_N_ALIAS),
                                 *pivot = child(n, SP_SQL_N_PIVOT);
        struct sp_sql_scope inside = *running;
        bool is_lateral = n->flags & SP_SQL_F_LATERAL;

        switch (n->kind) {
        case SP_SQL_N_TABLE:
                return walk_table_path(w, n, outer, running, is_pipe);
        case SP_SQL_N_TABLE_JOIN:
                inside.ranges = outer.ranges;
                if (!walk_from(w, n->first, outer, &inside, is_pipe) ||
                    !walk_rest(w, n, n->first, outer) ||
                    (!pivot && !sp_sql_scope_join(w->p, inside.ranges, outer.ranges,
                                                  &running->ranges)))
                        return false;
                break;
        case SP_SQL_N_TABLE_QUERY:
                inside.ranges = is_lateral ? running->ranges : outer.ranges;
                if (!walk_query(w, n->first, inside) ||
                    !walk_rest(w, n, n->first, outer))
                        return false;
                break;
        case SP_SQL_N_TABLE_CALL:
                inside.ranges = is_lateral ? running->ranges : outer.ranges;
                if (!sp_sql_collect_function(w->p, w->into, n->first, true) ||
                    !walk_rest(w, n->first, n->first->first, inside) ||
                    !walk_rest(w, n, n->first, outer))
                        return false;
                break;
        default: /* UNNEST */
                if (!walk_rest(w, n, NULL, inside))
                        return false;
        }
        if (pivot)
                alias = child(pivot, SP_SQL_N_ALIAS);
        return !alias || sp_sql_scope_add(w->p, &running->ranges, alias->text);
}

static bool walk_from(struct walker *w, const struct sp_sql_node *from,
                      struct sp_sql_scope outer, struct sp_sql_scope *running,
                      bool is_pipe)
{
        for (const struct sp_sql_node *c = from->first; c; c = c->next) {
                bool ok;

                if (c->kind == SP_SQL_N_JOIN)
                        ok = walk_rest(w, c, c->last, *running) &&
                             walk_table(w, c->last, outer, running, is_pipe);
                else if (c->kind == SP_SQL_N_ON || c->kind == SP_SQL_N_HINT)
                        ok = walk(w, c, *running);
                else
                        ok = walk_table(w, c, outer, running, is_pipe);
                if (!ok)
                        return false;
        }
        return true;
}

/* ---- queries ---- */

/* Adds the names to s->ctes: each sees those before it; all see all when RECURSIVE. */
static bool walk_with(struct walker *w, const struct sp_sql_node *with,
                      struct sp_sql_scope *s)
{
        bool is_recursive = with->flags & SP_SQL_F_RECURSIVE;
        struct sp_sql_scope inside = *s;

        /* a WITH query is never correlated: aliases of an enclosing query mean nothing
         * in it */
        inside.ranges = NULL;
        if (is_recursive)
                for (const struct sp_sql_node *c = with->first; c; c = c->next)
                        if (!sp_sql_scope_add(w->p, &s->ctes, c->text))
                                return false;
        for (const struct sp_sql_node *c = with->first; c; c = c->next) {
                inside.ctes = s->ctes;
                for (const struct sp_sql_node *q = c->first; q; q = q->next)
                        if (!(q->kind == SP_SQL_N_QUERY ? walk_query(w, q, inside)
                                                        : walk(w, q, inside)))
                                return false;
                if (!is_recursive && !sp_sql_scope_add(w->p, &s->ctes, c->text))
                        return false;
        }
        return true;
}

/* *ret: the scope that ORDER BY sees */
static bool walk_select(struct walker *w, const struct sp_sql_node *n,
                        struct sp_sql_scope s, struct sp_sql_scope *ret)
{
        const struct sp_sql_node *from = child(n, SP_SQL_N_FROM);
        struct sp_sql_scope inside = s;

        if (from && !walk_from(w, from, s, &inside, false))
                return false;
        *ret = inside;
        return walk_rest(w, n, from, inside);
}

static bool walk_pipe(struct walker *w, const struct sp_sql_node *n,
                      struct sp_sql_scope outer, struct sp_sql_scope *s);

/* ( |> … ): its own aliases end with it */
static bool walk_subpipeline(struct walker *w, const struct sp_sql_node *n,
                             struct sp_sql_scope outer, struct sp_sql_scope s)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (!walk_pipe(w, c, outer, &s))
                        return false;
        return true;
}

/* IF, FORK, TEE, LOG and RECURSIVE, whose name for its own rows is a WITH name. */
static bool walk_branches(struct walker *w, const struct sp_sql_node *n,
                          struct sp_sql_scope outer, struct sp_sql_scope *s)
{
        struct sp_sql_scope inside = *s;
        const struct sp_sql_node *alias = child(n, SP_SQL_N_ALIAS);

        if (alias && !sp_sql_scope_add(w->p, &inside.ctes, alias->text))
                return false;
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                bool ok;

                if (c->kind == SP_SQL_N_SUBPIPELINE)
                        ok = walk_subpipeline(w, c, outer, inside);
                else if (c->kind == SP_SQL_N_WHEN)
                        ok = walk(w, c->first, inside) &&
                             walk_subpipeline(w, c->last, outer, inside);
                else if (c->kind == SP_SQL_N_ELSE)
                        ok = walk_subpipeline(w, c->first, outer, inside);
                else if (c->kind == SP_SQL_N_QUERY)
                        ok = walk_query(w, c,
                                        (struct sp_sql_scope){
                                                inside.ctes, outer.ranges, s->temps });
                else
                        ok = walk(w, c, inside);
                if (!ok)
                        return false;
        }
        /* what is left may be another row: no alias is certain, but TEE and LOG only
         * look */
        if (n->op != SP_KW_TEE && n->op != SP_KW_LOG)
                s->ranges = outer.ranges;
        return true;
}

static bool walk_pipe(struct walker *w, const struct sp_sql_node *n,
                      struct sp_sql_scope outer, struct sp_sql_scope *s)
{
        struct sp_sql_scope queries = { s->ctes, outer.ranges, s->temps };

        switch (n->op) {
        case SP_KW_WITH:
                queries.ranges = outer.ranges;
                if (!walk_with(w, child(n, SP_SQL_N_WITH), &queries))
                        return false;
                s->ctes = queries.ctes;
                return true;
        case SP_KW_JOIN:
                return walk_from(w, n, queries, s, true);
        case SP_KW_AS:
                s->ranges = outer.ranges;
                return sp_sql_scope_add(w->p, &s->ranges,
                                        n->first ? n->first->text : SP_STR_NULL);
        case SP_KW_UNION:
        case SP_KW_INTERSECT:
        case SP_KW_EXCEPT:
                s->ranges = outer.ranges;
                return walk_rest(w, n, NULL, queries);
        case SP_KW_CALL: {
                struct sp_sql_scope called = queries;

                s->ranges = outer.ranges;
                return walk_table(w, n->last, queries, &called, true);
        }
        case SP_KW_IF:
        case SP_KW_FORK:
        case SP_KW_TEE:
        case SP_KW_LOG:
        case SP_KW_RECURSIVE:
                return walk_branches(w, n, outer, s);
        case SP_KW_WHERE:
        case SP_KW_EXTEND:
        case SP_KW_ORDER:
        case SP_KW_LIMIT:
        case SP_KW_SET:
        case SP_KW_DROP:
        case SP_KW_RENAME:
        case SP_KW_TABLESAMPLE:
        case SP_KW_WINDOW:
        case SP_KW_ASSERT:
        case SP_KW_STATIC_DESCRIBE:
        case SP_KW_FINISH:
                return walk_rest(w, n, NULL, *s);
        default: /* SELECT, AGGREGATE, PIVOT, …: a new row, so the aliases are gone */
                if (!walk_rest(w, n, NULL, *s))
                        return false;
                s->ranges = outer.ranges;
                return true;
        }
}

static bool walk_query(struct walker *w, const struct sp_sql_node *n,
                       struct sp_sql_scope s)
{
        struct sp_sql_scope outer, ordering, piped;
        const struct sp_sql_node *c = n->first;

        if (n->kind != SP_SQL_N_QUERY) /* an operand that was parsed first: ( query ) */
                return walk(w, n, s);
        while (c && c->kind == SP_SQL_N_HINT)
                c = c->next;
        if (c && c->kind == SP_SQL_N_WITH) {
                if (!walk_with(w, c, &s))
                        return false;
                c = c->next;
        }
        outer = ordering = piped = s;
        if (c && c->kind == SP_SQL_N_SELECT) {
                if (!walk_select(w, c, s, &ordering))
                        return false;
        } else if (c && c->kind == SP_SQL_N_FROM) {
                if (!walk_from(w, c, s, &piped, true))
                        return false;
                ordering = piped;
        } else if (c && !walk(w, c, s)) {
                return false;
        }
        for (c = c ? c->next : NULL; c; c = c->next)
                if (!(c->kind == SP_SQL_N_PIPE ? walk_pipe(w, c, outer, &piped)
                                               : walk(w, c, ordering)))
                        return false;
        return true;
}

/* ---- statements ---- */

static bool walk_statement(struct walker *w, const struct sp_sql_node *n,
                           struct sp_sql_scope s, const struct sp_sql_name **temps);

/* Statements in order. *temps: the TEMP tables known behind the block. */
static bool walk_block(struct walker *w, const struct sp_sql_node *n,
                       struct sp_sql_scope s, const struct sp_sql_name **temps)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (!walk_statement(w, c, s, &s.temps))
                        return false;
        if (temps && n->flags & SP_SQL_F_ALWAYS)
                *temps = s.temps;
        return true;
}

static bool walk_target(struct walker *w, const struct sp_sql_node *n,
                        const struct sp_sql_node *statement, struct sp_sql_scope s)
{
        struct sp_sql_table *t;

        if (!sp_sql_collect_table(w->p, w->into, n->first, s, &t))
                return false;
        t->is_target = true;
        t->is_model = n->op == SP_KW_MODEL;
        t->is_routine = n->op == SP_KW_FUNCTION || n->op == SP_KW_PROCEDURE;
        sp_sql_collect_alias(t, child(n, SP_SQL_N_ALIAS));
        /* CREATE TABLE t makes a stored one, whatever else has its name */
        if (statement->kind == SP_SQL_N_STATEMENT && statement->op == SP_SQL_CREATE)
                t->is_temporary = statement->flags & SP_SQL_F_TEMP && t->n_parts == 1;
        return walk_rest(w, n, n->first, s);
}

static bool is_dml(const struct sp_sql_node *n)
{
        return n->op == SP_SQL_UPDATE || n->op == SP_SQL_DELETE ||
               n->op == SP_SQL_MERGE || n->op == SP_SQL_INSERT ||
               n->op == SP_SQL_TRUNCATE;
}

static bool sees_temps(const struct sp_sql_node *n)
{
        return is_dml(n) || n->op == SP_SQL_SELECT || n->op == SP_SQL_SCRIPT ||
               n->op == SP_SQL_EXPORT || sp_str_eq(n->text, SP_STR("CreateTable")) ||
               sp_str_eq(n->text, SP_STR("DropTable")) ||
               sp_str_eq(n->text, SP_STR("Assert"));
}

/* The table arguments of CREATE TABLE FUNCTION: names of rows in its body. */
static bool add_table_parameters(struct walker *w, const struct sp_sql_node *n,
                                 struct sp_sql_scope *s)
{
        if (!sp_str_eq(n->text, SP_STR("CreateTableFunction")))
                return true;
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_node *type = child(c, SP_SQL_N_TYPE);

                if (c->kind == SP_SQL_N_CLAUSE && type &&
                    sp_str_caseeq(type->text, SP_STR("TABLE")) &&
                    !sp_sql_scope_add(w->p, &s->ctes, c->text))
                        return false;
        }
        return true;
}

static bool walk_statement_parts(struct walker *w, const struct sp_sql_node *n,
                                 struct sp_sql_scope s,
                                 const struct sp_sql_name **temps)
{
        const struct sp_sql_node *from = child(n, SP_SQL_N_FROM), *c;
        struct sp_sql_scope inside;

        if (!sees_temps(n))
                s.temps = NULL;
        if (!add_table_parameters(w, n, &s))
                return false;
        if (sp_str_eq(n->text, SP_STR("SystemVariableAssignment")) &&
            !sp_sql_collect_system_variable(w->p, w->into,
                                            child(n, SP_SQL_N_SYSTEM)->text))
                return false;
        inside = s;
        if (from && !walk_from(w, from, s, &inside, false))
                return false;
        for (c = n->first; c; c = c->next) {
                if (c->kind != SP_SQL_N_TARGET)
                        continue;
                if (!walk_target(w, c, n, s))
                        return false;
                if (is_dml(n) && n->op != SP_SQL_INSERT && c->first->first) {
                        const struct sp_sql_node *alias = child(c, SP_SQL_N_ALIAS);

                        if (!sp_sql_scope_add(w->p, &inside.ranges,
                                              alias ? alias->text
                                                    : sp_sql_implicit_alias(c->first)))
                                return false;
                }
        }
        for (c = n->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_BLOCK)
                        ok = walk_block(w, c, s, temps);
                else if (c->kind != SP_SQL_N_TARGET && c != from)
                        ok = walk(w, c, inside);
                if (!ok)
                        return false;
        }
        return true;
}

static bool walk_statement(struct walker *w, const struct sp_sql_node *n,
                           struct sp_sql_scope s, const struct sp_sql_name **temps)
{
        struct sp_sql_collector *outer = w->into, mine = { 0 };
        struct sp_sql_statement *st;
        size_t index = w->statements.n;
        bool ok;

        if (w->is_folding)
                return walk_statement_parts(w, n, s, NULL);
        st = sp_sql_vector_add(w->p->arena, &w->statements, sizeof(*st));
        if (!st) {
                sp_sql_no_memory(w->p);
                return false;
        }
        w->into = &mine;
        ok = walk_statement_parts(w, n, s, temps);
        w->into = outer;
        if (!ok)
                return false;
        sp_sql_collect_sort(&mine);
        st = (struct sp_sql_statement *)w->statements.v + index; /* may have moved */
        *st = (struct sp_sql_statement){
                .kind = n->text.p, /* a literal: NUL-terminated */
                .action = (enum sp_sql_action)n->op,
                .span = n->span,
                .tables = mine.tables.v,
                .n_tables = mine.tables.n,
                .functions = mine.functions.v,
                .n_functions = mine.functions.n,
                .opaque = mine.opaque.v,
                .n_opaque = mine.opaque.n,
                .system_variables = mine.system_variables.v,
                .n_system_variables = mine.system_variables.n,
                .is_temporary = n->flags & SP_SQL_F_TEMP,
        };
        sp_sql_find_where(w->p, n, st);
        return !temps || sp_sql_temps_after(w->p, &w->temps, n, temps);
}

/* ---- everything else ---- */

static bool walk_argument(struct walker *w, const struct sp_sql_node *n,
                          struct sp_sql_scope s)
{
        bool is_model = n->kind == SP_SQL_N_MODEL_ARG;
        struct sp_sql_table *t;

        if (!is_model && n->kind != SP_SQL_N_SOURCE && sp_sql_is_cte(n->first, s))
                return true;
        if (!sp_sql_collect_table(w->p, w->into, n->first, s, &t))
                return false;
        t->is_read = t->is_argument = true;
        t->is_model = is_model;
        return walk_rest(w, n, n->first, s);
}

static bool walk_folded(struct walker *w, const struct sp_sql_node *n,
                        struct sp_sql_scope s)
{
        bool was = w->is_folding, ok;

        w->is_folding = true;
        s.temps = NULL;
        ok = walk_statement(w, n, s, NULL);
        w->is_folding = was;
        return ok;
}

static bool walk(struct walker *w, const struct sp_sql_node *n, struct sp_sql_scope s)
{
        struct sp_sql_scope ignored;

        switch (n->kind) {
        case SP_SQL_N_QUERY:
                return walk_query(w, n, s);
        case SP_SQL_N_SELECT:
                return walk_select(w, n, s, &ignored);
        case SP_SQL_N_FROM:
                ignored = s;
                return walk_from(w, n, s, &ignored, false);
        case SP_SQL_N_TABLE:
        case SP_SQL_N_TABLE_QUERY:
        case SP_SQL_N_TABLE_JOIN:
        case SP_SQL_N_TABLE_CALL:
        case SP_SQL_N_TABLE_UNNEST:
                ignored = s;
                return walk_table(w, n, s, &ignored, false);
        case SP_SQL_N_TABLE_ARG:
        case SP_SQL_N_MODEL_ARG:
        case SP_SQL_N_SOURCE:
                return walk_argument(w, n, s);
        case SP_SQL_N_TARGET:
                return walk_target(w, n, n, s);
        case SP_SQL_N_STATEMENT:
                return walk_folded(w, n, s);
        case SP_SQL_N_BLOCK:
                return walk_block(w, n, s, NULL);
        case SP_SQL_N_OPAQUE:
                return sp_sql_collect_opaque(w->p, w->into, n->text);
        case SP_SQL_N_CALL:
                return (sp_sql_is_week(n) ||
                        sp_sql_collect_function(w->p, w->into, n, false)) &&
                       walk_rest(w, n, NULL, s);
        case SP_SQL_N_INDEX:
                if (n->first && sp_sql_is_subscript(n->first))
                        n = n->first;
                break;
        default:
                break;
        }
        return walk_rest(w, n, NULL, s);
}

int sp_sql_facts(struct sp_sql_parser *p, const struct sp_sql_node *script,
                 struct sp_sql_script *ret)
{
        struct walker w = { .p = p };

        if (!sp_sql_temps_look_ahead(p, script, &w.temps) ||
            !walk_block(&w, script, (struct sp_sql_scope){ 0 }, NULL))
                return p->code ? p->code : -EINVAL;
        ret->statements = w.statements.v;
        ret->n_statements = w.statements.n;
        return 0;
}
