/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipe operators. An operator that keeps the row (EXTEND, SET, WHERE, …) keeps the table
 * aliases with the values they had; one that makes a new row (SELECT, AGGREGATE, …) ends
 * them.
 */
#include "daemon/sql/resolve_pipe.h"

static bool run(struct sp_sql_pipe *p, const struct sp_sql_node *first);

static struct sp_str alias_of(const struct sp_sql_node *n)
{
        const struct sp_sql_node *alias = sp_sql_child(n, SP_SQL_N_ALIAS);

        return alias ? alias->text : SP_STR_NULL;
}

/* ---- rows only ---- */

static bool filter_all(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_HINT || c->kind == SP_SQL_N_OPAQUE)
                        continue;
                if (!sp_sql_filter(p->r, sp_sql_resolve_expr(p->r, p->names, c)))
                        return false;
        }
        return true;
}

static bool order(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *o = sp_sql_child(n, SP_SQL_N_ORDER);

        return !o || sp_sql_resolve_ordinals(p->r, p->names, o, p->names->columns,
                                             p->names->n_columns);
}

/* ---- rows from elsewhere ---- */

static bool set_operation(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_relation **v, *all;
        struct sp_sql_sources **cells;
        size_t count = 1;

        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                count++;
        v = sp_arena_array(p->r->arena, count, sizeof(const struct sp_sql_relation *));
        if (!v)
                return sp_sql_resolver_no_memory(p->r);
        v[0] = sp_sql_names_relation(p->r, p->names, n->span);
        if (!v[0] || !sp_sql_recursion_begin(p->r, n, v[0], &cells))
                return false;
        count = 1;
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_HINT || c->kind == SP_SQL_N_LIST ||
                    c->kind == SP_SQL_N_OPAQUE)
                        continue;
                v[count] = sp_sql_resolve_query(p->r, p->outer, c);
                if (!v[count++])
                        return false;
        }
        all = sp_sql_resolve_setop(p->r, n, v, count);
        return sp_sql_recursion_end(p->r, n, cells, all) &&
               sp_sql_pipe_becomes(p, all, SP_STR_NULL);
}

/* The depth column of WITH DEPTH behind the others. */
static const struct sp_sql_relation *with_depth(struct sp_sql_pipe *p,
                                                const struct sp_sql_relation *relation,
                                                const struct sp_sql_node *depth)
{
        const struct sp_sql_node *alias = sp_sql_child(depth, SP_SQL_N_ALIAS);
        struct sp_sql_column *columns =
                sp_sql_columns_new(p->r, relation->n + 1, depth->span);

        if (!columns)
                return NULL;
        for (size_t i = 0; i < relation->n; i++)
                columns[i] = relation->columns[i];
        columns[relation->n].name = alias ? alias->text : SP_STR("depth");
        columns[relation->n].value =
                sp_sql_value_new(p->r, sp_sql_type_simple(SP_SQL_TYPE_INT64), NULL);
        return columns[relation->n].value
                       ? sp_sql_relation_of(p->r, columns, relation->n + 1)
                       : NULL;
}

/* What the rows of `seen` lead to in one more step. */
static const struct sp_sql_relation *step(struct sp_sql_pipe *p,
                                          const struct sp_sql_node *n,
                                          const struct sp_sql_relation *seen,
                                          struct sp_str alias)
{
        const struct sp_sql_node *part = sp_sql_child(n, SP_SQL_N_SUBPIPELINE);
        struct sp_sql_pipe inner = *p;

        if (alias.n && !sp_sql_cte_add(p->r, alias, seen))
                return NULL;
        if (!part) {
                part = sp_sql_child(n, SP_SQL_N_QUERY);
                return part ? sp_sql_resolve_query(p->r, p->outer, part) : NULL;
        }
        if (!alias.n && seen->is_value_table && p->names->n_columns)
                alias = p->names->columns[0].name; /* the row keeps its name */
        if (!sp_sql_pipe_becomes(&inner, seen, alias) || !run(&inner, part->first))
                return NULL;
        return sp_sql_names_relation(p->r, inner.names, part->span);
}

static bool recursive(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_name *ctes = p->r->ctes;
        const struct sp_sql_node *depth = sp_sql_child(n, SP_SQL_N_CLAUSE);
        const struct sp_sql_relation *pair[2], *all,
                *input = sp_sql_names_relation(p->r, p->names, n->span);
        struct sp_sql_sources **cells = NULL;
        struct sp_str alias = alias_of(n);

        pair[0] = input ? sp_sql_relation_cells(p->r, input, &cells) : NULL;
        if (!pair[0])
                return false;
        pair[1] = step(p, n, pair[0], alias);
        p->r->ctes = ctes;
        if (!pair[1])
                return false;
        all = sp_sql_resolve_setop(p->r, n, pair, 2);
        if (!sp_sql_relation_fill(p->r, cells, pair[0]->n, all, n->span))
                return false;
        all = depth ? with_depth(p, pair[0], depth) : pair[0];
        return sp_sql_pipe_becomes(p, all, alias);
}

/* ---- pipes in pipes ---- */

enum truth { IS_FALSE, IS_TRUE, IS_NULL, IS_UNKNOWN };

/* IF wants a constant that is known without running anything. */
static enum truth truth_of(const struct sp_sql_node *n)
{
        bool is_negated = false;
        enum truth t = IS_UNKNOWN;

        while (n && (n->kind == SP_SQL_N_PAREN || n->kind == SP_SQL_N_NOT)) {
                is_negated ^= n->kind == SP_SQL_N_NOT;
                n = n->first;
        }
        if (n && n->kind == SP_SQL_N_NULL)
                return IS_NULL;
        if (n && n->kind == SP_SQL_N_TRUE)
                t = is_negated ? IS_FALSE : IS_TRUE;
        if (n && n->kind == SP_SQL_N_FALSE)
                t = is_negated ? IS_TRUE : IS_FALSE;
        return t;
}

static bool if_(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *chosen = NULL;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                enum truth t = IS_TRUE;

                if (c->kind != SP_SQL_N_WHEN && c->kind != SP_SQL_N_ELSE)
                        continue;
                if (c->kind == SP_SQL_N_WHEN)
                        t = truth_of(c->first);
                if (t == IS_UNKNOWN)
                        return sp_sql_unresolved(
                                p->r, c->span,
                                "Pipe IF condition expression is not a "
                                "constant known here");
                if (t == IS_TRUE && !chosen)
                        chosen = c->last;
        }
        return !chosen || run(p, chosen->first);
}

/* LOG: the input goes on; what is looked at beside it only decides. */
static bool look(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                struct sp_sql_pipe inner = *p;

                if (c->kind == SP_SQL_N_SUBPIPELINE && !run(&inner, c->first))
                        return false;
        }
        return true;
}

static bool describe(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        struct sp_sql_column *column = sp_sql_columns_new(p->r, 1, n->span);

        if (!column)
                return false;
        column->name = SP_STR("Describe");
        column->value =
                sp_sql_value_new(p->r, sp_sql_type_simple(SP_SQL_TYPE_STRING), NULL);
        return column->value &&
               sp_sql_pipe_becomes(p, sp_sql_relation_of(p->r, column, 1), SP_STR_NULL);
}

/* CREATE TABLE, INSERT, EXPORT DATA at the end: the columns that are written. */
static bool write_(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *s = sp_sql_child(n, SP_SQL_N_STATEMENT);
        const struct sp_sql_relation *relation =
                sp_sql_names_relation(p->r, p->names, n->span);

        if (!s || !relation)
                return false;
        if (n->op == SP_KW_INSERT)
                relation = sp_sql_resolve_insert(p->r, s, relation);
        else if (n->op == SP_KW_CREATE)
                relation = sp_sql_relation_renamed(p->r, s, relation);
        return sp_sql_pipe_becomes(p, relation, SP_STR_NULL);
}

/* PIVOT and its like: the alias is the operator's. */
static bool reshape(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *pivot = sp_sql_child(n, SP_SQL_N_PIVOT);
        const struct sp_sql_names *names;

        if (!pivot)
                return false;
        names = sp_sql_resolve_pivot(p->r, p->names, p->outer, pivot);
        if (!names)
                return false;
        p->names = names;
        if (!alias_of(n).n)
                return true;
        return sp_sql_pipe_becomes(p, sp_sql_names_relation(p->r, names, n->span),
                                   alias_of(n));
}

static bool sample(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *s = sp_sql_child(n, SP_SQL_N_SAMPLE);

        p->names = s ? sp_sql_resolve_sample(p->r, p->names, p->outer, s) : NULL;
        return p->names != NULL;
}

/* The input goes to the function's first table. */
static bool call(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *t = sp_sql_child(n, SP_SQL_N_TABLE_CALL);
        const struct sp_sql_relation *input =
                sp_sql_names_relation(p->r, p->names, n->span);
        bool is_known;

        if (!t || !t->first || !input)
                return false;
        input = sp_sql_routine_table(p->r, input, p->outer, t->first, &is_known);
        if (!input)
                return sp_sql_unresolved(p->r, n->span,
                                         "The columns of a table function's result are "
                                         "not known");
        return sp_sql_pipe_becomes(p, input, alias_of(t));
}

static bool join(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *j = sp_sql_child(n, SP_SQL_N_JOIN);

        p->names = j ? sp_sql_resolve_join(p->r, p->names, p->outer, j) : NULL;
        return p->names != NULL;
}

/* ---- all operators ---- */

static bool operate(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *c;

        switch (n->op) {
        case SP_KW_WHERE:
                c = sp_sql_child(n, SP_SQL_N_WHERE);
                return c && filter_all(p, c);
        case SP_KW_LIMIT:
                c = sp_sql_child(n, SP_SQL_N_LIMIT);
                return c && filter_all(p, c);
        case SP_KW_ORDER:
                return order(p, n);
        case SP_KW_TABLESAMPLE:
                return sample(p, n);
        case SP_KW_SELECT:
                return sp_sql_pipe_select(p, n);
        case SP_KW_EXTEND:
        case SP_KW_WINDOW:
                return sp_sql_pipe_extend(p, n);
        case SP_KW_AGGREGATE:
                return sp_sql_pipe_aggregate(p, n);
        case SP_KW_SET:
        case SP_KW_DROP:
        case SP_KW_RENAME:
                return sp_sql_pipe_change(p, n);
        case SP_KW_AS:
                return sp_sql_pipe_becomes(
                        p, sp_sql_names_relation(p->r, p->names, n->span), alias_of(n));
        case SP_KW_JOIN:
                return join(p, n);
        case SP_KW_CALL:
                return call(p, n);
        case SP_KW_UNION:
        case SP_KW_INTERSECT:
        case SP_KW_EXCEPT:
                return set_operation(p, n);
        case SP_KW_WITH:
                c = sp_sql_child(n, SP_SQL_N_WITH);
                return c && sp_sql_resolve_with(p->r, p->outer, c);
        case SP_KW_PIVOT:
        case SP_KW_UNPIVOT:
        case SP_KW_MATCH_RECOGNIZE:
        case SP_KW_ALIGN:
                return reshape(p, n);
        case SP_KW_ASSERT:
                return filter_all(p, n);
        case SP_KW_DISTINCT:
                return sp_sql_pipe_distinct(p, n);
        case SP_KW_DESCRIBE:
                return describe(p, n);
        case SP_KW_STATIC_DESCRIBE:
                return true;
        case SP_KW_FINISH: /* all rows are read, none come out */
                return sp_sql_pipe_becomes(p, sp_sql_relation_of(p->r, NULL, 0),
                                           SP_STR_NULL);
        case SP_KW_LOG:
                return look(p, n);
        case SP_KW_IF:
                return if_(p, n);
        case SP_KW_RECURSIVE:
                return recursive(p, n);
        case SP_KW_CREATE:
        case SP_KW_INSERT:
        case SP_KW_EXPORT:
                return write_(p, n);
        default: /* FORK and TEE have several results */
                return false;
        }
}

static bool run(struct sp_sql_pipe *p, const struct sp_sql_node *first)
{
        const struct sp_sql_name *ctes = p->r->ctes;
        bool ok = true;

        for (const struct sp_sql_node *n = first; ok && n; n = n->next) {
                if (n->kind != SP_SQL_N_PIPE)
                        continue;
                ok = operate(p, n) && !p->r->unresolved && !p->r->code;
                if (!ok)
                        sp_sql_unresolved(p->r, n->span,
                                          "this pipe operator cannot be resolved");
        }
        p->r->ctes = ctes;
        return ok;
}

const struct sp_sql_relation *sp_sql_resolve_pipes(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *input,
                                                   const struct sp_sql_names *outer,
                                                   const struct sp_sql_node *first)
{
        struct sp_sql_pipe p = { .r = r, .names = input, .outer = outer };

        if (!input || !run(&p, first))
                return NULL;
        return sp_sql_names_relation(r, p.names,
                                     first ? first->span : (struct sp_sql_span){ 0 });
}
