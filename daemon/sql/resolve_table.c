/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table expression. A path of one part is a WITH name, a temporary table or a stored
 * one; of a longer path the first part may be a name in scope, and the path is then an
 * array of its row.
 */
#include "daemon/sql/collect.h"
#include "daemon/sql/index.h"
#include "daemon/sql/resolve_shape.h"

#define TABLE_PARTS_MAX 4 /* of a stored table's path; arrays of it may follow */

/* ---- stored tables ---- */

struct known {
        struct sp_str name; /* first: for the index */
        const struct sp_sql_relation *relation;
};

struct tables { /* one relation for each stored table, however often it is read */
        struct sp_sql_vector v;
        struct sp_sql_index index;
};

static const struct sp_sql_relation *stored(struct sp_sql_resolver *r,
                                            const struct sp_sql_catalog_table *t,
                                            struct sp_sql_span at)
{
        struct sp_sql_relation *relation =
                sp_arena_new(r->arena, struct sp_sql_relation);
        struct sp_sql_column *columns =
                sp_arena_array(r->arena, t->n_columns, sizeof(*columns));

        if (!relation || !columns)
                return sp_sql_resolver_no_memory(r);
        if (!sp_sql_count_columns(r, t->n_columns, at))
                return NULL;
        for (size_t i = 0; i < t->n_columns; i++) {
                const struct sp_sql_catalog_column *c = &t->columns[i];

                columns[i].name = c->name;
                columns[i].value = sp_sql_value_stored(
                        r, c->type,
                        &(struct sp_sql_leaf){ .table = t, .column = c->name });
                if (!columns[i].value || !sp_sql_spell(r, c->name))
                        return NULL;
                if (r->spellings && !sp_sql_spelling_add_type(r->spellings, c->type))
                        return sp_sql_resolver_no_memory(r);
        }
        relation->columns = columns;
        relation->n = t->n_columns;
        /* `$struct`, `$value_column`: how GoogleSQL calls a row that has no name */
        relation->is_value_table =
                t->n_columns == 1 &&
                (t->is_value_table || sp_str_starts(t->columns[0].name, SP_STR("$")));
        relation->pseudo = SP_SQL_PSEUDO_STORED;
        if (sp_str_ends(t->name, SP_STR("*")))
                relation->pseudo |= SP_SQL_PSEUDO_WILDCARD;
        return relation;
}

static const struct sp_sql_relation *stored_once(struct sp_sql_resolver *r,
                                                 const struct sp_sql_catalog_table *t,
                                                 struct sp_sql_span at)
{
        struct tables *all = r->tables;
        struct known *k;
        size_t place;

        if (!all) {
                all = sp_arena_new(r->arena, struct tables);
                if (!all)
                        return sp_sql_resolver_no_memory(r);
                all->index.is_case_sensitive = true;
                r->tables = all;
        }
        if (sp_sql_index_find(&all->index, all->v.v, sizeof(*k), t->name, &place))
                return ((const struct known *)all->v.v)[place].relation;
        k = sp_sql_vector_add(r->arena, &all->v, sizeof(*k));
        if (!k)
                return sp_sql_resolver_no_memory(r);
        k->name = t->name;
        k->relation = stored(r, t, at);
        if (!k->relation)
                return NULL;
        return sp_sql_index_add(r->arena, &all->index, all->v.v, sizeof(*k))
                       ? k->relation
                       : sp_sql_resolver_no_memory(r);
}

/* The first `n` names of a path, joined by dots. */
static struct sp_str joined(struct sp_sql_resolver *r, const struct sp_sql_node *path,
                            size_t n)
{
        const struct sp_sql_node *c = path->first;
        size_t bytes = 0, o = 0;
        char *to;

        for (size_t i = 0; i < n; i++, c = c->next)
                bytes += c->text.n + 1;
        to = sp_arena_alloc(r->arena, bytes);
        if (!to) {
                sp_sql_resolver_no_memory(r);
                return SP_STR_NULL;
        }
        c = path->first;
        for (size_t i = 0; i < n; i++, c = c->next) {
                if (i)
                        to[o++] = '.';
                if (c->text.n)
                        memcpy(to + o, c->text.p, c->text.n);
                o += c->text.n;
        }
        return sp_str(to, o);
}

static const struct sp_sql_catalog_table *
find_with(struct sp_sql_resolver *r, struct sp_str before, struct sp_str name)
{
        struct sp_str full;

        if (!before.n)
                return NULL;
        full = sp_arena_printf(r->arena, "%.*s.%.*s", SP_FMT(before), SP_FMT(name));
        if (!full.p)
                return sp_sql_resolver_no_memory(r);
        return sp_sql_catalog_find(r->catalog, full);
}

/* dataset.INFORMATION_SCHEMA.view: two parts stand for one table of the dataset. */
static bool is_schema_view(struct sp_str name, const char *dot)
{
        struct sp_str rest = sp_str_sub(name, (size_t)(dot + 1 - name.p), name.n), head,
                      view;

        return sp_str_cut(rest, '.', &head, &view) &&
               sp_str_caseeq(head, SP_STR("INFORMATION_SCHEMA")) &&
               !memchr(view.p, '.', view.n);
}

/* As the defaults complete the name, else as it is written. */
static const struct sp_sql_catalog_table *find_stored(struct sp_sql_resolver *r,
                                                      struct sp_str name)
{
        const struct sp_sql_catalog_table *t = NULL;
        const char *dot = name.n ? memchr(name.p, '.', name.n) : NULL;
        bool is_short = dot && (!memchr(dot + 1, '.', name.n - (dot + 1 - name.p)) ||
                                is_schema_view(name, dot));
        struct sp_str dataset = r->default_dataset;

        if (!dot && dataset.n) {
                if (r->default_project.n) {
                        dataset = sp_arena_printf(r->arena, "%.*s.%.*s",
                                                  SP_FMT(r->default_project),
                                                  SP_FMT(dataset));
                        if (!dataset.p)
                                return sp_sql_resolver_no_memory(r);
                }
                t = find_with(r, dataset, name);
                if (!t && !r->code)
                        t = find_with(r, r->default_dataset, name);
        } else if (is_short) {
                t = find_with(r, r->default_project, name);
        }
        return t || r->code ? t : sp_sql_catalog_find(r->catalog, name);
}

static size_t count(const struct sp_sql_node *n)
{
        size_t many = 0;

        for (; n; n = n->next)
                many++;
        return many;
}

static bool is_stored(struct sp_sql_resolver *r, const struct sp_sql_node *path)
{
        struct sp_str name = joined(r, path, count(path->first));

        return name.p && find_stored(r, name) && !r->code;
}

const struct sp_sql_relation *sp_sql_resolve_path(struct sp_sql_resolver *r,
                                                  const struct sp_sql_node *path)
{
        const struct sp_sql_relation *relation = NULL;
        const struct sp_sql_catalog_table *t;
        struct sp_str name;

        if (sp_sql_cte_find(r, path, &relation))
                return relation;
        relation = sp_sql_temp_find(r, path);
        if (relation || r->code || r->unresolved)
                return relation;
        name = joined(r, path, count(path->first));
        t = name.p ? find_stored(r, name) : NULL;
        if (r->code || !sp_sql_note_read(r, path, t, name))
                return NULL;
        if (t)
                return stored_once(r, t, path->span);
        return sp_sql_unresolved(r, path->span, "Table not found: %.*s",
                                 SP_FMT(sp_str_sub(name, 0, 200)));
}

/* ---- arrays ---- */

static const struct sp_sql_names *row_names(struct sp_sql_resolver *r,
                                            const struct sp_sql_value *v,
                                            struct sp_str alias,
                                            const struct sp_sql_names *outer)
{
        struct sp_sql_vector columns = { 0 };
        const struct sp_sql_relation *relation;
        struct sp_sql_column *c;

        if (!v || !sp_sql_count_columns(r, 1, (struct sp_sql_span){ 0 }))
                return NULL;
        c = sp_sql_vector_add(r->arena, &columns, sizeof(*c));
        if (!c)
                return sp_sql_resolver_no_memory(r);
        *c = (struct sp_sql_column){ .name = alias, .value = v };
        relation = sp_sql_relation_new(r, &columns, true);
        return relation ? sp_sql_names_of(r, relation, alias, outer) : NULL;
}

/* A row for each element: how long the array is decides how many rows there are. */
static const struct sp_sql_value *each(struct sp_sql_resolver *r,
                                       const struct sp_sql_value *array)
{
        const struct sp_sql_value *length;

        if (!array)
                return NULL;
        length = sp_sql_value_presence(r, array);
        if (!length || !sp_sql_filter(r, length))
                return NULL;
        return sp_sql_value_element(r, array);
}

/* WITH OFFSET: a place, which is no value of the array */
static const struct sp_sql_names *with_offset(struct sp_sql_resolver *r,
                                              const struct sp_sql_names *names,
                                              const struct sp_sql_node *table,
                                              const struct sp_sql_names *outer)
{
        const struct sp_sql_node *offset = sp_sql_child(table, SP_SQL_N_OFFSET), *alias;
        const struct sp_sql_names *at;

        if (!names || !offset)
                return names;
        alias = sp_sql_child(offset, SP_SQL_N_ALIAS);
        at = row_names(r,
                       sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_INT64), NULL),
                       alias ? alias->text : SP_STR("offset"), outer);
        return at ? sp_sql_names_join(r, names, at, offset->span) : NULL;
}

/* Rows of ARRAY(SELECT …) are that query's: its columns stay apart. Those of [a, b] are as
 * many as are written. */
static const struct sp_sql_value *element_of(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *scope,
                                             const struct sp_sql_node *n)
{
        const struct sp_sql_relation *relation;

        if (n->kind == SP_SQL_N_ARRAY)
                return sp_sql_value_element(r, sp_sql_resolve_expr(r, scope, n));
        if (n->kind != SP_SQL_N_SUBQUERY || n->op != SP_KW_ARRAY ||
            n->first->kind != SP_SQL_N_QUERY)
                return each(r, sp_sql_resolve_expr(r, scope, n));
        relation = sp_sql_resolve_query(r, scope, n->first);
        if (!relation || relation->n == 1)
                return relation ? relation->columns[0].value : NULL;
        return sp_sql_unresolved(
                r, n->span,
                "ARRAY subquery cannot have more than one column "
                "unless using SELECT AS STRUCT to build STRUCT values");
}

/* UNNEST(e [AS a], …): several arrays side by side give a row each. */
static const struct sp_sql_names *unnest(struct sp_sql_resolver *r,
                                         const struct sp_sql_names *scope,
                                         const struct sp_sql_names *outer,
                                         const struct sp_sql_node *table)
{
        const struct sp_sql_node *un = table->first,
                                 *alias = sp_sql_child(table, SP_SQL_N_ALIAS);
        const struct sp_sql_names *names = NULL, *more;
        bool is_single = un->first == un->last;

        for (const struct sp_sql_node *c = un->first; c; c = c->next) {
                const struct sp_sql_value *v;
                struct sp_str name = alias ? alias->text : SP_STR_NULL;

                if (c->kind != SP_SQL_N_ITEM)
                        continue; /* mode => … */
                if (c->last->kind == SP_SQL_N_ALIAS || !is_single)
                        name = sp_sql_item_name(c);
                v = element_of(r, scope, c->first);
                more = row_names(r, v, name, outer);
                names = names && more ? sp_sql_names_join(r, names, more, c->span)
                                      : more;
                if (!names)
                        return NULL;
        }
        return with_offset(r, names, table, outer);
}

/* ---- paths ---- */

static bool is_in_scope(const struct sp_sql_names *scope,
                        const struct sp_sql_node *path)
{
        const struct sp_sql_column *column;
        const struct sp_sql_range *range;

        return path->first != path->last &&
               sp_sql_names_find(scope, path->first->text, &column, &range) !=
                       SP_SQL_FOUND_NONE;
}

static const struct sp_sql_names *array_path(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *scope,
                                             const struct sp_sql_names *outer,
                                             const struct sp_sql_node *table)
{
        const struct sp_sql_node *path = table->first,
                                 *alias = sp_sql_child(table, SP_SQL_N_ALIAS);
        const struct sp_sql_value *v = sp_sql_resolve_name(r, scope, path);

        v = each(r, v);
        return with_offset(
                r, row_names(r, v, alias ? alias->text : path->last->text, outer),
                table, outer);
}

/* FROM t.a.b: a stored table, then an array of it. */
static const struct sp_sql_names *stored_array(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *outer,
                                               const struct sp_sql_node *table)
{
        const struct sp_sql_node *path = table->first, *next = path->first,
                                 *alias = sp_sql_child(table, SP_SQL_N_ALIAS);
        const struct sp_sql_catalog_table *t = NULL, *longer;
        struct sp_sql_range range = { .name = path->first->text };
        size_t many = count(path->first), n = 0;
        const struct sp_sql_value *v;

        for (size_t i = 1; i < many && i <= TABLE_PARTS_MAX; i++) {
                struct sp_str name = joined(r, path, i);

                longer = name.p ? find_stored(r, name) : NULL;
                if (r->code)
                        return NULL;
                if (longer) {
                        t = longer;
                        n = i;
                }
        }
        if (!t || !sp_sql_note_read(r, path, t, t->name))
                return NULL;
        range.relation = stored_once(r, t, path->span);
        if (!range.relation)
                return NULL;
        v = sp_sql_range_value(r, &range);
        for (size_t i = 0; i < n; i++)
                next = next->next;
        for (; v && next; next = next->next)
                v = sp_sql_value_member(r, v, next->text, next->span);
        return row_names(r, each(r, v), alias ? alias->text : path->last->text, outer);
}

static const struct sp_sql_names *path_table(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *scope,
                                             const struct sp_sql_names *outer,
                                             const struct sp_sql_node *table)
{
        const struct sp_sql_node *path = table->first,
                                 *alias = sp_sql_child(table, SP_SQL_N_ALIAS);
        const struct sp_sql_relation *relation;
        const struct sp_sql_names *names;

        if (is_in_scope(scope, path))
                return array_path(r, scope, outer, table);
        if (path->first != path->last && !is_stored(r, path)) {
                names = stored_array(r, outer, table);
                if (names || r->code || r->unresolved)
                        return names;
        }
        relation = sp_sql_resolve_path(r, path);
        return relation ? sp_sql_names_of(r, relation,
                                          alias ? alias->text
                                                : sp_sql_implicit_alias(path),
                                          outer)
                        : NULL;
}

/* ---- all kinds ---- */

static const struct sp_sql_names *core(struct sp_sql_resolver *r,
                                       const struct sp_sql_names *left,
                                       const struct sp_sql_names *outer,
                                       const struct sp_sql_node *n)
{
        const struct sp_sql_names *scope = left ? left : outer;
        const struct sp_sql_node *alias = sp_sql_child(n, SP_SQL_N_ALIAS);
        const struct sp_sql_relation *relation;
        bool is_known;

        switch (n->kind) {
        case SP_SQL_N_TABLE:
                return path_table(r, scope, outer, n);
        case SP_SQL_N_TABLE_UNNEST:
                return unnest(r, scope, outer, n);
        case SP_SQL_N_TABLE_JOIN:
                /* not even array paths see what stands beside the parentheses */
                return sp_sql_resolve_from(r, outer, n->first);
        case SP_SQL_N_TABLE_QUERY:
                relation = sp_sql_resolve_query(
                        r, n->flags & SP_SQL_F_LATERAL ? scope : outer, n->first);
                return sp_sql_names_of_query(r, relation,
                                             alias ? alias->text : SP_STR_NULL, outer);
        case SP_SQL_N_TABLE_CALL:
                if (sp_sql_cte_find(r, n->first->first, &relation)) /* GROUP ROWS */
                        return sp_sql_names_of(
                                r, relation, alias ? alias->text : SP_STR_NULL, outer);
                relation = sp_sql_routine_table(
                        r, NULL, n->flags & SP_SQL_F_LATERAL ? scope : outer, n->first,
                        &is_known);
                if (relation)
                        return sp_sql_names_of(
                                r, relation, alias ? alias->text : SP_STR_NULL, outer);
                return sp_sql_unresolved(
                        r, n->span,
                        "The columns of a table function's result are not known");
        default:
                return sp_sql_unresolved(r, n->span,
                                         "This table expression cannot be resolved");
        }
}

static const struct sp_sql_names *suffix(struct sp_sql_resolver *r,
                                         const struct sp_sql_names *names,
                                         const struct sp_sql_names *outer,
                                         const struct sp_sql_node *n)
{
        switch (n->kind) {
        case SP_SQL_N_PIVOT:
                if (n->op == SP_KW_MATCH_RECOGNIZE)
                        return sp_sql_resolve_match(r, names, outer, n);
                return sp_sql_resolve_pivot(r, names, outer, n);
        case SP_SQL_N_SAMPLE:
                return sp_sql_resolve_sample(r, names, outer, n);
        case SP_SQL_N_SYSTEM_TIME:
                return sp_sql_resolve_deciding(r, outer, n) ? names : NULL;
        default:
                return names;
        }
}

/* GoogleSQL takes PIVOT and UNPIVOT behind UNNEST and does nothing with them. */
static bool is_ignored(const struct sp_sql_node *table, const struct sp_sql_node *n)
{
        return table->kind == SP_SQL_N_TABLE_UNNEST && n->kind == SP_SQL_N_PIVOT &&
               (n->op == SP_KW_PIVOT || n->op == SP_KW_UNPIVOT);
}

const struct sp_sql_names *sp_sql_resolve_table(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *left,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *table)
{
        const struct sp_sql_names *names = NULL;

        if (r->code || r->unresolved)
                return NULL;
        if (sp_sql_resolver_enter(r, table->span))
                names = core(r, left, outer, table);
        sp_sql_resolver_leave(r);
        for (const struct sp_sql_node *c = table->first->next; names && c; c = c->next)
                if (!is_ignored(table, c))
                        names = suffix(r, names, outer, c);
        return names;
}
