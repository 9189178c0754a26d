/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JOIN … USING: the merged columns come first, then what each side has besides. A merged
 * field of a value table's row is hidden in the row; a merged row is no name any more.
 */
#include "daemon/sql/index.h"
#include "daemon/sql/name.h"
#include "daemon/sql/resolve.h"

struct side {
        const struct sp_sql_names *names;
        struct sp_sql_column *columns; /* a copy, to hide fields in */
        bool *gone;
        const char *name; /* "left" */
};

struct merging {
        struct sp_sql_resolver *r;
        unsigned join_kind;
        struct side left, right;
        struct sp_sql_vector columns, ranges; /* of the result */
        struct sp_sql_index by_range;
};

/* The row that a range variable stands for. */
static bool find_row(const struct sp_sql_names *names, struct sp_str name, size_t *ret)
{
        for (size_t i = 0; i < names->n_columns; i++)
                if (names->columns[i].is_range &&
                    sp_sql_name_eq(names->columns[i].name, name)) {
                        *ret = i;
                        return true;
                }
        return false;
}

/* Takes the column of that name off its side; *ret: its value. */
static bool take(struct merging *m, struct side *s, const struct sp_sql_node *name,
                 const struct sp_sql_value **ret)
{
        struct sp_sql_names local = *s->names;
        const struct sp_sql_column *column = NULL;
        const struct sp_sql_range *range = NULL;
        enum sp_sql_found found;
        struct sp_sql_hidden *h;
        size_t at;

        local.outer = NULL;
        found = sp_sql_names_find(&local, name->text, &column, &range);
        if (found == SP_SQL_FOUND_RANGE && range->relation->is_value_table &&
            find_row(s->names, name->text, &at)) {
                s->gone[at] = true;
                *ret = s->names->columns[at].value;
                return true;
        }
        if (found != SP_SQL_FOUND_COLUMN)
                return sp_sql_unresolved(
                               m->r, name->span,
                               found == SP_SQL_FOUND_AMBIGUOUS
                                       ? "Column %.*s in USING clause is ambiguous on "
                                         "%s side of join"
                                       : "Column %.*s in USING clause not found on %s "
                                         "side of join",
                               SP_FMT(sp_str_sub(name->text, 0, 120)), s->name) != NULL;
        *ret = column->value;
        if (sp_sql_names_place(s->names, column, &at)) {
                s->gone[at] = true;
                return true;
        }
        h = sp_arena_new(m->r->arena, struct sp_sql_hidden);
        if (!h)
                return sp_sql_resolver_no_memory(m->r) != NULL;
        h->name = name->text;
        h->next = s->columns[at].hidden;
        s->columns[at].hidden = h;
        return true;
}

static bool side_init(struct merging *m, struct side *s,
                      const struct sp_sql_names *names, struct sp_sql_span at)
{
        s->names = names;
        if (!sp_sql_count_columns(m->r, names->n_columns, at))
                return false;
        s->columns = sp_arena_array(m->r->arena, names->n_columns, sizeof(*s->columns));
        s->gone = sp_arena_array(m->r->arena, names->n_columns, sizeof(*s->gone));
        if (!s->columns || !s->gone)
                return sp_sql_resolver_no_memory(m->r) != NULL;
        if (names->n_columns)
                memcpy(s->columns, names->columns,
                       names->n_columns * sizeof(*s->columns));
        return true;
}

static bool is_repeated(const struct merging *m, struct sp_str name)
{
        const struct sp_sql_column *c = m->columns.v;

        for (size_t i = 0; i < m->columns.n; i++)
                if (sp_sql_name_eq(c[i].name, name))
                        return true;
        return false;
}

static bool add_column(struct merging *m, const struct sp_sql_column *column)
{
        struct sp_sql_column *to =
                sp_sql_vector_add(m->r->arena, &m->columns, sizeof(*to));

        if (!to)
                return sp_sql_resolver_no_memory(m->r) != NULL;
        *to = *column;
        return true;
}

static bool merge(struct merging *m, const struct sp_sql_node *name)
{
        const struct sp_sql_value *l, *r;
        struct sp_sql_column merged = { .name = name->text };

        if (is_repeated(m, name->text))
                return true;
        if (!take(m, &m->left, name, &l) || !take(m, &m->right, name, &r) ||
            !sp_sql_filter(m->r, l) || !sp_sql_filter(m->r, r))
                return false;
        merged.value = m->join_kind == SP_KW_RIGHT  ? r
                       : m->join_kind == SP_KW_FULL ? sp_sql_value_either(m->r, l, r)
                                                    : l;
        return merged.value && add_column(m, &merged);
}

/* An array's alias that was merged away is no range any more. */
static bool is_gone(const struct side *s, const struct sp_sql_range *range)
{
        size_t at;

        return range->relation->is_value_table &&
               find_row(s->names, range->name, &at) && s->gone[at];
}

static bool add_range(struct merging *m, const struct sp_sql_range *range,
                      struct sp_sql_span at)
{
        struct sp_sql_range *to;
        size_t place;

        if (sp_sql_index_find(&m->by_range, m->ranges.v, sizeof(*to), range->name,
                              &place))
                return sp_sql_unresolved(
                               m->r, at,
                               "Duplicate table alias %.*s in the same FROM clause",
                               SP_FMT(sp_str_sub(range->name, 0, 120))) != NULL;
        to = sp_sql_vector_add(m->r->arena, &m->ranges, sizeof(*to));
        if (!to)
                return sp_sql_resolver_no_memory(m->r) != NULL;
        *to = *range;
        return sp_sql_index_add(m->r->arena, &m->by_range, m->ranges.v, sizeof(*to)) ||
               sp_sql_resolver_no_memory(m->r) != NULL;
}

static bool add_rest(struct merging *m, const struct side *s, struct sp_sql_span at)
{
        for (size_t i = 0; i < s->names->n_columns; i++)
                if (!s->gone[i] && !add_column(m, &s->columns[i]))
                        return false;
        for (size_t i = 0; i < s->names->n_ranges; i++)
                if (!is_gone(s, &s->names->ranges[i]) &&
                    !add_range(m, &s->names->ranges[i], at))
                        return false;
        return true;
}

/* The merged columns are the left side's first ones already, in this order, and stay what
 * they are: the usual `a JOIN b USING (k) JOIN c USING (k) …`. */
static bool keeps_left(const struct merging *m, const struct sp_sql_names *left,
                       const struct sp_sql_node *first)
{
        struct sp_sql_names local = *left;
        size_t i = 0, at;

        local.outer = NULL;
        if (m->join_kind == SP_KW_RIGHT || m->join_kind == SP_KW_FULL)
                return false;
        for (const struct sp_sql_node *c = first; c; c = c->next, i++) {
                const struct sp_sql_column *column = NULL;
                const struct sp_sql_range *range;

                if (sp_sql_names_find(&local, c->text, &column, &range) !=
                            SP_SQL_FOUND_COLUMN ||
                    !sp_sql_names_place(left, column, &at) || at != i ||
                    !sp_str_eq(column->name, c->text) || column->is_range ||
                    column->is_pseudo || column->is_excluded || column->hidden)
                        return false;
        }
        return true;
}

/* The left side, with the right one's rest behind it: a chain of n joins costs O(n). */
static const struct sp_sql_names *append(struct merging *m,
                                         const struct sp_sql_names *left,
                                         const struct sp_sql_node *first,
                                         struct sp_sql_span at)
{
        const struct sp_sql_value *v;
        struct sp_sql_names *names;
        size_t i = 0;

        for (const struct sp_sql_node *c = first; c; c = c->next, i++)
                if (!take(m, &m->right, c, &v) ||
                    !sp_sql_filter(m->r, left->columns[i].value) ||
                    !sp_sql_filter(m->r, v))
                        return NULL;
        if (!add_rest(m, &m->right, at))
                return NULL;
        names = (struct sp_sql_names *)sp_sql_names_new(m->r, m->columns.v,
                                                        m->columns.n, m->ranges.v,
                                                        m->ranges.n, left->outer);
        if (!names)
                return NULL;
        names->pseudo = m->right.names->pseudo; /* made just now */
        return sp_sql_names_join(m->r, left, names, at);
}

const struct sp_sql_names *sp_sql_names_using(struct sp_sql_resolver *r,
                                              const struct sp_sql_names *left,
                                              const struct sp_sql_names *right,
                                              const struct sp_sql_node *using,
                                              unsigned join_kind)
{
        struct merging m = { .r = r,
                             .join_kind = join_kind,
                             .left = { .name = "left" },
                             .right = { .name = "right" } };
        const struct sp_sql_names *names;
        const struct sp_sql_node *first =
                using->kind == SP_SQL_N_ON ? using->first->first : using->first;

        if (!left || !right || !side_init(&m, &m.right, right, using->span))
                return NULL;
        if (keeps_left(&m, left, first))
                return append(&m, left, first, using->span);
        if (!side_init(&m, &m.left, left, using->span))
                return NULL;
        for (const struct sp_sql_node *c = first; c; c = c->next)
                if (!merge(&m, c))
                        return NULL;
        if (!add_rest(&m, &m.left, using->span) || !add_rest(&m, &m.right, using->span))
                return NULL;
        names = sp_sql_names_new(r, m.columns.v, m.columns.n, m.ranges.v, m.ranges.n,
                                 left->outer);
        if (names) /* made just now; a wildcard table without an alias has no range */
                ((struct sp_sql_names *)names)->pseudo = left->pseudo | right->pseudo;
        return names;
}
