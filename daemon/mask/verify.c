/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rewriting is a splice of bytes; whether the result means what it should is asked
 * of the parser once more. A mistake of ours or a form not thought of becomes a denial.
 */
#include <errno.h>

#include "daemon/mask/plan.h"

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

static bool is_replacement(const struct sp_sql_table *was,
                           const struct sp_sql_table *is, struct sp_str name)
{
        return parts_are(is, name) && is->is_read && !is->is_target &&
               !is->is_argument && !is->is_wildcard &&
               is->is_time_travel == was->is_time_travel &&
               is->is_sampled == was->is_sampled;
}

static const char *compare_statement(const struct sp_mask_input *in,
                                     const struct sp_sql_statement *was,
                                     const struct sp_sql_statement *is,
                                     const bool *replaced, size_t first)
{
        if (strcmp(was->kind, is->kind) != 0 || was->action != is->action ||
            was->where != is->where || was->is_temporary != is->is_temporary ||
            was->n_opaque != is->n_opaque)
                return "a statement changed its kind";
        if (was->n_tables != is->n_tables)
                return "the tables are not the same";
        for (size_t i = 0; i < was->n_tables; i++) {
                if (replaced[first + i]
                            ? !is_replacement(&was->tables[i], &is->tables[i],
                                              in->names[first + i])
                            : !same_mention(&was->tables[i], &is->tables[i]))
                        return "a table is not the same";
        }
        return NULL;
}

int sp_mask_verify(struct sp_arena *a, const struct sp_mask_input *in,
                   const bool *replaced, struct sp_str text, struct sp_err *reterr)
{
        const struct sp_sql_script *was = in->script;
        struct sp_sql_script *is = NULL;
        struct sp_err why = SP_ERR_NULL;
        size_t first = 0;
        int r = sp_sql_parse(a, text, &is, &why);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return refuse(reterr, "it does not parse");
        if (was->n_statements != is->n_statements || was->is_script != is->is_script ||
            was->n_positional != is->n_positional)
                return refuse(reterr, "the statements are not the same");
        for (size_t i = 0; i < was->n_statements; i++) {
                const char *wrong = compare_statement(
                        in, &was->statements[i], &is->statements[i], replaced, first);

                if (wrong)
                        return refuse(reterr, wrong);
                first += was->statements[i].n_tables;
        }
        return 0;
}
