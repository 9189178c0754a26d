/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT and its clauses. */
#include "daemon/sql/parser.h"

/* EXCEPT (a, b) and REPLACE (e AS a, …) behind a star. */
static bool parse_star_modifiers(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (kw(p, EXCEPT) && sp_sql_is_at(p, 1, '(')) {
                sp_sql_advance(p);
                if (!sp_sql_add(n, sp_sql_parse_name_list(p)))
                        return false;
        } else if (kw(p, EXCEPT) && !kw_at(p, 1, ALL) && !kw_at(p, 1, DISTINCT) &&
                   !sp_sql_is_at(p, 1, '@')) {
                sp_sql_fail(p, sp_sql_here(p),
                            "EXCEPT must be followed by ALL, DISTINCT, or \"(\"");
                return false;
        }
        if (!kw(p, REPLACE) || !sp_sql_is_at(p, 1, '('))
                return true;
        sp_sql_advance(p);
        sp_sql_advance(p);
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM), *name;

                if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) || !need_kw(p, AS))
                        return false;
                name = sp_sql_parse_name(p);
                if (!sp_sql_add(item, name))
                        return false;
                sp_sql_add(n, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static struct sp_sql_node *parse_star(struct sp_sql_parser *p, struct sp_sql_node *of)
{
        struct sp_sql_node *n =
                sp_sql_node_new(p, of ? SP_SQL_N_DOT_STAR : SP_SQL_N_STAR);

        if (!n)
                return NULL;
        if (of) {
                n->span.start = of->span.start;
                sp_sql_add(n, of);
                sp_sql_advance(p); /* the dot */
        }
        sp_sql_advance(p);
        return parse_star_modifiers(p, n) ? sp_sql_end(p, n) : NULL;
}

struct sp_sql_node *sp_sql_parse_item(struct sp_sql_parser *p)
{
        struct sp_sql_node *item, *e;

        if (sp_sql_is(p, '*'))
                return parse_star(p, NULL);
        item = sp_sql_node_new(p, SP_SQL_N_ITEM);
        if (!item)
                return NULL;
        p->item = p->at;
        e = sp_sql_parse_expr(p);
        if (!e)
                return NULL;
        if (sp_sql_is(p, '.') && sp_sql_is_at(p, 1, '*'))
                return parse_star(p, e);
        sp_sql_add(item, e);
        return sp_sql_parse_alias(p, item) ? sp_sql_end(p, item) : NULL;
}

/* Nothing that could begin an item: the list is over. */
static bool ends_list(const struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->type) {
        case SP_SQL_T_END:
        case ')':
        case ';':
        case SP_SQL_T_PIPE:
                return true;
        default:
                return kw(p, FROM) || kw(p, WHERE) || kw(p, GROUP) || kw(p, HAVING) ||
                       kw(p, QUALIFY) || kw(p, WINDOW) || kw(p, ORDER) ||
                       kw(p, LIMIT) || sp_sql_is_set_operation(p);
        }
}

bool sp_sql_parse_select_list(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (kw(p, FROM)) {
                sp_sql_fail(p, sp_sql_here(p), "SELECT list must not be empty");
                return false;
        }
        do
                if (!sp_sql_add(to, sp_sql_parse_item(p)))
                        return false;
        while (sp_sql_take(p, ',') && !ends_list(p));
        return true;
}

struct sp_sql_node *sp_sql_parse_where(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_WHERE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        return sp_sql_add(n, sp_sql_parse_expr(p)) ? sp_sql_end(p, n) : NULL;
}

static bool parse_group_set(struct sp_sql_parser *p, struct sp_sql_node *to);

/* ROLLUP (…), CUBE (…), GROUPING SETS (…), (), or an expression */
bool sp_sql_parse_group_item(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (kw(p, ROLLUP) || kw(p, CUBE)) {
                sp_sql_advance(p);
                return parse_group_set(p, to);
        }
        if (kw(p, GROUPING) && kw_at(p, 1, SETS)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                return parse_group_set(p, to);
        }
        if (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')')) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                return true;
        }
        return sp_sql_add(to, sp_sql_parse_expr(p));
}

static bool parse_group_set(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool ok = sp_sql_enter(p) && sp_sql_need(p, '(');

        while (ok) {
                ok = sp_sql_parse_group_item(p, to);
                if (!ok || !sp_sql_take(p, ','))
                        break;
        }
        ok = ok && sp_sql_need(p, ')');
        sp_sql_leave(p);
        return ok;
}

bool sp_sql_parse_group(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_GROUP);

        if (!n)
                return false;
        if (!take_kw(p, ALL)) {
                do
                        if (!sp_sql_parse_group_item(p, n))
                                return false;
                while (sp_sql_take(p, ','));
        }
        return sp_sql_add(to, sp_sql_end(p, n));
}

bool sp_sql_parse_windows(struct sp_sql_parser *p, struct sp_sql_node *to, bool is_pipe)
{
        do {
                if (!sp_sql_add(to, sp_sql_parse_name(p)) || !need_kw(p, AS) ||
                    !sp_sql_add(to, sp_sql_parse_window(p)))
                        return false;
        } while (sp_sql_take(p, ',') && !(is_pipe && ends_list(p)));
        return true;
}

static bool parse_clause(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!n)
                return false;
        sp_sql_advance(p);
        return sp_sql_add(n, sp_sql_parse_expr(p)) && sp_sql_add(to, sp_sql_end(p, n));
}

/* WITH DIFFERENTIAL_PRIVACY [OPTIONS (…)], and the like */
bool sp_sql_parse_select_with(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!kw(p, WITH) || sp_sql_is_at(p, 1, '('))
                return true;
        sp_sql_advance(p);
        if (!sp_sql_parse_name(p))
                return false;
        if (kw(p, OPTIONS) && sp_sql_is_at(p, 1, '('))
                return sp_sql_parse_options(p, n);
        return true;
}

bool sp_sql_parse_select_head(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *path, *type;

        if (!sp_sql_parse_hint(p, n) || !sp_sql_parse_select_with(p, n))
                return false;
        if (take_kw(p, DISTINCT))
                n->flags |= SP_SQL_F_DISTINCT;
        else
                (void)take_kw(p, ALL);
        if (!take_kw(p, AS))
                return true;
        if (take_kw(p, STRUCT)) {
                n->flags |= SP_SQL_F_AS_STRUCT;
                return true;
        }
        type = sp_sql_node_new(p, SP_SQL_N_TYPE);
        path = sp_sql_parse_path(p);
        if (!type || !path)
                return false;
        if (path->first == path->last && !(path->first->flags & SP_SQL_F_QUOTED) &&
            sp_str_caseeq(path->first->text, SP_STR("VALUE"))) {
                n->flags |= SP_SQL_F_AS_VALUE;
                return true;
        }
        type->text =
                sp_str(p->text.p + path->span.start, path->span.end - path->span.start);
        return sp_sql_add(n, sp_sql_end(p, type));
}

struct sp_sql_node *sp_sql_parse_select(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_SELECT);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_select_head(p, n) || !sp_sql_parse_select_list(p, n))
                return NULL;
        if (take_kw(p, FROM) && !sp_sql_add(n, sp_sql_parse_from(p)))
                return NULL;
        if (kw(p, WHERE) && !sp_sql_add(n, sp_sql_parse_where(p)))
                return NULL;
        if (take_kw(p, GROUP) &&
            (!sp_sql_parse_hint(p, n) || !need_kw(p, BY) || !sp_sql_parse_group(p, n)))
                return NULL;
        if (kw(p, HAVING) && !parse_clause(p, n))
                return NULL;
        if (kw(p, QUALIFY) && !parse_clause(p, n))
                return NULL;
        if (take_kw(p, WINDOW) && !sp_sql_parse_windows(p, n, false))
                return NULL;
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_limit(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_LIMIT);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_hint(p, n))
                return NULL;
        if (!take_kw(p, ALL) && !sp_sql_add(n, sp_sql_parse_higher(p)))
                return NULL;
        if (take_kw(p, OFFSET) && !sp_sql_add(n, sp_sql_parse_higher(p)))
                return NULL;
        return sp_sql_end(p, n);
}
