/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in scope. The columns and ranges of one FROM clause stand in one growing store;
 * each join is a view of it with a length, so a chain of n joins costs O(n). A range
 * variable hides a column of its name; fields of a value table's row are names too; two
 * of a name are ambiguous only when somebody asks.
 */
#include "daemon/sql/index.h"
#include "daemon/sql/name.h"
#include "daemon/sql/resolve.h"

struct sp_sql_name_index {
        struct sp_sql_resolver *r;
        struct sp_sql_name_index *base; /* whose columns these are: it has the index */
        struct sp_sql_column *columns;
        struct sp_sql_range *ranges;
        size_t n_columns, n_ranges, column_capacity, range_capacity; /* 0: borrowed */
        struct sp_sql_index by_column, by_range, by_field;
        struct sp_sql_column *fields; /* of value tables' rows */
        uint32_t *owners; /* of each field: its column */
        size_t n_fields, field_capacity;
        bool has_rows; /* value tables with fields */
        bool has_unknown; /* value tables whose fields are not known */
};

static struct sp_sql_name_index *store_new(struct sp_sql_resolver *r)
{
        struct sp_sql_name_index *s = sp_arena_new(r->arena, struct sp_sql_name_index);

        if (!s)
                return sp_sql_resolver_no_memory(r);
        s->r = r;
        return s;
}

static bool has_fields(const struct sp_sql_column *c)
{
        return c->is_range && c->value->type->kind == SP_SQL_TYPE_STRUCT;
}

static bool is_unknown(const struct sp_sql_column *c)
{
        return c->is_range && c->value->type->kind == SP_SQL_TYPE_UNKNOWN &&
               c->value->type != sp_sql_type_null();
}

static void note_rows(struct sp_sql_name_index *s, const struct sp_sql_column *columns,
                      size_t n)
{
        for (size_t i = 0; i < n; i++) {
                s->has_rows = s->has_rows || has_fields(&columns[i]);
                s->has_unknown = s->has_unknown || is_unknown(&columns[i]);
        }
}

/* A copy with room for `n` more elements when there is none. */
static bool make_room(struct sp_sql_resolver *r, void **v, size_t used,
                      size_t *capacity, size_t n, size_t size)
{
        size_t want = SP_MAX(used + n, *capacity * 2);
        void *to;

        if (used + n <= *capacity)
                return true;
        to = sp_arena_array(r->arena, want, size);
        if (!to)
                return sp_sql_resolver_no_memory(r) != NULL;
        if (used)
                memcpy(to, *v, used * size);
        *v = to;
        *capacity = want;
        return true;
}

static bool add_columns(struct sp_sql_name_index *s,
                        const struct sp_sql_column *columns, size_t n)
{
        void *v = s->columns;

        if (!make_room(s->r, &v, s->n_columns, &s->column_capacity, n,
                       sizeof(*columns)))
                return false;
        s->columns = v;
        if (n)
                memcpy(s->columns + s->n_columns, columns, n * sizeof(*columns));
        s->n_columns += n;
        note_rows(s, columns, n);
        return true;
}

static bool add_range(struct sp_sql_name_index *s, const struct sp_sql_range *range)
{
        void *v = s->ranges;

        if (!make_room(s->r, &v, s->n_ranges, &s->range_capacity, 1, sizeof(*range)))
                return false;
        s->ranges = v;
        s->ranges[s->n_ranges++] = *range;
        return sp_sql_index_add(s->r->arena, &s->by_range, s->ranges, sizeof(*range)) ||
               sp_sql_resolver_no_memory(s->r) != NULL;
}

/* ---- lookups ---- */

static bool is_hidden(const struct sp_sql_column *c, struct sp_str name)
{
        for (const struct sp_sql_hidden *h = c->hidden; h; h = h->next)
                if (sp_sql_name_eq(h->name, name))
                        return true;
        return false;
}

static bool index_fields(struct sp_sql_name_index *s, size_t owner)
{
        const struct sp_sql_column *c = &s->columns[owner];
        size_t n = c->value->type->n_fields, capacity = s->field_capacity;
        void *v = s->fields, *o = s->owners;

        if (!sp_sql_count_columns(s->r, n, (struct sp_sql_span){ 0 }) ||
            !make_room(s->r, &v, s->n_fields, &capacity, n, sizeof(*s->fields)) ||
            !make_room(s->r, &o, s->n_fields, &s->field_capacity, n,
                       sizeof(*s->owners)))
                return false;
        s->fields = v;
        s->owners = o;
        s->field_capacity = capacity;
        for (size_t i = 0; i < n; i++) {
                struct sp_str name = c->value->type->fields[i].name;

                s->fields[s->n_fields] = (struct sp_sql_column){
                        .name = is_hidden(c, name) ? SP_STR_NULL : name,
                        .value = sp_sql_value_field_at(s->r, c->value, i),
                };
                if (!s->fields[s->n_fields].value)
                        return false;
                s->owners[s->n_fields++] = (uint32_t)owner;
                if (!sp_sql_index_add(s->r->arena, &s->by_field, s->fields,
                                      sizeof(*s->fields)))
                        return sp_sql_resolver_no_memory(s->r) != NULL;
        }
        return true;
}

/* Enters what was added since the last time. */
static bool index_more(struct sp_sql_name_index *s)
{
        while (s->by_column.n < s->n_columns) {
                size_t i = s->by_column.n;

                if (!sp_sql_index_add(s->r->arena, &s->by_column, s->columns,
                                      sizeof(*s->columns)))
                        return sp_sql_resolver_no_memory(s->r) != NULL;
                if (has_fields(&s->columns[i]) && !index_fields(s, i))
                        return false;
        }
        return true;
}

#define FEW 8 /* so many are looked through faster than they are indexed */

/* How many of the store's first `n` columns, or of their fields, have the name. */
static unsigned find_column(struct sp_sql_name_index *s, size_t n, struct sp_str name,
                            const struct sp_sql_column **ret)
{
        unsigned found = 0, fields;
        size_t at = 0, owners = 0;

        if (s->base)
                s = s->base;
        if (n <= FEW && !s->has_rows) {
                for (size_t i = 0; i < n && found < 2; i++)
                        if (sp_sql_name_eq(s->columns[i].name, name) && !found++)
                                *ret = &s->columns[i];
                return found;
        }
        if (!index_more(s))
                return 0;
        found = sp_sql_index_find_below(&s->by_column, s->columns, sizeof(*s->columns),
                                        name, n, &at);
        if (found)
                *ret = &s->columns[at];
        if (!s->n_fields || found > 1)
                return found;
        while (owners < s->n_fields && n < s->n_columns && s->owners[owners] < n)
                owners++; /* an older view: rare */
        fields = sp_sql_index_find_below(&s->by_field, s->fields, sizeof(*s->fields),
                                         name, n < s->n_columns ? owners : SIZE_MAX,
                                         &at);
        if (fields && !found)
                *ret = &s->fields[at];
        return SP_MIN(found + fields, 2u);
}

static enum sp_sql_found find_here(const struct sp_sql_names *names, struct sp_str name,
                                   const struct sp_sql_column **ret_column,
                                   const struct sp_sql_range **ret_range)
{
        struct sp_sql_name_index *s = names->index;
        size_t at = 0;
        unsigned n;

        if (names->n_ranges &&
            sp_sql_index_find_below(&s->by_range, s->ranges, sizeof(*s->ranges), name,
                                    names->n_ranges, &at)) {
                *ret_range = &s->ranges[at];
                return SP_SQL_FOUND_RANGE;
        }
        n = names->n_columns ? find_column(s, names->n_columns, name, ret_column) : 0;
        return n == 0   ? SP_SQL_FOUND_NONE
               : n == 1 ? SP_SQL_FOUND_COLUMN
                        : SP_SQL_FOUND_AMBIGUOUS;
}

enum sp_sql_found sp_sql_names_find(const struct sp_sql_names *names,
                                    struct sp_str name,
                                    const struct sp_sql_column **ret_column,
                                    const struct sp_sql_range **ret_range)
{
        enum sp_sql_found found = SP_SQL_FOUND_NONE;

        for (; names && found == SP_SQL_FOUND_NONE; names = names->outer)
                found = find_here(names, name, ret_column, ret_range);
        return found;
}

static bool has_unknown(const struct sp_sql_names *names)
{
        while (names && !names->index->has_unknown)
                names = names->outer;
        return names != NULL;
}

enum sp_sql_found sp_sql_names_find_all(struct sp_sql_resolver *r,
                                        const struct sp_sql_names *names,
                                        struct sp_str name,
                                        const struct sp_sql_column **ret_column,
                                        const struct sp_sql_range **ret_range,
                                        struct sp_sql_unsure *unsure)
{
        enum sp_sql_found found = SP_SQL_FOUND_NONE;

        for (; names; names = names->outer) {
                found = find_here(names, name, ret_column, ret_range);
                if (found == SP_SQL_FOUND_COLUMN || found == SP_SQL_FOUND_RANGE)
                        unsure->is_name = has_unknown(names->outer) &&
                                          !sp_str_caseeq(found == SP_SQL_FOUND_COLUMN
                                                                 ? (*ret_column)->name
                                                                 : (*ret_range)->name,
                                                         name);
                if (found != SP_SQL_FOUND_NONE)
                        break;
                unsure->pseudo |= names->pseudo;
                for (size_t i = 0; names->index->has_unknown && i < names->n_columns;
                     i++) {
                        if (!is_unknown(&names->columns[i]))
                                continue;
                        unsure->is_row = true;
                        unsure->sources = sp_sql_sources_join(
                                r, unsure->sources, names->columns[i].value->sources);
                }
        }
        return found;
}

static struct sp_sql_name_index *relation_store(struct sp_sql_resolver *r,
                                                const struct sp_sql_relation *relation)
{
        struct sp_sql_relation *own =
                (struct sp_sql_relation *)relation; /* its cache */
        struct sp_sql_name_index *s = relation->index;

        if (s)
                return s;
        s = store_new(r);
        if (!s)
                return NULL;
        s->columns =
                (struct sp_sql_column *)relation->columns; /* borrowed: read only */
        s->n_columns = relation->n;
        note_rows(s, relation->columns, relation->n);
        own->index = s;
        return s;
}

unsigned sp_sql_relation_find(struct sp_sql_resolver *r,
                              const struct sp_sql_relation *relation,
                              struct sp_str name, const struct sp_sql_column **ret)
{
        struct sp_sql_name_index *s = relation_store(r, relation);

        return s && relation->n ? find_column(s, relation->n, name, ret) : 0;
}

/* ---- making ---- */

static struct sp_sql_names *view(struct sp_sql_resolver *r, struct sp_sql_name_index *s,
                                 const struct sp_sql_names *outer, unsigned pseudo)
{
        struct sp_sql_names *n = sp_arena_new(r->arena, struct sp_sql_names);

        if (!n)
                return sp_sql_resolver_no_memory(r);
        n->outer = outer;
        n->columns = s->columns;
        n->n_columns = s->n_columns;
        n->ranges = s->ranges;
        n->n_ranges = s->n_ranges;
        n->pseudo = pseudo;
        n->index = s;
        return n;
}

const struct sp_sql_names *
sp_sql_names_new(struct sp_sql_resolver *r, const struct sp_sql_column *columns,
                 size_t n_columns, const struct sp_sql_range *ranges, size_t n_ranges,
                 const struct sp_sql_names *outer)
{
        struct sp_sql_name_index *s = store_new(r);
        unsigned pseudo = 0;

        if (!s)
                return NULL;
        s->columns = (struct sp_sql_column *)columns; /* borrowed: read only */
        s->n_columns = n_columns;
        note_rows(s, columns, n_columns);
        for (size_t i = 0; i < n_ranges; i++) {
                pseudo |= ranges[i].relation->pseudo;
                if (!add_range(s, &ranges[i]))
                        return NULL;
        }
        return view(r, s, outer, pseudo);
}

const struct sp_sql_names *sp_sql_names_over(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *names,
                                             const struct sp_sql_names *outer)
{
        struct sp_sql_names *n;

        if (!names || names->outer == outer)
                return names;
        n = sp_arena_new(r->arena, struct sp_sql_names);
        if (!n)
                return sp_sql_resolver_no_memory(r);
        *n = *names;
        n->outer = outer;
        return n;
}

const struct sp_sql_names *sp_sql_names_of(struct sp_sql_resolver *r,
                                           const struct sp_sql_relation *relation,
                                           struct sp_str alias,
                                           const struct sp_sql_names *outer)
{
        struct sp_sql_range range = { .name = alias, .relation = relation };
        struct sp_sql_name_index *s, *of;
        struct sp_sql_column *row;

        if (!relation)
                return NULL;
        of = relation_store(r, relation);
        s = store_new(r);
        if (!of || !s)
                return NULL;
        s->columns = of->columns;
        s->n_columns = of->n_columns;
        if (relation->is_value_table && relation->n) {
                row = sp_arena_new(r->arena, struct sp_sql_column);
                if (!row)
                        return sp_sql_resolver_no_memory(r);
                *row = relation->columns[0];
                row->name = alias;
                row->is_range = true;
                s->columns = row;
                s->n_columns = 1;
                note_rows(s, row, 1);
        } else {
                s->base = of;
                s->has_unknown = of->has_unknown;
        }
        if (alias.n && !add_range(s, &range))
                return NULL;
        return view(r, s, outer, relation->pseudo);
}

const struct sp_sql_names *sp_sql_names_of_query(struct sp_sql_resolver *r,
                                                 const struct sp_sql_relation *relation,
                                                 struct sp_str alias,
                                                 const struct sp_sql_names *outer)
{
        if (relation && relation->names && !alias.n)
                return sp_sql_names_over(r, relation->names, outer);
        return sp_sql_names_of(r, relation, alias, outer);
}

static bool add_new_range(struct sp_sql_name_index *s, const struct sp_sql_range *range,
                          struct sp_sql_span at)
{
        size_t place;

        if (sp_sql_index_find(&s->by_range, s->ranges, sizeof(*range), range->name,
                              &place))
                return sp_sql_unresolved(
                               s->r, at,
                               "Duplicate table alias %.*s in the same FROM clause",
                               SP_FMT(sp_str_sub(range->name, 0, 120))) != NULL;
        return add_range(s, range);
}

static bool add_ranges(struct sp_sql_name_index *s, const struct sp_sql_names *names,
                       struct sp_sql_span at)
{
        for (size_t i = 0; i < names->n_ranges; i++)
                if (!add_new_range(s, &names->ranges[i], at))
                        return false;
        return true;
}

/* The store of `names` when nothing was added to it since, else a copy. */
static struct sp_sql_name_index *own_store(struct sp_sql_resolver *r,
                                           const struct sp_sql_names *names,
                                           struct sp_sql_span at)
{
        struct sp_sql_name_index *s = names->index;

        if (s->column_capacity && s->n_columns == names->n_columns &&
            s->n_ranges == names->n_ranges)
                return s;
        s = store_new(r);
        if (!s || !sp_sql_count_columns(r, names->n_columns, at) ||
            !add_columns(s, names->columns, names->n_columns) ||
            !add_ranges(s, names, at))
                return NULL;
        return s;
}

const struct sp_sql_names *sp_sql_names_join(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *left,
                                             const struct sp_sql_names *right,
                                             struct sp_sql_span at)
{
        struct sp_sql_name_index *s;

        if (!left || !right)
                return NULL;
        s = own_store(r, left, at);
        if (!s || !sp_sql_count_columns(r, right->n_columns, at) ||
            !add_columns(s, right->columns, right->n_columns) ||
            !add_ranges(s, right, at))
                return NULL;
        return view(r, s, left->outer, left->pseudo | right->pseudo);
}

bool sp_sql_names_place(const struct sp_sql_names *names,
                        const struct sp_sql_column *found, size_t *ret)
{
        const struct sp_sql_name_index *s =
                names->index->base ? names->index->base : names->index;
        uintptr_t at = (uintptr_t)found, first = (uintptr_t)s->columns;

        if (at >= first && at < first + s->n_columns * sizeof(*found)) {
                *ret = (at - first) / sizeof(*found);
                return true;
        }
        *ret = s->owners[found - s->fields];
        return false;
}

const struct sp_sql_names *sp_sql_names_aliased(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *names,
                                                const struct sp_sql_column *columns,
                                                size_t n)
{
        return sp_sql_names_new(r, columns, n, NULL, 0, names);
}
