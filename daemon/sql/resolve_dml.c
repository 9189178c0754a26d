/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INSERT, UPDATE, DELETE, MERGE: which values are written to which columns of the target.
 * A field or an element that is written counts as its column. DELETE writes nothing; its
 * columns decide rows.
 */
#include "daemon/sql/collect.h"
#include "daemon/sql/name.h"
#include "daemon/sql/resolve_shape.h"

struct dml {
        struct sp_sql_resolver *r;
        const struct sp_sql_relation *target;
        const struct sp_sql_names *names; /* the target's, under its alias */
        struct sp_str alias;
        size_t *written; /* per column of the target: its place in `columns` plus 1 */
        struct sp_sql_vector columns; /* struct sp_sql_column, as first written */
};

static bool set_items(struct dml *d, const struct sp_sql_names *names,
                      const struct sp_sql_node *s, const size_t *column);

/* ---- the target ---- */

/* The same columns, told apart from those of the table where it is also read. */
static const struct sp_sql_relation *as_target(struct sp_sql_resolver *r,
                                               const struct sp_sql_relation *of)
{
        struct sp_sql_relation *target = sp_arena_new(r->arena, struct sp_sql_relation);
        struct sp_sql_column *columns =
                sp_arena_array(r->arena, of->n, sizeof(*columns));

        if (!target || !columns)
                return sp_sql_resolver_no_memory(r);
        for (size_t i = 0; i < of->n; i++) {
                const struct sp_sql_value *v = of->columns[i].value;
                const struct sp_sql_leaf *leaf = sp_sql_sources_single(v->sources);
                struct sp_sql_leaf own;

                columns[i] = of->columns[i];
                if (!leaf || v->fields)
                        continue; /* of a table that the script itself made */
                own = *leaf;
                own.is_target = true;
                columns[i].value = sp_sql_value_stored(r, v->type, &own);
                if (!columns[i].value)
                        return NULL;
        }
        *target = *of;
        target->columns = columns;
        target->index = NULL;
        return target;
}

static bool begin(struct dml *d, struct sp_sql_resolver *r,
                  const struct sp_sql_node *statement)
{
        const struct sp_sql_node *t = sp_sql_child(statement, SP_SQL_N_TARGET), *alias;

        *d = (struct dml){ .r = r };
        if (!t || !t->first || !t->first->last)
                return sp_sql_unresolved(r, statement->span, "no target to write to");
        d->target = sp_sql_resolve_path(r, t->first);
        if (d->target)
                d->target = as_target(r, d->target);
        if (!d->target)
                return false;
        alias = sp_sql_child(t, SP_SQL_N_ALIAS);
        d->alias = alias ? alias->text : sp_sql_implicit_alias(t->first);
        d->names = sp_sql_names_of(r, d->target, d->alias, NULL);
        d->written = sp_arena_array(r->arena, d->target->n, sizeof(*d->written));
        if (!d->written)
                return sp_sql_resolver_no_memory(r);
        return d->names != NULL;
}

/* A value written to a column of the target, once or in several places. */
static bool write_(struct dml *d, size_t column, const struct sp_sql_value *v)
{
        const struct sp_sql_column *of = &d->target->columns[column];
        struct sp_sql_column *to;
        const struct sp_sql_sources *sources;

        if (!v)
                return false;
        if (!d->written[column]) {
                to = sp_sql_vector_add(d->r->arena, &d->columns, sizeof(*to));
                if (!to)
                        return sp_sql_resolver_no_memory(d->r);
                d->written[column] = d->columns.n;
                to->name = of->name;
                to->value = sp_sql_value_new(d->r, of->value->type, v->sources);
                return to->value != NULL;
        }
        to = (struct sp_sql_column *)d->columns.v + (d->written[column] - 1);
        sources = sp_sql_sources_join(d->r, to->value->sources, v->sources);
        to->value = sp_sql_value_new(d->r, of->value->type, sources);
        return to->value != NULL && !d->r->code;
}

static bool find_column(struct dml *d, struct sp_str name, struct sp_sql_span at,
                        size_t *ret)
{
        const struct sp_sql_column *c;

        switch (sp_sql_relation_find(d->r, d->target, name, &c)) {
        case 0:
                return sp_sql_unresolved(d->r, at,
                                         "Column %.*s is not present in the table "
                                         "written",
                                         SP_FMT(name));
        case 1:
                if (c < d->target->columns || c >= d->target->columns + d->target->n)
                        return sp_sql_unresolved(d->r, at,
                                                 "%.*s is a field of the row written",
                                                 SP_FMT(name));
                *ret = (size_t)(c - d->target->columns);
                return true;
        default:
                return sp_sql_unresolved(d->r, at, "Column name %.*s is ambiguous",
                                         SP_FMT(name));
        }
}

/* The columns of a list of NAMEs; without a list, all of the table. *ret: their places.
 */
static bool list_columns(struct dml *d, const struct sp_sql_node *list, size_t **ret,
                         size_t *ret_n)
{
        size_t count = 0, *places;

        for (const struct sp_sql_node *c = list ? list->first : NULL; c; c = c->next)
                count++;
        places = sp_arena_array(d->r->arena, SP_MAX(count, d->target->n),
                                sizeof(*places));
        if (!places)
                return sp_sql_resolver_no_memory(d->r);
        *ret_n = 0;
        for (const struct sp_sql_node *c = list ? list->first : NULL; c; c = c->next)
                if (!find_column(d, c->text, c->span, &places[(*ret_n)++]))
                        return false;
        for (size_t i = 0; !list && i < d->target->n; i++)
                if (sp_sql_is_visible(&d->target->columns[i]))
                        places[(*ret_n)++] = i;
        *ret = places;
        return true;
}

/* ---- values ---- */

static const struct sp_sql_value *
value_of(struct dml *d, const struct sp_sql_names *names, const struct sp_sql_node *n)
{
        if (n->kind == SP_SQL_N_DEFAULT)
                return sp_sql_value_new(d->r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN),
                                        NULL);
        return sp_sql_resolve_expr(d->r, names, n);
}

static bool mismatch(struct dml *d, struct sp_sql_span at, size_t has, size_t wants)
{
        sp_sql_unresolved(d->r, at,
                          "Inserted row has wrong column count; Has %zu, expected %zu",
                          has, wants);
        return false;
}

static bool write_row(struct dml *d, const struct sp_sql_names *names,
                      const struct sp_sql_node *row, const size_t *places, size_t n)
{
        size_t i = 0;

        for (const struct sp_sql_node *c = row->first; c; c = c->next, i++)
                if (i < n && !write_(d, places[i], value_of(d, names, c)))
                        return false;
        return i == n || mismatch(d, row->span, i, n);
}

static bool write_relation(struct dml *d, const struct sp_sql_relation *relation,
                           struct sp_sql_span at, const size_t *places, size_t n)
{
        size_t i = 0;

        if (!relation)
                return false;
        for (size_t j = 0; j < relation->n; j++) {
                if (!sp_sql_is_visible(&relation->columns[j]))
                        continue;
                if (i < n && !write_(d, places[i], relation->columns[j].value))
                        return false;
                i++;
        }
        return i == n || mismatch(d, at, i, n);
}

static bool is_name_list(const struct sp_sql_node *n)
{
        return n->kind == SP_SQL_N_LIST && n->first && n->first->kind == SP_SQL_N_NAME;
}

static const struct sp_sql_node *name_list(const struct sp_sql_node *s)
{
        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                if (is_name_list(c))
                        return c;
        return NULL;
}

static bool filter(struct dml *d, const struct sp_sql_names *names,
                   const struct sp_sql_node *clause)
{
        if (!clause || !clause->first)
                return true;
        return sp_sql_filter(d->r, sp_sql_resolve_expr(d->r, names, clause->first));
}

/* ---- DML on an array inside SET ---- */

/* The element under the name of the array, or its alias; and its offset. */
static const struct sp_sql_names *element_names(struct dml *d,
                                                const struct sp_sql_names *names,
                                                const struct sp_sql_node *s)
{
        const struct sp_sql_node *t = sp_sql_child(s, SP_SQL_N_TARGET),
                                 *offset = sp_sql_child(s, SP_SQL_N_OFFSET),
                                 *alias = sp_sql_child(t, SP_SQL_N_ALIAS);
        struct sp_sql_column *columns = sp_sql_columns_new(d->r, 2, s->span);
        struct sp_sql_range *range = sp_arena_new(d->r->arena, struct sp_sql_range);
        struct sp_sql_relation *relation =
                sp_arena_new(d->r->arena, struct sp_sql_relation);

        if (!columns || !range || !relation)
                return columns ? sp_sql_resolver_no_memory(d->r) : NULL;
        range->name = alias ? alias->text : sp_sql_implicit_alias(t->first);
        columns[0].name = range->name;
        columns[0].is_range = true;
        columns[0].value =
                sp_sql_value_element(d->r, sp_sql_resolve_expr(d->r, names, t->first));
        alias = offset ? sp_sql_child(offset, SP_SQL_N_ALIAS) : NULL;
        columns[1].name = alias ? alias->text : SP_STR("offset");
        columns[1].value =
                sp_sql_value_new(d->r, sp_sql_type_simple(SP_SQL_TYPE_INT64), NULL);
        if (!columns[0].value || !columns[1].value)
                return NULL;
        relation->columns = columns;
        relation->n = 1;
        relation->is_value_table = true;
        range->relation = relation;
        return sp_sql_names_new(d->r, columns, offset ? 2 : 1, range, 1, names);
}

static bool nested_insert(struct dml *d, const struct sp_sql_names *names,
                          const struct sp_sql_node *s, size_t column)
{
        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                const struct sp_sql_relation *q;

                if (c->kind == SP_SQL_N_LIST && !is_name_list(c)) {
                        for (const struct sp_sql_node *v = c->first; v; v = v->next)
                                if (!write_(d, column, value_of(d, names, v)))
                                        return false;
                } else if (c->kind == SP_SQL_N_QUERY) {
                        q = sp_sql_resolve_query(d->r, names, c);
                        for (size_t i = 0; q && i < q->n; i++)
                                if (!write_(d, column, q->columns[i].value))
                                        return false;
                        if (!q)
                                return false;
                }
        }
        return true;
}

/* `column`: the target's column that the array is in; NULL at the first level. */
static bool nested(struct dml *d, const struct sp_sql_names *names,
                   const struct sp_sql_node *n, const size_t *column)
{
        const struct sp_sql_node *s = sp_sql_child(n, SP_SQL_N_STATEMENT), *t;
        const struct sp_sql_names *inside;
        struct sp_str first;
        size_t place;

        t = s ? sp_sql_child(s, SP_SQL_N_TARGET) : NULL;
        if (!t || !t->first || !t->first->first)
                return sp_sql_unresolved(d->r, n->span, "no array to write to");
        first = t->first->first->text;
        if (t->first->first->next && sp_sql_name_eq(first, d->alias))
                first = t->first->first->next->text;
        if (column)
                place = *column;
        else if (!find_column(d, first, t->span, &place))
                return false;
        if (s->op == SP_SQL_INSERT)
                return nested_insert(d, names, s, place);
        /* an array that loses or changes elements is written, whatever with */
        if (!write_(d, place,
                    sp_sql_value_new(d->r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN),
                                     NULL)))
                return false;
        inside = element_names(d, names, s);
        return inside && filter(d, inside, sp_sql_child(s, SP_SQL_N_WHERE)) &&
               (s->op != SP_SQL_UPDATE || set_items(d, inside, s, &place));
}

/* ---- SET ---- */

/* The target's column that the left side of SET writes to: c, t.c, c.field, c[0].f */
static bool written_column(struct dml *d, const struct sp_sql_node *left, size_t *ret)
{
        const struct sp_sql_node *path = left, *name;
        const struct sp_sql_column *c;

        while (path && path->kind != SP_SQL_N_PATH)
                path = path->first;
        if (!path || !path->first)
                return sp_sql_unresolved(d->r, left->span, "no column to write to");
        name = path->first;
        if (name->next && sp_sql_name_eq(name->text, d->alias) &&
            sp_sql_relation_find(d->r, d->target, name->next->text, &c) == 1)
                name = name->next;
        return find_column(d, name->text, name->span, ret);
}

/* Which element is written depends on what stands in its brackets. */
static bool resolve_subscripts(struct dml *d, const struct sp_sql_names *names,
                               const struct sp_sql_node *left)
{
        return left->kind == SP_SQL_N_PATH ||
               sp_sql_filter(d->r, sp_sql_resolve_expr(d->r, names, left));
}

static bool set_items(struct dml *d, const struct sp_sql_names *names,
                      const struct sp_sql_node *s, const size_t *column)
{
        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                size_t place = 0;

                if (c->kind == SP_SQL_N_NESTED_DML) {
                        if (!nested(d, names, c, column))
                                return false;
                        continue;
                }
                if (c->kind != SP_SQL_N_ITEM)
                        continue;
                if (column)
                        place = *column;
                else if (!written_column(d, c->first, &place))
                        return false;
                if (!resolve_subscripts(d, names, c->first) ||
                    !write_(d, place, value_of(d, names, c->last)))
                        return false;
        }
        return true;
}

/* ---- statements ---- */

/* The target's columns with what was written to them; `or_before`: or what was there. */
static const struct sp_sql_relation *written_rows(struct dml *d, bool or_before)
{
        const struct sp_sql_column *written = d->columns.v;
        struct sp_sql_column *columns =
                sp_sql_columns_new(d->r, d->target->n, (struct sp_sql_span){ 0 });

        if (!columns)
                return NULL;
        for (size_t i = 0; i < d->target->n; i++) {
                const struct sp_sql_value *v =
                        d->written[i] ? written[d->written[i] - 1].value : NULL;

                columns[i] = d->target->columns[i];
                if (v && or_before)
                        v = sp_sql_value_either(d->r, columns[i].value, v);
                if (v)
                        columns[i].value = v;
                if (d->r->code || d->r->unresolved)
                        return NULL;
        }
        return sp_sql_relation_of(d->r, columns, d->target->n);
}

/* ON CONFLICT … DO UPDATE SET: over the row that is there, and the one `excluded`. */
static bool conflict(struct dml *d, const struct sp_sql_node *clause)
{
        struct sp_sql_range *ranges = sp_arena_array(d->r->arena, 2, sizeof(*ranges));
        const struct sp_sql_names *names;

        if (!ranges)
                return sp_sql_resolver_no_memory(d->r) != NULL;
        ranges[0] = (struct sp_sql_range){ d->alias, d->target };
        ranges[1] = (struct sp_sql_range){ SP_STR("excluded"), written_rows(d, false) };
        if (!ranges[1].relation)
                return false;
        names = sp_sql_names_new(d->r, d->target->columns, d->target->n, ranges, 2,
                                 NULL);
        return names && filter(d, names, sp_sql_child(clause, SP_SQL_N_WHERE)) &&
               set_items(d, names, clause, NULL);
}

static bool insert(struct dml *d, const struct sp_sql_node *s)
{
        size_t *places, n;

        if (!list_columns(d, name_list(s), &places, &n))
                return false;
        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_LIST && !is_name_list(c))
                        ok = write_row(d, NULL, c, places, n);
                else if (c->kind == SP_SQL_N_QUERY)
                        ok = write_relation(d, sp_sql_resolve_query(d->r, NULL, c),
                                            c->span, places, n);
                else if (c->kind == SP_SQL_N_CLAUSE)
                        ok = conflict(d, c);
                if (!ok)
                        return false;
        }
        return true;
}

static bool update(struct dml *d, const struct sp_sql_node *s)
{
        const struct sp_sql_node *from = sp_sql_child(s, SP_SQL_N_FROM);
        const struct sp_sql_names *names = d->names;

        if (from) {
                names = sp_sql_resolve_from(d->r, NULL, from);
                names = names ? sp_sql_names_join(d->r, d->names, names, from->span)
                              : NULL;
        }
        return names && filter(d, names, sp_sql_child(s, SP_SQL_N_WHERE)) &&
               set_items(d, names, s, NULL);
}

static bool merge_insert(struct dml *d, const struct sp_sql_names *source,
                         const struct sp_sql_node *when)
{
        const struct sp_sql_node *row = NULL;
        size_t *places, n;

        for (const struct sp_sql_node *c = when->first; c; c = c->next)
                if (c->kind == SP_SQL_N_LIST && !is_name_list(c))
                        row = c;
        if (!list_columns(d, name_list(when), &places, &n))
                return false;
        if (row)
                return write_row(d, source, row, places, n);
        /* INSERT ROW: the source's columns in their order */
        return write_relation(d, sp_sql_names_relation(d->r, source, when->span),
                              when->span, places, n);
}

static bool merge(struct dml *d, const struct sp_sql_node *s)
{
        const struct sp_sql_node *from = sp_sql_child(s, SP_SQL_N_FROM);
        const struct sp_sql_names *source = from ? sp_sql_resolve_from(d->r, NULL, from)
                                                 : NULL,
                                  *both = source ? sp_sql_names_join(d->r, d->names,
                                                                     source, from->span)
                                                 : NULL;

        if (!both || !filter(d, both, sp_sql_child(s, SP_SQL_N_ON)))
                return false;
        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                const struct sp_sql_names *names = both;

                if (c->kind != SP_SQL_N_MERGE_WHEN)
                        continue;
                if (c->op & SP_SQL_MERGE_BY_TARGET)
                        names = source;
                else if (c->op & SP_SQL_MERGE_BY_SOURCE)
                        names = d->names;
                if (!filter(d, names, sp_sql_child(c, SP_SQL_N_WHERE)))
                        return false;
                if (c->op & SP_SQL_MERGE_INSERT && !merge_insert(d, names, c))
                        return false;
                if (c->op & SP_SQL_MERGE_UPDATE && !set_items(d, names, c, NULL))
                        return false;
        }
        return true;
}

/* THEN RETURN: the target's columns, with what was there or what was written. */
static bool return_(struct dml *d, const struct sp_sql_node *s)
{
        const struct sp_sql_node *list = sp_sql_child(s, SP_SQL_N_SELECT);
        const struct sp_sql_relation *relation;
        const struct sp_sql_names *names;

        if (!list)
                return true;
        relation = written_rows(d, true);
        names = relation ? sp_sql_names_of(d->r, relation, d->alias, NULL) : NULL;
        relation = names ? sp_sql_resolve_items(d->r, names, list) : NULL;
        for (size_t i = 0; relation && i < relation->n; i++) {
                struct sp_sql_column *to =
                        sp_sql_vector_add(d->r->arena, &d->columns, sizeof(*to));

                if (!to)
                        return sp_sql_resolver_no_memory(d->r) != NULL;
                *to = relation->columns[i];
        }
        return relation != NULL;
}

const struct sp_sql_relation *sp_sql_resolve_dml(struct sp_sql_resolver *r,
                                                 const struct sp_sql_node *statement)
{
        struct dml d;
        bool ok = begin(&d, r, statement);

        switch (statement->op) {
        case SP_SQL_INSERT:
                ok = ok && insert(&d, statement);
                break;
        case SP_SQL_UPDATE:
                ok = ok && update(&d, statement);
                break;
        case SP_SQL_MERGE:
                ok = ok && merge(&d, statement);
                break;
        default: /* DELETE, and TRUNCATE with its old WHERE */
                ok = ok && filter(&d, d.names, sp_sql_child(statement, SP_SQL_N_WHERE));
                break;
        }
        if (!ok || !return_(&d, statement))
                return NULL;
        return sp_sql_relation_of(r, d.columns.v, d.columns.n);
}

const struct sp_sql_relation *
sp_sql_resolve_insert(struct sp_sql_resolver *r, const struct sp_sql_node *statement,
                      const struct sp_sql_relation *relation)
{
        struct dml d;
        size_t *places, n;

        if (!begin(&d, r, statement) ||
            !list_columns(&d, name_list(statement), &places, &n) ||
            !write_relation(&d, relation, statement->span, places, n))
                return NULL;
        return sp_sql_relation_of(r, d.columns.v, d.columns.n);
}
