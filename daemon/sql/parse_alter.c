/* SPDX-License-Identifier: Apache-2.0 */
/* ALTER and DROP. */
#include "daemon/sql/parser.h"

#include <stdio.h>

/* An object named by one to three words. */
struct object {
        uint16_t words[3];
        bool may_be_dashed; /* the name */
        bool has_table; /* DROP … ON t */
        const char *alter, *drop; /* kinds; NULL: not that way */
        const char *opaque; /* what BigQuery does not have */
};

static const struct object objects[] = {
        { { SP_KW_TABLE, SP_KW_FUNCTION }, true, false, NULL, "DropTableFunction" },
        { { SP_KW_TABLE }, true, false, "AlterTable", "DropTable" },
        { { SP_KW_EXTERNAL, SP_KW_TABLE }, true, false, NULL, "Drop" },
        { { SP_KW_EXTERNAL, SP_KW_SCHEMA },
          false,
          false,
          "AlterExternalSchema",
          "Drop" },
        { { SP_KW_SNAPSHOT, SP_KW_TABLE }, true, false, NULL, "DropSnapshotTable" },
        { { SP_KW_MATERIALIZED, SP_KW_VIEW },
          true,
          false,
          "AlterMaterializedView",
          "DropMaterializedView" },
        { { SP_KW_VIEW }, true, false, "AlterView", "Drop" },
        { { SP_KW_APPROX, SP_KW_VIEW },
          false,
          false,
          "AlterApproxView",
          "Drop",
          "approx-view" },
        { { SP_KW_SEQUENCE }, false, false, "AlterSequence", "Drop", "sequence" },
        { { SP_KW_LIVE, SP_KW_TABLE }, true, false, NULL, "Drop", "live-table" },
        { { SP_KW_SCHEMA }, false, false, "AlterSchema", "Drop" },
        { { SP_KW_DATABASE }, false, false, "AlterDatabase", "Drop" },
        { { SP_KW_AGGREGATE, SP_KW_FUNCTION }, false, false, NULL, NULL },
        { { SP_KW_FUNCTION }, false, false, NULL, "DropFunction" },
        { { SP_KW_PROCEDURE }, false, false, NULL, "Drop" },
        { { SP_KW_CONSTANT }, false, false, NULL, "Drop" },
        { { SP_KW_MODEL }, false, false, "AlterModel", "Drop" },
        { { SP_KW_CONNECTION }, false, false, "AlterConnection", "Drop" },
        { { SP_KW_PROJECT }, false, false, "AlterProject", NULL },
        { { SP_KW_ORGANIZATION }, false, false, "AlterOrganization", NULL },
        { { SP_KW_BI_CAPACITY }, false, false, "AlterEntity", NULL },
        { { SP_KW_CAPACITY }, false, false, "AlterEntity", "DropEntity" },
        { { SP_KW_RESERVATION }, false, false, "AlterEntity", "DropEntity" },
        { { SP_KW_ASSIGNMENT }, false, false, "AlterEntity", "DropEntity" },
        { { SP_KW_DATA_POLICY }, false, false, "AlterEntity", "DropEntity" },
        { { SP_KW_SEARCH, SP_KW_INDEX }, false, true, "AlterIndex", "DropSearchIndex" },
        { { SP_KW_VECTOR, SP_KW_INDEX }, false, true, "AlterIndex", "DropVectorIndex" },
        { { SP_KW_INDEX }, false, false, NULL, "Drop" },
        { { SP_KW_PROPERTY, SP_KW_GRAPH }, false, false, NULL, "Drop", "graph" },
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

static struct sp_sql_node *parse_name_of(struct sp_sql_parser *p,
                                         const struct object *o)
{
        struct sp_sql_node *n = o->may_be_dashed
                                        ? sp_sql_parse_object(p, SP_SQL_N_TARGET)
                                        : sp_sql_parse_plain_object(p, SP_SQL_N_TARGET);
        unsigned what = o->words[1] ? o->words[1] : o->words[0];

        if (n &&
            (what == SP_KW_FUNCTION || what == SP_KW_PROCEDURE || what == SP_KW_MODEL))
                n->op = (uint16_t)what;
        return n;
}

/* "ALTER FUNCTION is not supported", with the words between `at` and the cursor */
static struct sp_sql_node *refuse_object(struct sp_sql_parser *p, uint32_t at,
                                         const char *verb)
{
        struct sp_str words = sp_str(p->text.p + at, sp_sql_behind(p) - at);
        char what[80];

        snprintf(what, sizeof(what), "%s %.*s", verb, SP_FMT(sp_str_sub(words, 0, 40)));
        return sp_sql_unsupported(p, at, what);
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
        if (take_kw(p, DEFAULT)) {
                if (kw(p, COLLATE))
                        return sp_sql_parse_collation(p, s);
                sp_sql_expected(p, "keyword COLLATE");
                return false;
        }
        if (take_kw(p, AS))
                return sp_sql_parse_entity_body(p, s);
        if (kw(p, OPTIONS))
                return parse_set_options(p, s);
        sp_sql_expected(p, "keyword AS or keyword DEFAULT or keyword ON or keyword "
                           "OPTIONS");
        return false;
}

/* [ADD|REPLACE|DROP] ROW DELETION POLICY: of a database that deletes rows by age */
static bool parse_row_deletion(struct sp_sql_parser *p, const char *what, bool has_body)
{
        uint32_t at = sp_sql_here(p);
        bool ok = need_kw(p, ROW) && need_kw(p, DELETION) && need_kw(p, POLICY) &&
                  (kw_at(p, 1, NOT) ? sp_sql_parse_if_not_exists(p)
                                    : sp_sql_parse_if_exists(p));

        if (ok && has_body)
                ok = sp_sql_need(p, '(') && sp_sql_parse_expr(p) && sp_sql_need(p, ')');
        else if (ok && sp_sql_is(p, '('))
                sp_sql_expected(p, "end of input");
        if (ok)
                sp_sql_unsupported(p, at, what);
        return false;
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

static bool parse_alter_replica(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        return sp_sql_parse_if_exists(p) && sp_sql_parse_name(p) && need_kw(p, SET) &&
               parse_set_options(p, s);
}

static bool parse_add_column(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (!sp_sql_parse_if_not_exists(p) || !sp_sql_parse_column(p, s))
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
        if (kw(p, ROW))
                return parse_row_deletion(p, "ADD ROW DELETION POLICY clause", true);
        return sp_sql_parse_constraint(p, s);
}

static bool parse_drop_part(struct sp_sql_parser *p)
{
        if (kw(p, ROW))
                return parse_row_deletion(p, "DROP ROW DELETION POLICY clause", false);
        if (take_kw(p, COLUMN) || take_kw(p, CONSTRAINT))
                return sp_sql_parse_if_exists(p) && sp_sql_parse_name(p);
        if (take_kw(p, REPLICA))
                return sp_sql_parse_if_exists(p) && sp_sql_parse_name(p);
        if (take_kw(p, PRIMARY))
                return need_kw(p, KEY) && sp_sql_parse_if_exists(p);
        sp_sql_unexpected(p);
        return false;
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
        if (take_kw(p, REPLACE))
                return parse_row_deletion(p, "REPLACE ROW DELETION POLICY clause",
                                          true);
        if (take_kw(p, REBUILD))
                return true;
        if (take_kw(p, ALTER)) {
                if (take_kw(p, CONSTRAINT))
                        return parse_alter_constraint(p, s);
                if (take_kw(p, REPLICA))
                        return parse_alter_replica(p, s);
                return need_kw(p, COLUMN) && parse_alter_column(p, s);
        }
        sp_sql_unexpected(p);
        return false;
}

/* ---- row access policies ---- */

static bool parse_people(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        return sp_sql_need(p, '(') && sp_sql_parse_people(p, s) && sp_sql_need(p, ')');
}

static bool parse_policy_action(struct sp_sql_parser *p, struct sp_sql_node *s)
{
        if (take_kw(p, GRANT))
                return need_kw(p, TO) && parse_people(p, s);
        if (take_kw(p, REVOKE)) {
                if (!need_kw(p, FROM))
                        return false;
                if (!kw(p, ALL) && !sp_sql_is(p, '(')) {
                        sp_sql_expected(p, "\"(\" or keyword ALL");
                        return false;
                }
                return take_kw(p, ALL) || parse_people(p, s);
        }
        if (take_kw(p, RENAME))
                return need_kw(p, TO) && sp_sql_parse_name(p);
        if (take_kw(p, FILTER))
                return need_kw(p, USING) && sp_sql_need(p, '(') &&
                       sp_sql_add(s, sp_sql_parse_expr(p)) && sp_sql_need(p, ')');
        sp_sql_unexpected(p);
        return false;
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
        uint32_t at;

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if ((kw(p, ALL) && kw_at(p, 1, ROW)) || (kw(p, ROW) && kw_at(p, 1, ACCESS)))
                return parse_alter_policy(p, s);
        if (kw(p, PRIVILEGE))
                return sp_sql_parse_alter_restriction(p, s);
        at = sp_sql_here(p);
        o = take_object(p);
        if (!o)
                return sp_sql_unexpected(p);
        if (!o->alter)
                return refuse_object(p, at, "ALTER");
        s->text = sp_str_c(o->alter);
        if ((o->opaque && !sp_sql_parse_opaque(p, s, o->opaque)) ||
            !sp_sql_parse_if_exists(p))
                return NULL;
        /* PROJECT and ORGANIZATION need no name */
        if (!((o->words[0] == SP_KW_PROJECT || o->words[0] == SP_KW_ORGANIZATION) &&
              kw(p, SET)) &&
            !sp_sql_add(s, parse_name_of(p, o)))
                return NULL;
        if (o->has_table && take_kw(p, ON) &&
            !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
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

/* one name, as the path of a target */
static struct sp_sql_node *parse_policy_name(struct sp_sql_parser *p)
{
        struct sp_sql_node *n = sp_sql_node_new(p, SP_SQL_N_TARGET),
                           *path = sp_sql_node_new(p, SP_SQL_N_PATH);

        if (!n || !path || !sp_sql_add(path, sp_sql_parse_name(p)))
                return NULL;
        sp_sql_add(n, sp_sql_end(p, path));
        return sp_sql_end(p, n);
}

static struct sp_sql_node *parse_drop_policy(struct sp_sql_parser *p,
                                             struct sp_sql_node *s)
{
        if (take_kw(p, ALL)) {
                s->text = SP_STR("DropAllRowAccessPolicies");
                if (!need_kw(p, ROW))
                        return NULL;
                (void)take_kw(p, ACCESS);
                if (!need_kw(p, POLICIES))
                        return NULL;
        } else {
                s->text = SP_STR("DropRowAccessPolicy");
                sp_sql_advance(p);
                if (!need_kw(p, ACCESS) || !need_kw(p, POLICY) ||
                    !sp_sql_parse_if_exists(p) || !sp_sql_add(s, parse_policy_name(p)))
                        return NULL;
        }
        if (!need_kw(p, ON) || !sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET)))
                return NULL;
        return sp_sql_end(p, s);
}

/* What may stand behind the name. */
static bool parse_drop_tail(struct sp_sql_parser *p, struct sp_sql_node *s,
                            const struct object *o)
{
        bool is_function = o->words[0] == SP_KW_FUNCTION;

        if (sp_sql_is(p, '(') && !is_function) {
                bool is_table_function = o->words[1] == SP_KW_FUNCTION;

                if (o->words[0] == SP_KW_TABLE && !is_table_function)
                        sp_sql_unexpected(p);
                else
                        sp_sql_fail(p, sp_sql_here(p), "%s",
                                    is_table_function
                                            ? "Parameters are not supported for DROP "
                                              "TABLE FUNCTION because table functions "
                                              "don't support overloading"
                                            : "Parameters are only supported for DROP "
                                              "FUNCTION");
                return false;
        }
        if (is_function && !parse_signature(p, s))
                return false;
        if (o->has_table && take_kw(p, ON))
                return sp_sql_add(s, sp_sql_parse_object(p, SP_SQL_N_TARGET));
        if (kw(p, CASCADE) || kw(p, RESTRICT)) {
                if (o->words[0] != SP_KW_SCHEMA) {
                        sp_sql_fail(p, sp_sql_here(p), "'%s' is not supported for DROP",
                                    kw(p, CASCADE) ? "CASCADE" : "RESTRICT");
                        return false;
                }
                sp_sql_advance(p);
        }
        return true;
}

struct sp_sql_node *sp_sql_parse_drop(struct sp_sql_parser *p)
{
        struct sp_sql_node *s =
                sp_sql_statement_new(p, "Drop", SP_SQL_DROP, sp_sql_here(p));
        const struct object *o;
        uint32_t at;

        if (!s)
                return NULL;
        sp_sql_advance(p);
        if (kw(p, ALL) || (kw(p, ROW) && kw_at(p, 1, ACCESS)))
                return parse_drop_policy(p, s);
        if (kw(p, PRIVILEGE))
                return sp_sql_parse_drop_restriction(p, s);
        at = sp_sql_here(p);
        o = take_object(p);
        if (!o)
                return sp_sql_unexpected(p);
        if (!o->drop)
                return refuse_object(p, at, "DROP");
        s->text = sp_str_c(o->drop);
        if ((o->opaque && !sp_sql_parse_opaque(p, s, o->opaque)) ||
            !sp_sql_parse_if_exists(p) || !sp_sql_add(s, parse_name_of(p, o)))
                return NULL;
        return parse_drop_tail(p, s, o) ? sp_sql_end(p, s) : NULL;
}
