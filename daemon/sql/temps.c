/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql/temps.h"

#include "daemon/sql/name.h"

static const struct sp_sql_node *child(const struct sp_sql_node *n,
                                       enum sp_sql_node_kind kind)
{
        const struct sp_sql_node *c = n->first;

        while (c && c->kind != kind)
                c = c->next;
        return c;
}

static bool is_transaction(const struct sp_sql_node *statement)
{
        return sp_str_eq(statement->text, SP_STR("Begin")) &&
               !child(statement, SP_SQL_N_BLOCK);
}

static bool look_at(struct sp_sql_parser *p, const struct sp_sql_node *s,
                    bool is_branch, struct sp_sql_temps *t)
{
        if (s->op == SP_SQL_EXECUTE || s->op == SP_SQL_CALL ||
            (is_branch && is_transaction(s)))
                t->is_dynamic = true;
        if (s->op != SP_SQL_ALTER && !(is_branch && s->op == SP_SQL_DROP))
                return true;
        for (const struct sp_sql_node *c = s->first; c; c = c->next)
                if (c->kind == SP_SQL_N_TARGET &&
                    !sp_sql_scope_add(p, &t->doubtful, sp_sql_implicit_alias(c->first)))
                        return false;
        return true;
}

static bool look(struct sp_sql_parser *p, const struct sp_sql_node *n, bool is_branch,
                 struct sp_sql_temps *t)
{
        for (const struct sp_sql_node *c = n->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_BLOCK)
                        ok = look(p, c, is_branch || !(c->flags & SP_SQL_F_ALWAYS), t);
                else if (c->kind == SP_SQL_N_STATEMENT)
                        ok = look_at(p, c, is_branch, t) && look(p, c, is_branch, t);
                if (!ok)
                        return false;
        }
        return true;
}

bool sp_sql_temps_look_ahead(struct sp_sql_parser *p, const struct sp_sql_node *script,
                             struct sp_sql_temps *ret)
{
        *ret = (struct sp_sql_temps){ 0 };
        return look(p, script, false, ret);
}

static bool make(struct sp_sql_parser *p, const struct sp_sql_temps *t,
                 const struct sp_sql_node *path, const struct sp_sql_name **temps)
{
        if (t->is_dynamic || t->is_undoable || path->first != path->last ||
            memchr(path->first->text.p, '.', path->first->text.n) ||
            sp_sql_scope_has(t->doubtful, path->first->text, false))
                return true;
        return sp_sql_scope_add(p, temps, path->first->text);
}

/* The list without the name, in any spelling. */
static bool drop(struct sp_sql_parser *p, struct sp_str name,
                 const struct sp_sql_name **temps)
{
        const struct sp_sql_name *kept = NULL;

        if (!sp_sql_scope_has(*temps, name, false))
                return true;
        for (const struct sp_sql_name *n = *temps; n; n = n->next)
                if (!sp_sql_name_eq(n->text, name) &&
                    !sp_sql_scope_add(p, &kept, n->text))
                        return false;
        *temps = kept;
        return true;
}

bool sp_sql_temps_after(struct sp_sql_parser *p, struct sp_sql_temps *t,
                        const struct sp_sql_node *s, const struct sp_sql_name **temps)
{
        bool makes =
                s->flags & SP_SQL_F_TEMP && sp_str_eq(s->text, SP_STR("CreateTable"));

        if (is_transaction(s))
                t->is_undoable = true;
        if (!makes && s->op != SP_SQL_DROP)
                return true;
        for (const struct sp_sql_node *c = s->first; c; c = c->next) {
                bool ok = true;

                if (c->kind == SP_SQL_N_TARGET && makes)
                        ok = make(p, t, c->first, temps);
                else if (c->kind == SP_SQL_N_TARGET)
                        ok = drop(p, sp_sql_implicit_alias(c->first), temps);
                if (!ok)
                        return false;
        }
        return true;
}
