/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/resolve_shape.h"
#include "daemon/sql/name.h"

/* ---- sets ---- */

bool sp_sql_places_new(struct sp_sql_resolver *r, struct sp_sql_places *p, size_t n)
{
        size_t n_slots = 8;

        while (n_slots < n * 2)
                n_slots *= 2;
        p->slots = sp_arena_array(r->arena, n_slots, sizeof(*p->slots));
        p->n_slots = n_slots;
        return p->slots || sp_sql_resolver_no_memory(r);
}

static size_t hash_of(const void *identity, struct sp_str name)
{
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        if (identity)
                return (size_t)(((uintptr_t)identity >> 4) *
                                        UINT64_C(0x9e3779b97f4a7c15) >>
                                20);
        h = sp_sql_name_hash(name);
        return (size_t)(h ^ h >> 32);
}

struct sp_sql_place *sp_sql_place(const struct sp_sql_places *p, const void *identity,
                                  struct sp_str name)
{
        size_t i = hash_of(identity, name);

        for (;; i++) {
                struct sp_sql_place *s = &p->slots[i & (p->n_slots - 1)];

                if (!s->is_used ||
                    (identity ? s->identity == identity
                              : !s->identity && sp_sql_name_eq(s->name, name)))
                        return s;
        }
}

/* ---- names ---- */

/* The value of a range's column among the new ones; `expected` is tried first, since
 * ranges list their columns in the order of the names. */
static const struct sp_sql_value *apart_of(const struct sp_sql_names *names,
                                           const struct sp_sql_value *values,
                                           const struct sp_sql_places *by_value,
                                           const struct sp_sql_value *old,
                                           size_t *expected)
{
        const struct sp_sql_place *place;

        if (*expected >= names->n_columns || names->columns[*expected].value != old) {
                place = sp_sql_place(by_value, old, SP_STR_NULL);
                if (!place->is_used)
                        return old;
                *expected = place->at;
        }
        return &values[(*expected)++];
}

static const struct sp_sql_relation *
relation_apart(struct sp_sql_resolver *r, const struct sp_sql_names *names,
               const struct sp_sql_value *values, const struct sp_sql_places *by_value,
               const struct sp_sql_relation *old, size_t *expected)
{
        struct sp_sql_relation *relation =
                sp_arena_new(r->arena, struct sp_sql_relation);
        struct sp_sql_column *columns =
                sp_sql_columns_new(r, old->n, (struct sp_sql_span){ 0 });

        if (!relation || !columns)
                return relation ? NULL : sp_sql_resolver_no_memory(r);
        *relation = *old;
        relation->columns = columns;
        relation->index = NULL;
        for (size_t i = 0; i < old->n; i++) {
                columns[i] = old->columns[i];
                columns[i].value =
                        apart_of(names, values, by_value, columns[i].value, expected);
        }
        return relation;
}

static struct sp_sql_range *ranges_apart(struct sp_sql_resolver *r,
                                         const struct sp_sql_names *names,
                                         const struct sp_sql_value *values)
{
        struct sp_sql_range *ranges =
                sp_arena_array(r->arena, names->n_ranges, sizeof(*ranges));
        struct sp_sql_places by_value;
        size_t expected = 0;

        if (!ranges)
                return sp_sql_resolver_no_memory(r);
        if (!sp_sql_places_new(r, &by_value, names->n_columns))
                return NULL;
        for (size_t i = 0; i < names->n_columns; i++) {
                struct sp_sql_place *place =
                        sp_sql_place(&by_value, names->columns[i].value, SP_STR_NULL);

                if (!place->is_used)
                        *place = (struct sp_sql_place){ names->columns[i].value,
                                                        SP_STR_NULL, i, true };
        }
        for (size_t i = 0; i < names->n_ranges; i++) {
                ranges[i].name = names->ranges[i].name;
                ranges[i].relation =
                        relation_apart(r, names, values, &by_value,
                                       names->ranges[i].relation, &expected);
                if (!ranges[i].relation)
                        return NULL;
        }
        return ranges;
}

const struct sp_sql_names *sp_sql_names_apart(struct sp_sql_resolver *r,
                                              const struct sp_sql_names *names,
                                              const struct sp_sql_names *outer,
                                              const struct sp_sql_value **ret_values)
{
        struct sp_sql_value *values =
                sp_arena_array(r->arena, names->n_columns, sizeof(*values));
        struct sp_sql_column *columns =
                sp_sql_columns_new(r, names->n_columns, (struct sp_sql_span){ 0 });
        struct sp_sql_range *ranges;

        if (!values || !columns)
                return values ? NULL : sp_sql_resolver_no_memory(r);
        for (size_t i = 0; i < names->n_columns; i++) {
                values[i] = *names->columns[i].value;
                columns[i] = names->columns[i];
                columns[i].value = &values[i];
        }
        ranges = ranges_apart(r, names, values);
        if (!ranges)
                return NULL;
        *ret_values = values;
        return sp_sql_names_new(r, columns, names->n_columns, ranges, names->n_ranges,
                                outer);
}

bool sp_sql_use(struct sp_sql_resolver *r, const struct sp_sql_value *column)
{
        const struct sp_sql_value **v;

        if (!r->uses)
                return true;
        v = sp_sql_vector_add(r->arena, r->uses, sizeof(*v));
        if (!v)
                return sp_sql_resolver_no_memory(r);
        *v = column;
        return true;
}

/* ---- relations ---- */

struct sp_sql_column *sp_sql_columns_new(struct sp_sql_resolver *r, size_t n,
                                         struct sp_sql_span at)
{
        struct sp_sql_column *columns;

        if (!sp_sql_count_columns(r, n, at))
                return NULL;
        columns = sp_arena_array(r->arena, n, sizeof(*columns));
        return columns ? columns : sp_sql_resolver_no_memory(r);
}

const struct sp_sql_relation *sp_sql_relation_of(struct sp_sql_resolver *r,
                                                 const struct sp_sql_column *columns,
                                                 size_t n)
{
        struct sp_sql_relation *relation =
                sp_arena_new(r->arena, struct sp_sql_relation);

        if (!relation)
                return sp_sql_resolver_no_memory(r);
        relation->columns = columns;
        relation->n = n;
        return relation;
}

static bool is_column(const struct sp_sql_node *n)
{
        return n->kind == SP_SQL_N_CLAUSE && n->op == SP_KW_COLUMN;
}

const struct sp_sql_relation *
sp_sql_relation_renamed(struct sp_sql_resolver *r, const struct sp_sql_node *create,
                        const struct sp_sql_relation *relation)
{
        struct sp_sql_column *columns = NULL;
        size_t n = 0;

        for (const struct sp_sql_node *c = create->first; c && relation; c = c->next) {
                if (!is_column(c))
                        continue;
                if (!columns) {
                        columns = sp_sql_columns_new(r, relation->n, create->span);
                        if (!columns)
                                return NULL;
                        for (size_t i = 0; i < relation->n; i++)
                                columns[i] = relation->columns[i];
                }
                if (n < relation->n)
                        columns[n].name = c->text;
                n++;
        }
        if (!columns)
                return relation;
        if (n != relation->n)
                return sp_sql_unresolved(
                        r, create->span,
                        "The number of columns in the column definition list does not "
                        "match the number of columns in the query");
        return sp_sql_relation_of(r, columns, n);
}

struct sp_str sp_sql_expr_name(const struct sp_sql_node *expr)
{
        struct sp_sql_node copy = *expr, item = { .kind = SP_SQL_N_ITEM,
                                                  .first = &copy,
                                                  .last = &copy };

        copy.next = NULL;
        return sp_sql_item_name(&item);
}

/* ---- WINDOW w AS (…) ---- */

static void mark_windows(const struct sp_sql_node *n, const struct sp_sql_places *names)
{
        struct sp_sql_place *place;

        if (n->kind == SP_SQL_N_WINDOW && n->first && n->first->kind == SP_SQL_N_NAME) {
                place = sp_sql_place(names, NULL, n->first->text);
                if (place->is_used)
                        place->at = 1;
        }
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                mark_windows(c, names);
}

/* One that nobody in sight uses: it may decide, but it may also be wrong. */
static bool try_window(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                       const struct sp_sql_node *window)
{
        const struct sp_sql_sources *filters = r->filters;

        if (r->unresolved || sp_sql_resolve_deciding(r, names, window))
                return !r->unresolved;
        r->filters = filters;
        r->unresolved = NULL;
        return !r->code;
}

bool sp_sql_resolve_windows(struct sp_sql_resolver *r, const struct sp_sql_names *names,
                            const struct sp_sql_node *n, bool is_all_in_sight)
{
        const struct sp_sql_node *name = NULL;
        struct sp_sql_places windows;
        size_t count = 0;

        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                count += c->kind == SP_SQL_N_NAME;
        if (!count)
                return true;
        if (!sp_sql_places_new(r, &windows, count))
                return false;
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == SP_SQL_N_NAME)
                        *sp_sql_place(&windows, NULL, c->text) =
                                (struct sp_sql_place){ NULL, c->text, 0, true };
        mark_windows(n, &windows);
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_NAME)
                        name = c;
                if (c->kind != SP_SQL_N_WINDOW || !name)
                        continue;
                if (sp_sql_place(&windows, NULL, name->text)->at)
                        ok = sp_sql_resolve_deciding(r, names, c);
                else if (!is_all_in_sight)
                        ok = try_window(r, names, c);
                if (!ok)
                        return false;
        }
        return true;
}
