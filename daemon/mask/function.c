/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/mask/function.h"

#include <errno.h>

#include "daemon/mask/plan.h"
#include "daemon/mask/token.h"
#include "daemon/mask/truncate.h"

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

/* before + value + after */
static int put_around(struct sp_buf *to, const char *before, struct sp_str value,
                      const char *after)
{
        int r = sp_buf_add(to, sp_str_c(before));

        if (r == 0)
                r = sp_buf_add(to, value);
        return r < 0 ? r : sp_buf_add(to, sp_str_c(after));
}

/* Equal values stay equal, NULL stays NULL. An integer gets 60 bits of the same digest:
 * a fingerprint function is no keyed hash, its input could be worked out. */
static int put_hash(struct sp_buf *to, const struct sp_column *c, struct sp_str value)
{
        const struct type_info *type = find_type(c->type);

        if (is_repeated(c) || !type)
                return -ENOTSUP;
        if (strcmp(type->sql, "STRING") == 0)
                return put_around(to, "TO_HEX(SHA256(CONCAT(" SALT ", ", value, ")))");
        if (strcmp(type->sql, "BYTES") == 0)
                return put_around(to, "SHA256(CONCAT(CAST(" SALT " AS BYTES), ", value,
                                  "))");
        if (strcmp(type->sql, "INT64") == 0)
                return put_around(to,
                                  "CAST(CONCAT('0x', SUBSTR(TO_HEX(SHA256(CONCAT(" SALT
                                  ", CAST(",
                                  value, " AS STRING)))), 1, 15)) AS INT64)");
        return -ENOTSUP;
}

/* IF(longer than what stays, first + stars + last, stars): a value that would stay
 * whole is starred whole. */
static int put_partial(struct sp_buf *to, const struct sp_column *c,
                       struct sp_str value, const struct sp_mask *m)
{
        const struct type_info *type = find_type(c->type);
        unsigned keep = m->keep_first + m->keep_last;
        int r;

        if (is_repeated(c) || !type || strcmp(type->sql, "STRING") != 0 || !keep)
                return -ENOTSUP;
        r = put_around(to, "IF(CHAR_LENGTH(", value, ")");
        if (r == 0)
                r = sp_buf_addf(to, " > %u, CONCAT(", keep);
        if (r == 0 && m->keep_first) {
                r = put_around(to, "SUBSTR(", value, ", 1, ");
                if (r == 0)
                        r = sp_buf_addf(to, "%u), ", m->keep_first);
        }
        if (r == 0)
                r = put_around(to, "REPEAT('*', CHAR_LENGTH(", value, ")");
        if (r == 0)
                r = sp_buf_addf(to, " - %u)", keep);
        if (r == 0 && m->keep_last) {
                r = put_around(to, ", SUBSTR(", value, ", -");
                if (r == 0)
                        r = sp_buf_addf(to, "%u)", m->keep_last);
        }
        return r < 0 ? r : put_around(to, "), REPEAT('*', CHAR_LENGTH(", value, ")))");
}

static int put_truncated(struct sp_buf *to, const struct sp_column *c,
                         struct sp_str value, const struct sp_mask *m)
{
        struct sp_truncate t;

        if (is_repeated(c) || !sp_truncate_of(c->type, m, &t))
                return -ENOTSUP;
        return sp_truncate_put_sql(to, &t, value);
}

static int bad_type(const struct sp_mask_column *c, struct sp_err *err)
{
        return sp_err_set(err, -EPERM, "mask.type", "",
                          "the mask '%s' cannot hide column %.*s of type %.*s%s",
                          sp_mask_kind_name(c->mask.kind), (int)SP_MIN(c->path.n, 100),
                          c->path.p, (int)SP_MIN(c->column->type.n, 40),
                          c->column->type.p,
                          is_repeated(c->column) ? " (repeated)" : "");
}

int sp_mask_put_value(struct sp_buf *to, const struct sp_mask_column *masked,
                      struct sp_str value, bool *needs_salt, struct sp_err *reterr)
{
        const struct sp_column *c = masked->column;
        const struct sp_mask *m = &masked->mask;
        int r;

        switch (m->kind) {
        case SP_MASK_NULL:
                r = sp_str_eq(c->mode, SP_STR("REQUIRED")) ? put_redacted(to, c, reterr)
                                                           : put_nothing(to, c, reterr);
                break;
        case SP_MASK_HASH:
                *needs_salt = true;
                r = put_hash(to, c, value);
                break;
        case SP_MASK_TOKENIZE:
                *needs_salt = true;
                r = is_repeated(c) || !sp_token_fits(c->type)
                            ? -ENOTSUP
                            : sp_token_put_sql(to, c->type, value);
                break;
        case SP_MASK_PARTIAL:
                r = put_partial(to, c, value, m);
                break;
        case SP_MASK_TRUNCATE:
                r = put_truncated(to, c, value, m);
                break;
        default:
                r = put_redacted(to, c, reterr);
                break;
        }
        return r == -ENOTSUP ? bad_type(masked, reterr) : r;
}
