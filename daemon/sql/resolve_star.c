/* SPDX-License-Identifier: Apache-2.0 */
/* Stars: which columns they stand for, EXCEPT and REPLACE; rows as one value. */
#include "daemon/sql/index.h"
#include "daemon/sql/name.h"
#include "daemon/sql/resolve.h"

static bool add(struct sp_sql_resolver *r, struct sp_sql_vector *to, struct sp_str name,
                const struct sp_sql_value *value)
{
        struct sp_sql_column *c;

        if (!value)
                return false;
        c = sp_sql_vector_add(r->arena, to, sizeof(*c));
        if (!c)
                return sp_sql_resolver_no_memory(r) != NULL;
        *c = (struct sp_sql_column){ .name = name, .value = value };
        return true;
}

static bool is_hidden(const struct sp_sql_hidden *h, struct sp_str name)
{
        for (; h; h = h->next)
                if (sp_sql_name_eq(h->name, name))
                        return true;
        return false;
}

static bool add_fields(struct sp_sql_resolver *r, const struct sp_sql_value *v,
                       const struct sp_sql_hidden *hidden, struct sp_sql_span at,
                       struct sp_sql_vector *to)
{
        const struct sp_sql_type *t = v->type;

        if (!sp_sql_count_columns(r, t->n_fields, at))
                return false;
        for (size_t i = 0; i < t->n_fields; i++) {
                if (is_hidden(hidden, t->fields[i].name))
                        continue;
                if (!add(r, to, t->fields[i].name, sp_sql_value_field_at(r, v, i)))
                        return false;
        }
        return true;
}

/* The row of a value table: its fields when it has some, else itself. */
static bool add_row(struct sp_sql_resolver *r, const struct sp_sql_column *row,
                    struct sp_sql_span at, struct sp_sql_vector *to)
{
        switch (row->value->type->kind) {
        case SP_SQL_TYPE_STRUCT:
                return add_fields(r, row->value, row->hidden, at, to);
        case SP_SQL_TYPE_UNKNOWN:
                if (row->value->type != sp_sql_type_null())
                        return sp_sql_unresolved(
                                       r, at,
                                       "The columns that * stands for are "
                                       "not known: a row has no known type") != NULL;
                /* fall through */
        default:
                return sp_sql_count_columns(r, 1, at) &&
                       add(r, to, row->name, row->value);
        }
}

static bool add_columns(struct sp_sql_resolver *r, const struct sp_sql_column *columns,
                        size_t n, struct sp_sql_span at, struct sp_sql_vector *to)
{
        if (!sp_sql_count_columns(r, n, at))
                return false;
        for (size_t i = 0; i < n; i++) {
                const struct sp_sql_column *c = &columns[i];

                if (c->is_pseudo || c->is_excluded)
                        continue;
                if (!(c->is_range ? add_row(r, c, at, to)
                                  : add(r, to, c->name, c->value)))
                        return false;
        }
        return true;
}

/* A table that the catalogue lists without columns: they are not known. */
static bool check_range(struct sp_sql_resolver *r, const struct sp_sql_range *range,
                        struct sp_sql_span at)
{
        return range->relation->n ||
               sp_sql_unresolved(r, at, "The columns of %.*s are not known",
                                 SP_FMT(sp_str_sub(range->name, 0, 120))) != NULL;
}

bool sp_sql_names_star(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                       struct sp_sql_span at, struct sp_sql_vector *to)
{
        for (size_t i = 0; i < names->n_ranges; i++)
                if (!check_range(r, &names->ranges[i], at))
                        return false;
        return add_columns(r, names->columns, names->n_columns, at, to);
}

bool sp_sql_range_star(struct sp_sql_resolver *r, const struct sp_sql_range *range,
                       struct sp_sql_span at, struct sp_sql_vector *to)
{
        const struct sp_sql_relation *relation = range->relation;
        struct sp_sql_column row;

        if (!check_range(r, range, at))
                return false;
        if (!relation->is_value_table || !relation->n)
                return add_columns(r, relation->columns, relation->n, at, to);
        row = relation->columns[0];
        row.name = range->name;
        return add_row(r, &row, at, to);
}

bool sp_sql_value_star(struct sp_sql_resolver *r, const struct sp_sql_value *v,
                       struct sp_sql_span at, struct sp_sql_vector *to)
{
        struct sp_str type;

        if (v->type->kind == SP_SQL_TYPE_STRUCT)
                return add_fields(r, v, NULL, at, to);
        type = sp_sql_type_text(r->arena, v->type);
        if (!type.p)
                return sp_sql_resolver_no_memory(r) != NULL;
        return sp_sql_unresolved(r, at, "Dot-star is not supported for type %.*s",
                                 SP_FMT(sp_str_sub(type, 0, 120))) != NULL;
}

const struct sp_sql_relation *sp_sql_relation_new(struct sp_sql_resolver *r,
                                                  const struct sp_sql_vector *columns,
                                                  bool is_value_table)
{
        struct sp_sql_relation *relation =
                sp_arena_new(r->arena, struct sp_sql_relation);

        if (!relation)
                return sp_sql_resolver_no_memory(r);
        relation->columns = columns->v;
        relation->n = columns->n;
        relation->is_value_table = is_value_table;
        return relation;
}

const struct sp_sql_relation *sp_sql_names_relation(struct sp_sql_resolver *r,
                                                    const struct sp_sql_names *names,
                                                    struct sp_sql_span at)
{
        const struct sp_sql_relation *relation;
        struct sp_sql_vector columns = { 0 };

        if (!names)
                return NULL;
        if (names->n_columns == 1 && names->columns[0].is_range &&
            !names->columns[0].hidden) {
                if (!add(r, &columns, SP_STR_NULL, names->columns[0].value))
                        return NULL;
                return sp_sql_relation_new(r, &columns, true);
        }
        if (!sp_sql_names_star(r, names, at, &columns))
                return NULL;
        relation = sp_sql_relation_new(r, &columns, false);
        if (relation && names->n_ranges)
                ((struct sp_sql_relation *)relation)->names = names; /* made just now */
        return relation;
}

/* ---- a row as a value ---- */

const struct sp_sql_value *sp_sql_columns_value(struct sp_sql_resolver *r,
                                                const struct sp_sql_column *columns,
                                                size_t n, struct sp_sql_span at)
{
        struct sp_sql_field *fields = sp_arena_array(r->arena, n, sizeof(*fields));
        const struct sp_sql_value **values =
                sp_arena_array(r->arena, n, sizeof(struct sp_sql_value *));
        size_t m = 0;

        if (!fields || !values)
                return sp_sql_resolver_no_memory(r);
        if (!sp_sql_count_columns(r, n, at))
                return NULL;
        for (size_t i = 0; i < n; i++) {
                if (columns[i].is_pseudo)
                        continue;
                fields[m].name = columns[i].name;
                fields[m].type = columns[i].value->type;
                values[m++] = columns[i].value;
        }
        return sp_sql_value_struct(r, sp_sql_type_struct(r->arena, fields, m), values);
}

const struct sp_sql_value *sp_sql_range_value(struct sp_sql_resolver *r,
                                              const struct sp_sql_range *range)
{
        const struct sp_sql_relation *relation = range->relation;

        if (relation->is_value_table && relation->n)
                return relation->columns[0].value;
        return sp_sql_columns_value(r, relation->columns, relation->n,
                                    (struct sp_sql_span){ 0 });
}

/* ---- EXCEPT and REPLACE ---- */

struct change {
        struct sp_str name; /* first: for the index */
        struct sp_sql_span at;
        const struct sp_sql_value *value; /* NULL: EXCEPT */
        bool is_used;
};

struct changes {
        struct sp_sql_vector v;
        struct sp_sql_index index;
};

static bool add_change(struct sp_sql_resolver *r, struct changes *to,
                       const struct sp_sql_node *name, const struct sp_sql_value *value)
{
        struct change *c;
        size_t at;

        if (sp_sql_index_find(&to->index, to->v.v, sizeof(*c), name->text, &at))
                return sp_sql_unresolved(r, name->span,
                                         "Duplicate column %.*s in SELECT * %s list",
                                         SP_FMT(sp_str_sub(name->text, 0, 120)),
                                         value ? "REPLACE" : "EXCEPT") != NULL;
        c = sp_sql_vector_add(r->arena, &to->v, sizeof(*c));
        if (!c)
                return sp_sql_resolver_no_memory(r) != NULL;
        *c = (struct change){ .name = name->text, .at = name->span, .value = value };
        return sp_sql_index_add(r->arena, &to->index, to->v.v, sizeof(*c)) ||
               sp_sql_resolver_no_memory(r) != NULL;
}

static bool collect_changes(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                            const struct sp_sql_node *star, struct changes *except,
                            struct changes *replace)
{
        for (const struct sp_sql_node *c = star->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_LIST) {
                        for (const struct sp_sql_node *n = c->first; n; n = n->next)
                                if (!add_change(r, except, n, NULL))
                                        return false;
                } else if (c->kind == SP_SQL_N_ITEM && c->last != c->first) {
                        const struct sp_sql_value *v =
                                sp_sql_resolve_expr(r, names, c->first);

                        if (!v || !add_change(r, replace, c->last, v))
                                return false;
                }
        }
        return true;
}

static bool check_used(struct sp_sql_resolver *r, const struct changes *all,
                       const char *what)
{
        const struct change *c = all->v.v;

        for (size_t i = 0; i < all->v.n; i++)
                if (!c[i].is_used)
                        return sp_sql_unresolved(
                                       r, c[i].at,
                                       "Column %.*s in SELECT * %s list does not exist",
                                       SP_FMT(sp_str_sub(c[i].name, 0, 120)),
                                       what) != NULL;
        return true;
}

static struct change *find_change(const struct changes *all, struct sp_str name)
{
        struct change *c = all->v.v;
        size_t at;

        if (!sp_sql_index_find(&all->index, c, sizeof(*c), name, &at))
                return NULL;
        c[at].is_used = true;
        return &c[at];
}

bool sp_sql_star_modify(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                        const struct sp_sql_node *star, struct sp_sql_vector *columns,
                        size_t first)
{
        struct changes except = { 0 }, replace = { 0 };
        struct sp_sql_column *v = columns->v;
        const struct change *change;
        size_t n = first;

        if (!star->first)
                return true;
        if (!collect_changes(r, names, star, &except, &replace))
                return false;
        for (size_t i = first; i < columns->n; i++) {
                if (find_change(&except, v[i].name))
                        continue;
                change = find_change(&replace, v[i].name);
                v[n] = v[i];
                if (change)
                        v[n].value = change->value;
                n++;
        }
        columns->n = n;
        return check_used(r, &except, "EXCEPT") && check_used(r, &replace, "REPLACE");
}
