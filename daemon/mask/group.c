/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/group.h"

#include <errno.h>

#include "daemon/sql/ast.h"
#include "daemon/sql/lex.h"
#include "daemon/sql/name.h"

#define DEPTH_MAX SP_SQL_DEPTH_MAX
#define AGGREGATES_MAX 100 /* each adds a condition */

struct shape {
        struct sp_mask_text *text;
        struct sp_str name;
        unsigned rows;
        struct sp_buf condition; /* COUNT(*) >= 5 AND COUNT(pay) >= 5 … */
        size_t n_aggregates;
        const struct sp_sql_node *select;
        const char *wrong; /* what has no place here */
};

static bool is_wrong(struct shape *s, const char *what)
{
        s->wrong = s->wrong ? s->wrong : what;
        return false;
}

static struct sp_str written(const struct shape *s, const struct sp_sql_node *n)
{
        return sp_str_sub(s->text->in.text, n->span.start, n->span.end - n->span.start);
}

static bool begins_with(const struct shape *s, const struct sp_sql_node *n,
                        struct sp_str word)
{
        return sp_str_caseeq(sp_str_sub(written(s, n), 0, word.n), word);
}

/* ---- expressions ---- */

/* What says of a group only what many rows have in common. MIN, MAX, ANY_VALUE and the lists
 * show the value of one. */
static bool is_aggregate(struct sp_str name)
{
        static const char *const names[] = {
                "count",      "sum",        "avg",         "approx_count_distinct",
                "stddev",     "stddev_pop", "stddev_samp", "variance",
                "var_pop",    "var_samp",   "corr",        "covar_pop",
                "covar_samp",
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(names); i++)
                if (sp_str_caseeq(name, sp_str_c(names[i])))
                        return true;
        return false;
}

/* Functions of one row that cannot fail: what a date is cut to. */
static bool is_truncation(struct sp_str name)
{
        return sp_str_caseeq(name, SP_STR("date_trunc")) ||
               sp_str_caseeq(name, SP_STR("datetime_trunc")) ||
               sp_str_caseeq(name, SP_STR("timestamp_trunc"));
}

static bool is_plain(const struct sp_sql_node *n)
{
        return n && (n->kind == SP_SQL_N_PATH || n->kind == SP_SQL_N_NAME);
}

static struct sp_str first_name(const struct sp_sql_node *n)
{
        return n->kind == SP_SQL_N_PATH && n->first ? n->first->text : n->text;
}

/* Behind HAVING the name of an output goes before that of a column. */
static bool is_hidden(const struct shape *s, struct sp_str name)
{
        for (const struct sp_sql_node *c = s->select->first; c; c = c->next) {
                const struct sp_sql_node *e = c->first;

                if (c->kind != SP_SQL_N_ITEM || !e)
                        continue;
                if (e->next && sp_sql_name_eq(e->next->text, name))
                        return true;
                if (!e->next && e->kind == SP_SQL_N_PATH && e->first != e->last &&
                    sp_sql_name_eq(e->last->text, name))
                        return true;
        }
        return false;
}

/* Of two columns only the rows that have both count. */
static int require_columns(struct shape *s, const struct sp_sql_node *first)
{
        struct sp_str a = written(s, first), b;

        if (!first->next)
                return sp_buf_addf(&s->condition, " AND COUNT(%.*s) >= %u", SP_FMT(a),
                                   s->rows);
        b = written(s, first->next);
        return sp_buf_addf(&s->condition,
                           " AND COUNTIF(%.*s IS NOT NULL AND %.*s IS NOT NULL) >= %u",
                           SP_FMT(a), SP_FMT(b), s->rows);
}

/* SUM(pay) of five rows of which one has a pay is that one's pay: there must be as many
 * values as rows. */
static bool check_aggregate(struct shape *s, const struct sp_sql_node *call)
{
        const struct sp_sql_node *argument = call->first->next;
        bool is_count = sp_str_caseeq(call->first->first->text, SP_STR("count"));

        if (call->flags & SP_SQL_F_OVER)
                return is_wrong(s, "a window");
        if (++s->n_aggregates > AGGREGATES_MAX)
                return is_wrong(s, "more than a hundred aggregates");
        if (is_count && argument && !argument->next &&
            (argument->kind == SP_SQL_N_STAR || argument->kind == SP_SQL_N_INT) &&
            !argument->first)
                return true;
        if (!argument)
                return is_wrong(s, "an aggregate of nothing");
        for (const struct sp_sql_node *a = argument; a; a = a->next) {
                if (!is_plain(a))
                        return is_wrong(s, "an aggregate of anything but a column");
                if (is_hidden(s, first_name(a)))
                        return is_wrong(s, "an output named like a column of another");
        }
        if (argument->next && argument->next->next)
                return is_wrong(s, "an aggregate of three columns");
        return require_columns(s, argument) == 0 || is_wrong(s, "so long a text");
}

static bool check_call(struct shape *s, const struct sp_sql_node *n)
{
        const struct sp_sql_node *path = n->first, *argument;

        if (!path || path->kind != SP_SQL_N_PATH || path->first != path->last)
                return is_wrong(s, "a function of somebody's own");
        if (is_aggregate(path->first->text))
                return check_aggregate(s, n);
        argument = path->next;
        if (!is_truncation(path->first->text) || (n->flags & SP_SQL_F_OVER) ||
            !is_plain(argument) || !is_plain(argument->next) || argument->next->next)
                return is_wrong(s, "functions but COUNT, SUM, AVG and their like");
        return true;
}

static bool check_expr(struct shape *s, const struct sp_sql_node *n, unsigned depth);

static bool check_operands(struct shape *s, const struct sp_sql_node *n, unsigned depth)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (!check_expr(s, c, depth + 1))
                        return false;
        return true;
}

static bool is_number(const struct sp_sql_node *n)
{
        return n && (n->kind == SP_SQL_N_INT || n->kind == SP_SQL_N_FLOAT);
}

static bool check_expr(struct shape *s, const struct sp_sql_node *n, unsigned depth)
{
        if (depth > DEPTH_MAX)
                return is_wrong(s, "so deep an expression");
        switch (n->kind) {
        case SP_SQL_N_NAME:
        case SP_SQL_N_PATH:
        case SP_SQL_N_INT:
        case SP_SQL_N_FLOAT:
        case SP_SQL_N_STRING:
        case SP_SQL_N_BYTES:
        case SP_SQL_N_TRUE:
        case SP_SQL_N_FALSE:
        case SP_SQL_N_NULL:
        case SP_SQL_N_TYPED: /* a constant */
        case SP_SQL_N_PARAM:
                return true;
        case SP_SQL_N_UNARY:
                return is_number(n->first) || is_wrong(s, "arithmetic");
        case SP_SQL_N_EXTRACT:
                return (is_plain(n->first) && is_plain(n->first->next) &&
                        !n->first->next->next) ||
                       is_wrong(s, "EXTRACT from anything but a column");
        case SP_SQL_N_OR:
        case SP_SQL_N_AND:
        case SP_SQL_N_NOT:
        case SP_SQL_N_PAREN:
        case SP_SQL_N_COMPARE:
        case SP_SQL_N_IN:
        case SP_SQL_N_LIST:
        case SP_SQL_N_BETWEEN:
        case SP_SQL_N_IS:
        case SP_SQL_N_IS_DISTINCT:
                return check_operands(s, n, depth);
        case SP_SQL_N_LIKE: /* a pattern may be wrong: then for all rows */
                return (is_plain(n->first) && n->first->next &&
                        (n->first->next->kind == SP_SQL_N_STRING ||
                         n->first->next->kind == SP_SQL_N_PARAM) &&
                        !n->first->next->next) ||
                       is_wrong(s, "LIKE a pattern that is no constant");
        case SP_SQL_N_CALL:
                return check_call(s, n);
        case SP_SQL_N_BINARY:
                return is_wrong(s, "arithmetic");
        case SP_SQL_N_SUBQUERY:
                return is_wrong(s, "a subquery");
        case SP_SQL_N_CASE:
        case SP_SQL_N_CAST:
                return is_wrong(s, "CASE or CAST");
        default:
                return is_wrong(s, "an expression of this kind");
        }
}

/* ---- the statement ---- */

static bool check_from(struct shape *s, const struct sp_sql_node *from)
{
        const struct sp_sql_node *table = from->first;

        if (!table || table->next)
                return is_wrong(s, "a join"); /* it can give one row many times */
        if (table->kind != SP_SQL_N_TABLE || !table->first ||
            table->first->kind != SP_SQL_N_PATH)
                return is_wrong(s, "anything but the table behind FROM");
        for (const struct sp_sql_node *c = table->first->next; c; c = c->next)
                if (c->kind != SP_SQL_N_ALIAS)
                        return is_wrong(s, "time travel, a sample or a pivot");
        return true;
}

static bool check_item(struct shape *s, const struct sp_sql_node *item)
{
        const struct sp_sql_node *e = item->first;

        return e && (!e->next || (e->next->kind == SP_SQL_N_ALIAS && !e->next->next))
                       ? check_expr(s, e, 0)
                       : is_wrong(s, "an output of this kind");
}

struct parts {
        const struct sp_sql_node *from, *group, *having, *last;
};

static bool check_clause(struct shape *s, const struct sp_sql_node *n, struct parts *p)
{
        switch (n->kind) {
        case SP_SQL_N_ITEM:
                return check_item(s, n);
        case SP_SQL_N_STAR:
        case SP_SQL_N_DOT_STAR:
                return is_wrong(s, "SELECT *");
        case SP_SQL_N_FROM:
                p->from = n;
                return check_from(s, n);
        case SP_SQL_N_WHERE:
                return check_operands(s, n, 0);
        case SP_SQL_N_GROUP:
                p->group = n;
                return check_operands(s, n, 0);
        case SP_SQL_N_CLAUSE:
                if (!begins_with(s, n, SP_STR("HAVING")))
                        return is_wrong(s, "QUALIFY");
                p->having = n;
                return check_operands(s, n, 0);
        default:
                return is_wrong(s, "a window, a hint or an option");
        }
}

/* DISTINCT, AS STRUCT, WITH DIFFERENTIAL_PRIVACY: nothing but blanks stands before the
 * first output. */
static bool has_plain_head(const struct shape *s, const struct sp_sql_node *select)
{
        uint32_t from = select->span.start + 6, to = select->first->span.start;
        struct sp_str between = sp_str_sub(s->text->in.text, from, to - from);

        return to > from && sp_str_trim(between).n == 0;
}

static bool check_select(struct shape *s, const struct sp_sql_node *select,
                         struct parts *p)
{
        if (!select->first || !has_plain_head(s, select))
                return is_wrong(s, "a modifier or comment behind SELECT");
        s->select = select;
        for (const struct sp_sql_node *c = select->first; c; c = c->next) {
                if (!check_clause(s, c, p))
                        return false;
                p->last = c;
        }
        if (!p->from)
                return is_wrong(s, "a SELECT without FROM");
        return p->group || s->n_aggregates || is_wrong(s, "rows one by one");
}

static bool check_query(struct shape *s, const struct sp_sql_node *query,
                        struct parts *p)
{
        const struct sp_sql_node *select = query->first;

        if (!select || select->kind != SP_SQL_N_SELECT)
                return is_wrong(s, "WITH, a set operation or a query in parentheses");
        if (!check_select(s, select, p))
                return false;
        for (const struct sp_sql_node *c = select->next; c; c = c->next) {
                if (c->kind != SP_SQL_N_ORDER && c->kind != SP_SQL_N_LIMIT)
                        return is_wrong(s, "pipe syntax");
                if (!check_operands(s, c, 0))
                        return false;
        }
        return true;
}

static const struct sp_sql_node *only_child(const struct sp_sql_node *n,
                                            enum sp_sql_node_kind kind)
{
        return n && n->first && !n->first->next && n->first->kind == kind ? n->first
                                                                          : NULL;
}

static bool check_statement(struct shape *s, const struct sp_sql_statement *st,
                            struct parts *p)
{
        const struct sp_sql_script *script = s->text->in.script;
        const struct sp_sql_node *query = only_child(
                only_child(script->root, SP_SQL_N_STATEMENT), SP_SQL_N_QUERY);

        if (s->text->is_definition)
                return is_wrong(s, "a view of it");
        if (script->is_script || script->n_statements != 1)
                return is_wrong(s, "a script");
        if (st->action != SP_SQL_SELECT || !query)
                return is_wrong(s, "anything but a SELECT");
        if (st->n_tables != 1)
                return is_wrong(s, "a second table");
        return check_query(s, query, p);
}

/* Behind GROUP BY, or in front of the agent's own condition. Its text is whole by itself: it was
 * parsed as one expression. */
static int add_condition(struct shape *s, const struct parts *p)
{
        struct sp_str condition = sp_buf_str(&s->condition);
        uint32_t at = p->last->span.end;
        struct sp_str text;
        int r;

        if (!p->having) {
                text = sp_arena_printf(s->text->work->arena, " HAVING %.*s",
                                       SP_FMT(condition));
                return text.p ? sp_mask_text_splice(
                                        s->text, (struct sp_sql_span){ at, at }, text)
                              : -ENOMEM;
        }
        at = p->having->first->span.start;
        text = sp_arena_printf(s->text->work->arena, "%.*s AND (", SP_FMT(condition));
        r = text.p ? sp_mask_text_splice(s->text, (struct sp_sql_span){ at, at }, text)
                   : -ENOMEM;
        at = p->having->first->span.end;
        return r < 0 ? r
                     : sp_mask_text_splice(s->text, (struct sp_sql_span){ at, at },
                                           SP_STR(")"));
}

static bool only_writes(const struct sp_sql_statement *st, const struct sp_sql_table *t)
{
        return t->is_target && !t->is_read && st->action != SP_SQL_UPDATE &&
               st->action != SP_SQL_DELETE && st->action != SP_SQL_MERGE;
}

int sp_mask_group(struct sp_mask_text *w, const struct sp_sql_statement *st,
                  const struct sp_sql_table *t, struct sp_str name, unsigned rows,
                  struct sp_str rule)
{
        struct shape s = { .text = w,
                           .name = name,
                           .rows = rows,
                           .condition = SP_BUF_INIT(SP_SQL_TEXT_MAX) };
        struct parts p = { 0 };
        int r;

        if (only_writes(st, t))
                return 0;
        r = sp_buf_addf(&s.condition, "COUNT(*) >= %u", rows);
        if (r == 0 && !check_statement(&s, st, &p))
                r = sp_err_set(w->work->err, -EPERM, "mask.group-shape", "",
                               "%.*s is read in groups of %u rows or more, without %s: "
                               "SELECT key, AVG(column) FROM it GROUP BY key",
                               (int)SP_MIN(name.n, 60), name.p, rows, s.wrong);
        if (r == 0)
                r = add_condition(&s, &p);
        w->work->min_group = rows;
        w->work->group_rule = rule;
        sp_buf_done(&s.condition);
        return r;
}
