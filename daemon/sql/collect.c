/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/collect.h"

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
        n->next = *list;
        n->text = text;
        n->length = *list ? (*list)->length + 1 : 1;
        *list = n;
        return true;
}

static bool has_name(const struct sp_sql_name *list, struct sp_str text)
{
        for (; list; list = list->next)
                if (sp_str_caseeq(list->text, text))
                        return true;
        return false;
}

/* Table names are case-sensitive, those of WITH and aliases are not. */
static bool has_temp(const struct sp_sql_name *list, struct sp_str text)
{
        for (; list; list = list->next)
                if (sp_str_eq(list->text, text))
                        return true;
        return false;
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
        t->is_temporary = parts.n == 1 && has_temp(s.temps, v[0]);
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
               has_name(s.ctes, path->first->text);
}

/* FROM d.arr where d is an alias in scope. One part is never correlated; one quoted
 * name with dots counts as one. */
bool sp_sql_is_correlated(const struct sp_sql_node *path, struct sp_sql_scope s)
{
        return path->first != path->last && has_name(s.ranges, path->first->text);
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

bool sp_sql_collect_function(struct sp_sql_parser *p, struct sp_sql_collector *into,
                             const struct sp_sql_node *call, bool is_table)
{
        const struct sp_sql_node *path = call->first;
        struct sp_sql_function *f;
        size_t n = 0, o = 0;
        char *to;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first)
                return true;
        for (const struct sp_sql_node *c = path->first; c; c = c->next)
                n += c->text.n + 1;
        to = sp_arena_alloc(p->arena, n);
        f = sp_sql_vector_add(p->arena, &into->functions, sizeof(*f));
        if (!to || !f)
                return fail(p);
        for (const struct sp_sql_node *c = path->first; c; c = c->next) {
                if (o)
                        to[o++] = '.';
                for (size_t i = 0; i < c->text.n; i++) {
                        char ch = c->text.p[i];

                        to[o++] = ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
                }
        }
        f->name = sp_str(to, o);
        f->span = path->span;
        f->is_table_function = is_table;
        if (sp_str_caseeq(path->last->text, SP_STR("external_query")))
                return sp_sql_collect_opaque(p, into, SP_STR("external-query"));
        return true;
}

/* The path of a call, when it is one name; else the empty string. */
static struct sp_str simple_call(const struct sp_sql_node *n)
{
        const struct sp_sql_node *path = n->kind == SP_SQL_N_CALL ? n->first : NULL;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first ||
            path->first != path->last)
                return SP_STR_NULL;
        return path->first->text;
}

/* a[OFFSET(i)] looks like a call and is none. */
bool sp_sql_is_subscript(const struct sp_sql_node *n)
{
        static const char *const words[] = { "offset",       "ordinal", "safe_offset",
                                             "safe_ordinal", "key",     "safe_key" };

        for (size_t i = 0; i < SP_ARRAY_SIZE(words); i++)
                if (sp_str_caseeq(simple_call(n), sp_str_c(words[i])))
                        return true;
        return false;
}

/* Nor is the WEEK(MONDAY) of DATE_TRUNC(d, WEEK(MONDAY)). */
bool sp_sql_is_week(const struct sp_sql_node *n)
{
        const struct sp_sql_node *arg;

        if (!sp_str_caseeq(simple_call(n), SP_STR("week")))
                return false;
        arg = n->first->next;
        return arg && !arg->next && arg->kind == SP_SQL_N_PATH &&
               arg->first == arg->last && arg->first->text.n > 3 &&
               sp_str_caseeq(sp_str_sub(arg->first->text, arg->first->text.n - 3, 3),
                             SP_STR("DAY"));
}
