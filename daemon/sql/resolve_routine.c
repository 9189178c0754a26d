/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that the script itself makes: a body in SQL is resolved for each call, with
 * the arguments as the values of its parameters. It sees nothing of the caller: no
 * columns, no variables, no WITH; of the functions only those made before it, so there is
 * no recursion. Of a body in another language the result is all of its arguments.
 */
#include "daemon/sql/name.h"
#include "daemon/sql/resolve_script.h"

static bool is_parameter(const struct sp_sql_node *n)
{
        return n->kind == SP_SQL_N_CLAUSE &&
               (n->op == SP_KW_IN || n->op == SP_KW_OUT || n->op == SP_KW_INOUT);
}

static const struct sp_sql_node *parameter_type(const struct sp_sql_node *parameter)
{
        return sp_sql_child(parameter, SP_SQL_N_TYPE);
}

static bool is_table_parameter(const struct sp_sql_node *parameter)
{
        const struct sp_sql_node *type = parameter_type(parameter);

        return type && sp_str_caseeq(type->text, SP_STR("TABLE"));
}

/* NULL: any, or not known. */
static const struct sp_sql_type *declared_type(struct sp_sql_resolver *r,
                                               const struct sp_sql_node *type)
{
        const struct sp_sql_type *t = NULL;
        struct sp_err err = { 0 };

        if (!type || sp_str_caseeq(type->text, SP_STR("ANY TYPE")) ||
            sp_str_caseeq(type->text, SP_STR("TABLE")))
                return NULL;
        if (sp_sql_type_of(r->arena, type, &t, &err) == -ENOMEM)
                return sp_sql_resolver_no_memory(r);
        return t;
}

/* The expression or query behind AS; NULL for a body in another language. */
static const struct sp_sql_node *body_of(const struct sp_sql_node *create)
{
        for (const struct sp_sql_node *c = create->first; c; c = c->next) {
                switch (c->kind) {
                case SP_SQL_N_TARGET:
                case SP_SQL_N_TYPE:
                case SP_SQL_N_CLAUSE:
                case SP_SQL_N_OPTIONS:
                case SP_SQL_N_HINT:
                        continue;
                case SP_SQL_N_OPAQUE:
                case SP_SQL_N_STRING:
                        return NULL;
                default:
                        return c;
                }
        }
        return NULL;
}

/* ---- names of functions ---- */

/* SAFE.f is f. */
static struct sp_str name_of(struct sp_sql_resolver *r, const struct sp_sql_node *path)
{
        const struct sp_sql_node *c = path ? path->first : NULL;
        struct sp_str text;

        if (c && c->next && sp_str_caseeq(c->text, SP_STR("SAFE")))
                c = c->next;
        if (!c)
                return SP_STR_NULL;
        text = c->text;
        for (c = c->next; c && text.p; c = c->next)
                text = sp_arena_printf(r->arena, "%.*s.%.*s", SP_FMT(text),
                                       SP_FMT(c->text));
        if (!text.p)
                sp_sql_resolver_no_memory(r);
        return text;
}

static struct sp_str cut_last(struct sp_str *rest)
{
        const char *dot = memrchr(rest->p, '.', rest->n);
        size_t n = dot ? (size_t)(dot - rest->p) : 0;
        struct sp_str last = sp_str_sub(*rest, dot ? n + 1 : 0, rest->n);

        rest->n = n;
        return last;
}

/* p.d.f is d.f and, with a default dataset, f: one name ends with the other. */
static bool is_same_name(struct sp_str x, struct sp_str y)
{
        while (x.n && y.n)
                if (!sp_sql_name_eq(cut_last(&x), cut_last(&y)))
                        return false;
        return true;
}

static const struct sp_sql_routine *find(struct sp_sql_resolver *r,
                                         const struct sp_sql_node *path)
{
        const struct sp_sql_routine *f = r->routines;
        struct sp_str name;

        if (!f || !path)
                return NULL;
        name = name_of(r, path);
        while (name.n && f && !is_same_name(f->name, name))
                f = f->next;
        return name.n ? f : NULL;
}

bool sp_sql_routine_make(struct sp_sql_scripting *w, const struct sp_sql_node *create)
{
        const struct sp_sql_node *target = sp_sql_child(create, SP_SQL_N_TARGET);
        struct sp_sql_routine *f;
        struct sp_str name;

        if (!target || !target->first || !target->first->last)
                return true;
        name = name_of(w->r, target->first);
        f = sp_arena_new(w->r->arena, struct sp_sql_routine);
        if (!f || !name.p)
                return sp_sql_resolver_no_memory(w->r);
        f->name = name;
        f->create = create;
        f->is_unsure =
                sp_sql_place(&w->branched, NULL, target->first->last->text)->is_used ||
                (target->flags & SP_SQL_F_IF_EXISTS &&
                 !(create->flags & SP_SQL_F_TEMP));
        f->next = w->r->routines;
        w->r->routines = f;
        return true;
}

/* ---- calls ---- */

/* What the caller sees, put away while a body is resolved. */
struct caller {
        const struct sp_sql_name *ctes;
        const struct sp_sql_name *variables;
        const struct sp_sql_routine *routines;
        struct sp_sql_cte *recursing;
};

static bool enter(struct sp_sql_resolver *r, const struct sp_sql_routine *f,
                  const struct sp_sql_node *call, struct caller *ret)
{
        struct sp_sql_scripting *w = r->script;

        if (f->is_unsure)
                return sp_sql_unresolved(r, call->span,
                                         "Which function %.*s is at this place is not "
                                         "certain",
                                         SP_FMT(sp_str_sub(f->name, 0, 120)));
        w->call_bytes += f->create->span.end - f->create->span.start;
        if (w->call_bytes > SP_SQL_CALLS_BYTES_MAX ||
            w->call_depth >= SP_SQL_CALLS_DEPTH_MAX)
                return sp_sql_unresolved(r, call->span,
                                         "Functions of this script call each other too "
                                         "often");
        *ret = (struct caller){ r->ctes, r->variables, r->routines, r->recursing };
        r->ctes = NULL;
        r->recursing = NULL;
        r->variables = NULL;
        r->routines = f->next;
        w->call_depth++;
        return true;
}

static void leave(struct sp_sql_resolver *r, const struct caller *c)
{
        r->ctes = c->ctes;
        r->variables = c->variables;
        r->routines = c->routines;
        r->recursing = c->recursing;
        r->script->call_depth--;
}

/* With the type that was declared: fields go by their place. */
static const struct sp_sql_value *typed(struct sp_sql_resolver *r,
                                        const struct sp_sql_value *v,
                                        const struct sp_sql_node *declared)
{
        const struct sp_sql_type *type = declared_type(r, declared);

        if (!v || !type || sp_sql_type_equal(type, v->type))
                return v;
        if (type->kind == SP_SQL_TYPE_STRUCT && v->fields &&
            v->type->n_fields == type->n_fields)
                return sp_sql_value_struct(r, type, v->fields);
        return sp_sql_value_new(r, type, v->sources);
}

/* A parameter is seen wherever a variable would be, in WITH queries too; columns hide it.
 */
static bool bind(struct sp_sql_resolver *r, const struct sp_sql_node *parameter,
                 const struct sp_sql_value *argument)
{
        struct sp_sql_variable *v = sp_arena_new(r->arena, struct sp_sql_variable);

        if (!v)
                return sp_sql_resolver_no_memory(r) != NULL;
        v->link.text = parameter->text;
        v->link.is_folded = true;
        v->value = typed(r, argument, parameter_type(parameter));
        if (!sp_sql_scope_push(r->arena, &r->variables, &v->link))
                return sp_sql_resolver_no_memory(r) != NULL;
        return v->value && !r->code;
}

/* Always false. */
static bool wrong_count(struct sp_sql_resolver *r, const struct sp_sql_node *call,
                        const struct sp_sql_routine *f)
{
        return sp_sql_unresolved(r, call->span,
                                 "The number of arguments does not match function %.*s",
                                 SP_FMT(sp_str_sub(f->name, 0, 120))) != NULL;
}

/* The parameters of f with the arguments, or with their defaults. */
static bool bind_all(struct sp_sql_resolver *r, const struct sp_sql_routine *f,
                     const struct sp_sql_node *call,
                     const struct sp_sql_value *const *arguments, size_t n)
{
        size_t i = 0;

        for (const struct sp_sql_node *c = f->create->first; c; c = c->next) {
                const struct sp_sql_value *v = i < n ? arguments[i] : NULL;

                if (!is_parameter(c))
                        continue;
                if (i >= n && c->last && c->last->kind != SP_SQL_N_TYPE)
                        v = sp_sql_resolve_expr(r, NULL, c->last);
                if (i >= n && !v)
                        return wrong_count(r, call, f);
                if (!bind(r, c, v))
                        return false;
                i++;
        }
        return n <= i || wrong_count(r, call, f);
}

static const struct sp_sql_value *
all_of(struct sp_sql_resolver *r, const struct sp_sql_value *const *arguments, size_t n)
{
        const struct sp_sql_sources *sources = NULL;

        for (size_t i = 0; i < n; i++)
                sources = sp_sql_sources_join(r, sources, arguments[i]->sources);
        return sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN), sources);
}

const struct sp_sql_value *
sp_sql_routine_call(struct sp_sql_resolver *r, const struct sp_sql_node *call,
                    const struct sp_sql_value *const *arguments, size_t n,
                    bool *ret_is_known)
{
        const struct sp_sql_routine *f = find(r, call->first);
        const struct sp_sql_value *v = NULL;
        const struct sp_sql_node *body;
        struct caller caller;

        if (!f)
                return NULL;
        *ret_is_known = true;
        body = body_of(f->create);
        if (!body && !f->is_unsure)
                return typed(r, all_of(r, arguments, n),
                             sp_sql_child(f->create, SP_SQL_N_TYPE));
        if (!enter(r, f, call, &caller))
                return NULL;
        if (bind_all(r, f, call, arguments, n))
                v = sp_sql_resolve_expr(r, NULL, body);
        leave(r, &caller);
        return typed(r, v, sp_sql_child(f->create, SP_SQL_N_TYPE));
}

/* ---- table functions ---- */

/* TABLE t, TABLE f(…), (query): rows for a table parameter. */
static const struct sp_sql_relation *rows_of(struct sp_sql_resolver *r,
                                             const struct sp_sql_names *names,
                                             const struct sp_sql_node *n)
{
        if (n->kind == SP_SQL_N_NAMED && n->first)
                n = n->first;
        if (n->kind == SP_SQL_N_SUBQUERY || n->kind == SP_SQL_N_PAREN)
                n = n->first;
        if (n->kind == SP_SQL_N_TABLE_ARG && n->first &&
            n->first->kind == SP_SQL_N_PATH)
                return sp_sql_resolve_path(r, n->first);
        if (n->kind == SP_SQL_N_QUERY)
                return sp_sql_resolve_query(r, names, n);
        return sp_sql_unresolved(r, n->span, "This table argument cannot be resolved");
}

struct argument { /* of a table function: either */
        const struct sp_sql_node *parameter;
        const struct sp_sql_relation *rows;
        const struct sp_sql_value *value;
};

/* Each parameter with the argument at its place, in the caller's scope. */
static bool resolve_arguments(struct sp_sql_resolver *r,
                              const struct sp_sql_relation *input,
                              const struct sp_sql_names *names,
                              const struct sp_sql_routine *f,
                              const struct sp_sql_node *call, struct sp_sql_vector *to)
{
        const struct sp_sql_node *a = call->first->next;

        for (const struct sp_sql_node *c = f->create->first; c; c = c->next) {
                struct argument *t;

                if (!is_parameter(c))
                        continue;
                t = sp_sql_vector_add(r->arena, to, sizeof(*t));
                if (!t)
                        return sp_sql_resolver_no_memory(r) != NULL;
                t->parameter = c;
                if (input && is_table_parameter(c)) {
                        t->rows = input;
                        input = NULL;
                        continue;
                }
                while (a && (a->kind == SP_SQL_N_HINT || a->kind == SP_SQL_N_OPAQUE))
                        a = a->next;
                if (!a)
                        return wrong_count(r, call, f);
                if (is_table_parameter(c))
                        t->rows = rows_of(r, names, a);
                else
                        t->value = sp_sql_resolve_expr(r, names, a);
                if (!t->rows && !t->value)
                        return false;
                a = a->next;
        }
        return (!a && !input) || wrong_count(r, call, f);
}

const struct sp_sql_relation *sp_sql_routine_table(struct sp_sql_resolver *r,
                                                   const struct sp_sql_relation *input,
                                                   const struct sp_sql_names *names,
                                                   const struct sp_sql_node *call,
                                                   bool *ret_is_known)
{
        const struct sp_sql_routine *f = find(r, call->first);
        const struct sp_sql_node *body = f ? body_of(f->create) : NULL;
        const struct sp_sql_relation *relation = NULL;
        struct sp_sql_vector arguments = { 0 };
        const struct argument *t;
        struct caller caller;
        bool ok = true;

        *ret_is_known = body && body->kind == SP_SQL_N_QUERY;
        if (!*ret_is_known ||
            !resolve_arguments(r, input, names, f, call, &arguments) ||
            !enter(r, f, call, &caller))
                return NULL;
        t = arguments.v;
        for (size_t i = 0; ok && i < arguments.n; i++)
                ok = t[i].rows ? sp_sql_cte_add(r, t[i].parameter->text, t[i].rows)
                               : bind(r, t[i].parameter, t[i].value);
        if (ok)
                relation = sp_sql_resolve_query(r, NULL, body);
        leave(r, &caller);
        return relation;
}

/* ---- definitions ---- */

/* TABLE<a INT64, …>: columns that nothing reaches; NULL for ANY TABLE. */
static const struct sp_sql_relation *declared_rows(struct sp_sql_resolver *r,
                                                   const struct sp_sql_node *parameter)
{
        struct sp_sql_node type = *parameter_type(parameter);
        const struct sp_sql_type *t;
        struct sp_sql_column *columns;

        type.text = SP_STR("STRUCT"); /* it has columns as a STRUCT has fields */
        t = type.first ? sp_sql_resolve_type(r, &type) : NULL;
        if (r->code)
                return NULL;
        if (!t || t->kind != SP_SQL_TYPE_STRUCT)
                return sp_sql_unresolved(
                        r, parameter->span,
                        "The columns of a table argument are not known");
        columns = sp_sql_columns_new(r, t->n_fields, parameter->span);
        for (size_t i = 0; columns && i < t->n_fields; i++) {
                columns[i].name = t->fields[i].name;
                columns[i].value = sp_sql_value_new(r, t->fields[i].type, NULL);
                if (!columns[i].value)
                        return NULL;
        }
        return columns ? sp_sql_relation_of(r, columns, t->n_fields) : NULL;
}

static bool bind_declared(struct sp_sql_resolver *r, const struct sp_sql_routine *f)
{
        const struct sp_sql_type *unknown = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);
        const struct sp_sql_relation *rows;

        for (const struct sp_sql_node *c = f->create->first; c; c = c->next) {
                bool ok;

                if (!is_parameter(c))
                        continue;
                if (is_table_parameter(c)) {
                        rows = declared_rows(r, c);
                        ok = rows && sp_sql_cte_add(r, c->text, rows);
                } else {
                        ok = bind(r, c, sp_sql_value_new(r, unknown, NULL));
                }
                if (!ok)
                        return false;
        }
        return true;
}

const struct sp_sql_relation *sp_sql_routine_result(struct sp_sql_scripting *w)
{
        struct sp_sql_resolver *r = w->r;
        const struct sp_sql_routine *f = r->routines;
        const struct sp_sql_node *body = f ? body_of(f->create) : NULL;
        const struct sp_sql_relation *relation = NULL;
        struct sp_sql_routine certain;
        struct sp_sql_column *column;
        struct caller caller;

        if (!body)
                return NULL;
        certain = *f;
        certain.is_unsure = false; /* this very one */
        if (!enter(r, &certain, f->create, &caller))
                return NULL;
        if (bind_declared(r, f) && body->kind == SP_SQL_N_QUERY) {
                relation = sp_sql_resolve_query(r, NULL, body);
        } else if (!r->unresolved && !r->code) {
                column = sp_sql_columns_new(r, 1, body->span);
                if (column)
                        column->value = typed(r, sp_sql_resolve_expr(r, NULL, body),
                                              sp_sql_child(f->create, SP_SQL_N_TYPE));
                if (column && column->value)
                        relation = sp_sql_relation_of(r, column, 1);
        }
        leave(r, &caller);
        return relation;
}
