/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every expression has the type of the column it stands for, so that what worked on the
 * raw table works on the masked one; and it names the column through the range variable
 * of the subquery, so that nothing the agent wrote can take its place.
 */
#include <errno.h>
#include <stdio.h>

#include "daemon/mask/plan.h"
#include "daemon/sql/name.h"

#define SALT "@" SP_MASK_SALT_PARAMETER
#define TYPE_DEPTH_MAX 20

/* Type names of the REST API, both spellings, with what stands for a hidden value. */
static const struct type_info {
        const char *rest, *alias, *sql, *redacted;
} types[] = {
        { "STRING", "", "STRING", "'[redacted]'" },
        { "BYTES", "", "BYTES", "b''" },
        { "INTEGER", "INT64", "INT64", "0" },
        { "FLOAT", "FLOAT64", "FLOAT64", "CAST(0 AS FLOAT64)" },
        { "NUMERIC", "DECIMAL", "NUMERIC", "CAST(0 AS NUMERIC)" },
        { "BIGNUMERIC", "BIGDECIMAL", "BIGNUMERIC", "CAST(0 AS BIGNUMERIC)" },
        { "BOOLEAN", "BOOL", "BOOL", "FALSE" },
        { "DATE", "", "DATE", "DATE '1970-01-01'" },
        { "DATETIME", "", "DATETIME", "DATETIME '1970-01-01 00:00:00'" },
        { "TIME", "", "TIME", "TIME '00:00:00'" },
        { "TIMESTAMP", "", "TIMESTAMP", "TIMESTAMP '1970-01-01 00:00:00+00'" },
        { "JSON", "", "JSON", "JSON 'null'" },
        { "GEOGRAPHY", "", "GEOGRAPHY",
          NULL }, /* NULL: no harmless value, becomes NULL */
        { "INTERVAL", "", "INTERVAL", NULL },
};

static const struct type_info *find_type(struct sp_str rest)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(types); i++)
                if (sp_str_eq(rest, sp_str_c(types[i].rest)) ||
                    (types[i].alias[0] && sp_str_eq(rest, sp_str_c(types[i].alias))))
                        return &types[i];
        return NULL;
}

static bool is_repeated(const struct sp_column *c)
{
        return sp_str_eq(c->mode, SP_STR("REPEATED"));
}

static int bad_type(const struct sp_mask_column *c, struct sp_err *err)
{
        return sp_err_set(err, -EPERM, "mask.type", "",
                          "the mask '%s' cannot hide column %.*s of type %.*s%s",
                          sp_mask_kind_name(c->mask.kind),
                          (int)SP_MIN(c->column->name.n, 100), c->column->name.p,
                          (int)SP_MIN(c->column->type.n, 40), c->column->type.p,
                          is_repeated(c->column) ? " (repeated)" : "");
}

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

/* The SQL type of a column. -ENOTSUP: one that is not known here (RANGE, new ones). */
static int put_type(struct sp_buf *to, const struct sp_column *c, unsigned depth,
                    struct sp_err *err)
{
        const struct type_info *type = find_type(c->type);
        int r = is_repeated(c) ? sp_buf_add(to, SP_STR("ARRAY<")) : 0;

        if (r == 0 && type) {
                r = sp_buf_add(to, sp_str_c(type->sql));
        } else if (r == 0) {
                if (!c->n_fields || depth > TYPE_DEPTH_MAX)
                        return -ENOTSUP;
                r = sp_buf_add(to, SP_STR("STRUCT<"));
                for (size_t i = 0; r == 0 && i < c->n_fields; i++) {
                        if (i)
                                r = sp_buf_add(to, SP_STR(", "));
                        if (r == 0)
                                r = sp_mask_put_quoted(to, c->fields[i].name, err);
                        if (r == 0)
                                r = sp_buf_addc(to, ' ');
                        if (r == 0)
                                r = put_type(to, &c->fields[i], depth + 1, err);
                }
                if (r == 0)
                        r = sp_buf_addc(to, '>');
        }
        return r == 0 && is_repeated(c) ? sp_buf_addc(to, '>') : r;
}

/* NULL of the column's type; for an array an empty one, which is how BigQuery stores
 * NULL. */
static int put_nothing(struct sp_buf *to, const struct sp_column *c, struct sp_err *err)
{
        int r;

        if (is_repeated(c)) {
                r = put_type(to, c, 0, err);
                return r < 0 ? r : sp_buf_add(to, SP_STR("[]"));
        }
        r = sp_buf_add(to, SP_STR("CAST(NULL AS "));
        if (r == 0)
                r = put_type(to, c, 0, err);
        return r < 0 ? r : sp_buf_addc(to, ')');
}

static int put_redacted(struct sp_buf *to, const struct sp_column *c,
                        struct sp_err *err)
{
        const struct type_info *type = find_type(c->type);

        if (!is_repeated(c) && type && type->redacted)
                return sp_buf_add(to, sp_str_c(type->redacted));
        if (sp_str_eq(c->mode, SP_STR("REQUIRED")))
                return -ENOTSUP; /* nothing harmless that is not NULL */
        return put_nothing(to, c, err);
}

/* The column through the range variable, which no column of the table is called. */
struct source {
        struct sp_str variable; /* sallyport_source… */
        struct sp_str column;
};

static int put_column(struct sp_buf *to, const struct source *s, struct sp_err *err)
{
        int r = sp_buf_addf(to, "%.*s.", SP_FMT(s->variable));

        return r < 0 ? r : sp_mask_put_quoted(to, s->column, err);
}

/* before + column + after */
static int put_around(struct sp_buf *to, const char *before, const struct source *s,
                      const char *after, struct sp_err *err)
{
        int r = sp_buf_add(to, sp_str_c(before));

        if (r == 0)
                r = put_column(to, s, err);
        return r < 0 ? r : sp_buf_add(to, sp_str_c(after));
}

/* Equal values stay equal, NULL stays NULL. An integer gets 60 bits of the same digest:
 * a fingerprint function is no keyed hash, its input could be worked out. */
static int put_hash(struct sp_buf *to, const struct sp_column *c,
                    const struct source *s, struct sp_err *err)
{
        const struct type_info *type = find_type(c->type);

        if (is_repeated(c) || !type)
                return -ENOTSUP;
        if (strcmp(type->sql, "STRING") == 0)
                return put_around(to, "TO_HEX(SHA256(CONCAT(" SALT ", ", s, ")))", err);
        if (strcmp(type->sql, "BYTES") == 0)
                return put_around(to, "SHA256(CONCAT(CAST(" SALT " AS BYTES), ", s,
                                  "))", err);
        if (strcmp(type->sql, "INT64") == 0)
                return put_around(to,
                                  "CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(" SALT
                                  ", CAST(",
                                  s, " AS STRING)))), 1, 15)) AS INT64)", err);
        return -ENOTSUP;
}

/* IF(longer than what stays, first + stars + last, stars): a value that would stay
 * whole is starred whole. */
static int put_partial(struct sp_buf *to, const struct sp_column *c,
                       const struct source *s, const struct sp_mask *m,
                       struct sp_err *err)
{
        const struct type_info *type = find_type(c->type);
        unsigned keep = m->keep_first + m->keep_last;
        int r;

        if (is_repeated(c) || !type || strcmp(type->sql, "STRING") != 0 || !keep)
                return -ENOTSUP;
        r = put_around(to, "IF(CHAR_LENGTH(", s, ")", err);
        if (r == 0)
                r = sp_buf_addf(to, " > %u, CONCAT(", keep);
        if (r == 0 && m->keep_first) {
                r = put_around(to, "SUBSTR(", s, ", 1, ", err);
                if (r == 0)
                        r = sp_buf_addf(to, "%u), ", m->keep_first);
        }
        if (r == 0)
                r = put_around(to, "REPEAT('*', CHAR_LENGTH(", s, ")", err);
        if (r == 0)
                r = sp_buf_addf(to, " - %u)", keep);
        if (r == 0 && m->keep_last) {
                r = put_around(to, ", SUBSTR(", s, ", -", err);
                if (r == 0)
                        r = sp_buf_addf(to, "%u)", m->keep_last);
        }
        return r < 0 ? r : put_around(to, "), REPEAT('*', CHAR_LENGTH(", s, ")))", err);
}

static int put_masked(struct sp_buf *to, const struct sp_mask_column *c,
                      struct sp_str variable, bool *needs_salt, struct sp_err *err)
{
        struct source s = { variable, c->column->name };
        int r;

        switch (c->mask.kind) {
        case SP_MASK_NULL:
                r = sp_str_eq(c->column->mode, SP_STR("REQUIRED"))
                            ? put_redacted(to, c->column, err)
                            : put_nothing(to, c->column, err);
                break;
        case SP_MASK_HASH:
                *needs_salt = true;
                r = put_hash(to, c->column, &s, err);
                break;
        case SP_MASK_PARTIAL:
                r = put_partial(to, c->column, &s, &c->mask, err);
                break;
        default:
                r = put_redacted(to, c->column, err);
                break;
        }
        return r == -ENOTSUP ? bad_type(c, err) : r;
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
                if (r == 0 && !masked)
                        r = sp_buf_addf(to, "%.*s.", SP_FMT(variable));
                if (r == 0 && masked)
                        r = put_masked(to, masked, variable, needs_salt, reterr);
                if (r == 0 && masked)
                        r = sp_buf_add(to, SP_STR(" AS "));
                if (r == 0)
                        r = sp_mask_put_quoted(to, column->name, reterr);
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
