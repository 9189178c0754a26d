/* SPDX-License-Identifier: Apache-2.0 */
/* Procedural language: blocks, branches, loops, variables. */
#include "daemon/sql/name.h"
#include "daemon/sql/parser.h"

static bool is_list_end(const struct sp_sql_parser *p)
{
        return sp_sql_is(p, SP_SQL_T_END) || kw(p, END) || kw(p, ELSE) ||
               kw(p, ELSEIF) || kw(p, WHEN) || kw(p, UNTIL) ||
               (kw(p, EXCEPTION) && !sp_sql_is_at(p, 1, ':'));
}

/* statement ; … up to a word that ends the list. */
static struct sp_sql_node *parse_list(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_BLOCK);
        bool ok = sp_sql_enter(p) && n;

        while (ok && !is_list_end(p))
                ok = sp_sql_add(n, sp_sql_parse_statement(p)) && sp_sql_need(p, ';');
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

static struct sp_sql_node *procedural(struct sp_sql_parser *p, const char *kind)
{
        struct sp_sql_node *s;

        p->has_procedural = true;
        if (!p->is_script)
                return sp_sql_unexpected(p);
        s = sp_sql_statement_new(p, kind, SP_SQL_SCRIPT, sp_sql_here(p));
        if (s)
                sp_sql_advance(p);
        return s;
}

/* A variable's name may be what a WHERE looks at, so it is kept. */
static bool parse_variable(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *name = sp_sql_parse_name(p);
        struct sp_str *v;

        if (!name)
                return false;
        if (p->variables.n >= SP_SQL_NAMES_MAX) {
                if (!p->code)
                        p->code =
                                sp_err_set(p->err, -E2BIG, "sql.limit", "",
                                           "more than %d variables", SP_SQL_NAMES_MAX);
                return false;
        }
        v = sp_sql_vector_add(p->arena, &p->variables, sizeof(*v));
        if (!v) {
                sp_sql_no_memory(p);
                return false;
        }
        *v = name->text;
        if (!sp_sql_index_add(p->arena, &p->variables_index, p->variables.v,
                              sizeof(*v))) {
                sp_sql_no_memory(p);
                return false;
        }
        return sp_sql_add(to, name);
}

static struct sp_sql_node *parse_if(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "If");

        if (!s || !sp_sql_add(s, sp_sql_parse_expr(p)) || !need_kw(p, THEN) ||
            !sp_sql_add(s, parse_list(p)))
                return NULL;
        while (take_kw(p, ELSEIF))
                if (!sp_sql_add(s, sp_sql_parse_expr(p)) || !need_kw(p, THEN) ||
                    !sp_sql_add(s, parse_list(p)))
                        return NULL;
        if (take_kw(p, ELSE) && !sp_sql_add(s, parse_list(p)))
                return NULL;
        return need_kw(p, END) && need_kw(p, IF) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_case_statement(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "Case");

        if (!s || (!kw(p, WHEN) && !sp_sql_add(s, sp_sql_parse_expr(p))))
                return NULL;
        if (!kw(p, WHEN))
                return sp_sql_expected(p, "keyword WHEN");
        while (take_kw(p, WHEN))
                if (!sp_sql_add(s, sp_sql_parse_expr(p)) || !need_kw(p, THEN) ||
                    !sp_sql_add(s, parse_list(p)))
                        return NULL;
        if (take_kw(p, ELSE) && !sp_sql_add(s, parse_list(p)))
                return NULL;
        return need_kw(p, END) && need_kw(p, CASE) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_loop(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "Loop");

        if (!s || !sp_sql_add(s, parse_list(p)) || !need_kw(p, END) ||
            !need_kw(p, LOOP))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_while(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "While");

        if (!s || !sp_sql_add(s, sp_sql_parse_expr(p)) || !need_kw(p, DO) ||
            !sp_sql_add(s, parse_list(p)) || !need_kw(p, END) || !need_kw(p, WHILE))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_repeat(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "Repeat");

        if (!s || !sp_sql_add(s, parse_list(p)) || !need_kw(p, UNTIL) ||
            !sp_sql_add(s, sp_sql_parse_expr(p)) || !need_kw(p, END) ||
            !need_kw(p, REPEAT))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_for(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "For");

        if (!s || !parse_variable(p, s) || !need_kw(p, IN) ||
            !sp_sql_add(s, sp_sql_parse_query_paren(p)) || !need_kw(p, DO) ||
            !sp_sql_add(s, parse_list(p)) || !need_kw(p, END) || !need_kw(p, FOR))
                return NULL;
        return sp_sql_end(p, s);
}

static bool parse_block_body(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        struct sp_sql_node *body = parse_list(p), *handler;

        if (!sp_sql_add(s, body))
                return false;
        if (take_kw(p, EXCEPTION)) {
                if (!need_kw(p, WHEN) || !need_kw(p, ERROR) || !need_kw(p, THEN))
                        return false;
                handler = parse_list(p);
                if (!sp_sql_add(s, handler))
                        return false;
                body->flags |= SP_SQL_F_EXCEPTION;
                handler->flags |= SP_SQL_F_EXCEPTION;
        } else {
                body->flags |= SP_SQL_F_ALWAYS;
        }
        return need_kw(p, END);
}

struct sp_sql_node *sp_sql_parse_block_statement(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "Begin");

        return s && parse_block_body(p, s) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_declare(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "VariableDeclaration");

        if (!s)
                return NULL;
        do
                if (!parse_variable(p, s))
                        return NULL;
        while (sp_sql_take(p, ','));
        if (!kw(p, DEFAULT) && !sp_sql_add(s, sp_sql_parse_type(p)))
                return NULL;
        if (take_kw(p, DEFAULT) && !sp_sql_add(s, sp_sql_parse_expr(p)))
                return NULL;
        return sp_sql_end(p, s);
}

static bool is_transaction_mode(const struct sp_sql_parser *p)
{
        return (kw(p, READ) && (kw_at(p, 1, ONLY) || kw_at(p, 1, WRITE))) ||
               (kw(p, ISOLATION) && kw_at(p, 1, LEVEL));
}

/* SET TRANSACTION mode, …: not BigQuery's */
static struct sp_sql_node *parse_set_transaction(struct sp_sql_parser *p,
                                                 struct sp_sql_node *s)
{
        s->text = SP_STR("SetTransaction");
        sp_sql_advance(p);
        if (!is_transaction_mode(p))
                return sp_sql_expected(p, "\",\" or \"=\"");
        return sp_sql_parse_opaque(p, s, "set-transaction") &&
                               sp_sql_parse_transaction_modes(p)
                       ? sp_sql_end(p, s)
                       : NULL;
}

/* The one name behind SET; several would need parentheses. */
static bool parse_assigned(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        uint32_t at = sp_sql_here(p);

        p->has_procedural = true;
        if (!sp_sql_add(s, sp_sql_parse_name(p)))
                return false;
        if (sp_sql_is(p, '='))
                return true;
        if (!sp_sql_is(p, ',')) {
                sp_sql_expected(p, "\",\" or \"=\"");
                return false;
        }
        while (sp_sql_take(p, ','))
                if (!sp_sql_parse_name(p))
                        return false;
        if (sp_sql_need(p, '='))
                sp_sql_fail(p, at,
                            "Using SET with multiple variables requires parentheses "
                            "around the variable list");
        return false;
}

static struct sp_sql_node *parse_set(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = sp_sql_statement_new(p, "SingleAssignment",
                                                     SP_SQL_SCRIPT, sp_sql_here(p));

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (kw(p, TRANSACTION) && !sp_sql_is_at(p, 1, '='))
                return parse_set_transaction(p, s);
        if (sp_sql_take(p, '(')) {
                s->text = SP_STR("AssignmentFromStruct");
                p->has_procedural = true;
                if (sp_sql_is(p, ')'))
                        return sp_sql_fail(p, sp_sql_here(p),
                                           "Parenthesized SET statement requires a "
                                           "variable list");
                do
                        if (!sp_sql_add(s, sp_sql_parse_name(p)))
                                return NULL;
                while (sp_sql_take(p, ','));
                if (!sp_sql_need(p, ')'))
                        return NULL;
        } else if (sp_sql_is(p, '@') || sp_sql_is(p, SP_SQL_T_SYSTEM)) {
                bool is_system = sp_sql_is(p, SP_SQL_T_SYSTEM);

                s->text = is_system ? SP_STR("SystemVariableAssignment")
                                    : SP_STR("ParameterAssignment");
                if (!sp_sql_add(s, sp_sql_parse_parameter(p)))
                        return NULL;
                /* @@dataset_id and the like change what later names mean */
                if (is_system && !sp_sql_parse_opaque(p, s, "system-variable"))
                        return NULL;
        } else if (!parse_assigned(p, s)) {
                return NULL;
        }
        if (!sp_sql_need(p, '=') || !sp_sql_add(s, sp_sql_parse_expr(p)))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_raise(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = procedural(p, "Raise");

        if (!s)
                return NULL;
        if (take_kw(p, USING) && (!need_kw(p, MESSAGE) || !sp_sql_need(p, '=') ||
                                  !sp_sql_add(s, sp_sql_parse_expr(p))))
                return NULL;
        return sp_sql_end(p, s);
}

/* There are no more of them around than levels of depth. */
static const struct sp_sql_label *find_label(const struct sp_sql_parser *p,
                                             struct sp_str name)
{
        const struct sp_sql_label *l = p->labels;

        while (l && !sp_sql_name_eq(l->name, name))
                l = l->outer;
        return l;
}

/* BREAK label, CONTINUE label: one of the statements around it, for CONTINUE a loop. That
 * a BREAK without label is in a loop at all is left to who runs it, as GoogleSQL's parser
 * does. */
static bool parse_jump_label(struct sp_sql_parser *p, uint32_t at, struct sp_str word,
                             bool is_continue)
{
        struct sp_sql_node *name = sp_sql_parse_name(p);
        const struct sp_sql_label *l = name ? find_label(p, name->text) : NULL;

        if (!name)
                return false;
        if (!l)
                sp_sql_invalid(p, at, "Label %.*s does not exist or is out of scope",
                               SP_FMT(sp_str_sub(name->text, 0, 100)));
        else if (is_continue && !l->is_loop)
                sp_sql_invalid(p, at, "%.*s with label must refer to a loop",
                               SP_FMT(word));
        return !p->code;
}

static struct sp_sql_node *parse_jump(struct sp_sql_parser *p)
{
        struct sp_sql_node *s;
        unsigned k = sp_sql_token_at(p, 0)->keyword;
        bool is_break = k == SP_KW_BREAK || k == SP_KW_LEAVE,
             is_return = k == SP_KW_RETURN;
        uint32_t at = sp_sql_here(p);

        s = procedural(p, is_return ? "Return" : is_break ? "Break" : "Continue");
        if (!s)
                return NULL;
        if (!is_return && sp_sql_is_name(p) &&
            !parse_jump_label(p, at, sp_str_c(sp_sql_keyword_name(k)), !is_break))
                return NULL;
        return sp_sql_end(p, s);
}

static bool is_label(const struct sp_sql_parser *p)
{
        return sp_sql_is_name(p) && sp_sql_is_at(p, 1, ':') &&
               (kw_at(p, 2, BEGIN) || kw_at(p, 2, LOOP) || kw_at(p, 2, WHILE) ||
                kw_at(p, 2, REPEAT) || kw_at(p, 2, FOR));
}

/* label: statement [label], the label's name being none of those around it */
static struct sp_sql_node *parse_labelled(struct sp_sql_parser *p)
{
        struct sp_sql_node *name = sp_sql_parse_name(p), *s, *end;
        struct sp_sql_label label = { .outer = p->labels };

        if (!name)
                return NULL;
        if (find_label(p, name->text))
                return sp_sql_invalid(p, name->span.start, "Label %.*s already exists",
                                      SP_FMT(sp_str_sub(name->text, 0, 100)));
        sp_sql_advance(p);
        label.name = name->text;
        label.is_loop = !kw(p, BEGIN);
        p->labels = &label;
        s = sp_sql_parse_procedural(p);
        p->labels = label.outer;
        if (s && s->first && s->first->kind == SP_SQL_N_BLOCK) /* BREAK label ends it */
                s->first->flags &= (uint16_t)~SP_SQL_F_ALWAYS;
        if (!s || !sp_sql_is_name(p))
                return s;
        end = sp_sql_parse_name(p);
        if (end && !sp_sql_name_eq(end->text, name->text))
                return sp_sql_fail(p, end->span.start,
                                   "Mismatched end label; expected %.*s, got %.*s",
                                   SP_FMT(sp_str_sub(name->text, 0, 80)),
                                   SP_FMT(sp_str_sub(end->text, 0, 80)));
        return end ? sp_sql_end(p, s) : NULL;
}

/* BEGIN is a block unless it begins a transaction. */
static bool is_block(const struct sp_sql_parser *p)
{
        return kw(p, BEGIN) && p->is_script && !sp_sql_is_at(p, 1, ';') &&
               !sp_sql_is_at(p, 1, SP_SQL_T_END) && !kw_at(p, 1, TRANSACTION) &&
               !kw_at(p, 1, ISOLATION) &&
               !(kw_at(p, 1, READ) && (kw_at(p, 2, ONLY) || kw_at(p, 2, WRITE)));
}

bool sp_sql_is_procedural(const struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_IF:
        case SP_KW_CASE:
        case SP_KW_FOR:
        case SP_KW_SET:
                return true;
        case SP_KW_LOOP:
        case SP_KW_WHILE:
        case SP_KW_REPEAT:
        case SP_KW_DECLARE:
        case SP_KW_RAISE:
        case SP_KW_BREAK:
        case SP_KW_LEAVE:
        case SP_KW_CONTINUE:
        case SP_KW_ITERATE:
        case SP_KW_RETURN:
                return !sp_sql_is_at(p, 1, ':') || is_label(p);
        default:
                return is_block(p) || is_label(p);
        }
}

struct sp_sql_node *sp_sql_parse_procedural(struct sp_sql_parser *p)
{
        if (is_label(p))
                return parse_labelled(p);
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_IF:
                return parse_if(p);
        case SP_KW_CASE:
                return parse_case_statement(p);
        case SP_KW_LOOP:
                return parse_loop(p);
        case SP_KW_WHILE:
                return parse_while(p);
        case SP_KW_REPEAT:
                return parse_repeat(p);
        case SP_KW_FOR:
                return parse_for(p);
        case SP_KW_DECLARE:
                return parse_declare(p);
        case SP_KW_SET:
                return parse_set(p);
        case SP_KW_RAISE:
                return parse_raise(p);
        case SP_KW_BEGIN:
                return sp_sql_parse_block_statement(p);
        default:
                return parse_jump(p);
        }
}

struct sp_sql_node *sp_sql_parse_script(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_at(p, SP_SQL_N_BLOCK, 0);

        if (!n)
                return NULL;
        n->flags |= SP_SQL_F_ALWAYS;
        while (!sp_sql_is(p, SP_SQL_T_END)) {
                if (!sp_sql_add(n, sp_sql_parse_statement(p)))
                        return NULL;
                if (sp_sql_take(p, ';')) {
                        if (p->is_script)
                                continue;
                }
                if (!sp_sql_is(p, SP_SQL_T_END))
                        return sp_sql_expected(p, p->is_script ? "end of input or \";\""
                                                               : "end of input");
        }
        if (!n->first && !p->is_script)
                return sp_sql_unexpected(p);
        return sp_sql_end(p, n);
}
