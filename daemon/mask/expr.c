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

/* ---- variables ---- */

#define DIGITS_MAX 9
#define NAME_MAX_BYTES (64 * 1024) /* folded; BigQuery allows 300 characters */

/* Looks for names that begin like the variable, in any spelling of the same name; the
 * highest number behind one. As deep as sp_schema_read lets it be. */
static int look_at_names(const struct sp_column *c, size_t n, bool *is_taken,
                         unsigned *highest, struct sp_err *err)
{
        const struct sp_str variable = SP_STR("sallyport_source");
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                sp_autobuf name = SP_BUF_INIT(NAME_MAX_BYTES);
                struct sp_str digits;
                unsigned number = 0;

                r = look_at_names(c[i].fields, c[i].n_fields, is_taken, highest, err);
                if (r < 0 || !sp_sql_name_starts(c[i].name, variable))
                        continue;
                *is_taken = true;
                r = sp_sql_name_fold(c[i].name, &name);
                if (r == -EINVAL)
                        return sp_err_set(err, -EPERM, "mask.name", "",
                                          "a column's name is not UTF-8");
                digits = sp_str_sub(sp_buf_str(&name), variable.n + 1, DIGITS_MAX);
                for (size_t k = 0;
                     k < digits.n && digits.p[k] >= '0' && digits.p[k] <= '9'; k++)
                        number = number * 10 + (unsigned)(digits.p[k] - '0');
                *highest = SP_MAX(*highest, number);
        }
        return r;
}

/* A variable and a column of one name would be ambiguous, or one would hide the other: take
 * one that no column and no field begins with, so that "…_e1" is free as well. */
static int source_variable(const struct sp_schema *schema, char *to, size_t size,
                           struct sp_err *err)
{
        unsigned highest = 0;
        bool is_taken = false;
        int r = look_at_names(schema->columns, schema->n_columns, &is_taken, &highest,
                              err);

        (void)snprintf(to, size, is_taken ? "sallyport_source_%u" : "sallyport_source",
                       highest + 1);
        return r;
}

/* ---- columns and fields ---- */

struct rebuild {
        struct sp_buf *to;
        const struct sp_mask_table *table;
        size_t next; /* in table->columns: fields are met in the same order */
        const char *variable;
        unsigned lists; /* that are open */
        bool *needs_salt;
        struct sp_err *err;
};

/* Whether the next masked column is somewhere inside of `c`. */
static bool is_next_inside(const struct rebuild *b, const struct sp_column *c)
{
        for (size_t i = 0; b->next < b->table->n_columns && i < c->n_fields; i++)
                if (&c->fields[i] == b->table->columns[b->next].column ||
                    is_next_inside(b, &c->fields[i]))
                        return true;
        return false;
}

static int put_field(struct rebuild *b, const struct sp_column *c, struct sp_str value);

/* IF(value IS NULL, NULL, STRUCT(each field AS its name)) */
static int put_struct(struct rebuild *b, const struct sp_column *c, struct sp_str value)
{
        int r = sp_buf_addf(b->to, "IF(%.*s IS NULL, NULL, STRUCT(", SP_FMT(value));

        for (size_t i = 0; r == 0 && i < c->n_fields; i++) {
                sp_autobuf field = SP_BUF_INIT(SP_SQL_TEXT_MAX);

                if (i)
                        r = sp_buf_add(b->to, SP_STR(", "));
                if (r == 0)
                        r = sp_buf_addf(&field, "%.*s.", SP_FMT(value));
                if (r == 0)
                        r = sp_mask_put_quoted(&field, c->fields[i].name, b->err);
                if (r == 0)
                        r = put_field(b, &c->fields[i], sp_buf_str(&field));
                if (r == 0)
                        r = sp_buf_add(b->to, SP_STR(" AS "));
                if (r == 0)
                        r = sp_mask_put_quoted(b->to, c->fields[i].name, b->err);
        }
        return r < 0 ? r : sp_buf_add(b->to, SP_STR("))"));
}

/* Each element anew, in order; no element is none. */
static int put_list(struct rebuild *b, const struct sp_column *c, struct sp_str value)
{
        unsigned at = ++b->lists;
        char element[64];
        int n = snprintf(element, sizeof(element), "%s_e%u", b->variable, at);
        int r = sp_buf_add(b->to, SP_STR("ARRAY(SELECT "));

        if (r == 0)
                r = put_struct(b, c, sp_str(element, (size_t)n));
        if (r == 0)
                r = sp_buf_addf(b->to,
                                " FROM UNNEST(%.*s) AS %s WITH OFFSET AS %s_o%u"
                                " ORDER BY %s_o%u)",
                                SP_FMT(value), element, b->variable, at, b->variable,
                                at);
        b->lists--;
        return r;
}

static int put_field(struct rebuild *b, const struct sp_column *c, struct sp_str value)
{
        const struct sp_mask_column *next =
                b->next < b->table->n_columns ? &b->table->columns[b->next] : NULL;

        if (next && next->column == c) {
                b->next++;
                return sp_mask_put_value(b->to, next, value, b->needs_salt, b->err);
        }
        if (!is_next_inside(b, c))
                return sp_buf_add(b->to, value);
        return sp_str_eq(c->mode, SP_STR("REPEATED")) ? put_list(b, c, value)
                                                      : put_struct(b, c, value);
}

/* Every column is named, in the table's order: one that was added after the schema was read
 * is not there for the agent, where a `*` would let it through unmasked. */
static int put_columns(struct rebuild *b)
{
        const struct sp_schema *s = b->table->schema;
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->n_columns; i++) {
                sp_autobuf value = SP_BUF_INIT(SP_SQL_TEXT_MAX);
                size_t next = b->next;

                r = sp_buf_addf(&value, "%s.", b->variable);
                if (r == 0)
                        r = sp_mask_put_quoted(&value, s->columns[i].name, b->err);
                if (r == 0 && i)
                        r = sp_buf_add(b->to, SP_STR(", "));
                if (r == 0)
                        r = put_field(b, &s->columns[i], sp_buf_str(&value));
                if (r < 0 || next == b->next)
                        continue; /* the column itself, which has its name */
                r = sp_buf_add(b->to, SP_STR(" AS "));
                if (r == 0)
                        r = sp_mask_put_quoted(b->to, s->columns[i].name, b->err);
        }
        for (size_t i = 0; r == 0 && i < SP_MASK_PSEUDO_MAX; i++) {
                const char *name = sp_mask_pseudo_name((enum sp_mask_pseudo)i).p;

                if (b->table->pseudo[i])
                        r = sp_buf_addf(b->to, ", %s.%s AS %s", b->variable, name,
                                        name);
        }
        return r;
}

int sp_mask_put_subquery(struct sp_buf *to, const struct sp_mask_table *t,
                         struct sp_str source, struct sp_str clauses, bool *needs_salt,
                         struct sp_err *reterr)
{
        char variable[40];
        struct rebuild b = { .to = to,
                             .table = t,
                             .variable = variable,
                             .needs_salt = needs_salt,
                             .err = reterr };
        int r = source_variable(t->schema, variable, sizeof(variable), reterr);

        if (r == 0)
                r = sp_buf_add(to, SP_STR("(SELECT "));
        if (r == 0)
                r = put_columns(&b);
        if (r == 0)
                r = sp_buf_add(to, SP_STR(" FROM "));
        if (r == 0)
                r = sp_buf_add(to, source);
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
