/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

#include <stdio.h>

struct sp_sql_node *sp_sql_statement_new(struct sp_sql_parser *p, const char *kind,
                                         enum sp_sql_action action, uint32_t start)
{
        struct sp_sql_node *n;

        if (p->n_statements >= SP_SQL_STATEMENTS_MAX) {
                if (!p->code)
                        p->code = sp_err_set(p->err, -E2BIG, "sql.limit", "",
                                             "more than %d statements",
                                             SP_SQL_STATEMENTS_MAX);
                return NULL;
        }
        n = sp_sql_node_at(p, SP_SQL_N_STATEMENT, start);
        if (!n)
                return NULL;
        p->n_statements++;
        n->text = sp_str_c(kind);
        n->op = (uint16_t)action;
        return n;
}

static struct sp_sql_node *statement(struct sp_sql_parser *p, const char *kind,
                                     enum sp_sql_action action)
{
        return sp_sql_statement_new(p, kind, action, sp_sql_here(p));
}

static struct sp_sql_node *parse_query_statement(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Query", SP_SQL_SELECT);

        if (!s || !sp_sql_add(s, sp_sql_parse_query_or_graph(p)))
                return NULL;
        /* WITH … DELETE and the like: GoogleSQL has no such thing */
        return sp_sql_end(p, s);
}

struct sp_sql_node *sp_sql_parse_export_prefix(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "ExportData", SP_SQL_EXPORT);

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!need_kw(p, DATA) || !sp_sql_parse_connection(p, s) ||
            !sp_sql_parse_options(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

/* EXPORT TABLE METADATA FROM t: writes files beside those of the table */
static struct sp_sql_node *parse_export_metadata(struct sp_sql_parser *p,
                                                 struct sp_sql_node *s)
{
        s->text = SP_STR("ExportMetadata");
        if (kw_at(p, 1, FUNCTION))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "EXPORT TABLE FUNCTION METADATA is not supported");
        sp_sql_advance(p);
        if (!need_kw(p, METADATA) || !need_kw(p, FROM) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)) ||
            !sp_sql_parse_connection(p, s) || !sp_sql_parse_options(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_export(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "ExportData", SP_SQL_EXPORT), *q;

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (take_kw(p, MODEL)) {
                s->text = SP_STR("ExportModel");
                if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
                    !sp_sql_parse_connection(p, s) || !sp_sql_parse_options(p, s))
                        return NULL;
                s->first->op = SP_KW_MODEL;
                return sp_sql_end(p, s);
        }
        if (kw(p, TABLE))
                return parse_export_metadata(p, s);
        if (!need_kw(p, DATA) || !sp_sql_parse_connection(p, s) ||
            !sp_sql_parse_options(p, s) || !need_kw(p, AS))
                return NULL;
        q = sp_sql_parse_definition(p);
        return sp_sql_add(s, q) ? sp_sql_end(p, s) : NULL;
}

/* FROM FILES ( … ) [WITH PARTITION COLUMNS …] [WITH CONNECTION …] */
static bool parse_load_source(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!need_kw(p, FROM) || !need_kw(p, FILES) || !sp_sql_parse_option_list(p, s))
                return false;
        if (kw(p, WITH) && kw_at(p, 1, PARTITION)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                if (!need_kw(p, COLUMNS))
                        return false;
                if (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s))
                        return false;
        }
        return sp_sql_parse_connection(p, s);
}

static struct sp_sql_node *parse_load(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "LoadData", SP_SQL_LOAD);

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!need_kw(p, DATA))
                return NULL;
        if (!take_kw(p, INTO) && !take_kw(p, OVERWRITE))
                return sp_sql_expected(p, "keyword INTO or keyword OVERWRITE");
        if ((kw(p, TEMP) || kw(p, TEMPORARY)) && kw_at(p, 1, TABLE)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                s->flags |= SP_SQL_F_TEMP;
        }
        if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s))
                return NULL;
        if (kw(p, OVERWRITE) && kw_at(p, 1, PARTITIONS))
                sp_sql_advance(p);
        if (take_kw(p, PARTITIONS) && !sp_sql_add(s, sp_sql_parse_paren(p)))
                return NULL;
        if (take_kw(p, COLLATE) && !sp_sql_parse_string(p))
                return NULL;
        if (!sp_sql_parse_partition(p, s) || !sp_sql_parse_options(p, s) ||
            !parse_load_source(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_call_statement(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Call", SP_SQL_CALL), *target, *path;

        if (!s)
                return NULL;
        sp_sql_advance(p);
        target = sp_sql_node_new(p, SP_SQL_N_TARGET);
        path = sp_sql_parse_table_path(p);
        if (!target || !sp_sql_add(target, path))
                return NULL;
        sp_sql_add(s, sp_sql_end(p, target));
        if (!sp_sql_is(p, '('))
                return sp_sql_expected(p, "\"(\"");
        path = sp_sql_node_at(p, SP_SQL_N_PATH,
                              sp_sql_here(p)); /* the name is the target's */
        return path && sp_sql_add(s, sp_sql_parse_table_call(p, path))
                       ? sp_sql_end(p, s)
                       : NULL;
}

static struct sp_sql_node *parse_execute(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "ExecuteImmediate", SP_SQL_EXECUTE);

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!need_kw(p, IMMEDIATE) || !sp_sql_parse_opaque(p, s, "execute-immediate") ||
            !sp_sql_add(s, sp_sql_parse_expr(p)))
                return NULL;
        if (take_kw(p, INTO)) {
                do
                        if (!sp_sql_add(s, sp_sql_parse_name(p)))
                                return NULL;
                while (sp_sql_take(p, ','));
        }
        if (take_kw(p, USING)) {
                do {
                        struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                        if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) ||
                            (kw(p, AS) && !sp_sql_parse_alias(p, item)))
                                return NULL;
                        sp_sql_add(s, sp_sql_end(p, item));
                } while (sp_sql_take(p, ','));
        }
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_assert(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Assert", SP_SQL_OTHER);

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_add(s, sp_sql_parse_expr(p)) ||
            (take_kw(p, AS) && !sp_sql_add(s, sp_sql_parse_string(p))))
                return NULL;
        return sp_sql_end(p, s);
}

/* ISOLATION LEVEL a [b], READ ONLY, READ WRITE */
bool sp_sql_parse_transaction_modes(struct sp_sql_parser *p)
{
        if (!kw(p, ISOLATION) && !kw(p, READ))
                return true;
        do {
                if (take_kw(p, ISOLATION)) {
                        if (!need_kw(p, LEVEL) || !sp_sql_parse_name(p))
                                return false;
                        if (sp_sql_is_name(p) && !sp_sql_parse_name(p))
                                return false;
                } else if (!need_kw(p, READ) ||
                           (!take_kw(p, ONLY) && !need_kw(p, WRITE))) {
                        return false;
                }
        } while (sp_sql_take(p, ','));
        return true;
}

static struct sp_sql_node *parse_transaction(struct sp_sql_parser *p, const char *kind)
{
        struct sp_sql_node *s = statement(p, kind, SP_SQL_SCRIPT);
        bool is_start = kw(p, START), is_begin = is_start || kw(p, BEGIN);

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!take_kw(p, TRANSACTION) && is_start)
                return sp_sql_expected(p, "keyword TRANSACTION");
        if (is_begin && !sp_sql_parse_transaction_modes(p))
                return NULL;
        return sp_sql_end(p, s);
}

/* ---- GRANT, REVOKE ---- */

bool sp_sql_parse_privileges(struct sp_sql_parser *p)
{
        if (take_kw(p, ALL)) {
                (void)take_kw(p, PRIVILEGES);
                return true;
        }
        do {
                /* SELECT is the only reserved word among them; a role is quoted */
                if (!take_kw(p, SELECT) && !sp_sql_parse_name(p))
                        return false;
                if (sp_sql_is(p, '(') && !sp_sql_parse_path_list(p))
                        return false;
        } while (sp_sql_take(p, ','));
        return true;
}

bool sp_sql_parse_people(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        do {
                if (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, '@') &&
                    !sp_sql_is(p, '?') && !sp_sql_is(p, SP_SQL_T_SYSTEM)) {
                        sp_sql_expected(p, "\"@\" or \"@@\" or string literal");
                        return false;
                }
                if (!sp_sql_add(s, sp_sql_parse_primary(p)))
                        return false;
        } while (sp_sql_take(p, ','));
        return true;
}

static struct sp_sql_node *parse_grant(struct sp_sql_parser *p)
{
        bool is_grant = kw(p, GRANT);
        struct sp_sql_node *s =
                statement(p, is_grant ? "Grant" : "Revoke", SP_SQL_GRANT);

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!sp_sql_parse_privileges(p) || !need_kw(p, ON))
                return NULL;
        /* [EXTERNAL] TABLE t, SCHEMA d, …: a type stands before a second name */
        while (sp_sql_is_name(p) && sp_sql_token_is_name(sp_sql_token_at(p, 1)))
                sp_sql_advance(p);
        if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !(is_grant ? need_kw(p, TO) : need_kw(p, FROM)) ||
            !sp_sql_parse_people(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

/* UNDROP SCHEMA: the only object that comes back */
static struct sp_sql_node *parse_undrop(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = statement(p, "Undrop", SP_SQL_CREATE);

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (!need_kw(p, SCHEMA) || !sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !sp_sql_parse_system_time(p, s) || !sp_sql_parse_options(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_statement(struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_SELECT:
        case SP_KW_WITH:
        case SP_KW_FROM:
        case SP_KW_GRAPH:
                return parse_query_statement(p);
        case SP_KW_INSERT:
                return sp_sql_parse_insert(p);
        case SP_KW_UPDATE:
                return sp_sql_parse_update(p);
        case SP_KW_DELETE:
                return sp_sql_parse_delete(p);
        case SP_KW_MERGE:
                return sp_sql_parse_merge(p);
        case SP_KW_TRUNCATE:
                return sp_sql_parse_truncate(p);
        case SP_KW_CREATE:
                return sp_sql_parse_create(p);
        case SP_KW_ALTER:
                return sp_sql_parse_alter(p);
        case SP_KW_DROP:
                return sp_sql_parse_drop(p);
        case SP_KW_EXPORT:
                return parse_export(p);
        case SP_KW_LOAD:
                return parse_load(p);
        case SP_KW_CALL:
                return sp_sql_parse_statement_pipes(p, parse_call_statement(p));
        case SP_KW_EXECUTE:
                return sp_sql_parse_statement_pipes(p, parse_execute(p));
        case SP_KW_ASSERT:
                return parse_assert(p);
        case SP_KW_GRANT:
        case SP_KW_REVOKE:
                return parse_grant(p);
        case SP_KW_START:
                if (!kw_at(p, 1, TRANSACTION))
                        return sp_sql_parse_other(p);
                return parse_transaction(p, "Begin");
        case SP_KW_BEGIN:
                return parse_transaction(p, "Begin");
        case SP_KW_UNDROP:
                return parse_undrop(p);
        case SP_KW_COMMIT:
                return parse_transaction(p, "Commit");
        case SP_KW_ROLLBACK:
                return parse_transaction(p, "Rollback");
        default:
                if (sp_sql_is(p, '(') || sp_sql_is_table_clause(p, 0))
                        return parse_query_statement(p);
                return sp_sql_parse_other(p);
        }
}

struct sp_sql_node *sp_sql_parse_statement(struct sp_sql_parser *p)
{
        struct sp_sql_node *s, *hints = sp_sql_node_new(p, SP_SQL_N_CLAUSE);
        uint32_t start = sp_sql_here(p);

        if (!hints || !sp_sql_parse_hint(p, hints))
                return NULL;
        /* of what is procedural only SET takes a hint */
        s = sp_sql_is_procedural(p) && (!hints->first || kw(p, SET))
                    ? sp_sql_parse_procedural(p)
                    : parse_statement(p);
        if (!s)
                return NULL;
        if (hints->first) {
                s->span.start = start;
                sp_sql_add(s, hints);
        }
        return s;
}
