/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that CREATE and ALTER share: objects, columns, constraints, partitioning.
 */
#include "daemon/sql/parser.h"

struct sp_sql_node *sp_sql_parse_object(struct sp_sql_parser *p,
                                        enum sp_sql_node_kind kind)
{
        struct sp_sql_node *n = sp_sql_node_new(p, kind);

        if (!n || !sp_sql_add(n, sp_sql_parse_table_path(p)))
                return NULL;
        return sp_sql_end(p, n);
}

bool sp_sql_parse_if_exists(struct sp_sql_parser *p)
{
        if (!take_kw(p, IF))
                return true;
        (void)take_kw(p, NOT);
        return need_kw(p, EXISTS);
}

bool sp_sql_parse_connection(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n;

        if (!kw(p, WITH) || !kw_at(p, 1, CONNECTION))
                return true;
        n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);
        if (!n)
                return false;
        sp_sql_advance(p);
        sp_sql_advance(p);
        if (!take_kw(p, DEFAULT) && !sp_sql_parse_table_path(p))
                return false;
        return sp_sql_add(to, sp_sql_end(p, n));
}

/* [PARTITION BY e, …] [CLUSTER BY e, …] */
bool sp_sql_parse_partition(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        for (;;) {
                if (!kw(p, PARTITION) && !(kw(p, CLUSTER) && kw_at(p, 1, BY)))
                        return true;
                sp_sql_advance(p);
                if (!sp_sql_parse_hint(p, to) || !need_kw(p, BY) ||
                    !sp_sql_parse_expr_list(p, to))
                        return false;
        }
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

static bool parse_references(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!need_kw(p, REFERENCES) ||
            !sp_sql_add(to, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                return false;
        if (sp_sql_is(p, '(') && !sp_sql_add(to, sp_sql_parse_name_list(p)))
                return false;
        if (take_kw(p, MATCH) && !take_kw(p, FULL) && !sp_sql_parse_name(p))
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
                if (!take_kw(p, ASC))
                        (void)take_kw(p, DESC);
                if (take_kw(p, NULLS) && !take_kw(p, FIRST) && !need_kw(p, LAST))
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
            (!sp_sql_parse_if_exists(p) || !sp_sql_parse_name(p)))
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
                if (!need_kw(p, KEY) || !parse_key(p, n) || !parse_references(p, n) ||
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

/* START WITH 1, INCREMENT BY 2, MAXVALUE 3, …: read word by word */
bool sp_sql_parse_identity(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_need(p, '('))
                return false;
        while (!sp_sql_is(p, ')')) {
                if (take_kw(p, NO)) {
                        if (!need_kw(p, CYCLE))
                                return false;
                        continue;
                }
                if (take_kw(p, CYCLE))
                        continue;
                if (take_kw(p, START)) {
                        if (!need_kw(p, WITH))
                                return false;
                } else if (take_kw(p, INCREMENT)) {
                        if (!need_kw(p, BY))
                                return false;
                } else if (!take_kw(p, MAXVALUE) && !need_kw(p, MINVALUE)) {
                        return false;
                }
                if (!sp_sql_add(to, sp_sql_parse_higher(p)))
                        return false;
        }
        return sp_sql_need(p, ')');
}

static bool parse_generated(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (take_kw(p, GENERATED)) {
                if (!take_kw(p, ALWAYS) && take_kw(p, BY) && !need_kw(p, DEFAULT))
                        return false;
        }
        if (!need_kw(p, AS))
                return false;
        if (take_kw(p, IDENTITY))
                return sp_sql_parse_identity(p, n);
        if (!sp_sql_need(p, '(') || !sp_sql_add(n, sp_sql_parse_expr(p)) ||
            !sp_sql_need(p, ')'))
                return false;
        if (kw(p, STORED))
                sp_sql_advance(p);
        return true;
}

/* What may follow a column's type, in any order. */
static bool parse_column_attributes(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        for (;;) {
                if (kw(p, GENERATED) ||
                    (kw(p, AS) && (sp_sql_is_at(p, 1, '(') || kw_at(p, 1, IDENTITY)))) {
                        if (!parse_generated(p, n))
                                return false;
                } else if (take_kw(p, DEFAULT)) {
                        if (!sp_sql_add(n, sp_sql_parse_expr(p)))
                                return false;
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
                } else if (take_kw(p, COLLATE)) {
                        if (!sp_sql_add(n, sp_sql_parse_primary(p)))
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
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE);

        if (!n || !sp_sql_parse_name(p))
                return false;
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
