/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE PROPERTY GRAPH, which reads the tables its nodes and edges are made of. */
#include "daemon/sql/parser.h"

/* NO PROPERTIES, PROPERTIES [ARE] ALL COLUMNS [EXCEPT ( … )],
 * PROPERTIES ( expression [AS name] [OPTIONS ( … )], … ) */
static bool parse_properties(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (take_kw(p, NO))
                return need_kw(p, PROPERTIES);
        if (!need_kw(p, PROPERTIES))
                return false;
        if (kw(p, ARE) || kw(p, ALL)) {
                (void)take_kw(p, ARE);
                return need_kw(p, ALL) && need_kw(p, COLUMNS) &&
                       (!take_kw(p, EXCEPT) || sp_sql_parse_name_list(p));
        }
        if (!sp_sql_need(p, '('))
                return false;
        do {
                struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) ||
                    (kw(p, AS) && !sp_sql_parse_alias(p, item)) ||
                    !sp_sql_parse_options(p, item))
                        return false;
                sp_sql_add(to, sp_sql_end(p, item));
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static bool is_properties(const struct sp_sql_parser *p)
{
        return kw(p, PROPERTIES) || (kw(p, NO) && kw_at(p, 1, PROPERTIES));
}

static bool is_label(const struct sp_sql_parser *p)
{
        return kw(p, LABEL) || (kw(p, DEFAULT) && kw_at(p, 1, LABEL));
}

/* [DEFAULT] LABEL … with properties, in any number; or properties alone */
static bool parse_labels(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (is_properties(p))
                return parse_properties(p, to);
        while (is_label(p)) {
                bool is_default = take_kw(p, DEFAULT);

                sp_sql_advance(p);
                if ((!is_default && !sp_sql_parse_name(p)) ||
                    !sp_sql_parse_options(p, to))
                        return false;
                if (is_properties(p) && !parse_properties(p, to))
                        return false;
        }
        return true;
}

/* DYNAMIC LABEL ( e ), DYNAMIC PROPERTIES ( e ): one of each, in any order */
static bool parse_dynamic(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        bool has_label = false, has_properties = false;

        while (take_kw(p, DYNAMIC)) {
                uint32_t at = sp_sql_here(p);
                bool *has = kw(p, LABEL) ? &has_label : &has_properties;

                if (!take_kw(p, LABEL) && !take_kw(p, PROPERTIES)) {
                        sp_sql_expected(p, "keyword LABEL or keyword PROPERTIES");
                        return false;
                }
                if (*has) {
                        sp_sql_fail(p, at, "More than one DYNAMIC %s",
                                    has == &has_label ? "LABEL" : "PROPERTIES");
                        return false;
                }
                *has = true;
                if (!sp_sql_need(p, '(') || !sp_sql_add(to, sp_sql_parse_expr(p)) ||
                    !sp_sql_need(p, ')'))
                        return false;
        }
        if ((has_label || has_properties) && (is_label(p) || is_properties(p))) {
                sp_sql_fail(p, sp_sql_here(p),
                            "LABEL or PROPERTIES clause should be moved before DYNAMIC "
                            "LABEL/PROPERTIES clause");
                return false;
        }
        return true;
}

/* SOURCE KEY ( … ) REFERENCES name [( … )], and DESTINATION KEY: the name is that of an
 * element of this graph, not of a table. */
static bool parse_reference(struct sp_sql_parser *p, unsigned keyword)
{
        if (!sp_sql_take_kw(p, keyword))
                return true;
        return need_kw(p, KEY) && sp_sql_parse_name_list(p) && need_kw(p, REFERENCES) &&
               sp_sql_parse_name(p) &&
               (!sp_sql_is(p, '(') || sp_sql_parse_name_list(p));
}

static bool parse_element(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_parse_object(p, SP_SQL_N_SOURCE);

        if (!n || (kw(p, AS) && !sp_sql_parse_alias(p, n)))
                return false;
        if (take_kw(p, KEY) && !sp_sql_parse_name_list(p))
                return false;
        if (!parse_reference(p, SP_KW_SOURCE) ||
            !parse_reference(p, SP_KW_DESTINATION) || !sp_sql_parse_options(p, n) ||
            !parse_labels(p, n) || !parse_dynamic(p, n))
                return false;
        return sp_sql_add(to, sp_sql_end(p, n));
}

static bool parse_elements(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!need_kw(p, TABLES) || !sp_sql_need(p, '('))
                return false;
        do
                if (!parse_element(p, to))
                        return false;
        while (sp_sql_take(p, ',') && !sp_sql_is(p, ')'));
        return sp_sql_need(p, ')');
}

struct sp_sql_node *sp_sql_parse_property_graph(struct sp_sql_parser *p,
                                                struct sp_sql_node *s)
{
        s->text = SP_STR("CreatePropertyGraph");
        sp_sql_advance(p);
        if (!need_kw(p, GRAPH) || !sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !sp_sql_parse_opaque(p, s, "graph"))
                return NULL;
        if (!need_kw(p, NODE) || !parse_elements(p, s))
                return NULL;
        if (take_kw(p, EDGE) && !parse_elements(p, s))
                return NULL;
        return sp_sql_parse_options(p, s) ? sp_sql_end(p, s) : NULL;
}
