/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE FUNCTION, TABLE FUNCTION, PROCEDURE, MODEL. */
#include "daemon/sql/parser.h"

static bool is_after_type(const struct sp_sql_parser *p, size_t i)
{
        return sp_sql_is_at(p, i, ',') || sp_sql_is_at(p, i, ')') || kw_at(p, i, AS) ||
               kw_at(p, i, DEFAULT) || (kw_at(p, i, NOT) && kw_at(p, i + 1, AGGREGATE));
}

/* ANY TYPE, ANY TABLE, … */
static struct sp_sql_node *parse_any(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TYPE);

        if (!n)
                return NULL;
        sp_sql_advance(p);
        n->text = sp_str_c(kw(p, TABLE) ? "TABLE" : "ANY TYPE");
        if (sp_sql_is_name(p)) {
                if (!kw(p, TABLE) && !kw(p, TYPE))
                        return sp_sql_fail(p, sp_sql_here(p),
                                           "unexpected ANY template type");
        } else if (!kw(p, PROTO) && !kw(p, ENUM) && !kw(p, STRUCT) && !kw(p, ARRAY)) {
                return sp_sql_unexpected(p);
        }
        sp_sql_advance(p);
        return sp_sql_end(p, n);
}

/* [IN|OUT|INOUT] [name] type [AS alias] [DEFAULT e] [NOT AGGREGATE] */
static bool parse_parameter(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *s = sp_sql_node_new(p, SP_SQL_N_CLAUSE), *name;
        const struct sp_sql_token *next;

        if (!sp_sql_add(to, s))
                return false;
        s->op = SP_KW_IN;

        if (kw(p, IN) ||
            ((kw(p, OUT) || kw(p, INOUT)) &&
             sp_sql_token_is_name(sp_sql_token_at(p, 1)) && !is_after_type(p, 2))) {
                s->op = sp_sql_token_at(p, 0)->keyword;
                sp_sql_advance(p);
        }
        next = sp_sql_token_at(p, 1);
        /* a name when something other than the rest of a type's path follows */
        if (sp_sql_is_name(p) && !is_after_type(p, 1) && next->type != '.' &&
            next->type != '(' && next->type != '<' && next->type != SP_SQL_T_NE) {
                name = sp_sql_parse_name(p);
                if (!name)
                        return false;
                s->text = name->text;
        }
        if (!sp_sql_add(s, kw(p, ANY) ? parse_any(p) : sp_sql_parse_type(p)))
                return false;
        if (take_kw(p, AS) && !sp_sql_parse_name(p))
                return false;
        if (kw(p, DEFAULT) && !s->text.n) {
                sp_sql_fail(p, sp_sql_here(p),
                            "Default expression is only allowed for named parameters");
                return false;
        }
        if (take_kw(p, DEFAULT) && !sp_sql_add(s, sp_sql_parse_expr(p)))
                return false;
        if (take_kw(p, NOT) && !need_kw(p, AGGREGATE))
                return false;
        sp_sql_end(p, s);
        return true;
}

/* A procedure's: the name is there, and IN, OUT and INOUT are never it. */
static bool parse_procedure_parameter(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *s = sp_sql_node_new(p, SP_SQL_N_CLAUSE), *name;

        if (!sp_sql_add(to, s))
                return false;
        s->op = SP_KW_IN;
        if (kw(p, IN) || kw(p, OUT) || kw(p, INOUT)) {
                s->op = sp_sql_token_at(p, 0)->keyword;
                sp_sql_advance(p);
        }
        name = sp_sql_parse_name(p);
        if (!name)
                return false;
        s->text = name->text;
        if (sp_sql_is(p, ')') || sp_sql_is(p, ',')) {
                sp_sql_fail(
                        p, sp_sql_here(p),
                        "Unexpected end of parameter. Parameters should be in the "
                        "format [<parameter mode>] <parameter name> <type>. If "
                        "IN/OUT/INOUT is intended to be the name of a parameter, it "
                        "must be escaped with backticks");
                return false;
        }
        if (!sp_sql_add(s, kw(p, ANY) ? parse_any(p) : sp_sql_parse_type(p)))
                return false;
        sp_sql_end(p, s);
        return true;
}

static bool parse_procedure_parameters(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_need(p, '('))
                return false;
        if (sp_sql_take(p, ')'))
                return true;
        do
                if (!parse_procedure_parameter(p, s))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
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

bool sp_sql_parse_security(struct sp_sql_parser *p)
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

/* AS ( expression ), or the text of a function in another language */
static bool parse_body(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        size_t n_locks;
        uint32_t at;

        if (sp_sql_is(p, SP_SQL_T_STRING))
                return sp_sql_add(s, sp_sql_parse_string(p)) &&
                       sp_sql_parse_opaque(p, s, "foreign-language");
        if (!sp_sql_is(p, '(')) {
                sp_sql_expected(p, "\"(\" or string literal");
                return false;
        }
        if (kw_at(p, 1, SELECT)) {
                sp_sql_fail(p, sp_sql_token_at(p, 1)->start,
                            "The body of each CREATE FUNCTION statement is an "
                            "expression, not a query; to use a query as an expression, "
                            "the query must be wrapped with additional parentheses to "
                            "make it a scalar subquery expression");
                return false;
        }
        n_locks = p->n_locks;
        at = sp_sql_here(p);
        if (!sp_sql_add(s, sp_sql_parse_paren(p)))
                return false;
        if (p->n_locks > n_locks)
                sp_sql_fail(p, at, "Unexpected lock mode in function body query");
        return p->n_locks == n_locks;
}

/* LANGUAGE and REMOTE WITH CONNECTION, in either order */
static bool parse_language_or_remote(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        bool is_language = kw(p, LANGUAGE);

        return (!is_language || parse_language(p, s)) && parse_remote(p, s) &&
               (is_language || parse_language(p, s));
}

static struct sp_sql_node *parse_function(struct sp_sql_parser *p,
                                          struct sp_sql_node *s)
{
        bool has_options;

        s->text = SP_STR("CreateFunction");
        if (take_kw(p, AGGREGATE) && kw(p, CONSTANT))
                return sp_sql_unexpected(p);
        if (!need_kw(p, FUNCTION) || !sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_parameters(p, s) || !parse_returns(p, s) ||
            !sp_sql_parse_security(p) || !parse_determinism(p) ||
            !parse_language_or_remote(p, s))
                return NULL;
        /* OPTIONS stands on either side of the body, but not on both */
        has_options = kw(p, OPTIONS);
        if (!sp_sql_parse_options(p, s) || (take_kw(p, AS) && !parse_body(p, s)) ||
            (!has_options && !sp_sql_parse_options(p, s)))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_table_function(struct sp_sql_parser *p,
                                                struct sp_sql_node *s)
{
        bool has_language, has_options;

        s->text = SP_STR("CreateTableFunction");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_parameters(p, s) || !parse_returns(p, s) ||
            !sp_sql_parse_security(p))
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
                } else if (!sp_sql_add(s, sp_sql_parse_definition(p))) {
                        return NULL;
                }
        }
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_procedure(struct sp_sql_parser *p,
                                           struct sp_sql_node *s)
{
        const struct sp_sql_label *labels = p->labels;
        bool was_script = p->is_script;
        struct sp_sql_node *body;

        s->text = SP_STR("CreateProcedure");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_procedure_parameters(p, s))
                return NULL;
        if (take_kw(p, EXTERNAL)) {
                if (!need_kw(p, SECURITY))
                        return NULL;
                if (!take_kw(p, INVOKER) && !take_kw(p, DEFINER))
                        return sp_sql_expected(p, "keyword DEFINER or keyword INVOKER");
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
                return sp_sql_unexpected(p);
        p->is_script = true;
        p->is_body = !was_script;
        p->labels = NULL; /* a body is a script of its own */
        body = sp_sql_parse_block_statement(p);
        p->labels = labels;
        p->is_script = was_script;
        p->is_body = false;
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
        return sp_sql_add(s, sp_sql_parse_definition(p));
}

/* of INPUT and OUTPUT: no constraints */
static bool parse_columns(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        uint32_t at = sp_sql_here(p);

        if (!sp_sql_parse_column_list(p, s))
                return false;
        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                if (c->kind == SP_SQL_N_CLAUSE && c->op != SP_KW_COLUMN) {
                        sp_sql_fail(p, at,
                                    "Element list contains unexpected constraint");
                        return false;
                }
        return true;
}

static struct sp_sql_node *parse_model(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        s->text = SP_STR("CreateModel");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (take_kw(p, INPUT) &&
            (!parse_columns(p, s) || !need_kw(p, OUTPUT) || !parse_columns(p, s)))
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

/* The target says what it names; a table function is a function. */
static struct sp_sql_node *of_kind(struct sp_sql_node *s, unsigned kind)
{
        if (!s)
                return NULL;
        for (struct sp_sql_node *c = s->first; c; c = c->next)
                if (c->kind == SP_SQL_N_TARGET)
                        c->op = (uint16_t)kind;
        return s;
}

struct sp_sql_node *sp_sql_parse_create_routine(struct sp_sql_parser *p,
                                                unsigned object, struct sp_sql_node *s)
{
        switch (object) {
        case SP_KW_TABLE:
                return of_kind(parse_table_function(p, s), SP_KW_FUNCTION);
        case SP_KW_PROCEDURE:
                return of_kind(parse_procedure(p, s), SP_KW_PROCEDURE);
        case SP_KW_MODEL:
                return of_kind(parse_model(p, s), SP_KW_MODEL);
        default:
                return of_kind(parse_function(p, s), SP_KW_FUNCTION);
        }
}
