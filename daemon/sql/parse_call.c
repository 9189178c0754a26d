/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* A lambda's parameters were read as an expression: only names may be in it. */
static bool is_lambda_head(const struct sp_sql_node *n)
{
        if (n->kind == SP_SQL_N_PATH)
                return true;
        if (n->kind != SP_SQL_N_PAREN && n->kind != SP_SQL_N_STRUCT)
                return false;
        for (const struct sp_sql_node *c = n->first; c; c = c->next)
                if (c->kind != SP_SQL_N_PATH || c->first != c->last)
                        return false;
        return true;
}

static struct sp_sql_node *parse_lambda(struct sp_sql_parser *p,
                                        struct sp_sql_node *head)
{
        struct sp_sql_node *n;

        if (!is_lambda_head(head))
                return sp_sql_unexpected(p);
        n = sp_sql_node_at(p, SP_SQL_N_LAMBDA, head->span.start);
        sp_sql_advance(p);
        if (!n || !sp_sql_add(n, head) || !sp_sql_add(n, sp_sql_parse_expr(p)))
                return NULL;
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_value(struct sp_sql_parser *p)
{
        struct sp_sql_node *e;

        /* () -> e has no parameters */
        if (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')') &&
            sp_sql_is_at(p, 2, SP_SQL_T_ARROW)) {
                e = sp_sql_node_new(p, SP_SQL_N_STRUCT);
                sp_sql_advance(p);
                sp_sql_advance(p);
        } else {
                e = sp_sql_parse_expr(p);
        }
        if (e && sp_sql_is(p, SP_SQL_T_ARROW))
                return parse_lambda(p, e);
        return e;
}

/* TABLE t, MODEL m, CONNECTION c: only when a name follows on the same word. */
static bool is_object_argument(const struct sp_sql_parser *p)
{
        const struct sp_sql_token *next = sp_sql_token_at(p, 1);

        return (kw(p, TABLE) || kw(p, MODEL) || kw(p, CONNECTION) || kw(p, SEQUENCE)) &&
               (sp_sql_token_is_name(next) || next->keyword == SP_KW_DEFAULT) &&
               next->keyword != SP_KW_CLAMPED;
}

static struct sp_sql_node *parse_object_argument(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TABLE_ARG), *path;

        if (!n)
                return NULL;
        if (kw(p, MODEL))
                n->kind = SP_SQL_N_MODEL_ARG;
        else if (!kw(p, TABLE))
                n->kind = SP_SQL_N_CLAUSE;
        sp_sql_advance(p);
        if (n->kind == SP_SQL_N_CLAUSE && take_kw(p, DEFAULT))
                return sp_sql_end(p, n);
        path = sp_sql_parse_table_path(p);
        if (!path)
                return NULL;
        if (n->kind == SP_SQL_N_TABLE_ARG && sp_sql_is(p, '(')) {
                /* TABLE f(…): a table function as the argument */
                n->kind = SP_SQL_N_TABLE_CALL;
                path = sp_sql_parse_call(p, path);
        }
        if (!sp_sql_add(n, path))
                return NULL;
        return sp_sql_end(p, n);
}

/* INPUT TABLE: the rows that come down the pipe */
static struct sp_sql_node *parse_input_table(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        sp_sql_advance(p);
        sp_sql_advance(p);
        return n ? sp_sql_end(p, n) : NULL;
}

static struct sp_sql_node *parse_descriptor(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        return sp_sql_add(n, sp_sql_parse_name_list(p)) ? sp_sql_end(p, n) : NULL;
}

static struct sp_sql_node *parse_argument(struct sp_sql_parser *p)
{
        struct sp_sql_node *n, *value;

        if (is_object_argument(p))
                return parse_object_argument(p);
        if (kw(p, DESCRIPTOR) && sp_sql_is_at(p, 1, '('))
                return parse_descriptor(p);
        if (kw(p, INPUT) && kw_at(p, 1, TABLE))
                return parse_input_table(p);
        if (kw(p, SELECT) || kw(p, WITH)) {
                if (!kw(p, WITH) || !sp_sql_is_at(p, 1, '('))
                        return sp_sql_fail(
                                p, sp_sql_here(p),
                                "Each function argument is an expression, not a "
                                "query; to use a query as an expression, the query "
                                "must be wrapped with additional parentheses to make "
                                "it a scalar subquery expression");
        }
        if (sp_sql_is_name(p) && sp_sql_is_at(p, 1, SP_SQL_T_FAT_ARROW)) {
                n = sp_sql_node_new(p, SP_SQL_N_NAMED);
                value = sp_sql_parse_name(p);
                if (!n || !value)
                        return NULL;
                n->text = value->text;
                sp_sql_advance(p);
                if (!sp_sql_add(n, is_object_argument(p) ? parse_object_argument(p)
                                   : kw(p, INPUT) && kw_at(p, 1, TABLE)
                                           ? parse_input_table(p)
                                           : parse_value(p)))
                        return NULL;
                return sp_sql_end(p, n);
        }
        if (sp_sql_is(p, '*')) {
                n = sp_sql_node_new(p, SP_SQL_N_STAR);
                sp_sql_advance(p);
                return n ? sp_sql_end(p, n) : NULL;
        }
        value = parse_value(p);
        if (value && kw(p, AS)) {
                n = sp_sql_node_at(p, SP_SQL_N_ITEM, value->span.start);
                if (!n || !sp_sql_add(n, value) || !sp_sql_parse_alias(p, n))
                        return NULL;
                return sp_sql_end(p, n);
        }
        return value;
}

/* Words that end the arguments and begin a clause of an aggregate. */
static bool is_call_clause(const struct sp_sql_parser *p)
{
        return kw(p, ORDER) || kw(p, LIMIT) || kw(p, HAVING) || kw(p, WHERE) ||
               kw(p, GROUP) ||
               ((kw(p, IGNORE) || kw(p, RESPECT)) && kw_at(p, 1, NULLS)) ||
               (kw(p, CLAMPED) && kw_at(p, 1, BETWEEN)) ||
               (kw(p, WITH) && kw_at(p, 1, REPORT));
}

static bool parse_having_extreme(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        sp_sql_advance(p);
        if (!take_kw(p, MAX) && !take_kw(p, MIN)) {
                sp_sql_expected(p, "keyword MAX or keyword MIN");
                return false;
        }
        return sp_sql_add(n, sp_sql_parse_expr(p));
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

/* The clauses behind the arguments, in their order. */
static bool parse_call_clauses(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (kw(p, CLAMPED) && kw_at(p, 1, BETWEEN)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                if (!sp_sql_add(n, sp_sql_parse_higher(p)) || !need_kw(p, AND) ||
                    !sp_sql_add(n, sp_sql_parse_higher(p)))
                        return false;
        }
        if (!parse_report(p, n))
                return false;
        if ((kw(p, IGNORE) || kw(p, RESPECT)) && kw_at(p, 1, NULLS)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
        }
        if (kw(p, WHERE) && !sp_sql_add(n, sp_sql_parse_where(p)))
                return false;
        if (kw(p, HAVING) && (kw_at(p, 1, MAX) || kw_at(p, 1, MIN)) &&
            !parse_having_extreme(p, n))
                return false;
        if (take_kw(p, GROUP)) {
                struct sp_sql_node *g = sp_sql_node_new(p, SP_SQL_N_GROUP);

                if (!g || !sp_sql_parse_hint(p, g) || !need_kw(p, BY) ||
                    !sp_sql_parse_expr_list(p, g) || !sp_sql_add(n, sp_sql_end(p, g)))
                        return false;
                if (take_kw(p, HAVING) && !sp_sql_add(n, sp_sql_parse_expr(p)))
                        return false;
        }
        if (kw(p, ORDER) && !sp_sql_add(n, sp_sql_parse_order(p)))
                return false;
        return !kw(p, LIMIT) || sp_sql_add(n, sp_sql_parse_limit(p));
}

static bool parse_arguments(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_need(p, '('))
                return false;
        if (take_kw(p, DISTINCT))
                n->flags |= SP_SQL_F_DISTINCT;
        if (!sp_sql_is(p, ')') && !is_call_clause(p)) {
                do
                        if (!sp_sql_add(n, parse_argument(p)))
                                return false;
                while (sp_sql_take(p, ','));
        }
        return parse_call_clauses(p, n) && sp_sql_need(p, ')');
}

struct sp_sql_node *sp_sql_parse_call(struct sp_sql_parser *p, struct sp_sql_node *path)
{
        struct sp_sql_node *n;
        bool ok;

        if (!path)
                return NULL;
        n = sp_sql_node_at(p, SP_SQL_N_CALL, path->span.start);
        if (!n)
                return NULL;
        sp_sql_add(n, path);
        ok = sp_sql_enter(p) && parse_arguments(p, n) && sp_sql_parse_hint(p, n);
        sp_sql_leave(p);
        if (!ok)
                return NULL;
        if (sp_sql_is(p, '('))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "Double function call parentheses");
        if (kw(p, WITH) && kw_at(p, 1, REPORT) && !parse_report(p, n))
                return NULL;
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
        if (take_kw(p, COLLATE)) {
                if (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, '@') &&
                    !sp_sql_is(p, '?') && !sp_sql_is(p, SP_SQL_T_SYSTEM)) {
                        sp_sql_expected(p, "\"@\" or \"@@\" or string literal");
                        return false;
                }
                if (!sp_sql_add(to, sp_sql_parse_primary(p)))
                        return false;
        }
        if (!take_kw(p, ASC))
                (void)take_kw(p, DESC);
        if (!take_kw(p, NULLS))
                return true;
        if (take_kw(p, FIRST) || take_kw(p, LAST))
                return true;
        sp_sql_expected(p, "keyword FIRST or keyword LAST");
        return false;
}

struct sp_sql_node *sp_sql_parse_order(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_ORDER);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_hint(p, n) || !need_kw(p, BY))
                return NULL;
        do {
                /* a trailing comma is allowed in a pipe; its caller looks at what
                 * follows */
                if (n->first && (sp_sql_is(p, SP_SQL_T_PIPE) || sp_sql_is(p, ')') ||
                                 sp_sql_is(p, ';') || sp_sql_is(p, SP_SQL_T_END)))
                        return sp_sql_unexpected(p);
                if (!parse_order_item(p, n))
                        return NULL;
        } while (sp_sql_take(p, ','));
        return sp_sql_end(p, n);
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
                path = sp_sql_parse_path(p);
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
        struct sp_sql_node *operand = sp_sql_parse_primary(p), *n = NULL, *item;

        if (!operand)
                return NULL;
        for (;;) {
                if (sp_sql_is(p, '[')) {
                        item = parse_index(p);
                } else if (sp_sql_is(p, '.') && !sp_sql_is_at(p, 1, '*')) {
                        item = parse_member(p);
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
