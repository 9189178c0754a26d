/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* Words that begin a clause of an aggregate where there is no argument. */
static bool is_call_clause(const struct sp_sql_parser *p)
{
        return kw(p, ORDER) || kw(p, LIMIT) || kw(p, HAVING) || kw(p, WHERE) ||
               kw(p, GROUP) || kw(p, IGNORE) || kw(p, RESPECT) ||
               (kw(p, WITH) && kw_at(p, 1, REPORT));
}

/* The expression behind HAVING, HAVING MAX, HAVING MIN: no argument. */
static bool parse_having(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!n)
                return false;
        n->op = SP_KW_HAVING;
        return sp_sql_add(n, sp_sql_parse_expr(p)) && sp_sql_add(to, sp_sql_end(p, n));
}

static bool parse_having_extreme(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        sp_sql_advance(p);
        if (!take_kw(p, MAX) && !take_kw(p, MIN)) {
                sp_sql_expected(p, "keyword MAX or keyword MIN");
                return false;
        }
        return parse_having(p, n);
}

static bool parse_report(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!kw(p, WITH))
                return true;
        sp_sql_advance(p);
        if (!need_kw(p, REPORT))
                return false;
        return !sp_sql_is(p, '(') || sp_sql_parse_option_list(p, n);
}

/* BY items [HAVING e], behind GROUP */
static bool parse_call_group(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *g = sp_sql_node_new(p, SP_SQL_N_GROUP);

        if (!g || !sp_sql_parse_hint(p, g) || !need_kw(p, BY))
                return false;
        do
                if (!sp_sql_parse_group_item(p, g))
                        return false;
        while (sp_sql_take(p, ','));
        sp_sql_add(n, sp_sql_end(p, g));
        return !take_kw(p, HAVING) || parse_having(p, n);
}

/* The clauses behind the arguments, in their order. */
static bool parse_call_clauses(struct sp_sql_parser *p, struct sp_sql_node *n,
                               bool has_arguments)
{
        if ((take_kw(p, IGNORE) || take_kw(p, RESPECT)) && !need_kw(p, NULLS))
                return false;
        if (kw(p, WHERE) && !sp_sql_add(n, sp_sql_parse_where(p)))
                return false;
        if (kw(p, HAVING) && !parse_having_extreme(p, n))
                return false;
        if (take_kw(p, GROUP) && !parse_call_group(p, n))
                return false;
        if (has_arguments && take_kw(p, CLAMPED)) {
                if (!need_kw(p, BETWEEN) || !sp_sql_add(n, sp_sql_parse_higher(p)) ||
                    !need_kw(p, AND) || !sp_sql_add(n, sp_sql_parse_expr(p)))
                        return false;
        }
        if (!parse_report(p, n))
                return false;
        if (kw(p, ORDER) && !sp_sql_add(n, sp_sql_parse_order(p)))
                return false;
        return !kw(p, LIMIT) || sp_sql_add(n, sp_sql_parse_limit(p));
}

/* COUNT(*): a star is the first argument or none */
static bool parse_star_argument(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *star = sp_sql_node_new(p, SP_SQL_N_STAR);

        if (!star)
                return false;
        sp_sql_advance(p);
        return sp_sql_add(n, sp_sql_end(p, star));
}

static bool parse_arguments(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        bool has_arguments;

        if (take_kw(p, DISTINCT))
                n->flags |= SP_SQL_F_DISTINCT;
        has_arguments = !sp_sql_is(p, ')') && !is_call_clause(p);
        if (has_arguments) {
                bool has_star = sp_sql_is(p, '*');

                if (has_star && !parse_star_argument(p, n))
                        return false;
                while (!has_star || sp_sql_take(p, ',')) {
                        has_star = true;
                        if (!sp_sql_add(n, sp_sql_parse_argument(p)))
                                return false;
                }
        }
        return parse_call_clauses(p, n, has_arguments);
}

static bool parse_table_arguments(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (sp_sql_is(p, ')'))
                return true;
        do
                if (!sp_sql_add(n, sp_sql_parse_table_argument(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return true;
}

/* The path and what is in the parentheses; the cursor at `(`. */
static struct sp_sql_node *
parse_plain_call(struct sp_sql_parser *p, struct sp_sql_node *path,
                 bool (*arguments)(struct sp_sql_parser *, struct sp_sql_node *))
{
        struct sp_sql_node *n =
                path ? sp_sql_node_at(p, SP_SQL_N_CALL, path->span.start) : NULL;
        bool ok;

        if (!n)
                return NULL;
        sp_sql_add(n, path);
        ok = sp_sql_enter(p) && sp_sql_need(p, '(') && arguments(p, n) &&
             sp_sql_need(p, ')');
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

struct sp_sql_node *sp_sql_parse_table_call(struct sp_sql_parser *p,
                                            struct sp_sql_node *path)
{
        struct sp_sql_node *n = parse_plain_call(p, path, parse_table_arguments);

        if (!n || !sp_sql_parse_hint(p, n))
                return NULL;
        if (kw(p, OVER))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "OVER keyword must follow a function call");
        return sp_sql_end(p, n);
}

bool sp_sql_is_word_path(const struct sp_sql_node *path, struct sp_str name)
{
        return path->first && path->first == path->last &&
               !(path->first->flags & SP_SQL_F_QUOTED) &&
               sp_str_caseeq(path->first->text, name);
}

/* , value AS a.b.(c.d): the field that is replaced; one name is its alias in the tree */
static bool parse_replacement(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *item;

        if (!sp_sql_need(p, ','))
                return false;
        item = sp_sql_node_new(p, SP_SQL_N_ITEM);
        if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)))
                return false;
        if (!kw(p, AS)) {
                sp_sql_expected(p, "keyword AS");
                return false;
        }
        if (!sp_sql_is_at(p, 1, '(') && !sp_sql_is_at(p, 2, '.'))
                return sp_sql_parse_alias(p, item) &&
                       sp_sql_add(to, sp_sql_end(p, item));
        sp_sql_advance(p);
        return sp_sql_parse_field_path(p) && sp_sql_add(to, sp_sql_end(p, item));
}

static bool parse_replacements(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        bool ok = sp_sql_add(n, sp_sql_parse_expr(p));

        do
                ok = ok && parse_replacement(p, n);
        while (ok && sp_sql_is(p, ','));
        return ok;
}

struct sp_sql_node *sp_sql_parse_replace_fields(struct sp_sql_parser *p,
                                                struct sp_sql_node *path)
{
        return parse_plain_call(p, path, parse_replacements);
}

struct sp_sql_node *sp_sql_parse_call(struct sp_sql_parser *p, struct sp_sql_node *path)
{
        struct sp_sql_node *n = parse_plain_call(p, path, parse_arguments);

        if (!n || !sp_sql_parse_hint(p, n))
                return NULL;
        if (sp_sql_is(p, '('))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "Double function call parentheses");
        if (sp_sql_is(p, '{')) { /* UPDATE(proto) { field: value } */
                if (!sp_sql_is_word_path(path, SP_STR("UPDATE")))
                        return sp_sql_fail(p, sp_sql_here(p),
                                           "Unexpected braced constructor");
                if (!sp_sql_parse_opaque(p, n, "proto") ||
                    !sp_sql_add(n, sp_sql_parse_braced(p)))
                        return NULL;
                return sp_sql_end(p, n);
        }
        if (kw(p, OVER)) {
                sp_sql_advance(p);
                n->flags |= SP_SQL_F_OVER;
                if (!sp_sql_add(n, sp_sql_parse_window(p)))
                        return NULL;
        }
        return sp_sql_end(p, n);
}

/* ---- windows and ordering ---- */

static bool parse_bound(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, CURRENT))
                return need_kw(p, ROW);
        if (!take_kw(p, UNBOUNDED) && !sp_sql_add(n, sp_sql_parse_higher(p)))
                return false;
        if (take_kw(p, PRECEDING) || take_kw(p, FOLLOWING))
                return true;
        sp_sql_expected(p, "keyword FOLLOWING or keyword PRECEDING");
        return false;
}

static bool parse_frame(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!take_kw(p, ROWS) && !take_kw(p, RANGE))
                return true;
        if (take_kw(p, BETWEEN))
                return parse_bound(p, n) && need_kw(p, AND) && parse_bound(p, n);
        return parse_bound(p, n);
}

struct sp_sql_node *sp_sql_parse_window(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_WINDOW);

        if (!n)
                return NULL;
        if (!sp_sql_take(p, '('))
                return sp_sql_add(n, sp_sql_parse_name(p)) ? sp_sql_end(p, n) : NULL;
        if (sp_sql_is_name(p) && !sp_sql_add(n, sp_sql_parse_name(p)))
                return NULL;
        if (take_kw(p, PARTITION) && (!sp_sql_parse_hint(p, n) || !need_kw(p, BY) ||
                                      !sp_sql_parse_expr_list(p, n)))
                return NULL;
        if (kw(p, ORDER) && !sp_sql_add(n, sp_sql_parse_order(p)))
                return NULL;
        return parse_frame(p, n) && sp_sql_need(p, ')') ? sp_sql_end(p, n) : NULL;
}

static bool parse_order_item(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_add(to, sp_sql_parse_expr(p)))
                return false;
        return sp_sql_parse_collation(p, to) && sp_sql_parse_null_order(p);
}

static struct sp_sql_node *parse_order(struct sp_sql_parser *p, bool is_pipe)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_ORDER);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_hint(p, n) || !need_kw(p, BY))
                return NULL;
        do {
                /* a pipe may end in a comma */
                if (is_pipe && n->first &&
                    (sp_sql_is(p, SP_SQL_T_PIPE) || sp_sql_is(p, ')') ||
                     sp_sql_is(p, ';') || sp_sql_is(p, SP_SQL_T_END)))
                        break;
                if (!parse_order_item(p, n))
                        return NULL;
        } while (sp_sql_take(p, ','));
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_order(struct sp_sql_parser *p)
{
        return parse_order(p, false);
}

struct sp_sql_node *sp_sql_parse_pipe_order(struct sp_sql_parser *p)
{
        return parse_order(p, true);
}

/* ---- what may follow an operand ---- */

static struct sp_sql_node *parse_member(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_FIELD), *path;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (sp_sql_is(p, '(')) { /* x.(a.b) or x.(f.g)(…) */
                sp_sql_advance(p);
                path = sp_sql_parse_whole_path(p);
                if (!path || !sp_sql_need(p, ')'))
                        return NULL;
                if (sp_sql_is(p, '('))
                        return sp_sql_parse_call(p, path);
                return sp_sql_add(n, path) ? sp_sql_end(p, n) : NULL;
        }
        path = sp_sql_node_new(p, SP_SQL_N_PATH);
        if (!path)
                return NULL;
        if (!sp_sql_is(p, SP_SQL_T_WORD) && !sp_sql_is(p, SP_SQL_T_QUOTED))
                return sp_sql_unexpected(p);
        if (sp_sql_decode(p->arena, p->text, sp_sql_token_at(p, 0), &n->text) < 0)
                return sp_sql_no_memory(p);
        sp_sql_advance(p);
        if (!sp_sql_is(p, '('))
                return sp_sql_end(p, n);
        n->kind = SP_SQL_N_NAME; /* operand.f(…) */
        n->span.start = path->span.start;
        sp_sql_add(path, sp_sql_end(p, n));
        return sp_sql_parse_call(p, sp_sql_end(p, path));
}

static struct sp_sql_node *parse_index(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_INDEX);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_add(n, sp_sql_parse_expr(p)) || !sp_sql_need(p, ']'))
                return NULL;
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_postfix(struct sp_sql_parser *p)
{
        bool may_be_star = p->at == p->item;

        return sp_sql_parse_postfix_of(p, sp_sql_parse_primary(p), may_be_star);
}

struct sp_sql_node *sp_sql_parse_postfix_of(struct sp_sql_parser *p,
                                            struct sp_sql_node *operand,
                                            bool may_be_star)
{
        struct sp_sql_node *n = NULL, *item;

        if (!operand)
                return NULL;
        while (!may_be_star || !sp_sql_is(p, '.') || !sp_sql_is_at(p, 1, '*')) {
                if (sp_sql_is(p, '[')) {
                        item = parse_index(p);
                } else if (sp_sql_is(p, '.')) {
                        item = parse_member(p);
                        if (item && item->kind == SP_SQL_N_CALL && !n &&
                            (operand->kind == SP_SQL_N_INT ||
                             operand->kind == SP_SQL_N_FLOAT))
                                return sp_sql_fail(p, item->first->span.end,
                                                   "Unexpected \"(\"");
                } else if (sp_sql_is(p, '(') && operand->kind != SP_SQL_N_SUBQUERY) {
                        return sp_sql_fail(
                                p, sp_sql_here(p),
                                "Function call cannot be applied to this expression. "
                                "Function calls require a path, e.g. a.b.c()");
                } else if (kw(p, OVER)) {
                        return sp_sql_fail(p, sp_sql_here(p),
                                           "OVER keyword must follow a function call");
                } else {
                        break;
                }
                if (!item)
                        return NULL;
                if (!n) {
                        n = sp_sql_node_at(p, SP_SQL_N_POSTFIX, operand->span.start);
                        if (!n)
                                return NULL;
                        sp_sql_add(n, operand);
                }
                sp_sql_add(n, item);
                sp_sql_end(p, n);
        }
        return n ? n : operand;
}

struct sp_sql_node *sp_sql_parse_unnest(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_UNNEST), *item;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_need(p, '('))
                return NULL;
        do {
                if (kw(p, SELECT))
                        return sp_sql_fail(
                                p, sp_sql_here(p),
                                "The argument to UNNEST is an expression, not a "
                                "query; to use a query as an expression, the query "
                                "must be wrapped with additional parentheses to make "
                                "it a scalar subquery expression");
                item = sp_sql_node_new(p, SP_SQL_N_ITEM);
                if (!item)
                        return NULL;
                if (sp_sql_is_name(p) && sp_sql_is_at(p, 1, SP_SQL_T_FAT_ARROW)) {
                        item->kind = SP_SQL_N_NAMED; /* mode => … */
                        sp_sql_advance(p);
                        sp_sql_advance(p);
                }
                if (!sp_sql_add(item, sp_sql_parse_expr(p)) ||
                    (kw(p, AS) && !sp_sql_parse_alias(p, item)))
                        return NULL;
                sp_sql_add(n, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')') ? sp_sql_end(p, n) : NULL;
}
