/* SPDX-License-Identifier: Apache-2.0 */
/* UNION, INTERSECT, EXCEPT: which columns of the operands make one column. */
#include "daemon/sql/index.h"
#include "daemon/sql/resolve_shape.h"

static struct sp_str operation_name(const struct sp_sql_node *n)
{
        return sp_str_c(n->op / 2 == SP_KW_INTERSECT ? "INTERSECT"
                        : n->op / 2 == SP_KW_EXCEPT  ? "EXCEPT"
                                                     : "UNION");
}

static const struct sp_sql_relation *by_position(struct sp_sql_resolver *r,
                                                 const struct sp_sql_node *setop,
                                                 const struct sp_sql_relation *const *v,
                                                 size_t n)
{
        struct sp_sql_vector columns = { 0 };

        for (size_t i = 1; i < n; i++)
                if (v[i]->n != v[0]->n)
                        return sp_sql_unresolved(
                                r, setop->span,
                                "Queries in %.*s have mismatched column count; query "
                                "1 has %zu columns, query %zu has %zu columns",
                                SP_FMT(operation_name(setop)), v[0]->n, i + 1, v[i]->n);
        if (!sp_sql_count_columns(r, v[0]->n, setop->span))
                return NULL;
        for (size_t k = 0; k < v[0]->n; k++) {
                struct sp_sql_column *c =
                        sp_sql_vector_add(r->arena, &columns, sizeof(*c));

                if (!c)
                        return sp_sql_resolver_no_memory(r);
                *c = (struct sp_sql_column){ .name = v[0]->columns[k].name,
                                             .value = v[0]->columns[k].value };
                for (size_t i = 1; c->value && i < n; i++)
                        c->value = sp_sql_value_either(r, c->value,
                                                       v[i]->columns[k].value);
                if (!c->value)
                        return NULL;
        }
        return sp_sql_relation_new(r, &columns, v[0]->is_value_table);
}

/* ---- BY NAME, CORRESPONDING ---- */

struct naming {
        struct sp_sql_resolver *r;
        const struct sp_sql_node *setop;
        const struct sp_sql_relation *const *v;
        size_t n;
        struct sp_sql_vector
                columns; /* struct sp_sql_column, without values at first */
        struct sp_sql_index index;
        bool is_listed; /* ON (…), BY (…) */
};

static bool add_name(struct naming *s, struct sp_str name)
{
        struct sp_sql_column *c;
        size_t at;

        if (sp_sql_index_find(&s->index, s->columns.v, sizeof(*c), name, &at))
                return true;
        c = sp_sql_vector_add(s->r->arena, &s->columns, sizeof(*c));
        if (!c)
                return sp_sql_resolver_no_memory(s->r) != NULL;
        c->name = name;
        return sp_sql_index_add(s->r->arena, &s->index, s->columns.v, sizeof(*c)) ||
               sp_sql_resolver_no_memory(s->r) != NULL;
}

static bool is_in_all(const struct naming *s, struct sp_str name)
{
        const struct sp_sql_column *c;

        for (size_t i = 1; i < s->n; i++)
                if (!sp_sql_relation_find(s->r, s->v[i], name, &c))
                        return false;
        return true;
}

/* The names of the result, in its order. */
static bool collect_names(struct naming *s)
{
        const struct sp_sql_node *n = sp_sql_child(s->setop, SP_SQL_N_LIST);
        unsigned flags = s->setop->flags;

        if (n) {
                for (n = n->first; n; n = n->next)
                        if (!add_name(s, n->text))
                                return false;
                return true;
        }
        for (size_t i = 0; i < s->n; i++) {
                if (i && !(flags & SP_SQL_F_FULL))
                        break;
                for (size_t k = 0; k < s->v[i]->n; k++) {
                        struct sp_str name = s->v[i]->columns[k].name;

                        if (!(flags & SP_SQL_F_INNER) || is_in_all(s, name))
                                if (!add_name(s, name))
                                        return false;
                }
        }
        return true;
}

static bool ambiguous(struct naming *s, struct sp_str name, size_t i)
{
        return sp_sql_unresolved(
                       s->r, s->setop->span,
                       "Duplicate column %.*s in query %zu of a set operation "
                       "by name",
                       SP_FMT(sp_str_sub(name, 0, 120)), i + 1) != NULL;
}

/* Only the columns that are matched need a name of their own. */
static bool check_operand(struct naming *s, size_t i)
{
        const struct sp_sql_column *found;

        if (s->is_listed)
                return true;
        for (size_t k = 0; k < s->v[i]->n; k++) {
                const struct sp_sql_column *c = &s->v[i]->columns[k];

                if (!c->name.n && !(s->setop->flags & SP_SQL_F_INNER))
                        return sp_sql_unresolved(
                                       s->r, s->setop->span,
                                       "Anonymous columns are not allowed in set "
                                       "operations by name: column %zu of query %zu",
                                       k + 1, i + 1) != NULL;
                if (c->name.n &&
                    sp_sql_relation_find(s->r, s->v[i], c->name, &found) > 1)
                        return ambiguous(s, c->name, i);
        }
        return !s->r->code;
}

static bool fill_one(struct naming *s, struct sp_sql_column *c)
{
        bool may_miss = s->setop->flags & (SP_SQL_F_FULL | SP_SQL_F_LEFT);

        for (size_t i = 0; i < s->n; i++) {
                const struct sp_sql_column *part;
                unsigned found = sp_sql_relation_find(s->r, s->v[i], c->name, &part);

                if (found > 1)
                        return ambiguous(s, c->name, i);
                if (!found) {
                        if (may_miss)
                                continue;
                        return sp_sql_unresolved(
                                       s->r, s->setop->span,
                                       "Column %.*s does not exist in query %zu of a "
                                       "set operation by name",
                                       SP_FMT(sp_str_sub(c->name, 0, 120)),
                                       i + 1) != NULL;
                }
                c->value = c->value ? sp_sql_value_either(s->r, c->value, part->value)
                                    : part->value;
                if (!c->value)
                        return false;
        }
        if (c->value)
                return true;
        return sp_sql_unresolved(s->r, s->setop->span,
                                 "Column %.*s does not exist in any query of a set "
                                 "operation by name",
                                 SP_FMT(sp_str_sub(c->name, 0, 120))) != NULL;
}

static const struct sp_sql_relation *by_name(struct sp_sql_resolver *r,
                                             const struct sp_sql_node *setop,
                                             const struct sp_sql_relation *const *v,
                                             size_t n)
{
        struct naming s = { .r = r,
                            .setop = setop,
                            .v = v,
                            .n = n,
                            .is_listed = sp_sql_child(setop, SP_SQL_N_LIST) };
        struct sp_sql_column *c;

        for (size_t i = 0; i < n; i++)
                if (!check_operand(&s, i))
                        return NULL;
        if (!collect_names(&s) || !sp_sql_count_columns(r, s.columns.n, setop->span))
                return NULL;
        c = s.columns.v;
        for (size_t i = 0; i < s.columns.n; i++)
                if (!fill_one(&s, &c[i]))
                        return NULL;
        return sp_sql_relation_new(r, &s.columns, false);
}

const struct sp_sql_relation *
sp_sql_resolve_setop(struct sp_sql_resolver *r, const struct sp_sql_node *setop,
                     const struct sp_sql_relation *const *v, size_t n)
{
        if (r->code || r->unresolved || !n)
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (!v[i])
                        return NULL;
        return setop->flags & SP_SQL_F_BY_NAME ? by_name(r, setop, v, n)
                                               : by_position(r, setop, v, n);
}
