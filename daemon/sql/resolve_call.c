/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls. The arguments and the clauses of an aggregate reach its value; what stands
 * behind OVER only decides. Words that only some functions understand (a date part, a
 * normalization form) are no columns.
 */
#include "daemon/sql/resolve.h"

#define NAME_MAX_BYTES 256 /* of a function's name; longer ones are nobody's */

/* "safe.substr" → "substr", lower case; empty when it is too long */
static struct sp_str function_name(const struct sp_sql_node *path, char *to)
{
        size_t n = 0;

        for (const struct sp_sql_node *c = path->first; c; c = c->next) {
                if (n + c->text.n + 1 > NAME_MAX_BYTES)
                        return SP_STR_NULL;
                if (n)
                        to[n++] = '.';
                for (size_t i = 0; i < c->text.n; i++) {
                        char ch = c->text.p[i];

                        to[n++] = ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
                }
        }
        if (sp_str_starts(sp_str(to, n), SP_STR("safe.")))
                return sp_str(to + 5, n - 5);
        return sp_str(to, n);
}

static bool is_one_of(struct sp_str word, const char *const *words, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (sp_str_caseeq(word, sp_str_c(words[i])))
                        return true;
        return false;
}

static bool is_date_part(struct sp_str word)
{
        static const char *const parts[] = {
                "NANOSECOND", "MICROSECOND", "MILLISECOND", "SECOND",  "MINUTE",
                "HOUR",       "DAY",         "DAYOFWEEK",   "WEEK",    "ISOWEEK",
                "MONTH",      "QUARTER",     "YEAR",        "ISOYEAR",
        };

        return is_one_of(word, parts, SP_ARRAY_SIZE(parts));
}

/* Which argument of a function is such a word; 0: none. Only where Google's own functions
 * have it: anywhere else the same word is a column. */
static size_t date_part_at(struct sp_str f)
{
        static const struct {
                const char *name;
                size_t at;
        } all[] = {
                { "date_diff", 2 },  { "datetime_diff", 2 },  { "time_diff", 2 },
                { "date_trunc", 1 }, { "datetime_trunc", 1 }, { "time_trunc", 1 },
                { "last_day", 1 },   { "timestamp_diff", 2 }, { "timestamp_trunc", 1 },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(all); i++)
                if (sp_str_eq(f, sp_str_c(all[i].name)))
                        return all[i].at;
        return 0;
}

static bool takes_form(struct sp_str f)
{
        return sp_str_eq(f, SP_STR("normalize")) ||
               sp_str_eq(f, SP_STR("normalize_and_casefold"));
}

static bool is_word_argument(struct sp_str f, size_t at, const struct sp_sql_node *n)
{
        static const char *const forms[] = { "NFC", "NFD", "NFKC", "NFKD" };
        const struct sp_sql_node *path = n->kind == SP_SQL_N_CALL ? n->first : n;
        bool is_date_function = at && date_part_at(f) == at;

        if (path->kind != SP_SQL_N_PATH || path->first != path->last)
                return false;
        if (n->kind == SP_SQL_N_CALL) /* WEEK(MONDAY) */
                return is_date_function &&
                       sp_str_caseeq(path->first->text, SP_STR("WEEK"));
        if (at == 1 && takes_form(f))
                return is_one_of(path->first->text, forms, SP_ARRAY_SIZE(forms));
        return is_date_function && is_date_part(path->first->text);
}

/* ---- arguments ---- */

struct call {
        struct sp_sql_resolver *r;
        const struct sp_sql_names *names;
        struct sp_str name;
        const struct sp_sql_value **arguments; /* with the values of clauses behind */
        size_t n;
        const struct sp_sql_sources *sources;
};

static bool take(struct call *c, const struct sp_sql_value *v)
{
        if (!v)
                return false;
        c->arguments[c->n++] = v;
        c->sources = sp_sql_sources_join(c->r, c->sources, v->sources);
        return !c->r->code;
}

static const struct sp_sql_value *nothing(struct sp_sql_resolver *r)
{
        return sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN), NULL);
}

/* TABLE t, TABLE f(…): whatever is in it */
static const struct sp_sql_value *table_argument(struct call *c,
                                                 const struct sp_sql_node *n)
{
        const struct sp_sql_relation *relation;
        const struct sp_sql_names *names;

        if (n->kind == SP_SQL_N_TABLE_ARG) {
                relation = sp_sql_resolve_path(c->r, n->first);
        } else {
                names = sp_sql_resolve_table(c->r, NULL, c->names, n);
                relation = sp_sql_names_relation(c->r, names, n->span);
        }
        return relation ? sp_sql_columns_value(c->r, relation->columns, relation->n,
                                               n->span)
                        : NULL;
}

/* x -> e, (x, y) -> e: the names stand for what the other arguments hold; the first one
 * for an element of the first array. */
static const struct sp_sql_value *lambda(struct call *c, const struct sp_sql_node *n)
{
        const struct sp_sql_node *head = n->first, *first = head->kind == SP_SQL_N_PATH
                                                                    ? head
                                                                    : head->first;
        const struct sp_sql_names *scope = c->names;
        struct sp_sql_column *columns;
        size_t many = 0;

        for (const struct sp_sql_node *p = first; p; p = p->next)
                many += p->kind == SP_SQL_N_PATH;
        if (head->kind == SP_SQL_N_PATH)
                many = 1;
        columns = sp_arena_array(c->r->arena, many, sizeof(*columns));
        if (!columns)
                return sp_sql_resolver_no_memory(c->r);
        for (size_t i = 0; i < many; i++, first = first->next) {
                const struct sp_sql_type *t = sp_sql_type_simple(SP_SQL_TYPE_UNKNOWN);

                if (c->n && c->arguments[0]->type->kind == SP_SQL_TYPE_ARRAY && i < 2)
                        t = i ? sp_sql_type_simple(SP_SQL_TYPE_INT64) /* its place */
                              : c->arguments[0]->type->element;
                columns[i].name = first->first->text;
                columns[i].value = sp_sql_value_new(c->r, t, c->sources);
                if (!columns[i].value)
                        return NULL;
        }
        if (many)
                scope = sp_sql_names_new(c->r, columns, many, NULL, 0, c->names);
        return scope || !many ? sp_sql_resolve_expr(c->r, scope, n->last) : NULL;
}

static const struct sp_sql_value *argument(struct call *c, const struct sp_sql_node *n)
{
        if (is_word_argument(c->name, c->n, n))
                return nothing(c->r);
        switch (n->kind) {
        case SP_SQL_N_STAR: /* COUNT(*): how many, not what */
        case SP_SQL_N_MODEL_ARG:
        case SP_SQL_N_CLAUSE: /* CONNECTION c, DESCRIPTOR(…), INPUT TABLE */
                return nothing(c->r);
        case SP_SQL_N_TABLE_ARG:
        case SP_SQL_N_TABLE_CALL:
                return table_argument(c, n);
        case SP_SQL_N_LAMBDA:
                return lambda(c, n);
        case SP_SQL_N_NAMED:
                return argument(c, n->first);
        default:
                return sp_sql_resolve_expr(c->r, c->names, n);
        }
}

/* WHERE, GROUP BY, ORDER BY, LIMIT inside the parentheses: they decide, and Google's
 * reading counts them among what reaches the value. */
static bool clause(struct call *c, const struct sp_sql_node *n)
{
        for (n = n->first; n; n = n->next) {
                const struct sp_sql_value *v;

                if (n->kind == SP_SQL_N_HINT)
                        continue;
                v = sp_sql_resolve_expr(c->r, c->names, n);
                if (!v || !sp_sql_filter(c->r, v))
                        return false;
                c->sources = sp_sql_sources_join(c->r, c->sources, v->sources);
        }
        return !c->r->code;
}

static bool part(struct call *c, const struct sp_sql_node *n)
{
        switch (n->kind) {
        case SP_SQL_N_HINT:
        case SP_SQL_N_OPTIONS:
        case SP_SQL_N_OPAQUE:
                return true;
        case SP_SQL_N_WINDOW:
                return sp_sql_resolve_deciding(c->r, c->names, n);
        case SP_SQL_N_WHERE:
        case SP_SQL_N_GROUP:
        case SP_SQL_N_ORDER:
        case SP_SQL_N_LIMIT:
                return clause(c, n);
        case SP_SQL_N_CLAUSE:
                if (n->op == SP_KW_HAVING)
                        return clause(c, n);
                return take(c, argument(c, n));
        default:
                return take(c, argument(c, n));
        }
}

const struct sp_sql_value *sp_sql_resolve_call(struct sp_sql_resolver *r,
                                               const struct sp_sql_names *names,
                                               const struct sp_sql_node *call,
                                               const struct sp_sql_value *operand)
{
        struct call c = { .r = r, .names = names };
        char buffer[NAME_MAX_BYTES];
        const struct sp_sql_value *v;
        bool is_known = false;
        size_t many = 1;

        for (const struct sp_sql_node *a = call->first; a; a = a->next)
                many++;
        c.arguments = sp_arena_array(r->arena, many, sizeof(struct sp_sql_value *));
        if (!c.arguments)
                return sp_sql_resolver_no_memory(r);
        c.name = function_name(call->first, buffer);
        if (operand && !take(&c, operand))
                return NULL;
        for (const struct sp_sql_node *a = call->first->next; a; a = a->next)
                if (!part(&c, a))
                        return NULL;
        if (sp_str_eq(c.name, SP_STR("grouping"))) {
                /* which set a row belongs to: a fact about the query, not the values */
                v = sp_sql_value_new(r, sp_sql_type_simple(SP_SQL_TYPE_INT64),
                                     c.sources);
                return v && sp_sql_filter(r, v) ? sp_sql_value_new(r, v->type, NULL)
                                                : NULL;
        }
        v = sp_sql_routine_call(r, call, c.arguments, c.n, &is_known);
        if (is_known || r->code || r->unresolved)
                return v;
        return sp_sql_value_new(
                r, sp_sql_function_type(r->arena, c.name, c.arguments, c.n), c.sources);
}

/* ---- what decides ---- */

bool sp_sql_resolve_deciding(struct sp_sql_resolver *r,
                             const struct sp_sql_names *names,
                             const struct sp_sql_node *n)
{
        const struct sp_sql_value *v;
        bool ok = true;

        switch (n->kind) {
        case SP_SQL_N_HINT:
        case SP_SQL_N_OPTIONS:
        case SP_SQL_N_OPAQUE:
        case SP_SQL_N_NAME: /* OVER w: its specification is resolved where it stands */
        case SP_SQL_N_ALIAS:
                return true;
        case SP_SQL_N_ORDER:
        case SP_SQL_N_GROUP:
        case SP_SQL_N_WINDOW:
        case SP_SQL_N_WHERE:
        case SP_SQL_N_LIMIT:
        case SP_SQL_N_ON:
        case SP_SQL_N_CLAUSE:
        case SP_SQL_N_SAMPLE:
        case SP_SQL_N_SYSTEM_TIME:
                if (!sp_sql_resolver_enter(r, n->span))
                        ok = false;
                for (n = n->first; ok && n; n = n->next)
                        ok = sp_sql_resolve_deciding(r, names, n);
                sp_sql_resolver_leave(r);
                return ok;
        default:
                v = sp_sql_resolve_expr(r, names, n);
                return v && sp_sql_filter(r, v);
        }
}
