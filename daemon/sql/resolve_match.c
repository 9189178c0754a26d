/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MATCH_RECOGNIZE: one row per match, of the PARTITION BY expressions and the measures.
 * In DEFINE the input's columns are seen, in MEASURES each pattern variable besides, as
 * an alias of the rows that it matched.
 */
#include "daemon/sql/resolve_shape.h"

struct match {
        struct sp_sql_resolver *r;
        const struct sp_sql_names *input;
        const struct sp_sql_names *outer;
        struct sp_sql_column
                *columns; /* the output: partition columns, then measures */
        size_t n_partition, n_columns;
};

static size_t count(const struct sp_sql_node *n, enum sp_sql_node_kind kind)
{
        size_t found = 0;

        for (const struct sp_sql_node *c = n ? n->first : NULL; c; c = c->next)
                found += kind == SP_SQL_N_NONE || c->kind == kind;
        return found;
}

static bool resolve_partition(struct match *m, const struct sp_sql_node *partition)
{
        const struct sp_sql_node *c = partition ? partition->first : NULL;

        for (; c; c = c->next) {
                struct sp_sql_column *to = &m->columns[m->n_columns++];

                to->name = sp_sql_expr_name(c);
                to->value = sp_sql_resolve_expr(m->r, m->input, c);
                if (!sp_sql_filter(m->r, to->value))
                        return false;
        }
        m->n_partition = m->n_columns;
        return true;
}

/* The partition columns, then those of the input that none of them hides. */
static const struct sp_sql_relation *local_relation(struct match *m,
                                                    const struct sp_sql_node *n)
{
        struct sp_sql_column *columns =
                sp_sql_columns_new(m->r, m->n_partition + m->input->n_columns, n->span);
        struct sp_sql_places partition;
        size_t n_columns = 0;

        if (!columns || !sp_sql_places_new(m->r, &partition, m->n_partition))
                return NULL;
        for (size_t i = 0; i < m->n_partition; i++) {
                struct sp_sql_place *p =
                        sp_sql_place(&partition, NULL, m->columns[i].name);

                if (m->columns[i].name.n && p->is_used)
                        continue; /* the same expression twice */
                *p = (struct sp_sql_place){ NULL, m->columns[i].name, i, true };
                columns[n_columns++] = m->columns[i];
        }
        for (size_t i = 0; i < m->input->n_columns; i++) {
                const struct sp_sql_column *c = &m->input->columns[i];

                if (!sp_sql_is_visible(c) ||
                    (c->name.n && sp_sql_place(&partition, NULL, c->name)->is_used))
                        continue;
                columns[n_columns++] = *c;
        }
        return sp_sql_relation_of(m->r, columns, n_columns);
}

/* Adds a pattern variable, once; it hides an alias of the input. */
static bool add_variable(struct match *m, struct sp_sql_places *seen,
                         struct sp_str name, const struct sp_sql_relation *relation,
                         struct sp_sql_vector *ranges)
{
        struct sp_sql_place *place = sp_sql_place(seen, NULL, name);
        struct sp_sql_range *range;

        if (place->is_used)
                return true;
        *place = (struct sp_sql_place){ NULL, name, 0, true };
        range = sp_sql_vector_add(m->r->arena, ranges, sizeof(*range));
        if (!range)
                return sp_sql_resolver_no_memory(m->r);
        *range = (struct sp_sql_range){ name, relation };
        return true;
}

/* What MEASURES sees. */
static const struct sp_sql_names *measure_names(struct match *m,
                                                const struct sp_sql_node *n)
{
        const struct sp_sql_relation *relation = local_relation(m, n);
        const struct sp_sql_node *pattern = sp_sql_child(n, SP_SQL_N_LIST);
        struct sp_sql_vector ranges = { 0 };
        struct sp_sql_places seen;

        if (!relation ||
            !sp_sql_places_new(m->r, &seen,
                               count(n, SP_SQL_N_NONE) + count(pattern, SP_SQL_N_NONE) +
                                       m->input->n_ranges))
                return NULL;
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == SP_SQL_N_NAMED &&
                    !add_variable(m, &seen, c->text, relation, &ranges))
                        return NULL;
        for (const struct sp_sql_node *c = pattern ? pattern->first : NULL; c;
             c = c->next)
                if (!add_variable(m, &seen, c->text, relation, &ranges))
                        return NULL;
        for (size_t i = 0; i < m->input->n_ranges; i++)
                if (!add_variable(m, &seen, m->input->ranges[i].name,
                                  m->input->ranges[i].relation, &ranges))
                        return NULL;
        return sp_sql_names_new(m->r, relation->columns, relation->n, ranges.v,
                                ranges.n, m->outer);
}

static bool resolve_definitions(struct match *m, const struct sp_sql_node *n)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == SP_SQL_N_NAMED &&
                    !sp_sql_filter(m->r, sp_sql_resolve_expr(m->r, m->input, c->first)))
                        return false;
        return true;
}

static bool resolve_measures(struct match *m, const struct sp_sql_names *names,
                             const struct sp_sql_node *n)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_node *alias;
                struct sp_sql_column *to;

                if (c->kind != SP_SQL_N_ITEM)
                        continue;
                to = &m->columns[m->n_columns++];
                alias = sp_sql_child(c, SP_SQL_N_ALIAS);
                to->name = alias ? alias->text : SP_STR_NULL;
                to->value = sp_sql_resolve_expr(m->r, names, c->first);
                if (!to->value)
                        return false;
        }
        return true;
}

const struct sp_sql_names *sp_sql_resolve_match(struct sp_sql_resolver *r,
                                                const struct sp_sql_names *input,
                                                const struct sp_sql_names *outer,
                                                const struct sp_sql_node *match)
{
        const struct sp_sql_node *partition = sp_sql_child(match, SP_SQL_N_GROUP),
                                 *order = sp_sql_child(match, SP_SQL_N_ORDER),
                                 *alias = sp_sql_child(match, SP_SQL_N_ALIAS);
        struct match m = { .r = r, .outer = outer };
        const struct sp_sql_relation *relation;
        const struct sp_sql_names *names;

        m.input = input ? sp_sql_names_over(r, input, outer) : NULL;
        m.columns = sp_sql_columns_new(
                r, count(partition, SP_SQL_N_NONE) + count(match, SP_SQL_N_ITEM),
                match->span);
        if (!m.input || !m.columns || !resolve_partition(&m, partition) ||
            (order && !sp_sql_resolve_deciding(r, m.input, order)) ||
            !resolve_definitions(&m, match))
                return NULL;
        names = measure_names(&m, match);
        if (!names || !resolve_measures(&m, names, match))
                return NULL;
        relation = sp_sql_relation_of(r, m.columns, m.n_columns);
        return relation ? sp_sql_names_of(r, relation,
                                          alias ? alias->text : SP_STR_NULL, outer)
                        : NULL;
}
