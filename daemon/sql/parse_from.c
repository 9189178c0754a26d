/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* ---- joins ---- */

/* All these words are reserved, so that nothing else can begin with them here; but a
 * set operation may begin with some. */
static bool is_join(const struct sp_sql_parser *p)
{
        if (kw(p, JOIN) || kw(p, NATURAL) || kw(p, CROSS) || kw(p, RIGHT) ||
            kw(p, HASH) || kw(p, LOOKUP))
                return true;
        return (kw(p, INNER) || kw(p, LEFT) || kw(p, FULL)) &&
               !sp_sql_is_set_operation(p);
}

bool sp_sql_parse_join_kind(struct sp_sql_parser *p, struct sp_sql_node *join,
                            unsigned *kind)
{
        /* GoogleSQL reads it, and has no meaning for it */
        if (take_kw(p, NATURAL) && !sp_sql_parse_opaque(p, join, "natural-join"))
                return false;
        *kind = sp_sql_token_at(p, 0)->keyword;
        if (*kind == SP_KW_JOIN || *kind == SP_KW_HASH || *kind == SP_KW_LOOKUP)
                *kind = SP_KW_INNER;
        if (take_kw(p, LEFT) || take_kw(p, RIGHT) || take_kw(p, FULL))
                (void)take_kw(p, OUTER);
        else if (!take_kw(p, CROSS))
                (void)take_kw(p, INNER);
        if (!take_kw(p, HASH))
                (void)take_kw(p, LOOKUP);
        return need_kw(p, JOIN);
}

bool sp_sql_parse_on(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_ON);

        if (!n)
                return false;
        if (take_kw(p, ON)) {
                if (!sp_sql_add(n, sp_sql_parse_expr(p)))
                        return false;
        } else {
                if (!need_kw(p, USING) || !sp_sql_add(n, sp_sql_parse_name_list(p)))
                        return false;
        }
        return sp_sql_add(to, sp_sql_end(p, n));
}

struct sp_sql_node *sp_sql_parse_join_operand(struct sp_sql_parser *p)
{
        struct sp_sql_node *t;
        bool is_lateral = take_kw(p, LATERAL);

        t = sp_sql_parse_table(p);
        if (t && is_lateral) {
                if (t->kind != SP_SQL_N_TABLE_QUERY && t->kind != SP_SQL_N_TABLE_CALL)
                        return sp_sql_fail(
                                p, t->span.start,
                                "LATERAL is only supported with subqueries and table "
                                "function calls");
                t->flags |= SP_SQL_F_LATERAL;
        }
        return t;
}

/* Which joins have their condition yet. Several conditions in a row belong to the joins
 * before them that have none: a JOIN b JOIN c ON … ON …  */
struct joins {
        unsigned joins, conditions, open;
        uint32_t first; /* the first join since all had one */
        unsigned first_kind;
        bool has_consecutive, is_behind_condition, has_comma;
};

static const char *join_name(unsigned kind)
{
        switch (kind) {
        case SP_KW_LEFT:
                return "LEFT";
        case SP_KW_RIGHT:
                return "RIGHT";
        case SP_KW_FULL:
                return "FULL";
        default:
                return "INNER";
        }
}

static bool take_condition(struct sp_sql_parser *p, struct sp_sql_node *from,
                           struct joins *j)
{
        if (!j->open) {
                sp_sql_fail(p, sp_sql_here(p),
                            "The number of join conditions is %u but the number of "
                            "joins that require a join condition is only %u. "
                            "Unexpected keyword %s",
                            j->conditions + 1, j->joins, kw(p, ON) ? "ON" : "USING");
                return false;
        }
        j->has_consecutive |= j->is_behind_condition;
        j->is_behind_condition = true;
        j->open--;
        j->conditions++;
        return sp_sql_parse_on(p, from);
}

/* Only where conditions are consecutive must each join have one. */
static bool check_conditions(struct sp_sql_parser *p, const struct joins *j)
{
        if (!j->has_consecutive || !j->open)
                return true;
        sp_sql_fail(p, j->first,
                    "The number of join conditions is %u but the number of joins that "
                    "require a join condition is %u. %s JOIN must have an ON or USING "
                    "clause",
                    j->conditions, j->joins, join_name(j->first_kind));
        return false;
}

static bool note_join(struct sp_sql_parser *p, struct joins *j, uint32_t at,
                      unsigned kind, bool is_natural)
{
        j->is_behind_condition = false;
        if (j->has_comma && (kind == SP_KW_RIGHT || kind == SP_KW_FULL)) {
                sp_sql_fail(p, at,
                            "%s JOIN must be parenthesized when following a comma "
                            "join.  Also, if the preceding comma join is a correlated "
                            "CROSS JOIN that unnests an array, then CROSS JOIN syntax "
                            "must be used in place of the comma join",
                            join_name(kind));
                return false;
        }
        if (kind == SP_KW_CROSS || is_natural)
                return true;
        if (!j->open) {
                j->first = at;
                j->first_kind = kind;
                if (!j->has_consecutive)
                        j->joins = j->conditions = 0;
        }
        j->joins++;
        j->open++;
        return true;
}

static bool note_comma(struct sp_sql_parser *p, const struct sp_sql_node *from,
                       struct joins *j)
{
        if (j->has_consecutive) {
                sp_sql_fail(p, from->first->span.start,
                            "Comma join is not allowed after consecutive ON/USING "
                            "clauses");
                return false;
        }
        *j = (struct joins){ .has_comma = true };
        return true;
}

/* JOINs, commas and ON/USING behind the first table expression. */
static bool parse_joins(struct sp_sql_parser *p, struct sp_sql_node *from,
                        bool has_comma)
{
        struct joins j = { 0 };
        unsigned kind;

        for (;;) {
                struct sp_sql_node *join;
                uint32_t at = sp_sql_here(p);
                bool is_natural = kw(p, NATURAL);

                if ((kw(p, ON) || kw(p, USING)) && (j.open || j.joins)) {
                        if (!take_condition(p, from, &j))
                                return false;
                        continue;
                }
                if (!is_join(p) && (!has_comma || !sp_sql_is(p, ',')))
                        return check_conditions(p, &j);
                join = sp_sql_node_new(p, SP_SQL_N_JOIN);
                if (!join)
                        return false;
                if (has_comma && sp_sql_take(p, ',')) {
                        join->op = ',';
                        if (!note_comma(p, from, &j))
                                return false;
                } else {
                        if (!sp_sql_parse_join_kind(p, join, &kind) ||
                            !sp_sql_parse_hint(p, join) ||
                            !note_join(p, &j, at, kind, is_natural))
                                return false;
                        join->op = (uint16_t)kind;
                }
                if (!sp_sql_add(join, sp_sql_parse_join_operand(p)))
                        return false;
                sp_sql_add(from, sp_sql_end(p, join));
        }
}

struct sp_sql_node *sp_sql_parse_from(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_FROM);

        if (!n || !sp_sql_add(n, sp_sql_parse_join_operand(p)) ||
            !parse_joins(p, n, true))
                return NULL;
        return sp_sql_end(p, n);
}

/* ---- one table expression ---- */

static bool is_row_suffix(const struct sp_sql_parser *p)
{
        return (kw(p, MATCH_RECOGNIZE) || kw(p, ALIGN)) && sp_sql_is_at(p, 1, '(');
}

static bool is_suffix(const struct sp_sql_parser *p)
{
        return sp_sql_is_pivot(p) || is_row_suffix(p);
}

static bool parse_offset(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!kw(p, WITH) || !kw_at(p, 1, OFFSET))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_OFFSET);
        if (!n)
                return false;
        sp_sql_advance(p);
        sp_sql_advance(p);
        if (!is_suffix(p) && !sp_sql_parse_alias(p, n))
                return false;
        return sp_sql_add(to, sp_sql_end(p, n));
}

bool sp_sql_parse_system_time(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!kw(p, FOR) || sp_sql_is_lock(p))
                return true;
        if (!kw_at(p, 1, SYSTEM_TIME) && !kw_at(p, 1, SYSTEM)) {
                sp_sql_advance(p);
                sp_sql_unexpected(p);
                return false;
        }
        n = sp_sql_node_new(p, SP_SQL_N_SYSTEM_TIME);
        if (!n)
                return false;
        sp_sql_advance(p);
        if (take_kw(p, SYSTEM)) {
                if (!need_kw(p, TIME))
                        return false;
        } else {
                sp_sql_advance(p);
        }
        return need_kw(p, AS) && need_kw(p, OF) &&
               sp_sql_add(n, sp_sql_parse_expr(p)) && sp_sql_add(to, sp_sql_end(p, n));
}

/* MATCH_RECOGNIZE, ALIGN, TABLESAMPLE, in any number. */
static bool parse_row_suffixes(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        for (;;) {
                struct sp_sql_node *n;
                bool has_alias = is_row_suffix(p);

                if (kw(p, MATCH_RECOGNIZE) && has_alias)
                        n = sp_sql_parse_match_recognize(p);
                else if (has_alias)
                        n = sp_sql_parse_align(p);
                else if (kw(p, TABLESAMPLE))
                        n = sp_sql_parse_sample(p);
                else
                        return true;
                if (!sp_sql_add(to, n))
                        return false;
                if (has_alias && !is_row_suffix(p) && !sp_sql_parse_alias(p, n))
                        return false;
        }
}

/* One PIVOT or UNPIVOT, with its alias: neither word is reserved. */
static bool parse_pivot(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!sp_sql_is_pivot(p))
                return true;
        n = sp_sql_parse_pivot(p);
        return n && (is_row_suffix(p) || sp_sql_parse_alias(p, n)) && sp_sql_add(to, n);
}

/* Everything behind a table expression's core. */
static struct sp_sql_node *parse_table_tail(struct sp_sql_parser *p,
                                            struct sp_sql_node *n)
{
        bool is_path = n->kind == SP_SQL_N_TABLE,
             is_unnest = n->kind == SP_SQL_N_TABLE_UNNEST;
        const char *what = NULL;

        if ((is_path || is_unnest) && !sp_sql_parse_hint(p, n))
                return NULL;
        if (n->kind == SP_SQL_N_TABLE_JOIN)
                return parse_row_suffixes(p, n) ? sp_sql_end(p, n) : NULL;
        if (!is_suffix(p) && !sp_sql_parse_alias(p, n))
                return NULL;
        if ((is_path || is_unnest) && !parse_offset(p, n))
                return NULL;
        if (sp_sql_is_pivot(p))
                what = kw(p, PIVOT) ? "PIVOT" : "UNPIVOT";
        if (!parse_pivot(p, n))
                return NULL;
        if (is_path && what && kw(p, FOR) && !sp_sql_is_lock(p))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "%s and FOR SYSTEM TIME AS OF may not be combined",
                                   what);
        if (is_path && !sp_sql_parse_system_time(p, n))
                return NULL;
        return parse_row_suffixes(p, n) ? sp_sql_end(p, n) : NULL;
}

/* What looks into a value, and so is no table. */
static bool is_element_access(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, '[') || (sp_sql_is(p, '.') && sp_sql_is_at(p, 1, '('));
}

static struct sp_sql_node *refuse_element(struct sp_sql_parser *p)
{
        bool is_array = sp_sql_is(p, '[');

        return sp_sql_fail(p, is_array ? sp_sql_here(p) : sp_sql_token_at(p, 1)->start,
                           "%s is not allowed in the FROM clause without UNNEST; Use "
                           "UNNEST(<expression>)",
                           is_array ? "Array element access"
                                    : "Generalized field access");
}

static struct sp_sql_node *parse_table_path_or_call(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TABLE), *path;

        if (!n)
                return NULL;
        if (kw(p, IF) && sp_sql_is_at(p, 1, '(')) {
                n->kind = SP_SQL_N_TABLE_CALL;
                path = sp_sql_parse_table_call(p, sp_sql_parse_reserved_path(p));
                return sp_sql_add(n, path) ? parse_table_tail(p, n) : NULL;
        }
        if (sp_sql_is(p, '@') || sp_sql_is(p, '?') || sp_sql_is(p, SP_SQL_T_SYSTEM))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "%s cannot be used in place of table names",
                                   sp_sql_is(p, SP_SQL_T_SYSTEM) ? "System variables"
                                                                 : "Query parameters");
        path = sp_sql_parse_table_path(p);
        if (!path)
                return NULL;
        if (is_element_access(p))
                return refuse_element(p);
        if (sp_sql_is(p, '(')) {
                n->kind = SP_SQL_N_TABLE_CALL;
                path = sp_sql_parse_table_call(p, path);
        }
        return sp_sql_add(n, path) ? parse_table_tail(p, n) : NULL;
}

/* `(` before anything but a query: a join in parentheses. `first` is its first operand,
 * when that is already parsed. */
static struct sp_sql_node *parse_join_paren(struct sp_sql_parser *p,
                                            struct sp_sql_node *n,
                                            struct sp_sql_node *first)
{
        struct sp_sql_node *from;

        n->kind = SP_SQL_N_TABLE_JOIN;
        from = sp_sql_node_new(p, SP_SQL_N_FROM);
        if (!from)
                return NULL;
        if (!first)
                first = sp_sql_parse_table(p);
        if (!first)
                return NULL;
        from->span.start = first->span.start;
        sp_sql_add(from, first);
        if (!is_join(p))
                return sp_sql_expected(p, "keyword JOIN");
        if (!parse_joins(p, from, false) || !sp_sql_need(p, ')'))
                return NULL;
        sp_sql_add(n, sp_sql_end(p, from));
        return n;
}

/* A query in parentheses stands alone: it had no alias nor any other suffix. */
static bool is_bare_query(const struct sp_sql_node *t)
{
        return t->kind == SP_SQL_N_TABLE_QUERY && t->first == t->last;
}

/* ( query ) AS t, which is an operand of a query as well as a table expression */
static bool is_aliased_query(const struct sp_sql_parser *p, const struct sp_sql_node *t)
{
        const struct sp_sql_node *alias = t->last;

        return t->kind == SP_SQL_N_TABLE_QUERY && t->first->next == alias &&
               alias->kind == SP_SQL_N_ALIAS &&
               sp_str_caseeq(sp_str_sub(p->text, alias->span.start, 2), SP_STR("AS")) &&
               alias->span.end - alias->span.start > 2;
}

/* ( TABLE t …, and not a table named TABLE with an alias that is joined */
static bool is_table_query(const struct sp_sql_parser *p)
{
        return sp_sql_is_table_clause(p, 0) &&
               (sp_sql_is_at(p, 2, '.') || sp_sql_is_at(p, 2, '(') ||
                sp_sql_is_at(p, 2, ')') || sp_sql_is_at(p, 2, SP_SQL_T_PIPE) ||
                kw_at(p, 2, WHERE) || kw_at(p, 2, UNION) || kw_at(p, 2, INTERSECT) ||
                kw_at(p, 2, EXCEPT) || kw_at(p, 2, ORDER) || kw_at(p, 2, LIMIT));
}

static struct sp_sql_node *parse_table_paren(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TABLE_QUERY), *inner;

        if (!n)
                return NULL;
        sp_sql_advance(p);
        if (kw(p, SELECT) || kw(p, WITH) || kw(p, FROM) || is_table_query(p)) {
                if (!sp_sql_add(n, sp_sql_parse_query(p)) || !sp_sql_need(p, ')'))
                        return NULL;
                return parse_table_tail(p, n);
        }
        if (!sp_sql_is(p, '('))
                return parse_join_paren(p, n, NULL) ? parse_table_tail(p, n) : NULL;
        inner = sp_sql_parse_table(p);
        if (!inner)
                return NULL;
        if ((is_bare_query(inner) || is_aliased_query(p, inner)) &&
            (sp_sql_is(p, ')') || sp_sql_continues_query(p))) {
                if (!sp_sql_add(n, sp_sql_parse_query_aliased(p, inner->first)) ||
                    !sp_sql_need(p, ')'))
                        return NULL;
                return parse_table_tail(p, n);
        }
        return parse_join_paren(p, n, inner) ? parse_table_tail(p, n) : NULL;
}

static struct sp_sql_node *parse_table(struct sp_sql_parser *p)
{
        struct sp_sql_node *n;

        if (sp_sql_is(p, '('))
                return parse_table_paren(p);
        if (sp_sql_is_graph_table(p)) {
                n = sp_sql_parse_graph_table(p);
                return n ? parse_table_tail(p, n) : NULL;
        }
        if (sp_sql_is(p, '['))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "Unexpected \"[\"; what legacy SQL writes as "
                                   "[project:dataset.table] is "
                                   "`project.dataset.table`");
        if (!kw(p, UNNEST))
                return parse_table_path_or_call(p);
        n = sp_sql_node_new(p, SP_SQL_N_TABLE_UNNEST);
        if (!n || !sp_sql_add(n, sp_sql_parse_unnest(p)))
                return NULL;
        return is_element_access(p) ? refuse_element(p) : parse_table_tail(p, n);
}

struct sp_sql_node *sp_sql_parse_table(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_enter(p) ? parse_table(p) : NULL;

        sp_sql_leave(p);
        return n;
}
