/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

static struct sp_sql_node *parse_type(struct sp_sql_parser *p);

/* [name] type, …: a field's name is there when two names stand side by side. */
static bool parse_field(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        const struct sp_sql_token *next = sp_sql_token_at(p, 1);
        bool is_named =
                sp_sql_is_name(p) &&
                (sp_sql_token_is_name(next) || next->keyword == SP_KW_ARRAY ||
                 next->keyword == SP_KW_STRUCT || next->keyword == SP_KW_RANGE ||
                 next->keyword == SP_KW_INTERVAL);

        if (is_named && !sp_sql_add(to, sp_sql_parse_name(p)))
                return false;
        return sp_sql_add(to, parse_type(p)) && sp_sql_parse_options(p, to);
}

/* <type> behind ARRAY and RANGE */
static bool parse_element(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        return sp_sql_need(p, '<') && sp_sql_add(n, parse_type(p)) &&
               sp_sql_parse_options(p, n) && sp_sql_need(p, '>');
}

/* < … > behind STRUCT, MAP, TABLE. `<>` is one token. */
static bool parse_angle(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        if (sp_sql_is(p, SP_SQL_T_NE) && p->text.p[sp_sql_here(p)] == '<') {
                sp_sql_advance(p);
                return true;
        }
        if (!sp_sql_take(p, '<')) {
                sp_sql_expected(p, "\"<\"");
                return false;
        }
        if (!sp_sql_is(p, '>')) {
                do
                        if (!parse_field(p, n))
                                return false;
                while (sp_sql_take(p, ','));
        }
        return sp_sql_need(p, '>');
}

/* (10, 2), (MAX) */
static bool parse_type_parameters(struct sp_sql_parser *p)
{
        if (!sp_sql_take(p, '('))
                return true;
        do {
                if (!sp_sql_is(p, SP_SQL_T_INT) && !sp_sql_is(p, SP_SQL_T_FLOAT) &&
                    !sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, SP_SQL_T_BYTES) &&
                    !kw(p, MAX) && !kw(p, TRUE) && !kw(p, FALSE)) {
                        sp_sql_unexpected(p);
                        return false;
                }
                sp_sql_advance(p);
                if (sp_sql_is(p, ',') && sp_sql_is_at(p, 1, ')')) {
                        sp_sql_fail(p, sp_sql_here(p),
                                    "Trailing comma in type parameter list is not "
                                    "allowed.");
                        return false;
                }
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

/* FUNCTION<(type, …) -> type>, FUNCTION<type -> type> */
static bool parse_function_type(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        sp_sql_advance(p);
        sp_sql_advance(p);
        n->text = SP_STR("FUNCTION");
        if (sp_sql_take(p, '(')) {
                if (!sp_sql_is(p, ')')) {
                        do
                                if (!sp_sql_add(n, parse_type(p)))
                                        return false;
                        while (sp_sql_take(p, ','));
                }
                if (!sp_sql_need(p, ')'))
                        return false;
        } else if (!sp_sql_add(n, parse_type(p))) {
                return false;
        }
        if (!sp_sql_take(p, SP_SQL_T_ARROW)) {
                sp_sql_expected(p, "\"->\"");
                return false;
        }
        return sp_sql_add(n, parse_type(p)) && sp_sql_need(p, '>');
}

static bool parse_type_name(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        uint32_t start = sp_sql_here(p);
        bool is_element = kw(p, ARRAY) || kw(p, RANGE);

        if (is_element || kw(p, STRUCT) || (kw(p, MAP) && sp_sql_is_at(p, 1, '<')) ||
            (kw(p, TABLE) &&
             (sp_sql_is_at(p, 1, '<') || sp_sql_is_at(p, 1, SP_SQL_T_NE)))) {
                sp_sql_advance(p);
                n->text = sp_str(p->text.p + start, sp_sql_behind(p) - start);
                return is_element ? parse_element(p, n) : parse_angle(p, n);
        }
        if (kw(p, FUNCTION) && sp_sql_is_at(p, 1, '<'))
                return parse_function_type(p, n);
        if (kw(p, INTERVAL)) {
                sp_sql_advance(p);
        } else {
                struct sp_sql_node *path = sp_sql_parse_path(p);

                if (!path)
                        return false;
        }
        n->text = sp_str(p->text.p + start, sp_sql_behind(p) - start);
        return true;
}

static struct sp_sql_node *parse_type(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TYPE);
        bool ok;

        if (!n)
                return NULL;
        ok = sp_sql_enter(p) && parse_type_name(p, n) && parse_type_parameters(p);
        sp_sql_leave(p);
        if (!ok)
                return NULL;
        if (!sp_sql_parse_collation(p, n))
                return NULL;
        /* inside STRUCT<…> of a column definition */
        while (kw(p, NOT) && kw_at(p, 1, NULL)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
        }
        return sp_sql_end(p, n);
}

struct sp_sql_node *sp_sql_parse_bare_type(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TYPE);
        bool ok = sp_sql_enter(p) && n && parse_type_name(p, n);

        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

struct sp_sql_node *sp_sql_parse_type(struct sp_sql_parser *p)
{
        return parse_type(p);
}
