/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PIVOT, UNPIVOT and TABLESAMPLE. The input's columns that neither an aggregate nor FOR
 * names are what PIVOT groups by, so names are resolved over columns that can be told
 * apart (sp_sql_names_apart) while r->uses notes them.
 */
#include "daemon/sql/resolve_shape.h"

struct pivot {
        struct sp_sql_resolver *r;
        const struct sp_sql_names
                *names; /* the input, each column with its own value */
        const struct sp_sql_value *values; /* of names->columns, in one array */
        bool *is_used; /* names->n_columns */
        struct sp_sql_vector columns; /* the output: struct sp_sql_column */
};

static bool begin(struct pivot *p, struct sp_sql_resolver *r,
                  const struct sp_sql_names *input, const struct sp_sql_names *outer,
                  struct sp_sql_span at)
{
        *p = (struct pivot){ .r = r };
        for (size_t i = 0; i < input->n_columns; i++)
                if (input->columns[i].is_range)
                        return sp_sql_unresolved(r, at,
                                                 "PIVOT and UNPIVOT are not allowed on "
                                                 "value tables") != NULL;
        p->names = sp_sql_names_apart(r, input, outer, &p->values);
        if (!p->names)
                return false;
        p->is_used = sp_arena_array(r->arena, p->names->n_columns, sizeof(bool));
        return p->is_used || sp_sql_resolver_no_memory(r);
}

/* The value of an expression; the columns it names are marked. *ret_place: the last one
 * of them, n_columns for none. */
static const struct sp_sql_value *
resolve_marked(struct pivot *p, const struct sp_sql_node *expr, size_t *ret_place)
{
        struct sp_sql_vector uses = { 0 }, *before = p->r->uses;
        const struct sp_sql_value *v, **used;

        p->r->uses = &uses;
        v = sp_sql_resolve_expr(p->r, p->names, expr);
        p->r->uses = before;
        *ret_place = p->names->n_columns;
        used = uses.v;
        for (size_t i = 0; v && i < uses.n; i++) {
                /* an enclosing PIVOT wants to know of its columns as well */
                if (!sp_sql_use(p->r, used[i]))
                        return NULL;
                if (used[i] < p->values || used[i] >= p->values + p->names->n_columns)
                        continue;
                *ret_place = (size_t)(used[i] - p->values);
                p->is_used[*ret_place] = true;
        }
        return v;
}

static bool add_column(struct pivot *p, struct sp_str name,
                       const struct sp_sql_value *value)
{
        struct sp_sql_column *c;

        if (!value)
                return false;
        c = sp_sql_vector_add(p->r->arena, &p->columns, sizeof(*c));
        if (!c)
                return sp_sql_resolver_no_memory(p->r);
        c->name = name;
        c->value = value;
        return true;
}

/* The columns that nothing named, in their order. */
static bool add_rest(struct pivot *p, bool is_grouping)
{
        for (size_t i = 0; i < p->names->n_columns; i++) {
                const struct sp_sql_column *c = &p->names->columns[i];

                if (p->is_used[i] || !sp_sql_is_visible(c))
                        continue;
                if (!add_column(p, c->name, c->value) ||
                    (is_grouping && !sp_sql_filter(p->r, c->value)))
                        return false;
        }
        return true;
}

static const struct sp_sql_names *finish(struct pivot *p,
                                         const struct sp_sql_node *pivot,
                                         const struct sp_sql_names *outer)
{
        const struct sp_sql_node *alias = sp_sql_child(pivot, SP_SQL_N_ALIAS);
        const struct sp_sql_relation *relation;

        if (!sp_sql_count_columns(p->r, p->columns.n, pivot->span))
                return NULL;
        relation = sp_sql_relation_of(p->r, p->columns.v, p->columns.n);
        return relation ? sp_sql_names_of(p->r, relation,
                                          alias ? alias->text : SP_STR_NULL, outer)
                        : NULL;
}

/* ---- PIVOT ---- */

/* One aggregate with its value. */
struct measure {
        const struct sp_sql_node *alias;
        const struct sp_sql_value *value;
};

/* A generated name: what the aggregate's alias begins and the value ends. */
static bool add_pivoted(struct pivot *p, const struct measure *m,
                        const struct sp_sql_node *item, const struct sp_sql_type *type)
{
        const struct sp_sql_node *alias = sp_sql_child(item, SP_SQL_N_ALIAS);
        struct sp_str name;

        if (alias && !m->alias)
                name = alias->text;
        else if (alias)
                name = sp_arena_printf(p->r->arena, "%.*s_%.*s", SP_FMT(m->alias->text),
                                       SP_FMT(alias->text));
        else if (!sp_sql_pivot_name(p->r, m->alias ? m->alias->text : SP_STR_NULL,
                                    item->first, type, &name))
                return false;
        if (!name.p)
                return sp_sql_resolver_no_memory(p->r);
        return add_column(p, name, m->value);
}

static bool resolve_measures(struct pivot *p, const struct sp_sql_node *first,
                             struct sp_sql_vector *ret,
                             const struct sp_sql_node **ret_for)
{
        const struct sp_sql_node *c = first;
        size_t place;

        for (; c && c->kind == SP_SQL_N_ITEM; c = c->next) {
                struct measure *m = sp_sql_vector_add(p->r->arena, ret, sizeof(*m));

                if (!m)
                        return sp_sql_resolver_no_memory(p->r);
                m->alias = sp_sql_child(c, SP_SQL_N_ALIAS);
                m->value = resolve_marked(p, c->first, &place);
                if (!m->value)
                        return false;
                if (!m->alias &&
                    (ret->n > 1 || (c->next && c->next->kind == SP_SQL_N_ITEM)))
                        return sp_sql_unresolved(
                                p->r, c->span,
                                "PIVOT expression must specify an alias unless it is "
                                "the only pivot expression in the PIVOT clause");
        }
        *ret_for = c;
        return c != NULL;
}

static const struct sp_sql_names *resolve_pivot(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *input,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *n)
{
        struct sp_sql_vector measures = { 0 };
        const struct sp_sql_node *by = NULL;
        const struct sp_sql_value *value;
        struct pivot p;
        size_t place;

        if (!begin(&p, r, input, outer, n->span) ||
            !resolve_measures(&p, n->first, &measures, &by))
                return NULL;
        value = resolve_marked(&p, by, &place);
        if (!sp_sql_filter(r, value) || !add_rest(&p, true))
                return NULL;
        for (const struct sp_sql_node *c = by->next; c; c = c->next) {
                const struct measure *m = measures.v;

                if (c->kind != SP_SQL_N_ITEM)
                        continue;
                if (!sp_sql_filter(r, sp_sql_resolve_expr(r, p.names, c->first)))
                        return NULL;
                for (size_t i = 0; i < measures.n; i++)
                        if (!add_pivoted(&p, &m[i], c, value->type))
                                return NULL;
                if (p.columns.n > SP_SQL_COLUMNS_MAX)
                        break; /* finish() says so */
        }
        return finish(&p, n, outer);
}

/* ---- UNPIVOT ---- */

static size_t count(const struct sp_sql_node *list)
{
        size_t n = 0;

        for (const struct sp_sql_node *c = list->first; c; c = c->next)
                n++;
        return n;
}

/* One group of columns: a row of each, so each joins the value column at its place. */
static bool add_group(struct pivot *p, const struct sp_sql_node *list,
                      const struct sp_sql_value **values, size_t n)
{
        const struct sp_sql_node *path = list->first;
        size_t place;

        for (size_t i = 0; i < n; i++, path = path->next) {
                const struct sp_sql_value *v;

                if (!path || (i + 1 == n && path->next))
                        return sp_sql_unresolved(
                                p->r, list->span,
                                "All column groups in UNPIVOT IN clause must have the "
                                "same number of columns");
                v = resolve_marked(p, path, &place);
                if (!v)
                        return false;
                if (place == p->names->n_columns || v->type != p->values[place].type)
                        return sp_sql_unresolved(
                                p->r, path->span,
                                "UNPIVOT IN clause cannot have expressions, only "
                                "column names are allowed");
                values[i] = values[i] ? sp_sql_value_either(p->r, values[i], v) : v;
                if (!values[i])
                        return false;
        }
        return true;
}

static const struct sp_sql_names *resolve_unpivot(struct sp_sql_resolver *r,
                                                  const struct sp_sql_names *input,
                                                  const struct sp_sql_names *outer,
                                                  const struct sp_sql_node *n)
{
        const struct sp_sql_node *made = sp_sql_child(n, SP_SQL_N_LIST),
                                 *name = made ? made->next : NULL, *label = NULL;
        size_t n_made = made ? count(made) : 0;
        const struct sp_sql_value **values =
                sp_arena_array(r->arena, n_made, sizeof(const struct sp_sql_value *));
        struct pivot p;

        if (!values)
                return sp_sql_resolver_no_memory(r);
        if (!name || !begin(&p, r, input, outer, n->span))
                return NULL;
        for (const struct sp_sql_node *c = name->next; c; c = c->next) {
                if (c->kind != SP_SQL_N_ITEM)
                        continue;
                if (!add_group(&p, c->first, values, n_made))
                        return NULL;
                if (c->first->next)
                        label = c->first->next;
        }
        if (!add_rest(&p, false))
                return NULL;
        for (const struct sp_sql_node *c = made->first; c; c = c->next)
                if (!add_column(&p, c->last->text, *values++))
                        return NULL;
        if (!add_column(&p, name->last->text,
                        sp_sql_value_new(
                                r,
                                sp_sql_type_simple(label && label->kind == SP_SQL_N_INT
                                                           ? SP_SQL_TYPE_INT64
                                                           : SP_SQL_TYPE_STRING),
                                NULL)))
                return NULL;
        return finish(&p, n, outer);
}

/* ---- ALIGN ---- */

/* Columns of the items of one clause. `name`: of one that has none. */
static bool add_items(struct pivot *p, const struct sp_sql_names *names,
                      const struct sp_sql_node *align, unsigned clause,
                      const char *name)
{
        for (const struct sp_sql_node *c = align->first; c; c = c->next) {
                struct sp_str own;
                const struct sp_sql_value *v;

                if (c->kind != SP_SQL_N_ITEM || c->op != clause)
                        continue;
                own = sp_sql_item_name(c);
                v = sp_sql_resolve_expr(p->r, names, c->first);
                if (!add_column(p, own.n ? own : sp_str_c(name), v) ||
                    (clause != SP_KW_METRICS && !sp_sql_filter(p->r, v)))
                        return false;
        }
        return true;
}

/* The partition, the time (a column `timestamp` if none is named), the metrics. */
static const struct sp_sql_names *resolve_align(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *input,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *n)
{
        struct sp_sql_node name = { .kind = SP_SQL_N_NAME,
                                    .text = SP_STR("timestamp") },
                           path = { .kind = SP_SQL_N_PATH,
                                    .span = n->span,
                                    .first = &name,
                                    .last = &name };
        const struct sp_sql_names *names = sp_sql_names_over(r, input, outer);
        struct pivot p = { .r = r };
        size_t before;

        if (!names || !add_items(&p, names, n, SP_KW_PARTITION, ""))
                return NULL;
        before = p.columns.n;
        if (!add_items(&p, names, n, SP_KW_TIMESTAMP, "timestamp"))
                return NULL;
        if (p.columns.n == before &&
            !add_column(&p, name.text, sp_sql_resolve_expr(r, names, &path)))
                return NULL;
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind != SP_SQL_N_ITEM && c->kind != SP_SQL_N_ALIAS &&
                    !sp_sql_resolve_deciding(r, names, c))
                        return NULL;
        if (!add_items(&p, names, n, SP_KW_METRICS, ""))
                return NULL;
        return finish(&p, n, outer);
}

const struct sp_sql_names *sp_sql_resolve_pivot(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *input,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *pivot)
{
        if (!input)
                return NULL;
        switch (pivot->op) {
        case SP_KW_PIVOT:
                return resolve_pivot(r, input, outer, pivot);
        case SP_KW_UNPIVOT:
                return resolve_unpivot(r, input, outer, pivot);
        case SP_KW_MATCH_RECOGNIZE:
                return sp_sql_resolve_match(r, input, outer, pivot);
        case SP_KW_ALIGN:
                return resolve_align(r, input, outer, pivot);
        default:
                return sp_sql_unresolved(r, pivot->span,
                                         "This table operator cannot be resolved");
        }
}

/* ---- TABLESAMPLE ---- */

const struct sp_sql_names *sp_sql_resolve_sample(struct sp_sql_resolver *r,
                                                 const struct sp_sql_names *input,
                                                 const struct sp_sql_names *outer,
                                                 const struct sp_sql_node *sample)
{
        const struct sp_sql_node *alias = sp_sql_child(sample, SP_SQL_N_ALIAS);
        struct sp_sql_column *columns;

        if (!input)
                return NULL;
        for (const struct sp_sql_node *c = sample->first; c; c = c->next)
                if (c->kind != SP_SQL_N_ALIAS && c->kind != SP_SQL_N_HINT &&
                    !sp_sql_filter(r, sp_sql_resolve_expr(r, input, c)))
                        return NULL;
        if (sample->op != SP_KW_WEIGHT)
                return input;
        columns = sp_sql_columns_new(r, input->n_columns + 1, sample->span);
        if (!columns)
                return NULL;
        for (size_t i = 0; i < input->n_columns; i++)
                columns[i] = input->columns[i];
        columns[input->n_columns].name = alias ? alias->text : SP_STR("weight");
        columns[input->n_columns].value =
                sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_FLOAT64), NULL);
        if (!columns[input->n_columns].value)
                return NULL;
        return sp_sql_names_new(r, columns, input->n_columns + 1, input->ranges,
                                input->n_ranges, outer);
}
