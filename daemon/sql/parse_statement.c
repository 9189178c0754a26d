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

        if (!s || !sp_sql_add(s, sp_sql_parse_query(p)))
                return NULL;
        /* WITH … DELETE and the like: GoogleSQL has no such thing */
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
                return sp_sql_end(p, s);
        }
        if (take_kw(p, TABLE)) {
                s->text = SP_STR("ExportMetadata");
                return sp_sql_unsupported(p, sp_sql_here(p), "EXPORT TABLE");
        }
        if (!need_kw(p, DATA) || !sp_sql_parse_connection(p, s) ||
            !sp_sql_parse_options(p, s) || !need_kw(p, AS))
                return NULL;
        q = sp_sql_parse_query(p);
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
        if (take_kw(p, OVERWRITE) && !need_kw(p, PARTITIONS))
                return NULL;
        if (take_kw(p, PARTITIONS) && !sp_sql_add(s, sp_sql_parse_paren(p)))
                return NULL;
        if (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s))
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
        return path && sp_sql_add(s, sp_sql_parse_call(p, path)) ? sp_sql_end(p, s)
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
                        if (!sp_sql_parse_name(p))
                                return NULL;
                while (sp_sql_take(p, ','));
        }
        if (take_kw(p, USING)) {
                do {
                        struct sp_sql_node *item = sp_sql_node_new(p, SP_SQL_N_ITEM);

                        if (!item || !sp_sql_add(item, sp_sql_parse_expr(p)) ||
                            !sp_sql_parse_alias(p, item))
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
static bool parse_transaction_modes(struct sp_sql_parser *p)
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
        if (is_begin && !parse_transaction_modes(p))
                return NULL;
        return sp_sql_end(p, s);
}

/* ---- GRANT, REVOKE ---- */

static bool parse_privileges(struct sp_sql_parser *p)
{
        if (take_kw(p, ALL)) {
                (void)take_kw(p, PRIVILEGES);
                return true;
        }
        do {
                const struct sp_sql_token *t = sp_sql_token_at(p, 0);

                if (t->type != SP_SQL_T_QUOTED &&
                    (t->type != SP_SQL_T_WORD || t->keyword == SP_KW_ON)) {
                        sp_sql_unexpected(p);
                        return false;
                }
                if (sp_sql_is_name(p)) {
                        if (!sp_sql_parse_path(
                                    p)) /* roles/bigquery.dataViewer is quoted */
                                return false;
                } else {
                        sp_sql_advance(p); /* SELECT, INSERT, … */
                }
                if (sp_sql_is(p, '(') && !sp_sql_parse_name_list(p))
                        return false;
        } while (sp_sql_take(p, ','));
        return true;
}

static bool parse_grantees(struct sp_sql_parser *p, struct sp_sql_node *s)
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
        if (!parse_privileges(p) || !need_kw(p, ON))
                return NULL;
        /* [EXTERNAL] TABLE t, SCHEMA d, …: a type stands before a second name */
        while (sp_sql_is_name(p) && sp_sql_token_is_name(sp_sql_token_at(p, 1)))
                sp_sql_advance(p);
        if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !(is_grant ? need_kw(p, TO) : need_kw(p, FROM)) || !parse_grantees(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

struct sp_sql_node *sp_sql_parse_other(struct sp_sql_parser *p)
{
        static const struct {
                const char *what;
                uint16_t keyword;
        } refused[] = {
                { "EXPLAIN", SP_KW_EXPLAIN }, { "DESCRIBE", SP_KW_DESCRIBE },
                { "SHOW", SP_KW_SHOW },       { "DEFINE", SP_KW_DEFINE },
                { "IMPORT", SP_KW_IMPORT },   { "MODULE", SP_KW_MODULE },
                { "RENAME", SP_KW_RENAME },   { "ANALYZE", SP_KW_ANALYZE },
                { "RUN", SP_KW_RUN },         { "CLONE DATA", SP_KW_CLONE },
                { "GRAPH", SP_KW_GRAPH },     { "UNDROP", SP_KW_UNDROP },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(refused); i++)
                if (sp_sql_token_at(p, 0)->keyword == refused[i].keyword)
                        return sp_sql_unsupported(p, sp_sql_here(p), refused[i].what);
        return sp_sql_unexpected(p);
}

static struct sp_sql_node *parse_statement(struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_SELECT:
        case SP_KW_WITH:
        case SP_KW_FROM:
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
                return parse_call_statement(p);
        case SP_KW_EXECUTE:
                return parse_execute(p);
        case SP_KW_ASSERT:
                return parse_assert(p);
        case SP_KW_GRANT:
        case SP_KW_REVOKE:
                return parse_grant(p);
        case SP_KW_BEGIN:
        case SP_KW_START:
                return parse_transaction(p, "Begin");
        case SP_KW_COMMIT:
                return parse_transaction(p, "Commit");
        case SP_KW_ROLLBACK:
                return parse_transaction(p, "Rollback");
        default:
                if (sp_sql_is(p, '('))
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
        s = sp_sql_is_procedural(p) ? sp_sql_parse_procedural(p) : parse_statement(p);
        if (!s)
                return NULL;
        if (hints->first) {
                s->span.start = start;
                sp_sql_add(s, hints);
        }
        return s;
}
