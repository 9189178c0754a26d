/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of GoogleSQL that BigQuery does not have: read in full, so that what is
 * wrong in them is told at its place, and named among the opaque parts.
 */
#include "daemon/sql/parser.h"

static struct sp_sql_node *statement(struct sp_sql_parser *p, const char *kind,
                                     const char *opaque)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, kind, SP_SQL_OTHER, sp_sql_here(p));

        if (!s || !sp_sql_parse_opaque(p, s, opaque))
                return NULL;
        sp_sql_advance(p);
        return s;
}

static struct sp_sql_node *parse_explain(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Explain", "explain");
        bool ok;

        if (!s)
                return NULL;
        if (sp_sql_is_procedural(p) && !kw(p, SET))
                return sp_sql_unexpected(p);
        ok = sp_sql_enter(p) && sp_sql_add(s, sp_sql_parse_statement(p));
        sp_sql_leave(p);
        return ok ? sp_sql_end(p, s) : NULL;
}

/* DESCRIBE [object type] name [FROM name] */
static struct sp_sql_node *parse_describe(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Describe", "describe");

        if (!s)
                return NULL;
        if (sp_sql_is_name(p) && sp_sql_token_is_name(sp_sql_token_at(p, 1)))
                sp_sql_advance(p);
        if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)) ||
            (take_kw(p, FROM) &&
             !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE))))
                return NULL;
        return sp_sql_end(p, s);
}

/* SHOW what [FROM name] [LIKE 'pattern'] */
static struct sp_sql_node *parse_show(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Show", "show");

        if (!s)
                return NULL;
        if (kw(p, MATERIALIZED) && kw_at(p, 1, VIEWS))
                sp_sql_advance(p);
        if (!sp_sql_parse_name(p) ||
            (take_kw(p, FROM) && !sp_sql_parse_table_path(p)) ||
            (take_kw(p, LIKE) && !sp_sql_parse_string(p)))
                return NULL;
        return sp_sql_end(p, s);
}

static bool parse_path_or_string(struct sp_sql_parser *p)
{
        return sp_sql_is(p, SP_SQL_T_STRING) ? sp_sql_parse_string(p) != NULL
                                             : sp_sql_parse_path(p) != NULL;
}

static struct sp_sql_node *parse_import(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Import", "import");

        if (!s)
                return NULL;
        if (!take_kw(p, MODULE) && !take_kw(p, PROTO))
                return sp_sql_expected(p, "keyword MODULE or keyword PROTO");
        if (!parse_path_or_string(p) ||
            ((take_kw(p, AS) || take_kw(p, INTO)) && !sp_sql_parse_name(p)) ||
            !sp_sql_parse_options(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_module(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Module", "module");

        return s && sp_sql_parse_path(p) && sp_sql_parse_options(p, s)
                       ? sp_sql_end(p, s)
                       : NULL;
}

static struct sp_sql_node *parse_define(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "DefineTable", "define-table");

        if (!s)
                return NULL;
        if (!need_kw(p, TABLE) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !sp_sql_parse_option_list(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

/* RENAME TABLE a TO b */
static struct sp_sql_node *parse_rename(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Rename", "rename");

        if (!s || !sp_sql_parse_name(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !need_kw(p, TO) || !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        return sp_sql_end(p, s);
}

/* ANALYZE [OPTIONS ( … )] [table [( column, … )], …] */
static struct sp_sql_node *parse_analyze(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Analyze", "analyze");

        if (!s || !sp_sql_parse_options(p, s))
                return NULL;
        if (!sp_sql_is_name(p))
                return sp_sql_end(p, s);
        do {
                if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                        return NULL;
                if (sp_sql_is(p, '(') && !sp_sql_parse_name_list(p))
                        return NULL;
        } while (sp_sql_take(p, ','));
        return sp_sql_end(p, s);
}

/* ( name = 'value', … ) */
static bool parse_run_arguments(struct sp_sql_parser *p)
{
        if (!sp_sql_need(p, '('))
                return false;
        while (!sp_sql_is(p, ')')) {
                if (!sp_sql_parse_name(p))
                        return false;
                if (!sp_sql_take(p, SP_SQL_T_FAT_ARROW) && !sp_sql_need(p, '='))
                        return false;
                if (!sp_sql_parse_string(p))
                        return false;
                if (!sp_sql_take(p, ','))
                        break;
        }
        return sp_sql_need(p, ')');
}

/* RUN 'script' [( … )], RUN path ( … ), RUN BATCH */
static struct sp_sql_node *parse_run(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Run", "run");

        if (!s)
                return NULL;
        if (kw(p, BATCH) && !sp_sql_is_at(p, 1, '(') && !sp_sql_is_at(p, 1, '.')) {
                s->text = SP_STR("RunBatch");
                sp_sql_advance(p);
                return sp_sql_end(p, s);
        }
        if (sp_sql_is(p, SP_SQL_T_STRING)) {
                if (!sp_sql_parse_string(p) ||
                    (sp_sql_is(p, '(') && !parse_run_arguments(p)))
                        return NULL;
                return sp_sql_end(p, s);
        }
        return sp_sql_parse_path(p) && parse_run_arguments(p) ? sp_sql_end(p, s) : NULL;
}

/* START BATCH [name], ABORT BATCH */
static struct sp_sql_node *parse_batch(struct sp_sql_parser *p)
{
        bool is_start = kw(p, START);
        struct sp_sql_node *s =
                statement(p, is_start ? "StartBatch" : "AbortBatch", "batch");

        if (!s || !need_kw(p, BATCH))
                return NULL;
        if (is_start && sp_sql_is_name(p) && !sp_sql_parse_name(p))
                return NULL;
        return sp_sql_end(p, s);
}

/* CLONE DATA INTO t FROM a … UNION ALL b … */
static struct sp_sql_node *parse_clone(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "CloneData", "clone-data");

        if (!s)
                return NULL;
        s->op = SP_SQL_INSERT;
        if (!need_kw(p, DATA) || !need_kw(p, INTO) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !need_kw(p, FROM))
                return NULL;
        for (;;) {
                if (!sp_sql_parse_data_source(p, s))
                        return NULL;
                if (!take_kw(p, UNION))
                        return sp_sql_end(p, s);
                if (!need_kw(p, ALL))
                        return NULL;
        }
}

/* |> …: pipe operators on rows that come from elsewhere */
static struct sp_sql_node *parse_subpipeline(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = sp_sql_statement_new(p, "Subpipeline", SP_SQL_OTHER,
                                                     sp_sql_here(p)),
                           *n = sp_sql_node_new(p, SP_SQL_N_SUBPIPELINE);

        if (!s || !n || !sp_sql_parse_opaque(p, s, "subpipeline"))
                return NULL;
        while (sp_sql_is(p, SP_SQL_T_PIPE))
                if (!sp_sql_add(n, sp_sql_parse_pipe(p)))
                        return NULL;
        sp_sql_add(s, sp_sql_end(p, n));
        return sp_sql_end(p, s);
}

/* Pipe operators behind a statement that may give a table: CALL f() |> WHERE x */
struct sp_sql_node *sp_sql_parse_statement_pipes(struct sp_sql_parser *p,
                                                 struct sp_sql_node *s)
{
        struct sp_sql_node *n;

        if (!s || !sp_sql_is(p, SP_SQL_T_PIPE))
                return s;
        n = sp_sql_node_new(p, SP_SQL_N_SUBPIPELINE);
        if (!n || !sp_sql_parse_opaque(p, s, "statement-pipe"))
                return NULL;
        while (sp_sql_is(p, SP_SQL_T_PIPE))
                if (!sp_sql_add(n, sp_sql_parse_pipe(p)))
                        return NULL;
        sp_sql_add(s, sp_sql_end(p, n));
        return sp_sql_end(p, s);
}

/* ON privileges ON type name, of a PRIVILEGE RESTRICTION, the cursor behind the words */
static bool parse_restriction(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        return sp_sql_parse_opaque(p, s, "privilege-restriction") && need_kw(p, ON) &&
               sp_sql_parse_privileges(p) && need_kw(p, ON) && sp_sql_parse_name(p) &&
               sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET));
}

/* ( person, … ), perhaps of nobody */
static bool parse_restrictees(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (sp_sql_is(p, '(') && sp_sql_is_at(p, 1, ')')) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                return true;
        }
        return sp_sql_need(p, '(') && sp_sql_parse_people(p, s) && sp_sql_need(p, ')');
}

struct sp_sql_node *sp_sql_parse_create_restriction(struct sp_sql_parser *p,
                                                    struct sp_sql_node *s)
{
        s->text = SP_STR("CreatePrivilegeRestriction");
        sp_sql_advance(p);
        if (!need_kw(p, RESTRICTION) || !sp_sql_parse_if_not_exists(p) ||
            !parse_restriction(p, s))
                return NULL;
        if (take_kw(p, RESTRICT) && (!need_kw(p, TO) || !parse_restrictees(p, s)))
                return NULL;
        return sp_sql_end(p, s);
}

struct sp_sql_node *sp_sql_parse_alter_restriction(struct sp_sql_parser *p,
                                                   struct sp_sql_node *s)
{
        s->text = SP_STR("AlterPrivilegeRestriction");
        sp_sql_advance(p);
        if (!need_kw(p, RESTRICTION) || !sp_sql_parse_if_exists(p) ||
            !parse_restriction(p, s))
                return NULL;
        do {
                bool ok;

                if (take_kw(p, RESTRICT))
                        ok = need_kw(p, TO);
                else if (take_kw(p, ADD))
                        ok = sp_sql_parse_if_not_exists(p);
                else
                        ok = need_kw(p, REMOVE) && sp_sql_parse_if_exists(p);
                if (!ok || !parse_restrictees(p, s))
                        return NULL;
        } while (sp_sql_take(p, ','));
        return sp_sql_end(p, s);
}

struct sp_sql_node *sp_sql_parse_drop_restriction(struct sp_sql_parser *p,
                                                  struct sp_sql_node *s)
{
        s->text = SP_STR("DropPrivilegeRestriction");
        sp_sql_advance(p);
        return need_kw(p, RESTRICTION) && sp_sql_parse_if_exists(p) &&
                               parse_restriction(p, s)
                       ? sp_sql_end(p, s)
                       : NULL;
}

struct sp_sql_node *sp_sql_parse_other(struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_EXPLAIN:
                return parse_explain(p);
        case SP_KW_DESCRIBE:
        case SP_KW_DESC:
                return sp_sql_parse_statement_pipes(p, parse_describe(p));
        case SP_KW_SHOW:
                return sp_sql_parse_statement_pipes(p, parse_show(p));
        case SP_KW_IMPORT:
                return parse_import(p);
        case SP_KW_MODULE:
                return parse_module(p);
        case SP_KW_DEFINE:
                return parse_define(p);
        case SP_KW_RENAME:
                return parse_rename(p);
        case SP_KW_ANALYZE:
                return parse_analyze(p);
        case SP_KW_RUN:
                return sp_sql_parse_statement_pipes(p, parse_run(p));
        case SP_KW_ABORT:
        case SP_KW_START:
                return parse_batch(p);
        case SP_KW_CLONE:
                return parse_clone(p);
        default:
                return sp_sql_is(p, SP_SQL_T_PIPE) ? parse_subpipeline(p)
                                                   : sp_sql_unexpected(p);
        }
}
