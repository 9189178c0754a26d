/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipe operators that hold other pipes or whole statements, and those that only look:
 * none of them is BigQuery's, so each is named among the opaque parts.
 */
#include "daemon/sql/parser.h"

static bool is_operator_word(const struct sp_sql_parser *p)
{
        return sp_sql_is_name(p) || kw(p, WHERE) || kw(p, LIMIT) || kw(p, JOIN) ||
               kw(p, ORDER) || kw(p, GROUP) || sp_sql_is(p, '(');
}

/* ( |> operator … ), perhaps without any */
static struct sp_sql_node *parse_subpipeline(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_SUBPIPELINE);
        bool ok = sp_sql_enter(p) && n && sp_sql_need(p, '(');

        if (ok && (kw(p, SELECT) || kw(p, FROM) || kw(p, WITH))) {
                sp_sql_fail(p, sp_sql_here(p),
                            "Expected subpipeline starting with |>, not a subquery");
                ok = false;
        } else if (ok && is_operator_word(p)) {
                sp_sql_fail(p, sp_sql_here(p), "Expected subpipeline starting with |>");
                ok = false;
        }
        while (ok && sp_sql_is(p, SP_SQL_T_PIPE))
                ok = sp_sql_add(n, sp_sql_parse_pipe(p));
        ok = ok && sp_sql_need(p, ')');
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, n) : NULL;
}

/* condition THEN subpipeline, behind IF and ELSEIF */
static bool parse_branch(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_WHEN);

        return n && sp_sql_add(n, sp_sql_parse_expr(p)) && need_kw(p, THEN) &&
               sp_sql_add(n, parse_subpipeline(p)) && sp_sql_add(to, sp_sql_end(p, n));
}

static bool parse_if(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *other;

        if (!sp_sql_parse_hint(p, n) || !parse_branch(p, n))
                return false;
        while (take_kw(p, ELSEIF))
                if (!parse_branch(p, n))
                        return false;
        if (!kw(p, ELSE))
                return true;
        if (kw_at(p, 1, IF)) {
                sp_sql_fail(p, sp_sql_here(p), "Unexpected ELSE IF; Expected ELSEIF");
                return false;
        }
        other = sp_sql_node_new(p, SP_SQL_N_ELSE);
        sp_sql_advance(p);
        return other && sp_sql_add(other, parse_subpipeline(p)) &&
               sp_sql_add(n, sp_sql_end(p, other));
}

/* FORK, TEE, LOG: `least` subpipelines or more */
static bool parse_branches(struct sp_sql_parser *p, struct sp_sql_node *n, bool is_many,
                           bool is_needed)
{
        if (!sp_sql_parse_hint(p, n))
                return false;
        if (!is_needed && !sp_sql_is(p, '('))
                return true;
        do
                if (!sp_sql_add(n, parse_subpipeline(p)))
                        return false;
        while (is_many && sp_sql_take(p, ',') && sp_sql_is(p, '('));
        return true;
}

/* RECURSIVE UNION ALL [WITH DEPTH …] ( query ) or ( |> … ) [AS alias] */
static bool parse_recursive(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        struct sp_sql_node *part;
        unsigned op;

        if (!sp_sql_parse_set_operator(p, n, &op) || !sp_sql_parse_depth(p, n))
                return false;
        if (op & 1)
                n->flags |= SP_SQL_F_DISTINCT;
        if (sp_sql_is(p, '(') &&
            (sp_sql_is_at(p, 1, SP_SQL_T_PIPE) || sp_sql_is_at(p, 1, ')')))
                part = parse_subpipeline(p);
        else
                part = sp_sql_parse_query_paren(p);
        if (!sp_sql_add(n, part))
                return false;
        if (sp_sql_is_name(p)) {
                sp_sql_fail(p, sp_sql_here(p),
                            "The keyword \"AS\" is required before the alias for pipe "
                            "RECURSIVE UNION");
                return false;
        }
        return sp_sql_parse_alias(p, n);
}

static bool parse_assert(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        do
                if (!sp_sql_add(n, sp_sql_parse_expr(p)))
                        return false;
        while (sp_sql_take(p, ',') && !sp_sql_is(p, SP_SQL_T_PIPE) &&
               !sp_sql_is(p, ')') && !sp_sql_is(p, ';') && !sp_sql_is(p, SP_SQL_T_END));
        return true;
}

/* CREATE TABLE t, INSERT INTO t, EXPORT DATA: statements whose query is the pipe */
static bool parse_statement(struct sp_sql_parser *p, struct sp_sql_node *n, unsigned k)
{
        struct sp_sql_node *s = k == SP_KW_CREATE   ? sp_sql_parse_create_prefix(p)
                                : k == SP_KW_INSERT ? sp_sql_parse_insert_prefix(p)
                                                    : sp_sql_parse_export_prefix(p);

        if (!s)
                return false;
        if (kw(p, AS)) {
                sp_sql_fail(p, sp_sql_here(p), "AS query is not allowed on pipe %s",
                            k == SP_KW_CREATE ? "CREATE TABLE" : "EXPORT DATA");
                return false;
        }
        return sp_sql_add(n, s);
}

static bool refuse_branch(struct sp_sql_parser *p)
{
        sp_sql_fail(p, sp_sql_here(p),
                    "%s should be part of a pipe IF, without a leading pipe symbol",
                    kw(p, ELSE) ? "ELSE" : "ELSEIF");
        return false;
}

bool sp_sql_parse_pipe_more(struct sp_sql_parser *p, struct sp_sql_node *n)
{
        static const struct {
                const char *opaque;
                uint16_t keyword;
        } names[] = {
                { "pipe-if", SP_KW_IF },
                { "pipe-fork", SP_KW_FORK },
                { "pipe-tee", SP_KW_TEE },
                { "pipe-log", SP_KW_LOG },
                { "pipe-recursive-union", SP_KW_RECURSIVE },
                { "pipe-assert", SP_KW_ASSERT },
                { "pipe-describe", SP_KW_DESCRIBE },
                { "pipe-static-describe", SP_KW_STATIC_DESCRIBE },
                { "pipe-finish", SP_KW_FINISH },
                { "pipe-create-table", SP_KW_CREATE },
                { "pipe-insert", SP_KW_INSERT },
                { "pipe-export-data", SP_KW_EXPORT },
        };
        unsigned k = n->op;
        size_t i = 0;

        if (k == SP_KW_ELSE || k == SP_KW_ELSEIF)
                return refuse_branch(p);
        while (i < SP_ARRAY_SIZE(names) && names[i].keyword != k)
                i++;
        if (i == SP_ARRAY_SIZE(names)) {
                sp_sql_unexpected(p);
                return false;
        }
        if (!sp_sql_parse_opaque(p, n, names[i].opaque))
                return false;
        if (k == SP_KW_CREATE || k == SP_KW_INSERT || k == SP_KW_EXPORT)
                return parse_statement(p, n, k);
        sp_sql_advance(p);
        switch (k) {
        case SP_KW_IF:
                return parse_if(p, n);
        case SP_KW_FORK:
                return parse_branches(p, n, true, true);
        case SP_KW_TEE:
                return parse_branches(p, n, true, false);
        case SP_KW_LOG:
                return parse_branches(p, n, false, false);
        case SP_KW_RECURSIVE:
                return parse_recursive(p, n);
        case SP_KW_ASSERT:
                return parse_assert(p, n);
        case SP_KW_FINISH:
                return sp_sql_parse_hint(p, n);
        default:
                return true;
        }
}
