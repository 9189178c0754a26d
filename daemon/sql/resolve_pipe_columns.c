/* SPDX-License-Identifier: Apache-2.0 */
/* The pipe operators that make other columns: SELECT, EXTEND, SET, DROP, RENAME,
 * AGGREGATE, DISTINCT. */
#include "daemon/sql/resolve_pipe.h"

/* ---- the output of an operator ---- */

bool sp_sql_pipe_becomes(struct sp_sql_pipe *p, const struct sp_sql_relation *relation,
                         struct sp_str alias)
{
        if (!relation)
                return false;
        p->names = sp_sql_names_of(p->r, relation, alias, p->outer);
        return p->names != NULL;
}

static bool becomes_columns(struct sp_sql_pipe *p, const struct sp_sql_column *columns,
                            size_t n, const struct sp_sql_range *ranges,
                            size_t n_ranges)
{
        p->names = sp_sql_names_new(p->r, columns, n, ranges, n_ranges, p->outer);
        return p->names != NULL;
}

static struct sp_sql_column *copy_columns(struct sp_sql_pipe *p,
                                          const struct sp_sql_node *n)
{
        struct sp_sql_column *columns =
                sp_sql_columns_new(p->r, p->names->n_columns, n->span);

        for (size_t i = 0; columns && i < p->names->n_columns; i++)
                columns[i] = p->names->columns[i];
        return columns;
}

static bool filter_columns(struct sp_sql_pipe *p, const struct sp_sql_column *columns,
                           size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (sp_sql_is_visible(&columns[i]) &&
                    !sp_sql_filter(p->r, columns[i].value))
                        return false;
        return true;
}

/* The ranges keep those of their columns that the distinct row still has: of a column
 * that USING merged, the side that was taken. */
static bool distinct_ranges(struct sp_sql_pipe *p, struct sp_sql_range *ranges)
{
        const struct sp_sql_names *names = p->names;
        struct sp_sql_places kept;

        if (!sp_sql_places_new(p->r, &kept, names->n_columns))
                return false;
        for (size_t i = 0; i < names->n_columns; i++)
                if (sp_sql_is_visible(&names->columns[i]))
                        *sp_sql_place(&kept, names->columns[i].value, SP_STR_NULL) =
                                (struct sp_sql_place){ names->columns[i].value,
                                                       SP_STR_NULL, i, true };
        for (size_t i = 0; i < names->n_ranges; i++) {
                const struct sp_sql_relation *old = names->ranges[i].relation;
                struct sp_sql_relation *relation;
                struct sp_sql_column *columns =
                        sp_sql_columns_new(p->r, old->n, (struct sp_sql_span){ 0 });

                relation = sp_arena_new(p->r->arena, struct sp_sql_relation);
                if (!columns || !relation)
                        return relation || sp_sql_resolver_no_memory(p->r);
                *relation = *old;
                relation->columns = columns;
                relation->n = 0;
                relation->pseudo = 0;
                relation->index = NULL;
                for (size_t j = 0; j < old->n; j++)
                        if (sp_sql_place(&kept, old->columns[j].value, SP_STR_NULL)
                                    ->is_used)
                                columns[relation->n++] = old->columns[j];
                ranges[i] = (struct sp_sql_range){ names->ranges[i].name, relation };
        }
        return true;
}

bool sp_sql_pipe_distinct(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        struct sp_sql_range *ranges =
                sp_arena_array(p->r->arena, p->names->n_ranges, sizeof(*ranges));
        struct sp_sql_column *columns = copy_columns(p, n);
        size_t n_columns = 0;

        if (!ranges)
                return sp_sql_resolver_no_memory(p->r);
        if (!columns || !filter_columns(p, columns, p->names->n_columns) ||
            !distinct_ranges(p, ranges) || p->r->unresolved)
                return false;
        for (size_t i = 0; i < p->names->n_columns; i++)
                if (sp_sql_is_visible(&columns[i]))
                        columns[n_columns++] = columns[i];
        return becomes_columns(p, columns, n_columns, ranges, p->names->n_ranges);
}

/* ---- columns ---- */

bool sp_sql_pipe_select(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_relation *relation =
                sp_sql_resolve_items(p->r, p->names, n);

        if (!relation || !sp_sql_resolve_windows(p->r, p->names, n, true))
                return false;
        if (n->flags & SP_SQL_F_DISTINCT &&
            !filter_columns(p, relation->columns, relation->n))
                return false;
        return sp_sql_pipe_becomes(p, relation, SP_STR_NULL);
}

bool sp_sql_pipe_extend(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_relation *added = sp_sql_resolve_items(p->r, p->names, n);
        const struct sp_sql_names *names;

        if (!added || !sp_sql_resolve_windows(p->r, p->names, n, true))
                return false;
        /* joined, not copied: a chain of n operators costs O(n) */
        names = sp_sql_names_new(p->r, added->columns, added->n, NULL, 0, p->outer);
        p->names = sp_sql_names_join(p->r, p->names, names, n->span);
        return p->names != NULL;
}

/* One item of DROP, RENAME or SET: the column's name, and what it becomes. */
struct change {
        const struct sp_sql_node *name, *new_name;
        const struct sp_sql_value *value;
        bool is_found;
};

struct changes {
        struct change *v;
        size_t n;
        struct sp_sql_places by_name;
        const char *operator;
};

static bool read_change(struct sp_sql_pipe *p, const struct sp_sql_node *item,
                        unsigned op, struct change *ret)
{
        if (op == SP_KW_DROP) {
                ret->name = item;
                return true;
        }
        ret->name = item->first;
        if (op == SP_KW_RENAME) {
                ret->new_name = item->last;
                return true;
        }
        ret->value = sp_sql_resolve_expr(p->r, p->names, item->last);
        return ret->value != NULL;
}

static bool read_changes(struct sp_sql_pipe *p, const struct sp_sql_node *n,
                         struct changes *ret)
{
        size_t count = 0;

        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                count++;
        ret->operator= n->op == SP_KW_DROP ? "DROP"
        : n->op == SP_KW_SET               ? "SET"
                                           : "RENAME";
        ret->v = sp_arena_array(p->r->arena, count, sizeof(*ret->v));
        if (!ret->v)
                return sp_sql_resolver_no_memory(p->r);
        if (!sp_sql_places_new(p->r, &ret->by_name, count))
                return false;
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                struct change *change = &ret->v[ret->n];
                struct sp_sql_place *place;

                if (c->kind != SP_SQL_N_ITEM && c->kind != SP_SQL_N_NAME)
                        continue;
                if (!read_change(p, c, n->op, change))
                        return false;
                place = sp_sql_place(&ret->by_name, NULL, change->name->text);
                if (place->is_used)
                        return sp_sql_unresolved(
                                p->r, change->name->span,
                                "Duplicate column name in pipe %s: %.*s", ret->operator,
                                SP_FMT(change->name->text));
                *place = (struct sp_sql_place){ NULL, change->name->text, ret->n++,
                                                true };
        }
        return true;
}

/* The change that concerns this name, if there is one. */
static struct change *change_of(const struct changes *c, struct sp_str name)
{
        const struct sp_sql_place *place;

        if (!name.n)
                return NULL;
        place = sp_sql_place(&c->by_name, NULL, name);
        return place->is_used ? &c->v[place->at] : NULL;
}

static bool apply_change(struct sp_sql_pipe *p, const struct changes *all,
                         struct change *c, struct sp_sql_column *column,
                         bool *ret_is_gone)
{
        if (c->is_found && (c->new_name || c->value))
                return sp_sql_unresolved(p->r, c->name->span,
                                         "Column name in pipe %s exists more than once "
                                         "in input table: %.*s",
                                         all->operator, SP_FMT(c->name->text));
        c->is_found = true;
        *ret_is_gone = !c->new_name && !c->value;
        if (c->new_name)
                column->name = c->new_name->text;
        if (c->value) {
                column->value = c->value;
                column->is_range = false;
                column->hidden = NULL;
        }
        return true;
}

/* DROP and SET also end the alias and the pseudo column of that name. */
bool sp_sql_pipe_change(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_names *names = p->names;
        struct sp_sql_column *columns = copy_columns(p, n);
        struct sp_sql_range *ranges =
                sp_arena_array(p->r->arena, names->n_ranges, sizeof(*ranges));
        struct changes all = { 0 };
        size_t n_columns = 0, n_ranges = 0;

        if (!ranges)
                return sp_sql_resolver_no_memory(p->r);
        if (!columns || !read_changes(p, n, &all))
                return false;
        for (size_t i = 0; i < names->n_columns; i++) {
                struct sp_sql_column column = names->columns[i];
                struct change *c = change_of(&all, column.name);
                bool is_gone = false;

                if (c && sp_sql_is_visible(&column)) {
                        if (!apply_change(p, &all, c, &column, &is_gone))
                                return false;
                } else if (c && column.is_pseudo) {
                        is_gone = n->op != SP_KW_RENAME;
                }
                if (!is_gone)
                        columns[n_columns++] = column;
        }
        for (size_t i = 0; i < all.n; i++)
                if (!all.v[i].is_found)
                        return sp_sql_unresolved(
                                p->r, all.v[i].name->span,
                                "Column name in pipe %s not found in input table: %.*s",
                                all.operator, SP_FMT(all.v[i].name->text));
        for (size_t i = 0; i < names->n_ranges; i++)
                if (n->op == SP_KW_RENAME || !change_of(&all, names->ranges[i].name))
                        ranges[n_ranges++] = names->ranges[i];
        return becomes_columns(p, columns, n_columns, ranges, n_ranges);
}

/* ---- AGGREGATE ---- */

/* ITEM (item): its columns behind `to`. */
static bool add_items(struct sp_sql_pipe *p, const struct sp_sql_node *wrapper,
                      struct sp_sql_vector *to, bool is_deciding)
{
        const struct sp_sql_relation *added =
                sp_sql_resolve_items(p->r, p->names, wrapper);

        if (!added)
                return false;
        for (size_t i = 0; i < added->n; i++) {
                struct sp_sql_column *c =
                        sp_sql_vector_add(p->r->arena, to, sizeof(*c));

                if (!c)
                        return sp_sql_resolver_no_memory(p->r);
                *c = added->columns[i];
                if (is_deciding && !sp_sql_filter(p->r, c->value))
                        return false;
        }
        return true;
}

/* An expression of ROLLUP, CUBE or GROUPING SETS: a column once, in however many sets. */
static bool add_grouping(struct sp_sql_pipe *p, const struct sp_sql_node *expr,
                         struct sp_sql_places *seen, struct sp_sql_vector *to)
{
        struct sp_sql_place *place;
        struct sp_str text;
        struct sp_sql_node copy = *expr,
                           item = { .kind = SP_SQL_N_ITEM,
                                    .first = &copy,
                                    .last = &copy },
                           wrapper = { .kind = SP_SQL_N_ITEM,
                                       .span = expr->span,
                                       .first = &item,
                                       .last = &item };

        while (copy.kind == SP_SQL_N_PAREN)
                copy = *copy.first;
        /* (a, b) is no STRUCT here but several columns */
        if (copy.kind == SP_SQL_N_STRUCT && p->r->text.p[copy.span.start] == '(') {
                for (const struct sp_sql_node *c = copy.first; c; c = c->next)
                        if (!add_grouping(p, c, seen, to))
                                return false;
                return true;
        }
        text = sp_str_sub(p->r->text, copy.span.start, copy.span.end - copy.span.start);
        place = sp_sql_place(seen, NULL, text);
        if (place->is_used)
                return true;
        *place = (struct sp_sql_place){ NULL, text, 0, true };
        copy.next = NULL;
        return add_items(p, &wrapper, to, true);
}

/* At least as many columns as it groups by. */
static size_t columns_of(const struct sp_sql_node *n)
{
        size_t count = 1;

        while (n->kind == SP_SQL_N_PAREN)
                n = n->first;
        for (const struct sp_sql_node *c = n->first; c && n->kind == SP_SQL_N_STRUCT;
             c = c->next)
                count += columns_of(c);
        return count;
}

static bool group(struct sp_sql_pipe *p, const struct sp_sql_node *g,
                  struct sp_sql_vector *to)
{
        struct sp_sql_places seen;
        size_t count = 0;

        for (const struct sp_sql_node *c = g->first; c; c = c->next)
                count += columns_of(c);
        if (!sp_sql_places_new(p->r, &seen, count))
                return false;
        for (const struct sp_sql_node *c = g->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_ITEM)
                        ok = add_items(p, c, to, true);
                else if (c->kind != SP_SQL_N_HINT)
                        ok = add_grouping(p, c, &seen, to);
                if (!ok)
                        return false;
        }
        return true;
}

bool sp_sql_pipe_aggregate(struct sp_sql_pipe *p, const struct sp_sql_node *n)
{
        const struct sp_sql_node *g = sp_sql_child(n, SP_SQL_N_GROUP);
        struct sp_sql_vector columns = { 0 };

        if (g && !group(p, g, &columns))
                return false;
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == SP_SQL_N_ITEM &&
                    !add_items(p, c, &columns,
                               c->op == SP_KW_ASC || c->op == SP_KW_DESC))
                        return false;
        return sp_sql_count_columns(p->r, columns.n, n->span) &&
               sp_sql_pipe_becomes(p, sp_sql_relation_of(p->r, columns.v, columns.n),
                                   SP_STR_NULL);
}
