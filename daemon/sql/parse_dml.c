/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* What is written: a path, and in old GoogleSQL also a[0].b below it. */
static struct sp_sql_node *parse_target(struct sp_sql_parser *p, bool has_alias)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TARGET);

        if (!n || !sp_sql_add(n, sp_sql_parse_table_path(p)))
                return NULL;
        while (sp_sql_is(p, '[') || sp_sql_is(p, '.')) {
                if (sp_sql_take(p, '[')) {
                        if (!sp_sql_add(n, sp_sql_parse_expr(p)) ||
                            !sp_sql_need(p, ']'))
                                return NULL;
                } else {
                        sp_sql_advance(p);
                        if (!sp_sql_add(n, sp_sql_parse_field_path(p)))
                                return NULL;
                }
        }
        if (!sp_sql_parse_hint(p, n) || (has_alias && !sp_sql_parse_alias(p, n)))
                return NULL;
        return sp_sql_end(p, n);
}

static bool parse_dml_offset(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!kw(p, WITH))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_OFFSET);
        sp_sql_advance(p);
        return n && need_kw(p, OFFSET) && sp_sql_parse_alias(p, n) &&
               sp_sql_add(to, sp_sql_end(p, n));
}

/* ASSERT_ROWS_MODIFIED n, THEN RETURN … */
static bool parse_dml_tail(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        struct sp_sql_node *list;

        if (take_kw(p, ASSERT_ROWS_MODIFIED)) {
                if (!sp_sql_is(p, SP_SQL_T_INT) && !sp_sql_is(p, '@') &&
                    !sp_sql_is(p, '?') && !sp_sql_is(p, SP_SQL_T_SYSTEM) &&
                    !kw(p, CAST)) {
                        sp_sql_unexpected(p);
                        return false;
                }
                if (!sp_sql_add(s, sp_sql_parse_primary(p)))
                        return false;
        }
        if (!kw(p, THEN) || !kw_at(p, 1, RETURN))
                return true;
        sp_sql_advance(p);
        sp_sql_advance(p);
        if (take_kw(p, WITH)) {
                if (!need_kw(p, ACTION))
                        return false;
                if (take_kw(p, AS) && !sp_sql_parse_name(p))
                        return false;
        }
        list = sp_sql_node_new(p, SP_SQL_N_SELECT);
        return list && sp_sql_parse_select_list(p, list) &&
               sp_sql_add(s, sp_sql_end(p, list)) &&
               sp_sql_parse_opaque(p, s, "then-return");
}

static struct sp_sql_node *parse_value(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;

        if (!kw(p, DEFAULT))
                return sp_sql_parse_expr(p);
        n = sp_sql_node_new(p, SP_SQL_N_DEFAULT);
        sp_sql_advance(p);
        return n ? sp_sql_end(p, n) : NULL;
}

/* ( value, … ) */
static bool parse_row(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_LIST);

        if (!n || !sp_sql_need(p, '('))
                return false;
        do
                if (!sp_sql_add(n, parse_value(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')') && sp_sql_add(to, sp_sql_end(p, n));
}

static bool parse_set_list(struct sp_sql_parser *p, struct sp_sql_node *s);

/* ON CONFLICT [(a, b)|ON UNIQUE CONSTRAINT c] DO NOTHING|UPDATE SET …: not BigQuery's */
static bool parse_conflict(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        struct sp_sql_node *n;

        if (!take_kw(p, ON))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);
        if (!n || !need_kw(p, CONFLICT) || !sp_sql_parse_opaque(p, n, "on-conflict"))
                return false;
        if (sp_sql_is(p, '(')) {
                if (!sp_sql_parse_name_list(p))
                        return false;
        } else if (take_kw(p, ON)) {
                if (!need_kw(p, UNIQUE) || !need_kw(p, CONSTRAINT) ||
                    !sp_sql_parse_name(p))
                        return false;
        }
        if (!need_kw(p, DO))
                return false;
        if (take_kw(p, UPDATE)) {
                if (!parse_set_list(p, n) ||
                    (kw(p, WHERE) && !sp_sql_add(n, sp_sql_parse_where(p))))
                        return false;
        } else if (!need_kw(p, NOTHING)) {
                return false;
        }
        return sp_sql_add(s, sp_sql_end(p, n));
}

/* IGNORE, REPLACE, UPDATE before INTO or the target */
static bool take_insert_mode(struct sp_sql_parser *p)
{
        if (take_kw(p, OR)) {
                if (take_kw(p, IGNORE) || take_kw(p, REPLACE) || take_kw(p, UPDATE))
                        return true;
                sp_sql_expected(p,
                                "keyword IGNORE or keyword REPLACE or keyword UPDATE");
                return false;
        }
        if (sp_sql_is_at(p, 1, '.')) /* a table called replace.t */
                return false;
        return take_kw(p, IGNORE) || take_kw(p, REPLACE) || take_kw(p, UPDATE);
}

/* At `(`: a column list, unless a query begins in it. */
static bool is_column_list(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, '(') && !kw_at(p, 1, SELECT) && !kw_at(p, 1, WITH) &&
               !sp_sql_is_table_clause(p, 1) && !kw_at(p, 1, FROM) &&
               !sp_sql_is_at(p, 1, '(');
}

/* INSERT … INTO t (a, b) */
static struct sp_sql_node *parse_insert_head(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Insert", SP_SQL_INSERT, sp_sql_here(p));

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (take_insert_mode(p) && !sp_sql_parse_opaque(p, s, "insert-or-update"))
                return NULL;
        if (p->code)
                return NULL;
        (void)take_kw(p, INTO);
        if (!sp_sql_add(s, parse_target(p, false)))
                return NULL;
        if (is_column_list(p) && !sp_sql_add(s, sp_sql_parse_name_list(p)))
                return NULL;
        if (kw(p, BY)) {
                sp_sql_advance(p);
                s->flags |= SP_SQL_F_BY_NAME;
                if (!need_kw(p, NAME) || !sp_sql_parse_opaque(p, s, "insert-by-name"))
                        return NULL;
        }
        return s;
}

struct sp_sql_node *sp_sql_parse_insert_prefix(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = parse_insert_head(p);

        return s && parse_conflict(p, s) && parse_dml_tail(p, s) ? sp_sql_end(p, s)
                                                                 : NULL;
}

/* ( query ), and nothing behind it */
static bool is_parenthesised(const struct sp_sql_node *query)
{
        return query->first == query->last && query->first->kind == SP_SQL_N_QUERY;
}

struct sp_sql_node *sp_sql_parse_insert(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = parse_insert_head(p);

        if (!s)
                return NULL;
        if (take_kw(p, VALUES)) {
                do
                        if (!parse_row(p, s))
                                return NULL;
                while (sp_sql_take(p, ','));
        } else if (!sp_sql_starts_query(p)) {
                return sp_sql_unexpected(p);
        } else if (!sp_sql_add(s, sp_sql_parse_query(p))) {
                return NULL;
        }
        /* a bare query could go on with ON itself */
        if (kw(p, ON) && s->last->kind == SP_SQL_N_QUERY && !is_parenthesised(s->last))
                return sp_sql_expected(p, "end of input");
        if (!parse_conflict(p, s) || !parse_dml_tail(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

/* DML on an array inside SET: ( INSERT a … ). */
static struct sp_sql_node *parse_nested(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_NESTED_DML), *inner = NULL;
        bool ok = sp_sql_enter(p) && n && sp_sql_need(p, '(');

        if (ok && kw(p, INSERT))
                inner = sp_sql_parse_insert(p);
        else if (ok && kw(p, DELETE))
                inner = sp_sql_parse_delete(p);
        else if (ok && kw(p, UPDATE))
                inner = sp_sql_parse_update(p);
        else if (ok)
                sp_sql_unexpected(p);
        ok = ok && sp_sql_add(n, inner) && sp_sql_need(p, ')') &&
             sp_sql_parse_opaque(p, n, "nested-dml");
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

/* path = value; the path may have [index] and .(extension) */
static bool parse_set_item(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

        if (!item)
                return false;
        if (sp_sql_is(p, '('))
                return sp_sql_add(s, parse_nested(p));
        if (!sp_sql_is_name(p)) {
                sp_sql_unexpected(p);
                return false;
        }
        if (!sp_sql_add(item, sp_sql_parse_postfix(p)) || !sp_sql_need(p, '=') ||
            !sp_sql_add(item, parse_value(p)))
                return false;
        return sp_sql_add(s, sp_sql_end(p, item));
}

static bool parse_set_list(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!need_kw(p, SET))
                return false;
        do
                if (!parse_set_item(p, s))
                        return false;
        while (sp_sql_take(p, ','));
        return true;
}

struct sp_sql_node *sp_sql_parse_update(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Update", SP_SQL_UPDATE, sp_sql_here(p));

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_add(s, parse_target(p, true)) || !parse_dml_offset(p, s) ||
            !parse_set_list(p, s))
                return NULL;
        if (take_kw(p, FROM) && !sp_sql_add(s, sp_sql_parse_from(p)))
                return NULL;
        if (kw(p, WHERE) && !sp_sql_add(s, sp_sql_parse_where(p)))
                return NULL;
        return parse_dml_tail(p, s) ? sp_sql_end(p, s) : NULL;
}

struct sp_sql_node *sp_sql_parse_delete(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Delete", SP_SQL_DELETE, sp_sql_here(p));

        if (!s)
                return NULL;
        sp_sql_advance(p);
        (void)take_kw(p, FROM);
        if (!sp_sql_add(s, parse_target(p, true)) || !parse_dml_offset(p, s))
                return NULL;
        if (kw(p, WHERE) && !sp_sql_add(s, sp_sql_parse_where(p)))
                return NULL;
        return parse_dml_tail(p, s) ? sp_sql_end(p, s) : NULL;
}

struct sp_sql_node *sp_sql_parse_truncate(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Truncate", SP_SQL_TRUNCATE, sp_sql_here(p));

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!need_kw(p, TABLE) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        /* BigQuery truncates whole tables only */
        if (kw(p, WHERE) && (!sp_sql_parse_opaque(p, s, "truncate-where") ||
                             !sp_sql_add(s, sp_sql_parse_where(p))))
                return NULL;
        return sp_sql_end(p, s);
}

/* ---- MERGE ---- */

static bool parse_merge_rows(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, MATCHED)) {
                n->op = SP_SQL_MERGE_MATCHED;
                return true;
        }
        if (!need_kw(p, NOT) || !need_kw(p, MATCHED))
                return false;
        n->op = SP_SQL_MERGE_BY_TARGET;
        if (!take_kw(p, BY) || take_kw(p, TARGET))
                return true;
        if (!take_kw(p, SOURCE)) {
                sp_sql_expected(p, "keyword SOURCE or keyword TARGET");
                return false;
        }
        n->op = SP_SQL_MERGE_BY_SOURCE;
        return true;
}

static bool parse_merge_insert(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (sp_sql_is(p, '(') && !sp_sql_add(n, sp_sql_parse_name_list(p)))
                return false;
        if (take_kw(p, ROW))
                return true;
        return need_kw(p, VALUES) && parse_row(p, n);
}

static bool parse_merge_action(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, INSERT)) {
                n->op |= SP_SQL_MERGE_INSERT;
                return parse_merge_insert(p, n);
        }
        if (take_kw(p, UPDATE)) {
                n->op |= SP_SQL_MERGE_UPDATE;
                return parse_set_list(p, n);
        }
        n->op |= SP_SQL_MERGE_DELETE;
        if (take_kw(p, DELETE))
                return true;
        sp_sql_expected(p, "keyword DELETE or keyword INSERT or keyword UPDATE");
        return false;
}

static struct sp_sql_node *parse_merge_when(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_MERGE_WHEN), *where;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!parse_merge_rows(p, n))
                return NULL;
        if (take_kw(p, AND)) {
                where = sp_sql_node_new(p, SP_SQL_N_WHERE);
                if (!where || !sp_sql_add(where, sp_sql_parse_expr(p)))
                        return NULL;
                sp_sql_add(n, sp_sql_end(p, where));
        }
        return need_kw(p, THEN) && parse_merge_action(p, n) ? sp_sql_end(p, n) : NULL;
}

struct sp_sql_node *sp_sql_parse_merge(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = sp_sql_statement_new(p, "Merge", SP_SQL_MERGE,
                                                     sp_sql_here(p)),
                           *from, *on;

        if (!s)
                return NULL;
        sp_sql_advance(p);
        (void)take_kw(p, INTO);
        if (!sp_sql_add(s, parse_target(p, true)) || !need_kw(p, USING))
                return NULL;
        from = sp_sql_node_new(p, SP_SQL_N_FROM);
        if (!from || !sp_sql_add(from, sp_sql_parse_table(p)))
                return NULL;
        sp_sql_add(s, sp_sql_end(p, from));
        on = sp_sql_node_new(p, SP_SQL_N_ON);
        if (!on || !need_kw(p, ON) || !sp_sql_add(on, sp_sql_parse_expr(p)))
                return NULL;
        sp_sql_add(s, sp_sql_end(p, on));
        if (!kw(p, WHEN))
                return sp_sql_expected(p, "keyword WHEN");
        while (kw(p, WHEN))
                if (!sp_sql_add(s, parse_merge_when(p)))
                        return NULL;
        return sp_sql_end(p, s);
}
