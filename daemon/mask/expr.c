/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every expression has the type of the column it stands for, so that what worked on the
 * raw table works on the masked one (function.c); and it names the column through the
 * range variable of the subquery, so that nothing the agent wrote can take its place.
 */
#include <errno.h>
#include <stdio.h>

#include "daemon/mask/function.h"
#include "daemon/mask/plan.h"
#include "daemon/sql/name.h"

int sp_mask_put_quoted(struct sp_buf *to, struct sp_str s, struct sp_err *reterr)
{
        int r = sp_buf_addc(to, '`');

        for (size_t i = 0; r == 0 && i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];

                /* no name of BigQuery has any of these: one that comes is an attack or
                 * a mistake, not something to escape well */
                if (c < 0x20 || c == 0x7F || c == '`' || c == '\\')
                        return sp_err_set(reterr, -EPERM, "mask.name", "",
                                          "'%.*s' cannot be written as a name",
                                          (int)SP_MIN(s.n, 100), s.p);
                r = sp_buf_addc(to, s.p[i]);
        }
        return r < 0 ? r : sp_buf_addc(to, '`');
}

/* A range variable and a column of one name would be ambiguous: take one that is free.
 */
static int source_variable(const struct sp_schema *schema, char *to, size_t size)
{
        for (unsigned i = 0; i <= schema->n_columns; i++) {
                size_t c = 0;

                (void)snprintf(to, size, i ? "sallyport_source_%u" : "sallyport_source",
                               i);
                while (c < schema->n_columns &&
                       !sp_sql_name_eq(schema->columns[c].name, sp_str_c(to)))
                        c++;
                if (c == schema->n_columns)
                        return 0;
        }
        return -EINVAL; /* n + 1 names, n columns */
}

static int put_column(struct sp_buf *to, struct sp_str variable, struct sp_str name,
                      struct sp_err *err)
{
        int r = sp_buf_addf(to, "%.*s.", SP_FMT(variable));

        return r < 0 ? r : sp_mask_put_quoted(to, name, err);
}

static int put_masked(struct sp_buf *to, const struct sp_mask_column *c,
                      struct sp_str variable, bool *needs_salt, struct sp_err *err)
{
        sp_autobuf value = SP_BUF_INIT(SP_SQL_TEXT_MAX);
        int r = put_column(&value, variable, c->column->name, err);

        if (r == 0)
                r = sp_mask_put_value(to, c->column, &c->mask, sp_buf_str(&value),
                                      needs_salt, err);
        if (r == 0)
                r = sp_buf_add(to, SP_STR(" AS "));
        return r < 0 ? r : sp_mask_put_quoted(to, c->column->name, err);
}

static const struct sp_mask_column *masked_column(const struct sp_mask_table *t,
                                                  const struct sp_column *column)
{
        for (size_t i = 0; i < t->n_columns; i++)
                if (t->columns[i].column == column)
                        return &t->columns[i];
        return NULL;
}

/* Every column is named, in the table's order: one that was added after the schema was read
 * is not there for the agent, where a `*` would let it through unmasked. */
static int put_columns(struct sp_buf *to, const struct sp_mask_table *t,
                       struct sp_str variable, bool *needs_salt, struct sp_err *reterr)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < t->schema->n_columns; i++) {
                const struct sp_column *column = &t->schema->columns[i];
                const struct sp_mask_column *masked = masked_column(t, column);

                if (i)
                        r = sp_buf_add(to, SP_STR(", "));
                if (r == 0 && masked)
                        r = put_masked(to, masked, variable, needs_salt, reterr);
                else if (r == 0)
                        r = put_column(to, variable, column->name, reterr);
        }
        return r;
}

int sp_mask_put_subquery(struct sp_buf *to, const struct sp_mask_table *t,
                         struct sp_str name, struct sp_str clauses, bool *needs_salt,
                         struct sp_err *reterr)
{
        char variable[40];
        int r = source_variable(t->schema, variable, sizeof(variable));

        if (r == 0)
                r = sp_buf_add(to, SP_STR("(SELECT "));
        if (r == 0)
                r = put_columns(to, t, sp_str_c(variable), needs_salt, reterr);
        if (r == 0)
                r = sp_buf_add(to, SP_STR(" FROM "));
        if (r == 0)
                r = sp_mask_put_quoted(to, name, reterr);
        if (r == 0)
                r = sp_buf_addf(to, " AS %s", variable);
        if (r == 0 && clauses.n) {
                r = sp_buf_addc(to, ' ');
                if (r == 0)
                        r = sp_buf_add(to, clauses);
                /* what was taken over may end in a comment up to the end of its line */
                if (r == 0)
                        r = sp_buf_addc(to, '\n');
        }
        return r < 0 ? r : sp_buf_addc(to, ')');
}
