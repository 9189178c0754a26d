/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of a script, in the order of the facts: a statement, then those of its
 * blocks. Each is resolved on its own; what they leave for each other is in
 * resolve_script.h.
 */
#include "daemon/sql/resolve_script.h"
#include "daemon/sql/collect.h"

static bool walk_block(struct sp_sql_scripting *w, const struct sp_sql_node *block,
                       bool is_loop);

static bool is_expression(const struct sp_sql_node *n)
{
        switch (n->kind) {
        case SP_SQL_N_BLOCK:
        case SP_SQL_N_NAME:
        case SP_SQL_N_TYPE:
        case SP_SQL_N_HINT:
        case SP_SQL_N_OPAQUE:
        case SP_SQL_N_OPTIONS:
        case SP_SQL_N_CLAUSE:
        case SP_SQL_N_TARGET:
        case SP_SQL_N_STATEMENT:
                return false;
        default:
                return true;
        }
}

static const struct sp_sql_node *first_expression(const struct sp_sql_node *s)
{
        const struct sp_sql_node *c = s->first;

        while (c && !is_expression(c))
                c = c->next;
        return c;
}

/* ---- outputs ---- */

bool sp_sql_script_outputs(struct sp_sql_scripting *w,
                           const struct sp_sql_relation *relation)
{
        if (!relation)
                return false;
        return sp_sql_resolve_outputs(w->r, relation, &w->out[w->current]);
}

static bool one_output(struct sp_sql_scripting *w, const char *name,
                       const struct sp_sql_value *v)
{
        struct sp_sql_column *column =
                v ? sp_sql_columns_new(w->r, 1, (struct sp_sql_span){ 0 }) : NULL;

        if (!column)
                return false;
        column->name = sp_str_c(name);
        column->value = v;
        return sp_sql_script_outputs(w, sp_sql_relation_of(w->r, column, 1));
}

static bool create_function(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_relation *relation;

        if (!sp_sql_routine_make(w, s))
                return false;
        if (s->flags & SP_SQL_F_TEMP)
                return true; /* its calls say what comes out */
        relation = sp_sql_routine_result(w);
        return relation ? sp_sql_script_outputs(w, relation)
                        : !w->r->unresolved && !w->r->code;
}

/* ---- variables ---- */

static bool declare(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_node *type = sp_sql_child(s, SP_SQL_N_TYPE),
                                 *value = first_expression(s);
        const struct sp_sql_value *v =
                value ? sp_sql_resolve_expr(w->r, NULL, value) : NULL;
        const struct sp_sql_type *t = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        struct sp_err err = { 0 };
        bool ok = true;

        if (type && sp_sql_type_of(w->r->arena, type, &t, &err) == -ENOMEM)
                return sp_sql_resolver_no_memory(w->r);
        if (!type && v)
                t = v->type;
        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                if (c->kind != SP_SQL_N_NAME)
                        continue;
                if (!sp_sql_variable_add(w, c->text, t))
                        return false;
                if (value)
                        ok = sp_sql_variable_assign(w, c, v) && ok;
        }
        return ok;
}

static bool assign(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_node *value = first_expression(s);
        const struct sp_sql_value *v =
                value ? sp_sql_resolve_expr(w->r, NULL, value) : NULL;
        size_t i = 0, n = 0;
        bool ok = true;

        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                n += c->kind == SP_SQL_N_NAME;
        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                const struct sp_sql_value *part = v;

                if (c->kind != SP_SQL_N_NAME)
                        continue;
                if (v && sp_sql_is_kind(s, "AssignmentFromStruct") &&
                    v->type->kind == SP_SQL_TYPE_STRUCT && v->type->n_fields == n)
                        part = sp_sql_value_field_at(w->r, v, i);
                ok = sp_sql_variable_assign(w, c, part) && ok;
                i++;
        }
        return ok;
}

/* What the assignment does to unqualified names; in a branch it was noted before. */
static bool assign_system(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_node *name = sp_sql_child(s, SP_SQL_N_SYSTEM), *value;
        bool is_dataset = name && sp_str_caseeq(name->text, SP_STR("dataset_id")),
             is_project =
                     name && sp_str_caseeq(name->text, SP_STR("dataset_project_id"));
        bool *unsure = is_dataset ? &w->is_dataset_unsure : &w->is_project_unsure;
        struct sp_str *to =
                is_dataset ? &w->r->default_dataset : &w->r->default_project;

        for (value = name ? name->next : NULL; value && !is_expression(value);)
                value = value->next;
        if (!is_dataset && !is_project)
                return !value || sp_sql_resolve_expr(w->r, NULL, value) != NULL;
        if (w->conditional || *unsure)
                return true;
        if (!value || value->kind != SP_SQL_N_STRING || !value->text.n ||
            memchr(value->text.p, '.', value->text.n))
                *unsure = true;
        else
                *to = value->text;
        return true;
}

/* ---- control ---- */

/* The blocks of a statement, each with its own statements. */
static bool blocks(struct sp_sql_scripting *w, const struct sp_sql_node *block,
                   bool is_loop)
{
        struct sp_sql_resolver *r = w->r;
        const struct sp_sql_sources *filters = r->filters;
        const char *unresolved = r->unresolved;
        struct sp_sql_span at = r->unresolved_at;
        size_t current = w->current;
        bool ok = walk_block(w, block, is_loop);

        r->filters = filters;
        r->unresolved = unresolved;
        r->unresolved_at = at;
        w->current = current;
        return ok;
}

static bool for_(struct sp_sql_scripting *w, const struct sp_sql_node *s,
                 const struct sp_sql_relation *rows)
{
        const struct sp_sql_node *name = sp_sql_child(s, SP_SQL_N_NAME);
        struct sp_sql_range range = { .relation = rows };
        struct sp_sql_variable *v;
        const struct sp_sql_value *row;

        if (!name)
                return false;
        v = sp_sql_variable_add(w, name->text, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN));
        if (!v || !sp_sql_thing_written(w, &v->thing))
                return false;
        range.name = name->text;
        row = rows ? sp_sql_range_value(w->r, &range) : NULL;
        if (!row)
                return false;
        v->value = row; /* its columns apart, while nothing else is assigned */
        return sp_sql_sources_fill(w->r, v->cell, row->sources);
}

/* IF, CASE, LOOP, WHILE, REPEAT, FOR, BEGIN: conditions decide, blocks follow. */
static bool control(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_name *variables = w->r->variables;
        bool is_loop = sp_sql_is_kind(s, "Loop") || sp_sql_is_kind(s, "While") ||
                       sp_sql_is_kind(s, "Repeat") || sp_sql_is_kind(s, "For");
        bool ok = true, walked = true;

        for (const struct sp_sql_node *c = s->first; c && walked; c = c->next) {
                if (c->kind == SP_SQL_N_BLOCK)
                        walked = blocks(w, c, is_loop);
                else if (c->kind == SP_SQL_N_QUERY)
                        ok = for_(w, s, sp_sql_resolve_query(w->r, NULL, c)) && ok;
                else if (is_expression(c))
                        ok = sp_sql_filter(w->r, sp_sql_resolve_expr(w->r, NULL, c)) &&
                             ok;
        }
        w->r->variables = variables;
        return ok && walked;
}

/* ---- statements whose effect is not known ---- */

/* The variables that an argument or INTO names. */
static bool leave_unknown(struct sp_sql_scripting *w, const struct sp_sql_node *n)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                struct sp_sql_variable *v = NULL;

                if (c->kind == SP_SQL_N_NAME)
                        v = sp_sql_variable_get(w->r, c->text);
                else if (c->kind == SP_SQL_N_PATH && c->first && c->first == c->last)
                        v = sp_sql_variable_get(w->r, c->first->text);
                if (v && !sp_sql_thing_written(w, &v->thing))
                        return false;
                if (c->kind == SP_SQL_N_CALL && !leave_unknown(w, c))
                        return false;
        }
        return true;
}

static bool unknown(struct sp_sql_scripting *w, const struct sp_sql_node *s,
                    const char *why)
{
        if (!leave_unknown(w, s))
                return false;
        return sp_sql_unresolved(w->r, s->span, "%s", why) != NULL;
}

/* ---- one statement ---- */

static bool dml(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_node *target = sp_sql_child(s, SP_SQL_N_TARGET);
        const struct sp_sql_relation *relation = sp_sql_resolve_dml(w->r, s);
        bool ok = relation && (!relation->n || sp_sql_script_outputs(w, relation));

        if (target && target->first && target->first->first &&
            !sp_sql_temp_write(w, target->first, relation))
                return false;
        return ok;
}

static bool mark_targets(struct sp_sql_scripting *w, const struct sp_sql_node *s,
                         enum sp_sql_temp_state state)
{
        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                if (c->kind == SP_SQL_N_TARGET && c->first && c->first->first &&
                    !sp_sql_temp_mark(w, c->first, state))
                        return false;
        return true;
}

static bool filter_all(struct sp_sql_scripting *w, const struct sp_sql_node *s,
                       const struct sp_sql_names *names)
{
        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                if (is_expression(c) &&
                    !sp_sql_filter(w->r, sp_sql_resolve_expr(w->r, names, c)))
                        return false;
        return true;
}

/* The filter sees the table's columns. */
static bool row_policy(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_node *t = sp_sql_child(s, SP_SQL_N_TARGET);
        const struct sp_sql_relation *relation =
                t && t->first ? sp_sql_resolve_path(w->r, t->first) : NULL;
        const struct sp_sql_names *names =
                relation ? sp_sql_names_of(w->r, relation,
                                           sp_sql_implicit_alias(t->first), NULL)
                         : NULL;

        return names && filter_all(w, s, names);
}

static bool create(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        if (sp_sql_is_kind(s, "CreateTable") || sp_sql_is_kind(s, "CreateView") ||
            sp_sql_is_kind(s, "CreateMaterializedView") ||
            sp_sql_is_kind(s, "CreateSnapshotTable"))
                return sp_sql_resolve_create_table(w, s);
        if (sp_sql_is_kind(s, "CreateFunction") ||
            sp_sql_is_kind(s, "CreateTableFunction"))
                return create_function(w, s);
        if (sp_sql_is_kind(s, "CreateModel"))
                return !sp_sql_child(s, SP_SQL_N_QUERY) ||
                       sp_sql_script_outputs(w, sp_sql_resolve_queries(w, s));
        if (sp_sql_is_kind(s, "CreateProcedure"))
                return unknown(w, s, "The body of a procedure is not resolved");
        if (sp_sql_is_kind(s, "CreateRowAccessPolicy"))
                return row_policy(w, s);
        if (sp_sql_is_kind(s, "CreateExternalTable"))
                return mark_targets(w, s, SP_SQL_TEMP_UNSURE);
        if (sp_sql_child(s, SP_SQL_N_QUERY))
                return sp_sql_script_outputs(w, sp_sql_resolve_queries(w, s));
        return true;
}

static bool script_statement(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_node *e;

        if (sp_sql_is_kind(s, "VariableDeclaration"))
                return declare(w, s);
        if (sp_sql_is_kind(s, "SingleAssignment") ||
            sp_sql_is_kind(s, "AssignmentFromStruct"))
                return assign(w, s);
        if (sp_sql_is_kind(s, "SystemVariableAssignment"))
                return assign_system(w, s);
        if (sp_sql_is_kind(s, "Raise")) { /* the message is told */
                e = first_expression(s);
                return !e ||
                       one_output(w, "message", sp_sql_resolve_expr(w->r, NULL, e));
        }
        return control(w, s);
}

static bool dispatch(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        switch (s->op) {
        case SP_SQL_SELECT:
        case SP_SQL_EXPORT:
                return !sp_sql_child(s, SP_SQL_N_QUERY) ||
                       sp_sql_script_outputs(w, sp_sql_resolve_queries(w, s));
        case SP_SQL_INSERT:
        case SP_SQL_UPDATE:
        case SP_SQL_DELETE:
        case SP_SQL_MERGE:
        case SP_SQL_TRUNCATE:
                return dml(w, s);
        case SP_SQL_CREATE:
                return create(w, s);
        case SP_SQL_DROP:
                return mark_targets(w, s, SP_SQL_TEMP_GONE);
        case SP_SQL_ALTER:
        case SP_SQL_LOAD:
                return mark_targets(w, s, SP_SQL_TEMP_UNSURE);
        case SP_SQL_CALL:
                return unknown(w, s, "What a procedure does is not known here");
        case SP_SQL_EXECUTE:
                return unknown(w, s, "The text of dynamic SQL is not known here");
        case SP_SQL_SCRIPT:
                return script_statement(w, s);
        default:
                if (sp_sql_is_kind(s, "Assert"))
                        return filter_all(w, s, NULL);
                if (sp_sql_child(s, SP_SQL_N_STATEMENT) ||
                    sp_sql_child(s, SP_SQL_N_QUERY))
                        return unknown(w, s,
                                       "What this statement tells is not known here");
                return true;
        }
}

/* No name is one or two, depending on how the engine compares names. */
static bool is_spelled_once(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        const struct sp_sql_spellings *all = w->r->spellings;

        if (!all || !all->is_doubtful)
                return true;
        if (!all->other.n)
                return sp_sql_unresolved(w->r, s->span,
                                         "What the name %.*s is equal to is not "
                                         "certain",
                                         SP_FMT(sp_str_sub(all->name, 0, 120))) != NULL;
        return sp_sql_unresolved(w->r, s->span,
                                 "Whether %.*s and %.*s are one name is not certain",
                                 SP_FMT(sp_str_sub(all->name, 0, 120)),
                                 SP_FMT(sp_str_sub(all->other, 0, 120))) != NULL;
}

static bool statement(struct sp_sql_scripting *w, const struct sp_sql_node *s)
{
        struct sp_sql_resolver *r = w->r;
        size_t index = w->at;
        bool ok;

        if (index >= w->n_out)
                return false; /* the facts count them in the same way */
        w->at++;
        w->current = index;
        r->filters = NULL;
        r->unresolved = NULL;
        r->ctes = NULL;
        r->recursing = NULL;
        r->depth = 0;
        ok = dispatch(w, s) && !r->unresolved && is_spelled_once(w, s);
        w->current = index;
        if (!ok)
                sp_sql_unresolved(r, s->span, "This statement cannot be resolved");
        w->out[index].unresolved = r->unresolved;
        w->out[index].unresolved_at = r->unresolved_at;
        return !r->code && (r->unresolved || sp_sql_resolve_filters(r, &w->out[index]));
}

static bool walk_block(struct sp_sql_scripting *w, const struct sp_sql_node *block,
                       bool is_loop)
{
        const struct sp_sql_temp *before = w->r->temps;
        bool is_certain = block->flags & SP_SQL_F_ALWAYS;

        if (!is_certain && !sp_sql_block_begin(w, block, is_loop))
                return false;
        for (const struct sp_sql_node *c = block->first; c; c = c->next)
                if (!statement(w, c))
                        return false;
        return is_certain || sp_sql_block_end(w, before);
}

/* ---- what has to be known from the start ---- */

static bool note_branched(struct sp_sql_scripting *w, const struct sp_sql_node *s,
                          bool is_branch)
{
        const struct sp_sql_node *t = sp_sql_child(s, SP_SQL_N_TARGET);
        struct sp_sql_places *to = NULL;
        struct sp_str name;

        if (!t || !t->first || !t->first->last)
                return true;
        name = t->first->last->text;
        if (is_branch && (sp_sql_is_kind(s, "CreateFunction") ||
                          sp_sql_is_kind(s, "CreateTableFunction")))
                to = &w->branched;
        if (s->op == SP_SQL_INSERT || s->op == SP_SQL_UPDATE || s->op == SP_SQL_MERGE) {
                to = &w->written;
                name = sp_sql_implicit_alias(t->first);
        }
        if (to)
                *sp_sql_place(to, NULL, name) =
                        (struct sp_sql_place){ NULL, name, 0, true };
        return true;
}

/* Those of blocks and of procedures' bodies too. */
static size_t count_statements(const struct sp_sql_node *n)
{
        size_t count = 0;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                count += c->kind == SP_SQL_N_STATEMENT;
                if (c->kind == SP_SQL_N_STATEMENT || c->kind == SP_SQL_N_BLOCK)
                        count += count_statements(c);
        }
        return count;
}

static bool look_ahead(struct sp_sql_scripting *w, const struct sp_sql_node *n,
                       bool is_branch)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_node *name;

                if (c->kind == SP_SQL_N_BLOCK &&
                    !look_ahead(w, c, is_branch || !(c->flags & SP_SQL_F_ALWAYS)))
                        return false;
                if (c->kind != SP_SQL_N_STATEMENT)
                        continue;
                if (c->op == SP_SQL_EXECUTE || c->op == SP_SQL_CALL)
                        w->is_dynamic = true;
                name = sp_sql_is_kind(c, "SystemVariableAssignment")
                               ? sp_sql_child(c, SP_SQL_N_SYSTEM)
                               : NULL;
                if (name && is_branch &&
                    sp_str_caseeq(name->text, SP_STR("dataset_id")))
                        w->is_dataset_unsure = true;
                if (name && is_branch &&
                    sp_str_caseeq(name->text, SP_STR("dataset_project_id")))
                        w->is_project_unsure = w->is_dataset_unsure = true;
                if (!note_branched(w, c, is_branch) || !look_ahead(w, c, is_branch))
                        return false;
        }
        return true;
}

bool sp_sql_resolve_script(struct sp_sql_resolver *r, const struct sp_sql_node *root,
                           struct sp_sql_lineage *out, size_t n_out)
{
        struct sp_sql_scripting w = { .r = r, .out = out, .n_out = n_out };
        size_t count = count_statements(root);
        bool ok;

        r->script = &w;
        ok = sp_sql_places_new(r, &w.written, count) &&
             sp_sql_places_new(r, &w.branched, count) && look_ahead(&w, root, false) &&
             walk_block(&w, root, false);
        r->script = NULL;
        r->unresolved = NULL;
        if (ok)
                sp_sql_spread_doubt(&w);
        return ok;
}
