/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE FUNCTION, TABLE FUNCTION, PROCEDURE, MODEL. */
#include "daemon/sql/parser.h"

static bool is_after_type(const struct sp_sql_parser *p, size_t i)
{
        return sp_sql_is_at(p, i, ',') || sp_sql_is_at(p, i, ')') || kw_at(p, i, AS) ||
               kw_at(p, i, DEFAULT) || (kw_at(p, i, NOT) && kw_at(p, i + 1, AGGREGATE));
}

/* [IN|OUT|INOUT] [name] type [AS alias] [DEFAULT e] [NOT AGGREGATE] */
static bool parse_parameter(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        const struct sp_sql_token *next;

        if (kw(p, IN) ||
            ((kw(p, OUT) || kw(p, INOUT)) &&
             sp_sql_token_is_name(sp_sql_token_at(p, 1)) && !is_after_type(p, 2)))
                sp_sql_advance(p);
        next = sp_sql_token_at(p, 1);
        /* a name when something other than the rest of a type's path follows */
        if (sp_sql_is_name(p) && !is_after_type(p, 1) && next->type != '.' &&
            next->type != '(' && next->type != '<' && next->type != SP_SQL_T_NE &&
            !sp_sql_parse_name(p))
                return false;
        if (take_kw(p, ANY)) { /* ANY TYPE, ANY TABLE, … */
                if (sp_sql_token_at(p, 0)->type != SP_SQL_T_WORD) {
                        sp_sql_unexpected(p);
                        return false;
                }
                sp_sql_advance(p);
        } else if (!sp_sql_add(s, sp_sql_parse_type(p))) {
                return false;
        }
        if (take_kw(p, AS) && !sp_sql_parse_name(p))
                return false;
        if (take_kw(p, DEFAULT) && !sp_sql_add(s, sp_sql_parse_expr(p)))
                return false;
        return !take_kw(p, NOT) || need_kw(p, AGGREGATE);
}

static bool parse_parameters(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_need(p, '('))
                return false;
        if (sp_sql_take(p, ')'))
                return true;
        do
                if (!parse_parameter(p, s))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static bool parse_returns(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!take_kw(p, RETURNS))
                return true;
        if (kw(p, ANY)) {
                sp_sql_fail(p, sp_sql_here(p),
                            "Templated types are not allowed in the RETURNS clause");
                return false;
        }
        return sp_sql_add(s, sp_sql_parse_type(p));
}

static bool parse_security(struct sp_sql_parser *p)
{
        if (!take_kw(p, SQL))
                return true;
        if (!need_kw(p, SECURITY))
                return false;
        if (take_kw(p, INVOKER) || take_kw(p, DEFINER))
                return true;
        sp_sql_expected(p, "keyword DEFINER or keyword INVOKER");
        return false;
}

/* DETERMINISTIC, NOT DETERMINISTIC, IMMUTABLE, STABLE, VOLATILE */
static bool parse_determinism(struct sp_sql_parser *p)
{
        if (take_kw(p, NOT))
                return need_kw(p, DETERMINISTIC);
        if (!take_kw(p, DETERMINISTIC) && !take_kw(p, IMMUTABLE) && !take_kw(p, STABLE))
                (void)take_kw(p, VOLATILE);
        return true;
}

static bool parse_language(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        struct sp_sql_node *name;

        if (!take_kw(p, LANGUAGE))
                return true;
        name = sp_sql_parse_name(p);
        if (!name)
                return false;
        if (sp_str_caseeq(name->text, SP_STR("SQL")))
                return true;
        return sp_sql_parse_opaque(p, s,
                                   sp_str_caseeq(name->text, SP_STR("js"))
                                           ? "javascript"
                                           : "foreign-language");
}

static bool parse_remote(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, REMOTE) && !sp_sql_parse_opaque(p, s, "remote"))
                return false;
        return sp_sql_parse_connection(p, s);
}

static struct sp_sql_node *parse_function(struct sp_sql_parser *p,
                                          struct sp_sql_node *s)
{
        s->text = SP_STR("CreateFunction");
        (void)take_kw(p, AGGREGATE);
        if (!need_kw(p, FUNCTION) || !sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_parameters(p, s) || !parse_returns(p, s) || !parse_security(p) ||
            !parse_determinism(p) || !parse_language(p, s) || !parse_remote(p, s) ||
            !sp_sql_parse_options(p, s))
                return NULL;
        if (take_kw(p, AS)) {
                if (sp_sql_is(p, SP_SQL_T_STRING)) {
                        if (!sp_sql_add(s, sp_sql_parse_string(p)) ||
                            !sp_sql_parse_opaque(p, s, "foreign-language"))
                                return NULL;
                } else if (!sp_sql_is(p, '(')) {
                        return sp_sql_expected(p, "\"(\" or string literal");
                } else if (!sp_sql_add(s, sp_sql_parse_paren(p))) {
                        return NULL;
                }
        }
        return sp_sql_parse_options(p, s) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_table_function(struct sp_sql_parser *p,
                                                struct sp_sql_node *s)
{
        bool has_language, has_options;

        s->text = SP_STR("CreateTableFunction");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_parameters(p, s) || !parse_returns(p, s) || !parse_security(p))
                return NULL;
        /* OPTIONS stands on either side of LANGUAGE, but not on both */
        has_options = kw(p, OPTIONS);
        if (!sp_sql_parse_options(p, s))
                return NULL;
        has_language = kw(p, LANGUAGE);
        if (!parse_language(p, s))
                return NULL;
        if (!has_options && has_language && !sp_sql_parse_options(p, s))
                return NULL;
        if (take_kw(p, AS)) {
                if (sp_sql_is(p, SP_SQL_T_STRING)) {
                        if (!sp_sql_add(s, sp_sql_parse_string(p)) ||
                            !sp_sql_parse_opaque(p, s, "foreign-language"))
                                return NULL;
                } else if (!sp_sql_add(s, sp_sql_parse_query(p))) {
                        return NULL;
                }
        }
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_procedure(struct sp_sql_parser *p,
                                           struct sp_sql_node *s)
{
        bool was_script = p->is_script;
        struct sp_sql_node *body;

        s->text = SP_STR("CreateProcedure");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_parameters(p, s))
                return NULL;
        if (kw(p, EXTERNAL)) {
                sp_sql_advance(p);
                if (!need_kw(p, SECURITY) || !sp_sql_parse_name(p))
                        return NULL;
        }
        if (!sp_sql_parse_connection(p, s) || !sp_sql_parse_options(p, s))
                return NULL;
        if (kw(p, LANGUAGE)) {
                if (!parse_language(p, s))
                        return NULL;
                if (take_kw(p, AS) && !sp_sql_add(s, sp_sql_parse_string(p)))
                        return NULL;
                return sp_sql_end(p, s);
        }
        if (!kw(p, BEGIN))
                return sp_sql_expected(p, "keyword BEGIN");
        p->is_script = true;
        body = sp_sql_parse_block_statement(p);
        p->is_script = was_script;
        if (!sp_sql_add(s, body))
                return NULL;
        return sp_sql_end(p, s);
}

/* ---- models ---- */

/* AS ( name AS (query), … ): several inputs */
static bool parse_named_queries(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_need(p, '('))
                return false;
        do
                if (!sp_sql_parse_name(p) || !need_kw(p, AS) ||
                    !sp_sql_add(s, sp_sql_parse_query_paren(p)))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static bool parse_model_body(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!take_kw(p, AS))
                return true;
        if (sp_sql_is(p, '(') && sp_sql_token_is_name(sp_sql_token_at(p, 1)) &&
            kw_at(p, 2, AS))
                return parse_named_queries(p, s);
        return sp_sql_add(s, sp_sql_parse_query(p));
}

static struct sp_sql_node *parse_model(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        s->text = SP_STR("CreateModel");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (take_kw(p, INPUT) && !sp_sql_parse_column_list(p, s))
                return NULL;
        if (take_kw(p, OUTPUT) && !sp_sql_parse_column_list(p, s))
                return NULL;
        if (take_kw(p, TRANSFORM) &&
            (!sp_sql_need(p, '(') || !sp_sql_parse_select_list(p, s) ||
             !sp_sql_need(p, ')')))
                return NULL;
        if (!parse_remote(p, s) || !sp_sql_parse_options(p, s) ||
            !parse_model_body(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

struct sp_sql_node *sp_sql_parse_create_routine(struct sp_sql_parser *p,
                                                unsigned object, struct sp_sql_node *s)
{
        switch (object) {
        case SP_KW_TABLE:
                return parse_table_function(p, s);
        case SP_KW_PROCEDURE:
                return parse_procedure(p, s);
        case SP_KW_MODEL:
                return parse_model(p, s);
        default:
                return parse_function(p, s);
        }
}
