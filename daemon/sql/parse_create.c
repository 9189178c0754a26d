/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/parser.h"

/* AS query, in all its places */
static bool parse_as_query(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        return !take_kw(p, AS) || sp_sql_add(s, sp_sql_parse_definition(p));
}

/* [LIKE t] [CLONE t …] [COPY t …] */
static bool parse_source(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, LIKE) && !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                return false;
        if (take_kw(p, CLONE) && !sp_sql_parse_data_source(p, s))
                return false;
        return !take_kw(p, COPY) || sp_sql_parse_data_source(p, s);
}

static bool parse_default_collate(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!take_kw(p, DEFAULT))
                return true;
        if (kw(p, COLLATE))
                return sp_sql_parse_collation(p, s);
        sp_sql_expected(p, "keyword COLLATE");
        return false;
}

/* PRIMARY KEY ( … ) [, INTERLEAVE IN PARENT t [ON DELETE …]] behind the columns: not
 * BigQuery's place for it */
static bool parse_table_key(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!kw(p, PRIMARY))
                return true;
        if (!sp_sql_parse_opaque(p, s, "table-key") || !sp_sql_parse_constraint(p, s))
                return false;
        if (!sp_sql_take(p, ','))
                return true;
        if (!need_kw(p, INTERLEAVE) || !need_kw(p, IN))
                return false;
        (void)take_kw(p, PARENT);
        if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                return false;
        if (!take_kw(p, ON))
                return true;
        return need_kw(p, DELETE) &&
               (take_kw(p, CASCADE) || (need_kw(p, NO) && need_kw(p, ACTION)));
}

/* ROW DELETION POLICY ( e ): of a database that deletes rows by age */
static bool parse_row_deletion(struct sp_sql_parser *p)
{
        uint32_t at = sp_sql_here(p);

        if (!take_kw(p, ROW))
                return true;
        if (!need_kw(p, DELETION) || !need_kw(p, POLICY) || !sp_sql_need(p, '(') ||
            !sp_sql_parse_expr(p) || !sp_sql_need(p, ')'))
                return false;
        sp_sql_unsupported(p, at, "ROW DELETION POLICY clause");
        return false;
}

/* CREATE TABLE without its query, the cursor behind TABLE */
static bool parse_table_head(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        s->text = SP_STR("CreateTable");
        if (!sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return false;
        if (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s))
                return false;
        return parse_table_key(p, s) && parse_source(p, s) &&
               parse_default_collate(p, s) && sp_sql_parse_partition(p, s) &&
               parse_row_deletion(p) && sp_sql_parse_connection(p, s) &&
               sp_sql_parse_options(p, s);
}

static struct sp_sql_node *parse_table(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        return parse_table_head(p, s) && parse_as_query(p, s) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_external_table(struct sp_sql_parser *p,
                                                struct sp_sql_node *s)
{
        s->text = SP_STR("CreateExternalTable");
        if (!sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (sp_sql_is(p, '(') && !sp_sql_parse_column_list(p, s))
                return NULL;
        if (take_kw(p, LIKE) && !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_SOURCE)))
                return NULL;
        if (!parse_default_collate(p, s) || !sp_sql_parse_partition_columns(p, s) ||
            !sp_sql_parse_connection(p, s))
                return NULL;
        if (!kw(p, OPTIONS))
                return sp_sql_expected(p, "keyword OPTIONS");
        return sp_sql_parse_options(p, s) ? sp_sql_end(p, s) : NULL;
}

/* LIVE TABLE: a table that is kept up to date, which BigQuery does not have */
static struct sp_sql_node *parse_live_table(struct sp_sql_parser *p,
                                            struct sp_sql_node *s)
{
        s->text = SP_STR("CreateLiveTable");
        sp_sql_advance(p);
        if (!need_kw(p, TABLE) || !sp_sql_parse_opaque(p, s, "live-table") ||
            !sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !sp_sql_parse_options(p, s) || !need_kw(p, AS) ||
            !sp_sql_add(s, sp_sql_parse_query(p)))
                return NULL;
        return sp_sql_end(p, s);
}

static struct sp_sql_node *parse_snapshot(struct sp_sql_parser *p,
                                          struct sp_sql_node *s)
{
        s->text = SP_STR("CreateSnapshotTable");
        sp_sql_advance(p);
        if (!need_kw(p, TABLE) || !sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        return need_kw(p, CLONE) && sp_sql_parse_data_source(p, s) &&
                               sp_sql_parse_options(p, s)
                       ? sp_sql_end(p, s)
                       : NULL;
}

/* ( name [OPTIONS (…)], … ) */
static bool parse_view_columns(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_take(p, '('))
                return true;
        do {
                struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_CLAUSE),
                                   *name = sp_sql_parse_name(p);

                if (!n || !name || !sp_sql_parse_options(p, n))
                        return false;
                n->op = SP_KW_COLUMN;
                n->text = name->text;
                sp_sql_add(s, sp_sql_end(p, n));
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

/* [MATERIALIZED] [RECURSIVE] VIEW, the cursor on the first of them */
static struct sp_sql_node *parse_view(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        bool is_materialized = take_kw(p, MATERIALIZED);

        s->text = is_materialized ? SP_STR("CreateMaterializedView")
                                  : SP_STR("CreateView");
        if (!is_materialized && take_kw(p, APPROX)) {
                s->text = SP_STR("CreateApproxView");
                if (!sp_sql_parse_opaque(p, s, "approx-view"))
                        return NULL;
        }
        if (take_kw(p, RECURSIVE))
                s->flags |= SP_SQL_F_RECURSIVE;
        if (!need_kw(p, VIEW) || !sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)) ||
            !parse_view_columns(p, s))
                return NULL;
        if (!sp_sql_parse_security(p) ||
            (is_materialized && !sp_sql_parse_partition(p, s)) ||
            !sp_sql_parse_options(p, s) || !need_kw(p, AS))
                return NULL;
        if (is_materialized && kw(p, REPLICA)) {
                sp_sql_advance(p);
                return need_kw(p, OF) && sp_sql_add(s, sp_sql_parse_object(
                                                               p, SP_SQL_N_SOURCE))
                               ? sp_sql_end(p, s)
                               : NULL;
        }
        if (is_materialized && kw(p, GRAPH))
                return sp_sql_unexpected(p);
        return sp_sql_add(s, sp_sql_parse_definition(p)) ? sp_sql_end(p, s) : NULL;
}

static struct sp_sql_node *parse_schema(struct sp_sql_parser *p, struct sp_sql_node *s,
                                        bool is_external)
{
        s->text = is_external ? SP_STR("CreateExternalSchema") : SP_STR("CreateSchema");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_plain_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (!(is_external ? sp_sql_parse_connection(p, s)
                          : parse_default_collate(p, s)))
                return NULL;
        if (is_external && !kw(p, OPTIONS))
                return sp_sql_expected(p, "keyword OPTIONS");
        return sp_sql_parse_options(p, s) ? sp_sql_end(p, s) : NULL;
}

/* ---- row access policies ---- */

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
        if (!need_kw(p, POLICY) || !sp_sql_parse_if_not_exists(p))
                return NULL;
        if (!kw(p, ON) && !sp_sql_parse_name(p))
                return NULL;
        if (!need_kw(p, ON) || !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (take_kw(p, GRANT)) {
                if (!need_kw(p, TO) || !sp_sql_need(p, '(') ||
                    !sp_sql_parse_people(p, s) || !sp_sql_need(p, ')'))
                        return NULL;
        } else if (take_kw(p, TO)) { /* the older form */
                if (!sp_sql_parse_people(p, s))
                        return NULL;
        }
        if (!kw(p, FILTER) && !kw(p, USING))
                return sp_sql_expected(p, "keyword FILTER or keyword USING");
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
                if (!sp_sql_add(s, sp_sql_parse_expr(p)) ||
                    !sp_sql_parse_collation(p, s) || !sp_sql_parse_null_order(p) ||
                    !sp_sql_parse_options(p, s))
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
        if (!need_kw(p, INDEX) || !sp_sql_parse_if_not_exists(p) ||
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
        return sp_sql_parse_if_not_exists(p) &&
                               sp_sql_add(s, sp_sql_parse_plain_object(
                                                     p, SP_SQL_N_TARGET)) &&
                               sp_sql_parse_options(p, s)
                       ? sp_sql_end(p, s)
                       : NULL;
}

/* CREATE CAPACITY … AS JSON '…' */
static struct sp_sql_node *parse_entity(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!parse_plain(p, s, "CreateEntity"))
                return NULL;
        if (take_kw(p, AS) && !sp_sql_parse_entity_body(p, s))
                return NULL;
        return sp_sql_end(p, s);
}

bool sp_sql_parse_entity_body(struct sp_sql_parser *p, struct sp_sql_node *to)
{
        if (!sp_sql_is(p, SP_SQL_T_STRING) && !kw(p, JSON)) {
                sp_sql_unexpected(p);
                return false;
        }
        return sp_sql_add(to, sp_sql_parse_primary(p));
}

static struct sp_sql_node *parse_constant(struct sp_sql_parser *p,
                                          struct sp_sql_node *s)
{
        s->text = SP_STR("CreateConstant");
        sp_sql_advance(p);
        if (!sp_sql_parse_if_not_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_plain_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (!sp_sql_take(p, '='))
                return sp_sql_expected(p, "\".\" or \"=\"");
        return sp_sql_add(s, sp_sql_parse_expr(p)) ? sp_sql_end(p, s) : NULL;
}

/* TEMP, PUBLIC and PRIVATE are for what a session or a module can hold. */
static bool has_scope(const struct sp_sql_parser *p)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
        case SP_KW_TABLE:
        case SP_KW_EXTERNAL:
        case SP_KW_VIEW:
        case SP_KW_RECURSIVE:
        case SP_KW_FUNCTION:
        case SP_KW_AGGREGATE:
        case SP_KW_PROCEDURE:
        case SP_KW_MODEL:
        case SP_KW_CONSTANT:
        case SP_KW_SEQUENCE:
        case SP_KW_PROPERTY:
                return true;
        default:
                return false;
        }
}

/* [UNIQUE] [SEARCH|VECTOR|AI] INDEX, and kinds of a name and options */
static struct sp_sql_node *parse_plain_by_keyword(struct sp_sql_parser *p,
                                                  struct sp_sql_node *s)
{
        switch (sp_sql_token_at(p, 0)->keyword) {
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
                return parse_entity(p, s);
        case SP_KW_CONNECTION:
                return parse_plain(p, s, "CreateConnection");
        case SP_KW_CONSTANT:
                return parse_constant(p, s);
        case SP_KW_DATABASE:
                return parse_plain(p, s, "CreateDatabase");
        case SP_KW_SEQUENCE:
                return sp_sql_parse_opaque(p, s, "sequence")
                               ? parse_plain(p, s, "CreateSequence")
                               : NULL;
        case SP_KW_PRIVILEGE:
                return sp_sql_parse_create_restriction(p, s);
        case SP_KW_PROPERTY:
                return sp_sql_parse_property_graph(p, s);
        default:
                return sp_sql_unexpected(p);
        }
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
                if (kw_at(p, 1, TABLE) && kw_at(p, 2, FUNCTION))
                        return sp_sql_fail(p, sp_sql_here(p),
                                           "CREATE EXTERNAL TABLE FUNCTION is not "
                                           "supported");
                sp_sql_advance(p);
                if (kw(p, SCHEMA))
                        return parse_schema(p, s, true);
                return need_kw(p, TABLE) ? parse_external_table(p, s) : NULL;
        case SP_KW_LIVE:
                return parse_live_table(p, s);
        case SP_KW_SNAPSHOT:
                return parse_snapshot(p, s);
        case SP_KW_VIEW:
        case SP_KW_MATERIALIZED:
        case SP_KW_RECURSIVE:
        case SP_KW_APPROX:
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
        default:
                return parse_plain_by_keyword(p, s);
        }
}

/* CREATE [OR REPLACE] [TEMP|PUBLIC|PRIVATE] */
static struct sp_sql_node *parse_create_head(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Create", SP_SQL_CREATE, sp_sql_here(p));

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (take_kw(p, OR)) {
                if (!need_kw(p, REPLACE))
                        return NULL;
                if (kw(p, DATABASE))
                        return sp_sql_unexpected(p);
        }
        if (take_kw(p, TEMP) || take_kw(p, TEMPORARY))
                s->flags |= SP_SQL_F_TEMP;
        else if (!take_kw(p, PUBLIC) && !take_kw(p, PRIVATE))
                return s;
        if (kw(p, LIVE))
                return sp_sql_fail(p, p->tokens[p->at - 1].start,
                                   "TEMP, TEMPORARY, PUBLIC, or PRIVATE modifiers are "
                                   "not supported for LIVE TABLE");
        return has_scope(p) ? s : sp_sql_unexpected(p);
}

struct sp_sql_node *sp_sql_parse_create_prefix(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = parse_create_head(p);

        return s && need_kw(p, TABLE) && parse_table_head(p, s) ? sp_sql_end(p, s)
                                                                : NULL;
}

struct sp_sql_node *sp_sql_parse_create(struct sp_sql_parser *p)
{
        struct sp_sql_node *s = parse_create_head(p);

        return s ? parse_object_by_keyword(p, s) : NULL;
}
