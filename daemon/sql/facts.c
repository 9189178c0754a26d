/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/facts.h"

#include <stdlib.h>

/* Names in scope: immutable lists that share their tails, so leaving a scope is forgetting
 * its head. */
struct name {
        const struct name *next;
        struct sp_str text;
        unsigned length; /* of the list from here on */
};

struct scope {
        const struct name *ctes;
        const struct name *ranges; /* aliases a path may begin with */
        const struct name *temps; /* TEMP tables certainly made before */
};

/* Collects the facts of one statement. */
struct collector {
        struct sp_sql_vector tables, functions, opaque;
};

struct walker {
        struct sp_sql_parser *p;
        struct collector *into;
        struct sp_sql_vector statements; /* struct sp_sql_statement */
        const struct sp_sql_node *script;
        bool is_dynamic; /* EXECUTE IMMEDIATE or CALL somewhere: temporary names are not sure */
        bool is_folding; /* inside a routine's body or nested DML: one statement for outside */
};

static bool walk(struct walker *w, const struct sp_sql_node *n, struct scope s);
static bool walk_query(struct walker *w, const struct sp_sql_node *n, struct scope s);
static bool walk_from(struct walker *w, const struct sp_sql_node *from, struct scope outer,
                      struct scope *running, bool is_pipe);

static bool fail(struct walker *w)
{
        sp_sql_no_memory(w->p);
        return false;
}

/* ---- scopes ---- */

static bool add_name(struct walker *w, const struct name **list, struct sp_str text)
{
        struct name *n;

        if (!text.n)
                return true;
        if (*list && (*list)->length >= SP_SQL_NAMES_MAX) {
                if (!w->p->code)
                        w->p->code = sp_err_set(w->p->err, -E2BIG, "sql.limit", "",
                                                "more than %d names in scope", SP_SQL_NAMES_MAX);
                return false;
        }
        n = sp_arena_new(w->p->arena, struct name);
        if (!n)
                return fail(w);
        n->next = *list;
        n->text = text;
        n->length = *list ? (*list)->length + 1 : 1;
        *list = n;
        return true;
}

static bool has_name(const struct name *list, struct sp_str text)
{
        for (; list; list = list->next)
                if (sp_str_caseeq(list->text, text))
                        return true;
        return false;
}

/* Table names are case-sensitive, those of WITH and aliases are not. */
static bool has_temp(const struct name *list, struct sp_str text)
{
        for (; list; list = list->next)
                if (sp_str_eq(list->text, text))
                        return true;
        return false;
}

static const struct sp_sql_node *child(const struct sp_sql_node *n, enum sp_sql_node_kind kind)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind == kind)
                        return c;
        return NULL;
}

/* ---- tables ---- */

static bool refuse(struct walker *w, const struct sp_sql_node *path, const char *what)
{
        sp_sql_unsupported(w->p, path->span.start, what);
        return false;
}

/* `p.d.t` in one pair of backquotes is three parts; of `example.com:p.d.t` the first holds a
 * dot. */
static bool split_name(struct walker *w, struct sp_sql_vector *parts,
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
                        return refuse(w, name, "table name with an empty part");
                part = sp_sql_vector_add(w->p->arena, parts, sizeof(*part));
                if (!part)
                        return fail(w);
                *part = head;
        }
        return true;
}

/* Decorators reach other data than the name says. `$partition` stays in the name, so that a
 * policy for the table does not cover it unseen. */
static bool check_part(struct walker *w, const struct sp_sql_node *path, struct sp_str part,
                       bool is_last, bool *is_wildcard)
{
        const char *star = memchr(part.p, '*', part.n);

        if (memchr(part.p, '@', part.n))
                return refuse(w, path, "table decorator @");
        if (star && (!is_last || star != part.p + part.n - 1))
                return refuse(w, path, "* inside a table name");
        *is_wildcard = star != NULL;
        return true;
}

static bool add_table(struct walker *w, const struct sp_sql_node *path, struct scope s,
                      struct sp_sql_table **ret)
{
        struct sp_sql_vector parts = { 0 };
        bool is_wildcard = false;
        struct sp_sql_table *t;
        struct sp_str *v;

        for (const struct sp_sql_node *c = path->first; c; c = c->next)
                if (!split_name(w, &parts, c, c == path->first))
                        return false;
        v = parts.v;
        for (size_t i = 0; i < parts.n; i++)
                if (!check_part(w, path, v[i], i + 1 == parts.n, &is_wildcard))
                        return false;
        t = sp_sql_vector_add(w->p->arena, &w->into->tables, sizeof(*t));
        if (!t)
                return fail(w);
        t->parts = v;
        t->n_parts = parts.n;
        t->path = t->span = path->span;
        t->is_wildcard = is_wildcard;
        t->alias = is_wildcard || !parts.n ? SP_STR_NULL : v[parts.n - 1];
        t->is_temporary = parts.n == 1 && has_temp(s.temps, v[0]);
        *ret = t;
        return true;
}

static void set_alias(struct sp_sql_table *t, const struct sp_sql_node *alias)
{
        if (!alias)
                return;
        t->alias = alias->text;
        t->has_alias = true;
        t->alias_span = alias->span;
}

static bool is_cte(const struct sp_sql_node *path, struct scope s)
{
        return path->first && path->first == path->last && has_name(s.ctes, path->first->text);
}

/* FROM d.arr where d is an alias in scope. One part is never correlated; one quoted name
 * with dots counts as one. */
static bool is_correlated(const struct sp_sql_node *path, struct scope s)
{
        return path->first != path->last && has_name(s.ranges, path->first->text);
}

/* The alias a table expression has without AS: the last part of its path. */
static struct sp_str implicit_alias(const struct sp_sql_node *path)
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

static bool add_opaque(struct walker *w, struct sp_str name)
{
        const char **all = w->into->opaque.v, **one;

        for (size_t i = 0; i < w->into->opaque.n; i++)
                if (sp_str_eq(sp_str_c(all[i]), name))
                        return true;
        one = sp_sql_vector_add(w->p->arena, &w->into->opaque, sizeof(*one));
        if (!one)
                return fail(w);
        *one = name.p; /* a literal: NUL-terminated */
        return true;
}

static bool add_function(struct walker *w, const struct sp_sql_node *call, bool is_table)
{
        const struct sp_sql_node *path = call->first;
        struct sp_sql_function *f;
        size_t n = 0, o = 0;
        char *to;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first)
                return true;
        for (const struct sp_sql_node *c = path->first; c; c = c->next)
                n += c->text.n + 1;
        to = sp_arena_alloc(w->p->arena, n);
        f = sp_sql_vector_add(w->p->arena, &w->into->functions, sizeof(*f));
        if (!to || !f)
                return fail(w);
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
                return add_opaque(w, SP_STR("external-query"));
        return true;
}

/* The path of a call, when it is one name; else the empty string. */
static struct sp_str simple_call(const struct sp_sql_node *n)
{
        const struct sp_sql_node *path = n->kind == SP_SQL_N_CALL ? n->first : NULL;

        if (!path || path->kind != SP_SQL_N_PATH || !path->first || path->first != path->last)
                return SP_STR_NULL;
        return path->first->text;
}

/* a[OFFSET(i)] looks like a call and is none. */
static bool is_subscript(const struct sp_sql_node *n)
{
        static const char *const words[] = { "offset", "ordinal", "safe_offset",
                                             "safe_ordinal", "key", "safe_key" };

        for (size_t i = 0; i < SP_ARRAY_SIZE(words); i++)
                if (sp_str_caseeq(simple_call(n), sp_str_c(words[i])))
                        return true;
        return false;
}

/* Nor is the WEEK(MONDAY) of DATE_TRUNC(d, WEEK(MONDAY)). */
static bool is_week(const struct sp_sql_node *n)
{
        const struct sp_sql_node *arg;

        if (!sp_str_caseeq(simple_call(n), SP_STR("week")))
                return false;
        arg = n->first->next;
        return arg && !arg->next && arg->kind == SP_SQL_N_PATH && arg->first == arg->last &&
               arg->first->text.n > 3 &&
               sp_str_caseeq(sp_str_sub(arg->first->text, arg->first->text.n - 3, 3),
                             SP_STR("DAY"));
}

/* ---- table expressions ---- */

static bool walk_rest(struct walker *w, const struct sp_sql_node *n,
                      const struct sp_sql_node *but, struct scope s)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c != but && !walk(w, c, s))
                        return false;
        return true;
}

static bool walk_table_path(struct walker *w, const struct sp_sql_node *n, struct scope outer,
                            struct scope *running, bool is_pipe)
{
        const struct sp_sql_node *path = n->first, *alias = child(n, SP_SQL_N_ALIAS),
                                 *time = child(n, SP_SQL_N_SYSTEM_TIME),
                                 *pivot = child(n, SP_SQL_N_PIVOT);
        struct sp_sql_table *t;

        if (!is_cte(path, *running) && !is_correlated(path, *running)) {
                if (!add_table(w, path, *running, &t))
                        return false;
                t->is_read = true;
                t->is_pipe = is_pipe;
                t->is_sampled = child(n, SP_SQL_N_SAMPLE) != NULL;
                set_alias(t, alias);
                if (time) {
                        t->is_time_travel = true;
                        t->system_time = time->span;
                        t->span.end = time->span.end;
                }
        }
        if (!walk_rest(w, n, path, outer))
                return false;
        if (!pivot)
                return add_name(w, &running->ranges,
                                alias ? alias->text : implicit_alias(path));
        alias = child(pivot, SP_SQL_N_ALIAS);
        return !alias || add_name(w, &running->ranges, alias->text);
}

/* One table expression: what it mentions, and the name it brings into `running`. A subquery
 * does not see its neighbours (unless LATERAL); UNNEST and array paths do. */
static bool walk_table(struct walker *w, const struct sp_sql_node *n, struct scope outer,
                       struct scope *running, bool is_pipe)
{
        const struct sp_sql_node *alias = child(n, SP_SQL_N_ALIAS),
                                 *pivot = child(n, SP_SQL_N_PIVOT);
        struct scope inside = *running;
        bool is_lateral = n->flags & SP_SQL_F_LATERAL;

        switch (n->kind) {
        case SP_SQL_N_TABLE:
                return walk_table_path(w, n, outer, running, is_pipe);
        case SP_SQL_N_TABLE_JOIN:
                if (!walk_from(w, n->first, outer, &inside, is_pipe) ||
                    !walk_rest(w, n, n->first, outer))
                        return false;
                if (!pivot)
                        running->ranges = inside.ranges;
                break;
        case SP_SQL_N_TABLE_QUERY:
                inside.ranges = is_lateral ? running->ranges : outer.ranges;
                if (!walk_query(w, n->first, inside) || !walk_rest(w, n, n->first, outer))
                        return false;
                break;
        case SP_SQL_N_TABLE_CALL:
                inside.ranges = is_lateral ? running->ranges : outer.ranges;
                if (!add_function(w, n->first, true) ||
                    !walk_rest(w, n->first, n->first->first, inside) ||
                    !walk_rest(w, n, n->first, outer))
                        return false;
                break;
        default: /* UNNEST */
                if (!walk_rest(w, n, NULL, inside))
                        return false;
        }
        if (pivot)
                alias = child(pivot, SP_SQL_N_ALIAS);
        return !alias || add_name(w, &running->ranges, alias->text);
}

static bool walk_from(struct walker *w, const struct sp_sql_node *from, struct scope outer,
                      struct scope *running, bool is_pipe)
{
        for (const struct sp_sql_node *c = from->first; c; c = c->next) {
                bool ok;

                if (c->kind == SP_SQL_N_JOIN)
                        ok = walk_rest(w, c, c->last, *running) &&
                             walk_table(w, c->last, outer, running, is_pipe);
                else if (c->kind == SP_SQL_N_ON || c->kind == SP_SQL_N_HINT)
                        ok = walk(w, c, *running);
                else
                        ok = walk_table(w, c, outer, running, is_pipe);
                if (!ok)
                        return false;
        }
        return true;
}

/* ---- queries ---- */

/* Adds the names to s->ctes: each sees those before it; all see all when RECURSIVE. */
static bool walk_with(struct walker *w, const struct sp_sql_node *with, struct scope *s)
{
        bool is_recursive = with->flags & SP_SQL_F_RECURSIVE;

        if (is_recursive)
                for (const struct sp_sql_node *c = with->first; c; c = c->next)
                        if (!add_name(w, &s->ctes, c->text))
                                return false;
        for (const struct sp_sql_node *c = with->first; c; c = c->next) {
                for (const struct sp_sql_node *q = c->first; q; q = q->next)
                        if (!(q->kind == SP_SQL_N_QUERY ? walk_query(w, q, *s)
                                                        : walk(w, q, *s)))
                                return false;
                if (!is_recursive && !add_name(w, &s->ctes, c->text))
                        return false;
        }
        return true;
}

/* *ret: the scope that ORDER BY sees */
static bool walk_select(struct walker *w, const struct sp_sql_node *n, struct scope s,
                        struct scope *ret)
{
        const struct sp_sql_node *from = child(n, SP_SQL_N_FROM);
        struct scope inside = s;

        if (from && !walk_from(w, from, s, &inside, false))
                return false;
        *ret = inside;
        return walk_rest(w, n, from, inside);
}

static bool walk_pipe(struct walker *w, const struct sp_sql_node *n, struct scope outer,
                      struct scope *s)
{
        struct scope queries = { s->ctes, outer.ranges, s->temps };

        switch (n->op) {
        case SP_KW_WITH:
                queries.ranges = outer.ranges;
                if (!walk_with(w, child(n, SP_SQL_N_WITH), &queries))
                        return false;
                s->ctes = queries.ctes;
                return true;
        case SP_KW_JOIN:
                return walk_from(w, n, queries, s, true);
        case SP_KW_AS:
                s->ranges = outer.ranges;
                return add_name(w, &s->ranges, n->first ? n->first->text : SP_STR_NULL);
        case SP_KW_UNION:
        case SP_KW_CALL: {
                struct scope called = queries;

                s->ranges = outer.ranges;
                if (n->op == SP_KW_UNION)
                        return walk_rest(w, n, NULL, queries);
                return walk_table(w, n->last, queries, &called, true);
        }
        case SP_KW_WHERE:
        case SP_KW_EXTEND:
        case SP_KW_ORDER:
        case SP_KW_LIMIT:
        case SP_KW_SET:
        case SP_KW_DROP:
        case SP_KW_RENAME:
        case SP_KW_TABLESAMPLE:
        case SP_KW_WINDOW:
                return walk_rest(w, n, NULL, *s);
        default: /* SELECT, AGGREGATE, PIVOT, …: a new row, so the aliases are gone */
                if (!walk_rest(w, n, NULL, *s))
                        return false;
                s->ranges = outer.ranges;
                return true;
        }
}

static bool walk_query(struct walker *w, const struct sp_sql_node *n, struct scope s)
{
        struct scope outer, ordering, piped;
        const struct sp_sql_node *c = n->first;

        if (n->kind != SP_SQL_N_QUERY) /* an operand that was parsed first: ( query ) */
                return walk(w, n, s);
        while (c && c->kind == SP_SQL_N_HINT)
                c = c->next;
        if (c && c->kind == SP_SQL_N_WITH) {
                if (!walk_with(w, c, &s))
                        return false;
                c = c->next;
        }
        outer = ordering = piped = s;
        if (c && c->kind == SP_SQL_N_SELECT) {
                if (!walk_select(w, c, s, &ordering))
                        return false;
        } else if (c && c->kind == SP_SQL_N_FROM) {
                if (!walk_from(w, c, s, &piped, true))
                        return false;
                ordering = piped;
        } else if (c && !walk(w, c, s)) {
                return false;
        }
        for (c = c ? c->next : NULL; c; c = c->next)
                if (!(c->kind == SP_SQL_N_PIPE ? walk_pipe(w, c, outer, &piped)
                                               : walk(w, c, ordering)))
                        return false;
        return true;
}

/* ---- statements ---- */

static bool walk_statement(struct walker *w, const struct sp_sql_node *n, struct scope s,
                           const struct name **temps);

/* Statements in order. *temps: the TEMP tables known behind the block. */
static bool walk_block(struct walker *w, const struct sp_sql_node *n, struct scope s,
                       const struct name **temps)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (!walk_statement(w, c, s, &s.temps))
                        return false;
        if (temps && n->flags & SP_SQL_F_ALWAYS)
                *temps = s.temps;
        return true;
}

static bool walk_target(struct walker *w, const struct sp_sql_node *n,
                        const struct sp_sql_node *statement, struct scope s)
{
        struct sp_sql_table *t;

        if (!add_table(w, n->first, s, &t))
                return false;
        t->is_target = true;
        set_alias(t, child(n, SP_SQL_N_ALIAS));
        if (statement->flags & SP_SQL_F_TEMP && t->n_parts == 1)
                t->is_temporary = true;
        return walk_rest(w, n, n->first, s);
}

static bool is_dml(const struct sp_sql_node *n)
{
        return n->op == SP_SQL_UPDATE || n->op == SP_SQL_DELETE || n->op == SP_SQL_MERGE ||
               n->op == SP_SQL_INSERT || n->op == SP_SQL_TRUNCATE;
}

static bool sees_temps(const struct sp_sql_node *n)
{
        return is_dml(n) || n->op == SP_SQL_SELECT || n->op == SP_SQL_SCRIPT ||
               n->op == SP_SQL_EXPORT || sp_str_eq(n->text, SP_STR("CreateTable"));
}

static bool walk_statement_parts(struct walker *w, const struct sp_sql_node *n, struct scope s,
                                 const struct name **temps)
{
        const struct sp_sql_node *from = child(n, SP_SQL_N_FROM), *c;
        struct scope inside;

        if (!sees_temps(n))
                s.temps = NULL;
        inside = s;
        if (from && !walk_from(w, from, s, &inside, false))
                return false;
        for (c = n->first; c; c = c->next) {
                if (c->kind != SP_SQL_N_TARGET)
                        continue;
                if (!walk_target(w, c, n, s))
                        return false;
                if (is_dml(n) && n->op != SP_SQL_INSERT && c->first->first) {
                        const struct sp_sql_node *alias = child(c, SP_SQL_N_ALIAS);

                        if (!add_name(w, &inside.ranges,
                                      alias ? alias->text : implicit_alias(c->first)))
                                return false;
                }
        }
        for (c = n->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_BLOCK)
                        ok = walk_block(w, c, s, temps);
                else if (c->kind != SP_SQL_N_TARGET && c != from)
                        ok = walk(w, c, inside);
                if (!ok)
                        return false;
        }
        return true;
}

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

/* A name that some DROP or ALTER in the script mentions may be gone again. */
static bool is_dropped(const struct sp_sql_node *n, struct sp_str name)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                if (c->kind == SP_SQL_N_BLOCK || c->kind == SP_SQL_N_STATEMENT) {
                        if (is_dropped(c, name))
                                return true;
                } else if (c->kind == SP_SQL_N_TARGET && n->kind == SP_SQL_N_STATEMENT &&
                           (n->op == SP_SQL_DROP || n->op == SP_SQL_ALTER)) {
                        struct sp_str last = implicit_alias(c->first);

                        if (sp_str_caseeq(last, name))
                                return true;
                }
        }
        return false;
}

static bool note_temp(struct walker *w, const struct sp_sql_node *n, const struct name **temps)
{
        const struct sp_sql_node *target = child(n, SP_SQL_N_TARGET), *path;

        if (!(n->flags & SP_SQL_F_TEMP) || !sp_str_eq(n->text, SP_STR("CreateTable")) ||
            !target || w->is_dynamic || w->is_folding)
                return true;
        path = target->first;
        if (path->first != path->last || memchr(path->first->text.p, '.', path->first->text.n) ||
            is_dropped(w->script, path->first->text))
                return true;
        return add_name(w, temps, path->first->text);
}

static bool walk_statement(struct walker *w, const struct sp_sql_node *n, struct scope s,
                           const struct name **temps)
{
        struct collector *outer = w->into, mine = { 0 };
        struct sp_sql_statement *st;
        size_t index = w->statements.n;

        if (w->is_folding)
                return walk_statement_parts(w, n, s, NULL);
        st = sp_sql_vector_add(w->p->arena, &w->statements, sizeof(*st));
        if (!st)
                return fail(w);
        w->into = &mine;
        if (!walk_statement_parts(w, n, s, temps))
                return false;
        w->into = outer;
        if (mine.tables.n)
                qsort(mine.tables.v, mine.tables.n, sizeof(struct sp_sql_table), by_place);
        if (mine.functions.n)
                qsort(mine.functions.v, mine.functions.n, sizeof(struct sp_sql_function),
                      function_by_place);
        st = (struct sp_sql_statement *)w->statements.v + index; /* may have moved */
        *st = (struct sp_sql_statement){
                .kind = n->text.p, /* a literal: NUL-terminated */
                .action = (enum sp_sql_action)n->op,
                .span = n->span,
                .tables = mine.tables.v,
                .n_tables = mine.tables.n,
                .functions = mine.functions.v,
                .n_functions = mine.functions.n,
                .opaque = mine.opaque.v,
                .n_opaque = mine.opaque.n,
                .where = sp_sql_where_of(w->p, n),
                .is_temporary = n->flags & SP_SQL_F_TEMP,
        };
        return !temps || note_temp(w, n, temps);
}

/* ---- everything else ---- */

static bool walk_argument(struct walker *w, const struct sp_sql_node *n, struct scope s)
{
        bool is_model = n->kind == SP_SQL_N_MODEL_ARG;
        struct sp_sql_table *t;

        if (!is_model && n->kind != SP_SQL_N_SOURCE && is_cte(n->first, s))
                return true;
        if (!add_table(w, n->first, s, &t))
                return false;
        t->is_read = t->is_argument = true;
        t->is_model = is_model;
        return walk_rest(w, n, n->first, s);
}

static bool walk_folded(struct walker *w, const struct sp_sql_node *n, struct scope s)
{
        bool was = w->is_folding, ok;

        w->is_folding = true;
        s.temps = NULL;
        ok = walk_statement(w, n, s, NULL);
        w->is_folding = was;
        return ok;
}

static bool walk(struct walker *w, const struct sp_sql_node *n, struct scope s)
{
        struct scope ignored;

        switch (n->kind) {
        case SP_SQL_N_QUERY:
                return walk_query(w, n, s);
        case SP_SQL_N_SELECT:
                return walk_select(w, n, s, &ignored);
        case SP_SQL_N_FROM:
                ignored = s;
                return walk_from(w, n, s, &ignored, false);
        case SP_SQL_N_TABLE:
        case SP_SQL_N_TABLE_QUERY:
        case SP_SQL_N_TABLE_JOIN:
        case SP_SQL_N_TABLE_CALL:
        case SP_SQL_N_TABLE_UNNEST:
                ignored = s;
                return walk_table(w, n, s, &ignored, false);
        case SP_SQL_N_TABLE_ARG:
        case SP_SQL_N_MODEL_ARG:
        case SP_SQL_N_SOURCE:
                return walk_argument(w, n, s);
        case SP_SQL_N_TARGET:
                return walk_target(w, n, n, s);
        case SP_SQL_N_STATEMENT:
                return walk_folded(w, n, s);
        case SP_SQL_N_BLOCK:
                return walk_block(w, n, s, NULL);
        case SP_SQL_N_OPAQUE:
                return add_opaque(w, n->text);
        case SP_SQL_N_CALL:
                return (is_week(n) || add_function(w, n, false)) && walk_rest(w, n, NULL, s);
        case SP_SQL_N_INDEX:
                if (n->first && is_subscript(n->first))
                        n = n->first;
                break;
        default:
                break;
        }
        return walk_rest(w, n, NULL, s);
}

static bool has_dynamic(const struct sp_sql_node *n)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                if (c->kind != SP_SQL_N_BLOCK && c->kind != SP_SQL_N_STATEMENT)
                        continue;
                if (c->kind == SP_SQL_N_STATEMENT &&
                    (c->op == SP_SQL_EXECUTE || c->op == SP_SQL_CALL))
                        return true;
                if (has_dynamic(c))
                        return true;
        }
        return false;
}

int sp_sql_facts(struct sp_sql_parser *p, const struct sp_sql_node *script,
                 struct sp_sql_script *ret)
{
        struct walker w = { .p = p, .script = script, .is_dynamic = has_dynamic(script) };

        if (!walk_block(&w, script, (struct scope){ 0 }, NULL))
                return p->code ? p->code : -EINVAL;
        ret->statements = w.statements.v;
        ret->n_statements = w.statements.n;
        return 0;
}
