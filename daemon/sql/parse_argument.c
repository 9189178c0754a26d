/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of calls: lambdas, named ones, tables and other objects. */
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
                return sp_sql_fail(p, head->span.start,
                                   "Expecting lambda argument list");
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

        return (kw(p, TABLE) || kw(p, MODEL) || kw(p, CONNECTION) || kw(p, SEQUENCE) ||
                kw(p, GRAPH)) &&
               (sp_sql_token_is_name(next) || next->keyword == SP_KW_DEFAULT) &&
               next->keyword != SP_KW_CLAMPED;
}

static struct sp_sql_node *parse_object_argument(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TABLE_ARG), *path;

        if (!n)
                return NULL;
        if (kw(p, GRAPH))
                return sp_sql_parse_graph_argument(p);
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
                path = sp_sql_parse_table_call(p, path);
        }
        if (!sp_sql_add(n, path))
                return NULL;
        if (n->kind == SP_SQL_N_TABLE_CALL && !sp_sql_parse_alias(p, n))
                return NULL;
        /* TABLE t WHERE e: not BigQuery's */
        if (kw(p, WHERE) &&
            (n->kind == SP_SQL_N_TABLE_ARG || n->kind == SP_SQL_N_TABLE_CALL) &&
            (!sp_sql_parse_opaque(p, n, "table-argument-where") ||
             !sp_sql_add(n, sp_sql_parse_where(p))))
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

static bool is_input_table(const struct sp_sql_parser *p)
{
        return kw(p, INPUT) && kw_at(p, 1, TABLE);
}

/* name => value */
static struct sp_sql_node *parse_named(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_NAMED),
                           *name = sp_sql_parse_name(p), *value;

        if (!n || !name)
                return NULL;
        n->text = name->text;
        sp_sql_advance(p);
        if (is_object_argument(p))
                value = parse_object_argument(p);
        else
                value = is_input_table(p) ? parse_input_table(p) : parse_value(p);
        return sp_sql_add(n, value) ? sp_sql_end(p, n) : NULL;
}

/* The likeliest mistakes in the arguments of a table function. */
static bool refuse_table_argument(struct sp_sql_parser *p)
{
        const char *what = NULL, *how = NULL;

        if (kw(p, SELECT) || (kw(p, WITH) && !sp_sql_is_at(p, 1, '('))) {
                what = kw(p, SELECT) ? "SELECT" : "WITH";
                sp_sql_fail(p, sp_sql_here(p),
                            "Each subquery argument for table-valued function calls "
                            "must be enclosed in parentheses. To fix this, replace "
                            "%s... with (%s...)",
                            what, what);
                return true;
        }
        if (!sp_sql_is(p, '('))
                return false;
        if (sp_sql_token_is_name(sp_sql_token_at(p, 2)) &&
            (kw_at(p, 1, MODEL) || kw_at(p, 1, CONNECTION))) {
                what = kw_at(p, 1, MODEL) ? "Model" : "Connection";
                how = kw_at(p, 1, MODEL) ? "MODEL path" : "CONNECTION path";
        } else if (sp_sql_token_is_name(sp_sql_token_at(p, 1)) &&
                   sp_sql_is_at(p, 2, SP_SQL_T_FAT_ARROW)) {
                what = "Named";
                how = "name => value";
        } else {
                return false;
        }
        sp_sql_fail(p, sp_sql_here(p),
                    "%s arguments for table-valued function calls written as \"%s\" "
                    "must not be enclosed in parentheses. To fix this, replace (%s) "
                    "with %s",
                    what, how, how, how);
        return true;
}

/* Of a table function or a procedure. */
struct sp_sql_node *sp_sql_parse_table_argument(struct sp_sql_parser *p)
{
        if (is_object_argument(p))
                return parse_object_argument(p);
        if (kw(p, DESCRIPTOR) && sp_sql_is_at(p, 1, '('))
                return parse_descriptor(p);
        if (is_input_table(p))
                return parse_input_table(p);
        if (refuse_table_argument(p))
                return NULL;
        if (sp_sql_is_name(p) && sp_sql_is_at(p, 1, SP_SQL_T_FAT_ARROW))
                return parse_named(p);
        return sp_sql_parse_expr(p);
}

struct sp_sql_node *sp_sql_parse_argument(struct sp_sql_parser *p)
{
        struct sp_sql_node *n, *value;

        if (is_object_argument(p))
                return parse_object_argument(p);
        if (kw(p, SELECT))
                return sp_sql_fail(
                        p, sp_sql_here(p),
                        "Each function argument is an expression, not a "
                        "query; to use a query as an expression, the query "
                        "must be wrapped with additional parentheses to make "
                        "it a scalar subquery expression");
        if (sp_sql_is_name(p) && sp_sql_is_at(p, 1, SP_SQL_T_FAT_ARROW))
                return parse_named(p);
        value = parse_value(p);
        if (value && kw(p, AS)) {
                n = sp_sql_node_at(p, SP_SQL_N_ITEM, value->span.start);
                if (!n || !sp_sql_add(n, value) || !sp_sql_parse_alias(p, n))
                        return NULL;
                return sp_sql_end(p, n);
        }
        return value;
}
