/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT: the list, and the clauses that only decide which rows and groups there are. */
#include "daemon/sql/index.h"
#include "daemon/sql/resolve_shape.h"

struct sp_str sp_sql_item_name(const struct sp_sql_node *item)
{
        const struct sp_sql_node *e = item;

        if (item->kind == SP_SQL_N_ITEM) {
                if (item->last->kind == SP_SQL_N_ALIAS)
                        return item->last->text;
                e = item->first;
        }
        while (e && e->kind == SP_SQL_N_PAREN)
                e = e->first;
        if (e && e->kind == SP_SQL_N_PATH)
                return e->last->text;
        if (e && e->kind == SP_SQL_N_POSTFIX && e->last->kind == SP_SQL_N_FIELD)
                return e->last->first ? e->last->first->last->text : e->last->text;
        return SP_STR_NULL;
}

/* ---- aliases of the list inside the list ---- */

struct sp_sql_lateral {
        const struct sp_sql_lateral *outer;
        const struct sp_sql_vector *columns;
        struct sp_sql_index index;
};

const struct sp_sql_value *sp_sql_lateral_find(struct sp_sql_resolver *r,
                                               struct sp_str name)
{
        /* BigQuery has no such names: where it is asked, the statement is refused */
        for (const struct sp_sql_lateral *l = r->lateral; l; l = l->outer) {
                struct sp_sql_index *index =
                        (struct sp_sql_index *)&l->index; /* grows */
                const struct sp_sql_column *c = l->columns->v;
                size_t at;

                while (index->n < l->columns->n)
                        if (!sp_sql_index_add(r->arena, index, c, sizeof(*c)))
                                return sp_sql_resolver_no_memory(r);
                if (sp_sql_index_find(index, c, sizeof(*c), name, &at) == 1)
                        return c[at].value;
        }
        return NULL;
}

/* ---- the list ---- */

static bool add_star(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                     const struct sp_sql_node *n, struct sp_sql_vector *to)
{
        size_t first = to->n;

        if (!names || (!names->n_columns && !names->n_ranges))
                return sp_sql_unresolved(r, n->span,
                                         "SELECT * must have a FROM clause") != NULL;
        return sp_sql_names_star(r, names, n->span, to) &&
               sp_sql_star_modify(r, names, n, to, first);
}

/* alias.*, a.b.*, f(x).* */
static bool add_dot_star(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                         const struct sp_sql_node *n, struct sp_sql_vector *to)
{
        const struct sp_sql_node *of = n->first;
        const struct sp_sql_column *column = NULL;
        const struct sp_sql_range *range = NULL;
        const struct sp_sql_value *v;
        size_t first = to->n;

        if (of->kind == SP_SQL_N_PATH && of->first == of->last &&
            sp_sql_names_find(names, of->first->text, &column, &range) ==
                    SP_SQL_FOUND_RANGE) {
                if (!sp_sql_range_star(r, range, n->span, to))
                        return false;
        } else {
                v = sp_sql_resolve_expr(r, names, of);
                if (!v || !sp_sql_value_star(r, v, n->span, to))
                        return false;
        }
        return sp_sql_star_modify(r, names, n, to, first);
}

/* CURRENT_DATE is a call where no column has the name: a call has none. */
static bool is_bare_call(const struct sp_sql_names *names,
                         const struct sp_sql_node *item)
{
        const struct sp_sql_node *e = item->first;
        const struct sp_sql_column *column;
        const struct sp_sql_range *range;

        return e == item->last && e->kind == SP_SQL_N_PATH && e->first == e->last &&
               sp_sql_bare_function(e->first->text) != SP_SQL_TYPE_UNKNOWN &&
               sp_sql_names_find(names, e->first->text, &column, &range) ==
                       SP_SQL_FOUND_NONE;
}

static bool add_item(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                     const struct sp_sql_node *n, struct sp_sql_vector *to)
{
        const struct sp_sql_value *v = sp_sql_resolve_expr(r, names, n->first);
        struct sp_sql_column *c;

        if (!v || !sp_sql_count_columns(r, 1, n->span))
                return false;
        c = sp_sql_vector_add(r->arena, to, sizeof(*c));
        if (!c)
                return sp_sql_resolver_no_memory(r) != NULL;
        *c = (struct sp_sql_column){ .value = v };
        if (!is_bare_call(names, n))
                c->name = sp_sql_item_name(n);
        return true;
}

static bool add_all(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                    const struct sp_sql_node *select, struct sp_sql_vector *to)
{
        for (const struct sp_sql_node *c = select->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_STAR)
                        ok = add_star(r, names, c, to);
                else if (c->kind == SP_SQL_N_DOT_STAR)
                        ok = add_dot_star(r, names, c, to);
                else if (c->kind == SP_SQL_N_ITEM)
                        ok = add_item(r, names, c, to);
                if (!ok)
                        return false;
        }
        return true;
}

static bool add_items(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                      const struct sp_sql_node *select, struct sp_sql_vector *to,
                      const struct sp_sql_node *where)
{
        struct sp_sql_lateral *l = sp_arena_new(r->arena, struct sp_sql_lateral);
        bool ok;

        if (!l)
                return sp_sql_resolver_no_memory(r) != NULL;
        l->outer = r->lateral;
        l->columns = to;
        r->lateral = l;
        ok = add_all(r, names, select, to) &&
             (!where || sp_sql_resolve_deciding(r, names, where));
        r->lateral = l->outer;
        return ok;
}

/* A value table's row has no name. */
static const struct sp_sql_relation *row(struct sp_sql_resolver *r,
                                         const struct sp_sql_value *v)
{
        struct sp_sql_vector columns = { 0 };
        struct sp_sql_column *c;

        if (!v)
                return NULL;
        c = sp_sql_vector_add(r->arena, &columns, sizeof(*c));
        if (!c)
                return sp_sql_resolver_no_memory(r);
        c->value = v;
        return sp_sql_relation_new(r, &columns, true);
}

/* The columns as AS STRUCT, AS VALUE or AS a type of its own would have them. */
static const struct sp_sql_relation *shape(struct sp_sql_resolver *r,
                                           const struct sp_sql_node *select,
                                           const struct sp_sql_vector *columns)
{
        const struct sp_sql_node *type = sp_sql_child(select, SP_SQL_N_TYPE);
        const struct sp_sql_value *v;

        if (select->flags & SP_SQL_F_AS_VALUE && columns->n != 1)
                return sp_sql_unresolved(
                        r, select->span,
                        "SELECT AS VALUE query must have exactly one column");
        if (select->flags & SP_SQL_F_AS_VALUE)
                return row(r, ((const struct sp_sql_column *)columns->v)->value);
        if (!(select->flags & SP_SQL_F_AS_STRUCT) && !type)
                return sp_sql_relation_new(r, columns, false);
        v = sp_sql_columns_value(r, columns->v, columns->n, select->span);
        if (v && type)
                v = sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN),
                                     v->sources);
        return row(r, v);
}

const struct sp_sql_relation *sp_sql_resolve_items(struct sp_sql_resolver *r,
                                                   const struct sp_sql_names *names,
                                                   const struct sp_sql_node *select)
{
        struct sp_sql_vector columns = { 0 };

        return add_items(r, names, select, &columns, NULL) ? shape(r, select, &columns)
                                                           : NULL;
}

/* ---- clauses ---- */

bool sp_sql_resolve_ordinals(struct sp_sql_resolver *r,
                             const struct sp_sql_names *names,
                             const struct sp_sql_node *n,
                             const struct sp_sql_column *columns, size_t n_columns)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                uint64_t at;

                if (c->kind != SP_SQL_N_INT) {
                        if (!sp_sql_resolve_deciding(r, names, c))
                                return false;
                        continue;
                }
                if (sp_str_u64(c->text, &at) < 0 || !at || at > n_columns)
                        return sp_sql_unresolved(
                                       r, c->span,
                                       "Column number %.*s is out of range, expected "
                                       "between 1 and %zu",
                                       SP_FMT(sp_str_sub(c->text, 0, 40)),
                                       n_columns) != NULL;
                if (!sp_sql_filter(r, columns[at - 1].value))
                        return false;
        }
        return true;
}

/* GROUP BY ALL, DISTINCT: every column of the list */
static bool decide_all(struct sp_sql_resolver *r, const struct sp_sql_vector *columns)
{
        const struct sp_sql_column *c = columns->v;

        for (size_t i = 0; i < columns->n; i++)
                if (!sp_sql_filter(r, c[i].value))
                        return false;
        return true;
}

static bool resolve_clauses(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                            const struct sp_sql_names *aliased,
                            const struct sp_sql_node *select,
                            const struct sp_sql_vector *columns)
{
        for (const struct sp_sql_node *c = select->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_GROUP)
                        ok = c->first ? sp_sql_resolve_ordinals(r, aliased, c,
                                                                columns->v, columns->n)
                                      : decide_all(r, columns);
                else if (c->kind == SP_SQL_N_CLAUSE) /* HAVING, QUALIFY */
                        ok = sp_sql_resolve_deciding(r, aliased, c);
                if (!ok)
                        return false;
        }
        if (!sp_sql_resolve_windows(r, names, select, false))
                return false;
        return !(select->flags & SP_SQL_F_DISTINCT) || decide_all(r, columns);
}

const struct sp_sql_relation *
sp_sql_resolve_select(struct sp_sql_resolver *r, const struct sp_sql_names *outer,
                      const struct sp_sql_node *select,
                      const struct sp_sql_names **ret_order)
{
        const struct sp_sql_node *from = sp_sql_child(select, SP_SQL_N_FROM),
                                 *where = sp_sql_child(select, SP_SQL_N_WHERE);
        const struct sp_sql_names *names, *aliased;
        struct sp_sql_vector columns = { 0 };

        names = from ? sp_sql_resolve_from(r, outer, from)
                     : sp_sql_names_new(r, NULL, 0, NULL, 0, outer);
        if (!names)
                return NULL;
        if (!add_items(r, names, select, &columns, where))
                return NULL;
        aliased = sp_sql_names_aliased(r, names, columns.v, columns.n);
        if (!aliased || !resolve_clauses(r, names, aliased, select, &columns))
                return NULL;
        *ret_order = aliased;
        return shape(r, select, &columns);
}
