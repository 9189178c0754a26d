/* SPDX-License-Identifier: Apache-2.0 */
/* FROM: table expressions joined from left to right, each seeing those before it. */
#include "daemon/sql/resolve.h"

/* left JOIN right [ON …] */
static const struct sp_sql_names *combine(struct sp_sql_resolver *r,
                                          const struct sp_sql_names *left,
                                          const struct sp_sql_names *right,
                                          const struct sp_sql_node *join,
                                          const struct sp_sql_node *on)
{
        const struct sp_sql_names *names;

        if (!left || !right)
                return NULL;
        if (on && on->first->kind == SP_SQL_N_LIST)
                return sp_sql_names_using(r, left, right, on, join->op);
        names = sp_sql_names_join(r, left, right, join->span);
        if (!names || (on && !sp_sql_resolve_deciding(r, names, on)))
                return NULL;
        return names;
}

static const struct sp_sql_node *on_behind(const struct sp_sql_node *join)
{
        return join->next && join->next->kind == SP_SQL_N_ON ? join->next : NULL;
}

const struct sp_sql_names *sp_sql_resolve_join(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *left,
                                               const struct sp_sql_names *outer,
                                               const struct sp_sql_node *join)
{
        const struct sp_sql_names *right;

        if (!left)
                return NULL;
        right = sp_sql_resolve_table(r, left, outer, join->last);
        return combine(r, left, right, join, on_behind(join));
}

/* a JOIN b JOIN c ON … ON …: the conditions close the joins from the inside */
struct open {
        const struct sp_sql_names *names;
        const struct sp_sql_node *join; /* that brought them; NULL for the first */
};

static const struct sp_sql_names *close_one(struct sp_sql_resolver *r,
                                            struct sp_sql_vector *stack,
                                            const struct sp_sql_node *on)
{
        struct open *v = stack->v;

        if (stack->n < 2)
                return sp_sql_unresolved(r, on->span,
                                         "A join condition without a join");
        stack->n--;
        v[stack->n - 1].names = combine(r, v[stack->n - 1].names, v[stack->n].names,
                                        v[stack->n].join, on);
        return v[stack->n - 1].names;
}

/* From `n` on to the next comma; *n: behind it. */
static const struct sp_sql_names *nested(struct sp_sql_resolver *r,
                                         const struct sp_sql_names *left,
                                         const struct sp_sql_names *outer,
                                         const struct sp_sql_node **n)
{
        struct sp_sql_vector stack = { 0 };
        struct open *to = sp_sql_vector_add(r->arena, &stack, sizeof(*to));

        if (!to)
                return sp_sql_resolver_no_memory(r);
        to->names = left;
        for (; *n; *n = (*n)->next) {
                const struct sp_sql_node *c = *n;

                if (c->kind == SP_SQL_N_ON) {
                        if (!close_one(r, &stack, c))
                                return NULL;
                        continue;
                }
                if (c->kind != SP_SQL_N_JOIN)
                        continue;
                if (c->op == ',')
                        break;
                left = ((struct open *)stack.v)[stack.n - 1].names;
                to = sp_sql_vector_add(r->arena, &stack, sizeof(*to));
                if (!to)
                        return sp_sql_resolver_no_memory(r);
                to->names = sp_sql_resolve_table(r, left, outer, c->last);
                to->join = c;
                if (!to->names)
                        return NULL;
                if (c->op == SP_KW_CROSS && !close_one(r, &stack, NULL))
                        return NULL;
        }
        while (stack.n > 1)
                if (!close_one(r, &stack, NULL))
                        return NULL;
        return ((struct open *)stack.v)[0].names;
}

/* Two conditions in a row before the next comma. */
static bool is_nested(const struct sp_sql_node *n)
{
        for (; n && !(n->kind == SP_SQL_N_JOIN && n->op == ','); n = n->next)
                if (n->kind == SP_SQL_N_ON && on_behind(n))
                        return true;
        return false;
}

const struct sp_sql_names *sp_sql_resolve_from(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *outer,
                                               const struct sp_sql_node *from)
{
        const struct sp_sql_node *n = from->first;
        const struct sp_sql_names *names = NULL;
        bool is_start = true;

        while (n && n->kind == SP_SQL_N_HINT)
                n = n->next;
        if (!n)
                return sp_sql_unresolved(r, from->span, "FROM without a table");
        names = sp_sql_resolve_table(r, NULL, outer, n);
        n = n->next;
        while (names && n) {
                if (is_start && is_nested(n)) {
                        names = nested(r, names, outer, &n);
                        continue;
                }
                is_start = n->kind == SP_SQL_N_JOIN && n->op == ',';
                if (n->kind == SP_SQL_N_JOIN)
                        names = sp_sql_resolve_join(r, names, outer, n);
                n = n->next;
        }
        return names;
}
