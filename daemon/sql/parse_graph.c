/* SPDX-License-Identifier: Apache-2.0 */
/* Graph queries: GRAPH g MATCH … RETURN …, GRAPH_TABLE ( … ), subqueries in braces. The
 * gate cannot tell what a graph's rows are made of, so each is opaque as "graph". */
#include "daemon/sql/parser.h"

static struct sp_sql_node *parse_body(struct sp_sql_parser *p,
                                      struct sp_sql_node *graph, bool is_open);

/* GRAPH, with the name of the graph read; both optional in a subquery. */
static struct sp_sql_node *graph_new(struct sp_sql_parser *p, bool has_name)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_GRAPH);

        if (!n || !sp_sql_parse_opaque(p, n, "graph"))
                return NULL;
        if (has_name && !sp_sql_add(n, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                return NULL;
        return n;
}

/* A clause for the keyword under the cursor, which is taken. */
static struct sp_sql_node *clause_new(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!n)
                return NULL;
        n->op = sp_sql_token_at(p, 0)->keyword;
        sp_sql_advance(p);
        return n;
}

/* ---- linear statements ---- */

static bool parse_let(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do
                if (!sp_sql_parse_name(p) || !sp_sql_need(p, '=') ||
                    !sp_sql_add(n, sp_sql_parse_expr(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return true;
}

static bool parse_filter(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (kw(p, WHERE))
                return sp_sql_add(n, sp_sql_parse_where(p));
        return sp_sql_add(n, sp_sql_parse_expr(p));
}

/* name IN array [WITH OFFSET [AS name]] */
static bool parse_for(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_parse_name(p) || !need_kw(p, IN) ||
            !sp_sql_add(n, sp_sql_parse_expr(p)))
                return false;
        if (!take_kw(p, WITH))
                return true;
        return need_kw(p, OFFSET) && (!take_kw(p, AS) || sp_sql_parse_name(p));
}

static bool parse_order_item(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_add(to, sp_sql_parse_expr(p)))
                return false;
        if (take_kw(p, COLLATE) && !sp_sql_add(to, sp_sql_parse_primary(p)))
                return false;
        if (!take_kw(p, ASC) && !take_kw(p, DESC) && !take_kw(p, ASCENDING))
                (void)take_kw(p, DESCENDING);
        if (!take_kw(p, NULLS) || take_kw(p, FIRST) || take_kw(p, LAST))
                return true;
        sp_sql_expected(p, "keyword FIRST or keyword LAST");
        return false;
}

/* ORDER [hint] BY e [ASCENDING | DESCENDING] …; SQL has the short words only */
static bool parse_order(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_parse_hint(p, n) || !need_kw(p, BY))
                return false;
        do
                if (!parse_order_item(p, n))
                        return false;
        while (sp_sql_take(p, ','));
        return true;
}

/* TABLESAMPLE method ( … ) [WITH WEIGHT [AS name]] [REPEATABLE ( … )]. As in SQL, but a
 * name without AS would be the next statement's first word. */
static bool parse_sample(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_parse_name(p) || !sp_sql_need(p, '(') ||
            !sp_sql_add(n, sp_sql_parse_higher(p)))
                return false;
        if (!take_kw(p, PERCENT) && !take_kw(p, ROWS)) {
                sp_sql_expected(p, "keyword PERCENT or keyword ROWS");
                return false;
        }
        if (take_kw(p, PARTITION) && (!need_kw(p, BY) || !sp_sql_parse_expr_list(p, n)))
                return false;
        if (!sp_sql_need(p, ')'))
                return false;
        if (kw(p, WITH) && kw_at(p, 1, WEIGHT)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                if (take_kw(p, AS) && !sp_sql_parse_name(p))
                        return false;
        }
        return !take_kw(p, REPEATABLE) ||
               (sp_sql_need(p, '(') && sp_sql_add(n, sp_sql_parse_higher(p)) &&
                sp_sql_need(p, ')'));
}

/* ( name, … ) or nothing between the parentheses */
static bool parse_captures(struct sp_sql_parser *p)
{
        if (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')')) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                return true;
        }
        return sp_sql_parse_name_list(p) != NULL;
}

/* { [GRAPH name] body } */
static struct sp_sql_node *parse_braces(struct sp_sql_parser *p, bool is_open)
{
        struct sp_sql_node *graph = NULL;
        bool ok = sp_sql_enter(p) && sp_sql_need(p, '{');

        if (ok) {
                bool has_name = take_kw(p, GRAPH);

                graph = graph_new(p, has_name);
                graph = graph ? parse_body(p, graph, is_open) : NULL;
        }
        if (graph && !sp_sql_take(p, '}'))
                graph = sp_sql_expected(p, "\"}\" or keyword NEXT");
        sp_sql_leave(p);
        return graph;
}

/* [PER ( name, … )] function ( … ) [YIELD name [AS name], …] */
static bool parse_called_function(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *table, *path;

        if (kw(p, PER) && sp_sql_is_at(p, 1, '(')) {
                sp_sql_advance(p);
                if (!parse_captures(p))
                        return false;
        }
        table = sp_sql_node_new(p, SP_SQL_N_TABLE_CALL);
        path = sp_sql_parse_table_path(p);
        if (!table || !path)
                return false;
        if (!sp_sql_is(p, '(')) {
                sp_sql_expected(p, "\"(\"");
                return false;
        }
        if (!sp_sql_add(table, sp_sql_parse_call(p, path)))
                return false;
        sp_sql_add(n, sp_sql_end(p, table));
        if (!take_kw(p, YIELD))
                return true;
        do
                if (!sp_sql_parse_name(p) || (take_kw(p, AS) && !sp_sql_parse_name(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return true;
}

static bool parse_call(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_is(p, '(') && !sp_sql_is(p, '{'))
                return parse_called_function(p, n);
        if (sp_sql_is(p, '(') && !parse_captures(p))
                return false;
        return sp_sql_add(n, parse_braces(p, false));
}

/* *, or expression [AS name]; RETURN takes no `a.*` and no name without AS */
static bool parse_items(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                if (!item)
                        return false;
                if (sp_sql_take(p, '*')) {
                        item->kind = SP_SQL_N_STAR;
                } else if (!sp_sql_add(item, sp_sql_parse_expr(p)) ||
                           (kw(p, AS) && !sp_sql_parse_alias(p, item))) {
                        return false;
                }
                if (sp_sql_is(p, '.')) {
                        sp_sql_advance(p);
                        sp_sql_unexpected(p);
                        return false;
                }
                sp_sql_add(to, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return true;
}

static bool parse_group(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!take_kw(p, GROUP))
                return true;
        return sp_sql_parse_hint(p, to) && need_kw(p, BY) && sp_sql_parse_group(p, to);
}

/* Nothing, or ALL or DISTINCT. */
static void take_quantifier(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, DISTINCT))
                n->flags |= SP_SQL_F_DISTINCT;
        else
                (void)take_kw(p, ALL);
}

static bool parse_with(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        take_quantifier(p, n);
        return sp_sql_parse_hint(p, n) && parse_items(p, n) && parse_group(p, n);
}

/* [OFFSET | SKIP count] [LIMIT count], in this order */
static bool parse_page(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if ((take_kw(p, OFFSET) || take_kw(p, SKIP)) &&
            !sp_sql_add(n, sp_sql_parse_higher(p)))
                return false;
        return !take_kw(p, LIMIT) || sp_sql_add(n, sp_sql_parse_higher(p));
}

static bool parse_return(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (!sp_sql_parse_hint(p, n))
                return false;
        take_quantifier(p, n);
        if (!parse_items(p, n) || !parse_group(p, n))
                return false;
        if (take_kw(p, ORDER) && !parse_order(p, n))
                return false;
        return parse_page(p, n);
}

/* One statement of those before RETURN; false without an error: none is here. */
static bool parse_linear_statement(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;
        bool ok;

        if (kw(p, OPTIONAL) && (kw_at(p, 1, MATCH) || kw_at(p, 1, CALL)))
                sp_sql_advance(p);
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_MATCH:
        case SP_KW_LET:
        case SP_KW_FILTER:
        case SP_KW_FOR:
        case SP_KW_ORDER:
        case SP_KW_LIMIT:
        case SP_KW_OFFSET:
        case SP_KW_SKIP:
        case SP_KW_WITH:
        case SP_KW_TABLESAMPLE:
        case SP_KW_CALL:
                break;
        default:
                return false;
        }
        n = clause_new(p);
        if (!n)
                return false;
        switch (n->op) {
        case SP_KW_MATCH:
                ok = sp_sql_parse_graph_pattern(p, n);
                break;
        case SP_KW_LET:
                ok = parse_let(p, n);
                break;
        case SP_KW_FILTER:
                ok = parse_filter(p, n);
                break;
        case SP_KW_FOR:
                ok = parse_for(p, n);
                break;
        case SP_KW_ORDER:
                ok = parse_order(p, n);
                break;
        case SP_KW_WITH:
                ok = parse_with(p, n);
                break;
        case SP_KW_TABLESAMPLE:
                ok = parse_sample(p, n);
                break;
        case SP_KW_CALL:
                ok = parse_call(p, n);
                break;
        default: /* LIMIT, OFFSET, SKIP */
                ok = sp_sql_add(n, sp_sql_parse_higher(p));
        }
        return ok && sp_sql_add(to, sp_sql_end(p, n));
}

/* ---- bodies ---- */

/* INSERT path, …: BigQuery has no such statement */
static bool parse_insert(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = clause_new(p);

        return n && sp_sql_parse_opaque(p, n, "graph-insert") &&
               sp_sql_parse_graph_pattern(p, n) && sp_sql_add(to, sp_sql_end(p, n));
}

/* Statements up to RETURN, which INSERT needs none of. *is_open: they may end without it,
 * and whether they did. */
static bool parse_linear(struct sp_sql_parser *p, struct sp_sql_node *to, bool *is_open)
{
        struct sp_sql_node *n;
        bool has_any = false;

        while (parse_linear_statement(p, to))
                has_any = true;
        if (p->code)
                return false;
        if (*is_open && has_any && sp_sql_is(p, '}'))
                return true;
        *is_open = false;
        if (kw(p, INSERT)) {
                if (!parse_insert(p, to))
                        return false;
                if (!kw(p, RETURN))
                        return true;
        }
        if (!kw(p, RETURN)) {
                sp_sql_expected(p, "keyword INSERT or keyword RETURN");
                return false;
        }
        n = clause_new(p);
        return n && parse_return(p, n) && sp_sql_add(to, sp_sql_end(p, n));
}

/* [FULL | LEFT] [OUTER], INNER, then the operation and ALL or DISTINCT, which must be */
static bool parse_set_operator(struct sp_sql_parser *p)
{
        if (!take_kw(p, INNER)) {
                if (!take_kw(p, FULL))
                        (void)take_kw(p, LEFT);
                (void)take_kw(p, OUTER);
        }
        if (!take_kw(p, UNION) && !take_kw(p, INTERSECT) && !take_kw(p, EXCEPT)) {
                sp_sql_unexpected(p);
                return false;
        }
        if (take_kw(p, ALL) || take_kw(p, DISTINCT))
                return true;
        sp_sql_expected(p, "keyword ALL or keyword DISTINCT");
        return false;
}

/* query [set operation query]… [NEXT query …]…; an EXISTS may hold a pattern alone, or
 * statements without RETURN (`is_open`). */
static struct sp_sql_node *parse_body(struct sp_sql_parser *p,
                                      struct sp_sql_node *graph, bool is_open)
{
        if (is_open && sp_sql_starts_graph_path(p))
                return sp_sql_parse_graph_pattern(p, graph) ? sp_sql_end(p, graph)
                                                            : NULL;
        do {
                if (!parse_linear(p, graph, &is_open))
                        return NULL;
                if (is_open)
                        return sp_sql_end(p, graph);
                while (sp_sql_is_set_operation(p))
                        if (!parse_set_operator(p) || !parse_linear(p, graph, &is_open))
                                return NULL;
        } while (take_kw(p, NEXT));
        return sp_sql_end(p, graph);
}

/* The query node around a graph. */
static struct sp_sql_node *query_of(struct sp_sql_parser *p, struct sp_sql_node *graph,
                                    uint32_t start)
{
        struct sp_sql_node *q = sp_sql_node_at(p, SP_SQL_N_QUERY, start);

        return q && sp_sql_add(q, graph) ? sp_sql_end(p, q) : NULL;
}

struct sp_sql_node *sp_sql_parse_graph_query(struct sp_sql_parser *p)
{
        struct sp_sql_node *graph = NULL;
        uint32_t start = sp_sql_here(p);

        if (sp_sql_enter(p)) {
                sp_sql_advance(p);
                graph = graph_new(p, true);
                graph = graph ? parse_body(p, graph, false) : NULL;
        }
        sp_sql_leave(p);
        return graph ? query_of(p, graph, start) : NULL;
}

struct sp_sql_node *sp_sql_parse_query_or_graph(struct sp_sql_parser *p)
{
        return kw(p, GRAPH) ? sp_sql_parse_graph_query(p) : sp_sql_parse_query(p);
}

struct sp_sql_node *sp_sql_parse_definition(struct sp_sql_parser *p)
{
        uint32_t at = sp_sql_here(p);
        size_t n_locks = p->n_locks;
        struct sp_sql_node *q = sp_sql_parse_query_or_graph(p);

        /* whoever uses what is defined would take the locks without knowing */
        if (q && p->n_locks > n_locks)
                return sp_sql_fail(p, at, "Unexpected lock mode in query");
        return q;
}

struct sp_sql_node *sp_sql_parse_graph_subquery(struct sp_sql_parser *p,
                                                struct sp_sql_node *n)
{
        uint32_t start = sp_sql_here(p);
        struct sp_sql_node *graph = parse_braces(p, n->op == SP_KW_EXISTS);

        return graph && sp_sql_add(n, query_of(p, graph, start)) ? sp_sql_end(p, n)
                                                                 : NULL;
}

struct sp_sql_node *sp_sql_parse_graph_argument(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;

        sp_sql_advance(p);
        n = graph_new(p, true);
        return n ? sp_sql_end(p, n) : NULL;
}

/* ---- GRAPH_TABLE ---- */

/* Behind a lone MATCH: COLUMNS ( select list ), or nothing. */
static bool parse_columns(struct sp_sql_parser *p, struct sp_sql_node *graph)
{
        if (!take_kw(p, COLUMNS))
                return true;
        return sp_sql_need(p, '(') && sp_sql_parse_select_list(p, graph) &&
               sp_sql_need(p, ')');
}

static bool parse_table_body(struct sp_sql_parser *p, struct sp_sql_node *graph)
{
        if (kw(p, MATCH)) {
                if (!parse_linear_statement(p, graph))
                        return false;
                if (sp_sql_is(p, ')') || kw(p, COLUMNS))
                        return parse_columns(p, graph) && sp_sql_need(p, ')');
        }
        if (!parse_body(p, graph, false))
                return false;
        if (sp_sql_take(p, ')'))
                return true;
        sp_sql_expected(p, "\")\" or keyword NEXT");
        return false;
}

bool sp_sql_is_graph_table(const struct sp_sql_parser *p)
{
        return kw(p, GRAPH_TABLE) && sp_sql_is_at(p, 1, '(');
}

struct sp_sql_node *sp_sql_parse_graph_table(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TABLE_GRAPH), *graph;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        sp_sql_advance(p);
        graph = graph_new(p, true);
        if (!graph || !parse_table_body(p, graph))
                return NULL;
        sp_sql_add(n, sp_sql_end(p, graph));
        return n;
}
