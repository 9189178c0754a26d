/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rewriting is a splice of bytes; whether the result means what it should is asked
 * of the parser once more. A mistake of ours or a form not thought of becomes a denial.
 */
#include <errno.h>

#include "daemon/mask/plan.h"
#include "daemon/sql/ast.h"
#include "daemon/sql/name.h"

static int refuse(struct sp_err *err, const char *what)
{
        return sp_err_set(err, -EPERM, "mask.verify", "",
                          "the masked statement could not be confirmed: %s", what);
}

/* Whether the parts, joined by dots, are `name`. */
static bool parts_are(const struct sp_sql_table *t, struct sp_str name)
{
        for (size_t i = 0; i < t->n_parts; i++) {
                if (i && !sp_str_starts(name, SP_STR(".")))
                        return false;
                name = sp_str_sub(name, i ? 1 : 0, name.n);
                if (!sp_str_starts(name, t->parts[i]))
                        return false;
                name = sp_str_sub(name, t->parts[i].n, name.n);
        }
        return t->n_parts && !name.n;
}

static bool same_mention(const struct sp_sql_table *a, const struct sp_sql_table *b)
{
        if (a->n_parts != b->n_parts || a->is_target != b->is_target ||
            a->is_read != b->is_read || a->is_wildcard != b->is_wildcard ||
            a->is_argument != b->is_argument ||
            a->is_time_travel != b->is_time_travel || !sp_str_eq(a->alias, b->alias))
                return false;
        for (size_t i = 0; i < a->n_parts; i++)
                if (!sp_str_eq(a->parts[i], b->parts[i]))
                        return false;
        return true;
}

static bool is_by_name(const struct sp_sql_table *is, const struct sp_mask_mention *m)
{
        return parts_are(is, m->name) && is->is_read && !is->is_target &&
               !is->is_argument && is->is_wildcard == m->was->is_wildcard &&
               is->is_time_travel == m->was->is_time_travel &&
               is->is_sampled == m->was->is_sampled;
}

static bool is_expected(const struct sp_sql_table *is, const struct sp_mask_mention *m)
{
        if (m->how == SP_MASK_LEFT)
                return same_mention(m->was, is);
        return is_by_name(is, m) &&
               (m->how == SP_MASK_REPLACED || sp_sql_name_eq(m->was->alias, is->alias));
}

/* A view of the target that was written out is no other table any more. */
static bool same_where(const struct sp_sql_statement *was,
                       const struct sp_sql_statement *is)
{
        return is->where == was->where || is->where == was->where_among_own;
}

static const char *compare_statement(const struct sp_sql_statement *was,
                                     const struct sp_sql_statement *is,
                                     const struct sp_mask_mention *mentions, size_t n)
{
        if (strcmp(was->kind, is->kind) != 0 || was->action != is->action ||
            !same_where(was, is) || was->is_temporary != is->is_temporary ||
            was->n_opaque != is->n_opaque)
                return "a statement changed its kind";
        if (n != is->n_tables)
                return "the tables are not the same";
        for (size_t i = 0; i < n; i++)
                if (!is_expected(&is->tables[i], &mentions[i]))
                        return "a table is not the same";
        return NULL;
}

static size_t count_calls(const struct sp_sql_script *s, struct sp_str name)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_statements; i++)
                for (size_t k = 0; k < s->statements[i].n_functions; k++)
                        n += sp_str_caseeq(s->statements[i].functions[k].name, name);
        return n;
}

/* A function that the script makes may not be one that a mask calls: it would be given the
 * raw value. */
static bool calls_alike(const struct sp_sql_script *was, const struct sp_sql_script *is)
{
        for (size_t i = 0; i < was->n_statements; i++)
                for (size_t k = 0; k < was->statements[i].n_tables; k++) {
                        const struct sp_sql_table *t = &was->statements[i].tables[k];

                        if (t->is_target && t->is_routine && t->n_parts &&
                            count_calls(was, t->parts[t->n_parts - 1]) !=
                                    count_calls(is, t->parts[t->n_parts - 1]))
                                return false;
                }
        return true;
}

static bool has_salt(const struct sp_sql_node *n)
{
        bool has = n->kind == SP_SQL_N_PARAM &&
                   sp_str_caseeq(n->text, SP_STR(SP_MASK_SALT_PARAMETER));

        for (const struct sp_sql_node *c = n->first; c && !has; c = c->next)
                has = has_salt(c);
        return has;
}

/* The parameter that a hash needs means something in a query, in DML and in CREATE TABLE AS,
 * not in what is stored as text. As deep as the parser lets a text be. */
static bool stores_salt(const struct sp_sql_node *n)
{
        bool stores = n->kind == SP_SQL_N_STATEMENT && n->op == SP_SQL_CREATE &&
                      !sp_str_eq(n->text, SP_STR("CreateTable")) && has_salt(n);

        for (const struct sp_sql_node *c = n->first; c && !stores; c = c->next)
                if (c->kind == SP_SQL_N_STATEMENT || c->kind == SP_SQL_N_BLOCK)
                        stores = stores_salt(c);
        return stores;
}

int sp_mask_verify(struct sp_arena *a, const struct sp_mask_input *in,
                   const struct sp_mask_mention *mentions, const size_t *counts,
                   struct sp_str text, struct sp_err *reterr)
{
        const struct sp_sql_script *was = in->script;
        struct sp_sql_script *is = NULL;
        struct sp_err why = SP_ERR_NULL;
        size_t first = 0, mention = 0;
        int r = sp_sql_parse(a, text, &is, &why);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return refuse(reterr, "it does not parse");
        if (was->n_statements != is->n_statements || was->is_script != is->is_script ||
            was->n_positional != is->n_positional)
                return refuse(reterr, "the statements are not the same");
        if (stores_salt(is->root))
                return sp_err_set(
                        reterr, -EPERM, "mask.stored-hash", "",
                        "a column with a hash mask is read in a view or the body "
                        "of a function, where its key cannot be");
        if (!calls_alike(was, is))
                return refuse(reterr,
                              "a function it makes has the name of one that masks use");
        for (size_t i = 0; i < was->n_statements; i++) {
                const char *wrong;
                size_t n = 0;

                for (size_t k = 0; k < was->statements[i].n_tables; k++)
                        n += counts[mention++];
                wrong = compare_statement(&was->statements[i], &is->statements[i],
                                          mentions + first, n);
                if (wrong)
                        return refuse(reterr, wrong);
                first += n;
        }
        return 0;
}
