/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries and WITH. The columns of a recursive query are cells that grow when its
 * recursive part is known, so that nothing is resolved twice.
 */
#include "daemon/sql/name.h"
#include "daemon/sql/resolve_shape.h"

enum state { NEW, BUSY, DONE };

struct sp_sql_cte {
        struct sp_sql_name link;
        const struct sp_sql_name *visible; /* what its own query sees */
        struct sp_str name;
        const struct sp_sql_node *node;
        const struct sp_sql_node *path; /* of a view that reads itself; else NULL */
        const struct sp_sql_node *setop; /* RECURSIVE: the operation that is repeated */
        const struct sp_sql_relation
                *relation; /* BUSY: its cells, once there are some */
        enum state state;
};

/* ---- WITH ---- */

static struct sp_sql_cte *push(struct sp_sql_resolver *r, struct sp_str name,
                               const struct sp_sql_node *node)
{
        struct sp_sql_cte *c = sp_arena_new(r->arena, struct sp_sql_cte);

        if (!c)
                return sp_sql_resolver_no_memory(r);
        c->link.text = name;
        c->link.is_folded = true;
        c->name = name;
        c->node = node;
        return sp_sql_scope_push(r->arena, &r->ctes, &c->link)
                       ? c
                       : sp_sql_resolver_no_memory(r);
}

bool sp_sql_cte_add(struct sp_sql_resolver *r, struct sp_str name,
                    const struct sp_sql_relation *relation)
{
        struct sp_sql_cte *c = push(r, name, NULL);

        if (!c)
                return false;
        c->relation = relation;
        c->state = DONE;
        return true;
}

/* WITH DEPTH [AS d]: how often it was repeated, which is no stored value */
static const struct sp_sql_relation *add_depth(struct sp_sql_resolver *r,
                                               const struct sp_sql_relation *relation,
                                               const struct sp_sql_node *clause)
{
        const struct sp_sql_node *alias = sp_sql_child(clause, SP_SQL_N_ALIAS);
        struct sp_sql_vector columns = { 0 };

        for (size_t i = 0; i <= relation->n; i++) {
                struct sp_sql_column *c =
                        sp_sql_vector_add(r->arena, &columns, sizeof(*c));

                if (!c)
                        return sp_sql_resolver_no_memory(r);
                if (i < relation->n) {
                        *c = relation->columns[i];
                        continue;
                }
                c->name = alias ? alias->text : SP_STR("depth");
                c->value = sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_INT64),
                                            NULL);
                if (!c->value)
                        return NULL;
        }
        return sp_sql_relation_new(r, &columns, relation->is_value_table);
}

/* The operation whose operands may read the query itself. */
static const struct sp_sql_node *repeated(const struct sp_sql_node *query)
{
        while (query && query->kind == SP_SQL_N_QUERY) {
                const struct sp_sql_node *body = query->first, *last = query->last;

                if (last->kind == SP_SQL_N_PIPE &&
                    (last->op == SP_KW_UNION || last->op == SP_KW_INTERSECT ||
                     last->op == SP_KW_EXCEPT))
                        return last;
                while (body &&
                       (body->kind == SP_SQL_N_HINT || body->kind == SP_SQL_N_WITH))
                        body = body->next;
                query = body;
        }
        return query && query->kind == SP_SQL_N_SETOP ? query : NULL;
}

static const struct sp_sql_relation *resolve_cte(struct sp_sql_resolver *r,
                                                 struct sp_sql_cte *c)
{
        const struct sp_sql_lateral *lateral = r->lateral;
        const struct sp_sql_node *query = sp_sql_child(c->node, SP_SQL_N_QUERY),
                                 *depth = sp_sql_child(c->node, SP_SQL_N_CLAUSE);
        const struct sp_sql_name *ctes = r->ctes;
        struct sp_sql_cte *recursing = r->recursing;
        const struct sp_sql_relation *relation;

        c->state = BUSY;
        r->ctes = c->visible;
        r->recursing = c;
        r->lateral = NULL;
        relation = sp_sql_resolve_query(r, NULL, query);
        r->lateral = lateral;
        r->recursing = recursing;
        r->ctes = ctes;
        c->relation = relation && depth ? add_depth(r, relation, depth) : relation;
        c->state = DONE;
        return c->relation;
}

/* g() AS GROUP ROWS: the rows that the subquery around it stands beside. Else a WITH query
 * is never correlated. */
static const struct sp_sql_relation *group_rows(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *outer,
                                                struct sp_sql_cte *c)
{
        if (!outer)
                return sp_sql_unresolved(r, c->node->span,
                                         "GROUP ROWS without rows around it");
        c->relation = sp_sql_names_relation(r, outer, c->node->span);
        c->state = DONE;
        return c->relation;
}

bool sp_sql_resolve_with(struct sp_sql_resolver *r, const struct sp_sql_names *outer,
                         const struct sp_sql_node *with)
{
        bool is_recursive = with->flags & SP_SQL_F_RECURSIVE;
        struct sp_sql_vector made = { 0 };

        for (const struct sp_sql_node *n = with->first; n; n = n->next) {
                const struct sp_sql_name *visible = r->ctes;
                struct sp_sql_cte **to, *c;

                if (n->kind != SP_SQL_N_CTE)
                        continue;
                c = push(r, n->text, n);
                to = c ? sp_sql_vector_add(r->arena, &made, sizeof(struct sp_sql_cte *))
                       : NULL;
                if (!to)
                        return c ? sp_sql_resolver_no_memory(r) != NULL : false;
                *to = c;
                if (is_recursive && sp_sql_child(n, SP_SQL_N_QUERY)) {
                        c->setop = repeated(sp_sql_child(n, SP_SQL_N_QUERY));
                        continue;
                }
                c->visible = visible;
                if (!(sp_sql_child(n, SP_SQL_N_QUERY) ? resolve_cte(r, c)
                                                      : group_rows(r, outer, c)))
                        return false;
        }
        for (size_t i = 0; is_recursive && i < made.n; i++)
                ((struct sp_sql_cte **)made.v)[i]->visible = r->ctes;
        for (size_t i = 0; is_recursive && i < made.n; i++) {
                struct sp_sql_cte *c = ((struct sp_sql_cte **)made.v)[i];

                if (c->state == NEW && !resolve_cte(r, c))
                        return false;
        }
        return true;
}

const struct sp_sql_relation *sp_sql_resolve_recursive(struct sp_sql_resolver *r,
                                                       const struct sp_sql_node *path,
                                                       const struct sp_sql_node *query)
{
        const struct sp_sql_name *ctes = r->ctes;
        struct sp_sql_cte *recursing = r->recursing,
                          *c = push(r, path->last->text, NULL);
        const struct sp_sql_relation *relation;

        if (!c)
                return NULL;
        c->path = path;
        c->setop = repeated(query);
        c->state = BUSY;
        r->recursing = c;
        relation = sp_sql_resolve_query(r, NULL, query);
        r->recursing = recursing;
        r->ctes = ctes;
        return relation;
}

/* The name of a WITH query has one part; that of a view that reads itself, its path's. */
static bool is_named(const struct sp_sql_cte *c, const struct sp_sql_node *path)
{
        const struct sp_sql_node *x = c->path ? c->path->first : NULL, *y = path->first;

        if (!c->path)
                return y == path->last && sp_sql_name_eq(c->name, y->text);
        while (x && y && sp_str_eq(x->text, y->text)) {
                x = x->next;
                y = y->next;
        }
        return !x && !y;
}

bool sp_sql_cte_find(struct sp_sql_resolver *r, const struct sp_sql_node *path,
                     const struct sp_sql_relation **ret)
{
        const struct sp_sql_name *n = sp_sql_scope_find(r->ctes, path->last->text);
        struct sp_sql_cte *c;

        while (n && !is_named((const struct sp_sql_cte *)n, path))
                n = sp_sql_scope_find_next(n);
        if (!n)
                return false;
        c = (struct sp_sql_cte *)n; /* a NEW one is resolved */
        *ret = c->relation;
        if (c->state == NEW)
                *ret = resolve_cte(r, c);
        else if (!c->relation && !r->code)
                *ret = sp_sql_unresolved(
                        r, path->span,
                        "Table %.*s is read by itself where it is not known yet",
                        SP_FMT(sp_str_sub(c->name, 0, 120)));
        return true;
}

/* ---- set operations ---- */

static const struct sp_sql_relation *
resolve_body(struct sp_sql_resolver *r, const struct sp_sql_names *outer,
             const struct sp_sql_node *n, const struct sp_sql_names **ret_order);

const struct sp_sql_relation *sp_sql_relation_cells(struct sp_sql_resolver *r,
                                                    const struct sp_sql_relation *of,
                                                    struct sp_sql_sources ***ret_cells)
{
        struct sp_sql_sources **cells =
                sp_arena_array(r->arena, of->n, sizeof(struct sp_sql_sources *));
        struct sp_sql_vector columns = { 0 };

        if (!cells)
                return sp_sql_resolver_no_memory(r);
        for (size_t i = 0; i < of->n; i++) {
                struct sp_sql_column *c =
                        sp_sql_vector_add(r->arena, &columns, sizeof(*c));

                cells[i] = c ? sp_sql_sources_cell(r) : NULL;
                if (!cells[i])
                        return sp_sql_resolver_no_memory(r);
                c->name = of->columns[i].name;
                c->value = sp_sql_value_new(r, of->columns[i].value->type, cells[i]);
                if (!c->value ||
                    !sp_sql_sources_fill(r, cells[i], of->columns[i].value->sources))
                        return NULL;
        }
        *ret_cells = cells;
        return sp_sql_relation_new(r, &columns, of->is_value_table);
}

bool sp_sql_relation_fill(struct sp_sql_resolver *r, struct sp_sql_sources **cells,
                          size_t n, const struct sp_sql_relation *with,
                          struct sp_sql_span at)
{
        if (!with)
                return false;
        if (with->n != n)
                return sp_sql_unresolved(r, at,
                                         "A recursive query changes its own columns") !=
                       NULL;
        for (size_t i = 0; i < n; i++)
                if (!sp_sql_sources_fill(r, cells[i], with->columns[i].value->sources))
                        return false;
        return true;
}

bool sp_sql_recursion_begin(struct sp_sql_resolver *r, const struct sp_sql_node *setop,
                            const struct sp_sql_relation *first,
                            struct sp_sql_sources ***ret_cells)
{
        *ret_cells = NULL;
        if (!r->recursing || r->recursing->setop != setop)
                return true;
        r->recursing->relation = sp_sql_relation_cells(r, first, ret_cells);
        return r->recursing->relation != NULL;
}

bool sp_sql_recursion_end(struct sp_sql_resolver *r, const struct sp_sql_node *setop,
                          struct sp_sql_sources **cells,
                          const struct sp_sql_relation *all)
{
        return all &&
               (!cells || sp_sql_relation_fill(r, cells, r->recursing->relation->n, all,
                                               setop->span));
}

static const struct sp_sql_relation *set_operation(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *outer,
                                                   const struct sp_sql_node *n)
{
        struct sp_sql_vector operands = { 0 };
        struct sp_sql_sources **cells = NULL;
        const struct sp_sql_relation *relation;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_relation **to;
                const struct sp_sql_names *order;

                if (c->kind == SP_SQL_N_HINT || c->kind == SP_SQL_N_LIST)
                        continue;
                relation = resolve_body(r, outer, c, &order);
                to = relation ? sp_sql_vector_add(r->arena, &operands,
                                                  sizeof(struct sp_sql_relation *))
                              : NULL;
                if (!to)
                        return relation ? sp_sql_resolver_no_memory(r) : NULL;
                *to = relation;
                if (operands.n == 1 && !sp_sql_recursion_begin(r, n, relation, &cells))
                        return NULL;
        }
        relation = sp_sql_resolve_setop(r, n, operands.v, operands.n);
        if (!sp_sql_recursion_end(r, n, cells, relation))
                return NULL;
        return relation;
}

/* ---- queries ---- */

/* *ret_order: what ORDER BY sees */
static const struct sp_sql_relation *resolve_body(struct sp_sql_resolver *r,
                                                  const struct sp_sql_names *outer,
                                                  const struct sp_sql_node *n,
                                                  const struct sp_sql_names **ret_order)
{
        const struct sp_sql_relation *relation;

        if (r->code || r->unresolved)
                return NULL;
        switch (n->kind) {
        case SP_SQL_N_SELECT:
                return sp_sql_resolve_select(r, outer, n, ret_order);
        case SP_SQL_N_SETOP:
                relation = set_operation(r, outer, n);
                break;
        case SP_SQL_N_QUERY:
                relation = sp_sql_resolve_query(r, outer, n);
                break;
        case SP_SQL_N_SUBQUERY: /* ( query ) that was read as an expression first */
                relation = sp_sql_resolve_query(r, outer, n->first);
                break;
        default:
                return sp_sql_unresolved(r, n->span, "This query cannot be resolved");
        }
        if (!relation)
                return NULL;
        *ret_order = sp_sql_names_of_query(r, relation, SP_STR_NULL, outer);
        return *ret_order ? relation : NULL;
}

/* ORDER BY, LIMIT: *ret_pipe: the first pipe operator behind them */
static bool resolve_tail(struct sp_sql_resolver *r, const struct sp_sql_names *order,
                         const struct sp_sql_names *outer, const struct sp_sql_node *n,
                         const struct sp_sql_node **ret_pipe)
{
        for (; n && n->kind != SP_SQL_N_PIPE; n = n->next) {
                bool ok = true;

                if (n->kind == SP_SQL_N_ORDER)
                        ok = sp_sql_resolve_ordinals(r, order, n, order->columns,
                                                     order->n_columns);
                else if (n->kind == SP_SQL_N_LIMIT)
                        ok = sp_sql_resolve_deciding(r, outer, n);
                if (!ok)
                        return false;
        }
        *ret_pipe = n;
        return true;
}

static const struct sp_sql_relation *resolve_query(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *outer,
                                                   const struct sp_sql_node *query)
{
        const struct sp_sql_node *n = query->first, *alias, *pipe = NULL;
        const struct sp_sql_relation *relation = NULL;
        const struct sp_sql_names *order = NULL;

        for (; n && (n->kind == SP_SQL_N_HINT || n->kind == SP_SQL_N_WITH); n = n->next)
                if (n->kind == SP_SQL_N_WITH && !sp_sql_resolve_with(r, outer, n))
                        return NULL;
        if (!n)
                return sp_sql_unresolved(r, query->span,
                                         "This query cannot be resolved");
        if (n->kind == SP_SQL_N_FROM) {
                order = sp_sql_resolve_from(r, outer, n);
        } else {
                relation = resolve_body(r, outer, n, &order);
                if (!relation)
                        return NULL;
        }
        if (!order || !resolve_tail(r, order, outer, n->next, &pipe))
                return NULL;
        alias = sp_sql_child(query, SP_SQL_N_ALIAS);
        if (relation && !pipe && !alias)
                return relation;
        if (relation)
                order = sp_sql_names_of_query(r, relation,
                                              alias ? alias->text : SP_STR_NULL, outer);
        return order ? sp_sql_resolve_pipes(r, order, outer, pipe) : NULL;
}

const struct sp_sql_relation *sp_sql_resolve_query(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *outer,
                                                   const struct sp_sql_node *query)
{
        const struct sp_sql_relation *relation = NULL;
        const struct sp_sql_name *ctes = r->ctes;
        const struct sp_sql_names *order;

        if (r->code || r->unresolved)
                return NULL;
        if (sp_sql_resolver_enter(r, query->span))
                relation = query->kind == SP_SQL_N_QUERY
                                   ? resolve_query(r, outer, query)
                                   : resolve_body(r, outer, query, &order);
        sp_sql_resolver_leave(r);
        r->ctes = ctes;
        return relation;
}
