/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/collect.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/sql/constant.h"

static bool fail(struct sp_sql_parser *p)
{
        sp_sql_no_memory(p);
        return false;
}

/* ---- scopes ---- */

bool sp_sql_scope_add(struct sp_sql_parser *p, const struct sp_sql_name **list,
                      struct sp_str text)
{
        struct sp_sql_name *n;

        /* an alias with a dot could be taken for a path: it hides nothing */
        if (!text.n || memchr(text.p, '.', text.n))
                return true;
        if (*list && (*list)->length >= SP_SQL_NAMES_MAX) {
                if (!p->code)
                        p->code = sp_err_set(p->err, -E2BIG, "sql.limit", "",
                                             "more than %d names in scope",
                                             SP_SQL_NAMES_MAX);
                return false;
        }
        n = sp_arena_new(p->arena, struct sp_sql_name);
        if (!n)
                return fail(p);
        n->text = text;
        return sp_sql_scope_push(p->arena, list, n) || fail(p);
}

bool sp_sql_scope_join(struct sp_sql_parser *p, const struct sp_sql_name *list,
                       const struct sp_sql_name *tail, const struct sp_sql_name **to)
{
        const struct sp_sql_name *other = *to;

        /* the shorter one onto the longer one, or nesting would copy all at each level */
        if ((list ? list->length : 0) > (other ? other->length : 0)) {
                other = list;
                list = *to;
        }
        for (; list && list != tail; list = list->next)
                if (!sp_sql_scope_add(p, &other, list->text))
                        return false;
        *to = other;
        return true;
}

bool sp_sql_scope_has(const struct sp_sql_name *list, struct sp_str text,
                      bool is_case_sensitive)
{
        const struct sp_sql_name *n = sp_sql_scope_find(list, text);

        while (n && is_case_sensitive && !sp_str_eq(n->text, text))
                n = sp_sql_scope_find_next(n);
        return n != NULL;
}

/* ---- tables ---- */

static bool refuse(struct sp_sql_parser *p, const struct sp_sql_node *path,
                   const char *what)
{
        sp_sql_unsupported(p, path->span.start, what);
        return false;
}

/* `p.d.t` in one pair of backquotes is three parts; of `example.com:p.d.t` the first
 * holds a dot. */
static bool split_name(struct sp_sql_parser *p, struct sp_sql_vector *parts,
                       const struct sp_sql_node *name, bool is_first)
{
        struct sp_str rest = name->text, head, *part;
        const char *colon = is_first && rest.n ? memchr(rest.p, ':', rest.n) : NULL;
        size_t keep = colon ? (size_t)(colon - rest.p) : 0;
        bool more = true;

        if (!(name->flags & SP_SQL_F_QUOTED))
                keep = rest.n;
        while (more) {
                const char *dot = memchr(rest.p + keep, '.', rest.n - keep);

                more = dot != NULL;
                head = sp_str_sub(rest, 0, dot ? (size_t)(dot - rest.p) : rest.n);
                rest = dot ? sp_str_sub(rest, head.n + 1, rest.n) : SP_STR_NULL;
                keep = 0;
                if (!head.n)
                        return refuse(p, name, "table name with an empty part");
                part = sp_sql_vector_add(p->arena, parts, sizeof(*part));
                if (!part)
                        return fail(p);
                *part = head;
        }
        return true;
}

/* Decorators reach other data than the name says. `$partition` stays in the name, so
 * that a policy for the table does not cover it unseen. */
static bool check_part(struct sp_sql_parser *p, const struct sp_sql_node *path,
                       struct sp_str part, bool is_last, bool *is_wildcard)
{
        const char *star = memchr(part.p, '*', part.n);

        if (memchr(part.p, '@', part.n))
                return refuse(p, path, "table decorator @");
        if (star && (!is_last || star != part.p + part.n - 1))
                return refuse(p, path, "* inside a table name");
        *is_wildcard = star != NULL;
        return true;
}

bool sp_sql_collect_table(struct sp_sql_parser *p, struct sp_sql_collector *to,
                          const struct sp_sql_node *path, struct sp_sql_scope s,
                          struct sp_sql_table **ret)
{
        struct sp_sql_vector parts = { 0 };
        bool is_wildcard = false;
        struct sp_sql_table *t;
        struct sp_str *v;

        for (const struct sp_sql_node *c = path->first; c; c = c->next)
                if (!split_name(p, &parts, c, c == path->first))
                        return false;
        v = parts.v;
        for (size_t i = 0; i < parts.n; i++)
                if (!check_part(p, path, v[i], i + 1 == parts.n, &is_wildcard))
                        return false;
        t = sp_sql_vector_add(p->arena, &to->tables, sizeof(*t));
        if (!t)
                return fail(p);
        t->parts = v;
        t->n_parts = parts.n;
        t->path = t->span = path->span;
        t->is_wildcard = is_wildcard;
        t->alias = is_wildcard || !parts.n ? SP_STR_NULL : v[parts.n - 1];
        /* table names are case-sensitive, those of WITH and aliases are not */
        t->is_temporary = parts.n == 1 && sp_sql_scope_has(s.temps, v[0], true);
        *ret = t;
        return true;
}

void sp_sql_collect_alias(struct sp_sql_table *t, const struct sp_sql_node *alias)
{
        if (!alias)
                return;
        t->alias = alias->text;
        t->has_alias = true;
        t->alias_span = alias->span;
}

bool sp_sql_is_cte(const struct sp_sql_node *path, struct sp_sql_scope s)
{
        return path->first && path->first == path->last &&
               sp_sql_scope_has(s.ctes, path->first->text, false);
}

/* FROM d.arr where d is an alias in scope. One part is never correlated; one quoted
 * name with dots counts as one. */
bool sp_sql_is_correlated(const struct sp_sql_node *path, struct sp_sql_scope s)
{
        return path->first != path->last &&
               sp_sql_scope_has(s.ranges, path->first->text, false);
}

/* The alias a table expression has without AS: the last part of its path. */
struct sp_str sp_sql_implicit_alias(const struct sp_sql_node *path)
{
        struct sp_str last = path->last->text;

        if (!(path->last->flags & SP_SQL_F_QUOTED))
                return last;
        for (size_t i = last.n; i-- > 0;)
                if (last.p[i] == '.')
                        return sp_str_sub(last, i + 1, last.n);
        return last.n && last.p[last.n - 1] == '*' ? SP_STR_NULL : last;
}

/* ---- functions ---- */

bool sp_sql_collect_opaque(struct sp_sql_parser *p, struct sp_sql_collector *to,
                           struct sp_str name)
{
        const char **all = to->opaque.v, **one;

        for (size_t i = 0; i < to->opaque.n; i++)
                if (sp_str_eq(sp_str_c(all[i]), name))
                        return true;
        one = sp_sql_vector_add(p->arena, &to->opaque, sizeof(*one));
        if (!one)
                return fail(p);
        *one = name.p; /* a literal: NUL-terminated */
        return true;
}

static char *append_lower(char *to, struct sp_str s)
{
        for (size_t i = 0; i < s.n; i++)
                *to++ = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
        return to;
}

bool sp_sql_collect_system_variable(struct sp_sql_parser *p,
                                    struct sp_sql_collector *to, struct sp_str name)
{
        char *lower = sp_arena_alloc(p->arena, name.n + 1);
        struct sp_str *one =
                sp_sql_vector_add(p->arena, &to->system_variables, sizeof(*one));

        if (!lower || !one)
                return fail(p);
        *one = sp_str(lower, (size_t)(append_lower(lower, name) - lower));
        return true;
}

bool sp_sql_collect_function(struct sp_sql_parser *p, struct sp_sql_collector *into,
                             const struct sp_sql_node *call, bool is_table)
{
        const struct sp_sql_node *path = call->first;
        struct sp_sql_function *f;
        size_t n = 0;
        char *to, *end, *written, *written_end;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first)
                return true;
        for (const struct sp_sql_node *c = path->first; c; c = c->next)
                n += c->text.n + 1;
        to = sp_arena_alloc(p->arena, n);
        written = sp_arena_alloc(p->arena, n);
        f = sp_sql_vector_add(p->arena, &into->functions, sizeof(*f));
        if (!to || !written || !f)
                return fail(p);
        end = to;
        written_end = written;
        for (const struct sp_sql_node *c = path->first; c; c = c->next) {
                if (c != path->first) {
                        *end++ = '.';
                        *written_end++ = '.';
                }
                end = append_lower(end, c->text);
                if (c->text.n)
                        memcpy(written_end, c->text.p, c->text.n);
                written_end += c->text.n;
        }
        f->name = sp_str(to, (size_t)(end - to));
        f->written = sp_str(written, (size_t)(written_end - written));
        f->span = path->span;
        f->is_table_function = is_table;
        if (sp_str_caseeq(path->last->text, SP_STR("external_query")))
                return sp_sql_collect_opaque(p, into, SP_STR("external-query"));
        /* the graph's name is in a string */
        if (is_table && sp_str_caseeq(path->last->text, SP_STR("graph_expand")))
                return sp_sql_collect_opaque(p, into, SP_STR("graph"));
        return true;
}

/* a[OFFSET(i)] looks like a call and is none. */
bool sp_sql_is_subscript(const struct sp_sql_node *n)
{
        static const char *const words[] = { "offset", "ordinal",  "safe_offset",
                                             "key",    "safe_key", "safe_ordinal",
                                             NULL };

        return sp_sql_is_one_of(sp_sql_called(n), words);
}

/* Nor is the WEEK(MONDAY) of DATE_TRUNC(d, WEEK(MONDAY)). */
bool sp_sql_is_week(const struct sp_sql_node *n)
{
        const struct sp_sql_node *arg;

        if (!sp_str_caseeq(sp_sql_called(n), SP_STR("week")))
                return false;
        arg = n->first->next;
        return arg && !arg->next && arg->kind == SP_SQL_N_PATH &&
               arg->first == arg->last && arg->first->text.n > 3 &&
               sp_str_caseeq(sp_str_sub(arg->first->text, arg->first->text.n - 3, 3),
                             SP_STR("DAY"));
}

/* ---- order ---- */

/* Text order; names of one place never overlap. */
static int by_place(const void *a, const void *b)
{
        const struct sp_sql_table *x = a, *y = b;

        return x->path.start < y->path.start ? -1 : x->path.start > y->path.start;
}

static int function_by_place(const void *a, const void *b)
{
        const struct sp_sql_function *x = a, *y = b;

        return x->span.start < y->span.start ? -1 : x->span.start > y->span.start;
}

void sp_sql_collect_sort(struct sp_sql_collector *c)
{
        if (c->tables.n)
                qsort(c->tables.v, c->tables.n, sizeof(struct sp_sql_table), by_place);
        if (c->functions.n)
                qsort(c->functions.v, c->functions.n, sizeof(struct sp_sql_function),
                      function_by_place);
}
