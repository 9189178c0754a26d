/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* AS query, in all its places */
static bool parse_as_query(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        return !take_kw(p, AS) || sp_sql_add(s, sp_sql_parse_query(p));
}

static bool parse_clone_time(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!take_kw(p, FOR))
                return true;
        if (take_kw(p, SYSTEM)) {
                if (!need_kw(p, TIME))
                        return false;
        } else if (!need_kw(p, SYSTEM_TIME)) {
                return false;
        }
        return need_kw(p, AS) && need_kw(p, OF) && sp_sql_add(s, sp_sql_parse_expr(p));
}

/* LIKE t, COPY t, CLONE t [FOR SYSTEM_TIME AS OF e] [WHERE e] */
static bool parse_source(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!take_kw(p, LIKE) && !take_kw(p, COPY) && !take_kw(p, CLONE))
                return true;
        if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)) ||
            !parse_clone_time(p, s))
                return false;
        return !kw(p, WHERE) || sp_sql_add(s, sp_sql_parse_where(p));
}

static bool parse_default_collate(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!take_kw(p, DEFAULT))
                return true;
        if (!need_kw(p, COLLATE))
                return false;
        if (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, '@') &&
            !sp_sql_is(p, '?') && !sp_sql_is(p, SP_SQL_T_SYSTEM)) {
                sp_sql_expected(p, "\"@\" or \"@@\" or string literal");
                return false;
        }
        return sp_sql_add(s, sp_sql_parse_primary(p));
}

static struct sp_sql_node *parse_table(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        s->text = SP_STR("CreateTable");
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s))
                return NULL;
        if (!parse_source(p, s) || !parse_default_collate(p, s) ||
            !sp_sql_parse_partition(p, s) || !sp_sql_parse_connection(p, s) ||
            !sp_sql_parse_options(p, s) || !parse_as_query(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_external_table(struct sp_sql_parser *p,
                                                struct sp_sql_node *s)
{
        s->text = SP_STR("CreateExternalTable");
        if (kw(p, FUNCTION))
                return sp_sql_fail(p, sp_sql_here(p),
                                   "CREATE EXTERNAL TABLE FUNCTION is not supported");
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s))
                return NULL;
        if (!parse_source(p, s) || !parse_default_collate(p, s) ||
            !sp_sql_parse_partition(p, s))
                return NULL;
        if (kw(p, WITH) && kw_at(p, 1, PARTITION)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                if (!need_kw(p, COLUMNS) ||
                    (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s)))
                        return NULL;
        }
        if (!sp_sql_parse_connection(p, s))
                return NULL;
        if (!kw(p, OPTIONS))
                return sp_sql_expected(p, "keyword OPTIONS");
        return sp_sql_parse_options(p, s) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_snapshot(struct sp_sql_parser *p,
                                          struct sp_sql_node *s)
{
        s->text = SP_STR("CreateSnapshotTable");
        sp_sql_advance(p);
        if (!need_kw(p, TABLE) || !sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (!kw(p, CLONE))
                return sp_sql_expected(p, "keyword CLONE");
        return parse_source(p, s) && sp_sql_parse_options(p, s) ? sp_sql_end(p, s)
                                                                : NULL;
}

/* ( name [OPTIONS (…)], … ) */
static bool parse_view_columns(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_take(p, '('))
                return true;
        do
                if (!sp_sql_parse_name(p) || !sp_sql_parse_options(p, s))
                        return false;
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

/* [MATERIALIZED] [RECURSIVE] VIEW, the cursor on the first of them */
static struct sp_sql_node *parse_view(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        bool is_materialized = take_kw(p, MATERIALIZED);

        s->text = is_materialized ? SP_STR("CreateMaterializedView")
                                  : SP_STR("CreateView");
        if (take_kw(p, RECURSIVE))
                s->flags |= SP_SQL_F_RECURSIVE;
        if (!need_kw(p, VIEW) || !sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_view_columns(p, s))
                return NULL;
        if (take_kw(p, SQL) && (!need_kw(p, SECURITY) || !sp_sql_parse_name(p)))
                return NULL;
        if (!sp_sql_parse_partition(p, s) || !sp_sql_parse_options(p, s) ||
            !need_kw(p, AS))
                return NULL;
        if (is_materialized && kw(p, REPLICA)) {
                sp_sql_advance(p);
                return need_kw(p, OF) && sp_sql_add(s, sp_sql_parse_object(
                                                               p, SP_SQL_N_SOURCE))
                               ? sp_sql_end(p, s)
                               : NULL;
        }
        return sp_sql_add(s, sp_sql_parse_query(p)) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_schema(struct sp_sql_parser *p, struct sp_sql_node *s,
                                        bool is_external)
{
        s->text = is_external ? SP_STR("CreateExternalSchema") : SP_STR("CreateSchema");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (is_external && !kw(p, WITH))
                return sp_sql_expected(p, "keyword WITH");
        if (!(is_external ? sp_sql_parse_connection(p, s)
                          : parse_default_collate(p, s)))
                return NULL;
        if (is_external && !kw(p, OPTIONS))
                return sp_sql_expected(p, "keyword OPTIONS");
        return sp_sql_parse_options(p, s) ? sp_sql_end(p, s) : NULL;
}

/* ---- row access policies ---- */

static bool parse_grant_to(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_need(p, '('))
                return false;
        do
                if (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, '@') &&
                    !sp_sql_is(p, SP_SQL_T_SYSTEM) && !sp_sql_is(p, '?')) {
                        sp_sql_expected(p, "\"@\" or \"@@\" or string literal");
                        return false;
                } else if (!sp_sql_add(s, sp_sql_parse_primary(p))) {
                        return false;
                }
        while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static bool parse_filter(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        return need_kw(p, USING) && sp_sql_need(p, '(') &&
               sp_sql_add(s, sp_sql_parse_expr(p)) && sp_sql_need(p, ')');
}

static struct sp_sql_node *parse_row_policy(struct sp_sql_parser *p,
                                            struct sp_sql_node *s)
{
        s->text = SP_STR("CreateRowAccessPolicy");
        sp_sql_advance(p);
        (void)take_kw(p, ACCESS);
        if (!need_kw(p, POLICY) || !sp_sql_parse_if_exists(p))
                return NULL;
        if (!kw(p, ON) && !sp_sql_parse_name(p))
                return NULL;
        if (!need_kw(p, ON) || !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (take_kw(p, GRANT)) {
                if (!need_kw(p, TO) || !parse_grant_to(p, s))
                        return NULL;
        } else if (take_kw(p, TO)) { /* the older form */
                do
                        if (!sp_sql_add(s, sp_sql_parse_string(p)))
                                return NULL;
                while (sp_sql_take(p, ','));
        }
        (void)take_kw(p, FILTER);
        return parse_filter(p, s) ? sp_sql_end(p, s) : NULL;
}

/* ---- indexes ---- */

static bool parse_index_columns(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_need(p, '('))
                return false;
        if (kw(p, ALL) && kw_at(p, 1, COLUMNS)) {
                sp_sql_advance(p);
                sp_sql_advance(p);
                if (take_kw(p, WITH)) {
                        if (!need_kw(p, COLUMN) || !need_kw(p, OPTIONS) ||
                            !sp_sql_need(p, '('))
                                return false;
                        do
                                if (!sp_sql_add(s, sp_sql_parse_expr(p)) ||
                                    !sp_sql_parse_options(p, s))
                                        return false;
                        while (sp_sql_take(p, ','));
                        if (!sp_sql_need(p, ')'))
                                return false;
                }
                return sp_sql_need(p, ')');
        }
        do {
                if (!sp_sql_add(s, sp_sql_parse_expr(p)) || !sp_sql_parse_options(p, s))
                        return false;
                if (!take_kw(p, ASC))
                        (void)take_kw(p, DESC);
                if (take_kw(p, NULLS) && !take_kw(p, FIRST) && !need_kw(p, LAST))
                        return false;
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

/* [UNIQUE] [SEARCH|VECTOR|AI] INDEX … */
static struct sp_sql_node *parse_index(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        s->text = SP_STR("CreateIndex");
        (void)take_kw(p, UNIQUE);
        if (!take_kw(p, SEARCH) && !take_kw(p, VECTOR))
                (void)take_kw(p, AI);
        if (!need_kw(p, INDEX) || !sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !need_kw(p, ON) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)) ||
            !sp_sql_parse_alias(p, s))
                return NULL;
        while (kw(p, UNNEST)) {
                struct sp_sql_node *u = sp_sql_parse_unnest(p);

                if (!sp_sql_add(s, u) || !sp_sql_parse_alias(p, u))
                        return NULL;
                if (kw(p, WITH) && kw_at(p, 1, OFFSET)) {
                        sp_sql_advance(p);
                        sp_sql_advance(p);
                        if (!sp_sql_parse_alias(p, u))
                                return NULL;
                }
        }
        if (!parse_index_columns(p, s))
                return NULL;
        if (take_kw(p, STORING) &&
            (!sp_sql_need(p, '(') || !sp_sql_parse_expr_list(p, s) ||
             !sp_sql_need(p, ')')))
                return NULL;
        if (!sp_sql_parse_partition(p, s) || !sp_sql_parse_connection(p, s) ||
            !sp_sql_parse_options(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

/* ---- objects with nothing but options ---- */

static struct sp_sql_node *parse_plain(struct sp_sql_parser *p, struct sp_sql_node *s,
                                       const char *kind)
{
        s->text = sp_str_c(kind);
        sp_sql_advance(p);
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (sp_sql_take(p, '=') && !sp_sql_add(s, sp_sql_parse_expr(p)))
                return NULL;
        if (!sp_sql_parse_options(p, s))
                return NULL;
        /* CREATE CAPACITY … AS JSON '…' */
        if (take_kw(p, AS) && !sp_sql_add(s, sp_sql_parse_expr(p)))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_object_by_keyword(struct sp_sql_parser *p,
                                                   struct sp_sql_node *s)
{
        unsigned k = sp_sql_token_at(p, 0)->keyword;

        switch (k) {
        case SP_KW_TABLE:
                sp_sql_advance(p);
                if (kw(p, FUNCTION))
                        return sp_sql_parse_create_routine(p, SP_KW_TABLE, s);
                return parse_table(p, s);
        case SP_KW_EXTERNAL:
                sp_sql_advance(p);
                if (kw(p, SCHEMA))
                        return parse_schema(p, s, true);
                return need_kw(p, TABLE) ? parse_external_table(p, s) : NULL;
        case SP_KW_SNAPSHOT:
                return parse_snapshot(p, s);
        case SP_KW_VIEW:
        case SP_KW_MATERIALIZED:
        case SP_KW_RECURSIVE:
                return parse_view(p, s);
        case SP_KW_SCHEMA:
                return parse_schema(p, s, false);
        case SP_KW_FUNCTION:
        case SP_KW_AGGREGATE:
        case SP_KW_PROCEDURE:
        case SP_KW_MODEL:
                return sp_sql_parse_create_routine(p, k, s);
        case SP_KW_ROW:
                return parse_row_policy(p, s);
        case SP_KW_UNIQUE:
        case SP_KW_SEARCH:
        case SP_KW_VECTOR:
        case SP_KW_AI:
        case SP_KW_INDEX:
                return parse_index(p, s);
        case SP_KW_CAPACITY:
        case SP_KW_RESERVATION:
        case SP_KW_ASSIGNMENT:
        case SP_KW_DATA_POLICY:
                return parse_plain(p, s, "CreateEntity");
        case SP_KW_CONNECTION:
                return parse_plain(p, s, "CreateConnection");
        case SP_KW_CONSTANT:
                return parse_plain(p, s, "CreateConstant");
        case SP_KW_DATABASE:
                return parse_plain(p, s, "CreateDatabase");
        case SP_KW_PROPERTY:
                return sp_sql_unsupported(p, sp_sql_here(p), "CREATE PROPERTY GRAPH");
        default:
                return sp_sql_unexpected(p);
        }
}

struct sp_sql_node *sp_sql_parse_create(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Create", SP_SQL_CREATE, sp_sql_here(p));

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (take_kw(p, OR) && !need_kw(p, REPLACE))
                return NULL;
        if (take_kw(p, TEMP) || take_kw(p, TEMPORARY))
                s->flags |= SP_SQL_F_TEMP;
        else if (!take_kw(p, PUBLIC))
                (void)take_kw(p, PRIVATE);
        return parse_object_by_keyword(p, s);
}
