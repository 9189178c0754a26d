/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions. An operator or a function gives everything that is in it: only names,
 * fields, constructors and subqueries keep parts apart.
 */
#include "daemon/sql/resolve.h"

static const struct sp_sql_value *plain(struct sp_sql_resolver *r,
                                        enum sp_sql_type_kind kind)
{
        return sp_sql_value_new(r, sp_sql_type_simple(kind), NULL);
}

const struct sp_sql_type *sp_sql_resolve_type(struct sp_sql_resolver *r,
                                              const struct sp_sql_node *type)
{
        const struct sp_sql_type *t = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        int e = sp_sql_type_of(r->arena, type, &t, NULL);

        return e == -ENOMEM ? sp_sql_resolver_no_memory(r) : t;
}

/* ---- everything that is in it ---- */

/* The union of `first` and its siblings. */
static const struct sp_sql_value *all_of(struct sp_sql_resolver *r,
                                         const struct sp_sql_names *names,
                                         const struct sp_sql_node *first,
                                         enum sp_sql_type_kind kind)
{
        const struct sp_sql_sources *sources = NULL;

        for (; first; first = first->next) {
                const struct sp_sql_value *v;

                if (first->kind == SP_SQL_N_HINT || first->kind == SP_SQL_N_ALIAS)
                        continue;
                v = sp_sql_resolve_expr(r, names, first);
                if (!v)
                        return NULL;
                sources = sp_sql_sources_join(r, sources, v->sources);
        }
        return r->code ? NULL : sp_sql_value_new(r, sp_sql_type_simple(kind), sources);
}

/* IN, = ANY: what a subquery on the right gives also decides, as what it is compared
 * with. */
static const struct sp_sql_value *among(struct sp_sql_resolver *r,
                                        const struct sp_sql_names *names,
                                        const struct sp_sql_node *n)
{
        const struct sp_sql_sources *sources = NULL;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_value *v;

                if (c->kind == SP_SQL_N_HINT)
                        continue;
                v = sp_sql_resolve_expr(r, names, c);
                if (!v || (c != n->first && c->kind == SP_SQL_N_SUBQUERY &&
                           !sp_sql_filter(r, v)))
                        return NULL;
                sources = sp_sql_sources_join(r, sources, v->sources);
        }
        return r->code ? NULL
                       : sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_BOOL),
                                          sources);
}

/* IS [NOT] NULL of a record asks whether there is one, whatever is in it. */
static const struct sp_sql_value *is_of(struct sp_sql_resolver *r,
                                        const struct sp_sql_names *names,
                                        const struct sp_sql_node *n)
{
        const struct sp_sql_value *v;

        if (n->op != SP_KW_NULL)
                return all_of(r, names, n->first, SP_SQL_TYPE_BOOL);
        v = sp_sql_value_presence(r, sp_sql_resolve_expr(r, names, n->first));
        return v ? sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_BOOL), v->sources)
                 : NULL;
}

static bool is_time(const struct sp_sql_type *t)
{
        return t->kind == SP_SQL_TYPE_DATE || t->kind == SP_SQL_TYPE_DATETIME ||
               t->kind == SP_SQL_TYPE_TIME || t->kind == SP_SQL_TYPE_TIMESTAMP;
}

static const struct sp_sql_type *sum_type(struct sp_arena *a,
                                          const struct sp_sql_type *x,
                                          const struct sp_sql_type *y, bool is_minus)
{
        if (is_time(y) && !is_time(x))
                return sum_type(a, y, x, false);
        if (is_time(x) && (is_time(y) || y->kind == SP_SQL_TYPE_STRING) && is_minus)
                return sp_sql_type_simple(SP_SQL_TYPE_INTERVAL);
        if (is_time(x) && y->kind == SP_SQL_TYPE_INTERVAL)
                return x->kind == SP_SQL_TYPE_DATE
                               ? sp_sql_type_simple(SP_SQL_TYPE_DATETIME)
                               : x;
        if (is_time(x))
                return x;
        return sp_sql_type_common(a, x, y);
}

static const struct sp_sql_type *binary_type(struct sp_arena *a, unsigned op,
                                             const struct sp_sql_type *x,
                                             const struct sp_sql_type *y)
{
        switch (op) {
        case '+':
        case '-':
                return sum_type(a, x, y, op == '-');
        case '*':
        case '/':
                if (x->kind == SP_SQL_TYPE_INTERVAL || y->kind == SP_SQL_TYPE_INTERVAL)
                        return sp_sql_type_simple(SP_SQL_TYPE_INTERVAL);
                if (op == '/' && x->kind == SP_SQL_TYPE_INT64 &&
                    y->kind == SP_SQL_TYPE_INT64)
                        return sp_sql_type_simple(SP_SQL_TYPE_FLOAT64);
                return sp_sql_type_common(a, x, y);
        case SP_SQL_T_SHIFT_LEFT:
        case '>':
                return x;
        default:
                return sp_sql_type_common(a, x, y);
        }
}

static const struct sp_sql_value *binary(struct sp_sql_resolver *r,
                                         const struct sp_sql_names *names,
                                         const struct sp_sql_node *n)
{
        const struct sp_sql_sources *sources = NULL;
        const struct sp_sql_type *type = NULL;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_value *v = sp_sql_resolve_expr(r, names, c);

                if (!v)
                        return NULL;
                sources = sp_sql_sources_join(r, sources, v->sources);
                type = type ? binary_type(r->arena, c->link, type, v->type) : v->type;
        }
        return r->code ? NULL : sp_sql_value_new(r, type, sources);
}

static const struct sp_sql_value *case_of(struct sp_sql_resolver *r,
                                          const struct sp_sql_names *names,
                                          const struct sp_sql_node *n)
{
        const struct sp_sql_type *type = NULL;
        const struct sp_sql_sources *sources = NULL;

        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                const struct sp_sql_value *v;

                if (c->kind != SP_SQL_N_WHEN && c->kind != SP_SQL_N_ELSE) {
                        v = sp_sql_resolve_expr(r, names, c);
                        if (!v)
                                return NULL;
                        sources = sp_sql_sources_join(r, sources, v->sources);
                        continue;
                }
                for (const struct sp_sql_node *e = c->first; e; e = e->next) {
                        v = sp_sql_resolve_expr(r, names, e);
                        if (!v)
                                return NULL;
                        sources = sp_sql_sources_join(r, sources, v->sources);
                        if (e == c->last)
                                type = type ? sp_sql_type_common(r->arena, type,
                                                                 v->type)
                                            : v->type;
                }
        }
        return r->code ? NULL : sp_sql_value_new(r, type, sources);
}

static const struct sp_sql_value *cast_of(struct sp_sql_resolver *r,
                                          const struct sp_sql_names *names,
                                          const struct sp_sql_node *n)
{
        const struct sp_sql_node *target = n->first->next;
        const struct sp_sql_value *v = sp_sql_resolve_expr(r, names, n->first), *more;
        const struct sp_sql_type *t;

        if (!v)
                return NULL;
        t = sp_sql_resolve_type(r, target);
        v = t ? sp_sql_value_as(r, v, t) : NULL;
        if (!v || !target->next)
                return v;
        more = all_of(r, names, target->next, SP_SQL_TYPE_STRING);
        if (!more)
                return NULL;
        return sp_sql_value_new(r, t,
                                sp_sql_sources_join(r, v->sources, more->sources));
}

static const struct sp_sql_value *extract_of(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *names,
                                             const struct sp_sql_node *n)
{
        static const struct {
                const char *part;
                enum sp_sql_type_kind type;
        } whole[] = {
                { "DATE", SP_SQL_TYPE_DATE },
                { "TIME", SP_SQL_TYPE_TIME },
                { "DATETIME", SP_SQL_TYPE_DATETIME },
        };
        enum sp_sql_type_kind type = SP_SQL_TYPE_INT64;

        /* the first child is the part: a word or WEEK(MONDAY), never a column */
        if (n->first->kind != SP_SQL_N_PATH && n->first->kind != SP_SQL_N_CALL)
                return sp_sql_unresolved(r, n->first->span,
                                         "A date part is not an expression");
        for (size_t i = 0; i < SP_ARRAY_SIZE(whole); i++)
                if (n->first->kind == SP_SQL_N_PATH &&
                    sp_str_caseeq(n->first->first->text, sp_str_c(whole[i].part)))
                        type = whole[i].type;
        return all_of(r, names, n->first->next, type);
}

static const struct sp_sql_value *typed_literal(struct sp_sql_resolver *r,
                                                const struct sp_sql_node *n)
{
        const struct sp_sql_type *t = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        struct sp_str text = n->text;
        int e;

        if (sp_str_caseeq(text, SP_STR("RANGE"))) /* RANGE<DATE> '…' */
                text = sp_str_trim(sp_str_sub(r->text, n->span.start,
                                              n->first->span.start - n->span.start));
        e = sp_sql_type_parse(r->arena, text, &t, NULL);

        return e == -ENOMEM ? sp_sql_resolver_no_memory(r)
                            : sp_sql_value_new(r, t, NULL);
}

/* WITH(a AS 1, b AS a + 1, a + b): each name sees those before it */
static const struct sp_sql_value *with_expr(struct sp_sql_resolver *r,
                                            const struct sp_sql_names *names,
                                            const struct sp_sql_node *n)
{
        const struct sp_sql_names *scope = NULL, *more;

        for (const struct sp_sql_node *c = n->first; c != n->last; c = c->next) {
                struct sp_sql_column *column =
                        sp_arena_new(r->arena, struct sp_sql_column);

                if (!column)
                        return sp_sql_resolver_no_memory(r);
                column->name = c->first->text;
                column->value = sp_sql_resolve_expr(r, scope ? scope : names, c->last);
                if (!column->value)
                        return NULL;
                more = sp_sql_names_new(r, column, 1, NULL, 0, names);
                scope = scope && more ? sp_sql_names_join(r, scope, more, c->span)
                                      : more;
                if (!scope)
                        return NULL;
        }
        return sp_sql_resolve_expr(r, scope ? scope : names, n->last);
}

/* ---- subqueries ---- */

static const struct sp_sql_value *subquery(struct sp_sql_resolver *r,
                                           const struct sp_sql_names *names,
                                           const struct sp_sql_node *n)
{
        const struct sp_sql_relation *relation;
        const struct sp_sql_node *query = n->first;
        const struct sp_sql_type *t;

        while (query && query->kind == SP_SQL_N_HINT)
                query = query->next;
        relation = query ? sp_sql_resolve_query(r, names, query) : NULL;
        if (!relation)
                return query ? NULL
                             : sp_sql_unresolved(r, n->span,
                                                 "This expression cannot be resolved");
        if (n->op == SP_KW_EXISTS) /* whether there are rows, not what is in them */
                return plain(r, SP_SQL_TYPE_BOOL);
        if (relation->n != 1)
                return sp_sql_unresolved(
                        r, n->span,
                        "%s subquery cannot have more than one column unless using "
                        "SELECT AS STRUCT to build STRUCT values",
                        n->op == SP_KW_ARRAY ? "ARRAY" : "Scalar");
        if (n->op != SP_KW_ARRAY)
                return relation->columns[0].value;
        t = sp_sql_type_array(r->arena, relation->columns[0].value->type);
        return t ? sp_sql_value_new(r, t, relation->columns[0].value->sources)
                 : sp_sql_resolver_no_memory(r);
}

/* ---- what stands behind an operand ---- */

static const struct sp_sql_value *index_of(struct sp_sql_resolver *r,
                                           const struct sp_sql_names *names,
                                           const struct sp_sql_value *v,
                                           const struct sp_sql_node *n)
{
        static const char *const words[] = { "OFFSET",       "ORDINAL", "SAFE_OFFSET",
                                             "SAFE_ORDINAL", "KEY",     "SAFE_KEY" };
        const struct sp_sql_node *e = n->first;
        const struct sp_sql_value *at, *element = NULL;

        if (e->kind == SP_SQL_N_CALL && e->first->first == e->first->last)
                for (size_t i = 0; i < SP_ARRAY_SIZE(words); i++)
                        if (sp_str_caseeq(e->first->first->text, sp_str_c(words[i]))) {
                                e = e->first->next;
                                break;
                        }
        at = all_of(r, names, e, SP_SQL_TYPE_INT64);
        if (!at)
                return NULL;
        if (v->type->kind == SP_SQL_TYPE_ARRAY || v->type->kind == SP_SQL_TYPE_JSON)
                element = sp_sql_value_element(r, v);
        else
                element = sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN),
                                           v->sources);
        if (!element || !at->sources)
                return element;
        return sp_sql_value_new(r, element->type,
                                sp_sql_sources_join(r, element->sources, at->sources));
}

static const struct sp_sql_value *postfix(struct sp_sql_resolver *r,
                                          const struct sp_sql_names *names,
                                          const struct sp_sql_node *n)
{
        const struct sp_sql_value *v = sp_sql_resolve_expr(r, names, n->first);

        for (const struct sp_sql_node *c = n->first->next; v && c; c = c->next) {
                if (c->kind == SP_SQL_N_INDEX)
                        v = index_of(r, names, v, c);
                else if (c->kind == SP_SQL_N_CALL)
                        v = sp_sql_resolve_call(r, names, c, v);
                else if (c->kind == SP_SQL_N_FIELD && !c->first)
                        v = sp_sql_value_member(r, v, c->text, c->span);
                else /* v.(a.b): a field that only its own catalogue knows */
                        v = sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN),
                                             v->sources);
        }
        return v;
}

static const struct sp_sql_value *resolve(struct sp_sql_resolver *r,
                                          const struct sp_sql_names *names,
                                          const struct sp_sql_node *n)
{
        const struct sp_sql_value *v;

        switch (n->kind) {
        case SP_SQL_N_PATH:
                return sp_sql_resolve_name(r, names, n);
        case SP_SQL_N_INT:
                return plain(r, SP_SQL_TYPE_INT64);
        case SP_SQL_N_FLOAT:
                return plain(r, SP_SQL_TYPE_FLOAT64);
        case SP_SQL_N_STRING:
                return plain(r, SP_SQL_TYPE_STRING);
        case SP_SQL_N_BYTES:
                return plain(r, SP_SQL_TYPE_BYTES);
        case SP_SQL_N_TRUE:
        case SP_SQL_N_FALSE:
                return plain(r, SP_SQL_TYPE_BOOL);
        case SP_SQL_N_NULL:
                return sp_sql_value_new(r, sp_sql_type_null(), NULL);
        case SP_SQL_N_DEFAULT:
        case SP_SQL_N_PARAM:
        case SP_SQL_N_SYSTEM:
                return plain(r, SP_SQL_TYPE_UNKNOWN);
        case SP_SQL_N_TYPED:
                return typed_literal(r, n);
        case SP_SQL_N_OR:
        case SP_SQL_N_AND:
        case SP_SQL_N_NOT:
        case SP_SQL_N_COMPARE:
        case SP_SQL_N_LIKE:
        case SP_SQL_N_BETWEEN:
        case SP_SQL_N_IS_DISTINCT:
                return all_of(r, names, n->first, SP_SQL_TYPE_BOOL);
        case SP_SQL_N_IS:
                return is_of(r, names, n);
        case SP_SQL_N_IN:
        case SP_SQL_N_QUANTIFIED:
                return among(r, names, n);
        case SP_SQL_N_LIST:
        case SP_SQL_N_UNNEST:
                return all_of(r, names, n->first, SP_SQL_TYPE_UNKNOWN);
        case SP_SQL_N_INTERVAL:
                return all_of(r, names, n->first, SP_SQL_TYPE_INTERVAL);
        case SP_SQL_N_BINARY:
                return binary(r, names, n);
        case SP_SQL_N_CASE:
                return case_of(r, names, n);
        case SP_SQL_N_CAST:
                return cast_of(r, names, n);
        case SP_SQL_N_EXTRACT:
                return extract_of(r, names, n);
        case SP_SQL_N_UNARY:
                v = sp_sql_resolve_expr(r, names, n->first);
                return v ? sp_sql_value_new(r, v->type, v->sources) : NULL;
        case SP_SQL_N_PAREN:
        case SP_SQL_N_ITEM:
        case SP_SQL_N_NAMED:
        case SP_SQL_N_ARGUMENT:
                return sp_sql_resolve_expr(r, names, n->first);
        case SP_SQL_N_CALL:
                return sp_sql_resolve_call(r, names, n, NULL);
        case SP_SQL_N_POSTFIX:
                return postfix(r, names, n);
        case SP_SQL_N_STRUCT:
                return sp_sql_resolve_struct(r, names, n);
        case SP_SQL_N_ARRAY:
                return sp_sql_resolve_array(r, names, n);
        case SP_SQL_N_BRACED:
                return sp_sql_resolve_braced(r, names, n);
        case SP_SQL_N_WITH_EXPR:
                return with_expr(r, names, n);
        case SP_SQL_N_SUBQUERY:
                return subquery(r, names, n);
        default:
                return sp_sql_unresolved(r, n->span,
                                         "This expression cannot be resolved");
        }
}

const struct sp_sql_value *sp_sql_resolve_expr(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *names,
                                               const struct sp_sql_node *expr)
{
        const struct sp_sql_value *v = NULL;

        if (!expr || r->code || r->unresolved)
                return NULL;
        if (sp_sql_resolver_enter(r, expr->span))
                v = resolve(r, names, expr);
        sp_sql_resolver_leave(r);
        return v;
}
