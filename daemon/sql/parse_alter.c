/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER and DROP. */
#include "daemon/sql/parser.h"

/* An object named by one to three words. */
struct object {
        uint16_t words[3];
        const char *alter, *drop; /* kinds; NULL: not that way */
};

static const struct object objects[] = {
        { { SP_KW_TABLE, SP_KW_FUNCTION }, NULL, "DropTableFunction" },
        { { SP_KW_TABLE }, "AlterTable", "DropTable" },
        { { SP_KW_EXTERNAL, SP_KW_TABLE }, NULL, "Drop" },
        { { SP_KW_EXTERNAL, SP_KW_SCHEMA }, "AlterExternalSchema", "Drop" },
        { { SP_KW_SNAPSHOT, SP_KW_TABLE }, NULL, "DropSnapshotTable" },
        { { SP_KW_MATERIALIZED, SP_KW_VIEW },
          "AlterMaterializedView",
          "DropMaterializedView" },
        { { SP_KW_VIEW }, "AlterView", "Drop" },
        { { SP_KW_SCHEMA }, "AlterSchema", "Drop" },
        { { SP_KW_DATABASE }, "AlterDatabase", "Drop" },
        { { SP_KW_AGGREGATE, SP_KW_FUNCTION }, NULL, "DropFunction" },
        { { SP_KW_FUNCTION }, NULL, "DropFunction" },
        { { SP_KW_PROCEDURE }, NULL, "Drop" },
        { { SP_KW_CONSTANT }, NULL, "Drop" },
        { { SP_KW_MODEL }, "AlterModel", "Drop" },
        { { SP_KW_CONNECTION }, "AlterConnection", "Drop" },
        { { SP_KW_PROJECT }, "AlterProject", NULL },
        { { SP_KW_ORGANIZATION }, "AlterOrganization", NULL },
        { { SP_KW_BI_CAPACITY }, "AlterEntity", NULL },
        { { SP_KW_CAPACITY }, "AlterEntity", "DropEntity" },
        { { SP_KW_RESERVATION }, "AlterEntity", "DropEntity" },
        { { SP_KW_ASSIGNMENT }, "AlterEntity", "DropEntity" },
        { { SP_KW_DATA_POLICY }, "AlterEntity", "DropEntity" },
        { { SP_KW_SEARCH, SP_KW_INDEX }, "AlterIndex", "DropSearchIndex" },
        { { SP_KW_VECTOR, SP_KW_INDEX }, "AlterIndex", "DropVectorIndex" },
        { { SP_KW_INDEX }, NULL, "Drop" },
};

static const struct object *take_object(struct sp_sql_parser *p)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(objects); i++) {
                const struct object *o = &objects[i];
                size_t n = 0;

                while (n < SP_ARRAY_SIZE(o->words) && o->words[n] &&
                       sp_sql_kw_at(p, n, o->words[n]))
                        n++;
                if (n == SP_ARRAY_SIZE(o->words) || !o->words[n]) {
                        while (n--)
                                sp_sql_advance(p);
                        return o;
                }
        }
        return NULL;
}

/* ---- ALTER: one action each ---- */

static bool parse_set_options(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!need_kw(p, OPTIONS))
                return false;
        return sp_sql_parse_option_list(p, s);
}

static bool parse_set(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, DEFAULT))
                return need_kw(p, COLLATE) && sp_sql_add(s, sp_sql_parse_primary(p));
        return parse_set_options(p, s);
}

static bool parse_alter_column(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_parse_if_exists(p) || !sp_sql_parse_path(p))
                return false;
        if (take_kw(p, DROP)) {
                if (take_kw(p, NOT))
                        return need_kw(p, NULL);
                return take_kw(p, GENERATED) || need_kw(p, DEFAULT);
        }
        if (!need_kw(p, SET))
                return false;
        if (take_kw(p, DATA)) {
                if (!need_kw(p, TYPE) || !sp_sql_add(s, sp_sql_parse_type(p)))
                        return false;
                if (take_kw(p, NOT) && !need_kw(p, NULL))
                        return false;
                return sp_sql_parse_options(p, s);
        }
        if (take_kw(p, DEFAULT))
                return sp_sql_add(s, sp_sql_parse_expr(p));
        if (take_kw(p, GENERATED))
                return need_kw(p, AS) && need_kw(p, IDENTITY) &&
                       sp_sql_parse_identity(p, s);
        return parse_set_options(p, s);
}

static bool parse_alter_constraint(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_parse_if_exists(p) || !sp_sql_parse_name(p))
                return false;
        if (take_kw(p, SET))
                return parse_set_options(p, s);
        (void)take_kw(p, NOT);
        return need_kw(p, ENFORCED);
}

static bool parse_add_column(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_parse_if_exists(p) || !sp_sql_parse_column(p, s))
                return false;
        if ((take_kw(p, PRECEDING) || take_kw(p, FOLLOWING)) && !sp_sql_parse_name(p))
                return false;
        if (!take_kw(p, FILL))
                return true;
        return need_kw(p, USING) && sp_sql_add(s, sp_sql_parse_expr(p));
}

static bool parse_add(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, COLUMN))
                return parse_add_column(p, s);
        if (take_kw(p, REPLICA))
                return sp_sql_parse_name(p) && sp_sql_parse_options(p, s);
        if (kw(p, ROW) && kw_at(p, 1, DELETION)) {
                sp_sql_unsupported(p, sp_sql_here(p), "ADD ROW DELETION POLICY");
                return false;
        }
        return sp_sql_parse_constraint(p, s);
}

static bool parse_drop_part(struct sp_sql_parser *p)
{
        if (take_kw(p, COLUMN) || take_kw(p, CONSTRAINT))
                return sp_sql_parse_if_exists(p) && sp_sql_parse_name(p);
        if (take_kw(p, REPLICA))
                return sp_sql_parse_if_exists(p) && sp_sql_parse_name(p);
        return need_kw(p, PRIMARY) && need_kw(p, KEY) && sp_sql_parse_if_exists(p);
}

static bool parse_rename(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, COLUMN))
                return sp_sql_parse_if_exists(p) && sp_sql_parse_name(p) &&
                       need_kw(p, TO) && sp_sql_parse_name(p);
        return need_kw(p, TO) && sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET));
}

static bool parse_action(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, SET))
                return parse_set(p, s);
        if (take_kw(p, ADD))
                return parse_add(p, s);
        if (take_kw(p, DROP))
                return parse_drop_part(p);
        if (take_kw(p, RENAME))
                return parse_rename(p, s);
        if (take_kw(p, REBUILD))
                return true;
        if (take_kw(p, ALTER)) {
                if (take_kw(p, CONSTRAINT))
                        return parse_alter_constraint(p, s);
                return need_kw(p, COLUMN) && parse_alter_column(p, s);
        }
        sp_sql_unexpected(p);
        return false;
}

/* ---- row access policies ---- */

static bool parse_people(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_need(p, '('))
                return false;
        do {
                if (!sp_sql_is(p, SP_SQL_T_STRING) && !sp_sql_is(p, '@') &&
                    !sp_sql_is(p, '?') && !sp_sql_is(p, SP_SQL_T_SYSTEM)) {
                        sp_sql_expected(p, "\"@\" or \"@@\" or string literal");
                        return false;
                }
                if (!sp_sql_add(s, sp_sql_parse_primary(p)))
                        return false;
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static bool parse_policy_action(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, GRANT))
                return need_kw(p, TO) && parse_people(p, s);
        if (take_kw(p, REVOKE))
                return need_kw(p, FROM) && (take_kw(p, ALL) || parse_people(p, s));
        if (take_kw(p, RENAME))
                return need_kw(p, TO) && sp_sql_parse_name(p);
        (void)take_kw(p, FILTER);
        return need_kw(p, USING) && sp_sql_need(p, '(') &&
               sp_sql_add(s, sp_sql_parse_expr(p)) && sp_sql_need(p, ')');
}

static struct sp_sql_node *parse_alter_policy(struct sp_sql_parser *p,
                                              struct sp_sql_node *s)
{
        bool is_all = take_kw(p, ALL);

        s->text = is_all ? SP_STR("AlterAllRowAccessPolicies")
                         : SP_STR("AlterRowAccessPolicy");
        if (!need_kw(p, ROW) || !need_kw(p, ACCESS))
                return NULL;
        if (is_all ? !need_kw(p, POLICIES)
                   : !need_kw(p, POLICY) || !sp_sql_parse_if_exists(p) ||
                             !sp_sql_parse_name(p))
                return NULL;
        if (!need_kw(p, ON) || !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        do
                if (!parse_policy_action(p, s))
                        return NULL;
        while (!is_all && sp_sql_take(p, ','));
        return sp_sql_end(p, s);
}

struct sp_sql_node *sp_sql_parse_alter(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Alter", SP_SQL_ALTER, sp_sql_here(p));
        const struct object *o;

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if ((kw(p, ALL) && kw_at(p, 1, ROW)) || (kw(p, ROW) && kw_at(p, 1, ACCESS)))
                return parse_alter_policy(p, s);
        o = take_object(p);
        if (!o || !o->alter)
                return sp_sql_unexpected(p);
        s->text = sp_str_c(o->alter);
        if (!sp_sql_parse_if_exists(p))
                return NULL;
        /* PROJECT and ORGANIZATION need no name */
        if (!((o->words[0] == SP_KW_PROJECT || o->words[0] == SP_KW_ORGANIZATION) &&
              kw(p, SET)) &&
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (take_kw(p, ON) && !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        do
                if (!parse_action(p, s))
                        return NULL;
        while (sp_sql_take(p, ','));
        return sp_sql_end(p, s);
}

/* ---- DROP ---- */

/* ( [name] type, … ) of a function: which overload */
static bool parse_signature(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_take(p, '(') || sp_sql_take(p, ')'))
                return true;
        do {
                if (sp_sql_is_name(p) && !sp_sql_is_at(p, 1, ',') &&
                    !sp_sql_is_at(p, 1, ')') && !sp_sql_is_at(p, 1, '.') &&
                    !sp_sql_is_at(p, 1, '<') && !sp_sql_is_at(p, 1, '(') &&
                    !sp_sql_parse_name(p))
                        return false;
                if (take_kw(p, ANY)) {
                        if (sp_sql_token_at(p, 0)->type != SP_SQL_T_WORD) {
                                sp_sql_unexpected(p);
                                return false;
                        }
                        sp_sql_advance(p);
                } else if (!sp_sql_add(s, sp_sql_parse_type(p))) {
                        return false;
                }
        } while (sp_sql_take(p, ','));
        return sp_sql_need(p, ')');
}

static struct sp_sql_node *parse_drop_policy(struct sp_sql_parser *p,
                                             struct sp_sql_node *s)
{
        if (take_kw(p, ALL)) {
                s->text = SP_STR("DropAllRowAccessPolicies");
                (void)take_kw(p, ROW);
                if ((kw(p, ACCESS) && !need_kw(p, ACCESS)) || !need_kw(p, POLICIES))
                        return NULL;
        } else {
                s->text = SP_STR("DropRowAccessPolicy");
                sp_sql_advance(p);
                if (!need_kw(p, ACCESS) || !need_kw(p, POLICY) ||
                    !sp_sql_parse_if_exists(p) ||
                    !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                        return NULL;
        }
        if (!need_kw(p, ON) || !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        return sp_sql_end(p, s);
}

struct sp_sql_node *sp_sql_parse_drop(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Drop", SP_SQL_DROP, sp_sql_here(p));
        const struct object *o;

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (kw(p, ALL) || (kw(p, ROW) && kw_at(p, 1, ACCESS)))
                return parse_drop_policy(p, s);
        if (kw(p, PROPERTY))
                return sp_sql_unsupported(p, sp_sql_here(p), "DROP PROPERTY GRAPH");
        o = take_object(p);
        if (!o || !o->drop)
                return sp_sql_unexpected(p);
        s->text = sp_str_c(o->drop);
        if (!sp_sql_parse_if_exists(p) ||
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        if (o->words[0] == SP_KW_FUNCTION || o->words[0] == SP_KW_AGGREGATE) {
                if (!parse_signature(p, s))
                        return NULL;
        } else if (take_kw(p, ON)) {
                if (!sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                        return NULL;
        } else if (o->words[0] == SP_KW_SCHEMA && !take_kw(p, CASCADE)) {
                (void)take_kw(p, RESTRICT);
        }
        return sp_sql_end(p, s);
}
