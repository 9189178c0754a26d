/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that CREATE and ALTER share: objects, columns, constraints, partitioning.
 */
#include "daemon/sql/parser.h"

struct sp_sql_node *sp_sql_parse_object(struct sp_sql_parser *p,
                                        enum sp_sql_node_kind kind)
{
        struct sp_sql_node *n = sp_sql_node_new(p, kind);

        if (n && p->at && p->tokens[p->at - 1].keyword == SP_KW_EXISTS)
                n->flags |= SP_SQL_F_IF_EXISTS;
        if (!n || !sp_sql_add(n, sp_sql_parse_table_path(p)))
                return NULL;
        if (sp_sql_take(p, '.'))
                return sp_sql_unexpected(p);
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_plain_object(struct sp_sql_parser *p,
                                              enum sp_sql_node_kind kind)
{
        struct sp_sql_node *n = sp_sql_node_new(p, kind);

        if (!n || !sp_sql_add(n, sp_sql_parse_whole_path(p)))
                return NULL;
        return sp_sql_end(p, n);
}

bool sp_sql_parse_if_exists(struct sp_sql_parser *p)
{
        return !take_kw(p, IF) || need_kw(p, EXISTS);
}

bool sp_sql_parse_if_not_exists(struct sp_sql_parser *p)
{
        return !take_kw(p, IF) || (need_kw(p, NOT) && need_kw(p, EXISTS));
}

bool sp_sql_parse_null_order(struct sp_sql_parser *p)
{
        if (!take_kw(p, ASC))
                (void)take_kw(p, DESC);
        if (!take_kw(p, NULLS) || take_kw(p, FIRST) || take_kw(p, LAST))
                return true;
        sp_sql_expected(p, "keyword FIRST or keyword LAST");
        return false;
}

bool sp_sql_parse_collation(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!take_kw(p, COLLATE))
                return true;
        if (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, '@') &&
            !sp_sql_is(p, '?') && !sp_sql_is(p, SP_SQL_T_SYSTEM)) {
                sp_sql_expected(p, "\"@\" or \"@@\" or string literal");
                return false;
        }
        return sp_sql_add(to, sp_sql_parse_primary(p));
}

bool sp_sql_parse_data_source(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_add(to, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                return false;
        to->last->op = SP_KW_CLONE;
        return sp_sql_parse_system_time(p, to) &&
               (!kw(p, WHERE) || sp_sql_add(to, sp_sql_parse_where(p)));
}

bool sp_sql_parse_partition_columns(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!kw(p, WITH) || !kw_at(p, 1, PARTITION))
                return true;
        sp_sql_advance(p);
        sp_sql_advance(p);
        return need_kw(p, COLUMNS) &&
               (!sp_sql_is(p, '(') || sp_sql_parse_column_list(p, to));
}

bool sp_sql_parse_connection(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!kw(p, WITH) || kw_at(p, 1, PARTITION))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);
        if (!n)
                return false;
        sp_sql_advance(p);
        if (!need_kw(p, CONNECTION) ||
            (!take_kw(p, DEFAULT) && !sp_sql_parse_table_path(p)))
                return false;
        return sp_sql_add(to, sp_sql_end(p, n));
}

/* [PARTITION BY e, …] [CLUSTER BY e, …] */
bool sp_sql_parse_partition(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (take_kw(p, PARTITION) &&
            (!need_kw(p, BY) || !sp_sql_parse_expr_list(p, to)))
                return false;
        return !take_kw(p, CLUSTER) ||
               (need_kw(p, BY) && sp_sql_parse_expr_list(p, to));
}

/* ---- constraints ---- */

bool sp_sql_is_constraint(const struct sp_sql_parser *p)
{
        if (kw(p, CHECK))
                return sp_sql_is_at(p, 1, '(');
        if (kw(p, PRIMARY) || kw(p, FOREIGN))
                return kw_at(p, 1, KEY);
        if (!kw(p, CONSTRAINT))
                return false;
        return kw_at(p, 1, IF) ||
               (sp_sql_token_is_name(sp_sql_token_at(p, 1)) &&
                (kw_at(p, 2, CHECK) || kw_at(p, 2, FOREIGN) || kw_at(p, 2, PRIMARY)));
}

static bool parse_enforcement(struct sp_sql_parser *p)
{
        if (kw(p, NOT) && kw_at(p, 1, ENFORCED))
                sp_sql_advance(p);
        (void)take_kw(p, ENFORCED);
        return true;
}

/* SIMPLE, FULL, NOT DISTINCT */
static bool parse_match(struct sp_sql_parser *p)
{
        if (take_kw(p, NOT))
                return need_kw(p, DISTINCT);
        return take_kw(p, FULL) || need_kw(p, SIMPLE);
}

static bool parse_references(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!need_kw(p, REFERENCES) ||
            !sp_sql_add(to, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                return false;
        if (sp_sql_is(p, '(') && !sp_sql_add(to, sp_sql_parse_name_list(p)))
                return false;
        if (take_kw(p, MATCH) && !parse_match(p))
                return false;
        while (take_kw(p, ON)) {
                if (!take_kw(p, UPDATE) && !need_kw(p, DELETE))
                        return false;
                if (take_kw(p, SET)) {
                        if (!need_kw(p, NULL))
                                return false;
                } else if (take_kw(p, NO)) {
                        if (!need_kw(p, ACTION))
                                return false;
                } else if (!sp_sql_parse_name(p)) { /* CASCADE, RESTRICT */
                        return false;
                }
        }
        return parse_enforcement(p);
}

/* (a [ASC|DESC], …) */
static bool parse_key(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_need(p, '('))
                return false;
        if (sp_sql_take(p, ')'))
                return true;
        do {
                if (!sp_sql_add(to, sp_sql_parse_name(p)))
                        return false;
                if (!sp_sql_parse_null_order(p))
                        return false;
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

bool sp_sql_parse_constraint(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!n)
                return false;
        if (take_kw(p, CONSTRAINT) &&
            (!sp_sql_parse_if_not_exists(p) || !sp_sql_parse_name(p)))
                return false;
        if (take_kw(p, CHECK)) {
                if (!sp_sql_need(p, '(') || !sp_sql_add(n, sp_sql_parse_expr(p)) ||
                    !sp_sql_need(p, ')') || !parse_enforcement(p) ||
                    !sp_sql_parse_options(p, n))
                        return false;
        } else if (take_kw(p, PRIMARY)) {
                if (!need_kw(p, KEY) || !parse_key(p, n) || !parse_enforcement(p) ||
                    !sp_sql_parse_options(p, n))
                        return false;
        } else if (take_kw(p, FOREIGN)) {
                if (!need_kw(p, KEY))
                        return false;
                if (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')')) {
                        sp_sql_advance(p);
                        sp_sql_unexpected(p);
                        return false;
                }
                if (!parse_key(p, n) || !parse_references(p, n) ||
                    !sp_sql_parse_options(p, n))
                        return false;
        } else {
                sp_sql_expected(p,
                                "keyword CHECK or keyword FOREIGN or keyword PRIMARY");
                return false;
        }
        return sp_sql_add(to, sp_sql_end(p, n));
}

/* ---- columns ---- */

static bool parse_signed_number(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool is_negative = sp_sql_take(p, '-');

        if (!sp_sql_is(p, SP_SQL_T_INT) && !sp_sql_is(p, SP_SQL_T_FLOAT) &&
            (is_negative || !(kw(p, NUMERIC) || kw(p, DECIMAL) || kw(p, BIGNUMERIC) ||
                              kw(p, BIGDECIMAL)))) {
                sp_sql_unexpected(p);
                return false;
        }
        return sp_sql_add(to, sp_sql_parse_primary(p));
}

/* ( [START WITH n] [INCREMENT BY n] [MAXVALUE n] [MINVALUE n] [[NO] CYCLE] ) */
bool sp_sql_parse_identity(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_need(p, '('))
                return false;
        if (take_kw(p, START) && (!need_kw(p, WITH) || !parse_signed_number(p, to)))
                return false;
        if (take_kw(p, INCREMENT) && (!need_kw(p, BY) || !parse_signed_number(p, to)))
                return false;
        if (take_kw(p, MAXVALUE) && !parse_signed_number(p, to))
                return false;
        if (take_kw(p, MINVALUE) && !parse_signed_number(p, to))
                return false;
        if (take_kw(p, NO)) {
                if (!need_kw(p, CYCLE))
                        return false;
        } else {
                (void)take_kw(p, CYCLE);
        }
        return sp_sql_need(p, ')');
}

static bool parse_generated(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, GENERATED) && !take_kw(p, ALWAYS) && take_kw(p, BY) &&
            !need_kw(p, DEFAULT))
                return false;
        if (!need_kw(p, AS))
                return false;
        if (take_kw(p, IDENTITY))
                return sp_sql_parse_identity(p, n);
        if (!sp_sql_need(p, '(') || !sp_sql_add(n, sp_sql_parse_expr(p)) ||
            !sp_sql_need(p, ')'))
                return false;
        if (take_kw(p, STORED))
                (void)take_kw(p, VOLATILE);
        return true;
}

/* What may follow a column's type, in any order. */
static bool parse_column_attributes(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        bool has_default = false, is_generated = false;
        uint32_t at = 0;

        for (;;) {
                if (has_default && is_generated) {
                        sp_sql_fail(
                                p, at,
                                "\"DEFAULT\" and \"[GENERATED [ALWAYS | BY DEFAULT]] "
                                "AS\" clauses must not be both provided for the "
                                "column");
                        return false;
                }
                at = sp_sql_here(p);
                if (kw(p, GENERATED) ||
                    (kw(p, AS) && (sp_sql_is_at(p, 1, '(') || kw_at(p, 1, IDENTITY)))) {
                        if (!parse_generated(p, n))
                                return false;
                        is_generated = true;
                } else if (take_kw(p, DEFAULT)) {
                        if (!sp_sql_add(n, sp_sql_parse_expr(p)))
                                return false;
                        has_default = true;
                } else if (kw(p, NOT) && kw_at(p, 1, NULL)) {
                        sp_sql_advance(p);
                        sp_sql_advance(p);
                } else if (take_kw(p, HIDDEN)) {
                        continue;
                } else if (kw(p, PRIMARY)) {
                        sp_sql_advance(p);
                        if (!need_kw(p, KEY) || !parse_enforcement(p))
                                return false;
                } else if (kw(p, REFERENCES)) {
                        if (!parse_references(p, n))
                                return false;
                } else if (kw(p, CONSTRAINT)) {
                        sp_sql_advance(p);
                        if (!sp_sql_parse_name(p) || !parse_references(p, n))
                                return false;
                } else if (kw(p, COLLATE)) {
                        if (!sp_sql_parse_collation(p, n))
                                return false;
                } else if (kw(p, OPTIONS)) {
                        if (!sp_sql_parse_options(p, n))
                                return false;
                } else {
                        return true;
                }
        }
}

/* A word that begins an attribute rather than a type. */
static bool is_attribute(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, ',') || sp_sql_is(p, ')') || sp_sql_is(p, ';') ||
               sp_sql_is(p, SP_SQL_T_END) ||
               (kw(p, OPTIONS) && sp_sql_is_at(p, 1, '(')) || kw(p, GENERATED) ||
               kw(p, AS) || kw(p, NOT) || kw(p, DEFAULT);
}

bool sp_sql_parse_column(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE),
                           *name = sp_sql_parse_name(p);

        if (!n || !name)
                return false;
        n->op = SP_KW_COLUMN;
        n->text = name->text;
        if (!is_attribute(p) && !sp_sql_add(n, sp_sql_parse_type(p)))
                return false;
        return parse_column_attributes(p, n) && sp_sql_add(to, sp_sql_end(p, n));
}

bool sp_sql_parse_column_list(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_need(p, '('))
                return false;
        while (!sp_sql_is(p, ')')) {
                if (!(sp_sql_is_constraint(p) ? sp_sql_parse_constraint(p, to)
                                              : sp_sql_parse_column(p, to)))
                        return false;
                if (!sp_sql_take(p, ','))
                        break;
        }
        return sp_sql_need(p, ')');
}
